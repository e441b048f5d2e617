/* place.h - a memory in a directory of its own, and short words for what most tests do with it. Public API only.
 *
 * EXPECT is an assertion on a status that prints the library's own line when it does not hold.
 */
#ifndef PLACE_H
#define PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <episodic/episodic.h>

typedef struct place {
    char base[64]; /* removed with all in it by place_remove() */
    char path[80]; /* base/memory, not made yet */
    epi_memory_options options;
    epi_memory *memory;
    epi_space *space; /* "main", a conversation */
} place;

/* Setup and teardown of a cmocka test: *state is a place with an open memory and space. */
int place_setup(void **state);
int place_teardown(void **state);

void place_make(place *p); /* the base directory and default options; nothing is opened */
void place_open(place *p); /* memory and space, by p->options */
void place_close(place *p);
void place_remove(place *p);
void place_copy(place *copy, const place *model); /* makes one whose directory is a copy of the closed model's */
void place_reopen(place *p); /* closes and opens */

#define EXPECT(status, call) place_expect(status, call, #call, __FILE__, __LINE__)
void place_expect(epi_status expected, epi_status got, const char *call, const char *file, int line);

/* A space with vectors: the roles of a transition as rows, the observation being the vector. */
void place_vector_schema(epi_schema *schema, epi_role roles[EPI_TRANSITION_ROLE_COUNT], uint32_t dimension);
/* A space of columns, its action a vector (0: a scalar), and a recorder of it, "actor". */
epi_space *place_transitions(place *p, const char *name, uint32_t observation_size, epi_dtype action_dtype,
                             uint32_t action_size);
epi_recorder *place_recorder(epi_space *space, uint32_t lanes);
epi_episode *place_episode(epi_space *space);
epi_step place_step(epi_part parts[2], const char *text); /* speaker "Ann"; parts[] must live as long as the step */
uint64_t place_say(epi_episode *episode, const char *text);
uint64_t place_say_as(epi_episode *episode, const char *text, const char *external_id);

/* How many hits a recall of the text has; `first` (may be NULL) receives the first hit's step, 0 if none. */
size_t place_recall(epi_space *space, const char *text, uint64_t *first);
bool place_finds(epi_space *space, const char *word, uint64_t step); /* the step is among the hits */
/* Fails the test unless the step's text is this one. */
void place_assert_text(epi_space *space, uint64_t step, const char *text);
epi_space_stats place_stats(epi_space *space);
/* Fails the test when epi_memory_check() finds anything, with what it found. */
void place_check(epi_memory *memory);
/* Is this anywhere in the directory's files? */
bool place_holds(const char *directory, const void *bytes, size_t size);
uint64_t place_seconds(const char *variable, uint64_t otherwise); /* a number from the environment */

#endif
