/* replay_append.h - the part of bench_replay that appends: transitions into the pending list, durably under each sync
 * policy beside a bare LMDB and the disk itself, from few to many steps, and the bytes that a step takes on disk.
 */
#ifndef EPI_BENCH_REPLAY_APPEND_H
#define EPI_BENCH_REPLAY_APPEND_H

#include "bench.h"

/* Measures in directories of its own under `directory`, and prints append_per_s, append_ratio and bytes_per_step.
 * `steps`: how many the growing memory ends with; 0: 10,000,000, or 300,000 when quick. */
void replay_append(const bench_run *run, const char *directory, uint64_t steps);

#endif
