/* quick.c - see quick.h. */
#include "quick.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void quick(void) {
    if (access("/dev/shm", W_OK | X_OK) == 0) (void)setenv("TMPDIR", "/dev/shm", 0);
}

uint64_t quick_seed(uint64_t otherwise) {
    const char *text = getenv("EPISODIC_SEED");
    uint64_t seed = text && *text ? strtoull(text, NULL, 10) : otherwise;
    (void)printf("EPISODIC_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}
