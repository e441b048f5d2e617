/* prospects_text.c - prospects for a prompt, and as JSON; see prospects.h.
 *
 * In the text each line stands by itself: it begins with "imagined" and ends with how many steps witness it and which
 * they are, so that whatever part of it is quoted says what it is worth. What was stored comes on one line, whatever is
 * in it.
 */
#include <episodic/sys/json.h>

#include "prospects.h"

#define MODULE "imagine"
#define SHOWN_MAX 200u /* bytes of a stored text in one line */
#define SOURCES_SHOWN 8u

/* ---- text ------------------------------------------------------------------------------------------------------- */

static void put_flat(epi__buffer *out, const char *text) {
    size_t size = strlen(text), cut = epi__utf8_cut(text, size, SHOWN_MAX);
    epi__text_append_flat(out, text, cut);
    if (cut < size) epi__buffer_append_text(out, "...");
}

static void put_witnesses(epi__buffer *out, size_t count, const uint64_t *steps, size_t step_count) {
    if (step_count == 0) {
        epi__buffer_append_text(out, " | no witness\n");
        return;
    }
    epi__buffer_append_format(out, " | %zu witness%s: step%s", count, count == 1 ? "" : "es",
                              step_count == 1 ? "" : "s");
    for (size_t i = 0; i < step_count && i < SOURCES_SHOWN; i++)
        epi__buffer_append_format(out, "%s%llu", i ? ", " : " ", (unsigned long long)steps[i]);
    epi__buffer_append_text(out, step_count > SOURCES_SHOWN || step_count < count ? " and others\n" : "\n");
}

static void begin_line(epi__buffer *out, const epi_prospect *prospect) {
    epi__buffer_append_text(out, "imagined | ");
    put_flat(out, prospect->tool);
    if (prospect->arguments) {
        epi__buffer_append_u8(out, ' ');
        put_flat(out, prospect->arguments);
    }
    epi__buffer_append_text(out, " | ");
}

static void put_seen(epi__buffer *out, const epi_prospect *prospect, const char *what, const epi_seen *seen,
                     size_t count) {
    for (size_t i = 0; i < count; i++) {
        begin_line(out, prospect);
        epi__buffer_append_format(out, "%s in %.0f %%: ", what, 100.0 * seen[i].share);
        put_flat(out, seen[i].text);
        put_witnesses(out, seen[i].count, &seen[i].step, 1);
    }
}

static void put_precedent(epi__buffer *out, const epi_prospect *prospect, const char *what,
                          const epi_precedent *precedent) {
    if (precedent->step == 0) return;
    begin_line(out, prospect);
    epi__buffer_append_format(out, "nearest %s: %.0f %% alike, episode %llu", what, 100.0 * precedent->similarity,
                              (unsigned long long)precedent->episode);
    put_witnesses(out, 1, &precedent->step, 1);
}

static void put_prospect(epi__buffer *out, const epi_prospect *p) {
    begin_line(out, p);
    if (p->no_precedent) {
        epi__buffer_append_text(out, "no precedent: nothing is known of this tool");
        put_witnesses(out, 0, NULL, 0);
        return;
    }
    epi__buffer_append_format(out, "%ssucceeds in %.0f %% (%.0f to %.0f %%); tried %zu times, %.1f of them alike",
                              p->proposed ? "proposed; " : "", 100.0 * p->success_rate, 100.0 * p->success_low,
                              100.0 * p->success_high, p->tried, p->similar);
    put_witnesses(out, p->tried, p->sources, p->source_count);
    if (p->has_cost) {
        begin_line(out, p);
        epi__buffer_append_format(out, "costs %.4g", p->cost);
        put_witnesses(out, p->tried, p->sources, p->source_count);
    }
    put_seen(out, p, "result", p->results, p->result_count);
    put_seen(out, p, "error", p->errors, p->error_count);
    put_seen(out, p, "followed by", p->next, p->next_count);
    put_precedent(out, p, "success", &p->success);
    put_precedent(out, p, "failure", &p->failure);
}

static void put_stage(epi__buffer *out, const epi_stage *stage) {
    put_flat(out, stage->tool);
    if (!stage->arguments) return;
    epi__buffer_append_u8(out, ' ');
    put_flat(out, stage->arguments);
}

static void put_course(epi__buffer *out, const epi_course *course) {
    const epi_stage *stages = course->stages;
    const uint64_t steps[] = {stages[0].step, stages[1].step};
    epi__buffer_append_text(out, "imagined | course: ");
    put_stage(out, &stages[0]);
    epi__buffer_append_text(out, ", then ");
    put_stage(out, &stages[1]);
    epi__buffer_append_text(out, " in ");
    put_flat(out, stages[1].situation);
    epi__buffer_append_format(out, " | succeeds in %.0f %% (at least %.0f %%)%s", 100.0 * course->rate,
                              100.0 * course->rate_low, course->stitched ? "; never seen in one episode" : "");
    put_witnesses(out, stages[0].witnesses + stages[1].witnesses, steps, 2);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static void json_text(epi_json_writer *writer, const char *name, const char *text) {
    if (text)
        epi_json_put_string(writer, name, text, strlen(text));
    else
        epi_json_put_null(writer, name);
}

/* What was checked to be JSON stands as such; stored arguments of a TEXT role may be anything. */
static void json_arguments(epi_json_writer *writer, const char *arguments) {
    epi_json *root = NULL;
    size_t size = arguments ? strlen(arguments) : 0;
    if (arguments && epi_json_parse(&root, arguments, size) == EPI_OK)
        epi_json_put_raw(writer, "arguments", arguments, size);
    else
        json_text(writer, "arguments", arguments);
    epi_json_free(root);
}

static void json_steps(epi_json_writer *writer, const uint64_t *steps, size_t count) {
    epi_json_begin_array(writer, "sources");
    for (size_t i = 0; i < count; i++) epi_json_put_unsigned(writer, NULL, steps[i]);
    epi_json_end(writer);
}

static void json_seen(epi_json_writer *writer, const char *name, const epi_seen *seen, size_t count) {
    epi_json_begin_array(writer, name);
    for (size_t i = 0; i < count; i++) {
        epi_json_begin_object(writer, NULL);
        json_text(writer, "text", seen[i].text);
        epi_json_put_number(writer, "share", seen[i].share);
        epi_json_put_unsigned(writer, "witnesses", seen[i].count);
        epi_json_put_unsigned(writer, "step", seen[i].step);
        epi_json_end(writer);
    }
    epi_json_end(writer);
}

static void json_precedent(epi_json_writer *writer, const char *name, const epi_precedent *precedent) {
    if (precedent->step == 0) {
        epi_json_put_null(writer, name);
        return;
    }
    epi_json_begin_object(writer, name);
    epi_json_put_unsigned(writer, "step", precedent->step);
    epi_json_put_unsigned(writer, "episode", precedent->episode);
    epi_json_put_number(writer, "similarity", precedent->similarity);
    epi_json_end(writer);
}

static void json_prospect(epi_json_writer *writer, const epi_prospect *p) {
    epi_json_begin_object(writer, NULL);
    json_text(writer, "tool", p->tool);
    json_arguments(writer, p->arguments);
    epi_json_put_bool(writer, "proposed", p->proposed);
    epi_json_put_bool(writer, "no_precedent", p->no_precedent);
    epi_json_put_unsigned(writer, "tried", p->tried);
    epi_json_put_unsigned(writer, "succeeded", p->succeeded);
    epi_json_put_number(writer, "similar", p->similar);
    if (!p->no_precedent) epi_json_put_number(writer, "success_rate", p->success_rate);
    epi_json_put_number(writer, "success_low", p->success_low);
    epi_json_put_number(writer, "success_high", p->success_high);
    if (p->has_cost) epi_json_put_number(writer, "cost", p->cost);
    epi_json_put_number(writer, "reward", p->reward);
    json_seen(writer, "results", p->results, p->result_count);
    json_seen(writer, "errors", p->errors, p->error_count);
    json_seen(writer, "next", p->next, p->next_count);
    json_precedent(writer, "nearest_success", &p->success);
    json_precedent(writer, "nearest_failure", &p->failure);
    json_steps(writer, p->sources, p->source_count);
    epi_json_end(writer);
}

static void json_course(epi_json_writer *writer, const epi_course *course) {
    epi_json_begin_object(writer, NULL);
    epi_json_put_number(writer, "rate", course->rate);
    epi_json_put_number(writer, "rate_low", course->rate_low);
    epi_json_put_bool(writer, "stitched", course->stitched);
    epi_json_begin_array(writer, "stages");
    for (size_t i = 0; i < EPI__COUNT(course->stages); i++) {
        const epi_stage *stage = &course->stages[i];
        epi_json_begin_object(writer, NULL);
        json_text(writer, "tool", stage->tool);
        json_arguments(writer, stage->arguments);
        json_text(writer, "situation", stage->situation);
        epi_json_put_number(writer, "rate", stage->rate);
        epi_json_put_number(writer, "rate_low", stage->rate_low);
        epi_json_put_unsigned(writer, "witnesses", stage->witnesses);
        epi_json_put_unsigned(writer, "step", stage->step);
        epi_json_put_unsigned(writer, "episode", stage->episode);
        epi_json_end(writer);
    }
    epi_json_end(writer);
    epi_json_end(writer);
}

static epi_status render_json(epi_prospects *prospects) {
    epi_json_writer *writer = NULL;
    size_t size = 0;
    EPI__TRY(epi_json_writer_new(&writer, false));
    epi_json_begin_object(writer, NULL);
    epi_json_put_bool(writer, "imagined", true);
    epi_json_begin_array(writer, "prospects");
    for (size_t i = 0; i < prospects->count; i++) json_prospect(writer, &prospects->items[i]);
    epi_json_end(writer);
    epi_json_begin_array(writer, "courses");
    for (size_t i = 0; i < prospects->course_count; i++) json_course(writer, &prospects->courses[i]);
    epi_json_end(writer);
    epi_json_end(writer);
    const char *text = epi_json_writer_text(&size, writer);
    prospects->json = text ? epi__arena_text(&prospects->arena, text, size) : NULL;
    epi_json_writer_free(writer);
    return prospects->json ? EPI_OK : epi__fail_memory(MODULE, size);
}

epi_status epi__prospects_render(epi_prospects *prospects) {
    epi__buffer out = {0};
    for (size_t i = 0; i < prospects->count; i++) put_prospect(&out, &prospects->items[i]);
    for (size_t i = 0; i < prospects->course_count; i++) put_course(&out, &prospects->courses[i]);
    prospects->text = out.failed ? NULL : epi__arena_text(&prospects->arena, out.data, out.size);
    epi_status status = prospects->text ? EPI_OK : epi__fail_memory(MODULE, out.size);
    epi__buffer_dispose(&out);
    return status ? status : render_json(prospects);
}
