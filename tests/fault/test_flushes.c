/* How often the disk is flushed for what is remembered: the flush is what a small write costs. LMDB's commit calls
 * fdatasync() once, for its pages; its last page goes through a file that is opened for synchronous writes.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "memory/append.h"
#include "memory/handle.h"
#include "fault.h"

#define THREADS 8

static void a_step_is_one_flush_and_so_is_the_episode_that_it_begins(void **state) {
    place *p = *state;
    epi_part parts[2];
    epi_step step = place_step(parts, "hello");
    (void)fault_flushes();
    step.event_time = epi_time_from_unix(1700000000);
    EXPECT(EPI_OK, epi_remember(NULL, NULL, p->space, &step)); /* begins the running episode */
    assert_int_equal(fault_flushes(), 1);
    step.event_time += 1000000;
    EXPECT(EPI_OK, epi_remember(NULL, NULL, p->space, &step));
    assert_int_equal(fault_flushes(), 1);
    assert_int_equal(place_stats(p->space).episodes, 1);
}

static void many_episodes_are_one_flush(void **state) {
    place *p = *state;
    epi_part parts[2];
    epi_outcome outcome = epi_outcome_default();
    epi_step steps[3];
    epi_experience experiences[100];
    for (size_t i = 0; i < 3; i++) steps[i] = place_step(parts, "hello");
    for (size_t i = 0; i < 100; i++) {
        experiences[i] = epi_experience_default();
        experiences[i].steps = steps;
        experiences[i].step_count = 3;
        experiences[i].outcome = &outcome;
    }
    (void)fault_flushes();
    EXPECT(EPI_OK, epi_remember_many(NULL, NULL, p->space, experiences, 100));
    assert_int_equal(fault_flushes(), 1);
    assert_int_equal(place_stats(p->space).steps, 300);
}

/* 200 entities of two observations are 600 steps: three batches. */
static void an_import_is_a_flush_a_batch(void **state) {
    place *p = *state;
    char *text = NULL;
    size_t size = 0;
    epi_import_report report;
    epi_import_options options = epi_import_options_default();
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    for (int i = 0; i < 200; i++)
        fprintf(file, "{\"type\":\"entity\",\"name\":\"n%d\",\"entityType\":\"t\",\"observations\":[\"a %d\",\"b\"]}\n",
                i, i);
    fclose(file);
    options.space = "main";
    options.format = EPI_FORMAT_MCP;
    (void)fault_flushes();
    EXPECT(EPI_OK, epi_import(&report, p->memory, text, size, &options));
    assert_int_equal(fault_flushes(), 3);
    assert_int_equal(report.steps, 600);
    assert_int_equal(report.episodes, 200);
    free(text);
}

/* ---- threads at once --------------------------------------------------------------------------------------------- */

typedef struct speaker {
    epi_space *space;
    const char *text;
    const char *external_id;
    epi_status status;
    uint64_t step;
    pthread_t thread;
} speaker;

static void *speak(void *context) {
    speaker *s = context;
    epi_part parts[2];
    epi_step step = place_step(parts, s->text ? s->text : "hello");
    step.external_id = s->external_id;
    s->status = epi_remember(&s->step, NULL, s->space, &step);
    return NULL;
}

/* Waits until the threads stand in line: the writer lock is held here, so none goes on. */
static void wait_for_line(epi__mirror *mirror) {
    for (size_t count = 0; count < THREADS; usleep(1000)) {
        count = 0;
        pthread_mutex_lock(&mirror->writes_mutex);
        for (const epi__write *at = mirror->writes; at; at = at->next) count++;
        pthread_mutex_unlock(&mirror->writes_mutex);
    }
}

static unsigned speak_at_once(speaker *speakers, epi_space *space) {
    epi__change change;
    epi__mirror *mirror = space->mirror;
    EXPECT(EPI_OK, epi__change_begin(&change, mirror->store, mirror->space, true));
    for (size_t i = 0; i < THREADS; i++) {
        speakers[i].space = space;
        assert_int_equal(pthread_create(&speakers[i].thread, NULL, speak, &speakers[i]), 0);
    }
    wait_for_line(mirror);
    (void)fault_flushes();
    epi__change_abort(&change);
    for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_join(speakers[i].thread, NULL), 0);
    return fault_flushes();
}

static void threads_that_write_at_once_share_a_flush(void **state) {
    place *p = *state;
    speaker speakers[THREADS] = {{.status = EPI_OK}};
    assert_int_equal(speak_at_once(speakers, p->space), 1);
    for (size_t i = 0; i < THREADS; i++) {
        EXPECT(EPI_OK, speakers[i].status);
        place_assert_text(p->space, speakers[i].step, "hello");
    }
    assert_int_equal(place_stats(p->space).episodes, 1);
    assert_int_equal(place_stats(p->space).steps, THREADS);
    place_check(p->memory);
}

/* Two say other things under one id: one of them is refused, and it alone. */
static void a_refused_write_takes_none_of_its_line_with_it(void **state) {
    place *p = *state;
    size_t refused = 0;
    speaker speakers[THREADS] = {{.external_id = "id", .text = "one"}, {.external_id = "id", .text = "two"}};
    assert_true(speak_at_once(speakers, p->space) >= THREADS - 1);
    for (size_t i = 0; i < THREADS; i++) refused += speakers[i].status == EPI_ECONFLICT;
    for (size_t i = 2; i < THREADS; i++) EXPECT(EPI_OK, speakers[i].status);
    assert_int_equal(refused, 1);
    assert_int_equal(place_stats(p->space).steps, THREADS - 1);
    place_check(p->memory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_step_is_one_flush_and_so_is_the_episode_that_it_begins),
        TEST(many_episodes_are_one_flush),
        TEST(an_import_is_a_flush_a_batch),
        TEST(threads_that_write_at_once_share_a_flush),
        TEST(a_refused_write_takes_none_of_its_line_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
