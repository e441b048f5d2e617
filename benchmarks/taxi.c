/* taxi.c - Taxi; see taxi.h. */
#include "taxi.h"

static const uint32_t places[TAXI_PLACES][2] = {{0, 0}, {0, 4}, {4, 0}, {4, 3}};

/* A '|' behind a square is a wall to the east of it. */
static const char *const map[TAXI_SIDE] = {"  |  ", "  |  ", "     ", "| |  ", "| |  "};

void taxi_observation(float *observation, const taxi *at) {
    observation[0] = (float)at->row;
    observation[1] = (float)at->column;
    observation[2] = (float)at->passenger;
    observation[3] = (float)at->destination;
}

static bool is_at(const taxi *at, uint32_t place) {
    return at->row == places[place][0] && at->column == places[place][1];
}

static bool wall_east_of(uint32_t row, uint32_t column) {
    return map[row][column] == '|';
}

static void drive(taxi *at, uint32_t action) {
    if (action == 0 && at->row + 1 < TAXI_SIDE) at->row++;
    if (action == 1 && at->row > 0) at->row--;
    if (action == 2 && at->column + 1 < TAXI_SIDE && !wall_east_of(at->row, at->column))
        at->column++;
    else if (action == 3 && at->column > 0 && !wall_east_of(at->row, at->column - 1))
        at->column--;
}

static bool pick_up(taxi *at) {
    if (at->passenger == TAXI_PLACES || !is_at(at, at->passenger)) return false;
    at->passenger = TAXI_PLACES;
    return true;
}

static bool set_down(taxi *at) {
    if (at->passenger != TAXI_PLACES) return false;
    for (uint32_t place = 0; place < TAXI_PLACES; place++) {
        if (!is_at(at, place)) continue;
        at->passenger = place;
        return true;
    }
    return false;
}

bool taxi_step(float *reward, taxi *at, uint32_t action) {
    *reward = -1;
    if (action < 4)
        drive(at, action);
    else if (!(action == 4 ? pick_up(at) : set_down(at)))
        *reward = -10;
    if (action != 5 || at->passenger != at->destination) return false;
    *reward = 20;
    return true;
}

taxi taxi_start(uint32_t index) {
    const uint32_t square = index % (TAXI_SIDE * TAXI_SIDE), pair = index / (TAXI_SIDE * TAXI_SIDE);
    const uint32_t passenger = pair / (TAXI_PLACES - 1), other = pair % (TAXI_PLACES - 1);
    return (taxi){square / TAXI_SIDE, square % TAXI_SIDE, passenger, other + (other >= passenger)};
}

taxi taxi_valid(uint32_t index) {
    if (index < TAXI_STARTS) return taxi_start(index);
    const uint32_t square = index % (TAXI_SIDE * TAXI_SIDE);
    return (taxi){square / TAXI_SIDE, square % TAXI_SIDE, TAXI_PLACES, (index - TAXI_STARTS) / (TAXI_SIDE * TAXI_SIDE)};
}
