/* ids.h - a growing list of numbers that costs 16 bytes while it has one: most pairs of a large graph were tried once,
 * and most states have one cause.
 *
 * Invariant: `many` is in use when count > 1, and its room is then the least power of two that holds count.
 */
#ifndef EPI_IMAGINE_IDS_H
#define EPI_IMAGINE_IDS_H

#include "../base/base.h"

typedef struct epi__ids {
    uint32_t count;
    union {
        uint32_t one;
        uint32_t *many;
    } at;
} epi__ids;

static inline const uint32_t *epi__ids_all(const epi__ids *ids) {
    return ids->count > 1 ? ids->at.many : &ids->at.one;
}

/* False: out of memory, list unchanged. */
static inline bool epi__ids_push(epi__ids *ids, uint32_t id) {
    if (ids->count == 0) {
        ids->at.one = id;
    } else if ((ids->count & (ids->count - 1)) == 0) { /* full */
        uint32_t *many = epi__realloc(ids->count > 1 ? ids->at.many : NULL, (size_t)ids->count * 2, sizeof *many);
        if (!many) return false;
        if (ids->count == 1) many[0] = ids->at.one;
        ids->at.many = many;
    }
    if (ids->count > 0) ids->at.many[ids->count] = id;
    ids->count++;
    return true;
}

static inline void epi__ids_dispose(epi__ids *ids) {
    if (ids->count > 1) epi__free(ids->at.many);
    *ids = (epi__ids){0};
}

#endif
