/* likeness.c - see likeness.h. Pairs are looked at, not dimensions: with some hundred rows that is less work than
 * products of large vectors, and one loop serves all dimensions.
 *
 * Sources: Kriegeskorte, Mur and Bandettini 2008, "Representational similarity analysis"; Kornblith, Norouzi, Lee and
 * Hinton 2019, "Similarity of neural network representations revisited".
 */
#include "likeness.h"

#include <math.h>
#include <stdlib.h>

/* ---- ranks ------------------------------------------------------------------------------------------------------ */

struct place {
    float value;
    uint32_t index;
};

static int by_value(const void *x, const void *y) {
    const struct place *a = x, *b = y;
    return (a->value > b->value) - (a->value < b->value);
}

/* ranks[i] of the i-th value, from 0; those that are equal share their mean. */
static void rank_all(double *ranks, struct place *places, size_t count) {
    qsort(places, count, sizeof *places, by_value);
    for (size_t at = 0, end = 0; at < count; at = end) {
        for (end = at + 1; end < count && !(places[end].value > places[at].value);) end++;
        for (size_t i = at; i < end; i++) ranks[places[i].index] = (double)(at + end - 1) / 2.0;
    }
}

static void measure_pairs(struct place *places, const epi__cloud *cloud, size_t count, epi__metric metric) {
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++, at++) {
            const float *x = cloud->rows + i * cloud->dimension, *y = cloud->rows + j * cloud->dimension;
            bool far = metric == EPI__METRIC_L2;
            places[at].value = far ? epi__math_l2_squared(x, y, cloud->dimension)
                                   : 1.0f - epi__math_dot(x, y, cloud->dimension);
            places[at].index = (uint32_t)at;
        }
}

static double correlate(const double *x, const double *y, size_t count) {
    double mean = ((double)count - 1.0) / 2.0, xy = 0.0, xx = 0.0, yy = 0.0;
    for (size_t i = 0; i < count; i++) {
        xy += (x[i] - mean) * (y[i] - mean);
        xx += (x[i] - mean) * (x[i] - mean);
        yy += (y[i] - mean) * (y[i] - mean);
    }
    return xx > 0.0 && yy > 0.0 ? xy / sqrt(xx * yy) : 0.0;
}

bool epi__likeness_spearman(double *correlation, const epi__cloud *a, const epi__cloud *b, size_t count,
                            epi__metric metric) {
    size_t pairs = count > 1 ? count * (count - 1) / 2 : 0;
    struct place *places = epi__realloc(NULL, pairs + 1, sizeof *places);
    double *x = epi__realloc(NULL, pairs + 1, sizeof *x), *y = epi__realloc(NULL, pairs + 1, sizeof *y);
    bool made = places && x && y && pairs <= UINT32_MAX;
    if (made) {
        measure_pairs(places, a, count, metric);
        rank_all(x, places, pairs);
        measure_pairs(places, b, count, metric);
        rank_all(y, places, pairs);
        *correlation = correlate(x, y, pairs);
    }
    epi__free(y);
    epi__free(x);
    epi__free(places);
    return made;
}

/* ---- alignment -------------------------------------------------------------------------------------------------- */

/* The rows less their mean. */
static float *centre(const epi__cloud *cloud, size_t count) {
    float *rows = epi__realloc(NULL, count * cloud->dimension + 1, sizeof *rows);
    for (size_t j = 0; rows && j < cloud->dimension; j++) {
        double mean = 0.0;
        for (size_t i = 0; i < count; i++) mean += (double)cloud->rows[i * cloud->dimension + j] / (double)count;
        for (size_t i = 0; i < count; i++)
            rows[i * cloud->dimension + j] = (float)((double)cloud->rows[i * cloud->dimension + j] - mean);
    }
    return rows;
}

/* The squared norm of YX' is the sum of the products of both kernels' elements. */
bool epi__likeness_cka(double *alignment, const epi__cloud *a, const epi__cloud *b, size_t count,
                       const size_t *order) {
    float *x = centre(a, count), *y = centre(b, count);
    double xy = 0.0, xx = 0.0, yy = 0.0;
    for (size_t i = 0; x && y && i < count; i++)
        for (size_t j = 0; j <= i; j++) {
            size_t k = order ? order[i] : i, l = order ? order[j] : j;
            double twice = i == j ? 1.0 : 2.0;
            double p = (double)epi__math_dot(x + i * a->dimension, x + j * a->dimension, a->dimension);
            double q = (double)epi__math_dot(y + k * b->dimension, y + l * b->dimension, b->dimension);
            xy += twice * p * q;
            xx += twice * p * p;
            yy += twice * q * q;
        }
    *alignment = xx > 0.0 && yy > 0.0 ? xy / sqrt(xx * yy) : 0.0;
    bool made = x && y;
    epi__free(x);
    epi__free(y);
    return made;
}
