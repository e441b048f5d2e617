/* UTF-8: what is refused and where, cuts between characters, terminal columns, folding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "text/text.h"

static void valid_text_passes(void **state) {
    (void)state;
    static const char *const table[] = {"",
                                        "a",
                                        "plain ASCII, longer than eight bytes",
                                        "caf\xc3\xa9",
                                        "\xe6\x9d\xb1",
                                        "\xf0\x9f\x98\x80",
                                        "\xef\xbf\xbf",
                                        "\xf4\x8f\xbf\xbf",
                                        "\x01\x7f"};
    for (size_t i = 0; i < EPI__COUNT(table); i++) {
        assert_int_equal(epi__utf8_check("memory", "text", table[i], strlen(table[i])), EPI_OK);
    }
    assert_int_equal(epi__utf8_check("memory", "text", NULL, 0), EPI_OK);
}

static void invalid_text_is_refused_at_its_offset(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t size, offset;
    } table[] = {
        {"\x80", 1, 0},
        {"0123456789\xff", 11, 10},
        {"abc\xc3", 4, 3},              /* cut short */
        {"abc\xc0\xaf", 5, 3},          /* overlong slash */
        {"\xc3\xa9\xed\xa0\x80", 5, 2}, /* a surrogate */
        {"\xf4\x90\x80\x80", 4, 0},     /* past U+10FFFF */
        {"\xe6\x9d\xb1\xe6\x9d", 5, 3}, /* cut short */
        {"a\0b", 3, 1},                 /* NUL */
        {"01234567\0abcdefg", 16, 8},   /* NUL in the second word of eight */
        {"0123456\x80"
         "89012345\0",
         17, 7},                   /* the first fault counts */
        {"12345678\x01\0", 10, 9}, /* a NUL behind a 1 */
    };
    for (size_t i = 0; i < EPI__COUNT(table); i++) {
        assert_int_equal(epi__utf8_valid(table[i].text, table[i].size), table[i].offset);
        assert_int_equal(epi__utf8_check("memory", "text", table[i].text, table[i].size), EPI_EUTF8);
        char offset[32];
        snprintf(offset, sizeof(offset), " at offset %zu of %zu", table[i].offset, table[i].size);
        assert_non_null(strstr(epi_error_last()->message, offset));
    }
    assert_int_equal(epi__utf8_check("memory", "text", NULL, 3), EPI_EINVAL);
}

/* Sizes and places on both sides of the eight-byte steps, against one byte at a time. */
static void a_bad_byte_is_found_wherever_it_is(void **state) {
    (void)state;
    for (size_t size = 1; size < 40; size++) {
        for (size_t bad = 0; bad < size; bad++) {
            char text[40];
            memset(text, 'a', size);
            text[bad] = bad % 2 == 0 ? '\0' : '\xff';
            assert_int_equal(epi__utf8_valid(text, size), bad);
        }
    }
}

static void cuts_fall_between_characters(void **state) {
    (void)state;
    const char *text = "a\xc3\xa9\xe6\x9d\xb1\xf0\x9f\x98\x80z"; /* 1 + 2 + 3 + 4 + 1 bytes */
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11};
    for (size_t limit = 0; limit < EPI__COUNT(expected); limit++) {
        assert_int_equal(epi__utf8_cut(text, 11, limit), expected[limit]);
    }
    assert_int_equal(epi__utf8_cut("", 0, 5), 0);
}

static void columns_are_what_a_terminal_shows(void **state) {
    (void)state;
    assert_int_equal(epi__utf8_columns("abc", 3), 3);
    assert_int_equal(epi__utf8_columns("a\tb\n", 4), 2);
    assert_int_equal(epi__utf8_columns("caf\xc3\xa9", 5), 4);
    assert_int_equal(epi__utf8_columns("cafe\xcc\x81", 6), 4);             /* combining accent */
    assert_int_equal(epi__utf8_columns("\xe6\x9d\xb1\xe4\xba\xac", 6), 4); /* wide */
    assert_int_equal(epi__utf8_columns("", 0), 0);
}

static void assert_folds(epi__buffer *out, const char *text, const char *expected) {
    assert_int_equal(epi__utf8_fold(out, text, strlen(text)), EPI_OK);
    assert_string_equal(epi__buffer_text(out), expected);
}

static void folding_is_nfkc_and_case(void **state) {
    (void)state;
    epi__buffer out = {0};
    assert_folds(&out, "", "");
    assert_folds(&out, "Hello, WORLD 42", "hello, world 42");
    assert_folds(&out,
                 "STRASSE Stra\xc3\x9f"
                 "e",
                 "strasse strasse");
    assert_folds(&out, "Caf\xc3\x89", "caf\xc3\xa9");                           /* marks stay here */
    assert_folds(&out, "cafe\xcc\x81", "caf\xc3\xa9");                          /* composed */
    assert_folds(&out, "\xef\xbc\xa1\xef\xbc\x91", "a1");                       /* full-width */
    assert_folds(&out, "\xef\xac\x81sh", "fish");                               /* a ligature */
    assert_folds(&out, "\xce\xa3\xce\x91\xce\xa3", "\xcf\x83\xce\xb1\xcf\x83"); /* Greek, final sigma too */
    epi__buffer_dispose(&out);
}

/* utf8proc's own NFKC_Casefold, which allocates its result, is the twin. */
static void folding_agrees_with_its_library_on_every_character(void **state) {
    (void)state;
    epi__buffer out = {0};
    for (int32_t point = 1; point < 0x110000; point++) {
        if (!utf8proc_codepoint_valid(point)) continue;
        char text[8] = {'x'};
        utf8proc_encode_char(point, (utf8proc_uint8_t *)text + 1);
        utf8proc_uint8_t *expected = utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)text);
        assert_non_null(expected);
        assert_int_equal(epi__utf8_fold(&out, text, strlen(text)), EPI_OK);
        if (strcmp(epi__buffer_text(&out), (const char *)expected) != 0) fail_msg("U+%X", (unsigned)point);
        free(expected);
    }
    epi__buffer_dispose(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_text_passes),
        cmocka_unit_test(invalid_text_is_refused_at_its_offset),
        cmocka_unit_test(a_bad_byte_is_found_wherever_it_is),
        cmocka_unit_test(cuts_fall_between_characters),
        cmocka_unit_test(columns_are_what_a_terminal_shows),
        cmocka_unit_test(folding_is_nfkc_and_case),
        cmocka_unit_test(folding_agrees_with_its_library_on_every_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
