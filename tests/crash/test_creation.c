/* Several processes open a memory that is not there yet, at nearly the same moment, again and again: one of them makes
 * it, all of them have it, and what each remembers is there.
 *
 *   EPISODIC_TEST_ROUNDS    how often (60)
 */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 24
#define APART_US 150u /* so that some look while another one is making it */

static int remember(const place *p, unsigned number, int start) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    char text[32], go;
    (void)snprintf(text, sizeof text, "word%u", number);
    if (read(start, &go, 1) != 0) return 1; /* until the parent closes its end */
    (void)usleep(number * APART_US);
    epi_status status = epi_memory_open(&memory, p->path, &p->options);
    if (!status) status = epi_space_open(&space, memory, "main", epi_schema_conversation());
    if (!status) status = epi_remember_text(space, "Ann", text, NULL);
    if (status) print_error("process %u: %s\n", number, epi_error_last()->message);
    epi_space_close(space);
    return epi_memory_close(memory) || status;
}

static void begin_all(const place *p, pid_t *children) {
    int start[2];
    assert_int_equal(pipe(start), 0);
    for (unsigned i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] > 0) continue;
        (void)close(start[1]);
        _exit(remember(p, i, start[0]));
    }
    (void)close(start[0]);
    (void)close(start[1]);
}

static void a_memory_is_made_once_and_had_by_all(void **state) {
    (void)state;
    const uint64_t rounds = place_seconds("EPISODIC_TEST_ROUNDS", 60);
    for (uint64_t round = 0; round < rounds; round++) {
        pid_t children[PROCESSES];
        place p;
        place_make(&p);
        begin_all(&p, children);
        for (unsigned i = 0; i < PROCESSES; i++) {
            int status = -1;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_int_equal(status, 0);
        }
        place_open(&p);
        assert_int_equal(place_stats(p.space).steps, PROCESSES);
        place_close(&p);
        place_remove(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_memory_is_made_once_and_had_by_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
