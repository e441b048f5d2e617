/* Tests of traces: that they hold what is stored, follow what is added, hidden and removed, and leave imagined steps
 * out. */
#include "imagine/traces.h"
#include "place.h"
#include "quick.h"

#define SIZE 2u

static epi_space *open_space(place *p) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_space *space = NULL;
    place_vector_schema(&schema, roles, SIZE);
    roles[1].dtype = EPI_U8;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "walks", &schema));
    return space;
}

static uint64_t append(epi_episode *episode, float x, int action, uint32_t flags) {
    float observation[SIZE] = {x, -x}, reward = x / 3.0f;
    uint8_t taken = (uint8_t)action;
    uint64_t id = 0;
    epi_part parts[] = {epi_part_f32("observation", observation, SIZE), epi_part_bytes("action", &taken, 1),
                        epi_part_f32("reward", &reward, 1)};
    epi_step step = epi_step_default();
    step.parts = parts;
    step.part_count = action < 0 ? 1 : 3;
    step.flags = flags;
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    return id;
}

static void walk(uint64_t *ids, epi_space *space, float from, size_t count) {
    epi_episode *episode = place_episode(space);
    for (size_t i = 0; i < count; i++) ids[i] = append(episode, from + (float)i, (int)i, 0);
    (void)append(episode, from + (float)count, -1, 0);
    epi_episode_close(episode);
}

static epi__traces *acquire(epi_space *space) {
    epi__traces *traces = NULL;
    EXPECT(EPI_OK, epi__traces_acquire(&traces, space));
    return traces;
}

static size_t live(const epi__traces *traces) {
    size_t count = 0;
    for (uint32_t row = 0; row < traces->count; row++) count += epi__traces_leads_on(traces, row);
    return count;
}

static void traces_hold_what_is_stored(void **state) {
    place *p = *state;
    epi_space *space = open_space(p);
    uint64_t ids[5];
    walk(ids, space, 10.0f, 5);
    epi__traces *traces = acquire(space);
    assert_int_equal(traces->count, 6);
    assert_int_equal(traces->action_size, 1);
    for (uint32_t i = 0; i < 5; i++) {
        uint32_t row = epi__traces_row(traces, ids[i]);
        float x = 10.0f + (float)i;
        assert_int_equal(traces->steps[row], ids[i]);
        assert_true(epi__traces_observation(traces, row)[0] == x && epi__traces_observation(traces, row)[1] == -x);
        assert_int_equal(epi__traces_action(traces, row)[0], i);
        assert_true(traces->rewards[row] == (double)(x / 3.0f));
        assert_true(epi__traces_leads_on(traces, row));
        assert_int_equal(traces->indices[row], i);
        assert_int_equal(traces->previous[traces->next[row]], row);
    }
    uint32_t last = traces->next[epi__traces_row(traces, ids[4])];
    assert_int_equal(traces->flags[last], EPI__TRACE_FINAL);
    assert_int_equal(traces->next[last], EPI__NO_ROW);
    epi__traces_release(traces);
    epi_space_close(space);
}

static void traces_follow_what_is_added(void **state) {
    place *p = *state;
    epi_space *space = open_space(p);
    uint64_t ids[20];
    epi__traces_release(acquire(space));
    walk(ids, space, 0.0f, 4);
    epi_episode *first = place_episode(space), *second = place_episode(space);
    uint64_t a = append(first, 1.0f, 1, 0), b = append(second, 2.0f, 2, 0);
    epi__traces *traces = acquire(space);
    uint64_t generation = traces->generation;
    assert_int_equal(live(traces), 4);
    epi__traces_release(traces);
    uint64_t c = append(first, 3.0f, 3, 0), d = append(second, 4.0f, 4, EPI_STEP_TERMINATED);
    traces = acquire(space);
    assert_int_equal(traces->generation, generation);
    assert_int_equal(live(traces), 7); /* the one that terminated led to an end */
    assert_int_equal(traces->next[epi__traces_row(traces, a)], epi__traces_row(traces, c));
    assert_int_equal(traces->next[epi__traces_row(traces, b)], epi__traces_row(traces, d));
    assert_true(traces->flags[epi__traces_row(traces, d)] & EPI__TRACE_TERMINATED);
    epi__traces_release(traces);
    epi_episode_close(first);
    epi_episode_close(second);
    epi_space_close(space);
}

static void traces_lose_what_is_forgotten_and_removed(void **state) {
    place *p = *state;
    epi_space *space = open_space(p);
    uint64_t ids[5];
    epi_filter filter = epi_filter_default();
    walk(ids, space, 0.0f, 5);
    epi__traces_release(acquire(space));
    filter.steps = &ids[2];
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_forget(NULL, space, &filter, 0, false));
    epi__traces *traces = acquire(space);
    assert_int_equal(epi__traces_row(traces, ids[2]), EPI__NO_ROW);
    assert_int_equal(traces->next[epi__traces_row(traces, ids[1])], EPI__NO_ROW);
    assert_int_equal(live(traces), 3);
    epi__traces_release(traces);
    filter.include_forgotten = true;
    EXPECT(EPI_OK, epi_restore(NULL, space, &filter));
    traces = acquire(space);
    assert_int_equal(live(traces), 5);
    assert_int_equal(traces->next[epi__traces_row(traces, ids[1])], epi__traces_row(traces, ids[2]));
    epi__traces_release(traces);
    filter.include_forgotten = false;
    filter.steps = &ids[0];
    EXPECT(EPI_OK, epi_remove(NULL, space, &filter, false));
    traces = acquire(space);
    assert_int_equal(live(traces), 4);
    epi__traces_release(traces);
    epi_space_close(space);
}

static void traces_leave_imagined_steps_out(void **state) {
    place *p = *state;
    epi_space *space = open_space(p);
    epi_episode *episode = place_episode(space);
    (void)append(episode, 1.0f, 1, EPI_STEP_IMAGINED);
    (void)append(episode, 2.0f, 2, 0);
    epi__traces *traces = acquire(space);
    assert_int_equal(traces->count, 1);
    epi__traces_release(traces);
    epi_episode_close(episode);
    epi_space_close(space);
}

static void a_space_without_observations_is_refused(void **state) {
    place *p = *state;
    epi__traces *traces = NULL;
    EXPECT(EPI_EUNSUPPORTED, epi__traces_acquire(&traces, p->space));
    assert_null(traces);
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(traces_hold_what_is_stored, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(traces_follow_what_is_added, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(traces_lose_what_is_forgotten_and_removed, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(traces_leave_imagined_steps_out, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_space_without_observations_is_refused, place_setup, place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
