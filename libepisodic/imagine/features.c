/* features.c - see features.h. */
#include "features.h"

#include <math.h>
#include <stdlib.h>

#include <episodic/sys/json.h>

#define MODULE "imagine"
#define CATEGORY_WORDS_MAX 4u /* a string of more words is a text */
#define NEST_MAX 4u

struct reading {
    epi__feature *features;
    epi__attributes *attributes;
    epi__arena *arena;
    epi__analyzer *analyzer;
};

void epi__attributes_dispose(epi__attributes *attributes) {
    epi__map_dispose(&attributes->documents);
    epi__arena_dispose(&attributes->arena);
}

/* The feature of an attribute by name; NULL when there is no room, or nothing new may come. */
static epi_status feature_of(epi__feature **feature, struct reading *reading, const char *name) {
    epi__attributes *all = reading->attributes;
    size_t at = 0;
    *feature = NULL;
    while (at < all->count && strcmp(all->names[at], name) != 0) at++;
    if (at == EPI__ATTRIBUTES_MAX || (at == all->count && all->closed)) return EPI_OK;
    if (at == all->count) {
        all->names[at] = epi__arena_text(&all->arena, name, strlen(name));
        if (!all->names[at]) return epi__fail_memory(MODULE, strlen(name));
        all->count++;
    }
    *feature = &reading->features[at];
    return EPI_OK;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static epi_status count_words(epi__attributes *all, const uint64_t *words, size_t count) {
    if (all->closed) return EPI_OK;
    all->document_count++;
    for (size_t i = 0; i < count; i++) {
        uint64_t seen = 0;
        (void)epi__map_get(&all->documents, words[i], &seen);
        if (!epi__map_put(&all->documents, words[i], seen + 1)) return epi__fail_memory(MODULE, sizeof seen);
    }
    return EPI_OK;
}

static epi_status read_words(struct reading *reading, const char *name, const char *text, size_t size) {
    epi__feature *feature;
    const epi__term *terms;
    size_t count = 0, kept = 0, distinct = 0;
    EPI__TRY(feature_of(&feature, reading, name));
    if (!feature) return EPI_OK;
    EPI__TRY(epi__analyzer_run(&terms, &count, reading->analyzer, text, size));
    uint64_t *words = epi__arena_alloc(reading->arena, count + 1, sizeof *words);
    if (!words) return epi__fail_memory(MODULE, count * sizeof *words);
    for (size_t i = 0; i < count; i++)
        if (!terms[i].stop) words[kept++] = epi__hash64(terms[i].text, terms[i].size);
    if (kept) qsort(words, kept, sizeof *words, by_number);
    for (size_t i = 0; i < kept; i++)
        if (i == 0 || words[i] != words[i - 1]) words[distinct++] = words[i];
    *feature = (epi__feature){.kind = EPI__FEATURE_WORDS, .category = distinct, .words = words};
    return count_words(reading->attributes, words, distinct);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static size_t blanks(const char *text, size_t size) {
    size_t count = 0;
    for (size_t i = 0; i < size; i++) count += text[i] == ' ' || text[i] == '\n';
    return count;
}

/* A hash of a JSON value: equal for equal values; members count in their order. */
static uint64_t hash_of(const epi_json *value, unsigned depth) {
    size_t size = 0;
    double number = 0.0;
    int type = (int)epi_json_type_of(value);
    uint64_t hash = epi__hash64(&type, sizeof type);
    const char *string = epi_json_string(value, &size);
    if (string) return epi__hash64_pair(&hash, sizeof hash, string, size);
    if (epi_json_number(&number, value)) return epi__hash64_pair(&hash, sizeof hash, &number, sizeof number);
    if (epi_json_true(value)) hash++;
    if (depth == 0 || (type != EPI_JSON_ARRAY && type != EPI_JSON_OBJECT)) return hash;
    for (const epi_json *item = epi_json_first(value); item; item = epi_json_next(item)) {
        const char *name = epi_json_name(item);
        uint64_t inner = hash_of(item, depth - 1);
        if (name) inner = epi__hash64_pair(&inner, sizeof inner, name, strlen(name));
        hash = epi__hash64_pair(&hash, sizeof hash, &inner, sizeof inner);
    }
    return hash;
}

static epi_status read_scalar(struct reading *reading, const char *name, const epi_json *value) {
    size_t size = 0;
    const char *string = epi_json_string(value, &size);
    epi__feature *feature;
    if (string && blanks(string, size) >= CATEGORY_WORDS_MAX) return read_words(reading, name, string, size);
    EPI__TRY(feature_of(&feature, reading, name));
    if (!feature || epi_json_type_of(value) == EPI_JSON_NULL) return EPI_OK;
    *feature = (epi__feature){.kind = EPI__FEATURE_CATEGORY};
    if (epi_json_number(&feature->number, value))
        feature->kind = EPI__FEATURE_NUMBER;
    else
        feature->category = hash_of(value, EPI_JSON_DEPTH_MAX);
    return EPI_OK;
}

static epi_status read_object(struct reading *reading, const char *prefix, const epi_json *object, unsigned depth) {
    epi__buffer path = {0};
    epi_status status = EPI_OK;
    for (const epi_json *member = epi_json_first(object); !status && member; member = epi_json_next(member)) {
        epi__buffer_clear(&path);
        epi__buffer_append_format(&path, "%s.%s", prefix, epi_json_name(member));
        const char *name = epi__buffer_text(&path);
        if (path.failed)
            status = epi__fail_memory(MODULE, path.size);
        else if (epi_json_type_of(member) == EPI_JSON_OBJECT && depth > 0)
            status = read_object(reading, name, member, depth - 1);
        else
            status = read_scalar(reading, name, member);
    }
    epi__buffer_dispose(&path);
    return status;
}

epi_status epi__features_read(epi__feature *features, epi__attributes *attributes, epi__arena *arena,
                              epi__analyzer *analyzer, const char *prefix, const char *text, size_t size) {
    struct reading reading = {features, attributes, arena, analyzer};
    epi_json *root = NULL;
    size_t at = 0;
    while (at < size && strchr(" \t\r\n", text[at])) at++;
    epi_status status = at < size && text[at] == '{' ? epi_json_parse(&root, text, size) : EPI_EJSON;
    if (status == EPI_ENOMEM) return status;
    if (status) return read_words(&reading, prefix, text, size);
    status = read_object(&reading, prefix, root, NEST_MAX);
    epi_json_free(root);
    return status;
}

/* ---- distances -------------------------------------------------------------------------------------------------- */

static double rarity(const epi__attributes *attributes, uint64_t word) {
    uint64_t seen = 0;
    (void)epi__map_get(&attributes->documents, word, &seen);
    return log(1.0 + ((double)attributes->document_count + 1.0) / ((double)seen + 0.5));
}

/* 1 minus Jaccard's coefficient, each word weighing its rarity. */
static double words_apart(const epi__attributes *attributes, const epi__feature *a, const epi__feature *b) {
    double common = 0.0, all = 0.0;
    for (size_t i = 0, j = 0; i < a->category || j < b->category;) {
        bool take_a = j == b->category || (i < a->category && a->words[i] <= b->words[j]);
        bool take_b = i == a->category || (j < b->category && b->words[j] <= a->words[i]);
        double weight = rarity(attributes, take_a ? a->words[i] : b->words[j]);
        all += weight;
        common += take_a && take_b ? weight : 0.0;
        i += take_a;
        j += take_b;
    }
    return all > 0.0 ? 1.0 - common / all : 0.0;
}

static double numbers_apart(double spread, double a, double b) {
    double difference = fabs(a - b);
    if (difference == 0.0) return 0.0;
    return spread > 0.0 ? fmin(1.0, difference / spread) : 1.0;
}

uint8_t epi__feature_distance(const epi__attributes *attributes, size_t attribute, const epi__feature *a,
                              const epi__feature *b) {
    double apart = 1.0;
    if (a->kind == b->kind) {
        if (a->kind == EPI__FEATURE_ABSENT) apart = 0.0;
        if (a->kind == EPI__FEATURE_CATEGORY) apart = a->category != b->category;
        if (a->kind == EPI__FEATURE_NUMBER) apart = numbers_apart(attributes->spread[attribute], a->number, b->number);
        if (a->kind == EPI__FEATURE_WORDS) apart = words_apart(attributes, a, b);
    }
    return (uint8_t)ceil(apart * EPI__FAR - 1e-9);
}
