/* Tests of the ways to search: tree search, the caller's own model and distance, cues, and places told apart by what
 * was before them.
 */
#include <math.h>
#include <time.h>

#include "base/base.h"
#include "quick.h"
#include "walks.h"

static epi_rollouts *imagine(epi_space *space, const epi_situation *start, const epi_goal *goal,
                             const epi_imagine_options *options) {
    epi_rollouts *rollouts = NULL;
    EXPECT(EPI_OK, epi_imagine(&rollouts, space, start, goal, options));
    return rollouts;
}

static epi_space *square(place *p) {
    epi_space *space = walks_space(p, "square");
    walks_fill(space, 0.0f, 0.0f, 4.0f, 60, quick_seed(7));
    return space;
}

/* ---- tree search ------------------------------------------------------------------------------------------------- */

static void a_tree_reaches_a_goal_by_stored_steps(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    const float from[2] = {0.5f, 0.5f}, to[2] = {2.0f, 2.0f}, away[2] = {9.0f, 9.0f};
    epi_situation start = walks_at(from);
    epi_goal goal = walks_to(to, 0.4);
    epi_imagine_options options = epi_imagine_options_default();
    options.search = EPI_SEARCH_MCTS;
    options.expansions_max = 3000;
    options.k = 4;
    for (options.seed = 0; options.seed < 5; options.seed++) {
        epi_rollouts *rollouts = imagine(space, &start, &goal, &options);
        assert_int_equal(epi_rollouts_stop_reason(rollouts), EPI_STOP_GOAL);
        for (size_t i = 0; i < epi_rollouts_count(rollouts); i++) {
            const epi_rollout *rollout = epi_rollouts_get(rollouts, i);
            assert_int_equal(rollout->stop_reason, EPI_STOP_GOAL);
            assert_true(hypot((double)rollout->end[0] - 2.0, (double)rollout->end[1] - 2.0) <= 0.4001);
            walks_assert_stored(space, rollout);
            walks_assert_whole(rollout);
        }
        epi_rollouts_free(rollouts);
    }
    goal = walks_to(away, 0.4);
    options.expansions_max = 50;
    epi_rollouts *none = imagine(space, &start, &goal, &options);
    assert_int_equal(epi_rollouts_count(none), 0);
    assert_int_equal(epi_rollouts_stop_reason(none), EPI_STOP_EXPANSIONS);
    epi_rollouts_free(none);
    epi_space_close(space);
}

/* An action and what it earned. */
static void add_paid(epi_space *space, const float *places, const float *rewards, size_t steps, bool terminated) {
    float actions[16];
    bool ends[8] = {0}, cut[8] = {0};
    assert_in_range(steps, 1, 8);
    for (size_t i = 0; i < 2 * steps; i++) actions[i] = places[2 + i] - places[i];
    ends[steps - 1] = terminated;
    cut[steps - 1] = !terminated;
    const epi_column columns[] = {
        epi_column_f32(EPI_OBSERVATION, places), epi_column_f32(EPI_NEXT_OBSERVATION, places + 2),
        epi_column_f32(EPI_ACTION, actions),     epi_column_f32(EPI_REWARD, rewards),
        epi_column_bool(EPI_TERMINATED, ends),   epi_column_bool(EPI_TRUNCATED, cut)};
    epi_recorder *recorder = place_recorder(space, 1);
    EXPECT(EPI_OK, epi_transitions_append(NULL, recorder, NULL, columns, 6, steps));
    epi_recorder_close(recorder);
}

/* A lure that pays at once and then nothing, and a way that pays late: seen in different episodes. */
static void a_tree_looks_behind_a_lure(void **state) {
    place *p = *state;
    epi_space *space = walks_space(p, "lure");
    const float lure[] = {0, 0, 0, 1, 0, 2, 0, 3, 0, 4}, early[] = {0, 0, 1, 0, 2, 0}, late[] = {2, 0, 3, 0, 4, 0};
    const float lured[] = {1, 0, 0, 0}, nothing[] = {0, 0}, much[] = {0, 5}, from[2] = {0, 0};
    epi_situation start = walks_at(from);
    epi_imagine_options options = epi_imagine_options_default();
    for (int i = 0; i < 3; i++) add_paid(space, lure, lured, 4, true);
    for (int i = 0; i < 3; i++) add_paid(space, early, nothing, 2, false);
    for (int i = 0; i < 3; i++) add_paid(space, late, much, 2, true);
    options.join_radius = 0.3;
    options.expansions_max = 400;
    for (int search = EPI_SEARCH_BEAM; search <= EPI_SEARCH_MCTS; search++) {
        options.search = (epi_search)search;
        epi_rollouts *rollouts = imagine(space, &start, NULL, &options);
        const epi_rollout *best = epi_rollouts_get(rollouts, 0);
        assert_true(best->return_mean == 5.0);
        assert_int_equal(best->step_count, 4);
        assert_int_equal(best->stop_reason, EPI_STOP_TERMINATED);
        walks_assert_whole(best);
        epi_rollouts_free(rollouts);
    }
    epi_space_close(space);
}

static bool slow(void *context, const float *from, const float *to, const void *action) {
    const struct timespec while_asked = {0, 200000};
    (void)context, (void)from, (void)to, (void)action;
    nanosleep(&while_asked, NULL);
    return true;
}

/* What was found until then is a result; on a slow machine that is nothing. */
static void a_search_ends_when_its_time_is_over(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    const float from[2] = {0.5f, 0.5f}, away[2] = {9.0f, 9.0f};
    epi_situation start = walks_at(from);
    epi_goal goal = walks_to(away, 0.4);
    for (int i = 0; i < 5; i++) {
        epi_imagine_options options = epi_imagine_options_default();
        options.search = (epi_search)(EPI_SEARCH_BEST_FIRST + i % 3);
        options.time_ms = 20;
        options.valid = slow;
        const epi_goal *wanted = i < 3 ? &goal : NULL;
        if (!wanted) options.search = i == 3 ? EPI_SEARCH_BEAM : EPI_SEARCH_MCTS;
        epi_rollouts *rollouts = imagine(space, &start, wanted, &options);
        assert_int_equal(epi_rollouts_stop_reason(rollouts), EPI_STOP_TIME);
        assert_true(epi_rollouts_seconds(rollouts) >= 0.02);
        assert_in_range(epi_rollouts_count(rollouts), 0, wanted ? 0 : 1);
        epi_rollouts_free(rollouts);
    }
    epi_space_close(space);
}

/* ---- what the caller knows --------------------------------------------------------------------------------------- */

/* A world with a wall at x = 2, below y = 3, of which memory knows nothing. */
static bool walled(void *context, float *to, bool *terminated, const float *from, const void *action) {
    float move[2];
    size_t *asked = context;
    memcpy(move, action, sizeof move);
    ++*asked;
    for (int i = 0; i < 2; i++) to[i] = from[i] + move[i];
    *terminated = false;
    return (from[0] < 2.0f) == (to[0] < 2.0f) || (from[1] > 3.0f && to[1] > 3.0f);
}

static void a_model_of_the_caller_takes_the_place_of_memory(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    size_t asked = 0;
    const float from[2] = {0.5f, 0.5f}, to[2] = {3.5f, 0.5f};
    epi_situation start = walks_at(from);
    epi_goal goal = walks_to(to, 0.4);
    epi_imagine_options options = epi_imagine_options_default();
    options.step = walled;
    options.callback_context = &asked;
    epi_rollouts *rollouts = imagine(space, &start, &goal, &options);
    assert_int_equal(epi_rollouts_count(rollouts), 1);
    const epi_rollout *plan = epi_rollouts_get(rollouts, 0);
    float at[2] = {from[0], from[1]}, highest = 0.0f;
    for (size_t i = 0; i < plan->step_count; i++) {
        const epi_imagined_step *step = epi_rollout_step(plan, i);
        bool terminated;
        float next[2];
        assert_memory_equal(step->expected, at, sizeof at);
        assert_true(walled(&asked, next, &terminated, at, step->action));
        memcpy(at, next, sizeof at);
        highest = fmaxf(highest, at[1]);
    }
    assert_memory_equal(plan->end, at, sizeof at);
    assert_true(highest > 3.0f && asked > plan->step_count);
    assert_true(plan->plausibility == 1.0);
    walks_assert_stored(space, plan);
    walks_assert_whole(plan);
    epi_rollouts_free(rollouts);
    epi_space_close(space);
}

static double along_x(void *context, const float *a, const float *b) {
    ++*(size_t *)context;
    return fabs((double)a[0] - (double)b[0]);
}

/* Only x counts: to be at x = 3 is to be at the goal, at whatever y. */
static void a_distance_of_the_caller_measures_goal_and_joins(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    size_t asked = 0;
    const float from[2] = {1.0f, 3.5f}, to[2] = {3.0f, 100.0f};
    epi_situation start = walks_at(from);
    epi_goal goal = walks_to(to, 0.2);
    epi_imagine_options options = epi_imagine_options_default();
    options.expansions_max = 5000;
    epi_rollouts *rollouts = imagine(space, &start, &goal, &options);
    assert_int_equal(epi_rollouts_count(rollouts), 0);
    epi_rollouts_free(rollouts);
    options.distance = along_x;
    options.callback_context = &asked;
    rollouts = imagine(space, &start, &goal, &options);
    const epi_rollout *plan = epi_rollouts_get(rollouts, 0);
    assert_non_null(plan);
    assert_true(fabs((double)plan->end[0] - 3.0) <= 0.2001 && asked > 0);
    for (size_t i = 1; i < plan->join_count; i++) assert_true(epi_rollout_join(plan, i)->distance <= 1.0);
    epi_rollouts_free(rollouts);
    epi_space_close(space);
}

/* ---- cues -------------------------------------------------------------------------------------------------------- */

static void a_cue_finds_where_to_begin_and_to_end(void **state) {
    place *p = *state;
    epi_space *space = walks_space(p, "line");
    const float places[] = {0, 0, 1, 0, 2, 0, 3, 0, 4, 0}, near[2] = {3.2f, 0.1f};
    uint64_t first = walks_add(space, places, 5, 0), episode = first;
    epi_cue from = epi_cue_default(), to = epi_cue_default();
    epi_situation start = epi_situation_default();
    epi_goal goal = epi_goal_default();
    from.filter.steps = &first;
    from.filter.step_count = 1;
    to.vector = near;
    to.vector_size = 2;
    start.cue = &from;
    goal.cue = &to;
    goal.tolerance = 0.01;
    epi_imagine_options options = epi_imagine_options_default();
    options.novelty_min = 0.0;
    epi_rollouts *rollouts = imagine(space, &start, &goal, &options);
    const epi_rollout *plan = epi_rollouts_get(rollouts, 0);
    assert_int_equal(epi_rollout_step(plan, 0)->step, first);
    assert_int_equal(plan->step_count, 1); /* all four are among the nearest; the first of them is one step away */
    epi_rollouts_free(rollouts);
    const uint64_t last = first + 3;
    to.filter.steps = &last; /* the nearest of these */
    to.filter.step_count = 1;
    rollouts = imagine(space, &start, &goal, NULL);
    assert_int_equal(epi_rollouts_get(rollouts, 0)->step_count, 3);
    epi_rollouts_free(rollouts);
    from = epi_cue_default();
    from.filter.episodes = &episode;
    from.filter.episode_count = 1;
    rollouts = imagine(space, &start, NULL, NULL); /* begins at any step of it */
    assert_true(epi_rollouts_count(rollouts) == 1);
    epi_rollouts_free(rollouts);
    epi_space_close(space);
}

static void a_malformed_cue_is_refused(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    epi_rollouts *rollouts = NULL;
    const float bad[3] = {NAN, 0, 0};
    epi_cue cue = epi_cue_default();
    epi_situation start = epi_situation_default();
    start.cue = &cue;
    EXPECT(EPI_EINVAL, epi_imagine(&rollouts, space, &start, NULL, NULL));
    cue.text = "home";
    EXPECT(EPI_EINVAL, epi_imagine(&rollouts, space, &start, NULL, NULL));
    cue.text = NULL;
    cue.vector = bad;
    cue.vector_size = 3;
    EXPECT(EPI_EDIMENSION, epi_imagine(&rollouts, space, &start, NULL, NULL));
    cue.vector_size = 2;
    EXPECT(EPI_ENUMBER, epi_imagine(&rollouts, space, &start, NULL, NULL));
    cue.vector = bad + 1;
    cue.filter.from = 1;
    EXPECT(EPI_EINVAL, epi_imagine(&rollouts, space, &start, NULL, NULL));
    assert_null(rollouts);
    epi_space_close(space);
}

/* ---- what was before --------------------------------------------------------------------------------------------- */

/* Two ways that look alike in the middle. Returns the first steps of both. */
static void add_alike(epi_space *space, uint64_t *above, uint64_t *below) {
    const float a[] = {0, 1, 1, 0, 2, 0, 3, 0, 4, 1}, b[] = {0, -1, 1, 0, 2, 0, 3, 0, 4, -1};
    *above = walks_add(space, a, 5, 0);
    *below = walks_add(space, b, 5, 0);
}

static size_t plans(epi_space *space, const epi_situation *start, const epi_goal *goal, uint32_t context) {
    epi_imagine_options options = epi_imagine_options_default();
    options.context = context;
    options.join_radius = 0.3;
    options.plausibility_min = 0.05;
    epi_rollouts *rollouts = imagine(space, start, goal, &options);
    size_t count = epi_rollouts_count(rollouts);
    epi_rollouts_free(rollouts);
    return count;
}

static void what_was_before_tells_alike_places_apart(void **state) {
    place *p = *state;
    epi_space *space = walks_space(p, "alike");
    const float up[2] = {4, 1}, down[2] = {4, -1}, middle[2] = {2, 0}, past[] = {0, -1, 1, 0};
    uint64_t above, below;
    add_alike(space, &above, &below);
    epi_situation start = epi_situation_default();
    epi_goal high = walks_to(up, 0.1), low = walks_to(down, 0.1);
    start.step = above;
    assert_int_equal(plans(space, &start, &low, 1), 1);
    assert_int_equal(plans(space, &start, &low, 4), 0);
    assert_int_equal(plans(space, &start, &high, 4), 1);
    start.step = above + 2; /* what was before it is known from memory */
    assert_int_equal(plans(space, &start, &low, 4), 0);
    assert_int_equal(plans(space, &start, &high, 4), 1);
    start = walks_at(middle);
    start.context = epi_tensor_f32(past, 4);
    assert_int_equal(plans(space, &start, &low, 4), 1);
    epi_space_close(space);
}

static void a_step_as_goal_is_reached_as_it_was_reached(void **state) {
    place *p = *state;
    epi_space *space = walks_space(p, "alike");
    uint64_t above, below;
    add_alike(space, &above, &below);
    epi_situation start = epi_situation_default();
    epi_goal goal = epi_goal_default();
    start.step = above;
    goal.step = below + 3;
    goal.tolerance = 0.1;
    assert_int_equal(plans(space, &start, &goal, 1), 1);
    assert_int_equal(plans(space, &start, &goal, 4), 0);
    goal.step = above + 3;
    assert_int_equal(plans(space, &start, &goal, 4), 1);
    goal.step = below + 100;
    epi_rollouts *rollouts = NULL;
    EXPECT(EPI_ENOTFOUND, epi_imagine(&rollouts, space, &start, &goal, NULL));
    assert_null(rollouts);
    epi_space_close(space);
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tree_reaches_a_goal_by_stored_steps, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_tree_looks_behind_a_lure, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_search_ends_when_its_time_is_over, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_model_of_the_caller_takes_the_place_of_memory, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_distance_of_the_caller_measures_goal_and_joins, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_cue_finds_where_to_begin_and_to_end, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_malformed_cue_is_refused, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(what_was_before_tells_alike_places_apart, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_step_as_goal_is_reached_as_it_was_reached, place_setup, place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
