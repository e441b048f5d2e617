/* model.h - the tabular model behind a memory graph: states, actions, pairs of both, what pairs led to, and the visits
 * that all of it was counted from.
 *
 * Everything has a number from 0 in the order of its first visit and is never taken out: what has lost a step is built
 * again. Same visits in the same order, same model, to the bit.
 */
#ifndef EPI_IMAGINE_MODEL_H
#define EPI_IMAGINE_MODEL_H

#include <episodic/graph.h>

#include "ids.h"
#include "merge.h"

/* Mean and sum of squared differences from it, kept by Welford's update (1962). */
typedef struct epi__moments {
    double mean;
    double squares;
} epi__moments;

/* One recorded step. */
typedef struct epi__visit {
    uint64_t step; /* 0: none */
    double reward;
    uint32_t pair;
    uint32_t outcome;
} epi__visit;

/* What an action in a state led to. */
typedef struct epi__outcome {
    epi__moments reward;
    uint32_t pair;
    uint32_t next; /* EPI_NO_STATE: not known; only where it terminated */
    uint32_t count;
    uint32_t episodes;
    uint32_t last_episode;
    uint32_t last_visit;
    bool terminated;
} epi__outcome;

/* An action that was taken in a state. */
typedef struct epi__pair {
    epi__moments reward;
    epi__ids visits; /* in order */
    epi__ids outcomes;
    uint32_t state;
    uint32_t action;
    uint32_t episodes;
    uint32_t last_episode;
    uint32_t terminated; /* visits */
} epi__pair;

typedef struct epi__model_state {
    epi__ids tried;  /* pairs */
    epi__ids causes; /* outcomes that led here */
} epi__model_state;

typedef struct epi__model {
    epi__merge states; /* which observations are which */
    uint32_t action_size;
    uint8_t *actions; /* action_count x action_size bytes */
    uint32_t *action_next; /* the next action with the same hash */
    uint32_t action_count, action_capacity;
    epi__map action_at; /* hash -> newest action */

    epi__model_state *links; /* of each state */
    uint32_t link_count, link_capacity;
    epi__pair *pairs;
    uint32_t pair_count, pair_capacity;
    epi__outcome *outcomes;
    uint32_t outcome_count, outcome_capacity;
    epi__visit *visits;
    uint32_t visit_count, visit_capacity;
    epi__ids visited; /* states in which an action was taken */

    epi__map pair_at;          /* state, action -> pair */
    epi__map outcome_at;       /* pair, next, terminated -> outcome */
    epi__map pair_episodes;    /* pair, episode: those from the second on; with the first it makes the count exact */
    epi__map outcome_episodes; /* the same of outcomes */
    uint32_t repeated, stochastic; /* pairs */
} epi__model;

/* `count_max` of states, at most EPI_GRAPH_STATE_COUNT_MAX. */
epi_status epi__model_init(epi__model *model, uint32_t observation_size, uint32_t action_size, double radius,
                           uint32_t count_max);
void epi__model_dispose(epi__model *model);
void epi__model_clear(epi__model *model); /* as a new one; needs no memory */

/* One visit to be added. */
typedef struct epi__arrival {
    const void *action;
    double reward;
    uint64_t step;
    uint32_t state;
    uint32_t next; /* EPI_NO_STATE with terminated only */
    uint32_t episode;
    bool terminated;
} epi__arrival;

/* The state of an observation, made where there is none. EPI_ELIMIT EPI_ENOMEM: nothing was changed. */
epi_status epi__model_place(uint32_t *state, epi__model *model, const float *observation);
/* Adds a visit. EPI_ELIMIT: nothing was changed. EPI_ENOMEM: the model is to be cleared. */
epi_status epi__model_add(uint32_t *visit, epi__model *model, const epi__arrival *arrival);

uint32_t epi__model_find_action(const epi__model *model, const void *value); /* EPI__NO_ID: never taken */
uint32_t epi__model_find_pair(const epi__model *model, uint32_t state, uint32_t action); /* EPI__NO_ID: never tried */
bool epi__model_is_stochastic(const epi__pair *pair); /* its visits led to different places or rewards */
bool epi__model_is_edge(const epi__model *model, const epi__pair *pair); /* it may be chosen as if it were certain */

#endif
