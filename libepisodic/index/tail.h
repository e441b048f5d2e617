/* tail.h - the newest vectors, searched exactly; a queue from which the graph takes the oldest first.
 *
 * An item has a position: how many were ever put in before it. Positions do not change while the item is in the tail.
 */
#ifndef EPI_INDEX_TAIL_H
#define EPI_INDEX_TAIL_H

#include "index.h"

typedef struct epi__tail {
    uint64_t *ids;
    float *vectors;
    bool *is_removed;
    size_t dimension;
    size_t first; /* the oldest item not yet taken */
    size_t end;   /* behind the newest */
    size_t capacity;
    size_t live;     /* of first .. end, those not removed */
    uint64_t before; /* the position of item 0 */
} epi__tail;

void epi__tail_dispose(epi__tail *tail);
epi_status epi__tail_reserve(epi__tail *tail, size_t more);
/* After a reserve: cannot fail. */
void epi__tail_put(epi__tail *tail, const uint64_t *ids, const float *vectors, size_t count);
static inline uint64_t epi__tail_next_position(const epi__tail *tail) {
    return tail->before + tail->end;
}
static inline const float *epi__tail_vector(const epi__tail *tail, uint64_t position) {
    return tail->vectors + (size_t)(position - tail->before) * tail->dimension;
}
void epi__tail_remove(epi__tail *tail, uint64_t position);
/* Steps over removed items to the oldest live one; false when there is none. Both outputs are borrowed from the tail.
 * */
bool epi__tail_oldest(epi__tail *tail, uint64_t *id, const float **vector);
/* Drops the oldest item. */
void epi__tail_take(epi__tail *tail);
/* Pushes every live item that the filter (may be NULL) lets through. */
void epi__tail_search(const epi__tail *tail, epi__topk *topk, const float *query, epi__metric metric,
                      epi__index_filter filter, void *context);

#endif
