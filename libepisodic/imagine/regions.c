/* regions.c - see regions.h. Ways are found by Dijkstra's algorithm (1959) over the middles of cells. */
#include "regions.h"

#include <math.h>
#include <stdlib.h>

#include "neighbours.h"
#include "queue.h"

#define MODULE "imagine"

/* ---- making ------------------------------------------------------------------------------------------------------ */

typedef struct maker {
    epi__regions *regions;
    const epi__traces *traces;
    uint32_t *number_of; /* of each row's region */
    double *sums;        /* of the rows of a region */
    uint32_t *counts;
    uint64_t *pairs;     /* two regions that a step links, smaller number first */
    size_t pair_count;
} maker;

static uint32_t region_of(const epi__regions *regions, const float *place) {
    uint64_t number = EPI__NO_ROW;
    (void)epi__map_get(&regions->numbers, epi__neighbours_cell_of(place, regions->size, regions->cell, 0.0), &number);
    return (uint32_t)number;
}

/* Numbers the region of each row but those that are gone; EPI_EDONE: there are too many. */
static epi_status number_rows(maker *m) {
    epi__regions *r = m->regions;
    for (uint32_t row = 0; row < m->traces->count; row++) {
        const float *place = epi__traces_observation(m->traces, row);
        uint64_t hash = epi__neighbours_cell_of(place, r->size, r->cell, 0.0), number = r->count;
        m->number_of[row] = EPI__NO_ROW;
        if (m->traces->flags[row] & EPI__TRACE_GONE) continue;
        if (!epi__map_get(&r->numbers, hash, &number)) {
            if (r->count == EPI__REGIONS_MAX) return EPI_EDONE;
            if (!epi__map_put(&r->numbers, hash, r->count++)) return epi__fail_memory(MODULE, sizeof hash);
        }
        m->number_of[row] = (uint32_t)number;
    }
    return EPI_OK;
}

static epi_status find_middles(maker *m) {
    epi__regions *r = m->regions;
    size_t floats = (size_t)r->count * r->size;
    m->sums = epi__alloc_zero(floats + 1, sizeof *m->sums);
    m->counts = epi__alloc_zero(r->count + 1u, sizeof *m->counts);
    r->middles = epi__realloc(NULL, floats + 1, sizeof *r->middles);
    if (!m->sums || !m->counts || !r->middles) return epi__fail_memory(MODULE, floats * sizeof *m->sums);
    for (uint32_t row = 0; row < m->traces->count; row++) {
        const float *place = epi__traces_observation(m->traces, row);
        if (m->number_of[row] == EPI__NO_ROW) continue;
        double *sum = m->sums + m->number_of[row] * r->size;
        for (size_t i = 0; i < r->size; i++) sum[i] += (double)place[i];
        m->counts[m->number_of[row]]++;
    }
    for (size_t i = 0; i < floats; i++) r->middles[i] = (float)(m->sums[i] / m->counts[i / r->size]);
    return EPI_OK;
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Every pair that steps link, both ways, sorted. */
static epi_status find_pairs(maker *m) {
    epi__map seen = {0};
    uint64_t pair, one;
    size_t at = 0;
    bool ok = true;
    for (uint32_t row = 0; ok && row < m->traces->count; row++) {
        uint32_t next = m->traces->next[row];
        if (next == EPI__NO_ROW || m->number_of[row] == m->number_of[next]) continue;
        uint64_t a = m->number_of[row], b = m->number_of[next];
        ok = epi__map_put(&seen, a << 32 | b, 1) && epi__map_put(&seen, b << 32 | a, 1);
    }
    m->pairs = ok ? epi__realloc(NULL, seen.count + 1, sizeof *m->pairs) : NULL;
    while (m->pairs && epi__map_next(&seen, &at, &pair, &one)) m->pairs[m->pair_count++] = pair;
    epi__map_dispose(&seen);
    if (!m->pairs) return epi__fail_memory(MODULE, m->traces->count * sizeof *m->pairs);
    qsort(m->pairs, m->pair_count, sizeof *m->pairs, by_number);
    return EPI_OK;
}

static epi_status link_regions(maker *m) {
    epi__regions *r = m->regions;
    EPI__TRY(find_pairs(m));
    r->begin = epi__alloc_zero(r->count + 2u, sizeof *r->begin);
    r->beside = epi__realloc(NULL, m->pair_count + 1, sizeof *r->beside);
    if (!r->begin || !r->beside) return epi__fail_memory(MODULE, m->pair_count * sizeof *r->beside);
    for (size_t i = 0; i < m->pair_count; i++) {
        r->begin[(m->pairs[i] >> 32) + 1]++;
        r->beside[i] = (uint32_t)m->pairs[i];
    }
    for (uint32_t i = 0; i < r->count; i++) r->begin[i + 1] += r->begin[i];
    return EPI_OK;
}

epi_status epi__regions_make(epi__regions *regions, const epi__traces *traces, double cell) {
    *regions = (epi__regions){.size = traces->observation_size, .cell = cell};
    maker m = {.regions = regions, .traces = traces};
    m.number_of = epi__realloc(NULL, traces->count + 1, sizeof *m.number_of);
    epi_status status = m.number_of ? EPI_OK : epi__fail_memory(MODULE, traces->count * sizeof *m.number_of);
    if (!status) status = number_rows(&m);
    if (!status) status = find_middles(&m);
    if (!status) status = link_regions(&m);
    epi__free(m.number_of);
    epi__free(m.sums);
    epi__free(m.counts);
    epi__free(m.pairs);
    if (status) epi__regions_dispose(regions);
    return status == EPI_EDONE ? EPI_OK : status;
}

void epi__regions_dispose(epi__regions *regions) {
    epi__map_dispose(&regions->numbers);
    epi__free(regions->middles);
    epi__free(regions->begin);
    epi__free(regions->beside);
    *regions = (epi__regions){0};
}

/* ---- ways -------------------------------------------------------------------------------------------------------- */

static const float *middle(const epi__regions *regions, uint32_t region) {
    return regions->middles + region * regions->size;
}

static double apart(const epi__regions *regions, const float *a, const float *b) {
    return sqrt(epi__distance2(a, b, regions->size));
}

static void spread(double *away, const epi__regions *r, epi__queue *queue) {
    while (queue->count > 0) {
        uint32_t region = queue->heap[0];
        epi__queue_remove(queue, region);
        for (uint32_t i = r->begin[region]; i < r->begin[region + 1]; i++) {
            uint32_t other = r->beside[i];
            double way = away[region] + apart(r, middle(r, region), middle(r, other));
            if (way >= away[other]) continue;
            away[other] = way;
            epi__queue_set(queue, other, -way);
        }
    }
}

epi_status epi__regions_away(double **made, const epi__regions *regions, const float *places, size_t place_count) {
    epi__queue queue = {0};
    *made = NULL;
    if (regions->count == 0) return EPI_OK;
    double *away = epi__realloc(NULL, regions->count, sizeof *away);
    if (!away) return epi__fail_memory(MODULE, regions->count * sizeof *away);
    epi_status status = epi__queue_grow(&queue, regions->count);
    for (uint32_t i = 0; i < regions->count; i++) away[i] = INFINITY;
    for (size_t i = 0; !status && i < place_count; i++) {
        const float *place = places + i * regions->size;
        uint32_t region = region_of(regions, place);
        if (region == EPI__NO_ROW) continue;
        away[region] = fmin(away[region], apart(regions, middle(regions, region), place));
        epi__queue_set(&queue, region, -away[region]);
    }
    if (!status && queue.count > 0) {
        spread(away, regions, &queue);
        *made = away;
    } else {
        epi__free(away);
    }
    epi__queue_dispose(&queue);
    return status;
}

double epi__regions_way(const epi__regions *regions, const double *away, const float *place) {
    uint32_t region = region_of(regions, place);
    if (region == EPI__NO_ROW) return INFINITY;
    double least = away[region] + apart(regions, place, middle(regions, region));
    for (uint32_t i = regions->begin[region]; i < regions->begin[region + 1]; i++) {
        uint32_t other = regions->beside[i];
        least = fmin(least, away[other] + apart(regions, place, middle(regions, other)));
    }
    return least;
}
