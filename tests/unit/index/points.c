/* points.c - made-up vectors for the tests of the index; see points.h. */
#include "points.h"

#include <stdlib.h>

#define ID_STEP UINT64_C(0x9e3779b97f4a7c15) /* odd, so multiplying by it can be undone */
#define ID_STEP_INVERSE UINT64_C(0xf1de83e19937733d)

static void draw(float *out, const float *centre, size_t dimension, epi__random *random) {
    for (size_t i = 0; i < dimension; i++) {
        const double from = centre != NULL ? (double)centre[i] : 0.0, spread = centre != NULL ? 0.06 : 1.0;
        out[i] = (float)(from + spread * epi__random_normal(random));
    }
    (void)epi__math_normalise(out, dimension);
}

points points_new(size_t count, size_t dimension, size_t clusters, uint64_t seed) {
    points p = {calloc(count * dimension, sizeof(float)), count, dimension};
    float *centres = calloc(clusters * dimension, sizeof(float));
    if (p.values == NULL || centres == NULL) abort();
    epi__random of_centres = epi__random_seed(1000 + clusters), of_points = epi__random_seed(seed);
    for (size_t i = 0; i < clusters; i++) draw(centres + i * dimension, NULL, dimension, &of_centres);
    for (size_t i = 0; i < count; i++) {
        const float *centre = centres + epi__random_below(&of_points, clusters) * dimension;
        draw(p.values + i * dimension, centre, dimension, &of_points);
    }
    free(centres);
    return p;
}

void points_free(points *p) {
    free(p->values);
    *p = (points){0};
}

const float *points_at(const points *p, size_t index) {
    return p->values + index * p->dimension;
}

uint64_t points_id(size_t index) {
    return (uint64_t)index * ID_STEP;
}

size_t points_index(uint64_t id) {
    return (size_t)(id * ID_STEP_INVERSE);
}

void points_nearest(epi__best *out, const points *p, const float *query, size_t k, epi__metric metric) {
    epi__topk best = {.items = out, .capacity = k};
    for (size_t i = 0; i < p->count; i++) {
        const float *point = points_at(p, i);
        const float score = metric == EPI__METRIC_COSINE ? epi__math_dot(query, point, p->dimension)
                                                         : -epi__math_l2_squared(query, point, p->dimension);
        epi__topk_push(&best, points_id(i), score);
    }
    epi__topk_sort(&best);
}
