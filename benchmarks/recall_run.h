/* recall_run.h - what the files of bench_recall share: its modes, what each made of every question, and the printing of
 * figures over groups of questions.
 */
#ifndef EPI_BENCH_RECALL_RUN_H
#define EPI_BENCH_RECALL_RUN_H

#include <stdio.h>

#include <episodic/episodic.h>

#include "bench.h"
#include "locomo.h"
#include "profile.h"
#include "tune.h"

/* ---- what is measured ------------------------------------------------------------------------------------------- */

enum { CUTOFF_COUNT = 4, BUDGET_COUNT = 4 };
extern const size_t recall_cutoffs[CUTOFF_COUNT];
extern const uint32_t recall_budgets[BUDGET_COUNT];
enum { AT_10 = 2 };

/* What one mode made of one question, each from 0 to 1. */
typedef struct outcome {
    double recall[CUTOFF_COUNT];
    double in_context[BUDGET_COUNT];
    double session_hit; /* the first hit's session holds evidence */
    double session_ndcg;
    double ms;
} outcome;

typedef struct recall_mode {
    const char *name;
    const char *without; /* the signal left out; NULL: none */
    bool contexts;       /* recall@tokens too */
    bool automatic;      /* the space's own profile */
    bool ids_only;       /* nothing is shown around hits: for tuning, where only ranks count */
    epi_recall_profile profile;
    outcome *outcomes;            /* one a question asked */
    epi_recall_profile *profiles; /* one a conversation, in place of the one; NULL: none */
} recall_mode;

typedef struct recall_bench {
    bench_run run;
    locomo_file file;
    epi_memory *memory;
    epi_space **spaces; /* one a conversation */
    const locomo_question **asked;
    size_t asked_count;
    uint32_t k;
    const char *given;          /* --profile */
    epi_recall_profile profile; /* what it says */
    FILE *dump;
    uint64_t streams; /* of random numbers, used so far */
} recall_bench;

/* ---- printing (recall_print.c) ---------------------------------------------------------------------------------- */

/* Which questions a figure is over: those of one category, of 1 to 4 (all but the adversarial), or all. */
typedef struct question_group {
    int64_t from;
    int64_t to;
    char label[24];
    const char *name;
} question_group;

enum { GROUP_MAX = 64 };

/* All, 1 to 4, then each category in order. */
size_t recall_groups(question_group *groups, const recall_bench *b);
/* Prints the mean of a measure over a group in percent, as a difference when there is a mode to compare with. The
 * measure is named by its place in an outcome. */
void recall_print_mean(recall_bench *b, const recall_mode *mode, const recall_mode *than, const question_group *group,
                       const char *metric, size_t offset, uint32_t tokens);
/* recall@k of all groups; and everything that is measured of a mode. */
void recall_print_cutoffs(recall_bench *b, const recall_mode *mode, const question_group *groups, size_t group_count);
void recall_print_mode(recall_bench *b, const recall_mode *mode, const question_group *groups, size_t group_count);
void recall_print_questions(recall_bench *b, const recall_mode *mode);

/* ---- learning (recall_tune.c) ----------------------------------------------------------------------------------- */

/* Gives the mode a profile for each conversation, learned on the others, and prints their weights. */
void recall_tune(recall_bench *b, recall_mode *mode);

#endif
