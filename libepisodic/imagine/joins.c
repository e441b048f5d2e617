/* joins.c - the tests of a join; see joins.h. All lengths are relative to a local step, so that nothing depends on the
 * units of a space. The constants were chosen on thin-walled rooms with seeds below 100 (benchmarks/README.md).
 */
#include "joins.h"

#include <math.h>
#include <stdlib.h>

#define NEAR 0.3             /* width of what counts as here */
#define ALIKE 0.3            /* width of what counts as the same action, in spreads of all actions */
#define SAME 0.5             /* width of what counts as the same displacement */
#define UNLIKE2 9.0          /* farther apart than this, in widths squared, a step is no witness */
#define PRIOR 0.1            /* weight of not knowing, */
#define PRIOR_AGREEMENT 0.5  /* ... which is as good as this */
#define GATE 0.3             /* how far aside of two places a step may pass between them */
#define PASSAGE_HALF 1.0     /* so many passing steps make half a passage, where many are asked */
#define PASSAGE_PRIOR 0.1    /* where few are asked, not knowing counts like so many that pass */
#define PASSAGE_LEAST 0.01
#define FEW 10.0             /* steps */
#define PAST_WIDTH 0.5       /* of what counts as the same place before */
#define REPORT_RADIUS 0.5
#define REFUTED_WEIGHT 10.0  /* one refutation outweighs so many confirmations */

static double bell(double distance2, double width) {
    return exp(-0.5 * distance2 / (width * width));
}

/* ---- likeness of actions ----------------------------------------------------------------------------------------- */

/* How far two actions are apart, squared, in widths of what counts as alike. */
static double action_gap2(const epi__traces *t, uint32_t a, uint32_t b, double scale) {
    const uint8_t *x = epi__traces_action(t, a), *y = epi__traces_action(t, b);
    double sum = 0.0, width = scale * ALIKE;
    if (scale <= 0.0) return memcmp(x, y, t->action_size) == 0 ? 0.0 : 2.0 * UNLIKE2;
    for (size_t i = 0; i < t->action_size; i += sizeof(float)) {
        float p, q;
        memcpy(&p, x + i, sizeof p);
        memcpy(&q, y + i, sizeof q);
        sum += ((double)p - (double)q) * ((double)p - (double)q);
    }
    return sum / (width * width);
}

double epi__action_likeness(const epi__traces *t, uint32_t a, uint32_t b) {
    return exp(-0.5 * action_gap2(t, a, b, epi__neighbours_action_scale(t)));
}

/* ---- agreement --------------------------------------------------------------------------------------------------- */

static const float *witness_from(const epi__place *place, size_t witness, size_t size) {
    return place->moves + 2 * witness * size;
}

static const float *witness_to(const epi__place *place, size_t witness, size_t size) {
    return place->moves + (2 * witness + 1) * size;
}

/* How far two displacements are apart, squared. */
static double displacement_distance2(const float *a0, const float *a1, const float *b0, const float *b1, size_t size) {
    double sum = 0.0;
    for (size_t i = 0; i < size; i++) {
        double apart = ((double)a1[i] - (double)a0[i]) - ((double)b1[i] - (double)b0[i]);
        sum += apart * apart;
    }
    return sum;
}

static void note_episode(uint64_t *episodes, uint32_t *count, uint64_t episode) {
    for (uint32_t i = 0; i < *count; i++)
        if (episodes[i] == episode) return;
    episodes[(*count)++] = episode;
}

/* What the others did: the step itself is no witness, for it says nothing of here. */
static void score_agreement(epi_join *join, const epi__judge *judge, const epi__place *place, uint32_t row) {
    const epi__traces *t = judge->traces;
    const float *from = epi__traces_observation(t, row), *to = epi__traces_landing(t, row);
    uint64_t episodes[EPI__WITNESSES_MAX];
    size_t size = t->observation_size;
    double asked = PRIOR, agreed = PRIOR * PRIOR_AGREEMENT, length2 = place->length * place->length;
    double scale = epi__neighbours_action_scale(t), near2 = NEAR * NEAR * length2;
    for (size_t i = 0; i < place->witness_count; i++) {
        uint32_t witness = place->witnesses[i].row;
        double gap2 = (double)place->witnesses[i].distance2 / near2;
        if (gap2 > UNLIKE2) break;
        if (witness == row) continue;
        gap2 += action_gap2(t, witness, row, scale);
        if (gap2 > UNLIKE2) continue;
        const float *began = witness_from(place, i, size), *led = witness_to(place, i, size);
        double apart2 = displacement_distance2(began, led, from, to, size);
        double weight = exp(-0.5 * gap2) * place->alike[i], alike = bell(apart2 / length2, SAME);
        asked += weight;
        agreed += weight * alike;
        if (alike > 0.5 && place->alike[i] > 0.5) note_episode(episodes, &join->support, t->episodes[witness]);
    }
    join->agreement = agreed / asked;
}

/* ---- passage ----------------------------------------------------------------------------------------------------- */

/* Whether a step from a to b passes the plane midway between two places, near to where they face each other. */
static bool passes(const float *a, const float *b, const float *from, const float *to, size_t size, double gate2) {
    double before = 0.0, after = 0.0, aside = 0.0;
    for (size_t i = 0; i < size; i++) {
        double u = (double)to[i] - (double)from[i], middle = ((double)to[i] + (double)from[i]) / 2.0;
        before += ((double)a[i] - middle) * u;
        after += ((double)b[i] - middle) * u;
    }
    if ((before < 0.0) == (after < 0.0)) return false;
    double share = before / (before - after);
    for (size_t i = 0; i < size; i++) {
        double middle = ((double)to[i] + (double)from[i]) / 2.0;
        double off = (double)a[i] + share * ((double)b[i] - (double)a[i]) - middle;
        aside += off * off;
    }
    return aside <= gate2;
}

/* Two-way: steps that pass in either direction count, since a wall stops both. */
static double score_passage(const epi__judge *judge, const epi__place *place, const float *to) {
    size_t size = judge->traces->observation_size;
    double gate = GATE * place->length, count = 0.0;
    if (epi__distance2(place->at, to, size) <= 1e-6 * place->length * place->length) return 1.0;
    for (size_t i = 0; i < place->witness_count; i++)
        count += passes(witness_from(place, i, size), witness_to(place, i, size), place->at, to, size, gate * gate);
    double few = FEW / (FEW + (double)place->witness_count);
    count += PASSAGE_LEAST + PASSAGE_PRIOR * few;
    return count / (count + PASSAGE_HALF * (1.0 - few));
}

/* ---- context ----------------------------------------------------------------------------------------------------- */

double epi__join_context(const epi__judge *judge, const float *history, size_t count, double length, uint32_t row) {
    const epi__traces *t = judge->traces;
    double product = 1.0;
    for (size_t i = 0; i + 1 < judge->options->context && i < count; i++) {
        row = t->previous[row];
        if (row == EPI__NO_ROW) break;
        const float *seen = history + i * t->observation_size;
        double apart2 = epi__distance2(seen, epi__traces_observation(t, row), t->observation_size);
        product *= bell(apart2 / (length * length), PAST_WIDTH);
    }
    return product;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static void score_reports(epi_join *join, const epi__judge *judge, const epi__place *place, uint32_t row) {
    const epi__traces *t = judge->traces;
    if (!judge->reports) return;
    epi__reports_about(&join->confirmed, &join->refuted, judge->reports, place->at, epi__traces_observation(t, row),
                       epi__traces_landing(t, row), REPORT_RADIUS * place->length);
}

double epi__join_distance(const epi_imagine_options *options, const float *a, const float *b, size_t size) {
    return options->distance ? options->distance(options->callback_context, a, b) : sqrt(epi__distance2(a, b, size));
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A local step as the caller measures: an upper quartile of the witnesses' own, since blocked ones are short. */
static double measured_length(const epi__place *place, const epi__judge *judge) {
    double lengths[EPI__WITNESSES_MAX];
    size_t size = judge->traces->observation_size, count = place->witness_count;
    for (size_t i = 0; i < count; i++)
        lengths[i] = epi__join_distance(judge->options, witness_from(place, i, size), witness_to(place, i, size), size);
    if (count) qsort(lengths, count, sizeof *lengths, by_value);
    return count && lengths[count * 3 / 4] > 0.0 ? lengths[count * 3 / 4] : place->length;
}

void epi__place_look(epi__place *place, const epi__judge *judge, double steps) {
    place->length = epi__neighbours_step_length(judge->traces, place->at);
    double radius = EPI__MAX(steps, judge->options->join_radius) * place->length;
    place->witness_count = epi__neighbours_within(place->witnesses, judge->traces, place->at, radius,
                                                  EPI__WITNESSES_MAX);
    size_t size = judge->traces->observation_size;
    for (size_t i = 0; i < place->witness_count; i++) {
        uint32_t row = place->witnesses[i].row;
        memcpy(place->moves + 2 * i * size, epi__traces_observation(judge->traces, row), size * sizeof(float));
        memcpy(place->moves + (2 * i + 1) * size, epi__traces_landing(judge->traces, row), size * sizeof(float));
        place->alike[i] = 1.0;
        if (judge->options->context > 1)
            place->alike[i] = epi__join_context(judge, place->history, place->history_count, place->length, row);
    }
    place->unit = judge->options->distance ? measured_length(place, judge) : place->length;
}

/* Under a model of the caller's, only what the world answered casts doubt. */
void epi__join_score(epi_join *join, const epi__judge *judge, const epi__place *place, uint32_t row) {
    const epi__traces *t = judge->traces;
    const epi_imagine_options *o = judge->options;
    const float *there = epi__traces_observation(t, row);
    join->distance = epi__join_distance(o, place->at, there, t->observation_size) / place->unit;
    join->agreement = join->passage = join->context = 1.0;
    join->support = join->confirmed = join->refuted = 0;
    if (o->test == EPI_JOIN_EVIDENCE && !o->step) {
        score_agreement(join, judge, place, row);
        join->passage = score_passage(judge, place, there);
        join->context = epi__join_context(judge, place->history, place->history_count, place->length, row);
    }
    score_reports(join, judge, place, row);
    double answers = (1.0 + join->confirmed) / (1.0 + join->confirmed + REFUTED_WEIGHT * join->refuted);
    double near = o->step ? 1.0 : bell(join->distance * join->distance, o->join_radius);
    join->plausibility = near * join->agreement * join->passage * join->context * answers;
}
