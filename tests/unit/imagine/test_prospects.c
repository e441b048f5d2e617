/* Tests of the prospects of actions: what they count, what they name, and what they must not know. */
#include <stdio.h>
#include <stdlib.h>

#include <episodic/sys/json.h>

#include "base/base.h"
#include "place.h"
#include "quick.h"

#define TASK "restore the service"

static epi_space *open_tools(place *p, const char *name) {
    epi_space *space = NULL;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, name, epi_schema_trajectory()));
    return space;
}

typedef struct try_of {
    const char *situation, *tool, *arguments, *result, *error;
    uint32_t flags;
} try_of;

static uint64_t append(epi_episode *episode, const try_of *one, uint64_t supersedes) {
    uint64_t id = 0;
    double cost = 2.5;
    epi_part parts[7];
    epi_step step = epi_step_default();
    parts[step.part_count++] = epi_part_text("task", TASK);
    if (one->situation) parts[step.part_count++] = epi_part_text("situation", one->situation);
    if (one->tool) parts[step.part_count++] = epi_part_text("tool", one->tool);
    if (one->arguments) parts[step.part_count++] = epi_part_text("arguments", one->arguments);
    if (one->result) parts[step.part_count++] = epi_part_text("result", one->result);
    if (one->error) parts[step.part_count++] = epi_part_text("error", one->error);
    if (one->tool) parts[step.part_count++] = epi_part_bytes("cost", &cost, sizeof cost);
    step.parts = parts;
    step.flags = one->flags;
    step.supersedes = supersedes;
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    return id;
}

static void end(epi_episode *episode, double reward) {
    epi_outcome outcome = epi_outcome_default();
    outcome.reward = reward;
    outcome.has_reward = true;
    EXPECT(EPI_OK, epi_episode_end(episode, &outcome));
    epi_episode_close(episode);
}

/* One try, one episode. */
static uint64_t record(epi_space *space, const char *situation, const char *tool, bool worked) {
    epi_episode *episode = place_episode(space);
    const try_of one = {situation, tool, NULL, worked ? "healthy" : NULL, worked ? NULL : "timed out", 0};
    uint64_t id = append(episode, &one, 0);
    end(episode, worked ? 1.0 : 0.0);
    return id;
}

/* "restart" works where the load is low, "rollback" where it is high; the region says nothing. */
static void record_many(epi_space *space, size_t count, uint64_t seed) {
    static const char *const loads[] = {"low", "high"}, *const regions[] = {"north", "south", "east"};
    epi__random random = epi__random_seed(seed);
    for (size_t i = 0; i < count; i++) {
        char situation[128];
        size_t load = epi__random_below(&random, 2), tool = epi__random_below(&random, 2);
        snprintf(situation, sizeof situation, "{\"load\":\"%s\",\"region\":\"%s\"}", loads[load],
                 regions[epi__random_below(&random, 3)]);
        bool worked = epi__random_unit(&random) < (load == tool ? 0.9 : 0.1);
        (void)record(space, situation, tool ? "rollback" : "restart", worked);
    }
}

static epi_prospects *ask(epi_space *space, const char *situation, const char *first, const char *second) {
    const epi_candidate candidates[] = {epi_candidate_tool(first, NULL), epi_candidate_tool(second, NULL)};
    epi_prospects *prospects = NULL;
    EXPECT(EPI_OK, epi_imagine_actions(&prospects, space, TASK, situation, candidates, second ? 2 : 1, NULL));
    return prospects;
}

static void assert_source(epi_space *space, uint64_t step, const char *tool) {
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_step_read(&found, space, step));
    const epi_scene *scene = epi_recollection_scene(found, 0);
    const epi_recalled_part *part = epi_scene_part(scene, epi_scene_step(scene, 0), "tool");
    assert_non_null(part);
    assert_string_equal(part->data, tool);
    epi_recollection_free(found);
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static void what_matters_in_a_situation_is_learned(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools");
    record_many(space, 200, 7);
    epi_prospects *low = ask(space, "{\"load\":\"low\",\"region\":\"east\"}", "restart", "rollback");
    epi_prospects *high = ask(space, "{\"load\":\"high\",\"region\":\"east\"}", "restart", "rollback");
    assert_true(epi_prospects_get(low, 0)->success_rate > 0.75);
    assert_true(epi_prospects_get(low, 1)->success_rate < 0.25);
    assert_string_equal(epi_prospects_best(low)->tool, "restart");
    assert_string_equal(epi_prospects_best(high)->tool, "rollback");
    for (size_t i = 0; i < 2; i++) {
        const epi_prospect *one = epi_prospects_get(low, i);
        assert_true(one->success_low < one->success_rate && one->success_rate < one->success_high);
        assert_true(one->has_cost && one->cost > 2.49 && one->cost < 2.51);
        assert_true(one->similar < (double)one->tried && one->similar > 0.2 * (double)one->tried);
    }
    epi_prospects_free(low);
    epi_prospects_free(high);
    epi_space_close(space);
}

static void sources_are_real_steps_of_the_tool(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools");
    record_many(space, 60, 3);
    epi_prospects *prospects = ask(space, "{\"load\":\"low\"}", "restart", NULL);
    const epi_prospect *one = epi_prospects_get(prospects, 0);
    assert_int_equal(one->source_count, EPI_PROSPECT_SOURCES_DEFAULT);
    for (size_t i = 0; i < one->source_count; i++) assert_source(space, one->sources[i], "restart");
    assert_source(space, one->success.step, "restart");
    assert_source(space, one->failure.step, "restart");
    for (size_t i = 0; i < one->result_count; i++) assert_source(space, one->results[i].step, "restart");
    for (size_t i = 0; i < one->error_count; i++) assert_source(space, one->errors[i].step, "restart");
    epi_prospects_free(prospects);
    epi_space_close(space);
}

static void the_nearest_success_and_failure_are_named(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools");
    uint64_t worked = record(space, "{\"load\":\"low\"}", "restart", true);
    uint64_t failed = record(space, "{\"load\":\"high\"}", "restart", false);
    epi_prospects *prospects = ask(space, "{\"load\":\"low\"}", "RESTART", NULL);
    const epi_prospect *one = epi_prospects_get(prospects, 0);
    assert_int_equal(one->tried, 2);
    assert_int_equal(one->succeeded, 1);
    assert_int_equal(one->success.step, worked);
    assert_int_equal(one->failure.step, failed);
    assert_int_equal(one->result_count, 1);
    assert_string_equal(one->results[0].text, "healthy");
    assert_string_equal(one->errors[0].text, "timed out");
    epi_prospects_free(prospects);
    epi_space_close(space);
}

static void situations_of_text_are_alike_by_their_words(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools");
    for (int i = 0; i < 12; i++) {
        char text[128];
        snprintf(text, sizeof text, "the printer jams again and again, tray %d", i);
        (void)record(space, text, "clean", true);
        snprintf(text, sizeof text, "login to the portal is refused for user %d", i);
        (void)record(space, text, "clean", false);
    }
    epi_prospects *printer = ask(space, "a printer that jams in the tray", "clean", NULL);
    epi_prospects *portal = ask(space, "a user cannot login to our portal, it is refused", "clean", NULL);
    assert_true(epi_prospects_get(printer, 0)->success_rate > 0.7);
    assert_true(epi_prospects_get(portal, 0)->success_rate < 0.3);
    epi_prospects_free(printer);
    epi_prospects_free(portal);
    epi_space_close(space);
}

static void what_came_next_is_told(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools");
    epi_episode *episode = place_episode(space);
    const try_of first = {"{\"load\":\"low\"}", "restart", NULL, NULL, "timed out", 0};
    const try_of second = {"{\"load\":\"low\"}", "rollback", "{\"to\":3}", "healthy", NULL, 0};
    (void)append(episode, &first, 0);
    uint64_t next = append(episode, &second, 0);
    end(episode, 1.0);
    epi_prospects *prospects = ask(space, NULL, "restart", "rollback");
    const epi_prospect *one = epi_prospects_get(prospects, 0);
    assert_int_equal(one->succeeded, 0); /* its own error counts, not that the episode went well in the end */
    assert_int_equal(one->next_count, 1);
    assert_string_equal(one->next[0].text, "rollback");
    assert_int_equal(one->next[0].step, next);
    assert_int_equal(epi_prospects_get(prospects, 1)->succeeded, 1);
    epi_prospects_free(prospects);
    epi_space_close(space);
}

/* ---- what must not be known -------------------------------------------------------------------------------------- */

static void a_tool_that_was_never_tried_has_no_precedent(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools"), *other = open_tools(p, "other");
    epi_prospects *prospects = ask(space, "{}", "restart", NULL);
    assert_true(epi_prospects_get(prospects, 0)->no_precedent);
    assert_null(epi_prospects_best(prospects));
    epi_prospects_free(prospects);
    record_many(space, 20, 1);
    (void)record(other, "{\"load\":\"low\"}", "only_elsewhere", true);
    prospects = ask(space, "{\"load\":\"low\"}", "restart", "only_elsewhere");
    const epi_prospect *stranger = epi_prospects_get(prospects, 1);
    assert_false(epi_prospects_get(prospects, 0)->no_precedent);
    assert_true(stranger->no_precedent);
    assert_int_equal(stranger->tried, 0);
    assert_int_equal(stranger->source_count, 0);
    assert_true(stranger->success_low == 0.0 && stranger->success_high == 1.0);
    assert_null(epi_prospects_get(prospects, 2));
    epi_prospects_free(prospects);
    epi_space_close(space);
    epi_space_close(other);
}

static size_t tried(epi_space *space) {
    epi_prospects *prospects = ask(space, "{\"load\":\"low\"}", "restart", NULL);
    size_t count = epi_prospects_get(prospects, 0)->tried;
    epi_prospects_free(prospects);
    return count;
}

static void what_is_forgotten_corrected_or_imagined_does_not_count(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools");
    epi_filter filter = epi_filter_default();
    uint64_t first = record(space, "{\"load\":\"low\"}", "restart", true), count = 0;
    (void)record(space, "{\"load\":\"low\"}", "restart", true);
    assert_int_equal(tried(space), 2);
    filter.steps = &first;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_forget(&count, space, &filter, 0, false));
    assert_int_equal(tried(space), 1);
    EXPECT(EPI_OK, epi_restore(&count, space, &filter));
    assert_int_equal(tried(space), 2);
    epi_episode *episode = place_episode(space);
    const try_of imagined = {"{}", "restart", NULL, NULL, NULL, EPI_STEP_IMAGINED}, corrected = {"{}", "rollback",
                                                                                                NULL, NULL, NULL, 0};
    (void)append(episode, &imagined, 0);
    assert_int_equal(tried(space), 2);
    (void)append(episode, &corrected, first);
    assert_int_equal(tried(space), 1);
    EXPECT(EPI_OK, epi_remove(&count, space, &filter, false));
    assert_int_equal(tried(space), 1);
    epi_episode_close(episode);
    epi_space_close(space);
}

/* ---- proposing --------------------------------------------------------------------------------------------------- */

static void tools_that_were_not_named_are_proposed_best_first(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools");
    epi_imagine_actions_options options = epi_imagine_actions_options_default();
    epi_prospects *prospects = NULL;
    epi_candidate candidate = epi_candidate_tool("restart", NULL);
    record_many(space, 120, 5);
    for (int i = 0; i < 4; i++) (void)record(space, "{\"load\":\"high\"}", "never_works", false);
    options.propose_count = 5;
    EXPECT(EPI_OK, epi_imagine_actions(&prospects, space, TASK, "{\"load\":\"high\"}", &candidate, 1, &options));
    assert_int_equal(epi_prospects_count(prospects), 2); /* what never worked is not proposed */
    assert_true(epi_prospects_get(prospects, 1)->proposed);
    assert_string_equal(epi_prospects_get(prospects, 1)->tool, "rollback");
    epi_prospects_free(prospects);
    EXPECT(EPI_OK, epi_imagine_actions(&prospects, space, TASK, NULL, NULL, 0, &options));
    assert_int_equal(epi_prospects_count(prospects), 2);
    epi_prospects_free(prospects);
    epi_space_close(space);
}

/* Episodes that show one stage each: raw -> cut by "saw", cut -> done by "polish"; the wrong tools do nothing. */
static void record_stages(epi_space *space, uint64_t *saw, uint64_t *polish) {
    static const char *const tools[] = {"saw", "polish"};
    for (size_t i = 0; i < 40; i++) {
        size_t stage = i % 2, tool = i / 2 % 2;
        bool fits = stage == tool;
        const try_of one = {stage ? "{\"item\":\"cut\",\"wood\":\"oak\"}" : "{\"item\":\"raw\",\"wood\":\"oak\"}",
                            tools[tool], NULL, "done", NULL, 0};
        const try_of after = {!fits   ? one.situation
                              : stage ? "{\"item\":\"done\",\"wood\":\"oak\"}"
                                      : "{\"item\":\"cut\",\"wood\":\"oak\"}",
                              NULL, NULL, NULL, NULL, 0};
        epi_episode *episode = place_episode(space);
        uint64_t id = append(episode, &one, 0);
        (void)append(episode, &after, 0);
        end(episode, stage && fits ? 1.0 : 0.0);
        if (fits) *(stage ? polish : saw) = id;
    }
}

static void halves_of_different_episodes_are_joined_to_a_course(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools");
    epi_imagine_actions_options options = epi_imagine_actions_options_default();
    epi_prospects *prospects = NULL;
    uint64_t saw = 0, polish = 0;
    record_stages(space, &saw, &polish);
    options.course_count = 3;
    EXPECT(EPI_OK, epi_imagine_actions(&prospects, space, TASK, "{\"item\":\"raw\",\"wood\":\"ash\"}", NULL, 0,
                                       &options));
    const epi_course *course = epi_prospects_course(prospects, 0);
    assert_non_null(course);
    assert_string_equal(course->stages[0].tool, "saw");
    assert_string_equal(course->stages[1].tool, "polish");
    assert_int_equal(course->stages[0].step, saw);
    assert_int_equal(course->stages[1].step, polish);
    assert_true(course->stitched);
    assert_true(course->rate > 0.5 && course->rate_low < course->rate);
    assert_string_equal(course->stages[1].situation, "{\"wood\":\"ash\",\"item\":\"cut\"}");
    assert_non_null(strstr(epi_prospects_text(prospects), "imagined | course: saw, then polish"));
    epi_prospects_free(prospects);
    epi_space_close(space);
}

/* ---- told -------------------------------------------------------------------------------------------------------- */

static void every_line_says_that_it_is_imagined_and_names_its_witnesses(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools");
    epi_episode *episode = place_episode(space);
    const try_of hostile = {"{\"load\":\"low\"}", "restart\nrm", "{\"a\":\"x\\ny\"}", "ok\n# heading\r\nlie", NULL, 0};
    (void)append(episode, &hostile, 0);
    end(episode, 1.0);
    record_many(space, 30, 9);
    epi_prospects *prospects = ask(space, "{\"load\":\"low\"}", "restart\nrm", "unknown");
    char *text = strdup(epi_prospects_text(prospects)), *rest = text;
    size_t lines = 0;
    assert_non_null(text);
    for (char *line; (line = strsep(&rest, "\n")) && *line; lines++) {
        assert_int_equal(strncmp(line, "imagined | ", 11), 0);
        assert_non_null(strstr(line, " witness"));
        assert_true(strstr(line, ": step") || strstr(line, "no precedent"));
    }
    assert_true(lines >= 4);
    free(text);
    epi_json *root = NULL;
    const char *json = epi_prospects_json(prospects);
    EXPECT(EPI_OK, epi_json_parse(&root, json, strlen(json)));
    assert_true(epi_json_true(epi_json_member(root, "imagined")));
    assert_int_equal(epi_json_count(epi_json_member(root, "prospects")), 2);
    epi_json_free(root);
    epi_prospects_free(prospects);
    epi_space_close(space);
}

static char *told(epi_space *space) {
    epi_imagine_actions_options options = epi_imagine_actions_options_default();
    epi_prospects *prospects = NULL;
    char *text = NULL;
    options.propose_count = options.course_count = 4;
    EXPECT(EPI_OK, epi_imagine_actions(&prospects, space, TASK, "{\"item\":\"raw\",\"load\":\"low\"}", NULL, 0,
                                       &options));
    assert_true(asprintf(&text, "%s%s", epi_prospects_text(prospects), epi_prospects_json(prospects)) > 0);
    epi_prospects_free(prospects);
    return text;
}

static void the_same_steps_and_question_give_the_same_bytes(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools");
    uint64_t saw, polish;
    record_many(space, 80, 21);
    record_stages(space, &saw, &polish);
    char *first = told(space), *second = told(space);
    epi_space_close(space);
    place_reopen(p);
    space = open_tools(p, "tools");
    char *third = told(space);
    assert_string_equal(first, second);
    assert_string_equal(first, third);
    free(first);
    free(second);
    free(third);
    epi_space_close(space);
}

/* ---- bad input --------------------------------------------------------------------------------------------------- */

static void expect_refused(epi_status expected, epi_space *space, const char *situation, epi_candidate candidate,
                           const epi_imagine_actions_options *options) {
    epi_prospects *prospects = (epi_prospects *)&expected;
    EXPECT(expected, epi_imagine_actions(&prospects, space, TASK, situation, &candidate, 1, options));
    assert_null(prospects);
}

static void bad_input_is_refused_in_one_line(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools");
    const epi_candidate good = epi_candidate_tool("restart", NULL);
    epi_imagine_actions_options options = epi_imagine_actions_options_default();
    char *huge = calloc(1, EPI_CUE_SIZE_MAX + 2);
    assert_non_null(huge);
    memset(huge, 'a', EPI_CUE_SIZE_MAX + 1);
    EXPECT(EPI_EINVAL, epi_imagine_actions(NULL, space, NULL, NULL, NULL, 0, NULL));
    expect_refused(EPI_EINVAL, space, NULL, epi_candidate_tool("", NULL), NULL);
    expect_refused(EPI_EINVAL, space, NULL, epi_candidate_tool(NULL, NULL), NULL);
    expect_refused(EPI_EJSON, space, NULL, epi_candidate_tool("restart", "{\"a\":"), NULL);
    expect_refused(EPI_EUTF8, space, "\xff\xfe", good, NULL);
    expect_refused(EPI_EUTF8, space, NULL, epi_candidate_tool("\xc3", NULL), NULL);
    expect_refused(EPI_ELIMIT, space, huge, good, NULL);
    options.confidence = 1.0;
    expect_refused(EPI_EINVAL, space, NULL, good, &options);
    options.confidence = 0.0;
    options.course_count = EPI_COURSE_COUNT_MAX + 1;
    expect_refused(EPI_ELIMIT, space, NULL, good, &options);
    expect_refused(EPI_EUNSUPPORTED, p->space, NULL, good, NULL); /* a conversation */
    free(huge);
    epi_prospects_free(NULL);
    assert_int_equal(epi_prospects_count(NULL), 0);
    epi_space_close(space);
}

/* Situations that are no JSON, are deep, wide or empty: nothing of it may be a failure. */
static void strange_situations_are_only_strange(void **state) {
    place *p = *state;
    epi_space *space = open_tools(p, "tools");
    char wide[8192] = "{", deep[600];
    for (int i = 0; i < 200; i++) snprintf(wide + strlen(wide), 40, "%s\"member%d\":%d", i ? "," : "", i, i);
    (void)strncat(wide, "}", 2);
    memset(deep, '[', 200);
    memset(deep + 200, ']', 200);
    deep[400] = '\0';
    const char *const strange[] = {"{", "[]", "null", "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":1}}}}}}", wide, deep,
                                   "{\"a\":null,\"a\":1e308,\"\":[1,{\"x\":2}]}", "   ", "{} trailing"};
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) (void)record(space, strange[i], "restart", i % 2);
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        epi_prospects *prospects = ask(space, strange[i], "restart", "other");
        assert_int_equal(epi_prospects_get(prospects, 0)->tried, sizeof strange / sizeof *strange);
        epi_prospects_free(prospects);
    }
    epi_space_close(space);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        TEST(what_matters_in_a_situation_is_learned),
        TEST(sources_are_real_steps_of_the_tool),
        TEST(the_nearest_success_and_failure_are_named),
        TEST(situations_of_text_are_alike_by_their_words),
        TEST(what_came_next_is_told),
        TEST(a_tool_that_was_never_tried_has_no_precedent),
        TEST(what_is_forgotten_corrected_or_imagined_does_not_count),
        TEST(tools_that_were_not_named_are_proposed_best_first),
        TEST(halves_of_different_episodes_are_joined_to_a_course),
        TEST(every_line_says_that_it_is_imagined_and_names_its_witnesses),
        TEST(the_same_steps_and_question_give_the_same_bytes),
        TEST(bad_input_is_refused_in_one_line),
        TEST(strange_situations_are_only_strange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
