/* place.h - where steps go: episodes are begun, gone on with and ended inside of a transaction.
 *
 * All of it happens in the caller's transaction, so that beginning an episode, appending to it and ending it can be one
 * commit.
 */
#ifndef EPI_MEMORY_PLACE_H
#define EPI_MEMORY_PLACE_H

#include "append.h"

epi_status epi__place_check_options(const epi_episode_options *options);
epi_status epi__place_check_outcome(const epi_outcome *outcome);

/* Begins an episode, or finds the one that has its external id (*made is false). tags: encoded. EPI_ECONFLICT. */
epi_status epi__place_begin(uint64_t *id, bool *made, epi__change *change, const epi_episode_options *options,
                            epi__view tags);
/* Loads an episode for changing; EPI_ENOTFOUND EPI_ESTALE. One that has ended goes on, or is EPI_EENDED. */
epi_status epi__place_open(epi__writer *writer, uint64_t id, bool reopens);
epi_status epi__place_gone(const epi__state *state, uint64_t id); /* the failure of an id that is not there */
/* Ends the loaded episode. */
epi_status epi__place_end(epi__writer *writer, const epi_outcome *outcome);

/* The last event of the running episode that this process knows, and the store may not. */
typedef struct epi__running {
    uint64_t episode;
    int64_t event;
} epi__running;

/* The space's running episode, loaded; begun when there is none that the event follows closely. `running` was read
 * before the transaction, since the pending list's lock comes before the writer's; NULL: nothing is pending. */
epi_status epi__place_running(uint64_t *id, epi__writer *writer, const epi__running *running, int64_t event);
/* The same without a write where there is one, and with a transaction of its own where there is none. */
epi_status epi__place_running_alone(uint64_t *id, epi__mirror *mirror, int64_t event);

#endif
