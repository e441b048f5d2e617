/* Tests of hindsight: whose achievement a relabelled row gets as its goal, its rewards, and how many rows there are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "place.h"

#define COUNT 3000u
#define ROWS 500u
#define N_STEP 3u
#define GAMMA 0.5

/* Step i achieves i, wants -1 - i, and is rewarded with 1000 + i. */
typedef struct world {
    place at;
    epi_memory *memory;
    epi_space *space;
    uint64_t ids[COUNT];
    size_t first[COUNT], last[COUNT]; /* of each step's episode */
    bool terminated[COUNT], has_next[COUNT];
} world;

static world w;

static void append_episode(epi_recorder *recorder, size_t from, size_t count, bool terminated, bool gives_next) {
    for (size_t i = from; i < from + count; i++) {
        const bool last = i + 1 == from + count, ends = last && terminated, cut = last && !terminated;
        const float observation = (float)i, next = (float)i + 0.5f, reward = 1000 + (float)i;
        const int64_t achieved = (int64_t)i, desired = -1 - (int64_t)i;
        const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, &observation),
                                      epi_column_f32(EPI_REWARD, &reward), epi_column_bool(EPI_TERMINATED, &ends),
                                      epi_column_bool(EPI_TRUNCATED, &cut), epi_column_i64("achieved", &achieved),
                                      epi_column_i64("desired", &desired), epi_column_f32(EPI_NEXT_OBSERVATION, &next)};
        EXPECT(EPI_OK, epi_transitions_append(&w.ids[i], recorder, NULL, columns, last && gives_next ? 7 : 6, 1));
        w.first[i] = from;
        w.last[i] = from + count - 1;
        w.terminated[i] = ends;
        w.has_next[i] = !last || gives_next;
    }
}

static int setup(void **state) {
    (void)state;
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT + 2];
    epi_recorder *recorder = NULL;
    memset(&w, 0, sizeof w);
    place_make(&w.at);
    w.at.options.sync = EPI_SYNC_MANUAL;
    EXPECT(EPI_OK, epi_memory_open(&w.memory, w.at.path, &w.at.options));
    EXPECT(EPI_OK, epi_schema_transitions(&schema, roles, 1, EPI_I32, 0));
    roles[schema.role_count++] = epi_role_tensor("achieved", EPI_I64, 0, NULL);
    roles[schema.role_count++] = epi_role_tensor("desired", EPI_I64, 0, NULL);
    EXPECT(EPI_OK, epi_space_open(&w.space, w.memory, "game", &schema));
    EXPECT(EPI_OK, epi_recorder_open(&recorder, w.space, "one", 1));
    for (size_t i = 0, size = 1; i < COUNT; i += size, size = size % 17 + 1) { /* lengths 1 to 17, and one of 1200 */
        const size_t count = i > 300 && i < 320 ? 1200 : size;
        append_episode(recorder, i, i + count < COUNT ? count : COUNT - i, size % 3 != 0, size % 3 != 1);
        i += count - size;
    }
    epi_recorder_close(recorder);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    epi_space_close(w.space);
    EXPECT(EPI_OK, epi_memory_close(w.memory));
    place_remove(&w.at);
    return 0;
}

/* -1 unless the goal is reached, which terminates. */
static double reward_of(void *context, const void *achieved, const void *desired, bool *terminated) {
    int64_t is, wanted;
    memcpy(&is, achieved, sizeof is);
    memcpy(&wanted, desired, sizeof wanted);
    *(size_t *)context += 1;
    *terminated = is == wanted;
    return is == wanted ? 0 : -1;
}

static double reward_nan(void *context, const void *achieved, const void *desired, bool *terminated) {
    (void)context, (void)achieved, (void)desired, (void)terminated;
    return (double)NAN;
}

static epi_replay_options options_of(epi_her her, size_t *calls) {
    epi_replay_options options = epi_replay_options_default();
    options.n_step = N_STEP;
    options.discount = GAMMA;
    options.her = her;
    options.her_achieved = "achieved";
    options.her_desired = "desired";
    options.her_reward = reward_of;
    options.her_context = calls;
    return options;
}

typedef struct rows {
    uint64_t ids[ROWS];
    float observation[ROWS], next[ROWS], reward[ROWS];
    double discount[ROWS];
    int64_t desired[ROWS];
    bool terminated[ROWS], relabelled[ROWS];
    size_t count;
} rows;

static void draw(rows *out, epi_replay *replay) {
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, out->observation),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, out->next),
                                  epi_column_f32(EPI_REWARD, out->reward),
                                  epi_column_f64(EPI_DISCOUNT, out->discount),
                                  epi_column_i64("desired", out->desired),
                                  epi_column_bool(EPI_TERMINATED, out->terminated),
                                  epi_column_bool(EPI_RELABELLED, out->relabelled)};
    epi_batch batch = epi_batch_default();
    batch.size = ROWS;
    batch.columns = columns;
    batch.column_count = 7;
    batch.ids = out->ids;
    EXPECT(EPI_OK, epi_replay_sample(replay, &batch, 0));
    out->count = batch.count;
}

static void check_row(const rows *out, size_t row, epi_her her) {
    const size_t i = (size_t)out->observation[row];
    double reward = 0, discount = 1;
    bool terminated = false;
    size_t at = i;
    assert_true(out->ids[row] == w.ids[i]);
    if (out->relabelled[row]) {
        const size_t goal = (size_t)out->desired[row];
        assert_true(goal <= w.last[i] && goal >= (her == EPI_HER_EPISODE ? w.first[i] : i));
        if (her == EPI_HER_FINAL) assert_int_equal(goal, w.last[i]);
    } else {
        assert_true(out->desired[row] == -1 - (int64_t)i);
    }
    for (size_t n = 1;; n++, at++) {
        const bool reached = out->relabelled[row] && out->desired[row] == (int64_t)at;
        reward += discount * (out->relabelled[row] ? reached ? 0.0 : -1.0 : 1000.0 + (double)at);
        discount *= GAMMA;
        terminated = reached || (w.terminated[at] && !(out->relabelled[row] && w.has_next[at]));
        if (terminated || n == N_STEP || at == w.last[i]) break;
    }
    assert_true(fabs((double)out->reward[row] - reward) < 1e-2);
    assert_int_equal(out->terminated[row], terminated);
    assert_true(fabs(out->discount[row] - (terminated ? 0 : discount)) < 1e-12);
    const float next = !w.has_next[at] ? 0 : (float)at + (at == w.last[i] ? 0.5f : 1.0f);
    assert_true(out->next[row] == next);
}

static void goals_come_from_the_same_episode(void **state) {
    (void)state;
    static rows out;
    const epi_her ways[] = {EPI_HER_FUTURE, EPI_HER_FINAL, EPI_HER_EPISODE};
    for (size_t way = 0; way < 3; way++) {
        size_t calls = 0, relabelled = 0, drawn = 0;
        const epi_replay_options options = options_of(ways[way], &calls);
        epi_replay *replay = NULL;
        EXPECT(EPI_OK, epi_replay_open(&replay, w.space, &options));
        for (size_t b = 0; b < 40; b++) {
            draw(&out, replay);
            drawn += out.count;
            for (size_t row = 0; row < out.count; row++) check_row(&out, row, ways[way]);
            for (size_t row = 0; row < out.count; row++) relabelled += out.relabelled[row];
        }
        assert_true(calls >= relabelled);
        const double share = (double)relabelled / (double)drawn; /* of 20000, 5 standard errors are .014 */
        assert_true(fabs(share - 0.8) < 0.014);
        epi_replay_close(replay);
    }
}

/* Each step from the drawn one on with the same chance; chi-square with 15 degrees of freedom, p > .001. */
static void futures_are_drawn_evenly(void **state) {
    (void)state;
    static rows out;
    size_t calls = 0, counts[16] = {0}, total = 0, first = 0;
    epi_replay_options options = options_of(EPI_HER_FUTURE, &calls);
    epi_replay *replay = NULL;
    double square = 0;
    while (w.first[first] != first || w.last[first] - first != 15) first++;
    options.her_k = 1e6;
    EXPECT(EPI_OK, epi_replay_open(&replay, w.space, &options));
    static double raw[COUNT];
    raw[first] = 1;
    EXPECT(EPI_OK, epi_replay_update(NULL, replay, w.ids, raw, COUNT));
    for (size_t b = 0; b < 20; b++) {
        draw(&out, replay);
        for (size_t row = 0; row < out.count; row++) counts[(size_t)out.desired[row] - first]++, total++;
    }
    for (size_t i = 0; i < 16; i++) {
        const double expected = (double)total / 16;
        square += ((double)counts[i] - expected) * ((double)counts[i] - expected) / expected;
    }
    assert_true(square < 37.7);
    epi_replay_close(replay);
}

static void the_same_seed_gives_the_same_goals(void **state) {
    (void)state;
    static rows first, second, third;
    size_t calls = 0;
    epi_replay_options options = options_of(EPI_HER_FUTURE, &calls);
    epi_replay *a = NULL, *b = NULL, *c = NULL;
    EXPECT(EPI_OK, epi_replay_open(&a, w.space, &options));
    EXPECT(EPI_OK, epi_replay_open(&b, w.space, &options));
    options.seed = 7;
    EXPECT(EPI_OK, epi_replay_open(&c, w.space, &options));
    for (size_t i = 0; i < 3; i++) draw(&first, a), draw(&second, b), draw(&third, c);
    assert_memory_equal(first.desired, second.desired, sizeof first.desired);
    assert_memory_not_equal(first.desired, third.desired, sizeof first.desired);
    epi_replay_close(a);
    epi_replay_close(b);
    epi_replay_close(c);
}

static void bad_goals_are_refused(void **state) {
    (void)state;
    size_t calls = 0;
    float reward[ROWS];
    epi_replay *replay = NULL;
    epi_replay_options options = options_of(EPI_HER_FUTURE, &calls);
    options.her_desired = "nothing";
    EXPECT(EPI_EROLE, epi_replay_open(&replay, w.space, &options));
    options.her_desired = EPI_OBSERVATION;
    EXPECT(EPI_ETYPE, epi_replay_open(&replay, w.space, &options));
    options.her_desired = NULL;
    EXPECT(EPI_EINVAL, epi_replay_open(&replay, w.space, &options));
    options = options_of(EPI_HER_FUTURE, &calls);
    options.sequence_length = 4;
    EXPECT(EPI_EINVAL, epi_replay_open(&replay, w.space, &options));
    options = options_of(EPI_HER_FUTURE, &calls);
    options.her_k = -1;
    EXPECT(EPI_ENUMBER, epi_replay_open(&replay, w.space, &options));
    options = options_of(EPI_HER_FUTURE, &calls);
    options.her_reward = reward_nan;
    EXPECT(EPI_OK, epi_replay_open(&replay, w.space, &options));
    const epi_column column = epi_column_f32(EPI_REWARD, reward);
    epi_batch batch = epi_batch_default();
    batch.size = ROWS;
    batch.columns = &column;
    batch.column_count = 1;
    EXPECT(EPI_ENUMBER, epi_replay_sample(replay, &batch, 0));
    epi_replay_close(replay);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(goals_come_from_the_same_episode, setup, teardown),
        cmocka_unit_test_setup_teardown(futures_are_drawn_evenly, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_seed_gives_the_same_goals, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_goals_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
