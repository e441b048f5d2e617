/* remove.h - taking steps out for good; for upkeep. */
#ifndef EPI_MEMORY_REMOVE_H
#define EPI_MEMORY_REMOVE_H

#include "mirror.h"

/* Removes steps and all that is derived from them, in bounded transactions. Absent ones are passed over. */
epi_status epi__remove_steps(uint64_t *removed, epi__mirror *mirror, const uint64_t *ids, size_t count);

#endif
