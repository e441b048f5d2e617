/* service.h - what all transports of the server share: the open memory, its spaces, what may be done, how often, and
 * what was done.
 *
 * One service is opened at the start and used by any number of threads. Handles of spaces are opened at their first use
 * and kept; what is borrowed from a service lives until service_close().
 */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include <episodic/episodic.h>

typedef struct service service;

/** What a space is for when a call does not name one: talk or work. */
typedef enum service_use {
    FOR_TALK = 0, /**< remember, recall, ...: --space */
    FOR_WORK = 1  /**< begin, record, imagine, ...: --work-space */
} service_use;

typedef struct service_options {
    const char *memory;                           /**< the directory */
    const char *space;                            /**< of calls that name none; NULL: they have to */
    const char *work_space;                       /**< the same of an agent's work; NULL: `space` */
    bool only;                                    /**< refuse every other space */
    bool read_only;                               /**< refuse every change; the memory must exist */
    double calls_per_second;                      /**< over all transports; 0: no limit */
    void (*log)(void *context, const char *line); /**< see epi_memory_options */
    void *log_context;
} service_options;

/** Opens the memory, and makes it if it may. Strings are copied. @return as epi_memory_open() */
epi_status service_open(service **of, const service_options *options);
/** Closes all spaces and the memory. No call may be running. @return as epi_memory_close() */
epi_status service_close(service *of);

const service_options *service_options_of(const service *of);
epi_memory *service_memory(service *of);
/** The space of calls that name none; NULL: they have to. */
const char *service_default_space(const service *of, service_use use);

/** A space by name, opened once. One that the command line names is made when it is missing, any other only where a
 *  schema is given.
 * @param[out] space borrowed. @param schema of a new one; NULL: it must exist, or the command line names it.
 * @return EPI_OK · EPI_EPERMISSION another one than the command line names, under `only` · EPI_ELIMIT too many ·
 *         as epi_space_open() */
epi_status service_space(epi_space **space, service *of, service_use use, const char *name, const epi_schema *schema);
/** Looks whether a space is gone after a call said EPI_ESTALE; the next service_space() then opens it anew. */
void service_recheck_space(service *of, epi_space *space);

/** The spaces that are open now, borrowed, in a heap array of the caller's. NULL and 0 when there is no memory. */
epi_space **service_spaces(size_t *count, service *of);

/** Begins to do the upkeep of spaces in a thread of its own, when they have changed (upkeep.h). Of a server that only
 *  reads there is none. */
void service_begin_upkeep(service *of);
/** Tells that something was stored. */
void service_touch(service *of);

/** Takes one call from the bucket of the rate limit.
 * @return 0 when it may go on, else the milliseconds until the next may. */
unsigned service_take(service *of);

#define SERVICE_MEASURES_MAX 64u
#define SERVICE_BUCKETS 16u /**< of times: 2^i x 64 us, the last without an end */

/** What was counted of one kind of call. */
typedef struct service_measure {
    uint64_t calls;
    uint64_t failures;
    uint64_t total_us;
    uint64_t buckets[SERVICE_BUCKETS];
} service_measure;

/** Counts one call of a kind, below SERVICE_MEASURES_MAX. */
void service_count(service *of, size_t kind, bool failed, uint64_t took_us);
service_measure service_measured(service *of, size_t kind);

#endif
