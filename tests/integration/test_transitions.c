/* Transitions: what is appended by columns is there, in other processes and after a restart, and goes in time. */
#include "place.h"
#include "quick.h"

#include <pthread.h>
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

static void steps_and_episodes_are_read_by_id(void **state) {
    maze *m = *state;
    uint64_t ids[20], removed = 0;
    append(m, ids, 0, 0, 10, true);
    append(m, ids + 10, 0, 50, 10, false);
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_step_read(&found, m->space, ids[3]));
    const epi_scene *scene = epi_recollection_scene(found, 0);
    const epi_recalled_step *step = epi_scene_step(scene, 0);
    int64_t action = 0;
    memcpy(&action, epi_scene_part(scene, step, EPI_ACTION)->data, sizeof action);
    assert_int_equal(action, 3);
    assert_int_equal(step->episode, ids[0]);
    assert_int_equal(step->index, 3);
    assert_int_equal(step->flags, 0);
    assert_true(step->reward == 1.5);
    assert_int_equal(epi_scene_part(scene, step, EPI_OBSERVATION)->size, SIZE * sizeof(float));
    epi_recollection_free(found);
    EXPECT(EPI_OK, epi_episode_read(&found, m->space, ids[10], 4, 3));
    scene = epi_recollection_scene(found, 0);
    assert_int_equal(scene->step_count, 3);
    assert_int_equal(epi_scene_step(scene, 0)->id, ids[14]);
    epi_recollection_free(found);
    epi_filter filter = epi_filter_default();
    filter.steps = &ids[5];
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_remove(&removed, m->space, &filter, false));
    assert_int_equal(removed, 1);
    EXPECT(EPI_ESTALE, epi_step_read(&found, m->space, ids[5]));
    EXPECT(EPI_ENOTFOUND, epi_step_read(&found, m->space, ids[19] + 1));
    EXPECT(EPI_ENOTFOUND, epi_episode_read(&found, m->space, UINT64_MAX, 0, 0));
    EXPECT(EPI_OK, epi_step_read(&found, m->space, ids[4])); /* what was in the middle is gone: cut before it */
    assert_int_equal(epi_scene_step(epi_recollection_scene(found, 0), 0)->flags, EPI_STEP_TRUNCATED);
    epi_recollection_free(found);
    EXPECT(EPI_OK, epi_steps_read(&found, m->space, 0, 100));
    assert_int_equal(epi_recollection_count(found), 2);
    assert_int_equal(epi_recollection_scene(found, 0)->step_count, 9);
    epi_recollection_free(found);
    EXPECT(EPI_EINVAL, epi_remove(NULL, m->space, &(epi_filter){.version = 1, .from = 5, .to = EPI_TIME_NONE}, false));
    EXPECT(EPI_ESCHEMA, epi_forget(NULL, m->space, &filter, 0, false));
    EXPECT(EPI_ESCHEMA, epi_episode_begin(&(epi_episode *){NULL}, m->space, NULL));
    place_check(m->place.memory);
}

static void a_purged_step_leaves_no_byte(void **state) {
    maze *m = *state;
    uint64_t ids[64];
    for (unsigned i = 0; i < 200; i++) append(m, i == 3 ? ids : NULL, i % 2, 7777 + i * 64, 64, true);
    const float canary[2] = {(float)(7777 + 3 * 64 + 20), (float)(7777 + 3 * 64 + 20) + 0.1f};
    assert_true(place_holds(m->place.path, canary, sizeof canary));
    epi_filter filter = epi_filter_default();
    filter.steps = &ids[19]; /* and the one behind it, whose observation is its next one */
    filter.step_count = 2;
    EXPECT(EPI_OK, epi_purge(NULL, m->space, &filter));
    assert_false(place_holds(m->place.path, canary, sizeof canary));
    place_check(m->place.memory);
}

static void another_process_sees_what_is_committed(void **state) {
    maze *m = *state;
    int said[2];
    assert_int_equal(pipe(said), 0);
    pid_t other = fork(); /* it closes nothing of ours, and opens the memory itself */
    if (other == 0) {
        maze own = *m;
        char byte = 0;
        (void)close(said[1]);
        while (read(said[0], &byte, 1) == 1) (void)0;
        own.place.options.readers_max = 0;
        open_space(&own);
        uint64_t steps = stats_of(&own).steps;
        epi_space_close(own.space);
        _exit(epi_memory_close(own.place.memory) == EPI_OK && steps == 30 * 64 ? 0 : 1);
    }
    for (unsigned i = 0; i < 30; i++) append(m, NULL, i % 4, i * 64, 64, false);
    (void)close(said[0]);
    (void)close(said[1]);
    int status = 0;
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
}

/* Its recorder and its handles answer that it is gone; its bytes are free again, and another space has all it had. */
static void a_dropped_space_leaves_the_others(void **state) {
    maze *m = *state;
    epi_space *other = NULL;
    epi_recorder *recorder = NULL;
    epi_memory_stats before, after;
    const float observation[SIZE] = {1, 2, 3, 4};
    const epi_column column = epi_column_f32(EPI_OBSERVATION, observation);
    EXPECT(EPI_OK, epi_space_open(&other, m->place.memory, "other", &m->schema));
    EXPECT(EPI_OK, epi_recorder_open(&recorder, other, "actor", 1));
    EXPECT(EPI_OK, epi_transitions_append(NULL, recorder, NULL, &column, 1, 1));
    EXPECT(EPI_OK, epi_memory_stats_read(&before, m->place.memory));
    for (unsigned i = 0; i < 400; i++) append(m, NULL, i % 4, i * 64, 64, false);
    EXPECT(EPI_OK, epi_space_drop(m->place.memory, "maze"));
    EXPECT(EPI_ESTALE, epi_transitions_append(NULL, m->recorder, NULL, &column, 1, 1));
    EXPECT(EPI_ESTALE, epi_transitions_stats_read(&(epi_transition_stats){0}, m->space));
    EXPECT(EPI_OK, epi_memory_stats_read(&after, m->place.memory));
    assert_true(after.used_size <= before.used_size + 65536);
    EXPECT(EPI_OK, epi_transitions_append(NULL, recorder, NULL, &column, 1, 1));
    epi_transition_stats stats;
    EXPECT(EPI_OK, epi_transitions_stats_read(&stats, other));
    assert_int_equal(stats.steps, 2);
    place_check(m->place.memory);
    epi_recorder_close(recorder);
    epi_space_close(other);
    close_all(m);
    open_all(m); /* a new one of that name */
    append(m, NULL, 0, 0, 3, true);
    assert_int_equal(stats_of(m).steps, 3);
}

/* A recorder goes on over a compaction, within its episode. */
static void compaction_leaves_recorders_at_work(void **state) {
    maze *m = *state;
    uint64_t ids[64], first = 0;
    for (unsigned i = 0; i < 200; i++) {
        append(m, ids, i % 4, i / 4 * 64, 64, false);
        if (i == 0) first = ids[0];
        if (i % 60 == 59) EXPECT(EPI_OK, epi_memory_compact(m->place.memory));
    }
    epi_transition_stats stats = stats_of(m);
    assert_int_equal(stats.steps, 200 * 64);
    assert_int_equal(stats.episodes, 4);
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_episode_read(&found, m->space, first, 3000, 1));
    const epi_scene *scene = epi_recollection_scene(found, 0);
    assert_int_equal(epi_scene_step(scene, 0)->index, 3000);
    assert_true(epi_scene_step(scene, 0)->reward == 1500.0);
    epi_recollection_free(found);
    place_check(m->place.memory);
}

/* What is evicted is given back: the file does not grow with what went through it. */
static void evicted_bytes_are_used_again(void **state) {
    maze *m = *state;
    epi_memory_stats early, late;
    epi_transition_limits limits = epi_transition_limits_default();
    limits.max_steps = 20000;
    EXPECT(EPI_OK, epi_transitions_limit(m->space, &limits));
    for (unsigned i = 0; i < 800; i++) append(m, NULL, i % 4, i * 64, 64, i % 7 == 0);
    EXPECT(EPI_OK, epi_memory_stats_read(&early, m->place.memory));
    for (unsigned i = 0; i < 2400; i++) append(m, NULL, i % 4, i * 64, 64, i % 7 == 0);
    EXPECT(EPI_OK, epi_memory_stats_read(&late, m->place.memory));
    assert_true(late.used_size <= early.used_size + early.used_size / 4);
    /* four lanes: at most one chunk that is partly gone and one that is being filled, of each */
    epi_transition_stats stats = stats_of(m);
    assert_int_equal(stats.steps, 20000);
    assert_true(stats.chunks <= (20000 + stats.capacity - 1) / stats.capacity + 2 * 4);
}

static void *read_on(void *context) {
    maze *m = context;
    uint64_t after = 0;
    for (int i = 0; i < 60; i++) {
        epi_recollection *page = NULL;
        EXPECT(EPI_OK, epi_steps_read(&page, m->space, after, 50));
        for (size_t j = 0; j < epi_recollection_count(page); j++) {
            const epi_scene *scene = epi_recollection_scene(page, j);
            for (size_t k = 0; k < scene->step_count; k++) {
                const epi_recalled_step *step = epi_scene_step(scene, k);
                const float *observation = epi_scene_part(scene, step, EPI_OBSERVATION)->data;
                assert_true(observation[0] == (float)(step->reward * 2.0));
                after = step->id;
            }
        }
        if (epi_recollection_count(page) == 0) after = 0;
        epi_recollection_free(page);
    }
    return NULL;
}

static void *evict_on(void *context) {
    maze *m = context;
    epi_transition_limits limits = epi_transition_limits_default();
    for (unsigned i = 0; i < 20; i++) {
        limits.max_steps = 3000 - i * 100;
        EXPECT(EPI_OK, epi_transitions_limit(m->space, &limits));
    }
    return NULL;
}

/* One appends, one reads, one evicts. */
static void threads_share_a_space(void **state) {
    maze *m = *state;
    pthread_t reader, evictor;
    append(m, NULL, 0, 0, 64, false);
    assert_int_equal(pthread_create(&reader, NULL, read_on, m), 0);
    assert_int_equal(pthread_create(&evictor, NULL, evict_on, m), 0);
    for (unsigned i = 0; i < 300; i++) append(m, NULL, i % 4, i * 64, 64, i % 7 == 0);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_int_equal(pthread_join(evictor, NULL), 0);
    place_check(m->place.memory);
    assert_true(stats_of(m).steps <= 3000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(rows_are_counted_and_found_sound),
        TEST(many_rows_fill_chunks),
        TEST(old_steps_are_evicted),
        TEST(a_recorder_belongs_to_its_newest_opener),
        TEST(steps_and_episodes_are_read_by_id),
        TEST(a_purged_step_leaves_no_byte),
        TEST(another_process_sees_what_is_committed),
        TEST(a_dropped_space_leaves_the_others),
        TEST(compaction_leaves_recorders_at_work),
        TEST(evicted_bytes_are_used_again),
        TEST(threads_share_a_space),
        TEST(what_is_malformed_is_refused_and_stores_nothing),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
