/* Samplers with the k-th allocation or system call failing, for k = 1, 2, ... until the call makes no more: once, and
 * from the k-th on for ever. The status names the failure; the same handles work afterwards; only acknowledged steps
 * are drawn, each priority is the one of before or the one that was on its way, and the store is sound.
 *
 *   EPISODIC_TEST_CALL   only this one
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "quick.h"

#define WIDTH 2000u /* floats of an observation: a chunk has 32 slots */
#define ROWS 70u    /* before the call */
#define BLOCK 40u
#define BATCH 48u
#define BEFORE 2.0 /* priorities */
#define AFTER 3.0

/* ---- the memory that each call meets ----------------------------------------------------------------------------- */

typedef struct world {
    place place;
    epi_space *space;
    epi_recorder *recorder;
    epi_replay *replay; /* of the name "trainer" */
    uint64_t ids[ROWS + BLOCK];
    uint32_t stored;
} world;

static world model; /* made once and copied */

static epi_status open_replay(epi_replay **replay, const world *w, const char *name) {
    epi_replay_options options = epi_replay_options_default();
    options.name = name;
    options.n_step = 3;
    options.flush_updates = 20;
    return epi_replay_open(replay, w->space, &options);
}

static void open_space(world *w) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    EXPECT(EPI_OK, epi_memory_open(&w->place.memory, w->place.path, &w->place.options));
    EXPECT(EPI_OK, epi_schema_transitions(&schema, roles, WIDTH, EPI_I64, 0));
    EXPECT(EPI_OK, epi_space_open(&w->space, w->place.memory, "maze", &schema));
    EXPECT(EPI_OK, epi_recorder_open(&w->recorder, w->space, "actor", 1));
}

static epi_status append_rows(world *w, uint32_t count) {
    static float observations[ROWS + BLOCK][WIDTH], rewards[ROWS + BLOCK];
    bool terminated[ROWS + BLOCK];
    for (uint32_t i = 0; i < count; i++) {
        observations[i][0] = rewards[i] = (float)(w->stored + i);
        terminated[i] = true;
    }
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, observations[0]), epi_column_f32(EPI_REWARD, rewards),
                                  epi_column_bool(EPI_TERMINATED, terminated)};
    epi_status status = epi_transitions_append(w->ids + w->stored, w->recorder, NULL, columns, 3, count);
    if (!status) w->stored += count;
    return status;
}

static epi_status set_all(epi_replay *replay, const world *w, double priority) {
    double priorities[ROWS];
    for (size_t i = 0; i < ROWS; i++) priorities[i] = priority;
    return epi_replay_update(NULL, replay, w->ids, priorities, ROWS);
}

static void close_all(world *w) {
    epi_replay_close(w->replay);
    epi_recorder_close(w->recorder);
    epi_space_close(w->space);
    (void)epi_memory_close(w->place.memory);
    w->place.memory = NULL;
    w->recorder = NULL;
    w->space = NULL;
    w->replay = NULL;
}

static void make_model(void) {
    place_make(&model.place);
    open_space(&model);
    EXPECT(EPI_OK, append_rows(&model, ROWS));
    EXPECT(EPI_OK, open_replay(&model.replay, &model, "trainer"));
    EXPECT(EPI_OK, set_all(model.replay, &model, BEFORE));
    EXPECT(EPI_OK, epi_replay_save(model.replay));
    close_all(&model);
}

static int remove_file(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info, (void)where;
    return kind == FTW_F ? remove(path) : 0;
}

/* With what cache/ held taken away: it is made anew from the store. */
static void meet(world *w) {
    char cache[128];
    *w = model;
    place_copy(&w->place, &model.place);
    (void)snprintf(cache, sizeof cache, "%s/cache", w->place.path);
    (void)nftw(cache, remove_file, 8, FTW_PHYS);
    open_space(w);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static epi_status open_new(world *w) {
    epi_replay *other = NULL;
    epi_status status = open_replay(&other, w, "another");
    epi_replay_close(other);
    return status;
}

static epi_status open_stored(world *w) {
    epi_replay *other = NULL;
    epi_status status = open_replay(&other, w, "trainer");
    epi_replay_close(other);
    return status;
}

/* Every step that is drawn was acknowledged, and reads as it was appended. */
static epi_status draw(world *w) {
    static float observations[BATCH][WIDTH];
    uint64_t ids[BATCH];
    double weights[BATCH];
    float rewards[BATCH];
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, observations[0]),
                                  epi_column_f32(EPI_REWARD, rewards)};
    epi_batch batch = epi_batch_default();
    batch.size = BATCH;
    batch.ids = ids;
    batch.weights = weights;
    batch.columns = columns;
    batch.column_count = 2;
    epi_status status = epi_replay_sample(w->replay, &batch, 0.4);
    for (size_t i = 0; !status && i < batch.count; i++) {
        uint32_t row = (uint32_t)rewards[i];
        assert_true(row < w->stored && w->ids[row] == ids[i]);
        assert_int_equal((int)observations[i][0], row);
    }
    return status;
}

static epi_status update(world *w) {
    return set_all(w->replay, w, AFTER);
}

static epi_status flush(world *w) {
    return epi_replay_flush(w->replay);
}

static epi_status save(world *w) {
    return epi_replay_save(w->replay);
}

/* A write that failed half-way closes the store to reads too, until it is opened again. */
static void expect_draw(world *w) {
    epi_status status = draw(w);
    if (status != EPI_EIO || fault_struck() == ENOMEM || !fault_struck()) EXPECT(EPI_OK, status);
}

/* Rows are seen by samplers of the process while they are committed, and no more when that failed. */
static epi_status append_and_draw(world *w) {
    epi_status status = w->stored < ROWS + BLOCK ? append_rows(w, BLOCK) : EPI_OK;
    fault_pause(true);
    for (uint32_t i = 0; i < 20; i++) expect_draw(w);
    fault_pause(false);
    return status;
}

/* ---- failing ----------------------------------------------------------------------------------------------------- */

typedef struct call {
    const char *name;
    epi_status (*run)(world *w);
    bool opened; /* the sampler is open before */
    bool changed; /* ... and has priorities that are not flushed */
} call;

static const call calls[] = {
    {"open new", open_new, false, false}, {"open stored", open_stored, false, false}, {"draw", draw, true, false},
    {"update", update, true, false},      {"flush", flush, true, true},               {"save", save, true, true},
    {"append and draw", append_and_draw, true, false},
};

static bool is(double value, double expected) {
    return value >= expected && value <= expected;
}

static void verify(world *w) {
    double raw[ROWS];
    close_all(w);
    open_space(w);
    EXPECT(EPI_OK, open_replay(&w->replay, w, "trainer"));
    EXPECT(EPI_OK, epi_replay_priorities(raw, w->replay, w->ids, ROWS));
    for (size_t i = 0; i < ROWS; i++) assert_true(is(raw[i], BEFORE) || is(raw[i], AFTER));
    if (w->stored == ROWS) EXPECT(EPI_OK, append_rows(w, 2));
    EXPECT(EPI_OK, draw(w));
    place_check(w->place.memory);
    close_all(w);
}

static bool fail_at(const call *c, size_t k, int error, bool for_ever) {
    world w;
    meet(&w);
    if (c->opened) EXPECT(EPI_OK, open_replay(&w.replay, &w, "trainer"));
    if (c->changed) {
        const double priority = AFTER; /* few enough not to be flushed by count */
        for (size_t i = 0; i < 15; i++) EXPECT(EPI_OK, epi_replay_update(NULL, w.replay, w.ids + 3 * i, &priority, 1));
    }
    fault_arm(error, k, for_ever);
    epi_status status = c->run(&w);
    const bool struck = fault_disarm();
    fault_expect_named(c->name, k, status);
    if (status && error == ENOMEM) EXPECT(EPI_OK, c->run(&w)); /* the same handles work */
    if (c->opened) expect_draw(&w);
    verify(&w);
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
