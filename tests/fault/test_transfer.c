/* Import and export when memory runs out: each allocation fails once, the call says so, nothing leaks into what is
 * stored, and the same call without the fault completes it. */
#include <errno.h>

#include "base/base.h"
#include "fault.h"
#include "quick.h"

#define FAULTS_MAX 20000u /* far more than any of these calls allocates */

static const char chat[] = "{\"role\":\"user\",\"content\":\"We moved to Lisbon.\"}\n"
                           "{\"role\":\"assistant\",\"content\":\"How is it there?\"}\n";
static const char tools[] =
    "{\"messages\":[{\"role\":\"user\",\"content\":\"Restore the "
    "API.\"},{\"role\":\"assistant\",\"tool_calls\":[{\"id\":"
    "\"a\",\"function\":{\"name\":\"restart\",\"arguments\":\"{\\\"x\\\":1}\"}}]},{\"role\":\"tool\",\"tool_call_id\":"
    "\"a\",\"content\":\"{\\\"error\\\":1}\"},{\"role\":\"assistant\",\"content\":\"Failed.\"}]}";
static const char locomo[] =
    "[{\"sample_id\":\"c\",\"conversation\":{\"session_1_date_time\":\"1:56 pm on 8 May, 2023\",\"session_1\":["
    "{\"speaker\":\"Ann\",\"dia_id\":\"D1:1\",\"text\":\"Hi\",\"blip_caption\":\"a boat\",\"query\":\"boat\"}]}}]";
static const char chatgpt[] = "[{\"id\":\"c\",\"title\":\"t\",\"mapping\":{\"a\":{\"message\":null},\"b\":{\"parent\":"
                              "\"a\",\"message\":{\"author\":"
                              "{\"role\":\"user\"},\"create_time\":1700000000,\"content\":{\"parts\":[\"Hello\"]}}}}}]";

static const char graph[] =
    "{\"type\":\"entity\",\"name\":\"Ann\",\"entityType\":\"person\",\"observations\":[\"Sails.\"]}\n"
    "{\"type\":\"relation\",\"from\":\"Ann\",\"to\":\"Acme\",\"relationType\":\"works_at\"}\n";
static const char memories[] = "{\"results\":[{\"id\":\"m1\",\"memory\":\"Likes tea.\",\"metadata\":{\"a\":1},"
                               "\"created_at\":\"2024-07-20\",\"user_id\":\"ann\",\"categories\":[\"drinks\"]}]}";
static const char transcript[] =
    "{\"type\":\"user\",\"sessionId\":\"s\",\"message\":{\"content\":\"Go.\"}}\n"
    "{\"type\":\"assistant\",\"sessionId\":\"s\",\"timestamp\":1700000000,\"message\":{\"content\":[{\"text\":\"So\"},"
    "{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"run\",\"input\":{\"a\":1}}]}}\n"
    "{\"type\":\"user\",\"sessionId\":\"s\",\"timestamp\":1700000001,\"message\":{\"content\":[{\"type\":"
    "\"tool_result\",\"tool_use_id\":\"c\",\"content\":\"done\"}]}}\n"
    "{\"type\":\"assistant\",\"sessionId\":\"s\",\"message\":{\"content\":\"Done.\"}}\n";

static epi_status import_text(place *p, epi__view text, const char *space) {
    epi_import_options options = epi_import_options_default();
    options.space = space;
    options.source = "file";
    return epi_import(NULL, p->memory, text.data, text.size, &options);
}

static bool append_piece(void *context, const char *text, size_t size) {
    epi__buffer_append(context, text, size);
    return true;
}

static void export_space(epi__buffer *out, place *p, const char *name) {
    epi_space *space = NULL;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, name, NULL));
    epi__buffer_clear(out);
    EXPECT(EPI_OK, epi_export(space, append_piece, out));
    epi_space_close(space);
}

/* Imports with one fault after the other, until there is none any more; what then is there is what is always there. */
static void import_with_faults(place *p, const char *text, size_t size, const char *space) {
    epi__view whole = {text, size};
    epi__buffer wanted = {0};
    epi__buffer got = {0};
    EXPECT(EPI_OK, import_text(p, whole, "faults"));
    export_space(&wanted, p, space);
    EXPECT(EPI_OK, epi_space_drop(p->memory, space));
    bool struck = true;
    for (size_t k = 1; struck; k++) {
        assert_true(k < FAULTS_MAX);
        fault_arm(ENOMEM, k, false);
        epi_status status = import_text(p, whole, "faults");
        struck = fault_disarm();
        fault_expect_named("import", k, status);
        EXPECT(EPI_OK, import_text(p, whole, "faults"));
        export_space(&got, p, space);
        assert_string_equal(epi__buffer_text(&got), epi__buffer_text(&wanted));
        EXPECT(EPI_OK, epi_space_drop(p->memory, space));
    }
    place_check(p->memory);
    epi__buffer_dispose(&wanted);
    epi__buffer_dispose(&got);
}

static void a_chat_survives_every_failed_allocation(void **state) {
    import_with_faults(*state, chat, sizeof chat - 1, "faults");
}

static void a_trajectory_survives_every_failed_allocation(void **state) {
    import_with_faults(*state, tools, sizeof tools - 1, "faults");
}

static void a_locomo_file_survives_every_failed_allocation(void **state) {
    import_with_faults(*state, locomo, sizeof locomo - 1, "faultsc"); /* prefix and sample_id */
}

static void a_chatgpt_file_survives_every_failed_allocation(void **state) {
    import_with_faults(*state, chatgpt, sizeof chatgpt - 1, "faults");
}

static void a_graph_survives_every_failed_allocation(void **state) {
    import_with_faults(*state, graph, sizeof graph - 1, "faults");
}

static void memories_survive_every_failed_allocation(void **state) {
    import_with_faults(*state, memories, sizeof memories - 1, "faults");
}

static void a_transcript_survives_every_failed_allocation(void **state) {
    import_with_faults(*state, transcript, sizeof transcript - 1, "faults");
}

static void a_jsonl_file_survives_every_failed_allocation(void **state) {
    place *p = *state;
    epi__buffer text = {0};
    EXPECT(EPI_OK, import_text(p, (epi__view){tools, sizeof tools - 1}, "source"));
    export_space(&text, p, "source");
    import_with_faults(p, epi__buffer_text(&text), text.size, "faults");
    epi__buffer_dispose(&text);
}

/* A space of columns with two lanes, an episode that ended and two that are open. */
static void record(place *p) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_space *space = NULL;
    epi_recorder *recorder = NULL;
    const float observations[6] = {1, 2, 3, 4, 5, 6};
    const uint32_t lanes[6] = {0, 1, 0, 1, 1, 0};
    const bool terminated[6] = {false, false, true, false, false, false};
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, observations),
                                  epi_column_bool(EPI_TERMINATED, terminated)};
    EXPECT(EPI_OK, epi_schema_transitions(&schema, roles, 1, EPI_I64, 0));
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "source", &schema));
    EXPECT(EPI_OK, epi_recorder_open(&recorder, space, "actor", 2));
    EXPECT(EPI_OK, epi_transitions_append(NULL, recorder, lanes, columns, 2, 6));
    epi_recorder_close(recorder);
    epi_space_close(space);
}

static void columns_survive_every_failed_allocation(void **state) {
    place *p = *state;
    epi__buffer text = {0};
    record(p);
    export_space(&text, p, "source");
    import_with_faults(p, epi__buffer_text(&text), text.size, "faults");
    epi__buffer_dispose(&text);
}

static void export_with_faults(place *p) {
    epi__buffer wanted = {0};
    epi__buffer got = {0};
    epi_space *space = NULL;
    bool struck = true;
    export_space(&wanted, p, "source");
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "source", NULL));
    epi__buffer_reserve(&got, 65536); /* so that only the export allocates */
    for (size_t k = 1; struck; k++) {
        assert_true(k < FAULTS_MAX);
        epi__buffer_clear(&got);
        fault_arm(ENOMEM, k, false);
        epi_status status = epi_export(space, append_piece, &got);
        struck = fault_disarm();
        fault_expect_named("export", k, status);
        if (status == EPI_OK) assert_string_equal(epi__buffer_text(&got), epi__buffer_text(&wanted));
    }
    epi_space_close(space);
    epi__buffer_dispose(&wanted);
    epi__buffer_dispose(&got);
}

static void an_export_says_of_every_failed_allocation(void **state) {
    EXPECT(EPI_OK, import_text(*state, (epi__view){tools, sizeof tools - 1}, "source"));
    export_with_faults(*state);
}

static void an_export_of_columns_says_of_every_failed_allocation(void **state) {
    record(*state);
    export_with_faults(*state);
}

static epi_time fixed_time(void *context) {
    (void)context;
    return epi_time_from_unix(1700000000);
}

/* A memory whose clock stands still, so that what is imported twice is the same. */
static int setup(void **state) {
    static place p;
    place_make(&p);
    p.options.now = fixed_time;
    place_open(&p);
    *state = &p;
    return 0;
}

static int teardown(void **state) {
    place_close(*state);
    place_remove(*state);
    return 0;
}

#define PLACE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        PLACE_TEST(a_chat_survives_every_failed_allocation),
        PLACE_TEST(a_trajectory_survives_every_failed_allocation),
        PLACE_TEST(a_locomo_file_survives_every_failed_allocation),
        PLACE_TEST(a_chatgpt_file_survives_every_failed_allocation),
        PLACE_TEST(a_graph_survives_every_failed_allocation),
        PLACE_TEST(memories_survive_every_failed_allocation),
        PLACE_TEST(a_transcript_survives_every_failed_allocation),
        PLACE_TEST(a_jsonl_file_survives_every_failed_allocation),
        PLACE_TEST(an_export_says_of_every_failed_allocation),
        PLACE_TEST(columns_survive_every_failed_allocation),
        PLACE_TEST(an_export_of_columns_says_of_every_failed_allocation),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
