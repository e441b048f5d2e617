/* check_memory.c - the check of a whole memory: its own records, then each space that has a name.
 *
 * All of it happens in one read transaction, so it sees one moment however busy the writers are, and it changes
 * nothing. The memory's own tables have no counts and sums; instead each record of the store must belong to a space
 * that has a name or is being dropped.
 */
#include "check.h"
#include "handle.h"

/* The spaces of the snapshot. */
struct census {
    epi__check own; /* of the memory's own records */
    epi__buffer names; /* of spaces, each with its NUL, behind its number (u32) */
    epi__map spaces;   /* numbers that may have records: named, or being dropped */
};

/* ---- the memory's own records ----------------------------------------------------------------------------------- */

static epi_status check_meta(struct census *census) {
    epi__key key;
    epi__view body;
    epi__check *own = &census->own;
    epi__key_begin(&key, EPI__SPACE_MEMORY, EPI__TABLE_META);
    epi_status status = epi__record_get(&body, own->txn, &key);
    own->report.records++;
    if (status == EPI_ENOTFOUND) return epi__check_violation(own, EPI__TABLE_META, epi__key_view(&key), "is missing");
    return status ? epi__check_unreadable(own, EPI__TABLE_META, epi__key_view(&key), status) : EPI_OK;
}

static epi_status note_space(struct census *census, uint32_t space, epi__view name) {
    epi__buffer_append_u32(&census->names, space);
    epi__buffer_append(&census->names, name.data, name.size);
    epi__buffer_append_u8(&census->names, 0);
    if (!census->names.failed && epi__map_put(&census->spaces, space, 1)) return EPI_OK;
    return epi__fail_memory("memory", name.size);
}

/* Names and dropped numbers have the same form: the space's number. */
static epi_status count_spaces(struct census *census, uint8_t table) {
    epi__scan scan = {0};
    epi__check *own = &census->own;
    epi_status status = epi__scan_table(&scan, own->txn, EPI__SPACE_MEMORY, table);
    while (!status) {
        epi__view key, body;
        status = epi__scan_next(&key, &body, &scan);
        if (status == EPI_EDONE) break;
        own->report.records++;
        epi__reader reader = epi__reader_of(body.data, body.size);
        uint32_t space = epi__read_u32(&reader);
        if (status)
            status = epi__check_unreadable(own, table, key, status);
        else if (table == EPI__TABLE_SPACE_NAME)
            status = note_space(census, space, epi__key_rest(key));
        else if (!epi__map_put(&census->spaces, space, 1))
            status = epi__fail_memory("memory", sizeof space);
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

/* The first space from `from` on that has a record; EPI_EDONE: none. */
static epi_status next_space(uint32_t *space, epi__txn *txn, uint32_t from) {
    epi__key first = {0};
    epi__range *range = NULL;
    epi__view key, value;
    epi__key_u32(&first, from);
    EPI__TRY(epi__tx_ops(txn)->range_open(&range, txn, epi__key_view(&first), (epi__view){NULL, 0}, false));
    epi_status status = epi__tx_ops(txn)->range_next(&key, &value, range);
    if (!status) *space = key.size >= sizeof *space ? epi__key_space(key) : UINT32_MAX;
    epi__tx_ops(txn)->range_close(range);
    return status;
}

static epi_status check_strays(struct census *census) {
    uint32_t space = 0;
    epi_status status = EPI_OK;
    for (uint32_t from = 1; from > 0; from = space + 1) {
        status = next_space(&space, census->own.txn, from);
        if (status) break;
        if (!epi__map_get(&census->spaces, space, NULL))
            EPI__TRY(epi__check_violation(&census->own, EPI__TABLE_SPACE_NAME, (epi__view){0},
                                          "space %u has records and no name", space));
    }
    return status == EPI_EDONE ? EPI_OK : status;
}

/* ---- its spaces ------------------------------------------------------------------------------------------------- */

static void dispose(epi__check *check) {
    epi__map_dispose(&check->episodes);
    epi__map_dispose(&check->uses);
    epi__map_dispose(&check->promised);
    epi__map_dispose(&check->column_episodes);
    epi__map_dispose(&check->seats);
    epi__arena_dispose(&check->arena);
    if (check->mirror) epi__scratch_give(check->scratch, check->mirror);
}

static epi_status check_named(struct census *census, epi__store *store, uint32_t space, const char *name) {
    epi__check *own = &census->own;
    epi__check check = {.found = own->found, .context = own->context, .space_name = name, .txn = own->txn};
    epi_status status = epi__mirror_get(&check.mirror, store, name, NULL);
    bool dropped = status == EPI_ENOTFOUND || (!status && check.mirror->space != space); /* since the snapshot */
    if (dropped) return EPI_OK;
    if (status) {
        check.mirror = NULL;
        status = epi__check_unreadable(&check, EPI__TABLE_SCHEMA, (epi__view){0}, status);
    } else {
        status = epi__scratch_take(&check.scratch, check.mirror);
        if (!status) status = epi__check_space(&check);
    }
    dispose(&check);
    own->report.records += check.report.records;
    own->report.violations += check.report.violations;
    return status;
}

static epi_status check_all(struct census *census, epi__store *store) {
    EPI__TRY(check_meta(census));
    EPI__TRY(count_spaces(census, EPI__TABLE_SPACE_NAME));
    EPI__TRY(count_spaces(census, EPI__TABLE_DROPPED));
    EPI__TRY(check_strays(census));
    epi__reader reader = epi__reader_of(census->names.data, census->names.size);
    while (reader.next < reader.end) {
        uint32_t space = epi__read_u32(&reader);
        const char *name = (const char *)reader.next;
        (void)epi__read_view(&reader, strlen(name) + 1);
        EPI__TRY(check_named(census, store, space, name));
    }
    return EPI_OK;
}

epi_status epi_memory_check(epi_check_report *report, epi_memory *memory,
                            bool (*found)(void *context, const epi_violation *violation), void *context) {
    epi__tx tx;
    struct census census = {.own = {.found = found, .context = context, .space_name = ""}};
    if (report) memset(report, 0, sizeof *report);
    EPI__TRY(epi__memory_check_handle(memory));
    EPI__TRY(epi__tx_begin(&tx, memory->store, false));
    census.own.txn = tx.txn;
    epi_status status = check_all(&census, memory->store);
    epi__tx_abort(&tx);
    epi__buffer_dispose(&census.names);
    epi__map_dispose(&census.spaces);
    if (report) *report = census.own.report;
    return status;
}
