/* draft.h - a step on its way into the store: checked, encoded, and not yet given a place.
 *
 * Everything that costs time and needs no lock happens while drafting: checks, words, the vector, the content hash. A
 * draft borrows from the caller's step until it is made to own what it has (for the pending list).
 */
#ifndef EPI_MEMORY_DRAFT_H
#define EPI_MEMORY_DRAFT_H

#include <episodic/facts.h>

#include "generation.h"

typedef struct epi__draft {
    uint64_t id; /* 0 until reserved */
    uint64_t episode;
    epi__row row;     /* without tags and values; told and facts lie in the arena */
    epi__view *parts; /* one a role of the schema; data NULL: absent */
    epi__view metadata;
    epi__view tags;      /* encoded: tag_count x (size, bytes) */
    epi__view tail;      /* the tail record; size 0: neither words nor a vector */
    size_t vector_at;    /* where the vector begins in it; 0: it has none */
    uint64_t generation; /* that the vector is of */
    epi__view text;      /* what an encoder of texts gets; size 0: nothing */
    bool waiting;        /* for its vector: the encoder failed, or this process has none */
    size_t size;         /* of all of it, about */
} epi__draft;

/* Checks a step and drafts it into the arena. `parts` and metadata borrow from the step. */
epi_status epi__draft_make(epi__draft *draft, epi__arena *arena, epi__mirror *mirror, epi__scratch *scratch,
                           const epi__generation *generation, const epi_step *step);
/* Encodes the texts of drafts in batches. What the encoder fails at is left waiting, and logged. */
epi_status epi__draft_encode(epi__draft *drafts, size_t count, epi__arena *arena, epi__mirror *mirror,
                             const epi__generation *generation);
/* The vector comes too late: another generation serves. */
void epi__draft_strip(epi__draft *draft);
/* Copies what was borrowed into the arena. */
epi_status epi__draft_own(epi__draft *draft, epi__arena *arena, const epi_schema *schema);

/* The words of stored or given parts: the same for the same parts, so that they can be found again when a step is
 * removed or checked. Fills scratch->document. parts: one a role. */
epi_status epi__draft_words(epi__scratch *scratch, const epi_schema *schema, const epi__view *parts, epi__view tags,
                            uint8_t tag_count, int64_t event_time, int32_t utc_offset_min);

/* times.c: the times that the texts tell, resolved against the step's event time, into row.told (in the arena). */
epi_status epi__draft_times(epi__draft *draft, epi__arena *arena, const epi_schema *schema, epi__scratch *scratch);

/* facts.c: the facts that were given, those that were extracted, and those that are found in the texts, into row.facts
 * (in the arena). After the times, which say since when some of them hold. */
epi_status epi__draft_facts(epi__draft *draft, epi__arena *arena, const epi_schema *schema, epi__scratch *scratch,
                            const epi_step *step, const epi_extraction *extracted); /* NULL: none */

/* Checks shared with cues and episodes. */
epi_status epi__check_text(const char *what, const char *text, size_t size, size_t size_max);
epi_status epi__check_tags(const char *const *tags, size_t count);
epi_status epi__check_metadata(const char *metadata);
epi_status epi__check_vector(uint64_t dimension, epi_metric metric, const float *vector, size_t size);

/* The texts of SEARCH roles, each on a line, in `out` (cleared first). parts: one a role. */
void epi__draft_text(epi__buffer *out, const epi_schema *schema, const epi__view *parts);
/* The hash encoder's vector of the words in scratch->document; *has: there is one. */
epi_status epi__draft_hash(float *vector, epi__scratch *scratch, uint32_t dimension, bool *has);
void epi__encode_tags(epi__buffer *out, const char *const *tags, size_t count);

#endif
