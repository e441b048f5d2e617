/* memory.h - a memory is a directory: opening and closing it, what it holds, whether it is sound.
 *
 * Rules that come from the store underneath (LMDB), and what happens when they are broken:
 * - not across fork(): every call in the child returns EPI_EFORK; the child opens the memory again;
 * - not on a network file system: its locks do not hold there, and nothing can notice;
 * - a second open of the same directory in one process shares the first one's environment, clock and log: with other
 *   options than create and log EPI_EMISMATCH.
 *
 * Callbacks of the options are called with locks held: they may not call the library.
 */
#ifndef EPISODIC_MEMORY_H
#define EPISODIC_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <episodic/limits.h>
#include <episodic/status.h>
#include <episodic/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An open memory. Any number of threads may use one handle. */
typedef struct epi_memory epi_memory;

/** When an appended step is durable. Acknowledged means durable, under every policy. */
typedef enum epi_sync_policy {
    EPI_SYNC_EACH_COMMIT = 0, /**< when the call that appended it returns */
    EPI_SYNC_GROUPED,         /**< pending in this process until group_size bytes or group_ms have gathered, a read of
                                   this process, epi_sync() or close; time is looked at by the next call, there is no
                                   hidden thread */
    EPI_SYNC_MANUAL           /**< pending until epi_sync(), a read of this process, close, or EPI_PENDING_SIZE_MAX.
                                   Under both, a read commits first, and returns what that returned when it fails */
} epi_sync_policy;

typedef struct epi_memory_options {
    uint32_t version;          /**< set by epi_memory_options_default() */
    bool read_only;            /**< open an existing memory and refuse every change */
    bool create;               /**< make the directory and the store when missing; true by default */
    epi_sync_policy sync;
    uint32_t group_size;       /**< bytes; 0: EPI_GROUP_SIZE_DEFAULT */
    uint32_t group_ms;         /**< 0: EPI_GROUP_MS_DEFAULT */
    uint64_t map_size;         /**< bytes, used at creation and stored; 0: EPI_MAP_SIZE_DEFAULT, or what is stored */
    uint64_t quota;            /**< bytes of the map that appends may fill; 0: 15/16 of the map. Removing works past
                                    it */
    uint32_t readers_max;      /**< 0: EPI_READERS_DEFAULT */
    epi_time (*now)(void *context); /**< the clock for ingest times, held within EPI_TIME_MIN and EPI_TIME_MAX; NULL:
                                         the system's */
    void *now_context;
    /** Called with one line about what was repaired or rebuilt; NULL: silent. From any thread that makes a call. */
    void (*log)(void *context, const char *line);
    void *log_context;
} epi_memory_options;

static inline epi_memory_options epi_memory_options_default(void) {
    epi_memory_options options = {1, false, true, EPI_SYNC_EACH_COMMIT, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL};
    return options;
}

/** Opens the memory in a directory, creating both unless told otherwise. The directory is made with mode 0700. Where
 * the program has closed descriptor 0, 1 or 2, it is opened on /dev/null and stays so: a file of the memory under that
 * number would take what the program prints.
 *
 * @param[out] memory receives the handle, or NULL on failure.
 * @param path        the directory. Its parent must exist.
 * @param options     NULL: the defaults.
 * @return EPI_OK
 *  · EPI_ENOTFOUND no memory there and create is false (or read_only); or no parent directory
 *  · EPI_ENOTMEMORY the directory holds other files, or the path names a link or a file
 *  · EPI_EMISMATCH open in this process with other options, or made with another map_size
 *  · EPI_EDAMAGED the store's file is cut or overwritten
 *  · EPI_EVERSION written by a newer release
 *  · EPI_EREADERS EPI_EPERMISSION EPI_EIO EPI_EDISKFULL EPI_ENOMEM EPI_EINVAL EPI_ELIMIT
 * @par Ownership the caller closes it with epi_memory_close().
 * @par Thread safety any thread. */
EPI_API epi_status epi_memory_open(epi_memory **memory, const char *path, const epi_memory_options *options);

/** Commits what is pending and closes the handle. Spaces and episodes still open answer EPI_ECLOSED from then on, and
 *  are closed by their own calls. NULL is allowed.
 * @return EPI_OK · EPI_EFORK the handle is freed, and what is pending is the parent's · what the last commit returned;
 *         pending steps are then lost, unless another handle of this process has the memory open */
EPI_API epi_status epi_memory_close(epi_memory *memory);

/** Makes everything appended through this handle durable.
 * @param[out] sequence receives the number of changes ever made durable through this handle's spaces; may be NULL.
 * @return EPI_OK · EPI_EIO EPI_EDISKFULL EPI_EMAPFULL; the pending steps are then still pending */
EPI_API epi_status epi_sync(uint64_t *sequence, epi_memory *memory);

typedef struct epi_memory_stats {
    uint64_t spaces;
    uint64_t map_size;      /**< bytes of address space reserved */
    uint64_t used_size;     /**< bytes of the store in use */
    uint64_t file_size;     /**< bytes of the store on disk, free pages included */
    uint64_t quota;
    uint64_t entries;       /**< records of all kinds */
    uint32_t readers;       /**< reader slots taken, over all processes */
    uint32_t readers_max;
    uint32_t format;        /**< format version of the store */
} epi_memory_stats;

/** Reads what the memory holds now, in one snapshot. @return EPI_OK · EPI_EINVAL EPI_ECLOSED · storage errors */
EPI_API epi_status epi_memory_stats_read(epi_memory_stats *stats, epi_memory *memory);

/** One thing that epi_memory_check() found wrong. */
typedef struct epi_violation {
    const char *space;   /**< name, or "" for the memory itself */
    const char *table;   /**< kind of record, for instance "step" */
    const char *key;     /**< the key in readable form */
    const char *reason;  /**< one line */
} epi_violation;

typedef struct epi_check_report {
    uint64_t records;    /**< records visited */
    uint64_t violations;
} epi_check_report;

/** Walks every record of every space in one snapshot: checksums, counts, references both ways (step, component,
 *  posting, vector, time, external id, journal), and reports each violation. Changes nothing. What to do then: restore
 *  a backup, or take out what can be read by epi_export_salvage() and import it into a new memory.
 * @param[out] report may be NULL.
 * @param found called for each violation; its strings live for the call. May be NULL. Returning false stops the walk.
 * @return EPI_OK the walk ended, whatever it found · EPI_ECANCELLED found returned false · EPI_EIO EPI_ENOMEM */
EPI_API epi_status epi_memory_check(epi_check_report *report, epi_memory *memory,
                                    bool (*found)(void *context, const epi_violation *violation), void *context);

/** Rewrites the store without its free pages and without a byte of what was removed, and moves every open handle, of
 *  this and of other processes, over to it at their next call. Holds the writer lock meanwhile; readers go on.
 * @return EPI_OK · EPI_EREADONLY · EPI_EBUSY another process compacted for a minute · EPI_EDISKFULL (nothing changed) ·
 *         EPI_EIO */
EPI_API epi_status epi_memory_compact(epi_memory *memory);

#ifdef __cplusplus
}
#endif
#endif
