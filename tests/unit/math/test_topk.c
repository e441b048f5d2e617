/* Tests of the k best of a stream, against sorting the whole stream. */
#include "math/math.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int by_rank(const void *left, const void *right) {
    const epi__best *a = left, *b = right;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

static void it_keeps_what_sorting_everything_puts_first(void **state) {
    (void)state;
    epi__random random = epi__random_seed(11);
    for (size_t round = 0; round < 300; round++) {
        epi__best stream[200];
        const size_t count = epi__random_below(&random, 200), k = 1 + epi__random_below(&random, 40);
        epi__topk topk;
        assert_true(epi__topk_init(&topk, k));
        for (size_t i = 0; i < count; i++) {
            stream[i] = (epi__best){epi__random_next(&random), (float)epi__random_below(&random, 12)}; /* many ties */
            epi__topk_push(&topk, stream[i].id, stream[i].score);
        }
        qsort(stream, count, sizeof *stream, by_rank);
        epi__topk_sort(&topk);
        assert_int_equal(topk.count, EPI__MIN(count, k));
        for (size_t i = 0; i < topk.count; i++) {
            assert_int_equal(topk.items[i].id, stream[i].id);
            assert_true(topk.items[i].score == stream[i].score);
        }
        epi__topk_dispose(&topk);
    }
}

static void k_of_zero_keeps_nothing(void **state) {
    (void)state;
    epi__topk topk;
    assert_true(epi__topk_init(&topk, 0));
    epi__topk_push(&topk, 1, 1.0f);
    epi__topk_sort(&topk);
    assert_int_equal(topk.count, 0);
    epi__topk_dispose(&topk);
}

static void a_k_no_memory_can_hold_is_refused(void **state) {
    (void)state;
    epi__topk topk;
    assert_false(epi__topk_init(&topk, SIZE_MAX / 2));
    epi__topk_push(&topk, 1, 1.0f);
    assert_int_equal(topk.count, 0);
    epi__topk_dispose(&topk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_keeps_what_sorting_everything_puts_first),
        cmocka_unit_test(k_of_zero_keeps_nothing),
        cmocka_unit_test(a_k_no_memory_can_hold_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
