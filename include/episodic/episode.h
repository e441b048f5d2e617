/* episode.h - recording: an episode is begun, steps are appended as parts (role, value), and it ends with an outcome.
 * Steps are immutable; a correction is a new step that supersedes the old one. Ids are never reused.
 */
#ifndef EPISODIC_EPISODE_H
#define EPISODIC_EPISODE_H

#include <string.h>

#include <episodic/space.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An episode being recorded. One thread at a time. */
typedef struct epi_episode epi_episode;

/** A value for a role. All pointers are the caller's and are read during the call only. */
typedef struct epi_part {
    const char *role;
    const void *data;
    size_t size; /**< bytes, without a closing NUL */
} epi_part;

static inline epi_part epi_part_bytes(const char *role, const void *data, size_t size) {
    epi_part part = {role, data, size};
    return part;
}
static inline epi_part epi_part_text(const char *role, const char *text) {
    return epi_part_bytes(role, text, text ? strlen(text) : 0);
}
static inline epi_part epi_part_f32(const char *role, const float *values, size_t count) {
    return epi_part_bytes(role, values, count * sizeof *values);
}

#define EPI_STEP_TERMINATED 1u /**< the episode ended here by itself: no future to bootstrap from */
#define EPI_STEP_TRUNCATED 2u  /**< the episode was cut here */
#define EPI_STEP_IMAGINED 4u   /**< made by imagination and stored by the caller; says so for ever */

/** Whose facts they are that somebody states who is not named. */
#define EPI_FACT_OWNER "owner"

/** A keyed statement: an attribute of a subject has a value for a time. Facts that change are stated again: what is
 *  read from them is facts.h's matter. Subjects and attributes are told apart without case. */
typedef struct epi_fact {
    const char *subject;   /**< NULL: who speaks, by the step's KEYWORD role "speaker", or else EPI_FACT_OWNER */
    const char *attribute; /**< "lives in", "favourite colour" */
    const char *value;
    epi_time from;         /**< since when it holds; EPI_TIME_NONE: since the step's event */
    epi_time to;           /**< when it ended, behind from; EPI_TIME_NONE: not known to have */
} epi_fact;

typedef struct epi_step {
    uint32_t version;
    const epi_part *parts;
    size_t part_count;        /**< at most EPI_PART_COUNT_MAX, each role once */
    epi_time event_time;      /**< when it happened; EPI_TIME_NONE: now */
    epi_time event_end;       /**< end of the interval; EPI_TIME_NONE: an instant */
    int32_t utc_offset_min;   /**< of the place where it happened, -1080 to 1080 */
    const char *external_id;  /**< the caller's id, unique in the space; NULL: none */
    const char *const *tags;  /**< NULL when tag_count is 0 */
    size_t tag_count;
    const char *metadata;     /**< a JSON object; NULL: none */
    uint64_t supersedes;      /**< id of the step that this one corrects; 0: none */
    const float *vector;      /**< the step's vector, for ENCODER_GIVEN; NULL: none */
    size_t vector_size;       /**< elements */
    double reward;            /**< NaN is refused; 0 by default */
    uint32_t flags;
    const epi_fact *facts;    /**< what it states, kept with it and gone with it; NULL when fact_count is 0 */
    size_t fact_count;        /**< at most EPI_FACT_COUNT_MAX; none of an imagined step */
} epi_step;

static inline epi_step epi_step_default(void) {
    epi_step step = {1, NULL, 0, EPI_TIME_NONE, EPI_TIME_NONE, 0, NULL, NULL, 0, NULL, 0, NULL, 0, 0.0, 0,
                     NULL, 0};
    return step;
}

typedef struct epi_episode_options {
    uint32_t version;
    const char *title;
    const char *external_id; /**< unique among the space's episodes; beginning it again resumes it */
    epi_time begin;          /**< EPI_TIME_NONE: the first step's */
    const char *const *tags;
    size_t tag_count;
    const char *metadata;    /**< a JSON object */
} epi_episode_options;

static inline epi_episode_options epi_episode_options_default(void) {
    epi_episode_options options = {1, NULL, NULL, EPI_TIME_NONE, NULL, 0, NULL};
    return options;
}

/** Begins an episode. With an external id that exists, that episode is resumed instead (EPI_ECONFLICT when any of
 *  title, tags and metadata is given and the three are not those that it was begun with).
 * @param[out] episode receives the handle, or NULL on failure. @param options NULL: the defaults.
 * @return EPI_OK · EPI_EINVAL EPI_EUTF8 EPI_EJSON EPI_ELIMIT · EPI_ECONFLICT · EPI_EREADONLY · storage errors
 * @par Ownership closed by epi_episode_close(), whether or not it was ended. */
EPI_API epi_status epi_episode_begin(epi_episode **episode, epi_space *space, const epi_episode_options *options);
/** Goes on with a stored episode, ended or not, begun by any process.
 * @return EPI_OK · EPI_ENOTFOUND no such episode was ever begun · EPI_ESTALE it was removed */
EPI_API epi_status epi_episode_resume(epi_episode **episode, epi_space *space, uint64_t id);
EPI_API void epi_episode_close(epi_episode *episode); /**< frees the handle; NULL is allowed. Pending steps stay
                                                           pending */
EPI_API uint64_t epi_episode_id(const epi_episode *episode);

/** Appends one step. Durable on return under EPI_SYNC_EACH_COMMIT, otherwise pending (memory.h).
 *
 * @param[out] id receives the step's id; may be NULL. For an external id that exists with the same content, the id of
 *                that step: the call then changes nothing and returns EPI_OK.
 * @return EPI_OK
 *  · EPI_EROLE a part names a role the schema has not · EPI_ETYPE EPI_EDIMENSION a tensor's size is not its role's
 *  · EPI_EUTF8 EPI_EJSON EPI_ENUMBER EPI_EZERO a value is malformed · EPI_ELIMIT a value is too large
 *  · EPI_EINVAL no parts, a role twice, a required role missing, an interval that ends before it begins
 *  · EPI_ECONFLICT the external id exists with other content · EPI_EENDED, also for an external id that exists
 *  · EPI_ENOTFOUND supersedes names no step · EPI_ESTALE the episode or that step was removed
 *  · EPI_EREADONLY EPI_EQUOTA EPI_EMAPFULL EPI_EDISKFULL EPI_EIO EPI_ENOMEM
 *  On failure nothing was stored. */
EPI_API epi_status epi_episode_append(uint64_t *id, epi_episode *episode, const epi_step *step);
/** Appends count steps in one transaction: all or none.
 * @param[out] ids room for count ids, or NULL. @param count at most EPI_APPEND_COUNT_MAX. */
EPI_API epi_status epi_episode_append_many(uint64_t *ids, epi_episode *episode, const epi_step *steps, size_t count);

typedef struct epi_outcome {
    uint32_t version;
    const char *text;  /**< how it went; NULL: none */
    double reward;     /**< of the whole episode */
    bool has_reward;
    epi_time end;      /**< EPI_TIME_NONE: the last step's */
} epi_outcome;

static inline epi_outcome epi_outcome_default(void) {
    epi_outcome outcome = {1, NULL, 0.0, false, EPI_TIME_NONE};
    return outcome;
}

/** Ends the episode; the handle stays valid for epi_episode_id() and is closed by the caller. @param outcome NULL:
 * none. */
EPI_API epi_status epi_episode_end(epi_episode *episode, const epi_outcome *outcome);

/** Remembers one step outside any episode of the caller's: it goes to the space's running episode, and a new one is
 *  begun after a pause of EPI_REMEMBER_GAP_S_DEFAULT between event times.
 * @param[out] id the step's; may be NULL. @param[out] episode its episode's id; may be NULL.
 * @return as epi_episode_append() */
EPI_API epi_status epi_remember(uint64_t *id, uint64_t *episode, epi_space *space, const epi_step *step);
/** The short form for conversations: a speaker and a text. @param[out] id may be NULL. */
EPI_API epi_status epi_remember_text(epi_space *space, const char *speaker, const char *text, uint64_t *id);

/** An episode and what is added to it in one go: it is begun or gone on with, steps are appended, it may be ended. */
typedef struct epi_experience {
    uint32_t version;
    uint64_t episode;                 /**< goes on with this one, ended or not; 0: one is begun */
    const epi_episode_options *begin; /**< how, as for epi_episode_begin(): an external id that exists is gone on with.
                                           NULL: the defaults, and where episode is given */
    const epi_step *steps;            /**< NULL when step_count is 0 */
    size_t step_count;
    const epi_outcome *outcome;       /**< ends it; NULL: it stays open */
} epi_experience;

static inline epi_experience epi_experience_default(void) {
    epi_experience experience = {1, 0, NULL, NULL, 0, NULL};
    return experience;
}

/** Remembers episodes with their steps in one transaction: all or none. What costs most of a small write is the flush
 *  of its commit, and beginning, appending and ending by calls of their own are a commit each; this is one for all of
 *  it, and no handle is needed. Durable on return under every sync policy; what is pending in this process is committed
 *  before.
 *
 * @param[out] ids room for the ids of all steps, in order, or NULL; as for epi_episode_append(), an external id that
 *                 exists with the same content gives the id of that step.
 * @param[out] episodes room for count ids of episodes, or NULL. @param count at most EPI_APPEND_COUNT_MAX, and so are
 *                 the steps of all.
 * @return what epi_episode_begin(), epi_episode_resume(), epi_episode_append() and epi_episode_end() return, but for
 *  EPI_EENDED: an episode that has ended goes on · EPI_EINVAL also an experience with both an episode and begin
 *  On failure nothing was stored, and ids and episodes are 0.
 * @par Thread safety any thread. */
EPI_API epi_status epi_remember_many(uint64_t *ids, uint64_t *episodes, epi_space *space,
                                     const epi_experience *experiences, size_t count);

/** Which steps are meant. Conditions hold together; an empty filter means all. */
typedef struct epi_filter {
    uint32_t version;
    const uint64_t *steps;    /**< NULL: any */
    size_t step_count;
    const uint64_t *episodes; /**< NULL: any */
    size_t episode_count;
    epi_time from;            /**< event time overlaps [from, to); EPI_TIME_NONE: open */
    epi_time to;
    epi_time as_of;           /**< only what was ingested by then; EPI_TIME_NONE: now */
    epi_time valid_at;        /**< supersession judged at this event time; EPI_TIME_NONE: the newest counts */
    const epi_part *parts;    /**< role constraints: KEYWORD roles match without case, others byte by byte */
    size_t part_count;
    const char *const *tags;  /**< all of them, of the step or its episode */
    size_t tag_count;
    bool include_superseded;  /**< also steps that a newer one corrects */
    bool include_forgotten;   /**< only epi_restore() and the steps' own reader may set it */
} epi_filter;

static inline epi_filter epi_filter_default(void) {
    epi_filter filter = {1, NULL, 0, NULL, 0, EPI_TIME_NONE, EPI_TIME_NONE, EPI_TIME_NONE, EPI_TIME_NONE,
                         NULL, 0, NULL, 0, false, false};
    return filter;
}

/** Hides what matches, in small transactions of 20,000 steps at most; epi_restore() brings it back until
 *  purge_after_days have passed and epi_space_upkeep() has removed it.
 * @param[out] count steps hidden, or that would be with dry_run; may be NULL.
 * @param filter an empty filter is refused (EPI_EINVAL): name episodes or drop the space.
 * @param purge_after_days 0: EPI_PURGE_AFTER_DAYS_DEFAULT. */
EPI_API epi_status epi_forget(uint64_t *count, epi_space *space, const epi_filter *filter, uint32_t purge_after_days,
                              bool dry_run);
EPI_API epi_status epi_restore(uint64_t *count, epi_space *space, const epi_filter *filter);
/** Removes what matches from the store, the postings and the vectors, for good; episodes left empty go too. Freed pages
 *  may still hold the bytes: epi_purge() is for that. */
EPI_API epi_status epi_remove(uint64_t *count, epi_space *space, const epi_filter *filter, bool dry_run);
/** Removes what matches and then rewrites the store (epi_memory_compact()): no byte of it is left in the directory. */
EPI_API epi_status epi_purge(uint64_t *count, epi_space *space, const epi_filter *filter);

#ifdef __cplusplus
}
#endif
#endif
