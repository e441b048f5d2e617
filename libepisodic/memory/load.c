/* load.c - bringing a mirror to the state of a transaction: from the journal where it reaches, else from the tables.
 *
 * Every change is applied by reading what the store has now, so applying one twice, or out of date, does no harm.
 */
#include <stdlib.h>

#include "beside.h"
#include "generation.h"
#include "salvage.h"
#include "vectors.h"

#define JOURNAL_STEPS_MAX 4096u /* further behind than this, loading anew is quicker */

struct loader {
    epi__mirror *mirror;
    epi__txn *txn;
    const epi__state *state;
    float *vector; /* one */
};

/* ---- runs ------------------------------------------------------------------------------------------------------- */

static bool reserve(void **items, size_t *capacity, size_t count, size_t size) {
    if (count < *capacity) return true;
    size_t more = *capacity ? *capacity * 2 : 64;
    void *grown = epi__realloc(*items, more, size);
    if (!grown) return false;
    *items = grown;
    *capacity = more;
    return true;
}

static size_t run_place(const epi__mirror *mirror, uint64_t first) {
    size_t low = 0, high = mirror->run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (mirror->runs[middle].first < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void link_previous(epi__mirror *mirror, uint64_t previous, uint64_t next) {
    size_t at = run_place(mirror, previous);
    if (previous && at < mirror->run_count && mirror->runs[at].first == previous) mirror->runs[at].next = next;
}

static epi_status run_put(epi__mirror *mirror, const epi__run *run) {
    size_t at = run_place(mirror, run->first);
    bool known = at < mirror->run_count && mirror->runs[at].first == run->first;
    uint64_t next = known ? mirror->runs[at].next : 0;
    if (!known) {
        void *runs = mirror->runs;
        bool ok = reserve(&runs, &mirror->run_capacity, mirror->run_count, sizeof *run);
        mirror->runs = runs;
        if (!ok) return epi__fail_memory("memory", sizeof *run);
        memmove(mirror->runs + at + 1, mirror->runs + at, (mirror->run_count++ - at) * sizeof *run);
    }
    mirror->runs[at] = *run;
    mirror->runs[at].next = next;
    link_previous(mirror, run->previous, run->first);
    return EPI_OK;
}

static void run_remove(epi__mirror *mirror, uint64_t first) {
    size_t at = run_place(mirror, first);
    if (at >= mirror->run_count || mirror->runs[at].first != first) return;
    link_previous(mirror, mirror->runs[at].previous, 0);
    memmove(mirror->runs + at, mirror->runs + at + 1, (--mirror->run_count - at) * sizeof *mirror->runs);
}

static epi_status refresh_run(struct loader *loader, uint64_t first) {
    epi__key key;
    epi__view body;
    epi__run run;
    epi__key_of_u64(&key, loader->mirror->space, EPI__TABLE_RUN, first);
    epi_status status = epi__record_get(&body, loader->txn, &key);
    if (status == EPI_ENOTFOUND) {
        run_remove(loader->mirror, first);
        return EPI_OK;
    }
    if (!status) status = epi__run_decode(&run, first, body);
    return status ? status : run_put(loader->mirror, &run);
}

/* ---- marks ------------------------------------------------------------------------------------------------------ */

static void mark_drop(epi__mirror *mirror, uint64_t step) {
    uint64_t at = 0;
    if (!epi__map_get(&mirror->marks_at, step, &at)) return;
    (void)epi__map_remove(&mirror->marks_at, step);
    mirror->marks[at].superseded_by = mirror->mark_free;
    mirror->mark_free = at + 1;
}

/* A place for a new mark: one that was left, or one behind the last. */
static bool mark_place(uint64_t *at, epi__mirror *mirror) {
    void *marks = mirror->marks;
    *at = mirror->mark_free ? mirror->mark_free - 1 : mirror->mark_count;
    bool ok = mirror->mark_free || reserve(&marks, &mirror->mark_capacity, mirror->mark_count, sizeof *mirror->marks);
    mirror->marks = marks;
    return ok;
}

static epi_status mark_put(epi__mirror *mirror, uint64_t step, epi__mark *mark) {
    uint64_t at = 0;
    mark->corrections = (epi__view){0}; /* borrowed from the store, and nothing that a reader asks for */
    if (epi__map_get(&mirror->marks_at, step, &at)) {
        mirror->marks[at] = *mark;
        return EPI_OK;
    }
    if (!mark_place(&at, mirror) || !epi__map_put(&mirror->marks_at, step, at))
        return epi__fail_memory("memory", sizeof *mark);
    if (at == mirror->mark_count)
        mirror->mark_count++;
    else
        mirror->mark_free = (size_t)mirror->marks[at].superseded_by;
    mirror->marks[at] = *mark;
    return EPI_OK;
}

static epi_status refresh_mark(struct loader *loader, uint64_t step) {
    epi__key key;
    epi__view body;
    epi__mark mark;
    epi__key_of_u64(&key, loader->mirror->space, EPI__TABLE_MARK, step);
    epi_status status = epi__record_get(&body, loader->txn, &key);
    if (status == EPI_ENOTFOUND) {
        mark_drop(loader->mirror, step);
        return EPI_OK;
    }
    if (!status) status = epi__mark_decode(&mark, body);
    return status ? status : mark_put(loader->mirror, step, &mark);
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

/* Past the bound the flat index would only cost memory: it is emptied, and exact search over the store serves. */
static epi_status index_overflow(struct loader *loader) {
    epi__mirror *mirror = loader->mirror;
    epi__index_free(mirror->index);
    mirror->index = NULL;
    mirror->index_complete = false;
    return epi__mirror_index_new(&mirror->index, mirror, loader->state);
}

static epi_status add_vector(struct loader *loader, uint64_t step) {
    epi__mirror *mirror = loader->mirror;
    if (!mirror->index || !mirror->index_complete || mirror->generation != loader->state->generation) return EPI_OK;
    if (epi__index_contains(mirror->index, step)) return EPI_OK;
    size_t waiting = epi__index_tail_count(mirror->index), graph = epi__index_count(mirror->index) - waiting;
    if (waiting >= EPI__MAX((size_t)EPI__FLAT_COUNT_MAX, graph / 4)) return index_overflow(loader);
    epi_status status = epi__vectors_get(loader->vector, mirror, loader->txn, loader->state, step);
    if (status == EPI_ENOTFOUND) return EPI_OK;
    return status ? status : epi__index_add(mirror->index, &step, loader->vector, 1);
}

static epi_status add_step(struct loader *loader, uint64_t step) {
    epi__key key;
    epi__view body, document, vector;
    epi__key_of_u64(&key, loader->mirror->space, EPI__TABLE_TAIL, step);
    epi_status status = epi__record_get(&body, loader->txn, &key);
    if (!status) status = epi__tail_record_decode(&document, &vector, body);
    if (!status && document.size > 0) status = epi__recent_add(loader->mirror->tail, step, document);
    if (status && status != EPI_ENOTFOUND) return status; /* sealed since, or it has neither words nor a vector */
    EPI__TRY(epi__beside_add(loader->mirror, loader->txn, step));
    return add_vector(loader, step);
}

static epi_status load_tail(struct loader *loader) {
    epi__scan scan = {0};
    epi__view key, body, document, vector;
    epi__recent_clear(loader->mirror->tail);
    epi_status status = epi__scan_table(&scan, loader->txn, loader->mirror->space, EPI__TABLE_TAIL);
    while (!status && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK) {
        status = epi__tail_record_decode(&document, &vector, body);
        if (!status && document.size > 0) status = epi__recent_add(loader->mirror->tail, epi__key_id(key), document);
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

static epi_status after_seal(struct loader *loader) {
    epi__map_clear(&loader->mirror->verified);
    return load_tail(loader);
}

/* What is removed before it is sealed takes room in the tail's index until that is filled anew. */
static epi_status remove_step(struct loader *loader, uint64_t step) {
    epi__mirror *mirror = loader->mirror;
    epi__recent_remove(mirror->tail, step);
    if (epi__recent_removed(mirror->tail) >= EPI__SEAL_COUNT) EPI__TRY(load_tail(loader));
    mark_drop(mirror, step);
    epi__map_clear(&mirror->verified); /* its vector's chunk was rewritten */
    EPI__TRY(epi__beside_remove(mirror, step));
    return mirror->index ? epi__index_remove(mirror->index, step) : EPI_OK;
}

static epi_status load_index(struct loader *loader);

/* A vector that was made late; its chunk was rewritten. */
static epi_status after_embed(struct loader *loader, uint64_t step) {
    epi__map_clear(&loader->mirror->verified);
    return add_vector(loader, step);
}

/* Another generation serves: nothing that was derived from the one before may be compared with it. */
static epi_status after_switch(struct loader *loader) {
    epi__generation_forget(loader->mirror);
    return loader->mirror->generation == loader->state->generation ? EPI_OK : load_index(loader);
}

/* Graphs keep the rows of removed vectors: this one is made anew, and its file goes. */
static epi_status after_purge(struct loader *loader) {
    epi__cache_drop(loader->mirror->store, loader->mirror->space);
    epi__beside_drop(loader->mirror);
    return load_index(loader);
}

/* ---- the journal ------------------------------------------------------------------------------------------------ */

static epi_status apply(void *context, uint64_t sequence, epi__change_kind kind, uint64_t a, uint64_t b) {
    struct loader *loader = context;
    (void)sequence;
    switch (kind) {
    case EPI__CHANGE_ADD:
        if (a >= loader->state->next_step || b > loader->state->next_step - a)
            return epi__fail(EPI_EDAMAGED, "memory", "the journal adds steps that were never given out");
        for (uint64_t i = 0; i < b; i++) EPI__TRY(add_step(loader, a + i));
        return EPI_OK;
    case EPI__CHANGE_RUN: return refresh_run(loader, a);
    case EPI__CHANGE_MARK: return refresh_mark(loader, a);
    case EPI__CHANGE_REMOVE: return remove_step(loader, a);
    case EPI__CHANGE_SEAL: return after_seal(loader);
    case EPI__CHANGE_EPISODE:
    case EPI__CHANGE_CHUNK: /* of columnar spaces, which have a loader of their own */
    case EPI__CHANGE_ROWS:
    case EPI__CHANGE_GONE: return EPI_OK;
    case EPI__CHANGE_PURGE: return after_purge(loader);
    case EPI__CHANGE_EMBED: return after_embed(loader, a);
    case EPI__CHANGE_GENERATION: return after_switch(loader);
    }
    return EPI_OK; /* a kind of a newer release: what it derives is not ours */
}

/* ---- loading anew ----------------------------------------------------------------------------------------------- */

static epi_status load_runs(struct loader *loader) {
    epi__mirror *mirror = loader->mirror;
    epi__scan scan = {0};
    epi__view key, body;
    epi__run run;
    mirror->run_count = 0;
    epi_status status = epi__scan_table(&scan, loader->txn, mirror->space, EPI__TABLE_RUN);
    while (!status && (status = epi__salvage_next(&key, &body, &scan, mirror)) == EPI_OK) {
        if (!body.data) continue;
        status = epi__run_decode(&run, epi__key_id(key), body);
        if (!status) status = run_put(mirror, &run);
    }
    /* A run may continue one that begins behind it: handles take their ids from ranges of their own. */
    for (size_t i = 0; i < mirror->run_count; i++)
        link_previous(mirror, mirror->runs[i].previous, mirror->runs[i].first);
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

/* For salvage, where the table cannot be walked: what was taken back must not be shown again. */
static epi_status look_up_marks(struct loader *loader) {
    epi__salvage *salvage = loader->mirror->salvage;
    if (!salvage || !salvage->cut) return EPI_OK;
    for (uint64_t step = 1; step < loader->state->next_step; step++) {
        epi__mark forgotten = {0};
        epi_status status = refresh_mark(loader, step);
        EPI__TRY(status == EPI_EDAMAGED ? mark_put(loader->mirror, step, &forgotten) : status);
    }
    return EPI_OK;
}

static epi_status load_marks(struct loader *loader) {
    epi__mirror *mirror = loader->mirror;
    epi__scan scan = {0};
    epi__view key, body;
    epi__mark mark;
    mirror->mark_count = mirror->mark_free = 0;
    epi__map_clear(&mirror->marks_at);
    if (mirror->salvage) mirror->salvage->cut = false;
    epi_status status = epi__scan_table(&scan, loader->txn, mirror->space, EPI__TABLE_MARK);
    while (!status && (status = epi__salvage_next(&key, &body, &scan, mirror)) == EPI_OK) {
        mark = (epi__mark){0}; /* of one that is damaged: forgotten, for what was taken back must not be shown again */
        if (body.data) status = epi__mark_decode(&mark, body);
        if (!status) status = mark_put(mirror, epi__key_id(key), &mark);
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? look_up_marks(loader) : status;
}

/* What the journal says since the cache file was saved, for the index alone. */
static epi_status apply_to_index(void *context, uint64_t sequence, epi__change_kind kind, uint64_t a, uint64_t b) {
    struct loader *loader = context;
    (void)sequence;
    if (kind == EPI__CHANGE_REMOVE) return epi__index_remove(loader->mirror->index, a);
    if (kind == EPI__CHANGE_PURGE) return EPI_ESTALE; /* it may have rows of what was purged */
    if (kind == EPI__CHANGE_EMBED) return add_vector(loader, a);
    for (uint64_t i = 0; kind == EPI__CHANGE_ADD && i < b; i++) EPI__TRY(add_vector(loader, a + i));
    return EPI_OK;
}

/* Makes `index`, which reflects the changes up to `sequence`, the mirror's, and brings it up to date by the journal.
 * EPI_ESTALE: the journal does not reach back, or something was purged since. Takes the index over in any case. */
static epi_status adopt(struct loader *loader, epi__index *index, uint64_t sequence) {
    epi__mirror *mirror = loader->mirror;
    epi__index_free(mirror->index);
    mirror->index = index;
    mirror->index_complete = true;
    epi_status status = sequence > loader->state->sequence
                            ? EPI_ESTALE
                            : epi__journal_read(loader->txn, mirror->space, sequence, loader->state->sequence,
                                                apply_to_index, loader);
    if (status == EPI_OK) return EPI_OK;
    epi_status emptied = index_overflow(loader);
    return emptied ? emptied : status;
}

/* The saved graph. EPI_ENOTFOUND: none that can be used. */
static epi_status load_cache(struct loader *loader) {
    epi__mirror *mirror = loader->mirror;
    epi__index_stamp stamp = {0};
    epi__index *loaded = NULL;
    epi_status status = epi__mirror_index_load(&loaded, &stamp, mirror, loader->state);
    if (status == EPI_EDAMAGED || status == EPI_EMISMATCH)
        epi__store_log(mirror->store, "space \"%s\": the saved vector index was dropped: %s", mirror->name,
                       epi_error_last()->message);
    if (status == EPI_ENOMEM) return status;
    if (!status) status = adopt(loader, loaded, stamp.sequence);
    if (status == EPI_OK || status == EPI_ENOMEM) return status;
    return EPI_ENOTFOUND;
}

static epi_status load_index(struct loader *loader) {
    epi__mirror *mirror = loader->mirror;
    epi__map_clear(&mirror->verified);
    mirror->generation = loader->state->generation;
    epi_status status = loader->state->dimension ? load_cache(loader) : EPI_ENOTFOUND;
    if (status != EPI_ENOTFOUND) return status;
    epi__index_free(mirror->index);
    mirror->index = NULL;
    mirror->index_complete = false;
    if (loader->state->dimension == 0) return EPI_OK;
    EPI__TRY(epi__mirror_index_new(&mirror->index, mirror, loader->state));
    mirror->index_complete = loader->state->vectors <= EPI__FLAT_COUNT_MAX;
    if (!mirror->index_complete) return EPI_OK;
    return epi__mirror_index_fill(mirror->index, mirror, loader->txn, loader->state);
}

static epi_status load_all(struct loader *loader) {
    epi__beside_drop(loader->mirror);
    EPI__TRY(load_runs(loader));
    EPI__TRY(load_marks(loader));
    if (loader->mirror->salvage) return EPI_OK;
    EPI__TRY(load_tail(loader));
    return load_index(loader);
}

static epi_status loader_begin(struct loader *loader, epi__mirror *mirror, epi__txn *txn, const epi__state *state) {
    size_t dimension = (size_t)state->dimension;
    *loader = (struct loader){mirror, txn, state, epi__realloc(NULL, dimension + 1, sizeof(float))};
    return loader->vector ? EPI_OK : epi__fail_memory("memory", dimension * sizeof(float));
}

epi_status epi__mirror_adopt_index(epi__mirror *mirror, epi__txn *txn, const epi__state *state, epi__index *index,
                                   uint64_t sequence) {
    struct loader loader;
    epi_status status = loader_begin(&loader, mirror, txn, state);
    if (status) {
        epi__index_free(index);
        return status;
    }
    status = adopt(&loader, index, sequence);
    epi__free(loader.vector);
    return status == EPI_ESTALE ? EPI_OK : status;
}

epi_status epi__mirror_catch_up(epi__mirror *mirror, epi__txn *txn, const epi__state *state) {
    struct loader loader;
    EPI__TRY(loader_begin(&loader, mirror, txn, state));
    epi_status status = EPI_ESTALE;
    if (mirror->loaded && state->sequence >= mirror->sequence &&
        state->sequence - mirror->sequence <= JOURNAL_STEPS_MAX)
        status = epi__journal_read(txn, mirror->space, mirror->sequence, state->sequence, apply, &loader);
    if (status == EPI_ESTALE) status = load_all(&loader);
    mirror->loaded = status == EPI_OK; /* a half-applied journal is made good by loading anew */
    if (!status) mirror->sequence = state->sequence;
    epi__free(loader.vector);
    return status;
}
