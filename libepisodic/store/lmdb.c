/* lmdb.c - the engine on LMDB 0.9; the one file that includes lmdb.h.
 *
 * Everything lies in the environment's unnamed database, plain keys and plain values: no named databases, no DUPSORT.
 *
 * Flags, and why:
 *   default sync   a commit is on the disk when it returns; NOSYNC corrupts at a power loss: only `no_sync` asks for it
 *   NOTLS          a reader slot belongs to the transaction, not to the thread, so handles may move between threads.
 *   NORDAHEAD      only for a store that memory cannot hold: each cold read then fetches one page. Measured on 736 MiB:
 *                  a cold get 3 times as fast and 1/60 of the bytes read, but a cold scan 10 to 40 times as slow.
 *   no WRITEMAP    a stray pointer of the host program must not be able to write into the store.
 *   no NOMEMINIT   LMDB goes on zeroing what it does not fill, so no heap of the host ends up in the file.
 *
 * A read-only open needs lock.mdb too, to keep writers from reusing the pages that it reads. Where the lock file cannot
 * be written or made (a read-only directory or medium), it is opened with NOLOCK: right as long as nobody writes to it
 * from elsewhere meanwhile; if somebody does, a record may read as damaged until the transaction is renewed.
 *
 * Ownership: an engine owns its environment, a transaction its LMDB transaction, a range its cursor. Ranges are closed
 * before their transaction ends or is reset, transactions before their engine is closed.
 * Invariant: after the first failed write a transaction can only be given up; `failed` remembers why.
 */
#include "engine.h"

#include "dir.h"
#include "lmdb_file.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <unistd.h>

#define FILE_MODE 0600
#define DISK_FULL_SIZE (1u << 20) /* LMDB reports a full disk as EIO: with less than this left, that is the reason */
#define VALUE_SIZE_MAX 0xFFFFFFFFu
#define META_PAGE_COUNT 2u
#define FREE_LIST 0u /* LMDB's own table of free pages */
#define WHAT_SIZE 160u

typedef struct lmdb_engine {
    epi__engine base; /* first, as in the two below */
    MDB_env *env;
    MDB_dbi table;
    bool read_only;
    char directory[];
} lmdb_engine;

typedef struct lmdb_txn {
    epi__txn base;
    MDB_txn *txn;
    epi_status failed;
} lmdb_txn;

typedef struct lmdb_range {
    epi__range base;
    MDB_cursor *cursor;
    MDB_cursor_op move; /* to the next key to be shown */
    bool reverse;
    bool done;
    size_t bound_size; /* forward: the end; reverse: the first key */
    uint8_t bound[];
} lmdb_range;

static lmdb_engine *engine_of(epi__engine *engine) {
    return (lmdb_engine *)engine;
}

static lmdb_txn *txn_of(epi__txn *txn) {
    return (lmdb_txn *)txn;
}

static lmdb_engine *engine_of_txn(const lmdb_txn *txn) {
    return engine_of(txn->base.engine);
}

/* LMDB takes pointers to data that it does not change. */
static MDB_val val_of(epi__view view) {
    return (MDB_val){.mv_size = view.size, .mv_data = (void *)(uintptr_t)view.data};
}

static epi__view view_of(MDB_val val) {
    return (epi__view){.data = val.mv_data, .size = val.mv_size};
}

/* ---- failing ---------------------------------------------------------------------------------------------------- */

static epi_status fail_system(int error, const char *what, const char *directory) {
    uint64_t left = 0;
    if (error == EIO && epi__dir_free_size(&left, directory) == EPI_OK && left < DISK_FULL_SIZE)
        return epi__fail(EPI_EDISKFULL, "store", "%s failed: the disk of %s is full, %llu bytes are left", what,
                         directory, (unsigned long long)left);
    return epi__fail_errno("store", error, what, directory);
}

static epi_status fail_map_full(const lmdb_engine *engine, const char *what) {
    MDB_envinfo info = {0};
    (void)mdb_env_info(engine->env, &info);
    return epi__fail(EPI_EMAPFULL, "store", "%s failed: the map of %s is used up, limit %zu bytes", what,
                     engine->directory, info.me_mapsize);
}

static epi_status fail_readers(const lmdb_engine *engine, const char *what) {
    unsigned limit = 0;
    (void)mdb_env_get_maxreaders(engine->env, &limit);
    return epi__fail(EPI_EREADERS, "store", "%s failed: all reader slots of %s are taken, limit %u", what,
                     engine->directory, limit);
}

/* The one translation of LMDB's codes. */
static epi_status fail_lmdb(const lmdb_engine *engine, int code, const char *what) {
    const char *directory = engine->directory;
    switch (code) {
    case MDB_MAP_FULL: return fail_map_full(engine, what);
    case MDB_READERS_FULL: return fail_readers(engine, what);
    case MDB_TXN_FULL:
        return epi__fail(EPI_ELIMIT, "store", "%s failed: the transaction changed too many pages, limit 131071", what);
    case MDB_PANIC:
        return epi__fail(EPI_EIO, "store",
                         "%s failed: an earlier write to %s failed half-way; close the memory and open it again", what,
                         directory);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
        return epi__fail(EPI_EDAMAGED, "store", "%s failed: data.mdb of %s is damaged (%s)", what, directory,
                         mdb_strerror(code));
    case MDB_VERSION_MISMATCH:
        return epi__fail(EPI_EVERSION, "store", "%s failed: data.mdb or lock.mdb of %s has another LMDB format", what,
                         directory);
    case MDB_MAP_RESIZED:
        return epi__fail(EPI_EMISMATCH, "store", "%s failed: another process opened %s with a larger map", what,
                         directory);
    case MDB_BAD_TXN: return epi__fail(EPI_EINVAL, "store", "%s failed: the transaction is reset or given up", what);
    default: break;
    }
    if (code > 0) return fail_system(code, what, directory);
    return epi__fail(EPI_EINTERNAL, "store", "%s failed in %s: %s", what, directory, mdb_strerror(code));
}

static epi_status check_key(epi__view key) {
    if (key.size - 1 < EPI__ENGINE_KEY_MAX) return EPI_OK; /* one comparison: size 0 wraps round */
    if (key.size == 0) return epi__fail(EPI_EINVAL, "store", "a key was empty");
    return epi__fail(EPI_ELIMIT, "store", "a key has %zu bytes, limit %u", key.size, EPI__ENGINE_KEY_MAX);
}

/* LMDB calls a transaction that was reset an invalid argument. */
static epi_status fail_read(const epi__txn *txn, int code, const char *verb, size_t key_size) {
    char what[WHAT_SIZE];
    (void)snprintf(what, sizeof(what), "%s a key of %zu bytes", verb, key_size);
    return fail_lmdb(engine_of(txn->engine), code == EINVAL ? MDB_BAD_TXN : code, what);
}

/* A failed write spoils its transaction, whether LMDB thinks so or not. */
static epi_status fail_write(lmdb_txn *txn, int code, const char *verb, size_t key_size, size_t value_size) {
    char what[WHAT_SIZE];
    (void)snprintf(what, sizeof(what), "%s %zu bytes under a key of %zu bytes", verb, value_size, key_size);
    txn->failed = fail_lmdb(engine_of_txn(txn), code, what);
    return txn->failed;
}

/* May this transaction write (a value of this size under this key)? */
static epi_status check_write(const lmdb_txn *txn, epi__view key, size_t value_size) {
    if (!txn->base.write) return epi__fail(EPI_EREADONLY, "store", "a read transaction was asked to write");
    if (txn->failed != EPI_OK)
        return epi__fail(txn->failed, "store", "the transaction was given up: an earlier write in it failed");
    if (value_size > VALUE_SIZE_MAX)
        return epi__fail(EPI_ELIMIT, "store", "a value has %zu bytes, limit %u", value_size, VALUE_SIZE_MAX);
    return check_key(key);
}

/* ---- transactions ----------------------------------------------------------------------------------------------- */

/* Killed readers keep their slots until somebody looks; so look before giving up. */
static int begin_read(MDB_txn **txn, MDB_env *env) {
    int dead = 0;
    int code = mdb_txn_begin(env, NULL, MDB_RDONLY, txn);
    if (code != MDB_READERS_FULL || mdb_reader_check(env, &dead) != 0 || dead == 0) return code;
    return mdb_txn_begin(env, NULL, MDB_RDONLY, txn);
}

static epi_status lmdb_begin(epi__txn **begun, epi__engine *base, bool write) {
    lmdb_engine *engine = engine_of(base);
    *begun = NULL;
    if (write && engine->read_only)
        return epi__fail(EPI_EREADONLY, "store", "%s was opened read-only, a write was begun", engine->directory);
    lmdb_txn *txn = epi__alloc(sizeof(*txn));
    if (txn == NULL) return epi__fail_memory("store", sizeof(*txn));
    *txn = (lmdb_txn){.base = {.engine = base, .write = write}};
    int code = write ? mdb_txn_begin(engine->env, NULL, 0, &txn->txn) : begin_read(&txn->txn, engine->env);
    if (code != 0) {
        epi__free(txn);
        return fail_lmdb(engine, code, write ? "beginning a write" : "beginning a read");
    }
    *begun = &txn->base;
    return EPI_OK;
}

static void lmdb_abort(epi__txn *base) {
    if (base == NULL) return;
    mdb_txn_abort(txn_of(base)->txn);
    epi__free(base);
}

static epi_status lmdb_commit(epi__txn *base) {
    lmdb_txn *txn = txn_of(base);
    epi_status status = EPI_OK;
    if (txn->failed != EPI_OK) {
        mdb_txn_abort(txn->txn);
        status = epi__fail(txn->failed, "store", "nothing was committed: an earlier write in the transaction failed");
    } else {
        int code = mdb_txn_commit(txn->txn);
        if (code != 0) status = fail_lmdb(engine_of_txn(txn), code, "committing");
    }
    epi__free(txn);
    return status;
}

static void lmdb_reset(epi__txn *base) {
    assert(!base->write);
    mdb_txn_reset(txn_of(base)->txn);
}

static epi_status lmdb_renew(epi__txn *base) {
    lmdb_txn *txn = txn_of(base);
    int code = mdb_txn_renew(txn->txn);
    return code == 0 ? EPI_OK : fail_lmdb(engine_of_txn(txn), code, "renewing a read");
}

/* ---- one key ---------------------------------------------------------------------------------------------------- */

static epi_status lmdb_get(epi__view *value, epi__txn *base, epi__view key) {
    lmdb_txn *txn = txn_of(base);
    MDB_val wanted = val_of(key), found;
    *value = (epi__view){0};
    EPI__TRY(check_key(key));
    int code = mdb_get(txn->txn, engine_of_txn(txn)->table, &wanted, &found);
    if (code == MDB_NOTFOUND) return EPI_ENOTFOUND;
    if (code != 0) return fail_read(base, code, "reading under", key.size);
    *value = view_of(found);
    return EPI_OK;
}

static epi_status lmdb_get_many(epi__view *values, epi__txn *base, const epi__view *keys, size_t count) {
    for (size_t i = 0; i < count; i++) {
        epi_status status = lmdb_get(&values[i], base, keys[i]);
        if (status != EPI_OK && status != EPI_ENOTFOUND) return status;
    }
    return EPI_OK;
}

static epi_status lmdb_put(epi__txn *base, epi__view key, epi__view value) {
    lmdb_txn *txn = txn_of(base);
    EPI__TRY(check_write(txn, key, value.size));
    MDB_val at = val_of(key), content = val_of(value);
    int code = mdb_put(txn->txn, engine_of_txn(txn)->table, &at, &content, 0);
    return code == 0 ? EPI_OK : fail_write(txn, code, "putting", key.size, value.size);
}

static epi_status lmdb_put_reserve(void **space, epi__txn *base, epi__view key, size_t value_size) {
    lmdb_txn *txn = txn_of(base);
    *space = NULL;
    EPI__TRY(check_write(txn, key, value_size));
    MDB_val at = val_of(key), content = {.mv_size = value_size};
    int code = mdb_put(txn->txn, engine_of_txn(txn)->table, &at, &content, MDB_RESERVE);
    if (code != 0) return fail_write(txn, code, "reserving", key.size, value_size);
    *space = content.mv_data;
    return EPI_OK;
}

static epi_status lmdb_remove(epi__txn *base, epi__view key) {
    lmdb_txn *txn = txn_of(base);
    EPI__TRY(check_write(txn, key, 0));
    MDB_val at = val_of(key);
    int code = mdb_del(txn->txn, engine_of_txn(txn)->table, &at, NULL);
    if (code == MDB_NOTFOUND) return EPI_ENOTFOUND;
    return code == 0 ? EPI_OK : fail_write(txn, code, "removing", key.size, 0);
}

/* ---- ranges ----------------------------------------------------------------------------------------------------- */

static int compare(const void *a, size_t a_size, const void *b, size_t b_size) {
    int order = memcmp(a, b, EPI__MIN(a_size, b_size));
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static epi_status check_bound(epi__view bound) {
    if (bound.size <= EPI__ENGINE_KEY_MAX) return EPI_OK;
    return epi__fail(EPI_ELIMIT, "store", "a bound of a range has %zu bytes, limit %u", bound.size,
                     EPI__ENGINE_KEY_MAX);
}

/* To the first key at or after `first`; a bound of no bytes is the start. */
static int seek_forward(MDB_cursor *cursor, MDB_val *key, MDB_val *value, epi__view first) {
    *key = val_of(first);
    return mdb_cursor_get(cursor, key, value, first.size == 0 ? MDB_FIRST : MDB_SET_RANGE);
}

/* To the last key before `end`; a bound of no bytes is behind the last key. */
static int seek_reverse(MDB_cursor *cursor, MDB_val *key, MDB_val *value, epi__view end) {
    *key = val_of(end);
    int code = end.size == 0 ? MDB_NOTFOUND : mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (code == 0) return mdb_cursor_get(cursor, key, value, MDB_PREV);
    return code == MDB_NOTFOUND ? mdb_cursor_get(cursor, key, value, MDB_LAST) : code;
}

static bool within(const lmdb_range *range, const MDB_val *key) {
    if (range->bound_size == 0) return true;
    int order = compare(key->mv_data, key->mv_size, range->bound, range->bound_size);
    return range->reverse ? order >= 0 : order < 0;
}

static void lmdb_range_close(epi__range *base) {
    if (base == NULL) return;
    lmdb_range *range = (lmdb_range *)base;
    if (range->cursor != NULL) mdb_cursor_close(range->cursor);
    epi__free(range);
}

static epi_status lmdb_range_open(epi__range **opened, epi__txn *base, epi__view first, epi__view end, bool reverse) {
    lmdb_txn *txn = txn_of(base);
    *opened = NULL;
    EPI__TRY(check_bound(first));
    EPI__TRY(check_bound(end));
    epi__view bound = reverse ? first : end;
    lmdb_range *range = epi__alloc(sizeof(*range) + bound.size);
    if (range == NULL) return epi__fail_memory("store", sizeof(*range) + bound.size);
    *range = (lmdb_range){.base = {.txn = base}, .move = MDB_GET_CURRENT, .reverse = reverse, .bound_size = bound.size};
    if (bound.size > 0) memcpy(range->bound, bound.data, bound.size);
    MDB_val key, value;
    int code = mdb_cursor_open(txn->txn, engine_of_txn(txn)->table, &range->cursor);
    if (code == 0)
        code = reverse ? seek_reverse(range->cursor, &key, &value, end)
                       : seek_forward(range->cursor, &key, &value, first);
    range->done = code == MDB_NOTFOUND;
    if (code != 0 && code != MDB_NOTFOUND) {
        lmdb_range_close(&range->base);
        return fail_read(base, code, "opening a range at", reverse ? end.size : first.size);
    }
    *opened = &range->base;
    return EPI_OK;
}

static epi_status lmdb_range_next(epi__view *key, epi__view *value, epi__range *base) {
    lmdb_range *range = (lmdb_range *)base;
    MDB_val found_key, found_value;
    *key = *value = (epi__view){0};
    if (range->done) return EPI_EDONE;
    int code = mdb_cursor_get(range->cursor, &found_key, &found_value, range->move);
    range->done = code != 0 || !within(range, &found_key);
    if (code != 0 && code != MDB_NOTFOUND)
        return fail_read(base->txn, code, "reading a range bounded by", range->bound_size);
    if (range->done) return EPI_EDONE;
    range->move = range->reverse ? MDB_PREV : MDB_NEXT;
    *key = view_of(found_key);
    *value = view_of(found_value);
    return EPI_OK;
}

/* Seeks anew for each key: the removed ones are gone, so the same seek finds the next one, and no cursor has to survive
 * the merging of pages under it. */
static int remove_keys(size_t *removed, MDB_cursor *cursor, epi__view first, epi__view end, size_t limit) {
    MDB_val key, value;
    for (; *removed < limit; ++*removed) {
        int code = seek_forward(cursor, &key, &value, first);
        if (code != 0) return code == MDB_NOTFOUND ? 0 : code;
        if (end.size > 0 && compare(key.mv_data, key.mv_size, end.data, end.size) >= 0) return 0;
        code = mdb_cursor_del(cursor, 0);
        if (code != 0) return code;
    }
    return 0;
}

static epi_status lmdb_remove_range(size_t *removed, epi__txn *base, epi__view first, epi__view end, size_t limit) {
    lmdb_txn *txn = txn_of(base);
    uint8_t bounds[2][EPI__ENGINE_KEY_MAX]; /* copies: the caller's may lie in pages that change under the removal */
    *removed = 0;
    EPI__TRY(check_write(txn, (epi__view){.data = "", .size = 1}, 0));
    EPI__TRY(check_bound(first));
    EPI__TRY(check_bound(end));
    if (first.size > 0) memcpy(bounds[0], first.data, first.size);
    if (end.size > 0) memcpy(bounds[1], end.data, end.size);
    first.data = bounds[0], end.data = bounds[1];
    MDB_cursor *cursor = NULL;
    int code = mdb_cursor_open(txn->txn, engine_of_txn(txn)->table, &cursor);
    if (code == 0) code = remove_keys(removed, cursor, first, end, limit);
    if (cursor != NULL) mdb_cursor_close(cursor);
    return code == 0 ? EPI_OK : fail_write(txn, code, "removing a range at", first.size, 0);
}

/* ---- the environment -------------------------------------------------------------------------------------------- */

static void lmdb_close(epi__engine *base) {
    if (base == NULL) return;
    lmdb_engine *engine = engine_of(base);
    mdb_env_close(engine->env);
    epi__free(engine);
}

static epi_status lmdb_reader_check(epi__engine *base) {
    lmdb_engine *engine = engine_of(base);
    int dead = 0;
    int code = mdb_reader_check(engine->env, &dead);
    return code == 0 ? EPI_OK : fail_lmdb(engine, code, "looking for dead readers");
}

/* mdb_reader_list calls this once for a heading and once a slot in use. */
static int count_line(const char *line, void *count) {
    (void)line;
    ++*(uint32_t *)count;
    return 0;
}

static epi_status read_usage(epi__engine_stats *stats, lmdb_engine *engine, MDB_txn *txn) {
    MDB_envinfo info;
    MDB_stat table, free_list;
    int code = mdb_env_info(engine->env, &info);
    if (code == 0) code = mdb_stat(txn, engine->table, &table);
    if (code == 0) code = mdb_stat(txn, FREE_LIST, &free_list);
    if (code != 0) return fail_lmdb(engine, code, "reading statistics");
    uint64_t pages = META_PAGE_COUNT + table.ms_branch_pages + table.ms_leaf_pages + table.ms_overflow_pages +
                     free_list.ms_branch_pages + free_list.ms_leaf_pages + free_list.ms_overflow_pages;
    stats->map_size = info.me_mapsize;
    stats->used_size = pages * table.ms_psize;
    stats->entries = table.ms_entries;
    stats->depth = table.ms_depth;
    stats->readers_max = info.me_maxreaders;
    return EPI_OK;
}

static epi_status lmdb_usage(epi__engine_stats *stats, epi__txn *txn) {
    *stats = (epi__engine_stats){0};
    return read_usage(stats, engine_of(txn->engine), txn_of(txn)->txn);
}

static epi_status lmdb_stats(epi__engine_stats *stats, epi__engine *base) {
    lmdb_engine *engine = engine_of(base);
    MDB_txn *txn;
    uint32_t lines = 0;
    *stats = (epi__engine_stats){0};
    EPI__TRY(epi__dir_file_size(&stats->file_size, engine->directory, "data.mdb"));
    int code = mdb_reader_list(engine->env, count_line, &lines) < 0 ? EIO : 0;
    if (code == 0) code = begin_read(&txn, engine->env);
    if (code != 0) return fail_lmdb(engine, code, "reading statistics");
    epi_status status = read_usage(stats, engine, txn);
    mdb_txn_abort(txn);
    stats->readers = lines - 1;
    return status;
}

static const epi__engine_ops lmdb_ops = {
    .name = "lmdb",
    .flags = EPI__ENGINE_STABLE_VIEWS | EPI__ENGINE_SINGLE_WRITER,
    .close = lmdb_close,
    .stats = lmdb_stats,
    .reader_check = lmdb_reader_check,
    .begin = lmdb_begin,
    .commit = lmdb_commit,
    .abort = lmdb_abort,
    .reset = lmdb_reset,
    .renew = lmdb_renew,
    .usage = lmdb_usage,
    .get = lmdb_get,
    .get_many = lmdb_get_many,
    .put = lmdb_put,
    .put_reserve = lmdb_put_reserve,
    .remove = lmdb_remove,
    .range_open = lmdb_range_open,
    .range_next = lmdb_range_next,
    .range_close = lmdb_range_close,
    .remove_range = lmdb_remove_range,
};

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static epi_status check_file(bool *made, const char *path, const epi__engine_options *options) {
    epi__lmdb_file_state state;
    EPI__TRY(epi__lmdb_file_check(&state, path));
    *made = state != EPI__LMDB_FILE_WHOLE;
    if (!*made || (options->create && !options->read_only)) return EPI_OK;
    if (state == EPI__LMDB_FILE_ABSENT) return epi__fail(EPI_ENOTFOUND, "store", "%s has no data.mdb", path);
    return epi__fail(EPI_EDAMAGED, "store", "data.mdb of %s is empty: its creation was interrupted, or it was cut",
                     path);
}

/* A failed mdb_env_open leaves a handle that can only be closed, so each attempt has its own. */
static int open_env(MDB_env **opened, const char *path, const epi__engine_options *options, unsigned flags) {
    MDB_env *env = NULL;
    int code = mdb_env_create(&env);
    if (code == 0 && options->map_size > 0) code = mdb_env_set_mapsize(env, options->map_size);
    if (code == 0 && options->readers_max > 0) code = mdb_env_set_maxreaders(env, options->readers_max);
    if (code == 0) code = mdb_env_open(env, path, flags, FILE_MODE);
    if (code != 0 && env != NULL) {
        mdb_env_close(env);
        env = NULL;
    }
    *opened = env;
    return code;
}

/* Is data.mdb larger than half of the machine's memory? Unknown counts as no. */
static bool outgrows_memory(const char *path) {
    uint64_t size = 0;
    long pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_size <= 0 || epi__dir_file_size(&size, path, "data.mdb") != EPI_OK) return false;
    return size > (uint64_t)pages * (uint64_t)page_size / 2;
}

static int open_env_any(MDB_env **env, const char *path, const epi__engine_options *options) {
    unsigned flags = MDB_NOTLS;
    if (outgrows_memory(path)) flags |= MDB_NORDAHEAD;
    if (options->read_only) flags |= MDB_RDONLY;
    if (options->no_sync) flags |= MDB_NOSYNC;
    int code = open_env(env, path, options, flags);
    if (options->read_only && (code == EACCES || code == EPERM || code == EROFS))
        code = open_env(env, path, options, flags | MDB_NOLOCK);
    return code;
}

/* Once, in a transaction that ends well: LMDB sets the table's order of keys here. */
static epi_status open_table(lmdb_engine *engine) {
    MDB_txn *txn;
    unsigned flags = 0;
    int code = begin_read(&txn, engine->env);
    if (code != 0) return fail_lmdb(engine, code, "opening the table");
    code = mdb_dbi_open(txn, NULL, 0, &engine->table);
    if (code == 0) code = mdb_dbi_flags(txn, engine->table, &flags);
    if (code == 0)
        code = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    if (code != 0) return fail_lmdb(engine, code, "opening the table");
    if (flags != 0)
        return epi__fail(EPI_ENOTMEMORY, "store",
                         "data.mdb of %s is another program's: its table has flags 0x%x, not 0", engine->directory,
                         flags);
    return EPI_OK;
}

static epi_status finish_open(lmdb_engine *engine, bool made) {
    int key_max = mdb_env_get_maxkeysize(engine->env);
    if (key_max < (int)EPI__ENGINE_KEY_MAX)
        return epi__fail(EPI_EUNSUPPORTED, "store", "this build of LMDB takes keys of %d bytes, %u are needed", key_max,
                         EPI__ENGINE_KEY_MAX);
    EPI__TRY(lmdb_reader_check(&engine->base));
    EPI__TRY(open_table(engine));
    return made ? epi__dir_file_sync(engine->directory, "data.mdb") : EPI_OK; /* LMDB leaves the directory unsynced */
}

epi_status epi__lmdb_open(epi__engine **opened, const char *path, const epi__engine_options *options) {
    *opened = NULL;
    bool made = false;
    EPI__TRY(check_file(&made, path, options));
    size_t size = sizeof(lmdb_engine) + strlen(path) + 1;
    lmdb_engine *engine = epi__alloc(size);
    if (engine == NULL) return epi__fail_memory("store", size);
    *engine = (lmdb_engine){.base = {.ops = &lmdb_ops}, .read_only = options->read_only};
    memcpy(engine->directory, path, strlen(path) + 1);
    int code = open_env_any(&engine->env, path, options);
    epi_status status = code == 0 ? finish_open(engine, made) : fail_lmdb(engine, code, "opening the store");
    if (status == EPI_OK) {
        *opened = &engine->base;
        return EPI_OK;
    }
    if (engine->env != NULL) mdb_env_close(engine->env);
    epi__free(engine);
    return status;
}
