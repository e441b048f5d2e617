/* Small conversions: base64, JSON as it stands, lines, ids made from content. */
#include "fixture.h"

#include "transfer/transfer.h"

static void assert_encodes(const char *bytes, size_t size, const char *text) {
    epi__buffer out = {0};
    epi__base64_encode(&out, bytes, size);
    assert_string_equal(epi__buffer_text(&out), text);
    epi__buffer_clear(&out);
    assert_true(epi__base64_decode(&out, text, strlen(text)));
    assert_int_equal(out.size, size);
    if (size > 0) assert_memory_equal(out.data, bytes, size);
    epi__buffer_dispose(&out);
}

static void base64_agrees_with_the_examples_of_rfc_4648(void **state) {
    (void)state;
    assert_encodes("", 0, "");
    assert_encodes("f", 1, "Zg==");
    assert_encodes("fo", 2, "Zm8=");
    assert_encodes("foo", 3, "Zm9v");
    assert_encodes("foob", 4, "Zm9vYg==");
    assert_encodes("fooba", 5, "Zm9vYmE=");
    assert_encodes("foobar", 6, "Zm9vYmFy");
    assert_encodes("\xFB\xFF\x00", 3, "+/8A");
}

static void what_is_no_base64_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm 9", "Zh==", "Zm9=", "Z-_A", "=g=="};
    for (size_t i = 0; i < EPI__COUNT(bad); i++) {
        epi__buffer out = {0};
        if (epi__base64_decode(&out, bad[i], strlen(bad[i]))) fail_msg("\"%s\" was decoded", bad[i]);
        epi__buffer_dispose(&out);
    }
}

static void json_is_plain_only_when_it_is_written_back_the_same(void **state) {
    (void)state;
    bool is;
    static const char *const plain[] = {"{}", "[]", "{\"a\":1,\"b\":[true,null,\"x\"]}", "[9007199254740993]", "[0.5]"};
    static const char *const other[] = {"",      "1",         "\"a\"", "{ }",         "{\"a\": 1}", "[1.0]",
                                        "[1e2]", "[\"\\/\"]", "{",     "{\"a\":1}\n", "[1] "};
    for (size_t i = 0; i < EPI__COUNT(plain); i++) {
        assert_int_equal(epi__json_is_plain(&is, plain[i], strlen(plain[i])), EPI_OK);
        if (!is) fail_msg("%s is plain", plain[i]);
    }
    for (size_t i = 0; i < EPI__COUNT(other); i++) {
        assert_int_equal(epi__json_is_plain(&is, other[i], strlen(other[i])), EPI_OK);
        if (is) fail_msg("%s is not plain", other[i]);
    }
}

static void lines_are_counted_with_the_blank_ones(void **state) {
    (void)state;
    const char *text = "\n a\r\n\n  \t\nb\n\n";
    epi__line line = {text, 0, 0};
    assert_true(epi__line_next(&line, text, strlen(text)));
    assert_int_equal(line.number, 2);
    assert_memory_equal(line.text, " a\r", line.size);
    assert_true(epi__line_next(&line, text, strlen(text)));
    assert_int_equal(line.number, 5);
    assert_int_equal(line.size, 1);
    assert_false(epi__line_next(&line, text, strlen(text)));
}

static void ids_of_other_content_are_others(void **state) {
    (void)state;
    char one[EPI__DERIVED_ID_SIZE];
    char two[EPI__DERIVED_ID_SIZE];
    epi__derived_id(one, "step", "a", 1);
    epi__derived_id(two, "step", "a", 1);
    assert_string_equal(one, two);
    assert_int_equal(strlen(one), strlen("step:") + 32);
    epi__derived_id(two, "step", "b", 1);
    assert_string_not_equal(one, two);
}

static void formats_are_found_by_their_names(void **state) {
    (void)state;
    for (int i = EPI_FORMAT_JSONL; i <= EPI_FORMAT_CHATGPT; i++) {
        assert_int_equal(epi_format_from_name(epi_format_name((epi_format)i)), i);
    }
    assert_int_equal(epi_format_from_name("LoCoMo"), EPI_FORMAT_LOCOMO);
    assert_int_equal(epi_format_from_name("csv"), EPI_FORMAT_AUTO);
    assert_int_equal(epi_format_from_name(NULL), EPI_FORMAT_AUTO);
    assert_string_equal(epi_format_name((epi_format)99), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_agrees_with_the_examples_of_rfc_4648),
        cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(json_is_plain_only_when_it_is_written_back_the_same),
        cmocka_unit_test(lines_are_counted_with_the_blank_ones),
        cmocka_unit_test(ids_of_other_content_are_others),
        cmocka_unit_test(formats_are_found_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
