/* neighbours.h - the stored steps around a place, exactly: a k-d tree over the rows of traces that lead on.
 *
 * Built when it is first asked for, and again when too many rows came behind it; those are looked at one by one until
 * then. Rows that went since are passed over. The tree belongs to the traces and is changed under its own mutex, while
 * the traces are held against change: once epi__neighbours_ready() has returned it stays until they are released.
 *
 * Source: Bentley 1975, "Multidimensional binary search trees"; split at the median of the widest dimension. In many
 * dimensions (about 16 and more) it looks at most rows.
 */
#ifndef EPI_IMAGINE_NEIGHBOURS_H
#define EPI_IMAGINE_NEIGHBOURS_H

#include "regions.h"

typedef struct epi__neighbour {
    uint32_t row;
    float distance2; /* squared Euclidean */
} epi__neighbour;

epi_status epi__neighbours_ready(epi__traces *traces);
void epi__neighbours_free(struct epi__neighbours *neighbours); /* NULL is allowed */

/* The nearest rows within a radius, nearest first, ties by row: at most `most` (up to EPI__NEIGHBOURS_FOUND_MAX). */
#define EPI__NEIGHBOURS_FOUND_MAX 1024u
size_t epi__neighbours_within(epi__neighbour *found, const epi__traces *traces, const float *place, double radius,
                              size_t most);
/* The length of a step around a place: an upper quartile, since steps that were blocked are short. > 0. */
double epi__neighbours_step_length(const epi__traces *traces, const float *place);
/* The size of cells, in powers of two of a typical step, at which the rows lie in about two thousand of them. */
uint64_t epi__neighbours_cell_of(const float *place, size_t size, double cell, double shift); /* its hash */
double epi__neighbours_cell(const epi__traces *traces);
const epi__regions *epi__neighbours_regions(const epi__traces *traces); /* of that size */
/* The longest step of all, and the root mean square of actions around their mean; 0: no actions or not float32. */
double epi__neighbours_step_max(const epi__traces *traces);
double epi__neighbours_action_scale(const epi__traces *traces);

/* Euclidean distance squared, the same to the bit everywhere. */
static inline double epi__distance2(const float *a, const float *b, size_t size) {
    double sum = 0.0;
    for (size_t i = 0; i < size; i++) sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sum;
}

#endif
