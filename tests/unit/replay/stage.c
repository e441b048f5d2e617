/* stage.c - see stage.h. */
#include "stage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void stage_open(stage *s) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    EXPECT(EPI_OK, epi_memory_open(&s->memory, s->at.path, &s->at.options));
    EXPECT(EPI_OK, epi_schema_transitions(&schema, roles, 1, EPI_I32, 0));
    EXPECT(EPI_OK, epi_space_open(&s->space, s->memory, "game", &schema));
    EXPECT(EPI_OK, epi_recorder_open(&s->recorder, s->space, "one", 2));
}

void stage_make(stage *s) {
    memset(s, 0, sizeof *s);
    place_make(&s->at);
    s->at.options.sync = EPI_SYNC_MANUAL;
    stage_open(s);
}

void stage_close(stage *s) {
    epi_recorder_close(s->recorder);
    epi_space_close(s->space);
    EXPECT(EPI_OK, epi_memory_close(s->memory));
    s->recorder = NULL;
    s->space = NULL;
    s->memory = NULL;
}

void stage_remove(stage *s) {
    if (s->memory) stage_close(s);
    place_remove(&s->at);
}

static void append_one(stage *s, char end) {
    const float observation = (float)s->count, next = observation + 0.5f, reward = (float)(s->count + 1);
    const int32_t action = (int32_t)s->count;
    const bool terminated = end == 't', truncated = end == 'c';
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, &observation),
                                  epi_column_of(EPI_ACTION, EPI_I32, &action, 0), epi_column_f32(EPI_REWARD, &reward),
                                  epi_column_bool(EPI_TERMINATED, &terminated),
                                  epi_column_bool(EPI_TRUNCATED, &truncated),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, &next)};
    EXPECT(EPI_OK, epi_transitions_append(&s->ids[s->count++], s->recorder, NULL, columns, truncated ? 6 : 5, 1));
}

void stage_append(stage *s, size_t count, const char *ends) {
    for (size_t i = 0; i < count; i++) append_one(s, ends ? ends[i] : i + 1 == count ? 't' : 0);
}

epi_replay *stage_replay(stage *s, const epi_replay_options *options) {
    epi_replay *replay = NULL;
    EXPECT(EPI_OK, epi_replay_open(&replay, s->space, options));
    assert_non_null(replay);
    return replay;
}

void stage_set(stage *s, epi_replay *replay, const double *priorities) {
    uint64_t stale = 1;
    EXPECT(EPI_OK, epi_replay_update(&stale, replay, s->ids, priorities, s->count));
    assert_int_equal(stale, 0);
}

size_t stage_number(const stage *s, uint64_t id) {
    size_t low = 0, high = s->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (s->ids[middle] < id) low = middle + 1;
        else high = middle;
    }
    return low < s->count && s->ids[low] == id ? low : SIZE_MAX;
}

size_t stage_draw(size_t *numbers, double *weights, stage *s, epi_replay *replay, size_t size, double beta) {
    uint64_t *ids = calloc(size, sizeof *ids);
    epi_batch batch = epi_batch_default();
    assert_non_null(ids);
    batch.size = size;
    batch.ids = ids;
    batch.weights = weights;
    EXPECT(EPI_OK, epi_replay_sample(replay, &batch, beta));
    for (size_t i = 0; i < batch.count; i++) {
        numbers[i] = stage_number(s, ids[i]);
        assert_true(numbers[i] != SIZE_MAX);
    }
    free(ids);
    return batch.count;
}

double stage_chance(const double *probabilities, const size_t *counts, size_t kinds, size_t draws) {
    double square = 0, freedom = -1;
    for (size_t i = 0; i < kinds; i++) {
        const double expected = probabilities[i] * (double)draws;
        if (expected <= 0) {
            assert_int_equal(counts[i], 0);
            continue;
        }
        square += ((double)counts[i] - expected) * ((double)counts[i] - expected) / expected;
        freedom++;
    }
    const double spread = 2 / (9 * freedom), z = (cbrt(square / freedom) - (1 - spread)) / sqrt(spread);
    return erfc(z / sqrt(2)) / 2;
}
