/* Tests of the index's cache file: the same answers after loading, and every damage found before FAISS sees a byte. */
#include "index/index.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "points.h"

#define HEADER_SIZE 192u
#define DIMENSION 64u

typedef struct bench {
    char directory[64];
    char path[96];
    points p, queries;
    epi__index_options options;
} bench;

static const epi__index_stamp stamp = {.space = 3, .generation = 7, .sequence = 99};

static const float *vector_of_point(void *context, uint64_t id) {
    return points_at(context, points_index(id));
}

static int bench_setup(void **state) {
    bench *b = calloc(1, sizeof *b);
    snprintf(b->directory, sizeof b->directory, "/tmp/epi-index-XXXXXX");
    if (mkdtemp(b->directory) == NULL) return -1;
    snprintf(b->path, sizeof b->path, "%s/vectors", b->directory);
    b->p = points_new(1500, DIMENSION, 20, 1);
    b->queries = points_new(30, DIMENSION, 20, 2);
    b->options = (epi__index_options){.dimension = DIMENSION, .metric = EPI__METRIC_COSINE, .ef_construction = 60};
    *state = b;
    return 0;
}

static int bench_teardown(void **state) {
    bench *b = *state;
    char temporary[128];
    snprintf(temporary, sizeof temporary, "%s.tmp", b->path);
    (void)unlink(temporary);
    (void)unlink(b->path);
    (void)rmdir(b->directory);
    points_free(&b->p);
    points_free(&b->queries);
    free(b);
    return 0;
}

/* Nodes, tombstones and a tail with holes. */
static epi__index *filled_index(const bench *b, size_t count, size_t absorb) {
    epi__index *index = NULL;
    size_t absorbed;
    assert_int_equal(epi__index_new(&index, &b->options), EPI_OK);
    for (size_t i = 0; i < count; i++) {
        const uint64_t id = points_id(i);
        assert_int_equal(epi__index_add(index, &id, points_at(&b->p, i), 1), EPI_OK);
    }
    assert_int_equal(epi__index_absorb(&absorbed, index, absorb), EPI_OK);
    for (size_t i = 0; i < count; i += 9) assert_int_equal(epi__index_remove(index, points_id(i)), EPI_OK);
    return index;
}

static epi_status load(const bench *b, epi__index **index) {
    epi__index_stamp read;
    const epi_status status = epi__index_load(index, &read, b->path, &b->options, stamp.space, stamp.generation);
    if (status == EPI_OK) {
        assert_int_equal(read.sequence, stamp.sequence);
    } else {
        assert_null(*index);
        assert_int_equal(read.sequence, 0);
    }
    return status;
}

static void assert_same_answers(const bench *b, const epi__index *left, const epi__index *right) {
    assert_int_equal(epi__index_count(left), epi__index_count(right));
    assert_int_equal(epi__index_tail_count(left), epi__index_tail_count(right));
    for (size_t q = 0; q < b->queries.count; q++) {
        epi__best first[10], second[10];
        size_t first_count, second_count;
        const float *query = points_at(&b->queries, q);
        assert_int_equal(epi__index_search(&first_count, first, left, query, 10, 0, NULL, NULL), EPI_OK);
        assert_int_equal(epi__index_search(&second_count, second, right, query, 10, 0, NULL, NULL), EPI_OK);
        assert_int_equal(first_count, second_count);
        for (size_t i = 0; i < first_count; i++) {
            assert_int_equal(first[i].id, second[i].id);
            assert_true(first[i].score == second[i].score);
        }
    }
}

static uint8_t *slurp(const char *path, size_t *size) {
    struct stat status;
    const int file = open(path, O_RDONLY);
    assert_true(file >= 0);
    assert_int_equal(fstat(file, &status), 0);
    *size = (size_t)status.st_size;
    uint8_t *bytes = malloc(*size);
    assert_int_equal(read(file, bytes, *size), (ssize_t)*size);
    close(file);
    return bytes;
}

static void spill(const char *path, const uint8_t *bytes, size_t size) {
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), (ssize_t)size);
    close(file);
}

static void poke(const char *path, size_t at, uint8_t byte) {
    const int file = open(path, O_WRONLY);
    assert_true(file >= 0);
    assert_int_equal(pwrite(file, &byte, 1, (off_t)at), 1);
    close(file);
}

static void a_loaded_index_answers_as_the_saved_one(void **state) {
    bench *b = *state;
    for (int halves = 0; halves < 2; halves++) {
        b->options.vector_of = halves ? vector_of_point : NULL;
        b->options.vector_context = &b->p;
        epi__index *saved = filled_index(b, 1500, 1200), *loaded = NULL;
        assert_int_equal(epi__index_save(saved, b->path, &stamp), EPI_OK);
        assert_int_equal(load(b, &loaded), EPI_OK);
        assert_same_answers(b, saved, loaded);
        epi__index_free(saved);
        epi__index_free(loaded);
    }
}

static void a_loaded_index_goes_on_growing_as_the_saved_one(void **state) {
    const bench *b = *state;
    epi__index *saved = filled_index(b, 1300, 700), *loaded = NULL;
    size_t absorbed;
    assert_int_equal(epi__index_save(saved, b->path, &stamp), EPI_OK);
    assert_int_equal(load(b, &loaded), EPI_OK);
    epi__index *both[] = {saved, loaded};
    for (size_t i = 0; i < 2; i++) {
        for (size_t point = 1300; point < 1500; point++) {
            const uint64_t id = points_id(point);
            assert_int_equal(epi__index_add(both[i], &id, points_at(&b->p, point), 1), EPI_OK);
        }
        assert_int_equal(epi__index_absorb(&absorbed, both[i], SIZE_MAX), EPI_OK);
    }
    assert_same_answers(b, saved, loaded);
    epi__index_free(saved);
    epi__index_free(loaded);
}

static void an_empty_index_can_be_saved(void **state) {
    const bench *b = *state;
    epi__index *saved = filled_index(b, 0, 0), *loaded = NULL;
    assert_int_equal(epi__index_save(saved, b->path, &stamp), EPI_OK);
    assert_int_equal(load(b, &loaded), EPI_OK);
    assert_int_equal(epi__index_count(loaded), 0);
    epi__index_free(saved);
    epi__index_free(loaded);
}

static void saving_the_same_index_twice_gives_the_same_bytes(void **state) {
    const bench *b = *state;
    size_t sizes[2];
    uint8_t *bytes[2];
    for (size_t i = 0; i < 2; i++) {
        epi__index *index = filled_index(b, 900, 800);
        assert_int_equal(epi__index_save(index, b->path, &stamp), EPI_OK);
        bytes[i] = slurp(b->path, &sizes[i]);
        epi__index_free(index);
    }
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static void no_file_is_not_found(void **state) {
    const bench *b = *state;
    epi__index *index = NULL;
    assert_int_equal(load(b, &index), EPI_ENOTFOUND);
}

static void every_flipped_bit_of_the_header_is_found(void **state) {
    const bench *b = *state;
    epi__index *index = filled_index(b, 300, 250);
    size_t size;
    assert_int_equal(epi__index_save(index, b->path, &stamp), EPI_OK);
    epi__index_free(index);
    uint8_t *bytes = slurp(b->path, &size);
    for (size_t bit = 0; bit < HEADER_SIZE * 8; bit++) {
        poke(b->path, bit / 8, (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8));
        assert_int_equal(load(b, &index), EPI_EDAMAGED);
        poke(b->path, bit / 8, bytes[bit / 8]);
    }
    free(bytes);
}

static void every_damaged_byte_of_the_body_is_found(void **state) {
    const bench *b = *state;
    epi__index *index = filled_index(b, 120, 100);
    epi__random random = epi__random_seed(21);
    size_t size;
    assert_int_equal(epi__index_save(index, b->path, &stamp), EPI_OK);
    epi__index_free(index);
    uint8_t *bytes = slurp(b->path, &size);
    for (size_t round = 0; round < 2000; round++) {
        const size_t at = HEADER_SIZE + epi__random_below(&random, size - HEADER_SIZE);
        poke(b->path, at, (uint8_t)(bytes[at] ^ (1 + epi__random_below(&random, 255))));
        assert_int_equal(load(b, &index), EPI_EDAMAGED);
        poke(b->path, at, bytes[at]);
    }
    free(bytes);
}

static void every_cut_and_every_surplus_is_found(void **state) {
    const bench *b = *state;
    epi__index *index = filled_index(b, 60, 50);
    size_t size;
    assert_int_equal(epi__index_save(index, b->path, &stamp), EPI_OK);
    epi__index_free(index);
    uint8_t *bytes = slurp(b->path, &size);
    for (size_t length = 0; length < size; length += length < 2 * HEADER_SIZE ? 1 : 37) {
        spill(b->path, bytes, length);
        assert_int_equal(load(b, &index), EPI_EDAMAGED);
    }
    bytes = realloc(bytes, size + 1);
    bytes[size] = 0;
    spill(b->path, bytes, size + 1);
    assert_int_equal(load(b, &index), EPI_EDAMAGED);
    free(bytes);
}

static void a_zeroed_page_is_found(void **state) {
    const bench *b = *state;
    epi__index *index = filled_index(b, 300, 250);
    size_t size;
    assert_int_equal(epi__index_save(index, b->path, &stamp), EPI_OK);
    epi__index_free(index);
    uint8_t *bytes = slurp(b->path, &size), *damaged = malloc(size);
    for (size_t page = 0; page < size; page += 4096) {
        memcpy(damaged, bytes, size);
        memset(damaged + page, 0, EPI__MIN((size_t)4096, size - page));
        spill(b->path, damaged, size);
        assert_int_equal(load(b, &index), EPI_EDAMAGED);
    }
    free(bytes);
    free(damaged);
}

static void a_foreign_file_or_directory_is_no_index(void **state) {
    const bench *b = *state;
    epi__index *index = NULL;
    uint8_t noise[1000];
    epi__random random = epi__random_seed(5);
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)epi__random_next(&random);
    spill(b->path, noise, sizeof noise);
    assert_int_equal(load(b, &index), EPI_EDAMAGED);
    assert_int_equal(unlink(b->path), 0);
    assert_int_equal(mkdir(b->path, 0700), 0);
    assert_int_equal(load(b, &index), EPI_EDAMAGED);
    assert_int_equal(rmdir(b->path), 0);
    assert_int_equal(mkfifo(b->path, 0600), 0);
    assert_int_equal(load(b, &index), EPI_EDAMAGED); /* and does not wait for a writer */
}

static void other_options_space_or_generation_are_a_mismatch(void **state) {
    const bench *b = *state;
    epi__index *index = filled_index(b, 300, 250);
    epi__index_stamp read;
    assert_int_equal(epi__index_save(index, b->path, &stamp), EPI_OK);
    epi__index_free(index);
    epi__index_options others[5];
    for (size_t i = 0; i < 5; i++) others[i] = b->options;
    others[0].dimension = DIMENSION + 1;
    others[1].metric = EPI__METRIC_L2;
    others[2].m = 8;
    others[3].ef_construction = 61;
    others[4].vector_of = vector_of_point;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(epi__index_load(&index, &read, b->path, &others[i], 3, 7), EPI_EMISMATCH);
        assert_null(index);
    }
    assert_int_equal(epi__index_load(&index, &read, b->path, &b->options, 4, 7), EPI_EMISMATCH);
    assert_int_equal(epi__index_load(&index, &read, b->path, &b->options, 3, 8), EPI_EMISMATCH);
    assert_int_equal(epi__index_load(&index, &read, b->path, &b->options, 3, 7), EPI_OK);
    epi__index_free(index);
}

static void a_second_writer_is_told_to_wait_and_the_file_stays(void **state) {
    const bench *b = *state;
    char temporary[128];
    epi__index *index = filled_index(b, 100, 100), *loaded = NULL;
    assert_int_equal(epi__index_save(index, b->path, &stamp), EPI_OK);
    snprintf(temporary, sizeof temporary, "%s.tmp", b->path);
    const int other = open(temporary, O_RDWR | O_CREAT, 0600);
    assert_true(other >= 0);
    assert_int_equal(flock(other, LOCK_EX), 0);
    assert_int_equal(epi__index_save(index, b->path, &stamp), EPI_EBUSY);
    assert_int_equal(access(temporary, F_OK), 0); /* the other one's */
    close(other);
    assert_int_equal(load(b, &loaded), EPI_OK);
    assert_int_equal(epi__index_save(index, b->path, &stamp), EPI_OK);
    assert_int_equal(access(temporary, F_OK), -1);
    epi__index_free(index);
    epi__index_free(loaded);
}

static void a_directory_that_is_missing_is_said(void **state) {
    const bench *b = *state;
    epi__index *index = filled_index(b, 10, 10);
    assert_int_equal(epi__index_save(index, "/tmp/epi-no-such-directory/vectors", &stamp), EPI_ENOTFOUND);
    epi__index_free(index);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_loaded_index_answers_as_the_saved_one),
        TEST(a_loaded_index_goes_on_growing_as_the_saved_one),
        TEST(an_empty_index_can_be_saved),
        TEST(saving_the_same_index_twice_gives_the_same_bytes),
        TEST(no_file_is_not_found),
        TEST(every_flipped_bit_of_the_header_is_found),
        TEST(every_damaged_byte_of_the_body_is_found),
        TEST(every_cut_and_every_surplus_is_found),
        TEST(a_zeroed_page_is_found),
        TEST(a_foreign_file_or_directory_is_no_index),
        TEST(other_options_space_or_generation_are_a_mismatch),
        TEST(a_second_writer_is_told_to_wait_and_the_file_stays),
        TEST(a_directory_that_is_missing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
