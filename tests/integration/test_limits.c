/* Every limit at its edge, and a table of bad input: one status each, and nothing stored by any of it. */
#include "place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text of so many bytes; the caller frees it. */
static char *text_of(size_t size) {
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, 'a', size);
    text[size] = 0;
    return text;
}

static epi_status append(place *p, const epi_step *step) {
    epi_episode *episode = place_episode(p->space);
    epi_status status = epi_episode_append(NULL, episode, step);
    epi_episode_close(episode);
    return status;
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

static epi_status with_text(place *p, const char *text) {
    epi_part parts[2];
    epi_step step = place_step(parts, text);
    return append(p, &step);
}

static epi_status with_external(place *p, const char *text) {
    epi_part parts[2];
    epi_step step = place_step(parts, "x");
    step.external_id = text;
    return append(p, &step);
}

static epi_status with_tag(place *p, const char *text) {
    epi_part parts[2];
    epi_step step = place_step(parts, "x");
    step.tags = &text;
    step.tag_count = 1;
    return append(p, &step);
}

static epi_status with_metadata(place *p, const char *text) {
    char *object = text_of(strlen(text));
    epi_part parts[2];
    epi_step step = place_step(parts, "x");
    size_t size = strlen(object);
    memcpy(object, "{\"k\":\"", 6);
    memcpy(object + size - 2, "\"}", 2);
    step.metadata = object;
    epi_status status = append(p, &step);
    free(object);
    return status;
}

static epi_status with_title(place *p, const char *text) {
    epi_episode_options options = epi_episode_options_default();
    epi_episode *episode = NULL;
    options.title = text;
    epi_status status = epi_episode_begin(&episode, p->space, &options);
    epi_episode_close(episode);
    return status;
}

static epi_status with_episode_external(place *p, const char *text) {
    epi_episode_options options = epi_episode_options_default();
    epi_episode *episode = NULL;
    options.external_id = text;
    epi_status status = epi_episode_begin(&episode, p->space, &options);
    epi_episode_close(episode);
    return status;
}

static epi_status with_outcome(place *p, const char *text) {
    epi_outcome outcome = epi_outcome_default();
    outcome.text = text;
    epi_episode *episode = place_episode(p->space);
    epi_status status = epi_episode_end(episode, &outcome);
    epi_episode_close(episode);
    return status;
}

static epi_status with_space(place *p, const char *text) {
    epi_space *space = NULL;
    epi_status status = epi_space_open(&space, p->memory, text, epi_schema_conversation());
    epi_space_close(space);
    return status;
}

static epi_status with_cue(place *p, const char *text) {
    epi_recollection *found = NULL;
    epi_status status = epi_recall_text(&found, p->space, text, NULL);
    epi_recollection_free(found);
    return status;
}

static void texts_are_taken_up_to_their_limit_and_not_a_byte_longer(void **state) {
    place *p = *state;
    const struct {
        epi_status (*call)(place *p, const char *text);
        size_t limit;
    } limits[] = {
        {with_text, EPI_TEXT_SIZE_MAX},       {with_external, EPI_EXTERNAL_ID_SIZE_MAX},
        {with_tag, EPI_TAG_SIZE_MAX},         {with_metadata, EPI_METADATA_SIZE_MAX},
        {with_title, EPI_TITLE_SIZE_MAX},     {with_episode_external, EPI_EXTERNAL_ID_SIZE_MAX},
        {with_outcome, EPI_OUTCOME_SIZE_MAX}, {with_space, EPI_NAME_SIZE_MAX},
        {with_cue, EPI_CUE_SIZE_MAX},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        char *fits = text_of(limits[i].limit), *over = text_of(limits[i].limit + 1);
        EXPECT(EPI_OK, limits[i].call(p, fits));
        EXPECT(EPI_ELIMIT, limits[i].call(p, over));
        free(fits);
        free(over);
    }
    place_check(p->memory);
    place_reopen(p);
    assert_int_equal(place_stats(p->space).steps, 4);
}

static void values_of_the_size_that_is_kept_inline_come_back_on_both_sides_of_it(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    for (size_t size = EPI_INLINE_SIZE_MAX - 1; size <= EPI_INLINE_SIZE_MAX + 1; size++) {
        char *text = text_of(size);
        place_assert_text(p->space, place_say(episode, text), text);
        assert_int_equal(place_stats(p->space).components, size > EPI_INLINE_SIZE_MAX);
        free(text);
    }
    epi_episode_close(episode);
}

static void counts_are_taken_up_to_their_limit(void **state) {
    place *p = *state;
    epi_part parts[2], many[EPI_PART_COUNT_MAX + 1];
    const char *tags[EPI_TAG_COUNT_MAX + 1];
    char names[EPI_TAG_COUNT_MAX + 1][8];
    for (size_t i = 0; i <= EPI_TAG_COUNT_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "t%zu", i);
        tags[i] = names[i];
    }
    epi_step step = place_step(parts, "x");
    step.tags = tags;
    step.tag_count = EPI_TAG_COUNT_MAX;
    EXPECT(EPI_OK, append(p, &step));
    epi_filter filter = epi_filter_default();
    filter.tags = tags;
    filter.tag_count = EPI_TAG_COUNT_MAX;
    uint64_t count = 0;
    EXPECT(EPI_OK, epi_forget(&count, p->space, &filter, 0, true));
    assert_int_equal(count, 1);
    step.tag_count++;
    EXPECT(EPI_ELIMIT, append(p, &step));
    step = epi_step_default();
    step.parts = many;
    step.part_count = EPI_PART_COUNT_MAX + 1;
    EXPECT(EPI_ELIMIT, append(p, &step));
    epi_role roles[EPI_PART_COUNT_MAX + 1];
    memset(roles, 0, sizeof roles);
    for (size_t i = 0; i <= EPI_PART_COUNT_MAX; i++) {
        roles[i].name = names[i];
        roles[i].type = EPI_BLOB;
        many[i] = epi_part_text(names[i], "v");
    }
    epi_schema schema = epi_schema_default();
    schema.encoder = EPI_ENCODER_NONE;
    schema.roles = roles;
    schema.role_count = EPI_PART_COUNT_MAX + 1;
    epi_space *space = NULL;
    EXPECT(EPI_ELIMIT, epi_space_open(&space, p->memory, "wide", &schema));
    schema.role_count--;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "wide", &schema));
    step.part_count = EPI_PART_COUNT_MAX;
    EXPECT(EPI_OK, epi_remember(NULL, NULL, space, &step));
    epi_space_close(space);
}

static void a_batch_is_taken_up_to_its_limit(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    epi_part parts[2];
    epi_step *steps = malloc((EPI_APPEND_COUNT_MAX + 1) * sizeof *steps);
    assert_non_null(steps);
    for (size_t i = 0; i <= EPI_APPEND_COUNT_MAX; i++) steps[i] = place_step(parts, "x");
    EXPECT(EPI_ELIMIT, epi_episode_append_many(NULL, episode, steps, EPI_APPEND_COUNT_MAX + 1));
    assert_int_equal(place_stats(p->space).steps, 0);
    EXPECT(EPI_OK, epi_episode_append_many(NULL, episode, steps, EPI_APPEND_COUNT_MAX));
    assert_int_equal(place_stats(p->space).steps, EPI_APPEND_COUNT_MAX);
    free(steps);
    epi_episode_close(episode);
}

static void recall_options_are_taken_up_to_their_limit(void **state) {
    place *p = *state;
    epi_recollection *found = NULL;
    const struct {
        uint32_t k, budget, margin;
        epi_status status;
    } cases[] = {
        {EPI_K_MAX, EPI_TOKEN_BUDGET_MAX, EPI_SCENE_MARGIN_MAX, EPI_OK},
        {EPI_K_MAX + 1, 0, 0, EPI_ELIMIT},
        {0, EPI_TOKEN_BUDGET_MAX + 1, 0, EPI_ELIMIT},
        {0, 0, EPI_SCENE_MARGIN_MAX + 1, EPI_ELIMIT},
    };
    EXPECT(EPI_OK, with_text(p, "x"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        epi_recall_options options = epi_recall_options_default();
        options.k = cases[i].k;
        options.token_budget = cases[i].budget;
        options.scene_margin = cases[i].margin;
        EXPECT(cases[i].status, epi_recall_text(&found, p->space, "x", &options));
        epi_recollection_free(found);
    }
    EXPECT(EPI_EINVAL, epi_steps_read(&found, p->space, 0, 0));
    EXPECT(EPI_ELIMIT, epi_steps_read(&found, p->space, 0, EPI_K_MAX + 1));
    EXPECT(EPI_OK, epi_steps_read(&found, p->space, UINT64_MAX, EPI_K_MAX));
    epi_recollection_free(found);
}

static void dimensions_are_taken_up_to_their_limit(void **state) {
    place *p = *state;
    epi_space *space = NULL;
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    EXPECT(EPI_ELIMIT, epi_schema_transitions(&schema, roles, EPI_DIMENSION_MAX + 1, EPI_I64, 0));
    EXPECT(EPI_OK, epi_schema_transitions(&schema, roles, EPI_DIMENSION_MAX, EPI_I64, 0));
    place_vector_schema(&schema, roles, EPI_DIMENSION_MAX);
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "wide", &schema));
    epi_space_close(space);
    epi_schema hash = *epi_schema_conversation();
    hash.dimension = EPI_HASH_DIMENSION_MIN - 1;
    EXPECT(EPI_ELIMIT, epi_space_open(&space, p->memory, "narrow", &hash));
    hash.dimension = EPI_HASH_DIMENSION_MIN;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "narrow", &hash));
    epi_space_close(space);
}

static void the_quota_stops_appending_but_not_removing(void **state) {
    place *p = *state;
    place_close(p);
    p->options.quota = 400000;
    place_open(p);
    epi_episode *episode = place_episode(p->space);
    uint64_t id = epi_episode_id(episode);
    epi_part parts[2];
    char *text = text_of(10000);
    epi_step step = place_step(parts, text);
    epi_status status = EPI_OK;
    for (int i = 0; !status && i < 200; i++) {
        text[i] = 'b';
        status = epi_episode_append(NULL, episode, &step);
    }
    EXPECT(EPI_EQUOTA, status);
    epi_filter filter = epi_filter_default();
    filter.episodes = &id;
    filter.episode_count = 1;
    EXPECT(EPI_OK, epi_remove(NULL, p->space, &filter, false));
    EXPECT(EPI_OK, epi_memory_compact(p->memory));
    EXPECT(EPI_OK, with_text(p, "room again"));
    epi_episode_close(episode);
    free(text);
    place_check(p->memory);
}

static void a_small_map_says_when_it_is_full_and_stays_whole(void **state) {
    place *p = *state;
    place_close(p);
    place_remove(p);
    place_make(p);
    p->options.map_size = EPI_MAP_SIZE_MIN;
    p->options.quota = EPI_MAP_SIZE_MIN * 2; /* out of the way */
    place_open(p);
    epi_episode *episode = place_episode(p->space);
    epi_part parts[2];
    char *text = text_of(20000);
    epi_step step = place_step(parts, text);
    epi_status status = EPI_OK;
    uint64_t stored = 0;
    for (; !status && stored < 200; stored += !status) {
        text[stored] = 'b';
        status = epi_episode_append(NULL, episode, &step);
    }
    EXPECT(EPI_EMAPFULL, status);
    assert_int_equal(place_stats(p->space).steps, stored);
    place_check(p->memory);
    free(text);
    epi_episode_close(episode);
}

/* ---- bad input --------------------------------------------------------------------------------------------------- */

typedef struct bad_step {
    epi_status status;
    const char *text;
    epi_time from, to;
    int32_t offset;
    const char *external, *tag, *metadata;
    uint64_t supersedes;
    double reward;
    uint32_t flags;
} bad_step;

#define NOW EPI_TIME_NONE, EPI_TIME_NONE, 0

static const bad_step bad_steps[] = {
    {EPI_EUTF8, "\xff", NOW, NULL, NULL, NULL, 0, 0, 0},
    {EPI_EUTF8, "\xc0\x80", NOW, NULL, NULL, NULL, 0, 0, 0},
    {EPI_EUTF8, "\xed\xa0\x80", NOW, NULL, NULL, NULL, 0, 0, 0},
    {EPI_EUTF8, "\xf4\x90\x80\x80", NOW, NULL, NULL, NULL, 0, 0, 0},
    {EPI_EUTF8, "cut \xe2\x82", NOW, NULL, NULL, NULL, 0, 0, 0},
    {EPI_EINVAL, "x", 2000, 1000, 0, NULL, NULL, NULL, 0, 0, 0},
    {EPI_ELIMIT, "x", EPI_TIME_MIN - 1, EPI_TIME_NONE, 0, NULL, NULL, NULL, 0, 0, 0},
    {EPI_ELIMIT, "x", EPI_TIME_MAX + 1, EPI_TIME_NONE, 0, NULL, NULL, NULL, 0, 0, 0},
    {EPI_ELIMIT, "x", 0, INT64_MAX, 0, NULL, NULL, NULL, 0, 0, 0},
    {EPI_EINVAL, "x", EPI_TIME_NONE, EPI_TIME_NONE, 1081, NULL, NULL, NULL, 0, 0, 0},
    {EPI_EINVAL, "x", EPI_TIME_NONE, EPI_TIME_NONE, -1081, NULL, NULL, NULL, 0, 0, 0},
    {EPI_EINVAL, "x", EPI_TIME_NONE, EPI_TIME_NONE, INT32_MIN, NULL, NULL, NULL, 0, 0, 0},
    {EPI_EINVAL, "x", NOW, "", NULL, NULL, 0, 0, 0},
    {EPI_EUTF8, "x", NOW, "\xfe", NULL, NULL, 0, 0, 0},
    {EPI_EINVAL, "x", NOW, NULL, "", NULL, 0, 0, 0},
    {EPI_EUTF8, "x", NOW, NULL, "\x80", NULL, 0, 0, 0},
    {EPI_EJSON, "x", NOW, NULL, NULL, "", 0, 0, 0},
    {EPI_EJSON, "x", NOW, NULL, NULL, "[1]", 0, 0, 0},
    {EPI_EJSON, "x", NOW, NULL, NULL, "{\"a\":1} trailing", 0, 0, 0},
    {EPI_EJSON, "x", NOW, NULL, NULL, "{\"a\":}", 0, 0, 0},
    {EPI_EUTF8, "x", NOW, NULL, NULL, "{\"a\":\"\xff\"}", 0, 0, 0},
    {EPI_ENOTFOUND, "x", NOW, NULL, NULL, NULL, 4711, 0, 0},
    {EPI_ENOTFOUND, "x", NOW, NULL, NULL, NULL, UINT64_MAX, 0, 0},
    {EPI_ENUMBER, "x", NOW, NULL, NULL, NULL, 0, (double)NAN, 0},
    {EPI_ENUMBER, "x", NOW, NULL, NULL, NULL, 0, (double)INFINITY, 0},
    {EPI_EINVAL, "x", NOW, NULL, NULL, NULL, 0, 0, 8},
    {EPI_EINVAL, "x", NOW, NULL, NULL, NULL, 0, 0, 1u << 17},
};

static void a_bad_step_has_its_status_and_leaves_nothing(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    (void)place_say(episode, "good");
    epi_space_stats before = place_stats(p->space);
    for (size_t i = 0; i < sizeof bad_steps / sizeof *bad_steps; i++) {
        const bad_step *bad = &bad_steps[i];
        epi_part parts[2][2];
        epi_step steps[2] = {place_step(parts[0], "good before"), place_step(parts[1], bad->text)};
        steps[1].event_time = bad->from;
        steps[1].event_end = bad->to;
        steps[1].utc_offset_min = bad->offset;
        steps[1].external_id = bad->external;
        steps[1].tags = &bad->tag;
        steps[1].tag_count = bad->tag != NULL;
        steps[1].metadata = bad->metadata;
        steps[1].supersedes = bad->supersedes;
        steps[1].reward = bad->reward;
        steps[1].flags = bad->flags;
        uint64_t ids[2] = {9, 9};
        EXPECT(bad->status, epi_episode_append_many(ids, episode, steps, 2));
        assert_true(ids[0] == 0 && ids[1] == 0);
        EXPECT(bad->status, epi_remember(NULL, NULL, p->space, &steps[1]));
        assert_int_equal(epi_error_last()->status, bad->status);
        assert_true(strlen(epi_error_last()->message) > 0 && !strchr(epi_error_last()->message, '\n'));
    }
    epi_space_stats after = place_stats(p->space);
    assert_memory_equal(&before, &after, sizeof after);
    epi_episode_close(episode);
    place_check(p->memory);
}

static void bad_parts_have_their_status_and_leave_nothing(void **state) {
    place *p = *state;
    const struct {
        epi_status status;
        epi_part parts[2];
        size_t count;
    } cases[] = {
        {EPI_EROLE, {{"text", "x", 1}, {"colour", "red", 3}}, 2},
        {EPI_EROLE, {{"text", "x", 1}, {NULL, "red", 3}}, 2},
        {EPI_EROLE, {{"Text", "x", 1}}, 1},
        {EPI_EINVAL, {{"text", "x", 1}, {"text", "y", 1}}, 2},
        {EPI_EINVAL, {{"speaker", "x", 1}}, 1}, /* the required text is missing */
        {EPI_EINVAL, {{"text", NULL, 1}}, 1},
        {EPI_EUTF8, {{"text", "a\0b", 3}}, 1},
        {EPI_EINVAL, {{"text", "x", 1}}, 0},
    };
    epi_episode *episode = place_episode(p->space);
    epi_space_stats before = place_stats(p->space);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        epi_step step = epi_step_default();
        step.parts = cases[i].parts;
        step.part_count = cases[i].count;
        EXPECT(cases[i].status, epi_episode_append(NULL, episode, &step));
    }
    epi_step step = epi_step_default();
    step.part_count = 1;
    EXPECT(EPI_EINVAL, epi_episode_append(NULL, episode, &step));
    step.version = 2;
    EXPECT(EPI_EINVAL, epi_episode_append(NULL, episode, &step));
    EXPECT(EPI_EINVAL, epi_episode_append(NULL, episode, NULL));
    EXPECT(EPI_EINVAL, epi_episode_append(NULL, NULL, &step));
    epi_space_stats after = place_stats(p->space);
    assert_memory_equal(&before, &after, sizeof after);
    epi_episode_close(episode);
}

static void bad_vectors_and_tensors_have_their_status_and_leave_nothing(void **state) {
    place *p = *state;
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_space *space = NULL;
    place_vector_schema(&schema, roles, 3);
    schema.metric = EPI_COSINE;
    roles[1].dtype = EPI_F32;
    roles[1].rank = 1;
    roles[1].shape[0] = 2;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "rl", &schema));
    static const float nan[3] = {1, NAN, 0}, inf[3] = {INFINITY, 0, 0}, zero[3] = {0}, good[4] = {1, 2, 3, 4},
                       huge[3] = {3e38f, 3e38f, 0};
    const struct {
        epi_status status;
        const float *values;
        size_t count;
    } cases[] = {{EPI_ENUMBER, nan, 3},     {EPI_ENUMBER, inf, 3},     {EPI_EZERO, zero, 3},
                 {EPI_EDIMENSION, good, 2}, {EPI_EDIMENSION, good, 4}, {EPI_ENUMBER, huge, 3}};
    epi_space_stats before = place_stats(space);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        epi_part part = epi_part_f32("observation", cases[i].values, cases[i].count);
        epi_step step = epi_step_default();
        step.parts = &part;
        step.part_count = 1;
        EXPECT(cases[i].status, epi_remember(NULL, NULL, space, &step));
        epi_cue cue = epi_cue_default();
        epi_recollection *found = NULL;
        uint64_t id = 0;
        size_t count = 0;
        cue.vector = cases[i].values;
        cue.vector_size = cases[i].count;
        EXPECT(cases[i].status, epi_recall(&found, space, &cue, NULL));
        EXPECT(cases[i].status, epi_nearest(&count, &id, NULL, space, cases[i].values, cases[i].count, 1, 0));
    }
    epi_part parts[2] = {epi_part_f32("observation", good, 3), epi_part_f32("action", good, 3)};
    epi_step step = epi_step_default();
    step.parts = parts;
    step.part_count = 2;
    EXPECT(EPI_ETYPE, epi_remember(NULL, NULL, space, &step));
    parts[1] = epi_part_f32("action", nan, 2);
    EXPECT(EPI_ENUMBER, epi_remember(NULL, NULL, space, &step));
    epi_space_stats after = place_stats(space);
    assert_memory_equal(&before, &after, sizeof after);
    epi_space_close(space);
}

static void bad_cues_and_outcomes_have_their_status(void **state) {
    place *p = *state;
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    EXPECT(EPI_EINVAL, epi_recall(&found, p->space, &cue, NULL));
    EXPECT(EPI_EUTF8, epi_recall_text(&found, p->space, "\xff", NULL));
    EXPECT(EPI_EINVAL, epi_recall(&found, p->space, NULL, NULL));
    EXPECT(EPI_EINVAL, epi_recall(NULL, p->space, &cue, NULL));
    epi_part who = epi_part_text("nobody", "x");
    cue.text = "x";
    cue.filter.parts = &who;
    cue.filter.part_count = 1;
    EXPECT(EPI_EROLE, epi_recall(&found, p->space, &cue, NULL));
    cue.filter.part_count = EPI_PART_COUNT_MAX + 1;
    EXPECT(EPI_ELIMIT, epi_recall(&found, p->space, &cue, NULL));
    static const epi_time times[] = {INT64_MIN + 1, EPI_TIME_MIN, 0, EPI_TIME_MAX, INT64_MAX};
    EXPECT(EPI_OK, with_text(p, "x"));
    for (size_t i = 0; i < 5; i++) {
        cue = epi_cue_default();
        cue.text = "x";
        cue.now = cue.filter.from = cue.filter.as_of = cue.filter.valid_at = times[i];
        EXPECT(EPI_OK, epi_recall(&found, p->space, &cue, NULL)); /* any time may be asked for */
        epi_recollection_free(found);
    }
    epi_outcome outcome = epi_outcome_default();
    epi_episode *episode = place_episode(p->space);
    outcome.reward = (double)NAN;
    EXPECT(EPI_ENUMBER, epi_episode_end(episode, &outcome));
    outcome = epi_outcome_default();
    outcome.end = INT64_MAX;
    EXPECT(EPI_ELIMIT, epi_episode_end(episode, &outcome));
    EXPECT(EPI_EUTF8, with_outcome(p, "\xff"));
    EXPECT(EPI_EUTF8, with_title(p, "\xff"));
    epi_episode_close(episode);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(texts_are_taken_up_to_their_limit_and_not_a_byte_longer),
        TEST(values_of_the_size_that_is_kept_inline_come_back_on_both_sides_of_it),
        TEST(counts_are_taken_up_to_their_limit),
        TEST(a_batch_is_taken_up_to_its_limit),
        TEST(recall_options_are_taken_up_to_their_limit),
        TEST(dimensions_are_taken_up_to_their_limit),
        TEST(the_quota_stops_appending_but_not_removing),
        TEST(a_small_map_says_when_it_is_full_and_stays_whole),
        TEST(a_bad_step_has_its_status_and_leaves_nothing),
        TEST(bad_parts_have_their_status_and_leave_nothing),
        TEST(bad_vectors_and_tensors_have_their_status_and_leave_nothing),
        TEST(bad_cues_and_outcomes_have_their_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
