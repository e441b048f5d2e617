/* embed.c - making the vectors that steps wait for.
 *
 * Portion by portion: texts are read in a read transaction that is gone before the encoder is called, and what it made
 * is written in a transaction of its own, where steps that were removed meanwhile are passed over. A portion is taken
 * from the backlog of the generation that serves; else from the steps that were there when another generation began,
 * in order of their ids; else from the backlog of that one, where later steps wait. When nothing is left, the switch
 * (embed_switch.c). A crash at any moment loses at most two portions of work.
 *
 * There are two portions: while the encoder has one, in the caller's thread, a thread of this call's own stores the
 * other and takes the next into its place. So an encoder that waits for a server is given work without a pause, no more
 * is encoded than one portion ahead of what is stored, and portions are stored in the order in which they were taken.
 */
#include "embed.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "../store/component.h"
#include "append.h"
#include "learn.h"
#include "vectors.h"

#define MODULE "memory"
#define PORTION 1024u
#define WALK_MAX 16384u    /* rows looked at for one portion */
#define FAILURES_MAX 3u    /* texts of a portion that may fail one by one before the encoder is left alone */

/* How far portions were taken in this call, which is ahead of what is stored. */
struct cursor {
    uint64_t generation;
    uint64_t next;  /* step that the walk goes on with */
    uint64_t after; /* backlog entries up to here were looked at */
};

struct portion {
    epi__mirror *mirror;
    const epi__generation *generation;
    const epi_encoder *encoder; /* NULL for the hash encoder */
    epi__scratch *scratch;      /* of whoever takes */
    struct cursor *cursor;
    epi__arena arena; /* the texts */
    bool serving;
    bool walking;  /* through rows, not the backlog */
    bool encoded;  /* to be stored */
    uint64_t next; /* where the walk goes on behind it */
    size_t count;
    size_t refused;
    size_t left; /* that still wait */
    float *vectors;
    uint64_t ids[PORTION];
    epi_encoder_text texts[PORTION];
    bool present[PORTION];
    bool done[PORTION]; /* it has its vector, or never will */
};

/* ---- reading texts ---------------------------------------------------------------------------------------------- */

struct opened {
    epi__row row;
    epi__view parts[EPI_PART_COUNT_MAX];
    epi__view tags;
};

static epi_status open_row(struct opened *step, const epi__mirror *mirror, epi__txn *txn, epi__view body) {
    const epi_schema *schema = &mirror->schema->schema;
    memset(step, 0, sizeof *step);
    EPI__TRY(epi__row_decode(&step->row, body));
    epi__reader reader = step->row.rest;
    const uint8_t *tags = reader.next;
    for (uint8_t i = 0; i < step->row.tag_count; i++) (void)epi__read_bytes(&reader);
    step->tags = (epi__view){tags, (size_t)(reader.next - tags)};
    for (unsigned i = 0; i <= step->row.part_count && !reader.failed; i++) {
        epi__value value;
        epi__value_decode(&value, &reader);
        if (i == 0 || reader.failed || value.role >= schema->role_count) continue;
        if (!(schema->roles[value.role].flags & (EPI_ROLE_SEARCH | EPI_ROLE_KEYWORD))) continue;
        EPI__TRY(epi__component_get(&step->parts[value.role], txn, mirror->space, &value));
    }
    return reader.failed ? epi__fail(EPI_EDAMAGED, MODULE, "a step cannot be read") : EPI_OK;
}

epi_status epi__embed_text(epi__scratch *scratch, const epi__mirror *mirror, epi__txn *txn, uint64_t step) {
    struct opened opened;
    epi__key key;
    epi__view body;
    epi__key_of_u64(&key, mirror->space, EPI__TABLE_STEP, step);
    EPI__TRY(epi__record_get(&body, txn, &key));
    EPI__TRY(open_row(&opened, mirror, txn, body));
    epi__draft_text(&scratch->text, &mirror->schema->schema, opened.parts);
    return scratch->text.failed ? epi__fail_memory(MODULE, body.size) : EPI_OK;
}

/* Puts the step into the portion; hashing needs only its words, so that is done at once. */
static epi_status take_step(struct portion *p, epi__txn *txn, uint64_t step, epi__view body) {
    struct opened opened;
    const epi_schema *schema = &p->mirror->schema->schema;
    EPI__TRY(open_row(&opened, p->mirror, txn, body));
    size_t at = p->count;
    epi__draft_text(&p->scratch->text, schema, opened.parts);
    epi__view text = {p->scratch->text.data, p->scratch->text.size};
    if (text.size == 0 && p->walking) return EPI_OK;
    void *copy = p->scratch->text.failed ? NULL : epi__arena_text(&p->arena, text.data, text.size);
    if (!copy) return epi__fail_memory(MODULE, text.size);
    p->ids[at] = step;
    p->texts[at] = (epi_encoder_text){copy, text.size};
    p->done[at] = p->present[at] = false;
    p->count++;
    if (p->encoder) return EPI_OK;
    EPI__TRY(epi__draft_words(p->scratch, schema, opened.parts, opened.tags, opened.row.tag_count,
                              opened.row.event_from, opened.row.utc_offset_min));
    p->done[at] = true;
    return epi__draft_hash(p->vectors + at * p->generation->dimension, p->scratch, p->generation->dimension,
                           &p->present[at]);
}

static epi_status take_from_backlog(struct portion *p, epi__txn *txn) {
    epi__key first, end, row;
    epi__scan scan = {0};
    epi__view key, body;
    uint64_t found[PORTION];
    size_t count = 0;
    epi__backlog_key(&first, p->mirror->space, p->generation->number, p->cursor->after + 1);
    epi__key_begin(&end, p->mirror->space, EPI__TABLE_BACKLOG);
    epi__key_u32(&end, (uint32_t)p->generation->number);
    epi__key_next(&end);
    epi_status status = epi__scan_open(&scan, txn, &first, &end, false);
    while (!status && count < PORTION && (status = epi__scan_next(&key, &body, &scan)) == EPI_OK)
        found[count++] = epi__load_be64((const uint8_t *)key.data + 9);
    epi__scan_close(&scan);
    if (status && status != EPI_EDONE) return status;
    for (size_t i = 0; i < count; i++) {
        epi__key_of_u64(&row, p->mirror->space, EPI__TABLE_STEP, found[i]);
        p->cursor->after = found[i];
        status = epi__record_get(&body, txn, &row);
        if (status == EPI_ENOTFOUND) continue;
        EPI__TRY(status);
        EPI__TRY(take_step(p, txn, found[i], body));
    }
    return EPI_OK;
}

static epi_status take_from_rows(struct portion *p, epi__txn *txn, const epi__generation_record *record) {
    epi__key first, end;
    epi__scan scan = {0};
    epi__view key, body;
    size_t looked = 0;
    epi__key_of_u64(&first, p->mirror->space, EPI__TABLE_STEP, p->cursor->next);
    epi__key_of_u64(&end, p->mirror->space, EPI__TABLE_STEP, record->until);
    p->next = p->cursor->next;
    epi_status status = epi__scan_open(&scan, txn, &first, &end, false);
    while (!status && p->count < PORTION && looked++ < WALK_MAX) {
        status = epi__scan_next(&key, &body, &scan);
        if (!status) status = take_step(p, txn, epi__key_id(key), body);
        if (!status) p->next = epi__key_id(key) + 1;
    }
    epi__scan_close(&scan);
    if (status == EPI_EDONE) p->next = record->until;
    p->cursor->next = p->next;
    return status == EPI_EDONE ? EPI_OK : status;
}

/* Begins a portion of a generation. Without its encoder in this process there is nothing to take. */
static epi_status take_of(struct portion *p, epi__txn *txn, uint64_t number) {
    epi__generation_record record;
    EPI__TRY(epi__generation_of(&p->generation, p->mirror, txn, number));
    p->encoder = NULL;
    if (p->generation->way == EPI__WAY_NONE || p->generation->way == EPI__WAY_GIVEN) return EPI_OK;
    if (p->generation->way == EPI__WAY_TABLE && !(p->encoder = epi__generation_encoder(p->mirror, p->generation)))
        return EPI_OK;
    size_t size = (size_t)PORTION * p->generation->dimension;
    float *grown = epi__realloc(p->vectors, size, sizeof *grown);
    if (!grown) return epi__fail_memory(MODULE, size * sizeof *grown);
    p->vectors = grown;
    EPI__TRY(epi__generation_get(&record, txn, p->mirror->space, number));
    if (!p->serving) p->cursor->next = EPI__MAX(p->cursor->next, record.next);
    p->walking = !p->serving && p->cursor->next < record.until;
    return p->walking ? take_from_rows(p, txn, &record) : take_from_backlog(p, txn);
}

static void begin_portion(struct portion *p) {
    epi__arena_dispose(&p->arena);
    p->arena = (epi__arena){0};
    p->count = p->refused = p->left = 0;
    p->walking = p->encoded = false;
}

static epi_status take(struct portion *p) {
    epi__tx tx;
    epi__state state;
    begin_portion(p);
    EPI__TRY(epi__tx_begin(&tx, p->mirror->store, false));
    epi_status status = epi__state_read(&state, tx.txn, p->mirror->space);
    uint64_t number = p->serving ? state.generation : state.building;
    if (p->cursor->generation != number) *p->cursor = (struct cursor){.generation = number};
    if (!status && number) status = take_of(p, tx.txn, number);
    epi__tx_abort(&tx);
    return status;
}

/* ---- encoding --------------------------------------------------------------------------------------------------- */

static bool is_for_good(epi_status status) {
    return status == EPI_EINVAL || status == EPI_EUTF8 || status == EPI_ELIMIT || status == EPI_ENUMBER;
}

/* One by one, to tell a text that is refused from an encoder that is down. Fails with the first text that failed. */
static epi_status encode_singly(struct portion *p, bool unit, char *why, size_t why_size, uint64_t *step) {
    epi_status first = EPI_OK;
    unsigned failures = 0;
    for (size_t i = 0; i < p->count && failures < FAILURES_MAX; i++) {
        epi_status status = epi__encoder_run(p->vectors + i * p->generation->dimension, &p->present[i], p->encoder,
                                             &p->texts[i], 1, unit);
        p->done[i] = !status || is_for_good(status);
        p->refused += status && p->done[i];
        if (status) p->present[i] = false;
        failures += !p->done[i];
        if (!status || first) continue;
        first = status;
        *step = p->ids[i];
        snprintf(why, why_size, "%s", epi_error_last()->message);
    }
    return first;
}

static epi_status encode(struct portion *p) {
    char whole[160] = "", why[160];
    uint64_t step = 0;
    p->encoded = true;
    if (!p->encoder || p->count == 0) return EPI_OK;
    bool unit = p->mirror->schema->schema.metric == EPI_COSINE;
    epi_status status = epi__encoder_run(p->vectors, p->present, p->encoder, p->texts, p->count, unit);
    for (size_t i = 0; !status && i < p->count; i++) p->done[i] = true;
    if (status) snprintf(whole, sizeof whole, "%s", epi_error_last()->message);
    if (status) status = encode_singly(p, unit, why, sizeof why, &step);
    for (size_t i = 0; i < p->count; i++) p->left += !p->done[i];
    if (!status) return EPI_OK;
    return epi__fail(status, MODULE, "encoder \"%s\" failed at step %llu (%s); %s", p->generation->name,
                     (unsigned long long)step, is_for_good(status) ? why : whole,
                     p->left ? "it and others wait: run upkeep again when the encoder works"
                             : "it has no vector, and is found by its words only");
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

struct made {
    uint64_t ids[PORTION];
    const void *vectors[PORTION];
    size_t count;
};

/* Leaves out steps that were removed since they were read; takes all that are done off the backlog. */
static epi_status sift(struct made *made, struct portion *p, epi__change *change) {
    epi__key key;
    epi__view body;
    for (size_t i = 0; i < p->count; i++) {
        if (!p->done[i]) continue;
        EPI__TRY(epi__backlog_remove(change, p->generation->number, p->ids[i]));
        epi__key_of_u64(&key, change->space, EPI__TABLE_STEP, p->ids[i]);
        epi_status status = epi__change_get(&body, change, &key);
        if (status == EPI_ENOTFOUND || (!status && !p->present[i])) continue;
        EPI__TRY(status);
        made->ids[made->count] = p->ids[i];
        made->vectors[made->count++] = p->vectors + i * p->generation->dimension;
        if (p->serving) epi__change_note(change, EPI__CHANGE_EMBED, p->ids[i], 0);
    }
    return EPI_OK;
}

/* A failing step of a walk is left to the backlog: the walk goes on behind it. */
static epi_status leave_to_backlog(struct portion *p, epi__change *change) {
    for (size_t i = 0; p->walking && i < p->count; i++)
        if (!p->done[i]) EPI__TRY(epi__backlog_put(change, p->generation->number, p->ids[i]));
    return EPI_OK;
}

static epi_status write_in(size_t *added, struct portion *p, struct made *made, epi__change *change) {
    epi__generation_record record;
    epi__state *state = &change->state;
    uint64_t number = p->generation->number;
    if (number != (p->serving ? state->generation : state->building)) return EPI_OK; /* it was set aside */
    EPI__TRY(sift(made, p, change));
    EPI__TRY(leave_to_backlog(p, change));
    if (made->count > 0)
        EPI__TRY(
            epi__vectors_seal(added, change, p->generation->dimension, number, made->ids, made->vectors, made->count));
    EPI__TRY(epi__generation_get(&record, change->tx.txn, change->space, number));
    if (p->serving)
        state->vectors += *added;
    else
        record.vectors += *added;
    record.refused += p->refused;
    if (p->walking) record.next = p->next;
    if (p->refused || !p->serving) EPI__TRY(epi__generation_put(change, number, &record));
    return EPI_OK;
}

static epi_status write_portion(size_t *added, struct portion *p) {
    epi__change change;
    *added = 0;
    struct made *made = epi__alloc_zero(1, sizeof *made);
    if (!made) return epi__fail_memory(MODULE, sizeof *made);
    epi_status status = epi__change_begin(&change, p->mirror->store, p->mirror->space, true);
    if (!status) {
        status = write_in(added, p, made, &change);
        if (!status)
            status = epi__change_commit(&change, epi__store_now(p->mirror->store));
        else
            epi__change_abort(&change);
    }
    epi__free(made);
    return status;
}

/* ---- two portions at once ---------------------------------------------------------------------------------------- */

/* What one call of upkeep works with. */
struct embedding {
    epi__mirror *mirror;
    epi_upkeep_report *report;
    const epi_upkeep_options *options;
    uint64_t until; /* of the monotonic clock; 0: no limit */
    uint64_t total; /* vectors to be made, about */
    bool late;      /* the time is up, or the caller wants no more */
    struct cursor cursor;
    struct portion portions[2];
};

static epi_status store(struct embedding *e, struct portion *p) {
    size_t added = 0;
    epi_status status = p->encoded ? write_portion(&added, p) : EPI_OK;
    p->encoded = false;
    e->report->embedded += added;
    return status;
}

/* Stores what a portion has and takes the next into it, in a thread of its own or in the caller's. */
struct turn {
    struct embedding *embedding;
    struct portion *portion;
    pthread_t thread;
    bool started;
    epi_status status;
    char why[256];
};

static void *turn_run(void *context) {
    struct turn *turn = context;
    turn->status = store(turn->embedding, turn->portion);
    if (!turn->status) turn->status = take(turn->portion);
    if (turn->status) snprintf(turn->why, sizeof turn->why, "%s", epi_error_last()->message);
    return NULL;
}

/* Where no thread is to be had it is done afterwards. Signals are the program's: none is handled in the thread. */
static void turn_begin(struct turn *turn) {
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    turn->started = pthread_create(&turn->thread, NULL, turn_run, turn) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static epi_status turn_end(struct turn *turn) {
    if (turn->started)
        (void)pthread_join(turn->thread, NULL);
    else
        (void)turn_run(turn);
    return turn->status ? epi__fail(turn->status, MODULE, "%s", turn->why) : EPI_OK;
}

/* Tells how far it is; the time may be up. */
static void look_up(struct embedding *e) {
    const epi_upkeep_options *options = e->options;
    uint64_t done = e->report->embedded;
    if (e->until != 0 && epi__clock_monotonic_us() >= e->until) e->late = true;
    if (options->progress && !options->progress(options->context, done, EPI__MAX(done, e->total))) e->late = true;
}

/* Encodes `now` while `other` is stored and takes the next. Fails when the encoder did; the rest is stored then. */
static epi_status encode_beside(struct embedding *e, struct portion *now, struct portion *other) {
    struct turn turn = {.embedding = e, .portion = other};
    char why[256] = "";
    bool more = now->walking || now->count == PORTION || other->encoded;
    if (now->encoder && more) turn_begin(&turn);
    epi_status failed = encode(now);
    if (failed) snprintf(why, sizeof why, "%s", epi_error_last()->message);
    EPI__TRY(turn_end(&turn));
    look_up(e);
    if (failed && now->left == 0) epi__store_log(e->mirror->store, "space \"%s\": %s", e->mirror->name, why);
    if (failed && now->left > 0) {
        EPI__TRY(store(e, now));
        return epi__fail(failed, MODULE, "%s", why);
    }
    return e->late ? store(e, now) : EPI_OK;
}

/* Portions of one generation until nothing is left to take, an encoder fails for good, or the time is up. */
static epi_status embed_all(struct embedding *e, bool serving) {
    struct portion *now = &e->portions[0], *other = &e->portions[1];
    e->cursor = (struct cursor){0};
    now->serving = other->serving = serving;
    for (;;) {
        EPI__TRY(take(now));
        if (now->count == 0 && !now->walking) return EPI_OK;
        while (now->count > 0 || now->walking) {
            EPI__TRY(encode_beside(e, now, other));
            if (e->late) return EPI_OK;
            struct portion *encoded = now;
            now = other;
            other = encoded;
        }
        EPI__TRY(store(e, other));
    }
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static epi_status embed(struct embedding *e) {
    EPI__TRY(epi__embed_reclaim(e->mirror));
    EPI__TRY(embed_all(e, true));
    if (!e->late) EPI__TRY(embed_all(e, false));
    EPI__TRY(epi__embed_finish(e->mirror)); /* late or not: where others append, the next call would have a few again */
    return e->late ? EPI_OK : epi__embed_reclaim(e->mirror);
}

static epi_status is_needed(bool *needed, uint64_t *waiting, epi__mirror *mirror) {
    epi__tx tx;
    epi__state state;
    epi_space_stats left = {0};
    EPI__TRY(epi__tx_begin(&tx, mirror->store, false));
    epi_status status = epi__state_read(&state, tx.txn, mirror->space);
    if (!status) status = epi__embed_left(&left, tx.txn, mirror->space, &state);
    epi__tx_abort(&tx);
    *waiting = left.backlog + left.building_left;
    *needed = !status && (state.building || state.backlog > 0 || epi__state_count(&state, EPI__TABLE_GENERATION) > 1);
    return status;
}

static void dispose(struct embedding *e) {
    for (size_t i = 0; i < EPI__COUNT(e->portions); i++) {
        epi__arena_dispose(&e->portions[i].arena);
        epi__free(e->portions[i].vectors);
    }
    epi__free(e);
}

static epi_status set_up(struct embedding *e, epi__scratch **scratch) {
    EPI__TRY(epi__scratch_take(scratch, e->mirror));
    for (size_t i = 0; i < EPI__COUNT(e->portions); i++) {
        e->portions[i].mirror = e->mirror;
        e->portions[i].scratch = *scratch; /* one takes at a time */
        e->portions[i].cursor = &e->cursor;
    }
    return EPI_OK;
}

epi_status epi__embed(epi_upkeep_report *report, epi__mirror *mirror, const epi_upkeep_options *options,
                      uint64_t until) {
    bool needed = false;
    epi__scratch *scratch = NULL;
    EPI__TRY(is_needed(&needed, &report->waiting, mirror));
    if (!needed) return EPI_OK;
    struct embedding *e = epi__alloc_zero(1, sizeof *e);
    if (!e) return epi__fail_memory(MODULE, sizeof *e);
    e->mirror = mirror;
    e->report = report;
    e->options = options;
    e->until = until;
    e->total = report->waiting;
    pthread_mutex_lock(&mirror->upkeep_mutex);
    epi_status status = set_up(e, &scratch);
    if (!status) status = embed(e);
    pthread_mutex_unlock(&mirror->upkeep_mutex);
    epi__scratch_give(scratch, mirror);
    if (e->late) report->complete = false;
    dispose(e);
    epi_status counted = is_needed(&needed, &report->waiting, mirror);
    return status ? status : counted;
}

epi_status epi__embed_left(epi_space_stats *stats, epi__txn *txn, uint32_t space, const epi__state *state) {
    epi__generation_record record;
    if (state->backlog > 0) EPI__TRY(epi__backlog_count(&stats->backlog, txn, space, state->generation));
    if (!state->building) return EPI_OK;
    EPI__TRY(epi__generation_get(&record, txn, space, state->building));
    stats->building_done = record.vectors;
    stats->building_left = record.until > record.next ? record.until - record.next : 0;
    stats->building_left += state->backlog - stats->backlog;
    return EPI_OK;
}
