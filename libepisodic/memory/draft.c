/* draft.c - checking and encoding a step; see draft.h. */
#include "draft.h"

#include <episodic/sys/json.h>
#include <math.h>
#include <stdio.h>

#include "../encode/encode.h"
#include "vectors.h"

#define MODULE "memory"
#define QUARTERS 4.0f

/* ---- checks ----------------------------------------------------------------------------------------------------- */

epi_status epi__check_text(const char *what, const char *text, size_t size, size_t size_max) {
    if (size > size_max) return epi__fail(EPI_ELIMIT, MODULE, "%s has %zu bytes, limit %zu", what, size, size_max);
    if (size > 0 && !text) return epi__fail(EPI_EINVAL, MODULE, "%s has %zu bytes at NULL", what, size);
    return epi__utf8_check(MODULE, what, text, size);
}

epi_status epi__check_tags(const char *const *tags, size_t count) {
    if (count > EPI_TAG_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "%zu tags were given, limit %u", count, EPI_TAG_COUNT_MAX);
    if (count > 0 && !tags) return epi__fail(EPI_EINVAL, MODULE, "%zu tags at NULL", count);
    for (size_t i = 0; i < count; i++) {
        if (!tags[i] || !tags[i][0]) return epi__fail(EPI_EINVAL, MODULE, "tag %zu is empty", i);
        EPI__TRY(epi__check_text("tag", tags[i], strlen(tags[i]), EPI_TAG_SIZE_MAX));
    }
    return EPI_OK;
}

epi_status epi__check_metadata(const char *metadata) {
    if (!metadata) return EPI_OK;
    epi_json *root = NULL;
    EPI__TRY(epi__check_text("metadata", metadata, strlen(metadata), EPI_METADATA_SIZE_MAX));
    epi_status status = epi_json_parse(&root, metadata, strlen(metadata));
    if (status == EPI_EJSON) return epi__fail(status, MODULE, "metadata: %s", epi_error_last()->message);
    EPI__TRY(status);
    bool object = epi_json_type_of(root) == EPI_JSON_OBJECT;
    epi_json_free(root);
    return object ? EPI_OK : epi__fail(EPI_EJSON, MODULE, "metadata was no JSON object");
}

epi_status epi__check_vector(uint64_t dimension, epi_metric metric, const float *vector, size_t size) {
    if (dimension == 0) return epi__fail(EPI_EDIMENSION, MODULE, "the space has no vectors");
    if (size != dimension)
        return epi__fail(EPI_EDIMENSION, MODULE, "vector has %zu elements, the space's have %llu", size,
                         (unsigned long long)dimension);
    if (!epi__math_all_finite(vector, size))
        return epi__fail(EPI_ENUMBER, MODULE, "vector has an element that is NaN or infinite");
    float square = epi__math_dot(vector, vector, size);
    if (metric == EPI_COSINE && square <= 0.0f) return epi__fail(EPI_EZERO, MODULE, "vector is all zeros");
    if (metric == EPI_COSINE && !isfinite(square))
        return epi__fail(EPI_ENUMBER, MODULE, "vector is too long to be scaled to unit norm");
    return EPI_OK;
}

static epi_status check_json(const char *role, const epi_part *part) {
    epi_json *root = NULL;
    epi_status status = epi_json_parse(&root, part->data, part->size);
    epi_json_free(root);
    if (status != EPI_EJSON) return status;
    return epi__fail(EPI_EJSON, MODULE, "role \"%s\": %s", role, epi_error_last()->message);
}

/* A float tensor may not hold NaN or infinities: everything that is computed from it would be lost. */
static epi_status check_tensor(const epi_role *role, const epi_part *part) {
    uint64_t expected = epi__schema_tensor_size(role);
    if (part->size != expected)
        return epi__fail(role->flags & EPI_ROLE_VECTOR ? EPI_EDIMENSION : EPI_ETYPE, MODULE,
                         "role \"%s\" has %zu bytes, its tensor has %llu", role->name, part->size,
                         (unsigned long long)expected);
    const uint8_t *bytes = part->data;
    for (size_t at = 0; role->dtype == EPI_BOOL && at < part->size; at++)
        if (bytes[at] > 1)
            return epi__fail(EPI_ETYPE, MODULE, "role \"%s\" has %u for a truth value", role->name, bytes[at]);
    for (size_t at = 0; at < part->size && (role->dtype == EPI_F32 || role->dtype == EPI_F64);) {
        double value;
        float narrow;
        if (role->dtype == EPI_F32)
            memcpy(&narrow, bytes + at, sizeof narrow), value = (double)narrow, at += sizeof narrow;
        else
            memcpy(&value, bytes + at, sizeof value), at += sizeof value;
        if (!isfinite(value))
            return epi__fail(EPI_ENUMBER, MODULE, "role \"%s\" has an element that is NaN or infinite", role->name);
    }
    return EPI_OK;
}

static epi_status check_part(const epi_role *role, const epi_part *part) {
    if (part->size > 0 && !part->data)
        return epi__fail(EPI_EINVAL, MODULE, "role \"%s\" has %zu bytes at NULL", role->name, part->size);
    if (part->size > EPI_TEXT_SIZE_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "role \"%s\" has %zu bytes, limit %u", role->name, part->size,
                         EPI_TEXT_SIZE_MAX);
    switch (role->type) {
    case EPI_TEXT: return epi__utf8_check(MODULE, role->name, part->data, part->size);
    case EPI_JSON: return check_json(role->name, part);
    case EPI_TENSOR: return check_tensor(role, part);
    case EPI_BLOB: break;
    }
    return EPI_OK;
}

/* ---- parts ------------------------------------------------------------------------------------------------------ */

static epi_status take_parts(epi__draft *draft, epi__arena *arena, const epi_schema *schema, const epi_step *step) {
    if (step->part_count > EPI_PART_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the step has %zu parts, limit %u", step->part_count, EPI_PART_COUNT_MAX);
    if (step->part_count > 0 && !step->parts)
        return epi__fail(EPI_EINVAL, MODULE, "%zu parts at NULL", step->part_count);
    if (step->part_count == 0 && !step->vector) return epi__fail(EPI_EINVAL, MODULE, "the step has no parts");
    draft->parts = epi__arena_alloc(arena, schema->role_count, sizeof *draft->parts);
    if (!draft->parts) return epi__fail_memory(MODULE, schema->role_count * sizeof *draft->parts);
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_part *part = &step->parts[i];
        int role = part->role ? epi__schema_role(schema, part->role, strlen(part->role)) : -1;
        if (role < 0)
            return epi__fail(EPI_EROLE, MODULE, "the schema has no role \"%s\"", part->role ? part->role : "(NULL)");
        if (draft->parts[role].data) return epi__fail(EPI_EINVAL, MODULE, "role \"%s\" was given twice", part->role);
        EPI__TRY(check_part(&schema->roles[role], part));
        draft->parts[role] = (epi__view){part->data ? part->data : "", part->size};
        draft->row.part_count++;
        draft->size += part->size;
    }
    for (size_t i = 0; i < schema->role_count; i++)
        if ((schema->roles[i].flags & EPI_ROLE_REQUIRED) && !draft->parts[i].data)
            return epi__fail(EPI_EINVAL, MODULE, "the required role \"%s\" is missing", schema->roles[i].name);
    return EPI_OK;
}

static epi_status take_times(epi__draft *draft, epi__mirror *mirror, const epi_step *step) {
    epi__row *row = &draft->row;
    row->ingested = epi__store_now(mirror->store);
    row->event_from = step->event_time == EPI_TIME_NONE ? row->ingested : step->event_time;
    row->event_to = step->event_end == EPI_TIME_NONE ? row->event_from : step->event_end;
    row->utc_offset_min = (int16_t)step->utc_offset_min;
    if (row->event_from < EPI_TIME_MIN || row->event_from > EPI_TIME_MAX || row->event_to > EPI_TIME_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "event time lies outside the years 1 to 9999");
    if (row->event_to < row->event_from) return epi__fail(EPI_EINVAL, MODULE, "the event ends before it begins");
    if (step->utc_offset_min < -1080 || step->utc_offset_min > 1080)
        return epi__fail(EPI_EINVAL, MODULE, "UTC offset is %d minutes, limits -1080 to 1080", step->utc_offset_min);
    return EPI_OK;
}

static epi_status take_rest(epi__draft *draft, const epi_step *step) {
    epi__row *row = &draft->row;
    if (!isfinite(step->reward)) return epi__fail(EPI_ENUMBER, MODULE, "reward was NaN or infinite");
    if (step->flags & ~(EPI_STEP_TERMINATED | EPI_STEP_TRUNCATED | EPI_STEP_IMAGINED))
        return epi__fail(EPI_EINVAL, MODULE, "step flags were 0x%x, which has unknown bits", step->flags);
    row->reward = step->reward;
    row->flags = step->flags;
    row->supersedes = step->supersedes;
    EPI__TRY(epi__check_metadata(step->metadata));
    if (step->metadata) draft->metadata = (epi__view){step->metadata, strlen(step->metadata)};
    if (step->external_id) {
        size_t size = strlen(step->external_id);
        if (size == 0) return epi__fail(EPI_EINVAL, MODULE, "the external id is empty");
        EPI__TRY(epi__check_text("external id", step->external_id, size, EPI_EXTERNAL_ID_SIZE_MAX));
        row->external = (epi__view){step->external_id, size};
    }
    return EPI_OK;
}

void epi__encode_tags(epi__buffer *out, const char *const *tags, size_t count) {
    for (size_t i = 0; i < count; i++) epi__buffer_append_bytes(out, tags[i], strlen(tags[i]));
}

static epi_status take_tags(epi__draft *draft, epi__arena *arena, epi__buffer *buffer, const epi_step *step) {
    EPI__TRY(epi__check_tags(step->tags, step->tag_count));
    if (step->tag_count == 0) return EPI_OK;
    epi__buffer_clear(buffer);
    epi__encode_tags(buffer, step->tags, step->tag_count);
    void *copy = buffer->failed ? NULL : epi__arena_copy(arena, buffer->data, buffer->size);
    if (!copy) return epi__fail_memory(MODULE, buffer->size);
    draft->tags = (epi__view){copy, buffer->size};
    draft->row.tag_count = (uint8_t)step->tag_count;
    draft->size += buffer->size;
    return EPI_OK;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static epi_status add_words(epi__scratch *scratch, epi__view text, float weight) {
    const epi__term *terms = NULL;
    size_t count = 0;
    EPI__TRY(epi__analyzer_run(&terms, &count, scratch->analyzer, text.data, text.size));
    uint32_t quarters = (uint32_t)(weight * QUARTERS + 0.5f);
    for (size_t i = 0; i < count; i++)
        if (!terms[i].stop) epi__document_word(&scratch->document, terms[i].text, terms[i].size, quarters);
    return EPI_OK;
}

/* The day of the event, as one would say it: "8 May 2023". */
static epi_status add_date(epi__scratch *scratch, int64_t time, int32_t utc_offset_min) {
    static const char *const MONTHS[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    char iso[EPI_TIME_TEXT_SIZE], text[64];
    int year = 0, month = 0, day = 0;
    epi_time_text(iso, time, utc_offset_min);
    if (sscanf(iso, "%d-%d-%d", &year, &month, &day) != 3 || month < 1 || month > 12) return EPI_OK;
    int size = snprintf(text, sizeof text, "%d %s %d", day, MONTHS[month - 1], year);
    const epi__term *terms = NULL;
    size_t count = 0;
    EPI__TRY(epi__analyzer_run(&terms, &count, scratch->analyzer, text, (size_t)size));
    for (size_t i = 0; i < count; i++) epi__document_silent_word(&scratch->document, terms[i].text, terms[i].size, 4);
    return EPI_OK;
}

static void add_keywords(epi__scratch *scratch, const epi_schema *schema, const epi__view *parts, epi__view tags,
                         uint8_t tag_count) {
    epi__reader reader = epi__reader_of(tags.data, tags.size);
    for (size_t i = 0; i < schema->role_count; i++)
        if ((schema->roles[i].flags & EPI_ROLE_KEYWORD) && parts[i].size > 0)
            epi__document_keyword(&scratch->document, (int)i, parts[i].data, parts[i].size);
    for (uint8_t i = 0; i < tag_count; i++) {
        epi__view tag = epi__read_bytes(&reader);
        epi__document_tag(&scratch->document, tag.data, tag.size);
    }
}

epi_status epi__draft_words(epi__scratch *scratch, const epi_schema *schema, const epi__view *parts, epi__view tags,
                            uint8_t tag_count, int64_t event_time, int32_t utc_offset_min) {
    epi__document *document = &scratch->document;
    epi__document_clear(document);
    for (size_t i = 0; i < schema->role_count; i++)
        if ((schema->roles[i].flags & EPI_ROLE_SEARCH) && parts[i].size > 0)
            EPI__TRY(add_words(scratch, parts[i], schema->roles[i].weight));
    scratch->said = document->count;
    if (document->count > 0) EPI__TRY(add_date(scratch, event_time, utc_offset_min));
    add_keywords(scratch, schema, parts, tags, tag_count);
    return document->failed ? epi__fail_memory(MODULE, document->text.size) : EPI_OK;
}

/* ---- the vector ------------------------------------------------------------------------------------------------- */

epi_status epi__draft_hash(float *vector, epi__scratch *scratch, uint32_t dimension, bool *has) {
    epi__document *document = &scratch->document;
    epi__buffer *buffer = &scratch->buffer;
    epi__buffer_clear(buffer);
    if (!epi__buffer_reserve(buffer, scratch->said * sizeof(epi__hash_feature) + 1))
        return epi__fail_memory(MODULE, scratch->said * sizeof(epi__hash_feature));
    epi__hash_feature *features = (epi__hash_feature *)(void *)buffer->data;
    for (size_t i = 0; i < scratch->said; i++) {
        epi__view term = epi__document_at(document, i);
        epi__view word = {(const uint8_t *)term.data + 1, term.size - 1};
        features[i] = (epi__hash_feature){word, 1.0f + logf((float)document->terms[i].weight / QUARTERS + 0.75f)};
    }
    *has = epi__hash_encode(vector, dimension, features, scratch->said);
    return EPI_OK;
}

/* The step's vector, from the caller, from its vector role or from the hash encoder; *has: there is one. */
static epi_status find_vector(float *vector, bool *has, const epi__draft *draft, const epi_schema *schema,
                              const epi__generation *generation, epi__scratch *scratch, const epi_step *step) {
    *has = false;
    const void *given = step->vector;
    size_t size = step->vector_size;
    for (size_t i = 0; !given && i < schema->role_count; i++) {
        if (!(schema->roles[i].flags & EPI_ROLE_VECTOR) || !draft->parts[i].data) continue;
        given = draft->parts[i].data;
        size = draft->parts[i].size / sizeof *vector;
    }
    if (given && !step->vector && schema->encoder != EPI_ENCODER_GIVEN) /* it stands beside the encoder's */
        EPI__TRY(epi__check_vector(size, schema->metric, given, size));
    if (step->vector && generation->way != EPI__WAY_GIVEN)
        return epi__fail(EPI_EINVAL, MODULE, "a vector was given, but the space makes its own");
    if (generation->way == EPI__WAY_HASH) return epi__draft_hash(vector, scratch, generation->dimension, has);
    if (!given || generation->way != EPI__WAY_GIVEN) return EPI_OK;
    if (size != schema->dimension)
        return epi__fail(EPI_EDIMENSION, MODULE, "vector has %zu elements, the space's have %u", size,
                         schema->dimension);
    memcpy(vector, given, size * sizeof *vector);
    EPI__TRY(epi__check_vector(schema->dimension, schema->metric, vector, size));
    if (schema->metric == EPI_COSINE && !epi__math_normalise(vector, size))
        return epi__fail(EPI_EZERO, MODULE, "vector is too short to have a direction");
    *has = true;
    return EPI_OK;
}

static epi_status make_tail(epi__draft *draft, epi__arena *arena, const epi_schema *schema,
                            const epi__generation *generation, epi__scratch *scratch, const epi_step *step) {
    bool has = false;
    float *vector = epi__arena_alloc(arena, generation->dimension + 1u, sizeof *vector);
    if (!vector) return epi__fail_memory(MODULE, generation->dimension * sizeof *vector);
    EPI__TRY(find_vector(vector, &has, draft, schema, generation, scratch, step));
    if (has) draft->row.flags |= EPI__ROW_VECTOR;
    if (scratch->document.count > 0) draft->row.flags |= EPI__ROW_WORDS;
    draft->row.length = scratch->document.length;
    if (!has && scratch->document.count == 0) return EPI_OK;
    epi__buffer_clear(&scratch->buffer);
    epi__tail_record_encode(&scratch->buffer, &scratch->document, has ? vector : NULL, generation->dimension);
    void *copy = scratch->buffer.failed ? NULL : epi__arena_copy(arena, scratch->buffer.data, scratch->buffer.size);
    if (!copy) return epi__fail_memory(MODULE, scratch->buffer.size);
    draft->tail = (epi__view){copy, scratch->buffer.size};
    draft->vector_at = has ? draft->tail.size - generation->dimension * sizeof *vector : 0;
    draft->size += draft->tail.size;
    return EPI_OK;
}

void epi__draft_strip(epi__draft *draft) {
    if (draft->vector_at) draft->tail.size = draft->vector_at;
    draft->vector_at = 0;
    draft->row.flags &= ~EPI__ROW_VECTOR;
    draft->waiting = draft->text.size > 0;
}

/* ---- texts to encode --------------------------------------------------------------------------------------------- */

void epi__draft_text(epi__buffer *out, const epi_schema *schema, const epi__view *parts) {
    epi__buffer_clear(out);
    for (size_t i = 0; i < schema->role_count; i++) {
        if (!(schema->roles[i].flags & EPI_ROLE_SEARCH) || parts[i].size == 0) continue;
        if (out->size > 0) epi__buffer_append_u8(out, '\n');
        epi__buffer_append(out, parts[i].data, parts[i].size);
    }
}

/* Where no encoder asks for the text now, only that there is one is noted. */
static epi_status take_text(epi__draft *draft, epi__arena *arena, epi__buffer *buffer, const epi_schema *schema,
                            const epi__generation *generation) {
    for (size_t i = 0; i < schema->role_count; i++)
        if (schema->roles[i].flags & EPI_ROLE_SEARCH) draft->text.size += draft->parts[i].size;
    if (draft->text.size == 0 || generation->way != EPI__WAY_TABLE) return EPI_OK;
    epi__draft_text(buffer, schema, draft->parts);
    void *copy = buffer->failed ? NULL : epi__arena_copy(arena, buffer->data, buffer->size);
    if (!copy) return epi__fail_memory(MODULE, buffer->size);
    draft->text = (epi__view){copy, buffer->size};
    return EPI_OK;
}

static epi_status append_vector(epi__draft *draft, epi__arena *arena, const float *vector, size_t size) {
    static const uint8_t no_document = 0;
    epi__view before = draft->tail.size ? draft->tail : (epi__view){&no_document, 1};
    uint8_t *grown = epi__arena_alloc(arena, before.size + size, 1);
    if (!grown) return epi__fail_memory(MODULE, size);
    memcpy(grown, before.data, before.size);
    memcpy(grown + before.size, vector, size);
    draft->tail = (epi__view){grown, before.size + size};
    draft->vector_at = before.size;
    draft->row.flags |= EPI__ROW_VECTOR;
    draft->waiting = false;
    draft->size += size;
    return EPI_OK;
}

struct batch {
    epi_encoder_text *texts;
    bool *present;
    float *vectors;
};

#define ENCODE_COUNT 1024u /* texts whose vectors are in memory at a time */

static epi_status encode_some(epi__draft *drafts, size_t count, epi__arena *arena, epi__mirror *mirror,
                              const epi_encoder *encoder, struct batch *batch) {
    for (size_t i = 0; i < count; i++)
        batch->texts[i] = (epi_encoder_text){drafts[i].text.data ? drafts[i].text.data : "", drafts[i].text.size};
    epi_status status = epi__encoder_run(batch->vectors, batch->present, encoder, batch->texts, count,
                                         mirror->schema->schema.metric == EPI_COSINE);
    if (status) {
        epi__store_log(mirror->store,
                       "space \"%s\": encoder \"%s\" failed, %zu steps wait for upkeep to encode them: %s",
                       mirror->name, encoder->name, count, epi_error_last()->message);
        return EPI_OK; /* they wait */
    }
    for (size_t i = 0; i < count; i++) {
        drafts[i].waiting = false;
        if (batch->present[i])
            EPI__TRY(append_vector(&drafts[i], arena, batch->vectors + i * encoder->dimension,
                                   encoder->dimension * sizeof(float)));
    }
    return EPI_OK;
}

epi_status epi__draft_encode(epi__draft *drafts, size_t count, epi__arena *arena, epi__mirror *mirror,
                             const epi__generation *generation) {
    if (generation->way != EPI__WAY_TABLE) return EPI_OK;
    const epi_encoder *encoder = epi__generation_encoder(mirror, generation);
    if (!encoder) return EPI_OK;
    size_t most = EPI__MIN(count, (size_t)ENCODE_COUNT);
    struct batch batch = {epi__realloc(NULL, most, sizeof *batch.texts), epi__realloc(NULL, most, sizeof(bool)),
                          epi__realloc(NULL, most * encoder->dimension, sizeof(float))};
    epi_status status = EPI_OK;
    if (!batch.texts || !batch.present || !batch.vectors)
        status = epi__fail_memory(MODULE, most * encoder->dimension * sizeof(float));
    for (size_t at = 0; !status && at < count; at += most)
        status = encode_some(drafts + at, EPI__MIN(most, count - at), arena, mirror, encoder, &batch);
    epi__free(batch.texts);
    epi__free(batch.present);
    epi__free(batch.vectors);
    return status;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static uint64_t hash_of_fact(uint64_t hash, const epi_fact *fact) {
    const int64_t times[] = {fact->from, fact->to};
    const char *texts[] = {fact->subject ? fact->subject : "", fact->attribute, fact->value};
    hash = epi__hash64_pair(&hash, sizeof hash, times, sizeof times);
    for (size_t i = 0; i < EPI__COUNT(texts); i++)
        hash = epi__hash64_pair(&hash, sizeof hash, texts[i], strlen(texts[i]));
    return hash;
}

/* What the caller gave, as one number. Times that we filled in ourselves are not part of it: the same call again is the
 * same. */
static uint64_t content_of(const epi__draft *draft, const epi_schema *schema, const epi_step *step) {
    struct {
        int64_t from, to;
        double reward;
        uint64_t supersedes;
        uint32_t flags;
        int32_t offset;
    } fixed = {step->event_time, step->event_end, step->reward, step->supersedes, step->flags, step->utc_offset_min};
    uint64_t hash = epi__hash64(&fixed, sizeof fixed);
    for (size_t i = 0; i < schema->role_count; i++)
        if (draft->parts[i].data)
            hash = epi__hash64_pair(&hash, sizeof hash, draft->parts[i].data, draft->parts[i].size) + i;
    hash = epi__hash64_pair(&hash, sizeof hash, draft->tags.data, draft->tags.size);
    hash = epi__hash64_pair(&hash, sizeof hash, draft->metadata.data, draft->metadata.size);
    for (size_t i = 0; i < step->fact_count; i++) hash = hash_of_fact(hash, &step->facts[i]);
    if (step->vector) hash = epi__hash64_pair(&hash, sizeof hash, step->vector, step->vector_size * sizeof(float));
    return hash;
}

/* Who says it, by the first keyword of the schema: the speaker in a conversation. */
static uint32_t party_flag(const epi_schema *schema, const epi__view *parts) {
    for (size_t i = 0; i < schema->role_count; i++) {
        if (!(schema->roles[i].flags & EPI_ROLE_KEYWORD)) continue;
        epi__party party = epi__text_party(parts[i].data, parts[i].size);
        return party == EPI__PARTY_USER ? EPI__ROW_USER : party == EPI__PARTY_ASSISTANT ? EPI__ROW_ASSISTANT : 0;
    }
    return 0;
}

static bool asks(const epi_schema *schema, const epi__view *parts) {
    for (size_t i = 0; i < schema->role_count; i++) {
        if (!(schema->roles[i].flags & EPI_ROLE_SEARCH) || parts[i].size == 0) continue;
        const char *text = parts[i].data;
        size_t size = parts[i].size;
        while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\n')) size--;
        return size > 0 && text[size - 1] == '?';
    }
    return false;
}

static uint32_t tells(const epi_schema *schema, const epi__view *parts) {
    unsigned tells = 0;
    for (size_t i = 0; i < schema->role_count; i++)
        if ((schema->roles[i].flags & EPI_ROLE_SEARCH) && parts[i].size > 0)
            tells |= epi__text_tells(parts[i].data, parts[i].size);
    return (tells & EPI__TELLS_SELF ? EPI__ROW_SELF : 0) | (tells & EPI__TELLS_PAST ? EPI__ROW_PAST : 0);
}

epi_status epi__draft_make(epi__draft *draft, epi__arena *arena, epi__mirror *mirror, epi__scratch *scratch,
                           const epi__generation *generation, const epi_step *step) {
    const epi_schema *schema = &mirror->schema->schema;
    memset(draft, 0, sizeof *draft);
    if (step->version != 1) return epi__fail(EPI_EINVAL, MODULE, "step has version %u, expected 1", step->version);
    EPI__TRY(take_parts(draft, arena, schema, step));
    EPI__TRY(take_times(draft, mirror, step));
    EPI__TRY(take_rest(draft, step));
    EPI__TRY(take_tags(draft, arena, &scratch->buffer, step));
    EPI__TRY(epi__draft_words(scratch, schema, draft->parts, draft->tags, draft->row.tag_count, draft->row.event_from,
                              draft->row.utc_offset_min));
    EPI__TRY(epi__draft_times(draft, arena, schema, scratch));
    EPI__TRY(epi__draft_facts(draft, arena, schema, scratch, step, NULL));
    if (asks(schema, draft->parts)) draft->row.flags |= EPI__ROW_QUESTION;
    draft->row.flags |= party_flag(schema, draft->parts);
    if (epi__analyzer_is_english(scratch->analyzer)) draft->row.flags |= tells(schema, draft->parts);
    draft->generation = generation->number;
    EPI__TRY(make_tail(draft, arena, schema, generation, scratch, step));
    EPI__TRY(take_text(draft, arena, &scratch->buffer, schema, generation));
    draft->waiting = generation->way == EPI__WAY_TABLE && draft->text.size > 0;
    draft->row.content = content_of(draft, schema, step);
    draft->size += draft->metadata.size + sizeof *draft;
    return EPI_OK;
}

static bool own(epi__view *view, epi__arena *arena) {
    if (!view->data) return true;
    void *copy = view->size ? epi__arena_copy(arena, view->data, view->size) : epi__arena_text(arena, "", 0);
    if (!copy) return false;
    view->data = copy;
    return true;
}

epi_status epi__draft_own(epi__draft *draft, epi__arena *arena, const epi_schema *schema) {
    epi__row *row = &draft->row;
    bool ok = own(&draft->metadata, arena) && own(&row->external, arena) && own(&row->told, arena) &&
              own(&row->facts, arena);
    for (size_t i = 0; ok && i < schema->role_count; i++) ok = own(&draft->parts[i], arena);
    return ok ? EPI_OK : epi__fail_memory(MODULE, draft->size);
}
