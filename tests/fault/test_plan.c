/* Graphs and policies with the k-th allocation failing, for k = 1, 2, ... until the call needs no more: once, and from
 * the k-th on for ever. The call says EPI_ENOMEM, and when there is memory again the same steps give the same values.
 */
#include <errno.h>

#include "fault.h"
#include "quick.h"

#define STEPS 60u
#define STATES 12u

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static epi_status observe(epi_graph *graph, uint32_t i) {
    const float from = (float)(i * 5 % STATES), to = (float)((i * 7 + i / 9) % STATES);
    const uint8_t action = (uint8_t)(i % 3);
    epi_transition step = epi_transition_default();
    step.observation = &from;
    step.action = &action;
    step.reward = (double)(i % 4);
    step.next_observation = &to;
    step.flags = i % 11 == 0 ? EPI_STEP_TERMINATED : 0;
    return epi_graph_observe(NULL, graph, &step);
}

static epi_graph *new_graph(uint32_t steps) {
    epi_graph *graph = NULL;
    epi_graph_options options = epi_graph_options_default();
    options.radius = 0.25;
    EXPECT(EPI_OK, epi_graph_create(&graph, 1, 1, &options));
    for (uint32_t i = 0; i < steps; i++) EXPECT(EPI_OK, observe(graph, i));
    return graph;
}

static uint64_t steps_in(const epi_graph *graph) {
    epi_graph_stats stats;
    EXPECT(EPI_OK, epi_graph_stats_read(&stats, graph));
    return stats.steps;
}

/* ---- the graph --------------------------------------------------------------------------------------------------- */

static void a_graph_without_memory_is_empty_and_begins_anew(void **state) {
    (void)state;
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        bool struck = true;
        for (size_t k = 1; struck; k++) {
            epi_graph *graph = new_graph(0);
            epi_status status = EPI_OK;
            fault_arm(ENOMEM, k, for_ever);
            for (uint32_t i = 0; i < STEPS && !status; i++) status = observe(graph, i);
            struck = fault_disarm();
            assert_int_equal(status, struck ? EPI_ENOMEM : EPI_OK);
            if (struck) assert_int_equal(steps_in(graph), 0);
            for (uint32_t i = 0; i < STEPS && struck; i++) EXPECT(EPI_OK, observe(graph, i));
            assert_int_equal(steps_in(graph), STEPS);
            epi_graph_close(graph);
        }
    }
}

static void a_graph_that_cannot_be_made_is_not(void **state) {
    (void)state;
    bool struck = true;
    for (size_t k = 1; struck; k++) {
        epi_graph *graph = NULL;
        fault_arm(ENOMEM, k, false);
        const epi_status status = epi_graph_create(&graph, 1, 1, NULL);
        struck = fault_disarm();
        assert_int_equal(status, struck ? EPI_ENOMEM : EPI_OK);
        assert_true(struck == (graph == NULL));
        epi_graph_close(graph);
    }
}

/* ---- policies ---------------------------------------------------------------------------------------------------- */

static epi_policy_options options_of(epi_ranking ranking, uint32_t horizon) {
    epi_policy_options options = epi_policy_options_default();
    options.ranking = ranking;
    options.discount = 0.9;
    options.horizon = horizon;
    return options;
}

static void assert_same(const epi_policy *a, const epi_policy *b) {
    for (uint32_t state = 0; state < STATES; state++) {
        const double difference = epi_policy_value(a, state, 4) - epi_policy_value(b, state, 4);
        assert_true(difference < 1e-6 && difference > -1e-6);
    }
}

/* Opens, updates after more steps, and predicts, each with the k-th allocation failing, and then without. */
static bool plan(size_t k, bool for_ever, epi_ranking ranking, uint32_t horizon) {
    const epi_policy_options options = options_of(ranking, horizon);
    const float at = 0;
    epi_graph *graph = new_graph(STEPS / 2);
    epi_policy *policy = NULL, *fresh = NULL;
    epi_prediction prediction;
    fault_arm(ENOMEM, k, for_ever);
    epi_status status = epi_policy_open(NULL, &policy, graph, &options);
    bool struck = fault_disarm(), any = struck;
    assert_int_equal(status, struck ? EPI_ENOMEM : EPI_OK);
    if (struck) EXPECT(EPI_OK, epi_policy_open(NULL, &policy, graph, &options));
    for (uint32_t i = STEPS / 2; i < STEPS; i++) EXPECT(EPI_OK, observe(graph, i));
    fault_arm(ENOMEM, k, for_ever);
    status = epi_policy_update(NULL, policy, 0);
    any |= struck = fault_disarm();
    assert_int_equal(status, struck ? EPI_ENOMEM : EPI_OK);
    EXPECT(EPI_OK, epi_policy_update(NULL, policy, 0));
    fault_arm(ENOMEM, k, for_ever);
    status = epi_policy_predict(&prediction, policy, &at, 3);
    any |= struck = fault_disarm();
    assert_int_equal(status, struck ? EPI_ENOMEM : EPI_OK);
    EXPECT(EPI_OK, epi_policy_predict(&prediction, policy, &at, 3));
    EXPECT(EPI_OK, epi_policy_open(NULL, &fresh, graph, &options));
    assert_same(policy, fresh);
    epi_policy_close(fresh);
    epi_policy_close(policy);
    epi_graph_close(graph);
    return any;
}

static void policies_say_so_and_go_on_when_there_is_memory_again(void **state) {
    (void)state;
    for (epi_ranking ranking = EPI_RANK_MEAN; ranking <= EPI_RANK_MAXIMUM; ranking++)
        for (uint32_t horizon = 0; horizon <= 5; horizon += 5)
            for (int for_ever = 0; for_ever < 2; for_ever++)
                for (size_t k = 1; plan(k, for_ever, ranking, horizon); k++) assert_true(k < 1000);
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_graph_without_memory_is_empty_and_begins_anew),
        cmocka_unit_test(a_graph_that_cannot_be_made_is_not),
        cmocka_unit_test(policies_say_so_and_go_on_when_there_is_memory_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
