/* tokenizer.c - reading a tokenizer.json, and the way of a text through its parts; see tokenizer.h. */
#include "tokenizer.h"

#include <stdio.h>

#define MODULE "encode"
#define WORD_CHARS_DEFAULT 100

/* ---- helpers of the readers ------------------------------------------------------------------------------------- */

epi_status epi__tokenizer_text(epi__view *text, epi__tokenizer *tokenizer, const epi_json *object, const char *name) {
    const epi_json *member = epi_json_member(object, name);
    size_t size = 0;
    const char *string = epi_json_string(member, &size);
    *text = (epi__view){"", 0};
    if (epi_json_type_of(member) == EPI_JSON_NULL || epi_json_type_of(member) == EPI_JSON_ABSENT) return EPI_OK;
    if (!string) return epi__fail(EPI_EFORMAT, MODULE, "the tokenizer's \"%s\" is no string", name);
    text->data = epi__arena_text(&tokenizer->arena, string, size);
    text->size = size;
    return text->data ? EPI_OK : epi__fail_memory(MODULE, size);
}

bool epi__tokenizer_flag(const epi_json *object, const char *name, bool otherwise) {
    const epi_json *member = epi_json_member(object, name);
    return epi_json_type_of(member) == EPI_JSON_BOOL ? epi_json_true(member) : otherwise;
}

static epi_status put(epi__tokenizer *tokenizer, epi__vocabulary *vocabulary, const char *token, size_t size,
                      int64_t id) {
    if (id < 0 || id > EPI__TOKEN_ID_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "a token has id %lld, limit %u", (long long)id, EPI__TOKEN_ID_MAX);
    tokenizer->id_max = EPI__MAX(tokenizer->id_max, (uint32_t)id);
    return epi__vocabulary_put(vocabulary, token, size, (uint32_t)id);
}

/* ---- models ----------------------------------------------------------------------------------------------------- */

/* {"token": id}; with a prefix, what begins with it goes into the continuations without it. */
static epi_status read_map(epi__tokenizer *tokenizer, const epi_json *vocabulary, epi__view prefix) {
    size_t count = epi_json_count(vocabulary);
    if (epi_json_type_of(vocabulary) != EPI_JSON_OBJECT || count == 0)
        return epi__fail(EPI_EFORMAT, MODULE, "the tokenizer's \"vocab\" is no object of tokens");
    if (!epi__vocabulary_reserve(&tokenizer->tokens, count) ||
        !epi__vocabulary_reserve(&tokenizer->continuations, count))
        return epi__fail_memory(MODULE, count);
    for (const epi_json *at = epi_json_first(vocabulary); at; at = epi_json_next(at)) {
        const char *token = epi_json_name(at);
        size_t size = strlen(token);
        int64_t id = 0;
        if (!epi_json_integer(&id, at))
            return epi__fail(EPI_EFORMAT, MODULE, "the id of token \"%.80s\" is no whole number", token);
        bool goes_on = prefix.size > 0 && size > prefix.size && memcmp(token, prefix.data, prefix.size) == 0;
        if (goes_on)
            EPI__TRY(put(tokenizer, &tokenizer->continuations, token + prefix.size, size - prefix.size, id));
        else
            EPI__TRY(put(tokenizer, &tokenizer->tokens, token, size, id));
    }
    return EPI_OK;
}

static epi_status read_unknown(epi__tokenizer *tokenizer, const epi_json *model) {
    epi__view unknown;
    EPI__TRY(epi__tokenizer_text(&unknown, tokenizer, model, "unk_token"));
    tokenizer->unknown = epi__vocabulary_get(&tokenizer->tokens, unknown.data, unknown.size);
    return EPI_OK;
}

static epi_status read_wordpiece(epi__tokenizer *tokenizer, const epi_json *model) {
    epi__view prefix;
    int64_t chars = WORD_CHARS_DEFAULT;
    const epi_json *most = epi_json_member(model, "max_input_chars_per_word");
    EPI__TRY(epi__tokenizer_text(&prefix, tokenizer, model, "continuing_subword_prefix"));
    if (most && (!epi_json_integer(&chars, most) || chars < 1 || chars > (int64_t)EPI__PIECE_SIZE_MAX))
        return epi__fail(EPI_EFORMAT, MODULE, "\"max_input_chars_per_word\" is not 1 to %u", EPI__PIECE_SIZE_MAX);
    if (prefix.size == 0) prefix = (epi__view){"##", 2};
    tokenizer->word_chars_max = (size_t)chars;
    EPI__TRY(read_map(tokenizer, epi_json_member(model, "vocab"), prefix));
    return read_unknown(tokenizer, model);
}

static void find_byte_tokens(epi__tokenizer *tokenizer, const epi_json *model) {
    tokenizer->byte_fallback = epi__tokenizer_flag(model, "byte_fallback", false);
    for (unsigned i = 0; i < 256; i++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", i);
        tokenizer->byte_tokens[i] = epi__vocabulary_get(&tokenizer->tokens, name, strlen(name));
    }
}

static epi_status read_scored(epi__tokenizer *tokenizer, const epi_json *each, size_t at) {
    size_t size = 0;
    double score = 0.0;
    const epi_json *first = epi_json_first(each);
    const char *token = epi_json_string(first, &size);
    if (!token || !epi_json_number(&score, epi_json_next(first)))
        return epi__fail(EPI_EFORMAT, MODULE, "entry %zu of the tokenizer's \"vocab\" is no [token, score]", at);
    tokenizer->scores[at] = (float)score;
    tokenizer->score_unknown = EPI__MIN(tokenizer->score_unknown, (float)score);
    return put(tokenizer, &tokenizer->tokens, token, size, (int64_t)at);
}

static epi_status read_unigram(epi__tokenizer *tokenizer, const epi_json *model) {
    const epi_json *vocabulary = epi_json_member(model, "vocab"), *unknown = epi_json_member(model, "unk_id");
    size_t count = epi_json_count(vocabulary), at = 0;
    int64_t id = -1;
    if (epi_json_type_of(vocabulary) != EPI_JSON_ARRAY || count == 0)
        return epi__fail(EPI_EFORMAT, MODULE, "the tokenizer's \"vocab\" is no list of tokens and scores");
    tokenizer->scores = epi__realloc(NULL, count, sizeof *tokenizer->scores);
    if (!tokenizer->scores || !epi__vocabulary_reserve(&tokenizer->tokens, count))
        return epi__fail_memory(MODULE, count * sizeof *tokenizer->scores);
    tokenizer->score_count = count;
    for (const epi_json *each = epi_json_first(vocabulary); each; each = epi_json_next(each))
        EPI__TRY(read_scored(tokenizer, each, at++));
    if (epi_json_type_of(unknown) == EPI_JSON_NUMBER &&
        (!epi_json_integer(&id, unknown) || id < 0 || id >= (int64_t)count))
        return epi__fail(EPI_EFORMAT, MODULE, "\"unk_id\" names none of %zu tokens", count);
    tokenizer->unknown = id >= 0 ? (uint32_t)id : EPI__TOKEN_NONE;
    tokenizer->score_unknown -= 10.0f;
    find_byte_tokens(tokenizer, model);
    return EPI_OK;
}

/* "left right", or ["left", "right"]. */
static epi_status read_merge(epi__tokenizer *tokenizer, const epi_json *each, uint32_t rank) {
    size_t size = 0, right_size = 0;
    const char *left = epi_json_string(each, &size), *right = NULL;
    if (left) {
        right = memchr(left, ' ', size);
        right_size = right ? size - (size_t)(right - left) - 1 : 0;
        size = right ? (size_t)(right - left) : 0;
        right = right ? right + 1 : NULL;
    } else {
        left = epi_json_string(epi_json_first(each), &size);
        right = epi_json_string(epi_json_next(epi_json_first(each)), &right_size);
    }
    if (!left || !right || size == 0 || right_size == 0)
        return epi__fail(EPI_EFORMAT, MODULE, "merge %u is no pair of tokens", rank);
    epi__buffer both = {0};
    epi__buffer_append(&both, left, size);
    epi__buffer_append(&both, right, right_size);
    uint32_t a = epi__vocabulary_get(&tokenizer->tokens, left, size),
             b = epi__vocabulary_get(&tokenizer->tokens, right, right_size),
             merged = epi__vocabulary_get(&tokenizer->tokens, (const char *)both.data, both.size);
    bool failed = both.failed;
    epi__buffer_dispose(&both);
    if (failed) return epi__fail_memory(MODULE, size + right_size);
    if (a == EPI__TOKEN_NONE || b == EPI__TOKEN_NONE || merged == EPI__TOKEN_NONE)
        return epi__fail(EPI_EFORMAT, MODULE, "merge %u names a token that the vocabulary does not have", rank);
    if (epi__map_get(&tokenizer->merges, (uint64_t)a << 32 | b, NULL)) return EPI_OK; /* the first rank counts */
    if (epi__map_put(&tokenizer->merges, (uint64_t)a << 32 | b, (uint64_t)rank << 32 | merged)) return EPI_OK;
    return epi__fail_memory(MODULE, 16);
}

static epi_status read_bpe(epi__tokenizer *tokenizer, const epi_json *model) {
    static const char *const unknown[] = {"continuing_subword_prefix", "end_of_word_suffix"};
    uint32_t rank = 0;
    for (size_t i = 0; i < EPI__COUNT(unknown); i++) {
        epi__view text;
        EPI__TRY(epi__tokenizer_text(&text, tokenizer, model, unknown[i]));
        if (text.size > 0)
            return epi__fail(EPI_EUNSUPPORTED, MODULE, "the BPE model has a \"%s\", which is not known", unknown[i]);
    }
    EPI__TRY(read_map(tokenizer, epi_json_member(model, "vocab"), (epi__view){"", 0}));
    for (const epi_json *each = epi_json_first(epi_json_member(model, "merges")); each; each = epi_json_next(each))
        EPI__TRY(read_merge(tokenizer, each, rank++));
    tokenizer->ignore_merges = epi__tokenizer_flag(model, "ignore_merges", false);
    find_byte_tokens(tokenizer, model);
    return read_unknown(tokenizer, model);
}

static epi_status read_model(epi__tokenizer *tokenizer, const epi_json *model) {
    const char *type = epi_json_string(epi_json_member(model, "type"), NULL);
    bool scored = epi_json_type_of(epi_json_member(model, "vocab")) == EPI_JSON_ARRAY;
    bool merged = epi_json_type_of(epi_json_member(model, "merges")) == EPI_JSON_ARRAY;
    if (epi_json_type_of(model) != EPI_JSON_OBJECT)
        return epi__fail(EPI_EFORMAT, MODULE, "the file has no \"model\" of a tokenizer");
    if (!type) type = scored ? "Unigram" : merged ? "BPE" : "WordPiece"; /* older files do not say */
    tokenizer->model = strcmp(type, "Unigram") == 0 ? EPI__UNIGRAM
                       : strcmp(type, "BPE") == 0   ? EPI__BPE
                                                    : EPI__WORDPIECE;
    if (tokenizer->model == EPI__UNIGRAM) return read_unigram(tokenizer, model);
    if (tokenizer->model == EPI__BPE) return read_bpe(tokenizer, model);
    if (strcmp(type, "WordPiece") == 0) return read_wordpiece(tokenizer, model);
    return epi__fail(EPI_EUNSUPPORTED, MODULE, "the tokenizer's model \"%.80s\" is unknown", type);
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

void epi__tokenizer_free(epi__tokenizer *tokenizer) {
    if (!tokenizer) return;
    epi__vocabulary_dispose(&tokenizer->tokens);
    epi__vocabulary_dispose(&tokenizer->continuations);
    epi__map_dispose(&tokenizer->merges);
    epi__free(tokenizer->scores);
    epi__arena_dispose(&tokenizer->arena);
    epi__free(tokenizer);
}

epi_status epi__tokenizer_open(epi__tokenizer **opened, const char *json, size_t size) {
    epi_json *root = NULL;
    *opened = NULL;
    epi__tokenizer *tokenizer = epi__alloc_zero(1, sizeof *tokenizer);
    if (!tokenizer) return epi__fail_memory(MODULE, sizeof *tokenizer);
    tokenizer->unknown = EPI__TOKEN_NONE;
    epi_status status = epi_json_parse(&root, json, size);
    if (!status) status = epi__normalisers_read(tokenizer, epi_json_member(root, "normalizer"));
    if (!status) status = epi__splitters_read(tokenizer, epi_json_member(root, "pre_tokenizer"));
    if (!status) status = read_model(tokenizer, epi_json_member(root, "model"));
    epi_json_free(root);
    if (status)
        epi__tokenizer_free(tokenizer);
    else
        *opened = tokenizer;
    return status;
}

void epi__tokens_dispose(epi__tokens *tokens) {
    epi__free(tokens->ids);
    epi__free(tokens->pieces);
    epi__free(tokens->spare);
    epi__free(tokens->cells);
    epi__buffer_dispose(&tokens->text);
    epi__buffer_dispose(&tokens->other);
}

epi_status epi__tokenizer_run(epi__tokens *tokens, const epi__tokenizer *tokenizer, const char *text, size_t size) {
    tokens->count = 0;
    EPI__TRY(epi__normalise(tokens, tokenizer, text, size));
    EPI__TRY(epi__split(tokens, tokenizer));
    for (size_t i = 0; i < tokens->piece_count; i++) {
        epi__piece piece = tokens->pieces[i];
        EPI__TRY(epi__subword(tokens, tokenizer, (const char *)tokens->text.data + piece.from, piece.to - piece.from));
    }
    return EPI_OK;
}
