/* chat.c - asking an OpenAI-compatible chat endpoint; see chat.h.
 *
 *   POST {url}/chat/completions   {"model", "messages": [{"role", "content"}, ...]}
 *   200                           {"choices": [{"message": {"content": text}}, ...]}
 *
 * Anything else is no answer: another code, an answer that breaks off, is too large, too late, no JSON or without text.
 */
#include "chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <episodic/sys/json.h>

typedef struct answer {
    char *text;
    size_t size, room;
} answer;

struct chat {
    CURL *easy;
    struct curl_slist *headers;
    char *url, *model;
    answer answer;
    char why[CHAT_WHY_SIZE];
};

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *prefix) {
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_this_machine(const char *host) {
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t size = strlen(names[i]);
        if (starts_with(host, names[i]) && strchr(":/?#", host[size])) return true; /* the end is found too */
    }
    return false;
}

static const char *refuse(const chat_options *options) {
    const char *url = options->url ? options->url : "";
    const char *host = strstr(url, "://");
    if (!options->model || !*options->model) return "no model is named";
    if (!host || !(starts_with(url, "http://") || starts_with(url, "https://"))) return "its address is not http(s)";
    host += 3;
    if (memchr(host, '@', strcspn(host, "/?#"))) return "its address holds a user or a password";
    if (options->key && starts_with(url, "http://") && !is_this_machine(host))
        return "a key would go over the network in the clear";
    if (options->key && strpbrk(options->key, "\r\n")) return "the key has more than one line";
    return NULL;
}

static char *whole_url(const char *url) {
    static const char end[] = "/chat/completions";
    size_t size = strlen(url);
    while (size > 0 && url[size - 1] == '/') size--;
    bool whole = size >= sizeof end - 1 && strncmp(url + size - (sizeof end - 1), end, sizeof end - 1) == 0;
    char *out = malloc(size + sizeof end);
    if (out) sprintf(out, "%.*s%s", (int)size, url, whole ? "" : end);
    return out;
}

static bool add_header(chat *c, const char *line) {
    struct curl_slist *grown = curl_slist_append(c->headers, line);
    if (grown) c->headers = grown;
    return grown != NULL;
}

static bool add_headers(chat *c, const char *key) {
    if (!add_header(c, "Content-Type: application/json")) return false;
    if (!key || !*key) return true;
    size_t size = strlen(key) + 32;
    char *line = malloc(size);
    if (!line) return false;
    snprintf(line, size, "Authorization: Bearer %s", key);
    bool ok = add_header(c, line);
    free(line);
    return ok;
}

static size_t take(char *data, size_t size, size_t count, void *to) {
    answer *a = to;
    size *= count;
    if (size > CHAT_ANSWER_SIZE_MAX - a->size) return 0;
    if (a->size + size + 1 > a->room) {
        size_t room = 2 * (a->size + size + 1);
        char *grown = realloc(a->text, room);
        if (!grown) return 0;
        a->text = grown;
        a->room = room;
    }
    memcpy(a->text + a->size, data, size);
    a->size += size;
    a->text[a->size] = '\0';
    return size;
}

static bool set_up(chat *c, const chat_options *options) {
    c->url = whole_url(options->url);
    c->model = strdup(options->model);
    c->easy = curl_easy_init();
    if (!c->url || !c->model || !c->easy || !add_headers(c, options->key)) return false;
    curl_easy_setopt(c->easy, CURLOPT_URL, c->url);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS,
                     options->timeout_ms > 0 ? options->timeout_ms : (long)CHAT_TIMEOUT_MS_DEFAULT);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, &c->answer);
    return true;
}

chat *chat_open(const chat_options *options, char why[CHAT_WHY_SIZE]) {
    const char *refused = refuse(options);
    chat *c = refused ? NULL : calloc(1, sizeof *c);
    if (c && set_up(c, options)) return c;
    snprintf(why, CHAT_WHY_SIZE, "the chat endpoint cannot be used: %s", refused ? refused : "memory ran out");
    chat_close(c);
    return NULL;
}

void chat_close(chat *c) {
    if (!c) return;
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    free(c->url);
    free(c->model);
    free(c->answer.text);
    free(c);
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

static epi_json_writer *write_request(const chat *c, const chat_message *messages, size_t count) {
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false)) return NULL;
    epi_json_begin_object(writer, NULL);
    epi_json_put_string(writer, "model", c->model, strlen(c->model));
    epi_json_begin_array(writer, "messages");
    for (size_t i = 0; i < count; i++) {
        epi_json_begin_object(writer, NULL);
        epi_json_put_string(writer, "role", messages[i].role, strlen(messages[i].role));
        epi_json_put_string(writer, "content", messages[i].text, strlen(messages[i].text));
        epi_json_end(writer);
    }
    epi_json_end(writer);
    epi_json_end(writer);
    return writer;
}

static void *because(chat *c, const char *why) {
    snprintf(c->why, sizeof c->why, "the chat endpoint gave no answer: %s", why);
    return NULL;
}

static char *read_answer(chat *c) {
    epi_json *root = NULL;
    if (epi_json_parse(&root, c->answer.text ? c->answer.text : "", c->answer.size))
        return because(c, "what it sent is not JSON");
    const epi_json *choice = epi_json_first(epi_json_member(root, "choices"));
    const char *text = epi_json_string(epi_json_member(epi_json_member(choice, "message"), "content"), NULL);
    char *copy = text && *text ? strdup(text) : NULL;
    epi_json_free(root);
    return copy ? copy : because(c, "what it sent has no text");
}

char *chat_ask(chat *c, const chat_message *messages, size_t count) {
    size_t size = 0;
    long code = 0;
    char what[64];
    epi_json_writer *writer = write_request(c, messages, count);
    const char *body = writer ? epi_json_writer_text(&size, writer) : NULL;
    c->answer.size = 0;
    if (!body) {
        epi_json_writer_free(writer);
        return because(c, "memory ran out");
    }
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    CURLcode result = curl_easy_perform(c->easy);
    epi_json_writer_free(writer);
    if (result == CURLE_WRITE_ERROR) return because(c, "what it sent is too large");
    if (result != CURLE_OK) return because(c, curl_easy_strerror(result));
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &code);
    snprintf(what, sizeof what, "it returned the code %ld", code);
    return code == 200 ? read_answer(c) : because(c, what); /* its message may quote the key */
}

const char *chat_why(const chat *c) {
    return c->why;
}

char *chat_read_key(const char *path) {
    char *line = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "r");
    if (!file) return NULL;
    if (getline(&line, &room, file) < 0 && line) *line = '\0';
    fclose(file);
    if (line) line[strcspn(line, "\r\n")] = '\0';
    if (line && *line) return line;
    free(line);
    return NULL;
}
