/* Transitions: what is appended by columns is there, in other processes and after a restart, and goes in time. */
#include "place.h"
#include "quick.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 4u

typedef struct maze {
    place place;
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_space *space;
    epi_recorder *recorder;
} maze;

static void open_space(maze *m) {
    EXPECT(EPI_OK, epi_schema_transitions(&m->schema, m->roles, SIZE, EPI_I64, 0));
    EXPECT(EPI_OK, epi_memory_open(&m->place.memory, m->place.path, &m->place.options));
    EXPECT(EPI_OK, epi_space_open(&m->space, m->place.memory, "maze", &m->schema));
}

static void open_all(maze *m) {
    open_space(m);
    EXPECT(EPI_OK, epi_recorder_open(&m->recorder, m->space, "actor", 4));
}

static void close_all(maze *m) {
    epi_recorder_close(m->recorder);
    epi_space_close(m->space);
    EXPECT(EPI_OK, epi_memory_close(m->place.memory));
}

static int setup(void **state) {
    maze *m = calloc(1, sizeof *m);
    assert_non_null(m);
    place_make(&m->place);
    open_all(m);
    *state = m;
    return 0;
}

static int teardown(void **state) {
    maze *m = *state;
    close_all(m);
    place_remove(&m->place);
    free(m);
    return 0;
}

/* Row `number` of an environment that stands at its number. */
static void append(maze *m, uint64_t *ids, uint32_t lane, unsigned first, unsigned count, bool ends) {
    float observation[64][SIZE], next[64][SIZE], reward[64];
    int64_t action[64];
    bool terminated[64] = {false};
    uint32_t lanes[64];
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < SIZE; j++) {
            observation[i][j] = (float)(first + i) + 0.1f * (float)j;
            next[i][j] = (float)(first + i + 1) + 0.1f * (float)j;
        }
        reward[i] = (float)(first + i) * 0.5f;
        action[i] = first + i;
        lanes[i] = lane;
    }
    terminated[count - 1] = ends;
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, observation[0]), epi_column_i64(EPI_ACTION, action),
                                  epi_column_f32(EPI_REWARD, reward), epi_column_bool(EPI_TERMINATED, terminated),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, next[0])};
    EXPECT(EPI_OK, epi_transitions_append(ids, m->recorder, lanes, columns, 5, count));
}

static epi_transition_stats stats_of(maze *m) {
    epi_transition_stats stats;
    EXPECT(EPI_OK, epi_transitions_stats_read(&stats, m->space));
    return stats;
}

static void rows_are_counted_and_found_sound(void **state) {
    maze *m = *state;
    uint64_t ids[64];
    append(m, ids, 0, 0, 10, true);
    append(m, ids + 10, 1, 100, 5, false);
    for (int i = 1; i < 10; i++) assert_int_equal(ids[i], ids[0] + (uint64_t)i);
    epi_transition_stats stats = stats_of(m);
    assert_int_equal(stats.steps, 15);
    assert_int_equal(stats.episodes, 2);
    assert_int_equal(stats.open, 2);
    place_check(m->place.memory);
    close_all(m);
    open_all(m);
    append(m, ids + 15, 1, 105, 5, true);
    assert_int_equal(ids[15], ids[14] + 1);
    stats = stats_of(m);
    assert_int_equal(stats.steps, 20);
    assert_int_equal(stats.episodes, 2);
    place_check(m->place.memory);
}

static void many_rows_fill_chunks(void **state) {
    maze *m = *state;
    uint64_t ids[64], last = 0;
    for (unsigned i = 0; i < 1000; i++) {
        append(m, ids, 2, i * 64, 64, i % 3 == 2);
        assert_true(ids[0] > last);
        last = ids[63];
    }
    epi_transition_stats stats = stats_of(m);
    assert_int_equal(stats.steps, 64000);
    assert_int_equal(stats.episodes, 334);
    place_check(m->place.memory);
    EXPECT(EPI_OK, epi_memory_compact(m->place.memory));
    assert_int_equal(stats_of(m).steps, 64000);
    place_check(m->place.memory);
}

static void old_steps_are_evicted(void **state) {
    maze *m = *state;
    uint64_t ids[64];
    epi_transition_limits limits = epi_transition_limits_default();
    limits.max_steps = 10000;
    EXPECT(EPI_OK, epi_transitions_limit(m->space, &limits));
    for (unsigned i = 0; i < 600; i++) append(m, ids, i % 4, i * 64, 64, i % 5 == 0);
    epi_transition_stats stats = stats_of(m);
    assert_int_equal(stats.steps, 10000);
    place_check(m->place.memory);
    limits.max_steps = 100;
    EXPECT(EPI_OK, epi_transitions_limit(m->space, &limits));
    assert_int_equal(stats_of(m).steps, 100);
    place_check(m->place.memory);
}

static void a_recorder_belongs_to_its_newest_opener(void **state) {
    maze *m = *state;
    epi_recorder *old = m->recorder;
    append(m, NULL, 0, 0, 3, false);
    EXPECT(EPI_OK, epi_recorder_open(&m->recorder, m->space, "actor", 4));
    append(m, NULL, 0, 3, 3, false);
    float observation[SIZE] = {0};
    epi_column column = epi_column_f32(EPI_OBSERVATION, observation);
    EXPECT(EPI_ESTALE, epi_transitions_append(NULL, old, NULL, &column, 1, 1));
    epi_recorder_close(old);
    assert_int_equal(stats_of(m).steps, 6);
    assert_int_equal(stats_of(m).episodes, 1);
    place_check(m->place.memory);
}

static void what_is_malformed_is_refused_and_stores_nothing(void **state) {
    maze *m = *state;
    float observation[2][SIZE] = {{0}}, reward[2] = {0, 0};
    uint8_t flag[2] = {0, 2};
    uint32_t lanes[2] = {0, 4};
    uint64_t ids[2] = {7, 7};
    epi_column columns[3] = {epi_column_f32(EPI_OBSERVATION, observation[0]), epi_column_f32(EPI_REWARD, reward),
                             epi_column_of(EPI_TERMINATED, EPI_BOOL, flag, 0)};
    EXPECT(EPI_ETYPE, epi_transitions_append(ids, m->recorder, NULL, columns, 3, 2));
    assert_int_equal(ids[0] | ids[1], 0);
    flag[1] = 1;
    EXPECT(EPI_EINVAL, epi_transitions_append(ids, m->recorder, lanes, columns, 3, 2));
    EXPECT(EPI_EINVAL, epi_transitions_append(ids, m->recorder, NULL, columns + 1, 2, 2));
    reward[1] = strtof("nan", NULL);
    EXPECT(EPI_ENUMBER, epi_transitions_append(ids, m->recorder, NULL, columns, 3, 2));
    columns[1].role = "surprise";
    EXPECT(EPI_EROLE, epi_transitions_append(ids, m->recorder, NULL, columns, 3, 2));
    columns[1] = columns[0];
    EXPECT(EPI_EINVAL, epi_transitions_append(ids, m->recorder, NULL, columns, 3, 2));
    columns[1] = epi_column_f64(EPI_REWARD, NULL);
    EXPECT(EPI_EINVAL, epi_transitions_append(ids, m->recorder, NULL, columns, 2, 2));
    double wide[2] = {0};
    columns[1] = epi_column_f64(EPI_REWARD, wide);
    EXPECT(EPI_ETYPE, epi_transitions_append(ids, m->recorder, NULL, columns, 2, 2));
    columns[0].stride = 8;
    EXPECT(EPI_EINVAL, epi_transitions_append(ids, m->recorder, NULL, columns, 1, 2));
    EXPECT(EPI_ELIMIT, epi_transitions_append(NULL, m->recorder, NULL, columns, 1, EPI_APPEND_COUNT_MAX + 1u));
    assert_int_equal(stats_of(m).steps, 0);
    epi_recorder *none = NULL;
    EXPECT(EPI_EINVAL, epi_recorder_open(&none, m->space, "", 1));
    EXPECT(EPI_EINVAL, epi_recorder_open(&none, m->space, "x", 0));
    EXPECT(EPI_ELIMIT, epi_recorder_open(&none, m->space, "x", EPI_LANE_COUNT_MAX + 1u));
    assert_null(none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(rows_are_counted_and_found_sound),
        TEST(many_rows_fill_chunks),
        TEST(old_steps_are_evicted),
        TEST(a_recorder_belongs_to_its_newest_opener),
        TEST(what_is_malformed_is_refused_and_stores_nothing),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
