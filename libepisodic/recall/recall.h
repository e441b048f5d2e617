/* recall.h - how a cue becomes a recollection.
 *
 *   cue.c      the cue checked and taken apart: words, vector, named speakers
 *   profile.c  the weights of each kind of memory
 *   search.c   lexical and vector scores -> candidates -> what stands around them -> rows and filters -> hits with
 *              evidence; search.h names the files it is made of
 *   build.c    hits -> scenes -> steps rebuilt from their components, in the result's arena
 *   extent.c   how far a scene reaches
 *   complete.c parts that a step has not, completed from similar steps
 *   read.c     steps and episodes by id, without a cue
 *   facts.c   what is known of a subject: facts that steps state
 *   render.c   scenes as text, and the context within a token budget
 *
 * Nothing of a recollection points into the store: it outlives the snapshot it was made from.
 */
#ifndef EPI_RECALL_RECALL_H
#define EPI_RECALL_RECALL_H

#include <episodic/facts.h>

#include "../memory/filter.h"
#include "../memory/handle.h"

#define EPI__SIGNALS_MAX 24
#define EPI__REACH 4 /* steps to each side that may lend their words */

/* A hit while it is being found. */
typedef struct epi__found {
    uint64_t step;
    uint64_t episode;
    int64_t event; /* of a filter alone: what it is ordered by */
    uint64_t index; /* place in the episode */
    double score;
    double beside;       /* better hits near it in its episode */
    double same_episode; /* better hits of its episode */
    size_t evidence_count;
    epi_evidence *evidence; /* room for EPI__SIGNALS_MAX in the query's arena; of a filter alone for 1 */
} epi__found;

typedef struct epi__query_word {
    epi__view term; /* kind byte and stem */
    size_t place;   /* which word of the cue; forms of one word ("buy", "bought") share it, and its idf */
    double idf;
    uint64_t documents;
} epi__query_word;

#define EPI__WORD_BITS 31u /* words of a cue that are told apart; those from the last on count as one */

#define EPI__DATES_MAX 8u   /* dates of a cue that are looked for */

/* A cue, ready to be searched with. */
typedef struct epi__query {
    const epi_cue *cue;
    epi_recall_profile profile;
    size_t k;
    uint32_t ef;
    epi__query_word *words;
    size_t word_count;
    size_t place_count;
    double idfs[EPI__WORD_BITS]; /* by place */
    unsigned asks; /* EPI__ASKS_... */
    epi_interval dates[EPI__DATES_MAX]; /* that the cue speaks of */
    size_t date_count;
    epi__map named; /* hashes of all words of the cue, stop words too: who is named in it */
    float *vector;  /* NULL: none */
    float *beside;  /* of the role that is a vector beside the encoder's; NULL: none */
    bool automatic; /* the profile is the space's own choice */
    bool hashed;    /* the space's vectors are hashed from the same words */
    epi__filter filter;
    uint64_t put_off_from; /* documents of a word that may be put off (words.c) */
    bool put_off; /* some were */
    bool filtering; /* the filter refuses more than what is marked */
    epi__arena arena;
} epi__query;

/* `encoded`: the vector of its text by the generation that serves in the snapshot; NULL: none. */
epi_status epi__query_init(epi__query *query, epi__snapshot *snapshot, epi__scratch *scratch, const epi_cue *cue,
                           const epi_recall_options *options, const float *encoded);
/* profile.c: whether the weights may be used, and what they become when several things are asked for. */
epi_status epi__profile_check(const epi_recall_profile *profile);
void epi__profile_several(epi_recall_profile *profile);
/* Rarity of a word that `documents` of `total` have; never negative. */
double epi__query_idf(uint64_t documents, uint64_t total);
void epi__query_dispose(epi__query *query);

/* when.c: reads the cue's dates, which are meant as seen from now. */
epi_status epi__when_read(epi__query *query, int64_t now, const char *text, size_t size);
/* What the cue takes for now: its own, or the space's newest event. */
int64_t epi__query_now(const epi__query *query, const epi__snapshot *snapshot);

/* The best k steps, best first. found is allocated in the query's arena. */
epi_status epi__search(epi__found **found, size_t *count, epi__query *query, epi__snapshot *snapshot,
                       epi__scratch *scratch);

/* ---- build.c ---- */

struct epi_recollection {
    epi__arena arena;
    epi_hit *hits;
    epi_evidence **evidence;
    size_t *evidence_counts;
    size_t hit_count;
    struct epi__scene *scenes;
    size_t scene_count;
    epi_recalled_part *completed; /* of the cue */
    size_t completed_count;
    const char *context;
    uint64_t *context_steps;
    size_t context_step_count;
};

typedef struct epi__step {
    epi_recalled_step view; /* first: the public pointer is ours */
    epi_recalled_part *parts;
    size_t line_from, line_size; /* what it says, in its scene's text */
} epi__step;

typedef struct epi__scene {
    epi_scene view; /* first */
    epi__step *steps;
    size_t made_at; /* its place before the scenes were put in order */
} epi__scene;

/* Makes the recollection of hits: the scenes around them, rebuilt from the store. */
epi_status epi__build(epi_recollection **result, epi__snapshot *snapshot, epi__filter *filter, const epi__found *found,
                      size_t count, const epi_recall_options *options);
/* Scenes of the given live steps, without scores: one for each stretch of one episode. */
epi_status epi__build_steps(epi_recollection **result, epi__snapshot *snapshot, const uint64_t *steps, size_t count);
epi_status epi__read_episode(epi__episode_record *record, epi__snapshot *snapshot, uint64_t episode);

/* ---- extent.c ---- */

/* How many steps before a hit, and how many behind it, its scene shows. */
epi_status epi__scene_extent(uint64_t *before, uint64_t *behind, epi__snapshot *snapshot, uint64_t step,
                             const epi_recall_options *options);

/* ---- complete.c ---- */

/* Completes the hits' steps and the cue where a vote is as confident as `least`; 0: nothing. */
epi_status epi__complete(epi_recollection *result, epi__snapshot *snapshot, const epi__filter *filter, double least);

/* ---- columns.c: the same of a space that keeps columns ---- */

epi_status epi__build_columns(epi_recollection **result, epi__snapshot *snapshot, const uint64_t *steps, size_t count);

/* ---- facts.c ---- */

/* The facts that a row states, copied into the arena; *facts NULL when there are none. */
epi_status epi__facts_of_row(const epi_stated_fact **facts, size_t *count, epi__arena *arena, const epi_schema *schema,
                             const epi__row *row);

/* ---- render.c ---- */

/* Fills the scenes' texts and the context. */
epi_status epi__render(epi_recollection *result, const epi_schema *schema, uint32_t token_budget);

#endif
