/* record.c - see record.h. An episode is appended by columns, each step's next observation with it. */
#include "record.h"

#include <stdlib.h>

#include "bench.h"

epi_memory *bench_record_memory(const char *path) {
    epi_memory *memory = NULL;
    epi_memory_options options = epi_memory_options_default();
    options.sync = EPI_SYNC_MANUAL;
    bench_check(epi_memory_open(&memory, path, &options), "opening a memory");
    return memory;
}

epi_space *bench_record_space(epi_memory *memory, const char *name, uint32_t observation_size, epi_dtype action_dtype,
                              uint32_t action_count) {
    epi_space *space = NULL;
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    bench_check(epi_schema_transitions(&schema, roles, observation_size, action_dtype, action_count), "a schema");
    bench_check(epi_space_open(&space, memory, name, &schema), "opening a space");
    return space;
}

epi_recorder *bench_recorder(epi_space *space) {
    epi_recorder *recorder = NULL;
    bench_check(epi_recorder_open(&recorder, space, "bench", 1), "opening a recorder");
    return recorder;
}

/* Of each step, whether it terminated and whether it was cut; the last one ends the episode in any case. */
static bool *ends_of(const uint8_t *flags, size_t count) {
    bool *ends = bench_alloc(2 * count, sizeof *ends);
    for (size_t i = 0; i < count; i++) {
        ends[i] = flags && flags[i] & EPI_STEP_TERMINATED;
        ends[count + i] = flags && flags[i] & EPI_STEP_TRUNCATED;
    }
    ends[2 * count - 1] = ends[2 * count - 1] || !ends[count - 1];
    return ends;
}

void bench_record(uint64_t *ids, epi_recorder *recorder, const float *observations, size_t observation_size,
                  epi_column actions, const float *rewards, const uint8_t *flags, size_t count) {
    if (count == 0) return;
    bool *ends = ends_of(flags, count);
    const epi_column columns[] = {
        epi_column_f32(EPI_OBSERVATION, observations),
        epi_column_f32(EPI_NEXT_OBSERVATION, observations + observation_size),
        actions,
        epi_column_f32(EPI_REWARD, rewards),
        epi_column_bool(EPI_TERMINATED, ends),
        epi_column_bool(EPI_TRUNCATED, ends + count),
    };
    bench_check(epi_transitions_append(ids, recorder, NULL, columns, sizeof columns / sizeof *columns, count),
                "appending an episode");
    free(ends);
}
