/* Eight threads over all calls on one memory: what each wrote is there, and every thread sees its own writes at once.
 *
 *   EPISODIC_TEST_SECONDS   how long (4)
 */
#include "place.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WRITERS 3
#define THREADS 8
#define STEPS 20000

typedef struct shared {
    place place;
    time_t end;
    _Atomic uint32_t counts[WRITERS];
    uint64_t steps[WRITERS][STEPS];
    _Atomic int failures;
} shared;

typedef struct thread {
    shared *shared;
    unsigned number;
    pthread_t id;
} thread;

static bool holds(shared *s, bool condition, const char *what) {
    if (!condition) {
        atomic_fetch_add(&s->failures, 1);
        print_error("%s (%s)\n", what, epi_error_last()->message);
    }
    return condition;
}

static bool goes_on(const shared *s) {
    return time(NULL) < s->end && !s->failures;
}

static bool hit(epi_space *space, const char *word, uint64_t step, epi_status *status) {
    epi_recollection *found = NULL;
    bool there = false;
    *status = epi_recall_text(&found, space, word, NULL);
    for (size_t i = 0; i < epi_recollection_hit_count(found); i++)
        there = there || epi_recollection_hit(found, i)->step == step;
    epi_recollection_free(found);
    return there;
}

/* Appends to an episode of its own, remembers, looks for what it wrote. */
static void write_steps(thread *t) {
    shared *s = t->shared;
    epi_episode *episode = NULL;
    epi_status status = epi_episode_begin(&episode, s->place.space, NULL);
    for (uint32_t i = 0; holds(s, !status, "writing") && goes_on(s) && i < STEPS; i++) {
        char text[64];
        epi_part parts[2];
        (void)snprintf(text, sizeof text, "t%un%ux said in a crowd", t->number, i);
        epi_step step = place_step(parts, text);
        uint64_t *id = &s->steps[t->number][i];
        status = i % 4 ? epi_episode_append(id, episode, &step) : epi_remember(id, NULL, s->place.space, &step);
        if (!status) atomic_store(&s->counts[t->number], i + 1);
        (void)snprintf(text, sizeof text, "t%un%ux", t->number, i);
        if (!status && i % 8 == 0)
            (void)holds(s, hit(s->place.space, text, *id, &status), "a thread does not see what it wrote");
    }
    epi_episode_close(episode);
}

/* A memory and a space handle of its own each time, closed again. */
static void read_steps(thread *t) {
    shared *s = t->shared;
    for (uint32_t i = t->number; goes_on(s); i++) {
        epi_memory *memory = NULL;
        epi_space *space = NULL;
        epi_status status = epi_memory_open(&memory, s->place.path, &s->place.options);
        if (!status) status = epi_space_open(&space, memory, "main", NULL);
        unsigned writer = i % WRITERS;
        uint32_t count = atomic_load(&s->counts[writer]);
        char word[64];
        (void)snprintf(word, sizeof word, "t%un%ux", writer, count ? i * 31 % count : 0);
        if (!status && count)
            (void)holds(s, hit(space, word, s->steps[writer][i * 31 % count], &status), "a stored step is not found");
        epi_recollection *page = NULL;
        if (!status && i % 5 == 0) status = epi_steps_read(&page, space, i % 50, 20);
        epi_recollection_free(page);
        epi_timeline *timeline = NULL;
        if (!status && i % 7 == 0) status = epi_timeline_read(&timeline, space, EPI_TIME_NONE, EPI_TIME_NONE, 3);
        epi_timeline_free(timeline);
        if (!status && i % 3 == 0) status = epi_sync(NULL, memory);
        epi_space_close(space);
        (void)holds(s, !status, "reading");
        (void)holds(s, !epi_memory_close(memory), "closing");
    }
}

static bool just_look(void *context, const char *name) {
    (void)context;
    return name[0] != 0;
}

static void keep_up(thread *t) {
    shared *s = t->shared;
    epi_upkeep_options options = epi_upkeep_options_default();
    options.time_limit_ms = 30;
    for (unsigned i = 0; goes_on(s); i++) {
        epi_space_stats stats;
        epi_memory_stats memory_stats;
        epi_status status = epi_space_upkeep(NULL, s->place.space, i % 4 ? NULL : &options);
        if (!status) status = epi_space_stats_read(&stats, s->place.space);
        if (!status) status = epi_memory_stats_read(&memory_stats, s->place.memory);
        if (!status) status = epi_space_list(s->place.memory, just_look, NULL);
        if (!status && i % 10 == 9) status = epi_memory_compact(s->place.memory);
        (void)holds(s, !status, "upkeep");
    }
}

/* Forgets, restores and removes steps of its own in another space, which it drops at times. */
static void come_and_go(thread *t) {
    shared *s = t->shared;
    for (unsigned i = 0; goes_on(s); i++) {
        epi_space *space = NULL;
        uint64_t steps[10], count = 0;
        epi_filter filter = epi_filter_default();
        epi_check_report report = {0};
        filter.steps = steps;
        filter.step_count = 10;
        epi_status status = epi_space_open(&space, s->place.memory, "other", epi_schema_conversation());
        for (int j = 0; !status && j < 10; j++) status = epi_remember_text(space, "Ann", "for a while", &steps[j]);
        if (!status) status = epi_forget(&count, space, &filter, 0, false);
        if (!status) status = epi_restore(&count, space, &filter);
        if (!status) status = epi_remove(&count, space, &filter, false);
        if (!status) (void)holds(s, count == 10, "a removal counts otherwise");
        epi_space_close(space);
        if (!status && i % 5 == 4) status = epi_space_drop(s->place.memory, "other");
        if (!status && i % 20 == 19) status = epi_memory_check(&report, s->place.memory, NULL, NULL);
        (void)holds(s, !status && report.violations == 0, "coming and going");
    }
}

static void *live(void *context) {
    thread *t = context;
    if (t->number < WRITERS)
        write_steps(t);
    else if (t->number < 6)
        read_steps(t);
    else if (t->number == 6)
        keep_up(t);
    else
        come_and_go(t);
    return NULL;
}

static void run(place *p, epi_sync_policy sync) {
    static shared s;
    memset(&s, 0, sizeof s);
    place_close(p);
    p->options.sync = sync;
    p->options.group_ms = 5;
    place_open(p);
    s.place = *p;
    s.end = time(NULL) + (time_t)place_seconds("EPISODIC_TEST_SECONDS", 4) / 2;
    thread threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = (thread){.shared = &s, .number = i};
        assert_int_equal(pthread_create(&threads[i].id, NULL, live, &threads[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i].id, NULL), 0);
    assert_int_equal(s.failures, 0);
    uint64_t written = 0;
    for (unsigned i = 0; i < WRITERS; i++) written += s.counts[i];
    assert_true(written > 0);
    place_reopen(p);
    assert_int_equal(place_stats(p->space).steps, written);
    place_check(p->memory);
    print_message("%llu steps\n", (unsigned long long)written);
}

static void threads_share_a_memory_that_syncs_each_commit(void **state) {
    run(*state, EPI_SYNC_EACH_COMMIT);
}
static void threads_share_a_memory_that_syncs_groups(void **state) {
    run(*state, EPI_SYNC_GROUPED);
}

/* ---- the running episode ----------------------------------------------------------------------------------------- */

#define ROUNDS 40

typedef struct ending {
    epi_episode *episode;
    atomic_bool begun;
    epi_status status;
} ending;

static void *end_episode(void *context) {
    ending *one = context;
    atomic_store(&one->begun, true);
    one->status = epi_episode_end(one->episode, NULL);
    return NULL;
}

/* The running episode ends while a step that comes too late for it looks for another. */
static void a_step_is_remembered_in_an_episode_although_the_running_one_ends(void **state) {
    place *p = *state;
    epi_part parts[2];
    epi_step step = place_step(parts, "said");
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t running = 0, other = 0;
        ending one = {.status = EPI_EINTERNAL};
        pthread_t id;
        step.event_time = epi_time_from_unix(1000000 + i * 100000);
        EXPECT(EPI_OK, epi_remember(NULL, &running, p->space, &step));
        EXPECT(EPI_OK, epi_episode_resume(&one.episode, p->space, running));
        assert_int_equal(pthread_create(&id, NULL, end_episode, &one), 0);
        while (!atomic_load(&one.begun)) continue;
        (void)usleep((useconds_t)(i * 20)); /* into its commit, wherever that is */
        step.event_time += epi_time_from_unix(50000);
        EXPECT(EPI_OK, epi_remember(NULL, &other, p->space, &step));
        assert_int_equal(pthread_join(id, NULL), 0);
        EXPECT(EPI_OK, one.status);
        assert_int_not_equal(other, 0);
        assert_int_not_equal(other, running);
        epi_episode_close(one.episode);
    }
    place_check(p->memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_share_a_memory_that_syncs_each_commit, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(threads_share_a_memory_that_syncs_groups, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown(a_step_is_remembered_in_an_episode_although_the_running_one_ends, place_setup,
                                        place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
