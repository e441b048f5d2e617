/* static.c - static token embeddings: a text's vector is the weighted mean of its tokens' rows in a table.
 *
 * A directory in the form of Model2Vec (tokenizer.json, model.safetensors with "embeddings", and perhaps "weights" and
 * "mapping") or of sentence-transformers' StaticEmbedding ("embedding.weight"; the files may lie in
 * 0_StaticEmbedding/); or embeddings.npy, with weights.npy, in place of the safetensors file. The table is mapped, and
 * its rows are touched only when a text has their token; so it is checked for shape when opened, and for numbers where
 * it is used. Nothing else is kept than the tokenizer.
 *
 * Sources: Tulkens and van Dongen 2024, "Model2Vec"; where we differ: all tokens of a text count, not the first 512,
 * and the mean always gets unit norm.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "../math/math.h"
#include "encode.h"
#include "tensor.h"
#include "tokenizer.h"

#define MODULE "encode"
#define SAMPLE_SIZE 4096u
#define SAMPLE_COUNT 256u

typedef struct table {
    epi__mapped tokenizer_file, file, weights_file;
    epi__tokenizer *tokenizer;
    epi__tensor embeddings;
    float *weights;    /* by token id; NULL: all 1 */
    uint32_t *mapping; /* token id -> row; NULL: the same */
    size_t id_count;   /* of weights and mapping */
    char *path;
    char *parameters;
} table;

static void table_free(table *t) {
    if (!t) return;
    epi__tokenizer_free(t->tokenizer);
    epi__mapped_close(&t->tokenizer_file);
    epi__mapped_close(&t->file);
    epi__mapped_close(&t->weights_file);
    epi__free(t->weights);
    epi__free(t->mapping);
    epi__free(t->path);
    epi__free(t->parameters);
    epi__free(t);
}

/* ---- encoding --------------------------------------------------------------------------------------------------- */

static uint64_t row_of(const table *t, uint32_t id) {
    return t->mapping ? t->mapping[id] : id;
}

static void add_row(float *sum, const float *row, float weight, size_t dimension) {
    for (size_t i = 0; i < dimension; i++) sum[i] += weight * row[i];
}

/* Rows that are floats on their own boundary are read in place; the next one is fetched meanwhile. */
static bool add_tokens(float *vector, float *row, const table *t, const epi__tokens *tokens) {
    size_t dimension = t->embeddings.columns;
    bool in_place = t->embeddings.type == EPI__F32 && (uintptr_t)t->embeddings.data % sizeof(float) == 0;
    const float *rows = in_place ? (const float *)(const void *)t->embeddings.data : NULL;
    for (size_t i = 0; i < tokens->count; i++) {
        uint32_t id = tokens->ids[i];
        float weight = t->weights ? t->weights[id] : 1.0f;
        if (in_place) {
            const float *next = i + 1 < tokens->count ? rows + row_of(t, tokens->ids[i + 1]) * dimension : rows;
            for (size_t at = 0; at < dimension; at += 16) __builtin_prefetch(next + at);
            add_row(vector, rows + row_of(t, id) * dimension, weight, dimension);
            continue;
        }
        if (!epi__tensor_row(row, &t->embeddings, row_of(t, id))) return false;
        add_row(vector, row, weight, dimension);
    }
    return true;
}

static epi_status encode_one(float *vector, float *row, epi__tokens *tokens, const table *t,
                             const epi_encoder_text *text) {
    size_t dimension = t->embeddings.columns;
    EPI__TRY(epi__tokenizer_run(tokens, t->tokenizer, text->data, text->size));
    bool finite = add_tokens(vector, row, t, tokens);
    float square = epi__math_dot(vector, vector, dimension);
    if (!finite || !(square <= 3.0e38f))
        return epi__fail(EPI_ENUMBER, MODULE, "the table in %s has a row that is NaN, infinite or too long", t->path);
    (void)epi__math_normalise(vector, dimension);
    return EPI_OK;
}

static epi_status encode(void *context, float *vectors, const epi_encoder_text *texts, size_t count) {
    const table *t = context;
    epi__tokens tokens = {0};
    float *row = epi__realloc(NULL, t->embeddings.columns, sizeof *row);
    epi_status status = row ? EPI_OK : epi__fail_memory(MODULE, t->embeddings.columns * sizeof *row);
    for (size_t i = 0; !status && i < count; i++)
        status = encode_one(vectors + i * t->embeddings.columns, row, &tokens, t, &texts[i]);
    epi__tokens_dispose(&tokens);
    epi__free(row);
    return status;
}

static void closed(void *context) {
    table_free(context);
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

/* A file of the directory, or of its 0_StaticEmbedding/. */
static epi_status map_file(epi__mapped *file, const char *directory, const char *name) {
    char path[EPI_TITLE_SIZE_MAX + 64];
    epi_status status = EPI_ENOTFOUND;
    for (size_t i = 0; i < 2 && status == EPI_ENOTFOUND; i++) {
        int size = i ? snprintf(path, sizeof path, "%s/0_StaticEmbedding/%s", directory, name)
                     : snprintf(path, sizeof path, "%s/%s", directory, name);
        if (size < 0 || (size_t)size >= sizeof path)
            return epi__fail(EPI_ELIMIT, MODULE, "the path has over %zu bytes", sizeof path - 1);
        status = epi__mapped_open(file, path);
    }
    return status;
}

static epi_status find_embeddings(table *t) {
    static const char *const names[] = {"embeddings", "embedding.weight", "embeddings.weight"};
    epi_status status = EPI_ENOTFOUND;
    for (size_t i = 0; i < EPI__COUNT(names) && status == EPI_ENOTFOUND; i++)
        status = epi__safetensors_find(&t->embeddings, &t->file, names[i]);
    if (status != EPI_ENOTFOUND) return status;
    return epi__fail(EPI_EFORMAT, MODULE, "the safetensors file has no tensor \"embeddings\" or \"embedding.weight\"");
}

/* The numbers of a list, checked, as floats (weights) or as rows (mapping). */
static epi_status take_list(table *t, const epi__tensor *list, bool rows) {
    if (list->rank != 1 && list->columns != 1)
        return epi__fail(EPI_EFORMAT, MODULE, "weights or mapping is no list but has %llu columns",
                         (unsigned long long)list->columns);
    float *weights = rows ? NULL : epi__realloc(NULL, (size_t)list->rows, sizeof *weights);
    uint32_t *mapping = rows ? epi__realloc(NULL, (size_t)list->rows, sizeof *mapping) : NULL;
    if (!weights && !mapping) return epi__fail_memory(MODULE, (size_t)list->rows * sizeof *weights);
    if (rows)
        t->mapping = mapping;
    else
        t->weights = weights;
    if (t->id_count && t->id_count != list->rows)
        return epi__fail(EPI_EFORMAT, MODULE, "weights and mapping have %zu and %llu elements", t->id_count,
                         (unsigned long long)list->rows);
    t->id_count = (size_t)list->rows;
    for (uint64_t i = 0; i < list->rows; i++) {
        double value = epi__tensor_at(list, i);
        bool ok = rows ? value >= 0 && value < (double)t->embeddings.rows && value == (double)(uint32_t)value
                       : value >= -1e30 && value <= 1e30;
        if (!ok)
            return epi__fail(EPI_EFORMAT, MODULE, "element %llu of %s is %g", (unsigned long long)i,
                             rows ? "mapping" : "weights", value);
        if (rows)
            mapping[i] = (uint32_t)value;
        else
            weights[i] = (float)value;
    }
    return EPI_OK;
}

static epi_status open_safetensors(table *t) {
    static const char *const lists[] = {"weights", "mapping"};
    epi__tensor list;
    EPI__TRY(find_embeddings(t));
    for (int rows = 0; rows < 2; rows++) {
        epi_status status = epi__safetensors_find(&list, &t->file, lists[rows]);
        if (!status) status = take_list(t, &list, rows);
        if (status && status != EPI_ENOTFOUND) return status;
    }
    return EPI_OK;
}

static epi_status open_npy(table *t, const char *directory) {
    epi__tensor list;
    epi_status status = map_file(&t->file, directory, "embeddings.npy");
    if (status == EPI_ENOTFOUND)
        return epi__fail(EPI_ENOTFOUND, MODULE, "%s has neither model.safetensors nor embeddings.npy", directory);
    if (!status) status = epi__npy_open(&t->embeddings, &t->file);
    if (!status) status = map_file(&t->weights_file, directory, "weights.npy");
    if (status) return status == EPI_ENOTFOUND ? EPI_OK : status;
    EPI__TRY(epi__npy_open(&list, &t->weights_file));
    return take_list(t, &list, false);
}

static epi_status check_table(const table *t) {
    const epi__tensor *e = &t->embeddings;
    uint64_t ids = (uint64_t)t->tokenizer->id_max + 1, most = t->id_count ? t->id_count : e->rows;
    if (t->id_count && !t->mapping) most = EPI__MIN(most, e->rows);
    if (e->rank != 2 || e->type > EPI__BF16)
        return epi__fail(EPI_EFORMAT, MODULE, "the embeddings are no table of 32- or 16-bit floats");
    if (e->columns > EPI_DIMENSION_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the embeddings have %llu columns, limit %u",
                         (unsigned long long)e->columns, EPI_DIMENSION_MAX);
    if (ids <= most) return EPI_OK;
    return epi__fail(EPI_EFORMAT, MODULE, "the tokenizer has ids up to %llu, the table %llu rows",
                     (unsigned long long)ids - 1, (unsigned long long)most);
}

/* What tells this model from another: its tokenizer, its shape, and a sample of its table. All of a large table would
 * have to be read from the disk for more. */
static epi_status name_model(table *t) {
    epi__buffer sample = {0};
    char text[96];
    epi__buffer_append(&sample, &t->embeddings.rows, sizeof t->embeddings.rows);
    epi__buffer_append(&sample, &t->embeddings.columns, sizeof t->embeddings.columns);
    size_t step = EPI__MAX(t->file.size / SAMPLE_COUNT, (size_t)SAMPLE_SIZE);
    for (size_t at = 0; at < t->file.size; at += step)
        epi__buffer_append(&sample, t->file.data + at, EPI__MIN((size_t)SAMPLE_SIZE, t->file.size - at));
    if (t->weights) epi__buffer_append(&sample, t->weights, t->id_count * sizeof *t->weights);
    uint64_t tokenizer = epi__hash64(t->tokenizer_file.data, t->tokenizer_file.size);
    uint64_t table_hash = epi__hash64(sample.data, sample.size);
    bool failed = sample.failed;
    epi__buffer_dispose(&sample);
    int size = snprintf(text, sizeof text, "static 1 %016llx %016llx", (unsigned long long)tokenizer,
                        (unsigned long long)table_hash);
    t->parameters = failed || size < 0 ? NULL : epi__alloc((size_t)size + 1);
    if (!t->parameters) return epi__fail_memory(MODULE, sizeof text);
    memcpy(t->parameters, text, (size_t)size + 1);
    return EPI_OK;
}

static epi_status open_table(table *t, const char *directory) {
    char absolute[PATH_MAX]; /* another process may stand in another directory */
    if (!realpath(directory, absolute)) return epi__fail_errno(MODULE, errno, "opening", directory);
    size_t size = strlen(absolute) + 1;
    t->path = epi__alloc(size);
    if (!t->path) return epi__fail_memory(MODULE, size);
    memcpy(t->path, absolute, size);
    EPI__TRY(map_file(&t->tokenizer_file, directory, "tokenizer.json"));
    EPI__TRY(epi__tokenizer_open(&t->tokenizer, (const char *)t->tokenizer_file.data, t->tokenizer_file.size));
    epi_status status = map_file(&t->file, directory, "model.safetensors");
    status = status == EPI_ENOTFOUND ? open_npy(t, directory) : status ? status : open_safetensors(t);
    EPI__TRY(status);
    EPI__TRY(check_table(t));
    return name_model(t);
}

epi_status epi_encoder_static(epi_encoder *encoder, const char *directory) {
    if (!encoder || !directory) return epi__fail(EPI_EINVAL, MODULE, "encoder or directory was NULL");
    *encoder = epi_encoder_default();
    if (strlen(directory) > EPI_TITLE_SIZE_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the path has %zu bytes, limit %u", strlen(directory), EPI_TITLE_SIZE_MAX);
    table *t = epi__alloc_zero(1, sizeof *t);
    if (!t) return epi__fail_memory(MODULE, sizeof *t);
    epi_status status = open_table(t, directory);
    if (status) {
        table_free(t);
        return status;
    }
    encoder->name = "static";
    encoder->parameters = t->parameters;
    encoder->source = t->path;
    encoder->dimension = (uint32_t)t->embeddings.columns;
    encoder->batch_max = 1024;
    encoder->text_us = 5.0;
    encoder->encode = encode;
    encoder->close = closed;
    encoder->context = t;
    return EPI_OK;
}
