/* utf8.c - UTF-8: checking, cutting, measuring, folding. The one utf8proc door.
 *
 * Idea: text is checked once where it enters; behind that everything may assume valid UTF-8. ASCII, which most text is,
 * never reaches utf8proc.
 * Invariant: nothing here gives out half a character.
 * Source: Unicode Standard Annex 15 (normal forms) and section 3.13 (case folding), as utf8proc does them.
 */
#include "parts.h"

#include <utf8proc.h>

/* ---- checking, cutting, measuring ---- */

/* Eight bytes at a time while they are ASCII and none is NUL. */
static size_t plain_prefix(const uint8_t *p, size_t size) {
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    size_t at = 0;
    for (; size - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, p + at, 8);
        if (((word | (word - ones)) & highs) != 0) break;
    }
    while (at < size && p[at] != 0 && p[at] < 0x80) at++;
    return at;
}

size_t epi__utf8_valid(const void *text, size_t size) {
    const uint8_t *p = text;
    size_t at = 0;
    while (at < size) {
        at += plain_prefix(p + at, size - at);
        if (at == size || p[at] == 0) break;
        size_t step = epi__utf8_sequence(p + at, size - at);
        if (step == 0) break;
        at += step;
    }
    return at;
}

epi_status epi__utf8_check(const char *module, const char *what, const void *text, size_t size) {
    if (size == 0) return EPI_OK;
    if (text == NULL) return epi__fail(EPI_EINVAL, module, "%s was NULL with %zu bytes", what, size);
    size_t valid = epi__utf8_valid(text, size);
    if (valid == size) return EPI_OK;
    unsigned byte = ((const uint8_t *)text)[valid];
    if (byte == 0) return epi__fail(EPI_EUTF8, module, "%s had a NUL byte at offset %zu of %zu", what, valid, size);
    return epi__fail(EPI_EUTF8, module, "%s was not UTF-8 at offset %zu of %zu (byte 0x%02X)", what, valid, size, byte);
}

static bool is_continuation(char byte) {
    return ((unsigned char)byte & 0xC0) == 0x80;
}

size_t epi__utf8_cut(const char *text, size_t size, size_t limit) {
    if (size <= limit) return size;
    while (limit > 0 && is_continuation(text[limit])) limit--;
    return limit;
}

/* The code point of valid UTF-8; a stray byte stands for itself. */
static int32_t decode(size_t *size, const char *text, size_t left) {
    utf8proc_int32_t point;
    utf8proc_ssize_t most = (utf8proc_ssize_t)EPI__MIN(left, 4u);
    utf8proc_ssize_t taken = utf8proc_iterate((const utf8proc_uint8_t *)text, most, &point);
    *size = taken > 0 ? (size_t)taken : 1;
    return taken > 0 ? point : (unsigned char)text[0];
}

static size_t columns_of(int32_t point) {
    if (point < 0x80) return point >= 0x20 && point != 0x7F;
    int width = utf8proc_charwidth(point);
    return width > 0 ? (size_t)width : 0;
}

size_t epi__utf8_columns(const char *text, size_t size) {
    size_t columns = 0;
    for (size_t at = 0, step; at < size; at += step) columns += columns_of(decode(&step, text + at, size - at));
    return columns;
}

/* ---- kinds ---- */

/* Scripts written without spaces between words (Korean has them, but its particles stick to the words). */
static bool is_unspaced(int32_t point) {
    static const int32_t ranges[][2] = {
        {0x0E00, 0x0EFF},   /* Thai, Lao */
        {0x1000, 0x109F},   /* Burmese */
        {0x1100, 0x11FF},   /* Hangul letters */
        {0x1780, 0x17FF},   /* Khmer */
        {0x2E80, 0x2FDF},   /* Han radicals */
        {0x3005, 0x3007},   /* Han repetition, closing, zero */
        {0x3040, 0x318F},   /* Hiragana, Katakana, Bopomofo, Hangul compatibility */
        {0x31F0, 0x31FF},   /* Katakana extensions */
        {0x3400, 0x4DBF},   /* Han extension A */
        {0x4E00, 0x9FFF},   /* Han */
        {0xA960, 0xA97F},   /* Hangul letters */
        {0xAC00, 0xD7FF},   /* Hangul */
        {0xF900, 0xFAFF},   /* Han compatibility */
        {0xFF66, 0xFFDC},   /* half-width Katakana and Hangul */
        {0x1B000, 0x1B16F}, /* Kana extensions */
        {0x20000, 0x3FFFD}, /* Han extensions */
    };
    for (size_t i = 0; i < EPI__COUNT(ranges) && point >= ranges[i][0]; i++) {
        if (point <= ranges[i][1]) return true;
    }
    return false;
}

static bool is_mark(int32_t point, const utf8proc_property_t *property) {
    bool voiced = point == 0xFF9E || point == 0xFF9F; /* half-width voicing: a letter by category, a mark by use */
    bool mark = property->category >= UTF8PROC_CATEGORY_MN && property->category <= UTF8PROC_CATEGORY_ME;
    return voiced || mark || property->ignorable;
}

static bool is_letter_or_digit(int32_t point, const utf8proc_property_t *property) {
    if (point == 0x02BC) return false; /* a letter by category, an apostrophe by use */
    return property->category >= UTF8PROC_CATEGORY_LU && property->category <= UTF8PROC_CATEGORY_NO &&
           !(property->category >= UTF8PROC_CATEGORY_MN && property->category <= UTF8PROC_CATEGORY_ME);
}

static epi__kind kind_of(int32_t point) {
    const utf8proc_property_t *property = utf8proc_get_property(point);
    if (is_mark(point, property)) return EPI__KIND_MARK;
    if (!is_letter_or_digit(point, property)) return EPI__KIND_SEPARATOR;
    return is_unspaced(point) ? EPI__KIND_UNSPACED : EPI__KIND_LETTER;
}

epi__kind epi__utf8_kind(size_t *size, const char *text, size_t left) {
    return kind_of(decode(size, text, left));
}

bool epi__utf8_is_upper(const char *text, size_t left) {
    size_t size;
    utf8proc_category_t category = utf8proc_category(decode(&size, text, left));
    return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
}

/* ---- folding ---- */

#define DECOMPOSE (UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE)
#define COMPOSE (UTF8PROC_STABLE | UTF8PROC_COMPOSE)

/* Composes `count` code points in place and writes them over themselves as UTF-8. There is room for one more. */
static size_t encode(int32_t *points, size_t count) {
    utf8proc_ssize_t size = utf8proc_reencode(points, (utf8proc_ssize_t)count, (utf8proc_option_t)COMPOSE);
    return size > 0 ? (size_t)size : 0;
}

static size_t fold_ascii(uint8_t *out, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        uint8_t c = (uint8_t)text[i];
        out[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
    }
    return size;
}

epi_status epi__utf8_fold(epi__buffer *out, const char *text, size_t size) {
    epi__buffer_clear(out);
    if (!epi__buffer_reserve(out, size)) return epi__fail_memory("text", size);
    if (plain_prefix((const uint8_t *)text, size) == size) {
        out->size = fold_ascii(out->data, text, size);
        return EPI_OK;
    }
    const utf8proc_uint8_t *source = (const utf8proc_uint8_t *)text;
    utf8proc_ssize_t length = (utf8proc_ssize_t)size;
    utf8proc_ssize_t count = utf8proc_decompose(source, length, NULL, 0, (utf8proc_option_t)DECOMPOSE);
    if (count < 0) return epi__fail(EPI_EUTF8, "text", "folding stopped: %s", utf8proc_errmsg(count));
    size_t room = ((size_t)count + 1) * sizeof(int32_t);
    if (!epi__buffer_reserve(out, room)) return epi__fail_memory("text", room);
    int32_t *points = (void *)out->data; /* a heap block: aligned for any type */
    utf8proc_decompose(source, length, points, count, (utf8proc_option_t)DECOMPOSE);
    out->size = encode(points, (size_t)count);
    return EPI_OK;
}

static bool is_latin(int32_t point) {
    return point < 0x0250 || (point >= 0x1E00 && point < 0x1F00) || (point >= 0x2C60 && point < 0x2C80) ||
           (point >= 0xA720 && point < 0xA800);
}

/* Keeps letters, digits and the marks that do not sit on Latin ones. */
static size_t drop_marks(int32_t *points, size_t count) {
    size_t kept = 0;
    bool on_latin = false;
    for (size_t i = 0; i < count; i++) {
        epi__kind kind = kind_of(points[i]);
        if (kind == EPI__KIND_SEPARATOR || (kind == EPI__KIND_MARK && on_latin)) continue;
        if (kind != EPI__KIND_MARK) on_latin = is_latin(points[i]);
        points[kept++] = points[i];
    }
    return kept;
}

size_t epi__utf8_fold_word(char *out, size_t limit, const char *word, size_t size) {
    /* No character becomes more than 18 (U+FDFA, 3 bytes); case folding before that at most triples 2-byte letters. */
    int32_t points[EPI__WORD_SIZE_MAX * 6 + 1];
    const size_t capacity = EPI__COUNT(points) - 1;
    assert(size <= EPI__WORD_SIZE_MAX && limit <= EPI__TERM_SIZE_MAX);
    utf8proc_ssize_t count = utf8proc_decompose((const utf8proc_uint8_t *)word, (utf8proc_ssize_t)size, points,
                                                (utf8proc_ssize_t)capacity, (utf8proc_option_t)DECOMPOSE);
    if (count < 0 || (size_t)count > capacity) return 0;
    size_t folded = encode(points, drop_marks(points, (size_t)count));
    folded = epi__utf8_cut((const char *)points, folded, limit);
    memcpy(out, points, folded);
    return folded;
}

/* ---- lines ---- */

/* Bytes of a character at `at` that would break a line: a control (C0, DEL, C1), U+2028 or U+2029; 0: none there. */
static size_t breaks_line(const uint8_t *at, size_t size) {
    if (at[0] < 0x20 || at[0] == 0x7F) return 1;
    if (size >= 2 && at[0] == 0xC2 && at[1] < 0xA0) return 2;
    return size >= 3 && at[0] == 0xE2 && at[1] == 0x80 && (at[2] == 0xA8 || at[2] == 0xA9) ? 3 : 0;
}

void epi__text_append_flat(epi__buffer *out, const char *text, size_t size) {
    const uint8_t *bytes = (const uint8_t *)text;
    size_t run = 0, i = 0;
    while (i < size) {
        size_t broken = breaks_line(bytes + i, size - i);
        if (broken) {
            epi__buffer_append(out, bytes + run, i - run);
            epi__buffer_append_u8(out, ' ');
            run = i + broken;
        }
        i += broken ? broken : 1;
    }
    epi__buffer_append(out, bytes + run, size - run);
}

/* ---- for tokenizers of models ---- */

int32_t epi__utf8_decode(size_t *size, const char *text, size_t left) {
    if ((unsigned char)text[0] < 0x80) return *size = 1, text[0];
    return decode(size, text, left);
}

size_t epi__utf8_put(char out[4], int32_t point) {
    utf8proc_ssize_t size = utf8proc_encode_char(point, (utf8proc_uint8_t *)out);
    return size > 0 ? (size_t)size : 0;
}

static bool is_space(int32_t point, utf8proc_category_t category) {
    return (point >= 9 && point <= 13) || point == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

unsigned epi__utf8_class(int32_t point) {
    utf8proc_category_t category = utf8proc_category(point);
    unsigned class = is_space(point, category) ? EPI__CLASS_SPACE : 0;
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) class |= EPI__CLASS_LETTER;
    if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) class |= EPI__CLASS_MARK;
    if (category == UTF8PROC_CATEGORY_MN) class |= EPI__CLASS_ACCENT;
    if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) class |= EPI__CLASS_NUMBER;
    if (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO) class |= EPI__CLASS_PUNCTUATION;
    if (category == UTF8PROC_CATEGORY_CN || category >= UTF8PROC_CATEGORY_CC) class |= EPI__CLASS_OTHER;
    return class;
}

int32_t epi__utf8_lower(int32_t point) {
    return utf8proc_tolower(point);
}

epi_status epi__utf8_normal(epi__buffer *out, const char *text, size_t size, epi__utf8_form form) {
    static const int options[] = {UTF8PROC_COMPOSE, UTF8PROC_DECOMPOSE, UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
                                  UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT};
    epi__buffer_clear(out);
    if (plain_prefix((const uint8_t *)text, size) == size) {
        epi__buffer_append(out, text, size);
        return out->failed ? epi__fail_memory("text", size) : EPI_OK;
    }
    utf8proc_uint8_t *made = NULL;
    utf8proc_ssize_t length = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &made,
                                           (utf8proc_option_t)(UTF8PROC_STABLE | options[form]));
    if (length < 0) return epi__fail(EPI_EUTF8, "text", "normalising stopped: %s", utf8proc_errmsg(length));
    epi__buffer_append(out, made, (size_t)length);
    epi__free(made); /* the heap is one: utf8proc takes it from malloc too */
    return out->failed ? epi__fail_memory("text", (size_t)length) : EPI_OK;
}
