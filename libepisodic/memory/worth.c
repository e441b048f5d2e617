/* worth.c - how much a space's vectors tell beside its words; see worth.h.
 *
 * What was said next to a step in its episode is about the same thing: that is known without labels. So steps drawn at
 * random are taken as cues, and it is counted how many of their six neighbours are among the ten best of the others, by
 * words alone and with the vectors' similarity added at some weights. The weight that finds most is the vectors' worth,
 * if it beats words alone by more than chance; else 0. An encoder that tells nothing pushes neighbours out and gets 0;
 * one that sees the same words in another way adds nothing and gets little; one that knows what words mean gets more.
 *
 * A learned encoder has seen what is neighbour to what: it is measured on the steps that its training left out.
 *
 * The draw depends on the generation and the number of its vectors alone, so that processes agree.
 */
#include "worth.h"

#include <math.h>

#include "../store/component.h"
#include "draft.h"
#include "filter.h"
#include "learn.h"
#include "vectors.h"

#define MODULE "memory"
#define VECTORS_MIN 100u
#define SAMPLES 256u
#define ARM_COUNT 64u /* best steps of each arm that are candidates */
#define TOP 10u
#define REACH 3    /* neighbours to each side */
#define ERRORS 2.5 /* standard errors by which a weight must beat words alone */
#define HASHED_LEAST 0.05 /* misspelt words are near by their trigrams, which no neighbour in an episode tells */
#define K1 1.0f
#define B 0.3f

static const double WEIGHTS[] = {0.0, 0.05, 0.1, 0.2, 0.4, 0.8};
#define WEIGHT_COUNT (sizeof WEIGHTS / sizeof WEIGHTS[0])

/* A worth of 0 was measured; bits of 0 were not. So one more is kept. */
double epi__worth_of(const epi__state *state) {
    double value;
    memcpy(&value, &state->worth, sizeof value);
    return state->worth ? value - 1.0 : -1.0;
}

static uint64_t bits_of(double worth) {
    uint64_t bits;
    worth += 1.0;
    memcpy(&bits, &worth, sizeof bits);
    return bits;
}

/* ---- the two arms ------------------------------------------------------------------------------------------------ */

struct candidate {
    uint64_t step;
    double words, vector; /* scaled to the arm's best */
};

struct measure {
    epi__mirror *mirror;
    epi__scratch *scratch;
    float *vector;
    float *scores; /* of the words, by step id; all zero between samples */
    size_t score_count;
    epi__hash_feature *features; /* the words as a hashed cue */
    size_t feature_count, feature_room;
    bool hashed;
    struct candidate candidates[2 * ARM_COUNT];
    size_t count;
    double sum[WEIGHT_COUNT], gain[WEIGHT_COUNT], square[WEIGHT_COUNT];
    size_t samples;
    epi__map tried;      /* steps: each counts once */
    uint64_t generation; /* whose training left steps out, the only ones that may be drawn; 0: any may */
};

static struct candidate *candidate_of(struct measure *m, uint64_t step) {
    for (size_t i = 0; i < m->count; i++)
        if (m->candidates[i].step == step) return &m->candidates[i];
    m->candidates[m->count] = (struct candidate){step, 0.0, 0.0};
    return &m->candidates[m->count++];
}

struct accumulation {
    struct measure *measure;
    float idf;
    float mean; /* words of a step */
};

static epi_status accumulate(void *context, const epi__posting *postings, size_t count) {
    struct accumulation *a = context;
    for (size_t i = 0; i < count; i++) {
        float weight = (float)postings[i].weight * 0.25f;
        float norm = K1 * (1.0f - B + B * epi__length_words(postings[i].length) / a->mean);
        if (postings[i].step < a->measure->score_count)
            a->measure->scores[postings[i].step] += a->idf * weight * (K1 + 1.0f) / (weight + norm);
    }
    return EPI_OK;
}

/* Room for the scores of all steps that the snapshot has. */
static epi_status reserve_scores(struct measure *m, const epi__state *state) {
    size_t count = (size_t)state->next_step;
    if (count <= m->score_count) return EPI_OK;
    float *grown = epi__realloc(m->scores, count, sizeof *grown);
    if (!grown) return epi__fail_memory(MODULE, count * sizeof *grown);
    memset(grown + m->score_count, 0, (count - m->score_count) * sizeof *grown);
    m->scores = grown;
    m->score_count = count;
    return EPI_OK;
}

static epi_status reserve_features(struct measure *m, size_t count) {
    m->feature_count = 0;
    if (count <= m->feature_room) return EPI_OK;
    epi__hash_feature *grown = epi__realloc(m->features, count, sizeof *grown);
    if (!grown) return epi__fail_memory(MODULE, count * sizeof *grown);
    m->features = grown;
    m->feature_room = count;
    return EPI_OK;
}

static epi_status score_words(struct measure *m, epi__snapshot *snapshot) {
    const epi__state *state = &snapshot->state;
    double mean = state->documents ? (double)state->words / 4.0 / (double)state->documents : 1.0;
    struct accumulation a = {.measure = m, .mean = (float)EPI__MAX(mean, 1.0)};
    EPI__TRY(reserve_scores(m, state));
    EPI__TRY(reserve_features(m, m->scratch->said));
    for (size_t i = 0; i < m->scratch->said; i++) {
        epi__view term = epi__document_at(&m->scratch->document, i);
        uint64_t documents = 0;
        EPI__TRY(epi__postings_documents(&documents, snapshot->tx.txn, m->mirror->space, term));
        documents += epi__recent_documents(m->mirror->tail, term);
        double n = (double)state->documents, df = EPI__MIN((double)documents, n);
        a.idf = (float)log(1.0 + (n - df + 0.5) / (df + 0.5));
        m->features[m->feature_count++] = (epi__hash_feature){{(const uint8_t *)term.data + 1, term.size - 1}, a.idf};
        EPI__TRY(epi__postings_walk(snapshot->tx.txn, m->mirror->space, term, accumulate, &a));
        EPI__TRY(epi__recent_walk(m->mirror->tail, term, accumulate, &a));
    }
    return EPI_OK;
}

/* The steps that share most with the words of the step; it itself left out. */
static epi_status words_arm(struct measure *m, epi__snapshot *snapshot, uint64_t step) {
    epi__topk best = {0};
    epi_status status = epi__topk_init(&best, ARM_COUNT) ? score_words(m, snapshot)
                                                         : epi__fail_memory(MODULE, ARM_COUNT);
    for (size_t i = 0; !status && i < m->score_count; i++)
        if (m->scores[i] > 0.0f && i != step) epi__topk_push(&best, i, m->scores[i]);
    if (m->scores) memset(m->scores, 0, m->score_count * sizeof *m->scores);
    if (!status) epi__topk_sort(&best);
    for (size_t i = 0; !status && i < best.count; i++)
        candidate_of(m, best.items[i].id)->words = (double)best.items[i].score / (double)best.items[0].score;
    epi__topk_dispose(&best);
    return status;
}

static bool is_other(void *context, uint64_t step) {
    return step != *(const uint64_t *)context;
}

/* As recall asks: with the step's vector, or, where they are hashed, with its words by their idf. */
static epi_status vector_arm(struct measure *m, epi__snapshot *snapshot, uint64_t step) {
    epi__best found[ARM_COUNT];
    size_t count = 0;
    if (m->hashed && !epi__hash_encode(m->vector, snapshot->state.dimension, m->features, m->feature_count))
        return EPI_OK;
    EPI__TRY(epi__nearest(&count, found, snapshot, m->vector, ARM_COUNT, 0, is_other, &step));
    bool floored = count == ARM_COUNT && !m->hashed; /* as recall scales it */
    float floor = floored ? EPI__MAX(found[count - 1].score, 0.0f) : 0.0f;
    for (size_t i = 0; i < count && found[0].score > floor; i++)
        candidate_of(m, found[i].id)->vector = EPI__MAX(
            (double)(found[i].score - floor) / (double)(found[0].score - floor), 0.0);
    return EPI_OK;
}

/* ---- one sample -------------------------------------------------------------------------------------------------- */

static bool is_neighbour(const struct measure *m, uint64_t step, uint64_t other) {
    for (int d = -REACH; d <= REACH; d++)
        if (d && epi__mirror_neighbour(m->mirror, step, d) == other) return true;
    return false;
}

/* Which part of the neighbours is among the ten best; ties to the lowest step. */
static double found_at(const struct measure *m, uint64_t step, double weight, size_t neighbours) {
    bool taken[2 * ARM_COUNT] = {false};
    size_t found = 0;
    for (size_t rank = 0; rank < TOP && rank < m->count; rank++) {
        size_t best = m->count;
        double most = -1.0;
        for (size_t i = 0; i < m->count; i++) {
            double score = m->candidates[i].words + weight * m->candidates[i].vector;
            bool first = score > most ||
                         (score == most && best < m->count && m->candidates[i].step < m->candidates[best].step);
            if (taken[i] || !first) continue;
            best = i;
            most = score;
        }
        taken[best] = true;
        found += is_neighbour(m, step, m->candidates[best].step);
    }
    return (double)found / (double)neighbours;
}

static epi_status read_words(struct measure *m, epi__snapshot *snapshot, uint64_t step) {
    const epi_schema *schema = &m->mirror->schema->schema;
    epi__view parts[EPI_PART_COUNT_MAX] = {{0}};
    epi__row row;
    EPI__TRY(epi__row_read(&row, snapshot, step));
    epi__reader reader = row.rest;
    for (uint8_t i = 0; i < row.tag_count; i++) (void)epi__read_bytes(&reader);
    for (unsigned i = 0; i <= row.part_count && !reader.failed; i++) {
        epi__value value;
        epi__value_decode(&value, &reader);
        if (i == 0 || reader.failed || value.role >= schema->role_count) continue;
        if (schema->roles[value.role].flags & EPI_ROLE_SEARCH)
            EPI__TRY(epi__component_get(&parts[value.role], snapshot->tx.txn, m->mirror->space, &value));
    }
    return epi__draft_words(m->scratch, schema, parts, (epi__view){0}, 0, row.event_from, row.utc_offset_min);
}

static epi_status take_sample(struct measure *m, epi__snapshot *snapshot, uint64_t step) {
    size_t neighbours = 0;
    double alone = 0.0;
    for (int d = -REACH; d <= REACH; d++) neighbours += d && epi__mirror_neighbour(m->mirror, step, d) != 0;
    if (neighbours == 0) return EPI_OK;
    epi_status status = epi__vectors_get(m->vector, m->mirror, snapshot->tx.txn, &snapshot->state, step);
    if (!status) status = read_words(m, snapshot, step);
    if (status || m->scratch->said == 0) return status == EPI_ENOTFOUND ? EPI_OK : status;
    m->count = 0;
    EPI__TRY(words_arm(m, snapshot, step));
    EPI__TRY(vector_arm(m, snapshot, step));
    for (size_t i = 0; i < WEIGHT_COUNT; i++) {
        double found = found_at(m, step, WEIGHTS[i], neighbours);
        if (i == 0) alone = found;
        m->sum[i] += found;
        m->gain[i] += found - alone;
        m->square[i] += (found - alone) * (found - alone);
    }
    m->samples++;
    return EPI_OK;
}

/* A step drawn from the runs, and one snapshot a sample: none is held for long. */
static epi_status sample(struct measure *m, epi__random *random) {
    epi__snapshot snapshot;
    EPI__TRY(epi__snapshot_begin(&snapshot, m->mirror));
    epi_status status = EPI_OK;
    if (m->mirror->run_count > 0 && snapshot.state.dimension > 0) {
        uint64_t id = 1 + epi__random_below(random, EPI__MAX(snapshot.state.next_step - 1, 1u));
        bool fit = m->generation == 0 || epi__learn_leaves_out(m->generation, id);
        if (fit && epi__mirror_run(m->mirror, id) && !epi__map_get(&m->tried, id, NULL)) {
            status = epi__map_put(&m->tried, id, 1) ? EPI_OK : epi__fail_memory(MODULE, sizeof id);
            if (!status) status = take_sample(m, &snapshot, id);
        }
    }
    epi__snapshot_end(&snapshot);
    return status == EPI_ENOTFOUND ? EPI_OK : status;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static double conclude(const struct measure *m) {
    double n = (double)EPI__MAX(m->samples, 1u), worth = 0.0, most = 0.0;
    for (size_t i = 1; i < WEIGHT_COUNT; i++) {
        double mean = m->gain[i] / n, variance = m->square[i] / n - mean * mean;
        if (mean <= most || mean <= ERRORS * sqrt(EPI__MAX(variance, 0.0) / n)) continue;
        most = mean;
        worth = WEIGHTS[i];
    }
    return worth;
}

/* What there is to measure. */
struct due {
    bool now, learned, hashed;
    uint64_t generation, vectors;
};

static epi_status look_up(struct due *due, epi__mirror *mirror) {
    epi__snapshot snapshot;
    epi__generation_record record;
    const epi__generation *serving = NULL;
    EPI__TRY(epi__snapshot_begin(&snapshot, mirror));
    const epi__state *state = &snapshot.state;
    epi_status status = epi__generation_get(&record, snapshot.tx.txn, mirror->space, state->generation);
    if (!status) status = epi__generation_of(&serving, mirror, snapshot.tx.txn, state->generation);
    *due = (struct due){.generation = state->generation, .vectors = state->vectors};
    due->learned = !status && record.learned > 0;
    due->hashed = !status && serving->way == EPI__WAY_HASH;
    bool texts = due->hashed || (!status && serving->way == EPI__WAY_TABLE);
    due->now = texts && state->vectors >= VECTORS_MIN && state->documents > 0 &&
               (epi__worth_of(state) < 0.0 || state->vectors >= 2 * record.until);
    epi__snapshot_end(&snapshot);
    return status;
}

static epi_status keep(epi__mirror *mirror, uint64_t generation, uint64_t vectors, double worth) {
    epi__change change;
    epi__generation_record record;
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, false));
    epi_status status = EPI_OK;
    if (change.state.generation == generation) {
        status = epi__generation_get(&record, change.tx.txn, change.space, generation);
        record.next = record.until = vectors; /* of one that serves: how many there were when its worth was measured */
        change.state.worth = bits_of(worth);
        if (!status) status = epi__generation_put(&change, generation, &record);
        epi__change_note(&change, EPI__CHANGE_GENERATION, 0, 0);
    }
    if (!status) return epi__change_commit(&change, epi__store_now(mirror->store));
    epi__change_abort(&change);
    return status;
}

epi_status epi__worth_measure(epi__mirror *mirror) {
    struct due due;
    struct measure m = {.mirror = mirror};
    EPI__TRY(look_up(&due, mirror));
    if (!due.now) return EPI_OK;
    epi__random random = epi__random_seed(due.generation * 1000003u + due.vectors);
    epi_status status = epi__scratch_take(&m.scratch, mirror);
    m.vector = status ? NULL : epi__realloc(NULL, EPI_DIMENSION_MAX, sizeof *m.vector);
    if (!status && !m.vector) status = epi__fail_memory(MODULE, EPI_DIMENSION_MAX * sizeof *m.vector);
    m.generation = due.learned ? due.generation : 0;
    m.hashed = due.hashed;
    size_t most = due.learned ? 32 * SAMPLES : 4 * SAMPLES;
    for (size_t tries = 0; !status && m.samples < SAMPLES && tries < most; tries++) status = sample(&m, &random);
    epi__scratch_give(m.scratch, mirror);
    epi__free(m.vector);
    epi__free(m.scores);
    epi__free(m.features);
    epi__map_dispose(&m.tried);
    double worth = EPI__MAX(conclude(&m), due.hashed ? HASHED_LEAST : 0.0);
    return status ? status : keep(mirror, due.generation, due.vectors, worth);
}
