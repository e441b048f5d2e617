/* Text of any kind through the analyzer: terms lie in order within the text, are valid UTF-8, and come out the same
 * again. */
#include <stdlib.h>

#include "text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static uint64_t digest(epi__analyzer *analyzer, const char *text, size_t size) {
    const epi__term *terms = NULL;
    size_t count = 0;
    uint64_t sum = 0;
    if (epi__analyzer_run(&terms, &count, analyzer, text, size)) return 0;
    for (size_t i = 0; i < count; i++) {
        require(terms[i].size > 0 && terms[i].size <= EPI__TERM_SIZE_MAX);
        require(terms[i].from < terms[i].to && terms[i].to <= size);
        require(i == 0 || terms[i].from >= terms[i - 1].from);
        require(epi__utf8_valid(terms[i].text, terms[i].size) == terms[i].size);
        sum = sum * 31 + epi__hash64(terms[i].text, terms[i].size) + terms[i].from;
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static epi__analyzer *english, *none;
    if (!english) require(epi__analyzer_new(&english, NULL) == EPI_OK && epi__analyzer_new(&none, "none") == EPI_OK);
    epi__buffer folded = {0};
    size_t valid = epi__utf8_valid(data, size);
    require(valid <= size && (epi__utf8_check("fuzz", "text", data, size) == EPI_OK) == (valid == size));
    const char *text = (const char *)data;
    require(digest(english, text, valid) == digest(english, text, valid));
    (void)digest(none, text, valid);
    if (epi__utf8_fold(&folded, text, valid) == EPI_OK)
        require(epi__utf8_valid(folded.data, folded.size) == folded.size);
    size_t cut = epi__utf8_cut(text, valid, valid / 2);
    require(cut <= valid / 2 && epi__utf8_valid(text, cut) == cut);
    (void)epi__utf8_columns(text, valid);
    epi__buffer_dispose(&folded);
    return 0;
}
