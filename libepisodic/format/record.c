/* record.c - encoding and decoding of records; the layouts are told in docs/FORMAT.md. */
#include "record.h"

#include <episodic/time.h>

static epi_status cut(const char *what) {
    return epi__fail(EPI_EDAMAGED, "format", "a record of kind %s is cut", what);
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

void epi__value_encode(epi__buffer *out, const epi__value *value) {
    epi__buffer_append_u8(out, value->role);
    epi__buffer_append_u8(out, value->component ? 1 : 0);
    epi__buffer_append_varint(out, value->size);
    if (!value->component) {
        epi__buffer_append(out, value->data, (size_t)value->size);
        return;
    }
    epi__buffer_append_u64(out, value->hash.low);
    epi__buffer_append_u64(out, value->hash.high);
    epi__buffer_append_u32(out, value->ordinal);
}

void epi__value_decode(epi__value *value, epi__reader *reader) {
    *value = (epi__value){.role = epi__read_u8(reader)};
    uint8_t kind = epi__read_u8(reader);
    value->component = kind == 1;
    value->size = epi__read_varint(reader);
    if (kind > 1) reader->failed = true;
    if (!value->component) {
        epi__view data = epi__read_view(reader, (size_t)value->size);
        value->data = data.data;
        value->size = data.size; /* 0 when it is cut: never a size at nowhere */
        return;
    }
    value->hash.low = epi__read_u64(reader);
    value->hash.high = epi__read_u64(reader);
    value->ordinal = epi__read_u32(reader);
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

void epi__row_encode(epi__buffer *out, const epi__row *row) {
    epi__buffer_append_u64(out, row->episode);
    epi__buffer_append_u64(out, (uint64_t)row->event_from);
    epi__buffer_append_u64(out, (uint64_t)row->event_to);
    epi__buffer_append_u64(out, (uint64_t)row->ingested);
    epi__buffer_append_f64(out, row->reward);
    epi__buffer_append_u64(out, row->supersedes);
    epi__buffer_append_u64(out, row->content);
    epi__buffer_append_u32(out, row->flags);
    epi__buffer_append_u32(out, row->length);
    epi__buffer_append_u16(out, (uint16_t)row->utc_offset_min);
    epi__buffer_append_u8(out, row->part_count);
    epi__buffer_append_u8(out, row->tag_count);
    epi__buffer_append_u8(out, row->news);
    epi__buffer_append_bytes(out, row->external.data, row->external.size);
    epi__buffer_append_bytes(out, row->told.data, row->told.size);
    epi__buffer_append_bytes(out, row->facts.data, row->facts.size);
}

epi_status epi__row_decode(epi__row *row, epi__view body) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    row->episode = epi__read_u64(&reader);
    row->event_from = (int64_t)epi__read_u64(&reader);
    row->event_to = (int64_t)epi__read_u64(&reader);
    row->ingested = (int64_t)epi__read_u64(&reader);
    row->reward = epi__read_f64(&reader);
    row->supersedes = epi__read_u64(&reader);
    row->content = epi__read_u64(&reader);
    row->flags = epi__read_u32(&reader);
    row->length = epi__read_u32(&reader);
    row->utc_offset_min = (int16_t)epi__read_u16(&reader);
    row->part_count = epi__read_u8(&reader);
    row->tag_count = epi__read_u8(&reader);
    row->news = epi__read_u8(&reader);
    row->external = epi__read_bytes(&reader);
    row->told = epi__read_bytes(&reader);
    row->facts = epi__read_bytes(&reader);
    row->rest = reader;
    return reader.failed ? cut("step") : EPI_OK;
}

/* ---- told times ------------------------------------------------------------------------------------------------- */

void epi__told_encode(epi__buffer *out, const epi__told *told) {
    epi__buffer_append_u8(out, told->role);
    epi__buffer_append_u8(out, told->precision);
    epi__buffer_append_varint(out, told->text_from);
    epi__buffer_append_varint(out, told->text_to - told->text_from);
    epi__buffer_append_u64(out, (uint64_t)told->from);
    epi__buffer_append_varint(out, (uint64_t)told->to - (uint64_t)told->from);
}

bool epi__told_next(epi__told *told, epi__reader *reader) {
    if (reader->failed || reader->next == reader->end) return false;
    told->role = epi__read_u8(reader);
    told->precision = epi__read_u8(reader);
    told->text_from = epi__read_varint(reader);
    uint64_t size = epi__read_varint(reader);
    told->from = (int64_t)epi__read_u64(reader);
    uint64_t width = epi__read_varint(reader);
    told->text_to = told->text_from + size;
    bool inside = told->from >= EPI_TIME_MIN && told->from < EPI_TIME_MAX && width > 0 &&
                  width <= (uint64_t)EPI_TIME_MAX - (uint64_t)told->from;
    bool known = told->precision >= EPI_PRECISION_MINUTE && told->precision <= EPI_PRECISION_DECADE;
    if (!inside || !known || size == 0 || told->text_to < size) reader->failed = true;
    if (reader->failed) return false;
    told->to = (int64_t)((uint64_t)told->from + width);
    return true;
}

/* ---- facts ------------------------------------------------------------------------------------------------------ */

void epi__fact_encode(epi__buffer *out, const epi__fact *fact) {
    epi__buffer_append_u8(out, fact->given ? 1 : 0);
    if (!fact->given) {
        epi__buffer_append_u8(out, fact->role);
        epi__buffer_append_varint(out, fact->text_from);
        epi__buffer_append_varint(out, fact->text_to - fact->text_from);
    }
    epi__buffer_append_bytes(out, fact->subject.data, fact->subject.size);
    epi__buffer_append_bytes(out, fact->attribute.data, fact->attribute.size);
    epi__buffer_append_bytes(out, fact->value.data, fact->value.size);
    epi__buffer_append_u64(out, (uint64_t)fact->from);
    epi__buffer_append_u64(out, (uint64_t)fact->to);
}

static bool is_possible(const epi__fact *fact) {
    bool named = fact->subject.size > 0 && fact->attribute.size > 0 && fact->value.size > 0;
    bool begins = fact->from >= EPI_TIME_MIN && fact->from <= EPI_TIME_MAX;
    return named && begins && (fact->to == EPI_TIME_NONE || (fact->to > fact->from && fact->to <= EPI_TIME_MAX));
}

bool epi__fact_next(epi__fact *fact, epi__reader *reader) {
    if (reader->failed || reader->next == reader->end) return false;
    *fact = (epi__fact){0};
    unsigned kind = epi__read_u8(reader);
    fact->given = kind == 1;
    if (kind == 0) {
        fact->role = epi__read_u8(reader);
        fact->text_from = epi__read_varint(reader);
        uint64_t size = epi__read_varint(reader);
        fact->text_to = fact->text_from + size;
        if (size == 0 || fact->text_to < size) reader->failed = true;
    }
    fact->subject = epi__read_bytes(reader);
    fact->attribute = epi__read_bytes(reader);
    fact->value = epi__read_bytes(reader);
    fact->from = (int64_t)epi__read_u64(reader);
    fact->to = (int64_t)epi__read_u64(reader);
    if (kind > 1 || !is_possible(fact)) reader->failed = true;
    return !reader->failed;
}

/* ---- episodes --------------------------------------------------------------------------------------------------- */

#define EPISODE_ENDED 1u
#define EPISODE_REWARD 2u

void epi__episode_encode(epi__buffer *out, const epi__episode_record *episode) {
    unsigned flags = (episode->ended ? EPISODE_ENDED : 0) | (episode->has_reward ? EPISODE_REWARD : 0);
    epi__buffer_append_u64(out, (uint64_t)episode->first_event);
    epi__buffer_append_u64(out, (uint64_t)episode->last_event);
    epi__buffer_append_u16(out, (uint16_t)episode->utc_offset_min);
    epi__buffer_append_u8(out, (uint8_t)flags);
    epi__buffer_append_f64(out, episode->reward);
    epi__buffer_append_u64(out, episode->step_count);
    epi__buffer_append_u64(out, episode->next_index);
    epi__buffer_append_u64(out, episode->last_run);
    epi__buffer_append_u64(out, episode->content);
    epi__buffer_append_bytes(out, episode->external.data, episode->external.size);
    epi__value_encode(out, &episode->title);
    epi__value_encode(out, &episode->metadata);
    epi__value_encode(out, &episode->outcome);
    epi__buffer_append_u8(out, episode->tag_count);
    epi__buffer_append(out, episode->tags.data, episode->tags.size);
}

epi_status epi__episode_decode(epi__episode_record *episode, epi__view body) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    episode->first_event = (int64_t)epi__read_u64(&reader);
    episode->last_event = (int64_t)epi__read_u64(&reader);
    episode->utc_offset_min = (int16_t)epi__read_u16(&reader);
    unsigned flags = epi__read_u8(&reader);
    episode->ended = flags & EPISODE_ENDED;
    episode->has_reward = flags & EPISODE_REWARD;
    episode->reward = epi__read_f64(&reader);
    episode->step_count = epi__read_u64(&reader);
    episode->next_index = epi__read_u64(&reader);
    episode->last_run = epi__read_u64(&reader);
    episode->content = epi__read_u64(&reader);
    episode->external = epi__read_bytes(&reader);
    epi__value_decode(&episode->title, &reader);
    epi__value_decode(&episode->metadata, &reader);
    epi__value_decode(&episode->outcome, &reader);
    episode->tag_count = epi__read_u8(&reader);
    const uint8_t *tags = reader.next;
    for (uint8_t i = 0; i < episode->tag_count; i++) (void)epi__read_bytes(&reader);
    episode->tags = (epi__view){tags, reader.failed ? 0 : (size_t)(reader.next - tags)};
    return reader.failed ? cut("episode") : EPI_OK;
}

/* ---- runs and marks --------------------------------------------------------------------------------------------- */

void epi__run_encode(epi__buffer *out, const epi__run *run) {
    epi__buffer_append_u64(out, run->episode);
    epi__buffer_append_u64(out, run->first_index);
    epi__buffer_append_u64(out, run->count);
    epi__buffer_append_u64(out, run->previous);
}

epi_status epi__run_decode(epi__run *run, uint64_t first, epi__view body) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    run->first = first;
    run->episode = epi__read_u64(&reader);
    run->first_index = epi__read_u64(&reader);
    run->count = epi__read_u64(&reader);
    run->previous = epi__read_u64(&reader);
    run->next = 0;
    return reader.failed ? cut("run") : EPI_OK;
}

void epi__mark_encode(epi__buffer *out, const epi__mark *mark) {
    epi__buffer_append_u64(out, mark->superseded_by);
    epi__buffer_append_u64(out, (uint64_t)mark->superseded_ingested);
    epi__buffer_append_u64(out, (uint64_t)mark->superseded_event);
    epi__buffer_append_u64(out, (uint64_t)mark->forgotten_at);
    epi__buffer_append_u64(out, (uint64_t)mark->purge_at);
    epi__buffer_append(out, mark->corrections.data, mark->corrections.size);
}

epi_status epi__mark_decode(epi__mark *mark, epi__view body) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    mark->superseded_by = epi__read_u64(&reader);
    mark->superseded_ingested = (int64_t)epi__read_u64(&reader);
    mark->superseded_event = (int64_t)epi__read_u64(&reader);
    mark->forgotten_at = (int64_t)epi__read_u64(&reader);
    mark->purge_at = (int64_t)epi__read_u64(&reader);
    mark->corrections = epi__read_view(&reader, (size_t)(reader.end - reader.next));
    if (mark->corrections.size % EPI__CORRECTION_SIZE != 0) reader.failed = true;
    return reader.failed ? cut("mark") : EPI_OK;
}

/* ---- generations ------------------------------------------------------------------------------------------------ */

void epi__generation_encode(epi__buffer *out, const epi__generation_record *generation) {
    epi__buffer_append_u8(out, (uint8_t)generation->phase);
    epi__buffer_append_u32(out, generation->dimension);
    epi__buffer_append_u64(out, generation->vectors);
    epi__buffer_append_u64(out, generation->next);
    epi__buffer_append_u64(out, generation->until);
    epi__buffer_append_u64(out, generation->refused);
    epi__buffer_append_u64(out, generation->learned);
    epi__buffer_append_bytes(out, generation->name.data, generation->name.size);
    epi__buffer_append_bytes(out, generation->parameters.data, generation->parameters.size);
    epi__buffer_append_bytes(out, generation->source.data, generation->source.size);
}

epi_status epi__generation_decode(epi__generation_record *generation, epi__view body) {
    epi__reader reader = epi__reader_of(body.data, body.size);
    unsigned phase = epi__read_u8(&reader);
    generation->phase = (epi__generation_phase)phase;
    generation->dimension = epi__read_u32(&reader);
    generation->vectors = epi__read_u64(&reader);
    generation->next = epi__read_u64(&reader);
    generation->until = epi__read_u64(&reader);
    generation->refused = epi__read_u64(&reader);
    generation->learned = epi__read_u64(&reader);
    generation->name = epi__read_bytes(&reader);
    generation->parameters = epi__read_bytes(&reader);
    generation->source = epi__read_bytes(&reader);
    if (phase < EPI__GENERATION_SERVING || phase > EPI__GENERATION_RETIRED) reader.failed = true;
    return reader.failed ? cut("generation") : EPI_OK;
}
