/* traces.c - the traces of a space: one object for all its handles, brought up to date when it is acquired; see
 * traces.h. What is in it comes from traces_follow.c.
 */
#include "traces.h"

#include "neighbours.h"
#include "reports.h"
#include "traces_follow.h"

#define MODULE "imagine"

static void traces_free(void *value) {
    epi__traces *t = value;
    if (!t) return;
    epi__neighbours_free(t->neighbours);
    epi__reports_free(t->reports);
    for (size_t i = 0; i < t->seat_count; i++) epi__free(t->seats[i].rows);
    epi__free(t->seats);
    epi__map_dispose(&t->seat_of);
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

/* The role behind a column, which is there. */
static const epi_role *role_of(const epi__mirror *mirror, const epi__layout *layout, int column) {
    const epi_schema *schema = &mirror->schema->schema;
    size_t i = 0;
    while (layout->role_column[i] != column) i++;
    return &schema->roles[i];
}

static epi_status traces_new(epi__traces **made, epi__mirror *mirror) {
    const epi__layout *layout = epi__columns_layout(epi__columns_of(mirror));
    const epi_role *observation = role_of(mirror, layout, layout->observation);
    epi__traces *t = epi__alloc_zero(1, sizeof *t);
    if (!t) return epi__fail_memory(MODULE, sizeof *t);
    pthread_rwlock_init(&t->lock, NULL);
    pthread_mutex_init(&t->derived_mutex, NULL);
    t->mirror = mirror;
    t->observation_dtype = observation->dtype;
    t->observation_size = (uint32_t)(epi__schema_tensor_size(observation) / epi__dtype_size(observation->dtype));
    if (layout->action >= 0) {
        t->action_size = (uint32_t)layout->columns[layout->action].width;
        t->action_is_f32 = role_of(mirror, layout, layout->action)->dtype == EPI_F32;
    }
    *made = t;
    return EPI_OK;
}

epi_status epi__traces_size(size_t *size, const epi_space *space) {
    const epi__mirror *mirror = space->mirror;
    const epi__columns *columns = epi__columns_of(mirror);
    *size = 0;
    if (!columns)
        return epi__fail(EPI_EUNSUPPORTED, MODULE, "space \"%s\" is of the preset \"%s\", expected \"transitions\"",
                         mirror->name, mirror->schema->schema.preset);
    const epi__layout *layout = epi__columns_layout(columns);
    const epi_role *observation = role_of(mirror, layout, layout->observation);
    *size = (size_t)epi__schema_tensor_size(observation) / epi__dtype_size(observation->dtype);
    if (*size <= EPI_DIMENSION_MAX) return EPI_OK;
    return epi__fail(EPI_ELIMIT, MODULE, "observations of space \"%s\" have %zu elements, limit %u", mirror->name,
                     *size, EPI_DIMENSION_MAX);
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
    epi_status status = epi__columns_begin(&snapshot, t->mirror);
    if (!status) {
        status = epi__traces_update(t, &snapshot);
        epi__snapshot_end(&snapshot);
    }
    pthread_rwlock_unlock(&t->lock);
    return status;
}

/* The number of looks that what was appended before this call is in. */
static epi_status looks_of_now(uint64_t *next, epi__mirror *mirror) {
    epi__snapshot snapshot;
    EPI__TRY(epi__columns_begin(&snapshot, mirror));
    *next = epi__columns_look_next(epi__columns_of(mirror));
    epi__snapshot_end(&snapshot);
    return EPI_OK;
}

epi_status epi__traces_acquire(epi__traces **traces, epi_space *space) {
    epi__traces *t = NULL;
    uint64_t next = 0;
    size_t size = 0;
    *traces = NULL;
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(epi__traces_size(&size, space));
    EPI__TRY(find_or_make(&t, space->mirror));
    EPI__TRY(looks_of_now(&next, space->mirror));
    pthread_rwlock_rdlock(&t->lock);
    while (!t->loaded || t->look_next < next) {
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
