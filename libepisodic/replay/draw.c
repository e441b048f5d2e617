/* draw.c - choosing the leaves of a batch.
 *
 * Idea: draw as many as are wanted at once, take what may be taken, and draw again for the rest. What may not be taken
 * (a step that the batch has, that was drawn often enough, or that only another process can read yet) is taken out of
 * the tree first, so that each round gets on; once the batch is there, it is put back. As inner nodes are recomputed
 * and never changed by differences, the tree is then what it was, to the last bit.
 * Without replacement this is successive sampling: each draw is in proportion to p among what is left.
 * Source: Schaul et al. (2016), sections 3.3 and 3.4, appendix B.2.1 (rank-based: places of a binary heap as ranks).
 */
#include "replay.h"

#define ROUNDS_MAX 1000u /* of the rank-based sampler, which cannot take out; then places are taken in order */

/* ---- room -------------------------------------------------------------------------------------------------------- */

void epi__draws_dispose(epi__draws *draws) {
    epi__free(draws->leaves);
    epi__free(draws->fresh);
    epi__free(draws->prefixes);
    epi__free(draws->chances);
    epi__free(draws->picks);
    epi__free(draws->windows);
    epi__free(draws->goals);
    epi__free(draws->taken);
    epi__free(draws->excluded);
    *draws = (epi__draws){0};
}

static epi_status make_room(epi__draws *draws, size_t count) {
    if (count <= draws->room) return EPI_OK;
    size_t slots = 64;
    while (slots < 2 * count) slots *= 2;
    epi__draws_dispose(draws);
    draws->leaves = epi__realloc(NULL, count, sizeof *draws->leaves);
    draws->fresh = epi__realloc(NULL, count, sizeof *draws->fresh);
    draws->prefixes = epi__realloc(NULL, count, sizeof *draws->prefixes);
    draws->chances = epi__realloc(NULL, count, sizeof *draws->chances);
    draws->taken = epi__realloc(NULL, slots, sizeof *draws->taken);
    draws->taken_mask = slots - 1;
    if (!draws->leaves || !draws->fresh || !draws->prefixes || !draws->chances || !draws->taken) {
        epi__draws_dispose(draws);
        return epi__fail_memory("replay", count * 40);
    }
    draws->room = count;
    return EPI_OK;
}

/* ---- what may be taken ------------------------------------------------------------------------------------------- */

/* Puts a leaf into the batch's set; false: it is there. */
static bool take(epi__draws *draws, uint32_t leaf) {
    size_t at = (leaf * UINT32_C(2654435769)) & draws->taken_mask;
    for (; draws->taken[at] != 0; at = (at + 1) & draws->taken_mask)
        if (draws->taken[at] == leaf + 1) return false;
    draws->taken[at] = leaf + 1;
    return true;
}

static bool is_used_up(const epi__priorities *priorities, uint32_t leaf) {
    return priorities->times && priorities->times[leaf] >= priorities->kind.max_times;
}

static bool may_take(epi_replay *replay, uint32_t leaf) {
    if (!epi__follow_sees(replay, leaf) || is_used_up(&replay->priorities, leaf)) return false;
    return !replay->options.without_replacement || take(&replay->draws, leaf);
}

static void accept(epi_replay *replay, uint32_t leaf, double chance) {
    epi__draws *draws = &replay->draws;
    draws->chances[draws->count] = chance;
    draws->leaves[draws->count++] = leaf;
    if (replay->priorities.times) replay->priorities.times[leaf]++;
}

static epi_status exclude(epi_replay *replay, uint32_t leaf) {
    epi__draws *draws = &replay->draws;
    if (draws->excluded_count % 256 == 0) {
        uint32_t *grown = epi__realloc(draws->excluded, draws->excluded_count + 256, sizeof *grown);
        if (!grown) return epi__fail_memory("replay", draws->excluded_count * sizeof *grown);
        draws->excluded = grown;
    }
    draws->excluded[draws->excluded_count++] = leaf;
    return EPI_OK;
}

/* Back in, except what was drawn often enough. */
static void restore(epi_replay *replay) {
    epi__priorities_include(&replay->priorities, replay->draws.excluded, replay->draws.excluded_count);
    replay->draws.excluded_count = 0;
}

/* ---- the tree ---------------------------------------------------------------------------------------------------- */

/* What lies in a draw's part: the i-th of `count`, or the whole. */
static void draw_prefixes(epi_replay *replay, size_t count, bool stratified) {
    const double total = epi__sumtree_total(&replay->priorities.tree), part = total / (double)count;
    double *prefixes = replay->draws.prefixes;
    for (size_t i = 0; i < count; i++) {
        const double unit = epi__random_unit(&replay->random);
        prefixes[i] = stratified ? ((double)i + unit) * part : unit * total;
    }
}

/* Takes what may be taken of the fresh leaves, and the rest out of the tree. */
static epi_status sort_out(epi_replay *replay, size_t count) {
    epi__draws *draws = &replay->draws;
    epi__sumtree *tree = &replay->priorities.tree;
    const size_t before = draws->excluded_count;
    for (size_t i = 0; i < count; i++) {
        const uint32_t leaf = draws->fresh[i];
        const double value = tree->sums[0][leaf];
        if (value > 0 && may_take(replay, leaf)) {
            accept(replay, leaf, value);
            if (!is_used_up(&replay->priorities, leaf)) continue;
        }
        if (value > 0) EPI__TRY(exclude(replay, leaf));
        tree->sums[0][leaf] = 0;
    }
    if (draws->excluded_count > before)
        epi__sumtree_refresh(tree, draws->excluded + before, draws->excluded_count - before);
    return EPI_OK;
}

static epi_status draw_tree(epi_replay *replay, size_t count) {
    epi__draws *draws = &replay->draws;
    epi__sumtree *tree = &replay->priorities.tree;
    draws->total = epi__sumtree_total(tree);
    draws->least = epi__sumtree_minimum(tree);
    epi_status status = EPI_OK;
    bool stratified = replay->options.stratified;
    while (!status && draws->count < count && epi__sumtree_total(tree) > 0) {
        const size_t wanted = count - draws->count;
        draw_prefixes(replay, wanted, stratified);
        epi__sumtree_find(draws->fresh, tree, draws->prefixes, wanted);
        status = sort_out(replay, wanted);
        stratified = false;
    }
    if (draws->excluded_count > 0) restore(replay);
    return status;
}

/* ---- ranks ------------------------------------------------------------------------------------------------------- */

/* Running sums of rank^-alpha for so many ranks. */
static epi_status know_ranks(epi_replay *replay, size_t count) {
    if (count <= replay->rank_count) return EPI_OK;
    const size_t room = EPI__MAX(count, replay->rank_count * 2);
    double *sums = epi__realloc(replay->ranks, room, sizeof *sums);
    if (!sums) return epi__fail_memory("replay", room * sizeof *sums);
    replay->ranks = sums;
    for (size_t i = replay->rank_count; i < room; i++) sums[i] = (double)(i + 1);
    epi__math_power(sums + replay->rank_count, sums + replay->rank_count, -replay->options.alpha,
                    room - replay->rank_count);
    for (size_t i = EPI__MAX(replay->rank_count, (size_t)1); i < room; i++) sums[i] += sums[i - 1];
    replay->rank_count = room;
    return EPI_OK;
}

/* The first place whose running sum passes the prefix. */
static size_t place_of(const double *sums, size_t count, double prefix) {
    size_t low = 0, high = count - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sums[middle] > prefix) high = middle;
        else low = middle + 1;
    }
    return low;
}

static void accept_place(epi_replay *replay, size_t place) {
    const uint32_t leaf = replay->priorities.heap[place];
    if (may_take(replay, leaf)) accept(replay, leaf, (double)(place + 1));
}

static epi_status draw_ranks(epi_replay *replay, size_t count) {
    epi__draws *draws = &replay->draws;
    const size_t ordered = (size_t)replay->priorities.head->ordered;
    if (ordered == 0) return EPI_OK;
    EPI__TRY(know_ranks(replay, ordered));
    const size_t wanted = replay->options.without_replacement ? EPI__MIN(count, ordered) : count;
    draws->total = replay->ranks[ordered - 1];
    for (size_t round = 0; round < ROUNDS_MAX && draws->count < wanted; round++) {
        const size_t left = wanted - draws->count;
        const bool stratified = replay->options.stratified && round == 0;
        for (size_t i = 0; i < left; i++) {
            double unit = epi__random_unit(&replay->random);
            if (stratified) unit = ((double)i + unit) / (double)left;
            accept_place(replay, place_of(replay->ranks, ordered, unit * draws->total));
        }
    }
    for (size_t place = 0; place < ordered && draws->count < wanted; place++) accept_place(replay, place);
    for (size_t i = 0; replay->priorities.times && i < draws->count; i++)
        if (is_used_up(&replay->priorities, draws->leaves[i]))
            epi__heap_remove(&replay->priorities, draws->leaves[i]);
    draws->least = (double)ordered; /* as a rank: chances are ranks until they are weighed */
    epi__math_power(&draws->least, &draws->least, -replay->options.alpha, 1);
    epi__math_power(draws->chances, draws->chances, -replay->options.alpha, draws->count);
    return EPI_OK;
}

/* ---- the top ----------------------------------------------------------------------------------------------------- */

/* The first of the heap, each once; all are put back but those that were drawn often enough. */
static epi_status draw_top(epi_replay *replay, size_t count) {
    epi__draws *draws = &replay->draws;
    epi__priorities *priorities = &replay->priorities;
    epi_status status = EPI_OK;
    draws->total = draws->least = 1;
    while (!status && draws->count < count && priorities->head->ordered > 0) {
        const uint32_t leaf = priorities->heap[0];
        epi__heap_remove(priorities, leaf);
        status = exclude(replay, leaf);
        if (!status && epi__follow_sees(replay, leaf)) accept(replay, leaf, 1);
    }
    restore(replay);
    return status;
}

/* ---- batches ----------------------------------------------------------------------------------------------------- */

epi_status epi__draw(epi_replay *replay, size_t count) {
    epi__draws *draws = &replay->draws;
    EPI__TRY(make_room(draws, count));
    draws->count = draws->excluded_count = 0;
    if (replay->options.without_replacement) memset(draws->taken, 0, (draws->taken_mask + 1) * sizeof *draws->taken);
    const uint32_t sampler = replay->priorities.kind.sampler;
    if (sampler == EPI_SAMPLER_RANK) return draw_ranks(replay, count);
    return epi__priorities_has_tree(&replay->priorities) ? draw_tree(replay, count) : draw_top(replay, count);
}

void epi__draw_weights(double *weights, double *probabilities, epi_replay *replay, double beta) {
    const epi__draws *draws = &replay->draws;
    const size_t count = draws->count;
    double least = draws->least;
    for (size_t i = 0; probabilities && i < count; i++) probabilities[i] = draws->chances[i] / draws->total;
    if (!weights || count == 0) return;
    if (replay->options.weight_norm == EPI_WEIGHTS_BY_BATCH) {
        least = draws->chances[0];
        for (size_t i = 1; i < count; i++) least = EPI__MIN(least, draws->chances[i]);
    }
    for (size_t i = 0; i < count; i++) weights[i] = draws->chances[i] / least;
    epi__math_power(weights, weights, -beta, count);
}
