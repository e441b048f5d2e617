/* stem.c - Snowball stemming. The one libstemmer door.
 *
 * Ownership: a stemmer belongs to one analyzer; libstemmer keeps working memory in it, so it is not for two
 * threads at once.
 * Source: Porter, An algorithm for suffix stripping (1980); Snowball (2001), the English stemmer's second version.
 */
#include "parts.h"

#include <libstemmer.h>

struct epi__stemmer {
    struct sb_stemmer *snowball;
};

static bool is_known(const char *language) {
    for (const char **known = sb_stemmer_list(); *known != NULL; known++) {
        if (strcmp(*known, language) == 0) return true;
    }
    return false;
}

epi_status epi__stemmer_new(epi__stemmer **stemmer, const char *language) {
    *stemmer = NULL;
    if (!is_known(language)) return epi__fail(EPI_EUNSUPPORTED, "text", "language \"%.40s\" has no stemmer", language);
    epi__stemmer *made = epi__alloc_zero(1, sizeof(*made));
    if (made == NULL) return epi__fail_memory("text", sizeof(*made));
    made->snowball = sb_stemmer_new(language, "UTF_8");
    if (made->snowball == NULL) {
        epi__free(made);
        return epi__fail(EPI_ENOMEM, "text", "a stemmer for \"%.40s\" could not be allocated", language);
    }
    *stemmer = made;
    return EPI_OK;
}

void epi__stemmer_free(epi__stemmer *stemmer) {
    if (stemmer == NULL) return;
    sb_stemmer_delete(stemmer->snowball);
    epi__free(stemmer);
}

epi__view epi__stemmer_run(epi__stemmer *stemmer, const char *word, size_t size) {
    const sb_symbol *stem = sb_stemmer_stem(stemmer->snowball, (const sb_symbol *)word, (int)size);
    if (stem == NULL) return (epi__view){NULL, 0};
    return (epi__view){stem, (size_t)sb_stemmer_length(stemmer->snowball)};
}
