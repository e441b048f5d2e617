/* bench_replay.c - recording transitions. */
#include <stdlib.h>

#include "replay_append.h"

static const char about[] = "Appends transitions: into the pending list, and durably beside a bare LMDB and a disk.\n";

int main(int argc, char **argv) {
    uint64_t steps = 0;
    const bench_option options[] = {{"--steps", "N", "steps that the growing memory ends with", .number = &steps}, {0}};
    bench_run run = {.name = "bench_replay", .usage = "[DIR]", .about = about, .options = options, .argument_max = 1};
    bench_start(&run, argc, argv);
    replay_append(&run, bench_directory(run.argument_count ? run.arguments[0] : NULL), steps);
    return 0;
}
