/* A space's encoder: given, failing, changed. What is said stays findable by its words whatever the encoder does, and
 * no vector is ever compared with one of another encoder.
 */
#include "place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "salted.h"

#define MANY 3000u

static salted one = {.name = "one", .dimension = SALTED_DIMENSION};
static salted two = {.name = "two", .dimension = SALTED_DIMENSION};
static salted wide = {.name = "wide", .dimension = 40};

static int setup(void **state) {
    salted *all[] = {&one, &two, &wide};
    for (size_t i = 0; i < 3; i++) {
        all[i]->failing = all[i]->calls = all[i]->texts = 0;
        all[i]->poison = NULL;
    }
    return place_setup(state);
}

static void set(epi_space *space, salted *s) {
    epi_encoder encoder = salted_encoder(s);
    EXPECT(EPI_OK, epi_space_encoder_set(space, &encoder));
}

static void give(epi_space *space, salted *s) {
    epi_encoder encoder = salted_encoder(s);
    EXPECT(EPI_OK, epi_space_encoder_give(space, &encoder));
}

static void text_of(char text[64], uint64_t number) {
    (void)snprintf(text, 64, "remark number%llu about thing%llu", (unsigned long long)number,
                   (unsigned long long)number % 97);
}

/* Steps 1 to count, if the space is new. */
static void say_many(epi_space *space, uint64_t first, size_t count) {
    epi_episode *episode = place_episode(space);
    epi_part parts[2];
    char text[64];
    for (uint64_t i = first; i < first + count; i++) {
        text_of(text, i);
        epi_step step = place_step(parts, text);
        uint64_t id = 0;
        EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
        assert_int_equal(id, i);
    }
    epi_episode_close(episode);
}

/* Steps 1 to count of a new space, in one commit. */
static void say_at_once(epi_space *space, size_t count) {
    epi_episode *episode = place_episode(space);
    epi_part(*parts)[2] = calloc(count, sizeof *parts);
    epi_step *steps = calloc(count, sizeof *steps);
    char(*texts)[64] = calloc(count, sizeof *texts);
    assert_true(parts && steps && texts);
    for (size_t i = 0; i < count; i++) {
        text_of(texts[i], i + 1);
        steps[i] = place_step(parts[i], texts[i]);
    }
    EXPECT(EPI_OK, epi_episode_append_many(NULL, episode, steps, count));
    epi_episode_close(episode);
    free(texts);
    free(steps);
    free(parts);
}

/* Every step's vector is the serving encoder's of its text. */
static void assert_vectors(epi_space *space, const salted *s, uint64_t count) {
    float expected[64], stored[64];
    char text[64];
    for (uint64_t i = 1; i <= count; i++) {
        size_t size = 0;
        text_of(text, i);
        salted_vector(expected, s, text, strlen(text));
        EXPECT(EPI_OK, epi_step_vector(stored, &size, space, i));
        assert_int_equal(size, s->dimension);
        for (uint32_t j = 0; j < s->dimension; j++) assert_true(fabsf(stored[j] - expected[j]) < 1e-6f);
    }
}

/* The best hit of a cue by its vector alone; 0: none. */
static uint64_t nearest(epi_space *space, const char *text) {
    epi_recollection *found = NULL;
    epi_recall_options options = epi_recall_options_default();
    epi_recall_profile profile = {.version = 1, .vector = 1.0, .recency_half_life_days = 1.0};
    epi_cue cue = epi_cue_default();
    options.profile = &profile;
    cue.text = text;
    EXPECT(EPI_OK, epi_recall(&found, space, &cue, &options));
    uint64_t step = epi_recollection_hit_count(found) ? epi_recollection_hit(found, 0)->step : 0;
    epi_recollection_free(found);
    return step;
}

static void assert_found_by_vector(epi_space *space, uint64_t count, uint64_t every) {
    char text[64];
    for (uint64_t i = 1; i <= count; i += every) {
        text_of(text, i);
        assert_int_equal(nearest(space, text), i);
    }
}

static epi_upkeep_report upkeep(epi_space *space, epi_status expected) {
    epi_upkeep_report report;
    EXPECT(expected, epi_space_upkeep(&report, space, NULL));
    return report;
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void an_empty_space_takes_an_encoder_at_once(void **state) {
    place *p = *state;
    epi_encoder_info serving, building;
    set(p->space, &wide);
    EXPECT(EPI_OK, epi_space_encoders(&serving, &building, p->space));
    assert_string_equal(serving.name, "salted");
    assert_int_equal(serving.dimension, 40);
    assert_int_equal(serving.generation, 2);
    assert_true(serving.ready);
    assert_int_equal(building.generation, 0);
    say_many(p->space, 1, 50);
    assert_vectors(p->space, &wide, 50);
    assert_found_by_vector(p->space, 50, 7);
    assert_int_equal(place_stats(p->space).vectors, 50);
    place_check(p->memory);
}

static void an_encoder_that_was_not_given_leaves_the_words(void **state) {
    place *p = *state;
    set(p->space, &one);
    say_many(p->space, 1, 20);
    place_reopen(p);
    epi_encoder_info serving;
    EXPECT(EPI_OK, epi_space_encoders(&serving, NULL, p->space));
    assert_false(serving.ready);
    say_many(p->space, 21, 20);
    assert_true(place_finds(p->space, "number30", 30)); /* by its words, at once */
    assert_int_equal(place_stats(p->space).backlog, 20);
    assert_int_equal(upkeep(p->space, EPI_OK).waiting, 20); /* nobody here can encode: no failure, and no progress */
    place_check(p->memory);
    give(p->space, &one);
    epi_upkeep_report report = upkeep(p->space, EPI_OK);
    assert_int_equal(report.embedded, 20);
    assert_int_equal(report.waiting, 0);
    assert_vectors(p->space, &one, 40);
    assert_found_by_vector(p->space, 40, 3);
    place_check(p->memory);
}

static void a_failing_encoder_fills_the_backlog_and_upkeep_drains_it(void **state) {
    place *p = *state;
    set(p->space, &one);
    say_many(p->space, 1, 10);
    one.failing = EPI_EIO;
    say_many(p->space, 11, 30);
    assert_true(place_finds(p->space, "number25", 25));
    assert_int_equal(place_stats(p->space).backlog, 30);
    assert_int_equal(upkeep(p->space, EPI_EIO).waiting, 30);
    const char *why = epi_error_last()->message;
    assert_non_null(strstr(why, "salted"));
    assert_non_null(strstr(why, "step 11"));
    assert_non_null(strstr(why, "told to fail"));
    assert_non_null(strstr(why, "run upkeep again"));
    assert_true(place_finds(p->space, "number25", 25)); /* a cue that cannot be encoded is searched by its words */
    place_reopen(p);                                    /* the backlog is durable */
    assert_int_equal(place_stats(p->space).backlog, 30);
    place_check(p->memory);
    epi_filter filter = epi_filter_default();
    uint64_t gone = 12;
    filter.steps = &gone;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_remove(NULL, p->space, &filter, false));
    assert_int_equal(place_stats(p->space).backlog, 29);
    one.failing = 0;
    give(p->space, &one);
    assert_int_equal(upkeep(p->space, EPI_OK).embedded, 29);
    assert_int_equal(place_stats(p->space).vectors, 39);
    place_check(p->memory);
}

static void a_refused_text_costs_its_own_vector_only(void **state) {
    place *p = *state;
    epi_encoder_info serving;
    set(p->space, &one);
    one.poison = "number7 ";
    say_many(p->space, 1, 5);
    one.failing = EPI_EIO;
    say_many(p->space, 6, 5);
    one.failing = 0;
    assert_int_equal(upkeep(p->space, EPI_OK).embedded, 4);
    EXPECT(EPI_OK, epi_space_encoders(&serving, NULL, p->space));
    assert_int_equal(serving.refused, 1);
    assert_int_equal(serving.left, 0);
    assert_int_equal(serving.vectors, 9);
    assert_true(place_finds(p->space, "number7", 7));
    place_check(p->memory);
}

/* Time limits so short that each call ends after a portion, with a close and an open between them. */
static void another_encoder_takes_over_when_all_is_encoded(void **state) {
    place *p = *state;
    set(p->space, &one);
    say_at_once(p->space, MANY);
    set(p->space, &two);
    epi_upkeep_options options = epi_upkeep_options_default();
    options.time_limit_ms = 1;
    epi_upkeep_report report = {0};
    int rounds = 0;
    for (uint64_t said = MANY; place_stats(p->space).building && rounds < 50; rounds++, said += 2) {
        assert_int_equal(place_stats(p->space).generation, 2);
        assert_found_by_vector(p->space, said, 401); /* the old one serves, for new steps too */
        say_many(p->space, said + 1, 2);
        EXPECT(EPI_OK, epi_space_upkeep(&report, p->space, &options));
        if (rounds % 2) continue;
        place_reopen(p);
        give(p->space, &one);
        give(p->space, &two);
    }
    assert_in_range(rounds, 3, 49);
    uint64_t count = place_stats(p->space).steps;
    assert_int_equal(place_stats(p->space).generation, 3);
    assert_int_equal(place_stats(p->space).vectors, count);
    assert_vectors(p->space, &two, count);
    assert_found_by_vector(p->space, count, 211);
    place_check(p->memory);
    place_reopen(p);
    give(p->space, &two);
    assert_vectors(p->space, &two, count);
    place_check(p->memory);
}

struct watch {
    uint64_t calls, done, total;
    uint64_t calls_max; /* 0: no end */
    salted *breaks;     /* fails from the second call on; NULL: none */
};

static bool watch(void *context, uint64_t done, uint64_t total) {
    struct watch *w = context;
    assert_in_range(done, w->done, total);
    w->done = done;
    w->total = total;
    w->calls++;
    if (w->breaks && w->calls == 2) w->breaks->failing = EPI_EIO;
    return w->calls_max == 0 || w->calls < w->calls_max;
}

/* One portion is stored while another is encoded: ended or broken in between, none is lost and none made twice. */
static void portions_that_overlap_are_all_kept(void **state) {
    enum { COUNT = 6000 };
    place *p = *state;
    struct watch w = {.calls_max = 2};
    epi_upkeep_options options = epi_upkeep_options_default();
    epi_upkeep_report report = {0};
    options.progress = watch;
    options.context = &w;
    say_at_once(p->space, COUNT);
    set(p->space, &one);
    EXPECT(EPI_OK, epi_space_upkeep(&report, p->space, &options));
    assert_false(report.complete);
    assert_int_equal(w.calls, 2);
    assert_int_equal(w.total, COUNT);
    uint64_t made = report.embedded;
    assert_int_equal(one.texts, made); /* what was encoded is stored */
    w = (struct watch){.breaks = &one};
    EXPECT(EPI_EIO, epi_space_upkeep(&report, p->space, &options));
    assert_non_null(strstr(epi_error_last()->message, "run upkeep again"));
    made += report.embedded;
    assert_int_equal(one.texts, made);
    one.failing = 0;
    w = (struct watch){0};
    EXPECT(EPI_OK, epi_space_upkeep(&report, p->space, &options));
    assert_true(report.complete);
    assert_int_equal(made + report.embedded, COUNT);
    assert_int_equal(one.texts, COUNT);
    assert_int_equal(place_stats(p->space).generation, 2);
    assert_vectors(p->space, &one, COUNT);
    place_check(p->memory);
}

static bool stop_at_once(void *context, uint64_t done, uint64_t total) {
    (void)context;
    return done > total;
}

static void two_encoders_are_compared_while_both_have_vectors(void **state) {
    place *p = *state;
    epi_encoder_comparison found, again;
    epi_upkeep_options options = epi_upkeep_options_default();
    epi_encoder same = salted_encoder(&one), other = salted_encoder(&wide);
    options.progress = stop_at_once;
    set(p->space, &one);
    say_at_once(p->space, 3000);
    EXPECT(EPI_ENOTFOUND, epi_space_encoder_compare(&found, p->space, NULL, 0, 100));
    EXPECT(EPI_ELIMIT, epi_space_encoder_compare(&found, p->space, &same, EPI_COMPARE_STEPS_MAX + 1, 100));
    EXPECT(EPI_OK, epi_space_encoder_compare(&found, p->space, &same, 300, 100));
    assert_int_equal(found.steps, 300);
    assert_true(fabs(found.similarity - 1.0) < 1e-6 && fabs(found.alignment - 1.0) < 1e-6);
    EXPECT(EPI_OK, epi_space_encoder_compare(&found, p->space, &other, 300, 100));
    assert_int_equal(found.second_dimension, 40);
    assert_true(fabs(found.similarity) < 0.1); /* both are random */
    assert_true(fabs(found.alignment - found.alignment_by_chance) < 0.05);
    set(p->space, &wide);
    EXPECT(EPI_ENOTFOUND, epi_space_encoder_compare(&found, p->space, NULL, 0, 100)); /* it has none yet */
    EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, &options));
    assert_int_equal(place_stats(p->space).building, 3);
    EXPECT(EPI_OK, epi_space_encoder_compare(&found, p->space, NULL, 300, 100));
    assert_int_equal(found.steps, 300);
    assert_int_equal(found.second_dimension, 40);
    assert_true(fabs(found.similarity) < 0.1);
    EXPECT(EPI_OK, epi_space_encoder_compare(&again, p->space, NULL, 300, 100));
    assert_memory_equal(&again, &found, sizeof found);
    place_check(p->memory); /* comparing left nothing */
}

static void an_encoder_may_have_another_dimension_and_be_set_aside(void **state) {
    place *p = *state;
    say_many(p->space, 1, 200); /* hashed, of 256 elements */
    float before[EPI_HASH_DIMENSION_DEFAULT], after[EPI_HASH_DIMENSION_DEFAULT];
    EXPECT(EPI_OK, epi_step_vector(before, NULL, p->space, 42));
    set(p->space, &wide);
    wide.failing = EPI_ETIMEOUT;
    (void)upkeep(p->space, EPI_ETIMEOUT);
    set(p->space, &one); /* before the other was ready */
    (void)upkeep(p->space, EPI_OK);
    assert_int_equal(place_stats(p->space).dimension, SALTED_DIMENSION);
    assert_vectors(p->space, &one, 200);
    place_check(p->memory);
    epi_encoder hash;
    EXPECT(EPI_OK, epi_encoder_hash(&hash, 0));
    EXPECT(EPI_OK, epi_space_encoder_set(p->space, &hash)); /* and back, to the bit */
    (void)upkeep(p->space, EPI_OK);
    EXPECT(EPI_OK, epi_step_vector(after, NULL, p->space, 42));
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(place_stats(p->space).vectors, 200);
    place_check(p->memory);
}

static void removing_takes_out_of_both_generations(void **state) {
    place *p = *state;
    set(p->space, &one);
    say_many(p->space, 1, 1500);
    set(p->space, &two);
    epi_upkeep_options options = epi_upkeep_options_default();
    options.time_limit_ms = 1;
    EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, &options)); /* a portion of them */
    assert_in_range(place_stats(p->space).building_done, 1, 1499);
    uint64_t gone[] = {3, 900, 1400};
    epi_filter filter = epi_filter_default();
    filter.steps = gone;
    filter.step_count = 3;
    EXPECT(EPI_OK, epi_remove(NULL, p->space, &filter, false));
    place_check(p->memory);
    (void)upkeep(p->space, EPI_OK);
    assert_int_equal(place_stats(p->space).generation, 3);
    assert_int_equal(place_stats(p->space).vectors, 1497);
    place_check(p->memory);
}

static void tables_that_cannot_be_are_refused(void **state) {
    place *p = *state;
    epi_encoder good = salted_encoder(&one), bad = good;
    EXPECT(EPI_EINVAL, epi_space_encoder_set(p->space, NULL));
    bad.version = 2;
    EXPECT(EPI_EINVAL, epi_space_encoder_set(p->space, &bad));
    bad = good, bad.name = "";
    EXPECT(EPI_EINVAL, epi_space_encoder_set(p->space, &bad));
    bad = good, bad.name = "given";
    EXPECT(EPI_EINVAL, epi_space_encoder_set(p->space, &bad));
    bad = good, bad.name = "\xff";
    EXPECT(EPI_EUTF8, epi_space_encoder_set(p->space, &bad));
    bad = good, bad.encode = NULL;
    EXPECT(EPI_EINVAL, epi_space_encoder_set(p->space, &bad));
    bad = good, bad.dimension = 0;
    EXPECT(EPI_ELIMIT, epi_space_encoder_set(p->space, &bad));
    bad = good, bad.dimension = EPI_DIMENSION_MAX + 1;
    EXPECT(EPI_ELIMIT, epi_space_encoder_give(p->space, &bad));
    assert_int_equal(place_stats(p->space).generation, 1);
    epi_role roles[EPI_TRANSITION_ROLE_COUNT], text = {"text", EPI_TEXT, EPI_ROLE_SEARCH, 1.0f, EPI_DTYPE_NONE, 0, {0}};
    epi_schema schema = epi_schema_default();
    epi_space *given = NULL, *silent = NULL;
    schema.roles = &text;
    schema.role_count = 1;
    schema.encoder = EPI_ENCODER_GIVEN;
    schema.dimension = 4;
    EXPECT(EPI_OK, epi_space_open(&given, p->memory, "given", &schema));
    EXPECT(EPI_EUNSUPPORTED, epi_space_encoder_set(given, &good));
    EXPECT(EPI_OK, epi_schema_transitions(&schema, roles, 4, EPI_I64, 0));
    EXPECT(EPI_OK, epi_space_open(&silent, p->memory, "silent", &schema));
    EXPECT(EPI_EUNSUPPORTED, epi_space_encoder_set(silent, &good));
    epi_space_close(silent);
    epi_space_close(given);
}

static epi_status return_nan(void *context, float *vectors, const epi_encoder_text *texts, size_t count) {
    (void)context, (void)texts;
    for (size_t i = 0; i < count * 4; i++) vectors[i] = i % 8 < 4 ? 1.0f : NAN;
    return EPI_OK;
}

static void what_an_encoder_returns_is_not_trusted(void **state) {
    place *p = *state;
    epi_encoder encoder = epi_encoder_default();
    encoder.name = "nan";
    encoder.dimension = 4;
    encoder.encode = return_nan;
    EXPECT(EPI_OK, epi_space_encoder_set(p->space, &encoder));
    epi_episode *episode = place_episode(p->space);
    epi_part parts[4][2];
    epi_step steps[4];
    for (size_t i = 0; i < 4; i++) steps[i] = place_step(parts[i], "a walnut");
    EXPECT(EPI_OK, epi_episode_append_many(NULL, episode, steps, 4)); /* as one batch, half of it NaN */
    epi_episode_close(episode);
    assert_int_equal(place_stats(p->space).backlog, 4);
    (void)upkeep(p->space, EPI_OK); /* one by one, the first of a call is good */
    assert_int_equal(place_stats(p->space).vectors, 4);
    place_check(p->memory);
}

/* Twenty numbers in a row are of one kind, which only this encoder sees. */
static epi_status encode_kind(void *context, float *vectors, const epi_encoder_text *texts, size_t count) {
    salted kind = {.name = "kind", .dimension = SALTED_DIMENSION};
    (void)context;
    for (size_t i = 0; i < count; i++) {
        char text[64], name[32];
        unsigned number = 0;
        (void)snprintf(text, sizeof text, "%.*s", (int)texts[i].size, texts[i].data);
        (void)sscanf(text, "remark number%u", &number);
        (void)snprintf(name, sizeof name, "%u", number / 20);
        salted_vector(vectors + i * SALTED_DIMENSION, &kind, name, strlen(name));
    }
    return EPI_OK;
}

static void a_space_finds_out_what_its_vectors_are_worth(void **state) {
    place *p = *state;
    set(p->space, &one);
    say_many(p->space, 1, 400);
    assert_true(place_stats(p->space).vector_worth < 0.0); /* not measured */
    (void)upkeep(p->space, EPI_OK);
    assert_true(place_stats(p->space).vector_worth == 0.0); /* a salted vector says nothing about its neighbours */
    epi_encoder encoder = salted_encoder(&two);
    encoder.name = "kinds";
    encoder.encode = encode_kind;
    EXPECT(EPI_OK, epi_space_encoder_set(p->space, &encoder));
    (void)upkeep(p->space, EPI_OK);
    assert_int_equal(place_stats(p->space).generation, 3);
    assert_true(place_stats(p->space).vector_worth > 0.0);
    place_check(p->memory);
    double worth = place_stats(p->space).vector_worth;
    place_reopen(p);
    assert_true(place_stats(p->space).vector_worth == worth);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_empty_space_takes_an_encoder_at_once),
        TEST(an_encoder_that_was_not_given_leaves_the_words),
        TEST(a_failing_encoder_fills_the_backlog_and_upkeep_drains_it),
        TEST(a_refused_text_costs_its_own_vector_only),
        TEST(another_encoder_takes_over_when_all_is_encoded),
        TEST(portions_that_overlap_are_all_kept),
        TEST(two_encoders_are_compared_while_both_have_vectors),
        TEST(an_encoder_may_have_another_dimension_and_be_set_aside),
        TEST(removing_takes_out_of_both_generations),
        TEST(tables_that_cannot_be_are_refused),
        TEST(what_an_encoder_returns_is_not_trusted),
        TEST(a_space_finds_out_what_its_vectors_are_worth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
