/* lsa.h - latent semantic analysis: an encoder learned from a space's own texts (Deerwester et al. 1990).
 *
 * Words that stand in the same company get vectors that point the same way. The matrix has a row a word and a column a
 * step; a cell is ln(1 + how often) x idf. Each column lends to its neighbours in the episode before the decomposition,
 * two to each side: what is said next to a step is about the same thing, and single turns are too short to tell. A
 * word's vector is its row of the left singular vectors x idf^2: once as in its column, and once more since the rarest
 * word says most in a short text (measured: vectors alone recall 1 to 7 points more). A text's vector is the sum over
 * its words of ln(1 + how often) x their vectors, of unit norm: folded in the same way whether it was seen in training
 * or came later.
 *
 *   lsa_train.c   from texts to a model        lsa.c   the model, and texts by it
 */
#ifndef EPI_ENCODE_LSA_H
#define EPI_ENCODE_LSA_H

#include "../text/text.h"
#include "encode.h"

#define EPI__LSA_TERMS_MAX 32768u /* words that a model has; of more, those in most steps */
#define EPI__LSA_CELLS_MAX 8388608u

/* A model: words with their vectors. Complete before it encodes; then any number of threads. */
typedef struct epi__lsa epi__lsa;

epi_status epi__lsa_new(epi__lsa **model, uint32_t dimension, size_t count, const char *language);
void epi__lsa_free(epi__lsa *model);
epi_status epi__lsa_put(epi__lsa *model, epi__view word, const void *vector); /* `count` of them; may be unaligned */
size_t epi__lsa_count(const epi__lsa *model);
const float *epi__lsa_at(epi__view *word, const epi__lsa *model, size_t at);
/* As a table, which takes the model over. `parameters` lives as long as the table. */
epi_encoder epi__lsa_encoder(epi__lsa *model, const char *parameters);

/* Whether this is what epi_encoder_lsa() gave: the wish for one, not an encoder. */
bool epi__lsa_is_wish(const epi_encoder *encoder);

/* A text's words that count, each once. */
typedef struct epi__bag {
    epi__analyzer *analyzer;
    epi__map places; /* hash of the word -> place */
    struct epi__bag_word {
        epi__view word; /* the analyzer's */
        uint32_t times;
    } *words;
    size_t count, capacity;
} epi__bag;

epi_status epi__bag_init(epi__bag *bag, const char *language);
void epi__bag_dispose(epi__bag *bag);
epi_status epi__bag_fill(epi__bag *bag, const char *text, size_t size);

/* Gathers texts, then makes a model of them. */
typedef struct epi__lsa_trainer epi__lsa_trainer;

epi_status epi__lsa_trainer_new(epi__lsa_trainer **trainer, const char *language);
void epi__lsa_trainer_free(epi__lsa_trainer *trainer);
/* `follows`: it stands right behind the text before in an episode. *full: it was left out, there are enough words. */
epi_status epi__lsa_trainer_add(bool *full, epi__lsa_trainer *trainer, const char *text, size_t size, bool follows);
size_t epi__lsa_trainer_count(const epi__lsa_trainer *trainer);
/* EPI_ENOTFOUND: no word stands in two texts. The trainer is of no use afterwards. */
epi_status epi__lsa_trainer_run(epi__lsa **model, epi__lsa_trainer *trainer, uint32_t dimension, uint64_t seed);

#endif
