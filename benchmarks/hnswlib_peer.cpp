/* hnswlib_peer.cpp - hnswlib as Debian packages it, for bench_vectors. Compiled with -O3 -march=native, as its own
 * documentation advises, so that it shows what it can do on the machine that measures.
 */
#include "hnswlib_peer.h"

#include <hnswlib/hnswlib.h>

#include <memory>

struct hnswlib_peer {
    hnswlib::InnerProductSpace space;
    hnswlib::HierarchicalNSW<float> graph;

    hnswlib_peer(size_t dimension, size_t capacity, size_t m, size_t ef_construction)
        : space(dimension), graph(&space, capacity, m, ef_construction) {
    }
};

extern "C" hnswlib_peer *hnswlib_peer_new(size_t dimension, size_t capacity, size_t m, size_t ef_construction) {
    try {
        return new hnswlib_peer(dimension, capacity, m, ef_construction);
    } catch (...) {
        return nullptr;
    }
}

extern "C" void hnswlib_peer_free(hnswlib_peer *peer) {
    delete peer;
}

extern "C" int hnswlib_peer_add(hnswlib_peer *peer, const float *vector, uint64_t id) {
    try {
        peer->graph.addPoint(vector, id);
        return 0;
    } catch (...) {
        return -1;
    }
}

extern "C" size_t hnswlib_peer_search(hnswlib_peer *peer, uint64_t *ids, const float *query, size_t k, size_t ef) {
    try {
        peer->graph.setEf(ef);
        auto found = peer->graph.searchKnn(query, k);
        const size_t count = found.size();
        for (size_t left = count; left > 0; left--) {
            ids[left - 1] = found.top().second;
            found.pop();
        }
        return count;
    } catch (...) {
        return 0;
    }
}

extern "C" int hnswlib_peer_save(hnswlib_peer *peer, const char *path) {
    try {
        peer->graph.saveIndex(path);
        return 0;
    } catch (...) {
        return -1;
    }
}
