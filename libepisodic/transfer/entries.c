/* entries.c - a JSON document or JSONL, seen as one list of entries with their places.
 *
 * JSONL is told from JSON by its first line: an object or array that is complete on it, with more text behind. The one
 * JSON value of a document is spread when it is an array: its elements are the entries.
 * Ownership: the list owns the parsed documents; entries point into them.
 */
#include "transfer.h"

bool epi__line_next(epi__line *line, const char *text, size_t size) {
    const char *end = text + size;
    const char *at = line->number == 0 ? text : line->text + line->size + 1;
    for (; at < end; line->number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) stop = end;
        size_t blank = 0;
        while (at + blank < stop && (at[blank] == ' ' || at[blank] == '\t' || at[blank] == '\r')) blank++;
        if (at + blank < stop) {
            *line = (epi__line){at, (size_t)(stop - at), line->number + 1};
            return true;
        }
        at = stop + 1;
    }
    return false;
}

void epi__entries_dispose(epi__entries *entries) {
    for (size_t i = 0; i < entries->root_count; i++) epi_json_free(entries->roots[i]);
    epi__free(entries->roots);
    epi__free(entries->items);
    *entries = (epi__entries){0};
}

/* True when a first line is JSON by itself and something follows it. */
static epi_status tell_lines(bool *lines, const char *text, size_t size) {
    epi__line first = {text, 0, 0};
    *lines = false;
    if (!epi__line_next(&first, text, size) || (*first.text != '{' && *first.text != '[')) return EPI_OK;
    epi__line second = first;
    if (!epi__line_next(&second, text, size)) return EPI_OK;
    epi_json *root = NULL;
    epi_status status = epi_json_parse(&root, first.text, first.size);
    *lines = status == EPI_OK;
    epi_json_free(root);
    return status == EPI_ENOMEM ? status : EPI_OK;
}

static size_t count_lines(const char *text, size_t size) {
    size_t count = 0;
    for (epi__line line = {text, 0, 0}; epi__line_next(&line, text, size);) count++;
    return count;
}

static epi_status read_lines(epi__entries *entries, const char *text, size_t size) {
    size_t count = count_lines(text, size);
    entries->unit = "line";
    entries->roots = epi__alloc_zero(count, sizeof *entries->roots);
    entries->items = epi__alloc_zero(count, sizeof *entries->items);
    if (entries->roots == NULL || entries->items == NULL)
        return epi__fail_memory("transfer", count * sizeof(epi__entry));
    for (epi__line line = {text, 0, 0}; epi__line_next(&line, text, size);) {
        epi_status status = epi_json_parse(&entries->roots[entries->root_count], line.text, line.size);
        if (status != EPI_OK) {
            return epi__fail(status, "transfer", "line %zu: %s", line.number, epi_error_last()->message);
        }
        entries->items[entries->count++] = (epi__entry){entries->roots[entries->root_count++], line.number};
    }
    return EPI_OK;
}

static epi_status read_document(epi__entries *entries, const char *text, size_t size) {
    entries->unit = "entry";
    entries->roots = epi__alloc_zero(1, sizeof *entries->roots);
    if (entries->roots == NULL) return epi__fail_memory("transfer", sizeof *entries->roots);
    EPI__TRY(epi_json_parse(&entries->roots[0], text, size));
    entries->root_count = 1;
    const epi_json *root = entries->roots[0];
    bool many = epi_json_type_of(root) == EPI_JSON_ARRAY;
    size_t count = many ? epi_json_count(root) : 1;
    entries->items = epi__alloc_zero(EPI__MAX(count, 1), sizeof *entries->items);
    if (entries->items == NULL) return epi__fail_memory("transfer", count * sizeof *entries->items);
    const epi_json *value = many ? epi_json_first(root) : root;
    for (; entries->count < count; value = epi_json_next(value)) {
        entries->items[entries->count] = (epi__entry){value, entries->count + 1};
        entries->count++;
    }
    return EPI_OK;
}

epi_status epi__entries_read(epi__entries *entries, const char *text, size_t size) {
    *entries = (epi__entries){0};
    epi__line line = {text, 0, 0};
    if (!epi__line_next(&line, text, size)) return epi__fail(EPI_EFORMAT, "transfer", "the file was empty");
    bool lines = false;
    epi_status status = tell_lines(&lines, text, size);
    if (status == EPI_OK) status = lines ? read_lines(entries, text, size) : read_document(entries, text, size);
    if (status != EPI_OK) epi__entries_dispose(entries);
    return status;
}
