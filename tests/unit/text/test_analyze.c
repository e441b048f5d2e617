/* The analyzer: which terms a text becomes. They are written as one line, "~" behind a stop word, "?" behind a question
 * word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/parts.h"

typedef struct run_result {
    const epi__term *terms;
    size_t count;
} run_result;

static run_result run(epi__analyzer *analyzer, const char *text) {
    run_result result;
    assert_int_equal(epi__analyzer_run(&result.terms, &result.count, analyzer, text, strlen(text)), EPI_OK);
    return result;
}

static void assert_terms(epi__analyzer *analyzer, const char *text, const char *expected) {
    epi__buffer line = {0};
    run_result result = run(analyzer, text);
    for (size_t i = 0; i < result.count; i++) {
        if (i > 0) epi__buffer_append_u8(&line, ' ');
        epi__buffer_append(&line, result.terms[i].text, result.terms[i].size);
        if (result.terms[i].stop) epi__buffer_append_u8(&line, '~');
        if (result.terms[i].question) epi__buffer_append_u8(&line, '?');
    }
    assert_string_equal(epi__buffer_text(&line), expected);
    epi__buffer_dispose(&line);
}

static int set_up(void **state) {
    epi__analyzer *analyzer = NULL;
    if (epi__analyzer_new(&analyzer, NULL) != EPI_OK) return -1;
    *state = analyzer;
    return 0;
}

static int tear_down(void **state) {
    epi__analyzer_free(*state);
    return 0;
}

static void empty_text_has_no_terms(void **state) {
    assert_terms(*state, "", "");
    assert_terms(*state, " \t\n.,;:!?-_()[]\"'", "");
    assert_terms(*state, "\xe2\x80\x94\xe2\x80\xa6\xe2\x82\xac", ""); /* dash, ellipsis, euro sign */
}

static void english_words_become_stems(void **state) {
    assert_terms(*state, "Running runners ran easily", "run runner ran easili");
    assert_terms(*state, "connection, connected; CONNECTING", "connect connect connect");
    assert_terms(*state, "GPT-4 in 2023", "gpt 4 in~ 2023");
}

static void stop_words_are_marked_and_keep_their_form(void **state) {
    assert_terms(*state, "What does she think about this?", "what~? does~ she~ think about~ this~");
    assert_terms(*state, "When, WHERE and why", "when~? where~? and~ why~?");
    assert_terms(*state, "In May", "in~ may"); /* a month */
}

static void an_apostrophe_ends_a_word(void **state) {
    assert_terms(*state, "Caroline's", "carolin s~");
    assert_terms(*state, "Caroline\xe2\x80\x99s", "carolin s~");
    assert_terms(*state, "Caroline\xca\xbcs", "carolin s~"); /* U+02BC */
    assert_terms(*state, "I'm they're don't we've he'll I'd", "i~ m~ they~ re~ don~ t~ we~ ve~ he~ ll~ i~ d~");
    assert_terms(*state, "'quoted'", "quot");
}

static void marks_of_latin_letters_are_dropped(void **state) {
    assert_terms(*state, "Caf\xc3\xa9 cafe\xcc\x81 CAFE", "cafe cafe cafe");
    assert_terms(*state, "M\xc3\xbcller na\xc3\xafve \xc4\xb0zmir", "muller naiv izmir");
    assert_terms(*state, "Ti\xe1\xba\xbfng Vi\xe1\xbb\x87t", "tieng viet");
}

static void marks_of_other_letters_stay(void **state) {
    assert_terms(*state, "\xd0\xb9", "\xd0\xb9"); /* Cyrillic short i is not i */
    assert_terms(*state, "\xd0\xb8\xcc\x86", "\xd0\xb9");
}

static void compatibility_forms_are_one_with_the_plain_ones(void **state) {
    assert_terms(*state, "\xef\xbc\xa1\xef\xbc\xa2\xef\xbc\x91", "ab1"); /* full-width */
    assert_terms(*state, "\xef\xac\x81sh", "fish");
    assert_terms(*state, "co\xc2\xadoperate", "cooper"); /* a soft hyphen */
}

static void scripts_without_spaces_become_letters_and_pairs(void **state) {
    assert_terms(*state, "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd",
                 "\xe6\x9d\xb1 \xe6\x9d\xb1\xe4\xba\xac \xe4\xba\xac \xe4\xba\xac\xe9\x83\xbd \xe9\x83\xbd");
    assert_terms(*state, "iPhone\xe3\x81\xa7 ok", "iphon \xe3\x81\xa7 ok");
    assert_terms(*state, "\xe6\x9d\xb1 \xe4\xba\xac", "\xe6\x9d\xb1 \xe4\xba\xac"); /* no pair over a space */
    assert_terms(*state, "\xef\xbd\xb6\xef\xbe\x9e \xe3\x82\xab\xe3\x82\x99",
                 "\xe3\x82\xac \xe3\x82\xac"); /* half-width and combining voicing: one letter, composed */
    assert_terms(*state, "\xeb\xb0\xa5\xec\x9d\x84", "\xeb\xb0\xa5 \xeb\xb0\xa5\xec\x9d\x84 \xec\x9d\x84");
    assert_terms(*state, "\xe0\xb8\x94\xe0\xb8\xb5", "\xe0\xb8\x94\xe0\xb8\xb5"); /* a Thai vowel sign is a mark */
}

static void emoji_are_no_terms_and_separate_words(void **state) {
    assert_terms(*state, "\xf0\x9f\x98\x80", "");
    assert_terms(*state, "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7", ""); /* joined */
    assert_terms(*state,
                 "good\xf0\x9f\x98\x80"
                 "day",
                 "good day");
    assert_terms(*state, "1\xef\xb8\x8f\xe2\x83\xa3", "1"); /* a keycap */
}

static void spans_point_into_the_source(void **state) {
    const char *text = "\xc2\xabThe \xc3\x89"
                       "cole\xc2\xbb, 2x"; /* quotes, an accented capital */
    run_result result = run(*state, text);
    static const uint32_t spans[][2] = {{2, 5}, {6, 12}, {16, 18}};
    static const bool capitals[] = {true, true, false};
    assert_int_equal(result.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(result.terms[i].from, spans[i][0]);
        assert_int_equal(result.terms[i].to, spans[i][1]);
        assert_int_equal(result.terms[i].capital, capitals[i]);
    }
}

static void a_very_long_word_is_cut_between_characters(void **state) {
    enum { SIZE = 100000 };
    static char text[SIZE + 1];
    memset(text, 'q', SIZE);
    run_result result = run(*state, text);
    assert_int_equal(result.count, 1);
    assert_int_equal(result.terms[0].size, EPI__TERM_SIZE_MAX);
    assert_int_equal(result.terms[0].to, SIZE);
    text[0] = 'x'; /* 1 + 31 x 2 = 63 bytes: a Cyrillic letter more would be 65 */
    for (size_t i = 1; i + 1 < SIZE; i += 2) memcpy(text + i, "\xd0\xb6", 2);
    text[SIZE - 1] = '\0';
    result = run(*state, text);
    assert_int_equal(result.count, 1);
    assert_int_equal(result.terms[0].size, 63);
    assert_int_equal(epi__utf8_valid(result.terms[0].text, 63), 63);
    assert_int_equal(result.terms[0].to, SIZE - 1);
}

static void a_letter_under_a_thousand_marks_stays_bounded(void **state) {
    static char text[3004] = "\xe3\x81\x8b";
    for (size_t i = 3; i + 2 < sizeof(text); i += 3) memcpy(text + i, "\xe3\x82\x99", 3); /* voicing marks */
    run_result result = run(*state, text);
    assert_int_equal(result.count, 1);
    assert_in_range(result.terms[0].size, 3, EPI__TERM_SIZE_MAX);
    assert_int_equal(result.terms[0].to, 3003);
}

/* U+FDFA is one character of 3 bytes that NFKC makes 18 characters of. */
static void characters_that_expand_stay_bounded(void **state) {
    static char text[3001];
    for (size_t i = 0; i < 3000; i += 3) memcpy(text + i, "\xef\xb7\xba", 3);
    run_result result = run(*state, text);
    assert_int_equal(result.count, 1);
    assert_in_range(result.terms[0].size, 33, EPI__TERM_SIZE_MAX); /* 18 characters without their blanks */
}

static void the_cache_changes_nothing(void **state) {
    epi__random random = epi__random_seed(5);
    epi__analyzer *fresh = NULL;
    for (size_t i = 0; i < 20000; i++) { /* more words than the cache has places */
        char word[8] = {0};
        for (size_t at = 0; at < 3 + i % 4; at++) word[at] = "aeioustrngdly"[epi__random_below(&random, 13)];
        run_result warm = run(*state, word);
        assert_int_equal(warm.count, 1);
        if (i % 500 != 0) continue;
        assert_int_equal(epi__analyzer_new(&fresh, "english"), EPI_OK);
        run_result cold = run(fresh, word), again = run(*state, word);
        assert_int_equal(cold.terms[0].size, again.terms[0].size);
        assert_memory_equal(cold.terms[0].text, again.terms[0].text, cold.terms[0].size);
        assert_int_equal(cold.terms[0].stop, again.terms[0].stop);
        epi__analyzer_free(fresh);
    }
}

static void without_a_language_words_are_only_folded(void **state) {
    (void)state;
    epi__analyzer *analyzer = NULL;
    assert_int_equal(epi__analyzer_new(&analyzer, "none"), EPI_OK);
    assert_terms(analyzer, "What the Runners' Caf\xc3\xa9 was", "what the runners cafe was");
    epi__analyzer_free(analyzer);
}

static void other_languages_have_their_own_stems(void **state) {
    (void)state;
    epi__analyzer *analyzer = NULL;
    assert_int_equal(epi__analyzer_new(&analyzer, "german"), EPI_OK);
    assert_terms(analyzer,
                 "H\xc3\xa4user und Stra\xc3\x9f"
                 "en",
                 "haus und strass");
    epi__analyzer_free(analyzer);
}

static void an_unknown_language_is_refused(void **state) {
    (void)state;
    epi__analyzer *analyzer = (epi__analyzer *)state;
    assert_int_equal(epi__analyzer_new(&analyzer, "klingon"), EPI_EUNSUPPORTED);
    assert_null(analyzer);
    assert_string_equal(epi_error_last()->message, "language \"klingon\" has no stemmer");
}

static void every_stop_word_is_found_and_none_twice(void **state) {
    (void)state;
    assert_in_range(epi__stopword_count, 140, 220);
    for (size_t i = 0; i < epi__stopword_count; i++) {
        const char *word = epi__stopwords[i].word;
        if (i > 0) assert_true(strcmp(epi__stopwords[i - 1].word, word) < 0);
        assert_ptr_equal(epi__stopword_find(word, strlen(word)), &epi__stopwords[i]);
    }
    assert_null(epi__stopword_find("th", 2));
    assert_null(epi__stopword_find("thee", 4));
    assert_non_null(epi__stopword_find("thee", 3));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_text_has_no_terms),
        cmocka_unit_test(english_words_become_stems),
        cmocka_unit_test(stop_words_are_marked_and_keep_their_form),
        cmocka_unit_test(an_apostrophe_ends_a_word),
        cmocka_unit_test(marks_of_latin_letters_are_dropped),
        cmocka_unit_test(marks_of_other_letters_stay),
        cmocka_unit_test(compatibility_forms_are_one_with_the_plain_ones),
        cmocka_unit_test(scripts_without_spaces_become_letters_and_pairs),
        cmocka_unit_test(emoji_are_no_terms_and_separate_words),
        cmocka_unit_test(spans_point_into_the_source),
        cmocka_unit_test(a_very_long_word_is_cut_between_characters),
        cmocka_unit_test(a_letter_under_a_thousand_marks_stays_bounded),
        cmocka_unit_test(characters_that_expand_stay_bounded),
        cmocka_unit_test(the_cache_changes_nothing),
        cmocka_unit_test(without_a_language_words_are_only_folded),
        cmocka_unit_test(other_languages_have_their_own_stems),
        cmocka_unit_test(an_unknown_language_is_refused),
        cmocka_unit_test(every_stop_word_is_found_and_none_twice),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
