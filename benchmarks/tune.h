/* tune.h - weights of a linear score by learning to rank: what is relevant shall stand above what is not. */
#ifndef EPI_BENCH_TUNE_H
#define EPI_BENCH_TUNE_H

#include <stdbool.h>
#include <stddef.h>

enum { TUNE_WIDTH_MAX = 40 };

/* The candidates of one question: count x width values, row-major, and which of them are relevant. */
typedef struct tune_list {
    const double *values;
    const bool *relevant;
    size_t count;
} tune_list;

/* Fits `width` weights; returns the loss that is left, a mean over lists. Lists without a relevant candidate, or
 * without another, say nothing. The same lists give the same weights.
 * Each relevant candidate competes with all that are not (ListMLE's first choice, Xia et al. 2008), each list weighs
 * the same, and squares of weights are charged so that little evidence leaves them small. Full-batch Adam (Kingma and
 * Ba 2015). */
double tune_rank(double *weights, const tune_list *lists, size_t list_count, size_t width);

#endif
