/* fuzz_server_columns.c - any bytes as a block of columns: what is read lies within the block, and the same columns
 * make a block that reads back the same. */
#include <stdlib.h>
#include <string.h>

#include "columns_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static void check_inside(const columns *all, const uint8_t *block, size_t size) {
    for (size_t i = 0; i < all->count; i++) {
        const column_entry *entry = &all->entries[i];
        const uint8_t *from = entry->data;
        require(from >= block && entry->size <= size && from <= block + size - entry->size);
        require(entry->size == column_row_size(entry) * all->rows && column_dtype_size(entry->dtype) > 0);
        require((const uint8_t *)entry->name >= block &&
                (const uint8_t *)entry->name + strlen(entry->name) < block + size);
        require(columns_find(all, entry->name) != NULL);
    }
}

/* Made anew, without what the first block had between its columns. */
static void check_again(const columns *all) {
    static columns made, again;
    char line[256];
    size_t size = 0;
    made = *all;
    void *block = columns_make(&size, &made);
    if (block == NULL) return; /* columns that lie over each other may be more than a block can be */
    for (size_t i = 0; i < all->count; i++)
        if (all->entries[i].size > 0) memcpy(made.entries[i].data, all->entries[i].data, all->entries[i].size);
    require(columns_read(&again, line, sizeof line, block, size));
    require(again.rows == all->rows && again.count == all->count);
    for (size_t i = 0; i < all->count; i++) {
        const column_entry *a = &all->entries[i], *b = &again.entries[i];
        require(strcmp(a->name, b->name) == 0 && a->dtype == b->dtype && a->rank == b->rank && a->size == b->size);
        require(a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
    }
    if (all->rows > 1) {
        columns_cut(block, &made, all->rows / 2);
        require(columns_read(&again, line, sizeof line, block, size) && again.rows == all->rows / 2);
    }
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static columns all;
    char line[256];
    uint8_t *block = malloc(size > 0 ? size : 1); /* of its size to the byte */
    if (block == NULL) return 0;
    if (size > 0) memcpy(block, data, size);
    if (columns_read(&all, line, sizeof line, block, size)) {
        check_inside(&all, block, size);
        check_again(&all);
    } else {
        require(line[0] != '\0' && memchr(line, '\0', sizeof line) != NULL);
    }
    free(block);
    return 0;
}
