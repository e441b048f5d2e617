/* Transcripts of coding agents: what becomes of calls, answers and helpers, growing files, and broken lines. */
#include <stdio.h>

#include "fixture.h"

#define LINE(type, id, time, message)                                                                        \
    "{\"type\":\"" type "\",\"uuid\":\"" id "\",\"sessionId\":\"s1\",\"timestamp\":\"2026-02-19T14:30:" time \
    "Z\",\"message\":{\"role\":\"" type "\",\"content\":" message "}}\n"
#define TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define CALL(id, tool, input) "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" tool "\",\"input\":" input "}"
#define RESULT(id, content, error) \
    "{\"type\":\"tool_result\",\"tool_use_id\":\"" id "\",\"content\":" content ",\"is_error\":" error "}"

static const char session[] = "{\"type\":\"summary\",\"summary\":\"Tests\",\"leafUuid\":\"u9\"}\n" LINE(
    "user", "u1", "00.000", "\"Fix the failing test.\\nIt is red.\"")
    LINE("assistant", "u2", "01.500", "[{\"type\":\"thinking\",\"thinking\":\"hm\"}]")
        LINE("assistant", "u3", "02.000", "[" TEXT("I run it.") "]")
            LINE("assistant", "u4", "03.000", "[" CALL("c1", "bash", "{\"command\":\"make\"}") "]")
                LINE("user", "u5", "05.500", "[" RESULT("c1", "[" TEXT("1 failed") "]", "true") "]")
                    LINE("assistant", "u6", "06.000",
                         "[" CALL("c2", "read", "{\"path\":\"a.c\"}") "," CALL("c3", "read", "{}") "]")
                        LINE("user", "u7", "07.000",
                             "[" RESULT("c3", "\"three\"", "false") "," RESULT("c2", "\"two\"", "false") "]")
                            LINE("assistant", "u8", "08.000", "\"It is green.\"")
                                LINE("user", "u9", "09.000", "\"Thanks.\"");
static const char session_steps[] =
    "task=Fix the failing test.\nIt is red.; situation=I run it.; tool=bash; arguments={\"command\":\"make\"}; "
    "error=1 failed; cost=2.5\n"
    "task=Fix the failing test.\nIt is red.; tool=read; arguments={\"path\":\"a.c\"}; result=two; cost=1\n"
    "task=Fix the failing test.\nIt is red.; tool=read; arguments={}; result=three; cost=1\n"
    "task=Fix the failing test.\nIt is red.; result=It is green.\n"
    "task=Thanks.\n";

/* All of a space, as fixture_read() has it, with the cost as a number. */
static void write_steps(epi__buffer *out, fixture *f, const char *name) {
    epi_space *space = fixture_space(f, name);
    epi_recollection *found = NULL;
    uint64_t after = 0;
    assert_int_equal(epi_steps_read(&found, space, after, 1000), EPI_OK);
    for (size_t i = 0; i < epi_recollection_count(found); i++) {
        const epi_scene *scene = epi_recollection_scene(found, i);
        for (size_t j = 0; j < scene->step_count; j++) {
            const epi_recalled_step *step = epi_scene_step(scene, j);
            for (size_t k = 0; k < step->part_count; k++) {
                const epi_recalled_part *part = epi_recalled_step_part(step, k);
                double cost = 0.0;
                epi__buffer_append_format(out, "%s%s=", k > 0 ? "; " : "", part->role);
                if (strcmp(part->role, "cost") == 0) {
                    memcpy(&cost, part->data, sizeof cost);
                    epi__buffer_append_format(out, "%g", cost);
                } else {
                    epi__buffer_append(out, part->data, part->size);
                }
            }
            epi__buffer_append_u8(out, '\n');
        }
    }
    epi_recollection_free(found);
    epi_space_close(space);
}

static void assert_steps_are(fixture *f, const char *name, const char *lines) {
    epi__buffer text = {0};
    write_steps(&text, f, name);
    assert_string_equal(epi__buffer_text(&text), lines);
    epi__buffer_dispose(&text);
}

static void calls_answers_and_tasks_become_steps(void **state) {
    fixture *f = *state;
    fixture_imports(f, session, "agent", 5, 0, 0);
    assert_int_equal(f->report.format, EPI_FORMAT_AGENT);
    assert_int_equal(f->report.episodes, 1);
    assert_int_equal(f->report.unread, 2); /* the summary, and the thinking */
    assert_steps_are(f, "agent", session_steps);
    fixture_imports(f, session, "agent", 0, 5, 0);
    assert_steps_are(f, "agent", session_steps);
}

static void a_session_is_an_episode_named_by_its_first_task(void **state) {
    fixture *f = *state;
    fixture_imports(f, session, "agent", 5, 0, 0);
    epi_space *space = fixture_space(f, "agent");
    epi_timeline *timeline = NULL;
    char time[EPI_TIME_TEXT_SIZE];
    assert_int_equal(epi_timeline_read(&timeline, space, EPI_TIME_NONE, EPI_TIME_NONE, 0), EPI_OK);
    const epi_episode_info *info = epi_timeline_episode(timeline, 0);
    assert_string_equal(info->title, "Fix the failing test.");
    assert_string_equal(info->external_id, "s1");
    assert_string_equal(epi_time_iso(time, info->time.from, 0), "2026-02-19T14:30:03Z");
    epi_timeline_free(timeline);
    epi_space_close(space);
}

/* Whatever a growing file was imported at, in the end all of it is there, once. */
static void a_transcript_may_be_imported_after_every_line(void **state) {
    fixture *f = *state;
    epi_import_options options = epi_import_options_default();
    options.space = "agent";
    options.format = EPI_FORMAT_AGENT;
    for (const char *end = strchr(session, '\n'); end != NULL; end = strchr(end + 1, '\n')) {
        assert_int_equal(epi_import(&f->report, f->memory, session, (size_t)(end + 1 - session), &options), EPI_OK);
    }
    fixture_imports(f, session, "agent", 0, 5, 0);
}

static void a_call_without_a_result_waits_until_the_user_speaks(void **state) {
    fixture *f = *state;
#define BEGINNING LINE("user", "u1", "00", "\"Go.\"") LINE("assistant", "u2", "01", "[" CALL("c1", "run", "{}") "]")
    fixture_imports(f, BEGINNING, "agent", 1, 0, 1); /* the task alone */
    fixture_imports(f, BEGINNING LINE("user", "u3", "02", "\"Stop!\""), "agent", 2, 0, 0);
    assert_steps_are(f, "agent", "task=Go.\ntask=Go.; tool=run; arguments={}\ntask=Stop!\n");
}

static void a_helper_has_an_episode_of_its_own(void **state) {
    fixture *f = *state;
    fixture_imports(
        f,
        LINE(
            "user", "u1", "00",
            "\"Go.\"") "{\"type\":\"user\",\"uuid\":\"v1\",\"sessionId\":\"s1\",\"isSidechain\":true,\"agentId\":\"h\","
                       "\"message\":{\"role\":\"user\",\"content\":\"Look.\"}}\n" LINE(
                           "assistant", "u2", "01",
                           "\"Done.\"") "{\"type\":\"assistant\",\"uuid\":\"v2\",\"sessionId\":\"s1\",\"isSidechain\":"
                                        "true,\"agentId\":"
                                        "\"h\",\"message\":{\"role\":\"assistant\",\"content\":\"Seen.\"}}\n",
        "agent", 2, 0, 0);
    assert_int_equal(f->report.episodes, 2);
    assert_steps_are(f, "agent", "task=Go.; result=Done.\ntask=Look.; result=Seen.\n");
}

#define ITEM(payload) \
    "{\"timestamp\":\"2025-10-29T00:59:38.317Z\",\"type\":\"response_item\",\"payload\":{" payload "}}\n"
#define SAID(role, text) \
    ITEM("\"type\":\"message\",\"role\":\"" role "\",\"content\":[{\"type\":\"x\",\"text\":\"" text "\"}]")

static const char items[] =
    "{\"timestamp\":\"2025-10-29T00:59:38Z\",\"type\":\"session_meta\",\"payload\":{\"id\":\"t1\",\"cwd\":\"/"
    "\"}}\n" SAID("user", "<environment_context>x")
        SAID("user", "Count.") "{\"type\":\"event_msg\",\"payload\":{\"type\":\"user_message\",\"message\":\"Count.\"}}"
                               "\n" ITEM("\"type\":\"reasoning\",\"summary\":[]")
                                   ITEM("\"type\":\"function_call\",\"call_id\":\"k1\",\"name\":\"shell\","
                                        "\"arguments\":\"{\\\"n\\\":1}\"") ITEM(
                                       "\"type\":\"function_call_output\",\"call_id\":\"k1\",\"output\":"
                                       "\"{\\\"output\\\":\\\"no\\\",\\\"metadata\\\":{\\\"exit_code\\\":1}}\"")
                                       ITEM("\"type\":\"custom_tool_call\",\"call_id\":\"k2\",\"name\":\"patch\","
                                            "\"input\":\"*** Begin\"") ITEM(
                                           "\"type\":\"custom_tool_call_output\",\"call_id\":\"k2\",\"output\":\"ok\"")
                                           SAID("assistant", "Two.");

static void the_form_with_items_is_read_too(void **state) {
    fixture *f = *state;
    const char *steps = "task=Count.; tool=shell; arguments={\"n\":1}; error=no; cost=0\n"
                        "task=Count.; tool=patch; arguments=\"*** Begin\"; result=ok; cost=0\n"
                        "task=Count.; result=Two.\n";
    fixture_imports(f, items, "agent", 3, 0, 0);
    assert_int_equal(f->report.format, EPI_FORMAT_AGENT);
    assert_int_equal(f->report.unread, 3);
    assert_steps_are(f, "agent", steps);
    fixture_imports(f, items, "agent", 0, 3, 0);
}

static void lines_may_be_anything(void **state) {
    fixture *f = *state;
    static const char bad[] =
        "{\"type\":\"user\"}\n"
        "{\"type\":7,\"message\":[]}\n[]\n7\n\"x\"\nnull\nnot JSON\n{\"type\":\"assistant\",\n"
        "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":\"\xFF\"}}\n"
        "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":7}}\n"
        "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[7,null,[]]}}\n"
        "{\"type\":\"user\",\"isMeta\":true,\"message\":{\"role\":\"user\",\"content\":\"x\"}}\n"
        "{\"type\":\"assistant\",\"message\":{\"role\":\"assistant\",\"content\":[{\"type\":"
        "\"tool_use\",\"id\":\"n\"}]}}\n"
        "{\"type\":\"response_item\",\"payload\":7}\n{\"type\":\"session_meta\"}\n"
        "{\"type\":\"response_item\",\"payload\":{\"type\":\"function_call_output\",\"output\":[]}"
        "}\n";
    static const char good[] = "{\"type\":\"user\",\"timestamp\":1771500000,\"message\":{\"content\":\"Hello\"}}\n"
                               "{\"type\":\"assistant\",\"timestamp\":1771500001000,\"message\":{\"content\":[{"
                               "\"text\":\"Hi\"}]}}\n"
                               "{\"type\":\"assistant\",\"timestamp\":-1,\"message\":{\"content\":\"Ho\"}}";
    epi__buffer text = {0};
    epi__buffer_append_text(&text, bad);
    epi__buffer_append_text(&text, good);
    assert_int_equal(fixture_import(f, epi__buffer_text(&text), EPI_FORMAT_AGENT, "agent", "log"), EPI_OK);
    assert_int_equal(f->report.unread, 16);
    assert_steps_are(f, "agent", "task=Hello; result=Hi\ntask=Hello; result=Ho\n");
    assert_int_equal(fixture_import(f, epi__buffer_text(&text), EPI_FORMAT_AGENT, "agent", "log"), EPI_OK);
    assert_int_equal(f->report.steps, 0);
    assert_int_equal(fixture_import(f, "x", EPI_FORMAT_AGENT, "agent", "log"), EPI_OK);
    assert_int_equal(fixture_import(f, " \n", EPI_FORMAT_AGENT, "agent", "log"), EPI_EFORMAT);
    assert_int_equal(fixture_import(f, good, EPI_FORMAT_AGENT, NULL, "log"), EPI_EINVAL);
    epi__buffer_dispose(&text);
}

static void one_id_twice_is_one_step(void **state) {
    fixture *f = *state;
    fixture_imports(f,
                    LINE("user", "u1", "00", "\"Go.\"") LINE("assistant", "u2", "01", "\"One.\"")
                        LINE("assistant", "u2", "01", "\"Other words.\""),
                    "agent", 1, 1, 0);
}

static uint32_t next_random(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* One line of a made-up session; what it is comes from the number. */
static void append_line(epi__buffer *out, uint64_t *seed, unsigned line) {
    unsigned session_number = next_random(seed) % 3, kind = next_random(seed) % 6;
    const char *role = kind < 2 ? "user" : "assistant";
    epi__buffer_append_format(out, "{\"type\":\"%s\",\"uuid\":\"u%u\",\"sessionId\":\"s%u\",\"timestamp\":%u,", role,
                              line, session_number, 1771500000 + line);
    epi__buffer_append_format(out, "\"message\":{\"role\":\"%s\",\"content\":", role);
    if (kind == 0 || kind == 2) epi__buffer_append_format(out, "\"words %u\"", line);
    if (kind == 1) {
        epi__buffer_append_format(out, "[{\"type\":\"tool_result\",\"tool_use_id\":\"c%u\",\"content\":\"r%u\"}]",
                                  next_random(seed) % (line + 1), line);
    }
    if (kind >= 3) {
        epi__buffer_append_format(out, "[{\"type\":\"tool_use\",\"id\":\"c%u\",\"name\":\"t%u\",\"input\":{}}]", line,
                                  kind);
    }
    epi__buffer_append_text(out, "}}\n");
}

/* Imported whole, and in 12 growing pieces that end anywhere: neither fails, nor adds at a second time. */
static void made_up_transcripts_are_imported_once(void **state) {
    fixture *f = *state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        uint64_t random = seed;
        char name[2][16];
        epi__buffer text = {0};
        for (unsigned i = 0; i < 120; i++) append_line(&text, &random, i);
        for (int i = 0; i < 2; i++) snprintf(name[i], sizeof name[i], "%d/%d", (int)seed, i);
        for (size_t piece = 1; piece <= 12; piece++) {
            epi_import_options options = epi_import_options_default();
            options.space = name[0];
            options.format = EPI_FORMAT_AGENT;
            size_t size = piece < 12 ? text.size * piece / 12 : text.size;
            assert_int_equal(epi_import(&f->report, f->memory, (const char *)text.data, size, &options), EPI_OK);
        }
        uint64_t all = f->report.steps + f->report.present;
        fixture_imports(f, epi__buffer_text(&text), name[0], 0, all, f->report.skipped);
        fixture_imports(f, epi__buffer_text(&text), name[1], all, 0, f->report.skipped);
        epi__buffer_dispose(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(calls_answers_and_tasks_become_steps),
        MEMORY_TEST(a_session_is_an_episode_named_by_its_first_task),
        MEMORY_TEST(a_transcript_may_be_imported_after_every_line),
        MEMORY_TEST(a_call_without_a_result_waits_until_the_user_speaks),
        MEMORY_TEST(a_helper_has_an_episode_of_its_own),
        MEMORY_TEST(the_form_with_items_is_read_too),
        MEMORY_TEST(lines_may_be_anything),
        MEMORY_TEST(one_id_twice_is_one_step),
        MEMORY_TEST(made_up_transcripts_are_imported_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
