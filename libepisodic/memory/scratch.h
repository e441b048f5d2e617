/* scratch.h - what a call needs and gives back: analyzers and accumulators are not cheap to make, and take some 150 KB.
 * One pool serves all spaces of a store, so that many spaces cost no more than few.
 */
#ifndef EPI_MEMORY_SCRATCH_H
#define EPI_MEMORY_SCRATCH_H

#include <pthread.h>

#include "../lexical/lexical.h"

/* What the words of a cue have given a step so far. */
typedef struct epi__cell {
    float score;    /* BM25 */
    uint32_t words; /* which of them it has, by place, the 31st and all behind it one; the last bit is recall's own */
} epi__cell;

typedef struct epi__scratch {
    struct epi__scratch *next;
    bool plain; /* the analyzer's language is "none" */
    epi__analyzer *analyzer;
    epi__document document;
    size_t said; /* its first terms, which are words of the text; dates, keywords and tags come behind */
    epi__buffer buffer;
    epi__buffer text;
    epi__cell *cells; /* by step id; all zero between calls */
    size_t cell_count;
    uint64_t *touched;
    size_t touched_count, touched_capacity;
} epi__scratch;

typedef struct epi__scratches {
    pthread_mutex_t mutex;
    epi__scratch *free[2]; /* by plain */
} epi__scratches;

void epi__scratches_init(epi__scratches *scratches);
void epi__scratches_dispose(epi__scratches *scratches);

struct epi__mirror;
/* One that fits the space's language. */
epi_status epi__scratch_take(epi__scratch **scratch, struct epi__mirror *mirror);
void epi__scratch_give(epi__scratch *scratch, struct epi__mirror *mirror); /* NULL is allowed */

#endif
