/* build.c - rebuilding: hits are gathered into scenes, and each step of a scene is put together from its components,
 * every part saying where it comes from. All of it is copied into the result's arena.
 */
#include <stdlib.h>

#include "../store/component.h"
#include "../memory/salvage.h"
#include "recall.h"

#define MODULE "recall"

struct builder {
    epi_recollection *result;
    epi__snapshot *snapshot;
    epi__filter *filter; /* NULL: everything is shown */
};

static epi_status out_of_memory(void) {
    return epi__fail_memory(MODULE, 0);
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

static epi_status copy_value(const void **data, size_t *size, struct builder *builder, const epi__value *value) {
    epi__view bytes;
    EPI__TRY(epi__component_get(&bytes, builder->snapshot->tx.txn, builder->snapshot->mirror->space, value));
    *data = epi__arena_text(&builder->result->arena, bytes.data, bytes.size);
    if (size) *size = bytes.size;
    return *data ? EPI_OK : epi__fail_memory(MODULE, bytes.size);
}

static epi_status read_tags(const char *const **tags, struct builder *builder, epi__reader *reader, size_t count) {
    const char **texts = epi__arena_alloc(&builder->result->arena, count + 1, sizeof *texts);
    *tags = texts;
    if (!texts) return out_of_memory();
    for (size_t i = 0; i < count; i++) {
        epi__view tag = epi__read_bytes(reader);
        texts[i] = epi__arena_text(&builder->result->arena, tag.data, tag.size);
        if (!texts[i]) return out_of_memory();
    }
    return EPI_OK;
}

/* A value that cannot be read is left out where salvage may do without it. */
static epi_status pass_over(const struct builder *builder, epi_status status, bool needed) {
    const epi__mirror *mirror = builder->snapshot->mirror;
    if (needed || !epi__salvage_passes(mirror, status)) return status;
    mirror->salvage->values++;
    return EPI_OK;
}

static epi_status read_parts(epi__step *step, struct builder *builder, epi__reader *reader, size_t count) {
    const epi_schema *schema = &builder->snapshot->mirror->schema->schema;
    step->parts = epi__arena_alloc(&builder->result->arena, count + 1, sizeof *step->parts);
    if (!step->parts) return out_of_memory();
    for (size_t i = 0; i < count; i++) {
        epi__value value;
        epi__value_decode(&value, reader);
        if (reader->failed || value.role >= schema->role_count)
            return epi__fail(EPI_EDAMAGED, MODULE, "step %llu has a part that cannot be read",
                             (unsigned long long)step->view.id);
        epi_recalled_part *part = &step->parts[step->view.part_count];
        const epi_role *role = &schema->roles[value.role];
        part->role = epi__arena_text(&builder->result->arena, role->name, strlen(role->name));
        if (!part->role) return out_of_memory();
        part->type = role->type;
        part->provenance = step->view.superseded_by ? EPI_SUPERSEDED : EPI_STORED;
        part->confidence = 1.0;
        part->source_step = step->view.id;
        epi_status status = copy_value(&part->data, &part->size, builder, &value);
        if (!status) step->view.part_count++;
        if (status) EPI__TRY(pass_over(builder, status, (role->flags & EPI_ROLE_REQUIRED) != 0));
    }
    if (step->view.part_count || !count) return EPI_OK;
    return epi__fail(EPI_EDAMAGED, MODULE, "no part of step %llu can be read", (unsigned long long)step->view.id);
}

static void fill_fixed(epi_recalled_step *view, const epi__row *row, const epi__mark *mark, const epi__run *run) {
    view->episode = row->episode;
    view->index = run ? run->first_index + (view->id - run->first) : 0;
    view->event = (epi_interval){row->event_from, row->event_to, row->utc_offset_min};
    view->ingest_time = row->ingested;
    view->supersedes = row->supersedes;
    view->reward = row->reward;
    view->flags = row->flags & EPI__ROW_PUBLIC_FLAGS;
    if (!mark) return;
    view->superseded_by = mark->superseded_by;
    view->forgotten = mark->forgotten_at != EPI_TIME_NONE;
}

/* The name of a role that the step has, as its part has it. */
static const char *role_name(const struct builder *builder, const epi__step *step, uint8_t role) {
    const epi_schema *schema = &builder->snapshot->mirror->schema->schema;
    for (size_t i = 0; role < schema->role_count && i < step->view.part_count; i++)
        if (strcmp(step->parts[i].role, schema->roles[role].name) == 0) return step->parts[i].role;
    return NULL;
}

static epi_status read_told(epi__step *step, struct builder *builder, const epi__row *row) {
    epi__reader reader = epi__reader_of(row->told.data, row->told.size);
    epi__told told;
    if (row->told.size == 0) return EPI_OK;
    epi_told_time *times = epi__arena_alloc(&builder->result->arena, EPI_TIME_MENTION_COUNT_MAX, sizeof *times);
    if (!times) return out_of_memory();
    step->view.times = times;
    while (step->view.time_count < EPI_TIME_MENTION_COUNT_MAX && epi__told_next(&told, &reader)) {
        const char *role = role_name(builder, step, told.role);
        const epi_interval interval = {told.from, told.to, row->utc_offset_min};
        if (!role) reader.failed = true;
        times[step->view.time_count++] = (epi_told_time){
            role, {(size_t)told.text_from, (size_t)told.text_to, interval, (epi_time_precision)told.precision}};
    }
    if (!reader.failed && reader.next == reader.end) return EPI_OK;
    return epi__fail(EPI_EDAMAGED, MODULE, "the times that step %llu tells cannot be read",
                     (unsigned long long)step->view.id);
}

static epi_status rebuild(epi__step *step, struct builder *builder, uint64_t id, const epi__row *row) {
    epi__reader reader = row->rest;
    epi__value metadata;
    const epi__mirror *mirror = builder->snapshot->mirror;
    step->view.id = id;
    fill_fixed(&step->view, row, epi__mirror_mark(mirror, id), epi__mirror_run(mirror, id));
    if (row->external.size > 0) {
        step->view.external_id = epi__arena_text(&builder->result->arena, row->external.data, row->external.size);
        if (!step->view.external_id) return out_of_memory();
    }
    step->view.tag_count = row->tag_count;
    EPI__TRY(read_tags(&step->view.tags, builder, &reader, row->tag_count));
    epi__value_decode(&metadata, &reader);
    const void *text = NULL;
    epi_status status = metadata.size > 0 ? copy_value(&text, NULL, builder, &metadata) : EPI_OK;
    if (status) EPI__TRY(pass_over(builder, status, false));
    step->view.metadata = text;
    EPI__TRY(read_parts(step, builder, &reader, row->part_count));
    EPI__TRY(epi__facts_of_row(&step->view.facts, &step->view.fact_count, &builder->result->arena,
                               &mirror->schema->schema, row));
    return mirror->salvage ? EPI_OK : read_told(step, builder, row); /* they are found anew, in parts that are there */
}

/* ---- scenes ----------------------------------------------------------------------------------------------------- */

epi_status epi__read_episode(epi__episode_record *record, epi__snapshot *snapshot, uint64_t episode) {
    epi__key key;
    epi__view body;
    epi__key_of_u64(&key, snapshot->mirror->space, EPI__TABLE_EPISODE, episode);
    epi_status status = epi__record_get(&body, snapshot->tx.txn, &key);
    if (status == EPI_ENOTFOUND) {
        bool begun = episode > 0 && episode < snapshot->state.next_episode;
        return epi__fail(begun ? EPI_ESTALE : EPI_ENOTFOUND, MODULE, "episode %llu %s", (unsigned long long)episode,
                         begun ? "was removed" : "was never begun");
    }
    return status ? status : epi__episode_decode(record, body);
}

static epi_status open_scene(epi__scene *scene, struct builder *builder, uint64_t episode, size_t room) {
    epi__episode_record record;
    const void *title = "";
    if (!builder->snapshot->mirror->salvage) { /* which has what can be read of episodes from the timeline */
        EPI__TRY(epi__read_episode(&record, builder->snapshot, episode));
        EPI__TRY(copy_value(&title, NULL, builder, &record.title));
    }
    scene->view.episode = episode;
    scene->view.title = title;
    scene->steps = epi__arena_alloc(&builder->result->arena, room + 1, sizeof *scene->steps);
    return scene->steps ? EPI_OK : out_of_memory();
}

/* A step beside the hits is shown unless it is hidden; a removed one is passed over. */
static epi_status add_step(epi__scene *scene, struct builder *builder, uint64_t id, bool hit) {
    epi__row row;
    if (!hit && builder->filter && !epi__filter_sees(builder->filter, id)) return EPI_OK;
    epi_status status = epi__row_read(&row, builder->snapshot, id);
    if (status == EPI_ENOTFOUND) return EPI_OK;
    EPI__TRY(status);
    if (!hit && builder->filter) {
        const epi_filter *given = builder->filter->given;
        if (given->as_of != EPI_TIME_NONE && row.ingested > given->as_of) return EPI_OK;
    }
    return rebuild(&scene->steps[scene->view.step_count++], builder, id, &row);
}

struct place {
    uint64_t episode;
    uint64_t index;
    uint64_t first; /* what its scene shows */
    uint64_t last;
    size_t hit;
};

static int by_place(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    if (x->episode != y->episode) return x->episode < y->episode ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* The scene of places [0, count), steps `begin` to `end` of their episode. */
static epi_status make_scene(struct builder *builder, const epi__found *found, const struct place *places, size_t count,
                             uint64_t begin, uint64_t end) {
    epi_recollection *result = builder->result;
    epi__scene *scene = &result->scenes[result->scene_count];
    scene->made_at = result->scene_count;
    const epi__mirror *mirror = builder->snapshot->mirror;
    uint64_t step = found[places[0].hit].step, at = begin;
    EPI__TRY(open_scene(scene, builder, places[0].episode, (size_t)(end - begin) + 1));
    step = epi__mirror_neighbour(mirror, step, -(int)(places[0].index - begin));
    for (size_t next = 0; step && at <= end; at++, step = epi__mirror_neighbour(mirror, step, 1)) {
        bool hit = next < count && places[next].index == at;
        size_t before = scene->view.step_count;
        EPI__TRY(add_step(scene, builder, step, hit));
        if (!hit || scene->view.step_count == before) continue;
        size_t which = places[next++].hit;
        scene->steps[before].view.score = found[which].score;
        scene->view.score = EPI__MAX(scene->view.score, found[which].score);
        result->hits[which].scene = result->scene_count;
        result->hits[which].scene_step = before;
    }
    result->scene_count++;
    return EPI_OK;
}

static int by_scene_score(const void *a, const void *b) {
    const epi__scene *x = a, *y = b;
    if (x->view.score != y->view.score) return x->view.score > y->view.score ? -1 : 1;
    return (x->steps[0].view.id > y->steps[0].view.id) - (x->steps[0].view.id < y->steps[0].view.id);
}

/* Best scene first; hits follow their scenes. */
static epi_status order_scenes(epi_recollection *result) {
    size_t *now_at = epi__arena_alloc(&result->arena, result->scene_count + 1, sizeof *now_at);
    if (!now_at) return out_of_memory();
    qsort(result->scenes, result->scene_count, sizeof *result->scenes, by_scene_score);
    for (size_t i = 0; i < result->scene_count; i++) now_at[result->scenes[i].made_at] = i;
    for (size_t i = 0; i < result->hit_count; i++) result->hits[i].scene = now_at[result->hits[i].scene];
    return EPI_OK;
}

static epi_status copy_hits(struct builder *builder, const epi__found *found, size_t count) {
    epi_recollection *result = builder->result;
    result->hits = epi__arena_alloc(&result->arena, count + 1, sizeof *result->hits);
    result->evidence = epi__arena_alloc(&result->arena, count + 1, sizeof *result->evidence);
    result->evidence_counts = epi__arena_alloc(&result->arena, count + 1, sizeof *result->evidence_counts);
    result->scenes = epi__arena_alloc(&result->arena, count + 1, sizeof *result->scenes);
    if (!result->hits || !result->evidence || !result->evidence_counts || !result->scenes) return out_of_memory();
    for (size_t i = 0; i < count; i++) {
        result->hits[i] = (epi_hit){.step = found[i].step, .episode = found[i].episode, .score = found[i].score};
        result->evidence_counts[i] = found[i].evidence_count;
        result->evidence[i] = epi__arena_copy(&result->arena, found[i].evidence,
                                              EPI__MAX(found[i].evidence_count, (size_t)1) * sizeof(epi_evidence));
        if (!result->evidence[i]) return out_of_memory();
    }
    result->hit_count = count;
    return EPI_OK;
}

static epi_status make_scenes(struct builder *builder, const epi__found *found, size_t count,
                              const epi_recall_options *options) {
    struct place *places = epi__arena_alloc(&builder->result->arena, count + 1, sizeof *places);
    if (!places) return out_of_memory();
    for (size_t i = 0; i < count; i++) {
        const epi__run *run = epi__mirror_run(builder->snapshot->mirror, found[i].step);
        uint64_t index = run ? run->first_index + (found[i].step - run->first) : 0, before = 0, behind = 0;
        EPI__TRY(epi__scene_extent(&before, &behind, builder->snapshot, found[i].step, options));
        places[i] = (struct place){found[i].episode, index, index - EPI__MIN(index, before), index + behind, i};
    }
    qsort(places, count, sizeof *places, by_place);
    for (size_t at = 0; at < count;) {
        size_t end = at + 1;
        uint64_t first = places[at].first, last = places[at].last;
        for (; end < count && places[end].episode == places[at].episode && places[end].first <= last + 1; end++) {
            first = EPI__MIN(first, places[end].first);
            last = EPI__MAX(last, places[end].last);
        }
        EPI__TRY(make_scene(builder, found, places + at, end - at, first, last));
        at = end;
    }
    EPI__TRY(order_scenes(builder->result));
    for (size_t i = 0; i < builder->result->hit_count; i++) {
        epi_hit *hit = &builder->result->hits[i];
        hit->external_id = builder->result->scenes[hit->scene].steps[hit->scene_step].view.external_id;
    }
    return EPI_OK;
}

static epi_status result_new(epi_recollection **result) {
    *result = epi__alloc_zero(1, sizeof **result);
    return *result ? EPI_OK : epi__fail_memory(MODULE, sizeof **result);
}

epi_status epi__build(epi_recollection **result, epi__snapshot *snapshot, epi__filter *filter, const epi__found *found,
                      size_t count, const epi_recall_options *options) {
    EPI__TRY(result_new(result));
    struct builder builder = {*result, snapshot, filter};
    epi_status status = copy_hits(&builder, found, count);
    if (!status) status = make_scenes(&builder, found, count, options);
    if (!status) status = epi__complete(*result, snapshot, filter, options->complete);
    if (status) {
        epi_recollection_free(*result);
        *result = NULL;
    }
    return status;
}

static uint64_t episode_of(const epi__mirror *mirror, uint64_t step) {
    const epi__run *run = epi__mirror_run(mirror, step);
    return run ? run->episode : 0;
}

epi_status epi__build_steps(epi_recollection **result, epi__snapshot *snapshot, const uint64_t *steps, size_t count) {
    EPI__TRY(result_new(result));
    struct builder builder = {*result, snapshot, NULL};
    (*result)->scenes = epi__arena_alloc(&(*result)->arena, count + 1, sizeof *(*result)->scenes);
    epi_status status = (*result)->scenes ? EPI_OK : out_of_memory();
    for (size_t at = 0; !status && at < count;) {
        size_t end = at + 1;
        uint64_t episode = episode_of(snapshot->mirror, steps[at]);
        while (end < count && episode_of(snapshot->mirror, steps[end]) == episode) end++;
        epi__scene *scene = &(*result)->scenes[(*result)->scene_count++];
        status = open_scene(scene, &builder, episode, end - at);
        for (; !status && at < end; at++) status = add_step(scene, &builder, steps[at], true);
    }
    if (status) {
        epi_recollection_free(*result);
        *result = NULL;
    }
    return status;
}
