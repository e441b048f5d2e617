/* Projections of observations: orthonormal, reproducible, and exact where the observations leave room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include <episodic/projection.h>

#include "base/base.h"

#define SIZE 24u
#define HIDDEN 3u
#define ROWS 200u

static float rows[ROWS * SIZE];

/* Three hidden numbers, spread over 24 elements of very different units; the last never changes. */
static int setup(void **state) {
    (void)state;
    epi__random random = epi__random_seed(11);
    double map[HIDDEN][SIZE];
    for (size_t i = 0; i < HIDDEN * SIZE; i++) map[i / SIZE][i % SIZE] = epi__random_normal(&random);
    for (size_t i = 0; i < ROWS; i++) {
        double hidden[HIDDEN] = {epi__random_normal(&random), 5.0 * epi__random_normal(&random),
                                 epi__random_normal(&random)};
        for (size_t j = 0; j < SIZE; j++) {
            double sum = 100.0;
            for (size_t k = 0; k < HIDDEN; k++) sum += hidden[k] * map[k][j];
            rows[i * SIZE + j] = j + 1 == SIZE ? 7.0f : (float)sum;
        }
    }
    return 0;
}

static epi_projection *learn(epi_projection_kind kind, uint32_t dimension, bool scale) {
    epi_projection *p = NULL;
    epi_projection_options options = epi_projection_options_default();
    options.kind = kind;
    options.dimension = dimension;
    options.scale = scale;
    assert_int_equal(epi_projection_learn(&p, rows, ROWS, SIZE, &options), EPI_OK);
    return p;
}

static double distance(const float *a, const float *b, size_t size) {
    double sum = 0.0;
    for (size_t i = 0; i < size; i++) sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sqrt(sum);
}

static void what_has_three_dimensions_fits_into_three(void **state) {
    (void)state;
    float made[ROWS * HIDDEN];
    epi_projection *p = learn(EPI_PROJECTION_LEARNED, HIDDEN, false);
    assert_int_equal(epi_projection_dimension(p), HIDDEN);
    assert_int_equal(epi_projection_size(p), SIZE);
    assert_true(epi_projection_kept(p) > 0.99999);
    assert_int_equal(epi_projection_apply(made, p, rows, ROWS), EPI_OK);
    for (size_t i = 1; i < ROWS; i++) {
        double raw = distance(rows, rows + i * SIZE, SIZE), kept = distance(made, made + i * HIDDEN, HIDDEN);
        assert_true(fabs(raw - kept) < 1e-3 * raw);
    }
    epi_projection_free(p);
    p = learn(EPI_PROJECTION_LEARNED, 2, false);
    assert_true(epi_projection_kept(p) < 0.999); /* and not into two */
    epi_projection_free(p);
}

static void scaling_makes_all_elements_weigh_the_same(void **state) {
    (void)state;
    float made[ROWS * SIZE];
    epi_projection *p = learn(EPI_PROJECTION_IDENTITY, 0, true);
    assert_int_equal(epi_projection_dimension(p), SIZE);
    assert_int_equal(epi_projection_apply(made, p, rows, ROWS), EPI_OK);
    for (size_t j = 0; j < SIZE; j++) {
        double sum = 0.0, square = 0.0;
        for (size_t i = 0; i < ROWS; i++) {
            sum += (double)made[i * SIZE + j];
            square += (double)made[i * SIZE + j] * (double)made[i * SIZE + j];
        }
        assert_true(fabs(sum / ROWS) < 1e-4);
        assert_true(fabs(square / ROWS - (j + 1 == SIZE ? 0.0 : 1.0)) < 1e-3);
    }
    epi_projection_free(p);
}

/* To as many dimensions as there are, a random projection only turns. */
static void random_directions_are_orthonormal(void **state) {
    (void)state;
    float made[ROWS * SIZE];
    epi_projection *p = learn(EPI_PROJECTION_RANDOM, SIZE, false);
    assert_int_equal(epi_projection_apply(made, p, rows, ROWS), EPI_OK);
    for (size_t i = 1; i < ROWS; i++) {
        double raw = distance(rows, rows + i * SIZE, SIZE), kept = distance(made, made + i * SIZE, SIZE);
        assert_true(fabs(raw - kept) < 1e-3 * raw);
    }
    epi_projection_free(p);
}

/* More directions than the observations have are drawn at random, and harm nothing. */
static void too_many_directions_do_no_harm(void **state) {
    (void)state;
    float made[ROWS * SIZE];
    epi_projection *p = learn(EPI_PROJECTION_LEARNED, SIZE, false);
    assert_int_equal(epi_projection_apply(made, p, rows, ROWS), EPI_OK);
    for (size_t i = 1; i < ROWS; i++) {
        double raw = distance(rows, rows + i * SIZE, SIZE), kept = distance(made, made + i * SIZE, SIZE);
        assert_true(fabs(raw - kept) < 1e-3 * raw);
    }
    epi_projection_free(p);
}

static void bytes_open_to_the_same_projection(void **state) {
    (void)state;
    float first[ROWS * 6], second[ROWS * 6];
    size_t size = 0, again = 0;
    for (int kind = EPI_PROJECTION_LEARNED; kind <= EPI_PROJECTION_IDENTITY; kind++) {
        epi_projection *p = learn((epi_projection_kind)kind, 6, true), *q = learn((epi_projection_kind)kind, 6, true);
        const void *bytes = epi_projection_bytes(p, &size);
        assert_memory_equal(bytes, epi_projection_bytes(q, &again), size); /* the same seed, the same bytes */
        assert_int_equal(size, again);
        epi_projection_free(q);
        assert_int_equal(epi_projection_open(&q, bytes, size), EPI_OK);
        size_t dimension = epi_projection_dimension(p), some = kind == EPI_PROJECTION_IDENTITY ? ROWS / 4 : ROWS;
        assert_int_equal(epi_projection_apply(first, p, rows, some), EPI_OK);
        assert_int_equal(epi_projection_apply(second, q, rows, some), EPI_OK);
        assert_memory_equal(first, second, some * dimension * sizeof *first);
        epi_projection_free(q);
        epi_projection_free(p);
    }
}

static void damaged_bytes_are_refused(void **state) {
    (void)state;
    size_t size = 0;
    epi_projection *p = learn(EPI_PROJECTION_LEARNED, 2, true), *q = NULL;
    const void *bytes = epi_projection_bytes(p, &size);
    uint8_t *copy = malloc(size);
    for (size_t cut = 0; cut < size; cut++) assert_int_equal(epi_projection_open(&q, bytes, cut), EPI_EFORMAT);
    for (size_t at = 0; at < size; at++) {
        memcpy(copy, bytes, size);
        copy[at] ^= (uint8_t)(1u << (at % 8));
        assert_int_equal(epi_projection_open(&q, copy, size), EPI_EFORMAT);
        assert_null(q);
    }
    memcpy(copy, bytes, size); /* a checksum that fits sizes that do not */
    copy[8] = 200;
    epi__buffer sum = {.data = copy + size - 8, .capacity = 8};
    epi__buffer_append_u64(&sum, epi__hash64(copy, size - 8));
    assert_int_equal(epi_projection_open(&q, copy, size), EPI_EFORMAT);
    free(copy);
    epi_projection_free(p);
}

static void what_cannot_be_learned_from_is_refused(void **state) {
    (void)state;
    static float same[10 * SIZE];
    float out[4] = {1.0f, 1.0f, 1.0f, 1.0f};
    epi_projection *p = NULL;
    epi_projection_options options = epi_projection_options_default();
    assert_int_equal(epi_projection_learn(NULL, rows, ROWS, SIZE, NULL), EPI_EINVAL);
    assert_int_equal(epi_projection_learn(&p, NULL, ROWS, SIZE, NULL), EPI_EINVAL);
    assert_int_equal(epi_projection_learn(&p, rows, 1, SIZE, NULL), EPI_EINVAL);
    assert_int_equal(epi_projection_learn(&p, same, 10, SIZE, NULL), EPI_EINVAL); /* all equal */
    assert_int_equal(epi_projection_learn(&p, rows, ROWS, 0, NULL), EPI_ELIMIT);
    assert_int_equal(epi_projection_learn(&p, rows, 2, EPI_DIMENSION_MAX + 1, NULL), EPI_ELIMIT);
    options.dimension = SIZE + 1;
    assert_int_equal(epi_projection_learn(&p, rows, ROWS, SIZE, &options), EPI_ELIMIT);
    options.dimension = 0, options.version = 2;
    assert_int_equal(epi_projection_learn(&p, rows, ROWS, SIZE, &options), EPI_EINVAL);
    same[5] = NAN;
    assert_int_equal(epi_projection_learn(&p, same, 10, SIZE, NULL), EPI_ENUMBER);
    assert_null(p);
    p = learn(EPI_PROJECTION_LEARNED, 4, true);
    assert_int_equal(epi_projection_apply(out, p, same, 1), EPI_ENUMBER);
    assert_true(out[0] == 0.0f && out[3] == 0.0f);
    assert_int_equal(epi_projection_apply(NULL, p, same, 1), EPI_EINVAL);
    epi_projection_free(p);
    epi_projection_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_three_dimensions_fits_into_three),
        cmocka_unit_test(scaling_makes_all_elements_weigh_the_same),
        cmocka_unit_test(random_directions_are_orthonormal),
        cmocka_unit_test(too_many_directions_do_no_harm),
        cmocka_unit_test(bytes_open_to_the_same_projection),
        cmocka_unit_test(damaged_bytes_are_refused),
        cmocka_unit_test(what_cannot_be_learned_from_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
