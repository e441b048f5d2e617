/* cues.c - the rows of numeric transitions that a cue finds: those of the steps it names, or those whose observations
 * are nearest to its vector. They have no words, so nothing else can be asked for.
 */
#include <math.h>

#include "search.h"

#define MODULE "imagine"

bool epi__row_is_meant(const epi__traces *traces, const epi__filter *filter, size_t row) {
    return (!filter->given->steps || epi__map_get(&filter->steps, traces->steps[row], NULL)) &&
           (!filter->given->episodes || epi__map_get(&filter->episodes, traces->episodes[row], NULL));
}

epi_status epi__cue_check(const epi_cue *cue, size_t size) {
    bool names = cue->filter.steps || cue->filter.episodes;
    if (cue->version != 1) return epi__fail(EPI_EINVAL, MODULE, "cue has version %u, expected 1", cue->version);
    if (cue->text || cue->part_count || (!cue->vector && !names))
        return epi__fail(EPI_EINVAL, MODULE, "a cue of numeric transitions needs a vector, or names steps or episodes, "
                                             "and has nothing else");
    if (cue->vector && cue->vector_size != size)
        return epi__fail(EPI_EDIMENSION, MODULE, "the cue's vector has %zu elements, expected %zu", cue->vector_size,
                         size);
    if (cue->vector && !epi__math_all_finite(cue->vector, size))
        return epi__fail(EPI_ENUMBER, MODULE, "the cue's vector has a number that is NaN or infinite");
    return epi__columns_filter_check(&cue->filter);
}

/* Puts a row among the nearest so far, of which the farthest may fall out. */
static void keep_nearest(epi__neighbour *nearest, size_t *count, epi__neighbour one) {
    size_t at = *count;
    while (at > 0 && nearest[at - 1].distance2 > one.distance2) at--;
    if (at == EPI_K_DEFAULT) return;
    if (*count < EPI_K_DEFAULT) ++*count;
    memmove(nearest + at + 1, nearest + at, (*count - 1 - at) * sizeof *nearest);
    nearest[at] = one;
}

static size_t nearest_of(epi__neighbour *nearest, const epi__traces *t, const epi__filter *filter, const float *at) {
    size_t count = 0;
    for (uint32_t row = 0; row < t->count; row++) {
        if (!epi__traces_leads_on(t, row) || !epi__row_is_meant(t, filter, row)) continue;
        double apart2 = epi__distance2(at, epi__traces_observation(t, row), t->observation_size);
        keep_nearest(nearest, &count, (epi__neighbour){row, (float)apart2});
    }
    return count;
}

static epi_status take_nearest(epi__rows *rows, const epi__traces *t, const epi__filter *filter, const float *at) {
    epi__neighbour nearest[EPI_K_DEFAULT];
    bool all = !filter->given->steps && !filter->given->episodes;
    size_t count = all ? epi__neighbours_within(nearest, t, at, INFINITY, EPI_K_DEFAULT)
                       : nearest_of(nearest, t, filter, at);
    rows->items = epi__realloc(NULL, count + 1, sizeof *rows->items);
    if (!rows->items) return epi__fail_memory(MODULE, count * sizeof *rows->items);
    for (size_t i = 0; i < count; i++) rows->items[rows->count++] = nearest[i].row;
    return EPI_OK;
}

static epi_status take_all(epi__rows *rows, const epi__traces *t, const epi__filter *filter) {
    size_t count = 0;
    for (uint32_t row = 0; row < t->count; row++)
        count += epi__traces_leads_on(t, row) && epi__row_is_meant(t, filter, row);
    rows->items = epi__realloc(NULL, count + 1, sizeof *rows->items);
    if (!rows->items) return epi__fail_memory(MODULE, count * sizeof *rows->items);
    for (uint32_t row = 0; row < t->count; row++)
        if (epi__traces_leads_on(t, row) && epi__row_is_meant(t, filter, row)) rows->items[rows->count++] = row;
    return EPI_OK;
}

epi_status epi__cue_rows(epi__rows *rows, const epi__traces *traces, const epi_cue *cue) {
    epi__filter filter = {0};
    epi_status status = epi__filter_init(&filter, traces->mirror, &cue->filter);
    if (!status)
        status = cue->vector ? take_nearest(rows, traces, &filter, cue->vector) : take_all(rows, traces, &filter);
    epi__filter_dispose(&filter);
    return status;
}

epi_status epi__step_rows(epi__rows *rows, const epi__traces *traces, uint64_t step) {
    uint32_t row = epi__traces_row(traces, step);
    if (row == EPI__NO_ROW)
        return epi__fail(EPI_ENOTFOUND, MODULE, "step %llu is not stored", (unsigned long long)step);
    rows->items = epi__realloc(NULL, 1, sizeof *rows->items);
    if (!rows->items) return epi__fail_memory(MODULE, sizeof *rows->items);
    rows->items[rows->count++] = row;
    return EPI_OK;
}

epi_status epi__goal_rows(epi__rows *rows, const epi__traces *traces, const epi_goal *goal) {
    if (goal->step) return epi__step_rows(rows, traces, goal->step);
    return goal->cue ? epi__cue_rows(rows, traces, goal->cue) : EPI_OK;
}
