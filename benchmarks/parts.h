/* parts.h - the parts of bench_imagine that are about events and tools. Each emits its lines. */
#ifndef EPI_BENCH_PARTS_H
#define EPI_BENCH_PARTS_H

#include "bench.h"

/* A hidden world of events: which recombinations are possible, and whether plausibility tells. */
void bench_part_events(const bench_run *run);
/* A hidden world of tools: choosing by what was imagined, and jobs of two stages. */
void bench_part_tools(const bench_run *run);
/* Where both make their memories: in memory where there is such a place, since no time is told of what is stored. */
const char *bench_part_directory(void);

#endif
