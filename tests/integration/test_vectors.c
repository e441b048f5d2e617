/* Many vectors: found from the first call on, through upkeep that is cut short while others append, and after opening
 * again. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIMENSION 16u
#define BATCH 2000u
#define MANY 20000u /* more than a process takes into memory unasked */

typedef struct cloud {
    epi_space *space;
    epi_episode *episode;
    uint64_t *ids;
    size_t count;
} cloud;

/* The coordinates of a point follow from its number. */
static void point(float vector[DIMENSION], size_t number) {
    uint64_t state = number * 0x9E3779B97F4A7C15ull + 1;
    for (unsigned i = 0; i < DIMENSION; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        vector[i] = (float)(state >> 40) / (float)(1u << 24) - 0.5f;
    }
}

static void open_cloud(cloud *c, epi_memory *memory, epi_metric metric) {
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_schema schema;
    place_vector_schema(&schema, roles, DIMENSION);
    schema.metric = metric;
    EXPECT(EPI_OK, epi_space_open(&c->space, memory, metric == EPI_L2 ? "l2" : "cosine", &schema));
    c->episode = place_episode(c->space);
    if (!c->ids) c->ids = malloc((MANY + BATCH) * sizeof *c->ids);
    assert_non_null(c->ids);
}

static void close_cloud(cloud *c) {
    epi_episode_close(c->episode);
    epi_space_close(c->space);
}

static void add(cloud *c, size_t count) {
    static float vectors[BATCH][DIMENSION];
    static epi_part parts[BATCH];
    static epi_step steps[BATCH];
    for (size_t i = 0; i < count; i++) {
        point(vectors[i], c->count + i);
        parts[i] = epi_part_f32("observation", vectors[i], DIMENSION);
        steps[i] = epi_step_default();
        steps[i].parts = &parts[i];
        steps[i].part_count = 1;
    }
    EXPECT(EPI_OK, epi_episode_append_many(c->ids + c->count, c->episode, steps, count));
    c->count += count;
}

/* How many of some points are the nearest to themselves. */
static size_t found_of(const cloud *c, size_t samples) {
    size_t found = 0;
    for (size_t i = 0; i < samples; i++) {
        float vector[DIMENSION], score = 0;
        uint64_t nearest = 0;
        size_t count = 0, number = i * 7919 % c->count;
        point(vector, number);
        EXPECT(EPI_OK, epi_nearest(&count, &nearest, &score, c->space, vector, DIMENSION, 1, 0));
        found += count == 1 && nearest == c->ids[number];
    }
    return found;
}

static void grow_and_look(place *p, epi_metric metric) {
    cloud c = {0};
    epi_upkeep_options options = epi_upkeep_options_default();
    epi_upkeep_report report = {0};
    open_cloud(&c, p->memory, metric);
    while (c.count < MANY) {
        add(&c, BATCH);
        assert_int_equal(found_of(&c, 20), 20); /* exactly, with or without a graph */
    }
    options.time_limit_ms = 1000;
    int rounds = 0;
    for (; !report.complete && rounds < 100; rounds++) { /* others append and read meanwhile */
        EXPECT(EPI_OK, epi_space_upkeep(&report, c.space, &options));
        if (c.count < MANY + BATCH) add(&c, 1);
        assert_true(found_of(&c, 3) > 1);
    }
    assert_true(report.complete);
    assert_in_range(place_stats(c.space).indexed, MANY, c.count);
    assert_true(found_of(&c, 200) >= 198); /* the graph is approximate */
    epi_filter filter = epi_filter_default();
    filter.steps = c.ids;
    filter.step_count = 500;
    EXPECT(EPI_OK, epi_remove(NULL, c.space, &filter, false));
    memmove(c.ids, c.ids + 500, (c.count - 500) * sizeof *c.ids);
    close_cloud(&c);
    place_reopen(p);
    open_cloud(&c, p->memory, metric);
    epi_space_stats stats = place_stats(c.space);
    assert_int_equal(stats.vectors, c.count - 500);
    float vector[DIMENSION];
    uint64_t nearest = 0;
    size_t count = 0;
    for (size_t i = 0; i < 100; i++) {
        point(vector, 500 + i * 31);
        EXPECT(EPI_OK, epi_nearest(&count, &nearest, NULL, c.space, vector, DIMENSION, 1, 200));
        assert_int_equal(nearest, c.ids[i * 31]);
        point(vector, i);
        EXPECT(EPI_OK, epi_nearest(&count, &nearest, NULL, c.space, vector, DIMENSION, 1, 0));
        assert_true(count == 1 && nearest >= c.ids[0]); /* the removed one is not found */
    }
    place_check(p->memory);
    close_cloud(&c);
    free(c.ids);
}

static void many_vectors_under_l2(void **state) {
    grow_and_look(*state, EPI_L2);
}
static void many_vectors_under_cosine(void **state) {
    grow_and_look(*state, EPI_COSINE);
}

static void a_damaged_or_missing_index_file_is_made_anew(void **state) {
    place *p = *state;
    cloud c = {0};
    open_cloud(&c, p->memory, EPI_L2);
    add(&c, 1000);
    EXPECT(EPI_OK, epi_space_upkeep(NULL, c.space, NULL));
    for (int how = 0; how < 3; how++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/cache/space-2.index", p->path);
        close_cloud(&c);
        place_close(p);
        FILE *file = how ? fopen(path, "r+b") : NULL;
        assert_true(how == 0 ? remove(path) == 0 : file != NULL);
        if (file) {
            assert_int_equal(fseek(file, how == 1 ? 3000 : 20, SEEK_SET), 0);
            assert_int_equal(fwrite("damage", 1, 6, file), 6);
            assert_int_equal(fclose(file), 0);
        }
        place_open(p);
        open_cloud(&c, p->memory, EPI_L2);
        assert_int_equal(found_of(&c, 100), 100);
        EXPECT(EPI_OK, epi_space_upkeep(NULL, c.space, NULL));
        assert_int_equal(place_stats(c.space).indexed, 1000);
        assert_true(found_of(&c, 100) >= 99);
    }
    close_cloud(&c);
    free(c.ids);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(many_vectors_under_l2),
        TEST(many_vectors_under_cosine),
        TEST(a_damaged_or_missing_index_file_is_made_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
