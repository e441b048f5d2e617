/* faiss_c_shim.cpp - the only C++ of the library: the border to FAISS.
 *
 * Two halves. The first defines the functions of FAISS's official C API that the library calls, because Debian's
 * archive has their headers but not the functions; where a libfaiss_c is found (EPI_HAVE_FAISS_C) it is left out. The
 * second opens the links of an HNSW graph to C (hnsw.h). No exception passes this file: each becomes a code and, for
 * this thread, a message.
 */
#include "hnsw.h"

#include <faiss/IndexHNSW.h>
#include <faiss/impl/FaissException.h>
#include <faiss/index_factory.h>
#include <faiss/index_io.h>

#include <cstdio>
#include <exception>
#include <new>

namespace {

#ifndef EPI_HAVE_FAISS_C
thread_local char last_error[256] = "";

void remember(const char *message) {
    std::snprintf(last_error, sizeof last_error, "%s", message);
}
#else
void remember(const char *) {
}
#endif

/* Runs `work`; an exception becomes its code. */
template <typename Work> int guarded(Work work) noexcept {
    try {
        work();
        return OK;
    } catch (const faiss::FaissException &error) {
        remember(error.what());
        return FAISS_EXCEPT;
    } catch (const std::exception &error) {
        remember(error.what());
        return STD_EXCEPT;
    } catch (...) {
        remember("an exception that is no std::exception");
        return UNKNOWN_EXCEPT;
    }
}

faiss::IndexHNSW *graph_of(FaissIndex *index) {
    return dynamic_cast<faiss::IndexHNSW *>(reinterpret_cast<faiss::Index *>(index));
}

const faiss::IndexHNSW *graph_of(const FaissIndex *index) {
    return dynamic_cast<const faiss::IndexHNSW *>(reinterpret_cast<const faiss::Index *>(index));
}

void look(epi__hnsw *view, const faiss::HNSW &hnsw) {
    view->neighbours = const_cast<int32_t *>(hnsw.neighbors.data());
    view->offsets = hnsw.offsets.data();
    view->levels = hnsw.levels.data();
    view->count = hnsw.levels.size();
    view->neighbour_count = hnsw.neighbors.size();
    view->entry = hnsw.entry_point;
    view->top_level = hnsw.max_level;
}

/* Room for `more` elements behind those there are, growing by half, so that many small steps cost as little as one. */
template <typename Vector> void make_room(Vector &vector, size_t more) {
    const size_t needed = vector.size() + more;
    if (needed <= vector.capacity()) return;
    const size_t grown = vector.capacity() + vector.capacity() / 2;
    vector.reserve(needed > grown ? needed : grown);
}

} // namespace

/* ---- the official C API, as much of it as is called ------------------------------------------------------------ */

#ifndef EPI_HAVE_FAISS_C

extern "C" const char *faiss_get_last_error(void) {
    return last_error;
}

extern "C" int faiss_index_factory(FaissIndex **index, int d, const char *description, FaissMetricType metric) {
    return guarded([&] {
        faiss::Index *made = faiss::index_factory(d, description, static_cast<faiss::MetricType>(metric));
        *index = reinterpret_cast<FaissIndex *>(made);
    });
}

extern "C" void faiss_Index_free(FaissIndex *index) {
    delete reinterpret_cast<faiss::Index *>(index);
}

extern "C" int faiss_write_index(const FaissIndex *index, FILE *file) {
    return guarded([&] { faiss::write_index(reinterpret_cast<const faiss::Index *>(index), file); });
}

extern "C" int faiss_read_index(FILE *file, int flags, FaissIndex **index) {
    return guarded([&] { *index = reinterpret_cast<FaissIndex *>(faiss::read_index(file, flags)); });
}

#endif

/* ---- the links of an HNSW graph -------------------------------------------------------------------------------- */

extern "C" int epi__hnsw_view(epi__hnsw *view, const FaissIndex *index) {
    return guarded([&] {
        const faiss::IndexHNSW *graph = graph_of(index);
        if (graph == nullptr) throw faiss::FaissException("the index is not an HNSW graph");
        const faiss::HNSW &hnsw = graph->hnsw;
        if (hnsw.offsets.size() != hnsw.levels.size() + 1 || hnsw.offsets.back() != hnsw.neighbors.size())
            throw faiss::FaissException("the tables of the HNSW graph contradict each other");
        look(view, hnsw);
    });
}

extern "C" int epi__hnsw_reserve(FaissIndex *index, size_t count) {
    return guarded([&] {
        faiss::HNSW &hnsw = graph_of(index)->hnsw;
        make_room(hnsw.levels, count);
        make_room(hnsw.offsets, count);
        make_room(hnsw.neighbors, count * static_cast<size_t>(hnsw.nb_neighbors(0)));
    });
}

extern "C" int epi__hnsw_append(epi__hnsw *view, FaissIndex *index, int level) {
    return guarded([&] {
        faiss::IndexHNSW *graph = graph_of(index);
        faiss::HNSW &hnsw = graph->hnsw;
        const size_t slots = static_cast<size_t>(hnsw.cum_nb_neighbors(level + 1));
        make_room(hnsw.levels, 1);
        make_room(hnsw.offsets, 1);
        make_room(hnsw.neighbors, slots); /* the last thing that can throw */
        hnsw.levels.push_back(level + 1);
        hnsw.prepare_level_tab(1, true);
        graph->ntotal++;
        look(view, hnsw);
    });
}

extern "C" void epi__hnsw_set_entry(epi__hnsw *view, FaissIndex *index, int32_t node) {
    faiss::HNSW &hnsw = graph_of(index)->hnsw;
    hnsw.entry_point = node;
    hnsw.max_level = hnsw.levels[static_cast<size_t>(node)] - 1;
    look(view, hnsw);
}

extern "C" int epi__hnsw_capacity(const FaissIndex *index, int level) {
    const faiss::HNSW &hnsw = graph_of(index)->hnsw;
    return level + 1 < static_cast<int>(hnsw.cum_nneighbor_per_level.size()) ? hnsw.nb_neighbors(level) : 0;
}
