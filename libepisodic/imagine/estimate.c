/* estimate.c - the tries of one tool weighed by how alike they are to a question; see prospects.h. */
#include <math.h>
#include <stdlib.h>

#include "prospects.h"

#define MODULE "imagine"

uint64_t epi__ask_step(const epi__ask *ask, const epi__try *item) {
    return ask->tries->stories->rows[item->row].step;
}

uint64_t epi__ask_episode(const epi__ask *ask, const epi__try *item) {
    const epi__stories *stories = ask->tries->stories;
    return stories->episodes[stories->rows[item->row].episode].id;
}

const char *epi__ask_text(epi__ask *ask, uint32_t number, size_t limit) {
    const epi__story_value *value = &ask->tries->stories->words[number];
    size_t size = epi__utf8_valid(value->data, value->size);
    return epi__arena_text(&ask->result->arena, value->data, epi__utf8_cut(value->data, size, limit));
}

epi_status epi__ask_arguments(epi__feature *features, epi__ask *ask, const char *arguments, size_t size) {
    memcpy(features, ask->features, sizeof ask->features);
    if (size == 0) return EPI_OK;
    return epi__features_read(features, &ask->tries->attributes, &ask->arena, ask->analyzer, "arguments", arguments,
                              size);
}

/* What was not said is like anything. */
static void weigh(epi__weighed *weighed, const epi__ask *ask, const epi__kernel *kernel, const epi__feature *features) {
    uint8_t distances[EPI__ATTRIBUTES_MAX];
    const epi__attributes *attributes = &ask->tries->attributes;
    double sum = 0.0;
    for (size_t a = 0; a < attributes->count; a++) {
        const epi__feature *own = epi__try_feature(weighed->item, a);
        bool said = features[a].kind != EPI__FEATURE_ABSENT;
        distances[a] = said ? epi__feature_distance(attributes, a, &features[a], own) : 0;
        sum += distances[a];
    }
    weighed->apart = attributes->count ? sum / (double)(attributes->count * EPI__FAR) : 0.0;
    weighed->weight = epi__kernel_weight(kernel, distances, attributes->count);
}

/* The newest of equals first. */
static int by_weight(const void *a, const void *b) {
    const epi__weighed *x = a, *y = b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    if (x->apart != y->apart) return x->apart < y->apart ? -1 : 1;
    return (x->step < y->step) - (x->step > y->step);
}

static void count_cases(epi__estimate *e, const epi__kernel *kernel, double confidence) {
    double hits = 0.0;
    for (size_t i = 0; i < e->count; i++) {
        const epi__weighed *one = &e->cases[i];
        e->weight += one->weight;
        e->reached_count += one->reached;
        hits += one->reached ? one->weight : 0.0;
        if (one->reached && !e->hit) e->hit = one;
        if (!one->reached && !e->miss) e->miss = one;
    }
    e->rate = epi__kernel_rate(kernel, e->weight, hits);
    epi__wilson(&e->low, &e->high, e->rate, e->weight + kernel->strength, confidence);
}

epi_status epi__estimate_make(epi__estimate *estimate, epi__ask *ask, const epi__aim *aim,
                              const epi__feature *features) {
    const epi__kernel *kernel;
    const epi__tool *tool = &ask->tries->tools[aim->tool];
    *estimate = (epi__estimate){0};
    EPI__TRY(epi__tries_kernel(&kernel, ask->tries, aim));
    estimate->cases = epi__arena_alloc(&ask->arena, tool->count + 1, sizeof *estimate->cases);
    if (!estimate->cases) return epi__fail_memory(MODULE, tool->count * sizeof *estimate->cases);
    for (size_t i = 0; i < tool->count; i++) {
        const epi__try *item = &ask->tries->items[tool->tries[i]];
        if (!epi__aim_knows(aim, item)) continue;
        epi__weighed *weighed = &estimate->cases[estimate->count++];
        weighed->item = item;
        weighed->step = epi__ask_step(ask, item);
        weighed->reached = epi__aim_reached(ask->tries, aim, item);
        weigh(weighed, ask, kernel, features);
    }
    if (estimate->count) qsort(estimate->cases, estimate->count, sizeof *estimate->cases, by_weight);
    count_cases(estimate, kernel, ask->options.confidence);
    return EPI_OK;
}

epi_status epi__estimate_best(epi__estimate *estimate, const epi__try **witness, epi__ask *ask, const epi__aim *aim,
                              const epi__feature *features) {
    epi__feature decided[EPI__ATTRIBUTES_MAX];
    const epi__stories *stories = ask->tries->stories;
    *witness = NULL;
    EPI__TRY(epi__estimate_make(estimate, ask, aim, features));
    if (!estimate->hit) return EPI_OK;
    *witness = estimate->hit->item;
    uint32_t number = epi__stories_value(stories, (*witness)->row, ask->tries->roles.arguments);
    const epi__story_value *value = &stories->words[number];
    if (number == 0) return EPI_OK;
    memcpy(decided, features, sizeof decided);
    EPI__TRY(epi__features_read(decided, &ask->tries->attributes, &ask->arena, ask->analyzer, "arguments", value->data,
                                epi__utf8_valid(value->data, value->size)));
    return epi__estimate_make(estimate, ask, aim, decided);
}
