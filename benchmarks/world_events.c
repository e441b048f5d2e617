/* world_events.c - see world_events.h. */
#include "world_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHO = 30, WHERE = 20, WHAT = 40, ACTION = 15, OUTCOME = 10 };

/* Densities of the relations: a mix of random values is possible in 6 to 9 of 100 cases. */
#define WHO_WHERE 0.6
#define WHERE_WHAT 0.6
#define WHAT_ACTION 0.5
#define OUTCOMES 4u /* of a cell */

enum { FREE, BY_WHO, BY_WHERE };

struct event_world {
    uint64_t seed;
    bool is_where[WHO][WHERE];
    bool has[WHERE][WHAT];
    bool affords[WHAT][ACTION];
    uint8_t depends[WHAT][ACTION];
};

const char *const event_roles[EVENT_ROLES] = {"who", "where", "what", "action", "outcome"};
const size_t event_values[EVENT_ROLES] = {WHO, WHERE, WHAT, ACTION, OUTCOME};

/* Each pair with the given chance; no row is left empty. */
static void fill(bool *relation, size_t rows, size_t columns, double density, bench_random *random) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) relation[i * columns + j] = bench_random_unit(random) < density;
        relation[i * columns + bench_random_below(random, columns)] = true;
    }
}

event_world *event_world_new(uint64_t seed, double dependent) {
    event_world *world = bench_alloc(1, sizeof *world);
    bench_random random = bench_random_of(seed, 0x6576656e74);
    world->seed = bench_random_next(&random);
    fill(&world->is_where[0][0], WHO, WHERE, WHO_WHERE, &random);
    fill(&world->has[0][0], WHERE, WHAT, WHERE_WHAT, &random);
    fill(&world->affords[0][0], WHAT, ACTION, WHAT_ACTION, &random);
    for (size_t i = 0; i < WHAT; i++)
        for (size_t j = 0; j < ACTION; j++) {
            bool depends = bench_random_unit(&random) < dependent, who = bench_random_unit(&random) < 0.5;
            world->depends[i][j] = !depends ? FREE : who ? BY_WHO : BY_WHERE;
        }
    return world;
}

void event_world_free(event_world *world) {
    free(world);
}

/* The outcomes that are possible in a cell and context: OUTCOMES of them, drawn by a generator of their own. */
static void outcomes_of(bool possible[OUTCOME], const event_world *world, const event_tuple *event) {
    const uint8_t *v = event->value;
    uint64_t context = 0;
    if (world->depends[v[EVENT_WHAT]][v[EVENT_ACTION]] == BY_WHO) context = 1u + v[EVENT_WHO];
    if (world->depends[v[EVENT_WHAT]][v[EVENT_ACTION]] == BY_WHERE) context = 101u + v[EVENT_WHERE];
    bench_random random = bench_random_of(world->seed, (v[EVENT_WHAT] * 64u + v[EVENT_ACTION]) * 256u + context);
    memset(possible, 0, OUTCOME * sizeof *possible);
    for (size_t left = OUTCOMES; left > 0;) {
        size_t at = bench_random_below(&random, OUTCOME);
        left -= !possible[at];
        possible[at] = true;
    }
}

static uint8_t pick(const bool *row, size_t count, bench_random *random) {
    for (;;) {
        size_t at = bench_random_below(random, count);
        if (row[at]) return (uint8_t)at;
    }
}

event_tuple event_world_draw(const event_world *world, bench_random *random) {
    event_tuple event;
    bool outcomes[OUTCOME];
    event.value[EVENT_WHO] = (uint8_t)bench_random_below(random, WHO);
    event.value[EVENT_WHERE] = pick(world->is_where[event.value[EVENT_WHO]], WHERE, random);
    event.value[EVENT_WHAT] = pick(world->has[event.value[EVENT_WHERE]], WHAT, random);
    event.value[EVENT_ACTION] = pick(world->affords[event.value[EVENT_WHAT]], ACTION, random);
    outcomes_of(outcomes, world, &event);
    event.value[EVENT_OUTCOME] = pick(outcomes, OUTCOME, random);
    return event;
}

bool event_world_possible(const event_world *world, const event_tuple *event) {
    const uint8_t *v = event->value;
    bool outcomes[OUTCOME];
    outcomes_of(outcomes, world, event);
    return world->is_where[v[EVENT_WHO]][v[EVENT_WHERE]] && world->has[v[EVENT_WHERE]][v[EVENT_WHAT]] &&
           world->affords[v[EVENT_WHAT]][v[EVENT_ACTION]] && outcomes[v[EVENT_OUTCOME]];
}

char *event_name(char *out, size_t role, size_t value) {
    snprintf(out, 16, "%s-%02zu", event_roles[role], value);
    return out;
}

event_tuple event_mix(const event_tuple *a, const event_tuple *b, bench_random *random) {
    event_tuple mixed = *a;
    uint64_t from_b = 1 + bench_random_below(random, (1u << EVENT_ROLES) - 2);
    for (size_t i = 0; i < EVENT_ROLES; i++)
        if (from_b >> i & 1) mixed.value[i] = b->value[i];
    return mixed;
}
