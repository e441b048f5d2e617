/* The project's own form: what goes out comes in again as it was, to the byte; what is cut or malformed is noticed. */
#include "fixture.h"

typedef struct pair {
    fixture from;
    fixture to;
    epi__buffer text; /* exported from the first */
    epi__buffer again;
} pair;

static int open_pair(void **state) {
    static pair p;
    p = (pair){0};
    fixture_open(&p.from);
    fixture_open(&p.to);
    *state = &p;
    return 0;
}

static int close_pair(void **state) {
    pair *p = *state;
    fixture_close(&p->from);
    fixture_close(&p->to);
    epi__buffer_dispose(&p->text);
    epi__buffer_dispose(&p->again);
    return 0;
}

static void succeeds(epi_status status) {
    if (status != EPI_OK) fail_msg("%s: %s", epi_status_name(status), epi_error_last()->message);
}

static epi_space *new_space(fixture *f, const char *name, const epi_schema *schema) {
    epi_space *space = NULL;
    succeeds(epi_space_open(&space, f->memory, name, schema));
    return space;
}

static epi_episode *begin(epi_space *space, const char *title, const char *external_id) {
    epi_episode *episode = NULL;
    epi_episode_options options = epi_episode_options_default();
    options.title = title;
    options.external_id = external_id;
    succeeds(epi_episode_begin(&episode, space, &options));
    return episode;
}

static uint64_t say(epi_episode *episode, const char *text, epi_time time, uint64_t supersedes) {
    uint64_t id = 0;
    epi_part parts[] = {epi_part_text("speaker", "user"), epi_part_text("text", text)};
    epi_step step = epi_step_default();
    step.parts = parts;
    step.part_count = 2;
    step.event_time = time;
    step.supersedes = supersedes;
    succeeds(epi_episode_append(&id, episode, &step));
    return id;
}

/* Out, in, out again: the same bytes. Then in once more: nothing new. */
static void assert_round_trip(pair *p, const char *space) {
    fixture_export(&p->text, &p->from, space);
    epi_status status = fixture_import(&p->to, epi__buffer_text(&p->text), EPI_FORMAT_AUTO, NULL, NULL);
    if (status != EPI_OK)
        fail_msg("%s: %s\n%s", epi_status_name(status), epi_error_last()->message, epi__buffer_text(&p->text));
    assert_int_equal(p->to.report.format, EPI_FORMAT_JSONL);
    uint64_t steps = p->to.report.steps;
    fixture_export(&p->again, &p->to, space);
    assert_string_equal(epi__buffer_text(&p->again), epi__buffer_text(&p->text));
    succeeds(fixture_import(&p->to, epi__buffer_text(&p->text), EPI_FORMAT_JSONL, NULL, NULL));
    assert_int_equal(p->to.report.steps, 0);
    assert_int_equal(p->to.report.present, steps);
    fixture_export(&p->again, &p->to, space);
    assert_string_equal(epi__buffer_text(&p->again), epi__buffer_text(&p->text));
}

/* ---- what is in a space ---------------------------------------------------------------------------------------- */

static void append_rich_step(epi_episode *episode) {
    static const char text[] = "quote \" backslash \\ newline \n tab \t bell \x07 emoji \xF0\x9F\x90\xB1 \xE2\x80\xAE";
    static const char blob[] = {0, 1, 2, (char)0xFF, 0};
    const char *tags[] = {"family", "a b"};
    epi_part parts[] = {epi_part_text("speaker", "Ann"), epi_part_text("text", text),
                        epi_part_bytes("attachment", blob, sizeof blob), epi_part_text("caption", "")};
    epi_step step = epi_step_default();
    step.parts = parts;
    step.part_count = 4;
    step.event_time = 1700000000123456;
    step.event_end = 1700000060000000;
    step.utc_offset_min = -210;
    step.external_id = "mine";
    step.tags = tags;
    step.tag_count = 2;
    step.metadata = "{ \"spaced\": [1.0, 9007199254740993] }";
    step.reward = -0.1;
    step.flags = EPI_STEP_TERMINATED | EPI_STEP_IMAGINED;
    succeeds(epi_episode_append(NULL, episode, &step));
}

static void every_field_of_a_conversation_comes_back(void **state) {
    pair *p = *state;
    epi_space *space = new_space(&p->from, "home", epi_schema_conversation());
    const char *tags[] = {"trip"};
    epi_episode_options options = epi_episode_options_default();
    epi_episode *episode = NULL;
    options.title = "Mára's \"day\"";
    options.external_id = "e1";
    options.begin = 1600000000000000;
    options.tags = tags;
    options.tag_count = 1;
    options.metadata = "{\"a\":{\"b\":null}}";
    succeeds(epi_episode_begin(&episode, space, &options));
    append_rich_step(episode);
    uint64_t first = say(episode, "We live in Leipzig.", 1700000100000000, 0);
    say(episode, "We live in Porto.", 1700000200000000, first);
    epi_outcome outcome = epi_outcome_default();
    outcome.text = "moved";
    outcome.reward = 0.25;
    outcome.has_reward = true;
    outcome.end = 1700000300000000;
    succeeds(epi_episode_end(episode, &outcome));
    epi_episode_close(episode);
    epi_episode_close(begin(space, "nothing said", NULL));
    succeeds(epi_remember_text(space, "user", "outside", NULL));
    epi_space_close(space);
    assert_round_trip(p, "home");
}

static void what_is_forgotten_stays_forgotten(void **state) {
    pair *p = *state;
    epi_space *space = new_space(&p->from, "home", epi_schema_conversation());
    epi_episode *episode = begin(space, NULL, NULL);
    say(episode, "kept", 1, 0);
    uint64_t secret = say(episode, "secret", 2, 0);
    epi_filter filter = epi_filter_default();
    uint64_t count = 0;
    filter.steps = &secret;
    filter.step_count = 1;
    succeeds(epi_forget(&count, space, &filter, 0, false));
    assert_int_equal(count, 1);
    epi_episode_close(episode);
    epi_space_close(space);
    assert_round_trip(p, "home");
    assert_non_null(strstr(epi__buffer_text(&p->text), "\"forgotten\":true"));
    assert_space_is(&p->to, "home", "user: kept\n");
}

static void a_correction_follows_what_it_corrects_even_in_another_episode(void **state) {
    pair *p = *state;
    epi_space *space = new_space(&p->from, "home", epi_schema_conversation());
    epi_episode *one = begin(space, "one", "1");
    epi_episode *two = begin(space, "two", "2");
    uint64_t a = 0;
    uint64_t b = 0;
    for (int i = 0; i < 40; i++) { /* in turns, so that ids come in blocks and not in the order of time */
        a = say(one, "one", 1000000 * (i + 1), i % 3 == 1 ? b : 0);
        b = say(two, "two", 1000000 * (i + 1) + 1, i % 3 == 2 ? a : 0);
    }
    epi_episode_close(one);
    epi_episode_close(two);
    epi_space_close(space);
    assert_round_trip(p, "home");
    size_t corrections = 0;
    for (const char *at = epi__buffer_text(&p->text); (at = strstr(at, "\"supersedes\"")) != NULL; at++) corrections++;
    assert_int_equal(corrections, 26);
}

static void tensors_come_back_to_the_bit(void **state) {
    pair *p = *state;
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    succeeds(epi_schema_transitions(&schema, roles, 3, EPI_I64, 0));
    roles[0].flags |= EPI_ROLE_VECTOR;
    schema.preset = "custom"; /* as rows */
    schema.encoder = EPI_ENCODER_GIVEN;
    schema.metric = EPI_L2;
    epi_space *space = new_space(&p->from, "maze", &schema);
    epi_episode *episode = begin(space, NULL, NULL);
    for (int i = 0; i < 10; i++) {
        float observation[3] = {0.1f * (float)i, -1e-30f, 3.25f};
        int64_t action = INT64_MIN + i;
        epi_part parts[] = {epi_part_f32("observation", observation, 3),
                            epi_part_bytes("action", &action, sizeof action)};
        epi_step step = epi_step_default();
        step.parts = parts;
        step.part_count = 2;
        step.event_time = i;
        step.reward = 0.1 * i;
        step.flags = i == 9 ? EPI_STEP_TRUNCATED : 0;
        succeeds(epi_episode_append(NULL, episode, &step));
    }
    epi_episode_close(episode);
    epi_space_close(space);
    assert_round_trip(p, "maze");
}

static void fill_with_vectors(epi_space *space) {
    epi_episode *episode = begin(space, NULL, NULL);
    epi__random random = epi__random_seed(3);
    for (int i = 0; i < 200; i++) {
        float vector[5];
        for (int j = 0; j < 5; j++) vector[j] = (float)epi__random_normal(&random);
        epi_part part = epi_part_text("note", "x");
        epi_step step = epi_step_default();
        step.parts = &part;
        step.part_count = 1;
        step.event_time = i;
        step.vector = i % 10 == 9 ? NULL : vector;
        step.vector_size = i % 10 == 9 ? 0 : 5;
        succeeds(epi_episode_append(NULL, episode, &step));
    }
    epi_episode_close(episode);
}

static void vectors_that_were_given_come_back_to_the_bit(void **state) {
    pair *p = *state;
    epi_role role = {"note", EPI_TEXT, EPI_ROLE_SEARCH, 2.5f, EPI_DTYPE_NONE, 0, {0}};
    for (int metric = EPI_COSINE; metric <= EPI_L2; metric++) {
        epi_schema schema = epi_schema_default();
        schema.roles = &role;
        schema.role_count = 1;
        schema.encoder = EPI_ENCODER_GIVEN;
        schema.dimension = 5;
        schema.metric = (epi_metric)metric;
        schema.language = "none";
        const char *name = metric == EPI_COSINE ? "cosine" : "l2";
        epi_space *space = new_space(&p->from, name, &schema);
        fill_with_vectors(space);
        epi_space_close(space);
        assert_round_trip(p, name);
        assert_non_null(strstr(epi__buffer_text(&p->text), "\"vector\":"));
    }
}

static void an_empty_space_comes_back(void **state) {
    pair *p = *state;
    epi_space_close(new_space(&p->from, "empty", epi_schema_trajectory()));
    assert_round_trip(p, "empty");
}

static epi_space_stats stats_of(fixture *f, const char *name) {
    epi_space_stats stats;
    epi_space *space = fixture_space(f, name);
    succeeds(epi_space_stats_read(&stats, space));
    epi_space_close(space);
    return stats;
}

static void a_profile_that_was_chosen_comes_back_and_replaces_no_other(void **state) {
    pair *p = *state;
    epi_space *space = new_space(&p->from, "home", epi_schema_conversation());
    succeeds(epi_space_set_profile(space, EPI_PROFILE_DOCUMENTS));
    succeeds(epi_remember_text(space, "user", "Hello", NULL));
    assert_round_trip(p, "home");
    assert_non_null(strstr(epi__buffer_text(&p->text), "\"profile\":\"documents\""));
    assert_true(stats_of(&p->to, "home").profile_set);
    assert_int_equal(stats_of(&p->to, "home").profile, EPI_PROFILE_DOCUMENTS);
    succeeds(epi_space_set_profile(space, EPI_PROFILE_EVENTS));
    epi_space_close(space);
    fixture_export(&p->text, &p->from, "home");
    succeeds(fixture_import(&p->to, epi__buffer_text(&p->text), EPI_FORMAT_AUTO, NULL, NULL));
    assert_int_equal(stats_of(&p->to, "home").profile, EPI_PROFILE_DOCUMENTS);
}

static void a_copy_may_have_another_name(void **state) {
    pair *p = *state;
    succeeds(fixture_import(&p->from, "[{\"role\":\"user\",\"content\":\"a\"}]", EPI_FORMAT_AUTO, "one", NULL));
    fixture_export(&p->text, &p->from, "one");
    succeeds(fixture_import(&p->to, epi__buffer_text(&p->text), EPI_FORMAT_AUTO, "two", NULL));
    assert_space_is(&p->to, "two", "user: a\n");
}

static void several_spaces_may_share_a_file(void **state) {
    pair *p = *state;
    succeeds(fixture_import(&p->from, "[{\"role\":\"user\",\"content\":\"a\"}]", EPI_FORMAT_AUTO, "one", NULL));
    succeeds(fixture_import(&p->from, "[{\"role\":\"user\",\"content\":\"b\"}]", EPI_FORMAT_AUTO, "two", NULL));
    fixture_export(&p->text, &p->from, "one");
    fixture_export(&p->again, &p->from, "two");
    epi__buffer_append(&p->text, p->again.data, p->again.size);
    succeeds(fixture_import(&p->to, epi__buffer_text(&p->text), EPI_FORMAT_AUTO, NULL, NULL));
    assert_int_equal(p->to.report.spaces, 2);
    assert_space_is(&p->to, "one", "user: a\n");
    assert_space_is(&p->to, "two", "user: b\n");
    fixture_refuses(&p->to, epi__buffer_text(&p->text), EPI_FORMAT_JSONL, EPI_EFORMAT, "a second space begins");
}

/* ---- what is cut or malformed ---------------------------------------------------------------------------------- */

static const char chat[] = "{\"role\":\"user\",\"content\":\"a\"}\n{\"role\":\"user\",\"content\":\"b\"}\n"
                           "{\"role\":\"user\",\"content\":\"c\"}\n";

static void a_file_cut_anywhere_is_noticed_and_the_whole_one_adds_the_rest(void **state) {
    pair *p = *state;
    succeeds(fixture_import(&p->from, chat, EPI_FORMAT_AUTO, "one", NULL));
    fixture_export(&p->text, &p->from, "one");
    epi__buffer part = {0};
    for (size_t size = 1; size + 1 < p->text.size; size += 7) {
        epi__buffer_clear(&part);
        epi__buffer_append(&part, p->text.data, size);
        epi_status status = fixture_import(&p->to, epi__buffer_text(&part), EPI_FORMAT_JSONL, NULL, NULL);
        if (status != EPI_EFORMAT && status != EPI_EJSON) fail_msg("cut at %zu: %s", size, epi_status_name(status));
        assert_non_null(strstr(epi_error_last()->message, "line "));
    }
    epi__buffer_dispose(&part);
    succeeds(fixture_import(&p->to, epi__buffer_text(&p->text), EPI_FORMAT_JSONL, NULL, NULL));
    assert_int_equal(p->to.report.present, 3); /* the last cut had left only the end line away */
    fixture_export(&p->again, &p->to, "one");
    assert_string_equal(epi__buffer_text(&p->again), epi__buffer_text(&p->text));
}

#define SPACE                                                                                                        \
    "{\"type\":\"space\",\"format\":1,\"name\":\"n\",\"schema\":{\"preset\":\"custom\",\"encoder\":\"hash\","        \
    "\"dimension\":64,"                                                                                              \
    "\"metric\":\"cosine\",\"roles\":[{\"name\":\"text\",\"type\":\"text\",\"flags\":[\"search\"]},{\"name\":\"b\"," \
    "\"type\":"                                                                                                      \
    "\"blob\",\"flags\":[]}]}}\n"
#define EPISODE "{\"type\":\"episode\",\"id\":1}\n"

static void what_is_wrong_in_a_line_is_said_with_its_number(void **state) {
    static const refusal bad[] = {
        {"{\"type\":\"step\"}", "line 1: a line of type \"space\" has to come first"},
        {"{\"type\":\"space\",\"format\":2,\"name\":\"n\"}", "line 1: \"format\" is not 1"},
        {"{\"type\":\"space\",\"format\":1,\"name\":\"n\"}", "line 1: the schema is missing"},
        {"{\"type\":\"space\",\"format\":1,\"name\":\"n\",\"schema\":{\"preset\":\"x\",\"encoder\":\"y\"}}",
         "encoder is unknown"},
        {SPACE "{\"type\":\"thing\"}", "line 2: \"type\" is none of"},
        {SPACE "[1]", "line 2: \"type\" is none of"},
        {SPACE "{\"type\":\"episode\"}", "line 2: \"id\" is not a number"},
        {SPACE "{\"type\":\"episode\",\"id\":0}", "\"id\" is not a number from 1 on"},
        {SPACE EPISODE EPISODE, "line 3: the episode's id is there twice"},
        {SPACE "{\"type\":\"episode\",\"id\":2,\"begin\":\"yesterday\"}",
         "line 2: \"begin\": \"yesterday\" was not a time"},
        {SPACE "{\"type\":\"episode\",\"id\":2,\"tags\":[1]}", "line 2: a tag is not a string"},
        {SPACE "{\"type\":\"step\",\"id\":1,\"episode\":1}", "line 2: its episode has no line before it"},
        {SPACE EPISODE "{\"type\":\"step\",\"id\":1,\"episode\":1}", "line 3: the step has no parts"},
        {SPACE EPISODE "{\"type\":\"step\",\"id\":1,\"episode\":1,\"parts\":{\"x\":\"\"}}",
         "the schema has no role \"x\""},
        {SPACE EPISODE "{\"type\":\"step\",\"id\":1,\"episode\":1,\"parts\":{\"text\":1}}", "the value of \"text\""},
        {SPACE EPISODE "{\"type\":\"step\",\"id\":1,\"episode\":1,\"parts\":{\"b\":\"?\"}}", "\"b\" is not base64"},
        {SPACE EPISODE "{\"type\":\"step\",\"id\":1,\"episode\":1,\"parts\":{},\"reward\":\"1\"}",
         "\"reward\" is not a number"},
        {SPACE EPISODE "{\"type\":\"step\",\"id\":1,\"episode\":1,\"parts\":{},\"flags\":[\"x\"]}",
         "a flag is unknown"},
        {SPACE EPISODE "{\"type\":\"step\",\"id\":1,\"episode\":1,\"parts\":{},\"vector\":\"AAA=\"}",
         "not made of whole floats"},
        {SPACE EPISODE "{\"type\":\"step\",\"id\":1,\"episode\":1,\"parts\":{\"text\":\"a\"},\"supersedes\":7}",
         "line 3: the step that it supersedes has no line before it"},
        {SPACE EPISODE, "line 2: the file is cut"},
        {SPACE "{\"type\":\"end\",\"episodes\":1,\"steps\":0}", "1 episodes and 0 steps were promised"},
        {SPACE SPACE, "line 2: a space begins before the end line"},
    };
    pair *p = *state;
    fixture_refuses_all(&p->to, EPI_FORMAT_JSONL, bad, EPI__COUNT(bad));
}

static void a_step_that_the_store_refuses_is_named_and_those_before_it_stay(void **state) {
    pair *p = *state;
    const char *text = SPACE EPISODE "{\"type\":\"step\",\"id\":1,\"episode\":1,\"parts\":{\"text\":\"good\"}}\n"
                                     "{\"type\":\"step\",\"id\":2,\"episode\":1,\"parts\":{},\"external_id\":\"bad\"}\n"
                                     "{\"type\":\"end\",\"episodes\":1,\"steps\":2}";
    assert_int_equal(fixture_import(&p->to, text, EPI_FORMAT_AUTO, NULL, NULL), EPI_EINVAL);
    assert_non_null(strstr(epi_error_last()->message, "line 4, step bad: "));
    assert_space_is(&p->to, "n", "good\n");
}

static bool stop_at_once(void *context, const char *text, size_t size) {
    (void)context, (void)text, (void)size;
    return false;
}

static void an_export_can_be_stopped(void **state) {
    pair *p = *state;
    epi_space *space = new_space(&p->from, "home", epi_schema_conversation());
    assert_int_equal(epi_export(space, stop_at_once, NULL), EPI_ECANCELLED);
    assert_int_equal(epi_export(space, NULL, NULL), EPI_EINVAL);
    assert_int_equal(epi_export(NULL, stop_at_once, NULL), EPI_EINVAL);
    epi_space_close(space);
}

#define PAIR_TEST(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void) {
    const struct CMUnitTest tests[] = {
        PAIR_TEST(every_field_of_a_conversation_comes_back),
        PAIR_TEST(what_is_forgotten_stays_forgotten),
        PAIR_TEST(a_correction_follows_what_it_corrects_even_in_another_episode),
        PAIR_TEST(tensors_come_back_to_the_bit),
        PAIR_TEST(vectors_that_were_given_come_back_to_the_bit),
        PAIR_TEST(an_empty_space_comes_back),
        PAIR_TEST(a_profile_that_was_chosen_comes_back_and_replaces_no_other),
        PAIR_TEST(a_copy_may_have_another_name),
        PAIR_TEST(several_spaces_may_share_a_file),
        PAIR_TEST(a_file_cut_anywhere_is_noticed_and_the_whole_one_adds_the_rest),
        PAIR_TEST(what_is_wrong_in_a_line_is_said_with_its_number),
        PAIR_TEST(a_step_that_the_store_refuses_is_named_and_those_before_it_stay),
        PAIR_TEST(an_export_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
