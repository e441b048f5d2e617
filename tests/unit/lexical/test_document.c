/* Tests of documents and of the words of the tail: what a step says, how long it is, and finding it before it is
 * sealed.
 */
#include "lexical/lexical.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "quick.h"

/* ---- lengths ----------------------------------------------------------------------------------------------------- */

static void length_codes_never_fall(void **state) {
    (void)state;
    uint8_t before = 0;
    for (uint32_t quarters = 0; quarters < 4000000; quarters += quarters < 4000 ? 1 : 97) {
        uint8_t code = epi__length_code(quarters);
        assert_true(code >= before);
        before = code;
    }
    assert_int_equal(epi__length_code(UINT32_MAX), 255);
    assert_int_equal(epi__length_code(0), 0);
}

static void lengths_to_127_words_are_exact(void **state) {
    (void)state;
    for (uint32_t words = 0; words <= 127; words++)
        assert_true(epi__length_words(epi__length_code(words * 4)) == (float)words);
}

static void longer_lengths_are_within_six_percent(void **state) {
    (void)state;
    for (uint32_t words = 128; words < 200000; words += 1 + words / 500) {
        double back = (double)epi__length_words(epi__length_code(words * 4));
        if (fabs(back / words - 1.0) > 0.06) fail_msg("%u words became %g", words, back);
    }
}

static void every_code_comes_back_to_itself(void **state) {
    (void)state;
    for (unsigned code = 0; code < 255; code++) {
        double quarters = (double)epi__length_words((uint8_t)code) * 4.0;
        assert_int_equal(epi__length_code((uint32_t)(quarters + 0.5)), code);
    }
}

/* ---- documents --------------------------------------------------------------------------------------------------- */

static void assert_term(const epi__document *document, size_t at, const char *bytes, size_t size, uint32_t weight) {
    assert_true(at < document->count);
    epi__view term = epi__document_at(document, at);
    assert_int_equal(term.size, size);
    assert_memory_equal(term.data, bytes, size);
    assert_int_equal(document->terms[at].weight, weight);
}

static void the_same_word_is_one_term_with_more_weight(void **state) {
    (void)state;
    epi__document document = {0};
    epi__document_word(&document, "walnut", 6, 4);
    epi__document_word(&document, "gate", 4, 4);
    epi__document_word(&document, "walnut", 6, 8);
    epi__document_silent_word(&document, "may", 3, 4);
    epi__document_silent_word(&document, "gate", 4, 4);
    assert_int_equal(document.count, 3);
    assert_term(&document, 0, "wwalnut", 7, 12);
    assert_term(&document, 1, "wgate", 5, 8);
    assert_term(&document, 2, "wmay", 4, 4);
    assert_int_equal(document.length, 16); /* silent words are not counted */
    epi__document_clear(&document);
    assert_int_equal(document.count + document.length, 0);
    epi__document_word(&document, "gate", 4, 4);
    assert_term(&document, 0, "wgate", 5, 4);
    assert_false(document.failed);
    epi__document_dispose(&document);
}

static void keywords_are_folded_and_kept_apart_by_role(void **state) {
    (void)state;
    epi__document document = {0};
    epi__document_keyword(&document, 0, "Ann", 3);
    epi__document_keyword(&document, 1, "ANN", 3);
    epi__document_keyword(&document, 0, "aNN", 3);
    epi__document_tag(&document, "Ann", 3);
    epi__document_word(&document, "ann", 3, 4);
    assert_int_equal(document.count, 4);
    assert_term(&document, 0, "k\x01" "ann", 5, 8);
    assert_term(&document, 1, "k\x02" "ann", 5, 4);
    assert_term(&document, 2, "tann", 4, 4);
    assert_term(&document, 3, "wann", 4, 4);
    assert_int_equal(document.length, 4);
    epi__document_dispose(&document);
}

static void long_keywords_are_hashed_and_still_told_apart(void **state) {
    (void)state;
    epi__document document = {0};
    char text[300];
    memset(text, 'a', sizeof text);
    for (size_t size = 60; size < sizeof text; size += 7) epi__document_keyword(&document, 63, text, size);
    size_t distinct = document.count;
    for (size_t size = 60; size < sizeof text; size += 7) epi__document_keyword(&document, 63, text, size);
    assert_int_equal(document.count, distinct);
    assert_int_equal(distinct, (sizeof text - 60 + 6) / 7);
    for (size_t i = 0; i < document.count; i++) assert_true(epi__document_at(&document, i).size <= EPI__TERM_BYTES_MAX);
    assert_false(document.failed);
    epi__document_dispose(&document);
}

static void an_encoded_document_is_read_back(void **state) {
    (void)state;
    epi__document document = {0};
    epi__buffer out = {0};
    char word[8];
    for (int i = 0; i < 1000; i++) {
        int size = snprintf(word, sizeof word, "w%d", i % 700);
        epi__document_word(&document, word, (size_t)size, 4);
    }
    epi__document_encode(&out, &document);
    epi__document_reader reader = epi__document_open((epi__view){out.data, out.size});
    assert_int_equal(reader.length, 4000);
    assert_int_equal(reader.count, 700);
    epi__view term;
    uint32_t weight;
    for (size_t i = 0; i < document.count; i++) {
        assert_true(epi__document_next(&term, &weight, &reader));
        assert_term(&document, i, term.data, term.size, weight);
    }
    assert_false(epi__document_next(&term, &weight, &reader));
    assert_false(reader.reader.failed);
    epi__buffer_dispose(&out);
    epi__document_dispose(&document);
}

static void a_document_that_is_cut_fails_without_reading_on(void **state) {
    (void)state;
    epi__document document = {0};
    epi__buffer out = {0};
    epi__recent *tail = NULL;
    epi__document_word(&document, "walnut", 6, 4);
    epi__document_word(&document, "gate", 4, 200);
    epi__document_encode(&out, &document);
    for (size_t size = 0; size < out.size; size++) {
        uint8_t *cut = malloc(size + 1);
        memcpy(cut, out.data, size);
        epi__document_reader reader = epi__document_open((epi__view){cut, size});
        epi__view term;
        uint32_t weight;
        while (epi__document_next(&term, &weight, &reader)) {}
        assert_true(reader.reader.failed);
        assert_int_equal(epi__recent_new(&tail), EPI_OK);
        assert_int_equal(epi__recent_add(tail, 1, (epi__view){cut, size}), EPI_EDAMAGED);
        epi__recent_free(tail);
        free(cut);
    }
    static const uint8_t many[] = {4, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 'a', 4};
    assert_int_equal(epi__recent_new(&tail), EPI_OK);
    assert_int_equal(epi__recent_add(tail, 1, (epi__view){many, sizeof many}), EPI_EDAMAGED);
    epi__recent_free(tail);
    epi__buffer_dispose(&out);
    epi__document_dispose(&document);
}

/* ---- the tail ---------------------------------------------------------------------------------------------------- */

#define WORDS 6u
#define STEPS 400u

static void add_step(epi__recent *tail, uint64_t step, const uint32_t weights[WORDS]) {
    epi__document document = {0};
    epi__buffer out = {0};
    for (unsigned w = 0; w < WORDS; w++)
        if (weights[w]) epi__document_word(&document, &"abcdef"[w], 1, weights[w]);
    epi__document_encode(&out, &document);
    assert_int_equal(epi__recent_add(tail, step, (epi__view){out.data, out.size}), EPI_OK);
    epi__buffer_dispose(&out);
    epi__document_dispose(&document);
}

typedef struct walked {
    epi__posting postings[STEPS];
    size_t count;
    size_t most; /* stop behind this many */
} walked;

static epi_status take(void *context, const epi__posting *postings, size_t count) {
    walked *all = context;
    assert_true(count > 0 && all->count + count <= STEPS);
    memcpy(all->postings + all->count, postings, count * sizeof *postings);
    all->count += count;
    return all->count >= all->most ? EPI_ECANCELLED : EPI_OK;
}

/* The twin: weights[step][word], 0 for none. */
static void assert_tail(const epi__recent *tail, uint32_t (*weights)[WORDS]) {
    for (unsigned w = 0; w < WORDS; w++) {
        char term[2] = {'w', "abcdef"[w]};
        walked all = {.most = STEPS + 1};
        size_t expected = 0;
        for (size_t s = 1; s < STEPS; s++) expected += weights[s][w] > 0;
        assert_int_equal(epi__recent_documents(tail, (epi__view){term, 2}), expected);
        assert_int_equal(epi__recent_walk(tail, (epi__view){term, 2}, take, &all), EPI_OK);
        assert_int_equal(all.count, expected);
        for (size_t i = 0; i < all.count; i++) {
            uint32_t length = 0;
            for (unsigned other = 0; other < WORDS; other++) length += weights[all.postings[i].step][other];
            assert_int_equal(all.postings[i].weight, weights[all.postings[i].step][w]);
            assert_int_equal(all.postings[i].length, epi__length_code(length));
        }
    }
}

static void the_tail_agrees_with_a_plain_table(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(31));
    static uint32_t weights[STEPS][WORDS];
    epi__recent *tail = NULL;
    memset(weights, 0, sizeof weights);
    assert_int_equal(epi__recent_new(&tail), EPI_OK);
    for (int i = 0; i < 3000; i++) {
        uint64_t step = 1 + epi__random_below(&random, STEPS - 1);
        uint64_t what = epi__random_below(&random, 100);
        bool there = false;
        for (unsigned w = 0; w < WORDS; w++) there = there || weights[step][w];
        if (what == 0 && i % 3 == 0) {
            epi__recent_clear(tail);
            memset(weights, 0, sizeof weights);
        } else if (what < 40) {
            epi__recent_remove(tail, step);
            memset(weights[step], 0, sizeof weights[step]);
        } else if (!there) {
            weights[step][epi__random_below(&random, WORDS)] = 4;
            weights[step][epi__random_below(&random, WORDS)] = 1 + (uint32_t)epi__random_below(&random, 3000);
            add_step(tail, step, weights[step]);
        }
        if (i % 50 == 0) assert_tail(tail, weights);
    }
    assert_tail(tail, weights);
    epi__recent_free(tail);
}

static void a_step_is_added_once_and_walked_newest_first(void **state) {
    (void)state;
    epi__recent *tail = NULL;
    static const uint32_t once[WORDS] = {4}, other[WORDS] = {8};
    walked all = {.most = STEPS + 1};
    assert_int_equal(epi__recent_new(&tail), EPI_OK);
    for (uint64_t step = 1; step <= 200; step++) add_step(tail, step, once);
    add_step(tail, 7, other); /* there already */
    assert_int_equal(epi__recent_walk(tail, (epi__view){"wa", 2}, take, &all), EPI_OK);
    assert_int_equal(all.count, 200);
    for (size_t i = 0; i < 200; i++) {
        assert_int_equal(all.postings[i].step, 200 - i);
        assert_int_equal(all.postings[i].weight, 4);
    }
    all = (walked){.most = 1};
    assert_int_equal(epi__recent_walk(tail, (epi__view){"wa", 2}, take, &all), EPI_ECANCELLED);
    assert_true(all.count < 200);
    all = (walked){.most = STEPS + 1};
    assert_int_equal(epi__recent_walk(tail, (epi__view){"wz", 2}, take, &all), EPI_OK);
    assert_int_equal(all.count, 0);
    epi__recent_free(tail);
    epi__recent_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(length_codes_never_fall),
        cmocka_unit_test(lengths_to_127_words_are_exact),
        cmocka_unit_test(longer_lengths_are_within_six_percent),
        cmocka_unit_test(every_code_comes_back_to_itself),
        cmocka_unit_test(the_same_word_is_one_term_with_more_weight),
        cmocka_unit_test(keywords_are_folded_and_kept_apart_by_role),
        cmocka_unit_test(long_keywords_are_hashed_and_still_told_apart),
        cmocka_unit_test(an_encoded_document_is_read_back),
        cmocka_unit_test(a_document_that_is_cut_fails_without_reading_on),
        cmocka_unit_test(the_tail_agrees_with_a_plain_table),
        cmocka_unit_test(a_step_is_added_once_and_walked_newest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
