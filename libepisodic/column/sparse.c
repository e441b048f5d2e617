/* sparse.c - sealed chunks of which little is left: stored as a list of rows, and spread out again where they are read.
 *
 * Ids fix the slots of a chunk, so what is removed leaves holes in it. Where no more than a quarter of the slots is a
 * live step, only rows that have a byte that is not zero are stored, behind a bitmap of them: the live ones, and what
 * came after them. The columns behind the roles (flags, ingest time, place in the episode) stand for all slots: they
 * are few bytes, and what lies beside a hole is told by them. Packing depends on bytes alone and is exact both ways.
 *
 * Whoever reads such a chunk spreads it out in memory of its own, once, into the layout of any other chunk. So the
 * arithmetic of reading stays what it is, and no reader asks of what form a chunk is. That memory belongs to the chunk
 * object. It is given back when the chunk changes or goes, and all of it, between two snapshots, when it is more than a
 * quarter of the machine's memory; a larger memory of which most was removed, and which is sampled throughout, is then
 * much slower to read than it was with its holes.
 *
 * A chunk gets this form when steps of it are removed, or when it is sealed. Evicting alone does not write a chunk
 * again: it goes as a whole soon after, and there is at most one such chunk a lane.
 */
#include "parts.h"

#include <sys/mman.h>
#include <unistd.h>

#define MODULE "column"
#define SHARE 4u /* of the slots, one in so many is a live step */
#define FORM_SPARSE 1u
#define SPREAD_SIZE_MIN ((size_t)512u << 20) /* that may always be spread out */
#define HUGE_SIZE ((size_t)2u << 20)
#define SLAB_SIZE (4u * HUGE_SIZE)

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

/* ---- where they are spread out ----------------------------------------------------------------------------------- */

/* The chunks' places are cut from slabs, which the system is asked to have in huge pages: rows that are read at random
 * from small ones take a third longer. A free place begins with the address of the next. */
static size_t slab_size(const epi__columns *columns) {
    return EPI__MAX(SLAB_SIZE, columns->layout.data_size);
}

static bool add_slab(epi__columns *columns) {
    uint8_t **grown = epi__realloc(columns->slabs, columns->slab_count + 1, sizeof *grown);
    if (!grown) return false;
    columns->slabs = grown;
    uint8_t *slab = epi__alloc_aligned(HUGE_SIZE, slab_size(columns));
    if (!slab) return false;
    (void)madvise(slab, slab_size(columns), MADV_HUGEPAGE); /* an error would do no harm */
    columns->slabs[columns->slab_count++] = slab;
    columns->slab_used = 0;
    return true;
}

static uint8_t *take_place(epi__columns *columns) {
    const size_t size = columns->layout.data_size;
    uint8_t *place = NULL;
    pthread_mutex_lock(&columns->look_mutex);
    if (columns->free_place) {
        place = columns->free_place;
        memcpy(&columns->free_place, place, sizeof place);
    } else if ((columns->slab_count > 0 && columns->slab_used + size <= slab_size(columns)) || add_slab(columns)) {
        place = columns->slabs[columns->slab_count - 1] + columns->slab_used;
        columns->slab_used += size;
    }
    pthread_mutex_unlock(&columns->look_mutex);
    if (place) memset(place, 0, size);
    return place;
}

/* Under the look mutex. */
static void give_place(epi__columns *columns, uint8_t *place) {
    memcpy(place, &columns->free_place, sizeof place);
    columns->free_place = place;
}

void epi__slabs_free(epi__columns *columns) {
    for (size_t i = 0; i < columns->slab_count; i++) epi__free(columns->slabs[i]);
    epi__free(columns->slabs);
    columns->slabs = NULL;
    columns->free_place = NULL;
    columns->slab_count = columns->slab_used = 0;
}

/* Two readers may come at once; the second one takes what the first has made. */
epi_status epi__chunk_spread(const uint8_t **data, epi__columns *columns, epi__chunk *chunk, epi__view body) {
    const size_t size = columns->layout.data_size;
    uint8_t *made = take_place(columns);
    if (!made) return epi__fail_memory(MODULE, size);
    epi_status status = epi__columns_spread(made, &columns->layout, body, chunk->number);
    pthread_mutex_lock(&columns->look_mutex);
    if (!status && !chunk->spread) {
        chunk->spread = made;
        atomic_store_explicit(&chunk->data, made, memory_order_release);
        atomic_fetch_add(&columns->spread_size, size);
    } else {
        give_place(columns, made);
    }
    *data = chunk->spread;
    pthread_mutex_unlock(&columns->look_mutex);
    return status;
}

void epi__chunk_unspread(epi__columns *columns, epi__chunk *chunk) {
    if (!chunk->spread) return;
    atomic_store_explicit(&chunk->data, NULL, memory_order_release);
    pthread_mutex_lock(&columns->look_mutex);
    give_place(columns, chunk->spread);
    pthread_mutex_unlock(&columns->look_mutex);
    chunk->spread = NULL;
    atomic_fetch_sub(&columns->spread_size, columns->layout.data_size);
}

static size_t spread_size_max(void) {
    const long pages = sysconf(_SC_PHYS_PAGES), page_size = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_size <= 0) return SPREAD_SIZE_MIN;
    return EPI__MAX((size_t)pages / 4 * (size_t)page_size, SPREAD_SIZE_MIN);
}

/* Writers look things up without the mirror's lock, so none may be at work: then it waits for another time. */
void epi__columns_shed(epi__columns *columns) {
    epi__mirror *mirror = columns->mirror;
    const size_t size = atomic_load_explicit(&columns->spread_size, memory_order_relaxed);
    if (size <= SPREAD_SIZE_MIN || size <= spread_size_max()) return;
    if (pthread_mutex_trylock(&mirror->pending_mutex) != 0) return;
    pthread_rwlock_wrlock(&mirror->lock);
    for (size_t i = 0; i < columns->seat_count; i++)
        if (columns->seats[i]) epi__chunk_unspread(columns, columns->seats[i]);
    epi__slabs_free(columns);
    pthread_rwlock_unlock(&mirror->lock);
    pthread_mutex_unlock(&mirror->pending_mutex);
}
