/* prefetch.h - batches of a sampler drawn ahead, in a thread of their own, while the trainer works on the one before.
 *
 *     epi_batch shape = epi_batch_default(), batch;
 *     shape.size = 256; shape.columns = columns; shape.column_count = 5;   ... roles and dtypes; no data
 *     epi_prefetch_open(&prefetch, replay, &shape, 0.4, 2);
 *     while (epi_prefetch_next(&batch, prefetch) == EPI_OK) {
 *         ... train on batch.columns[i].data, batch.ids, batch.weights ...
 *         epi_replay_update(NULL, replay, batch.ids, priorities, batch.count);
 *     }
 *     epi_prefetch_close(prefetch);
 *
 * Batches come in the order in which they were drawn, and are the ones that epi_replay_sample() would have drawn then.
 * Steps count as drawn, for max_times_sampled and the rate limiter, when the thread draws them: at most depth batches
 * before they are handed over. So a batch does not know priorities that were set since it was drawn.
 */
#ifndef EPISODIC_PREFETCH_H
#define EPISODIC_PREFETCH_H

#include <episodic/replay.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EPI_PREFETCH_DEPTH_MAX 64u

/** A thread that draws batches of one sampler, and the memory they lie in. */
typedef struct epi_prefetch epi_prefetch;

/** Starts drawing.
 *
 * @param[out] prefetch receives the handle, or NULL on failure.
 * @param replay may be used meanwhile: updates, and batches of one's own, which then are missing in this order.
 * @param shape  size, and the role and dtype of each column; all else is ignored.
 * @param beta   as in epi_replay_sample(); epi_prefetch_beta() changes it.
 * @param depth  batches that are ready at most, 1 to EPI_PREFETCH_DEPTH_MAX; 0: 2. One more is with the caller.
 * @return EPI_OK · EPI_EINVAL EPI_ELIMIT EPI_ENUMBER EPI_EROLE EPI_ETYPE as epi_replay_sample() · EPI_ENOMEM
 * @par Ownership the caller closes it with epi_prefetch_close(), before the replay. */
EPI_API epi_status epi_prefetch_open(epi_prefetch **prefetch, epi_replay *replay, const epi_batch *shape, double beta,
                                     size_t depth);
/** Ends the thread, which gives up waiting for steps, and frees the batches. Those that were not handed over stay
 *  counted as drawn. NULL is allowed. */
EPI_API void epi_prefetch_close(epi_prefetch *prefetch);

/** The next batch; waits for it.
 *
 * @param[out] batch columns, ids, weights and probabilities, and their count; rows lie side by side. Columns are in the
 *        order of the shape.
 * @return EPI_OK · what epi_replay_sample() returned in the thread, with its error line, once the batches before were
 *         handed over; the thread then tries again, so a call after EPI_ETIMEOUT waits anew · EPI_EINVAL
 * @par Ownership the batch is the prefetch's; valid until the next call, or epi_prefetch_close().
 * @par Thread safety one thread at a time. */
EPI_API epi_status epi_prefetch_next(epi_batch *batch, epi_prefetch *prefetch);
/** Sets the exponent of the importance weights of batches that are drawn from now on, 0 to 1.
 * @return EPI_OK · EPI_ENUMBER · EPI_EINVAL */
EPI_API epi_status epi_prefetch_beta(epi_prefetch *prefetch, double beta);

#ifdef __cplusplus
}
#endif
#endif
