/* vector_cache.h - vectors of texts that were encoded once, in a file, so that they are not paid for again.
 *
 * One file in a directory for each identity of an encoder and dimension. Derived: it may be deleted at any time. It
 * holds hashes of texts and their vectors, never texts.
 */
#ifndef EPI_ENCODE_VECTOR_CACHE_H
#define EPI_ENCODE_VECTOR_CACHE_H

#include "../base/base.h"

typedef struct epi__vector_cache epi__vector_cache;

/* Makes directory and file where they are missing; a file that is something else is begun anew.
 * EPI_EIO EPI_EPERMISSION EPI_ENOTFOUND EPI_EDISKFULL EPI_ENOMEM */
epi_status epi__vector_cache_open(epi__vector_cache **cache, const char *directory, const char *identity,
                                  uint32_t dimension);
void epi__vector_cache_close(epi__vector_cache *cache);

/* Sees what others have added since. */
epi_status epi__vector_cache_refresh(epi__vector_cache *cache);
/* False: it has none, or what it has is damaged. Any thread. */
bool epi__vector_cache_get(float *vector, epi__vector_cache *cache, const epi__hash128 *text);
/* Durable on EPI_OK; otherwise nothing was added. Any thread, any process. */
epi_status epi__vector_cache_put(epi__vector_cache *cache, const epi__hash128 *texts, const float *vectors,
                                 size_t count);

#endif
