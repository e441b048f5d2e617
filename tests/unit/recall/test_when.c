/* Tests of what steps tell about time: resolved and stored with them, shown by readers, gone with them; and of cues
 * that name a date or ask when.
 */
#include <stdio.h>
#include <string.h>

#include "place.h"
#include "quick.h"

/* ---- saying at a time -------------------------------------------------------------------------------------------- */

static epi_time at(const char *iso, int32_t *offset) {
    epi_interval interval;
    EXPECT(EPI_OK, epi_time_parse(&interval, iso));
    if (offset) *offset = interval.utc_offset_min;
    return interval.from;
}

static uint64_t say_at(epi_episode *episode, const char *iso, const char *text) {
    epi_part parts[2];
    epi_step step = place_step(parts, text);
    uint64_t id = 0;
    step.event_time = at(iso, &step.utc_offset_min);
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    return id;
}

static uint64_t say(place *p, const char *iso, const char *text) {
    epi_episode *episode = place_episode(p->space);
    uint64_t id = say_at(episode, iso, text);
    epi_episode_close(episode);
    return id;
}

/* Fails unless the step tells exactly one time, said with these words and meaning [from, to). */
static void assert_tells(place *p, uint64_t id, const char *words, const char *from, const char *to,
                         epi_time_precision precision) {
    epi_recollection *found = NULL;
    int32_t offset = 0;
    EXPECT(EPI_OK, epi_step_read(&found, p->space, id));
    const epi_scene *scene = epi_recollection_scene(found, 0);
    const epi_recalled_step *step = epi_scene_step(scene, 0);
    assert_int_equal(step->time_count, 1);
    assert_string_equal(step->times[0].role, "text");
    const epi_time_mention *mention = &step->times[0].mention;
    const epi_recalled_part *part = epi_scene_part(scene, step, "text");
    assert_int_equal(mention->to - mention->from, strlen(words));
    assert_memory_equal((const char *)part->data + mention->from, words, strlen(words));
    assert_int_equal(mention->interval.from, at(from, &offset));
    assert_int_equal(mention->interval.to, at(to, NULL));
    assert_int_equal(mention->interval.utc_offset_min, offset);
    assert_int_equal(mention->precision, precision);
    epi_recollection_free(found);
}

static size_t times_of(place *p, uint64_t id) {
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_step_read(&found, p->space, id));
    size_t count = epi_scene_step(epi_recollection_scene(found, 0), 0)->time_count;
    epi_recollection_free(found);
    return count;
}

/* ---- stored ------------------------------------------------------------------------------------------------------ */

static void a_time_that_is_told_is_stored_as_it_was_meant_there(void **state) {
    static const struct {
        const char *said_at, *text, *words, *from, *to;
        epi_time_precision precision;
    } cases[] = {
        {"2026-11-17T10:04+01:00", "We moved last Friday.", "last Friday", "2026-11-13T00:00+01:00",
         "2026-11-14T00:00+01:00", EPI_PRECISION_DAY},
        {"2024-03-01T08:00Z", "It rained yesterday.", "yesterday", "2024-02-29T00:00Z", "2024-03-01T00:00Z",
         EPI_PRECISION_DAY}, /* a leap year */
        {"2023-03-01T08:00Z", "It rained yesterday.", "yesterday", "2023-02-28T00:00Z", "2023-03-01T00:00Z",
         EPI_PRECISION_DAY},
        {"2026-11-17T10:04Z", "We met in 2022.", "in 2022", "2022-01-01T00:00Z", "2023-01-01T00:00Z",
         EPI_PRECISION_YEAR},
        {"2024-05-20T23:30-08:00", "I ran today.", "today", "2024-05-20T00:00-08:00", "2024-05-21T00:00-08:00",
         EPI_PRECISION_DAY}, /* already the 21st in UTC */
        {"2026-11-22T10:00Z", "I ran a lot last week.", "last week", "2026-11-09T00:00Z", "2026-11-16T00:00Z",
         EPI_PRECISION_WEEK}, /* said on a Sunday */
        {"2026-03-31T10:00Z", "She left last month.", "last month", "2026-02-01T00:00Z", "2026-03-01T00:00Z",
         EPI_PRECISION_MONTH},
    };
    place *p = *state;
    uint64_t ids[8];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) ids[i] = say(p, cases[i].said_at, cases[i].text);
    place_reopen(p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_tells(p, ids[i], cases[i].words, cases[i].from, cases[i].to, cases[i].precision);
    place_check(p->memory);
}

static void pending_steps_keep_what_they_tell(void **state) {
    place *p = *state;
    place_close(p);
    p->options.sync = EPI_SYNC_MANUAL;
    place_open(p);
    epi_episode *episode = place_episode(p->space);
    uint64_t ids[50];
    char text[64];
    for (int i = 0; i < 50; i++) {
        (void)snprintf(text, sizeof text, "It was %d days ago.", i + 2);
        ids[i] = say_at(episode, "2026-11-17T10:04Z", text);
    }
    epi_episode_close(episode);
    for (int i = 0; i < 50; i++) assert_int_equal(times_of(p, ids[i]), 1);
    place_check(p->memory);
}

static void only_so_many_times_of_a_step_are_kept(void **state) {
    place *p = *state;
    char text[4096] = "";
    for (int i = 0; i < 100; i++) strcat(text, "in 2019, ");
    uint64_t id = say(p, "2026-11-17T10:04Z", text);
    assert_int_equal(times_of(p, id), EPI_TIME_MENTION_COUNT_MAX);
    place_check(p->memory);
}

static void times_at_the_ends_of_the_calendar_are_kept_or_passed_over(void **state) {
    place *p = *state;
    (void)say(p, "0001-01-01T00:00Z", "It was yesterday, a century ago, in 1800, next year and tomorrow.");
    (void)say(p, "9999-12-31T23:59Z", "It was yesterday, in 2199, it will be next year and tomorrow.");
    place_check(p->memory);
}

static void a_space_without_a_language_tells_no_times(void **state) {
    place *p = *state;
    epi_space *plain = NULL;
    epi_schema schema = *epi_schema_conversation();
    epi_recollection *found = NULL;
    uint64_t id = 0;
    schema.language = "none";
    EXPECT(EPI_OK, epi_space_open(&plain, p->memory, "plain", &schema));
    EXPECT(EPI_OK, epi_remember_text(plain, "Ann", "We moved last Friday.", &id));
    EXPECT(EPI_OK, epi_step_read(&found, plain, id));
    assert_int_equal(epi_scene_step(epi_recollection_scene(found, 0), 0)->time_count, 0);
    epi_recollection_free(found);
    epi_space_close(plain);
}

static void a_removed_step_takes_its_times_along(void **state) {
    place *p = *state;
    uint64_t count = 0, id = say(p, "2026-11-17T10:04Z", "We moved last Friday, in 2026.");
    epi_filter filter = epi_filter_default();
    filter.steps = &id;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_remove(&count, p->space, &filter, false));
    assert_int_equal(count, 1);
    place_check(p->memory);
}

/* ---- cues -------------------------------------------------------------------------------------------------------- */

static epi_recollection *recall(place *p, const char *text, const char *now, const epi_recall_options *options) {
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    cue.text = text;
    if (now) cue.now = at(now, &cue.utc_offset_min);
    EXPECT(EPI_OK, epi_recall(&found, p->space, &cue, options));
    return found;
}

static double evidence_of(const epi_recollection *found, uint64_t step, const char *signal) {
    for (size_t i = 0; i < epi_recollection_hit_count(found); i++) {
        size_t count = 0;
        const epi_evidence *evidence = epi_recollection_evidence(&count, found, i);
        for (size_t e = 0; e < count && epi_recollection_hit(found, i)->step == step; e++)
            if (strcmp(evidence[e].signal, signal) == 0) return evidence[e].value;
    }
    return 0.0;
}

static void a_date_of_the_cue_finds_what_happened_then_and_what_tells_of_then(void **state) {
    place *p = *state;
    uint64_t then = say(p, "2026-05-05T10:00Z", "The kitchen was painted green.");
    uint64_t told = say(p, "2026-11-17T10:00Z", "Last May the cellar was dry.");
    uint64_t other = say(p, "2026-08-01T10:00Z", "The roof was mended.");
    epi_recollection *found = recall(p, "what happened in May?", "2026-11-20T10:00Z", NULL);
    assert_true(evidence_of(found, then, "time_fit") == 1.0);
    assert_true(evidence_of(found, told, "time_fit") == 1.0);
    assert_true(evidence_of(found, other, "time_fit") == 0.0);
    uint64_t first = epi_recollection_hit(found, 0)->step;
    assert_true(first == then || first == told);
    epi_recollection_free(found);
}

static void the_fit_is_the_share_of_a_time_that_lies_in_the_cues(void **state) {
    place *p = *state;
    uint64_t week = say(p, "2026-12-10T10:00Z", "The walnut was cut in November.");
    epi_recollection *found = recall(p, "the walnut on 14 November 2026", NULL, NULL);
    double fit = evidence_of(found, week, "time_fit");
    assert_true(fit > 1.0 / 31 && fit < 1.0 / 29); /* one day of thirty */
    epi_recollection_free(found);
}

static void a_day_of_the_cue_begins_where_it_is_asked(void **state) {
    place *p = *state;
    uint64_t late = say(p, "2026-11-17T23:30-08:00", "The walnut fell.");
    epi_recollection *found = recall(p, "the walnut yesterday", "2026-11-18T09:00-08:00", NULL);
    assert_true(evidence_of(found, late, "time_fit") == 1.0);
    epi_recollection_free(found);
    found = recall(p, "the walnut yesterday", "2026-11-18T09:00Z", NULL);
    assert_true(evidence_of(found, late, "time_fit") < 0.9); /* most of that day there was the next one here */
    epi_recollection_free(found);
}

static void a_season_to_come_is_asked_for_as_it_was(void **state) {
    place *p = *state;
    uint64_t spring = say(p, "2026-04-02T10:00Z", "We bought the red boat.");
    epi_recollection *found = recall(p, "in spring", "2026-11-20T10:00Z", NULL);
    assert_true(epi_recollection_hit_count(found) > 0);
    assert_int_equal(epi_recollection_hit(found, 0)->step, spring);
    epi_recollection_free(found);
}

static void a_hit_answers_when_with_the_words_that_say_it(void **state) {
    place *p = *state;
    epi_moment moment;
    uint64_t move = say(p, "2026-11-17T10:04Z", "We moved to Lisbon last Friday.");
    (void)say(p, "2026-11-17T10:05Z", "Lisbon is a city, and we moved the table.");
    epi_recall_options options = epi_recall_options_default();
    options.when = true;
    epi_recollection *found = recall(p, "we moved to Lisbon", NULL, &options);
    assert_int_equal(epi_recollection_hit(found, 0)->step, move);
    assert_true(evidence_of(found, move, "time") == 1.0);
    assert_true(epi_recollection_moment(&moment, found, 0));
    assert_int_equal(moment.step, move);
    assert_string_equal(moment.role, "text");
    assert_int_equal(moment.mention.from, 19);
    assert_int_equal(moment.mention.interval.from, at("2026-11-13T00:00Z", NULL));
    assert_true(epi_recollection_moment(&moment, found, 1)); /* nothing told: the day it was said on */
    assert_null(moment.role);
    assert_int_equal(moment.mention.to, 0);
    assert_int_equal(moment.mention.interval.from, at("2026-11-17T00:00Z", NULL));
    assert_int_equal(moment.mention.interval.to, at("2026-11-18T00:00Z", NULL));
    assert_false(epi_recollection_moment(&moment, found, 2));
    assert_false(epi_recollection_moment(&moment, NULL, 0));
    assert_false(epi_recollection_moment(NULL, found, 0));
    epi_recollection_free(found);
}

static void a_cue_from_nowhere_is_refused_and_one_from_never_is_not(void **state) {
    place *p = *state;
    (void)say(p, "2026-11-17T10:04Z", "We moved to Lisbon last Friday.");
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    cue.text = "yesterday, in spring and next year in Lisbon";
    cue.utc_offset_min = 1081;
    EXPECT(EPI_EINVAL, epi_recall(&found, p->space, &cue, NULL));
    assert_null(found);
    static const epi_time nows[] = {INT64_MIN + 1, EPI_TIME_MIN, EPI_TIME_MAX, INT64_MAX};
    cue.utc_offset_min = -1080;
    for (size_t i = 0; i < sizeof nows / sizeof *nows; i++) {
        cue.now = nows[i];
        EXPECT(EPI_OK, epi_recall(&found, p->space, &cue, NULL));
        epi_recollection_free(found);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        TEST(a_time_that_is_told_is_stored_as_it_was_meant_there),
        TEST(pending_steps_keep_what_they_tell),
        TEST(only_so_many_times_of_a_step_are_kept),
        TEST(times_at_the_ends_of_the_calendar_are_kept_or_passed_over),
        TEST(a_space_without_a_language_tells_no_times),
        TEST(a_removed_step_takes_its_times_along),
        TEST(a_date_of_the_cue_finds_what_happened_then_and_what_tells_of_then),
        TEST(the_fit_is_the_share_of_a_time_that_lies_in_the_cues),
        TEST(a_day_of_the_cue_begins_where_it_is_asked),
        TEST(a_season_to_come_is_asked_for_as_it_was),
        TEST(a_hit_answers_when_with_the_words_that_say_it),
        TEST(a_cue_from_nowhere_is_refused_and_one_from_never_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
