/* Times: what is read, what is refused, and that writing and reading agree with each other and with libc's calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <episodic/limits.h>
#include <episodic/time.h>

#include "base/base.h"

#define SECOND_US 1000000ll

static void assert_reads(const char *text, const char *from, const char *to, int32_t offset) {
    epi_interval interval;
    char out[EPI_TIME_TEXT_SIZE];
    if (epi_time_parse(&interval, text) != EPI_OK) fail_msg("%s: %s", text, epi_error_last()->message);
    assert_string_equal(epi_time_iso(out, interval.from, 0), from);
    assert_string_equal(epi_time_iso(out, interval.to, 0), to);
    assert_int_equal(interval.utc_offset_min, offset);
}

static void a_time_is_read_in_the_precision_it_is_written_in(void **state) {
    (void)state;
    assert_reads("2023", "2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z", 0);
    assert_reads("2023-05", "2023-05-01T00:00:00Z", "2023-06-01T00:00:00Z", 0);
    assert_reads("2023-12", "2023-12-01T00:00:00Z", "2024-01-01T00:00:00Z", 0);
    assert_reads("2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z", 0);
    assert_reads("2023-05-08", "2023-05-08T00:00:00Z", "2023-05-09T00:00:00Z", 0);
    assert_reads("2023-05-08T13:56", "2023-05-08T13:56:00Z", "2023-05-08T13:56:00Z", 0);
    assert_reads("2023-05-08 13:56:20.5+02:00", "2023-05-08T11:56:20.500000Z", "2023-05-08T11:56:20.500000Z", 120);
    assert_reads("2023-05-08t13:56:20z", "2023-05-08T13:56:20Z", "2023-05-08T13:56:20Z", 0);
    assert_reads("2023-05-08T13:56:20-0330", "2023-05-08T17:26:20Z", "2023-05-08T17:26:20Z", -210);
    assert_reads("2023-12-31T23:59:59-18:00", "2024-01-01T17:59:59Z", "2024-01-01T17:59:59Z", -1080);
    assert_reads("2023-05-08T13:56:20.123456789Z", "2023-05-08T13:56:20.123456Z", "2023-05-08T13:56:20.123456Z", 0);
}

static void the_ends_of_time_can_be_read(void **state) {
    (void)state;
    epi_interval interval;
    assert_int_equal(epi_time_parse(&interval, "0001"), EPI_OK);
    assert_true(interval.from == EPI_TIME_MIN);
    assert_int_equal(epi_time_parse(&interval, "9999-12-31T23:59:59.999999Z"), EPI_OK);
    assert_true(interval.from == EPI_TIME_MAX);
    assert_int_equal(epi_time_parse(&interval, "9999"), EPI_OK);
    assert_true(interval.to == EPI_TIME_MAX);
}

static void leap_days_follow_the_gregorian_rule(void **state) {
    (void)state;
    epi_interval interval;
    assert_int_equal(epi_time_parse(&interval, "2024-02-29"), EPI_OK);
    assert_int_equal(epi_time_parse(&interval, "2000-02-29"), EPI_OK);
    assert_int_equal(epi_time_parse(&interval, "2023-02-29"), EPI_EFORMAT);
    assert_int_equal(epi_time_parse(&interval, "1900-02-29"), EPI_EFORMAT);
    assert_int_equal(epi_time_parse(&interval, "2100-02-29"), EPI_EFORMAT);
}

static void what_is_no_time_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "x",
        "23",
        "202",
        "20234",
        "2023-",
        "2023-5",
        "2023-00",
        "2023-13",
        "2023-05-",
        "2023-05-8",
        "2023-05-00",
        "2023-05-32",
        "2023-04-31",
        "2023-06-31",
        "2023-09-31",
        "2023-11-31",
        "0000-01-01",
        "2023-05-08T",
        "2023-05-08T13",
        "2023-05-08T13:",
        "2023-05-08T24:00",
        "2023-05-08T13:60",
        "2023-05-08T13:56:60",
        "2023-05-08T13:56:20.",
        "2023-05-08T13:56:20.Z",
        "2023-05-08T13:56+",
        "2023-05-08T13:56+2",
        "2023-05-08T13:56+02:60",
        "2023-05-08T13:56+18:01",
        "2023-05-08T13:56Zx",
        "2023-05-08 ",
        " 2023-05-08",
        "2023-05-08Z",
        "2023+02:00",
        "2023/05/08",
        "-2023-05-08",
        "2023-05-08  13:56",
        "0001-01-01T00:00+01:00",
        "9999-12-31T23:00-02:00",
        "last Friday",
    };
    for (size_t i = 0; i < EPI__COUNT(bad); i++) {
        epi_interval interval = {1, 2, 3};
        if (epi_time_parse(&interval, bad[i]) != EPI_EFORMAT) fail_msg("\"%s\" was taken for a time", bad[i]);
        assert_non_null(strstr(epi_error_last()->message, "was not a time"));
        assert_true(interval.from == 0 && interval.to == 0 && interval.utc_offset_min == 0);
    }
}

static void a_missing_argument_is_refused(void **state) {
    (void)state;
    epi_interval interval;
    assert_int_equal(epi_time_parse(NULL, "2023"), EPI_EINVAL);
    assert_int_equal(epi_time_parse(&interval, NULL), EPI_EINVAL);
}

static void a_time_is_written_in_its_offset(void **state) {
    (void)state;
    char out[EPI_TIME_TEXT_SIZE];
    epi_time time = epi_time_from_unix(1794909840);
    assert_string_equal(epi_time_text(out, time, 0), "2026-11-17 10:04");
    assert_string_equal(epi_time_text(out, time, -605), "2026-11-16 23:59");
    assert_string_equal(epi_time_iso(out, time, 0), "2026-11-17T10:04:00Z");
    assert_string_equal(epi_time_iso(out, time + 1, 120), "2026-11-17T12:04:00.000001+02:00");
    assert_string_equal(epi_time_iso(out, time, -210), "2026-11-17T06:34:00-03:30");
    assert_string_equal(epi_time_iso(out, -1, 0), "1969-12-31T23:59:59.999999Z");
    assert_string_equal(epi_time_text(out, EPI_TIME_NONE, 0), "no date");
    assert_string_equal(epi_time_iso(out, EPI_TIME_NONE, 0), "");
}

static void an_offset_that_leaves_the_calendar_is_written_as_utc(void **state) {
    (void)state;
    char out[EPI_TIME_TEXT_SIZE];
    assert_string_equal(epi_time_iso(out, EPI_TIME_MAX, 60), "9999-12-31T23:59:59.999999Z");
    assert_string_equal(epi_time_iso(out, EPI_TIME_MIN, -60), "0001-01-01T00:00:00Z");
    assert_string_equal(epi_time_iso(out, 0, 100000), "1970-01-01T00:00:00Z");
    assert_string_equal(epi_time_iso(out, INT64_MAX, 0), "9999-12-31T23:59:59.999999Z");
}

static void every_day_from_1600_to_2400_agrees_with_libc(void **state) {
    (void)state;
    for (int64_t day = -135140; day < 157054; day++) {
        time_t seconds = (time_t)(day * 86400 + 3661);
        struct tm tm;
        char want[64];
        char got[EPI_TIME_TEXT_SIZE];
        gmtime_r(&seconds, &tm);
        strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm);
        assert_string_equal(epi_time_iso(got, epi_time_from_unix(seconds), 0), want);
    }
}

static void what_is_written_reads_back_the_same(void **state) {
    (void)state;
    epi__random random = epi__random_seed(1);
    for (int i = 0; i < 100000; i++) {
        epi_time time = EPI_TIME_MIN +
                        (epi_time)epi__random_below(&random, (uint64_t)(EPI_TIME_MAX - EPI_TIME_MIN) + 1);
        int32_t offset = (int32_t)epi__random_below(&random, 2161) - 1080;
        char out[EPI_TIME_TEXT_SIZE];
        epi_interval interval;
        assert_int_equal(epi_time_parse(&interval, epi_time_iso(out, time, offset)), EPI_OK);
        assert_true(interval.from == time && interval.to == time);
    }
}

static void now_is_after_this_was_written(void **state) {
    (void)state;
    assert_true(epi_time_now() > epi_time_from_unix(1760000000));
    assert_true(epi_time_now() / SECOND_US - (int64_t)time(NULL) <= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_is_read_in_the_precision_it_is_written_in),
        cmocka_unit_test(the_ends_of_time_can_be_read),
        cmocka_unit_test(leap_days_follow_the_gregorian_rule),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(a_missing_argument_is_refused),
        cmocka_unit_test(a_time_is_written_in_its_offset),
        cmocka_unit_test(an_offset_that_leaves_the_calendar_is_written_as_utc),
        cmocka_unit_test(every_day_from_1600_to_2400_agrees_with_libc),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(now_is_after_this_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
