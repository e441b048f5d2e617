/* arguments.c - reading the arguments of an operation; see arguments.h. */
#include <string.h>
#include <time.h>

#include "arguments.h"
#include "cursor.h"
#include "render.h"

const char *argument_text(const operation_call *call, const char *name, size_t *size) {
    return epi_json_string(epi_json_member(call->arguments, name), size);
}

uint64_t argument_integer(const operation_call *call, const char *name, uint64_t left_out) {
    int64_t value;
    return epi_json_integer(&value, epi_json_member(call->arguments, name)) && value >= 0 ? (uint64_t)value : left_out;
}

double argument_number(const operation_call *call, const char *name, double left_out) {
    double value;
    return epi_json_number(&value, epi_json_member(call->arguments, name)) ? value : left_out;
}

bool argument_bool(const operation_call *call, const char *name) {
    return epi_json_true(epi_json_member(call->arguments, name));
}

size_t argument_texts(const char *texts[ARGUMENT_LIST_MAX], const operation_call *call, const char *name) {
    size_t count = 0;
    const epi_json *each = epi_json_first(epi_json_member(call->arguments, name));
    for (; each != NULL && count < ARGUMENT_LIST_MAX; each = epi_json_next(each)) {
        texts[count] = epi_json_string(each, NULL);
        if (texts[count] != NULL) count++;
    }
    return count;
}

size_t argument_ids(uint64_t ids[ARGUMENT_LIST_MAX], const operation_call *call, const char *name) {
    size_t count = 0;
    int64_t id;
    const epi_json *each = epi_json_first(epi_json_member(call->arguments, name));
    for (; each != NULL && count < ARGUMENT_LIST_MAX; each = epi_json_next(each))
        if (epi_json_integer(&id, each) && id > 0) ids[count++] = (uint64_t)id;
    return count;
}

epi_status argument_cursor(uint64_t *position, operation_call *call, const char *list) {
    const char *cursor = argument_text(call, "cursor", NULL);
    *position = 0;
    if (cursor == NULL || cursor_read(position, cursor, list, call->arguments)) return EPI_OK;
    call->refused = true;
    return operation_fail(call, EPI_EINVAL, "arguments.cursor belongs to no %s with these arguments", list);
}

/* ---- times ----------------------------------------------------------------------------------------------------- */

epi_status argument_interval(epi_interval *interval, bool *given, operation_call *call, const char *name) {
    const char *text = argument_text(call, name, NULL);
    *given = text != NULL;
    if (text == NULL || epi_time_parse(interval, text) == EPI_OK) return EPI_OK;
    call->refused = true;
    return operation_fail(call, EPI_EINVAL, "arguments.%s: %s", name, epi_error_last()->message);
}

epi_status argument_time(epi_time *time, operation_call *call, const char *name, bool end) {
    epi_interval interval;
    bool given = false;
    *time = EPI_TIME_NONE;
    epi_status status = argument_interval(&interval, &given, call, name);
    if (status == EPI_OK && given) *time = end ? interval.to : interval.from;
    return status;
}

epi_status argument_event(epi_step *step, operation_call *call, const char *name) {
    epi_interval interval;
    struct tm local;
    bool given = false;
    epi_status status = argument_interval(&interval, &given, call, name);
    if (status != EPI_OK) return status;
    if (given) {
        step->event_time = interval.from;
        step->event_end = interval.to != interval.from ? interval.to : EPI_TIME_NONE;
        step->utc_offset_min = interval.utc_offset_min;
        return EPI_OK;
    }
    step->event_time = epi_time_now();
    time_t seconds = (time_t)(step->event_time / 1000000);
    step->utc_offset_min = localtime_r(&seconds, &local) != NULL ? (int32_t)(local.tm_gmtoff / 60) : 0;
    return EPI_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

epi_status argument_json(epi_json_writer **holder, const char **text, operation_call *call, const char *name) {
    const epi_json *value = epi_json_member(call->arguments, name);
    *holder = NULL;
    *text = NULL;
    if (epi_json_type_of(value) <= EPI_JSON_NULL) return EPI_OK;
    epi_status status = epi_json_writer_new(holder, false);
    if (status != EPI_OK) return status;
    render_value(*holder, NULL, value);
    *text = epi_json_writer_text(NULL, *holder);
    return *text != NULL ? EPI_OK : EPI_ENOMEM;
}

/* ---- spaces ---------------------------------------------------------------------------------------------------- */

static epi_status explain_space(operation_call *call, epi_status status, const char *name) {
    if (status == EPI_EPERMISSION)
        return operation_fail(call, status, "the server was started for its own spaces only; \"%.80s\" is none", name);
    if (status == EPI_ELIMIT && strlen(name) <= EPI_NAME_SIZE_MAX)
        return operation_fail(call, status, "too many spaces are open in this server; restart it");
    if (status == EPI_ENOTFOUND) return operation_fail(call, status, "there is no space \"%.80s\"", name);
    return status;
}

static bool keeps_work(const epi_space *space) {
    const epi_schema *schema = epi_space_schema(space);
    bool tool = false, task = false;
    for (size_t i = 0; i < schema->role_count; i++) {
        tool = tool || strcmp(schema->roles[i].name, "tool") == 0;
        task = task || strcmp(schema->roles[i].name, "task") == 0;
    }
    return tool && task;
}

epi_status argument_space(epi_space **space, operation_call *call, service_use use, const epi_schema *schema) {
    const char *name = argument_text(call, "space", NULL);
    *space = NULL;
    if (name == NULL) name = service_default_space(call->service, use);
    if (name == NULL) {
        call->refused = true;
        return operation_fail(call, EPI_EINVAL, "which space? give \"space\", or start the server with --%s",
                              use == FOR_WORK ? "work-space" : "space");
    }
    epi_status status = service_space(space, call->service, use, name, schema);
    call->space = *space;
    if (status == EPI_OK && use == FOR_WORK && !keeps_work(*space)) {
        call->refused = true;
        return operation_fail(call, EPI_ESCHEMA,
                              "space \"%.80s\" keeps no work, as its preset is %.40s: name another one, or start the "
                              "server with --work-space NAME",
                              name, epi_space_schema(*space)->preset);
    }
    return status == EPI_OK ? EPI_OK : explain_space(call, status, name);
}

/* ---- filters --------------------------------------------------------------------------------------------------- */

static epi_status read_times(epi_filter *filter, operation_call *call) {
    epi_status status = argument_time(&filter->from, call, "from", false);
    if (status == EPI_OK) status = argument_time(&filter->to, call, "to", true);
    if (status == EPI_OK) status = argument_time(&filter->as_of, call, "as_of", true);
    if (status == EPI_OK) status = argument_time(&filter->valid_at, call, "valid_at", true);
    return status;
}

epi_status argument_filter(argument_filter_room *room, operation_call *call) {
    epi_filter *filter = &room->filter;
    const char *role = argument_text(call, "role", NULL);
    *filter = epi_filter_default();
    filter->step_count = argument_ids(room->steps, call, "steps");
    filter->episode_count = argument_ids(room->episodes, call, "episodes");
    filter->tag_count = argument_texts(room->tags, call, "tags");
    filter->steps = filter->step_count > 0 ? room->steps : NULL;
    filter->episodes = filter->episode_count > 0 ? room->episodes : NULL;
    filter->tags = room->tags;
    filter->include_superseded = argument_bool(call, "superseded");
    if (role != NULL) {
        room->parts[0] = epi_part_text("speaker", role);
        filter->parts = room->parts;
        filter->part_count = 1;
    }
    return read_times(filter, call);
}
