/* goal.c - hindsight experience replay: rows whose goal becomes what another step of their episode achieved.
 *
 * Idea: which rows, and whose achievement, is drawn when the batch is gathered, so nothing is stored twice and the
 * share can be chosen anew with each sampler. The caller says what the reward would have been.
 * Source: Andrychowicz et al., Hindsight experience replay (2017), section 3.3 and 4.5. There k relabelled copies are
 * stored beside each step; here a row is relabelled with the chance k / (k + 1), which is the same share.
 */
#include "replay.h"

#include <math.h>

#define MODULE "replay"

/* Goes on by so many steps, or to the last one that can be read; says how many it were. */
static epi_status go_on(epi__pick *pick, uint64_t *gone, uint64_t steps, const epi_replay *replay,
                        epi__snapshot *snapshot) {
    for (*gone = 0; *gone < steps; ++*gone) {
        epi__pick next = *pick;
        EPI__TRY(epi__pick_on(&next, replay, snapshot));
        if (!next.chunk) break;
        *pick = next;
    }
    return EPI_OK;
}

static epi_status go_to_start(epi__pick *pick, epi__snapshot *snapshot) {
    for (epi__pick before = *pick;; *pick = before) {
        EPI__TRY(epi__pick_back(&before, snapshot));
        if (!before.chunk) return EPI_OK;
    }
}

/* Moves from the drawn step to the one whose achievement is the goal. */
static epi_status choose(epi__pick *pick, epi_replay *replay, epi__snapshot *snapshot) {
    uint64_t steps = 0;
    if (replay->options.her == EPI_HER_EPISODE) EPI__TRY(go_to_start(pick, snapshot));
    epi__pick end = *pick;
    EPI__TRY(go_on(&end, &steps, UINT64_MAX, replay, snapshot));
    if (replay->options.her == EPI_HER_FINAL) {
        *pick = end;
        return EPI_OK;
    }
    return go_on(pick, &steps, epi__random_below(&replay->random, steps + 1), replay, snapshot);
}

epi_status epi__goals_choose(epi_replay *replay, epi__snapshot *snapshot) {
    epi__draws *draws = &replay->draws;
    const double k = replay->options.her_k;
    for (size_t row = 0; row < draws->count; row++) {
        draws->goals[row] = draws->picks[row];
        if (epi__random_unit(&replay->random) * (k + 1) < k) EPI__TRY(choose(&draws->goals[row], replay, snapshot));
        else draws->goals[row].chunk = NULL;
    }
    return EPI_OK;
}

epi_status epi__goal_reward(double *reward, unsigned *flags, const epi_replay *replay, const epi__pick *step,
                            const epi__pick *goal) {
    const int achieved = replay->views.achieved;
    bool terminated = *flags & EPI__SLOT_TERMINATED;
    *reward = replay->options.her_reward(replay->options.her_context, epi__pick_at(replay, step, achieved),
                                         epi__pick_at(replay, goal, achieved), &terminated);
    if (isnan(*reward)) return epi__fail(EPI_ENUMBER, MODULE, "her_reward returned NaN");
    if (terminated || !epi__slot_has_next(replay->layout, step->chunk, step->data, step->slot))
        *flags |= EPI__SLOT_TERMINATED;
    else *flags &= ~EPI__SLOT_TERMINATED;
    return EPI_OK;
}
