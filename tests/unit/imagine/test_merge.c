/* Tests of merging observations into states, against a search through all of them. */
#include "imagine/merge.h"

#include <math.h>

#include "place.h"
#include "quick.h"

static void within_the_radius_the_nearest_state_is_taken(void **state) {
    (void)state;
    epi__random random = epi__random_seed(quick_seed(12));
    for (uint32_t dimension = 1; dimension <= 5; dimension++) {
        float rows[200][5];
        epi__merge merge;
        EXPECT(EPI_OK, epi__merge_init(&merge, dimension, 0.7, 1000));
        for (size_t i = 0; i < 200; i++) {
            uint32_t placed, best = EPI__NO_ID;
            double least = 0.7 * 0.7;
            for (uint32_t d = 0; d < dimension; d++) rows[i][d] = (float)(epi__random_unit(&random) * 4 - 2);
            for (uint32_t s = 0; s < merge.count; s++) {
                double sum = 0;
                for (uint32_t d = 0; d < dimension; d++)
                    sum += pow((double)epi__merge_centre(&merge, s)[d] - (double)rows[i][d], 2);
                if (sum < least || (sum <= least && best == EPI__NO_ID)) best = s, least = sum;
            }
            const uint32_t before = merge.count;
            EXPECT(EPI_OK, epi__merge_place(&placed, &merge, rows[i]));
            assert_int_equal(placed, best == EPI__NO_ID ? before : best);
        }
        epi__merge_dispose(&merge);
    }
}

int main(void) {
    quick();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(within_the_radius_the_nearest_state_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
