/* http_serve.c - the life of the HTTP server: a listening socket, waiting for a signal, an orderly end.
 *
 * SIGTERM and SIGINT set a flag, whichever thread they come to (libraries start threads of their own, so blocking them
 * in ours would not do); the main thread, which has nothing else to do, looks at it at each tick of its clock. What was
 * acknowledged is durable before it is acknowledged, so that stopping has nothing to save; it only lets requests under
 * way get their answers.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http_daemon.h"
#include "say.h"

#define TICK_NS 100000000 /* how soon a change of another process is told, and a late peer cut off */
#define ADDRESS_ROOM 300u
#define STOP_MS 20000u /* for requests under way, after the signal */

/* ---- the socket -------------------------------------------------------------------------------------------------- */

static int complain(const char *address, const char *what) {
    say("cannot listen on %s: %s", address, what);
    return -1;
}

/* "127.0.0.1:8080" and "[::1]:8080" into what getaddrinfo() takes. */
static bool split(char *name, size_t room, const char **port, const char *address) {
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address || colon[1] == '\0') return false;
    bool bracketed = address[0] == '[' && colon[-1] == ']';
    const char *from = bracketed ? address + 1 : address;
    size_t size = (size_t)(colon - from) - (bracketed ? 1 : 0);
    if (size == 0 || size >= room || strspn(colon + 1, "0123456789") != strlen(colon + 1)) return false;
    if (strlen(colon + 1) > 5 || strtoul(colon + 1, NULL, 10) > 65535) return false;
    memcpy(name, from, size);
    name[size] = '\0';
    *port = colon + 1;
    return true;
}

static int listen_on(const struct addrinfo *info) {
    int yes = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, 1024) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static unsigned port_of(int fd) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) return 0;
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static bool is_loopback(const struct addrinfo *info) {
    if (info->ai_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_addr.s_addr) >> 24) == 127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_addr);
}

/* Opens the listener; what others can reach needs a token. */
static int open_listener(const http_options *options) {
    char name[256];
    const char *port = NULL;
    char text[128];
    struct addrinfo *info = NULL;
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    if (!split(name, sizeof name, &port, options->address))
        return complain(options->address, "an address is NAME:PORT, for instance 127.0.0.1:8080, or a port");
    int failed = getaddrinfo(name, port, &wanted, &info);
    if (failed != 0) return complain(options->address, gai_strerror(failed));
    int fd = -1;
    if (!is_loopback(info) && options->token == NULL)
        complain(options->address, "other machines can reach it, so it needs a token; see --token-file");
    else if ((fd = listen_on(info)) < 0)
        complain(options->address, strerror_r(errno, text, sizeof text));
    freeaddrinfo(info);
    return fd;
}

/* ---- the life ---------------------------------------------------------------------------------------------------- */

/* A port alone is one of this machine. */
static http_options with_defaults(const http_options *given, char room[ADDRESS_ROOM]) {
    http_options options = *given;
    if (strchr(options.address, ':') == NULL) {
        snprintf(room, ADDRESS_ROOM, "127.0.0.1:%s", options.address);
        options.address = room;
    }
    if (options.body_size_max == 0) options.body_size_max = 16u << 20;
    if (options.columns_size_max == 0) options.columns_size_max = 256u << 20;
    if (options.connections_max == 0) options.connections_max = 1024;
    if (options.idle_s == 0) options.idle_s = 60;
    if (options.request_s == 0) options.request_s = 30;
    return options;
}

static volatile sig_atomic_t told_to_stop;

static void note_signal(int number) {
    (void)number;
    told_to_stop = 1;
}

static void note_signals(void) {
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static void wait_for_signal(http_server *server) {
    while (!told_to_stop) {
        http_server_tick(server);
        nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
    }
}

int http_serve(service *of, const http_options *given) {
    char address[ADDRESS_ROOM];
    http_options options = with_defaults(given, address);
    int listener = open_listener(&options);
    if (listener < 0) return HTTP_EXIT_ADDRESS;
    note_signals();
    options.port = port_of(listener);
    http_server *server = http_server_new(of, &options, listener);
    if (server == NULL) {
        close(listener);
        say("the HTTP server could not be started: out of memory or threads");
        return HTTP_EXIT_DEFECT;
    }
    say("http://%.*s:%u/", (int)(strrchr(options.address, ':') - options.address), options.address, options.port);
    wait_for_signal(server);
    http_server_stop(server, listener, STOP_MS);
    http_server_free(server);
    close(listener);
    return 0;
}
