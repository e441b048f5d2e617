/* learn.c - training a space's learned encoder, and keeping its model; see learn.h. */
#include "learn.h"

#include <stdio.h>

#include "../encode/lsa.h"
#include "append.h"
#include "embed.h"

#define MODULE "memory"
#define BLOCK 64u      /* steps that are drawn together, so that they have neighbours */
#define PORTION 512u   /* steps of one read transaction */
#define GROWTH 2u
#define LEFT_OUT 16u /* steps of a block that is left out, so that most of their neighbours are too */

bool epi__generation_learns(epi__view name) {
    return name.size == 3 && memcmp(name.data, "lsa", 3) == 0;
}

bool epi__generation_is_untrained(const epi__generation_record *record) {
    return record->learned == 0 && epi__generation_learns(record->name);
}

static uint64_t drawn(uint64_t generation, uint64_t block, uint64_t use) {
    uint64_t words[3] = {generation, block, use};
    return epi__hash64(words, sizeof words);
}

bool epi__learn_leaves_out(uint64_t generation, uint64_t step) {
    return drawn(generation, step / LEFT_OUT, 1) % 8 == 0;
}

static void model_key(epi__key *key, uint32_t space, uint64_t generation, epi__view word) {
    epi__key_begin(key, space, EPI__TABLE_MODEL);
    epi__key_u32(key, (uint32_t)generation);
    epi__key_bytes(key, word.data, word.size);
}

static const epi__view NO_WORD = {"", 0};

/* ---- what is due ------------------------------------------------------------------------------------------------- */

struct training {
    epi__mirror *mirror;
    uint64_t generation; /* 0: none is due */
    uint32_t dimension;
    bool again;          /* it has to begin */
    uint64_t documents;
    uint64_t *ids; /* the steps that are read, rising */
    bool *follows; /* the step right before it in its episode is the one before it here */
    size_t count;
};

static epi_status trained_on(uint64_t *documents, epi__txn *txn, uint32_t space, uint64_t generation) {
    epi__key key;
    epi__view body;
    model_key(&key, space, generation, NO_WORD);
    EPI__TRY(epi__record_get(&body, txn, &key));
    epi__reader reader = epi__reader_of(body.data, body.size);
    *documents = epi__read_u64(&reader);
    return reader.failed ? epi__fail(EPI_EDAMAGED, MODULE, "the record of a learned model is cut") : EPI_OK;
}

static epi_status find_due(struct training *t, epi__txn *txn, const epi__state *state) {
    epi__generation_record record;
    uint64_t before = 0, number = state->building ? state->building : state->generation;
    t->documents = state->documents;
    if (state->documents < EPI__LEARN_STEPS_MIN) return EPI_OK;
    EPI__TRY(epi__generation_get(&record, txn, t->mirror->space, number));
    t->dimension = record.dimension;
    if (!epi__generation_learns(record.name)) return EPI_OK;
    if (epi__generation_is_untrained(&record)) {
        t->generation = number;
        return EPI_OK;
    }
    if (state->building) return EPI_OK;
    EPI__TRY(trained_on(&before, txn, t->mirror->space, number));
    t->again = state->documents >= GROWTH * before;
    return EPI_OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Whole blocks of steps, as many as a training reads. */
static epi_status choose_steps(struct training *t, const epi__snapshot *snapshot) {
    uint64_t steps = epi__state_count(&snapshot->state, EPI__TABLE_STEP), rate = UINT64_MAX;
    if (steps > EPI__LEARN_STEPS_MAX) rate = UINT64_MAX / steps * EPI__LEARN_STEPS_MAX;
    size_t room = (size_t)EPI__MIN(steps, 2 * EPI__LEARN_STEPS_MAX), runs = snapshot->mirror->run_count;
    t->ids = epi__realloc(NULL, room + 1, sizeof *t->ids);
    t->follows = epi__realloc(NULL, room + 1, sizeof *t->follows);
    if (!t->ids || !t->follows) return epi__fail_memory(MODULE, room * sizeof *t->ids);
    for (size_t r = 0; r < runs; r++) {
        const epi__run *run = &snapshot->mirror->runs[r];
        for (uint64_t id = run->first; id < run->first + run->count && t->count < room; id++) {
            if (epi__learn_leaves_out(t->generation, id)) continue;
            if (rate != UINT64_MAX && drawn(t->generation, id / BLOCK, 0) > rate) continue;
            uint64_t before = epi__mirror_neighbour(snapshot->mirror, id, -1);
            t->follows[t->count] = before && t->count > 0 && t->ids[t->count - 1] == before;
            t->ids[t->count++] = id;
        }
    }
    return EPI_OK;
}

static epi_status look(struct training *t) {
    epi__snapshot snapshot;
    EPI__TRY(epi__snapshot_begin(&snapshot, t->mirror));
    epi_status status = find_due(t, snapshot.tx.txn, &snapshot.state);
    if (!status && t->generation) status = choose_steps(t, &snapshot);
    epi__snapshot_end(&snapshot);
    return status;
}

/* A step that is gone, or has no text, parts its neighbours. */
static epi_status read_portion(epi__lsa_trainer *trainer, const struct training *t, epi__scratch *scratch, size_t from,
                               bool *full) {
    epi__tx tx;
    static const epi_status gone = EPI_ENOTFOUND;
    EPI__TRY(epi__tx_begin(&tx, t->mirror->store, false));
    epi_status status = EPI_OK;
    for (size_t i = from; !status && !*full && i < EPI__MIN(t->count, from + PORTION); i++) {
        status = epi__embed_text(scratch, t->mirror, tx.txn, t->ids[i]);
        if (status && status != gone) break;
        size_t size = status ? 0 : scratch->text.size;
        status = epi__lsa_trainer_add(full, trainer, size ? (const char *)scratch->text.data : "", size, t->follows[i]);
    }
    epi__tx_abort(&tx);
    return status;
}

static epi_status train(epi__lsa **model, const struct training *t) {
    epi__lsa_trainer *trainer = NULL;
    epi__scratch *scratch = NULL;
    bool full = false;
    EPI__TRY(epi__scratch_take(&scratch, t->mirror));
    epi_status status = epi__lsa_trainer_new(&trainer, t->mirror->schema->schema.language);
    for (size_t at = 0; !status && !full && at < t->count; at += PORTION)
        status = read_portion(trainer, t, scratch, at, &full);
    if (!status) status = epi__lsa_trainer_run(model, trainer, t->dimension, t->generation);
    epi__lsa_trainer_free(trainer);
    epi__scratch_give(scratch, t->mirror);
    return status;
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

static epi_status put_model(epi__change *change, const struct training *t, const epi__lsa *model,
                            epi__generation_record *record) {
    epi__key key;
    epi__buffer head = {0};
    epi__buffer_append_u64(&head, t->documents);
    if (head.failed) return epi__fail_memory(MODULE, sizeof t->documents);
    model_key(&key, change->space, t->generation, NO_WORD);
    epi_status status = epi__change_put(change, &key, head.data, head.size);
    epi__buffer_dispose(&head);
    for (size_t i = 0; !status && i < epi__lsa_count(model); i++) {
        epi__view word;
        const float *vector = epi__lsa_at(&word, model, i);
        model_key(&key, change->space, t->generation, word);
        status = epi__change_insert(change, &key, vector, t->dimension * sizeof *vector);
    }
    if (status) return status;
    EPI__TRY(epi__generation_get(record, change->tx.txn, change->space, t->generation)); /* its views moved */
    record->learned = epi__lsa_count(model) + 1;
    epi__change_note(change, EPI__CHANGE_GENERATION, 0, 0);
    return epi__generation_put(change, t->generation, record);
}

/* In one commit. Another process may have been first, or the generation was set aside: then it is dropped. */
static epi_status keep(const struct training *t, const epi__lsa *model) {
    epi__change change;
    epi__generation_record record;
    bool wanted = false;
    EPI__TRY(epi__change_begin(&change, t->mirror->store, t->mirror->space, true));
    epi_status status = EPI_OK;
    if (change.state.building == t->generation) {
        status = epi__generation_get(&record, change.tx.txn, change.space, t->generation);
        wanted = !status && record.learned == 0;
    }
    if (wanted) status = put_model(&change, t, model, &record);
    if (!status && wanted) return epi__change_commit(&change, epi__store_now(t->mirror->store));
    epi__change_abort(&change);
    return status;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static epi_status begin_again(const struct training *t) {
    epi__change change;
    epi_encoder wish;
    EPI__TRY(epi_encoder_lsa(&wish, t->dimension));
    EPI__TRY(epi__change_begin(&change, t->mirror->store, t->mirror->space, true));
    epi_status status = EPI_OK;
    if (!change.state.building) {
        status = epi__embed_begin(&change, &wish);
        if (!status) return epi__change_commit(&change, epi__store_now(t->mirror->store));
    }
    epi__change_abort(&change);
    return status;
}

static epi_status learn(struct training *t) {
    epi__lsa *model = NULL;
    EPI__TRY(look(t));
    if (t->again) {
        EPI__TRY(begin_again(t));
        t->again = false;
        EPI__TRY(look(t));
    }
    if (!t->generation) return EPI_OK;
    epi_status status = train(&model, t);
    if (status == EPI_ENOTFOUND) return EPI_OK; /* no word twice: nothing to learn yet */
    if (!status) status = keep(t, model);
    epi__lsa_free(model);
    return status;
}

epi_status epi__learn(epi__mirror *mirror) {
    struct training t = {.mirror = mirror};
    pthread_mutex_lock(&mirror->upkeep_mutex);
    epi_status status = learn(&t);
    pthread_mutex_unlock(&mirror->upkeep_mutex);
    epi__free(t.ids);
    epi__free(t.follows);
    return status;
}

/* ---- reading a model --------------------------------------------------------------------------------------------- */

typedef epi_status (*visit_word)(void *context, const epi__key *key, epi__view word, epi__view vector);

static epi_status each_word(epi__txn *txn, uint32_t space, uint64_t generation, visit_word visit, void *context) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__view key, body;
    model_key(&first, space, generation, NO_WORD);
    size_t prefix = epi__key_view(&first).size;
    end = first;
    epi__key_next(&end);
    epi_status status = epi__scan_open(&scan, txn, &first, &end, false);
    while (!status && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK) {
        epi__key copy = {0};
        if (key.size == prefix) continue;
        epi__key_bytes(&copy, key.data, key.size);
        status = visit(context, &copy, (epi__view){(const char *)key.data + prefix, key.size - prefix}, body);
    }
    epi__scan_close(&scan);
    return status == EPI_EDONE ? EPI_OK : status;
}

struct loading {
    epi__lsa *model;
    uint32_t dimension;
};

static epi_status load_word(void *context, const epi__key *key, epi__view word, epi__view vector) {
    struct loading *l = context;
    (void)key;
    if (vector.size != l->dimension * sizeof(float))
        return epi__fail(EPI_EDAMAGED, MODULE, "a learned vector has %zu bytes, expected %zu", vector.size,
                         l->dimension * sizeof(float));
    return epi__lsa_put(l->model, word, vector.data);
}

static epi_status load(struct loading *l, epi__mirror *mirror, epi__txn *txn, uint64_t generation) {
    epi__generation_record record;
    EPI__TRY(epi__generation_get(&record, txn, mirror->space, generation));
    if (record.learned == 0) return EPI_ENOTFOUND;
    EPI__TRY(epi__lsa_new(&l->model, l->dimension, (size_t)record.learned, mirror->schema->schema.language));
    return each_word(txn, mirror->space, generation, load_word, l);
}

epi_status epi__learn_load(epi_encoder *encoder, epi__mirror *mirror, const epi__generation *generation) {
    epi__tx tx;
    struct loading l = {NULL, generation->dimension};
    EPI__TRY(epi__tx_begin(&tx, mirror->store, false));
    epi_status status = load(&l, mirror, tx.txn, generation->number);
    epi__tx_abort(&tx);
    if (!status) *encoder = epi__lsa_encoder(l.model, generation->parameters);
    if (status) epi__lsa_free(l.model);
    return status;
}

/* ---- forgetting -------------------------------------------------------------------------------------------------- */

struct forgetting {
    epi__change *change;
    epi__buffer keys; /* of words that no step has any more: epi__key after epi__key */
};

static epi_status judge_word(void *context, const epi__key *key, epi__view word, epi__view vector) {
    struct forgetting *f = context;
    uint8_t term[EPI__TERM_BYTES_MAX] = {EPI__TERM_WORD};
    uint64_t documents = 0;
    (void)vector;
    size_t size = EPI__MIN(word.size, sizeof term - 1);
    memcpy(term + 1, word.data, size);
    EPI__TRY(epi__postings_documents(&documents, f->change->tx.txn, f->change->space, (epi__view){term, size + 1}));
    if (documents > 0) return EPI_OK;
    epi__buffer_append(&f->keys, key, sizeof *key);
    return f->keys.failed ? epi__fail_memory(MODULE, sizeof *key) : EPI_OK;
}

static epi_status forget_of(epi__change *change, uint64_t generation) {
    epi__generation_record record;
    struct forgetting f = {change, {0}};
    epi__key key;
    EPI__TRY(epi__generation_get(&record, change->tx.txn, change->space, generation));
    if (record.learned == 0) return EPI_OK;
    epi_status status = each_word(change->tx.txn, change->space, generation, judge_word, &f);
    size_t count = f.keys.size / sizeof key;
    for (size_t i = 0; !status && i < count; i++) {
        memcpy(&key, f.keys.data + i * sizeof key, sizeof key);
        status = epi__change_remove(change, &key);
    }
    epi__buffer_dispose(&f.keys);
    if (!status) status = epi__generation_get(&record, change->tx.txn, change->space, generation); /* its views moved */
    record.learned -= count;
    return status ? status : epi__generation_put(change, generation, &record);
}

epi_status epi__learn_forget(epi__change *change) {
    uint64_t generations[] = {change->state.generation, change->state.building};
    bool any = epi__state_count(&change->state, EPI__TABLE_MODEL) > 0;
    if (any) EPI__TRY(epi__seal(NULL, change)); /* words of the tail stand in no postings yet */
    for (size_t i = 0; any && i < EPI__COUNT(generations); i++)
        if (generations[i]) EPI__TRY(forget_of(change, generations[i]));
    return EPI_OK;
}
