/* imagine.h - rollouts that never happened but could: pieces of stored episodes, joined where one could have gone on as
 * the other did. Nothing is trained; the memory is the model.
 *
 * A piece is a contiguous run of one stored episode, never edited or interpolated. A join is the seam between two
 * pieces, and carries its evidence. Plausibility, novelty, return and its spread are separate numbers: the caller
 * weighs them. Novelty 0 means that it is a memory.
 *
 * The space is of the preset "transitions" (transitions.h). Observations of any type are compared as float32; a step
 * whose observation is not finite is left out, and so is one of which it is not known what it led to: the newest of an
 * episode in progress. Steps that this process has pending are seen. A filter may name steps or episodes, nothing else.
 *
 * What is imagined is never stored, unless the caller stores it; then in another space, since here it would count as
 * experience.
 *
 * A rollout copies what it shows; epi_rollout_verify() says whether its sources are still there. Callbacks are called
 * with locks held: they may read other spaces, but may not imagine or plan in this one.
 */
#ifndef EPISODIC_IMAGINE_H
#define EPISODIC_IMAGINE_H

#include <episodic/recall.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A row of numbers of the caller, read during the call only. */
typedef struct epi_tensor {
    const void *data; /**< NULL: none */
    size_t count;     /**< elements */
    epi_dtype dtype;
} epi_tensor;

static inline epi_tensor epi_tensor_f32(const float *values, size_t count) {
    epi_tensor tensor = {values, count, EPI_F32};
    return tensor;
}

/** Where imagining starts: one of observation, step and cue. */
typedef struct epi_situation {
    uint32_t version;
    epi_tensor observation; /**< F32, as many elements as the space's observations */
    epi_tensor context;     /**< F32: observations before it, oldest first, row-major; what tells alike places apart */
    uint64_t step;          /**< begin as this stored step began, what was before it included; 0: none */
    const epi_cue *cue;     /**< begin as the steps that it finds began; NULL: none. A cue of numeric transitions has a
                                 vector, F32 and as long as an observation: the EPI_K_DEFAULT steps whose observations
                                 are nearest, whatever the distance; or its filter names steps or episodes: all of
                                 them; or both: the nearest of these. It has nothing else */
} epi_situation;

static inline epi_situation epi_situation_default(void) {
    epi_situation situation;
    memset(&situation, 0, sizeof situation);
    situation.version = 1;
    return situation;
}

/** What is wanted: one of observation, step, cue and reached; without a goal, the return is. */
typedef struct epi_goal {
    uint32_t version;
    epi_tensor observation; /**< F32 */
    double tolerance;       /**< distance at which an observation counts as the goal; > 0, or 0 for equal */
    const epi_cue *cue;     /**< the observations of the steps that it finds, as in epi_situation; NULL: none */
    bool (*reached)(void *context, const float *observation, size_t size); /**< NULL: none */
    void *reached_context;
    uint64_t step;          /**< to be where this stored step began, and to have come there alike: with options.context
                                 above 1 what was seen before must agree as at a join, which tells alike places apart;
                                 0: none */
} epi_goal;

static inline epi_goal epi_goal_default(void) {
    epi_goal goal;
    memset(&goal, 0, sizeof goal);
    goal.version = 1;
    return goal;
}

/** How joins are searched. */
typedef enum epi_search {
    EPI_SEARCH_AUTO = 0,   /**< best-first with a goal, beam without */
    EPI_SEARCH_BEST_FIRST, /**< A*: fewest steps and least doubt to the goal */
    EPI_SEARCH_BEAM,       /**< highest return within steps_max; with a goal, what seems nearest to it */
    EPI_SEARCH_MCTS        /**< Monte Carlo tree search: looks most where it went well so far; can be ended at any time,
                                by expansions_max or time_ms, and is better the later. Draws by `seed` */
} epi_search;

/** How a join is scored. */
typedef enum epi_join_test {
    EPI_JOIN_EVIDENCE = 0, /**< distance, dynamics agreement, two-way passage, context, reports */
    EPI_JOIN_DISTANCE      /**< distance and reports alone: for comparison */
} epi_join_test;

typedef struct epi_imagine_options {
    uint32_t version;
    epi_search search;
    epi_join_test test;
    uint32_t k;              /**< rollouts; 0: 1, at most EPI_ROLLOUT_COUNT_MAX */
    uint32_t beam;           /**< partial rollouts kept a round; 0: EPI_BEAM_DEFAULT */
    uint32_t neighbours;     /**< stored steps looked at as joins at each place; 0: EPI_NEIGHBOURS_DEFAULT */
    uint32_t joins_max;      /**< of a rollout; 0: no limit */
    uint32_t steps_max;      /**< of a rollout; 0: EPI_ROLLOUT_STEPS_DEFAULT */
    uint32_t expansions_max; /**< places looked at; 0: EPI_EXPANSIONS_DEFAULT */
    uint32_t time_ms;        /**< 0: none. With a time limit results may differ from run to run */
    uint64_t seed;
    double join_radius;      /**< farthest join, in lengths of a local step; 0: EPI_JOIN_RADIUS_DEFAULT */
    double plausibility_min; /**< of a join; 0: EPI_PLAUSIBILITY_DEFAULT */
    double novelty_min;      /**< of a rollout, 0 to 1 */
    double discount;         /**< of rewards, 0 to 1; 1 by default */
    double risk;             /**< return_low is the mean less so many spreads; 1 by default */
    double doubt_cost;       /**< steps that the search goes round to avoid a join half as plausible; 0:
                                  EPI_DOUBT_COST_DEFAULT */
    uint32_t context;        /**< observations that must agree at a join, itself included: more than 1 tells places
                                  apart that look alike; 0: 1 */
    const epi_filter *filter;/**< only steps that match are pieces; NULL: all that are live */
    /** Vetoes a step from one place to another; NULL: none. action is as stored. */
    bool (*valid)(void *context, const float *from, const float *to, const void *action);
    /** Takes the place of recorded rewards in the search and in the return; NULL: none. */
    double (*reward)(void *context, const float *from, const float *to, const void *action, double recorded);
    /** Least number of steps from a place to the goal; NULL: distance over the longest step. */
    double (*heuristic)(void *context, const float *observation);
    /** The caller's own model of the world: where a stored action leads to from a place. It takes the place of what
     *  followed in memory, one step at a time, and its word is taken: memory then only says what may be tried where,
     *  and joins are doubted only for reports. NULL: none.
     *  `to` has room for an observation; *terminated is false at first. Asked the same, it must answer the same.
     *  @return false: the action cannot be taken there */
    bool (*step)(void *context, float *to, bool *terminated, const float *from, const void *action);
    /** How far two observations are apart, >= 0: at joins, in terms of what it says of steps near by, and to the goal.
     *  What may be joined is still looked for among the Euclidean neighbours. NULL: Euclidean. */
    double (*distance)(void *context, const float *a, const float *b);
    void *callback_context;
} epi_imagine_options;

static inline epi_imagine_options epi_imagine_options_default(void) {
    epi_imagine_options options;
    memset(&options, 0, sizeof options);
    options.version = 1;
    options.discount = 1.0;
    options.risk = 1.0;
    return options;
}

typedef struct epi_rollouts epi_rollouts;

/** The seam before a piece: standing where `from_step` led, going on as `to_step` did. */
typedef struct epi_join {
    uint64_t from_step;   /**< 0: the start */
    uint64_t to_step;
    uint64_t to_episode;
    size_t index;         /**< the rollout's step that it leads into */
    double distance;      /**< between the two places, in lengths of a local step */
    double agreement;     /**< share of steps from nearby with a like action that did alike, 0 to 1 */
    double passage;       /**< how surely stored steps pass between the two places, 0 to 1 */
    double context;       /**< how well the observations before agree, 0 to 1; 1 where none are compared */
    uint32_t support;     /**< distinct episodes that agree */
    uint32_t confirmed;   /**< reports about it and its neighbourhood */
    uint32_t refuted;
    double plausibility;  /**< all of it together, 0 to 1 */
} epi_join;

typedef struct epi_piece {
    uint64_t episode;
    uint64_t first_step;  /**< id */
    size_t index;         /**< of its first step in the rollout */
    size_t count;         /**< steps */
    const epi_join *join; /**< the seam before it; NULL where the rollout began at a stored step */
} epi_piece;

typedef struct epi_imagined_step {
    uint64_t step;            /**< source */
    uint64_t episode;         /**< its episode */
    const float *observation; /**< as stored */
    const float *expected;    /**< where one would stand: displaced by what lay between the pieces at their joins */
    const void *action;       /**< as stored: action_size bytes */
    size_t action_size;
    double reward;            /**< as stored */
    uint32_t flags;           /**< EPI_STEP_TERMINATED, EPI_STEP_TRUNCATED */
    const epi_join *join;     /**< the join that it came by; NULL: it follows the step before it in its episode */
} epi_imagined_step;

typedef enum epi_stop_reason {
    EPI_STOP_GOAL = 1,    /**< the rollout reaches the goal */
    EPI_STOP_STEPS,       /**< steps_max */
    EPI_STOP_TERMINATED,  /**< the last step terminated its episode */
    EPI_STOP_DEAD_END,    /**< nothing was joined to where it ends */
    EPI_STOP_UNREACHABLE, /**< of a search to a goal: all that can be reached was looked at */
    EPI_STOP_EXPANSIONS,  /**< of a search: expansions_max */
    EPI_STOP_TIME         /**< of a search: time_ms */
} epi_stop_reason;

typedef struct epi_rollout {
    double return_mean;  /**< discounted recorded rewards; without a goal, and what followed its end in memory */
    double return_spread;/**< one standard deviation, from the distinct episodes that did alike */
    double return_low;   /**< return_mean - risk x return_spread */
    double plausibility; /**< of its joins, and of going on beside where a piece ran, multiplied */
    double novelty;      /**< share of steps outside its longest piece; 0: it is a memory */
    size_t step_count;
    size_t piece_count;
    size_t join_count;
    epi_stop_reason stop_reason;
    const float *end;    /**< the expected observation behind the last step */
} epi_rollout;

/** Imagines.
 *
 * @param[out] rollouts receives the result, or NULL on failure. Best first: with a goal by doubt and steps, without by
 *             return_low. No rollout is success with a count of 0: an unreachable goal has none.
 * @param goal NULL: the return is wanted. @param options NULL: the defaults.
 * @return EPI_OK · EPI_EINVAL EPI_EDIMENSION EPI_ETYPE EPI_ENUMBER EPI_ELIMIT something given is malformed ·
 *         EPI_EUNSUPPORTED the space is not of the preset "transitions" · EPI_ENOTFOUND EPI_ESTALE situation.step ·
 *         storage errors
 * @par Ownership freed by epi_rollouts_free(); rollouts and all that is reached from them live as long.
 * @par Thread safety any number of threads on one space. The first call in a process reads the space once.
 * @par Source A* (Hart, Nilsson and Raphael 1968) over believed places; UCT (Kocsis and Szepesvari, Bandit based Monte-
 *      Carlo planning, 2006), where what followed in memory around a place stands for the random playouts; stitching of
 *      trajectories as in offline reinforcement learning. The tests of a join are ours (docs/ARCHITECTURE.md). Dyna's
 *      imagined steps come from a graph: epi_graph_sample(). */
EPI_API epi_status epi_imagine(epi_rollouts **rollouts, epi_space *space, const epi_situation *start,
                               const epi_goal *goal, const epi_imagine_options *options);
EPI_API void epi_rollouts_free(epi_rollouts *rollouts); /**< NULL is allowed */
EPI_API size_t epi_rollouts_count(const epi_rollouts *rollouts);
EPI_API const epi_rollout *epi_rollouts_get(const epi_rollouts *rollouts, size_t index); /**< NULL past the end */
EPI_API epi_stop_reason epi_rollouts_stop_reason(const epi_rollouts *rollouts); /**< why the search ended */
EPI_API uint64_t epi_rollouts_expansions(const epi_rollouts *rollouts); /**< places that were looked at */
EPI_API double epi_rollouts_seconds(const epi_rollouts *rollouts);

/** Parts of a rollout that epi_rollouts_get() gave; NULL past the end. */
EPI_API const epi_imagined_step *epi_rollout_step(const epi_rollout *rollout, size_t index);
EPI_API const epi_piece *epi_rollout_piece(const epi_rollout *rollout, size_t index);
EPI_API const epi_join *epi_rollout_join(const epi_rollout *rollout, size_t index);
/** Whether every source step is still there, with the very observation, action and reward shown.
 * @return EPI_OK · EPI_ESTALE one is gone · EPI_ECLOSED storage errors */
EPI_API epi_status epi_rollout_verify(const epi_rollout *rollout);

typedef enum epi_report { EPI_CONFIRMED = 1, EPI_REFUTED = 2 } epi_report;

/** Tells what the world answered to a join: later imagining in this process trusts it and its neighbourhood more, or
 *  avoids them. Kept in memory until the memory closes; of more than EPI_REPORT_COUNT_MAX the oldest are forgotten.
 * @param join of a rollout of this space. @return EPI_OK · EPI_EINVAL · EPI_ENOMEM */
EPI_API epi_status epi_imagine_report(epi_space *space, const epi_rollout *rollout, const epi_join *join,
                                      epi_report report);
/** Forgets all reports of this process about the space. */
EPI_API epi_status epi_imagine_reset(epi_space *space);

#ifdef __cplusplus
}
#endif
#endif
