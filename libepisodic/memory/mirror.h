/* mirror.h - what this process has derived from a space: where runs of steps lie, which steps are marked, the unsealed
 * words, the vector index. One mirror a space and process, shared by all handles.
 *
 * A mirror stands at a journal sequence. Every read begins with a snapshot: a read transaction whose state record has
 * that very sequence, with the mirror held against change. When the store is ahead, the journal says what changed and
 * the mirror catches up first; when the journal no longer reaches back, the mirror is loaded anew. Nothing here is ever
 * the truth.
 */
#ifndef EPI_MEMORY_MIRROR_H
#define EPI_MEMORY_MIRROR_H

#include <pthread.h>

#include <episodic/facts.h>

#include "../format/record.h"
#include "../index/index.h"
#include "../lexical/lexical.h"
#include "../store/catalog.h"
#include "scratch.h"

/* Vectors that a mirror takes into memory without being asked; beyond them, and until upkeep has built the graph, exact
 * search over the store serves. */
#define EPI__FLAT_COUNT_MAX 16384u

typedef struct epi__pending epi__pending; /* append.c */

/* Where step ids are taken from. */
typedef struct epi__lane {
    uint64_t episode; /* whose steps they are for; 0: the running one's */
    uint64_t next;    /* the next id of the reserved range */
    uint64_t end;
    uint32_t grow; /* how many to reserve when others write in between */
} epi__lane;

typedef struct epi__mirror {
    struct epi__mirror *next;
    epi__store *store;
    uint32_t space;
    char *name;
    epi__schema_copy *schema;

    pthread_rwlock_t lock; /* of all that is derived: */
    bool loaded;
    uint64_t sequence;
    epi__run *runs; /* by first step */
    size_t run_count, run_capacity;
    epi__map marks_at; /* step -> place in marks */
    epi__mark *marks;
    size_t mark_count, mark_capacity;
    size_t mark_free; /* place + 1 of an unused mark, whose superseded_by leads to the next; 0: none */
    epi__recent *tail;
    uint64_t generation;          /* whose vectors the index has */
    epi__index *index;            /* NULL when the space has no vectors */
    bool index_complete;          /* it holds every vector; otherwise it is empty */
    pthread_mutex_t upkeep_mutex; /* of the index being built: */
    epi__index *building;         /* NULL: none */
    uint64_t building_sequence;   /* what it reflects */
    uint64_t building_next;       /* the step it goes on from */
    uint64_t building_generation; /* whose vectors it has */

    pthread_mutex_t beside_mutex; /* of the next being made: */
    epi__index *beside;           /* beside.h; NULL: no cue has asked for it */

    pthread_mutex_t verified_mutex;
    epi__map verified; /* chunks whose checksum held, since the last seal */

    epi__map known;       /* news.c, under the writer lock: hashes of words that the space has */
    uint64_t known_until; /* the step id up to which unsealed words were taken in */

    epi__scratches *scratches;            /* of the store */
    struct epi__generations *generations; /* generation.c: encoders that this process has for the space */

    struct epi__salvage *salvage; /* salvage.h; NULL: what is damaged fails the call */

    struct epi__columns *columns; /* columnar.h; NULL for spaces of rows */
    uint64_t store_number;        /* of the store whose map it has addresses of */

    pthread_mutex_t pending_mutex;
    epi__pending *pending;    /* append.c */
    epi_status dropped;       /* why a pending step was dropped since the last sync */
    epi__lane running_lane;   /* of pending steps of the running episode */
    uint64_t running_episode; /* of epi_remember(), with the last event that this process put there */
    int64_t running_event;

    pthread_mutex_t writes_mutex; /* batch.c: threads that write at once, and whether one of them is at it */
    pthread_cond_t written;
    struct epi__write *writes;
    bool writing;

    pthread_rwlock_t extractor_lock;
    epi_extractor extractor; /* extract.c; without a function: none */

    void *traces; /* what imagining derives (imagine/traces.h); made on first use, under the store's lock */
    void (*traces_free)(void *traces);
    void *stories; /* the same for what steps say (imagine/stories.h) */
    void (*stories_free)(void *stories);
} epi__mirror;

/* The mirror of a space; made on first use, and owned by the store's shared slot until the store closes. */
epi_status epi__mirror_get(epi__mirror **mirror, epi__store *store, const char *name, const epi_schema *schema);
/* The mirrors that were made so far, each leading to the next: they are only ever put in front, and stay. */
epi__mirror *epi__mirrors_first(epi__store *store);
epi_status epi__mirrors_each(epi__store *store,
                             epi_status (*visit)(epi__mirror *mirror)); /* the first failure is returned */

typedef struct epi__snapshot {
    epi__mirror *mirror;
    epi__tx tx;
    epi__state state;
} epi__snapshot;

/* Commits what is pending in this process, catches up, and holds the mirror and a read transaction. */
epi_status epi__snapshot_begin(epi__snapshot *snapshot, epi__mirror *mirror);
/* Without committing: for what must work when nothing can be appended any more. */
epi_status epi__snapshot_begin_committed(epi__snapshot *snapshot, epi__mirror *mirror);
/* The same with the mirror to oneself, for changing what is derived. */
epi_status epi__snapshot_begin_exclusive(epi__snapshot *snapshot, epi__mirror *mirror);
epi_status epi__snapshot_begin_exclusive_committed(epi__snapshot *snapshot, epi__mirror *mirror);
void epi__snapshot_end(epi__snapshot *snapshot);

/* The run that holds a step; NULL if none. */
const epi__run *epi__mirror_run(const epi__mirror *mirror, uint64_t step);
/* The step that stands `distance` places after (or before) one in its episode; 0: none. */
uint64_t epi__mirror_neighbour(const epi__mirror *mirror, uint64_t step, int distance);
const epi__mark *epi__mirror_mark(const epi__mirror *mirror, uint64_t step); /* NULL: unmarked */

/* The mirror brought to a transaction's state, with its lock held for writing. */
epi_status epi__mirror_follow(epi__mirror *mirror, const epi__tx *tx, const epi__state *state);
/* load.c: the same for what is derived from rows. */
epi_status epi__mirror_catch_up(epi__mirror *mirror, epi__txn *txn, const epi__state *state);

/* Makes `index`, which reflects the changes up to `sequence`, the mirror's, and brings it up to date. Takes it over.
 * With the mirror to oneself. Where the journal does not reach back, the mirror is left with an incomplete index. */
epi_status epi__mirror_adopt_index(epi__mirror *mirror, epi__txn *txn, const epi__state *state, epi__index *index,
                                   uint64_t sequence);

/* nearest.c: the vector index of a mirror, its cache file, and search that serves with or without it. */
epi_status epi__mirror_index_new(epi__index **index, const epi__mirror *mirror, const epi__state *state);
epi_status epi__mirror_index_load(epi__index **index, epi__index_stamp *stamp, const epi__mirror *mirror,
                                  const epi__state *state);
epi_status epi__mirror_index_save(epi__mirror *mirror, const epi__state *state);
bool epi__mirror_cache_exists(const epi__mirror *mirror);
void epi__cache_drop(epi__store *store, uint32_t space); /* the file; it holds what vectors were made of */
void epi__cache_drop_all(epi__store *store, uint32_t space); /* whatever cache/ has of a space that is no more */
/* Adds every stored vector to an empty index. */
epi_status epi__mirror_index_fill(epi__index *index, epi__mirror *mirror, epi__txn *txn, const epi__state *state);

/* Says whether a step may be found. */
typedef bool (*epi__nearest_filter)(void *context, uint64_t step);
/* The k nearest steps, best first: by the graph when it is complete, else exactly over the store. filter may be
 * NULL. */
epi_status epi__nearest(size_t *count, epi__best *found, epi__snapshot *snapshot, const float *query, size_t k,
                        uint32_t ef, epi__nearest_filter filter, void *context);
/* How near each of count steps is, as the index in memory has it; -INFINITY: the step has no vector there. For a mirror
 * whose index is complete. */
epi_status epi__nearness(float *scores, epi__snapshot *snapshot, const float *query, const uint64_t *steps,
                         size_t count);

#endif
