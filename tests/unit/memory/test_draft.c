/* Tests of drafting: a table of malformed steps with the status of each, and what counts as the same content. Every
 * case is also appended: nothing of it may be stored.
 */
#include <math.h>
#include <stdlib.h>

#include "memory/draft.h"
#include "memory/handle.h"
#include "place.h"
#include "quick.h"

static const float THREE[3] = {1.0f, 2.0f, 3.0f}, ZEROS[3] = {0};
static const float NOT_A_NUMBER[3] = {1.0f, NAN, 0.0f}, ENDLESS[3] = {INFINITY, 0.0f, 0.0f};
static const float HUGE_ONES[3] = {3e38f, 3e38f, 3e38f}, TINY[3] = {1e-30f, 0.0f, 0.0f};
static const double ONE_NAN[1] = {(double)NAN}, ONE[1] = {1.0};
static const char *const EMPTY_TAG[] = {"ok", ""}, *const BAD_TAG[] = {"\xFF"}, *const NULL_TAG[] = {NULL};

/* text TEXT required, note JSON, cost F64 scalar, v F32[3] the vector (cosine). */
static epi_space *open_own(place *p) {
    static const epi_role roles[] = {
        {"text", EPI_TEXT, EPI_ROLE_SEARCH | EPI_ROLE_REQUIRED, 1.0f, EPI_DTYPE_NONE, 0, {0}},
        {"note", EPI_JSON, 0, 1.0f, EPI_DTYPE_NONE, 0, {0}},
        {"cost", EPI_TENSOR, 0, 1.0f, EPI_F64, 0, {0}},
        {"v", EPI_TENSOR, EPI_ROLE_VECTOR, 1.0f, EPI_F32, 1, {3}},
        {"raw", EPI_BLOB, 0, 1.0f, EPI_DTYPE_NONE, 0, {0}},
    };
    epi_schema schema = epi_schema_default();
    epi_space *space = NULL;
    schema.roles = roles;
    schema.role_count = EPI__COUNT(roles);
    schema.encoder = EPI_ENCODER_GIVEN;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "own", &schema));
    return space;
}

typedef struct example {
    const char *what;
    epi_status status;
    epi_part part; /* beside a text; role NULL: none */
    void (*change)(epi_step *step);
} example;

static void version(epi_step *s) { s->version = 0; }
static void no_parts(epi_step *s) { s->part_count = 0; }
static void parts_at_null(epi_step *s) { s->parts = NULL; }
static void many_parts(epi_step *s) { s->part_count = EPI_PART_COUNT_MAX + 1; }
static void without_text(epi_step *s) { s->parts++, s->part_count--; }
static void reward_nan(epi_step *s) { s->reward = (double)NAN; }
static void reward_infinite(epi_step *s) { s->reward = -(double)INFINITY; }
static void unknown_flag(epi_step *s) { s->flags = 8; }
static void before_time(epi_step *s) { s->event_time = EPI_TIME_MIN - 1; }
static void first_time(epi_step *s) { s->event_time = EPI_TIME_MIN; }
static void after_time(epi_step *s) { s->event_time = EPI_TIME_MAX + 1; }
static void last_time(epi_step *s) { s->event_time = EPI_TIME_MAX; }
static void end_after_time(epi_step *s) { s->event_time = 0, s->event_end = EPI_TIME_MAX + 1; }
static void backwards(epi_step *s) { s->event_time = 10, s->event_end = 9; }
static void far_east(epi_step *s) { s->utc_offset_min = 1081; }
static void east(epi_step *s) { s->utc_offset_min = 1080; }
static void wraps_around(epi_step *s) { s->utc_offset_min = 65536; }
static void west(epi_step *s) { s->utc_offset_min = -1081; }
static void empty_external(epi_step *s) { s->external_id = ""; }
static void bad_external(epi_step *s) { s->external_id = "a\xC0"; }
static void metadata_array(epi_step *s) { s->metadata = "[1]"; }
static void metadata_cut(epi_step *s) { s->metadata = "{\"a\":"; }
static void metadata_object(epi_step *s) { s->metadata = "{\"a\": [1, null]}"; }
static void tags_at_null(epi_step *s) { s->tag_count = 1; }
static void empty_tag(epi_step *s) { s->tags = EMPTY_TAG, s->tag_count = 2; }
static void bad_tag(epi_step *s) { s->tags = BAD_TAG, s->tag_count = 1; }
static void null_tag(epi_step *s) { s->tags = NULL_TAG, s->tag_count = 1; }
static void many_tags(epi_step *s) { s->tags = EMPTY_TAG, s->tag_count = EPI_TAG_COUNT_MAX + 1; }
static void never_was(epi_step *s) { s->supersedes = 999; }
static void short_vector(epi_step *s) { s->vector = THREE, s->vector_size = 2; }
static void vector_of_nothing(epi_step *s) { s->vector = THREE, s->vector_size = 0; }
static void given_vector(epi_step *s) { s->vector = THREE, s->vector_size = 3; }
static void zero_vector(epi_step *s) { s->vector = ZEROS, s->vector_size = 3; }
static void nan_vector(epi_step *s) { s->vector = NOT_A_NUMBER, s->vector_size = 3; }
static void endless_vector(epi_step *s) { s->vector = ENDLESS, s->vector_size = 3; }
static void huge_vector(epi_step *s) { s->vector = HUGE_ONES, s->vector_size = 3; }
static void tiny_vector(epi_step *s) { s->vector = TINY, s->vector_size = 3; }

#define PART(role, data, size) {role, data, size}
static const example EXAMPLES[] = {
    {"an ordinary step", EPI_OK, PART(NULL, NULL, 0), NULL},
    {"a version that is none", EPI_EINVAL, PART(NULL, NULL, 0), version},
    {"no parts", EPI_EINVAL, PART(NULL, NULL, 0), no_parts},
    {"parts at NULL", EPI_EINVAL, PART(NULL, NULL, 0), parts_at_null},
    {"too many parts", EPI_ELIMIT, PART(NULL, NULL, 0), many_parts},
    {"a required role missing", EPI_EINVAL, PART("cost", ONE, 8), without_text},
    {"an unknown role", EPI_EROLE, PART("colour", "red", 3), NULL},
    {"a role twice", EPI_EINVAL, PART("text", "again", 5), NULL},
    {"bytes at NULL", EPI_EINVAL, PART("raw", NULL, 4), NULL},
    {"any bytes in a blob", EPI_OK, PART("raw", "\xFF\x00\xFE", 3), NULL},
    {"an empty blob", EPI_OK, PART("raw", NULL, 0), NULL},
    {"JSON that is cut", EPI_EJSON, PART("note", "{", 1), NULL},
    {"JSON", EPI_OK, PART("note", "[1]", 3), NULL},
    {"a tensor of another size", EPI_ETYPE, PART("cost", ONE, 4), NULL},
    {"a tensor with NaN", EPI_ENUMBER, PART("cost", ONE_NAN, 8), NULL},
    {"a tensor", EPI_OK, PART("cost", ONE, 8), NULL},
    {"a vector role of another size", EPI_EDIMENSION, PART("v", THREE, 8), NULL},
    {"a vector role of zeros", EPI_EZERO, PART("v", ZEROS, 12), NULL},
    {"a vector role with NaN", EPI_ENUMBER, PART("v", NOT_A_NUMBER, 12), NULL},
    {"a vector role", EPI_OK, PART("v", THREE, 12), NULL},
    {"a vector too short", EPI_EDIMENSION, PART(NULL, NULL, 0), short_vector},
    {"a vector of no elements", EPI_EDIMENSION, PART(NULL, NULL, 0), vector_of_nothing},
    {"a vector", EPI_OK, PART(NULL, NULL, 0), given_vector},
    {"a zero vector", EPI_EZERO, PART(NULL, NULL, 0), zero_vector},
    {"a vector with NaN", EPI_ENUMBER, PART(NULL, NULL, 0), nan_vector},
    {"a vector with an infinity", EPI_ENUMBER, PART(NULL, NULL, 0), endless_vector},
    {"a vector whose norm overflows", EPI_ENUMBER, PART(NULL, NULL, 0), huge_vector},
    {"a vector whose norm underflows", EPI_EZERO, PART(NULL, NULL, 0), tiny_vector},
    {"a reward of NaN", EPI_ENUMBER, PART(NULL, NULL, 0), reward_nan},
    {"an infinite reward", EPI_ENUMBER, PART(NULL, NULL, 0), reward_infinite},
    {"an unknown flag", EPI_EINVAL, PART(NULL, NULL, 0), unknown_flag},
    {"a time before the year 1", EPI_ELIMIT, PART(NULL, NULL, 0), before_time},
    {"the first moment", EPI_OK, PART(NULL, NULL, 0), first_time},
    {"a time after the year 9999", EPI_ELIMIT, PART(NULL, NULL, 0), after_time},
    {"the last moment", EPI_OK, PART(NULL, NULL, 0), last_time},
    {"an end after the year 9999", EPI_ELIMIT, PART(NULL, NULL, 0), end_after_time},
    {"an end before the beginning", EPI_EINVAL, PART(NULL, NULL, 0), backwards},
    {"an offset too far east", EPI_EINVAL, PART(NULL, NULL, 0), far_east},
    {"the offset furthest east", EPI_OK, PART(NULL, NULL, 0), east},
    {"an offset too far west", EPI_EINVAL, PART(NULL, NULL, 0), west},
    {"an offset of more than 16 bits", EPI_EINVAL, PART(NULL, NULL, 0), wraps_around},
    {"an empty external id", EPI_EINVAL, PART(NULL, NULL, 0), empty_external},
    {"an external id that is no UTF-8", EPI_EUTF8, PART(NULL, NULL, 0), bad_external},
    {"metadata that is an array", EPI_EJSON, PART(NULL, NULL, 0), metadata_array},
    {"metadata that is cut", EPI_EJSON, PART(NULL, NULL, 0), metadata_cut},
    {"metadata", EPI_OK, PART(NULL, NULL, 0), metadata_object},
    {"tags at NULL", EPI_EINVAL, PART(NULL, NULL, 0), tags_at_null},
    {"an empty tag", EPI_EINVAL, PART(NULL, NULL, 0), empty_tag},
    {"a tag that is no UTF-8", EPI_EUTF8, PART(NULL, NULL, 0), bad_tag},
    {"a tag at NULL", EPI_EINVAL, PART(NULL, NULL, 0), null_tag},
    {"too many tags", EPI_ELIMIT, PART(NULL, NULL, 0), many_tags},
    {"superseding what never was", EPI_ENOTFOUND, PART(NULL, NULL, 0), never_was},
};

static void each_malformed_step_has_its_status_and_stores_nothing(void **state) {
    place *p = *state;
    epi_space *space = open_own(p);
    epi_episode *episode = NULL;
    EXPECT(EPI_OK, epi_episode_begin(&episode, space, NULL));
    for (size_t i = 0; i < EPI__COUNT(EXAMPLES); i++) {
        const example *e = &EXAMPLES[i];
        epi_part parts[] = {epi_part_text("text", "walnut"), e->part};
        epi_step step = epi_step_default(), pair[2] = {epi_step_default(), epi_step_default()};
        uint64_t before = place_stats(space).steps, id = 77, ids[2] = {77, 77};
        step.parts = pair[0].parts = parts;
        step.part_count = e->part.role ? 2 : 1;
        pair[0].part_count = 1;
        if (e->change) e->change(&step);
        pair[1] = step;
        epi_status status = epi_episode_append(&id, episode, &step);
        if (status != e->status)
            fail_msg("%s: %s, not %s", e->what, epi_status_name(status), epi_status_name(e->status));
        assert_int_equal(id == 0, status != EPI_OK);
        if (status == EPI_OK) continue;
        EXPECT(e->status, epi_episode_append_many(ids, episode, pair, 2)); /* the good one before it neither */
        assert_true(ids[0] == 0 && ids[1] == 0);
        assert_int_equal(place_stats(space).steps, before);
    }
    epi_episode_close(episode);
    place_check(p->memory);
    epi_space_close(space);
}

/* ---- what is the same -------------------------------------------------------------------------------------------- */

static uint64_t content_of(epi_space *space, const epi_step *step) {
    epi__draft draft;
    epi__arena arena = {0};
    epi__scratch *scratch = NULL;
    const epi__generation *serving = NULL;
    EXPECT(EPI_OK, epi__scratch_take(&scratch, space->mirror));
    EXPECT(EPI_OK, epi__generation_serving(&serving, space->mirror));
    EXPECT(EPI_OK, epi__draft_make(&draft, &arena, space->mirror, scratch, serving, step));
    epi__scratch_give(scratch, space->mirror);
    epi__arena_dispose(&arena);
    return draft.row.content;
}

static void the_same_step_has_the_same_content_and_every_part_of_it_counts(void **state) {
    static const char *const tags[] = {"a", "bc"}, *const other_tags[] = {"ab", "c"};
    place *p = *state;
    epi_space *space = open_own(p);
    epi_part parts[] = {epi_part_text("text", "walnut"), epi_part_text("raw", "x")};
    epi_part turned[] = {parts[1], parts[0]}, longer[] = {epi_part_text("text", "walnutx"), epi_part_text("raw", "")};
    epi_step base = epi_step_default(), variants[14];
    base.parts = parts;
    base.part_count = 2;
    base.tags = tags;
    base.tag_count = 2;
    for (size_t i = 0; i < EPI__COUNT(variants); i++) variants[i] = base;
    variants[0].parts = turned; /* the order of parts is not content, nor is the external id */
    variants[1].external_id = "id";
    variants[2].parts = longer;
    variants[3].part_count = 1;
    variants[4].tags = other_tags;
    variants[5].tag_count = 1;
    variants[6].event_time = 5;
    variants[7].event_end = EPI_TIME_MAX;
    variants[8].reward = 1.0;
    variants[9].flags = EPI_STEP_TERMINATED;
    variants[10].utc_offset_min = 60;
    variants[11].metadata = "{}";
    variants[12].supersedes = 1;
    variants[13].vector = THREE, variants[13].vector_size = 3;
    uint64_t contents[EPI__COUNT(variants)], content = content_of(space, &base);
    assert_int_equal(content_of(space, &base), content);
    for (size_t i = 0; i < EPI__COUNT(variants); i++) {
        contents[i] = content_of(space, &variants[i]);
        if (i < 2) assert_int_equal(contents[i], content);
        else assert_int_not_equal(contents[i], content);
        for (size_t j = 2; j < i; j++) assert_int_not_equal(contents[i], contents[j]);
    }
    epi_space_close(space);
}

static void a_truth_value_is_0_or_1(void **state) {
    place *p = *state;
    static const uint8_t values[] = {0, 1, 2, 255};
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_schema schema;
    epi_space *space = NULL;
    place_vector_schema(&schema, roles, 3);
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "transitions", &schema));
    for (size_t i = 0; i < EPI__COUNT(values); i++) {
        epi_part parts[] = {epi_part_f32("observation", THREE, 3), epi_part_bytes("terminated", &values[i], 1)};
        epi_step step = epi_step_default();
        step.parts = parts;
        step.part_count = EPI__COUNT(parts);
        EXPECT(values[i] > 1 ? EPI_ETYPE : EPI_OK, epi_remember(NULL, NULL, space, &step));
    }
    assert_int_equal(place_stats(space).steps, 2);
    epi_space_close(space);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_malformed_step_has_its_status_and_stores_nothing),
        TEST(a_truth_value_is_0_or_1),
        TEST(the_same_step_has_the_same_content_and_every_part_of_it_counts),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
