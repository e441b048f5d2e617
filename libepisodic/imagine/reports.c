/* reports.c - see reports.h. Looked through one by one: there are few, and searches hold a copy. */
#include "reports.h"

#include "neighbours.h"

#define MODULE "imagine"

void epi__reports_free(epi__reports *reports) {
    if (!reports) return;
    epi__free(reports->places);
    epi__free(reports->displacements);
    epi__free(reports->answers);
    epi__free(reports);
}

static epi_status reserve(epi__reports *reports, size_t capacity) {
    float *places = epi__realloc(reports->places, capacity * reports->size, sizeof *places);
    if (places) reports->places = places;
    float *displacements = epi__realloc(reports->displacements, capacity * reports->size, sizeof *displacements);
    if (displacements) reports->displacements = displacements;
    uint8_t *answers = epi__realloc(reports->answers, capacity, 1);
    if (answers) reports->answers = answers;
    if (!places || !displacements || !answers) return epi__fail_memory(MODULE, capacity * reports->size);
    reports->capacity = capacity;
    return EPI_OK;
}

static epi_status add(epi__reports *reports, const float *place, const float *from, const float *to,
                      epi_report report) {
    size_t size = reports->size, at = reports->count;
    if (at == EPI_REPORT_COUNT_MAX) {
        at = reports->next;
        reports->next = (at + 1) % EPI_REPORT_COUNT_MAX;
    } else if (at == reports->capacity) {
        EPI__TRY(reserve(reports, EPI__MIN(at ? at * 2 : 64u, EPI_REPORT_COUNT_MAX)));
    }
    memcpy(reports->places + at * size, place, size * sizeof *place);
    for (size_t i = 0; i < size; i++) reports->displacements[at * size + i] = to[i] - from[i];
    reports->answers[at] = (uint8_t)report;
    if (at == reports->count) reports->count++;
    return EPI_OK;
}

static epi_status reports_new(epi__reports **made, size_t size) {
    *made = epi__alloc_zero(1, sizeof **made);
    if (!*made) return epi__fail_memory(MODULE, sizeof **made);
    (*made)->size = size;
    return EPI_OK;
}

epi_status epi__reports_add(epi__traces *traces, const float *place, const float *from, const float *to,
                            epi_report report) {
    epi_status status = EPI_OK;
    pthread_mutex_lock(&traces->derived_mutex);
    if (!traces->reports) status = reports_new(&traces->reports, traces->observation_size);
    if (!status) status = add(traces->reports, place, from, to, report);
    pthread_mutex_unlock(&traces->derived_mutex);
    return status;
}

void epi__reports_clear(epi__traces *traces) {
    pthread_mutex_lock(&traces->derived_mutex);
    epi__reports_free(traces->reports);
    traces->reports = NULL;
    pthread_mutex_unlock(&traces->derived_mutex);
}

static epi_status copy_of(epi__reports **copy, const epi__reports *reports) {
    EPI__TRY(reports_new(copy, reports->size));
    epi_status status = reserve(*copy, reports->count);
    if (status) {
        epi__reports_free(*copy);
        *copy = NULL;
        return status;
    }
    memcpy((*copy)->places, reports->places, reports->count * reports->size * sizeof *reports->places);
    memcpy((*copy)->displacements, reports->displacements,
           reports->count * reports->size * sizeof *reports->displacements);
    memcpy((*copy)->answers, reports->answers, reports->count);
    (*copy)->count = reports->count;
    return EPI_OK;
}

epi_status epi__reports_copy(epi__reports **copy, epi__traces *traces) {
    *copy = NULL;
    pthread_mutex_lock(&traces->derived_mutex);
    bool any = traces->reports && traces->reports->count > 0;
    epi_status status = any ? copy_of(copy, traces->reports) : EPI_OK;
    pthread_mutex_unlock(&traces->derived_mutex);
    return status;
}

static bool is_displaced_alike(const float *displacement, const float *from, const float *to, size_t size,
                               double radius) {
    double sum = 0.0;
    for (size_t i = 0; i < size; i++) {
        double apart = (double)displacement[i] - ((double)to[i] - (double)from[i]);
        sum += apart * apart;
    }
    return sum <= radius * radius;
}

void epi__reports_about(uint32_t *confirmed, uint32_t *refuted, const epi__reports *reports, const float *place,
                        const float *from, const float *to, double radius) {
    *confirmed = *refuted = 0;
    for (size_t i = 0; reports && i < reports->count; i++) {
        size_t at = i * reports->size;
        if (epi__distance2(place, reports->places + at, reports->size) > radius * radius) continue;
        if (!is_displaced_alike(reports->displacements + at, from, to, reports->size, radius)) continue;
        *(reports->answers[i] == EPI_REFUTED ? refuted : confirmed) += 1;
    }
}
