/* Tests of a priority block as such: the heap against sorting, growing, and what a process leaves that died with the
 * mutex.
 */
#include "replay/priority.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "quick.h"

static epi__priority_kind kind_of(epi_sampler sampler) {
    return (epi__priority_kind){.space = 1, .sampler = (uint32_t)sampler, .shift = 4, .alpha = 0.5, .nonce = 7};
}

static void open_private(epi__priorities *in, epi_sampler sampler, size_t room) {
    const epi__priority_kind kind = kind_of(sampler);
    assert_int_equal(epi__priorities_open(in, NULL, &kind, room), EPI_OK);
    epi__priorities_opened(in);
}

static void set_one(epi__priorities *in, uint32_t leaf, double raw) {
    epi__priorities_set(in, &leaf, &raw, 1);
}

static void the_heap_gives_what_sorting_gives(void **state) {
    (void)state;
    enum { COUNT = 500 };
    epi__priorities in;
    epi__random random = epi__random_seed(1);
    open_private(&in, EPI_SAMPLER_MAX_HEAP, COUNT);
    for (size_t round = 0; round < 20000; round++)
        set_one(&in, (uint32_t)epi__random_below(&random, COUNT), (double)epi__random_below(&random, 50));
    for (double before = 1e9; in.head->ordered > 0;) {
        double greatest = 0;
        for (size_t leaf = 0; leaf < COUNT; leaf++)
            if (in.places[leaf]) greatest = fmax(greatest, in.raw[leaf]);
        const uint32_t top = in.heap[0];
        assert_true(in.raw[top] == greatest && greatest <= before);
        before = greatest;
        epi__heap_remove(&in, top);
    }
    for (size_t leaf = 0; leaf < COUNT; leaf++) assert_int_equal(in.places[leaf], 0);
    epi__priorities_close(&in);
}

static void growing_keeps_everything(void **state) {
    (void)state;
    epi__priorities in;
    open_private(&in, EPI_SAMPLER_PROPORTIONAL, 16);
    double sum = 0;
    for (uint32_t leaf = 0; leaf < 30000; leaf += 3) {
        assert_int_equal(epi__priorities_lock(&in), EPI_OK);
        assert_int_equal(epi__priorities_reserve(&in, (size_t)leaf + 1), EPI_OK);
        set_one(&in, leaf, (double)leaf + 1);
        epi__priorities_unlock(&in);
        sum += sqrt((double)leaf + 1);
    }
    assert_true(fabs(epi__sumtree_total(&in.tree) / sum - 1) < 1e-12);
    assert_int_equal(in.head->live, 10000);
    assert_true(in.raw[2997] == 2998);
    epi__priorities_close(&in);
}

static void out_and_back_in_leaves_every_bit_as_it_was(void **state) {
    (void)state;
    epi__priorities in;
    epi__random random = epi__random_seed(2);
    open_private(&in, EPI_SAMPLER_PROPORTIONAL, 4096);
    for (uint32_t leaf = 0; leaf < 4096; leaf++) set_one(&in, leaf, epi__random_unit(&random));
    const size_t size = epi__sumtree_size(4096);
    double *before = malloc(size);
    assert_non_null(before);
    memcpy(before, in.tree.sums[0], size);
    uint32_t out[300];
    for (size_t i = 0; i < 300; i++) out[i] = (uint32_t)epi__random_below(&random, 4096);
    epi__priorities_exclude(&in, out, 300);
    for (size_t i = 0; i < 300; i++) assert_true(in.tree.sums[0][out[i]] == 0);
    epi__priorities_include(&in, out, 300);
    assert_memory_equal(before, in.tree.sums[0], size);
    free(before);
    epi__priorities_close(&in);
}

/* A child takes the mutex, changes raw values and spoils what is derived, and is gone. */
static void what_a_dead_process_left_is_computed_anew(void **state) {
    (void)state;
    const epi_sampler samplers[] = {EPI_SAMPLER_PROPORTIONAL, EPI_SAMPLER_RANK};
    for (size_t k = 0; k < 2; k++) {
        char path[128];
        const char *base = getenv("TMPDIR");
        const epi__priority_kind kind = kind_of(samplers[k]);
        epi__priorities in;
        (void)snprintf(path, sizeof path, "%.60s/priority-%d", base ? base : "/tmp", (int)getpid());
        assert_int_equal(epi__priorities_open(&in, path, &kind, 4096), EPI_OK);
        assert_true(in.first && !in.filled);
        for (uint32_t leaf = 0; leaf < 100; leaf++) set_one(&in, leaf, 1);
        epi__priorities_opened(&in);
        const pid_t child = fork();
        if (child == 0) {
            epi__priorities other;
            if (epi__priorities_open(&other, path, &kind, 4096) != EPI_OK || other.first) _exit(1);
            epi__priorities_opened(&other);
            if (epi__priorities_lock(&other) != EPI_OK) _exit(2);
            other.raw[5] = 49;
            other.head->live = 77;
            if (other.keys) memset(other.places, 0, 100 * sizeof *other.places);
            else other.tree.sums[0][6] = 1e9;
            _exit(0);
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(epi__priorities_lock(&in), EPI_OK);
        assert_int_equal(in.head->live, 100);
        if (in.keys) assert_int_equal(in.heap[0], 5);
        else assert_true(epi__sumtree_total(&in.tree) == 99 + 7);
        epi__priorities_unlock(&in);
        epi__priorities_close(&in);
        /* The file is believed by the next, but not when it is of another store. */
        assert_int_equal(epi__priorities_open(&in, path, &kind, 4096), EPI_OK);
        assert_true(in.first && in.filled && in.raw[5] == 49);
        epi__priorities_close(&in);
        epi__priority_kind other = kind;
        other.nonce = 8;
        assert_int_equal(epi__priorities_open(&in, path, &other, 4096), EPI_OK);
        assert_true(!in.filled && in.raw[5] == EPI__RAW_NONE);
        epi__priorities_close(&in);
        (void)unlink(path);
        (void)strcat(path, ".lock");
        (void)unlink(path);
    }
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_heap_gives_what_sorting_gives),
        cmocka_unit_test(growing_keeps_everything),
        cmocka_unit_test(out_and_back_in_leaves_every_bit_as_it_was),
        cmocka_unit_test(what_a_dead_process_left_is_computed_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
