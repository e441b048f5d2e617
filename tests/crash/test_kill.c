/* A writer is killed at a random moment, again and again, and every acknowledged step is there each time.
 *
 * One memory lives through all kills of a round, so damage would gather. Each kill: a child writes under one of the
 * sync policies and notes in shared memory what was acknowledged; SIGKILL after 5 to 300 ms; a fresh process opens
 * the memory and compares.
 *
 *   EPISODIC_TEST_KILLS     how many (200)
 *   EPISODIC_TEST_SEED      the seed, which is printed
 */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS_A_MEMORY 25u

static int wait_for(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child) return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* 0, or 1 after printing. *lived: the writer had ended by itself. */
static int kill_once(ledger *l, const place *p, uint64_t *random, bool *lived) {
    uint64_t seed = ledger_random(random);
    epi_memory_options options = p->options;
    options.sync = (epi_sync_policy)(ledger_random(random) % 3);
    options.group_ms = 10;
    pid_t child = fork();
    if (child == 0) _exit(ledger_write(l, 0, p->path, &options, seed, 0));
    usleep((useconds_t)(5000 + ledger_random(random) % 295000));
    (void)kill(child, SIGKILL);
    int code = wait_for(child);
    *lived = code != 128 + SIGKILL;
    if (code == 1) return 1;
    child = fork();
    if (child == 0) {
        int bad = ledger_compare(l, p->path, &p->options, 8);
        (void)fflush(NULL);
        _exit(bad);
    }
    code = wait_for(child);
    if (code) print_error("the memory did not pass (%d) after a kill under policy %d\n", code, (int)options.sync);
    return code != 0;
}

static void forget_unacknowledged(ledger *l) {
    for (uint32_t i = 0; i < l->counts[0]; i++) {
        uint32_t state = l->entries[0][i].state;
        if (state == LEDGER_ADDING || state == LEDGER_REMOVING)
            l->entries[0][i].state = LEDGER_REMOVING; /* there, or not */
    }
}

int main(void) {
    uint64_t kills = place_seconds("EPISODIC_TEST_KILLS", 200),
             seed = place_seconds("EPISODIC_TEST_SEED", (uint64_t)time(NULL));
    uint64_t random = seed, acknowledged = 0;
    int bad = 0;
    uint64_t done = 0;
    while (done < kills && !bad) {
        place p;
        ledger *l = ledger_new();
        if (!l) return 2;
        place_make(&p);
        for (unsigned i = 0; i < KILLS_A_MEMORY && done < kills && !bad; i++, done++) {
            bool lived = false;
            bad = kill_once(l, &p, &random, &lived);
            forget_unacknowledged(l);
            if (lived && !bad) break; /* the ledger is full */
        }
        for (uint32_t i = 0; i < l->counts[0]; i++) acknowledged += l->entries[0][i].state == LEDGER_STORED;
        if (!bad)
            place_remove(&p);
        else
            print_error("seed %llu, kill %llu; left in %s\n", (unsigned long long)seed, (unsigned long long)done,
                        p.path);
        ledger_free(l);
    }
    (void)printf("%llu kills, %llu acknowledged steps, %s (seed %llu)\n", (unsigned long long)done,
                 (unsigned long long)acknowledged, bad ? "FAILED" : "none lost", (unsigned long long)seed);
    return bad;
}
