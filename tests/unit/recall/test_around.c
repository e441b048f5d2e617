/* What stands around a step, against one look-up a neighbour: of episodes recorded by turns, so that each is many runs.
 * EPISODIC_SEED=n repeats a run. */
#include "recall/search.h"

#include "place.h"
#include "quick.h"

#define EPISODES 5
#define TURNS 120
#define CENTRES 40

static void record_by_turns(place *p, epi__random *random) {
    epi_episode *episodes[EPISODES];
    for (size_t i = 0; i < EPISODES; i++) episodes[i] = place_episode(p->space);
    for (size_t turn = 0; turn < TURNS; turn++) {
        epi_episode *episode = episodes[epi__random_below(random, EPISODES)];
        for (uint64_t said = epi__random_below(random, 6); said > 0; said--) place_say(episode, "a stone");
    }
    for (size_t i = 0; i < EPISODES; i++) epi_episode_close(episodes[i]);
}

/* The same by the plainest means. */
static size_t spread_plainly(uint64_t *steps, const epi__mirror *mirror, const uint64_t *centres, size_t count,
                             int reach) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        for (int d = -reach; d <= reach; d++) {
            steps[n] = d == 0 ? centres[i] : epi__mirror_neighbour(mirror, centres[i], d);
            n += steps[n] != 0;
        }
    return epi__steps_unique(steps, n);
}

static void a_spread_has_every_neighbour_once(void **state) {
    place *p = *state;
    epi__random random = epi__random_seed(quick_seed(61));
    epi__snapshot snapshot;
    uint64_t centres[CENTRES], fast[CENTRES * 9 + 1], plain[CENTRES * 9 + 1];
    record_by_turns(p, &random);
    EXPECT(EPI_OK, epi__snapshot_begin(&snapshot, p->space->mirror));
    assert_true(snapshot.mirror->run_count > 2 * EPISODES);
    for (int round = 0; round < 300; round++) {
        size_t count = 1 + (size_t)epi__random_below(&random, CENTRES);
        int reach = (int)epi__random_below(&random, 5);
        for (size_t i = 0; i < count; i++) centres[i] = 1 + epi__random_below(&random, snapshot.state.next_step);
        count = epi__steps_unique(centres, count);
        size_t fast_count = epi__around_spread(fast, snapshot.mirror, centres, count, reach);
        assert_int_equal(fast_count, spread_plainly(plain, snapshot.mirror, centres, count, reach));
        assert_memory_equal(fast, plain, fast_count * sizeof *fast);
    }
    epi__snapshot_end(&snapshot);
}

static void ids_become_unique_and_sorted(void **state) {
    (void)state;
    uint64_t ids[] = {9, 2, 2, 7, 9, 1}, sorted[] = {3, 3, 4};
    const uint64_t expected[] = {1, 2, 7, 9};
    assert_int_equal(epi__steps_unique(ids, 6), 4);
    assert_memory_equal(ids, expected, sizeof expected);
    assert_int_equal(epi__steps_unique(sorted, 3), 2);
    assert_int_equal(epi__steps_unique(sorted, 0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {TEST(a_spread_has_every_neighbour_once), TEST(ids_become_unique_and_sorted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
