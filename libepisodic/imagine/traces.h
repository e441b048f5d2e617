/* traces.h - the numeric experience of a space as contiguous arrays of this process: what imagining and planning look
 * at. Row r is one stored step; rows are only ever added behind the last, or marked gone.
 *
 * Row r was in observations[r], took actions[r], got rewards[r], and came to row next[r]. The last observation of an
 * episode has a row of its own, flagged FINAL: it has no action and no reward, and is no step that can be taken. Left
 * out: what is forgotten, superseded, or was stored as imagined, since that is no evidence.
 *
 * One object a space and process, shared by all its handles and kept until the memory closes. It stands at a journal
 * sequence, like a mirror, and each acquiring brings it up to date. What others derive from it (trees, graphs) is valid
 * while `generation` stays: rows below their count then have their place for good, though some may be gone since.
 */
#ifndef EPI_IMAGINE_TRACES_H
#define EPI_IMAGINE_TRACES_H

#include "../memory/handle.h"

#define EPI__NO_ROW UINT32_MAX
#define EPI__ROWS_MAX (UINT32_MAX - 1u)

#define EPI__TRACE_TERMINATED 1u
#define EPI__TRACE_TRUNCATED 2u
#define EPI__TRACE_FINAL 4u /* only an observation: what was seen after an episode's last step */
#define EPI__TRACE_GONE 8u  /* removed or hidden since; linked to nothing */

typedef struct epi__traces {
    pthread_rwlock_t lock;
    epi__mirror *mirror;
    uint32_t observation_size; /* float32 elements */
    uint32_t action_size;      /* bytes; 0: the space records none */
    bool action_is_f32;        /* its elements; others are compared byte by byte */
    size_t count;              /* rows, those that are gone included */
    size_t gone_count;
    uint64_t generation; /* changes when rows get new places */
    uint64_t revision;   /* changes with every change */

    uint64_t *steps;     /* ids */
    uint64_t *episodes;  /* ids */
    uint32_t *indices;   /* place in the episode, from 0 */
    float *observations; /* count x observation_size, row-major */
    uint8_t *actions;    /* count x action_size bytes, as they are stored */
    double *rewards;     /* the step's, or its reward role's; a stored float32 is exact in it */
    uint8_t *flags;      /* EPI__TRACE_ */
    uint32_t *next;      /* row of the episode's next step, or EPI__NO_ROW */
    uint32_t *previous;  /* ... and of the one before */

    bool loaded;
    uint64_t sequence;
    size_t capacity;
    epi__map row_of; /* step id -> row; none that are gone */

    pthread_mutex_t derived_mutex; /* of what is derived from the above while it is held: */
    struct epi__neighbours *neighbours; /* neighbours.h; NULL: not asked for yet */
    struct epi__reports *reports;       /* reports.h; NULL: none */
} epi__traces;

/* Floats of an observation of a space. EPI_EUNSUPPORTED: its schema has none (an F32 tensor that is the key vector). */
epi_status epi__traces_size(size_t *size, const epi_space *space);
/* The traces of a space, up to date with what is stored now, and held against change until they are released.
 * EPI_EUNSUPPORTED as above. */
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
