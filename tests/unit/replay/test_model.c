/* A model test of replay: random appends, updates, removals, evictions, draws and restarts, against plain arrays.
 *
 *   EPISODIC_TEST_OPERATIONS   how many, a new memory and the next seed every 4000 (4000)
 *   EPISODIC_SEED              the first seed, which is printed
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "quick.h"
#include "stage.h"

#define LIMIT 2500u
#define ROUNDS 4000u
#define ALPHA 0.7

/* What must be true of each step that was ever appended. */
typedef struct model {
    stage s;
    epi__random random;
    epi_replay *replay;
    double raw[STAGE_STEPS_MAX];
    bool live[STAGE_STEPS_MAX], ready[STAGE_STEPS_MAX];
    size_t oldest, live_count;
    double greatest;
} model;

static model m;

static void open_replay(void) {
    epi_replay_options options = epi_replay_options_default();
    options.alpha = ALPHA;
    options.name = "model";
    m.replay = stage_replay(&m.s, &options);
}

/* The oldest go at a commit; what is pending is committed. */
static void commit(void) {
    EXPECT(EPI_OK, epi_sync(NULL, m.s.memory));
    for (; m.live_count > LIMIT; m.oldest++) {
        m.live_count -= m.live[m.oldest];
        m.live[m.oldest] = false;
    }
}

static epi_replay_stats look(void) {
    epi_replay_stats stats;
    EXPECT(EPI_OK, epi_replay_stats_read(&stats, m.replay));
    return stats;
}

/* A sampler that has seen nothing of a step yet gives it the greatest priority at the moment that it does. */
static void append(void) {
    const size_t count = epi__random_below(&m.random, 40) + 1;
    char ends[40];
    if (m.s.count + count > STAGE_STEPS_MAX) return;
    for (size_t i = 0; i < count; i++) ends[i] = "\0\0\0\0\0\0tc"[epi__random_below(&m.random, 8)];
    (void)look();
    for (size_t i = 0; i < count; i++) {
        const size_t at = m.s.count + i;
        if (at > 0 && m.live[at - 1] && !m.ready[at - 1]) {
            m.ready[at - 1] = true;
            m.raw[at - 1] = m.greatest;
        }
        m.live[at] = true;
        m.ready[at] = ends[i] != 0;
        m.raw[at] = m.greatest;
        m.live_count++;
    }
    stage_append(&m.s, count, ends);
    (void)look();
}

static size_t any_step(void) {
    return epi__random_below(&m.random, m.s.count);
}

static void update(void) {
    uint64_t ids[300], stale = 0, expected = 0;
    double raw[300];
    const size_t count = epi__random_below(&m.random, 300);
    if (m.s.count == 0) return;
    for (size_t i = 0; i < count; i++) {
        const size_t at = any_step();
        ids[i] = m.s.ids[at];
        raw[i] = epi__random_below(&m.random, 10) == 0 ? 0 : epi__random_unit(&m.random) * 3;
        expected += !(m.live[at] && m.ready[at]);
        if (!m.live[at] || !m.ready[at]) continue;
        m.raw[at] = raw[i];
        m.greatest = fmax(m.greatest, raw[i]);
    }
    EXPECT(EPI_OK, epi_replay_update(&stale, m.replay, ids, raw, count));
    assert_int_equal(stale, expected);
}

/* A hole: the step before keeps its next observation, so it can still be drawn. */
static void remove_one(void) {
    const size_t at = m.s.count ? any_step() : 0;
    uint64_t removed = 0;
    epi_filter filter = epi_filter_default();
    if (m.s.count == 0 || !m.live[at] || !m.ready[at]) return;
    commit();
    if (!m.live[at]) return;
    filter.steps = &m.s.ids[at];
    filter.step_count = 1;
    EXPECT(EPI_OK, epi_remove(&removed, m.s.space, &filter, false));
    assert_int_equal(removed, 1);
    m.live[at] = false;
    m.live_count--;
}

static double total_of(size_t *steps) {
    double total = 0;
    *steps = 0;
    for (size_t i = m.oldest; i < m.s.count; i++) {
        if (!m.live[i] || !m.ready[i]) continue;
        ++*steps;
        if (m.raw[i] > 0) total += pow(m.raw[i], ALPHA);
    }
    return total;
}

static void sample(void) {
    uint64_t ids[64];
    double chances[64];
    size_t steps = 0;
    epi_batch batch = epi_batch_default();
    const double total = total_of(&steps);
    const epi_replay_stats stats = look();
    assert_int_equal(stats.steps, steps);
    assert_true(fabs(stats.total_priority - total) <= 1e-9 * total);
    batch.size = 64;
    batch.ids = ids;
    batch.probabilities = chances;
    if (!(total > 0)) return;
    EXPECT(EPI_OK, epi_replay_sample(m.replay, &batch, 0.4));
    for (size_t i = 0; i < batch.count; i++) {
        const size_t at = stage_number(&m.s, ids[i]);
        assert_true(at != SIZE_MAX && m.live[at] && m.ready[at] && m.raw[at] > 0);
        assert_true(fabs(chances[i] - pow(m.raw[at], ALPHA) / total) <= 1e-9);
    }
}

static void restart(bool without_saving) {
    commit();
    (void)look();
    EXPECT(EPI_OK, without_saving ? epi_replay_flush(m.replay) : epi_replay_save(m.replay));
    epi_replay_close(m.replay);
    stage_close(&m.s);
    stage_open(&m.s);
    open_replay();
}

static void check_all(void) {
    static double raw[STAGE_STEPS_MAX];
    EXPECT(EPI_OK, epi_replay_priorities(raw, m.replay, m.s.ids, m.s.count));
    for (size_t i = 0; i < m.s.count; i++) assert_true(raw[i] == (m.live[i] && m.ready[i] ? m.raw[i] : -1));
}

static void run(uint64_t seed) {
    epi_transition_limits limits = epi_transition_limits_default();
    memset(&m, 0, sizeof m);
    m.random = epi__random_seed(seed);
    m.greatest = 1;
    stage_make(&m.s);
    limits.max_steps = LIMIT;
    EXPECT(EPI_OK, epi_transitions_limit(m.s.space, &limits));
    open_replay();
    for (size_t round = 0; round < ROUNDS; round++) {
        const uint64_t what = epi__random_below(&m.random, 100);
        if (what < 20) append();
        else if (what < 60) update();
        else if (what < 64) remove_one();
        else if (what < 70) commit();
        else if (what < 71) restart(round % 2 == 0);
        else sample();
        if (round % 200 == 0) check_all();
    }
    check_all();
    commit();
    place_check(m.s.memory);
    epi_replay_close(m.replay);
    stage_remove(&m.s);
}

static void replay_does_what_plain_arrays_do(void **state) {
    (void)state;
    const uint64_t operations = place_seconds("EPISODIC_TEST_OPERATIONS", ROUNDS);
    const uint64_t seed = quick_seed(11);
    for (uint64_t done = 0; done < operations; done += ROUNDS) run(seed + done / ROUNDS);
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {cmocka_unit_test(replay_does_what_plain_arrays_do)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
