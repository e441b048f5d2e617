/* sampler_shelf.h - samplers and recorders that requests of many connections share: opened once, found by number or by
 * name, used by one thread at a time, put away when nobody used them for long. A process has one shelf: it serves one
 * memory.
 */
#ifndef SERVER_SAMPLER_SHELF_H
#define SERVER_SAMPLER_SHELF_H

#include "sampler_goal.h"
#include "service.h"

#define SAMPLERS_MAX 64u /* open at once; the one that was not used for the longest time makes room */
#define RECORDERS_MAX 64u

typedef struct shelved_sampler {
    uint64_t number;
    epi_space *space; /* the service's */
    epi_replay *replay;
    epi_replay_options options; /* name and arrays are not kept */
    sampler_goal goal;          /* the context of its reward */
    uint64_t states;            /* roles that are read for a sequence's first step only: a bit each */
    char name[EPI_NAME_SIZE_MAX + 1];
    unsigned users;
    epi_time used_at;
    uint64_t draws;  /* of this server */
    uint64_t *drawn; /* ids of the last SAMPLER_DRAWN_MAX draws, in turn; NULL until the first */
} shelved_sampler;

#define SAMPLER_DRAWN_MAX 65536u

/* Opens a sampler and gives it a number, which is never given again before shelf_close(). With options->her the rewards
 * are the goal's. */
epi_status sampler_open(uint64_t *number, epi_space *space, const epi_replay_options *options,
                        const sampler_goal *goal);
/* Takes one from the shelf, until sampler_return(). NULL: there is none of that number (any more). */
shelved_sampler *sampler_take(uint64_t number);
/* The one of a space with a name; NULL: none. */
shelved_sampler *sampler_take_named(const epi_space *space, const char *name);
void sampler_return(shelved_sampler *sampler);
/* Flushes and closes. False: no such number, or it is in use. */
bool sampler_close(epi_status *status, uint64_t number);
/* Remembers what was drawn, for whoever wants to see it. */
void sampler_note_drawn(shelved_sampler *sampler, const uint64_t *ids, size_t count);
/* A copy of the last of them, and how many there were in all. The caller frees it; NULL: none, or out of memory. */
uint64_t *sampler_drawn(size_t *count, uint64_t *draws, shelved_sampler *sampler);

/* Appends rows by a recorder, opened at its first use and held until it is stale. */
epi_status recorder_append(uint64_t *ids, epi_space *space, const char *name, uint32_t lanes, const uint32_t *lane_of,
                           const epi_column *columns, size_t column_count, size_t count);

/* Flushes and closes all; nobody may be using any. @return what the first flush that failed returned */
epi_status shelf_close(void);

#endif
