/* walks.c - see walks.h. */
#include "walks.h"

#include "base/base.h"

epi_space *walks_space(place *p, const char *name) {
    return place_transitions(p, name, 2, EPI_F32, 2);
}

uint64_t walks_add(epi_space *space, const float *places, size_t count, uint32_t last_flags) {
    enum { MAX = 64 };
    float actions[2 * MAX], rewards[MAX];
    bool terminated[MAX] = {0}, truncated[MAX] = {0};
    uint64_t ids[MAX];
    const size_t steps = count - 1;
    assert_in_range(steps, 1, MAX);
    for (size_t i = 0; i < 2 * steps; i++) actions[i] = places[2 + i] - places[i];
    for (size_t i = 0; i < steps; i++) rewards[i] = 1.0f;
    terminated[steps - 1] = (last_flags & EPI_STEP_TERMINATED) != 0;
    truncated[steps - 1] = !terminated[steps - 1];
    const epi_column columns[] = {
        epi_column_f32(EPI_OBSERVATION, places),     epi_column_f32(EPI_NEXT_OBSERVATION, places + 2),
        epi_column_f32(EPI_ACTION, actions),         epi_column_f32(EPI_REWARD, rewards),
        epi_column_bool(EPI_TERMINATED, terminated), epi_column_bool(EPI_TRUNCATED, truncated)};
    epi_recorder *recorder = place_recorder(space, 1);
    EXPECT(EPI_OK, epi_transitions_append(ids, recorder, NULL, columns, sizeof columns / sizeof *columns, steps));
    epi_recorder_close(recorder);
    return ids[0];
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

static const void *part_of(const epi_recollection *found, const char *role) {
    const epi_scene *scene = epi_recollection_scene(found, 0);
    return epi_scene_part(scene, epi_scene_step(scene, 0), role)->data;
}

void walks_assert_stored(epi_space *space, const epi_rollout *rollout) {
    for (size_t i = 0; i < rollout->step_count; i++) {
        const epi_imagined_step *step = epi_rollout_step(rollout, i);
        epi_recollection *found = NULL;
        float reward;
        EXPECT(EPI_OK, epi_step_read(&found, space, step->step));
        memcpy(&reward, part_of(found, "reward"), sizeof reward);
        assert_memory_equal(step->observation, part_of(found, "observation"), 2 * sizeof(float));
        assert_memory_equal(step->action, part_of(found, "action"), step->action_size);
        assert_true(step->reward == (double)reward);
        assert_int_equal(step->episode, epi_recollection_scene(found, 0)->episode);
        epi_recollection_free(found);
        for (size_t j = 0; j < i; j++) assert_true(epi_rollout_step(rollout, j)->step != step->step);
    }
}

void walks_assert_whole(const epi_rollout *rollout) {
    size_t steps = 0, joins = 0;
    for (size_t i = 0; i < rollout->piece_count; i++) {
        const epi_piece *piece = epi_rollout_piece(rollout, i);
        assert_int_equal(piece->index, steps);
        for (size_t j = 0; j < piece->count; j++, steps++) {
            const epi_imagined_step *step = epi_rollout_step(rollout, steps);
            assert_int_equal(step->episode, piece->episode);
            assert_int_equal(step->step, piece->first_step + j);
            assert_ptr_equal(step->join, j == 0 ? piece->join : NULL);
        }
        if (!piece->join) continue;
        assert_ptr_equal(piece->join, epi_rollout_join(rollout, joins++));
        assert_int_equal(piece->join->to_step, piece->first_step);
        assert_true(piece->join->plausibility > 0.0 && piece->join->plausibility <= 1.0);
    }
    assert_int_equal(steps, rollout->step_count);
    assert_int_equal(joins, rollout->join_count);
    assert_null(epi_rollout_step(rollout, steps));
    assert_null(epi_rollout_piece(rollout, rollout->piece_count));
    assert_null(epi_rollout_join(rollout, joins));
}
