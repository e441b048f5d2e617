/* goal.c - whether a place is the goal, and how many steps away it is at least: straight, and by
 * the ways that were taken. */
#include <math.h>

#include "search.h"

bool epi__goal_reached(const epi__goal *goal, const float *place) {
    if (!goal->given) return false;
    if (goal->given->reached) return goal->given->reached(goal->given->reached_context, place, goal->size);
    for (size_t i = 0; i < goal->count; i++) {
        double apart = epi__join_distance(goal->options, place, goal->places + i * goal->size, goal->size);
        if (apart <= goal->given->tolerance) return true;
    }
    return false;
}

double epi__goal_steps(const epi__goal *goal, const float *place) {
    if (goal->options->heuristic) return goal->options->heuristic(goal->options->callback_context, place);
    double least = INFINITY;
    for (size_t i = 0; i < goal->count; i++)
        least = fmin(least, epi__distance2(place, goal->places + i * goal->size, goal->size));
    if (goal->count == 0 || goal->step_max <= 0.0) return 0.0;
    double way = goal->away ? epi__regions_way(goal->regions, goal->away, place) : 0.0;
    if (isinf(way)) way = 0.0;
    double tolerance = goal->options->distance ? 0.0 : goal->given->tolerance; /* else it is in other units */
    return fmax(fmax(sqrt(least), way) - tolerance, 0.0) / goal->step_max;
}
