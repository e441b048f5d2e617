/* Tests of prefetching: the same batches in the same order, bounds, errors, shutting down while it waits. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"

#define ROWS 32u

static stage s;

static int setup(void **state) {
    (void)state;
    stage_make(&s);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    stage_remove(&s);
    return 0;
}

static epi_prefetch *open_prefetch(epi_replay *replay, size_t size, size_t depth) {
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, NULL), epi_column_f32(EPI_NEXT_OBSERVATION, NULL),
                                  epi_column_bool(EPI_MASK, NULL)};
    epi_prefetch *prefetch = NULL;
    epi_batch shape = epi_batch_default();
    shape.size = size;
    shape.columns = columns;
    shape.column_count = 3;
    EXPECT(EPI_OK, epi_prefetch_open(&prefetch, replay, &shape, 0.4, depth));
    return prefetch;
}

static epi_replay_stats stats_of(epi_replay *replay) {
    epi_replay_stats stats;
    EXPECT(EPI_OK, epi_replay_stats_read(&stats, replay));
    return stats;
}

static void check_same(const epi_batch *got, epi_replay *plain) {
    static float observation[ROWS], next[ROWS];
    static bool mask[ROWS * 3];
    uint64_t ids[ROWS];
    double weights[ROWS];
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, observation),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, next), epi_column_bool(EPI_MASK, mask)};
    epi_batch batch = epi_batch_default();
    batch.size = ROWS;
    batch.columns = columns;
    batch.column_count = 3;
    batch.ids = ids;
    batch.weights = weights;
    EXPECT(EPI_OK, epi_replay_sample(plain, &batch, 0.4));
    assert_int_equal(got->count, batch.count);
    assert_memory_equal(got->ids, ids, sizeof ids);
    assert_memory_equal(got->weights, weights, sizeof weights);
    assert_memory_equal(got->columns[0].data, observation, sizeof observation);
    assert_memory_equal(got->columns[1].data, next, sizeof next);
    assert_memory_equal(got->columns[2].data, mask, sizeof mask);
}

static void batches_are_the_same_as_without_it(void **state) {
    (void)state;
    double raw[500];
    epi_batch batch;
    epi_replay_options options = epi_replay_options_default();
    options.n_step = 3;
    options.seed = 9;
    for (size_t i = 0; i < 500; i++) raw[i] = (double)(i % 13) + 0.1;
    stage_append(&s, 500, NULL);
    for (size_t depth = 0; depth < 5; depth++) {
        epi_replay *replay = stage_replay(&s, &options), *plain = stage_replay(&s, &options);
        stage_set(&s, replay, raw);
        stage_set(&s, plain, raw);
        epi_prefetch *prefetch = open_prefetch(replay, ROWS, depth);
        for (size_t b = 0; b < 60; b++) {
            EXPECT(EPI_OK, epi_prefetch_next(&batch, prefetch));
            check_same(&batch, plain);
        }
        epi_prefetch_close(prefetch);
        epi_replay_close(replay);
        epi_replay_close(plain);
    }
}

static void draws_ahead_are_bounded_and_counted(void **state) {
    (void)state;
    enum { DEPTH = 3, SIZE = 10 };
    epi_batch batch;
    epi_replay_options options = epi_replay_options_default();
    size_t times[STAGE_STEPS_MAX] = {0};
    uint64_t seen = 0;
    options.max_times_sampled = 2;
    options.timeout_ms = 0;
    stage_append(&s, 200, NULL);
    epi_replay *replay = stage_replay(&s, &options);
    epi_prefetch *prefetch = open_prefetch(replay, SIZE, DEPTH);
    while (epi_prefetch_next(&batch, prefetch) == EPI_OK) {
        seen += batch.count;
        assert_true(stats_of(replay).sampled <= seen + (DEPTH + 1) * SIZE);
        for (size_t i = 0; i < batch.count; i++) assert_true(++times[stage_number(&s, batch.ids[i])] <= 2);
    }
    assert_int_equal(seen, 400);
    assert_int_equal(stats_of(replay).sampled, 400);
    assert_non_null(strstr(epi_error_last()->message, "none of 200 steps could be drawn"));
    epi_prefetch_close(prefetch);
    epi_replay_close(replay);
}

static void errors_come_in_their_place_and_pass(void **state) {
    (void)state;
    epi_batch batch;
    epi_replay_options options = epi_replay_options_default();
    options.samples_per_insert = 1;
    options.timeout_ms = 1;
    stage_append(&s, 21, NULL);
    epi_replay *replay = stage_replay(&s, &options);
    epi_prefetch *prefetch = open_prefetch(replay, 10, 4);
    EXPECT(EPI_OK, epi_prefetch_next(&batch, prefetch));
    EXPECT(EPI_OK, epi_prefetch_next(&batch, prefetch));
    EXPECT(EPI_ETIMEOUT, epi_prefetch_next(&batch, prefetch));
    assert_non_null(strstr(epi_error_last()->message, "21 inserted steps allowed 0 more samples, needed 10"));
    assert_int_equal(batch.count, 0);
    stage_append(&s, 10, NULL);
    epi_status status;
    while ((status = epi_prefetch_next(&batch, prefetch)) == EPI_ETIMEOUT) continue; /* one may still be on its way */
    assert_int_equal(status, EPI_OK);
    assert_int_equal(stats_of(replay).sampled, 30);
    epi_prefetch_close(prefetch);
    epi_replay_close(replay);
}

static void closing_ends_a_wait_for_steps(void **state) {
    (void)state;
    epi_replay_options options = epi_replay_options_default();
    options.min_steps = 10;
    options.timeout_ms = 3600000;
    epi_replay *replay = stage_replay(&s, &options);
    epi_prefetch *prefetch = open_prefetch(replay, 4, 1);
    assert_int_equal(stats_of(replay).steps, 0); /* goes in between */
    epi_prefetch_close(prefetch);
    prefetch = open_prefetch(replay, 4, 1);
    stage_append(&s, 10, NULL);
    epi_batch batch;
    EXPECT(EPI_OK, epi_prefetch_next(&batch, prefetch));
    assert_int_equal(batch.count, 4);
    epi_prefetch_close(prefetch);
    epi_replay_close(replay);
    epi_prefetch_close(NULL);
}

/* An actor that appends, two samplers with a prefetch each, updates by the trainer: every row is whole. */
static void *act(void *stop) {
    while (!atomic_load((atomic_bool *)stop) && s.count < 15000) stage_append(&s, 50, NULL);
    return NULL;
}

static void check_rows(const epi_batch *batch) {
    const float *observation = batch->columns[0].data, *next = batch->columns[1].data;
    for (size_t i = 0; i < batch->count; i++)
        assert_true(next[i] == 0 || next[i] == observation[i] + 1);
}

static void trainers_and_an_actor_work_side_by_side(void **state) {
    (void)state;
    pthread_t actor;
    atomic_bool stop = false;
    double raw[ROWS];
    epi_replay *replays[2];
    epi_prefetch *prefetches[2];
    epi_replay_options options = epi_replay_options_default();
    stage_append(&s, 100, NULL);
    for (size_t i = 0; i < 2; i++) {
        options.name = i ? "other" : "one";
        options.seed = i;
        replays[i] = stage_replay(&s, &options);
        prefetches[i] = open_prefetch(replays[i], ROWS, 2);
    }
    assert_int_equal(pthread_create(&actor, NULL, act, &stop), 0);
    for (size_t b = 0; b < 300; b++) {
        epi_batch batch;
        EXPECT(EPI_OK, epi_prefetch_next(&batch, prefetches[b % 2]));
        check_rows(&batch);
        for (size_t i = 0; i < batch.count; i++) raw[i] = (double)(batch.ids[i] % 7) + 0.5;
        EXPECT(EPI_OK, epi_replay_update(NULL, replays[b % 2], batch.ids, raw, batch.count));
        EXPECT(EPI_OK, epi_prefetch_beta(prefetches[b % 2], (double)b / 300));
        if (b % 100 == 50) EXPECT(EPI_OK, epi_replay_save(replays[b % 2]));
    }
    atomic_store(&stop, true);
    assert_int_equal(pthread_join(actor, NULL), 0);
    for (size_t i = 0; i < 2; i++) {
        epi_prefetch_close(prefetches[i]);
        epi_replay_close(replays[i]);
    }
}

static void bad_shapes_are_refused(void **state) {
    (void)state;
    epi_prefetch *prefetch = NULL;
    epi_column column = epi_column_f32("nothing", NULL);
    epi_batch shape = epi_batch_default(), batch;
    epi_replay *replay = stage_replay(&s, NULL);
    shape.size = 4;
    shape.columns = &column;
    shape.column_count = 1;
    EXPECT(EPI_EROLE, epi_prefetch_open(&prefetch, replay, &shape, 0, 1));
    column = epi_column_f64(EPI_OBSERVATION, NULL);
    EXPECT(EPI_ETYPE, epi_prefetch_open(&prefetch, replay, &shape, 0, 1));
    column = epi_column_f32(EPI_OBSERVATION, NULL);
    EXPECT(EPI_ENUMBER, epi_prefetch_open(&prefetch, replay, &shape, 2, 1));
    EXPECT(EPI_ELIMIT, epi_prefetch_open(&prefetch, replay, &shape, 0, EPI_PREFETCH_DEPTH_MAX + 1));
    shape.size = 0;
    EXPECT(EPI_EINVAL, epi_prefetch_open(&prefetch, replay, &shape, 0, 1));
    EXPECT(EPI_EINVAL, epi_prefetch_open(&prefetch, NULL, &shape, 0, 1));
    EXPECT(EPI_EINVAL, epi_prefetch_next(&batch, NULL));
    EXPECT(EPI_EINVAL, epi_prefetch_beta(NULL, 0));
    assert_null(prefetch);
    epi_replay_close(replay);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(batches_are_the_same_as_without_it, setup, teardown),
        cmocka_unit_test_setup_teardown(draws_ahead_are_bounded_and_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(errors_come_in_their_place_and_pass, setup, teardown),
        cmocka_unit_test_setup_teardown(closing_ends_a_wait_for_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(trainers_and_an_actor_work_side_by_side, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_shapes_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
