/* risk.c - how far an action's mean return may be off.
 *
 * Idea: what an action returned varies over its visits, by its rewards and by where it led. The standard error of the
 * mean is that deviation over the root of the number of visits; visits of one episode are not independent, so its
 * episodes count instead. One visit tells no deviation. So each action is given one more visit with the variance pooled
 * over all actions of the graph: what was seen often speaks for itself, what was seen once is as uncertain as the
 * world is, and in a world without luck nothing is.
 */
#include "policy.h"

#include <math.h>

/* Sum of squared differences of a pair's returns from their mean. */
static double squares_of(const epi_policy *policy, const double *v, uint32_t id) {
    const epi__pair *pair = &policy->model->pairs[id];
    const double mean = epi__values_expected(policy->model, id, v, policy->options.unknown_value);
    double squares = 0;
    for (uint32_t i = 0; i < pair->outcomes.count; i++) {
        const epi__outcome *outcome = &policy->model->outcomes[epi__ids_all(&pair->outcomes)[i]];
        const double next = outcome->terminated              ? 0
                            : outcome->next == EPI_NO_STATE ? policy->options.unknown_value
                                                            : v[outcome->next];
        const double off = outcome->reward.mean - pair->reward.mean + policy->options.discount * (next - mean);
        squares += outcome->reward.squares + outcome->count * off * off;
    }
    return squares;
}

static void look_at_rewards(epi_policy *policy) {
    for (; policy->reward_visits < policy->model->visit_count; policy->reward_visits++)
        policy->reward_min = fmin(policy->reward_min, policy->model->visits[policy->reward_visits].reward);
}

/* The least that any course can return: what a lower bound need not go below. */
static double least_return(const epi_policy *policy) {
    double steps = policy->options.horizon;
    if (steps == 0 || policy->options.discount < 1) {
        const double all = 1 / (1 - policy->options.discount);
        steps = steps == 0 ? all : fmin(steps, all);
    }
    const double least = policy->reward_min < 0 ? policy->reward_min * steps : 0;
    return fmin(least, policy->options.unknown_value);
}

epi_status epi__policy_penalise(epi_policy *policy, const double *v) {
    const epi__model *model = policy->model;
    double pooled = 0, freedom = 0;
    if (policy->penalty_valid) return EPI_OK;
    double *penalty = epi__realloc(policy->penalty, model->pair_capacity, sizeof *penalty);
    if (!penalty) return epi__fail_memory("plan", model->pair_capacity * sizeof *penalty);
    policy->penalty = penalty;
    for (uint32_t i = 0; i < model->pair_count; i++) {
        penalty[i] = squares_of(policy, v, i);
        if (model->pairs[i].visits.count < 2) continue;
        pooled += penalty[i];
        freedom += model->pairs[i].visits.count - 1;
    }
    if (freedom > 0) pooled /= freedom;
    for (uint32_t i = 0; i < model->pair_count; i++) {
        const epi__pair *pair = &model->pairs[i];
        const double variance = (penalty[i] + pooled) / pair->visits.count;
        penalty[i] = policy->options.risk * sqrt(variance / pair->episodes);
    }
    look_at_rewards(policy);
    policy->rank.penalty = penalty;
    policy->rank.floor = least_return(policy);
    policy->penalty_valid = true;
    return EPI_OK;
}
