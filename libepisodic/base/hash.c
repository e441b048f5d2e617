/* hash.c - XXH3, the one xxhash door. These functions are part of the file format: they must never change.
 *
 *   epi__hash64(d)        XXH3_64bits(d), seed 0
 *   epi__hash128_of(d)    XXH3_128bits(d), seed 0
 *   epi__hash64_pair(a,b) XXH3_64bits_withSeed(a, seed = XXH3_64bits(b)); 1 where that is 0
 *
 * The pair is nested, not joined: no copy, no streaming state, and ("ab", "c") differs from ("a", "bc"). The second
 * part is hashed without a seed because it is the long one (a record's value, its key being first): past 240 bytes a
 * seed costs a derived secret, below it costs nothing.
 *
 * Compiled in rather than linked (XXH_INLINE_ALL): the algorithm is frozen since xxhash 0.8.0, so a shared library
 * could bring no fix, only a call through a jump table for keys of 8 bytes and one dependency more at run time.
 */
#include "base.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static_assert(XXH_VERSION_NUMBER >= 800, "XXH3 is frozen from 0.8.0 on");

uint64_t epi__hash64(const void *data, size_t size) {
    return XXH3_64bits(data, size);
}

uint64_t epi__hash64_pair(const void *first, size_t first_size, const void *second, size_t second_size) {
    uint64_t seed = XXH3_64bits(second, second_size);
    uint64_t hash = XXH3_64bits_withSeed(first, first_size, seed);
    return hash != 0 ? hash : 1;
}

epi__hash128 epi__hash128_of(const void *data, size_t size) {
    XXH128_hash_t hash = XXH3_128bits(data, size);
    return (epi__hash128){hash.low64, hash.high64};
}
