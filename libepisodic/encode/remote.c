/* remote.c - the remote encoder: its options, its key, its identity, and what is asked of the cache before the server.
 *
 * Identity: the model, the dimension where it is asked for, and where texts are cut; not the address, so that a server
 * may move. A space keeps the options as JSON, which names where the key is found and never holds it.
 */
#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MODULE "encode"
#define KEY_SIZE_MAX 8192u
#define BATCHES 4u /* of each connection in one call, so that none waits for the others */

/* ---- options ----------------------------------------------------------------------------------------------------- */

static epi_status settle_number(uint32_t *value, const char *name, uint32_t otherwise, uint32_t most) {
    if (*value == 0) *value = otherwise;
    return *value <= most ? EPI_OK
                          : epi__fail(EPI_ELIMIT, MODULE, "%s of a remote encoder is %u, limit %u", name, *value, most);
}

static epi_status settle_numbers(epi_remote_options *o) {
    EPI__TRY(settle_number(&o->batch, "batch", EPI_REMOTE_BATCH_DEFAULT, EPI_REMOTE_BATCH_MAX));
    EPI__TRY(settle_number(&o->parallel, "parallel", EPI_REMOTE_PARALLEL_DEFAULT, EPI_REMOTE_PARALLEL_MAX));
    EPI__TRY(settle_number(&o->attempts, "attempts", EPI_REMOTE_ATTEMPTS_DEFAULT, EPI_REMOTE_ATTEMPTS_MAX));
    EPI__TRY(settle_number(&o->timeout_ms, "timeout_ms", EPI_REMOTE_TIMEOUT_MS_DEFAULT, EPI_REMOTE_MS_MAX));
    EPI__TRY(settle_number(&o->limit_ms, "limit_ms", EPI_REMOTE_LIMIT_MS_DEFAULT, EPI_REMOTE_MS_MAX));
    EPI__TRY(settle_number(&o->pause_ms, "pause_ms", EPI_REMOTE_PAUSE_MS_DEFAULT, EPI_REMOTE_MS_MAX));
    return settle_number(&o->text_size_max, "text_size_max", EPI_REMOTE_TEXT_SIZE_DEFAULT, EPI_TEXT_SIZE_MAX);
}

static epi_status keep_texts(epi__remote *remote) {
    epi_remote_options *o = &remote->options;
    const char **texts[] = {&o->url, &o->model, &o->key_variable, &o->key_file, &o->ca_file, &o->cache};
    for (size_t i = 0; i < EPI__COUNT(texts); i++) {
        if (!*texts[i]) continue;
        *texts[i] = epi__arena_text(&remote->arena, *texts[i], strlen(*texts[i]));
        if (!*texts[i]) return epi__fail_memory(MODULE, 64);
    }
    return EPI_OK;
}

static epi_status check(const epi_remote_options *o) {
    if (!o || o->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "the options of a remote encoder were NULL or of another version than 1");
    if (!o->url || !o->model || !*o->model)
        return epi__fail(EPI_EINVAL, MODULE, "a remote encoder needs a url and a model");
    if (o->dimension == 0 || o->dimension > EPI_DIMENSION_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "dimension is %u, limits 1 and %u", o->dimension, EPI_DIMENSION_MAX);
    return epi__http_check(o->url, o->key_variable || o->key_file);
}

/* ---- the key ----------------------------------------------------------------------------------------------------- */

static epi_status read_key_file(char key[KEY_SIZE_MAX + 1], const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) return epi__fail_errno(MODULE, errno, "opening the file of a key", path);
    ssize_t size = read(file, key, KEY_SIZE_MAX);
    int failed = errno;
    (void)close(file);
    if (size < 0) return epi__fail_errno(MODULE, failed, "reading the file of a key", path);
    key[size] = '\0';
    key[strcspn(key, "\r\n")] = '\0';
    return EPI_OK;
}

/* Printable ASCII only: it goes into a header. The message says where it is from, not what it is. */
static epi_status check_key(const char *key, const char *from) {
    for (const char *at = key; *at; at++)
        if (*at <= ' ' || *at > '~')
            return epi__fail(EPI_EINVAL, MODULE, "the key of %s has a blank or a character that no key has", from);
    return *key ? EPI_OK : epi__fail(EPI_EINVAL, MODULE, "the key of %s is empty", from);
}

static epi_status keep_key(epi__remote *remote) {
    const epi_remote_options *o = &remote->options;
    char key[KEY_SIZE_MAX + 1] = "";
    if (!o->key_variable && !o->key_file) return EPI_OK;
    const char *from = o->key_variable ? o->key_variable : o->key_file;
    const char *variable = o->key_variable ? getenv(o->key_variable) : NULL;
    epi_status status = EPI_OK;
    if (!o->key_variable)
        status = read_key_file(key, o->key_file);
    else if (!variable)
        status = epi__fail(EPI_ENOTFOUND, MODULE, "the environment variable %s, which holds the key, is not set", from);
    else if (strlen(variable) > KEY_SIZE_MAX)
        status = epi__fail(EPI_ELIMIT, MODULE, "the key of %s has %zu bytes, limit %u", from, strlen(variable),
                           KEY_SIZE_MAX);
    else
        memcpy(key, variable, strlen(variable) + 1);
    if (!status) status = check_key(key, from);
    if (!status && !(remote->key = epi__alloc(strlen(key) + 1))) status = epi__fail_memory(MODULE, strlen(key));
    if (!status) memcpy(remote->key, key, strlen(key) + 1);
    explicit_bzero(key, sizeof key);
    return status;
}

/* ---- encoding ---------------------------------------------------------------------------------------------------- */

struct call {
    epi_encoder_text *texts; /* to be sent, cut */
    epi__hash128 *hashes;
    float *vectors;
    size_t count;
    size_t *same; /* same[row]: text that it is, + 1; 0: it has its vector, or gets none */
    epi__map seen;
};

static epi_encoder_text cut(const epi_encoder_text *text, size_t most) {
    size_t size = EPI__MIN(text->size, most);
    while (size > 0 && size < text->size && ((uint8_t)text->data[size] & 0xC0) == 0x80) size--;
    return (epi_encoder_text){text->data, size};
}

/* What the cache has not, each text once. */
static epi_status look_up(struct call *c, epi__remote *remote, float *vectors, const epi_encoder_text *texts,
                          size_t count) {
    uint32_t dimension = remote->options.dimension;
    if (remote->cache) EPI__TRY(epi__vector_cache_refresh(remote->cache));
    for (size_t i = 0; i < count; i++) {
        epi_encoder_text text = cut(&texts[i], remote->options.text_size_max);
        epi__hash128 hash = epi__hash128_of(text.data, text.size);
        uint64_t place = 0;
        if (text.size == 0) continue; /* servers refuse it, and it says nothing */
        if (epi__map_get(&c->seen, hash.low, &place) && c->hashes[place].high == hash.high) {
            c->same[i] = (size_t)place + 1;
        } else if (!remote->cache || !epi__vector_cache_get(vectors + i * dimension, remote->cache, &hash)) {
            if (!epi__map_put(&c->seen, hash.low, c->count)) return epi__fail_memory(MODULE, sizeof hash);
            c->texts[c->count] = text;
            c->hashes[c->count] = hash;
            c->same[i] = ++c->count;
        }
    }
    return EPI_OK;
}

static epi_status encode_missing(struct call *c, epi__remote *remote, float *vectors, size_t count) {
    uint32_t dimension = remote->options.dimension;
    if (c->count == 0) return EPI_OK;
    c->vectors = epi__alloc_zero(c->count * dimension, sizeof *c->vectors);
    if (!c->vectors) return epi__fail_memory(MODULE, c->count * dimension * sizeof *c->vectors);
    const epi__remote_texts missing = {c->texts, c->hashes, c->vectors, c->count};
    EPI__TRY(epi__remote_send(remote, &missing));
    for (size_t i = 0; i < count; i++)
        if (c->same[i])
            memcpy(vectors + i * dimension, c->vectors + (c->same[i] - 1) * dimension, dimension * sizeof *vectors);
    return EPI_OK;
}

static epi_status encode(void *context, float *vectors, const epi_encoder_text *texts, size_t count) {
    epi__remote *remote = context;
    struct call c = {.texts = epi__alloc_zero(count, sizeof *c.texts),
                     .hashes = epi__alloc_zero(count, sizeof *c.hashes),
                     .same = epi__alloc_zero(count, sizeof *c.same)};
    epi_status status = c.texts && c.hashes && c.same ? EPI_OK : epi__fail_memory(MODULE, count * sizeof *c.texts);
    if (!status) status = look_up(&c, remote, vectors, texts, count);
    if (!status) status = encode_missing(&c, remote, vectors, count);
    epi__map_dispose(&c.seen);
    epi__free(c.vectors);
    epi__free(c.same);
    epi__free(c.hashes);
    epi__free(c.texts);
    return status;
}

static void close_remote(void *context) {
    epi__remote *remote = context;
    if (!remote) return;
    for (size_t i = 0; i < remote->idle_count; i++) epi__http_free(remote->idle[i]);
    epi__vector_cache_close(remote->cache);
    if (remote->key) explicit_bzero(remote->key, strlen(remote->key));
    epi__free(remote->key);
    pthread_mutex_destroy(&remote->mutex);
    epi__arena_dispose(&remote->arena);
    epi__free(remote);
}

void epi__remote_note(char *note, size_t size, const epi_encoder *encoder) {
    *note = '\0';
    if (encoder->encode != encode) return;
    epi__remote *remote = encoder->context;
    pthread_mutex_lock(&remote->mutex);
    if (remote->note[0])
        (void)snprintf(note, size, "its vectors are not kept, so texts may be sent again: %s", remote->note);
    pthread_mutex_unlock(&remote->mutex);
}

/* ---- identity and source ----------------------------------------------------------------------------------------- */

static const char *identity_of(epi__remote *remote) {
    const epi_remote_options *o = &remote->options;
    epi__buffer text = {0};
    epi__buffer_append_format(&text, "%s text %u", o->model, o->text_size_max);
    if (o->send_dimension) epi__buffer_append_format(&text, " dimensions %u", o->dimension);
    const char *kept = text.failed ? NULL : epi__arena_text(&remote->arena, text.data, text.size);
    epi__buffer_dispose(&text);
    return kept;
}

static void put_text(epi_json_writer *writer, const char *name, const char *text) {
    if (text) epi_json_put_string(writer, name, text, strlen(text));
}

static const char *source_of(epi__remote *remote) {
    const epi_remote_options *o = &remote->options;
    epi_json_writer *w = NULL;
    if (epi_json_writer_new(&w, false)) return NULL;
    epi_json_begin_object(w, NULL);
    put_text(w, "url", o->url);
    put_text(w, "model", o->model);
    put_text(w, "key_variable", o->key_variable);
    put_text(w, "key_file", o->key_file);
    put_text(w, "ca_file", o->ca_file);
    put_text(w, "cache", o->cache);
    epi_json_put_bool(w, "send_dimension", o->send_dimension);
    epi_json_put_unsigned(w, "dimension", o->dimension);
    epi_json_put_unsigned(w, "batch", o->batch);
    epi_json_put_unsigned(w, "parallel", o->parallel);
    epi_json_put_unsigned(w, "attempts", o->attempts);
    epi_json_put_unsigned(w, "timeout_ms", o->timeout_ms);
    epi_json_put_unsigned(w, "limit_ms", o->limit_ms);
    epi_json_put_unsigned(w, "pause_ms", o->pause_ms);
    epi_json_put_unsigned(w, "text_size_max", o->text_size_max);
    epi_json_put_number(w, "text_us", o->text_us);
    epi_json_end(w);
    size_t size = 0;
    const char *text = epi_json_writer_text(&size, w);
    const char *kept = text ? epi__arena_text(&remote->arena, text, size) : NULL;
    epi_json_writer_free(w);
    return kept;
}

static uint32_t number_of(const epi_json *root, const char *name) {
    int64_t value = 0;
    if (!epi_json_integer(&value, epi_json_member(root, name)) || value < 0 || value > UINT32_MAX) return 0;
    return (uint32_t)value;
}

/* Settings of a later release are passed over. */
static epi_remote_options options_of(const epi_json *root) {
    epi_remote_options o = epi_remote_options_default();
    o.url = epi_json_string(epi_json_member(root, "url"), NULL);
    o.model = epi_json_string(epi_json_member(root, "model"), NULL);
    o.key_variable = epi_json_string(epi_json_member(root, "key_variable"), NULL);
    o.key_file = epi_json_string(epi_json_member(root, "key_file"), NULL);
    o.ca_file = epi_json_string(epi_json_member(root, "ca_file"), NULL);
    o.cache = epi_json_string(epi_json_member(root, "cache"), NULL);
    o.send_dimension = epi_json_true(epi_json_member(root, "send_dimension"));
    o.dimension = number_of(root, "dimension");
    o.batch = number_of(root, "batch");
    o.parallel = number_of(root, "parallel");
    o.attempts = number_of(root, "attempts");
    o.timeout_ms = number_of(root, "timeout_ms");
    o.limit_ms = number_of(root, "limit_ms");
    o.pause_ms = number_of(root, "pause_ms");
    o.text_size_max = number_of(root, "text_size_max");
    (void)epi_json_number(&o.text_us, epi_json_member(root, "text_us"));
    return o;
}

/* Without its cache, if that cannot be used here: the memory was moved, or is only read. */
static epi_status reopen(epi_encoder *encoder, epi_remote_options *options) {
    char why[sizeof((epi__remote *)NULL)->note];
    epi_status status = epi_encoder_remote(encoder, options);
    if (!status || !options->cache) return status;
    (void)snprintf(why, sizeof why, "%s", epi_error_last()->message);
    options->cache = NULL;
    EPI__TRY(epi_encoder_remote(encoder, options));
    epi__remote *remote = encoder->context;
    memcpy(remote->note, why, sizeof why);
    return EPI_OK;
}

epi_status epi__remote_reopen(epi_encoder *encoder, epi__view source) {
    epi_json *root = NULL;
    const char *allowed = getenv("EPISODIC_REMOTE");
    if (!allowed) return EPI_ENOTFOUND;
    EPI__TRY(epi_json_parse(&root, source.data, source.size));
    epi_remote_options options = options_of(root);
    epi_status status = EPI_ENOTFOUND;
    if (options.url && strcmp(options.url, allowed) == 0) status = reopen(encoder, &options);
    epi_json_free(root);
    return status;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static epi_status set_up(epi_encoder *encoder, epi__remote *remote) {
    epi_remote_options *o = &remote->options;
    EPI__TRY(settle_numbers(o));
    EPI__TRY(keep_texts(remote));
    EPI__TRY(keep_key(remote));
    encoder->name = "remote";
    encoder->parameters = identity_of(remote);
    encoder->source = source_of(remote);
    if (!encoder->parameters || !encoder->source) return epi__fail_memory(MODULE, EPI_TITLE_SIZE_MAX);
    encoder->dimension = o->dimension;
    encoder->batch_max = o->batch * o->parallel * BATCHES;
    encoder->text_us = o->text_us;
    encoder->encode = encode;
    encoder->close = close_remote;
    encoder->context = remote;
    EPI__TRY(epi__encoder_check(encoder));
    return o->cache ? epi__vector_cache_open(&remote->cache, o->cache, encoder->parameters, o->dimension) : EPI_OK;
}

epi_status epi_encoder_remote(epi_encoder *encoder, const epi_remote_options *options) {
    if (!encoder) return epi__fail(EPI_EINVAL, MODULE, "encoder was NULL");
    *encoder = epi_encoder_default();
    EPI__TRY(check(options));
    epi__remote *remote = epi__alloc_zero(1, sizeof *remote);
    if (!remote) return epi__fail_memory(MODULE, sizeof *remote);
    pthread_mutex_init(&remote->mutex, NULL);
    remote->options = *options;
    remote->random = epi__random_seed((uint64_t)epi__clock_now_us() ^ (uint64_t)getpid() << 32);
    epi_status status = set_up(encoder, remote);
    if (!status) return EPI_OK;
    close_remote(remote);
    *encoder = epi_encoder_default();
    return status;
}
