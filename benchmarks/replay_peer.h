/* replay_peer.h - what prioritized replay is compared with: a plain ring of transitions in memory with a binary sum
 * tree of doubles, as textbooks have it, and the same ring drawn from uniformly. No removed ids, no disk, no other
 * process.
 */
#ifndef EPI_BENCH_REPLAY_PEER_H
#define EPI_BENCH_REPLAY_PEER_H

#include <stddef.h>
#include <stdint.h>

#include "bench.h"

/* Where a batch is copied to; each row major, of the caller. */
typedef struct replay_rows {
    float *observations, *next_observations, *rewards;
    int32_t *actions;
    uint8_t *terminated;
} replay_rows;

typedef struct replay_peer {
    size_t count, width;
    size_t leaves; /* of the tree, a power of two */
    double *tree;  /* [1] is the total, [leaves + i] item i */
    double alpha;
    float *observations; /* count x width */
    float *next_observations;
    float *rewards;
    int32_t *actions;
    uint8_t *terminated;
    bench_random random;
} replay_peer;

replay_peer *replay_peer_new(size_t count, size_t width, double alpha, uint64_t seed);
void replay_peer_free(replay_peer *peer);
/* Draws in proportion; weights are divided by the batch's greatest. */
void replay_peer_sample(uint64_t *ids, double *weights, replay_peer *peer, size_t count, double beta);
void replay_peer_sample_uniform(uint64_t *ids, replay_peer *peer, size_t count);
void replay_peer_gather(const replay_rows *rows, const replay_peer *peer, const uint64_t *ids, size_t count);
void replay_peer_update(replay_peer *peer, const uint64_t *ids, const double *priorities, size_t count);

#endif
