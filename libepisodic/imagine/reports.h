/* reports.h - what the world answered to joins: where one stood, and how one should have been displaced.
 *
 * A report is about a move, not about two stored steps: whoever stands near by and is to be displaced alike is warned,
 * whichever pieces meet there. Belongs to the traces, guarded by their derived_mutex; a ring of EPI_REPORT_COUNT_MAX.
 */
#ifndef EPI_IMAGINE_REPORTS_H
#define EPI_IMAGINE_REPORTS_H

#include <episodic/imagine.h>

#include "traces.h"

typedef struct epi__reports {
    size_t size; /* floats of a place */
    size_t count, capacity, next; /* next: the oldest, once full */
    float *places;                /* capacity x size */
    float *displacements;         /* capacity x size */
    uint8_t *answers;             /* epi_report */
} epi__reports;

void epi__reports_free(struct epi__reports *reports); /* NULL is allowed */
/* A move: from `place`, displaced as a step that led from `from` to `to`. */
epi_status epi__reports_add(epi__traces *traces, const float *place, const float *from, const float *to,
                            epi_report report);
void epi__reports_clear(epi__traces *traces);
/* A copy for one search; NULL where there are none. Freed with epi__reports_free(). */
epi_status epi__reports_copy(epi__reports **copy, epi__traces *traces);
/* How many reports are about moves within `radius` of this one, in place and in displacement. NULL: none. */
void epi__reports_about(uint32_t *confirmed, uint32_t *refuted, const epi__reports *reports, const float *place,
                        const float *from, const float *to, double radius);

#endif
