/* layers.c - values with an end: what each state is worth with 0, 1, 2, ... steps left.
 *
 * Idea: backward induction. A layer is computed from the one before it, with the very backup that values without an end
 * settle by.
 * Source: Puterman, Markov Decision Processes (1994), section 4.5.
 */
#include "policy.h"

#include <math.h>

static epi_status reserve(double **layers, const epi_policy *policy) {
    const uint64_t states = EPI__MAX(policy->model->link_count, 1u);
    const uint64_t count = states * (policy->options.horizon + UINT64_C(1));
    if (count > EPI_POLICY_TABLE_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, "plan", "%u states times a horizon of %u are too many, limit %u",
                         policy->model->link_count, policy->options.horizon, EPI_POLICY_TABLE_COUNT_MAX);
    double *grown = epi__realloc(*layers, (size_t)count, sizeof *grown);
    if (!grown) return epi__fail_memory("plan", (size_t)count * sizeof *grown);
    *layers = grown;
    return EPI_OK;
}

static double best_of(const epi__values *values, const double *v, uint32_t state, epi__effort *effort) {
    const epi__ids *tried = &values->model->links[state].tried;
    double best = tried->count > 0 ? (double)-INFINITY : values->unknown_value;
    for (uint32_t i = 0; i < tried->count; i++)
        best = fmax(best, epi__values_backup(values, v, epi__ids_all(tried)[i]));
    effort->backups += tried->count;
    effort->changed += tried->count;
    return best;
}

static void induce(double *layers, const epi_policy *policy, const epi__values *values, epi__effort *effort) {
    const uint32_t states = policy->model->link_count;
    for (uint32_t state = 0; state < states; state++) layers[state] = 0;
    for (uint32_t left = 1; left <= policy->options.horizon; left++) {
        const double *next = layers + (size_t)(left - 1) * states;
        for (uint32_t state = 0; state < states; state++)
            layers[(size_t)left * states + state] = best_of(values, next, state, effort);
    }
}

epi_status epi__policy_layers(epi_policy *policy, epi__effort *effort) {
    if (epi__policy_is_level(policy)) return EPI_OK;
    policy->layers_made = false;
    EPI__TRY(reserve(&policy->mean_layers, policy));
    if (policy->options.ranking != EPI_RANK_MEAN) EPI__TRY(reserve(&policy->rank_layers, policy));
    policy->layer_states = policy->model->link_count;
    policy->layer_visits = policy->model->visit_count;
    induce(policy->mean_layers, policy, &policy->mean, effort);
    EPI__TRY(epi__policy_penalise(policy, policy->mean_layers +
                                              (size_t)policy->options.horizon * policy->layer_states));
    if (policy->options.ranking != EPI_RANK_MEAN) induce(policy->rank_layers, policy, &policy->rank, effort);
    policy->layers_made = true;
    return EPI_OK;
}
