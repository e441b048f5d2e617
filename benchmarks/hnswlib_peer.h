/* hnswlib_peer.h - hnswlib behind a small C interface, for side-by-side runs; one thread. */
#ifndef EPI_BENCH_HNSWLIB_PEER_H
#define EPI_BENCH_HNSWLIB_PEER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hnswlib_peer hnswlib_peer;

/* A graph for inner products over unit vectors. NULL when it cannot be made. */
hnswlib_peer *hnswlib_peer_new(size_t dimension, size_t capacity, size_t m, size_t ef_construction);
void hnswlib_peer_free(hnswlib_peer *peer);
/* 0, or -1 when hnswlib threw. */
int hnswlib_peer_add(hnswlib_peer *peer, const float *vector, uint64_t id);
/* The ids of the k nearest, nearest first; returns how many. */
size_t hnswlib_peer_search(hnswlib_peer *peer, uint64_t *ids, const float *query, size_t k, size_t ef);
/* Writes it to a file, as hnswlib does: no flush. 0, or -1. */
int hnswlib_peer_save(hnswlib_peer *peer, const char *path);

#ifdef __cplusplus
}
#endif

#endif
