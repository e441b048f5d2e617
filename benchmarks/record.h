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

/* One episode of `count` steps.
 * observations: (count + 1) x observation_size float32, row-major: what each step began in, and what the last led to.
 * actions: count x action_size bytes. rewards: count. flags: count of EPI_STEP_ flags, or NULL: none. */
void bench_record(epi_space *space, const float *observations, size_t observation_size, const void *actions,
                  size_t action_size, const float *rewards, const uint8_t *flags, size_t count);

#endif
