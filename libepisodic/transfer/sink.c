/* sink.c - what all import formats pour into: spaces, episodes and steps, stored in batches.
 *
 * Idea: steps wait until a few hundred have gathered, with the episodes that they begin and end, and are stored in one
 * transaction (sink_store.c).
 * Invariant: a step that was stored before is never stored again; so a crash costs the current batch, and the next run
 * adds it. Every pending step stands in the last pending episode that was there when it came.
 * Ownership: the sink owns its handles and a copy of every pending step and episode.
 */
#include "transfer.h"

#include <stdio.h>

void epi__sink_dispose(epi__sink *sink) {
    epi__rows_sink_free(sink->rows);
    epi_space_close(sink->space);
    epi__arena_dispose(&sink->arena);
    epi__map_dispose(&sink->episode_ids);
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
    sink->episode = sink->local = 0;
    epi__rows_sink_free(sink->rows);
    sink->rows = NULL;
    epi_space_close(sink->space);
    sink->space = NULL;
    epi__map_clear(&sink->episode_ids);
    epi__map_clear(&sink->ids);
    EPI__TRY(epi_space_open(&sink->space, sink->memory, name, schema));
    epi_space_stats stats;
    EPI__TRY(epi_space_stats_read(&stats, sink->space));
    sink->fresh = stats.steps == 0;
    sink->newest = 0;
    sink->report->spaces++;
    return epi__rows_sink_new(&sink->rows, sink);
}

/* ---- pending episodes ------------------------------------------------------------------------------------------- */

static const char *keep_text(epi__sink *sink, const char *text) {
    return text != NULL ? epi__arena_text(&sink->arena, text, strlen(text)) : NULL;
}

static const char *const *keep_tags(epi__sink *sink, const char *const *given, size_t count) {
    const char **tags = epi__arena_alloc(&sink->arena, count, sizeof *tags);
    for (size_t i = 0; tags != NULL && i < count; i++) {
        tags[i] = keep_text(sink, given[i]);
        if (tags[i] == NULL) return NULL;
    }
    return tags;
}

/* Replaces what the options point to by copies; false: out of memory. */
static bool keep_options(epi__sink *sink, epi_episode_options *options) {
    const epi_episode_options given = *options;
    options->title = keep_text(sink, given.title);
    options->external_id = keep_text(sink, given.external_id);
    options->metadata = keep_text(sink, given.metadata);
    if (given.tag_count > 0) options->tags = keep_tags(sink, given.tags, given.tag_count);
    return (given.title == NULL || options->title != NULL) && (given.tag_count == 0 || options->tags != NULL) &&
           (given.external_id == NULL || options->external_id != NULL) &&
           (given.metadata == NULL || options->metadata != NULL);
}

static epi_status make_room(epi__sink *sink) {
    bool full = sink->count == EPI__IMPORT_BATCH_COUNT || sink->episode_count == EPI__IMPORT_BATCH_COUNT ||
                sink->size >= EPI__IMPORT_BATCH_SIZE;
    return full ? epi__sink_flush(sink) : EPI_OK;
}

static epi__incoming_episode *push_episode(epi__sink *sink, const epi__incoming_episode *episode) {
    epi__incoming_episode *pushed = &sink->episodes[sink->episode_count++];
    *pushed = *episode;
    pushed->first = pushed->ended = false;
    pushed->count = 0;
    return pushed;
}

epi_status epi__sink_episode(epi__sink *sink, uint64_t local, const epi_episode_options *options, bool keep_title) {
    EPI__TRY(make_room(sink));
    epi__incoming_episode episode = {.begin = *options, .local = local, .keep_title = keep_title};
    if (!keep_options(sink, &episode.begin)) return epi__fail_memory("transfer", sizeof episode);
    push_episode(sink, &episode)->first = true;
    return EPI_OK;
}

/* The episode that steps go to now; one that is stored is gone on with. */
static epi__incoming_episode *current(epi__sink *sink) {
    if (sink->episode_count > 0) return &sink->episodes[sink->episode_count - 1];
    return push_episode(sink, &(epi__incoming_episode){.episode = sink->episode, .local = sink->local});
}

static bool is_current(const epi__sink *sink, uint64_t local) {
    if (sink->episode_count == 0) return sink->local == local;
    const epi__incoming_episode *last = &sink->episodes[sink->episode_count - 1];
    return last->local == local && !last->ended;
}

epi_status epi__sink_resume(epi__sink *sink, uint64_t local) {
    uint64_t id = 0;
    if (is_current(sink, local)) return EPI_OK;
    EPI__TRY(make_room(sink));
    if (epi__map_get(&sink->episode_ids, local, &id)) {
        push_episode(sink, &(epi__incoming_episode){.episode = id, .local = local});
        return EPI_OK;
    }
    size_t at = sink->episode_count;
    while (at > 0 && sink->episodes[at - 1].local != local) at--;
    if (at == 0) return epi__fail(EPI_EINTERNAL, "transfer", "an episode of the file was neither stored nor pending");
    push_episode(sink, &sink->episodes[at - 1]); /* begun again, in the same transaction: found by its external id */
    return EPI_OK;
}

epi_status epi__sink_end(epi__sink *sink, const epi_outcome *outcome) {
    epi__incoming_episode *episode = current(sink);
    episode->ended = true;
    episode->outcome = *outcome;
    episode->outcome.text = keep_text(sink, outcome->text);
    return outcome->text == NULL || episode->outcome.text != NULL ? EPI_OK : epi__fail_memory("transfer", 1);
}

/* ---- pending steps ---------------------------------------------------------------------------------------------- */

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
    if (given.tag_count > 0) step->tags = keep_tags(sink, given.tags, given.tag_count);
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
    EPI__TRY(make_room(sink));
    epi__incoming_episode *episode = current(sink);
    epi__incoming *kept = &sink->pending[sink->count];
    *kept = *incoming;
    if (!keep_step(sink, &kept->step)) return epi__fail_memory("transfer", sizeof(epi_step));
    episode->count++;
    sink->count++;
    return EPI_OK;
}

/* ---- storing a batch ------------------------------------------------------------------------------------------- */

static void count_step(epi__sink *sink, uint64_t id, bool was_there) {
    if (was_there || (sink->fresh && id <= sink->newest)) {
        sink->report->present++;
    } else {
        sink->report->steps++;
    }
    sink->newest = EPI__MAX(sink->newest, id);
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

epi_status epi__sink_progress(const epi__sink *sink) {
    const epi_import_options *options = sink->options;
    if (options->progress == NULL || options->progress(options->context, sink->done, sink->total)) return EPI_OK;
    return epi__fail(EPI_ECANCELLED, "transfer", "the import was stopped after %llu new steps; importing again goes on",
                     (unsigned long long)sink->report->steps);
}

epi_status epi__sink_flush(epi__sink *sink) {
    if (sink->rows) return epi__rows_flush(sink->rows);
    if (sink->episode_count == 0) return EPI_OK;
    uint64_t ids[EPI__IMPORT_BATCH_COUNT];
    bool was_there[EPI__IMPORT_BATCH_COUNT];
    epi_status status = find_known(sink, ids, was_there);
    if (status == EPI_OK) {
        status = epi__sink_store(sink, ids, was_there);
        epi_status noted = note_ids(sink, ids, was_there);
        if (status == EPI_OK) status = noted;
    }
    if (status == EPI_OK) status = forget_marked(sink, ids);
    sink->count = sink->episode_count = 0;
    sink->size = 0;
    epi__arena_dispose(&sink->arena);
    return status != EPI_OK ? status : epi__sink_progress(sink);
}
