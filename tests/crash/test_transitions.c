/* A recorder is killed at a random moment, again and again; every acknowledged transition is there each time, whole, in
 * order, and its episode ends where it was said to end. Now and then it removes most of what is old, so that chunks are
 * stored again as lists of rows: all that was removed is gone, or all of it is there.
 *
 *   EPISODIC_TEST_KILLS     how many (200)
 *   EPISODIC_TEST_SEED      the seed, which is printed
 */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LANES 3u
#define WIDTH 700u /* floats of an observation: a chunk is sealed every 64 rows */
#define BLOCK 40u
#define ROWS_MAX 400000u
#define KEPT 7u         /* of the old rows, one in so many stays */
#define REMOVED_MAX 2000u /* rows that are thinned out at once, a multiple of KEPT */

/* What the writer says in shared memory: row n of a lane is a function of n alone. */
typedef struct book {
    uint32_t begun[LANES], stored[LANES]; /* rows whose append was called, and was acknowledged */
    uint64_t last[LANES];                 /* id of the last acknowledged row */
    uint32_t thinning[LANES], thin[LANES]; /* rows below were to be thinned out, and were */
    uint64_t ids[LANES][ROWS_MAX];
} book;

static bool ends(uint32_t lane, uint32_t row) {
    return (row * 2654435761u + lane) % 23u == 0;
}

static float value_of(uint32_t lane, uint32_t row) {
    return (float)(row * LANES + lane);
}

static int failed(const char *what, epi_status status) {
    print_error("%s: %s: %s\n", what, epi_status_name(status), epi_error_last()->message);
    return 1;
}

static epi_status open_space(epi_memory **memory, epi_space **space, const char *path,
                             const epi_memory_options *options) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_status status = epi_memory_open(memory, path, options);
    if (!status) status = epi_schema_transitions(&schema, roles, WIDTH, EPI_I64, 0);
    return status ? status : epi_space_open(space, *memory, "maze", &schema);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static epi_status append(book *b, epi_recorder *recorder, uint32_t lane, uint32_t count, bool each) {
    static float observations[BLOCK][WIDTH], rewards[BLOCK];
    int64_t actions[BLOCK];
    bool terminated[BLOCK];
    uint32_t lanes[BLOCK], first = b->begun[lane];
    uint64_t ids[BLOCK];
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < WIDTH; j++) observations[i][j] = value_of(lane, first + i);
        rewards[i] = value_of(lane, first + i);
        actions[i] = first + i;
        terminated[i] = ends(lane, first + i);
        lanes[i] = lane;
    }
    const epi_column columns[] = {epi_column_f32(EPI_OBSERVATION, observations[0]), epi_column_i64(EPI_ACTION, actions),
                                  epi_column_f32(EPI_REWARD, rewards), epi_column_bool(EPI_TERMINATED, terminated)};
    b->begun[lane] = first + count;
    epi_status status = epi_transitions_append(ids, recorder, lanes, columns, 4, count);
    if (status) return status;
    b->last[lane] = ids[count - 1];
    memcpy(&b->ids[lane][first], ids, count * sizeof *ids);
    if (each) b->stored[lane] = first + count;
    return EPI_OK;
}

/* Up to a row that is stored and stays, so that a lane's last rows are never removed. */
static epi_status thin_out(book *b, epi_space *space, uint32_t lane) {
    static uint64_t ids[REMOVED_MAX];
    epi_filter filter = epi_filter_default();
    uint32_t first = b->thin[lane], end = b->stored[lane] > 0 ? (b->stored[lane] - 1) / KEPT * KEPT : 0;
    filter.steps = ids;
    if (end > first + REMOVED_MAX / KEPT * KEPT) end = first + REMOVED_MAX / KEPT * KEPT;
    for (uint32_t row = first; row < end; row++)
        if (row % KEPT) ids[filter.step_count++] = b->ids[lane][row];
    if (end <= first) return EPI_OK;
    b->thinning[lane] = end;
    epi_status status = epi_remove(NULL, space, &filter, false);
    if (!status) b->thin[lane] = end;
    return status;
}

static int write_rows(book *b, const char *path, const epi_memory_options *options, uint64_t seed) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_recorder *recorder = NULL;
    bool each = options->sync == EPI_SYNC_EACH_COMMIT;
    epi_status status = open_space(&memory, &space, path, options);
    if (!status) status = epi_recorder_open(&recorder, space, "actor", LANES);
    while (!status && b->begun[0] + BLOCK < ROWS_MAX) {
        uint64_t dice = ledger_random(&seed);
        status = append(b, recorder, (uint32_t)(dice % LANES), 1 + (uint32_t)(dice / LANES % BLOCK), each);
        if (status || dice / 1000 % 40) continue;
        status = epi_sync(NULL, memory);
        if (!status) memcpy(b->stored, b->begun, sizeof b->stored);
        if (!status && dice / 40000 % 3 == 0) status = thin_out(b, space, (uint32_t)(dice % LANES));
    }
    return failed("writing", status);
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

/* What was read of a lane. */
typedef struct reading {
    uint32_t next;         /* row that would follow */
    bool ended;            /* the last one did */
    uint32_t gone, stayed; /* rows of those that were being removed when the writer died */
} reading;

/* The rows from the next one on that are not there may be gone, and this one may be there. */
static int skip_removed(reading *r, const book *b, uint32_t lane, uint32_t row) {
    for (uint32_t at = r->next; at <= row; at++) {
        const bool out = at % KEPT && at < b->thinning[lane], in_doubt = out && at >= b->thin[lane];
        if (at == row ? out && !in_doubt : !out) {
            print_error("row %u of lane %u is %s\n", at, lane, at == row ? "there, and was removed" : "missing");
            return 1;
        }
        *(at == row ? &r->stayed : &r->gone) += in_doubt;
    }
    return 0;
}

static int compare_step(const epi_scene *scene, const epi_recalled_step *step, book *b, reading *readings) {
    const epi_recalled_part *action = epi_scene_part(scene, step, EPI_ACTION);
    const epi_recalled_part *observation = epi_scene_part(scene, step, EPI_OBSERVATION);
    uint32_t lane = (uint32_t)step->reward % LANES, row = (uint32_t)step->reward / LANES;
    int64_t number = 0;
    float value = value_of(lane, row);
    memcpy(&number, action->data, sizeof number);
    reading *r = &readings[lane];
    if (number != row || row < r->next) {
        print_error("lane %u has row %u, action %lld, where row %u belongs\n", lane, row, (long long)number, r->next);
        return 1;
    }
    if (skip_removed(r, b, lane, row)) return 1;
    if (row > 0 && (row == r->next ? r->ended != ends(lane, row - 1) : r->next > 0 && !r->ended))
        return failed("an episode's end is wrong", EPI_EDAMAGED);
    r->next = row + 1;
    r->ended = step->flags != 0;
    b->ids[lane][row] = step->id; /* a writer that died before its append returned did not know it */
    for (uint32_t j = 0; j < WIDTH; j++)
        if (memcmp((const char *)observation->data + j * sizeof value, &value, sizeof value) != 0)
            return failed("an observation is wrong", EPI_EDAMAGED);
    bool first = row == 0 || ends(lane, row - 1);
    if ((step->index == 0) != first || (step->index == 0) != (step->id == step->episode))
        return failed("an episode's start is wrong", EPI_EDAMAGED);
    return 0;
}

/* Rows of a lane are in the order of their ids, from the first on. */
static int compare_rows(reading *readings, book *b, epi_space *space) {
    uint64_t after = 0;
    for (bool more = true; more;) {
        epi_recollection *page = NULL;
        epi_status status = epi_steps_read(&page, space, after, 200);
        if (status) return failed("reading", status);
        more = epi_recollection_count(page) > 0;
        for (size_t i = 0; i < epi_recollection_count(page); i++) {
            const epi_scene *scene = epi_recollection_scene(page, i);
            for (size_t j = 0; j < scene->step_count; j++) {
                if (compare_step(scene, epi_scene_step(scene, j), b, readings)) return 1;
                after = epi_scene_step(scene, j)->id;
            }
        }
        epi_recollection_free(page);
    }
    return 0;
}

/* All that the writer knew, and what it could not know, is as the store says. */
static int settle_lane(book *b, uint32_t lane, const reading *r) {
    if (r->next < b->stored[lane] || r->next > b->begun[lane]) {
        print_error("lane %u has %u rows, %u were acknowledged, %u begun\n", lane, r->next, b->stored[lane],
                    b->begun[lane]);
        return 1;
    }
    if (r->gone && r->stayed) return failed("rows were removed in part", EPI_EDAMAGED);
    *(r->gone ? &b->thin[lane] : &b->thinning[lane]) = r->gone ? b->thinning[lane] : b->thin[lane];
    b->begun[lane] = b->stored[lane] = r->next;
    return 0;
}

static int compare(book *b, const char *path, const epi_memory_options *options) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_check_report report = {0};
    reading readings[LANES] = {{0}};
    epi_status status = open_space(&memory, &space, path, options);
    if (status) return failed("opening again", status);
    int bad = compare_rows(readings, b, space);
    for (uint32_t lane = 0; lane < LANES && !bad; lane++) bad = settle_lane(b, lane, &readings[lane]);
    status = epi_memory_check(&report, memory, NULL, NULL);
    if (status || report.violations) bad = failed("check found violations", EPI_EDAMAGED);
    epi_space_close(space);
    status = epi_memory_close(memory);
    return status ? failed("closing", status) : bad;
}

/* ---- killing ----------------------------------------------------------------------------------------------------- */

static int wait_for(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child) return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void pause_us(uint64_t us) {
    struct timespec time = {.tv_sec = (time_t)(us / 1000000u), .tv_nsec = (long)(us % 1000000u) * 1000};
    (void)nanosleep(&time, NULL);
}

static void kill_once(place *p, book *b, uint64_t *seed) {
    static const epi_sync_policy policies[] = {EPI_SYNC_EACH_COMMIT, EPI_SYNC_GROUPED, EPI_SYNC_MANUAL};
    p->options.sync = policies[ledger_random(seed) % 3];
    p->options.group_ms = 20;
    uint64_t own = ledger_random(seed);
    pid_t writer = fork();
    if (writer == 0) _exit(write_rows(b, p->path, &p->options, own));
    pause_us(5000 + ledger_random(seed) % 60000);
    (void)kill(writer, SIGKILL);
    assert_int_equal(wait_for(writer), 128 + SIGKILL);
    pid_t reader = fork();
    if (reader == 0) _exit(compare(b, p->path, &p->options));
    assert_int_equal(wait_for(reader), 0);
}

static void acknowledged_transitions_survive_kills(void **state) {
    (void)state;
    uint64_t seed = place_seconds("EPISODIC_TEST_SEED", (uint64_t)time(NULL)), rows = 0;
    uint64_t kills = place_seconds("EPISODIC_TEST_KILLS", 200), thin = 0;
    book *b = mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(b != MAP_FAILED);
    print_message("seed %llu\n", (unsigned long long)seed);
    for (uint64_t done = 0; done < kills;) {
        place p;
        place_make(&p);
        memset(b, 0, sizeof *b);
        for (unsigned i = 0; i < 10 && done < kills; i++, done++) kill_once(&p, b, &seed);
        rows += b->stored[0] + b->stored[1] + b->stored[2];
        thin += b->thin[0] + b->thin[1] + b->thin[2];
        place_remove(&p);
    }
    print_message("%llu rows, of which %llu were thinned out\n", (unsigned long long)rows, (unsigned long long)thin);
    assert_true(rows > 0 && (thin > 0 || kills < 50));
    (void)munmap(b, sizeof *b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(acknowledged_transitions_survive_kills)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
