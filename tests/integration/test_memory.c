/* Memories and spaces from outside: opening, sharing, forking, closing in any order, dropping, isolation. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static void a_memory_is_made_opened_again_and_still_holds_what_it_held(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t step = place_say(episode, "a walnut tree by the gate");
    epi_episode_close(episode);
    place_reopen(p);
    place_assert_text(p->space, step, "a walnut tree by the gate");
    assert_true(place_finds(p->space, "walnut", step));
    place_check(p->memory);
}

static void the_directory_is_private(void **state) {
    place *p = *state;
    struct stat info;
    assert_int_equal(stat(p->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

static void a_memory_that_is_not_there_is_not_made_unless_asked(void **state) {
    place *p = *state;
    char path[128];
    epi_memory *memory = (epi_memory *)p;
    epi_memory_options options = epi_memory_options_default();
    (void)snprintf(path, sizeof path, "%s/absent", p->base);
    options.create = false;
    EXPECT(EPI_ENOTFOUND, epi_memory_open(&memory, path, &options));
    assert_null(memory);
    options.create = true;
    options.read_only = true;
    EXPECT(EPI_ENOTFOUND, epi_memory_open(&memory, path, &options));
    assert_int_not_equal(access(path, F_OK), 0);
    (void)snprintf(path, sizeof path, "%s/absent/deeper", p->base);
    EXPECT(EPI_ENOTFOUND, epi_memory_open(&memory, path, NULL));
}

static void a_memory_is_not_made_where_its_parent_is_missing_and_the_message_says_so(void **state) {
    place *p = *state;
    char path[128];
    epi_memory *memory = NULL;
    (void)snprintf(path, sizeof path, "%s/absent/memory", p->base);
    EXPECT(EPI_ENOTFOUND, epi_memory_open(&memory, path, NULL));
    assert_non_null(strstr(epi_error_last()->message, "the directory that it should be in is not there"));
}

static void a_link_is_told_from_a_directory(void **state) {
    place *p = *state;
    char path[128];
    epi_memory *memory = NULL;
    (void)snprintf(path, sizeof path, "%s/link", p->base);
    assert_int_equal(symlink(p->path, path), 0);
    EXPECT(EPI_ENOTMEMORY, epi_memory_open(&memory, path, NULL));
    assert_non_null(strstr(epi_error_last()->message, "but a link"));
}

/* In a child, since the test itself prints. */
static int remember_without_standard_files(const char *path) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    for (int file = 0; file <= 2; file++) (void)close(file);
    epi_status status = epi_memory_open(&memory, path, NULL);
    for (int file = 1; !status && file <= 2; file++)
        if (write(file, "printed by the program", 22) != -1) status = EPI_EINTERNAL;
    if (!status) status = epi_space_open(&space, memory, "main", epi_schema_conversation());
    if (!status) status = epi_remember_text(space, "Ann", "walnut", NULL);
    epi_space_close(space);
    if (!status) status = epi_memory_close(memory);
    return status ? 1 : 0;
}

static void what_a_program_without_standard_files_prints_never_enters_a_memory(void **state) {
    place *p = *state;
    int code = -1;
    place_close(p);
    pid_t child = fork();
    if (child == 0) _exit(remember_without_standard_files(p->path));
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_int_equal(code, 0);
    place_open(p);
    place_check(p->memory);
    assert_int_equal(place_recall(p->space, "walnut", NULL), 1);
    assert_false(place_holds(p->path, "printed by the program", 22));
}

static void a_directory_of_other_files_is_left_alone(void **state) {
    place *p = *state;
    char path[128];
    epi_memory *memory = NULL;
    (void)snprintf(path, sizeof path, "%s/letter", p->base);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    EXPECT(EPI_ENOTMEMORY, epi_memory_open(&memory, p->base, NULL));
    EXPECT(EPI_ENOTMEMORY, epi_memory_open(&memory, path, NULL));
    assert_null(memory);
}

static void a_read_only_memory_reads_and_refuses_every_change(void **state) {
    place *p = *state;
    uint64_t step = 0;
    EXPECT(EPI_OK, epi_remember_text(p->space, "Ann", "the kettle is copper", &step));
    place_close(p);
    p->options.read_only = true;
    place_open(p);
    place_assert_text(p->space, step, "the kettle is copper");
    assert_true(place_finds(p->space, "kettle", step));
    place_check(p->memory);
    epi_space *other = NULL;
    epi_filter filter = epi_filter_default();
    filter.steps = &step;
    filter.step_count = 1;
    EXPECT(EPI_EREADONLY, epi_remember_text(p->space, "Ann", "no", NULL));
    EXPECT(EPI_EREADONLY, epi_forget(NULL, p->space, &filter, 0, false));
    EXPECT(EPI_EREADONLY, epi_remove(NULL, p->space, &filter, false));
    EXPECT(EPI_EREADONLY, epi_purge(NULL, p->space, &filter));
    EXPECT(EPI_EREADONLY, epi_space_drop(p->memory, "main"));
    EXPECT(EPI_EREADONLY, epi_memory_compact(p->memory));
    EXPECT(EPI_EREADONLY, epi_space_upkeep(NULL, p->space, NULL));
    EXPECT(EPI_ENOTFOUND, epi_space_open(&other, p->memory, "new", epi_schema_conversation()));
    assert_true(place_finds(p->space, "kettle", step));
}

static void a_second_open_shares_the_first_and_may_not_differ(void **state) {
    place *p = *state;
    epi_memory *second = NULL;
    epi_space *space = NULL;
    uint64_t step = 0;
    EXPECT(EPI_OK, epi_memory_open(&second, p->path, &p->options));
    EXPECT(EPI_OK, epi_space_open(&space, second, "main", NULL));
    EXPECT(EPI_OK, epi_remember_text(space, "Ann", "snow on the pass", &step));
    assert_true(place_finds(p->space, "snow", step));
    epi_space_close(space);
    EXPECT(EPI_OK, epi_memory_close(second));
    place_assert_text(p->space, step, "snow on the pass");

    epi_memory_options other = p->options;
    other.sync = EPI_SYNC_MANUAL;
    EXPECT(EPI_EMISMATCH, epi_memory_open(&second, p->path, &other));
    other = p->options;
    other.read_only = true;
    EXPECT(EPI_EMISMATCH, epi_memory_open(&second, p->path, &other));
    other = p->options;
    other.map_size *= 2;
    EXPECT(EPI_EMISMATCH, epi_memory_open(&second, p->path, &other));
    assert_null(second);
    place_close(p);
    EXPECT(EPI_EMISMATCH, epi_memory_open(&second, p->path, &other)); /* the map's size is the store's */
    place_open(p);
}

static void options_out_of_range_are_refused(void **state) {
    place *p = *state;
    epi_memory *memory = NULL;
    place_close(p);
    epi_memory_options bad[7];
    for (size_t i = 0; i < 7; i++) bad[i] = epi_memory_options_default();
    bad[0].map_size = EPI_MAP_SIZE_MIN - 1;
    bad[1].map_size = EPI_MAP_SIZE_MAX + 1;
    bad[2].readers_max = EPI_READERS_MIN - 1;
    bad[3].readers_max = EPI_READERS_MAX + 1;
    bad[4].group_size = EPI_GROUP_SIZE_MAX + 1;
    bad[5].group_ms = EPI_GROUP_MS_MAX + 1;
    bad[6].version = 2;
    for (size_t i = 0; i < 7; i++) EXPECT(i < 6 ? EPI_ELIMIT : EPI_EINVAL, epi_memory_open(&memory, p->path, &bad[i]));
    bad[0] = epi_memory_options_default();
    bad[0].sync = (epi_sync_policy)9;
    EXPECT(EPI_EINVAL, epi_memory_open(&memory, p->path, &bad[0]));
    EXPECT(EPI_EINVAL, epi_memory_open(&memory, "", NULL));
    EXPECT(EPI_EINVAL, epi_memory_open(&memory, NULL, NULL));
    EXPECT(EPI_EINVAL, epi_memory_open(NULL, p->path, NULL));
    place_open(p);
}

/* ---- forking and closing ----------------------------------------------------------------------------------------- */

/* 0, or the number of the first check that failed. */
static int in_child(place *p, epi_episode *episode) {
    epi_recollection *found = NULL;
    epi_memory_stats memory_stats;
    epi_space_stats stats;
    epi_space *space = NULL;
    epi_memory *own = NULL;
    epi_part parts[2];
    epi_step step = place_step(parts, "from the child");
    if (epi_recall_text(&found, p->space, "gate", NULL) != EPI_EFORK) return 1;
    if (epi_episode_append(NULL, episode, &step) != EPI_EFORK) return 2;
    if (epi_memory_stats_read(&memory_stats, p->memory) != EPI_EFORK) return 3;
    if (epi_space_stats_read(&stats, p->space) != EPI_EFORK) return 4;
    if (epi_space_open(&space, p->memory, "main", NULL) != EPI_EFORK) return 5;
    if (epi_sync(NULL, p->memory) != EPI_EFORK) return 6;
    if (epi_memory_open(&own, p->path, &p->options)) return 7;
    if (epi_space_open(&space, own, "main", NULL)) return 8;
    if (epi_remember_text(space, "Ben", "the child has a memory of its own", NULL)) return 9;
    epi_space_close(space);
    if (epi_memory_close(own)) return 10;
    return epi_memory_close(p->memory) == EPI_EFORK ? 0 : 11; /* what is pending is the parent's to store */
}

static void a_child_is_refused_its_parents_handle_and_may_open_its_own(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    (void)place_say(episode, "a walnut tree by the gate");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(in_child(p, episode));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(place_recall(p->space, "child", NULL) > 0, 1);
    (void)place_say(episode, "and the parent goes on");
    epi_episode_close(episode);
    place_check(p->memory);
}

static void handles_may_be_closed_in_any_order(void **state) {
    place *p = *state;
    for (int order = 0; order < 6; order++) {
        static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        epi_episode *episode = place_episode(p->space);
        (void)place_say(episode, "again");
        for (int i = 0; i < 3; i++) {
            if (orders[order][i] == 0) EXPECT(EPI_OK, epi_memory_close(p->memory));
            if (orders[order][i] == 1) epi_space_close(p->space);
            if (orders[order][i] == 2) epi_episode_close(episode);
        }
        p->memory = NULL;
        p->space = NULL;
        place_open(p);
        assert_int_equal(place_stats(p->space).steps, order + 1);
    }
}

static void closed_handles_say_so(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    epi_recollection *found = NULL;
    epi_space_stats stats;
    epi_part parts[2];
    epi_step step = place_step(parts, "too late");
    EXPECT(EPI_OK, epi_memory_close(p->memory));
    EXPECT(EPI_ECLOSED, epi_episode_append(NULL, episode, &step));
    EXPECT(EPI_ECLOSED, epi_recall_text(&found, p->space, "late", NULL));
    EXPECT(EPI_ECLOSED, epi_space_stats_read(&stats, p->space));
    EXPECT(EPI_ECLOSED, epi_space_upkeep(NULL, p->space, NULL));
    EXPECT(EPI_ECLOSED, epi_episode_end(episode, NULL));
    epi_space_close(p->space);
    EXPECT(EPI_ECLOSED, epi_episode_append(NULL, episode, &step));
    epi_episode_close(episode);
    p->memory = NULL;
    p->space = NULL;
    EXPECT(EPI_OK, epi_memory_close(NULL));
    epi_space_close(NULL);
    epi_episode_close(NULL);
    place_open(p);
}

/* ---- spaces ------------------------------------------------------------------------------------------------------ */

static bool count_names(void *context, const char *name) {
    size_t *count = context;
    assert_true(strlen(name) > 0);
    return ++*count < 100;
}

static bool stop(void *context, const char *name) {
    (void)context, (void)name;
    return false;
}

static void spaces_are_made_found_listed_and_told_apart_by_schema(void **state) {
    place *p = *state;
    epi_space *space = NULL;
    size_t count = 0;
    EXPECT(EPI_ENOTFOUND, epi_space_open(&space, p->memory, "other", NULL));
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "other", epi_schema_trajectory()));
    assert_string_equal(epi_space_name(space), "other");
    assert_string_equal(epi_space_schema(space)->preset, "trajectory");
    epi_space_close(space);
    EXPECT(EPI_ESCHEMA, epi_space_open(&space, p->memory, "other", epi_schema_conversation()));
    assert_null(space);
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "other", NULL));
    epi_space_close(space);
    EXPECT(EPI_OK, epi_space_list(p->memory, count_names, &count));
    assert_int_equal(count, 2);
    EXPECT(EPI_ECANCELLED, epi_space_list(p->memory, stop, NULL));
    EXPECT(EPI_EINVAL, epi_space_open(&space, p->memory, "", epi_schema_conversation()));
    EXPECT(EPI_EINVAL, epi_space_open(&space, p->memory, NULL, epi_schema_conversation()));
    EXPECT(EPI_EUTF8, epi_space_open(&space, p->memory, "a\xff", epi_schema_conversation()));
}

static void a_space_sees_nothing_of_another(void **state) {
    place *p = *state;
    epi_space *other = NULL;
    epi_recollection *found = NULL;
    uint64_t here = 0, there = 0, none = 0;
    EXPECT(EPI_OK, epi_space_open(&other, p->memory, "main2", epi_schema_conversation()));
    EXPECT(EPI_OK, epi_remember_text(p->space, "Ann", "the combination is quince", &here));
    EXPECT(EPI_OK, epi_remember_text(other, "Ben", "medlar grows in the north", &there));
    assert_false(place_finds(other, "quince", here));
    assert_false(place_finds(p->space, "medlar", there));
    assert_true(place_finds(p->space, "quince", here));
    assert_true(place_finds(other, "medlar", there));
    EXPECT(EPI_ENOTFOUND, epi_step_read(&found, other, there + 1));
    EXPECT(EPI_ENOTFOUND, epi_step_find(&none, other, "quince"));
    epi_filter filter = epi_filter_default();
    filter.steps = &here;
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_remove(&none, other, &filter, false));
    place_assert_text(p->space, here, "the combination is quince"); /* the ids are alike, the spaces are not */
    epi_space_close(other);
    place_check(p->memory);
}

static void a_dropped_space_is_gone_and_its_name_is_free(void **state) {
    place *p = *state;
    epi_recollection *found = NULL;
    epi_episode *episode = place_episode(p->space);
    epi_space *again = NULL;
    epi_part parts[2];
    epi_step step = place_step(parts, "into the void");
    (void)place_say(episode, "persimmon");
    EXPECT(EPI_OK, epi_space_upkeep(NULL, p->space, NULL));
    EXPECT(EPI_OK, epi_space_drop(p->memory, "main"));
    EXPECT(EPI_ENOTFOUND, epi_space_drop(p->memory, "main"));
    EXPECT(EPI_ESTALE, epi_recall_text(&found, p->space, "persimmon", NULL));
    EXPECT(EPI_ESTALE, epi_episode_append(NULL, episode, &step));
    EXPECT(EPI_ESTALE, epi_episode_end(episode, NULL));
    EXPECT(EPI_ESTALE, epi_space_upkeep(NULL, p->space, NULL));
    EXPECT(EPI_OK, epi_space_open(&again, p->memory, "main", epi_schema_trajectory()));
    assert_int_equal(place_stats(again).steps, 0);
    epi_space_close(again);
    epi_episode_close(episode);
    place_check(p->memory);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/cache/space-1.index", p->path);
    assert_int_not_equal(access(path, F_OK), 0); /* what was derived from it is gone too */
}

static void pending_steps_of_a_dropped_space_do_not_block_the_others(void **state) {
    place *p = *state;
    place_close(p);
    p->options.sync = EPI_SYNC_MANUAL;
    place_open(p);
    epi_space *other = NULL;
    EXPECT(EPI_OK, epi_space_open(&other, p->memory, "other", epi_schema_conversation()));
    epi_episode *doomed = place_episode(p->space), *kept = place_episode(other);
    (void)place_say(doomed, "lost");
    uint64_t step = place_say(kept, "mulberry");
    EXPECT(EPI_OK, epi_space_drop(p->memory, "main"));
    EXPECT(EPI_ESTALE, epi_sync(NULL, p->memory));
    EXPECT(EPI_OK, epi_sync(NULL, p->memory));
    EXPECT(EPI_OK, epi_memory_compact(p->memory));
    assert_true(place_finds(other, "mulberry", step));
    epi_episode_close(doomed);
    epi_episode_close(kept);
    epi_space_close(other);
}

/* ---- compaction -------------------------------------------------------------------------------------------------- */

static void compaction_keeps_everything_and_every_handle(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t steps[50];
    char text[32];
    for (int i = 0; i < 50; i++) {
        (void)snprintf(text, sizeof text, "word%dx", i);
        steps[i] = place_say(episode, text);
        if (i % 20 == 10) EXPECT(EPI_OK, epi_memory_compact(p->memory));
        epi_memory_stats stats;
        EXPECT(EPI_OK, epi_memory_stats_read(&stats, p->memory));
        assert_true(stats.file_size >= stats.used_size);
    }
    for (int i = 0; i < 50; i++) {
        (void)snprintf(text, sizeof text, "word%dx", i);
        assert_true(place_finds(p->space, text, steps[i]));
    }
    epi_episode_close(episode);
    place_check(p->memory);
    place_reopen(p);
    assert_int_equal(place_stats(p->space).steps, 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_memory_is_made_opened_again_and_still_holds_what_it_held),
        TEST(the_directory_is_private),
        TEST(a_memory_that_is_not_there_is_not_made_unless_asked),
        TEST(a_memory_is_not_made_where_its_parent_is_missing_and_the_message_says_so),
        TEST(a_link_is_told_from_a_directory),
        TEST(what_a_program_without_standard_files_prints_never_enters_a_memory),
        TEST(a_directory_of_other_files_is_left_alone),
        TEST(a_read_only_memory_reads_and_refuses_every_change),
        TEST(a_second_open_shares_the_first_and_may_not_differ),
        TEST(options_out_of_range_are_refused),
        TEST(a_child_is_refused_its_parents_handle_and_may_open_its_own),
        TEST(handles_may_be_closed_in_any_order),
        TEST(closed_handles_say_so),
        TEST(spaces_are_made_found_listed_and_told_apart_by_schema),
        TEST(a_space_sees_nothing_of_another),
        TEST(a_dropped_space_is_gone_and_its_name_is_free),
        TEST(pending_steps_of_a_dropped_space_do_not_block_the_others),
        TEST(compaction_keeps_everything_and_every_handle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
