/* Tests of searching vectors at the seams: between the tail and the chunks, between the flat index and the graph. */
#include <stdio.h>

#include "index/index.h"
#include "memory/handle.h"
#include "place.h"

#define COUNT 300

/* Upkeep seals first, but others append while it builds the graph: a step may be in the graph before it is in a
 * chunk. */
static void a_step_is_found_that_came_into_the_graph_before_it_was_sealed(void **state) {
    place *p = *state;
    epi_episode *episode = place_episode(p->space);
    uint64_t steps[COUNT], nearest[1];
    char text[64];
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(text, sizeof text, "the %d letter of %d", i * 7919, i * i);
        steps[i] = place_say(episode, text);
    }
    assert_true(place_stats(p->space).unsealed == COUNT);
    size_t absorbed = 0, count = 0, size = 0;
    EXPECT(EPI_OK, epi__index_absorb(&absorbed, p->space->mirror->index, COUNT));
    assert_int_equal(absorbed, COUNT);
    for (int i = 0; i < COUNT; i++) {
        float vector[EPI_HASH_DIMENSION_DEFAULT], score = 0;
        EXPECT(EPI_OK, epi_step_vector(vector, &size, p->space, steps[i]));
        EXPECT(EPI_OK, epi_nearest(&count, nearest, &score, p->space, vector, size, 1, COUNT));
        assert_int_equal(count, 1);
        assert_int_equal(nearest[0], steps[i]);
    }
    epi_episode_close(episode);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_step_is_found_that_came_into_the_graph_before_it_was_sealed, place_setup,
                                        place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
