/* kernel.c - see kernel.h. Learning is greedy: of all changes of one level, or of the prior's strength, the one that
 * raises the leave-one-out likelihood most is made, until none is worth PRICE. A run takes some n^2 x attributes steps.
 */
#include "kernel.h"

#include <math.h>

#define MODULE "imagine"

/* Chosen on worlds of seeds below 100. */
static const double LEVELS[] = {1.0, 0.4, 0.15, 0.03};
static const double STRENGTHS[] = {1.0, 2.0, 4.0, 8.0};
#define PRICE 2.0          /* nats that a change of level must bring */
#define PRICE_STRENGTH 0.1
#define BASE_WEIGHT 2.0    /* cases that the base rate is worth in the prior */
#define RATE_MIN 0.005

struct fit {
    epi__kernel *kernel;
    const uint8_t *distances;
    size_t attributes, count;
    const bool *labels;
    double base;
    float *weights; /* count x count, of the kernel as it is */
};

/* Factors by distance that turn a weight of one level into that of another. */
static void factors(float out[EPI__FAR + 1], double from, double to) {
    for (unsigned d = 0; d <= EPI__FAR; d++) out[d] = (float)pow(to / from, (double)d / EPI__FAR);
}

static double prior_of(const struct fit *fit, double hits, double count) {
    return (hits + BASE_WEIGHT * fit->base) / (count + BASE_WEIGHT);
}

/* Log likelihood of each label given the others, with the weights changed by `by` in one attribute. */
static double likelihood(const struct fit *fit, const uint8_t *distances, const float by[EPI__FAR + 1],
                         double strength) {
    double sum = 0.0, hits = 0.0;
    const size_t n = fit->count;
    for (size_t i = 0; i < n; i++) hits += fit->labels[i];
    for (size_t i = 0; i < n; i++) {
        const float *row = fit->weights + i * n;
        const uint8_t *far = distances + i * n;
        float all = 0.0f, came = 0.0f;
        for (size_t j = 0; j < n; j++) {
            float weight = row[j] * by[far[j]];
            all += weight;
            came += fit->labels[j] ? weight : 0.0f;
        }
        float own = row[i] * by[far[i]];
        double label = fit->labels[i] ? 1.0 : 0.0, prior = prior_of(fit, hits - label, (double)n - 1.0);
        double rate = ((double)came - label * (double)own + strength * prior) / ((double)all - (double)own + strength);
        rate = fmin(fmax(rate, RATE_MIN), 1.0 - RATE_MIN);
        sum += log(fit->labels[i] ? rate : 1.0 - rate);
    }
    return sum;
}

struct change {
    double gain;
    size_t attribute; /* attributes: the strength */
    uint8_t level;
    double strength;
};

static void try_levels(struct change *best, const struct fit *fit, double now) {
    float by[EPI__FAR + 1];
    for (size_t a = 0; a < fit->attributes; a++) {
        const uint8_t *distances = fit->distances + a * fit->count * fit->count;
        uint8_t level = fit->kernel->level[a];
        for (uint8_t to = 0; to < EPI__COUNT(LEVELS); to++) {
            if (to == level) continue;
            factors(by, LEVELS[level], LEVELS[to]);
            double gain = likelihood(fit, distances, by, fit->kernel->strength) - now;
            gain -= level == 0 ? PRICE : to == 0 ? -PRICE : 0.0;
            if (gain > best->gain) *best = (struct change){gain, a, to, 0.0};
        }
    }
}

static void try_strengths(struct change *best, const struct fit *fit, double now) {
    float by[EPI__FAR + 1];
    factors(by, 1.0, 1.0);
    for (size_t i = 0; i < EPI__COUNT(STRENGTHS); i++) {
        double gain = likelihood(fit, fit->distances, by, STRENGTHS[i]) - now;
        if (gain > best->gain) *best = (struct change){gain, fit->attributes, 0, STRENGTHS[i]};
    }
}

static void make_change(struct fit *fit, const struct change *change) {
    float by[EPI__FAR + 1];
    if (change->attribute == fit->attributes) {
        fit->kernel->strength = change->strength;
        return;
    }
    const uint8_t *far = fit->distances + change->attribute * fit->count * fit->count;
    factors(by, LEVELS[fit->kernel->level[change->attribute]], LEVELS[change->level]);
    for (size_t i = 0; i < fit->count * fit->count; i++) fit->weights[i] *= by[far[i]];
    fit->kernel->level[change->attribute] = change->level;
}

epi_status epi__kernel_fit(epi__kernel *kernel, const uint8_t *distances, size_t attributes, size_t count,
                           const bool *labels, double base) {
    struct fit fit = {kernel, distances, attributes, count, labels, base, NULL};
    double hits = 0.0;
    memset(kernel, 0, sizeof *kernel);
    for (size_t i = 0; i < count; i++) hits += labels[i];
    kernel->strength = 2.0;
    kernel->prior = prior_of(&fit, hits, (double)count);
    if (count < 3 || attributes == 0) return EPI_OK;
    fit.weights = epi__realloc(NULL, count * count, sizeof *fit.weights);
    if (!fit.weights) return epi__fail_memory(MODULE, count * count * sizeof *fit.weights);
    for (size_t i = 0; i < count * count; i++) fit.weights[i] = 1.0f;
    float same[EPI__FAR + 1];
    factors(same, 1.0, 1.0);
    for (size_t round = 0; round < 4 * attributes + 4; round++) {
        struct change best = {.gain = PRICE_STRENGTH};
        double now = likelihood(&fit, distances, same, kernel->strength);
        try_levels(&best, &fit, now);
        try_strengths(&best, &fit, now);
        if (best.gain <= PRICE_STRENGTH) break;
        make_change(&fit, &best);
    }
    epi__free(fit.weights);
    return EPI_OK;
}

double epi__kernel_weight(const epi__kernel *kernel, const uint8_t *distances, size_t attributes) {
    double weight = 1.0;
    for (size_t a = 0; a < attributes; a++)
        if (kernel->level[a] && distances[a])
            weight *= pow(LEVELS[kernel->level[a]], (double)distances[a] / EPI__FAR);
    return weight;
}

/* How many standard deviations about the mean hold this share of a normal distribution, by bisection. */
static double deviations(double confidence) {
    double low = 0.0, high = 40.0;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        if (erf(middle / sqrt(2.0)) < confidence)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

void epi__wilson(double *low, double *high, double rate, double n, double confidence) {
    double z = deviations(confidence), z2 = z * z / n;
    double middle = (rate + 0.5 * z2) / (1.0 + z2);
    double half = z / (1.0 + z2) * sqrt(rate * (1.0 - rate) / n + z2 / (4.0 * n));
    *low = fmax(0.0, middle - half);
    *high = fmin(1.0, middle + half);
}
