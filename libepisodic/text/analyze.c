/* analyze.c - from text to terms.
 *
 * Idea: one walk over the bytes. A word of ASCII is folded by a table; any other goes through utf8proc. What a word
 * becomes (stop word or stem) is remembered in a direct-mapped cache, because language repeats itself and stemming is
 * dear. After warm-up a run allocates nothing.
 * Invariant: terms are in text order, and their texts lie one behind the other in `texts`; so pointers are set once, at
 * the end, when `texts` no longer moves.
 * Ownership: the analyzer owns terms and texts until its next run.
 */
#include "parts.h"

#define CACHE_COUNT 4096u /* a power of two; 256 KiB, so that it stays in a second-level cache */
#define CACHED_SIZE_MAX 28u
#define UNSPACED_SIZE_MAX (EPI__TERM_SIZE_MAX / 2) /* so that a pair of neighbours fits a term */

typedef struct cached_word {
    char word[CACHED_SIZE_MAX];
    char stem[CACHED_SIZE_MAX];
    uint8_t word_size; /* 0: empty */
    uint8_t stem_size;
    bool stop;
    bool question;
} cached_word;

struct epi__analyzer {
    epi__stemmer *stemmer; /* NULL: no stemming */
    bool has_stop_words;
    cached_word *cache; /* NULL without stemming */
    epi__buffer texts;
    epi__term *terms;
    size_t count;
    size_t capacity;
};

/* ---- life ---- */

epi_status epi__analyzer_new(epi__analyzer **analyzer, const char *language) {
    *analyzer = NULL;
    if (language == NULL) language = "english";
    epi__analyzer *made = epi__alloc_zero(1, sizeof(*made));
    if (made == NULL) return epi__fail_memory("text", sizeof(*made));
    epi_status status = EPI_OK;
    if (strcmp(language, "none") == 0) goto out;
    made->has_stop_words = strcmp(language, "english") == 0;
    status = epi__stemmer_new(&made->stemmer, language);
    if (status != EPI_OK) goto out;
    made->cache = epi__alloc_zero(CACHE_COUNT, sizeof(cached_word));
    if (made->cache == NULL) status = epi__fail_memory("text", CACHE_COUNT * sizeof(cached_word));
out:
    if (status == EPI_OK) {
        *analyzer = made;
    } else {
        epi__analyzer_free(made);
    }
    return status;
}

void epi__analyzer_free(epi__analyzer *analyzer) {
    if (analyzer == NULL) return;
    epi__stemmer_free(analyzer->stemmer);
    epi__free(analyzer->cache);
    epi__buffer_dispose(&analyzer->texts);
    epi__free(analyzer->terms);
    epi__free(analyzer);
}

bool epi__analyzer_is_english(const epi__analyzer *analyzer) {
    return analyzer->has_stop_words;
}

/* ---- adding terms ---- */

static bool grow_terms(epi__analyzer *analyzer) {
    size_t capacity = EPI__MAX(analyzer->capacity * 2, 64u);
    epi__term *terms = epi__realloc(analyzer->terms, capacity, sizeof(*terms));
    if (terms == NULL) return false;
    analyzer->terms = terms;
    analyzer->capacity = capacity;
    return true;
}

/* Adds a term with its text; `term` brings everything but the text's place. */
static epi_status add_term(epi__analyzer *analyzer, epi__term term, const char *text, size_t size) {
    if (analyzer->count == analyzer->capacity && !grow_terms(analyzer)) {
        return epi__fail_memory("text", analyzer->capacity * 2 * sizeof(epi__term));
    }
    epi__buffer_append(&analyzer->texts, text, size);
    if (analyzer->texts.failed) return epi__fail_memory("text", analyzer->texts.size + size);
    term.size = (uint32_t)size;
    analyzer->terms[analyzer->count++] = term;
    return EPI_OK;
}

/* What the word becomes. A stop word keeps its form: stemmed, "does" would be a female deer. */
static epi_status look_up(cached_word *found, epi__analyzer *analyzer, const char *word, size_t size, epi__view *stem) {
    const epi__stopword *stopword = analyzer->has_stop_words ? epi__stopword_find(word, size) : NULL;
    found->stop = stopword != NULL;
    found->question = stopword != NULL && stopword->question;
    *stem = found->stop ? (epi__view){word, size} : epi__stemmer_run(analyzer->stemmer, word, size);
    if (stem->data == NULL) return epi__fail(EPI_ENOMEM, "text", "a word of %zu bytes could not be stemmed", size);
    if (stem->size > EPI__TERM_SIZE_MAX) stem->size = epi__utf8_cut(stem->data, stem->size, EPI__TERM_SIZE_MAX);
    return EPI_OK;
}

static epi_status add_uncached(epi__analyzer *analyzer, epi__term term, const char *word, size_t size) {
    cached_word found;
    epi__view stem;
    EPI__TRY(look_up(&found, analyzer, word, size, &stem));
    term.stop = found.stop;
    term.question = found.question;
    return add_term(analyzer, term, stem.data, stem.size);
}

static epi_status fill(cached_word *slot, epi__analyzer *analyzer, const char *word, size_t size) {
    epi__view stem;
    slot->word_size = 0;
    EPI__TRY(look_up(slot, analyzer, word, size, &stem));
    if (stem.size > CACHED_SIZE_MAX) return EPI_OK; /* a stem longer than its word: left empty, not cached */
    memcpy(slot->word, word, size);
    memcpy(slot->stem, stem.data, stem.size);
    slot->stem_size = (uint8_t)stem.size;
    slot->word_size = (uint8_t)size;
    return EPI_OK;
}

/* Adds a folded word as its stem. */
static epi_status add_word(epi__analyzer *analyzer, epi__term term, const char *word, size_t size) {
    if (size == 0) return EPI_OK;
    if (analyzer->stemmer == NULL) return add_term(analyzer, term, word, size);
    if (size > CACHED_SIZE_MAX) return add_uncached(analyzer, term, word, size);
    cached_word *slot = &analyzer->cache[epi__hash64(word, size) & (CACHE_COUNT - 1)];
    if (slot->word_size != size || memcmp(slot->word, word, size) != 0) {
        EPI__TRY(fill(slot, analyzer, word, size));
        if (slot->word_size == 0) return add_uncached(analyzer, term, word, size);
    }
    term.stop = slot->stop;
    term.question = slot->question;
    return add_term(analyzer, term, slot->stem, slot->stem_size);
}

/* ---- walking the text ---- */

typedef struct text_walk {
    epi__analyzer *analyzer;
    const char *text;
    size_t size;
    size_t at;
} text_walk;

static bool is_ascii(char c) {
    return (unsigned char)c < 0x80;
}

static bool is_ascii_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

/* 0 for separators and for all that is not ASCII; else the folded letter or digit. */
static char folded_ascii(char c) {
    static const char folded[128] = {
        ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6', ['7'] = '7',
        ['8'] = '8', ['9'] = '9', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f',
        ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j', ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n',
        ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q', ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v',
        ['W'] = 'w', ['X'] = 'x', ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd',
        ['e'] = 'e', ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l',
        ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's', ['t'] = 't',
        ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',
    };
    return is_ascii(c) ? folded[(unsigned char)c] : '\0';
}

static epi__kind kind_at(const text_walk *walk, size_t at, size_t *size) {
    *size = 1;
    if (is_ascii(walk->text[at])) return folded_ascii(walk->text[at]) != 0 ? EPI__KIND_LETTER : EPI__KIND_SEPARATOR;
    return epi__utf8_kind(size, walk->text + at, walk->size - at);
}

static epi__term term_of(const text_walk *walk, size_t from, size_t to) {
    return (epi__term){.from = (uint32_t)from, .to = (uint32_t)to, .capital = is_ascii_upper(walk->text[from])};
}

/* Behind the word: past letters of its kind and marks. */
static size_t word_end(const text_walk *walk, size_t at) {
    size_t size;
    epi__kind kind;
    for (; at < walk->size; at += size) {
        kind = kind_at(walk, at, &size);
        if (kind != EPI__KIND_LETTER && kind != EPI__KIND_MARK) break;
    }
    return at;
}

static epi_status take_folded_word(text_walk *walk) {
    char word[EPI__TERM_SIZE_MAX];
    size_t from = walk->at;
    walk->at = word_end(walk, from);
    epi__term term = term_of(walk, from, walk->at);
    if (!term.capital) term.capital = epi__utf8_is_upper(walk->text + from, walk->at - from);
    size_t seen = epi__utf8_cut(walk->text + from, walk->at - from, EPI__WORD_SIZE_MAX);
    size_t size = epi__utf8_fold_word(word, sizeof(word), walk->text + from, seen);
    return add_word(walk->analyzer, term, word, size);
}

static bool goes_on(const text_walk *walk, size_t at) {
    if (at == walk->size || is_ascii(walk->text[at])) return false;
    size_t size;
    epi__kind kind = kind_at(walk, at, &size);
    return kind == EPI__KIND_LETTER || kind == EPI__KIND_MARK;
}

/* A word that begins in ASCII; it goes the long way when it does not end in it. */
static epi_status take_ascii_word(text_walk *walk) {
    char word[EPI__TERM_SIZE_MAX];
    size_t from = walk->at, at = from, size = 0;
    for (char c; at < walk->size && (c = folded_ascii(walk->text[at])) != 0; at++) {
        if (size < sizeof(word)) word[size++] = c;
    }
    if (goes_on(walk, at)) return take_folded_word(walk);
    walk->at = at;
    return add_word(walk->analyzer, term_of(walk, from, at), word, size);
}

/* One letter of an unspaced script with its marks, folded; the walk moves behind it. Empty where there is none. */
static size_t take_unspaced_letter(char out[UNSPACED_SIZE_MAX], text_walk *walk) {
    size_t from = walk->at, size;
    if (from == walk->size || kind_at(walk, from, &size) != EPI__KIND_UNSPACED) return 0;
    walk->at += size;
    while (walk->at < walk->size && kind_at(walk, walk->at, &size) == EPI__KIND_MARK) walk->at += size;
    size_t seen = epi__utf8_cut(walk->text + from, walk->at - from, EPI__WORD_SIZE_MAX);
    return epi__utf8_fold_word(out, UNSPACED_SIZE_MAX, walk->text + from, seen);
}

/* A run of letters a b c gives the terms a, ab, b, bc, c. They have no stems. */
static epi_status take_unspaced_run(text_walk *walk) {
    char pair[2 * UNSPACED_SIZE_MAX];
    size_t from = walk->at;
    size_t size = take_unspaced_letter(pair, walk);
    while (size > 0) {
        char next[UNSPACED_SIZE_MAX];
        size_t middle = walk->at;
        EPI__TRY(add_term(walk->analyzer, term_of(walk, from, middle), pair, size));
        size_t next_size = take_unspaced_letter(next, walk);
        memcpy(pair + size, next, next_size);
        if (next_size > 0) EPI__TRY(add_term(walk->analyzer, term_of(walk, from, walk->at), pair, size + next_size));
        memcpy(pair, next, next_size);
        size = next_size;
        from = middle;
    }
    return EPI_OK;
}

static epi_status take_other(text_walk *walk) {
    size_t size;
    switch (kind_at(walk, walk->at, &size)) {
    case EPI__KIND_LETTER: return take_folded_word(walk);
    case EPI__KIND_UNSPACED: return take_unspaced_run(walk);
    case EPI__KIND_MARK:
    case EPI__KIND_SEPARATOR: break;
    }
    walk->at += size;
    return EPI_OK;
}

static void place_texts(epi__analyzer *analyzer) {
    const char *text = epi__buffer_text(&analyzer->texts);
    for (size_t i = 0; i < analyzer->count; i++) {
        analyzer->terms[i].text = text;
        text += analyzer->terms[i].size;
    }
}

epi_status epi__analyzer_run(const epi__term **terms, size_t *count, epi__analyzer *analyzer, const char *text,
                             size_t size) {
    *terms = NULL;
    *count = 0;
    if (size > UINT32_MAX) return epi__fail(EPI_ELIMIT, "text", "text has %zu bytes, limit %u", size, UINT32_MAX);
    epi__buffer_clear(&analyzer->texts);
    analyzer->count = 0;
    text_walk walk = {analyzer, text, size, 0};
    while (walk.at < size) {
        if (folded_ascii(text[walk.at]) != 0) {
            EPI__TRY(take_ascii_word(&walk));
        } else if (is_ascii(text[walk.at])) {
            walk.at++;
        } else {
            EPI__TRY(take_other(&walk));
        }
    }
    if (!epi__buffer_reserve(&analyzer->texts, 1)) return epi__fail_memory("text", analyzer->texts.size + 1);
    place_texts(analyzer);
    *terms = analyzer->terms;
    *count = analyzer->count;
    return EPI_OK;
}
