/* replay_larger.h - replay from a memory that is larger than what memory the process may use. */
#ifndef EPI_BENCH_REPLAY_LARGER_H
#define EPI_BENCH_REPLAY_LARGER_H

#include "bench.h"

/* steps 0: 4,000,000, or 200,000 with --quick. Leaves the figures out, with a note, where no control group can be made
 * that limits memory. Forks: no memory is open. */
void replay_larger(const bench_run *run, const char *directory, uint64_t steps);

#endif
