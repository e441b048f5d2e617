/* traces.h - the numeric experience of a space as contiguous arrays of this process: what imagining and planning look
 * at. Row r is one step, or the last observation of an episode; rows are only ever added behind the last, or marked
 * gone.
 *
 * Row r was in observations[r], took actions[r], got rewards[r], and came to row next[r]. The observation behind an
 * episode's end has a row of its own, flagged FINAL: it has no action and no reward, and is no step that can be taken.
 * So has the one behind a step whose successor was removed. Rows are in the order of ingesting, as far as what is added
 * later was ingested later; a FINAL row stands behind its step, unless the step was there before it was known to end.
 *
 * The space is of the preset "transitions". Observations of any type are held as float32, rounded to nearest where that
 * is narrower; a step whose observation is not finite as float32 is left out. Rows that this process has pending are
 * seen, and nothing is committed. What the newest step of an episode in progress was told of its next observation
 * counts once the next step begins with it, or the episode ends. Spaces of rows with a vector role are not read: one
 * storage of experience is enough, and theirs is neither as small nor as fast.
 *
 * One object a space and process, shared by all its handles and kept until the memory closes. It stands at a number of
 * looks (column.h), and each acquiring brings it up to date. What others derive from it (trees, graphs) is valid while
 * `generation` stays: rows below their count then have their place for good, though some may be gone since.
 */
#ifndef EPI_IMAGINE_TRACES_H
#define EPI_IMAGINE_TRACES_H

#include "../column/column.h"

#define EPI__NO_ROW UINT32_MAX
#define EPI__ROWS_MAX (UINT32_MAX - 1u)

#define EPI__TRACE_TERMINATED EPI__SLOT_TERMINATED
#define EPI__TRACE_TRUNCATED EPI__SLOT_TRUNCATED
#define EPI__TRACE_FINAL 4u /* only an observation: what was seen after an episode's last step */
#define EPI__TRACE_GONE 8u  /* removed or evicted since; linked to nothing */

/* Rows by slot. A seat is a chunk's as long as it is there. */
typedef struct epi__traces_seat {
    uint64_t chunk; /* 0: none */
    uint32_t *rows; /* a row a slot, or EPI__NO_ROW: no step that is live */
} epi__traces_seat;

typedef struct epi__traces {
    pthread_rwlock_t lock;
    epi__mirror *mirror;
    uint32_t observation_size;   /* float32 elements */
    epi_dtype observation_dtype; /* as they are stored */
    uint32_t action_size;        /* bytes; 0: the space records none */
    bool action_is_f32;          /* its elements; others are compared byte by byte */
    size_t count;                /* rows, those that are gone included */
    size_t gone_count;
    uint64_t generation; /* changes when rows get new places */
    uint64_t revision;   /* changes with every change */

    uint64_t *steps;     /* ids; 0: FINAL */
    uint64_t *episodes;  /* ids */
    uint32_t *indices;   /* place in the episode, from 0 */
    float *observations; /* count x observation_size, row-major */
    uint8_t *actions;    /* count x action_size bytes, as they are stored */
    double *rewards;     /* 0: the space records none */
    uint8_t *flags;      /* EPI__TRACE_ */
    uint32_t *next;      /* row of the episode's next step, or EPI__NO_ROW */
    uint32_t *previous;  /* ... and of the one before */

    bool loaded;
    uint64_t look_next; /* what was looked at */
    size_t capacity;
    epi__traces_seat *seats;
    size_t seat_count;
    epi__map seat_of; /* chunk -> seat */

    pthread_mutex_t derived_mutex;      /* of what is derived from the above while it is held: */
    struct epi__neighbours *neighbours; /* neighbours.h; NULL: not asked for yet */
    struct epi__reports *reports;       /* reports.h; NULL: none */
} epi__traces;

/* Elements of an observation of a space. EPI_EUNSUPPORTED: it is of another preset than "transitions" · EPI_ELIMIT they
 * are more than EPI_DIMENSION_MAX. */
epi_status epi__traces_size(size_t *size, const epi_space *space);
/* The traces of a space, up to date with what was appended, and held against change until they are released. Fails as
 * above. */
epi_status epi__traces_acquire(epi__traces **traces, epi_space *space);
void epi__traces_release(epi__traces *traces);

uint32_t epi__traces_row(const epi__traces *traces, uint64_t step); /* EPI__NO_ROW: none */

static inline const float *epi__traces_observation(const epi__traces *traces, uint32_t row) {
    return traces->observations + (size_t)row * traces->observation_size;
}
static inline const uint8_t *epi__traces_action(const epi__traces *traces, uint32_t row) {
    return traces->actions + (size_t)row * traces->action_size;
}
/* Whether the row is a step that was taken, and it is known what it led to: a row, or the end. */
static inline bool epi__traces_leads_on(const epi__traces *traces, uint32_t row) {
    uint8_t flags = traces->flags[row];
    return !(flags & (EPI__TRACE_FINAL | EPI__TRACE_GONE)) &&
           (traces->next[row] != EPI__NO_ROW || flags & EPI__TRACE_TERMINATED);
}
/* What a step led to; where it ended everything and that was not recorded, what it began in. */
static inline const float *epi__traces_landing(const epi__traces *traces, uint32_t row) {
    return epi__traces_observation(traces, traces->next[row] != EPI__NO_ROW ? traces->next[row] : row);
}

#endif
