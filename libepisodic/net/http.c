/* http.c - the one libcurl door; see http.h.
 *
 * A multi handle carries the requests of one epi__http and keeps its connections; each request is an easy handle made
 * for it. libcurl is told to use no signals, which leaves one: writing to a connection that the other side closed,
 * inside the TLS library. So SIGPIPE is blocked in the calling thread while libcurl runs, and one that came is taken
 * away before the mask is restored.
 * The key stands in a header list and nowhere else: not in the address, not in messages.
 */
#include "http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#define MODULE "net"
#define CONNECT_MS_MAX 10000u

struct epi__http {
    CURLM *multi;
    struct curl_slist *headers;
    char *url;
    char *ca_file;
    size_t answer_size_max;
};

/* ---- signals ----------------------------------------------------------------------------------------------------- */

struct quiet {
    sigset_t pipe, before;
    bool pending;
};

static void quiet_begin(struct quiet *q) {
    sigset_t pending;
    sigemptyset(&pending);
    sigemptyset(&q->pipe);
    sigaddset(&q->pipe, SIGPIPE);
    (void)sigpending(&pending);
    q->pending = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &q->pipe, &q->before);
}

static void quiet_end(struct quiet *q) {
    const struct timespec now = {0, 0};
    while (!q->pending && sigtimedwait(&q->pipe, NULL, &now) < 0 && errno == EINTR) continue;
    (void)pthread_sigmask(SIG_SETMASK, &q->before, NULL);
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode initialised = CURLE_FAILED_INIT;

static void initialise(void) {
    initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool part_is(CURLU *url, CURLUPart part, const char *const *values) {
    char *text = NULL;
    bool is = false;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return false;
    for (size_t i = 0; values[i] && !is; i++) is = strcmp(text, values[i]) == 0;
    curl_free(text);
    return is;
}

static bool has_part(CURLU *url, CURLUPart part) {
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

epi_status epi__http_check(const char *text, bool has_key) {
    static const char *const https[] = {"https", NULL}, *const http[] = {"http", NULL};
    static const char *const here[] = {"localhost", "127.0.0.1", "[::1]", NULL};
    epi_status status = EPI_OK;
    CURLU *url = curl_url();
    if (!url) return epi__fail_memory(MODULE, 64);
    if (!text || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        !(part_is(url, CURLUPART_SCHEME, https) || part_is(url, CURLUPART_SCHEME, http)))
        status = epi__fail(EPI_EINVAL, MODULE, "the address was not one of http:// or https://");
    else if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
        status = epi__fail(EPI_EINVAL, MODULE, "the address had a user or password in it; keys do not belong there");
    else if (has_key && part_is(url, CURLUPART_SCHEME, http) && !part_is(url, CURLUPART_HOST, here))
        status = epi__fail(EPI_EINVAL, MODULE, "a key is sent over https:// or to this machine only");
    curl_url_cleanup(url);
    return status;
}

/* ---- the object -------------------------------------------------------------------------------------------------- */

static char *copy_of(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = epi__alloc(size);
    if (copy) memcpy(copy, text, size);
    return copy;
}

static bool add_header(epi__http *http, const char *line) {
    struct curl_slist *longer = curl_slist_append(http->headers, line);
    if (longer) http->headers = longer;
    return longer != NULL;
}

static bool add_key(epi__http *http, const char *key) {
    epi__buffer line = {0};
    if (!key) return true;
    epi__buffer_append_format(&line, "Authorization: Bearer %s", key);
    bool added = !line.failed && add_header(http, epi__buffer_text(&line));
    if (line.data) explicit_bzero(line.data, line.size);
    epi__buffer_dispose(&line);
    return added;
}

epi_status epi__http_new(epi__http **made, const epi__http_options *options) {
    *made = NULL;
    (void)pthread_once(&once, initialise);
    if (initialised != CURLE_OK) return epi__fail(EPI_EINTERNAL, MODULE, "libcurl could not be initialised");
    EPI__TRY(epi__http_check(options->url, options->key != NULL));
    epi__http *http = epi__alloc_zero(1, sizeof *http);
    if (!http) return epi__fail_memory(MODULE, sizeof *http);
    http->answer_size_max = options->answer_size_max;
    http->url = copy_of(options->url);
    http->ca_file = options->ca_file ? copy_of(options->ca_file) : NULL;
    http->multi = curl_multi_init();
    /* No "Expect: 100-continue": it costs a round trip, and small servers do not know it. */
    if (!http->url || !http->multi || (options->ca_file && !http->ca_file) ||
        !add_header(http, "Content-Type: application/json") || !add_header(http, "Accept: application/json") ||
        !add_header(http, "Expect:") || !add_key(http, options->key)) {
        epi__http_free(http);
        return epi__fail_memory(MODULE, sizeof *http);
    }
    *made = http;
    return EPI_OK;
}

void epi__http_free(epi__http *http) {
    struct quiet quiet;
    if (!http) return;
    quiet_begin(&quiet);
    if (http->multi) (void)curl_multi_cleanup(http->multi);
    quiet_end(&quiet);
    for (struct curl_slist *at = http->headers; at; at = at->next) explicit_bzero(at->data, strlen(at->data));
    curl_slist_free_all(http->headers);
    epi__free(http->url);
    epi__free(http->ca_file);
    epi__free(http);
}

/* ---- one post ---------------------------------------------------------------------------------------------------- */

static size_t receive(char *data, size_t one, size_t size, void *context) {
    epi__http_post *post = context;
    (void)one; /* always 1 */
    if (post->answer.size + size > post->size_max) {
        post->status = EPI_ELIMIT;
        return 0;
    }
    epi__buffer_append(&post->answer, data, size);
    if (post->answer.failed) post->status = EPI_ENOMEM;
    return post->answer.failed ? 0 : size;
}

static bool set_up(CURL *easy, const epi__http *http, epi__http_post *post) {
    bool good = !curl_easy_setopt(easy, CURLOPT_URL, http->url);
    good = good && !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    good = good && !curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    good = good && !curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    good = good && !curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    good = good && !curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    good = good && (!http->ca_file || !curl_easy_setopt(easy, CURLOPT_CAINFO, http->ca_file));
    good = good && !curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
    good = good && !curl_easy_setopt(easy, CURLOPT_USERAGENT, "libepisodic");
    good = good && !curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body.data);
    good = good && !curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.size);
    good = good && !curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    good = good && !curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    good = good && !curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
    good = good && !curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)post->timeout_ms);
    return good && !curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)EPI__MIN(post->timeout_ms, CONNECT_MS_MAX));
}

epi_status epi__http_begin(epi__http *http, epi__http_post *post) {
    struct quiet quiet;
    epi__buffer_clear(&post->answer);
    post->status = EPI_OK;
    post->code = 0;
    post->retry_after_ms = 0;
    post->size_max = http->answer_size_max;
    CURL *easy = curl_easy_init();
    if (!easy) return epi__fail_memory(MODULE, 1024);
    quiet_begin(&quiet);
    bool good = set_up(easy, http, post) && curl_multi_add_handle(http->multi, easy) == CURLM_OK;
    if (!good) curl_easy_cleanup(easy);
    quiet_end(&quiet);
    post->easy = good ? easy : NULL;
    return good ? EPI_OK : epi__fail(EPI_EINTERNAL, MODULE, "libcurl refused a request");
}

static bool is_about_trust(CURLcode code) {
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_ISSUER_ERROR;
}

static void conclude(epi__http_post *post, CURLcode code) {
    curl_off_t wait_s = 0;
    long answered = 0;
    (void)curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &answered);
    (void)curl_easy_getinfo(post->easy, CURLINFO_RETRY_AFTER, &wait_s);
    post->code = (unsigned)answered;
    post->retry_after_ms = wait_s > 0 ? (uint64_t)EPI__MIN(wait_s, 1000000) * 1000 : 0;
    if (code == CURLE_OK) return;
    if (!post->status)
        post->status = code == CURLE_OPERATION_TIMEDOUT ? EPI_ETIMEOUT
                       : code == CURLE_OUT_OF_MEMORY    ? EPI_ENOMEM
                       : is_about_trust(code)           ? EPI_EPERMISSION
                                                        : EPI_EIO;
    if (post->status == EPI_ELIMIT)
        (void)snprintf(post->why, sizeof post->why, "its answer passed the limit of %zu bytes", post->size_max);
    else
        (void)snprintf(post->why, sizeof post->why, "%s", curl_easy_strerror(code));
}

static void detach(epi__http *http, epi__http_post *post) {
    (void)curl_multi_remove_handle(http->multi, post->easy);
    curl_easy_cleanup(post->easy);
    post->easy = NULL;
}

static epi__http_post *take_done(epi__http *http) {
    CURLMsg *message;
    int left = 0;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        epi__http_post *post = NULL;
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &post);
        conclude(post, code);
        detach(http, post);
        return post;
    }
    return NULL;
}

epi_status epi__http_wait(epi__http_post **done, epi__http *http, uint32_t wait_ms) {
    struct quiet quiet;
    int running = 0;
    uint64_t until = epi__clock_monotonic_us() + (uint64_t)wait_ms * 1000;
    CURLMcode code = CURLM_OK;
    quiet_begin(&quiet);
    for (*done = NULL; code == CURLM_OK;) {
        code = curl_multi_perform(http->multi, &running);
        if (code != CURLM_OK || (*done = take_done(http)) != NULL) break;
        uint64_t now = epi__clock_monotonic_us();
        if (now >= until) break;
        code = curl_multi_poll(http->multi, NULL, 0, (int)EPI__MIN((until - now + 999) / 1000, 60000u), NULL);
    }
    quiet_end(&quiet);
    return code == CURLM_OK ? EPI_OK : epi__fail(EPI_EIO, MODULE, "libcurl failed: %s", curl_multi_strerror(code));
}

void epi__http_cancel(epi__http *http, epi__http_post *post) {
    struct quiet quiet;
    if (!post->easy) return;
    quiet_begin(&quiet);
    detach(http, post);
    quiet_end(&quiet);
}
