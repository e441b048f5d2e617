/* term.c - what a terminal shows: colours, widths, and texts that cannot command it.
 *
 * Idea: whatever comes from a memory was written by somebody else. Control characters (ANSI escapes), marks that turn
 * the direction of text, and invisible characters are shown as escapes, so that a memory can neither move the cursor
 * nor look like something it is not. Invalid UTF-8 is shown byte by byte.
 */
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "cli.h"

void term_init(cli *c) {
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    struct winsize size;
    bool terminal = isatty(STDOUT_FILENO);
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) setlocale(LC_CTYPE, "");
    c->color = terminal && !cli_has(c, "no-color") && (no_color == NULL || *no_color == '\0') && term != NULL &&
               strcmp(term, "dumb") != 0;
    c->width = 0;
    if (terminal) c->width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 80;
}

void term_print(const cli *c, term_color color, const char *format, ...) {
    static const char *const codes[] = {"", "\033[2m", "\033[1m", "\033[36m", "\033[32m", "\033[33m"};
    bool colored = c->color && color != PLAIN;
    va_list arguments;
    va_start(arguments, format);
    if (colored) fputs(codes[color], stdout);
    vprintf(format, arguments);
    if (colored) fputs("\033[0m", stdout);
    va_end(arguments);
}

static const char ellipsis[] = "\xE2\x80\xA6"; /* one column */

/* ---- characters ------------------------------------------------------------------------------------------------ */

/* Decodes one character; its size, or 0 where the bytes are no UTF-8. */
static size_t decode(uint32_t *code, const unsigned char *text, size_t size) {
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
    static const char spare[sizeof ellipsis] = ""; /* so that term_cut() never lacks room */
    char *result = NULL;
    size_t result_size = 0;
    FILE *out = open_memstream(&result, &result_size);
    if (out == NULL) return NULL;
    const unsigned char *at = (const unsigned char *)text;
    for (size_t left = size; left > 0;) {
        uint32_t code = 0;
        size_t length = decode(&code, at, left);
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
        size_t length = decode(&code, at, left);
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

/* ---- widths ---------------------------------------------------------------------------------------------------- */

/* Columns of the character at the start of an escaped text; its bytes in *size. */
static size_t character(const char *text, size_t *size) {
    uint32_t code = 0;
    *size = decode(&code, (const unsigned char *)text, strlen(text));
    if (*size == 0) *size = 1;
    int columns = wcwidth((wchar_t)code);
    return columns < 0 ? 1 : (size_t)columns;
}

size_t term_columns(const char *text) {
    size_t columns = 0;
    for (size_t size; *text != '\0'; text += size) columns += character(text, &size);
    return columns;
}

size_t term_cut(char *text, size_t columns) {
    size_t all = term_columns(text);
    if (all <= columns) return all;
    size_t used = 0;
    size_t at = 0;
    size_t room = columns > 0 ? columns - 1 : 0;
    for (size_t size; text[at] != '\0'; at += size) {
        size_t width = character(text + at, &size);
        if (used + width > room) break;
        used += width;
    }
    memcpy(text + at, ellipsis, sizeof ellipsis);
    return used + 1;
}

/* ---- asking ---------------------------------------------------------------------------------------------------- */

bool term_can_ask(void) {
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool term_confirm(const char *question) {
    char answer[16] = "";
    if (!term_can_ask()) return false;
    fflush(stdout);
    fprintf(stderr, "%s [y/N] ", question);
    return fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}
