/* generation.c - what a process knows of a space's generations, and the encoders it has for them; see generation.h. */
#include "generation.h"

#include "learn.h"

#define MODULE "memory"

/* An encoder that was given to the space, or opened for it. The newest of one identity counts. */
struct bound {
    struct bound *next;
    epi_encoder encoder; /* its texts are the arena's */
};

struct epi__generations {
    pthread_mutex_t mutex;
    epi__arena arena;
    epi__generation *first;
    uint64_t serving; /* 0: to be looked up */
    struct bound *bound;
};

epi_status epi__generations_new(epi__mirror *mirror) {
    mirror->generations = epi__alloc_zero(1, sizeof *mirror->generations);
    if (!mirror->generations) return epi__fail_memory(MODULE, sizeof *mirror->generations);
    pthread_mutex_init(&mirror->generations->mutex, NULL);
    return EPI_OK;
}

void epi__generations_free(epi__mirror *mirror) {
    struct epi__generations *all = mirror->generations;
    if (!all) return;
    for (struct bound *at = all->bound; at; at = at->next) epi_encoder_close(&at->encoder);
    pthread_mutex_destroy(&all->mutex);
    epi__arena_dispose(&all->arena);
    epi__free(all);
}

void epi__backlog_key(epi__key *key, uint32_t space, uint64_t generation, uint64_t step) {
    epi__key_begin(key, space, EPI__TABLE_BACKLOG);
    epi__key_u32(key, (uint32_t)generation);
    epi__key_u64(key, step);
}

epi_status epi__backlog_put(epi__change *change, uint64_t generation, uint64_t step) {
    epi__key key;
    epi__view body;
    const uint8_t waiting = 1;
    epi__backlog_key(&key, change->space, generation, step);
    epi_status status = epi__change_get(&body, change, &key);
    if (status != EPI_ENOTFOUND) return status;
    change->state.backlog++;
    return epi__change_insert(change, &key, &waiting, sizeof waiting);
}

epi_status epi__backlog_remove(epi__change *change, uint64_t generation, uint64_t step) {
    epi__key key;
    if (change->state.backlog == 0) return EPI_OK;
    epi__backlog_key(&key, change->space, generation, step);
    epi_status status = epi__change_remove(change, &key);
    change->state.backlog -= status == EPI_OK;
    return status == EPI_ENOTFOUND ? EPI_OK : status;
}

epi_status epi__backlog_count(uint64_t *count, epi__txn *txn, uint32_t space, uint64_t generation) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__view key, body;
    *count = 0;
    epi__backlog_key(&first, space, generation, 0);
    epi__backlog_key(&end, space, generation, UINT64_MAX);
    epi_status status = epi__scan_open(&scan, txn, &first, &end, false);
    while (!status && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK) ++*count;
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

/* ---- generations ------------------------------------------------------------------------------------------------ */

static epi__encoder_way way_of(const char *name) {
    if (strcmp(name, "none") == 0) return EPI__WAY_NONE;
    if (strcmp(name, "given") == 0) return EPI__WAY_GIVEN;
    return strcmp(name, "hash") == 0 ? EPI__WAY_HASH : EPI__WAY_TABLE;
}

static epi__generation *find(const struct epi__generations *all, uint64_t number) {
    epi__generation *at = all->first;
    while (at && at->number != number) at = at->next;
    return at;
}

static epi_status load(epi__generation **loaded, struct epi__generations *all, const epi__mirror *mirror, epi__txn *txn,
                       uint64_t number) {
    epi__generation_record record;
    *loaded = find(all, number);
    if (*loaded) return EPI_OK;
    epi_status status = epi__generation_get(&record, txn, mirror->space, number);
    if (status == EPI_ENOTFOUND)
        return epi__fail(EPI_EDAMAGED, MODULE, "generation %llu has no record", (unsigned long long)number);
    EPI__TRY(status);
    epi__generation *made = epi__arena_alloc(&all->arena, 1, sizeof *made);
    if (!made) return epi__fail_memory(MODULE, sizeof *made);
    made->name = epi__arena_text(&all->arena, record.name.data, record.name.size);
    made->parameters = epi__arena_text(&all->arena, record.parameters.data, record.parameters.size);
    made->source = epi__arena_text(&all->arena, record.source.data, record.source.size);
    if (!made->name || !made->parameters || !made->source) return epi__fail_memory(MODULE, record.parameters.size);
    made->number = number;
    made->dimension = record.dimension;
    made->way = way_of(made->name);
    made->next = all->first;
    *loaded = all->first = made;
    return EPI_OK;
}

epi_status epi__generation_of(const epi__generation **generation, epi__mirror *mirror, epi__txn *txn, uint64_t number) {
    struct epi__generations *all = mirror->generations;
    epi__generation *loaded = NULL;
    pthread_mutex_lock(&all->mutex);
    epi_status status = load(&loaded, all, mirror, txn, number);
    pthread_mutex_unlock(&all->mutex);
    *generation = loaded;
    return status;
}

static epi_status look_up(epi__generation **serving, struct epi__generations *all, epi__mirror *mirror) {
    epi__tx tx;
    epi__state state;
    EPI__TRY(epi__tx_begin(&tx, mirror->store, false));
    epi_status status = epi__state_read(&state, tx.txn, mirror->space);
    if (!status) status = load(serving, all, mirror, tx.txn, state.generation);
    if (!status) all->serving = state.generation;
    epi__tx_abort(&tx);
    return status;
}

epi_status epi__generation_serving(const epi__generation **serving, epi__mirror *mirror) {
    struct epi__generations *all = mirror->generations;
    epi__generation *found = NULL;
    pthread_mutex_lock(&all->mutex);
    if (all->serving) found = find(all, all->serving);
    epi_status status = found ? EPI_OK : look_up(&found, all, mirror);
    pthread_mutex_unlock(&all->mutex);
    *serving = found;
    return status;
}

void epi__generation_forget(epi__mirror *mirror) {
    pthread_mutex_lock(&mirror->generations->mutex);
    mirror->generations->serving = 0;
    pthread_mutex_unlock(&mirror->generations->mutex);
}

/* ---- encoders --------------------------------------------------------------------------------------------------- */

static const char *or_empty(const char *text) {
    return text ? text : "";
}

static bool is_of(const epi_encoder *encoder, const epi__generation *generation) {
    return encoder->dimension == generation->dimension && strcmp(encoder->name, generation->name) == 0 &&
           strcmp(or_empty(encoder->parameters), generation->parameters) == 0;
}

/* Takes the encoder over. */
static epi_status bind(struct epi__generations *all, const epi_encoder *encoder) {
    struct bound *bound = epi__arena_alloc(&all->arena, 1, sizeof *bound);
    const char *parameters = or_empty(encoder->parameters);
    char *name = epi__arena_text(&all->arena, encoder->name, strlen(encoder->name));
    char *kept = epi__arena_text(&all->arena, parameters, strlen(parameters));
    if (!bound || !name || !kept) return epi__fail_memory(MODULE, sizeof *bound);
    bound->encoder = *encoder;
    bound->encoder.name = name;
    bound->encoder.parameters = kept;
    bound->encoder.source = NULL;
    bound->next = all->bound;
    all->bound = bound;
    return EPI_OK;
}

static const epi_encoder *find_bound(const struct epi__generations *all, const epi__generation *generation) {
    for (const struct bound *at = all->bound; at; at = at->next)
        if (is_of(&at->encoder, generation)) return &at->encoder;
    return NULL;
}

static epi__view view_of(const char *text) {
    return (epi__view){text, strlen(text)};
}

/* Once for each generation: what could not be opened then will not be there at the next call either. */
static const epi_encoder *open_source(struct epi__generations *all, epi__mirror *mirror, epi__generation *generation) {
    epi_encoder opened;
    if (generation->tried) return NULL;
    generation->tried = true;
    bool learns = epi__generation_learns(view_of(generation->name));
    epi_status status = learns ? epi__learn_load(&opened, mirror, generation)
                               : epi__encoder_reopen(&opened, view_of(generation->name), view_of(generation->source),
                                                     generation->dimension);
    /* It may be trained soon, or there may be memory again. */
    if ((status == EPI_ENOTFOUND && learns) || status == EPI_ENOMEM) generation->tried = false;
    if (status == EPI_ENOTFOUND && !generation->source[0]) return NULL;
    bool other = !status && !is_of(&opened, generation);
    if (other)
        status = epi__fail(EPI_EMISMATCH, MODULE, "\"%s\" holds another encoder than the space was made with",
                           generation->source);
    bool read = !status;
    if (read) status = bind(all, &opened);
    if (status == EPI_ENOMEM) generation->tried = false;
    if (!status) return find_bound(all, generation);
    if (read || other) epi_encoder_close(&opened);
    epi__store_log(mirror->store, "space \"%s\": encoder \"%s\" was not opened: %s", mirror->name, generation->name,
                   epi_error_last()->message);
    return NULL;
}

const epi_encoder *epi__generation_encoder(epi__mirror *mirror, const epi__generation *generation) {
    struct epi__generations *all = mirror->generations;
    if (generation->way == EPI__WAY_NONE || generation->way == EPI__WAY_GIVEN) return NULL;
    pthread_mutex_lock(&all->mutex);
    const epi_encoder *encoder = find_bound(all, generation);
    epi__generation *known = encoder ? NULL : find(all, generation->number);
    if (known) encoder = open_source(all, mirror, known);
    pthread_mutex_unlock(&all->mutex);
    if (!encoder && epi__generation_learns(view_of(generation->name)))
        (void)epi__fail(EPI_ENOTFOUND, MODULE, "space \"%s\" has not learned its encoder yet; upkeep does it",
                        mirror->name);
    else if (!encoder)
        (void)epi__fail(EPI_ENOTFOUND, MODULE,
                        "encoder \"%s\" of space \"%s\" was not given to this process by epi_space_encoder_give()",
                        generation->name, mirror->name);
    return encoder;
}

epi_status epi__generation_bind(epi__mirror *mirror, const epi_encoder *encoder) {
    pthread_mutex_lock(&mirror->generations->mutex);
    epi_status status = bind(mirror->generations, encoder);
    pthread_mutex_unlock(&mirror->generations->mutex);
    return status;
}

epi_status epi__generation_encode_cue(float **vector, uint64_t *number, epi__mirror *mirror, const char *text) {
    const epi__generation *serving = NULL;
    *vector = NULL;
    EPI__TRY(epi__generation_serving(&serving, mirror));
    *number = serving->number;
    const epi_encoder *encoder = serving->way == EPI__WAY_TABLE ? epi__generation_encoder(mirror, serving) : NULL;
    if (!encoder) return EPI_OK;
    bool present = false;
    epi_encoder_text one = {text, strlen(text)};
    float *made = epi__realloc(NULL, serving->dimension, sizeof *made);
    if (!made) return epi__fail_memory(MODULE, serving->dimension * sizeof *made);
    epi_status status = epi__encoder_run(made, &present, encoder, &one, 1, mirror->schema->schema.metric == EPI_COSINE);
    if (status)
        epi__store_log(mirror->store,
                       "space \"%s\": encoder \"%s\" failed on a cue, which was searched by its words: %s",
                       mirror->name, serving->name, epi_error_last()->message);
    if (!status && present)
        *vector = made;
    else
        epi__free(made);
    return EPI_OK;
}
