/* policy.c - the policy's handle: making it, keeping it level with its graph, choosing.
 *
 * Idea: the mean's values are always there; where the ranking is another, a second table is settled beside them, for
 * the lower bound with penalties that come from the mean's values. A choice is not stored: it is the best of the few
 * actions of a state by one backup each.
 * Ownership: the policy owns its values; the graph is the caller's and outlives it.
 */
#include "policy.h"

#include <math.h>
#include <stdlib.h>

#include "../math/math.h"

#define MODULE "plan"

/* ---- making ----------------------------------------------------------------------------------------------------- */

static epi_status check_options(const epi_policy_options *options) {
    if (options->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "options have version %u, known is 1", options->version);
    if (options->ranking != EPI_RANK_MEAN && options->ranking != EPI_RANK_LOWER &&
        options->ranking != EPI_RANK_MAXIMUM)
        return epi__fail(EPI_EINVAL, MODULE, "ranking %d is not known", (int)options->ranking);
    if (!isfinite(options->risk) || options->risk < 0)
        return epi__fail(EPI_EINVAL, MODULE, "risk is %g, it must be 0 or more", options->risk);
    if (!(options->discount >= 0 && options->discount <= 1))
        return epi__fail(EPI_EINVAL, MODULE, "discount is %g, it must be from 0 to 1", options->discount);
    if (!(options->tolerance > 0) || !isfinite(options->tolerance))
        return epi__fail(EPI_EINVAL, MODULE, "tolerance is %g, it must be more than 0", options->tolerance);
    if (!isfinite(options->unknown_value)) return epi__fail(EPI_ENUMBER, MODULE, "unknown_value is not finite");
    return EPI_OK;
}

static epi__values values_of(const epi_policy *policy, bool maximum) {
    return (epi__values){.model = policy->model,
                         .discount = policy->options.discount,
                         .unknown_value = policy->options.unknown_value,
                         .tolerance = policy->options.tolerance,
                         .maximum = maximum};
}

static void begin_anew(epi_policy *policy) {
    epi__values_dispose(&policy->mean);
    epi__values_dispose(&policy->rank);
    policy->mean = values_of(policy, false);
    policy->rank = values_of(policy, policy->options.ranking == EPI_RANK_MAXIMUM);
    policy->rebuilds = policy->graph->rebuilds;
    policy->layers_made = false;
    policy->reward_visits = 0;
    policy->reward_min = INFINITY;
    policy->penalty_valid = policy->evaluation.valid = false;
}

void epi_policy_close(epi_policy *policy) {
    if (!policy) return;
    epi__values_dispose(&policy->mean);
    epi__values_dispose(&policy->rank);
    epi__free(policy->mean_layers);
    epi__free(policy->rank_layers);
    epi__free(policy->penalty);
    epi__free(policy->evaluation.numbers);
    epi__free(policy);
}

epi_status epi_policy_open(epi_policy_report *report, epi_policy **policy, const epi_graph *graph,
                           const epi_policy_options *options) {
    const epi_policy_options defaults = epi_policy_options_default();
    if (report) *report = (epi_policy_report){0};
    if (!policy || !graph) return epi__fail(EPI_EINVAL, MODULE, "policy or graph was NULL");
    *policy = NULL;
    if (!options) options = &defaults;
    EPI__TRY(check_options(options));
    epi_policy *made = epi__alloc_zero(1, sizeof *made);
    if (!made) return epi__fail_memory(MODULE, sizeof *made);
    made->graph = graph;
    made->model = &graph->model;
    made->options = *options;
    begin_anew(made);
    epi_status status = epi_policy_update(report, made, options->backup_count_max);
    if (status) {
        epi_policy_close(made);
        return status;
    }
    *policy = made;
    return EPI_OK;
}

/* ---- keeping level ---------------------------------------------------------------------------------------------- */

static epi_status settle(epi__values *values, epi__effort *effort) {
    const bool is_new = values->visit_count == 0;
    EPI__TRY(epi__values_grow(values));
    if (is_new) epi__values_sweep_back(values, effort);
    epi__values_settle(values, effort);
    return EPI_OK;
}

/* Penalties change with every visit, everywhere by a little: all pairs are looked at. */
static epi_status settle_lower(epi_policy *policy, epi__effort *effort) {
    const bool is_level = policy->penalty_valid;
    EPI__TRY(epi__policy_penalise(policy, policy->mean.v));
    EPI__TRY(epi__values_grow(&policy->rank));
    if (!is_level) epi__values_queue_all(&policy->rank);
    epi__values_settle(&policy->rank, effort);
    return EPI_OK;
}

static epi_status update(epi_policy *policy, epi__effort *effort) {
    if (policy->rebuilds != policy->graph->rebuilds) begin_anew(policy);
    if (!epi__policy_is_level(policy)) policy->penalty_valid = policy->evaluation.valid = false;
    if (policy->options.horizon > 0) return epi__policy_layers(policy, effort);
    EPI__TRY(settle(&policy->mean, effort));
    if (effort->backups > 0) policy->penalty_valid = policy->evaluation.valid = false;
    if (policy->options.ranking == EPI_RANK_MEAN) return EPI_OK;
    return policy->options.ranking == EPI_RANK_LOWER ? settle_lower(policy, effort) : settle(&policy->rank, effort);
}

static double first_priority(const epi__queue *queue) {
    return queue->count > 0 ? queue->priority[queue->heap[0]] : 0;
}

epi_status epi_policy_update(epi_policy_report *report, epi_policy *policy, uint64_t backup_count_max) {
    if (report) *report = (epi_policy_report){0};
    if (!policy) return epi__fail(EPI_EINVAL, MODULE, "policy was NULL");
    epi__effort effort = {.backups_left = backup_count_max > 0 ? backup_count_max : EPI_BACKUP_COUNT_MAX_DEFAULT};
    if (policy->options.time_limit_ms > 0)
        effort.deadline_us = epi__clock_monotonic_us() + policy->options.time_limit_ms * UINT64_C(1000);
    EPI__TRY(update(policy, &effort));
    if (effort.backups > 0) policy->evaluation.valid = false;
    const double residual = fmax(first_priority(&policy->mean.queue), first_priority(&policy->rank.queue));
    if (report) *report = (epi_policy_report){effort.backups, effort.changed, residual <= 0, residual};
    return EPI_OK;
}

/* ---- choosing --------------------------------------------------------------------------------------------------- */

const double *epi__policy_next_values(const epi_policy *policy, uint32_t steps_left, bool mean) {
    if (policy->options.horizon == 0) return mean ? policy->mean.v : epi__policy_values(policy)->v;
    const uint32_t left = EPI__MAX(EPI__MIN(steps_left, policy->options.horizon), 1u);
    return (mean ? policy->mean_layers : epi__policy_ranked_layers(policy)) + (size_t)(left - 1) * policy->layer_states;
}

bool epi__policy_is_level(const epi_policy *policy) {
    const epi__model *model = policy->model;
    if (policy->rebuilds != policy->graph->rebuilds) return false;
    if (policy->options.horizon > 0)
        return policy->layers_made && policy->layer_visits == model->visit_count &&
               policy->layer_states == model->link_count;
    const epi__values *values = epi__policy_values(policy);
    return values->v && values->visit_count == model->visit_count && values->state_count == model->link_count;
}

static epi_status check_level(const epi_policy *policy) {
    if (epi__policy_is_level(policy)) return EPI_OK;
    return epi__fail(EPI_ESTALE, MODULE, "the graph has changed since the policy was updated");
}

uint32_t epi__policy_choose(const epi_policy *policy, uint32_t state, uint32_t steps_left) {
    const epi__values *values = epi__policy_values(policy);
    const double *v = epi__policy_next_values(policy, steps_left, false);
    const epi__ids *tried = &policy->model->links[state].tried;
    uint32_t best = EPI__NO_ID;
    double most = -INFINITY;
    for (uint32_t i = 0; i < tried->count; i++) {
        const uint32_t pair = epi__ids_all(tried)[i];
        const double value = epi__values_backup(values, v, pair);
        if (value < most || (best != EPI__NO_ID && value <= most &&
                             policy->model->pairs[pair].action > policy->model->pairs[best].action))
            continue;
        best = pair;
        most = value;
    }
    return best;
}

static void fill_choice(epi_policy_choice *choice, const epi_policy *policy, uint32_t id, uint32_t steps_left) {
    const epi__pair *pair = &policy->model->pairs[id];
    *choice = (epi_policy_choice){
        pair->state,
        pair->action,
        epi_graph_action(policy->graph, pair->action),
        epi__values_backup(epi__policy_values(policy), epi__policy_next_values(policy, steps_left, false), id),
        epi__values_backup(&policy->mean, epi__policy_next_values(policy, steps_left, true), id),
        pair->visits.count,
        pair->episodes,
        epi__model_is_edge(policy->model, pair)};
}

epi_status epi_policy_next(epi_policy_choice *choice, const epi_policy *policy, const float *observation,
                           uint32_t steps_left) {
    uint32_t state;
    if (!choice || !policy) return epi__fail(EPI_EINVAL, MODULE, "choice or policy was NULL");
    *choice = (epi_policy_choice){.state = EPI_NO_STATE};
    EPI__TRY(check_level(policy));
    EPI__TRY(epi_graph_find_state(&state, policy->graph, observation));
    const uint32_t pair = epi__policy_choose(policy, state, steps_left);
    if (pair == EPI__NO_ID) return epi__fail(EPI_ENOTFOUND, MODULE, "nothing was ever tried in state %u", state);
    fill_choice(choice, policy, pair, steps_left);
    return EPI_OK;
}

static int by_value(const void *a, const void *b) {
    const epi_policy_choice *x = a, *y = b;
    if (x->value < y->value || x->value > y->value) return x->value < y->value ? 1 : -1;
    return (x->action > y->action) - (x->action < y->action);
}

epi_status epi_policy_rank(epi_policy_choice *choices, size_t *count, const epi_policy *policy, uint32_t state,
                           uint32_t steps_left) {
    if (!count || !policy || (!choices && *count > 0)) return epi__fail(EPI_EINVAL, MODULE, "an argument was NULL");
    EPI__TRY(check_level(policy));
    if (state >= policy->model->link_count) return epi__fail(EPI_ENOTFOUND, MODULE, "there is no state %u", state);
    const epi__ids *tried = &policy->model->links[state].tried;
    const size_t room = *count;
    *count = tried->count;
    if (room == 0) return EPI_OK;
    epi_policy_choice *all = epi__realloc(NULL, tried->count, sizeof *all);
    if (!all) return epi__fail_memory(MODULE, tried->count * sizeof *all);
    for (uint32_t i = 0; i < tried->count; i++) fill_choice(&all[i], policy, epi__ids_all(tried)[i], steps_left);
    qsort(all, tried->count, sizeof *all, by_value);
    memcpy(choices, all, EPI__MIN(room, tried->count) * sizeof *all);
    epi__free(all);
    return EPI_OK;
}

double epi_policy_value(const epi_policy *policy, uint32_t state, uint32_t steps_left) {
    if (!policy || !epi__policy_is_level(policy) || state >= policy->model->link_count) return 0;
    if (policy->options.horizon == 0) return epi__policy_values(policy)->v[state];
    const uint32_t left = EPI__MIN(steps_left, policy->options.horizon);
    return epi__policy_ranked_layers(policy)[(size_t)left * policy->layer_states + state];
}
