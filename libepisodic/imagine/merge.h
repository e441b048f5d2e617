/* merge.h - which observations are one state: rows of floats with numbers from 0.
 *
 * With radius 0 a state is a set of equal observations. Otherwise its first observation is its centre for good, and an
 * observation within the radius of several centres is of the nearest, the lower number on a tie. So the states depend
 * on the order of the observations, and on nothing else.
 */
#ifndef EPI_IMAGINE_MERGE_H
#define EPI_IMAGINE_MERGE_H

#include "../base/base.h"

#define EPI__NO_ID UINT32_MAX

typedef struct epi__merge {
    uint32_t dimension;
    double radius;
    uint32_t count_max;
    uint32_t count;
    uint32_t capacity;
    float *centres;      /* count x dimension, row-major; no negative zeros */
    uint32_t *next;      /* the next state in the same cell */
    epi__map cells;      /* hash of a cell, or with radius 0 of the observation -> its newest state */
    float *query;        /* the observation at hand, without negative zeros */
} epi__merge;

epi_status epi__merge_init(epi__merge *merge, uint32_t dimension, double radius, uint32_t count_max);
void epi__merge_dispose(epi__merge *merge);

/* The state of a finite observation, or EPI__NO_ID. */
uint32_t epi__merge_find(const epi__merge *merge, const float *observation);
/* The same, made where there is none. EPI_ELIMIT EPI_ENOMEM: nothing was changed. */
epi_status epi__merge_place(uint32_t *state, epi__merge *merge, const float *observation);

static inline const float *epi__merge_centre(const epi__merge *merge, uint32_t state) {
    return merge->centres + (size_t)state * merge->dimension;
}

#endif
