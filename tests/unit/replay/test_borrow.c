/* Tests of rows that are lent: they are what gathering copies, end where they must, and stay whatever others do. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "quick.h"
#include "stage.h"

static stage s;
static epi_replay *replay;
static size_t capacity;

static int setup(void **state) {
    epi_transition_stats stats;
    (void)state;
    stage_make(&s);
    replay = stage_replay(&s, NULL);
    EXPECT(EPI_OK, epi_transitions_stats_read(&stats, s.space));
    capacity = stats.capacity;
    assert_true(capacity > 1000 && capacity + 1000 < STAGE_STEPS_MAX);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    epi_replay_close(replay);
    stage_remove(&s);
    return 0;
}

/* One episode of so many steps, another that fills the chunk and more. */
static void append_over_a_chunk(size_t episode) {
    stage_append(&s, episode, NULL);
    stage_append(&s, capacity + 100 - episode, NULL);
    EXPECT(EPI_OK, epi_sync(NULL, s.memory));
}

typedef struct lent {
    const float *observations, *next_observations, *rewards;
    size_t count;
} lent;

static epi_status try_borrow(lent *rows, uint64_t first, size_t most, size_t columns_asked) {
    epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, NULL), epi_column_f32(EPI_REWARD, NULL),
                            epi_column_f32(EPI_NEXT_OBSERVATION, NULL)};
    epi_status status = epi_replay_borrow(&rows->count, columns, columns_asked, replay, first, most);
    for (size_t i = 0; !status && i < columns_asked; i++) assert_int_equal(columns[i].stride, sizeof(float));
    rows->observations = columns[0].data;
    rows->rewards = columns[1].data;
    rows->next_observations = columns[2].data;
    return status;
}

static lent borrow(size_t step, size_t most, size_t columns_asked) {
    lent rows;
    EXPECT(EPI_OK, try_borrow(&rows, s.ids[step], most, columns_asked));
    return rows;
}

static void rows_are_those_that_were_appended(void **state) {
    (void)state;
    append_over_a_chunk(300);
    const lent rows = borrow(20, 100, 3);
    assert_int_equal(rows.count, 100);
    for (size_t i = 0; i < rows.count; i++) {
        assert_int_equal((int)rows.observations[i], 20 + i);
        assert_int_equal((int)rows.next_observations[i], 21 + i);
        assert_int_equal((int)rows.rewards[i], 21 + i);
    }
    assert_int_equal(borrow(20, 0, 3).count, 0);
}

static void a_run_ends_with_its_episode_its_chunk_and_before_a_hole(void **state) {
    (void)state;
    epi_filter filter = epi_filter_default();
    append_over_a_chunk(300);
    assert_int_equal(borrow(20, 5000, 2).count, 280);
    assert_int_equal(borrow(20, 5000, 3).count, 279); /* the last one terminated without a next observation */
    assert_int_equal(borrow(300, 100000, 2).count, capacity - 300);
    filter.steps = &s.ids[50];
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_remove(NULL, s.space, &filter, false));
    assert_int_equal(borrow(20, 5000, 3).count, 30);
    lent rows;
    EXPECT(EPI_ESTALE, try_borrow(&rows, s.ids[50], 10, 3));
    assert_int_equal(rows.count, 0);
}

static void what_cannot_be_lent_is_named(void **state) {
    (void)state;
    lent rows;
    size_t count = 7;
    epi_column column = epi_column_bool(EPI_TERMINATED, NULL);
    append_over_a_chunk(300);
    EXPECT(EPI_EBUSY, try_borrow(&rows, s.ids[s.count - 1], 1, 3));
    EXPECT(EPI_ENOTFOUND, try_borrow(&rows, s.ids[s.count - 1] + 1000000, 1, 3));
    EXPECT(EPI_EROLE, epi_replay_borrow(&count, &column, 1, replay, s.ids[0], 10));
    assert_int_equal(count, 0);
    column = epi_column_f64(EPI_REWARD, NULL);
    EXPECT(EPI_ETYPE, epi_replay_borrow(&count, &column, 1, replay, s.ids[0], 10));
    EXPECT(EPI_EINVAL, epi_replay_borrow(NULL, &column, 1, replay, s.ids[0], 10));
}

/* They are evicted, and their pages would be written again many times over. */
static void rows_stay_while_others_evict_them(void **state) {
    (void)state;
    epi_transition_limits limits = epi_transition_limits_default();
    append_over_a_chunk(300);
    const lent rows = borrow(0, 300, 2);
    assert_int_equal(rows.count, 300);
    limits.max_steps = 10;
    EXPECT(EPI_OK, epi_transitions_limit(s.space, &limits));
    for (size_t i = 0; i < 20; i++) {
        stage_append(&s, 50, NULL);
        EXPECT(EPI_OK, epi_sync(NULL, s.memory));
    }
    for (size_t i = 0; i < rows.count; i++) assert_int_equal((int)rows.observations[i], i);
    lent again;
    EXPECT(EPI_ESTALE, try_borrow(&again, s.ids[0], 1, 2));
    EXPECT(EPI_OK, epi_replay_flush(replay));
    place_check(s.memory);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        TEST(rows_are_those_that_were_appended),
        TEST(a_run_ends_with_its_episode_its_chunk_and_before_a_hole),
        TEST(what_cannot_be_lent_is_named),
        TEST(rows_stay_while_others_evict_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
