/* operations_events.c - events_imagine and events_judge: events recombined from bundles of their roles, with how
 * plausible each is; see <episodic/events.h>. */
#include <string.h>

#include "arguments.h"
#include "operation_table.h"
#include "render.h"

#define GIVEN_MAX EPI_EVENT_ROLES_MAX
#define COUNT_DEFAULT 10u

/* "given": an object of a text for each role. @return how many; more than there can be are told by the library */
static size_t read_given(epi_part parts[GIVEN_MAX + 1], const operation_call *call) {
    size_t count = 0;
    const epi_json *each = epi_json_first(epi_json_member(call->arguments, "given"));
    for (; each != NULL && count <= GIVEN_MAX; each = epi_json_next(each)) {
        const char *text = epi_json_string(each, NULL);
        if (text != NULL) parts[count++] = epi_part_text(epi_json_name(each), text);
    }
    return count;
}

static epi_imagine_events_options read_options(const operation_call *call) {
    epi_imagine_events_options options = epi_imagine_events_options_default();
    options.k = (uint32_t)argument_integer(call, "count", COUNT_DEFAULT);
    options.draws = (uint32_t)argument_integer(call, "draws", 0);
    options.seed = argument_integer(call, "seed", 0);
    options.plausibility_min = argument_number(call, "plausibility_min", 0.0);
    options.novelty_min = argument_number(call, "novelty_min", options.novelty_min);
    return options;
}

static epi_status run_events_imagine(operation_call *call) {
    epi_part given[GIVEN_MAX + 1];
    size_t given_count = read_given(given, call);
    epi_imagine_events_options options = read_options(call);
    epi_events *events = NULL;
    epi_space *space = NULL;
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status == EPI_OK)
        status = argument_bool(call, "story")
                     ? epi_imagine_story(&events, space, given, given_count, options.k, &options)
                     : epi_imagine_events(&events, space, given, given_count, &options);
    if (status != EPI_OK) return status;
    const char *json = epi_events_json(events);
    render_text(call->result, "space", epi_space_name(space));
    epi_json_put_raw(call->result, "imagined", json, strlen(json));
    epi_events_free(events);
    return EPI_OK;
}

#define GIVEN(what) "\"given\":{\"type\":\"object\",\"description\":\"" what "\"}"

const operation operation_events_imagine = {
    .name = "events_imagine",
    .title = "Imagine events",
    .description =
        "Recombines the events of a space: what else could be, the most plausible first, each value with the "
        "step that it comes from; or, as a story, what could follow.",
    .input_schema = "{\"type\":\"object\",\"properties\":{" GIVEN(
        "Values that each event has: a text for a role.") ",\"story\":{"
                                                          "\"type\":\"boolean\"},\"count\":{\"type\":\"integer\","
                                                          "\"minimum\":1,\"maximum\":256,\"default\":10},"
                                                          "\"draws\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":"
                                                          "10000,\"description\":\"Recombinations looked "
                                                          "at; 0: 32 for each "
                                                          "event.\"},\"seed\":{\"type\":\"integer\",\"minimum\":0},"
                                                          "\"plausibility_min\":{\"type\":"
                                                          "\"number\",\"minimum\":0,\"maximum\":1},\"novelty_min\":{"
                                                          "\"type\":\"number\",\"minimum\":0,\"maximum\":1,"
                                                          "\"description\":\"0: memories too.\"}," SCHEMA_SPACE
                                                          "},\"additionalProperties\":false}",
    .output_schema = "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"imagined\":{\"type\":"
                     "\"object\"}},\"required\":[\"space\",\"imagined\"]}",
    .hints = OPERATION_READS | OPERATION_SLOW,
    .run = run_events_imagine,
};

static epi_status run_events_judge(operation_call *call) {
    epi_part given[GIVEN_MAX + 1];
    size_t given_count = read_given(given, call);
    epi_event_judgement judgement;
    epi_space *space = NULL;
    epi_status status = argument_space(&space, call, FOR_TALK, NULL);
    if (status == EPI_OK) status = epi_judge_event(&judgement, space, given, given_count, NULL);
    if (status != EPI_OK) return status;
    render_text(call->result, "space", epi_space_name(space));
    epi_json_put_number(call->result, "plausibility", judgement.plausibility);
    epi_json_put_number(call->result, "novelty", judgement.novelty);
    epi_json_put_unsigned(call->result, "support", judgement.support);
    epi_json_put_bool(call->result, "contradiction", judgement.contradiction);
    return EPI_OK;
}

const operation operation_events_judge = {
    .name = "events_judge",
    .title = "Judge an event",
    .description = "Tells how plausible an event is, from what the space has seen.",
    .input_schema = "{\"type\":\"object\",\"properties\":{" GIVEN(
        "A text for each role that is known.") "," SCHEMA_SPACE
                                               "},\"required\":[\"given\"],\"additionalProperties\":false}",
    .output_schema = "{\"type\":\"object\",\"properties\":{\"space\":{\"type\":\"string\"},\"plausibility\":{"
                     "\"type\":\"number\"},\"novelty\":{\"type\":\"number\"},\"support\":{\"type\":\"integer\"},"
                     "\"contradiction\":{\"type\":\"boolean\"}},\"required\":[\"space\",\"plausibility\","
                     "\"novelty\",\"support\",\"contradiction\"]}",
    .hints = OPERATION_READS | OPERATION_SLOW,
    .run = run_events_judge,
};
