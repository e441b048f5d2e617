/* operations_find.c - lookup, nearest, vector, times, context: single parts of what recall does, for programs. */
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "operation_table.h"
#include "render.h"

#define ID "{\"type\":\"integer\",\"minimum\":1}"

/* ---- by an id of one's own --------------------------------------------------------------------------------------- */

static epi_status run_lookup(operation_call *call) {
    epi_space *space = NULL;
    uint64_t step = 0;
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status == EPI_OK) status = epi_step_find(&step, space, argument_text(call, "id", NULL));
    if (status != EPI_OK) return status;
    render_text(call->result, "space", epi_space_name(space));
    render_id(call->result, "step", step);
    return EPI_OK;
}

const operation operation_lookup = {
    .name = "lookup",
    .title = "Find a step by an id of one's own",
    .description = "Tells the step that was stored with an id of the caller's.",
    .input_schema = "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\",\"minLength\":1}," SCHEMA_SPACE
                    "},\"required\":[\"id\"],\"additionalProperties\":false}",
    .output_schema = "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"step\":" ID
                     "},\"required\":[\"space\",\"step\"]}",
    .hints = OPERATION_READS,
    .run = run_lookup,
};

/* ---- vectors ----------------------------------------------------------------------------------------------------- */

#define NEAREST_DEFAULT 10u

/* The vector that is asked with: numbers, or that of a step. */
static epi_status read_vector(float *vector, size_t *size, operation_call *call, epi_space *space) {
    uint64_t step = argument_integer(call, "step", 0);
    const epi_json *numbers = epi_json_member(call->arguments, "vector");
    *size = 0;
    if ((step > 0) == (epi_json_type_of(numbers) == EPI_JSON_ARRAY)) {
        call->refused = true;
        return operation_fail(call, EPI_EINVAL, "near what? give either a vector or a step");
    }
    if (step > 0) return epi_step_vector(vector, size, space, step);
    for (const epi_json *each = epi_json_first(numbers); each != NULL && *size < EPI_DIMENSION_MAX;
         each = epi_json_next(each)) {
        double number = 0.0;
        epi_json_number(&number, each);
        vector[(*size)++] = (float)number;
    }
    return EPI_OK;
}

static void put_near(operation_call *call, epi_space *space, const uint64_t *ids, const float *scores, size_t count) {
    epi_json_begin_array(call->result, "steps");
    for (size_t i = 0; i < count; i++) {
        epi_json_begin_object(call->result, NULL);
        render_id(call->result, "step", ids[i]);
        epi_json_put_number(call->result, "similarity", (double)scores[i]);
        epi_json_end(call->result);
    }
    epi_json_end(call->result);
    render_text(call->result, "space", epi_space_name(space));
}

static epi_status run_nearest(operation_call *call) {
    uint64_t ids[100];
    float scores[100];
    size_t size = 0, count = 0, limit = (size_t)argument_integer(call, "limit", NEAREST_DEFAULT);
    float *vector = malloc(EPI_DIMENSION_MAX * sizeof *vector);
    epi_space *space = NULL;
    epi_status status = vector != NULL ? argument_space(&space, call, FOR_TALK, NULL) : EPI_ENOMEM;
    if (status == EPI_OK) status = read_vector(vector, &size, call, space);
    if (status == EPI_OK && size == 0) status = operation_fail(call, EPI_ENOTFOUND, "the step has no vector");
    if (status == EPI_OK) status = epi_nearest(&count, ids, scores, space, vector, size, limit, 0);
    free(vector);
    if (status == EPI_OK) put_near(call, space, ids, scores, count);
    return status;
}

const operation operation_nearest = {
    .name = "nearest",
    .title = "Nearest steps",
    .description = "Finds the steps whose vectors are nearest to a vector, or to that of a step (itself included): the "
                   "bare search, by cosine or minus the squared distance.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{\"vector\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":16384,"
        "\"items\":{\"type\":\"number\"}},\"step\":" ID ",\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":"
        "100,\"default\":10}," SCHEMA_SPACE "},\"additionalProperties\":false}",
    .output_schema =
        "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"steps\":{\"type\":\"array\",\"items\":{"
        "\"type\":\"object\",\"properties\":{\"step\":" ID ",\"similarity\":{\"type\":\"number\"}},\"required\":["
        "\"step\",\"similarity\"]}}},\"required\":[\"space\",\"steps\"]}",
    .hints = OPERATION_READS,
    .run = run_nearest,
};

static epi_status run_vector(operation_call *call) {
    size_t size = 0;
    epi_space *space = NULL;
    float *vector = malloc(EPI_DIMENSION_MAX * sizeof *vector);
    epi_status status = vector != NULL ? argument_space(&space, call, FOR_TALK, NULL) : EPI_ENOMEM;
    if (status == EPI_OK) status = epi_step_vector(vector, &size, space, argument_integer(call, "step", 0));
    if (status == EPI_OK) {
        render_text(call->result, "space", epi_space_name(space));
        epi_json_begin_array(call->result, "vector");
        for (size_t i = 0; i < size; i++) epi_json_put_number(call->result, NULL, (double)vector[i]);
        epi_json_end(call->result);
    }
    free(vector);
    return status;
}

const operation operation_vector = {
    .name = "vector",
    .title = "Vector of a step",
    .description = "Reads the vector that is stored for a step; empty where it has none.",
    .input_schema = "{\"type\":\"object\",\"properties\":{\"step\":" ID "," SCHEMA_SPACE
                    "},\"required\":[\"step\"],\"additionalProperties\":false}",
    .output_schema = "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"vector\":{\"type\":"
                     "\"array\",\"items\":{\"type\":\"number\"}}},\"required\":[\"space\",\"vector\"]}",
    .hints = OPERATION_READS,
    .run = run_vector,
};

/* ---- times ------------------------------------------------------------------------------------------------------- */

static epi_status run_times(operation_call *call) {
    epi_time_mention mentions[EPI_TIME_MENTION_COUNT_MAX];
    epi_interval said = {.from = epi_time_now()};
    size_t size = 0, count = 0;
    bool given = false;
    const char *text = argument_text(call, "text", &size);
    epi_status status = argument_interval(&said, &given, call, "time");
    if (status == EPI_OK)
        status = epi_time_find(mentions, &count, EPI_TIME_MENTION_COUNT_MAX, text, size, said.from,
                               said.utc_offset_min);
    if (status != EPI_OK) return status;
    epi_json_begin_array(call->result, "times");
    for (size_t i = 0; i < count; i++) {
        const epi_time_mention *m = &mentions[i];
        epi_json_begin_object(call->result, NULL);
        epi_json_put_string(call->result, "words", text + m->from, m->to - m->from);
        epi_json_put_unsigned(call->result, "text_from", m->from);
        epi_json_put_unsigned(call->result, "text_to", m->to);
        render_time(call->result, "from", m->interval.from, m->interval.utc_offset_min);
        render_time(call->result, "to", m->interval.to, m->interval.utc_offset_min);
        epi_json_end(call->result);
    }
    epi_json_end(call->result);
    return EPI_OK;
}

const operation operation_times = {
    .name = "times",
    .title = "Times in a text",
    .description =
        "Finds the expressions of time in an English text (\"last Friday\", \"in 2022\") and what they mean, "
        "without storing it.",
    .input_schema = "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\",\"minLength\":1},\"time\":"
                    "{\"type\":\"string\",\"description\":\"When it was said, ISO 8601; left out: now.\"}},"
                    "\"required\":[\"text\"],\"additionalProperties\":false}",
    .output_schema =
        "{\"type\":\"object\",\"properties\":{\"times\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
        "\"properties\":{\"words\":{\"type\":\"string\"},\"text_from\":{\"type\":\"integer\"},\"text_to\":{\"type\":"
        "\"integer\"},\"from\":{\"type\":\"string\"},\"to\":{\"type\":\"string\"}},\"required\":[\"words\",\"from\","
        "\"to\"]}}},\"required\":[\"times\"]}",
    .hints = OPERATION_READS,
    .run = run_times,
};

/* ---- context ----------------------------------------------------------------------------------------------------- */

#define CONTEXT_BUDGET 2000u

static void put_context(operation_call *call, const epi_recollection *found) {
    size_t count = 0;
    const uint64_t *steps = epi_recollection_context_steps(&count, found);
    render_text(call->result, "context", epi_recollection_context(found));
    epi_json_begin_array(call->result, "steps");
    for (size_t i = 0; i < count; i++) epi_json_put_unsigned(call->result, NULL, steps[i]);
    epi_json_end(call->result);
}

static epi_status run_context(operation_call *call) {
    argument_filter_room filter;
    epi_space *space = NULL;
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    epi_status status = argument_filter(&filter, call);
    if (status == EPI_OK) status = argument_space(&space, call, FOR_TALK, NULL);
    if (status != EPI_OK) return status;
    cue.text = argument_text(call, "text", NULL);
    cue.filter = filter.filter;
    cue.now = epi_time_now();
    options.token_budget = (uint32_t)argument_integer(call, "budget", CONTEXT_BUDGET);
    status = epi_recall(&found, space, &cue, &options);
    if (status != EPI_OK) return status;
    render_text(call->result, "space", epi_space_name(space));
    put_context(call, found);
    epi_recollection_free(found);
    return EPI_OK;
}

const operation operation_context = {
    .name = "context",
    .title = "Context for a prompt",
    .description =
        "What fits a cue as one text for a prompt, within a budget: a line for each step, with its date, who "
        "said it, and its ids. It quotes what was stored: put it where a model takes it as data.",
    .input_schema = "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\",\"minLength\":1},\"budget\":{"
                    "\"type\":\"integer\",\"minimum\":16,\"maximum\":200000,\"default\":2000,\"description\":"
                    "\"Tokens.\"}," SCHEMA_FILTER ",\"as_of\":" SCHEMA_TIME ",\"valid_at\":" SCHEMA_TIME
                    ",\"superseded\":{\"type\":\"boolean\"}," SCHEMA_SPACE
                    "},\"required\":[\"text\"],\"additionalProperties\":false}",
    .output_schema =
        "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"context\":{\"type\":\"string\"},"
        "\"steps\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}},\"required\":[\"space\",\"context\","
        "\"steps\"]}",
    .hints = OPERATION_READS,
    .run = run_context,
};
