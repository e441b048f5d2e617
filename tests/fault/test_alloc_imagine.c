/* Imagining with its k-th allocation failing, for k = 1, 2, ... until it needs no more: the status is clear, nothing
 * leaks, and the same call works when there is memory again. The caches that questions fill are gone over too, since
 * each attempt begins with a memory that was opened anew. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
    bool armed, fired;
    size_t left; /* allocations that still succeed */
} fault;

static bool must_fail(void) {
    if (!fault.armed) return false;
    if (fault.left > 0) {
        fault.left--;
        return false;
    }
    fault.fired = true;
    fault.armed = false;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size) {
    return must_fail() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
    return must_fail() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *memory, size_t size) {
    return must_fail() ? NULL : __real_realloc(memory, size);
}

static const char *const roles[] = {"who", "where", "what", "action", "outcome"};

static void record_tries(epi_space *space) {
    static const char *const items[] = {"raw", "cut", "done"};
    for (int i = 0; i < 12; i++) {
        char situation[64];
        epi_episode *episode = place_episode(space);
        for (int k = 0; k < 2; k++) {
            snprintf(situation, sizeof situation, "{\"item\":\"%s\",\"n\":%d}", items[i % 2 + k], i);
            epi_part parts[] = {epi_part_text("task", "finish it"), epi_part_text("situation", situation),
                                epi_part_text("result", "well"), epi_part_text("arguments", "{\"mode\":1}"),
                                epi_part_text("tool", i % 2 ? "polish" : "saw")};
            epi_step step = epi_step_default();
            step.parts = parts;
            step.part_count = k ? 3 : 5;
            EXPECT(EPI_OK, epi_episode_append(NULL, episode, &step));
        }
        epi_episode_close(episode);
    }
}

static void record_events(epi_space *space) {
    epi_episode *episode = place_episode(space);
    for (int i = 0; i < 20; i++) {
        epi_part parts[5];
        char values[5][16];
        epi_step step = epi_step_default();
        for (int r = 0; r < 5; r++) {
            snprintf(values[r], sizeof values[r], "%d", i % (r + 2));
            parts[r] = epi_part_text(roles[r], values[r]);
        }
        step.parts = parts;
        step.part_count = 5;
        EXPECT(EPI_OK, epi_episode_append(NULL, episode, &step));
    }
    epi_episode_close(episode);
}

static epi_status ask(epi_space *space) {
    epi_prospects *prospects = NULL;
    epi_candidate candidate = epi_candidate_tool("saw", "{\"mode\":1}");
    epi_imagine_actions_options options = epi_imagine_actions_options_default();
    options.propose_count = options.course_count = 2;
    epi_status status = epi_imagine_actions(&prospects, space, "finish it", "{\"item\":\"raw\"}", &candidate, 1,
                                            &options);
    assert_true((status == EPI_OK) == (prospects != NULL));
    if (!status) assert_int_equal(epi_prospects_course_count(prospects), 2);
    epi_prospects_free(prospects);
    return status;
}

static epi_status recombine(epi_space *space) {
    epi_events *events = NULL;
    epi_status status = epi_imagine_events(&events, space, NULL, 0, NULL);
    assert_true((status == EPI_OK) == (events != NULL));
    epi_events_free(events);
    return status;
}

static epi_status tell(epi_space *space) {
    epi_events *events = NULL;
    epi_status status = epi_imagine_story(&events, space, NULL, 0, 5, NULL);
    assert_true((status == EPI_OK) == (events != NULL));
    epi_events_free(events);
    return status;
}

static bool fail_at(place *p, const char *name, epi_status (*call)(epi_space *space), size_t k) {
    epi_space *space = NULL;
    place_reopen(p);
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, name, NULL));
    fault.left = k - 1;
    fault.fired = false;
    fault.armed = true;
    epi_status status = call(space);
    fault.armed = false;
    if (status && status != EPI_ENOMEM)
        fail_msg("%s, allocation %zu: %s (%s)", name, k, epi_status_name(status), epi_error_last()->message);
    if (!fault.fired) assert_int_equal(status, EPI_OK);
    EXPECT(EPI_OK, call(space));
    epi_space_close(space);
    return fault.fired;
}

static void every_allocation_of_imagining_may_fail(void **state) {
    place *p = *state;
    static const struct {
        const char *space;
        epi_status (*call)(epi_space *space);
    } calls[] = {{"tools", ask}, {"events", recombine}, {"events", tell}};
    epi_space *space = NULL;
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "tools", epi_schema_trajectory()));
    record_tries(space);
    epi_space_close(space);
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, "events", epi_schema_events()));
    record_events(space);
    epi_space_close(space);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        size_t k = 1;
        while (fail_at(p, calls[i].space, calls[i].call, k)) k += k < 150 ? 1 : 1 + k / 40;
        print_message("%s: over %zu allocations\n", calls[i].space, k - 1);
        assert_true(k > 20);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_allocation_of_imagining_may_fail, place_setup, place_teardown),
    };
    (void)setenv("TMPDIR", "/dev/shm", 0); /* hundreds of openings, none of them for the disk */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
