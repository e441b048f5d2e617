/* test_disk_full.c - a memory on a disk that is really full: what was told before can be read, and what makes room
 * works where appending does not.
 *
 * The disk is a small tmpfs in a name space of this process. Skipped where a process may not mount.
 */
#include "place.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define TEXT_SIZE 6000u
#define STEPS_MAX 4000u

static bool may_mount;

static bool has_ballast(const place *p) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/ballast", p->path);
    return access(path, F_OK) == 0;
}

/* ---- filling ----------------------------------------------------------------------------------------------------- */

/* A text that no other step has, so that none is stored as another's component. */
static const char *text_of(size_t number, size_t size) {
    static char text[TEXT_SIZE + 1];
    memset(text, 'x', size);
    text[size] = 0;
    int length = snprintf(text, size, "walnut%zu", number);
    text[length] = ' ';
    return text;
}

static epi_status append(uint64_t *id, epi_episode *episode, size_t number, size_t size) {
    epi_part parts[2];
    epi_step step = place_step(parts, text_of(number, size));
    return epi_episode_append(id, episode, &step);
}

/* Appends until the disk is full, then ever smaller steps; under a relaxed policy each is synced. */
static size_t fill(place *p, epi_episode *episode, uint64_t *ids) {
    size_t count = 0;
    for (size_t size = TEXT_SIZE; size > 50; size /= 4) {
        epi_status status = EPI_OK;
        while (!status && count < STEPS_MAX) {
            status = append(&ids[count], episode, count, size);
            if (!status) status = epi_sync(NULL, p->memory);
            count += !status;
        }
        EXPECT(EPI_EDISKFULL, status);
    }
    assert_in_range(count, 100, STEPS_MAX - 1);
    return count;
}

static const char *rest_of(const place *p) {
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/rest", p->base);
    return path;
}

/* Not a block is left for others either. */
static void take_the_rest(const place *p) {
    static const char block[4096];
    int file = open(rest_of(p), O_WRONLY | O_CREAT, 0600);
    assert_true(file >= 0);
    while (write(file, block, sizeof block) > 0) {}
    close(file);
}

static epi_filter of_steps(const uint64_t *steps, size_t count) {
    epi_filter filter = epi_filter_default();
    filter.steps = steps;
    filter.step_count = count;
    return filter;
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void appending_to_a_full_disk_leaves_the_ballast_to_those_who_remove(void **state) {
    place *p = *state;
    if (!p) skip();
    static uint64_t ids[STEPS_MAX];
    epi_episode *episode = place_episode(p->space);
    size_t count = fill(p, episode, ids);
    take_the_rest(p);
    for (size_t i = 0; i < 5; i++) EXPECT(EPI_EDISKFULL, append(NULL, episode, count + i, TEXT_SIZE));
    assert_true(has_ballast(p));
    place_assert_text(p->space, ids[0], text_of(0, TEXT_SIZE));
    assert_true(place_finds(p->space, "walnut0", ids[0]));
    assert_int_equal(place_stats(p->space).steps, count);
    epi_episode_close(episode);
    place_check(p->memory);
}

static void on_a_full_disk_forgetting_and_removing_make_room(void **state) {
    place *p = *state;
    if (!p) skip();
    static uint64_t ids[STEPS_MAX];
    uint64_t done = 0;
    epi_episode *episode = place_episode(p->space);
    size_t count = fill(p, episode, ids), most = count - count / 32;
    take_the_rest(p);
    epi_filter filter = of_steps(ids + 1, most);
    EXPECT(EPI_OK, epi_forget(&done, p->space, &filter, 0, false));
    assert_int_equal(done, most);
    EXPECT(EPI_OK, epi_remove(&done, p->space, &filter, false));
    assert_int_equal(done, most);
    assert_int_equal(place_stats(p->space).steps, count - most);
    place_check(p->memory);
    uint64_t again = 0;
    EXPECT(EPI_OK, append(&again, episode, count, TEXT_SIZE)); /* into pages that were freed */
    assert_int_equal(unlink(rest_of(p)), 0);
    EXPECT(EPI_OK, epi_memory_compact(p->memory));
    assert_true(has_ballast(p)); /* for the next time */
    (void)place_say(episode, "apricot");
    place_assert_text(p->space, again, text_of(count, TEXT_SIZE));
    place_assert_text(p->space, ids[0], text_of(0, TEXT_SIZE));
    epi_episode_close(episode);
    place_check(p->memory);
    place_reopen(p);
    assert_int_equal(place_stats(p->space).steps, count - most + 2);
}

static void a_space_is_dropped_from_a_full_disk(void **state) {
    place *p = *state;
    if (!p) skip();
    static uint64_t ids[STEPS_MAX];
    epi_space *other = NULL;
    EXPECT(EPI_OK, epi_space_open(&other, p->memory, "other", epi_schema_conversation()));
    epi_episode *episode = place_episode(other), *kept = place_episode(p->space);
    uint64_t first = place_say(kept, "apricot");
    (void)fill(p, episode, ids);
    take_the_rest(p);
    epi_episode_close(episode);
    epi_space_close(other);
    EXPECT(EPI_OK, epi_space_drop(p->memory, "other"));
    EXPECT(EPI_ENOTFOUND, epi_space_open(&other, p->memory, "other", NULL));
    EXPECT(EPI_OK, append(NULL, kept, 1, TEXT_SIZE));
    assert_true(place_finds(p->space, "apricot", first));
    epi_episode_close(kept);
    place_check(p->memory);
}

/* Pending steps of 3 MB, more than the ballast can take: they wait, and what is stored can go before them. */
static void on_a_full_disk_removing_goes_on_without_what_is_pending(void **state) {
    place *p = *state;
    if (!p) skip();
    static uint64_t ids[STEPS_MAX];
    uint64_t done = 0, pending = 500, last = 0;
    place_close(p);
    p->options.sync = EPI_SYNC_MANUAL;
    place_open(p);
    epi_episode *episode = place_episode(p->space), *waiting = place_episode(p->space);
    size_t count = fill(p, episode, ids);
    take_the_rest(p);
    uint64_t waits = 0;
    for (; waits < pending && append(&last, waiting, 2 * STEPS_MAX + waits, TEXT_SIZE) == EPI_OK; waits++) {}
    assert_true(waits * TEXT_SIZE > 1200000);
    EXPECT(EPI_EDISKFULL, epi_sync(NULL, p->memory));
    assert_true(has_ballast(p));
    epi_filter filter = of_steps(ids + 1, --count); /* not the episode: the step whose sync failed is of it */
    EXPECT(EPI_OK, epi_forget(&done, p->space, &filter, 0, false));
    assert_int_equal(done, count);
    EXPECT(EPI_OK, epi_remove(&done, p->space, &filter, false));
    assert_int_equal(done, count);
    EXPECT(EPI_OK, epi_sync(NULL, p->memory)); /* nothing that was pending is lost */
    place_assert_text(p->space, last, text_of(2 * STEPS_MAX + waits - 1, TEXT_SIZE));
    epi_episode_close(episode);
    epi_episode_close(waiting);
    place_check(p->memory);
}

/* ---- the disk ---------------------------------------------------------------------------------------------------- */

static int disk_setup(void **state) {
    if (!may_mount) return 0;
    place *p = malloc(sizeof *p);
    if (!p) return -1;
    place_make(p);
    if (mount("tmpfs", p->base, "tmpfs", MS_NOSUID | MS_NODEV, "size=8m") != 0) return -1;
    place_open(p);
    *state = p;
    return 0;
}

static int disk_teardown(void **state) {
    place *p = *state;
    if (!p) return 0;
    epi_space_close(p->space);
    (void)epi_memory_close(p->memory);
    (void)umount2(p->base, MNT_DETACH);
    place_remove(p);
    free(p);
    return 0;
}

/* Tries it once, in a directory of its own. */
static bool try_to_mount(void) {
    place p;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return false;
    place_make(&p);
    bool mounted = mount("tmpfs", p.base, "tmpfs", MS_NOSUID | MS_NODEV, "size=8m") == 0;
    if (mounted) (void)umount2(p.base, MNT_DETACH);
    place_remove(&p);
    return mounted;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, disk_setup, disk_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(appending_to_a_full_disk_leaves_the_ballast_to_those_who_remove),
        TEST(on_a_full_disk_forgetting_and_removing_make_room),
        TEST(a_space_is_dropped_from_a_full_disk),
        TEST(on_a_full_disk_removing_goes_on_without_what_is_pending),
    };
    may_mount = try_to_mount();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
