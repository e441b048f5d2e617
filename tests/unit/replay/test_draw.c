/* Tests of what samplers draw: distributions, weights, orders, and what they leave out.
 *
 *   EPISODIC_TEST_BATCHES   stratified batches whose means are compared (20000)
 *   EPISODIC_TEST_DRAWS     draws of which none may be of priority 0 (81920)
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quick.h"
#include "stage.h"

#define KINDS 100u
#define DRAWS 50000u
#define BATCH 250u

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

/* Raw priorities from .01 to 1, some of them 0. */
static void spread(double *raw, size_t count) {
    for (size_t i = 0; i < count; i++)
        raw[i] = i % 10 == 3 ? 0 : pow(10, -2 * (double)(i * 37 % count) / (double)count);
}

static void chances_of(double *chances, const double *raw, size_t count, double alpha) {
    double total = 0;
    for (size_t i = 0; i < count; i++) total += chances[i] = raw[i] > 0 ? pow(raw[i], alpha) : 0;
    for (size_t i = 0; i < count; i++) chances[i] /= total;
}

static void count_draws(size_t *counts, epi_replay *replay, size_t draws) {
    size_t numbers[BATCH];
    memset(counts, 0, KINDS * sizeof *counts);
    for (size_t done = 0; done < draws; done += BATCH) {
        assert_int_equal(stage_draw(numbers, NULL, &s, replay, BATCH, 0.4), BATCH);
        for (size_t i = 0; i < BATCH; i++) counts[numbers[i]]++;
    }
}

static void check_distribution(epi_replay_options options, const double *raw, const double *chances) {
    for (options.seed = 0; options.seed < 20; options.seed++) {
        size_t counts[KINDS];
        epi_replay *replay = stage_replay(&s, &options);
        stage_set(&s, replay, raw);
        if (options.name) EXPECT(EPI_OK, epi_replay_save(replay));
        count_draws(counts, replay, DRAWS);
        const double chance = stage_chance(chances, counts, KINDS, DRAWS);
        if (!(chance > 0.001)) fail_msg("seed %llu: chance %g", (unsigned long long)options.seed, chance);
        epi_replay_close(replay);
    }
}

static void proportional_draws_follow_the_transformed_priorities(void **state) {
    (void)state;
    double raw[KINDS], chances[KINDS];
    epi_replay_options options = epi_replay_options_default();
    stage_append(&s, KINDS, NULL);
    spread(raw, KINDS);
    chances_of(chances, raw, KINDS, options.alpha);
    check_distribution(options, raw, chances);
}

static void uniform_draws_do_not_look_at_priorities_but_zero(void **state) {
    (void)state;
    double raw[KINDS], chances[KINDS];
    epi_replay_options options = epi_replay_options_default();
    options.sampler = EPI_SAMPLER_UNIFORM;
    stage_append(&s, KINDS, NULL);
    spread(raw, KINDS);
    chances_of(chances, raw, KINDS, 0);
    check_distribution(options, raw, chances);
}

/* Saving sorts the heap: then place and rank are the same. */
static void rank_based_draws_follow_the_ranks(void **state) {
    (void)state;
    double raw[KINDS], chances[KINDS];
    epi_replay_options options = epi_replay_options_default();
    options.sampler = EPI_SAMPLER_RANK;
    options.alpha = 0.7;
    options.name = "rank";
    stage_append(&s, KINDS, NULL);
    for (size_t i = 0; i < KINDS; i++) {
        const size_t rank = i * 37 % KINDS + 1;
        raw[i] = 1 / (double)rank;
        chances[i] = (double)rank;
    }
    chances_of(chances, chances, KINDS, -options.alpha);
    check_distribution(options, raw, chances);
}

static void stratified_batches_take_from_every_part(void **state) {
    (void)state;
    enum { SIZE = 50 };
    const uint64_t batches = place_seconds("EPISODIC_TEST_BATCHES", 20000);
    double raw[KINDS], chances[KINDS], sum[KINDS] = {0}, squares[KINDS] = {0};
    size_t numbers[SIZE];
    epi_replay_options options = epi_replay_options_default();
    options.stratified = true;
    stage_append(&s, KINDS, NULL);
    spread(raw, KINDS);
    chances_of(chances, raw, KINDS, options.alpha);
    epi_replay *replay = stage_replay(&s, &options);
    stage_set(&s, replay, raw);
    for (size_t b = 0; b < batches; b++) {
        size_t counts[KINDS] = {0};
        assert_int_equal(stage_draw(numbers, NULL, &s, replay, SIZE, 0.4), SIZE);
        for (size_t i = 0; i < SIZE; i++) counts[numbers[i]]++;
        for (size_t i = 0; i < KINDS; i++) {
            sum[i] += (double)counts[i];
            squares[i] += (double)(counts[i] * counts[i]);
            assert_true(fabs((double)counts[i] - chances[i] * SIZE) < 2); /* what strata promise */
        }
    }
    for (size_t i = 0; i < KINDS; i++) {
        const double n = (double)batches, mean = sum[i] / n;
        const double error = sqrt((squares[i] / n - mean * mean) / n);
        assert_true(fabs(mean - chances[i] * SIZE) <= 5 * error + 1e-12);
    }
    epi_replay_close(replay);
}

static void check_weights(const double *chances, const size_t *numbers, const double *weights, size_t count,
                          double beta, bool by_batch) {
    double least = 1;
    for (size_t i = 0; !by_batch && i < KINDS; i++)
        if (chances[i] > 0 && chances[i] < least) least = chances[i];
    for (size_t i = 0; by_batch && i < count; i++) least = fmin(least, chances[numbers[i]]);
    for (size_t i = 0; i < count; i++) {
        const double greatest = pow(KINDS * least, -beta);
        const double expected = pow(KINDS * chances[numbers[i]], -beta) / greatest;
        if (fabs(weights[i] / expected - 1) > 1e-12) fail_msg("weight %.17g, expected %.17g", weights[i], expected);
    }
}

static void weights_are_exact_by_buffer_and_by_batch(void **state) {
    (void)state;
    double raw[KINDS], chances[KINDS], weights[64];
    size_t numbers[64];
    stage_append(&s, KINDS, NULL);
    spread(raw, KINDS);
    chances_of(chances, raw, KINDS, 0.6);
    for (int norm = EPI_WEIGHTS_BY_BUFFER; norm <= EPI_WEIGHTS_BY_BATCH; norm++) {
        epi_replay_options options = epi_replay_options_default();
        options.weight_norm = (epi_weight_norm)norm;
        epi_replay *replay = stage_replay(&s, &options);
        stage_set(&s, replay, raw);
        for (double beta = 0; beta <= 1; beta += 0.25) {
            const size_t count = stage_draw(numbers, weights, &s, replay, 64, beta);
            check_weights(chances, numbers, weights, count, beta, norm == EPI_WEIGHTS_BY_BATCH);
        }
        epi_replay_close(replay);
    }
}

static void every_step_is_reached_and_none_of_priority_zero(void **state) {
    (void)state;
    enum { COUNT = 64, DRAWN = 4096 };
    const uint64_t draws = place_seconds("EPISODIC_TEST_DRAWS", 81920);
    static size_t numbers[DRAWN];
    double raw[COUNT];
    bool seen[COUNT] = {false};
    epi_replay_options options = epi_replay_options_default();
    options.alpha = 0.25; /* 1e-6 becomes .03 */
    stage_append(&s, COUNT, NULL);
    for (size_t i = 0; i < COUNT; i++) raw[i] = i % 2 ? 0 : pow(10, -6.0 * (double)i / COUNT);
    epi_replay *replay = stage_replay(&s, &options);
    stage_set(&s, replay, raw);
    for (uint64_t done = 0; done < draws; done += DRAWN) {
        assert_int_equal(stage_draw(numbers, NULL, &s, replay, DRAWN, 0), DRAWN);
        for (size_t i = 0; i < DRAWN; i++) seen[numbers[i]] = true;
    }
    for (size_t i = 0; i < COUNT; i++) assert_int_equal(seen[i], i % 2 == 0);
    epi_replay_close(replay);
}

/* ---- orders ------------------------------------------------------------------------------------------------------ */

static void check_order(epi_sampler sampler, const size_t *expected, size_t count) {
    size_t numbers[20];
    double weights[20];
    epi_replay_options options = epi_replay_options_default();
    const double raw[] = {3, 1, 9, 0, 5, 7, 2, 8, 4, 6};
    options.sampler = sampler;
    epi_replay *replay = stage_replay(&s, &options);
    stage_set(&s, replay, raw);
    for (size_t again = 0; again < 3; again++) {
        assert_int_equal(stage_draw(numbers, weights, &s, replay, 4, 0.5), 4);
        for (size_t i = 0; i < 4; i++) assert_int_equal(numbers[i], expected[i]);
        for (size_t i = 0; i < 4; i++) assert_true(weights[i] == 1);
    }
    assert_int_equal(stage_draw(numbers, weights, &s, replay, 20, 0.5), count);
    for (size_t i = 0; i < count; i++) assert_int_equal(numbers[i], expected[i]);
    epi_replay_close(replay);
}

static void queues_stacks_and_heaps_keep_their_order(void **state) {
    (void)state;
    const size_t oldest[] = {0, 1, 2, 4, 5, 6, 7, 8, 9}, newest[] = {9, 8, 7, 6, 5, 4, 2, 1, 0};
    const size_t greatest[] = {2, 7, 5, 9, 4, 8, 0, 6, 1};
    stage_append(&s, 10, NULL);
    check_order(EPI_SAMPLER_FIFO, oldest, 9);
    check_order(EPI_SAMPLER_LIFO, newest, 9);
    check_order(EPI_SAMPLER_MAX_HEAP, greatest, 9);
}

/* ---- without replacement, and not too often ---------------------------------------------------------------------- */

static void draws_without_replacement_take_each_step_once(void **state) {
    (void)state;
    size_t numbers[KINDS + 50], first[KINDS] = {0};
    double raw[KINDS], chances[KINDS];
    const epi_sampler samplers[] = {EPI_SAMPLER_PROPORTIONAL, EPI_SAMPLER_UNIFORM, EPI_SAMPLER_RANK};
    stage_append(&s, KINDS, NULL);
    spread(raw, KINDS);
    for (size_t k = 0; k < 3; k++) {
        epi_replay_options options = epi_replay_options_default();
        options.sampler = samplers[k];
        options.without_replacement = true;
        options.stratified = k == 1;
        epi_replay *replay = stage_replay(&s, &options);
        stage_set(&s, replay, raw);
        for (size_t size = 1; size <= KINDS + 50; size += 7) {
            bool seen[KINDS] = {false};
            const size_t count = stage_draw(numbers, NULL, &s, replay, size, 0);
            assert_int_equal(count, size < 90 ? size : 90);
            for (size_t i = 0; i < count; i++) {
                assert_false(seen[numbers[i]]);
                seen[numbers[i]] = true;
            }
        }
        /* Putting back left the distribution as it was. */
        if (k == 0) {
            for (size_t b = 0; b < DRAWS; b++) {
                assert_int_equal(stage_draw(numbers, NULL, &s, replay, 1, 0), 1);
                first[numbers[0]]++;
            }
            chances_of(chances, raw, KINDS, options.alpha);
            assert_true(stage_chance(chances, first, KINDS, DRAWS) > 0.001);
        }
        epi_replay_close(replay);
    }
}

/* The chance of a pair is p_a p_b / (1 - p_a): successive sampling. */
static void pairs_without_replacement_have_their_exact_chances(void **state) {
    (void)state;
    const double raw[4] = {8, 4, 2, 1};
    double chances[16] = {0};
    size_t counts[16] = {0}, numbers[2];
    epi_replay_options options = epi_replay_options_default();
    options.without_replacement = true;
    options.alpha = 1;
    stage_append(&s, 4, NULL);
    epi_replay *replay = stage_replay(&s, &options);
    stage_set(&s, replay, raw);
    for (size_t b = 0; b < DRAWS; b++) {
        assert_int_equal(stage_draw(numbers, NULL, &s, replay, 2, 0), 2);
        counts[numbers[0] * 4 + numbers[1]]++;
    }
    for (size_t a = 0; a < 4; a++)
        for (size_t b = 0; b < 4; b++)
            if (a != b) chances[a * 4 + b] = raw[a] / 15 * raw[b] / (15 - raw[a]);
    assert_true(stage_chance(chances, counts, 16, DRAWS) > 0.001);
    epi_replay_close(replay);
}

static void no_step_is_drawn_more_often_than_allowed(void **state) {
    (void)state;
    enum { COUNT = 30, TIMES = 3 };
    for (int sampler = EPI_SAMPLER_UNIFORM; sampler <= EPI_SAMPLER_MAX_HEAP; sampler++) {
        size_t numbers[16], counts[COUNT] = {0}, total = 0;
        epi_replay_options options = epi_replay_options_default();
        options.sampler = (epi_sampler)sampler;
        options.max_times_sampled = TIMES;
        if (s.count == 0) stage_append(&s, COUNT, NULL);
        epi_replay *replay = stage_replay(&s, &options);
        while (total < COUNT * TIMES) {
            const size_t count = stage_draw(numbers, NULL, &s, replay, 16, 0);
            for (size_t i = 0; i < count; i++) counts[numbers[i]]++;
            total += count;
        }
        for (size_t i = 0; i < COUNT; i++) assert_int_equal(counts[i], TIMES);
        const double again = 5; /* a new priority does not bring a step back */
        EXPECT(EPI_OK, epi_replay_update(NULL, replay, s.ids, &again, 1));
        epi_batch batch = epi_batch_default();
        batch.size = 1;
        EXPECT(EPI_ETIMEOUT, epi_replay_sample(replay, &batch, 0));
        assert_int_equal(batch.count, 0);
        epi_replay_close(replay);
    }
}

static void a_queue_that_is_drawn_once_goes_on_where_it_was(void **state) {
    (void)state;
    size_t numbers[4];
    epi_replay_options options = epi_replay_options_default();
    options.sampler = EPI_SAMPLER_FIFO;
    options.max_times_sampled = 1;
    stage_append(&s, 6, NULL);
    epi_replay *replay = stage_replay(&s, &options);
    assert_int_equal(stage_draw(numbers, NULL, &s, replay, 4, 0), 4);
    stage_append(&s, 1, NULL);
    assert_int_equal(stage_draw(numbers, NULL, &s, replay, 4, 0), 3);
    for (size_t i = 0; i < 3; i++) assert_int_equal(numbers[i], 4 + i);
    epi_replay_close(replay);
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(proportional_draws_follow_the_transformed_priorities, setup, teardown),
        cmocka_unit_test_setup_teardown(uniform_draws_do_not_look_at_priorities_but_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(rank_based_draws_follow_the_ranks, setup, teardown),
        cmocka_unit_test_setup_teardown(stratified_batches_take_from_every_part, setup, teardown),
        cmocka_unit_test_setup_teardown(weights_are_exact_by_buffer_and_by_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(every_step_is_reached_and_none_of_priority_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(queues_stacks_and_heaps_keep_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(draws_without_replacement_take_each_step_once, setup, teardown),
        cmocka_unit_test_setup_teardown(pairs_without_replacement_have_their_exact_chances, setup, teardown),
        cmocka_unit_test_setup_teardown(no_step_is_drawn_more_often_than_allowed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_queue_that_is_drawn_once_goes_on_where_it_was, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
