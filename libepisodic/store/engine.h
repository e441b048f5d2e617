/* engine.h - the table between the store and whatever keeps the bytes; LMDB (lmdb.c) is the first one behind it.
 *
 * An engine is one ordered map from keys (1 to 511 bytes, compared as unsigned bytes) to values, with transactions:
 * many readers that never block, one writer over all processes. Nothing above store/ knows which engine it has.
 *
 * Views returned by get and next are borrowed: they live until the transaction's next write or its end. Only an engine
 * with EPI__ENGINE_STABLE_VIEWS lets a caller keep an address across transactions until the value itself changes.
 *
 * Source of the rules (default sync, one large map never resized, MDB_NOTLS, reader check, size check before mapping,
 * panic means reopen): docs/ARCHITECTURE.md, "What LMDB was measured to do".
 */
#ifndef EPI_STORE_ENGINE_H
#define EPI_STORE_ENGINE_H

#include "../base/base.h"

typedef struct epi__engine epi__engine;
typedef struct epi__txn epi__txn;
typedef struct epi__range epi__range;

#define EPI__ENGINE_STABLE_VIEWS 1u  /* the address of a value of EPI__ENGINE_STABLE_SIZE bytes or more holds until that
                                      * value is overwritten or removed; smaller ones move with their neighbours */
#define EPI__ENGINE_SINGLE_WRITER 2u /* a write transaction excludes all others, in every process */

#define EPI__ENGINE_KEY_MAX 511u
#define EPI__ENGINE_STABLE_SIZE 32768u /* LMDB: half a page, so 2 KiB with pages of 4 KiB, 16 KiB with the largest */

typedef struct epi__engine_options {
    uint64_t map_size;     /* bytes; fixed when the store is created */
    uint32_t readers_max;  /* reader slots over all processes */
    bool read_only;
    bool create;           /* make what is missing */
    bool no_sync;          /* only for tests that prove the harness bites, and for scratch copies before their sync */
} epi__engine_options;

typedef struct epi__engine_stats {
    uint64_t map_size;
    uint64_t used_size;    /* bytes of the map in use, free pages not counted */
    uint64_t file_size;
    uint64_t entries;
    uint32_t readers;
    uint32_t readers_max;
    uint32_t depth;
} epi__engine_stats;

typedef struct epi__engine_ops {
    const char *name;
    uint32_t flags;
    void (*close)(epi__engine *engine);
    epi_status (*stats)(epi__engine_stats *stats, epi__engine *engine);
    epi_status (*reader_check)(epi__engine *engine); /* frees the slots of dead processes */

    epi_status (*begin)(epi__txn **txn, epi__engine *engine, bool write);
    epi_status (*commit)(epi__txn *txn); /* frees txn whatever it returns; durable on EPI_OK */
    void (*abort)(epi__txn *txn);
    void (*reset)(epi__txn *txn);        /* a read transaction gives back its snapshot and keeps its slot */
    epi_status (*renew)(epi__txn *txn);  /* ... and takes a fresh snapshot */
    /* What the transaction sees of the size; file_size and readers stay 0. Cheaper than stats. */
    epi_status (*usage)(epi__engine_stats *stats, epi__txn *txn);

    epi_status (*get)(epi__view *value, epi__txn *txn, epi__view key); /* EPI_ENOTFOUND sets no last error */
    /* An absent key's value has data NULL. */
    epi_status (*get_many)(epi__view *values, epi__txn *txn, const epi__view *keys, size_t count);
    /* Neither key nor value may be a view that this transaction gave: the write may move it. */
    epi_status (*put)(epi__txn *txn, epi__view key, epi__view value);
    /* Room for value_size bytes under key, to be filled by the caller before its next call on txn. */
    epi_status (*put_reserve)(void **space, epi__txn *txn, epi__view key, size_t value_size);
    epi_status (*remove)(epi__txn *txn, epi__view key); /* EPI_ENOTFOUND sets no last error */

    /* Keys with `first` <= key < `end`, in order (end.size == 0: to the end of the store). A range is invalid after a
     * write on its transaction, and is closed before that ends or is reset. next ends with EPI_EDONE. reverse = true
     * visits from the greatest key down. */
    epi_status (*range_open)(epi__range **range, epi__txn *txn, epi__view first, epi__view end, bool reverse);
    epi_status (*range_next)(epi__view *key, epi__view *value, epi__range *range);
    void (*range_close)(epi__range *range);

    /* Removes at most `limit` of the keys in [first, end); *removed < limit means that none is left. */
    epi_status (*remove_range)(size_t *removed, epi__txn *txn, epi__view first, epi__view end, size_t limit);
} epi__engine_ops;

struct epi__engine {
    const epi__engine_ops *ops;
};
struct epi__txn {
    epi__engine *engine;
    bool write;
};
struct epi__range {
    epi__txn *txn;
};

/* Opens the LMDB environment in the existing directory `path` (data.mdb and lock.mdb, mode 0600).
 * EPI_ENOTFOUND no data.mdb and !create · EPI_EDAMAGED file shorter than its meta pages claim, or no LMDB file ·
 * EPI_EVERSION another LMDB format · EPI_EREADERS · EPI_EPERMISSION · EPI_EIO · EPI_EDISKFULL · EPI_ENOMEM */
epi_status epi__lmdb_open(epi__engine **engine, const char *path, const epi__engine_options *options);

#endif
