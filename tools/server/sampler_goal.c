/* sampler_goal.c - rewards by distance; see sampler_goal.h. */
#include <math.h>

#include "columns_form.h"
#include "sampler_goal.h"

double sampler_goal_reward(void *context, const void *achieved, const void *desired, bool *terminated) {
    const sampler_goal *goal = context;
    double sum = 0.0;
    for (size_t i = 0; i < goal->count; i++) {
        double off = column_number(goal->dtype, achieved, i) - column_number(goal->dtype, desired, i);
        sum += off * off;
    }
    double distance = sqrt(sum);
    bool reached = distance <= goal->within;
    if (goal->ends) *terminated = reached;
    if (reached) return goal->reached;
    return goal->dense ? goal->missed - distance : goal->missed;
}
