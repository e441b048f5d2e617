/* resources.c - episodes, steps and spaces as resources of MCP; see resources.h. Reading one runs the operation that a
 * tool would, so that both say the same and refuse the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cursor.h"
#include "hash.h"
#include "operation.h"
#include "render.h"
#include "resources.h"

#define PREFIX "episodic://space/"
#define NAME_SIZE (3u * EPI_NAME_SIZE_MAX + 4u) /* percent-encoded */
#define URI_SIZE (NAME_SIZE + 128u)
#define PAGE 50u

const char resources_templates[] = "[{\"uriTemplate\":\"" PREFIX
                                   "{space}\",\"name\":\"space\",\"title\":\"Space\",\"description\":\"What a space "
                                   "holds, counted.\",\"mimeType\":\"application/json\"},"
                                   "{\"uriTemplate\":\"" PREFIX
                                   "{space}/episode/{episode}\",\"name\":\"episode\",\"title\":\"Episode\","
                                   "\"description\":\"The steps of an episode.\",\"mimeType\":\"application/json\"},"
                                   "{\"uriTemplate\":\"" PREFIX
                                   "{space}/step/{step}\",\"name\":\"step\",\"title\":\"Step\",\"description\":\"All "
                                   "versions of a step.\",\"mimeType\":\"application/json\"}]";

/* ---- names in URIs --------------------------------------------------------------------------------------------- */

static bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

static void encode_name(char out[NAME_SIZE], const char *name) {
    size_t at = 0;
    for (; *name != '\0' && at + 4 <= NAME_SIZE; name++) {
        if (is_unreserved(*name))
            out[at++] = *name;
        else
            at += (size_t)snprintf(out + at, 4, "%%%02X", (unsigned)(unsigned char)*name);
    }
    out[at] = '\0';
}

static int hex_value(char c) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)((at - digits) % 16) : -1;
}

/* @return false where the encoding is broken, or the name is too long for any space. */
static bool decode_name(char out[EPI_NAME_SIZE_MAX + 1], const char *text, size_t size) {
    size_t at = 0;
    for (size_t i = 0; i < size; i++) {
        if (at == EPI_NAME_SIZE_MAX) return false;
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < size ? hex_value(text[i + 1]) : -1;
            int low = i + 2 < size ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0') return false;
        out[at++] = c;
    }
    out[at] = '\0';
    return at > 0;
}

/* ---- the list: episodes of the spaces that the command line names, the newest first ----------------------------- */

static void put_entry(epi_json_writer *writer, const char *space, const epi_episode_info *info) {
    char name[NAME_SIZE], text[URI_SIZE];
    encode_name(name, space);
    epi_json_begin_object(writer, NULL);
    snprintf(text, sizeof text, PREFIX "%s/episode/%" PRIu64, name, info->id);
    render_text(writer, "uri", text);
    snprintf(text, sizeof text, "episode %" PRIu64, info->id);
    render_text(writer, "name", text);
    render_optional(writer, "title", info->title);
    render_text(writer, "mimeType", "application/json");
    epi_json_begin_object(writer, "annotations");
    render_time(writer, "lastModified", info->time.to, 0);
    epi_json_end(writer);
    epi_json_end(writer);
}

/* A page of one space's episodes. @return where the next begins; 0: there is none */
static size_t put_page(mcp_request *request, epi_space *space, size_t newer) {
    epi_timeline *timeline = NULL;
    if (epi_timeline_read(&timeline, space, EPI_TIME_NONE, EPI_TIME_NONE, newer + PAGE + 1) != EPI_OK) {
        mcp_fail(request, MCP_INTERNAL_ERROR, "%s", epi_error_last()->message);
        return 0;
    }
    size_t count = epi_timeline_count(timeline);
    size_t end = count > newer ? count - newer : 0;
    size_t begin = end > PAGE ? end - PAGE : 0;
    for (size_t i = end; i > begin; i--)
        put_entry(request->result, epi_space_name(space), epi_timeline_episode(timeline, i - 1));
    epi_timeline_free(timeline);
    return begin > 0 ? newer + PAGE : 0;
}

static const char *const lists[] = {"resources of talk", "resources of work"};

void resources_list(mcp_request *request, const char *cursor) {
    service *of = request->exchange->registry->context;
    const char *names[] = {service_default_space(of, FOR_TALK), service_default_space(of, FOR_WORK)};
    uint64_t newer = 0;
    size_t use = FOR_TALK;
    if (cursor != NULL && !cursor_read(&newer, cursor, lists[FOR_TALK], NULL)) {
        use = FOR_WORK;
        if (!cursor_read(&newer, cursor, lists[FOR_WORK], NULL)) {
            mcp_fail(request, MCP_INVALID_PARAMS, "params.cursor is none that this list gave");
            return;
        }
    }
    bool two = names[FOR_WORK] != NULL && (names[FOR_TALK] == NULL || strcmp(names[FOR_TALK], names[FOR_WORK]) != 0);
    if (use == FOR_TALK && names[FOR_TALK] == NULL) use = FOR_WORK;
    epi_space *space = NULL;
    size_t next = 0;
    char text[CURSOR_SIZE];
    epi_json_begin_array(request->result, "resources");
    if (names[use] != NULL && service_space(&space, of, (service_use)use, names[use], NULL) == EPI_OK)
        next = put_page(request, space, (size_t)newer);
    epi_json_end(request->result);
    if (next == 0 && use == FOR_TALK && two)
        use = FOR_WORK;
    else if (next == 0)
        return;
    render_text(request->result, "nextCursor", cursor_write(text, lists[use], NULL, next));
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* A URI taken apart. */
typedef struct address {
    char space[EPI_NAME_SIZE_MAX + 1];
    const char *kind; /* "episode", "step"; NULL: the space itself */
    int64_t id;
    int64_t first; /* step of an episode to begin at, from 0 */
} address;

/* @return behind the digits; NULL where there are none */
static const char *read_number(int64_t *number, const char *text) {
    const char *digit = text;
    for (*number = 0; *digit >= '0' && *digit <= '9' && digit - text < 18; digit++)
        *number = *number * 10 + (*digit - '0');
    return digit != text ? digit : NULL;
}

/* "ID" or "ID?first=INDEX" */
static bool read_id(address *a, const char *text) {
    const char *rest = read_number(&a->id, text);
    if (rest == NULL || a->id == 0) return false;
    if (strncmp(rest, "?first=", 7) == 0 && strcmp(a->kind, "episode") == 0) rest = read_number(&a->first, rest + 7);
    return rest != NULL && *rest == '\0';
}

static bool read_address(address *a, const char *uri) {
    memset(a, 0, sizeof *a);
    if (strncmp(uri, PREFIX, strlen(PREFIX)) != 0) return false;
    const char *name = uri + strlen(PREFIX);
    size_t size = strcspn(name, "/?#");
    const char *rest = name + size;
    if (!decode_name(a->space, name, size)) return false;
    if (*rest == '\0') return true;
    a->kind = strncmp(rest, "/episode/", 9) == 0 ? "episode" : strncmp(rest, "/step/", 6) == 0 ? "step" : NULL;
    return a->kind != NULL && read_id(a, rest + strlen(a->kind) + 2);
}

static void put_arguments(epi_json_writer *writer, const address *a) {
    epi_json_begin_object(writer, NULL);
    render_text(writer, "space", a->space);
    if (a->kind != NULL) epi_json_put_integer(writer, a->kind, a->id);
    if (a->kind != NULL && strcmp(a->kind, "episode") == 0) {
        epi_json_put_integer(writer, "first", a->first);
        epi_json_put_integer(writer, "limit", 1000);
        epi_json_put_integer(writer, "budget", 200000);
    }
    epi_json_end(writer);
}

static void put_contents(mcp_request *request, const char *uri, operation_call *call, const operation *op) {
    epi_status status = operation_run(call, op);
    size_t size = 0;
    const char *text = status == EPI_OK ? epi_json_writer_text(&size, call->result) : NULL;
    if (status == EPI_ENOTFOUND || status == EPI_ESTALE || status == EPI_EPERMISSION || call->refused) {
        mcp_fail_resource(request, uri);
    } else if (text == NULL) {
        mcp_fail(request, MCP_INTERNAL_ERROR, "%s", call->line);
    } else {
        epi_json_begin_array(request->result, "contents");
        epi_json_begin_object(request->result, NULL);
        render_text(request->result, "uri", uri);
        render_text(request->result, "mimeType", "application/json");
        epi_json_put_string(request->result, "text", text, size);
        epi_json_end(request->result);
        epi_json_end(request->result);
    }
}

static const operation *operation_of(const address *a) {
    return operation_find(a->kind == NULL ? "stats" : strcmp(a->kind, "step") == 0 ? "history" : "episode");
}

/* A call that reads an address; false without memory, or where the name is no UTF-8. */
static bool open_call(operation_call *call, epi_json **arguments, service *of, const address *a) {
    epi_json_writer *words = NULL;
    size_t size = 0;
    *call = (operation_call){.service = of};
    if (epi_json_writer_new(&words, false) == EPI_OK && epi_json_writer_new(&call->result, false) == EPI_OK)
        put_arguments(words, a);
    const char *text = epi_json_writer_text(&size, words);
    bool open = text != NULL && epi_json_parse(arguments, text, size) == EPI_OK;
    call->arguments = *arguments;
    epi_json_writer_free(words);
    return open;
}

static void close_call(operation_call *call, epi_json *arguments) {
    epi_json_free(arguments);
    epi_json_writer_free(call->result);
}

void resources_read(mcp_request *request, const char *uri) {
    address a;
    operation_call call;
    epi_json *arguments = NULL;
    if (!read_address(&a, uri)) {
        mcp_fail_resource(request, uri);
        return;
    }
    if (open_call(&call, &arguments, request->exchange->registry->context, &a))
        put_contents(request, uri, &call, operation_of(&a));
    else
        mcp_fail_resource(request, uri);
    close_call(&call, arguments);
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

/* What a space holds now. False: there is no such space, or it may not be read. */
static bool read_stats(epi_space_stats *stats, service *of, service_use use, const char *name) {
    epi_space *space = NULL;
    if (name == NULL || service_space(&space, of, use, name, NULL) != EPI_OK) return false;
    epi_status status = epi_space_stats_read(stats, space);
    if (status == EPI_ESTALE) service_recheck_space(of, space);
    return status == EPI_OK;
}

/* A hash of the text that reading it gives; 0: there is nothing to read. */
static uint64_t digest_of(service *of, const address *a) {
    operation_call call;
    epi_json *arguments = NULL;
    uint64_t digest = 0;
    size_t size = 0;
    if (open_call(&call, &arguments, of, a) && operation_look(&call, operation_of(a)) == EPI_OK) {
        const char *text = epi_json_writer_text(&size, call.result);
        digest = hash_bytes(HASH_START, text, size) | 1u;
    }
    close_call(&call, arguments);
    return digest;
}

static bool note(mcp_mark *mark, uint64_t sequence, uint64_t digest) {
    bool changed = digest != mark->digest;
    *mark = (mcp_mark){sequence, digest};
    return changed;
}

/* The list has as many entries as there are episodes. */
static bool list_changed(mcp_mark *mark, service *of) {
    uint64_t sequence = 1, digest = HASH_START;
    for (service_use use = FOR_TALK; use <= FOR_WORK; use++) {
        epi_space_stats stats = {0};
        if (!read_stats(&stats, of, use, service_default_space(of, use))) continue;
        sequence += stats.sequence;
        digest = hash_bytes(digest, &stats.episodes, sizeof stats.episodes);
    }
    return note(mark, sequence, digest | 1u);
}

bool resources_changed(mcp_mark *mark, void *context, const char *uri) {
    address a;
    epi_space_stats stats;
    if (uri == NULL) return list_changed(mark, context);
    if (!read_address(&a, uri)) return false;
    if (!read_stats(&stats, context, FOR_TALK, a.space)) return note(mark, 0, 0);
    uint64_t sequence = stats.sequence + 1; /* never 0 */
    if (sequence == mark->sequence) return false;
    return note(mark, sequence, a.kind == NULL ? sequence : digest_of(context, &a));
}
