/* Tests of block postings against a plain table: steps that come late, blocks that fill, split and empty, terms that
 * are each other's prefixes. EPISODIC_SEED=n repeats a run.
 */
#include "lexical/lexical.h"
#include "memory/handle.h"
#include "place.h"
#include "quick.h"

#define TERMS 4u
#define STEPS 12000u

static const char *const NAMES[TERMS] = {"wa", "wab", ("k\x01" "a"), "wb"};

typedef struct twin {
    epi__posting postings[TERMS][STEPS]; /* step 0: not there */
} twin;

static twin model;

static epi__view term_of(unsigned term) {
    return (epi__view){NAMES[term], strlen(NAMES[term])};
}

static epi__change begin(place *p) {
    epi__change change;
    EXPECT(EPI_OK, epi__change_begin(&change, p->space->mirror->store, p->space->mirror->space, true));
    return change;
}

/* ---- what is stored ---------------------------------------------------------------------------------------------- */

typedef struct walked {
    const epi__posting *expected;
    uint64_t before, count, blocks;
} walked;

static epi_status compare(void *context, const epi__posting *postings, size_t count) {
    walked *all = context;
    all->blocks++;
    for (size_t i = 0; i < count; i++) {
        uint64_t step = postings[i].step;
        assert_true(step > all->before && step < STEPS);
        const epi__posting *expected = &all->expected[step];
        if (expected->step != step) fail_msg("step %llu should not be there", (unsigned long long)step);
        assert_int_equal(expected->weight, postings[i].weight);
        assert_int_equal(expected->length, postings[i].length);
        all->before = step;
        all->count++;
    }
    return EPI_OK;
}

/* Looking up every seventh step finds those of them that have the term. */
static void assert_found(epi__change *change, unsigned t) {
    static uint64_t steps[STEPS / 7 + 1];
    walked all = {.expected = model.postings[t]};
    size_t count = 0, expected = 0;
    for (uint64_t step = t + 1; step < STEPS; step += 7) {
        steps[count++] = step;
        expected += model.postings[t][step].step > 0;
    }
    EXPECT(EPI_OK, epi__postings_find(change->tx.txn, change->space, term_of(t), steps, count, compare, &all));
    assert_int_equal(all.count, expected);
}

static uint64_t assert_same(epi__change *change) {
    uint64_t blocks = 0;
    for (unsigned t = 0; t < TERMS; t++) {
        walked all = {.expected = model.postings[t]};
        uint64_t expected = 0, documents = 0;
        for (size_t s = 0; s < STEPS; s++) expected += model.postings[t][s].step > 0;
        EXPECT(EPI_OK, epi__postings_documents(&documents, change->tx.txn, change->space, term_of(t)));
        EXPECT(EPI_OK, epi__postings_walk(change->tx.txn, change->space, term_of(t), compare, &all));
        assert_int_equal(documents, expected);
        assert_int_equal(all.count, expected);
        blocks += all.blocks;
        assert_found(change, t);
    }
    return blocks;
}

/* ---- random changes ---------------------------------------------------------------------------------------------- */

static void insert_some(epi__change *change, epi__random *random, uint64_t from, uint64_t to, size_t most) {
    static epi__posting_entry entries[4096];
    size_t count = 0;
    for (size_t i = 0; i < most; i++) {
        unsigned t = (unsigned)epi__random_below(random, TERMS);
        uint64_t step = from + epi__random_below(random, to - from);
        epi__posting *own = &model.postings[t][step];
        if (own->step) continue;
        *own = (epi__posting){step, 1 + (uint32_t)epi__random_below(random, 1000), (uint8_t)epi__random_next(random)};
        entries[count++] = (epi__posting_entry){term_of(t), *own};
    }
    EXPECT(EPI_OK, epi__postings_insert(change, entries, count));
}

static void remove_range(epi__change *change, unsigned t, uint64_t from, uint64_t to) {
    for (uint64_t step = from; step < to; step++) {
        if (!model.postings[t][step].step) continue;
        EXPECT(EPI_OK, epi__postings_remove(change, term_of(t), step));
        model.postings[t][step].step = 0;
    }
}

static void operate(epi__change *change, epi__random *random, uint64_t *newest) {
    unsigned t = (unsigned)epi__random_below(random, TERMS);
    uint64_t at = 1 + epi__random_below(random, *newest);
    switch (epi__random_below(random, 8)) {
    case 0: remove_range(change, t, at, EPI__MIN(at + 50, (uint64_t)STEPS)); break;
    case 1: remove_range(change, t, at, STEPS); break; /* the newest, block by block */
    case 2: insert_some(change, random, at, EPI__MIN(at + 300, (uint64_t)STEPS), 500); break;
    case 3: insert_some(change, random, 1, *newest + 1, 100); break;
    default:
        *newest = EPI__MIN(*newest + 600, (uint64_t)STEPS - 1);
        insert_some(change, random, *newest > 600 ? *newest - 600 : 1, *newest + 1, 1500);
    }
    if (*newest > STEPS - 700) { /* from the start again, in an order that no writer has */
        *newest = 1;
        for (t = 0; t < TERMS; t++) remove_range(change, t, 1, STEPS / 2);
    }
}

static void postings_agree_with_a_plain_table(void **state) {
    place *p = *state;
    epi__random random = epi__random_seed(quick_seed(41));
    uint64_t newest = 1, blocks = 0;
    memset(&model, 0, sizeof model);
    for (int i = 0; i < 60; i++) {
        epi__change change = begin(p);
        for (uint64_t left = 1 + epi__random_below(&random, 3); left > 0; left--) operate(&change, &random, &newest);
        if (i % 4 == 0) blocks = EPI__MAX(blocks, assert_same(&change));
        EXPECT(EPI_OK, epi__change_commit(&change, 0));
    }
    assert_true(blocks > 3 * TERMS); /* it was about blocks */
    epi__change change = begin(p);
    for (unsigned t = 0; t < TERMS; t++) remove_range(&change, t, 1, STEPS);
    assert_int_equal(epi__state_count(&change.state, EPI__TABLE_TERM), 0);
    assert_int_equal(epi__state_count(&change.state, EPI__TABLE_POSTING), 0);
    epi__change_abort(&change);
}

/* ---- what random changes seldom do ------------------------------------------------------------------------------- */

static void insert_steps(epi__change *change, uint64_t from, uint64_t to, uint64_t apart) {
    for (uint64_t step = from; step < to; step += apart) {
        epi__posting_entry entry = {term_of(0), {step, 4, 10}};
        model.postings[0][step] = entry.posting;
        EXPECT(EPI_OK, epi__postings_insert(change, &entry, 1));
    }
}

static void late_steps_find_their_place_when_the_newest_block_was_emptied(void **state) {
    place *p = *state;
    memset(&model, 0, sizeof model);
    epi__change change = begin(p);
    insert_steps(&change, 2, 2000, 2);
    assert_same(&change);
    remove_range(&change, 0, 1602, 2000); /* what has not been spilled to blocks */
    insert_steps(&change, 3, 1000, 200);
    insert_steps(&change, 3001, 4500, 2);
    insert_steps(&change, 5, 1600, 100);
    assert_same(&change);
    remove_range(&change, 0, 1, STEPS);
    assert_int_equal(epi__state_count(&change.state, EPI__TABLE_TERM), 0);
    epi__change_abort(&change);
}

static void thousands_of_late_steps_split_a_block(void **state) {
    place *p = *state;
    memset(&model, 0, sizeof model);
    epi__change change = begin(p);
    insert_steps(&change, 4000, 5800, 2);
    uint64_t before = assert_same(&change);
    insert_steps(&change, 1, 4000, 3); /* all before the first block */
    insert_steps(&change, 4001, 4800, 2);
    assert_true(assert_same(&change) > before);
    epi__change_abort(&change);
}

static void removing_what_is_not_there_is_damage(void **state) {
    place *p = *state;
    epi__change change = begin(p);
    memset(&model, 0, sizeof model);
    EXPECT(EPI_EDAMAGED, epi__postings_remove(&change, term_of(0), 5));
    insert_steps(&change, 10, 20, 2);
    EXPECT(EPI_EDAMAGED, epi__postings_remove(&change, term_of(0), 5));
    EXPECT(EPI_EDAMAGED, epi__postings_remove(&change, term_of(0), 11));
    insert_steps(&change, 20, 3000, 2);
    EXPECT(EPI_EDAMAGED, epi__postings_remove(&change, term_of(0), 11));
    EXPECT(EPI_EDAMAGED, epi__postings_remove(&change, term_of(0), 2999));
    EXPECT(EPI_OK, epi__postings_insert(&change, NULL, 0));
    epi__change_abort(&change);
}

static epi_status stop(void *context, const epi__posting *postings, size_t count) {
    (void)postings, (void)count;
    ++*(int *)context;
    return EPI_ECANCELLED;
}

static void a_walk_ends_when_its_visitor_says_so(void **state) {
    place *p = *state;
    epi__change change = begin(p);
    int visits = 0;
    memset(&model, 0, sizeof model);
    insert_steps(&change, 2, 3000, 2);
    EXPECT(EPI_ECANCELLED, epi__postings_walk(change.tx.txn, change.space, term_of(0), stop, &visits));
    assert_int_equal(visits, 1);
    EXPECT(EPI_OK, epi__postings_walk(change.tx.txn, change.space, term_of(3), stop, &visits));
    assert_int_equal(visits, 1);
    epi__change_abort(&change);
}

static void a_block_that_is_cut_is_damaged(void **state) {
    (void)state;
    static const uint8_t block[] = {9, 0, 0, 0, 0, 0, 0, 0, 2, 5, 1, 0, 4, 1, 3, 5, 2};
    epi__posting postings[EPI__BLOCK_COUNT_MAX];
    size_t count = 0;
    EXPECT(EPI_OK, epi__block_decode(&count, postings, (epi__view){block, sizeof block}));
    assert_int_equal(count, 2);
    assert_int_equal(postings[0].step, 9);
    assert_int_equal(postings[1].step, 12);
    for (size_t size = 0; size < sizeof block; size++) {
        EXPECT(EPI_EDAMAGED, epi__block_decode(&count, postings, (epi__view){block, size}));
        assert_int_equal(count, 0);
    }
    static const uint8_t huge[] = {9, 0, 0, 0, 0, 0, 0, 0, 0x81, 0x10, 5, 1, 0, 4, 1};
    EXPECT(EPI_EDAMAGED, epi__block_decode(&count, postings, (epi__view){huge, sizeof huge}));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(postings_agree_with_a_plain_table),
        TEST(late_steps_find_their_place_when_the_newest_block_was_emptied),
        TEST(thousands_of_late_steps_split_a_block),
        TEST(removing_what_is_not_there_is_damage),
        TEST(a_walk_ends_when_its_visitor_says_so),
        cmocka_unit_test(a_block_that_is_cut_is_damaged),
    };
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
