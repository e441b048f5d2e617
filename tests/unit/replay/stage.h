/* stage.h - a transitions space in a directory of its own, and what the tests of replay do with it. Observations are
 * one float, the step's number in the order of appending, so that a row tells which step it is.
 */
#ifndef STAGE_H
#define STAGE_H

#include "place.h"

#define STAGE_STEPS_MAX 20000u

typedef struct stage {
    place at;
    epi_memory *memory;
    epi_space *space;
    epi_recorder *recorder;
    uint64_t ids[STAGE_STEPS_MAX];
    size_t count;
} stage;

void stage_make(stage *s); /* opens memory, space and recorder "one" with two lanes */
void stage_open(stage *s);
void stage_close(stage *s);
void stage_remove(stage *s); /* closes what is open */
/* Appends steps of lane 0. ends: of each step 0, 't' terminated or 'c' truncated (cut); NULL: the last is terminated.
 * Rewards are 1, 2, 3 ... from the space's first step on. Truncated steps get a next observation: their number + .5. */
void stage_append(stage *s, size_t count, const char *ends);
epi_replay *stage_replay(stage *s, const epi_replay_options *options);
void stage_set(stage *s, epi_replay *replay, const double *priorities); /* of all steps */
/* Numbers of the steps of a batch, by their ids; returns how many. */
size_t stage_draw(size_t *numbers, double *weights, stage *s, epi_replay *replay, size_t size, double beta);
size_t stage_number(const stage *s, uint64_t id); /* SIZE_MAX: unknown */

/* Whether counts of independent draws may come from the probabilities: the chance of so great a chi-square, by Wilson
 * and Hilferty's cube root. */
double stage_chance(const double *probabilities, const size_t *counts, size_t kinds, size_t draws);

#endif
