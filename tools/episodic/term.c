/* term.c - what a terminal shows: colours and widths. Texts that come from a memory went through term_escape()
 * (../common/term_escape.h) before.
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

/* ---- widths ---------------------------------------------------------------------------------------------------- */

/* Columns of the character at the start of an escaped text; its bytes in *size. */
static size_t character(const char *text, size_t *size) {
    uint32_t code = 0;
    *size = term_decode(&code, (const unsigned char *)text, strlen(text));
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
