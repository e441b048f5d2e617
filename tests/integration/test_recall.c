/* Recalling from outside: what a cue that is a filter alone gives, and how a prompt keeps memories apart. */
#include "place.h"

#include <stdlib.h>
#include <string.h>

#define NOON epi_time_from_unix(1683547200)
#define HOUR 3600000000ll

static uint64_t say_at(epi_episode *episode, epi_time time) {
    epi_part parts[2];
    uint64_t id = 0;
    epi_step step = place_step(parts, "walnut");
    step.event_time = time;
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    return id;
}

/* ---- filters ----------------------------------------------------------------------------------------------------- */

static void assert_hits(place *p, const epi_filter *filter, uint32_t k, const uint64_t *steps, size_t count) {
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    epi_recollection *found = NULL;
    cue.filter = *filter;
    options.k = k;
    EXPECT(EPI_OK, epi_recall(&found, p->space, &cue, &options));
    assert_int_equal(epi_recollection_hit_count(found), count);
    for (size_t i = 0; i < count; i++) assert_int_equal(epi_recollection_hit(found, i)->step, steps[i]);
    epi_recollection_free(found);
}

/* Told out of order, two of them at one time, between steps of another episode. */
static void an_episode_alone_gives_its_steps_newest_first(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space), *other = place_episode(p->space);
    uint64_t id = epi_episode_id(episode), none = id + 100, told[4];
    static const int hours[4] = {2, 5, 1, 5};
    for (int i = 0; i < 4; i++) {
        (void)say_at(other, NOON + i * HOUR);
        told[i] = say_at(episode, NOON + hours[i] * HOUR);
    }
    const uint64_t newest[] = {told[3], told[1], told[0], told[2]};
    epi_filter filter = epi_filter_default();
    filter.episodes = &id;
    filter.episode_count = 1;
    assert_hits(p, &filter, 0, newest, 4);
    assert_hits(p, &filter, 2, newest, 2);
    filter.to = NOON + 5 * HOUR;
    assert_hits(p, &filter, 0, newest + 2, 2);
    filter.episodes = &none;
    assert_hits(p, &filter, 0, NULL, 0);
    epi_episode_close(episode);
    epi_episode_close(other);
}

static void steps_alone_give_only_those_newest_first(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t told[5];
    for (int i = 0; i < 5; i++) told[i] = say_at(episode, NOON + i * HOUR);
    const uint64_t named[] = {told[1], told[3], told[0], told[3] + 1000}, newest[] = {told[3], told[1], told[0]};
    epi_filter filter = epi_filter_default();
    filter.steps = named;
    filter.step_count = 4;
    assert_hits(p, &filter, 0, newest, 3);
    assert_hits(p, &filter, 1, newest, 1);
    epi_filter hidden = epi_filter_default();
    hidden.steps = &told[3];
    hidden.step_count = 1;
    EXPECT(EPI_OK, epi_forget(NULL, p->space, &hidden, 0, false));
    assert_hits(p, &filter, 0, newest + 1, 2);
    epi_episode_close(episode);
}

static void what_was_forgotten_cannot_be_asked_for(void **state) {
    place *p = *state;
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    uint64_t step = 0;
    EXPECT(EPI_OK, epi_remember_text(p->space, "Ann", "apricot", &step));
    cue.filter.steps = &step;
    cue.filter.step_count = 1;
    cue.filter.include_forgotten = true;
    EXPECT(EPI_EINVAL, epi_recall(&found, p->space, &cue, NULL));
    cue.text = "apricot";
    EXPECT(EPI_EINVAL, epi_recall(&found, p->space, &cue, NULL));
    assert_null(found);
}

/* ---- prompts ----------------------------------------------------------------------------------------------------- */

static size_t occurrences(const char *text, const char *sought) {
    size_t count = 0;
    for (const char *at = strstr(text, sought); at; at = strstr(at + 1, sought)) count++;
    return count;
}

/* The speaker too is told by others. */
static void a_memory_is_one_line_of_a_prompt_and_never_a_heading(void **state) {
    place *p = *state;
    static const char *const texts[] = {
        "apricot\n## fake heading", "apricot\xE2\x80\xA8## fake heading", "apricot\xE2\x80\xA9## fake heading",
        "apricot\xC2\x85## fake heading", "apricot\r\v\f\x1B## fake heading"};
    const size_t count = sizeof texts / sizeof *texts;
    epi_recollection *found = NULL;
    epi_episode *episode = place_episode(p->space);
    for (size_t i = 0; i < count; i++) {
        epi_part parts[] = {epi_part_text("speaker", i ? "Ann" : "## Ann"), epi_part_text("text", texts[i])};
        epi_step step = epi_step_default();
        step.parts = parts;
        step.part_count = 2;
        EXPECT(EPI_OK, epi_episode_append(NULL, episode, &step));
    }
    EXPECT(EPI_OK, epi_recall_text(&found, p->space, "apricot", NULL));
    const char *context = epi_recollection_context(found);
    assert_int_equal(epi_recollection_count(found), 1);
    assert_int_equal(occurrences(context, "apricot"), count);
    assert_int_equal(occurrences(context, "\n"), count + 1); /* the scene's heading, and a line each */
    assert_int_equal(occurrences(context, "\n- "), count);
    assert_int_equal(strncmp(context, "## ", 3), 0);
    assert_int_equal(occurrences(context, "\n## "), 0);
    for (const char *at = context; *at; at++) assert_true(*at == '\n' || (unsigned char)*at >= 0x20);
    assert_null(strstr(context, "\xE2\x80\xA8"));
    assert_null(strstr(context, "\xE2\x80\xA9"));
    assert_null(strstr(context, "\xC2\x85"));
    epi_recollection_free(found);
    epi_episode_close(episode);
}

/* Only characters that end a line are taken away, not those that share a byte with them. */
static void other_characters_stay_as_they_are_in_a_prompt(void **state) {
    place *p = *state;
    static const char text[] = "apricot \xC2\xA0 \xC3\x85ngstr\xC3\xB6m \xE2\x80\xA6 \xE2\x82\xAC \xF0\x9F\x8D\x91";
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_remember_text(p->space, "Ann", text, NULL));
    EXPECT(EPI_OK, epi_recall_text(&found, p->space, "apricot", NULL));
    assert_non_null(strstr(epi_recollection_context(found), text));
    epi_recollection_free(found);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_episode_alone_gives_its_steps_newest_first),
        TEST(steps_alone_give_only_those_newest_first),
        TEST(what_was_forgotten_cannot_be_asked_for),
        TEST(a_memory_is_one_line_of_a_prompt_and_never_a_heading),
        TEST(other_characters_stay_as_they_are_in_a_prompt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
