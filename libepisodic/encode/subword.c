/* subword.c - the "model" of a tokenizer.json, applied to one piece of text; see tokenizer.h.
 *
 * Sources: WordPiece (Schuster and Nakajima 2012; greedy, longest first), Unigram (Kudo 2018; the best path by Viterbi,
 * unknown characters 10 below the lowest score), byte pair encoding (Sennrich et al. 2016; the pair of lowest rank is
 * merged, the leftmost first).
 */
#include "tokenizer.h"

#define MODULE "encode"

/* A place in a piece: of Unigram the best way to get there, of BPE a symbol. */
struct epi__cell_of_piece {
    float score;
    uint32_t id;
    uint32_t from; /* UNIGRAM: where the token that ends here begins. BPE: bytes of the symbol are [from, to) */
    uint32_t to;
};

bool epi__tokens_push(epi__tokens *tokens, uint32_t id) {
    if (id == EPI__TOKEN_NONE) return true;
    if (tokens->count == tokens->capacity) {
        size_t more = tokens->capacity ? tokens->capacity * 2 : 64;
        uint32_t *grown = epi__realloc(tokens->ids, more, sizeof *grown);
        if (!grown) return false;
        tokens->ids = grown;
        tokens->capacity = more;
    }
    tokens->ids[tokens->count++] = id;
    return true;
}

static struct epi__cell_of_piece *cells_of(epi__tokens *tokens) {
    if (!tokens->cells) tokens->cells = epi__realloc(NULL, EPI__PIECE_SIZE_MAX + 1, sizeof *tokens->cells);
    return tokens->cells;
}

static size_t char_size(const char *text, size_t left) {
    size_t size = 1;
    while (size < left && ((uint8_t)text[size] & 0xC0) == 0x80) size++;
    return size;
}

/* The byte as a token, "<0x0A>"; of a character that the vocabulary does not have. */
static bool push_bytes(epi__tokens *tokens, const epi__tokenizer *tokenizer, const char *text, size_t size) {
    for (size_t i = 0; tokenizer->byte_fallback && i < size; i++)
        if (!epi__tokens_push(tokens, tokenizer->byte_tokens[(uint8_t)text[i]])) return false;
    return true;
}

/* ---- WordPiece -------------------------------------------------------------------------------------------------- */

/* The longest token at the beginning; its size in *taken. */
static uint32_t longest(size_t *taken, const epi__vocabulary *tokens, const char *text, size_t size) {
    for (*taken = EPI__MIN(size, tokens->size_max); *taken > 0; --*taken) {
        if (*taken < size && ((uint8_t)text[*taken] & 0xC0) == 0x80) continue;
        uint32_t id = epi__vocabulary_get(tokens, text, *taken);
        if (id != EPI__TOKEN_NONE) return id;
    }
    return EPI__TOKEN_NONE;
}

/* A word that cannot be told to its end is unknown as a whole. */
static bool wordpiece(epi__tokens *tokens, const epi__tokenizer *tokenizer, const char *piece, size_t size) {
    size_t before = tokens->count, chars = 0;
    for (size_t i = 0; i < size; i++) chars += ((uint8_t)piece[i] & 0xC0) != 0x80;
    if (chars > tokenizer->word_chars_max) return true;
    for (size_t at = 0, taken; at < size; at += taken) {
        const epi__vocabulary *vocabulary = at ? &tokenizer->continuations : &tokenizer->tokens;
        uint32_t id = longest(&taken, vocabulary, piece + at, size - at);
        if (id == EPI__TOKEN_NONE) {
            tokens->count = before;
            return true;
        }
        if (id != tokenizer->unknown && !epi__tokens_push(tokens, id)) return false;
    }
    return true;
}

/* ---- Unigram ---------------------------------------------------------------------------------------------------- */

static void offer(struct epi__cell_of_piece *cells, size_t from, size_t to, uint32_t id, float score) {
    float sum = cells[from].score + score;
    if (cells[to].from != UINT32_MAX && cells[to].score >= sum) return;
    cells[to] = (struct epi__cell_of_piece){sum, id, (uint32_t)from, 0};
}

static bool unigram(epi__tokens *tokens, const epi__tokenizer *tokenizer, const char *piece, size_t size) {
    struct epi__cell_of_piece *cells = cells_of(tokens);
    if (!cells) return false;
    for (size_t i = 0; i <= size; i++) cells[i] = (struct epi__cell_of_piece){0.0f, EPI__TOKEN_NONE, UINT32_MAX, 0};
    for (size_t from = 0, first; from < size; from += first) {
        first = char_size(piece + from, size - from);
        bool alone = false;
        for (size_t to = from + first; to <= size && to - from <= tokenizer->tokens.size_max;) {
            uint32_t id = epi__vocabulary_get(&tokenizer->tokens, piece + from, to - from);
            if (id != EPI__TOKEN_NONE && id != tokenizer->unknown) offer(cells, from, to, id, tokenizer->scores[id]);
            alone = alone || (id != EPI__TOKEN_NONE && to == from + first);
            to += to < size ? char_size(piece + to, size - to) : 1;
        }
        if (!alone) offer(cells, from, from + first, EPI__TOKEN_NONE, tokenizer->score_unknown);
    }
    size_t steps = 0; /* back from the end, then forward again */
    for (size_t at = size; at > 0; at = cells[at].from) cells[steps++].to = (uint32_t)at;
    while (steps > 0) {
        size_t to = cells[--steps].to, from = cells[to].from;
        bool known = cells[to].id != EPI__TOKEN_NONE;
        if (known ? !epi__tokens_push(tokens, cells[to].id) : !push_bytes(tokens, tokenizer, piece + from, to - from))
            return false;
    }
    return true;
}

/* ---- BPE -------------------------------------------------------------------------------------------------------- */

/* The pair of lowest rank among the symbols; `count` when none can be merged. */
static size_t best_pair(uint32_t *merged, const epi__tokenizer *tokenizer, const struct epi__cell_of_piece *symbols,
                        size_t count) {
    uint64_t best = UINT64_MAX, value;
    size_t at = count;
    for (size_t i = 0; i + 1 < count; i++) {
        if (symbols[i].id == EPI__TOKEN_NONE || symbols[i + 1].id == EPI__TOKEN_NONE) continue;
        uint64_t pair = (uint64_t)symbols[i].id << 32 | symbols[i + 1].id;
        if (!epi__map_get(&tokenizer->merges, pair, &value) || value >= best) continue;
        best = value;
        at = i;
    }
    *merged = (uint32_t)best;
    return at;
}

static bool bpe(epi__tokens *tokens, const epi__tokenizer *tokenizer, const char *piece, size_t size) {
    struct epi__cell_of_piece *symbols = cells_of(tokens);
    size_t count = 0;
    uint32_t whole = tokenizer->ignore_merges ? epi__vocabulary_get(&tokenizer->tokens, piece, size) : EPI__TOKEN_NONE;
    if (whole != EPI__TOKEN_NONE) return epi__tokens_push(tokens, whole);
    if (!symbols) return false;
    for (size_t at = 0, one; at < size; at += one) {
        one = char_size(piece + at, size - at);
        uint32_t id = epi__vocabulary_get(&tokenizer->tokens, piece + at, one);
        symbols[count++] = (struct epi__cell_of_piece){0.0f, id, (uint32_t)at, (uint32_t)(at + one)};
    }
    uint32_t merged;
    for (size_t at; (at = best_pair(&merged, tokenizer, symbols, count)) < count;) {
        symbols[at].id = merged;
        symbols[at].to = symbols[at + 1].to;
        memmove(symbols + at + 1, symbols + at + 2, (count - at - 2) * sizeof *symbols);
        count--;
    }
    for (size_t i = 0; i < count; i++) {
        bool known = symbols[i].id != EPI__TOKEN_NONE;
        if (symbols[i].id == tokenizer->unknown) continue;
        if (known ? !epi__tokens_push(tokens, symbols[i].id)
                  : !push_bytes(tokens, tokenizer, piece + symbols[i].from, symbols[i].to - symbols[i].from))
            return false;
    }
    return true;
}

epi_status epi__subword(epi__tokens *tokens, const epi__tokenizer *tokenizer, const char *piece, size_t size) {
    bool ok = true;
    for (size_t at = 0, some; ok && at < size; at += some) {
        some = EPI__MIN(size - at, (size_t)EPI__PIECE_SIZE_MAX);
        if (some < size - at) some = epi__utf8_cut(piece + at, size - at, some);
        switch (tokenizer->model) {
        case EPI__WORDPIECE: /* a word is long before it is cut */
            ok = some < size || wordpiece(tokens, tokenizer, piece + at, some);
            break;
        case EPI__UNIGRAM: ok = unigram(tokens, tokenizer, piece + at, some); break;
        case EPI__BPE: ok = bpe(tokens, tokenizer, piece + at, some); break;
        }
    }
    return ok ? EPI_OK : epi__fail_memory(MODULE, size);
}
