/* graph.h - the memory graph: recorded steps merged into states, actions and what they led to.
 *
 * Where the same action in the same state was seen to lead to different places, it is kept as one action with a
 * distribution of outcomes: luck is not a choice. From the graph come imagined steps for a learner (Dyna), and the
 * policies of <episodic/policy.h>. It is derived and holds nothing that is not stored: it can be dropped and built
 * again at any time, and building it again gives the same graph.
 *
 * States and actions have numbers from 0, in the order in which they were first seen. They stay until a refresh says
 * that the graph was rebuilt.
 */
#ifndef EPISODIC_GRAPH_H
#define EPISODIC_GRAPH_H

#include <episodic/episode.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A memory graph. One thread at a time. */
typedef struct epi_graph epi_graph;

#define EPI_NO_STATE UINT32_MAX /**< what came next is not known, or nothing did */

typedef struct epi_graph_options {
    uint32_t version;
    double radius;            /**< an observation at most this far (Euclidean) from the first observation of a state is
                                   of the nearest such state; 0: only equal observations are one state */
    uint32_t state_count_max; /**< 0: EPI_GRAPH_STATE_COUNT_MAX */
    uint64_t seed;            /**< of what is sampled */
} epi_graph_options;

static inline epi_graph_options epi_graph_options_default(void) {
    epi_graph_options options = {1, 0.0, 0, 0};
    return options;
}

/** Builds the graph of what a space of numeric transitions holds now, as epi_imagine() reads them. Steps whose next
 *  observation is not known are left out, but for those that terminated.
 *
 * @param[out] graph receives the handle, or NULL on failure. @param options NULL: the defaults.
 * @return EPI_OK · EPI_EINVAL radius is negative or not a number · EPI_EUNSUPPORTED the space is not of the preset
 *  "transitions", or records no action · EPI_ELIMIT more states than state_count_max · EPI_ENOMEM ·
 *  EPI_ECLOSED EPI_ESTALE storage errors
 * @par Ownership closed by epi_graph_close(), before the space. */
EPI_API epi_status epi_graph_open(epi_graph **graph, epi_space *space, const epi_graph_options *options);

/** Makes an empty graph without a memory behind it, which epi_graph_observe() fills: for a learner that wants its model
 *  now and its experience stored elsewhere or not at all. The same steps in the same order make the same graph as in a
 *  space.
 * @param observation_size float32 elements, 1 to EPI_DIMENSION_MAX. @param action_size bytes, 1 to EPI_TENSOR_SIZE_MAX.
 * @return EPI_OK · EPI_EINVAL · EPI_ELIMIT · EPI_ENOMEM */
EPI_API epi_status epi_graph_create(epi_graph **graph, uint32_t observation_size, uint32_t action_size,
                                    const epi_graph_options *options);
EPI_API void epi_graph_close(epi_graph *graph); /**< either kind; NULL is allowed */

/** Catches up with the space. Steps that were added are added; when some were removed or evicted, the graph is rebuilt.
 * @param[out] rebuilt may be NULL; true: numbers of states and actions are others than before.
 * @return as epi_graph_open() · EPI_EUNSUPPORTED the graph has no space. After a failure the graph is what it was,
 *         or it is empty and the next call builds it anew. */
EPI_API epi_status epi_graph_refresh(bool *rebuilt, epi_graph *graph);

/** One step that was taken. */
typedef struct epi_transition {
    uint32_t version;
    const float *observation;
    const void *action;
    double reward;
    const float *next_observation; /**< NULL: not known, allowed where the step terminated */
    uint32_t flags;                /**< EPI_STEP_TERMINATED, EPI_STEP_TRUNCATED: the next step is of another episode */
} epi_transition;

static inline epi_transition epi_transition_default(void) {
    epi_transition transition = {1, NULL, NULL, 0.0, NULL, 0};
    return transition;
}

/** A step in the graph's own terms: one that was observed, or an imagined one. */
typedef struct epi_graph_step {
    uint32_t state;
    uint32_t action;
    uint32_t next;   /**< EPI_NO_STATE: terminated, and what was seen then is not known */
    bool terminated;
    double reward;   /**< as recorded, to the bit */
    uint64_t age;    /**< steps in the graph since this action was last taken in this state, 0: it was the newest */
    uint64_t source; /**< id of the stored step that this is a copy of; 0: it was observed, not stored */
} epi_graph_step;

/** Adds a step to a graph without a space.
 * @param[out] step what it is in the graph's terms; may be NULL.
 * @return EPI_OK · EPI_EINVAL a pointer is missing · EPI_ENUMBER an observation or the reward is not finite ·
 *         EPI_EUNSUPPORTED the graph is of a space · EPI_ELIMIT · EPI_ENOMEM. After a failure the step is not in it;
 *         after EPI_ENOMEM nothing is, and numbers begin from 0. */
EPI_API epi_status epi_graph_observe(epi_graph_step *step, epi_graph *graph, const epi_transition *transition);

typedef struct epi_graph_stats {
    uint32_t states;     /**< that were seen */
    uint32_t visited;    /**< of them, in which an action was taken */
    uint32_t actions;    /**< different ones */
    uint32_t pairs;      /**< (state, action) that were tried */
    uint32_t outcomes;   /**< different things that a pair led to, summed over pairs */
    uint32_t repeated;   /**< pairs that were tried more than once */
    uint32_t stochastic; /**< of them, those that led to different places or rewards */
    uint64_t steps;      /**< recorded steps that it is made of */
    uint64_t unfinished; /**< steps of the space left out because nothing is known to have followed */
} epi_graph_stats;

/** Counts what the graph holds. @return EPI_OK · EPI_EINVAL */
EPI_API epi_status epi_graph_stats_read(epi_graph_stats *stats, const epi_graph *graph);

/** The state that an observation is of. @return EPI_OK · EPI_ENOTFOUND no state within the radius · EPI_EINVAL
 *  EPI_ENUMBER */
EPI_API epi_status epi_graph_find_state(uint32_t *state, const epi_graph *graph, const float *observation);
/** The number of an action, which is compared byte by byte. @return EPI_OK · EPI_ENOTFOUND it was never taken ·
 *  EPI_EINVAL */
EPI_API epi_status epi_graph_find_action(uint32_t *action, const epi_graph *graph, const void *value);
/** The first observation of a state; NULL when there is no such state. Valid until the graph changes. */
EPI_API const float *epi_graph_observation(const epi_graph *graph, uint32_t state);
/** The bytes of an action; NULL when there is no such action. Valid until the graph changes. */
EPI_API const void *epi_graph_action(const epi_graph *graph, uint32_t action);

/** What is known of an action in a state. */
typedef struct epi_graph_tried {
    uint32_t state;
    uint32_t action;
    uint32_t count;          /**< times it was taken */
    uint32_t episodes;       /**< different episodes in which it was */
    uint32_t outcome_count;
    bool deterministic;      /**< it may be chosen as if it were an edge: all times led to one outcome with one reward,
                                  and it was taken twice at least, or nothing in the graph was ever seen to be
                                  stochastic */
    double reward_mean;
    double reward_deviation; /**< standard deviation over the times, divided by count */
    double terminated;       /**< share of the times that ended the episode */
    uint64_t age;            /**< steps in the graph since the last time */
} epi_graph_tried;

/** One thing that an action in a state led to. */
typedef struct epi_graph_outcome {
    uint32_t state;
    uint32_t action;
    uint32_t next;           /**< EPI_NO_STATE: what was seen when it terminated is not known */
    bool terminated;
    uint32_t count;
    uint32_t episodes;
    double reward_mean;
    double reward_deviation;
    uint64_t age;
} epi_graph_outcome;

EPI_API size_t epi_graph_tried_count(const epi_graph *graph, uint32_t state); /**< 0 also for no such state */
/** The index-th action that was tried in a state, in the order of the first time. @return EPI_OK · EPI_ENOTFOUND */
EPI_API epi_status epi_graph_tried_at(epi_graph_tried *tried, const epi_graph *graph, uint32_t state, size_t index);
/** The same by the action's number. @return EPI_OK · EPI_ENOTFOUND it was never tried there */
EPI_API epi_status epi_graph_tried_find(epi_graph_tried *tried, const epi_graph *graph, uint32_t state,
                                        uint32_t action);
/** The index-th outcome of an action in a state. @return EPI_OK · EPI_ENOTFOUND */
EPI_API epi_status epi_graph_outcome_at(epi_graph_outcome *outcome, const epi_graph *graph, uint32_t state,
                                        uint32_t action, size_t index);
EPI_API size_t epi_graph_cause_count(const epi_graph *graph, uint32_t state); /**< 0 also for no such state */
/** Backwards: the index-th outcome that led to a state. @return EPI_OK · EPI_ENOTFOUND */
EPI_API epi_status epi_graph_cause_at(epi_graph_outcome *outcome, const epi_graph *graph, uint32_t state,
                                      size_t index);
/** The stored steps behind an action in a state, oldest first: their ids, or 0 for steps that were observed.
 * @param[out] ids room for *count; NULL with *count 0 to ask how many. @param[in,out] count room; how many there are.
 * @return EPI_OK · EPI_ENOTFOUND */
EPI_API epi_status epi_graph_sources(uint64_t *ids, size_t *count, const epi_graph *graph, uint32_t state,
                                     uint32_t action);

/** Draws a state in which an action was taken, each as likely as any other.
 * @return EPI_OK · EPI_ENOTFOUND the graph is empty */
EPI_API epi_status epi_graph_sample_state(uint32_t *state, epi_graph *graph);
/** Imagines a step: a state as epi_graph_sample_state() draws it, one of the actions tried there, each as likely as any
 *  other, and one of the times that it was taken.
 *
 * @param newest only so many of the newest times count; 1: what it led to last, for worlds that change; 0: all of them.
 * @return EPI_OK · EPI_ENOTFOUND the graph is empty
 * @par Source Sutton and Barto, Reinforcement Learning (2nd edition, 2018), section 8.2, tabular Dyna-Q, whose model
 *  keeps what happened last (newest = 1); with all times it is the model of a stochastic world. The age is what Dyna-Q+
 *  (section 8.3) makes its bonus of. */
EPI_API epi_status epi_graph_sample(epi_graph_step *step, epi_graph *graph, uint32_t newest);
/** The same for a given state and action. @return EPI_OK · EPI_ENOTFOUND the action was never tried there */
EPI_API epi_status epi_graph_sample_action(epi_graph_step *step, epi_graph *graph, uint32_t state, uint32_t action,
                                           uint32_t newest);

#ifdef __cplusplus
}
#endif
#endif
