/* imagine_parts.h - the parts of bench_imagine, each in a file of its own; the program is a table of them. */
#ifndef EPI_BENCH_IMAGINE_PARTS_H
#define EPI_BENCH_IMAGINE_PARTS_H

#include "bench.h"

/* --seed is the first of a part's seeds; --quick: within a few seconds. Results are emitted by the part. */
void imagine_rooms_run(const bench_run *run);
void imagine_aliased_run(const bench_run *run);
void imagine_maze_medium_run(const bench_run *run);
void imagine_maze_large_run(const bench_run *run);
void imagine_maze_giant_run(const bench_run *run);
void imagine_speed_run(const bench_run *run);

/* A percentage of n with its 95 % interval (Wilson), as a line with the given config; count is of config. */
void imagine_emit_share(const bench_run *run, const char *metric, size_t hits, size_t n, const char *task,
                        const char *mode, const char *data, size_t seeds);

#endif
