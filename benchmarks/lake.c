/* lake.c - slippery FrozenLake 8x8; see lake.h. */
#include "lake.h"

#include <math.h>
#include <string.h>

#define WAYS 3u /* where an action may lead */

static const char *const lake = "SFFFFFFF"
                                "FFFFFFFF"
                                "FFFHFFFF"
                                "FFFFFHFF"
                                "FFFHFFFF"
                                "FHHFFFHF"
                                "FHFFHFHF"
                                "FFFHFFFG";

bool lake_is_goal(uint32_t cell) {
    return lake[cell] == 'G';
}

bool lake_is_end(uint32_t cell) {
    return lake[cell] == 'H' || lake[cell] == 'G';
}

static uint32_t slide(uint32_t cell, uint32_t direction) {
    const uint32_t row = cell / LAKE_SIDE, column = cell % LAKE_SIDE;
    if (direction == 0) return column > 0 ? cell - 1 : cell;
    if (direction == 1) return row + 1 < LAKE_SIDE ? cell + LAKE_SIDE : cell;
    if (direction == 2) return column + 1 < LAKE_SIDE ? cell + 1 : cell;
    return row > 0 ? cell - LAKE_SIDE : cell;
}

static uint32_t way(uint32_t cell, uint32_t action, uint32_t index) {
    return slide(cell, (action + LAKE_ACTIONS - 1 + index) % LAKE_ACTIONS);
}

uint32_t lake_step(uint32_t cell, uint32_t action, bench_random *random) {
    return way(cell, action, (uint32_t)bench_random_below(random, WAYS));
}

void lake_observation(float *observation, uint32_t cell) {
    observation[0] = (float)(cell / LAKE_SIDE);
    observation[1] = (float)(cell % LAKE_SIDE);
}

static double value_of(const double *next, uint32_t cell, uint32_t action, double discount) {
    double sum = 0;
    for (uint32_t i = 0; i < WAYS; i++) {
        const uint32_t to = way(cell, action, i);
        sum += lake_is_end(to) ? lake_is_goal(to) : discount * next[to];
    }
    return sum / WAYS;
}

void lake_evaluate(double *returns, const uint8_t *policy, double discount) {
    double next[LAKE_STATES];
    memset(returns, 0, LAKE_STATES * sizeof *returns);
    for (uint32_t step = 0; step < LAKE_STEPS; step++) {
        memcpy(next, returns, sizeof next);
        for (uint32_t cell = 0; cell < LAKE_STATES; cell++)
            if (!lake_is_end(cell)) returns[cell] = value_of(next, cell, policy[step * LAKE_STATES + cell], discount);
    }
}

double lake_optimum(double discount) {
    double returns[LAKE_STATES] = {0}, next[LAKE_STATES];
    for (uint32_t step = 0; step < LAKE_STEPS; step++) {
        memcpy(next, returns, sizeof next);
        for (uint32_t cell = 0; cell < LAKE_STATES; cell++) {
            if (lake_is_end(cell)) continue;
            returns[cell] = 0;
            for (uint32_t action = 0; action < LAKE_ACTIONS; action++)
                returns[cell] = fmax(returns[cell], value_of(next, cell, action, discount));
        }
    }
    return returns[0];
}
