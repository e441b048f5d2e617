/* server.h - the tests' own embedding server (embedding_server.py) as a child, and what it was asked. */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct server {
    pid_t process;
    int in, out;
    char url[64];
    char ledger[128]; /* a file in the folder */
    uint32_t dimension;
} server;

/* Starts it with further arguments, ended by NULL. The url is of http or, with a certificate, of https. */
bool server_start(server *s, const char *folder, uint32_t dimension, const char *const *arguments);
void server_stop(server *s);
/* Lines of the ledger that are requests of a model; texts (may be NULL): how many texts these had. */
size_t server_requests(const server *s, const char *model, size_t *texts);
/* All of the ledger from an offset, NUL-terminated, to be freed. */
char *server_ledger(const server *s, size_t from);
/* What the server returns for a text. */
void server_vector(float *vector, uint32_t dimension, const char *text, size_t size);
/* A certificate for a name, and its key, made by openssl. */
bool server_certificate(const char *certificate, const char *key, const char *name);

#endif
