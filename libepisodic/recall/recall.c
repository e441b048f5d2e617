/* recall.c - the public face: recalling, and the accessors of a recollection. */
#include "recall.h"

#include "../memory/generation.h"
#include "../text/text.h"

#define MODULE "recall"

/* ---- recalling -------------------------------------------------------------------------------------------------- */

static epi_status recall_in(epi_recollection **found, epi__snapshot *snapshot, epi__scratch *scratch,
                            const epi_cue *cue, const epi_recall_options *options, const float *encoded) {
    epi__query query;
    epi__found *hits = NULL;
    size_t count = 0;
    epi_status status = epi__query_init(&query, snapshot, scratch, cue, options, encoded);
    if (!status) status = epi__search(&hits, &count, &query, snapshot, scratch);
    if (!status) status = epi__build(found, snapshot, &query.filter, hits, count, options);
    epi__query_dispose(&query);
    return status;
}

#define ENCODE_TRIES 3

/* An encoder may be slow, so the cue's text is encoded before the snapshot, for the generation that serves then. Where
 * another serves by the time of the snapshot, its vectors may not be compared: once more. */
static epi_status begin(epi__snapshot *snapshot, float **encoded, epi__mirror *mirror, const epi_cue *cue) {
    *encoded = NULL;
    for (int i = 0; i < ENCODE_TRIES; i++) {
        uint64_t generation = 0;
        size_t size = cue->text && !cue->vector ? strlen(cue->text) : 0;
        bool asks = size > 0 && size <= EPI_CUE_SIZE_MAX && epi__utf8_valid(cue->text, size) == size;
        if (asks) EPI__TRY(epi__generation_encode_cue(encoded, &generation, mirror, cue->text));
        epi_status status = epi__snapshot_begin(snapshot, mirror);
        if (!status && (!asks || snapshot->state.generation == generation)) return EPI_OK;
        epi__free(*encoded);
        *encoded = NULL;
        EPI__TRY(status);
        epi__generation_forget(mirror);
        if (i + 1 < ENCODE_TRIES) epi__snapshot_end(snapshot);
    }
    return EPI_OK;
}

static epi_status recall(epi_recollection **found, epi_space *space, const epi_cue *cue,
                         const epi_recall_options *options) {
    float *encoded = NULL;
    epi__scratch *scratch = NULL;
    epi__snapshot snapshot;
    EPI__TRY(epi__scratch_take(&scratch, space->mirror));
    epi_status status = begin(&snapshot, &encoded, space->mirror, cue);
    if (!status) {
        status = recall_in(found, &snapshot, scratch, cue, options, encoded);
        epi__snapshot_end(&snapshot);
    }
    epi__free(encoded);
    epi__scratch_give(scratch, space->mirror);
    return status;
}

epi_status epi_recall(epi_recollection **found, epi_space *space, const epi_cue *cue, const epi_recall_options *given) {
    if (!found) return epi__fail(EPI_EINVAL, MODULE, "found was NULL");
    *found = NULL;
    EPI__TRY(epi__space_check_handle(space));
    if (!cue) return epi__fail(EPI_EINVAL, MODULE, "cue was NULL");
    epi_recall_options options = given ? *given : epi_recall_options_default();
    epi_status status = recall(found, space, cue, &options);
    if (!status) status = epi__render(*found, &space->mirror->schema->schema, options.token_budget);
    if (status) {
        epi_recollection_free(*found);
        *found = NULL;
    }
    return status;
}

epi_status epi_recall_text(epi_recollection **found, epi_space *space, const char *text,
                           const epi_recall_options *options) {
    epi_cue cue = epi_cue_default();
    cue.text = text;
    return epi_recall(found, space, &cue, options);
}

/* ---- accessors -------------------------------------------------------------------------------------------------- */

void epi_recollection_free(epi_recollection *found) {
    if (!found) return;
    epi__arena_dispose(&found->arena);
    epi__free(found);
}

size_t epi_recollection_hit_count(const epi_recollection *found) {
    return found ? found->hit_count : 0;
}

const epi_hit *epi_recollection_hit(const epi_recollection *found, size_t index) {
    return found && index < found->hit_count ? &found->hits[index] : NULL;
}

const epi_evidence *epi_recollection_evidence(size_t *count, const epi_recollection *found, size_t hit) {
    bool there = found && hit < found->hit_count;
    if (count) *count = there ? found->evidence_counts[hit] : 0;
    return there ? found->evidence[hit] : NULL;
}

size_t epi_recollection_count(const epi_recollection *found) {
    return found ? found->scene_count : 0;
}

const epi_scene *epi_recollection_scene(const epi_recollection *found, size_t index) {
    return found && index < found->scene_count ? &found->scenes[index].view : NULL;
}

const epi_recalled_step *epi_scene_step(const epi_scene *scene, size_t index) {
    const epi__scene *inside = (const epi__scene *)(const void *)scene;
    return scene && index < scene->step_count ? &inside->steps[index].view : NULL;
}

const epi_recalled_part *epi_recalled_step_part(const epi_recalled_step *step, size_t index) {
    const epi__step *inside = (const epi__step *)(const void *)step;
    return step && index < step->part_count ? &inside->parts[index] : NULL;
}

const epi_recalled_part *epi_scene_part(const epi_scene *scene, const epi_recalled_step *step, const char *role) {
    for (size_t i = 0; scene && step && role && i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        if (strcmp(part->role, role) == 0) return part;
    }
    return NULL;
}

const char *epi_recollection_context(const epi_recollection *found) {
    return found && found->context ? found->context : "";
}

const uint64_t *epi_recollection_context_steps(size_t *count, const epi_recollection *found) {
    if (count) *count = found ? found->context_step_count : 0;
    return found ? found->context_steps : NULL;
}
