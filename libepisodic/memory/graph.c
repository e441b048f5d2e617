/* graph.c - building a space's vector graph while everybody goes on.
 *
 * Where a complete index is there, what waits in its tail goes into its graph, some at a time under the mirror's lock.
 * Where there is none, or too much of it is removed, a new one is built beside it: portion by portion, each read in a
 * snapshot of its own that is gone before the graph work begins, so that neither readers nor the store's free pages
 * wait. When all chunks are in, the mirror adopts it, and the journal since the first portion brings it up to date.
 */
#include "graph.h"

#include "vectors.h"

#define ABSORB_COUNT 32u    /* vectors put into the serving graph before readers get their turn */
#define PORTION_COUNT 4096u /* vectors read in one snapshot, about */

static bool in_time(uint64_t until) {
    return until == 0 || epi__clock_monotonic_us() < until;
}

/* ---- a new index ------------------------------------------------------------------------------------------------- */

struct portion {
    epi__mirror *mirror;
    uint32_t dimension;
    size_t taken;
    bool more;
};

static epi_status take_one(void *context, uint64_t step, const float *vector) {
    struct portion *portion = context;
    epi__index *building = portion->mirror->building;
    if (epi__index_contains(building, step)) return EPI_OK;
    portion->taken++;
    return epi__index_add(building, &step, vector, 1);
}

static epi_status take_chunk(void *context, uint64_t first, const uint8_t *present, const float *vectors,
                             uint32_t capacity) {
    struct portion *portion = context;
    portion->more = portion->taken >= PORTION_COUNT;
    if (portion->more) return EPI_EDONE;
    for (uint32_t i = 0; i < capacity; i++)
        if (present[i / 8] >> (i % 8) & 1)
            EPI__TRY(take_one(portion, first + i, vectors + (size_t)i * portion->dimension));
    portion->mirror->building_next = first + capacity;
    return EPI_OK;
}

/* What is in the tail now is taken at once: later it may be sealed into chunks that were passed already. */
static epi_status begin_building(struct portion *portion, epi__snapshot *snapshot) {
    epi__mirror *mirror = portion->mirror;
    EPI__TRY(epi__mirror_index_new(&mirror->building, mirror, &snapshot->state));
    mirror->building_generation = snapshot->state.generation;
    mirror->building_sequence = snapshot->state.sequence;
    mirror->building_next = 0;
    return epi__vectors_scan_tail(mirror, snapshot->tx.txn, &snapshot->state, take_one, portion);
}

static epi_status read_portion(bool *more, epi__mirror *mirror) {
    epi__snapshot snapshot;
    struct portion portion = {.mirror = mirror};
    EPI__TRY(epi__snapshot_begin(&snapshot, mirror));
    portion.dimension = (uint32_t)snapshot.state.dimension;
    if (mirror->building && mirror->building_generation != snapshot.state.generation) { /* made of what is gone */
        epi__index_free(mirror->building);
        mirror->building = NULL;
    }
    epi_status status = mirror->building ? EPI_OK : begin_building(&portion, &snapshot);
    if (!status)
        status = epi__vectors_scan(mirror, snapshot.tx.txn, &snapshot.state, mirror->building_next, take_chunk,
                                   &portion);
    epi__snapshot_end(&snapshot);
    *more = portion.more;
    return status;
}

static epi_status absorb_building(uint64_t *indexed, epi__mirror *mirror, uint64_t until) {
    size_t absorbed = 0;
    do { /* at least some, so that calls with however small a limit come to an end */
        EPI__TRY(epi__index_absorb(&absorbed, mirror->building, ABSORB_COUNT));
        *indexed += absorbed;
    } while (absorbed > 0 && in_time(until));
    return EPI_OK;
}

static epi_status adopt(epi__mirror *mirror) {
    epi__snapshot snapshot;
    EPI__TRY(epi__snapshot_begin_exclusive(&snapshot, mirror));
    epi__index *built = mirror->building;
    mirror->building = NULL;
    epi_status status = EPI_OK;
    if (mirror->building_generation == snapshot.state.generation)
        status = epi__mirror_adopt_index(mirror, snapshot.tx.txn, &snapshot.state, built, mirror->building_sequence);
    else
        epi__index_free(built);
    epi__snapshot_end(&snapshot);
    return status;
}

static epi_status build_portion(bool *more, uint64_t *indexed, epi__mirror *mirror, uint64_t until) {
    bool waiting = mirror->building && epi__index_tail_count(mirror->building) > 0;
    *more = true;
    if (!waiting) EPI__TRY(read_portion(more, mirror)); /* a call that was cut short left some to absorb first */
    return absorb_building(indexed, mirror, until);
}

static epi_status build_anew(uint64_t *indexed, epi__mirror *mirror, uint64_t until) {
    bool more = true;
    do {
        epi_status status = build_portion(&more, indexed, mirror, until);
        if (!status) continue;
        epi__index_free(mirror->building);
        mirror->building = NULL;
        return status;
    } while (more && in_time(until));
    return more ? EPI_OK : adopt(mirror);
}

/* ---- the index that serves --------------------------------------------------------------------------------------- */

static epi_status needs_new(bool *needs, epi__mirror *mirror) {
    epi__snapshot snapshot;
    EPI__TRY(epi__snapshot_begin(&snapshot, mirror));
    *needs = mirror->index && (!mirror->index_complete || mirror->building || epi__index_wants_rebuild(mirror->index));
    epi__snapshot_end(&snapshot);
    return EPI_OK;
}

static epi_status absorb_serving(bool *done, uint64_t *indexed, epi__mirror *mirror, uint64_t until) {
    do {
        size_t absorbed = 0;
        pthread_rwlock_wrlock(&mirror->lock);
        epi_status status = EPI_OK;
        if (mirror->index_complete) status = epi__index_absorb(&absorbed, mirror->index, ABSORB_COUNT);
        pthread_rwlock_unlock(&mirror->lock);
        EPI__TRY(status);
        *indexed += absorbed;
        *done = absorbed == 0;
    } while (!*done && in_time(until));
    return EPI_OK;
}

static epi_status save(epi__mirror *mirror) {
    epi__snapshot snapshot;
    EPI__TRY(epi__snapshot_begin(&snapshot, mirror));
    epi_status status = mirror->index_complete ? epi__mirror_index_save(mirror, &snapshot.state) : EPI_OK;
    epi__snapshot_end(&snapshot);
    return status == EPI_EBUSY ? EPI_OK : status; /* another process is saving the same */
}

static epi_status build(uint64_t *indexed, bool *complete, epi__mirror *mirror, uint64_t until) {
    bool needs = false, done = false;
    EPI__TRY(needs_new(&needs, mirror));
    if (needs) EPI__TRY(build_anew(indexed, mirror, until));
    if (!mirror->building) EPI__TRY(absorb_serving(&done, indexed, mirror, until));
    *complete = *complete && done;
    if (!done || epi__store_options(mirror->store)->read_only) return EPI_OK;
    return *indexed > 0 || !epi__mirror_cache_exists(mirror) ? save(mirror) : EPI_OK;
}

epi_status epi__graph_build(uint64_t *indexed, bool *complete, epi__mirror *mirror, uint64_t until) {
    pthread_mutex_lock(&mirror->upkeep_mutex);
    epi_status status = build(indexed, complete, mirror, until);
    pthread_mutex_unlock(&mirror->upkeep_mutex);
    return status;
}
