/* filter.h - whether a stored step is meant by a caller's filter, and which steps of a space are. */
#ifndef EPI_MEMORY_FILTER_H
#define EPI_MEMORY_FILTER_H

#include <episodic/episode.h>

#include "mirror.h"

typedef struct epi__filter {
    const epi_filter *given;
    epi__mirror *mirror;
    epi__map steps; /* the given ids, as sets */
    epi__map episodes;
    epi__buffer *parts; /* one a given part: its value, folded where its role is a keyword */
    int roles[EPI_PART_COUNT_MAX];
    epi__buffer text;
    uint64_t tagged_episode; /* the last episode whose tags were looked at */
    uint64_t tagged_mask;    /* which of the given tags it has */
} epi__filter;

/* Checks the filter and makes it ready. EPI_EINVAL EPI_ELIMIT EPI_EROLE EPI_EUTF8. */
epi_status epi__filter_init(epi__filter *filter, epi__mirror *mirror, const epi_filter *given);
void epi__filter_dispose(epi__filter *filter); /* also of a zeroed one */
bool epi__filter_is_empty(const epi_filter *given);

/* Whether a step may be seen at all: not forgotten, not superseded at the filter's time. */
bool epi__filter_sees_marked(const epi__filter *filter, uint64_t step);
static inline bool epi__filter_sees(const epi__filter *filter, uint64_t step) {
    return filter->mirror->mark_count == 0 || epi__filter_sees_marked(filter, step);
}
epi_status epi__filter_match(bool *match, epi__filter *filter, epi__snapshot *snapshot, uint64_t step,
                             const epi__row *row);

/* The ids of all steps that match, in order. Freed with epi__free. */
epi_status epi__filter_collect(uint64_t **ids, size_t *count, epi__filter *filter, epi__snapshot *snapshot);

/* One row; EPI_ENOTFOUND sets no last error. */
epi_status epi__row_read(epi__row *row, epi__snapshot *snapshot, uint64_t step);

#endif
