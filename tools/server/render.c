/* render.c - what is stored, as JSON; see render.h. */
#include <math.h>
#include <string.h>

#include "render.h"

void render_text(epi_json_writer *writer, const char *name, const char *text) {
    if (text != NULL)
        epi_json_put_string(writer, name, text, strlen(text));
    else
        epi_json_put_null(writer, name);
}

void render_optional(epi_json_writer *writer, const char *name, const char *text) {
    if (text != NULL && *text != '\0') render_text(writer, name, text);
}

void render_time(epi_json_writer *writer, const char *name, epi_time time, int32_t offset) {
    char text[EPI_TIME_TEXT_SIZE];
    if (time != EPI_TIME_NONE) render_text(writer, name, epi_time_iso(text, time, offset));
}

void render_id(epi_json_writer *writer, const char *name, uint64_t id) {
    if (id != 0) epi_json_put_unsigned(writer, name, id);
}

void render_value(epi_json_writer *writer, const char *name, const epi_json *value) {
    int64_t whole;
    double number = 0.0;
    size_t size = 0;
    const char *text = epi_json_string(value, &size);
    switch (epi_json_type_of(value)) {
    case EPI_JSON_ABSENT:
    case EPI_JSON_NULL: epi_json_put_null(writer, name); break;
    case EPI_JSON_BOOL: epi_json_put_bool(writer, name, epi_json_true(value)); break;
    case EPI_JSON_STRING: epi_json_put_string(writer, name, text, size); break;
    case EPI_JSON_NUMBER:
        if (epi_json_integer(&whole, value))
            epi_json_put_integer(writer, name, whole);
        else
            epi_json_put_number(writer, name, epi_json_number(&number, value) ? number : 0.0);
        break;
    case EPI_JSON_ARRAY:
    case EPI_JSON_OBJECT:
        if (epi_json_type_of(value) == EPI_JSON_ARRAY)
            epi_json_begin_array(writer, name);
        else
            epi_json_begin_object(writer, name);
        for (const epi_json *each = epi_json_first(value); each != NULL; each = epi_json_next(each))
            render_value(writer, epi_json_name(each), each);
        epi_json_end(writer);
        break;
    }
}

/* The words stand in the hit's own step. */
static const char *moment_words(const epi_recollection *found, size_t hit, const epi_moment *moment) {
    const epi_hit *h = epi_recollection_hit(found, hit);
    const epi_scene *scene = epi_recollection_scene(found, h->scene);
    const epi_recalled_part *part = moment->role != NULL
                                        ? epi_scene_part(scene, epi_scene_step(scene, h->scene_step), moment->role)
                                        : NULL;
    return part != NULL && moment->mention.to <= part->size ? (const char *)part->data + moment->mention.from : NULL;
}

void render_moment(epi_json_writer *writer, const epi_recollection *found, size_t hit) {
    epi_moment moment;
    if (!epi_recollection_moment(&moment, found, hit)) return;
    const epi_interval *interval = &moment.mention.interval;
    const char *words = moment_words(found, hit, &moment);
    epi_json_begin_object(writer, "moment");
    render_time(writer, "from", interval->from, interval->utc_offset_min);
    render_time(writer, "to", interval->to, interval->utc_offset_min);
    if (words != NULL) epi_json_put_string(writer, "words", words, moment.mention.to - moment.mention.from);
    epi_json_end(writer);
}

static void render_tags(epi_json_writer *writer, const char *const *tags, size_t count) {
    if (count == 0) return;
    epi_json_begin_array(writer, "tags");
    for (size_t i = 0; i < count; i++) render_text(writer, NULL, tags[i]);
    epi_json_end(writer);
}

/* ---- parts ----------------------------------------------------------------------------------------------------- */

/* What is still to be shown of a step's texts. */
typedef struct room {
    size_t left;
    size_t used;
    bool cut;
} room;

/* At most `size` bytes of a text, cut between characters. */
static size_t cut_text(const char *text, size_t size, size_t room_left) {
    if (size <= room_left) return size;
    size_t cut = room_left;
    while (cut > 0 && ((unsigned char)text[cut] & 0xc0u) == 0x80u) cut--;
    return cut;
}

static void put_words(epi_json_writer *writer, const char *name, const epi_recalled_part *part, room *r) {
    size_t size = cut_text(part->data, part->size, r->left);
    epi_json_put_string(writer, name, part->data, size);
    r->cut = r->cut || size < part->size;
    r->left -= size;
    r->used += size;
}

/* JSON that does not fit becomes a text, because half of it is none. Bytes and tensors are only measured. */
static void put_part(epi_json_writer *writer, const epi_recalled_part *part, room *r) {
    if (part->type == EPI_JSON && part->size <= r->left) {
        epi_json_put_raw(writer, part->role, part->data, part->size);
        r->left -= part->size;
        r->used += part->size;
    } else if (part->type == EPI_TEXT || part->type == EPI_JSON) {
        put_words(writer, part->role, part, r);
    } else {
        epi_json_begin_object(writer, part->role);
        epi_json_put_unsigned(writer, "bytes", part->size);
        epi_json_end(writer);
    }
}

static bool is_named_apart(const epi_recalled_part *part) {
    return strcmp(part->role, "speaker") == 0 || strcmp(part->role, "text") == 0;
}

static void put_parts(epi_json_writer *writer, const epi_recalled_step *step, room *r) {
    size_t others = 0;
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        if (!is_named_apart(part))
            others++;
        else if (part->size > 0)
            put_words(writer, strcmp(part->role, "text") == 0 ? "text" : "role", part, r);
    }
    if (others == 0) return;
    epi_json_begin_object(writer, "parts");
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        if (!is_named_apart(part)) put_part(writer, part, r);
    }
    epi_json_end(writer);
}

/* ---- steps and episodes ---------------------------------------------------------------------------------------- */

static void put_marks(epi_json_writer *writer, const epi_recalled_step *step) {
    render_tags(writer, step->tags, step->tag_count);
    render_optional(writer, "id", step->external_id);
    if (step->metadata != NULL) epi_json_put_raw(writer, "metadata", step->metadata, strlen(step->metadata));
    render_id(writer, "supersedes", step->supersedes);
    render_id(writer, "superseded_by", step->superseded_by);
    if (step->forgotten) epi_json_put_bool(writer, "forgotten", true);
    if (step->flags & EPI_STEP_IMAGINED) epi_json_put_bool(writer, "imagined", true);
    if (step->reward < 0.0 || step->reward > 0.0) epi_json_put_number(writer, "reward", step->reward);
}

size_t render_step_open(epi_json_writer *writer, const epi_recalled_step *step, size_t bytes) {
    room r = {bytes, 0, false};
    int32_t offset = step->event.utc_offset_min;
    epi_json_begin_object(writer, NULL);
    epi_json_put_unsigned(writer, "step", step->id);
    epi_json_put_unsigned(writer, "episode", step->episode);
    if (step->score > 0.0) epi_json_put_number(writer, "score", round(step->score * 1e6) / 1e6);
    render_time(writer, "time", step->event.from, offset);
    if (step->event.to != step->event.from) render_time(writer, "until", step->event.to, offset);
    render_time(writer, "stored", step->ingest_time, offset);
    put_parts(writer, step, &r);
    if (r.cut) epi_json_put_bool(writer, "cut", true);
    put_marks(writer, step);
    return r.used;
}

size_t render_step(epi_json_writer *writer, const epi_recalled_step *step, size_t bytes) {
    size_t used = render_step_open(writer, step, bytes);
    epi_json_end(writer);
    return used;
}

size_t render_size(const epi_recalled_step *step) {
    size_t size = 0;
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        if (part->type == EPI_TEXT || part->type == EPI_JSON) size += part->size;
    }
    return size;
}

void render_episode(epi_json_writer *writer, const char *name, const epi_episode_info *info) {
    epi_json_begin_object(writer, name);
    epi_json_put_unsigned(writer, "episode", info->id);
    render_optional(writer, "title", info->title);
    render_optional(writer, "id", info->external_id);
    render_time(writer, "from", info->time.from, info->time.utc_offset_min);
    render_time(writer, "to", info->time.to, info->time.utc_offset_min);
    epi_json_put_unsigned(writer, "steps", info->step_count);
    epi_json_put_bool(writer, "ended", info->ended);
    render_optional(writer, "outcome", info->outcome);
    if (info->has_reward) epi_json_put_number(writer, "reward", info->reward);
    render_tags(writer, info->tags, info->tag_count);
    if (info->metadata != NULL) epi_json_put_raw(writer, "metadata", info->metadata, strlen(info->metadata));
    epi_json_end(writer);
}
