/* Tests of imagining: that rollouts are made of what is stored and nothing else, keep their limits, and say so when
 * nothing can be done.
 */
#include <math.h>

#include "base/base.h"
#include "quick.h"
#include "walks.h"

static const float corner[2] = {0.4f, 0.4f}, far_corner[2] = {3.6f, 3.6f};

/* A square of side 4 full of walks. */
static epi_space *square(place *p) {
    epi_space *space = walks_space(p, "square");
    walks_fill(space, 0.0f, 0.0f, 4.0f, 60, quick_seed(7));
    return space;
}

static epi_rollouts *imagine(epi_space *space, const float *from, const float *to, const epi_imagine_options *options) {
    epi_rollouts *rollouts = NULL;
    epi_situation start = walks_at(from);
    epi_goal goal = walks_to(to ? to : from, 0.3);
    EXPECT(EPI_OK, epi_imagine(&rollouts, space, &start, to ? &goal : NULL, options));
    return rollouts;
}

static void a_plan_is_made_of_stored_steps_and_ends_at_the_goal(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    epi_rollouts *rollouts = imagine(space, corner, far_corner, NULL);
    assert_int_equal(epi_rollouts_count(rollouts), 1);
    assert_int_equal(epi_rollouts_stop_reason(rollouts), EPI_STOP_GOAL);
    const epi_rollout *plan = epi_rollouts_get(rollouts, 0);
    walks_assert_stored(space, plan);
    walks_assert_whole(plan);
    assert_int_equal(plan->stop_reason, EPI_STOP_GOAL);
    assert_true(hypot((double)plan->end[0] - 3.6, (double)plan->end[1] - 3.6) <= 0.3001);
    assert_true(plan->return_mean == (double)plan->step_count);
    assert_true(plan->novelty > 0.0 && plan->novelty < 1.0);
    EXPECT(EPI_OK, epi_rollout_verify(plan));
    epi_rollouts_free(rollouts);
    epi_space_close(space);
}

static void rollouts_without_a_goal_keep_their_limits(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    epi__random random = epi__random_seed(quick_seed(11));
    for (int i = 0; i < 20; i++) {
        epi_imagine_options options = epi_imagine_options_default();
        options.k = (uint32_t)epi__random_below(&random, 8) + 1;
        options.beam = (uint32_t)epi__random_below(&random, 20) + 1;
        options.steps_max = (uint32_t)epi__random_below(&random, 12) + 1;
        options.joins_max = (uint32_t)epi__random_below(&random, 4) + 1;
        options.discount = 0.9;
        options.search = i % 2 ? EPI_SEARCH_BEAM : EPI_SEARCH_MCTS;
        options.expansions_max = (uint32_t)epi__random_below(&random, 300) + 2;
        options.seed = epi__random_next(&random);
        epi_rollouts *rollouts = imagine(space, corner, NULL, &options);
        assert_in_range(epi_rollouts_count(rollouts), 1, options.k);
        assert_in_range(epi_rollouts_expansions(rollouts), 1, options.expansions_max);
        for (size_t r = 0; r < epi_rollouts_count(rollouts); r++) {
            const epi_rollout *rollout = epi_rollouts_get(rollouts, r);
            assert_in_range(rollout->step_count, 1, options.steps_max);
            assert_in_range(rollout->join_count, 0, options.joins_max);
            assert_true(rollout->return_spread >= 0.0);
            assert_true(r == 0 || rollout->return_low <= epi_rollouts_get(rollouts, r - 1)->return_low);
            walks_assert_stored(space, rollout);
            walks_assert_whole(rollout);
        }
        epi_rollouts_free(rollouts);
    }
    epi_space_close(space);
}

static void an_unreachable_goal_has_no_plan(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    const float island[2] = {9.0f, 9.0f};
    walks_fill(space, 8.0f, 8.0f, 2.0f, 20, 3);
    epi_rollouts *rollouts = imagine(space, corner, island, NULL);
    assert_int_equal(epi_rollouts_count(rollouts), 0);
    assert_int_equal(epi_rollouts_stop_reason(rollouts), EPI_STOP_UNREACHABLE);
    assert_null(epi_rollouts_get(rollouts, 0));
    epi_rollouts_free(rollouts);
    epi_imagine_options options = epi_imagine_options_default();
    options.expansions_max = 3;
    rollouts = imagine(space, corner, far_corner, &options);
    assert_int_equal(epi_rollouts_count(rollouts), 0);
    assert_int_equal(epi_rollouts_stop_reason(rollouts), EPI_STOP_EXPANSIONS);
    assert_int_equal(epi_rollouts_expansions(rollouts), 3);
    epi_rollouts_free(rollouts);
    epi_space_close(space);
}

static void a_copy_of_an_episode_has_novelty_0(void **state) {
    place *p = *state;
    epi_space *space = walks_space(p, "line");
    const float places[] = {0, 0, 1, 0, 2, 0, 3, 0, 4, 0}, end[2] = {4, 0};
    epi_rollouts *rollouts = NULL;
    epi_situation start = epi_situation_default();
    epi_goal goal = walks_to(end, 0.01);
    start.step = walks_add(space, places, 5, 0);
    EXPECT(EPI_OK, epi_imagine(&rollouts, space, &start, &goal, NULL));
    const epi_rollout *memory = epi_rollouts_get(rollouts, 0);
    assert_non_null(memory);
    assert_int_equal(memory->step_count, 4);
    assert_true(memory->novelty == 0.0 && memory->plausibility == 1.0);
    assert_int_equal(memory->join_count, 0);
    assert_null(epi_rollout_piece(memory, 0)->join);
    epi_rollouts_free(rollouts);
    epi_imagine_options options = epi_imagine_options_default();
    options.novelty_min = 0.1;
    options.join_radius = 0.3; /* nothing else is near */
    EXPECT(EPI_OK, epi_imagine(&rollouts, space, &start, &goal, &options));
    assert_int_equal(epi_rollouts_count(rollouts), 0);
    epi_rollouts_free(rollouts);
    epi_space_close(space);
}

static void the_same_question_gives_the_same_bytes(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    for (int way = 0; way < 5; way++) { /* beam and tree without a goal, and all three with one */
        const int goal = way >= 2;
        epi_imagine_options options = epi_imagine_options_default();
        options.search = goal ? (epi_search)(way - 1) : (epi_search)(EPI_SEARCH_BEAM + way);
        options.k = 3;
        options.seed = 5;
        options.steps_max = goal ? 200 : 10;
        options.expansions_max = 2000;
        epi_rollouts *a = imagine(space, corner, goal ? far_corner : NULL, &options);
        epi_rollouts *b = imagine(space, corner, goal ? far_corner : NULL, &options);
        assert_in_range(epi_rollouts_count(a), 1, 3);
        assert_int_equal(epi_rollouts_count(a), epi_rollouts_count(b));
        assert_int_equal(epi_rollouts_expansions(a), epi_rollouts_expansions(b));
        for (size_t r = 0; r < epi_rollouts_count(a); r++) {
            const epi_rollout *x = epi_rollouts_get(a, r), *y = epi_rollouts_get(b, r);
            assert_int_equal(x->step_count, y->step_count);
            assert_memory_equal(&x->return_mean, &y->return_mean, 5 * sizeof(double));
            for (size_t i = 0; i < x->step_count; i++) {
                assert_int_equal(epi_rollout_step(x, i)->step, epi_rollout_step(y, i)->step);
                assert_memory_equal(epi_rollout_step(x, i)->expected, epi_rollout_step(y, i)->expected,
                                    2 * sizeof(float));
            }
            for (size_t i = 0; i < x->join_count; i++)
                assert_memory_equal(epi_rollout_join(x, i), epi_rollout_join(y, i), sizeof(epi_join));
        }
        epi_rollouts_free(a);
        epi_rollouts_free(b);
    }
    epi_space_close(space);
}

static void a_rollout_outlives_its_sources_and_says_so(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    epi_rollouts *rollouts = imagine(space, corner, far_corner, NULL);
    const epi_rollout *plan = epi_rollouts_get(rollouts, 0);
    epi_filter filter = epi_filter_default();
    const epi_imagined_step *step = epi_rollout_step(plan, plan->step_count / 2);
    float seen[2];
    memcpy(seen, step->observation, sizeof seen);
    filter.steps = &step->step;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_remove(NULL, space, &filter, false));
    EXPECT(EPI_ESTALE, epi_rollout_verify(plan));
    epi_space_close(space);
    EXPECT(EPI_ECLOSED, epi_rollout_verify(plan));
    assert_memory_equal(step->observation, seen, sizeof seen);
    epi_rollouts_free(rollouts);
}

static void a_refuted_join_is_avoided_until_reports_are_forgotten(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    epi_rollouts *rollouts = imagine(space, corner, far_corner, NULL);
    const epi_rollout *plan = epi_rollouts_get(rollouts, 0);
    uint64_t first = epi_rollout_step(plan, 0)->step;
    for (int i = 0; i < 3; i++) EXPECT(EPI_OK, epi_imagine_report(space, plan, epi_rollout_join(plan, 0), EPI_REFUTED));
    EXPECT(EPI_EINVAL, epi_imagine_report(space, plan, NULL, EPI_REFUTED));
    EXPECT(EPI_EINVAL, epi_imagine_report(p->space, plan, epi_rollout_join(plan, 0), EPI_REFUTED));
    epi_rollouts *again = imagine(space, corner, far_corner, NULL);
    assert_true(epi_rollout_step(epi_rollouts_get(again, 0), 0)->step != first);
    epi_rollouts_free(again);
    EXPECT(EPI_OK, epi_imagine_reset(space));
    again = imagine(space, corner, far_corner, NULL);
    assert_int_equal(epi_rollout_step(epi_rollouts_get(again, 0), 0)->step, first);
    epi_rollouts_free(again);
    epi_rollouts_free(rollouts);
    epi_space_close(space);
}

static void nothing_goes_on_behind_an_end(void **state) {
    place *p = *state;
    epi_space *space = walks_space(p, "ends");
    const float dying[] = {0, 0, 1, 0, 2, 0}, going_on[] = {2, 0, 3, 0, 4, 0}, end[2] = {4, 0}, start[2] = {0, 0};
    (void)walks_add(space, dying, 3, EPI_STEP_TERMINATED);
    (void)walks_add(space, going_on, 3, 0);
    epi_imagine_options options = epi_imagine_options_default();
    options.join_radius = 0.3;
    epi_rollouts *rollouts = imagine(space, start, end, &options);
    assert_int_equal(epi_rollouts_count(rollouts), 0);
    epi_rollouts_free(rollouts);
    rollouts = imagine(space, start, NULL, &options);
    assert_int_equal(epi_rollouts_get(rollouts, 0)->stop_reason, EPI_STOP_TERMINATED);
    assert_true(epi_rollouts_get(rollouts, 0)->return_mean == 2.0);
    epi_rollouts_free(rollouts);
    epi_space_close(space);
}

static void a_filter_and_other_spaces_keep_steps_out(void **state) {
    place *p = *state;
    epi_space *space = walks_space(p, "two-lines"), *other = walks_space(p, "other");
    const float left[] = {0, 0, 1, 0, 2, 0}, right[] = {2, 0, 3, 0, 4, 0}, start[2] = {0, 0}, end[2] = {4, 0};
    uint64_t ids[] = {walks_add(space, left, 3, 0), 0};
    (void)walks_add(other, right, 3, 0);
    epi_rollouts *rollouts = imagine(space, start, end, NULL);
    assert_int_equal(epi_rollouts_count(rollouts), 0);
    epi_rollouts_free(rollouts);
    (void)walks_add(space, right, 3, 0);
    rollouts = imagine(space, start, end, NULL);
    assert_int_equal(epi_rollouts_count(rollouts), 1);
    epi_rollouts_free(rollouts);
    epi_filter filter = epi_filter_default();
    epi_imagine_options options = epi_imagine_options_default();
    ids[1] = ids[0] + 1;
    filter.steps = ids;
    filter.step_count = 2;
    options.filter = &filter;
    rollouts = imagine(space, start, end, &options);
    assert_int_equal(epi_rollouts_count(rollouts), 0);
    epi_rollouts_free(rollouts);
    filter = epi_filter_default();
    filter.episodes = ids;
    filter.episode_count = 1;
    rollouts = imagine(space, start, end, &options);
    assert_int_equal(epi_rollouts_count(rollouts), 0);
    epi_rollouts_free(rollouts);
    filter.from = 1;
    epi_situation situation = walks_at(start);
    EXPECT(EPI_EINVAL, epi_imagine(&rollouts, space, &situation, NULL, &options));
    epi_space_close(other);
    epi_space_close(space);
}

static bool is_low(void *context, const float *from, const float *to, const void *action) {
    (void)from, (void)action, (void)context;
    return to[0] < 2.0f;
}

static bool is_beyond(void *context, const float *observation, size_t size) {
    (void)context;
    return size == 2 && observation[0] > 3.0f;
}

static void callbacks_veto_and_end(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    epi_rollouts *rollouts = NULL;
    epi_situation start = walks_at(corner);
    epi_goal goal = epi_goal_default();
    epi_imagine_options options = epi_imagine_options_default();
    goal.reached = is_beyond;
    EXPECT(EPI_OK, epi_imagine(&rollouts, space, &start, &goal, &options));
    assert_true(epi_rollouts_get(rollouts, 0)->end[0] > 3.0f);
    epi_rollouts_free(rollouts);
    options.valid = is_low;
    EXPECT(EPI_OK, epi_imagine(&rollouts, space, &start, &goal, &options));
    assert_int_equal(epi_rollouts_count(rollouts), 0);
    epi_rollouts_free(rollouts);
    epi_space_close(space);
}

static void what_is_malformed_is_refused(void **state) {
    place *p = *state;
    epi_space *space = square(p);
    epi_rollouts *rollouts = NULL;
    epi_situation start = walks_at(corner);
    epi_goal goal = walks_to(far_corner, 0.3);
    epi_imagine_options options = epi_imagine_options_default();
    const float bad[3] = {NAN, 0.0f, 0.0f};
    EXPECT(EPI_EINVAL, epi_imagine(NULL, space, &start, &goal, NULL));
    EXPECT(EPI_EINVAL, epi_imagine(&rollouts, space, NULL, &goal, NULL));
    start.step = 1;
    EXPECT(EPI_EINVAL, epi_imagine(&rollouts, space, &start, &goal, NULL));
    start.observation.data = NULL;
    start.step = 1u << 30;
    EXPECT(EPI_ENOTFOUND, epi_imagine(&rollouts, space, &start, &goal, NULL));
    start = walks_at(bad);
    EXPECT(EPI_ENUMBER, epi_imagine(&rollouts, space, &start, &goal, NULL));
    start.observation = epi_tensor_f32(bad, 3);
    EXPECT(EPI_EDIMENSION, epi_imagine(&rollouts, space, &start, &goal, NULL));
    start = walks_at(corner);
    goal.tolerance = -1.0;
    EXPECT(EPI_EINVAL, epi_imagine(&rollouts, space, &start, &goal, NULL));
    goal.tolerance = 0.3;
    options.k = EPI_ROLLOUT_COUNT_MAX + 1;
    EXPECT(EPI_ELIMIT, epi_imagine(&rollouts, space, &start, &goal, &options));
    options.k = 1;
    options.discount = NAN;
    EXPECT(EPI_ENUMBER, epi_imagine(&rollouts, space, &start, &goal, &options));
    options.discount = 1.0;
    options.search = EPI_SEARCH_BEST_FIRST;
    EXPECT(EPI_EINVAL, epi_imagine(&rollouts, space, &start, NULL, &options));
    assert_null(rollouts);
    EXPECT(EPI_EUNSUPPORTED, epi_imagine(&rollouts, p->space, &start, &goal, NULL));
    epi_space_close(space);
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plan_is_made_of_stored_steps_and_ends_at_the_goal, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(rollouts_without_a_goal_keep_their_limits, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(an_unreachable_goal_has_no_plan, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_copy_of_an_episode_has_novelty_0, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(the_same_question_gives_the_same_bytes, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_rollout_outlives_its_sources_and_says_so, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_refuted_join_is_avoided_until_reports_are_forgotten, place_setup,
                                        place_teardown),
        cmocka_unit_test_setup_teardown(nothing_goes_on_behind_an_end, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_filter_and_other_spaces_keep_steps_out, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(callbacks_veto_and_end, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(what_is_malformed_is_refused, place_setup, place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
