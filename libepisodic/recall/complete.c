/* complete.c - parts that a step has not, completed from steps like it. Only when asked for, never stored, and never
 * without saying so: provenance, confidence, and the steps that voted.
 *
 * The voters of a step are the steps nearest to its vector; those of the cue are the hits. A voter's weight is its
 * similarity (the cosine; under L2 1 / (1 + distance^2 / norm^2), which does not ask for a unit), or its score as a
 * share of the best. Of each role the value with the greatest weight wins, and its confidence is what speaks for it
 * times how alike that is: sum w^2 over its voters / sum w over all voters, also those that lack the role. So one
 * distant step, or many that disagree, cannot say anything with confidence 1.
 * A vector is no part to be voted for, and a forgotten or corrected step has no vote.
 *
 * Source: the distance-weighted k-nearest-neighbour rule, Dudani 1976; the confidence is ours.
 */
#include "../memory/vectors.h"
#include "../store/component.h"
#include "recall.h"

#define MODULE "recall"
#define VOTERS_MAX 32u

typedef struct voter {
    uint64_t step;
    double weight;
    epi__row row;
} voter;

typedef struct completer {
    epi_recollection *result;
    epi__snapshot *snapshot;
    const epi__filter *filter;
    double least; /* confidence */
    epi__buffer text;
    voter voters[VOTERS_MAX];
    size_t voter_count;
} completer;

/* One value that is voted for. */
typedef struct ballot {
    uint64_t hash;
    double weight;
    double square;
    epi__value value; /* of its first voter, which weighs most */
    uint64_t sources[VOTERS_MAX];
    size_t count;
} ballot;

/* ---- voters ----------------------------------------------------------------------------------------------------- */

static bool may_vote(void *context, uint64_t step) {
    const completer *c = context;
    return epi__filter_sees(c->filter, step);
}

static epi_status add_voter(completer *c, uint64_t step, double weight) {
    voter *one = &c->voters[c->voter_count];
    if (weight <= 0.0 || c->voter_count == VOTERS_MAX) return EPI_OK;
    epi_status status = epi__row_read(&one->row, c->snapshot, step);
    if (status) return status == EPI_ENOTFOUND ? EPI_OK : status;
    const epi_filter *given = c->filter->given;
    if (given->as_of != EPI_TIME_NONE && one->row.ingested > given->as_of) return EPI_OK;
    one->step = step;
    one->weight = weight;
    c->voter_count++;
    return EPI_OK;
}

static double likeness(float score, double norm, epi_metric metric) {
    if (metric == EPI_COSINE) return (double)score;
    return norm > 0.0 ? norm / (norm - (double)score) : 0.0; /* the score is minus the squared distance */
}

static epi_status voters_of_step(completer *c, uint64_t step) {
    const epi__state *state = &c->snapshot->state;
    epi__mirror *mirror = c->snapshot->mirror;
    size_t dimension = (size_t)state->dimension, count = 0;
    epi__best nearest[VOTERS_MAX + 1];
    c->voter_count = 0;
    if (dimension == 0) return EPI_OK;
    float *vector = epi__alloc(dimension * sizeof *vector);
    if (!vector) return epi__fail_memory(MODULE, dimension * sizeof *vector);
    epi_status status = epi__vectors_get(vector, mirror, c->snapshot->tx.txn, state, step);
    double norm = status ? 0.0 : (double)epi__math_dot(vector, vector, dimension);
    if (!status) status = epi__nearest(&count, nearest, c->snapshot, vector, VOTERS_MAX + 1, 0, may_vote, c);
    epi__free(vector);
    for (size_t i = 0; !status && i < count; i++)
        if (nearest[i].id != step)
            status = add_voter(c, nearest[i].id, likeness(nearest[i].score, norm, mirror->schema->schema.metric));
    return status == EPI_ENOTFOUND ? EPI_OK : status; /* it has no vector */
}

static epi_status voters_of_cue(completer *c) {
    const epi_recollection *result = c->result;
    c->voter_count = 0;
    double best = result->hit_count ? result->hits[0].score : 0.0;
    for (size_t i = 0; i < result->hit_count && best > 0.0; i++)
        EPI__TRY(add_voter(c, result->hits[i].step, result->hits[i].score / best));
    return EPI_OK;
}

/* ---- votes ------------------------------------------------------------------------------------------------------ */

/* The voter's value of the role; false when it has none. */
static bool find_value(epi__value *value, const voter *one, size_t role) {
    epi__reader reader = one->row.rest;
    for (uint8_t i = 0; i < one->row.tag_count; i++) (void)epi__read_bytes(&reader);
    epi__value_decode(value, &reader);
    for (uint8_t i = 0; i < one->row.part_count && !reader.failed; i++) {
        epi__value_decode(value, &reader);
        if (!reader.failed && value->role == role) return true;
    }
    return false;
}

/* What makes two values one: their bytes, or their folded text where the role is a keyword. */
static epi_status hash_value(uint64_t *hash, completer *c, const epi__value *value, const epi_role *role) {
    epi__view data;
    EPI__TRY(epi__component_get(&data, c->snapshot->tx.txn, c->snapshot->mirror->space, value));
    if (role->flags & EPI_ROLE_KEYWORD) {
        epi__buffer_clear(&c->text);
        EPI__TRY(epi__utf8_fold(&c->text, data.data, data.size));
        data = (epi__view){c->text.data, c->text.size};
    }
    *hash = epi__hash64(data.data, data.size);
    return EPI_OK;
}

static void cast(ballot *ballots, size_t *count, uint64_t hash, const epi__value *value, const voter *one) {
    size_t at = 0;
    while (at < *count && ballots[at].hash != hash) at++;
    if (at == *count) ballots[(*count)++] = (ballot){.hash = hash, .value = *value};
    ballots[at].weight += one->weight;
    ballots[at].square += one->weight * one->weight;
    ballots[at].sources[ballots[at].count++] = one->step;
}

static epi_status copy_winner(epi_recalled_part *part, completer *c, const epi_role *role, const ballot *best,
                              double confidence) {
    epi__arena *arena = &c->result->arena;
    epi__view data;
    EPI__TRY(epi__component_get(&data, c->snapshot->tx.txn, c->snapshot->mirror->space, &best->value));
    *part = (epi_recalled_part){.type = role->type,
                                .size = data.size,
                                .provenance = EPI_INFERRED,
                                .confidence = EPI__MIN(confidence, 1.0),
                                .source_step = best->sources[0],
                                .source_count = best->count};
    part->role = epi__arena_text(arena, role->name, strlen(role->name));
    part->data = epi__arena_text(arena, data.data, data.size);
    part->sources = epi__arena_copy(arena, best->sources, best->count * sizeof *best->sources);
    return part->role && part->data && part->sources ? EPI_OK : epi__fail_memory(MODULE, data.size);
}

/* *won: some value of the role is confident enough, and is now the part. */
static epi_status vote(epi_recalled_part *part, bool *won, completer *c, size_t at) {
    const epi_role *role = &c->snapshot->mirror->schema->schema.roles[at];
    ballot ballots[VOTERS_MAX];
    size_t count = 0, best = 0;
    double all = 0.0;
    *won = false;
    for (size_t i = 0; i < c->voter_count; i++) {
        epi__value value;
        uint64_t hash = 0;
        all += c->voters[i].weight;
        if (!find_value(&value, &c->voters[i], at)) continue;
        EPI__TRY(hash_value(&hash, c, &value, role));
        cast(ballots, &count, hash, &value, &c->voters[i]);
    }
    for (size_t i = 1; i < count; i++)
        if (ballots[i].weight > ballots[best].weight) best = i;
    double confidence = count > 0 ? ballots[best].square / all : 0.0;
    *won = count > 0 && confidence >= c->least;
    return *won ? copy_winner(part, c, role, &ballots[best], confidence) : EPI_OK;
}

/* ---- completing ------------------------------------------------------------------------------------------------- */

static bool has_part(const epi_recalled_part *parts, size_t count, const char *role) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(parts[i].role, role) == 0) return true;
    return false;
}

/* Adds to `count` parts, in room for one a role, those that can be completed. */
static epi_status fill_gaps(epi_recalled_part *parts, size_t *count, completer *c) {
    const epi_schema *schema = &c->snapshot->mirror->schema->schema;
    for (size_t i = 0; i < schema->role_count && c->voter_count > 0; i++) {
        bool won = false;
        if (schema->roles[i].flags & EPI_ROLE_VECTOR || has_part(parts, *count, schema->roles[i].name)) continue;
        EPI__TRY(vote(&parts[*count], &won, c, i));
        if (won) ++*count;
    }
    return EPI_OK;
}

static epi_status complete_step(completer *c, epi__step *step) {
    const epi_schema *schema = &c->snapshot->mirror->schema->schema;
    if (step->view.part_count >= schema->role_count) return EPI_OK;
    EPI__TRY(voters_of_step(c, step->view.id));
    epi_recalled_part *parts = epi__arena_alloc(&c->result->arena, schema->role_count, sizeof *parts);
    if (!parts) return epi__fail_memory(MODULE, schema->role_count * sizeof *parts);
    memcpy(parts, step->parts, step->view.part_count * sizeof *parts);
    step->parts = parts;
    return fill_gaps(parts, &step->view.part_count, c);
}

static epi_status complete_cue(completer *c) {
    epi_recollection *result = c->result;
    size_t room = c->snapshot->mirror->schema->schema.role_count;
    result->completed = epi__arena_alloc(&result->arena, room + 1, sizeof *result->completed);
    if (!result->completed) return epi__fail_memory(MODULE, room * sizeof *result->completed);
    EPI__TRY(voters_of_cue(c));
    return fill_gaps(result->completed, &result->completed_count, c);
}

epi_status epi__complete(epi_recollection *result, epi__snapshot *snapshot, const epi__filter *filter, double least) {
    if (least <= 0.0) return EPI_OK;
    completer *c = epi__alloc_zero(1, sizeof *c);
    if (!c) return epi__fail_memory(MODULE, sizeof *c);
    *c = (completer){.result = result, .snapshot = snapshot, .filter = filter, .least = least};
    epi_status status = EPI_OK;
    for (size_t i = 0; !status && i < result->hit_count; i++)
        status = complete_step(c, &result->scenes[result->hits[i].scene].steps[result->hits[i].scene_step]);
    if (!status) status = complete_cue(c);
    epi__buffer_dispose(&c->text);
    epi__free(c);
    return status;
}

const epi_recalled_part *epi_recollection_completed(const epi_recollection *found, const char *role) {
    for (size_t i = 0; found && role && i < found->completed_count; i++)
        if (strcmp(found->completed[i].role, role) == 0) return &found->completed[i];
    return NULL;
}
