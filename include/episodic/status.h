/* status.h - what every call returns, and the one line that explains it.
 *
 * Every function that can fail returns an epi_status: 0 is success, failures are negative. The numbers are pinned for
 * ever; groups have gaps so that a new code never moves an old one. Beside the code, each thread keeps one message
 * about its last failure: past tense, with the value and the limit ("text has 70000 bytes, limit 65536").
 */
#ifndef EPISODIC_STATUS_H
#define EPISODIC_STATUS_H

#if defined(_WIN32)
#define EPI_API
#elif defined(__GNUC__)
#define EPI_API __attribute__((visibility("default")))
#else
#define EPI_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Outcome of a call. EPI_OK is 0, every failure is negative. */
typedef enum epi_status {
    EPI_OK = 0,

    /* the call */
    EPI_EINVAL = -1,       /**< an argument is NULL, out of range or contradicts another */
    EPI_ENOMEM = -2,       /**< an allocation failed; nothing was changed */
    EPI_EINTERNAL = -3,    /**< a defect in this library; the store is untouched */
    EPI_ECLOSED = -4,      /**< the memory or space behind the handle was closed */
    EPI_EFORK = -5,        /**< the memory was opened before fork(); open it again in the child */
    EPI_EBUSY = -6,        /**< another thread or process holds what the call needs */
    EPI_ETIMEOUT = -7,     /**< a wait reached its time limit */
    EPI_EUNSUPPORTED = -8, /**< the space, build or format cannot do this */
    EPI_EDONE = -9,        /**< an iteration has no more elements */
    EPI_ECANCELLED = -10,  /**< a callback of the caller asked to stop */

    /* what was passed in */
    EPI_EUTF8 = -20,      /**< text is not valid UTF-8, or has a NUL byte */
    EPI_ENUMBER = -21,    /**< a number is NaN or infinite */
    EPI_EDIMENSION = -22, /**< a vector or tensor has another size than the space */
    EPI_EZERO = -23,      /**< a vector is all zeros, so it has no direction */
    EPI_EROLE = -24,      /**< the schema has no such role */
    EPI_ETYPE = -25,      /**< a value has another type than its role */
    EPI_ELIMIT = -26,     /**< a named limit of <episodic/limits.h> was passed */
    EPI_EJSON = -27,      /**< text is not JSON, or not the JSON that was expected */
    EPI_EFORMAT = -28,    /**< a file to import does not have the form that was named */

    /* what is stored */
    EPI_ENOTFOUND = -40, /**< no such space, episode, step or file */
    EPI_EEXISTS = -41,   /**< it exists already */
    EPI_ECONFLICT = -42, /**< the external id exists with other content */
    EPI_ESTALE = -43,    /**< the id was valid once; what it named is gone */
    EPI_ESCHEMA = -44,   /**< the space exists with another schema */
    EPI_EMISMATCH = -45, /**< the memory is open in this process with other options */
    EPI_EENDED = -46,    /**< the episode has ended; resume it to append */

    /* the disk */
    EPI_EIO = -60,         /**< the operating system could not read or write */
    EPI_EDISKFULL = -61,   /**< the disk is full */
    EPI_EMAPFULL = -62,    /**< the map size chosen at creation is used up */
    EPI_EQUOTA = -63,      /**< the soft quota is used up; removing still works */
    EPI_EREADERS = -64,    /**< all reader slots are taken */
    EPI_EDAMAGED = -65,    /**< a stored record fails its checksum; see epi_memory_check() */
    EPI_EVERSION = -66,    /**< the memory was written by a newer release */
    EPI_EREADONLY = -67,   /**< the memory was opened read-only */
    EPI_EPERMISSION = -68, /**< the operating system refused access */
    EPI_ENOTMEMORY = -69   /**< the directory holds something else */
} epi_status;

/** What the last failed call of this thread had to say. */
typedef struct epi_error {
    epi_status status;
    const char *module;  /**< which part of the library, for instance "store" */
    const char *message; /**< one line, no newline, UTF-8 */
} epi_error;

/** The last failure of the calling thread.
 *
 * @return never NULL; status EPI_OK and an empty message when nothing has failed yet. A successful call does not
 *         clear it.
 * @par Ownership the library's; valid until the next failing call of the same thread.
 * @par Thread safety each thread has its own.
 */
EPI_API const epi_error *epi_error_last(void);

/** The name of a status, for instance "EPI_ENOTFOUND". Never NULL; "EPI_E?" for a number that is no status. */
EPI_API const char *epi_status_name(epi_status status);

/** One short English phrase for a status, for instance "not found". Never NULL. */
EPI_API const char *epi_status_text(epi_status status);

#ifdef __cplusplus
}
#endif
#endif
