/* Writing JSON: the text it makes, that the reader takes it back, and that misuse shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <episodic/sys/json.h>

#include "base/base.h"

static int set_up(void **state) {
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return -1;
    *state = writer;
    return 0;
}

static int tear_down(void **state) {
    epi_json_writer_free(*state);
    return 0;
}

static void write_sample(epi_json_writer *writer) {
    epi_json_begin_object(writer, NULL);
    epi_json_put_string(writer, "a", "x", 1);
    epi_json_begin_array(writer, "b");
    epi_json_put_integer(writer, NULL, INT64_MIN);
    epi_json_put_unsigned(writer, NULL, UINT64_MAX);
    epi_json_begin_object(writer, NULL);
    epi_json_end(writer);
    epi_json_end(writer);
    epi_json_put_bool(writer, "c", true);
    epi_json_put_null(writer, "d");
    epi_json_put_raw(writer, "e", "[1]", 3);
    epi_json_put_string(writer, "f", NULL, 0);
    epi_json_end(writer);
}

static void commas_and_brackets_are_its_business(void **state) {
    size_t size;
    write_sample(*state);
    const char *text = epi_json_writer_text(&size, *state);
    assert_string_equal(text, "{\"a\":\"x\",\"b\":[-9223372036854775808,18446744073709551615,{}],\"c\":true,\"d\":null,"
                              "\"e\":[1],\"f\":null}");
    assert_int_equal(size, strlen(text));
}

static void pretty_text_is_indented(void **state) {
    (void)state;
    epi_json_writer *writer = NULL;
    assert_int_equal(epi_json_writer_new(&writer, true), EPI_OK);
    write_sample(writer);
    assert_string_equal(epi_json_writer_text(NULL, writer),
                        "{\n  \"a\": \"x\",\n  \"b\": [\n    -9223372036854775808,\n    18446744073709551615,\n    {}\n"
                        "  ],\n  \"c\": true,\n  \"d\": null,\n  \"e\": [1],\n  \"f\": null\n}");
    epi_json_writer_free(writer);
}

static const char *one_string(epi_json_writer *writer, const char *text, size_t size) {
    epi_json_writer_clear(writer);
    epi_json_put_string(writer, NULL, text, size);
    return epi_json_writer_text(NULL, writer);
}

static void strings_are_escaped(void **state) {
    assert_string_equal(one_string(*state, "", 0), "\"\"");
    assert_string_equal(one_string(*state, "\"\\/\b\f\n\r\t", 8), "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    assert_string_equal(one_string(*state, "\x1b[31m\x7f\0z", 8), "\"\\u001b[31m\\u007f\\u0000z\"");
    assert_string_equal(one_string(*state, "\xc3\xa9\xf0\x9f\x98\x80", 6), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

static void invalid_utf8_becomes_the_replacement_character(void **state) {
    assert_string_equal(one_string(*state,
                                   "a\xff"
                                   "b",
                                   3),
                        "\"a\xef\xbf\xbd"
                        "b\"");
    assert_string_equal(one_string(*state, "\xc3", 1), "\"\xef\xbf\xbd\"");
    assert_string_equal(one_string(*state, "\xed\xa0\x80", 3), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void every_byte_string_reads_back_as_json(void **state) {
    epi__random random = epi__random_seed(3);
    for (size_t i = 0; i < 5000; i++) {
        char bytes[24];
        size_t size = (size_t)epi__random_below(&random, sizeof(bytes));
        for (size_t at = 0; at < size; at++) bytes[at] = (char)(1 + epi__random_below(&random, 255));
        const char *text = one_string(*state, bytes, size);
        epi_json *root = NULL;
        assert_int_equal(epi_json_parse(&root, text, strlen(text)), EPI_OK);
        assert_non_null(epi_json_string(root, NULL));
        epi_json_free(root);
    }
}

static const char *one_number(epi_json_writer *writer, double number) {
    epi_json_writer_clear(writer);
    epi_json_put_number(writer, NULL, number);
    return epi_json_writer_text(NULL, writer);
}

static void numbers_are_short(void **state) {
    assert_string_equal(one_number(*state, 0.1), "0.1");
    assert_string_equal(one_number(*state, 3), "3");
    assert_string_equal(one_number(*state, -0.0), "-0");
    assert_string_equal(one_number(*state, 1e300), "1e+300");
    assert_string_equal(one_number(*state, -1234.0625), "-1234.0625");
    assert_string_equal(one_number(*state, 999999999.999999), "999999999.999999");
    assert_string_equal(one_number(*state, 1.00001), "1.00001");
    assert_string_equal(one_number(*state, 0.000125), "0.000125");
    assert_string_equal(one_number(*state, 0.00001), "1e-05");
    assert_string_equal(one_number(*state, 1.0 / 3), "0.3333333333333333");
    assert_string_equal(one_number(*state, 0.1 + 0.2), "0.30000000000000004");
    assert_string_equal(one_number(*state, (double)NAN), "null");
    assert_string_equal(one_number(*state, -(double)INFINITY), "null");
}

static void assert_number_reads_back(epi_json_writer *writer, double number) {
    const char *text = one_number(writer, number);
    epi_json *root = NULL;
    double again;
    assert_int_equal(epi_json_parse(&root, text, strlen(text)), EPI_OK);
    assert_true(epi_json_number(&again, root));
    if (memcmp(&again, &number, sizeof(number)) != 0) fail_msg("%a became %s", number, text);
    epi_json_free(root);
}

static void every_number_reads_back_the_same(void **state) {
    epi__random random = epi__random_seed(4);
    for (size_t i = 0; i < 20000; i++) {
        uint64_t bits = epi__random_next(&random);
        double number;
        memcpy(&number, &bits, sizeof(number));
        if (isfinite(number)) assert_number_reads_back(*state, number);
    }
    assert_number_reads_back(*state, DBL_MAX);
    assert_number_reads_back(*state, DBL_MIN);
    assert_number_reads_back(*state, DBL_TRUE_MIN);
}

/* As printf writes it, which is tried with as few digits as read back. */
static void numbers_of_few_decimals_are_written_as_printf_would(void **state) {
    epi__random random = epi__random_seed(5);
    for (size_t i = 0; i < 50000; i++) {
        char expected[40];
        double scale = pow(10, (double)epi__random_below(&random, 8));
        double number = (double)(int64_t)(epi__random_next(&random) >> (1 + epi__random_below(&random, 50))) / scale;
        if (fabs(number) >= 1e15) continue;
        snprintf(expected, sizeof(expected), "%.15g", number);
        assert_number_reads_back(*state, number);
        if (strtod(expected, NULL) - number == 0.0) assert_string_equal(one_number(*state, number), expected);
        assert_number_reads_back(*state, -number);
    }
}

/* Strings are scanned by words: a byte that needs an escape is found wherever it stands. */
static void escapes_are_found_at_every_place(void **state) {
    for (int byte = 1; byte < 256; byte++) {
        for (size_t at = 0; at < 17; at++) {
            char bytes[17], expected[64];
            memset(bytes, 'z', sizeof(bytes));
            bytes[at] = (char)byte;
            const char *text = one_string(*state, bytes, sizeof(bytes));
            epi_json *root = NULL;
            assert_int_equal(epi_json_parse(&root, text, strlen(text)), EPI_OK);
            snprintf(expected, sizeof(expected), "%.*s%s%.*s", (int)at, bytes,
                     byte < 0x80 ? (char[]){(char)byte, 0} : "\xEF\xBF\xBD", (int)(16 - at), bytes + at + 1);
            assert_string_equal(epi_json_string(root, NULL), expected);
            assert_int_equal(strlen(text) > strlen(expected) + 2,
                             byte < 0x20 || byte == 0x7F || byte == '"' || byte == '\\');
            epi_json_free(root);
        }
    }
}

static void the_locale_does_not_reach_the_decimal_point(void **state) {
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
    const char *set = NULL;
    for (size_t i = 0; i < EPI__COUNT(locales) && set == NULL; i++) set = setlocale(LC_NUMERIC, locales[i]);
    if (set == NULL) skip();
    assert_string_equal(one_number(*state, 0.5), "0.5");
    assert_string_equal(one_number(*state, 1.5e-300), "1.5e-300");
    setlocale(LC_NUMERIC, "C");
}

typedef void (*misuse)(epi_json_writer *writer);

static void name_in_array(epi_json_writer *writer) {
    epi_json_begin_array(writer, NULL);
    epi_json_put_null(writer, "a");
}

static void no_name_in_object(epi_json_writer *writer) {
    epi_json_begin_object(writer, NULL);
    epi_json_put_null(writer, NULL);
}

static void two_roots(epi_json_writer *writer) {
    epi_json_put_null(writer, NULL);
    epi_json_put_null(writer, NULL);
}

static void end_of_nothing(epi_json_writer *writer) {
    epi_json_end(writer);
}

static void too_deep(epi_json_writer *writer) {
    for (size_t i = 0; i <= EPI_JSON_DEPTH_MAX; i++) epi_json_begin_array(writer, NULL);
}

static void misuse_shows_until_cleared(void **state) {
    static const misuse table[] = {name_in_array, no_name_in_object, two_roots, end_of_nothing, too_deep};
    for (size_t i = 0; i < EPI__COUNT(table); i++) {
        size_t size = 1;
        epi_json_writer_clear(*state);
        table[i](*state);
        epi_json_end(*state);
        assert_null(epi_json_writer_text(&size, *state));
        assert_int_equal(size, 0);
        epi_json_writer_clear(*state);
        epi_json_put_bool(*state, NULL, false);
        assert_string_equal(epi_json_writer_text(NULL, *state), "false");
    }
}

static void the_greatest_depth_is_written_and_read(void **state) {
    for (size_t i = 0; i < EPI_JSON_DEPTH_MAX; i++) epi_json_begin_array(*state, NULL);
    for (size_t i = 0; i < EPI_JSON_DEPTH_MAX; i++) epi_json_end(*state);
    size_t size;
    const char *text = epi_json_writer_text(&size, *state);
    assert_int_equal(size, 2 * EPI_JSON_DEPTH_MAX);
    epi_json *root = NULL;
    assert_int_equal(epi_json_parse(&root, text, size), EPI_OK);
    epi_json_free(root);
}

static void writing_to_no_writer_gives_no_text(void **state) {
    (void)state;
    write_sample(NULL);
    epi_json_writer_clear(NULL);
    assert_null(epi_json_writer_text(NULL, NULL));
    epi_json_writer_free(NULL);
    assert_int_equal(epi_json_writer_new(NULL, false), EPI_EINVAL);
}

#define WITH_WRITER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_WRITER(commas_and_brackets_are_its_business),
        WITH_WRITER(pretty_text_is_indented),
        WITH_WRITER(strings_are_escaped),
        WITH_WRITER(invalid_utf8_becomes_the_replacement_character),
        WITH_WRITER(every_byte_string_reads_back_as_json),
        WITH_WRITER(numbers_are_short),
        WITH_WRITER(every_number_reads_back_the_same),
        WITH_WRITER(numbers_of_few_decimals_are_written_as_printf_would),
        WITH_WRITER(escapes_are_found_at_every_place),
        WITH_WRITER(the_locale_does_not_reach_the_decimal_point),
        WITH_WRITER(misuse_shows_until_cleared),
        WITH_WRITER(the_greatest_depth_is_written_and_read),
        WITH_WRITER(writing_to_no_writer_gives_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
