/* Tests of traces: that they hold what is stored, follow what is appended, removed and evicted, see what other
 * processes append, and are the same whether they followed or were loaded anew.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "imagine/traces.h"
#include "place.h"
#include "quick.h"

#define SIZE 2u
#define LANES 3u

static epi_space *open_space(place *p) {
    return place_transitions(p, "walks", SIZE, EPI_U8, 0);
}

/* Steps from `from` to from + count - 1, each in x and -x with the action (uint8_t)x and the reward x / 3; the last one
 * with these flags. Where it ends, what it came to is from + count. */
static void walk(uint64_t *ids, epi_recorder *recorder, uint32_t lane, float from, size_t count, uint32_t flags) {
    enum { MAX = 64 };
    float observations[(MAX + 1) * SIZE], rewards[MAX];
    uint8_t actions[MAX];
    bool terminated[MAX] = {0}, truncated[MAX] = {0};
    uint32_t lanes[MAX];
    assert_true(count > 0 && count <= MAX);
    for (size_t i = 0; i <= count; i++) {
        const float x = from + (float)i;
        observations[SIZE * i] = x;
        observations[SIZE * i + 1] = -x;
        if (i == count) break;
        actions[i] = (uint8_t)x;
        rewards[i] = x / 3.0f;
        lanes[i] = lane;
    }
    terminated[count - 1] = (flags & EPI_STEP_TERMINATED) != 0;
    truncated[count - 1] = (flags & EPI_STEP_TRUNCATED) != 0;
    const epi_column columns[] = {
        epi_column_f32(EPI_OBSERVATION, observations), epi_column_u8(EPI_ACTION, actions),
        epi_column_f32(EPI_REWARD, rewards),           epi_column_bool(EPI_TERMINATED, terminated),
        epi_column_bool(EPI_TRUNCATED, truncated),     epi_column_f32(EPI_NEXT_OBSERVATION, observations + SIZE)};
    EXPECT(EPI_OK, epi_transitions_append(ids, recorder, lanes, columns, flags ? 6 : 5, count));
}

static epi__traces *acquire(epi_space *space) {
    epi__traces *traces = NULL;
    EXPECT(EPI_OK, epi__traces_acquire(&traces, space));
    return traces;
}

static size_t leading_on(const epi__traces *traces) {
    size_t count = 0;
    for (uint32_t row = 0; row < traces->count; row++) count += epi__traces_leads_on(traces, row);
    return count;
}

static size_t leading_on_in(epi_space *space) {
    epi__traces *traces = acquire(space);
    const size_t count = leading_on(traces);
    epi__traces_release(traces);
    return count;
}

static void assert_is_at(const epi__traces *traces, uint32_t row, float x) {
    assert_true(epi__traces_observation(traces, row)[0] == x && epi__traces_observation(traces, row)[1] == -x);
}

static void assert_is_final(const epi__traces *traces, uint32_t row, float x) {
    assert_int_not_equal(row, EPI__NO_ROW);
    assert_int_equal(traces->flags[row], EPI__TRACE_FINAL);
    assert_int_equal(traces->next[row], EPI__NO_ROW);
    assert_int_equal(traces->steps[row], 0);
    assert_is_at(traces, row, x);
}

static void remove_step(epi_space *space, uint64_t id) {
    epi_filter filter = epi_filter_default();
    filter.steps = &id;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_remove(NULL, space, &filter, false));
}

/* ---- what is held ----------------------------------------------------------------------------------------------- */

static void assert_holds_walk(const epi__traces *traces, const uint64_t *ids, float from, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t row = epi__traces_row(traces, ids[i]);
        const float x = from + (float)i;
        assert_int_not_equal(row, EPI__NO_ROW);
        assert_int_equal(traces->steps[row], ids[i]);
        assert_int_equal(traces->episodes[row], ids[0]);
        assert_is_at(traces, row, x);
        assert_is_at(traces, traces->next[row], x + 1.0f);
        assert_int_equal(epi__traces_action(traces, row)[0], (uint8_t)x);
        assert_true(traces->rewards[row] == (double)(x / 3.0f));
        assert_true(epi__traces_leads_on(traces, row));
        assert_int_equal(traces->indices[row], i);
        assert_int_equal(traces->previous[traces->next[row]], row);
    }
}

static void traces_hold_what_is_stored(void **state) {
    place *p = *state;
    epi_space *space = open_space(p);
    epi_recorder *recorder = place_recorder(space, LANES);
    uint64_t ids[5];
    walk(ids, recorder, 0, 10.0f, 5, EPI_STEP_TRUNCATED);
    epi__traces *traces = acquire(space);
    assert_int_equal(traces->count, 6);
    assert_int_equal(traces->action_size, 1);
    assert_holds_walk(traces, ids, 10.0f, 5);
    assert_int_equal(traces->flags[epi__traces_row(traces, ids[4])], EPI__TRACE_TRUNCATED);
    assert_is_final(traces, traces->next[epi__traces_row(traces, ids[4])], 15.0f);
    assert_int_equal(epi__traces_row(traces, ids[4] + 1), EPI__NO_ROW); /* the final slot is no step */
    assert_int_equal(epi__traces_row(traces, 0), EPI__NO_ROW);
    assert_int_equal(epi__traces_row(traces, UINT64_MAX), EPI__NO_ROW);
    epi__traces_release(traces);
    epi_recorder_close(recorder);
    epi_space_close(space);
}

static void pending_steps_are_seen_and_not_committed(void **state) {
    place *p = *state;
    p->options.sync = EPI_SYNC_MANUAL;
    place_reopen(p);
    epi_space *space = open_space(p);
    epi_recorder *recorder = place_recorder(space, LANES);
    epi_transition_stats stats;
    uint64_t ids[5];
    walk(ids, recorder, 0, 10.0f, 5, EPI_STEP_TERMINATED);
    assert_int_equal(leading_on_in(space), 5);
    EXPECT(EPI_OK, epi_transitions_stats_read(&stats, space));
    assert_int_equal(stats.pending, 5);
    epi_recorder_close(recorder);
    epi_space_close(space);
}

static void observations_of_other_types_are_converted(void **state) {
    place *p = *state;
    static const epi_dtype types[] = {EPI_F64, EPI_I8, EPI_I64, EPI_U8, EPI_U16};
    const double wide[] = {1.5, 1e300}, next[] = {2.5, 0.0};
    const int8_t narrow[] = {-3, 4};
    const int64_t whole[] = {-(1ll << 40), 5};
    const uint8_t byte[] = {255, 0};
    const uint16_t pair[] = {65535, 7};
    const void *values[] = {next, narrow, whole, byte, pair};
    const float expected[][SIZE] = {{2.5f, 0.0f}, {-3, 4}, {-1099511627776.0f, 5}, {255, 0}, {65535, 7}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        epi_schema schema;
        epi_role roles[EPI_TRANSITION_ROLE_COUNT];
        epi_space *space = NULL;
        char name[16];
        bool yes = true;
        uint64_t id = 0;
        EXPECT(EPI_OK, epi_schema_transitions(&schema, roles, SIZE, EPI_U8, 0));
        roles[0].dtype = types[i];
        (void)snprintf(name, sizeof name, "type-%zu", i);
        EXPECT(EPI_OK, epi_space_open(&space, p->memory, name, &schema));
        epi_recorder *recorder = place_recorder(space, LANES);
        epi_column columns[] = {epi_column_of(EPI_OBSERVATION, types[i], values[i], 0),
                                epi_column_bool(EPI_TERMINATED, &yes)};
        EXPECT(EPI_OK, epi_transitions_append(&id, recorder, NULL, columns, 2, 1));
        epi__traces *traces = acquire(space);
        assert_memory_equal(epi__traces_observation(traces, epi__traces_row(traces, id)), expected[i],
                            sizeof expected[i]);
        epi__traces_release(traces);
        if (types[i] == EPI_F64) { /* not finite as float32 */
            columns[0].data = epi_column_f64(EPI_OBSERVATION, wide).data;
            EXPECT(EPI_OK, epi_transitions_append(&id, recorder, NULL, columns, 2, 1));
            traces = acquire(space);
            assert_int_equal(epi__traces_row(traces, id), EPI__NO_ROW);
            assert_int_equal(traces->count, 1);
            epi__traces_release(traces);
        }
        epi_recorder_close(recorder);
        epi_space_close(space);
    }
}

/* ---- following -------------------------------------------------------------------------------------------------- */

static void traces_follow_what_is_appended(void **state) {
    place *p = *state;
    epi_space *space = open_space(p);
    epi_recorder *recorder = place_recorder(space, LANES);
    uint64_t ids[4], a, b, c, d;
    epi__traces_release(acquire(space));
    walk(ids, recorder, 0, 0.0f, 4, EPI_STEP_TERMINATED);
    walk(&a, recorder, 1, 1.0f, 1, 0);
    walk(&b, recorder, 2, 2.0f, 1, 0);
    epi__traces *traces = acquire(space);
    const uint64_t generation = traces->generation;
    assert_int_equal(leading_on(traces), 4);
    assert_int_equal(traces->next[epi__traces_row(traces, a)], EPI__NO_ROW);
    epi__traces_release(traces);
    walk(&c, recorder, 1, 3.0f, 1, 0);
    walk(&d, recorder, 2, 4.0f, 1, EPI_STEP_TERMINATED);
    traces = acquire(space);
    assert_int_equal(traces->generation, generation);
    assert_int_equal(traces->gone_count, 0);
    assert_int_equal(leading_on(traces), 7);
    assert_int_equal(traces->next[epi__traces_row(traces, a)], epi__traces_row(traces, c));
    assert_int_equal(traces->next[epi__traces_row(traces, b)], epi__traces_row(traces, d));
    assert_true(traces->flags[epi__traces_row(traces, d)] & EPI__TRACE_TERMINATED);
    epi__traces_release(traces);
    EXPECT(EPI_OK, epi_recorder_cut(recorder, 1));
    traces = acquire(space);
    assert_int_equal(traces->flags[epi__traces_row(traces, c)], EPI__TRACE_TRUNCATED);
    assert_false(epi__traces_leads_on(traces, epi__traces_row(traces, c))); /* it was not told what came */
    epi__traces_release(traces);
    epi_recorder_close(recorder);
    epi_space_close(space);
}

static void traces_lose_what_is_removed(void **state) {
    place *p = *state;
    epi_space *space = open_space(p);
    epi_recorder *recorder = place_recorder(space, LANES);
    uint64_t ids[5];
    walk(ids, recorder, 0, 0.0f, 5, EPI_STEP_TERMINATED);
    epi__traces_release(acquire(space));
    remove_step(space, ids[2]);
    epi__traces *traces = acquire(space);
    assert_int_equal(epi__traces_row(traces, ids[2]), EPI__NO_ROW);
    const uint32_t before = epi__traces_row(traces, ids[1]);
    assert_int_equal(traces->flags[before], EPI__TRACE_TRUNCATED); /* it keeps what it came to */
    assert_is_final(traces, traces->next[before], 2.0f);
    assert_int_equal(traces->previous[epi__traces_row(traces, ids[3])], EPI__NO_ROW);
    assert_int_equal(leading_on(traces), 4);
    epi__traces_release(traces);
    remove_step(space, ids[4]); /* with it goes what it led to */
    traces = acquire(space);
    assert_int_equal(leading_on(traces), 3);
    assert_is_final(traces, traces->next[epi__traces_row(traces, ids[3])], 4.0f);
    assert_int_equal(traces->gone_count, 3);
    epi__traces_release(traces);
    epi_recorder_close(recorder);
    epi_space_close(space);
}

static void evicted_steps_leave(void **state) {
    place *p = *state;
    epi_space *space = open_space(p);
    epi_recorder *recorder = place_recorder(space, LANES);
    epi_transition_limits limits = epi_transition_limits_default();
    uint64_t ids[3000], last = 0;
    for (size_t i = 0; i < 60; i++) walk(ids + 50 * i, recorder, 0, (float)i, 50, EPI_STEP_TRUNCATED);
    assert_int_equal(leading_on_in(space), 3000);
    limits.max_steps = 100;
    EXPECT(EPI_OK, epi_transitions_limit(space, &limits));
    epi__traces *traces = acquire(space);
    assert_int_equal(leading_on(traces), 100);
    assert_int_equal(epi__traces_row(traces, ids[2899]), EPI__NO_ROW);
    assert_is_at(traces, epi__traces_row(traces, ids[2900]), 58.0f);
    epi__traces_release(traces);
    for (size_t i = 0; i < 300; i++) walk(ids, recorder, 0, (float)i, 50, EPI_STEP_TRUNCATED); /* chunks go, and come */
    last = ids[49];
    traces = acquire(space);
    assert_int_equal(leading_on(traces), 100);
    assert_is_final(traces, traces->next[epi__traces_row(traces, last)], 349.0f);
    epi__traces_release(traces);
    epi_recorder_close(recorder);
    epi_space_close(space);
}

/* ---- the same, however it came in ------------------------------------------------------------------------------- */

static uint32_t next_live(const epi__traces *t, uint32_t row) {
    while (row < t->count && t->flags[row] & (EPI__TRACE_GONE | EPI__TRACE_FINAL)) row++;
    return row;
}

/* Steps in the same order, to the bit, each leading to the same. */
static void assert_same(const epi__traces *a, const epi__traces *b) {
    const size_t width = a->observation_size * sizeof(float);
    uint32_t i = next_live(a, 0), j = next_live(b, 0);
    for (; i < a->count && j < b->count; i = next_live(a, i + 1), j = next_live(b, j + 1)) {
        const uint32_t m = a->next[i], n = b->next[j];
        assert_int_equal(a->steps[i], b->steps[j]);
        assert_int_equal(a->episodes[i], b->episodes[j]);
        assert_int_equal(a->indices[i], b->indices[j]);
        assert_int_equal(a->flags[i], b->flags[j]);
        assert_memory_equal(&a->rewards[i], &b->rewards[j], sizeof(double));
        assert_memory_equal(epi__traces_observation(a, i), epi__traces_observation(b, j), width);
        assert_memory_equal(epi__traces_action(a, i), epi__traces_action(b, j), a->action_size);
        assert_int_equal(m == EPI__NO_ROW, n == EPI__NO_ROW);
        if (m == EPI__NO_ROW) continue;
        assert_int_equal(a->steps[m], b->steps[n]);
        assert_int_equal(a->flags[m], b->flags[n]);
        assert_int_equal(a->previous[m], i);
        assert_memory_equal(epi__traces_observation(a, m), epi__traces_observation(b, n), width);
    }
    assert_true(i >= a->count && j >= b->count);
}

static void *copy_of(const void *items, size_t count, size_t size) {
    void *copy = malloc(count * size + 1);
    assert_non_null(copy);
    memcpy(copy, items, count * size);
    return copy;
}

/* A copy of the rows alone. */
static epi__traces rows_of(const epi__traces *t) {
    epi__traces rows = {.observation_size = t->observation_size, .action_size = t->action_size, .count = t->count};
    rows.steps = copy_of(t->steps, t->count, sizeof *t->steps);
    rows.episodes = copy_of(t->episodes, t->count, sizeof *t->episodes);
    rows.indices = copy_of(t->indices, t->count, sizeof *t->indices);
    rows.observations = copy_of(t->observations, t->count * t->observation_size, sizeof *t->observations);
    rows.actions = copy_of(t->actions, t->count, t->action_size);
    rows.rewards = copy_of(t->rewards, t->count, sizeof *t->rewards);
    rows.flags = copy_of(t->flags, t->count, sizeof *t->flags);
    rows.next = copy_of(t->next, t->count, sizeof *t->next);
    rows.previous = copy_of(t->previous, t->count, sizeof *t->previous);
    return rows;
}

static void rows_free(epi__traces *rows) {
    void *all[] = {rows->steps,   rows->episodes, rows->indices, rows->observations, rows->actions,
                   rows->rewards, rows->flags,    rows->next,    rows->previous};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void assert_same_anew(epi_space *space) {
    epi__traces *traces = acquire(space);
    epi__traces followed = rows_of(traces);
    epi__traces_release(traces);
    traces->loaded = false;
    traces = acquire(space);
    assert_int_equal(traces->gone_count, 0);
    assert_same(&followed, traces);
    epi__traces_release(traces);
    rows_free(&followed);
}

static void remove_some(epi_space *space, epi__random *random) {
    epi__traces *traces = acquire(space);
    uint64_t id = 0;
    for (int i = 0; i < 20 && !id && traces->count; i++) {
        const size_t row = epi__random_below(random, traces->count);
        if (!(traces->flags[row] & EPI__TRACE_GONE)) id = traces->steps[row];
    }
    epi__traces_release(traces);
    if (id) remove_step(space, id);
}

static void following_is_the_same_as_loading_anew(void **state) {
    place *p = *state;
    epi__random random = epi__random_seed(quick_seed(23));
    p->options.sync = EPI_SYNC_MANUAL;
    place_reopen(p);
    epi_space *space = open_space(p);
    epi_recorder *recorder = place_recorder(space, LANES);
    static const uint32_t flags[] = {0, 0, EPI_STEP_TERMINATED, EPI_STEP_TRUNCATED};
    uint64_t ids[64];
    for (int round = 0; round < 600; round++) {
        const uint64_t what = epi__random_below(&random, 40);
        const uint32_t lane = (uint32_t)epi__random_below(&random, LANES);
        if (what == 0) {
            remove_some(space, &random);
        } else if (what == 1) {
            EXPECT(EPI_OK, epi_recorder_cut(recorder, lane));
        } else if (what == 2) {
            EXPECT(EPI_OK, epi_sync(NULL, p->memory));
        } else if (what == 3) { /* it is not known then which slots to look at */
            epi_recorder_close(recorder);
            recorder = place_recorder(space, LANES);
        } else {
            walk(ids, recorder, lane, (float)round, 1 + epi__random_below(&random, 64),
                 flags[epi__random_below(&random, 4)]);
        }
        if (round == 400) {
            epi_transition_limits limits = epi_transition_limits_default();
            limits.max_steps = 4000;
            EXPECT(EPI_OK, epi_transitions_limit(space, &limits));
        }
        if (epi__random_below(&random, 5) == 0) epi__traces_release(acquire(space));
        if (round % 100 == 99) assert_same_anew(space);
    }
    epi_recorder_close(recorder);
    epi_space_close(space);
}

static void rows_keep_their_places_when_a_recorder_is_opened_again(void **state) {
    place *p = *state;
    epi_space *space = open_space(p);
    epi_recorder *first = place_recorder(space, LANES);
    uint64_t ids[5], more[5];
    walk(ids, first, 0, 10.0f, 5, 0);
    epi__traces *traces = acquire(space);
    const uint64_t generation = traces->generation;
    epi__traces_release(traces);
    epi_recorder *second = place_recorder(space, LANES);
    walk(more, second, 0, 15.0f, 5, EPI_STEP_TERMINATED);
    traces = acquire(space);
    assert_int_equal(traces->generation, generation);
    assert_int_equal(traces->gone_count, 0);
    for (uint32_t i = 0; i < 5; i++) assert_int_equal(traces->steps[i], ids[i]);
    assert_int_equal(traces->next[4], epi__traces_row(traces, more[0]));
    assert_int_equal(leading_on(traces), 10);
    epi__traces_release(traces);
    epi_recorder_close(first);
    epi_recorder_close(second);
    epi_space_close(space);
}

static void traces_are_there_after_reopening(void **state) {
    place *p = *state;
    epi_space *space = open_space(p);
    epi_recorder *recorder = place_recorder(space, LANES);
    uint64_t ids[5];
    walk(ids, recorder, 0, 10.0f, 5, EPI_STEP_TERMINATED);
    epi_recorder_close(recorder);
    epi_space_close(space);
    place_reopen(p);
    space = open_space(p);
    epi__traces *traces = acquire(space);
    assert_int_equal(traces->count, 6);
    assert_holds_walk(traces, ids, 10.0f, 5);
    epi__traces_release(traces);
    epi_space_close(space);
}

static int append_in_child(place *p) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    uint64_t ids[40];
    if (epi_memory_open(&memory, p->path, NULL) || epi_space_open(&space, memory, "walks", NULL)) return 1;
    epi_recorder *recorder = NULL;
    EXPECT(EPI_OK, epi_recorder_open(&recorder, space, "other", LANES));
    walk(ids, recorder, 0, 100.0f, 40, EPI_STEP_TERMINATED);
    epi_recorder_close(recorder);
    epi_space_close(space);
    return epi_memory_close(memory) ? 1 : 0;
}

static void steps_of_another_process_are_seen(void **state) {
    place *p = *state;
    epi_space *space = open_space(p);
    epi_recorder *recorder = place_recorder(space, LANES);
    uint64_t ids[5];
    int status = 1;
    walk(ids, recorder, 0, 10.0f, 5, EPI_STEP_TERMINATED);
    epi__traces *traces = acquire(space);
    const uint64_t generation = traces->generation;
    epi__traces_release(traces);
    const pid_t child = fork();
    if (child == 0) _exit(append_in_child(p));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    traces = acquire(space);
    assert_int_equal(traces->generation, generation);
    assert_int_equal(leading_on(traces), 45);
    assert_holds_walk(traces, ids, 10.0f, 5);
    assert_is_at(traces, 6, 100.0f);
    epi__traces_release(traces);
    epi_recorder_close(recorder);
    epi_space_close(space);
}

static void a_space_without_columns_is_refused(void **state) {
    place *p = *state;
    epi__traces *traces = NULL;
    EXPECT(EPI_EUNSUPPORTED, epi__traces_acquire(&traces, p->space));
    assert_null(traces);
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(traces_hold_what_is_stored, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(pending_steps_are_seen_and_not_committed, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(observations_of_other_types_are_converted, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(traces_follow_what_is_appended, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(traces_lose_what_is_removed, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(evicted_steps_leave, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(following_is_the_same_as_loading_anew, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(rows_keep_their_places_when_a_recorder_is_opened_again, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(traces_are_there_after_reopening, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(steps_of_another_process_are_seen, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_space_without_columns_is_refused, place_setup, place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
