/* The recall profile that a space gets: by what its steps are, or as it was set. */
#include "place.h"

#include <stdio.h>
#include <string.h>

#define LONG_WORDS 60

static void say(epi_episode *episode, const char *speaker, const char *text) {
    epi_step step = epi_step_default();
    epi_part parts[2] = {epi_part_text("speaker", speaker), epi_part_text("text", text)};
    step.parts = parts;
    step.part_count = 2;
    EXPECT(EPI_OK, epi_episode_append(NULL, episode, &step));
}

/* Texts of `words` words that are no stop words, each its own. */
static void say_words(epi_episode *episode, const char *speaker, int words, int first, const char *end) {
    char text[2048];
    size_t at = 0;
    for (int i = 0; i < words; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%sstone%d", i ? " " : "", first + i);
    snprintf(text + at, sizeof text - at, "%s", end);
    say(episode, speaker, text);
}

static void fill(epi_space *space, const char *const speakers[2], const int words[2], const char *const ends[2]) {
    epi_episode *episode = place_episode(space);
    for (int i = 0; i < 20; i++) say_words(episode, speakers[i % 2], words[i % 2], i, ends[i % 2]);
    epi_episode_close(episode);
}

static void expect_kind(place *p, epi_profile_kind kind, const char *reason) {
    epi_space_stats stats = place_stats(p->space);
    assert_string_equal(epi_profile_name(kind), epi_profile_name(stats.profile));
    if (!strstr(stats.profile_reason, reason)) fail_msg("\"%s\" does not say \"%s\"", stats.profile_reason, reason);
}

static void a_small_space_counts_as_a_chat(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    expect_kind(p, EPI_PROFILE_CHAT, "too few");
    say_words(episode, "assistant", LONG_WORDS, 0, "");
    expect_kind(p, EPI_PROFILE_CHAT, "1 steps");
    epi_episode_close(episode);
}

static void people_who_ask_each_other_are_a_chat(void **state) {
    place *p = *state;
    fill(p->space, (const char *const[]){"Ann", "Ben"}, (const int[]){9, 7}, (const char *const[]){"?", "."});
    expect_kind(p, EPI_PROFILE_CHAT, "8 words a step, 50 % ask");
}

static void long_answers_of_an_assistant_are_its_log(void **state) {
    place *p = *state;
    fill(p->space, (const char *const[]){"Human", "gpt-4o"}, (const int[]){9, LONG_WORDS},
         (const char *const[]){"?", "."});
    expect_kind(p, EPI_PROFILE_ASSISTANT, "50 % of the steps are an assistant's, of 60 words");
    epi_space_stats stats = place_stats(p->space);
    assert_int_equal(10, stats.user_steps);
    assert_int_equal(10, stats.assistant_steps);
    assert_int_equal(10, stats.questions);
}

static void an_assistant_of_few_words_is_one_who_chats(void **state) {
    place *p = *state;
    fill(p->space, (const char *const[]){"user", "bot"}, (const int[]){9, 7}, (const char *const[]){"?", "."});
    expect_kind(p, EPI_PROFILE_CHAT, "8 words a step");
}

static void long_texts_of_anybody_are_documents(void **state) {
    place *p = *state;
    fill(p->space, (const char *const[]){"Ann", "Ben"}, (const int[]){LONG_WORDS, LONG_WORDS},
         (const char *const[]){".", "."});
    expect_kind(p, EPI_PROFILE_DOCUMENTS, "60 words a step");
}

static void short_reports_that_nobody_asked_for_are_events(void **state) {
    place *p = *state;
    fill(p->space, (const char *const[]){"door", "gate"}, (const int[]){4, 6}, (const char *const[]){"", "."});
    expect_kind(p, EPI_PROFILE_EVENTS, "0 % ask");
}

static void what_is_removed_is_counted_out(void **state) {
    place *p = *state;
    fill(p->space, (const char *const[]){"user", "assistant"}, (const int[]){9, LONG_WORDS},
         (const char *const[]){"?", "."});
    uint64_t episode = 0;
    epi_timeline *timeline = NULL;
    EXPECT(EPI_OK, epi_timeline_read(&timeline, p->space, EPI_TIME_NONE, EPI_TIME_NONE, 0));
    episode = epi_timeline_episode(timeline, 0)->id;
    epi_timeline_free(timeline);
    epi_filter filter = epi_filter_default();
    filter.episodes = &episode;
    filter.episode_count = 1;
    fill(p->space, (const char *const[]){"Ann", "Ben"}, (const int[]){9, 7}, (const char *const[]){"?", "."});
    EXPECT(EPI_OK, epi_purge(NULL, p->space, &filter));
    expect_kind(p, EPI_PROFILE_CHAT, "0 % are an assistant's");
    assert_int_equal(10, place_stats(p->space).questions);
    place_check(p->memory);
}

static void what_was_set_stays_until_it_is_chosen_again(void **state) {
    place *p = *state;
    EXPECT(EPI_EINVAL, epi_space_set_profile(p->space, (epi_profile_kind)99));
    EXPECT(EPI_OK, epi_space_set_profile(p->space, EPI_PROFILE_EVENTS));
    place_reopen(p);
    expect_kind(p, EPI_PROFILE_EVENTS, "set for this space");
    assert_true(place_stats(p->space).profile_set);
    place_check(p->memory);
    EXPECT(EPI_OK, epi_space_set_profile(p->space, EPI_PROFILE_AUTO));
    expect_kind(p, EPI_PROFILE_CHAT, "too few");
}

/* Whether any hit has evidence of the signal. */
static bool has_evidence(const epi_recollection *found, const char *signal) {
    for (size_t i = 0; i < epi_recollection_hit_count(found); i++) {
        size_t count = 0;
        const epi_evidence *evidence = epi_recollection_evidence(&count, found, i);
        for (size_t e = 0; e < count; e++)
            if (strcmp(evidence[e].signal, signal) == 0) return true;
    }
    return false;
}

static void recall_uses_the_profile_of_the_space_unless_it_is_given_one(void **state) {
    place *p = *state;
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    epi_recall_profile chat = epi_recall_profile_of(EPI_PROFILE_CHAT);
    fill(p->space, (const char *const[]){"user", "assistant"}, (const int[]){9, LONG_WORDS},
         (const char *const[]){"?", "."});
    cue.text = "stone8";
    EXPECT(EPI_OK, epi_recall(&found, p->space, &cue, &options));
    assert_true(has_evidence(found, "user"));
    assert_false(has_evidence(found, "question"));
    epi_recollection_free(found);
    options.profile = &chat;
    EXPECT(EPI_OK, epi_recall(&found, p->space, &cue, &options));
    assert_true(has_evidence(found, "question"));
    assert_false(has_evidence(found, "user"));
    epi_recollection_free(found);
}

static void the_user_is_found_before_an_assistant_who_says_the_same(void **state) {
    place *p = *state;
    epi_recollection *found = NULL;
    epi_recall_options options = epi_recall_options_default();
    epi_recall_profile profile = epi_recall_profile_of(EPI_PROFILE_ASSISTANT);
    epi_episode *episode = place_episode(p->space);
    say(episode, "assistant", "a violet harbour");
    say(episode, "user", "a violet harbour");
    options.profile = &profile;
    EXPECT(EPI_OK, epi_recall_text(&found, p->space, "violet harbour", &options));
    const epi_hit *first = epi_recollection_hit(found, 0);
    assert_int_equal(2, first->step);
    epi_recollection_free(found);
    epi_episode_close(episode);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_small_space_counts_as_a_chat),
        TEST(people_who_ask_each_other_are_a_chat),
        TEST(long_answers_of_an_assistant_are_its_log),
        TEST(an_assistant_of_few_words_is_one_who_chats),
        TEST(long_texts_of_anybody_are_documents),
        TEST(short_reports_that_nobody_asked_for_are_events),
        TEST(what_is_removed_is_counted_out),
        TEST(what_was_set_stays_until_it_is_chosen_again),
        TEST(recall_uses_the_profile_of_the_space_unless_it_is_given_one),
        TEST(the_user_is_found_before_an_assistant_who_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
