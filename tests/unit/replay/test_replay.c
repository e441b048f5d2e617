/* Tests of a sampler's life: what new, removed and evicted steps do to it, views, waiting, keeping, sharing. */
#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quick.h"
#include "stage.h"

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

static epi_replay_stats stats_of(epi_replay *replay) {
    epi_replay_stats stats;
    EXPECT(EPI_OK, epi_replay_stats_read(&stats, replay));
    return stats;
}

/* ---- steps come and go ------------------------------------------------------------------------------------------- */

static void new_steps_get_the_greatest_priority_seen(void **state) {
    (void)state;
    double raw[3];
    const double given = 7;
    epi_replay *replay = stage_replay(&s, NULL);
    stage_append(&s, 1, NULL);
    EXPECT(EPI_OK, epi_replay_priorities(raw, replay, s.ids, 1));
    assert_true(raw[0] == 1);
    EXPECT(EPI_OK, epi_replay_update(NULL, replay, s.ids, &given, 1));
    stage_append(&s, 2, NULL);
    const double low = 0.5;
    EXPECT(EPI_OK, epi_replay_update(NULL, replay, s.ids, &low, 1));
    EXPECT(EPI_OK, epi_replay_priorities(raw, replay, s.ids, 3));
    assert_true(raw[0] == 0.5 && raw[1] == 7 && raw[2] == 7);
    assert_true(stats_of(replay).greatest_priority == 7);
    assert_true(fabs(stats_of(replay).total_priority - pow(0.5, 0.6) - 2 * pow(7, 0.6)) < 1e-12);
    epi_replay_close(replay);
}

static void a_step_is_drawn_once_its_successor_is_known(void **state) {
    (void)state;
    epi_replay *replay = stage_replay(&s, NULL);
    assert_int_equal(stats_of(replay).steps, 0);
    stage_append(&s, 3, "\0\0\0");
    assert_int_equal(stats_of(replay).steps, 2);
    stage_append(&s, 2, "t\0");
    assert_int_equal(stats_of(replay).steps, 4);
    stage_append(&s, 1, "c");
    assert_int_equal(stats_of(replay).steps, 6);
    assert_int_equal(stats_of(replay).inserted, 6);
    epi_replay_close(replay);
}

static void updates_of_removed_steps_are_counted_and_skipped(void **state) {
    (void)state;
    enum { COUNT = 5000, KEPT = 1000 };
    static double raw[COUNT];
    static size_t numbers[COUNT];
    uint64_t stale = 0;
    epi_transition_limits limits = epi_transition_limits_default();
    for (size_t i = 0; i < COUNT; i++) raw[i] = 1;
    stage_append(&s, COUNT, NULL);
    epi_replay *replay = stage_replay(&s, NULL);
    stage_set(&s, replay, raw);
    limits.max_steps = KEPT;
    EXPECT(EPI_OK, epi_transitions_limit(s.space, &limits));
    stage_append(&s, 1, NULL);
    EXPECT(EPI_OK, epi_sync(NULL, s.memory));
    EXPECT(EPI_OK, epi_replay_update(&stale, replay, s.ids, raw, COUNT));
    assert_int_equal(stale, COUNT + 1 - KEPT);
    assert_int_equal(stats_of(replay).steps, KEPT);
    const size_t count = stage_draw(numbers, NULL, &s, replay, 2000, 0);
    for (size_t i = 0; i < count; i++) assert_true(numbers[i] > COUNT - KEPT);
    const uint64_t foreign[] = {0, UINT64_MAX, s.ids[COUNT] + 1};
    EXPECT(EPI_OK, epi_replay_update(&stale, replay, foreign, raw, 3));
    assert_int_equal(stale, 3);
    EXPECT(EPI_OK, epi_replay_priorities(raw, replay, s.ids, 1));
    assert_true(raw[0] == -1);
    epi_replay_close(replay);
}

/* Seats of chunks that are gone are used again; nothing of the old steps may be left in them. */
static void a_full_ring_goes_round_and_round(void **state) {
    (void)state;
    static size_t numbers[512];
    epi_transition_limits limits = epi_transition_limits_default();
    limits.max_steps = 1500;
    EXPECT(EPI_OK, epi_transitions_limit(s.space, &limits));
    epi_replay *replay = stage_replay(&s, NULL);
    for (size_t round = 0; round < 30; round++) {
        stage_append(&s, 600, NULL);
        EXPECT(EPI_OK, epi_sync(NULL, s.memory));
        const size_t live = s.count < 1500 ? s.count : 1500;
        assert_int_equal(stats_of(replay).steps, live);
        assert_true(fabs(stats_of(replay).total_priority - (double)live) < 1e-9);
        assert_int_equal(stage_draw(numbers, NULL, &s, replay, 512, 0), 512);
        for (size_t i = 0; i < 512; i++) assert_true(numbers[i] + live >= s.count);
    }
    epi_replay_close(replay);
}

/* ---- views ------------------------------------------------------------------------------------------------------- */

typedef struct rows {
    uint64_t ids[256];
    float observation[256], next[256], reward[256], discount[256];
    int32_t action[256];
    bool terminated[256], truncated[256], mask[256 * 5];
} rows;

static void gather(rows *out, epi_replay *replay, size_t size) {
    epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, out->observation),
                            epi_column_f32(EPI_NEXT_OBSERVATION, out->next),
                            epi_column_of(EPI_ACTION, EPI_I32, out->action, 0),
                            epi_column_f32(EPI_REWARD, out->reward),
                            epi_column_bool(EPI_TERMINATED, out->terminated),
                            epi_column_bool(EPI_TRUNCATED, out->truncated),
                            epi_column_f32(EPI_DISCOUNT, out->discount),
                            epi_column_bool(EPI_MASK, out->mask)};
    epi_batch batch = epi_batch_default();
    batch.size = size;
    batch.columns = columns;
    batch.column_count = 8;
    batch.ids = out->ids;
    EXPECT(EPI_OK, epi_replay_sample(replay, &batch, 0.4));
    assert_int_equal(batch.count, size);
}

/* What an n-step window of the staged steps must be, step by step. */
static void check_row(const rows *out, size_t row, const char *ends, uint32_t n, double gamma) {
    const size_t first = stage_number(&s, out->ids[row]);
    size_t last = first;
    double reward = (double)(first + 1), discount = gamma;
    while (last - first + 1 < n && !ends[last] && last + 2 < s.count) {
        last++;
        reward += discount * (double)(last + 1);
        discount *= gamma;
    }
    assert_true(out->observation[row] == (float)first);
    assert_int_equal(out->action[row], (int32_t)first);
    assert_true(fabs((double)out->reward[row] - reward) < 1e-5 * reward);
    assert_int_equal(out->terminated[row], ends[last] == 't');
    assert_int_equal(out->truncated[row], ends[last] == 'c');
    const float next = ends[last] == 't' ? 0 : (float)last + (ends[last] == 'c' ? 0.5f : 1.0f);
    assert_true(out->next[row] == next);
    assert_true(fabs((double)out->discount[row] - (ends[last] == 't' ? 0 : discount)) < 1e-6);
    for (uint32_t k = 0; k < n; k++) assert_int_equal(out->mask[row * n + k], first + k <= last);
}

static void windows_end_with_their_episode(void **state) {
    (void)state;
    enum { COUNT = 3000 };
    static char ends[COUNT];
    static rows out;
    for (size_t i = 0; i + 1 < COUNT; i++) ends[i] = i % 7 == 6 ? 't' : i % 11 == 10 ? 'c' : 0;
    for (size_t i = 1000; i < 1800; i++) ends[i] = 0; /* an episode over more than one chunk */
    stage_append(&s, COUNT, ends);
    for (uint32_t n = 1; n <= 5; n += 2) {
        epi_replay_options options = epi_replay_options_default();
        options.n_step = n;
        options.discount = 0.9;
        epi_replay *replay = stage_replay(&s, &options);
        for (size_t b = 0; b < 40; b++) {
            gather(&out, replay, 256);
            for (size_t row = 0; row < 256; row++) check_row(&out, row, ends, n, 0.9);
        }
        epi_replay_close(replay);
    }
}

static void rows_go_where_strides_say(void **state) {
    (void)state;
    float wide[3 * 4];
    uint64_t ids[4];
    epi_column column = epi_column_of(EPI_OBSERVATION, EPI_F32, wide, 3 * sizeof(float));
    epi_batch batch = epi_batch_default();
    for (size_t i = 0; i < 12; i++) wide[i] = -1;
    stage_append(&s, 10, NULL);
    epi_replay *replay = stage_replay(&s, NULL);
    batch.size = 4;
    batch.columns = &column;
    batch.column_count = 1;
    batch.ids = ids;
    EXPECT(EPI_OK, epi_replay_sample(replay, &batch, 0));
    for (size_t i = 0; i < 4; i++) {
        assert_true(wide[3 * i] == (float)stage_number(&s, ids[i]));
        assert_true(wide[3 * i + 1] == -1 && wide[3 * i + 2] == -1);
    }
    epi_replay_close(replay);
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static void a_batch_waits_for_steps_and_says_what_was_missing(void **state) {
    (void)state;
    uint64_t ids[8];
    epi_batch batch = epi_batch_default();
    epi_replay_options options = epi_replay_options_default();
    options.min_steps = 10;
    options.samples_per_insert = 2;
    options.timeout_ms = 20;
    batch.size = 8;
    batch.ids = ids;
    epi_replay *replay = stage_replay(&s, &options);
    stage_append(&s, 9, NULL);
    EXPECT(EPI_ETIMEOUT, epi_replay_sample(replay, &batch, 0));
    assert_non_null(strstr(epi_error_last()->message, "9 steps to draw from, needed 10"));
    stage_append(&s, 4, NULL);
    EXPECT(EPI_ETIMEOUT, epi_replay_sample(replay, &batch, 0));
    assert_non_null(strstr(epi_error_last()->message, "13 inserted steps allowed 6 more samples, needed 8"));
    stage_append(&s, 1, NULL);
    EXPECT(EPI_OK, epi_replay_sample(replay, &batch, 0));
    assert_true(stats_of(replay).samples_left == 0);
    EXPECT(EPI_ETIMEOUT, epi_replay_sample(replay, &batch, 0));
    epi_replay_close(replay);
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

static void draw_some(size_t *numbers, epi_replay *replay) {
    for (size_t b = 0; b < 4; b++) assert_int_equal(stage_draw(numbers + 32 * b, NULL, &s, replay, 32, 0.4), 32);
}

static int remove_file(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info, (void)where;
    return kind == FTW_F ? remove(path) : 0;
}

static void remove_cache(void) {
    char path[160];
    (void)snprintf(path, sizeof path, "%s/cache", s.at.path);
    assert_int_equal(nftw(path, remove_file, 8, FTW_PHYS), 0);
}

static void check_saved(epi_sampler sampler, bool without_cache) {
    size_t before[128], after[128];
    double raw[500], kept[500];
    epi_replay_options options = epi_replay_options_default();
    options.sampler = sampler;
    options.name = "learner";
    options.seed = 5;
    if (s.count == 0) stage_append(&s, 500, NULL);
    for (size_t i = 0; i < 500; i++) raw[i] = 1 / (double)(i % 97 + 1);
    epi_replay *replay = stage_replay(&s, &options);
    stage_set(&s, replay, raw);
    draw_some(before, replay);
    EXPECT(EPI_OK, epi_replay_save(replay));
    draw_some(before, replay);
    epi_replay_close(replay);
    place_check(s.memory);
    stage_close(&s);
    if (without_cache) remove_cache();
    stage_open(&s);
    options.resume = true;
    options.seed = 99;
    replay = stage_replay(&s, &options);
    EXPECT(EPI_OK, epi_replay_priorities(kept, replay, s.ids, 500));
    assert_memory_equal(raw, kept, sizeof raw);
    draw_some(after, replay);
    assert_memory_equal(before, after, sizeof before);
    epi_replay_close(replay);
}

static void a_saved_sampler_goes_on_with_the_same_batches(void **state) {
    (void)state;
    check_saved(EPI_SAMPLER_PROPORTIONAL, false);
    check_saved(EPI_SAMPLER_RANK, false);
}

static void a_saved_sampler_needs_nothing_but_the_store(void **state) {
    (void)state;
    check_saved(EPI_SAMPLER_PROPORTIONAL, true);
    check_saved(EPI_SAMPLER_RANK, true);
}

static void the_same_seed_draws_the_same_and_another_does_not(void **state) {
    (void)state;
    size_t first[128], second[128], third[128];
    epi_replay_options options = epi_replay_options_default();
    stage_append(&s, 300, NULL);
    epi_replay *a = stage_replay(&s, &options), *b = stage_replay(&s, &options);
    options.seed = 1;
    epi_replay *c = stage_replay(&s, &options);
    draw_some(first, a);
    draw_some(second, b);
    draw_some(third, c);
    assert_memory_equal(first, second, sizeof first);
    assert_memory_not_equal(first, third, sizeof first);
    epi_replay_close(a);
    epi_replay_close(b);
    epi_replay_close(c);
}

static void counts_of_draws_are_kept(void **state) {
    (void)state;
    size_t numbers[64];
    epi_replay_options options = epi_replay_options_default();
    options.name = "once";
    options.sampler = EPI_SAMPLER_FIFO;
    options.max_times_sampled = 1;
    stage_append(&s, 100, NULL);
    epi_replay *replay = stage_replay(&s, &options);
    assert_int_equal(stage_draw(numbers, NULL, &s, replay, 64, 0), 64);
    EXPECT(EPI_OK, epi_replay_save(replay));
    epi_replay_close(replay);
    stage_close(&s);
    remove_cache();
    stage_open(&s);
    replay = stage_replay(&s, &options);
    assert_int_equal(stage_draw(numbers, NULL, &s, replay, 64, 0), 36);
    for (size_t i = 0; i < 36; i++) assert_int_equal(numbers[i], 64 + i);
    epi_replay_close(replay);
}

/* What was not flushed is kept too: it is in the block, whose keys alone are another sampler's. */
static void a_name_changes_its_sampler_and_keeps_its_priorities(void **state) {
    (void)state;
    enum { COUNT = 200 };
    const epi_sampler samplers[] = {EPI_SAMPLER_PROPORTIONAL, EPI_SAMPLER_FIFO, EPI_SAMPLER_LIFO, EPI_SAMPLER_MAX_HEAP,
                                    EPI_SAMPLER_LIFO, EPI_SAMPLER_UNIFORM};
    double raw[COUNT], kept[COUNT];
    size_t numbers[COUNT];
    epi_replay_options options = epi_replay_options_default();
    options.name = "changing";
    stage_append(&s, COUNT, NULL);
    for (size_t i = 0; i < COUNT; i++) raw[i] = (double)(i * 37 % COUNT + 1);
    for (size_t k = 0; k < sizeof samplers / sizeof *samplers; k++) {
        options.sampler = samplers[k];
        epi_replay *replay = stage_replay(&s, &options);
        if (k == 0) stage_set(&s, replay, raw);
        EXPECT(EPI_OK, epi_replay_priorities(kept, replay, s.ids, COUNT));
        for (size_t i = 0; i < COUNT; i++) assert_true(kept[i] == raw[i]);
        assert_int_equal(stage_draw(numbers, NULL, &s, replay, COUNT, 0), COUNT);
        for (size_t i = 0; i < COUNT && samplers[k] == EPI_SAMPLER_FIFO; i++) assert_int_equal(numbers[i], i);
        for (size_t i = 0; i < COUNT && samplers[k] == EPI_SAMPLER_LIFO; i++)
            assert_int_equal(numbers[i], COUNT - 1 - i);
        epi_replay_close(replay);
    }
}

/* ---- sharing ----------------------------------------------------------------------------------------------------- */

static void handles_of_one_name_share_priorities_and_others_do_not(void **state) {
    (void)state;
    double raw = 0;
    const double given = 3;
    epi_replay_options options = epi_replay_options_default();
    options.name = "shared";
    stage_append(&s, 5000, NULL);
    epi_replay *a = stage_replay(&s, &options), *b = stage_replay(&s, &options);
    options.name = "other";
    epi_replay *c = stage_replay(&s, &options);
    EXPECT(EPI_OK, epi_replay_update(NULL, a, s.ids + 7, &given, 1));
    EXPECT(EPI_OK, epi_replay_priorities(&raw, b, s.ids + 7, 1));
    assert_true(raw == 3);
    EXPECT(EPI_OK, epi_replay_priorities(&raw, c, s.ids + 7, 1));
    assert_true(raw == 1);
    stage_append(&s, 9000, NULL); /* the block grows under the other handle */
    assert_int_equal(stats_of(a).steps, 14000);
    EXPECT(EPI_OK, epi_replay_update(NULL, b, s.ids + 9, &given, 1));
    EXPECT(EPI_OK, epi_replay_priorities(&raw, a, s.ids + 9, 1));
    assert_true(raw == 3);
    assert_int_equal(stats_of(b).inserted, 14000);
    options.name = "shared";
    options.alpha = 0.9;
    epi_replay *d = NULL;
    EXPECT(EPI_EMISMATCH, epi_replay_open(&d, s.space, &options));
    assert_null(d);
    epi_replay_close(a);
    epi_replay_close(b);
    d = stage_replay(&s, &options); /* alone, another alpha is taken over the same raw priorities */
    EXPECT(EPI_OK, epi_replay_priorities(&raw, d, s.ids + 9, 1));
    assert_true(raw == 3);
    assert_true(fabs(stats_of(d).total_priority - 13998 * pow(3, 0.9)) > 1);
    epi_replay_close(c);
    epi_replay_close(d);
}

/* ---- bad input --------------------------------------------------------------------------------------------------- */

static void bad_options_are_named(void **state) {
    (void)state;
    epi_replay *replay = NULL;
    const epi_replay_options good = epi_replay_options_default();
#define REFUSED(status, field, value)                                \
    do {                                                             \
        epi_replay_options options = good;                           \
        options.field = value;                                       \
        EXPECT(status, epi_replay_open(&replay, s.space, &options)); \
        assert_null(replay);                                         \
    } while (0)
    REFUSED(EPI_EINVAL, version, 2);
    REFUSED(EPI_EINVAL, sampler, (epi_sampler)0);
    REFUSED(EPI_EINVAL, sampler, (epi_sampler)7);
    REFUSED(EPI_EINVAL, name, "");
    REFUSED(EPI_EUTF8, name, "\xff");
    REFUSED(EPI_ENUMBER, alpha, -0.1);
    REFUSED(EPI_ENUMBER, alpha, (double)NAN);
    REFUSED(EPI_ENUMBER, discount, 1.1);
    REFUSED(EPI_ENUMBER, initial_priority, 0);
    REFUSED(EPI_ENUMBER, samples_per_insert, (double)INFINITY);
    REFUSED(EPI_ENUMBER, samples_ahead, -1);
    REFUSED(EPI_ELIMIT, n_step, EPI_N_STEP_MAX + 1);
    REFUSED(EPI_EINVAL, resume, true);
    REFUSED(EPI_EINVAL, weight_norm, (epi_weight_norm)9);
    epi_replay_options never = good;
    never.name = "never saved";
    never.resume = true;
    EXPECT(EPI_ENOTFOUND, epi_replay_open(&replay, s.space, &never));
    EXPECT(EPI_EINVAL, epi_replay_open(NULL, s.space, &good));
    epi_space *talk = NULL;
    EXPECT(EPI_OK, epi_space_open(&talk, s.memory, "talk", epi_schema_conversation()));
    EXPECT(EPI_ESCHEMA, epi_replay_open(&replay, talk, &good));
    epi_space_close(talk);
    epi_replay_close(NULL);
}

static void bad_batches_and_priorities_change_nothing(void **state) {
    (void)state;
    float data[84];
    epi_batch batch = epi_batch_default();
    double raw[2] = {2, (double)NAN}, kept = 0;
    stage_append(&s, 20, NULL);
    epi_replay *replay = stage_replay(&s, NULL);
    epi_column column = epi_column_f32("nothing", data);
    EXPECT(EPI_EINVAL, epi_replay_sample(replay, &batch, 0));
    EXPECT(EPI_EINVAL, epi_replay_sample(replay, NULL, 0));
    batch.size = 4;
    EXPECT(EPI_ENUMBER, epi_replay_sample(replay, &batch, 1.5));
    EXPECT(EPI_ENUMBER, epi_replay_sample(replay, &batch, (double)NAN));
    batch.columns = &column;
    batch.column_count = 1;
    EXPECT(EPI_EROLE, epi_replay_sample(replay, &batch, 0));
    column = epi_column_of(EPI_OBSERVATION, EPI_F64, data, 0);
    EXPECT(EPI_ETYPE, epi_replay_sample(replay, &batch, 0));
    column = epi_column_of(EPI_OBSERVATION, EPI_F32, data, 2);
    EXPECT(EPI_EINVAL, epi_replay_sample(replay, &batch, 0));
    column = epi_column_of(EPI_DISCOUNT, EPI_I32, data, 0);
    EXPECT(EPI_ETYPE, epi_replay_sample(replay, &batch, 0));
    batch.size = EPI_BATCH_SIZE_MAX + 1;
    EXPECT(EPI_ELIMIT, epi_replay_sample(replay, &batch, 0));
    assert_int_equal(stats_of(replay).sampled, 0);
    EXPECT(EPI_ENUMBER, epi_replay_update(NULL, replay, s.ids, raw, 2));
    raw[1] = -1;
    EXPECT(EPI_ENUMBER, epi_replay_update(NULL, replay, s.ids, raw, 2));
    EXPECT(EPI_OK, epi_replay_priorities(&kept, replay, s.ids, 1));
    assert_true(kept == 1);
    EXPECT(EPI_EINVAL, epi_replay_update(NULL, replay, NULL, raw, 2));
    EXPECT(EPI_OK, epi_replay_update(NULL, replay, NULL, NULL, 0));
    EXPECT(EPI_EINVAL, epi_replay_save(replay));
    EXPECT(EPI_OK, epi_replay_flush(replay));
    epi_replay_close(replay);
}

static void a_closed_memory_and_a_dropped_space_are_told(void **state) {
    (void)state;
    uint64_t id = 0;
    epi_batch batch = epi_batch_default();
    batch.size = 1;
    batch.ids = &id;
    stage_append(&s, 20, NULL);
    epi_replay *replay = stage_replay(&s, NULL);
    EXPECT(EPI_OK, epi_replay_sample(replay, &batch, 0));
    EXPECT(EPI_OK, epi_sync(NULL, s.memory));
    EXPECT(EPI_OK, epi_space_drop(s.memory, "game"));
    EXPECT(EPI_ESTALE, epi_replay_sample(replay, &batch, 0));
    stage_close(&s);
    EXPECT(EPI_ECLOSED, epi_replay_sample(replay, &batch, 0));
    epi_replay_close(replay);
}

static size_t cache_files;

static int count_file(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)path, (void)info, (void)where;
    cache_files += kind == FTW_F;
    return 0;
}

static size_t count_cache(void) {
    char path[160];
    (void)snprintf(path, sizeof path, "%s/cache", s.at.path);
    cache_files = 0;
    assert_int_equal(nftw(path, count_file, 8, FTW_PHYS), 0);
    return cache_files;
}

static void a_dropped_space_leaves_no_files(void **state) {
    (void)state;
    epi_replay_options options = epi_replay_options_default();
    options.name = "gone";
    stage_append(&s, 20, NULL);
    epi_replay *replay = stage_replay(&s, &options);
    EXPECT(EPI_OK, epi_replay_save(replay));
    epi_replay_close(replay);
    assert_int_equal(count_cache(), 2);
    EXPECT(EPI_OK, epi_space_drop(s.memory, "game"));
    assert_int_equal(count_cache(), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        TEST(new_steps_get_the_greatest_priority_seen),
        TEST(a_step_is_drawn_once_its_successor_is_known),
        TEST(updates_of_removed_steps_are_counted_and_skipped),
        TEST(a_full_ring_goes_round_and_round),
        TEST(windows_end_with_their_episode),
        TEST(rows_go_where_strides_say),
        TEST(a_batch_waits_for_steps_and_says_what_was_missing),
        TEST(a_saved_sampler_goes_on_with_the_same_batches),
        TEST(a_saved_sampler_needs_nothing_but_the_store),
        TEST(the_same_seed_draws_the_same_and_another_does_not),
        TEST(counts_of_draws_are_kept),
        TEST(a_name_changes_its_sampler_and_keeps_its_priorities),
        TEST(handles_of_one_name_share_priorities_and_others_do_not),
        TEST(bad_options_are_named),
        TEST(bad_batches_and_priorities_change_nothing),
        TEST(a_closed_memory_and_a_dropped_space_are_told),
        TEST(a_dropped_space_leaves_no_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
