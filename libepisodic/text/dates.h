/* dates.h - the parts of epi_time_find(): words get classes, rules over classes get meanings, meanings get intervals.
 *
 *   text -> tokens (dates_scan.c) -> the longest rule that fits (dates.c) -> an interval (dates_meaning.c)
 *
 * What belongs to one language is two tables and a few words of its spelling (dates_english.c); nothing else here knows
 * English. Another language brings an epi__date_language of its own.
 */
#ifndef EPI_TEXT_DATES_H
#define EPI_TEXT_DATES_H

#include <episodic/time.h>

#include "../base/base.h"

/* ---- classes: what a word can be, one bit each ------------------------------------------------------------------- */

typedef enum epi__date_class {
    EPI__DATE_DAY_WORD = 1,  /* days from today: yesterday is -1 */
    EPI__DATE_PART,          /* of a day: an epi__date_part */
    EPI__DATE_NIGHT_WORD,    /* days from today, and its night: tonight is 0 */
    EPI__DATE_WEEKDAY,       /* 0 Monday to 6 Sunday */
    EPI__DATE_WEEKDAY_SHORT, /* an abbreviation that needs a word beside it */
    EPI__DATE_WEEKDAYS,      /* the plural */
    EPI__DATE_MONTH,         /* 1 to 12 */
    EPI__DATE_MONTH_ALONE,   /* a month's name that is no other word and nobody's name */
    EPI__DATE_MONTH_LOWER,   /* what is a month only after "in", "last", "5th of" ... */
    EPI__DATE_SEASON,        /* the month it begins in */
    EPI__DATE_UNIT,          /* an epi__date_unit of a day or more */
    EPI__DATE_UNITS,         /* the plural */
    EPI__DATE_SHORT_UNIT,    /* minute, hour */
    EPI__DATE_NUMBER,        /* as a word or in up to four digits */
    EPI__DATE_TENS,          /* twenty, thirty ... */
    EPI__DATE_ARTICLE,       /* a, an: 1 */
    EPI__DATE_FEW,           /* low x 100 + high: a few, a couple */
    EPI__DATE_ORDINAL,       /* 5th */
    EPI__DATE_ORDINAL_WORD,  /* fifth; -1 is last */
    EPI__DATE_DAY,           /* 1 to 31 in digits */
    EPI__DATE_YEAR,          /* four digits, 1800 to 2199 */
    EPI__DATE_DECADE,        /* its first year */
    EPI__DATE_DECADE_SHORT,  /* the same of "90s", which needs a word before it */
    EPI__DATE_NUMERIC,       /* a whole date in digits: the token's `given` */
    EPI__DATE_CLOCK,         /* minutes after midnight */
    EPI__DATE_MERIDIEM,      /* am 0, pm 12 */
    EPI__DATE_LAST,          /* -1 */
    EPI__DATE_PAST,          /* "past": the last so many days up to now */
    EPI__DATE_THIS,          /* 0 */
    EPI__DATE_NEXT,          /* +1 */
    EPI__DATE_COMING,        /* +1, the nearest one */
    EPI__DATE_AGO,
    EPI__DATE_NOW,
    EPI__DATE_FROM,
    EPI__DATE_EDGE,      /* an epi__date_edge: early, late */
    EPI__DATE_EDGE_NOUN, /* the same with "of" behind it: the end of */
    EPI__DATE_EARLIER,
    EPI__DATE_LATER,
    EPI__DATE_BEFORE,
    EPI__DATE_AFTER,
    EPI__DATE_OTHER,
    EPI__DATE_THE,
    EPI__DATE_IN,
    EPI__DATE_ON,
    EPI__DATE_AT,
    EPI__DATE_OF,
    EPI__DATE_OVER, /* over, during, throughout */
    EPI__DATE_SINCE,
    EPI__DATE_UNTIL,
    EPI__DATE_OR,
    EPI__DATE_SO,
    EPI__DATE_AND,
    EPI__DATE_HALF,
    EPI__DATE_RECENT,
    EPI__DATE_NOT_BEFORE, /* makes another thing of a name that follows: "every Friday", "Black Friday" */
    EPI__DATE_JOINT,      /* may follow a date at once: "on the 5th we ..." */
    EPI__DATE_WAS,        /* tells that the past is spoken of */
    EPI__DATE_WILL,       /* ... the future */
    EPI__DATE_COMMA,
    EPI__DATE_HYPHEN,
    EPI__DATE_PERIOD, /* one that may end an abbreviation, too */
    EPI__DATE_STOP,   /* ends a sentence */
    EPI__DATE_CLASS_COUNT,
} epi__date_class;

#define EPI__DATE_BIT(name) (UINT64_C(1) << EPI__DATE_##name)
#define EPI__DATE_OPTIONAL UINT64_C(1) /* of a rule's item; class 0 is none */

typedef enum epi__date_unit {
    EPI__UNIT_MINUTE,
    EPI__UNIT_HOUR,
    EPI__UNIT_DAY,
    EPI__UNIT_WEEK,
    EPI__UNIT_FORTNIGHT,
    EPI__UNIT_WEEKEND,
    EPI__UNIT_MONTH,
    EPI__UNIT_YEAR,
    EPI__UNIT_DECADE,
} epi__date_unit;

typedef enum epi__date_part {
    EPI__PART_MORNING,
    EPI__PART_NOON,
    EPI__PART_AFTERNOON,
    EPI__PART_EVENING,
    EPI__PART_NIGHT,
} epi__date_part;

typedef enum epi__date_edge { EPI__EDGE_EARLY, EPI__EDGE_MIDDLE, EPI__EDGE_LATE } epi__date_edge;

/* ---- a language -------------------------------------------------------------------------------------------------- */

/* One reading of a word, in lower case. A word with several readings has several entries. */
typedef struct epi__date_word {
    const char *text;
    uint8_t class;
    int16_t value;
    bool capital; /* only where it is written with a capital letter */
} epi__date_word;

/* What a rule's words say together; dates_meaning.c has a function for each. */
typedef enum epi__date_meaning {
    EPI__MEANS_DAY,          /* yesterday */
    EPI__MEANS_PART,         /* this morning, last night */
    EPI__MEANS_UNIT,         /* last week; value: further units away */
    EPI__MEANS_UNIT_SO_FAR,  /* earlier this month */
    EPI__MEANS_UNIT_REST,    /* later this month */
    EPI__MEANS_WEEKEND,      /* the weekend: the nearest on the side that the tense tells */
    EPI__MEANS_ROLLING,      /* the past month: from a month ago to now */
    EPI__MEANS_AGO,          /* two weeks ago */
    EPI__MEANS_AHEAD,        /* in two weeks */
    EPI__MEANS_WEEKDAY,      /* on Friday: the nearest on the side that the tense tells */
    EPI__MEANS_WEEKDAY_OF,   /* last Friday; value 7 with a week of its own: Friday last week */
    EPI__MEANS_WEEKDAYS_AGO, /* two Fridays ago */
    EPI__MEANS_DATE,         /* 7 May, 7 May 2023 */
    EPI__MEANS_DAY_OF_MONTH, /* on the 5th */
    EPI__MEANS_GIVEN,        /* 2023-05-07 */
    EPI__MEANS_MONTH,        /* in May, last May, May 2023, May last year */
    EPI__MEANS_SEASON,       /* last summer, summer of 2022 */
    EPI__MEANS_YEAR,         /* in 2022 */
    EPI__MEANS_DECADE,       /* the 1990s */
    EPI__MEANS_NTH,          /* the first weekend of August */
    EPI__MEANS_BESIDE,       /* the week before: as many units (value) from what was spoken of last, or from now */
    EPI__MEANS_OTHER,        /* the other day */
    EPI__MEANS_RECENT,       /* recently */
    EPI__MEANING_COUNT,
} epi__date_meaning;

#define EPI__DATE_ITEMS_MAX 12u

/* Which of a text's dates answers "when?" first. */
typedef enum epi__date_rank { EPI__RANK_PLAIN, EPI__RANK_BOUND, EPI__RANK_VAGUE } epi__date_rank;

typedef struct epi__date_rule {
    uint8_t meaning;
    int8_t value; /* what the meaning makes of it */
    uint8_t rank;
    uint64_t items[EPI__DATE_ITEMS_MAX]; /* sets of classes, in order; 0 ends them */
} epi__date_rule;

typedef struct epi__date_language {
    const epi__date_word *words; /* in strcmp order of text */
    size_t word_count;
    const epi__date_rule *rules; /* of two that fit as many tokens the first counts */
    size_t rule_count;
    const char *ordinal_endings; /* of digits: "st nd rd th" */
    const char *past_ending;     /* of verbs: "ed" */
    bool month_first;            /* how 05/07/2023 is read; where only one order is possible, that one */
} epi__date_language;

extern const epi__date_language epi__date_english;

/* ---- tokens and spans -------------------------------------------------------------------------------------------- */

/* An interval of local time: microseconds since 1970 as the clock on the wall counts them. */
typedef struct epi__date_span {
    int64_t from;
    int64_t to;
    epi_time_precision precision;
} epi__date_span;

typedef struct epi__date_token {
    size_t from;
    size_t to;
    uint64_t classes;
    const epi__date_word *words; /* its readings, where it has any */
    size_t word_count;
    int32_t number; /* the value of classes that digits have */
    bool capital;
    epi__date_span given;
} epi__date_token;

typedef struct epi__date_scan {
    const epi__date_language *language;
    const char *text;
    size_t size;
    size_t at;
    int32_t utc_offset_min;
} epi__date_scan;

/* The next token; false at the end of the text. */
bool epi__date_next(epi__date_token *token, epi__date_scan *scan);

/* ---- meanings ---------------------------------------------------------------------------------------------------- */

typedef enum epi__date_tense { EPI__TENSE_UNKNOWN, EPI__TENSE_PAST, EPI__TENSE_FUTURE } epi__date_tense;

/* What a rule took from its tokens, and what it is said in. */
typedef struct epi__date_reading {
    uint64_t classes; /* which values there are */
    int32_t values[EPI__DATE_CLASS_COUNT];
    epi__date_span given;
    epi__date_tense tense;
    int32_t value;                /* the rule's */
    int64_t now;                  /* local time */
    const epi__date_span *before; /* what the text spoke of last; NULL: nothing */
} epi__date_reading;

static inline bool epi__date_has(const epi__date_reading *reading, epi__date_class class) {
    return (reading->classes >> class & 1) != 0;
}

/* False where the words make no date: 30 February, a year out of range. */
bool epi__date_resolve(epi__date_span *span, const epi__date_reading *reading, epi__date_meaning meaning);
/* Narrows a day to a part of it, or to a minute. */
epi__date_span epi__date_part_of(epi__date_span day, epi__date_part part);
epi__date_span epi__date_minute_of(epi__date_span day, int32_t minute);

/* ---- finding ----------------------------------------------------------------------------------------------------- */

/* epi_time_find() for any language. */
epi_status epi__date_find(epi_time_mention *mentions, size_t *count, size_t room, const epi__date_language *language,
                          const char *text, size_t size, epi_time at, int32_t utc_offset_min);

#endif
