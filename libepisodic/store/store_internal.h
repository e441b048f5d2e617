/* store_internal.h - what store.c and compact.c share. */
#ifndef EPI_STORE_STORE_INTERNAL_H
#define EPI_STORE_STORE_INTERNAL_H

#include <pthread.h>
#include <sys/types.h>

#include "dir.h"
#include "store.h"

#define EPI__BALLAST_SIZE (1024u * 1024u)

struct epi__store_engine {
    epi__engine *engine;
    uint64_t number;     /* of store.N */
    unsigned references; /* under the store's mutex */
    unsigned writes;     /* write transactions begun; only touched inside one */
};

struct epi__store {
    epi__store *next; /* in the registry */
    epi__dir_identity identity;
    unsigned references; /* under the registry's mutex */
    pid_t pid;
    char *path;
    epi_memory_options options;
    pthread_mutex_t mutex; /* engine and its references */
    epi__store_engine *engine;
    pthread_mutex_t follow_mutex; /* held while going over to another engine: one thread opens it */
    pthread_mutex_t shared_mutex;
    epi__store_shared shared;
};

epi_status epi__store_current_read(uint64_t *number, uint64_t *map_size, const char *path);
epi_status epi__store_current_write(const char *path, uint64_t number, uint64_t map_size);

/* Takes the lock of whoever makes or compacts the store; waits up to LOCK_WAIT_MS, then EPI_EBUSY. */
epi_status epi__store_lock_directory(epi__dir_lock *lock, const epi__store *store);

/* compact.c: CURRENT names the store that is in use, and the files of store.`old` go. */
epi_status epi__store_finish_move(epi__store *store, uint64_t old);

#endif
