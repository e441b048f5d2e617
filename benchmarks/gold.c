/* gold.c - see gold.h. An answer is words in lower case: a phrase that points somewhere ("two weekends before", "early
 * in") and then a date. All of it must be understood.
 */
#include "gold.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 24, WORD_SIZE = 24 };
#define DAY INT64_C(86400000000)

typedef struct words {
    char word[WORDS_MAX][WORD_SIZE];
    int count;
    int at;
} words;

/* A date as it is written; 0 is not given. */
typedef struct written {
    int year;
    int month;
    int day;
    int last_day; /* of "19 to 24" */
    int season;   /* the month it begins in */
} written;

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* Letters, or digits with the ending of an ordinal: "14August" is two words, "14th" one. */
static size_t word_size(const char *text) {
    size_t size = strspn(text, "0123456789");
    if (size == 0) {
        while (isalpha((unsigned char)text[size])) size++;
        return size;
    }
    size_t tail = 0;
    while (isalpha((unsigned char)text[size + tail])) tail++;
    bool ordinal = tail == 2 && strstr("st nd rd th", (const char[]){text[size], text[size + 1], '\0'}) != NULL;
    return size + (ordinal ? tail : 0);
}

static bool split(words *w, const char *text) {
    memset(w, 0, sizeof *w);
    while (*text != '\0') {
        size_t size = word_size(text);
        if (size >= WORD_SIZE || (size > 0 && w->count == WORDS_MAX - 1)) return false;
        for (size_t i = 0; i < size; i++) w->word[w->count][i] = (char)tolower((unsigned char)text[i]);
        w->count += size > 0;
        text += size > 0 ? size : 1;
    }
    return w->count > 0;
}

static bool is(const words *w, int at, const char *list) {
    size_t size = strlen(w->word[at]);
    if (at >= w->count) return false;
    for (const char *place = list; (place = strstr(place, w->word[at])) != NULL; place++)
        if ((place == list || place[-1] == ' ') && (place[size] == ' ' || place[size] == '\0')) return true;
    return false;
}

static bool take(words *w, const char *list) {
    if (!is(w, w->at, list)) return false;
    w->at++;
    return true;
}

/* The place of a word in a list of names, 0 for none: it may be cut after three letters, and misspelt after four. */
static int name_at(const words *w, int at, const char *const *names, int count) {
    size_t size = strlen(w->word[at]);
    for (int i = 0; i < count && at < w->count && size >= 3; i++)
        if (strncmp(names[i], w->word[at], size < 4 ? size : 4) == 0) return i + 1;
    return 0;
}

static int month_at(const words *w, int at) {
    static const char *const names[] = {"january", "february", "march",     "april",   "may",      "june",
                                        "july",    "august",   "september", "october", "november", "december"};
    return is(w, at, "sept") ? 9 : name_at(w, at, names, 12);
}

/* 1 Monday to 7 Sunday. */
static int weekday_at(const words *w, int at) {
    static const char *const names[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
    return name_at(w, at, names, 7);
}

static int season_at(const words *w, int at) {
    return is(w, at, "spring")        ? 3
           : is(w, at, "summer")      ? 6
           : is(w, at, "autumn fall") ? 9
           : is(w, at, "winter")      ? 12
                                      : 0;
}

/* Digits, with "st", "nd", "rd" or "th" behind; 0 when there are none. */
static int digits_at(const words *w, int at) {
    char *end = NULL;
    if (at >= w->count || !isdigit((unsigned char)w->word[at][0]) || strlen(w->word[at]) > 6) return 0;
    int value = (int)strtol(w->word[at], &end, 10);
    return *end == '\0' || strstr("st nd rd th", end) != NULL ? value : 0;
}

static int number_at(const words *w, int at) {
    static const char *const names[] = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"};
    for (int i = 0; i < 10; i++)
        if (is(w, at, names[i])) return i + 1;
    return is(w, at, "a") ? 1 : digits_at(w, at);
}

/* ---- the calendar ------------------------------------------------------------------------------------------------ */

static bool day_interval(epi_interval *out, int year, int month, int day) {
    char text[32];
    snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
    return epi_time_parse(out, text) == EPI_OK;
}

/* From the month's first day on, so many months; months count on over years. */
static bool month_interval(epi_interval *out, int year, int month, int count) {
    epi_interval last;
    char text[32];
    int first = year * 12 + month - 1;
    snprintf(text, sizeof text, "%04d-%02d", first / 12, first % 12 + 1);
    if (epi_time_parse(out, text) != EPI_OK) return false;
    snprintf(text, sizeof text, "%04d-%02d", (first + count - 1) / 12, (first + count - 1) % 12 + 1);
    if (epi_time_parse(&last, text) != EPI_OK) return false;
    out->to = last.to;
    return true;
}

static void year_and_month(int *year, int *month, epi_time time) {
    char text[EPI_TIME_TEXT_SIZE];
    epi_time_text(text, time, 0);
    *year = (int)strtol(text, NULL, 10);
    *month = (int)strtol(text + 5, NULL, 10);
}

/* 1 Monday to 7 Sunday. */
static int weekday_of(epi_time time) {
    return (int)(((time / DAY + 3) % 7 + 7) % 7) + 1; /* 1970-01-01 was a Thursday */
}

static bool nearest_year(epi_interval *out, const written *d, epi_time near) {
    int year;
    int month;
    epi_time best = INT64_MAX;
    year_and_month(&year, &month, near);
    for (int y = year - 1; y <= year + 1; y++) {
        epi_interval candidate;
        bool good = d->day > 0 ? day_interval(&candidate, y, d->month, d->day)
                               : month_interval(&candidate, y, d->month, 1);
        epi_time away = good ? llabs(candidate.from - near) : INT64_MAX;
        if (away >= best) continue;
        best = away;
        *out = candidate;
    }
    return best < INT64_MAX;
}

static bool interval_of(epi_interval *out, const written *d, epi_time near) {
    if (d->month > 0 && d->year == 0) return nearest_year(out, d, near);
    if (d->year == 0) return false;
    if (d->season > 0) return month_interval(out, d->year, d->season, 3);
    if (d->month == 0) return month_interval(out, d->year, 1, 12);
    return d->day > 0 ? day_interval(out, d->year, d->month, d->day) : month_interval(out, d->year, d->month, 1);
}

/* The same, as far as the last day of a range. */
static bool range_of(epi_interval *out, const written *d, epi_time near) {
    epi_interval last;
    written end = *d;
    end.day = d->last_day;
    if (!interval_of(out, d, near)) return false;
    if (d->last_day == 0) return true;
    if (d->last_day <= d->day || !interval_of(&last, &end, near)) return false;
    out->to = last.to;
    return true;
}

/* ---- a date ------------------------------------------------------------------------------------------------------ */

/* What is left of the words must be one date: its parts in any order, each once. */
static bool read_date(epi_interval *out, words *w, epi_time near) {
    written d = {0, 0, 0, 0, 0};
    for (; w->at < w->count; w->at++) {
        int value = digits_at(w, w->at);
        if (value >= 1000 && d.year == 0)
            d.year = value;
        else if (value >= 1 && value <= 31 && d.day == 0)
            d.day = value;
        else if (value >= 1 && value <= 31 && is(w, w->at - 1, "to and until") && d.last_day == 0)
            d.last_day = value;
        else if (month_at(w, w->at) > 0 && d.month == 0)
            d.month = month_at(w, w->at);
        else if (season_at(w, w->at) > 0 && d.season == 0)
            d.season = season_at(w, w->at);
        else if (!is(w, w->at, "of the on in to and until") && weekday_at(w, w->at) == 0)
            return false;
    }
    bool day_alone = d.day > 0 && d.month == 0;
    return !day_alone && (d.season == 0 || d.month == 0) && range_of(out, &d, near);
}

/* ---- what points from a date ------------------------------------------------------------------------------------- */

typedef struct pointer {
    int low; /* so many units before the date */
    int high;
    char unit; /* d(ay), w(eek), e (weekend), m(onth), y(ear), or '1' to '7' a weekday */
    bool of;   /* the unit that holds the date */
    bool after;
} pointer;

static char unit_at(const words *w, int at) {
    static const char *const units[] = {"day days night", "week weeks", "weekend weekends", "month months",
                                        "year years"};
    for (int i = 0; i < 5; i++)
        if (is(w, at, units[i])) return "dwemy"[i];
    int weekday = weekday_at(w, at);
    return weekday > 0 ? (char)('0' + weekday) : '\0';
}

/* "the week before", "two weekends before", "a few days after", "the week of"; moves behind it. */
static bool read_pointer(pointer *p, words *w) {
    words ahead = *w;
    *p = (pointer){1, 1, '\0', false, false};
    take(&ahead, "the");
    int count = number_at(&ahead, ahead.at);
    if (count > 0) *p = (pointer){count, count, '\0', false, false};
    if (count > 0) ahead.at++;
    if (take(&ahead, "few")) p->low = 2, p->high = 5;
    if (take(&ahead, "couple")) p->low = p->high = 2, take(&ahead, "of");
    p->unit = unit_at(&ahead, ahead.at);
    if (p->unit == '\0') return false;
    ahead.at++;
    p->of = take(&ahead, "of");
    if (!p->of && !take(&ahead, "before") && !(p->after = take(&ahead, "after"))) return false;
    *w = ahead;
    return true;
}

static void set_days(epi_interval *out, epi_time from, epi_time to) {
    out->from = from;
    out->to = to;
}

static bool months_away(epi_interval *out, const pointer *p, epi_interval date) {
    int year;
    int month;
    bool months = p->unit == 'm';
    int scale = months ? 1 : 12;
    year_and_month(&year, &month, date.from);
    int first = year * 12 + (months ? month - 1 : 0) + scale * (p->after ? p->low : -p->high);
    return month_interval(out, first / 12, first % 12 + 1, scale * (p->high - p->low + 1));
}

/* The weekday or weekend before or after the date, which itself does not count. */
static void named_day(epi_interval *out, const pointer *p, epi_interval date) {
    bool weekend = p->unit == 'e';
    epi_time size = weekend ? 2 : 1;
    epi_time day = p->after ? date.to : date.from - size * DAY;
    int wanted = weekend ? 6 : p->unit - '0';
    while (weekday_of(day) != wanted) day += p->after ? DAY : -DAY;
    day += (p->after ? 7 : -7) * DAY * (p->low - 1);
    set_days(out, day, day + size * DAY);
}

/* "The week of 3 to 9 April" says itself which days it has. */
static bool point_of(epi_interval *out, const pointer *p, epi_interval date) {
    epi_time monday = date.from - (weekday_of(date.from) - 1) * DAY;
    bool range = date.to - date.from > DAY;
    if (p->unit == 'w' && !range)
        set_days(out, monday, monday + 7 * DAY);
    else if (p->unit == 'e' && !range)
        set_days(out, monday + 5 * DAY, monday + 7 * DAY);
    else
        *out = date;
    return p->unit < '1' || p->unit > '7';
}

static bool point(epi_interval *out, const pointer *p, epi_interval date) {
    if (p->of) return point_of(out, p, date);
    if (p->unit == 'm' || p->unit == 'y') return months_away(out, p, date);
    if (p->unit == 'e' || (p->unit >= '1' && p->unit <= '7')) {
        named_day(out, p, date);
        return true;
    }
    epi_time low = p->low * (p->unit == 'w' ? 7 : 1) * DAY;
    epi_time high = p->high * (p->unit == 'w' ? 7 : 1) * DAY;
    epi_time spread = p->unit == 'w' ? 3 * DAY : 0;
    if (p->unit == 'w' && high == 7 * DAY) /* the week before or after: the seven days beside the date */
        set_days(out, p->after ? date.to : date.from - high, p->after ? date.to + high : date.from);
    else if (p->after)
        set_days(out, date.from + low - spread, date.from + high + spread + DAY);
    else
        set_days(out, date.from - high - spread, date.from - low + spread + DAY);
    return true;
}

/* ---- parts of a month -------------------------------------------------------------------------------------------- */

/* "first weekend of August 2023", "last week of May": -1 is the last; 0 when there is none. */
static int ordinal_at(const words *w, int at) {
    static const char *const names[] = {"first 1st", "second 2nd", "third 3rd", "fourth 4th"};
    for (int i = 0; i < 4; i++)
        if (is(w, at, names[i])) return i + 1;
    return is(w, at, "last") ? -1 : 0;
}

static bool read_nth(epi_interval *out, words *w, epi_time near) {
    int nth = ordinal_at(w, w->at);
    char unit = unit_at(w, w->at + 1);
    epi_interval month;
    if (nth == 0 || unit == '\0' || strchr("dmy", unit) != NULL) return false;
    w->at += 2;
    if (!take(w, "of in") || !read_date(&month, w, near)) return false;
    epi_time size = (unit == 'w' ? 7 : unit == 'e' ? 2 : 1) * DAY;
    int wanted = unit == 'e' ? 6 : unit - '0';
    epi_time day = nth > 0 ? month.from : month.to - size;
    while (unit != 'w' && weekday_of(day) != wanted) day += nth > 0 ? DAY : -DAY;
    if (nth > 0) day += (nth - 1) * 7 * DAY;
    set_days(out, day, day + size);
    return day < month.to;
}

/* "early", "mid", "late", "beginning of", "end of": thirds. */
static int edge_of(words *w) {
    if (take(w, "early beginning start")) return 0;
    if (take(w, "mid middle")) return 1;
    return take(w, "late end") ? 2 : -1;
}

bool gold_read(epi_interval *interval, const char *answer, epi_time near) {
    words w;
    words saved;
    pointer p;
    if (!split(&w, answer)) return false;
    while (take(&w, "on in around about since by during back approximately between from")) continue;
    saved = w;
    if (read_pointer(&p, &w)) return read_date(interval, &w, near) && point(interval, &p, *interval);
    take(&w, "the");
    if (read_nth(interval, &w, near)) return true;
    w = saved;
    take(&w, "the");
    int edge = edge_of(&w);
    if (!read_date(interval, &w, near)) return false;
    epi_time third = (interval->to - interval->from) / 3;
    if (edge >= 0) set_days(interval, interval->from + edge * third, interval->from + (edge + 1) * third);
    return true;
}

bool gold_session_time(epi_time *time, const char *text) {
    words w;
    epi_interval day;
    if (!split(&w, text) || w.count < 6) return false;
    int hour = digits_at(&w, 0) % 12 + (is(&w, 2, "pm") ? 12 : 0);
    int minute = (int)strtol(w.word[1], NULL, 10);
    if (!is(&w, 2, "am pm") || !is(&w, 3, "on")) return false;
    w.at = 4;
    if (!read_date(&day, &w, 0)) return false;
    *time = day.from + (hour * 60 + minute) * INT64_C(60000000);
    return true;
}
