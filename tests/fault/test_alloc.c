/* Every call of the library with its k-th allocation failing, for k = 1, 2, ... until the call needs no more: once,
 * and from the k-th on for ever. The status is clear, what was stored stays, and the same call works when there is
 * memory again. Leaks are found where this runs under AddressSanitizer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "quick.h"

#define STEPS 40

/* ---- the memory that each call meets ----------------------------------------------------------------------------- */

typedef struct world {
    place place;
    uint64_t steps[STEPS];
    epi_episode *episode;
    epi_recollection *found;
} world;

static world model; /* made once and copied */

static void say_all(world *w) {
    char text[160];
    w->episode = place_episode(w->place.space);
    for (int i = 0; i < STEPS; i++) {
        (void)snprintf(text, sizeof text, "word%dx and others%s", i,
                       i % 5 ? "" : ", long enough to be kept as a component of its own");
        w->steps[i] = place_say(w->episode, text);
        if (i == STEPS * 3 / 4) EXPECT(EPI_OK, epi_space_upkeep(NULL, w->place.space, NULL));
    }
}

static void make_model(void) {
    place_make(&model.place);
    place_open(&model.place);
    say_all(&model);
    epi_episode_close(model.episode);
    place_close(&model.place);
}

static void meet(world *w) {
    memset(w, 0, sizeof *w);
    place_copy(&w->place, &model.place);
    memcpy(w->steps, model.steps, sizeof w->steps);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static epi_status open_all(world *w) {
    epi_status status = w->place.memory ? EPI_OK : epi_memory_open(&w->place.memory, w->place.path, &w->place.options);
    if (!status && !w->place.space)
        status = epi_space_open(&w->place.space, w->place.memory, "main", epi_schema_conversation());
    return status;
}

static epi_status create(world *w) {
    place_remove(&w->place); /* all of it, so a new one is made */
    place_make(&w->place);
    return open_all(w);
}

static epi_status begin(world *w) {
    epi_episode_options options = epi_episode_options_default();
    const char *tags[] = {"a", "b"};
    options.title = "a title that is long enough to be a component, because it goes on and on and on";
    options.external_id = "episode";
    options.tags = tags;
    options.tag_count = 2;
    options.metadata = "{\"k\":[1,2,{\"l\":\"m\"}]}";
    return w->episode ? EPI_OK : epi_episode_begin(&w->episode, w->place.space, &options);
}

static epi_status append(world *w) {
    epi_part parts[2];
    const char *tags[] = {"red", "green"};
    epi_step step = place_step(parts, "an appended text, which is of more than sixty-four bytes and so a component");
    step.tags = tags;
    step.tag_count = 2;
    step.metadata = "{\"source\":\"a test\"}";
    step.external_id = "one";
    step.supersedes = w->steps[3];
    epi_status status = begin(w);
    return status ? status : epi_episode_append(NULL, w->episode, &step);
}

static epi_status append_many(world *w) {
    epi_part parts[20][2];
    epi_step steps[20];
    char external[20][16];
    for (int i = 0; i < 20; i++) {
        (void)snprintf(external[i], sizeof external[i], "many%d", i);
        steps[i] = place_step(parts[i], external[i]);
        steps[i].external_id = external[i];
    }
    epi_status status = begin(w);
    return status ? status : epi_episode_append_many(NULL, w->episode, steps, 20);
}

static epi_status append_many_later(world *w) {
    epi_status status = append_many(w);
    return status ? status : epi_sync(NULL, w->place.memory);
}

static epi_status remember(world *w) {
    epi_part parts[2];
    epi_step step = place_step(parts, "remembered");
    step.external_id = "remembered";
    return epi_remember(NULL, NULL, w->place.space, &step);
}

static epi_status recall(world *w) {
    epi_cue cue = epi_cue_default();
    epi_part who = epi_part_text("speaker", "ann");
    cue.text = "Which others did Ann speak of?";
    cue.filter.parts = &who;
    cue.filter.part_count = 1;
    epi_status status = epi_recall(&w->found, w->place.space, &cue, NULL);
    if (!status)
        assert_true(epi_recollection_hit_count(w->found) > 0);
    else
        assert_null(w->found);
    epi_recollection_free(w->found);
    w->found = NULL;
    return status;
}

static epi_status read_all(world *w) {
    epi_timeline *timeline = NULL;
    epi_recollection *page = NULL;
    epi_space_stats stats;
    float vector[EPI_HASH_DIMENSION_DEFAULT];
    uint64_t nearest[3];
    size_t size = 0, count = 0;
    epi_status status = epi_steps_read(&page, w->place.space, 0, 100);
    epi_recollection_free(page);
    if (!status) status = epi_timeline_read(&timeline, w->place.space, EPI_TIME_NONE, EPI_TIME_NONE, 0);
    epi_timeline_free(timeline);
    if (!status) status = epi_step_vector(vector, &size, w->place.space, w->steps[1]);
    if (!status) status = epi_nearest(&count, nearest, NULL, w->place.space, vector, size, 3, 0);
    return status ? status : epi_space_stats_read(&stats, w->place.space);
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

static epi_status forget_and_restore(world *w) {
    epi_filter filter = some(w);
    epi_status status = epi_forget(NULL, w->place.space, &filter, 0, false);
    return status ? status : epi_restore(NULL, w->place.space, &filter);
}

static epi_status remove_some(world *w) {
    epi_filter filter = some(w);
    return epi_remove(NULL, w->place.space, &filter, false);
}

static epi_status purge_some(world *w) {
    epi_filter filter = some(w);
    return epi_purge(NULL, w->place.space, &filter);
}

static epi_status check(world *w) {
    epi_check_report report = {0};
    epi_status status = epi_memory_check(&report, w->place.memory, NULL, NULL);
    assert_int_equal(report.violations, 0);
    return status;
}

static epi_status import(world *w) {
    static const char text[] =
        "[{\"role\":\"user\",\"content\":\"call the plumber\"},"
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\","
        "\"function\":{\"name\":\"call\",\"arguments\":\"{\\\"who\\\":\\\"plumber\\\"}\"}}]},"
        "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"no answer\"}]";
    epi_import_options options = epi_import_options_default();
    options.space = "imported";
    return epi_import(NULL, w->place.memory, text, sizeof text - 1, &options);
}

static bool drop_text(void *context, const char *text, size_t size) {
    (void)context, (void)text;
    return size > 0;
}

static epi_status export(world *w) {
    return epi_export(w->place.space, drop_text, NULL);
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
    bool opened;  /* the memory is open, and read before */
    bool settled; /* ... by a recall, so that the mirror is loaded */
    epi_sync_policy sync;
} call;

/* With memory again the same handles work, and nothing acknowledged is lost. */
static void recover(world *w, const call *c) {
    if (c->opened || w->place.space)
        EXPECT(EPI_OK, c->run(w));
    else
        EXPECT(EPI_OK, open_all(w));
    place_check(w->place.memory);
    place_assert_text(w->place.space, w->steps[1], "word1x and others");
    assert_true(place_finds(w->place.space, "word2x", w->steps[2]));
    assert_true(place_finds(w->place.space, "word39x", w->steps[39]));
}

/* One failure; false when the call needed fewer allocations. */
static bool fail_at(const call *c, size_t k, bool for_ever) {
    world w;
    meet(&w);
    w.place.options.sync = c->sync;
    if (c->opened) EXPECT(EPI_OK, open_all(&w));
    if (c->settled) assert_true(place_finds(w.place.space, "word2x", w.steps[2]));
    fault_arm(ENOMEM, k, for_ever);
    epi_status status = c->run(&w);
    const bool struck = fault_disarm();
    fault_expect_named(c->name, k, status);
    if (c->run != create) recover(&w, c);
    epi_episode_close(w.episode);
    epi_space_close(w.place.space);
    EXPECT(EPI_OK, epi_memory_close(w.place.memory));
    place_remove(&w.place);
    return struck;
}

static void fail_everywhere(const call *c) {
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        size_t k = 1, tried = 0;
        while (fail_at(c, k, for_ever)) k = fault_next(k), tried++;
        print_message("%-20s %s: %zu failures over %zu allocations\n", c->name, for_ever ? "for ever" : "once    ",
                      tried, k - 1);
        assert_true(tried > 0);
    }
}

static const call calls[] = {
    {"create", create, false, false, EPI_SYNC_EACH_COMMIT},
    {"open", open_all, false, false, EPI_SYNC_EACH_COMMIT},
    {"append", append, true, true, EPI_SYNC_EACH_COMMIT},
    {"append many", append_many, true, false, EPI_SYNC_EACH_COMMIT},
    {"append many later", append_many_later, true, true, EPI_SYNC_MANUAL},
    {"remember", remember, true, true, EPI_SYNC_EACH_COMMIT},
    {"remember grouped", remember, true, true, EPI_SYNC_GROUPED},
    {"recall first", recall, true, false, EPI_SYNC_EACH_COMMIT},
    {"recall", recall, true, true, EPI_SYNC_EACH_COMMIT},
    {"read", read_all, true, true, EPI_SYNC_EACH_COMMIT},
    {"upkeep", upkeep, true, true, EPI_SYNC_EACH_COMMIT},
    {"forget, restore", forget_and_restore, true, true, EPI_SYNC_EACH_COMMIT},
    {"remove", remove_some, true, true, EPI_SYNC_EACH_COMMIT},
    {"purge", purge_some, true, true, EPI_SYNC_EACH_COMMIT},
    {"check", check, true, true, EPI_SYNC_EACH_COMMIT},
    {"import", import, true, true, EPI_SYNC_EACH_COMMIT},
    {"export", export, true, true, EPI_SYNC_EACH_COMMIT},
    {"drop a space", drop, true, true, EPI_SYNC_EACH_COMMIT},
};

static void every_allocation_may_fail(void **state) {
    const char *only = getenv("EPISODIC_TEST_CALL");
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (!only || strcmp(only, calls[i].name) == 0) fail_everywhere(&calls[i]);
}

static void the_faults_reach_every_library(void **state) {
    (void)state;
    fault_arm(ENOMEM, 1, false);
    void *memory = malloc(1);
    assert_null(memory);
    assert_true(fault_disarm());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_faults_reach_every_library),
        cmocka_unit_test(every_allocation_may_fail),
    };
    quick();
    fault_take_cxx(true);
    make_model();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    place_remove(&model.place);
    return failed;
}
