/* mark.h - changing what is noted of a step after it was stored: that it was corrected, or forgotten. */
#ifndef EPI_MEMORY_MARK_H
#define EPI_MEMORY_MARK_H

#include "../format/record.h"
#include "../store/table.h"

/* Hides the step, or brings it back when purge_at is EPI_TIME_NONE; *changed when it was not so before. An absent
 * step is passed over. */
epi_status epi__mark_hide(bool *changed, epi__change *change, uint64_t step, int64_t now, int64_t purge_at);
/* Notes that `by` corrects the step. */
epi_status epi__mark_correct(epi__change *change, uint64_t step, const epi__correction *by);
/* Takes a correction that is being removed back: an older one counts again, or else the step itself. */
epi_status epi__mark_uncorrect(epi__change *change, uint64_t step, uint64_t by);
/* For a step that is being removed. */
epi_status epi__mark_remove(epi__change *change, uint64_t step);

#endif
