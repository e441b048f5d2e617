/* Expressions of time: what is found in a text, what it means, and what is left alone. An expectation is written as
 * "expression = from to precision", from inside, to outside, in the local time of the text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <episodic/limits.h>
#include <episodic/time.h>

#include "text/dates.h"

typedef struct example {
    const char *text;
    const char *expected; /* of the first mention; "" for none */
} example;

/* ---- checking ---------------------------------------------------------------------------------------------------- */

static void write_time(epi__buffer *line, epi_time time, int32_t offset) {
    char text[EPI_TIME_TEXT_SIZE];
    epi_time_text(text, time, offset);
    if (strcmp(text + 10, " 00:00") == 0) text[10] = '\0';
    epi__buffer_append_format(line, " %s", text);
}

static void write_mention(epi__buffer *line, const epi_time_mention *mention, const char *text) {
    static const char *const names[] = {"?",    "minute", "hour",   "part", "day",   "weekend",
                                        "week", "month",  "season", "year", "decade"};
    epi__buffer_append(line, text + mention->from, mention->to - mention->from);
    epi__buffer_append_text(line, " =");
    write_time(line, mention->interval.from, mention->interval.utc_offset_min);
    write_time(line, mention->interval.to, mention->interval.utc_offset_min);
    epi__buffer_append_format(line, " %s", names[mention->precision]);
}

static size_t find(epi_time_mention mentions[EPI_TIME_MENTION_COUNT_MAX], const char *text, const char *now,
                   int32_t offset) {
    epi_interval at;
    size_t count = 0;
    assert_int_equal(epi_time_parse(&at, now), EPI_OK);
    epi_status status = epi_time_find(mentions, &count, EPI_TIME_MENTION_COUNT_MAX, text, strlen(text), at.from,
                                      offset);
    assert_int_equal(status, EPI_OK);
    assert_true(count <= EPI_TIME_MENTION_COUNT_MAX);
    return count;
}

/* All mentions, "; " between. */
static void assert_found(const char *text, const char *now, int32_t offset, const char *expected) {
    epi_time_mention mentions[EPI_TIME_MENTION_COUNT_MAX];
    size_t count = find(mentions, text, now, offset);
    epi__buffer line = {0};
    for (size_t i = 0; i < count; i++) {
        if (i > 0) epi__buffer_append_text(&line, "; ");
        write_mention(&line, &mentions[i], text);
    }
    if (strcmp(epi__buffer_text(&line), expected) != 0)
        fail_msg("\"%s\" at %s: found \"%s\", not \"%s\"", text, now, epi__buffer_text(&line), expected);
    epi__buffer_dispose(&line);
}

static void assert_examples(const example *examples, size_t count, const char *now) {
    for (size_t i = 0; i < count; i++) assert_found(examples[i].text, now, 0, examples[i].expected);
}

#define ASSERT_EXAMPLES(examples, now) assert_examples(examples, EPI__COUNT(examples), now)

/* A Wednesday, the day before a leap day; its week began on the 26th. */
#define NOW "2024-02-28T15:00:00Z"

/* ---- what is found ----------------------------------------------------------------------------------------------- */

static void days_are_counted_from_the_day_of_the_text(void **state) {
    (void)state;
    static const example examples[] = {
        {"I saw her yesterday.", "yesterday = 2024-02-27 2024-02-28 day"},
        {"Yesterday, we met", "Yesterday = 2024-02-27 2024-02-28 day"},
        {"yesterday's game", "yesterday = 2024-02-27 2024-02-28 day"},
        {"Today was fine", "Today = 2024-02-28 2024-02-29 day"},
        {"see you tomorrow", "tomorrow = 2024-02-29 2024-03-01 day"},
        {"the day after tomorrow", "the day after tomorrow = 2024-03-01 2024-03-02 day"},
        {"the day before yesterday", "the day before yesterday = 2024-02-26 2024-02-27 day"},
        {"earlier today", "earlier today = 2024-02-28 2024-02-29 day"},
        {"We leave tonight", "tonight = 2024-02-28 18:00 2024-02-29 06:00 part"},
        {"last night was great", "last night = 2024-02-27 18:00 2024-02-28 06:00 part"},
        {"the night before last", "the night before last = 2024-02-26 18:00 2024-02-27 06:00 part"},
        {"this morning", "this morning = 2024-02-28 05:00 2024-02-28 12:00 part"},
        {"early this morning", "early this morning = 2024-02-28 05:00 2024-02-28 12:00 part"},
        {"this evening", "this evening = 2024-02-28 17:00 2024-02-29 part"},
        {"yesterday afternoon", "yesterday afternoon = 2024-02-27 12:00 2024-02-27 18:00 part"},
        {"tomorrow night", "tomorrow night = 2024-02-29 18:00 2024-03-01 06:00 part"},
        {"the other day", "the other day = 2024-02-21 2024-02-28 day"},
        {"I moved recently", "recently = 2024-02-21 2024-02-28 week"},
    };
    ASSERT_EXAMPLES(examples, NOW);
}

static void units_ago_and_ahead_are_counted(void **state) {
    (void)state;
    static const example examples[] = {
        {"two days ago", "two days ago = 2024-02-26 2024-02-27 day"},
        {"28 days ago", "28 days ago = 2024-01-31 2024-02-01 day"},
        {"a day ago", "a day ago = 2024-02-27 2024-02-28 day"},
        {"a few days ago", "a few days ago = 2024-02-23 2024-02-27 day"},
        {"a couple of days ago", "a couple of days ago = 2024-02-26 2024-02-27 day"},
        {"a week ago", "a week ago = 2024-02-18 2024-02-25 week"},
        {"two weeks ago", "two weeks ago = 2024-02-11 2024-02-18 week"},
        {"a couple weeks ago", "a couple weeks ago = 2024-02-11 2024-02-18 week"},
        {"two or three weeks ago", "two or three weeks ago = 2024-02-04 2024-02-18 week"},
        {"a week or two ago", "a week or two ago = 2024-02-11 2024-02-25 week"},
        {"a month or so ago", "a month or so ago = 2024-01-01 2024-02-01 month"},
        {"three months ago", "three months ago = 2023-11-01 2023-12-01 month"},
        {"2 months back", "2 months back = 2023-12-01 2024-01-01 month"},
        {"a year ago", "a year ago = 2023-01-01 2024-01-01 year"},
        {"ten years ago", "ten years ago = 2014-01-01 2015-01-01 year"},
        {"10 years ago", "10 years ago = 2014-01-01 2015-01-01 year"},
        {"twenty-five years ago", "twenty-five years ago = 1999-01-01 2000-01-01 year"},
        {"twenty years ago", "twenty years ago = 2004-01-01 2005-01-01 year"},
        {"two and a half years ago", "two and a half years ago = 2022-01-01 2023-01-01 year"},
        {"a few years ago", "a few years ago = 2019-01-01 2023-01-01 year"},
        {"several years ago", "several years ago = 2017-01-01 2022-01-01 year"},
        {"two decades ago", "two decades ago = 1999-01-01 2009-01-01 decade"},
        {"two weekends ago", "two weekends ago = 2024-02-17 2024-02-19 weekend"},
        {"three hours ago", "three hours ago = 2024-02-28 12:00 2024-02-28 13:00 hour"},
        {"16 hours ago", "16 hours ago = 2024-02-27 23:00 2024-02-28 hour"},
        {"ten minutes ago", "ten minutes ago = 2024-02-28 14:50 2024-02-28 14:51 minute"},
        {"in two days", "in two days = 2024-03-01 2024-03-02 day"},
        {"in two weeks", "in two weeks = 2024-03-10 2024-03-17 week"},
        {"In a month", "In a month = 2024-03-01 2024-04-01 month"},
        {"in a few days", "in a few days = 2024-03-01 2024-03-05 day"},
        {"three weeks from now", "three weeks from now = 2024-03-17 2024-03-24 week"},
        {"We finish in 2 hours", "in 2 hours = 2024-02-28 17:00 2024-02-28 18:00 hour"},
    };
    ASSERT_EXAMPLES(examples, NOW);
}

static void weeks_begin_on_monday(void **state) {
    (void)state;
    static const example examples[] = {
        {"last week", "last week = 2024-02-19 2024-02-26 week"},
        {"this week", "this week = 2024-02-26 2024-03-04 week"},
        {"next week", "next week = 2024-03-04 2024-03-11 week"},
        {"the week before last", "the week before last = 2024-02-12 2024-02-19 week"},
        {"the week after next", "the week after next = 2024-03-11 2024-03-18 week"},
        {"earlier this week", "earlier this week = 2024-02-26 2024-02-29 week"},
        {"later this week", "later this week = 2024-02-28 2024-03-04 week"},
        {"early next week", "early next week = 2024-03-04 2024-03-06 week"},
        {"the end of this week", "the end of this week = 2024-03-01 2024-03-04 week"},
        {"this past week", "this past week = 2024-02-21 2024-02-28 week"},
        {"last weekend", "last weekend = 2024-02-24 2024-02-26 weekend"},
        {"this weekend", "this weekend = 2024-03-02 2024-03-04 weekend"},
        {"We hiked this weekend", "this weekend = 2024-02-24 2024-02-26 weekend"},
        {"this past weekend", "this past weekend = 2024-02-24 2024-02-26 weekend"},
        {"this coming weekend", "this coming weekend = 2024-03-02 2024-03-04 weekend"},
        {"We hiked over the weekend", "over the weekend = 2024-02-24 2024-02-26 weekend"},
        {"We will hike over the weekend", "over the weekend = 2024-03-02 2024-03-04 weekend"},
    };
    ASSERT_EXAMPLES(examples, NOW);
    assert_found("last week", "2024-03-04T00:00:00Z", 0, "last week = 2024-02-26 2024-03-04 week"); /* Monday */
    assert_found("last week", "2024-03-03T23:59:59Z", 0, "last week = 2024-02-19 2024-02-26 week"); /* Sunday */
    assert_found("this week", "2024-12-31T12:00:00Z", 0, "this week = 2024-12-30 2025-01-06 week");
    assert_found("last weekend", "2024-03-03T12:00:00Z", 0, "last weekend = 2024-02-24 2024-02-26 weekend");
    assert_found("We met over the weekend", "2024-03-03T12:00:00Z", 0,
                 "over the weekend = 2024-03-02 2024-03-04 weekend");
}

static void months_and_years_are_whole_ones(void **state) {
    (void)state;
    static const example examples[] = {
        {"last month", "last month = 2024-01-01 2024-02-01 month"},
        {"this month", "this month = 2024-02-01 2024-03-01 month"},
        {"next month", "next month = 2024-03-01 2024-04-01 month"},
        {"earlier this month", "earlier this month = 2024-02-01 2024-02-29 month"},
        {"later this year", "later this year = 2024-02-28 2025-01-01 year"},
        {"at the end of the month", "the end of the month = 2024-02-21 2024-03-01 month"},
        {"the beginning of next month", "the beginning of next month = 2024-03-01 2024-03-11 month"},
        {"last year", "last year = 2023-01-01 2024-01-01 year"},
        {"this year", "this year = 2024-01-01 2025-01-01 year"},
        {"next year", "next year = 2025-01-01 2026-01-01 year"},
        {"early last year", "early last year = 2023-01-01 2023-05-01 month"},
        {"the past month", "the past month = 2024-01-28 2024-02-28 month"},
        {"the past year", "the past year = 2023-02-28 2024-02-28 year"},
        {"in 2022", "in 2022 = 2022-01-01 2023-01-01 year"},
        {"In 2024 we", "In 2024 = 2024-01-01 2025-01-01 year"},
        {"back in 2019.", "in 2019 = 2019-01-01 2020-01-01 year"},
        {"since 2016", "since 2016 = 2016-01-01 2017-01-01 year"},
        {"in late 2022", "in late 2022 = 2022-09-01 2023-01-01 month"},
        {"by the end of 2025", "the end of 2025 = 2025-09-01 2026-01-01 month"},
        {"the year 2000", "the year 2000 = 2000-01-01 2001-01-01 year"},
        {"in the 1990s", "in the 1990s = 1990-01-01 2000-01-01 decade"},
        {"in the 90s", "in the 90s = 1990-01-01 2000-01-01 decade"},
        {"the 2000s", "the 2000s = 2000-01-01 2010-01-01 decade"},
        {"last decade", "last decade = 2010-01-01 2020-01-01 decade"},
    };
    ASSERT_EXAMPLES(examples, NOW);
    assert_found("last month", "2024-03-31T12:00:00Z", 0, "last month = 2024-02-01 2024-03-01 month");
    assert_found("last month", "2024-01-01T12:00:00Z", 0, "last month = 2023-12-01 2024-01-01 month");
    assert_found("next month", "2023-12-31T12:00:00Z", 0, "next month = 2024-01-01 2024-02-01 month");
    assert_found("three months ago", "2024-05-31T12:00:00Z", 0, "three months ago = 2024-02-01 2024-03-01 month");
}

static void weekdays_take_the_side_that_the_verbs_tell(void **state) {
    (void)state;
    static const example examples[] = {
        {"last Friday", "last Friday = 2024-02-23 2024-02-24 day"},
        {"last Wednesday", "last Wednesday = 2024-02-21 2024-02-22 day"},
        {"last Tues.", "last Tues = 2024-02-27 2024-02-28 day"},
        {"Last Fri I went", "Last Fri = 2024-02-23 2024-02-24 day"},
        {"last Sun", "last Sun = 2024-02-25 2024-02-26 day"},
        {"this past Saturday", "this past Saturday = 2024-02-24 2024-02-25 day"},
        {"next Friday", "next Friday = 2024-03-08 2024-03-09 day"},
        {"next Monday", "next Monday = 2024-03-04 2024-03-05 day"},
        {"this Friday", "this Friday = 2024-03-01 2024-03-02 day"},
        {"We met this Monday", "this Monday = 2024-02-26 2024-02-27 day"},
        {"this coming Friday", "this coming Friday = 2024-03-01 2024-03-02 day"},
        {"On Friday we ate", "On Friday = 2024-02-23 2024-02-24 day"},
        {"on Friday", "on Friday = 2024-02-23 2024-02-24 day"},
        {"I'll see you on Friday", "on Friday = 2024-03-01 2024-03-02 day"},
        {"We are going to the beach Saturday", "Saturday = 2024-03-02 2024-03-03 day"},
        {"It will rain. We met on Friday.", "on Friday = 2024-02-23 2024-02-24 day"},
        {"on Wednesday", "on Wednesday = 2024-02-21 2024-02-22 day"},
        {"We will meet on Wednesday", "on Wednesday = 2024-03-06 2024-03-07 day"},
        {"Friday last week", "Friday last week = 2024-02-23 2024-02-24 day"},
        {"on Monday of next week", "on Monday of next week = 2024-03-04 2024-03-05 day"},
        {"next week on Tuesday", "next week on Tuesday = 2024-03-05 2024-03-06 day"},
        {"two Fridays ago", "two Fridays ago = 2024-02-16 2024-02-17 day"},
        {"Monday morning", "Monday morning = 2024-02-26 05:00 2024-02-26 12:00 part"},
        {"last Friday in the evening", "last Friday in the evening = 2024-02-23 17:00 2024-02-24 part"},
    };
    ASSERT_EXAMPLES(examples, NOW);
    assert_found("last Friday", "2026-11-17T10:04:00Z", 0, "last Friday = 2026-11-13 2026-11-14 day");
    assert_found("last Sunday", "2024-01-01T10:00:00Z", 0, "last Sunday = 2023-12-31 2024-01-01 day");
}

static void dates_are_read_in_the_forms_people_write(void **state) {
    (void)state;
    static const example examples[] = {
        {"on May 7, 2023", "on May 7, 2023 = 2023-05-07 2023-05-08 day"},
        {"May 7 2023", "May 7 2023 = 2023-05-07 2023-05-08 day"},
        {"7 May 2023", "7 May 2023 = 2023-05-07 2023-05-08 day"},
        {"7 May, 2023", "7 May, 2023 = 2023-05-07 2023-05-08 day"},
        {"March 7,2023", "March 7,2023 = 2023-03-07 2023-03-08 day"},
        {"the 7th of May 2023", "the 7th of May 2023 = 2023-05-07 2023-05-08 day"},
        {"7th of may 2023", "7th of may 2023 = 2023-05-07 2023-05-08 day"},
        {"Sunday, May 7th, 2023", "Sunday, May 7th, 2023 = 2023-05-07 2023-05-08 day"},
        {"on Sunday the 7th of May, 2023", "on Sunday the 7th of May, 2023 = 2023-05-07 2023-05-08 day"},
        {"Sept. 5, 2022", "Sept. 5, 2022 = 2022-09-05 2022-09-06 day"},
        {"5 Jan 2024", "5 Jan 2024 = 2024-01-05 2024-01-06 day"},
        {"February 29", "February 29 = 2024-02-29 2024-03-01 day"},
        {"Feb 29, 2020", "Feb 29, 2020 = 2020-02-29 2020-03-01 day"},
        {"January 5", "January 5 = 2024-01-05 2024-01-06 day"},
        {"December 24", "December 24 = 2023-12-24 2023-12-25 day"},
        {"We will meet on December 24", "on December 24 = 2024-12-24 2024-12-25 day"},
        {"We met on April 2", "on April 2 = 2023-04-02 2023-04-03 day"},
        {"May the 4th", "May the 4th = 2024-05-04 2024-05-05 day"},
        {"the first of May", "the first of May = 2024-05-01 2024-05-02 day"},
        {"May 7 last year", "May 7 last year = 2023-05-07 2023-05-08 day"},
        {"on the 4th of July", "on the 4th of July = 2024-07-04 2024-07-05 day"},
        {"on the 5th", "on the 5th = 2024-02-05 2024-02-06 day"},
        {"On the 5th we went home", "On the 5th = 2024-02-05 2024-02-06 day"},
        {"It will open on the 5th.", "on the 5th = 2024-03-05 2024-03-06 day"},
        {"the 3rd of last month", "the 3rd of last month = 2024-01-03 2024-01-04 day"},
        {"2023-05-07", "2023-05-07 = 2023-05-07 2023-05-08 day"},
        {"(2024-02-29)", "2024-02-29 = 2024-02-29 2024-03-01 day"},
        {"2023/05/07", "2023/05/07 = 2023-05-07 2023-05-08 day"},
        {"2023-05-07T10:30Z", "2023-05-07T10:30Z = 2023-05-07 10:30 2023-05-07 10:31 minute"},
        {"2023-05-07T10:30:15+02:00", "2023-05-07T10:30:15+02:00 = 2023-05-07 08:30 2023-05-07 08:31 minute"},
        {"05/07/2023", "05/07/2023 = 2023-07-05 2023-07-06 day"},
        {"5/13/2023", "5/13/2023 = 2023-05-13 2023-05-14 day"},
        {"13/5/2023", "13/5/2023 = 2023-05-13 2023-05-14 day"},
        {"7.5.2023", "7.5.2023 = 2023-05-07 2023-05-08 day"},
        {"25/12/23", "25/12/23 = 2023-12-25 2023-12-26 day"},
    };
    ASSERT_EXAMPLES(examples, NOW);
    assert_found("on the 31st we left", "2024-03-05T12:00:00Z", 0, "on the 31st = 2024-01-31 2024-02-01 day");
    assert_found("on February 29", "2023-03-01T12:00:00Z", 0, "on February 29 = 2024-02-29 2024-03-01 day");
    assert_found("We met on February 29", "2023-03-01T12:00:00Z", 0, "on February 29 = 2020-02-29 2020-03-01 day");
}

static void months_and_seasons_find_their_year(void **state) {
    (void)state;
    static const example examples[] = {
        {"in May", "in May = 2024-05-01 2024-06-01 month"},
        {"We moved back in March", "in March = 2023-03-01 2023-04-01 month"},
        {"in January", "in January = 2024-01-01 2024-02-01 month"},
        {"in may 2022", "in may 2022 = 2022-05-01 2022-06-01 month"},
        {"May 2023", "May 2023 = 2023-05-01 2023-06-01 month"},
        {"February of 2024", "February of 2024 = 2024-02-01 2024-03-01 month"},
        {"in June last year", "in June last year = 2023-06-01 2023-07-01 month"},
        {"last December", "last December = 2023-12-01 2024-01-01 month"},
        {"last February", "last February = 2023-02-01 2023-03-01 month"},
        {"last march", "last march = 2023-03-01 2023-04-01 month"},
        {"next January", "next January = 2025-01-01 2025-02-01 month"},
        {"this June", "this June = 2024-06-01 2024-07-01 month"},
        {"September was hard", "September = 2023-09-01 2023-10-01 month"},
        {"mid-June", "mid-June = 2024-06-11 2024-06-21 month"},
        {"early March 2023", "early March 2023 = 2023-03-01 2023-03-11 month"},
        {"in late February 2023", "in late February 2023 = 2023-02-21 2023-03-01 month"},
        {"30 February 2023", "February 2023 = 2023-02-01 2023-03-01 month"},
        {"the end of January", "the end of January = 2024-01-21 2024-02-01 month"},
        {"since April", "since April = 2024-04-01 2024-05-01 month"},
        {"the first weekend of August 2023", "the first weekend of August 2023 = 2023-08-05 2023-08-07 weekend"},
        {"the last Friday in May 2023", "the last Friday in May 2023 = 2023-05-26 2023-05-27 day"},
        {"the second Sunday of May 2023", "the second Sunday of May 2023 = 2023-05-14 2023-05-15 day"},
        {"the last week of May 2023", "the last week of May 2023 = 2023-05-25 2023-06-01 week"},
        {"last summer", "last summer = 2023-06-01 2023-09-01 season"},
        {"this summer", "this summer = 2024-06-01 2024-09-01 season"},
        {"next summer", "next summer = 2024-06-01 2024-09-01 season"},
        {"last winter", "last winter = 2022-12-01 2023-03-01 season"},
        {"this winter", "this winter = 2023-12-01 2024-03-01 season"},
        {"this past fall", "this past fall = 2023-09-01 2023-12-01 season"},
        {"the summer of 2022", "the summer of 2022 = 2022-06-01 2022-09-01 season"},
        {"in fall 2021", "in fall 2021 = 2021-09-01 2021-12-01 season"},
        {"in the winter of 2023", "in the winter of 2023 = 2023-12-01 2024-03-01 season"},
        {"We met in the spring", "in the spring = 2023-03-01 2023-06-01 season"},
        {"over the summer of last year", "over the summer of last year = 2023-06-01 2023-09-01 season"},
    };
    ASSERT_EXAMPLES(examples, NOW);
    assert_found("last summer", "2023-09-10T12:00:00Z", 0, "last summer = 2023-06-01 2023-09-01 season");
    assert_found("last June", "2023-06-10T12:00:00Z", 0, "last June = 2022-06-01 2022-07-01 month");
}

static void a_clock_time_narrows_its_day(void **state) {
    (void)state;
    static const example examples[] = {
        {"tomorrow at 5pm", "tomorrow at 5pm = 2024-02-29 17:00 2024-02-29 17:01 minute"},
        {"yesterday at 10:30", "yesterday at 10:30 = 2024-02-27 10:30 2024-02-27 10:31 minute"},
        {"yesterday at around 3 pm", "yesterday at around 3 pm = 2024-02-27 15:00 2024-02-27 15:01 minute"},
        {"at 5 p.m. on Friday", "at 5 p.m. on Friday = 2024-02-23 17:00 2024-02-23 17:01 minute"},
        {"on Friday at 10:30 a.m.", "on Friday at 10:30 a.m. = 2024-02-23 10:30 2024-02-23 10:31 minute"},
        {"at 5pm on Friday", "at 5pm on Friday = 2024-02-23 17:00 2024-02-23 17:01 minute"},
        {"10:15am yesterday", "10:15am yesterday = 2024-02-27 10:15 2024-02-27 10:16 minute"},
        {"May 7, 2023, 12:05 am", "May 7, 2023, 12:05 am = 2023-05-07 00:05 2023-05-07 00:06 minute"},
        {"last Friday at 12pm", "last Friday at 12pm = 2024-02-23 12:00 2024-02-23 12:01 minute"},
        {"last week at 5pm", "last week = 2024-02-19 2024-02-26 week"},
    };
    ASSERT_EXAMPLES(examples, NOW);
}

static void what_was_said_before_anchors_the_day_beside_it(void **state) {
    (void)state;
    assert_found("We met on May 7, 2023. The next day we left.", NOW, 0,
                 "on May 7, 2023 = 2023-05-07 2023-05-08 day; The next day = 2023-05-08 2023-05-09 day");
    assert_found("Last Friday I ran; I had slept badly the night before.", NOW, 0,
                 "Last Friday = 2024-02-23 2024-02-24 day; the night before = 2024-02-22 18:00 2024-02-23 06:00 part");
    assert_found("I was ill the week before.", NOW, 0, "the week before = 2024-02-19 2024-02-26 week");
    assert_found("The next day we left.", NOW, 0, "");
}

static void what_says_when_comes_before_bounds_and_vague_words(void **state) {
    (void)state;
    assert_found("Recently, since 2016, we met in 2022, and yesterday", NOW, 0,
                 "in 2022 = 2022-01-01 2023-01-01 year; yesterday = 2024-02-27 2024-02-28 day; "
                 "since 2016 = 2016-01-01 2017-01-01 year; Recently = 2024-02-21 2024-02-28 week");
    assert_found("until Friday, since last week", NOW, 0,
                 "Friday = 2024-02-23 2024-02-24 day; last week = 2024-02-19 2024-02-26 week");
}

static void days_begin_at_midnight_where_it_was_said(void **state) {
    (void)state;
    epi_time_mention mentions[EPI_TIME_MENTION_COUNT_MAX];
    char text[EPI_TIME_TEXT_SIZE];
    assert_found("yesterday", "2024-03-01T02:00:00Z", -300, "yesterday = 2024-02-28 2024-02-29 day");
    assert_found("yesterday", "2024-02-28T23:00:00Z", 330, "yesterday = 2024-02-28 2024-02-29 day");
    assert_found("last week", "2024-03-03T23:30:00Z", 60, "last week = 2024-02-26 2024-03-04 week");
    assert_found("2023-05-07T10:30Z", NOW, 120, "2023-05-07T10:30Z = 2023-05-07 12:30 2023-05-07 12:31 minute");
    assert_found("2023-05-07T10:30", NOW, 120, "2023-05-07T10:30 = 2023-05-07 10:30 2023-05-07 10:31 minute");
    assert_int_equal(find(mentions, "in 2022", NOW, 120), 1);
    assert_string_equal(epi_time_iso(text, mentions[0].interval.from, 0), "2021-12-31T22:00:00Z");
    assert_int_equal(mentions[0].interval.utc_offset_min, 120);
}

static void another_language_can_write_the_month_first(void **state) {
    (void)state;
    epi_time_mention mention;
    size_t count = 0;
    char text[EPI_TIME_TEXT_SIZE];
    epi__date_language american = epi__date_english;
    american.month_first = true;
    assert_int_equal(epi__date_find(&mention, &count, 1, &american, "05/07/2023", 10, 0, 0), EPI_OK);
    assert_string_equal(epi_time_text(text, mention.interval.from, 0), "2023-05-07 00:00");
    assert_int_equal(epi__date_find(&mention, &count, 1, &american, "13/07/2023", 10, 0, 0), EPI_OK);
    assert_string_equal(epi_time_text(text, mention.interval.from, 0), "2023-07-13 00:00");
}

/* ---- what is left alone ------------------------------------------------------------------------------------------ */

static void assert_nothing(const char *const *texts, size_t count) {
    for (size_t i = 0; i < count; i++) assert_found(texts[i], NOW, 0, "");
}

static void words_with_another_sense_are_left_alone(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "Nothing happened.",
        "I may go",
        "may 5 people come in?",
        "You may be right",
        "the end may justify it",
        "soldiers march",
        "We march on",
        "the march of 5 people",
        "April and May came to dinner",
        "I sat in the sun",
        "the last sun of the year",
        "Wait a second",
        "the second time",
        "in a second",
        "last minute",
        "the last day",
        "last time we spoke",
        "next time",
        "for two years now",
        "for ten days",
        "It took two weeks",
        "We finished in two weeks",
        "We built it in 3 days",
        "when I was ten",
        "She is ten years old",
        "a two-year-old",
        "ten years",
        "a while ago",
        "long ago",
        "once a week",
        "twice a year",
    };
    assert_nothing(texts, EPI__COUNT(texts));
}

static void what_names_no_day_is_left_alone(void **state) {
    (void)state;
    static const char *const texts[] = {
        "every Friday",
        "each Monday",
        "on Fridays",
        "Sundays are slow",
        "Black Friday",
        "version 1.2.3",
        "v2023",
        "call 555-0123",
        "call 555-2023-1999",
        "+1 (555) 010-2023",
        "it costs $2023",
        "in $2022",
        "2023 people came",
        "in 20,222 cases",
        "in 2022km",
        "in 2022% of",
        "at 5pm",
        "10:30",
        "1/2 cup",
        "24/7",
        "32/13/2023",
        "2023-02-29",
        "many years ago",
        "2.5 years ago",
        "2023-13-01",
        "on the 5th floor",
        "the 5th grade",
        "on the 32nd",
        "the week before the wedding",
        "the day after we left",
        "We fall down",
        "the spring in his step",
        "in the 20s",
        "in the 1800s",
        "https://example.com/2023/05/07/friday",
        "me@friday.com",
        "#yesterday",
        "good morning",
        "all day long",
        "the past tense",
        "the other man",
        "the week",
        "99999 years ago",
        "9999 years ago",
    };
    assert_nothing(texts, EPI__COUNT(texts));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_counted_from_the_day_of_the_text),
        cmocka_unit_test(units_ago_and_ahead_are_counted),
        cmocka_unit_test(weeks_begin_on_monday),
        cmocka_unit_test(months_and_years_are_whole_ones),
        cmocka_unit_test(weekdays_take_the_side_that_the_verbs_tell),
        cmocka_unit_test(dates_are_read_in_the_forms_people_write),
        cmocka_unit_test(months_and_seasons_find_their_year),
        cmocka_unit_test(a_clock_time_narrows_its_day),
        cmocka_unit_test(what_was_said_before_anchors_the_day_beside_it),
        cmocka_unit_test(what_says_when_comes_before_bounds_and_vague_words),
        cmocka_unit_test(days_begin_at_midnight_where_it_was_said),
        cmocka_unit_test(another_language_can_write_the_month_first),
        cmocka_unit_test(words_with_another_sense_are_left_alone),
        cmocka_unit_test(what_names_no_day_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
