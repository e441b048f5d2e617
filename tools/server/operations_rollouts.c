/* operations_rollouts.c - rollouts: imagines over a space of transitions, and tells the result as a tree, for the page.
 *
 * A node is a piece: a run of one stored episode. Rollouts that begin with the same pieces share their nodes, so the
 * tree shows where they part.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "operation_table.h"
#include "render.h"

#define ROLLOUTS_DEFAULT 4u
#define STEPS_SHOWN 200u  /* of a rollout, evenly spaced */
#define NUMBERS_SHOWN 16u /* of an observation or action */
#define NODES_MAX 4096u
#define TIME_MS_DEFAULT 2000u

/* ---- what is asked ----------------------------------------------------------------------------------------------- */

/* A row of numbers out of the arguments; NULL: left out, or not that many (told in the call). */
static float *read_row(epi_status *status, size_t *count, operation_call *call, const char *name) {
    const epi_json *list = epi_json_member(call->arguments, name);
    *count = epi_json_count(list);
    *status = EPI_OK;
    if (*count == 0) return NULL;
    float *row = calloc(*count, sizeof *row);
    size_t i = 0;
    if (row == NULL) *status = EPI_ENOMEM;
    for (const epi_json *each = epi_json_first(list); row != NULL && each != NULL; each = epi_json_next(each)) {
        double value = 0.0;
        epi_json_number(&value, each);
        row[i++] = (float)value;
    }
    return row;
}

static epi_imagine_options read_options(const operation_call *call) {
    epi_imagine_options options = epi_imagine_options_default();
    options.k = (uint32_t)argument_integer(call, "count", ROLLOUTS_DEFAULT);
    options.steps_max = (uint32_t)argument_integer(call, "steps_max", 0);
    options.time_ms = (uint32_t)argument_integer(call, "time_ms", TIME_MS_DEFAULT);
    options.seed = argument_integer(call, "seed", 0);
    options.discount = argument_number(call, "discount", options.discount);
    return options;
}

static epi_status imagine(epi_rollouts **found, operation_call *call, epi_space *space) {
    epi_situation start = epi_situation_default();
    epi_goal goal = epi_goal_default();
    epi_imagine_options options = read_options(call);
    size_t here_count = 0, there_count = 0;
    epi_status status, second;
    float *here = read_row(&status, &here_count, call, "observation");
    float *there = read_row(&second, &there_count, call, "goal");
    if (status == EPI_OK) status = second;
    start.observation = epi_tensor_f32(here, here_count);
    start.step = argument_integer(call, "step", 0);
    goal.observation = epi_tensor_f32(there, there_count);
    goal.tolerance = argument_number(call, "tolerance", 0.0);
    if (status == EPI_OK && here == NULL && start.step == 0) {
        call->refused = true;
        status = operation_fail(call, EPI_EINVAL, "give an observation or a step to start from");
    }
    if (status == EPI_OK) status = epi_imagine(found, space, &start, there != NULL ? &goal : NULL, &options);
    free(here);
    free(there);
    return status;
}

/* ---- the tree ---------------------------------------------------------------------------------------------------- */

typedef struct node {
    size_t parent; /* NODES_MAX: none */
    uint64_t first_step;
    size_t count;
} node;

typedef struct tree {
    node nodes[NODES_MAX];
    size_t count;
} tree;

/* The node for a piece below its parent; *made when there was none. NODES_MAX: the tree is full. */
static size_t find_node(bool *made, tree *t, size_t parent, const epi_piece *piece) {
    *made = false;
    for (size_t i = 0; i < t->count; i++) {
        const node *n = &t->nodes[i];
        if (n->parent == parent && n->first_step == piece->first_step && n->count == piece->count) return i;
    }
    if (t->count == NODES_MAX) return NODES_MAX;
    *made = true;
    t->nodes[t->count] = (node){parent, piece->first_step, piece->count};
    return t->count++;
}

static void put_join(epi_json_writer *writer, const epi_join *join) {
    epi_json_begin_object(writer, "join");
    render_id(writer, "from_step", join->from_step);
    epi_json_put_unsigned(writer, "to_step", join->to_step);
    epi_json_put_number(writer, "distance", join->distance);
    epi_json_put_number(writer, "agreement", join->agreement);
    epi_json_put_number(writer, "passage", join->passage);
    epi_json_put_number(writer, "context", join->context);
    epi_json_put_unsigned(writer, "support", join->support);
    epi_json_put_unsigned(writer, "confirmed", join->confirmed);
    epi_json_put_unsigned(writer, "refuted", join->refuted);
    epi_json_put_number(writer, "plausibility", join->plausibility);
    epi_json_end(writer);
}

static void put_node(epi_json_writer *writer, const tree *t, size_t place, const epi_rollout *rollout,
                     const epi_piece *piece) {
    double reward = 0.0;
    for (size_t i = 0; i < piece->count; i++) reward += epi_rollout_step(rollout, piece->index + i)->reward;
    epi_json_begin_object(writer, NULL);
    epi_json_put_unsigned(writer, "node", place);
    if (t->nodes[place].parent < NODES_MAX) epi_json_put_unsigned(writer, "parent", t->nodes[place].parent);
    epi_json_put_unsigned(writer, "episode", piece->episode);
    epi_json_put_unsigned(writer, "first_step", piece->first_step);
    epi_json_put_unsigned(writer, "steps", piece->count);
    epi_json_put_number(writer, "reward", reward);
    if (piece->join != NULL) put_join(writer, piece->join);
    epi_json_end(writer);
}

/* Writes the nodes that a rollout adds, and notes the place of its last one. */
static size_t put_nodes(epi_json_writer *writer, tree *t, const epi_rollout *rollout) {
    size_t at = NODES_MAX;
    for (size_t i = 0; i < rollout->piece_count; i++) {
        const epi_piece *piece = epi_rollout_piece(rollout, i);
        bool made = false;
        size_t place = find_node(&made, t, at, piece);
        if (place == NODES_MAX) break;
        if (made) put_node(writer, t, place, rollout, piece);
        at = place;
    }
    return at;
}

/* ---- rollouts ---------------------------------------------------------------------------------------------------- */

static const char *name_of(epi_stop_reason reason) {
    static const char *const names[] = {"",         "goal",        "steps",      "terminated",
                                        "dead end", "unreachable", "expansions", "time"};
    return (size_t)reason < sizeof names / sizeof names[0] ? names[reason] : "";
}

static void put_numbers(epi_json_writer *writer, const char *name, const float *row, size_t count) {
    epi_json_begin_array(writer, name);
    for (size_t i = 0; i < count && i < NUMBERS_SHOWN; i++) epi_json_put_number(writer, NULL, (double)row[i]);
    epi_json_end(writer);
}

static void put_step(epi_json_writer *writer, const epi_imagined_step *step, size_t index, size_t size) {
    epi_json_begin_object(writer, NULL);
    epi_json_put_unsigned(writer, "index", index);
    epi_json_put_unsigned(writer, "step", step->step);
    epi_json_put_unsigned(writer, "episode", step->episode);
    put_numbers(writer, "observation", step->observation, size);
    put_numbers(writer, "expected", step->expected, size);
    epi_json_put_number(writer, "reward", step->reward);
    if (step->join != NULL) epi_json_put_bool(writer, "joined", true);
    epi_json_end(writer);
}

static void put_rollout(epi_json_writer *writer, const epi_rollout *rollout, size_t leaf, size_t size) {
    epi_json_begin_object(writer, NULL);
    if (leaf < NODES_MAX) epi_json_put_unsigned(writer, "leaf", leaf);
    epi_json_put_number(writer, "return_mean", rollout->return_mean);
    epi_json_put_number(writer, "return_spread", rollout->return_spread);
    epi_json_put_number(writer, "return_low", rollout->return_low);
    epi_json_put_number(writer, "plausibility", rollout->plausibility);
    epi_json_put_number(writer, "novelty", rollout->novelty);
    epi_json_put_unsigned(writer, "steps", rollout->step_count);
    epi_json_put_unsigned(writer, "joins", rollout->join_count);
    render_text(writer, "stop", name_of(rollout->stop_reason));
    put_numbers(writer, "end", rollout->end, size);
    epi_json_begin_array(writer, "path");
    size_t shown = rollout->step_count < STEPS_SHOWN ? rollout->step_count : STEPS_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        size_t index = shown > 1 ? i * (rollout->step_count - 1) / (shown - 1) : 0;
        put_step(writer, epi_rollout_step(rollout, index), index, size);
    }
    epi_json_end(writer);
    epi_json_end(writer);
}

static size_t observation_size(const epi_space *space) {
    const epi_schema *schema = epi_space_schema(space);
    for (size_t i = 0; i < schema->role_count; i++) {
        const epi_role *role = &schema->roles[i];
        size_t size = 1;
        if (strcmp(role->name, EPI_OBSERVATION) != 0) continue;
        for (uint32_t axis = 0; axis < role->rank; axis++) size *= role->shape[axis];
        return size;
    }
    return 0;
}

static epi_status put_all(epi_json_writer *writer, const epi_rollouts *found, size_t size) {
    size_t count = epi_rollouts_count(found);
    size_t leaves[EPI_ROLLOUT_COUNT_MAX];
    tree *t = calloc(1, sizeof *t);
    if (t == NULL) return EPI_ENOMEM;
    epi_json_begin_array(writer, "nodes");
    for (size_t i = 0; i < count; i++) leaves[i] = put_nodes(writer, t, epi_rollouts_get(found, i));
    epi_json_end(writer);
    epi_json_begin_array(writer, "rollouts");
    for (size_t i = 0; i < count; i++) put_rollout(writer, epi_rollouts_get(found, i), leaves[i], size);
    epi_json_end(writer);
    free(t);
    return EPI_OK;
}

static epi_status run_rollouts(operation_call *call) {
    epi_space *space = NULL;
    epi_rollouts *found = NULL;
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status == EPI_OK) status = imagine(&found, call, space);
    if (status != EPI_OK) return status;
    render_text(call->result, "space", epi_space_name(space));
    render_text(call->result, "stop", name_of(epi_rollouts_stop_reason(found)));
    epi_json_put_unsigned(call->result, "expansions", epi_rollouts_expansions(found));
    epi_json_put_number(call->result, "seconds", epi_rollouts_seconds(found));
    status = put_all(call->result, found, observation_size(space));
    epi_rollouts_free(found);
    return status;
}

const operation operation_rollouts = {
    .name = "rollouts",
    .title = "Rollouts",
    .description =
        "Imagines over a space of transitions: pieces of stored episodes joined to ways that were never taken "
        "as a whole, from an observation or a step, to a goal or for the greatest return. Each node of the "
        "tree is a piece; rollouts that begin alike share nodes.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{" SCHEMA_SPACE ",\"observation\":{\"type\":\"array\",\"maxItems\":16384,"
        "\"items\":{\"type\":\"number\"}},\"step\":{\"type\":\"integer\",\"minimum\":1},\"goal\":{\"type\":\"array\","
        "\"maxItems\":16384,\"items\":{\"type\":\"number\"}},\"tolerance\":{\"type\":\"number\",\"minimum\":0},"
        "\"count\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":64,\"default\":4},\"steps_max\":{\"type\":"
        "\"integer\","
        "\"minimum\":1,\"maximum\":100000},\"time_ms\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":20000,"
        "\"default\":2000},\"seed\":{\"type\":\"integer\",\"minimum\":0},\"discount\":{\"type\":\"number\",\"minimum\":"
        "0,"
        "\"maximum\":1}},\"additionalProperties\":false}",
    .output_schema =
        "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"stop\":{\"type\":\"string\"},"
        "\"nodes\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"node\":{\"type\":\"integer\"},"
        "\"parent\":{\"type\":\"integer\"},\"episode\":{\"type\":\"integer\"},\"first_step\":{\"type\":\"integer\"},"
        "\"steps\":{\"type\":\"integer\"},\"reward\":{\"type\":\"number\"},\"join\":{\"type\":\"object\"}},"
        "\"required\":"
        "[\"node\",\"episode\",\"first_step\",\"steps\"]}},\"rollouts\":{\"type\":\"array\",\"items\":{\"type\":"
        "\"object\",\"properties\":{\"leaf\":{\"type\":\"integer\"},\"return_mean\":{\"type\":\"number\"},"
        "\"plausibility\":{\"type\":\"number\"},\"novelty\":{\"type\":\"number\"},\"path\":{\"type\":\"array\"}},"
        "\"required\":[\"return_mean\",\"plausibility\",\"novelty\",\"path\"]}}},\"required\":[\"space\",\"nodes\","
        "\"rollouts\"]}",
    .hints = OPERATION_READS | OPERATION_SLOW,
    .run = run_rollouts,
};
