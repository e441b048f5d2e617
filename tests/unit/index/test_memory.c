/* Tests of the vector index when memory runs out: every allocation fails once, and the index is as it was. */
#include "index/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "points.h"

#define COUNT 90u
#define DIMENSION 64u

static size_t allocations_left = SIZE_MAX; /* the one after so many fails */

static bool must_fail(void) {
    if (allocations_left == SIZE_MAX) return false;
    return allocations_left-- == 0; /* then SIZE_MAX: only one fails */
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);

void *__wrap_malloc(size_t size) {
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size) {
    return must_fail() ? NULL : __real_realloc(memory, size);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size) {
    return must_fail() ? 12 : __real_posix_memalign(memory, alignment, size);
}

static const float *vector_of_point(void *context, uint64_t id) {
    return points_at(context, points_index(id));
}

static void add_what_is_missing(epi__index *index, const points *p, bool *failed) {
    for (size_t i = 0; i < p->count; i++) {
        const uint64_t id = points_id(i);
        if (epi__index_contains(index, id)) continue;
        const size_t before = epi__index_count(index);
        const epi_status status = epi__index_add(index, &id, points_at(p, i), 1);
        *failed = *failed || status != EPI_OK;
        if (status != EPI_OK) assert_int_equal(status, EPI_ENOMEM);
        assert_int_equal(epi__index_count(index), before + (status == EPI_OK));
    }
}

static void absorb_half(epi__index *index, bool *failed) {
    size_t absorbed;
    const size_t before = epi__index_tail_count(index);
    const epi_status status = epi__index_absorb(&absorbed, index, COUNT / 2);
    *failed = *failed || status != EPI_OK;
    if (status != EPI_OK) assert_int_equal(status, EPI_ENOMEM);
    assert_int_equal(epi__index_tail_count(index), before - absorbed);
}

static void assert_finds_every_point(const epi__index *index, const points *p) {
    for (size_t i = 0; i < p->count; i++) {
        epi__best found[1];
        size_t count;
        assert_int_equal(epi__index_search(&count, found, index, points_at(p, i), 1, 0, NULL, NULL), EPI_OK);
        assert_int_equal(count, 1);
        assert_int_equal(found[0].id, points_id(i));
    }
}

/* Returns whether the n-th allocation of all this was reached, and so failed. */
static bool live_through_failure(size_t n, const points *p, const epi__index_options *options, const char *path) {
    const epi__index_stamp stamp = {1, 2, 3};
    epi__index_stamp read;
    epi__index *index = NULL, *loaded = NULL;
    bool failed = false;
    epi__best found[5];
    size_t count;
    allocations_left = n;
    epi_status status = epi__index_new(&index, options);
    if (status != EPI_OK) {
        assert_int_equal(status, EPI_ENOMEM);
        assert_null(index);
        assert_int_equal(epi__index_new(&index, options), EPI_OK);
        failed = true;
    }
    add_what_is_missing(index, p, &failed);
    absorb_half(index, &failed);
    status = epi__index_search(&count, found, index, p->values, 5, 0, NULL, NULL);
    if (status == EPI_OK) status = epi__index_save(index, path, &stamp);
    if (status == EPI_OK) status = epi__index_load(&loaded, &read, path, options, 1, 2);
    if (status != EPI_OK) assert_int_equal(status, EPI_ENOMEM);
    allocations_left = SIZE_MAX;
    add_what_is_missing(index, p, &failed);
    assert_int_equal(epi__index_count(index), COUNT);
    assert_finds_every_point(index, p);
    epi__index_free(index);
    epi__index_free(loaded);
    return failed || status != EPI_OK;
}

static void every_allocation_may_fail_and_nothing_is_lost(void **state) {
    (void)state;
    points p = points_new(COUNT, DIMENSION, 5, 31);
    char path[] = "/tmp/epi-memory-XXXXXX";
    close(mkstemp(path));
    for (int halves = 0; halves < 2; halves++) {
        const epi__index_options options = {.dimension = DIMENSION,
                                            .metric = EPI__METRIC_COSINE,
                                            .ef_search = 8,
                                            .vector_of = halves ? vector_of_point : NULL,
                                            .vector_context = &p};
        size_t n = 0;
        while (live_through_failure(n, &p, &options, path)) n++;
        assert_true(n > 20); /* so many allocations there are, and each failed once */
    }
    unlink(path);
    points_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail_and_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
