/* How often the disk is flushed for what is remembered: the flush is what a small write costs. LMDB's commit calls
 * fdatasync() once, for its pages; its last page goes through a file that is opened for synchronous writes.
 */
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_step_is_one_flush_and_so_is_the_episode_that_it_begins),
        TEST(many_episodes_are_one_flush),
        TEST(an_import_is_a_flush_a_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
