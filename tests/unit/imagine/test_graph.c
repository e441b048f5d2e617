/* Tests of the memory graph: that it counts what was recorded and nothing else, says the same however its steps came
 * in, forgets what is removed, and imagines evenly.
 */
#include "imagine/graph.h"

#include <math.h>
#include <stdio.h>

#include "place.h"
#include "quick.h"

/* ---- worlds, and a naive twin ----------------------------------------------------------------------------------- */

#define WALK_MAX 64u

/* Random steps over few states and actions, several episodes of it. */
typedef struct walk {
    float from[WALK_MAX][2], to[WALK_MAX][2];
    uint8_t action[WALK_MAX];
    double reward[WALK_MAX];
    uint32_t flags[WALK_MAX];
    size_t count;
} walk;

static walk random_walk(epi__random *random, size_t count) {
    walk w = {.count = count};
    float at[2] = {0, 0};
    for (size_t i = 0; i < count; i++) {
        memcpy(w.from[i], at, sizeof at);
        w.action[i] = (uint8_t)epi__random_below(random, 2);
        at[0] = (float)epi__random_below(random, 3);
        at[1] = (float)epi__random_below(random, 2);
        memcpy(w.to[i], at, sizeof at);
        w.reward[i] = (double)epi__random_below(random, 2) / 4;
        if (epi__random_below(random, 8) != 0 && i + 1 < count) continue;
        w.flags[i] = epi__random_below(random, 2) ? EPI_STEP_TERMINATED : EPI_STEP_TRUNCATED;
        at[0] = at[1] = 0;
    }
    return w;
}

static epi_graph *new_graph(const epi_graph_options *options) {
    epi_graph *graph = NULL;
    EXPECT(EPI_OK, epi_graph_create(&graph, 2, 1, options));
    return graph;
}

static epi_status observe(epi_graph *graph, const float *from, uint8_t action, double reward, const float *to,
                          uint32_t flags) {
    epi_transition step = epi_transition_default();
    step.observation = from;
    step.action = &action;
    step.reward = reward;
    step.next_observation = to;
    step.flags = flags;
    return epi_graph_observe(NULL, graph, &step);
}

static void observe_walk(epi_graph *graph, const walk *w) {
    for (size_t i = 0; i < w->count; i++)
        EXPECT(EPI_OK, observe(graph, w->from[i], w->action[i], w->reward[i], w->to[i], w->flags[i]));
}

static bool is_at(const float *a, const float *b) {
    return a[0] == b[0] && a[1] == b[1];
}

static void assert_near(double a, double b, double most) {
    if (fabs(a - b) > most) fail_msg("%.17g is not %.17g", a, b);
}

/* Counts by going over all steps again. */
static void assert_counted(const epi_graph *graph, const walk *w, const epi_graph_tried *tried) {
    const float *from = epi_graph_observation(graph, tried->state);
    const uint8_t action = *(const uint8_t *)epi_graph_action(graph, tried->action);
    size_t count = 0, terminated = 0, episodes = 0, episode = 0, last = SIZE_MAX;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (is_at(w->from[i], from) && w->action[i] == action) {
            count++;
            terminated += w->flags[i] == EPI_STEP_TERMINATED;
            episodes += last != episode;
            last = episode;
            sum += w->reward[i];
            squares += w->reward[i] * w->reward[i];
        }
        episode += w->flags[i] != 0;
    }
    const double mean = sum / (double)count;
    assert_int_equal(tried->count, count);
    assert_int_equal(tried->episodes, episodes);
    assert_near(tried->terminated, (double)terminated / (double)count, 1e-12);
    assert_near(tried->reward_mean, mean, 1e-12);
    assert_near(tried->reward_deviation, sqrt(fmax(0, squares / (double)count - mean * mean)), 1e-7);
}

static void assert_outcome_counted(const epi_graph *graph, const walk *w, const epi_graph_outcome *outcome) {
    const float *from = epi_graph_observation(graph, outcome->state), *to = epi_graph_observation(graph, outcome->next);
    const uint8_t action = *(const uint8_t *)epi_graph_action(graph, outcome->action);
    size_t count = 0;
    for (size_t i = 0; i < w->count; i++)
        count += is_at(w->from[i], from) && w->action[i] == action && is_at(w->to[i], to) &&
                 (w->flags[i] == EPI_STEP_TERMINATED) == outcome->terminated;
    assert_int_equal(outcome->count, count);
}

static void the_graph_counts_as_a_naive_twin_does(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(11));
    for (int round = 0; round < 30; round++) {
        const walk w = random_walk(&random, WALK_MAX);
        epi_graph *graph = new_graph(NULL);
        observe_walk(graph, &w);
        epi_graph_stats stats;
        EXPECT(EPI_OK, epi_graph_stats_read(&stats, graph));
        size_t steps = 0, outcomes = 0, causes = 0;
        for (uint32_t s = 0; s < stats.states; s++) {
            causes += epi_graph_cause_count(graph, s);
            for (size_t i = 0; i < epi_graph_tried_count(graph, s); i++) {
                epi_graph_tried tried;
                epi_graph_outcome outcome;
                EXPECT(EPI_OK, epi_graph_tried_at(&tried, graph, s, i));
                assert_counted(graph, &w, &tried);
                steps += tried.count;
                for (size_t o = 0; o < tried.outcome_count; o++, outcomes++) {
                    EXPECT(EPI_OK, epi_graph_outcome_at(&outcome, graph, s, tried.action, o));
                    assert_outcome_counted(graph, &w, &outcome);
                }
            }
        }
        assert_int_equal(steps, w.count);
        assert_int_equal(stats.steps, w.count);
        assert_int_equal(outcomes, stats.outcomes);
        assert_int_equal(causes, stats.outcomes);
        epi_graph_close(graph);
    }
}

/* ---- merging ---------------------------------------------------------------------------------------------------- */

static void equal_observations_are_one_state(void **state) {
    (void)state;
    const float plus[] = {0.0f, 1.0f}, minus[] = {-0.0f, 1.0f}, near_by[] = {0.0f, 1.0000001f};
    epi_graph *graph = new_graph(NULL);
    uint32_t found;
    EXPECT(EPI_OK, observe(graph, plus, 0, 0, near_by, 0));
    EXPECT(EPI_OK, epi_graph_find_state(&found, graph, minus));
    assert_int_equal(found, 0);
    EXPECT(EPI_OK, epi_graph_find_state(&found, graph, near_by));
    assert_int_equal(found, 1);
    epi_graph_close(graph);
}

static void observations_far_away_do_not_overflow_the_grid(void **state) {
    (void)state;
    epi_graph_options options = epi_graph_options_default();
    options.radius = 1e-30;
    const float far_off[] = {3e38f, -3e38f}, home[] = {0, 0};
    epi_graph *graph = new_graph(&options);
    uint32_t found;
    EXPECT(EPI_OK, observe(graph, far_off, 0, 0, home, 0));
    EXPECT(EPI_OK, epi_graph_find_state(&found, graph, far_off));
    assert_int_equal(found, 0);
    EXPECT(EPI_OK, epi_graph_find_state(&found, graph, home));
    assert_int_equal(found, 1);
    epi_graph_close(graph);
}

/* ---- luck ------------------------------------------------------------------------------------------------------- */

static bool is_edge(const epi_graph *graph, uint32_t state, uint32_t action) {
    epi_graph_tried tried;
    EXPECT(EPI_OK, epi_graph_tried_find(&tried, graph, state, action));
    return tried.deterministic;
}

static void an_action_is_an_edge_only_where_it_was_seen_to_be_certain(void **state) {
    (void)state;
    const float a[] = {0, 0}, b[] = {1, 0}, c[] = {2, 0};
    epi_graph *graph = new_graph(NULL);
    EXPECT(EPI_OK, observe(graph, a, 0, 0, b, 0));
    assert_true(is_edge(graph, 0, 0)); /* nothing was ever seen to be stochastic */
    EXPECT(EPI_OK, observe(graph, b, 1, 0, c, 0));
    EXPECT(EPI_OK, observe(graph, b, 1, 0, a, 0));
    assert_false(is_edge(graph, 1, 1)); /* it led to two places */
    assert_false(is_edge(graph, 0, 0)); /* once is not enough in such a world */
    EXPECT(EPI_OK, observe(graph, a, 0, 0, b, 0));
    assert_true(is_edge(graph, 0, 0));
    EXPECT(EPI_OK, observe(graph, a, 0, 0.5, b, 0));
    assert_false(is_edge(graph, 0, 0)); /* its reward is luck too */
    epi_graph_stats stats;
    EXPECT(EPI_OK, epi_graph_stats_read(&stats, graph));
    assert_int_equal(stats.repeated, 2);
    assert_int_equal(stats.stochastic, 2);
    epi_graph_close(graph);
}

static void luck_that_shows_late_is_counted_once(void **state) {
    (void)state;
    const float a[] = {0, 0}, b[] = {1, 0}, c[] = {2, 0};
    epi_graph *graph = new_graph(NULL);
    epi_graph_stats stats;
    for (size_t i = 0; i < 3; i++) EXPECT(EPI_OK, observe(graph, a, 0, 1, b, EPI_STEP_TRUNCATED));
    EXPECT(EPI_OK, observe(graph, b, 1, 0, a, EPI_STEP_TRUNCATED));
    for (size_t i = 0; i < 3; i++) {
        EXPECT(EPI_OK, observe(graph, a, 0, 0, i < 2 ? c : b, EPI_STEP_TRUNCATED));
        EXPECT(EPI_OK, epi_graph_stats_read(&stats, graph));
        assert_int_equal(stats.stochastic, 1);
        assert_false(is_edge(graph, 1, 1)); /* once is not enough in such a world */
    }
    epi_graph_close(graph);
}

/* ---- of a space ------------------------------------------------------------------------------------------------- */

static epi_space *open_space(place *p, const char *name) {
    return place_transitions(p, name, 2, EPI_U8, 0);
}

/* next: what it came to, or NULL: not told. */
static uint64_t append(epi_recorder *recorder, uint32_t lane, const float *observation, uint8_t action, double reward,
                       uint32_t flags, const float *next) {
    const float paid = (float)reward;
    const bool terminated = (flags & EPI_STEP_TERMINATED) != 0, truncated = (flags & EPI_STEP_TRUNCATED) != 0;
    uint64_t id = 0;
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, observation),
                                  epi_column_u8(EPI_ACTION, &action),
                                  epi_column_f32(EPI_REWARD, &paid),
                                  epi_column_bool(EPI_TERMINATED, &terminated),
                                  epi_column_bool(EPI_TRUNCATED, &truncated),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, next)};
    EXPECT(EPI_OK, epi_transitions_append(&id, recorder, &lane, columns, next ? 6 : 5, 1));
    return id;
}

/* Steps [first, end) of a walk; an episode that goes on behind them is cut. Returns the id of the first episode. */
static uint64_t store_walk(epi_space *space, const walk *w, size_t first, size_t end) {
    epi_recorder *recorder = place_recorder(space, 1);
    uint64_t id = 0;
    for (size_t i = first; i < end; i++) {
        const uint32_t flags = w->flags[i] || i + 1 < end ? w->flags[i] : EPI_STEP_TRUNCATED;
        uint64_t step = append(recorder, 0, w->from[i], w->action[i], w->reward[i], flags, w->to[i]);
        if (id == 0) id = step;
    }
    epi_recorder_close(recorder);
    return id;
}

static epi_graph *open_graph(epi_space *space) {
    epi_graph *graph = NULL;
    EXPECT(EPI_OK, epi_graph_open(&graph, space, NULL));
    return graph;
}

static void assert_same_moments(const epi__moments *a, const epi__moments *b) {
    assert_memory_equal(a, b, sizeof *a);
}

/* To the bit, but for the ids of steps where one graph has none. */
static void assert_same(const epi_graph *left, const epi_graph *right, bool with_steps) {
    const epi__model *a = &left->model, *b = &right->model;
    assert_int_equal(a->link_count, b->link_count);
    assert_int_equal(a->pair_count, b->pair_count);
    assert_int_equal(a->outcome_count, b->outcome_count);
    assert_int_equal(a->visit_count, b->visit_count);
    assert_int_equal(a->stochastic, b->stochastic);
    assert_int_equal(a->repeated, b->repeated);
    assert_memory_equal(a->states.centres, b->states.centres, a->link_count * 2 * sizeof(float));
    for (uint32_t i = 0; i < a->pair_count; i++) {
        assert_int_equal(a->pairs[i].state, b->pairs[i].state);
        assert_int_equal(a->pairs[i].action, b->pairs[i].action);
        assert_int_equal(a->pairs[i].episodes, b->pairs[i].episodes);
        assert_same_moments(&a->pairs[i].reward, &b->pairs[i].reward);
    }
    for (uint32_t i = 0; i < a->outcome_count; i++) {
        assert_int_equal(a->outcomes[i].pair, b->outcomes[i].pair);
        assert_int_equal(a->outcomes[i].next, b->outcomes[i].next);
        assert_int_equal(a->outcomes[i].count, b->outcomes[i].count);
        assert_int_equal(a->outcomes[i].episodes, b->outcomes[i].episodes);
        assert_same_moments(&a->outcomes[i].reward, &b->outcomes[i].reward);
    }
    for (uint32_t i = 0; i < a->visit_count; i++) {
        assert_int_equal(a->visits[i].outcome, b->visits[i].outcome);
        assert_true(a->visits[i].reward == b->visits[i].reward);
        if (with_steps) assert_int_equal(a->visits[i].step, b->visits[i].step);
    }
}

static void steps_stored_or_observed_make_the_same_graph(void **state) {
    epi__random random = epi__random_seed(quick_seed(13));
    const walk w = random_walk(&random, WALK_MAX);
    epi_space *space = open_space(*state, "walks");
    store_walk(space, &w, 0, w.count);
    epi_graph *stored = open_graph(space), *observed = new_graph(NULL);
    observe_walk(observed, &w);
    assert_same(stored, observed, false);
    epi_graph_close(stored);
    epi_graph_close(observed);
    epi_space_close(space);
}

static void catching_up_is_the_same_as_building_anew(void **state) {
    epi__random random = epi__random_seed(quick_seed(14));
    const walk w = random_walk(&random, WALK_MAX);
    epi_space *space = open_space(*state, "walks");
    epi_graph *followed = open_graph(space);
    for (size_t at = 0; at < w.count;) {
        size_t end = at + 1;
        bool rebuilt = true;
        while (end < w.count && (!w.flags[end - 1] || end - at < 6)) end++;
        store_walk(space, &w, at, end);
        EXPECT(EPI_OK, epi_graph_refresh(&rebuilt, followed));
        assert_false(rebuilt);
        epi_graph *fresh = open_graph(space);
        assert_same(followed, fresh, true);
        epi_graph_close(fresh);
        at = end;
    }
    epi_graph_close(followed);
    epi_space_close(space);
}

/* Two episodes that grow in turns, and a refresh after each step. */
static void steps_of_episodes_that_interleave_are_followed(void **state) {
    epi_space *space = open_space(*state, "walks");
    epi_graph *followed = open_graph(space);
    epi_recorder *recorder = place_recorder(space, 2);
    const float places[][2] = {{0, 0}, {1, 0}, {2, 0}};
    for (uint32_t i = 0; i < 12; i++) {
        bool rebuilt = true;
        append(recorder, i % 2, places[i / 2 % 3], 1, i, i >= 10 ? EPI_STEP_TERMINATED : 0, i >= 10 ? places[0] : NULL);
        EXPECT(EPI_OK, epi_graph_refresh(&rebuilt, followed));
        assert_false(rebuilt);
    }
    epi_graph_stats stats;
    EXPECT(EPI_OK, epi_graph_stats_read(&stats, followed));
    assert_int_equal(stats.steps, 12);
    epi_recorder_close(recorder);
    epi_graph *fresh = open_graph(space);
    assert_same(followed, fresh, true);
    epi_graph_tried tried;
    EXPECT(EPI_OK, epi_graph_tried_at(&tried, fresh, 0, 0));
    assert_int_equal(tried.count, 4);
    assert_int_equal(tried.episodes, 2);
    epi_graph_close(fresh);
    epi_graph_close(followed);
    epi_space_close(space);
}

static void an_end_without_a_last_observation_counts(void **state) {
    epi_space *space = open_space(*state, "walks");
    epi_recorder *recorder = place_recorder(space, 1);
    const float at[] = {0, 0};
    const uint64_t id = append(recorder, 0, at, 3, 2.5, EPI_STEP_TERMINATED, NULL);
    epi_graph *graph = open_graph(space);
    epi_graph_step step;
    EXPECT(EPI_OK, epi_graph_sample(&step, graph, 0));
    assert_true(step.terminated && step.next == EPI_NO_STATE && step.reward == 2.5);
    assert_int_equal(step.source, id);
    epi_graph_close(graph);
    epi_recorder_close(recorder);
    epi_space_close(space);
}

static void a_step_that_nothing_followed_is_left_out(void **state) {
    epi_space *space = open_space(*state, "walks");
    epi_recorder *recorder = place_recorder(space, 1);
    const float at[] = {0, 0};
    append(recorder, 0, at, 3, 1, EPI_STEP_TRUNCATED, NULL);
    epi_graph *graph = open_graph(space);
    epi_graph_stats stats;
    EXPECT(EPI_OK, epi_graph_stats_read(&stats, graph));
    assert_int_equal(stats.steps, 0);
    assert_int_equal(stats.unfinished, 1);
    assert_int_equal(stats.visited, 0);
    epi_graph_close(graph);
    epi_recorder_close(recorder);
    epi_space_close(space);
}

static bool has_source(const epi_graph *graph, uint64_t first, uint64_t end) {
    for (uint32_t i = 0; i < graph->model.visit_count; i++)
        if (graph->model.visits[i].step >= first && graph->model.visits[i].step < end) return true;
    return false;
}

static void removed_steps_leave_the_graph(void **state) {
    epi__random random = epi__random_seed(quick_seed(15));
    const walk w = random_walk(&random, WALK_MAX), more = random_walk(&random, 10);
    epi_space *space = open_space(*state, "walks");
    store_walk(space, &w, 0, w.count);
    const uint64_t episode = store_walk(space, &more, 0, 1);
    epi_graph *followed = open_graph(space);
    epi_graph_stats before, after;
    EXPECT(EPI_OK, epi_graph_stats_read(&before, followed));
    const uint64_t newest = followed->model.visits[followed->model.visit_count - 1].step;
    assert_true(has_source(followed, newest, newest + 1));
    bool rebuilt = false;
    epi_filter filter = epi_filter_default();
    filter.episodes = &episode;
    filter.episode_count = 1;
    EXPECT(EPI_OK, epi_remove(NULL, space, &filter, false));
    EXPECT(EPI_OK, epi_graph_refresh(&rebuilt, followed));
    assert_true(rebuilt);
    EXPECT(EPI_OK, epi_graph_stats_read(&after, followed));
    assert_int_equal(after.steps, before.steps - 1);
    assert_false(has_source(followed, newest, newest + 1));
    epi_graph *fresh = open_graph(space);
    assert_same(followed, fresh, true);
    epi_graph_close(fresh);
    epi_graph_close(followed);
    epi_space_close(space);
}

/* ---- sampling --------------------------------------------------------------------------------------------------- */

/* State 0 has one action that was taken 98 times, state 1 has two. */
static epi_graph *uneven_graph(uint64_t seed) {
    const float a[] = {0, 0}, b[] = {1, 0};
    epi_graph_options options = epi_graph_options_default();
    options.seed = seed;
    epi_graph *graph = new_graph(&options);
    for (int i = 0; i < 98; i++) EXPECT(EPI_OK, observe(graph, a, 0, i, i < 49 ? a : b, EPI_STEP_TRUNCATED));
    EXPECT(EPI_OK, observe(graph, b, 0, -1, a, EPI_STEP_TRUNCATED));
    EXPECT(EPI_OK, observe(graph, b, 1, -2, b, EPI_STEP_TERMINATED));
    return graph;
}

static void imagined_steps_are_even_over_states_then_over_actions(void **state) {
    (void)state;
    enum { DRAWS = 20000 };
    epi_graph *graph = uneven_graph(quick_seed(16));
    size_t first = 0, second[2] = {0, 0}, early = 0;
    for (int i = 0; i < DRAWS; i++) {
        epi_graph_step step;
        EXPECT(EPI_OK, epi_graph_sample(&step, graph, 0));
        if (step.state == 0)
            first++, early += step.reward < 49;
        else
            second[step.action]++;
        assert_true(step.state != 0 || (step.next == 0) == (step.reward < 49));
    }
    /* six standard deviations */
    assert_true(fabs((double)first - DRAWS / 2.0) < 6 * sqrt(DRAWS / 4.0));
    assert_true(fabs((double)second[0] - DRAWS / 4.0) < 6 * sqrt(DRAWS * 3 / 16.0));
    assert_true(fabs((double)early - DRAWS / 4.0) < 6 * sqrt(DRAWS * 3 / 16.0));
    epi_graph_close(graph);
}

static void the_newest_times_can_be_asked_for(void **state) {
    (void)state;
    epi_graph *graph = uneven_graph(1);
    for (int i = 0; i < 200; i++) {
        epi_graph_step step;
        EXPECT(EPI_OK, epi_graph_sample_action(&step, graph, 0, 0, 1));
        assert_true(step.reward == 97);
        assert_int_equal(step.age, 2);
        EXPECT(EPI_OK, epi_graph_sample_action(&step, graph, 0, 0, 3));
        assert_true(step.reward >= 95);
    }
    epi_graph_close(graph);
}

static void the_same_seed_imagines_the_same(void **state) {
    (void)state;
    epi_graph *graphs[] = {uneven_graph(5), uneven_graph(5), uneven_graph(6)};
    size_t others = 0;
    for (int i = 0; i < 100; i++) {
        epi_graph_step steps[3];
        for (size_t g = 0; g < 3; g++) EXPECT(EPI_OK, epi_graph_sample(&steps[g], graphs[g], 0));
        assert_int_equal(steps[0].state, steps[1].state);
        assert_true(steps[0].reward == steps[1].reward);
        others += steps[0].reward != steps[2].reward;
    }
    assert_true(others > 10);
    for (size_t g = 0; g < 3; g++) epi_graph_close(graphs[g]);
}

/* ---- what is refused -------------------------------------------------------------------------------------------- */

static void bad_graphs_are_refused(void **state) {
    place *p = *state;
    epi_graph *graph = NULL;
    epi_graph_options options = epi_graph_options_default();
    EXPECT(EPI_EINVAL, epi_graph_create(NULL, 2, 1, NULL));
    EXPECT(EPI_EINVAL, epi_graph_create(&graph, 0, 1, NULL));
    EXPECT(EPI_EINVAL, epi_graph_create(&graph, 1, 0, NULL));
    EXPECT(EPI_ELIMIT, epi_graph_create(&graph, EPI_DIMENSION_MAX + 1, 1, NULL));
    EXPECT(EPI_ELIMIT, epi_graph_create(&graph, 1, EPI_TENSOR_SIZE_MAX + 1, NULL));
    EXPECT(EPI_EUNSUPPORTED, epi_graph_open(&graph, p->space, NULL)); /* a conversation */
    EXPECT(EPI_EINVAL, epi_graph_open(&graph, NULL, NULL));
    options.radius = -1;
    EXPECT(EPI_EINVAL, epi_graph_create(&graph, 2, 1, &options));
    options.radius = (double)NAN;
    EXPECT(EPI_EINVAL, epi_graph_create(&graph, 2, 1, &options));
    options = epi_graph_options_default();
    options.version = 9;
    EXPECT(EPI_EINVAL, epi_graph_create(&graph, 2, 1, &options));
    options = epi_graph_options_default();
    options.state_count_max = EPI_GRAPH_STATE_COUNT_MAX + 1;
    EXPECT(EPI_ELIMIT, epi_graph_create(&graph, 2, 1, &options));
    assert_null(graph);
    epi_graph_close(NULL);
}

static void bad_steps_are_refused_and_change_nothing(void **state) {
    (void)state;
    const float a[] = {0, 0}, b[] = {1, 0}, c[] = {2, 0}, bad[] = {0, NAN}, worse[] = {INFINITY, 0};
    epi_graph_options options = epi_graph_options_default();
    options.state_count_max = 2;
    epi_graph *graph = new_graph(&options);
    EXPECT(EPI_OK, observe(graph, a, 0, 1, b, 0));
    EXPECT(EPI_ENUMBER, observe(graph, bad, 0, 1, b, 0));
    EXPECT(EPI_ENUMBER, observe(graph, a, 0, 1, worse, 0));
    EXPECT(EPI_ENUMBER, observe(graph, a, 0, (double)NAN, b, 0));
    EXPECT(EPI_EINVAL, observe(graph, NULL, 0, 1, b, 0));
    EXPECT(EPI_EINVAL, observe(graph, a, 0, 1, NULL, EPI_STEP_TRUNCATED));
    EXPECT(EPI_EINVAL, observe(NULL, a, 0, 1, b, 0));
    EXPECT(EPI_ELIMIT, observe(graph, a, 0, 1, c, 0));
    EXPECT(EPI_EINVAL, epi_graph_observe(NULL, graph, NULL));
    EXPECT(EPI_EUNSUPPORTED, epi_graph_refresh(NULL, graph));
    epi_graph_stats stats;
    EXPECT(EPI_OK, epi_graph_stats_read(&stats, graph));
    assert_int_equal(stats.steps, 1);
    assert_int_equal(stats.pairs, 1);
    EXPECT(EPI_OK, observe(graph, b, 0, 1, NULL, EPI_STEP_TERMINATED));
    epi_graph_close(graph);
}

static void a_graph_of_a_space_takes_no_other_steps(void **state) {
    epi_space *space = open_space(*state, "walks");
    epi_graph *graph = open_graph(space);
    const float a[] = {0, 0};
    epi_graph_step step;
    EXPECT(EPI_EUNSUPPORTED, observe(graph, a, 0, 1, a, 0));
    EXPECT(EPI_ENOTFOUND, epi_graph_sample(&step, graph, 0));
    epi_graph_close(graph);
    epi_space_close(space);
}

static void what_is_not_there_is_not_found(void **state) {
    (void)state;
    const float a[] = {0, 0}, b[] = {1, 0};
    const uint8_t seen = 0, unseen = 7;
    epi_graph *graph = new_graph(NULL);
    uint32_t number;
    size_t count = 0;
    epi_graph_tried tried;
    epi_graph_outcome outcome;
    epi_graph_step step;
    EXPECT(EPI_ENOTFOUND, epi_graph_sample_state(&number, graph));
    EXPECT(EPI_OK, observe(graph, a, seen, 1, a, 0));
    EXPECT(EPI_ENOTFOUND, epi_graph_find_state(&number, graph, b));
    EXPECT(EPI_ENOTFOUND, epi_graph_find_action(&number, graph, &unseen));
    EXPECT(EPI_OK, epi_graph_find_action(&number, graph, &seen));
    EXPECT(EPI_ENOTFOUND, epi_graph_tried_at(&tried, graph, 0, 1));
    EXPECT(EPI_ENOTFOUND, epi_graph_tried_at(&tried, graph, 99, 0));
    EXPECT(EPI_ENOTFOUND, epi_graph_tried_find(&tried, graph, 0, 1));
    EXPECT(EPI_ENOTFOUND, epi_graph_outcome_at(&outcome, graph, 0, 0, 1));
    EXPECT(EPI_ENOTFOUND, epi_graph_cause_at(&outcome, graph, 0, 1));
    EXPECT(EPI_ENOTFOUND, epi_graph_sample_action(&step, graph, 0, 1, 0));
    EXPECT(EPI_ENOTFOUND, epi_graph_sources(NULL, &count, graph, 5, 0));
    EXPECT(EPI_OK, epi_graph_sources(NULL, &count, graph, 0, 0));
    assert_int_equal(count, 1);
    assert_null(epi_graph_observation(graph, 1));
    assert_null(epi_graph_action(graph, 1));
    assert_int_equal(epi_graph_tried_count(graph, 1), 0);
    epi_graph_close(graph);
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_graph_counts_as_a_naive_twin_does),
        cmocka_unit_test(equal_observations_are_one_state),
        cmocka_unit_test(observations_far_away_do_not_overflow_the_grid),
        cmocka_unit_test(an_action_is_an_edge_only_where_it_was_seen_to_be_certain),
        cmocka_unit_test(luck_that_shows_late_is_counted_once),
        cmocka_unit_test_setup_teardown(steps_stored_or_observed_make_the_same_graph, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(catching_up_is_the_same_as_building_anew, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(steps_of_episodes_that_interleave_are_followed, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(an_end_without_a_last_observation_counts, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_step_that_nothing_followed_is_left_out, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(removed_steps_leave_the_graph, place_setup, place_teardown),
        cmocka_unit_test(imagined_steps_are_even_over_states_then_over_actions),
        cmocka_unit_test(the_newest_times_can_be_asked_for),
        cmocka_unit_test(the_same_seed_imagines_the_same),
        cmocka_unit_test_setup_teardown(bad_graphs_are_refused, place_setup, place_teardown),
        cmocka_unit_test(bad_steps_are_refused_and_change_nothing),
        cmocka_unit_test_setup_teardown(a_graph_of_a_space_takes_no_other_steps, place_setup, place_teardown),
        cmocka_unit_test(what_is_not_there_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
