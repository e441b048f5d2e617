/* record.c - the records of a columnar space, to bytes and back; see record.h. Numbers are little-endian. */
#include "record.h"

#define MODULE "column"
#define HEAD_SEALED 1u
#define HEAD_AHEAD 2u
#define HEAD_UNCOUNTED 4u
#define ROWS_HEADER 8u

static epi_status cut(const char *what, uint64_t number) {
    return epi__fail(EPI_EDAMAGED, MODULE, "the %s record %llu cannot be read", what, (unsigned long long)number);
}

/* ---- chunks ----------------------------------------------------------------------------------------------------- */

void epi__head_encode(epi__buffer *out, const epi__head *head) {
    epi__buffer_append_u32(out, head->recorder);
    epi__buffer_append_u32(out, head->lane);
    epi__buffer_append_u32(out, head->seat);
    epi__buffer_append_u64(out, head->previous);
    epi__buffer_append_u64(out, head->episode);
    unsigned flags = (head->sealed ? HEAD_SEALED : 0u) | (head->ahead ? HEAD_AHEAD : 0u) |
                     (head->uncounted ? HEAD_UNCOUNTED : 0u);
    epi__buffer_append_u8(out, (uint8_t)flags);
    epi__buffer_append_u32(out, head->count);
    epi__buffer_append_u32(out, head->steps);
    epi__buffer_append_u32(out, head->evicted);
    epi__buffer_append_u32(out, head->dead);
    epi__buffer_append_bytes(out, head->removed.data, head->removed.size);
}

epi_status epi__head_decode(epi__head *head, uint64_t chunk, epi__view body, const epi__layout *layout) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    *head = (epi__head){.chunk = chunk};
    head->recorder = epi__read_u32(&reader);
    head->lane = epi__read_u32(&reader);
    head->seat = epi__read_u32(&reader);
    head->previous = epi__read_u64(&reader);
    head->episode = epi__read_u64(&reader);
    uint8_t flags = epi__read_u8(&reader);
    head->sealed = flags & HEAD_SEALED;
    head->ahead = flags & HEAD_AHEAD;
    head->uncounted = flags & HEAD_UNCOUNTED;
    head->count = epi__read_u32(&reader);
    head->steps = epi__read_u32(&reader);
    head->evicted = epi__read_u32(&reader);
    head->dead = epi__read_u32(&reader);
    head->removed = epi__read_bytes(&reader);
    bool sound = !reader.failed && reader.next == reader.end && head->count <= layout->capacity &&
                 head->evicted <= layout->capacity && head->steps <= head->count &&
                 (head->removed.size == 0 || head->removed.size == (layout->capacity + 7u) / 8u);
    return sound ? EPI_OK : cut("chunk", chunk);
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

void epi__rows_key(epi__key *key, uint32_t space, uint64_t chunk, uint32_t first) {
    epi__key_of_u64(key, space, EPI__TABLE_ROWS, chunk);
    epi__key_u32(key, first);
}

static size_t column_rows(const epi__layout *layout, uint32_t column, uint32_t count, bool ahead) {
    return count + (ahead && (int)column == layout->observation ? 1u : 0u);
}

size_t epi__rows_size(const epi__layout *layout, uint32_t count, bool ahead) {
    return ROWS_HEADER + count * layout->row_size + (ahead ? layout->columns[layout->observation].width : 0);
}

void epi__rows_encode(uint8_t *out, const epi__layout *layout, const uint8_t *data, uint32_t first, uint32_t count,
                      bool ahead) {
    uint32_t header[2] = {count, ahead};
    memcpy(out, header, sizeof header);
    out += ROWS_HEADER;
    for (uint32_t i = 0; i < layout->column_count; i++) {
        size_t width = layout->columns[i].width, size = column_rows(layout, i, count, ahead) * width;
        if (size > 0) memcpy(out, data + layout->columns[i].offset + first * width, size);
        out += size;
    }
}

epi_status epi__rows_decode(epi__rows *rows, const epi__layout *layout, epi__view key, epi__view body) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    uint64_t chunk = epi__key_id(key);
    rows->first = epi__load_be32((const uint8_t *)key.data + key.size - 4);
    rows->count = epi__read_u32(&reader);
    uint32_t ahead = epi__read_u32(&reader);
    rows->ahead = ahead;
    rows->at = reader.next;
    bool sound = !reader.failed && ahead <= 1 && rows->count <= layout->capacity &&
                 rows->first <= layout->capacity - rows->count &&
                 body.size == epi__rows_size(layout, rows->count, rows->ahead);
    return sound ? EPI_OK : cut("rows", chunk);
}

void epi__rows_copy(uint8_t *data, const epi__layout *layout, const epi__rows *rows) {
    const uint8_t *from = rows->at;
    for (uint32_t i = 0; i < layout->column_count; i++) {
        size_t width = layout->columns[i].width, size = column_rows(layout, i, rows->count, rows->ahead) * width;
        if (size > 0) memcpy(data + layout->columns[i].offset + rows->first * width, from, size);
        from += size;
    }
}

/* ---- recorders and limits --------------------------------------------------------------------------------------- */

void epi__recorder_encode(epi__buffer *out, const epi__recorder_record *record) {
    epi__buffer_append_u32(out, record->id);
    epi__buffer_append_u64(out, record->generation);
    epi__buffer_append_u32(out, record->lane_count);
    epi__buffer_append_u32(out, record->reserved_count);
    for (uint32_t i = 0; i < record->lane_count; i++) epi__buffer_append_u64(out, record->newest[i]);
    for (uint32_t i = 0; i < record->reserved_count; i++) {
        epi__buffer_append_u64(out, record->reserved[i].chunk);
        epi__buffer_append_u32(out, record->reserved[i].seat);
    }
}

epi_status epi__recorder_decode(epi__recorder_record *record, epi__view body) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    *record = (epi__recorder_record){0};
    record->id = epi__read_u32(&reader);
    record->generation = epi__read_u64(&reader);
    record->lane_count = epi__read_u32(&reader);
    record->reserved_count = epi__read_u32(&reader);
    size_t left = (size_t)(reader.end - reader.next);
    if (reader.failed || left != (uint64_t)record->lane_count * 8u + (uint64_t)record->reserved_count * 12u) {
        *record = (epi__recorder_record){0};
        return epi__fail(EPI_EDAMAGED, MODULE, "a recorder record cannot be read");
    }
    record->newest = epi__alloc_zero(record->lane_count, sizeof *record->newest);
    record->reserved = epi__alloc_zero(record->reserved_count, sizeof *record->reserved);
    if (!record->newest || !record->reserved) {
        epi__recorder_dispose(record);
        return epi__fail_memory(MODULE, left);
    }
    for (uint32_t i = 0; i < record->lane_count; i++) record->newest[i] = epi__read_u64(&reader);
    for (uint32_t i = 0; i < record->reserved_count; i++) {
        record->reserved[i].chunk = epi__read_u64(&reader);
        record->reserved[i].seat = epi__read_u32(&reader);
    }
    return EPI_OK;
}

void epi__recorder_dispose(epi__recorder_record *record) {
    epi__free(record->newest);
    epi__free(record->reserved);
    *record = (epi__recorder_record){0};
}

void epi__limits_encode(epi__buffer *out, const epi_transition_limits *limits) {
    epi__buffer_append_u64(out, limits->max_steps);
    epi__buffer_append_u64(out, limits->max_size);
    epi__buffer_append_u64(out, limits->max_age_s);
    epi__buffer_append_u8(out, (uint8_t)limits->unit);
}

epi_status epi__limits_decode(epi_transition_limits *limits, epi__view body) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    *limits = epi_transition_limits_default();
    limits->max_steps = epi__read_u64(&reader);
    limits->max_size = epi__read_u64(&reader);
    limits->max_age_s = epi__read_u64(&reader);
    limits->unit = (epi_eviction_unit)epi__read_u8(&reader);
    bool sound = !reader.failed && (unsigned)limits->unit <= EPI_EVICT_EPISODES;
    return sound ? EPI_OK : epi__fail(EPI_EDAMAGED, MODULE, "the limit record cannot be read");
}
