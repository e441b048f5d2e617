/* render.c - scenes as text, for people and for prompts.
 *
 * A step is a line: who said it, then what; in the context it begins with "- ", and headings with "## ". The context
 * takes hits in rank order while the budget lasts, then the steps around them, and shows what was taken scene by scene,
 * each under a heading with its date and episode. A line that no longer fits is left out whole; one that alone is
 * larger than the whole budget is cut at a character.
 */
#include "recall.h"
#include "../text/text.h"

#define MODULE "recall"
#define BYTES_A_TOKEN 4u

static const epi_role *role_of(const epi_schema *schema, const char *name) {
    for (size_t i = 0; i < schema->role_count; i++)
        if (strcmp(schema->roles[i].name, name) == 0) return &schema->roles[i];
    return NULL;
}

/* "who: what (caption: ...)": the first keyword says who, the first searched part stands by itself, later ones with
 * their role. */
static void append_step(epi__buffer *out, const epi__step *step, const epi_schema *schema) {
    bool who = false, what = false;
    for (size_t i = 0; i < step->view.part_count; i++) {
        const epi_recalled_part *part = &step->parts[i];
        const epi_role *role = role_of(schema, part->role);
        if (!role || part->size == 0 || part->provenance == EPI_INFERRED) continue; /* not said, not quoted */
        if ((role->flags & EPI_ROLE_KEYWORD) && !who && !what) {
            epi__text_append_flat(out, part->data, part->size);
            epi__buffer_append_text(out, ": ");
            who = true;
        } else if ((role->flags & EPI_ROLE_SEARCH)) {
            epi__buffer_append_text(out, what ? " (" : "");
            if (what) epi__buffer_append_format(out, "%s: ", role->name);
            epi__text_append_flat(out, part->data, part->size);
            epi__buffer_append_text(out, what ? ")" : "");
            what = true;
        }
    }
    if (!who && !what) epi__buffer_append_text(out, "(nothing in words)");
}

static void append_date(epi__buffer *out, const epi__step *step) {
    char text[EPI_TIME_TEXT_SIZE];
    epi__buffer_append_text(out, epi_time_text(text, step->view.event.from, step->view.event.utc_offset_min));
}

static epi_status scene_text(epi__scene *scene, epi_recollection *result, const epi_schema *schema, epi__buffer *out) {
    epi__buffer_clear(out);
    for (size_t i = 0; i < scene->view.step_count; i++) {
        if (i > 0) epi__buffer_append_u8(out, '\n');
        append_date(out, &scene->steps[i]);
        epi__buffer_append_text(out, "  ");
        scene->steps[i].line_from = out->size;
        append_step(out, &scene->steps[i], schema);
        scene->steps[i].line_size = out->size - scene->steps[i].line_from;
    }
    scene->view.text = out->failed ? NULL : epi__arena_text(&result->arena, out->data, out->size);
    return scene->view.text ? EPI_OK : epi__fail_memory(MODULE, out->size);
}

/* ---- the context ------------------------------------------------------------------------------------------------ */

struct context {
    epi_recollection *result;
    size_t left; /* bytes of the budget */
    size_t budget;
    size_t cut;    /* the only line is cut to this many bytes; 0: none is */
    bool **chosen; /* by scene and step */
    epi__buffer line;
};

static void append_id(epi__buffer *out, const char *before, uint64_t id) {
    epi__buffer_append_text(out, before);
    epi__buffer_append_decimal(out, id, 1);
    epi__buffer_append_text(out, "]\n");
}

static void heading(epi__buffer *out, const epi__scene *scene) {
    epi__buffer_append_text(out, "## ");
    append_date(out, &scene->steps[0]);
    if (scene->view.title[0]) {
        epi__buffer_append_text(out, ", ");
        epi__text_append_flat(out, scene->view.title, strlen(scene->view.title));
    }
    append_id(out, " [episode ", scene->view.episode);
}

/* A line never begins like a heading, whatever a memory says. */
static void step_line(epi__buffer *out, const epi__scene *scene, const epi__step *step) {
    epi__buffer_append_text(out, "- ");
    epi__buffer_append(out, scene->view.text + step->line_from, step->line_size);
    append_id(out, " [", step->view.id);
}

static bool is_open(const struct context *context, size_t scene) {
    for (size_t i = 0; i < context->result->scenes[scene].view.step_count; i++)
        if (context->chosen[scene][i]) return true;
    return false;
}

/* Takes the step into the context if its line, and its scene's heading if it is the first of it, still fit. */
static void choose(struct context *context, size_t scene, size_t step) {
    const epi__scene *in = &context->result->scenes[scene];
    if (context->chosen[scene][step]) return;
    epi__buffer_clear(&context->line);
    if (!is_open(context, scene)) heading(&context->line, in);
    size_t head = context->line.size;
    step_line(&context->line, in, &in->steps[step]);
    if (context->line.size > context->left) {
        if (context->left != context->budget || head + 16 > context->left) return;
        context->cut = context->left - head;
        context->left = context->line.size;
    }
    context->left -= context->line.size;
    context->chosen[scene][step] = true;
    context->result->context_step_count++;
}

static epi_status choose_all(struct context *context) {
    epi_recollection *result = context->result;
    context->chosen = epi__arena_alloc(&result->arena, result->scene_count + 1, sizeof *context->chosen);
    if (!context->chosen) return epi__fail_memory(MODULE, result->scene_count * sizeof(bool *));
    for (size_t i = 0; i < result->scene_count; i++) {
        context->chosen[i] = epi__arena_alloc(&result->arena, result->scenes[i].view.step_count + 1, sizeof(bool));
        if (!context->chosen[i]) return epi__fail_memory(MODULE, result->scenes[i].view.step_count);
    }
    for (size_t i = 0; i < result->hit_count; i++) choose(context, result->hits[i].scene, result->hits[i].scene_step);
    for (size_t s = 0; s < result->scene_count; s++)
        for (size_t i = 0; i < result->scenes[s].view.step_count; i++) choose(context, s, i);
    return context->line.failed ? epi__fail_memory(MODULE, context->line.size) : EPI_OK;
}

static epi_status write_context(struct context *context, epi__buffer *out) {
    epi_recollection *result = context->result;
    size_t count = 0;
    result->context_steps = epi__arena_alloc(&result->arena, result->context_step_count + 1,
                                             sizeof *result->context_steps);
    if (!result->context_steps)
        return epi__fail_memory(MODULE, result->context_step_count * sizeof *result->context_steps);
    epi__buffer_clear(out);
    for (size_t s = 0; s < result->scene_count; s++) {
        const epi__scene *scene = &result->scenes[s];
        if (is_open(context, s)) heading(out, scene);
        for (size_t i = 0; i < scene->view.step_count; i++) {
            if (!context->chosen[s][i]) continue;
            size_t before = out->size;
            step_line(out, scene, &scene->steps[i]);
            if (context->cut && !out->failed)
                out->size = before + epi__utf8_cut((const char *)out->data + before, out->size - before, context->cut);
            result->context_steps[count++] = scene->steps[i].view.id;
        }
    }
    result->context = out->failed ? NULL : epi__arena_text(&result->arena, out->data, out->size);
    return result->context ? EPI_OK : epi__fail_memory(MODULE, out->size);
}

static epi_status render_nothing(epi_recollection *result) {
    for (size_t i = 0; i < result->scene_count; i++) result->scenes[i].view.text = "";
    return EPI_OK;
}

epi_status epi__render(epi_recollection *result, const epi_schema *schema, uint32_t token_budget) {
    if (token_budget == EPI_NO_TEXT) return render_nothing(result);
    epi__buffer out = {0};
    size_t budget = (size_t)(token_budget ? token_budget : EPI_TOKEN_BUDGET_DEFAULT) * BYTES_A_TOKEN;
    struct context context = {.result = result, .left = budget, .budget = budget};
    epi_status status = EPI_OK;
    for (size_t i = 0; !status && i < result->scene_count; i++)
        status = scene_text(&result->scenes[i], result, schema, &out);
    if (!status) status = choose_all(&context);
    if (!status) status = write_context(&context, &out);
    epi__buffer_dispose(&context.line);
    epi__buffer_dispose(&out);
    return status;
}
