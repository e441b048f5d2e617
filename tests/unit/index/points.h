/* points.h - clustered unit vectors for the tests of the index, and the answer by comparing all of them. */
#ifndef EPI_TEST_POINTS_H
#define EPI_TEST_POINTS_H

#include "index/index.h"

typedef struct points {
    float *values;
    size_t count;
    size_t dimension;
} points;

/* Points around `clusters` centres; the centres depend on the dimension and their number, the points on the seed. */
points points_new(size_t count, size_t dimension, size_t clusters, uint64_t seed);
void points_free(points *p);
const float *points_at(const points *p, size_t index);
/* Ids are spread and out of order, so that no test takes an id for an index. */
uint64_t points_id(size_t index);
size_t points_index(uint64_t id);
void points_nearest(epi__best *out, const points *p, const float *query, size_t k, epi__metric metric);

#endif
