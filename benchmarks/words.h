/* words.h - made-up sentences: words of syllables, drawn by Zipf's law, so that posting lists are as uneven as those of
 * real text. The same seed gives the same sentences.
 */
#ifndef EPI_BENCH_WORDS_H
#define EPI_BENCH_WORDS_H

#include "bench.h"

typedef struct words words;

words *words_new(uint64_t seed, size_t vocabulary); /* the word of rank r is drawn in proportion to 1 / r */
void words_free(words *made);
/* Writes a sentence of 12 to 28 words; returns its length, which is below size. Long enough: WORDS_SENTENCE_SIZE. */
size_t words_sentence(char *text, size_t size, words *made);

#define WORDS_SENTENCE_SIZE 512u

#endif
