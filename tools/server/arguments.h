/* arguments.h - reading the arguments of an operation, whose types its input schema has vouched for.
 *
 * A reader of what was left out leaves the default. Texts are borrowed from the arguments. What a schema cannot say (a
 * time that is none, a space that is not there) fails with a line that names the argument.
 */
#ifndef SERVER_ARGUMENTS_H
#define SERVER_ARGUMENTS_H

#include "operation.h"

#define ARGUMENT_LIST_MAX 64u

/** NULL: left out. @param size may be NULL. */
const char *argument_text(const operation_call *call, const char *name, size_t *size);
uint64_t argument_integer(const operation_call *call, const char *name, uint64_t left_out);
double argument_number(const operation_call *call, const char *name, double left_out);
bool argument_bool(const operation_call *call, const char *name);
/** @return how many; at most ARGUMENT_LIST_MAX, which schemas have as maxItems. */
size_t argument_texts(const char *texts[ARGUMENT_LIST_MAX], const operation_call *call, const char *name);
size_t argument_ids(uint64_t ids[ARGUMENT_LIST_MAX], const operation_call *call, const char *name);
/** An ISO 8601 time. With `end` the end of the interval that it names is meant. EPI_TIME_NONE: left out. */
epi_status argument_time(epi_time *time, operation_call *call, const char *name, bool end);
/** The interval that an ISO 8601 time names. @param given whether it was. */
epi_status argument_interval(epi_interval *interval, bool *given, operation_call *call, const char *name);
/** The place in a list that the argument "cursor" names; 0: left out. */
epi_status argument_cursor(uint64_t *position, operation_call *call, const char *list);
/** When a step happened: the interval of a time, or now, in this place's offset. */
epi_status argument_event(epi_step *step, operation_call *call, const char *name);
/** An object or any other JSON, as text. NULL: left out. @param[out] holder owns the text; freed by the caller. */
epi_status argument_json(epi_json_writer **holder, const char **text, operation_call *call, const char *name);
/** The space of the argument "space", or that of the command line. call->space has it too.
 * @param schema what to make a new one with; NULL: it must exist. */
epi_status argument_space(epi_space **space, operation_call *call, service_use use, const epi_schema *schema);

/** A filter, and the room for what it points to. */
typedef struct argument_filter_room {
    epi_filter filter;
    uint64_t steps[ARGUMENT_LIST_MAX];
    uint64_t episodes[ARGUMENT_LIST_MAX];
    const char *tags[ARGUMENT_LIST_MAX];
    epi_part parts[1];
} argument_filter_room;

/** The arguments steps, episodes, from, to, as_of, valid_at, role, tags, superseded. */
epi_status argument_filter(argument_filter_room *room, operation_call *call);

/* Their entries in input schemas. */
#define SCHEMA_TIME                                                                         \
    "{\"type\":\"string\",\"description\":\"ISO 8601, as precise as known: 2026, 2026-05, " \
    "2026-05-08, 2026-05-08T13:56+02:00\"}"
#define SCHEMA_SPACE                                                                                  \
    "\"space\":{\"type\":\"string\",\"minLength\":1,\"description\":\"The space: one user, agent or " \
    "task. Left out: the one that the server was started with.\"}"
#define SCHEMA_CURSOR                                                                             \
    "\"cursor\":{\"type\":\"string\",\"description\":\"next_cursor of the page before; all else " \
    "as it was.\"}"
#define SCHEMA_TAGS "\"tags\":{\"type\":\"array\",\"maxItems\":64,\"items\":{\"type\":\"string\",\"minLength\":1}"
#define SCHEMA_OBJECT_OR_TEXT "\"anyOf\":[{\"type\":\"object\"},{\"type\":\"string\"}]"
#define SCHEMA_IDS "{\"type\":\"array\",\"maxItems\":64,\"items\":{\"type\":\"integer\",\"minimum\":1}}"
#define SCHEMA_FILTER                                                                                             \
    "\"from\":" SCHEMA_TIME ",\"to\":" SCHEMA_TIME "," SCHEMA_TAGS ",\"description\":\"Only what "                \
    "has all of these tags.\"},\"role\":{\"type\":\"string\",\"description\":\"Only what this speaker said, for " \
    "instance user or assistant.\"},\"episodes\":" SCHEMA_IDS ",\"steps\":" SCHEMA_IDS

#endif
