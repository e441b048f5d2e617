/* append.h - giving drafts a place in the store: ids, runs, rows, and the pending list of the relaxed sync policies.
 *
 * A lane is where an episode's handle takes step ids from (mirror.h). Ids come from the space's counter, in the
 * transaction that stores the steps; a lane that finds others writing in between reserves more at once, so that its
 * steps stay together. A run is what the store knows of it: consecutive ids that are consecutive steps of one episode.
 */
#ifndef EPI_MEMORY_APPEND_H
#define EPI_MEMORY_APPEND_H

#include "draft.h"

/* Drafts and stores steps of one episode, all or none; under a relaxed policy they go to the pending list. ids may be
 * NULL. A lane without an episode is for one step that goes to the running one: it is looked for, or begun, only when
 * the step is sound and new, and lane->episode is then the episode that has the step. */
epi_status epi__append(uint64_t *ids, epi__lane *lane, epi__mirror *mirror, const epi_step *steps, size_t count);
/* Makes room for count ids in the lane; at least `least` where there is none. */
void epi__lane_reserve(epi__lane *lane, epi__state *state, uint64_t count, uint64_t least);
/* Gives back ids that a lane reserved and did not use, where nobody took ids since. */
void epi__lane_return(epi__lane *lane, epi__change *change);

/* Commits the pending list. On failure it stays pending, but for steps that can never be stored (their external id was
 * taken meanwhile with other content, their episode was removed): these are dropped and logged, and the next
 * epi__pending_sync says so. It is not the business of whoever reads or appends next. */
epi_status epi__pending_commit(epi__mirror *mirror);
epi_status epi__pending_sync(epi__mirror *mirror); /* commits, and tells once what was dropped since the last time */
void epi__pending_free(epi__pending *pending);

/* ---- batch.c: what is written at once ---------------------------------------------------------------------------- */

/* An episode and what is added to it. */
typedef struct epi__batch {
    const epi_episode_options *begin; /* begins it, or goes on with the one of its external id; NULL: it is there */
    epi__view tags;                   /* of begin, encoded */
    bool running;                     /* the space's running episode, for one step */
    bool reopens;                     /* goes on with one that has ended, too; begin does so anyway */
    uint64_t episode;                 /* given, or found when it is written */
    const epi_step *steps;
    epi__draft *drafts; /* one a step */
    size_t count;
    const epi_outcome *outcome; /* ends it; NULL: it stays open */
} epi__batch;

/* Drafts the steps of all batches into the arena, and encodes their texts together. */
epi_status epi__batches_draft(epi__batch *batches, size_t count, epi__arena *arena, epi__mirror *mirror);
/* What a thread wants written, on its stack; in line while another one of the space writes. */
typedef struct epi__write {
    struct epi__write *next;
    uint64_t *ids;
    epi__lane *lane, taken;
    epi__batch *batches;
    size_t count;
    enum { EPI__WAITING, EPI__TAKEN, EPI__WRITTEN, EPI__FAILED } state; /* with the mirror's writes_mutex */
} epi__write;

/* Writes batches in one transaction, all or none, durably. ids: of all steps in order; may be NULL. */
epi_status epi__batches_write(uint64_t *ids, epi__lane *lane, epi__mirror *mirror, epi__batch *batches, size_t count);
/* A commit of nothing. What a commit frees can be used only from the second one after it: where the disk is full this
 * small one goes in between, or the room that a removal has just made would never be seen. */
epi_status epi__commit_between(epi__mirror *mirror);

/* ---- writer.c ---------------------------------------------------------------------------------------------------- */

typedef struct epi__writer {
    epi__change change;
    epi__mirror *mirror;
    epi__episode_record record; /* of the episode being written; borrows from body */
    uint64_t episode;           /* 0: none loaded */
    epi__buffer body;
    epi__run run;
    bool dirty;
    epi__buffer row;
} epi__writer;

epi_status epi__writer_begin(epi__writer *writer, epi__mirror *mirror);
epi_status epi__writer_begin_shrinking(epi__writer *writer, epi__mirror *mirror); /* past the quota too */
/* Stores one draft under draft->id, or finds that it is there (*present). EPI_ECONFLICT EPI_ESTALE EPI_ENOTFOUND:
 * nothing of the draft was stored, and the writer can go on. */
epi_status epi__writer_put(epi__writer *writer, epi__draft *draft, bool *present);
epi_status epi__writer_commit(epi__writer *writer);
void epi__writer_abort(epi__writer *writer);
/* The episode's record, loaded for changing; EPI_ESTALE when it is gone. */
epi_status epi__writer_episode(epi__writer *writer, uint64_t episode);

/* seal.c: moves the whole tail into postings and vector chunks. */
epi_status epi__seal(uint64_t *sealed, epi__change *change);

#endif
