/* lsa_train.c - from texts to a model; see lsa.h.
 *
 * Cells are kept by text, as they come; words that stand in one text only are left out before the decomposition, since
 * they have no company to be known by. The matrix is never made: its products go through the cells and over the
 * neighbours, in memory of the size of the result.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../math/linear.h"
#include "lsa.h"

#define MODULE "encode"
#define NO_ROW UINT32_MAX

struct cell {
    uint32_t word; /* its place in the order of coming; then its row */
    float weight;
};

struct word {
    epi__view text;
    uint32_t texts; /* that have it */
    uint32_t row;   /* NO_ROW: left out */
};

struct epi__lsa_trainer {
    const char *language;
    epi__bag bag;
    epi__arena arena;
    epi__map places; /* hash of a word -> its place */
    struct word *words;
    size_t word_count, word_capacity;
    struct cell *cells;
    size_t cell_count, cell_capacity;
    struct column {
        size_t end; /* of its cells */
        bool follows;
    } *columns;
    size_t column_count, column_capacity;
    float *spare; /* columns x width */
    size_t row_count;
    float *idf; /* of rows */
};

epi_status epi__lsa_trainer_new(epi__lsa_trainer **made, const char *language) {
    *made = NULL;
    epi__lsa_trainer *trainer = epi__alloc_zero(1, sizeof *trainer);
    if (!trainer) return epi__fail_memory(MODULE, sizeof *trainer);
    trainer->language = language;
    epi_status status = epi__bag_init(&trainer->bag, language);
    if (status)
        epi__lsa_trainer_free(trainer);
    else
        *made = trainer;
    return status;
}

void epi__lsa_trainer_free(epi__lsa_trainer *trainer) {
    if (!trainer) return;
    epi__bag_dispose(&trainer->bag);
    epi__arena_dispose(&trainer->arena);
    epi__map_dispose(&trainer->places);
    epi__free(trainer->words);
    epi__free(trainer->cells);
    epi__free(trainer->columns);
    epi__free(trainer->spare);
    epi__free(trainer->idf);
    epi__free(trainer);
}

size_t epi__lsa_trainer_count(const epi__lsa_trainer *trainer) {
    return trainer->column_count;
}

/* ---- gathering --------------------------------------------------------------------------------------------------- */

/* Room for `more` behind `count` items; NULL: no memory, and the old ones stay. */
static void *grown(void *items, size_t *capacity, size_t count, size_t more, size_t size) {
    if (count + more <= *capacity) return items;
    size_t wanted = EPI__MAX(*capacity * 2, count + more + 256);
    void *moved = epi__realloc(items, wanted, size);
    if (moved) *capacity = wanted;
    return moved;
}

static bool reserve(epi__lsa_trainer *t, size_t words) {
    struct word *all = grown(t->words, &t->word_capacity, t->word_count, words, sizeof *all);
    if (all) t->words = all;
    struct cell *cells = grown(t->cells, &t->cell_capacity, t->cell_count, words, sizeof *cells);
    if (cells) t->cells = cells;
    struct column *columns = grown(t->columns, &t->column_capacity, t->column_count, 1, sizeof *columns);
    if (columns) t->columns = columns;
    return all && cells && columns;
}

static bool add_word(uint64_t *place, epi__lsa_trainer *t, epi__view word) {
    uint64_t hash = epi__hash64(word.data, word.size);
    if (epi__map_get(&t->places, hash, place)) return true;
    const char *kept = epi__arena_text(&t->arena, word.data, word.size);
    *place = t->word_count;
    if (!kept || !epi__map_put(&t->places, hash, *place)) return false;
    t->words[t->word_count++] = (struct word){{kept, word.size}, 0, NO_ROW};
    return true;
}

epi_status epi__lsa_trainer_add(bool *full, epi__lsa_trainer *t, const char *text, size_t size, bool follows) {
    EPI__TRY(epi__bag_fill(&t->bag, text, size));
    *full = t->cell_count + t->bag.count > EPI__LSA_CELLS_MAX;
    if (*full) return EPI_OK;
    if (!reserve(t, t->bag.count + 1)) return epi__fail_memory(MODULE, t->bag.count * sizeof *t->cells);
    for (size_t i = 0; i < t->bag.count; i++) {
        uint64_t place = 0;
        if (!add_word(&place, t, t->bag.words[i].word)) return epi__fail_memory(MODULE, t->bag.words[i].word.size);
        t->words[place].texts++;
        t->cells[t->cell_count++] = (struct cell){(uint32_t)place, logf(1.0f + (float)t->bag.words[i].times)};
    }
    t->columns[t->column_count] = (struct column){t->cell_count, follows && t->column_count > 0};
    t->column_count++;
    return EPI_OK;
}

/* ---- products ---------------------------------------------------------------------------------------------------- */

static void add_scaled(float *out, const float *in, float by, size_t width) {
    for (size_t i = 0; i < width; i++) out[i] += by * in[i];
}

/* Each column with what its neighbours lend it; the matrix of lending is symmetric. */
static void lend(float *out, const float *in, const epi__lsa_trainer *t, size_t width) {
    memcpy(out, in, t->column_count * width * sizeof *out);
    for (size_t c = 1; c < t->column_count; c++) {
        if (!t->columns[c].follows) continue;
        add_scaled(out + c * width, in + (c - 1) * width, 1.0f, width);
        add_scaled(out + (c - 1) * width, in + c * width, 1.0f, width);
        if (c < 2 || !t->columns[c - 1].follows) continue;
        add_scaled(out + c * width, in + (c - 2) * width, 1.0f, width);
        add_scaled(out + (c - 2) * width, in + c * width, 1.0f, width);
    }
}

static void apply(void *context, float *out, const float *in, size_t width) {
    epi__lsa_trainer *t = context;
    lend(t->spare, in, t, width);
    memset(out, 0, t->row_count * width * sizeof *out);
    for (size_t c = 0, at = 0; c < t->column_count; c++)
        for (; at < t->columns[c].end; at++)
            add_scaled(out + t->cells[at].word * width, t->spare + c * width, t->cells[at].weight, width);
}

static void transposed(void *context, float *out, const float *in, size_t width) {
    epi__lsa_trainer *t = context;
    memset(t->spare, 0, t->column_count * width * sizeof *out);
    for (size_t c = 0, at = 0; c < t->column_count; c++)
        for (; at < t->columns[c].end; at++)
            add_scaled(t->spare + c * width, in + t->cells[at].word * width, t->cells[at].weight, width);
    lend(out, t->spare, t, width);
}

/* ---- training ---------------------------------------------------------------------------------------------------- */

static int by_texts(const void *a, const void *b) {
    const struct word *x = *(const struct word *const *)a, *y = *(const struct word *const *)b;
    if (x->texts != y->texts) return x->texts > y->texts ? -1 : 1;
    return (x > y) - (x < y);
}

/* Words of two texts and more get a row, those of most texts first. */
static epi_status choose_rows(epi__lsa_trainer *t) {
    struct word **order = epi__realloc(NULL, t->word_count + 1, sizeof *order);
    if (!order) return epi__fail_memory(MODULE, t->word_count * sizeof *order);
    for (size_t i = 0; i < t->word_count; i++) order[i] = &t->words[i];
    qsort(order, t->word_count, sizeof *order, by_texts);
    while (t->row_count < EPI__MIN(t->word_count, (size_t)EPI__LSA_TERMS_MAX) && order[t->row_count]->texts > 1) {
        order[t->row_count]->row = (uint32_t)t->row_count;
        t->row_count++;
    }
    epi__free(order);
    t->idf = epi__realloc(NULL, t->row_count + 1, sizeof *t->idf);
    if (!t->idf) return epi__fail_memory(MODULE, t->row_count * sizeof *t->idf);
    for (size_t i = 0; i < t->word_count; i++) {
        float n = (float)t->column_count, df = (float)t->words[i].texts;
        if (t->words[i].row != NO_ROW) t->idf[t->words[i].row] = logf(1.0f + (n - df + 0.5f) / (df + 0.5f));
    }
    return EPI_OK;
}

/* Cells name rows and carry idf from here on; those without a row go. */
static void settle_cells(epi__lsa_trainer *t) {
    size_t kept = 0, at = 0;
    for (size_t c = 0; c < t->column_count; c++) {
        for (; at < t->columns[c].end; at++) {
            uint32_t row = t->words[t->cells[at].word].row;
            if (row != NO_ROW) t->cells[kept++] = (struct cell){row, t->cells[at].weight * t->idf[row]};
        }
        t->columns[c].end = kept;
    }
    t->cell_count = kept;
}

static epi_status fill_model(epi__lsa *model, const epi__lsa_trainer *t, float *rows, uint32_t dimension) {
    for (size_t i = 0; i < t->word_count; i++) {
        uint32_t row = t->words[i].row;
        if (row == NO_ROW) continue;
        float *vector = rows + (size_t)row * dimension;
        for (uint32_t d = 0; d < dimension; d++) vector[d] *= t->idf[row] * t->idf[row];
        EPI__TRY(epi__lsa_put(model, t->words[i].text, vector));
    }
    return EPI_OK;
}

epi_status epi__lsa_trainer_run(epi__lsa **model, epi__lsa_trainer *t, uint32_t dimension, uint64_t seed) {
    *model = NULL;
    EPI__TRY(choose_rows(t));
    if (t->row_count == 0) return EPI_ENOTFOUND;
    settle_cells(t);
    epi__operator matrix = {t->row_count, t->column_count, t, apply, transposed};
    size_t width = dimension + EPI__SVD_EXTRA;
    float *values = epi__realloc(NULL, dimension, sizeof *values);
    float *rows = epi__realloc(NULL, t->row_count, dimension * sizeof *rows);
    t->spare = epi__realloc(NULL, t->column_count, width * sizeof *t->spare);
    epi_status status = values && rows && t->spare ? EPI_OK
                                                   : epi__fail_memory(MODULE, t->column_count * width * sizeof *rows);
    if (!status) status = epi__svd_left(rows, values, &matrix, dimension, seed);
    if (!status) status = epi__lsa_new(model, dimension, t->row_count, t->language);
    if (!status) status = fill_model(*model, t, rows, dimension);
    if (status) epi__lsa_free(*model);
    if (status) *model = NULL;
    epi__free(values);
    epi__free(rows);
    return status;
}
