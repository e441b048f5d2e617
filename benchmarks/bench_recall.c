/* bench_recall.c - how much of what a question needs does recall bring back? Measured on conversations whose
 * questions name the turns that hold the answer.
 *
 * Every conversation is imported into a space of its own by epi_import(), then every question is asked there by
 * epi_recall() as a cue of text alone. A mode is a profile of weights; all modes are asked the same questions of the
 * same memory, so they compare in pairs. A question's recall@k is the fraction of its evidence among its k best hits,
 * in ranked order; its recall@tokens the fraction whose lines stand in the context rendered within that budget. Figures
 * are means over questions.
 * Source of the measure: Maharana et al. 2024, "Evaluating very long-term conversational memory of LLM agents", 4.1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <episodic/sys/json.h>

#include "corpus.h"
#include "recall_run.h"

#define K_DEFAULT 20
#define QUICK_QUESTIONS 200

/* ---- asking ----------------------------------------------------------------------------------------------------- */

static const epi_recall_profile *profile_of(const recall_mode *mode, const locomo_question *question) {
    if (mode->automatic) return NULL;
    return mode->profiles ? &mode->profiles[question->conversation] : &mode->profile;
}

static epi_recollection *recall(double *ms, recall_bench *b, const locomo_question *question, const recall_mode *mode,
                                uint32_t tokens) {
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    cue.text = question->text;
    options.k = b->k;
    options.profile = profile_of(mode, question);
    options.token_budget = tokens;
    if (mode->ids_only) {
        options.token_budget = 1;
        options.scene_margin = 0;
    }
    double start = bench_now_s();
    bench_check(epi_recall(&found, b->spaces[question->conversation], &cue, &options), "recall");
    if (ms != NULL) *ms = (bench_now_s() - start) * 1e3;
    return found;
}

/* The turns of the hits, in ranked order. */
static size_t turns_of(const locomo_turn **turns, const recall_bench *b, const locomo_question *question,
                       const epi_recollection *found) {
    size_t count = epi_recollection_hit_count(found);
    if (count > b->k) bench_fail("recall returned %zu hits for k of %u", count, b->k);
    for (size_t i = 0; i < count; i++) {
        const epi_hit *hit = epi_recollection_hit(found, i);
        const char *id = hit->external_id != NULL ? hit->external_id : "";
        turns[i] = locomo_find(&b->file.conversations[question->conversation], id);
        if (turns[i] == NULL) bench_fail("recall returned step \"%s\", which the file does not have", id);
        for (size_t j = 0; j < i; j++)
            if (turns[j] == turns[i]) bench_fail("recall returned step \"%s\" twice", id);
    }
    return count;
}

/* The step that a turn became; 0 when the importer found nothing to remember in it. */
static uint64_t step_of(epi_space *space, const locomo_turn *turn) {
    uint64_t step = 0;
    epi_status status = epi_step_find(&step, space, turn->id);
    if (status == EPI_ENOTFOUND) return 0;
    bench_check(status, turn->id);
    return step;
}

static double share_in_context(recall_bench *b, const locomo_question *question, const recall_mode *mode,
                               uint32_t tokens) {
    epi_recollection *found = recall(NULL, b, question, mode, tokens);
    size_t size = strlen(epi_recollection_context(found));
    if (size > 4u * (size_t)tokens) bench_fail("a context has %zu bytes, %u tokens allow %u", size, tokens, 4 * tokens);
    size_t count = 0;
    size_t inside = 0;
    const uint64_t *steps = epi_recollection_context_steps(&count, found);
    for (size_t i = 0; i < question->evidence_count; i++) {
        uint64_t wanted = step_of(b->spaces[question->conversation], question->evidence[i]);
        size_t at = 0;
        while (at < count && steps[at] != wanted) at++;
        inside += wanted != 0 && at < count;
    }
    epi_recollection_free(found);
    return (double)inside / (double)question->evidence_count;
}

static void score_hits(outcome *out, const locomo_question *question, const locomo_turn *const *hits, size_t count) {
    for (size_t c = 0; c < CUTOFF_COUNT; c++)
        out->recall[c] = locomo_recall_at(question, hits, count, recall_cutoffs[c]);
    out->session_hit = locomo_session_hit(question, hits, count);
    out->session_ndcg = locomo_session_ndcg(question, hits, count, 5);
}

static void dump_ids(epi_json_writer *line, const char *name, const locomo_turn *const *turns, size_t count) {
    epi_json_begin_array(line, name);
    for (size_t i = 0; i < count; i++) epi_json_put_string(line, NULL, turns[i]->id, strlen(turns[i]->id));
    epi_json_end(line);
}

/* Ids and numbers alone: a dump holds nothing of what was said. */
static void dump_question(const recall_bench *b, const locomo_question *question, const recall_mode *mode,
                          const locomo_turn *const *hits, size_t count) {
    const char *name = b->file.conversations[question->conversation].name;
    epi_json_writer *line = NULL;
    bench_check(epi_json_writer_new(&line, false), "the dump");
    epi_json_begin_object(line, NULL);
    epi_json_put_string(line, "mode", mode->name, strlen(mode->name));
    epi_json_put_string(line, "conversation", name, strlen(name));
    epi_json_put_unsigned(line, "question", question->place);
    epi_json_put_integer(line, "category", question->category);
    dump_ids(line, "evidence", question->evidence, question->evidence_count);
    dump_ids(line, "hits", hits, count);
    epi_json_end(line);
    const char *text = epi_json_writer_text(NULL, line);
    if (text == NULL || fprintf(b->dump, "%s\n", text) < 0) bench_fail("the dump could not be written");
    epi_json_writer_free(line);
}

static void ask_all(recall_bench *b, recall_mode *mode) {
    const locomo_turn **hits = bench_alloc(b->k, sizeof *hits);
    mode->outcomes = bench_alloc(b->asked_count, sizeof *mode->outcomes);
    for (size_t i = 0; i < b->asked_count; i++) {
        const locomo_question *question = b->asked[i];
        outcome *out = &mode->outcomes[i];
        epi_recollection *found = recall(&out->ms, b, question, mode, 0);
        size_t count = turns_of(hits, b, question, found);
        score_hits(out, question, hits, count);
        if (b->dump != NULL && mode->without == NULL) dump_question(b, question, mode, hits, count);
        epi_recollection_free(found);
        for (size_t t = 0; mode->contexts && t < BUDGET_COUNT; t++)
            out->in_context[t] = share_in_context(b, question, mode, recall_budgets[t]);
        if (i % 50 == 0)
            bench_progress("%s%s%s: question %zu of %zu", mode->name, mode->without ? " without " : "",
                           mode->without ? mode->without : "", i, b->asked_count);
    }
    free(hits);
}

/* ---- the run ---------------------------------------------------------------------------------------------------- */

/* Conversations as long as those of the LoCoMo file; a user's log has more and shorter sessions. */
static void make_file(recall_bench *b, const char *kind) {
    size_t size = 0, conversations = b->run.quick ? 2 : 4;
    size_t sessions = strcmp(kind, "chat") == 0 ? 25 : strcmp(kind, "assistant") == 0 ? 60 : 15;
    char *text = corpus_locomo(&size, kind, b->run.seed, conversations, sessions, 150);
    locomo_read_text(&b->file, text, size, kind);
}

static void import_file(recall_bench *b, const char *directory) {
    epi_memory_options options = epi_memory_options_default();
    epi_import_options import = epi_import_options_default();
    options.sync = EPI_SYNC_GROUPED;
    import.format = EPI_FORMAT_LOCOMO;
    bench_progress("importing");
    bench_check(epi_memory_open(&b->memory, directory, &options), directory);
    bench_check(epi_import(NULL, b->memory, b->file.text, b->file.size, &import), "import");
    b->spaces = bench_alloc(b->file.conversation_count, sizeof *b->spaces);
    for (size_t i = 0; i < b->file.conversation_count; i++) {
        const char *name = b->file.conversations[i].name;
        bench_check(epi_space_open(&b->spaces[i], b->memory, name, NULL), name);
    }
}

static int by_place(const void *a, const void *b) {
    const locomo_question *x = *(const locomo_question *const *)a;
    const locomo_question *y = *(const locomo_question *const *)b;
    return (x > y) - (x < y);
}

/* All questions; or for a quick run a sample of them that depends on the seed alone. */
static void choose_questions(recall_bench *b) {
    size_t total = b->file.question_count;
    b->asked = bench_alloc(total, sizeof *b->asked);
    for (size_t i = 0; i < total; i++) b->asked[i] = &b->file.questions[i];
    b->asked_count = total;
    if (!b->run.quick || total <= QUICK_QUESTIONS) return;
    bench_random random = bench_random_of(b->run.seed, 0);
    for (size_t i = 0; i < QUICK_QUESTIONS; i++) {
        size_t other = i + (size_t)bench_random_below(&random, total - i);
        const locomo_question *swapped = b->asked[i];
        b->asked[i] = b->asked[other];
        b->asked[other] = swapped;
    }
    b->asked_count = QUICK_QUESTIONS;
    qsort(b->asked, b->asked_count, sizeof *b->asked, by_place);
}

static void leave_out(recall_bench *b, recall_mode *mode, const recall_mode *whole, const profile_weight *weight) {
    *mode = *whole;
    mode->without = weight->name;
    mode->contexts = false;
    mode->outcomes = NULL;
    *profile_weight_of(&mode->profile, weight) = 0.0;
    if (!whole->profiles) return;
    mode->profiles = bench_alloc(b->file.conversation_count, sizeof *mode->profiles);
    for (size_t i = 0; i < b->file.conversation_count; i++) {
        mode->profiles[i] = whole->profiles[i];
        *profile_weight_of(&mode->profiles[i], weight) = 0.0;
    }
}

static bool is_off(recall_bench *b, const recall_mode *mode, const profile_weight *weight) {
    epi_recall_profile profile = mode->profile;
    bool off = *profile_weight_of(&profile, weight) == 0.0;
    for (size_t i = 0; mode->profiles && i < b->file.conversation_count; i++) {
        double value = *profile_weight_of(&mode->profiles[i], weight);
        off = i == 0 ? value == 0.0 : off && value == 0.0;
    }
    return off;
}

/* Each signal left out in turn: what recall is without it, and how much that changed. */
static void ablate(recall_bench *b, const recall_mode *whole, const question_group *groups, size_t group_count) {
    for (size_t i = 0; i < profile_weight_count; i++) {
        recall_mode without;
        if (!profile_weights[i].signal || is_off(b, whole, &profile_weights[i])) continue;
        leave_out(b, &without, whole, &profile_weights[i]);
        ask_all(b, &without);
        recall_print_cutoffs(b, &without, groups, group_count);
        recall_print_mean(b, &without, whole, &groups[0], "change", offsetof(outcome, recall) + AT_10 * sizeof(double),
                          0);
        free(without.outcomes);
        free(without.profiles);
    }
}

/* ---- cross-validation ------------------------------------------------------------------------------------------- */

static void print_gain(recall_bench *b, const recall_mode *mode, const recall_mode *than, const question_group *groups,
                       size_t group_count) {
    for (size_t g = 0; g < group_count && b->k >= recall_cutoffs[AT_10]; g++)
        recall_print_mean(b, mode, than, &groups[g], "gain_over_bm25",
                          offsetof(outcome, recall) + AT_10 * sizeof(double), 0);
}

static void cross_validate(recall_bench *b, const recall_mode *plain, const question_group *groups, size_t group_count,
                           bool ablating) {
    recall_mode mode = {.name = "cv", .contexts = true, .profile = profile_bm25()};
    recall_tune(b, &mode);
    ask_all(b, &mode);
    recall_print_mode(b, &mode, groups, group_count);
    print_gain(b, &mode, plain, groups, group_count);
    if (ablating) ablate(b, &mode, groups, group_count);
    free(mode.outcomes);
    free(mode.profiles);
}

/* How many of the spaces chose which profile by themselves. */
static void print_chosen(recall_bench *b) {
    for (int kind = EPI_PROFILE_CHAT; kind <= EPI_PROFILE_EVENTS; kind++) {
        size_t count = 0;
        for (size_t i = 0; i < b->file.conversation_count; i++) {
            epi_space_stats stats;
            bench_check(epi_space_stats_read(&stats, b->spaces[i]), "statistics");
            count += stats.profile == (epi_profile_kind)kind;
        }
        bench_emit(&b->run, "chosen", (double)count, "spaces",
                   BENCH_CONFIG({"profile", .text = epi_profile_name((epi_profile_kind)kind)}));
    }
}

static double mean_at_10(const recall_bench *b, const recall_mode *mode) {
    double sum = 0.0;
    for (size_t i = 0; i < b->asked_count; i++) sum += mode->outcomes[i].recall[AT_10];
    return sum / (double)b->asked_count;
}

/* Every kind of profile, and how far what the spaces chose is from the best of them. */
static void compare_kinds(recall_bench *b, const recall_mode *automatic, const question_group *groups,
                          size_t group_count) {
    recall_mode kinds[EPI_PROFILE_EVENTS + 1];
    size_t best = EPI_PROFILE_CHAT;
    for (size_t kind = EPI_PROFILE_CHAT; kind <= EPI_PROFILE_EVENTS; kind++) {
        epi_profile_kind of = (epi_profile_kind)kind;
        kinds[kind] = (recall_mode){.name = epi_profile_name(of), .profile = epi_recall_profile_of(of)};
        ask_all(b, &kinds[kind]);
        recall_print_cutoffs(b, &kinds[kind], groups, group_count);
        if (mean_at_10(b, &kinds[kind]) > mean_at_10(b, &kinds[best])) best = kind;
    }
    recall_print_mean(b, automatic, &kinds[best], &groups[0], "gap_to_best",
                      offsetof(outcome, recall) + AT_10 * sizeof(double), 0);
    for (size_t kind = EPI_PROFILE_CHAT; kind <= EPI_PROFILE_EVENTS; kind++) free(kinds[kind].outcomes);
}

static void compare(recall_bench *b, bool kinds, bool crossing, bool ablating) {
    question_group groups[GROUP_MAX];
    size_t group_count = recall_groups(groups, b);
    recall_mode plain = {.name = "bm25", .contexts = true, .profile = profile_bm25()};
    recall_mode ours = {.name = "shipped", .contexts = true, .profile = epi_recall_profile_default()};
    recall_mode automatic = {.name = "auto", .contexts = true, .automatic = true};
    if (b->given) ours = (recall_mode){.name = "given", .contexts = true, .profile = b->profile};
    ask_all(b, &ours);
    ask_all(b, &automatic);
    ask_all(b, &plain);
    recall_print_questions(b, &ours);
    print_chosen(b);
    recall_print_mode(b, &ours, groups, group_count);
    recall_print_mode(b, &automatic, groups, group_count);
    recall_print_mode(b, &plain, groups, group_count);
    print_gain(b, &ours, &plain, groups, group_count);
    print_gain(b, &automatic, &plain, groups, group_count);
    if (kinds) compare_kinds(b, &automatic, groups, group_count);
    if (crossing)
        cross_validate(b, &plain, groups, group_count, ablating);
    else if (ablating)
        ablate(b, &ours, groups, group_count);
    free(ours.outcomes);
    free(automatic.outcomes);
    free(plain.outcomes);
}

static void finish(recall_bench *b) {
    for (size_t i = 0; i < b->file.conversation_count; i++) epi_space_close(b->spaces[i]);
    bench_check(epi_memory_close(b->memory), "closing the memory");
    if (b->dump != NULL && fclose(b->dump) != 0) bench_fail("the dump could not be written");
    free(b->spaces);
    free(b->asked);
    locomo_dispose(&b->file);
}

static const char about[] =
    "Imports each conversation of FILE into a space of its own, asks every question there, and prints how much of the\n"
    "question's evidence came back: recall@1, 5, 10 and 20 over all questions and by category, recall@tokens inside "
    "the\n"
    "rendered context, session_hit@1 and session_ndcg@5, for the chat profile (mode shipped; with --profile, given), "
    "for "
    "the\n"
    "profile that each space chose by itself (mode auto), and for stemmed BM25 alone (mode bm25), gain_over_bm25 at 10 "
    "hits, and the latency of the calls. Figures are means "
    "over\n"
    "questions in percent, with a 95 % bootstrap interval over questions and one over conversations. Questions without "
    "evidence are skipped; ids "
    "are\n"
    "repaired, those that name no turn dropped. Categories: 1 multi-hop, 2 temporal, 3 open-domain, 4 single-hop,\n"
    "5 adversarial. --quick asks a sample of 200 questions. With --cv, mode cv: for each conversation the weights are\n"
    "learned on the others (learning to rank over the signals' values), and printed.\n"
    "With --corpus the conversations are made up, of the seed, and their evidence is known (corpus.h).\n"
    "Weights: lexical k1 b vector context reach episode speaker user question answer time\n"
    "crowd several hop recency recency_half_life_days.";

int main(int argc, char **argv) {
    recall_bench b = {
        .run = {.name = "bench_recall", .usage = "FILE | --corpus NAME", .about = about, .argument_max = 1}};
    const char *format = "locomo";
    const char *made_up = NULL;
    const char *directory = NULL;
    const char *dump = NULL;
    uint64_t k = K_DEFAULT;
    bool crossing = false;
    bool ablating = false;
    bool kinds = false;
    const bench_option options[] = {
        {"--format", "NAME", "form of FILE; locomo is the only one", NULL, &format, NULL},
        {"--corpus", "NAME", "instead of FILE a made-up one: chat, assistant or events", NULL, &made_up, NULL},
        {"--memory", "DIR", "keep the memory there; otherwise it is temporary", NULL, &directory, NULL},
        {"--k", "N", "hits asked for; cutoffs above it are left out", NULL, NULL, &k},
        {"--profile", "NAME=VALUE,...", "weights that replace those of the default profile", NULL, &b.given, NULL},
        {"--cv", NULL, "weights learned on the other conversations, too", &crossing, NULL, NULL},
        {"--kinds", NULL, "every kind of profile too, as --corpus does", &kinds, NULL, NULL},
        {"--ablate", NULL, "each signal left out in turn, too", &ablating, NULL, NULL},
        {"--dump", "FILE", "a JSON line a question: ids of its evidence and of its ranked hits", NULL, &dump, NULL},
        {NULL, NULL, NULL, NULL, NULL, NULL},
    };
    b.run.options = options;
    bench_start(&b.run, argc, argv);
    if (strcmp(format, "locomo") != 0) bench_fail("--format: \"%s\" is not locomo", format);
    if (b.run.argument_count != (made_up ? 0 : 1)) bench_fail("either a FILE in the LoCoMo form or --corpus is needed");
    if (crossing && k < recall_cutoffs[CUTOFF_COUNT - 1]) bench_fail("--cv: needs --k of at least 20");
    if (k < 1 || k > EPI_K_MAX) bench_fail("--k: %llu is not 1 to %u", (unsigned long long)k, EPI_K_MAX);
    b.k = (uint32_t)k;
    if (b.given != NULL) b.profile = profile_parse(b.given);
    if (dump != NULL && (b.dump = fopen(dump, "w")) == NULL) bench_fail("%s: cannot be written", dump);
    if (made_up != NULL)
        make_file(&b, made_up);
    else
        locomo_read(&b.file, b.run.arguments[0]);
    import_file(&b, directory != NULL ? directory : bench_directory(NULL));
    choose_questions(&b);
    compare(&b, kinds || made_up != NULL, crossing, ablating);
    finish(&b);
    return 0;
}
