/* words.c - see words.h. */
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_SIZE 16u
#define SENTENCE_MIN 12u
#define SENTENCE_MAX 28u

struct words {
    bench_random random;
    size_t count;
    double *up_to; /* of the words to here: their share of all */
    char (*spelling)[WORD_SIZE];
};

/* One to three syllables, more for rarer words; the rank behind them keeps words apart that came out the same. */
static void spell(char *word, bench_random *random, size_t rank) {
    static const char consonants[] = "bdfgklmnprstvz", vowels[] = "aeiou";
    size_t syllables = rank < 30 ? 1 : rank < 1000 ? 2 : 3, at = 0;
    for (size_t i = 0; i < syllables; i++) {
        word[at++] = consonants[bench_random_below(random, sizeof consonants - 1)];
        word[at++] = vowels[bench_random_below(random, sizeof vowels - 1)];
    }
    for (; rank > 0; rank /= 26) word[at++] = (char)('a' + rank % 26);
    word[at] = 0;
}

words *words_new(uint64_t seed, size_t vocabulary) {
    words *made = bench_alloc(1, sizeof *made);
    made->random = bench_random_of(seed, 1);
    made->count = vocabulary;
    made->up_to = bench_alloc(vocabulary, sizeof *made->up_to);
    made->spelling = bench_alloc(vocabulary, sizeof *made->spelling);
    double sum = 0;
    for (size_t i = 0; i < vocabulary; i++) {
        spell(made->spelling[i], &made->random, i);
        made->up_to[i] = sum += 1.0 / (double)(i + 1);
    }
    for (size_t i = 0; i < vocabulary; i++) made->up_to[i] /= sum;
    return made;
}

void words_free(words *made) {
    free(made->up_to);
    free(made->spelling);
    free(made);
}

static const char *draw(words *made) {
    double at = bench_random_unit(&made->random);
    size_t low = 0, high = made->count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (made->up_to[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return made->spelling[low];
}

size_t words_sentence(char *text, size_t size, words *made) {
    size_t count = SENTENCE_MIN + bench_random_below(&made->random, SENTENCE_MAX - SENTENCE_MIN + 1), at = 0;
    for (size_t i = 0; i < count; i++) {
        const char *word = draw(made);
        size_t length = strlen(word);
        if (at + length + 2 >= size) break;
        if (i > 0) text[at++] = ' ';
        memcpy(text + at, word, length);
        at += length;
    }
    text[at] = 0;
    return at;
}
