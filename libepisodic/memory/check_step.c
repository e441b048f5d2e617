/* check_step.c - one row under check: what it refers to is there, and what it promises is noted, to be taken off when
 * it is found.
 *
 * A step promises the sum of the hashes of (term, step, weight, length) over the words that its parts give today, and
 * of its vector. Postings, tail and chunks take the same hashes off: what comes to 0 agrees, for a chance of 2^-64
 * otherwise.
 */
#include "../store/component.h"
#include "check.h"
#include "draft.h"
#include "facts.h"

static uint64_t hash_of(uint64_t step, epi__view term, uint32_t weight, uint8_t length) {
    struct {
        uint64_t step;
        uint32_t weight;
        uint32_t length;
    } rest = {step, weight, length};
    return epi__hash64_pair(&rest, sizeof rest, term.size ? term.data : "", term.size);
}

uint64_t epi__check_address(epi__hash128 hash, uint32_t ordinal) {
    struct {
        uint64_t high, low, ordinal;
    } address = {hash.high, hash.low, ordinal};
    return epi__hash64(&address, sizeof address);
}

static epi_status add_to(epi__map *map, uint64_t key, uint64_t more) {
    uint64_t value = 0;
    (void)epi__map_get(map, key, &value);
    return epi__map_put(map, key, value + more) ? EPI_OK : epi__fail_memory("memory", 16);
}

epi_status epi__check_take(epi__check *check, uint64_t step, epi__view term, uint32_t weight, uint8_t length) {
    return add_to(&check->promised, step, 0 - hash_of(step, term, weight, length));
}

epi_status epi__check_vector_of(epi__check *check, epi__view key, uint64_t generation, uint64_t step) {
    epi__key other;
    epi__view row;
    bool serves = generation == check->state.generation;
    check->vectors += serves;
    check->building_vectors += !serves;
    if (check->mirror->schema->schema.encoder == EPI_ENCODER_GIVEN)
        return epi__check_take(check, step, (epi__view){0}, 0, 0);
    epi__key_of_u64(&other, check->mirror->space, EPI__TABLE_STEP, step);
    if (epi__record_get(&row, check->txn, &other) != EPI_ENOTFOUND) return EPI_OK;
    return epi__check_violation(check, epi__key_table(key), key, "has a vector of step %llu, which is missing",
                                (unsigned long long)step);
}

epi_status epi__check_uses(epi__check *check, epi__view key, const epi__value *value) {
    epi__view data;
    if (!value->component) return EPI_OK;
    epi_status status = epi__component_get(&data, check->txn, check->mirror->space, value);
    if (status) return epi__check_unreadable(check, epi__key_table(key), key, status);
    return add_to(&check->uses, epi__check_address(value->hash, value->ordinal), 1);
}

/* The parts of a row, one a role; *whole is false when one cannot be read (which is reported). */
static epi_status read_parts(epi__view *parts, bool *whole, epi__check *check, epi__view key, const epi__row *row,
                             epi__reader *reader) {
    const epi_schema *schema = &check->mirror->schema->schema;
    *whole = true;
    for (unsigned i = 0; i <= row->part_count; i++) {
        epi__value value;
        epi__view data;
        epi__value_decode(&value, reader);
        if (reader->failed || (i > 0 && value.role >= schema->role_count)) {
            *whole = false;
            return epi__check_violation(check, EPI__TABLE_STEP, key, "part %u cannot be read", i);
        }
        EPI__TRY(epi__check_uses(check, key, &value));
        if (epi__component_get(&data, check->txn, check->mirror->space, &value) != EPI_OK)
            *whole = false;
        else if (i > 0)
            parts[value.role] = (epi__view){data.data ? data.data : "", data.size};
    }
    return EPI_OK;
}

static epi_status promise_words(epi__check *check, epi__view key, const epi__row *row, const epi__view *parts,
                                epi__view tags) {
    uint64_t step = epi__key_id(key);
    const epi_schema *schema = &check->mirror->schema->schema;
    const epi__document *document = &check->scratch->document;
    epi_status status = epi__draft_words(check->scratch, schema, parts, tags, row->tag_count, row->event_from,
                                         row->utc_offset_min);
    if (status) return epi__check_unreadable(check, EPI__TABLE_STEP, key, status);
    if ((document->count > 0) != ((row->flags & EPI__ROW_WORDS) != 0) || document->length != row->length)
        return epi__check_violation(check, EPI__TABLE_STEP, key, "says a length of %u quarter words, has %u",
                                    row->length, document->length);
    for (size_t i = 0; i < document->count; i++) {
        uint64_t hash = hash_of(step, epi__document_at(document, i), document->terms[i].weight,
                                epi__length_code(document->length));
        EPI__TRY(add_to(&check->promised, step, hash));
    }
    return EPI_OK;
}

/* A run that is missing or cannot be read holds nothing; any other failure is not the memory's. */
static epi_status run_holds(bool *holds, epi__check *check, uint64_t step, uint64_t episode) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__view key, body;
    epi__run run = {0};
    epi__key_begin(&first, check->mirror->space, EPI__TABLE_RUN);
    epi__key_of_u64(&end, check->mirror->space, EPI__TABLE_RUN, step + 1);
    epi_status status = epi__scan_open(&scan, check->txn, &first, &end, true);
    if (!status) status = epi__scan_next(&key, &body, &scan);
    if (!status) status = epi__run_decode(&run, epi__key_id(key), body);
    epi__scan_close(&scan);
    *holds = !status && run.episode == episode && step - run.first < run.count;
    return status == EPI_EDONE || status == EPI_EDAMAGED ? EPI_OK : status;
}

static epi_status check_references(epi__check *check, epi__view key, const epi__row *row) {
    epi__key other;
    epi__view body;
    uint64_t step = epi__key_id(key);
    bool holds = false;
    if (step >= check->state.next_step)
        EPI__TRY(epi__check_violation(check, EPI__TABLE_STEP, key, "its id was never given out"));
    EPI__TRY(run_holds(&holds, check, step, row->episode));
    if (!holds) EPI__TRY(epi__check_violation(check, EPI__TABLE_STEP, key, "lies in no run of its episode"));
    epi__key_begin(&other, check->mirror->space, EPI__TABLE_TIME);
    epi__key_time(&other, row->event_from);
    epi__key_u64(&other, step);
    if (epi__record_get(&body, check->txn, &other) == EPI_ENOTFOUND)
        EPI__TRY(epi__check_violation(check, EPI__TABLE_STEP, key, "has no time entry"));
    if (row->external.size == 0) return EPI_OK;
    check->externals++;
    epi__key_begin(&other, check->mirror->space, EPI__TABLE_EXTERNAL);
    epi__key_bytes(&other, row->external.data, row->external.size);
    if (epi__record_get(&body, check->txn, &other) == EPI_ENOTFOUND)
        return epi__check_violation(check, EPI__TABLE_STEP, key, "has an external id that does not lead to it");
    return EPI_OK;
}

/* Each told time stands inside a text of the step, and has its entry. */
static epi_status check_told(epi__check *check, epi__view key, const epi__row *row, const epi__view *parts) {
    const epi_schema *schema = &check->mirror->schema->schema;
    epi__reader reader = epi__reader_of(row->told.data, row->told.size);
    epi__told told;
    uint8_t place = 0;
    for (; place < EPI_TIME_MENTION_COUNT_MAX && epi__told_next(&told, &reader); place++) {
        epi__key other;
        epi__view body;
        if (told.role >= schema->role_count || (parts && told.text_to > parts[told.role].size))
            return epi__check_violation(check, EPI__TABLE_STEP, key, "tells a time that stands in none of its texts");
        epi__key_of_told(&other, check->mirror->space, told.from, epi__key_id(key), place);
        if (epi__record_get(&body, check->txn, &other) == EPI_ENOTFOUND)
            EPI__TRY(epi__check_violation(check, EPI__TABLE_STEP, key, "has no entry for a time that it tells"));
    }
    check->told += place;
    if (!reader.failed && reader.next == reader.end) return EPI_OK;
    return epi__check_violation(check, EPI__TABLE_STEP, key, "tells times that cannot be read");
}

/* Each found fact stands inside a text of the step, and each one has its entry. */
static epi_status check_facts(epi__check *check, epi__view key, const epi__row *row, const epi__view *parts) {
    const epi_schema *schema = &check->mirror->schema->schema;
    epi__reader reader = epi__reader_of(row->facts.data, row->facts.size);
    epi__fact fact;
    uint8_t place = 0;
    for (; place < EPI_FACT_COUNT_MAX && epi__fact_next(&fact, &reader); place++) {
        epi__key other;
        epi__view body;
        if (!fact.given &&
            (fact.role >= schema->role_count || (parts && fact.text_to > parts[fact.role].size)))
            return epi__check_violation(check, EPI__TABLE_STEP, key, "states a fact that stands in none of its texts");
        epi_status status = epi__fact_key(&other, check->mirror->space, &fact, epi__key_id(key), place);
        if (status) return epi__check_unreadable(check, EPI__TABLE_STEP, key, status);
        if (epi__record_get(&body, check->txn, &other) == EPI_ENOTFOUND)
            EPI__TRY(epi__check_violation(check, EPI__TABLE_STEP, key, "has no entry for a fact that it states"));
    }
    check->facts += place;
    if (!reader.failed && reader.next == reader.end) return EPI_OK;
    return epi__check_violation(check, EPI__TABLE_STEP, key, "states facts that cannot be read");
}

epi_status epi__check_step(epi__check *check, epi__view key, epi__view body) {
    epi__row row;
    epi__view parts[EPI_PART_COUNT_MAX] = {{0}};
    bool whole = true;
    epi_status status = epi__row_decode(&row, body);
    if (status) return epi__check_unreadable(check, EPI__TABLE_STEP, key, status);
    epi__reader reader = row.rest;
    const uint8_t *tags = reader.next;
    for (uint8_t i = 0; i < row.tag_count; i++) (void)epi__read_bytes(&reader);
    epi__view tag_bytes = {tags, (size_t)(reader.next - tags)};
    EPI__TRY(add_to(&check->episodes, row.episode, 1));
    EPI__TRY(check_references(check, key, &row));
    EPI__TRY(read_parts(parts, &whole, check, key, &row, &reader));
    EPI__TRY(check_told(check, key, &row, whole ? parts : NULL));
    EPI__TRY(check_facts(check, key, &row, whole ? parts : NULL));
    check->documents += row.length > 0;
    check->words += row.length;
    check->questions += (row.flags & EPI__ROW_QUESTION) != 0;
    check->user_steps += (row.flags & EPI__ROW_USER) != 0;
    if (row.flags & EPI__ROW_ASSISTANT) check->assistant_steps++, check->assistant_words += row.length;
    /* The caller's vectors come with their steps; an encoder's may come later, and change. */
    if ((row.flags & EPI__ROW_VECTOR) && check->mirror->schema->schema.encoder == EPI_ENCODER_GIVEN)
        EPI__TRY(add_to(&check->promised, epi__key_id(key), hash_of(epi__key_id(key), (epi__view){0}, 0, 0)));
    return whole ? promise_words(check, key, &row, parts, tag_bytes) : EPI_OK;
}
