/* corpus_words.c - see corpus_words.h. Verbs end in a consonant, so that "ed" and "ing" can follow. */
#include "corpus_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SPELLING_SIZE 16u
#define USUAL 0.65       /* how often the usual spelling is chosen */
#define WITH_SYNONYM 0.5 /* share of meanings that have another */
#define MEANINGS_MAX 6000u

static const size_t counts[MEANING_KINDS] = {6000, 900, 500};

typedef struct meaning {
    char usual[SPELLING_SIZE];
    char other[SPELLING_SIZE]; /* "": none */
} meaning;

struct lexicon {
    meaning *meanings; /* of all kinds, one after the other */
    size_t first[MEANING_KINDS];
    double up_to[MEANING_KINDS][MEANINGS_MAX]; /* share of the meanings to here, by rank */
};

/* The n-th word: numbers are written in syllables, scrambled so that neighbours do not look alike. */
static void spell(char *word, size_t n) {
    static const char onsets[] = "bdfgklmnprstvz", vowels[] = "aeiou", ends[] = "bdgklmnprt";
    size_t syllables = n < 1200 ? 2 : 3, at = 0, left = syllables == 2 ? n * 1667 % 4900 : n * 104729 % 343000;
    for (size_t i = 0; i < syllables; i++, left /= 70) {
        word[at++] = onsets[left % 70 / 5];
        word[at++] = vowels[left % 5];
    }
    word[at++] = ends[n % (sizeof ends - 1)];
    word[at] = '\0';
}

lexicon *lexicon_new(uint64_t seed) {
    lexicon *made = bench_alloc(1, sizeof *made);
    bench_random random = bench_random_of(seed, 11);
    size_t all = counts[NOUN] + counts[VERB] + counts[QUALITY], spelt = bench_random_below(&random, 400), at = 0;
    made->meanings = bench_alloc(all, sizeof *made->meanings);
    for (int kind = 0; kind < MEANING_KINDS; kind++) {
        double sum = 0.0;
        made->first[kind] = at;
        for (size_t i = 0; i < counts[kind]; i++, at++) {
            spell(made->meanings[at].usual, spelt++);
            if (bench_random_unit(&random) < WITH_SYNONYM) spell(made->meanings[at].other, spelt++);
            made->up_to[kind][i] = sum += 1.0 / (double)(i + 3);
        }
        for (size_t i = 0; i < counts[kind]; i++) made->up_to[kind][i] /= sum;
    }
    return made;
}

void lexicon_free(lexicon *made) {
    if (made == NULL) return;
    free(made->meanings);
    free(made);
}

uint32_t lexicon_draw(const lexicon *made, meaning_kind kind, bench_random *random) {
    double at = bench_random_unit(random);
    size_t low = 0, high = counts[kind] - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (made->up_to[kind][middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint32_t)(made->first[kind] + low);
}

static size_t topic_size(meaning_kind kind) {
    return kind == NOUN ? TOPIC_NOUNS : kind == VERB ? TOPIC_VERBS : TOPIC_QUALITIES;
}

/* Ranks by 1 / rank, near enough: the exponential of a uniform number. */
uint32_t topic_draw(const topic *of, meaning_kind kind, bench_random *random) {
    size_t size = topic_size(kind);
    size_t rank = (size_t)exp(bench_random_unit(random) * log((double)size + 1.0)) - 1;
    return of->words[kind][rank < size ? rank : size - 1];
}

void topic_make(topic *made, const lexicon *words, bench_random *random) {
    for (int kind = 0; kind < MEANING_KINDS; kind++)
        for (size_t i = 0; i < topic_size((meaning_kind)kind); i++)
            made->words[kind][i] = lexicon_draw(words, (meaning_kind)kind, random);
}

const char *lexicon_spell(const lexicon *made, uint32_t word, bench_random *random) {
    const meaning *of = &made->meanings[word];
    bool usual = bench_random_unit(random) < USUAL;
    return usual || of->other[0] == '\0' ? of->usual : of->other;
}
