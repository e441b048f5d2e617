/* operations_keep.c - what is done to a memory and its spaces as a whole: making and dropping spaces, upkeep, checking,
 * compacting, profiles, encoders, limits. For whoever runs a memory; models do not get these.
 */
#include <string.h>

#include "arguments.h"
#include "operation_table.h"
#include "render.h"

#define NO_ARGUMENTS "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}"
#define SPACE_ALONE "{\"type\":\"object\",\"properties\":{" SCHEMA_SPACE "},\"additionalProperties\":false}"
#define GIVES_SPACE(members, needed)                                                    \
    "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"}" members "}," \
    "\"required\":[\"space\"" needed "]}"

/* ---- spaces ------------------------------------------------------------------------------------------------------ */

static epi_status run_space_create(operation_call *call) {
    const char *preset = argument_text(call, "preset", NULL);
    const epi_schema *schema = epi_schema_conversation();
    epi_space *space = NULL, *same = NULL;
    if (preset != NULL && strcmp(preset, "trajectory") == 0) schema = epi_schema_trajectory();
    if (preset != NULL && strcmp(preset, "events") == 0) schema = epi_schema_events();
    epi_status status = argument_space(&space, call, FOR_TALK, schema);
    if (status != EPI_OK) return status;
    render_text(call->result, "space", epi_space_name(space));
    /* One that was there is compared with what was asked for. */
    status = epi_space_open(&same, service_memory(call->service), epi_space_name(space), schema);
    epi_space_close(same);
    return status;
}

const operation operation_space_create = {
    .name = "space_create",
    .title = "Create a space",
    .description =
        "Makes a space of a preset: conversation (what was said), trajectory (an agent's work) or events. One "
        "that is there with the same preset is fine. Spaces of transitions: transitions_create.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\",\"minLength\":1},\"preset\":{\"type\":"
        "\"string\",\"enum\":[\"conversation\",\"trajectory\",\"events\"],\"default\":\"conversation\"}},\"required\":"
        "[\"space\"],\"additionalProperties\":false}",
    .output_schema = GIVES_SPACE("", ""),
    .hints = OPERATION_IDEMPOTENT,
    .run = run_space_create,
};

static epi_status run_space_drop(operation_call *call) {
    const char *again = argument_text(call, "confirm", NULL);
    epi_space_stats stats;
    epi_space *space = NULL;
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status == EPI_OK) status = epi_space_stats_read(&stats, space);
    if (status != EPI_OK) return status;
    if (again != NULL && strcmp(again, epi_space_name(space)) != 0)
        return operation_fail(call, EPI_ECONFLICT, "confirm is not the name of the space; nothing was dropped");
    render_text(call->result, "space", epi_space_name(space));
    epi_json_put_unsigned(call->result, "steps", stats.steps);
    if (again != NULL) status = epi_space_drop(service_memory(call->service), epi_space_name(space));
    epi_json_put_bool(call->result, "done", again != NULL);
    if (again != NULL) service_recheck_space(call->service, space);
    return status;
}

const operation operation_space_drop = {
    .name = "space_drop",
    .title = "Drop a space",
    .description = "Drops a space with all that belongs to it, for good. Without confirm it only tells what the space "
                   "holds.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\",\"minLength\":1},\"confirm\":{\"type\":"
        "\"string\",\"description\":\"The name of the space again.\"}},\"required\":[\"space\"],"
        "\"additionalProperties\":false}",
    .output_schema = GIVES_SPACE(",\"steps\":{\"type\":\"integer\"},\"done\":{\"type\":\"boolean\"}", ",\"done\""),
    .hints = OPERATION_DESTROYS,
    .run = run_space_drop,
};

static epi_status run_profile_set(operation_call *call) {
    const char *name = argument_text(call, "profile", NULL);
    epi_profile_kind kind = EPI_PROFILE_AUTO;
    epi_space_stats stats;
    epi_space *space = NULL;
    while (kind < EPI_PROFILE_EVENTS && strcmp(epi_profile_name(kind), name) != 0) kind++;
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status == EPI_OK) status = epi_space_set_profile(space, kind);
    if (status == EPI_OK) status = epi_space_stats_read(&stats, space);
    if (status != EPI_OK) return status;
    render_text(call->result, "space", epi_space_name(space));
    render_text(call->result, "profile", epi_profile_name(stats.profile));
    render_text(call->result, "reason", stats.profile_reason);
    return EPI_OK;
}

const operation operation_profile_set = {
    .name = "profile_set",
    .title = "Set a space's profile",
    .description = "Sets what kind of memory a space is, as far as recall weighs its signals differently; auto lets it "
                   "be chosen from what the space counts of its steps.",
    .input_schema = "{\"type\":\"object\",\"properties\":{\"profile\":{\"type\":\"string\",\"enum\":[\"auto\",\"chat\","
                    "\"assistant\",\"documents\",\"events\"]}," SCHEMA_SPACE
                    "},\"required\":[\"profile\"],\"additionalProperties\":false}",
    .output_schema = GIVES_SPACE(",\"profile\":{\"type\":\"string\"},\"reason\":{\"type\":\"string\"}", ",\"profile\""),
    .hints = OPERATION_IDEMPOTENT,
    .run = run_profile_set,
};

static void put_encoder(epi_json_writer *writer, const char *name, const epi_encoder_info *info) {
    if (info->generation == 0) return;
    epi_json_begin_object(writer, name);
    render_text(writer, "name", info->name);
    epi_json_put_unsigned(writer, "generation", info->generation);
    epi_json_put_unsigned(writer, "dimension", info->dimension);
    epi_json_put_unsigned(writer, "vectors", info->vectors);
    epi_json_put_unsigned(writer, "left", info->left);
    epi_json_put_unsigned(writer, "refused", info->refused);
    epi_json_put_bool(writer, "ready", info->ready);
    render_optional(writer, "note", info->note);
    epi_json_end(writer);
}

static epi_status run_encoders(operation_call *call) {
    epi_encoder_info serving = {.generation = 0}, building = {.generation = 0};
    epi_space *space = NULL;
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status == EPI_OK) status = epi_space_encoders(&serving, &building, space);
    if (status != EPI_OK) return status;
    render_text(call->result, "space", epi_space_name(space));
    put_encoder(call->result, "serving", &serving);
    put_encoder(call->result, "building", &building);
    return EPI_OK;
}

const operation operation_encoders = {
    .name = "encoders",
    .title = "Encoders",
    .description = "Tells which encoder makes a space's vectors, which one is to serve next, and how far that is.",
    .input_schema = SPACE_ALONE,
    .output_schema = GIVES_SPACE(",\"serving\":{\"type\":\"object\"},\"building\":{\"type\":\"object\"}", ""),
    .hints = OPERATION_READS,
    .run = run_encoders,
};

static epi_status run_transitions_limit(operation_call *call) {
    const char *unit = argument_text(call, "unit", NULL);
    epi_transition_limits limits = epi_transition_limits_default();
    epi_space *space = NULL;
    limits.max_steps = argument_integer(call, "max_steps", 0);
    limits.max_size = argument_integer(call, "max_bytes", 0);
    limits.max_age_s = argument_integer(call, "max_seconds", 0);
    if (unit != NULL && strcmp(unit, "episodes") == 0) limits.unit = EPI_EVICT_EPISODES;
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status == EPI_OK) status = epi_transitions_limit(space, &limits);
    if (status != EPI_OK) return status;
    render_text(call->result, "space", epi_space_name(space));
    return EPI_OK;
}

const operation operation_transitions_limit = {
    .name = "transitions_limit",
    .title = "Limit a space of transitions",
    .description =
        "Sets how much a space of transitions keeps, for all its writers; what is oldest goes first. What is "
        "left out, or 0, is no bound.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{\"max_steps\":{\"type\":\"integer\",\"minimum\":0},\"max_bytes\":{"
        "\"type\":\"integer\",\"minimum\":0},\"max_seconds\":{\"type\":\"integer\",\"minimum\":0,\"description\":"
        "\"Since a step was appended.\"},\"unit\":{\"type\":\"string\",\"enum\":[\"steps\",\"episodes\"],\"default\":"
        "\"steps\"}," SCHEMA_SPACE "},\"additionalProperties\":false}",
    .output_schema = GIVES_SPACE("", ""),
    .hints = OPERATION_DESTROYS | OPERATION_IDEMPOTENT,
    .run = run_transitions_limit,
};

/* ---- the memory -------------------------------------------------------------------------------------------------- */

#define UPKEEP_SECONDS 10u

static bool goes_on(void *context, uint64_t done, uint64_t total) {
    const operation_call *call = context;
    (void)done, (void)total;
    return call->cancelled == NULL || !call->cancelled(call->context);
}

static epi_status run_upkeep(operation_call *call) {
    epi_upkeep_options options = epi_upkeep_options_default();
    epi_upkeep_report report = {0};
    epi_space *space = NULL;
    options.time_limit_ms = (uint32_t)argument_integer(call, "seconds", UPKEEP_SECONDS) * 1000u;
    options.progress = goes_on;
    options.context = call;
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status == EPI_OK) status = epi_space_upkeep(&report, space, &options);
    if (status != EPI_OK) return status;
    render_text(call->result, "space", epi_space_name(space));
    epi_json_put_bool(call->result, "complete", report.complete);
    epi_json_put_unsigned(call->result, "sealed", report.sealed);
    epi_json_put_unsigned(call->result, "indexed", report.indexed);
    epi_json_put_unsigned(call->result, "expired", report.expired);
    epi_json_put_unsigned(call->result, "embedded", report.embedded);
    epi_json_put_unsigned(call->result, "waiting", report.waiting);
    return EPI_OK;
}

const operation operation_upkeep = {
    .name = "upkeep",
    .title = "Upkeep",
    .description = "Does the work that makes later calls faster: words into postings, vectors into the graph, what was "
                   "forgotten long ago removed. complete is false where the time ended it; call again.",
    .input_schema = "{\"type\":\"object\",\"properties\":{\"seconds\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":"
                    "60,\"default\":10}," SCHEMA_SPACE "},\"additionalProperties\":false}",
    .output_schema = GIVES_SPACE(",\"complete\":{\"type\":\"boolean\"},\"sealed\":{\"type\":\"integer\"},\"indexed\":{"
                                 "\"type\":\"integer\"},\"expired\":{\"type\":\"integer\"},\"embedded\":{\"type\":"
                                 "\"integer\"},\"waiting\":{\"type\":\"integer\"}",
                                 ",\"complete\""),
    .hints = OPERATION_IDEMPOTENT | OPERATION_SLOW,
    .run = run_upkeep,
};

#define VIOLATIONS_MAX 100u

static bool put_violation(void *context, const epi_violation *violation) {
    operation_call *call = context;
    epi_json_begin_object(call->result, NULL);
    render_text(call->result, "space", violation->space);
    render_text(call->result, "table", violation->table);
    render_text(call->result, "key", violation->key);
    render_text(call->result, "reason", violation->reason);
    epi_json_end(call->result);
    return goes_on(call, 0, 0);
}

/* The first so many violations are told one by one. */
typedef struct walk {
    operation_call *call;
    uint64_t told;
} walk;

static bool found(void *context, const epi_violation *violation) {
    walk *w = context;
    return w->told++ < VIOLATIONS_MAX ? put_violation(w->call, violation) : goes_on(w->call, 0, 0);
}

static epi_status run_check(operation_call *call) {
    epi_check_report report = {0};
    walk w = {.call = call};
    if (service_options_of(call->service)->only)
        return operation_fail(call, EPI_EPERMISSION, "the whole memory is not this server's to look at (--only)");
    epi_json_begin_array(call->result, "violations");
    epi_status status = epi_memory_check(&report, service_memory(call->service), found, &w);
    epi_json_end(call->result);
    epi_json_put_unsigned(call->result, "records", report.records);
    epi_json_put_unsigned(call->result, "count", report.violations);
    return status;
}

const operation operation_check = {
    .name = "check",
    .title = "Check the memory",
    .description =
        "Walks every record of every space: checksums, counts, references both ways. Tells what is wrong, the "
        "first hundred one by one; changes nothing.",
    .input_schema = NO_ARGUMENTS,
    .output_schema = "{\"type\":\"object\",\"properties\":{\"records\":{\"type\":\"integer\"},\"count\":{\"type\":"
                     "\"integer\",\"description\":\"Of violations.\"},\"violations\":{\"type\":\"array\",\"items\":{"
                     "\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"table\":{\"type\":"
                     "\"string\"},\"key\":{\"type\":\"string\"},\"reason\":{\"type\":\"string\"}},\"required\":["
                     "\"space\",\"table\",\"key\",\"reason\"]}}},\"required\":[\"records\",\"count\",\"violations\"]}",
    .hints = OPERATION_READS | OPERATION_SLOW,
    .run = run_check,
};

static epi_status run_compact(operation_call *call) {
    epi_memory_stats stats;
    if (service_options_of(call->service)->only)
        return operation_fail(call, EPI_EPERMISSION, "the whole memory is not this server's to rewrite (--only)");
    epi_status status = epi_memory_compact(service_memory(call->service));
    if (status == EPI_OK) status = epi_memory_stats_read(&stats, service_memory(call->service));
    if (status != EPI_OK) return status;
    epi_json_put_unsigned(call->result, "file_bytes", stats.file_size);
    return EPI_OK;
}

const operation operation_compact = {
    .name = "compact",
    .title = "Compact the memory",
    .description = "Rewrites the store without its free pages, and without a byte of what was removed. Writers wait "
                   "meanwhile, readers go on.",
    .input_schema = NO_ARGUMENTS,
    .output_schema = "{\"type\":\"object\",\"properties\":{\"file_bytes\":{\"type\":\"integer\"}},\"required\":["
                     "\"file_bytes\"]}",
    .hints = OPERATION_IDEMPOTENT | OPERATION_SLOW,
    .run = run_compact,
};
