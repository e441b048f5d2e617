/* transitions.h - recording what a reinforcement learner lives through, by columns.
 *
 * A space whose schema has the preset "transitions" (epi_schema_transitions()) keeps its steps in columns: chunks of
 * some hundred steps, column after column, read where they lie. It is written by recorders only. A recorder is a named
 * writer; its lanes are streams of steps, one an environment, and each step's successor is the next one of its lane.
 * The same epi_column describes what is appended here and what is sampled by replay.
 *
 * An observation is stored once: the next observation of a step is the observation of the one that follows it. Only
 * where an episode ends is one more kept. The id of an episode is the id of its first step.
 *
 * Which rows to append, by the autoreset mode of a vector environment (Gymnasium's names):
 *   - next-step: the step that ends an episode returns its last observation; give that as next_observation. The step
 *     after it only resets (its action is ignored): append no row for it; its observation begins the next episode.
 *   - same-step: the step that ends an episode returns the first observation of the next one, and the last one of the
 *     old in `final_obs`: give final_obs as next_observation.
 *   - disabled: as next-step; the caller resets.
 * Without any next_observation, a step is complete (can be sampled) once its successor is there. A terminated step is
 * always complete: it has no future, and its next observation reads as zeros unless one was given. A truncated step
 * without a next observation is never complete: there is nothing to bootstrap from.
 */
#ifndef EPISODIC_TRANSITIONS_H
#define EPISODIC_TRANSITIONS_H

#include <episodic/space.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Roles of every transitions space. */
#define EPI_OBSERVATION "observation"
#define EPI_ACTION "action"
#define EPI_REWARD "reward"
#define EPI_TERMINATED "terminated" /**< EPI_BOOL: the episode ended here by itself */
#define EPI_TRUNCATED "truncated"   /**< EPI_BOOL: the episode was cut here */
/* Known beside them. */
#define EPI_NEXT_OBSERVATION "next_observation" /**< what came after the step; dtype and shape of the observation */
#define EPI_PRIORITY "priority" /**< raw priority of a new step, F32 or F64: a column that a schema may declare. What is
                                     not given gets the greatest one that was seen */

/** A column of rows in the caller's memory. What is appended is only read; what is sampled is written. */
typedef struct epi_column {
    const char *role;
    epi_dtype dtype; /**< must be the role's */
    void *data;      /**< of the first row; the elements of a row lie side by side, row-major */
    size_t stride;   /**< bytes from row to row; 0: rows lie side by side */
} epi_column;

static inline epi_column epi_column_of(const char *role, epi_dtype dtype, const void *data, size_t stride) {
    union {
        const void *given;
        void *kept;
    } data_of;
    data_of.given = data;
    {
        epi_column column = {role, dtype, 0, 0};
        column.data = data_of.kept;
        column.stride = stride;
        return column;
    }
}
static inline epi_column epi_column_f32(const char *role, const float *data) {
    return epi_column_of(role, EPI_F32, data, 0);
}
static inline epi_column epi_column_f64(const char *role, const double *data) {
    return epi_column_of(role, EPI_F64, data, 0);
}
static inline epi_column epi_column_i64(const char *role, const int64_t *data) {
    return epi_column_of(role, EPI_I64, data, 0);
}
static inline epi_column epi_column_u8(const char *role, const uint8_t *data) {
    return epi_column_of(role, EPI_U8, data, 0);
}
static inline epi_column epi_column_bool(const char *role, const bool *data) {
    return epi_column_of(role, EPI_BOOL, data, 0);
}

/** A role that holds a tensor, for schemas with columns of one's own: epi_role_tensor("log_prob", EPI_F32, 0, NULL). */
static inline epi_role epi_role_tensor(const char *name, epi_dtype dtype, uint32_t rank, const uint32_t *shape) {
    epi_role role = {name, EPI_TENSOR, 0, 1.0f, dtype, rank, {0}};
    uint32_t axis;
    for (axis = 0; axis < rank && axis < EPI_RANK_MAX; axis++) role.shape[axis] = shape[axis];
    return role;
}

/** A named writer of a transitions space. One thread at a time. */
typedef struct epi_recorder epi_recorder;

/** Opens a recorder, making it when the space has none of that name. Opened again, by any process, it goes on where its
 *  lanes were left, in the episodes that were not ended (epi_recorder_cut() ends them). The newest opener owns it: the
 *  one before answers EPI_ESTALE from then on.
 *
 * @param[out] recorder receives the handle, or NULL on failure.
 * @param space of the preset "transitions". @param name 1 to EPI_NAME_SIZE_MAX bytes of UTF-8; unique in the space.
 * @param lanes how many streams it writes, 1 to EPI_LANE_COUNT_MAX; one that had more keeps them.
 * @return EPI_OK · EPI_ESCHEMA the space has no columns · EPI_EINVAL EPI_EUTF8 EPI_ELIMIT · EPI_EREADONLY · storage
 *         errors
 * @par Ownership the caller closes it with epi_recorder_close(), before or after the space. */
EPI_API epi_status epi_recorder_open(epi_recorder **recorder, epi_space *space, const char *name, uint32_t lanes);
/** Frees the handle; what is pending stays pending, open episodes stay open. NULL is allowed. */
EPI_API void epi_recorder_close(epi_recorder *recorder);

/** Appends rows, in the order of time. All or none. Durable on return under EPI_SYNC_EACH_COMMIT, otherwise pending
 *  (memory.h). Replay, imagining and planning in this process see pending rows at once; all other reads, and other
 *  processes, see them once they are committed.
 *
 * A row that gives a next_observation, whose successor in its lane begins with another observation, ends its episode:
 * it becomes truncated, and keeps what was given.
 *
 * @param[out] ids room for count ids, or NULL; zeros on failure. Ids of a lane rise; they are never given twice.
 * @param lanes    of each row, below the recorder's number; NULL: all rows are of lane 0.
 * @param columns  each role at most once. observation is required, and what the schema marks EPI_ROLE_REQUIRED; what is
 *                 left out is zero (for priority: the greatest that was seen).
 * @param count    rows, at most EPI_APPEND_COUNT_MAX; the bytes of all at most EPI_APPEND_SIZE_MAX.
 * @return EPI_OK · EPI_EROLE the schema has no such column · EPI_ETYPE another dtype than the role's, or a truth value
 *         over 1 · EPI_ENUMBER a reward or priority is NaN or infinite, or a priority negative · EPI_EINVAL
 *         · EPI_ELIMIT · EPI_ESTALE the recorder was opened again since, or the space was dropped · EPI_EREADONLY
 *         EPI_EQUOTA EPI_EMAPFULL EPI_EDISKFULL EPI_EIO EPI_ENOMEM
 * @par Source columns and lanes: DESIGN of chunked replay tables (Cassirer et al. 2021, Reverb), with ids that are
 *      never reused and successors by arithmetic. */
EPI_API epi_status epi_transitions_append(uint64_t *ids, epi_recorder *recorder, const uint32_t *lanes,
                                          const epi_column *columns, size_t column_count, size_t count);

/** Ends the open episode of a lane where it stands: its last step becomes truncated. Nothing to end is success. For
 *  whoever starts its environments anew after a restart. Takes part in the sync policy as a row does.
 * @return as epi_transitions_append() */
EPI_API epi_status epi_recorder_cut(epi_recorder *recorder, uint32_t lane);

/** What a space evicts by. */
typedef enum epi_eviction_unit {
    EPI_EVICT_STEPS = 0,   /**< the oldest step first */
    EPI_EVICT_EPISODES = 1 /**< the oldest episode first, as a whole; one that is still being recorded, step by step */
} epi_eviction_unit;

/** How much a space keeps; the oldest goes first. 0 is no bound. */
typedef struct epi_transition_limits {
    uint32_t version;
    uint64_t max_steps;
    uint64_t max_size;  /**< bytes of the steps' columns */
    uint64_t max_age_s; /**< seconds since a step was appended */
    epi_eviction_unit unit;
} epi_transition_limits;

static inline epi_transition_limits epi_transition_limits_default(void) {
    epi_transition_limits limits = {1, 0, 0, 0, EPI_EVICT_STEPS};
    return limits;
}

/** Sets what the space keeps, for all its writers, durably. Each commit that appends holds to it.
 * @return EPI_OK · EPI_ESCHEMA the space has no columns · EPI_EINVAL · EPI_EREADONLY · storage errors */
EPI_API epi_status epi_transitions_limit(epi_space *space, const epi_transition_limits *limits);

typedef struct epi_transition_stats {
    uint64_t steps;      /**< live */
    uint64_t episodes;   /**< with at least one live step */
    uint64_t chunks;
    uint64_t open;       /**< chunks that are being filled */
    uint64_t lanes;      /**< of all recorders */
    uint64_t recorders;
    uint64_t pending;    /**< rows of this process that are not committed yet; they are not counted in steps */
    uint32_t capacity;   /**< slots of a chunk */
    uint32_t step_size;  /**< bytes of a step's columns, bookkeeping included */
    uint64_t stored_size; /**< bytes of all chunks that are full; less for those of which little is left */
} epi_transition_stats;

/** Counts what is committed. @return EPI_OK · EPI_ESCHEMA · EPI_ECLOSED EPI_ESTALE · storage errors */
EPI_API epi_status epi_transitions_stats_read(epi_transition_stats *stats, epi_space *space);

#ifdef __cplusplus
}
#endif
#endif
