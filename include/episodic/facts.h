/* facts.h - facts that change: which value an attribute of a subject has now, had then, and had one after another.
 *
 * Facts are stated by steps: the caller gives them (epi_step.facts), or cautious rules find them in English texts of a
 * space with a KEYWORD role "speaker" ("I live in Lisbon", "my dog's name is Rex"); what is asked, denied, supposed,
 * quoted or said by an assistant is passed over, and rather a fact is missed than a wrong one found. A newer statement
 * hides an older one and deletes nothing. A fact goes with its step: forgotten, restored, removed, superseded.
 */
#ifndef EPISODIC_FACTS_H
#define EPISODIC_FACTS_H

#include <episodic/recall.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Facts that were read. Immutable; owns all that is reached from it, whatever happens to the space. */
typedef struct epi_facts epi_facts;

/** Which facts are meant, and as of when. */
typedef struct epi_fact_cue {
    uint32_t version;
    const char *subject;   /**< without case; NULL: every subject */
    const char *attribute; /**< without case; NULL: every attribute. Needs a subject */
    epi_time as_of;        /**< only what was stored by then; EPI_TIME_NONE: now */
    epi_time valid_at;     /**< what held then; EPI_TIME_NONE: now, by the system's clock or the space's newest event,
                                whichever is later */
} epi_fact_cue;

static inline epi_fact_cue epi_fact_cue_default(void) {
    epi_fact_cue cue = {1, NULL, NULL, EPI_TIME_NONE, EPI_TIME_NONE};
    return cue;
}

typedef struct epi_known_fact {
    epi_fact fact;           /**< as it was said; subject and from are set */
    epi_time until;          /**< when it ended, or when the next one of its subject and attribute begins;
                                  EPI_TIME_NONE: open */
    int32_t utc_offset_min;  /**< of the step's place */
    bool given;              /**< by the caller; else found by rule */
    const char *said;        /**< found: the words that state it; else NULL */
    const char *role;        /**< found: in whose value they stand; else NULL */
    size_t text_from;        /**< found: their bytes there */
    size_t text_to;
    uint64_t step;           /**< that states it */
    uint64_t episode;
    epi_time ingest_time;    /**< of the step */
    uint64_t superseded_by;  /**< the step that corrects its step; 0: none that counts at the cue's times */
    bool current;            /**< it is the one that holds at valid_at */
} epi_known_fact;

/** What holds: of each subject and attribute the fact that began last among those that hold at valid_at and whose steps
 *  are neither forgotten nor superseded. Of facts that begin at one time that of the later step counts.
 * @param[out] facts by subject, then attribute (folded, byte by byte). @param cue NULL: every subject, now.
 * @return EPI_OK, also when there are none · EPI_EINVAL an attribute without a subject, or a version · EPI_EUTF8 ·
 *         EPI_ELIMIT a name is longer than EPI_FACT_NAME_SIZE_MAX · EPI_EDAMAGED · storage errors
 * @par Ownership freed by epi_facts_free().
 * @par Thread safety any number of threads on one space. Reads every fact of the subjects and attributes meant. */
EPI_API epi_status epi_facts_now(epi_facts **facts, epi_space *space, const epi_fact_cue *cue);
/** The same with all that was ever stated, also of superseded steps (each says so), but not of forgotten ones; within
 *  an attribute the oldest first. */
EPI_API epi_status epi_facts_history(epi_facts **facts, epi_space *space, const epi_fact_cue *cue);
EPI_API void epi_facts_free(epi_facts *facts); /**< NULL is allowed */
EPI_API size_t epi_facts_count(const epi_facts *facts);
EPI_API const epi_known_fact *epi_facts_at(const epi_facts *facts, size_t index); /**< NULL past the end */

/* ---- extracting facts ---- */

/** Where an extractor puts what it finds in one step. */
typedef struct epi_extraction epi_extraction;

/** Adds a fact that the step states. It is copied; subject NULL means who speaks, from EPI_TIME_NONE since the step's
 *  event.
 *  What is malformed (empty, too long, no UTF-8) is passed over when the step is stored.
 * @return EPI_OK · EPI_ELIMIT the step has EPI_FACT_COUNT_MAX of them already · EPI_EINVAL an argument is NULL ·
 *         EPI_ENOMEM */
EPI_API epi_status epi_extraction_add(epi_extraction *to, const epi_fact *fact);

/** Something that reads facts out of steps: rules of the caller's, a model, a chat endpoint. */
typedef struct epi_extractor {
    uint32_t version;
    /** Called in the thread that appends, before the step is stored, without any lock of the store: it may take its
     *  time, and other threads may call it meanwhile. Must not append to the space. What it returns besides EPI_OK is
     *  logged, and the step is stored without its facts. */
    epi_status (*extract)(void *context, epi_extraction *to, const epi_step *step);
    void (*close)(void *context); /**< when another one takes its place, or the memory closes; may be NULL */
    void *context;
} epi_extractor;

static inline epi_extractor epi_extractor_default(void) {
    epi_extractor extractor = {1, NULL, NULL, NULL};
    return extractor;
}

/** Gives this process an extractor for a space: each step that it appends from then on is shown to it, and what it
 *  finds stands beside the facts that were given, as extra keys that lead to the step. The step's parts are stored
 *  verbatim, whatever it says, and its content is compared without these facts. Steps that are there already, imagined
 *  ones and transitions are not shown.
 * @param extractor taken over on EPI_OK; NULL: none from now on.
 * @return EPI_OK · EPI_EINVAL the table · EPI_ECLOSED
 * @par Thread safety any thread; waits for calls of the extractor that it replaces. */
EPI_API epi_status epi_space_extractor_give(epi_space *space, const epi_extractor *extractor);

#ifdef __cplusplus
}
#endif
#endif
