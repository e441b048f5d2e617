/* Tests of the vector index: the tail is exact, the graph nearly so, what was removed stays away, threads agree. */
#include "index/index.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "points.h"

static epi__index *new_index(uint32_t dimension, epi__metric metric) {
    const epi__index_options options = {.dimension = dimension, .metric = metric};
    epi__index *index = NULL;
    assert_int_equal(epi__index_new(&index, &options), EPI_OK);
    return index;
}

static void add_all(epi__index *index, const points *p) {
    for (size_t i = 0; i < p->count; i++) {
        const uint64_t id = points_id(i);
        assert_int_equal(epi__index_add(index, &id, points_at(p, i), 1), EPI_OK);
    }
}

static void absorb_all(epi__index *index) {
    size_t absorbed;
    assert_int_equal(epi__index_absorb(&absorbed, index, SIZE_MAX), EPI_OK);
    assert_int_equal(epi__index_tail_count(index), 0);
}

static size_t search(const epi__index *index, const float *query, size_t k, epi__best *found) {
    size_t count = 0;
    assert_int_equal(epi__index_search(&count, found, index, query, k, 0, NULL, NULL), EPI_OK);
    return count;
}

static void assert_same(const epi__best *left, const epi__best *right, size_t count) {
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(left[i].id, right[i].id);
        assert_true(left[i].score == right[i].score);
    }
}

/* Which share of the exact k nearest the index finds, over all queries. */
static double recall_of(const epi__index *index, const points *p, const points *queries, size_t k, epi__metric metric) {
    size_t hits = 0;
    epi__best exact[32], found[32];
    for (size_t q = 0; q < queries->count; q++) {
        points_nearest(exact, p, points_at(queries, q), k, metric);
        assert_int_equal(search(index, points_at(queries, q), k, found), k);
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < k; j++) hits += found[i].id == exact[j].id;
    }
    return (double)hits / (double)(queries->count * k);
}

static void an_empty_index_finds_nothing(void **state) {
    (void)state;
    epi__index *index = new_index(4, EPI__METRIC_COSINE);
    const float query[4] = {1, 0, 0, 0};
    epi__best found[3];
    size_t absorbed = 7;
    assert_int_equal(search(index, query, 3, found), 0);
    assert_int_equal(epi__index_absorb(&absorbed, index, 10), EPI_OK);
    assert_int_equal(absorbed, 0);
    assert_int_equal(epi__index_count(index), 0);
    assert_false(epi__index_wants_rebuild(index));
    epi__index_free(index);
}

static void the_tail_finds_exactly_what_comparing_all_finds(void **state) {
    (void)state;
    const epi__metric metrics[] = {EPI__METRIC_COSINE, EPI__METRIC_L2};
    points p = points_new(1500, 33, 8, 1), queries = points_new(20, 33, 8, 2);
    for (size_t m = 0; m < 2; m++) {
        epi__index *index = new_index(33, metrics[m]);
        add_all(index, &p);
        for (size_t q = 0; q < queries.count; q++) {
            epi__best exact[10], found[10];
            points_nearest(exact, &p, points_at(&queries, q), 10, metrics[m]);
            assert_int_equal(search(index, points_at(&queries, q), 10, found), 10);
            assert_same(found, exact, 10);
        }
        epi__index_free(index);
    }
    points_free(&p);
    points_free(&queries);
}

static void the_graph_finds_nearly_all_of_the_nearest(void **state) {
    (void)state;
    const epi__metric metrics[] = {EPI__METRIC_COSINE, EPI__METRIC_L2};
    points p = points_new(5000, 48, 40, 3), queries = points_new(100, 48, 40, 4);
    for (size_t m = 0; m < 2; m++) {
        epi__index *index = new_index(48, metrics[m]);
        add_all(index, &p);
        absorb_all(index);
        assert_true(recall_of(index, &p, &queries, 10, metrics[m]) >= 0.98);
        epi__index_free(index);
    }
    points_free(&p);
    points_free(&queries);
}

static const float *vector_of_point(void *context, uint64_t id) {
    const points *p = context;
    return points_at(p, points_index(id));
}

static void a_graph_of_halves_answers_with_exact_scores(void **state) {
    (void)state;
    points p = points_new(4000, 96, 40, 5), queries = points_new(100, 96, 40, 6);
    const epi__index_options options = {
        .dimension = 96, .metric = EPI__METRIC_COSINE, .vector_of = vector_of_point, .vector_context = &p};
    epi__index *index = NULL;
    assert_int_equal(epi__index_new(&index, &options), EPI_OK);
    add_all(index, &p);
    absorb_all(index);
    assert_true(recall_of(index, &p, &queries, 10, EPI__METRIC_COSINE) >= 0.98);
    for (size_t q = 0; q < queries.count; q++) {
        epi__best found[10];
        const size_t count = search(index, points_at(&queries, q), 10, found);
        for (size_t i = 0; i < count; i++) {
            const float *vector = vector_of_point(&p, found[i].id);
            assert_true(found[i].score == epi__math_dot(points_at(&queries, q), vector, 96));
        }
    }
    epi__index_free(index);
    points_free(&p);
    points_free(&queries);
}

static void an_item_scores_the_same_in_the_tail_and_in_the_graph(void **state) {
    (void)state;
    points p = points_new(300, 96, 20, 21), query = points_new(1, 96, 20, 22);
    const epi__index_options options = {
        .dimension = 96, .metric = EPI__METRIC_COSINE, .vector_of = vector_of_point, .vector_context = &p};
    epi__index *index = NULL;
    uint64_t ids[301];
    float before[301], behind[301];
    for (size_t i = 0; i < 300; i++) ids[i] = points_id(i);
    ids[300] = points_id(300); /* never added */
    assert_int_equal(epi__index_new(&index, &options), EPI_OK);
    add_all(index, &p);
    assert_int_equal(epi__index_remove(index, ids[7]), EPI_OK);
    assert_int_equal(epi__index_score(before, index, points_at(&query, 0), ids, 301), EPI_OK);
    absorb_all(index);
    assert_int_equal(epi__index_score(behind, index, points_at(&query, 0), ids, 301), EPI_OK);
    for (size_t i = 0; i < 301; i++) {
        assert_true(before[i] == behind[i]);
        if (i == 7 || i == 300)
            assert_true(before[i] == -INFINITY);
        else
            assert_true(fabsf(before[i] - epi__math_dot(points_at(&query, 0), points_at(&p, i), 96)) < 5e-3f);
    }
    epi__index_free(index);
    points_free(&p);
    points_free(&query);
}

static bool id_is_even(void *context, uint64_t id) {
    (*(size_t *)context)++;
    return points_index(id) % 2 == 0;
}

static bool id_is_rare(void *context, uint64_t id) {
    (void)context;
    return points_index(id) % 500 == 17;
}

static void a_filter_lets_only_its_own_through_and_finds_k_of_them(void **state) {
    (void)state;
    points p = points_new(6000, 32, 30, 7), queries = points_new(20, 32, 30, 8);
    epi__index *index = new_index(32, EPI__METRIC_COSINE);
    add_all(index, &p);
    size_t absorbed;
    assert_int_equal(epi__index_absorb(&absorbed, index, 5000), EPI_OK);
    for (size_t q = 0; q < queries.count; q++) {
        epi__best found[12];
        size_t count = 0, calls = 0;
        const float *query = points_at(&queries, q);
        assert_int_equal(epi__index_search(&count, found, index, query, 10, 0, id_is_even, &calls), EPI_OK);
        assert_int_equal(count, 10);
        assert_true(calls >= 10);
        for (size_t i = 0; i < count; i++) assert_int_equal(points_index(found[i].id) % 2, 0);
        assert_int_equal(epi__index_search(&count, found, index, query, 12, 0, id_is_rare, NULL), EPI_OK);
        assert_int_equal(count, 12); /* all there are */
        for (size_t i = 0; i < count; i++) assert_true(id_is_rare(NULL, found[i].id));
    }
    epi__index_free(index);
    points_free(&p);
    points_free(&queries);
}

static void a_removed_item_is_never_found_again(void **state) {
    (void)state;
    points p = points_new(4000, 32, 20, 9);
    epi__index *index = new_index(32, EPI__METRIC_COSINE);
    add_all(index, &p);
    size_t absorbed;
    assert_int_equal(epi__index_absorb(&absorbed, index, 3000), EPI_OK);
    for (size_t i = 0; i < p.count; i += 3) assert_int_equal(epi__index_remove(index, points_id(i)), EPI_OK);
    assert_int_equal(epi__index_remove(index, points_id(0)), EPI_OK); /* again: nothing happens */
    assert_int_equal(epi__index_count(index), 4000 - 1334);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 300; i++) {
            epi__best found[20];
            assert_int_equal(search(index, points_at(&p, i), 20, found), 20);
            for (size_t f = 0; f < 20; f++) assert_int_not_equal(points_index(found[f].id) % 3, 0);
        }
        absorb_all(index);
    }
    for (size_t i = 0; i < p.count; i++) assert_int_equal(epi__index_contains(index, points_id(i)), i % 3 != 0);
    assert_true(epi__index_wants_rebuild(index));
    epi__index_free(index);
    points_free(&p);
}

static void a_removed_id_may_come_back_with_another_vector(void **state) {
    (void)state;
    points p = points_new(2000, 24, 10, 10);
    epi__index *index = new_index(24, EPI__METRIC_COSINE);
    add_all(index, &p);
    absorb_all(index);
    const uint64_t id = points_id(5);
    assert_int_equal(epi__index_remove(index, id), EPI_OK);
    assert_int_equal(epi__index_add(index, &id, points_at(&p, 6), 1), EPI_OK);
    for (int round = 0; round < 2; round++) {
        epi__best found[2];
        assert_int_equal(search(index, points_at(&p, 6), 2, found), 2);
        assert_true(found[0].score == found[1].score);
        assert_true(found[0].id == id || found[1].id == id);
        absorb_all(index);
    }
    assert_int_equal(epi__index_count(index), 2000);
    epi__index_free(index);
    points_free(&p);
}

static void every_item_can_be_removed_and_the_index_used_again(void **state) {
    (void)state;
    points p = points_new(1200, 16, 10, 11);
    epi__index *index = new_index(16, EPI__METRIC_L2);
    epi__best found[5];
    add_all(index, &p);
    absorb_all(index);
    for (size_t i = 0; i < p.count; i++) assert_int_equal(epi__index_remove(index, points_id(i)), EPI_OK);
    assert_int_equal(search(index, points_at(&p, 0), 5, found), 0);
    add_all(index, &p);
    assert_int_equal(search(index, points_at(&p, 0), 5, found), 5);
    assert_int_equal(found[0].id, points_id(0));
    epi__index_free(index);
    points_free(&p);
}

static void ties_go_to_the_lowest_id(void **state) {
    (void)state;
    const float vector[8] = {1, 0, 0, 0, 0, 0, 0, 0};
    epi__index *index = new_index(8, EPI__METRIC_COSINE);
    for (uint64_t i = 0; i < 40; i++) {
        const uint64_t id = (i * 17) % 40 + 100; /* in no order */
        assert_int_equal(epi__index_add(index, &id, vector, 1), EPI_OK);
    }
    for (size_t absorbed = 0, step = 0; step < 3; step++) {
        epi__best found[6];
        assert_int_equal(search(index, vector, 6, found), 6);
        for (size_t i = 0; i < 6; i++) assert_int_equal(found[i].id, 100 + i);
        assert_int_equal(epi__index_absorb(&absorbed, index, 20), EPI_OK);
    }
    epi__index_free(index);
}

static void an_id_that_is_there_is_refused_and_nothing_changes(void **state) {
    (void)state;
    points p = points_new(3, 8, 2, 12);
    epi__index *index = new_index(8, EPI__METRIC_L2);
    const uint64_t ids[3] = {1, 2, 1};
    assert_int_equal(epi__index_add(index, ids, p.values, 3), EPI_EEXISTS);
    assert_int_equal(epi__index_count(index), 0);
    assert_false(epi__index_contains(index, 2));
    assert_int_equal(epi__index_add(index, ids, p.values, 2), EPI_OK);
    assert_int_equal(epi__index_add(index, ids + 1, p.values, 2), EPI_EEXISTS);
    assert_int_equal(epi__index_count(index), 2);
    epi__index_free(index);
    points_free(&p);
}

static void absorbing_in_steps_builds_the_same_graph_as_at_once(void **state) {
    (void)state;
    points p = points_new(3000, 40, 30, 13), queries = points_new(50, 40, 30, 14);
    epi__index *at_once = new_index(40, EPI__METRIC_COSINE), *in_steps = new_index(40, EPI__METRIC_COSINE);
    add_all(at_once, &p);
    absorb_all(at_once);
    for (size_t i = 0; i < p.count; i++) {
        const uint64_t id = points_id(i);
        size_t absorbed;
        assert_int_equal(epi__index_add(in_steps, &id, points_at(&p, i), 1), EPI_OK);
        if (i % 7 == 6) assert_int_equal(epi__index_absorb(&absorbed, in_steps, 5), EPI_OK);
    }
    absorb_all(in_steps);
    for (size_t q = 0; q < queries.count; q++) {
        epi__best left[10], right[10];
        assert_int_equal(search(at_once, points_at(&queries, q), 10, left), 10);
        assert_int_equal(search(in_steps, points_at(&queries, q), 10, right), 10);
        assert_same(left, right, 10);
    }
    epi__index_free(at_once);
    epi__index_free(in_steps);
    points_free(&p);
    points_free(&queries);
}

/* A text said a thousand times must neither hide the others nor be lost among itself. */
static void many_equal_vectors_do_not_cut_the_graph(void **state) {
    (void)state;
    points p = points_new(4000, 32, 30, 15), queries = points_new(50, 32, 30, 16);
    for (size_t i = 0; i < 1000; i++) memcpy(p.values + (4 * i) * 32, p.values, 32 * sizeof(float));
    epi__index *index = new_index(32, EPI__METRIC_COSINE);
    add_all(index, &p);
    absorb_all(index);
    size_t good = 0;
    for (size_t q = 0; q < queries.count; q++) {
        epi__best exact[10], found[10];
        points_nearest(exact, &p, points_at(&queries, q), 10, EPI__METRIC_COSINE);
        assert_int_equal(search(index, points_at(&queries, q), 10, found), 10);
        for (size_t i = 0; i < 10; i++) good += found[i].score >= exact[9].score;
    }
    assert_true(good >= 490); /* of 500 */
    epi__best exact[10], found[10];
    points_nearest(exact, &p, p.values, 10, EPI__METRIC_COSINE);
    assert_int_equal(search(index, p.values, 10, found), 10);
    assert_same(found, exact, 10); /* of a thousand equal ones, those with the lowest ids */
    epi__index_free(index);
    points_free(&p);
    points_free(&queries);
}

typedef struct searcher {
    const epi__index *index;
    const points *queries;
    epi__best found[100][10];
    bool failed;
} searcher;

static void *search_all(void *argument) {
    searcher *s = argument;
    for (size_t q = 0; q < s->queries->count; q++) {
        size_t count = 0;
        const epi_status status = epi__index_search(&count, s->found[q], s->index, points_at(s->queries, q), 10, 0,
                                                    NULL, NULL);
        s->failed = s->failed || status != EPI_OK || count != 10;
    }
    return NULL;
}

static void four_threads_searching_find_what_one_finds(void **state) {
    (void)state;
    static searcher searchers[5];
    pthread_t threads[5];
    points p = points_new(3000, 40, 30, 17), queries = points_new(100, 40, 30, 18);
    epi__index *index = new_index(40, EPI__METRIC_COSINE);
    size_t absorbed;
    add_all(index, &p);
    assert_int_equal(epi__index_absorb(&absorbed, index, 2500), EPI_OK);
    for (size_t i = 0; i < 5; i++) searchers[i] = (searcher){.index = index, .queries = &queries};
    search_all(&searchers[4]);
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, search_all, &searchers[i]), 0);
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < 5; i++) {
        assert_false(searchers[i].failed);
        for (size_t q = 0; q < queries.count; q++) assert_same(searchers[i].found[q], searchers[4].found[q], 10);
    }
    epi__index_free(index);
    points_free(&p);
    points_free(&queries);
}

static void options_out_of_their_limits_are_refused(void **state) {
    (void)state;
    const epi__index_options bad[] = {
        {.dimension = 0, .metric = EPI__METRIC_L2},
        {.dimension = EPI__INDEX_DIMENSION_MAX + 1, .metric = EPI__METRIC_L2},
        {.dimension = 8, .metric = (epi__metric)9},
        {.dimension = 8, .metric = EPI__METRIC_L2, .m = EPI__INDEX_M_MIN - 1},
        {.dimension = 8, .metric = EPI__METRIC_L2, .m = EPI__INDEX_M_MAX + 1},
        {.dimension = 8, .metric = EPI__METRIC_L2, .ef_construction = EPI__INDEX_EF_MAX + 1},
        {.dimension = 8, .metric = EPI__METRIC_L2, .threads = 2},
    };
    for (size_t i = 0; i < EPI__COUNT(bad); i++) {
        epi__index *index = NULL;
        assert_int_equal(epi__index_new(&index, &bad[i]), EPI_EINVAL);
        assert_null(index);
    }
}

static void neighbour_lists_work_at_both_ends_of_their_limits(void **state) {
    (void)state;
    const uint32_t ms[] = {EPI__INDEX_M_MIN, EPI__INDEX_M_MAX};
    points p = points_new(2000, 16, 10, 19), queries = points_new(50, 16, 10, 20);
    for (size_t i = 0; i < 2; i++) {
        const epi__index_options options = {.dimension = 16, .metric = EPI__METRIC_L2, .m = ms[i], .ef_search = 128};
        epi__index *index = NULL;
        assert_int_equal(epi__index_new(&index, &options), EPI_OK);
        add_all(index, &p);
        absorb_all(index);
        assert_true(recall_of(index, &p, &queries, 10, EPI__METRIC_L2) >= (i == 0 ? 0.6 : 0.99));
        epi__index_free(index);
    }
    points_free(&p);
    points_free(&queries);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_index_finds_nothing),
        cmocka_unit_test(the_tail_finds_exactly_what_comparing_all_finds),
        cmocka_unit_test(the_graph_finds_nearly_all_of_the_nearest),
        cmocka_unit_test(a_graph_of_halves_answers_with_exact_scores),
        cmocka_unit_test(an_item_scores_the_same_in_the_tail_and_in_the_graph),
        cmocka_unit_test(a_filter_lets_only_its_own_through_and_finds_k_of_them),
        cmocka_unit_test(a_removed_item_is_never_found_again),
        cmocka_unit_test(a_removed_id_may_come_back_with_another_vector),
        cmocka_unit_test(every_item_can_be_removed_and_the_index_used_again),
        cmocka_unit_test(ties_go_to_the_lowest_id),
        cmocka_unit_test(an_id_that_is_there_is_refused_and_nothing_changes),
        cmocka_unit_test(absorbing_in_steps_builds_the_same_graph_as_at_once),
        cmocka_unit_test(many_equal_vectors_do_not_cut_the_graph),
        cmocka_unit_test(four_threads_searching_find_what_one_finds),
        cmocka_unit_test(options_out_of_their_limits_are_refused),
        cmocka_unit_test(neighbour_lists_work_at_both_ends_of_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
