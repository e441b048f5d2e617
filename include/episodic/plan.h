/* plan.h - acting on what is imagined: from a state and a goal to the next action, again and again.
 *
 * A planner plans once, goes on with its plan while the world agrees, and plans again when it does not, avoiding what
 * failed. It plans over numeric transitions, with stored actions only. What the caller knows of the world goes into
 * epi_planner_options.imagine: a model of steps, validity, reward, a heuristic, a distance, a time limit.
 */
#ifndef EPISODIC_PLAN_H
#define EPISODIC_PLAN_H

#include <episodic/imagine.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epi_planner epi_planner;

typedef struct epi_planner_options {
    uint32_t version;
    epi_imagine_options imagine; /**< of each plan; with a context above 1 the states that were acted in are kept as
                                      what was before, and told apart by it */
    double disagreement;         /**< distance between expected and observed, in lengths of the expected step, at which
                                      the world disagrees; 0: EPI_DISAGREEMENT_DEFAULT */
    uint32_t horizon;            /**< steps of a plan that are taken before it is made anew; 0: all */
    uint32_t replans_max;        /**< plans made anew because the world disagreed; 0: no limit */
} epi_planner_options;

static inline epi_planner_options epi_planner_options_default(void) {
    epi_planner_options options;
    memset(&options, 0, sizeof options);
    options.version = 1;
    options.imagine = epi_imagine_options_default();
    return options;
}

/** @param goal copied, its observation too; its cue and callback must live as long as the planner. NULL: the return is
 *         wanted. @param options NULL: the defaults.
 * @return EPI_OK · as epi_imagine()
 * @par Ownership closed by epi_planner_close(), before the space.
 * @par Thread safety one thread at a time. */
EPI_API epi_status epi_planner_open(epi_planner **planner, epi_space *space, const epi_goal *goal,
                                    const epi_planner_options *options);
EPI_API void epi_planner_close(epi_planner *planner); /**< NULL is allowed */

/** The action to take in a state: the plan's next, or of a new plan where there is none, it has ended, a source step of
 *  it is gone, or the world disagreed.
 * @param[out] action of the planner, until its next call. NULL on failure.
 * @param observation as many float32 as the space's observations.
 * @return EPI_OK · EPI_EDONE the goal is reached · EPI_ENOTFOUND no plan, or replans_max plans failed · as
 *         epi_imagine() */
EPI_API epi_status epi_planner_next(epi_tensor *action, epi_planner *planner, const float *observation);
/** What the world answered to the last action. Confirms the join that was just used, or refutes it.
 * @param observation what it led to. */
EPI_API epi_status epi_planner_observe(epi_planner *planner, const float *observation, double reward, bool terminated);

/** The plan being followed, with what epi_imagine() tells of it; NULL: none. Lives until the next call. */
EPI_API const epi_rollouts *epi_planner_plan(const epi_planner *planner);

typedef struct epi_planner_stats {
    uint32_t version;
    uint64_t plans;
    uint64_t disagreements;
    uint64_t expansions;
    double seconds;                 /**< of planning */
    double expansions_per_second;
    double reward;                  /**< observed so far, undiscounted */
    size_t step;                    /**< steps taken of the current plan */
} epi_planner_stats;
/** What the planner did since it was opened; all zero for NULL. */
EPI_API epi_planner_stats epi_planner_stats_read(const epi_planner *planner);

#ifdef __cplusplus
}
#endif
#endif
