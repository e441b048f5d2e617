/* Tests of regions: that the way to a goal goes where steps went, round what is between. */
#include <math.h>

#include "imagine/neighbours.h"
#include "walks.h"

/* A horseshoe: from (0, 0) up to (0, 4), over to (4, 4), down to (4, 0). Its ends are 4 apart, and 12 by the way. */
static void add_horseshoe(epi_space *space) {
    float places[25 * 2];
    for (size_t i = 0; i < 25; i++) {
        float along = (float)i * 0.5f;
        places[2 * i] = fminf(fmaxf(along - 4.0f, 0.0f), 4.0f);
        places[2 * i + 1] = along <= 8.0f ? fminf(along, 4.0f) : 12.0f - along;
    }
    walks_add(space, places, 25, 0);
}

static void ways_go_where_steps_went(void **state) {
    static const float ends[2][2] = {{0.0f, 0.0f}, {4.0f, 0.0f}}, nowhere[2] = {90.0f, 90.0f};
    epi__traces *traces = NULL;
    double *away = NULL;
    epi__regions regions;
    epi_space *space = walks_space(*state, "horseshoe");
    add_horseshoe(space);
    EXPECT(EPI_OK, epi__traces_acquire(&traces, space));
    EXPECT(EPI_OK, epi__regions_make(&regions, traces, 0.5));
    EXPECT(EPI_OK, epi__regions_away(&away, &regions, ends[1], 1));
    assert_non_null(away);
    double way = epi__regions_way(&regions, away, ends[0]);
    assert_true(way > 11.0 && way < 13.0);
    assert_true(epi__regions_way(&regions, away, ends[1]) < 1.0);
    assert_true(isinf(epi__regions_way(&regions, away, nowhere)));
    epi__free(away);
    EXPECT(EPI_OK, epi__regions_away(&away, &regions, nowhere, 1));
    assert_null(away);
    epi__regions_dispose(&regions);
    epi__traces_release(traces);
    epi_space_close(space);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ways_go_where_steps_went, place_setup, place_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
