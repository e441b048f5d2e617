/* locomo.h - a file in the LoCoMo form as a benchmark needs it: which turns there are, which questions, and which turns
 * hold the answer of each. The library's importer reads the conversations and never the questions; this reads the
 * questions and, of the conversations, only the ids of turns.
 */
#ifndef EPI_BENCH_LOCOMO_H
#define EPI_BENCH_LOCOMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <episodic/sys/json.h>

typedef struct locomo_turn {
    const char *id;           /* dia_id, as written in the conversation */
    size_t session;           /* place of its session among the conversation's members */
    const char *text;         /* NULL: none */
    const char *session_time; /* as the file writes it, "1:56 pm on 8 May, 2023"; NULL: none */
} locomo_turn;

typedef struct locomo_conversation {
    const char *name;   /* sample_id */
    locomo_turn *turns; /* in byte order of id */
    size_t turn_count;
} locomo_conversation;

typedef struct locomo_question {
    const char *text;
    size_t conversation;
    size_t place;                 /* in the conversation's list of questions, from 0 */
    int64_t category;             /* the file's own number; 0 when it has none */
    const epi_json *answer;       /* a string or a number; NULL: none */
    const locomo_turn **evidence; /* each turn once; at least one */
    size_t evidence_count;
} locomo_question;

/* Strings point into the parsed file. */
typedef struct locomo_file {
    char *text;
    size_t size;
    epi_json *root;
    locomo_conversation *conversations;
    size_t conversation_count;
    locomo_question *questions; /* those with evidence */
    size_t question_count;
    size_t unanswerable; /* questions left out: no id of their evidence names a turn */
    size_t repaired_ids; /* evidence that named its turn only after repair: "D8:6; D9:17", "D:11:26", "D30:05" */
    size_t dropped_ids;  /* evidence that names no turn */
} locomo_file;

/* Ends the program, saying why, when the file cannot be read or has another form. */
void locomo_read(locomo_file *file, const char *path);
/* The same of a text in memory, which the file takes over; `path` is what messages call it. */
void locomo_read_text(locomo_file *file, char *text, size_t size, const char *path);
void locomo_dispose(locomo_file *file);
const locomo_turn *locomo_find(const locomo_conversation *conversation, const char *id); /* NULL: no such turn */

/* ---- measures of one question, from 0 to 1; hits are turns in ranked order, each once ---------------------------- */

/* The fraction of its evidence among the first k hits. */
double locomo_recall_at(const locomo_question *question, const locomo_turn *const *hits, size_t count, size_t k);
/* 1 when the first hit's session holds evidence. */
double locomo_session_hit(const locomo_question *question, const locomo_turn *const *hits, size_t count);
/* Discounted gain of the first `depth` sessions over the best possible: sessions rank by their first hit, and gain 1
 * when they hold evidence. Source: Jarvelin and Kekalainen 2002, "Cumulated gain-based evaluation of IR techniques". */
double locomo_session_ndcg(const locomo_question *question, const locomo_turn *const *hits, size_t count, size_t depth);

#endif
