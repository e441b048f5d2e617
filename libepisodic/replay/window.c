/* window.c - along an episode from step to step, and n-step windows: the first step gives the observation and the
 * action, the last one what came after, and the rewards between them one sum.
 *
 * Invariant: a window ends where its episode does, where a step terminates under the row's goal, and where a step
 * cannot be read yet with what follows it.
 * Source: n-step returns: R. Sutton, Learning to predict by the methods of temporal differences (1988).
 */
#include "replay.h"

epi_status epi__pick_data(epi__pick *pick, epi__snapshot *snapshot) {
    pick->data = atomic_load_explicit(&pick->chunk->data, memory_order_acquire);
    return pick->data ? EPI_OK : epi__chunk_data(&pick->data, snapshot, pick->chunk);
}

epi_status epi__pick_on(epi__pick *pick, const epi_replay *replay, epi__snapshot *snapshot) {
    EPI__TRY(epi__slot_following(&pick->chunk, &pick->slot, snapshot));
    if (!pick->chunk) return EPI_OK;
    EPI__TRY(epi__pick_data(pick, snapshot));
    if (!epi__slot_is_ready(replay->layout, pick->chunk, pick->data, pick->slot)) pick->chunk = NULL;
    return EPI_OK;
}

epi_status epi__pick_back(epi__pick *pick, epi__snapshot *snapshot) {
    EPI__TRY(epi__slot_preceding(&pick->chunk, &pick->slot, snapshot));
    return pick->chunk ? epi__pick_data(pick, snapshot) : EPI_OK;
}

static double reward_of(const epi_replay *replay, const epi__pick *pick) {
    const void *at = epi__pick_at(replay, pick, replay->layout->reward);
    double wide;
    float narrow;
    if (replay->layout->columns[replay->layout->reward].width == sizeof narrow) {
        memcpy(&narrow, at, sizeof narrow);
        return (double)narrow;
    }
    memcpy(&wide, at, sizeof wide);
    return wide;
}

static epi_status make_window(epi__window *window, const epi_replay *replay, size_t cell, bool rewards,
                              epi__snapshot *snapshot) {
    const epi__pick *goal = replay->views.relabels ? &replay->draws.goals[cell] : NULL;
    if (goal && !goal->chunk) goal = NULL;
    epi__pick at = replay->draws.picks[cell];
    *window = (epi__window){.discount = 1};
    while (at.chunk) {
        double reward = rewards && !goal ? reward_of(replay, &at) : 0;
        window->flags = epi__pick_flags(replay, &at);
        if (goal) EPI__TRY(epi__goal_reward(&reward, &window->flags, replay, &at, goal));
        window->reward += window->discount * reward;
        window->discount *= replay->options.discount;
        window->last = at;
        if (++window->steps == replay->options.n_step || (window->flags & EPI__SLOT_TERMINATED)) break;
        EPI__TRY(epi__pick_on(&at, replay, snapshot));
    }
    return EPI_OK;
}

epi_status epi__windows_make(epi_replay *replay, epi__snapshot *snapshot) {
    const size_t cells = replay->draws.count * replay->views.span;
    bool rewards = false;
    for (size_t i = 0; i < replay->plan_count; i++) rewards |= replay->plan[i].kind == EPI__GATHER_REWARD;
    for (size_t cell = 0; cell < cells; cell++)
        EPI__TRY(make_window(&replay->draws.windows[cell], replay, cell, rewards, snapshot));
    return EPI_OK;
}
