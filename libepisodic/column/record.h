/* record.h - the records of a columnar space; docs/FORMAT.md has them byte by byte. */
#ifndef EPI_COLUMN_RECORD_H
#define EPI_COLUMN_RECORD_H

#include "column.h"

/* Of a chunk: table 70. */
typedef struct epi__head {
    uint64_t chunk; /* of the key */
    uint32_t recorder, lane, seat;
    uint64_t previous, episode; /* of column.h */
    bool sealed, ahead;
    bool uncounted;    /* the episode at its end is open and has no live step; the next one counts it again */
    uint32_t count;    /* slots, once it is sealed */
    uint32_t steps;    /* of them, once it is sealed */
    uint32_t evicted;  /* slots below are gone */
    uint32_t dead;     /* steps that are gone */
    epi__view removed; /* capacity / 8 bytes, or none; borrowed */
} epi__head;

void epi__head_encode(epi__buffer *out, const epi__head *head);
epi_status epi__head_decode(epi__head *head, uint64_t chunk, epi__view body, const epi__layout *layout);

/* A chunk's columns as one value: these bytes, then the columns, so that each begins on a multiple of 64 in the map (an
 * LMDB page has 16 bytes of its own and a record 8 in front). */
#define EPI__COLUMN_HEADER 40u
#define EPI__COLUMN_FORM 8u /* where in them it says of what form the rest is, 0: as it is read; sparse.c */
#define EPI__SLOTS_MAX 16384u

/* Rows of an open chunk: table 72. */
typedef struct epi__rows {
    uint32_t first, count;
    bool ahead;        /* the observation behind the last row is there too */
    const uint8_t *at; /* column after column, each of `count` rows; observations: count + ahead */
} epi__rows;

void epi__rows_key(epi__key *key, uint32_t space, uint64_t chunk, uint32_t first);
size_t epi__rows_size(const epi__layout *layout, uint32_t count, bool ahead);
/* From the columns of a chunk to a record's body, and back. */
void epi__rows_encode(uint8_t *out, const epi__layout *layout, const uint8_t *data, uint32_t first, uint32_t count,
                      bool ahead);
epi_status epi__rows_decode(epi__rows *rows, const epi__layout *layout, epi__view key, epi__view body);
void epi__rows_copy(uint8_t *data, const epi__layout *layout, const epi__rows *rows);

/* Of a recorder: table 73. Chunks that are reserved for it and not begun are given out in order. */
typedef struct epi__reserved {
    uint64_t chunk;
    uint32_t seat;
} epi__reserved;

typedef struct epi__recorder_record {
    uint32_t id;
    uint64_t generation; /* counts its opens: who has the newest one owns it */
    uint32_t lane_count;
    uint64_t *newest; /* chunk of each lane; 0: none. Of the heap, as is the next */
    uint32_t reserved_count;
    epi__reserved *reserved;
} epi__recorder_record;

void epi__recorder_encode(epi__buffer *out, const epi__recorder_record *record);
epi_status epi__recorder_decode(epi__recorder_record *record, epi__view body);
void epi__recorder_dispose(epi__recorder_record *record);

void epi__limits_encode(epi__buffer *out, const epi_transition_limits *limits);
epi_status epi__limits_decode(epi_transition_limits *limits, epi__view body);

#endif
