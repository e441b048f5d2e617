/* dates_scan.c - a text as tokens: words with their readings, digits with what they can be, marks.
 *
 * Idea: whatever begins with a digit is taken whole ("2023-05-07", "10:30pm", "1.2.3", "555-0100"), and only a form
 * that is known gets classes. So a version, a telephone number or a price is one token without classes, in which no
 * rule can find a year. Words are folded in ASCII only: a language writes other capitals into its table.
 * Invariant: each call moves on by at least one byte, and looks at each byte a bounded number of times.
 */
#include "dates.h"

#include <stdlib.h>

#define WORD_SIZE_MAX 32u
#define DIGITS_SIZE_MAX 40u

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Bytes of a mark outside ASCII that is no letter: general punctuation, CJK marks, symbols of four bytes; 0 for other
 * characters. */
static size_t foreign_mark(const char *text, size_t left) {
    const uint8_t *p = (const uint8_t *)text;
    if (left < 2 || p[0] < 0x80) return 0;
    if (p[0] == 0xc2) return 2;
    if (left >= 3 && p[0] == 0xe2 && p[1] < 0xb0) return 3;
    if (left >= 3 && p[0] == 0xe3 && p[1] == 0x80) return 3;
    return left >= 4 && p[0] >= 0xf0 ? 4 : 0;
}

static size_t blank(const char *text, size_t left) {
    if (*text == ' ' || (*text >= '\t' && *text <= '\r')) return 1;
    return left >= 2 && memcmp(text, "\xc2\xa0", 2) == 0 ? 2 : 0; /* a no-break space */
}

static bool is_word(const char *text, size_t left) {
    return is_letter(*text) || is_digit(*text) || ((uint8_t)*text >= 0x80 && foreign_mark(text, left) == 0);
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

static int compare_words(const void *key, const void *element) {
    const epi__date_word *word = element;
    return strcmp(key, word->text);
}

static void add_class(epi__date_token *token, epi__date_class class) {
    token->classes |= UINT64_C(1) << class;
}

static void read_word(epi__date_token *token, const epi__date_language *language, const char *folded) {
    const epi__date_word *end = language->words + language->word_count;
    const epi__date_word *word = bsearch(folded, language->words, language->word_count, sizeof *word, compare_words);
    if (word == NULL) return;
    while (word > language->words && strcmp(word[-1].text, folded) == 0) word--;
    token->words = word;
    for (; word < end && strcmp(word->text, folded) == 0; word++, token->word_count++)
        if (!word->capital || token->capital) add_class(token, word->class);
}

/* A verb in its regular past: "visited", but not "need". */
static bool has_past_ending(const char *folded, size_t size, const char *ending) {
    size_t tail = strlen(ending);
    if (size < tail + 2 || strcmp(folded + size - tail, ending) != 0) return false;
    return folded[size - tail - 1] != ending[0];
}

/* Letters and digits; a point goes on after a single letter ("a.m", "p.m"). */
static size_t word_size(const char *text, size_t left) {
    size_t size = 0;
    while (size < left) {
        if (is_word(text + size, left - size))
            size++;
        else if (text[size] == '.' && left - size > 1 && is_letter(text[size + 1]) && size % 2 == 1 &&
                 (size == 1 || text[size - 2] == '.'))
            size++;
        else
            break;
        while (size < left && ((uint8_t)text[size] & 0xc0) == 0x80) size++;
    }
    return size;
}

static void scan_word(epi__date_token *token, const epi__date_scan *scan) {
    char folded[WORD_SIZE_MAX + 1];
    const char *text = scan->text + token->from;
    size_t size = word_size(text, scan->size - token->from);
    token->to = token->from + size;
    token->capital = *text >= 'A' && *text <= 'Z';
    if (size > WORD_SIZE_MAX) return;
    for (size_t i = 0; i < size; i++) folded[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
    folded[size] = '\0';
    read_word(token, scan->language, folded);
    if (token->classes == 0 && has_past_ending(folded, size, scan->language->past_ending))
        add_class(token, EPI__DATE_WAS);
}

/* ---- digits ------------------------------------------------------------------------------------------------------ */

/* Digits and what stands between them; "20,000" too, "7,2023" not. */
static size_t digits_size(const char *text, size_t left) {
    size_t size = 0;
    while (size < left) {
        size_t more = left - size;
        char c = text[size];
        bool between = more > 1 && is_digit(text[size + 1]);
        bool thousands = c == ',' && more > 3 && between && is_digit(text[size + 2]) && is_digit(text[size + 3]) &&
                         (more == 4 || !is_digit(text[size + 4]));
        bool time = c == 'T' && size == 10 && text[4] == '-';
        bool offset = c == '+' && size > 10 && text[10] == 'T';
        if (!is_digit(c) && !thousands && !(between && (strchr("-/.:", c) != NULL || time || offset))) break;
        size++;
    }
    return size;
}

/* Up to four digits at the cursor; -1 when there are none, or more. */
static int32_t take_number(const char **at) {
    const char *start = *at;
    int32_t value = 0;
    for (; is_digit(**at) && *at - start < 5; (*at)++) value = value * 10 + (**at - '0');
    return *at == start || *at - start > 4 ? -1 : value;
}

static bool take_day(epi__date_span *given, int32_t year, int32_t month, int32_t day) {
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > epi__days_of_month(year, month)) return false;
    int64_t from = epi__days_from_date((epi__date){year, month, day}) * EPI__DAY_US;
    *given = (epi__date_span){from, from + EPI__DAY_US, EPI_PRECISION_DAY};
    return true;
}

/* 07/05/2023, 07-05-2023, 7.5.2023, 5/13/23. With points the day is always first. */
static bool take_written_date(epi__date_span *given, const char *digits, bool month_first) {
    const char *at = digits;
    int32_t first = take_number(&at);
    char separator = *at;
    if (separator == '\0' || strchr("/-.", separator) == NULL) return false;
    at++;
    int32_t second = take_number(&at);
    if (*at++ != separator) return false;
    const char *year_from = at;
    int32_t year = take_number(&at);
    if (*at != '\0' || first < 1 || second < 1) return false;
    if (at - year_from == 2 && separator == '/') year += year < 70 ? 2000 : 1900;
    if (year < 1000) return false;
    if (separator == '.') return take_day(given, year, second, first);
    if (first > 12 || (!month_first && second <= 12)) return take_day(given, year, second, first);
    return take_day(given, year, first, second);
}

/* 2023-05-07, 2023/5/7, 2023-05-07T10:30Z */
static bool take_iso_date(epi__date_span *given, const char *digits, int32_t utc_offset_min) {
    epi_interval interval;
    const char *at = digits;
    int32_t year = take_number(&at);
    if (at - digits != 4 || (*at != '-' && *at != '/')) return false;
    if (strlen(digits) > 10 && epi_time_parse(&interval, digits) == EPI_OK) {
        bool absolute = strpbrk(digits + 11, "Z+-") != NULL;
        int64_t from = interval.from + (absolute ? utc_offset_min : interval.utc_offset_min) * EPI__MINUTE_US;
        from = epi__divide_down(from, EPI__MINUTE_US) * EPI__MINUTE_US;
        *given = (epi__date_span){from, from + EPI__MINUTE_US, EPI_PRECISION_MINUTE};
        return true;
    }
    char separator = *at++;
    int32_t month = take_number(&at);
    if (*at++ != separator) return false;
    int32_t day = take_number(&at);
    return *at == '\0' && take_day(given, year, month, day);
}

/* "10:30", "10:30:15"; meridiem: 0 none, 'a' or 'p'. -1: no time of day. */
static int32_t clock_of(const char *digits, char meridiem) {
    const char *at = digits;
    int32_t hour = take_number(&at);
    int32_t minute = *at == ':' ? (at++, take_number(&at)) : 0;
    if (*at == ':') at++, (void)take_number(&at);
    if (*at != '\0' || hour < 0 || hour > 23 || minute < 0 || minute > 59) return -1;
    if (meridiem == '\0') return hour * 60 + minute;
    if (hour < 1 || hour > 12) return -1;
    return (hour % 12 + (meridiem == 'p' ? 12 : 0)) * 60 + minute;
}

static void set_number(epi__date_token *token, int32_t value, epi__date_class class) {
    add_class(token, class);
    token->number = value;
}

static void read_plain(epi__date_token *token, const char *digits, size_t size) {
    const char *at = digits;
    int32_t value = take_number(&at);
    if (size > 4 || value < 0) return;
    set_number(token, value, EPI__DATE_NUMBER);
    if (size <= 2 && value >= 1 && value <= 31) add_class(token, EPI__DATE_DAY);
    if (size == 4 && value >= 1800 && value <= 2199) add_class(token, EPI__DATE_YEAR);
}

static void read_digits(epi__date_token *token, const epi__date_scan *scan, const char *digits, size_t size) {
    epi__date_span *given = &token->given;
    if (strspn(digits, "0123456789") == size) {
        read_plain(token, digits, size);
    } else if (take_written_date(given, digits, scan->language->month_first) ||
               take_iso_date(given, digits, scan->utc_offset_min)) {
        add_class(token, EPI__DATE_NUMERIC);
    } else if (strchr(digits, ':') != NULL && clock_of(digits, '\0') >= 0) {
        set_number(token, clock_of(digits, '\0'), EPI__DATE_CLOCK);
    }
}

/* "1990s" names a decade by itself, "90s" only behind another word; "1800s" would be a century. */
static void read_decade(epi__date_token *token, const char *digits, size_t size) {
    const char *at = digits;
    int32_t value = take_number(&at);
    if (*at != '\0' || value % 10 != 0) return;
    if (size == 4 && value >= 1800 && value < 2200 && (value % 100 != 0 || value == 2000))
        set_number(token, value, EPI__DATE_DECADE);
    if (size == 2 && value >= 30) set_number(token, 1900 + value, EPI__DATE_DECADE_SHORT);
}

/* Is `word` one of the words in a list with blanks between? */
static bool among(const char *list, const char *word, size_t size) {
    for (const char *at = list; *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (length == size && strncmp(at, word, size) == 0) return true;
        at += length;
    }
    return false;
}

/* Digits with letters right behind them: 7th, 90s, 5pm, and what ISO 8601 ends with. */
static void read_mixed(epi__date_token *token, const epi__date_scan *scan, const char *digits, size_t size,
                       const char *tail, size_t tail_size) {
    const char *at = digits;
    char first = (char)(*tail | 32);
    if (*tail == 'Z' && tail_size == 1 && size < DIGITS_SIZE_MAX) {
        char whole[DIGITS_SIZE_MAX + 2];
        memcpy(whole, digits, size);
        memcpy(whole + size, "Z", 2);
        if (take_iso_date(&token->given, whole, scan->utc_offset_min)) add_class(token, EPI__DATE_NUMERIC);
    } else if (among(scan->language->ordinal_endings, tail, tail_size)) {
        int32_t value = take_number(&at);
        if (*at == '\0' && value >= 1 && value <= 31) set_number(token, value, EPI__DATE_ORDINAL);
    } else if (tail_size == 1 && first == 's') {
        read_decade(token, digits, size);
    } else if (tail_size <= 3 && (first == 'a' || first == 'p') && (tail[tail_size - 1] | 32) == 'm') {
        if (clock_of(digits, first) >= 0) set_number(token, clock_of(digits, first), EPI__DATE_CLOCK);
    }
}

static void scan_digits(epi__date_token *token, const epi__date_scan *scan) {
    char digits[DIGITS_SIZE_MAX + 1];
    const char *text = scan->text + token->from;
    size_t left = scan->size - token->from;
    size_t size = digits_size(text, left);
    size_t tail = size < left ? word_size(text + size, left - size) : 0;
    token->to = token->from + size + tail;
    if (size > DIGITS_SIZE_MAX || (token->to < scan->size && scan->text[token->to] == '%')) return;
    memcpy(digits, text, size);
    digits[size] = '\0';
    if (tail == 0)
        read_digits(token, scan, digits, size);
    else
        read_mixed(token, scan, digits, size, text + size, tail);
}

/* ---- marks ------------------------------------------------------------------------------------------------------- */

static void scan_mark(epi__date_token *token, const epi__date_scan *scan) {
    const char *text = scan->text + token->from;
    size_t size = foreign_mark(text, scan->size - token->from);
    token->to = token->from + (size > 0 ? size : 1);
    if (*text == ',') add_class(token, EPI__DATE_COMMA);
    if (*text == '-') add_class(token, EPI__DATE_HYPHEN);
    if (*text == '.') add_class(token, EPI__DATE_PERIOD);
    if (*text == '.' || *text == '!' || *text == '?' || *text == ';') add_class(token, EPI__DATE_STOP);
}

/* What stands inside an address, a path, a tag or a price is not read. After a point a capital begins a sentence. */
static bool is_inside(const epi__date_scan *scan, const epi__date_token *token) {
    if (token->from == 0) return false;
    char before = scan->text[token->from - 1];
    if (before == '.' && token->from >= 2) return !token->capital && is_word(scan->text + token->from - 2, 1);
    return strchr("/@#_$=&", before) != NULL;
}

bool epi__date_next(epi__date_token *token, epi__date_scan *scan) {
    for (size_t size; scan->at < scan->size; scan->at += size) {
        size = blank(scan->text + scan->at, scan->size - scan->at);
        if (size == 0) break;
    }
    if (scan->at == scan->size) return false;
    *token = (epi__date_token){.from = scan->at};
    const char *text = scan->text + scan->at;
    if (is_digit(*text))
        scan_digits(token, scan);
    else if (is_word(text, scan->size - scan->at))
        scan_word(token, scan);
    else
        scan_mark(token, scan);
    scan->at = token->to;
    if (is_word(text, scan->size - token->from) && is_inside(scan, token)) token->classes = 0;
    return true;
}
