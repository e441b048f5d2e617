/* clock.c - the two clocks: the wall clock, which says when, and the monotonic one, which says how long.
 *
 * Only the edge of the library asks the wall clock; below it, time is an argument.
 */
#include "base.h"

#include <time.h>

int64_t epi__clock_now_us(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint64_t epi__clock_monotonic_us(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}
