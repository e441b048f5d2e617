/* walks.c - see walks.h. */
#include "walks.h"

#include "base/base.h"

epi_space *walks_space(place *p, const char *name) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_space *space = NULL;
    place_vector_schema(&schema, roles, 2);
    roles[1] = (epi_role){"action", EPI_TENSOR, 0, 1.0f, EPI_F32, 1, {2}};
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, name, &schema));
    return space;
}

uint64_t walks_add(epi_space *space, const float *places, size_t count, uint32_t last_flags) {
    epi_episode *episode = place_episode(space);
    uint64_t first = 0, id = 0;
    for (size_t i = 0; i < count; i++) {
        const float *at = places + 2 * i;
        float reward = 1.0f, action[2] = {0};
        epi_part parts[3] = {epi_part_f32("observation", at, 2), epi_part_f32("action", action, 2),
                             epi_part_f32("reward", &reward, 1)};
        epi_step step = epi_step_default();
        for (int d = 0; d < 2 && i + 1 < count; d++) action[d] = at[2 + d] - at[d];
        step.parts = parts;
        step.part_count = i + 1 < count ? 3 : 1;
        step.flags = i + 2 == count ? last_flags : 0;
        EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
        if (i == 0) first = id;
    }
    epi_episode_close(episode);
    return first;
}

void walks_fill(epi_space *space, float x, float y, float side, size_t episodes, uint64_t seed) {
    epi__random random = epi__random_seed(seed);
    for (size_t i = 0; i < episodes; i++) {
        float places[41 * 2], *at = places;
        at[0] = x + side * (float)epi__random_unit(&random);
        at[1] = y + side * (float)epi__random_unit(&random);
        for (size_t step = 0; step < 40; step++, at += 2)
            for (int d = 0; d < 2; d++) {
                float low = d ? y : x, to = at[d] + (float)(epi__random_unit(&random) - 0.5);
                at[2 + d] = to < low || to > low + side ? at[d] : to;
            }
        (void)walks_add(space, places, 41, 0);
    }
}

epi_situation walks_at(const float at[2]) {
    epi_situation situation = epi_situation_default();
    situation.observation = epi_tensor_f32(at, 2);
    return situation;
}

epi_goal walks_to(const float at[2], double tolerance) {
    epi_goal goal = epi_goal_default();
    goal.observation = epi_tensor_f32(at, 2);
    goal.tolerance = tolerance;
    return goal;
}
