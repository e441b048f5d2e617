/* The arm of the words against its plain twin: with the common words put off, what is found is the same to the last
 * bit. EPISODIC_SEED=n repeats a run. */
#include <stdio.h>
#include <string.h>

#include "recall/recall.h"

#include "place.h"
#include "quick.h"

#define STEPS 6000
#define CUES 150
#define BATCH 50

/* A few words stand in every second step, most in few. */
static size_t sentence(char *text, size_t size, epi__random *random, size_t words) {
    size_t at = 0;
    for (size_t i = 0; i < words && at + 24 < size; i++) {
        double u = epi__random_unit(random);
        at += (size_t)snprintf(text + at, size - at, "%sstone%d", i ? " " : "", (int)(500.0 * u * u * u * u));
    }
    return at;
}

static void fill(place *p, epi__random *random) {
    static const char *const speakers[] = {"Ann", "Ben", "user"};
    epi_episode *episode = place_episode(p->space);
    for (int at = 0; at < STEPS; at += BATCH) {
        char texts[BATCH][512];
        epi_step steps[BATCH];
        epi_part parts[BATCH][2];
        for (int i = 0; i < BATCH; i++) {
            size_t size = sentence(texts[i], sizeof texts[i] - 1, random, 1 + epi__random_below(random, 14));
            if (epi__random_below(random, 4) == 0) memcpy(texts[i] + size, "?", 2);
            parts[i][0] = epi_part_text("speaker", speakers[epi__random_below(random, 3)]);
            parts[i][1] = epi_part_text("text", texts[i]);
            steps[i] = epi_step_default();
            steps[i].parts = parts[i];
            steps[i].part_count = 2;
        }
        EXPECT(EPI_OK, epi_episode_append_many(NULL, episode, steps, BATCH));
    }
    epi_episode_close(episode);
}

/* Some steps are hidden: they may not decide who is among the best. */
static void hide_some(place *p, epi__random *random) {
    uint64_t steps[STEPS / 10];
    epi_filter filter = epi_filter_default();
    for (size_t i = 0; i < STEPS / 10; i++) steps[i] = 1 + epi__random_below(random, STEPS);
    filter.steps = steps;
    filter.step_count = STEPS / 10;
    EXPECT(EPI_OK, epi_forget(NULL, p->space, &filter, 0, false));
}

typedef struct result {
    size_t count;
    bool put_off; /* some words were */
    epi__found found[64];
    epi_evidence evidence[64][EPI__SIGNALS_MAX]; /* its, which the query owned */
} result;

static void search(result *made, place *p, const char *text, const epi_recall_profile *profile, uint64_t put_off_from) {
    epi__mirror *mirror = p->space->mirror;
    epi__scratch *scratch = NULL;
    epi__snapshot snapshot;
    epi__query query;
    epi__found *found = NULL;
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    cue.text = text;
    options.profile = profile;
    options.k = 20;
    EXPECT(EPI_OK, epi__scratch_take(&scratch, mirror));
    EXPECT(EPI_OK, epi__snapshot_begin(&snapshot, mirror));
    EXPECT(EPI_OK, epi__query_init(&query, &snapshot, scratch, &cue, &options, NULL));
    query.put_off_from = put_off_from;
    EXPECT(EPI_OK, epi__search(&found, &made->count, &query, &snapshot, scratch));
    for (size_t i = 0; i < made->count; i++) {
        made->found[i] = found[i];
        made->found[i].evidence = memcpy(made->evidence[i], found[i].evidence, sizeof made->evidence[i]);
    }
    made->put_off = query.put_off;
    epi__query_dispose(&query);
    epi__snapshot_end(&snapshot);
    epi__scratch_give(scratch, mirror);
}

static void assert_same(const result *a, const result *b, const char *cue) {
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const epi__found *x = &a->found[i], *y = &b->found[i];
        if (x->step != y->step || x->score != y->score) /* NOLINT: to the last bit */
            fail_msg("\"%s\": hit %zu is step %llu of %.17g, should be %llu of %.17g", cue, i,
                     (unsigned long long)x->step, x->score, (unsigned long long)y->step, y->score);
        assert_int_equal(x->evidence_count, y->evidence_count);
        for (size_t e = 0; e < x->evidence_count; e++) {
            assert_string_equal(x->evidence[e].signal, y->evidence[e].signal);
            assert_true(x->evidence[e].value == y->evidence[e].value);
        }
    }
}

static void what_is_put_off_changes_nothing_that_is_found(void **state) {
    place *p = *state;
    epi__random random = epi__random_seed(quick_seed(47));
    size_t put_off = 0;
    fill(p, &random);
    for (int round = 0; round < 2; round++) {
        for (int c = 0; c < CUES; c++) {
            result pruned, whole;
            char text[512];
            epi_recall_profile profile = epi_recall_profile_of((epi_profile_kind)(1 + c % 4));
            if (c % 7 == 0) profile.vector = 0.0;
            (void)sentence(text, sizeof text, &random, 2 + epi__random_below(&random, 16));
            search(&pruned, p, text, &profile, 1);
            search(&whole, p, text, &profile, UINT64_MAX);
            assert_false(whole.put_off);
            assert_same(&pruned, &whole, text);
            put_off += pruned.put_off;
        }
        hide_some(p, &random);
    }
    if (put_off < CUES / 4) fail_msg("only %zu cues had words put off", put_off);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {TEST(what_is_put_off_changes_nothing_that_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
