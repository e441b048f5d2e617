/* mirror.c - mirrors of spaces, their snapshots, and look-ups in them; see mirror.h. */
#include "mirror.h"

#include <stdlib.h>

#include "append.h"
#include "columnar.h"
#include "extract.h"
#include "generation.h"
#include "salvage.h"

#define CATCH_UP_TRIES 3

/* ---- mirrors of a store ----------------------------------------------------------------------------------------- */

/* What the processes' opens of one store share. */
struct mirrors {
    epi__mirror *first;
    epi__map by_space; /* number -> mirror's address */
    epi__scratches scratches;
};

void epi__mirror_free(epi__mirror *mirror) {
    if (!mirror) return;
    if (mirror->traces_free) mirror->traces_free(mirror->traces);
    if (mirror->stories_free) mirror->stories_free(mirror->stories);
    epi__pending_free(mirror->pending);
    epi__columnar_free(mirror->columns);
    epi__free(mirror->runs);
    epi__free(mirror->marks);
    epi__map_dispose(&mirror->marks_at);
    epi__map_dispose(&mirror->verified);
    epi__map_dispose(&mirror->known);
    epi__recent_free(mirror->tail);
    epi__index_free(mirror->index);
    epi__index_free(mirror->building);
    epi__index_free(mirror->beside);
    epi__generations_free(mirror);
    epi__schema_copy_free(mirror->schema);
    epi__free(mirror->name);
    pthread_rwlock_destroy(&mirror->lock);
    epi__extractor_close(mirror);
    pthread_rwlock_destroy(&mirror->extractor_lock);
    pthread_mutex_destroy(&mirror->verified_mutex);
    pthread_mutex_destroy(&mirror->beside_mutex);
    pthread_mutex_destroy(&mirror->upkeep_mutex);
    pthread_mutex_destroy(&mirror->pending_mutex);
    pthread_mutex_destroy(&mirror->writes_mutex);
    pthread_cond_destroy(&mirror->written);
    epi__free(mirror);
}

static void mirrors_free(void *value) {
    struct mirrors *mirrors = value;
    for (epi__mirror *at = mirrors->first, *next; at; at = next) {
        next = at->next;
        epi__mirror_free(at);
    }
    epi__map_dispose(&mirrors->by_space);
    epi__scratches_dispose(&mirrors->scratches);
    epi__free(mirrors);
}

/* Under the store's lock. */
static struct mirrors *mirrors_of(epi__store *store) {
    epi__store_shared *shared = epi__store_shared_slot(store);
    if (shared->value) return shared->value;
    struct mirrors *mirrors = epi__alloc_zero(1, sizeof *mirrors);
    if (!mirrors) return NULL;
    epi__scratches_init(&mirrors->scratches);
    shared->value = mirrors;
    shared->free = mirrors_free;
    return mirrors;
}

/* Takes over `schema`, also on failure. */
static epi_status mirror_new(epi__mirror **made, epi__store *store, uint32_t space, const char *name,
                             epi__schema_copy *schema) {
    epi__mirror *mirror = epi__alloc_zero(1, sizeof *mirror);
    *made = NULL;
    if (!mirror) {
        epi__schema_copy_free(schema);
        return epi__fail_memory("memory", sizeof *mirror);
    }
    pthread_rwlock_init(&mirror->lock, NULL);
    pthread_rwlock_init(&mirror->extractor_lock, NULL);
    pthread_mutex_init(&mirror->verified_mutex, NULL);
    pthread_mutex_init(&mirror->beside_mutex, NULL);
    pthread_mutex_init(&mirror->upkeep_mutex, NULL);
    pthread_mutex_init(&mirror->pending_mutex, NULL);
    pthread_mutex_init(&mirror->writes_mutex, NULL);
    pthread_cond_init(&mirror->written, NULL);
    mirror->store = store;
    mirror->space = space;
    mirror->schema = schema;
    mirror->name = epi__alloc(strlen(name) + 1);
    epi_status status = mirror->name ? epi__recent_new(&mirror->tail) : epi__fail_memory("memory", strlen(name));
    if (!status) status = epi__columnar_new(&mirror->columns, mirror);
    if (!status) status = epi__generations_new(mirror);
    if (status) {
        epi__mirror_free(mirror);
        return status;
    }
    memcpy(mirror->name, name, strlen(name) + 1);
    *made = mirror;
    return EPI_OK;
}

static epi__mirror *find(const struct mirrors *mirrors, uint32_t space) {
    uint64_t address = 0;
    return epi__map_get(&mirrors->by_space, space, &address) ? (epi__mirror *)(uintptr_t)address : NULL;
}

/* Under the store's lock. Takes over `schema`, also on failure. */
static epi_status find_or_make(epi__mirror **mirror, epi__store *store, uint32_t space, const char *name,
                               epi__schema_copy *schema) {
    struct mirrors *mirrors = mirrors_of(store);
    *mirror = mirrors ? find(mirrors, space) : NULL;
    if (!mirrors || *mirror) {
        epi__schema_copy_free(schema);
        return mirrors ? EPI_OK : epi__fail_memory("memory", sizeof *mirrors);
    }
    EPI__TRY(mirror_new(mirror, store, space, name, schema));
    if (!epi__map_put(&mirrors->by_space, space, (uintptr_t)*mirror)) {
        epi__mirror_free(*mirror);
        *mirror = NULL;
        return epi__fail_memory("memory", sizeof **mirror);
    }
    (*mirror)->scratches = &mirrors->scratches;
    (*mirror)->next = mirrors->first;
    mirrors->first = *mirror;
    return EPI_OK;
}

epi_status epi__mirror_get(epi__mirror **mirror, epi__store *store, const char *name, const epi_schema *schema) {
    uint32_t space = 0;
    epi__schema_copy *copy = NULL;
    *mirror = NULL;
    if (schema) EPI__TRY(epi__columnar_schema_check(schema));
    EPI__TRY(epi__catalog_open(&space, &copy, store, name, schema));
    epi__store_lock(store);
    epi_status status = find_or_make(mirror, store, space, name, copy);
    epi__store_unlock(store);
    return status;
}

epi_status epi__mirror_salvage(epi__mirror **made, const epi__mirror *of, epi__salvage *salvage) {
    uint32_t space = 0;
    epi__schema_copy *copy = NULL;
    *made = NULL;
    EPI__TRY(epi__catalog_open(&space, &copy, of->store, of->name, NULL));
    EPI__TRY(mirror_new(made, of->store, space, of->name, copy));
    (*made)->scratches = of->scratches;
    (*made)->salvage = salvage;
    return EPI_OK;
}

epi__mirror *epi__mirrors_first(epi__store *store) {
    epi__store_lock(store);
    const struct mirrors *mirrors = epi__store_shared_slot(store)->value;
    epi__mirror *first = mirrors ? mirrors->first : NULL;
    epi__store_unlock(store);
    return first;
}

epi_status epi__mirrors_each(epi__store *store, epi_status (*visit)(epi__mirror *mirror)) {
    epi_status status = EPI_OK;
    for (epi__mirror *at = epi__mirrors_first(store); at; at = at->next) {
        epi_status one = visit(at);
        if (!status) status = one;
    }
    return status;
}

/* ---- snapshots -------------------------------------------------------------------------------------------------- */

static epi_status begin_read(epi__snapshot *snapshot) {
    EPI__TRY(epi__tx_begin(&snapshot->tx, snapshot->mirror->store, false));
    epi_status status = epi__state_read(&snapshot->state, snapshot->tx.txn, snapshot->mirror->space);
    if (status) epi__tx_abort(&snapshot->tx);
    return status;
}

/* Addresses in the map of a store do not hold in that of the next one. */
static bool has_addresses_of_another(const epi__mirror *mirror, const epi__tx *tx) {
    return mirror->columns && mirror->store_number != epi__tx_store_number(tx);
}

static bool is_current(const epi__snapshot *snapshot) {
    const epi__mirror *mirror = snapshot->mirror;
    return mirror->loaded && mirror->sequence == snapshot->state.sequence &&
           !has_addresses_of_another(mirror, &snapshot->tx);
}

epi_status epi__mirror_follow(epi__mirror *mirror, const epi__tx *tx, const epi__state *state) {
    bool anew = !mirror->loaded || has_addresses_of_another(mirror, tx);
    if (!anew && mirror->sequence == state->sequence) return EPI_OK;
    if (!mirror->columns) return epi__mirror_catch_up(mirror, tx->txn, state);
    epi_status status = epi__columnar_catch_up(mirror, tx->txn, state, anew);
    mirror->loaded = status == EPI_OK;
    if (status) return status;
    mirror->sequence = state->sequence;
    mirror->store_number = epi__tx_store_number(tx);
    return EPI_OK;
}

static epi_status begin_exclusive(epi__snapshot *snapshot, epi__mirror *mirror) {
    pthread_rwlock_wrlock(&mirror->lock);
    epi_status status = begin_read(snapshot);
    if (!status) status = epi__mirror_follow(mirror, &snapshot->tx, &snapshot->state);
    if (status) epi__snapshot_end(snapshot);
    return status;
}

epi_status epi__snapshot_begin_exclusive(epi__snapshot *snapshot, epi__mirror *mirror) {
    EPI__TRY(epi__pending_commit(mirror));
    return epi__snapshot_begin_exclusive_committed(snapshot, mirror);
}

epi_status epi__snapshot_begin_exclusive_committed(epi__snapshot *snapshot, epi__mirror *mirror) {
    *snapshot = (epi__snapshot){.mirror = mirror};
    return begin_exclusive(snapshot, mirror);
}

/* A busy writer may commit between catching up and looking again; the last try keeps the mirror to itself. */
epi_status epi__snapshot_begin_committed(epi__snapshot *snapshot, epi__mirror *mirror) {
    *snapshot = (epi__snapshot){.mirror = mirror};
    for (int i = 0; i < CATCH_UP_TRIES; i++) {
        pthread_rwlock_rdlock(&mirror->lock);
        epi_status status = begin_read(snapshot);
        if (!status && is_current(snapshot)) return EPI_OK;
        epi__snapshot_end(snapshot);
        EPI__TRY(status);
        EPI__TRY(begin_exclusive(snapshot, mirror));
        if (i + 1 < CATCH_UP_TRIES) epi__snapshot_end(snapshot);
    }
    return EPI_OK;
}

epi_status epi__snapshot_begin(epi__snapshot *snapshot, epi__mirror *mirror) {
    *snapshot = (epi__snapshot){.mirror = mirror};
    EPI__TRY(epi__pending_commit(mirror));
    return epi__snapshot_begin_committed(snapshot, mirror);
}

void epi__snapshot_end(epi__snapshot *snapshot) {
    epi__tx_abort(&snapshot->tx);
    pthread_rwlock_unlock(&snapshot->mirror->lock);
}

/* ---- look-ups --------------------------------------------------------------------------------------------------- */

/* Where a step's run would stand if runs came evenly. */
static size_t guess_run(const epi__mirror *mirror, uint64_t step) {
    const uint64_t first = mirror->runs[0].first, last = mirror->runs[mirror->run_count - 1].first;
    if (step >= last) return mirror->run_count - 1;
    return (size_t)((double)(step - first) / (double)(last - first) * (double)(mirror->run_count - 1));
}

/* Runs mostly do come nearly evenly, so the search begins there and takes steps that double until it is past, then
 * halves them: of many runs few are looked at. Never more than twice what halving alone would look at. */
const epi__run *epi__mirror_run(const epi__mirror *mirror, uint64_t step) {
    const epi__run *runs = mirror->runs;
    if (mirror->run_count == 0 || step < runs[0].first) return NULL;
    size_t low = guess_run(mirror, step), high = low + 1, stride = 1;
    for (; low > 0 && runs[low].first > step; stride *= 2) {
        high = low;
        low -= EPI__MIN(stride, low);
    }
    for (; high < mirror->run_count && runs[high].first <= step; stride *= 2) {
        low = high;
        high += EPI__MIN(stride, mirror->run_count - high);
    }
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (runs[middle].first <= step) low = middle;
        else high = middle;
    }
    return step - runs[low].first < runs[low].count ? &runs[low] : NULL;
}

uint64_t epi__mirror_neighbour(const epi__mirror *mirror, uint64_t step, int distance) {
    const epi__run *run = epi__mirror_run(mirror, step);
    while (run && distance != 0) {
        int64_t place = (int64_t)(step - run->first) + distance;
        if (place >= 0 && place < (int64_t)run->count) return run->first + (uint64_t)place;
        if (place < 0) {
            run = run->previous ? epi__mirror_run(mirror, run->previous) : NULL;
            distance = (int)place + 1;
            if (run) step = run->first + run->count - 1;
        } else {
            distance = (int)(place - (int64_t)run->count);
            run = run->next ? epi__mirror_run(mirror, run->next) : NULL;
            if (run) step = run->first;
        }
        if (run && distance == 0) return step;
    }
    return run ? step : 0;
}

const epi__mark *epi__mirror_mark(const epi__mirror *mirror, uint64_t step) {
    uint64_t at = 0;
    return mirror->mark_count && epi__map_get(&mirror->marks_at, step, &at) ? &mirror->marks[at] : NULL;
}
