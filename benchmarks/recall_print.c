/* recall_print.c - the figures of bench_recall: groups of questions, and means over them with their intervals. */
#include <stdlib.h>
#include <string.h>

#include "estimate.h"
#include "recall_run.h"

const size_t recall_cutoffs[CUTOFF_COUNT] = {1, 5, 10, 20};
const uint32_t recall_budgets[BUDGET_COUNT] = {256, 512, 1024, 2048};
static const char *const cutoff_names[CUTOFF_COUNT] = {"recall@1", "recall@5", "recall@10", "recall@20"};

/* ---- groups of questions ---------------------------------------------------------------------------------------- */

static const char *category_name(int64_t category) {
    static const char *const names[] = {NULL, "multi-hop", "temporal", "open-domain", "single-hop", "adversarial"};
    return category >= 1 && category <= 5 ? names[category] : NULL;
}

static int by_from(const void *a, const void *b) {
    const question_group *x = a;
    const question_group *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

size_t recall_groups(question_group *groups, const recall_bench *b) {
    size_t count = 2;
    groups[0] = (question_group){INT64_MIN, INT64_MAX, "all", NULL};
    groups[1] = (question_group){1, 4, "1-4", NULL};
    for (size_t i = 0; i < b->asked_count && count < GROUP_MAX; i++) {
        int64_t category = b->asked[i]->category;
        size_t at = 2;
        while (at < count && groups[at].from != category) at++;
        if (at < count || category == 0) continue;
        groups[count] = (question_group){category, category, "", category_name(category)};
        snprintf(groups[count].label, sizeof groups[count].label, "%lld", (long long)category);
        count++;
    }
    qsort(groups + 2, count - 2, sizeof *groups, by_from);
    return count;
}

/* ---- printing --------------------------------------------------------------------------------------------------- */

/* One measure of an outcome, by its place in it. */
static double value_of(const outcome *out, size_t offset) {
    return *(const double *)(const void *)((const char *)out + offset);
}

void recall_print_mean(recall_bench *b, const recall_mode *mode, const recall_mode *than, const question_group *group,
                       const char *metric, size_t offset, uint32_t tokens) {
    double *values = bench_alloc(b->asked_count, sizeof *values);
    estimate_group *talks = bench_alloc(b->file.conversation_count, sizeof *talks);
    size_t n = 0;
    for (size_t i = 0; i < b->asked_count; i++) {
        if (b->asked[i]->category < group->from || b->asked[i]->category > group->to) continue;
        values[n] = value_of(&mode->outcomes[i], offset) - (than ? value_of(&than->outcomes[i], offset) : 0.0);
        talks[b->asked[i]->conversation].sum += values[n++];
        talks[b->asked[i]->conversation].count += 1.0;
    }
    bench_random random = bench_random_of(b->run.seed, ++b->streams);
    if (n > 0) {
        estimate e = estimate_mean(values, n, &random);
        estimate wide = estimate_groups(talks, b->file.conversation_count, &random);
        char interval[64], wider[64];
        snprintf(interval, sizeof interval, "[%.2f,%.2f]", 100.0 * e.low, 100.0 * e.high);
        snprintf(wider, sizeof wider, "[%.2f,%.2f]", 100.0 * wide.low, 100.0 * wide.high);
        bench_field config[11] = {{"category", .text = group->label}, {"mode", .text = mode->name}};
        size_t count = 2;
        if (group->name) config[count++] = (bench_field){"name", .text = group->name};
        if (mode->without) config[count++] = (bench_field){"without", .text = mode->without};
        if (than) config[count++] = (bench_field){"than", .text = than->name};
        if (tokens) config[count++] = (bench_field){"tokens", .number = tokens};
        if (b->given && strcmp(mode->name, "given") == 0) config[count++] = (bench_field){"profile", .text = b->given};
        config[count++] = (bench_field){"k", .number = b->k};
        config[count++] = (bench_field){"n", .number = (double)n};
        config[count++] = (bench_field){"ci95", .json = interval};
        config[count++] = (bench_field){"ci95_conversations", .json = wider};
        bench_emit(&b->run, metric, 100.0 * e.mean, than ? "points" : "%", config, count);
    }
    free(talks);
    free(values);
}

static void print_latency(recall_bench *b, const recall_mode *mode) {
    double *ms = bench_alloc(b->asked_count, sizeof *ms);
    for (size_t i = 0; i < b->asked_count; i++) ms[i] = mode->outcomes[i].ms;
    bench_emit(
        &b->run, "recall_ms_p50", bench_percentile(ms, b->asked_count, 0.5), "ms",
        BENCH_CONFIG({"mode", .text = mode->name}, {"k", .number = b->k}, {"n", .number = (double)b->asked_count}));
    bench_emit(
        &b->run, "recall_ms_p99", bench_percentile(ms, b->asked_count, 0.99), "ms",
        BENCH_CONFIG({"mode", .text = mode->name}, {"k", .number = b->k}, {"n", .number = (double)b->asked_count}));
    free(ms);
}

void recall_print_cutoffs(recall_bench *b, const recall_mode *mode, const question_group *groups, size_t group_count) {
    for (size_t c = 0; c < CUTOFF_COUNT && recall_cutoffs[c] <= b->k; c++)
        for (size_t g = 0; g < group_count; g++)
            recall_print_mean(b, mode, NULL, &groups[g], cutoff_names[c],
                              offsetof(outcome, recall) + c * sizeof(double), 0);
}

void recall_print_mode(recall_bench *b, const recall_mode *mode, const question_group *groups, size_t group_count) {
    recall_print_cutoffs(b, mode, groups, group_count);
    recall_print_mean(b, mode, NULL, &groups[0], "session_hit@1", offsetof(outcome, session_hit), 0);
    recall_print_mean(b, mode, NULL, &groups[0], "session_ndcg@5", offsetof(outcome, session_ndcg), 0);
    for (size_t t = 0; t < BUDGET_COUNT; t++)
        recall_print_mean(b, mode, NULL, &groups[0], "recall@tokens",
                          offsetof(outcome, in_context) + t * sizeof(double), recall_budgets[t]);
    print_latency(b, mode);
}

void recall_print_questions(recall_bench *b, const recall_mode *mode) {
    const locomo_file *file = &b->file;
    size_t turns = 0;
    for (size_t i = 0; i < file->conversation_count; i++) turns += file->conversations[i].turn_count;
    bench_emit(&b->run, "questions", (double)b->asked_count, "questions",
               BENCH_CONFIG({"mode", .text = mode->name}, {"conversations", .number = (double)file->conversation_count},
                            {"turns", .number = (double)turns},
                            {"with_evidence", .number = (double)file->question_count},
                            {"without_evidence", .number = (double)file->unanswerable},
                            {"ids_repaired", .number = (double)file->repaired_ids},
                            {"ids_dropped", .number = (double)file->dropped_ids}));
}
