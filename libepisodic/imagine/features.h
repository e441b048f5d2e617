/* features.h - texts and JSON objects as attributes that can be compared one by one.
 *
 * A JSON object has an attribute for each member ("situation.region", nested ones by path); any other text is one
 * attribute, of its words. An attribute's value is a category (short strings, truth values, arrays), a number, or a set
 * of words. How far two values are apart is told in EPI__FAR steps: categories are equal or not, numbers by their
 * difference against the attribute's own spread, words by the share of rare words that only one of the two has.
 */
#ifndef EPI_IMAGINE_FEATURES_H
#define EPI_IMAGINE_FEATURES_H

#include "../text/text.h"

#define EPI__ATTRIBUTES_MAX 48u /* what comes later has no attribute */
#define EPI__FAR 15u

typedef enum epi__feature_kind {
    EPI__FEATURE_ABSENT = 0,
    EPI__FEATURE_CATEGORY,
    EPI__FEATURE_NUMBER,
    EPI__FEATURE_WORDS
} epi__feature_kind;

typedef struct epi__feature {
    epi__feature_kind kind;
    uint64_t category;     /* hash of the value; of WORDS how many words there are */
    double number;
    const uint64_t *words; /* hashes of stems, ascending, each once */
} epi__feature;

typedef struct epi__attributes {
    const char *names[EPI__ATTRIBUTES_MAX];
    double spread[EPI__ATTRIBUTES_MAX]; /* of numbers: twice their standard deviation, set by who has them all */
    size_t count;
    epi__map documents; /* word -> in how many texts it was seen */
    size_t document_count;
    bool closed; /* nothing is learned any more: attributes that are new are passed over */
    epi__arena arena;
} epi__attributes;

void epi__attributes_dispose(epi__attributes *attributes);

/* Reads a text (valid UTF-8) into `features`, one an attribute, EPI__ATTRIBUTES_MAX of them: those of `prefix` are set,
 * others untouched. A JSON object gives members, anything else words. Words are kept in `arena`. */
epi_status epi__features_read(epi__feature *features, epi__attributes *attributes, epi__arena *arena,
                              epi__analyzer *analyzer, const char *prefix, const char *text, size_t size);
/* 0 the same, EPI__FAR nothing in common. */
uint8_t epi__feature_distance(const epi__attributes *attributes, size_t attribute, const epi__feature *a,
                              const epi__feature *b);

#endif
