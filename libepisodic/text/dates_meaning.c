/* dates_meaning.c - from what a rule read to an interval of local time.
 *
 * Idea: everything is counted in units of the calendar (day, week, month, year, decade) from the day the text was said:
 * unit_at(now, MONTH, -1) is last month, whole. What has no year or week of its own takes the occurrence on the side
 * that the tense tells.
 * Invariant: a span that is returned as true has from < to and lies in the years 1 to 9999.
 */
#include "dates.h"

#define DAY_US EPI__DAY_US

/* ---- calendar units ---------------------------------------------------------------------------------------------- */

static int64_t day_of(int64_t local) {
    return epi__divide_down(local, DAY_US);
}

/* 0 Monday to 6 Sunday. */
static int64_t weekday_of(int64_t day) {
    return day + 3 - epi__divide_down(day + 3, 7) * 7;
}

static epi__date_span days(int64_t from, int64_t to, epi_time_precision precision) {
    return (epi__date_span){from * DAY_US, to * DAY_US, precision};
}

/* Months since January of the year 0. */
static int64_t month_of(int64_t day) {
    epi__date date = epi__date_from_days(day);
    return date.year * 12 + date.month - 1;
}

static int64_t first_day_of_month(int64_t month) {
    int64_t year = epi__divide_down(month, 12);
    return epi__days_from_date((epi__date){year, (int32_t)(month - year * 12) + 1, 1});
}

static epi__date_span months(int64_t from, int64_t to, epi_time_precision precision) {
    return days(first_day_of_month(from), first_day_of_month(to), precision);
}

static epi__date_span years(int64_t from, int64_t to, epi_time_precision precision) {
    return months(from * 12, to * 12, precision);
}

/* From the unit `low` units away from the one that holds `day` to the one `high` away, whole ones. */
static epi__date_span units(int64_t day, epi__date_unit unit, int64_t low, int64_t high) {
    int64_t monday = day - weekday_of(day);
    int64_t month = month_of(day);
    int64_t year = epi__divide_down(month, 12);
    switch (unit) {
    case EPI__UNIT_WEEK: return days(monday + 7 * low, monday + 7 * high + 7, EPI_PRECISION_WEEK);
    case EPI__UNIT_FORTNIGHT: return days(monday + 14 * low, monday + 14 * high + 14, EPI_PRECISION_WEEK);
    case EPI__UNIT_WEEKEND: return days(monday + 7 * low + 5, monday + 7 * high + 7, EPI_PRECISION_WEEKEND);
    case EPI__UNIT_MONTH: return months(month + low, month + high + 1, EPI_PRECISION_MONTH);
    case EPI__UNIT_YEAR: return years(year + low, year + high + 1, EPI_PRECISION_YEAR);
    case EPI__UNIT_DECADE:
        year = epi__divide_down(year, 10) * 10;
        return years(year + 10 * low, year + 10 * high + 10, EPI_PRECISION_DECADE);
    case EPI__UNIT_MINUTE:
    case EPI__UNIT_HOUR:
    case EPI__UNIT_DAY: break;
    }
    return days(day + low, day + high + 1, EPI_PRECISION_DAY);
}

/* So many units away, give or take: weeks are seven days around that day, and decades ten years around that year. */
static epi__date_span units_about(int64_t day, epi__date_unit unit, int64_t low, int64_t high) {
    int64_t scale = unit == EPI__UNIT_FORTNIGHT ? 14 : 7;
    int64_t year = epi__date_from_days(day).year;
    if (unit == EPI__UNIT_WEEK || unit == EPI__UNIT_FORTNIGHT)
        return days(day + scale * low - 3, day + scale * high + 4, EPI_PRECISION_WEEK);
    if (unit == EPI__UNIT_DECADE) return years(year + 10 * low - 5, year + 10 * high + 5, EPI_PRECISION_DECADE);
    return units(day, unit, low, high);
}

/* "early June", "late 2022": a third; days and their parts are left whole. */
static epi__date_span third_of(epi__date_span span, epi__date_edge edge) {
    if (span.precision <= EPI_PRECISION_DAY) return span;
    int64_t count = day_of(span.to) - day_of(span.from);
    int64_t from = day_of(span.from) + count * (int64_t)edge / 3;
    int64_t to = day_of(span.from) + count * ((int64_t)edge + 1) / 3;
    if (span.precision == EPI_PRECISION_MONTH) { /* thirds of ten days, the last one longer */
        from = day_of(span.from) + 10 * (int64_t)edge;
        to = edge == EPI__EDGE_LATE ? day_of(span.to) : from + 10;
    }
    if (span.precision == EPI_PRECISION_YEAR) {
        int64_t first = month_of(day_of(span.from));
        return months(first + 4 * (int64_t)edge, first + 4 * (int64_t)edge + 4, EPI_PRECISION_MONTH);
    }
    return days(from, EPI__MAX(to, from + 1), span.precision);
}

/* ---- parts of a day ---------------------------------------------------------------------------------------------- */

epi__date_span epi__date_part_of(epi__date_span day, epi__date_part part) {
    static const int8_t hours[][2] = {{5, 12}, {11, 14}, {12, 18}, {17, 24}, {18, 30}};
    int64_t from = day.from + hours[part][0] * EPI__HOUR_US;
    return (epi__date_span){from, day.from + hours[part][1] * EPI__HOUR_US, EPI_PRECISION_DAY_PART};
}

epi__date_span epi__date_minute_of(epi__date_span day, int32_t minute) {
    int64_t from = day.from + minute * EPI__MINUTE_US;
    return (epi__date_span){from, from + EPI__MINUTE_US, EPI_PRECISION_MINUTE};
}

/* ---- what a reading holds ---------------------------------------------------------------------------------------- */

static int32_t value_or(const epi__date_reading *r, epi__date_class class, int32_t otherwise) {
    return epi__date_has(r, class) ? r->values[class] : otherwise;
}

static int64_t today(const epi__date_reading *r) {
    return day_of(r->now);
}

/* -1 last, 0 this, +1 next. */
static int32_t shift_of(const epi__date_reading *r) {
    int32_t shift = value_or(r, EPI__DATE_LAST, 0) + value_or(r, EPI__DATE_PAST, 0);
    return shift + value_or(r, EPI__DATE_NEXT, 0) + value_or(r, EPI__DATE_COMING, 0);
}

static bool has_shift(const epi__date_reading *r) {
    return epi__date_has(r, EPI__DATE_LAST) || epi__date_has(r, EPI__DATE_PAST) || epi__date_has(r, EPI__DATE_THIS) ||
           epi__date_has(r, EPI__DATE_NEXT) || epi__date_has(r, EPI__DATE_COMING);
}

static int32_t weekday_said(const epi__date_reading *r) {
    return value_or(r, EPI__DATE_WEEKDAY, value_or(r, EPI__DATE_WEEKDAY_SHORT, value_or(r, EPI__DATE_WEEKDAYS, 0)));
}

static int32_t month_said(const epi__date_reading *r) {
    return value_or(r, EPI__DATE_MONTH, value_or(r, EPI__DATE_MONTH_ALONE, value_or(r, EPI__DATE_MONTH_LOWER, 0)));
}

static epi__date_unit unit_said(const epi__date_reading *r) {
    int32_t unit = value_or(r, EPI__DATE_UNIT, value_or(r, EPI__DATE_UNITS, EPI__UNIT_DAY));
    return (epi__date_unit)value_or(r, EPI__DATE_SHORT_UNIT, unit);
}

/* How many: "three", "a", "twenty-five", "a few" (2 to 5), "two or three". */
static void number_said(int32_t *low, int32_t *high, const epi__date_reading *r) {
    int32_t few = value_or(r, EPI__DATE_FEW, 0);
    *low = few / 100;
    *high = few % 100;
    if (epi__date_has(r, EPI__DATE_FEW)) return;
    if (epi__date_has(r, EPI__DATE_NUMBER))
        *low = *high = value_or(r, EPI__DATE_TENS, 0) + r->values[EPI__DATE_NUMBER];
    else if (epi__date_has(r, EPI__DATE_ARTICLE))
        *low = *high = 1;
    bool either = epi__date_has(r, EPI__DATE_OR) && !epi__date_has(r, EPI__DATE_SO);
    if (either && epi__date_has(r, EPI__DATE_NUMBER)) *low = EPI__MAX(1, *high - 1);
}

/* Which side of now: the tense's, or the nearer one where it tells nothing. */
static bool wants_past(const epi__date_reading *r, int64_t past_distance, int64_t future_distance) {
    if (r->tense != EPI__TENSE_UNKNOWN) return r->tense == EPI__TENSE_PAST;
    return past_distance <= future_distance;
}

/* ---- days and parts of them -------------------------------------------------------------------------------------- */

static bool mean_day(epi__date_span *span, const epi__date_reading *r) {
    int64_t day = today(r) + r->value;
    day += value_or(r, EPI__DATE_DAY_WORD, 0) + value_or(r, EPI__DATE_NIGHT_WORD, 0);
    *span = days(day, day + 1, EPI_PRECISION_DAY);
    if (epi__date_has(r, EPI__DATE_NIGHT_WORD)) *span = epi__date_part_of(*span, EPI__PART_NIGHT);
    return true;
}

static bool mean_part(epi__date_span *span, const epi__date_reading *r) {
    int64_t day = today(r) + shift_of(r) + r->value;
    *span = epi__date_part_of(days(day, day + 1, EPI_PRECISION_DAY), (epi__date_part)r->values[EPI__DATE_PART]);
    return true;
}

static bool mean_given(epi__date_span *span, const epi__date_reading *r) {
    *span = r->given;
    return true;
}

/* ---- weeks, months, years ---------------------------------------------------------------------------------------- */

static bool mean_weekend(epi__date_span *span, const epi__date_reading *r);

/* "last day" and "next day" are counted from something else. */
static bool mean_unit(epi__date_span *span, const epi__date_reading *r) {
    epi__date_unit unit = unit_said(r);
    int64_t shift = shift_of(r) + r->value;
    if (unit == EPI__UNIT_WEEKEND && (shift == 0 || epi__date_has(r, EPI__DATE_COMING))) return mean_weekend(span, r);
    *span = units(today(r), unit, shift, shift);
    return unit != EPI__UNIT_DAY;
}

static bool mean_unit_so_far(epi__date_span *span, const epi__date_reading *r) {
    *span = units(today(r), unit_said(r), 0, 0);
    span->to = EPI__MIN(span->to, (today(r) + 1) * DAY_US);
    return span->from < span->to;
}

static bool mean_unit_rest(epi__date_span *span, const epi__date_reading *r) {
    *span = units(today(r), unit_said(r), 0, 0);
    span->from = EPI__MAX(span->from, today(r) * DAY_US);
    return span->from < span->to;
}

/* "this weekend", "over the weekend": the one that today belongs to; before it the last one where the past is spoken
 * of, otherwise the one to come. */
static bool mean_weekend(epi__date_span *span, const epi__date_reading *r) {
    bool inside = weekday_of(today(r)) >= 5;
    int32_t shift = r->tense == EPI__TENSE_PAST && !inside ? -1 : 0;
    if (epi__date_has(r, EPI__DATE_COMING)) shift = inside ? 1 : 0;
    *span = units(today(r), EPI__UNIT_WEEKEND, shift, shift);
    return unit_said(r) == EPI__UNIT_WEEKEND;
}

/* "the past month": as long as a month, up to yesterday; "this past weekend" is the last one. */
static bool mean_rolling(epi__date_span *span, const epi__date_reading *r) {
    epi__date_unit unit = unit_said(r);
    epi__date_span whole = units(today(r), unit, -1, -1);
    if (unit == EPI__UNIT_WEEKEND) *span = whole;
    if (unit == EPI__UNIT_WEEKEND || unit == EPI__UNIT_DAY) return unit == EPI__UNIT_WEEKEND;
    *span = days(today(r) - (day_of(whole.to) - day_of(whole.from)), today(r), whole.precision);
    return true;
}

/* ---- so many units away ------------------------------------------------------------------------------------------ */

static bool mean_away(epi__date_span *span, const epi__date_reading *r, int32_t sign) {
    int32_t low;
    int32_t high;
    epi__date_unit unit = unit_said(r);
    number_said(&low, &high, r);
    if (unit == EPI__UNIT_MINUTE || unit == EPI__UNIT_HOUR) {
        int64_t size = unit == EPI__UNIT_HOUR ? EPI__HOUR_US : EPI__MINUTE_US;
        int64_t from = r->now + (sign < 0 ? -high : low) * size;
        *span = (epi__date_span){from, from + (high - low + 1) * size,
                                 unit == EPI__UNIT_HOUR ? EPI_PRECISION_HOUR : EPI_PRECISION_MINUTE};
        return true;
    }
    *span = units_about(today(r), unit, sign < 0 ? -high : low, sign < 0 ? -low : high);
    return true;
}

static bool mean_ago(epi__date_span *span, const epi__date_reading *r) {
    return mean_away(span, r, -1);
}

/* "in two weeks" may also say how long something took. */
static bool mean_ahead(epi__date_span *span, const epi__date_reading *r) {
    bool span_of_time = r->tense == EPI__TENSE_PAST && !epi__date_has(r, EPI__DATE_NOW);
    return !span_of_time && mean_away(span, r, 1);
}

/* "the week before", "the next day": beside what was spoken of last; what comes after nothing is not known. */
static bool mean_beside(epi__date_span *span, const epi__date_reading *r) {
    if (r->before == NULL && r->value > 0) return false;
    int64_t day = r->before == NULL ? today(r) : day_of(r->before->from);
    *span = units(day, unit_said(r), r->value, r->value);
    if (epi__date_has(r, EPI__DATE_PART)) *span = epi__date_part_of(*span, (epi__date_part)r->values[EPI__DATE_PART]);
    return true;
}

/* "the other day": within a week; "the other week", month, year: within four of them. */
static bool mean_other(epi__date_span *span, const epi__date_reading *r) {
    epi__date_unit unit = unit_said(r);
    int64_t day = today(r);
    if (unit == EPI__UNIT_DAY || epi__date_has(r, EPI__DATE_PART))
        *span = days(day - 7, day, EPI_PRECISION_DAY);
    else
        *span = units(day, unit, -4, -1);
    return true;
}

static bool mean_recent(epi__date_span *span, const epi__date_reading *r) {
    *span = days(today(r) - 7, today(r), EPI_PRECISION_WEEK);
    return true;
}

/* ---- weekdays ---------------------------------------------------------------------------------------------------- */

/* The nearest day of that name before today. */
static int64_t weekday_before(int64_t day, int64_t weekday) {
    int64_t back = weekday_of(day) - weekday;
    return day - (back > 0 ? back : back + 7);
}

static bool mean_weekday(epi__date_span *span, const epi__date_reading *r) {
    int64_t day = weekday_before(today(r), weekday_said(r));
    if (r->tense == EPI__TENSE_FUTURE) day = weekday_before(today(r) + 8, weekday_said(r));
    *span = days(day, day + 1, EPI_PRECISION_DAY);
    return true;
}

/* "last Friday" is the nearest one, "next Friday" the next week's; "this Friday" the nearest one in the tense's
 * direction, otherwise to come. With a week of its own: that week's. */
static bool mean_weekday_of(epi__date_span *span, const epi__date_reading *r) {
    int64_t weekday = weekday_said(r);
    int64_t monday = today(r) - weekday_of(today(r));
    int64_t day = weekday_before(today(r), weekday);
    int64_t ahead = weekday_before(today(r) + 7, weekday); /* today, or to come */
    if (r->value == 7 && unit_said(r) != EPI__UNIT_WEEK) return false;
    if (r->value == 7)
        day = monday + 7 * shift_of(r) + weekday;
    else if (epi__date_has(r, EPI__DATE_COMING))
        day = ahead == today(r) ? ahead + 7 : ahead;
    else if (epi__date_has(r, EPI__DATE_NEXT))
        day = monday + 7 + weekday;
    else if (epi__date_has(r, EPI__DATE_THIS) && !epi__date_has(r, EPI__DATE_PAST) && r->tense != EPI__TENSE_PAST)
        day = ahead;
    *span = days(day, day + 1, EPI_PRECISION_DAY);
    return true;
}

static bool mean_weekdays_ago(epi__date_span *span, const epi__date_reading *r) {
    int32_t low;
    int32_t high;
    number_said(&low, &high, r);
    int64_t last = weekday_before(today(r), weekday_said(r));
    *span = days(last - 7 * (high - 1), last - 7 * (low - 1) + 1, EPI_PRECISION_DAY);
    return true;
}

/* ---- dates ------------------------------------------------------------------------------------------------------- */

static int32_t day_said(const epi__date_reading *r) {
    return value_or(r, EPI__DATE_DAY, value_or(r, EPI__DATE_ORDINAL, value_or(r, EPI__DATE_ORDINAL_WORD, 0)));
}

static bool set_date(epi__date_span *span, int64_t month, int32_t day) {
    int64_t first = first_day_of_month(month);
    if (day < 1 || first + day > first_day_of_month(month + 1)) return false;
    *span = days(first + day - 1, first + day, EPI_PRECISION_DAY);
    return true;
}

/* The year that is said, in digits or as "last year"; false when there is none. */
static bool year_said(int64_t *year, const epi__date_reading *r) {
    *year = epi__date_from_days(today(r)).year;
    if (epi__date_has(r, EPI__DATE_YEAR)) {
        *year = r->values[EPI__DATE_YEAR];
        return true;
    }
    if (!epi__date_has(r, EPI__DATE_UNIT) || !has_shift(r)) return false;
    *year += shift_of(r);
    return true;
}

/* "May last year", but not "May last week". */
static bool is_other_unit(const epi__date_reading *r, epi__date_unit unit) {
    return epi__date_has(r, EPI__DATE_UNIT) && has_shift(r) && unit_said(r) != unit;
}

/* The 29th of February of the nearest year that has one is looked for eight years around. */
static bool mean_date(epi__date_span *span, const epi__date_reading *r) {
    int64_t year;
    int64_t best = INT64_MAX;
    if (is_other_unit(r, EPI__UNIT_YEAR)) return false;
    if (year_said(&year, r)) return set_date(span, year * 12 + month_said(r) - 1, day_said(r));
    for (int64_t away = -8; away <= 8; away++) {
        epi__date_span candidate;
        if (!set_date(&candidate, (year + away) * 12 + month_said(r) - 1, day_said(r))) continue;
        int64_t distance = day_of(candidate.from) - today(r);
        if ((r->tense == EPI__TENSE_PAST && distance > 0) || (r->tense == EPI__TENSE_FUTURE && distance < 0)) continue;
        distance = distance < 0 ? -distance : distance;
        if (distance >= best) continue;
        best = distance;
        *span = candidate;
    }
    return best < INT64_MAX;
}

/* This month's, or the next one there is on the side that the tense tells. */
static bool mean_day_of_month(epi__date_span *span, const epi__date_reading *r) {
    bool said = epi__date_has(r, EPI__DATE_UNIT);
    int64_t month = month_of(today(r)) + (said ? shift_of(r) : 0);
    int32_t step = r->tense == EPI__TENSE_PAST ? -1 : r->tense == EPI__TENSE_FUTURE ? 1 : 0;
    if (is_other_unit(r, EPI__UNIT_MONTH)) return false;
    if (said || step == 0) return set_date(span, month, day_said(r));
    for (int32_t away = 0; away < 3; away++) { /* of three months in a row at least one has the day */
        if (!set_date(span, month + step * away, day_said(r))) continue;
        if (step * (day_of(span->from) - today(r)) >= 0) return true;
    }
    return false;
}

/* ---- months, seasons, years -------------------------------------------------------------------------------------- */

/* Which of the spans, one a year, is meant: `first` months since the year 0 in this year, `count` months long. */
static int64_t year_meant(const epi__date_reading *r, int64_t first, int64_t count) {
    int64_t now = month_of(today(r));
    if (epi__date_has(r, EPI__DATE_THIS) && !epi__date_has(r, EPI__DATE_PAST) && !epi__date_has(r, EPI__DATE_COMING))
        return now < first - 6 && count > 1 ? -1 : 0; /* "this winter" in January has begun last year */
    if (shift_of(r) < 0) return first + count <= now ? 0 : now < first - 12 + count ? -2 : -1;
    if (shift_of(r) > 0) return first > now ? 0 : 1;
    int64_t past = first <= now ? 0 : -1;
    int64_t future = first + count - 1 >= now ? 0 : 1;
    return wants_past(r, now - (first + 12 * past), first + 12 * future - now) ? past : future;
}

static bool mean_month(epi__date_span *span, const epi__date_reading *r) {
    int64_t year;
    bool said = year_said(&year, r);
    if (!said) year = epi__date_from_days(today(r)).year;
    int64_t month = year * 12 + month_said(r) - 1;
    if (!said) month += 12 * year_meant(r, month, 1);
    *span = months(month, month + 1, EPI_PRECISION_MONTH);
    return !is_other_unit(r, EPI__UNIT_YEAR);
}

static bool mean_season(epi__date_span *span, const epi__date_reading *r) {
    int64_t year;
    bool said = year_said(&year, r);
    if (!said) year = epi__date_from_days(today(r)).year;
    int64_t month = year * 12 + r->values[EPI__DATE_SEASON] - 1;
    if (!said) month += 12 * year_meant(r, month, 3);
    *span = months(month, month + 3, EPI_PRECISION_SEASON);
    return !is_other_unit(r, EPI__UNIT_YEAR);
}

static bool mean_year(epi__date_span *span, const epi__date_reading *r) {
    int32_t year = r->values[EPI__DATE_YEAR];
    *span = years(year, year + 1, EPI_PRECISION_YEAR);
    return true;
}

static bool mean_decade(epi__date_span *span, const epi__date_reading *r) {
    int32_t year = value_or(r, EPI__DATE_DECADE, value_or(r, EPI__DATE_DECADE_SHORT, 0));
    *span = years(year, year + 10, EPI_PRECISION_DECADE);
    return true;
}

/* "the first weekend of August", "the last Friday in May": the nth that begins in the month; -1 is the last. A month's
 * first week begins on its first day. */
static bool mean_nth(epi__date_span *span, const epi__date_reading *r) {
    int32_t nth = value_or(r, EPI__DATE_ORDINAL, value_or(r, EPI__DATE_ORDINAL_WORD, -1));
    epi__date_unit unit = unit_said(r);
    bool weekend = unit == EPI__UNIT_WEEKEND;
    if (nth == 0 || !mean_month(span, r) || unit > EPI__UNIT_WEEKEND) return false;
    int64_t first = day_of(span->from);
    int64_t last = day_of(span->to) - 1;
    int64_t size = weekend ? 2 : 1;
    int64_t step = 7;
    if (unit == EPI__UNIT_WEEK) {
        size = 7;
    } else if (weekend || !epi__date_has(r, EPI__DATE_UNIT)) {
        int64_t weekday = weekend ? 5 : weekday_said(r);
        first = weekday_before(first + 7, weekday);
        last = weekday_before(last + 1, weekday) + size - 1;
    } else {
        step = 1;
    }
    int64_t day = nth > 0 ? first + step * (nth - 1) : last - size + 1;
    *span = days(day, day + size,
                 unit == EPI__UNIT_WEEK ? EPI_PRECISION_WEEK
                 : weekend              ? EPI_PRECISION_WEEKEND
                                        : EPI_PRECISION_DAY);
    return day <= last;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

bool epi__date_resolve(epi__date_span *span, const epi__date_reading *r, epi__date_meaning meaning) {
    static bool (*const meanings[EPI__MEANING_COUNT])(epi__date_span *, const epi__date_reading *) = {
        [EPI__MEANS_DAY] = mean_day,
        [EPI__MEANS_PART] = mean_part,
        [EPI__MEANS_UNIT] = mean_unit,
        [EPI__MEANS_UNIT_SO_FAR] = mean_unit_so_far,
        [EPI__MEANS_UNIT_REST] = mean_unit_rest,
        [EPI__MEANS_WEEKEND] = mean_weekend,
        [EPI__MEANS_ROLLING] = mean_rolling,
        [EPI__MEANS_AGO] = mean_ago,
        [EPI__MEANS_AHEAD] = mean_ahead,
        [EPI__MEANS_WEEKDAY] = mean_weekday,
        [EPI__MEANS_WEEKDAY_OF] = mean_weekday_of,
        [EPI__MEANS_WEEKDAYS_AGO] = mean_weekdays_ago,
        [EPI__MEANS_DATE] = mean_date,
        [EPI__MEANS_DAY_OF_MONTH] = mean_day_of_month,
        [EPI__MEANS_GIVEN] = mean_given,
        [EPI__MEANS_MONTH] = mean_month,
        [EPI__MEANS_SEASON] = mean_season,
        [EPI__MEANS_YEAR] = mean_year,
        [EPI__MEANS_DECADE] = mean_decade,
        [EPI__MEANS_NTH] = mean_nth,
        [EPI__MEANS_BESIDE] = mean_beside,
        [EPI__MEANS_OTHER] = mean_other,
        [EPI__MEANS_RECENT] = mean_recent,
    };
    if (!meanings[meaning](span, r)) return false;
    int32_t edge = value_or(r, EPI__DATE_EDGE, value_or(r, EPI__DATE_EDGE_NOUN, -1));
    if (edge >= 0) *span = third_of(*span, (epi__date_edge)edge);
    return span->from < span->to && span->from >= EPI_TIME_MIN && span->to <= EPI_TIME_MAX;
}
