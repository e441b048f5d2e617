/* store.c - opening a memory's directory, sharing it within the process, and its transactions. The layout and the rules
 * are told in store.h.
 *
 * The registry is a list under one mutex; opening and closing take it, transactions do not. An engine is counted: the
 * store holds one count for its current engine and every transaction holds one, so that a store that moved is closed
 * when the last transaction on it ends.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dir.h"
#include "store_internal.h"
#include "table.h"

#define READER_CHECK_EVERY 1024u
#define MOVES_MAX 64
#define LOCK_WAIT_MS 60000u
#define LOCK_RETRY_MS 10u

static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static epi__store *registry;

/* ---- engines ----------------------------------------------------------------------------------------------------- */

static epi_status engine_open(epi__store_engine **opened, const epi__store *store, uint64_t number, uint64_t map_size,
                              bool create) {
    *opened = NULL;
    char name[32];
    snprintf(name, sizeof name, "store.%llu", (unsigned long long)number);
    char *path = epi__dir_join(store->path, name);
    epi__store_engine *engine = epi__alloc_zero(1, sizeof *engine);
    epi_status status = path && engine ? EPI_OK : epi__fail_memory("store", sizeof *engine);
    if (!status && create) status = epi__dir_make(path);
    epi__engine_options options = {.map_size = map_size,
                                   .readers_max = store->options.readers_max,
                                   .read_only = store->options.read_only,
                                   .create = create};
    if (!status) status = epi__lmdb_open(&engine->engine, path, &options);
    if (!status) {
        engine->number = number;
        engine->references = 1;
        *opened = engine;
    } else {
        epi__free(engine);
    }
    epi__free(path);
    return status;
}

static void engine_drop(epi__store *store, epi__store_engine *engine) {
    pthread_mutex_lock(&store->mutex);
    bool last = --engine->references == 0;
    pthread_mutex_unlock(&store->mutex);
    if (!last) return;
    engine->engine->ops->close(engine->engine);
    epi__free(engine);
}

static epi__store_engine *engine_take(epi__store *store) {
    pthread_mutex_lock(&store->mutex);
    epi__store_engine *engine = store->engine;
    engine->references++;
    pthread_mutex_unlock(&store->mutex);
    return engine;
}

/* The store that another one moved to. If that has moved on meanwhile and is gone, CURRENT names a later one. */
static epi_status engine_open_moved(epi__store_engine **opened, const epi__store *store, uint64_t number) {
    uint64_t newest = 0, map_size = 0;
    epi_status status = engine_open(opened, store, number, store->options.map_size, false);
    while (status == EPI_ENOTFOUND && epi__store_current_read(&newest, &map_size, store->path) == EPI_OK &&
           newest > number) {
        number = newest;
        status = engine_open(opened, store, number, store->options.map_size, false);
    }
    return status;
}

/* Goes over to store.N, unless another thread has done so already. Not under the registry's mutex: opening follows
 * too. */
static epi_status engine_follow(epi__store *store, uint64_t number) {
    pthread_mutex_lock(&store->follow_mutex);
    epi_status status = EPI_OK;
    if (store->engine->number < number) {
        epi__store_engine *next = NULL;
        status = engine_open_moved(&next, store, number);
        if (!status) {
            pthread_mutex_lock(&store->mutex);
            epi__store_engine *old = store->engine;
            store->engine = next;
            pthread_mutex_unlock(&store->mutex);
            engine_drop(store, old);
        }
    }
    pthread_mutex_unlock(&store->follow_mutex);
    return status;
}

/* ---- CURRENT ----------------------------------------------------------------------------------------------------- */

epi_status epi__store_current_write(const char *path, uint64_t number, uint64_t map_size) {
    char text[128];
    int size = snprintf(text, sizeof text, "episodic %u\nstore %llu\nmap %llu\n", EPI__FORMAT_VERSION,
                        (unsigned long long)number, (unsigned long long)map_size);
    return epi__dir_file_write(path, "CURRENT", text, (size_t)size);
}

epi_status epi__store_current_read(uint64_t *number, uint64_t *map_size, const char *path) {
    epi__buffer content = {0};
    unsigned long long version = 0, store = 0, map = 0;
    epi_status status = epi__dir_file_read(&content, path, "CURRENT", 256);
    if (!status &&
        sscanf(epi__buffer_text(&content), "episodic %llu\nstore %llu\nmap %llu\n", &version, &store, &map) < 1)
        status = epi__fail(EPI_EDAMAGED, "store", "%s/CURRENT does not name a store", path);
    else if (!status && version > EPI__FORMAT_VERSION)
        status = epi__fail(EPI_EVERSION, "store", "%s has format %llu, this release reads up to %u", path, version,
                           EPI__FORMAT_VERSION);
    else if (!status && (version == 0 || store == 0 || map < EPI_MAP_SIZE_MIN || map > EPI_MAP_SIZE_MAX))
        status = epi__fail(EPI_EDAMAGED, "store", "%s/CURRENT does not name a store", path);
    epi__buffer_dispose(&content);
    *number = store;
    *map_size = map;
    return status;
}

/* ---- creating ---------------------------------------------------------------------------------------------------- */

/* A store that has it already only lost its CURRENT: its spaces keep their numbers. */
static epi_status write_meta(epi__store *store) {
    epi__txn *txn = NULL;
    epi__view there;
    const epi__engine_ops *ops = store->engine->engine->ops;
    EPI__TRY(ops->begin(&txn, store->engine->engine, true));
    epi__key key;
    epi__buffer record = {0};
    epi__key_begin(&key, EPI__SPACE_MEMORY, EPI__TABLE_META);
    if (ops->get(&there, txn, epi__key_view(&key)) == EPI_OK) {
        ops->abort(txn);
        return EPI_OK;
    }
    epi__buffer_append_u32(&record, EPI__FORMAT_VERSION);
    epi__buffer_append_u64(&record, (uint64_t)epi__store_now(store));
    epi__buffer_append_u32(&record, 1); /* the next space */
    epi_status status = record.failed ? epi__fail_memory("store", 16) : EPI_OK;
    if (!status) status = epi__record_put(NULL, txn, &key, record.data, record.size);
    epi__buffer_dispose(&record);
    if (!status) return ops->commit(txn);
    ops->abort(txn);
    return status;
}

epi_status epi__store_lock_directory(epi__dir_lock *lock, const epi__store *store) {
    epi_status status = epi__dir_lock_take(lock, store->path, "lock");
    for (unsigned waited = 0; status == EPI_EBUSY && waited < LOCK_WAIT_MS; waited += LOCK_RETRY_MS) {
        usleep(LOCK_RETRY_MS * 1000u);
        status = epi__dir_lock_take(lock, store->path, "lock");
    }
    return status;
}

/* Under the lock file: two processes may create one memory at the same moment. A directory without CURRENT was never a
 * memory, whatever a creation that was cut short has left in it. */
static epi_status create(epi__store *store) {
    epi__dir_lock lock = EPI__DIR_LOCK_NONE;
    epi_status status = epi__store_lock_directory(&lock, store);
    uint64_t number = 0, map_size = 0;
    if (!status && epi__store_current_read(&number, &map_size, store->path) != EPI_OK) {
        char *cache = epi__dir_join(store->path, "cache");
        status = cache ? epi__dir_make(cache) : epi__fail_memory("store", 64);
        epi__free(cache);
        if (!status) status = engine_open(&store->engine, store, 1, store->options.map_size, true);
        if (!status) status = write_meta(store);
        if (!status) (void)epi__dir_file_reserve(store->path, "ballast", EPI__BALLAST_SIZE);
        if (!status) status = epi__store_current_write(store->path, 1, store->options.map_size);
        if (store->engine) engine_drop(store, store->engine);
        store->engine = NULL;
    }
    epi__dir_lock_release(&lock);
    return status;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool has_current(const char *current) {
    return access(current, F_OK) == 0;
}

/* Whether the directory holds a memory, or no more than a creation that was cut short leaves behind. What one under way
 * has put there since the first look makes it a memory too. */
static epi_status is_ours(bool *ours, const char *path) {
    static const char *const begun[] = {"lock", "cache", "store.1", "ballast", "CURRENT.tmp"};
    char *current = epi__dir_join(path, "CURRENT");
    if (!current) return epi__fail_memory("store", strlen(path));
    *ours = has_current(current);
    epi_status status = *ours ? EPI_OK : epi__dir_holds_only(ours, path, begun, EPI__COUNT(begun));
    if (!status && !*ours) *ours = has_current(current);
    epi__free(current);
    return status;
}

static epi_status make_directory(const char *path) {
    epi_status status = epi__dir_make(path);
    if (status != EPI_ENOTFOUND) return status;
    return epi__fail(status, "store", "%s cannot be made: the directory that it should be in is not there", path);
}

/* The directory is there (made if allowed) and is a memory, or is empty and may become one. */
static epi_status prepare_directory(bool *fresh, const char *path, bool create) {
    bool ours = false;
    *fresh = false;
    epi_status status = epi__dir_check(path);
    if (status == EPI_ENOTFOUND)
        status = create ? make_directory(path) : epi__fail(EPI_ENOTFOUND, "store", "%s holds no memory", path);
    EPI__TRY(status);
    EPI__TRY(is_ours(&ours, path));
    if (!ours) return epi__fail(EPI_ENOTMEMORY, "store", "%s holds other files, not a memory", path);
    char *current = epi__dir_join(path, "CURRENT");
    if (!current) return epi__fail_memory("store", 64);
    *fresh = access(current, F_OK) != 0;
    epi__free(current);
    if (*fresh && !create) return epi__fail(EPI_ENOTFOUND, "store", "%s holds no memory", path);
    return EPI_OK;
}

static bool same_options(const epi_memory_options *a, const epi_memory_options *b) {
    return a->read_only == b->read_only && a->sync == b->sync && a->group_size == b->group_size &&
           a->group_ms == b->group_ms && (b->map_size == 0 || a->map_size == b->map_size) && a->quota == b->quota &&
           a->readers_max == b->readers_max && a->now == b->now && a->now_context == b->now_context;
}

static epi_status check_options(epi_memory_options *options) {
    if (options->version != 1)
        return epi__fail(EPI_EINVAL, "store", "memory options have version %u, expected 1", options->version);
    if (options->map_size && (options->map_size < EPI_MAP_SIZE_MIN || options->map_size > EPI_MAP_SIZE_MAX))
        return epi__fail(EPI_ELIMIT, "store", "map size is %llu bytes, limits %llu to %llu",
                         (unsigned long long)options->map_size, EPI_MAP_SIZE_MIN, EPI_MAP_SIZE_MAX);
    if (options->readers_max && (options->readers_max < EPI_READERS_MIN || options->readers_max > EPI_READERS_MAX))
        return epi__fail(EPI_ELIMIT, "store", "readers_max is %u, limits %u to %u", options->readers_max,
                         EPI_READERS_MIN, EPI_READERS_MAX);
    if (options->group_size > EPI_GROUP_SIZE_MAX || options->group_ms > EPI_GROUP_MS_MAX)
        return epi__fail(EPI_ELIMIT, "store", "group of %u bytes or %u ms, limits %u and %u", options->group_size,
                         options->group_ms, EPI_GROUP_SIZE_MAX, EPI_GROUP_MS_MAX);
    if ((unsigned)options->sync > EPI_SYNC_MANUAL)
        return epi__fail(EPI_EINVAL, "store", "sync policy %d is unknown", (int)options->sync);
    if (!options->readers_max) options->readers_max = EPI_READERS_DEFAULT;
    if (!options->group_size) options->group_size = EPI_GROUP_SIZE_DEFAULT;
    if (!options->group_ms) options->group_ms = EPI_GROUP_MS_DEFAULT;
    return EPI_OK;
}

static epi_status check_meta(epi__store *store) {
    epi__tx tx = {0};
    EPI__TRY(epi__tx_begin(&tx, store, false));
    epi__key key;
    epi__view body;
    epi__key_begin(&key, EPI__SPACE_MEMORY, EPI__TABLE_META);
    epi_status status = epi__record_get(&body, tx.txn, &key);
    if (status == EPI_ENOTFOUND) status = epi__fail(EPI_EDAMAGED, "store", "%s has no meta record", store->path);
    epi__reader reader = epi__reader_of(body.data, body.size);
    uint32_t format = epi__read_u32(&reader);
    if (!status && format > EPI__FORMAT_VERSION)
        status = epi__fail(EPI_EVERSION, "store", "%s has format %u, this release reads up to %u", store->path, format,
                           EPI__FORMAT_VERSION);
    epi__tx_abort(&tx);
    return status;
}

static void store_free(epi__store *store) {
    if (store->shared.value) store->shared.free(store->shared.value);
    if (store->engine) engine_drop(store, store->engine);
    pthread_mutex_destroy(&store->mutex);
    pthread_mutex_destroy(&store->follow_mutex);
    pthread_mutex_destroy(&store->shared_mutex);
    epi__free(store->path);
    epi__free(store);
}

static epi_status store_new(epi__store **made, const char *path, const epi__dir_identity *identity,
                            const epi_memory_options *options) {
    *made = NULL;
    epi__store *store = epi__alloc_zero(1, sizeof *store);
    if (!store) return epi__fail_memory("store", sizeof *store);
    pthread_mutex_init(&store->mutex, NULL);
    pthread_mutex_init(&store->follow_mutex, NULL);
    pthread_mutex_init(&store->shared_mutex, NULL);
    store->identity = *identity;
    store->options = *options;
    store->pid = getpid();
    store->references = 1;
    store->path = realpath(path, NULL);
    if (!store->path) {
        store_free(store);
        return epi__fail_memory("store", strlen(path));
    }
    *made = store;
    return EPI_OK;
}

/* Opens the store that CURRENT names. A compaction in another process may take it away in between: then CURRENT names
 * the next one. */
static epi_status open_current(uint64_t *number, epi__store *store) {
    uint64_t map_size = 0, again = 0;
    EPI__TRY(epi__store_current_read(number, &map_size, store->path));
    if (store->options.map_size && store->options.map_size != map_size)
        return epi__fail(EPI_EMISMATCH, "store", "%s was created with a map of %llu bytes, not %llu", store->path,
                         (unsigned long long)map_size, (unsigned long long)store->options.map_size);
    store->options.map_size = map_size;
    epi_status status = engine_open(&store->engine, store, *number, map_size, false);
    while (status && epi__store_current_read(&again, &map_size, store->path) == EPI_OK && again != *number) {
        *number = again;
        status = engine_open(&store->engine, store, *number, map_size, false);
    }
    return status;
}

static epi_status open_environment(epi__store *store, bool fresh) {
    uint64_t number = 0;
    if (fresh) {
        if (!store->options.map_size) store->options.map_size = EPI_MAP_SIZE_DEFAULT;
        EPI__TRY(create(store));
    }
    EPI__TRY(open_current(&number, store));
    EPI__TRY(check_meta(store));
    if (store->engine->number == number || store->options.read_only) return EPI_OK;
    if (epi__store_finish_move(store, number) != EPI_OK) /* a compaction was cut short behind its switch */
        epi__store_log(store, "%s still names the store before its compaction: %s", store->path,
                       epi_error_last()->message);
    return EPI_OK;
}

static epi__store *registry_find(const epi__dir_identity *identity) {
    for (epi__store *at = registry; at; at = at->next)
        if (at->identity.device == identity->device && at->identity.inode == identity->inode && at->pid == getpid())
            return at;
    return NULL;
}

static epi_status open_registered(epi__store **opened, const char *path, const epi_memory_options *options,
                                  bool fresh) {
    epi__dir_identity identity;
    EPI__TRY(epi__dir_identify(&identity, path));
    epi__store *store = registry_find(&identity);
    if (store) {
        if (!same_options(&store->options, options))
            return epi__fail(EPI_EMISMATCH, "store", "%s is open in this process with other options", path);
        store->references++;
        *opened = store;
        return EPI_OK;
    }
    EPI__TRY(store_new(&store, path, &identity, options));
    epi_status status = open_environment(store, fresh);
    if (status) {
        store_free(store);
        return status;
    }
    store->next = registry;
    registry = store;
    *opened = store;
    return EPI_OK;
}

epi_status epi__store_open(epi__store **store, const char *path, const epi_memory_options *given) {
    *store = NULL;
    bool fresh = false;
    epi_memory_options options = *given;
    EPI__TRY(check_options(&options));
    epi__dir_guard_standard();
    EPI__TRY(prepare_directory(&fresh, path, options.create && !options.read_only));
    pthread_mutex_lock(&registry_mutex);
    epi_status status = open_registered(store, path, &options, fresh);
    pthread_mutex_unlock(&registry_mutex);
    return status;
}

epi_status epi__store_close(epi__store *store) {
    pthread_mutex_lock(&registry_mutex);
    bool last = --store->references == 0;
    if (last) {
        epi__store **at = &registry;
        while (*at && *at != store) at = &(*at)->next;
        if (*at) *at = store->next;
    }
    /* A forked child must not touch its parent's environment. Nobody may open the directory before it is closed: LMDB's
     * locks belong to the process, and closing would take them from the new environment. */
    if (last && store->pid == getpid()) store_free(store);
    pthread_mutex_unlock(&registry_mutex);
    return EPI_OK;
}

/* ---- transactions ------------------------------------------------------------------------------------------------ */

static epi_status moved_to(uint64_t *number, epi__txn *txn) {
    epi__key key;
    epi__view body;
    *number = 0;
    epi__key_begin(&key, EPI__SPACE_MEMORY, EPI__TABLE_MOVED);
    epi_status status = epi__record_get(&body, txn, &key);
    if (status == EPI_ENOTFOUND) return EPI_OK;
    EPI__TRY(status);
    epi__reader reader = epi__reader_of(body.data, body.size);
    *number = epi__read_u64(&reader);
    return EPI_OK;
}

void epi__tx_abort(epi__tx *tx) {
    if (tx->txn) epi__tx_ops(tx->txn)->abort(tx->txn);
    if (tx->engine) engine_drop(tx->store, tx->engine);
    tx->txn = NULL;
    tx->engine = NULL;
}

epi_status epi__store_check(const epi__store *store) {
    if (store->pid == getpid()) return EPI_OK;
    return epi__fail(EPI_EFORK, "store", "%s was opened before fork(); open it again in this process", store->path);
}

epi_status epi__tx_begin(epi__tx *tx, epi__store *store, bool write) {
    *tx = (epi__tx){.store = store};
    EPI__TRY(epi__store_check(store));
    if (write && store->options.read_only)
        return epi__fail(EPI_EREADONLY, "store", "%s was opened read-only", store->path);
    for (int i = 0; i < MOVES_MAX; i++) {
        uint64_t number = 0;
        tx->engine = engine_take(store);
        epi__engine *engine = tx->engine->engine;
        epi_status status = engine->ops->begin(&tx->txn, engine, write);
        if (status) tx->txn = NULL;
        if (!status && write && ++tx->engine->writes % READER_CHECK_EVERY == 0) (void)engine->ops->reader_check(engine);
        if (!status) status = moved_to(&number, tx->txn);
        if (!status && number == 0) return EPI_OK;
        epi__tx_abort(tx);
        if (!status) status = engine_follow(store, number);
        EPI__TRY(status);
    }
    return epi__fail(EPI_EINTERNAL, "store", "%s moved %d times within one call", store->path, MOVES_MAX);
}

epi_status epi__tx_commit(epi__tx *tx) {
    epi_status status = epi__tx_ops(tx->txn)->commit(tx->txn);
    tx->txn = NULL;
    epi__tx_abort(tx);
    return status;
}

uint64_t epi__tx_store_number(const epi__tx *tx) {
    return tx->engine->number;
}

/* ---- what the layers above ask ---------------------------------------------------------------------------------- */

epi_status epi__store_quota(epi__store *store, epi__tx *tx) {
    epi__engine_stats stats;
    EPI__TRY(epi__tx_ops(tx->txn)->usage(&stats, tx->txn));
    uint64_t quota = store->options.quota ? store->options.quota : stats.map_size / 16 * 15;
    if (stats.used_size < quota) return EPI_OK;
    return epi__fail(EPI_EQUOTA, "store", "the memory uses %llu bytes, quota %llu; removing still works",
                     (unsigned long long)stats.used_size, (unsigned long long)quota);
}

epi_status epi__store_stats(epi_memory_stats *stats, epi__store *store) {
    epi__tx tx;
    epi__engine_stats engine_stats;
    EPI__TRY(epi__tx_begin(&tx, store, false)); /* follows a store that moved */
    epi_status status = tx.engine->engine->ops->stats(&engine_stats, tx.engine->engine);
    epi__tx_abort(&tx);
    EPI__TRY(status);
    memset(stats, 0, sizeof *stats);
    stats->map_size = engine_stats.map_size;
    stats->used_size = engine_stats.used_size;
    stats->file_size = engine_stats.file_size;
    stats->entries = engine_stats.entries;
    stats->readers = engine_stats.readers;
    stats->readers_max = engine_stats.readers_max;
    stats->quota = store->options.quota ? store->options.quota : engine_stats.map_size / 16 * 15;
    stats->format = EPI__FORMAT_VERSION;
    return EPI_OK;
}

void epi__store_release_ballast(epi__store *store) {
    if (epi__dir_file_remove(store->path, "ballast") == EPI_OK)
        epi__store_log(store, "the disk is full: gave back the ballast of %s so that removing can go on", store->path);
}

const char *epi__store_path(const epi__store *store) {
    return store->path;
}
const epi_memory_options *epi__store_options(const epi__store *store) {
    return &store->options;
}

/* A caller's clock may say anything, also EPI_TIME_NONE: what is stored is a time. */
int64_t epi__store_now(const epi__store *store) {
    int64_t now = store->options.now ? store->options.now(store->options.now_context) : epi__clock_now_us();
    return EPI__MAX(EPI__MIN(now, (int64_t)EPI_TIME_MAX), (int64_t)EPI_TIME_MIN);
}

void epi__store_log(const epi__store *store, const char *format, ...) {
    if (!store->options.log) return;
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    store->options.log(store->options.log_context, line);
}

epi_status epi__store_cache_path(epi__buffer *path, const epi__store *store, const char *name) {
    epi__buffer_append_format(path, "%s/cache/%s", store->path, name);
    epi__buffer_text(path);
    return path->failed ? epi__fail_memory("store", strlen(name)) : EPI_OK;
}

epi_status epi__store_cache_remove(const epi__store *store, const char *pattern) {
    epi__buffer path = {0};
    epi_status status = epi__store_cache_path(&path, store, ".");
    if (!status) status = epi__dir_remove_all(epi__buffer_text(&path), pattern);
    epi__buffer_dispose(&path);
    return status == EPI_ENOTFOUND ? EPI_OK : status;
}

void epi__store_lock(epi__store *store) {
    pthread_mutex_lock(&store->shared_mutex);
}
void epi__store_unlock(epi__store *store) {
    pthread_mutex_unlock(&store->shared_mutex);
}
epi__store_shared *epi__store_shared_slot(epi__store *store) {
    return &store->shared;
}
