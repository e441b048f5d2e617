/* print.c - steps for people (a line, or all of it) and for programs (JSON).
 *
 * A line shows who it was and the words; who is the first keyword role with a value, the words are the role "text" or,
 * where there is none, all roles by name.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

void print_score(char out[16], double score) {
    snprintf(out, 16, "%.2f", score);
    if (out[0] == '0' && out[1] == '.') memmove(out, out + 1, strlen(out));
}

char *print_count(char out[32], uint64_t count) {
    char digits[32];
    int size = snprintf(digits, sizeof digits, "%" PRIu64, count);
    size_t at = 0;
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0) out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

char *print_counted(char out[PRINT_COUNTED_SIZE], uint64_t count, const char *noun) {
    char number[32];
    snprintf(out, PRINT_COUNTED_SIZE, "%s %s%s", print_count(number, count), noun, count == 1 ? "" : "s");
    return out;
}

/* ---- tensors and bytes ----------------------------------------------------------------------------------------- */

static double element_at(epi_dtype dtype, const void *data, size_t i) {
    switch (dtype) {
    case EPI_F32: {
        float v;
        memcpy(&v, (const char *)data + i * sizeof v, sizeof v);
        return (double)v;
    }
    case EPI_F64: {
        double v;
        memcpy(&v, (const char *)data + i * sizeof v, sizeof v);
        return v;
    }
    case EPI_I8: {
        int8_t v;
        memcpy(&v, (const char *)data + i * sizeof v, sizeof v);
        return (double)v;
    }
    case EPI_I16: {
        int16_t v;
        memcpy(&v, (const char *)data + i * sizeof v, sizeof v);
        return (double)v;
    }
    case EPI_I32: {
        int32_t v;
        memcpy(&v, (const char *)data + i * sizeof v, sizeof v);
        return (double)v;
    }
    case EPI_I64: {
        int64_t v;
        memcpy(&v, (const char *)data + i * sizeof v, sizeof v);
        return (double)v;
    }
    case EPI_U16: {
        uint16_t v;
        memcpy(&v, (const char *)data + i * sizeof v, sizeof v);
        return (double)v;
    }
    case EPI_U32: {
        uint32_t v;
        memcpy(&v, (const char *)data + i * sizeof v, sizeof v);
        return (double)v;
    }
    case EPI_U64: {
        uint64_t v;
        memcpy(&v, (const char *)data + i * sizeof v, sizeof v);
        return (double)v;
    }
    case EPI_U8:
    case EPI_BOOL: return (double)((const uint8_t *)data)[i];
    case EPI_DTYPE_NONE: break;
    }
    return 0.0;
}

static size_t element_size(epi_dtype dtype) {
    static const size_t sizes[] = {1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1};
    return (size_t)dtype < sizeof sizes / sizeof sizes[0] ? sizes[dtype] : 1;
}

void print_numbers(char *text, size_t room, epi_dtype dtype, const void *data, size_t size) {
    size_t count = size / element_size(dtype);
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count && i < 8 && used < room; i++) {
        used += (size_t)snprintf(text + used, room - used, "%s%g", i > 0 ? " " : "", element_at(dtype, data, i));
    }
    if (count > 8 && used < room) snprintf(text + used, room - used, " ... (%zu)", count);
}

void json_numbers(epi_json_writer *writer, const char *name, epi_dtype dtype, const void *data, size_t size) {
    epi_json_begin_array(writer, name);
    for (size_t i = 0; i < size / element_size(dtype); i++)
        epi_json_put_number(writer, NULL, element_at(dtype, data, i));
    epi_json_end(writer);
}

epi_dtype dtype_of(const cli *c, const char *role) {
    const epi_schema *schema = epi_space_schema(c->space);
    for (size_t i = 0; i < schema->role_count; i++) {
        if (strcmp(schema->roles[i].name, role) == 0) return schema->roles[i].dtype;
    }
    return EPI_U8;
}

static void put_tensor(epi_json_writer *writer, const char *name, const cli *c, const epi_recalled_part *part) {
    json_numbers(writer, name, dtype_of(c, part->role), part->data, part->size);
}

static void put_base64(epi_json_writer *writer, const char *name, const epi_recalled_part *part) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = part->data;
    char *text = malloc(part->size / 3 * 4 + 5);
    size_t size = 0;
    for (size_t i = 0; text != NULL && i < part->size; i += 3) {
        size_t left = part->size - i;
        uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0);
        text[size++] = alphabet[bits >> 18];
        text[size++] = alphabet[bits >> 12 & 63];
        text[size++] = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        text[size++] = left > 2 ? alphabet[bits & 63] : '=';
    }
    epi_json_put_string(writer, name, text != NULL ? text : "", size);
    free(text);
}

/* ---- one line -------------------------------------------------------------------------------------------------- */

static void print_part(FILE *out, const epi_recalled_part *part) {
    if (part->type == EPI_TEXT || part->type == EPI_JSON) {
        fwrite(part->data, 1, part->size, out);
    } else {
        fprintf(out, "<%zu bytes>", part->size);
    }
}

static const epi_recalled_part *find_part(const epi_recalled_step *step, const char *role) {
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        if (strcmp(part->role, role) == 0 && part->size > 0) return part;
    }
    return NULL;
}

static void write_words(FILE *out, const epi_recalled_step *step) {
    const epi_recalled_part *text = find_part(step, "text");
    const epi_recalled_part *caption = find_part(step, "caption");
    if (text != NULL) {
        print_part(out, text);
        if (caption != NULL) fprintf(out, " [%.*s]", (int)caption->size, (const char *)caption->data);
        return;
    }
    const char *between = "";
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        if (part->size == 0 || strcmp(part->role, "tool") == 0) continue;
        fprintf(out, "%s%s: ", between, part->role);
        print_part(out, part);
        between = "; ";
    }
}

void print_step_words(char **who, char **text, const epi_recalled_step *step) {
    const epi_recalled_part *speaker = find_part(step, "speaker");
    if (speaker == NULL) speaker = find_part(step, "tool");
    *who = speaker != NULL ? term_escape(speaker->data, speaker->size, "\\n") : term_escape("-", 1, "");
    char *raw = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&raw, &size);
    *text = NULL;
    if (out == NULL) return;
    write_words(out, step);
    fclose(out);
    *text = term_escape(raw, size, "\\n");
    free(raw);
}

/* ---- all of a step --------------------------------------------------------------------------------------------- */

static void print_field(const cli *c, const char *name, const char *text, size_t size) {
    char *safe = term_escape(text, size, "\n               ");
    term_print(c, DIM, "  %-12s", name);
    printf(" %s\n", safe != NULL ? safe : "");
    free(safe);
}

static void print_id_field(const cli *c, const char *name, uint64_t id) {
    char text[32];
    if (id != 0) print_field(c, name, text, (size_t)snprintf(text, sizeof text, "step %" PRIu64, id));
}

static void print_marks(const cli *c, const epi_recalled_step *step) {
    print_id_field(c, "corrects", step->supersedes);
    print_id_field(c, "corrected by", step->superseded_by);
    if (step->external_id != NULL) print_field(c, "external id", step->external_id, strlen(step->external_id));
    for (size_t i = 0; i < step->tag_count; i++) print_field(c, "tag", step->tags[i], strlen(step->tags[i]));
    if (step->metadata != NULL) print_field(c, "metadata", step->metadata, strlen(step->metadata));
    if (step->flags & EPI_STEP_TERMINATED) print_field(c, "flag", "terminated", 10);
    if (step->flags & EPI_STEP_TRUNCATED) print_field(c, "flag", "truncated", 9);
    if (step->flags & EPI_STEP_IMAGINED) print_field(c, "flag", "imagined", 8);
    char reward[32];
    int size = snprintf(reward, sizeof reward, "%g", step->reward);
    if (step->reward < 0.0 || step->reward > 0.0) print_field(c, "reward", reward, (size_t)size);
}

static void print_tensor(const cli *c, const epi_recalled_part *part) {
    char text[256];
    print_numbers(text, sizeof text, dtype_of(c, part->role), part->data, part->size);
    print_field(c, part->role, text, strlen(text));
}

static void print_parts(const cli *c, const epi_recalled_step *step) {
    char text[48];
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        switch (part->type) {
        case EPI_TEXT:
        case EPI_JSON: print_field(c, part->role, part->data, part->size); break;
        case EPI_BLOB:
            print_field(c, part->role, text, (size_t)snprintf(text, sizeof text, "<%zu bytes>", part->size));
            break;
        case EPI_TENSOR: print_tensor(c, part); break;
        }
    }
}

/* "tells        "last Friday" = 2026-11-13" */
static void print_told(const cli *c, const epi_recalled_step *step) {
    for (size_t i = 0; i < step->time_count; i++) {
        char meaning[TIMES_SIZE];
        const epi_time_mention *mention = &step->times[i].mention;
        const char *text = times_said(step, &step->times[i]);
        char *words = text != NULL ? term_escape(text + mention->from, mention->to - mention->from, " ") : NULL;
        term_print(c, DIM, "  %-12s", "tells");
        printf(" \"%s\" = %s\n", words != NULL ? words : "", times_text(meaning, &mention->interval));
        free(words);
    }
}

/* "states       Ana  lives in: Lisbon (found)" */
static void print_stated(const cli *c, const epi_recalled_step *step) {
    for (size_t i = 0; i < step->fact_count; i++) {
        const epi_fact *fact = &step->facts[i].fact;
        char *subject = term_escape(fact->subject, strlen(fact->subject), " ");
        char *attribute = term_escape(fact->attribute, strlen(fact->attribute), " ");
        char *value = term_escape(fact->value, strlen(fact->value), " ");
        term_print(c, DIM, "  %-12s", "states");
        printf(" %s  %s: %s%s\n", subject ? subject : "", attribute ? attribute : "", value ? value : "",
               step->facts[i].given ? "" : " (found)");
        free(subject);
        free(attribute);
        free(value);
    }
}

void print_step(const cli *c, const epi_scene *scene, const epi_recalled_step *step) {
    char from[EPI_TIME_TEXT_SIZE];
    char to[EPI_TIME_TEXT_SIZE];
    term_print(c, BOLD, "step %" PRIu64, step->id);
    printf(", episode %" PRIu64, step->episode);
    char *title = term_escape(scene->title, strlen(scene->title), " ");
    if (title != NULL && *title != '\0') printf(" (%s)", title);
    free(title);
    printf(", place %" PRIu64 "%s%s\n", step->index + 1, step->forgotten ? ", forgotten" : "",
           step->superseded_by != 0 ? ", superseded" : "");
    char text[96];
    bool interval = step->event.to != step->event.from;
    int size = snprintf(text, sizeof text, "%s%s%s", epi_time_text(from, step->event.from, step->event.utc_offset_min),
                        interval ? " to " : "",
                        interval ? epi_time_text(to, step->event.to, step->event.utc_offset_min) : "");
    print_field(c, "happened", text, (size_t)size);
    size = snprintf(text, sizeof text, "%s", epi_time_text(from, step->ingest_time, step->event.utc_offset_min));
    print_field(c, "stored", text, (size_t)size);
    print_parts(c, step);
    print_told(c, step);
    print_stated(c, step);
    print_marks(c, step);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

void json_text(epi_json_writer *writer, const char *name, const char *text) {
    if (text != NULL) {
        epi_json_put_string(writer, name, text, strlen(text));
    } else {
        epi_json_put_null(writer, name);
    }
}

const char *worth_text(const epi_space_stats *stats) {
    if (stats->vector_worth < 0.0) return "not measured yet: upkeep does it from 100 vectors on";
    if (stats->vector_worth == 0.0) return "they bring nothing that the words do not: recall goes by the words";
    return "as much of a score as the space's own steps say, beside 1 of the words";
}

void json_worth(epi_json_writer *writer, const epi_space_stats *stats) {
    if (stats->vector_worth < 0.0)
        epi_json_put_null(writer, "vector_worth");
    else
        epi_json_put_number(writer, "vector_worth", stats->vector_worth);
}

void json_profile(epi_json_writer *writer, const epi_space_stats *stats) {
    json_text(writer, "profile", epi_profile_name(stats->profile));
    epi_json_put_bool(writer, "profile_set", stats->profile_set);
    json_text(writer, "profile_reason", stats->profile_reason);
}

void json_time(epi_json_writer *writer, const char *name, epi_time time, int32_t offset) {
    char text[EPI_TIME_TEXT_SIZE];
    json_text(writer, name, time != EPI_TIME_NONE ? epi_time_iso(text, time, offset) : NULL);
}

static void json_part(epi_json_writer *writer, const char *name, const cli *c, const epi_recalled_part *part) {
    switch (part->type) {
    case EPI_TEXT: epi_json_put_string(writer, name, part->data, part->size); break;
    case EPI_JSON: epi_json_put_raw(writer, name, part->data, part->size); break;
    case EPI_BLOB: put_base64(writer, name, part); break;
    case EPI_TENSOR: put_tensor(writer, name, c, part); break;
    }
}

void json_inferred(epi_json_writer *writer, const cli *c, const epi_recalled_part *part) {
    epi_json_begin_object(writer, part->role);
    json_part(writer, "value", c, part);
    epi_json_put_number(writer, "confidence", part->confidence);
    epi_json_begin_array(writer, "sources");
    for (size_t i = 0; i < part->source_count; i++) epi_json_put_unsigned(writer, NULL, part->sources[i]);
    epi_json_end(writer);
    epi_json_end(writer);
}

static void json_parts(epi_json_writer *writer, const cli *c, const epi_recalled_step *step) {
    static const char *const provenances[] = {"", "stored", "superseded", "inferred"};
    size_t inferred = 0;
    epi_json_begin_object(writer, "parts");
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        if (part->provenance == EPI_INFERRED)
            inferred++;
        else
            json_part(writer, part->role, c, part);
    }
    epi_json_end(writer);
    if (inferred > 0) epi_json_begin_object(writer, "inferred");
    for (size_t i = 0; inferred > 0 && i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        if (part->provenance == EPI_INFERRED) json_inferred(writer, c, part);
    }
    if (inferred > 0) epi_json_end(writer);
    epi_json_begin_object(writer, "provenance");
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        json_text(writer, part->role, provenances[part->provenance <= EPI_INFERRED ? part->provenance : 0]);
    }
    epi_json_end(writer);
}

static void json_told(epi_json_writer *writer, const epi_recalled_step *step) {
    epi_json_begin_array(writer, "times");
    for (size_t i = 0; i < step->time_count; i++) {
        const char *text = times_said(step, &step->times[i]);
        if (text != NULL) times_json(writer, NULL, step->times[i].role, text, &step->times[i].mention);
    }
    epi_json_end(writer);
}

static void json_stated(epi_json_writer *writer, const epi_recalled_step *step) {
    epi_json_begin_array(writer, "facts");
    for (size_t i = 0; i < step->fact_count; i++) {
        const epi_fact *fact = &step->facts[i].fact;
        epi_json_begin_object(writer, NULL);
        json_text(writer, "subject", fact->subject);
        json_text(writer, "attribute", fact->attribute);
        json_text(writer, "value", fact->value);
        json_time(writer, "from", fact->from, step->event.utc_offset_min);
        json_time(writer, "to", fact->to, step->event.utc_offset_min);
        epi_json_put_bool(writer, "given", step->facts[i].given);
        epi_json_end(writer);
    }
    epi_json_end(writer);
}

static void json_id(epi_json_writer *writer, const char *name, uint64_t id) {
    if (id != 0) {
        epi_json_put_unsigned(writer, name, id);
    } else {
        epi_json_put_null(writer, name);
    }
}

void json_step(epi_json_writer *writer, const char *name, const cli *c, const epi_recalled_step *step) {
    epi_json_begin_object(writer, name);
    epi_json_put_unsigned(writer, "step", step->id);
    epi_json_put_unsigned(writer, "episode", step->episode);
    epi_json_put_unsigned(writer, "index", step->index);
    epi_json_put_number(writer, "score", step->score);
    json_time(writer, "time", step->event.from, step->event.utc_offset_min);
    json_time(writer, "end", step->event.to, step->event.utc_offset_min);
    json_time(writer, "stored", step->ingest_time, 0);
    json_text(writer, "external_id", step->external_id);
    json_id(writer, "supersedes", step->supersedes);
    json_id(writer, "superseded_by", step->superseded_by);
    epi_json_put_bool(writer, "forgotten", step->forgotten);
    epi_json_put_number(writer, "reward", step->reward);
    epi_json_put_unsigned(writer, "flags", step->flags);
    epi_json_begin_array(writer, "tags");
    for (size_t i = 0; i < step->tag_count; i++) json_text(writer, NULL, step->tags[i]);
    epi_json_end(writer);
    if (step->metadata != NULL) epi_json_put_raw(writer, "metadata", step->metadata, strlen(step->metadata));
    json_parts(writer, c, step);
    json_told(writer, step);
    json_stated(writer, step);
    epi_json_end(writer);
}

int json_print(const cli *c, epi_json_writer *writer) {
    size_t size = 0;
    const char *text = epi_json_writer_text(&size, writer);
    char *safe = text != NULL ? term_escape_json(text, size) : NULL;
    if (safe != NULL) puts(safe);
    free(safe);
    epi_json_writer_free(writer);
    return safe != NULL ? DONE : cli_error(c, DEFECT, "out of memory");
}
