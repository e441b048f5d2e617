/* Tests that the check of a memory reports what is wrong in any table of a columnar space. */
#include <stdlib.h>

#include "column/column.h"
#include "place.h"
#include "quick.h"

#define SIZE 30000u /* bytes of an observation: 8 slots a chunk */

enum harm { FLIPPED, LOST, FOREIGN, STALE };

static bool note(void *context, const epi_violation *violation) {
    size_t *count = context;
    ++*count;
    assert_true(strlen(violation->reason) > 0);
    return true;
}

/* A space with sealed, open and reclaimed chunks, a limit, and a removed step. */
static epi_space *fill(place *p) {
    static uint8_t observations[30][SIZE];
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_space *space = NULL;
    epi_recorder *recorder = NULL;
    uint64_t ids[30];
    EXPECT(EPI_OK, epi_schema_transitions(&schema, roles, 1, EPI_I64, 0));
    roles[0] = epi_role_tensor(EPI_OBSERVATION, EPI_U8, 1, (const uint32_t[]){SIZE});
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "steps", &schema));
    EXPECT(EPI_OK, epi_recorder_open(&recorder, space, "actor", 1));
    epi_column column = epi_column_u8(EPI_OBSERVATION, observations[0]);
    EXPECT(EPI_OK, epi_transitions_append(ids, recorder, NULL, &column, 1, 30));
    epi_transition_limits limits = epi_transition_limits_default();
    limits.max_steps = 18;
    EXPECT(EPI_OK, epi_transitions_limit(space, &limits));
    epi_filter filter = epi_filter_default();
    filter.steps = &ids[20];
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_remove(NULL, space, &filter, false));
    epi_recorder_close(recorder);
    place_check(p->memory);
    return space;
}

static void find_record(epi__key *key, epi__buffer *value, epi__txn *txn, uint32_t space, uint8_t table) {
    epi__key first, end;
    epi__range *range = NULL;
    epi__view at, bytes;
    const epi__engine_ops *ops = epi__tx_ops(txn);
    epi__key_begin(&first, space, table);
    end = first;
    epi__key_next(&end);
    EXPECT(EPI_OK, ops->range_open(&range, txn, epi__key_view(&first), epi__key_view(&end), true));
    EXPECT(EPI_OK, ops->range_next(&at, &bytes, range));
    key->size = 0;
    epi__key_bytes(key, at.data, at.size);
    epi__buffer_append(value, bytes.data, bytes.size);
    ops->range_close(range);
}

static void do_harm(epi_space *space, uint8_t table, enum harm harm) {
    epi__tx tx;
    epi__key key;
    epi__buffer value = {0};
    EXPECT(EPI_OK, epi__tx_begin(&tx, space->mirror->store, true));
    const epi__engine_ops *ops = epi__tx_ops(tx.txn);
    find_record(&key, &value, tx.txn, space->mirror->space, table);
    if (harm == FLIPPED) {
        value.data[value.size - 1] ^= 0x40;
        EXPECT(EPI_OK, ops->put(tx.txn, epi__key_view(&key), (epi__view){value.data, value.size}));
    } else if (harm == LOST) {
        EXPECT(EPI_OK, ops->remove(tx.txn, epi__key_view(&key)));
    } else { /* checksums hold */
        if (harm == FOREIGN) key.bytes[key.size - 1] ^= 0x15;
        if (harm == STALE && value.size > 8) value.data[8] ^= 1;
        if (harm == STALE && value.size == 8) epi__buffer_append_u8(&value, 1);
        EXPECT(EPI_OK, epi__record_put(NULL, tx.txn, &key, value.data + 8, value.size - 8));
    }
    EXPECT(EPI_OK, epi__tx_commit(&tx));
    epi__buffer_dispose(&value);
}

static void every_harm_to_every_table_is_reported(void **state) {
    (void)state;
    static const uint8_t tables[] = {EPI__TABLE_CHUNK, EPI__TABLE_COLUMN, EPI__TABLE_ROWS,
                                     EPI__TABLE_RECORDER, EPI__TABLE_SEAT, EPI__TABLE_LIMIT};
    for (size_t i = 0; i < EPI__COUNT(tables); i++)
        for (enum harm harm = FLIPPED; harm <= STALE; harm++) {
            void *made = NULL;
            size_t said = 0;
            assert_int_equal(place_setup(&made), 0);
            place *p = made;
            epi_space *space = fill(p);
            do_harm(space, tables[i], harm);
            EXPECT(EPI_OK, epi_memory_check(NULL, p->memory, note, &said));
            if (said == 0) fail_msg("nothing was said of harm %d to table %s", harm, epi__table_name(tables[i]));
            epi_space_close(space);
            assert_int_equal(place_teardown(&made), 0);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_harm_to_every_table_is_reported)};
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
