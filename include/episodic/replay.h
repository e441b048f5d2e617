/* replay.h - prioritized batches of transitions, straight out of the memory map.
 *
 * A replay is a sampler over one transitions space (transitions.h): a distribution over its steps, a random state, and
 * views that shape what is drawn. Any number of them can stand over one space. One with a name shares its priorities
 * with all samplers of that name, in this process and in others, and keeps them with the memory; one without is its
 * handle's own and is forgotten with it.
 *
 * A raw priority is kept as it was given and transformed once: p = raw^alpha. New steps get the priority column of
 * transitions.h if the space has one, else the greatest raw priority that was seen. A step of priority 0 is not drawn.
 *
 * Views shape what a drawn step stands for; all read the one stored copy, and none crosses an episode's end or a step
 * that was removed: n-step windows, stacks of frames, sequences with burn-in and stored state, relabelled goals (HER).
 * All but the last two can be combined. prefetch.h draws batches ahead in a thread.
 *
 *     epi_replay_options options = epi_replay_options_default();
 *     options.alpha = 0.6;
 *     epi_replay_open(&replay, space, &options);
 *     epi_batch batch = epi_batch_default();
 *     batch.size = 256; batch.columns = columns; batch.column_count = 5; batch.ids = ids; batch.weights = weights;
 *     epi_replay_sample(replay, &batch, 0.4);
 *     ... train ...
 *     epi_replay_update(NULL, replay, ids, priorities, batch.count);
 */
#ifndef EPISODIC_REPLAY_H
#define EPISODIC_REPLAY_H

#include <episodic/transitions.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Columns of a batch beside the space's own roles and EPI_NEXT_OBSERVATION. With n steps, EPI_REWARD is the discounted
 * sum of the window's rewards (a float role then), EPI_NEXT_OBSERVATION what came after its last step, EPI_TERMINATED
 * and EPI_TRUNCATED whether the episode ended with that step; all others are of the step that was drawn. */
#define EPI_DISCOUNT "discount" /**< F32 or F64: discount^k behind a window of k steps; 0 where it ended terminated,
                                     so target = reward + discount x value of next_observation in every case */
#define EPI_MASK "mask"         /**< EPI_BOOL x n_step: which steps of the window there are; a window ends where its
                                     episode does, or where nothing was recorded yet. With sequences instead
                                     EPI_BOOL x (burn_in + sequence_length): which steps of the sequence there are */
#define EPI_TRAINED "trained"   /**< with sequences, EPI_BOOL x (burn_in + sequence_length): which steps there are that
                                     are no burn-in */
#define EPI_RELABELLED "relabelled" /**< with HER, EPI_BOOL: whether the row got another goal */

/** How steps are chosen. */
typedef enum epi_sampler {
    EPI_SAMPLER_UNIFORM = 1,      /**< each with the same probability, whatever its priority unless that is 0 */
    EPI_SAMPLER_PROPORTIONAL = 2, /**< P(i) = p_i / sum p, with p = raw^alpha */
    EPI_SAMPLER_RANK = 3,         /**< P(i) = rank^-alpha / sum rank^-alpha; ranks are places in a binary heap */
    EPI_SAMPLER_FIFO = 4,         /**< the oldest first, each once a batch */
    EPI_SAMPLER_LIFO = 5,         /**< the newest first, each once a batch */
    EPI_SAMPLER_MAX_HEAP = 6      /**< the greatest raw priority first, each once a batch */
} epi_sampler;

/** What importance weights are divided by, so that they scale updates only down. */
typedef enum epi_weight_norm {
    EPI_WEIGHTS_BY_BUFFER = 0, /**< the greatest weight that any step of the buffer could have */
    EPI_WEIGHTS_BY_BATCH = 1   /**< the greatest weight of the batch */
} epi_weight_norm;

/** Where a relabelled step takes its goal from: what another step of its episode achieved. */
typedef enum epi_her {
    EPI_HER_NONE = 0,
    EPI_HER_FUTURE = 1, /**< any of the steps from itself to the episode's last one, each with the same chance */
    EPI_HER_FINAL = 2,  /**< the last one; of an episode that is still recorded, the last so far */
    EPI_HER_EPISODE = 3 /**< any of the episode */
} epi_her;

/** The reward of a step, had its goal been another one. achieved: what the step achieved; desired: the new goal; both a
 *  row of their columns. *terminated is what was recorded, and may be changed; a step without a next observation stays
 *  terminated. Called while a batch is gathered: calls nothing of the memory. NaN fails the batch. */
typedef double (*epi_her_reward)(void *context, const void *achieved, const void *desired, bool *terminated);

#define EPI_BATCH_SIZE_MAX 1048576u
#define EPI_BATCH_STEPS_MAX 16777216u /**< of all rows' sequences, burn-in included */
#define EPI_N_STEP_MAX 1024u
#define EPI_FRAME_STACK_MAX 256u
#define EPI_SEQUENCE_LENGTH_MAX 1048576u /**< burn-in included */
#define EPI_STATE_COUNT_MAX 8u
#define EPI_ALPHA_MAX 16.0

typedef struct epi_replay_options {
    uint32_t version;
    epi_sampler sampler;
    const char *name;          /**< 1 to EPI_NAME_SIZE_MAX bytes of UTF-8; NULL: this handle's own, not kept */
    double alpha;              /**< 0 to EPI_ALPHA_MAX; 0 is uniform. For PROPORTIONAL and RANK only */
    uint64_t seed;
    bool resume;               /**< go on with the random state and the counts of the last epi_replay_save() */
    bool stratified;           /**< draw i of k from the i-th of k equal parts of the distribution */
    bool without_replacement;  /**< no step twice in a batch: each draw is from what is left */
    epi_weight_norm weight_norm;
    uint32_t max_times_sampled; /**< a step drawn this often is drawn no more; 0: no bound */
    uint32_t n_step;           /**< 1 to EPI_N_STEP_MAX; 0: 1 */
    double discount;           /**< gamma, 0 to 1 */
    double initial_priority;   /**< raw, of new steps as long as no greater one was seen; > 0 */
    uint64_t min_steps;        /**< no batch before so many steps were there; 0: 1 */
    double samples_per_insert; /**< steps drawn for each that was added since the first min_steps; 0: no bound */
    double samples_ahead;      /**< how many draws the bound above may be passed by, at least 0 */
    uint32_t timeout_ms;       /**< how long a batch waits for the three above; 0: not at all */
    uint64_t flush_updates;    /**< store priorities after so many updates; 0: not by count */
    uint32_t flush_ms;         /**< ... after so long, when an update comes; 0: not by time */

    /* Stacks: rows of EPI_OBSERVATION and EPI_NEXT_OBSERVATION are so many frames, the newest last. */
    uint32_t frame_stack;      /**< k, at most EPI_FRAME_STACK_MAX; 0: 1 */
    bool pad_with_zeros;       /**< what stands for frames before the episode's first one, or before one that is gone:
                                    zeros; otherwise the oldest frame there is, again */

    /* Sequences: what is drawn are steps with which a sequence begins, every (sequence_length - sequence_overlap)th of
     * an episode; it can be drawn once it has its length or its episode ended, unless the one before holds all of it.
     * Rows of all columns are then burn_in + sequence_length steps, in the order of time: first as many as there are,
     * at most burn_in, that come before the drawn one, then the sequence; zeros behind its last step. n_step and
     * frame_stack apply to each step of them. The length of the longest episode, without overlap: whole episodes. */
    uint32_t sequence_length;  /**< steps of a sequence; 0: single steps are drawn */
    uint32_t sequence_overlap; /**< steps that it shares with the one behind it, below sequence_length */
    uint32_t burn_in;
    const char *const *states; /**< roles that are read for a row's first step only, burn-in included: the recurrent
                                    state that the sequence is unrolled from; used by epi_replay_open() only */
    size_t state_count;        /**< at most EPI_STATE_COUNT_MAX */

    /* Hindsight: a row gets another goal with the chance her_k / (her_k + 1); EPI_REWARD, EPI_TERMINATED and
     * EPI_DISCOUNT are then what her_reward says, step by step of its window, and her_desired is the new goal. */
    epi_her her;
    double her_k;              /**< relabelled rows for each that is not, at least 0 */
    const char *her_achieved;  /**< role of what a step achieved: what holds in its next observation */
    const char *her_desired;   /**< role of the goal it was to achieve; dtype and shape of her_achieved */
    epi_her_reward her_reward;
    void *her_context;         /**< for her_reward */
} epi_replay_options;

static inline epi_replay_options epi_replay_options_default(void) {
    epi_replay_options options = {1, EPI_SAMPLER_PROPORTIONAL, 0, 0.6, 0, 0, 0, 0, EPI_WEIGHTS_BY_BUFFER, 0, 1, 0.99,
                                  1.0, 0, 0, 0, 0, 0, 60000, 0, 0, 0, 0, 0, 0, 0, EPI_HER_NONE, 4, 0, 0, 0, 0};
    return options;
}

/** Sequences as R2D2 draws them: 80 steps, 40 of them shared, 40 before them to burn in, 5-step returns, gamma .997,
 *  alpha .9; beta is .6, priorities are epi_replay_sequence_priorities() with eta .9. The caller sets states.
 * @par Source S. Kapturowski, G. Ostrovski, J. Quan, R. Munos, W. Dabney: Recurrent experience replay in
 *      distributed reinforcement learning (2019), section 2.3 and table 2. Here an episode's first steps are
 *      trained on too, with a shorter burn-in. */
static inline epi_replay_options epi_replay_options_r2d2(void) {
    epi_replay_options options = epi_replay_options_default();
    options.alpha = 0.9;
    options.n_step = 5;
    options.discount = 0.997;
    options.sequence_length = 80;
    options.sequence_overlap = 40;
    options.burn_in = 40;
    return options;
}

/** A sampler. Calls of several threads take turns, a waiting epi_replay_sample() lets others go first; several handles
 *  are used at once. */
typedef struct epi_replay epi_replay;

/** Opens a sampler over a transitions space.
 *
 * @param[out] replay receives the handle, or NULL on failure.
 * @param options NULL: the defaults. What a name was first opened with (sampler, alpha, max_times_sampled, length
 *        and overlap of sequences) may be changed while no other handle has it open.
 * @return EPI_OK · EPI_ESCHEMA the space has no columns · EPI_EMISMATCH the name is in use with another sampler, alpha,
 *         max_times_sampled, length or overlap · EPI_EBUSY the cache directory was emptied while another handle has
 *         the name · EPI_EINVAL EPI_EUTF8 EPI_ELIMIT EPI_ENUMBER · EPI_ENOTFOUND resume was asked for and no
 *         state was saved · EPI_EREADONLY a name in a memory that is open read-only · EPI_EROLE EPI_ETYPE a role of
 *         states, her_achieved or her_desired that is not there or does not fit · storage errors
 * @par Ownership the caller closes it with epi_replay_close(), before or after the space.
 * @par Source T. Schaul, J. Quan, I. Antonoglou, D. Silver: Prioritized experience replay (2016); the selectors, the
 *      rate limiter and max_times_sampled as in Cassirer et al., Reverb (2021). Here sums are never changed by
 *      differences, and draws without replacement are exact. */
EPI_API epi_status epi_replay_open(epi_replay **replay, epi_space *space, const epi_replay_options *options);
/** Frees the handle. Priorities that were not stored stay in the memory's cache directory; epi_replay_save() stores
 *  them. NULL is allowed. */
EPI_API void epi_replay_close(epi_replay *replay);

/** What a batch asks for, and where it goes. */
typedef struct epi_batch {
    uint32_t version;
    size_t size;               /**< steps asked for, 1 to EPI_BATCH_SIZE_MAX */
    const epi_column *columns; /**< written: data is of the first row; each role at most once */
    size_t column_count;       /**< 0: nothing is gathered */
    uint64_t *ids;             /**< room for size, or NULL */
    double *weights;           /**< importance weights, room for size, or NULL */
    double *probabilities;     /**< P(i) of each when the batch began, room for size, or NULL */
    size_t count;              /**< [out] steps drawn */
} epi_batch;

static inline epi_batch epi_batch_default(void) {
    epi_batch batch = {1, 0, 0, 0, 0, 0, 0, 0};
    return batch;
}

/** Draws a batch and gathers its columns.
 *
 * @param batch count is set; it is less than size only where steps are drawn once a batch, or max_times_sampled is
 *        nearly used up. Rows behind count are left as they were.
 * @param beta exponent of the importance weights w_i = (N P(i))^-beta, 0 to 1, annealed by the caller. Weights are 1
 *        for the samplers that do not draw at random, and for UNIFORM.
 * @return EPI_OK · EPI_ETIMEOUT there were not enough steps, or the samples per insert were used up, for timeout_ms;
 *         the error line says what was missing · EPI_EROLE no such column · EPI_ETYPE another dtype than the role's ·
 *         EPI_EINVAL EPI_ELIMIT EPI_ENUMBER · EPI_ESTALE the space was dropped · EPI_ECLOSED · storage errors
 * @par Ownership all memory is the caller's; nothing is allocated once a batch of this size was drawn.
 * @par Thread safety takes turns. Steps that this process has pending are seen.
 * @par Source weights: Schaul et al. (2016), section 3.4; there divided by the batch's maximum, here by either. */
EPI_API epi_status epi_replay_sample(epi_replay *replay, epi_batch *batch, double beta);

/** Lends rows where they lie in the memory map, without copying: the step `first` and those that follow it in its
 *  episode, as far as they lie side by side. A run ends with its episode, before a removed step, and where a chunk of
 *  the store does (epi_transition_stats.capacity steps, less the ends of episodes).
 *
 * @param[out] count rows that are lent, at most `most`; 0 on failure.
 * @param[in,out] columns role and dtype are given, of the space or EPI_NEXT_OBSERVATION, but not EPI_TERMINATED and
 *        EPI_TRUNCATED, which are no columns of the store: if anything ends an episode, it is the last row. data and
 *        stride are set; the rows are read only. A row is lent if it has all that is asked for.
 * @param first an id, of epi_replay_sample() or of epi_transitions_append().
 * @return EPI_OK · EPI_EBUSY the step's chunk is still being filled: gather its rows instead · EPI_ESTALE the step was
 *         removed, or the space dropped · EPI_ENOTFOUND it never was · EPI_EROLE EPI_ETYPE EPI_EINVAL EPI_ECLOSED ·
 *         storage errors
 * @par Ownership the rows stay as they are until the next call with this handle, a prefetch's included, whatever is
 *      removed or evicted meanwhile. Until then the store cannot use again the space that others free: return soon,
 *      by a next call, and never wait for anything in between.
 * @par Thread safety takes turns; who shares the handle with other threads cannot borrow. */
EPI_API epi_status epi_replay_borrow(size_t *count, epi_column *columns, size_t column_count, epi_replay *replay,
                                     uint64_t first, size_t most);

/** Sets raw priorities of steps by id. Steps that are gone are skipped and counted; of an id that comes twice the later
 *  value counts.
 *
 * @param[out] stale how many were skipped; may be NULL.
 * @param priorities raw, >= 0: |TD error| + epsilon, not raised to alpha.
 * @return EPI_OK · EPI_ENUMBER one is negative, NaN or infinite; nothing was set · EPI_EINVAL · storage errors
 * @par Thread safety takes turns. Durable once epi_replay_flush(), or a flush by count or time, returned. */
EPI_API epi_status epi_replay_update(uint64_t *stale, epi_replay *replay, const uint64_t *ids, const double *priorities,
                                     size_t count);
/** Reads raw priorities by id; -1 for a step that is gone, or not there yet.
 * @return EPI_OK · EPI_EINVAL · storage errors */
EPI_API epi_status epi_replay_priorities(double *priorities, epi_replay *replay, const uint64_t *ids, size_t count);

/** Raw priorities of sequences from the TD errors of their steps: eta max |d| + (1 - eta) mean |d|, over the steps that
 *  the mask names; 0 for a sequence of which it names none.
 *
 * @param[out] priorities room for sequences.
 * @param td_errors sequences x steps, row-major; signs are dropped.
 * @param mask sequences x steps: EPI_TRAINED of the batch, or what else was trained on; NULL: all.
 * @param eta 0 to 1; R2D2: .9.
 * @return EPI_OK · EPI_ENUMBER eta is out of range, or a TD error that counts is NaN or infinite · EPI_EINVAL
 * @par Source Kapturowski et al. (2019), section 2.3. */
EPI_API epi_status epi_replay_sequence_priorities(double *priorities, const float *td_errors, const bool *mask,
                                                  size_t sequences, size_t steps, double eta);

/** Stores the priorities that changed since the last flush, durably. Nothing to do without a name.
 * @return EPI_OK · EPI_EREADONLY · storage errors; what was not stored is still to be flushed */
EPI_API epi_status epi_replay_flush(epi_replay *replay);
/** Flushes, and stores the random state and the counts of this handle: a sampler opened with options.resume goes on
 *  with the very batches that this one would have drawn next.
 * @return EPI_OK · EPI_EINVAL it has no name · EPI_EREADONLY · storage errors */
EPI_API epi_status epi_replay_save(epi_replay *replay);

typedef struct epi_replay_stats {
    uint64_t steps;         /**< that can be drawn; with sequences, those that one begins with, here and below */
    uint64_t inserted;      /**< steps added since the sampler was made */
    uint64_t sampled;       /**< steps drawn since then */
    uint64_t updated;       /**< priorities set since then */
    double samples_left;    /**< that the rate limiter allows now; infinite without one */
    double total_priority;  /**< of transformed priorities; PROPORTIONAL and UNIFORM */
    double least_priority;  /**< transformed and positive; infinite without any; PROPORTIONAL and UNIFORM */
    double greatest_priority; /**< raw, that was ever seen */
    uint64_t memory_size;   /**< bytes of the priorities and what is derived from them */
    const char *kernels;    /**< instruction set in use: "avx512", "avx2" or "scalar" */
} epi_replay_stats;

/** @return EPI_OK · EPI_EINVAL · storage errors */
EPI_API epi_status epi_replay_stats_read(epi_replay_stats *stats, epi_replay *replay);

#ifdef __cplusplus
}
#endif
#endif
