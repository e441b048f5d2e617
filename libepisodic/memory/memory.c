/* memory.c - the public face of memories and spaces: opening, closing, listing, dropping, statistics. */
#include "handle.h"

#include "append.h"
#include "columnar.h"
#include "embed.h"
#include "worth.h"
#include "profile.h"

#define MODULE "memory"

epi_status epi__memory_check_handle(const epi_memory *memory) {
    if (!memory) return epi__fail(EPI_EINVAL, MODULE, "the memory handle was NULL");
    if (atomic_load(&memory->closed)) return epi__fail(EPI_ECLOSED, MODULE, "the memory was closed");
    return epi__store_check(memory->store); /* before any lock, which may have been held at the fork */
}

epi_status epi__space_check_handle(const epi_space *space) {
    if (!space) return epi__fail(EPI_EINVAL, MODULE, "the space handle was NULL");
    if (atomic_load(&space->closed)) return epi__fail(EPI_ECLOSED, MODULE, "the space was closed");
    return epi__memory_check_handle(space->memory);
}

/* ---- memories --------------------------------------------------------------------------------------------------- */

epi_status epi_memory_open(epi_memory **memory, const char *path, const epi_memory_options *options) {
    if (!memory) return epi__fail(EPI_EINVAL, MODULE, "memory was NULL");
    *memory = NULL;
    if (!path || !path[0]) return epi__fail(EPI_EINVAL, MODULE, "the path was empty");
    epi_memory_options defaults = epi_memory_options_default();
    epi_memory *opened = epi__alloc_zero(1, sizeof *opened);
    if (!opened) return epi__fail_memory(MODULE, sizeof *opened);
    epi_status status = epi__store_open(&opened->store, path, options ? options : &defaults);
    if (status) {
        epi__free(opened);
        return status;
    }
    atomic_init(&opened->references, 1);
    *memory = opened;
    return EPI_OK;
}

static void memory_release(epi_memory *memory) {
    if (atomic_fetch_sub(&memory->references, 1) != 1) return;
    (void)epi__store_close(memory->store);
    epi__free(memory);
}

epi_status epi_memory_close(epi_memory *memory) {
    if (!memory) return EPI_OK;
    atomic_store(&memory->closed, true); /* first, so that nothing joins what is committed now */
    epi_status status = epi__store_check(memory->store); /* before any lock, which may have been held at the fork */
    if (!status) status = epi__mirrors_each(memory->store, epi__pending_sync);
    memory_release(memory);
    return status;
}

static epi_status add_sequence(uint64_t *sum, epi__store *store) {
    epi__mirror *first = epi__mirrors_first(store);
    epi__tx tx;
    EPI__TRY(epi__tx_begin(&tx, store, false));
    for (epi__mirror *at = first; at; at = at->next) {
        epi__state state;
        if (epi__state_read(&state, tx.txn, at->space) == EPI_OK) *sum += state.sequence;
    }
    epi__tx_abort(&tx);
    return EPI_OK;
}

epi_status epi_sync(uint64_t *sequence, epi_memory *memory) {
    if (sequence) *sequence = 0;
    EPI__TRY(epi__memory_check_handle(memory));
    EPI__TRY(epi__mirrors_each(memory->store, epi__pending_sync));
    return sequence ? add_sequence(sequence, memory->store) : EPI_OK;
}

static bool count_space(void *context, const char *name, uint32_t space) {
    (void)name, (void)space;
    ++*(uint64_t *)context;
    return true;
}

epi_status epi_memory_stats_read(epi_memory_stats *stats, epi_memory *memory) {
    if (!stats) return epi__fail(EPI_EINVAL, MODULE, "stats was NULL");
    memset(stats, 0, sizeof *stats);
    EPI__TRY(epi__memory_check_handle(memory));
    EPI__TRY(epi__store_stats(stats, memory->store));
    return epi__catalog_list(memory->store, count_space, &stats->spaces);
}

epi_status epi_memory_compact(epi_memory *memory) {
    EPI__TRY(epi__memory_check_handle(memory));
    EPI__TRY(epi__mirrors_each(memory->store, epi__pending_sync));
    return epi__store_compact(memory->store);
}

/* ---- spaces ----------------------------------------------------------------------------------------------------- */

epi_status epi_space_open(epi_space **space, epi_memory *memory, const char *name, const epi_schema *schema) {
    if (!space) return epi__fail(EPI_EINVAL, MODULE, "space was NULL");
    *space = NULL;
    EPI__TRY(epi__memory_check_handle(memory));
    epi_space *opened = epi__alloc_zero(1, sizeof *opened);
    if (!opened) return epi__fail_memory(MODULE, sizeof *opened);
    epi_status status = epi__mirror_get(&opened->mirror, memory->store, name, schema);
    if (status) {
        epi__free(opened);
        return status;
    }
    atomic_init(&opened->references, 1);
    atomic_fetch_add(&memory->references, 1);
    opened->memory = memory;
    *space = opened;
    return EPI_OK;
}

void epi__space_release(epi_space *space) {
    if (atomic_fetch_sub(&space->references, 1) != 1) return;
    memory_release(space->memory);
    epi__free(space);
}

void epi_space_close(epi_space *space) {
    if (!space) return;
    atomic_store(&space->closed, true);
    epi__space_release(space);
}

const char *epi_space_name(const epi_space *space) {
    return space ? space->mirror->name : "";
}

const epi_schema *epi_space_schema(const epi_space *space) {
    return space ? &space->mirror->schema->schema : NULL;
}

struct listing {
    bool (*visit)(void *context, const char *name);
    void *context;
};

static bool list_one(void *context, const char *name, uint32_t space) {
    struct listing *listing = context;
    (void)space;
    return listing->visit(listing->context, name);
}

epi_status epi_space_list(epi_memory *memory, bool (*visit)(void *context, const char *name), void *context) {
    EPI__TRY(epi__memory_check_handle(memory));
    if (!visit) return epi__fail(EPI_EINVAL, MODULE, "visit was NULL");
    struct listing listing = {visit, context};
    return epi__catalog_list(memory->store, list_one, &listing);
}

epi_status epi_space_drop(epi_memory *memory, const char *name) {
    uint32_t space = 0;
    EPI__TRY(epi__memory_check_handle(memory));
    EPI__TRY(epi__catalog_drop(&space, memory->store, name));
    epi__cache_drop_all(memory->store, space);
    return EPI_OK;
}

static epi_time unbiased(uint64_t time) {
    return time ? (epi_time)(time ^ (1ull << 63)) : EPI_TIME_NONE;
}

epi_status epi_space_stats_read(epi_space_stats *stats, epi_space *space) {
    if (!stats) return epi__fail(EPI_EINVAL, MODULE, "stats was NULL");
    memset(stats, 0, sizeof *stats);
    EPI__TRY(epi__space_check_handle(space));
    epi__snapshot snapshot;
    EPI__TRY(epi__snapshot_begin(&snapshot, space->mirror));
    const epi__state *state = &snapshot.state;
    epi__index *index = space->mirror->index;
    *stats = (epi_space_stats){
        .sequence = state->sequence,
        .episodes = epi__state_count(state, EPI__TABLE_EPISODE),
        .steps = epi__state_count(state, EPI__TABLE_STEP),
        .forgotten = state->forgotten,
        .superseded = state->superseded,
        .components = epi__state_count(state, EPI__TABLE_COMPONENT),
        .component_size = state->component_size,
        .shared = epi__state_count(state, EPI__TABLE_SHARE),
        .terms = epi__state_count(state, EPI__TABLE_TERM),
        .words = state->words / 4,
        .vectors = state->vectors,
        .dimension = state->dimension,
        .generation = state->generation,
        .building = state->building,
        .vector_worth = epi__worth_of(state),
        .unsealed = epi__state_count(state, EPI__TABLE_TAIL),
        .indexed = index ? epi__index_count(index) - epi__index_tail_count(index) : 0,
        .journal = epi__state_count(state, EPI__TABLE_JOURNAL),
        .first_event = unbiased(state->first_event),
        .last_event = unbiased(state->last_event),
        .questions = state->questions,
        .user_steps = state->user_steps,
        .assistant_steps = state->assistant_steps,
        .profile_set = state->profile != EPI_PROFILE_AUTO,
    };
    stats->profile = epi__profile_choose(stats->profile_reason, state);
    if (space->mirror->columns) epi__columnar_stats(stats, state);
    epi_status status = epi__embed_left(stats, snapshot.tx.txn, space->mirror->space, state);
    epi__snapshot_end(&snapshot);
    return status;
}
