/* upkeep.c - a thread that does the upkeep of spaces that have changed much; see upkeep.h.
 *
 * A space is due when a tenth of its steps is new since the last time, and at least a thousand: its saved index is then
 * written a number of times that grows with the logarithm of its size, and what is new is few enough to be searched
 * through. Several servers on one memory may all do it.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "upkeep.h"

#define CHANGES_MIN 1000u
#define SHARE 10u          /* of the steps */
#define PAUSE_S 1          /* after a change, for more to come */
#define TIME_LIMIT_MS 500u /* of one go: closing waits no longer */

/* A space that was seen, and how it was when its upkeep was last complete. */
typedef struct kept {
    epi_space *space;
    uint64_t sequence;
    uint64_t steps;
} kept;

struct upkeep {
    service *of;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool touched;
    bool stopping;
    kept *spaces; /* of the thread alone, as the next */
    size_t count;
};

static kept *find_kept(upkeep *u, epi_space *space) {
    for (size_t i = 0; i < u->count; i++)
        if (u->spaces[i].space == space) return &u->spaces[i];
    kept *grown = realloc(u->spaces, (u->count + 1) * sizeof *grown);
    if (grown == NULL) return NULL;
    u->spaces = grown;
    u->spaces[u->count] = (kept){space, 0, 0};
    return &u->spaces[u->count++];
}

/* One go at a space. @return false when there is more to do; a failure is left for the next change */
static bool keep_space(upkeep *u, epi_space *space) {
    epi_space_stats stats;
    epi_upkeep_report report = {0};
    epi_upkeep_options options = epi_upkeep_options_default();
    kept *k = find_kept(u, space);
    if (k == NULL || epi_space_stats_read(&stats, space) != EPI_OK) return true;
    uint64_t least = stats.steps / SHARE > CHANGES_MIN ? stats.steps / SHARE : CHANGES_MIN;
    uint64_t more = stats.steps > k->steps ? stats.steps - k->steps : 0; /* one change may bring many */
    if (more < least && stats.sequence - k->sequence < least) return true;
    options.time_limit_ms = TIME_LIMIT_MS;
    epi_status status = epi_space_upkeep(&report, space, &options);
    bool done = status != EPI_OK || report.complete;
    if (done) *k = (kept){space, stats.sequence, stats.steps};
    return done;
}

static bool keep_all(upkeep *u) {
    size_t count = 0;
    epi_space **spaces = service_spaces(&count, u->of);
    bool done = true;
    for (size_t i = 0; i < count; i++) done = keep_space(u, spaces[i]) && done;
    free(spaces);
    return done;
}

/* Waits for a change, and then for more to come. @return false at the end */
static bool wait_for_change(upkeep *u) {
    struct timespec until;
    pthread_mutex_lock(&u->lock);
    while (!u->stopping && !u->touched) pthread_cond_wait(&u->changed, &u->lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PAUSE_S;
    while (!u->stopping && pthread_cond_timedwait(&u->changed, &u->lock, &until) == 0) continue;
    u->touched = false;
    bool go_on = !u->stopping;
    pthread_mutex_unlock(&u->lock);
    return go_on;
}

static void *run(void *context) {
    upkeep *u = context;
    while (wait_for_change(u)) {
        if (!keep_all(u)) upkeep_touch(u);
    }
    return NULL;
}

upkeep *upkeep_start(service *of) {
    upkeep *u = calloc(1, sizeof *u);
    if (u == NULL) return NULL;
    u->of = of;
    pthread_mutex_init(&u->lock, NULL);
    pthread_cond_init(&u->changed, NULL);
    if (pthread_create(&u->thread, NULL, run, u) == 0) return u;
    pthread_cond_destroy(&u->changed);
    pthread_mutex_destroy(&u->lock);
    free(u);
    return NULL;
}

void upkeep_touch(upkeep *u) {
    if (u == NULL) return;
    pthread_mutex_lock(&u->lock);
    if (!u->touched) pthread_cond_broadcast(&u->changed);
    u->touched = true;
    pthread_mutex_unlock(&u->lock);
}

void upkeep_stop(upkeep *u) {
    if (u == NULL) return;
    pthread_mutex_lock(&u->lock);
    u->stopping = true;
    pthread_cond_broadcast(&u->changed);
    pthread_mutex_unlock(&u->lock);
    pthread_join(u->thread, NULL);
    pthread_cond_destroy(&u->changed);
    pthread_mutex_destroy(&u->lock);
    free(u->spaces);
    free(u);
}
