/* policy.h - planning where luck plays a part: from a memory graph to the next action for each state reached.
 *
 * The value of an action is the expectation over what it was seen to lead to, weighted by how often; the value of a
 * state is that of its best action. Nothing is trained and no action is proposed that was not taken in that state.
 */
#ifndef EPISODIC_POLICY_H
#define EPISODIC_POLICY_H

#include <episodic/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A policy over a graph, with the values that it was made from. One thread at a time, together with its graph. */
typedef struct epi_policy epi_policy;

/** By what actions are compared. */
typedef enum epi_ranking {
    EPI_RANK_MEAN = 0, /**< expectation over the outcomes as they were counted */
    EPI_RANK_LOWER,    /**< a lower bound: the same less `risk` standard errors at each step, so that what was seldom
                            tried must have been better to be chosen */
    EPI_RANK_MAXIMUM   /**< the best outcome ever seen, as if it could be had for the asking. It promises too much
                            wherever there is luck, and is here so that this can be measured */
} epi_ranking;

typedef struct epi_policy_options {
    uint32_t version;
    epi_ranking ranking;
    double risk;           /**< standard errors, 0 or more; used by EPI_RANK_LOWER and by predictions' lower bound */
    double discount;       /**< of the next step's value, 0 to 1 */
    uint32_t horizon;      /**< steps after which nothing counts; the action then depends on how many are left. 0: no
                                end, and one action a state */
    double unknown_value;  /**< return expected from a state in which nothing was tried */
    double tolerance;      /**< values are settled when no backup would change one by more; > 0 */
    uint64_t backup_count_max; /**< of opening it; 0: EPI_BACKUP_COUNT_MAX_DEFAULT */
    uint32_t time_limit_ms;    /**< of opening it and of each update; 0: none. With one, results depend on the
                                    machine */
} epi_policy_options;

static inline epi_policy_options epi_policy_options_default(void) {
    epi_policy_options options = {1, EPI_RANK_LOWER, 1.0, 0.99, 0, 0.0, 1e-9, 0, 0};
    return options;
}

/** What a policy did to its values. */
typedef struct epi_policy_report {
    uint64_t backups;  /**< values that were computed anew from what follows */
    uint64_t changed;  /**< of them, those that came out different */
    bool settled;      /**< no backup would change a value by more than the tolerance; false: a limit ended it */
    double residual;   /**< the most that the next backup would change; 0 when settled */
} epi_policy_report;

/** Makes the policy of what the graph holds now: one sweep over all actions backwards in time, then prioritized
 *  sweeping until the values have settled.
 *
 * @param[out] policy receives the handle, or NULL on failure. @param options NULL: the defaults.
 * @param[out] report may be NULL.
 * @return EPI_OK, also when a limit ended it: the values so far are a policy · EPI_EINVAL · EPI_ENUMBER · EPI_ELIMIT
 *         horizon x states is more than EPI_POLICY_TABLE_COUNT_MAX · EPI_ENOMEM
 * @par Ownership closed by epi_policy_close(), before the graph.
 * @par Source prioritized sweeping: Moore and Atkeson, Prioritized sweeping (1993), in the form of Sutton and Barto
 *  (2nd edition, 2018), section 8.4, over expected outcomes, with priorities recomputed exactly instead of summed. The
 *  lower bound: pessimistic value iteration, Jin, Yang and Wang, Is pessimism provably efficient for offline RL?
 *  (2021), with the standard error of the action's own returns for a penalty. It is computed from the mean's values; an
 *  action tried once has the variance of all actions of the graph. So in a world where nothing was ever seen to be
 *  stochastic the lower bound is the mean. */
EPI_API epi_status epi_policy_open(epi_policy_report *report, epi_policy **policy, const epi_graph *graph,
                                   const epi_policy_options *options);
EPI_API void epi_policy_close(epi_policy *policy); /**< NULL is allowed */

/** Takes in what the graph has gained since, and goes on sweeping where values would change most. A rebuilt graph is
 *  begun anew.
 * @param backup_count_max stop after so many; 0: EPI_BACKUP_COUNT_MAX_DEFAULT.
 * @param[out] report of this call; may be NULL.
 * @return as epi_policy_open() */
EPI_API epi_status epi_policy_update(epi_policy_report *report, epi_policy *policy, uint64_t backup_count_max);

/** An action in a state, and what is expected of it. */
typedef struct epi_policy_choice {
    uint32_t state;
    uint32_t action;
    const void *action_value; /**< its bytes, the graph's; valid until the graph changes */
    double value;             /**< what it was ranked by */
    double mean;              /**< expected return; `value` where the ranking is the mean */
    uint32_t count;           /**< times it was taken here */
    uint32_t episodes;
    bool deterministic;       /**< as in epi_graph_tried */
} epi_policy_choice;

/** The next action for an observation.
 * @param steps_left of the horizon, 1 to its length, more count as its length; ignored without one.
 * @return EPI_OK · EPI_ENOTFOUND no state within the graph's radius, or nothing was ever tried there · EPI_ESTALE
 *         the graph has changed since the last update · EPI_EINVAL EPI_ENUMBER */
EPI_API epi_status epi_policy_next(epi_policy_choice *choice, const epi_policy *policy, const float *observation,
                                   uint32_t steps_left);
/** All actions that were tried in a state, best first; equal values by the action's number.
 * @param[out] choices room for *count; NULL with *count 0 to ask how many.
 * @param[in,out] count room; how many there are, which is 0 where nothing was tried.
 * @return EPI_OK · EPI_ENOTFOUND no such state · EPI_ESTALE · EPI_EINVAL EPI_ENOMEM */
EPI_API epi_status epi_policy_rank(epi_policy_choice *choices, size_t *count, const epi_policy *policy, uint32_t state,
                                   uint32_t steps_left);
/** The value of a state; the unknown value where nothing was tried. 0 for no such state, and when the graph has changed
 *  since the last update. */
EPI_API double epi_policy_value(const epi_policy *policy, uint32_t state, uint32_t steps_left);

/** What is to be expected when the policy is followed. */
typedef struct epi_prediction {
    uint32_t state;
    double return_mean;
    double return_low;       /**< less `risk` standard errors of each action on the way */
    double return_deviation; /**< standard deviation of the return itself: luck, not ignorance */
    double terminated;       /**< probability that the episode ends by itself */
    double unknown;          /**< probability of coming to where nothing was tried */
} epi_prediction;

/** Evaluates the policy in the graph, by the outcomes as they were counted.
 * @param horizon steps to look ahead; 0: the policy's horizon, or until the values have settled. At most the policy's,
 *                where it has one. What is computed is kept: asking for other states with the same horizon is cheap.
 * @return EPI_OK · EPI_ENOTFOUND no state within the radius · EPI_ESTALE · EPI_EINVAL EPI_ENUMBER EPI_ENOMEM */
EPI_API epi_status epi_policy_predict(epi_prediction *prediction, epi_policy *policy, const float *observation,
                                      uint32_t horizon);

#ifdef __cplusplus
}
#endif
#endif
