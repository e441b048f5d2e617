/* values.c - small conversions that the formats share: JSON values as text, base64, ids made from content.
 *
 * Invariant: epi__json_is_plain() is what lets an export put JSON into a line as it is: only then does reading it back
 * give the same bytes.
 */
#include "transfer.h"

#include <stdio.h>

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static void copy_number(epi_json_writer *writer, const char *name, const epi_json *value) {
    int64_t integer;
    double number = 0.0;
    if (epi_json_integer(&integer, value)) {
        epi_json_put_integer(writer, name, integer);
    } else {
        epi_json_number(&number, value);
        epi_json_put_number(writer, name, number);
    }
}

static void copy_members(epi_json_writer *writer, const epi_json *value) {
    for (const epi_json *at = epi_json_first(value); at != NULL; at = epi_json_next(at)) {
        epi__json_copy(writer, epi_json_name(at), at);
    }
    epi_json_end(writer);
}

/* As deep as the document, which the parser has bounded by EPI_JSON_DEPTH_MAX. */
void epi__json_copy(epi_json_writer *writer, const char *name, const epi_json *value) {
    size_t size = 0;
    switch (epi_json_type_of(value)) {
    case EPI_JSON_OBJECT:
        epi_json_begin_object(writer, name);
        copy_members(writer, value);
        break;
    case EPI_JSON_ARRAY:
        epi_json_begin_array(writer, name);
        copy_members(writer, value);
        break;
    case EPI_JSON_STRING: {
        const char *text = epi_json_string(value, &size);
        epi_json_put_string(writer, name, text, size);
        break;
    }
    case EPI_JSON_NUMBER: copy_number(writer, name, value); break;
    case EPI_JSON_BOOL: epi_json_put_bool(writer, name, epi_json_true(value)); break;
    case EPI_JSON_NULL:
    case EPI_JSON_ABSENT: epi_json_put_null(writer, name); break;
    }
}

epi_status epi__json_text(epi__buffer *out, const epi_json *value) {
    epi__buffer_clear(out);
    epi_json_writer *writer = NULL;
    EPI__TRY(epi_json_writer_new(&writer, false));
    epi__json_copy(writer, NULL, value);
    size_t size = 0;
    const char *text = epi_json_writer_text(&size, writer);
    if (text != NULL) epi__buffer_append(out, text, size);
    epi_json_writer_free(writer);
    return text == NULL || out->failed ? epi__fail_memory("transfer", size) : EPI_OK;
}

epi_status epi__json_is_plain(bool *plain, const char *text, size_t size) {
    *plain = false;
    if (size == 0 || (*text != '{' && *text != '[')) return EPI_OK;
    epi_json *root = NULL;
    epi__buffer copy = {0};
    epi_status status = epi_json_parse(&root, text, size);
    if (status == EPI_OK) status = epi__json_text(&copy, root);
    *plain = status == EPI_OK && copy.size == size && memcmp(copy.data, text, size) == 0;
    epi_json_free(root);
    epi__buffer_dispose(&copy);
    return status == EPI_ENOMEM ? status : EPI_OK;
}

const char *epi__json_text_of(const epi_json *object, const char *name) {
    const char *text = epi_json_string(epi_json_member(object, name), NULL);
    return text != NULL && *text != '\0' ? text : NULL;
}

/* ---- base64 ---------------------------------------------------------------------------------------------------- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void epi__base64_encode(epi__buffer *out, const void *data, size_t size) {
    const uint8_t *in = data;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0);
        char four[4] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63], left > 1 ? alphabet[bits >> 6 & 63] : '=',
                        left > 2 ? alphabet[bits & 63] : '='};
        epi__buffer_append(out, four, sizeof four);
    }
}

/* 0 to 63, or 64 for a character that is not of the alphabet. */
static uint32_t digit_of(char c) {
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (uint32_t)(at - alphabet) : 64;
}

/* Four characters; `pad` of them are '='. Bits that the padding leaves over must be zero. */
static bool decode_four(epi__buffer *out, const char *four, size_t pad) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t digit = i < 4 - pad ? digit_of(four[i]) : 0;
        if (digit > 63) return false;
        bits = bits << 6 | digit;
    }
    uint8_t three[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
    epi__buffer_append(out, three, 3 - pad);
    return (pad < 1 || three[2] == 0) && (pad < 2 || three[1] == 0);
}

bool epi__base64_decode(epi__buffer *out, const char *text, size_t size) {
    if (size % 4 != 0) return false;
    for (size_t i = 0; i < size; i += 4) {
        bool last = i + 4 == size;
        size_t pad = !last || text[i + 3] != '=' ? 0 : text[i + 2] == '=' ? 2 : 1;
        if (!decode_four(out, text + i, pad)) return false;
    }
    return true;
}

/* ---- ids ------------------------------------------------------------------------------------------------------- */

void epi__derived_id(char out[EPI__DERIVED_ID_SIZE], const char *prefix, const void *data, size_t size) {
    epi__hash128 hash = epi__hash128_of(data, size);
    snprintf(out, EPI__DERIVED_ID_SIZE, "%.20s:%016llx%016llx", prefix, (unsigned long long)hash.high,
             (unsigned long long)hash.low);
}
