/* Imagining with its k-th allocation failing, for k = 1, 2, ... until it needs no more: the status is clear, nothing
 * leaks, and the same call works when there is memory again. The caches that questions fill are gone over too, since
 * each attempt begins with a memory that was opened anew. */
#include <errno.h>
#include <stdio.h>

#include "fault.h"
#include "quick.h"

static const char *const roles[] = {"who", "where", "what", "action", "outcome"};

static void record_tries(epi_space *space) {
    static const char *const items[] = {"raw", "cut", "done"};
    for (int i = 0; i < 12; i++) {
        char situation[64];
        epi_episode *episode = place_episode(space);
        for (int k = 0; k < 2; k++) {
            snprintf(situation, sizeof situation, "{\"item\":\"%s\",\"n\":%d}", items[i % 2 + k], i);
            epi_part parts[] = {epi_part_text("task", "finish it"), epi_part_text("situation", situation),
                                epi_part_text("result", "well"), epi_part_text("arguments", "{\"mode\":1}"),
                                epi_part_text("tool", i % 2 ? "polish" : "saw")};
            epi_step step = epi_step_default();
            step.parts = parts;
            step.part_count = k ? 3 : 5;
            EXPECT(EPI_OK, epi_episode_append(NULL, episode, &step));
        }
        epi_episode_close(episode);
    }
}

static void record_events(epi_space *space) {
    epi_episode *episode = place_episode(space);
    for (int i = 0; i < 20; i++) {
        epi_part parts[5];
        char values[5][16];
        epi_step step = epi_step_default();
        for (int r = 0; r < 5; r++) {
            snprintf(values[r], sizeof values[r], "%d", i % (r + 2));
            parts[r] = epi_part_text(roles[r], values[r]);
        }
        step.parts = parts;
        step.part_count = 5;
        EXPECT(EPI_OK, epi_episode_append(NULL, episode, &step));
    }
    epi_episode_close(episode);
}

static epi_status ask(epi_space *space) {
    epi_prospects *prospects = NULL;
    epi_candidate candidate = epi_candidate_tool("saw", "{\"mode\":1}");
    epi_imagine_actions_options options = epi_imagine_actions_options_default();
    options.propose_count = options.course_count = 2;
    epi_status status = epi_imagine_actions(&prospects, space, "finish it", "{\"item\":\"raw\"}", &candidate, 1,
                                            &options);
    assert_true((status == EPI_OK) == (prospects != NULL));
    if (!status) assert_int_equal(epi_prospects_course_count(prospects), 2);
    epi_prospects_free(prospects);
    return status;
}

static epi_status recombine(epi_space *space) {
    epi_events *events = NULL;
    epi_status status = epi_imagine_events(&events, space, NULL, 0, NULL);
    assert_true((status == EPI_OK) == (events != NULL));
    epi_events_free(events);
    return status;
}

static epi_status tell(epi_space *space) {
    epi_events *events = NULL;
    epi_status status = epi_imagine_story(&events, space, NULL, 0, 5, NULL);
    assert_true((status == EPI_OK) == (events != NULL));
    epi_events_free(events);
    return status;
}

/* ---- numeric steps ----------------------------------------------------------------------------------------------- */

/* Steps of 1 along a line and back, in episodes of four, so that a plan needs joins. */
enum { WALKS = 24, WALK_STEPS = 4 };
static uint64_t walked[WALKS * WALK_STEPS];

static void record_walks(place *p) {
    enum { STEPS = WALK_STEPS };
    epi_space *space = place_transitions(p, "walks", 2, EPI_F32, 2);
    epi_recorder *recorder = place_recorder(space, 1);
    for (int episode = 0; episode < WALKS; episode++) {
        float places[2 * (STEPS + 1)] = {0}, actions[2 * STEPS] = {0}, rewards[STEPS];
        bool truncated[STEPS] = {[STEPS - 1] = true};
        for (int i = 0; i <= STEPS; i++) places[2 * i] = (float)(episode % 6 + (episode % 2 ? STEPS - i : i));
        for (int i = 0; i < STEPS; i++) {
            actions[2 * i] = places[2 * i + 2] - places[2 * i];
            rewards[i] = (float)i;
        }
        const epi_column columns[] = {
            epi_column_f32(EPI_OBSERVATION, places), epi_column_f32(EPI_NEXT_OBSERVATION, places + 2),
            epi_column_f32(EPI_ACTION, actions), epi_column_f32(EPI_REWARD, rewards),
            epi_column_bool(EPI_TRUNCATED, truncated)};
        EXPECT(EPI_OK, epi_transitions_append(walked + episode * STEPS, recorder, NULL, columns, 5, STEPS));
    }
    epi_recorder_close(recorder);
    epi_space_close(space);
}

static const float line_start[2] = {0.5f, 0.0f}, line_end[2] = {8.0f, 0.0f};

static epi_status search(epi_space *space, epi_search way, bool to_goal) {
    epi_rollouts *rollouts = NULL;
    epi_situation start = epi_situation_default();
    epi_goal goal = epi_goal_default();
    epi_cue cue = epi_cue_default();
    epi_filter filter = epi_filter_default();
    epi_imagine_options options = epi_imagine_options_default();
    filter.steps = walked;
    filter.step_count = WALKS * WALK_STEPS;
    cue.vector = line_end;
    cue.vector_size = 2;
    start.observation = epi_tensor_f32(line_start, 2);
    start.context = epi_tensor_f32(line_start, 2);
    goal.cue = &cue;
    goal.tolerance = 0.6;
    options.search = way;
    options.filter = &filter;
    options.context = 2;
    options.steps_max = 20;
    options.expansions_max = 400;
    epi_status status = epi_imagine(&rollouts, space, &start, to_goal ? &goal : NULL, &options);
    assert_true((status == EPI_OK) == (rollouts != NULL));
    if (!status) assert_int_equal(epi_rollouts_count(rollouts), 1);
    if (!status) status = epi_imagine_report(space, epi_rollouts_get(rollouts, 0),
                                             epi_rollout_join(epi_rollouts_get(rollouts, 0), 0), EPI_CONFIRMED);
    epi_rollouts_free(rollouts);
    return status;
}

static epi_status search_best_first(epi_space *space) {
    return search(space, EPI_SEARCH_BEST_FIRST, true);
}
static epi_status search_beam(epi_space *space) {
    return search(space, EPI_SEARCH_BEAM, false);
}
static epi_status search_tree(epi_space *space) {
    return search(space, EPI_SEARCH_MCTS, true);
}

/* A step that leads nowhere: a report is made too. */
static epi_status plan(epi_space *space) {
    epi_planner *planner = NULL;
    epi_goal goal = epi_goal_default();
    epi_tensor action;
    goal.observation = epi_tensor_f32(line_end, 2);
    goal.tolerance = 0.6;
    epi_status status = epi_planner_open(&planner, space, &goal, NULL);
    assert_true((status == EPI_OK) == (planner != NULL));
    for (int i = 0; !status && i < 2; i++) {
        status = epi_planner_next(&action, planner, line_start);
        if (!status) status = epi_planner_observe(planner, line_start, 0.0, false);
    }
    epi_planner_close(planner);
    return status;
}

static bool fail_at(place *p, const char *name, epi_status (*call)(epi_space *space), size_t k) {
    epi_space *space = NULL;
    place_reopen(p);
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, name, NULL));
    fault_arm(ENOMEM, k, false);
    epi_status status = call(space);
    const bool struck = fault_disarm();
    fault_expect_named(name, k, status);
    EXPECT(EPI_OK, call(space));
    epi_space_close(space);
    return struck;
}

static void every_allocation_of_imagining_may_fail(void **state) {
    place *p = *state;
    static const struct {
        const char *space;
        epi_status (*call)(epi_space *space);
    } calls[] = {{"tools", ask},
                 {"events", recombine},
                 {"events", tell},
                 {"walks", search_best_first},
                 {"walks", search_beam},
                 {"walks", search_tree},
                 {"walks", plan}};
    epi_space *space = NULL;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "tools", epi_schema_trajectory()));
    record_tries(space);
    epi_space_close(space);
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "events", epi_schema_events()));
    record_events(space);
    epi_space_close(space);
    record_walks(p);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        size_t k = 1;
        while (fail_at(p, calls[i].space, calls[i].call, k)) k = fault_next(k);
        print_message("%s: over %zu allocations\n", calls[i].space, k - 1);
        assert_true(k > 20);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_allocation_of_imagining_may_fail, place_setup, place_teardown),
    };
    quick();
    fault_take_cxx(true);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
