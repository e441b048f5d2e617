/* gather.c - the columns of a batch: what was drawn, copied from where it lies into the caller's rows.
 *
 * Idea: the views say for each row which steps stand where: its cells, one or a sequence of them, and for each cell the
 * window up to the step whose end and next observation count. Cells go in small groups, column after column: while one
 * group is copied, the lines of the next one are on their way, from all columns.
 * Invariant: a cell without a step is zero in every column.
 */
#include "replay.h"

#define GROUP ((size_t)8) /* cells */
#define LINE 64u

/* ---- which steps go where ---------------------------------------------------------------------------------------- */

static epi_status make_cells(epi_replay *replay) {
    epi__draws *draws = &replay->draws;
    const size_t cells = draws->room * replay->views.span;
    if (cells <= draws->cell_room) return EPI_OK;
    epi__free(draws->picks);
    epi__free(draws->windows);
    epi__free(draws->goals);
    draws->cell_room = 0;
    draws->picks = epi__realloc(NULL, cells, sizeof *draws->picks);
    draws->windows = replay->views.has_windows ? epi__realloc(NULL, cells, sizeof *draws->windows) : NULL;
    draws->goals = replay->views.relabels ? epi__realloc(NULL, cells, sizeof *draws->goals) : NULL;
    if (!draws->picks || (replay->views.has_windows && !draws->windows) || (replay->views.relabels && !draws->goals))
        return epi__fail_memory("replay", cells * (sizeof(epi__pick) + sizeof(epi__window)));
    draws->cell_room = cells;
    return EPI_OK;
}

static epi_status pick_cells(epi_replay *replay, epi__snapshot *snapshot) {
    const epi__draws *draws = &replay->draws;
    const size_t span = replay->views.span;
    for (size_t row = 0; row < draws->count; row++) {
        epi__pick *pick = &replay->draws.picks[row * span];
        pick->chunk = epi__columns_seat(replay->columns, draws->leaves[row] >> replay->layout->shift);
        pick->slot = draws->leaves[row] & (replay->layout->capacity - 1);
        EPI__PREFETCH(&pick->chunk->data);
    }
    for (size_t row = 0; row < draws->count; row++) {
        epi__pick *pick = &replay->draws.picks[row * span];
        EPI__TRY(epi__pick_data(pick, snapshot));
        if (replay->views.length) {
            const epi__pick drawn = *pick;
            EPI__TRY(epi__sequence_pick(pick, replay, snapshot, &drawn));
        }
    }
    return EPI_OK;
}

/* ---- copying ----------------------------------------------------------------------------------------------------- */

/* The cells of a group, and the row and the place in it that the first of them goes to. */
typedef struct group {
    size_t first, end, row, at;
} group;

static inline uint8_t *row_of(const epi__gather_plan *plan, size_t row, size_t at) {
    return (uint8_t *)plan->to.data + row * plan->to.stride + at * plan->width;
}

static inline void copy(void *to, const void *from, size_t size) {
    switch (size) { /* known sizes are one instruction */
    case 1: memcpy(to, from, 1); break;
    case 4: memcpy(to, from, 4); break;
    case 8: memcpy(to, from, 8); break;
    default: memcpy(to, from, size);
    }
}

static void put_real(void *to, epi_dtype dtype, double value) {
    const float narrow = (float)value;
    if (dtype == EPI_F32) memcpy(to, &narrow, sizeof narrow);
    else memcpy(to, &value, sizeof value);
}

static inline void put_next(uint8_t *to, const epi__gather_plan *plan, const epi_replay *replay,
                            const epi__pick *last) {
    if (epi__slot_has_next(replay->layout, last->chunk, last->data, last->slot))
        copy(to, epi__slot_at(replay->layout, last->data, plan->column, last->slot + 1), plan->width);
    else memset(to, 0, plan->width); /* terminated, and nothing given: its value counts for nothing */
}

static inline unsigned flags_of(const epi_replay *replay, size_t cell) {
    return replay->views.has_windows ? replay->draws.windows[cell].flags
                                     : epi__pick_flags(replay, &replay->draws.picks[cell]);
}

static void put_discount(uint8_t *to, const epi__gather_plan *plan, const epi_replay *replay, size_t cell) {
    const bool terminated = flags_of(replay, cell) & EPI__SLOT_TERMINATED;
    const double discount = replay->views.has_windows ? replay->draws.windows[cell].discount : replay->options.discount;
    put_real(to, plan->to.dtype, terminated ? 0 : discount);
}

static void put_mask(uint8_t *to, const epi_replay *replay, size_t cell) {
    const uint32_t steps = replay->views.has_windows ? replay->draws.windows[cell].steps : 1;
    memset(to, 1, steps);
    memset(to + steps, 0, replay->options.n_step - steps);
}

/* Without HER there are no goals, and no such columns. */
static void put_goal(uint8_t *to, const epi__gather_plan *plan, const epi_replay *replay, size_t cell) {
    const epi__pick *goal = &replay->draws.goals[cell];
    copy(to, goal->chunk ? epi__pick_at(replay, goal, replay->views.achieved)
                         : epi__pick_at(replay, &replay->draws.picks[cell], plan->column), plan->width);
}

static inline void put(uint8_t *to, const epi__gather_plan *plan, const epi_replay *replay, size_t cell) {
    const epi__pick *pick = &replay->draws.picks[cell];
    switch (plan->kind) {
    case EPI__GATHER_FIRST: copy(to, epi__pick_at(replay, pick, plan->column), plan->width); break;
    case EPI__GATHER_NEXT: put_next(to, plan, replay, epi__cell_last(replay, cell)); break;
    case EPI__GATHER_FLAG: *to = (flags_of(replay, cell) & plan->bit) != 0; break;
    case EPI__GATHER_REWARD: put_real(to, plan->to.dtype, replay->draws.windows[cell].reward); break;
    case EPI__GATHER_DISCOUNT: put_discount(to, plan, replay, cell); break;
    case EPI__GATHER_MASK: put_mask(to, replay, cell); break;
    case EPI__GATHER_PRESENT: *to = 1; break;
    case EPI__GATHER_TRAINED: *to = pick->trained; break;
    case EPI__GATHER_GOAL: put_goal(to, plan, replay, cell); break;
    case EPI__GATHER_RELABELLED: *to = replay->draws.goals[cell].chunk != NULL; break;
    case EPI__GATHER_STACK:
    case EPI__GATHER_NEXT_STACK: break; /* stack.c */
    }
}

/* A column of a group. */
static void fill_column(const epi_replay *replay, const epi__gather_plan *plan, group part) {
    for (; part.first < part.end; part.first++) {
        uint8_t *to = row_of(plan, part.row, part.at);
        if (part.at < plan->cells) {
            if (replay->draws.picks[part.first].chunk) put(to, plan, replay, part.first);
            else memset(to, 0, plan->width);
        }
        if (++part.at == replay->views.span) part.at = 0, part.row++;
    }
}

EPI__INLINE void prefetch_bytes(const uint8_t *from, size_t size) {
    for (size_t at = 0; at < size; at += LINE) EPI__PREFETCH(from + at);
    EPI__PREFETCH(from + size - 1);
}

/* What a cell will be copied from: the lines of all columns, and of its flags. */
EPI__INLINE void prefetch_cell(const epi_replay *replay, size_t cell) {
    const epi__layout *layout = replay->layout;
    const epi__pick *first = &replay->draws.picks[cell], *last = epi__cell_last(replay, cell);
    if (!first->chunk) return;
    for (size_t i = 0; i < replay->plan_count; i++) {
        const epi__gather_plan *plan = &replay->plan[i];
        if (plan->fetch == 0) continue;
        if (plan->kind == EPI__GATHER_FIRST)
            prefetch_bytes(epi__slot_at(layout, first->data, plan->column, first->slot), plan->fetch);
        else prefetch_bytes(epi__slot_at(layout, last->data, plan->column, last->slot + 1), plan->fetch);
    }
    EPI__PREFETCH(epi__slot_at(layout, last->data, layout->flags, last->slot));
}

/* All columns but stacks. */
static void fill_cells(const epi_replay *replay) {
    const size_t span = replay->views.span, cells = replay->draws.count * span;
    for (size_t cell = 0; cell < EPI__MIN(cells, GROUP); cell++) prefetch_cell(replay, cell);
    for (size_t first = 0; first < cells; first += GROUP) {
        const group part = {first, EPI__MIN(first + GROUP, cells), first / span, first % span};
        for (size_t cell = part.end; cell < EPI__MIN(part.end + GROUP, cells); cell++) prefetch_cell(replay, cell);
        for (size_t i = 0; i < replay->plan_count; i++) fill_column(replay, &replay->plan[i], part);
    }
}

epi_status epi__gather(epi_replay *replay, epi__snapshot *snapshot) {
    if (replay->plan_count == 0) return EPI_OK;
    EPI__TRY(make_cells(replay));
    EPI__TRY(pick_cells(replay, snapshot));
    epi__fetch_begin(replay);
    if (replay->views.relabels) EPI__TRY(epi__goals_choose(replay, snapshot));
    if (replay->views.has_windows) EPI__TRY(epi__windows_make(replay, snapshot));
    fill_cells(replay);
    for (size_t i = 0; i < replay->plan_count; i++)
        if (replay->plan[i].kind == EPI__GATHER_STACK || replay->plan[i].kind == EPI__GATHER_NEXT_STACK)
            EPI__TRY(epi__stack_gather(&replay->plan[i], replay, snapshot));
    epi__fetch_end(replay);
    return EPI_OK;
}
