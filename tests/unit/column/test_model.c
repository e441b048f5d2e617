/* Random appends over lanes and recorders, cuts, evictions, removals, reopening and compacting, against a naive model:
 * every live step's columns, next observation, end, neighbours and episode. Few slots a chunk, so that all of it meets
 * chunks' ends. The seed is printed. */
#include <stdlib.h>

#include "column/column.h"
#include "place.h"
#include "quick.h"

#define SIZE 30000u /* bytes of an observation: 8 slots a chunk */
#define LANES 3u
#define RECORDERS 2u
#define STEPS_MAX 4000u
#define BLOCK 24u
#define REMOVED_MAX 150u
#define NEWEST 100u

typedef struct step {
    uint64_t id, episode;
    uint32_t lane;              /* over all recorders */
    uint32_t observation, next; /* numbers; next 0: not known */
    bool given;                 /* next was given by the row */
    bool terminated, truncated, gone;
    int64_t before, after; /* places of its neighbours in the episode; -1: none */
} step;

typedef struct world {
    place place;
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_space *space;
    epi_recorder *recorders[RECORDERS];
    step steps[STEPS_MAX]; /* in the order they were appended in */
    size_t count;
    int64_t last[RECORDERS * LANES]; /* place of the lane's last step; -1: none */
    epi_transition_limits limits;
    epi__random random;
    uint32_t numbers; /* observations so far */
    size_t lists;     /* chunks that were read from a list of rows */
} world;

static void fill(uint8_t observation[SIZE], uint32_t number) {
    memset(observation, (int)(number % 251u), SIZE);
    memcpy(observation, &number, sizeof number);
    memcpy(observation + SIZE - sizeof number, &number, sizeof number);
}

static uint64_t below(world *w, uint64_t bound) {
    return epi__random_below(&w->random, bound);
}

/* ---- the model --------------------------------------------------------------------------------------------------- */

static bool is_open(const world *w, int64_t at) {
    return at >= 0 && !w->steps[at].terminated && !w->steps[at].truncated;
}

/* What a row does to the lane's last step. */
static void follow(world *w, size_t at) {
    step *new = &w->steps[at];
    int64_t last = w->last[new->lane];
    new->before = new->after = -1;
    new->episode = new->id;
    w->last[new->lane] = (int64_t)at;
    if (!is_open(w, last)) return;
    step *before = &w->steps[last];
    if (before->given && before->next != new->observation) {
        before->truncated = true;
        return;
    }
    before->next = new->observation;
    before->after = before->gone ? -1 : (int64_t)at;
    new->before = before->gone ? -1 : last;
    new->episode = before->episode;
}

/* The step before a hole is truncated; it keeps its next observation. */
static void drop(world *w, size_t at) {
    step *s = &w->steps[at];
    s->gone = true;
    if (s->before >= 0) w->steps[s->before].truncated = true;
    if (s->before >= 0) w->steps[s->before].after = -1;
    if (s->after >= 0) w->steps[s->after].before = -1;
}

static size_t live(const world *w) {
    size_t count = 0;
    for (size_t i = 0; i < w->count; i++) count += !w->steps[i].gone;
    return count;
}

static bool is_recorded(const world *w, uint64_t episode) {
    for (unsigned lane = 0; lane < RECORDERS * LANES; lane++)
        if (is_open(w, w->last[lane]) && w->steps[w->last[lane]].episode == episode) return true;
    return false;
}

static void evict(world *w) {
    size_t most = w->limits.max_steps ? (size_t)w->limits.max_steps : SIZE_MAX;
    for (size_t i = 0, count = live(w); count > most; i++) {
        if (w->steps[i].gone) continue;
        uint64_t episode = w->steps[i].episode;
        bool whole = w->limits.unit == EPI_EVICT_EPISODES && !is_recorded(w, episode);
        for (size_t j = i; j < (whole ? w->count : i + 1); j++)
            if (!w->steps[j].gone && w->steps[j].episode == episode) {
                if (w->steps[j].after >= 0) w->steps[w->steps[j].after].before = -1;
                w->steps[j].gone = true; /* the one before, if any, went already */
                count--;
            }
    }
}

/* ---- operations -------------------------------------------------------------------------------------------------- */

static void append(world *w) {
    static uint8_t observations[BLOCK][SIZE], next[BLOCK][SIZE];
    int64_t actions[BLOCK];
    float rewards[BLOCK];
    bool terminated[BLOCK], truncated[BLOCK];
    uint32_t lanes[BLOCK], seen[RECORDERS * LANES];
    uint64_t ids[BLOCK];
    unsigned recorder = (unsigned)below(w, RECORDERS), count = 1 + (unsigned)below(w, BLOCK);
    bool give = below(w, 2), interleave = below(w, 2);
    if (w->count + count > STEPS_MAX) return;
    for (unsigned lane = 0; lane < RECORDERS * LANES; lane++) {
        const step *last = w->last[lane] >= 0 ? &w->steps[w->last[lane]] : NULL;
        seen[lane] = last && last->given && is_open(w, w->last[lane]) ? last->next : 0;
    }
    uint32_t lane = (uint32_t)below(w, LANES);
    for (unsigned i = 0; i < count; i++) {
        if (interleave) lane = (uint32_t)below(w, LANES);
        uint32_t *expected = &seen[recorder * LANES + lane];
        step *s = &w->steps[w->count + i];
        *s = (step){.lane = recorder * LANES + lane, .given = give};
        s->observation = *expected && below(w, 12) ? *expected : ++w->numbers;
        s->next = give ? ++w->numbers : 0;
        s->terminated = terminated[i] = below(w, 7) == 0;
        s->truncated = truncated[i] = below(w, 15) == 0;
        *expected = give && !s->terminated && !s->truncated ? s->next : 0;
        fill(observations[i], s->observation);
        fill(next[i], s->next);
        actions[i] = (int64_t)s->observation * 3;
        rewards[i] = (float)s->observation * 0.5f;
        lanes[i] = lane;
    }
    const epi_column columns[] = {epi_column_u8(EPI_OBSERVATION, observations[0]),
                                  epi_column_i64(EPI_ACTION, actions),
                                  epi_column_f32(EPI_REWARD, rewards),
                                  epi_column_bool(EPI_TERMINATED, terminated),
                                  epi_column_bool(EPI_TRUNCATED, truncated),
                                  epi_column_u8(EPI_NEXT_OBSERVATION, next[0])};
    EXPECT(EPI_OK, epi_transitions_append(ids, w->recorders[recorder], lanes, columns, give ? 6 : 5, count));
    for (unsigned i = 0; i < count; i++) {
        w->steps[w->count].id = ids[i];
        follow(w, w->count++);
    }
}

static void cut(world *w) {
    unsigned recorder = (unsigned)below(w, RECORDERS), lane = (unsigned)below(w, LANES);
    int64_t last = w->last[recorder * LANES + lane];
    EXPECT(EPI_OK, epi_recorder_cut(w->recorders[recorder], lane));
    if (is_open(w, last)) w->steps[last].truncated = true;
}

static void sync_and_evict(world *w) {
    epi_transition_stats stats;
    EXPECT(EPI_OK, epi_sync(NULL, w->place.memory));
    evict(w);
    EXPECT(EPI_OK, epi_transitions_stats_read(&stats, w->space));
    assert_int_equal(stats.steps, live(w));
}

/* A few anywhere, or most of what is newest, so that little is left of its chunks. */
static void remove_some(world *w) {
    uint64_t ids[REMOVED_MAX], removed = 0;
    if (w->count == 0) return;
    sync_and_evict(w);
    epi_filter filter = epi_filter_default();
    bool most = below(w, 3) == 0, episodes = !most && below(w, 3) == 0;
    size_t count = most ? REMOVED_MAX : 1 + (size_t)below(w, 8);
    size_t first = most && w->count > NEWEST ? w->count - NEWEST : 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = first + (size_t)below(w, w->count - first);
        ids[i] = episodes ? w->steps[at].episode : w->steps[at].id;
    }
    filter.steps = episodes ? NULL : ids;
    filter.episodes = episodes ? ids : NULL;
    *(episodes ? &filter.episode_count : &filter.step_count) = count;
    for (size_t at = 0; at < w->count; at++)
        for (size_t i = 0; i < count && !w->steps[at].gone; i++)
            if ((episodes ? w->steps[at].episode : w->steps[at].id) == ids[i]) drop(w, at);
    EXPECT(EPI_OK, epi_remove(&removed, w->space, &filter, false));
}

static void limit(world *w) {
    sync_and_evict(w);
    w->limits.max_steps = below(w, 3) ? 20 + below(w, 400) : 0;
    w->limits.unit = below(w, 2) ? EPI_EVICT_EPISODES : EPI_EVICT_STEPS;
    EXPECT(EPI_OK, epi_transitions_limit(w->space, &w->limits));
    evict(w);
}

static void open_recorders(world *w) {
    EXPECT(EPI_OK, epi_recorder_open(&w->recorders[0], w->space, "one", LANES));
    EXPECT(EPI_OK, epi_recorder_open(&w->recorders[1], w->space, "two", LANES));
}

static void close_recorders(world *w) {
    for (unsigned i = 0; i < RECORDERS; i++) epi_recorder_close(w->recorders[i]);
}

static void open_world(world *w) {
    static const epi_sync_policy policies[] = {EPI_SYNC_EACH_COMMIT, EPI_SYNC_GROUPED, EPI_SYNC_MANUAL};
    w->place.options.sync = policies[below(w, 3)];
    w->place.options.group_size = EPI_GROUP_SIZE_MAX; /* commits come when the model says so */
    w->place.options.group_ms = EPI_GROUP_MS_MAX;
    EXPECT(EPI_OK, epi_memory_open(&w->place.memory, w->place.path, &w->place.options));
    EXPECT(EPI_OK, epi_schema_transitions(&w->schema, w->roles, SIZE / 4, EPI_I64, 0));
    w->roles[0] = epi_role_tensor(EPI_OBSERVATION, EPI_U8, 2, (const uint32_t[]){SIZE / 100, 100});
    EXPECT(EPI_OK, epi_space_open(&w->space, w->place.memory, "steps", &w->schema));
    open_recorders(w);
}

static void close_world(world *w) {
    close_recorders(w);
    epi_space_close(w->space);
    EXPECT(EPI_OK, epi_memory_close(w->place.memory));
    evict(w);
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static uint64_t id_at(const world *w, int64_t at) {
    return at < 0 ? 0 : w->steps[at].id;
}

static uint64_t neighbour(epi__snapshot *snapshot, epi__chunk *chunk, uint32_t offset,
                          epi_status (*go)(epi__chunk **, uint32_t *, epi__snapshot *)) {
    EXPECT(EPI_OK, go(&chunk, &offset, snapshot));
    return chunk ? epi__slot_id(epi__columns_layout(epi__columns_of(snapshot->mirror)), chunk, offset) : 0;
}

static void compare_step(const world *w, epi__snapshot *snapshot, const step *s) {
    static uint8_t expected[SIZE];
    const epi__layout *layout = epi__columns_layout(epi__columns_of(snapshot->mirror));
    epi__chunk *chunk = NULL;
    uint32_t offset = 0;
    const uint8_t *data = NULL;
    EXPECT(s->gone ? EPI_ESTALE : EPI_OK, epi__columns_find(&chunk, &offset, snapshot, s->id));
    if (s->gone) return;
    int64_t action = (int64_t)s->observation * 3;
    float reward = (float)s->observation * 0.5f;
    EXPECT(EPI_OK, epi__chunk_data(&data, snapshot, chunk));
    fill(expected, s->observation);
    assert_memory_equal(epi__slot_at(layout, data, layout->observation, offset), expected, SIZE);
    assert_memory_equal(epi__slot_at(layout, data, layout->action, offset), &action, sizeof action);
    assert_memory_equal(epi__slot_at(layout, data, layout->reward, offset), &reward, sizeof reward);
    unsigned flags = epi__slot_flags(layout, chunk, data, offset);
    assert_int_equal((flags & EPI__SLOT_TERMINATED) != 0, s->terminated);
    assert_int_equal((flags & EPI__SLOT_TRUNCATED) != 0, s->truncated);
    assert_int_equal(epi__slot_has_next(layout, chunk, data, offset), s->next != 0);
    assert_int_equal(epi__slot_is_ready(layout, chunk, data, offset), s->terminated || s->next != 0);
    fill(expected, s->next);
    if (s->next) assert_memory_equal(epi__slot_at(layout, data, layout->observation, offset + 1), expected, SIZE);
    assert_int_equal(neighbour(snapshot, chunk, offset, epi__slot_following), id_at(w, s->after));
    assert_int_equal(neighbour(snapshot, chunk, offset, epi__slot_preceding), id_at(w, s->before));
    assert_int_equal(epi__slot_episode(layout, chunk, data, offset), s->episode);
}

/* Every slot that looks ready is a step of the model. */
static void compare_ready(world *w, epi__snapshot *snapshot) {
    const epi__columns *columns = epi__columns_of(snapshot->mirror);
    const epi__layout *layout = epi__columns_layout(columns);
    size_t ready = 0, expected = 0;
    for (uint32_t seat = 0; seat < epi__columns_seat_count(columns); seat++) {
        epi__chunk *chunk = epi__columns_seat(columns, seat);
        const uint8_t *data = NULL;
        if (chunk) EXPECT(EPI_OK, epi__chunk_data(&data, snapshot, chunk));
        if (chunk) w->lists += chunk->spread != NULL;
        for (uint32_t i = 0; chunk && i < epi__chunk_count(chunk); i++)
            ready += epi__slot_is_ready(layout, chunk, data, i);
    }
    for (size_t i = 0; i < w->count; i++) expected += !w->steps[i].gone && (w->steps[i].terminated || w->steps[i].next);
    assert_int_equal(ready, expected);
}

static void compare(world *w) {
    epi__snapshot snapshot;
    epi_transition_stats stats;
    sync_and_evict(w);
    EXPECT(EPI_OK, epi__columns_begin(&snapshot, w->space->mirror));
    for (size_t i = 0; i < w->count; i++) compare_step(w, &snapshot, &w->steps[i]);
    compare_ready(w, &snapshot);
    epi__snapshot_end(&snapshot);
    EXPECT(EPI_OK, epi_transitions_stats_read(&stats, w->space));
    assert_int_equal(stats.steps, live(w));
    assert_int_equal(stats.capacity, 8);
    place_check(w->place.memory);
}

static void operate(world *w) {
    uint64_t dice = below(w, 100);
    if (dice < 70)
        append(w);
    else if (dice < 75)
        cut(w);
    else if (dice < 85)
        remove_some(w);
    else if (dice < 90)
        limit(w);
    else if (dice < 93)
        close_recorders(w), open_recorders(w), evict(w);
    else if (dice < 96)
        close_world(w), open_world(w);
    else if (dice < 97)
        EXPECT(EPI_OK, epi_memory_compact(w->place.memory)), evict(w);
    else
        compare(w);
    if (w->place.options.sync == EPI_SYNC_EACH_COMMIT) evict(w);
}

static size_t run(uint64_t seed, unsigned operations) {
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    place_make(&w->place);
    w->random = epi__random_seed(seed);
    w->limits = epi_transition_limits_default();
    for (unsigned lane = 0; lane < RECORDERS * LANES; lane++) w->last[lane] = -1;
    open_world(w);
    for (unsigned i = 0; i < operations; i++) operate(w);
    compare(w);
    close_world(w);
    open_world(w);
    compare(w);
    close_world(w);
    place_remove(&w->place);
    const size_t lists = w->lists;
    free(w);
    return lists;
}

static void columns_are_what_a_naive_model_is(void **state) {
    (void)state;
    uint64_t seed = quick_seed(112);
    size_t lists = 0;
    for (uint64_t i = 0; i < 6; i++) lists += run(seed + i, 150);
    assert_true(lists > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(columns_are_what_a_naive_model_is)};
    quick();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
