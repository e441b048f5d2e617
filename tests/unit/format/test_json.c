/* Reading JSON: what it looks like through the accessors, and hostile text, each with the status it must have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <episodic/sys/json.h>

#include "base/base.h"

static epi_json *parse(const char *text) {
    epi_json *root = NULL;
    if (epi_json_parse(&root, text, strlen(text)) != EPI_OK) fail_msg("%s: %s", text, epi_error_last()->message);
    return root;
}

static void a_document_is_read_through_chained_lookups(void **state) {
    (void)state;
    epi_json *root = parse(" {\"a\":[1,2.5,\"x\"],\"b\":{\"c\":true,\"d\":null}, \"e\":false} \r\n\t");
    const epi_json *a = epi_json_member(root, "a"), *b = epi_json_member(root, "b");
    double number;
    size_t size;
    assert_int_equal(epi_json_type_of(root), EPI_JSON_OBJECT);
    assert_int_equal(epi_json_type_of(a), EPI_JSON_ARRAY);
    assert_int_equal(epi_json_count(a), 3);
    assert_string_equal(epi_json_name(a), "a");
    assert_true(epi_json_number(&number, epi_json_next(epi_json_first(a))));
    assert_true(number == 2.5);
    assert_string_equal(epi_json_string(epi_json_next(epi_json_next(epi_json_first(a))), &size), "x");
    assert_int_equal(size, 1);
    assert_true(epi_json_true(epi_json_member(b, "c")));
    assert_int_equal(epi_json_type_of(epi_json_member(b, "d")), EPI_JSON_NULL);
    assert_false(epi_json_true(epi_json_member(root, "e")));
    assert_int_equal(epi_json_type_of(epi_json_member(root, "e")), EPI_JSON_BOOL);
    epi_json_free(root);
}

static void what_is_absent_stays_absent_down_the_chain(void **state) {
    (void)state;
    epi_json *root = parse("[1]");
    const epi_json *none = epi_json_member(epi_json_member(epi_json_first(root), "x"), "y");
    double number = 1;
    int64_t integer = 1;
    size_t size = 1;
    assert_null(none);
    assert_int_equal(epi_json_type_of(none), EPI_JSON_ABSENT);
    assert_null(epi_json_first(none));
    assert_null(epi_json_next(none));
    assert_null(epi_json_name(none));
    assert_null(epi_json_string(none, &size));
    assert_int_equal(size, 0);
    assert_int_equal(epi_json_count(none), 0);
    assert_false(epi_json_number(&number, none));
    assert_false(epi_json_integer(&integer, none));
    assert_int_equal(integer, 0);
    assert_false(epi_json_true(none));
    assert_null(epi_json_string(epi_json_first(root), NULL)); /* a number is no string */
    epi_json_free(root);
    epi_json_free(NULL);
}

static void names_are_compared_with_case(void **state) {
    (void)state;
    epi_json *root = parse("{\"Space\":1,\"space\":2,\"SPACE\":3}");
    int64_t integer;
    assert_true(epi_json_integer(&integer, epi_json_member(root, "space")));
    assert_int_equal(integer, 2);
    assert_null(epi_json_member(root, "sPACE"));
    epi_json_free(root);
}

static void of_duplicate_names_the_first_is_found_and_all_are_visited(void **state) {
    (void)state;
    epi_json *root = parse("{\"a\":1,\"a\":2}");
    int64_t integer;
    assert_true(epi_json_integer(&integer, epi_json_member(root, "a")));
    assert_int_equal(integer, 1);
    assert_int_equal(epi_json_count(root), 2);
    epi_json_free(root);
}

static void escapes_are_decoded(void **state) {
    (void)state;
    epi_json *root = parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t \\u00e9 \\ud83d\\ude00 \\\\u0000\"");
    assert_string_equal(epi_json_string(root, NULL), "\"\\/\b\f\n\r\t \xc3\xa9 \xf0\x9f\x98\x80 \\u0000");
    epi_json_free(root);
}

static void assert_integer(const char *text, bool is_integer, int64_t expected) {
    epi_json *root = parse(text);
    int64_t integer;
    if (epi_json_integer(&integer, root) != is_integer) fail_msg("%s", text);
    assert_int_equal(integer, is_integer ? expected : 0);
    epi_json_free(root);
}

static void integers_keep_every_digit(void **state) {
    (void)state;
    assert_integer("0", true, 0);
    assert_integer("-0", true, 0);
    assert_integer("-17", true, -17);
    assert_integer("5.0", true, 5);
    assert_integer("1e3", true, 1000);
    assert_integer("9007199254740993", true, 9007199254740993); /* 2^53 + 1 */
    assert_integer("9223372036854775807", true, INT64_MAX);
    assert_integer("-9223372036854775808", true, INT64_MIN);
    assert_integer("9223372036854775808", false, 0);
    assert_integer("-9223372036854775809", false, 0);
    assert_integer("99999999999999999999999999", false, 0);
    assert_integer("1.5", false, 0);
    assert_integer("1e400", false, 0);
    assert_integer("1e19", false, 0);
    assert_integer("\"7\"", false, 0);
    assert_integer("true", false, 0);
}

static void long_integers_keep_their_places(void **state) {
    (void)state;
    epi_json *root = parse("{\"1234567890123456789\":[1,{\"a\":9007199254740993},\"9007199254740995\"],"
                           "\"b\":-9007199254740997,\"c\":1.00000000000000000001,\"d\":[[9007199254740999]]}");
    const epi_json *list = epi_json_first(root);
    int64_t integer;
    assert_true(epi_json_integer(&integer, epi_json_first(list)));
    assert_int_equal(integer, 1);
    assert_true(epi_json_integer(&integer, epi_json_member(epi_json_next(epi_json_first(list)), "a")));
    assert_int_equal(integer, 9007199254740993);
    assert_true(epi_json_integer(&integer, epi_json_member(root, "b")));
    assert_int_equal(integer, -9007199254740997);
    assert_true(epi_json_integer(&integer, epi_json_first(epi_json_first(epi_json_member(root, "d")))));
    assert_int_equal(integer, 9007199254740999);
    assert_null(epi_json_string(epi_json_member(root, "b"), NULL));
    epi_json_free(root);
}

static void a_number_no_double_holds_is_no_number(void **state) {
    (void)state;
    epi_json *root = parse("[1e999,-1e999,1e-999]");
    const epi_json *at = epi_json_first(root);
    double number = 1;
    assert_int_equal(epi_json_type_of(at), EPI_JSON_NUMBER);
    assert_false(epi_json_number(&number, at));
    assert_true(number == 0.0);
    assert_false(epi_json_number(&number, epi_json_next(at)));
    assert_true(epi_json_number(&number, epi_json_next(epi_json_next(at)))); /* rounds to 0 */
    epi_json_free(root);
}

static void hostile_text_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        epi_status status;
    } table[] = {
        {"", EPI_EJSON},
        {"   ", EPI_EJSON},
        {"{", EPI_EJSON},
        {"[1,", EPI_EJSON},
        {"[1,]", EPI_EJSON},
        {"{\"a\":1,}", EPI_EJSON},
        {"{a:1}", EPI_EJSON},
        {"{'a':1}", EPI_EJSON},
        {"{\"a\" 1}", EPI_EJSON},
        {"{\"a\":}", EPI_EJSON},
        {"[1}", EPI_EJSON},
        {"]", EPI_EJSON},
        {"[1] x", EPI_EJSON}, /* trailing garbage */
        {"{}{}", EPI_EJSON},
        {"1 2", EPI_EJSON},
        {"nul", EPI_EJSON},
        {"nullx", EPI_EJSON},
        {"True", EPI_EJSON},
        {"NaN", EPI_EJSON},
        {"Infinity", EPI_EJSON},
        {"-Infinity", EPI_EJSON},
        {"01", EPI_EJSON},
        {"-", EPI_EJSON},
        {"-a", EPI_EJSON},
        {"+1", EPI_EJSON},
        {".5", EPI_EJSON},
        {"1.", EPI_EJSON},
        {"1.e5", EPI_EJSON},
        {"1e", EPI_EJSON},
        {"1e+", EPI_EJSON},
        {"0x10", EPI_EJSON},
        {"1-2", EPI_EJSON},
        {"[1\v,2]", EPI_EJSON}, /* a control character between tokens */
        {"\"open", EPI_EJSON},
        {"\"open\\", EPI_EJSON},
        {"\"open\\\"", EPI_EJSON},
        {"\"a\nb\"", EPI_EJSON},    /* a raw line break in a string */
        {"\"\\u0000\"", EPI_EJSON}, /* an escaped NUL */
        {"\"a\\\\\\u0000b\"", EPI_EJSON},
        {"{\"a\\u0000b\":1}", EPI_EJSON},
        {"\"\\uZZZZ\"", EPI_EJSON}, /* no hexadecimal digits */
        {"\"\\u12\"", EPI_EJSON},
        {"\"\\u12", EPI_EJSON},
        {"\"\\x41\"", EPI_EJSON},
        {"\"\\ud800\"", EPI_EJSON}, /* half a pair */
        {"\"\\ude00\"", EPI_EJSON},
        {"\"\\ud83dx\"", EPI_EJSON},
        {"\"\xff\"", EPI_EUTF8},
        {"\"\xc0\x80\"", EPI_EUTF8}, /* NUL, overlong */
        {"\"\xed\xa0\x80\"", EPI_EUTF8},
        {"{\"a\xc3\":1}", EPI_EUTF8},
        {"/* c */ 1", EPI_EJSON},
        {"[1 /* c */]", EPI_EJSON},
        {"1111111111111111111111111111111111111111111111111111111111111111", EPI_EJSON}, /* 64 digits */
    };
    for (size_t i = 0; i < EPI__COUNT(table); i++) {
        epi_json *root = (epi_json *)state;
        epi_status status = epi_json_parse(&root, table[i].text, strlen(table[i].text));
        if (status != table[i].status) fail_msg("%s: %s", table[i].text, epi_status_name(status));
        assert_null(root);
    }
}

static void a_nul_byte_is_refused_wherever_it_is(void **state) {
    (void)state;
    epi_json *root = NULL;
    assert_int_equal(epi_json_parse(&root, "\"a\0b\"", 5), EPI_EUTF8);
    assert_int_equal(epi_json_parse(&root, "1\0", 2), EPI_EUTF8);
    assert_null(root);
}

static void the_size_ends_the_text_not_a_nul(void **state) {
    (void)state;
    char text[] = {'[', '1', '2', ']', ']', ']'}; /* more bytes behind the size */
    epi_json *root = NULL;
    assert_int_equal(epi_json_parse(&root, text, 4), EPI_OK);
    epi_json_free(root);
    assert_int_equal(epi_json_parse(&root, text, 3), EPI_EJSON);
    char *exact = epi__alloc(2); /* so that a sanitizer sees a read behind it */
    memcpy(exact, "12", 2);
    assert_int_equal(epi_json_parse(&root, exact, 2), EPI_OK);
    epi_json_free(root);
    epi__free(exact);
}

static epi_status parse_nested(size_t depth) {
    epi__buffer text = {0};
    for (size_t i = 0; i < depth; i++) epi__buffer_append_text(&text, i % 2 == 0 ? "[" : "{\"a\":");
    epi__buffer_append_u8(&text, '1');
    for (size_t i = depth; i-- > 0;) epi__buffer_append_u8(&text, i % 2 == 0 ? ']' : '}');
    epi_json *root = NULL;
    epi_status status = epi_json_parse(&root, (const char *)text.data, text.size);
    epi_json_free(root);
    epi__buffer_dispose(&text);
    return status;
}

static void depth_is_limited(void **state) {
    (void)state;
    assert_int_equal(parse_nested(EPI_JSON_DEPTH_MAX), EPI_OK);
    assert_int_equal(parse_nested(EPI_JSON_DEPTH_MAX + 1), EPI_ELIMIT);
    assert_int_equal(parse_nested(1000000), EPI_ELIMIT);
}

static void size_is_limited_before_anything_is_read(void **state) {
    (void)state;
    epi_json *root = NULL;
    assert_int_equal(epi_json_parse(&root, "1", (size_t)EPI_JSON_SIZE_MAX + 1), EPI_ELIMIT);
    assert_int_equal(epi_json_parse(&root, NULL, 1), EPI_EINVAL);
    assert_int_equal(epi_json_parse(NULL, "1", 1), EPI_EINVAL);
}

static void a_message_names_line_and_column(void **state) {
    (void)state;
    epi_json *root = NULL;
    const char *text = "{\"\xc3\xa9\": 1,\n \"b\": \xe2\x82\xac}";
    assert_int_equal(epi_json_parse(&root, text, strlen(text)), EPI_EJSON);
    assert_string_equal(epi_error_last()->message, "text was not JSON at line 2, column 7");
    assert_int_equal(epi_json_parse(&root, "[1]\n\n  x", 8), EPI_EJSON);
    assert_string_equal(epi_error_last()->message, "something followed the JSON value at line 3, column 3");
    assert_int_equal(epi_json_parse(&root, "\"\xc3\xa9\\q\"", 6), EPI_EJSON);
    assert_string_equal(epi_error_last()->message, "escape was unknown at line 1, column 4");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_read_through_chained_lookups),
        cmocka_unit_test(what_is_absent_stays_absent_down_the_chain),
        cmocka_unit_test(names_are_compared_with_case),
        cmocka_unit_test(of_duplicate_names_the_first_is_found_and_all_are_visited),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(integers_keep_every_digit),
        cmocka_unit_test(long_integers_keep_their_places),
        cmocka_unit_test(a_number_no_double_holds_is_no_number),
        cmocka_unit_test(hostile_text_is_refused),
        cmocka_unit_test(a_nul_byte_is_refused_wherever_it_is),
        cmocka_unit_test(the_size_ends_the_text_not_a_nul),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(size_is_limited_before_anything_is_read),
        cmocka_unit_test(a_message_names_line_and_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
