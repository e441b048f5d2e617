/* time.c - points and intervals of time: reading ISO 8601, writing it back.
 *
 * Idea: a text is read in the precision it is written in ("2023-05" is the whole of May), so reading yields an
 * interval. Days are counted in the proleptic Gregorian calendar with years that begin in March: the leap day is then
 * a year's last day, and month lengths follow one linear formula. No libc calendar, no locale, no time zone data.
 * Invariant: what is read is refused or exact; every time from EPI_TIME_MIN to EPI_TIME_MAX writes and reads back the
 * same.
 * Source: ISO 8601 (a strict part of it) and RFC 3339, section 5.6, without leap seconds.
 */
#include <episodic/time.h>

#include "base.h"

#define SECOND_US 1000000
#define MINUTE_US EPI__MINUTE_US
#define HOUR_US EPI__HOUR_US
#define DAY_US EPI__DAY_US

static const epi_time second_us = SECOND_US;

/* ---- the calendar ---------------------------------------------------------------------------------------------- */

static bool is_leap(int64_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t epi__days_of_month(int64_t year, int32_t month) {
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

int64_t epi__divide_down(int64_t value, int64_t by) {
    return value / by - (value % by < 0);
}

/* Days before 1 March of a year of the calendar that begins in March. */
static int64_t days_before_march(int64_t year) {
    return 365 * year + epi__divide_down(year, 4) - epi__divide_down(year, 100) + epi__divide_down(year, 400);
}

/* Days before a month, counted from March (0 to 11): the lengths 31 30 31 30 31 repeat every five months. */
static int64_t days_before_month(int64_t month_from_march) {
    return (153 * month_from_march + 2) / 5;
}

int64_t epi__days_from_date(epi__date d) {
    const int64_t march_epoch = 719468; /* days_before_march(0) to 1970-01-01 */
    int64_t year = d.month > 2 ? d.year : d.year - 1;
    int64_t month = (d.month + 9) % 12;
    return days_before_march(year) + days_before_month(month) + d.day - 1 - march_epoch;
}

epi__date epi__date_from_days(int64_t days) {
    int64_t since = days + 719468;
    int64_t year = epi__divide_down(since * 400, 146097); /* at most one too high: 146,097 days in 400 years */
    while (days_before_march(year) > since) year--;
    while (days_before_march(year + 1) <= since) year++;
    int64_t day = since - days_before_march(year);
    int64_t month = (5 * day + 2) / 153;
    epi__date d = {month >= 10 ? year + 1 : year, (int32_t)(month >= 10 ? month - 9 : month + 3),
                   (int32_t)(day - days_before_month(month)) + 1};
    return d;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* A cursor over the text; `error` is set by the first thing that is wrong. */
typedef struct scan {
    const char *next;
    const char *error;
} scan;

/* Exactly `digits` digits. */
static int32_t scan_number(scan *s, int digits, const char *error) {
    int32_t value = 0;
    for (int i = 0; i < digits; i++) {
        if (*s->next < '0' || *s->next > '9') {
            if (s->error == NULL) s->error = error;
            return 0;
        }
        value = value * 10 + (*s->next++ - '0');
    }
    return value;
}

static bool scan_char(scan *s, char wanted) {
    if (s->error != NULL || *s->next != wanted) return false;
    s->next++;
    return true;
}

static void scan_check(scan *s, bool good, const char *error) {
    if (s->error == NULL && !good) s->error = error;
}

/* Year, month, day as far as they are there; returns how many. */
static int scan_date(scan *s, epi__date *d) {
    *d = (epi__date){scan_number(s, 4, "the year needs four digits"), 1, 1};
    scan_check(s, d->year >= 1, "the year 0000 does not exist");
    if (!scan_char(s, '-')) return 1;
    d->month = scan_number(s, 2, "the month needs two digits");
    scan_check(s, d->month >= 1 && d->month <= 12, "the month is not 01 to 12");
    if (!scan_char(s, '-')) return 2;
    d->day = scan_number(s, 2, "the day needs two digits");
    scan_check(s, s->error != NULL || (d->day >= 1 && d->day <= epi__days_of_month(d->year, d->month)),
               "the month has no such day");
    return 3;
}

/* Digits after the point, as microseconds; what is finer is cut off. */
static epi_time scan_fraction(scan *s) {
    epi_time value = 0;
    epi_time unit = second_us / 10;
    scan_check(s, *s->next >= '0' && *s->next <= '9', "the fraction needs a digit");
    for (; s->error == NULL && *s->next >= '0' && *s->next <= '9'; s->next++, unit /= 10) {
        value += (*s->next - '0') * unit;
    }
    return value;
}

/* Microseconds since midnight. */
static epi_time scan_clock(scan *s) {
    int32_t hour = scan_number(s, 2, "the hour needs two digits");
    scan_check(s, hour <= 23, "the hour is not 00 to 23");
    scan_check(s, scan_char(s, ':'), "minutes are missing");
    int32_t minute = scan_number(s, 2, "the minute needs two digits");
    scan_check(s, minute <= 59, "the minute is not 00 to 59");
    epi_time time = hour * HOUR_US + minute * MINUTE_US;
    if (!scan_char(s, ':')) return time;
    int32_t second = scan_number(s, 2, "the second needs two digits");
    scan_check(s, second <= 59, "the second is not 00 to 59");
    time += second * second_us;
    return scan_char(s, '.') ? time + scan_fraction(s) : time;
}

/* "Z", "+02:00", "-0330" or nothing. */
static int32_t scan_offset(scan *s) {
    if (scan_char(s, 'Z') || scan_char(s, 'z') || s->error != NULL || (*s->next != '+' && *s->next != '-')) return 0;
    int32_t sign = *s->next++ == '-' ? -1 : 1;
    int32_t hours = scan_number(s, 2, "the offset needs two digits for hours");
    scan_char(s, ':');
    int32_t minutes = scan_number(s, 2, "the offset needs two digits for minutes");
    scan_check(s, minutes <= 59, "the offset's minutes are not 00 to 59");
    scan_check(s, hours * 60 + minutes <= EPI__OFFSET_MIN_MAX, "the offset is more than 18 hours");
    return sign * (hours * 60 + minutes);
}

/* The first moment after the day, month or year that begins at `d`. */
static epi_time end_of_date(epi__date d, int fields) {
    if (fields == 3) return (epi__days_from_date(d) + 1) * DAY_US;
    if (fields == 2) return (epi__days_from_date(d) + epi__days_of_month(d.year, d.month)) * DAY_US;
    return (epi__days_from_date((epi__date){d.year + 1, 1, 1})) * DAY_US;
}

epi_status epi_time_parse(epi_interval *interval, const char *text) {
    if (interval == NULL || text == NULL) return epi__fail(EPI_EINVAL, "time", "an argument was NULL");
    *interval = (epi_interval){0, 0, 0};
    scan s = {text, NULL};
    epi__date d;
    int fields = scan_date(&s, &d);
    bool clock = fields == 3 && (scan_char(&s, 'T') || scan_char(&s, 't') || scan_char(&s, ' '));
    epi_time time_of_day = clock ? scan_clock(&s) : 0;
    int32_t offset = clock ? scan_offset(&s) : 0;
    scan_check(&s, *s.next == '\0', "something follows the time");
    if (s.error == NULL) {
        epi_time shift = offset * MINUTE_US;
        epi_time from = epi__days_from_date(d) * DAY_US + time_of_day - shift;
        epi_time to = clock ? from : EPI__MIN(end_of_date(d, fields), EPI_TIME_MAX);
        scan_check(&s, from >= EPI_TIME_MIN && from <= EPI_TIME_MAX, "it is before the year 1 or after 9999 in UTC");
        *interval = (epi_interval){from, to, offset};
    }
    if (s.error == NULL) return EPI_OK;
    *interval = (epi_interval){0, 0, 0};
    return epi__fail(EPI_EFORMAT, "time", "\"%.40s\" was not a time: %s; write 2023-05-08 or 2023-05-08T13:56:20+02:00",
                     text, s.error);
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

typedef struct civil {
    epi__date d;
    int hour, minute, second, micro;
} civil;

static civil civil_of(epi_time time, int32_t utc_offset_min) {
    epi_time local = EPI__MIN(EPI__MAX(time, EPI_TIME_MIN), EPI_TIME_MAX) + utc_offset_min * MINUTE_US;
    int64_t days = epi__divide_down(local, DAY_US);
    epi_time rest = local - days * DAY_US;
    return (civil){epi__date_from_days(days), (int)(rest / HOUR_US), (int)(rest / MINUTE_US % 60),
                   (int)(rest / second_us % 60), (int)(rest % second_us)};
}

/* An offset that is out of range, or that would leave the years 1 to 9999, is written as UTC. */
static int32_t usable_offset(epi_time time, int32_t utc_offset_min) {
    if (utc_offset_min < -EPI__OFFSET_MIN_MAX || utc_offset_min > EPI__OFFSET_MIN_MAX) return 0;
    epi_time shift = utc_offset_min * MINUTE_US;
    bool inside = shift < 0 ? time >= EPI_TIME_MIN - shift : time <= EPI_TIME_MAX - shift;
    return inside ? utc_offset_min : 0;
}

/* Writes `before`, then exactly `digits` digits; returns the place behind them. */
static char *put(char *at, char before, int64_t value, int digits) {
    if (before != '\0') *at++ = before;
    for (int i = digits - 1; i >= 0; i--, value /= 10) at[i] = (char)('0' + value % 10);
    return at + digits;
}

static char *put_minute(char *at, const civil *c, char separator) {
    at = put(at, '\0', c->d.year, 4);
    at = put(at, '-', c->d.month, 2);
    at = put(at, '-', c->d.day, 2);
    at = put(at, separator, c->hour, 2);
    return put(at, ':', c->minute, 2);
}

char *epi_time_text(char *out, epi_time time, int32_t utc_offset_min) {
    if (time == EPI_TIME_NONE) return memcpy(out, "no date", sizeof "no date");
    civil c = civil_of(time, usable_offset(time, utc_offset_min));
    *put_minute(out, &c, ' ') = '\0';
    return out;
}

char *epi_time_iso(char *out, epi_time time, int32_t utc_offset_min) {
    if (time == EPI_TIME_NONE) return memcpy(out, "", 1);
    int32_t offset = usable_offset(time, utc_offset_min);
    civil c = civil_of(time, offset);
    char *at = put(put_minute(out, &c, 'T'), ':', c.second, 2);
    if (c.micro != 0) at = put(at, '.', c.micro, 6);
    if (offset == 0) {
        *at++ = 'Z';
    } else {
        int32_t minutes = offset < 0 ? -offset : offset;
        at = put(put(at, offset < 0 ? '-' : '+', minutes / 60, 2), ':', minutes % 60, 2);
    }
    *at = '\0';
    return out;
}

epi_time epi_time_now(void) {
    return epi__clock_now_us();
}
