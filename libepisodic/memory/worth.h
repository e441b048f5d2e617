/* worth.h - how much a space's vectors tell beside its words, found out from its own steps without labels. */
#ifndef EPI_MEMORY_WORTH_H
#define EPI_MEMORY_WORTH_H

#include "generation.h"

/* The weight that a vector arm deserves beside a lexical one of weight 1, both scaled to their best; below 0: it was
 * not measured yet. */
double epi__worth_of(const epi__state *state);

/* Measures it when it is due: enough vectors for the first time, or twice as many as the last time. */
epi_status epi__worth_measure(epi__mirror *mirror);

#endif
