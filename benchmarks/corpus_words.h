/* corpus_words.h - the made-up words of a corpus: meanings, each with one or two spellings, drawn by Zipf's law, and
 * topics that gather some of them. What is said with one spelling may be asked for with the other, as people do.
 */
#ifndef EPI_BENCH_CORPUS_WORDS_H
#define EPI_BENCH_CORPUS_WORDS_H

#include "bench.h"

typedef enum meaning_kind { NOUN, VERB, QUALITY } meaning_kind;
enum { MEANING_KINDS = 3, TOPIC_NOUNS = 60, TOPIC_VERBS = 15, TOPIC_QUALITIES = 12 };

typedef struct lexicon lexicon;

typedef struct topic {
    uint32_t words[MEANING_KINDS][TOPIC_NOUNS]; /* meanings, the commonest first */
} topic;

lexicon *lexicon_new(uint64_t seed);
void lexicon_free(lexicon *made);
/* A meaning by Zipf's law over all of the kind, and over the topic's. */
uint32_t lexicon_draw(const lexicon *made, meaning_kind kind, bench_random *random);
uint32_t topic_draw(const topic *of, meaning_kind kind, bench_random *random);
void topic_make(topic *made, const lexicon *words, bench_random *random);
/* A spelling of the meaning: the usual one in two of three cases, when it has two. Lives as long as the lexicon. */
const char *lexicon_spell(const lexicon *made, uint32_t meaning, bench_random *random);

#endif
