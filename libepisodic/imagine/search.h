/* search.h - searching for rollouts: places reached one after another, each from the one before by some steps of one
 * stored episode.
 *
 *   imagine.c    epi_imagine(): what was given checked, the start found, the result ended
 *   goal.c       what is wanted, and how far away it is
 *   search.c     the nodes; looking around at one and going on from it
 *   cues.c       the rows that a cue finds
 *   best_first.c to a goal: fewest steps and least doubt (A*)
 *   beam.c       for return: the best few of each length
 *   mcts.c       for both: most where it went well so far (UCT)
 *   scores.c     how good a node is by what followed in memory
 *   rollouts.c   a node and those before it -> a rollout, copied out; reading and verifying it
 *
 * A node is a place where one is believed to stand. Believed, since a join leads from one place to another near by, and
 * what lay between them stays between them: the steps of a piece are taken from where one stands, not from where the
 * piece stood. So errors of joins do not add up, and a join is always judged from where one really would be.
 */
#ifndef EPI_IMAGINE_SEARCH_H
#define EPI_IMAGINE_SEARCH_H

#include "../memory/filter.h"
#include "joins.h"

#define EPI__NO_NODE UINT32_MAX

typedef struct epi__node {
    uint32_t parent;  /* EPI__NO_NODE: the start */
    uint32_t row;     /* first of the steps that led here */
    uint32_t count;   /* how many they are */
    uint32_t index;   /* place of the first in its episode */
    uint64_t episode;
    uint64_t episodes; /* of all steps from the start: a bit each, which several may share */
    uint32_t arrived; /* the row at which they ended; EPI__NO_ROW: none */
    uint32_t steps;   /* from the start */
    uint32_t joins;   /* ... */
    bool joined;      /* the steps do not go on the piece before */
    bool ended;       /* the last step terminated its episode */
    bool at_goal;
    double doubt;     /* -log of the plausibility so far */
    double gain;      /* discounted rewards so far */
    double cost;      /* of best-first: steps and doubt */
} epi__node;

typedef struct epi__goal {
    const epi_goal *given; /* NULL: the return is wanted */
    const epi_imagine_options *options;
    size_t size;           /* of an observation */
    const float *places;   /* count x size: the goal's own */
    size_t count;
    uint32_t row;          /* the stored step that is the goal; EPI__NO_ROW: none */
    double step_max;
    const epi__regions *regions;
    double *away; /* lengths of ways from each region; NULL: not known */
} epi__goal;

typedef struct epi__search {
    epi__judge judge;
    const epi__traces *traces;
    const epi_imagine_options *options; /* with every default filled in */
    epi__goal goal;
    const uint8_t *allowed; /* a bit a row; NULL: all */
    const float *history;   /* of the start, newest first */
    size_t history_count;

    epi__node *nodes;
    float *places; /* one a node */
    size_t count, capacity;
    size_t starts; /* the first nodes: where rollouts may begin */
    double hop; /* how far steps are followed before the next place is looked at */
    uint64_t expansions;
    uint64_t began_us;
    uint64_t deadline_us; /* 0: none */
    epi_stop_reason reason;

    bool (*is_closed)(void *context, const float *place); /* not worth a node any more; NULL: none is */
    void *closed_context;

    epi__place around; /* of the node being expanded */
    float *past;       /* its history */
    float *past_there; /* the history of a node at the goal */
    float *here;       /* its place */
    float *before;     /* places while steps are followed: what one begins in, and what it leads to */
    float *there;
    uint32_t *found;   /* nodes that are rollouts, best first */
    size_t found_count;
} epi__search;

/* search.c */
epi_status epi__search_init(epi__search *search);
void epi__search_dispose(epi__search *search);
/* One more place to begin at; row EPI__NO_ROW: it is not a stored step's. */
epi_status epi__search_start(epi__search *search, uint32_t row, const float *place);
/* Forgets all nodes but the starts. */
void epi__search_restart(epi__search *search);
/* Looks around at a node; then each way on from it becomes a node behind the last. `steps`: at most so many of each. */
epi_status epi__search_expand(epi__search *search, uint32_t node, uint32_t steps);
/* Believed places before a node, newest first, as many as are compared: back through its pieces, then through memory
 * where it began at a stored step, else through what the caller told. Returns how many. */
size_t epi__search_back(float *places, const epi__search *search, uint32_t node);
/* The cell of a node's place, hashed. Where what was before counts, alike places that one came to from elsewhere are
 * others. */
uint64_t epi__search_cell(epi__search *search, uint32_t node, double cell, double shift);
double epi__search_novelty(const epi__search *search, uint32_t node); /* share of steps outside the longest piece */
bool epi__search_spent(epi__search *search); /* a limit was met; sets the reason */
static inline const float *epi__search_place(const epi__search *search, uint32_t node) {
    return search->places + (size_t)node * search->traces->observation_size;
}
/* The row at which a node arrived, judged as what it goes on from. */
void epi__search_look(epi__search *search, uint32_t node);

/* best_first.c, beam.c, mcts.c: fill found. */
epi_status epi__best_first(epi__search *search);
epi_status epi__beam(epi__search *search);
epi_status epi__mcts(epi__search *search);

/* scores.c */
/* What followed in memory on steps from around a node: mean and spread of their discounted returns. */
typedef struct epi__returns {
    double *to_go; /* a row each: discounted rewards from it on */
    double spread; /* of them all */
} epi__returns;
epi_status epi__returns_make(epi__returns *values, const epi__search *search);
void epi__returns_dispose(epi__returns *values);
void epi__returns_around(double *mean, double *spread, const epi__returns *values, epi__search *search, uint32_t node);
/* How good nodes are, the greater the better: with a goal by cost and what is left of the way, without by what they
 * gained and a lower bound of what follows, looked up once for each cell. */
typedef struct epi__scores {
    epi__search *search;
    epi__returns values;
    epi__map known; /* cell -> bits of a value */
    double cell;
} epi__scores;
epi_status epi__scores_init(epi__scores *scores, epi__search *search);
void epi__scores_dispose(epi__scores *scores);
epi_status epi__scores_of(double *score, epi__scores *scores, uint32_t node);
uint64_t epi__scores_cell(const epi__scores *scores, uint32_t node);

/* goal.c */
bool epi__goal_reached(const epi__goal *goal, const float *place);
double epi__goal_steps(const epi__goal *goal, const float *place); /* about so many at least */

/* cues.c */
typedef struct epi__rows {
    uint32_t *items;
    size_t count;
} epi__rows;
epi_status epi__cue_check(const epi_cue *cue, size_t size);
/* The rows that a cue finds, nearest first, or in the order of rows. Freed by the caller, after a failure too. */
epi_status epi__cue_rows(epi__rows *rows, const epi__traces *traces, const epi_cue *cue);
/* The row of a step, as the only one. EPI_ENOTFOUND. */
epi_status epi__step_rows(epi__rows *rows, const epi__traces *traces, uint64_t step);
/* The rows of a goal that is a step or a cue; none of another. */
epi_status epi__goal_rows(epi__rows *rows, const epi__traces *traces, const epi_goal *goal);
/* Whether the filter's steps and episodes have the row's. */
bool epi__row_is_meant(const epi__traces *traces, const epi__filter *filter, size_t row);

/* rollouts.c */
epi_status epi__rollouts_make(epi_rollouts **made, epi_space *space, epi__search *search);
/* Reports on a step taken at a place. */
epi_status epi__rollout_report(epi_space *space, const epi_imagined_step *step, const float *place, epi_report report);

#endif
