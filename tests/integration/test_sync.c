/* When appended steps are durable, under each sync policy; another process tells what is, and what is not yet. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Steps that another process finds in the space; 255 when it could not look. */
static int seen_by_another_process(place *p) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        epi_memory_options options = epi_memory_options_default();
        epi_memory *memory = NULL;
        epi_space *space = NULL;
        epi_space_stats stats;
        options.read_only = true;
        if (epi_memory_open(&memory, p->path, &options) || epi_space_open(&space, memory, "main", NULL)) _exit(255);
        _exit(epi_space_stats_read(&stats, space) ? 255 : (int)stats.steps);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void reopen_with(place *p, epi_sync_policy sync, uint32_t group_size, uint32_t group_ms) {
    place_close(p);
    p->options.sync = sync;
    p->options.group_size = group_size;
    p->options.group_ms = group_ms;
    place_open(p);
}

static void each_commit_is_durable_on_return(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    for (int i = 1; i <= 3; i++) {
        (void)place_say(episode, "now");
        assert_int_equal(seen_by_another_process(p), i);
    }
    epi_episode_close(episode);
}

static void manual_waits_for_sync_a_read_or_close(void **state) {
    place *p = *state;
    uint64_t sequence = 0;
    reopen_with(p, EPI_SYNC_MANUAL, 0, 0);
    epi_episode *episode = place_episode(p->space);
    for (int i = 0; i < 5; i++) (void)place_say(episode, "later");
    assert_int_equal(seen_by_another_process(p), 0);
    EXPECT(EPI_OK, epi_sync(&sequence, p->memory));
    assert_true(sequence > 0);
    assert_int_equal(seen_by_another_process(p), 5);
    uint64_t step = place_say(episode, "apricot");
    assert_int_equal(seen_by_another_process(p), 5);
    assert_true(place_finds(p->space, "apricot", step)); /* a read of this process sees what it wrote */
    assert_int_equal(seen_by_another_process(p), 6);
    (void)place_say(episode, "last");
    epi_episode_close(episode);
    assert_int_equal(seen_by_another_process(p), 6);
    place_close(p);
    assert_int_equal(seen_by_another_process(p), 7);
    place_open(p);
    place_check(p->memory);
}

static void remembering_waits_as_appending_does(void **state) {
    place *p = *state;
    reopen_with(p, EPI_SYNC_MANUAL, 0, 0);
    uint64_t first = 0, last = 0;
    for (int i = 0; i < 20; i++) EXPECT(EPI_OK, epi_remember_text(p->space, "Ann", "later", i ? &last : &first));
    assert_int_equal(seen_by_another_process(p), 0);
    assert_int_equal(last, first + 19); /* ids are not spent for nothing */
    EXPECT(EPI_OK, epi_sync(NULL, p->memory));
    assert_int_equal(seen_by_another_process(p), 20);
    assert_int_equal(place_stats(p->space).episodes, 1);
}

static void a_group_is_committed_when_it_is_large(void **state) {
    place *p = *state;
    char text[2000];
    reopen_with(p, EPI_SYNC_GROUPED, 100000, EPI_GROUP_MS_MAX);
    epi_episode *episode = place_episode(p->space);
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    int appended = 0;
    while (seen_by_another_process(p) == 0 && appended < 200) {
        text[0] = (char)('a' + appended++ % 26);
        (void)place_say(episode, text);
    }
    assert_in_range(appended, 10, 60);
    assert_int_equal(seen_by_another_process(p), appended);
    epi_episode_close(episode);
}

static void a_group_is_committed_when_it_is_old(void **state) {
    place *p = *state;
    reopen_with(p, EPI_SYNC_GROUPED, EPI_GROUP_SIZE_MAX, 50);
    epi_episode *episode = place_episode(p->space);
    (void)place_say(episode, "one");
    assert_int_equal(seen_by_another_process(p), 0);
    usleep(60000);
    (void)place_say(episode, "two");
    assert_int_equal(seen_by_another_process(p), 2);
    epi_episode_close(episode);
}

static void a_conflict_is_told_at_once_and_takes_nothing_with_it(void **state) {
    place *p = *state;
    reopen_with(p, EPI_SYNC_MANUAL, 0, 0);
    epi_episode *episode = place_episode(p->space);
    epi_part parts[2][2];
    uint64_t first = place_say_as(episode, "first", "a"), ids[2], found = 0;
    assert_int_equal(place_say_as(episode, "first", "a"), first); /* pending already */
    epi_step steps[2] = {place_step(parts[0], "new"), place_step(parts[1], "not first")};
    steps[0].external_id = "b";
    steps[1].external_id = "a";
    EXPECT(EPI_ECONFLICT, epi_episode_append_many(ids, episode, steps, 2));
    uint64_t second = place_say_as(episode, "new", "b"); /* none of the failed call is pending */
    EXPECT(EPI_OK, epi_step_find(&found, p->space, "b"));
    assert_int_equal(found, second);
    place_assert_text(p->space, second, "new");
    assert_int_equal(place_stats(p->space).steps, 2);
    EXPECT(EPI_ECONFLICT, epi_episode_append(NULL, episode, &steps[1])); /* stored now */
    epi_episode_close(episode);
    place_check(p->memory);
}

/* Another process stores a step with this external id. */
static void store_in_another_process(place *p, const char *external_id) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        epi_memory_options options = epi_memory_options_default();
        epi_memory *memory = NULL;
        epi_space *space = NULL;
        epi_part parts[2];
        epi_step step = place_step(parts, "told elsewhere");
        step.external_id = external_id;
        if (epi_memory_open(&memory, p->path, &options) || epi_space_open(&space, memory, "main", NULL)) _exit(255);
        epi_status status = epi_remember(NULL, NULL, space, &step);
        epi_space_close(space);
        _exit(epi_memory_close(memory) || status ? 255 : 0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_conflict_that_arises_while_waiting_is_told_by_the_next_sync_once(void **state) {
    place *p = *state;
    uint64_t found = 0;
    reopen_with(p, EPI_SYNC_MANUAL, 0, 0);
    epi_episode *episode = place_episode(p->space);
    uint64_t other = place_say(episode, "apricot"), doomed = place_say_as(episode, "told here", "a");
    store_in_another_process(p, "a");
    assert_true(place_finds(p->space, "apricot", other)); /* commits; the conflict is not the reader's business */
    uint64_t later = place_say(episode, "cherry");
    EXPECT(EPI_ECONFLICT, epi_sync(NULL, p->memory));
    EXPECT(EPI_OK, epi_sync(NULL, p->memory));
    EXPECT(EPI_OK, epi_step_find(&found, p->space, "a"));
    assert_int_not_equal(found, doomed);
    place_assert_text(p->space, found, "told elsewhere");
    place_assert_text(p->space, later, "cherry");
    assert_int_equal(place_stats(p->space).steps, 3);
    epi_episode_close(episode);
    place_check(p->memory);
}

static void what_cannot_be_stored_is_refused_before_it_waits(void **state) {
    place *p = *state;
    reopen_with(p, EPI_SYNC_MANUAL, 0, 0);
    epi_episode *episode = place_episode(p->space), *same = NULL;
    epi_part parts[2];
    uint64_t first = place_say(episode, "first");
    epi_step step = place_step(parts, "corrects");
    step.supersedes = first; /* still pending */
    EXPECT(EPI_OK, epi_episode_append(NULL, episode, &step));
    step.supersedes = first + 5000;
    EXPECT(EPI_ENOTFOUND, epi_episode_append(NULL, episode, &step));
    EXPECT(EPI_OK, epi_episode_resume(&same, p->space, epi_episode_id(episode)));
    EXPECT(EPI_OK, epi_episode_end(same, NULL));
    step.supersedes = 0;
    EXPECT(EPI_EENDED, epi_episode_append(NULL, episode, &step));
    epi_episode_close(same);
    epi_filter filter = epi_filter_default();
    uint64_t id = epi_episode_id(episode);
    filter.episodes = &id;
    filter.episode_count = 1;
    EXPECT(EPI_OK, epi_remove(NULL, p->space, &filter, false));
    EXPECT(EPI_ESTALE, epi_episode_append(NULL, episode, &step));
    EXPECT(EPI_OK, epi_sync(NULL, p->memory));
    assert_int_equal(place_stats(p->space).steps, 0);
    epi_episode_close(episode);
    place_check(p->memory);
}

/* Under a relaxed policy too: what is accepted is stored, and what is refused is not pending. */
static void a_full_quota_stops_appending_but_neither_reading_nor_removing(void **state) {
    place *p = *state;
    char text[10000];
    uint64_t accepted = 0, removed = 0;
    p->options.quota = 400000;
    reopen_with(p, EPI_SYNC_GROUPED, 30000, EPI_GROUP_MS_MAX);
    epi_episode *episode = place_episode(p->space);
    uint64_t id = epi_episode_id(episode);
    epi_part parts[2];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = 0;
    epi_step step = place_step(parts, text);
    epi_status status = EPI_OK;
    while (!status && accepted < 200) {
        text[accepted] = 'b';
        status = epi_episode_append(NULL, episode, &step);
        accepted += !status;
    }
    EXPECT(EPI_EQUOTA, status);
    assert_int_equal(place_stats(p->space).steps, accepted);
    epi_filter filter = epi_filter_default();
    filter.episodes = &id;
    filter.episode_count = 1;
    EXPECT(EPI_OK, epi_remove(&removed, p->space, &filter, false));
    assert_int_equal(removed, accepted);
    epi_episode_close(episode);
    place_check(p->memory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_commit_is_durable_on_return),
        TEST(manual_waits_for_sync_a_read_or_close),
        TEST(remembering_waits_as_appending_does),
        TEST(a_group_is_committed_when_it_is_large),
        TEST(a_group_is_committed_when_it_is_old),
        TEST(a_conflict_is_told_at_once_and_takes_nothing_with_it),
        TEST(a_conflict_that_arises_while_waiting_is_told_by_the_next_sync_once),
        TEST(what_cannot_be_stored_is_refused_before_it_waits),
        TEST(a_full_quota_stops_appending_but_neither_reading_nor_removing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
