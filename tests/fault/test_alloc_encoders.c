/* Encoders with the k-th allocation failing, for k = 1, 2, ... until no more is needed: changing to one that the
 * process gives, learning one, finding out what its vectors are worth, comparing two, asking by an image's vector, and
 * asking for facts. The status is clear, nothing leaks, and the same call works when there is memory again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "quick.h"
#include "salted.h"

#define STEPS 130u
#define SIZE 4u

static salted one = {.name = "one", .dimension = SALTED_DIMENSION};
static salted two = {.name = "two", .dimension = SALTED_DIMENSION};

/* ---- a space of texts, images and facts -------------------------------------------------------------------------- */

static void make_space(place *p) {
    epi_role roles[2];
    epi_space *space = NULL;
    memset(roles, 0, sizeof roles);
    roles[0] = (epi_role){.name = "text", .type = EPI_TEXT, .flags = EPI_ROLE_SEARCH};
    roles[1] = (epi_role){.name = "image", .type = EPI_TENSOR, .flags = EPI_ROLE_VECTOR, .dtype = EPI_F32, .rank = 1,
                          .shape = {SIZE}};
    epi_schema schema = epi_schema_default();
    schema.roles = roles;
    schema.role_count = 2;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "album", &schema));
    epi_episode *episode = place_episode(space);
    for (unsigned i = 1; i <= STEPS; i++) {
        char text[64];
        float image[SIZE] = {1.0f, (float)(i % 7), (float)(i % 11), 0.5f};
        (void)snprintf(text, sizeof text, "colour%u of house%u by lake%u", i % 13, i % 17, i % 5);
        epi_part parts[] = {epi_part_text("text", text), epi_part_f32("image", image, SIZE)};
        epi_step step = epi_step_default();
        step.parts = parts;
        step.part_count = 2;
        epi_fact fact = {.attribute = "colour", .value = text, .from = EPI_TIME_NONE, .to = EPI_TIME_NONE};
        step.facts = &fact;
        step.fact_count = i % 5 == 0;
        EXPECT(EPI_OK, epi_episode_append(NULL, episode, &step));
    }
    epi_episode_close(episode);
    epi_space_close(space);
}

static epi_status change_to(epi_space *space, const epi_encoder *encoder) {
    epi_status status = epi_space_encoder_set(space, encoder);
    return status ? status : epi_space_upkeep(NULL, space, NULL);
}

/* Each call begins with the other encoder, without a fault. */
static void before(epi_space *space) {
    epi_encoder encoder = salted_encoder(&one);
    EXPECT(EPI_OK, change_to(space, &encoder));
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

static epi_status change(epi_space *space) {
    epi_encoder encoder = salted_encoder(&two);
    return change_to(space, &encoder);
}

static epi_status learn(epi_space *space) {
    epi_encoder encoder;
    epi_status status = epi_encoder_lsa(&encoder, 8);
    return status ? status : change_to(space, &encoder);
}

static epi_status compare(epi_space *space) {
    epi_encoder_comparison found;
    epi_encoder encoder = salted_encoder(&two);
    epi_status status = epi_space_encoder_compare(&found, space, &encoder, 40, 100);
    assert_int_equal(found.steps, status ? 0 : 40);
    return status;
}

static epi_status ask_by_image(epi_space *space) {
    float image[SIZE] = {1.0f, 3.0f, 5.0f, 0.5f};
    epi_part part = epi_part_f32("image", image, SIZE);
    epi_cue cue = epi_cue_default();
    epi_recollection *found = NULL;
    cue.parts = &part;
    cue.part_count = 1;
    epi_status status = epi_recall(&found, space, &cue, NULL);
    assert_true((status == EPI_OK) == (found != NULL));
    if (!status) assert_true(epi_recollection_hit_count(found) > 0);
    epi_recollection_free(found);
    return status;
}

static epi_status ask_for_facts(epi_space *space) {
    epi_fact_cue cue = epi_fact_cue_default();
    epi_facts *facts = NULL;
    epi_status status = epi_facts_history(&facts, space, &cue);
    assert_true((status == EPI_OK) == (facts != NULL));
    if (!status) assert_int_equal(epi_facts_count(facts), STEPS / 5);
    epi_facts_free(facts);
    return status;
}

/* ---- faults ------------------------------------------------------------------------------------------------------ */

static bool fail_at(place *p, const char *name, epi_status (*call)(epi_space *space), size_t k) {
    epi_space *space = NULL;
    place_reopen(p);
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "album", NULL));
    before(space);
    fault_arm(ENOMEM, k, false);
    epi_status status = call(space);
    const bool struck = fault_disarm();
    fault_expect_named(name, k, status);
    EXPECT(EPI_OK, call(space));
    epi_space_stats stats;
    EXPECT(EPI_OK, epi_space_stats_read(&stats, space));
    assert_int_equal(stats.vectors, STEPS);
    assert_int_equal(stats.building + stats.backlog, 0);
    epi_space_close(space);
    return struck;
}

static void every_allocation_around_encoders_may_fail(void **state) {
    place *p = *state;
    static const struct {
        const char *name;
        epi_status (*call)(epi_space *space);
    } calls[] = {{"change", change}, {"learn", learn}, {"compare", compare}, {"ask by image", ask_by_image},
                 {"ask for facts", ask_for_facts}};
    make_space(p);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        size_t k = 1;
        while (fail_at(p, calls[i].name, calls[i].call, k)) k = fault_next(k);
        print_message("%s: over %zu allocations\n", calls[i].name, k - 1);
        assert_true(k > 5);
        place_check(p->memory);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_allocation_around_encoders_may_fail, place_setup, place_teardown),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
