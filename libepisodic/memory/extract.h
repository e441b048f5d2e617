/* extract.h - facts that the process's extractor adds to a step while it is drafted. */
#ifndef EPI_MEMORY_EXTRACT_H
#define EPI_MEMORY_EXTRACT_H

#include "draft.h"

/* What was extracted lies in the arena of the drafts. */
struct epi_extraction {
    epi__arena *arena;
    epi_fact facts[EPI_FACT_COUNT_MAX];
    size_t count;
};

/* Whether the process has an extractor for the space. */
bool epi__extracts(epi__mirror *mirror);
/* Shows a drafted step to it, and puts what it says beside the facts of the draft. An extractor that fails is logged,
 * and costs the step nothing. */
epi_status epi__extract(epi__draft *draft, epi__arena *arena, epi__mirror *mirror, epi__scratch *scratch,
                        const epi_step *step);
void epi__extractor_close(epi__mirror *mirror);

#endif
