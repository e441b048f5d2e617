/* Arenas: alignment, zeroes, that nothing overlaps, and sizes that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

static bool all_bytes_are(const uint8_t *bytes, size_t size, uint8_t value) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value) return false;
    }
    return true;
}

static void allocations_are_zeroed_aligned_and_apart(void **state) {
    (void)state;
    enum { COUNT = 3000 };
    static uint8_t *blocks[COUNT];
    static size_t sizes[COUNT];
    epi__random random = epi__random_seed(11);
    epi__arena arena = {0};
    for (size_t i = 0; i < COUNT; i++) {
        sizes[i] = (size_t)epi__random_below(&random, i % 100 == 0 ? 100000 : 200);
        blocks[i] = epi__arena_alloc(&arena, sizes[i], 1);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        assert_true(all_bytes_are(blocks[i], sizes[i], 0));
        memset(blocks[i], (int)(i % 255) + 1, sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++) assert_true(all_bytes_are(blocks[i], sizes[i], (uint8_t)(i % 255 + 1)));
    epi__arena_dispose(&arena);
    assert_null(arena.blocks);
    assert_int_equal(arena.total, 0);
}

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    epi__arena arena = {0};
    assert_null(epi__arena_alloc(&arena, SIZE_MAX, 1));
    assert_null(epi__arena_alloc(&arena, (size_t)1 << 33, (size_t)1 << 33));
    assert_null(epi__arena_text(&arena, "x", SIZE_MAX));
    void *first = epi__arena_alloc(&arena, 1, 8);
    assert_non_null(first);
    assert_null(epi__arena_alloc(&arena, PTRDIFF_MAX, 1));
    assert_non_null(epi__arena_alloc(&arena, 0, 8)); /* still good */
    epi__arena_dispose(&arena);
}

static void a_large_allocation_leaves_the_block_being_filled_in_use(void **state) {
    (void)state;
    epi__arena arena = {0};
    uint8_t *before = epi__arena_alloc(&arena, 16, 1);
    assert_non_null(epi__arena_alloc(&arena, 1 << 20, 1));
    uint8_t *after = epi__arena_alloc(&arena, 16, 1);
    assert_ptr_equal(after, before + 16);
    epi__arena_dispose(&arena);
}

static void copies_are_copies_and_texts_end(void **state) {
    (void)state;
    epi__arena arena = {0};
    char source[] = "sixteen bytes ok";
    char *copy = epi__arena_copy(&arena, source, 16);
    char *text = epi__arena_text(&arena, source, 16);
    assert_non_null(epi__arena_copy(&arena, NULL, 0));
    memset(source, 'x', 16);
    assert_memory_equal(copy, "sixteen bytes ok", 16);
    assert_string_equal(text, "sixteen bytes ok");
    assert_string_equal(epi__arena_text(&arena, NULL, 0), "");
    epi__arena_dispose(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_zeroed_aligned_and_apart),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(a_large_allocation_leaves_the_block_being_filled_in_use),
        cmocka_unit_test(copies_are_copies_and_texts_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
