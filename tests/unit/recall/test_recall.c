/* Tests of recalling: what a score is made of, which steps a scene shows, what a filter lets through, how much fits
 * into a context.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "place.h"
#include "quick.h"

#define DAY 86400000000ll
#define NOON epi_time_from_unix(1683547200) /* 8 May 2023, 12:00 */

/* ---- saying and asking ------------------------------------------------------------------------------------------- */

typedef struct told {
    const char *who, *what;
    epi_time from, to;
    const char *tag;
    uint64_t supersedes;
} told;

static uint64_t tell(epi_episode *episode, told t) {
    epi_part parts[2];
    epi_step step = place_step(parts, t.what);
    uint64_t id = 0;
    if (t.who) parts[0] = epi_part_text("speaker", t.who);
    step.event_time = t.from ? t.from : NOON;
    step.event_end = t.to ? t.to : EPI_TIME_NONE;
    step.tags = &t.tag;
    step.tag_count = t.tag ? 1 : 0;
    step.supersedes = t.supersedes;
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    return id;
}

static epi_recollection *ask(place *p, const epi_cue *cue, uint32_t k, uint32_t margin) {
    epi_recollection *found = NULL;
    epi_recall_options options = epi_recall_options_default();
    options.k = k;
    options.scene_margin = margin;
    EXPECT(EPI_OK, epi_recall(&found, p->space, cue, &options));
    return found;
}

static epi_cue cue_of(const char *text) {
    epi_cue cue = epi_cue_default();
    cue.text = text;
    return cue;
}

/* Fails unless the hits are these steps, in any order; ends with 0. */
static void assert_hits(place *p, const epi_cue *cue, const uint64_t *steps, size_t count) {
    epi_recollection *found = ask(p, cue, 100, 0);
    size_t hits = epi_recollection_hit_count(found);
    for (size_t i = 0; i < count; i++) {
        bool there = false;
        for (size_t h = 0; h < hits; h++) there = there || epi_recollection_hit(found, h)->step == steps[i];
        if (!there) fail_msg("step %llu was not found", (unsigned long long)steps[i]);
    }
    assert_int_equal(hits, count);
    epi_recollection_free(found);
}
#define ASSERT_HITS(p, cue, ...) \
    assert_hits(p, cue, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* ---- scores ------------------------------------------------------------------------------------------------------ */

static void fill_with_fruit(place *p) {
    static const char *const fruit[] = {"apple", "pear", "plum", "fig", "grape", "melon", "cherry", "lemon"};
    epi__random random = epi__random_seed(61);
    char text[256];
    for (int e = 0; e < 6; e++) {
        epi_episode *episode = place_episode(p->space);
        for (int i = 0; i < 25; i++) {
            size_t size = 0;
            for (uint64_t words = 1 + epi__random_below(&random, 6); words > 0; words--)
                size += (size_t)snprintf(text + size, sizeof text - size, "%s ", fruit[epi__random_below(&random, 8)]);
            if (i % 7 == 0) (void)snprintf(text + size, sizeof text - size, "?");
            (void)tell(episode, (told){i % 2 ? "Ann" : "Ben", text, NOON + (e * 25 + i) * DAY, 0, NULL, 0});
        }
        epi_episode_close(episode);
    }
}

static void what_nobody_reads_is_not_rendered(void **state) {
    place *p = *state;
    epi_recollection *found = NULL;
    epi_recall_options options = epi_recall_options_default();
    size_t count = 1;
    epi_episode *episode = place_episode(p->space);
    place_say(episode, "the kiln stands behind the shed");
    epi_episode_close(episode);
    options.token_budget = EPI_NO_TEXT;
    EXPECT(EPI_OK, epi_recall_text(&found, p->space, "where is the kiln?", &options));
    assert_int_equal(epi_recollection_hit_count(found), 1);
    const epi_scene *scene = epi_recollection_scene(found, 0);
    const epi_recalled_part *said = epi_scene_part(scene, epi_scene_step(scene, 0), "text");
    assert_string_equal(said->data, "the kiln stands behind the shed");
    assert_string_equal(scene->text, "");
    assert_string_equal(epi_recollection_context(found), "");
    (void)epi_recollection_context_steps(&count, found);
    assert_int_equal(count, 0);
    epi_recollection_free(found);
    options.token_budget = EPI_NO_TEXT - 1;
    EXPECT(EPI_ELIMIT, epi_recall_text(&found, p->space, "kiln", &options));
}

static void a_score_is_the_sum_of_its_evidence_in_order_to_the_bit(void **state) {
    static const char *const cues[] = {"apple", "did Ann eat a plum and a fig?", "grape melon cherry lemon",
                                       "pear Ben"};
    place *p = *state;
    fill_with_fruit(p);
    for (size_t c = 0; c < EPI__COUNT(cues); c++) {
        epi_cue cue = cue_of(cues[c]);
        epi_recollection *found = ask(p, &cue, 50, 1);
        assert_true(epi_recollection_hit_count(found) > 5);
        double before = 1e9;
        for (size_t h = 0; h < epi_recollection_hit_count(found); h++) {
            size_t count = 0;
            double sum = 0.0;
            const epi_hit *hit = epi_recollection_hit(found, h);
            const epi_evidence *evidence = epi_recollection_evidence(&count, found, h);
            for (size_t i = 0; i < count; i++) {
                assert_true(evidence[i].contribution == evidence[i].value * evidence[i].weight);
                assert_true(evidence[i].value > 0.0 && evidence[i].value <= 1.0);
                sum += evidence[i].contribution;
            }
            assert_true(sum == hit->score);
            assert_true(hit->score <= before);
            before = hit->score;
        }
        epi_recollection_free(found);
    }
}

static void the_same_cue_gives_the_same_answer(void **state) {
    place *p = *state;
    fill_with_fruit(p);
    epi_cue cue = cue_of("apple and plum");
    epi_recollection *first = ask(p, &cue, 20, 1), *second = ask(p, &cue, 20, 1);
    assert_string_equal(epi_recollection_context(first), epi_recollection_context(second));
    epi_recollection_free(second);
    place_reopen(p);
    second = ask(p, &cue, 20, 1);
    assert_string_equal(epi_recollection_context(first), epi_recollection_context(second));
    epi_recollection_free(first);
    epi_recollection_free(second);
}

static void k_is_at_least_one_and_at_most_its_limit(void **state) {
    place *p = *state;
    fill_with_fruit(p);
    epi_cue cue = cue_of("apple");
    epi_recollection *found = NULL;
    epi_recall_options options = epi_recall_options_default();
    static const uint32_t ks[] = {1, 2, EPI_K_DEFAULT, EPI_K_MAX};
    for (size_t i = 0; i < EPI__COUNT(ks); i++) {
        found = ask(p, &cue, ks[i], 0);
        assert_true(epi_recollection_hit_count(found) <= ks[i]);
        if (i < 3) assert_int_equal(epi_recollection_hit_count(found), ks[i]);
        epi_recollection_free(found);
    }
    options.k = EPI_K_MAX + 1;
    EXPECT(EPI_ELIMIT, epi_recall(&found, p->space, &cue, &options));
    assert_null(found);
}

static void an_empty_space_answers_with_nothing(void **state) {
    place *p = *state;
    epi_cue cue = cue_of("apple");
    cue.filter.from = 0;
    for (int i = 0; i < 2; i++) {
        epi_recollection *found = ask(p, &cue, 10, 1);
        assert_int_equal(epi_recollection_hit_count(found) + epi_recollection_count(found), 0);
        assert_string_equal(epi_recollection_context(found), "");
        assert_null(epi_recollection_hit(found, 0));
        assert_null(epi_recollection_scene(found, 0));
        epi_recollection_free(found);
        cue.text = NULL;
    }
    epi_recollection *found = NULL;
    cue = epi_cue_default();
    EXPECT(EPI_EINVAL, epi_recall(&found, p->space, &cue, NULL));
}

/* ---- scenes ------------------------------------------------------------------------------------------------------ */

static epi_episode *twelve_steps(place *p, uint64_t steps[12], size_t first_hit, size_t second_hit) {
    epi_episode *episode = place_episode(p->space);
    for (size_t i = 0; i < 12; i++) {
        bool hit = i == first_hit || i == second_hit;
        steps[i] = tell(episode, (told){"Ann", hit ? "walnut" : "nothing at all", 0, 0, NULL, 0});
    }
    return episode;
}

static epi_recollection *ask_profile(place *p, const char *text, uint32_t k, uint32_t margin) {
    epi_recall_profile profile = epi_recall_profile_default();
    epi_recall_options options = epi_recall_options_default();
    epi_recollection *found = NULL;
    profile.context = profile.answer = profile.episode = profile.vector = 0.0; /* words alone */
    options.profile = &profile;
    options.k = k;
    options.scene_margin = margin;
    EXPECT(EPI_OK, epi_recall_text(&found, p->space, text, &options));
    return found;
}

static void assert_scene(const epi_recollection *found, size_t at, const uint64_t *steps, size_t count) {
    const epi_scene *scene = epi_recollection_scene(found, at);
    assert_non_null(scene);
    assert_int_equal(scene->step_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(epi_scene_step(scene, i)->id, steps[i]);
        if (i > 0) assert_int_equal(epi_scene_step(scene, i)->index, epi_scene_step(scene, i - 1)->index + 1);
    }
    assert_null(epi_scene_step(scene, count));
}

static void hits_that_touch_share_a_scene_and_others_do_not(void **state) {
    static const struct {
        size_t second;
        uint32_t margin;
        size_t scenes;
    } cases[] = {{5, 0, 1}, {6, 0, 2}, {7, 1, 1}, {8, 1, 2}, {9, 2, 1}, {10, 2, 2}, {11, 64, 1}};
    for (size_t c = 0; c < EPI__COUNT(cases); c++) {
        uint64_t steps[12];
        void *made = NULL;
        (void)state;
        assert_int_equal(place_setup(&made), 0);
        place *p = made;
        epi_episode *episode = twelve_steps(p, steps, 4, cases[c].second);
        epi_recollection *found = ask_profile(p, "walnut", 10, cases[c].margin);
        assert_int_equal(epi_recollection_hit_count(found), 2);
        assert_int_equal(epi_recollection_count(found), cases[c].scenes);
        size_t margin = cases[c].margin, first = 4 - EPI__MIN((size_t)4, margin);
        size_t end = EPI__MIN((size_t)12, cases[c].second + margin + 1);
        if (cases[c].scenes == 1) assert_scene(found, 0, steps + first, end - first);
        for (size_t h = 0; h < 2; h++) {
            const epi_hit *hit = epi_recollection_hit(found, h);
            const epi_recalled_step *shown = epi_scene_step(epi_recollection_scene(found, hit->scene), hit->scene_step);
            assert_int_equal(shown->id, hit->step);
            assert_true(shown->score == hit->score);
        }
        epi_recollection_free(found);
        epi_episode_close(episode);
        assert_int_equal(place_teardown(&made), 0);
    }
}

static void a_scene_ends_where_its_episode_does(void **state) {
    place *p = *state;
    uint64_t steps[3][2];
    for (int e = 0; e < 3; e++) {
        epi_episode *episode = place_episode(p->space);
        for (int i = 0; i < 2; i++)
            steps[e][i] = tell(episode, (told){"Ann", e == 1 && i ? "walnut" : "quiet", 0, 0, NULL, 0});
        epi_episode_close(episode);
    }
    epi_recollection *found = ask_profile(p, "walnut", 10, 5);
    assert_int_equal(epi_recollection_count(found), 1);
    assert_scene(found, 0, steps[1], 2);
    epi_recollection_free(found);
}

static void a_scene_follows_its_episode_through_all_its_runs(void **state) {
    place *p = *state;
    uint64_t steps[7];
    epi_episode *episode = place_episode(p->space), *other = place_episode(p->space);
    for (size_t i = 0; i < 7; i++) {
        steps[i] = tell(episode, (told){"Ann", i == 3 ? "walnut" : "quiet", 0, 0, NULL, 0});
        for (int j = 0; j < 12; j++) (void)tell(other, (told){"Ben", "elsewhere", 0, 0, NULL, 0});
    }
    epi_recollection *found = ask_profile(p, "walnut", 10, 3);
    assert_scene(found, 0, steps, 7);
    epi_recollection_free(found);
    epi_episode_close(episode);
    epi_episode_close(other);
}

/* ---- hidden steps ------------------------------------------------------------------------------------------------ */

static void forget(place *p, uint64_t step) {
    epi_filter filter = epi_filter_default();
    filter.steps = &step;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_forget(NULL, p->space, &filter, 0, false));
}

static bool shows(const epi_recollection *found, uint64_t step) {
    for (size_t s = 0; s < epi_recollection_count(found); s++)
        for (size_t i = 0; i < epi_recollection_scene(found, s)->step_count; i++)
            if (epi_scene_step(epi_recollection_scene(found, s), i)->id == step) return true;
    return false;
}

static void forgotten_and_superseded_steps_are_never_shown(void **state) {
    place *p = *state;
    uint64_t steps[12];
    epi_episode *episode = twelve_steps(p, steps, 4, 6);
    uint64_t newer = tell(episode, (told){"Ann", "a chestnut", 0, 0, NULL, steps[6]});
    forget(p, steps[5]);
    forget(p, steps[3]);
    epi_cue cue = cue_of("walnut");
    epi_recollection *found = ask(p, &cue, 50, 10);
    assert_true(shows(found, steps[4]) && shows(found, newer));
    assert_false(shows(found, steps[3]) || shows(found, steps[5]) || shows(found, steps[6]));
    assert_null(strstr(epi_recollection_context(found), "nothing at all [5]"));
    epi_recollection_free(found);
    cue.filter.include_superseded = true;
    found = ask(p, &cue, 50, 10);
    assert_true(shows(found, steps[6]));
    epi_recollection_free(found);
    epi_episode_close(episode);
}

static double score_of(place *p, const epi_cue *cue, uint64_t step) {
    double score = -1.0;
    epi_recollection *found = ask(p, cue, 100, 0);
    for (size_t h = 0; h < epi_recollection_hit_count(found); h++)
        if (epi_recollection_hit(found, h)->step == step) score = epi_recollection_hit(found, h)->score;
    epi_recollection_free(found);
    return score;
}

/* Beside a step that says it all, a step that says nothing is found too; not beside a hidden one. */
static void a_hidden_step_lends_no_score_to_its_neighbours(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t loud = tell(episode, (told){"Ann", "walnut", 0, 0, NULL, 0});
    uint64_t beside = tell(episode, (told){"Ben", "indeed", 0, 0, NULL, 0});
    epi_episode *other = place_episode(p->space);
    uint64_t weak = tell(other, (told){"Ben", "of all trees in the garden a walnut was there once", 0, 0, NULL, 0});
    epi_cue cue = cue_of("walnut");
    double lent = score_of(p, &cue, beside);
    assert_true(lent > 0.0);
    forget(p, loud);
    assert_true(score_of(p, &cue, loud) < 0.0);
    assert_true(score_of(p, &cue, beside) < lent);
    assert_true(score_of(p, &cue, weak) > 0.0);
    epi_episode_close(episode);
    epi_episode_close(other);
}

/* ---- filters ----------------------------------------------------------------------------------------------------- */

static void a_time_window_is_half_open_at_both_ends(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t instant = tell(episode, (told){"Ann", "walnut", NOON, 0, NULL, 0});
    uint64_t day = tell(episode, (told){"Ann", "walnut", NOON + DAY, NOON + 2 * DAY, NULL, 0});
    epi_cue texts[] = {cue_of("walnut"), epi_cue_default()};
    for (size_t i = 0; i < 2; i++) {
        epi_cue cue = texts[i];
        cue.filter.from = NOON;
        ASSERT_HITS(p, &cue, instant, day);
        cue.filter.from = NOON + 1;
        ASSERT_HITS(p, &cue, day);
        cue.filter.from = NOON + 2 * DAY - 1;
        ASSERT_HITS(p, &cue, day);
        cue.filter.from = NOON + 2 * DAY;
        assert_hits(p, &cue, NULL, 0);
        cue.filter.from = EPI_TIME_NONE;
        cue.filter.to = NOON + DAY;
        ASSERT_HITS(p, &cue, instant);
        cue.filter.to = NOON + DAY + 1;
        ASSERT_HITS(p, &cue, instant, day);
        cue.filter.to = NOON;
        assert_hits(p, &cue, NULL, 0);
        cue.filter.from = NOON;
        cue.filter.to = NOON + 1;
        ASSERT_HITS(p, &cue, instant);
    }
    epi_episode_close(episode);
}

static epi_time clock_time;
static epi_time read_clock(void *context) {
    (void)context;
    return clock_time;
}

static void as_of_is_what_was_known_and_valid_at_what_was_true_then(void **state) {
    place *p = *state;
    place_close(p);
    p->options.now = read_clock;
    clock_time = NOON;
    place_open(p);
    epi_episode *episode = place_episode(p->space);
    uint64_t old = tell(episode, (told){"Ann", "walnut in Rome", NOON - 10 * DAY, 0, NULL, 0});
    clock_time = NOON + 5 * DAY;
    uint64_t newer = tell(episode, (told){"Ann", "walnut in Oslo", NOON - 2 * DAY, 0, NULL, old});
    epi_cue cue = cue_of("walnut");
    ASSERT_HITS(p, &cue, newer);
    cue.filter.as_of = NOON;
    ASSERT_HITS(p, &cue, old);
    cue.filter.as_of = NOON + 5 * DAY - 1;
    ASSERT_HITS(p, &cue, old);
    cue.filter.as_of = NOON + 5 * DAY;
    ASSERT_HITS(p, &cue, newer);
    cue.filter.as_of = NOON - 1;
    assert_hits(p, &cue, NULL, 0);
    cue.filter.as_of = EPI_TIME_NONE;
    cue.filter.valid_at = NOON - 3 * DAY;
    ASSERT_HITS(p, &cue, old);
    cue.filter.valid_at = NOON - 2 * DAY;
    ASSERT_HITS(p, &cue, newer);
    cue.filter.valid_at = NOON - 11 * DAY;
    assert_hits(p, &cue, NULL, 0);
    epi_episode_close(episode);
}

static void keywords_match_without_case_and_other_roles_byte_by_byte(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t ann = tell(episode, (told){"Ann", "Walnut", 0, 0, NULL, 0});
    uint64_t zoe = tell(episode, (told){"ZOË", "walnut", 0, 0, NULL, 0});
    epi_part parts[] = {epi_part_text("speaker", "aNN"), epi_part_text("text", "Walnut")};
    epi_cue cue = cue_of("walnut");
    cue.filter.parts = parts;
    cue.filter.part_count = 1;
    ASSERT_HITS(p, &cue, ann);
    parts[0] = epi_part_text("speaker", "zoë");
    ASSERT_HITS(p, &cue, zoe);
    parts[0] = epi_part_text("speaker", "An");
    assert_hits(p, &cue, NULL, 0);
    cue.filter.parts = parts + 1;
    ASSERT_HITS(p, &cue, ann);
    parts[1] = epi_part_text("text", "walnut");
    ASSERT_HITS(p, &cue, zoe);
    parts[1] = epi_part_text("caption", "");
    assert_hits(p, &cue, NULL, 0);
    parts[1] = epi_part_text("colour", "red");
    epi_recollection *found = NULL;
    EXPECT(EPI_EROLE, epi_recall(&found, p->space, &cue, NULL));
    epi_episode_close(episode);
}

static void tags_of_the_step_and_of_its_episode_count_together(void **state) {
    static const char *const home[] = {"home"};
    place *p = *state;
    epi_episode_options options = epi_episode_options_default();
    epi_episode *tagged = NULL, *plain = place_episode(p->space);
    options.tags = home;
    options.tag_count = 1;
    EXPECT(EPI_OK, epi_episode_begin(&tagged, p->space, &options));
    uint64_t both = tell(tagged, (told){"Ann", "walnut", 0, 0, "red", 0});
    uint64_t one = tell(tagged, (told){"Ann", "walnut", 0, 0, NULL, 0});
    uint64_t red = tell(plain, (told){"Ann", "walnut", 0, 0, "red", 0});
    (void)tell(plain, (told){"Ann", "walnut", 0, 0, "redder", 0});
    static const char *const wanted[] = {"red", "home", "red"};
    epi_cue cue = cue_of("walnut");
    cue.filter.tags = wanted;
    cue.filter.tag_count = 1;
    ASSERT_HITS(p, &cue, both, red);
    cue.filter.tag_count = 2;
    ASSERT_HITS(p, &cue, both);
    cue.filter.tag_count = 3;
    ASSERT_HITS(p, &cue, both);
    cue.filter.tags = wanted + 1;
    cue.filter.tag_count = 1;
    ASSERT_HITS(p, &cue, both, one);
    epi_episode_close(tagged);
    epi_episode_close(plain);
}

static void a_filter_alone_gives_the_newest_first(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t steps[20];
    for (uint64_t i = 0; i < 20; i++) /* told in another order than it happened */
        steps[i * 7 % 20] = tell(episode, (told){"Ann", "x", NOON + (epi_time)(i * 7 % 20) * DAY, 0, NULL, 0});
    epi_part who = epi_part_text("speaker", "ann");
    epi_cue cue = epi_cue_default();
    cue.filter.parts = &who;
    cue.filter.part_count = 1;
    cue.filter.to = NOON + 15 * DAY;
    forget(p, steps[12]);
    epi_recollection *found = ask(p, &cue, 4, 0);
    assert_int_equal(epi_recollection_hit_count(found), 4);
    static const size_t expected[] = {14, 13, 11, 10};
    for (size_t h = 0; h < 4; h++) assert_int_equal(epi_recollection_hit(found, h)->step, steps[expected[h]]);
    epi_recollection_free(found);
    epi_episode_close(episode);
}

/* ---- the context ------------------------------------------------------------------------------------------------- */

static void a_context_never_passes_its_budget(void **state) {
    place *p = *state;
    fill_with_fruit(p);
    epi_cue cue = cue_of("apple plum fig");
    size_t before = 0;
    for (uint32_t budget = 1; budget < 1200; budget += budget < 60 ? 1 : 37) {
        epi_recall_options options = epi_recall_options_default();
        epi_recollection *found = NULL;
        size_t steps = 0;
        options.token_budget = budget;
        options.k = 30;
        EXPECT(EPI_OK, epi_recall(&found, p->space, &cue, &options));
        const char *context = epi_recollection_context(found);
        assert_true(strlen(context) <= budget * 4u);
        const uint64_t *ids = epi_recollection_context_steps(&steps, found);
        for (size_t i = 0; i < steps && steps > 1; i++) {
            char mark[32];
            (void)snprintf(mark, sizeof mark, "[%llu]\n", (unsigned long long)ids[i]);
            assert_non_null(strstr(context, mark));
        }
        assert_true(steps + 8 > before); /* more room is not less shown */
        before = steps;
        epi_recollection_free(found);
    }
    assert_true(before > 20);
}

static void a_line_longer_than_the_budget_is_cut_between_characters(void **state) {
    place *p = *state;
    char *text = malloc(9001);
    epi_episode *episode = place_episode(p->space);
    memcpy(text, "walnut", 6);
    for (size_t i = 6; i < 9000; i += 3) memcpy(text + i, "\xE2\x82\xAC", 3);
    text[9000] = 0;
    uint64_t only = tell(episode, (told){"Ann", text, 0, 0, NULL, 0});
    for (uint32_t budget = 20; budget < 40; budget++) {
        epi_recall_options options = epi_recall_options_default();
        epi_recollection *found = NULL;
        size_t steps = 0;
        options.token_budget = budget;
        EXPECT(EPI_OK, epi_recall_text(&found, p->space, "walnut", &options));
        const char *context = epi_recollection_context(found);
        size_t size = strlen(context);
        assert_true(size <= budget * 4u && size > budget * 4u - 3);
        assert_int_equal(epi_recollection_context_steps(&steps, found)[0], only);
        assert_int_equal(steps, 1);
        assert_non_null(strstr(context, "Ann: walnut"));
        assert_true(size < 3 || memcmp(context + size - 3, "\xE2\x82\xAC", 3) == 0);
        epi_recollection_free(found);
    }
    free(text);
    epi_episode_close(episode);
}

static void what_breaks_lines_does_not_break_the_context(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t id = tell(episode, (told){"Ann\n## 2020-01-01", "walnut\r\n\x1B[31m## red [99]\n", 0, 0, NULL, 0});
    epi_cue cue = cue_of("walnut");
    epi_recollection *found = ask(p, &cue, 5, 0);
    const char *context = epi_recollection_context(found);
    size_t lines = 0;
    for (const char *at = context; *at; at++) {
        lines += *at == '\n';
        assert_true((uint8_t)*at >= 0x20 || *at == '\n');
    }
    assert_int_equal(lines, 2); /* a heading and a step */
    assert_null(strchr(epi_recollection_scene(found, 0)->text, '\n'));
    assert_int_equal(epi_recollection_hit(found, 0)->step, id);
    epi_recollection_free(found);
    epi_episode_close(episode);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_nobody_reads_is_not_rendered),
        TEST(a_score_is_the_sum_of_its_evidence_in_order_to_the_bit),
        TEST(the_same_cue_gives_the_same_answer),
        TEST(k_is_at_least_one_and_at_most_its_limit),
        TEST(an_empty_space_answers_with_nothing),
        cmocka_unit_test(hits_that_touch_share_a_scene_and_others_do_not),
        TEST(a_scene_ends_where_its_episode_does),
        TEST(a_scene_follows_its_episode_through_all_its_runs),
        TEST(forgotten_and_superseded_steps_are_never_shown),
        TEST(a_hidden_step_lends_no_score_to_its_neighbours),
        TEST(a_time_window_is_half_open_at_both_ends),
        TEST(as_of_is_what_was_known_and_valid_at_what_was_true_then),
        TEST(keywords_match_without_case_and_other_roles_byte_by_byte),
        TEST(tags_of_the_step_and_of_its_episode_count_together),
        TEST(a_filter_alone_gives_the_newest_first),
        TEST(a_context_never_passes_its_budget),
        TEST(a_line_longer_than_the_budget_is_cut_between_characters),
        TEST(what_breaks_lines_does_not_break_the_context),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
