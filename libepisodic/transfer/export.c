/* export.c - epi_export(): a space as JSONL that epi_import() turns into the same space again (docs/JSONL.md).
 *
 * Idea: steps are read page by page in order of their ids, so memory stays bounded and what corrects something comes
 * after it. An episode's line stands before its first step; outcomes and one line with the counts end the file.
 * Invariant: the bytes depend on content only. Ids are numbers of the file, counted from 1, and a step or episode
 * without an external id is given one that is kept from then on: exporting, importing and exporting again gives the
 * same bytes.
 * Salvage reads through a mirror of its own, which passes over what is damaged (memory/salvage.h), and looks each step
 * up by its id, so that a damaged record, or a page that no walk gets past, costs only itself.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../column/column.h"
#include "../memory/append.h"
#include "../memory/salvage.h"
#include "transfer.h"

#define PAGE_COUNT 512u

typedef struct exporter {
    epi_space *space;
    const epi_schema *schema;
    bool vectors; /* steps have a vector of their own */
    float *vector;
    bool (*write)(void *context, const char *text, size_t size);
    void *context;
    epi_json_writer *writer;
    epi__buffer scratch;
    epi_salvage_report *lost; /* NULL: what is damaged fails the export */
    bool failed;              /* an id or a value could not be made for lack of memory */
    epi_timeline *timeline;
    epi__map infos;      /* episode id -> place in the timeline */
    epi__map episodes;   /* episode id -> number in the file */
    epi__map steps;      /* step id -> number in the file */
    epi__map aside;      /* ids of steps that waited or wait */
    epi__map blocked;    /* episodes of which a step waits */
    epi__buffer waiting; /* ids of steps that correct one which is not written yet, and of what follows them */
} exporter;

/* ---- writing lines --------------------------------------------------------------------------------------------- */

static void begin_line(exporter *e, const char *type) {
    epi_json_writer_clear(e->writer);
    epi_json_begin_object(e->writer, NULL);
    epi_json_put_string(e->writer, "type", type, strlen(type));
}

static epi_status end_line(exporter *e) {
    epi_json_end(e->writer);
    size_t size = 0;
    const char *text = epi_json_writer_text(&size, e->writer);
    if (text == NULL || e->failed) return epi__fail_memory("transfer", e->scratch.size);
    if (e->write(e->context, text, size) && e->write(e->context, "\n", 1)) return EPI_OK;
    return epi__fail(EPI_ECANCELLED, "transfer", "the export was stopped by its writer");
}

static void put_text(exporter *e, const char *name, const char *text) {
    if (text != NULL && *text != '\0') epi_json_put_string(e->writer, name, text, strlen(text));
}

/* JSON stands as it is where that gives the same bytes back, and in a string otherwise. */
static void put_json(exporter *e, const char *name, const char *text, size_t size) {
    bool plain;
    if (epi__json_is_plain(&plain, text, size) != EPI_OK) e->failed = true;
    if (plain) {
        epi_json_put_raw(e->writer, name, text, size);
    } else {
        epi_json_put_string(e->writer, name, text, size);
    }
}

static void put_metadata(exporter *e, const char *metadata) {
    if (metadata != NULL) put_json(e, "metadata", metadata, strlen(metadata));
}

static void put_base64(exporter *e, const char *name, const void *data, size_t size) {
    epi__buffer_clear(&e->scratch);
    epi__base64_encode(&e->scratch, data, size);
    const char *text = epi__buffer_text(&e->scratch);
    e->failed = e->failed || e->scratch.failed;
    epi_json_put_string(e->writer, name, text, e->scratch.failed ? 0 : e->scratch.size);
}

static void put_time(exporter *e, const char *name, epi_time time, int32_t offset) {
    char text[EPI_TIME_TEXT_SIZE];
    if (time != EPI_TIME_NONE) put_text(e, name, epi_time_iso(text, time, offset));
}

static void put_tags(exporter *e, const char *const *tags, size_t count) {
    if (count == 0) return;
    epi_json_begin_array(e->writer, "tags");
    for (size_t i = 0; i < count; i++) epi_json_put_string(e->writer, NULL, tags[i], strlen(tags[i]));
    epi_json_end(e->writer);
}

/* The caller's id, or one made from the space's name, the kind and the id in it. */
static void put_external_id(exporter *e, const char *kind, uint64_t id, epi_time time, const char *given) {
    char derived[EPI__DERIVED_ID_SIZE];
    if (given == NULL) {
        epi__buffer_clear(&e->scratch);
        epi__buffer_append_bytes(&e->scratch, epi_space_name(e->space), strlen(epi_space_name(e->space)));
        epi__buffer_append_text(&e->scratch, kind);
        epi__buffer_append_u64(&e->scratch, id);
        epi__buffer_append_u64(&e->scratch, (uint64_t)time);
        e->failed = e->failed || e->scratch.failed;
        epi__derived_id(derived, kind, e->scratch.data, e->scratch.size);
    }
    put_text(e, "external_id", given != NULL ? given : derived);
}

/* ---- episodes -------------------------------------------------------------------------------------------------- */

/* Keeps one of the first ids that were left out. */
static void keep_id(uint64_t ids[EPI_SALVAGE_ID_COUNT], uint64_t id) {
    size_t at = 0;
    while (at < EPI_SALVAGE_ID_COUNT && ids[at] != 0 && ids[at] != id) at++;
    if (at < EPI_SALVAGE_ID_COUNT) ids[at] = id;
}

static epi_status write_episode(exporter *e, const epi_episode_info *info) {
    uint64_t number = e->episodes.count + 1;
    if (!epi__map_put(&e->episodes, info->id, number)) return epi__fail_memory("transfer", sizeof number);
    begin_line(e, "episode");
    epi_json_put_unsigned(e->writer, "id", number);
    put_external_id(e, "episode", info->id, info->time.from, info->external_id);
    put_text(e, "title", info->title);
    put_time(e, "begin", info->time.from, 0);
    put_tags(e, info->tags, info->tag_count);
    put_metadata(e, info->metadata);
    return end_line(e);
}

/* One whose record cannot be read. */
static epi_status write_nameless_episode(uint64_t *number, exporter *e, uint64_t id) {
    epi_episode_info info = {.id = id, .time = {EPI_TIME_NONE, EPI_TIME_NONE, 0}};
    keep_id(e->lost->episode_ids, id);
    EPI__TRY(write_episode(e, &info));
    *number = e->episodes.count;
    return EPI_OK;
}

/* The number of an episode in the file; its line is written when it is met for the first time. */
static epi_status episode_number(uint64_t *number, exporter *e, uint64_t id) {
    if (epi__map_get(&e->episodes, id, number)) return EPI_OK;
    uint64_t place = 0;
    if (!epi__map_get(&e->infos, id, &place)) {
        if (e->lost != NULL) return write_nameless_episode(number, e, id);
        return epi__fail(EPI_EINTERNAL, "transfer", "episode %llu was not in the timeline", (unsigned long long)id);
    }
    EPI__TRY(write_episode(e, epi_timeline_episode(e->timeline, (size_t)place)));
    *number = e->episodes.count;
    return EPI_OK;
}

static int compare_ids(const void *a, const void *b) {
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

/* Episodes without a step, in order of their ids. */
static epi_status write_empty_episodes(exporter *e) {
    size_t count = epi_timeline_count(e->timeline);
    uint64_t *ids = epi__alloc_zero(EPI__MAX(count, 1), sizeof *ids);
    if (ids == NULL) return epi__fail_memory("transfer", count * sizeof *ids);
    for (size_t i = 0; i < count; i++) ids[i] = epi_timeline_episode(e->timeline, i)->id;
    qsort(ids, count, sizeof *ids, compare_ids);
    epi_status status = EPI_OK;
    uint64_t number = 0;
    for (size_t i = 0; i < count && status == EPI_OK; i++) status = episode_number(&number, e, ids[i]);
    epi__free(ids);
    return status;
}

static epi_status write_outcome(exporter *e, const epi_episode_info *info, uint64_t number) {
    begin_line(e, "outcome");
    epi_json_put_unsigned(e->writer, "episode", number);
    put_text(e, "text", info->outcome);
    if (info->has_reward) epi_json_put_number(e->writer, "reward", info->reward);
    put_time(e, "end", info->time.to, 0);
    return end_line(e);
}

/* In the order of the episodes' numbers. */
static epi_status write_outcomes(exporter *e) {
    size_t count = e->episodes.count;
    const epi_episode_info **infos = epi__alloc_zero(EPI__MAX(count, 1), sizeof *infos);
    if (infos == NULL) return epi__fail_memory("transfer", count * sizeof *infos);
    uint64_t number = 0;
    for (size_t i = 0; i < epi_timeline_count(e->timeline); i++) {
        const epi_episode_info *info = epi_timeline_episode(e->timeline, i);
        if (epi__map_get(&e->episodes, info->id, &number)) infos[number - 1] = info;
    }
    epi_status status = EPI_OK;
    for (size_t i = 0; i < count && status == EPI_OK; i++) {
        if (infos[i] != NULL && infos[i]->ended) status = write_outcome(e, infos[i], i + 1);
    }
    epi__free(infos);
    return status;
}

/* ---- steps ----------------------------------------------------------------------------------------------------- */

static void put_parts(exporter *e, const epi_recalled_step *step) {
    epi_json_begin_object(e->writer, "parts");
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        switch (part->type) {
        case EPI_TEXT: epi_json_put_string(e->writer, part->role, part->data, part->size); break;
        case EPI_JSON: put_json(e, part->role, part->data, part->size); break;
        case EPI_BLOB:
        case EPI_TENSOR: put_base64(e, part->role, part->data, part->size); break;
        }
    }
    epi_json_end(e->writer);
}

static void put_flags(exporter *e, uint32_t flags) {
    if (flags == 0) return;
    epi_json_begin_array(e->writer, "flags");
    if (flags & EPI_STEP_TERMINATED) put_text(e, NULL, "terminated");
    if (flags & EPI_STEP_TRUNCATED) put_text(e, NULL, "truncated");
    if (flags & EPI_STEP_IMAGINED) put_text(e, NULL, "imagined");
    epi_json_end(e->writer);
}

/* Those that were given; the others are found again at import. */
static void put_facts(exporter *e, const epi_recalled_step *step) {
    size_t given = 0;
    while (given < step->fact_count && step->facts[given].given) given++;
    if (given == 0) return;
    epi_json_begin_array(e->writer, "facts");
    for (size_t i = 0; i < given; i++) {
        const epi_fact *fact = &step->facts[i].fact;
        epi_json_begin_object(e->writer, NULL);
        put_text(e, "subject", fact->subject);
        put_text(e, "attribute", fact->attribute);
        put_text(e, "value", fact->value);
        put_time(e, "from", fact->from, step->event.utc_offset_min);
        if (fact->to != EPI_TIME_NONE) put_time(e, "to", fact->to, step->event.utc_offset_min);
        epi_json_end(e->writer);
    }
    epi_json_end(e->writer);
}

static bool passes(const exporter *e, epi_status status) {
    return e->lost != NULL && status == EPI_EDAMAGED;
}

static epi_status put_vector(exporter *e, uint64_t step) {
    size_t size = 0;
    if (!e->vectors) return EPI_OK;
    epi_status status = epi_step_vector(e->vector, &size, e->space, step);
    if (passes(e, status)) {
        e->lost->values++;
        return EPI_OK;
    }
    EPI__TRY(status);
    if (size > 0) put_base64(e, "vector", e->vector, size * sizeof *e->vector);
    return EPI_OK;
}

/* A corrected step that has been removed has no number any more; then nothing is corrected. */
static void put_supersedes(exporter *e, uint64_t step) {
    uint64_t number = 0;
    if (step != 0 && epi__map_get(&e->steps, step, &number)) epi_json_put_unsigned(e->writer, "supersedes", number);
}

static epi_status write_step(exporter *e, const epi_recalled_step *step) {
    uint64_t episode = 0;
    uint64_t number = e->steps.count + 1;
    EPI__TRY(episode_number(&episode, e, step->episode));
    if (!epi__map_put(&e->steps, step->id, number)) return epi__fail_memory("transfer", sizeof number);
    begin_line(e, "step");
    epi_json_put_unsigned(e->writer, "id", number);
    epi_json_put_unsigned(e->writer, "episode", episode);
    put_external_id(e, "step", step->id, step->event.from, step->external_id);
    put_time(e, "time", step->event.from, step->event.utc_offset_min);
    if (step->event.to != step->event.from) put_time(e, "end", step->event.to, step->event.utc_offset_min);
    put_parts(e, step);
    put_tags(e, step->tags, step->tag_count);
    put_metadata(e, step->metadata);
    if (step->reward < 0.0 || step->reward > 0.0) epi_json_put_number(e->writer, "reward", step->reward);
    put_flags(e, step->flags);
    put_supersedes(e, step->supersedes);
    put_facts(e, step);
    EPI__TRY(put_vector(e, step->id));
    if (step->forgotten) epi_json_put_bool(e->writer, "forgotten", true);
    if (e->lost != NULL) e->lost->values += e->space->mirror->salvage->values;
    return end_line(e);
}

/* Ids are given to each episode in blocks, so a correction may have a lower id than what it corrects. It waits then,
 * and with it the rest of its episode, and what corrects these. */
static bool must_wait(const exporter *e, const epi_recalled_step *step) {
    if (epi__map_get(&e->blocked, step->episode, NULL)) return true;
    if (step->supersedes == 0 || epi__map_get(&e->steps, step->supersedes, NULL)) return false;
    return step->supersedes > step->id || epi__map_get(&e->aside, step->supersedes, NULL);
}

static epi_status put_aside(exporter *e, const epi_recalled_step *step) {
    epi__buffer_append_u64(&e->waiting, step->id);
    bool kept = !e->waiting.failed && epi__map_put(&e->blocked, step->episode, 1) &&
                epi__map_put(&e->aside, step->id, 1);
    return kept ? EPI_OK : epi__fail_memory("transfer", e->waiting.size);
}

static epi_status write_page(uint64_t *last, exporter *e, const epi_recollection *page, bool wait) {
    for (size_t i = 0; i < epi_recollection_count(page); i++) {
        const epi_scene *scene = epi_recollection_scene(page, i);
        for (size_t j = 0; j < scene->step_count; j++) {
            const epi_recalled_step *step = epi_scene_step(scene, j);
            EPI__TRY(wait && must_wait(e, step) ? put_aside(e, step) : write_step(e, step));
            *last = step->id;
        }
    }
    return EPI_OK;
}

static epi_status write_one(exporter *e, uint64_t id, bool wait) {
    epi_recollection *page = NULL;
    EPI__TRY(epi_step_read(&page, e->space, id));
    epi_status status = write_page(&id, e, page, wait);
    epi_recollection_free(page);
    return status;
}

/* Again and again, until none waits. Where none can go on, what the first one corrects has been removed. */
static epi_status write_waiting(exporter *e) {
    bool stuck = false;
    while (e->waiting.size > 0) {
        epi__buffer round = e->waiting;
        size_t written = e->steps.count;
        e->waiting = (epi__buffer){0};
        epi__map_clear(&e->blocked);
        epi__reader ids = epi__reader_of(round.data, round.size);
        epi_status status = EPI_OK;
        for (bool wait = !stuck; status == EPI_OK && ids.next < ids.end; wait = true) {
            if (e->lost != NULL) e->space->mirror->salvage->values = 0;
            status = write_one(e, epi__read_u64(&ids), wait);
        }
        epi__buffer_dispose(&round);
        EPI__TRY(status);
        stuck = e->steps.count == written;
    }
    return EPI_OK;
}

/* Each id that was ever given is looked up. */
static epi_status salvage_steps(exporter *e, uint64_t end) {
    for (uint64_t id = 1; id < end; id++) {
        e->space->mirror->salvage->values = 0;
        epi_status status = write_one(e, id, true);
        if (passes(e, status))
            keep_id(e->lost->step_ids, id);
        else if (status != EPI_ESTALE)
            EPI__TRY(status);
    }
    return write_waiting(e);
}

static epi_status write_steps(exporter *e) {
    uint64_t last = 0;
    for (;;) {
        epi_recollection *page = NULL;
        EPI__TRY(epi_steps_read(&page, e->space, last, PAGE_COUNT));
        bool more = epi_recollection_count(page) > 0;
        epi_status status = write_page(&last, e, page, true);
        epi_recollection_free(page);
        if (status != EPI_OK) return status;
        if (!more) return write_waiting(e);
    }
}

/* ---- the file -------------------------------------------------------------------------------------------------- */

static epi_status write_space(exporter *e) {
    epi_space_stats stats;
    epi_status status = epi_space_stats_read(&stats, e->space);
    if (!passes(e, status)) EPI__TRY(status);
    begin_line(e, "space");
    epi_json_put_integer(e->writer, "format", 1);
    put_text(e, "name", epi_space_name(e->space));
    epi__schema_write(e->writer, "schema", e->schema);
    if (stats.profile_set) put_text(e, "profile", epi_profile_name(stats.profile));
    return end_line(e);
}

static epi_status write_end(exporter *e) {
    begin_line(e, "end");
    epi_json_put_unsigned(e->writer, "episodes", e->episodes.count);
    epi_json_put_unsigned(e->writer, "steps", e->steps.count);
    return end_line(e);
}

static epi_status write_file(exporter *e) {
    EPI__TRY(write_space(e));
    EPI__TRY(write_steps(e));
    EPI__TRY(write_empty_episodes(e));
    EPI__TRY(write_outcomes(e));
    return write_end(e);
}

static epi_status state_of(epi__state *state, epi_space *space) {
    epi__snapshot snapshot;
    EPI__TRY(epi__snapshot_begin(&snapshot, space->mirror));
    *state = snapshot.state;
    epi__snapshot_end(&snapshot);
    return EPI_OK;
}

/* Some may have been removed meanwhile. */
static uint64_t missing(const epi__state *before, const epi__state *after, uint8_t table, uint64_t there) {
    uint64_t expected = EPI__MIN(epi__state_count(before, table), epi__state_count(after, table));
    return expected > there ? expected - there : 0;
}

/* What is missing is told from the counts in the space's state, so that what no walk finds is counted too. */
static epi_status salvage_file(exporter *e) {
    epi__state before, after;
    EPI__TRY(state_of(&before, e->space));
    EPI__TRY(write_space(e));
    EPI__TRY(salvage_steps(e, before.next_step));
    EPI__TRY(write_empty_episodes(e));
    EPI__TRY(write_outcomes(e));
    EPI__TRY(state_of(&after, e->space));
    e->lost->steps = missing(&before, &after, EPI__TABLE_STEP, e->steps.count);
    e->lost->episodes = missing(&before, &after, EPI__TABLE_EPISODE, epi_timeline_count(e->timeline));
    return write_end(e);
}

static epi_status prepare(exporter *e) {
    e->schema = epi_space_schema(e->space);
    e->vectors = e->schema->encoder == EPI_ENCODER_GIVEN;
    for (size_t i = 0; i < e->schema->role_count; i++) {
        if (e->schema->roles[i].flags & EPI_ROLE_VECTOR) e->vectors = false;
    }
    e->vector = epi__alloc_zero(EPI__MAX(e->schema->dimension, 1), sizeof *e->vector);
    if (e->vector == NULL) return epi__fail_memory("transfer", e->schema->dimension * sizeof *e->vector);
    EPI__TRY(epi_json_writer_new(&e->writer, false));
    EPI__TRY(epi_timeline_read(&e->timeline, e->space, EPI_TIME_NONE, EPI_TIME_NONE, 0));
    if (e->lost != NULL) e->lost->values = e->space->mirror->salvage->values;
    for (size_t i = 0; i < epi_timeline_count(e->timeline); i++) {
        if (!epi__map_put(&e->infos, epi_timeline_episode(e->timeline, i)->id, i))
            return epi__fail_memory("transfer", i);
    }
    return EPI_OK;
}

static epi_status export_rows(epi_salvage_report *lost, epi_space *space,
                              bool (*write)(void *context, const char *text, size_t size), void *context) {
    exporter e = {.space = space, .write = write, .context = context, .lost = lost};
    epi_status status = prepare(&e);
    if (status == EPI_OK) status = lost != NULL ? salvage_file(&e) : write_file(&e);
    epi_timeline_free(e.timeline);
    epi_json_writer_free(e.writer);
    epi__buffer_dispose(&e.scratch);
    epi__map_dispose(&e.infos);
    epi__map_dispose(&e.episodes);
    epi__map_dispose(&e.steps);
    epi__map_dispose(&e.aside);
    epi__map_dispose(&e.blocked);
    epi__buffer_dispose(&e.waiting);
    epi__free(e.vector);
    return status;
}

epi_status epi_export(epi_space *space, bool (*write)(void *context, const char *text, size_t size), void *context) {
    if (space == NULL || write == NULL) return epi__fail(EPI_EINVAL, "transfer", "an argument was NULL");
    EPI__TRY(epi__space_check_handle(space));
    if (epi__columns_of(space->mirror)) return epi__export_columns(NULL, space, write, context);
    return export_rows(NULL, space, write, context);
}

epi_status epi_export_salvage(epi_salvage_report *report, epi_space *space,
                              bool (*write)(void *context, const char *text, size_t size), void *context) {
    epi_salvage_report unseen;
    epi__salvage salvage = {0};
    if (report == NULL) report = &unseen;
    memset(report, 0, sizeof *report);
    if (space == NULL || write == NULL) return epi__fail(EPI_EINVAL, "transfer", "an argument was NULL");
    EPI__TRY(epi__space_check_handle(space));
    epi_status status = epi__pending_commit(space->mirror);
    if (status != EPI_OK && status != EPI_EDAMAGED) return status;
    epi_space through = {.memory = space->memory};
    EPI__TRY(epi__mirror_salvage(&through.mirror, space->mirror, &salvage));
    bool columns = epi__columns_of(through.mirror) != NULL;
    status = (columns ? epi__export_columns : export_rows)(report, &through, write, context);
    report->records = salvage.records;
    epi__mirror_free(through.mirror);
    return status;
}
