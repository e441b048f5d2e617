/* recall.h - a partial cue brings back what happened, rebuilt from stored components.
 *
 * A recollection has hits (single steps in ranked order, each with the evidence that sums to its score) and scenes
 * (contiguous runs of an episode around the hits, best first). It is immutable and owns an arena: all that is reached
 * from it lives until epi_recollection_free(), whatever happens to the space.
 */
#ifndef EPISODIC_RECALL_H
#define EPISODIC_RECALL_H

#include <episodic/episode.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct epi_recollection epi_recollection;

typedef struct epi_cue {
    uint32_t version;
    const char *text;    /**< UTF-8; NULL: none */
    const float *vector; /**< of the space's dimension; NULL: the encoder's of the text, if it has one */
    size_t vector_size;
    const epi_part *parts; /**< what is known of it, a value a role; every role may be missing. A KEYWORD role's value
                                counts as one word of the cue, a SEARCH role's by its words, a VECTOR role's by its
                                similarity; unlike the filter's they refuse nothing */
    size_t part_count;   /**< at most EPI_PART_COUNT_MAX */
    epi_filter filter;   /**< time window, as_of, valid_at, role constraints, tags */
    epi_time now;        /**< what recency counts from and "yesterday" is seen from; EPI_TIME_NONE: the newest
                              event of the space */
    int32_t utc_offset_min; /**< minutes east of UTC of who asks, -1080 to 1080: where its days begin */
} epi_cue;

static inline epi_cue epi_cue_default(void) {
    epi_cue cue;
    memset(&cue, 0, sizeof cue);
    cue.version = 1;
    cue.filter = epi_filter_default();
    cue.now = EPI_TIME_NONE;
    return cue;
}

/** Weights of the signals. Scores of each arm are scaled to [0, 1] by the best step of the arm, weighted and added
 * up. */
typedef struct epi_recall_profile {
    uint32_t version;
    double lexical;        /**< BM25 over stemmed words (Robertson and Zaragoza 2009, eq. 3.15) */
    double k1;             /**< saturation of term frequency */
    double b;              /**< length normalisation, 0 none to 1 full */
    double vector;         /**< similarity to the cue's vector */
    double beside;         /**< similarity to the cue's part in the role that is a vector beside the encoder's */
    double context;        /**< share of the cue's words, by idf, that stand in the step or up to `reach` steps away in
                                its episode, each counted at its nearest place and less with distance (ours, after Tao
                                and Zhai 2007) */
    double reach;          /**< how many steps to each side context looks: 0 only at the step itself, 4 at most */
    double episode;        /**< mean sum of the signals above over the episode's best three steps */
    double speaker;        /**< a keyword role of the step has its value named in the cue */
    double user;           /**< lexical score once more, of a step that the user of an assistant said */
    double question;       /**< steps that end with a question mark; below 0, they ask rather than tell */
    double answer;         /**< lexical score of the step before, when that one ends with a question mark */
    double time;           /**< the cue asks when, and a text of the step tells a time (English) */
    double time_fit;       /**< greatest share of a time of the step, its event's day or one that its texts tell, which
                                lies in a date that the cue names ("in May", "last Friday"; English); not below 0 */
    double crowd;          /**< for each better hit at most two steps away; 0 or less (maximal marginal relevance,
                                Carbonell and Goldstein 1998) */
    double several;        /**< for each better hit of the same episode, when the cue asks for several things ("which
                                books ...", English); 0 or less */
    double opening;        /**< the first step of its episode: what is told before anybody asked */
    double news;           /**< share of its words that the space did not have when it came */
    double self;           /**< who speaks tells of themselves: "I", "my", "we" (English) */
    double past;           /**< it tells what happened, in the past tense (English) */
    double hop;            /**< rare words shared with the best hits, voted for by their scores (relevance models,
                                Lavrenko and Croft 2001) */
    double recency;        /**< 2^(-age / recency_half_life_days) */
    double recency_half_life_days;
    /** Added to the weights of these names when the cue asks for several things ("which books ..."): their evidence
     *  lies in several episodes, and nobody asked for it there. */
    double several_context;
    double several_episode;
    double several_speaker;
    double several_opening;
    double several_news;
} epi_recall_profile;

/** The weights of a kind of memory; of EPI_PROFILE_AUTO and of no kind those of a chat. */
EPI_API epi_recall_profile epi_recall_profile_of(epi_profile_kind kind);
/** epi_recall_profile_of(EPI_PROFILE_CHAT): where a profile of one's own begins. */
EPI_API epi_recall_profile epi_recall_profile_default(void);

typedef struct epi_recall_options {
    uint32_t version;
    uint32_t k;             /**< hits; 0: EPI_K_DEFAULT */
    uint32_t token_budget;  /**< of the rendered context; 0: EPI_TOKEN_BUDGET_DEFAULT; EPI_NO_TEXT: none, for who
                               reads the steps themselves */
    uint32_t scene_margin;  /**< steps shown around a hit; by default EPI_SCENE_MARGIN_DEFAULT */
    const epi_recall_profile *profile; /**< NULL: the space's (epi_space_stats.profile) */
    uint32_t ef;            /**< breadth of the vector search; 0: the default */
    uint32_t scene_reach;   /**< steps that a scene may grow beyond the margin, to each side, up to a natural border:
                                 another value of the role "session", a pause of EPI_SCENE_GAP_S, a shift of topic
                                 (TextTiling, Hearst 1997, over vectors); at most EPI_SCENE_MARGIN_MAX. 0: the margin
                                 alone */
    double complete;        /**< least confidence, above 0 to 1, of parts that a hit's step has not and that are
                                 completed from similar steps (EPI_INFERRED); 0: nothing is completed */
    bool when;              /**< the cue asks when something happened, whatever its form: see
                                 epi_recollection_moment() */
} epi_recall_options;

static inline epi_recall_options epi_recall_options_default(void) {
    epi_recall_options options = {1, 0, 0, EPI_SCENE_MARGIN_DEFAULT, NULL, 0, 0, 0.0, false};
    return options;
}

/** Recalls. A cue needs a text, a vector, parts, or a filter; with a filter alone the newest matching steps come first.
 *
 * @param[out] found receives the recollection, or NULL on failure. Nothing found is success with a count of 0.
 * @param options NULL: the defaults.
 * @return EPI_OK · EPI_EINVAL an empty cue, or one that includes what was forgotten · EPI_EUTF8 EPI_ELIMIT
 *         EPI_EDIMENSION EPI_ENUMBER EPI_EZERO EPI_EROLE the cue is malformed, or a part of it is in
 *         no role that can be searched · EPI_EDAMAGED a record it needed fails
 *         its checksum · EPI_ECLOSED EPI_ESTALE EPI_EREADERS EPI_ENOMEM
 * @par Ownership freed by epi_recollection_free().
 * @par Thread safety any number of threads on one space; never waits for a writer, except to commit what this process
 *      has pending under a relaxed sync policy.
 * @par Source fused by a normalised score sum (Bruch, Gai and Ingber 2023 find it ahead of reciprocal rank fusion). */
EPI_API epi_status epi_recall(epi_recollection **found, epi_space *space, const epi_cue *cue,
                              const epi_recall_options *options);
/** epi_recall() for a text alone. */
EPI_API epi_status epi_recall_text(epi_recollection **found, epi_space *space, const char *text,
                                   const epi_recall_options *options);
EPI_API void epi_recollection_free(epi_recollection *found); /**< NULL is allowed */

/* ---- hits ---- */

typedef struct epi_hit {
    uint64_t step;
    uint64_t episode;
    double score;            /**< the sum of its evidence, added in order */
    size_t scene;            /**< index of the scene that shows it */
    size_t scene_step;       /**< its place there */
    const char *external_id; /**< NULL: none */
} epi_hit;

/** What one signal added to a hit's score. */
typedef struct epi_evidence {
    const char *signal;  /**< name of the profile's weight: "lexical", "vector", "context", ... */
    double value;        /**< the signal, scaled */
    double weight;
    double contribution; /**< value x weight */
} epi_evidence;

/** The steps found, in ranked order. */
EPI_API size_t epi_recollection_hit_count(const epi_recollection *found);
EPI_API const epi_hit *epi_recollection_hit(const epi_recollection *found, size_t index); /**< NULL past the end */
/** What made up a hit's score, one entry a signal; NULL and a count of 0 past the end. */
EPI_API const epi_evidence *epi_recollection_evidence(size_t *count, const epi_recollection *found, size_t hit);

/** When what a hit tells of happened. */
typedef struct epi_moment {
    uint64_t step;
    const char *role;         /**< whose text tells it; NULL: none does, so it is the event's own time */
    epi_time_mention mention; /**< the interval, the step's offset in it, and the bytes of the role's value that say it;
                                   without a role no bytes, and the whole day where the event is an instant */
} epi_moment;

/** The answer of a hit to "when?": the time that its texts tell first (epi_time_find() says which is first), or else
 *  its event's.
 * @return false past the last hit, and moment is zero. */
EPI_API bool epi_recollection_moment(epi_moment *moment, const epi_recollection *found, size_t hit);

/* ---- scenes ---- */

typedef enum epi_provenance {
    EPI_STORED = 1,     /**< exactly as it was appended */
    EPI_SUPERSEDED = 2, /**< stored, and corrected by a newer step */
    EPI_INFERRED = 3    /**< completed from similar steps; never unless asked for */
} epi_provenance;

typedef struct epi_recalled_part {
    const char *role;
    epi_role_type type;
    const void *data;         /**< size bytes, a NUL behind them that is not counted */
    size_t size;
    epi_provenance provenance;
    double confidence;        /**< 1 for what is stored; else the share of the votes for it times how alike its voters
                                   are, above 0 to 1 */
    uint64_t source_step;     /**< that it is stored in */
    const uint64_t *sources;  /**< of what is inferred: all steps that voted for it, the most alike first; else NULL */
    size_t source_count;
} epi_recalled_part;

/** A time that a text of a step tells, resolved when the step was stored. */
typedef struct epi_told_time {
    const char *role;         /**< in whose value it stands */
    epi_time_mention mention; /**< its bytes there, and what they mean; the offset is the step's */
} epi_told_time;

/** A fact that a step states. */
typedef struct epi_stated_fact {
    epi_fact fact;    /**< subject and from are set */
    bool given;       /**< by the caller; else found in a text by rule */
    const char *role; /**< found: in whose value it stands; else NULL */
    size_t text_from; /**< found: its bytes there */
    size_t text_to;
} epi_stated_fact;

typedef struct epi_recalled_step {
    uint64_t id;
    uint64_t episode;
    uint64_t index;           /**< place in the episode, from 0 */
    double score;             /**< 0: shown as context of a hit */
    epi_interval event;
    epi_time ingest_time;
    uint64_t supersedes;      /**< 0: none */
    uint64_t superseded_by;   /**< 0: none */
    double reward;
    uint32_t flags;
    bool forgotten;
    const char *external_id;  /**< NULL: none */
    const char *metadata;     /**< NULL: none */
    const char *const *tags;
    size_t tag_count;
    const epi_told_time *times; /**< what its texts say about time (English), role by role, best first as
                                     epi_time_find() has them; at most EPI_TIME_MENTION_COUNT_MAX. NULL when
                                     time_count is 0 */
    size_t time_count;
    size_t part_count;
    const epi_stated_fact *facts; /**< what it states (facts.h), given ones first; NULL when fact_count is 0 */
    size_t fact_count;
} epi_recalled_step;

typedef struct epi_scene {
    double score;             /**< of its best hit */
    uint64_t episode;
    const char *title;        /**< of the episode, "" if none */
    const char *text;         /**< all its steps, one line each: date, speaker, text; "" with EPI_NO_TEXT */
    size_t step_count;
} epi_scene;

EPI_API size_t epi_recollection_count(const epi_recollection *found); /**< scenes */
EPI_API const epi_scene *epi_recollection_scene(const epi_recollection *found, size_t index); /**< NULL past the end */
EPI_API const epi_recalled_step *epi_scene_step(const epi_scene *scene, size_t index); /**< NULL past the end */
/** A part of a step, by place or by role; NULL if there is none. */
EPI_API const epi_recalled_part *epi_recalled_step_part(const epi_recalled_step *step, size_t index);
EPI_API const epi_recalled_part *epi_scene_part(const epi_scene *scene, const epi_recalled_step *step,
                                                const char *role);

/** What the hits say together about a role of the cue: the value that most of them have, by their scores. A partial
 *  cue is completed so: given who, asked where.
 * @return NULL unless epi_recall_options.complete was set and a value is that confident; its provenance is
 *         EPI_INFERRED, its sources are hits.
 * @par Source a weighted vote, Dudani 1976. */
EPI_API const epi_recalled_part *epi_recollection_completed(const epi_recollection *found, const char *role);

/* ---- context ---- */

/** The scenes as text for a prompt, best first, within the token budget; each step a line with its date, who, and its
 * ids. */
EPI_API const char *epi_recollection_context(const epi_recollection *found);
/** Ids of the steps whose lines are in the context. */
EPI_API const uint64_t *epi_recollection_context_steps(size_t *count, const epi_recollection *found);

/* ---- reading without a cue ---- */

/** Steps of an episode in order, as one scene. @param first index of the first step wanted. @param count 0: to the end,
 *  at most EPI_K_MAX. Forgotten steps are left out.
 *  @return EPI_OK · EPI_ENOTFOUND never begun · EPI_ESTALE removed */
EPI_API epi_status epi_episode_read(epi_recollection **found, epi_space *space, uint64_t episode, uint64_t first,
                                    size_t count);
/** One step as one scene, also when it is superseded or forgotten (and says so).
 * @return EPI_OK · EPI_ENOTFOUND never appended · EPI_ESTALE removed */
EPI_API epi_status epi_step_read(epi_recollection **found, epi_space *space, uint64_t step);
/** A page of all steps of the space, in order of id, superseded and forgotten ones included (each says so): for those
 *  who copy a space. Read from 0 on until a page has no step.
 * @param[out] found one scene for each run of steps of one episode; no scenes after the last step.
 * @param after only steps with a greater id; 0: from the first. @param count 1 to EPI_K_MAX steps.
 * @return EPI_OK · EPI_EINVAL EPI_ELIMIT count · storage errors */
EPI_API epi_status epi_steps_read(epi_recollection **found, epi_space *space, uint64_t after, size_t count);
/** The vector stored for a step, as epi_step.vector takes it: under EPI_COSINE its unit vector, which stores again to
 * the bit.
 * @param[out] vector room for epi_space_stats.dimension floats; for EPI_DIMENSION_MAX where somebody may change the
 *             space's encoder meanwhile.
 * @param[out] size its elements; 0 when the step has none. May be NULL.
 * @return EPI_OK · EPI_ENOTFOUND never appended · EPI_ESTALE removed · EPI_EDAMAGED · storage errors */
EPI_API epi_status epi_step_vector(float *vector, size_t *size, epi_space *space, uint64_t step);
/** The id behind a caller-given id. @return EPI_OK · EPI_ENOTFOUND */
EPI_API epi_status epi_step_find(uint64_t *id, epi_space *space, const char *external_id);
/** The k nearest live steps to a vector, best first: the bare search under recall's vector arm.
 * @param[out] count how many were found, at most k. @param[out] ids room for k. @param[out] scores room for k, or NULL:
 *             the cosine, or minus the squared distance. @param vector of the space's dimension. @param ef 0: the
 *             default. */
EPI_API epi_status epi_nearest(size_t *count, uint64_t *ids, float *scores, epi_space *space, const float *vector,
                               size_t vector_size, size_t k, uint32_t ef);

typedef struct epi_episode_info {
    uint64_t id;
    const char *title;       /**< "" if none */
    const char *external_id; /**< NULL: none */
    const char *metadata;    /**< NULL: none */
    const char *outcome;     /**< NULL: none */
    double reward;
    bool has_reward;
    bool ended;
    uint64_t step_count;
    epi_interval time;       /**< from the first event to the last */
    const char *const *tags;
    size_t tag_count;
} epi_episode_info;

typedef struct epi_timeline epi_timeline;

/** The episodes of a space whose time overlaps [from, to), in order of time.
 * @param from EPI_TIME_NONE: open. @param to EPI_TIME_NONE: open. @param limit most to return, newest kept; 0: all.
 * @par Ownership freed by epi_timeline_free(); infos live as long. */
EPI_API epi_status epi_timeline_read(epi_timeline **timeline, epi_space *space, epi_time from, epi_time to,
                                     size_t limit);
EPI_API void epi_timeline_free(epi_timeline *timeline);
EPI_API size_t epi_timeline_count(const epi_timeline *timeline);
EPI_API const epi_episode_info *epi_timeline_episode(const epi_timeline *timeline, size_t index);

#ifdef __cplusplus
}
#endif
#endif
