/* Extractors: what they say stands beside the facts of a step and leads to it, and never costs the step anything. */
#include <stdio.h>
#include <string.h>

#include "place.h"

typedef struct scribe {
    unsigned calls, closed;
    epi_status fails;
    const epi_fact *facts; /* said of every step */
    size_t count;
    epi_status last; /* what adding the last one returned */
} scribe;

static epi_status say(void *context, epi_extraction *to, const epi_step *step) {
    scribe *s = context;
    s->calls++;
    assert_true(step->part_count > 0);
    for (size_t i = 0; i < s->count; i++) s->last = epi_extraction_add(to, &s->facts[i]);
    return s->fails;
}

static void close_scribe(void *context) {
    ((scribe *)context)->closed++;
}

static epi_fact fact_of(const char *subject, const char *attribute, const char *value) {
    return (epi_fact){subject, attribute, value, EPI_TIME_NONE, EPI_TIME_NONE};
}

static void give(epi_space *space, scribe *s) {
    epi_extractor extractor = epi_extractor_default();
    extractor.extract = say;
    extractor.close = close_scribe;
    extractor.context = s;
    EXPECT(EPI_OK, epi_space_extractor_give(space, s ? &extractor : NULL));
}

static epi_space *open_space(place *p) {
    epi_space *space = NULL;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "home", epi_schema_conversation()));
    return space;
}

static uint64_t remember(epi_space *space, const char *text, const char *external_id, uint32_t flags) {
    uint64_t id = 0;
    epi_part parts[2] = {epi_part_text("speaker", "Ann"), epi_part_text("text", text)};
    epi_step step = epi_step_default();
    step.parts = parts;
    step.part_count = 2;
    step.external_id = external_id;
    step.flags = flags;
    EXPECT(EPI_OK, epi_remember(&id, NULL, space, &step));
    return id;
}

/* "value step, " of each that holds. */
static void read_facts(char *out, size_t room, epi_space *space) {
    epi_facts *facts = NULL;
    size_t size = 0;
    *out = '\0';
    EXPECT(EPI_OK, epi_facts_now(&facts, space, NULL));
    for (size_t i = 0; i < epi_facts_count(facts); i++) {
        const epi_known_fact *known = epi_facts_at(facts, i);
        size += (size_t)snprintf(out + size, room - size, "%s %s: %s (%llu)\n", known->fact.subject,
                                 known->fact.attribute, known->fact.value, (unsigned long long)known->step);
    }
    epi_facts_free(facts);
}

static void assert_facts(epi_space *space, const char *wanted) {
    char text[2048];
    read_facts(text, sizeof text, space);
    assert_string_equal(text, wanted);
}

static void what_is_extracted_leads_to_the_verbatim_step(void **state) {
    place *p = *state;
    const epi_fact facts[] = {fact_of(NULL, "pet", "a cat"), fact_of("Bo", "knows", "Ann")};
    static scribe s;
    s = (scribe){.facts = facts, .count = 2}; /* closed after the test */
    epi_recollection *found = NULL;
    epi_space *space = open_space(p);
    give(space, &s);
    remember(space, "I live in Lisbon, with the cat that Bo knows me by.", NULL, 0);
    assert_facts(space, "Ann lives in: Lisbon (1)\nAnn pet: a cat (1)\nBo knows: Ann (1)\n");
    EXPECT(EPI_OK, epi_step_read(&found, space, 1));
    const epi_scene *scene = epi_recollection_scene(found, 0);
    const epi_recalled_step *step = epi_scene_step(scene, 0);
    assert_string_equal(epi_scene_part(scene, step, "text")->data,
                        "I live in Lisbon, with the cat that Bo knows me by.");
    assert_int_equal(step->fact_count, 3);
    assert_true(step->facts[0].given && step->facts[1].given && !step->facts[2].given);
    epi_recollection_free(found);
    epi_space_close(space);
    place_check(p->memory);
}

static void an_extractor_that_fails_costs_the_step_nothing(void **state) {
    place *p = *state;
    const epi_fact fact = fact_of(NULL, "pet", "a cat");
    static scribe s;
    s = (scribe){.facts = &fact, .count = 1, .fails = EPI_ETIMEOUT}; /* closed after the test */
    epi_space *space = open_space(p);
    give(space, &s);
    assert_int_equal(remember(space, "Here we are.", NULL, 0), 1);
    assert_facts(space, "");
    assert_int_equal(s.calls, 1);
    epi_space_close(space);
}

static void what_is_malformed_or_too_much_is_passed_over(void **state) {
    place *p = *state;
    char large[EPI_FACT_VALUE_SIZE_MAX + 2], names[EPI_FACT_COUNT_MAX + 1][8];
    epi_fact facts[EPI_FACT_COUNT_MAX + 1];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    const epi_fact bad[] = {fact_of("", "a", "b"),    fact_of("s", "", "b"),     fact_of("s", "a", NULL),
                            fact_of("s", "a", large), fact_of("s", "a", "\xFF"), fact_of("s", "good", "b")};
    static scribe s;
    s = (scribe){.facts = bad, .count = sizeof bad / sizeof *bad}; /* closed after the test */
    epi_space *space = open_space(p);
    give(space, &s);
    remember(space, "Here we are.", NULL, 0);
    assert_facts(space, "s good: b (1)\n");
    for (size_t i = 0; i <= EPI_FACT_COUNT_MAX; i++) {
        snprintf(names[i], sizeof names[i], "a%zu", i);
        facts[i] = fact_of("many", names[i], "v");
    }
    s.facts = facts;
    s.count = EPI_FACT_COUNT_MAX + 1;
    remember(space, "I live in Lisbon.", NULL, 0);
    EXPECT(EPI_ELIMIT, s.last);
    epi_facts *known = NULL;
    epi_fact_cue cue = epi_fact_cue_default();
    cue.subject = "many";
    EXPECT(EPI_OK, epi_facts_now(&known, space, &cue));
    assert_int_equal(epi_facts_count(known), EPI_FACT_COUNT_MAX);
    epi_facts_free(known);
    EXPECT(EPI_EINVAL, epi_extraction_add(NULL, facts));
    epi_space_close(space);
    place_check(p->memory);
}

static void a_step_that_is_there_and_one_that_was_imagined_are_not_shown(void **state) {
    place *p = *state;
    const epi_fact one = fact_of(NULL, "pet", "a cat"), other = fact_of(NULL, "pet", "a dog");
    static scribe s;
    s = (scribe){.facts = &one, .count = 1}; /* closed after the test */
    epi_space *space = open_space(p);
    give(space, &s);
    uint64_t id = remember(space, "Here we are.", "m1", 0);
    s.facts = &other;
    assert_int_equal(remember(space, "Here we are.", "m1", 0), id);
    remember(space, "Perhaps we go.", NULL, EPI_STEP_IMAGINED);
    assert_int_equal(s.calls, 1);
    assert_facts(space, "Ann pet: a cat (1)\n");
    epi_space_close(space);
}

static void an_extractor_is_closed_when_another_takes_its_place_and_at_the_end(void **state) {
    place *p = *state;
    static scribe first, second, third;
    epi_space *space = open_space(p);
    give(space, &first);
    give(space, &second);
    remember(space, "One.", NULL, 0);
    give(space, NULL);
    remember(space, "Two.", NULL, 0);
    give(space, &third);
    assert_true(first.closed == 1 && first.calls == 0 && second.closed == 1 && second.calls == 1);
    epi_extractor bad = epi_extractor_default();
    EXPECT(EPI_EINVAL, epi_space_extractor_give(space, &bad));
    bad.extract = say;
    bad.version = 2;
    EXPECT(EPI_EINVAL, epi_space_extractor_give(space, &bad));
    epi_space_close(space);
    place_close(p);
    assert_int_equal(third.closed, 1);
    place_open(p);
}

#define PLACE_TEST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        PLACE_TEST(what_is_extracted_leads_to_the_verbatim_step),
        PLACE_TEST(an_extractor_that_fails_costs_the_step_nothing),
        PLACE_TEST(what_is_malformed_or_too_much_is_passed_over),
        PLACE_TEST(a_step_that_is_there_and_one_that_was_imagined_are_not_shown),
        PLACE_TEST(an_extractor_is_closed_when_another_takes_its_place_and_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
