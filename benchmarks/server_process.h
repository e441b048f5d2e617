/* server_process.h - the real server as a process beside a benchmark, and wrk that asks it: each held to a processor of
 * its own where there are two.
 */
#ifndef EPI_BENCH_SERVER_PROCESS_H
#define EPI_BENCH_SERVER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct server_process {
    pid_t pid;
    unsigned port;
    int messages; /* what it says on stderr */
} server_process;

/* Starts `episodic-server --http 127.0.0.1:0` on a memory; fails loudly. */
server_process server_start(const char *program, const char *memory, const char *space);
void server_stop(server_process *server);
double server_cpu_s(const server_process *server); /* processor time so far */
/* One POST over a connection of its own; the answer's body, which the caller frees. Fails loudly unless it is 200. */
char *server_post(size_t *size, const server_process *server, const char *path, const char *type, const char *body);

/* What wrk saw. */
typedef struct wrk_result {
    double requests;
    double seconds;
    double bytes;
    double p50_ms;
    double p99_ms;
} wrk_result;

bool wrk_is_here(void);
/* Runs wrk with one thread and a script that has `request`; fails loudly when an answer was no 200. */
wrk_result wrk_run(const server_process *server, const char *directory, const char *script, unsigned connections,
                   double seconds);

#endif
