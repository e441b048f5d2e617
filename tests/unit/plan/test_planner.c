/* Tests of the planner: that it acts on stored steps while the world agrees, plans again when it does not, and does not
 * act on what is gone.
 */
#include <math.h>

#include "base/base.h"
#include "place.h"
#include "quick.h"

static epi_space *corridor(place *p) {
    return place_transitions(p, "corridor", 2, EPI_F32, 2);
}

/* Walks of 11 steps of about .5 in a square of side 4; what would leave it stays where it is. */
static void fill(epi_space *space, size_t walks) {
    enum { STEPS = 11 };
    epi__random random = epi__random_seed(quick_seed(3));
    epi_recorder *recorder = place_recorder(space, 1);
    for (size_t w = 0; w < walks; w++) {
        float places[STEPS + 1][2], actions[STEPS][2], rewards[STEPS];
        bool truncated[STEPS] = {0};
        truncated[STEPS - 1] = true;
        for (int d = 0; d < 2; d++) places[0][d] = (float)epi__random_unit(&random) * 4.0f;
        for (int i = 0; i < STEPS; i++) {
            float to[2];
            for (int d = 0; d < 2; d++) {
                actions[i][d] = (float)(epi__random_unit(&random) - 0.5);
                to[d] = places[i][d] + actions[i][d];
            }
            bool inside = to[0] >= 0 && to[0] <= 4 && to[1] >= 0 && to[1] <= 4;
            memcpy(places[i + 1], inside ? to : places[i], sizeof to);
            rewards[i] = -1.0f;
        }
        const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, places[0]),
                                      epi_column_f32(EPI_NEXT_OBSERVATION, places[1]),
                                      epi_column_f32(EPI_ACTION, actions[0]), epi_column_f32(EPI_REWARD, rewards),
                                      epi_column_bool(EPI_TRUNCATED, truncated)};
        EXPECT(EPI_OK, epi_transitions_append(NULL, recorder, NULL, columns, 5, STEPS));
    }
    epi_recorder_close(recorder);
}

static epi_planner *open_planner(epi_space *space, const float goal[2], const epi_planner_options *options) {
    epi_planner *planner = NULL;
    epi_goal wanted = epi_goal_default();
    wanted.observation = epi_tensor_f32(goal, 2);
    wanted.tolerance = 0.4;
    EXPECT(EPI_OK, epi_planner_open(&planner, space, &wanted, options));
    return planner;
}

/* A world that does what it is told, but for walls at x > wall, which the memory knows nothing of. */
static void move(float at[2], const epi_tensor *action, float wall) {
    float to[2];
    memcpy(to, action->data, sizeof to);
    to[0] += at[0];
    to[1] += at[1];
    if (to[0] <= wall) memcpy(at, to, sizeof to);
}

static void a_planner_walks_to_its_goal(void **state) {
    place *p = *state;
    epi_space *space = corridor(p);
    const float goal[2] = {3.5f, 3.5f};
    float at[2] = {0.5f, 0.5f};
    fill(space, 300);
    epi_planner *planner = open_planner(space, goal, NULL);
    epi_tensor action;
    epi_status status = EPI_OK;
    for (int i = 0; i < 200 && (status = epi_planner_next(&action, planner, at)) == EPI_OK; i++) {
        assert_int_equal(action.count, 2);
        assert_int_equal(action.dtype, EPI_F32);
        move(at, &action, 100.0f);
        EXPECT(EPI_OK, epi_planner_observe(planner, at, -1.0, false));
    }
    assert_int_equal(status, EPI_EDONE);
    assert_true(hypot((double)at[0] - 3.5, (double)at[1] - 3.5) <= 0.4);
    epi_planner_stats stats = epi_planner_stats_read(planner);
    assert_true(stats.plans >= 1 && stats.expansions > 0 && stats.reward < 0.0);
    assert_non_null(epi_rollouts_get(epi_planner_plan(planner), 0));
    epi_planner_close(planner);
    epi_space_close(space);
}

static void a_planner_gives_up_where_the_world_never_agrees(void **state) {
    place *p = *state;
    epi_space *space = corridor(p);
    const float goal[2] = {3.5f, 0.5f};
    float at[2] = {0.5f, 0.5f};
    fill(space, 300);
    epi_planner_options options = epi_planner_options_default();
    options.replans_max = 3;
    epi_planner *planner = open_planner(space, goal, &options);
    epi_tensor action;
    epi_status status = EPI_OK;
    for (int i = 0; i < 1000 && (status = epi_planner_next(&action, planner, at)) == EPI_OK; i++) {
        move(at, &action, 2.0f);
        EXPECT(EPI_OK, epi_planner_observe(planner, at, 0.0, false));
    }
    assert_int_equal(status, EPI_ENOTFOUND);
    assert_int_equal(epi_planner_stats_read(planner).disagreements, 4);
    epi_planner_close(planner);
    epi_space_close(space);
}

/* As the library is to believe: nothing is beyond x = 2 below y = 3. */
static bool walled(void *context, float *to, bool *terminated, const float *from, const void *action) {
    float step[2];
    (void)context;
    memcpy(step, action, sizeof step);
    for (int i = 0; i < 2; i++) to[i] = from[i] + step[i];
    *terminated = false;
    return to[0] >= 0 && to[1] >= 0 && to[0] <= 4 && to[1] <= 4 && (to[0] <= 2 || to[1] > 3);
}

/* Who has a model never walks into what memory knows nothing of. */
static void a_planner_plans_by_a_model_of_the_caller(void **state) {
    place *p = *state;
    epi_space *space = corridor(p);
    const float goal[2] = {3.5f, 3.5f};
    float at[2] = {0.5f, 0.5f};
    fill(space, 300);
    epi_planner_options options = epi_planner_options_default();
    options.imagine.step = walled;
    options.horizon = 4; /* and looks again every four steps */
    epi_planner *planner = open_planner(space, goal, &options);
    epi_tensor action;
    epi_status status = EPI_OK;
    for (int i = 0; i < 200 && (status = epi_planner_next(&action, planner, at)) == EPI_OK; i++) {
        bool terminated;
        float next[2];
        assert_true(walled(NULL, next, &terminated, at, action.data));
        memcpy(at, next, sizeof at);
        EXPECT(EPI_OK, epi_planner_observe(planner, at, -1.0, false));
    }
    assert_int_equal(status, EPI_EDONE);
    epi_planner_stats stats = epi_planner_stats_read(planner);
    assert_int_equal(stats.disagreements, 0);
    assert_true(stats.plans > 1);
    epi_planner_close(planner);
    epi_space_close(space);
}

/* The goal is where a stored step began, named or found by a cue. */
static void a_planner_walks_to_a_stored_step(void **state) {
    place *p = *state;
    epi_space *space = corridor(p);
    const float where[2] = {3.0f, 3.0f};
    fill(space, 300);
    for (int by_cue = 0; by_cue < 2; by_cue++) {
        epi_planner *planner = NULL;
        epi_cue cue = epi_cue_default();
        epi_goal wanted = epi_goal_default();
        epi_rollouts *seen = NULL;
        epi_situation there = epi_situation_default();
        there.observation = epi_tensor_f32(where, 2);
        epi_imagine_options near = epi_imagine_options_default();
        near.steps_max = 1;
        EXPECT(EPI_OK, epi_imagine(&seen, space, &there, NULL, &near));
        const epi_imagined_step *step = epi_rollout_step(epi_rollouts_get(seen, 0), 0);
        cue.filter.steps = &step->step;
        cue.filter.step_count = 1;
        wanted.cue = by_cue ? &cue : NULL;
        wanted.step = by_cue ? 0 : step->step;
        wanted.tolerance = 0.3;
        float at[2] = {0.5f, 0.5f};
        epi_tensor action;
        epi_status status = EPI_OK;
        EXPECT(EPI_OK, epi_planner_open(&planner, space, &wanted, NULL));
        for (int i = 0; i < 200 && (status = epi_planner_next(&action, planner, at)) == EPI_OK; i++) {
            move(at, &action, 100.0f);
            EXPECT(EPI_OK, epi_planner_observe(planner, at, -1.0, false));
        }
        assert_int_equal(status, EPI_EDONE);
        assert_true(hypot((double)(at[0] - step->observation[0]), (double)(at[1] - step->observation[1])) <= 0.3);
        epi_planner_close(planner);
        epi_rollouts_free(seen);
    }
    epi_space_close(space);
}

/* An episode goes: the plan over it is not acted on any more. */
static void a_planner_does_not_act_on_what_is_gone(void **state) {
    place *p = *state;
    epi_space *space = corridor(p);
    const float goal[2] = {3.5f, 3.5f}, at[2] = {0.5f, 0.5f};
    fill(space, 300);
    epi_planner *planner = open_planner(space, goal, NULL);
    epi_tensor action;
    EXPECT(EPI_OK, epi_planner_next(&action, planner, at));
    const epi_imagined_step *first = epi_rollout_step(epi_rollouts_get(epi_planner_plan(planner), 0), 0);
    uint64_t step = first->step;
    epi_filter filter = epi_filter_default();
    filter.steps = &step;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_remove(NULL, space, &filter, false));
    EXPECT(EPI_OK, epi_planner_next(&action, planner, at));
    assert_int_equal(epi_planner_stats_read(planner).plans, 2);
    assert_true(epi_rollout_step(epi_rollouts_get(epi_planner_plan(planner), 0), 0)->step != step);
    epi_planner_close(planner);
    epi_space_close(space);
}

static void a_planner_refuses_what_is_malformed(void **state) {
    place *p = *state;
    epi_space *space = corridor(p);
    const float goal[3] = {1.0f, 1.0f, 1.0f}, at[2] = {0.5f, 0.5f};
    epi_planner *planner = NULL;
    epi_tensor action;
    epi_goal wanted = epi_goal_default();
    wanted.observation = epi_tensor_f32(goal, 3);
    EXPECT(EPI_EDIMENSION, epi_planner_open(&planner, space, &wanted, NULL));
    assert_null(planner);
    planner = open_planner(space, goal, NULL);
    EXPECT(EPI_EINVAL, epi_planner_observe(planner, at, 0.0, false));
    EXPECT(EPI_ENOTFOUND, epi_planner_next(&action, planner, at)); /* nothing is stored */
    assert_null(action.data);
    epi_planner_close(planner);
    epi_planner_close(NULL);
    assert_int_equal(epi_planner_stats_read(NULL).plans, 0);
    epi_space_close(space);
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_planner_walks_to_its_goal, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_planner_gives_up_where_the_world_never_agrees, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_planner_plans_by_a_model_of_the_caller, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_planner_walks_to_a_stored_step, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_planner_does_not_act_on_what_is_gone, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_planner_refuses_what_is_malformed, place_setup, place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
