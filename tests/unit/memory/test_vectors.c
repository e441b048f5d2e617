/* Tests of vector chunks and tail records against a plain table: sealing in any order, removing, scanning, damage. */
#include <stdlib.h>

#include "memory/handle.h"
#include "memory/vectors.h"
#include "place.h"
#include "quick.h"

#define DIMENSION EPI_HASH_DIMENSION_DEFAULT
#define STEPS 1000u
#define GENERATION 1u

static const epi__state serving = {.generation = GENERATION, .dimension = DIMENSION};
static const epi__state empty = {.generation = GENERATION + 1, .dimension = DIMENSION};

static float table[STEPS][DIMENSION];
static bool there[STEPS];

static epi__change begin(place *p) {
    epi__change change;
    EXPECT(EPI_OK, epi__change_begin(&change, p->space->mirror->store, p->space->mirror->space, true));
    return change;
}

static void seal_some(epi__change *change, epi__random *random, size_t most) {
    uint64_t ids[STEPS];
    const void *vectors[STEPS];
    size_t count = 0;
    for (size_t id = 1; id < STEPS && count < most; id++) {
        if (there[id] || epi__random_below(random, 4)) continue;
        for (size_t i = 0; i < DIMENSION; i++) table[id][i] = (float)epi__random_unit(random);
        there[id] = true;
        ids[count] = id;
        vectors[count++] = table[id];
    }
    size_t added = 0;
    EXPECT(EPI_OK, epi__vectors_seal(&added, change, DIMENSION, GENERATION, ids, vectors, count));
    assert_int_equal(added, count);
}

static bool take_out(epi__change *change, uint64_t id) {
    bool removed = false;
    EXPECT(EPI_OK, epi__vectors_remove(&removed, change, DIMENSION, GENERATION, id));
    return removed;
}

static void remove_some(epi__change *change, epi__random *random, size_t most) {
    for (size_t i = 0; i < most; i++) {
        size_t id = (size_t)epi__random_below(random, STEPS);
        if (!there[id]) continue;
        assert_true(take_out(change, id));
        there[id] = false;
    }
}

typedef struct scanned {
    size_t found;
    uint64_t end;
} scanned;

static epi_status compare_chunk(void *context, uint64_t first, const uint8_t *present, const float *vectors,
                                uint32_t capacity) {
    scanned *all = context;
    assert_true(first >= all->end || first == 0);
    all->end = first + capacity;
    assert_int_equal((uintptr_t)vectors % sizeof(float), 0);
    for (uint32_t i = 0; i < capacity; i++) {
        bool set = present[i / 8] >> (i % 8) & 1;
        assert_int_equal(set, first + i < STEPS && there[first + i]);
        if (!set) continue;
        assert_memory_equal(vectors + (size_t)i * DIMENSION, table[first + i], sizeof table[0]);
        all->found++;
    }
    return EPI_OK;
}

static void assert_table(place *p) {
    epi__tx tx;
    epi__mirror *mirror = p->space->mirror;
    scanned all = {0, 0};
    size_t expected = 0;
    float vector[DIMENSION];
    EXPECT(EPI_OK, epi__tx_begin(&tx, mirror->store, false));
    for (size_t id = 1; id < STEPS; id++) {
        const float *at = epi__vectors_at(mirror, tx.txn, &serving, id);
        epi_status status = epi__vectors_get(vector, mirror, tx.txn, &serving, id);
        assert_int_equal(status, there[id] ? EPI_OK : EPI_ENOTFOUND);
        assert_int_equal(at != NULL, there[id]);
        expected += there[id];
        if (!there[id]) continue;
        assert_memory_equal(vector, table[id], sizeof vector);
        assert_memory_equal(at, table[id], sizeof vector);
    }
    EXPECT(EPI_OK, epi__vectors_scan(mirror, tx.txn, &serving, 0, compare_chunk, &all));
    assert_int_equal(all.found, expected);
    EXPECT(EPI_OK, epi__vectors_scan(mirror, tx.txn, &empty, 0, compare_chunk, &all));
    assert_int_equal(all.found, expected);
    epi__tx_abort(&tx);
}

static void chunks_agree_with_a_plain_table(void **state) {
    place *p = *state;
    epi__random random = epi__random_seed(quick_seed(81));
    memset(there, 0, sizeof there);
    for (int round = 0; round < 15; round++) {
        epi__change change = begin(p);
        seal_some(&change, &random, 1 + (size_t)epi__random_below(&random, 200));
        remove_some(&change, &random, (size_t)epi__random_below(&random, 200));
        EXPECT(EPI_OK, epi__change_commit(&change, 0));
        epi__map_clear(&p->space->mirror->verified); /* as a seal's journal entry does */
        assert_table(p);
    }
    epi__change change = begin(p);
    remove_some(&change, &random, 100000);
    for (size_t id = 0; id < STEPS; id++)
        if (there[id]) assert_true(take_out(&change, id));
    assert_int_equal(epi__state_count(&change.state, EPI__TABLE_VECTOR), 0);
    epi__change_abort(&change);
}

static void removing_says_whether_the_vector_was_there(void **state) {
    place *p = *state;
    epi__change change = begin(p);
    memset(there, 0, sizeof there);
    uint64_t id = 5;
    const void *vector = table[5];
    size_t added = 0;
    assert_false(take_out(&change, 5));
    EXPECT(EPI_OK, epi__vectors_seal(&added, &change, DIMENSION, GENERATION, &id, &vector, 1));
    assert_int_equal(added, 1);
    EXPECT(EPI_OK, epi__vectors_seal(&added, &change, DIMENSION, GENERATION, &id, &vector, 1));
    assert_int_equal(added, 0); /* it was there */
    assert_false(take_out(&change, 6));
    assert_true(take_out(&change, 5));
    assert_false(take_out(&change, 5));
    epi__change_abort(&change);
}

/* A removed vector leaves zeros: what is not there any more is not in the chunk's bytes. */
static void a_removed_vector_is_overwritten(void **state) {
    place *p = *state;
    epi__change change = begin(p);
    uint64_t ids[] = {9, 10};
    for (size_t i = 0; i < DIMENSION; i++) table[9][i] = table[10][i] = 3.25f;
    const void *vectors[] = {table[9], table[10]};
    size_t added = 0;
    EXPECT(EPI_OK, epi__vectors_seal(&added, &change, DIMENSION, GENERATION, ids, vectors, 2));
    assert_true(take_out(&change, 9));
    epi__key key;
    epi__view body;
    const uint8_t *present = NULL;
    const float *stored = NULL;
    epi__key_begin(&key, change.space, EPI__TABLE_VECTOR);
    epi__key_u32(&key, GENERATION);
    epi__key_u64(&key, 0);
    EXPECT(EPI_OK, epi__change_get(&body, &change, &key));
    EXPECT(EPI_OK, epi__chunk_open(&present, &stored, body, DIMENSION));
    for (size_t i = 0; i < DIMENSION; i++) {
        assert_true(stored[9 * DIMENSION + i] == 0.0f);
        assert_true(stored[10 * DIMENSION + i] == 3.25f);
    }
    epi__change_abort(&change);
}

static void capacities_are_powers_of_two_that_fill_a_chunk(void **state) {
    (void)state;
    for (uint32_t dimension = 1; dimension <= EPI_DIMENSION_MAX; dimension++) {
        uint32_t capacity = epi__vectors_capacity(dimension);
        assert_true(capacity >= 8 && capacity <= 4096);
        assert_int_equal(capacity & (capacity - 1), 0);
        uint64_t size = (uint64_t)capacity * dimension * sizeof(float);
        assert_true(capacity == 8 || size <= 128u * 1024u);
        assert_true(capacity == 4096 || size > 64u * 1024u);
        assert_true(size >= 16u * 1024u); /* in pages of its own, so that its floats are aligned */
    }
}

static void a_chunk_of_another_size_is_damaged(void **state) {
    (void)state;
    const uint8_t *present = NULL;
    const float *vectors = NULL;
    static uint8_t body[1 << 18];
    size_t size = epi__vectors_capacity(DIMENSION) / 8u + epi__vectors_capacity(DIMENSION) * DIMENSION * sizeof(float);
    EXPECT(EPI_OK, epi__chunk_open(&present, &vectors, (epi__view){body, size}, DIMENSION));
    EXPECT(EPI_EDAMAGED, epi__chunk_open(&present, &vectors, (epi__view){body, size - 1}, DIMENSION));
    EXPECT(EPI_EDAMAGED, epi__chunk_open(&present, &vectors, (epi__view){body, size + 4}, DIMENSION));
    EXPECT(EPI_EDAMAGED, epi__chunk_open(&present, &vectors, (epi__view){NULL, 0}, DIMENSION));
}

static void tail_records_come_back_with_and_without_words_and_vectors(void **state) {
    (void)state;
    static const float vector[3] = {1.0f, -2.0f, 3.0f};
    for (int words = 0; words < 2; words++)
        for (int has = 0; has < 2; has++) {
            epi__document document = {0};
            epi__buffer out = {0};
            epi__view encoded, found;
            if (words) epi__document_word(&document, "walnut", 6, 4);
            epi__tail_record_encode(&out, &document, has ? vector : NULL, 3);
            assert_false(out.failed);
            EXPECT(EPI_OK, epi__tail_record_decode(&encoded, &found, (epi__view){out.data, out.size}));
            assert_int_equal(encoded.size > 0, words);
            assert_int_equal(found.size, has ? sizeof vector : 0);
            if (has) assert_memory_equal(found.data, vector, sizeof vector);
            if (words) assert_int_equal(epi__document_open(encoded).count, 1);
            epi__buffer_dispose(&out);
            epi__document_dispose(&document);
        }
    static const uint8_t cut[] = {200, 1, 'a'};
    epi__view encoded, found;
    EXPECT(EPI_EDAMAGED, epi__tail_record_decode(&encoded, &found, (epi__view){cut, sizeof cut}));
    EXPECT(EPI_EDAMAGED, epi__tail_record_decode(&encoded, &found, (epi__view){NULL, 0}));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(chunks_agree_with_a_plain_table),
        TEST(removing_says_whether_the_vector_was_there),
        TEST(a_removed_vector_is_overwritten),
        cmocka_unit_test(capacities_are_powers_of_two_that_fill_a_chunk),
        cmocka_unit_test(a_chunk_of_another_size_is_damaged),
        cmocka_unit_test(tail_records_come_back_with_and_without_words_and_vectors),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
