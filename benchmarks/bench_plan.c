/* bench_plan.c - what a memory graph is good for: imagined steps that speed up learning, sweeping in the right order,
 * policies for worlds where luck plays a part.
 */
#include <stddef.h>
#include <string.h>

#include "plan_parts.h"
#include "record.h"

typedef struct part {
    const char *name;
    void (*measure)(const bench_run *run, epi_memory *memory);
} part;

static const part parts[] = {
    {"dyna", plan_dyna}, {"sweeping", plan_sweeping}, {"lake", plan_lake}, {"taxi", plan_taxi}, {"speed", plan_speed}};

int main(int argc, char **argv) {
    const char *only = NULL;
    bool known = false;
    const bench_option options[] = {
        {"--part", "NAME", "only this part: dyna, sweeping, lake, taxi or speed", NULL, &only, NULL},
        {0},
    };
    bench_run run = {
        .name = "bench_plan",
        .usage = "",
        .about = "dyna: the Dyna maze (Sutton and Barto, example 8.1), first episode whose mean over the runs is\n"
                 "under 20 steps, with 0, 5 and 50 imagined steps a step; reward in the blocking and shortcut mazes.\n"
                 "sweeping: backups until the shortest way is found, Dyna-Q's over prioritized sweeping's.\n"
                 "lake: slippery FrozenLake 8x8 from 10,000 random episodes: success of the policy, evaluated\n"
                 "exactly, and how well its return was predicted. taxi: Taxi from 500,000 random steps.\n"
                 "speed: graphs of 10,000 to 1,000,000 steps: observing, imagining, making a policy, choosing.\n"
                 "Worlds are part of the program; the library sees observations, actions and rewards.\n",
        .options = options,
    };
    bench_start(&run, argc, argv);
    epi_memory *memory = bench_record_memory(bench_directory(NULL));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (only && strcmp(only, parts[i].name) != 0) continue;
        known = true;
        parts[i].measure(&run, memory);
    }
    if (!known) bench_fail("there is no part %s", only);
    bench_check(epi_memory_close(memory), "closing");
    return 0;
}
