/* traces.c - reading steps into arrays, and following the journal; see traces.h. The only file of imagining that knows
 * how transitions are stored.
 *
 * Loading scans the rows once, in order of id. After that the journal says which steps came and went; each is looked up
 * in the store as it is now, so applying a change twice, or out of date, does no harm.
 */
#include "traces.h"

#include "../memory/filter.h"
#include "../store/component.h"
#include "neighbours.h"
#include "reports.h"

#define MODULE "imagine"
#define GONE_MIN 4096u /* rows gone before it is worth loading anew to be rid of them */

struct roles {
    int observation, action, reward, terminated, truncated; /* places in the schema; -1: none */
};

struct loader {
    epi__traces *traces;
    epi__snapshot *snapshot;
    struct roles roles;
};

static struct roles roles_of(const epi_schema *schema) {
    struct roles found = {-1, -1, -1, -1, -1};
    for (size_t i = 0; i < schema->role_count; i++) {
        const epi_role *role = &schema->roles[i];
        if (role->type != EPI_TENSOR) continue;
        if (role->flags & EPI_ROLE_VECTOR) found.observation = (int)i;
        if (strcmp(role->name, "action") == 0) found.action = (int)i;
        if (strcmp(role->name, "reward") == 0 && role->dtype == EPI_F32 && role->rank == 0) found.reward = (int)i;
        if (strcmp(role->name, "terminated") == 0 && role->dtype == EPI_BOOL) found.terminated = (int)i;
        if (strcmp(role->name, "truncated") == 0 && role->dtype == EPI_BOOL) found.truncated = (int)i;
    }
    return found;
}

/* ---- one row ---------------------------------------------------------------------------------------------------- */

static bool grow(void **items, size_t count, size_t size) {
    void *grown = epi__realloc(*items, count, size);
    if (grown) *items = grown;
    return grown != NULL;
}

#define GROW(field, capacity, width) (items = t->field, ok = grow(&items, capacity, width), t->field = items, ok)

static epi_status reserve(epi__traces *t) {
    if (t->count < t->capacity) return EPI_OK;
    size_t more = t->capacity ? t->capacity * 2 : 1024;
    void *items;
    bool ok;
    if (t->count >= EPI__ROWS_MAX) return epi__fail(EPI_ELIMIT, MODULE, "more than %u steps", EPI__ROWS_MAX);
    if (!GROW(steps, more, sizeof *t->steps) || !GROW(episodes, more, sizeof *t->episodes) ||
        !GROW(indices, more, sizeof *t->indices) || !GROW(rewards, more, sizeof *t->rewards) ||
        !GROW(observations, more, t->observation_size * sizeof *t->observations) ||
        !GROW(actions, more, t->action_size + 1u) || !GROW(flags, more, 1) ||
        !GROW(next, more, sizeof *t->next) || !GROW(previous, more, sizeof *t->previous))
        return epi__fail_memory(MODULE, more * t->observation_size * sizeof(float));
    t->capacity = more;
    return EPI_OK;
}

static bool is_true(epi__view value) {
    return value.size == 1 && *(const uint8_t *)value.data != 0;
}

static void take_part(epi__traces *t, size_t row, const struct roles *roles, int role, epi__view value) {
    size_t observation_size = t->observation_size * sizeof(float);
    if (role == roles->observation && value.size == observation_size)
        memcpy(t->observations + row * t->observation_size, value.data, value.size);
    if (role == roles->action && value.size == t->action_size) {
        memcpy(t->actions + row * t->action_size, value.data, value.size);
        t->flags[row] &= (uint8_t)~EPI__TRACE_FINAL;
    }
    if (role == roles->reward && value.size == sizeof(float)) {
        float reward;
        memcpy(&reward, value.data, sizeof reward);
        t->rewards[row] = (double)reward;
    }
    if (role == roles->terminated && is_true(value)) t->flags[row] |= EPI__TRACE_TERMINATED;
    if (role == roles->truncated && is_true(value)) t->flags[row] |= EPI__TRACE_TRUNCATED;
}

/* Where actions are recorded, a row without one is an episode's last observation. */
static epi_status take_parts(struct loader *loader, size_t row, const epi__row *stored) {
    epi__reader reader = stored->rest;
    epi__value value;
    epi__view data;
    for (uint8_t i = 0; i < stored->tag_count; i++) (void)epi__read_bytes(&reader);
    epi__value_decode(&value, &reader);
    for (uint8_t i = 0; i < stored->part_count; i++) {
        epi__value_decode(&value, &reader);
        if (reader.failed) break;
        EPI__TRY(epi__component_get(&data, loader->snapshot->tx.txn, loader->snapshot->mirror->space, &value));
        take_part(loader->traces, row, &loader->roles, value.role, data);
    }
    if (!reader.failed) return EPI_OK;
    return epi__fail(EPI_EDAMAGED, MODULE, "step %llu has a part that cannot be read",
                     (unsigned long long)loader->traces->steps[row]);
}

static bool is_hidden(const epi__mirror *mirror, uint64_t step) {
    const epi__mark *mark = epi__mirror_mark(mirror, step);
    return mark && (mark->superseded_by || mark->forgotten_at != EPI_TIME_NONE);
}

static epi_status add_row(struct loader *loader, uint64_t step, const epi__row *stored) {
    epi__traces *t = loader->traces;
    const epi__run *run = epi__mirror_run(loader->snapshot->mirror, step);
    if (stored->flags & EPI_STEP_IMAGINED || is_hidden(loader->snapshot->mirror, step)) return EPI_OK;
    EPI__TRY(reserve(t));
    size_t row = t->count;
    t->steps[row] = step;
    t->episodes[row] = stored->episode;
    t->indices[row] = run ? (uint32_t)(run->first_index + (step - run->first)) : 0;
    t->rewards[row] = stored->reward;
    t->flags[row] = (uint8_t)((stored->flags & EPI_STEP_TERMINATED ? EPI__TRACE_TERMINATED : 0u) |
                              (stored->flags & EPI_STEP_TRUNCATED ? EPI__TRACE_TRUNCATED : 0u) |
                              (t->action_size ? EPI__TRACE_FINAL : 0u));
    t->next[row] = t->previous[row] = EPI__NO_ROW;
    memset(t->observations + row * t->observation_size, 0, t->observation_size * sizeof *t->observations);
    memset(t->actions + row * t->action_size, 0, t->action_size);
    EPI__TRY(take_parts(loader, row, stored));
    if (!epi__map_put(&t->row_of, step, row)) return epi__fail_memory(MODULE, sizeof step);
    t->count++;
    return EPI_OK;
}

/* ---- links ------------------------------------------------------------------------------------------------------ */

uint32_t epi__traces_row(const epi__traces *traces, uint64_t step) {
    uint64_t row = 0;
    return step && epi__map_get(&traces->row_of, step, &row) ? (uint32_t)row : EPI__NO_ROW;
}

/* Behind an end only its last observation belongs to it: what else follows in the episode began anew elsewhere. */
static void link_rows(epi__traces *t, uint32_t before, uint32_t row) {
    if (before == EPI__NO_ROW || row == EPI__NO_ROW || t->flags[before] & EPI__TRACE_FINAL) return;
    bool ended = t->flags[before] & (EPI__TRACE_TERMINATED | EPI__TRACE_TRUNCATED);
    if (ended && !(t->flags[row] & EPI__TRACE_FINAL)) return;
    t->next[before] = row;
    t->previous[row] = before;
}

static void link_row(struct loader *loader, uint32_t row) {
    epi__traces *t = loader->traces;
    const epi__mirror *mirror = loader->snapshot->mirror;
    link_rows(t, epi__traces_row(t, epi__mirror_neighbour(mirror, t->steps[row], -1)), row);
    link_rows(t, row, epi__traces_row(t, epi__mirror_neighbour(mirror, t->steps[row], 1)));
}

static void drop_row(epi__traces *t, uint32_t row) {
    if (t->next[row] != EPI__NO_ROW) t->previous[t->next[row]] = EPI__NO_ROW;
    if (t->previous[row] != EPI__NO_ROW) t->next[t->previous[row]] = EPI__NO_ROW;
    t->next[row] = t->previous[row] = EPI__NO_ROW;
    t->flags[row] |= EPI__TRACE_GONE;
    t->gone_count++;
    (void)epi__map_remove(&t->row_of, t->steps[row]);
}

/* ---- loading and following -------------------------------------------------------------------------------------- */

static epi_status load(struct loader *loader) {
    epi__traces *t = loader->traces;
    epi__scan scan = {0};
    epi__view key, body;
    epi__row row;
    epi__map_clear(&t->row_of);
    t->count = t->gone_count = 0;
    t->generation++;
    epi_status status = epi__scan_table(&scan, loader->snapshot->tx.txn, t->mirror->space, EPI__TABLE_STEP);
    while (!status && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK) {
        status = epi__row_decode(&row, body);
        if (!status) status = add_row(loader, epi__key_id(key), &row);
    }
    epi__scan_close(&scan);
    if (status != EPI_EDONE) return status;
    for (size_t i = 0; i < t->count; i++) link_row(loader, (uint32_t)i);
    return EPI_OK;
}

/* Makes the row of a step what the store says of it now. */
static epi_status refresh(struct loader *loader, uint64_t step) {
    epi__traces *t = loader->traces;
    epi__row stored;
    uint32_t row = epi__traces_row(t, step);
    epi_status status = epi__row_read(&stored, loader->snapshot, step);
    if (status && status != EPI_ENOTFOUND) return status;
    bool wanted = !status && !is_hidden(loader->snapshot->mirror, step);
    if (row != EPI__NO_ROW && !wanted) drop_row(t, row);
    if (row != EPI__NO_ROW || !wanted) return EPI_OK;
    EPI__TRY(add_row(loader, step, &stored));
    row = epi__traces_row(t, step);
    if (row != EPI__NO_ROW) link_row(loader, row);
    return EPI_OK;
}

static epi_status apply(void *context, uint64_t sequence, epi__change_kind kind, uint64_t a, uint64_t b) {
    struct loader *loader = context;
    (void)sequence;
    if (kind == EPI__CHANGE_PURGE) return EPI_ESTALE; /* nothing derived may keep what was purged */
    if (kind == EPI__CHANGE_MARK || kind == EPI__CHANGE_REMOVE) return refresh(loader, a);
    for (uint64_t i = 0; kind == EPI__CHANGE_ADD && i < b; i++) EPI__TRY(refresh(loader, a + i));
    return EPI_OK;
}

/* With the traces to oneself. */
static epi_status update(epi__traces *t, epi__snapshot *snapshot) {
    struct loader loader = {t, snapshot, roles_of(&t->mirror->schema->schema)};
    uint64_t sequence = snapshot->state.sequence;
    epi_status status = EPI_ESTALE;
    if (t->loaded && sequence >= t->sequence)
        status = epi__journal_read(snapshot->tx.txn, t->mirror->space, t->sequence, sequence, apply, &loader);
    if (!status && t->gone_count >= GONE_MIN && t->gone_count > t->count / 4) status = EPI_ESTALE;
    if (status == EPI_ESTALE) status = load(&loader);
    t->loaded = status == EPI_OK; /* half-applied changes are made good by loading anew */
    t->revision++;
    if (!status) t->sequence = sequence;
    return status;
}

/* ---- one for each space ----------------------------------------------------------------------------------------- */

static void traces_free(void *value) {
    epi__traces *t = value;
    if (!t) return;
    epi__neighbours_free(t->neighbours);
    epi__reports_free(t->reports);
    epi__map_dispose(&t->row_of);
    epi__free(t->steps);
    epi__free(t->episodes);
    epi__free(t->indices);
    epi__free(t->observations);
    epi__free(t->actions);
    epi__free(t->rewards);
    epi__free(t->flags);
    epi__free(t->next);
    epi__free(t->previous);
    pthread_rwlock_destroy(&t->lock);
    pthread_mutex_destroy(&t->derived_mutex);
    epi__free(t);
}

static epi_status traces_new(epi__traces **made, epi__mirror *mirror) {
    const epi_schema *schema = &mirror->schema->schema;
    struct roles roles = roles_of(schema);
    epi__traces *t = epi__alloc_zero(1, sizeof *t);
    if (!t) return epi__fail_memory(MODULE, sizeof *t);
    pthread_rwlock_init(&t->lock, NULL);
    pthread_mutex_init(&t->derived_mutex, NULL);
    t->mirror = mirror;
    t->observation_size = schema->dimension;
    if (roles.action >= 0) {
        t->action_size = (uint32_t)epi__schema_tensor_size(&schema->roles[roles.action]);
        t->action_is_f32 = schema->roles[roles.action].dtype == EPI_F32;
    }
    *made = t;
    return EPI_OK;
}

epi_status epi__traces_size(size_t *size, const epi_space *space) {
    const epi_schema *schema = &space->mirror->schema->schema;
    *size = schema->dimension;
    if (roles_of(schema).observation >= 0) return EPI_OK;
    return epi__fail(EPI_EUNSUPPORTED, MODULE, "space \"%s\" has no observation: a tensor that is the key vector",
                     space->mirror->name);
}

static epi_status find_or_make(epi__traces **traces, epi__mirror *mirror) {
    epi_status status = EPI_OK;
    epi__store_lock(mirror->store);
    if (!mirror->traces) {
        epi__traces *made = NULL;
        status = traces_new(&made, mirror);
        mirror->traces = made;
        mirror->traces_free = traces_free;
    }
    *traces = mirror->traces;
    epi__store_unlock(mirror->store);
    return status;
}

static epi_status bring_up_to_date(epi__traces *t) {
    epi__snapshot snapshot;
    pthread_rwlock_wrlock(&t->lock);
    epi_status status = epi__snapshot_begin(&snapshot, t->mirror);
    if (!status) {
        if (!t->loaded || t->sequence != snapshot.state.sequence) status = update(t, &snapshot);
        epi__snapshot_end(&snapshot);
    }
    pthread_rwlock_unlock(&t->lock);
    return status;
}

static epi_status stored_sequence(uint64_t *sequence, epi__mirror *mirror) {
    epi__snapshot snapshot;
    EPI__TRY(epi__snapshot_begin(&snapshot, mirror));
    *sequence = snapshot.state.sequence;
    epi__snapshot_end(&snapshot);
    return EPI_OK;
}

epi_status epi__traces_acquire(epi__traces **traces, epi_space *space) {
    epi__traces *t = NULL;
    uint64_t sequence = 0;
    size_t size = 0;
    *traces = NULL;
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(epi__traces_size(&size, space));
    EPI__TRY(find_or_make(&t, space->mirror));
    EPI__TRY(stored_sequence(&sequence, space->mirror));
    pthread_rwlock_rdlock(&t->lock);
    while (!t->loaded || t->sequence < sequence) {
        pthread_rwlock_unlock(&t->lock);
        EPI__TRY(bring_up_to_date(t));
        pthread_rwlock_rdlock(&t->lock);
    }
    *traces = t;
    return EPI_OK;
}

void epi__traces_release(epi__traces *traces) {
    if (traces) pthread_rwlock_unlock(&traces->lock);
}
