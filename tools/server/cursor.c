/* cursor.c - opaque places in long lists; see cursor.h.
 *
 * 32 hexadecimal digits: the hash of list and arguments (FNV-1a, 64 bits), and the position xor that hash.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cursor.h"
#include "hash.h"

static bool counts(const char *name) {
    return name == NULL || (strcmp(name, "cursor") != 0 && strcmp(name, "limit") != 0 && strcmp(name, "budget") != 0);
}

/* Depth is bounded by the parser. */
static uint64_t hash_value(uint64_t hash, const epi_json *value) {
    double number = 0.0;
    size_t size = 0;
    int type = (int)epi_json_type_of(value);
    const char *text = epi_json_string(value, &size);
    bool truth = epi_json_true(value);
    const char *name = epi_json_name(value);
    hash = hash_bytes(hash, &type, sizeof type);
    if (name != NULL) hash = hash_bytes(hash, name, strlen(name) + 1);
    if (text != NULL) hash = hash_bytes(hash, text, size + 1);
    hash = hash_bytes(hash, &truth, sizeof truth);
    if (epi_json_number(&number, value)) hash = hash_bytes(hash, &number, sizeof number);
    for (const epi_json *each = epi_json_first(value); each != NULL; each = epi_json_next(each))
        if (counts(epi_json_name(each))) hash = hash_value(hash, each);
    return hash;
}

static uint64_t hash_call(const char *list, const epi_json *arguments) {
    uint64_t hash = hash_bytes(HASH_START, list, strlen(list) + 1);
    for (const epi_json *each = epi_json_first(arguments); each != NULL; each = epi_json_next(each))
        if (counts(epi_json_name(each))) hash = hash_value(hash, each);
    return hash;
}

char *cursor_write(char out[CURSOR_SIZE], const char *list, const epi_json *arguments, uint64_t position) {
    uint64_t hash = hash_call(list, arguments);
    snprintf(out, CURSOR_SIZE, "%016" PRIx64 "%016" PRIx64, hash, position ^ hash);
    return out;
}

static bool read_digits(uint64_t *value, const char *text) {
    static const char digits[] = "0123456789abcdef";
    *value = 0;
    for (size_t i = 0; i < 16; i++) {
        const char *at = text[i] != '\0' ? strchr(digits, text[i]) : NULL;
        if (at == NULL) return false;
        *value = *value << 4 | (uint64_t)(at - digits);
    }
    return true;
}

bool cursor_read(uint64_t *position, const char *cursor, const char *list, const epi_json *arguments) {
    uint64_t hash, mixed;
    *position = 0;
    if (strlen(cursor) != 32 || !read_digits(&hash, cursor) || !read_digits(&mixed, cursor + 16)) return false;
    if (hash != hash_call(list, arguments)) return false;
    *position = mixed ^ hash;
    return true;
}
