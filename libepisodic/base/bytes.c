/* bytes.c - growing buffers to write to, a cursor to read bytes that cannot be trusted, and what a UTF-8 character is.
 *
 * Idea: both sides carry a sticky `failed`, so that a record is written or read in straight lines and checked once.
 * Format: integers and floats little-endian, varints LEB128 (seven bits a byte, lowest first, no needless zero byte
 * behind).
 * Invariant: size <= capacity; a reader's next <= end, and next == end once it failed.
 * Ownership: a buffer owns its data until epi__buffer_dispose(); a reader owns nothing.
 */
#include "base.h"

#include <stdio.h>

#define CAPACITY_MIN 64u
#define VARINT_SIZE_MAX 10u

/* ---- writing ---- */

void epi__buffer_dispose(epi__buffer *buffer) {
    epi__free(buffer->data);
    *buffer = (epi__buffer){0};
}

void epi__buffer_clear(epi__buffer *buffer) {
    buffer->size = 0;
    buffer->failed = false;
}

static bool grow(epi__buffer *buffer, size_t more) {
    if (more > SIZE_MAX - buffer->size) return false;
    size_t needed = buffer->size + more;
    size_t doubled = buffer->capacity > SIZE_MAX / 2 ? SIZE_MAX : buffer->capacity * 2;
    size_t capacity = EPI__MAX(EPI__MAX(needed, doubled), CAPACITY_MIN);
    uint8_t *data = epi__realloc(buffer->data, capacity, 1);
    if (data == NULL) return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

/* A buffer that holds nothing yet has no capacity either, so that with room there is data. */
static bool has_room(const epi__buffer *buffer, size_t more) {
    return more <= buffer->capacity - buffer->size && buffer->data != NULL && !buffer->failed;
}

bool epi__buffer_reserve(epi__buffer *buffer, size_t more) {
    if (has_room(buffer, more)) return true;
    if (buffer->failed || !grow(buffer, more)) buffer->failed = true;
    return !buffer->failed;
}

void epi__buffer_append(epi__buffer *buffer, const void *data, size_t size) {
    if (size == 0 || (!has_room(buffer, size) && !epi__buffer_reserve(buffer, size))) return;
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
}

void epi__buffer_append_u8(epi__buffer *buffer, uint8_t value) {
    if (!has_room(buffer, 1) && !epi__buffer_reserve(buffer, 1)) return;
    buffer->data[buffer->size++] = value;
}

/* The lowest `count` bytes of value, lowest first. */
static void append_little(epi__buffer *buffer, uint64_t value, size_t count) {
    uint8_t bytes[8];
    for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)(value >> (8 * i));
    epi__buffer_append(buffer, bytes, count);
}

void epi__buffer_append_u16(epi__buffer *buffer, uint16_t value) {
    append_little(buffer, value, 2);
}

void epi__buffer_append_u32(epi__buffer *buffer, uint32_t value) {
    append_little(buffer, value, 4);
}

void epi__buffer_append_u64(epi__buffer *buffer, uint64_t value) {
    append_little(buffer, value, 8);
}

void epi__buffer_append_f32(epi__buffer *buffer, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    append_little(buffer, bits, 4);
}

void epi__buffer_append_f64(epi__buffer *buffer, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    append_little(buffer, bits, 8);
}

void epi__buffer_append_varint(epi__buffer *buffer, uint64_t value) {
    uint8_t bytes[VARINT_SIZE_MAX];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7) bytes[size++] = (uint8_t)(value | 0x80);
    bytes[size++] = (uint8_t)value;
    epi__buffer_append(buffer, bytes, size);
}

void epi__buffer_append_bytes(epi__buffer *buffer, const void *data, size_t size) {
    epi__buffer_append_varint(buffer, size);
    epi__buffer_append(buffer, data, size);
}

void epi__buffer_append_text(epi__buffer *buffer, const char *text) {
    epi__buffer_append(buffer, text, strlen(text));
}

void epi__buffer_append_format(epi__buffer *buffer, const char *format, ...) {
    va_list arguments, again;
    if (!epi__buffer_reserve(buffer, 1)) return; /* vsnprintf wants room for its NUL */
    size_t room = buffer->capacity - buffer->size;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf((char *)buffer->data + buffer->size, room, format, arguments);
    va_end(arguments);
    if (size < 0) buffer->failed = true;
    if (size >= 0 && (size_t)size >= room && epi__buffer_reserve(buffer, (size_t)size + 1))
        vsnprintf((char *)buffer->data + buffer->size, (size_t)size + 1, format, again);
    va_end(again);
    if (!buffer->failed) buffer->size += (size_t)size;
}

#define DIGITS_MAX 24u

void epi__buffer_append_decimal(epi__buffer *buffer, uint64_t value, size_t least) {
    char digits[DIGITS_MAX];
    size_t at = sizeof digits;
    for (; at > 0 && (value > 0 || sizeof digits - at < least); value /= 10) digits[--at] = (char)('0' + value % 10);
    epi__buffer_append(buffer, digits + at, sizeof digits - at);
}

const char *epi__buffer_text(epi__buffer *buffer) {
    if (!epi__buffer_reserve(buffer, 1)) return "";
    buffer->data[buffer->size] = '\0';
    return (const char *)buffer->data;
}

/* ---- reading ---- */

epi__reader epi__reader_of(const void *data, size_t size) {
    static const uint8_t nothing;
    const uint8_t *start = data != NULL ? data : &nothing;
    return (epi__reader){start, start + (data != NULL ? size : 0), data == NULL && size > 0};
}

/* The next `size` bytes, or NULL past the end. */
static inline const uint8_t *take(epi__reader *reader, size_t size) {
    if (reader->failed || size > (size_t)(reader->end - reader->next)) {
        reader->failed = true;
        reader->next = reader->end;
        return NULL;
    }
    const uint8_t *taken = reader->next;
    reader->next += size;
    return taken;
}

static inline uint64_t take_little(epi__reader *reader, size_t count) {
    const uint8_t *bytes = take(reader, count);
    uint64_t value = 0;
    if (bytes == NULL) return 0;
    for (size_t i = 0; i < count; i++) value |= (uint64_t)bytes[i] << (8 * i); /* one load, once count is known */
    return value;
}

uint8_t epi__read_u8(epi__reader *reader) {
    return (uint8_t)take_little(reader, 1);
}

uint16_t epi__read_u16(epi__reader *reader) {
    return (uint16_t)take_little(reader, 2);
}

uint32_t epi__read_u32(epi__reader *reader) {
    return (uint32_t)take_little(reader, 4);
}

uint64_t epi__read_u64(epi__reader *reader) {
    return take_little(reader, 8);
}

float epi__read_f32(epi__reader *reader) {
    uint32_t bits = epi__read_u32(reader);
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

double epi__read_f64(epi__reader *reader) {
    uint64_t bits = epi__read_u64(reader);
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint64_t fail_reader(epi__reader *reader) {
    reader->failed = true;
    reader->next = reader->end;
    return 0;
}

/* Refuses what the writer never writes: more than 64 bits, and a zero byte that only lengthens. One value, one form. */
uint64_t epi__read_varint(epi__reader *reader) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 7 * VARINT_SIZE_MAX; shift += 7) {
        const uint8_t *byte = take(reader, 1);
        if (byte == NULL) return 0;
        if (shift == 63 && *byte > 1) break;
        value |= (uint64_t)(*byte & 0x7F) << shift;
        if (*byte == 0 && shift > 0) break;
        if (*byte < 0x80) return value;
    }
    return fail_reader(reader);
}

epi__view epi__read_view(epi__reader *reader, size_t size) {
    const uint8_t *data = take(reader, size);
    return (epi__view){data, data != NULL ? size : 0};
}

epi__view epi__read_bytes(epi__reader *reader) {
    uint64_t size = epi__read_varint(reader);
    if (size > SIZE_MAX) fail_reader(reader);
    return epi__read_view(reader, (size_t)size);
}

/* ---- UTF-8 ---- */

/* Size of the character that a first byte announces; 0 for a byte that begins none. C0, C1 would be overlong. */
static size_t announced_size(uint8_t first) {
    if (first < 0x80) return 1;
    if (first < 0xC2) return 0;
    if (first < 0xE0) return 2;
    if (first < 0xF0) return 3;
    return first < 0xF5 ? 4 : 0;
}

/* Source: Unicode Standard, table 3-7, well-formed byte sequences: only the second byte has special limits. */
size_t epi__utf8_sequence(const uint8_t *p, size_t left) {
    size_t size = left > 0 ? announced_size(p[0]) : 0;
    if (size < 2) return size;
    if (size > left) return 0;
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0;
    }
    if (p[0] == 0xE0 && p[1] < 0xA0) return 0; /* overlong */
    if (p[0] == 0xED && p[1] > 0x9F) return 0; /* a surrogate */
    if (p[0] == 0xF0 && p[1] < 0x90) return 0; /* overlong */
    if (p[0] == 0xF4 && p[1] > 0x8F) return 0; /* past U+10FFFF */
    return size;
}
