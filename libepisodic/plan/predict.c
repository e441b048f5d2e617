/* predict.c - what following a policy leads to, by the outcomes as they were counted.
 *
 * Idea: iterative policy evaluation, one sweep a step of the horizon, over five numbers a state at once: the return's
 * mean, its lower bound, the mean of its square (for the deviation), the chance that it terminated, and the chance that
 * it came to where nothing is known. Two sets of arrays take turns.
 * Source: Sutton and Barto, Reinforcement Learning (2018), 4.1; the square by Sobel, The variance of discounted Markov
 * decision processes (1982).
 */
#include "policy.h"

#include <math.h>

#define MODULE "plan"

/* What an outcome's next state gives to the five numbers. */
static void take_outcome(double *sum, const epi_policy *policy, const epi__outcome *outcome, const double *before,
                         uint32_t states) {
    const double discount = policy->options.discount, unknown = policy->options.unknown_value;
    double next[EPI__EVALUATED] = {[EPI__ENDED] = outcome->terminated};
    if (!outcome->terminated && outcome->next != EPI_NO_STATE) {
        for (size_t i = 0; i < EPI__EVALUATED; i++) next[i] = before[i * states + outcome->next];
    } else if (!outcome->terminated) {
        next[EPI__MEAN] = next[EPI__LOW] = unknown;
        next[EPI__SQUARE] = unknown * unknown;
        next[EPI__LOST] = 1;
    }
    const double reward = outcome->reward.mean, weight = outcome->count;
    sum[EPI__MEAN] += weight * (reward + discount * next[EPI__MEAN]);
    sum[EPI__LOW] += weight * (reward + discount * next[EPI__LOW]);
    sum[EPI__SQUARE] += outcome->reward.squares + weight * (reward * reward + 2 * discount * reward * next[EPI__MEAN] +
                                                            discount * discount * next[EPI__SQUARE]);
    sum[EPI__ENDED] += weight * next[EPI__ENDED];
    sum[EPI__LOST] += weight * next[EPI__LOST];
}

static void evaluate_pair(double *after, const epi_policy *policy, uint32_t id, const double *before,
                          uint32_t states) {
    const epi__pair *pair = &policy->model->pairs[id];
    double sum[EPI__EVALUATED] = {0};
    for (uint32_t i = 0; i < pair->outcomes.count; i++)
        take_outcome(sum, policy, &policy->model->outcomes[epi__ids_all(&pair->outcomes)[i]], before, states);
    for (size_t i = 0; i < EPI__EVALUATED; i++) after[i * states + pair->state] = sum[i] / pair->visits.count;
    double *low = &after[EPI__LOW * states + pair->state];
    *low = fmax(policy->rank.floor, *low - policy->penalty[id]);
}

/* Where nothing was tried there is nothing to follow. */
static void evaluate_unknown(double *after, const epi_policy *policy, uint32_t state, uint32_t states) {
    const double unknown = policy->options.unknown_value;
    const double numbers[EPI__EVALUATED] = {unknown, unknown, unknown * unknown, 0, 1};
    for (size_t i = 0; i < EPI__EVALUATED; i++) after[i * states + state] = numbers[i];
}

/* One step more to look ahead; how much the means changed by it. */
static double evaluate(double *after, const epi_policy *policy, const uint32_t *chosen, const double *before,
                       uint32_t states) {
    double change = 0;
    for (uint32_t state = 0; state < states; state++) {
        if (chosen[state] == EPI__NO_ID)
            evaluate_unknown(after, policy, state, states);
        else
            evaluate_pair(after, policy, chosen[state], before, states);
        change = fmax(change, fabs(after[state] - before[state]));
    }
    return change;
}

static void choose_all(uint32_t *chosen, const epi_policy *policy, uint32_t steps_left, uint32_t states) {
    for (uint32_t state = 0; state < states; state++) chosen[state] = epi__policy_choose(policy, state, steps_left);
}

static void run(double *numbers, double *other, uint32_t *chosen, const epi_policy *policy, uint32_t horizon,
                uint32_t states) {
    const size_t count = (size_t)EPI__EVALUATED * states;
    const uint32_t steps = horizon > 0 ? horizon : EPI_POLICY_SWEEP_COUNT_MAX;
    for (size_t i = 0; i < count; i++) numbers[i] = 0;
    for (uint32_t step = 1; step <= steps; step++) {
        if (step == 1 || policy->options.horizon > 0) choose_all(chosen, policy, step, states);
        const double change = evaluate(other, policy, chosen, numbers, states);
        memcpy(numbers, other, count * sizeof *numbers);
        if (horizon == 0 && change <= policy->options.tolerance) break;
    }
}

static epi_status evaluate_all(epi_policy *policy, uint32_t horizon) {
    const uint32_t states = policy->model->link_count;
    const size_t count = (size_t)EPI__EVALUATED * states;
    epi__evaluation *evaluation = &policy->evaluation;
    evaluation->valid = false;
    double *numbers = epi__realloc(evaluation->numbers, count, sizeof *numbers);
    if (!numbers) return epi__fail_memory(MODULE, count * sizeof *numbers);
    evaluation->numbers = numbers;
    double *other = epi__realloc(NULL, count, sizeof *other);
    uint32_t *chosen = epi__realloc(NULL, states, sizeof *chosen);
    const bool made = other && chosen;
    if (made) run(numbers, other, chosen, policy, horizon, states);
    epi__free(other);
    epi__free(chosen);
    if (!made) return epi__fail_memory(MODULE, count * sizeof *numbers);
    evaluation->horizon = horizon;
    evaluation->state_count = states;
    evaluation->valid = true;
    return EPI_OK;
}

static epi_status bring_up_to_date(epi_policy *policy, uint32_t horizon) {
    const epi__evaluation *evaluation = &policy->evaluation;
    if (!epi__policy_is_level(policy))
        return epi__fail(EPI_ESTALE, MODULE, "the graph has changed since the policy was updated");
    if (policy->options.horizon > 0) {
        if (horizon > policy->options.horizon)
            return epi__fail(EPI_EINVAL, MODULE, "horizon is %u, the policy's is %u", horizon,
                             policy->options.horizon);
        if (horizon == 0) horizon = policy->options.horizon;
    } else {
        EPI__TRY(epi__policy_penalise(policy, policy->mean.v));
    }
    if (evaluation->valid && evaluation->horizon == horizon && evaluation->state_count == policy->model->link_count)
        return EPI_OK;
    return evaluate_all(policy, horizon);
}

epi_status epi_policy_predict(epi_prediction *prediction, epi_policy *policy, const float *observation,
                              uint32_t horizon) {
    uint32_t state;
    if (!prediction || !policy) return epi__fail(EPI_EINVAL, MODULE, "prediction or policy was NULL");
    *prediction = (epi_prediction){.state = EPI_NO_STATE};
    EPI__TRY(bring_up_to_date(policy, horizon));
    EPI__TRY(epi_graph_find_state(&state, policy->graph, observation));
    const double *numbers = policy->evaluation.numbers + state;
    const size_t states = policy->evaluation.state_count;
    const double mean = numbers[EPI__MEAN * states];
    *prediction = (epi_prediction){state,
                                   mean,
                                   numbers[EPI__LOW * states],
                                   sqrt(fmax(0, numbers[EPI__SQUARE * states] - mean * mean)),
                                   numbers[EPI__ENDED * states],
                                   numbers[EPI__LOST * states]};
    return EPI_OK;
}
