/* quick.h - unit tests make thousands of commits and crash none of them: their directories lie in memory where the
 * system has a file system there, so that no commit waits for a disk. Call quick() first in main(). TMPDIR wins.
 */
#ifndef QUICK_H
#define QUICK_H

#include <stdint.h>

void quick(void);
/* The seed of a model test: EPISODIC_SEED, or a fixed one; printed, so that a failure can be repeated. */
uint64_t quick_seed(uint64_t otherwise);

#endif
