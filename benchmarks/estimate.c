/* estimate.c - the percentile bootstrap of a mean. */
#include "estimate.h"

#define RESAMPLE_COUNT 1000

static double resampled_mean(const double *values, size_t count, bench_random *random) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) sum += values[bench_random_below(random, count)];
    return sum / (double)count;
}

estimate estimate_mean(const double *values, size_t count, bench_random *random) {
    double means[RESAMPLE_COUNT];
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) sum += values[i];
    for (size_t i = 0; i < RESAMPLE_COUNT; i++) means[i] = resampled_mean(values, count, random);
    double low = bench_percentile(means, RESAMPLE_COUNT, 0.025);
    return (estimate){sum / (double)count, low, bench_percentile(means, RESAMPLE_COUNT, 0.975)};
}
