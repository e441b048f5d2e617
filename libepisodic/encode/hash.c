/* hash.c - the hash encoder; see encode.h. Spaces call epi__hash_encode() with the words that they have anyway; the
 * table's function is for whoever has only a text.
 */
#include <math.h>

#include "../math/math.h"
#include "../text/text.h"
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

bool epi__hash_encode(float *vector, size_t dimension, const epi__hash_feature *features, size_t count) {
    memset(vector, 0, dimension * sizeof *vector);
    for (size_t i = 0; i < count; i++) {
        if (features[i].word.size == 0) continue;
        add(vector, dimension, features[i].word.data, features[i].word.size, features[i].weight);
        add_trigrams(vector, dimension, features[i].word, features[i].weight);
    }
    return epi__math_normalise(vector, dimension);
}

/* ---- as a table -------------------------------------------------------------------------------------------------- */

struct counted {
    epi__hash_feature *features;
    size_t count;
    epi__map places; /* hash of the word -> place + 1 */
};

/* Each word once, weighted by how often it stands there, as a step's document has it. */
static epi_status count_words(struct counted *all, const epi__term *terms, size_t count) {
    all->count = 0;
    epi__map_clear(&all->places);
    epi__hash_feature *grown = epi__realloc(all->features, count + 1, sizeof *grown);
    if (!grown) return epi__fail_memory("encode", count * sizeof *grown);
    all->features = grown;
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = epi__hash64(terms[i].text, terms[i].size), place = all->count;
        if (terms[i].stop) continue;
        if (!epi__map_get(&all->places, hash, &place)) {
            if (!epi__map_put(&all->places, hash, place)) return epi__fail_memory("encode", sizeof hash);
            all->features[all->count++] = (epi__hash_feature){{terms[i].text, terms[i].size}, 0.0f};
        }
        all->features[place].weight += 1.0f;
    }
    for (size_t i = 0; i < all->count; i++) all->features[i].weight = 1.0f + logf(all->features[i].weight + 0.75f);
    return EPI_OK;
}

static epi_status encode(void *context, float *vectors, const epi_encoder_text *texts, size_t count) {
    size_t dimension = (size_t)(uintptr_t)context;
    struct counted all = {0};
    epi__analyzer *analyzer = NULL;
    epi_status status = epi__analyzer_new(&analyzer, NULL);
    for (size_t i = 0; !status && i < count; i++) {
        const epi__term *terms = NULL;
        size_t term_count = 0;
        status = epi__analyzer_run(&terms, &term_count, analyzer, texts[i].data, texts[i].size);
        if (!status) status = count_words(&all, terms, term_count);
        if (!status) (void)epi__hash_encode(vectors + i * dimension, dimension, all.features, all.count);
    }
    epi__analyzer_free(analyzer);
    epi__map_dispose(&all.places);
    epi__free(all.features);
    return status;
}

epi_status epi_encoder_hash(epi_encoder *encoder, uint32_t dimension) {
    if (!encoder) return epi__fail(EPI_EINVAL, "encode", "encoder was NULL");
    if (dimension == 0) dimension = EPI_HASH_DIMENSION_DEFAULT;
    if (dimension < EPI_HASH_DIMENSION_MIN || dimension > EPI_DIMENSION_MAX)
        return epi__fail(EPI_ELIMIT, "encode", "dimension is %u, limits %u and %u", dimension, EPI_HASH_DIMENSION_MIN,
                         EPI_DIMENSION_MAX);
    *encoder = epi_encoder_default();
    encoder->name = "hash";
    encoder->dimension = dimension;
    encoder->text_us = 3.0;
    encoder->encode = encode;
    encoder->context = (void *)(uintptr_t)dimension;
    return EPI_OK;
}
