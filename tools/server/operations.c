/* operations.c - finding and running what is in the table of operations; see operation.h. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "operation_table.h"
#include "schema.h"

const operation *const operations[] = {
    &operation_remember,
    &operation_recall,
    &operation_when,
    &operation_timeline,
    &operation_episode,
    &operation_facts,
    &operation_history,
    &operation_forget,
    &operation_restore,
    &operation_begin,
    &operation_record,
    &operation_finish,
    &operation_imagine,
    &operation_plan,
    &operation_stats,
    &operation_spaces,
    &operation_step,
    &operation_map,
    &operation_transitions_create,
    &operation_replay_open,
    &operation_replay_close,
    &operation_replay_view,
    &operation_rollouts,
    &operation_space_create,
    &operation_space_drop,
    &operation_profile_set,
    &operation_encoders,
    &operation_transitions_limit,
    &operation_upkeep,
    &operation_check,
    &operation_compact,
    &operation_remove,
    &operation_lookup,
    &operation_nearest,
    &operation_vector,
    &operation_times,
    &operation_context,
    &operation_events_imagine,
    &operation_events_judge,
    NULL,
};
#define OPERATION_COUNT (sizeof operations / sizeof *operations - 1)

const operation *const graph_operations[] = {
    &operation_create_entities,     &operation_create_relations,
    &operation_add_observations,    &operation_delete_entities,
    &operation_delete_observations, &operation_delete_relations,
    &operation_read_graph,          &operation_search_nodes,
    &operation_open_nodes,          NULL,
};
#define GRAPH_COUNT (sizeof graph_operations / sizeof *graph_operations - 1)
#define ALL_COUNT (OPERATION_COUNT + GRAPH_COUNT)

static const operation *at_index(size_t i) {
    return i < OPERATION_COUNT ? operations[i] : graph_operations[i - OPERATION_COUNT];
}

static epi_json *input_schemas[ALL_COUNT];
static pthread_once_t schemas_once = PTHREAD_ONCE_INIT;

/* They live as long as the process: they are constants in another form. */
static void parse_schemas(void) {
    for (size_t i = 0; i < ALL_COUNT; i++)
        epi_json_parse(&input_schemas[i], at_index(i)->input_schema, strlen(at_index(i)->input_schema));
}

const operation *operation_find(const char *name) {
    for (size_t i = 0; i < OPERATION_COUNT; i++)
        if (strcmp(operations[i]->name, name) == 0) return operations[i];
    return NULL;
}

size_t operation_index(const operation *op) {
    size_t i = 0;
    while (i < ALL_COUNT && at_index(i) != op) i++;
    return i;
}

epi_status operation_fail(operation_call *call, epi_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(call->line, sizeof call->line, format, arguments);
    va_end(arguments);
    return status;
}

/* ---- running --------------------------------------------------------------------------------------------------- */

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static epi_status refuse(operation_call *call, epi_status status) {
    call->refused = true;
    return status;
}

/* What can be said before anything is looked at. */
static epi_status admit(operation_call *call, const operation *op) {
    if (service_options_of(call->service)->read_only && !(op->hints & OPERATION_READS))
        return operation_fail(call, EPI_EREADONLY, "the server was started with --read-only; %s changes the memory",
                              op->name);
    call->retry_ms = service_take(call->service);
    if (call->retry_ms > 0)
        return operation_fail(call, EPI_EBUSY, "the limit of %g calls a second was reached; try again in %u ms",
                              service_options_of(call->service)->calls_per_second, call->retry_ms);
    pthread_once(&schemas_once, parse_schemas);
    const epi_json *schema = input_schemas[operation_index(op)];
    if (schema == NULL) return operation_fail(call, EPI_ENOMEM, "the input schema of %s could not be read", op->name);
    if (call->arguments == NULL && epi_json_count(epi_json_member(schema, "required")) > 0)
        return refuse(call, operation_fail(call, EPI_EINVAL, "%s needs arguments", op->name));
    if (call->arguments != NULL && !schema_holds(call->line, sizeof call->line, schema, call->arguments, "arguments"))
        return refuse(call, EPI_EINVAL);
    return EPI_OK;
}

/* The library's line is taken over before anything else may fail. */
static epi_status run_and_close(operation_call *call, const operation *op) {
    epi_json_begin_object(call->result, NULL);
    epi_status status = op->run(call);
    epi_json_end(call->result);
    if (status == EPI_OK && epi_json_writer_text(NULL, call->result) == NULL)
        return operation_fail(call, EPI_ENOMEM, "the result of %s did not fit into memory", op->name);
    if (status != EPI_OK && call->line[0] == '\0') operation_fail(call, status, "%s", epi_error_last()->message);
    if (status == EPI_ESTALE && call->space != NULL) service_recheck_space(call->service, call->space);
    return status;
}

epi_status operation_look(operation_call *call, const operation *op) {
    return run_and_close(call, op);
}

epi_status operation_run(operation_call *call, const operation *op) {
    uint64_t began = now_us();
    epi_status status = admit(call, op);
    if (status == EPI_OK) status = run_and_close(call, op);
    if (status == EPI_OK && !(op->hints & OPERATION_READS)) service_touch(call->service);
    service_count(call->service, operation_index(op), status != EPI_OK, now_us() - began);
    return status;
}
