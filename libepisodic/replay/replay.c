/* replay.c - samplers: opening, drawing batches, setting priorities, waiting for what a batch needs; see replay.h.
 *
 * Idea: a batch is all or nothing. What it needs is checked under the mutex; when it is not there, mutex and snapshot
 * are given back and tried for again until the time is up, and the error line says what was missing.
 */
#include "replay.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#define MODULE "replay"
#define PIECE 256u
#define NAP_MIN_US 200u
#define NAP_MAX_US 5000u

/* ---- options ----------------------------------------------------------------------------------------------------- */

static bool is_within(double value, double least, double most) {
    return value >= least && value <= most; /* false for NaN */
}

static epi_status check_numbers(const epi_replay_options *options) {
    if (!is_within(options->alpha, 0, EPI_ALPHA_MAX))
        return epi__fail(EPI_ENUMBER, MODULE, "alpha was %g, expected 0 to %g", options->alpha, EPI_ALPHA_MAX);
    if (!is_within(options->discount, 0, 1))
        return epi__fail(EPI_ENUMBER, MODULE, "discount was %g, expected 0 to 1", options->discount);
    if (!(options->initial_priority > 0 && isfinite(options->initial_priority)))
        return epi__fail(EPI_ENUMBER, MODULE, "initial_priority was %g, expected a positive number",
                         options->initial_priority);
    if (!(options->samples_per_insert >= 0 && isfinite(options->samples_per_insert)))
        return epi__fail(EPI_ENUMBER, MODULE, "samples_per_insert was %g", options->samples_per_insert);
    if (!(options->samples_ahead >= 0 && isfinite(options->samples_ahead)))
        return epi__fail(EPI_ENUMBER, MODULE, "samples_ahead was %g", options->samples_ahead);
    return EPI_OK;
}

static epi_status check_options(const epi_replay_options *options) {
    if (options->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "replay options have version %u, expected 1", options->version);
    if (options->sampler < EPI_SAMPLER_UNIFORM || options->sampler > EPI_SAMPLER_MAX_HEAP)
        return epi__fail(EPI_EINVAL, MODULE, "there is no sampler %d", (int)options->sampler);
    if (options->weight_norm != EPI_WEIGHTS_BY_BUFFER && options->weight_norm != EPI_WEIGHTS_BY_BATCH)
        return epi__fail(EPI_EINVAL, MODULE, "there is no weight norm %d", (int)options->weight_norm);
    if (options->n_step > EPI_N_STEP_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "n_step was %u, limit %u", options->n_step, EPI_N_STEP_MAX);
    if (options->resume && !options->name)
        return epi__fail(EPI_EINVAL, MODULE, "resume was asked of a sampler without a name");
    return check_numbers(options);
}

static epi_status copy_name(epi_replay *replay, const char *name) {
    if (!name) return EPI_OK;
    const size_t size = strlen(name);
    if (size == 0) return epi__fail(EPI_EINVAL, MODULE, "the sampler's name was empty");
    if (size > EPI_NAME_SIZE_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the sampler's name has %zu bytes, limit %u", size, EPI_NAME_SIZE_MAX);
    for (size_t at = 0, step; at < size; at += step)
        if ((step = epi__utf8_sequence((const uint8_t *)name + at, size - at)) == 0)
            return epi__fail(EPI_EUTF8, MODULE, "the sampler's name is not UTF-8 at byte %zu", at);
    replay->name = epi__alloc(size + 1);
    if (!replay->name) return epi__fail_memory(MODULE, size + 1);
    memcpy(replay->name, name, size + 1);
    replay->name_hash = epi__hash64(name, size);
    return EPI_OK;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static epi__priority_kind kind_of(const epi_replay *replay, uint64_t nonce) {
    const epi_replay_options *options = &replay->options;
    const bool weighs = options->sampler == EPI_SAMPLER_PROPORTIONAL || options->sampler == EPI_SAMPLER_RANK;
    return (epi__priority_kind){.space = replay->mirror->space,
                                .sampler = (uint32_t)options->sampler,
                                .shift = replay->layout->shift,
                                .max_times = options->max_times_sampled,
                                .length = replay->views.length,
                                .period = replay->views.period,
                                .alpha = weighs ? options->alpha : 0,
                                .nonce = nonce};
}

/* The block's path in the memory's cache. */
static epi_status block_path(epi__buffer *path, const epi_replay *replay) {
    char name[64];
    snprintf(name, sizeof name, "space-%u-%016llx.priority", replay->mirror->space,
             (unsigned long long)replay->name_hash);
    return epi__store_cache_path(path, replay->mirror->store, name);
}

/* Fills in the block as the first to open it, or just sees what there is. */
static epi_status fill(epi_replay *replay, const epi__sampler_record *record) {
    epi__snapshot snapshot;
    EPI__TRY(epi__columns_begin(&snapshot, replay->mirror));
    epi_status status = epi__priorities_lock(&replay->priorities);
    if (!status) {
        const bool fresh = replay->priorities.first && !replay->priorities.filled;
        replay->next_look = epi__columns_look_next(replay->columns);
        if (fresh && replay->name) {
            replay->priorities.head->counts = record->counts;
            status = epi__sampler_load(replay, &snapshot);
        }
        if (!status) status = epi__follow_all(replay, &snapshot);
        if (!status && replay->priorities.keyless) status = epi__follow_keys(replay, &snapshot);
        if (!status && replay->priorities.first) epi__follow_settle(replay);
        if (!status && fresh) epi__priorities_rebuild(&replay->priorities); /* a heap in its sorted form */
        epi__priorities_unlock(&replay->priorities);
    }
    epi__snapshot_end(&snapshot);
    return status;
}

static epi_status open_block(epi_replay *replay) {
    epi__buffer path = {0};
    epi__sampler_record record = {.nonce = 0};
    const size_t room = (size_t)epi__columns_seat_count(replay->columns) << replay->layout->shift;
    epi_status status = replay->name ? block_path(&path, replay) : EPI_OK;
    if (!status && replay->name) status = epi__sampler_open(&record, replay);
    if (!status && replay->options.resume && !record.saved)
        status = epi__fail(EPI_ENOTFOUND, MODULE, "sampler \"%s\" was never saved", replay->name);
    const epi__priority_kind kind = kind_of(replay, record.nonce);
    const char *file = replay->name && !status ? epi__buffer_text(&path) : NULL;
    if (!status) status = epi__priorities_open(&replay->priorities, file, &kind, room);
    if (!status) status = fill(replay, &record);
    if (!status) epi__priorities_opened(&replay->priorities);
    replay->random = replay->options.resume ? record.random : epi__random_seed(replay->options.seed);
    epi__buffer_dispose(&path);
    return status;
}

epi_status epi_replay_open(epi_replay **made, epi_space *space, const epi_replay_options *given) {
    const epi_replay_options options = given ? *given : epi_replay_options_default();
    if (!made) return epi__fail(EPI_EINVAL, MODULE, "replay was NULL");
    *made = NULL;
    EPI__TRY(check_options(&options));
    EPI__TRY(epi__space_check_handle(space));
    if (!epi__columns_of(space->mirror))
        return epi__fail(EPI_ESCHEMA, MODULE, "space \"%s\" has no columns to draw from", space->mirror->name);
    epi_replay *replay = epi__alloc_zero(1, sizeof *replay);
    if (!replay) return epi__fail_memory(MODULE, sizeof *replay);
    atomic_fetch_add(&space->references, 1);
    replay->space = space;
    replay->mirror = space->mirror;
    replay->columns = epi__columns_of(space->mirror);
    replay->layout = epi__columns_layout(replay->columns);
    replay->options = options;
    replay->options.n_step = EPI__MAX(options.n_step, 1u);
    replay->options.min_steps = EPI__MAX(options.min_steps, (uint64_t)1);
    replay->priorities.lock_file = -1;
    (void)pthread_mutex_init(&replay->lock, NULL);
    epi_status status = copy_name(replay, options.name);
    replay->options.name = replay->name;
    if (!status) status = epi__views_resolve(replay);
    if (!status) status = open_block(replay);
    if (status) epi_replay_close(replay);
    else *made = replay;
    return status;
}

void epi_replay_close(epi_replay *replay) {
    if (!replay) return;
    epi__borrow_return(replay);
    epi__priorities_close(&replay->priorities);
    epi__draws_dispose(&replay->draws);
    epi__map_dispose(&replay->seat_of);
    epi__buffer_dispose(&replay->orphans);
    epi__free(replay->ranks);
    epi__free(replay->seats);
    epi__free(replay->name);
    epi__space_release(replay->space);
    (void)pthread_mutex_destroy(&replay->lock);
    epi__free(replay);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static epi_status check_handle(const epi_replay *replay) {
    if (!replay) return epi__fail(EPI_EINVAL, MODULE, "replay was NULL");
    return epi__space_check_handle(replay->space);
}

/* Calls of a handle take turns: begin() ... return end(). */
static epi_status begin(epi_replay *replay) {
    EPI__TRY(check_handle(replay));
    (void)pthread_mutex_lock(&replay->lock);
    epi__borrow_return(replay);
    return EPI_OK;
}

static epi_status end(epi_replay *replay, epi_status status) {
    (void)pthread_mutex_unlock(&replay->lock);
    return status;
}

/* A snapshot, the mutex, and the block brought up to it. */
static epi_status enter(epi__snapshot *snapshot, epi_replay *replay) {
    EPI__TRY(epi__columns_begin(snapshot, replay->mirror));
    epi_status status = epi__priorities_lock(&replay->priorities);
    if (!status) {
        status = epi__follow(replay, snapshot);
        if (!status) return EPI_OK;
        epi__priorities_unlock(&replay->priorities);
    }
    epi__snapshot_end(snapshot);
    return status;
}

static void leave(epi__snapshot *snapshot, epi_replay *replay) {
    epi__priorities_unlock(&replay->priorities);
    epi__snapshot_end(snapshot);
}

/* ---- the rate limiter -------------------------------------------------------------------------------------------- */

static double samples_left(const epi_replay *replay) {
    const epi_replay_options *options = &replay->options;
    const epi__priority_counts *counts = &replay->priorities.head->counts;
    if (!(options->samples_per_insert > 0)) return (double)INFINITY;
    const double since = counts->inserted > options->min_steps ? (double)(counts->inserted - options->min_steps) : 0;
    return since * options->samples_per_insert + options->samples_ahead - (double)counts->sampled;
}

static bool has_drawable(const epi__priorities *priorities) {
    if (!epi__priorities_has_tree(priorities)) return priorities->head->ordered > 0;
    return epi__sumtree_total(&priorities->tree) > 0;
}

/* Why a batch cannot be drawn now; EPI_OK when it can. */
static epi_status may_sample(const epi_replay *replay, size_t count, uint64_t waited_us) {
    const epi__priority_head *head = replay->priorities.head;
    const unsigned long long waited_ms = waited_us / 1000;
    if (head->live < replay->options.min_steps)
        return epi__fail(EPI_ETIMEOUT, MODULE, "waited %llu ms: there were %llu steps to draw from, needed %llu",
                         waited_ms, (unsigned long long)head->live, (unsigned long long)replay->options.min_steps);
    if (!has_drawable(&replay->priorities))
        return epi__fail(EPI_ETIMEOUT, MODULE, "waited %llu ms: none of %llu steps could be drawn: priority 0, or "
                         "drawn %u times", waited_ms, (unsigned long long)head->live,
                         replay->options.max_times_sampled);
    const double left = samples_left(replay);
    if (left < (double)count)
        return epi__fail(EPI_ETIMEOUT, MODULE, "waited %llu ms: %llu inserted steps allowed %.0f more samples, needed "
                         "%zu", waited_ms, (unsigned long long)head->counts.inserted, left, count);
    return EPI_OK;
}

/* Lets other calls of the handle go first for a while. */
static epi_status nap(epi_replay *replay, uint64_t us, const atomic_bool *stop) {
    const struct timespec time = {.tv_sec = 0, .tv_nsec = (long)us * 1000};
    (void)pthread_mutex_unlock(&replay->lock);
    (void)nanosleep(&time, NULL);
    (void)pthread_mutex_lock(&replay->lock);
    if (stop && atomic_load(stop)) return epi__fail(EPI_ECLOSED, MODULE, "the prefetch was closed while it waited");
    return check_handle(replay);
}

/* Enters once a batch can be drawn. */
static epi_status enter_when_ready(epi__snapshot *snapshot, epi_replay *replay, size_t count, const atomic_bool *stop) {
    const uint64_t limit_us = (uint64_t)replay->options.timeout_ms * 1000;
    uint64_t started = 0, waited = 0;
    for (uint64_t pause = NAP_MIN_US;; pause = EPI__MIN(pause * 2, (uint64_t)NAP_MAX_US)) {
        EPI__TRY(enter(snapshot, replay));
        epi_status status = may_sample(replay, count, waited);
        if (!status) return EPI_OK;
        leave(snapshot, replay);
        if (waited >= limit_us) return status;
        if (started == 0) started = epi__clock_monotonic_us();
        EPI__TRY(nap(replay, EPI__MIN(pause, limit_us - waited), stop));
        waited = epi__clock_monotonic_us() - started;
    }
}

/* ---- sampling ---------------------------------------------------------------------------------------------------- */

static epi_status check_batch(const epi_batch *batch, double beta) {
    if (batch->version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "the batch has version %u, expected 1", batch->version);
    if (batch->size == 0) return epi__fail(EPI_EINVAL, MODULE, "the batch was to have 0 steps");
    if (batch->size > EPI_BATCH_SIZE_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the batch was to have %zu steps, limit %u", batch->size,
                         EPI_BATCH_SIZE_MAX);
    if (!is_within(beta, 0, 1)) return epi__fail(EPI_ENUMBER, MODULE, "beta was %g, expected 0 to 1", beta);
    return EPI_OK;
}

static epi_status sample(epi_replay *replay, epi_batch *batch, double beta, const atomic_bool *stop) {
    epi__snapshot snapshot;
    EPI__TRY(check_batch(batch, beta));
    EPI__TRY(epi__gather_check(replay, batch));
    EPI__TRY(enter_when_ready(&snapshot, replay, batch->size, stop));
    epi_status status = epi__draw(replay, batch->size);
    const size_t count = replay->draws.count;
    if (!status) replay->priorities.head->counts.sampled += count;
    for (size_t i = 0; batch->ids && !status && i < count; i++)
        batch->ids[i] = epi__follow_id(replay, replay->draws.leaves[i]);
    epi__priorities_unlock(&replay->priorities);
    if (!status && replay->planned != batch) /* another call came between while this one waited */
        status = epi__gather_check(replay, batch);
    if (!status) status = epi__gather(replay, &snapshot);
    epi__snapshot_end(&snapshot);
    if (status) return status;
    epi__draw_weights(batch->weights, batch->probabilities, replay, beta);
    batch->count = count;
    return EPI_OK;
}

epi_status epi__replay_sample(epi_replay *replay, epi_batch *batch, double beta, const atomic_bool *stop) {
    if (!batch) return epi__fail(EPI_EINVAL, MODULE, "batch was NULL");
    batch->count = 0;
    EPI__TRY(begin(replay));
    return end(replay, sample(replay, batch, beta, stop));
}

epi_status epi_replay_sample(epi_replay *replay, epi_batch *batch, double beta) {
    return epi__replay_sample(replay, batch, beta, NULL);
}

static epi_status measure_rows(size_t *sizes, epi_replay *replay, const epi_batch *batch, double beta) {
    EPI__TRY(check_batch(batch, beta));
    EPI__TRY(epi__gather_check(replay, batch));
    for (size_t i = 0; i < replay->plan_count; i++) sizes[i] = replay->plan[i].to.stride;
    return EPI_OK;
}

epi_status epi__replay_row_sizes(size_t *sizes, epi_replay *replay, const epi_batch *batch, double beta) {
    EPI__TRY(begin(replay));
    return end(replay, measure_rows(sizes, replay, batch, beta));
}

epi_status epi_replay_borrow(size_t *count, epi_column *columns, size_t column_count, epi_replay *replay,
                             uint64_t first, size_t most) {
    if (!count) return epi__fail(EPI_EINVAL, MODULE, "count was NULL");
    *count = 0;
    EPI__TRY(begin(replay));
    return end(replay, epi__borrow(count, columns, column_count, replay, first, most));
}

/* ---- priorities -------------------------------------------------------------------------------------------------- */

static epi_status check_priorities(const uint64_t *ids, const double *priorities, size_t count) {
    if (count > 0 && (!ids || !priorities)) return epi__fail(EPI_EINVAL, MODULE, "ids or priorities was NULL");
    for (size_t i = 0; i < count; i++)
        if (!(priorities[i] >= 0 && priorities[i] <= 1.7976931348623157e308))
            return epi__fail(EPI_ENUMBER, MODULE, "priority %zu was %g, expected a number from 0 on", i, priorities[i]);
    return EPI_OK;
}

static uint64_t set_piece(epi_replay *replay, const uint64_t *ids, const double *priorities, size_t count) {
    uint32_t leaves[PIECE], places[PIECE];
    double values[PIECE];
    const size_t found = epi__follow_find(leaves, places, replay, ids, count);
    for (size_t i = 0; i < found; i++) values[i] = priorities[places[i]];
    epi__priorities_set(&replay->priorities, leaves, values, found);
    replay->priorities.head->counts.updated += found;
    replay->priorities.head->unflushed += found;
    return count - found;
}

static void get_piece(double *priorities, const epi_replay *replay, const uint64_t *ids, size_t count) {
    uint32_t leaves[PIECE], places[PIECE];
    const size_t found = epi__follow_find(leaves, places, replay, ids, count);
    for (size_t i = 0; i < count; i++) priorities[i] = -1;
    for (size_t i = 0; i < found; i++) priorities[places[i]] = replay->priorities.raw[leaves[i]];
}

static epi_status update(uint64_t *stale, epi_replay *replay, const uint64_t *ids, const double *priorities,
                         size_t count) {
    epi__snapshot snapshot;
    uint64_t skipped = 0;
    EPI__TRY(check_priorities(ids, priorities, count));
    EPI__TRY(enter(&snapshot, replay));
    for (size_t done = 0; done < count; done += PIECE)
        skipped += set_piece(replay, ids + done, priorities + done, EPI__MIN(count - done, PIECE));
    leave(&snapshot, replay);
    if (stale) *stale = skipped;
    return epi__sampler_flush_due(replay);
}

epi_status epi_replay_update(uint64_t *stale, epi_replay *replay, const uint64_t *ids, const double *priorities,
                             size_t count) {
    if (stale) *stale = 0;
    EPI__TRY(begin(replay));
    return end(replay, update(stale, replay, ids, priorities, count));
}

static epi_status read_priorities(double *priorities, epi_replay *replay, const uint64_t *ids, size_t count) {
    epi__snapshot snapshot;
    if (count > 0 && (!ids || !priorities)) return epi__fail(EPI_EINVAL, MODULE, "ids or priorities was NULL");
    EPI__TRY(enter(&snapshot, replay));
    for (size_t done = 0; done < count; done += PIECE)
        get_piece(priorities + done, replay, ids + done, EPI__MIN(count - done, PIECE));
    leave(&snapshot, replay);
    return EPI_OK;
}

epi_status epi_replay_priorities(double *priorities, epi_replay *replay, const uint64_t *ids, size_t count) {
    EPI__TRY(begin(replay));
    return end(replay, read_priorities(priorities, replay, ids, count));
}

epi_status epi_replay_flush(epi_replay *replay) {
    EPI__TRY(begin(replay));
    return end(replay, replay->name ? epi__sampler_flush(replay) : EPI_OK);
}

static epi_status save(epi_replay *replay) {
    if (!replay->name) return epi__fail(EPI_EINVAL, MODULE, "a sampler without a name cannot be saved");
    EPI__TRY(epi__sampler_flush(replay));
    return epi__sampler_save(replay);
}

epi_status epi_replay_save(epi_replay *replay) {
    EPI__TRY(begin(replay));
    return end(replay, save(replay));
}

static epi_status read_stats(epi_replay_stats *stats, epi_replay *replay) {
    epi__snapshot snapshot;
    EPI__TRY(enter(&snapshot, replay));
    const epi__priorities *priorities = &replay->priorities;
    const epi__priority_head *head = priorities->head;
    *stats = (epi_replay_stats){.steps = head->live,
                                .inserted = head->counts.inserted,
                                .sampled = head->counts.sampled,
                                .updated = head->counts.updated,
                                .samples_left = samples_left(replay),
                                .greatest_priority = head->counts.greatest,
                                .memory_size = head->size,
                                .least_priority = (double)INFINITY,
                                .kernels = epi__sumtree_kernel_name()};
    if (epi__priorities_has_tree(priorities)) {
        stats->total_priority = epi__sumtree_total(&priorities->tree);
        stats->least_priority = epi__sumtree_minimum(&priorities->tree);
    }
    leave(&snapshot, replay);
    return EPI_OK;
}

epi_status epi_replay_stats_read(epi_replay_stats *stats, epi_replay *replay) {
    if (!stats) return epi__fail(EPI_EINVAL, MODULE, "stats was NULL");
    *stats = (epi_replay_stats){0};
    EPI__TRY(begin(replay));
    return end(replay, read_stats(stats, replay));
}
