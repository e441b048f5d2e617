/* planner.c - acting on a rollout while the world agrees with it.
 *
 * A step disagrees when one is displaced otherwise than the stored step was: that refutes the move, and a new plan is
 * made, which goes round it. When every step agreed but the small differences have added up, a new plan is made and
 * nothing is refuted. Agreement confirms a join that was in doubt.
 *
 * The planner owns its plan and a copy of the goal. `revision` is of the traces that the plan was last verified
 * against.
 */
#include <episodic/plan.h>

#include <math.h>

#include "../imagine/search.h"

#define MODULE "plan"
#define DOUBTFUL 0.5 /* joins less plausible than this are worth confirming */

struct epi_planner {
    epi_space *space; /* a reference */
    epi_goal goal;
    bool has_goal;
    epi_planner_options options;
    size_t size; /* floats of an observation */
    float *goal_observation;
    float *history; /* states that were acted in, oldest first; behind them room for as many, newest first */
    size_t history_count;
    float *state; /* the newest of them */
    bool acted;   /* an action was given out and not answered yet */
    epi_rollouts *plan;
    const epi_rollout *rollout; /* NULL: none to go on with */
    uint64_t revision;
    uint64_t failures; /* plans that the world disagreed with */
    epi_planner_stats stats;
};

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

static epi_status copy_goal(epi_planner *planner, const epi_goal *goal) {
    planner->goal_observation = epi__realloc(NULL, planner->size, sizeof(float));
    planner->state = epi__alloc_zero(planner->size, sizeof(float));
    planner->history = epi__realloc(NULL, 2 * planner->size * EPI_CONTEXT_COUNT_MAX, sizeof(float));
    if (!planner->goal_observation || !planner->state || !planner->history)
        return epi__fail_memory(MODULE, planner->size * sizeof(float));
    if (!goal) return EPI_OK;
    planner->goal = *goal;
    planner->has_goal = true;
    if (!goal->observation.data) return EPI_OK;
    if (goal->observation.dtype != EPI_F32 || goal->observation.count != planner->size)
        return epi__fail(EPI_EDIMENSION, MODULE, "the goal has %zu elements, expected %zu float32",
                         goal->observation.count, planner->size);
    memcpy(planner->goal_observation, goal->observation.data, planner->size * sizeof(float));
    planner->goal.observation.data = planner->goal_observation;
    return EPI_OK;
}

static epi_status check(const epi_goal *goal, const epi_planner_options *options) {
    if (options->version != 1 || (goal && goal->version != 1))
        return epi__fail(EPI_EINVAL, MODULE, "options have version %u, expected 1", options->version);
    if (!(options->disagreement >= 0.0))
        return epi__fail(EPI_EINVAL, MODULE, "disagreement is %g", options->disagreement);
    return EPI_OK;
}

epi_status epi_planner_open(epi_planner **planner, epi_space *space, const epi_goal *goal,
                            const epi_planner_options *given) {
    if (!planner) return epi__fail(EPI_EINVAL, MODULE, "planner was NULL");
    *planner = NULL;
    EPI__TRY(epi__space_check_handle(space));
    epi_planner_options options = given ? *given : epi_planner_options_default();
    EPI__TRY(check(goal, &options));
    size_t size = 0;
    EPI__TRY(epi__traces_size(&size, space));
    epi_planner *made = epi__alloc_zero(1, sizeof *made);
    if (!made) return epi__fail_memory(MODULE, sizeof *made);
    atomic_fetch_add(&space->references, 1);
    made->space = space;
    made->options = options;
    made->size = size;
    made->stats.version = 1;
    if (made->options.disagreement <= 0.0) made->options.disagreement = EPI_DISAGREEMENT_DEFAULT;
    epi_status status = copy_goal(made, goal);
    if (status)
        epi_planner_close(made);
    else
        *planner = made;
    return status;
}

void epi_planner_close(epi_planner *planner) {
    if (!planner) return;
    epi_rollouts_free(planner->plan);
    epi__space_release(planner->space);
    epi__free(planner->goal_observation);
    epi__free(planner->history);
    epi__free(planner->state);
    epi__free(planner);
}

const epi_rollouts *epi_planner_plan(const epi_planner *planner) {
    return planner ? planner->plan : NULL;
}

epi_planner_stats epi_planner_stats_read(const epi_planner *planner) {
    epi_planner_stats stats = {0};
    if (!planner) return stats;
    stats = planner->stats;
    stats.expansions_per_second = stats.seconds > 0.0 ? (double)stats.expansions / stats.seconds : 0.0;
    return stats;
}

/* ---- planning ---------------------------------------------------------------------------------------------------- */

static void drop_plan(epi_planner *planner) {
    planner->rollout = NULL;
    planner->stats.step = 0;
}

static bool is_near(const epi_planner *planner, const float *observation, const float *place) {
    return epi__join_distance(&planner->options.imagine, observation, place, planner->size) <= planner->goal.tolerance;
}

/* Whether one came to a step as it was come to. */
static bool agrees_with(const epi_planner *planner, const epi__traces *traces, const float *observation, uint32_t row) {
    const epi_imagine_options *o = &planner->options.imagine;
    const epi__judge judge = {traces, NULL, o};
    float *newest = planner->history + planner->size * EPI_CONTEXT_COUNT_MAX;
    double least = o->plausibility_min > 0.0 ? o->plausibility_min : EPI_PLAUSIBILITY_DEFAULT;
    for (size_t i = 0; i < planner->history_count; i++)
        memcpy(newest + i * planner->size, planner->history + (planner->history_count - 1 - i) * planner->size,
               planner->size * sizeof *newest);
    double length = epi__neighbours_step_length(traces, observation);
    return epi__join_context(&judge, newest, planner->history_count, length, row) >= least;
}

/* Whether one is where some stored step began that the goal names or finds. */
static epi_status at_stored_goal(bool *there, const epi_planner *planner, const float *observation) {
    epi__traces *t = NULL;
    epi__rows rows = {0};
    EPI__TRY(epi__traces_acquire(&t, planner->space));
    epi_status status = epi__neighbours_ready(t);
    if (!status) status = epi__goal_rows(&rows, t, &planner->goal);
    for (size_t i = 0; !status && !*there && i < rows.count; i++)
        *there = is_near(planner, observation, epi__traces_observation(t, rows.items[i])) &&
                 (!planner->goal.step || agrees_with(planner, t, observation, rows.items[i]));
    epi__traces_release(t);
    epi__free(rows.items);
    return status;
}

static epi_status at_goal(bool *there, const epi_planner *planner, const float *observation) {
    const epi_goal *goal = &planner->goal;
    *there = false;
    if (!planner->has_goal) return EPI_OK;
    if (goal->reached)
        *there = goal->reached(goal->reached_context, observation, planner->size);
    else if (goal->observation.data)
        *there = is_near(planner, observation, planner->goal_observation);
    else
        return at_stored_goal(there, planner, observation);
    return EPI_OK;
}

static epi_status make_plan(epi_planner *planner, const float *observation) {
    epi_situation start = epi_situation_default();
    epi_rollouts *plan = NULL;
    if (planner->options.replans_max && planner->failures > planner->options.replans_max)
        return epi__fail(EPI_ENOTFOUND, MODULE, "the world disagreed with %llu plans",
                         (unsigned long long)planner->failures);
    start.observation = epi_tensor_f32(observation, planner->size);
    if (planner->history_count > 0)
        start.context = epi_tensor_f32(planner->history, planner->history_count * planner->size);
    drop_plan(planner);
    EPI__TRY(epi_imagine(&plan, planner->space, &start, planner->has_goal ? &planner->goal : NULL,
                         &planner->options.imagine));
    epi_rollouts_free(planner->plan);
    planner->plan = plan;
    planner->rollout = epi_rollouts_get(plan, 0);
    planner->stats.plans++;
    planner->stats.expansions += epi_rollouts_expansions(plan);
    planner->stats.seconds += epi_rollouts_seconds(plan);
    if (planner->rollout && planner->rollout->step_count > 0) return EPI_OK;
    planner->rollout = NULL;
    return epi__fail(EPI_ENOTFOUND, MODULE, "no plan was found in %llu places",
                     (unsigned long long)epi_rollouts_expansions(plan));
}

/* A plan is looked through again only when the traces have changed since. */
static epi_status drop_if_stale(epi_planner *planner) {
    epi__traces *t = NULL;
    EPI__TRY(epi__traces_acquire(&t, planner->space));
    uint64_t revision = t->revision;
    epi__traces_release(t);
    if (planner->rollout && revision != planner->revision) {
        epi_status status = epi_rollout_verify(planner->rollout);
        if (status && status != EPI_ESTALE) return status;
        if (status) drop_plan(planner);
    }
    planner->revision = revision;
    return EPI_OK;
}

static bool plan_is_used_up(const epi_planner *planner) {
    if (!planner->rollout || planner->stats.step >= planner->rollout->step_count) return true;
    return planner->options.horizon && planner->stats.step >= planner->options.horizon;
}

epi_status epi_planner_next(epi_tensor *action, epi_planner *planner, const float *observation) {
    if (!action || !planner || !observation)
        return epi__fail(EPI_EINVAL, MODULE, "action, planner or observation was NULL");
    *action = (epi_tensor){0};
    bool there = false;
    EPI__TRY(at_goal(&there, planner, observation));
    if (there) return EPI_EDONE;
    EPI__TRY(drop_if_stale(planner));
    if (plan_is_used_up(planner)) EPI__TRY(make_plan(planner, observation));
    const epi_imagined_step *step = epi_rollout_step(planner->rollout, planner->stats.step);
    const epi_schema *schema = epi_space_schema(planner->space);
    int role = epi__schema_role(schema, "action", strlen("action"));
    memcpy(planner->state, observation, planner->size * sizeof(float));
    planner->acted = true;
    action->data = step->action;
    action->dtype = role < 0 ? EPI_DTYPE_NONE : schema->roles[role].dtype;
    action->count = role < 0 ? 0 : step->action_size / epi__dtype_size(action->dtype);
    return EPI_OK;
}

/* ---- observing --------------------------------------------------------------------------------------------------- */

static void remember_state(epi_planner *planner) {
    size_t size = planner->size, wanted = EPI__MAX(planner->options.imagine.context, 2u) - 1;
    wanted = EPI__MIN(wanted, EPI_CONTEXT_COUNT_MAX);
    if (planner->history_count == wanted) {
        memmove(planner->history, planner->history + size, (wanted - 1) * size * sizeof(float));
        planner->history_count--;
    }
    memcpy(planner->history + planner->history_count++ * size, planner->state, size * sizeof(float));
}

/* How far one came from where the step, and the plan, should have led. */
static void differences(double *step_off, double *plan_off, const epi_planner *planner, const float *observation) {
    const epi_imagined_step *step = epi_rollout_step(planner->rollout, planner->stats.step);
    const epi_imagined_step *next = epi_rollout_step(planner->rollout, planner->stats.step + 1);
    const float *expected = next ? next->expected : planner->rollout->end;
    *step_off = *plan_off = 0.0;
    for (size_t i = 0; i < planner->size; i++) {
        double off = (double)observation[i] - (double)expected[i];
        double before = (double)planner->state[i] - (double)step->expected[i];
        *plan_off += off * off;
        *step_off += (off - before) * (off - before);
    }
    *step_off = sqrt(*step_off);
    *plan_off = sqrt(*plan_off);
}

static epi_status local_length(double *length, epi_planner *planner) {
    epi__traces *t = NULL;
    EPI__TRY(epi__traces_acquire(&t, planner->space));
    epi_status status = epi__neighbours_ready(t);
    if (!status) *length = epi__neighbours_step_length(t, planner->state);
    epi__traces_release(t);
    return status;
}

static epi_status judge_step(epi_planner *planner, const float *observation) {
    const epi_imagined_step *step = epi_rollout_step(planner->rollout, planner->stats.step);
    double length = 1.0, step_off, plan_off;
    EPI__TRY(local_length(&length, planner));
    differences(&step_off, &plan_off, planner, observation);
    double limit = planner->options.disagreement * length;
    planner->stats.step++;
    if (step_off > limit) {
        planner->stats.disagreements++;
        planner->failures++;
        drop_plan(planner);
        return epi__rollout_report(planner->space, step, planner->state, EPI_REFUTED);
    }
    if (step->join && step->join->plausibility < DOUBTFUL)
        EPI__TRY(epi__rollout_report(planner->space, step, planner->state, EPI_CONFIRMED));
    if (plan_off > limit) drop_plan(planner);
    return EPI_OK;
}

epi_status epi_planner_observe(epi_planner *planner, const float *observation, double reward, bool terminated) {
    if (!planner || !observation) return epi__fail(EPI_EINVAL, MODULE, "planner or observation was NULL");
    if (!planner->acted) return epi__fail(EPI_EINVAL, MODULE, "no action was given out");
    if (reward != reward) return epi__fail(EPI_ENUMBER, MODULE, "reward was NaN");
    planner->acted = false;
    planner->stats.reward += reward;
    remember_state(planner);
    epi_status status = planner->rollout ? judge_step(planner, observation) : EPI_OK;
    if (terminated) {
        drop_plan(planner);
        planner->history_count = 0;
    }
    return status;
}
