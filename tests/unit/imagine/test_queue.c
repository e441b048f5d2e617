/* Tests of the priority queue against a list that is searched from end to end. */
#include "imagine/queue.h"

#include "place.h"
#include "quick.h"

#define ITEMS 40u

static void the_queue_gives_what_a_search_through_a_list_gives(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(21));
    epi__queue queue = {0};
    double priorities[ITEMS];
    for (uint32_t i = 0; i < ITEMS; i++) priorities[i] = -1; /* not queued */
    EXPECT(EPI_OK, epi__queue_grow(&queue, ITEMS / 2));
    for (int round = 0; round < 20000; round++) {
        if (round == 5000) EXPECT(EPI_OK, epi__queue_grow(&queue, ITEMS));
        const uint32_t item = (uint32_t)epi__random_below(&random, queue.item_count);
        const bool remove = epi__random_below(&random, 3) == 0;
        priorities[item] = remove ? -1 : (double)epi__random_below(&random, 10); /* many are equal */
        if (remove)
            epi__queue_remove(&queue, item);
        else
            epi__queue_set(&queue, item, priorities[item]);
        uint32_t count = 0, first = 0;
        for (uint32_t i = 0; i < ITEMS; i++) {
            count += priorities[i] >= 0;
            if (priorities[i] > priorities[first]) first = i;
        }
        assert_int_equal(queue.count, count);
        if (count > 0) assert_int_equal(queue.heap[0], first);
    }
    epi__queue_dispose(&queue);
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_queue_gives_what_a_search_through_a_list_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
