/* facts.c - the facts that a step states: those that were given with it or extracted from it, then those that rules
 * find in its texts; and the entries that lead to them.
 *
 * Facts stand in the step's row, so that they come and go with it; the table only leads to them. A row keeps what was
 * found when it was stored, also when a later release would find something else. Found facts are said by somebody of
 * themselves: only spaces with a KEYWORD role "speaker" have such texts, an assistant has no life to tell of, and what
 * was imagined states nothing.
 */
#include "facts.h"

#include "../text/facts.h"
#include "../text/text.h"
#include "extract.h"

#define MODULE "memory"

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static epi_status add_name(epi__key *key, const char *what, epi__view name) {
    epi__buffer folded = {0};
    epi_status status = epi__utf8_fold(&folded, name.data, name.size);
    if (!status && folded.size > EPI_FACT_NAME_SIZE_MAX)
        status = epi__fail(EPI_ELIMIT, MODULE, "the %s of a fact has %zu bytes when folded, limit %u", what,
                           folded.size, EPI_FACT_NAME_SIZE_MAX);
    if (!status) {
        epi__key_bytes(key, folded.data, folded.size);
        epi__key_bytes(key, "", 1);
    }
    epi__buffer_dispose(&folded);
    return status;
}

epi_status epi__fact_prefix(epi__key *key, uint32_t space, epi__view subject, epi__view attribute) {
    epi__key_begin(key, space, EPI__TABLE_FACT);
    if (subject.data) EPI__TRY(add_name(key, "subject", subject));
    return subject.data && attribute.data ? add_name(key, "attribute", attribute) : EPI_OK;
}

epi_status epi__fact_key(epi__key *key, uint32_t space, const epi__fact *fact, uint64_t step, uint8_t place) {
    EPI__TRY(epi__fact_prefix(key, space, fact->subject, fact->attribute));
    epi__key_time(key, fact->from);
    epi__key_u64(key, step);
    epi__key_bytes(key, &place, 1);
    return EPI_OK;
}

epi_status epi__facts_put(epi__change *change, uint64_t step, epi__view facts) {
    epi__key key;
    epi__fact fact;
    epi__reader reader = epi__reader_of(facts.data, facts.size);
    for (uint8_t place = 0; epi__fact_next(&fact, &reader); place++) {
        uint8_t end[8];
        for (unsigned i = 0; i < 8; i++) end[i] = (uint8_t)((uint64_t)fact.to >> (8 * i));
        EPI__TRY(epi__fact_key(&key, change->space, &fact, step, place));
        EPI__TRY(epi__change_insert(change, &key, end, sizeof end));
    }
    return reader.failed ? epi__fail(EPI_EINTERNAL, MODULE, "the facts of a draft could not be read") : EPI_OK;
}

epi_status epi__facts_remove(epi__change *change, uint64_t step, epi__view facts) {
    epi__key key;
    epi__fact fact;
    epi__reader reader = epi__reader_of(facts.data, facts.size);
    for (uint8_t place = 0; epi__fact_next(&fact, &reader); place++) {
        EPI__TRY(epi__fact_key(&key, change->space, &fact, step, place));
        EPI__TRY(epi__change_remove(change, &key));
    }
    return EPI_OK;
}

/* ---- given ------------------------------------------------------------------------------------------------------ */

static epi_status check_text(const char *what, const char *text, size_t limit) {
    if (!text || !text[0]) return epi__fail(EPI_EINVAL, MODULE, "the %s of a fact is empty", what);
    return epi__check_text(what, text, strlen(text), limit);
}

/* The place of the role "speaker"; -1: none. */
static int speaker_role(const epi_schema *schema) {
    int role = epi__schema_role(schema, "speaker", 7);
    return role >= 0 && schema->roles[role].flags & EPI_ROLE_KEYWORD ? role : -1;
}

/* Who speaks, whose name may be too long to be one. */
static epi__view speaker_of(const epi_schema *schema, const epi__view *parts) {
    int role = speaker_role(schema);
    if (role >= 0 && parts[role].size > 0) return parts[role];
    return (epi__view){EPI_FACT_OWNER, strlen(EPI_FACT_OWNER)};
}

static epi_status check_interval(const epi__fact *fact, const epi_fact *given) {
    if (fact->from < EPI_TIME_MIN || fact->from > EPI_TIME_MAX ||
        (given->to != EPI_TIME_NONE && (given->to < EPI_TIME_MIN || given->to > EPI_TIME_MAX)))
        return epi__fail(EPI_ELIMIT, MODULE, "a fact's time lies outside the years 1 to 9999");
    if (given->to != EPI_TIME_NONE && given->to <= fact->from)
        return epi__fail(EPI_EINVAL, MODULE, "a fact ends before it begins");
    return EPI_OK;
}

static epi_status add_given(epi__buffer *out, const epi__draft *draft, const epi_schema *schema,
                            const epi_fact *given) {
    epi__key key; /* folded, the names must fit one */
    EPI__TRY(check_text("attribute", given->attribute, EPI_FACT_NAME_SIZE_MAX));
    EPI__TRY(check_text("value", given->value, EPI_FACT_VALUE_SIZE_MAX));
    if (given->subject) EPI__TRY(check_text("subject", given->subject, EPI_FACT_NAME_SIZE_MAX));
    const epi__fact fact = {
        .given = true,
        .subject = given->subject ? (epi__view){given->subject, strlen(given->subject)}
                                  : speaker_of(schema, draft->parts),
        .attribute = {given->attribute, strlen(given->attribute)},
        .value = {given->value, strlen(given->value)},
        .from = given->from == EPI_TIME_NONE ? draft->row.event_from : given->from,
        .to = given->to,
    };
    EPI__TRY(check_interval(&fact, given));
    EPI__TRY(epi__fact_key(&key, 0, &fact, 0, 0));
    epi__fact_encode(out, &fact);
    return EPI_OK;
}

static epi_status take_given(epi__buffer *out, const epi__draft *draft, const epi_schema *schema,
                             const epi_step *step) {
    if (step->fact_count > EPI_FACT_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the step has %zu facts, limit %u", step->fact_count, EPI_FACT_COUNT_MAX);
    if (step->fact_count > 0 && !step->facts)
        return epi__fail(EPI_EINVAL, MODULE, "%zu facts at NULL", step->fact_count);
    if (step->fact_count > 0 && step->flags & EPI_STEP_IMAGINED)
        return epi__fail(EPI_EINVAL, MODULE, "an imagined step states %zu facts", step->fact_count);
    for (size_t i = 0; i < step->fact_count; i++) EPI__TRY(add_given(out, draft, schema, &step->facts[i]));
    return EPI_OK;
}

/* ---- found ------------------------------------------------------------------------------------------------------ */

/* Since when a fact holds that began in the past: a time that is told in the same sentence, or else the event's. */
static int64_t since_when(const epi__draft *draft, size_t role, const epi__found_fact *found) {
    epi__told told;
    epi__reader reader = epi__reader_of(draft->row.told.data, draft->row.told.size);
    while (found->began && epi__told_next(&told, &reader))
        if (told.role == role && told.text_from >= found->sentence_from && told.text_to <= found->sentence_to &&
            told.from <= draft->row.event_from)
            return told.from;
    return draft->row.event_from;
}

static void add_found(epi__buffer *out, const epi__draft *draft, size_t role, epi__view subject,
                      const epi__found_fact *found) {
    const epi__fact fact = {
        .role = (uint8_t)role,
        .text_from = found->from,
        .text_to = found->to,
        .subject = subject,
        .attribute = {found->attribute, strlen(found->attribute)},
        .value = {(const char *)draft->parts[role].data + found->value_from, found->to - found->value_from},
        .from = since_when(draft, role, found),
        .to = EPI_TIME_NONE,
    };
    epi__fact_encode(out, &fact);
}

static bool may_find(epi__view *subject, const epi__draft *draft, const epi_schema *schema,
                     const epi__scratch *scratch) {
    epi__key key;
    if (!epi__analyzer_is_english(scratch->analyzer) || speaker_role(schema) < 0) return false;
    *subject = speaker_of(schema, draft->parts);
    if (draft->row.flags & EPI_STEP_IMAGINED || subject->size > EPI_FACT_NAME_SIZE_MAX) return false;
    if (epi__text_party(subject->data, subject->size) == EPI__PARTY_ASSISTANT) return false;
    return epi__fact_prefix(&key, 0, *subject, (epi__view){0}) == EPI_OK; /* it can be folded into one */
}

static void take_found(epi__buffer *out, const epi__draft *draft, const epi_schema *schema, epi__view subject,
                       size_t left) {
    epi__found_fact found[EPI_FACT_COUNT_MAX];
    for (size_t i = 0; i < schema->role_count && left > 0; i++) {
        epi__view text = draft->parts[i];
        if (schema->roles[i].type != EPI_TEXT || !(schema->roles[i].flags & EPI_ROLE_SEARCH)) continue;
        size_t count = epi__text_facts(found, left, text.data, text.size);
        for (size_t f = 0; f < count; f++) add_found(out, draft, i, subject, &found[f]);
        left -= count;
    }
}

/* What is malformed, or over the limit, is passed over: nobody is there to be told. *count: of the step so far. */
static epi_status take_extracted(epi__buffer *out, size_t *count, const epi__draft *draft, const epi_schema *schema,
                                 const epi_extraction *extracted) {
    for (size_t i = 0; i < extracted->count && *count < EPI_FACT_COUNT_MAX; i++) {
        epi_status status = add_given(out, draft, schema, &extracted->facts[i]);
        if (status == EPI_ENOMEM) return status;
        *count += status == EPI_OK;
    }
    return EPI_OK;
}

epi_status epi__draft_facts(epi__draft *draft, epi__arena *arena, const epi_schema *schema, epi__scratch *scratch,
                            const epi_step *step, const epi_extraction *extracted) {
    epi__view subject;
    epi__buffer *out = &scratch->buffer;
    size_t count = step->fact_count;
    epi__buffer_clear(out);
    EPI__TRY(take_given(out, draft, schema, step));
    if (extracted) EPI__TRY(take_extracted(out, &count, draft, schema, extracted));
    if (may_find(&subject, draft, schema, scratch)) take_found(out, draft, schema, subject, EPI_FACT_COUNT_MAX - count);
    if (out->size == 0 && !out->failed) return EPI_OK;
    void *copy = out->failed ? NULL : epi__arena_copy(arena, out->data, out->size);
    if (!copy) return epi__fail_memory(MODULE, out->size);
    draft->row.facts = (epi__view){copy, out->size};
    draft->size += out->size;
    return EPI_OK;
}
