/* What other programs write: LoCoMo, OpenAI and ChatGPT files, good and bad. */
#include "fixture.h"

/* ---- LoCoMo ---------------------------------------------------------------------------------------------------- */

#define LOCOMO_HEAD "[{\"sample_id\":\"c1\",\"conversation\":{\"speaker_a\":\"Ann\",\"speaker_b\":\"Bo\","

static const char locomo[] = LOCOMO_HEAD
    "\"session_2_date_time\":\"12:05 am on 1 March, 2024\","
    "\"session_2\":[{\"speaker\":\"Bo\",\"dia_id\":\"D2:1\",\"text\":\"Late.\"}],"
    "\"session_1_date_time\":\"1:56 pm on 8 May, 2023\","
    "\"session_1\":[{\"speaker\":\"Ann\",\"dia_id\":\"D1:1\",\"text\":\"Hi!\"},"
    "{\"speaker\":\"Bo\",\"dia_id\":\"D1:2\",\"text\":\"Look.\",\"blip_caption\":\"a "
    "boat\",\"img_url\":[\"u\"],\"query\":\"boat\"},"
    "{\"speaker\":\"Ann\",\"dia_id\":\"D1:3\",\"text\":\"\",\"blip_caption\":\"a dog\"},"
    "{\"speaker\":\"Ann\",\"dia_id\":\"D1:4\",\"text\":\"\"}],"
    "\"session_3\":[{\"speaker\":\"Ann\",\"dia_id\":\"D3:1\",\"text\":\"When?\"}],"
    "\"session_4_date_time\":\"1:00 pm on 9 May, 2023\"}}]";

static void a_locomo_conversation_fills_a_space_of_its_own(void **state) {
    fixture *f = *state;
    fixture_imports(f, locomo, "demo/", 5, 0, 1);
    assert_int_equal(f->report.format, EPI_FORMAT_LOCOMO);
    assert_int_equal(f->report.episodes, 3);
    assert_space_is(f, "demo/c1",
                    "Ann: Hi!; session=session_1\n"
                    "Bo: Look.; caption=a boat; session=session_1\n"
                    "Ann: a dog; session=session_1\n"
                    "Bo: Late.; session=session_2\n"
                    "Ann: When?; session=session_3\n");
}

static void locomo_turns_carry_their_ids_dates_and_pictures(void **state) {
    fixture *f = *state;
    fixture_imports(f, locomo, NULL, 5, 0, 1);
    epi_space *space = fixture_space(f, "c1");
    epi_recollection *found = NULL;
    char time[EPI_TIME_TEXT_SIZE];
    uint64_t id = 0;
    assert_int_equal(epi_step_find(&id, space, "D1:2"), EPI_OK);
    assert_int_equal(epi_step_read(&found, space, id), EPI_OK);
    const epi_recalled_step *step = epi_scene_step(epi_recollection_scene(found, 0), 0);
    assert_string_equal(epi_time_iso(time, step->event.from, 0), "2023-05-08T13:56:00Z");
    assert_string_equal(step->metadata, "{\"img_url\":[\"u\"],\"query\":\"boat\"}");
    assert_string_equal(epi_recollection_scene(found, 0)->title, "session 1, 1:56 pm on 8 May, 2023");
    epi_recollection_free(found);
    epi_space_close(space);
}

static void a_session_without_a_date_takes_the_one_before(void **state) {
    fixture *f = *state;
    fixture_imports(f, locomo, NULL, 5, 0, 1);
    epi_space *space = fixture_space(f, "c1");
    epi_timeline *timeline = NULL;
    char time[EPI_TIME_TEXT_SIZE];
    assert_int_equal(epi_timeline_read(&timeline, space, EPI_TIME_NONE, EPI_TIME_NONE, 0), EPI_OK);
    assert_int_equal(epi_timeline_count(timeline), 3);
    const epi_episode_info *info = epi_timeline_episode(timeline, 2);
    assert_string_equal(info->title, "session 3");
    assert_string_equal(epi_time_iso(time, info->time.from, 0), "2024-03-01T00:05:00Z");
    epi_timeline_free(timeline);
    epi_space_close(space);
}

static void a_second_import_adds_nothing(void **state) {
    fixture *f = *state;
    fixture_imports(f, locomo, NULL, 5, 0, 1);
    epi_space *space = fixture_space(f, "c1");
    epi_space_stats before;
    epi_space_stats after;
    assert_int_equal(epi_space_stats_read(&before, space), EPI_OK);
    fixture_imports(f, locomo, NULL, 0, 5, 1);
    assert_int_equal(epi_space_stats_read(&after, space), EPI_OK);
    assert_memory_equal(&before, &after, sizeof before);
    epi_space_close(space);
}

static void a_turn_with_other_words_is_a_conflict_that_is_named(void **state) {
    fixture *f = *state;
    const char *other = LOCOMO_HEAD "\"session_1\":[{\"speaker\":\"Ann\",\"dia_id\":\"D1:0\",\"text\":\"So\"},"
                                    "{\"speaker\":\"Ann\",\"dia_id\":\"D1:1\",\"text\":\"Ho!\"}],"
                                    "\"session_1_date_time\":\"1:56 pm on 8 May, 2023\"}}]";
    const char *dated = LOCOMO_HEAD "\"session_1\":[{\"speaker\":\"Ann\",\"dia_id\":\"D1:1\",\"text\":\"Hi!\"}],"
                                    "\"session_1_date_time\":\"1:56 pm on 8 May, 2023\"}}]";
    assert_int_equal(fixture_import(f, dated, EPI_FORMAT_AUTO, NULL, NULL), EPI_OK);
    assert_int_equal(fixture_import(f, other, EPI_FORMAT_AUTO, NULL, NULL), EPI_ECONFLICT);
    assert_non_null(strstr(epi_error_last()->message, "entry 1, step D1:1"));
    assert_int_equal(f->report.steps, 1); /* what came before the conflict stays */
}

static void what_is_wrong_in_a_locomo_file_is_said_with_its_place(void **state) {
    static const refusal bad[] = {
        {"[{\"conversation\":{}}]", "entry 1: sample_id is missing"},
        {"[{\"sample_id\":7,\"conversation\":{}}]", "entry 1: sample_id is missing"},
        {"[{\"sample_id\":\"a\"}]", "entry 1: conversation is missing"},
        {"[{\"sample_id\":\"a\",\"conversation\":[]}]", "entry 1: conversation is missing"},
        {LOCOMO_HEAD "\"session_1\":7}}]", "session 1 of c1: it is not a list"},
        {LOCOMO_HEAD "\"session_1\":[],\"session_1_date_time\":\"8 May\"}}]", "\"8 May\" is no date"},
        {LOCOMO_HEAD "\"session_1\":[],\"session_1_date_time\":\"1:00 pm on 30 February, 2023\"}}]", "is no date"},
        {LOCOMO_HEAD "\"session_1\":[],\"session_1_date_time\":\"13:00 pm on 3 May, 2023\"}}]", "is no date"},
        {LOCOMO_HEAD "\"session_1\":[7]}}]", "session 1 of c1: turn 1: it is not an object"},
        {LOCOMO_HEAD "\"session_1\":[{\"speaker\":\"Ann\",\"text\":\"x\"}]}}]", "turn 1: dia_id is missing"},
        {LOCOMO_HEAD "\"session_1\":[{\"dia_id\":\"D1:1\",\"text\":\"x\"}]}}]", "turn 1: speaker is missing"},
        {LOCOMO_HEAD "\"session_1\":[{\"dia_id\":\"D1:1\",\"speaker\":\"Ann\",\"text\":[]}]}}]",
         "text is not a string"},
    };
    fixture_refuses_all(*state, EPI_FORMAT_LOCOMO, bad, EPI__COUNT(bad));
}

/* ---- OpenAI ---------------------------------------------------------------------------------------------------- */

static const char chat[] =
    "[{\"role\":\"system\",\"content\":\"Be kind.\"},"
    "{\"role\":\"user\",\"name\":\"ann\",\"content\":\"Where is Porto?\"},"
    "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"In\"},"
    "{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}},{\"type\":\"text\",\"text\":\"Portugal.\"}]},"
    "{\"role\":\"assistant\",\"content\":null}]";
static const char chat_steps[] = "system: Be kind.\nann: Where is Porto?\nassistant: In\nPortugal.\n";

static void a_chat_becomes_a_conversation(void **state) {
    fixture *f = *state;
    fixture_imports(f, chat, "chats", 3, 0, 1);
    assert_space_is(f, "chats", chat_steps);
    fixture_imports(f, chat, "chats", 0, 3, 1);
    assert_space_is(f, "chats", chat_steps);
}

static void a_chat_that_grew_adds_its_new_end(void **state) {
    fixture *f = *state;
    const char *one = "{\"role\":\"user\",\"content\":\"one\"}\n{\"role\":\"assistant\",\"content\":\"two\"}\n";
    const char *grown = "{\"role\":\"user\",\"content\":\"one\"}\n\n{\"role\":\"assistant\",\"content\":\"two\"}\n"
                        "{\"role\":\"user\",\"content\":\"one\"}";
    fixture_imports(f, one, "chats", 2, 0, 0);
    fixture_imports(f, grown, "chats", 1, 2, 0);
    assert_space_is(f, "chats", "user: one\nassistant: two\nuser: one\n");
}

static void lines_with_messages_are_a_conversation_each(void **state) {
    fixture *f = *state;
    const char *text = "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"title\":\"first\"}\n"
                       "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}\n";
    fixture_imports(f, text, "chats", 2, 0, 0);
    assert_int_equal(f->report.episodes, 2);
    fixture_imports(f, "[[{\"role\":\"user\",\"content\":\"a\"}],[{\"role\":\"user\",\"content\":\"b\"}]]", "lists", 2,
                    0, 0);
    assert_int_equal(f->report.episodes, 2);
}

static const char tools[] =
    "{\"messages\":[{\"role\":\"system\",\"content\":\"You run servers.\"},"
    "{\"role\":\"user\",\"content\":\"Restore the API.\"},"
    "{\"role\":\"assistant\",\"content\":\"I look at it.\",\"tool_calls\":["
    "{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"status\",\"arguments\":\"{\\\"name\\\":\\\"api\\\"}"
    "\"}},"
    "{\"id\":\"c2\",\"type\":\"function\",\"function\":{\"name\":\"logs\",\"arguments\":\"api\"}}]},"
    "{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"content\":\"Error: no such log\"},"
    "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"{\\\"status\\\":\\\"down\\\"}\"},"
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":["
    "{\"id\":\"c3\",\"function\":{\"name\":\"restart\",\"arguments\":{\"name\":\"api\"}}}]},"
    "{\"role\":\"tool\",\"tool_call_id\":\"c3\",\"content\":\"{\\\"error\\\":\\\"busy\\\"}\"},"
    "{\"role\":\"assistant\",\"content\":\"It is busy.\"}]}";

static void tool_calls_become_steps_of_a_trajectory(void **state) {
    fixture *f = *state;
    fixture_imports(f, tools, "agent", 3, 0, 1);
    assert_space_is(f, "agent",
                    "task=Restore the API.; situation=I look at it.; tool=status; arguments={\"name\":\"api\"}; "
                    "result={\"status\":\"down\"}\n"
                    "task=Restore the API.; tool=logs; arguments=\"api\"; error=Error: no such log\n"
                    "task=Restore the API.; tool=restart; arguments={\"name\":\"api\"}; error={\"error\":\"busy\"}\n");
    fixture_imports(f, tools, "agent", 0, 3, 1);
}

static void what_is_said_after_the_last_call_is_the_outcome(void **state) {
    fixture *f = *state;
    fixture_imports(f, tools, "agent", 3, 0, 1);
    epi_space *space = fixture_space(f, "agent");
    epi_timeline *timeline = NULL;
    assert_int_equal(epi_timeline_read(&timeline, space, EPI_TIME_NONE, EPI_TIME_NONE, 0), EPI_OK);
    assert_int_equal(epi_timeline_count(timeline), 1);
    assert_true(epi_timeline_episode(timeline, 0)->ended);
    assert_string_equal(epi_timeline_episode(timeline, 0)->outcome, "It is busy.");
    epi_timeline_free(timeline);
    epi_space_close(space);
}

static void a_task_without_a_call_is_one_step(void **state) {
    fixture *f = *state;
    const char *text =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"Go\"},{\"role\":\"assistant\",\"function_call\":"
        "{\"name\":\"f\",\"arguments\":\"{}\"}},{\"role\":\"function\",\"name\":\"f\",\"content\":\"ok\"}]}\n"
        "{\"messages\":[{\"role\":\"user\",\"content\":\"2+2?\"},{\"role\":\"assistant\",\"content\":\"4\"}]}\n";
    fixture_imports(f, text, "agent", 2, 0, 0);
    assert_space_is(f, "agent", "task=Go; tool=f; arguments={}; result=ok\ntask=2+2?; result=4\n");
}

static void what_is_wrong_in_an_openai_file_is_said_with_its_place(void **state) {
    static const refusal bad[] = {
        {"[{\"role\":\"user\",\"content\":\"a\"},7]", "entry 2: message 2 is not an object"},
        {"[{\"role\":\"user\",\"content\":7}]", "message 1: content is neither"},
        {"[{\"role\":7,\"content\":\"a\"}]", "message 1 has no role"},
        {"{\"messages\":7}", "neither a message nor a conversation"},
        {"{\"messages\":[]}\n{\"x\":[]}", "line 2: it is neither a message nor a conversation"},
        {"{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\"}]}]}",
         "a tool call has no function name"},
    };
    fixture_refuses_all(*state, EPI_FORMAT_OPENAI, bad, EPI__COUNT(bad));
}

/* ---- ChatGPT --------------------------------------------------------------------------------------------------- */

/* clang-format off */
#define NODE(id, parent, role, time, parts)                                                               \
    "\"" id "\":{\"id\":\"" id "\",\"parent\":" parent ",\"children\":[],\"message\":{\"id\":\"m-" id "\","     \
    "\"author\":{\"role\":\"" role "\"},\"create_time\":" time ","                                         \
    "\"content\":{\"content_type\":\"text\",\"parts\":[" parts "]}}}"

static const char chatgpt[] =
    "[{\"id\":\"conv\",\"title\":\"Moving\",\"create_time\":1700000000.5,\"current_node\":\"d\",\"mapping\":{"
    "\"root\":{\"id\":\"root\",\"parent\":null,\"children\":[\"s\"],\"message\":null},"
    NODE("s", "\"root\"", "system", "null", "\"\"") ","
    NODE("a", "\"s\"", "user", "1700000001", "\"Hello\"") ","
    NODE("b-old", "\"a\"", "assistant", "1700000002", "\"Old answer\"") ","
    NODE("b", "\"a\"", "assistant", "null", "\"New answer\",{\"content_type\":\"image\"},\"and more\"") ","
    NODE("c", "\"b\"", "user", "1700000004", "{\"content_type\":\"image_asset_pointer\"}") ","
    NODE("d", "\"c\"", "user", "1700000005.25", "{\"content_type\":\"audio_transcription\",\"text\":\"Spoken\"}")
    "}}]";
/* clang-format on */

static void the_branch_that_is_shown_is_imported(void **state) {
    fixture *f = *state;
    fixture_imports(f, chatgpt, "gpt", 3, 0, 3);
    assert_space_is(f, "gpt", "user: Hello\nassistant: New answer\nand more\nuser: Spoken\n");
    fixture_imports(f, chatgpt, "gpt", 0, 3, 3);
}

static void titles_and_times_of_chatgpt_are_kept(void **state) {
    fixture *f = *state;
    fixture_imports(f, chatgpt, "gpt", 3, 0, 3);
    epi_space *space = fixture_space(f, "gpt");
    epi_recollection *found = NULL;
    char time[EPI_TIME_TEXT_SIZE];
    uint64_t id = 0;
    assert_int_equal(epi_step_find(&id, space, "m-b"), EPI_OK);
    assert_int_equal(epi_step_read(&found, space, id), EPI_OK);
    assert_string_equal(epi_recollection_scene(found, 0)->title, "Moving");
    epi_time_iso(time, epi_scene_step(epi_recollection_scene(found, 0), 0)->event.from, 0);
    assert_string_equal(time, "2023-11-14T22:13:21Z"); /* it has none: the time of the message before */
    epi_recollection_free(found);
    epi_space_close(space);
}

static void a_chat_that_was_renamed_keeps_its_first_title(void **state) {
    fixture *f = *state;
    const char *one = "{\"id\":\"c\",\"title\":\"one\",\"mapping\":{" NODE("a", "null", "user", "1", "\"x\"") "}}";
    const char *two = "{\"id\":\"c\",\"title\":\"two\",\"mapping\":{" NODE("a", "null", "user", "1", "\"x\"") "}}";
    fixture_imports(f, one, "gpt", 1, 0, 0);
    fixture_imports(f, two, "gpt", 0, 1, 0);
}

static void what_is_wrong_in_a_chatgpt_file_is_said_with_its_place(void **state) {
    static const refusal bad[] = {
        {"[{\"id\":\"c\",\"mapping\":7}]", "entry 1: mapping is missing"},
        {"[{\"mapping\":{}}]", "entry 1: id is missing"},
        {"[{\"id\":\"c\",\"current_node\":\"a\",\"mapping\":{" NODE("a", "\"b\"", "user", "1", "\"x\"") "," NODE(
             "b", "\"a\"", "user", "1", "\"x\"") "}}]",
         "go in a circle"},
        {"[{\"id\":\"c\",\"mapping\":{\"a\":{\"message\":{\"content\":{\"parts\":[\"x\"]}}}}}]",
         "node a: the author has no role"},
    };
    fixture_refuses_all(*state, EPI_FORMAT_CHATGPT, bad, EPI__COUNT(bad));
}

/* ---- any file -------------------------------------------------------------------------------------------------- */

static void a_file_that_is_none_of_the_forms_is_refused(void **state) {
    static const struct {
        const char *text;
        epi_status status;
        const char *message;
    } bad[] = {
        {"", EPI_EFORMAT, "the file was empty"},
        {" \n\t\n", EPI_EFORMAT, "the file was empty"},
        {"[]", EPI_EFORMAT, "none of the forms"},
        {"{}", EPI_EFORMAT, "none of the forms"},
        {"[1,2]", EPI_EFORMAT, "none of the forms"},
        {"hello", EPI_EJSON, ""},
        {"[{\"role\":\"user\",\"content\":\"a\"}", EPI_EJSON, ""},
        {"{\"role\":\"user\",\"content\":\"a\"}\n{\"role\":", EPI_EJSON, "line 2"},
        {"[{\"role\":\"user\",\"content\":\"\xFF\"}]", EPI_EUTF8, ""},
    };
    for (size_t i = 0; i < EPI__COUNT(bad); i++) {
        fixture_refuses(*state, bad[i].text, EPI_FORMAT_AUTO, bad[i].status, bad[i].message);
    }
}

static void wrong_arguments_are_refused(void **state) {
    fixture *f = *state;
    assert_int_equal(epi_import(NULL, NULL, "[]", 2, NULL), EPI_EINVAL);
    assert_int_equal(epi_import(NULL, f->memory, NULL, 2, NULL), EPI_EINVAL);
    assert_int_equal(fixture_import(f, chat, (epi_format)9, "s", NULL), EPI_EINVAL);
    assert_int_equal(fixture_import(f, chat, EPI_FORMAT_AUTO, NULL, NULL), EPI_EINVAL);
    epi_import_options options = epi_import_options_default();
    options.version = 0;
    options.space = "s";
    assert_int_equal(epi_import(NULL, f->memory, chat, strlen(chat), &options), EPI_EINVAL);
}

static bool stop_at_once(void *context, uint64_t done, uint64_t total) {
    uint64_t *seen = context;
    *seen = total;
    assert_true(done <= total);
    return false;
}

static void an_import_can_be_stopped_and_goes_on(void **state) {
    fixture *f = *state;
    epi__buffer text = {0};
    uint64_t total = 0;
    for (int i = 0; i < 1000; i++)
        epi__buffer_append_format(&text, "{\"role\":\"user\",\"content\":\"message %d\"}\n", i);
    epi_import_options options = epi_import_options_default();
    options.space = "long";
    options.progress = stop_at_once;
    options.context = &total;
    assert_int_equal(epi_import(&f->report, f->memory, epi__buffer_text(&text), text.size, &options), EPI_ECANCELLED);
    assert_int_equal(total, 1000);
    assert_true(f->report.steps > 0 && f->report.steps < 1000);
    uint64_t before = f->report.steps;
    options.progress = NULL;
    assert_int_equal(epi_import(&f->report, f->memory, epi__buffer_text(&text), text.size, &options), EPI_OK);
    assert_int_equal(f->report.steps, 1000 - before);
    assert_int_equal(f->report.present, before);
    epi__buffer_dispose(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(a_locomo_conversation_fills_a_space_of_its_own),
        MEMORY_TEST(locomo_turns_carry_their_ids_dates_and_pictures),
        MEMORY_TEST(a_session_without_a_date_takes_the_one_before),
        MEMORY_TEST(a_second_import_adds_nothing),
        MEMORY_TEST(a_turn_with_other_words_is_a_conflict_that_is_named),
        MEMORY_TEST(what_is_wrong_in_a_locomo_file_is_said_with_its_place),
        MEMORY_TEST(a_chat_becomes_a_conversation),
        MEMORY_TEST(a_chat_that_grew_adds_its_new_end),
        MEMORY_TEST(lines_with_messages_are_a_conversation_each),
        MEMORY_TEST(tool_calls_become_steps_of_a_trajectory),
        MEMORY_TEST(what_is_said_after_the_last_call_is_the_outcome),
        MEMORY_TEST(a_task_without_a_call_is_one_step),
        MEMORY_TEST(what_is_wrong_in_an_openai_file_is_said_with_its_place),
        MEMORY_TEST(the_branch_that_is_shown_is_imported),
        MEMORY_TEST(titles_and_times_of_chatgpt_are_kept),
        MEMORY_TEST(a_chat_that_was_renamed_keeps_its_first_title),
        MEMORY_TEST(what_is_wrong_in_a_chatgpt_file_is_said_with_its_place),
        MEMORY_TEST(a_file_that_is_none_of_the_forms_is_refused),
        MEMORY_TEST(wrong_arguments_are_refused),
        MEMORY_TEST(an_import_can_be_stopped_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
