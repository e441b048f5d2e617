/* split.c - the "pre_tokenizer" of a tokenizer.json: reading it, and splitting a text into pieces; see tokenizer.h.
 *
 * Each splitter takes the pieces that the one before made. Two write the text anew: Metaspace (blanks become U+2581)
 * and ByteLevel (each byte becomes a character that can be printed, as GPT-2 does it).
 */
#include "tokenizer.h"

#define MODULE "encode"

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static const struct {
    const char *type;
    epi__splitter kind;
} TYPES[] = {
    {"BertPreTokenizer", EPI__SPLIT_BERT},   {"Whitespace", EPI__SPLIT_WORDS}, {"WhitespaceSplit", EPI__SPLIT_BLANKS},
    {"Punctuation", EPI__SPLIT_PUNCTUATION}, {"Digits", EPI__SPLIT_DIGITS},    {"Metaspace", EPI__SPLIT_METASPACE},
    {"ByteLevel", EPI__SPLIT_BYTES},
};

static epi_status read_metaspace(epi__tokenizer_step *step, epi__tokenizer *tokenizer, const epi_json *value) {
    const char *scheme = epi_json_string(epi_json_member(value, "prepend_scheme"), NULL);
    bool prefix = epi__tokenizer_flag(value, "add_prefix_space", true);
    EPI__TRY(epi__tokenizer_text(&step->content, tokenizer, value, "replacement"));
    step->prefix = scheme ? strcmp(scheme, "never") != 0 : prefix;
    step->split = epi__tokenizer_flag(value, "split", true);
    return EPI_OK;
}

static epi_status read_one(epi__tokenizer *tokenizer, const epi_json *value) {
    const char *type = epi_json_string(epi_json_member(value, "type"), NULL);
    size_t at = 0;
    if (!type) return epi__fail(EPI_EFORMAT, MODULE, "a pre_tokenizer has no type");
    while (at < EPI__COUNT(TYPES) && strcmp(type, TYPES[at].type) != 0) at++;
    if (at == EPI__COUNT(TYPES))
        return epi__fail(EPI_EUNSUPPORTED, MODULE, "the tokenizer's pre_tokenizer \"%.80s\" is unknown", type);
    if (tokenizer->splitter_count == EPI__TOKENIZER_STEPS_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the tokenizer has over %u pre_tokenizers", EPI__TOKENIZER_STEPS_MAX);
    epi__tokenizer_step *step = &tokenizer->splitters[tokenizer->splitter_count++];
    *step = (epi__tokenizer_step){.kind = TYPES[at].kind};
    step->each = epi__tokenizer_flag(value, "individual_digits", false);
    step->prefix = epi__tokenizer_flag(value, "add_prefix_space", true);
    step->split = epi__tokenizer_flag(value, "use_regex", true);
    return TYPES[at].kind == EPI__SPLIT_METASPACE ? read_metaspace(step, tokenizer, value) : EPI_OK;
}

epi_status epi__splitters_read(epi__tokenizer *tokenizer, const epi_json *value) {
    const char *type = epi_json_string(epi_json_member(value, "type"), NULL);
    if (epi_json_type_of(value) == EPI_JSON_NULL || epi_json_type_of(value) == EPI_JSON_ABSENT) return EPI_OK;
    if (!type || strcmp(type, "Sequence") != 0) return read_one(tokenizer, value);
    const epi_json *each = epi_json_first(epi_json_member(value, "pretokenizers"));
    for (; each; each = epi_json_next(each)) EPI__TRY(read_one(tokenizer, each));
    return EPI_OK;
}

/* ---- pieces ----------------------------------------------------------------------------------------------------- */

static bool push(epi__tokens *tokens, size_t *count, size_t from, size_t to) {
    if (from >= to) return true;
    if (*count == tokens->spare_capacity) {
        size_t more = tokens->spare_capacity ? tokens->spare_capacity * 2 : 64;
        epi__piece *grown = epi__realloc(tokens->spare, more, sizeof *grown);
        if (!grown) return false;
        tokens->spare = grown;
        tokens->spare_capacity = more;
    }
    tokens->spare[(*count)++] = (epi__piece){from, to};
    return true;
}

static void adopt(epi__tokens *tokens, size_t count) {
    epi__piece *pieces = tokens->pieces;
    size_t capacity = tokens->piece_capacity;
    tokens->pieces = tokens->spare;
    tokens->piece_capacity = tokens->spare_capacity;
    tokens->piece_count = count;
    tokens->spare = pieces;
    tokens->spare_capacity = capacity;
}

/* What a character does to the piece it stands in. */
enum { GOES_ON = 0, IS_LEFT_OUT = 1, STANDS_ALONE = 2, OF_ANOTHER_KIND = 3 };

static bool is_ascii_punctuation(int32_t c) {
    return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
}

static unsigned class_of(int32_t c) {
    if (c >= 0x80) return epi__utf8_class(c);
    if (c == ' ' || (c >= 9 && c <= 13)) return EPI__CLASS_SPACE;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return EPI__CLASS_LETTER;
    if (c >= '0' && c <= '9') return EPI__CLASS_NUMBER;
    return is_ascii_punctuation(c) ? EPI__CLASS_PUNCTUATION : EPI__CLASS_OTHER;
}

/* *kind tells runs apart where a piece ends between kinds. */
static int effect_of(int *kind, int32_t c, const epi__tokenizer_step *step) {
    unsigned class = class_of(c);
    bool space = class & EPI__CLASS_SPACE, punctuation = class & EPI__CLASS_PUNCTUATION;
    bool digit = class & EPI__CLASS_NUMBER;
    *kind = 0;
    switch ((epi__splitter)step->kind) {
    case EPI__SPLIT_BERT: return space ? IS_LEFT_OUT : punctuation ? STANDS_ALONE : GOES_ON;
    case EPI__SPLIT_BLANKS: return space ? IS_LEFT_OUT : GOES_ON;
    case EPI__SPLIT_PUNCTUATION: return punctuation ? STANDS_ALONE : GOES_ON;
    case EPI__SPLIT_DIGITS: *kind = digit; return digit && step->each ? STANDS_ALONE : OF_ANOTHER_KIND;
    case EPI__SPLIT_WORDS:
        *kind = (class & (EPI__CLASS_LETTER | EPI__CLASS_NUMBER | EPI__CLASS_MARK)) || c == '_';
        return space ? IS_LEFT_OUT : OF_ANOTHER_KIND;
    case EPI__SPLIT_METASPACE:
    case EPI__SPLIT_BYTES: break;
    }
    return GOES_ON;
}

static bool split_piece(epi__tokens *tokens, size_t *count, epi__piece piece, const epi__tokenizer_step *step) {
    const char *text = (const char *)tokens->text.data;
    size_t from = piece.from;
    int run = -1;
    for (size_t at = piece.from, size; at < piece.to; at += size) {
        int kind, effect = effect_of(&kind, epi__utf8_decode(&size, text + at, piece.to - at), step);
        bool ends = effect == IS_LEFT_OUT || effect == STANDS_ALONE || (effect == OF_ANOTHER_KIND && kind != run);
        if (ends && !push(tokens, count, from, at)) return false;
        if (effect == STANDS_ALONE && !push(tokens, count, at, at + size)) return false;
        if (ends) from = effect == OF_ANOTHER_KIND ? at : at + size;
        run = effect == OF_ANOTHER_KIND ? kind : -1;
    }
    return push(tokens, count, from, piece.to);
}

/* ---- Metaspace -------------------------------------------------------------------------------------------------- */

static bool begins_with(const epi__buffer *text, size_t at, size_t end, epi__view what) {
    return end - at >= what.size && memcmp(text->data + at, what.data, what.size) == 0;
}

/* Pieces of the text written anew in `other`; the places are of that. */
static bool metaspace_piece(epi__tokens *tokens, size_t *count, epi__piece piece, const epi__tokenizer_step *step) {
    epi__buffer *out = &tokens->other;
    size_t from = out->size;
    bool blank = tokens->text.data[piece.from] == ' ' ||
                 begins_with(&tokens->text, piece.from, piece.to, step->content);
    if (step->prefix && !blank) epi__buffer_append(out, step->content.data, step->content.size);
    for (size_t at = piece.from; at < piece.to; at++) {
        bool here = tokens->text.data[at] == ' ';
        bool begins = here || begins_with(&tokens->text, at, piece.to, step->content);
        if (step->split && begins && out->size > from) {
            if (!push(tokens, count, from, out->size)) return false;
            from = out->size;
        }
        if (here)
            epi__buffer_append(out, step->content.data, step->content.size);
        else
            epi__buffer_append_u8(out, tokens->text.data[at]);
    }
    return !out->failed && push(tokens, count, from, out->size);
}

/* ---- ByteLevel -------------------------------------------------------------------------------------------------- */

/* 's, 't, 're, 've, 'm, 'll, 'd behind an apostrophe; 0: none. */
static size_t contraction(const uint8_t *text, size_t left) {
    static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    for (size_t i = 0; i < EPI__COUNT(endings); i++) {
        size_t size = strlen(endings[i]);
        if (left >= size && memcmp(text, endings[i], size) == 0) return size;
    }
    return 0;
}

/* 1 letters, 2 numbers, 3 blanks, 4 anything else: the runs of GPT-2's expression
 * 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
static int run_of(size_t *size, const uint8_t *text, size_t left) {
    unsigned class = class_of(epi__utf8_decode(size, (const char *)text, left));
    if (class & EPI__CLASS_LETTER) return 1;
    if (class & EPI__CLASS_NUMBER) return 2;
    return class & EPI__CLASS_SPACE ? 3 : 4;
}

static size_t word_end(const uint8_t *text, size_t at, size_t end) {
    size_t size, next = at, last = at;
    size_t ending = contraction(text + at, end - at);
    if (ending) return at + ending;
    int run = run_of(&size, text + at, end - at);
    if (text[at] == ' ' && at + 1 < end && run_of(&size, text + at + 1, end - at - 1) != 3) {
        next = at + 1; /* one blank goes with what follows it */
        run = run_of(&size, text + next, end - next);
    }
    while (next < end && run_of(&size, text + next, end - next) == run) {
        last = next;
        next += size;
    }
    return run == 3 && next < end && last > at ? last : next; /* the last of several blanks goes with what follows */
}

/* A byte as GPT-2 prints it. */
static int32_t byte_point(uint8_t byte) {
    if ((byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE) return byte;
    if (byte <= 0x20) return 0x100 + byte;
    return byte == 0xAD ? 0x143 : 0x121 + (byte - 0x7F); /* 7F to A0 */
}

static bool bytes_of(epi__tokens *tokens, size_t *count, const uint8_t *text, size_t size) {
    size_t from = tokens->other.size;
    for (size_t i = 0; i < size; i++) {
        char bytes[4];
        epi__buffer_append(&tokens->other, bytes, epi__utf8_put(bytes, byte_point(text[i])));
    }
    return !tokens->other.failed && push(tokens, count, from, tokens->other.size);
}

static bool bytes_piece(epi__tokens *tokens, size_t *count, epi__piece piece, const epi__tokenizer_step *step) {
    if (step->prefix && tokens->text.data[piece.from] != ' ') {
        size_t size = piece.to - piece.from;
        epi__buffer_append_u8(&tokens->text, ' '); /* a copy behind the text, with its blank */
        if (!epi__buffer_reserve(&tokens->text, size)) return false;
        size_t from = tokens->text.size - 1;
        epi__buffer_append(&tokens->text, tokens->text.data + piece.from, size);
        piece = (epi__piece){from, tokens->text.size};
    }
    const uint8_t *text = tokens->text.data;
    if (!step->split) return bytes_of(tokens, count, text + piece.from, piece.to - piece.from);
    for (size_t at = piece.from, end; at < piece.to; at = end) {
        end = word_end(text, at, piece.to);
        if (!bytes_of(tokens, count, text + at, end - at)) return false;
    }
    return true;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static bool apply(epi__tokens *tokens, const epi__tokenizer_step *step) {
    size_t count = 0;
    bool anew = step->kind == EPI__SPLIT_METASPACE || step->kind == EPI__SPLIT_BYTES;
    epi__buffer_clear(&tokens->other);
    for (size_t i = 0; i < tokens->piece_count; i++) {
        epi__piece piece = tokens->pieces[i];
        bool ok = step->kind == EPI__SPLIT_METASPACE ? metaspace_piece(tokens, &count, piece, step)
                  : step->kind == EPI__SPLIT_BYTES   ? bytes_piece(tokens, &count, piece, step)
                                                     : split_piece(tokens, &count, piece, step);
        if (!ok) return false;
    }
    adopt(tokens, count);
    if (!anew) return true;
    epi__buffer made = tokens->other;
    tokens->other = tokens->text;
    tokens->text = made;
    return true;
}

epi_status epi__split(epi__tokens *tokens, const epi__tokenizer *tokenizer) {
    size_t count = 0;
    bool ok = push(tokens, &count, 0, tokens->text.size);
    adopt(tokens, ok ? count : 0);
    for (size_t i = 0; ok && i < tokenizer->splitter_count; i++) ok = apply(tokens, &tokenizer->splitters[i]);
    return ok ? EPI_OK : epi__fail_memory(MODULE, tokens->text.size);
}
