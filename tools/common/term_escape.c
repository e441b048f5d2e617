/* term_escape.c - texts that a terminal shows and that cannot command it; see term_escape.h. */
#include "term_escape.h"

#include <stdbool.h>
#include <stdio.h>

size_t term_decode(uint32_t *code, const unsigned char *text, size_t size) {
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = text[0] < 0x80             ? 1
                    : (text[0] & 0xE0) == 0xC0 ? 2
                    : (text[0] & 0xF0) == 0xE0 ? 3
                    : (text[0] & 0xF8) == 0xF0 ? 4
                                               : 0;
    if (length == 0 || length > size) return 0;
    *code = length == 1 ? text[0] : (uint32_t)(text[0] & (0x7F >> length));
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80) return 0;
        *code = *code << 6 | (text[i] & 0x3Fu);
    }
    bool good = *code >= smallest[length] && *code <= 0x10FFFF && (*code < 0xD800 || *code > 0xDFFF);
    return good ? length : 0;
}

typedef struct range {
    uint32_t first;
    uint32_t last;
} range;

/* Controls, line ends, and what changes or hides text without being seen. Joiners of emoji and scripts are left alone.
 * */
static bool is_risky(uint32_t code) {
    static const range risky[] = {{0x00, 0x1F},     {0x7F, 0x9F},      {0x61C, 0x61C},   {0x200B, 0x200B},
                                  {0x200E, 0x200F}, {0x2028, 0x202E},  {0x2060, 0x2069}, {0xFEFF, 0xFEFF},
                                  {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F}};
    for (size_t i = 0; i < sizeof risky / sizeof risky[0]; i++) {
        if (code >= risky[i].first && code <= risky[i].last) return true;
    }
    return false;
}

static void put_escaped(FILE *out, uint32_t code, const char *newline) {
    if (code == '\n') {
        fputs(newline, out);
    } else if (code == '\t') {
        fputs("\\t", out);
    } else if (code < 0x80) {
        fprintf(out, "\\x%02x", code);
    } else {
        fprintf(out, code > 0xFFFF ? "\\U%08x" : "\\u%04x", code);
    }
}

char *term_escape(const char *text, size_t size, const char *newline) {
    static const char spare[TERM_ESCAPE_SPARE] = "";
    char *result = NULL;
    size_t result_size = 0;
    FILE *out = open_memstream(&result, &result_size);
    if (out == NULL) return NULL;
    const unsigned char *at = (const unsigned char *)text;
    for (size_t left = size; left > 0;) {
        uint32_t code = 0;
        size_t length = term_decode(&code, at, left);
        if (length == 0) {
            fprintf(out, "\\x%02x", *at);
            length = 1;
        } else if (is_risky(code)) {
            put_escaped(out, code, newline);
        } else {
            fwrite(at, 1, length, out);
        }
        at += length;
        left -= length;
    }
    fwrite(spare, 1, sizeof spare, out);
    fclose(out);
    return result;
}

/* In JSON that was written for us such characters stand only inside strings, where \u means the same. */
char *term_escape_json(const char *json, size_t size) {
    char *result = NULL;
    size_t result_size = 0;
    FILE *out = open_memstream(&result, &result_size);
    if (out == NULL) return NULL;
    const unsigned char *at = (const unsigned char *)json;
    for (size_t left = size; left > 0;) {
        uint32_t code = 0;
        size_t length = term_decode(&code, at, left);
        if (length > 1 && is_risky(code)) {
            if (code > 0xFFFF) fprintf(out, "\\u%04x", 0xD7C0 + (code >> 10));
            fprintf(out, "\\u%04x", code > 0xFFFF ? 0xDC00 + (code & 0x3FF) : code);
        } else {
            length = length == 0 ? 1 : length;
            fwrite(at, 1, length, out);
        }
        at += length;
        left -= length;
    }
    fclose(out);
    return result;
}
