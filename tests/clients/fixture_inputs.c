/* fixture_inputs.c - tools of the conformance fixture that ask back: a result of type "input_required" names what is
 * needed, and the client calls again with the answers and the state it was given. Nothing is kept in between.
 */
#include <string.h>

#include "fixture.h"
#include "render.h"

#define ELICIT(message, properties, required)                                                 \
    "{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"form\",\"message\":\"" message \
    "\",\"requestedSchema\":{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "]}}}"
#define STRING(name) "\"" name "\":{\"type\":\"string\"}"
#define SAMPLE(text, tokens)                                                                                     \
    "{\"method\":\"sampling/createMessage\",\"params\":{\"messages\":[{\"role\":\"user\",\"content\":{\"type\":" \
    "\"text\",\"text\":\"" text "\"}}],\"maxTokens\":" tokens "}}"
#define ROOTS "{\"method\":\"roots/list\",\"params\":{}}"
#define NAME_QUESTION "\"user_name\":" ELICIT("What is your name?", STRING("name"), "\"name\"")
#define CAPITAL_QUESTION "\"capital_question\":" SAMPLE("What is the capital of France?", "100")
#define CONFIRM_QUESTION "\"confirm\":" ELICIT("Please confirm", "\"ok\":{\"type\":\"boolean\"}", "\"ok\"")

const fixture_question fixture_elicitation = {{"{" NAME_QUESTION "}"}, {{"user_name"}}, {NULL}, false, "Hello"};
const fixture_question fixture_sampling = {
    {"{" CAPITAL_QUESTION "}"}, {{"capital_question"}}, {NULL}, false, "The client says"};
const fixture_question fixture_roots = {
    {"{\"client_roots\":" ROOTS "}"}, {{"client_roots"}}, {NULL}, false, "The client's roots"};
const fixture_question fixture_state = {
    {"{" CONFIRM_QUESTION "}"}, {{"confirm"}}, {"state 1 of request_state"}, false, "state-ok"};
const fixture_question fixture_many = {
    {"{" NAME_QUESTION ",\"greeting\":" SAMPLE("Generate a greeting", "50") ",\"client_roots\":" ROOTS "}"},
    {{"user_name", "greeting", "client_roots"}},
    {"state 1 of multiple_inputs"},
    false,
    "All answers came"};
const fixture_question fixture_rounds = {
    {"{\"step1\":" ELICIT("Step 1: What is your name?", STRING("name"), "\"name\"") "}",
     "{\"step2\":" ELICIT("Step 2: What is your favorite color?", STRING("color"), "\"color\"") "}"},
    {{"step1"}, {"step2"}},
    {"state 1 of multi_round", "state 2 of multi_round"},
    false,
    "Both rounds are over"};
const fixture_question fixture_tampered = {
    {"{" CONFIRM_QUESTION "}"}, {{"confirm"}}, {"state 1 of tampered_state"}, false, "The state is whole"};
const fixture_question fixture_capable = {{"{" CAPITAL_QUESTION "}"}, {{"capital_question"}}, {NULL}, true, "Done"};

/* An answer is an object that is not empty. */
static bool has_answers(const epi_json *answers, const char *const keys[4]) {
    for (size_t i = 0; i < 4 && keys[i] != NULL; i++) {
        const epi_json *answer = epi_json_member(answers, keys[i]);
        if (epi_json_type_of(answer) != EPI_JSON_OBJECT || epi_json_count(answer) == 0) return false;
    }
    return true;
}

static void ask_back(mcp_request *request, const fixture_question *question, size_t round) {
    request->result_type = "input_required";
    epi_json_put_raw(request->result, "inputRequests", question->requests[round], strlen(question->requests[round]));
    render_optional(request->result, "requestState", question->states[round]);
}

/* Which round a request is in: by its state, or, without states, by whether it has answers. -1: the state is none. */
static int round_of(const mcp_request *request, const fixture_question *question) {
    const char *state = epi_json_string(epi_json_member(request->params, "requestState"), NULL);
    if (question->states[0] == NULL || state == NULL)
        return epi_json_member(request->params, "inputResponses") != NULL && question->states[0] == NULL;
    for (int i = 0; i < 2; i++)
        if (question->states[i] != NULL && strcmp(question->states[i], state) == 0) return i + 1;
    return -1;
}

/* @return whether all that was needed came; else the result asks for it */
static bool ask(mcp_request *request, const fixture_question *question) {
    int round = round_of(request, question);
    const epi_json *answers = epi_json_member(request->params, "inputResponses");
    if (round < 0) {
        mcp_fail(request, MCP_INVALID_PARAMS, "params.requestState is none that this tool gave");
        return false;
    }
    if (round > 0 && !has_answers(answers, question->keys[round - 1])) round--;
    const epi_json *can = epi_json_member(request->meta, "io.modelcontextprotocol/clientCapabilities");
    if (question->by_capability && epi_json_member(can, "sampling") == NULL) return true;
    if (round < 2 && question->requests[round] != NULL) {
        ask_back(request, question, (size_t)round);
        return false;
    }
    return true;
}

void fixture_ask(mcp_request *request, const mcp_tool *tool, const epi_json *arguments) {
    (void)arguments;
    const fixture_question *question = tool->of;
    const epi_json *answers = epi_json_member(request->params, "inputResponses");
    if (!ask(request, question)) return;
    epi_json_begin_array(request->result, "content");
    mcp_put_text(request->result, question->done, strlen(question->done));
    epi_json_writer *told = NULL; /* what the client answered, as it came */
    size_t size = 0;
    if (epi_json_writer_new(&told, false) == EPI_OK) render_value(told, NULL, answers);
    const char *text = epi_json_writer_text(&size, told);
    if (text != NULL) mcp_put_text(request->result, text, size);
    epi_json_writer_free(told);
    epi_json_end(request->result);
}

void fixture_ask_prompt(mcp_request *request, const epi_json *arguments) {
    static const fixture_question question = {
        {"{\"user_context\":" ELICIT("What context should the prompt use?", STRING("context"), "\"context\"") "}"},
        {{"user_context"}},
        {NULL},
        false,
        ""};
    (void)arguments;
    if (!ask(request, &question)) return;
    epi_json_begin_array(request->result, "messages");
    epi_json_begin_object(request->result, NULL);
    render_text(request->result, "role", "user");
    epi_json_begin_object(request->result, "content");
    render_text(request->result, "type", "text");
    render_text(request->result, "text", "The context came.");
    epi_json_end(request->result);
    epi_json_end(request->result);
    epi_json_end(request->result);
}
