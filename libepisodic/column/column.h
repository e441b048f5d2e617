/* column.h - the steps of a transitions space as columns in memory: what replay and imagination read.
 *
 * A step's id is chunk number x capacity + offset. A chunk has a *seat*, a small number that is used again once the
 * chunk is gone, so that per-step structures (a sum tree) are arrays: leaf = seat x capacity + offset. The columns of a
 * chunk lie at an address: in the store's map when it is sealed; in the heap, laid out alike, while it is open, and
 * when so little is left of it that it is stored as a list of rows.
 *
 * A slot is a step or, behind an episode's end, a *final slot* that holds the last observation only. The observation
 * column has one slot more than the others (the next observation of the last step), so next_observation of slot i is
 * always observation of slot i + 1 of the same chunk.
 *
 * Reading: epi__columns_begin() (a read transaction, caught up, the mirror held against change), look up, copy,
 * epi__snapshot_end(). Rows that this process has pending are seen. Writers only add rows behind `count`, which is
 * published last, so a reader needs no lock for rows below it. flags may gain bits: read them by epi__slot_flags().
 *
 * Following: each change is a *look* (seat, first, count): "look at these slots again". A structure keeps the number of
 * the next look it has not seen. What a slot is now says epi__slot_is_ready(); looks may come twice, and late.
 */
#ifndef EPI_COLUMN_COLUMN_H
#define EPI_COLUMN_COLUMN_H

#include <stdatomic.h>

#include <episodic/transitions.h>

#include "../memory/handle.h"

/* Bits of a slot's flags; the first two are the public ones. */
#define EPI__SLOT_TERMINATED 1u
#define EPI__SLOT_TRUNCATED 2u
#define EPI__SLOT_FIRST 4u /* the first step of its episode */
#define EPI__SLOT_FINAL 8u /* no step: the observation behind an episode's end */
#define EPI__SLOT_ENDED (EPI__SLOT_TERMINATED | EPI__SLOT_TRUNCATED)

/* Where the columns of a chunk are. Offsets count from the chunk's data address and are multiples of 64. */
typedef struct epi__column_place {
    size_t offset;
    size_t width; /* bytes of a row */
} epi__column_place;

#define EPI__COLUMN_MAX (EPI_PART_COUNT_MAX + 3u)

typedef struct epi__layout {
    uint32_t capacity; /* slots of a chunk, a power of two */
    uint32_t shift;    /* capacity = 1 << shift */
    uint32_t column_count;
    epi__column_place columns[EPI__COLUMN_MAX];
    int role_column[EPI_PART_COUNT_MAX]; /* role of the schema -> column; -1: terminated and truncated, bits of flags */
    int observation, action, reward, priority; /* columns; -1: the schema has none */
    int flags, at, index;                      /* u8 · i64: ingest time, us · u32: place in the episode */
    int terminated_role, truncated_role;       /* of the schema; -1: none */
    size_t data_size;                          /* bytes of all columns of a chunk */
    size_t row_size;                           /* bytes of a row */
} epi__layout;

/* What this process knows of a chunk. Its address is stable until it is gone. */
typedef struct epi__chunk {
    uint64_t number; /* from 1 on; never given twice */
    uint32_t seat;
    uint32_t recorder, lane;
    uint64_t previous;  /* chunk of the lane, perhaps gone; 0: none */
    uint64_t next;      /* the same, but there; 0: none (yet, or it is gone) */
    struct epi__chunk *older, *newer; /* chunks of the lane that are there; those between are gone */
    uint64_t episode;                 /* that goes on in slot 0; 0: none does */
    bool sealed;                      /* immutable, in the store as a whole */
    bool cut;                         /* the step behind its last one was removed */
    _Atomic(const uint8_t *) data;    /* of the columns; NULL: ask epi__chunk_data() */
    atomic_uint extent;               /* 2 x slots that can be read, + 1 when what is behind them is there: the next
                                         observation */
    uint32_t evicted;                 /* slots below are gone */
    uint64_t *removed;                /* a bit a slot; NULL: none was removed */
    uint8_t *spread;                  /* the columns of one that is stored as a list of rows, once they were read */
    struct epi__image *image;         /* of an open chunk; parts.h */
} epi__chunk;

typedef struct epi__look {
    uint32_t seat, first, count;
} epi__look;

typedef struct epi__columns epi__columns;

/* The columns of a space; NULL where its schema is of another preset. */
epi__columns *epi__columns_of(const epi__mirror *mirror);
const epi__layout *epi__columns_layout(const epi__columns *columns);

/* A snapshot for reading columns; ended by epi__snapshot_end(). Commits nothing. */
epi_status epi__columns_begin(epi__snapshot *snapshot, epi__mirror *mirror);

/* Within a snapshot: */
uint32_t epi__columns_seat_count(const epi__columns *columns);                /* seats ever used */
epi__chunk *epi__columns_seat(const epi__columns *columns, uint32_t seat);    /* NULL: empty */
epi__chunk *epi__columns_chunk(const epi__columns *columns, uint64_t number); /* NULL: gone, or never was */
/* Whether a recorder of this process fills it. */
bool epi__chunk_is_written_here(const epi__chunk *chunk);
/* The columns of a chunk, verified on the first read. */
epi_status epi__chunk_data(const uint8_t **data, epi__snapshot *snapshot, epi__chunk *chunk);

/* EPI_EINVAL: the filter asks for more than step and episode ids, which is all that steps here are chosen by. */
epi_status epi__columns_filter_check(const epi_filter *filter);
/* Chunk and offset of a live step. EPI_ESTALE it is gone · EPI_ENOTFOUND it never was (a line is set). */
epi_status epi__columns_find(epi__chunk **chunk, uint32_t *offset, epi__snapshot *snapshot, uint64_t id);

/* ---- recorders and lanes, by lane.c ----------------------------------------------------------------------------- */

typedef struct epi__recorder_info {
    const char *name;
    uint32_t id, lane_count;
} epi__recorder_info;

typedef struct epi__recorders {
    epi__recorder_info *items; /* in order of the names' bytes */
    size_t count;
    epi__arena names;
} epi__recorders;

epi_status epi__columns_recorders(epi__recorders *list, epi__snapshot *snapshot);
void epi__recorders_dispose(epi__recorders *list);

/* A place in a lane, from {recorder, lane} on. It holds over several snapshots; what follows `after` in one only. */
typedef struct epi__lane_place {
    uint32_t recorder, lane;
    uint64_t after;    /* id of the live step it stands at; 0: before the first */
    epi__chunk *chunk; /* of it; NULL: there is none behind the place */
    uint32_t offset;
    const uint8_t *data;
} epi__lane_place;

/* Goes to the next live step of the lane. */
epi_status epi__lane_next(epi__lane_place *place, epi__snapshot *snapshot);
/* The id behind the newest slot of a lane; 0: it has none. */
uint64_t epi__lane_end(const epi__columns *columns, uint32_t recorder, uint32_t lane);

/* The number behind the newest look; and what came from *next on, at most `room`. Advances *next. False: older ones are
 * no longer kept, so everything is to be looked at anew; *next is then the newest. From any thread. */
uint64_t epi__columns_look_next(epi__columns *columns);
bool epi__columns_looks(epi__look *looks, size_t *count, size_t room, uint64_t *next, epi__columns *columns);

/* ---- slots; data is the chunk's ---------------------------------------------------------------------------------- */

static inline const void *epi__slot_at(const epi__layout *layout, const uint8_t *data, int column, uint32_t offset) {
    const epi__column_place *place = &layout->columns[column];
    return data + place->offset + (size_t)offset * place->width;
}
static inline uint64_t epi__slot_id(const epi__layout *layout, const epi__chunk *chunk, uint32_t offset) {
    return (chunk->number << layout->shift) + offset;
}
static inline uint32_t epi__chunk_count(const epi__chunk *chunk) {
    return atomic_load_explicit(&chunk->extent, memory_order_acquire) / 2;
}
static inline bool epi__slot_is_gone(const epi__chunk *chunk, uint32_t offset) {
    return offset < chunk->evicted || (chunk->removed && (chunk->removed[offset / 64] >> (offset % 64) & 1));
}
static inline unsigned epi__slot_stored_flags(const epi__layout *layout, const uint8_t *data, uint32_t offset) {
    return __atomic_load_n(data + layout->columns[layout->flags].offset + offset, __ATOMIC_RELAXED);
}
static inline int64_t epi__slot_ingested(const epi__layout *layout, const uint8_t *data, uint32_t offset) {
    int64_t at;
    memcpy(&at, epi__slot_at(layout, data, layout->at, offset), sizeof at);
    return at;
}
static inline uint32_t epi__slot_index(const epi__layout *layout, const uint8_t *data, uint32_t offset) {
    uint32_t index;
    memcpy(&index, epi__slot_at(layout, data, layout->index, offset), sizeof index);
    return index;
}
/* Flags with what removing did: the step before a hole is truncated. */
unsigned epi__slot_flags(const epi__layout *layout, const epi__chunk *chunk, const uint8_t *data, uint32_t offset);
/* Whether the slot is a live step that can be sampled: its end is known, or its next observation. */
bool epi__slot_is_ready(const epi__layout *layout, const epi__chunk *chunk, const uint8_t *data, uint32_t offset);
/* Whether observation of slot offset + 1 is the step's next observation; a terminated step without one reads zeros. */
static inline bool epi__slot_has_next(const epi__layout *layout, const epi__chunk *chunk, const uint8_t *data,
                                      uint32_t offset) {
    const uint32_t extent = atomic_load_explicit(&chunk->extent, memory_order_acquire), count = extent / 2;
    if (offset + 1 < count) return !(epi__slot_stored_flags(layout, data, offset + 1) & EPI__SLOT_FIRST);
    return offset + 1 == count && (extent & 1u);
}
/* A live step goes over to the one that follows (precedes) it in its episode; *chunk NULL: none that is live does. */
epi_status epi__slot_following(epi__chunk **chunk, uint32_t *offset, epi__snapshot *snapshot);
epi_status epi__slot_preceding(epi__chunk **chunk, uint32_t *offset, epi__snapshot *snapshot);
/* The episode of a step: the id of the step that it was begun with, which may be gone. What lies behind a hole keeps
 * it. */
uint64_t epi__slot_episode(const epi__layout *layout, const epi__chunk *chunk, const uint8_t *data, uint32_t offset);
/* The first live step of an episode; *chunk NULL: none is live. */
epi_status epi__columns_episode(epi__chunk **chunk, uint32_t *offset, epi__snapshot *snapshot, uint64_t episode);
/* Ids of live steps, at most *count: of an episode from index `first` on, in order; or of the space behind `after`, in
 * order of id. EPI_ESTALE EPI_ENOTFOUND: the episode has none left, or never was. */
epi_status epi__columns_episode_ids(uint64_t *ids, size_t *count, epi__snapshot *snapshot, uint64_t episode,
                                    uint64_t first);
epi_status epi__columns_page_ids(uint64_t *ids, size_t *count, epi__snapshot *snapshot, uint64_t after);

#endif
