/* A space with two kinds of vectors: those that its encoder makes of texts, and those of images that the caller gives
 * beside them. A cue has a vector of either, or of both.
 */
#include "place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "salted.h"

#define SIZE 12u
#define COUNT 400u

static salted words = {.name = "words", .dimension = SALTED_DIMENSION};

/* The image of a number; the first three of each ten steps have none. */
static void image_of(float image[SIZE], uint64_t number) {
    uint64_t state = number * 0x9E3779B97F4A7C15ull + 7;
    for (unsigned i = 0; i < SIZE; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        image[i] = 8.0f * ((float)(state >> 40) / (float)(1u << 24) - 0.5f); /* of any length */
    }
}

static epi_space *open_album(epi_memory *memory, epi_metric metric) {
    epi_role roles[2];
    memset(roles, 0, sizeof roles);
    roles[0] = (epi_role){.name = "text", .type = EPI_TEXT, .flags = EPI_ROLE_SEARCH};
    roles[1] = (epi_role){.name = "image", .type = EPI_TENSOR, .flags = EPI_ROLE_VECTOR, .dtype = EPI_F32, .rank = 1,
                          .shape = {SIZE}};
    epi_schema schema = epi_schema_default();
    epi_space *space = NULL;
    schema.roles = roles;
    schema.role_count = 2;
    schema.metric = metric;
    EXPECT(EPI_OK, epi_space_open(&space, memory, metric == EPI_L2 ? "l2" : "album", &schema));
    return space;
}

static void text_of(char text[64], uint64_t number) {
    (void)snprintf(text, 64, "picture number%llu", (unsigned long long)number);
}

static void fill(epi_space *space, uint64_t first, uint64_t count) {
    epi_episode *episode = place_episode(space);
    for (uint64_t i = first; i < first + count; i++) {
        char text[64];
        float image[SIZE];
        text_of(text, i);
        image_of(image, i);
        epi_part parts[] = {epi_part_text("text", text), epi_part_f32("image", image, SIZE)};
        epi_step step = epi_step_default();
        uint64_t id = 0;
        step.parts = parts;
        step.part_count = i % 10 < 3 ? 1 : 2;
        EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
        assert_int_equal(id, i);
    }
    epi_episode_close(episode);
}

/* The best hit of an image, with a text or without; its evidence says which vectors found it. */
static uint64_t find(epi_space *space, uint64_t image, const char *text, bool *beside) {
    float vector[SIZE];
    image_of(vector, image);
    for (unsigned i = 0; i < SIZE; i++) vector[i] *= 0.25f;
    epi_part part = epi_part_f32("image", vector, SIZE);
    epi_cue cue = epi_cue_default();
    epi_recollection *found = NULL;
    size_t count = 0;
    cue.text = text;
    cue.parts = &part;
    cue.part_count = image ? 1 : 0;
    EXPECT(EPI_OK, epi_recall(&found, space, &cue, NULL));
    uint64_t step = epi_recollection_hit_count(found) ? epi_recollection_hit(found, 0)->step : 0;
    const epi_evidence *evidence = epi_recollection_evidence(&count, found, 0);
    *beside = false;
    for (size_t i = 0; i < count; i++) *beside = *beside || strcmp(evidence[i].signal, "beside") == 0;
    epi_recollection_free(found);
    return step;
}

/* Each image finds its step, and steps without one are found by their texts. */
static void assert_both(epi_space *space, uint64_t count) {
    bool beside = false;
    for (uint64_t i = 1; i <= count; i += 13) {
        char text[64];
        text_of(text, i);
        if (i % 10 >= 3) {
            assert_int_equal(find(space, i, NULL, &beside), i);
            assert_true(beside);
            assert_int_equal(find(space, i, text, &beside), i);
        }
        assert_int_equal(find(space, 0, text, &beside), i);
        assert_false(beside);
    }
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void an_image_and_a_text_each_find_their_step(void **state) {
    place *p = *state;
    epi_space *space = open_album(p->memory, EPI_COSINE);
    fill(space, 1, COUNT);
    assert_both(space, COUNT);
    fill(space, COUNT + 1, 100); /* followed from the journal */
    assert_both(space, COUNT + 100);
    EXPECT(EPI_OK, epi_space_upkeep(NULL, space, NULL));
    assert_both(space, COUNT + 100);
    epi_space_close(space);
    place_reopen(p);
    space = open_album(p->memory, EPI_COSINE);
    assert_both(space, COUNT + 100);
    place_check(p->memory);
    epi_space_close(space);
}

static void the_encoder_of_texts_may_change_beside_it(void **state) {
    place *p = *state;
    epi_space *space = open_album(p->memory, EPI_COSINE);
    epi_encoder encoder = salted_encoder(&words);
    fill(space, 1, COUNT);
    EXPECT(EPI_OK, epi_space_encoder_set(space, &encoder));
    EXPECT(EPI_OK, epi_space_upkeep(NULL, space, NULL));
    epi_space_stats stats;
    EXPECT(EPI_OK, epi_space_stats_read(&stats, space));
    assert_int_equal(stats.dimension, SALTED_DIMENSION);
    assert_int_equal(stats.vectors, COUNT);
    assert_both(space, COUNT);
    place_check(p->memory);
    epi_space_close(space);
}

static void what_is_removed_or_forgotten_is_not_found_by_its_image(void **state) {
    place *p = *state;
    epi_space *space = open_album(p->memory, EPI_COSINE);
    epi_filter filter = epi_filter_default();
    const uint64_t removed = 45, forgotten = 46;
    bool beside = false;
    fill(space, 1, 100);
    assert_int_equal(find(space, removed, NULL, &beside), removed);
    filter.step_count = 1;
    filter.steps = &removed;
    EXPECT(EPI_OK, epi_remove(NULL, space, &filter, false));
    assert_true(find(space, removed, NULL, &beside) != removed);
    filter.steps = &forgotten;
    EXPECT(EPI_OK, epi_forget(NULL, space, &filter, 30, false));
    assert_true(find(space, forgotten, NULL, &beside) != forgotten);
    EXPECT(EPI_OK, epi_restore(NULL, space, &filter));
    assert_int_equal(find(space, forgotten, NULL, &beside), forgotten);
    filter.steps = &forgotten;
    EXPECT(EPI_OK, epi_purge(NULL, space, &filter));
    assert_true(find(space, forgotten, NULL, &beside) != forgotten);
    assert_int_equal(find(space, 47, NULL, &beside), 47);
    place_check(p->memory);
    epi_space_close(space);
}

static void images_are_compared_by_the_space_s_metric(void **state) {
    place *p = *state;
    epi_space *space = open_album(p->memory, EPI_L2);
    float image[SIZE];
    fill(space, 1, 100);
    image_of(image, 57);
    for (unsigned i = 0; i < SIZE; i++) image[i] += 0.01f;
    epi_part part = epi_part_f32("image", image, SIZE);
    epi_cue cue = epi_cue_default();
    epi_recollection *found = NULL;
    cue.parts = &part;
    cue.part_count = 1;
    EXPECT(EPI_OK, epi_recall(&found, space, &cue, NULL));
    assert_int_equal(epi_recollection_hit(found, 0)->step, 57);
    epi_recollection_free(found);
    epi_space_close(space);
}

static void images_that_cannot_be_are_refused(void **state) {
    place *p = *state;
    epi_space *space = open_album(p->memory, EPI_COSINE);
    epi_episode *episode = place_episode(space);
    float image[SIZE] = {0};
    epi_part part = epi_part_f32("image", image, SIZE);
    epi_step step = epi_step_default();
    epi_cue cue = epi_cue_default();
    epi_recollection *found = NULL;
    step.parts = &part;
    step.part_count = 1;
    EXPECT(EPI_EZERO, epi_episode_append(NULL, episode, &step));
    cue.parts = &part;
    cue.part_count = 1;
    EXPECT(EPI_EZERO, epi_recall(&found, space, &cue, NULL));
    image[3] = NAN;
    EXPECT(EPI_ENUMBER, epi_episode_append(NULL, episode, &step));
    EXPECT(EPI_ENUMBER, epi_recall(&found, space, &cue, NULL));
    part = epi_part_f32("image", image, SIZE - 1);
    EXPECT(EPI_EDIMENSION, epi_recall(&found, space, &cue, NULL));
    image[3] = 1.0f;
    part = epi_part_f32("image", image, SIZE);
    EXPECT(EPI_OK, epi_recall(&found, space, &cue, NULL)); /* of an empty space */
    assert_int_equal(epi_recollection_hit_count(found), 0);
    epi_recollection_free(found);
    epi_episode_close(episode);
    epi_space_close(space);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_image_and_a_text_each_find_their_step),
        TEST(the_encoder_of_texts_may_change_beside_it),
        TEST(what_is_removed_or_forgotten_is_not_found_by_its_image),
        TEST(images_are_compared_by_the_space_s_metric),
        TEST(images_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
