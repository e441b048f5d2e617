/* What a question asks for by its form, and the forms of irregular words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "text/text.h"

static unsigned asks(const char *text) {
    return epi__text_asks(text, strlen(text));
}

static void questions_of_time_are_known_by_their_form(void **state) {
    (void)state;
    assert_int_equal(asks("When did Ann move?"), EPI__ASKS_WHEN);
    assert_int_equal(asks("how LONG has she lived there"), EPI__ASKS_WHEN);
    assert_int_equal(asks("In what year was it built?"), EPI__ASKS_WHEN);
    assert_int_equal(asks("Which day is the party?"), EPI__ASKS_WHEN);
    assert_int_equal(asks("How did it go?"), 0);
    assert_int_equal(asks("What does Ann do all day?"), 0);
}

static void questions_for_several_things_are_known_by_their_form(void **state) {
    (void)state;
    assert_int_equal(asks("Which books has Ann read?"), EPI__ASKS_SEVERAL);
    assert_int_equal(asks("Which books has Ann lent to her brother since spring?"), EPI__ASKS_SEVERAL);
    assert_int_equal(asks("Which books did Ann bring along to the picnic with her friends?"), 0); /* one occasion */
    assert_int_equal(asks("What kinds of trees grow there?"), EPI__ASKS_SEVERAL);
    assert_int_equal(asks("What are the colours of the flag?"), EPI__ASKS_SEVERAL);
    assert_int_equal(asks("How many cats does he have?"), EPI__ASKS_SEVERAL);
    assert_int_equal(asks("Where has Ann travelled?"), EPI__ASKS_SEVERAL);
    assert_int_equal(asks("What have they painted?"), EPI__ASKS_SEVERAL);
    assert_int_equal(asks("What city have both of them seen?"), EPI__ASKS_SEVERAL);
    assert_int_equal(asks("Which class is it?"), 0);
    assert_int_equal(asks("What is Ann afraid of?"), 0);
    assert_int_equal(asks("What was sold to the Smiths?"), 0);
}

static void a_text_that_is_no_question_asks_for_nothing(void **state) {
    (void)state;
    assert_int_equal(asks(""), 0);
    assert_int_equal(asks("Ann's books"), 0);
    assert_int_equal(asks("\xc3\xa9t\xc3\xa9 \xe2\x80\xa6"), 0);
}

static unsigned tells(const char *text) {
    return epi__text_tells(text, strlen(text));
}

static void a_text_tells_of_who_speaks_and_of_what_happened(void **state) {
    (void)state;
    assert_int_equal(tells("I'm here"), EPI__TELLS_SELF);
    assert_int_equal(tells("OUR dog"), EPI__TELLS_SELF);
    assert_int_equal(tells("She went home"), EPI__TELLS_PAST);
    assert_int_equal(tells("They painted it"), EPI__TELLS_PAST);
    assert_int_equal(tells("We moved to Lisbon"), EPI__TELLS_SELF | EPI__TELLS_PAST);
    assert_int_equal(tells("the red bed will need a shed"), 0);
    assert_int_equal(tells("Indeed, proceed"), 0);
    assert_int_equal(tells(""), 0);
}

static void forms_of_a_word(const char *stem, size_t expected, const char *one) {
    const char *stems[EPI__FORMS_MAX];
    size_t count = epi__text_forms(stems, stem, strlen(stem));
    bool found = false;
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++) {
        assert_string_not_equal(stems[i], stem);
        found = found || strcmp(stems[i], one) == 0;
    }
    assert_true(found || count == 0);
}

static void an_irregular_word_has_all_its_stems_from_any_of_them(void **state) {
    (void)state;
    forms_of_a_word("buy", 1, "bought");
    forms_of_a_word("bought", 1, "buy");
    forms_of_a_word("go", 2, "went");
    forms_of_a_word("gone", 2, "go");
    forms_of_a_word("ate", 2, "eat");
    forms_of_a_word("wrote", 2, "write");
    forms_of_a_word("women", 1, "woman");
    forms_of_a_word("walk", 0, "");
    forms_of_a_word("bo", 0, "");
    forms_of_a_word("boughten", 0, "");
}

/* The table holds what the stemmer makes of a word; another stemmer would leave it without effect. */
static void the_forms_are_stems_of_the_analyzer(void **state) {
    static const char *const words[] = {"choosing", "flies", "freezes", "forgive",
                                        "people",   "rides", "taking",  "writing"};
    epi__analyzer *analyzer = NULL;
    (void)state;
    assert_int_equal(epi__analyzer_new(&analyzer, NULL), EPI_OK);
    for (size_t i = 0; i < EPI__COUNT(words); i++) {
        const epi__term *terms = NULL;
        const char *stems[EPI__FORMS_MAX];
        size_t count = 0;
        assert_int_equal(epi__analyzer_run(&terms, &count, analyzer, words[i], strlen(words[i])), EPI_OK);
        assert_int_equal(count, 1);
        assert_true(epi__text_forms(stems, terms[0].text, terms[0].size) > 0);
    }
    epi__analyzer_free(analyzer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_of_time_are_known_by_their_form),
        cmocka_unit_test(questions_for_several_things_are_known_by_their_form),
        cmocka_unit_test(a_text_that_is_no_question_asks_for_nothing),
        cmocka_unit_test(a_text_tells_of_who_speaks_and_of_what_happened),
        cmocka_unit_test(an_irregular_word_has_all_its_stems_from_any_of_them),
        cmocka_unit_test(the_forms_are_stems_of_the_analyzer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
