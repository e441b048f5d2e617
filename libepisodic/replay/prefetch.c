/* prefetch.c - a thread that draws batches ahead into a ring of them.
 *
 * Idea: depth + 1 batches in a ring: those that are ready, the one being drawn, and behind `read` the one that the
 * caller has. The thread draws without the ring's mutex, into the batch at `write`, which nobody else looks at.
 * Invariant: ready <= depth, so `write` never reaches the caller's batch. A failure waits to be taken before the thread
 * goes on, so it comes behind the batches that were drawn before it.
 * Ownership: the batches' memory is one allocation each.
 */
#include <episodic/prefetch.h>

#include "replay.h"

#include <signal.h>
#include <stdio.h>

#define MODULE "prefetch"
#define DEPTH_DEFAULT ((size_t)2)
#define MESSAGE_SIZE 256
#define ALIGNMENT ((size_t)64)

typedef struct slot {
    epi_batch batch;
    epi_column columns[EPI__GATHER_MAX];
    uint8_t *memory;
} slot;

struct epi_prefetch {
    epi_replay *replay;
    pthread_t thread;
    bool started;
    atomic_bool stopping;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t moved;
    double beta;
    epi__arena names; /* of columns */
    slot *slots; /* depth + 1 */
    size_t depth, ready, read, write;
    epi_status failed;
    char message[MESSAGE_SIZE];
};

/* ---- the thread -------------------------------------------------------------------------------------------------- */

/* Draws one batch, without the mutex. */
static void draw_one(epi_prefetch *prefetch) {
    const double beta = prefetch->beta;
    slot *into = &prefetch->slots[prefetch->write];
    (void)pthread_mutex_unlock(&prefetch->lock);
    const epi_status status = epi__replay_sample(prefetch->replay, &into->batch, beta, &prefetch->stopping);
    (void)pthread_mutex_lock(&prefetch->lock);
    prefetch->failed = status;
    if (status) {
        (void)snprintf(prefetch->message, sizeof prefetch->message, "%s", epi_error_last()->message);
    } else {
        prefetch->write = (prefetch->write + 1) % (prefetch->depth + 1);
        prefetch->ready++;
    }
    (void)pthread_cond_broadcast(&prefetch->moved);
}

static void *work(void *argument) {
    epi_prefetch *prefetch = argument;
    (void)pthread_mutex_lock(&prefetch->lock);
    while (!atomic_load(&prefetch->stopping)) {
        if (prefetch->ready == prefetch->depth || prefetch->failed)
            (void)pthread_cond_wait(&prefetch->moved, &prefetch->lock);
        else draw_one(prefetch);
    }
    (void)pthread_mutex_unlock(&prefetch->lock);
    return NULL;
}

/* Signals are the program's: none is handled in this thread. */
static epi_status start(epi_prefetch *prefetch) {
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&prefetch->thread, NULL, work, prefetch);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) return epi__fail(EPI_ENOMEM, MODULE, "no thread could be started, error %d", error);
    prefetch->started = true;
    return EPI_OK;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static size_t aligned(size_t size) {
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static epi_status make_slot(slot *made, const epi_batch *shape, const size_t *row_sizes) {
    const size_t reals = aligned(shape->size * sizeof(double));
    size_t size = 3 * reals, at = size;
    for (size_t i = 0; i < shape->column_count; i++) size += aligned(shape->size * row_sizes[i]);
    made->memory = epi__alloc_aligned(ALIGNMENT, size);
    if (!made->memory) return epi__fail_memory(MODULE, size);
    made->batch = epi_batch_default();
    made->batch.size = shape->size;
    made->batch.ids = (uint64_t *)(void *)made->memory;
    made->batch.weights = (double *)(void *)(made->memory + reals);
    made->batch.probabilities = (double *)(void *)(made->memory + 2 * reals);
    made->batch.columns = made->columns;
    made->batch.column_count = shape->column_count;
    for (size_t i = 0; i < shape->column_count; i++) {
        made->columns[i] = epi_column_of(shape->columns[i].role, shape->columns[i].dtype, made->memory + at, 0);
        at += aligned(shape->size * row_sizes[i]);
    }
    return EPI_OK;
}

/* The columns of the shape with names of the prefetch's own, and with data that nobody writes to. */
static epi_status copy_columns(epi_column *columns, epi_prefetch *prefetch, const epi_batch *shape) {
    static uint8_t nothing;
    if (shape->column_count > EPI__GATHER_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "a batch had %zu columns, limit %u", shape->column_count, EPI__GATHER_MAX);
    if (shape->column_count && !shape->columns) return epi__fail(EPI_EINVAL, MODULE, "columns was NULL");
    for (size_t i = 0; i < shape->column_count; i++) {
        const char *role = shape->columns[i].role;
        if (!role) return epi__fail(EPI_EINVAL, MODULE, "a column had no role");
        const char *name = epi__arena_text(&prefetch->names, role, strlen(role));
        if (!name) return epi__fail_memory(MODULE, strlen(role));
        columns[i] = epi_column_of(name, shape->columns[i].dtype, &nothing, 0);
    }
    return EPI_OK;
}

static epi_status make_slots(epi_prefetch *prefetch, const epi_batch *shape) {
    size_t row_sizes[EPI__GATHER_MAX];
    epi_column columns[EPI__GATHER_MAX];
    epi_batch own = *shape;
    own.columns = columns;
    EPI__TRY(copy_columns(columns, prefetch, shape));
    EPI__TRY(epi__replay_row_sizes(row_sizes, prefetch->replay, &own, prefetch->beta));
    prefetch->slots = epi__alloc_zero(prefetch->depth + 1, sizeof *prefetch->slots);
    if (!prefetch->slots) return epi__fail_memory(MODULE, sizeof *prefetch->slots);
    for (size_t i = 0; i <= prefetch->depth; i++) EPI__TRY(make_slot(&prefetch->slots[i], &own, row_sizes));
    return EPI_OK;
}

epi_status epi_prefetch_open(epi_prefetch **made, epi_replay *replay, const epi_batch *shape, double beta,
                             size_t depth) {
    if (!made) return epi__fail(EPI_EINVAL, MODULE, "prefetch was NULL");
    *made = NULL;
    if (!replay || !shape) return epi__fail(EPI_EINVAL, MODULE, "%s was NULL", replay ? "shape" : "replay");
    if (depth > EPI_PREFETCH_DEPTH_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "depth was %zu, limit %u", depth, EPI_PREFETCH_DEPTH_MAX);
    epi_prefetch *prefetch = epi__alloc_zero(1, sizeof *prefetch);
    if (!prefetch) return epi__fail_memory(MODULE, sizeof *prefetch);
    prefetch->replay = replay;
    prefetch->beta = beta;
    prefetch->depth = depth ? depth : DEPTH_DEFAULT;
    (void)pthread_mutex_init(&prefetch->lock, NULL);
    (void)pthread_cond_init(&prefetch->moved, NULL);
    epi_status status = make_slots(prefetch, shape);
    if (!status) status = start(prefetch);
    if (status) epi_prefetch_close(prefetch);
    else *made = prefetch;
    return status;
}

void epi_prefetch_close(epi_prefetch *prefetch) {
    if (!prefetch) return;
    if (prefetch->started) {
        (void)pthread_mutex_lock(&prefetch->lock);
        atomic_store(&prefetch->stopping, true);
        (void)pthread_cond_broadcast(&prefetch->moved);
        (void)pthread_mutex_unlock(&prefetch->lock);
        (void)pthread_join(prefetch->thread, NULL);
    }
    for (size_t i = 0; prefetch->slots && i <= prefetch->depth; i++) epi__free(prefetch->slots[i].memory);
    (void)pthread_cond_destroy(&prefetch->moved);
    (void)pthread_mutex_destroy(&prefetch->lock);
    epi__arena_dispose(&prefetch->names);
    epi__free(prefetch->slots);
    epi__free(prefetch);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

/* The oldest batch that is ready, or else the failure. Under the mutex. */
static epi_status take(epi_batch *batch, epi_prefetch *prefetch) {
    while (prefetch->ready == 0 && !prefetch->failed) (void)pthread_cond_wait(&prefetch->moved, &prefetch->lock);
    const epi_status failed = prefetch->failed;
    if (prefetch->ready > 0) {
        *batch = prefetch->slots[prefetch->read].batch;
        prefetch->read = (prefetch->read + 1) % (prefetch->depth + 1);
        prefetch->ready--;
        return EPI_OK;
    }
    prefetch->failed = EPI_OK;
    return epi__fail(failed, MODULE, "%s", prefetch->message);
}

epi_status epi_prefetch_next(epi_batch *batch, epi_prefetch *prefetch) {
    if (!batch || !prefetch) return epi__fail(EPI_EINVAL, MODULE, "%s was NULL", batch ? "prefetch" : "batch");
    *batch = epi_batch_default();
    (void)pthread_mutex_lock(&prefetch->lock);
    const epi_status status = take(batch, prefetch);
    (void)pthread_cond_broadcast(&prefetch->moved);
    (void)pthread_mutex_unlock(&prefetch->lock);
    return status;
}

epi_status epi_prefetch_beta(epi_prefetch *prefetch, double beta) {
    if (!prefetch) return epi__fail(EPI_EINVAL, MODULE, "prefetch was NULL");
    if (!(beta >= 0 && beta <= 1)) return epi__fail(EPI_ENUMBER, MODULE, "beta was %g, expected 0 to 1", beta);
    (void)pthread_mutex_lock(&prefetch->lock);
    prefetch->beta = beta;
    (void)pthread_mutex_unlock(&prefetch->lock);
    return EPI_OK;
}
