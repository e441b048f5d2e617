/* Tests of rebuilding what is only partly there: cues that know some roles, parts completed by a vote of similar steps,
 * and scenes that end where something ended.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "place.h"
#include "quick.h"

/* ---- a space of visits: who, where, what, and a vector --------------------------------------------------------- */

static const epi_role visit_roles[] = {
    {"who", EPI_TEXT, EPI_ROLE_KEYWORD, 0, EPI_DTYPE_NONE, 0, {0}},
    {"where", EPI_TEXT, EPI_ROLE_KEYWORD, 0, EPI_DTYPE_NONE, 0, {0}},
    {"text", EPI_TEXT, EPI_ROLE_SEARCH, 0, EPI_DTYPE_NONE, 0, {0}},
    {"photo", EPI_BLOB, 0, 0, EPI_DTYPE_NONE, 0, {0}},
};

static epi_space *visits(place *p) {
    epi_space *space = NULL;
    epi_schema schema = epi_schema_default();
    schema.roles = visit_roles;
    schema.role_count = 4;
    schema.encoder = EPI_ENCODER_GIVEN;
    schema.dimension = 4;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "visits", &schema));
    return space;
}

static uint64_t visit(epi_space *space, const char *who, const char *where, const char *text, const float vector[4]) {
    epi_part parts[3];
    epi_step step = epi_step_default();
    uint64_t id = 0;
    step.parts = parts;
    if (who) parts[step.part_count++] = epi_part_text("who", who);
    if (where) parts[step.part_count++] = epi_part_text("where", where);
    if (text) parts[step.part_count++] = epi_part_text("text", text);
    step.vector = vector;
    step.vector_size = 4;
    EXPECT(EPI_OK, epi_remember(&id, NULL, space, &step));
    return id;
}

static const float north[4] = {1, 0, 0, 0};
static const float near_north[4] = {0.995f, 0.0999f, 0, 0};
static const float east[4] = {0, 1, 0, 0};

static epi_recollection *recall_parts(epi_space *space, const epi_part *parts, size_t count, double complete) {
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    cue.parts = parts;
    cue.part_count = count;
    options.complete = complete;
    options.scene_margin = 0;
    EXPECT(EPI_OK, epi_recall(&found, space, &cue, &options));
    return found;
}

static const epi_recalled_part *part_of(const epi_recollection *found, uint64_t step, const char *role) {
    for (size_t s = 0; s < epi_recollection_count(found); s++) {
        const epi_scene *scene = epi_recollection_scene(found, s);
        for (size_t i = 0; i < scene->step_count; i++)
            if (epi_scene_step(scene, i)->id == step) return epi_scene_part(scene, epi_scene_step(scene, i), role);
    }
    fail_msg("step %llu is in no scene", (unsigned long long)step);
    return NULL;
}

/* ---- cues of parts --------------------------------------------------------------------------------------------- */

static void a_cue_may_know_any_role(void **state) {
    epi_space *space = visits(*state);
    uint64_t ann = visit(space, "Ann Lee", "Porto", "the old bridge", north);
    uint64_t ben = visit(space, "Ben", "Lisbon", "the new bridge", east);
    const epi_part who = epi_part_text("who", "ann lee"), where = epi_part_text("where", "LISBON");
    const epi_part both[] = {epi_part_text("where", "Porto"), epi_part_text("text", "old bridges")};
    epi_recollection *found = recall_parts(space, &who, 1, 0.0);
    assert_int_equal(epi_recollection_hit(found, 0)->step, ann);
    epi_recollection_free(found);
    found = recall_parts(space, &where, 1, 0.0);
    assert_int_equal(epi_recollection_hit(found, 0)->step, ben);
    epi_recollection_free(found);
    found = recall_parts(space, both, 2, 0.0);
    assert_int_equal(epi_recollection_hit(found, 0)->step, ann);
    epi_recollection_free(found);
    epi_space_close(space);
}

static void parts_that_cannot_be_searched_are_refused(void **state) {
    epi_space *space = visits(*state);
    (void)visit(space, "Ann", "Porto", "the old bridge", north);
    const epi_part wrong[] = {epi_part_text("photo", "x"), epi_part_text("mood", "x"), epi_part_text(NULL, "x"),
                              epi_part_text("text", "\xff"), epi_part_bytes("who", NULL, 3)};
    const epi_status expected[] = {EPI_EROLE, EPI_EROLE, EPI_EROLE, EPI_EUTF8, EPI_EINVAL};
    epi_cue cue = epi_cue_default();
    epi_recollection *found = NULL;
    cue.part_count = 1;
    EXPECT(EPI_EINVAL, epi_recall(&found, space, &cue, NULL));
    for (size_t i = 0; i < 5; i++) {
        cue.parts = &wrong[i];
        EXPECT(expected[i], epi_recall(&found, space, &cue, NULL));
        assert_null(found);
    }
    cue.part_count = EPI_PART_COUNT_MAX + 1;
    EXPECT(EPI_ELIMIT, epi_recall(&found, space, &cue, NULL));
    const epi_part empty = epi_part_text("who", "");
    cue.parts = &empty;
    cue.part_count = 1;
    EXPECT(EPI_OK, epi_recall(&found, space, &cue, NULL));
    epi_recollection_free(found);
    epi_space_close(space);
}

/* ---- completion ------------------------------------------------------------------------------------------------ */

static void a_missing_part_is_completed_by_similar_steps_and_says_so(void **state) {
    epi_space *space = visits(*state);
    uint64_t lone = visit(space, "Ann", NULL, "a walk", north);
    uint64_t first = visit(space, "Ann", "Porto", "a swim", near_north);
    uint64_t second = visit(space, "Ben", "porto", "a meal", near_north);
    (void)visit(space, "Cid", "Lisbon", "a concert", east);
    const epi_part cue = epi_part_text("text", "walk");
    epi_recollection *found = recall_parts(space, &cue, 1, 0.5);
    const epi_recalled_part *where = part_of(found, lone, "where");
    assert_non_null(where);
    assert_int_equal(where->provenance, EPI_INFERRED);
    assert_memory_equal(where->data, "Porto", 5);
    assert_true(where->confidence > 0.98 && where->confidence < 1.0); /* the cosine to north */
    assert_int_equal(where->source_count, 2);
    assert_int_equal(where->source_step, where->sources[0]);
    assert_int_equal(where->sources[0] + where->sources[1], first + second);
    assert_int_equal(part_of(found, lone, "who")->provenance, EPI_STORED);
    assert_null(part_of(found, lone, "photo"));                    /* nobody has one */
    assert_null(strstr(epi_recollection_context(found), "Porto")); /* what was not said is not quoted */
    assert_null(strstr(epi_recollection_scene(found, 0)->text, "Porto"));
    epi_recollection_free(found);
    found = recall_parts(space, &cue, 1, 0.0);
    assert_null(part_of(found, lone, "where")); /* off unless asked for */
    epi_recollection_free(found);
    found = recall_parts(space, &cue, 1, 0.999);
    assert_null(part_of(found, lone, "where")); /* not confident enough */
    epi_recollection_free(found);
    epi_space_close(space);
}

static void the_forgotten_and_the_corrected_have_no_vote(void **state) {
    epi_space *space = visits(*state);
    uint64_t lone = visit(space, "Ann", NULL, "a walk", north);
    uint64_t gone = visit(space, "Ann", "Porto", "a swim", near_north);
    epi_filter filter = epi_filter_default();
    filter.steps = &gone;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_forget(NULL, space, &filter, 0, false));
    const epi_part cue = epi_part_text("text", "walk");
    epi_recollection *found = recall_parts(space, &cue, 1, 0.01);
    assert_null(part_of(found, lone, "where"));
    epi_recollection_free(found);
    epi_space_close(space);
}

static void the_hits_complete_the_cue(void **state) {
    epi_space *space = visits(*state);
    (void)visit(space, "Ann", "Porto", "the old bridge", north);
    (void)visit(space, "Ann", "Porto", "the old tower", near_north);
    (void)visit(space, "Ben", "Lisbon", "the new bridge", east);
    const epi_part who = epi_part_text("who", "Ann");
    epi_recollection *found = recall_parts(space, &who, 1, 0.5);
    const epi_recalled_part *where = epi_recollection_completed(found, "where");
    assert_non_null(where);
    assert_memory_equal(where->data, "Porto", 5);
    assert_int_equal(where->provenance, EPI_INFERRED);
    assert_int_equal(where->source_count, 2);
    assert_null(epi_recollection_completed(found, "photo"));
    assert_null(epi_recollection_completed(found, NULL));
    assert_null(epi_recollection_completed(NULL, "where"));
    epi_recollection_free(found);
    epi_space_close(space);
}

static void confidences_out_of_range_are_refused(void **state) {
    place *p = *state;
    const double wrong[] = {-0.1, 1.1, (double)NAN, (double)INFINITY};
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    cue.text = "walnut";
    for (size_t i = 0; i < 4; i++) {
        epi_recall_options options = epi_recall_options_default();
        options.complete = wrong[i];
        EXPECT(EPI_EINVAL, epi_recall(&found, p->space, &cue, &options));
    }
}

/* ---- scenes ----------------------------------------------------------------------------------------------------- */

#define MINUTE INT64_C(60000000)

static uint64_t say(epi_episode *episode, const char *text, epi_time time, const char *session) {
    epi_part parts[3];
    epi_step step = place_step(parts, text);
    uint64_t id = 0;
    step.event_time = time;
    if (session) parts[step.part_count++] = epi_part_text("session", session);
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    return id;
}

/* How many steps the best scene shows around the only hit of the word. */
static size_t shown(place *p, const char *word, uint32_t margin, uint32_t reach, uint64_t *first) {
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    cue.text = word;
    options.k = 1;
    options.scene_margin = margin;
    options.scene_reach = reach;
    EXPECT(EPI_OK, epi_recall(&found, p->space, &cue, &options));
    const epi_scene *scene = epi_recollection_scene(found, 0);
    size_t count = scene->step_count;
    *first = epi_scene_step(scene, 0)->id;
    epi_recollection_free(found);
    return count;
}

static void a_scene_grows_to_a_pause_and_no_further(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t ids[12], first = 0;
    epi_time time = epi_time_from_unix(1700000000);
    for (int i = 0; i < 12; i++) {
        time += (i == 4 || i == 9) ? 45 * MINUTE : MINUTE; /* pauses before 4 and 9 */
        ids[i] = say(episode, i == 6 ? "walnut" : "rain again", time, NULL);
    }
    epi_episode_close(episode);
    assert_int_equal(shown(p, "walnut", 1, 0, &first), 3);
    assert_int_equal(first, ids[5]);
    assert_int_equal(shown(p, "walnut", 1, 10, &first), 5);
    assert_int_equal(first, ids[4]);
    assert_int_equal(shown(p, "walnut", 0, 1, &first), 3);  /* within the limit */
    assert_int_equal(shown(p, "walnut", 3, 10, &first), 7); /* the margin holds, borders or not */
    assert_int_equal(first, ids[3]);
}

static void a_scene_ends_with_its_session(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t ids[10], first = 0;
    for (int i = 0; i < 10; i++)
        ids[i] = say(episode, i == 5 ? "walnut" : "rain again", epi_time_from_unix(1700000000 + i),
                     i < 3   ? "one"
                     : i < 8 ? "two"
                             : "three");
    epi_episode_close(episode);
    assert_int_equal(shown(p, "walnut", 0, 20, &first), 5);
    assert_int_equal(first, ids[3]);
}

static void a_scene_ends_where_the_topic_shifts(void **state) {
    static const char *const garden[] = {"we planted roses in the garden bed", "the garden roses need water",
                                         "roses and tulips in one garden bed", "water the tulips in the garden",
                                         "a garden bed of roses and tulips",   "the roses in the bed need water"};
    static const char *const server[] = {
        "the server dropped every database query", "a database query takes the lock",
        "restart the server when the query fails", "the lock on the database server",
        "every query waits for the lock",          "the database server takes the query"};
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t ids[12], first = 0;
    char last[128];
    for (int i = 0; i < 6; i++) ids[i] = say(episode, garden[i], epi_time_from_unix(1700000000 + i), NULL);
    for (int i = 0; i < 6; i++) {
        (void)snprintf(last, sizeof last, "%s%s", server[i], i == 3 ? ", said Walnut" : "");
        ids[6 + i] = say(episode, last, epi_time_from_unix(1700000006 + i), NULL);
    }
    epi_episode_close(episode);
    assert_int_equal(shown(p, "walnut", 0, 12, &first), 6);
    assert_int_equal(first, ids[6]);
}

static void overlapping_scenes_are_one(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    for (int i = 0; i < 20; i++)
        (void)say(episode, i == 5 || i == 12 ? "walnut" : "rain again", epi_time_from_unix(1700000000 + i), NULL);
    epi_episode_close(episode);
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    cue.text = "walnut";
    options.k = 2;
    options.scene_margin = 1;
    EXPECT(EPI_OK, epi_recall(&found, p->space, &cue, &options));
    assert_int_equal(epi_recollection_count(found), 2);
    epi_recollection_free(found);
    options.scene_reach = 3;
    EXPECT(EPI_OK, epi_recall(&found, p->space, &cue, &options));
    assert_int_equal(epi_recollection_count(found), 1);
    for (size_t i = 0; i < 2; i++) {
        const epi_hit *hit = epi_recollection_hit(found, i);
        assert_int_equal(epi_scene_step(epi_recollection_scene(found, 0), hit->scene_step)->id, hit->step);
    }
    epi_recollection_free(found);
    options.scene_reach = EPI_SCENE_MARGIN_MAX + 1;
    EXPECT(EPI_ELIMIT, epi_recall(&found, p->space, &cue, &options));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        TEST(a_cue_may_know_any_role),
        TEST(parts_that_cannot_be_searched_are_refused),
        TEST(a_missing_part_is_completed_by_similar_steps_and_says_so),
        TEST(the_forgotten_and_the_corrected_have_no_vote),
        TEST(the_hits_complete_the_cue),
        TEST(confidences_out_of_range_are_refused),
        TEST(a_scene_grows_to_a_pause_and_no_further),
        TEST(a_scene_ends_with_its_session),
        TEST(a_scene_ends_where_the_topic_shifts),
        TEST(overlapping_scenes_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
