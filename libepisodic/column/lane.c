/* lane.c - the recorders of a space, and the live steps of a lane in order: what takes a space out and compares it.
 *
 * A place in a lane is the id of the step it stands behind, so that it holds from one snapshot to the next, whatever
 * goes in between.
 */
#include "../memory/salvage.h"
#include "parts.h"

#define MODULE "column"

/* ---- recorders -------------------------------------------------------------------------------------------------- */

static epi_status add_recorder(epi__recorders *list, epi__view name, epi__view body) {
    epi__recorder_record record;
    if (!body.data) return EPI_OK; /* passed over by salvage */
    epi__recorder_info *grown = epi__realloc(list->items, list->count + 1, sizeof *grown);
    if (!grown) return epi__fail_memory(MODULE, (list->count + 1) * sizeof *grown);
    list->items = grown;
    EPI__TRY(epi__recorder_decode(&record, body));
    epi__recorder_info *info = &grown[list->count];
    *info = (epi__recorder_info){epi__arena_text(&list->names, name.data, name.size), record.id, record.lane_count};
    epi__recorder_dispose(&record);
    if (!info->name) return epi__fail_memory(MODULE, name.size);
    list->count++;
    return EPI_OK;
}

epi_status epi__columns_recorders(epi__recorders *list, epi__snapshot *snapshot) {
    epi__scan scan = {0};
    epi__view key, body;
    epi__key table;
    *list = (epi__recorders){0};
    epi__key_begin(&table, snapshot->mirror->space, EPI__TABLE_RECORDER);
    epi_status status = epi__scan_table(&scan, snapshot->tx.txn, snapshot->mirror->space, EPI__TABLE_RECORDER);
    while (!status && (status = epi__salvage_next(&key, &body, &scan, snapshot->mirror)) == EPI_OK)
        status = add_recorder(list, (epi__view){(const uint8_t *)key.data + table.size, key.size - table.size}, body);
    epi__scan_close(&scan);
    if (status == EPI_EDONE) return EPI_OK;
    epi__recorders_dispose(list);
    return status;
}

void epi__recorders_dispose(epi__recorders *list) {
    epi__arena_dispose(&list->names);
    epi__free(list->items);
    *list = (epi__recorders){0};
}

/* ---- lanes ------------------------------------------------------------------------------------------------------ */

uint64_t epi__lane_end(const epi__columns *columns, uint32_t recorder, uint32_t lane) {
    uint64_t number = 0;
    if (!epi__map_get(&columns->newest_of, (uint64_t)recorder << 32 | lane, &number)) return 0;
    const epi__chunk *chunk = epi__columns_chunk(columns, number);
    return chunk ? epi__slot_id(&columns->layout, chunk, epi__chunk_count(chunk)) : 0;
}

/* Its chunk, or the first of the lane behind it. */
static epi__chunk *chunk_behind(uint32_t *offset, const epi__columns *columns, const epi__lane_place *place) {
    uint64_t number = place->after >> columns->layout.shift, oldest = 0;
    epi__chunk *chunk = epi__columns_chunk(columns, number);
    *offset = chunk ? (uint32_t)(place->after & (columns->layout.capacity - 1u)) + 1u : 0;
    if (chunk) return chunk;
    if (epi__map_get(&columns->oldest_of, (uint64_t)place->recorder << 32 | place->lane, &oldest))
        chunk = epi__columns_chunk(columns, oldest);
    while (chunk && chunk->number < number) chunk = chunk->newer;
    return chunk;
}

epi_status epi__lane_next(epi__lane_place *place, epi__snapshot *snapshot) {
    uint32_t offset = 0;
    const epi__columns *columns = snapshot->mirror->columns;
    epi__chunk *chunk = chunk_behind(&offset, columns, place);
    for (place->chunk = NULL; chunk; chunk = chunk->newer, offset = 0) {
        if (offset < epi__chunk_count(chunk)) EPI__TRY(epi__chunk_data(&place->data, snapshot, chunk));
        for (; offset < epi__chunk_count(chunk); offset++) {
            if (epi__slot_is_gone(chunk, offset) ||
                (epi__slot_stored_flags(&columns->layout, place->data, offset) & EPI__SLOT_FINAL))
                continue;
            place->chunk = chunk;
            place->offset = offset;
            place->after = epi__slot_id(&columns->layout, chunk, offset);
            return EPI_OK;
        }
    }
    return EPI_OK;
}
