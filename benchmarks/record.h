/* record.h - how the benchmark programs record the experience of a reinforcement learner: one place, whatever the
 * storage of transitions is.
 */
#ifndef EPI_BENCH_RECORD_H
#define EPI_BENCH_RECORD_H

#include <episodic/episodic.h>

/* Opens (and makes) a memory with relaxed syncing in `path`, for experience that is made anew with each run. */
epi_memory *bench_record_memory(const char *path);
/* Opens (and makes) a space of transitions: observations of `observation_size` float32, actions of `action_count`
 * elements (0: a scalar) of a type. */
epi_space *bench_record_space(epi_memory *memory, const char *name, uint32_t observation_size, epi_dtype action_dtype,
                              uint32_t action_count);

/* Opens the recorder of a space, of one lane. Closed by epi_recorder_close(). */
epi_recorder *bench_recorder(epi_space *space);

/* One episode of `count` steps, at most EPI_APPEND_COUNT_MAX.
 * observations: (count + 1) x observation_size float32, row-major: what each step began in, and what the last led to.
 * ids: room for count, or NULL. actions: a column of EPI_ACTION. rewards: count. flags: count of EPI_STEP_ flags, or
 * NULL: none; the last step is cut where it does not terminate. */
void bench_record(uint64_t *ids, epi_recorder *recorder, const float *observations, size_t observation_size,
                  epi_column actions, const float *rewards, const uint8_t *flags, size_t count);

#endif
