/* search.h - what the files of a search share: its state, and a step that may become a hit.
 *
 *   words.c    which steps have the cue's words, by BM25
 *   arms.c     which steps lie near its vector
 *   when.c     how well its times fit the dates of the cue, and which steps come in by that
 *   around.c   what stands around a candidate: the cue's words beside it, and in its episode
 *   ranking.c  the candidates in order, as far as they are looked at
 *   judge.c    what its row says: who, a question, an answer, a time, how recent; the evidence
 *   hop.c      a second look with the words of the best hits
 *   space.c    hits kept apart: taken one by one, each lowers what repeats it
 *   search.c   the order of these
 */
#ifndef EPI_RECALL_SEARCH_H
#define EPI_RECALL_SEARCH_H

#include <math.h>
#include <stdlib.h>

#include "recall.h"

#define EPI__LOOKED_AT_MAX 16384u /* bytes of a step's text that a search reads again */

typedef struct epi__candidate {
    uint64_t step;
    uint64_t episode;
    uint64_t index; /* place in the episode */
    uint64_t before; /* the step before it there; 0: none */
    double sum;     /* of the signals below, weighted */
    double lexical, vector, beside, dated, context, mean;
    bool user; /* the user of an assistant said it; known only where that counts */
} epi__candidate;

typedef struct epi__search_state {
    epi__query *query;
    epi__snapshot *snapshot;
    epi__scratch *scratch;
    double lexical_best; /* what scales the lexical arm */
    const epi__query_word **words; /* those that stand anywhere, the rarest first */
    size_t word_count;
    size_t words_read; /* of them, whole; the others are looked up where they matter */
    epi__map vectors;    /* step -> bits of its scaled similarity */
    epi__map besides;    /* the same of the vector beside the encoder's */
    epi__map dated;      /* step that comes in by its time -> bits of how well that fits */
    epi__best *nearest; /* of both vectors, each step once */
    size_t nearest_count;
    epi__candidate *candidates;
    size_t count;
    epi__map named; /* hash of a keyword's value -> whether the cue names it, + 1 */
} epi__search_state;

/* ---- words.c ---- */

#define EPI__CELL_WHOLE (1u << 31) /* in a cell's words: all words were looked up for the step */

/* Adds up the cue's words, as far as they can decide which `pool` steps have most of them. */
epi_status epi__arms_words(epi__search_state *search, size_t pool);
/* Makes the cells of these steps what they would be if every posting had been read. Reorders `steps`; 0 is no step. */
epi_status epi__words_complete(epi__search_state *search, uint64_t *steps, size_t count);

/* ---- arms.c ---- */

epi_status epi__arms_vector(epi__search_state *search);
/* Compares the steps that the words brought in, where the vector itself brings in none. */
epi_status epi__arms_compare(epi__search_state *search, const epi__topk *pool);
epi_status epi__arms_beside(epi__search_state *search); /* behind epi__arms_vector() */
double epi__arms_beside_of(const epi__search_state *search, uint64_t step);
double epi__arms_lexical(const epi__search_state *search, uint64_t step); /* 0 to 1 */
double epi__arms_vector_of(const epi__search_state *search, uint64_t step);

static inline uint64_t epi__bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* A value that was put as its bits; 0 where there is none. */
static inline double epi__bits_get(const epi__map *map, uint64_t key) {
    uint64_t bits = 0;
    double value = 0.0;
    if (map->count == 0 || !epi__map_get(map, key, &bits)) return 0.0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- when.c ---- */

epi_status epi__arms_dates(epi__search_state *search);
double epi__arms_dated(const epi__search_state *search, uint64_t step); /* 0 to 1 */
double epi__when_fit(const epi__query *query, const epi__row *row);     /* 0 to 1; 0 when the cue has no dates */

/* ---- around.c ---- */

/* Sorts ids and leaves each once; returns how many. */
size_t epi__steps_unique(uint64_t *steps, size_t count);
/* Writes the centres, which are in order, and what stands at most `reach` from one in its episode, each once and in
 * order; `steps` has room for (2 reach + 1) a centre. Returns how many. */
size_t epi__around_spread(uint64_t *steps, const epi__mirror *mirror, const uint64_t *centres, size_t count, int reach);
/* Scores the candidates, which are in order of steps, by what they have and what stands around them. */
epi_status epi__around_score(epi__search_state *search);

/* ---- ranking.c ---- */

typedef struct epi__rank {
    double sum;
    const epi__candidate *candidate;
} epi__rank;

typedef struct epi__ranking {
    epi__rank *ranks; /* a heap, the best first; in the query's arena */
    size_t left;
} epi__ranking;

epi_status epi__ranking_init(epi__ranking *ranking, epi__search_state *search);
const epi__candidate *epi__ranking_next(epi__ranking *ranking); /* NULL: none is left */

/* ---- judge.c ---- */

/* The evidence of a candidate, and its sum. */
epi_status epi__judge(epi__found *found, epi__search_state *search, const epi__candidate *candidate,
                      const epi__row *row);
void epi__evidence_add(epi__found *found, const char *signal, double value, double weight);
double epi__recency(const epi__search_state *search, const epi__row *row);

/* ---- hop.c ---- */

/* Adds the evidence of a second look; sorts found. */
epi_status epi__hop(epi__found *found, size_t count, epi__search_state *search);

/* ---- space.c ---- */

/* Moves the best k to the front, in ranked order. */
void epi__space_out(epi__found *found, size_t count, size_t k, const epi__query *query);

#endif
