/* tune.h - coordinate search: one weight at a time, up and down, as long as the score grows. */
#ifndef EPI_BENCH_TUNE_H
#define EPI_BENCH_TUNE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct tune_axis {
    double low; /* the weight stays within [low, high] */
    double high;
    double step; /* the first; it is halved twice */
} tune_axis;

/* The score to make great; called with the same weights it returns the same. */
typedef double (*tune_score)(void *context, const double *weights);

/* Changes weights until no step on any axis raises the score; returns the score. An axis with step 0 is left alone. */
double tune_coordinates(double *weights, const tune_axis *axes, size_t count, tune_score score, void *context);

#endif
