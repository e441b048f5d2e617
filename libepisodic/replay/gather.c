/* gather.c - the columns of a batch: what was drawn, copied from where it lies into the caller's rows.
 *
 * Idea: a view says for each drawn slot which slots go where. The one here is the n-step window: the first slot gives
 * the observation and the action, the last one what came after, and the rewards between them one sum. While one row
 * is copied, the lines of those behind it are on their way, from all columns.
 * Invariant: a window ends where its episode does, and where a step cannot be read yet with what follows it.
 * Source: n-step returns: R. Sutton, Learning to predict by the methods of temporal differences (1988).
 */
#include "replay.h"

#define MODULE "replay"
#define AHEAD ((size_t)12) /* rows */
#define LINE 64u

/* ---- what a batch asks for --------------------------------------------------------------------------------------- */

static const epi_role *role_named(const epi_replay *replay, const char *name, int *place) {
    const epi_schema *schema = &replay->mirror->schema->schema;
    *place = epi__schema_role(schema, name, strlen(name));
    return *place < 0 ? NULL : &schema->roles[*place];
}

static bool is_real(epi_dtype dtype) {
    return dtype == EPI_F32 || dtype == EPI_F64;
}

static epi_status check_dtype(const epi_column *column, epi_dtype wanted) {
    if (column->dtype == wanted) return EPI_OK;
    return epi__fail(EPI_ETYPE, MODULE, "column \"%s\" had dtype %d, expected %d", column->role, (int)column->dtype,
                     (int)wanted);
}

static epi_status plan_reward(epi__gather_plan *plan, const epi_replay *replay, const epi_role *role) {
    if (replay->options.n_step == 1) return EPI_OK;
    if (!is_real(role->dtype) || role->rank != 0)
        return epi__fail(EPI_ETYPE, MODULE, "rewards must be F32 or F64 scalars to be summed over %u steps",
                         replay->options.n_step);
    plan->kind = EPI__GATHER_REWARD;
    return EPI_OK;
}

static epi_status plan_role(epi__gather_plan *plan, const epi_replay *replay, const char *name) {
    const epi__layout *layout = replay->layout;
    int place = 0;
    const epi_role *role = role_named(replay, name, &place);
    if (!role) return epi__fail(EPI_EROLE, MODULE, "the space has no column \"%s\"", name);
    plan->kind = EPI__GATHER_FIRST;
    plan->width = (size_t)epi__schema_tensor_size(role);
    EPI__TRY(check_dtype(&plan->to, role->dtype));
    if (layout->role_column[place] < 0) {
        plan->kind = EPI__GATHER_FLAG;
        plan->bit = place == layout->terminated_role ? EPI__SLOT_TERMINATED : EPI__SLOT_TRUNCATED;
        return EPI_OK;
    }
    plan->column = layout->role_column[place];
    return plan->column == layout->reward ? plan_reward(plan, replay, role) : EPI_OK;
}

static epi_status plan_column(epi__gather_plan *plan, const epi_replay *replay, const epi_column *column) {
    *plan = (epi__gather_plan){.to = *column};
    if (!column->role || !column->data) return epi__fail(EPI_EINVAL, MODULE, "a column had no %s",
                                                         column->role ? "data" : "role");
    if (strcmp(column->role, EPI_NEXT_OBSERVATION) == 0) {
        EPI__TRY(plan_role(plan, replay, EPI_OBSERVATION));
        plan->kind = EPI__GATHER_NEXT;
    } else if (strcmp(column->role, EPI_DISCOUNT) == 0) {
        if (!is_real(column->dtype)) EPI__TRY(check_dtype(column, EPI_F32));
        plan->kind = EPI__GATHER_DISCOUNT;
        plan->width = epi__dtype_size(column->dtype);
    } else if (strcmp(column->role, EPI_MASK) == 0) {
        EPI__TRY(check_dtype(column, EPI_BOOL));
        plan->kind = EPI__GATHER_MASK;
        plan->width = replay->options.n_step;
    } else {
        EPI__TRY(plan_role(plan, replay, column->role));
    }
    if (plan->to.stride == 0) plan->to.stride = plan->width;
    if (plan->to.stride >= plan->width) return EPI_OK;
    return epi__fail(EPI_EINVAL, MODULE, "column \"%s\" had a stride of %zu bytes, its rows have %zu", column->role,
                     plan->to.stride, plan->width);
}

epi_status epi__gather_check(epi_replay *replay, const epi_batch *batch) {
    if (batch->column_count > EPI__GATHER_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "a batch had %zu columns, limit %u", batch->column_count, EPI__GATHER_MAX);
    if (batch->column_count && !batch->columns) return epi__fail(EPI_EINVAL, MODULE, "columns was NULL");
    for (size_t i = 0; i < batch->column_count; i++)
        EPI__TRY(plan_column(&replay->plan[i], replay, &batch->columns[i]));
    replay->plan_count = batch->column_count;
    return EPI_OK;
}

/* ---- windows ----------------------------------------------------------------------------------------------------- */

static inline epi_status find_data(epi__pick *pick, epi__snapshot *snapshot) {
    pick->data = atomic_load_explicit(&pick->chunk->data, memory_order_acquire);
    return pick->data ? EPI_OK : epi__chunk_data(&pick->data, snapshot, pick->chunk);
}

static epi_status pick_slots(epi_replay *replay, epi__snapshot *snapshot) {
    const epi__draws *draws = &replay->draws;
    for (size_t i = 0; i < draws->count; i++) {
        epi__pick *pick = &replay->draws.picks[i];
        pick->chunk = epi__columns_seat(replay->columns, draws->leaves[i] >> replay->layout->shift);
        pick->slot = draws->leaves[i] & (replay->layout->capacity - 1);
        EPI__TRY(find_data(pick, snapshot));
    }
    return EPI_OK;
}

static double reward_of(const epi_replay *replay, const epi__pick *pick) {
    const void *at = epi__slot_at(replay->layout, pick->data, replay->layout->reward, pick->slot);
    double wide;
    float narrow;
    if (replay->layout->columns[replay->layout->reward].width == sizeof narrow) {
        memcpy(&narrow, at, sizeof narrow);
        return (double)narrow;
    }
    memcpy(&wide, at, sizeof wide);
    return wide;
}

/* The step behind a pick, where its episode goes on and it can be read; chunk NULL where not. */
static epi_status step_on(epi__pick *pick, const epi_replay *replay, epi__snapshot *snapshot) {
    EPI__TRY(epi__slot_following(&pick->chunk, &pick->slot, snapshot));
    if (!pick->chunk) return EPI_OK;
    EPI__TRY(find_data(pick, snapshot));
    if (!epi__slot_is_ready(replay->layout, pick->chunk, pick->data, pick->slot)) pick->chunk = NULL;
    return EPI_OK;
}

static epi_status make_window(epi__window *window, const epi_replay *replay, const epi__pick *first, bool rewards,
                              epi__snapshot *snapshot) {
    epi__pick at = *first;
    *window = (epi__window){.last = at, .steps = 1, .discount = replay->options.discount};
    if (rewards) window->reward = reward_of(replay, &at);
    while (window->steps < replay->options.n_step) {
        EPI__TRY(step_on(&at, replay, snapshot));
        if (!at.chunk) break;
        if (rewards) window->reward += window->discount * reward_of(replay, &at);
        window->discount *= replay->options.discount;
        window->last = at;
        window->steps++;
    }
    return EPI_OK;
}

static epi_status make_windows(epi_replay *replay, epi__snapshot *snapshot) {
    bool rewards = false;
    for (size_t i = 0; i < replay->plan_count; i++) rewards |= replay->plan[i].kind == EPI__GATHER_REWARD;
    for (size_t i = 0; i < replay->draws.count; i++)
        EPI__TRY(make_window(&replay->draws.windows[i], replay, &replay->draws.picks[i], rewards, snapshot));
    return EPI_OK;
}

/* ---- copying ----------------------------------------------------------------------------------------------------- */

/* The last step of a row's window; without windows, the row's own. */
static inline const epi__pick *last_of(const epi_replay *replay, size_t row) {
    return replay->options.n_step == 1 ? &replay->draws.picks[row] : &replay->draws.windows[row].last;
}

static inline unsigned flags_of(const epi_replay *replay, const epi__pick *pick) {
    return epi__slot_flags(replay->layout, pick->chunk, pick->data, pick->slot);
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

static void put_next(uint8_t *to, const epi__gather_plan *plan, const epi_replay *replay, size_t row) {
    const epi__pick *last = last_of(replay, row);
    if (epi__slot_has_next(replay->layout, last->chunk, last->data, last->slot))
        copy(to, epi__slot_at(replay->layout, last->data, plan->column, last->slot + 1), plan->width);
    else memset(to, 0, plan->width); /* terminated, and nothing given: its value counts for nothing */
}

static void put_discount(uint8_t *to, const epi__gather_plan *plan, const epi_replay *replay, size_t row) {
    const bool terminated = flags_of(replay, last_of(replay, row)) & EPI__SLOT_TERMINATED;
    const double discount = replay->options.n_step == 1 ? replay->options.discount
                                                        : replay->draws.windows[row].discount;
    put_real(to, plan->to.dtype, terminated ? 0 : discount);
}

static void put_mask(uint8_t *to, const epi_replay *replay, size_t row) {
    const uint32_t steps = replay->options.n_step == 1 ? 1 : replay->draws.windows[row].steps;
    memset(to, 1, steps);
    memset(to + steps, 0, replay->options.n_step - steps);
}

static inline void fill_row(const epi__gather_plan *plan, const epi_replay *replay, size_t row) {
    uint8_t *to = (uint8_t *)plan->to.data + row * plan->to.stride;
    const epi__pick *pick = &replay->draws.picks[row];
    switch (plan->kind) {
    case EPI__GATHER_FIRST:
        copy(to, epi__slot_at(replay->layout, pick->data, plan->column, pick->slot), plan->width);
        break;
    case EPI__GATHER_NEXT: put_next(to, plan, replay, row); break;
    case EPI__GATHER_FLAG: *to = (flags_of(replay, last_of(replay, row)) & plan->bit) != 0; break;
    case EPI__GATHER_REWARD: put_real(to, plan->to.dtype, replay->draws.windows[row].reward); break;
    case EPI__GATHER_DISCOUNT: put_discount(to, plan, replay, row); break;
    case EPI__GATHER_MASK: put_mask(to, replay, row); break;
    }
}

static void prefetch_bytes(const uint8_t *from, size_t size) {
    for (size_t at = 0; at < size; at += LINE) __builtin_prefetch(from + at);
    __builtin_prefetch(from + size - 1);
}

/* Lines of all columns that a row will be copied from, and of its flags. */
static void prefetch_row(const epi_replay *replay, size_t row) {
    const epi__layout *layout = replay->layout;
    const epi__pick *first = &replay->draws.picks[row], *last = last_of(replay, row);
    for (size_t i = 0; i < replay->plan_count; i++) {
        const epi__gather_plan *plan = &replay->plan[i];
        if (plan->kind == EPI__GATHER_FIRST)
            prefetch_bytes(epi__slot_at(layout, first->data, plan->column, first->slot), plan->width);
        else if (plan->kind == EPI__GATHER_NEXT)
            prefetch_bytes(epi__slot_at(layout, last->data, plan->column, last->slot + 1), plan->width);
    }
    __builtin_prefetch(epi__slot_at(layout, last->data, layout->flags, last->slot));
}

epi_status epi__gather(epi_replay *replay, epi__snapshot *snapshot) {
    const size_t count = replay->draws.count;
    if (replay->plan_count == 0) return EPI_OK;
    EPI__TRY(pick_slots(replay, snapshot));
    if (replay->options.n_step > 1) EPI__TRY(make_windows(replay, snapshot));
    for (size_t row = 0; row < EPI__MIN(count, AHEAD); row++) prefetch_row(replay, row);
    for (size_t row = 0; row < count; row++) {
        if (row + AHEAD < count) prefetch_row(replay, row + AHEAD);
        for (size_t i = 0; i < replay->plan_count; i++) fill_row(&replay->plan[i], replay, row);
    }
    return EPI_OK;
}
