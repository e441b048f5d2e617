/* Tests of reading without a cue: timelines, pages of an episode and of a space, vectors and what is nearest to one. */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "math/math.h"
#include "memory/handle.h"
#include "place.h"
#include "quick.h"

#define DAY 86400000000ll
#define NOON epi_time_from_unix(1683547200)

static uint64_t say_at(epi_episode *episode, epi_time time) {
    epi_part parts[2];
    uint64_t id = 0;
    epi_step step = place_step(parts, "walnut");
    step.event_time = time;
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    return id;
}

/* ---- timelines --------------------------------------------------------------------------------------------------- */

static void assert_timeline(place *p, epi_time from, epi_time to, size_t limit, const char *titles) {
    epi_timeline *timeline = NULL;
    char told[64] = "";
    EXPECT(EPI_OK, epi_timeline_read(&timeline, p->space, from, to, limit));
    for (size_t i = 0; i < epi_timeline_count(timeline); i++)
        (void)strncat(told, epi_timeline_episode(timeline, i)->title, sizeof told - strlen(told) - 1);
    assert_string_equal(told, titles);
    assert_null(epi_timeline_episode(timeline, epi_timeline_count(timeline)));
    epi_timeline_free(timeline);
}

/* a: days 5 to 6; b: days 1 to 2; c: day 3, one instant; d: no steps. */
static void make_episodes(place *p) {
    static const int begins[] = {5, 1, 3}, ends[] = {6, 2, 3};
    static const char *const titles[] = {"a", "b", "c", "d"};
    epi_episode_options options = epi_episode_options_default();
    for (int e = 0; e < 4; e++) {
        epi_episode *episode = NULL;
        options.title = titles[e];
        EXPECT(EPI_OK, epi_episode_begin(&episode, p->space, &options));
        if (e < 3) (void)say_at(episode, NOON + begins[e] * DAY);
        if (e < 2) (void)say_at(episode, NOON + ends[e] * DAY);
        epi_episode_close(episode);
    }
}

static void a_timeline_is_in_order_of_time_and_keeps_the_newest(void **state) {
    place *p = *state;
    make_episodes(p);
    epi_timeline *timeline = NULL;
    EXPECT(EPI_OK, epi_timeline_read(&timeline, p->space, NOON, NOON + 9 * DAY, 0));
    const epi_episode_info *info = epi_timeline_episode(timeline, 0);
    assert_int_equal(info->time.from, NOON + DAY);
    assert_int_equal(info->time.to, NOON + 2 * DAY);
    assert_int_equal(info->step_count, 2);
    assert_false(info->ended);
    epi_timeline_free(timeline);
    assert_timeline(p, NOON, NOON + 9 * DAY, 0, "bca");
    assert_timeline(p, NOON, NOON + 9 * DAY, 2, "ca");
    assert_timeline(p, NOON, NOON + 9 * DAY, 1, "a");
    assert_timeline(p, NOON, NOON + 9 * DAY, 100, "bca");
    assert_timeline(p, EPI_TIME_NONE, EPI_TIME_NONE, 0, "dbca"); /* one without a time begins nowhere */
}

static void a_timeline_takes_what_overlaps_its_window(void **state) {
    place *p = *state;
    make_episodes(p);
    assert_timeline(p, NOON + 3 * DAY, NOON + 3 * DAY + 1, 0, "c");
    assert_timeline(p, NOON + 3 * DAY + 1, NOON + 5 * DAY, 0, "");
    assert_timeline(p, NOON + 3 * DAY + 1, NOON + 5 * DAY + 1, 0, "a");
    assert_timeline(p, NOON + 6 * DAY, EPI_TIME_NONE, 0, "a");
    assert_timeline(p, NOON + 6 * DAY + 1, EPI_TIME_NONE, 0, "");
    assert_timeline(p, EPI_TIME_NONE, NOON + DAY, 0, "");
    assert_timeline(p, EPI_TIME_NONE, NOON + DAY + 1, 0, "b");
    assert_timeline(p, NOON + DAY + 5, NOON + DAY + 6, 0, "b");
}

static void an_empty_space_has_an_empty_timeline(void **state) {
    assert_timeline(*state, EPI_TIME_NONE, EPI_TIME_NONE, 0, "");
    epi_timeline_free(NULL);
    assert_int_equal(epi_timeline_count(NULL), 0);
}

/* ---- episodes and pages ------------------------------------------------------------------------------------------ */

static size_t ids_of(const epi_recollection *found, uint64_t *ids) {
    size_t count = 0;
    for (size_t s = 0; s < epi_recollection_count(found); s++)
        for (size_t i = 0; i < epi_recollection_scene(found, s)->step_count; i++)
            ids[count++] = epi_scene_step(epi_recollection_scene(found, s), i)->id;
    return count;
}

static void an_episode_is_read_from_any_step_to_any_other(void **state) {
    place *p = *state;
    epi_episode *a = place_episode(p->space), *b = place_episode(p->space);
    uint64_t steps[30], read[40];
    for (size_t i = 0; i < 30; i++) {
        steps[i] = place_say(a, "walnut");
        for (int j = 0; j < 9; j++) (void)place_say(b, "chestnut");
    }
    for (size_t first = 0; first <= 31; first++)
        for (size_t count = 0; count <= 31; count += 5) {
            epi_recollection *found = NULL;
            EXPECT(EPI_OK, epi_episode_read(&found, p->space, epi_episode_id(a), first, count));
            size_t expected = first < 30 ? EPI__MIN(count ? count : 30, 30 - first) : 0;
            assert_int_equal(ids_of(found, read), expected);
            if (expected) assert_memory_equal(read, steps + first, expected * sizeof *read);
            epi_recollection_free(found);
        }
    epi_episode_close(a);
    epi_episode_close(b);
}

static void remove_steps(place *p, const uint64_t *steps, size_t count) {
    epi_filter filter = epi_filter_default();
    filter.steps = steps;
    filter.step_count = count;
    EXPECT(EPI_OK, epi_remove(NULL, p->space, &filter, false));
}

static void removed_steps_take_no_place_among_those_that_are_read(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t steps[10], read[10];
    for (size_t i = 0; i < 10; i++) steps[i] = place_say(episode, "walnut");
    remove_steps(p, steps + 2, 5);
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_episode_read(&found, p->space, epi_episode_id(episode), 1, 3));
    assert_int_equal(ids_of(found, read), 3);
    assert_int_equal(read[0], steps[1]);
    assert_int_equal(read[1], steps[7]);
    assert_int_equal(read[2], steps[8]);
    epi_recollection_free(found);
    epi_episode_close(episode);
}

static void reading_what_is_not_there_says_whether_it_ever_was(void **state) {
    place *p = *state;
    epi_recollection *found = NULL;
    epi_episode *episode = place_episode(p->space);
    uint64_t step = place_say(episode, "walnut"), id = epi_episode_id(episode);
    EXPECT(EPI_ENOTFOUND, epi_step_read(&found, p->space, 0));
    EXPECT(EPI_ENOTFOUND, epi_step_read(&found, p->space, step + 1));
    EXPECT(EPI_ENOTFOUND, epi_episode_read(&found, p->space, id + 1, 0, 0));
    EXPECT(EPI_ENOTFOUND, epi_episode_read(&found, p->space, 0, 0, 0));
    remove_steps(p, &step, 1);
    EXPECT(EPI_ESTALE, epi_step_read(&found, p->space, step));
    EXPECT(EPI_ESTALE, epi_episode_read(&found, p->space, id, 0, 0));
    assert_null(found);
    epi_episode_close(episode);
}

static void pages_of_a_space_hold_every_step_once(void **state) {
    place *p = *state;
    uint64_t told[60], read[60];
    size_t count = 0;
    for (int e = 0; e < 6; e++) {
        epi_episode *episode = place_episode(p->space);
        for (int i = 0; i < 10; i++) told[count++] = place_say(episode, "walnut");
        epi_episode_close(episode);
    }
    for (size_t page = 1; page <= 61; page += 6) {
        uint64_t after = 0;
        size_t all = 0;
        for (;;) {
            epi_recollection *found = NULL;
            EXPECT(EPI_OK, epi_steps_read(&found, p->space, after, page));
            size_t here = ids_of(found, read + all);
            epi_recollection_free(found);
            if (here == 0) break;
            assert_true(here <= page && all + here <= 60);
            all += here;
            after = read[all - 1];
        }
        assert_int_equal(all, 60);
        assert_memory_equal(read, told, sizeof told);
    }
}

/* ---- vectors ----------------------------------------------------------------------------------------------------- */

#define DIMENSION 24u
#define VECTORS 700u

typedef struct cloud {
    epi_space *space;
    epi_metric metric;
    uint64_t ids[VECTORS];
    bool gone[VECTORS];
    float vectors[VECTORS][DIMENSION];
} cloud;

static void random_vector(float *vector, epi__random *random) {
    for (size_t i = 0; i < DIMENSION; i++) vector[i] = (float)epi__random_normal(random);
}

static void make_cloud(cloud *c, place *p, epi_metric metric, epi__random *random) {
    epi_role role = {.name = "note", .type = EPI_TEXT};
    epi_schema schema = epi_schema_default();
    epi_episode *episode = NULL;
    memset(c, 0, sizeof *c);
    c->metric = metric;
    schema.roles = &role;
    schema.role_count = 1;
    schema.encoder = EPI_ENCODER_GIVEN;
    schema.dimension = DIMENSION;
    schema.metric = metric;
    EXPECT(EPI_OK, epi_space_open(&c->space, p->memory, "cloud", &schema));
    EXPECT(EPI_OK, epi_episode_begin(&episode, c->space, NULL));
    for (size_t i = 0; i < VECTORS; i++) {
        epi_step step = epi_step_default();
        random_vector(c->vectors[i], random);
        step.vector = c->vectors[i];
        step.vector_size = DIMENSION;
        EXPECT(EPI_OK, epi_episode_append(&c->ids[i], episode, &step));
        if (metric == EPI_COSINE) assert_true(epi__math_normalise(c->vectors[i], DIMENSION));
    }
    epi_episode_close(episode);
}

static void brute_force(epi__topk *best, const cloud *c, const float *query) {
    float unit[DIMENSION];
    memcpy(unit, query, sizeof unit);
    if (c->metric == EPI_COSINE) assert_true(epi__math_normalise(unit, DIMENSION));
    for (size_t i = 0; i < VECTORS; i++) {
        float score = c->metric == EPI_COSINE ? epi__math_dot(unit, c->vectors[i], DIMENSION)
                                              : -epi__math_l2_squared(unit, c->vectors[i], DIMENSION);
        if (!c->gone[i]) epi__topk_push(best, c->ids[i], score);
    }
    epi__topk_sort(best);
}

static void assert_nearest(const cloud *c, epi__random *random, const char *when) {
    for (int q = 0; q < 20; q++) {
        float query[DIMENSION], scores[10];
        uint64_t ids[10];
        size_t count = 0;
        epi__topk best;
        random_vector(query, random);
        assert_true(epi__topk_init(&best, 10));
        brute_force(&best, c, query);
        EXPECT(EPI_OK, epi_nearest(&count, ids, scores, c->space, query, DIMENSION, 10, 700));
        assert_int_equal(count, 10);
        for (size_t i = 0; i < 10; i++) {
            if (ids[i] != best.items[i].id) fail_msg("%s: place %zu is another step", when, i);
            assert_true(scores[i] - best.items[i].score < 1e-4f && best.items[i].score - scores[i] < 1e-4f);
        }
        epi__topk_dispose(&best);
    }
}

/* As if there had been more vectors than a mirror takes: no index, exact search over the store. */
static void empty_index(epi_space *space) {
    epi__mirror *mirror = space->mirror;
    pthread_rwlock_wrlock(&mirror->lock);
    epi__index_free(mirror->index);
    mirror->index = NULL;
    mirror->index_complete = false;
    epi__state state = {.dimension = mirror->schema->schema.dimension};
    EXPECT(EPI_OK, epi__mirror_index_new(&mirror->index, mirror, &state));
    pthread_rwlock_unlock(&mirror->lock);
}

static void hide_some(cloud *c, epi__random *random, bool remove) {
    uint64_t ids[40];
    epi_filter filter = epi_filter_default();
    for (size_t i = 0; i < EPI__COUNT(ids); i++) {
        size_t at = (size_t)epi__random_below(random, VECTORS);
        ids[i] = c->ids[at];
        c->gone[at] = true;
    }
    filter.steps = ids;
    filter.step_count = EPI__COUNT(ids);
    filter.include_forgotten = true;
    if (remove) EXPECT(EPI_OK, epi_remove(NULL, c->space, &filter, false));
    else EXPECT(EPI_OK, epi_forget(NULL, c->space, &filter, 0, false));
}

static void nearest_is_what_comparing_all_finds(place *p, epi_metric metric, uint64_t seed) {
    epi__random random = epi__random_seed(quick_seed(seed));
    cloud *c = malloc(sizeof *c);
    epi_upkeep_options seal = epi_upkeep_options_default();
    seal.index = false;
    make_cloud(c, p, metric, &random);
    assert_nearest(c, &random, "in the tail");
    empty_index(c->space);
    assert_nearest(c, &random, "by exact search of the tail");
    EXPECT(EPI_OK, epi_space_upkeep(NULL, c->space, &seal));
    assert_nearest(c, &random, "by exact search of chunks");
    hide_some(c, &random, false);
    hide_some(c, &random, true);
    assert_nearest(c, &random, "without what is hidden, exactly");
    EXPECT(EPI_OK, epi_space_upkeep(NULL, c->space, NULL));
    assert_nearest(c, &random, "in the graph");
    hide_some(c, &random, false);
    hide_some(c, &random, true);
    assert_nearest(c, &random, "in the graph, without what is hidden");
    epi_space_close(c->space);
    place_close(p);
    place_open(p);
    EXPECT(EPI_OK, epi_space_open(&c->space, p->memory, "cloud", NULL));
    assert_nearest(c, &random, "in the graph that was saved");
    place_check(p->memory);
    epi_space_close(c->space);
    free(c);
}

static void the_nearest_by_cosine_are_what_comparing_all_finds(void **state) {
    nearest_is_what_comparing_all_finds(*state, EPI_COSINE, 71);
}
static void the_nearest_by_distance_are_what_comparing_all_finds(void **state) {
    nearest_is_what_comparing_all_finds(*state, EPI_L2, 72);
}

static void a_query_vector_is_checked(void **state) {
    place *p = *state;
    float query[EPI_HASH_DIMENSION_DEFAULT] = {0}, scores[1];
    uint64_t ids[1];
    size_t count = 9, size = EPI_HASH_DIMENSION_DEFAULT;
    EXPECT(EPI_EZERO, epi_nearest(&count, ids, scores, p->space, query, size, 1, 0));
    assert_int_equal(count, 0);
    query[3] = 1.0f;
    EXPECT(EPI_EDIMENSION, epi_nearest(&count, ids, scores, p->space, query, size - 1, 1, 0));
    EXPECT(EPI_EINVAL, epi_nearest(&count, ids, scores, p->space, query, size, 0, 0));
    EXPECT(EPI_ELIMIT, epi_nearest(&count, ids, scores, p->space, query, size, EPI_K_MAX + 1, 0));
    EXPECT(EPI_OK, epi_nearest(&count, ids, NULL, p->space, query, size, 1, 0));
    assert_int_equal(count, 0);
    query[4] = NAN;
    EXPECT(EPI_ENUMBER, epi_nearest(&count, ids, scores, p->space, query, size, 1, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_timeline_is_in_order_of_time_and_keeps_the_newest),
        TEST(a_timeline_takes_what_overlaps_its_window),
        TEST(an_empty_space_has_an_empty_timeline),
        TEST(an_episode_is_read_from_any_step_to_any_other),
        TEST(removed_steps_take_no_place_among_those_that_are_read),
        TEST(reading_what_is_not_there_says_whether_it_ever_was),
        TEST(pages_of_a_space_hold_every_step_once),
        TEST(the_nearest_by_cosine_are_what_comparing_all_finds),
        TEST(the_nearest_by_distance_are_what_comparing_all_finds),
        TEST(a_query_vector_is_checked),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
