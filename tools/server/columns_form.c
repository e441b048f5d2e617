/* columns_form.c - writing and reading blocks of columns; see columns_form.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns_form.h"

#define HEAD_SIZE 32u
#define DESCRIPTOR_SIZE 64u
#define BLOCK_SIZE_MAX (1ull << 32)

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "blocks of columns are little-endian, and are read where they lie"
#endif

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {{"", 0},    {"f32", 4}, {"f64", 8}, {"i8", 1},  {"i16", 2}, {"i32", 4},
              {"i64", 8}, {"u8", 1},  {"u16", 2}, {"u32", 4}, {"u64", 8}, {"bool", 1}};
#define DTYPE_COUNT (sizeof dtypes / sizeof dtypes[0])

size_t column_dtype_size(epi_dtype dtype) {
    return (size_t)dtype < DTYPE_COUNT ? dtypes[dtype].size : 0;
}

const char *column_dtype_name(epi_dtype dtype) {
    return (size_t)dtype < DTYPE_COUNT ? dtypes[dtype].name : "";
}

epi_dtype column_dtype_of(const char *name) {
    for (size_t i = 1; i < DTYPE_COUNT; i++) {
        if (strcmp(dtypes[i].name, name) == 0) return (epi_dtype)i;
    }
    return EPI_DTYPE_NONE;
}

#define NUMBER_OF(type)                                             \
    {                                                               \
        type number;                                                \
        memcpy(&number, at + index * sizeof number, sizeof number); \
        return (double)number;                                      \
    }

double column_number(epi_dtype dtype, const void *row, size_t index) {
    const uint8_t *at = row;
    switch (dtype) {
    case EPI_F32: NUMBER_OF(float)
    case EPI_F64: NUMBER_OF(double)
    case EPI_I8: NUMBER_OF(int8_t)
    case EPI_I16: NUMBER_OF(int16_t)
    case EPI_I32: NUMBER_OF(int32_t)
    case EPI_I64: NUMBER_OF(int64_t)
    case EPI_U8:
    case EPI_BOOL: NUMBER_OF(uint8_t)
    case EPI_U16: NUMBER_OF(uint16_t)
    case EPI_U32: NUMBER_OF(uint32_t)
    case EPI_U64: NUMBER_OF(uint64_t)
    case EPI_DTYPE_NONE: break;
    }
    return 0.0;
}

uint64_t column_row_size(const column_entry *entry) {
    uint64_t size = column_dtype_size(entry->dtype);
    if (entry->rank > EPI_RANK_MAX) return 0;
    for (uint32_t axis = 0; axis < entry->rank; axis++) {
        if (entry->shape[axis] == 0 || size > BLOCK_SIZE_MAX / entry->shape[axis]) return 0;
        size *= entry->shape[axis];
    }
    return size;
}

const column_entry *columns_find(const columns *all, const char *name) {
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->entries[i].name, name) == 0) return &all->entries[i];
    }
    return NULL;
}

static void put16(uint8_t *at, uint16_t value) {
    memcpy(at, &value, sizeof value);
}
static void put32(uint8_t *at, uint32_t value) {
    memcpy(at, &value, sizeof value);
}
static void put64(uint8_t *at, uint64_t value) {
    memcpy(at, &value, sizeof value);
}

static uint16_t get16(const uint8_t *at) {
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint32_t get32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t get64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static uint64_t align(uint64_t at) {
    return (at + COLUMNS_ALIGNMENT - 1) / COLUMNS_ALIGNMENT * COLUMNS_ALIGNMENT;
}

static void put_head(uint8_t *block, uint64_t size, const columns *all) {
    memcpy(block, "EPCOLS\0\1", 8);
    put32(block + 8, (uint32_t)all->count);
    put32(block + 12, 0);
    put64(block + 16, all->rows);
    put64(block + 24, size);
}

static void put_descriptor(uint8_t *at, const column_entry *entry, uint32_t name_at) {
    memset(at, 0, DESCRIPTOR_SIZE);
    put32(at, name_at);
    put16(at + 4, (uint16_t)strlen(entry->name));
    at[6] = (uint8_t)entry->dtype;
    at[7] = (uint8_t)entry->rank;
    for (uint32_t axis = 0; axis < entry->rank; axis++) put32(at + 8 + 4 * axis, entry->shape[axis]);
    put64(at + 40, entry->offset);
    put64(at + 48, entry->size);
}

/* Where everything lies; 0: no such block can be. */
static uint64_t lay_out(columns *all) {
    uint64_t at = HEAD_SIZE + all->count * DESCRIPTOR_SIZE;
    if (all->count > COLUMNS_MAX) return 0;
    for (size_t i = 0; i < all->count; i++) at += strlen(all->entries[i].name) + 1;
    for (size_t i = 0; i < all->count; i++) {
        column_entry *entry = &all->entries[i];
        uint64_t row = column_row_size(entry);
        if (row == 0 || (all->rows > 0 && row > BLOCK_SIZE_MAX / all->rows)) return 0;
        entry->offset = at = align(at);
        entry->size = row * all->rows;
        at += entry->size;
        if (at > BLOCK_SIZE_MAX) return 0;
    }
    return at;
}

void *columns_make(size_t *size, columns *all) {
    uint64_t total = lay_out(all);
    uint8_t *block = total > 0 ? malloc((size_t)total) : NULL;
    *size = 0;
    if (block == NULL) return NULL;
    uint64_t name_at = HEAD_SIZE + all->count * DESCRIPTOR_SIZE;
    put_head(block, total, all);
    for (size_t i = 0; i < all->count; i++) {
        column_entry *entry = &all->entries[i];
        put_descriptor(block + HEAD_SIZE + i * DESCRIPTOR_SIZE, entry, (uint32_t)name_at);
        memcpy(block + name_at, entry->name, strlen(entry->name) + 1);
        name_at += strlen(entry->name) + 1;
        /* No byte that was not written leaves: between names and columns are zeros. */
        uint64_t from = i == 0 ? name_at : all->entries[i - 1].offset + all->entries[i - 1].size;
        if (i > 0) memset(block + from, 0, (size_t)(entry->offset - from));
        entry->data = block + entry->offset;
    }
    if (all->count > 0) memset(block + name_at, 0, (size_t)(all->entries[0].offset - name_at));
    *size = (size_t)total;
    return block;
}

void columns_cut(void *block, columns *all, uint64_t rows) {
    uint8_t *bytes = block;
    for (size_t i = 0; i < all->count; i++) {
        column_entry *entry = &all->entries[i];
        uint64_t kept = column_row_size(entry) * rows;
        memset(bytes + entry->offset + kept, 0, (size_t)(entry->size - kept));
        entry->size = kept;
        put64(bytes + HEAD_SIZE + i * DESCRIPTOR_SIZE + 48, kept);
    }
    all->rows = rows;
    put64(bytes + 16, rows);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool fail(char *line, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool fail(char *line, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, size, format, arguments);
    va_end(arguments);
    return false;
}

static bool read_name(column_entry *entry, const uint8_t *at, const uint8_t *block, size_t size) {
    uint64_t from = get32(at), length = get16(at + 4);
    if (length == 0 || length > EPI_NAME_SIZE_MAX || from + length >= size || block[from + length] != 0) return false;
    entry->name = (const char *)block + from;
    return strlen(entry->name) == length;
}

static bool read_column(column_entry *entry, uint64_t rows, const uint8_t *at, uint8_t *block, size_t size) {
    *entry = (column_entry){.dtype = (epi_dtype)at[6], .rank = at[7], .offset = get64(at + 40), .size = get64(at + 48)};
    if (entry->rank > EPI_RANK_MAX) return false;
    for (uint32_t axis = 0; axis < entry->rank; axis++) entry->shape[axis] = get32(at + 8 + 4 * axis);
    uint64_t row = column_row_size(entry);
    if (row == 0 || entry->size > size || entry->size / row != rows || entry->size % row != 0) return false;
    if (entry->offset % COLUMNS_ALIGNMENT != 0 || entry->offset > size - entry->size) return false;
    entry->data = block + entry->offset;
    return true;
}

bool columns_read(columns *all, char *line, size_t line_size, void *block, size_t size) {
    uint8_t *bytes = block;
    if (size < HEAD_SIZE || memcmp(bytes, "EPCOLS\0\1", 8) != 0)
        return fail(line, line_size, "the body is no block of columns");
    uint64_t count = get32(bytes + 8);
    all->rows = get64(bytes + 16);
    all->count = (size_t)count;
    if (get64(bytes + 24) != size)
        return fail(line, line_size, "the block says another size than the body's %zu bytes", size);
    if (count > COLUMNS_MAX || HEAD_SIZE + count * DESCRIPTOR_SIZE > size)
        return fail(line, line_size, "the block has %llu columns, limit %u", (unsigned long long)count, COLUMNS_MAX);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = bytes + HEAD_SIZE + i * DESCRIPTOR_SIZE;
        if (!read_name(&all->entries[i], at, bytes, size))
            return fail(line, line_size, "column %zu of the block has no name", i);
        const char *name = all->entries[i].name;
        if (!read_column(&all->entries[i], all->rows, at, bytes, size))
            return fail(line, line_size, "column %.60s of the block does not fit its rows, or lies outside", name);
        all->entries[i].name = name;
    }
    return true;
}
