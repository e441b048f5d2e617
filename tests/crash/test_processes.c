/* Two writers and four readers, six processes on one memory: no write is lost, no call fails, no reader's count goes
 * back.
 *
 *   EPISODIC_TEST_SECONDS   how long (15)
 */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READERS 4

static int failed(const char *what, epi_status status) {
    print_error("reader %d: %s: %s: %s\n", (int)getpid(), what, epi_status_name(status), epi_error_last()->message);
    return 1;
}

/* A step that was stored before the look was begun is found by its word, unless it is being removed. */
static int look_for_one(const ledger *l, epi_space *space, uint64_t *random) {
    unsigned writer = (unsigned)(ledger_random(random) % LEDGER_WRITERS);
    uint32_t count = l->counts[writer];
    if (count == 0) return 0;
    uint32_t number = (uint32_t)(ledger_random(random) % count);
    const ledger_entry *entry = &l->entries[writer][number];
    if (entry->state != LEDGER_STORED) return 0;
    char word[32];
    epi_recollection *hits = NULL;
    bool there = false;
    (void)snprintf(word, sizeof word, "w%uq%ux", writer, number);
    epi_status status = epi_recall_text(&hits, space, word, NULL);
    if (status) return failed("recall", status);
    for (size_t i = 0; i < epi_recollection_hit_count(hits); i++)
        there = there || epi_recollection_hit(hits, i)->step == entry->step;
    epi_recollection_free(hits);
    return there || entry->state != LEDGER_STORED ? 0 : failed("an acknowledged step is not found", EPI_EINTERNAL);
}

static int read_page(epi_space *space, uint64_t *random, uint64_t steps) {
    epi_recollection *page = NULL;
    epi_status status = epi_steps_read(&page, space, steps ? ledger_random(random) % steps : 0, 20);
    epi_recollection_free(page);
    return status ? failed("reading steps", status) : 0;
}

static int read_until(const ledger *l, const place *p, uint64_t seed, uint64_t until) {
    epi_memory_options options = p->options;
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    uint64_t random = seed, calls = 0, sequence = 0;
    options.read_only = seed % 2 == 0;
    epi_status status = epi_memory_open(&memory, p->path, &options);
    if (!status) status = epi_space_open(&space, memory, "main", NULL);
    if (status) return failed("opening", status);
    int bad = 0;
    for (; !bad && ledger_clock_us() < until; calls++) {
        epi_space_stats stats;
        status = epi_space_stats_read(&stats, space);
        if (status) bad = failed("statistics", status);
        if (!bad && stats.sequence < sequence) bad = failed("the sequence went back", EPI_EINTERNAL);
        sequence = stats.sequence;
        if (!bad) bad = look_for_one(l, space, &random);
        if (!bad && calls % 10 == 0) bad = read_page(space, &random, stats.steps);
        if (!bad && calls % 500 == 499 && (status = epi_memory_check(NULL, memory, NULL, NULL)))
            bad = failed("check", status);
    }
    epi_space_close(space);
    status = epi_memory_close(memory);
    if (status) bad = failed("closing", status);
    (void)printf("reader %s: %llu calls\n", options.read_only ? "(read-only)" : "", (unsigned long long)calls);
    (void)fflush(NULL);
    return bad;
}

static bool make_space(const place *p) {
    epi_memory *memory = NULL;
    epi_space *space = NULL;
    bool made = !epi_memory_open(&memory, p->path, &p->options) &&
                !epi_space_open(&space, memory, "main", epi_schema_conversation());
    epi_space_close(space);
    return !epi_memory_close(memory) && made;
}

static int wait_all(const pid_t *children, size_t count) {
    int bad = 0;
    for (size_t i = 0; i < count; i++) {
        int status = 0;
        bool ended = waitpid(children[i], &status, 0) == children[i] && WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (!ended) print_error("process %zu ended with status 0x%x\n", i, (unsigned)status);
        bad |= !ended;
    }
    return bad;
}

int main(void) {
    uint64_t seconds = place_seconds("EPISODIC_TEST_SECONDS", 15),
             seed = place_seconds("EPISODIC_TEST_SEED", (uint64_t)time(NULL));
    place p;
    ledger *l = ledger_new();
    pid_t children[LEDGER_WRITERS + READERS];
    place_make(&p);
    if (!l || !make_space(&p)) return 2;
    uint64_t until = ledger_clock_us() + seconds * 1000000u;
    for (unsigned i = 0; i < LEDGER_WRITERS + READERS; i++) {
        children[i] = fork();
        if (children[i] < 0) return 2;
        if (children[i] > 0) continue;
        epi_memory_options options = p.options;
        options.sync = i == 0 ? EPI_SYNC_EACH_COMMIT : EPI_SYNC_GROUPED;
        options.group_ms = 20;
        _exit(i < LEDGER_WRITERS ? ledger_write(l, i, p.path, &options, seed + i, until)
                                 : read_until(l, &p, seed + i, until));
    }
    int bad = wait_all(children, LEDGER_WRITERS + READERS);
    if (!bad) bad = ledger_compare(l, p.path, &p.options, 10);
    uint64_t written = 0;
    for (unsigned i = 0; i < LEDGER_WRITERS; i++) written += l->counts[i];
    (void)printf("%llu seconds: %llu steps written, %s (seed %llu)\n", (unsigned long long)seconds,
                 (unsigned long long)written, bad ? "FAILED" : "none lost, no error", (unsigned long long)seed);
    if (!bad)
        place_remove(&p);
    else
        print_error("left in %s\n", p.path);
    ledger_free(l);
    return bad;
}
