/* term_escape.h - texts that a terminal shows and that cannot command it, for all programs.
 *
 * Idea: whatever comes from a memory, or from who calls, was written by somebody else. Control characters (ANSI
 * escapes), marks that turn the direction of text, and invisible characters are shown as escapes, so that a text can
 * neither move the cursor nor look like something it is not. Invalid UTF-8 is shown byte by byte.
 */
#ifndef TOOLS_TERM_ESCAPE_H
#define TOOLS_TERM_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

#define TERM_ESCAPE_SPARE 4u /* bytes behind an escaped text that its owner may use, the last for its end */

/* Decodes one character; its size, or 0 where the bytes are no UTF-8. */
size_t term_decode(uint32_t *code, const unsigned char *text, size_t size);
/* A text with escapes, on the heap; NULL without memory. @param newline what a line break becomes */
char *term_escape(const char *text, size_t size, const char *newline);
/* The same for JSON that was written for us: it stays the same JSON. */
char *term_escape_json(const char *json, size_t size);

#endif
