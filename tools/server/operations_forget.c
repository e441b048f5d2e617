/* operations_forget.c - forget, restore and remove. Nothing goes by accident: it is shown first, and done only by a
 * call that says how many steps it is about. Forgetting can be taken back; removing cannot, and models do not get it.
 */
#include <string.h>

#include "arguments.h"
#include "operation_table.h"
#include "render.h"

#define SHOWN_MAX 10u
#define SHOWN_ROOM 400u /* bytes of a step's texts */

/* A filter that names nothing would mean all. */
static epi_status check_named(operation_call *call, const epi_filter *filter) {
    if (filter->step_count + filter->episode_count + filter->part_count + filter->tag_count > 0 ||
        filter->from != EPI_TIME_NONE || filter->to != EPI_TIME_NONE)
        return EPI_OK;
    call->refused = true;
    return operation_fail(call, EPI_EINVAL, "what? give steps, episodes, from, to, role or tags");
}

/* The newest few of what matches. */
static epi_status put_matches(operation_call *call, epi_space *space, const epi_filter *filter) {
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    epi_recollection *found = NULL;
    cue.filter = *filter;
    options.k = SHOWN_MAX;
    options.scene_margin = 0;
    options.token_budget = EPI_NO_TEXT;
    epi_status status = epi_recall(&found, space, &cue, &options);
    epi_json_begin_array(call->result, "examples");
    for (size_t i = 0; i < epi_recollection_hit_count(found); i++) {
        const epi_hit *hit = epi_recollection_hit(found, i);
        const epi_scene *scene = epi_recollection_scene(found, hit->scene);
        render_step(call->result, epi_scene_step(scene, hit->scene_step), SHOWN_ROOM);
    }
    epi_json_end(call->result);
    epi_recollection_free(found);
    return status;
}

static epi_status show_first(operation_call *call, epi_space *space, const epi_filter *filter, uint64_t count) {
    epi_json_put_bool(call->result, "done", false);
    epi_json_put_unsigned(call->result, "steps", count);
    if (count == 0) return EPI_OK;
    epi_json_put_unsigned(call->result, "confirm", count);
    return put_matches(call, space, filter);
}

/* @return false after failing: what it is about has changed since it was shown */
static bool is_confirmed(operation_call *call, uint64_t expected, uint64_t count) {
    if (expected == count) return true;
    call->refused = true;
    operation_fail(call, EPI_ECONFLICT, "it is about %llu steps now, not %llu; nothing was done",
                   (unsigned long long)count, (unsigned long long)expected);
    return false;
}

static epi_status put_done(operation_call *call, epi_status status, uint64_t count) {
    if (status != EPI_OK) return status;
    epi_json_put_bool(call->result, "done", true);
    epi_json_put_unsigned(call->result, "steps", count);
    return EPI_OK;
}

/* The filter, and the space that it is about. */
static epi_status read_what(argument_filter_room *filter, epi_space **space, operation_call *call) {
    epi_status status = argument_filter(filter, call);
    if (status == EPI_OK) status = check_named(call, &filter->filter);
    if (status == EPI_OK) status = argument_space(space, call, FOR_TALK, NULL);
    if (status == EPI_OK) render_text(call->result, "space", epi_space_name(*space));
    return status;
}

static epi_status run_forget(operation_call *call) {
    argument_filter_room filter;
    epi_space *space = NULL;
    uint64_t count = 0, expected = argument_integer(call, "confirm", 0);
    uint32_t days = (uint32_t)argument_integer(call, "days", EPI_PURGE_AFTER_DAYS_DEFAULT);
    epi_status status = read_what(&filter, &space, call);
    if (status == EPI_OK) status = epi_forget(&count, space, &filter.filter, 0, true);
    if (status != EPI_OK) return status;
    if (expected == 0) return show_first(call, space, &filter.filter, count);
    if (!is_confirmed(call, expected, count)) return EPI_ECONFLICT;
    status = put_done(call, epi_forget(&count, space, &filter.filter, days, false), count);
    epi_json_put_unsigned(call->result, "restorable_days", days);
    return status;
}

const operation operation_forget = {
    .name = "forget",
    .title = "Forget",
    .description = "Hides steps from recall. The first call changes nothing: it shows what would be forgotten and a "
                   "number. The same call with that number as confirm does it. restore takes it back within 30 days.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{" SCHEMA_FILTER ",\"superseded\":{\"type\":\"boolean\","
        "\"description\":\"Also what was corrected since.\"},\"confirm\":{\"type\":\"integer\",\"minimum\":1,"
        "\"description\":\"How many steps, as the first call said.\"},\"days\":{\"type\":\"integer\","
        "\"minimum\":1,\"maximum\":36500,\"default\":30,\"description\":\"How long it can be restored.\"}," SCHEMA_SPACE
        "},\"additionalProperties\":false}",
    .output_schema = "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"done\":{\"type\":"
                     "\"boolean\"},\"steps\":{\"type\":\"integer\"},\"confirm\":{\"type\":\"integer\"},\"examples\":{"
                     "\"type\":\"array\",\"items\":" SCHEMA_STEP "},\"restorable_days\":{\"type\":\"integer\"}},"
                     "\"required\":[\"space\",\"done\",\"steps\"]}",
    .hints = OPERATION_TOOL | OPERATION_DESTROYS | OPERATION_IDEMPOTENT,
    .run = run_forget,
};

/* ---- restore --------------------------------------------------------------------------------------------------- */

static epi_status run_restore(operation_call *call) {
    argument_filter_room filter;
    epi_space *space = NULL;
    uint64_t count = 0;
    epi_status status = read_what(&filter, &space, call);
    filter.filter.include_forgotten = true;
    filter.filter.include_superseded = true;
    if (status == EPI_OK) status = epi_restore(&count, space, &filter.filter);
    if (status == EPI_OK) epi_json_put_unsigned(call->result, "steps", count);
    return status;
}

const operation operation_restore = {
    .name = "restore",
    .title = "Restore",
    .description = "Brings back what was forgotten and is not yet past its days.",
    .input_schema = "{\"type\":\"object\",\"properties\":{" SCHEMA_FILTER "," SCHEMA_SPACE
                    "},\"additionalProperties\":false}",
    .output_schema = "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"steps\":{\"type\":"
                     "\"integer\"}},\"required\":[\"space\",\"steps\"]}",
    .hints = OPERATION_TOOL | OPERATION_IDEMPOTENT,
    .run = run_restore,
};

/* ---- remove ---------------------------------------------------------------------------------------------------- */

static epi_status run_remove(operation_call *call) {
    argument_filter_room filter;
    epi_space *space = NULL;
    uint64_t count = 0, expected = argument_integer(call, "confirm", 0);
    epi_status status = read_what(&filter, &space, call);
    if (status == EPI_OK) status = epi_remove(&count, space, &filter.filter, true);
    if (status != EPI_OK) return status;
    if (expected == 0) {
        epi_json_put_bool(call->result, "done", false);
        epi_json_put_unsigned(call->result, "steps", count);
        if (count > 0) epi_json_put_unsigned(call->result, "confirm", count);
        return EPI_OK;
    }
    if (!is_confirmed(call, expected, count)) return EPI_ECONFLICT;
    status = argument_bool(call, "purge") ? epi_purge(&count, space, &filter.filter)
                                          : epi_remove(&count, space, &filter.filter, false);
    return put_done(call, status, count);
}

const operation operation_remove = {
    .name = "remove",
    .title = "Remove",
    .description =
        "Removes steps for good, of a space of transitions too (by steps or episodes). The first call changes "
        "nothing: it tells a number. The same call with that number as confirm does it; with purge no byte "
        "of them is left in the memory's directory either.",
    .input_schema =
        "{\"type\":\"object\",\"properties\":{" SCHEMA_FILTER ",\"superseded\":{\"type\":\"boolean\","
        "\"description\":\"Also what was corrected since.\"},\"confirm\":{\"type\":\"integer\",\"minimum\":1,"
        "\"description\":\"How many steps, as the first call said.\"},\"purge\":{\"type\":\"boolean\","
        "\"description\":\"Rewrites the whole store.\"}," SCHEMA_SPACE "},\"additionalProperties\":false}",
    .output_schema = "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"done\":{\"type\":"
                     "\"boolean\"},\"steps\":{\"type\":\"integer\"},\"confirm\":{\"type\":\"integer\"}},"
                     "\"required\":[\"space\",\"done\",\"steps\"]}",
    .hints = OPERATION_DESTROYS | OPERATION_IDEMPOTENT | OPERATION_SLOW,
    .run = run_remove,
};
