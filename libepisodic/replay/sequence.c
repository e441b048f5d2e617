/* sequence.c - sequences: which steps one begins with, which steps it holds, and what its priority is.
 *
 * A sequence begins at every period-th step of an episode (period = length - overlap), counted from the episode's
 * first step even when that is gone. It is complete, and can be drawn, when it has its length or its episode ended. Of
 * those that an end completes early, only one holds a step that none before it holds: that one.
 * Source: Kapturowski et al. (2019).
 */
#include "replay.h"

#include <math.h>

#define MODULE "replay"

/* How many steps before this one a sequence begins that is complete with it; UINT32_MAX: none does. */
static uint32_t steps_to_first(const epi__views *views, uint32_t index, bool ended) {
    const uint64_t steps = (uint64_t)index + 1, overlap = views->length - views->period;
    if (steps >= views->length && (steps - views->length) % views->period == 0) return views->length - 1;
    const uint64_t first = steps > overlap ? (steps - overlap - 1) / views->period * views->period : 0;
    return ended && steps - first < views->length ? (uint32_t)(steps - first - 1) : UINT32_MAX;
}

/* So many steps back in the episode; chunk NULL: one on the way is gone. */
static epi_status go_back(epi__pick *pick, uint32_t steps, epi__snapshot *snapshot) {
    while (steps > 0 && pick->chunk) {
        if (pick->slot > 0 && !pick->chunk->removed) { /* slots of a chunk are steps of one lane */
            const uint32_t stride = EPI__MIN(steps, pick->slot);
            pick->slot -= stride;
            steps -= stride;
            continue;
        }
        EPI__TRY(epi__pick_back(pick, snapshot));
        steps--;
    }
    if (pick->chunk && epi__slot_is_gone(pick->chunk, pick->slot)) pick->chunk = NULL;
    return EPI_OK;
}

epi_status epi__sequence_first(epi__pick *first, const epi_replay *replay, epi__snapshot *snapshot,
                               const epi__pick *last) {
    const bool ended = epi__pick_flags(replay, last) & EPI__SLOT_ENDED;
    const uint32_t index = epi__slot_index(replay->layout, last->data, last->slot);
    const uint32_t steps = steps_to_first(&replay->views, index, ended);
    *first = *last;
    if (steps != UINT32_MAX) return go_back(first, steps, snapshot);
    first->chunk = NULL;
    return EPI_OK;
}

epi_status epi__sequence_begins(bool *begins, const epi_replay *replay, epi__snapshot *snapshot,
                                const epi__pick *first) {
    const epi__views *views = &replay->views;
    uint32_t index = epi__slot_index(replay->layout, first->data, first->slot), held = 0;
    *begins = epi__slot_is_ready(replay->layout, first->chunk, first->data, first->slot);
    if (!*begins || views->length == 0) return EPI_OK;
    *begins = false;
    if (index % views->period != 0) return EPI_OK;
    for (epi__pick at = *first; at.chunk && !*begins && held < views->length; held++, index++) {
        *begins = steps_to_first(views, index, epi__pick_flags(replay, &at) & EPI__SLOT_ENDED) == held;
        EPI__TRY(epi__pick_on(&at, replay, snapshot));
    }
    return EPI_OK;
}

epi_status epi__sequence_pick(epi__pick *cells, const epi_replay *replay, epi__snapshot *snapshot,
                              const epi__pick *drawn) {
    epi__pick at = *drawn, before = *drawn;
    size_t burned = 0, cell = 0;
    while (burned < replay->views.burn_in) {
        EPI__TRY(epi__pick_back(&before, snapshot));
        if (!before.chunk) break;
        at = before;
        burned++;
    }
    for (; cell < burned + replay->views.length && at.chunk; cell++) {
        cells[cell] = at;
        cells[cell].trained = cell >= burned;
        EPI__TRY(epi__pick_on(&at, replay, snapshot));
    }
    memset(cells + cell, 0, (replay->views.span - cell) * sizeof *cells);
    return EPI_OK;
}

static epi_status priority_of(double *priority, const float *errors, const bool *mask, size_t steps, double eta) {
    double most = 0, sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < steps; i++) {
        if (mask && !mask[i]) continue;
        if (!isfinite(errors[i]))
            return epi__fail(EPI_ENUMBER, MODULE, "the TD error of step %zu was %g", i, (double)errors[i]);
        const double size = fabs((double)errors[i]);
        most = EPI__MAX(most, size);
        sum += size;
        count++;
    }
    *priority = count ? eta * most + (1 - eta) * (sum / (double)count) : 0;
    return EPI_OK;
}

epi_status epi_replay_sequence_priorities(double *priorities, const float *td_errors, const bool *mask,
                                          size_t sequences, size_t steps, double eta) {
    if (sequences > 0 && (!priorities || !td_errors))
        return epi__fail(EPI_EINVAL, MODULE, "priorities or td_errors was NULL");
    if (!(eta >= 0 && eta <= 1)) return epi__fail(EPI_ENUMBER, MODULE, "eta was %g, expected 0 to 1", eta);
    for (size_t i = 0; i < sequences; i++)
        EPI__TRY(priority_of(&priorities[i], td_errors + i * steps, mask ? mask + i * steps : NULL, steps, eta));
    return EPI_OK;
}
