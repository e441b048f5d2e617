/* sink.c - what all import formats pour into: spaces, episodes and steps, stored in batches.
 *
 * Idea: steps wait until a few hundred have gathered and are stored in one transaction. When the store refuses a batch
 * because of its content, its steps are stored one by one, so that all before the bad one stay and the message names
 * it.
 * Invariant: a step that was stored before is never stored again; so a crash costs the current batch, and the next run
 * adds it.
 * Ownership: the sink owns its handles and a copy of every pending step.
 */
#include "transfer.h"

#include <stdio.h>

void epi__sink_dispose(epi__sink *sink) {
    epi__rows_sink_free(sink->rows);
    epi_episode_close(sink->episode);
    epi_space_close(sink->space);
    epi__arena_dispose(&sink->arena);
    epi__map_dispose(&sink->ids);
}

epi_status epi__sink_fail(const epi__sink *sink, size_t place, const char *format, ...) {
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return epi__fail(EPI_EFORMAT, "transfer", "%s %zu: %s", sink->unit, place, text);
}

epi_status epi__sink_space(epi__sink *sink, const char *name, const epi_schema *schema) {
    EPI__TRY(epi__sink_flush(sink));
    epi_episode_close(sink->episode);
    sink->episode = NULL;
    epi__rows_sink_free(sink->rows);
    sink->rows = NULL;
    epi_space_close(sink->space);
    sink->space = NULL;
    epi__map_clear(&sink->ids);
    EPI__TRY(epi_space_open(&sink->space, sink->memory, name, schema));
    epi_space_stats stats;
    EPI__TRY(epi_space_stats_read(&stats, sink->space));
    sink->fresh = stats.steps == 0;
    sink->newest = 0;
    sink->report->spaces++;
    return epi__rows_sink_new(&sink->rows, sink);
}

epi_status epi__sink_episode(epi__sink *sink, const epi_episode_options *options, bool keep_title) {
    EPI__TRY(epi__sink_flush(sink));
    epi_episode_close(sink->episode);
    sink->episode = NULL;
    epi_status status = epi_episode_begin(&sink->episode, sink->space, options);
    if (status == EPI_ECONFLICT && keep_title) {
        epi_episode_options id_only = epi_episode_options_default();
        id_only.external_id = options->external_id;
        status = epi_episode_begin(&sink->episode, sink->space, &id_only);
    }
    if (status == EPI_OK) sink->report->episodes++;
    return status;
}

epi_status epi__sink_resume(epi__sink *sink, uint64_t episode) {
    if (sink->episode != NULL && epi_episode_id(sink->episode) == episode) return EPI_OK;
    EPI__TRY(epi__sink_flush(sink));
    epi_episode_close(sink->episode);
    sink->episode = NULL;
    return epi_episode_resume(&sink->episode, sink->space, episode);
}

epi_status epi__sink_end(epi__sink *sink, const epi_outcome *outcome) {
    EPI__TRY(epi__sink_flush(sink));
    return epi_episode_end(sink->episode, outcome);
}

/* ---- pending steps --------------------------------------------------------------------------------------------- */

static const char *keep_text(epi__sink *sink, const char *text) {
    return text != NULL ? epi__arena_text(&sink->arena, text, strlen(text)) : NULL;
}

static const epi_part *keep_parts(epi__sink *sink, const epi_step *step) {
    epi_part *parts = epi__arena_alloc(&sink->arena, step->part_count, sizeof *parts);
    if (parts == NULL) return NULL;
    for (size_t i = 0; i < step->part_count; i++) {
        parts[i].role = keep_text(sink, step->parts[i].role);
        parts[i].size = step->parts[i].size;
        parts[i].data = epi__arena_text(&sink->arena, step->parts[i].data, parts[i].size);
        if (parts[i].role == NULL || parts[i].data == NULL) return NULL;
        sink->size += parts[i].size;
    }
    return parts;
}

static const char *const *keep_tags(epi__sink *sink, const epi_step *step) {
    const char **tags = epi__arena_alloc(&sink->arena, step->tag_count, sizeof *tags);
    for (size_t i = 0; tags != NULL && i < step->tag_count; i++) {
        tags[i] = keep_text(sink, step->tags[i]);
        if (tags[i] == NULL) return NULL;
    }
    return tags;
}

static const epi_fact *keep_facts(epi__sink *sink, const epi_step *step) {
    epi_fact *facts = epi__arena_alloc(&sink->arena, step->fact_count, sizeof *facts);
    for (size_t i = 0; facts != NULL && i < step->fact_count; i++) {
        const epi_fact *given = &step->facts[i];
        facts[i] = *given;
        facts[i].subject = keep_text(sink, given->subject);
        facts[i].attribute = keep_text(sink, given->attribute);
        facts[i].value = keep_text(sink, given->value);
        bool lost = given->subject != NULL && facts[i].subject == NULL;
        if (lost || facts[i].attribute == NULL || facts[i].value == NULL) return NULL;
    }
    return facts;
}

/* Replaces what the step points to by copies; false: out of memory. */
static bool keep_step(epi__sink *sink, epi_step *step) {
    const epi_step given = *step;
    if (given.part_count > 0) step->parts = keep_parts(sink, &given);
    if (given.tag_count > 0) step->tags = keep_tags(sink, &given);
    if (given.fact_count > 0) step->facts = keep_facts(sink, &given);
    step->external_id = keep_text(sink, given.external_id);
    step->metadata = keep_text(sink, given.metadata);
    if (given.vector_size > 0) {
        step->vector = epi__arena_copy(&sink->arena, given.vector, given.vector_size * sizeof *given.vector);
    }
    return (given.part_count == 0 || step->parts != NULL) && (given.tag_count == 0 || step->tags != NULL) &&
           (given.fact_count == 0 || step->facts != NULL) &&
           (given.external_id == NULL || step->external_id != NULL) &&
           (given.metadata == NULL || step->metadata != NULL) && (given.vector_size == 0 || step->vector != NULL);
}

epi_status epi__sink_step(epi__sink *sink, const epi__incoming *incoming) {
    if (sink->count == EPI__IMPORT_BATCH_COUNT || sink->size >= EPI__IMPORT_BATCH_SIZE) EPI__TRY(epi__sink_flush(sink));
    epi__incoming *kept = &sink->pending[sink->count];
    *kept = *incoming;
    if (!keep_step(sink, &kept->step)) return epi__fail_memory("transfer", sizeof(epi_step));
    sink->count++;
    return EPI_OK;
}

/* ---- storing a batch ------------------------------------------------------------------------------------------- */

/* Is the fault in what was passed in or in what is there, rather than in the machine? */
static bool is_about_content(epi_status status) {
    return (status <= EPI_EUTF8 && status > EPI_EIO) || status == EPI_EINVAL;
}

static void count_step(epi__sink *sink, uint64_t id, bool was_there) {
    if (was_there || (sink->fresh && id <= sink->newest)) {
        sink->report->present++;
    } else {
        sink->report->steps++;
    }
    sink->newest = EPI__MAX(sink->newest, id);
}

static epi_status append_one(uint64_t *id, epi__sink *sink, const epi__incoming *incoming) {
    epi_status status = epi_episode_append(id, sink->episode, &incoming->step);
    if (status == EPI_OK || !is_about_content(status)) return status;
    const char *name = incoming->step.external_id;
    return epi__fail(status, "transfer", "%s %zu%s%s: %s", sink->unit, incoming->place, name ? ", step " : "",
                     name ? name : "", epi_error_last()->message);
}

/* All at once; one by one when the batch is refused for its content. ids of steps that were not stored stay 0. */
static epi_status append_all(epi__sink *sink, uint64_t *ids, const epi_step *steps, const size_t *places,
                             size_t count) {
    epi_status status = epi_episode_append_many(ids, sink->episode, steps, count);
    if (status == EPI_OK || !is_about_content(status)) return status;
    memset(ids, 0, count * sizeof *ids);
    for (size_t i = 0; i < count; i++) EPI__TRY(append_one(&ids[i], sink, &sink->pending[places[i]]));
    return EPI_OK;
}

/* Hides again what was forgotten where it came from. */
static epi_status forget_marked(epi__sink *sink, const uint64_t *ids) {
    uint64_t marked[EPI__IMPORT_BATCH_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < sink->count; i++) {
        if (sink->pending[i].forgotten && ids[i] != 0) marked[count++] = ids[i];
    }
    if (count == 0) return EPI_OK;
    epi_filter filter = epi_filter_default();
    filter.steps = marked;
    filter.step_count = count;
    filter.include_superseded = true;
    return epi_forget(NULL, sink->space, &filter, 0, false);
}

static epi_status note_ids(epi__sink *sink, const uint64_t *ids, const bool *was_there) {
    for (size_t i = 0; i < sink->count; i++) {
        if (ids[i] == 0) continue;
        count_step(sink, ids[i], was_there[i]);
        uint64_t local = sink->pending[i].local;
        if (local != 0 && !epi__map_put(&sink->ids, local, ids[i])) return epi__fail_memory("transfer", sizeof ids[i]);
    }
    return EPI_OK;
}

/* A step that is there and has no time of its own is left alone: "now" would make it another one. */
static epi_status find_known(epi__sink *sink, uint64_t *ids, bool *was_there) {
    for (size_t i = 0; i < sink->count; i++) {
        const epi_step *step = &sink->pending[i].step;
        was_there[i] = false;
        ids[i] = 0;
        if (sink->fresh || step->external_id == NULL) continue;
        epi_status status = epi_step_find(&ids[i], sink->space, step->external_id);
        if (status != EPI_OK && status != EPI_ENOTFOUND) return status;
        was_there[i] = status == EPI_OK;
    }
    return EPI_OK;
}

static epi_status store_pending(epi__sink *sink, uint64_t *ids, const bool *was_there) {
    epi_step steps[EPI__IMPORT_BATCH_COUNT];
    uint64_t stored[EPI__IMPORT_BATCH_COUNT] = {0};
    size_t places[EPI__IMPORT_BATCH_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < sink->count; i++) {
        if (was_there[i] && sink->pending[i].step.event_time == EPI_TIME_NONE) continue;
        places[count] = i;
        steps[count++] = sink->pending[i].step;
    }
    if (count == 0) return EPI_OK;
    epi_status status = append_all(sink, stored, steps, places, count);
    for (size_t i = 0; i < count; i++) ids[places[i]] = stored[i];
    return status;
}

epi_status epi__sink_progress(const epi__sink *sink) {
    const epi_import_options *options = sink->options;
    if (options->progress == NULL || options->progress(options->context, sink->done, sink->total)) return EPI_OK;
    return epi__fail(EPI_ECANCELLED, "transfer", "the import was stopped after %llu new steps; importing again goes on",
                     (unsigned long long)sink->report->steps);
}

epi_status epi__sink_flush(epi__sink *sink) {
    if (sink->rows) return epi__rows_flush(sink->rows);
    if (sink->count == 0) return EPI_OK;
    uint64_t ids[EPI__IMPORT_BATCH_COUNT];
    bool was_there[EPI__IMPORT_BATCH_COUNT];
    epi_status status = find_known(sink, ids, was_there);
    if (status == EPI_OK) {
        status = store_pending(sink, ids, was_there);
        epi_status noted = note_ids(sink, ids, was_there);
        if (status == EPI_OK) status = noted;
    }
    if (status == EPI_OK) status = forget_marked(sink, ids);
    sink->count = 0;
    sink->size = 0;
    epi__arena_dispose(&sink->arena);
    return status != EPI_OK ? status : epi__sink_progress(sink);
}
