/* lake.h - slippery FrozenLake 8x8, for bench_plan: the world, random episodes in it, and what a policy is truly worth.
 *
 * An action moves in its direction or to one of the two sides, a third each; holes end the episode with 0, the goal
 * with 1, and 200 steps cut it. The map and the rules are Gymnasium's FrozenLake-v1.
 */
#ifndef EPI_BENCH_LAKE_H
#define EPI_BENCH_LAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench.h"

#define LAKE_SIDE 8u
#define LAKE_STATES (LAKE_SIDE * LAKE_SIDE)
#define LAKE_ACTIONS 4u /* left, down, right, up */
#define LAKE_STEPS 200u

bool lake_is_end(uint32_t cell); /* a hole or the goal */
bool lake_is_goal(uint32_t cell);
uint32_t lake_step(uint32_t cell, uint32_t action, bench_random *random);
void lake_observation(float *observation, uint32_t cell); /* row and column */

/* What following a policy returns from each cell within LAKE_STEPS steps, computed from the rules.
 * policy: LAKE_STEPS x LAKE_STATES actions, by the steps that are left less one. */
void lake_evaluate(double *returns, const uint8_t *policy, double discount);
/* The most that any policy can return from the first cell: one that knows how many steps are left. */
double lake_optimum(double discount);

#endif
