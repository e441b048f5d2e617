/* json_writer.c - checked JSON: writing.
 *
 * Idea: text is appended as the calls come; a stack of open containers knows which bracket closes and whether a comma
 * is due. What cannot be JSON (a name in an array, none in an object, a second root, an end of nothing, too deep) fails
 * the writer as a lack of memory does: for good, until it is cleared, and visibly, since its text is then NULL.
 * Invariant: while nothing failed the text is a prefix of a JSON text, and all of one when no container is open.
 * Ownership: the writer owns its text.
 */
#include <episodic/sys/json.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/base.h"

#define INDENT 2u
#define NUMBER_SIZE_MAX 32u

struct epi_json_writer {
    epi__buffer text;
    bool pretty;
    bool misused;
    size_t depth;
    char closing[EPI_JSON_DEPTH_MAX];         /* ] or } for each open container */
    bool has_element[EPI_JSON_DEPTH_MAX + 1]; /* by depth; [0]: the root was written */
};

epi_status epi_json_writer_new(epi_json_writer **writer, bool pretty) {
    if (writer == NULL) return epi__fail(EPI_EINVAL, "json", "writer was NULL");
    *writer = epi__alloc_zero(1, sizeof(**writer));
    if (*writer == NULL) return epi__fail_memory("json", sizeof(**writer));
    (*writer)->pretty = pretty;
    return EPI_OK;
}

void epi_json_writer_free(epi_json_writer *writer) {
    if (writer == NULL) return;
    epi__buffer_dispose(&writer->text);
    epi__free(writer);
}

void epi_json_writer_clear(epi_json_writer *writer) {
    if (writer == NULL) return;
    epi__buffer_clear(&writer->text);
    writer->misused = false;
    writer->depth = 0;
    writer->has_element[0] = false;
}

const char *epi_json_writer_text(size_t *size, epi_json_writer *writer) {
    if (size != NULL) *size = 0;
    if (writer == NULL) return NULL;
    const char *text = epi__buffer_text(&writer->text);
    bool failed = writer->misused || writer->text.failed;
    if (size != NULL) *size = failed ? 0 : writer->text.size;
    return failed ? NULL : text;
}

/* ---- strings ---- */

static void put_escape(epi__buffer *out, uint8_t c) {
    switch (c) {
    case '"': epi__buffer_append_text(out, "\\\""); return;
    case '\\': epi__buffer_append_text(out, "\\\\"); return;
    case '\b': epi__buffer_append_text(out, "\\b"); return;
    case '\f': epi__buffer_append_text(out, "\\f"); return;
    case '\n': epi__buffer_append_text(out, "\\n"); return;
    case '\r': epi__buffer_append_text(out, "\\r"); return;
    case '\t': epi__buffer_append_text(out, "\\t"); return;
    default: epi__buffer_append_format(out, "\\u%04x", c); return;
    }
}

#define ONES UINT64_C(0x0101010101010101)

/* Whether eight bytes stand for themselves. Each that does not sets its high bit: one below 0x20, a quote or a
 * backslash by the borrow of a subtraction, DEL by a carry, those above by themselves. With none of them nothing is
 * carried on to a neighbour. */
static bool are_plain(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    uint64_t quote = word ^ (ONES * '"'), slash = word ^ (ONES * '\\');
    return (((word - ONES * 0x20) | (quote - ONES) | (slash - ONES) | (word + ONES) | word) & (ONES * 0x80)) == 0;
}

static bool is_plain(uint8_t c) {
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* How many of the first bytes stand for themselves: all that do, or some of them. */
static size_t plain_run(const uint8_t *p, size_t size) {
    size_t at = 0;
    while (size - at >= 8 && are_plain(p + at)) at += 8;
    while (at < size && is_plain(p[at])) at++;
    return at;
}

/* Most strings stand for themselves as they are. */
static bool put_plain(epi__buffer *out, const uint8_t *text, size_t size) {
    if (plain_run(text, size) < size || !epi__buffer_reserve(out, size + 2)) return false;
    uint8_t *at = out->data + out->size;
    *at = '"';
    memcpy(at + 1, text, size);
    at[size + 1] = '"';
    out->size += size + 2;
    return true;
}

/* Bytes that stand for themselves are appended as one run. */
static void put_quoted(epi__buffer *out, const char *text, size_t size) {
    const uint8_t *p = (const uint8_t *)text;
    size_t run = 0, at = 0;
    if (put_plain(out, p, size)) return;
    epi__buffer_append_u8(out, '"');
    while (at += plain_run(p + at, size - at), at < size) {
        size_t step = epi__utf8_sequence(p + at, size - at);
        if (step > 1) {
            at += step;
            continue;
        }
        epi__buffer_append(out, p + run, at - run);
        if (step == 1) put_escape(out, p[at]);
        if (step == 0) epi__buffer_append_text(out, "\xEF\xBF\xBD"); /* U+FFFD */
        run = ++at;
    }
    if (size > run) epi__buffer_append(out, p + run, size - run);
    epi__buffer_append_u8(out, '"');
}

/* ---- structure ---- */

static void break_line(epi_json_writer *writer) {
    if (!writer->pretty) return;
    epi__buffer_append_u8(&writer->text, '\n');
    for (size_t i = 0; i < INDENT * writer->depth; i++) epi__buffer_append_u8(&writer->text, ' ');
}

/* A name is wanted in objects and nowhere else; the root has one value. */
static bool may_put(const epi_json_writer *writer, const char *name) {
    if (writer->misused) return false;
    if (writer->depth == 0) return name == NULL && !writer->has_element[0];
    return (name != NULL) == (writer->closing[writer->depth - 1] == '}');
}

/* All that stands before a value: comma, line break, name. False when no value may stand here. */
static bool begin_value(epi_json_writer *writer, const char *name) {
    if (writer == NULL) return false;
    if (!may_put(writer, name)) {
        writer->misused = true;
        return false;
    }
    if (writer->has_element[writer->depth]) epi__buffer_append_u8(&writer->text, ',');
    writer->has_element[writer->depth] = true;
    if (writer->depth > 0) break_line(writer);
    if (name == NULL) return true;
    put_quoted(&writer->text, name, strlen(name));
    epi__buffer_append_u8(&writer->text, ':');
    if (writer->pretty) epi__buffer_append_u8(&writer->text, ' ');
    return true;
}

static void begin_container(epi_json_writer *writer, const char *name, char opening, char closing) {
    if (!begin_value(writer, name)) return;
    if (writer->depth == EPI_JSON_DEPTH_MAX) {
        writer->misused = true;
        return;
    }
    epi__buffer_append_u8(&writer->text, (uint8_t)opening);
    writer->closing[writer->depth++] = closing;
    writer->has_element[writer->depth] = false;
}

void epi_json_begin_object(epi_json_writer *writer, const char *name) {
    begin_container(writer, name, '{', '}');
}

void epi_json_begin_array(epi_json_writer *writer, const char *name) {
    begin_container(writer, name, '[', ']');
}

void epi_json_end(epi_json_writer *writer) {
    if (writer == NULL) return;
    if (writer->depth == 0) writer->misused = true;
    if (writer->misused) return;
    bool had_elements = writer->has_element[writer->depth--];
    if (had_elements) break_line(writer);
    epi__buffer_append_u8(&writer->text, (uint8_t)writer->closing[writer->depth]);
}

/* ---- values ---- */

void epi_json_put_string(epi_json_writer *writer, const char *name, const char *text, size_t size) {
    if (text == NULL) {
        epi_json_put_null(writer, name);
    } else if (begin_value(writer, name)) {
        put_quoted(&writer->text, text, size);
    }
}

void epi_json_put_integer(epi_json_writer *writer, const char *name, int64_t value) {
    if (!begin_value(writer, name)) return;
    if (value < 0) epi__buffer_append_u8(&writer->text, '-');
    epi__buffer_append_decimal(&writer->text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1);
}

void epi_json_put_unsigned(epi_json_writer *writer, const char *name, uint64_t value) {
    if (begin_value(writer, name)) epi__buffer_append_decimal(&writer->text, value, 1);
}

/* printf takes the decimal point from the locale; JSON has its own. */
static void put_with_point(epi__buffer *out, const char *number) {
    size_t whole = strspn(number, "-0123456789");
    size_t point = strcspn(number + whole, "0123456789e"); /* of any size */
    epi__buffer_append(out, number, whole);
    if (point > 0) epi__buffer_append_u8(out, '.');
    epi__buffer_append_text(out, number + whole + point);
}

static bool reads_back(const char *number, double value) {
    double again = strtod(number, NULL);
    return memcmp(&again, &value, sizeof(value)) == 0;
}

/* Most numbers people write have few decimals. One that is a whole number of millionths, and large enough for %g to
 * write no exponent, needs no printf: a quotient of two integers that doubles hold exactly is rounded as reading is. */
static bool put_short(epi__buffer *out, double value) {
    double size = fabs(value), millionths = nearbyint(size * 1e6);
    if (size < 1e-4 || size >= 1e9 || millionths / 1e6 < size || millionths / 1e6 > size) return false;
    uint64_t whole = (uint64_t)millionths / 1000000u, rest = (uint64_t)millionths % 1000000u;
    size_t decimals = rest > 0 ? 6 : 0;
    for (; rest > 0 && rest % 10 == 0; rest /= 10) decimals--;
    if (value < 0) epi__buffer_append_u8(out, '-');
    epi__buffer_append_decimal(out, whole, 1);
    if (decimals == 0) return true;
    epi__buffer_append_u8(out, '.');
    epi__buffer_append_decimal(out, rest, decimals);
    return true;
}

/* 15 digits are often enough; 17 always. */
void epi_json_put_number(epi_json_writer *writer, const char *name, double value) {
    if (!isfinite(value)) {
        epi_json_put_null(writer, name);
        return;
    }
    if (!begin_value(writer, name) || put_short(&writer->text, value)) return;
    char number[NUMBER_SIZE_MAX];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(number, sizeof(number), "%.*g", digits, value);
        if (reads_back(number, value)) break;
    }
    put_with_point(&writer->text, number);
}

static void put_literal(epi_json_writer *writer, const char *name, const char *literal) {
    if (begin_value(writer, name)) epi__buffer_append_text(&writer->text, literal);
}

void epi_json_put_bool(epi_json_writer *writer, const char *name, bool value) {
    put_literal(writer, name, value ? "true" : "false");
}

void epi_json_put_null(epi_json_writer *writer, const char *name) {
    put_literal(writer, name, "null");
}

void epi_json_put_raw(epi_json_writer *writer, const char *name, const char *json, size_t size) {
    if (begin_value(writer, name)) epi__buffer_append(&writer->text, json, size);
}
