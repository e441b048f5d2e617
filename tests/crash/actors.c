/* actors.c - see actors.h. */
#include "actors.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed(const char *what) {
    print_error("process %d: %s: %s\n", (int)getpid(), what, epi_error_last()->message);
    return 1;
}

uint64_t actors_random(uint64_t *state) {
    uint64_t mixed = *state += 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
    return mixed ^ mixed >> 31;
}

uint32_t actors_memory_kb(void) {
    char line[256];
    unsigned long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "RssAnon:", 8) == 0) kb = strtoul(line + 8, NULL, 10);
    if (file) (void)fclose(file);
    return (uint32_t)kb;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* Whole numbers below 2^24, which a float holds: actor, life, number, and what follows from them. */
static void observe(float seen[ACTOR_SIZE], unsigned actor, unsigned life, unsigned number) {
    uint64_t random = (uint64_t)actor << 56 ^ (uint64_t)life << 32 ^ number;
    seen[0] = (float)actor;
    seen[1] = (float)life;
    seen[2] = (float)number;
    for (int i = 3; i < ACTOR_SIZE; i++) seen[i] = (float)(actors_random(&random) % 100000);
}

static actor_row make_row(unsigned actor, unsigned life, unsigned number) {
    actor_row row;
    observe(row.seen, actor, life, number);
    observe(row.next, actor, life, number + 1);
    row.reward = row.seen[ACTOR_SIZE - 1] / 2;
    row.action = (int32_t)row.seen[ACTOR_SIZE - 2];
    return row;
}

static bool are_equal(const float *left, const float *right, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!(left[i] >= right[i] && left[i] <= right[i])) return false;
    return true;
}

bool actors_row_is_sound(const actor_row *row) {
    const actor_row made = make_row((unsigned)row->seen[0], (unsigned)row->seen[1], (unsigned)row->seen[2]);
    return are_equal(made.seen, row->seen, ACTOR_SIZE) && are_equal(made.next, row->next, ACTOR_SIZE) &&
           are_equal(&made.reward, &row->reward, 1) && made.action == row->action;
}

void actors_columns(epi_column columns[4], actor_row *rows) {
    columns[0] = epi_column_of(EPI_OBSERVATION, EPI_F32, rows->seen, sizeof *rows);
    columns[1] = epi_column_of(EPI_NEXT_OBSERVATION, EPI_F32, rows->next, sizeof *rows);
    columns[2] = epi_column_of(EPI_REWARD, EPI_F32, &rows->reward, sizeof *rows);
    columns[3] = epi_column_of(EPI_ACTION, EPI_I32, &rows->action, sizeof *rows);
}

/* ---- recording --------------------------------------------------------------------------------------------------- */

epi_status actors_open(epi_memory **memory, epi_space **space, const place *p) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_status status = epi_memory_open(memory, p->path, &p->options);
    if (!status) status = epi_schema_transitions(&schema, roles, ACTOR_SIZE, EPI_I32, 0);
    return status ? status : epi_space_open(space, *memory, "game", &schema);
}

/* The next observation is told with every row, so that a step whose actor was killed right behind it can be drawn. */
static epi_status record_block(epi_recorder *recorder, unsigned actor, unsigned life, unsigned first) {
    actor_row rows[ACTOR_BLOCK];
    epi_column columns[4];
    for (unsigned i = 0; i < ACTOR_BLOCK; i++) rows[i] = make_row(actor, life, first + i);
    actors_columns(columns, rows);
    return epi_transitions_append(NULL, recorder, NULL, columns, 4, ACTOR_BLOCK);
}

int actors_record(actors_book *book, const place *p, unsigned actor, unsigned pause_us) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    epi_recorder *recorder = NULL;
    char name[16];
    const unsigned life = atomic_fetch_add(&book->lives[actor], 1);
    actor_life *now = &book->life[actor][life];
    if (life >= ACTOR_LIVES) return failed("an actor had too many lives");
    (void)snprintf(name, sizeof name, "actor-%u", actor);
    epi_status status = actors_open(&memory, &space, p);
    if (!status) status = epi_recorder_open(&recorder, space, name, 1);
    if (!status) status = epi_recorder_cut(recorder, 0);
    for (unsigned number = 0; !status && !book->stop; number += ACTOR_BLOCK) {
        now->begun = number + ACTOR_BLOCK;
        status = record_block(recorder, actor, life, number);
        if (!status) status = epi_sync(NULL, memory);
        if (!status) now->acknowledged = number + ACTOR_BLOCK;
        if (number % (ACTOR_BLOCK * 16) == 0) book->memory_kb[actor] = actors_memory_kb();
        if (pause_us) (void)usleep(pause_us);
    }
    if (status) return failed("recording");
    epi_recorder_close(recorder);
    epi_space_close(space);
    return epi_memory_close(memory) ? failed("closing") : 0;
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

uint64_t actors_acknowledged(const actors_book *book) {
    uint64_t count = 0;
    for (unsigned actor = 0; actor < ACTORS; actor++)
        for (unsigned life = 0; life < book->lives[actor]; life++) count += book->life[actor][life].acknowledged;
    return count;
}

static int by_number(const void *a, const void *b) {
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static uint64_t key_of(unsigned life, unsigned number) {
    return (uint64_t)life << 32 | number;
}

/* From the oldest step of the actor that is there, all that were acknowledged; keys are sorted. */
static int compare_actor(const actors_book *before, unsigned actor, const uint64_t *keys, size_t count, bool evicts) {
    const uint64_t oldest = evicts && count > 0 ? keys[0] : 0;
    size_t at = 0;
    for (size_t i = 1; i < count; i++)
        if (keys[i] == keys[i - 1]) return failed("a step is there twice");
    for (unsigned life = (unsigned)(oldest >> 32); life < before->lives[actor]; life++)
        for (unsigned number = 0; number < before->life[actor][life].acknowledged; number++) {
            if (key_of(life, number) < oldest) continue;
            while (at < count && keys[at] < key_of(life, number)) at++;
            if (at < count && keys[at] == key_of(life, number)) continue;
            print_error("actor %u, life %u: step %u was acknowledged and is not there\n", actor, life, number);
            return 1;
        }
    return 0;
}

static int compare_rows(const actors_book *before, const actor_row *rows, size_t count, bool evicts) {
    uint64_t *keys = calloc(count + 1, sizeof *keys);
    int bad = keys ? 0 : failed("no memory");
    for (size_t i = 0; !bad && i < count; i++)
        if (!actors_row_is_sound(&rows[i])) bad = failed("a step is not as it was recorded");
    for (unsigned actor = 0; !bad && actor < ACTORS; actor++) {
        size_t found = 0;
        for (size_t i = 0; i < count; i++)
            if ((unsigned)rows[i].seen[0] == actor)
                keys[found++] = key_of((unsigned)rows[i].seen[1], (unsigned)rows[i].seen[2]);
        qsort(keys, found, sizeof *keys, by_number);
        bad = compare_actor(before, actor, keys, found, evicts);
    }
    free(keys);
    return bad;
}

/* Draws all there is, the oldest first. */
static epi_status draw_all(actor_row **rows, size_t *count, epi_space *space) {
    epi_column columns[4];
    epi_replay *replay = NULL;
    epi_replay_stats stats = {0};
    epi_replay_options options = epi_replay_options_default();
    epi_batch batch = epi_batch_default();
    options.sampler = EPI_SAMPLER_FIFO;
    options.timeout_ms = 0;
    epi_status status = epi_replay_open(&replay, space, &options);
    if (!status) status = epi_replay_stats_read(&stats, replay);
    batch.size = (size_t)stats.steps + 65536; /* more may come meanwhile */
    *rows = status ? NULL : calloc(batch.size, sizeof **rows);
    if (!status && !*rows) status = EPI_ENOMEM;
    if (!status) {
        actors_columns(columns, *rows);
        batch.columns = columns;
        batch.column_count = 4;
        status = epi_replay_sample(replay, &batch, 0);
        if (status == EPI_ETIMEOUT && stats.steps == 0) status = EPI_OK; /* nothing there yet */
    }
    *count = batch.count;
    epi_replay_close(replay);
    return status;
}

int actors_compare(const actors_book *book, const place *p, uint64_t limit) {
    static actors_book before;
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    actor_row *rows = NULL;
    size_t count = 0;
    memcpy(&before, book, sizeof before);
    const uint64_t acknowledged = actors_acknowledged(&before);
    epi_status status = actors_open(&memory, &space, p);
    if (!status) status = draw_all(&rows, &count, space);
    int bad = status ? failed("drawing all steps") : compare_rows(&before, rows, count, limit > 0);
    if (!bad && limit > 0 && (count > limit || count < (limit < acknowledged ? limit : acknowledged))) {
        print_error("%zu steps are there; %llu were acknowledged, the limit is %llu\n", count,
                    (unsigned long long)acknowledged, (unsigned long long)limit);
        bad = 1;
    }
    free(rows);
    epi_space_close(space);
    if (epi_memory_close(memory) && !bad) bad = failed("closing");
    return bad;
}

/* ---- processes --------------------------------------------------------------------------------------------------- */

pid_t actors_fork(void) {
    const pid_t child = fork();
    if (child == 0) (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    return child;
}

pid_t actors_start(actors_book *book, const place *p, unsigned actor, unsigned pause_us) {
    const pid_t child = actors_fork();
    if (child == 0) _exit(actors_record(book, p, actor, pause_us));
    return child;
}

void actors_kill(pid_t child) {
    int status = 0;
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
}

bool actors_ended_well(pid_t child) {
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
