/* server_process.c - starting, asking and stopping the server for measurements; see server_process.h. */
#include "server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/* In a child: onto the processor of that number, where there are as many. */
static void hold_to(unsigned processor) {
    cpu_set_t set;
    if (sysconf(_SC_NPROCESSORS_ONLN) <= (long)processor) return;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Runs a program with one of its streams in a pipe. */
static pid_t start(int *out, int stream, unsigned processor, char *const words[]) {
    int ends[2];
    if (pipe(ends) != 0) bench_fail("no pipe");
    pid_t pid = fork();
    if (pid < 0) bench_fail("no process for %s", words[0]);
    if (pid == 0) {
        hold_to(processor);
        dup2(ends[1], stream);
        close(ends[0]);
        execvp(words[0], words);
        _exit(127);
    }
    close(ends[1]);
    *out = ends[0];
    return pid;
}

server_process server_start(const char *program, const char *memory, const char *space) {
    char line[256] = "";
    size_t size = 0;
    server_process server = {0};
    char *words[] = {strdup(program), strdup("--http"),  strdup("127.0.0.1:0"), strdup("--memory"),
                     strdup(memory),  strdup("--space"), strdup(space),         NULL};
    server.pid = start(&server.messages, STDERR_FILENO, 0, words);
    while (size + 1 < sizeof line && read(server.messages, line + size, 1) == 1 && line[size] != '\n') size++;
    const char *colon = strrchr(line, ':');
    server.port = strstr(line, "http://") != NULL && colon != NULL ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
    if (server.port == 0) bench_fail("%s did not start: %s", program, line);
    for (size_t i = 0; words[i] != NULL; i++) free(words[i]);
    return server;
}

void server_stop(server_process *server) {
    int status = 0;
    kill(server->pid, SIGTERM);
    waitpid(server->pid, &status, 0);
    close(server->messages);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) bench_fail("the server ended with %d", status);
}

double server_cpu_s(const server_process *server) {
    char path[64], line[1024] = "";
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)server->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) bench_fail("%s cannot be read", path);
    fclose(file);
    const char *after = strrchr(line, ')');
    if (after == NULL || sscanf(after + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        bench_fail("%s has another form", path);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* ---- one request ------------------------------------------------------------------------------------------------- */

static int connect_to(const server_process *server) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server->port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) bench_fail("cannot connect");
    return fd;
}

static char *read_all(size_t *size, int fd) {
    size_t room = 1 << 16;
    char *text = bench_alloc(room, 1);
    *size = 0;
    for (ssize_t got; (got = read(fd, text + *size, room - *size - 1)) > 0;) {
        *size += (size_t)got;
        if (*size + 1 < room) continue;
        room *= 2;
        text = realloc(text, room);
        if (text == NULL) bench_fail("out of memory");
    }
    text[*size] = '\0';
    return text;
}

char *server_post(size_t *size, const server_process *server, const char *path, const char *type, const char *body) {
    size_t all = 0;
    int fd = connect_to(server);
    if (dprintf(fd,
                "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                "Connection: close\r\n\r\n%s",
                path, server->port, type, strlen(body), body) < 0)
        bench_fail("cannot send");
    char *text = read_all(&all, fd);
    close(fd);
    char *end = strstr(text, "\r\n\r\n");
    if (strncmp(text, "HTTP/1.1 200", 12) != 0 || end == NULL) bench_fail("%s answered %.300s", path, text);
    *size = all - (size_t)(end + 4 - text);
    memmove(text, end + 4, *size + 1);
    return text;
}

/* ---- wrk --------------------------------------------------------------------------------------------------------- */

static const char report[] =
    "\ndone = function(summary, latency, requests)\n"
    "  local e = summary.errors\n"
    "  io.write(string.format('RESULT %d %d %d %d %d %d\\n', summary.requests, summary.duration, summary.bytes,\n"
    "    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))\n"
    "end\n";

bool wrk_is_here(void) {
    char *words[] = {strdup("wrk"), strdup("--version"), NULL};
    int out = -1, status = 0;
    size_t size = 0;
    pid_t pid = start(&out, STDOUT_FILENO, 1, words);
    free(read_all(&size, out));
    close(out);
    waitpid(pid, &status, 0);
    free(words[0]);
    free(words[1]);
    return size > 0;
}

static void write_script(const char *path, const char *script) {
    FILE *file = fopen(path, "we");
    if (file == NULL || fputs(script, file) < 0 || fputs(report, file) < 0 || fclose(file) != 0)
        bench_fail("%s cannot be written", path);
}

wrk_result wrk_run(const server_process *server, const char *directory, const char *script, unsigned connections,
                   double seconds) {
    char path[512], url[64], many[32], time[32];
    snprintf(path, sizeof path, "%s/wrk.lua", directory);
    snprintf(url, sizeof url, "http://127.0.0.1:%u", server->port);
    snprintf(many, sizeof many, "-c%u", connections);
    snprintf(time, sizeof time, "-d%.0fs", seconds);
    write_script(path, script);
    char *words[] = {strdup("wrk"), strdup("-t1"), many, time, strdup("-s"), path, url, NULL};
    int out = -1, status = 0;
    size_t size = 0;
    wrk_result result = {0};
    double errors = 0.0;
    pid_t pid = start(&out, STDOUT_FILENO, 1, words);
    char *text = read_all(&size, out);
    close(out);
    waitpid(pid, &status, 0);
    const char *line = strstr(text, "RESULT ");
    if (line == NULL || sscanf(line, "RESULT %lf %lf %lf %lf %lf %lf", &result.requests, &result.seconds, &result.bytes,
                               &result.p50_ms, &result.p99_ms, &errors) != 6)
        bench_fail("wrk said: %s", text);
    if (errors > 0.0 || result.requests < 1.0)
        bench_fail("wrk saw %.0f errors in %.0f requests", errors, result.requests);
    result.seconds *= 1e-6;
    result.p50_ms *= 1e-3;
    result.p99_ms *= 1e-3;
    free(text);
    free(words[0]);
    free(words[1]);
    free(words[4]);
    return result;
}
