/* limits.h - every limit of the library, by name. Passing one is EPI_ELIMIT with the value and the limit, and changes
 * nothing. _DEFAULT is what 0 or NULL in an options struct means.
 */
#ifndef EPISODIC_LIMITS_H
#define EPISODIC_LIMITS_H

/* text and values */
#define EPI_TEXT_SIZE_MAX (64u * 1024u * 1024u)  /**< bytes of one TEXT, BLOB or JSON value */
#define EPI_CUE_SIZE_MAX (64u * 1024u)           /**< bytes of a cue's text */
#define EPI_NAME_SIZE_MAX 255u                   /**< bytes of a space or role name, at least 1 */
#define EPI_TITLE_SIZE_MAX 4096u                 /**< bytes of an episode's title */
#define EPI_OUTCOME_SIZE_MAX 65536u              /**< bytes of an episode's outcome */
#define EPI_EXTERNAL_ID_SIZE_MAX 255u            /**< bytes of a caller-given id, at least 1 */
#define EPI_METADATA_SIZE_MAX (1024u * 1024u)    /**< bytes of a metadata JSON object */
#define EPI_TAG_SIZE_MAX 255u                    /**< bytes of one tag, at least 1 */
#define EPI_TAG_COUNT_MAX 64u                    /**< tags of a step or an episode */
#define EPI_PART_COUNT_MAX 64u                   /**< parts of a step, and roles of a schema */
#define EPI_INLINE_SIZE_MAX 256u                 /**< a value up to this many bytes lives in the step's own row */

/* vectors and tensors */
#define EPI_DIMENSION_MAX 16384u /**< of a vector, at least 1 */
#define EPI_HASH_DIMENSION_DEFAULT 256u
#define EPI_HASH_DIMENSION_MIN 16u
#define EPI_LSA_DIMENSION_DEFAULT 100u
#define EPI_LSA_DIMENSION_MIN 2u
#define EPI_LSA_DIMENSION_MAX 512u
#define EPI_COMPARE_STEPS_DEFAULT 1000u /**< sample on which two encoders are compared */
#define EPI_COMPARE_STEPS_MAX 2000u     /**< its pairs are ranked in memory */
#define EPI_RANK_MAX 8u                               /**< axes of a tensor */
#define EPI_TENSOR_SIZE_MAX (64u * 1024u * 1024u)     /**< bytes of one tensor */

/* remote encoders */
#define EPI_REMOTE_BATCH_DEFAULT 64u /**< texts of one request */
#define EPI_REMOTE_BATCH_MAX 2048u
#define EPI_REMOTE_PARALLEL_DEFAULT 4u /**< requests under way at once */
#define EPI_REMOTE_PARALLEL_MAX 64u
#define EPI_REMOTE_ATTEMPTS_DEFAULT 4u
#define EPI_REMOTE_ATTEMPTS_MAX 100u
#define EPI_REMOTE_TIMEOUT_MS_DEFAULT 30000u /**< of one attempt */
#define EPI_REMOTE_LIMIT_MS_DEFAULT 60000u   /**< of one call with all its attempts */
#define EPI_REMOTE_MS_MAX 3600000u
#define EPI_REMOTE_PAUSE_MS_DEFAULT 500u    /**< before a second attempt, and after a failed call */
#define EPI_REMOTE_TEXT_SIZE_DEFAULT 24576u /**< bytes of a text that are sent */

/* projections of observations */
#define EPI_PROJECTION_ROWS_MAX 8192u /**< observations that one is learned from */
#define EPI_PROJECTION_ROUNDS_DEFAULT 10u
#define EPI_PROJECTION_ROUNDS_MAX 1000u

/* calls */
#define EPI_APPEND_COUNT_MAX 65536u /**< steps of one call that appends, and episodes of one */
#define EPI_APPEND_SIZE_MAX (256u * 1024u * 1024u) /**< bytes of the rows of one epi_transitions_append() */
#define EPI_LANE_COUNT_MAX 65536u   /**< lanes of a recorder */
#define EPI_K_DEFAULT 10u           /**< hits of a recall */
#define EPI_K_MAX 10000u
#define EPI_TOKEN_BUDGET_DEFAULT 1024u /**< tokens of a recall's context; one token is counted as 4 bytes of UTF-8 */
#define EPI_TOKEN_BUDGET_MAX 1048576u
#define EPI_NO_TEXT UINT32_MAX /**< as a token budget: neither the context nor the scenes' texts are rendered */
#define EPI_SCENE_MARGIN_DEFAULT 1u /**< steps shown before and after a hit */
#define EPI_SCENE_MARGIN_MAX 64u    /**< of a scene's margin, and of its reach */
#define EPI_SCENE_GAP_S 1800u       /**< a pause between events that is a natural border of a scene */
#define EPI_TIME_MENTION_COUNT_MAX 32u /**< expressions of time that epi_time_find() tells of one text */
#define EPI_FACT_COUNT_MAX 32u         /**< facts of one step, given and found */
#define EPI_FACT_NAME_SIZE_MAX 200u    /**< bytes of a fact's subject or attribute, at least 1 */
#define EPI_FACT_VALUE_SIZE_MAX 4096u  /**< bytes of a fact's value, at least 1 */

/* imagining and planning */
#define EPI_ROLLOUT_COUNT_MAX 256u
#define EPI_ROLLOUT_STEPS_DEFAULT 1000u
#define EPI_ROLLOUT_STEPS_MAX 100000u
#define EPI_BEAM_DEFAULT 64u
#define EPI_BEAM_MAX 4096u
#define EPI_NEIGHBOURS_DEFAULT 12u
#define EPI_NEIGHBOURS_MAX 64u
#define EPI_EXPANSIONS_DEFAULT 200000u
#define EPI_EXPANSIONS_MAX 100000000u
#define EPI_CONTEXT_COUNT_MAX 64u   /* observations compared at a join */
#define EPI_JOIN_RADIUS_DEFAULT 1.0 /* lengths of a local step */
#define EPI_PLAUSIBILITY_DEFAULT 0.001
#define EPI_DOUBT_COST_DEFAULT 10.0 /* steps */
#define EPI_DISAGREEMENT_DEFAULT 0.5
#define EPI_REPORT_COUNT_MAX 4096u
#define EPI_GRAPH_STATE_COUNT_MAX (1u << 30) /**< states of a memory graph */
#define EPI_GRAPH_STEP_COUNT_MAX (1u << 30)  /**< recorded steps in it */
#define EPI_BACKUP_COUNT_MAX_DEFAULT 100000000ull /**< backups of one call that makes a policy */
#define EPI_POLICY_TABLE_COUNT_MAX (1u << 26)    /**< states times horizon of a policy with one */
#define EPI_POLICY_SWEEP_COUNT_MAX 100000u       /**< sweeps of a prediction without a horizon */

/* the memory */
#define EPI_MAP_SIZE_DEFAULT (256ull << 30) /**< bytes of address space, not of disk */
#define EPI_MAP_SIZE_MIN (1ull << 20)
#define EPI_MAP_SIZE_MAX (16ull << 40)
#define EPI_READERS_DEFAULT 1022u /**< read transactions at one moment, over all processes */
#define EPI_READERS_MIN 2u
#define EPI_READERS_MAX 65534u
#define EPI_SPACE_COUNT_MAX 16777216u
#define EPI_GROUP_SIZE_DEFAULT (1024u * 1024u)      /**< bytes of pending steps that force a grouped commit */
#define EPI_GROUP_SIZE_MAX (256u * 1024u * 1024u)
#define EPI_GROUP_MS_DEFAULT 100u                   /**< age of the oldest pending step that forces one */
#define EPI_GROUP_MS_MAX 3600000u
#define EPI_PENDING_SIZE_MAX (64u * 1024u * 1024u)  /**< pending bytes under the manual policy before a commit is
                                                         forced */
#define EPI_PURGE_AFTER_DAYS_DEFAULT 30u            /**< how long what was forgotten can be restored */
#define EPI_REMEMBER_GAP_S_DEFAULT 3600u            /**< a pause that starts a new episode in epi_remember() */

#endif
