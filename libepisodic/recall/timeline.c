/* timeline.c - the episodes of a space in order of time. */
#include <stdlib.h>

#include "../store/component.h"
#include "../memory/salvage.h"
#include "recall.h"

#define MODULE "recall"

struct epi_timeline {
    epi__arena arena;
    epi_episode_info *episodes;
    size_t count, capacity;
};

static epi_status copy_text(const char **text, epi_timeline *timeline, epi__snapshot *snapshot,
                            const epi__value *value) {
    epi__view data;
    epi_status status = epi__component_get(&data, snapshot->tx.txn, snapshot->mirror->space, value);
    if (epi__salvage_passes(snapshot->mirror, status)) {
        snapshot->mirror->salvage->values++;
        return EPI_OK;
    }
    EPI__TRY(status);
    *text = epi__arena_text(&timeline->arena, data.data, data.size);
    return *text ? EPI_OK : epi__fail_memory(MODULE, data.size);
}

static epi_status copy_tags(epi_episode_info *info, epi_timeline *timeline, const epi__episode_record *record) {
    epi__reader reader = epi__reader_of(record->tags.data, record->tags.size);
    const char **tags = epi__arena_alloc(&timeline->arena, record->tag_count + 1u, sizeof *tags);
    if (!tags) return epi__fail_memory(MODULE, record->tag_count * sizeof *tags);
    for (uint8_t i = 0; i < record->tag_count; i++) {
        epi__view tag = epi__read_bytes(&reader);
        tags[i] = epi__arena_text(&timeline->arena, tag.data, tag.size);
        if (!tags[i]) return epi__fail_memory(MODULE, tag.size);
    }
    info->tags = tags;
    info->tag_count = record->tag_count;
    return EPI_OK;
}

static epi_status fill(epi_episode_info *info, epi_timeline *timeline, epi__snapshot *snapshot, uint64_t id,
                       const epi__episode_record *record) {
    *info = (epi_episode_info){.id = id,
                               .reward = record->reward,
                               .has_reward = record->has_reward,
                               .ended = record->ended,
                               .step_count = record->step_count,
                               .time = {record->first_event, record->last_event, record->utc_offset_min}};
    EPI__TRY(copy_text(&info->title, timeline, snapshot, &record->title));
    if (record->metadata.size > 0) EPI__TRY(copy_text(&info->metadata, timeline, snapshot, &record->metadata));
    if (record->outcome.size > 0) EPI__TRY(copy_text(&info->outcome, timeline, snapshot, &record->outcome));
    if (record->external.size > 0) {
        info->external_id = epi__arena_text(&timeline->arena, record->external.data, record->external.size);
        if (!info->external_id) return epi__fail_memory(MODULE, record->external.size);
    }
    return copy_tags(info, timeline, record);
}

static bool overlaps(const epi__episode_record *record, epi_time from, epi_time to) {
    if (record->first_event == EPI_TIME_NONE) return from == EPI_TIME_NONE && to == EPI_TIME_NONE;
    if (from != EPI_TIME_NONE && record->last_event < from) return false;
    return to == EPI_TIME_NONE || record->first_event < to;
}

static epi_status add(epi_timeline *timeline, epi__snapshot *snapshot, uint64_t id, epi__view body, epi_time from,
                      epi_time to) {
    epi__episode_record record;
    EPI__TRY(epi__episode_decode(&record, body));
    if (!overlaps(&record, from, to)) return EPI_OK;
    if (timeline->count == timeline->capacity) {
        size_t more = timeline->capacity ? timeline->capacity * 2 : 64;
        epi_episode_info *grown = epi__realloc(timeline->episodes, more, sizeof *grown);
        if (!grown) return epi__fail_memory(MODULE, more * sizeof *grown);
        timeline->episodes = grown;
        timeline->capacity = more;
    }
    EPI__TRY(fill(&timeline->episodes[timeline->count], timeline, snapshot, id, &record));
    timeline->count++;
    return EPI_OK;
}

static int by_time(const void *a, const void *b) {
    const epi_episode_info *x = a, *y = b;
    if (x->time.from != y->time.from) return x->time.from < y->time.from ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static epi_status read_all(epi_timeline *timeline, epi__snapshot *snapshot, epi_time from, epi_time to, size_t limit) {
    epi__scan scan = {0};
    epi__view key, body;
    epi_status status = epi__scan_table(&scan, snapshot->tx.txn, snapshot->mirror->space, EPI__TABLE_EPISODE);
    while (!status && (status = epi__salvage_next(&key, &body, &scan, snapshot->mirror)) == EPI_OK)
        if (body.data) status = add(timeline, snapshot, epi__key_id(key), body, from, to);
    epi__scan_close(&scan);
    if (status != EPI_EDONE) return status;
    if (timeline->count) qsort(timeline->episodes, timeline->count, sizeof *timeline->episodes, by_time);
    if (limit > 0 && timeline->count > limit) {
        memmove(timeline->episodes, timeline->episodes + (timeline->count - limit), limit * sizeof *timeline->episodes);
        timeline->count = limit;
    }
    return EPI_OK;
}

epi_status epi_timeline_read(epi_timeline **timeline, epi_space *space, epi_time from, epi_time to, size_t limit) {
    if (!timeline) return epi__fail(EPI_EINVAL, MODULE, "timeline was NULL");
    *timeline = NULL;
    epi__snapshot snapshot;
    EPI__TRY(epi__space_check_handle(space));
    epi_timeline *made = epi__alloc_zero(1, sizeof *made);
    if (!made) return epi__fail_memory(MODULE, sizeof *made);
    epi_status status = epi__snapshot_begin(&snapshot, space->mirror);
    if (!status) {
        status = read_all(made, &snapshot, from, to, limit);
        epi__snapshot_end(&snapshot);
    }
    if (status)
        epi_timeline_free(made);
    else
        *timeline = made;
    return status;
}

void epi_timeline_free(epi_timeline *timeline) {
    if (!timeline) return;
    epi__arena_dispose(&timeline->arena);
    epi__free(timeline->episodes);
    epi__free(timeline);
}

size_t epi_timeline_count(const epi_timeline *timeline) {
    return timeline ? timeline->count : 0;
}

const epi_episode_info *epi_timeline_episode(const epi_timeline *timeline, size_t index) {
    return timeline && index < timeline->count ? &timeline->episodes[index] : NULL;
}
