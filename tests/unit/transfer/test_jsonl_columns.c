/* Spaces of columns as JSONL: all lanes come back with their values, ends and final observations, to the byte; what is
 * there already is not appended again; what does not fit is refused. */
#include "fixture.h"

#define SIZE 16u
#define LANES 3u

typedef struct pair {
    fixture from;
    fixture to;
    epi__buffer text; /* exported from the first */
    epi__buffer again;
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT + 2];
    epi_space *space;
    epi_recorder *recorder;
} pair;

static void succeeds(epi_status status) {
    if (status != EPI_OK) fail_msg("%s: %s", epi_status_name(status), epi_error_last()->message);
}

/* With columns of one's own: what a policy said, and a priority. */
static void make_schema(pair *p) {
    succeeds(epi_schema_transitions(&p->schema, p->roles, SIZE, EPI_I32, 2));
    p->roles[p->schema.role_count++] = epi_role_tensor("log_prob", EPI_F64, 0, NULL);
    p->roles[p->schema.role_count++] = epi_role_tensor(EPI_PRIORITY, EPI_F32, 0, NULL);
    p->schema.roles = p->roles;
}

/* Thousands of steps in calls of their own need no commit each. */
static void open_manual(fixture *f) {
    epi_memory_options options = epi_memory_options_default();
    fixture_open(f);
    succeeds(epi_memory_close(f->memory));
    options.map_size = 64u << 20;
    options.sync = EPI_SYNC_MANUAL;
    succeeds(epi_memory_open(&f->memory, f->path, &options));
}

static int open_pair(void **state) {
    static pair p;
    p = (pair){0};
    open_manual(&p.from);
    open_manual(&p.to);
    make_schema(&p);
    succeeds(epi_space_open(&p.space, p.from.memory, "maze", &p.schema));
    succeeds(epi_recorder_open(&p.recorder, p.space, "actor", LANES));
    *state = &p;
    return 0;
}

static int close_pair(void **state) {
    pair *p = *state;
    epi_recorder_close(p->recorder);
    epi_space_close(p->space);
    fixture_close(&p->from);
    fixture_close(&p->to);
    epi__buffer_dispose(&p->text);
    epi__buffer_dispose(&p->again);
    return 0;
}

typedef struct row {
    uint32_t lane;
    float at; /* its observation; the next one is one more */
    bool terminated, truncated;
} row;

/* One step; its next observation and its priority are given on request. */
static uint64_t append(pair *p, row r, bool next, bool priority) {
    uint64_t id = 0;
    const float observation[SIZE] = {r.at, r.at / 3.0f, -r.at}, following[SIZE] = {r.at + 1, r.at / 7.0f};
    const int32_t action[2] = {(int32_t)r.at, (int32_t)r.lane};
    const float reward = r.at * 0.5f, raw = r.at + 0.25f;
    const double log_prob = -1.0 / (double)(r.at + 1.0f);
    epi_column columns[8] = {
        epi_column_f32(EPI_OBSERVATION, observation), epi_column_of(EPI_ACTION, EPI_I32, action, 0),
        epi_column_f32(EPI_REWARD, &reward),          epi_column_bool(EPI_TERMINATED, &r.terminated),
        epi_column_bool(EPI_TRUNCATED, &r.truncated), epi_column_f64("log_prob", &log_prob)};
    size_t count = 6;
    if (next) columns[count++] = epi_column_f32(EPI_NEXT_OBSERVATION, following);
    if (priority) columns[count++] = epi_column_f32(EPI_PRIORITY, &raw);
    succeeds(epi_transitions_append(&id, p->recorder, &r.lane, columns, count, 1));
    return id;
}

/* Episodes of all ends in all lanes, some of them open; returns the id of every tenth step. */
static size_t live_through(pair *p, uint64_t *tenth, unsigned count) {
    size_t kept = 0;
    for (unsigned i = 0; i < count; i++) {
        row r = {i % LANES, (float)(i * 10), i % 17 == 3, i % 23 == 4};
        bool next = r.terminated ? i % 2 : r.truncated;
        uint64_t id = append(p, r, next, i % 5 == 0);
        if (i % 10 == 0) tenth[kept++] = id;
    }
    return kept;
}

static void export_to(epi__buffer *out, fixture *f) {
    fixture_export(out, f, "maze");
}

static void imports(pair *p, const char *text, uint64_t steps, uint64_t present) {
    epi_status status = fixture_import(&p->to, text, EPI_FORMAT_AUTO, NULL, NULL);
    if (status != EPI_OK) fail_msg("%s: %s", epi_status_name(status), epi_error_last()->message);
    assert_int_equal(p->to.report.steps, steps);
    assert_int_equal(p->to.report.present, present);
}

/* Out, in, out again: the same bytes. In once more: nothing new. */
static void assert_round_trip(pair *p) {
    epi_transition_stats stats;
    epi_check_report report = {0};
    succeeds(epi_sync(NULL, p->from.memory));
    succeeds(epi_transitions_stats_read(&stats, p->space));
    export_to(&p->text, &p->from);
    imports(p, epi__buffer_text(&p->text), stats.steps, 0);
    export_to(&p->again, &p->to);
    assert_string_equal(epi__buffer_text(&p->again), epi__buffer_text(&p->text));
    imports(p, epi__buffer_text(&p->text), 0, stats.steps);
    export_to(&p->again, &p->to);
    assert_string_equal(epi__buffer_text(&p->again), epi__buffer_text(&p->text));
    succeeds(epi_memory_check(&report, p->to.memory, NULL, NULL));
    assert_int_equal(report.violations, 0);
}

static void all_lanes_come_back(void **state) {
    uint64_t tenth[100];
    live_through(*state, tenth, 1000);
    assert_round_trip(*state);
}

static void many_chunks_come_back(void **state) {
    pair *p = *state;
    uint64_t tenth[700];
    live_through(p, tenth, 7000);
    epi_transition_stats stats;
    succeeds(epi_sync(NULL, p->from.memory));
    succeeds(epi_transitions_stats_read(&stats, p->space));
    assert_true(stats.chunks > LANES); /* some are sealed */
    assert_round_trip(p);
}

static void an_empty_space_keeps_its_recorders(void **state) {
    pair *p = *state;
    epi_recorder *other = NULL;
    succeeds(epi_recorder_open(&other, p->space, "another \"one\"", 7));
    epi_recorder_close(other);
    export_to(&p->text, &p->from);
    assert_non_null(
        strstr(epi__buffer_text(&p->text), "{\"type\":\"recorder\",\"id\":1,\"name\":\"actor\",\"lanes\":3}"));
    imports(p, epi__buffer_text(&p->text), 0, 0);
}

/* What is gone leaves ends where they are in the space: before a hole a step is cut, and keeps its next observation. */
static void evicted_and_removed_steps_stay_away(void **state) {
    pair *p = *state;
    uint64_t tenth[700], removed = 0;
    size_t count = live_through(p, tenth, 7000);
    epi_transition_limits limits = epi_transition_limits_default();
    limits.max_steps = 4001;
    succeeds(epi_transitions_limit(p->space, &limits));
    epi_filter filter = epi_filter_default();
    filter.steps = tenth;
    filter.step_count = count;
    succeeds(epi_remove(&removed, p->space, &filter, false));
    assert_in_range(removed, 350, 450);
    assert_round_trip(p);
}

/* The copy's parts are what the original's are. */
static void values_are_the_same(void **state) {
    pair *p = *state;
    append(p, (row){1, 5.0f, false, false}, false, true);
    append(p, (row){1, 6.0f, false, true}, true, false);
    export_to(&p->text, &p->from);
    assert_non_null(strstr(epi__buffer_text(&p->text), "\"flags\":[\"truncated\"]"));
    assert_non_null(strstr(epi__buffer_text(&p->text), "\"next_observation\":\"AADgQLdt"));
    imports(p, epi__buffer_text(&p->text), 2, 0);
    epi_space *copy = fixture_space(&p->to, "maze");
    epi_recollection *found = NULL;
    succeeds(epi_steps_read(&found, copy, 0, 10));
    assert_int_equal(epi_recollection_count(found), 1);
    const epi_scene *scene = epi_recollection_scene(found, 0);
    assert_int_equal(scene->step_count, 2);
    const epi_recalled_step *last = epi_scene_step(scene, 1);
    assert_int_equal(last->index, 1);
    assert_int_equal(last->flags, EPI_STEP_TRUNCATED);
    assert_true(last->reward == 3.0);
    double log_prob = 0;
    memcpy(&log_prob, epi_scene_part(scene, last, "log_prob")->data, sizeof log_prob);
    assert_true(log_prob == -1.0 / 7.0);
    epi_recollection_free(found);
    epi_space_close(copy);
}

/* A later export of a space that has grown adds what is new, in the episodes that were open. */
static void a_later_export_adds_the_rest(void **state) {
    pair *p = *state;
    uint64_t tenth[100];
    live_through(p, tenth, 400);
    export_to(&p->text, &p->from);
    imports(p, epi__buffer_text(&p->text), 400, 0);
    live_through(p, tenth, 300);
    export_to(&p->text, &p->from);
    imports(p, epi__buffer_text(&p->text), 300, 400);
    export_to(&p->again, &p->to);
    assert_string_equal(epi__buffer_text(&p->again), epi__buffer_text(&p->text));
}

/* A file that is cut gives all that stands before the cut; the whole file adds the rest. */
static void a_cut_file_is_mended(void **state) {
    pair *p = *state;
    uint64_t tenth[100];
    live_through(p, tenth, 300);
    export_to(&p->text, &p->from);
    char *cut = strstr(epi__buffer_text(&p->text), "{\"type\":\"step\",\"id\":151,");
    assert_non_null(cut);
    *cut = '\0';
    epi_status status = fixture_import(&p->to, epi__buffer_text(&p->text), EPI_FORMAT_AUTO, NULL, NULL);
    assert_int_equal(status, EPI_EFORMAT);
    assert_int_equal(p->to.report.steps, 150);
    *cut = '{';
    imports(p, epi__buffer_text(&p->text), 150, 150);
    export_to(&p->again, &p->to);
    assert_string_equal(epi__buffer_text(&p->again), epi__buffer_text(&p->text));
}

/* A recorder of the same name that has lived through something else keeps it, and its owner. */
static void another_lane_is_not_written_over(void **state) {
    pair *p = *state;
    append(p, (row){0, 1.0f, false, false}, false, false);
    export_to(&p->text, &p->from);
    epi_space *copy = NULL;
    epi_recorder *owner = NULL;
    const float observation[SIZE] = {9, 9, 9};
    const epi_column column = epi_column_f32(EPI_OBSERVATION, observation);
    succeeds(epi_space_open(&copy, p->to.memory, "maze", &p->schema));
    succeeds(epi_recorder_open(&owner, copy, "actor", LANES));
    succeeds(epi_transitions_append(NULL, owner, NULL, &column, 1, 1));
    epi_status status = fixture_import(&p->to, epi__buffer_text(&p->text), EPI_FORMAT_AUTO, "maze", NULL);
    assert_int_equal(status, EPI_ECONFLICT);
    assert_non_null(strstr(epi_error_last()->message, "lane 0 of recorder \"actor\" has another step"));
    succeeds(epi_transitions_append(NULL, owner, NULL, &column, 1, 1));
    epi_recorder_close(owner);
    epi_space_close(copy);
}

static void lines_that_do_not_fit_are_refused(void **state) {
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"{\"type\":\"step\",\"id\":1,\"episode\":1,\"recorder\":2,\"lane\":0,\"parts\":{}}",
         "its recorder has no line"},
        {"{\"type\":\"step\",\"id\":1,\"episode\":1,\"recorder\":1,\"lane\":3,\"parts\":{}}", "it is of lane 3"},
        {"{\"type\":\"step\",\"id\":1,\"episode\":1,\"recorder\":1,\"lane\":-1,\"parts\":{}}", "\"lane\" is not"},
        {"{\"type\":\"step\",\"id\":1,\"episode\":0,\"recorder\":1,\"lane\":0,\"parts\":{}}", "\"episode\" is not"},
        {"{\"type\":\"step\",\"id\":1,\"episode\":1,\"recorder\":1,\"lane\":0}", "has no parts"},
        {"{\"type\":\"step\",\"id\":1,\"episode\":1,\"recorder\":1,\"lane\":0,\"parts\":{\"reward\":\"AA==\"}}",
         "\"reward\" has 1 bytes, expected 4"},
        {"{\"type\":\"step\",\"id\":1,\"episode\":1,\"recorder\":1,\"lane\":0,\"parts\":{\"truncated\":\"AA==\"}}",
         "no column \"truncated\""},
        {"{\"type\":\"step\",\"id\":1,\"episode\":1,\"recorder\":1,\"lane\":0,\"parts\":{},\"flags\":[\"imagined\"]}",
         "nothing else"},
        {"{\"type\":\"recorder\",\"id\":3,\"name\":\"x\",\"lanes\":1}", "not the next one"},
        {"{\"type\":\"recorder\",\"id\":2,\"name\":\"x\",\"lanes\":65537}", "too many lanes"},
        {"{\"type\":\"recorder\",\"id\":2,\"name\":\"actor\",\"lanes\":1}", "\"actor\" is there twice"},
        {"{\"type\":\"recorder\",\"id\":2,\"lanes\":1}", "name is missing"},
        {"{\"type\":\"end\",\"episodes\":1,\"steps\":0}", "were promised"},
    };
    pair *p = *state;
    export_to(&p->text, &p->from);
    char *end = strstr(epi__buffer_text(&p->text), "{\"type\":\"end\"");
    size_t head = (size_t)(end - (char *)p->text.data);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        epi__buffer text = {0};
        epi__buffer_append(&text, p->text.data, head);
        epi__buffer_append_text(&text, cases[i].line);
        fixture_refuses(&p->to, epi__buffer_text(&text), EPI_FORMAT_JSONL, EPI_EFORMAT, cases[i].says);
        epi__buffer_dispose(&text);
    }
}

/* What is made of rows says so in a line, and stores nothing. */
static void other_forms_are_refused(void **state) {
    pair *p = *state;
    static const char chat[] = "[{\"role\":\"user\",\"content\":\"We moved to Lisbon.\"}]";
    epi_import_options options = epi_import_options_default();
    options.space = "maze";
    assert_int_equal(epi_import(NULL, p->from.memory, chat, sizeof chat - 1, &options), EPI_ESCHEMA);
    print_message("%s\n", epi_error_last()->message);
    assert_non_null(strstr(epi_error_last()->message, "\"maze\""));
    epi_transition_stats stats;
    succeeds(epi_transitions_stats_read(&stats, p->space));
    assert_int_equal(stats.steps, 0);
}

#define PAIR_TEST(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void) {
    const struct CMUnitTest tests[] = {
        PAIR_TEST(all_lanes_come_back),
        PAIR_TEST(many_chunks_come_back),
        PAIR_TEST(an_empty_space_keeps_its_recorders),
        PAIR_TEST(evicted_and_removed_steps_stay_away),
        PAIR_TEST(values_are_the_same),
        PAIR_TEST(a_later_export_adds_the_rest),
        PAIR_TEST(a_cut_file_is_mended),
        PAIR_TEST(another_lane_is_not_written_over),
        PAIR_TEST(lines_that_do_not_fit_are_refused),
        PAIR_TEST(other_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
