/* sampler_goal.h - the reward of a relabelled step, for samplers that are opened without code of the caller's: how far
 * what was achieved lies from the goal.
 */
#ifndef SERVER_SAMPLER_GOAL_H
#define SERVER_SAMPLER_GOAL_H

#include <episodic/episodic.h>

typedef struct sampler_goal {
    epi_dtype dtype; /* of both roles */
    size_t count;    /* numbers of a row */
    double within;   /* Euclidean distance at which a goal counts as reached */
    double reached;  /* the reward then */
    double missed;   /* the reward otherwise; with dense the distance is taken off it */
    bool dense;
    bool ends; /* a step that reaches its goal is terminated, and no other is */
} sampler_goal;

/* An epi_her_reward; the context is a sampler_goal.
 * Source: M. Andrychowicz et al.: Hindsight experience replay (2017), section 4.1: -1 until the goal is within a
 * tolerance, then 0, and episodes go on. */
double sampler_goal_reward(void *context, const void *achieved, const void *desired, bool *terminated);

#endif
