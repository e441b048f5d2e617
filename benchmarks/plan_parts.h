/* plan_parts.h - the parts of bench_plan, one file each. What a part stores goes into spaces of its own. */
#ifndef EPI_BENCH_PLAN_PARTS_H
#define EPI_BENCH_PLAN_PARTS_H

#include <episodic/episodic.h>

#include "bench.h"

void plan_dyna(const bench_run *run, epi_memory *memory);     /* the Dyna maze, and the mazes that change */
void plan_sweeping(const bench_run *run, epi_memory *memory); /* prioritized sweeping against Dyna-Q */
void plan_lake(const bench_run *run, epi_memory *memory);     /* slippery FrozenLake */
void plan_speed(const bench_run *run, epi_memory *memory);    /* how fast, by the number of steps */
void plan_taxi(const bench_run *run, epi_memory *memory);

#endif
