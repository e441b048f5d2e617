/* four_rooms.c - see four_rooms.h. Doors are one wide, in the middle of their arm. */
#include "four_rooms.h"

#include <math.h>

#define WALL 5.0
#define DOOR_LOW 2.5  /* middles of the doors along each wall */
#define DOOR_HIGH 7.5
#define DOOR_HALF 0.5

static bool is_door(double along) {
    return fabs(along - DOOR_LOW) < DOOR_HALF || fabs(along - DOOR_HIGH) < DOOR_HALF;
}

/* Whether going from `from` to `to` crosses the wall across `axis` elsewhere than at a door. */
static bool hits_wall(const float from[2], const float to[2], int axis) {
    double a = (double)from[axis] - WALL, b = (double)to[axis] - WALL;
    if ((a < 0.0) == (b < 0.0)) return false;
    double share = a / (a - b), other = (double)from[1 - axis];
    return !is_door(other + share * ((double)to[1 - axis] - other));
}

bool rooms_free(const float from[2], const float to[2]) {
    for (int axis = 0; axis < 2; axis++)
        if (to[axis] < 0.0f || (double)to[axis] > ROOMS_SIZE || hits_wall(from, to, axis)) return false;
    return true;
}

void rooms_step(rooms_place *place, const float action[2]) {
    float to[2] = {place->at[0] + action[0], place->at[1] + action[1]};
    if (!rooms_free(place->at, to)) return;
    place->at[0] = to[0];
    place->at[1] = to[1];
}

rooms_place rooms_random_place(bench_random *random) {
    rooms_place place;
    for (int axis = 0; axis < 2; axis++) place.at[axis] = (float)(bench_random_unit(random) * ROOMS_SIZE);
    return place;
}

void rooms_random_action(float action[2], bench_random *random) {
    double angle = bench_random_unit(random) * 2.0 * 3.14159265358979323846;
    action[0] = ROOMS_STEP * (float)cos(angle);
    action[1] = ROOMS_STEP * (float)sin(angle);
}

void rooms_walk(float *places, float *actions, rooms_place from, size_t count, bench_random *random) {
    for (size_t i = 0; i < count; i++) {
        places[2 * i] = from.at[0];
        places[2 * i + 1] = from.at[1];
        rooms_random_action(&actions[2 * i], random);
        rooms_step(&from, &actions[2 * i]);
    }
    places[2 * count] = from.at[0];
    places[2 * count + 1] = from.at[1];
}

double rooms_distance(const rooms_place *a, const rooms_place *b) {
    return hypot((double)a->at[0] - (double)b->at[0], (double)a->at[1] - (double)b->at[1]);
}
