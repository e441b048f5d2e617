/* replay.h - what the files of replay/ share: the handle, and the way of a batch through it.
 *
 *     replay.c    handles, the public calls, waiting
 *     follow.c    steps that are new or gone, from the column module's looks into the priorities
 *     draw.c      leaves, by the sampler; their probabilities and weights
 *     views.c     what the options say of views, checked once
 *     plan.c      what a batch asks for: how each column is filled
 *     gather.c    the columns of what was drawn; fetch.c: their pages, where the disk must be waited for
 *     borrow.c    rows that are lent where they lie
 *     window.c    along an episode, and n-step windows; sequence.c, stack.c, goal.c: the other views
 *     prefetch.c  a thread that draws ahead
 *     flush.c     priorities and states in the store
 *     priority*.c the shared block; heap.c
 *
 * A batch: snapshot, mutex, follow, draw, mutex given back, gather, snapshot ended. The snapshot comes first in every
 * call, so that the two are always taken in the same order. Before both comes the handle's own lock.
 */
#ifndef EPI_REPLAY_REPLAY_H
#define EPI_REPLAY_REPLAY_H

#include "../column/column.h"
#include "priority.h"

/* What this handle's process sees of a seat. Leaves may be ahead of it: another process has steps pending. */
typedef struct epi__seat_view {
    uint64_t chunk;
    uint32_t ready; /* slots below can be read, with what follows them */
} epi__seat_view;

/* A slot that goes into a batch; chunk NULL: none. */
typedef struct epi__pick {
    epi__chunk *chunk;
    const uint8_t *data;
    uint32_t slot;
    bool trained; /* of a sequence: no burn-in */
} epi__pick;

/* The steps that one stands for: from itself to `last`. */
typedef struct epi__window {
    epi__pick last;
    uint32_t steps;
    unsigned flags;  /* of the last one */
    double reward;   /* discounted sum */
    double discount; /* behind the last step */
} epi__window;

/* The options' views, resolved. A row has `span` cells, a step each. */
typedef struct epi__views {
    size_t span;                       /* burn_in + length, or 1 */
    uint32_t length, period, burn_in;  /* of sequences; length 0: none */
    uint32_t stack;                    /* frames, at least 1 */
    bool has_windows;                  /* each cell has one */
    bool relabels;
    int achieved, desired;             /* columns, of HER */
    int states[EPI_STATE_COUNT_MAX];   /* columns */
    size_t state_count;
} epi__views;

/* How one column of a batch is filled. */
typedef enum epi__gather_kind {
    EPI__GATHER_FIRST,  /* a column of the step itself */
    EPI__GATHER_NEXT,   /* the observation behind the window */
    EPI__GATHER_STACK,  /* the frames up to the step; up to what is behind the window */
    EPI__GATHER_NEXT_STACK,
    EPI__GATHER_FLAG,   /* a bit of the window's end */
    EPI__GATHER_REWARD, /* the window's sum */
    EPI__GATHER_DISCOUNT,
    EPI__GATHER_MASK,    /* of the window */
    EPI__GATHER_PRESENT, /* of the sequence: there is a step */
    EPI__GATHER_TRAINED, /* ... and it is no burn-in */
    EPI__GATHER_GOAL,
    EPI__GATHER_RELABELLED
} epi__gather_kind;

typedef struct epi__gather_plan {
    epi__gather_kind kind;
    unsigned bit;
    int column;   /* of the layout */
    size_t width; /* bytes of a cell */
    size_t cells; /* of a row: span, or 1 for its first cell only */
    size_t fetch; /* bytes to have on their way before a cell is copied */
    epi_column to;
} epi__gather_plan;

#define EPI__GATHER_MAX (EPI_PART_COUNT_MAX + 8u)

/* Room for the largest batch so far. */
typedef struct epi__draws {
    size_t room;
    size_t count;
    uint32_t *leaves;
    uint32_t *fresh;       /* of one round */
    double *prefixes;
    double *chances;       /* share of the total, before it is divided by that */
    size_t cell_room;
    epi__pick *picks;      /* of each cell */
    epi__window *windows;  /* of each cell, if they are used */
    epi__pick *goals;      /* of each row: whose achievement its new goal is; NULL without HER */
    uint32_t *taken;       /* a hash set of leaves + 1 */
    size_t taken_mask;
    uint32_t *excluded;    /* leaves that are out of the tree until the batch is drawn */
    size_t excluded_count;
    double total, least;   /* of the chances, when the batch began */
} epi__draws;

struct epi_replay {
    epi_space *space;
    epi__mirror *mirror;
    epi__columns *columns;
    const epi__layout *layout;
    epi_replay_options options;
    epi__views views;
    pthread_mutex_t lock; /* of the handle: one call at a time */
    char *name; /* NULL: private */
    uint64_t name_hash;
    epi__priorities priorities;
    epi__random random;

    epi__seat_view *seats;
    size_t seat_count;
    epi__map seat_of;   /* chunk -> seat */
    uint64_t next_look; /* the first that was not seen */

    epi__draws draws;
    epi__buffer orphans; /* chunks, u64 each, whose priorities are stored and which are gone: for the next flush */

    epi__gather_plan plan[EPI__GATHER_MAX];
    size_t plan_count;
    const epi_batch *planned; /* whose plan it is */
    epi__tx lent;    /* of borrow.c: keeps what is lent as it was; txn NULL: nothing is */
    uint8_t *copied; /* of borrow.c: columns that are lent where the store has none as they are read, or NULL */
    uint64_t waits;  /* of fetch.c: pages waited for when the batch began */
    uint32_t fetches; /* batches whose pages are still to be asked for beforehand */
    double *ranks; /* running sums of rank^-alpha */
    size_t rank_count;
};

/* follow.c, within a snapshot and under the mutex. */
epi_status epi__follow(epi_replay *replay, epi__snapshot *snapshot);
/* Looks at every slot, and takes away what there is no chunk for. */
epi_status epi__follow_all(epi_replay *replay, epi__snapshot *snapshot);
/* Priorities of a chunk as they were flushed: f64 a slot, and u32 draws a slot or nothing. */
epi_status epi__follow_restore(epi_replay *replay, epi__snapshot *snapshot, uint64_t chunk, epi__view raw,
                               epi__view times);
/* Sets the keys of all steps, in a block of another sampler whose raw priorities were kept. */
epi_status epi__follow_keys(epi_replay *replay, epi__snapshot *snapshot);
/* For who opens a block alone: takes away steps that a process told of and died before it stored them. */
void epi__follow_settle(epi_replay *replay);
/* The leaves of those ids that have a step now, and the ids' places among all of them. */
size_t epi__follow_find(uint32_t *leaves, uint32_t *places, const epi_replay *replay, const uint64_t *ids,
                        size_t count);
static inline bool epi__follow_sees(const epi_replay *replay, uint32_t leaf) {
    const uint32_t seat = leaf >> replay->layout->shift, slot = leaf & (replay->layout->capacity - 1);
    return seat < replay->seat_count && slot < replay->seats[seat].ready &&
           replay->seats[seat].chunk == replay->priorities.seats[seat].chunk;
}
static inline uint64_t epi__follow_id(const epi_replay *replay, uint32_t leaf) {
    const uint32_t seat = leaf >> replay->layout->shift, slot = leaf & (replay->layout->capacity - 1);
    return (replay->seats[seat].chunk << replay->layout->shift) + slot;
}

/* draw.c, under the mutex: fills replay->draws with at most `count` leaves. */
epi_status epi__draw(epi_replay *replay, size_t count);
void epi__draws_dispose(epi__draws *draws);
/* Weights, and probabilities, of what was drawn; each may be NULL. */
void epi__draw_weights(double *weights, double *probabilities, epi_replay *replay, double beta);

/* replay.c: as epi_replay_sample(); *stop true ends the waiting, with EPI_ECLOSED. */
epi_status epi__replay_sample(epi_replay *replay, epi_batch *batch, double beta, const atomic_bool *stop);
/* Checks a batch as epi_replay_sample() would; bytes of a row of each column. */
epi_status epi__replay_row_sizes(size_t *sizes, epi_replay *replay, const epi_batch *batch, double beta);

/* views.c: checks the options of views and resolves them. */
epi_status epi__views_resolve(epi_replay *replay);
/* The role of a name, and its place in the schema; NULL: there is none. */
const epi_role *epi__views_role(const epi_replay *replay, const char *name, int *place);

/* plan.c: checks the columns of a batch and plans how they are filled. */
epi_status epi__gather_check(epi_replay *replay, const epi_batch *batch);
/* gather.c: fills them for what was drawn. As all below within the snapshot. */
epi_status epi__gather(epi_replay *replay, epi__snapshot *snapshot);
/* fetch.c: around gathering, once it is known which steps. */
void epi__fetch_begin(epi_replay *replay);
void epi__fetch_end(epi_replay *replay);
/* borrow.c: as epi_replay_borrow(), and the end of it. */
epi_status epi__borrow(size_t *count, epi_column *columns, size_t column_count, epi_replay *replay, uint64_t first,
                       size_t most);
void epi__borrow_return(epi_replay *replay);
/* stack.c: the frames of a column. */
epi_status epi__stack_gather(const epi__gather_plan *plan, const epi_replay *replay, epi__snapshot *snapshot);

/* window.c: a pick's data; and from it to the step behind (before) it in its episode, if that can be read: chunk NULL
 * where not. */
epi_status epi__pick_data(epi__pick *pick, epi__snapshot *snapshot);
epi_status epi__pick_on(epi__pick *pick, const epi_replay *replay, epi__snapshot *snapshot);
epi_status epi__pick_back(epi__pick *pick, epi__snapshot *snapshot);
/* The windows of all cells. */
epi_status epi__windows_make(epi_replay *replay, epi__snapshot *snapshot);
static inline unsigned epi__pick_flags(const epi_replay *replay, const epi__pick *pick) {
    return epi__slot_flags(replay->layout, pick->chunk, pick->data, pick->slot);
}
static inline const void *epi__pick_at(const epi_replay *replay, const epi__pick *pick, int column) {
    return epi__slot_at(replay->layout, pick->data, column, pick->slot);
}
/* The last step of a cell's window; without windows, the cell's own. */
static inline const epi__pick *epi__cell_last(const epi_replay *replay, size_t cell) {
    return replay->views.has_windows ? &replay->draws.windows[cell].last : &replay->draws.picks[cell];
}

/* sequence.c: the first step of the sequence that is complete with this step; chunk NULL: none is. */
epi_status epi__sequence_first(epi__pick *first, const epi_replay *replay, epi__snapshot *snapshot,
                               const epi__pick *last);
/* Whether the step can be drawn: it is ready, and a complete sequence begins with it. */
epi_status epi__sequence_begins(bool *begins, const epi_replay *replay, epi__snapshot *snapshot,
                                const epi__pick *first);
/* The cells of a row. */
epi_status epi__sequence_pick(epi__pick *cells, const epi_replay *replay, epi__snapshot *snapshot,
                              const epi__pick *drawn);

/* goal.c: which rows get another goal, and whose. */
epi_status epi__goals_choose(epi_replay *replay, epi__snapshot *snapshot);
/* The reward of a step under another goal; *flags become what they are then. */
epi_status epi__goal_reward(double *reward, unsigned *flags, const epi_replay *replay, const epi__pick *step,
                            const epi__pick *goal);

/* flush.c */
typedef struct epi__sampler_record {
    uint64_t nonce;
    bool saved; /* the rest is there */
    epi__random random;
    epi__priority_counts counts;
} epi__sampler_record;
/* The record of the handle's name; made when there is none. */
epi_status epi__sampler_open(epi__sampler_record *record, epi_replay *replay);
epi_status epi__sampler_save(epi_replay *replay);
/* Raw priorities of the store into an empty block, whose seats were taken. */
epi_status epi__sampler_load(epi_replay *replay, epi__snapshot *snapshot);
epi_status epi__sampler_flush(epi_replay *replay);
/* Flushes when it is time to. */
epi_status epi__sampler_flush_due(epi_replay *replay);

#endif
