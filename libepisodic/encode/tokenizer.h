/* tokenizer.h - the tokenizers that static models are made with: a tokenizer.json in the form of Hugging Face's
 * tokenizers, of which we know what such models use.
 *
 *   tokenizer.c    reading the file; the way of a text through the parts below
 *   normalise.c    "normalizer": BertNormalizer, Lowercase, NFC NFD NFKC NFKD, StripAccents, Strip, Replace, Prepend
 *   split.c        "pre_tokenizer": BertPreTokenizer, Whitespace, WhitespaceSplit, Punctuation, Digits, Metaspace,
 *                  ByteLevel
 *   subword.c      "model": WordPiece, Unigram, BPE
 *   vocabulary.c   tokens to ids
 *
 * Anything else in the file is EPI_EUNSUPPORTED with its name, but for two: "Precompiled" (SentencePiece's table) is
 * taken for NFKC with control characters as blanks, which it nearly is, and post-processors are left out, since a mean
 * has no use for [CLS]. Tokens that the vocabulary does not have are left out. Immutable once open; any number of
 * threads.
 */
#ifndef EPI_ENCODE_TOKENIZER_H
#define EPI_ENCODE_TOKENIZER_H

#include <episodic/sys/json.h>

#include "../base/base.h"
#include "../text/text.h"

#define EPI__TOKEN_NONE UINT32_MAX
#define EPI__TOKEN_ID_MAX 16777215u
#define EPI__TOKENIZER_STEPS_MAX 16u
#define EPI__PIECE_SIZE_MAX 4096u /* bytes of one piece of a text that a model is applied to; a longer one is cut */

/* ---- vocabulary.c ---- */

typedef struct epi__vocabulary {
    struct epi__vocabulary_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
    size_t size_max; /* bytes of the longest token */
    epi__buffer bytes;
} epi__vocabulary;

void epi__vocabulary_dispose(epi__vocabulary *vocabulary);
bool epi__vocabulary_reserve(epi__vocabulary *vocabulary, size_t count); /* before any put */
/* EPI_EFORMAT: the token is there already. */
epi_status epi__vocabulary_put(epi__vocabulary *vocabulary, const char *token, size_t size, uint32_t id);
uint32_t epi__vocabulary_get(const epi__vocabulary *vocabulary, const char *token, size_t size);

/* ---- the parts -------------------------------------------------------------------------------------------------- */

typedef enum epi__normaliser {
    EPI__NORMALISE_BERT,
    EPI__NORMALISE_LOWER,
    EPI__NORMALISE_FORM,
    EPI__NORMALISE_ACCENTS,
    EPI__NORMALISE_STRIP,
    EPI__NORMALISE_REPLACE,
    EPI__NORMALISE_PREPEND,
    EPI__NORMALISE_COLLAPSE, /* two blanks or more become `content` */
    EPI__NORMALISE_CONTROLS  /* control characters become blanks */
} epi__normaliser;

typedef enum epi__splitter {
    EPI__SPLIT_BERT,
    EPI__SPLIT_WORDS,
    EPI__SPLIT_BLANKS,
    EPI__SPLIT_PUNCTUATION,
    EPI__SPLIT_DIGITS,
    EPI__SPLIT_METASPACE,
    EPI__SPLIT_BYTES
} epi__splitter;

typedef struct epi__tokenizer_step {
    int kind; /* epi__normaliser or epi__splitter */
    epi__utf8_form form;
    bool clean, separate_han, strip, lower; /* BERT; strip: accents */
    bool left, right;                       /* STRIP */
    bool each;                              /* DIGITS: every digit alone */
    bool prefix;                            /* METASPACE, BYTES: a blank in front of the text */
    bool split;                             /* METASPACE: pieces begin at blanks; BYTES: by the words of GPT-2 */
    epi__view pattern, content;
} epi__tokenizer_step;

typedef enum epi__tokenizer_model { EPI__WORDPIECE, EPI__UNIGRAM, EPI__BPE } epi__tokenizer_model;

typedef struct epi__tokenizer {
    epi__arena arena;
    epi__tokenizer_step normalisers[EPI__TOKENIZER_STEPS_MAX];
    size_t normaliser_count;
    epi__tokenizer_step splitters[EPI__TOKENIZER_STEPS_MAX];
    size_t splitter_count;
    epi__tokenizer_model model;
    epi__vocabulary tokens;
    epi__vocabulary continuations; /* WORDPIECE: tokens that go on a word, without their prefix */
    uint32_t unknown;              /* EPI__TOKEN_NONE: none */
    uint32_t id_max;
    size_t word_chars_max; /* WORDPIECE */
    float *scores;         /* UNIGRAM: by id */
    size_t score_count;
    float score_unknown;
    epi__map merges; /* BPE: left << 32 | right -> rank << 32 | merged */
    bool ignore_merges;
    bool byte_fallback;
    uint32_t byte_tokens[256];
} epi__tokenizer;

/* What a text needs on its way; reused from text to text. */
typedef struct epi__tokens {
    uint32_t *ids;
    size_t count, capacity;
    epi__buffer text, other;
    struct epi__piece *pieces, *spare;
    size_t piece_count, piece_capacity, spare_capacity;
    struct epi__cell_of_piece *cells; /* UNIGRAM and BPE */
} epi__tokens;

typedef struct epi__piece {
    size_t from, to; /* bytes of tokens->text */
} epi__piece;

/* EPI_EJSON EPI_EUTF8 EPI_EFORMAT EPI_EUNSUPPORTED EPI_ELIMIT EPI_ENOMEM: the message says where. */
epi_status epi__tokenizer_open(epi__tokenizer **tokenizer, const char *json, size_t size);
void epi__tokenizer_free(epi__tokenizer *tokenizer);
/* The ids of a text (valid UTF-8), in order, in tokens->ids. */
epi_status epi__tokenizer_run(epi__tokens *tokens, const epi__tokenizer *tokenizer, const char *text, size_t size);
void epi__tokens_dispose(epi__tokens *tokens);

epi_status epi__normalisers_read(epi__tokenizer *tokenizer, const epi_json *value);
epi_status epi__normalise(epi__tokens *tokens, const epi__tokenizer *tokenizer, const char *text, size_t size);
epi_status epi__splitters_read(epi__tokenizer *tokenizer, const epi_json *value);
epi_status epi__split(epi__tokens *tokens, const epi__tokenizer *tokenizer);
epi_status epi__subword(epi__tokens *tokens, const epi__tokenizer *tokenizer, const char *piece, size_t size);
bool epi__tokens_push(epi__tokens *tokens, uint32_t id);

/* Helpers of the readers: a member that must be a string, or may be absent; a flag with a default. */
epi_status epi__tokenizer_text(epi__view *text, epi__tokenizer *tokenizer, const epi_json *object, const char *name);
bool epi__tokenizer_flag(const epi_json *object, const char *name, bool otherwise);

#endif
