/* replay_peer.c - a plain replay buffer in memory; see replay_peer.h. */
#include "replay_peer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void fill(replay_peer *peer) {
    for (size_t i = 0; i < peer->count * peer->width; i++)
        peer->observations[i] = peer->next_observations[i] = (float)bench_random_unit(&peer->random);
    for (size_t i = 0; i < peer->count; i++) {
        peer->rewards[i] = (float)i;
        peer->actions[i] = (int32_t)(i % 7);
        peer->tree[peer->leaves + i] = 1;
    }
    for (size_t node = peer->leaves - 1; node > 0; node--)
        peer->tree[node] = peer->tree[2 * node] + peer->tree[2 * node + 1];
}

replay_peer *replay_peer_new(size_t count, size_t width, double alpha, uint64_t seed) {
    replay_peer *peer = bench_alloc(1, sizeof *peer);
    *peer = (replay_peer){.count = count, .width = width, .leaves = 1, .alpha = alpha};
    while (peer->leaves < count) peer->leaves *= 2;
    peer->tree = bench_alloc(2 * peer->leaves, sizeof *peer->tree);
    peer->observations = bench_alloc(count * width, sizeof *peer->observations);
    peer->next_observations = bench_alloc(count * width, sizeof *peer->next_observations);
    peer->rewards = bench_alloc(count, sizeof *peer->rewards);
    peer->actions = bench_alloc(count, sizeof *peer->actions);
    peer->terminated = bench_alloc(count, sizeof *peer->terminated);
    peer->random = bench_random_of(seed, 17);
    fill(peer);
    return peer;
}

void replay_peer_free(replay_peer *peer) {
    free(peer->tree);
    free(peer->observations);
    free(peer->next_observations);
    free(peer->rewards);
    free(peer->actions);
    free(peer->terminated);
    free(peer);
}

static size_t find(const replay_peer *peer, double prefix) {
    size_t node = 1;
    while (node < peer->leaves) {
        const double left = peer->tree[2 * node];
        node = 2 * node;
        if (prefix >= left && peer->tree[node + 1] > 0) {
            prefix -= left;
            node++;
        }
    }
    return node - peer->leaves;
}

void replay_peer_sample(uint64_t *ids, double *weights, replay_peer *peer, size_t count, double beta) {
    const double total = peer->tree[1];
    double greatest = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t item = find(peer, bench_random_unit(&peer->random) * total);
        ids[i] = item;
        weights[i] = pow((double)peer->count * peer->tree[peer->leaves + item] / total, -beta);
        greatest = fmax(greatest, weights[i]);
    }
    for (size_t i = 0; i < count; i++) weights[i] /= greatest;
}

void replay_peer_sample_uniform(uint64_t *ids, replay_peer *peer, size_t count) {
    for (size_t i = 0; i < count; i++) ids[i] = bench_random_below(&peer->random, peer->count);
}

void replay_peer_gather(const replay_rows *rows, const replay_peer *peer, const uint64_t *ids, size_t count) {
    const size_t width = peer->width, size = width * sizeof(float);
    for (size_t i = 0; i < count; i++) {
        memcpy(rows->observations + i * width, peer->observations + ids[i] * width, size);
        memcpy(rows->next_observations + i * width, peer->next_observations + ids[i] * width, size);
        rows->actions[i] = peer->actions[ids[i]];
        rows->rewards[i] = peer->rewards[ids[i]];
        rows->terminated[i] = peer->terminated[ids[i]];
    }
}

void replay_peer_update(replay_peer *peer, const uint64_t *ids, const double *priorities, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t node = peer->leaves + ids[i];
        peer->tree[node] = pow(priorities[i], peer->alpha);
        for (node /= 2; node > 0; node /= 2) peer->tree[node] = peer->tree[2 * node] + peer->tree[2 * node + 1];
    }
}
