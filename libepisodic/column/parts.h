/* parts.h - what the files of column/ share.
 *
 *   layout.c    schema -> columns of a chunk
 *   columns.c   what a process knows of a space: chunks, seats, looks
 *   load.c      bringing that to a transaction's state
 *   slot.c      steps, their neighbours and episodes
 *   lane.c      recorders by name, lanes step by step
 *   recorder.c  recorders: opening, reserving chunks
 *   append.c    rows into images of open chunks
 *   commit.c    images into the store
 *   evict.c     what a space no longer keeps
 *   remove.c    steps and episodes by id
 *   sparse.c    sealed chunks of which little is left
 *   check.c     the records against each other
 *   record.c    records byte by byte
 *
 * Locks, in this order: the mirror's pending_mutex (recorders, images, what is pending), then its lock (chunks, seats),
 * then look_mutex. An open chunk is written by its recorder's process alone; its object and its image stay while a
 * recorder of this process has it.
 */
#ifndef EPI_COLUMN_PARTS_H
#define EPI_COLUMN_PARTS_H

#include "../memory/columnar.h"
#include "record.h"

/* The columns of an open chunk in the heap. */
typedef struct epi__image {
    struct epi__image *next;      /* in the pool */
    uint8_t *block;               /* EPI__COLUMN_HEADER bytes, then the columns: what is stored when it is sealed */
    uint8_t *data;                /* the columns, aligned to 64 bytes */
    struct epi__lane_state *lane; /* who writes it; NULL: another process, and this is a copy */
    uint64_t call;                /* the append that touched it last */
    uint32_t filled;              /* slots */
    uint32_t committed;           /* slots that are stored */
    bool ahead;                   /* the observation of slot `filled` is there */
    bool ahead_stored;
    bool recut;    /* the last stored slot got an end flag since */
    bool in_store; /* its head is */
    bool dirty;    /* in the list of what is pending */
    bool sealing;  /* the commit at work seals it */
    void *memory;  /* what was allocated */
} epi__image;

/* A lane of a recorder that this process has open. */
typedef struct epi__lane_state {
    struct epi__recorder_core *core;
    epi__chunk *chunk; /* being filled; NULL: the next row begins one */
    uint64_t newest;   /* chunk, the one before included */
    uint32_t number;
    uint32_t index;   /* of the next row in its episode */
    uint64_t episode; /* of it, when it is open */
    bool open;        /* the episode goes on */
} epi__lane_state;

/* A recorder as long as the space's mirror lives: its rows may be pending when its handle is closed. */
typedef struct epi__recorder_core {
    struct epi__recorder_core *next;
    epi__columns *columns;
    char *name;
    epi__recorder_record record; /* newest[] and reserved[] as they are stored: nothing of what is pending is begun */
    epi__lane_state *lanes;
    uint32_t taken;              /* of reserved[], those in front were begun and are not stored yet */
    uint32_t ahead;              /* how many to reserve beyond them */
    epi__recorder_record staged; /* what a commit makes of the record; generation 0: it leaves it as it is */
    uint32_t staged_taken;
    bool lost; /* another process has it now */
} epi__recorder_core;

/* What an append changed, to be taken back if it fails. */
typedef struct epi__undo {
    epi__lane_state *lane;
    epi__lane_state before;
    epi__chunk *chunk; /* NULL: the lane began its first */
    epi__chunk *begun; /* NULL: none was */
    uint32_t filled;
    uint8_t last_flags;
    bool ahead, recut;
} epi__undo;

#define EPI__LOOK_COUNT 65536u

struct epi__columns {
    epi__mirror *mirror;
    epi__layout layout;
    /* under the mirror's lock: */
    epi__chunk **seats;
    size_t seat_count, seat_capacity;
    epi__map by_number;
    epi__map oldest_of, newest_of; /* recorder << 32 | lane -> its oldest and newest chunk's number */
    /* under look_mutex: */
    pthread_mutex_t look_mutex;
    epi__look *looks; /* a ring */
    uint64_t look_next;
    _Atomic(size_t) spread_size; /* of chunks that are spread out, and where; sparse.c */
    uint8_t **slabs, *free_place;
    size_t slab_count, slab_used;
    epi__image *pool;
    size_t pool_count;
    /* under the pending mutex: */
    epi__recorder_core *recorders;
    epi__chunk **dirty;
    size_t dirty_count, dirty_capacity;
    epi__undo *undo;
    size_t undo_count, undo_capacity;
    uint64_t call, commits;
    uint64_t pending_rows, oldest_us;
    int64_t last_at; /* ingest times rise */
    epi__buffer scratch;
    epi_transition_limits limits; /* as of this commit */
    bool limited;
    struct epi__oldest *oldest; /* evict.c: a heap of lanes */
    size_t oldest_capacity;
};

struct epi_recorder {
    epi_space *space;
    epi__recorder_core *core;
    uint64_t generation;
};

/* layout.c */
epi_status epi__layout_init(epi__layout *layout, const epi_schema *schema);

/* columns.c */
void epi__look_at(epi__columns *columns, uint32_t seat, uint32_t first, uint32_t count);
void epi__look_at_all(epi__columns *columns); /* all that was derived is to be made anew */
/* With the mirror to oneself: */
epi_status epi__chunk_add(epi__chunk **chunk, epi__columns *columns, uint64_t number, uint32_t seat);
void epi__chunk_drop(epi__columns *columns, epi__chunk *chunk);
/* Into its lane, once recorder, lane and previous are set. Where it fails, the chunk is to be dropped. */
epi_status epi__chunk_link(epi__columns *columns, epi__chunk *chunk);
epi_status epi__chunk_remove_bits(epi__chunk *chunk, const epi__layout *layout, epi__view bits);
static inline void epi__chunk_publish(epi__chunk *chunk, uint32_t count, bool ahead) {
    atomic_store_explicit(&chunk->extent, count * 2u + ahead, memory_order_release);
}
epi_status epi__image_take(epi__image **image, epi__columns *columns);
void epi__image_give(epi__columns *columns, epi__image *image);
epi_status epi__columns_check(epi__columns **columns, epi_space *space); /* of a handle; EPI_ESCHEMA */

/* load.c */
/* The mirror brought to the state of a change, before it writes; the mirror's lock is taken and given back. */
epi_status epi__columns_follow(epi__columns *columns, epi__change *change);
/* As epi__chunk_data() */
epi_status epi__chunk_data_in(const uint8_t **data, epi__columns *columns, epi__txn *txn, epi__chunk *chunk);

/* recorder.c */
/* A chunk and a seat for a lane, from what is reserved; where nothing is left, a small commit reserves more. */
epi_status epi__recorder_take(epi__reserved *taken, epi__recorder_core *core);
void epi__recorder_untake(epi__recorder_core *core, uint64_t chunk); /* it was not begun after all */
/* A commit stages the record as it will be, and settles it when it is durable. */
epi_status epi__recorder_stage(epi__recorder_core *core, const epi__chunk *begun);
epi_status epi__recorder_put_staged(epi__recorder_core *core, epi__change *change);
void epi__recorder_settle(epi__recorder_core *core, bool stored);
void epi__recorder_lose(epi__recorder_core *core); /* drops what is pending of it */
/* EPI_ESTALE when another process has it. */
epi_status epi__recorder_owns(epi__recorder_core *core, epi__change *change);

/* slot.c */
/* The slots of an episode's steps in order, those that are gone too; chunk NULL behind the last. */
typedef struct epi__walk {
    epi__columns *columns;
    epi__txn *txn;
    uint64_t episode;
    epi__chunk *chunk;
    uint32_t offset;
    const uint8_t *data;
} epi__walk;
epi_status epi__walk_begin(epi__walk *walk, epi__columns *columns, epi__txn *txn, uint64_t episode);
epi_status epi__walk_next(epi__walk *walk);
/* Zeroes the bytes of what is gone of the first `count` slots, but for observations that a step before them needs. */
void epi__slots_scrub(const epi__layout *layout, uint8_t *data, uint32_t count, const epi__head *head);
/* sparse.c */
/* Stores the columns of a sealed chunk, in the form that suits what is left of them; block: a header, then columns. */
epi_status epi__columns_put(epi__columns *columns, epi__change *change, const epi__head *head, uint8_t *block);
bool epi__columns_are_dense(const epi__layout *layout, epi__view body); /* they lie in it as they are read */
/* From the other form to columns, in memory that is zero. EPI_EDAMAGED it is of neither form. */
epi_status epi__columns_spread(uint8_t *data, const epi__layout *layout, epi__view body, uint64_t chunk);
epi_status epi__chunk_spread(const uint8_t **data, epi__columns *columns, epi__chunk *chunk, epi__view body);
void epi__chunk_unspread(epi__columns *columns, epi__chunk *chunk); /* with the mirror to oneself */
void epi__slabs_free(epi__columns *columns); /* no chunk is spread out any more */
void epi__columns_shed(epi__columns *columns); /* gives back what is spread out, where it is much; before a snapshot */
/* commit.c */
epi_status epi__columns_commit(epi__columns *columns, bool growing);
epi_status epi__chunk_dirty(epi__columns *columns, epi__chunk *chunk);
epi_status epi__rows_drop(epi__change *change, uint64_t chunk); /* all rows records of a chunk */
/* Its head in a change, taken out to be put again; `bits` keeps what it borrows. */
epi_status epi__head_take(epi__head *head, epi__buffer *bits, epi__columns *columns, epi__change *change,
                          uint64_t chunk);
epi_status epi__head_put(epi__columns *columns, epi__change *change, const epi__head *head);
/* Whether the open episode at its end is counted again with its next step; of a chunk that is stored. */
epi_status epi__head_uncounted(bool *uncounted, epi__columns *columns, epi__change *change, uint64_t chunk);
/* Removes a sealed chunk of which no step is left; its head was taken. */
epi_status epi__chunk_reclaim(epi__columns *columns, epi__change *change, const epi__head *head);

/* evict.c: within a commit, before it writes and behind what it wrote. */
epi_status epi__columns_evict_begin(epi__columns *columns, epi__change *change);
epi_status epi__columns_evict(epi__columns *columns, epi__change *change, int64_t now);

#endif
