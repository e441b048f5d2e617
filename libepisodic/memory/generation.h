/* generation.h - generations of a space's encoder: which one serves, and whether this process can encode for it.
 *
 * A generation is an encoder's identity and the vectors it made. Exactly one serves; another may be building, and takes
 * its place in one commit once every step has its vector. Vectors of two are never compared: chunks, index and cue
 * carry the number, and a draft that was made for another than serves when it is stored loses its vector and waits for
 * a new one.
 *
 * What a process knows of generations and the encoders that it was given live as long as the mirror, so that nobody
 * needs to hold them.
 */
#ifndef EPI_MEMORY_GENERATION_H
#define EPI_MEMORY_GENERATION_H

#include "../encode/encode.h"
#include "mirror.h"

typedef enum epi__encoder_way {
    EPI__WAY_NONE,
    EPI__WAY_GIVEN, /* the caller gives vectors */
    EPI__WAY_HASH,  /* of the words that a draft has anyway */
    EPI__WAY_TABLE  /* of the text, through <episodic/sys/encoder.h> */
} epi__encoder_way;

typedef struct epi__generation {
    struct epi__generation *next;
    uint64_t number;
    epi__encoder_way way;
    uint32_t dimension;
    const char *name;
    const char *parameters;
    const char *source;
    bool tried; /* to open its encoder from the source */
} epi__generation;

epi_status epi__generations_new(epi__mirror *mirror);
void epi__generations_free(epi__mirror *mirror);

/* The one that serves, as far as this process knows; and any by its number, as of a transaction. */
epi_status epi__generation_serving(const epi__generation **serving, epi__mirror *mirror);
epi_status epi__generation_of(const epi__generation **generation, epi__mirror *mirror, epi__txn *txn, uint64_t number);
/* Another may serve now: look again. */
void epi__generation_forget(epi__mirror *mirror);
/* The encoder of a generation in this process; NULL: none, and the last error says why. */
const epi_encoder *epi__generation_encoder(epi__mirror *mirror, const epi__generation *generation);

epi_status epi__generation_bind(epi__mirror *mirror, const epi_encoder *encoder); /* takes it over on EPI_OK */

/* The vector of a cue's text, encoded before any lock, for the generation that serves. *vector is NULL where there is
 * no encoder, it failed (which is logged), or the way is not by table; freed with epi__free. */
epi_status epi__generation_encode_cue(float **vector, uint64_t *number, epi__mirror *mirror, const char *text);

void epi__backlog_key(epi__key *key, uint32_t space, uint64_t generation, uint64_t step);
/* Puts a step among those that wait for a vector of a generation, or takes it out; nothing where it is so already. */
epi_status epi__backlog_put(epi__change *change, uint64_t generation, uint64_t step);
epi_status epi__backlog_remove(epi__change *change, uint64_t generation, uint64_t step);
/* How many wait for one of a generation. */
epi_status epi__backlog_count(uint64_t *count, epi__txn *txn, uint32_t space, uint64_t generation);

#endif
