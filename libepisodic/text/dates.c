/* dates.c - finding expressions of time: the longest rule at each place, what tense it stands in, which comes first.
 *
 * Idea: tokens pass through a window of fixed size. At its cursor each rule is tried; one that fits becomes a reading,
 * and its meaning an interval (dates_meaning.c). A day may have its clock time or its part before it or behind it.
 * Verbs nearby, in the same sentence, tell whether "Friday" is gone or to come.
 * Invariant: every token is looked at a bounded number of times and nothing is allocated: time is linear in the text.
 */
#include "dates.h"

#include <episodic/limits.h>

#include "text.h"

enum { WINDOW = 64, BEHIND = 16, AHEAD = 24, TENSE_REACH = 12 };

_Static_assert(EPI__DATE_CLASS_COUNT <= 64, "a class is a bit of a token's classes");
_Static_assert(AHEAD >= EPI__DATE_ITEMS_MAX + 8, "a rule and what refines it must fit in the window");

typedef struct finder {
    epi__date_scan scan;
    epi__date_token tokens[WINDOW];
    size_t count;
    size_t at; /* the cursor: tokens before it were looked at */
    int64_t now;
    epi__date_span before; /* the last one that was found */
    bool has_before;
} finder;

/* A rule that fits, and all that belongs to it. */
typedef struct match {
    const epi__date_rule *rule;
    size_t from; /* tokens */
    size_t to;
    epi__date_span span;
} match;

/* ---- the window -------------------------------------------------------------------------------------------------- */

/* Keeps BEHIND tokens before the cursor and, as far as the text goes, AHEAD behind it. */
static void fill(finder *f) {
    if (f->count - f->at >= AHEAD) return;
    size_t drop = f->at > BEHIND ? f->at - BEHIND : 0;
    memmove(f->tokens, f->tokens + drop, (f->count - drop) * sizeof f->tokens[0]);
    f->at -= drop;
    f->count -= drop;
    while (f->count < WINDOW && epi__date_next(&f->tokens[f->count], &f->scan)) f->count++;
}

static bool token_is(const finder *f, size_t at, uint64_t classes) {
    return at < f->count && (f->tokens[at].classes & classes) != 0;
}

/* What a word means as this class, which it has. */
static int32_t value_of(const epi__date_token *token, epi__date_class class) {
    for (size_t i = 0; i < token->word_count; i++)
        if (token->words[i].class == class) return token->words[i].value;
    return token->number;
}

/* ---- the tense --------------------------------------------------------------------------------------------------- */

/* The nearest verb of the sentence that tells; of two at the same distance the past. */
static epi__date_tense tense_of(const finder *f, size_t from, size_t to) {
    const uint64_t stop = EPI__DATE_BIT(STOP);
    bool back = true;
    bool on = true;
    epi__date_tense tense = EPI__TENSE_UNKNOWN;
    for (size_t away = 0; away < TENSE_REACH && tense == EPI__TENSE_UNKNOWN; away++) {
        back = back && from > away && !token_is(f, from - away - 1, stop);
        on = on && !token_is(f, to + away, stop);
        uint64_t classes = back ? f->tokens[from - away - 1].classes : 0;
        if (on && to + away < f->count) classes |= f->tokens[to + away].classes;
        if ((classes & EPI__DATE_BIT(WILL)) != 0) tense = EPI__TENSE_FUTURE;
        if ((classes & EPI__DATE_BIT(WAS)) != 0) tense = EPI__TENSE_PAST;
    }
    return tense;
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */

/* Where the rule's items from `item` on end if they begin at token `at`; 0 when they do not fit. used[i] is the token
 * of an item, SIZE_MAX for an optional one that is not there. */
static size_t fit(const finder *f, const epi__date_rule *rule, size_t item, size_t at, size_t *used) {
    if (item == EPI__DATE_ITEMS_MAX || rule->items[item] == 0) return at;
    if (token_is(f, at, rule->items[item] & ~EPI__DATE_OPTIONAL)) {
        used[item] = at;
        size_t end = fit(f, rule, item + 1, at + 1, used);
        if (end != 0) return end;
    }
    used[item] = SIZE_MAX;
    return (rule->items[item] & EPI__DATE_OPTIONAL) != 0 ? fit(f, rule, item + 1, at, used) : 0;
}

static void read_token(epi__date_reading *r, const epi__date_token *token, uint64_t wanted) {
    uint64_t classes = token->classes & wanted;
    r->classes |= classes;
    for (epi__date_class class = 1; class < EPI__DATE_CLASS_COUNT; class ++)
        if ((classes >> class & 1) != 0) r->values[class] = value_of(token, class);
    if ((classes & EPI__DATE_BIT(NUMERIC)) != 0) r->given = token->given;
}

/* What has to follow, or must not come before, where a rule's own words are not enough. */
static bool has_place(const finder *f, const match *m) {
    const uint64_t names = EPI__DATE_BIT(WEEKDAY) | EPI__DATE_BIT(MONTH);
    bool at_end = m->to >= f->count || token_is(f, m->to, EPI__DATE_BIT(STOP) | EPI__DATE_BIT(COMMA));
    if (m->rule->meaning == EPI__MEANS_BESIDE && token_is(f, m->to - 1, EPI__DATE_BIT(BEFORE) | EPI__DATE_BIT(AFTER)))
        return at_end; /* not "the week before the wedding" */
    if (m->rule->meaning == EPI__MEANS_DAY_OF_MONTH && token_is(f, m->to - 1, EPI__DATE_BIT(ORDINAL)))
        return at_end || token_is(f, m->to, EPI__DATE_BIT(JOINT)); /* not "on the 5th floor" */
    return m->from == 0 || !token_is(f, m->from, names) || !token_is(f, m->from - 1, EPI__DATE_BIT(NOT_BEFORE));
}

static bool try_rule(match *m, const finder *f, const epi__date_rule *rule, size_t at) {
    size_t used[EPI__DATE_ITEMS_MAX];
    *m = (match){rule, at, fit(f, rule, 0, at, used), {0, 0, EPI_PRECISION_DAY}};
    if (m->to == 0 || !has_place(f, m)) return false;
    epi__date_reading r = {.value = rule->value, .now = f->now, .before = f->has_before ? &f->before : NULL};
    for (size_t i = 0; i < EPI__DATE_ITEMS_MAX && rule->items[i] != 0; i++)
        if (used[i] != SIZE_MAX) read_token(&r, &f->tokens[used[i]], rule->items[i] & ~EPI__DATE_OPTIONAL);
    r.tense = tense_of(f, m->from, m->to);
    return epi__date_resolve(&m->span, &r, (epi__date_meaning)rule->meaning);
}

static bool best_rule(match *best, const finder *f, size_t at) {
    const epi__date_language *language = f->scan.language;
    best->to = 0;
    if (at >= f->count || f->tokens[at].classes == 0) return false;
    for (size_t i = 0; i < language->rule_count; i++) {
        match m;
        if (try_rule(&m, f, &language->rules[i], at) && m.to > best->to) *best = m;
    }
    return best->to > 0;
}

/* ---- clock times and parts of a day ------------------------------------------------------------------------------ */

/* Behind "am", and behind the point of "a.m." */
static size_t behind_meridiem(const finder *f, size_t at) {
    bool written_out = f->tokens[at].to - f->tokens[at].from == 3;
    return written_out && token_is(f, at + 1, EPI__DATE_BIT(PERIOD)) ? at + 2 : at + 1;
}

/* "at 5pm", "10:30", "around 3 p.m.": the minute of the day and the token behind; false when there is none. */
static bool read_clock(int32_t *minute, size_t *end, const finder *f, size_t at) {
    while (token_is(f, at, EPI__DATE_BIT(AT))) at++;
    if (at >= f->count) return false;
    const epi__date_token *token = &f->tokens[at];
    bool clock = token_is(f, at, EPI__DATE_BIT(CLOCK));
    *minute = clock ? token->number : token->number * 60;
    *end = at + 1;
    if (!token_is(f, at + 1, EPI__DATE_BIT(MERIDIEM))) return clock;
    if (token->word_count > 0 || !(clock || token_is(f, at, EPI__DATE_BIT(DAY))) || *minute >= 13 * 60) return clock;
    *minute = *minute % 720 + 60 * value_of(&f->tokens[at + 1], EPI__DATE_MERIDIEM);
    *end = behind_meridiem(f, at + 1);
    return true;
}

/* A clock time or a part of the day behind a day belongs to it. */
static void refine(match *m, const finder *f) {
    int32_t minute;
    size_t end;
    size_t at = m->to;
    if (m->span.precision != EPI_PRECISION_DAY || m->span.to - m->span.from != EPI__DAY_US) return;
    if (token_is(f, at, EPI__DATE_BIT(COMMA))) at++;
    if (read_clock(&minute, &end, f, at)) {
        m->span = epi__date_minute_of(m->span, minute);
        m->to = end;
        return;
    }
    if (token_is(f, m->to, EPI__DATE_BIT(IN)) && token_is(f, m->to + 1, EPI__DATE_BIT(THE)))
        at = m->to + 2;
    else
        at = m->to;
    if (!token_is(f, at, EPI__DATE_BIT(PART))) return;
    m->span = epi__date_part_of(m->span, (epi__date_part)value_of(&f->tokens[at], EPI__DATE_PART));
    m->to = at + 1;
}

/* An expression that begins at the cursor, a clock time before it included. */
static bool match_here(match *m, const finder *f) {
    int32_t minute;
    size_t end;
    if (best_rule(m, f, f->at)) {
        refine(m, f);
        return true;
    }
    if (!read_clock(&minute, &end, f, f->at) || !best_rule(m, f, end)) return false;
    if (m->span.precision != EPI_PRECISION_DAY) return false;
    m->from = f->at;
    m->span = epi__date_minute_of(m->span, minute);
    return true;
}

/* ---- all of a text ----------------------------------------------------------------------------------------------- */

typedef struct found {
    epi_time_mention mentions[EPI_TIME_MENTION_COUNT_MAX];
    uint8_t ranks[EPI_TIME_MENTION_COUNT_MAX];
    size_t count;
} found;

static void add(found *all, finder *f, const match *m) {
    const uint64_t bounds = EPI__DATE_BIT(SINCE) | EPI__DATE_BIT(UNTIL);
    bool bound = m->from > 0 && token_is(f, m->from - 1, bounds);
    int64_t shift = f->scan.utc_offset_min * EPI__MINUTE_US;
    epi_interval interval = {m->span.from - shift, m->span.to - shift, f->scan.utc_offset_min};
    f->before = m->span;
    f->has_before = true;
    if (interval.from < EPI_TIME_MIN || interval.to > EPI_TIME_MAX) return;
    all->ranks[all->count] = bound ? EPI__MAX(m->rule->rank, EPI__RANK_BOUND) : m->rule->rank;
    all->mentions[all->count++] = (epi_time_mention){f->tokens[m->from].from, f->tokens[m->to - 1].to, interval,
                                                     m->span.precision};
}

static void find_all(found *all, finder *f) {
    for (fill(f); f->at < f->count && all->count < EPI_TIME_MENTION_COUNT_MAX; fill(f)) {
        match m;
        if (match_here(&m, f)) {
            add(all, f, &m);
            f->at = m.to;
        } else {
            f->at++;
        }
    }
}

/* Rank by rank, each in the order of the text. */
static void give(epi_time_mention *mentions, size_t room, const found *all) {
    size_t given = 0;
    for (uint8_t rank = EPI__RANK_PLAIN; rank <= EPI__RANK_VAGUE; rank++)
        for (size_t i = 0; i < all->count && given < room; i++)
            if (all->ranks[i] == rank) mentions[given++] = all->mentions[i];
}

epi_status epi__date_find(epi_time_mention *mentions, size_t *count, size_t room, const epi__date_language *language,
                          const char *text, size_t size, epi_time at, int32_t utc_offset_min) {
    if (count == NULL || (text == NULL && size > 0) || (mentions == NULL && room > 0))
        return epi__fail(EPI_EINVAL, "time", "an argument was NULL");
    *count = 0;
    if (at < EPI_TIME_MIN || at > EPI_TIME_MAX)
        return epi__fail(EPI_EINVAL, "time", "the time of the text was before the year 1 or after 9999");
    if (utc_offset_min < -EPI__OFFSET_MIN_MAX || utc_offset_min > EPI__OFFSET_MIN_MAX)
        return epi__fail(EPI_EINVAL, "time", "the offset was %d minutes, limit %d", utc_offset_min,
                         EPI__OFFSET_MIN_MAX);
    if (size == 0) return EPI_OK;
    EPI__TRY(epi__utf8_check("time", "the text", text, size));
    finder f = {.scan = {language, text, size, 0, utc_offset_min}, .now = at + utc_offset_min * EPI__MINUTE_US};
    found all = {.count = 0};
    find_all(&all, &f);
    give(mentions, room, &all);
    *count = all.count;
    return EPI_OK;
}

epi_status epi_time_find(epi_time_mention *mentions, size_t *count, size_t room, const char *text, size_t size,
                         epi_time at, int32_t utc_offset_min) {
    return epi__date_find(mentions, count, room, &epi__date_english, text, size, at, utc_offset_min);
}
