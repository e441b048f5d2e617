/* compare.c - how alike two encoders see the same steps, on a sample of them.
 *
 * The first is the one that serves, and its vectors are read. The second is the one that is to serve next, while both
 * are there, or any encoder that the caller has: then the texts of the sample are encoded by it, outside every
 * transaction, and nothing is kept.
 */
#include <stdio.h>

#include "../math/likeness.h"
#include "append.h"
#include "embed.h"
#include "handle.h"
#include "vectors.h"

#define MODULE "memory"
#define STEPS_MIN 10u
#define SHUFFLED_MAX 65536u /* steps up to which all are looked at, in random order */
#define TRIES 64u           /* draws for each step of a sample of more */

struct sample {
    epi__mirror *mirror;
    const epi_encoder *encoder; /* NULL: the second is the generation that is building */
    epi__scratch *scratch;
    epi__arena arena; /* texts */
    epi__random random;
    uint32_t wanted, count;
    uint32_t dimensions[2];
    float *vectors[2];
    epi_encoder_text *texts;
};

/* ---- taking steps ------------------------------------------------------------------------------------------------ */

static epi_status read_second(bool *has, struct sample *s, epi__txn *txn, const epi__state *state, uint64_t step) {
    *has = true;
    if (!s->encoder) {
        float *at = s->vectors[1] + (size_t)s->count * s->dimensions[1];
        return epi__vectors_read(at, s->mirror, txn, state->building, s->dimensions[1], step);
    }
    EPI__TRY(epi__embed_text(s->scratch, s->mirror, txn, step));
    epi__view text = {s->scratch->text.data, s->scratch->text.size};
    *has = text.size > 0;
    char *copy = *has ? epi__arena_text(&s->arena, text.data, text.size) : NULL;
    if (*has && !copy) return epi__fail_memory(MODULE, text.size);
    s->texts[s->count] = (epi_encoder_text){copy, text.size};
    return EPI_OK;
}

/* Takes a step that both have something of. */
static epi_status take(struct sample *s, epi__txn *txn, const epi__state *state, uint64_t step) {
    bool has = false;
    float *at = s->vectors[0] + (size_t)s->count * s->dimensions[0];
    epi_status status = epi__vectors_get(at, s->mirror, txn, state, step);
    if (!status) status = read_second(&has, s, txn, state, step);
    if (!status && has) s->count++;
    return status == EPI_ENOTFOUND ? EPI_OK : status;
}

static epi_status take_of_few(struct sample *s, epi__txn *txn, const epi__state *state, uint32_t total) {
    uint32_t *ids = epi__realloc(NULL, total, sizeof *ids);
    epi_status status = ids ? EPI_OK : epi__fail_memory(MODULE, total * sizeof *ids);
    for (uint32_t i = 0; !status && i < total; i++) ids[i] = i + 1;
    for (uint32_t i = 0; !status && i < total && s->count < s->wanted; i++) { /* Fisher and Yates */
        uint32_t other = i + (uint32_t)epi__random_below(&s->random, total - i), step = ids[other];
        ids[other] = ids[i];
        status = take(s, txn, state, step);
    }
    epi__free(ids);
    return status;
}

static epi_status take_of_many(struct sample *s, epi__txn *txn, const epi__state *state, uint64_t total) {
    epi__map tried = {0};
    epi_status status = EPI_OK;
    for (uint64_t i = 0; !status && i < (uint64_t)TRIES * s->wanted && s->count < s->wanted; i++) {
        uint64_t step = 1 + epi__random_below(&s->random, total);
        if (epi__map_get(&tried, step, NULL)) continue;
        status = epi__map_put(&tried, step, 1) ? take(s, txn, state, step) : epi__fail_memory(MODULE, sizeof step);
    }
    epi__map_dispose(&tried);
    return status;
}

/* ---- the two ----------------------------------------------------------------------------------------------------- */

static void name_one(char name[EPI_NAME_SIZE_MAX + 1], const char *from) {
    (void)snprintf(name, EPI_NAME_SIZE_MAX + 1, "%s", from);
}

static epi_status name_both(epi_encoder_comparison *c, struct sample *s, epi__txn *txn, const epi__state *state) {
    const epi__generation *generation = NULL;
    if (state->dimension == 0)
        return epi__fail(EPI_ENOTFOUND, MODULE, "space \"%s\" has no vectors to compare", s->mirror->name);
    if (!s->encoder && !state->building)
        return epi__fail(EPI_ENOTFOUND, MODULE,
                         "space \"%s\" has one encoder and none that is to serve next; give one to compare it with",
                         s->mirror->name);
    EPI__TRY(epi__generation_of(&generation, s->mirror, txn, state->generation));
    name_one(c->first, generation->name);
    if (!s->encoder) EPI__TRY(epi__generation_of(&generation, s->mirror, txn, state->building));
    name_one(c->second, s->encoder ? s->encoder->name : generation->name);
    c->first_dimension = s->dimensions[0] = (uint32_t)state->dimension;
    c->second_dimension = s->dimensions[1] = s->encoder ? s->encoder->dimension : (uint32_t)state->building_dimension;
    return EPI_OK;
}

static epi_status reserve(struct sample *s) {
    for (size_t i = 0; i < 2; i++) {
        s->vectors[i] = epi__realloc(NULL, (size_t)s->wanted * s->dimensions[i], sizeof **s->vectors);
        if (!s->vectors[i]) return epi__fail_memory(MODULE, (size_t)s->wanted * s->dimensions[i] * sizeof(float));
    }
    s->texts = epi__alloc_zero(s->wanted, sizeof *s->texts);
    if (!s->texts) return epi__fail_memory(MODULE, s->wanted * sizeof *s->texts);
    return EPI_OK;
}

static epi_status draw(epi_encoder_comparison *c, struct sample *s) {
    epi__tx tx;
    epi__state state;
    EPI__TRY(epi__tx_begin(&tx, s->mirror->store, false));
    epi_status status = epi__state_read(&state, tx.txn, s->mirror->space);
    if (!status) status = name_both(c, s, tx.txn, &state);
    if (!status) status = reserve(s);
    uint64_t total = status || state.next_step == 0 ? 0 : state.next_step - 1;
    if (!status && total > SHUFFLED_MAX) status = take_of_many(s, tx.txn, &state, total);
    if (!status && total <= SHUFFLED_MAX) status = take_of_few(s, tx.txn, &state, (uint32_t)total);
    epi__tx_abort(&tx);
    return status;
}

/* Encodes the texts; steps that the encoder has no vector for leave the sample. */
static epi_status encode(struct sample *s, bool unit) {
    bool *present = epi__alloc_zero(s->count + 1, sizeof *present);
    if (!present) return epi__fail_memory(MODULE, s->count);
    uint32_t kept = 0;
    epi_status status = epi__encoder_run(s->vectors[1], present, s->encoder, s->texts, s->count, unit);
    for (uint32_t i = 0; !status && i < s->count; i++) {
        if (!present[i]) continue;
        for (size_t side = 0; side < 2; side++) {
            size_t width = s->dimensions[side];
            memmove(s->vectors[side] + kept * width, s->vectors[side] + i * width, width * sizeof(float));
        }
        kept++;
    }
    s->count = kept;
    epi__free(present);
    return status;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static void shuffle(size_t *order, struct sample *s) {
    for (size_t i = 0; i < s->count; i++) order[i] = i;
    for (size_t i = s->count; i > 1; i--) {
        size_t other = (size_t)epi__random_below(&s->random, i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

static epi_status measure(epi_encoder_comparison *c, struct sample *s, epi_metric metric) {
    const epi__cloud a = {s->vectors[0], s->dimensions[0]}, b = {s->vectors[1], s->dimensions[1]};
    size_t *order = epi__realloc(NULL, s->count, sizeof *order);
    if (!order) return epi__fail_memory(MODULE, s->count * sizeof *order);
    shuffle(order, s);
    bool made = epi__likeness_spearman(&c->similarity, &a, &b, s->count,
                                       metric == EPI_L2 ? EPI__METRIC_L2 : EPI__METRIC_COSINE) &&
                epi__likeness_cka(&c->alignment, &a, &b, s->count, NULL) &&
                epi__likeness_cka(&c->alignment_by_chance, &a, &b, s->count, order);
    epi__free(order);
    return made ? EPI_OK : epi__fail_memory(MODULE, (size_t)s->count * s->count * sizeof(double));
}

static epi_status compare(epi_encoder_comparison *c, struct sample *s) {
    epi_metric metric = s->mirror->schema->schema.metric;
    EPI__TRY(epi__scratch_take(&s->scratch, s->mirror));
    EPI__TRY(draw(c, s));
    if (s->encoder) EPI__TRY(encode(s, metric == EPI_COSINE));
    c->steps = s->count;
    if (s->count < STEPS_MIN)
        return epi__fail(EPI_ENOTFOUND, MODULE, "%u steps of space \"%s\" have a vector of both encoders, least %u",
                         s->count, s->mirror->name, STEPS_MIN);
    return measure(c, s, metric);
}

epi_status epi_space_encoder_compare(epi_encoder_comparison *comparison, epi_space *space, const epi_encoder *second,
                                     uint32_t sample, uint64_t seed) {
    if (!comparison) return epi__fail(EPI_EINVAL, MODULE, "comparison was NULL");
    memset(comparison, 0, sizeof *comparison);
    EPI__TRY(epi__space_check_handle(space));
    if (second) EPI__TRY(epi__encoder_check(second));
    if (sample == 0) sample = EPI_COMPARE_STEPS_DEFAULT;
    if (sample > EPI_COMPARE_STEPS_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the sample was of %u steps, limit %u", sample, EPI_COMPARE_STEPS_MAX);
    EPI__TRY(epi__pending_commit(space->mirror));
    struct sample s = {.mirror = space->mirror,
                       .encoder = second,
                       .wanted = sample,
                       .random = epi__random_seed(seed)};
    epi_encoder_comparison made = {0};
    epi_status status = compare(&made, &s);
    if (!status) *comparison = made;
    epi__scratch_give(s.scratch, space->mirror);
    epi__arena_dispose(&s.arena);
    for (size_t i = 0; i < 2; i++) epi__free(s.vectors[i]);
    epi__free(s.texts);
    return status;
}
