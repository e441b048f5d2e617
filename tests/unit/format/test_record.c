/* Tests of records: each comes back as it went in, and what is cut or random is refused without reading past its end
 * (each input is a heap block of its own size, so that AddressSanitizer sees a step too far).
 */
#include "format/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <episodic/time.h>

static epi__value inline_value(uint8_t role, const char *text) {
    return (epi__value){.role = role, .size = strlen(text), .data = text};
}

static const epi__value COMPONENT = {.role = 3, .component = true, .size = 1u << 20, .hash = {11, 22}, .ordinal = 5};

static void assert_same_value(const epi__value *a, const epi__value *b) {
    assert_int_equal(a->role, b->role);
    assert_int_equal(a->component, b->component);
    assert_int_equal(a->size, b->size);
    if (!a->component) {
        if (a->size) assert_memory_equal(a->data, b->data, a->size);
        return;
    }
    assert_int_equal(a->hash.low, b->hash.low);
    assert_int_equal(a->hash.high, b->hash.high);
    assert_int_equal(a->ordinal, b->ordinal);
}

static void values_come_back(void **state) {
    (void)state;
    epi__value given[] = {inline_value(0, "hello"), inline_value(63, ""), COMPONENT,
                          inline_value(EPI__ROLE_METADATA, "{\"a\":1}")};
    epi__buffer out = {0};
    for (size_t i = 0; i < EPI__COUNT(given); i++) epi__value_encode(&out, &given[i]);
    epi__reader reader = epi__reader_of(out.data, out.size);
    for (size_t i = 0; i < EPI__COUNT(given); i++) {
        epi__value back;
        epi__value_decode(&back, &reader);
        assert_same_value(&given[i], &back);
    }
    assert_false(reader.failed);
    assert_ptr_equal(reader.next, reader.end);
    epi__buffer_dispose(&out);
}

static epi__row some_row(void) {
    return (epi__row){.episode = 9,
                      .event_from = EPI_TIME_MIN,
                      .event_to = -1,
                      .ingested = EPI_TIME_MAX,
                      .reward = -0.25,
                      .supersedes = UINT64_MAX,
                      .content = 0x0123456789ABCDEF,
                      .flags = EPI__ROW_VECTOR | 3,
                      .length = 77,
                      .utc_offset_min = -1080,
                      .part_count = 2,
                      .tag_count = 64,
                      .external = {"turn-1", 6},
                      .told = {"told", 4}};
}

static void a_row_comes_back_with_what_stands_behind_it(void **state) {
    (void)state;
    epi__buffer out = {0};
    epi__row given = some_row(), back;
    epi__row_encode(&out, &given);
    epi__buffer_append_text(&out, "rest");
    assert_int_equal(epi__row_decode(&back, (epi__view){out.data, out.size}), EPI_OK);
    assert_int_equal(back.episode, given.episode);
    assert_int_equal(back.event_from, given.event_from);
    assert_int_equal(back.event_to, given.event_to);
    assert_int_equal(back.ingested, given.ingested);
    assert_true(back.reward == given.reward);
    assert_int_equal(back.supersedes, given.supersedes);
    assert_int_equal(back.content, given.content);
    assert_int_equal(back.flags, given.flags);
    assert_int_equal(back.length, given.length);
    assert_int_equal(back.utc_offset_min, given.utc_offset_min);
    assert_int_equal(back.part_count, given.part_count);
    assert_int_equal(back.tag_count, given.tag_count);
    assert_int_equal(back.external.size, 6);
    assert_memory_equal(back.external.data, "turn-1", 6);
    assert_int_equal(back.told.size, 4);
    assert_memory_equal(back.told.data, "told", 4);
    assert_int_equal(back.rest.end - back.rest.next, 4);
    assert_memory_equal(back.rest.next, "rest", 4);
    epi__buffer_dispose(&out);
}

static void told_times_come_back_and_impossible_ones_do_not(void **state) {
    (void)state;
    const epi__told given[] = {{1, EPI_PRECISION_MINUTE, 0, 1, EPI_TIME_MIN, EPI_TIME_MIN + 1},
                               {63, EPI_PRECISION_DECADE, UINT32_MAX, UINT32_MAX + 9ull, -5, EPI_TIME_MAX}};
    const epi__told wrong[] = {{1, 0, 0, 1, 0, 1},
                               {1, 11, 0, 1, 0, 1},
                               {1, 4, 3, 3, 0, 1},
                               {1, 4, 0, 1, 7, 7},
                               {1, 4, 0, 1, 7, 6},
                               {1, 4, 0, 1, 0, EPI_TIME_MAX + 1},
                               {1, 4, 0, 1, EPI_TIME_MIN - 1, 0}};
    epi__buffer out = {0};
    epi__told back;
    for (size_t i = 0; i < EPI__COUNT(given); i++) epi__told_encode(&out, &given[i]);
    epi__reader reader = epi__reader_of(out.data, out.size);
    for (size_t i = 0; i < EPI__COUNT(given); i++) {
        assert_true(epi__told_next(&back, &reader));
        assert_int_equal(back.role, given[i].role);
        assert_int_equal(back.precision, given[i].precision);
        assert_int_equal(back.text_from, given[i].text_from);
        assert_int_equal(back.text_to, given[i].text_to);
        assert_int_equal(back.from, given[i].from);
        assert_int_equal(back.to, given[i].to);
    }
    assert_false(epi__told_next(&back, &reader));
    assert_false(reader.failed);
    for (size_t i = 0; i < EPI__COUNT(wrong); i++) {
        epi__buffer_clear(&out);
        epi__told_encode(&out, &wrong[i]);
        reader = epi__reader_of(out.data, out.size);
        assert_false(epi__told_next(&back, &reader));
        assert_true(reader.failed);
    }
    epi__buffer_dispose(&out);
}

static epi__episode_record some_episode(void) {
    return (epi__episode_record){.first_event = -5,
                                 .last_event = 7,
                                 .utc_offset_min = 330,
                                 .ended = true,
                                 .has_reward = true,
                                 .reward = 1e300,
                                 .step_count = 4,
                                 .next_index = 6,
                                 .last_run = 100,
                                 .content = 42,
                                 .external = {"e", 1},
                                 .title = inline_value(0, "A walk"),
                                 .metadata = COMPONENT,
                                 .outcome = inline_value(0, ""),
                                 .tag_count = 2,
                                 .tags = {"\x01"
                                          "a"
                                          "\x02"
                                          "bc",
                                          5}};
}

static void an_episode_comes_back(void **state) {
    (void)state;
    epi__buffer out = {0};
    epi__episode_record given = some_episode(), back;
    epi__episode_encode(&out, &given);
    assert_int_equal(epi__episode_decode(&back, (epi__view){out.data, out.size}), EPI_OK);
    assert_int_equal(back.first_event, given.first_event);
    assert_int_equal(back.last_event, given.last_event);
    assert_int_equal(back.utc_offset_min, given.utc_offset_min);
    assert_true(back.ended && back.has_reward && back.reward == given.reward);
    assert_int_equal(back.step_count, given.step_count);
    assert_int_equal(back.next_index, given.next_index);
    assert_int_equal(back.last_run, given.last_run);
    assert_int_equal(back.content, given.content);
    assert_int_equal(back.external.size, 1);
    assert_same_value(&given.title, &back.title);
    assert_same_value(&given.metadata, &back.metadata);
    assert_same_value(&given.outcome, &back.outcome);
    assert_int_equal(back.tag_count, 2);
    assert_int_equal(back.tags.size, 5);
    assert_memory_equal(back.tags.data, given.tags.data, 5);
    epi__buffer_dispose(&out);
}

static void a_run_and_a_mark_come_back(void **state) {
    (void)state;
    epi__buffer out = {0};
    epi__run run = {.first = 5, .episode = 6, .first_index = 7, .count = 8, .previous = 9}, run_back;
    epi__run_encode(&out, &run);
    assert_int_equal(epi__run_decode(&run_back, 5, (epi__view){out.data, out.size}), EPI_OK);
    assert_memory_equal(&run, &run_back, sizeof run);
    epi__buffer_clear(&out);
    static const uint8_t corrections[2 * EPI__CORRECTION_SIZE] = {7, 8, 9};
    epi__mark mark = {1, -2, EPI_TIME_NONE, 4, INT64_MAX, {corrections, sizeof corrections}}, mark_back;
    epi__mark_encode(&out, &mark);
    assert_int_equal(epi__mark_decode(&mark_back, (epi__view){out.data, out.size}), EPI_OK);
    assert_int_equal(mark_back.superseded_by, 1);
    assert_int_equal(mark_back.superseded_ingested, -2);
    assert_int_equal(mark_back.superseded_event, EPI_TIME_NONE);
    assert_int_equal(mark_back.forgotten_at, 4);
    assert_int_equal(mark_back.purge_at, INT64_MAX);
    assert_int_equal(mark_back.corrections.size, sizeof corrections);
    assert_memory_equal(mark_back.corrections.data, corrections, sizeof corrections);
    assert_int_equal(epi__mark_decode(&mark_back, (epi__view){out.data, out.size - 1}), EPI_EDAMAGED);
    epi__buffer_dispose(&out);
}

/* ---- hostile bytes ----------------------------------------------------------------------------------------------- */

typedef epi_status (*decoder)(epi__view body);

static epi_status decode_row(epi__view body) {
    epi__row row;
    epi_status status = epi__row_decode(&row, body);
    if (status) return status;
    epi__reader told = epi__reader_of(row.told.data, row.told.size);
    for (epi__told one; epi__told_next(&one, &told);) assert_true(one.from < one.to);
    epi__reader reader = row.rest;
    for (unsigned i = 0; i < row.tag_count; i++) (void)epi__read_bytes(&reader);
    for (unsigned i = 0; i <= row.part_count; i++) {
        epi__value value;
        epi__value_decode(&value, &reader);
        assert_true(value.data || value.component || value.size == 0); /* never a size at nowhere */
    }
    return reader.failed ? EPI_EDAMAGED : EPI_OK;
}
static epi_status decode_episode(epi__view body) {
    epi__episode_record episode;
    return epi__episode_decode(&episode, body);
}
static epi_status decode_run(epi__view body) {
    epi__run run;
    return epi__run_decode(&run, 1, body);
}
static epi_status decode_mark(epi__view body) {
    epi__mark mark;
    return epi__mark_decode(&mark, body);
}

static void encode_whole_row(epi__buffer *out) {
    epi__row row = some_row();
    epi__value values[] = {inline_value(EPI__ROLE_METADATA, "{}"), inline_value(1, "text"), COMPONENT};
    row.tag_count = 2;
    epi__row_encode(out, &row);
    epi__buffer_append_bytes(out, "tag", 3);
    epi__buffer_append_bytes(out, "other", 5);
    for (size_t i = 0; i < EPI__COUNT(values); i++) epi__value_encode(out, &values[i]);
}

static void encode_of(epi__buffer *out, decoder decode) {
    epi__episode_record episode = some_episode();
    epi__run run = {.first = 5, .episode = 6, .first_index = 7, .count = 8, .previous = 9};
    epi__mark mark = {1, 2, 3, 4, 5, {NULL, 0}};
    if (decode == decode_row) encode_whole_row(out);
    if (decode == decode_episode) epi__episode_encode(out, &episode);
    if (decode == decode_run) epi__run_encode(out, &run);
    if (decode == decode_mark) epi__mark_encode(out, &mark);
}

static const decoder DECODERS[] = {decode_row, decode_episode, decode_run, decode_mark};

static epi_status decode_copy(decoder decode, const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size) memcpy(copy, data, size);
    epi_status status = decode((epi__view){copy, size});
    free(copy);
    return status;
}

static void every_record_that_is_cut_is_damaged(void **state) {
    (void)state;
    for (size_t d = 0; d < EPI__COUNT(DECODERS); d++) {
        epi__buffer out = {0};
        encode_of(&out, DECODERS[d]);
        assert_int_equal(decode_copy(DECODERS[d], out.data, out.size), EPI_OK);
        for (size_t size = 0; size < out.size; size++)
            if (decode_copy(DECODERS[d], out.data, size) != EPI_EDAMAGED)
                fail_msg("record %zu cut to %zu of %zu bytes was accepted", d, size, out.size);
        epi__buffer_dispose(&out);
    }
}

static void no_bytes_make_a_decoder_read_past_their_end(void **state) {
    (void)state;
    epi__random random = epi__random_seed(3);
    for (int i = 0; i < 20000; i++) {
        epi__buffer out = {0};
        decoder decode = DECODERS[epi__random_below(&random, EPI__COUNT(DECODERS))];
        encode_of(&out, decode);
        uint64_t changes = 1 + epi__random_below(&random, 8);
        for (uint64_t c = 0; c < changes; c++)
            out.data[epi__random_below(&random, out.size)] = (uint8_t)epi__random_next(&random);
        epi_status status = decode_copy(decode, out.data, epi__random_below(&random, out.size + 1));
        assert_true(status == EPI_OK || status == EPI_EDAMAGED);
        epi__buffer_dispose(&out);
    }
}

static void a_value_that_is_cut_has_no_size(void **state) {
    (void)state;
    static const uint8_t bytes[] = {1, 0, 100, 'a', 'b'};
    epi__reader reader = epi__reader_of(bytes, sizeof bytes);
    epi__value value;
    epi__value_decode(&value, &reader);
    assert_true(reader.failed);
    assert_int_equal(value.size, 0);
    assert_null(value.data);
}

static void a_value_of_an_unknown_kind_is_refused(void **state) {
    (void)state;
    static const uint8_t bytes[] = {1, 2, 1, 'a'};
    epi__reader reader = epi__reader_of(bytes, sizeof bytes);
    epi__value value;
    epi__value_decode(&value, &reader);
    assert_true(reader.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back),
        cmocka_unit_test(a_row_comes_back_with_what_stands_behind_it),
        cmocka_unit_test(told_times_come_back_and_impossible_ones_do_not),
        cmocka_unit_test(an_episode_comes_back),
        cmocka_unit_test(a_run_and_a_mark_come_back),
        cmocka_unit_test(every_record_that_is_cut_is_damaged),
        cmocka_unit_test(no_bytes_make_a_decoder_read_past_their_end),
        cmocka_unit_test(a_value_that_is_cut_has_no_size),
        cmocka_unit_test(a_value_of_an_unknown_kind_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
