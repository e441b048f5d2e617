/* Transitions with the k-th allocation or system call failing, for k = 1, 2, ... until the call makes no more: once,
 * and from the k-th on for ever. The status names the failure; every acknowledged step is there, in order, each lane
 * goes on where it stood, and the store is sound.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "quick.h"

#define WIDTH 8000u /* floats of an observation: a chunk has 8 slots */
#define LANES 2u
#define ROWS 11u /* of each lane before the call */
#define BLOCK 13u

/* ---- the memory that each call meets ----------------------------------------------------------------------------- */

typedef struct world {
    place place;
    epi_space *space;
    epi_recorder *recorder;
    uint32_t begun[LANES], stored[LANES]; /* rows that were given, and that were acknowledged */
    uint64_t ids[LANES][ROWS + BLOCK];
    bool pending; /* a block was appended and not yet synced */
} world;

static world model; /* made once and copied */

static epi_status open_space(world *w) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_status status = epi_memory_open(&w->place.memory, w->place.path, &w->place.options);
    if (!status) status = epi_schema_transitions(&schema, roles, WIDTH, EPI_I64, 0);
    return status ? status : epi_space_open(&w->space, w->place.memory, "maze", &schema);
}

/* Row n of a lane says so in its observation and its reward; every seventh ends an episode. */
static epi_status append_rows(world *w, uint32_t lane, uint32_t count) {
    static float observations[BLOCK][WIDTH], rewards[BLOCK];
    bool terminated[BLOCK];
    int64_t actions[BLOCK];
    uint32_t lanes[BLOCK], first = w->stored[lane];
    for (uint32_t i = 0; i < count; i++) {
        observations[i][0] = observations[i][WIDTH - 1] = rewards[i] = (float)(first + i);
        terminated[i] = (first + i) % 7 == 6;
        actions[i] = lanes[i] = lane;
    }
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, observations[0]), epi_column_i64(EPI_ACTION, actions),
                                  epi_column_f32(EPI_REWARD, rewards), epi_column_bool(EPI_TERMINATED, terminated)};
    w->begun[lane] = first + count;
    epi_status status = epi_transitions_append(&w->ids[lane][first], w->recorder, lanes, columns, 4, count);
    if (!status) w->stored[lane] = first + count;
    return status;
}

static void close_all(world *w) {
    epi_recorder_close(w->recorder);
    epi_space_close(w->space);
    (void)epi_memory_close(w->place.memory);
    w->place.memory = NULL;
    w->recorder = NULL;
    w->space = NULL;
}

static void make_model(void) {
    place_make(&model.place);
    EXPECT(EPI_OK, open_space(&model));
    EXPECT(EPI_OK, epi_recorder_open(&model.recorder, model.space, "actor", LANES));
    for (uint32_t lane = 0; lane < LANES; lane++) EXPECT(EPI_OK, append_rows(&model, lane, ROWS));
    close_all(&model);
}

static void meet(world *w) {
    *w = model;
    place_copy(&w->place, &model.place);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static epi_status append(world *w) {
    return append_rows(w, 1, BLOCK);
}

/* Where only the sync failed, the rows are still pending, and the next one stores them. */
static epi_status append_and_sync(world *w) {
    epi_status status = w->pending ? EPI_OK : append_rows(w, 0, BLOCK);
    if (status) return status;
    w->pending = true;
    status = epi_sync(NULL, w->place.memory);
    w->stored[0] = status ? ROWS : ROWS + BLOCK;
    return status;
}

static epi_status open_again(world *w) {
    epi_recorder *newer = NULL;
    epi_status status = epi_recorder_open(&newer, w->space, "actor", LANES + 1u);
    epi_recorder_close(newer);
    return status;
}

static epi_status open_another(world *w) {
    epi_recorder *other = NULL;
    epi_status status = epi_recorder_open(&other, w->space, "another", 3);
    epi_recorder_close(other);
    return status;
}

static epi_status cut(world *w) {
    return epi_recorder_cut(w->recorder, 0);
}

static epi_status evict(world *w) {
    epi_transition_limits limits = epi_transition_limits_default();
    limits.max_steps = 9;
    return epi_transitions_limit(w->space, &limits);
}

static epi_filter some(const world *w) {
    epi_filter filter = epi_filter_default();
    filter.steps = w->ids[0] + 2; /* most of a sealed chunk, which becomes a list of rows, and some of the open one */
    filter.step_count = 8;
    return filter;
}

static epi_status remove_some(world *w) {
    const epi_filter filter = some(w);
    return epi_remove(NULL, w->space, &filter, false);
}

static epi_status purge_some(world *w) {
    const epi_filter filter = some(w);
    return epi_purge(NULL, w->space, &filter);
}

static epi_status read_all(world *w) {
    epi_recollection *page = NULL;
    epi_transition_stats stats;
    epi_status status = epi_steps_read(&page, w->space, 0, 100);
    epi_recollection_free(page);
    return status ? status : epi_transitions_stats_read(&stats, w->space);
}

static epi_status remove_and_read(world *w) {
    epi_status status = remove_some(w);
    return status ? status : read_all(w);
}

/* ---- failing ----------------------------------------------------------------------------------------------------- */

typedef struct call {
    const char *name;
    epi_status (*run)(world *w);
    epi_sync_policy sync;
    bool takes; /* steps away */
} call;

static const call calls[] = {
    {"append", append, EPI_SYNC_EACH_COMMIT, false},
    {"append and sync", append_and_sync, EPI_SYNC_MANUAL, false},
    {"open again", open_again, EPI_SYNC_EACH_COMMIT, false},
    {"open another", open_another, EPI_SYNC_EACH_COMMIT, false},
    {"cut", cut, EPI_SYNC_EACH_COMMIT, false},
    {"evict", evict, EPI_SYNC_EACH_COMMIT, true},
    {"remove", remove_some, EPI_SYNC_EACH_COMMIT, true},
    {"remove and read", remove_and_read, EPI_SYNC_EACH_COMMIT, true},
    {"purge", purge_some, EPI_SYNC_EACH_COMMIT, true},
    {"read", read_all, EPI_SYNC_EACH_COMMIT, false},
};

/* Rows of each lane in order, whole; all that were acknowledged, where nothing was taken away. */
static void assert_rows(world *w, bool taken) {
    uint32_t next[LANES] = {0};
    epi_recollection *page = NULL;
    EXPECT(EPI_OK, epi_steps_read(&page, w->space, 0, 1000));
    for (size_t i = 0; i < epi_recollection_count(page); i++) {
        const epi_scene *scene = epi_recollection_scene(page, i);
        for (size_t j = 0; j < scene->step_count; j++) {
            const epi_recalled_step *step = epi_scene_step(scene, j);
            const float *observation = epi_scene_part(scene, step, EPI_OBSERVATION)->data;
            int64_t lane = 0;
            uint32_t row = (uint32_t)step->reward;
            memcpy(&lane, epi_scene_part(scene, step, EPI_ACTION)->data, sizeof lane);
            assert_true(lane >= 0 && lane < LANES);
            assert_true(taken ? row >= next[lane] : row == next[lane]);
            assert_int_equal((int)observation[0], row);
            assert_int_equal((int)observation[WIDTH - 1], row);
            next[lane] = row + 1;
        }
    }
    epi_recollection_free(page);
    for (uint32_t lane = 0; lane < LANES; lane++)
        assert_true(taken || (next[lane] >= w->stored[lane] && next[lane] <= w->begun[lane]));
    for (uint32_t lane = 0; lane < LANES && !taken; lane++) w->stored[lane] = w->begun[lane] = next[lane];
}

/* The memory opened again is sound and goes on. */
static void verify(world *w, const call *c) {
    close_all(w);
    w->place.options.sync = EPI_SYNC_EACH_COMMIT;
    EXPECT(EPI_OK, open_space(w));
    place_check(w->place.memory);
    assert_rows(w, c->takes);
    EXPECT(EPI_OK, epi_recorder_open(&w->recorder, w->space, "actor", LANES));
    if (w->stored[0] + 2 <= ROWS + BLOCK) EXPECT(EPI_OK, append_rows(w, 0, 2));
    if (!c->takes) assert_rows(w, false);
    place_check(w->place.memory);
    close_all(w);
}

static bool fail_at(const call *c, size_t k, int error, bool for_ever) {
    world w;
    meet(&w);
    w.place.options.sync = c->sync;
    EXPECT(EPI_OK, open_space(&w));
    EXPECT(EPI_OK, epi_recorder_open(&w.recorder, w.space, "actor", LANES));
    fault_arm(error, k, for_ever);
    epi_status status = c->run(&w);
    const bool struck = fault_disarm();
    fault_expect_named(c->name, k, status);
    if (status && error == ENOMEM) EXPECT(EPI_OK, c->run(&w)); /* the same handles work */
    verify(&w, c);
    place_remove(&w.place);
    return struck;
}

static void every_call_may_fail(void **state) {
    static const int errors[] = {ENOMEM, EIO, ENOSPC};
    const char *only = getenv("EPISODIC_TEST_CALL");
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (only && strcmp(only, calls[i].name) != 0) continue;
        for (int j = 0; j < 6; j++) {
            size_t k = 1;
            while (fail_at(&calls[i], k, errors[j % 3], j >= 3)) k++;
            print_message("%-16s %-16s %s: %zu\n", calls[i].name, strerror(errors[j % 3]), j >= 3 ? "for ever" : "once",
                          k - 1);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_call_may_fail)};
    quick();
    make_model();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    place_remove(&model.place);
    return failed;
}
