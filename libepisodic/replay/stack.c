/* stack.c - stacks of frames over observations that are stored once: the k frames up to a step's own, or up to what
 * came after its window.
 *
 * Invariant: frames are of one episode, the newest last; before the oldest one that is there stands that one again, or
 * zeros.
 * Source: Mnih et al., Human-level control through deep reinforcement learning (2015); at an episode's start frames are
 * repeated there too.
 */
#include "replay.h"

/* Fills frames [0, at) with what stands for frames that are not there. */
static void pad(uint8_t *to, size_t at, size_t size, bool zeros) {
    if (zeros) memset(to, 0, at * size);
    else
        for (size_t i = 0; i < at; i++) memcpy(to + i * size, to + at * size, size);
}

/* Frame `at` is the step's own, those before it what came before. */
static epi_status put_frames(uint8_t *to, size_t at, const epi__gather_plan *plan, const epi_replay *replay,
                             epi__pick step, epi__snapshot *snapshot) {
    const size_t size = plan->width / replay->views.stack;
    for (;;) {
        memcpy(to + at * size, epi__pick_at(replay, &step, plan->column), size);
        if (at == 0) return EPI_OK;
        EPI__TRY(epi__pick_back(&step, snapshot));
        if (!step.chunk) break;
        at--;
    }
    pad(to, at, size, replay->options.pad_with_zeros);
    return EPI_OK;
}

static epi_status put_stack(uint8_t *to, const epi__gather_plan *plan, const epi_replay *replay, size_t cell,
                            epi__snapshot *snapshot) {
    const size_t newest = replay->views.stack - 1, size = plan->width / replay->views.stack;
    if (plan->kind == EPI__GATHER_STACK)
        return put_frames(to, newest, plan, replay, replay->draws.picks[cell], snapshot);
    const epi__pick *last = epi__cell_last(replay, cell);
    if (!epi__slot_has_next(replay->layout, last->chunk, last->data, last->slot)) {
        memset(to, 0, plan->width);
        return EPI_OK;
    }
    memcpy(to + newest * size, epi__slot_at(replay->layout, last->data, plan->column, last->slot + 1), size);
    return put_frames(to, newest - 1, plan, replay, *last, snapshot);
}

epi_status epi__stack_gather(const epi__gather_plan *plan, const epi_replay *replay, epi__snapshot *snapshot) {
    const size_t span = replay->views.span, cells = replay->draws.count * span;
    for (size_t cell = 0; cell < cells; cell++) {
        const size_t row = cell / span, at = cell % span;
        uint8_t *to = (uint8_t *)plan->to.data + row * plan->to.stride + at * plan->width;
        if (at < plan->cells && replay->draws.picks[cell].chunk)
            EPI__TRY(put_stack(to, plan, replay, cell, snapshot));
    }
    return EPI_OK;
}
