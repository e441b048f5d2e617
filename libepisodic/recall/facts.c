/* facts.c - what is known of a subject, read from what steps stated.
 *
 * Idea: the entries lie sorted by subject, attribute and time, so one walk gives each attribute its history, and the
 * last one of it that counts at the cue's times is what holds. Which steps count is asked of their marks, as recall
 * does. Nothing is kept between calls, and nothing was decided when a fact was stored: what arrives late, or is taken
 * back, changes the answer and no record.
 */
#include "../memory/facts.h"
#include "../memory/draft.h"
#include "../store/component.h"
#include "recall.h"

#define MODULE "recall"

struct epi_facts {
    epi__arena arena;
    epi_known_fact *items;
    size_t count, capacity;
};

/* A walk over the entries that a cue means. */
struct walk {
    epi_facts *out;
    epi__snapshot *snapshot;
    epi__filter filter; /* for what may be seen */
    epi__buffer name;   /* subject and attribute of the group */
    size_t group;       /* its first item */
    int64_t at;         /* what holds then is current */
    bool all;           /* the history is wanted */
};

/* ---- a step's facts --------------------------------------------------------------------------------------------- */

static epi_status fill_fact(epi_stated_fact *out, epi__arena *arena, const epi_schema *schema, const epi__fact *fact) {
    if (!fact->given && fact->role >= schema->role_count) return epi__fail(EPI_EDAMAGED, MODULE, "a fact has no role");
    out->given = fact->given;
    out->text_from = (size_t)fact->text_from;
    out->text_to = (size_t)fact->text_to;
    out->fact.from = fact->from;
    out->fact.to = fact->to;
    out->fact.subject = epi__arena_text(arena, fact->subject.data, fact->subject.size);
    out->fact.attribute = epi__arena_text(arena, fact->attribute.data, fact->attribute.size);
    out->fact.value = epi__arena_text(arena, fact->value.data, fact->value.size);
    if (!out->fact.subject || !out->fact.attribute || !out->fact.value)
        return epi__fail_memory(MODULE, fact->value.size);
    if (fact->given) return EPI_OK;
    out->role = epi__arena_text(arena, schema->roles[fact->role].name, strlen(schema->roles[fact->role].name));
    return out->role ? EPI_OK : epi__fail_memory(MODULE, 0);
}

epi_status epi__facts_of_row(const epi_stated_fact **facts, size_t *count, epi__arena *arena, const epi_schema *schema,
                             const epi__row *row) {
    epi__reader reader = epi__reader_of(row->facts.data, row->facts.size);
    epi__fact fact;
    *facts = NULL;
    *count = 0;
    if (row->facts.size == 0) return EPI_OK;
    epi_stated_fact *items = epi__arena_alloc(arena, EPI_FACT_COUNT_MAX, sizeof *items);
    if (!items) return epi__fail_memory(MODULE, EPI_FACT_COUNT_MAX * sizeof *items);
    while (*count < EPI_FACT_COUNT_MAX && epi__fact_next(&fact, &reader))
        EPI__TRY(fill_fact(&items[(*count)++], arena, schema, &fact));
    *facts = items;
    if (!reader.failed && reader.next == reader.end) return EPI_OK;
    return epi__fail(EPI_EDAMAGED, MODULE, "the facts that a step states cannot be read");
}

/* ---- one entry -------------------------------------------------------------------------------------------------- */

/* The bytes of a role's value that state a fact. */
static epi_status copy_said(const char **said, struct walk *walk, const epi__row *row, const epi__fact *fact) {
    epi__reader reader = row->rest;
    epi__value value;
    epi__view data = {0};
    for (uint8_t i = 0; i < row->tag_count; i++) (void)epi__read_bytes(&reader);
    epi__value_decode(&value, &reader); /* the metadata */
    for (uint8_t i = 0; i < row->part_count && !reader.failed && !data.data; i++) {
        epi__value_decode(&value, &reader);
        if (!reader.failed && value.role == fact->role)
            EPI__TRY(epi__component_get(&data, walk->snapshot->tx.txn, walk->snapshot->mirror->space, &value));
    }
    if (fact->text_to > data.size) return epi__fail(EPI_EDAMAGED, MODULE, "a fact stands in no text of its step");
    size_t size = (size_t)(fact->text_to - fact->text_from);
    *said = epi__arena_text(&walk->out->arena, (const char *)data.data + fact->text_from, size);
    return *said ? EPI_OK : epi__fail_memory(MODULE, size);
}

static epi_status fill(epi_known_fact *item, struct walk *walk, uint64_t step, const epi__row *row,
                       const epi__fact *fact) {
    epi_stated_fact stated = {0};
    EPI__TRY(fill_fact(&stated, &walk->out->arena, &walk->snapshot->mirror->schema->schema, fact));
    *item = (epi_known_fact){.fact = stated.fact,
                             .until = stated.fact.to,
                             .utc_offset_min = row->utc_offset_min,
                             .given = stated.given,
                             .role = stated.role,
                             .text_from = stated.text_from,
                             .text_to = stated.text_to,
                             .step = step,
                             .episode = row->episode,
                             .ingest_time = row->ingested};
    return stated.given ? EPI_OK : copy_said(&item->said, walk, row, fact);
}

static epi_status grow(epi_facts *out) {
    if (out->count < out->capacity) return EPI_OK;
    size_t more = out->capacity ? out->capacity * 2 : 32;
    epi_known_fact *grown = epi__realloc(out->items, more, sizeof *grown);
    if (!grown) return epi__fail_memory(MODULE, more * sizeof *grown);
    out->items = grown;
    out->capacity = more;
    return EPI_OK;
}

static epi_status add(struct walk *walk, uint64_t step, unsigned place) {
    epi__row row;
    epi__fact fact = {0};
    const epi__mark *mark = epi__mirror_mark(walk->snapshot->mirror, step);
    epi_time as_of = walk->filter.given->as_of;
    bool seen = epi__filter_sees(&walk->filter, step);
    if (!seen && (!walk->all || mark->forgotten_at != EPI_TIME_NONE)) return EPI_OK;
    epi_status status = epi__row_read(&row, walk->snapshot, step);
    if (status == EPI_ENOTFOUND) return epi__fail(EPI_EDAMAGED, MODULE, "an entry of a fact leads to no step");
    EPI__TRY(status);
    if (as_of != EPI_TIME_NONE && row.ingested > as_of) return EPI_OK;
    epi__reader reader = epi__reader_of(row.facts.data, row.facts.size);
    for (unsigned i = 0; i <= place; i++)
        if (!epi__fact_next(&fact, &reader)) return epi__fail(EPI_EDAMAGED, MODULE, "a fact is not in its step");
    EPI__TRY(grow(walk->out));
    epi_known_fact *item = &walk->out->items[walk->out->count];
    EPI__TRY(fill(item, walk, step, &row, &fact));
    item->superseded_by = seen ? 0 : mark->superseded_by;
    walk->out->count++;
    return EPI_OK;
}

/* ---- groups ----------------------------------------------------------------------------------------------------- */

/* Says of the group's facts how long each held and which one holds; where only that is wanted, the others go. */
static void end_group(struct walk *walk) {
    epi_facts *out = walk->out;
    epi_time next = EPI_TIME_NONE; /* when a later one begins */
    epi_known_fact *current = NULL;
    for (size_t i = out->count; i > walk->group; i--) {
        epi_known_fact *item = &out->items[i - 1];
        if (item->superseded_by) continue;
        bool cut = next != EPI_TIME_NONE && (item->until == EPI_TIME_NONE || next < item->until);
        bool holds = item->fact.from <= walk->at && (item->fact.to == EPI_TIME_NONE || walk->at < item->fact.to);
        if (!current && holds) current = item;
        if (cut) item->until = next;
        next = item->fact.from;
    }
    if (current) current->current = true;
    if (!walk->all) {
        if (current) out->items[walk->group] = *current;
        out->count = walk->group + (current != NULL);
    }
    walk->group = out->count;
}

static epi_status take_entry(struct walk *walk, epi__view key) {
    if (key.size < EPI__FACT_KEY_SIZE_MIN) return epi__fail(EPI_EDAMAGED, MODULE, "an entry of a fact is cut");
    epi__view name = epi__key_rest(key);
    const uint8_t *end = (const uint8_t *)key.data + key.size;
    name.size -= EPI__FACT_KEY_TAIL;
    if (name.size != walk->name.size || (name.size > 0 && memcmp(name.data, walk->name.data, name.size) != 0)) {
        end_group(walk);
        epi__buffer_clear(&walk->name);
        epi__buffer_append(&walk->name, name.data, name.size);
        if (walk->name.failed) return epi__fail_memory(MODULE, name.size);
    }
    return add(walk, epi__load_be64(end - 9), end[-1]);
}

static epi_status read_range(struct walk *walk, const epi__key *first) {
    epi__key end = *first;
    epi__scan scan = {0};
    epi__view key, body;
    epi__key_next(&end);
    epi_status status = epi__scan_open(&scan, walk->snapshot->tx.txn, first, &end, false);
    while (!status && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK) status = take_entry(walk, key);
    epi__scan_close(&scan);
    if (status != EPI_EDONE) return status;
    end_group(walk);
    return EPI_OK;
}

/* ---- cues ------------------------------------------------------------------------------------------------------- */

static epi_status check_cue(const epi_fact_cue *cue) {
    if (cue->version != 1) return epi__fail(EPI_EINVAL, MODULE, "cue has version %u, expected 1", cue->version);
    if (cue->attribute && !cue->subject)
        return epi__fail(EPI_EINVAL, MODULE, "attribute \"%.60s\" was asked for without a subject", cue->attribute);
    if (cue->subject)
        EPI__TRY(epi__check_text("subject", cue->subject, strlen(cue->subject), EPI_FACT_NAME_SIZE_MAX));
    if (!cue->attribute) return EPI_OK;
    return epi__check_text("attribute", cue->attribute, strlen(cue->attribute), EPI_FACT_NAME_SIZE_MAX);
}

static epi__view view_of(const char *text) {
    return text ? (epi__view){text, strlen(text)} : (epi__view){0};
}

static int64_t now_of(const epi__snapshot *snapshot) {
    int64_t now = epi__store_now(snapshot->mirror->store);
    uint64_t last = snapshot->state.last_event; /* biased; 0: none yet */
    return last ? EPI__MAX(now, (int64_t)(last ^ (1ull << 63))) : now;
}

static epi_status read_facts(epi_facts *out, epi_space *space, const epi_fact_cue *cue, bool all) {
    epi__key first;
    epi__snapshot snapshot;
    epi_filter given = epi_filter_default();
    EPI__TRY(epi__fact_prefix(&first, space->mirror->space, view_of(cue->subject), view_of(cue->attribute)));
    given.as_of = cue->as_of;
    given.valid_at = cue->valid_at;
    EPI__TRY(epi__snapshot_begin(&snapshot, space->mirror));
    struct walk walk = {.out = out, .snapshot = &snapshot, .all = all};
    walk.filter.given = &given;
    walk.filter.mirror = space->mirror;
    walk.at = cue->valid_at == EPI_TIME_NONE ? now_of(&snapshot) : cue->valid_at;
    epi_status status = read_range(&walk, &first);
    epi__buffer_dispose(&walk.name);
    epi__snapshot_end(&snapshot);
    return status;
}

static epi_status read_new(epi_facts **facts, epi_space *space, const epi_fact_cue *given, bool all) {
    if (!facts) return epi__fail(EPI_EINVAL, MODULE, "facts was NULL");
    *facts = NULL;
    epi_fact_cue cue = given ? *given : epi_fact_cue_default();
    EPI__TRY(epi__space_check_handle(space));
    EPI__TRY(check_cue(&cue));
    epi_facts *made = epi__alloc_zero(1, sizeof *made);
    if (!made) return epi__fail_memory(MODULE, sizeof *made);
    epi_status status = read_facts(made, space, &cue, all);
    if (status)
        epi_facts_free(made);
    else
        *facts = made;
    return status;
}

epi_status epi_facts_now(epi_facts **facts, epi_space *space, const epi_fact_cue *cue) {
    return read_new(facts, space, cue, false);
}

epi_status epi_facts_history(epi_facts **facts, epi_space *space, const epi_fact_cue *cue) {
    return read_new(facts, space, cue, true);
}

void epi_facts_free(epi_facts *facts) {
    if (!facts) return;
    epi__arena_dispose(&facts->arena);
    epi__free(facts->items);
    epi__free(facts);
}

size_t epi_facts_count(const epi_facts *facts) {
    return facts ? facts->count : 0;
}

const epi_known_fact *epi_facts_at(const epi_facts *facts, size_t index) {
    return facts && index < facts->count ? &facts->items[index] : NULL;
}
