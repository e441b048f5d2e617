/* columns_form.h - rows of numbers as bytes: what replay sends and takes over HTTP; docs/HTTP.md has it byte by byte.
 *
 * A block is a head, a descriptor for each column, their names, and then each column's data, row after row, as it lies
 * in memory: a client reads a column where it is. All numbers are little-endian, and so is every machine this runs
 * on.
 */
#ifndef SERVER_COLUMNS_FORM_H
#define SERVER_COLUMNS_FORM_H

#include <episodic/episodic.h>

#define COLUMNS_MAX 64u
#define COLUMNS_ALIGNMENT 64u /* of each column's data, from the block's begin */

typedef struct column_entry {
    const char *name;
    epi_dtype dtype;
    uint32_t rank; /* axes of a row */
    uint32_t shape[EPI_RANK_MAX];
    void *data;      /* NULL until the block is there */
    uint64_t size;   /* bytes of all rows */
    uint64_t offset; /* of data in the block */
} column_entry;

typedef struct columns {
    uint64_t rows;
    size_t count;
    column_entry entries[COLUMNS_MAX];
} columns;

size_t column_dtype_size(epi_dtype dtype);      /* 0: no such type */
const char *column_dtype_name(epi_dtype dtype); /* "f32", "bool", ...; "" for none */
epi_dtype column_dtype_of(const char *name);    /* EPI_DTYPE_NONE for none */
/* The index-th number of a row, which may lie anywhere; 0 for no type. */
double column_number(epi_dtype dtype, const void *row, size_t index);
/* Bytes of a row of a column; 0: its type is none, or it is too large. */
uint64_t column_row_size(const column_entry *entry);
const column_entry *columns_find(const columns *all, const char *name);

/* Allocates the block for `rows` rows of columns whose name, dtype, rank and shape are set, writes its head, and sets
 * each data. @param[out] size of the block. NULL: out of memory, or no such block can be. */
void *columns_make(size_t *size, columns *all);
/* Makes a block that was made for more rows tell of fewer: its size stays. */
void columns_cut(void *block, columns *all, uint64_t rows);
/* Reads a block, whose names and data then lie in it. False after saying in `line` what is wrong with it. */
bool columns_read(columns *all, char *line, size_t line_size, void *block, size_t size);

#endif
