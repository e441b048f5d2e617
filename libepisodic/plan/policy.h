/* policy.h - what is behind a policy's handle: the values by which it ranks, and what was predicted of it last. */
#ifndef EPI_PLAN_POLICY_H
#define EPI_PLAN_POLICY_H

#include "../imagine/graph.h"
#include "values.h"

/* What following the policy leads to, from every state, within `horizon` steps. */
typedef struct epi__evaluation {
    bool valid;
    uint32_t horizon; /* as it was asked for */
    uint32_t state_count;
    double *numbers; /* five arrays of state_count, below */
} epi__evaluation;

enum { EPI__MEAN, EPI__LOW, EPI__SQUARE, EPI__ENDED, EPI__LOST, EPI__EVALUATED };

struct epi_policy {
    const epi_graph *graph;
    const epi__model *model;
    epi_policy_options options;
    uint64_t rebuilds; /* of the graph, when it was last looked at */

    epi__values mean;
    epi__values rank;   /* unused where the ranking is the mean */
    double *penalty;    /* of each pair: risk times the standard error of its mean */
    bool penalty_valid; /* nothing has changed since they were computed */
    double reward_min;  /* of the first reward_visits visits */
    uint32_t reward_visits;

    double *mean_layers; /* with a horizon: values of all states with 0 to horizon steps left */
    double *rank_layers; /* the same by the ranking; NULL where the ranking is the mean */
    bool layers_made; /* of so many states, from so many visits: */
    uint32_t layer_states, layer_visits;

    epi__evaluation evaluation;
};

/* The values that actions are compared by. */
static inline const epi__values *epi__policy_values(const epi_policy *policy) {
    return policy->options.ranking == EPI_RANK_MEAN ? &policy->mean : &policy->rank;
}
static inline const double *epi__policy_ranked_layers(const epi_policy *policy) {
    return policy->options.ranking == EPI_RANK_MEAN ? policy->mean_layers : policy->rank_layers;
}
bool epi__policy_is_level(const epi_policy *policy); /* with its graph, since the last update */
/* The states' values that a choice with so many steps left looks at. */
const double *epi__policy_next_values(const epi_policy *policy, uint32_t steps_left, bool mean);
/* The pair chosen in a state; EPI__NO_ID where nothing was tried. */
uint32_t epi__policy_choose(const epi_policy *policy, uint32_t state, uint32_t steps_left);
/* risk.c: computes the penalties from the mean's values of states, unless they are up to date. */
epi_status epi__policy_penalise(epi_policy *policy, const double *v);
/* layers.c: all layers, from the graph as it is. */
epi_status epi__policy_layers(epi_policy *policy, epi__effort *effort);

#endif
