/* plan.c - what a batch asks for: each column checked against the schema and the views, and how it is filled.
 *
 * Idea: all that depends on names is decided once a batch; gathering then goes by kinds, columns and widths.
 */
#include "replay.h"

#define MODULE "replay"
#define FETCH_MAX ((size_t)16384) /* bytes; what is longer, the processor foresees itself */

static bool is_real(epi_dtype dtype) {
    return dtype == EPI_F32 || dtype == EPI_F64;
}

static epi_status check_dtype(const epi_column *column, epi_dtype wanted) {
    if (column->dtype == wanted) return EPI_OK;
    return epi__fail(EPI_ETYPE, MODULE, "column \"%s\" had dtype %d, expected %d", column->role, (int)column->dtype,
                     (int)wanted);
}

static epi_status plan_reward(epi__gather_plan *plan, const epi_replay *replay, const epi_role *role) {
    if (!replay->views.has_windows) return EPI_OK;
    if (!is_real(role->dtype) || role->rank != 0)
        return epi__fail(EPI_ETYPE, MODULE, "rewards must be F32 or F64 scalars to be summed or relabelled");
    plan->kind = EPI__GATHER_REWARD;
    return EPI_OK;
}

static bool is_state(const epi_replay *replay, int column) {
    for (size_t i = 0; i < replay->views.state_count; i++)
        if (replay->views.states[i] == column) return true;
    return false;
}

static epi_status plan_role(epi__gather_plan *plan, const epi_replay *replay, const char *name) {
    const epi__layout *layout = replay->layout;
    int place = 0;
    const epi_role *role = epi__views_role(replay, name, &place);
    if (!role) return epi__fail(EPI_EROLE, MODULE, "the space has no column \"%s\"", name);
    plan->width = (size_t)epi__schema_tensor_size(role);
    EPI__TRY(check_dtype(&plan->to, role->dtype));
    if (layout->role_column[place] < 0) {
        plan->kind = EPI__GATHER_FLAG;
        plan->bit = place == layout->terminated_role ? EPI__SLOT_TERMINATED : EPI__SLOT_TRUNCATED;
        return EPI_OK;
    }
    plan->column = layout->role_column[place];
    if (is_state(replay, plan->column)) plan->cells = 1;
    if (replay->views.relabels && plan->column == replay->views.desired) plan->kind = EPI__GATHER_GOAL;
    return plan->column == layout->reward ? plan_reward(plan, replay, role) : EPI_OK;
}

static epi_status plan_observation(epi__gather_plan *plan, const epi_replay *replay, bool next) {
    const bool stacked = replay->views.stack > 1;
    EPI__TRY(plan_role(plan, replay, EPI_OBSERVATION));
    if (next) plan->kind = stacked ? EPI__GATHER_NEXT_STACK : EPI__GATHER_NEXT;
    else if (stacked) plan->kind = EPI__GATHER_STACK;
    plan->width *= replay->views.stack;
    return EPI_OK;
}

static epi_status plan_truth(epi__gather_plan *plan, epi__gather_kind kind) {
    plan->kind = kind;
    plan->width = 1;
    return check_dtype(&plan->to, EPI_BOOL);
}

static epi_status plan_mask(epi__gather_plan *plan, const epi_replay *replay) {
    if (replay->views.length) return plan_truth(plan, EPI__GATHER_PRESENT);
    EPI__TRY(plan_truth(plan, EPI__GATHER_MASK));
    plan->width = replay->options.n_step;
    return EPI_OK;
}

static epi_status plan_discount(epi__gather_plan *plan) {
    if (!is_real(plan->to.dtype)) EPI__TRY(check_dtype(&plan->to, EPI_F32));
    plan->kind = EPI__GATHER_DISCOUNT;
    plan->width = epi__dtype_size(plan->to.dtype);
    return EPI_OK;
}

static epi_status plan_named(epi__gather_plan *plan, const epi_replay *replay, const char *name) {
    if (strcmp(name, EPI_NEXT_OBSERVATION) == 0) return plan_observation(plan, replay, true);
    if (strcmp(name, EPI_OBSERVATION) == 0) return plan_observation(plan, replay, false);
    if (strcmp(name, EPI_DISCOUNT) == 0) return plan_discount(plan);
    if (strcmp(name, EPI_MASK) == 0) return plan_mask(plan, replay);
    if (replay->views.length && strcmp(name, EPI_TRAINED) == 0) return plan_truth(plan, EPI__GATHER_TRAINED);
    if (replay->views.relabels && strcmp(name, EPI_RELABELLED) == 0) return plan_truth(plan, EPI__GATHER_RELABELLED);
    return plan_role(plan, replay, name);
}

static epi_status plan_column(epi__gather_plan *plan, const epi_replay *replay, const epi_column *column) {
    *plan = (epi__gather_plan){.kind = EPI__GATHER_FIRST, .cells = replay->views.span, .to = *column};
    if (!column->role || !column->data) return epi__fail(EPI_EINVAL, MODULE, "a column had no %s",
                                                         column->role ? "data" : "role");
    EPI__TRY(plan_named(plan, replay, column->role));
    const size_t size = plan->width * plan->cells;
    if (plan->to.stride == 0) plan->to.stride = size;
    if (plan->to.stride >= size) return EPI_OK;
    return epi__fail(EPI_EINVAL, MODULE, "column \"%s\" had a stride of %zu bytes, its rows have %zu", column->role,
                     plan->to.stride, size);
}

static bool is_copied(const epi__gather_plan *plan) {
    return plan->kind == EPI__GATHER_FIRST || plan->kind == EPI__GATHER_NEXT;
}

/* An observation and the next one lie side by side: without windows, they are one piece. */
static void plan_fetches(epi_replay *replay) {
    epi__gather_plan *own = NULL, *next = NULL, *end = replay->plan + replay->plan_count;
    for (epi__gather_plan *plan = replay->plan; plan < end; plan++) {
        plan->fetch = is_copied(plan) ? EPI__MIN(plan->width, FETCH_MAX) : 0;
        if (plan->kind == EPI__GATHER_NEXT) next = plan;
        else if (plan->fetch && plan->column == replay->layout->observation) own = plan;
    }
    if (!own || !next || replay->views.has_windows) return;
    own->fetch = EPI__MIN(own->width + next->width, FETCH_MAX);
    next->fetch = 0;
}

epi_status epi__gather_check(epi_replay *replay, const epi_batch *batch) {
    if (batch->column_count > EPI__GATHER_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "a batch had %zu columns, limit %u", batch->column_count, EPI__GATHER_MAX);
    if (batch->size * replay->views.span > EPI_BATCH_STEPS_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "%zu rows of %zu steps were asked for, limit %u steps", batch->size,
                         replay->views.span, EPI_BATCH_STEPS_MAX);
    if (batch->column_count && !batch->columns) return epi__fail(EPI_EINVAL, MODULE, "columns was NULL");
    for (size_t i = 0; i < batch->column_count; i++)
        EPI__TRY(plan_column(&replay->plan[i], replay, &batch->columns[i]));
    replay->plan_count = batch->column_count;
    plan_fetches(replay);
    replay->planned = batch;
    return EPI_OK;
}
