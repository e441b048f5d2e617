/* What other memories write: the official MCP memory server's file and mem0's lists, good and bad. */
#include "fixture.h"

/* The step with an external id; the caller frees what it was found in. */
static const epi_recalled_step *read_step(epi_recollection **found, epi_space *space, const char *external_id) {
    uint64_t id = 0;
    assert_int_equal(epi_step_find(&id, space, external_id), EPI_OK);
    assert_int_equal(epi_step_read(found, space, id), EPI_OK);
    return epi_scene_step(epi_recollection_scene(*found, 0), 0);
}

/* ---- MCP memory server ------------------------------------------------------------------------------------------ */

static const char graph[] =
    "{\"type\":\"entity\",\"name\":\"Ann\",\"entityType\":\"person\",\"observations\":[\"Likes tea.\",\"Sails.\"]}\n"
    "{\"type\":\"entity\",\"name\":\"Acme\",\"entityType\":\"company\",\"observations\":[]}\n"
    "{\"type\":\"relation\",\"from\":\"Ann\",\"to\":\"Acme\",\"relationType\":\"works_at\"}\n";
static const char graph_steps[] = "Ann: Ann (person)\nAnn: Likes tea.\nAnn: Sails.\nAnn: Ann works_at Acme\n"
                                  "Acme: Acme (company)\nAcme: Ann works_at Acme\n";

static void an_entity_becomes_an_episode_that_speaks(void **state) {
    fixture *f = *state;
    fixture_imports(f, graph, "graph", 6, 0, 0);
    assert_int_equal(f->report.format, EPI_FORMAT_MCP);
    assert_space_is(f, "graph", graph_steps);
    fixture_imports(f, graph, "graph", 0, 6, 0);
    assert_space_is(f, "graph", graph_steps);
}

static void a_graph_that_grew_and_was_rewritten_adds_what_is_new(void **state) {
    fixture *f = *state;
    const char
        *grown = "{\"type\":\"entity\",\"name\":\"Acme\",\"entityType\":\"company\",\"observations\":[\"In Porto.\"]}\n"
                 "{\"type\":\"entity\",\"name\":\"Ann\",\"entityType\":\"person\",\"observations\":[\"Sails.\",\"Likes "
                 "tea.\",\"Sails.\"]}\n"
                 "{\"type\":\"relation\",\"from\":\"Ann\",\"to\":\"Acme\",\"relationType\":\"left\"}\n"
                 "{\"type\":\"relation\",\"from\":\"Ann\",\"to\":\"Acme\",\"relationType\":\"works_at\"}\n";
    fixture_imports(f, graph, "graph", 6, 0, 0);
    fixture_imports(f, grown, "graph", 3, 7, 0);
}

static void the_parts_of_a_graph_are_told_apart(void **state) {
    fixture *f = *state;
    fixture_imports(f, graph, "graph", 6, 0, 0);
    epi_space *space = fixture_space(f, "graph");
    const char *tag = "relation";
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    cue.filter.tags = &tag;
    cue.filter.tag_count = 1;
    assert_int_equal(epi_recall(&found, space, &cue, NULL), EPI_OK);
    assert_int_equal(epi_recollection_hit_count(found), 1);
    const epi_hit *hit = epi_recollection_hit(found, 0);
    const epi_scene *scene = epi_recollection_scene(found, hit->scene);
    assert_string_equal(scene->title, "Ann");
    assert_string_equal(epi_scene_step(scene, hit->scene_step)->metadata,
                        "{\"from\":\"Ann\",\"to\":\"Acme\",\"relationType\":\"works_at\"}");
    epi_recollection_free(found);
    epi_space_close(space);
}

static void an_entity_may_be_bare_and_other_lines_are_skipped(void **state) {
    fixture *f = *state;
    fixture_imports(f,
                    "{\"type\":\"entity\",\"name\":\"x\"}\n{\"type\":\"note\"}\n"
                    "{\"type\":\"entity\",\"name\":\"y\",\"observations\":[\"\",\"z\"]}\n",
                    "graph", 3, 0, 2);
    assert_space_is(f, "graph", "x: x ()\ny: y ()\ny: z\n");
}

static void an_entity_of_any_name_is_kept(void **state) {
    fixture *f = *state;
    epi__buffer text = {0};
    epi__buffer_append_text(&text, "{\"type\":\"entity\",\"entityType\":\"long\",\"name\":\"");
    for (int i = 0; i < 9000; i++) epi__buffer_append_text(&text, "\xC3\xA9");
    epi__buffer_append_text(&text, "\"}\n");
    fixture_imports(f, epi__buffer_text(&text), "graph", 1, 0, 0);
    fixture_imports(f, epi__buffer_text(&text), "graph", 0, 1, 0);
    epi__buffer_dispose(&text);
}

static void what_is_wrong_in_a_graph_is_said_with_its_line(void **state) {
    static const refusal bad[] = {
        {"{\"type\":\"entity\"}", "entry 1: an entity has no name"},
        {"{\"type\":\"note\"}\n{\"type\":\"entity\",\"name\":7}", "line 2: an entity has no name"},
        {"{\"type\":\"entity\",\"name\":\"a\",\"observations\":\"b\"}", "a: observations are no list"},
        {"{\"type\":\"entity\",\"name\":\"a\",\"observations\":[7]}", "a: an observation is no string"},
        {"{\"type\":\"relation\",\"from\":\"a\",\"to\":\"b\"}", "lacks from, to or relationType"},
        {"{\"type\":\"relation\",\"from\":\"a\",\"to\":\"\",\"relationType\":\"c\"}", "lacks from, to or relationType"},
        {"[1]", "it has no type"},
    };
    fixture_refuses_all(*state, EPI_FORMAT_MCP, bad, EPI__COUNT(bad));
}

/* ---- mem0 ------------------------------------------------------------------------------------------------------- */

static const char listed[] =
    "{\"results\":[{\"id\":\"m1\",\"memory\":\"Likes tea.\",\"hash\":\"h\",\"metadata\":{\"source\":\"chat\"},"
    "\"created_at\":\"2024-07-20T01:30:36.275141-07:00\",\"updated_at\":null,\"user_id\":\"ann\",\"categories\":["
    "\"drinks\"]},"
    "{\"id\":\"m2\",\"memory\":\"Books flights.\",\"created_at\":\"2024-07-21T10:00:00Z\",\"agent_id\":\"planner\","
    "\"run_id\":\"r1\"},"
    "{\"id\":\"m3\",\"memory\":\"\",\"user_id\":\"ann\"}],\"relations\":[]}";
static const char camel[] =
    "[{\"id\":\"m1\",\"memory\":\"Likes tea.\",\"hash\":\"h\",\"metadata\":{\"source\":\"chat\"},"
    "\"createdAt\":\"2024-07-20T01:30:36.275141-07:00\",\"updatedAt\":null,\"userId\":\"ann\"},"
    "{\"id\":\"m2\",\"memory\":\"Books flights.\",\"createdAt\":\"2024-07-21T10:00:00Z\",\"agentId\":\"planner\","
    "\"runId\":\"r1\"}]";

static void memories_are_said_by_whom_they_are_about(void **state) {
    fixture *f = *state;
    fixture_imports(f, listed, "mem0", 2, 0, 1);
    assert_int_equal(f->report.format, EPI_FORMAT_MEM0);
    assert_int_equal(f->report.episodes, 2);
    assert_space_is(f, "mem0", "ann: Likes tea.\nplanner: Books flights.\n");
    fixture_imports(f, listed, "mem0", 0, 2, 1);
    fixture_imports(f, camel, "mem0", 0, 2, 0);
    fixture_imports(f, camel, "camel", 2, 0, 0);
    assert_space_is(f, "camel", "ann: Likes tea.\nplanner: Books flights.\n");
}

static void memories_keep_their_times_tags_and_metadata(void **state) {
    fixture *f = *state;
    char time[EPI_TIME_TEXT_SIZE];
    epi_recollection *found = NULL;
    epi_timeline *timeline = NULL;
    fixture_imports(f, listed, "mem0", 2, 0, 1);
    epi_space *space = fixture_space(f, "mem0");
    const epi_recalled_step *step = read_step(&found, space, "m1");
    assert_string_equal(epi_time_iso(time, step->event.from, 0), "2024-07-20T08:30:36.275141Z");
    assert_string_equal(step->metadata, "{\"source\":\"chat\"}");
    assert_int_equal(step->tag_count, 1);
    assert_string_equal(step->tags[0], "drinks");
    epi_recollection_free(found);
    assert_int_equal(epi_timeline_read(&timeline, space, EPI_TIME_NONE, EPI_TIME_NONE, 0), EPI_OK);
    const epi_episode_info *info = epi_timeline_episode(timeline, 1);
    assert_int_equal(info->tag_count, 2);
    assert_string_equal(info->tags[0], "agent:planner");
    assert_string_equal(info->tags[1], "run:r1");
    epi_timeline_free(timeline);
    epi_space_close(space);
}

static void import_change(fixture *f, const char *text, const char *updated, uint64_t steps, uint64_t present) {
    epi__buffer file = {0};
    epi__buffer_append_format(&file,
                              "[{\"id\":\"m1\",\"memory\":\"%s\",\"user_id\":\"ann\",\"created_at\":\"2024-07-20\","
                              "\"updated_at\":\"%s\"}]",
                              text, updated);
    fixture_imports(f, epi__buffer_text(&file), "mem0", steps, present, 0);
    epi__buffer_dispose(&file);
}

static void a_memory_that_was_changed_supersedes_what_it_was(void **state) {
    fixture *f = *state;
    epi_recollection *found = NULL;
    import_change(f, "Likes tea.", "2024-07-20", 1, 0);
    import_change(f, "Likes coffee.", "2024-08-01", 1, 0);
    import_change(f, "Likes coffee.", "2024-08-01", 0, 1);
    import_change(f, "Likes tea.", "2024-09-01", 1, 0); /* and back again */
    import_change(f, "Likes tea.", "2024-09-01", 0, 1);
    assert_space_is(f, "mem0", "ann: Likes tea.\nann: Likes coffee.\nann: Likes tea.\n");
    epi_space *space = fixture_space(f, "mem0");
    assert_int_equal(epi_recall_text(&found, space, "what does she like?", NULL), EPI_OK);
    assert_int_equal(epi_recollection_hit_count(found), 1);
    epi_recollection_free(found);
    const epi_recalled_step *first = read_step(&found, space, "m1");
    assert_true(first->superseded_by > 0);
    epi_recollection_free(found);
    epi_space_close(space);
}

static void memories_may_be_lines_and_have_no_owner(void **state) {
    fixture *f = *state;
    fixture_imports(f, "{\"id\":\"a\",\"memory\":\"one\"}\n{\"id\":\"b\",\"memory\":\"two\"}\n", "mem0", 2, 0, 0);
    assert_int_equal(f->report.episodes, 1);
    assert_space_is(f, "mem0", "one\ntwo\n");
}

static void what_is_wrong_in_a_list_of_memories_is_said_with_its_place(void **state) {
    static const refusal bad[] = {
        {"[{\"memory\":\"a\"}]", "entry 1: a memory has no id"},
        {"{\"results\":[{\"id\":\"a\",\"memory\":\"a\"},7]}", "entry 2: a memory has no id"},
        {"{\"results\":7}", "its results are no list"},
        {"[{\"id\":\"a\",\"memory\":\"a\",\"created_at\":\"yesterday\"}]", "created_at \"yesterday\" is no time"},
    };
    fixture_refuses_all(*state, EPI_FORMAT_MEM0, bad, EPI__COUNT(bad));
}

/* ---- hostile ---------------------------------------------------------------------------------------------------- */

/* Cut anywhere, a file is imported or refused, and what it gave is what the whole of it gives too. */
static void cut_files_do_no_harm(fixture *f, const char *text) {
    size_t size = strlen(text);
    uint64_t steps = 0;
    epi_import_options options = epi_import_options_default();
    options.space = "cut";
    for (size_t i = 0; i < size; i += 7) {
        (void)epi_import(&f->report, f->memory, text, i, &options);
        steps += f->report.steps;
    }
    assert_int_equal(epi_import(&f->report, f->memory, text, size, &options), EPI_OK);
    assert_int_equal(steps + f->report.steps, f->report.steps + f->report.present);
}

static void cut_graphs_do_no_harm(void **state) {
    cut_files_do_no_harm(*state, graph);
}

static void cut_lists_do_no_harm(void **state) {
    cut_files_do_no_harm(*state, listed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(an_entity_becomes_an_episode_that_speaks),
        MEMORY_TEST(a_graph_that_grew_and_was_rewritten_adds_what_is_new),
        MEMORY_TEST(the_parts_of_a_graph_are_told_apart),
        MEMORY_TEST(an_entity_may_be_bare_and_other_lines_are_skipped),
        MEMORY_TEST(an_entity_of_any_name_is_kept),
        MEMORY_TEST(what_is_wrong_in_a_graph_is_said_with_its_line),
        MEMORY_TEST(memories_are_said_by_whom_they_are_about),
        MEMORY_TEST(memories_keep_their_times_tags_and_metadata),
        MEMORY_TEST(a_memory_that_was_changed_supersedes_what_it_was),
        MEMORY_TEST(memories_may_be_lines_and_have_no_owner),
        MEMORY_TEST(what_is_wrong_in_a_list_of_memories_is_said_with_its_place),
        MEMORY_TEST(cut_graphs_do_no_harm),
        MEMORY_TEST(cut_lists_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
