/* estimate.h - a mean over questions with how far it may be off. */
#ifndef EPI_BENCH_ESTIMATE_H
#define EPI_BENCH_ESTIMATE_H

#include <stddef.h>

#include "bench.h"

typedef struct estimate {
    double mean;
    double low; /* 95 % interval */
    double high;
} estimate;

/* The mean of count >= 1 values, with its percentile bootstrap interval. For a paired comparison, give differences.
 * Questions count as independent, which those of one conversation are not quite: the true interval is wider.
 * Source: Efron and Tibshirani 1993, "An introduction to the bootstrap", 13.3. */
estimate estimate_mean(const double *values, size_t count, bench_random *random);

/* One conversation's questions: the sum of their values, and how many there are. */
typedef struct estimate_group {
    double sum;
    double count;
} estimate_group;

/* The mean over all values of the groups, with the interval from resampling whole groups: what to expect of other
 * conversations, as far as so few can tell. At least one value in all.
 * Source: Davison and Hinkley 1997, "Bootstrap methods and their application", 3.8. */
estimate estimate_groups(const estimate_group *groups, size_t count, bench_random *random);

#endif
