/* columns.c - what a process knows of a columnar space: its chunks by seat and by number, and the looks that tell what
 * changed; see column.h.
 *
 * Ownership: the columns own chunk objects, images and recorders; they live as long as the mirror, so that what is
 * pending outlives the handle it was appended through.
 */
#include "parts.h"

#include <stdlib.h>

#define MODULE "column"
#define ALIGNMENT 64u
#define POOL_COUNT_MAX 512u /* images that are kept for the next chunks: at most 128 MiB */

/* ---- making ----------------------------------------------------------------------------------------------------- */

static bool is_columnar(const epi_schema *schema) {
    return schema->preset && strcmp(schema->preset, EPI__PRESET_COLUMNS) == 0;
}

epi_status epi__columnar_schema_check(const epi_schema *schema) {
    epi__layout layout;
    if (!is_columnar(schema) || !schema->roles || schema->role_count > EPI_PART_COUNT_MAX) return EPI_OK;
    for (size_t i = 0; i < schema->role_count; i++)
        if (!schema->roles[i].name) return EPI_OK; /* refused where schemas are checked */
    return epi__layout_init(&layout, schema);
}

epi_status epi__columnar_new(epi__columns **made, epi__mirror *mirror) {
    *made = NULL;
    if (!is_columnar(&mirror->schema->schema)) return EPI_OK;
    epi__columns *columns = epi__alloc_zero(1, sizeof *columns);
    if (!columns) return epi__fail_memory(MODULE, sizeof *columns);
    columns->looks = epi__alloc_zero(EPI__LOOK_COUNT, sizeof *columns->looks);
    columns->mirror = mirror;
    epi_status status = columns->looks ? epi__layout_init(&columns->layout, &mirror->schema->schema)
                                       : epi__fail_memory(MODULE, EPI__LOOK_COUNT * sizeof *columns->looks);
    if (status) {
        epi__free(columns->looks);
        epi__free(columns);
        return status;
    }
    pthread_mutex_init(&columns->look_mutex, NULL);
    *made = columns;
    return EPI_OK;
}

static void image_free(epi__image *image) {
    if (!image) return;
    epi__free(image->memory);
    epi__free(image);
}

static void recorders_free(epi__recorder_core *core) {
    while (core) {
        epi__recorder_core *next = core->next;
        epi__recorder_dispose(&core->record);
        epi__free(core->lanes);
        epi__free(core->name);
        epi__free(core);
        core = next;
    }
}

void epi__columnar_free(epi__columns *columns) {
    if (!columns) return;
    for (size_t i = 0; i < columns->seat_count; i++)
        if (columns->seats[i]) epi__chunk_drop(columns, columns->seats[i]);
    epi__slabs_free(columns);
    while (columns->pool) {
        epi__image *next = columns->pool->next;
        image_free(columns->pool);
        columns->pool = next;
    }
    recorders_free(columns->recorders);
    epi__map_dispose(&columns->by_number);
    epi__map_dispose(&columns->oldest_of);
    epi__map_dispose(&columns->newest_of);
    epi__buffer_dispose(&columns->scratch);
    epi__free(columns->seats);
    epi__free(columns->dirty);
    epi__free(columns->undo);
    epi__free(columns->oldest);
    epi__free(columns->looks);
    pthread_mutex_destroy(&columns->look_mutex);
    epi__free(columns);
}

/* ---- handles ---------------------------------------------------------------------------------------------------- */

epi__columns *epi__columns_of(const epi__mirror *mirror) {
    return mirror->columns;
}

const epi__layout *epi__columns_layout(const epi__columns *columns) {
    return &columns->layout;
}

epi_status epi__columns_check(epi__columns **columns, epi_space *space) {
    *columns = NULL;
    EPI__TRY(epi__space_check_handle(space));
    *columns = space->mirror->columns;
    if (*columns) return EPI_OK;
    return epi__fail(EPI_ESCHEMA, MODULE, "space \"%s\" has no columns: its schema is of the preset \"%s\"",
                     space->mirror->name, space->mirror->schema->schema.preset);
}

epi_status epi__columnar_refuse(const epi__mirror *mirror, const char *what) {
    if (!mirror->columns) return EPI_OK;
    return epi__fail(EPI_ESCHEMA, MODULE, "space \"%s\" keeps columns: %s", mirror->name, what);
}

epi_status epi__columns_begin(epi__snapshot *snapshot, epi__mirror *mirror) {
    if (mirror->columns) epi__columns_shed(mirror->columns);
    return epi__snapshot_begin_committed(snapshot, mirror);
}

bool epi__chunk_is_written_here(const epi__chunk *chunk) {
    return chunk->image && chunk->image->lane;
}

void epi__columnar_stats(epi_space_stats *stats, const epi__state *state) {
    stats->steps = state->column_steps;
    stats->episodes = state->column_episodes;
}

/* ---- images ----------------------------------------------------------------------------------------------------- */

static epi_status image_new(epi__image **made, const epi__layout *layout) {
    size_t size = layout->data_size + 2u * ALIGNMENT;
    epi__image *image = epi__alloc_zero(1, sizeof *image);
    void *memory = image ? epi__alloc_aligned(ALIGNMENT, size) : NULL;
    if (!memory) {
        epi__free(image);
        return epi__fail_memory(MODULE, size);
    }
    memset(memory, 0, size);
    image->memory = memory;
    image->data = (uint8_t *)memory + ALIGNMENT;
    image->block = image->data - EPI__COLUMN_HEADER;
    *made = image;
    return EPI_OK;
}

/* What an image held before is overwritten or, behind its last row, cleared when it is stored. */
epi_status epi__image_take(epi__image **image, epi__columns *columns) {
    pthread_mutex_lock(&columns->look_mutex);
    *image = columns->pool;
    if (*image) {
        columns->pool = (*image)->next;
        columns->pool_count--;
    }
    pthread_mutex_unlock(&columns->look_mutex);
    if (!*image) return image_new(image, &columns->layout);
    **image = (epi__image){.memory = (*image)->memory, .data = (*image)->data, .block = (*image)->block};
    return EPI_OK;
}

void epi__image_give(epi__columns *columns, epi__image *image) {
    if (!image) return;
    pthread_mutex_lock(&columns->look_mutex);
    bool full = columns->pool_count >= POOL_COUNT_MAX;
    if (!full) {
        image->next = columns->pool;
        columns->pool = image;
        columns->pool_count++;
    }
    pthread_mutex_unlock(&columns->look_mutex);
    if (full) image_free(image);
}

/* ---- chunks ----------------------------------------------------------------------------------------------------- */

uint32_t epi__columns_seat_count(const epi__columns *columns) {
    return (uint32_t)columns->seat_count;
}

epi__chunk *epi__columns_seat(const epi__columns *columns, uint32_t seat) {
    return seat < columns->seat_count ? columns->seats[seat] : NULL;
}

epi__chunk *epi__columns_chunk(const epi__columns *columns, uint64_t number) {
    uint64_t seat = 0;
    return epi__map_get(&columns->by_number, number, &seat) ? columns->seats[seat] : NULL;
}

static epi_status grow_seats(epi__columns *columns, uint32_t seat) {
    if (seat >= columns->seat_capacity) {
        size_t capacity = EPI__MAX(columns->seat_capacity * 2, (size_t)seat + 64u);
        epi__chunk **grown = epi__realloc(columns->seats, capacity, sizeof(epi__chunk *));
        if (!grown) return epi__fail_memory(MODULE, capacity * sizeof(epi__chunk *));
        columns->seats = grown;
        columns->seat_capacity = capacity;
    }
    while (columns->seat_count <= seat) columns->seats[columns->seat_count++] = NULL;
    return EPI_OK;
}

epi_status epi__chunk_add(epi__chunk **chunk, epi__columns *columns, uint64_t number, uint32_t seat) {
    EPI__TRY(grow_seats(columns, seat));
    if (columns->seats[seat]) epi__chunk_drop(columns, columns->seats[seat]);
    epi__chunk *made = epi__alloc_zero(1, sizeof *made);
    if (!made || !epi__map_put(&columns->by_number, number, seat)) {
        epi__free(made);
        return epi__fail_memory(MODULE, sizeof *made);
    }
    made->number = number;
    made->seat = seat;
    columns->seats[seat] = made;
    *chunk = made;
    return EPI_OK;
}

static uint64_t lane_key(const epi__chunk *chunk) {
    return (uint64_t)chunk->recorder << 32 | chunk->lane;
}

/* The lane's end in a map is now this chunk; NULL: the lane has none. The entry is there, so that this cannot fail. */
static void set_end(epi__map *ends, uint64_t lane, const epi__chunk *chunk) {
    if (chunk)
        (void)epi__map_put(ends, lane, chunk->number);
    else
        (void)epi__map_remove(ends, lane);
}

static void unlink_chunk(epi__columns *columns, epi__chunk *chunk) {
    epi__chunk *older = chunk->older, *newer = chunk->newer;
    uint64_t end = 0;
    if (older) older->newer = newer;
    if (newer) newer->older = older;
    if (older && older->next == chunk->number) older->next = 0;
    if (epi__map_get(&columns->oldest_of, lane_key(chunk), &end) && end == chunk->number)
        set_end(&columns->oldest_of, lane_key(chunk), newer);
    if (epi__map_get(&columns->newest_of, lane_key(chunk), &end) && end == chunk->number)
        set_end(&columns->newest_of, lane_key(chunk), older);
}

void epi__chunk_drop(epi__columns *columns, epi__chunk *chunk) {
    unlink_chunk(columns, chunk);
    (void)epi__map_remove(&columns->by_number, chunk->number);
    columns->seats[chunk->seat] = NULL;
    epi__look_at(columns, chunk->seat, 0, columns->layout.capacity);
    epi__image_give(columns, chunk->image);
    epi__chunk_unspread(columns, chunk);
    epi__free(chunk->removed);
    epi__free(chunk);
}

epi_status epi__chunk_link(epi__columns *columns, epi__chunk *chunk) {
    uint64_t lane = lane_key(chunk), number = 0;
    epi__chunk *older = epi__map_get(&columns->newest_of, lane, &number) ? epi__columns_chunk(columns, number) : NULL;
    epi__chunk *newer = NULL;
    for (; older && older->number > chunk->number; older = older->older) newer = older;
    if (!older && !epi__map_put(&columns->oldest_of, lane, chunk->number)) return epi__fail_memory(MODULE, sizeof lane);
    if (!newer && !epi__map_put(&columns->newest_of, lane, chunk->number)) return epi__fail_memory(MODULE, sizeof lane);
    chunk->older = older;
    chunk->newer = newer;
    if (older) older->newer = chunk;
    if (newer) newer->older = chunk;
    if (older && older->number == chunk->previous) older->next = chunk->number;
    if (newer && newer->previous == chunk->number) chunk->next = newer->number;
    return EPI_OK;
}

epi_status epi__chunk_remove_bits(epi__chunk *chunk, const epi__layout *layout, epi__view bits) {
    size_t words = (layout->capacity + 63u) / 64u;
    if (bits.size == 0) {
        epi__free(chunk->removed);
        chunk->removed = NULL;
        return EPI_OK;
    }
    if (!chunk->removed) chunk->removed = epi__alloc_zero(words, sizeof *chunk->removed);
    if (!chunk->removed) return epi__fail_memory(MODULE, bits.size);
    memcpy(chunk->removed, bits.data, bits.size);
    return EPI_OK;
}

/* ---- looks ------------------------------------------------------------------------------------------------------ */

void epi__look_at(epi__columns *columns, uint32_t seat, uint32_t first, uint32_t count) {
    if (count == 0) return;
    pthread_mutex_lock(&columns->look_mutex);
    columns->looks[columns->look_next++ % EPI__LOOK_COUNT] = (epi__look){seat, first, count};
    pthread_mutex_unlock(&columns->look_mutex);
}

void epi__look_at_all(epi__columns *columns) {
    pthread_mutex_lock(&columns->look_mutex);
    columns->look_next += 2u * EPI__LOOK_COUNT;
    pthread_mutex_unlock(&columns->look_mutex);
}

uint64_t epi__columns_look_next(epi__columns *columns) {
    pthread_mutex_lock(&columns->look_mutex);
    uint64_t next = columns->look_next;
    pthread_mutex_unlock(&columns->look_mutex);
    return next;
}

bool epi__columns_looks(epi__look *looks, size_t *count, size_t room, uint64_t *next, epi__columns *columns) {
    *count = 0;
    pthread_mutex_lock(&columns->look_mutex);
    bool kept = columns->look_next - *next <= EPI__LOOK_COUNT;
    if (!kept) *next = columns->look_next;
    while (*next < columns->look_next && *count < room) looks[(*count)++] = columns->looks[(*next)++ % EPI__LOOK_COUNT];
    pthread_mutex_unlock(&columns->look_mutex);
    return kept;
}
