/* taxi.h - Taxi, for bench_plan: a taxi on 5 x 5 squares with walls fetches a passenger at one of four places and
 * brings him to another. -1 a step, -10 for picking up or setting down where it cannot be, 20 and the end for arriving.
 *
 * The map and the rules are those of Gymnasium's Taxi-v3; Dietterich, Hierarchical reinforcement learning with the MAXQ
 * value function decomposition (2000).
 */
#ifndef EPI_BENCH_TAXI_H
#define EPI_BENCH_TAXI_H

#include <stdbool.h>
#include <stdint.h>

#define TAXI_SIDE 5u
#define TAXI_PLACES 4u
#define TAXI_ACTIONS 6u /* south, north, east, west, pick up, set down */
#define TAXI_OBSERVATION 4u

typedef struct taxi {
    uint32_t row, column;
    uint32_t passenger;   /* a place, or TAXI_PLACES: in the taxi */
    uint32_t destination; /* a place */
} taxi;

/* Row, column, passenger, destination. */
void taxi_observation(float *observation, const taxi *at);
/* Takes a step; true when it was the last. */
bool taxi_step(float *reward, taxi *at, uint32_t action);
/* The index-th of TAXI_STARTS states in which an episode begins: the passenger waits, and not where he wants to go. */
#define TAXI_STARTS 300u
taxi taxi_start(uint32_t index);
/* The index-th of TAXI_VALID states in which the taxi can be: those, and those with the passenger in it. */
#define TAXI_VALID 400u
taxi taxi_valid(uint32_t index);

#endif
