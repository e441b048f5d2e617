/* The cache of vectors: what was acknowledged is found by everybody, and no damage is ever taken for a vector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode/vector_cache.h"

#define DIMENSION 5u
#define RECORD (24u + DIMENSION * 4u)
#define HEADER 32u

static char base[] = "/tmp/epi-cache-XXXXXX", folder[64], file[128];

static int setup(void **state) {
    (void)state;
    (void)snprintf(base, sizeof base, "/tmp/epi-cache-XXXXXX");
    if (!mkdtemp(base)) return -1;
    (void)snprintf(folder, sizeof folder, "%s/cache", base);
    (void)snprintf(file, sizeof file, "%s/%016llx-%u.vectors", folder, (unsigned long long)epi__hash64("model", 5),
                   DIMENSION);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    (void)unlink(file);
    (void)rmdir(folder);
    return rmdir(base);
}

static epi__vector_cache *open_cache(void) {
    epi__vector_cache *cache = NULL;
    assert_int_equal(epi__vector_cache_open(&cache, folder, "model", DIMENSION), EPI_OK);
    return cache;
}

static epi__hash128 hash_of(int number) {
    return epi__hash128_of(&number, sizeof number);
}

static void vector_of(float vector[DIMENSION], int number) {
    for (unsigned i = 0; i < DIMENSION; i++) vector[i] = (float)number + (float)i / 8.0f;
}

static void put(epi__vector_cache *cache, int first, int count) {
    epi__hash128 hashes[64];
    float vectors[64 * DIMENSION];
    for (int i = 0; i < count; i++) {
        hashes[i] = hash_of(first + i);
        vector_of(vectors + i * (int)DIMENSION, first + i);
    }
    assert_int_equal(epi__vector_cache_put(cache, hashes, vectors, (size_t)count), EPI_OK);
}

/* How many of the first `count` it has; each that it has is right. */
static int count_of(epi__vector_cache *cache, int count) {
    int found = 0;
    float vector[DIMENSION], expected[DIMENSION];
    for (int i = 0; i < count; i++) {
        epi__hash128 hash = hash_of(i);
        if (!epi__vector_cache_get(vector, cache, &hash)) continue;
        vector_of(expected, i);
        assert_memory_equal(vector, expected, sizeof vector);
        found++;
    }
    return found;
}

static off_t size_of_file(void) {
    struct stat info;
    assert_int_equal(stat(file, &info), 0);
    return info.st_size;
}

static void what_was_put_is_there_for_all_who_look(void **state) {
    (void)state;
    epi__vector_cache *one = open_cache(), *two = open_cache();
    put(one, 0, 10);
    assert_int_equal(count_of(one, 40), 10);
    assert_int_equal(count_of(two, 40), 0); /* it has not looked */
    assert_int_equal(epi__vector_cache_refresh(two), EPI_OK);
    assert_int_equal(count_of(two, 40), 10);
    put(two, 10, 10); /* behind what the other wrote */
    put(one, 20, 10);
    epi__vector_cache_close(one);
    epi__vector_cache_close(two);
    one = open_cache();
    assert_int_equal(count_of(one, 40), 30);
    epi__vector_cache_close(one);
    assert_int_equal(size_of_file(), HEADER + 30 * RECORD);
}

static void a_record_that_was_cut_short_is_cut_off(void **state) {
    (void)state;
    for (off_t left = HEADER + 9 * RECORD; left < (off_t)(HEADER + 10 * RECORD); left += 7) {
        epi__vector_cache *cache = open_cache();
        put(cache, 0, 10);
        epi__vector_cache_close(cache);
        assert_int_equal(truncate(file, left), 0);
        cache = open_cache();
        assert_int_equal(count_of(cache, 20), 9);
        put(cache, 9, 3);
        assert_int_equal(count_of(cache, 20), 12);
        epi__vector_cache_close(cache);
        assert_int_equal(size_of_file(), HEADER + 12 * RECORD);
        assert_int_equal(unlink(file), 0);
    }
}

static void no_flipped_bit_makes_another_vector(void **state) {
    (void)state;
    epi__vector_cache *cache = open_cache();
    put(cache, 0, 4);
    epi__vector_cache_close(cache);
    int fd = open(file, O_RDWR);
    for (off_t at = 0; at < (off_t)(HEADER + 4 * RECORD); at++) {
        uint8_t byte = 0, whole[HEADER + 4 * RECORD];
        assert_int_equal(pread(fd, whole, sizeof whole, 0), sizeof whole);
        byte = whole[at] ^ (uint8_t)(1u << (at % 8));
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        cache = open_cache(); /* a damaged header begins the file anew */
        assert_int_equal(count_of(cache, 4), at < (off_t)HEADER ? 0 : 3);
        put(cache, 0, 4); /* and what is put again counts */
        assert_int_equal(count_of(cache, 4), 4);
        epi__vector_cache_close(cache);
        assert_int_equal(pwrite(fd, whole, sizeof whole, 0), sizeof whole);
        assert_int_equal(ftruncate(fd, sizeof whole), 0);
    }
    (void)close(fd);
}

static void a_file_that_was_removed_is_begun_again(void **state) {
    (void)state;
    epi__vector_cache *cache = open_cache();
    put(cache, 0, 4);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(epi__vector_cache_refresh(cache), EPI_OK);
    assert_int_equal(count_of(cache, 4), 0);
    assert_int_equal(unlink(file), 0);
    put(cache, 0, 2);
    epi__vector_cache_close(cache);
    cache = open_cache();
    assert_int_equal(count_of(cache, 4), 2);
    epi__vector_cache_close(cache);
}

static void a_link_is_not_followed(void **state) {
    (void)state;
    epi__vector_cache *cache = NULL;
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(symlink("/tmp/epi-elsewhere", file), 0);
    assert_int_not_equal(epi__vector_cache_open(&cache, folder, "model", DIMENSION), EPI_OK);
    assert_null(cache);
    assert_int_equal(epi__vector_cache_open(&cache, "/no/such/parent/cache", "model", DIMENSION), EPI_ENOTFOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_was_put_is_there_for_all_who_look),
        TEST(a_record_that_was_cut_short_is_cut_off),
        TEST(no_flipped_bit_makes_another_vector),
        TEST(a_file_that_was_removed_is_begun_again),
        TEST(a_link_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
