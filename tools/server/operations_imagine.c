/* operations_imagine.c - imagine and plan: how actions may play out, counted from what an agent recorded. */
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "operation_table.h"
#include "render.h"

#define PROPOSE_DEFAULT 5u
#define COURSES_DEFAULT 3u
#define CANDIDATES_MAX 64u

/* Candidates, and the texts of their arguments. */
typedef struct candidates {
    epi_candidate list[CANDIDATES_MAX];
    epi_json_writer *texts[CANDIDATES_MAX];
    size_t count;
    epi_json_writer *situation;
} candidates;

static void candidates_dispose(candidates *c) {
    for (size_t i = 0; i < c->count; i++) epi_json_writer_free(c->texts[i]);
    epi_json_writer_free(c->situation);
}

static epi_status read_candidates(candidates *c, const operation_call *call) {
    const epi_json *each = epi_json_first(epi_json_member(call->arguments, "candidates"));
    for (; each != NULL && c->count < CANDIDATES_MAX; each = epi_json_next(each)) {
        const epi_json *arguments = epi_json_member(each, "arguments");
        size_t i = c->count++;
        c->list[i] = epi_candidate_tool(epi_json_string(epi_json_member(each, "tool"), NULL), NULL);
        if (epi_json_type_of(arguments) != EPI_JSON_OBJECT) continue;
        epi_status status = epi_json_writer_new(&c->texts[i], false);
        if (status != EPI_OK) return status;
        render_value(c->texts[i], NULL, arguments);
        c->list[i].arguments = epi_json_writer_text(NULL, c->texts[i]);
    }
    return EPI_OK;
}

static epi_status read_situation(const char **situation, candidates *c, operation_call *call) {
    *situation = argument_text(call, "situation", NULL);
    return *situation != NULL ? EPI_OK : argument_json(&c->situation, situation, call, "situation");
}

static epi_status imagine(operation_call *call, candidates *c, const epi_imagine_actions_options *options) {
    epi_prospects *prospects = NULL;
    epi_space *space = NULL;
    const char *situation = NULL;
    epi_status status = read_candidates(c, call);
    if (status == EPI_OK) status = read_situation(&situation, c, call);
    if (status == EPI_OK) status = argument_space(&space, call, FOR_WORK, NULL);
    if (status == EPI_OK)
        status = epi_imagine_actions(&prospects, space, argument_text(call, "task", NULL), situation, c->list, c->count,
                                     options);
    if (status != EPI_OK) return status;
    const char *json = epi_prospects_json(prospects);
    render_text(call->result, "space", epi_space_name(space));
    epi_json_put_bool(call->result, "no_precedent",
                      epi_prospects_best(prospects) == NULL && epi_prospects_course_count(prospects) == 0);
    epi_json_put_raw(call->result, "imagined", json, strlen(json));
    epi_prospects_free(prospects);
    return EPI_OK;
}

static epi_status run(operation_call *call, uint32_t propose, uint32_t courses) {
    epi_imagine_actions_options options = epi_imagine_actions_options_default();
    candidates *c = calloc(1, sizeof *c);
    if (c == NULL) return operation_fail(call, EPI_ENOMEM, "out of memory");
    options.propose_count = (uint32_t)argument_integer(call, "propose", propose);
    options.course_count = (uint32_t)argument_integer(call, "courses", courses);
    options.confidence = argument_number(call, "confidence", 0.0);
    epi_status status = imagine(call, c, &options);
    candidates_dispose(c);
    free(c);
    return status;
}

static epi_status run_imagine(operation_call *call) {
    bool named = epi_json_count(epi_json_member(call->arguments, "candidates")) > 0;
    return run(call, named ? 0 : PROPOSE_DEFAULT, 0);
}

static epi_status run_plan(operation_call *call) {
    return run(call, PROPOSE_DEFAULT, COURSES_DEFAULT);
}

#define SCHEMA_ASK                                                                                                     \
    "\"task\":{\"type\":\"string\",\"description\":\"What is to be done.\"},\"situation\":{" SCHEMA_OBJECT_OR_TEXT "," \
    "\"description\":\"What is the case now, in the form that record used.\"},\"confidence\":{\"type\":"               \
    "\"number\",\"minimum\":0.01,\"maximum\":0.999,\"default\":0.8,\"description\":\"Of the intervals.\"},"            \
    "\"propose\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":64,\"description\":\"Recorded tools to add, best "    \
    "first.\"}," SCHEMA_SPACE
#define SCHEMA_TOLD                                                                                                  \
    "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"no_precedent\":{\"type\":\"boolean\","   \
    "\"description\":\"Nothing stored says anything about it.\"},\"imagined\":{\"type\":\"object\",\"properties\":{" \
    "\"imagined\":{\"type\":\"boolean\"},\"prospects\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},"        \
    "\"courses\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}},\"required\":[\"prospects\",\"courses\"]}},"  \
    "\"required\":[\"space\",\"no_precedent\",\"imagined\"]}"

const operation operation_imagine = {
    .name = "imagine",
    .title = "Imagine",
    .description = "Before acting: tells for each candidate tool how often it was tried in situations like this, how "
                   "often it succeeded (with an interval), what typically came back, what it cost, the nearest success "
                   "and the nearest failure, each with the steps it was counted from; or that there is no precedent.",
    .input_schema = "{\"type\":\"object\",\"properties\":{" SCHEMA_ASK
                    ",\"candidates\":{\"type\":\"array\",\"maxItems\":"
                    "64,\"items\":{\"type\":\"object\",\"properties\":{\"tool\":{\"type\":\"string\",\"minLength\":1},"
                    "\"arguments\":{\"type\":\"object\"}},\"required\":[\"tool\"],\"additionalProperties\":false},"
                    "\"description\":\"Left out: the best recorded ones are proposed.\"}},"
                    "\"additionalProperties\":false}",
    .output_schema = SCHEMA_TOLD,
    .hints = OPERATION_TOOL | OPERATION_READS,
    .run = run_imagine,
};

const operation operation_plan = {
    .name = "plan",
    .title = "Plan",
    .description = "Proposes what to do: the recorded tools that fit the situation best, and courses of two, where the "
                   "first brings about a situation in which the second succeeds, also where no recorded run has both. "
                   "Every number names its sources.",
    .input_schema = "{\"type\":\"object\",\"properties\":{" SCHEMA_ASK
                    ",\"courses\":{\"type\":\"integer\",\"minimum\":0,"
                    "\"maximum\":64,\"default\":3}},\"additionalProperties\":false}",
    .output_schema = SCHEMA_TOLD,
    .hints = OPERATION_TOOL | OPERATION_READS,
    .run = run_plan,
};
