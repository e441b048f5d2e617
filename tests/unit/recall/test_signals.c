/* The signals of recall, one by one: in small talks where only one of them can tell two steps apart. */
#include "place.h"

#include <math.h>
#include <string.h>

#define SAID_MAX 16

static void say_all(uint64_t steps[SAID_MAX], epi_space *space, const char *const *texts) {
    epi_episode *episode = place_episode(space);
    for (size_t i = 0; texts[i]; i++) steps[i] = place_say(episode, texts[i]);
    epi_episode_close(episode);
}

/* A profile with the words alone, so that a test can add the one weight it is about. */
static epi_recall_profile words_alone(void) {
    epi_recall_profile profile = {
        .version = 1, .lexical = 1.0, .k1 = 1.0, .b = 0.1, .reach = 4.0, .recency_half_life_days = 30.0};
    return profile;
}

static epi_recollection *recall(epi_space *space, const char *text, const epi_recall_profile *profile) {
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    cue.text = text;
    options.profile = profile;
    EXPECT(EPI_OK, epi_recall(&found, space, &cue, &options));
    return found;
}

static size_t rank_of(const epi_recollection *found, uint64_t step) {
    for (size_t i = 0; i < epi_recollection_hit_count(found); i++)
        if (epi_recollection_hit(found, i)->step == step) return i;
    fail_msg("step %llu is not among the hits", (unsigned long long)step);
    return 0;
}

/* The evidence of a signal for a step; NULL when there is none. */
static const epi_evidence *evidence_of(const epi_recollection *found, uint64_t step, const char *signal) {
    size_t count = 0;
    const epi_evidence *evidence = epi_recollection_evidence(&count, found, rank_of(found, step));
    for (size_t i = 0; i < count; i++)
        if (strcmp(evidence[i].signal, signal) == 0) return &evidence[i];
    return NULL;
}

static double value_of(const epi_recollection *found, uint64_t step, const char *signal) {
    const epi_evidence *evidence = evidence_of(found, step, signal);
    return evidence ? evidence->value : 0.0;
}

static double weight_of(const epi_recollection *found, uint64_t step, const char *signal) {
    const epi_evidence *evidence = evidence_of(found, step, signal);
    return evidence ? evidence->weight : 0.0;
}

static void a_score_is_the_sum_of_its_evidence_to_the_last_bit(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX];
    const char *const texts[] = {"When did you buy the old piano?",
                                 "I bought it in March, at the harbour.",
                                 "The harbour market, was it?",
                                 "Yes, last spring; the piano stood in the rain.",
                                 "A piano in the rain!",
                                 "Harbour people are like that.",
                                 NULL};
    epi_recall_profile profile = epi_recall_profile_default();
    profile.crowd = -0.1;
    profile.several = -0.3;
    say_all(steps, p->space, texts);
    const char *const cues[] = {"When did Ann buy the piano?", "Which things stood in the rain?", "harbour"};
    for (size_t c = 0; c < 3; c++) {
        epi_recollection *found = recall(p->space, cues[c], &profile);
        assert_true(epi_recollection_hit_count(found) > 2);
        for (size_t i = 0; i < epi_recollection_hit_count(found); i++) {
            size_t count = 0;
            double sum = 0.0, score = epi_recollection_hit(found, i)->score;
            const epi_evidence *evidence = epi_recollection_evidence(&count, found, i);
            for (size_t e = 0; e < count; e++) {
                assert_true(evidence[e].contribution == evidence[e].value * evidence[e].weight);
                sum += evidence[e].contribution;
            }
            assert_true(sum == score);
            if (i > 0) assert_true(score <= epi_recollection_hit(found, i - 1)->score);
        }
        epi_recollection_free(found);
    }
}

static void words_around_a_step_count_once_at_their_nearest_place(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX];
    const char *const texts[] = {"walnut",  "nothing", "walnut or kettle", "nothing", "nothing",
                                 "nothing", "nothing", "nothing",          NULL};
    epi_recall_profile profile = words_alone();
    profile.context = 1.0;
    say_all(steps, p->space, texts);
    epi_recollection *found = recall(p->space, "walnut", &profile);
    assert_true(fabs(value_of(found, steps[0], "context") - 1.0) <
                1e-12); /* it is also two steps away: not counted again */
    assert_true(fabs(value_of(found, steps[1], "context") - 0.8) < 1e-12);
    assert_true(fabs(value_of(found, steps[2], "context") - 1.0) < 1e-12);
    assert_true(fabs(value_of(found, steps[4], "context") - 0.7) < 1e-12);
    assert_true(fabs(value_of(found, steps[5], "context") - 0.5) < 1e-12);
    assert_true(fabs(value_of(found, steps[6], "context") - 0.3) < 1e-12);
    assert_int_equal(epi_recollection_hit_count(found), 7); /* five steps away nothing is lent */
    epi_recollection_free(found);
}

static void a_forgotten_step_lends_no_words(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX];
    const char *const texts[] = {"walnut", "nothing", NULL};
    say_all(steps, p->space, texts);
    epi_filter filter = epi_filter_default();
    uint64_t count = 0;
    filter.steps = steps;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_forget(&count, p->space, &filter, 0, false));
    assert_int_equal(count, 1);
    assert_int_equal(place_recall(p->space, "walnut", NULL), 0);
}

static void a_step_behind_a_question_is_its_answer(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX];
    const char *const texts[] = {"I like the walnut.", "Lisbon, I think.", "And where is the walnut from?",
                                 "Porto, I think.", NULL};
    epi_recall_profile profile = words_alone();
    profile.answer = 1.0;
    say_all(steps, p->space, texts);
    epi_recollection *found = recall(p->space, "walnut", &profile);
    assert_true(value_of(found, steps[3], "answer") == 1.0);
    assert_true(rank_of(found, steps[3]) < rank_of(found, steps[1]));
    assert_true(value_of(found, steps[1], "answer") == 0.0);
    epi_recollection_free(found);
}

static void a_cue_that_asks_when_prefers_what_tells_a_time(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX];
    const char *const texts[] = {"I planted the walnut, in the garden", "I planted the walnut, last week", NULL};
    epi_recall_profile profile = words_alone();
    profile.time = 1.0;
    say_all(steps, p->space, texts);
    epi_recollection *found = recall(p->space, "When was the walnut planted?", &profile);
    assert_int_equal(rank_of(found, steps[1]), 0);
    assert_true(value_of(found, steps[1], "time") == 1.0);
    assert_true(value_of(found, steps[0], "time") == 0.0);
    epi_recollection_free(found);
    found = recall(p->space, "Why was the walnut planted?", &profile);
    assert_true(value_of(found, steps[1], "time") == 0.0);
    epi_recollection_free(found);
}

static void what_was_new_when_it_came_is_news(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX];
    const char *const texts[] = {"walnut trees in the garden", "walnut trees in the garden", "walnut from Lisbon",
                                 NULL};
    epi_recall_profile profile = words_alone();
    profile.news = 1.0;
    say_all(steps, p->space, texts);
    epi_recollection *found = recall(p->space, "walnut", &profile);
    assert_true(value_of(found, steps[0], "news") > value_of(found, steps[2], "news"));
    assert_true(value_of(found, steps[2], "news") > 0.0);
    assert_true(value_of(found, steps[1], "news") == 0.0);
    assert_int_equal(rank_of(found, steps[0]), 0);
    epi_recollection_free(found);
}

static void what_sealing_and_reopening_leave_is_no_news(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX];
    const char *const before[] = {"walnut trees in the garden", NULL}, *const after[] = {"the garden walnut trees",
                                                                                         NULL};
    epi_recall_profile profile = words_alone();
    profile.news = 1.0;
    say_all(steps, p->space, before);
    place_reopen(p);
    say_all(steps, p->space, after);
    epi_recollection *found = recall(p->space, "walnut", &profile);
    assert_true(value_of(found, steps[0], "news") == 0.0);
    epi_recollection_free(found);
    EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, NULL));
    place_reopen(p);
    say_all(steps, p->space, after);
    found = recall(p->space, "walnut", &profile);
    assert_true(value_of(found, steps[0], "news") == 0.0);
    epi_recollection_free(found);
}

static void the_first_step_of_an_episode_opens_it(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX];
    const char *const texts[] = {"the walnut", "the walnut", NULL};
    epi_recall_profile profile = words_alone();
    profile.opening = 1.0;
    say_all(steps, p->space, texts);
    epi_recollection *found = recall(p->space, "walnut", &profile);
    assert_true(value_of(found, steps[0], "opening") == 1.0);
    assert_true(value_of(found, steps[1], "opening") == 0.0);
    epi_recollection_free(found);
}

static void who_tells_of_themselves_and_of_what_happened_is_seen(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX];
    const char *const texts[] = {"My walnut is fine", "They painted the walnut", "The walnut needs water", NULL};
    epi_recall_profile profile = words_alone();
    profile.self = profile.past = 1.0;
    say_all(steps, p->space, texts);
    epi_recollection *found = recall(p->space, "walnut", &profile);
    assert_true(value_of(found, steps[0], "self") == 1.0 && value_of(found, steps[0], "past") == 0.0);
    assert_true(value_of(found, steps[1], "self") == 0.0 && value_of(found, steps[1], "past") == 1.0);
    assert_true(value_of(found, steps[2], "self") == 0.0 && value_of(found, steps[2], "past") == 0.0);
    epi_recollection_free(found);
}

static void a_cue_for_several_things_has_weights_of_its_own(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX];
    const char *const texts[] = {"I have walnut trees", NULL};
    epi_recall_profile profile = words_alone();
    profile.news = 0.25;
    profile.several_news = 0.5;
    say_all(steps, p->space, texts);
    epi_recollection *found = recall(p->space, "Which trees are walnut trees?", &profile);
    assert_true(weight_of(found, steps[0], "news") == 0.75);
    epi_recollection_free(found);
    found = recall(p->space, "Where is the walnut?", &profile);
    assert_true(weight_of(found, steps[0], "news") == 0.25);
    epi_recollection_free(found);
    found = recall(p->space, "What has the walnut seen?", &profile);
    assert_true(weight_of(found, steps[0], "news") == 0.75);
    epi_recollection_free(found);
}

static void an_irregular_word_is_found_in_all_its_forms(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX];
    const char *const texts[] = {"I bought a kettle", "the weather is fine", "she will buy bread", NULL};
    epi_recall_profile profile = words_alone();
    say_all(steps, p->space, texts);
    epi_recollection *found = recall(p->space, "buying", &profile);
    assert_int_equal(epi_recollection_hit_count(found), 2);
    assert_true(value_of(found, steps[0], "lexical") == value_of(found, steps[2], "lexical"));
    epi_recollection_free(found);
}

static void hits_of_one_episode_make_room_when_several_things_are_asked_for(void **state) {
    place *p = *state;
    uint64_t here[SAID_MAX], there[SAID_MAX];
    const char *const talk[] = {"the walnut trees", "old walnut trees", NULL};
    const char *const other[] = {"walnut and other things of which much was said", NULL};
    epi_recall_profile profile = words_alone();
    say_all(here, p->space, talk);
    say_all(there, p->space, other);
    epi_recollection *found = recall(p->space, "Which trees are walnut trees?", &profile);
    assert_int_equal(rank_of(found, there[0]), 2);
    epi_recollection_free(found);
    profile.several = -1.0;
    found = recall(p->space, "Which trees are walnut trees?", &profile);
    assert_int_equal(rank_of(found, there[0]), 1);
    assert_true(value_of(found, here[1], "several") + value_of(found, here[0], "several") == 1.0);
    epi_recollection_free(found);
    found = recall(p->space, "walnut trees", &profile);
    assert_int_equal(rank_of(found, there[0]), 2);
    epi_recollection_free(found);
}

static void a_hit_beside_a_better_one_is_lowered_by_crowd(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX];
    const char *const texts[] = {"walnut", "walnut", "nothing", "nothing", "walnut", NULL};
    epi_recall_profile profile = words_alone();
    profile.crowd = -0.25;
    say_all(steps, p->space, texts);
    epi_recollection *found = recall(p->space, "walnut", &profile);
    assert_int_equal(rank_of(found, steps[0]), 0);
    assert_int_equal(rank_of(found, steps[4]), 1);
    assert_int_equal(rank_of(found, steps[1]), 2);
    assert_true(value_of(found, steps[1], "crowd") == 1.0);
    epi_recollection_free(found);
}

static void rare_words_of_the_best_hits_lift_what_shares_them(void **state) {
    place *p = *state;
    uint64_t steps[SAID_MAX], filler[SAID_MAX];
    const char *const texts[] = {"the shelter at Quillhaven", "I painted the shelter",  "Quillhaven needs a shelter",
                                 "a shelter is a shelter",    "the shelter was closed", NULL};
    const char *const other[] = {"bread", "soup",  "rain", "wind", "snow", "boats", "mud",
                                 "grass", "stone", "milk", "salt", "tea",  "ink",   NULL};
    epi_recall_profile profile = words_alone();
    profile.hop = 1.0;
    say_all(steps, p->space, texts);
    say_all(filler, p->space, other);
    epi_recollection *found = recall(p->space, "shelter", &profile);
    assert_true(value_of(found, steps[0], "hop") > 0.0);
    assert_true(value_of(found, steps[2], "hop") > 0.0);
    assert_true(value_of(found, steps[1], "hop") == 0.0); /* no one else has "painted": its own vote does not count */
    assert_true(value_of(found, steps[4], "hop") == 0.0);
    epi_recollection_free(found);
}

static void a_profile_with_a_weight_out_of_range_is_refused(void **state) {
    place *p = *state;
    for (int i = 0; i < 4; i++) {
        epi_recollection *found = NULL;
        epi_cue cue = epi_cue_default();
        epi_recall_options options = epi_recall_options_default();
        epi_recall_profile profile = epi_recall_profile_default();
        if (i == 0) profile.crowd = 0.5;
        if (i == 1) profile.several = 0.5;
        if (i == 2) profile.context = (double)INFINITY;
        if (i == 3) profile.b = 1.5;
        cue.text = "walnut";
        options.profile = &profile;
        EXPECT(EPI_EINVAL, epi_recall(&found, p->space, &cue, &options));
        assert_null(found);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_score_is_the_sum_of_its_evidence_to_the_last_bit),
        TEST(words_around_a_step_count_once_at_their_nearest_place),
        TEST(a_forgotten_step_lends_no_words),
        TEST(a_step_behind_a_question_is_its_answer),
        TEST(a_cue_that_asks_when_prefers_what_tells_a_time),
        TEST(what_was_new_when_it_came_is_news),
        TEST(what_sealing_and_reopening_leave_is_no_news),
        TEST(the_first_step_of_an_episode_opens_it),
        TEST(who_tells_of_themselves_and_of_what_happened_is_seen),
        TEST(a_cue_for_several_things_has_weights_of_its_own),
        TEST(an_irregular_word_is_found_in_all_its_forms),
        TEST(hits_of_one_episode_make_room_when_several_things_are_asked_for),
        TEST(a_hit_beside_a_better_one_is_lowered_by_crowd),
        TEST(rare_words_of_the_best_hits_lift_what_shares_them),
        TEST(a_profile_with_a_weight_out_of_range_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
