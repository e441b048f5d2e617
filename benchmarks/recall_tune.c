/* recall_tune.c - weights for a held-out conversation, learned on the others.
 *
 * Every hit says what each signal gave it, so one recall of many hits a question is all that is needed: the weights are
 * fitted to those values (tune.h), and only measuring them asks again. What no evidence tells is tried: the length
 * normalisation b, each with weights of its own; the best on the conversations that are looked at is taken. Nothing
 * begins at the default profile, which may have been set on this very file, and hits are not kept apart.
 */
#include <stdlib.h>
#include <string.h>

#include "recall_run.h"

#define POOL 200u /* hits of a question that the weights are fitted on */
#define TINY 1e-9 /* a weight that changes no order, but lets the signal be seen */

static const double lengths[] = {0.1, 0.4, 0.75}; /* b */

/* Where each weight that can be learned stands among a list's values. */
typedef struct axes {
    size_t weight[TUNE_WIDTH_MAX];
    size_t count;
} axes;

static axes axes_of_profile(void) {
    axes found = {.count = 0};
    for (size_t i = 0; i < profile_weight_count; i++)
        if (profile_weights[i].evidence != NULL) found.weight[found.count++] = i;
    return found;
}

/* A profile that shows all signals, ranked as a plain one would. */
static epi_recall_profile showing(const axes *all, double b) {
    epi_recall_profile profile = profile_bm25();
    profile.b = b;
    profile.context = 1.0;
    for (size_t i = 0; i < all->count; i++) {
        double *weight = profile_weight_of(&profile, &profile_weights[all->weight[i]]);
        if (*weight == 0.0) *weight = TINY;
    }
    return profile;
}

/* ---- what the signals gave -------------------------------------------------------------------------------------- */

/* The cue asks for several things: then the weight of a signal is not the profile's own. */
static bool asks_several(const epi_evidence *evidence, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(evidence[i].signal, "context") == 0) return evidence[i].weight != 1.0;
    return false;
}

static void fill_row(double *row, const axes *all, const epi_evidence *evidence, size_t count, bool several) {
    for (size_t i = 0; i < all->count; i++) {
        const profile_weight *weight = &profile_weights[all->weight[i]];
        for (size_t e = 0; e < count; e++)
            if (strcmp(evidence[e].signal, weight->evidence) == 0 && (several || !weight->several))
                row[i] = evidence[e].value;
    }
}

static bool is_evidence(const recall_bench *b, const locomo_question *question, const char *id) {
    const locomo_turn *turn = locomo_find(&b->file.conversations[question->conversation], id ? id : "");
    for (size_t i = 0; i < question->evidence_count; i++)
        if (question->evidence[i] == turn) return true;
    return false;
}

static tune_list collect(recall_bench *b, const locomo_question *question, const axes *all,
                         const epi_recall_profile *profile) {
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    cue.text = question->text;
    options.k = POOL;
    options.profile = profile;
    options.token_budget = 1;
    options.scene_margin = 0;
    bench_check(epi_recall(&found, b->spaces[question->conversation], &cue, &options), "recall");
    size_t count = epi_recollection_hit_count(found);
    double *values = bench_alloc(count * all->count + 1, sizeof *values);
    bool *relevant = bench_alloc(count + 1, sizeof *relevant);
    for (size_t i = 0; i < count; i++) {
        size_t n = 0;
        const epi_evidence *evidence = epi_recollection_evidence(&n, found, i);
        fill_row(values + i * all->count, all, evidence, n, asks_several(evidence, n));
        relevant[i] = is_evidence(b, question, epi_recollection_hit(found, i)->external_id);
    }
    epi_recollection_free(found);
    return (tune_list){values, relevant, count};
}

static void discard(tune_list *lists, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)lists[i].values);
        free((void *)(uintptr_t)lists[i].relevant);
    }
    free(lists);
}

/* ---- folds ------------------------------------------------------------------------------------------------------ */

/* Fits on all but one conversation; returns the loss. */
static double fit(double *weights, const recall_bench *b, const tune_list *lists, size_t held_out, size_t width) {
    tune_list *seen = bench_alloc(b->asked_count, sizeof *seen);
    size_t count = 0;
    for (size_t i = 0; i < b->asked_count; i++)
        if (b->asked[i]->conversation != held_out) seen[count++] = lists[i];
    double loss = count > 0 ? tune_rank(weights, seen, count, width) : 0.0;
    free(seen);
    return loss;
}

/* Scores are compared with each other only, so they are told in units of the lexical weight. */
static epi_recall_profile profile_with(const axes *all, const double *weights, double b) {
    epi_recall_profile profile = profile_bm25();
    double unit = weights[0] > TINY ? weights[0] : 1.0;
    profile.b = b;
    for (size_t i = 0; i < all->count; i++)
        *profile_weight_of(&profile, &profile_weights[all->weight[i]]) = weights[i] / unit;
    return profile;
}

static void print_weights(recall_bench *b, size_t conversation, const epi_recall_profile *profile) {
    epi_recall_profile copy = *profile;
    for (size_t i = 0; i < profile_weight_count; i++)
        bench_emit(&b->run, "weight", *profile_weight_of(&copy, &profile_weights[i]), "",
                   BENCH_CONFIG({"name", .text = profile_weights[i].name}, {"mode", .text = "cv"},
                                {"held_out", .text = b->file.conversations[conversation].name}));
}

void recall_tune(recall_bench *b, recall_mode *mode) {
    const axes all = axes_of_profile();
    double *best = bench_alloc(b->file.conversation_count, sizeof *best);
    mode->profiles = bench_alloc(b->file.conversation_count, sizeof *mode->profiles);
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        const epi_recall_profile profile = showing(&all, lengths[l]);
        tune_list *lists = bench_alloc(b->asked_count, sizeof *lists);
        for (size_t i = 0; i < b->asked_count; i++) lists[i] = collect(b, b->asked[i], &all, &profile);
        for (size_t c = 0; c < b->file.conversation_count; c++) {
            double weights[TUNE_WIDTH_MAX];
            bench_progress("b %.2f: without conversation %zu of %zu", lengths[l], c + 1, b->file.conversation_count);
            double loss = fit(weights, b, lists, c, all.count);
            if (l > 0 && loss >= best[c]) continue;
            best[c] = loss;
            mode->profiles[c] = profile_with(&all, weights, lengths[l]);
        }
        discard(lists, b->asked_count);
    }
    for (size_t c = 0; c < b->file.conversation_count; c++) print_weights(b, c, &mode->profiles[c]);
    free(best);
}
