/* estimate.c - the percentile bootstrap of a mean, over values or over whole groups of them. */
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

static double mean_of(estimate_group all, double otherwise) {
    return all.count > 0.0 ? all.sum / all.count : otherwise;
}

static double resampled_groups(const estimate_group *groups, size_t count, double otherwise, bench_random *random) {
    estimate_group all = {0.0, 0.0};
    for (size_t i = 0; i < count; i++) {
        const estimate_group *drawn = &groups[bench_random_below(random, count)];
        all.sum += drawn->sum;
        all.count += drawn->count;
    }
    return mean_of(all, otherwise);
}

estimate estimate_groups(const estimate_group *groups, size_t count, bench_random *random) {
    double means[RESAMPLE_COUNT];
    estimate_group all = {0.0, 0.0};
    for (size_t i = 0; i < count; i++) {
        all.sum += groups[i].sum;
        all.count += groups[i].count;
    }
    double mean = mean_of(all, 0.0);
    for (size_t i = 0; i < RESAMPLE_COUNT; i++) means[i] = resampled_groups(groups, count, mean, random);
    double low = bench_percentile(means, RESAMPLE_COUNT, 0.025);
    return (estimate){mean, low, bench_percentile(means, RESAMPLE_COUNT, 0.975)};
}
