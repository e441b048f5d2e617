/* Filters by time: whatever index they are answered from, they mean what looking at each step would give. */
#include <stdio.h>
#include <stdlib.h>

#include "place.h"

enum { STEPS = 500, WINDOWS = 300, SPAN = 1000 }; /* seconds; short, so that borders meet */

typedef struct event {
    epi_time from, to; /* to EPI_TIME_NONE: an instant */
    bool tagged;
} event;

static uint64_t seed = 4711;

static uint32_t below(uint32_t limit) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % limit;
}

static epi_time second(uint32_t n) {
    return epi_time_from_unix(1700000000) + (epi_time)n * 1000000;
}

static void fill(epi_space *space, event events[STEPS]) {
    static epi_part parts[STEPS][2];
    static epi_step steps[STEPS];
    static const char *const tags[] = {"odd"};
    epi_episode *episode = place_episode(space);
    for (size_t i = 0; i < STEPS; i++) {
        uint32_t at = below(SPAN);
        events[i] = (event){second(at), below(3) ? EPI_TIME_NONE : second(at + 1 + below(SPAN / 4)), below(2) == 1};
        steps[i] = place_step(parts[i], "Something happened.");
        steps[i].event_time = events[i].from;
        steps[i].event_end = events[i].to;
        steps[i].tags = events[i].tagged ? tags : NULL;
        steps[i].tag_count = events[i].tagged;
    }
    EXPECT(EPI_OK, epi_episode_append_many(NULL, episode, steps, STEPS));
    epi_episode_close(episode);
}

static bool overlaps(const event *e, const epi_filter *f) {
    epi_time to = e->to == EPI_TIME_NONE ? e->from + 1 : e->to;
    return (f->from == EPI_TIME_NONE || to > f->from) && (f->to == EPI_TIME_NONE || e->from < f->to) &&
           (f->tag_count == 0 || e->tagged);
}

/* The k newest are what recall gives for a filter alone. */
static void assert_newest(epi_space *space, const epi_filter *filter, size_t wanted) {
    epi_recollection *found = NULL;
    epi_cue cue = epi_cue_default();
    epi_recall_options options = epi_recall_options_default();
    cue.filter = *filter;
    options.k = STEPS;
    options.scene_margin = 0;
    EXPECT(EPI_OK, epi_recall(&found, space, &cue, &options));
    assert_int_equal(epi_recollection_hit_count(found), wanted);
    epi_recollection_free(found);
}

static void a_filter_by_time_means_what_each_step_says(void **state) {
    static event events[STEPS];
    static const char *const tags[] = {"odd"};
    epi_space *space = ((place *)*state)->space;
    fill(space, events);
    for (int i = 0; i < WINDOWS; i++) {
        epi_filter filter = epi_filter_default();
        uint32_t from = below(SPAN + 200), kind = below(4);
        uint64_t wanted = 0, counted = 0;
        if (kind != 0) filter.from = second(from);
        if (kind != 1) filter.to = second(from + 1 + below(kind == 2 ? 3 : SPAN));
        filter.tags = tags;
        filter.tag_count = below(2);
        for (size_t s = 0; s < STEPS; s++) wanted += overlaps(&events[s], &filter);
        EXPECT(EPI_OK, epi_forget(&counted, space, &filter, 0, true));
        if (counted != wanted) fail_msg("window %d of kind %u: %d steps, not %d", i, kind, (int)counted, (int)wanted);
        assert_newest(space, &filter, wanted);
    }
}

static void steps_out_of_a_time_stay_when_it_is_forgotten(void **state) {
    static event events[STEPS];
    place *p = *state;
    uint64_t count = 0, wanted = 0;
    epi_filter filter = epi_filter_default();
    fill(p->space, events);
    filter.from = second(300);
    filter.to = second(500);
    for (size_t s = 0; s < STEPS; s++) wanted += overlaps(&events[s], &filter);
    EXPECT(EPI_OK, epi_forget(&count, p->space, &filter, 0, false));
    assert_int_equal(count, wanted);
    assert_int_equal(place_stats(p->space).forgotten, wanted);
    assert_newest(p->space, &filter, 0);
    EXPECT(EPI_OK, epi_restore(&count, p->space, &filter));
    assert_int_equal(count, wanted);
    EXPECT(EPI_OK, epi_remove(&count, p->space, &filter, false));
    assert_int_equal(count, wanted);
    assert_int_equal(place_stats(p->space).steps, STEPS - wanted);
    place_check(p->memory);
}

#define PLACE_TEST(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        PLACE_TEST(a_filter_by_time_means_what_each_step_says),
        PLACE_TEST(steps_out_of_a_time_stay_when_it_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
