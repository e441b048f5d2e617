/* table.h - records: checksummed values under the keys of format/key.h, and the one way to change a space.
 *
 * A stored value is its checksum (8 bytes, hash64_pair of key and body) and the body. Reading checks it: a record that
 * was damaged, or moved under another key, is EPI_EDAMAGED. Each table's number of records and the sum of their
 * checksums stand in the space's state record and change in the same transaction, so that a lost or stale record is
 * found by a check too.
 */
#ifndef EPI_STORE_TABLE_H
#define EPI_STORE_TABLE_H

#include "../format/key.h"
#include "engine.h"
#include "store.h"

typedef struct epi__table_sum {
    uint64_t count;
    uint64_t sum; /* of the records' checksums, modulo 2^64 */
} epi__table_sum;

/* The state record of a space. Everything that a call wants to know about the space as a whole, in one read. */
typedef struct epi__state {
    uint64_t sequence; /* of the newest journal entry */
    uint64_t next_step;
    uint64_t next_episode;
    uint64_t running_episode; /* of epi_remember(); 0: none */
    uint64_t forgotten;
    uint64_t superseded;
    uint64_t component_size; /* bytes in the component table */
    uint64_t documents;      /* steps with at least one word */
    uint64_t words;          /* sum of their lengths, in quarter words */
    uint64_t vectors;        /* of the generation that serves */
    uint64_t generation;     /* of the encoder: the one that serves */
    uint64_t first_event;    /* biased times; 0: none yet */
    uint64_t last_event;
    uint64_t questions;                   /* steps that end with a question mark */
    uint64_t user_steps, assistant_steps; /* said by the two sides of an assistant's log */
    uint64_t assistant_words;             /* in quarter words */
    uint64_t profile;                     /* epi_profile_kind that was set; 0: chosen */
    uint64_t generations;                 /* numbers given to generations so far */
    uint64_t dimension;                   /* of the serving generation's vectors */
    uint64_t building;                    /* the generation that is to serve next; 0: none */
    uint64_t building_dimension;
    uint64_t backlog; /* steps that wait for a vector, of the generations that serve and build */
    uint64_t worth;   /* bits of a double: how much the serving generation's vectors tell; 0: not measured */
    uint64_t next_chunk; /* of a columnar space, as the five below */
    uint64_t seats;      /* ever used */
    uint64_t recorders;
    uint64_t column_steps; /* live */
    uint64_t column_episodes; /* with a live step */
    epi__table_sum tables[EPI__TABLE_SLOTS];
} epi__state;

/* Records of a table: steps, episodes, unsealed steps (the tail), components, ... */
uint64_t epi__state_count(const epi__state *state, uint8_t table);
epi_status epi__state_read(epi__state *state, epi__txn *txn, uint32_t space); /* EPI_ESTALE: the space was dropped */

/* Reads and verifies one record. EPI_ENOTFOUND sets no last error. The view lives as engine.h says. */
epi_status epi__record_get(epi__view *body, epi__txn *txn, const epi__key *key);
/* The body of a value that a range gave. */
epi_status epi__record_open(epi__view *body, epi__view key, epi__view value);
/* ... without verifying: for chunks that were verified before. */
epi__view epi__record_body(epi__view value);

/* Writes one record past the table sums: only for records that stand outside them (the state, and space 0). checksum
 * may be NULL. `body` must not point into the store. */
epi_status epi__record_put(uint64_t *checksum, epi__txn *txn, const epi__key *key, const void *body, size_t size);

/* A table's records in order of their keys, each verified. */
typedef struct epi__scan {
    epi__range *range;
} epi__scan;
epi_status epi__scan_open(epi__scan *scan, epi__txn *txn, const epi__key *first, const epi__key *end, bool reverse);
epi_status epi__scan_table(epi__scan *scan, epi__txn *txn, uint32_t space, uint8_t table);
epi_status epi__scan_next(epi__view *key, epi__view *body, epi__scan *scan); /* EPI_EDONE at the end */
void epi__scan_close(epi__scan *scan);                                       /* also of a zeroed scan */

/* What a journal entry can say. */
typedef enum epi__change_kind {
    EPI__CHANGE_ADD = 1,       /* steps [a, a + b) were added */
    EPI__CHANGE_RUN = 2,       /* the run that begins at step a is new, longer or gone */
    EPI__CHANGE_MARK = 3,      /* the mark of step a changed */
    EPI__CHANGE_REMOVE = 4,    /* step a was removed */
    EPI__CHANGE_SEAL = 5,      /* the tail was sealed: a steps */
    EPI__CHANGE_EPISODE = 6,   /* episode a began, ended or was removed */
    EPI__CHANGE_PURGE = 7,     /* what was removed before must not be left in anything derived */
    EPI__CHANGE_EMBED = 8,     /* step a, stored before, has got its vector; its chunk was rewritten */
    EPI__CHANGE_GENERATION = 9, /* generation a of the encoder serves now; 0: what is known of one changed */
    EPI__CHANGE_CHUNK = 16,    /* chunk a, in seat b, was begun or sealed, or steps of it are gone */
    EPI__CHANGE_ROWS = 17,     /* rows from slot b on were added to chunk a */
    EPI__CHANGE_GONE = 18      /* chunk a is gone, seat b is free */
} epi__change_kind;

/* A change to one space: the only way to write its tables. Begun, filled, committed or aborted. */
typedef struct epi__change {
    epi__tx tx;
    uint32_t space;
    epi__state state;
    epi__buffer journal; /* entries of this transaction */
    epi__buffer scratch;
    uint64_t add_first; /* a run of additions not yet in the journal */
    uint64_t add_count;
    bool open;
} epi__change;

/* `growing`: refuse past the quota (EPI_EQUOTA). Removing and marking pass false. */
epi_status epi__change_begin(epi__change *change, epi__store *store, uint32_t space, bool growing);
/* Writes the journal entry and the state, and commits. On failure everything is rolled back. */
epi_status epi__change_commit(epi__change *change, int64_t now);
void epi__change_abort(epi__change *change); /* also after commit, or of a zeroed change: does nothing then */
void epi__change_note(epi__change *change, epi__change_kind kind, uint64_t a, uint64_t b);

epi_status
epi__state_write(epi__change *change); /* commit does it; a new space's first state is written by the catalog */

epi_status epi__change_get(epi__view *body, epi__change *change, const epi__key *key);
/* Gets a record that epi__change_insert() will overwrite in this change: saves the look-up of epi__change_put(). */
epi_status epi__change_take(epi__view *body, epi__change *change, const epi__key *key);
epi_status epi__change_put(epi__change *change, const epi__key *key, const void *body, size_t size);
/* For a key that is known to be absent, or was taken; saves the look-up. */
epi_status epi__change_insert(epi__change *change, const epi__key *key, const void *body, size_t size);
epi_status epi__change_remove(epi__change *change, const epi__key *key); /* EPI_ENOTFOUND sets no last error */

/* The journal from `sequence` + 1 on: kinds and numbers, oldest first. */
typedef epi_status (*epi__journal_visit)(void *context, uint64_t sequence, epi__change_kind kind, uint64_t a,
                                         uint64_t b);
/* EPI_ESTALE: an entry that is needed is no longer kept, so the caller rebuilds from the truth. */
epi_status epi__journal_read(epi__txn *txn, uint32_t space, uint64_t after, uint64_t until, epi__journal_visit visit,
                             void *context);

#define EPI__JOURNAL_COUNT_MAX 1000000u

#endif
