/* import.c - epi_import(): tells the format, runs it, and reports.
 *
 * The form is told from the first entry: a line of type "space" is our own JSONL, a "mapping" is ChatGPT's, a
 * "conversation" with sessions is LoCoMo's, a "role" or "messages" is OpenAI's, a "memory" mem0's, an "entity" or
 * "relation" the MCP memory server's. Transcripts of agents may begin with anything: some of their lines are looked at.
 */
#include <strings.h>

#include "agent.h"

#define LINES_LOOKED_AT 32

static const char *const names[] = {"auto", "jsonl", "locomo", "openai", "chatgpt", "mcp", "mem0", "agent"};

const char *epi_format_name(epi_format format) {
    return (size_t)format < EPI__COUNT(names) ? names[format] : "?";
}

epi_format epi_format_from_name(const char *name) {
    for (size_t i = 1; name != NULL && i < EPI__COUNT(names); i++) {
        if (strcasecmp(name, names[i]) == 0) return (epi_format)i;
    }
    return EPI_FORMAT_AUTO;
}

/* ---- telling the format ---------------------------------------------------------------------------------------- */

/* By one line; AUTO: it tells nothing. */
static epi_status tell_line(epi_format *format, bool *typed, const epi__line *line, bool first) {
    epi_json *root = NULL;
    epi_status status = epi_json_parse(&root, line->text, line->size);
    const char *type = epi__json_text_of(root, "type");
    *typed = type != NULL;
    if (first && type != NULL && strcmp(type, "space") == 0) *format = EPI_FORMAT_JSONL;
    if (epi__agent_line_is(root)) *format = EPI_FORMAT_AGENT;
    epi_json_free(root);
    return status == EPI_ENOMEM ? status : EPI_OK;
}

/* The forms that are read line by line; the others are told from a parsed file. */
static epi_status tell_lines(epi_format *format, const char *text, size_t size) {
    bool typed = true;
    epi__line line = {text, 0, 0};
    for (int i = 0; i < LINES_LOOKED_AT && *format == EPI_FORMAT_AUTO && typed; i++) {
        if (!epi__line_next(&line, text, size)) break;
        EPI__TRY(tell_line(format, &typed, &line, i == 0));
    }
    return EPI_OK;
}

static epi_format format_of_entry(const epi_json *entry) {
    while (epi_json_type_of(entry) == EPI_JSON_ARRAY) entry = epi_json_first(entry);
    const char *type = epi__json_text_of(entry, "type");
    if (type != NULL && (strcmp(type, "entity") == 0 || strcmp(type, "relation") == 0)) return EPI_FORMAT_MCP;
    if (epi_json_member(entry, "mapping") != NULL) return EPI_FORMAT_CHATGPT;
    if (epi_json_member(entry, "role") != NULL || epi_json_member(entry, "messages") != NULL) return EPI_FORMAT_OPENAI;
    if (epi_json_type_of(epi_json_member(entry, "conversation")) == EPI_JSON_OBJECT) return EPI_FORMAT_LOCOMO;
    const epi_json *list = epi_json_member(entry, "results");
    if (list == NULL) list = epi_json_member(entry, "memories");
    if (epi_json_member(list != NULL ? epi_json_first(list) : entry, "memory") != NULL) return EPI_FORMAT_MEM0;
    return EPI_FORMAT_AUTO;
}

static epi_status tell_format(epi_format *format, const epi__entries *entries) {
    if (*format == EPI_FORMAT_AUTO && entries->count > 0) *format = format_of_entry(entries->items[0].value);
    if (*format != EPI_FORMAT_AUTO) return EPI_OK;
    return epi__fail(EPI_EFORMAT, "transfer",
                     "the file was JSON, but none of the forms jsonl, locomo, openai, chatgpt, mcp, mem0 or agent");
}

/* ---- running it ------------------------------------------------------------------------------------------------ */

static epi_status need_space(const epi__sink *sink) {
    if (sink->options->space != NULL) return EPI_OK;
    return epi__fail(EPI_EINVAL, "transfer", "format %s names no space, so one has to be given",
                     epi_format_name(sink->report->format));
}

static epi_status import_entries(epi__sink *sink, const epi__entries *entries) {
    epi_format format = sink->report->format;
    sink->unit = entries->unit;
    if (format == EPI_FORMAT_LOCOMO) return epi__import_locomo(sink, entries);
    EPI__TRY(need_space(sink));
    if (format == EPI_FORMAT_MCP) return epi__import_mcp(sink, entries);
    if (format == EPI_FORMAT_MEM0) return epi__import_mem0(sink, entries);
    return format == EPI_FORMAT_OPENAI ? epi__import_openai(sink, entries) : epi__import_chatgpt(sink, entries);
}

/* The forms that may be read while a line of them is broken. */
static epi_status import_lines(epi__sink *sink, const char *text, size_t size) {
    if (sink->report->format == EPI_FORMAT_JSONL) return epi__import_jsonl(sink, text, size);
    EPI__TRY(need_space(sink));
    return epi__import_agent(sink, text, size);
}

/* What came before a malformed place is stored; the first failure is the one that is told. */
static epi_status finish(epi__sink *sink, epi_status status) {
    if (status == EPI_OK) return epi__sink_flush(sink);
    if (status != EPI_EFORMAT && status != EPI_EJSON && status != EPI_EUTF8) return status;
    char message[512] = "";
    strncpy(message, epi_error_last()->message, sizeof message - 1);
    epi__sink_flush(sink);
    return epi__fail(status, "transfer", "%s", message);
}

static epi_status import_document(epi__sink *sink, const char *text, size_t size) {
    epi__entries entries = {0};
    epi_status status = epi__entries_read(&entries, text, size);
    if (status == EPI_OK) status = tell_format(&sink->report->format, &entries);
    if (status == EPI_OK) status = finish(sink, import_entries(sink, &entries));
    epi__entries_dispose(&entries);
    return status;
}

epi_status epi_import(epi_import_report *report, epi_memory *memory, const char *text, size_t size,
                      const epi_import_options *options) {
    epi_import_options defaults = epi_import_options_default();
    epi_import_report unused;
    if (report == NULL) report = &unused;
    *report = (epi_import_report){0};
    if (memory == NULL || (text == NULL && size > 0)) return epi__fail(EPI_EINVAL, "transfer", "an argument was NULL");
    if (options == NULL) options = &defaults;
    if (options->version != 1)
        return epi__fail(EPI_EINVAL, "transfer", "import options have version %u, expected 1", options->version);
    if ((size_t)options->format >= EPI__COUNT(names))
        return epi__fail(EPI_EINVAL, "transfer", "the format was unknown");
    epi__sink *sink = epi__alloc_zero(1, sizeof *sink);
    if (sink == NULL) return epi__fail_memory("transfer", sizeof *sink);
    sink->memory = memory;
    sink->options = options;
    sink->report = report;
    sink->unit = "line";
    report->format = options->format;
    epi_status status = tell_lines(&report->format, text, size);
    bool lines = report->format == EPI_FORMAT_JSONL || report->format == EPI_FORMAT_AGENT;
    if (status == EPI_OK && lines) {
        status = finish(sink, import_lines(sink, text, size));
    } else if (status == EPI_OK) {
        status = import_document(sink, text, size);
    }
    epi__sink_dispose(sink);
    epi__free(sink);
    return status;
}
