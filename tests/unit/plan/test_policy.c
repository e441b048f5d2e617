/* Tests of policies against value iteration done by hand over tables counted anew from the steps, of predictions
 * against following the policy many times, and of what limits, new steps and bad input do.
 */
#include "plan/policy.h"

#include <math.h>

#include "place.h"
#include "quick.h"

#define STATES 6u
#define ACTIONS 3u
#define STEPS 400u
#define SWEEPS 4000

/* ---- a world by its tables -------------------------------------------------------------------------------------- */

typedef struct world {
    double count[STATES][ACTIONS], reward[STATES][ACTIONS]; /* visits, and the sum of their rewards */
    double to[STATES][ACTIONS][STATES];                     /* visits that led there without an end */
    bool seen[STATES];
} world;

typedef struct steps {
    uint32_t state[STEPS], action[STEPS], next[STEPS];
    double reward[STEPS];
    uint32_t flags[STEPS];
} steps;

/* Each action leads to one of two places; some steps end the episode. State 5 has no actions. */
static steps random_steps(epi__random *random, bool luck) {
    steps all;
    uint32_t places[STATES][ACTIONS][2];
    double rewards[STATES][ACTIONS];
    for (uint32_t s = 0; s < STATES; s++)
        for (uint32_t a = 0; a < ACTIONS; a++) {
            places[s][a][0] = (uint32_t)epi__random_below(random, STATES);
            places[s][a][1] = luck ? (uint32_t)epi__random_below(random, STATES) : places[s][a][0];
            rewards[s][a] = epi__random_unit(random) * 2 - 1;
        }
    for (uint32_t i = 0; i < STEPS; i++) {
        const uint32_t s = (uint32_t)epi__random_below(random, STATES - 1);
        const uint32_t a = (uint32_t)epi__random_below(random, ACTIONS);
        all.state[i] = s;
        all.action[i] = a;
        all.next[i] = places[s][a][epi__random_below(random, 3) == 0];
        all.reward[i] = rewards[s][a] + (luck ? epi__random_unit(random) : 0);
        all.flags[i] = luck && epi__random_below(random, 10) == 0 ? EPI_STEP_TERMINATED : EPI_STEP_TRUNCATED;
    }
    return all;
}

static void observe(epi_graph *graph, const steps *all, uint32_t first, uint32_t end) {
    for (uint32_t i = first; i < end; i++) {
        const float from = (float)all->state[i], to = (float)all->next[i];
        const uint8_t action = (uint8_t)all->action[i];
        epi_transition step = epi_transition_default();
        step.observation = &from;
        step.action = &action;
        step.reward = all->reward[i];
        step.next_observation = &to;
        step.flags = all->flags[i];
        EXPECT(EPI_OK, epi_graph_observe(NULL, graph, &step));
    }
}

static epi_graph *graph_of(const steps *all) {
    epi_graph *graph = NULL;
    EXPECT(EPI_OK, epi_graph_create(&graph, 1, 1, NULL));
    observe(graph, all, 0, STEPS);
    return graph;
}

static world world_of(const steps *all) {
    world w = {0};
    for (uint32_t i = 0; i < STEPS; i++) {
        const uint32_t s = all->state[i], a = all->action[i];
        w.count[s][a]++;
        w.reward[s][a] += all->reward[i];
        w.seen[s] = w.seen[all->next[i]] = true;
        if (all->flags[i] != EPI_STEP_TERMINATED) w.to[s][a][all->next[i]]++;
    }
    return w;
}

static double back_up(const world *w, const double *v, uint32_t s, uint32_t a, double discount) {
    double sum = w->reward[s][a];
    for (uint32_t next = 0; next < STATES; next++) sum += w->to[s][a][next] * discount * v[next];
    return sum / w->count[s][a];
}

static void sweep(double *v, const world *w, double discount, double unknown) {
    double before[STATES];
    memcpy(before, v, sizeof before);
    for (uint32_t s = 0; s < STATES; s++) {
        double best = -INFINITY;
        for (uint32_t a = 0; a < ACTIONS; a++)
            if (w->count[s][a] > 0) best = fmax(best, back_up(w, before, s, a, discount));
        v[s] = isinf(best) ? unknown : best;
    }
}

static void assert_near(double a, double b, double most) {
    if (fabs(a - b) > most) fail_msg("%.17g is not %.17g", a, b);
}

static uint32_t state_of(const epi_graph *graph, uint32_t number) {
    uint32_t state;
    const float at = (float)number;
    EXPECT(EPI_OK, epi_graph_find_state(&state, graph, &at));
    return state;
}

static epi_policy_options plain(epi_ranking ranking) {
    epi_policy_options options = epi_policy_options_default();
    options.ranking = ranking;
    options.discount = 0.9;
    options.tolerance = 1e-11;
    options.unknown_value = 0.25;
    return options;
}

static epi_policy *open_policy(const epi_graph *graph, const epi_policy_options *options) {
    epi_policy *policy = NULL;
    epi_policy_report report;
    EXPECT(EPI_OK, epi_policy_open(&report, &policy, graph, options));
    assert_true(report.settled);
    return policy;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

static void the_mean_is_what_value_iteration_finds(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(31));
    const epi_policy_options options = plain(EPI_RANK_MEAN);
    for (int round = 0; round < 40; round++) {
        const steps all = random_steps(&random, true);
        const world w = world_of(&all);
        double v[STATES] = {0};
        for (int i = 0; i < SWEEPS; i++) sweep(v, &w, options.discount, options.unknown_value);
        epi_graph *graph = graph_of(&all);
        epi_policy *policy = open_policy(graph, &options);
        for (uint32_t s = 0; s < STATES; s++)
            if (w.seen[s]) assert_near(epi_policy_value(policy, state_of(graph, s), 0), v[s], 1e-8);
        epi_policy_close(policy);
        epi_graph_close(graph);
    }
}

static void with_a_horizon_it_is_backward_induction(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(32));
    epi_policy_options options = plain(EPI_RANK_MEAN);
    options.horizon = 12;
    options.discount = 1;
    const steps all = random_steps(&random, true);
    const world w = world_of(&all);
    epi_graph *graph = graph_of(&all);
    epi_policy *policy = open_policy(graph, &options);
    double v[STATES] = {0};
    for (uint32_t left = 1; left <= options.horizon; left++) {
        sweep(v, &w, 1, options.unknown_value);
        for (uint32_t s = 0; s < STATES; s++) {
            epi_prediction prediction;
            const float at = (float)s;
            if (!w.seen[s]) continue;
            assert_near(epi_policy_value(policy, state_of(graph, s), left), v[s], 1e-12);
            EXPECT(EPI_OK, epi_policy_predict(&prediction, policy, &at, left));
            assert_near(prediction.return_mean, v[s], 1e-12);
        }
    }
    epi_policy_close(policy);
    epi_graph_close(graph);
}

static void going_on_as_the_graph_grows_is_the_same_as_beginning_anew(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(33));
    for (epi_ranking ranking = EPI_RANK_MEAN; ranking <= EPI_RANK_MAXIMUM; ranking++) {
        const epi_policy_options options = plain(ranking);
        const steps all = random_steps(&random, true);
        epi_graph *graph = NULL;
        EXPECT(EPI_OK, epi_graph_create(&graph, 1, 1, NULL));
        epi_policy *followed = open_policy(graph, &options);
        for (uint32_t at = 0; at < STEPS; at += 25) {
            epi_policy_report report;
            observe(graph, &all, at, at + 25);
            EXPECT(EPI_OK, epi_policy_update(&report, followed, 0));
            assert_true(report.settled);
            epi_policy *fresh = open_policy(graph, &options);
            epi_graph_stats stats;
            EXPECT(EPI_OK, epi_graph_stats_read(&stats, graph));
            for (uint32_t s = 0; s < stats.states; s++)
                assert_near(epi_policy_value(followed, s, 0), epi_policy_value(fresh, s, 0), 1e-9);
            epi_policy_close(fresh);
        }
        epi_policy_close(followed);
        epi_graph_close(graph);
    }
}

static void the_lower_bound_lies_below_the_mean_and_the_maximum_above(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(34));
    const steps all = random_steps(&random, true);
    epi_graph *graph = graph_of(&all);
    epi_policy *policies[3];
    for (epi_ranking ranking = EPI_RANK_MEAN; ranking <= EPI_RANK_MAXIMUM; ranking++) {
        const epi_policy_options options = plain(ranking);
        policies[ranking] = open_policy(graph, &options);
    }
    for (uint32_t number = 0; number < STATES - 1; number++) {
        const uint32_t s = state_of(graph, number);
        assert_true(epi_policy_value(policies[EPI_RANK_LOWER], s, 0) < epi_policy_value(policies[EPI_RANK_MEAN], s, 0));
        assert_true(epi_policy_value(policies[EPI_RANK_MEAN], s, 0) <
                    epi_policy_value(policies[EPI_RANK_MAXIMUM], s, 0));
    }
    for (size_t i = 0; i < 3; i++) epi_policy_close(policies[i]);
    epi_graph_close(graph);
}

static void where_nothing_is_luck_all_rankings_agree(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(35));
    steps all = random_steps(&random, false);
    for (uint32_t i = 0; i < STEPS; i++) all.next[i] = (all.state[i] + all.action[i]) % STATES; /* one place each */
    epi_graph *graph = graph_of(&all);
    for (uint32_t number = 0; number < STATES; number++) {
        double values[3];
        for (epi_ranking ranking = EPI_RANK_MEAN; ranking <= EPI_RANK_MAXIMUM; ranking++) {
            const epi_policy_options options = plain(ranking);
            epi_policy *policy = open_policy(graph, &options);
            values[ranking] = epi_policy_value(policy, state_of(graph, number), 0);
            epi_policy_close(policy);
        }
        assert_near(values[EPI_RANK_LOWER], values[EPI_RANK_MEAN], 1e-8);
        assert_near(values[EPI_RANK_MAXIMUM], values[EPI_RANK_MEAN], 1e-8);
    }
    epi_graph_close(graph);
}

/* Action 0 paid 1 once and 0 once; action 1 always paid a little less than a half. */
static void luck_is_no_choice(void **state) {
    (void)state;
    epi_graph *graph = NULL;
    EXPECT(EPI_OK, epi_graph_create(&graph, 1, 1, NULL));
    const float at = 0;
    for (uint32_t i = 0; i < 22; i++) {
        const uint8_t action = i >= 2;
        epi_transition step = epi_transition_default();
        step.observation = &at;
        step.action = &action;
        step.reward = i == 0 ? 1 : i == 1 ? 0 : 0.45;
        step.flags = EPI_STEP_TERMINATED;
        EXPECT(EPI_OK, epi_graph_observe(NULL, graph, &step));
    }
    const uint8_t wanted[] = {0, 1, 0}; /* mean, lower, maximum */
    for (epi_ranking ranking = EPI_RANK_MEAN; ranking <= EPI_RANK_MAXIMUM; ranking++) {
        const epi_policy_options options = plain(ranking);
        epi_policy *policy = open_policy(graph, &options);
        epi_policy_choice choice;
        EXPECT(EPI_OK, epi_policy_next(&choice, policy, &at, 0));
        assert_int_equal(*(const uint8_t *)choice.action_value, wanted[ranking]);
        assert_true(choice.deterministic == (ranking == EPI_RANK_LOWER));
        epi_policy_close(policy);
    }
    epi_graph_close(graph);
}

/* ---- predictions ------------------------------------------------------------------------------------------------ */

/* One course through the graph by the policy, drawing what was recorded. */
static double follow(bool *ended, bool *lost, epi_graph *graph, const epi_policy *policy, uint32_t state,
                     uint32_t horizon, const epi_policy_options *options) {
    double sum = 0, weight = 1;
    *ended = *lost = false;
    for (uint32_t i = 0; i < horizon; i++) {
        epi_graph_step step;
        epi_policy_choice choice;
        if (epi_policy_next(&choice, policy, epi_graph_observation(graph, state), 0) == EPI_ENOTFOUND) {
            *lost = true;
            return sum + weight * options->unknown_value;
        }
        EXPECT(EPI_OK, epi_graph_sample_action(&step, graph, state, choice.action, 0));
        sum += weight * step.reward;
        weight *= options->discount;
        if ((*ended = step.terminated)) return sum;
        state = step.next;
    }
    return sum;
}

static void a_prediction_is_what_following_the_policy_gives(void **state) {
    (void)state;
    enum { COURSES = 20000, HORIZON = 8 };
    epi__random random = epi__random_seed(quick_seed(36));
    const epi_policy_options options = plain(EPI_RANK_MEAN);
    const steps all = random_steps(&random, true);
    epi_graph *graph = graph_of(&all);
    epi_policy *policy = open_policy(graph, &options);
    const uint32_t start = state_of(graph, 1);
    double sum = 0, squares = 0, ends = 0, losses = 0;
    for (int i = 0; i < COURSES; i++) {
        bool ended, lost;
        const double got = follow(&ended, &lost, graph, policy, start, HORIZON, &options);
        sum += got;
        squares += got * got;
        ends += ended;
        losses += lost;
    }
    epi_prediction prediction;
    EXPECT(EPI_OK, epi_policy_predict(&prediction, policy, epi_graph_observation(graph, start), HORIZON));
    const double mean = sum / COURSES, deviation = sqrt(squares / COURSES - mean * mean);
    assert_near(prediction.return_mean, mean, 6 * deviation / sqrt(COURSES));
    assert_near(prediction.return_deviation, deviation, 0.05 * deviation);
    assert_near(prediction.terminated, ends / COURSES, 6 * 0.5 / sqrt(COURSES));
    assert_near(prediction.unknown, losses / COURSES, 6 * 0.5 / sqrt(COURSES));
    assert_true(prediction.return_low < prediction.return_mean);
    epi_policy_close(policy);
    epi_graph_close(graph);
}

static void without_a_horizon_the_prediction_is_the_value(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(37));
    const epi_policy_options options = plain(EPI_RANK_MEAN);
    const steps all = random_steps(&random, true);
    epi_graph *graph = graph_of(&all);
    epi_policy *policy = open_policy(graph, &options);
    for (uint32_t s = 0; s < STATES - 1; s++) {
        epi_prediction prediction;
        const float at = (float)s;
        EXPECT(EPI_OK, epi_policy_predict(&prediction, policy, &at, 0));
        assert_near(prediction.return_mean, epi_policy_value(policy, prediction.state, 0), 1e-8);
    }
    epi_policy_close(policy);
    epi_graph_close(graph);
}

/* ---- choosing --------------------------------------------------------------------------------------------------- */

static void actions_are_ranked_best_first_and_next_is_the_first(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(38));
    const steps all = random_steps(&random, true);
    epi_graph *graph = graph_of(&all);
    epi_policy *policy = open_policy(graph, NULL);
    for (uint32_t number = 0; number < STATES - 1; number++) {
        epi_policy_choice next, choices[ACTIONS];
        size_t count = 0, room = ACTIONS;
        const float at = (float)number;
        const uint32_t s = state_of(graph, number);
        EXPECT(EPI_OK, epi_policy_rank(NULL, &count, policy, s, 0));
        EXPECT(EPI_OK, epi_policy_rank(choices, &room, policy, s, 0));
        assert_int_equal(count, room);
        for (size_t i = 1; i < room; i++) assert_true(choices[i - 1].value >= choices[i].value);
        EXPECT(EPI_OK, epi_policy_next(&next, policy, &at, 0));
        assert_int_equal(next.action, choices[0].action);
        assert_near(next.value, epi_policy_value(policy, s, 0), 1e-8);
        assert_true(next.value <= next.mean);
        room = 1;
        EXPECT(EPI_OK, epi_policy_rank(choices, &room, policy, s, 0));
        assert_int_equal(room, count);
    }
    epi_policy_close(policy);
    epi_graph_close(graph);
}

/* ---- limits and changes ----------------------------------------------------------------------------------------- */

static void a_limit_of_backups_is_kept_and_sweeping_goes_on_later(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(39));
    epi_policy_options options = plain(EPI_RANK_MEAN);
    const steps all = random_steps(&random, true);
    epi_graph *graph = graph_of(&all);
    epi_policy *whole = open_policy(graph, &options), *little = NULL;
    epi_policy_report report;
    options.backup_count_max = 3;
    EXPECT(EPI_OK, epi_policy_open(&report, &little, graph, &options));
    assert_int_equal(report.backups, 3);
    assert_false(report.settled);
    assert_true(report.residual > 0);
    for (int i = 0; i < 100000 && !report.settled; i++) {
        EXPECT(EPI_OK, epi_policy_update(&report, little, 7));
        assert_true(report.backups <= 7 && report.changed <= report.backups);
    }
    assert_true(report.settled);
    for (uint32_t s = 0; s < STATES - 1; s++)
        assert_near(epi_policy_value(whole, s, 0), epi_policy_value(little, s, 0), 1e-9);
    epi_policy_close(whole);
    epi_policy_close(little);
    epi_graph_close(graph);
}

static void a_policy_that_its_graph_has_left_behind_says_so(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(40));
    const steps all = random_steps(&random, true);
    epi_graph *graph = NULL;
    EXPECT(EPI_OK, epi_graph_create(&graph, 1, 1, NULL));
    observe(graph, &all, 0, 10);
    for (uint32_t horizon = 0; horizon <= 5; horizon += 5) {
        epi_policy_options options = plain(EPI_RANK_LOWER);
        epi_policy_choice choice;
        epi_prediction prediction;
        size_t count = 0;
        options.horizon = horizon;
        epi_policy *policy = open_policy(graph, &options);
        const float at = (float)all.state[0];
        EXPECT(EPI_OK, epi_policy_next(&choice, policy, &at, 5));
        observe(graph, &all, 10 + horizon, 15 + horizon);
        EXPECT(EPI_ESTALE, epi_policy_next(&choice, policy, &at, 5));
        EXPECT(EPI_ESTALE, epi_policy_predict(&prediction, policy, &at, 5));
        EXPECT(EPI_ESTALE, epi_policy_rank(NULL, &count, policy, 0, 5));
        EXPECT(EPI_OK, epi_policy_update(NULL, policy, 0));
        EXPECT(EPI_OK, epi_policy_next(&choice, policy, &at, 5));
        EXPECT(EPI_OK, epi_policy_predict(&prediction, policy, &at, 5));
        epi_policy_close(policy);
    }
    epi_graph_close(graph);
}

static void the_same_steps_give_the_same_values_to_the_bit(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(41));
    const steps all = random_steps(&random, true);
    epi_graph *graphs[] = {graph_of(&all), graph_of(&all)};
    epi_policy *policies[] = {open_policy(graphs[0], NULL), open_policy(graphs[1], NULL)};
    for (uint32_t s = 0; s < STATES - 1; s++)
        assert_true(epi_policy_value(policies[0], s, 0) == epi_policy_value(policies[1], s, 0));
    for (size_t i = 0; i < 2; i++) epi_policy_close(policies[i]), epi_graph_close(graphs[i]);
}

/* A world without an end and without a discount: values grow for ever, and the limit must hold. */
static void values_that_do_not_settle_end_at_the_limit(void **state) {
    (void)state;
    epi_graph *graph = NULL;
    epi_policy *policy = NULL;
    epi_policy_report report;
    EXPECT(EPI_OK, epi_graph_create(&graph, 1, 1, NULL));
    const float at = 0;
    const uint8_t action = 0;
    epi_transition step = epi_transition_default();
    step.observation = step.next_observation = &at;
    step.action = &action;
    step.reward = 1;
    EXPECT(EPI_OK, epi_graph_observe(NULL, graph, &step));
    epi_policy_options options = plain(EPI_RANK_MEAN);
    options.discount = 1;
    options.backup_count_max = 1000;
    EXPECT(EPI_OK, epi_policy_open(&report, &policy, graph, &options));
    assert_int_equal(report.backups, 1000);
    assert_false(report.settled);
    epi_policy_close(policy);
    options.backup_count_max = 0;
    options.time_limit_ms = 20;
    EXPECT(EPI_OK, epi_policy_open(&report, &policy, graph, &options));
    assert_false(report.settled);
    epi_policy_close(policy);
    epi_graph_close(graph);
}

static void bad_options_are_refused(void **state) {
    (void)state;
    epi_graph *graph = NULL;
    epi_policy *policy = NULL;
    EXPECT(EPI_OK, epi_graph_create(&graph, 1, 1, NULL));
    const epi_policy_options good = epi_policy_options_default();
    epi_policy_options bad[10];
    for (size_t i = 0; i < EPI__COUNT(bad); i++) bad[i] = good;
    bad[0].version = 2;
    bad[1].ranking = (epi_ranking)7;
    bad[2].risk = -1;
    bad[3].risk = (double)NAN;
    bad[4].discount = 1.5;
    bad[5].discount = (double)NAN;
    bad[6].tolerance = 0;
    bad[7].tolerance = (double)INFINITY;
    bad[8].unknown_value = (double)NAN;
    bad[9].discount = -0.1;
    for (size_t i = 0; i < EPI__COUNT(bad); i++) {
        EXPECT(i == 8 ? EPI_ENUMBER : EPI_EINVAL, epi_policy_open(NULL, &policy, graph, &bad[i]));
        assert_null(policy);
    }
    EXPECT(EPI_EINVAL, epi_policy_open(NULL, NULL, graph, NULL));
    EXPECT(EPI_EINVAL, epi_policy_open(NULL, &policy, NULL, NULL));
    EXPECT(EPI_EINVAL, epi_policy_update(NULL, NULL, 0));
    epi_policy_close(NULL);
    epi_graph_close(graph);
}

static void an_empty_graph_has_a_policy_that_knows_nothing(void **state) {
    (void)state;
    const float at = 0, bad = NAN;
    for (uint32_t horizon = 0; horizon <= 3; horizon += 3) {
        epi_graph *graph = NULL;
        epi_policy_options options = epi_policy_options_default();
        epi_policy_choice choice;
        epi_prediction prediction;
        size_t count = 0;
        options.horizon = horizon;
        EXPECT(EPI_OK, epi_graph_create(&graph, 1, 1, NULL));
        epi_policy *policy = open_policy(graph, &options);
        EXPECT(EPI_ENOTFOUND, epi_policy_next(&choice, policy, &at, 1));
        EXPECT(EPI_ENUMBER, epi_policy_next(&choice, policy, &bad, 1));
        EXPECT(EPI_EINVAL, epi_policy_next(&choice, policy, NULL, 1));
        EXPECT(EPI_ENOTFOUND, epi_policy_predict(&prediction, policy, &at, 3));
        EXPECT(EPI_ENOTFOUND, epi_policy_rank(NULL, &count, policy, 0, 1));
        if (horizon > 0) EXPECT(EPI_EINVAL, epi_policy_predict(&prediction, policy, &at, horizon + 1));
        epi_policy_close(policy);
        epi_graph_close(graph);
    }
}

static void a_horizon_too_long_for_its_table_is_refused(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(42));
    const steps all = random_steps(&random, true);
    epi_graph *graph = graph_of(&all);
    epi_policy *policy = NULL;
    epi_policy_options options = epi_policy_options_default();
    options.horizon = UINT32_MAX;
    EXPECT(EPI_ELIMIT, epi_policy_open(NULL, &policy, graph, &options));
    assert_null(policy);
    epi_graph_close(graph);
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_is_what_value_iteration_finds),
        cmocka_unit_test(with_a_horizon_it_is_backward_induction),
        cmocka_unit_test(going_on_as_the_graph_grows_is_the_same_as_beginning_anew),
        cmocka_unit_test(the_lower_bound_lies_below_the_mean_and_the_maximum_above),
        cmocka_unit_test(where_nothing_is_luck_all_rankings_agree),
        cmocka_unit_test(luck_is_no_choice),
        cmocka_unit_test(a_prediction_is_what_following_the_policy_gives),
        cmocka_unit_test(without_a_horizon_the_prediction_is_the_value),
        cmocka_unit_test(actions_are_ranked_best_first_and_next_is_the_first),
        cmocka_unit_test(a_limit_of_backups_is_kept_and_sweeping_goes_on_later),
        cmocka_unit_test(a_policy_that_its_graph_has_left_behind_says_so),
        cmocka_unit_test(the_same_steps_give_the_same_values_to_the_bit),
        cmocka_unit_test(values_that_do_not_settle_end_at_the_limit),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(an_empty_graph_has_a_policy_that_knows_nothing),
        cmocka_unit_test(a_horizon_too_long_for_its_table_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
