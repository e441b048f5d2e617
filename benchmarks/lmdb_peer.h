/* lmdb_peer.h - LMDB by itself, for comparison: what a commit costs that puts the same records, and what a memory's own
 * store holds. Fails as bench.h says.
 */
#ifndef EPI_BENCH_LMDB_PEER_H
#define EPI_BENCH_LMDB_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LMDB_KEY_SIZE_MAX 511u

/* A record as something wrote it. */
typedef struct lmdb_record {
    unsigned char key[LMDB_KEY_SIZE_MAX];
    size_t key_size;
    size_t value_size;
    bool is_new; /* it was not there before; otherwise it was overwritten */
} lmdb_record;

/* A bare environment: one unnamed database, default flags, so that a commit is durable when it returns. */
typedef struct lmdb_peer lmdb_peer;
lmdb_peer *lmdb_peer_open(const char *directory);
void lmdb_peer_close(lmdb_peer *peer);
/* One transaction that puts the records `times` times: overwritten ones under their key, new ones under keys like
 * theirs that are not there yet. */
void lmdb_peer_put(lmdb_peer *peer, const lmdb_record *records, size_t count, size_t times);

uint64_t lmdb_commit_count(const char *directory); /* ever made, in an environment that nobody has open */

/* What an environment holds that nobody has open now. A process must not open one twice. */
typedef struct lmdb_content lmdb_content;
lmdb_content *lmdb_content_read(const char *directory);
void lmdb_content_free(lmdb_content *content);
/* The records that are new or other in `after`; returns how many, at most `capacity`. */
size_t lmdb_content_changed(lmdb_record *records, size_t capacity, const lmdb_content *before,
                            const lmdb_content *after);

#endif
