/* Episodes remembered in one call: begun, gone on with and ended, with all their steps or nothing. */
#include "place.h"

#include <string.h>

/* An episode of some steps, and what they point to. */
typedef struct story {
    epi_episode_options options;
    epi_part parts[4][2];
    epi_step steps[4];
    epi_experience experience;
} story;

static void tell(story *s, const char *external_id, const char *const *texts, size_t count) {
    *s = (story){.options = epi_episode_options_default(), .experience = epi_experience_default()};
    s->options.external_id = external_id;
    for (size_t i = 0; i < count; i++) s->steps[i] = place_step(s->parts[i], texts[i]);
    s->experience.begin = &s->options;
    s->experience.steps = s->steps;
    s->experience.step_count = count;
}

static size_t step_count(epi_space *space, uint64_t episode) {
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_episode_read(&found, space, episode, 0, 0));
    size_t count = epi_recollection_scene(found, 0)->step_count;
    epi_recollection_free(found);
    return count;
}

static void episodes_are_begun_filled_and_ended(void **state) {
    place *p = *state;
    story spring, summer;
    uint64_t ids[3], episodes[2];
    epi_outcome outcome = epi_outcome_default();
    tell(&spring, "spring", (const char *const[]){"We sowed beans.", "They grew."}, 2);
    tell(&summer, NULL, (const char *const[]){"We ate them."}, 1);
    outcome.text = "a good year";
    spring.experience.outcome = &outcome;
    const epi_experience both[] = {spring.experience, summer.experience};
    EXPECT(EPI_OK, epi_remember_many(ids, episodes, p->space, both, 2));
    assert_true(ids[0] < ids[1] && ids[1] < ids[2]);
    assert_int_not_equal(episodes[0], episodes[1]);
    place_assert_text(p->space, ids[1], "They grew.");
    place_assert_text(p->space, ids[2], "We ate them.");
    epi_timeline *timeline = NULL;
    EXPECT(EPI_OK, epi_timeline_read(&timeline, p->space, EPI_TIME_NONE, EPI_TIME_NONE, 0));
    for (size_t i = 0; i < epi_timeline_count(timeline); i++) {
        const epi_episode_info *info = epi_timeline_episode(timeline, i);
        assert_int_equal(info->ended, info->id == episodes[0]);
        assert_int_equal(info->step_count, info->id == episodes[0] ? 2 : 1);
    }
    epi_timeline_free(timeline);
    assert_true(place_finds(p->space, "beans", ids[0]));
    place_check(p->memory);
}

static void an_episode_goes_on_by_its_id_or_its_external_id(void **state) {
    place *p = *state;
    story first, second, third;
    uint64_t ids[2], episodes[2], begun = 0;
    epi_outcome outcome = epi_outcome_default();
    tell(&first, "garden", (const char *const[]){"one"}, 1);
    first.experience.outcome = &outcome;
    EXPECT(EPI_OK, epi_remember_many(NULL, &begun, p->space, &first.experience, 1));
    tell(&second, "garden", (const char *const[]){"two"}, 1);
    tell(&third, NULL, (const char *const[]){"three"}, 1);
    third.experience.begin = NULL;
    third.experience.episode = begun; /* which has ended */
    const epi_experience more[] = {second.experience, third.experience};
    EXPECT(EPI_OK, epi_remember_many(ids, episodes, p->space, more, 2));
    assert_true(episodes[0] == begun && episodes[1] == begun);
    assert_int_equal(step_count(p->space, begun), 3);
    assert_int_equal(place_stats(p->space).episodes, 1);
    third.experience.episode = begun + 1;
    EXPECT(EPI_ENOTFOUND, epi_remember_many(NULL, NULL, p->space, &third.experience, 1));
    place_check(p->memory);
}

static void all_of_it_is_stored_or_nothing(void **state) {
    place *p = *state;
    story good, bad;
    uint64_t ids[2] = {7, 7}, episodes[2] = {7, 7};
    epi_episode *episode = place_episode(p->space);
    (void)place_say_as(episode, "what is there", "taken");
    epi_space_stats before = place_stats(p->space);
    tell(&good, NULL, (const char *const[]){"fine"}, 1);
    tell(&bad, NULL, (const char *const[]){"something else"}, 1);
    bad.steps[0].external_id = "taken";
    const epi_experience both[] = {good.experience, bad.experience};
    EXPECT(EPI_ECONFLICT, epi_remember_many(ids, episodes, p->space, both, 2));
    assert_true(ids[0] == 0 && ids[1] == 0 && episodes[0] == 0 && episodes[1] == 0);
    epi_space_stats after = place_stats(p->space);
    assert_int_equal(after.steps, before.steps);
    assert_int_equal(after.episodes, before.episodes);
    epi_episode_close(episode);
    place_check(p->memory);
}

static void what_is_there_already_is_found_again(void **state) {
    place *p = *state;
    story s;
    uint64_t first[2], again[2], episodes[2];
    tell(&s, "day", (const char *const[]){"morning", "evening"}, 2);
    s.steps[0].external_id = "a";
    s.steps[1].external_id = "b";
    s.steps[0].event_time = s.steps[1].event_time = epi_time_from_unix(1700000000);
    EXPECT(EPI_OK, epi_remember_many(first, &episodes[0], p->space, &s.experience, 1));
    EXPECT(EPI_OK, epi_remember_many(again, &episodes[1], p->space, &s.experience, 1));
    assert_memory_equal(first, again, sizeof first);
    assert_int_equal(episodes[0], episodes[1]);
    assert_int_equal(step_count(p->space, episodes[0]), 2);
    s.options.title = "another title";
    EXPECT(EPI_ECONFLICT, epi_remember_many(NULL, NULL, p->space, &s.experience, 1));
}

static void it_is_durable_under_every_policy_and_comes_after_what_was_pending(void **state) {
    place *p = *state;
    story s;
    uint64_t ids[1], episode_id = 0;
    place_close(p);
    p->options.sync = EPI_SYNC_MANUAL;
    place_open(p);
    epi_episode *episode = place_episode(p->space);
    uint64_t pending = place_say(episode, "before");
    tell(&s, NULL, (const char *const[]){"after"}, 1);
    s.experience.begin = NULL;
    s.experience.episode = epi_episode_id(episode);
    EXPECT(EPI_OK, epi_remember_many(ids, &episode_id, p->space, &s.experience, 1));
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_episode_read(&found, p->space, episode_id, 0, 0));
    const epi_scene *scene = epi_recollection_scene(found, 0);
    assert_int_equal(scene->step_count, 2);
    assert_int_equal(epi_scene_step(scene, 0)->id, pending);
    assert_int_equal(epi_scene_step(scene, 1)->id, ids[0]);
    epi_recollection_free(found);
    epi_episode_close(episode);
}

static void what_is_malformed_is_refused_before_anything_is_written(void **state) {
    place *p = *state;
    story s;
    uint64_t id = 1;
    tell(&s, NULL, (const char *const[]){"words"}, 1);
    EXPECT(EPI_OK, epi_remember_many(NULL, NULL, p->space, NULL, 0));
    EXPECT(EPI_EINVAL, epi_remember_many(NULL, NULL, p->space, NULL, 1));
    epi_experience wrong = s.experience;
    wrong.version = 9;
    EXPECT(EPI_EINVAL, epi_remember_many(&id, NULL, p->space, &wrong, 1));
    wrong = s.experience;
    wrong.episode = 1;
    EXPECT(EPI_EINVAL, epi_remember_many(NULL, NULL, p->space, &wrong, 1));
    wrong = s.experience;
    wrong.steps = NULL;
    EXPECT(EPI_EINVAL, epi_remember_many(NULL, NULL, p->space, &wrong, 1));
    EXPECT(EPI_ELIMIT, epi_remember_many(NULL, NULL, p->space, &s.experience, EPI_APPEND_COUNT_MAX + 1u));
    s.options.external_id = "";
    EXPECT(EPI_EINVAL, epi_remember_many(NULL, NULL, p->space, &s.experience, 1));
    s.options.external_id = NULL;
    s.parts[0][1] = epi_part_text("colour", "red");
    EXPECT(EPI_EROLE, epi_remember_many(NULL, NULL, p->space, &s.experience, 1));
    assert_int_equal(place_stats(p->space).episodes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(episodes_are_begun_filled_and_ended),
        TEST(an_episode_goes_on_by_its_id_or_its_external_id),
        TEST(all_of_it_is_stored_or_nothing),
        TEST(what_is_there_already_is_found_again),
        TEST(it_is_durable_under_every_policy_and_comes_after_what_was_pending),
        TEST(what_is_malformed_is_refused_before_anything_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
