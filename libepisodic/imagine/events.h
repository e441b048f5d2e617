/* events.h - how events are imagined.
 *
 *   lattice.c      how far roles constrain each other; the plausibility of a combination
 *   events.c       the question checked; recombinations drawn, judged and ranked
 *   story.c        one event after the other
 *   events_text.c  events for a prompt and as JSON
 */
#ifndef EPI_IMAGINE_EVENTS_H
#define EPI_IMAGINE_EVENTS_H

#include "lattice.h"

struct epi_events {
    epi__arena arena;
    epi_imagined_event *items;
    size_t count;
    size_t vetoed;
    const char *text;
    const char *json;
};

/* Values put together from rows of the lattice. */
typedef struct epi__mix {
    uint32_t values[EPI_EVENT_ROLES_MAX];
    uint32_t from[EPI_EVENT_ROLES_MAX];    /* bundle: the row that it is of */
    uint32_t witness[EPI_EVENT_ROLES_MAX]; /* bundle > 0: a row that has the pair it is joined across */
    double plausibility;
    double novelty;
    size_t support;
    size_t joined[EPI_EVENT_ROLES_MAX]; /* bundle > 0: rows that have the pair */
    size_t order;
} epi__mix;

typedef struct epi__imagining {
    const epi__lattice *lattice;
    epi_imagine_events_options options;
    uint32_t given[EPI_EVENT_ROLES_MAX]; /* numbers of values; 0: free */
    epi_events *result;
    epi__random random;
    epi__mix *mixes;
    size_t mix_count;
} epi__imagining;

/* Fills in plausibility, novelty and support; false when it is left out, and counts that. */
bool epi__mix_judge(epi__mix *mix, epi__imagining *imagining);
/* The best of what is drawn, at most k, the most plausible first. */
epi_status epi__mixes_draw(epi__imagining *imagining);
/* Copies a mix into the result. */
epi_status epi__mix_show(epi_imagined_event *event, epi__imagining *imagining, const epi__mix *mix);
uint64_t epi__lattice_step(const epi__lattice *lattice, uint32_t row);

epi_status epi__story_tell(epi__imagining *imagining, size_t count);
epi_status epi__events_render(epi_events *events);

#endif
