/* http_pool.c - threads that make answers, so that the one that talks to sockets never waits for the library.
 *
 * A queue of whole requests under one mutex, which is held for a few instructions. The queue has no bound of its own: a
 * connection has at most one request in it, and connections are bounded.
 */
#include <pthread.h>
#include <stdlib.h>

#include "http.h"

struct http_pool {
    pthread_mutex_t mutex;
    pthread_cond_t some;
    http_request *first;
    http_request **last;
    bool closing;
    unsigned threads;
    void (*run)(http_request *request);
    pthread_t thread[];
};

static http_request *take(http_pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    while (pool->first == NULL && !pool->closing) pthread_cond_wait(&pool->some, &pool->mutex);
    http_request *request = pool->first;
    if (request != NULL) {
        pool->first = request->next;
        if (pool->first == NULL) pool->last = &pool->first;
    }
    pthread_mutex_unlock(&pool->mutex);
    return request;
}

static void *work(void *argument) {
    http_pool *pool = argument;
    for (http_request *request; (request = take(pool)) != NULL;) pool->run(request);
    return NULL;
}

http_pool *http_pool_new(unsigned threads, void (*run)(http_request *request)) {
    http_pool *pool = calloc(1, sizeof *pool + threads * sizeof pool->thread[0]);
    if (pool == NULL) return NULL;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->some, NULL);
    pool->last = &pool->first;
    pool->run = run;
    for (; pool->threads < threads; pool->threads++) {
        if (pthread_create(&pool->thread[pool->threads], NULL, work, pool) != 0) break;
    }
    if (pool->threads > 0) return pool;
    http_pool_free(pool);
    return NULL;
}

void http_pool_put(http_pool *pool, http_request *request) {
    request->next = NULL;
    pthread_mutex_lock(&pool->mutex);
    *pool->last = request;
    pool->last = &request->next;
    pthread_cond_signal(&pool->some);
    pthread_mutex_unlock(&pool->mutex);
}

void http_pool_free(http_pool *pool) {
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->some);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->threads; i++) pthread_join(pool->thread[i], NULL);
    pthread_cond_destroy(&pool->some);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}
