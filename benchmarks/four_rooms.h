/* four_rooms.h - a square of 10 x 10 with walls of no thickness at x = 5 and y = 5, and a door in each of their four
 * arms. What is near need not be reachable: that is what joins are tried on.
 */
#ifndef EPI_BENCH_FOUR_ROOMS_H
#define EPI_BENCH_FOUR_ROOMS_H

#include "bench.h"

#define ROOMS_SIZE 10.0
#define ROOMS_STEP 0.5f /* length of an action */
#define ROOMS_EPISODES 400u
#define ROOMS_STEPS 30u

typedef struct rooms_place {
    float at[2];
} rooms_place;

/* Moves by an action: all of it, or not at all where a wall is in the way. */
void rooms_step(rooms_place *place, const float action[2]);
/* A place drawn uniformly; one that lies on no wall. */
rooms_place rooms_random_place(bench_random *random);
void rooms_random_action(float action[2], bench_random *random);
/* A random walk of `count` steps from a place: count + 1 places, the first included, and count actions. */
void rooms_walk(float *places, float *actions, rooms_place from, size_t count, bench_random *random);
double rooms_distance(const rooms_place *a, const rooms_place *b);
/* Whether the straight way between two places is free. */
bool rooms_free(const float from[2], const float to[2]);

#endif
