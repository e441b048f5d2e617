/* story.c - what would happen then: one imagined event after the other; see events.h.
 *
 * The last bundle of an event (what, action, outcome) is looked for in all stored events; where one of them went on,
 * its successor is an example. Its last bundle is taken; of the other bundles those that the successor shares with its
 * predecessor stay as they are here, and those that changed there change here too. Examples with the same last bundle
 * are witnesses of one continuation. The best witnessed one that is plausible here is told, and no step twice.
 */
#include "events.h"

#define MODULE "imagine"
#define EXAMPLES_MAX 256u /* continuations that are told apart */

struct example {
    epi__mix mix;
    uint32_t before; /* row of the lattice; the successor is the next one */
    size_t witnesses;
};

struct telling {
    epi__imagining *im;
    struct example *examples;
    size_t count;
    epi__map used; /* rows that were told */
};

static bool same_bundle(const epi__lattice *l, size_t bundle, const uint32_t *a, const uint32_t *b) {
    for (size_t i = 0; i < l->frame.role_count; i++)
        if (l->frame.bundle_of[i] == bundle && a[i] != b[i]) return false;
    return true;
}

/* The event `now` as it would go on by the example of the rows `before` and the one behind. */
static void follow(epi__mix *mix, const epi__lattice *l, const epi__mix *now, uint32_t before) {
    const uint32_t *from = l->values + before * l->frame.role_count, *to = from + l->frame.role_count;
    *mix = *now;
    for (size_t b = 0; b < l->frame.bundle_count; b++) {
        if (b + 1 < l->frame.bundle_count && same_bundle(l, b, from, to)) continue;
        mix->from[b] = before + 1;
        for (size_t i = 0; i < l->frame.role_count; i++)
            if (l->frame.bundle_of[i] == b) mix->values[i] = to[i];
    }
}

static void add_example(struct telling *telling, const epi__mix *now, uint32_t before) {
    const epi__lattice *l = telling->im->lattice;
    const size_t last = l->frame.bundle_count - 1;
    struct example *made = &telling->examples[telling->count];
    follow(&made->mix, l, now, before);
    for (size_t i = 0; i < telling->count; i++) {
        if (!same_bundle(l, last, telling->examples[i].mix.values, made->mix.values)) continue;
        telling->examples[i].witnesses++;
        return;
    }
    made->before = before;
    made->witnesses = 1;
    telling->count += telling->count + 1 < EXAMPLES_MAX;
}

static void find_examples(struct telling *telling, const epi__mix *now) {
    const epi__lattice *l = telling->im->lattice;
    telling->count = 0;
    for (uint32_t row = 0; row + 1 < l->row_count; row++) {
        const uint32_t *own = l->values + row * l->frame.role_count;
        if (!same_bundle(l, l->frame.bundle_count - 1, own, now->values)) continue;
        if (!epi__stories_leads_on(l->stories, l->rows[row]) || l->rows[row + 1] != l->rows[row] + 1) continue;
        if (!epi__map_get(&telling->used, row + 1, NULL)) add_example(telling, now, row);
    }
}

/* Rows that have the pairs which the bundles are joined across; a bundle that only stands beside has none. */
static void find_witnesses(epi__mix *mix, const epi__lattice *l) {
    for (size_t b = 1; b < l->frame.bundle_count; b++) {
        size_t from = l->link[b][0], to = l->link[b][1];
        uint32_t row = 0;
        while (row < l->row_count && (l->values[row * l->frame.role_count + from] != mix->values[from] ||
                                      l->values[row * l->frame.role_count + to] != mix->values[to]))
            row++;
        mix->witness[b] = row < l->row_count ? row : mix->from[b];
    }
}

/* The best example; NULL: the story ends. */
static const struct example *choose(struct telling *telling) {
    const struct example *best = NULL;
    double best_worth = 0.0;
    for (size_t i = 0; i < telling->count; i++) {
        struct example *one = &telling->examples[i];
        if (!epi__mix_judge(&one->mix, telling->im)) continue;
        double worth = (double)one->witnesses * one->mix.plausibility;
        if (best && worth <= best_worth) continue;
        best = one;
        best_worth = worth;
    }
    return best;
}

static epi_status tell_next(bool *told, struct telling *telling, epi__mix *now) {
    epi__imagining *im = telling->im;
    epi_imagined_event *event = &im->result->items[im->result->count];
    find_examples(telling, now);
    const struct example *best = choose(telling);
    *told = best != NULL;
    if (!best) return EPI_OK;
    *now = best->mix;
    find_witnesses(now, im->lattice);
    if (!epi__map_put(&telling->used, best->before + 1, 1)) return epi__fail_memory(MODULE, sizeof *best);
    EPI__TRY(epi__mix_show(event, im, now));
    event->before = epi__lattice_step(im->lattice, best->before);
    event->after = epi__lattice_step(im->lattice, best->before + 1);
    event->witnesses = best->witnesses;
    im->result->count++;
    return EPI_OK;
}

static epi_status tell(struct telling *telling, size_t count) {
    epi__imagining *im = telling->im;
    const size_t last = im->lattice->frame.bundle_count - 1;
    epi__mix now = im->mixes[0];
    bool told = true;
    if (!epi__map_put(&telling->used, now.from[last], 1)) return epi__fail_memory(MODULE, sizeof now);
    EPI__TRY(epi__mix_show(&im->result->items[im->result->count++], im, &now));
    while (told && im->result->count < count) EPI__TRY(tell_next(&told, telling, &now));
    return EPI_OK;
}

epi_status epi__story_tell(epi__imagining *imagining, size_t count) {
    struct telling telling = {.im = imagining};
    epi_events *result = imagining->result;
    result->items = epi__arena_alloc(&result->arena, count + 1, sizeof *result->items);
    telling.examples = epi__alloc_zero(EXAMPLES_MAX, sizeof *telling.examples);
    epi_status status = result->items && telling.examples ? EPI_OK : epi__fail_memory(MODULE, count);
    if (!status && imagining->mix_count) status = tell(&telling, count);
    epi__map_dispose(&telling.used);
    epi__free(telling.examples);
    return status;
}
