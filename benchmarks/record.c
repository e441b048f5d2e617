/* record.c - see record.h. An episode is one append; its last observation is a step of its own without an action. */
#include "record.h"

#include <stdlib.h>

#include "bench.h"

#define PART_COUNT 5

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
    roles[0].flags |= EPI_ROLE_VECTOR; /* rows, with the observation as their vector: what imagining reads */
    schema.preset = "custom";
    schema.encoder = EPI_ENCODER_GIVEN;
    schema.metric = EPI_L2;
    bench_check(epi_space_open(&space, memory, name, &schema), "opening a space");
    return space;
}

static epi_step step_of(epi_part *parts, const float *observation, size_t observation_size, const uint8_t *action,
                        size_t action_size, const float *reward, const uint8_t *flags) {
    static const uint8_t yes = 1;
    epi_step step = epi_step_default();
    step.parts = parts;
    parts[step.part_count++] = epi_part_f32("observation", observation, observation_size);
    if (action) parts[step.part_count++] = epi_part_bytes("action", action, action_size);
    if (reward) parts[step.part_count++] = epi_part_f32("reward", reward, 1);
    if (flags && *flags & EPI_STEP_TERMINATED) parts[step.part_count++] = epi_part_bytes("terminated", &yes, 1);
    if (flags && *flags & EPI_STEP_TRUNCATED) parts[step.part_count++] = epi_part_bytes("truncated", &yes, 1);
    return step;
}

static void append(epi_space *space, const epi_step *steps, size_t count) {
    epi_episode *episode = NULL;
    bench_check(epi_episode_begin(&episode, space, NULL), "beginning an episode");
    for (size_t at = 0; at < count; at += EPI_APPEND_COUNT_MAX) {
        size_t some = count - at < EPI_APPEND_COUNT_MAX ? count - at : EPI_APPEND_COUNT_MAX;
        bench_check(epi_episode_append_many(NULL, episode, steps + at, some), "appending an episode");
    }
    epi_episode_close(episode);
}

void bench_record(epi_space *space, const float *observations, size_t observation_size, const void *actions,
                  size_t action_size, const float *rewards, const uint8_t *flags, size_t count) {
    epi_step *steps = bench_alloc(count + 1, sizeof *steps);
    epi_part *parts = bench_alloc((count + 1) * PART_COUNT, sizeof *parts);
    for (size_t i = 0; i < count; i++)
        steps[i] = step_of(parts + i * PART_COUNT, observations + i * observation_size, observation_size,
                           (const uint8_t *)actions + i * action_size, action_size, rewards + i,
                           flags ? flags + i : NULL);
    steps[count] = step_of(parts + count * PART_COUNT, observations + count * observation_size, observation_size, NULL,
                           0, NULL, NULL);
    append(space, steps, count + 1);
    free(parts);
    free(steps);
}
