/* likeness.h - how alike two sets of vectors of the same things are, whatever their dimensions and axes. */
#ifndef EPI_MATH_LIKENESS_H
#define EPI_MATH_LIKENESS_H

#include "math.h"

/* count rows, of unit norm under the cosine metric; the i-th of two clouds is of the same thing. */
typedef struct epi__cloud {
    const float *rows; /* count x dimension, row-major */
    size_t dimension;
} epi__cloud;

/* Spearman's correlation of the dissimilarities of all pairs, ties by their mean rank (representational similarity
 * analysis, Kriegeskorte, Mur and Bandettini 2008; theirs are 1 - correlation, ours what a space compares by:
 * 1 - cosine, or the Euclidean distance). -1 to 1; 0 where all pairs of one are equally far. False: out of memory. */
bool epi__likeness_spearman(double *correlation, const epi__cloud *a, const epi__cloud *b, size_t count,
                            epi__metric metric);

/* Linear centred kernel alignment (Kornblith et al. 2019, equation 3 with linear kernels). 0 to 1; 1 for the same
 * vectors turned and scaled. Unrelated vectors have more than 0, the more so the more dimensions there are for each
 * row: order[i], where given, is the row of b that is compared with row i of a, to find out how much. */
bool epi__likeness_cka(double *alignment, const epi__cloud *a, const epi__cloud *b, size_t count,
                       const size_t *order);

#endif
