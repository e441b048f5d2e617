/* bench_dates.c - what a turn says about time, resolved against the day it was said on: does it reach the answer's day?
 *
 * Of the questions of category 2 (temporal) whose gold answer is a date, each evidence turn gets one interval: the
 * first that epi_time_find() finds in its text, or the session's own day when it finds none (method rules), or always
 * the session's own day (method session). A question counts when one of its turns' intervals overlaps the answer's and
 * is no wider than max(the answer's, 7 days) (count strict), whatever its width (uncapped), or when any expression of a
 * turn does, capped (any). The questions themselves are never looked at, and answers only to compare.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <episodic/episodic.h>

#include "bench.h"
#include "estimate.h"
#include "gold.h"
#include "locomo.h"

enum { TEMPORAL = 2, METHOD_COUNT = 2, COUNT_COUNT = 3 };
#define DAY_US INT64_C(86400000000)
#define WIDTH_MIN (7 * DAY_US)

static const char *const method_names[METHOD_COUNT] = {"session", "rules"};
static const char *const count_names[COUNT_COUNT] = {"strict", "uncapped", "any"};
enum { SESSION, RULES };
enum { STRICT, UNCAPPED, ANY };

typedef struct dated_question {
    const locomo_question *question;
    epi_interval answer;
    double right[METHOD_COUNT][COUNT_COUNT]; /* 0 or 1 */
} dated_question;

typedef struct dates_bench {
    bench_run run;
    locomo_file file;
    dated_question *dated; /* the questions whose answer is read */
    size_t dated_count;
    size_t unread;
    double *widths[METHOD_COUNT]; /* in days, one for each evidence turn */
    size_t width_count;
    bool verbose;
    uint64_t streams;
} dates_bench;

/* ---- intervals --------------------------------------------------------------------------------------------------- */

static epi_interval day_of(epi_time time) {
    epi_time day = time / DAY_US - (time % DAY_US < 0);
    return (epi_interval){day * DAY_US, (day + 1) * DAY_US, 0};
}

static bool overlaps(epi_interval a, epi_interval b) {
    return a.from < b.to && b.from < a.to;
}

static bool is_narrow(epi_interval ours, epi_interval answer) {
    epi_time limit = answer.to - answer.from > WIDTH_MIN ? answer.to - answer.from : WIDTH_MIN;
    return ours.to - ours.from <= limit;
}

static epi_time said_at(const locomo_turn *turn) {
    epi_time time;
    if (turn->session_time == NULL || !gold_session_time(&time, turn->session_time))
        bench_fail("the session of turn %s has no time that can be read", turn->id);
    return time;
}

/* ---- one question ------------------------------------------------------------------------------------------------ */

static void note_wrong(const dates_bench *b, const dated_question *dated, const locomo_turn *turn, epi_interval ours) {
    char from[EPI_TIME_TEXT_SIZE], to[EPI_TIME_TEXT_SIZE], wanted[EPI_TIME_TEXT_SIZE];
    if (!b->verbose) return;
    bench_note("%s, question %zu, turn %s: %s to %s, the answer begins %s",
               b->file.conversations[dated->question->conversation].name, dated->question->place, turn->id,
               epi_time_text(from, ours.from, 0), epi_time_text(to, ours.to, 0),
               epi_time_text(wanted, dated->answer.from, 0));
}

static void judge(double right[COUNT_COUNT], epi_interval ours, epi_interval answer) {
    if (!overlaps(ours, answer)) return;
    right[UNCAPPED] = 1.0;
    if (is_narrow(ours, answer)) right[STRICT] = right[ANY] = 1.0;
}

static void judge_turn(dates_bench *b, dated_question *dated, const locomo_turn *turn) {
    epi_time_mention mentions[EPI_TIME_MENTION_COUNT_MAX];
    size_t count = 0;
    epi_time at = said_at(turn);
    const char *text = turn->text != NULL ? turn->text : "";
    bench_check(epi_time_find(mentions, &count, EPI_TIME_MENTION_COUNT_MAX, text, strlen(text), at, 0), turn->id);
    epi_interval session = day_of(at);
    epi_interval rules = count > 0 ? mentions[0].interval : session;
    judge(dated->right[SESSION], session, dated->answer);
    judge(dated->right[RULES], rules, dated->answer);
    for (size_t i = 0; i < count; i++)
        if (overlaps(mentions[i].interval, dated->answer) && is_narrow(mentions[i].interval, dated->answer))
            dated->right[RULES][ANY] = 1.0;
    b->widths[SESSION][b->width_count] = 1.0;
    b->widths[RULES][b->width_count++] = (double)(rules.to - rules.from) / (double)DAY_US;
    if (dated->right[RULES][STRICT] == 0.0) note_wrong(b, dated, turn, rules);
}

/* The answer as text; numbers are years. */
static const char *answer_of(char text[32], const locomo_question *question) {
    int64_t number = 0;
    if (!epi_json_integer(&number, question->answer)) return epi_json_string(question->answer, NULL);
    snprintf(text, 32, "%lld", (long long)number);
    return text;
}

static void read_question(dates_bench *b, const locomo_question *question) {
    char text[32];
    dated_question *dated = &b->dated[b->dated_count];
    const char *answer = answer_of(text, question);
    if (question->category != TEMPORAL) return;
    memset(dated, 0, sizeof *dated);
    dated->question = question;
    if (answer == NULL || !gold_read(&dated->answer, answer, said_at(question->evidence[0]))) {
        b->unread++;
        if (b->verbose) bench_note("unread: \"%s\"", answer != NULL ? answer : "");
        return;
    }
    b->dated_count++;
    for (size_t i = 0; i < question->evidence_count; i++) judge_turn(b, dated, question->evidence[i]);
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

/* Over one conversation, or over all with SIZE_MAX. */
static void print_dated(dates_bench *b, size_t conversation, size_t method, size_t count) {
    double *values = bench_alloc(b->dated_count, sizeof *values);
    size_t n = 0;
    for (size_t i = 0; i < b->dated_count; i++)
        if (conversation == SIZE_MAX || b->dated[i].question->conversation == conversation)
            values[n++] = b->dated[i].right[method][count];
    if (n > 0) {
        bench_random random = bench_random_of(b->run.seed, ++b->streams);
        estimate e = estimate_mean(values, n, &random);
        char interval[64];
        snprintf(interval, sizeof interval, "[%.2f,%.2f]", 100.0 * e.low, 100.0 * e.high);
        const char *name = conversation == SIZE_MAX ? "all" : b->file.conversations[conversation].name;
        bench_emit(&b->run, "dated_pct", 100.0 * e.mean, "%",
                   BENCH_CONFIG({"method", .text = method_names[method]}, {"count", .text = count_names[count]},
                                {"conversation", .text = name}, {"n", .number = (double)n},
                                {"ci95", .json = interval}));
    }
    free(values);
}

static void print_all(dates_bench *b) {
    bench_emit(&b->run, "questions", (double)b->dated_count, "questions",
               BENCH_CONFIG({"category", .number = TEMPORAL}, {"unread", .number = (double)b->unread}));
    for (size_t method = 0; method < METHOD_COUNT; method++) {
        for (size_t count = 0; count < COUNT_COUNT; count++) {
            print_dated(b, SIZE_MAX, method, count);
            for (size_t i = 0; i < b->file.conversation_count; i++) print_dated(b, i, method, count);
        }
        bench_emit(&b->run, "width_days_p50", bench_percentile(b->widths[method], b->width_count, 0.5), "days",
                   BENCH_CONFIG({"method", .text = method_names[method]}, {"turns", .number = (double)b->width_count}));
    }
}

static const char about[] =
    "Takes the questions of category 2 (temporal) of FILE, a file in the LoCoMo form, whose answer is a date, and asks "
    "of\n"
    "each of their evidence turns which day it speaks of: the session's own day (method session), or what "
    "epi_time_find()\n"
    "finds first in its text, the session's day where it finds nothing (method rules). dated_pct is the share of "
    "questions\n"
    "for which such an interval overlaps the answer's: no wider than max(the answer's, 7 days) (count strict), of any "
    "width\n"
    "(uncapped), or any expression of the turns, as narrow as for strict (any); over all and for each conversation, "
    "with a\n"
    "95 % bootstrap interval over questions. width_days_p50 is the median width. The resolver's rules were written on "
    "the\n"
    "first three conversations of a file of five and not changed after the other two were looked at; how answers are "
    "read\n"
    "was (\"14August\", ranges of days). --quick changes nothing: it takes milliseconds.";

int main(int argc, char **argv) {
    dates_bench b = {.run = {.name = "bench_dates", .usage = "FILE", .about = about, .argument_max = 1}};
    const bench_option options[] = {
        {"--verbose", NULL, "every answer that is not read, and every turn that missed, on stderr", &b.verbose, NULL,
         NULL},
        {NULL, NULL, NULL, NULL, NULL, NULL},
    };
    b.run.options = options;
    bench_start(&b.run, argc, argv);
    if (b.run.argument_count != 1) bench_fail("a FILE in the LoCoMo form is needed");
    locomo_read(&b.file, b.run.arguments[0]);
    size_t turns = 0;
    for (size_t i = 0; i < b.file.question_count; i++) turns += b.file.questions[i].evidence_count;
    b.dated = bench_alloc(b.file.question_count + 1, sizeof *b.dated);
    for (size_t m = 0; m < METHOD_COUNT; m++) b.widths[m] = bench_alloc(turns + 1, sizeof(double));
    for (size_t i = 0; i < b.file.question_count; i++) read_question(&b, &b.file.questions[i]);
    if (b.dated_count == 0) bench_fail("%s: no temporal question has a date for an answer", b.run.arguments[0]);
    print_all(&b);
    for (size_t m = 0; m < METHOD_COUNT; m++) free(b.widths[m]);
    free(b.dated);
    locomo_dispose(&b.file);
    return 0;
}
