/* A test of asking for pages beforehand: the batches are those that come without. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "quick.h"
#include "replay/replay.h"
#include "stage.h"

#define SIZE 64u
#define STACK 4u

static stage s;

typedef struct rows {
    uint64_t ids[SIZE];
    float observations[SIZE][STACK], next_observations[SIZE][STACK], rewards[SIZE];
    int32_t actions[SIZE];
} rows;

static void draw(rows *into, epi_replay *replay) {
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, into->observations[0]),
                                  epi_column_f32(EPI_NEXT_OBSERVATION, into->next_observations[0]),
                                  epi_column_f32(EPI_REWARD, into->rewards),
                                  epi_column_of(EPI_ACTION, EPI_I32, into->actions, 0)};
    epi_batch batch = epi_batch_default();
    memset(into, 0, sizeof *into);
    batch.size = SIZE;
    batch.columns = columns;
    batch.column_count = 4;
    batch.ids = into->ids;
    EXPECT(EPI_OK, epi_replay_sample(replay, &batch, 0.4));
    assert_int_equal(batch.count, SIZE);
}

/* Sealed chunks in the map, an open one in the heap; windows and stacks over chunks' ends. */
static void check(uint32_t n_step, uint32_t frame_stack) {
    rows with, without;
    epi_replay_options options = epi_replay_options_default();
    options.n_step = n_step;
    options.frame_stack = frame_stack;
    epi_replay *asking = stage_replay(&s, &options), *other = stage_replay(&s, &options);
    for (size_t i = 0; i < 100; i++) {
        asking->fetches = 2;
        draw(&with, asking);
        assert_int_not_equal(asking->fetches, 2);
        draw(&without, other);
        assert_memory_equal(&with, &without, sizeof with);
    }
    epi_replay_close(asking);
    epi_replay_close(other);
}

static void batches_are_the_same_when_their_pages_are_asked_for(void **state) {
    (void)state;
    stage_make(&s);
    for (size_t i = 0; i < 40; i++) stage_append(&s, 450, NULL);
    EXPECT(EPI_OK, epi_sync(NULL, s.memory));
    stage_append(&s, 70, NULL);
    check(1, 1);
    check(3, 1);
    check(1, STACK);
    check(3, STACK);
    stage_remove(&s);
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {cmocka_unit_test(batches_are_the_same_when_their_pages_are_asked_for)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
