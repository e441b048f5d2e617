/* What holds for every text: mentions lie inside it, never overlap, are the same again, and keep to the limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <episodic/limits.h>
#include <episodic/time.h>

#include "text/dates.h"

static void assert_sound(const char *text, size_t size, epi_time at, int32_t offset) {
    epi_time_mention first[EPI_TIME_MENTION_COUNT_MAX];
    epi_time_mention again[EPI_TIME_MENTION_COUNT_MAX];
    size_t count = 0;
    size_t count_again = 0;
    memset(first, 0, sizeof first);
    memset(again, 0, sizeof again);
    assert_int_equal(epi_time_find(first, &count, EPI_TIME_MENTION_COUNT_MAX, text, size, at, offset), EPI_OK);
    assert_int_equal(epi_time_find(again, &count_again, EPI_TIME_MENTION_COUNT_MAX, text, size, at, offset), EPI_OK);
    assert_int_equal(count, count_again);
    assert_true(count <= EPI_TIME_MENTION_COUNT_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_true(first[i].from < first[i].to && first[i].to <= size);
        assert_true(first[i].interval.from < first[i].interval.to);
        assert_true(first[i].interval.from >= EPI_TIME_MIN && first[i].interval.to <= EPI_TIME_MAX);
        assert_true(first[i].precision >= EPI_PRECISION_MINUTE && first[i].precision <= EPI_PRECISION_DECADE);
        assert_int_equal(first[i].from, again[i].from);
        assert_true(first[i].interval.from == again[i].interval.from && first[i].interval.to == again[i].interval.to);
        for (size_t j = 0; j < i; j++) assert_true(first[i].to <= first[j].from || first[j].to <= first[i].from);
    }
}

/* Words of the language, digits, marks and characters of all sizes, mixed. */
static size_t random_text(char *text, size_t room, epi__random *random) {
    static const char *const pieces[] = {" ",
                                         " ",
                                         " ",
                                         ",",
                                         ".",
                                         "-",
                                         ":",
                                         "/",
                                         "'",
                                         "\xe2\x80\x99",
                                         "T",
                                         "Z",
                                         "\xc3\xa9",
                                         "\n",
                                         "\xc2\xa0",
                                         "th",
                                         "pm",
                                         "s",
                                         "\xf0\x9f\x8c\x9f",
                                         "5",
                                         "12",
                                         "31",
                                         "2023",
                                         "99999",
                                         "0",
                                         "the",
                                         "of",
                                         "in",
                                         "ago",
                                         "last",
                                         "\xe6\x9c\x88",
                                         "few",
                                         "or",
                                         "and a half"};
    size_t size = 0;
    size_t wanted = 1 + epi__random_below(random, 60);
    for (size_t i = 0; i < wanted; i++) {
        bool word = epi__random_below(random, 2) == 0;
        const char *piece = word ? epi__date_english.words[epi__random_below(random, epi__date_english.word_count)].text
                                 : pieces[epi__random_below(random, EPI__COUNT(pieces))];
        size_t length = strlen(piece);
        if (size + length + 1 > room) break;
        memcpy(text + size, piece, length);
        size += length;
        if (word && epi__random_below(random, 4) != 0) text[size++] = ' ';
    }
    return size;
}

static void any_text_gives_sound_mentions(void **state) {
    (void)state;
    epi__random random = epi__random_seed(7);
    char text[2048];
    for (int i = 0; i < 20000; i++) {
        size_t size = random_text(text, sizeof text, &random);
        char *exact = epi__alloc(size + 1); /* so that a sanitizer sees a step too far */
        memcpy(exact, text, size);
        epi_time at = (epi_time)(epi__random_unit(&random) * 2e17) - (epi_time)5e16;
        assert_sound(exact, size, at, (int32_t)epi__random_below(&random, 2161) - 1080);
        epi__free(exact);
    }
}

static void random_bytes_that_are_utf8_do_no_harm(void **state) {
    (void)state;
    epi__random random = epi__random_seed(8);
    char text[64];
    for (int i = 0; i < 50000; i++) {
        size_t size = epi__random_below(&random, sizeof text);
        for (size_t j = 0; j < size; j++) text[j] = (char)(1 + epi__random_below(&random, 127));
        if (size >= 4 && i % 2 == 0) memcpy(text + epi__random_below(&random, size - 3), "\xf0\x9f\x8c\x9f", 4);
        assert_sound(text, size, 0, 0);
    }
}

static void the_ends_of_time_are_not_passed(void **state) {
    (void)state;
    static const char *const texts[] = {"last year", "next year",   "two weeks ago", "tomorrow",
                                        "this week", "last winter", "in 9000 years", "this decade",
                                        "tonight",   "in May",      "on Friday",     "yesterday"};
    for (size_t i = 0; i < EPI__COUNT(texts); i++) {
        assert_sound(texts[i], strlen(texts[i]), EPI_TIME_MIN, -1080);
        assert_sound(texts[i], strlen(texts[i]), EPI_TIME_MAX, 1080);
        assert_sound(texts[i], strlen(texts[i]), EPI_TIME_MIN, 1080);
        assert_sound(texts[i], strlen(texts[i]), EPI_TIME_MAX, -1080);
    }
}

static void the_end_of_a_long_text_is_reached(void **state) {
    (void)state;
    epi__buffer text = {0};
    epi_time_mention mention;
    size_t count = 0;
    for (int i = 0; i < 500; i++) epi__buffer_append_text(&text, "some words, and more of them without any date. ");
    epi__buffer_append_text(&text, "We met last Friday");
    assert_int_equal(epi_time_find(&mention, &count, 1, epi__buffer_text(&text), text.size, 0, 0), EPI_OK);
    assert_int_equal(count, 1);
    assert_int_equal(mention.from, text.size - strlen("last Friday"));
    assert_int_equal(mention.to, text.size);
    epi__buffer_dispose(&text);
}

static void a_text_gives_no_more_than_the_limit(void **state) {
    (void)state;
    epi__buffer text = {0};
    epi_time_mention mentions[2];
    size_t count = 0;
    for (size_t i = 0; i < 2 * EPI_TIME_MENTION_COUNT_MAX; i++) epi__buffer_append_text(&text, "yesterday, ");
    assert_int_equal(epi_time_find(mentions, &count, 2, epi__buffer_text(&text), text.size, 0, 0), EPI_OK);
    assert_int_equal(count, EPI_TIME_MENTION_COUNT_MAX);
    assert_int_equal(mentions[1].from, 11);
    assert_int_equal(epi_time_find(NULL, &count, 0, "yesterday", 9, 0, 0), EPI_OK);
    assert_int_equal(count, 1);
    epi__buffer_dispose(&text);
}

static void wrong_arguments_are_refused(void **state) {
    (void)state;
    epi_time_mention mention;
    size_t count = 7;
    assert_int_equal(epi_time_find(&mention, NULL, 1, "x", 1, 0, 0), EPI_EINVAL);
    assert_int_equal(epi_time_find(NULL, &count, 1, "x", 1, 0, 0), EPI_EINVAL);
    assert_int_equal(epi_time_find(&mention, &count, 1, NULL, 1, 0, 0), EPI_EINVAL);
    assert_int_equal(epi_time_find(&mention, &count, 1, NULL, 0, 0, 0), EPI_OK);
    assert_int_equal(epi_time_find(&mention, &count, 1, "x", 1, EPI_TIME_NONE, 0), EPI_EINVAL);
    assert_int_equal(epi_time_find(&mention, &count, 1, "x", 1, EPI_TIME_MAX + 1, 0), EPI_EINVAL);
    assert_int_equal(epi_time_find(&mention, &count, 1, "x", 1, 0, 1081), EPI_EINVAL);
    assert_int_equal(epi_time_find(&mention, &count, 1, "x\xff", 2, 0, 0), EPI_EUTF8);
    assert_int_equal(epi_time_find(&mention, &count, 1, "x\0y", 3, 0, 0), EPI_EUTF8);
    assert_int_equal(count, 0);
}

static void the_words_are_in_order(void **state) {
    (void)state;
    for (size_t i = 1; i < epi__date_english.word_count; i++)
        assert_true(strcmp(epi__date_english.words[i - 1].text, epi__date_english.words[i].text) <= 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_text_gives_sound_mentions),
        cmocka_unit_test(random_bytes_that_are_utf8_do_no_harm),
        cmocka_unit_test(the_ends_of_time_are_not_passed),
        cmocka_unit_test(the_end_of_a_long_text_is_reached),
        cmocka_unit_test(a_text_gives_no_more_than_the_limit),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(the_words_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
