/* space.h - a space is a hard border inside a memory: one tenant, one agent, one task. It has a schema: the roles a
 * step may have. No call crosses a space, and none takes a default one.
 */
#ifndef EPISODIC_SPACE_H
#define EPISODIC_SPACE_H

#include <episodic/memory.h>
#include <episodic/sys/encoder.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An open space. Any number of threads may use one handle. */
typedef struct epi_space epi_space;

typedef enum epi_role_type {
    EPI_TEXT = 1, /**< UTF-8 */
    EPI_BLOB = 2, /**< bytes */
    EPI_JSON = 3, /**< one JSON text */
    EPI_TENSOR = 4 /**< dtype and shape are the role's; row-major elements */
} epi_role_type;

typedef enum epi_dtype {
    EPI_DTYPE_NONE = 0,
    EPI_F32 = 1,
    EPI_F64 = 2,
    EPI_I8 = 3,
    EPI_I16 = 4,
    EPI_I32 = 5,
    EPI_I64 = 6,
    EPI_U8 = 7,
    EPI_U16 = 8,
    EPI_U32 = 9,
    EPI_U64 = 10,
    EPI_BOOL = 11 /**< one byte, 0 or 1 */
} epi_dtype;

#define EPI_ROLE_SEARCH 1u   /**< its words are found by recall (TEXT and JSON) */
#define EPI_ROLE_KEYWORD 2u  /**< matched as a whole, without case, by role constraints (TEXT) */
#define EPI_ROLE_VECTOR 4u   /**< an F32 TENSOR that is the step's key vector; at most one. In a space that encodes
                                  texts it is a second vector beside the encoder's (of an image, say), found by a cue's
                                  part in this role; exact search, kept in memory by each process that asks for it */
#define EPI_ROLE_REQUIRED 8u /**< a step without it is refused */

typedef struct epi_role {
    const char *name;  /**< 1 to EPI_NAME_SIZE_MAX bytes of UTF-8 */
    epi_role_type type;
    uint32_t flags;
    float weight;      /**< of its words in ranking, 0.25 to 16; 0: 1 */
    epi_dtype dtype;   /**< of a TENSOR */
    uint32_t rank;     /**< axes of a TENSOR; 0 is a scalar */
    uint32_t shape[EPI_RANK_MAX];
} epi_role;

/** Where a step's vector comes from. */
typedef enum epi_encoder_kind {
    EPI_ENCODER_NONE = 0, /**< no vectors */
    EPI_ENCODER_HASH = 1, /**< hashed words and character trigrams of the SEARCH roles; built in, deterministic */
    EPI_ENCODER_GIVEN = 2 /**< the caller passes epi_step.vector, or the role with EPI_ROLE_VECTOR is it */
} epi_encoder_kind;

typedef enum epi_metric {
    EPI_COSINE = 1, /**< vectors are scaled to unit norm when stored; a zero vector is refused */
    EPI_L2 = 2      /**< Euclidean distance */
} epi_metric;

typedef struct epi_schema {
    uint32_t version;
    const char *preset;    /**< "conversation", "trajectory", "transitions", "events" or "custom": which use it is made
                                for */
    const epi_role *roles;
    size_t role_count;     /**< at most EPI_PART_COUNT_MAX */
    epi_encoder_kind encoder;
    uint32_t dimension;    /**< of its vectors; 0: EPI_HASH_DIMENSION_DEFAULT for HASH, the VECTOR role's size for
                                GIVEN */
    epi_metric metric;
    const char *language;  /**< of its texts: "english" (NULL), or "none" for no stemming and no stop words */
} epi_schema;

static inline epi_schema epi_schema_default(void) {
    epi_schema schema = {1, "custom", NULL, 0, EPI_ENCODER_HASH, 0, EPI_COSINE, NULL};
    return schema;
}

/** speaker (keyword), text (required), caption, attachment (BLOB), session (keyword); hash encoder. Static, never
 * freed. */
EPI_API const epi_schema *epi_schema_conversation(void);
/** An agent at work: task, situation, tool (keyword), arguments (JSON), result, error, cost (F64 scalar). Static. */
EPI_API const epi_schema *epi_schema_trajectory(void);
/** Who, where, what and action (keywords), when, outcome, text: events whose roles imagining puts together anew
 * (events.h). Static. */
EPI_API const epi_schema *epi_schema_events(void);

#define EPI_TRANSITION_ROLE_COUNT 5
/** What a reinforcement learner records: observation, action, reward, terminated, truncated. A space of this preset
 *  keeps columns, without words or vectors, and is written and read by <episodic/transitions.h>. An observation of
 *  another dtype and shape, or columns besides: put epi_role_tensor() into roles, and raise schema->role_count; all
 *  roles are tensors, reward is a scalar of F32 or F64, terminated and truncated scalars of BOOL.
 * @param[out] schema filled in; points to roles and to the static names.
 * @param[out] roles  room for EPI_TRANSITION_ROLE_COUNT, of the caller; must live as long as schema.
 * @param observation_size elements of the float32 observation, 1 to EPI_DIMENSION_MAX.
 * @param action_dtype element type of the action. @param action_size its count; 0 is a scalar.
 * @return EPI_OK · EPI_EINVAL · EPI_ELIMIT */
EPI_API epi_status epi_schema_transitions(epi_schema *schema, epi_role *roles, uint32_t observation_size,
                                          epi_dtype action_dtype, uint32_t action_size);

/** Opens a space, creating it when it does not exist and a schema is given.
 *
 * @param[out] space receives the handle, or NULL on failure.
 * @param name   1 to EPI_NAME_SIZE_MAX bytes of UTF-8, compared byte by byte; there is no default.
 * @param schema NULL: the space must exist.
 * @return EPI_OK · EPI_ENOTFOUND schema is NULL, or the memory read-only, and no such space · EPI_ESCHEMA it exists
 *         with another schema · EPI_EINVAL · EPI_EUTF8 · EPI_ELIMIT · storage errors
 * @par Ownership the caller closes it with epi_space_close(), before or after the memory.
 * @par Thread safety any thread; all handles of one space in a process share one state. */
EPI_API epi_status epi_space_open(epi_space **space, epi_memory *memory, const char *name, const epi_schema *schema);
EPI_API void epi_space_close(epi_space *space); /**< NULL is allowed */

EPI_API const char *epi_space_name(const epi_space *space); /**< lives as long as the handle */
EPI_API const epi_schema *epi_space_schema(const epi_space *space); /**< lives as long as the handle */

/** Calls visit with each space's name, in the order of their bytes, until it returns false.
 * @return EPI_OK · EPI_ECANCELLED visit returned false · storage errors */
EPI_API epi_status epi_space_list(epi_memory *memory, bool (*visit)(void *context, const char *name), void *context);

/** Drops a space with all that belongs to it. It is gone for every process once the call returns; its pages are
 *  reclaimed in bounded transactions before that. Final. Open handles answer EPI_ESTALE.
 * @return EPI_OK · EPI_ENOTFOUND · EPI_EREADONLY · storage errors */
EPI_API epi_status epi_space_drop(epi_memory *memory, const char *name);

/** What kind of memory a space is, as far as recall weighs its signals differently (recall.h). */
typedef enum epi_profile_kind {
    EPI_PROFILE_AUTO = 0,      /**< chosen from what the space counts of its steps, at every recall */
    EPI_PROFILE_CHAT = 1,      /**< people talk in short turns; what stands beside a turn says what it is about */
    EPI_PROFILE_ASSISTANT = 2, /**< a user and an assistant with long answers; what the user said weighs more */
    EPI_PROFILE_DOCUMENTS = 3, /**< long texts, each by itself */
    EPI_PROFILE_EVENTS = 4     /**< short reports that nobody asked for */
} epi_profile_kind;

/** "auto", "chat", "assistant", "documents", "events"; "" for any other number. */
EPI_API const char *epi_profile_name(epi_profile_kind kind);

/** Sets the space's recall profile, for all processes and for good; EPI_PROFILE_AUTO lets it be chosen again. A recall
 *  that is given a profile of its own uses that one.
 * @return EPI_OK · EPI_EINVAL no such kind · EPI_ECLOSED EPI_ESTALE EPI_EREADONLY · storage errors
 * @par Thread safety any number of threads. */
EPI_API epi_status epi_space_set_profile(epi_space *space, epi_profile_kind kind);

#define EPI_PROFILE_REASON_SIZE 96u

typedef struct epi_space_stats {
    uint64_t sequence;       /**< number of the newest change */
    uint64_t episodes;
    uint64_t steps;          /**< live, forgotten ones included */
    uint64_t forgotten;      /**< hidden, still restorable */
    uint64_t superseded;
    uint64_t components;     /**< distinct values kept outside rows */
    uint64_t component_size; /**< their bytes */
    uint64_t shared;         /**< components used more than once */
    uint64_t terms;          /**< distinct words, keywords and tags in sealed postings */
    uint64_t words;          /**< words in all steps, stop words not counted */
    uint64_t vectors;        /**< of the encoder that serves */
    uint64_t dimension;      /**< of these; 0: the space has none */
    uint64_t generation;     /**< number of that encoder among those the space has had */
    uint64_t backlog;        /**< steps that wait for a vector: their encoder failed, or was not given */
    double vector_worth;     /**< weight of vectors beside words that the space found out by itself (upkeep measures
                                  how well its steps find their neighbours with them; of the built-in encoder at least
                                  0.05, for misspelt words); below 0: not measured */
    uint64_t building;       /**< number of the encoder that is to serve next; 0: none */
    uint64_t building_done;  /**< vectors that it has */
    uint64_t building_left;  /**< steps that it has not seen, about */
    uint64_t unsealed;       /**< steps whose postings and vectors wait in the write-ahead tail */
    uint64_t indexed;        /**< vectors in this process's graph */
    uint64_t journal;        /**< entries kept */
    epi_time first_event;    /**< EPI_TIME_NONE when empty */
    epi_time last_event;
    uint64_t questions;       /**< steps that end with a question mark */
    uint64_t user_steps;      /**< steps whose first keyword (the speaker) names the user of an assistant */
    uint64_t assistant_steps; /**< ... the assistant, or a tool of it */
    epi_profile_kind profile; /**< that recall uses; never EPI_PROFILE_AUTO */
    bool profile_set;         /**< by epi_space_set_profile() */
    char profile_reason[EPI_PROFILE_REASON_SIZE]; /**< why this profile: the counts that decided */
} epi_space_stats;

/** Counts what the space holds now. @return EPI_OK · EPI_ECLOSED EPI_ESTALE · storage errors */
EPI_API epi_status epi_space_stats_read(epi_space_stats *stats, epi_space *space);

/** Gives this process an encoder, for whenever the space's encoder, or the one to serve next, is this very one (name,
 * parameters, dimension). It changes nothing in the space: each process does it after opening one whose encoder the
 * library cannot open by itself.
 * @param encoder taken over on EPI_OK, and closed with the memory; left to the caller otherwise.
 * @return EPI_OK · EPI_EINVAL EPI_ELIMIT EPI_EUTF8 the table
 * @par Thread safety any thread. */
EPI_API epi_status epi_space_encoder_give(epi_space *space, const epi_encoder *encoder);

/** Makes an encoder the space's, for all processes, and gives it to this one. Where it is already, nothing changes;
 * another one begins a new generation: upkeep encodes every step with it, in portions that survive a crash, while
 * recall goes on with the old vectors; when all are there, one commit puts the new ones in their place. Nothing ever
 * compares vectors of two. An empty space changes at once. What was being made for an encoder that is set aside is
 * dropped.
 *
 * @param encoder taken over on EPI_OK, and closed with the memory; left to the caller otherwise.
 * @return EPI_OK · EPI_EUNSUPPORTED the space's vectors are the caller's (EPI_ENCODER_GIVEN), or none of its roles is
 *         searched · EPI_EINVAL EPI_ELIMIT EPI_EUTF8 the table · EPI_EREADONLY another encoder than the space has ·
 *         storage errors
 * @par Thread safety any thread. */
EPI_API epi_status epi_space_encoder_set(epi_space *space, const epi_encoder *encoder);

#define EPI_ENCODER_NOTE_SIZE 256u

typedef struct epi_encoder_info {
    char name[EPI_NAME_SIZE_MAX + 1];
    uint64_t generation;
    uint32_t dimension;
    uint64_t vectors;
    uint64_t left;    /**< steps that are still to be encoded, about */
    uint64_t refused; /**< steps that the encoder has no vector for */
    bool ready;       /**< this process has it, so steps and cues are encoded here */
    char note[EPI_ENCODER_NOTE_SIZE]; /**< what is wrong with it here though it works: a remote encoder whose vectors
                                           cannot be kept beside the store; "": nothing */
} epi_encoder_info;

/** Which encoder serves, and which is to serve next.
 * @param[out] serving may be NULL. @param[out] building generation 0: none. May be NULL.
 * @return EPI_OK · EPI_ECLOSED EPI_ESTALE · storage errors */
EPI_API epi_status epi_space_encoders(epi_encoder_info *serving, epi_encoder_info *building, epi_space *space);

/** How alike two encoders see the same steps. */
typedef struct epi_encoder_comparison {
    char first[EPI_NAME_SIZE_MAX + 1];  /**< name of the one that serves */
    char second[EPI_NAME_SIZE_MAX + 1];
    uint32_t first_dimension;
    uint32_t second_dimension;
    uint64_t steps;             /**< of the sample: each has a vector of both */
    double similarity;          /**< Spearman's correlation of the dissimilarities of all pairs of steps: 1 the same
                                     order, 0 unrelated */
    double alignment;           /**< linear centred kernel alignment: 1 the same but for turning and scaling */
    double alignment_by_chance; /**< the same with the steps of one exchanged at random: what unrelated vectors of these
                                     dimensions have */
} epi_encoder_comparison;

/** Compares the encoder that serves with another, on steps drawn at random: with the one that is to serve next while
 * both have vectors, or with any that is given, by which the texts of the sample are encoded for this alone. Once the
 * switch is over the vectors of the old encoder are gone: it can be compared by giving it.
 *
 * @param[out] comparison zeroed on failure.
 * @param second NULL: the encoder that is to serve next. Borrowed, not taken over; a remote one is sent the texts.
 * @param sample steps; 0: EPI_COMPARE_STEPS_DEFAULT; at most EPI_COMPARE_STEPS_MAX. All where the space has fewer.
 * @param seed of the draw.
 * @return EPI_OK · EPI_ENOTFOUND no vectors, no second encoder, or fewer than 10 steps that both have a vector of ·
 *         EPI_ELIMIT the sample · EPI_EINVAL EPI_EUTF8 the table · what the encoder returned · EPI_ENOMEM · storage
 *         errors
 * @par Thread safety any thread.
 * @par Source Kriegeskorte, Mur and Bandettini 2008, "Representational similarity analysis" (dissimilarity is what the
 *      space compares by, 1 - cosine or the distance); Kornblith et al. 2019, "Similarity of neural network
 *      representations revisited", equation 3 with linear kernels. */
EPI_API epi_status epi_space_encoder_compare(epi_encoder_comparison *comparison, epi_space *space,
                                             const epi_encoder *second, uint32_t sample, uint64_t seed);

typedef struct epi_upkeep_options {
    uint32_t version;
    uint32_t time_limit_ms; /**< 0: until done */
    bool seal;              /**< move the write-ahead tail into postings and vector chunks */
    bool index;             /**< put all vectors into the graph and save it as the cache file */
    bool expire;            /**< remove what was forgotten and is past its purge_after_days */
    bool embed;             /**< make the vectors that steps wait for, and those of a new encoder */
    /** Called in the caller's thread behind each portion of vectors, with how many were made and how many there are to
     * make, about; false ends the call as the time limit does. It may not call the library on the same memory. NULL:
     * none. */
    bool (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
} epi_upkeep_options;

static inline epi_upkeep_options epi_upkeep_options_default(void) {
    epi_upkeep_options options = {1, 0, true, true, true, true, NULL, NULL};
    return options;
}

typedef struct epi_upkeep_report {
    uint64_t sealed;  /**< steps */
    uint64_t indexed; /**< vectors put into the graph */
    uint64_t expired; /**< steps removed */
    uint64_t embedded; /**< vectors made */
    uint64_t waiting;  /**< steps that still wait for one, of the encoder that serves or is to serve next, about */
    bool complete;    /**< false: the time limit ended it; call again */
} epi_upkeep_report;

/** The work that makes later calls faster and never changes an answer's meaning. Safe to call at any time, in any
 * process. While an encoder works on one portion of texts, a thread that ends with the call stores the one before.
 * @param options NULL: the defaults. @param[out] report may be NULL; filled in on failure too.
 * @return EPI_OK · EPI_EREADONLY · what an encoder returned that failed at a step, when all else was done; the message
 *         names both, and what it did not do waits for the next call · storage errors */
EPI_API epi_status epi_space_upkeep(epi_upkeep_report *report, epi_space *space, const epi_upkeep_options *options);

#ifdef __cplusplus
}
#endif
#endif
