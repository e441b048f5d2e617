/* operations_replay.c - transitions_create, replay_open, replay_close, replay_view: what is around batches of replay.
 * The batches themselves go in blocks of columns (http_replay.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "columns_form.h"
#include "operation_table.h"
#include "render.h"
#include "sampler_shelf.h"

#define DTYPES "[\"f32\",\"f64\",\"i8\",\"i16\",\"i32\",\"i64\",\"u8\",\"u16\",\"u32\",\"u64\",\"bool\"]"
#define SHAPE "\"type\":\"array\",\"maxItems\":8,\"items\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1048576}"
#define FORM "\"dtype\":{\"type\":\"string\",\"enum\":" DTYPES "},\"shape\":{" SHAPE "}"

/* ---- transitions_create ------------------------------------------------------------------------------------------ */

static epi_role read_role(const char *name, const epi_json *form) {
    uint32_t shape[EPI_RANK_MAX] = {0};
    uint32_t rank = 0;
    const char *dtype = epi_json_string(epi_json_member(form, "dtype"), NULL);
    for (const epi_json *axis = epi_json_first(epi_json_member(form, "shape")); axis && rank < EPI_RANK_MAX;
         axis = epi_json_next(axis)) {
        int64_t length = 0;
        epi_json_integer(&length, axis);
        shape[rank++] = (uint32_t)length;
    }
    return epi_role_tensor(name, dtype != NULL ? column_dtype_of(dtype) : EPI_F32, rank, shape);
}

static epi_status run_transitions_create(operation_call *call) {
    epi_schema schema;
    epi_role roles[EPI_PART_COUNT_MAX];
    epi_space *space = NULL;
    const char *name = argument_text(call, "space", NULL);
    epi_status status = epi_schema_transitions(&schema, roles, 1, EPI_F32, 0);
    if (status != EPI_OK) return status;
    for (size_t i = 0; i < EPI_TRANSITION_ROLE_COUNT; i++) {
        const epi_json *form = epi_json_member(call->arguments, roles[i].name);
        bool given = epi_json_type_of(form) == EPI_JSON_OBJECT;
        if (!given) continue;
        uint32_t flags = roles[i].flags;
        roles[i] = read_role(roles[i].name, form);
        roles[i].flags = flags;
    }
    for (const epi_json *c = epi_json_first(epi_json_member(call->arguments, "columns")); c; c = epi_json_next(c)) {
        if (schema.role_count == EPI_PART_COUNT_MAX) return operation_fail(call, EPI_ELIMIT, "too many columns");
        roles[schema.role_count++] = read_role(epi_json_string(epi_json_member(c, "name"), NULL), c);
    }
    status = service_space(&space, call->service, FOR_TALK, name, &schema);
    if (status != EPI_OK) return status;
    render_text(call->result, "space", name);
    /* One that was there is compared with what was asked for. */
    epi_space *same = NULL;
    status = epi_space_open(&same, service_memory(call->service), name, &schema);
    epi_space_close(same);
    return status;
}

const operation operation_transitions_create = {
    .name = "transitions_create",
    .title = "Create a space of transitions",
    .description = "Makes a space for what a reinforcement learner records, in columns: observation, action, reward, "
                   "terminated, truncated, and columns of its own. One that is there with the same columns is fine.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\",\"minLength\":1},\"observation\":{"
        "\"type\":"
        "\"object\",\"properties\":{" FORM "},\"required\":[\"shape\"],\"additionalProperties\":false},\"action\":{"
        "\"type\":\"object\",\"properties\":{" FORM "},\"required\":[\"dtype\"],\"additionalProperties\":false},"
        "\"columns\":{\"type\":\"array\",\"maxItems\":50,\"items\":{\"type\":\"object\",\"properties\":{\"name\":{"
        "\"type\":\"string\",\"minLength\":1}," FORM "},\"required\":[\"name\",\"dtype\"],\"additionalProperties\":"
        "false}}},\"required\":[\"space\",\"observation\",\"action\"],\"additionalProperties\":false}",
    .output_schema = "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"}},\"required\":[\"space\"]}",
    .hints = OPERATION_IDEMPOTENT,
    .run = run_transitions_create,
};

/* ---- replay_open, replay_close ----------------------------------------------------------------------------------- */

static const char *const samplers[] = {"", "uniform", "proportional", "rank", "fifo", "lifo", "max-heap"};

static const char *const goals_from[] = {"", "future", "final", "episode"};

/* Which of a list of words it is, from 1 on; `left_out` where it is none of them. */
static int read_word(const char *const *words, size_t count, const char *word, int left_out) {
    for (size_t i = 1; word != NULL && i < count; i++) {
        if (strcmp(words[i], word) == 0) return (int)i;
    }
    return left_out;
}
#define WORD(words, word, left_out) read_word(words, sizeof words / sizeof words[0], word, left_out)

static epi_replay_options read_options(const operation_call *call) {
    epi_replay_options options = epi_replay_options_default();
    options.sampler = (epi_sampler)WORD(samplers, argument_text(call, "sampler", NULL), EPI_SAMPLER_PROPORTIONAL);
    options.name = argument_text(call, "name", NULL);
    options.alpha = argument_number(call, "alpha", options.alpha);
    options.seed = argument_integer(call, "seed", options.seed);
    options.stratified = argument_bool(call, "stratified");
    options.without_replacement = argument_bool(call, "without_replacement");
    options.n_step = (uint32_t)argument_integer(call, "n_step", 1);
    options.discount = argument_number(call, "discount", options.discount);
    options.initial_priority = argument_number(call, "initial_priority", options.initial_priority);
    options.weight_norm = argument_bool(call, "weights_by_batch") ? EPI_WEIGHTS_BY_BATCH : EPI_WEIGHTS_BY_BUFFER;
    options.frame_stack = (uint32_t)argument_integer(call, "frame_stack", 0);
    options.pad_with_zeros = argument_bool(call, "pad_with_zeros");
    options.sequence_length = (uint32_t)argument_integer(call, "sequence_length", 0);
    options.sequence_overlap = (uint32_t)argument_integer(call, "sequence_overlap", 0);
    options.burn_in = (uint32_t)argument_integer(call, "burn_in", 0);
    options.min_steps = argument_integer(call, "min_steps", 0);
    options.max_times_sampled = (uint32_t)argument_integer(call, "max_times_sampled", 0);
    options.samples_per_insert = argument_number(call, "samples_per_insert", 0.0);
    options.samples_ahead = argument_number(call, "samples_ahead", 0.0);
    options.timeout_ms = (uint32_t)argument_integer(call, "timeout_ms", 0);
    return options;
}

static double number_of(const epi_json *object, const char *name, double left_out) {
    double number;
    return epi_json_number(&number, epi_json_member(object, name)) ? number : left_out;
}

/* Hindsight. Whether the goal's roles are there and fit each other, the library says. */
static sampler_goal read_goal(epi_replay_options *options, const operation_call *call, const epi_space *space) {
    const epi_json *given = epi_json_member(call->arguments, "goal");
    const epi_schema *schema = epi_space_schema(space);
    sampler_goal goal = {.within = number_of(given, "within", 0.05),
                         .reached = number_of(given, "reached", 0.0),
                         .missed = number_of(given, "missed", -1.0),
                         .dense = epi_json_true(epi_json_member(given, "dense")),
                         .ends = epi_json_true(epi_json_member(given, "ends"))};
    if (epi_json_type_of(given) != EPI_JSON_OBJECT) return goal;
    options->her_achieved = epi_json_string(epi_json_member(given, "achieved"), NULL);
    options->her_desired = epi_json_string(epi_json_member(given, "desired"), NULL);
    options->her = (epi_her)WORD(goals_from, epi_json_string(epi_json_member(given, "from"), NULL), EPI_HER_FUTURE);
    options->her_k = number_of(given, "k", options->her_k);
    for (size_t i = 0; i < schema->role_count; i++) {
        const epi_role *role = &schema->roles[i];
        if (strcmp(role->name, options->her_achieved) != 0) continue;
        goal.dtype = role->dtype;
        goal.count = 1;
        for (uint32_t axis = 0; axis < role->rank; axis++) goal.count *= role->shape[axis];
    }
    return goal;
}

static epi_status run_replay_open(operation_call *call) {
    epi_space *space = NULL;
    uint64_t number = 0;
    const char *states[ARGUMENT_LIST_MAX];
    epi_replay_options options = read_options(call);
    options.state_count = argument_texts(states, call, "states");
    options.states = states;
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status != EPI_OK) return status;
    sampler_goal goal = read_goal(&options, call, space);
    status = sampler_open(&number, space, &options, &goal);
    if (status == EPI_EBUSY) return operation_fail(call, status, "all %u samplers are in use", SAMPLERS_MAX);
    if (status != EPI_OK) return status;
    render_text(call->result, "space", epi_space_name(space));
    epi_json_put_unsigned(call->result, "replay", number);
    return EPI_OK;
}

const operation operation_replay_open = {
    .name = "replay_open",
    .title = "Open a sampler",
    .description =
        "Opens a sampler over a space of transitions, for /v1/replay/sample and /v1/replay/update. Of 64 that "
        "are open the one that was used least lately makes room for another; who then finds its number gone "
        "opens it again. With a name, priorities are shared and kept. Columns that states names come for a sequence's "
        "first step only. With a goal (hindsight) k of k + 1 rows get as their goal what a step of their episode "
        "achieved; their reward is reached, within that Euclidean distance of it, else missed, less the distance "
        "where dense; with ends a step that reaches it terminates.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{" SCHEMA_SPACE ",\"sampler\":{\"type\":\"string\",\"enum\":[\"uniform\","
        "\"proportional\",\"rank\",\"fifo\",\"lifo\",\"max-heap\"],\"default\":\"proportional\"},\"name\":{\"type\":"
        "\"string\",\"minLength\":1},\"alpha\":{\"type\":\"number\",\"minimum\":0,\"maximum\":16},\"seed\":{\"type\":"
        "\"integer\",\"minimum\":0},\"stratified\":{\"type\":\"boolean\"},\"without_replacement\":{\"type\":"
        "\"boolean\"},"
        "\"n_step\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1024},\"discount\":{\"type\":\"number\","
        "\"minimum\":0,"
        "\"maximum\":1},\"frame_stack\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":256},\"sequence_length\":{"
        "\"type\":\"integer\",\"minimum\":0,\"maximum\":1048576},\"sequence_overlap\":{\"type\":\"integer\","
        "\"minimum\":0,"
        "\"maximum\":1048576},\"burn_in\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":1048576},\"min_steps\":{"
        "\"type\":\"integer\",\"minimum\":0},\"max_times_sampled\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":"
        "4294967295},\"timeout_ms\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":10000},\"initial_priority\":{"
        "\"type\":\"number\",\"minimum\":0},\"weights_by_batch\":{\"type\":\"boolean\"},\"pad_with_zeros\":{\"type\":"
        "\"boolean\"},\"samples_per_insert\":{\"type\":\"number\",\"minimum\":0},\"samples_ahead\":{\"type\":"
        "\"number\","
        "\"minimum\":0},\"states\":{\"type\":\"array\",\"maxItems\":8,\"items\":{\"type\":\"string\",\"minLength\":1}},"
        "\"goal\":{\"type\":\"object\",\"properties\":{\"achieved\":{\"type\":\"string\",\"minLength\":1,"
        "\"description\":"
        "\"The column of what a step "
        "achieved.\"},\"desired\":{\"type\":\"string\",\"minLength\":1,\"description\":\"The "
        "column of its goal, of the same form.\"},\"from\":{\"type\":\"string\",\"enum\":[\"future\",\"final\","
        "\"episode\"],\"default\":\"future\"},\"k\":{\"type\":\"number\",\"minimum\":0,\"default\":4},\"within\":{"
        "\"type\":\"number\",\"minimum\":0,\"default\":0.05},\"reached\":{\"type\":\"number\",\"default\":0},"
        "\"missed\":{"
        "\"type\":\"number\",\"default\":-1},\"dense\":{\"type\":\"boolean\"},\"ends\":{\"type\":\"boolean\"}},"
        "\"required\":[\"achieved\",\"desired\"],\"additionalProperties\":false}},\"additionalProperties\":false}",
    .output_schema = "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"replay\":{\"type\":"
                     "\"integer\"}},\"required\":[\"space\",\"replay\"]}",
    .run = run_replay_open,
};

static epi_status run_replay_close(operation_call *call) {
    epi_status status = EPI_OK;
    uint64_t number = argument_integer(call, "replay", 0);
    if (!sampler_close(&status, number)) return operation_fail(call, EPI_ENOTFOUND, "no such sampler, or it is in use");
    epi_json_put_unsigned(call->result, "closed", number);
    return status;
}

const operation operation_replay_close = {
    .name = "replay_close",
    .title = "Close a sampler",
    .description = "Stores the priorities of a sampler that has a name, and closes it.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{\"replay\":{\"type\":\"integer\",\"minimum\":1}},\"required\":["
        "\"replay\"],\"additionalProperties\":false}",
    .output_schema =
        "{\"type\":\"object\",\"properties\":{\"closed\":{\"type\":\"integer\"}},\"required\":[\"closed\"]}",
    .run = run_replay_close,
};
