/* filter.c - matching steps against a filter; see filter.h. */
#include "filter.h"

#include "../store/component.h"
#include "draft.h"

#define MODULE "memory"

bool epi__filter_is_empty(const epi_filter *given) {
    return !given->steps && !given->episodes && given->from == EPI_TIME_NONE && given->to == EPI_TIME_NONE &&
           given->as_of == EPI_TIME_NONE && given->valid_at == EPI_TIME_NONE && given->part_count == 0 &&
           given->tag_count == 0;
}

static epi_status put_ids(epi__map *map, const uint64_t *ids, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!epi__map_put(map, ids[i], 1)) return epi__fail_memory(MODULE, count * sizeof *ids);
    return EPI_OK;
}

static epi_status take_part(epi__filter *filter, size_t at) {
    const epi_part *part = &filter->given->parts[at];
    const epi_schema *schema = &filter->mirror->schema->schema;
    int role = part->role ? epi__schema_role(schema, part->role, strlen(part->role)) : -1;
    if (role < 0)
        return epi__fail(EPI_EROLE, MODULE, "the schema has no role \"%s\"", part->role ? part->role : "(NULL)");
    filter->roles[at] = role;
    if (part->size > 0 && !part->data)
        return epi__fail(EPI_EINVAL, MODULE, "role \"%s\" has %zu bytes at NULL", part->role, part->size);
    if (!(schema->roles[role].flags & EPI_ROLE_KEYWORD)) {
        epi__buffer_append(&filter->parts[at], part->data, part->size);
        return filter->parts[at].failed ? epi__fail_memory(MODULE, part->size) : EPI_OK;
    }
    EPI__TRY(epi__check_text(part->role, part->data, part->size, EPI_CUE_SIZE_MAX));
    return epi__utf8_fold(&filter->parts[at], part->data, part->size);
}

epi_status epi__filter_init(epi__filter *filter, epi__mirror *mirror, const epi_filter *given) {
    memset(filter, 0, sizeof *filter);
    filter->given = given;
    filter->mirror = mirror;
    if (given->version != 1) return epi__fail(EPI_EINVAL, MODULE, "filter has version %u, expected 1", given->version);
    if (given->part_count > EPI_PART_COUNT_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the filter has %zu parts, limit %u", given->part_count,
                         EPI_PART_COUNT_MAX);
    if ((given->step_count && !given->steps) || (given->episode_count && !given->episodes) ||
        (given->part_count && !given->parts))
        return epi__fail(EPI_EINVAL, MODULE, "the filter counts what is NULL");
    EPI__TRY(epi__check_tags(given->tags, given->tag_count));
    EPI__TRY(put_ids(&filter->steps, given->steps, given->step_count));
    EPI__TRY(put_ids(&filter->episodes, given->episodes, given->episode_count));
    filter->parts = epi__alloc_zero(given->part_count + 1, sizeof *filter->parts);
    if (!filter->parts) return epi__fail_memory(MODULE, given->part_count * sizeof *filter->parts);
    for (size_t i = 0; i < given->part_count; i++) EPI__TRY(take_part(filter, i));
    return EPI_OK;
}

void epi__filter_dispose(epi__filter *filter) {
    epi__map_dispose(&filter->steps);
    epi__map_dispose(&filter->episodes);
    for (size_t i = 0; filter->parts && i < filter->given->part_count; i++) epi__buffer_dispose(&filter->parts[i]);
    epi__free(filter->parts);
    epi__buffer_dispose(&filter->text);
    filter->parts = NULL;
}

bool epi__filter_sees_marked(const epi__filter *filter, uint64_t step) {
    const epi_filter *given = filter->given;
    const epi__mark *mark = epi__mirror_mark(filter->mirror, step);
    if (!mark) return true;
    if (mark->forgotten_at != EPI_TIME_NONE && !given->include_forgotten) return false;
    if (!mark->superseded_by || given->include_superseded) return true;
    bool known = given->as_of == EPI_TIME_NONE || mark->superseded_ingested <= given->as_of;
    bool began = given->valid_at == EPI_TIME_NONE || mark->superseded_event <= given->valid_at;
    return !(known && began);
}

/* ---- one step --------------------------------------------------------------------------------------------------- */

static bool in_time(const epi_filter *given, const epi__row *row) {
    int64_t end = EPI__MAX(row->event_to, row->event_from + 1); /* an instant is a microsecond long */
    if (given->from != EPI_TIME_NONE && end <= given->from) return false;
    if (given->to != EPI_TIME_NONE && row->event_from >= given->to) return false;
    if (given->as_of != EPI_TIME_NONE && row->ingested > given->as_of) return false;
    return given->valid_at == EPI_TIME_NONE || row->event_from <= given->valid_at;
}

static uint64_t tags_of(const epi_filter *given, epi__reader *reader, uint8_t count) {
    uint64_t mask = 0;
    for (uint8_t i = 0; i < count; i++) {
        epi__view tag = epi__read_bytes(reader);
        for (size_t t = 0; t < given->tag_count; t++)
            if (tag.size == strlen(given->tags[t]) && memcmp(tag.data, given->tags[t], tag.size) == 0)
                mask |= 1ull << t;
    }
    return mask;
}

static epi_status episode_tags(epi__filter *filter, epi__snapshot *snapshot, uint64_t episode) {
    epi__key key;
    epi__view body;
    epi__episode_record record;
    if (filter->tagged_episode == episode) return EPI_OK;
    epi__key_of_u64(&key, snapshot->mirror->space, EPI__TABLE_EPISODE, episode);
    EPI__TRY(epi__record_get(&body, snapshot->tx.txn, &key));
    EPI__TRY(epi__episode_decode(&record, body));
    epi__reader reader = epi__reader_of(record.tags.data, record.tags.size);
    filter->tagged_mask = tags_of(filter->given, &reader, record.tag_count);
    filter->tagged_episode = episode;
    return EPI_OK;
}

/* Whether the step has the given value in the role of given part `at`. */
static epi_status match_part(bool *match, epi__filter *filter, epi__snapshot *snapshot, size_t at,
                             const epi__row *row) {
    epi__reader reader = row->rest;
    epi__value value;
    const epi__buffer *wanted = &filter->parts[at];
    const epi_role *role = &filter->mirror->schema->schema.roles[filter->roles[at]];
    *match = false;
    for (uint8_t i = 0; i < row->tag_count; i++) (void)epi__read_bytes(&reader);
    epi__value_decode(&value, &reader);
    for (uint8_t i = 0; i < row->part_count && !reader.failed; i++) {
        epi__view data;
        epi__value_decode(&value, &reader);
        if (value.role != filter->roles[at]) continue;
        EPI__TRY(epi__component_get(&data, snapshot->tx.txn, snapshot->mirror->space, &value));
        if (role->flags & EPI_ROLE_KEYWORD) {
            epi__buffer_clear(&filter->text);
            EPI__TRY(epi__utf8_fold(&filter->text, data.data, data.size));
            data = (epi__view){filter->text.data, filter->text.size};
        }
        *match = data.size == wanted->size && (data.size == 0 || memcmp(data.data, wanted->data, data.size) == 0);
        return EPI_OK;
    }
    return EPI_OK;
}

epi_status epi__filter_match(bool *match, epi__filter *filter, epi__snapshot *snapshot, uint64_t step,
                             const epi__row *row) {
    const epi_filter *given = filter->given;
    *match = false;
    if (given->steps && !epi__map_get(&filter->steps, step, NULL)) return EPI_OK;
    if (given->episodes && !epi__map_get(&filter->episodes, row->episode, NULL)) return EPI_OK;
    if (!in_time(given, row) || !epi__filter_sees(filter, step)) return EPI_OK;
    if (given->tag_count > 0) {
        epi__reader reader = row->rest;
        EPI__TRY(episode_tags(filter, snapshot, row->episode));
        uint64_t all = given->tag_count == 64 ? ~0ull : (1ull << given->tag_count) - 1;
        if ((tags_of(given, &reader, row->tag_count) | filter->tagged_mask) != all) return EPI_OK;
    }
    *match = true;
    for (size_t i = 0; *match && i < given->part_count; i++) EPI__TRY(match_part(match, filter, snapshot, i, row));
    return EPI_OK;
}

/* ---- many steps ------------------------------------------------------------------------------------------------- */

epi_status epi__row_read(epi__row *row, epi__snapshot *snapshot, uint64_t step) {
    epi__key key;
    epi__view body;
    epi__key_of_u64(&key, snapshot->mirror->space, EPI__TABLE_STEP, step);
    EPI__TRY(epi__record_get(&body, snapshot->tx.txn, &key));
    return epi__row_decode(row, body);
}

struct collected {
    uint64_t *ids;
    size_t count, capacity;
};

static epi_status collect_one(struct collected *all, epi__filter *filter, epi__snapshot *snapshot, uint64_t step,
                              const epi__row *row) {
    bool match = false;
    EPI__TRY(epi__filter_match(&match, filter, snapshot, step, row));
    if (!match) return EPI_OK;
    if (all->count == all->capacity) {
        size_t more = all->capacity ? all->capacity * 2 : 64;
        uint64_t *grown = epi__realloc(all->ids, more, sizeof *grown);
        if (!grown) return epi__fail_memory(MODULE, more * sizeof *grown);
        all->ids = grown;
        all->capacity = more;
    }
    all->ids[all->count++] = step;
    return EPI_OK;
}

/* Where ids are named, only their rows are read. */
static epi_status collect_named(struct collected *all, epi__filter *filter, epi__snapshot *snapshot) {
    for (size_t i = 0; i < filter->given->step_count; i++) {
        epi__row row;
        uint64_t step = filter->given->steps[i];
        if (!epi__map_remove(&filter->steps, step)) continue; /* named twice */
        epi_status status = epi__row_read(&row, snapshot, step);
        if (status == EPI_ENOTFOUND) continue;
        if (!status && !epi__map_put(&filter->steps, step, 1)) status = epi__fail_memory(MODULE, sizeof step);
        if (!status) status = collect_one(all, filter, snapshot, step, &row);
        (void)epi__map_remove(&filter->steps, step);
        EPI__TRY(status);
    }
    return EPI_OK;
}

static epi_status collect_run(struct collected *all, epi__filter *filter, epi__snapshot *snapshot,
                              const epi__run *run) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__key_of_u64(&first, snapshot->mirror->space, EPI__TABLE_STEP, run->first);
    epi__key_of_u64(&end, snapshot->mirror->space, EPI__TABLE_STEP, run->first + run->count);
    epi_status status = epi__scan_open(&scan, snapshot->tx.txn, &first, &end, false);
    while (!status) {
        epi__view key, body;
        epi__row row;
        status = epi__scan_next(&key, &body, &scan);
        if (!status) status = epi__row_decode(&row, body);
        if (!status) status = collect_one(all, filter, snapshot, epi__key_id(key), &row);
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

epi_status epi__filter_collect(uint64_t **ids, size_t *count, epi__filter *filter, epi__snapshot *snapshot) {
    struct collected all = {0};
    epi_status status = EPI_OK;
    const epi__mirror *mirror = snapshot->mirror;
    if (filter->given->steps) {
        status = collect_named(&all, filter, snapshot);
    } else {
        for (size_t i = 0; !status && i < mirror->run_count; i++)
            if (!filter->given->episodes || epi__map_get(&filter->episodes, mirror->runs[i].episode, NULL))
                status = collect_run(&all, filter, snapshot, &mirror->runs[i]);
    }
    if (status) {
        epi__free(all.ids);
        all = (struct collected){0};
    }
    *ids = all.ids;
    *count = all.count;
    return status;
}
