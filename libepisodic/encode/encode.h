/* encode.h - encoders turn words into vectors; <episodic/sys/encoder.h> is the table that all are called through. The
 * hash encoder is built in: offline, deterministic, no model.
 */
#ifndef EPI_ENCODE_ENCODE_H
#define EPI_ENCODE_ENCODE_H

#include <episodic/sys/encoder.h>

#include "../base/base.h"

#define EPI__HASH_GENERATION 1u /* changes whenever the same words may give another vector */

typedef struct epi__hash_feature {
    epi__view word; /* a stem */
    float weight;   /* stored vectors: 1 + ln(frequency); a cue's: the same times idf, which may drift */
} epi__hash_feature;

/* Feature hashing (Weinberger et al. 2009): each word and each character trigram of it adds its weight, with a sign, to
 * one element; trigrams of a word share a quarter of its weight, so that a misspelt word is still near. The result has
 * unit norm; false and all zeros when there is no feature. */
bool epi__hash_encode(float *vector, size_t dimension, const epi__hash_feature *features, size_t count);

/* EPI_EINVAL EPI_ELIMIT EPI_EUTF8: whatever stands in the table is complete and within limits. */
epi_status epi__encoder_check(const epi_encoder *encoder);
/* Encodes any number of texts in portions that the encoder takes, and sees to it that what comes back can be stored:
 * finite, and of unit norm where `unit` says so. present[i]: text i has a vector. */
epi_status epi__encoder_run(float *vectors, bool *present, const epi_encoder *encoder, const epi_encoder_text *texts,
                            size_t count, bool unit);
/* An encoder by what a space keeps of it; the source ends with a NUL. EPI_ENOTFOUND: it has to be given. */
epi_status epi__encoder_reopen(epi_encoder *encoder, epi__view name, epi__view source, uint32_t dimension);

#endif
