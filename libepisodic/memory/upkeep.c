/* upkeep.c - the work that makes later calls faster: sealing the tail, building the graph and saving it, letting what
 * was forgotten expire. All of it can be left undone, done by any process, and cut short at any moment.
 */
#include <stdio.h>

#include "append.h"
#include "embed.h"
#include "filter.h"
#include "graph.h"
#include "handle.h"
#include "learn.h"
#include "remove.h"
#include "worth.h"

#define MODULE "memory"

static epi_status seal(uint64_t *sealed, epi__mirror *mirror) {
    epi__change change;
    EPI__TRY(epi__change_begin(&change, mirror->store, mirror->space, false));
    if (epi__state_count(&change.state, EPI__TABLE_TAIL) == 0) {
        epi__change_abort(&change);
        return EPI_OK;
    }
    epi_status status = epi__seal(sealed, &change);
    if (!status) return epi__change_commit(&change, epi__store_now(mirror->store));
    epi__change_abort(&change);
    return status;
}

/* ---- expiry ----------------------------------------------------------------------------------------------------- */

static epi_status expire(uint64_t *expired, epi__mirror *mirror) {
    epi__snapshot snapshot;
    EPI__TRY(epi__snapshot_begin(&snapshot, mirror));
    int64_t now = epi__store_now(mirror->store);
    uint64_t *ids = epi__realloc(NULL, mirror->marks_at.count + 1, sizeof *ids), step = 0, place = 0;
    size_t count = 0, at = 0;
    while (ids && epi__map_next(&mirror->marks_at, &at, &step, &place)) {
        const epi__mark *mark = &mirror->marks[place];
        if (mark->forgotten_at != EPI_TIME_NONE && mark->purge_at <= now) ids[count++] = step;
    }
    epi__snapshot_end(&snapshot);
    if (!ids) return epi__fail_memory(MODULE, sizeof *ids);
    epi_status status = count ? epi__remove_steps(expired, mirror, ids, count) : EPI_OK;
    epi__free(ids);
    return status;
}

epi_status epi_space_upkeep(epi_upkeep_report *report, epi_space *space, const epi_upkeep_options *given) {
    epi_upkeep_report done = {.complete = true};
    epi_upkeep_options options = given ? *given : epi_upkeep_options_default();
    if (report) memset(report, 0, sizeof *report);
    EPI__TRY(epi__space_check_handle(space));
    if (options.version != 1)
        return epi__fail(EPI_EINVAL, MODULE, "upkeep options have version %u, expected 1", options.version);
    epi__mirror *mirror = space->mirror;
    uint64_t until = options.time_limit_ms ? epi__clock_monotonic_us() + (uint64_t)options.time_limit_ms * 1000u : 0;
    EPI__TRY(epi__pending_commit(mirror));
    epi_status status = options.expire ? expire(&done.expired, mirror) : EPI_OK;
    if (!status && (options.seal || options.index)) status = seal(&done.sealed, mirror);
    if (!status && options.embed && (until == 0 || epi__clock_monotonic_us() < until)) status = epi__learn(mirror);
    epi_status failed = !status && options.embed ? epi__embed(&done, mirror, &options, until) : EPI_OK;
    if (failed == EPI_EREADONLY) status = failed;
    if (!status && !failed && options.embed && done.complete) status = epi__worth_measure(mirror);
    char why[256];
    if (failed) snprintf(why, sizeof why, "%s", epi_error_last()->message);
    if (!status && options.index) status = epi__graph_build(&done.indexed, &done.complete, mirror, until);
    if (report) *report = done;
    return !status && failed ? epi__fail(failed, MODULE, "%s", why) : status;
}
