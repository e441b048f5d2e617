/* check.c - walking every record of a space and reporting what is wrong; see check.h for the idea. */
#include "check.h"
#include "columnar.h"
#include "facts.h"

#include <stdio.h>

#include "handle.h"
#include "vectors.h"

#define MODULE "memory"

/* ---- reporting -------------------------------------------------------------------------------------------------- */

epi_status epi__check_violation(epi__check *check, uint8_t table, epi__view key, const char *format, ...) {
    char reason[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    check->report.violations++;
    if (!check->found) return EPI_OK;
    epi__buffer text = {0};
    if (key.size > 0) epi__key_describe(&text, key);
    const char *name = check->space_name[0] ? epi__table_name(table) : epi__memory_table_name(table);
    epi_violation violation = {check->space_name, name, epi__buffer_text(&text), reason};
    bool more = check->found(check->context, &violation);
    epi__buffer_dispose(&text);
    return more ? EPI_OK : epi__fail(EPI_ECANCELLED, MODULE, "the check was stopped");
}

epi_status epi__check_unreadable(epi__check *check, uint8_t table, epi__view key, epi_status status) {
    if (status != EPI_EDAMAGED && status != EPI_EJSON && status != EPI_EUTF8) return status;
    return epi__check_violation(check, table, key, "%s", epi_error_last()->message);
}

/* ---- records of each table -------------------------------------------------------------------------------------- */

/* The episode that an external id leads to; 0: none. */
static uint64_t episode_of(epi__check *check, epi__view external) {
    epi__key key;
    epi__view body;
    epi__key_begin(&key, check->mirror->space, EPI__TABLE_EPISODE_EXTERNAL);
    epi__key_bytes(&key, external.data, external.size);
    if (epi__record_get(&body, check->txn, &key) != EPI_OK) return 0;
    epi__reader reader = epi__reader_of(body.data, body.size);
    return epi__read_u64(&reader);
}

static epi_status check_episode_external(epi__check *check, epi__view key, epi__view body) {
    epi__key other;
    epi__episode_record record;
    epi__view found, external = epi__key_rest(key);
    epi__reader reader = epi__reader_of(body.data, body.size);
    epi__key_of_u64(&other, check->mirror->space, EPI__TABLE_EPISODE, epi__read_u64(&reader));
    epi_status status = epi__record_get(&found, check->txn, &other);
    if (!status) status = epi__episode_decode(&record, found);
    if (!status && record.external.size == external.size &&
        memcmp(record.external.data, external.data, external.size) == 0)
        return EPI_OK;
    return epi__check_violation(check, EPI__TABLE_EPISODE_EXTERNAL, key, "names an episode that does not have it");
}

static epi_status check_episode(epi__check *check, epi__view key, epi__view body) {
    epi__episode_record record;
    uint64_t live = 0, id = epi__key_id(key);
    epi_status status = epi__episode_decode(&record, body);
    if (status) return epi__check_unreadable(check, EPI__TABLE_EPISODE, key, status);
    (void)epi__map_get(&check->episodes, id, &live);
    if (live != record.step_count)
        EPI__TRY(epi__check_violation(check, EPI__TABLE_EPISODE, key, "says %llu steps, has %llu",
                                      (unsigned long long)record.step_count, (unsigned long long)live));
    if (id >= check->state.next_episode)
        EPI__TRY(epi__check_violation(check, EPI__TABLE_EPISODE, key, "its id was never given out"));
    if (record.external.size > 0 && episode_of(check, record.external) != id)
        EPI__TRY(epi__check_violation(check, EPI__TABLE_EPISODE, key, "has an external id that does not lead to it"));
    (void)epi__map_remove(&check->episodes, id);
    const epi__value *values[] = {&record.title, &record.metadata, &record.outcome};
    for (size_t i = 0; i < EPI__COUNT(values); i++) EPI__TRY(epi__check_uses(check, key, values[i]));
    return EPI_OK;
}

static epi_status check_run(epi__check *check, epi__view key, epi__view body) {
    epi__run run;
    epi_status status = epi__run_decode(&run, epi__key_id(key), body);
    if (status) return epi__check_unreadable(check, EPI__TABLE_RUN, key, status);
    if (run.count == 0 || run.first + run.count > check->state.next_step)
        return epi__check_violation(check, EPI__TABLE_RUN, key, "covers ids that were never given out");
    epi__key episode;
    epi__view record;
    epi__key_of_u64(&episode, check->mirror->space, EPI__TABLE_EPISODE, run.episode);
    if (epi__record_get(&record, check->txn, &episode) == EPI_ENOTFOUND)
        return epi__check_violation(check, EPI__TABLE_RUN, key, "belongs to episode %llu, which is missing",
                                    (unsigned long long)run.episode);
    return EPI_OK;
}

static epi_status check_mark(epi__check *check, epi__view key, epi__view body) {
    epi__mark mark;
    epi__key step;
    epi__view row;
    epi_status status = epi__mark_decode(&mark, body);
    if (status) return epi__check_unreadable(check, EPI__TABLE_MARK, key, status);
    epi__key_of_u64(&step, check->mirror->space, EPI__TABLE_STEP, epi__key_id(key));
    if (epi__record_get(&row, check->txn, &step) == EPI_ENOTFOUND)
        return epi__check_violation(check, EPI__TABLE_MARK, key, "marks a step that is missing");
    check->forgotten += mark.forgotten_at != EPI_TIME_NONE;
    check->superseded += mark.superseded_by != 0;
    return EPI_OK;
}

static epi_status check_component(epi__check *check, epi__view key, epi__view body) {
    epi__view rest = epi__key_rest(key);
    const uint8_t *at = rest.data;
    epi__hash128 hash = {.high = epi__load_be64(at), .low = epi__load_be64(at + 8)},
                 real = epi__hash128_of(body.data, body.size);
    if (hash.high != real.high || hash.low != real.low)
        EPI__TRY(epi__check_violation(check, EPI__TABLE_COMPONENT, key, "its bytes have another hash than its key"));
    uint64_t uses = 0, counted = 1;
    (void)epi__map_get(&check->uses, epi__check_address(hash, epi__load_be32(at + 16)), &uses);
    epi__key share;
    epi__view count;
    epi__key_begin(&share, check->mirror->space, EPI__TABLE_SHARE);
    epi__key_bytes(&share, rest.data, rest.size);
    if (epi__record_get(&count, check->txn, &share) == EPI_OK) {
        epi__reader reader = epi__reader_of(count.data, count.size);
        counted = epi__read_u64(&reader);
    }
    check->component_size += body.size;
    check->component_count++;
    (void)epi__map_remove(&check->uses, epi__check_address(hash, epi__load_be32(at + 16)));
    if (uses == counted) return EPI_OK;
    return epi__check_violation(check, EPI__TABLE_COMPONENT, key, "is used %llu times, counted %llu",
                                (unsigned long long)uses, (unsigned long long)counted);
}

static epi_status check_share(epi__check *check, epi__view key, epi__view body) {
    epi__key component;
    epi__view found, rest = epi__key_rest(key);
    (void)body;
    epi__key_begin(&component, check->mirror->space, EPI__TABLE_COMPONENT);
    epi__key_bytes(&component, rest.data, rest.size);
    if (epi__record_get(&found, check->txn, &component) != EPI_ENOTFOUND) return EPI_OK;
    return epi__check_violation(check, EPI__TABLE_SHARE, key, "counts a component that is missing");
}

static epi_status check_tail(epi__check *check, epi__view key, epi__view body) {
    epi__view document, vector, term;
    uint32_t weight;
    uint64_t step = epi__key_id(key);
    epi_status status = epi__tail_record_decode(&document, &vector, body);
    if (status) return epi__check_unreadable(check, EPI__TABLE_TAIL, key, status);
    if (vector.size > 0) EPI__TRY(epi__check_vector_of(check, key, check->state.generation, step));
    if (vector.size > 0 && vector.size != check->state.dimension * sizeof(float))
        EPI__TRY(epi__check_violation(check, EPI__TABLE_TAIL, key, "has a vector of %zu bytes", vector.size));
    if (document.size == 0) return EPI_OK;
    epi__document_reader reader = epi__document_open(document);
    uint8_t length = epi__length_code(reader.length);
    while (epi__document_next(&term, &weight, &reader)) EPI__TRY(epi__check_take(check, step, term, weight, length));
    return reader.reader.failed ? epi__check_violation(check, EPI__TABLE_TAIL, key, "is cut") : EPI_OK;
}

static epi_status check_block(epi__check *check, uint8_t table, epi__view key, epi__view term, epi__view block) {
    epi__posting postings[EPI__BLOCK_COUNT_MAX];
    size_t count = 0;
    epi_status status = epi__block_decode(&count, postings, block);
    if (status) return epi__check_unreadable(check, table, key, status);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && postings[i].step <= postings[i - 1].step)
            EPI__TRY(epi__check_violation(check, table, key, "is out of order"));
        EPI__TRY(epi__check_take(check, postings[i].step, term, postings[i].weight, postings[i].length));
    }
    return EPI_OK;
}

struct tally {
    uint64_t count;
};

static epi_status tally_block(void *context, const epi__posting *postings, size_t count) {
    struct tally *tally = context;
    (void)postings;
    tally->count += count;
    return EPI_OK;
}

static epi_status check_term(epi__check *check, epi__view key, epi__view body) {
    epi__view block, term = epi__key_rest(key);
    uint64_t documents = 0;
    struct tally tally = {0};
    epi_status status = epi__term_record_decode(&documents, &block, body);
    if (!status) status = epi__postings_walk(check->txn, check->mirror->space, term, tally_block, &tally);
    if (status) return epi__check_unreadable(check, EPI__TABLE_TERM, key, status);
    if (tally.count != documents)
        EPI__TRY(epi__check_violation(check, EPI__TABLE_TERM, key, "says %llu documents, has %llu",
                                      (unsigned long long)documents, (unsigned long long)tally.count));
    return check_block(check, EPI__TABLE_TERM, key, term, block);
}

static epi_status check_posting(epi__check *check, epi__view key, epi__view body) {
    epi__view rest = epi__key_rest(key);
    if (rest.size < 10) return epi__check_violation(check, EPI__TABLE_POSTING, key, "its key has %zu bytes", rest.size);
    return check_block(check, EPI__TABLE_POSTING, key, (epi__view){rest.data, rest.size - 9}, body);
}

static epi_status check_chunk(epi__check *check, epi__view key, epi__view body) {
    uint64_t generation = epi__load_be32((const uint8_t *)key.data + 5);
    epi__generation_record record;
    const uint8_t *present = NULL;
    const float *vectors = NULL;
    epi_status status = epi__generation_get(&record, check->txn, check->mirror->space, generation);
    if (status == EPI_ENOTFOUND)
        return epi__check_violation(check, EPI__TABLE_VECTOR, key, "belongs to no generation of the encoder");
    if (!status && record.phase == EPI__GENERATION_RETIRED) return EPI_OK; /* being reclaimed */
    uint32_t dimension = status ? 0 : record.dimension, capacity = epi__vectors_capacity(EPI__MAX(dimension, 1u));
    if (!status) status = epi__chunk_open(&present, &vectors, body, dimension);
    if (status) return epi__check_unreadable(check, EPI__TABLE_VECTOR, key, status);
    uint64_t first = epi__load_be64((const uint8_t *)key.data + key.size - 8) * capacity;
    for (uint32_t i = 0; i < capacity; i++) {
        if (!(present[i / 8] >> (i % 8) & 1)) continue;
        EPI__TRY(epi__check_vector_of(check, key, generation, first + i));
        if (!epi__math_all_finite(vectors + (size_t)i * dimension, dimension))
            EPI__TRY(epi__check_violation(check, EPI__TABLE_VECTOR, key, "the vector of step %llu is not finite",
                                          (unsigned long long)(first + i)));
    }
    return EPI_OK;
}

/* Exactly one serves, as the state says; what it does not count is counted here. */
static epi_status check_generation(epi__check *check, epi__view key, epi__view body) {
    epi__generation_record record;
    uint64_t number = epi__load_be32((const uint8_t *)key.data + 5);
    const epi__state *state = &check->state;
    epi_status status = epi__generation_decode(&record, body);
    if (status) return epi__check_unreadable(check, EPI__TABLE_GENERATION, key, status);
    epi__generation_phase expected = number == state->generation ? EPI__GENERATION_SERVING
                                     : number == state->building ? EPI__GENERATION_BUILDING
                                                                 : EPI__GENERATION_RETIRED;
    uint64_t dimension = expected == EPI__GENERATION_SERVING ? state->dimension : state->building_dimension;
    if (number == 0 || number > state->generations || record.phase != expected ||
        (expected != EPI__GENERATION_RETIRED && record.dimension != dimension))
        return epi__check_violation(check, EPI__TABLE_GENERATION, key, "is in another phase than the state says");
    check->learned_said += expected != EPI__GENERATION_RETIRED ? record.learned : 0;
    check->generations_live += expected != EPI__GENERATION_RETIRED;
    if (expected == EPI__GENERATION_BUILDING) check->building_said = record.vectors;
    return EPI_OK;
}

static epi_status check_backlog(epi__check *check, epi__view key, epi__view body) {
    epi__key step;
    epi__view row;
    epi__generation_record record;
    uint64_t generation = epi__load_be32((const uint8_t *)key.data + 5);
    (void)body;
    if (epi__generation_get(&record, check->txn, check->mirror->space, generation) != EPI_OK)
        return epi__check_violation(check, EPI__TABLE_BACKLOG, key, "waits for no generation of the encoder");
    if (record.phase == EPI__GENERATION_RETIRED) return EPI_OK;
    check->backlog++;
    epi__key_of_u64(&step, check->mirror->space, EPI__TABLE_STEP, epi__load_be64((const uint8_t *)key.data + 9));
    if (epi__record_get(&row, check->txn, &step) != EPI_ENOTFOUND) return EPI_OK;
    return epi__check_violation(check, EPI__TABLE_BACKLOG, key, "a step that is missing waits for its vector");
}

static epi_status check_model(epi__check *check, epi__view key, epi__view body) {
    epi__generation_record record;
    (void)body;
    if (key.size < 9 || epi__generation_get(&record, check->txn, check->mirror->space,
                                            epi__load_be32((const uint8_t *)key.data + 5)) != EPI_OK)
        return epi__check_violation(check, EPI__TABLE_MODEL, key, "belongs to no generation of the encoder");
    check->learned += record.phase != EPI__GENERATION_RETIRED;
    return EPI_OK;
}

static epi_status check_time(epi__check *check, epi__view key, epi__view body) {
    epi__key step;
    epi__view row_body;
    epi__row row;
    epi__reader reader = epi__reader_of(body.data, body.size);
    int64_t end = (int64_t)epi__read_u64(&reader);
    epi__key_of_u64(&step, check->mirror->space, EPI__TABLE_STEP, epi__load_be64((const uint8_t *)key.data + 13));
    epi_status status = epi__record_get(&row_body, check->txn, &step);
    if (!status) status = epi__row_decode(&row, row_body);
    int64_t time = (int64_t)(epi__load_be64((const uint8_t *)key.data + 5) ^ (1ull << 63));
    if (status || row.event_from != time || row.event_to != end)
        return epi__check_violation(check, EPI__TABLE_TIME, key, "no step happened then");
    return EPI_OK;
}

/* The key names a step and a place in its list of told times. */
static epi_status check_told(epi__check *check, epi__view key, epi__view body) {
    epi__key step;
    epi__view row_body;
    epi__row row;
    epi__told told = {0};
    const uint8_t *at = key.data;
    epi__reader reader = epi__reader_of(body.data, body.size);
    int64_t end = (int64_t)epi__read_u64(&reader);
    epi__key_of_u64(&step, check->mirror->space, EPI__TABLE_STEP, epi__load_be64(at + 13));
    epi_status status = epi__record_get(&row_body, check->txn, &step);
    if (!status) status = epi__row_decode(&row, row_body);
    bool there = !status;
    epi__reader list = there ? epi__reader_of(row.told.data, row.told.size) : (epi__reader){0};
    for (int place = 0; there && place <= at[21]; place++) there = epi__told_next(&told, &list);
    if (there && told.from == (int64_t)(epi__load_be64(at + 5) ^ (1ull << 63)) && told.to == end) return EPI_OK;
    return epi__check_violation(check, EPI__TABLE_TOLD, key, "no step tells of that time");
}

/* The key ends with a step and a place in its list of facts, and is the one that this fact has. */
static epi_status check_fact(epi__check *check, epi__view key, epi__view body) {
    epi__key step, own;
    epi__view row_body;
    epi__row row;
    epi__fact fact = {0};
    const uint8_t *end = (const uint8_t *)key.data + key.size;
    epi__reader reader = epi__reader_of(body.data, body.size);
    int64_t to = (int64_t)epi__read_u64(&reader);
    bool there = key.size >= EPI__FACT_KEY_SIZE_MIN && body.size == sizeof to;
    uint64_t id = there ? epi__load_be64(end - 9) : 0;
    epi__key_of_u64(&step, check->mirror->space, EPI__TABLE_STEP, id);
    there = there && epi__record_get(&row_body, check->txn, &step) == EPI_OK;
    there = there && epi__row_decode(&row, row_body) == EPI_OK;
    epi__reader list = there ? epi__reader_of(row.facts.data, row.facts.size) : (epi__reader){0};
    for (int place = 0; there && place <= end[-1]; place++) there = epi__fact_next(&fact, &list);
    there = there && epi__fact_key(&own, check->mirror->space, &fact, id, end[-1]) == EPI_OK;
    if (there && fact.to == to && own.size == key.size && memcmp(own.bytes, key.data, key.size) == 0) return EPI_OK;
    return epi__check_violation(check, EPI__TABLE_FACT, key, "no step states that fact");
}

static epi_status check_external(epi__check *check, epi__view key, epi__view body) {
    epi__key step;
    epi__view row_body, rest = epi__key_rest(key);
    epi__row row;
    epi__reader reader = epi__reader_of(body.data, body.size);
    epi__key_of_u64(&step, check->mirror->space, EPI__TABLE_STEP, epi__read_u64(&reader));
    epi_status status = epi__record_get(&row_body, check->txn, &step);
    if (!status) status = epi__row_decode(&row, row_body);
    if (status || row.external.size != rest.size || memcmp(row.external.data, rest.data, rest.size) != 0)
        return epi__check_violation(check, EPI__TABLE_EXTERNAL, key, "names a step that does not have it");
    return EPI_OK;
}

/* Old entries go, so the first may have any number; from there on to the newest change there is no gap. */
static epi_status check_journal(epi__check *check, epi__view key, epi__view body) {
    uint64_t sequence = epi__key_id(key), before = check->journal;
    check->journal = sequence;
    if (body.size < sizeof(int64_t)) EPI__TRY(epi__check_violation(check, EPI__TABLE_JOURNAL, key, "is cut"));
    if (sequence > check->state.sequence)
        EPI__TRY(epi__check_violation(check, EPI__TABLE_JOURNAL, key, "lies behind the newest change"));
    if (before == 0 || sequence == before + 1) return EPI_OK;
    return epi__check_violation(check, EPI__TABLE_JOURNAL, key, "follows on entry %llu", (unsigned long long)before);
}

static epi_status check_columnar(epi__check *check, epi__view key, epi__view body) {
    return epi__columnar_check(check, epi__key_table(key), key, body);
}

typedef epi_status (*check_record)(epi__check *check, epi__view key, epi__view body);

/* key_size 0: keys of any size. In this order: rows first, since they promise; what may only be judged when all
 * promises are in comes behind them. */
static const struct {
    uint8_t table;
    uint8_t key_size;
    check_record check;
} ORDER[EPI__TABLE_SLOTS] = {
    {EPI__TABLE_SCHEMA, 5, NULL},
    {EPI__TABLE_STEP, 13, epi__check_step},
    {EPI__TABLE_EPISODE, 13, check_episode},
    {EPI__TABLE_EPISODE_EXTERNAL, 0, check_episode_external},
    {EPI__TABLE_RUN, 13, check_run},
    {EPI__TABLE_EXTERNAL, 0, check_external},
    {EPI__TABLE_MARK, 13, check_mark},
    {EPI__TABLE_TIME, 21, check_time},
    {EPI__TABLE_TOLD, 22, check_told},
    {EPI__TABLE_FACT, 0, check_fact},
    {EPI__TABLE_COMPONENT, 25, check_component},
    {EPI__TABLE_SHARE, 25, check_share},
    {EPI__TABLE_TAIL, 13, check_tail},
    {EPI__TABLE_TERM, 0, check_term},
    {EPI__TABLE_POSTING, 0, check_posting},
    {EPI__TABLE_VECTOR, 17, check_chunk},
    {EPI__TABLE_GENERATION, 9, check_generation},
    {EPI__TABLE_BACKLOG, 17, check_backlog},
    {EPI__TABLE_MODEL, 0, check_model},
    {EPI__TABLE_JOURNAL, 13, check_journal},
    {EPI__TABLE_CHUNK, 13, check_columnar},
    {EPI__TABLE_COLUMN, 13, check_columnar},
    {EPI__TABLE_ROWS, 17, check_columnar},
    {EPI__TABLE_RECORDER, 0, check_columnar},
    {EPI__TABLE_SEAT, 9, check_columnar},
    {EPI__TABLE_LIMIT, 5, check_columnar},
    {EPI__TABLE_PRIORITY, 21, check_columnar},
};

/* ---- a space ---------------------------------------------------------------------------------------------------- */

static epi_status check_table(epi__check *check, uint8_t table, size_t key_size, check_record each) {
    epi__scan scan = {0};
    epi__table_sum *sum = &check->sums[epi__table_slot(table)];
    epi_status status = epi__scan_table(&scan, check->txn, check->mirror->space, table);
    while (!status) {
        epi__view key, value, body;
        status = epi__tx_ops(check->txn)->range_next(&key, &value, scan.range);
        if (status) break;
        epi__reader reader = epi__reader_of(value.data, value.size);
        sum->count++;
        sum->sum += epi__read_u64(&reader);
        check->report.records++;
        status = epi__record_open(&body, key, value);
        if (status)
            status = epi__check_unreadable(check, table, key, status);
        else if (key_size && key.size != key_size)
            status = epi__check_violation(check, table, key, "its key has %zu bytes, expected %zu", key.size, key_size);
        else if (each)
            status = each(check, key, body);
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

static epi_status compare(epi__check *check, const char *what, uint64_t said, uint64_t counted) {
    if (said == counted) return EPI_OK;
    return epi__check_violation(check, EPI__TABLE_STATE, (epi__view){0}, "says %llu %s, counted %llu",
                                (unsigned long long)said, what, (unsigned long long)counted);
}

static epi_status check_counts(epi__check *check) {
    const epi__state *state = &check->state;
    for (int slot = 0; slot < EPI__TABLE_SLOTS; slot++) {
        EPI__TRY(
            compare(check, epi__table_name(epi__table_at(slot)), state->tables[slot].count, check->sums[slot].count));
        if (state->tables[slot].sum != check->sums[slot].sum)
            EPI__TRY(epi__check_violation(check, epi__table_at(slot), (epi__view){0},
                                          "its records do not add up: one is lost, stale or foreign"));
    }
    EPI__TRY(compare(check, "forgotten steps", state->forgotten, check->forgotten));
    EPI__TRY(compare(check, "superseded steps", state->superseded, check->superseded));
    EPI__TRY(compare(check, "steps with words", state->documents, check->documents));
    EPI__TRY(compare(check, "quarter words", state->words, check->words));
    EPI__TRY(compare(check, "vectors", state->vectors, check->vectors));
    EPI__TRY(compare(check, "questions", state->questions, check->questions));
    EPI__TRY(compare(check, "steps of a user", state->user_steps, check->user_steps));
    EPI__TRY(compare(check, "steps of an assistant", state->assistant_steps, check->assistant_steps));
    EPI__TRY(compare(check, "quarter words of an assistant", state->assistant_words, check->assistant_words));
    EPI__TRY(compare(check, "vectors of the generation to come", check->building_said, check->building_vectors));
    EPI__TRY(compare(check, "steps that wait for a vector", state->backlog, check->backlog));
    EPI__TRY(compare(check, "records that encoders learned", check->learned_said, check->learned));
    EPI__TRY(compare(check, "generations", 1 + (state->building != 0), check->generations_live));
    EPI__TRY(compare(check, "bytes of components", state->component_size, check->component_size));
    EPI__TRY(compare(check, "as its newest change", state->sequence, check->journal));
    EPI__TRY(compare(check, "external ids", epi__state_count(state, EPI__TABLE_EXTERNAL), check->externals));
    EPI__TRY(compare(check, "told times", epi__state_count(state, EPI__TABLE_TOLD), check->told));
    EPI__TRY(compare(check, "stated facts", epi__state_count(state, EPI__TABLE_FACT), check->facts));
    return compare(check, "time entries", epi__state_count(state, EPI__TABLE_TIME),
                   epi__state_count(state, EPI__TABLE_STEP));
}

/* What was promised and never came. */
static epi_status check_leftovers(epi__check *check) {
    size_t at = 0;
    uint64_t id = 0, left = 0;
    epi__key key;
    while (epi__map_next(&check->promised, &at, &id, &left)) {
        epi__key_of_u64(&key, check->mirror->space, EPI__TABLE_STEP, id);
        if (left != 0)
            EPI__TRY(epi__check_violation(check, EPI__TABLE_STEP, epi__key_view(&key),
                                          "its words or its vector differ from what is indexed"));
    }
    for (at = 0; epi__map_next(&check->episodes, &at, &id, &left);) {
        epi__key_of_u64(&key, check->mirror->space, EPI__TABLE_EPISODE, id);
        EPI__TRY(epi__check_violation(check, EPI__TABLE_EPISODE, epi__key_view(&key), "is missing, but has %llu steps",
                                      (unsigned long long)left));
    }
    for (at = 0; epi__map_next(&check->uses, &at, &id, &left);)
        EPI__TRY(epi__check_violation(check, EPI__TABLE_COMPONENT, (epi__view){0},
                                      "a component that is used %llu times is missing", (unsigned long long)left));
    return EPI_OK;
}

epi_status epi__check_space(epi__check *check) {
    epi_status status = epi__state_read(&check->state, check->txn, check->mirror->space);
    if (status == EPI_ESTALE) /* the space still has its name, in this same snapshot */
        return epi__check_violation(check, EPI__TABLE_STATE, (epi__view){0}, "is missing");
    if (status) return epi__check_unreadable(check, EPI__TABLE_STATE, (epi__view){0}, status);
    check->report.records++;
    for (size_t i = 0; !status && i < EPI__COUNT(ORDER); i++)
        status = check_table(check, ORDER[i].table, ORDER[i].key_size, ORDER[i].check);
    if (!status) status = check_counts(check);
    if (!status) status = epi__columnar_check_end(check);
    return status ? status : check_leftovers(check);
}
