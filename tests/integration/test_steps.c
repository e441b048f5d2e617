/* Episodes and steps from outside: appending, external ids, times, supersession, and the ways to go. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static epi_filter of_steps(const uint64_t *steps, size_t count) {
    epi_filter filter = epi_filter_default();
    filter.steps = steps;
    filter.step_count = count;
    return filter;
}

static epi_filter of_episode(const uint64_t *episode) {
    epi_filter filter = epi_filter_default();
    filter.episodes = episode;
    filter.episode_count = 1;
    return filter;
}

/* ---- episodes ---------------------------------------------------------------------------------------------------- */

static void an_episode_ends_and_goes_on_when_resumed(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space), *again = NULL;
    uint64_t id = epi_episode_id(episode), first = place_say(episode, "one");
    epi_part parts[2];
    epi_step step = place_step(parts, "late");
    epi_outcome outcome = epi_outcome_default();
    outcome.text = "it went well";
    outcome.reward = 2.5;
    outcome.has_reward = true;
    EXPECT(EPI_OK, epi_episode_end(episode, &outcome));
    EXPECT(EPI_EENDED, epi_episode_append(NULL, episode, &step));
    epi_timeline *timeline = NULL;
    EXPECT(EPI_OK, epi_timeline_read(&timeline, p->space, EPI_TIME_NONE, EPI_TIME_NONE, 0));
    assert_int_equal(epi_timeline_count(timeline), 1);
    const epi_episode_info *info = epi_timeline_episode(timeline, 0);
    assert_true(info->ended && info->has_reward);
    assert_string_equal(info->outcome, "it went well");
    epi_timeline_free(timeline);
    place_reopen(p);
    EXPECT(EPI_OK, epi_episode_resume(&again, p->space, id));
    uint64_t second = place_say(again, "two");
    assert_true(second > first);
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_episode_read(&found, p->space, id, 0, 0));
    assert_int_equal(epi_recollection_scene(found, 0)->step_count, 2);
    epi_recollection_free(found);
    epi_episode_close(again);
    epi_episode_close(episode);
    EXPECT(EPI_ENOTFOUND, epi_episode_resume(&again, p->space, id + 1));
    EXPECT(EPI_ENOTFOUND, epi_episode_resume(&again, p->space, 0));
}

static void an_external_id_begins_an_episode_once(void **state) {
    place *p = *state;
    epi_episode *first = NULL, *second = NULL;
    epi_episode_options options = epi_episode_options_default();
    const char *tags[] = {"home", "garden"};
    options.title = "Sunday";
    options.external_id = "day-1";
    options.tags = tags;
    options.tag_count = 2;
    options.metadata = "{\"k\":1}";
    EXPECT(EPI_OK, epi_episode_begin(&first, p->space, &options));
    EXPECT(EPI_OK, epi_episode_begin(&second, p->space, &options));
    assert_int_equal(epi_episode_id(first), epi_episode_id(second));
    epi_episode_close(second);
    options.title = "Monday";
    EXPECT(EPI_ECONFLICT, epi_episode_begin(&second, p->space, &options));
    assert_null(second);
    epi_episode_options bare = epi_episode_options_default();
    bare.external_id = "day-1";
    EXPECT(EPI_OK, epi_episode_begin(&second, p->space, &bare));
    assert_int_equal(epi_episode_id(first), epi_episode_id(second));
    epi_episode_close(second);
    epi_episode_close(first);
    assert_int_equal(place_stats(p->space).episodes, 1);
}

/* Two handles of one episode take their ids from ranges of their own; the order of the episode is that of appending. */
static void two_handles_of_an_episode_interleave_and_it_is_read_in_order(void **state) {
    place *p = *state;
    epi_episode *other = place_episode(p->space), *handles[2] = {place_episode(p->space), NULL};
    uint64_t id = epi_episode_id(handles[0]), steps[60];
    EXPECT(EPI_OK, epi_episode_resume(&handles[1], p->space, id));
    for (size_t i = 0; i < 60; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "n%zu", i);
        steps[i] = place_say(handles[i / 2 % 2], text);
        if (i % 5 == 0) (void)place_say(other, "between");
    }
    for (int round = 0; round < 2; round++, place_reopen(p)) {
        epi_recollection *found = NULL;
        EXPECT(EPI_OK, epi_episode_read(&found, p->space, id, 0, 0));
        const epi_scene *scene = epi_recollection_scene(found, 0);
        assert_int_equal(scene->step_count, 60);
        for (size_t i = 0; i < 60; i++) {
            assert_int_equal(epi_scene_step(scene, i)->id, steps[i]);
            assert_int_equal(epi_scene_step(scene, i)->index, i);
        }
        epi_recollection_free(found);
        if (round == 0) {
            epi_episode_close(other);
            epi_episode_close(handles[0]);
            epi_episode_close(handles[1]);
        }
    }
    place_check(p->memory);
}

static void remembering_keeps_to_one_episode_until_a_pause(void **state) {
    place *p = *state;
    uint64_t step = 0, episodes[4];
    static const int64_t minutes[4] = {0, 50, 100, 300};
    for (size_t i = 0; i < 4; i++) {
        epi_part parts[2];
        epi_step given = place_step(parts, "hello");
        given.event_time = epi_time_from_unix(1700000000 + minutes[i] * 60);
        EXPECT(EPI_OK, epi_remember(&step, &episodes[i], p->space, &given));
    }
    assert_true(episodes[0] == episodes[1] && episodes[1] == episodes[2] && episodes[2] != episodes[3]);
}

static void remembering_what_is_refused_or_known_begins_no_episode(void **state) {
    place *p = *state;
    epi_part parts[2];
    epi_step step = place_step(parts, "known");
    uint64_t first = 0, second = 0, episode = 0, episode_again = 0;
    step.external_id = "x-1";
    step.event_time = epi_time_from_unix(1700000000);
    EXPECT(EPI_OK, epi_remember(&first, &episode, p->space, &step));
    EXPECT(EPI_OK, epi_remember_text(p->space, "Ann", "hours later", NULL));
    epi_space_stats before = place_stats(p->space);
    EXPECT(EPI_OK, epi_remember(&second, &episode_again, p->space, &step));
    assert_int_equal(first, second);
    assert_int_equal(episode, episode_again);
    step.event_time = epi_time_from_unix(1800000000);
    EXPECT(EPI_ECONFLICT, epi_remember(NULL, NULL, p->space, &step));
    step.external_id = NULL;
    parts[1] = epi_part_text("text", "bad \xff");
    EXPECT(EPI_EUTF8, epi_remember(NULL, NULL, p->space, &step));
    parts[1] = epi_part_text("text", "corrects nothing");
    step.supersedes = 77;
    EXPECT(EPI_ENOTFOUND, epi_remember(NULL, NULL, p->space, &step));
    epi_space_stats after = place_stats(p->space);
    assert_memory_equal(&before, &after, sizeof after);
}

/* ---- external ids of steps --------------------------------------------------------------------------------------- */

static void an_external_id_is_idempotent_and_other_content_a_conflict(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    epi_part parts[2][2];
    uint64_t id = place_say_as(episode, "first", "a"), found = 0, ids[2] = {7, 7};
    assert_int_equal(place_say_as(episode, "first", "a"), id);
    epi_step step = place_step(parts[0], "other");
    step.external_id = "a";
    EXPECT(EPI_ECONFLICT, epi_episode_append(NULL, episode, &step));
    EXPECT(EPI_OK, epi_step_find(&found, p->space, "a"));
    assert_int_equal(found, id);
    EXPECT(EPI_ENOTFOUND, epi_step_find(&found, p->space, "b"));
    epi_step both[2] = {place_step(parts[0], "same"), place_step(parts[1], "same")};
    both[0].external_id = both[1].external_id = "b";
    EXPECT(EPI_OK, epi_episode_append_many(ids, episode, both, 2)); /* twice in one batch */
    assert_int_equal(ids[0], ids[1]);
    parts[1][1] = epi_part_text("text", "different");
    both[0].external_id = both[1].external_id = "c";
    EXPECT(EPI_ECONFLICT, epi_episode_append_many(ids, episode, both, 2));
    assert_true(ids[0] == 0 && ids[1] == 0);
    EXPECT(EPI_ENOTFOUND, epi_step_find(&found, p->space, "c")); /* all or none */
    assert_int_equal(place_stats(p->space).steps, 2);
    epi_episode_close(episode);
    place_check(p->memory);
}

static void a_removed_external_id_may_be_given_again_and_ids_never_are(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    epi_recollection *found = NULL;
    (void)place_say(episode, "stays");
    uint64_t first = place_say_as(episode, "goes", "x"), count = 0;
    epi_filter filter = of_steps(&first, 1);
    EXPECT(EPI_OK, epi_remove(&count, p->space, &filter, false));
    assert_int_equal(count, 1);
    EXPECT(EPI_ESTALE, epi_step_read(&found, p->space, first));
    epi_episode_close(episode);
    place_reopen(p);
    episode = place_episode(p->space);
    uint64_t second = place_say_as(episode, "goes", "x");
    assert_true(second > first);
    EXPECT(EPI_ENOTFOUND, epi_step_read(&found, p->space, second + 1));
    epi_episode_close(episode);
    place_check(p->memory);
}

/* ---- what a step carries ----------------------------------------------------------------------------------------- */

static void a_step_comes_back_as_it_was_given(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint8_t blob[3000];
    for (size_t i = 0; i < sizeof blob; i++) blob[i] = (uint8_t)(i * 7);
    epi_part parts[] = {epi_part_text("speaker", "Ann"), epi_part_text("text", ""),
                        epi_part_text("caption", "a \"caption\"\n"), epi_part_bytes("attachment", blob, sizeof blob)};
    const char *tags[] = {"red", "\xc3\xa9t\xc3\xa9"};
    epi_step step = epi_step_default();
    step.parts = parts;
    step.part_count = 4;
    step.event_time = epi_time_from_unix(1000);
    step.event_end = epi_time_from_unix(2000);
    step.utc_offset_min = -330;
    step.external_id = "ext";
    step.tags = tags;
    step.tag_count = 2;
    step.metadata = "{\"a\":[1,2]}";
    step.reward = -0.5;
    step.flags = EPI_STEP_TERMINATED | EPI_STEP_IMAGINED;
    uint64_t id = 0;
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    epi_episode_close(episode);
    place_reopen(p);
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_step_read(&found, p->space, id));
    const epi_scene *scene = epi_recollection_scene(found, 0);
    const epi_recalled_step *back = epi_scene_step(scene, 0);
    assert_int_equal(back->part_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const epi_recalled_part *part = epi_scene_part(scene, back, parts[i].role);
        assert_non_null(part);
        assert_int_equal(part->size, parts[i].size);
        assert_memory_equal(part->data, parts[i].data, part->size);
        assert_int_equal(part->provenance, EPI_STORED);
    }
    assert_true(back->event.from == step.event_time && back->event.to == step.event_end);
    assert_int_equal(back->event.utc_offset_min, -330);
    assert_string_equal(back->external_id, "ext");
    assert_string_equal(back->metadata, step.metadata);
    assert_int_equal(back->tag_count, 2);
    assert_string_equal(back->tags[1], tags[1]);
    assert_true(back->reward == -0.5);
    assert_int_equal(back->flags, step.flags);
    epi_recollection_free(found);
}

static void equal_values_are_stored_once_and_counted(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    char text[EPI_INLINE_SIZE_MAX + 2];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    uint64_t first = place_say(episode, text), second = place_say(episode, text);
    (void)place_say(episode, "short ones live in their row");
    epi_space_stats stats = place_stats(p->space);
    assert_int_equal(stats.components, 1);
    assert_int_equal(stats.shared, 1);
    assert_int_equal(stats.component_size, sizeof text - 1);
    epi_filter filter = of_steps(&first, 1);
    EXPECT(EPI_OK, epi_remove(NULL, p->space, &filter, false));
    stats = place_stats(p->space);
    assert_true(stats.components == 1 && stats.shared == 0);
    place_assert_text(p->space, second, text);
    filter = of_steps(&second, 1);
    EXPECT(EPI_OK, epi_remove(NULL, p->space, &filter, false));
    stats = place_stats(p->space);
    assert_true(stats.components == 0 && stats.component_size == 0);
    epi_episode_close(episode);
    place_check(p->memory);
}

/* ---- filters ----------------------------------------------------------------------------------------------------- */

static size_t matching(epi_space *space, const epi_filter *filter) {
    uint64_t count = 0;
    EXPECT(EPI_OK, epi_forget(&count, space, filter, 0, true));
    return (size_t)count;
}

static void filters_choose_by_time_tag_part_and_episode(void **state) {
    place *p = *state;
    epi_episode_options options = epi_episode_options_default();
    const char *episode_tags[] = {"trip"}, *step_tags[] = {"rain"}, *both[] = {"trip", "rain"};
    options.tags = episode_tags;
    options.tag_count = 1;
    epi_episode *episode = NULL;
    EXPECT(EPI_OK, epi_episode_begin(&episode, p->space, &options));
    for (int i = 0; i < 10; i++) {
        epi_part parts[2];
        epi_step step = place_step(parts, "x");
        if (i % 2) parts[0] = epi_part_text("speaker", "BEN");
        step.event_time = epi_time_from_unix(i * 10);
        step.event_end = epi_time_from_unix(i * 10 + 5);
        if (i == 3) step.tags = step_tags, step.tag_count = 1;
        EXPECT(EPI_OK, epi_episode_append(NULL, episode, &step));
    }
    epi_filter filter = epi_filter_default();
    filter.from = epi_time_from_unix(12);
    filter.to = epi_time_from_unix(30);
    assert_int_equal(matching(p->space, &filter), 2); /* [10, 15) and [20, 25) */
    filter.from = epi_time_from_unix(15);
    assert_int_equal(matching(p->space, &filter), 1);
    filter = epi_filter_default();
    filter.tags = both;
    filter.tag_count = 1;
    assert_int_equal(matching(p->space, &filter), 10);
    filter.tag_count = 2;
    assert_int_equal(matching(p->space, &filter), 1);
    filter = epi_filter_default();
    epi_part who = epi_part_text("speaker", "ben");
    filter.parts = &who;
    filter.part_count = 1;
    assert_int_equal(matching(p->space, &filter), 5);
    who = epi_part_text("nobody", "ben");
    EXPECT(EPI_EROLE, epi_forget(NULL, p->space, &filter, 0, true));
    filter = epi_filter_default();
    EXPECT(EPI_EINVAL, epi_forget(NULL, p->space, &filter, 0, true)); /* an empty filter is everything */
    EXPECT(EPI_EINVAL, epi_remove(NULL, p->space, &filter, false));
    uint64_t none = 0;
    filter = of_steps(&none, 0);
    assert_int_equal(matching(p->space, &filter), 0);
    epi_episode_close(episode);
}

/* ---- supersession ------------------------------------------------------------------------------------------------ */

static epi_time clock_now;
static epi_time tick(void *context) {
    (void)context;
    return clock_now;
}

static size_t hits_at(epi_space *space, epi_time as_of, epi_time valid_at, uint64_t *step) {
    epi_cue cue = epi_cue_default();
    epi_recollection *found = NULL;
    cue.text = "lives";
    cue.filter.as_of = as_of;
    cue.filter.valid_at = valid_at;
    EXPECT(EPI_OK, epi_recall(&found, space, &cue, NULL));
    size_t count = epi_recollection_hit_count(found);
    *step = count ? epi_recollection_hit(found, 0)->step : 0;
    epi_recollection_free(found);
    return count;
}

static void a_correction_hides_what_it_corrects_and_the_past_can_be_asked(void **state) {
    place *p = *state;
    place_close(p);
    p->options.now = tick;
    clock_now = epi_time_from_unix(100);
    place_open(p);
    epi_episode *episode = place_episode(p->space);
    epi_part parts[2];
    epi_step step = place_step(parts, "she lives in Oslo");
    uint64_t old = 0, new = 0, seen = 0;
    step.event_time = epi_time_from_unix(10);
    EXPECT(EPI_OK, epi_episode_append(&old, episode, &step));
    clock_now = epi_time_from_unix(200);
    step = place_step(parts, "she lives in Turin");
    step.event_time = epi_time_from_unix(50);
    step.supersedes = old;
    EXPECT(EPI_OK, epi_episode_append(&new, episode, &step));
    assert_int_equal(hits_at(p->space, EPI_TIME_NONE, EPI_TIME_NONE, &seen), 1);
    assert_int_equal(seen, new);
    assert_int_equal(hits_at(p->space, epi_time_from_unix(150), EPI_TIME_NONE, &seen), 1);
    assert_int_equal(seen, old); /* what was known at 150 */
    assert_int_equal(hits_at(p->space, EPI_TIME_NONE, epi_time_from_unix(30), &seen), 1);
    assert_int_equal(seen, old); /* what was so at 30 */
    assert_int_equal(hits_at(p->space, EPI_TIME_NONE, epi_time_from_unix(50), &seen), 1);
    assert_int_equal(seen, new);
    epi_filter filter = of_steps(&new, 1);
    EXPECT(EPI_OK, epi_remove(NULL, p->space, &filter, false));
    assert_int_equal(hits_at(p->space, EPI_TIME_NONE, EPI_TIME_NONE, &seen), 1);
    assert_int_equal(seen, old); /* without its correction it counts again */
    assert_int_equal(place_stats(p->space).superseded, 0);
    step.supersedes = new;
    EXPECT(EPI_ESTALE, epi_episode_append(NULL, episode, &step));
    step.supersedes = new + 10;
    EXPECT(EPI_ENOTFOUND, epi_episode_append(NULL, episode, &step));
    epi_episode_close(episode);
    place_check(p->memory);
}

static void of_two_corrections_the_older_counts_when_the_newer_is_removed(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t steps[3];
    epi_part parts[2];
    for (int i = 0; i < 3; i++) {
        epi_step step = place_step(parts, "the code");
        step.supersedes = i ? steps[0] : 0;
        EXPECT(EPI_OK, epi_episode_append(&steps[i], episode, &step));
    }
    epi_filter filter = of_steps(&steps[2], 1);
    EXPECT(EPI_OK, epi_remove(NULL, p->space, &filter, false));
    assert_false(place_finds(p->space, "code", steps[0]));
    assert_true(place_finds(p->space, "code", steps[1]));
    assert_int_equal(place_stats(p->space).superseded, 1);
    filter = of_steps(&steps[1], 1);
    EXPECT(EPI_OK, epi_remove(NULL, p->space, &filter, false));
    assert_true(place_finds(p->space, "code", steps[0]));
    assert_int_equal(place_stats(p->space).superseded, 0);
    epi_episode_close(episode);
    place_check(p->memory);
}

/* ---- the ways to go ---------------------------------------------------------------------------------------------- */

static void what_is_forgotten_is_hidden_until_it_is_restored(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t id = epi_episode_id(episode), count = 0, steps[4];
    for (int i = 0; i < 4; i++) steps[i] = place_say(episode, "apricot");
    epi_filter filter = of_steps(steps, 2);
    EXPECT(EPI_OK, epi_forget(&count, p->space, &filter, 0, true));
    assert_int_equal(count, 2);
    assert_int_equal(place_recall(p->space, "apricot", NULL), 4);
    EXPECT(EPI_OK, epi_forget(&count, p->space, &filter, 0, false));
    assert_int_equal(count, 2);
    assert_int_equal(place_recall(p->space, "apricot", NULL), 2);
    assert_int_equal(place_stats(p->space).forgotten, 2);
    EXPECT(EPI_OK, epi_forget(&count, p->space, &filter, 0, false));
    assert_int_equal(count, 0); /* hidden already */
    place_reopen(p);
    assert_int_equal(place_recall(p->space, "apricot", NULL), 2);
    filter = of_episode(&id);
    EXPECT(EPI_OK, epi_restore(&count, p->space, &filter));
    assert_int_equal(count, 2);
    assert_int_equal(place_recall(p->space, "apricot", NULL), 4);
    EXPECT(EPI_OK, epi_forget(NULL, p->space, &filter, UINT32_MAX, false)); /* kept for longer than time itself */
    EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, NULL));
    assert_int_equal(place_stats(p->space).forgotten, 4);
    epi_episode_close(episode);
    place_check(p->memory);
}

static void what_was_forgotten_expires(void **state) {
    place *p = *state;
    place_close(p);
    p->options.now = tick;
    clock_now = epi_time_from_unix(1000000);
    place_open(p);
    uint64_t step = 0, kept = 0;
    EXPECT(EPI_OK, epi_remember_text(p->space, "Ann", "apricot", &step));
    EXPECT(EPI_OK, epi_remember_text(p->space, "Ann", "apricot", &kept));
    epi_filter filter = of_steps(&step, 1);
    epi_upkeep_report report;
    EXPECT(EPI_OK, epi_forget(NULL, p->space, &filter, 1, false));
    EXPECT(EPI_OK, epi_space_upkeep(&report, p->space, NULL));
    assert_int_equal(report.expired, 0);
    clock_now += 86400ll * 1000000;
    EXPECT(EPI_OK, epi_space_upkeep(&report, p->space, NULL));
    assert_int_equal(report.expired, 1);
    assert_int_equal(place_stats(p->space).steps, 1);
    assert_true(place_finds(p->space, "apricot", kept));
    place_check(p->memory);
}

/* Between its purge time and the upkeep that removes it, too. */
static void what_is_past_its_purge_time_is_not_restored(void **state) {
    place *p = *state;
    place_close(p);
    p->options.now = tick;
    clock_now = epi_time_from_unix(1000000);
    place_open(p);
    uint64_t steps[2] = {0}, count = 0;
    for (int i = 0; i < 2; i++) EXPECT(EPI_OK, epi_remember_text(p->space, "Ann", "apricot", &steps[i]));
    epi_filter first = of_steps(&steps[0], 1), second = of_steps(&steps[1], 1), both = of_steps(steps, 2);
    EXPECT(EPI_OK, epi_forget(NULL, p->space, &first, 1, false));
    EXPECT(EPI_OK, epi_forget(NULL, p->space, &second, 2, false));
    clock_now += 86400ll * 1000000;
    EXPECT(EPI_OK, epi_restore(&count, p->space, &first));
    assert_int_equal(count, 0);
    assert_int_equal(place_stats(p->space).forgotten, 2);
    EXPECT(EPI_OK, epi_restore(&count, p->space, &both));
    assert_int_equal(count, 1);
    assert_false(place_finds(p->space, "apricot", steps[0]));
    assert_true(place_finds(p->space, "apricot", steps[1]));
    place_check(p->memory);
}

static void removing_leaves_no_trace_in_any_table(void **state) {
    place *p = *state;
    for (int sealed = 0; sealed < 2; sealed++) {
        epi_episode *episode = place_episode(p->space);
        uint64_t id = epi_episode_id(episode), count = 0;
        char text[64];
        for (int i = 0; i < 30; i++) {
            (void)snprintf(text, sizeof text, "shared words and word%dx", i);
            (void)place_say(episode, text);
        }
        if (sealed) EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, NULL));
        epi_filter filter = of_episode(&id);
        EXPECT(EPI_OK, epi_remove(&count, p->space, &filter, true));
        assert_int_equal(count, 30);
        EXPECT(EPI_OK, epi_remove(&count, p->space, &filter, false));
        assert_int_equal(count, 30);
        epi_space_stats stats = place_stats(p->space);
        assert_true(stats.steps == 0 && stats.episodes == 0 && stats.terms == 0 && stats.words == 0 &&
                    stats.vectors == 0 && stats.unsealed == 0 && stats.components == 0 && stats.indexed == 0);
        assert_true(stats.first_event == EPI_TIME_NONE && stats.last_event == EPI_TIME_NONE);
        assert_int_equal(place_recall(p->space, "shared", NULL), 0);
        EXPECT(EPI_ESTALE, epi_episode_end(episode, NULL));
        epi_episode_close(episode);
        place_check(p->memory);
    }
}

/* A caller's clock may say anything; EPI_TIME_NONE would be "never forgotten". */
static void a_clock_that_leaves_the_years_is_held_at_their_ends(void **state) {
    place *p = *state;
    const epi_time odd[] = {EPI_TIME_NONE, INT64_MIN + 1, INT64_MAX};
    place_close(p);
    p->options.now = tick;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        uint64_t step = 0, count = 0;
        clock_now = odd[i];
        place_open(p);
        EXPECT(EPI_OK, epi_remember_text(p->space, "Ann", "apricot", &step));
        epi_filter filter = of_steps(&step, 1);
        EXPECT(EPI_OK, epi_forget(&count, p->space, &filter, 1, false));
        assert_int_equal(count, 1);
        assert_int_equal(place_stats(p->space).forgotten, i + 1);
        assert_false(place_finds(p->space, "apricot", step));
        place_check(p->memory);
        place_close(p);
    }
    place_open(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_episode_ends_and_goes_on_when_resumed),
        TEST(an_external_id_begins_an_episode_once),
        TEST(two_handles_of_an_episode_interleave_and_it_is_read_in_order),
        TEST(remembering_keeps_to_one_episode_until_a_pause),
        TEST(remembering_what_is_refused_or_known_begins_no_episode),
        TEST(an_external_id_is_idempotent_and_other_content_a_conflict),
        TEST(a_removed_external_id_may_be_given_again_and_ids_never_are),
        TEST(a_step_comes_back_as_it_was_given),
        TEST(equal_values_are_stored_once_and_counted),
        TEST(filters_choose_by_time_tag_part_and_episode),
        TEST(a_correction_hides_what_it_corrects_and_the_past_can_be_asked),
        TEST(of_two_corrections_the_older_counts_when_the_newer_is_removed),
        TEST(what_is_forgotten_is_hidden_until_it_is_restored),
        TEST(what_was_forgotten_expires),
        TEST(what_is_past_its_purge_time_is_not_restored),
        TEST(removing_leaves_no_trace_in_any_table),
        TEST(a_clock_that_leaves_the_years_is_held_at_their_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
