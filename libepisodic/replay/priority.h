/* priority.h - the priorities of a sampler: one block of memory, private or shared by all processes that use its name.
 *
 *     head      what it belongs to, the mutex, counts
 *     seats     of each seat: whose chunk's slots its leaves are
 *     raw       of each leaf: the priority as it was given, or that there is no step
 *     derived   a sum tree over p = raw^alpha, or keys and a heap, by the kind of sampler
 *     times     of each leaf: how often it was drawn; only with max_times_sampled
 *
 * leaf = seat x chunk capacity + slot. Raw values are 8 bytes and aligned, so never torn; all that is derived is a
 * function of them, and is computed anew when a process died while it held the mutex.
 * Who finds steps that are new or gone, in whatever process, says so here under the mutex; saying it twice does
 * nothing.
 * Ownership: the struct is a process's view of the block; capacity grows by moving to a larger block.
 */
#ifndef EPI_REPLAY_PRIORITY_H
#define EPI_REPLAY_PRIORITY_H

#include <pthread.h>

#include <episodic/replay.h>

#include "../base/base.h"
#include "../math/sumtree.h"

#define EPI__RAW_NONE (-1.0) /* no step in this slot yet */
#define EPI__RAW_GONE (-2.0) /* there was one */

#define EPI__NAMED_MAGIC UINT64_C(0x31797469726f6972) /* "riority1" */

/* What tells one sampler from another. */
typedef struct epi__priority_kind {
    uint32_t space;
    uint32_t sampler;   /* epi_sampler */
    uint32_t shift;     /* slots of a chunk: 1 << shift */
    uint32_t max_times; /* 0: no bound */
    uint32_t length;    /* of sequences; 0: single steps */
    uint32_t period;    /* steps from one sequence's first to the next one's */
    double alpha;       /* 0 unless it is used */
    uint64_t nonce;     /* of the name's record in the store */
} epi__priority_kind;

/* Counts that are saved with the memory on request. */
typedef struct epi__priority_counts {
    uint64_t inserted, sampled, updated;
    double greatest; /* raw */
} epi__priority_counts;

typedef struct epi__priority_head {
    uint64_t magic;
    uint64_t boot; /* of the system that wrote it: what an earlier one wrote may have been lost in part */
    epi__priority_kind kind;
    uint64_t capacity; /* leaves, a multiple of a chunk's */
    uint64_t size;     /* bytes of the block */
    uint64_t live;     /* leaves with a step */
    uint64_t ordered;  /* of the heap */
    epi__priority_counts counts;
    uint64_t unflushed;       /* updates since the last flush */
    uint64_t flushed_us;      /* monotonic */
    uint32_t moved;           /* a larger block has taken its place */
    uint32_t ready;           /* it was filled in to the end */
    pthread_mutex_t mutex;    /* robust; of all that follows */
} epi__priority_head;

typedef struct epi__priority_seat {
    uint64_t chunk;   /* whose slots these leaves are; 0: none */
    uint64_t flushed; /* chunk that has a record in the store for this seat; 0: none */
    uint32_t changes; /* counted before each change of its raw values */
    uint32_t written; /* how many of them the store has: behind while some are to be flushed */
} epi__priority_seat;

typedef struct epi__priorities {
    epi__priority_head *head; /* the block */
    epi__priority_seat *seats;
    double *raw;
    epi__sumtree tree; /* PROPORTIONAL and UNIFORM */
    double *keys;      /* the others: the greatest comes first */
    uint32_t *heap;    /* leaves, by place */
    uint32_t *places;  /* of each leaf: its place + 1, or 0 */
    uint32_t *times;   /* NULL: not counted */
    size_t capacity;
    uint32_t shift;
    epi__priority_kind kind;
    char *path; /* of the file; NULL: private */
    int lock_file;
    bool first;  /* no other handle had it when it was opened */
    bool filled; /* what the block holds was kept; else it is empty */
    bool keyless; /* it was another sampler's, which has no keys of time: they are still to be set */
} epi__priorities;

static inline bool epi__priorities_has_tree(const epi__priorities *priorities) {
    return priorities->kind.sampler <= EPI_SAMPLER_PROPORTIONAL;
}
static inline double epi__priorities_key_at(const epi__priorities *priorities, uint32_t leaf) {
    return epi__priorities_has_tree(priorities) ? priorities->tree.sums[0][leaf] : priorities->keys[leaf];
}

/* The lines that setting a leaf's priority will touch first. */
EPI__INLINE void epi__priorities_prefetch(const epi__priorities *priorities, uint32_t leaf) {
    EPI__PREFETCH(priorities->raw + leaf);
    if (epi__priorities_has_tree(priorities)) epi__sumtree_prefetch(&priorities->tree, leaf);
}

/* Bytes of a block. */
size_t epi__priorities_size(const epi__priority_kind *kind, size_t capacity);
/* A view of a block of this size. */
void epi__priorities_view(epi__priorities *priorities, void *block);
/* Fills in an empty block: no steps. The memory is zero. */
epi_status epi__priorities_init(epi__priorities *priorities, void *block, size_t capacity);

/* priority_file.c. path NULL: private. `room` leaves at least. Until epi__priorities_opened(), nobody else can open it.
 * EPI_EMISMATCH: in use as another kind. */
epi_status epi__priorities_open(epi__priorities *priorities, const char *path, const epi__priority_kind *kind,
                                size_t room);
/* The block is filled in: others may open it. */
void epi__priorities_opened(epi__priorities *priorities);
void epi__priorities_close(epi__priorities *priorities);
/* Room for so many leaves: the block, or a larger one that takes its place. Under the mutex. */
epi_status epi__priorities_reserve(epi__priorities *priorities, size_t room);
/* Takes the mutex, in the block that is in use now. */
epi_status epi__priorities_lock(epi__priorities *priorities);
void epi__priorities_unlock(epi__priorities *priorities);

/* Under the mutex: */

/* Computes all that is derived from raw values (and, for FIFO and LIFO, keys). */
void epi__priorities_rebuild(epi__priorities *priorities);
/* Sets raw priorities of leaves that have a step, or get one. `values` is used up. For FIFO and LIFO, keys must have
 * been set. */
void epi__priorities_set(epi__priorities *priorities, const uint32_t *leaves, double *values, size_t count);
/* The leaves' steps are gone, or (RAW_NONE) never were. */
void epi__priorities_clear(epi__priorities *priorities, const uint32_t *leaves, double raw, size_t count);
/* Takes leaves out of what can be drawn, and puts them back in, their raw values unchanged. */
void epi__priorities_exclude(epi__priorities *priorities, const uint32_t *leaves, size_t count);
void epi__priorities_include(epi__priorities *priorities, const uint32_t *leaves, size_t count);
/* Makes a seat's leaves those of a chunk, without steps; chunk 0: of none. */
void epi__priorities_seat(epi__priorities *priorities, uint32_t seat, uint64_t chunk);

/* heap.c: the leaf with the greatest key is at place 0; of equal keys the lower leaf comes first. */
void epi__heap_put(epi__priorities *priorities, uint32_t leaf); /* after its key was set, or changed */
void epi__heap_remove(epi__priorities *priorities, uint32_t leaf);
/* Sorts the whole: a heap too, and one that does not depend on how it came about. */
void epi__heap_sort(epi__priorities *priorities);

#endif
