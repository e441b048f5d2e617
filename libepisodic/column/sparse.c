/* sparse.c - sealed chunks of which little is left: stored as a list of rows, and spread out again where they are read.
 *
 * Ids fix the slots of a chunk, so what is removed leaves holes in it. Where no more than a quarter of the slots is a
 * live step, only rows that have a byte that is not zero are stored, behind a bitmap of them: the live ones, and what
 * came after them. The columns behind the roles (flags, ingest time, place in the episode) stand for all slots: they
 * are few bytes, and what lies beside a hole is told by them. Packing depends on bytes alone and is exact both ways.
 *
 * Whoever reads such a chunk spreads it out in memory of its own, once, into the layout of any other chunk. So the
 * arithmetic of reading stays what it is, and no reader asks of what form a chunk is. That memory belongs to the chunk
 * object. It is given back when the chunk changes or goes, and all of it, between two snapshots, when it is more than
 * SPREAD_SIZE_MAX together; a memory of which most was removed, and which is sampled throughout, is then slower to read
 * than it was with its holes.
 *
 * A chunk gets this form when steps of it are removed, or when it is sealed. Evicting alone does not write a chunk
 * again: it goes as a whole soon after, and there is at most one such chunk a lane.
 */
#include "parts.h"

#include <stdlib.h>

#define MODULE "column"
#define SHARE 4u /* of the slots, one in so many is a live step */
#define FORM_SPARSE 1u
#define SPREAD_SIZE_MAX ((size_t)512u << 20)

/* Rows of a column: that of the observations has one more. */
static uint32_t row_count(const epi__layout *layout, int column) {
    return layout->capacity + (column == layout->observation ? 1u : 0u);
}

static size_t bits_size(const epi__layout *layout) {
    return (layout->capacity + 1u + 7u) / 8u;
}

static inline bool has_row(const uint8_t *bits, uint32_t row) {
    return bits[row / 8] >> (row % 8) & 1;
}

static bool is_zero(const uint8_t *bytes, size_t size) {
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static bool is_empty(const epi__layout *layout, const uint8_t *data, uint32_t row) {
    for (int i = 0; i < layout->flags; i++)
        if (row < row_count(layout, i) && !is_zero(epi__slot_at(layout, data, i, row), layout->columns[i].width))
            return false;
    return true;
}

/* Bits of the rows that are to be stored. */
static void mark_rows(uint8_t *bits, const epi__layout *layout, const uint8_t *data) {
    memset(bits, 0, bits_size(layout));
    for (uint32_t row = 0; row <= layout->capacity; row++)
        if (!is_empty(layout, data, row)) bits[row / 8] |= (uint8_t)(1u << (row % 8));
}

/* ---- packing ---------------------------------------------------------------------------------------------------- */

static void pack(epi__buffer *out, const epi__layout *layout, const uint8_t *block, const uint8_t *bits) {
    const uint8_t *data = block + EPI__COLUMN_HEADER;
    epi__buffer_clear(out);
    epi__buffer_append(out, block, EPI__COLUMN_HEADER);
    epi__buffer_append(out, bits, bits_size(layout));
    for (uint32_t i = (uint32_t)layout->flags; i < layout->column_count; i++)
        epi__buffer_append(out, data + layout->columns[i].offset, layout->capacity * layout->columns[i].width);
    for (int i = 0; i < layout->flags; i++)
        for (uint32_t row = 0; row < row_count(layout, i); row++)
            if (has_row(bits, row))
                epi__buffer_append(out, epi__slot_at(layout, data, i, row), layout->columns[i].width);
}

epi_status epi__columns_put(epi__columns *columns, epi__change *change, const epi__head *head, uint8_t *block) {
    epi__key key;
    uint8_t bits[EPI__SLOTS_MAX / 8u + 1u];
    const epi__layout *layout = &columns->layout;
    const uint32_t form = head->steps - head->dead <= layout->capacity / SHARE ? FORM_SPARSE : 0;
    epi__key_of_u64(&key, change->space, EPI__TABLE_COLUMN, head->chunk);
    memcpy(block + EPI__COLUMN_FORM, &form, sizeof form);
    if (!form) return epi__change_insert(change, &key, block, EPI__COLUMN_HEADER + layout->data_size);
    mark_rows(bits, layout, block + EPI__COLUMN_HEADER);
    pack(&columns->scratch, layout, block, bits);
    if (columns->scratch.failed) return epi__fail_memory(MODULE, columns->scratch.capacity);
    return epi__change_insert(change, &key, columns->scratch.data, columns->scratch.size);
}

/* ---- spreading -------------------------------------------------------------------------------------------------- */

/* The size of a body with these rows. */
static size_t packed_size(const epi__layout *layout, const uint8_t *bits) {
    size_t size = EPI__COLUMN_HEADER + bits_size(layout);
    for (uint32_t i = 0; i < layout->column_count; i++) {
        size_t rows = layout->capacity;
        if ((int)i < layout->flags) {
            rows = 0;
            for (uint32_t row = 0; row < row_count(layout, (int)i); row++) rows += has_row(bits, row);
        }
        size += rows * layout->columns[i].width;
    }
    return size;
}

bool epi__columns_are_dense(const epi__layout *layout, epi__view body) {
    uint32_t form = FORM_SPARSE;
    if (body.size == EPI__COLUMN_HEADER + layout->data_size)
        memcpy(&form, (const uint8_t *)body.data + EPI__COLUMN_FORM, sizeof form);
    return form == 0;
}

epi_status epi__columns_spread(uint8_t *data, const epi__layout *layout, epi__view body, uint64_t chunk) {
    const uint8_t *bits = (const uint8_t *)body.data + EPI__COLUMN_HEADER, *from = bits + bits_size(layout);
    if (body.size < EPI__COLUMN_HEADER + bits_size(layout) || body.size != packed_size(layout, bits))
        return epi__fail(EPI_EDAMAGED, MODULE, "the columns of chunk %llu have %zu bytes, which is neither form's size",
                         (unsigned long long)chunk, body.size);
    for (uint32_t i = (uint32_t)layout->flags; i < layout->column_count; i++) {
        const size_t size = layout->capacity * layout->columns[i].width;
        memcpy(data + layout->columns[i].offset, from, size);
        from += size;
    }
    for (int i = 0; i < layout->flags; i++) {
        const epi__column_place *place = &layout->columns[i];
        for (uint32_t row = 0; row < row_count(layout, i); row++) {
            if (!has_row(bits, row)) continue;
            memcpy(data + place->offset + row * place->width, from, place->width);
            from += place->width;
        }
    }
    return EPI_OK;
}

/* Two readers may come at once; the second one takes what the first has made. */
static uint8_t *keep_first(epi__columns *columns, epi__chunk *chunk, uint8_t *made) {
    pthread_mutex_lock(&columns->look_mutex);
    if (!chunk->spread) {
        chunk->spread = made;
        atomic_store_explicit(&chunk->data, made, memory_order_release);
        atomic_fetch_add(&columns->spread_size, columns->layout.data_size);
        made = NULL;
    }
    pthread_mutex_unlock(&columns->look_mutex);
    epi__free(made);
    return chunk->spread;
}

epi_status epi__chunk_spread(const uint8_t **data, epi__columns *columns, epi__chunk *chunk, epi__view body) {
    uint8_t *made = epi__alloc_zero(1, columns->layout.data_size);
    if (!made) return epi__fail_memory(MODULE, columns->layout.data_size);
    epi_status status = epi__columns_spread(made, &columns->layout, body, chunk->number);
    if (!status) *data = keep_first(columns, chunk, made);
    else epi__free(made);
    return status;
}

void epi__chunk_unspread(epi__columns *columns, epi__chunk *chunk) {
    if (!chunk->spread) return;
    atomic_store_explicit(&chunk->data, NULL, memory_order_release);
    epi__free(chunk->spread);
    chunk->spread = NULL;
    atomic_fetch_sub(&columns->spread_size, columns->layout.data_size);
}

/* Writers look things up without the mirror's lock, so none may be at work: then it waits for another time. */
void epi__columns_shed(epi__columns *columns) {
    epi__mirror *mirror = columns->mirror;
    if (atomic_load_explicit(&columns->spread_size, memory_order_relaxed) <= SPREAD_SIZE_MAX) return;
    if (pthread_mutex_trylock(&mirror->pending_mutex) != 0) return;
    pthread_rwlock_wrlock(&mirror->lock);
    for (size_t i = 0; i < columns->seat_count; i++)
        if (columns->seats[i]) epi__chunk_unspread(columns, columns->seats[i]);
    pthread_rwlock_unlock(&mirror->lock);
    pthread_mutex_unlock(&mirror->pending_mutex);
}
