/* encode.h - encoders turn a step's words into its vector. The one built in is the hash encoder: offline,
 * deterministic, no model.
 */
#ifndef EPI_ENCODE_ENCODE_H
#define EPI_ENCODE_ENCODE_H

#include "../base/base.h"

#define EPI__HASH_GENERATION 1u /* changes whenever the same words may give another vector */

typedef struct epi__feature {
    epi__view word; /* a stem */
    float weight;   /* stored vectors: 1 + ln(frequency); a cue's: the same times idf, which may drift */
} epi__feature;

/* Feature hashing (Weinberger et al. 2009): each word and each character trigram of it adds its weight, with a sign, to
 * one element; trigrams of a word share a quarter of its weight, so that a misspelt word is still near. The result has
 * unit norm; false and all zeros when there is no feature. */
bool epi__hash_encode(float *vector, size_t dimension, const epi__feature *features, size_t count);

#endif
