/* profile.h - which recall profile suits a space, by what it counts of its steps. */
#ifndef EPI_MEMORY_PROFILE_H
#define EPI_MEMORY_PROFILE_H

#include <episodic/space.h>

#include "../format/record.h"
#include "../store/table.h"

/* Counts a step into (by +1) or out of (by -1) what the choice is made from. */
void epi__profile_count(epi__state *state, const epi__row *row, int by);
/* What recall uses when the caller names nothing: as it was set for the space, or else as its steps suggest. Never
 * EPI_PROFILE_AUTO. reason may be NULL; else it has EPI_PROFILE_REASON_SIZE bytes and says why. */
epi_profile_kind epi__profile_choose(char *reason, const epi__state *state);

#endif
