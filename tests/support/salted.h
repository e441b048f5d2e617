/* salted.h - an encoder of the tests' own: the vector of a text follows from the text and the encoder's salt, so that a
 * vector tells which encoder made it. It can be told to fail.
 */
#ifndef SALTED_H
#define SALTED_H

#include <stdatomic.h>

#include <episodic/sys/encoder.h>

#define SALTED_DIMENSION 16u

typedef struct salted {
    const char *name; /* the salt */
    uint32_t dimension;
    unsigned batch_us;          /* what a call takes longer than it has to */
    _Atomic int failing;        /* an epi_status; 0: it works */
    const char *_Atomic poison; /* a text that holds this is refused; NULL: none */
    _Atomic int calls, texts, closed;
} salted;

/* A table over s, which must outlive the memory. */
epi_encoder salted_encoder(salted *s);
void salted_vector(float *vector, const salted *s, const char *text, size_t size); /* unit norm */

#endif
