/* lsa.c - a learned model and its way with texts; see lsa.h. */
#include "lsa.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "../math/math.h"
#include "tokenizer.h"

#define MODULE "encode"

struct epi__lsa {
    uint32_t dimension;
    size_t count, capacity;
    epi__vocabulary places; /* of words */
    epi__arena arena;
    epi__view *words;
    float *vectors;
    const char *language;
    pthread_mutex_t mutex; /* of: */
    epi__bag *spare;       /* analyzers are not cheap to make, so one is kept; NULL: in use, or none yet */
};

/* ---- the words of a text ----------------------------------------------------------------------------------------- */

epi_status epi__bag_init(epi__bag *bag, const char *language) {
    memset(bag, 0, sizeof *bag);
    return epi__analyzer_new(&bag->analyzer, language);
}

void epi__bag_dispose(epi__bag *bag) {
    epi__analyzer_free(bag->analyzer);
    epi__map_dispose(&bag->places);
    epi__free(bag->words);
}

epi_status epi__bag_fill(epi__bag *bag, const char *text, size_t size) {
    const epi__term *terms = NULL;
    size_t count = 0;
    bag->count = 0;
    epi__map_clear(&bag->places);
    EPI__TRY(epi__analyzer_run(&terms, &count, bag->analyzer, text, size));
    if (count > bag->capacity) {
        struct epi__bag_word *grown = epi__realloc(bag->words, count * 2, sizeof *grown);
        if (!grown) return epi__fail_memory(MODULE, count * sizeof *grown);
        bag->words = grown;
        bag->capacity = count * 2;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = epi__hash64(terms[i].text, terms[i].size), place = bag->count;
        if (terms[i].stop || terms[i].size == 0) continue;
        if (!epi__map_get(&bag->places, hash, &place)) {
            if (!epi__map_put(&bag->places, hash, place)) return epi__fail_memory(MODULE, sizeof hash);
            bag->words[bag->count++] = (struct epi__bag_word){{terms[i].text, terms[i].size}, 0};
        }
        bag->words[place].times++;
    }
    return EPI_OK;
}

/* ---- the model --------------------------------------------------------------------------------------------------- */

epi_status epi__lsa_new(epi__lsa **made, uint32_t dimension, size_t count, const char *language) {
    *made = NULL;
    epi__lsa *model = epi__alloc_zero(1, sizeof *model);
    if (!model) return epi__fail_memory(MODULE, sizeof *model);
    pthread_mutex_init(&model->mutex, NULL);
    model->dimension = dimension;
    model->capacity = count;
    model->vectors = epi__realloc(NULL, count + 1, dimension * sizeof *model->vectors);
    model->words = epi__realloc(NULL, count + 1, sizeof *model->words);
    model->language = language ? epi__arena_text(&model->arena, language, strlen(language)) : NULL;
    if (model->vectors && model->words && (model->language || !language) &&
        epi__vocabulary_reserve(&model->places, count + 1)) {
        *made = model;
        return EPI_OK;
    }
    epi__lsa_free(model);
    return epi__fail_memory(MODULE, count * dimension * sizeof(float));
}

static void free_bag(epi__bag *bag) {
    if (!bag) return;
    epi__bag_dispose(bag);
    epi__free(bag);
}

void epi__lsa_free(epi__lsa *model) {
    if (!model) return;
    free_bag(model->spare);
    pthread_mutex_destroy(&model->mutex);
    epi__vocabulary_dispose(&model->places);
    epi__arena_dispose(&model->arena);
    epi__free(model->words);
    epi__free(model->vectors);
    epi__free(model);
}

epi_status epi__lsa_put(epi__lsa *model, epi__view word, const void *vector) {
    if (model->count >= model->capacity)
        return epi__fail(EPI_EDAMAGED, MODULE, "a learned model has more than %zu words", model->capacity);
    EPI__TRY(epi__vocabulary_put(&model->places, (const char *)word.data, word.size, (uint32_t)model->count));
    char *kept = epi__arena_text(&model->arena, word.data, word.size);
    if (!kept) return epi__fail_memory(MODULE, word.size);
    model->words[model->count] = (epi__view){kept, word.size};
    memcpy(model->vectors + model->count++ * model->dimension, vector, model->dimension * sizeof *model->vectors);
    return EPI_OK;
}

size_t epi__lsa_count(const epi__lsa *model) {
    return model->count;
}

const float *epi__lsa_at(epi__view *word, const epi__lsa *model, size_t at) {
    *word = model->words[at];
    return model->vectors + at * model->dimension;
}

/* ---- as a table -------------------------------------------------------------------------------------------------- */

static epi_status take_bag(epi__bag **taken, epi__lsa *model) {
    pthread_mutex_lock(&model->mutex);
    *taken = model->spare;
    model->spare = NULL;
    pthread_mutex_unlock(&model->mutex);
    if (*taken) return EPI_OK;
    *taken = epi__alloc_zero(1, sizeof **taken);
    if (!*taken) return epi__fail_memory(MODULE, sizeof **taken);
    return epi__bag_init(*taken, model->language);
}

static void give_bag(epi__bag *bag, epi__lsa *model) {
    pthread_mutex_lock(&model->mutex);
    epi__bag *other = model->spare;
    model->spare = bag;
    pthread_mutex_unlock(&model->mutex);
    free_bag(other);
}

static void add_words(float *vector, const epi__lsa *model, const epi__bag *bag) {
    for (size_t i = 0; i < bag->count; i++) {
        const struct epi__bag_word *word = &bag->words[i];
        uint32_t at = epi__vocabulary_get(&model->places, word->word.data, word->word.size);
        if (at == EPI__TOKEN_NONE) continue;
        const float *row = model->vectors + (size_t)at * model->dimension;
        float weight = logf(1.0f + (float)word->times);
        for (uint32_t d = 0; d < model->dimension; d++) vector[d] += weight * row[d];
    }
}

static epi_status encode(void *context, float *vectors, const epi_encoder_text *texts, size_t count) {
    epi__lsa *model = context;
    epi__bag *bag = NULL;
    epi_status status = take_bag(&bag, model);
    for (size_t i = 0; !status && i < count; i++) {
        float *vector = vectors + i * model->dimension;
        status = epi__bag_fill(bag, texts[i].data, texts[i].size);
        if (!status) add_words(vector, model, bag);
        if (!status && !epi__math_normalise(vector, model->dimension)) memset(vector, 0, model->dimension * 4u);
    }
    if (bag && status) free_bag(bag);
    if (bag && !status) give_bag(bag, model);
    return status;
}

static void close_model(void *context) {
    epi__lsa_free(context);
}

epi_encoder epi__lsa_encoder(epi__lsa *model, const char *parameters) {
    epi_encoder encoder = epi_encoder_default();
    encoder.name = "lsa";
    encoder.parameters = parameters;
    encoder.dimension = model->dimension;
    encoder.text_us = 5.0;
    encoder.encode = encode;
    encoder.close = close_model;
    encoder.context = model;
    return encoder;
}

/* ---- the wish for one -------------------------------------------------------------------------------------------- */

static epi_status refuse(void *context, float *vectors, const epi_encoder_text *texts, size_t count) {
    (void)context, (void)vectors, (void)texts, (void)count;
    return epi__fail(EPI_EUNSUPPORTED, MODULE, "encoder \"lsa\" is learned by a space; it encodes nothing before");
}

bool epi__lsa_is_wish(const epi_encoder *encoder) {
    return encoder->encode == refuse;
}

epi_status epi_encoder_lsa(epi_encoder *encoder, uint32_t dimension) {
    if (!encoder) return epi__fail(EPI_EINVAL, MODULE, "encoder was NULL");
    if (dimension == 0) dimension = EPI_LSA_DIMENSION_DEFAULT;
    if (dimension < EPI_LSA_DIMENSION_MIN || dimension > EPI_LSA_DIMENSION_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "dimension is %u, limits %u and %u", dimension, EPI_LSA_DIMENSION_MIN,
                         EPI_LSA_DIMENSION_MAX);
    *encoder = epi_encoder_default();
    encoder->name = "lsa";
    encoder->dimension = dimension;
    encoder->encode = refuse;
    return EPI_OK;
}
