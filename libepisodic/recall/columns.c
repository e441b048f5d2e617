/* columns.c - steps of a space that keeps columns, as recollections: each role a part, copied out of its column.
 *
 * What rows have and columns have not is empty: titles, tags, external ids. The time of a step is when it was ingested.
 */
#include "../column/column.h"
#include "recall.h"

#define MODULE "recall"

struct builder {
    epi_recollection *result;
    epi__snapshot *snapshot;
    const epi__layout *layout;
};

/* A step, and where it lies. */
struct place {
    epi__chunk *chunk;
    const uint8_t *data;
    uint32_t offset;
    uint64_t episode;
};

static epi_status out_of_memory(void) {
    return epi__fail_memory(MODULE, sizeof(epi__step));
}

static epi_status find(struct place *place, struct builder *builder, uint64_t id) {
    EPI__TRY(epi__columns_find(&place->chunk, &place->offset, builder->snapshot, id));
    EPI__TRY(epi__chunk_data(&place->data, builder->snapshot, place->chunk));
    place->episode = epi__slot_episode(builder->layout, place->chunk, place->data, place->offset);
    return EPI_OK;
}

/* terminated and truncated are bits of the flags. */
static const void *value_of(size_t *size, const struct builder *builder, const struct place *place, size_t role,
                            const uint8_t ends[2]) {
    int column = builder->layout->role_column[role];
    *size = column < 0 ? 1u : builder->layout->columns[column].width;
    if (column < 0) return &ends[(int)role == builder->layout->truncated_role];
    return epi__slot_at(builder->layout, place->data, column, place->offset);
}

static epi_status add_parts(epi__step *step, struct builder *builder, const struct place *place, unsigned flags) {
    epi__arena *arena = &builder->result->arena;
    const epi_schema *schema = &builder->snapshot->mirror->schema->schema;
    const uint8_t ends[2] = {(flags & EPI__SLOT_TERMINATED) != 0, (flags & EPI__SLOT_TRUNCATED) != 0};
    step->parts = epi__arena_alloc(arena, schema->role_count, sizeof *step->parts);
    if (!step->parts) return out_of_memory();
    for (size_t i = 0; i < schema->role_count; i++) {
        epi_recalled_part *part = &step->parts[i];
        const void *value = value_of(&part->size, builder, place, i, ends);
        part->role = epi__arena_text(arena, schema->roles[i].name, strlen(schema->roles[i].name));
        part->data = epi__arena_text(arena, value, part->size); /* a NUL behind it, as behind every part */
        if (!part->role || !part->data) return out_of_memory();
        part->type = EPI_TENSOR;
        part->provenance = EPI_STORED;
        part->confidence = 1.0;
        part->source_step = step->view.id;
    }
    step->view.part_count = schema->role_count;
    return EPI_OK;
}

static double reward_of(const struct builder *builder, const struct place *place) {
    float narrow;
    double wide;
    if (builder->layout->reward < 0) return 0.0;
    const void *at = epi__slot_at(builder->layout, place->data, builder->layout->reward, place->offset);
    if (builder->layout->columns[builder->layout->reward].width == sizeof narrow) {
        memcpy(&narrow, at, sizeof narrow);
        return (double)narrow;
    }
    memcpy(&wide, at, sizeof wide);
    return wide;
}

static epi_status add_step(epi__scene *scene, struct builder *builder, const struct place *place) {
    epi__step *step = &scene->steps[scene->view.step_count++];
    unsigned flags = epi__slot_flags(builder->layout, place->chunk, place->data, place->offset);
    int64_t at = epi__slot_ingested(builder->layout, place->data, place->offset);
    step->view.id = epi__slot_id(builder->layout, place->chunk, place->offset);
    step->view.episode = place->episode;
    step->view.index = epi__slot_index(builder->layout, place->data, place->offset);
    step->view.event = (epi_interval){at, at, 0};
    step->view.ingest_time = at;
    step->view.reward = reward_of(builder, place);
    step->view.flags = flags & (EPI_STEP_TERMINATED | EPI_STEP_TRUNCATED);
    return add_parts(step, builder, place, flags);
}

static epi_status add_all(struct builder *builder, const uint64_t *steps, size_t count) {
    epi_recollection *result = builder->result;
    epi__scene *scene = NULL;
    result->scenes = epi__arena_alloc(&result->arena, count + 1, sizeof *result->scenes);
    if (!result->scenes) return out_of_memory();
    for (size_t i = 0; i < count; i++) {
        struct place place;
        EPI__TRY(find(&place, builder, steps[i]));
        if (!scene || scene->view.episode != place.episode) {
            scene = &result->scenes[result->scene_count++];
            scene->view.episode = place.episode;
            scene->view.title = "";
            scene->steps = epi__arena_alloc(&result->arena, count - i + 1, sizeof *scene->steps);
            if (!scene->steps) return out_of_memory();
        }
        EPI__TRY(add_step(scene, builder, &place));
    }
    return EPI_OK;
}

epi_status epi__build_columns(epi_recollection **found, epi__snapshot *snapshot, const uint64_t *steps, size_t count) {
    *found = epi__alloc_zero(1, sizeof **found);
    if (!*found) return out_of_memory();
    struct builder builder = {*found, snapshot, epi__columns_layout(epi__columns_of(snapshot->mirror))};
    epi_status status = add_all(&builder, steps, count);
    if (status) {
        epi_recollection_free(*found);
        *found = NULL;
    }
    return status;
}
