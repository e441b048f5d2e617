/* json_scan.c - the checks on JSON text that come before its parser.
 *
 * Idea: the parser behind us is lax inside tokens: it takes any bytes for UTF-8, cuts strings at \u0000, reads "\uZZZZ"
 * as that same zero, takes control characters for blanks, 01 for 1, and keeps numbers as doubles. So each token is held
 * against RFC 8259 here, once, and the parser is left with what it does well: the grammar and the tree.
 * Invariant: what passes has only tokens that the parser reads as RFC 8259 means them, and is nested no deeper than
 * EPI_JSON_DEPTH_MAX.
 * Ownership: nothing is kept.
 * Source: RFC 8259, sections 2, 6 and 7.
 */
#include "json_scan.h"

#include <errno.h>
#include <stdlib.h>

#include "../text/text.h"

#define EXACT_DIGITS 15u     /* a double keeps every integer of so many */
#define NUMBER_SIZE_MAX 63u  /* the parser's own buffer */
#define INTEGER_SIZE_MAX 20u /* "-9223372036854775808" */

typedef struct json_scan {
    const char *text;
    size_t size;
    size_t at;
    size_t depth;
    uint64_t numbers;
    epi__buffer *integers;
} json_scan;

epi_status epi__json_fail_at(const char *text, size_t offset, const char *problem) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    return epi__fail(EPI_EJSON, "json", "%s at line %zu, column %zu", problem, line, column);
}

static epi_status fail_here(const json_scan *scan, const char *problem) {
    return epi__json_fail_at(scan->text, scan->at, problem);
}

/* ---- strings ---- */

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* At the u of \uXXXX. */
static epi_status skip_unicode_escape(json_scan *scan) {
    const char *digits = scan->text + scan->at + 1;
    if (scan->size - scan->at < 5) return fail_here(scan, "escape was cut short");
    for (size_t i = 0; i < 4; i++) {
        if (!is_hex(digits[i])) return fail_here(scan, "escape had no four hexadecimal digits");
    }
    if (memcmp(digits, "0000", 4) == 0) return fail_here(scan, "string had an escaped NUL");
    scan->at += 5;
    return EPI_OK;
}

static epi_status skip_escape(json_scan *scan) {
    scan->at++;
    if (scan->at == scan->size) return fail_here(scan, "string was not closed");
    if (scan->text[scan->at] == 'u') return skip_unicode_escape(scan);
    if (strchr("\"\\/bfnrt", scan->text[scan->at]) == NULL) return fail_here(scan, "escape was unknown");
    scan->at++;
    return EPI_OK;
}

static epi_status skip_string(json_scan *scan) {
    scan->at++;
    while (scan->at < scan->size && scan->text[scan->at] != '"') {
        unsigned char c = (unsigned char)scan->text[scan->at];
        if (c < 0x20) return fail_here(scan, "string had a control character");
        if (c == '\\') {
            EPI__TRY(skip_escape(scan));
        } else {
            scan->at++;
        }
    }
    if (scan->at == scan->size) return fail_here(scan, "string was not closed");
    scan->at++;
    return EPI_OK;
}

/* ---- numbers ---- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The digits from `at` on; returns how many. */
static size_t skip_digits(json_scan *scan) {
    size_t from = scan->at;
    while (scan->at < scan->size && is_digit(scan->text[scan->at])) scan->at++;
    return scan->at - from;
}

static bool skip_if(json_scan *scan, char a, char b) {
    if (scan->at == scan->size || (scan->text[scan->at] != a && scan->text[scan->at] != b)) return false;
    scan->at++;
    return true;
}

/* Keeps an integer that a double would round. One past 64 bits stays the double the parser makes of it. */
static epi_status keep_integer(json_scan *scan, size_t from) {
    char digits[INTEGER_SIZE_MAX + 1];
    size_t size = scan->at - from;
    if (size > INTEGER_SIZE_MAX) return EPI_OK;
    memcpy(digits, scan->text + from, size);
    digits[size] = '\0';
    errno = 0;
    epi__json_integer integer = {scan->numbers, strtoll(digits, NULL, 10)};
    if (errno == ERANGE) return EPI_OK;
    epi__buffer_append(scan->integers, &integer, sizeof(integer));
    return scan->integers->failed ? epi__fail_memory("json", scan->integers->size + sizeof(integer)) : EPI_OK;
}

/* -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static epi_status skip_number(json_scan *scan) {
    size_t from = scan->at;
    skip_if(scan, '-', '-');
    bool leading_zero = scan->at < scan->size && scan->text[scan->at] == '0';
    size_t digits = skip_digits(scan);
    if (digits == 0 || (leading_zero && digits > 1)) return fail_here(scan, "number was malformed");
    if (digits > EXACT_DIGITS) {
        bool whole = scan->at == scan->size || strchr(".eE", scan->text[scan->at]) == NULL;
        if (whole) EPI__TRY(keep_integer(scan, from));
    }
    if (skip_if(scan, '.', '.') && skip_digits(scan) == 0) return fail_here(scan, "number was malformed");
    if (skip_if(scan, 'e', 'E')) {
        skip_if(scan, '+', '-');
        if (skip_digits(scan) == 0) return fail_here(scan, "number was malformed");
    }
    if (scan->at - from > NUMBER_SIZE_MAX) return fail_here(scan, "number had more than 63 characters");
    scan->numbers++;
    return EPI_OK;
}

/* ---- all tokens ---- */

static epi_status open_container(json_scan *scan) {
    if (scan->depth == EPI_JSON_DEPTH_MAX) {
        return epi__fail(EPI_ELIMIT, "json", "text was nested deeper than %d, at offset %zu", EPI_JSON_DEPTH_MAX,
                         scan->at);
    }
    scan->depth++;
    scan->at++;
    return EPI_OK;
}

static void close_container(json_scan *scan) {
    if (scan->depth > 0) scan->depth--;
    scan->at++;
}

static epi_status skip_token(json_scan *scan) {
    char c = scan->text[scan->at];
    if (c == '"') return skip_string(scan);
    if (c == '-' || is_digit(c)) return skip_number(scan);
    if (c == '[' || c == '{') return open_container(scan);
    if (c == ']' || c == '}') {
        close_container(scan);
        return EPI_OK;
    }
    if ((unsigned char)c < 0x20 && strchr("\t\n\r", c) == NULL) return fail_here(scan, "text had a control character");
    scan->at++; /* a blank, comma, colon or letter; the parser knows whether it belongs there */
    return EPI_OK;
}

epi_status epi__json_scan(epi__buffer *integers, const char *text, size_t size) {
    if (size > EPI_JSON_SIZE_MAX) {
        return epi__fail(EPI_ELIMIT, "json", "text had %zu bytes, limit %u", size, EPI_JSON_SIZE_MAX);
    }
    EPI__TRY(epi__utf8_check("json", "text", text, size));
    json_scan scan = {.text = text, .size = size, .integers = integers};
    while (scan.at < size) EPI__TRY(skip_token(&scan));
    return EPI_OK;
}
