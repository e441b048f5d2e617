/* stats.c - what a columnar space holds, counted in one snapshot. */
#include "parts.h"

#define MODULE "column"

static epi_status count_lanes(uint64_t *lanes, epi__snapshot *snapshot) {
    epi__scan scan = {0};
    epi__view key, body;
    epi_status status = epi__scan_table(&scan, snapshot->tx.txn, snapshot->mirror->space, EPI__TABLE_RECORDER);
    while (!status && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK) {
        epi__recorder_record record;
        status = epi__recorder_decode(&record, body);
        if (status) break;
        *lanes += record.lane_count;
        epi__recorder_dispose(&record);
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

/* Columns are not read for it. */
static epi_status sum_columns(uint64_t *size, epi__snapshot *snapshot) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__view key, value;
    epi__key_begin(&first, snapshot->mirror->space, EPI__TABLE_COLUMN);
    end = first;
    epi__key_next(&end);
    epi_status status = epi__scan_open(&scan, snapshot->tx.txn, &first, &end, false);
    while (!status && (status = epi__tx_ops(snapshot->tx.txn)->range_next(&key, &value, scan.range)) == EPI_OK)
        *size += epi__record_body(value).size;
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

epi_status epi_transitions_stats_read(epi_transition_stats *stats, epi_space *space) {
    epi__columns *columns = NULL;
    epi__snapshot snapshot;
    if (!stats) return epi__fail(EPI_EINVAL, MODULE, "stats was NULL");
    memset(stats, 0, sizeof *stats);
    EPI__TRY(epi__columns_check(&columns, space));
    EPI__TRY(epi__columns_begin(&snapshot, space->mirror));
    const epi__state *state = &snapshot.state;
    epi_status status = count_lanes(&stats->lanes, &snapshot);
    if (!status) status = sum_columns(&stats->stored_size, &snapshot);
    stats->steps = state->column_steps;
    stats->episodes = state->column_episodes;
    stats->chunks = epi__state_count(state, EPI__TABLE_CHUNK);
    stats->open = stats->chunks - epi__state_count(state, EPI__TABLE_COLUMN);
    stats->recorders = state->recorders;
    stats->capacity = columns->layout.capacity;
    stats->step_size = (uint32_t)columns->layout.row_size;
    epi__snapshot_end(&snapshot);
    pthread_mutex_lock(&space->mirror->pending_mutex);
    stats->pending = columns->pending_rows;
    pthread_mutex_unlock(&space->mirror->pending_mutex);
    return status;
}
