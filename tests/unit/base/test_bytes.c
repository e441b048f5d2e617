/* Heap, buffers, readers and UTF-8 sequences: what is written reads back, and hostile bytes or sizes only ever fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    assert_null(epi__alloc(SIZE_MAX));
    assert_null(epi__alloc((size_t)PTRDIFF_MAX + 1));
    assert_null(epi__alloc_zero(SIZE_MAX / 2, 4));
    assert_null(epi__alloc_zero((size_t)1 << 33, (size_t)1 << 33)); /* the product is 4 modulo 2^64 */
    assert_null(epi__realloc(NULL, SIZE_MAX / 8 + 2, 8));
    assert_null(epi__alloc_aligned(64, SIZE_MAX - 8));
}

static void a_size_of_zero_is_no_failure(void **state) {
    (void)state;
    void *blocks[] = {epi__alloc(0), epi__alloc_zero(0, 8), epi__alloc_zero(8, 0), epi__realloc(NULL, 0, 8),
                      epi__alloc_aligned(16, 0)};
    for (size_t i = 0; i < EPI__COUNT(blocks); i++) {
        assert_non_null(blocks[i]);
        epi__free(blocks[i]);
    }
    epi__free(NULL);
}

static void aligned_memory_is_aligned(void **state) {
    (void)state;
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        void *memory = epi__alloc_aligned(alignment, 100);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % alignment, 0);
        epi__free(memory);
    }
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    epi__buffer buffer = {0};
    epi__buffer_append_u8(&buffer, 0xAB);
    epi__buffer_append_u16(&buffer, 0x1234);
    epi__buffer_append_u32(&buffer, 0xDEADBEEF);
    epi__buffer_append_u64(&buffer, UINT64_C(0x0123456789ABCDEF));
    epi__buffer_append_f32(&buffer, -1.5F);
    epi__buffer_append_f64(&buffer, 0x1.fffffffffffffp1023);
    epi__buffer_append_bytes(&buffer, "hello", 5);
    epi__buffer_append_bytes(&buffer, NULL, 0);
    assert_false(buffer.failed);
    epi__reader reader = epi__reader_of(buffer.data, buffer.size);
    assert_int_equal(epi__read_u8(&reader), 0xAB);
    assert_int_equal(epi__read_u16(&reader), 0x1234);
    assert_int_equal(epi__read_u32(&reader), 0xDEADBEEF);
    assert_int_equal(epi__read_u64(&reader), UINT64_C(0x0123456789ABCDEF));
    assert_true(epi__read_f32(&reader) == -1.5F);
    assert_true(epi__read_f64(&reader) == 0x1.fffffffffffffp1023);
    epi__view view = epi__read_bytes(&reader);
    assert_int_equal(view.size, 5);
    assert_memory_equal(view.data, "hello", 5);
    assert_int_equal(epi__read_bytes(&reader).size, 0);
    assert_false(reader.failed);
    assert_ptr_equal(reader.next, reader.end);
    epi__buffer_dispose(&buffer);
}

static void integers_are_little_endian_whatever_the_machine(void **state) {
    (void)state;
    epi__buffer buffer = {0};
    epi__buffer_append_u32(&buffer, 0x01020304);
    epi__buffer_append_f32(&buffer, 1.0F);
    assert_memory_equal(buffer.data, "\x04\x03\x02\x01\x00\x00\x80\x3f", 8);
    uint8_t big[8];
    epi__store_be64(big, UINT64_C(0x0102030405060708));
    assert_memory_equal(big, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
    assert_int_equal(epi__load_be64(big), UINT64_C(0x0102030405060708));
    epi__buffer_dispose(&buffer);
}

static void varints_of_all_sizes_read_back(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (uint64_t near = 0; near < 3; near++) {
            epi__buffer buffer = {0};
            uint64_t value = (UINT64_C(1) << bit) - 1 + near;
            epi__buffer_append_varint(&buffer, value);
            epi__reader reader = epi__reader_of(buffer.data, buffer.size);
            assert_int_equal(epi__read_varint(&reader), value);
            assert_false(reader.failed);
            assert_ptr_equal(reader.next, reader.end);
            epi__buffer_dispose(&buffer);
        }
    }
}

static void malformed_varints_fail(void **state) {
    (void)state;
    static const epi__view table[] = {
        {"", 0},
        {"\x80", 1},                                         /* unfinished */
        {"\x80\x00", 2},                                     /* a needless zero byte */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10},    /* 65 bits */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x01", 11} /* more bytes than 64 bits need */
    };
    for (size_t i = 0; i < EPI__COUNT(table); i++) {
        epi__reader reader = epi__reader_of(table[i].data, table[i].size);
        assert_int_equal(epi__read_varint(&reader), 0);
        assert_true(reader.failed);
        assert_int_equal(epi__read_u8(&reader), 0);
    }
}

static void past_the_end_everything_is_zero_and_failed(void **state) {
    (void)state;
    epi__reader reader = epi__reader_of("\x01\x02\x03", 3);
    assert_int_equal(epi__read_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(epi__read_u8(&reader), 0); /* also what would have fitted before */
    assert_true(epi__read_f64(&reader) == 0.0);
    assert_null(epi__read_view(&reader, 0).data);
    assert_int_equal(epi__read_varint(&reader), 0);
    assert_ptr_equal(reader.next, reader.end);
}

static void a_size_field_larger_than_the_rest_fails(void **state) {
    (void)state;
    epi__reader reader = epi__reader_of("\x05"
                                        "abcd",
                                        5);
    epi__view view = epi__read_bytes(&reader);
    assert_true(reader.failed);
    assert_int_equal(view.size, 0);
    reader = epi__reader_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10); /* 2^64 - 1 bytes */
    view = epi__read_bytes(&reader);
    assert_true(reader.failed);
    assert_int_equal(view.size, 0);
}

static void a_reader_of_nothing_is_empty(void **state) {
    (void)state;
    epi__reader reader = epi__reader_of(NULL, 0);
    assert_false(reader.failed);
    assert_int_equal(epi__read_view(&reader, 0).size, 0);
    assert_false(reader.failed);
    epi__read_u8(&reader);
    assert_true(reader.failed);
}

static void a_buffer_that_could_not_grow_stays_failed_until_cleared(void **state) {
    (void)state;
    epi__buffer buffer = {0};
    epi__buffer_append_text(&buffer, "kept");
    assert_false(epi__buffer_reserve(&buffer, SIZE_MAX - 2));
    assert_true(buffer.failed);
    epi__buffer_append_u8(&buffer, 1);
    assert_int_equal(buffer.size, 4);
    assert_string_equal(epi__buffer_text(&buffer), "");
    epi__buffer_clear(&buffer);
    epi__buffer_append_text(&buffer, "again");
    assert_string_equal(epi__buffer_text(&buffer), "again");
    epi__buffer_dispose(&buffer);
}

static void formatted_text_of_any_length_is_appended_whole(void **state) {
    (void)state;
    epi__buffer buffer = {0};
    for (int width = 0; width < 300; width++) {
        epi__buffer_clear(&buffer);
        epi__buffer_append_format(&buffer, "%*d|", width, 7);
        assert_int_equal(buffer.size, EPI__MAX(width, 1) + 1);
        assert_memory_equal(epi__buffer_text(&buffer) + buffer.size - 2, "7|", 3);
    }
    epi__buffer_dispose(&buffer);
}

/* Encodes any code point below 2^21, also those that are not characters. */
static size_t encode(uint8_t out[4], uint32_t point) {
    size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const uint8_t first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size; i-- > 1; point >>= 6) out[i] = (uint8_t)(0x80 | (point & 0x3F));
    out[0] = (uint8_t)(first[size] | point);
    return size;
}

static void exactly_the_scalar_values_are_utf8(void **state) {
    (void)state;
    for (uint32_t point = 0; point < 0x200000; point++) {
        uint8_t bytes[4];
        size_t size = encode(bytes, point);
        bool is_scalar = point < 0x110000 && (point < 0xD800 || point > 0xDFFF);
        if (epi__utf8_sequence(bytes, size) != (is_scalar ? size : 0)) fail_msg("U+%X", point);
        if (size > 1 && epi__utf8_sequence(bytes, size - 1) != 0) fail_msg("U+%X cut short", point);
    }
}

static void overlong_and_stray_bytes_are_not_utf8(void **state) {
    (void)state;
    static const char *const table[] = {"\x80",
                                        "\xbf",
                                        "\xc0\x80",
                                        "\xc1\xbf",
                                        "\xe0\x80\x80",
                                        "\xe0\x9f\xbf",
                                        "\xf0\x80\x80\x80",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf5\x80\x80\x80",
                                        "\xfe",
                                        "\xff",
                                        "\xc3(",
                                        "\xe2\x28\xa1",
                                        "\xe2\x82(",
                                        "\xf0\x90\x8c("};
    for (size_t i = 0; i < EPI__COUNT(table); i++) {
        assert_int_equal(epi__utf8_sequence((const uint8_t *)table[i], strlen(table[i])), 0);
    }
    assert_int_equal(epi__utf8_sequence((const uint8_t *)"", 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(a_size_of_zero_is_no_failure),
        cmocka_unit_test(aligned_memory_is_aligned),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(integers_are_little_endian_whatever_the_machine),
        cmocka_unit_test(varints_of_all_sizes_read_back),
        cmocka_unit_test(malformed_varints_fail),
        cmocka_unit_test(past_the_end_everything_is_zero_and_failed),
        cmocka_unit_test(a_size_field_larger_than_the_rest_fails),
        cmocka_unit_test(a_reader_of_nothing_is_empty),
        cmocka_unit_test(a_buffer_that_could_not_grow_stays_failed_until_cleared),
        cmocka_unit_test(formatted_text_of_any_length_is_appended_whole),
        cmocka_unit_test(exactly_the_scalar_values_are_utf8),
        cmocka_unit_test(overlong_and_stray_bytes_are_not_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
