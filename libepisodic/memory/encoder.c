/* encoder.c - the public face of a space's encoder: giving it, changing it, saying which it is; see generation.h. */
#include <stdio.h>

#include "../encode/lsa.h"
#include "../encode/remote.h"
#include "append.h"
#include "embed.h"
#include "handle.h"

#define MODULE "memory"

static epi__view view_of(const char *text) {
    return (epi__view){text ? text : "", text ? strlen(text) : 0};
}

static bool same_text(epi__view x, const char *text) {
    epi__view y = view_of(text);
    return x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
}

/* One that is learned is wished for by its name, whatever has been learned meanwhile. */
static bool is_same(const epi__generation_record *record, const epi_encoder *encoder) {
    return record->dimension == encoder->dimension && same_text(record->name, encoder->name) &&
           (epi__lsa_is_wish(encoder) || same_text(record->parameters, encoder->parameters));
}

/* Whether the encoder is the one of a generation; false for generation 0. */
static epi_status is_of(bool *is, epi__txn *txn, uint32_t space, uint64_t generation, const epi_encoder *encoder) {
    epi__generation_record record;
    *is = false;
    if (!generation) return EPI_OK;
    EPI__TRY(epi__generation_get(&record, txn, space, generation));
    *is = is_same(&record, encoder);
    return EPI_OK;
}

/* ---- changing --------------------------------------------------------------------------------------------------- */

/* Sets aside what was being made, if it is for another encoder; begins anew unless the encoder serves. */
static epi_status change_encoder(bool *changed, epi__change *change, const epi_encoder *encoder) {
    epi__state *state = &change->state;
    bool serves = false, builds = false;
    EPI__TRY(is_of(&builds, change->tx.txn, change->space, state->building, encoder));
    EPI__TRY(is_of(&serves, change->tx.txn, change->space, state->generation, encoder));
    *changed = !builds && (!serves || state->building);
    if (!*changed) return EPI_OK;
    if (state->building) EPI__TRY(epi__embed_retire(change, state->building));
    state->building = state->building_dimension = 0;
    if (!serves) return epi__embed_begin(change, encoder);
    epi__change_note(change, EPI__CHANGE_GENERATION, 0, 0);
    return EPI_OK;
}

static epi_status set_for_all(epi__mirror *mirror, const epi_encoder *encoder) {
    epi__change change;
    bool changed = false;
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, true));
    epi_status status = change_encoder(&changed, &change, encoder);
    if (!status && changed) return epi__change_commit(&change, epi__store_now(mirror->store));
    epi__change_abort(&change);
    return status;
}

/* Whether the space has this very encoder, and makes no other. */
static epi_status is_settled(bool *settled, epi__mirror *mirror, const epi_encoder *encoder) {
    epi__tx tx;
    epi__state state;
    bool builds = false;
    EPI__TRY(epi__tx_begin(&tx, mirror->store, false));
    epi_status status = epi__state_read(&state, tx.txn, mirror->space);
    if (!status) status = is_of(settled, tx.txn, mirror->space, state.generation, encoder);
    if (!status && state.building) status = is_of(&builds, tx.txn, mirror->space, state.building, encoder);
    if (!status && state.building) *settled = builds;
    epi__tx_abort(&tx);
    return status;
}

static epi_status check(epi_space *space, const epi_encoder *encoder) {
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(epi__encoder_check(encoder));
    static const char *const own[] = {"none", "given", "lsa"};
    for (size_t i = 0; i < EPI__COUNT(own); i++)
        if (strcmp(encoder->name, own[i]) == 0 && !epi__lsa_is_wish(encoder))
            return epi__fail(EPI_EINVAL, MODULE, "an encoder may not be called \"%s\"; that is the library's",
                             encoder->name);
    const epi_schema *schema = &space->mirror->schema->schema;
    bool searched = false;
    for (size_t i = 0; i < schema->role_count; i++) searched = searched || (schema->roles[i].flags & EPI_ROLE_SEARCH);
    if (!searched)
        return epi__fail(EPI_EUNSUPPORTED, MODULE,
                         "space \"%s\" has no role with EPI_ROLE_SEARCH, so no texts to encode", space->mirror->name);
    if (schema->encoder == EPI_ENCODER_GIVEN)
        return epi__fail(EPI_EUNSUPPORTED, MODULE,
                         "the vectors of space \"%s\" are given by the caller; no encoder can make them anew",
                         space->mirror->name);
    return EPI_OK;
}

/* The same encoder may be found elsewhere now: a directory or a server that moved. */
static epi_status renew_source(bool *renewed, epi__change *change, uint64_t generation, const epi_encoder *encoder) {
    epi__generation_record record;
    bool is = false;
    EPI__TRY(is_of(&is, change->tx.txn, change->space, generation, encoder));
    if (!is) return EPI_OK;
    EPI__TRY(epi__generation_get(&record, change->tx.txn, change->space, generation));
    if (same_text(record.source, encoder->source)) return EPI_OK;
    record.source = view_of(encoder->source);
    *renewed = true;
    return epi__generation_put(change, generation, &record);
}

static epi_status renew_sources(epi__mirror *mirror, const epi_encoder *encoder) {
    epi__change change;
    bool renewed = false;
    epi_status status = epi__change_begin(&change, mirror->store, mirror->space, false);
    if (status) return status == EPI_EREADONLY ? EPI_OK : status;
    status = renew_source(&renewed, &change, change.state.generation, encoder);
    if (!status) status = renew_source(&renewed, &change, change.state.building, encoder);
    if (!status && renewed) return epi__change_commit(&change, epi__store_now(mirror->store));
    epi__change_abort(&change);
    return status;
}

epi_status epi_space_encoder_give(epi_space *space, const epi_encoder *encoder) {
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(epi__encoder_check(encoder));
    return epi__generation_bind(space->mirror, encoder);
}

epi_status epi_space_encoder_set(epi_space *space, const epi_encoder *encoder) {
    bool settled = false;
    EPI__TRY(check(space, encoder));
    epi__mirror *mirror = space->mirror;
    EPI__TRY(is_settled(&settled, mirror, encoder));
    if (!settled) {
        EPI__TRY(epi__pending_commit(mirror));
        EPI__TRY(set_for_all(mirror, encoder));
        epi__generation_forget(mirror);
    } else if (encoder->source) {
        EPI__TRY(renew_sources(mirror, encoder));
    }
    return epi__lsa_is_wish(encoder) ? EPI_OK : epi__generation_bind(mirror, encoder);
}

/* ---- saying ----------------------------------------------------------------------------------------------------- */

static epi_status describe(epi_encoder_info *info, epi__mirror *mirror, epi__txn *txn, uint64_t number) {
    epi__generation_record record;
    const epi__generation *generation = NULL;
    if (!info || !number) return EPI_OK;
    EPI__TRY(epi__generation_of(&generation, mirror, txn, number));
    EPI__TRY(epi__generation_get(&record, txn, mirror->space, number));
    snprintf(info->name, sizeof info->name, "%s", generation->name);
    info->generation = number;
    info->dimension = generation->dimension;
    info->refused = record.refused;
    info->vectors = record.vectors;
    EPI__TRY(epi__backlog_count(&info->left, txn, mirror->space, number));
    if (record.until > record.next) info->left += record.until - record.next;
    bool table = generation->way == EPI__WAY_TABLE;
    const epi_encoder *encoder = table ? epi__generation_encoder(mirror, generation) : NULL;
    info->ready = encoder != NULL || generation->way == EPI__WAY_HASH;
    if (encoder) epi__remote_note(info->note, sizeof info->note, encoder);
    return EPI_OK;
}

epi_status epi_space_encoders(epi_encoder_info *serving, epi_encoder_info *building, epi_space *space) {
    if (serving) memset(serving, 0, sizeof *serving);
    if (building) memset(building, 0, sizeof *building);
    EPI__TRY(epi__space_check_handle(space));
    epi__tx tx;
    epi__state state;
    EPI__TRY(epi__tx_begin(&tx, space->mirror->store, false));
    epi_status status = epi__state_read(&state, tx.txn, space->mirror->space);
    if (!status) status = describe(serving, space->mirror, tx.txn, state.generation);
    if (!status) status = describe(building, space->mirror, tx.txn, state.building);
    if (!status && serving) serving->vectors = state.vectors;
    epi__tx_abort(&tx);
    return status;
}
