/* remote.h - the parts of the remote encoder: remote.c has its options, key and cache, remote_send.c requests and their
 * attempts, remote_answer.c what is written and what counts as an answer.
 */
#ifndef EPI_ENCODE_REMOTE_H
#define EPI_ENCODE_REMOTE_H

#include <pthread.h>

#include <episodic/sys/json.h>

#include "../net/http.h"
#include "encode.h"
#include "vector_cache.h"

typedef struct epi__remote {
    epi_remote_options options; /* its texts are the arena's; all numbers are set */
    epi__arena arena;
    char *key; /* NULL: none */
    epi__vector_cache *cache;
    pthread_mutex_t mutex; /* of what follows */
    epi__http *idle[EPI_REMOTE_PARALLEL_MAX];
    size_t idle_count;
    bool worked;         /* the server has encoded something */
    uint64_t rest_until; /* of the monotonic clock; before it the server is left alone */
    char why[192];       /* of the last failure */
    char note[192];      /* why the cache does not keep what was encoded; "": it does */
    epi__random random;
} epi__remote;

/* Texts of one call that the cache has not, each once. */
typedef struct epi__remote_texts {
    const epi_encoder_text *texts;
    const epi__hash128 *hashes;
    float *vectors; /* count x dimension */
    size_t count;
} epi__remote_texts;

/* Has all of them encoded, and keeps what came, also when it fails. */
epi_status epi__remote_send(epi__remote *remote, const epi__remote_texts *texts);

/* The request's body; NULL when out of memory. */
const char *epi__remote_body(size_t *size, epi_json_writer *writer, const epi__remote *remote,
                             const epi_encoder_text *texts, size_t count);
/* EPI_EFORMAT it is not the answer to such a request · EPI_EDIMENSION · EPI_EZERO · EPI_ENOMEM */
epi_status epi__remote_read(float *vectors, const epi__remote *remote, const epi__buffer *answer, size_t count);
/* What a server that refuses says about it, as far as it may be repeated; "" otherwise. */
void epi__remote_reason(char *why, size_t size, const epi__remote *remote, const epi__http_post *post);
size_t epi__remote_answer_size_max(const epi__remote *remote);

/* The note of an encoder that is a remote one; "" of any other. */
void epi__remote_note(char *note, size_t size, const epi_encoder *encoder);

/* An encoder by the options that a space keeps. EPI_ENOTFOUND: this process was not told to use its address. */
epi_status epi__remote_reopen(epi_encoder *encoder, epi__view source);

#endif
