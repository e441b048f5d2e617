/* remote_send.c - sending texts: ranges of them wait in a queue until they are due, several are under way at once, and
 * what comes back settles a range or puts it back: whole after a pause, or in two halves when the server refuses it.
 *
 * Pauses: exponential with jitter ("equal jitter", Brooker 2015), never shorter than the server asked for. A range
 * whose next attempt would begin behind the call's limit fails at once.
 */
#include <stdio.h>

#include "remote.h"

#define MODULE "encode"
#define PAUSE_MS_MAX 30000u

struct range {
    size_t first, count;
    unsigned tries;
    uint64_t due; /* of the monotonic clock */
};

struct flight {
    epi__http_post post;
    epi_json_writer *writer;
    struct range range;
    bool flying;
};

struct sending {
    epi__remote *remote;
    const epi__remote_texts *texts;
    epi__http *http;
    uint64_t until;
    uint64_t retry_at;  /* when the server, which failed, may be asked again */
    epi_status refused; /* of a text that was refused for good */
    char refusal[192];
    struct range *queue;
    size_t queued, room;
    struct flight *flights; /* options.parallel of them */
    size_t flying;
};

static epi_status push(struct sending *s, struct range range) {
    if (s->queued == s->room) {
        size_t room = 2 * s->room + 16;
        struct range *grown = epi__realloc(s->queue, room, sizeof *grown);
        if (!grown) return epi__fail_memory(MODULE, room * sizeof *grown);
        s->queue = grown;
        s->room = room;
    }
    s->queue[s->queued++] = range;
    return EPI_OK;
}

/* ---- what an answer means ---------------------------------------------------------------------------------------- */

static bool is_worth_another(const epi__http_post *post) {
    if (post->status) return post->status == EPI_EIO || post->status == EPI_ETIMEOUT;
    return post->code == 408 || post->code == 429 || post->code >= 500;
}

static bool is_refusal(const epi__http_post *post) {
    return !post->status && (post->code == 400 || post->code == 413 || post->code == 422);
}

static uint64_t pause_us(struct sending *s, const struct flight *flight) {
    uint64_t most = (uint64_t)s->remote->options.pause_ms << EPI__MIN(flight->range.tries - 1, 16u);
    most = EPI__MIN(most, PAUSE_MS_MAX) * 1000;
    pthread_mutex_lock(&s->remote->mutex);
    uint64_t pause = most / 2 + epi__random_below(&s->remote->random, most / 2 + 1);
    pthread_mutex_unlock(&s->remote->mutex);
    return EPI__MAX(pause, flight->post.retry_after_ms * 1000);
}

/* A line for what went wrong for good, or too often. */
static epi_status fail_flight(const struct sending *s, const struct flight *flight) {
    const epi__http_post *post = &flight->post;
    char reason[192];
    if (post->status)
        return epi__fail(post->status == EPI_ELIMIT ? EPI_EFORMAT : post->status, MODULE,
                         "the server did not answer at attempt %u: %s", flight->range.tries, post->why);
    epi__remote_reason(reason, sizeof reason, s->remote, post);
    epi_status status = post->code == 401 || post->code == 403 ? EPI_EPERMISSION
                        : post->code == 404                    ? EPI_ENOTFOUND
                        : post->code == 408                    ? EPI_ETIMEOUT
                        : post->code == 429                    ? EPI_EBUSY
                        : post->code >= 500                    ? EPI_EIO
                                                               : EPI_EUNSUPPORTED;
    return epi__fail(status, MODULE, "the server answered %u at attempt %u%s", post->code, flight->range.tries, reason);
}

static epi_status try_again(struct sending *s, struct flight *flight) {
    struct range range = flight->range;
    range.due = epi__clock_monotonic_us() + pause_us(s, flight);
    s->retry_at = EPI__MAX(s->retry_at, range.due);
    if (range.tries >= s->remote->options.attempts || range.due >= s->until) return fail_flight(s, flight);
    return push(s, range);
}

static epi_status halve(struct sending *s, const struct range *range) {
    size_t half = range->count / 2;
    EPI__TRY(push(s, (struct range){range->first, half, 0, 0}));
    return push(s, (struct range){range->first + half, range->count - half, 0, 0});
}

/* One text is refused. Before the server has encoded anything that may be its way of saying that the model or the
 * dimension is wrong, so nothing is concluded about the text. */
static epi_status refuse(struct sending *s, const struct flight *flight) {
    pthread_mutex_lock(&s->remote->mutex);
    bool worked = s->remote->worked;
    pthread_mutex_unlock(&s->remote->mutex);
    epi_status status = fail_flight(s, flight);
    if (!worked) return status;
    s->refused = EPI_EINVAL;
    (void)snprintf(s->refusal, sizeof s->refusal, "%s", epi_error_last()->message);
    return EPI_OK;
}

/* A cache that cannot be written only costs asking again, so it is told and no failure. */
static void keep_in_cache(epi__remote *remote, const epi__hash128 *hashes, const float *vectors, size_t count) {
    if (!remote->cache) return;
    epi_status status = epi__vector_cache_put(remote->cache, hashes, vectors, count);
    pthread_mutex_lock(&remote->mutex);
    (void)snprintf(remote->note, sizeof remote->note, "%s", status ? epi_error_last()->message : "");
    pthread_mutex_unlock(&remote->mutex);
}

/* The vectors are kept before anything else can fail. */
static epi_status accept(struct sending *s, const struct flight *flight) {
    epi__remote *remote = s->remote;
    const struct range *range = &flight->range;
    float *vectors = s->texts->vectors + range->first * remote->options.dimension;
    EPI__TRY(epi__remote_read(vectors, remote, &flight->post.answer, range->count));
    keep_in_cache(remote, s->texts->hashes + range->first, vectors, range->count);
    pthread_mutex_lock(&remote->mutex);
    remote->worked = true;
    pthread_mutex_unlock(&remote->mutex);
    return EPI_OK;
}

static epi_status settle(struct sending *s, struct flight *flight) {
    flight->flying = false;
    s->flying--;
    if (is_worth_another(&flight->post)) return try_again(s, flight);
    if (is_refusal(&flight->post)) return flight->range.count > 1 ? halve(s, &flight->range) : refuse(s, flight);
    if (flight->post.status || flight->post.code != 200) return fail_flight(s, flight);
    return accept(s, flight);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static epi_status launch(struct sending *s, struct flight *flight, struct range range, uint64_t now) {
    uint64_t left_ms = (s->until - now) / 1000;
    flight->range = range;
    flight->range.tries++;
    if (!flight->writer) EPI__TRY(epi_json_writer_new(&flight->writer, false));
    size_t size = 0;
    const char *body = epi__remote_body(&size, flight->writer, s->remote, s->texts->texts + range.first, range.count);
    if (!body) return epi__fail_memory(MODULE, range.count);
    flight->post.body = (epi__view){body, size};
    flight->post.tag = flight;
    flight->post.timeout_ms = (uint32_t)EPI__MAX(EPI__MIN(s->remote->options.timeout_ms, left_ms), 1u);
    EPI__TRY(epi__http_begin(s->http, &flight->post));
    flight->flying = true;
    s->flying++;
    return EPI_OK;
}

/* Sends what is due; *next: when something will be, at most the call's limit. */
static epi_status launch_due(struct sending *s, uint64_t *next) {
    uint64_t now = epi__clock_monotonic_us();
    *next = s->until;
    if (now >= s->until && s->queued > 0)
        return epi__fail(EPI_ETIMEOUT, MODULE, "the server did not encode all texts within %u ms",
                         s->remote->options.limit_ms);
    for (size_t i = 0; i < s->queued && s->flying < s->remote->options.parallel;) {
        struct range range = s->queue[i];
        size_t seat = 0;
        if (range.due > now) {
            *next = EPI__MIN(*next, range.due);
            i++;
            continue;
        }
        s->queue[i] = s->queue[--s->queued];
        while (s->flights[seat].flying) seat++;
        EPI__TRY(launch(s, &s->flights[seat], range, now));
    }
    return EPI_OK;
}

static epi_status run(struct sending *s) {
    while (s->queued > 0 || s->flying > 0) {
        epi__http_post *done = NULL;
        uint64_t next = 0;
        EPI__TRY(launch_due(s, &next));
        uint64_t now = epi__clock_monotonic_us();
        EPI__TRY(epi__http_wait(&done, s->http, next > now ? (uint32_t)((next - now + 999) / 1000) : 1));
        if (done) EPI__TRY(settle(s, done->tag));
    }
    return s->refused ? epi__fail(s->refused, MODULE, "%s", s->refusal) : EPI_OK;
}

/* ---- connections and rest ---------------------------------------------------------------------------------------- */

static epi_status take_http(epi__http **http, epi__remote *remote) {
    *http = NULL;
    pthread_mutex_lock(&remote->mutex);
    if (remote->idle_count > 0) *http = remote->idle[--remote->idle_count];
    pthread_mutex_unlock(&remote->mutex);
    if (*http) return EPI_OK;
    const epi__http_options options = {remote->options.url, remote->key, remote->options.ca_file,
                                       epi__remote_answer_size_max(remote)};
    return epi__http_new(http, &options);
}

static void give_http(epi__http *http, epi__remote *remote) {
    pthread_mutex_lock(&remote->mutex);
    bool keep = http && remote->idle_count < EPI__COUNT(remote->idle);
    if (keep) remote->idle[remote->idle_count++] = http;
    pthread_mutex_unlock(&remote->mutex);
    if (!keep) epi__http_free(http);
}

static epi_status check_rest(epi__remote *remote) {
    char why[sizeof remote->why];
    uint64_t now = epi__clock_monotonic_us();
    pthread_mutex_lock(&remote->mutex);
    uint64_t until = remote->rest_until;
    memcpy(why, remote->why, sizeof why);
    pthread_mutex_unlock(&remote->mutex);
    if (now >= until) return EPI_OK;
    return epi__fail(EPI_EBUSY, MODULE, "the server is left alone for %llu ms more after it failed: %s",
                     (unsigned long long)((until - now + 999) / 1000), why);
}

/* After a failure that is not one text's the server is left alone for a while. */
static void note(const struct sending *s, epi_status status) {
    if (!status || status == EPI_EINVAL || status == EPI_ENOMEM) return;
    epi__remote *remote = s->remote;
    uint64_t until = epi__clock_monotonic_us() + (uint64_t)remote->options.pause_ms * 1000;
    pthread_mutex_lock(&remote->mutex);
    remote->rest_until = EPI__MAX(until, s->retry_at);
    (void)snprintf(remote->why, sizeof remote->why, "%s", epi_error_last()->message);
    pthread_mutex_unlock(&remote->mutex);
}

static void end(struct sending *s) {
    for (size_t i = 0; s->flights && i < s->remote->options.parallel; i++) {
        epi__http_cancel(s->http, &s->flights[i].post);
        epi__buffer_dispose(&s->flights[i].post.answer);
        epi_json_writer_free(s->flights[i].writer);
    }
    if (s->http) give_http(s->http, s->remote);
    epi__free(s->flights);
    epi__free(s->queue);
}

epi_status epi__remote_send(epi__remote *remote, const epi__remote_texts *texts) {
    struct sending s = {.remote = remote, .texts = texts};
    EPI__TRY(check_rest(remote));
    s.until = epi__clock_monotonic_us() + (uint64_t)remote->options.limit_ms * 1000;
    s.flights = epi__alloc_zero(remote->options.parallel, sizeof *s.flights);
    epi_status status = s.flights ? take_http(&s.http, remote) : epi__fail_memory(MODULE, sizeof *s.flights);
    for (size_t at = 0; !status && at < texts->count; at += remote->options.batch)
        status = push(&s, (struct range){at, EPI__MIN(remote->options.batch, texts->count - at), 0, 0});
    if (!status) status = run(&s);
    note(&s, status);
    end(&s);
    return status;
}
