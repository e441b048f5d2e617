/* world_events.h - a hidden world of events: who did what where, by what action, with what outcome.
 *
 * Four relations say what is possible: who is ever where, what is found where, what can be done with it, and what comes
 * of that. An event is possible when all four hold. In a share of the cells (what, action) the outcomes also depend on
 * who does it or on where: then an outcome seen in one context says less about another. Nothing of this is told to the
 * library; it sees events only.
 */
#ifndef EPI_BENCH_WORLD_EVENTS_H
#define EPI_BENCH_WORLD_EVENTS_H

#include "bench.h"

enum { EVENT_WHO, EVENT_WHERE, EVENT_WHAT, EVENT_ACTION, EVENT_OUTCOME, EVENT_ROLES };

typedef struct event_world event_world;

/* One value a role, as a number below its event_values. */
typedef struct event_tuple {
    uint8_t value[EVENT_ROLES];
} event_tuple;

extern const char *const event_roles[EVENT_ROLES]; /* "who", ... */
extern const size_t event_values[EVENT_ROLES];     /* 30, 20, 40, 15, 10 */

/* dependent: share of cells whose outcomes depend on who or where. Ends the program when out of memory. */
event_world *event_world_new(uint64_t seed, double dependent);
void event_world_free(event_world *world);
/* An event that happens: who is drawn evenly, and everything behind it evenly among what is possible. */
event_tuple event_world_draw(const event_world *world, bench_random *random);
bool event_world_possible(const event_world *world, const event_tuple *event);
/* The name of a value, for instance "who-07". out has 16 bytes. Returns out. */
char *event_name(char *out, size_t role, size_t value);
/* A mix of two events: each role of one or the other, both used. */
event_tuple event_mix(const event_tuple *a, const event_tuple *b, bench_random *random);

#endif
