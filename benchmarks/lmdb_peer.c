/* lmdb_peer.c - see lmdb_peer.h. */
#include "lmdb_peer.h"

#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define MAP_SIZE ((size_t)64 << 30)
#define VALUE_SIZE_MAX 524288u
#define HASH_SIZE 16u /* a key named by its content has so many random bytes, and more than PLAIN_SIZE in all */
#define PREFIX_SIZE 5u
#define PLAIN_SIZE 21u /* the longest key that ends with a number which rises */

struct lmdb_peer {
    MDB_env *env;
    MDB_dbi table;
    uint64_t put_count; /* sets of records so far */
    bench_random random;
    unsigned char value[VALUE_SIZE_MAX];
};

static void check(int code, const char *what) {
    if (code != 0) bench_fail("LMDB: %s: %s", what, mdb_strerror(code));
}

static MDB_env *open_env(const char *directory, unsigned flags) {
    MDB_env *env = NULL;
    check(mdb_env_create(&env), "creating an environment");
    check(mdb_env_set_mapsize(env, MAP_SIZE), "setting the map's size");
    check(mdb_env_open(env, directory, flags, 0600), directory);
    return env;
}

/* ---- commits ----------------------------------------------------------------------------------------------------- */

lmdb_peer *lmdb_peer_open(const char *directory) {
    MDB_txn *txn = NULL;
    lmdb_peer *peer = bench_alloc(1, sizeof *peer);
    peer->env = open_env(directory, 0);
    peer->random = bench_random_of(0, 2);
    for (size_t i = 0; i < sizeof peer->value; i++) peer->value[i] = (unsigned char)bench_random_next(&peer->random);
    check(mdb_txn_begin(peer->env, NULL, 0, &txn), "beginning");
    check(mdb_dbi_open(txn, NULL, 0, &peer->table), "opening the database");
    check(mdb_txn_commit(txn), "committing");
    return peer;
}

void lmdb_peer_close(lmdb_peer *peer) {
    mdb_env_close(peer->env);
    free(peer);
}

static void put_number(unsigned char *at, uint64_t number) {
    for (unsigned i = 0; i < 8; i++) at[i] = (unsigned char)(number >> (56 - 8 * i));
}

/* A key like that of a new record: ids rise, names of contents are random. */
static void make_new(unsigned char *key, size_t size, lmdb_peer *peer) {
    if (size > PLAIN_SIZE && size >= PREFIX_SIZE + HASH_SIZE)
        for (size_t i = 0; i < HASH_SIZE; i++) key[PREFIX_SIZE + i] = (unsigned char)bench_random_next(&peer->random);
    else if (size >= 8)
        put_number(key + size - 8, ((uint64_t)1 << 32) + peer->put_count);
}

static void put_one(MDB_txn *txn, lmdb_peer *peer, const lmdb_record *record) {
    unsigned char key[LMDB_KEY_SIZE_MAX];
    memcpy(key, record->key, record->key_size);
    if (record->is_new) make_new(key, record->key_size, peer);
    if (record->value_size > sizeof peer->value) bench_fail("LMDB: a value has %zu bytes", record->value_size);
    MDB_val at = {record->key_size, key}, value = {record->value_size, peer->value};
    check(mdb_put(txn, peer->table, &at, &value, 0), "putting");
}

void lmdb_peer_put(lmdb_peer *peer, const lmdb_record *records, size_t count, size_t times) {
    MDB_txn *txn = NULL;
    check(mdb_txn_begin(peer->env, NULL, 0, &txn), "beginning");
    for (size_t i = 0; i < times; i++, peer->put_count++)
        for (size_t j = 0; j < count; j++) put_one(txn, peer, &records[j]);
    check(mdb_txn_commit(txn), "committing");
}

/* ---- contents ---------------------------------------------------------------------------------------------------- */

uint64_t lmdb_commit_count(const char *directory) {
    MDB_envinfo info;
    MDB_env *env = open_env(directory, MDB_RDONLY);
    check(mdb_env_info(env, &info), "looking");
    mdb_env_close(env);
    return info.me_last_txnid;
}

typedef struct kept {
    MDB_val key, value; /* memory of their own */
} kept;

struct lmdb_content {
    size_t count;
    kept *records; /* by rising key */
};

static MDB_val copy_of(MDB_val from) {
    MDB_val copy = {from.mv_size, bench_alloc(from.mv_size, 1)};
    memcpy(copy.mv_data, from.mv_data, from.mv_size);
    return copy;
}

static void read_records(lmdb_content *content, MDB_cursor *cursor, size_t entries) {
    MDB_val key, value;
    content->records = bench_alloc(entries, sizeof *content->records);
    while (content->count < entries && mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
        content->records[content->count++] = (kept){copy_of(key), copy_of(value)};
}

lmdb_content *lmdb_content_read(const char *directory) {
    lmdb_content *content = bench_alloc(1, sizeof *content);
    MDB_env *env = open_env(directory, MDB_RDONLY);
    MDB_txn *txn = NULL;
    MDB_dbi table;
    MDB_cursor *cursor = NULL;
    MDB_stat stat;
    check(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "beginning");
    check(mdb_dbi_open(txn, NULL, 0, &table), "opening the database");
    check(mdb_stat(txn, table, &stat), "looking");
    check(mdb_cursor_open(txn, table, &cursor), "opening a cursor");
    read_records(content, cursor, stat.ms_entries);
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return content;
}

void lmdb_content_free(lmdb_content *content) {
    for (size_t i = 0; i < content->count; i++) {
        free(content->records[i].key.mv_data);
        free(content->records[i].value.mv_data);
    }
    free(content->records);
    free(content);
}

static int compare(const MDB_val *a, const MDB_val *b) {
    size_t shorter = a->mv_size < b->mv_size ? a->mv_size : b->mv_size;
    int order = memcmp(a->mv_data, b->mv_data, shorter);
    return order ? order : (a->mv_size > b->mv_size) - (a->mv_size < b->mv_size);
}

size_t lmdb_content_changed(lmdb_record *records, size_t capacity, const lmdb_content *before,
                            const lmdb_content *after) {
    size_t count = 0, old = 0;
    for (size_t i = 0; i < after->count && count < capacity; i++) {
        const kept *now = &after->records[i];
        while (old < before->count && compare(&before->records[old].key, &now->key) < 0) old++;
        bool was_there = old < before->count && compare(&before->records[old].key, &now->key) == 0;
        if (was_there && compare(&before->records[old].value, &now->value) == 0) continue;
        lmdb_record *record = &records[count++];
        *record = (lmdb_record){.key_size = now->key.mv_size, .value_size = now->value.mv_size, .is_new = !was_there};
        memcpy(record->key, now->key.mv_data, now->key.mv_size);
    }
    return count;
}
