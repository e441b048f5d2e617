/* Tests of imagined events: bundles whole, joins witnessed, sources real, what must not be known, plausibility. */
#include <stdio.h>
#include <stdlib.h>

#include <episodic/sys/json.h>

#include "base/base.h"
#include "place.h"
#include "quick.h"

enum { ROLES = 5 };
static const char *const roles[ROLES] = {"who", "where", "what", "action", "outcome"};

/* A small world: persons 0-5 are in places of their parity, things 0-5 lie in places of their third, and what comes of
 * an action is told by thing and action alone. */
typedef struct happening {
    size_t value[ROLES];
} happening;

static bool is_possible(const happening *h) {
    const size_t *v = h->value;
    return v[0] % 2 == v[1] % 2 && v[2] % 3 == v[1] % 3 && v[4] == (v[2] * 2 + v[3]) % 4;
}

static happening draw(epi__random *random) {
    happening h;
    do {
        h.value[0] = epi__random_below(random, 6);
        h.value[1] = epi__random_below(random, 6);
        h.value[2] = epi__random_below(random, 6);
        h.value[3] = epi__random_below(random, 3);
        h.value[4] = (h.value[2] * 2 + h.value[3]) % 4;
    } while (!is_possible(&h));
    return h;
}

static epi_space *open_events(place *p, const char *name) {
    epi_space *space = NULL;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, name, epi_schema_events()));
    return space;
}

static size_t parts_of(epi_part *parts, char names[ROLES][32], const happening *h) {
    for (size_t i = 0; i < ROLES; i++) {
        snprintf(names[i], sizeof names[i], "%s-%zu", roles[i], h->value[i]);
        parts[i] = epi_part_text(roles[i], names[i]);
    }
    return ROLES;
}

static uint64_t append(epi_episode *episode, const happening *h) {
    epi_part parts[ROLES];
    char names[ROLES][32];
    uint64_t id = 0;
    epi_step step = epi_step_default();
    step.part_count = parts_of(parts, names, h);
    step.parts = parts;
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    return id;
}

static void record(epi_space *space, size_t count, uint64_t seed) {
    epi__random random = epi__random_seed(seed);
    epi_episode *episode = place_episode(space);
    for (size_t i = 0; i < count; i++) {
        happening h = draw(&random);
        (void)append(episode, &h);
    }
    epi_episode_close(episode);
}

static epi_events *imagine(epi_space *space, const epi_part *given, size_t count, uint32_t k) {
    epi_events *events = NULL;
    epi_imagine_events_options options = epi_imagine_events_options_default();
    options.k = k;
    options.seed = 5;
    EXPECT(EPI_OK, epi_imagine_events(&events, space, given, count, &options));
    return events;
}

static const epi_imagined_part *part_of(const epi_imagined_event *event, const char *role) {
    static const epi_imagined_part none;
    for (size_t i = 0; i < event->part_count; i++)
        if (strcmp(event->parts[i].role, role) == 0) return &event->parts[i];
    fail_msg("the event has no %s", role);
    return &none;
}

/* The stored step has exactly this value. */
static void assert_stored(epi_space *space, uint64_t step, const char *role, const void *data, size_t size) {
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_step_read(&found, space, step));
    const epi_scene *scene = epi_recollection_scene(found, 0);
    const epi_recalled_part *stored = epi_scene_part(scene, epi_scene_step(scene, 0), role);
    assert_non_null(stored);
    assert_int_equal(stored->size, size);
    assert_memory_equal(stored->data, data, size);
    epi_recollection_free(found);
}

/* ---- recombination ----------------------------------------------------------------------------------------------- */

static void bundles_stay_whole_and_joins_are_witnessed(void **state) {
    place *p = *state;
    epi_space *space = open_events(p, "events");
    record(space, 60, 1);
    epi_events *events = imagine(space, NULL, 0, 40);
    assert_true(epi_events_count(events) >= 10);
    for (size_t i = 0; i < epi_events_count(events); i++) {
        const epi_imagined_event *event = epi_events_get(events, i);
        uint64_t sources[2] = {0, 0};
        assert_true(event->novelty > 0.0 && event->support >= 1);
        for (size_t k = 0; k < event->part_count; k++) {
            const epi_imagined_part *part = &event->parts[k];
            assert_true(sources[part->bundle] == 0 || sources[part->bundle] == part->source);
            sources[part->bundle] = part->source;
            assert_stored(space, part->source, part->role, part->data, part->size);
        }
        assert_true(sources[0] != sources[1]);
        assert_int_equal(event->join_count, 1);
        const epi_event_join *join = &event->joins[0];
        const epi_imagined_part *from = part_of(event, join->from_role), *to = part_of(event, join->to_role);
        assert_stored(space, join->witness, from->role, from->data, from->size);
        assert_stored(space, join->witness, to->role, to->data, to->size);
    }
    epi_events_free(events);
    epi_space_close(space);
}

static void the_pair_to_join_across_is_learned(void **state) {
    place *p = *state;
    epi_space *space = open_events(p, "events");
    record(space, 150, 2);
    epi_events *events = imagine(space, NULL, 0, 200);
    size_t possible = 0, count = epi_events_count(events);
    for (size_t i = 0; i < count; i++) {
        const epi_imagined_event *event = epi_events_get(events, i);
        happening h;
        assert_string_equal(event->joins[0].from_role, "where");
        assert_string_equal(event->joins[0].to_role, "what");
        for (size_t r = 0; r < ROLES; r++) {
            const char *value = part_of(event, roles[r])->data;
            h.value[r] = strtoul(strrchr(value, '-') + 1, NULL, 10);
        }
        possible += is_possible(&h);
    }
    assert_true(count > 20);
    assert_int_equal(possible, count);
    epi_events_free(events);
    epi_space_close(space);
}

static void what_is_given_is_kept(void **state) {
    place *p = *state;
    epi_space *space = open_events(p, "events");
    record(space, 100, 3);
    const epi_part given[] = {epi_part_text("who", "who-3"), epi_part_text("action", "action-1")};
    epi_events *events = imagine(space, given, 2, 10);
    assert_true(epi_events_count(events) > 0);
    for (size_t i = 0; i < epi_events_count(events); i++) {
        assert_string_equal(part_of(epi_events_get(events, i), "who")->data, "who-3");
        assert_string_equal(part_of(epi_events_get(events, i), "action")->data, "action-1");
    }
    epi_events_free(events);
    const epi_part unknown = epi_part_text("who", "nobody");
    events = imagine(space, &unknown, 1, 10);
    assert_int_equal(epi_events_count(events), 0);
    epi_events_free(events);
    epi_space_close(space);
}

static bool refuse_all(void *context, const epi_part *parts, size_t count) {
    (void)parts;
    *(size_t *)context += count == ROLES;
    return false;
}

static void a_veto_is_obeyed_and_counted(void **state) {
    place *p = *state;
    epi_space *space = open_events(p, "events");
    epi_events *events = NULL;
    size_t asked = 0;
    epi_imagine_events_options options = epi_imagine_events_options_default();
    record(space, 100, 4);
    options.valid = refuse_all;
    options.context = &asked;
    EXPECT(EPI_OK, epi_imagine_events(&events, space, NULL, 0, &options));
    assert_int_equal(epi_events_count(events), 0);
    assert_true(asked > 0 && epi_events_vetoed(events) >= asked);
    epi_events_free(events);
    epi_space_close(space);
}

/* ---- plausibility ------------------------------------------------------------------------------------------------ */

static epi_event_judgement judge(epi_space *space, const happening *h) {
    epi_part parts[ROLES];
    char names[ROLES][32];
    epi_event_judgement judgement;
    EXPECT(EPI_OK, epi_judge_event(&judgement, space, parts, parts_of(parts, names, h), NULL));
    return judgement;
}

static void what_contradicts_all_that_was_seen_is_implausible(void **state) {
    place *p = *state;
    epi_space *space = open_events(p, "events");
    const happening possible = {{1, 1, 4, 0, 0}}, wrong_place = {{0, 1, 4, 0, 0}}, wrong_outcome = {{1, 1, 4, 0, 1}};
    record(space, 600, 6);
    assert_true(judge(space, &possible).plausibility > 0.9);
    assert_true(judge(space, &wrong_place).contradiction);
    assert_true(judge(space, &wrong_outcome).contradiction);
    assert_true(judge(space, &wrong_outcome).plausibility < 0.02);
    const happening unheard = {{1, 1, 4, 0, 77}};
    assert_int_equal(judge(space, &unheard).support, 0);
    epi_space_close(space);
}

static void a_stored_event_is_a_memory(void **state) {
    place *p = *state;
    epi_space *space = open_events(p, "events");
    record(space, 20, 7);
    epi_episode *episode = place_episode(space);
    const happening h = {{2, 4, 1, 2, 0}};
    (void)append(episode, &h);
    epi_episode_close(episode);
    epi_event_judgement judgement = judge(space, &h);
    assert_true(judgement.novelty == 0.0);
    assert_true(judgement.plausibility == 1.0);
    assert_true(judgement.support >= 1);
    epi_space_close(space);
}

/* ---- stories ----------------------------------------------------------------------------------------------------- */

/* The kettle is filled, boiled and poured, each time by somebody else in another kitchen. */
static void record_tea(epi_space *space) {
    static const happening tea[] = {{{0, 0, 0, 0, 0}}, {{0, 0, 0, 1, 1}}, {{0, 0, 0, 2, 2}}};
    for (size_t who = 0; who < 4; who++) {
        epi_episode *episode = place_episode(space);
        for (size_t i = 0; i < 3; i++) {
            happening h = tea[i];
            h.value[0] = h.value[1] = who;
            (void)append(episode, &h);
        }
        epi_episode_close(episode);
    }
    epi_episode *episode = place_episode(space);
    const happening alone = {{5, 5, 0, 0, 0}}; /* somebody who only filled it */
    (void)append(episode, &alone);
    epi_episode_close(episode);
}

static void a_story_goes_on_as_like_events_did(void **state) {
    place *p = *state;
    epi_space *space = open_events(p, "events");
    epi_events *story = NULL;
    record_tea(space);
    const epi_part given[] = {epi_part_text("who", "who-5"), epi_part_text("action", "action-0")};
    EXPECT(EPI_OK, epi_imagine_story(&story, space, given, 2, 10, NULL));
    assert_int_equal(epi_events_count(story), 3);
    for (size_t i = 0; i < 3; i++) {
        const epi_imagined_event *event = epi_events_get(story, i);
        char action[32];
        snprintf(action, sizeof action, "action-%zu", i);
        assert_string_equal(part_of(event, "who")->data, "who-5");
        assert_string_equal(part_of(event, "action")->data, action);
        assert_int_equal(event->witnesses, i ? 4 : 0);
        for (size_t k = 0; k < event->part_count; k++)
            assert_stored(space, event->parts[k].source, event->parts[k].role, event->parts[k].data,
                          event->parts[k].size);
        if (i > 0) assert_int_equal(event->after, event->before + 1);
    }
    assert_true(epi_events_get(story, 0)->novelty == 0.0 && epi_events_get(story, 2)->novelty > 0.0);
    epi_events_free(story);
    epi_space_close(space);
}

/* ---- what must not be known, and what is told
 * --------------------------------------------------------------------- */

static void nothing_comes_from_another_space_or_from_what_is_forgotten(void **state) {
    place *p = *state;
    epi_space *space = open_events(p, "events"), *other = open_events(p, "other");
    record(space, 60, 8);
    record(other, 60, 9);
    epi_episode *episode = place_episode(space);
    const happening marked = {{7, 1, 4, 0, 0}};
    uint64_t id = append(episode, &marked), count = 0;
    epi_episode_close(episode);
    const epi_part given = epi_part_text("who", "who-7");
    epi_events *events = imagine(space, &given, 1, 10);
    assert_true(epi_events_count(events) > 0);
    epi_events_free(events);
    events = imagine(other, &given, 1, 10);
    assert_int_equal(epi_events_count(events), 0);
    epi_events_free(events);
    epi_filter filter = epi_filter_default();
    filter.steps = &id;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_forget(&count, space, &filter, 0, false));
    events = imagine(space, &given, 1, 10);
    assert_int_equal(epi_events_count(events), 0);
    epi_events_free(events);
    epi_space_close(space);
    epi_space_close(other);
}

static void the_same_seed_gives_the_same_bytes(void **state) {
    place *p = *state;
    epi_space *space = open_events(p, "events");
    record(space, 80, 10);
    epi_events *first = imagine(space, NULL, 0, 20), *second = imagine(space, NULL, 0, 20);
    assert_string_equal(epi_events_text(first), epi_events_text(second));
    assert_string_equal(epi_events_json(first), epi_events_json(second));
    epi_json *root = NULL;
    EXPECT(EPI_OK, epi_json_parse(&root, epi_events_json(first), strlen(epi_events_json(first))));
    assert_true(epi_json_true(epi_json_member(root, "imagined")));
    assert_int_equal(epi_json_count(epi_json_member(root, "events")), epi_events_count(first));
    epi_json_free(root);
    char *text = strdup(epi_events_text(first)), *rest = text;
    size_t lines = 0;
    for (char *line; (line = strsep(&rest, "\n")) && *line; lines++) {
        assert_int_equal(strncmp(line, "imagined | ", 11), 0);
        assert_non_null(strstr(line, "[step "));
        assert_non_null(strstr(line, " witness"));
    }
    assert_int_equal(lines, epi_events_count(first));
    free(text);
    epi_events_free(first);
    epi_events_free(second);
    epi_space_close(space);
}

static void expect_refused(epi_status expected, epi_space *space, const epi_part *given, size_t count,
                           const epi_imagine_events_options *options) {
    epi_events *events = (epi_events *)&expected;
    EXPECT(expected, epi_imagine_events(&events, space, given, count, options));
    assert_null(events);
}

static void bad_input_is_refused(void **state) {
    place *p = *state;
    epi_space *space = open_events(p, "events");
    static const char *const one[] = {"who"}, *const same[] = {"who", "what"}, *const unknown[] = {"whence"};
    const epi_bundle overlap[] = {{one, 1}, {same, 2}}, absent[] = {{one, 1}, {unknown, 1}}, empty[] = {{one, 1},
                                                                                                     {NULL, 0}};
    const epi_part text = epi_part_text("text", "in no bundle"), nameless = epi_part_text(NULL, "x");
    const epi_part twice[] = {epi_part_text("who", "a"), epi_part_text("who", "b")};
    epi_imagine_events_options options = epi_imagine_events_options_default();
    record(space, 10, 11);
    expect_refused(EPI_EROLE, space, &text, 1, NULL);
    expect_refused(EPI_EINVAL, space, &nameless, 1, NULL);
    expect_refused(EPI_EINVAL, space, NULL, 1, NULL);
    expect_refused(EPI_EROLE, p->space, NULL, 0, NULL); /* a conversation: no such roles */
    expect_refused(EPI_EINVAL, space, twice, 2, NULL);
    options.bundles = overlap;
    options.bundle_count = 2;
    expect_refused(EPI_EINVAL, space, NULL, 0, &options);
    options.bundles = absent;
    expect_refused(EPI_EROLE, space, NULL, 0, &options);
    options.bundles = empty;
    expect_refused(EPI_EINVAL, space, NULL, 0, &options);
    options.bundle_count = 1;
    expect_refused(EPI_EINVAL, space, NULL, 0, &options);
    options = epi_imagine_events_options_default();
    options.k = EPI_EVENT_COUNT_MAX + 1;
    expect_refused(EPI_ELIMIT, space, NULL, 0, &options);
    epi_events *story = NULL;
    EXPECT(EPI_EINVAL, epi_imagine_story(&story, space, NULL, 0, 0, NULL));
    EXPECT(EPI_ELIMIT, epi_imagine_story(&story, space, NULL, 0, EPI_STORY_COUNT_MAX + 1, NULL));
    EXPECT(EPI_EINVAL, epi_imagine_events(NULL, space, NULL, 0, NULL));
    EXPECT(EPI_EINVAL, epi_judge_event(NULL, space, NULL, 0, NULL));
    epi_events_free(NULL);
    epi_space_close(space);
}

static void an_empty_space_imagines_nothing(void **state) {
    place *p = *state;
    epi_space *space = open_events(p, "events");
    epi_events *events = imagine(space, NULL, 0, 10), *story = NULL;
    assert_int_equal(epi_events_count(events), 0);
    assert_string_equal(epi_events_text(events), "");
    EXPECT(EPI_OK, epi_imagine_story(&story, space, NULL, 0, 5, NULL));
    assert_int_equal(epi_events_count(story), 0);
    epi_events_free(events);
    epi_events_free(story);
    epi_space_close(space);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        TEST(bundles_stay_whole_and_joins_are_witnessed),
        TEST(the_pair_to_join_across_is_learned),
        TEST(what_is_given_is_kept),
        TEST(a_veto_is_obeyed_and_counted),
        TEST(what_contradicts_all_that_was_seen_is_implausible),
        TEST(a_stored_event_is_a_memory),
        TEST(a_story_goes_on_as_like_events_did),
        TEST(nothing_comes_from_another_space_or_from_what_is_forgotten),
        TEST(the_same_seed_gives_the_same_bytes),
        TEST(bad_input_is_refused),
        TEST(an_empty_space_imagines_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
