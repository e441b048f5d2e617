/* actors.h - processes that record transitions whose content tells who recorded them, until they are killed; and a
 * comparison of what is in the memory with what was acknowledged.
 *
 * Every number of a step follows from its actor, its life (how often that actor was started) and its place in that
 * life, so a reader can tell every byte. What was begun and what was acknowledged stands in shared memory, written by
 * the actor alone. Children return 0, or 1 after printing why.
 */
#ifndef ACTORS_H
#define ACTORS_H

#include "place.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#define ACTORS 2
#define ACTOR_LIVES 8192
#define ACTOR_SIZE 8
#define ACTOR_BLOCK 16

typedef struct actor_life {
    _Atomic uint32_t begun, acknowledged; /* steps */
} actor_life;

typedef struct actors_book {
    _Atomic uint32_t lives[ACTORS];
    _Atomic uint32_t memory_kb[ACTORS]; /* own, not of files; the last that was seen */
    _Atomic bool stop;
    actor_life life[ACTORS][ACTOR_LIVES];
} actors_book;

/* Rows as they are drawn. */
typedef struct actor_row {
    float seen[ACTOR_SIZE], next[ACTOR_SIZE], reward;
    int32_t action;
} actor_row;

epi_status actors_open(epi_memory **memory, epi_space **space, const place *p);
/* The life of an actor: blocks, each acknowledged before the next, with a pause, until it is killed or told to stop. */
int actors_record(actors_book *book, const place *p, unsigned actor, unsigned pause_us);
/* Whether a row is as it was recorded, byte for byte. */
bool actors_row_is_sound(const actor_row *row);
void actors_columns(epi_column columns[4], actor_row *rows); /* of a batch that is drawn */
uint64_t actors_acknowledged(const actors_book *book);
/* Every acknowledged step that the space's limit has not evicted is there, once, and sound; limit 0: none was. */
int actors_compare(const actors_book *book, const place *p, uint64_t limit);

uint32_t actors_memory_kb(void); /* of this process, not of files */
uint64_t actors_random(uint64_t *state);
pid_t actors_fork(void); /* a child that dies with its parent */
pid_t actors_start(actors_book *book, const place *p, unsigned actor, unsigned pause_us);
void actors_kill(pid_t child); /* -9, and waits */
/* Waits; whether it ended well. */
bool actors_ended_well(pid_t child);

#endif
