/* when.c - the dates of a cue, and how well a step's times fit them.
 *
 * The cue's expressions of time are resolved against its own now, by the rules that resolved the steps' when those were
 * stored. A step's times are the day of its event and those that its texts tell. How well one fits is the share of it
 * that lies in the cue's: all of a day in May, one day in thirty of "in May" when a day is asked for. A month or season
 * that is still to come may as well be meant as it last was: "in spring" asks for the one that was.
 *
 * The arm: steps whose times begin in a date of the cue come in by that alone, when they are few; a year's steps would
 * only drive out what the words find.
 *
 * Source: ours. Overlap of intervals as evidence: Berberich, Bedathur, Alonso and Weikum 2010, "A language modeling
 * approach for temporal information needs".
 */
#include "../text/text.h"
#include "search.h"

#define MODULE "recall"
#define ARM_COUNT 64u /* entries of each table, for each date, that the arm brings in; where there are more: none */

/* ---- the cue's dates -------------------------------------------------------------------------------------------- */

/* The first of a month, a year before. */
static int64_t year_before(int64_t local) {
    int64_t days = epi__divide_down(local, EPI__DAY_US);
    epi__date date = epi__date_from_days(days);
    date.year--;
    return epi__days_from_date(date) * EPI__DAY_US + (local - days * EPI__DAY_US);
}

static void add_date(epi__query *query, epi_interval date) {
    if (query->date_count < EPI__DATES_MAX && date.from >= EPI_TIME_MIN) query->dates[query->date_count++] = date;
}

static void add_mention(epi__query *query, const epi_time_mention *mention, int64_t now) {
    int64_t shift = query->cue->utc_offset_min * EPI__MINUTE_US;
    epi_interval date = mention->interval;
    add_date(query, date);
    if (date.from <= now || (mention->precision != EPI_PRECISION_MONTH && mention->precision != EPI_PRECISION_SEASON))
        return;
    add_date(query, (epi_interval){year_before(date.from + shift) - shift, year_before(date.to + shift) - shift,
                                   date.utc_offset_min});
}

epi_status epi__when_read(epi__query *query, int64_t now, const char *text, size_t size) {
    epi_time_mention mentions[EPI__DATES_MAX];
    size_t count = 0;
    EPI__TRY(epi_time_find(mentions, &count, EPI__DATES_MAX, text, size, now, query->cue->utc_offset_min));
    for (size_t i = 0; i < count && i < EPI__DATES_MAX; i++) add_mention(query, &mentions[i], now);
    return EPI_OK;
}

/* ---- fit -------------------------------------------------------------------------------------------------------- */

/* The best share of [from, to) that lies in a date of the cue; from < to. */
static double fit_of(const epi__query *query, int64_t from, int64_t to) {
    double best = 0.0;
    for (size_t i = 0; i < query->date_count; i++) {
        int64_t begin = EPI__MAX(from, query->dates[i].from), end = EPI__MIN(to, query->dates[i].to);
        if (begin < end) best = EPI__MAX(best, (double)(end - begin) / (double)(to - from));
    }
    return best;
}

/* An instant stands for its day, there where it was. */
static double event_fit(const epi__query *query, int64_t from, int64_t to, int32_t utc_offset_min) {
    int64_t shift = utc_offset_min * EPI__MINUTE_US;
    if (to > from) return fit_of(query, from, to);
    int64_t day = epi__divide_down(from + shift, EPI__DAY_US) * EPI__DAY_US - shift;
    return fit_of(query, day, day + EPI__DAY_US);
}

double epi__when_fit(const epi__query *query, const epi__row *row) {
    epi__told told;
    epi__reader reader = epi__reader_of(row->told.data, row->told.size);
    if (query->date_count == 0) return 0.0;
    double best = event_fit(query, row->event_from, row->event_to, row->utc_offset_min);
    while (epi__told_next(&told, &reader)) best = EPI__MAX(best, fit_of(query, told.from, told.to));
    return best;
}

/* ---- the arm ---------------------------------------------------------------------------------------------------- */

struct entry {
    uint64_t step;
    double fit;
};

/* The entries of a table that begin in the date, at most ARM_COUNT + 1. In the time table an instant's end is its
 * beginning: its day is not known here, and it lies inside. */
static epi_status read_entries(struct entry *entries, size_t *count, epi__search_state *search, uint8_t table,
                               epi_interval date) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__view key, body;
    epi__key_begin(&first, search->snapshot->mirror->space, table);
    end = first;
    epi__key_time(&first, date.from);
    epi__key_time(&end, date.to);
    epi_status status = epi__scan_open(&scan, search->snapshot->tx.txn, &first, &end, true);
    while (!status && *count <= ARM_COUNT && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK) {
        const uint8_t *at = key.data;
        epi__reader reader = epi__reader_of(body.data, body.size);
        int64_t from = (int64_t)(epi__load_be64(at + 5) ^ (1ull << 63)), to = (int64_t)epi__read_u64(&reader);
        entries[(*count)++] = (struct entry){epi__load_be64(at + 13),
                                             to > from ? fit_of(search->query, from, to) : 1.0};
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

static epi_status take_entries(epi__search_state *search, uint8_t table, epi_interval date) {
    struct entry entries[ARM_COUNT + 1];
    size_t count = 0;
    bool alone = search->scratch->touched_count == 0 && search->nearest_count == 0;
    EPI__TRY(read_entries(entries, &count, search, table, date));
    if (count > ARM_COUNT && !alone) return EPI_OK;
    for (size_t i = 0; i < count; i++) {
        double before = epi__arms_dated(search, entries[i].step);
        if (entries[i].fit > before && !epi__map_put(&search->dated, entries[i].step, epi__bits_of(entries[i].fit)))
            return epi__fail_memory(MODULE, 16);
    }
    return EPI_OK;
}

epi_status epi__arms_dates(epi__search_state *search) {
    const epi__query *query = search->query;
    for (size_t i = 0; i < query->date_count && query->profile.time_fit > 0.0; i++) {
        EPI__TRY(take_entries(search, EPI__TABLE_TIME, query->dates[i]));
        EPI__TRY(take_entries(search, EPI__TABLE_TOLD, query->dates[i]));
    }
    return EPI_OK;
}

double epi__arms_dated(const epi__search_state *search, uint64_t step) {
    return epi__bits_get(&search->dated, step);
}

/* ---- the answer to "when?" -------------------------------------------------------------------------------------- */

bool epi_recollection_moment(epi_moment *moment, const epi_recollection *found, size_t hit) {
    if (!moment) return false;
    *moment = (epi_moment){0};
    if (!found || hit >= found->hit_count) return false;
    const epi_hit *one = &found->hits[hit];
    const epi_recalled_step *step = &found->scenes[one->scene].steps[one->scene_step].view;
    moment->step = step->id;
    if (step->time_count > 0) {
        moment->role = step->times[0].role;
        moment->mention = step->times[0].mention;
        return true;
    }
    int64_t shift = step->event.utc_offset_min * EPI__MINUTE_US;
    moment->mention.interval = step->event;
    moment->mention.precision = EPI_PRECISION_DAY;
    if (step->event.to > step->event.from) return true;
    int64_t day = epi__divide_down(step->event.from + shift, EPI__DAY_US) * EPI__DAY_US - shift;
    moment->mention.interval.from = day;
    moment->mention.interval.to = day + EPI__DAY_US;
    return true;
}
