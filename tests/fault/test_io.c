/* Every call of the library with its n-th system call failing, for n = 1, 2, ... until the call makes no more: EIO
 * and ENOSPC, once and for ever. The status names the failure, what was acknowledged is there, and the next open works.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "quick.h"

#define STEPS 30

/* ---- the memory that each call meets ----------------------------------------------------------------------------- */

typedef struct world {
    place place;
    uint64_t steps[STEPS];
    uint64_t acknowledged; /* one more step that a call stored; 0: none */
} world;

static world model; /* made once and copied */

static void make_model(void) {
    char text[64];
    place_make(&model.place);
    place_open(&model.place);
    epi_episode *episode = place_episode(model.place.space);
    for (int i = 0; i < STEPS; i++) {
        (void)snprintf(text, sizeof text, "word%dx and others", i);
        model.steps[i] = place_say(episode, text);
        if (i == STEPS / 2) EXPECT(EPI_OK, epi_space_upkeep(NULL, model.place.space, NULL));
    }
    epi_episode_close(episode);
    place_close(&model.place);
}

static void meet(world *w) {
    memset(w, 0, sizeof *w);
    place_copy(&w->place, &model.place);
    memcpy(w->steps, model.steps, sizeof w->steps);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static epi_status open_all(world *w) {
    epi_status status = epi_memory_open(&w->place.memory, w->place.path, &w->place.options);
    return status ? status : epi_space_open(&w->place.space, w->place.memory, "main", epi_schema_conversation());
}

static epi_status create(world *w) {
    (void)snprintf(w->place.path, sizeof w->place.path, "%s/another", w->place.base);
    return open_all(w);
}

static epi_status append(world *w) {
    epi_status status = epi_remember_text(w->place.space, "Ann", "wordnewx", &w->acknowledged);
    return status ? status : epi_sync(NULL, w->place.memory);
}

static epi_status append_twice(world *w) {
    epi_status status = append(w), again = epi_remember_text(w->place.space, "Ann", "more", NULL);
    if (!again) again = epi_sync(NULL, w->place.memory);
    return status ? status : again;
}

static epi_status upkeep(world *w) {
    return epi_space_upkeep(NULL, w->place.space, NULL);
}

static epi_filter some(const world *w) {
    epi_filter filter = epi_filter_default();
    filter.steps = w->steps + 5;
    filter.step_count = 10;
    return filter;
}

static epi_status remove_some(world *w) {
    epi_filter filter = some(w);
    return epi_remove(NULL, w->place.space, &filter, false);
}

static epi_status purge_some(world *w) {
    epi_filter filter = some(w);
    return epi_purge(NULL, w->place.space, &filter);
}

static epi_status compact(world *w) {
    return epi_memory_compact(w->place.memory);
}

static epi_status drop(world *w) {
    epi_space *space = NULL;
    epi_status status = epi_space_open(&space, w->place.memory, "brief", epi_schema_trajectory());
    epi_space_close(space);
    return status ? status : epi_space_drop(w->place.memory, "brief");
}

/* ---- failing ----------------------------------------------------------------------------------------------------- */

typedef struct call {
    const char *name;
    epi_status (*run)(world *w);
    bool opened;
    epi_sync_policy sync;
} call;

static const call calls[] = {
    {"create", create, false, EPI_SYNC_EACH_COMMIT},
    {"open", open_all, false, EPI_SYNC_EACH_COMMIT},
    {"append", append, true, EPI_SYNC_EACH_COMMIT},
    {"append and sync", append, true, EPI_SYNC_MANUAL},
    {"append twice", append_twice, true, EPI_SYNC_EACH_COMMIT},
    {"upkeep", upkeep, true, EPI_SYNC_EACH_COMMIT},
    {"remove", remove_some, true, EPI_SYNC_EACH_COMMIT},
    {"purge", purge_some, true, EPI_SYNC_EACH_COMMIT},
    {"compact", compact, true, EPI_SYNC_EACH_COMMIT},
    {"drop a space", drop, true, EPI_SYNC_EACH_COMMIT},
};

/* The next open works, and everything acknowledged is there. */
static void verify(world *w, const call *c, epi_status status) {
    w->place.options.sync = EPI_SYNC_EACH_COMMIT;
    w->place.memory = NULL;
    w->place.space = NULL;
    EXPECT(EPI_OK, open_all(w));
    place_check(w->place.memory);
    if (c->run != create) {
        place_assert_text(w->place.space, w->steps[1], "word1x and others");
        assert_true(place_finds(w->place.space, "word29x", w->steps[29]));
        uint64_t fewest = c->run == remove_some || c->run == purge_some ? STEPS - 10 : STEPS;
        assert_true(place_stats(w->place.space).steps >= fewest);
        if (!status && c->run == append) assert_true(place_finds(w->place.space, "wordnewx", w->acknowledged));
    }
    EXPECT(EPI_OK, epi_remember_text(w->place.space, "Ann", "life goes on", NULL));
    EXPECT(EPI_OK, epi_memory_compact(w->place.memory));
    EXPECT(EPI_OK, epi_space_upkeep(NULL, w->place.space, NULL));
    place_check(w->place.memory);
    place_close(&w->place);
}

static bool fail_at(const call *c, size_t n, int error, bool for_ever) {
    world w;
    meet(&w);
    w.place.options.sync = c->sync;
    if (c->opened) {
        EXPECT(EPI_OK, open_all(&w));
        assert_true(place_finds(w.place.space, "word2x", w.steps[2]));
    }
    fault_arm(error, n, for_ever);
    epi_status status = c->run(&w);
    fault_expect_named(c->name, n, status);
    epi_space_close(w.place.space);
    (void)epi_memory_close(w.place.memory);
    const bool struck = fault_disarm();
    verify(&w, c, status);
    place_remove(&w.place);
    return struck;
}

static void fail_everywhere(const call *c) {
    static const int errors[] = {EIO, ENOSPC};
    for (int i = 0; i < 4; i++) {
        size_t n = 1;
        while (fail_at(c, n, errors[i % 2], i >= 2)) n++;
        assert_true(n > 5); /* the wrapping works, in LMDB too */
        print_message("%-16s %-6s %s: %zu system calls\n", c->name, i % 2 ? "ENOSPC" : "EIO",
                      i >= 2 ? "for ever" : "once", n - 1);
    }
}

static void every_system_call_may_fail(void **state) {
    const char *only = getenv("EPISODIC_TEST_CALL");
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (!only || strcmp(only, calls[i].name) == 0) fail_everywhere(&calls[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_system_call_may_fail)};
    quick();
    make_model();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    place_remove(&model.place);
    return failed;
}
