/* kernel.h - how often something comes true in situations like one at hand: a weighted mean over what was seen, where
 * each attribute has its own say in what is alike.
 *
 * A case weighs the product over attributes of level^(distance / EPI__FAR): an attribute of level 1 does not matter,
 * one of level .03 all but rules out cases that differ in it. Levels are learned from the cases alone: one attribute
 * at a time gets the level with which the other cases foretell each case best, as long as that is worth its price.
 */
#ifndef EPI_IMAGINE_KERNEL_H
#define EPI_IMAGINE_KERNEL_H

#include "features.h"

typedef struct epi__kernel {
    uint8_t level[EPI__ATTRIBUTES_MAX]; /* places in the table of levels; 0: does not matter */
    double strength;                    /* how many cases the prior is worth */
    double prior;                       /* the rate where nothing is alike */
} epi__kernel;

#define EPI__KERNEL_CASES_MAX 192u /* cases that a kernel is learned from; of more, evenly spread ones */

/* distances: attributes x count x count, count at most EPI__KERNEL_CASES_MAX. base: the rate to begin with. */
epi_status epi__kernel_fit(epi__kernel *kernel, const uint8_t *distances, size_t attributes, size_t count,
                           const bool *labels, double base);
/* What a case weighs whose attributes lie so far away. 1 where all that matters is the same. */
double epi__kernel_weight(const epi__kernel *kernel, const uint8_t *distances, size_t attributes);

/* The rate over cases of `weight` in all, `hits` of which came true. */
static inline double epi__kernel_rate(const epi__kernel *kernel, double weight, double hits) {
    return (hits + kernel->strength * kernel->prior) / (weight + kernel->strength);
}
/* Wilson's interval about a rate over n cases, n > 0. */
void epi__wilson(double *low, double *high, double rate, double n, double confidence);

#endif
