/* tune.c - learning to rank by gradient; see tune.h. */
#include "tune.h"

#include <math.h>
#include <string.h>

#define ROUNDS 400
#define RATE 0.05
#define CHARGE 1e-3
#define TEMPER 1e-12

static double score(const double *weights, const double *values, size_t width) {
    double sum = 0.0;
    for (size_t i = 0; i < width; i++) sum += weights[i] * values[i];
    return sum;
}

static void add(double *gradient, const double *values, double share, size_t width) {
    for (size_t i = 0; i < width; i++) gradient[i] += share * values[i];
}

/* The others' sum of exponents, and their expected values, both scaled by exp(-top). */
static double others(double *expected, double *top, const double *weights, const tune_list *list, size_t width) {
    double sum = 0.0;
    *top = -INFINITY;
    memset(expected, 0, width * sizeof *expected);
    for (size_t i = 0; i < list->count; i++) *top = fmax(*top, score(weights, list->values + i * width, width));
    for (size_t i = 0; i < list->count; i++) {
        if (list->relevant[i]) continue;
        double e = exp(score(weights, list->values + i * width, width) - *top);
        add(expected, list->values + i * width, e, width);
        sum += e;
    }
    return sum;
}

/* Adds one list's gradient; returns its loss. */
static double descend_list(double *gradient, const double *weights, const tune_list *list, size_t width) {
    double expected[TUNE_WIDTH_MAX];
    double top = 0.0, loss = 0.0;
    size_t relevant = 0;
    for (size_t i = 0; i < list->count; i++) relevant += list->relevant[i];
    if (relevant == 0 || relevant == list->count) return 0.0;
    double rest = others(expected, &top, weights, list, width);
    for (size_t i = 0; i < list->count; i++) {
        if (!list->relevant[i]) continue;
        const double *values = list->values + i * width;
        double e = exp(score(weights, values, width) - top);
        double missed = rest / (e + rest);
        loss -= log(e / (e + rest) + TEMPER) / (double)relevant;
        add(gradient, values, -missed / (double)relevant, width);
        add(gradient, expected, 1.0 / (e + rest) / (double)relevant, width);
    }
    return loss;
}

double tune_rank(double *weights, const tune_list *lists, size_t list_count, size_t width) {
    double mean[TUNE_WIDTH_MAX] = {0}, square[TUNE_WIDTH_MAX] = {0};
    double loss = 0.0;
    memset(weights, 0, width * sizeof *weights);
    for (int round = 1; round <= ROUNDS; round++) {
        double gradient[TUNE_WIDTH_MAX] = {0};
        loss = 0.0;
        for (size_t i = 0; i < list_count; i++) loss += descend_list(gradient, weights, &lists[i], width);
        for (size_t i = 0; i < width; i++) {
            double g = gradient[i] / (double)list_count + 2.0 * CHARGE * weights[i];
            mean[i] = 0.9 * mean[i] + 0.1 * g;
            square[i] = 0.999 * square[i] + 0.001 * g * g;
            weights[i] -= RATE * (mean[i] / (1.0 - pow(0.9, round))) /
                          (sqrt(square[i] / (1.0 - pow(0.999, round))) + 1e-9);
        }
    }
    return loss / (double)list_count;
}
