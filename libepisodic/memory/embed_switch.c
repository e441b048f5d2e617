/* embed_switch.c - from one generation of a space's encoder to the next: beginning it, putting it in the place of the
 * one that served, and taking away what was set aside.
 *
 * The switch is one commit: the tail is sealed, so that no vector of the old generation is left in it, and the new one
 * serves. What is set aside is only marked so; its records go later, a bounded number in each transaction.
 */
#include "embed.h"

#include <stdio.h>

#include "append.h"
#include "learn.h"
#include "vectors.h"

#define RECLAIM_BATCH 256u /* records of a retired generation that one transaction removes */

static epi__view view_of(const char *text) {
    return (epi__view){text ? text : "", text ? strlen(text) : 0};
}

epi_status epi__embed_retire(epi__change *change, uint64_t generation) {
    epi__generation_record record;
    uint64_t waiting = 0;
    EPI__TRY(epi__backlog_count(&waiting, change->tx.txn, change->space, generation));
    EPI__TRY(epi__generation_get(&record, change->tx.txn, change->space, generation));
    change->state.backlog -= waiting;
    record.phase = EPI__GENERATION_RETIRED;
    return epi__generation_put(change, generation, &record);
}

/* Models that were learned are never alike: the number of the generation tells them apart. */
epi_status epi__embed_begin(epi__change *change, const epi_encoder *encoder) {
    epi__state *state = &change->state;
    bool done = false;
    char learned[32];
    epi__generation_record record = {.phase = EPI__GENERATION_BUILDING,
                                     .dimension = encoder->dimension,
                                     .next = 1,
                                     .until = epi__state_count(state, EPI__TABLE_STEP) ? state->next_step : 1,
                                     .name = view_of(encoder->name),
                                     .parameters = view_of(encoder->parameters),
                                     .source = view_of(encoder->source)};
    state->building = ++state->generations;
    state->building_dimension = encoder->dimension;
    (void)snprintf(learned, sizeof learned, "training %llu", (unsigned long long)state->building);
    if (epi__generation_learns(record.name)) record.parameters = view_of(learned);
    EPI__TRY(epi__generation_put(change, state->building, &record));
    epi__change_note(change, EPI__CHANGE_GENERATION, 0, 0);
    return epi__embed_switch(&done, change); /* at once where there is no step */
}

epi_status epi__embed_switch(bool *done, epi__change *change) {
    epi__state *state = &change->state;
    epi__generation_record record;
    uint64_t waiting = 0;
    *done = false;
    if (!state->building) return EPI_OK;
    EPI__TRY(epi__generation_get(&record, change->tx.txn, change->space, state->building));
    if (record.next < record.until || epi__generation_is_untrained(&record)) return EPI_OK;
    EPI__TRY(epi__backlog_count(&waiting, change->tx.txn, change->space, state->building));
    if (waiting > 0) return EPI_OK;
    EPI__TRY(epi__seal(NULL, change)); /* vectors of the old generation in the tail go to its chunks */
    EPI__TRY(epi__embed_retire(change, state->generation));
    EPI__TRY(epi__generation_get(&record, change->tx.txn, change->space, state->building)); /* its views moved */
    record.phase = EPI__GENERATION_SERVING;
    state->generation = state->building;
    state->dimension = state->building_dimension;
    state->vectors = record.vectors;
    state->building = state->building_dimension = state->worth = 0;
    epi__change_note(change, EPI__CHANGE_GENERATION, state->generation, 0);
    *done = true;
    return epi__generation_put(change, state->generation, &record);
}

epi_status epi__embed_finish(epi__mirror *mirror) {
    epi__change change;
    bool done = false;
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, false));
    epi_status status = epi__embed_switch(&done, &change);
    if (!status && done) {
        epi__generation_forget(mirror);
        return epi__change_commit(&change, epi__store_now(mirror->store));
    }
    epi__change_abort(&change);
    return status;
}

/* ---- reclaiming -------------------------------------------------------------------------------------------------- */

/* The first generation that was set aside; 0: none. */
static epi_status find_retired(uint64_t *number, epi__change *change) {
    epi__scan scan = {0};
    epi__view key, body;
    epi__generation_record record;
    *number = 0;
    epi_status status = epi__scan_table(&scan, change->tx.txn, change->space, EPI__TABLE_GENERATION);
    while (!status && *number == 0 && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK) {
        status = epi__generation_decode(&record, body);
        if (!status && record.phase == EPI__GENERATION_RETIRED) *number = epi__load_be32((const uint8_t *)key.data + 5);
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

static epi_status reclaim_in(bool *more, epi__change *change) {
    epi__key key;
    uint64_t number = 0;
    bool left = false;
    EPI__TRY(find_retired(&number, change));
    *more = number != 0;
    if (!number) return EPI_OK;
    EPI__TRY(epi__vectors_drop(&left, change, number, RECLAIM_BATCH));
    if (left) return EPI_OK;
    epi__key_begin(&key, change->space, EPI__TABLE_GENERATION);
    epi__key_u32(&key, (uint32_t)number);
    return epi__change_remove(change, &key);
}

epi_status epi__embed_reclaim(epi__mirror *mirror) {
    bool more = true;
    while (more) {
        epi__change change;
        EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, false));
        epi_status status = reclaim_in(&more, &change);
        if (!status && more)
            status = epi__change_commit(&change, epi__store_now(mirror->store));
        else
            epi__change_abort(&change);
        EPI__TRY(status);
    }
    return EPI_OK;
}
