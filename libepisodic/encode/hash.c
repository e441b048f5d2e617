/* hash.c - the hash encoder; see encode.h. */
#include <math.h>

#include "../math/math.h"
#include "encode.h"

#define TRIGRAM_SHARE 0.25f
#define WORD_SIZE_MAX 64u

static void add(float *vector, size_t dimension, const void *bytes, size_t size, float weight) {
    uint64_t hash = epi__hash64(bytes, size);
    vector[(hash >> 1) % dimension] += hash & 1 ? weight : -weight;
}

/* Trigrams of "^word$" by bytes: a character of several bytes gives several, which does no harm. */
static void add_trigrams(float *vector, size_t dimension, epi__view word, float weight) {
    uint8_t framed[WORD_SIZE_MAX + 2];
    size_t size = EPI__MIN(word.size, (size_t)WORD_SIZE_MAX);
    framed[0] = '^';
    memcpy(framed + 1, word.data, size);
    framed[size + 1] = '$';
    size_t count = size; /* (size + 2) - 2 */
    float each = weight * TRIGRAM_SHARE / sqrtf((float)count);
    for (size_t i = 0; i < count; i++) add(vector, dimension, framed + i, 3, each);
}

bool epi__hash_encode(float *vector, size_t dimension, const epi__feature *features, size_t count) {
    memset(vector, 0, dimension * sizeof *vector);
    for (size_t i = 0; i < count; i++) {
        if (features[i].word.size == 0) continue;
        add(vector, dimension, features[i].word.data, features[i].word.size, features[i].weight);
        add_trigrams(vector, dimension, features[i].word, features[i].weight);
    }
    return epi__math_normalise(vector, dimension);
}
