/* normalise.c - the "normalizer" of a tokenizer.json: reading it, and applying it to a text; see tokenizer.h. */
#include "tokenizer.h"

#define MODULE "encode"

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static epi_status add(epi__tokenizer_step **step, epi__tokenizer *tokenizer, epi__normaliser kind) {
    if (tokenizer->normaliser_count == EPI__TOKENIZER_STEPS_MAX)
        return epi__fail(EPI_ELIMIT, MODULE, "the tokenizer has over %u normalizers", EPI__TOKENIZER_STEPS_MAX);
    *step = &tokenizer->normalisers[tokenizer->normaliser_count++];
    **step = (epi__tokenizer_step){.kind = kind};
    return EPI_OK;
}

static epi_status read_bert(epi__tokenizer *tokenizer, const epi_json *value) {
    epi__tokenizer_step *step = NULL;
    EPI__TRY(add(&step, tokenizer, EPI__NORMALISE_BERT));
    step->clean = epi__tokenizer_flag(value, "clean_text", true);
    step->separate_han = epi__tokenizer_flag(value, "handle_chinese_chars", true);
    step->lower = epi__tokenizer_flag(value, "lowercase", true);
    step->strip = epi__tokenizer_flag(value, "strip_accents", step->lower);
    return EPI_OK;
}

/* Of patterns only a text as it stands, and SentencePiece's runs of blanks. */
static epi_status read_replace(epi__tokenizer *tokenizer, const epi_json *value) {
    epi__tokenizer_step *step = NULL;
    const epi_json *pattern = epi_json_member(value, "pattern");
    const char *regex = epi_json_string(epi_json_member(pattern, "Regex"), NULL);
    bool runs = regex && strcmp(regex, " {2,}") == 0;
    if (regex && !runs)
        return epi__fail(EPI_EUNSUPPORTED, MODULE, "a normalizer replaces the expression \"%.80s\"", regex);
    EPI__TRY(add(&step, tokenizer, runs ? EPI__NORMALISE_COLLAPSE : EPI__NORMALISE_REPLACE));
    if (!runs) EPI__TRY(epi__tokenizer_text(&step->pattern, tokenizer, pattern, "String"));
    if (!runs && step->pattern.size == 0) return epi__fail(EPI_EFORMAT, MODULE, "a normalizer replaces nothing");
    return epi__tokenizer_text(&step->content, tokenizer, value, "content");
}

static const struct {
    const char *type;
    epi__normaliser kind;
    epi__utf8_form form;
} PLAIN[] = {
    {"NFC", EPI__NORMALISE_FORM, EPI__NFC},        {"NFD", EPI__NORMALISE_FORM, EPI__NFD},
    {"NFKC", EPI__NORMALISE_FORM, EPI__NFKC},      {"NFKD", EPI__NORMALISE_FORM, EPI__NFKD},
    {"Lowercase", EPI__NORMALISE_LOWER, EPI__NFC}, {"StripAccents", EPI__NORMALISE_ACCENTS, EPI__NFC},
};

static epi_status read_one(epi__tokenizer *tokenizer, const epi_json *value) {
    const char *type = epi_json_string(epi_json_member(value, "type"), NULL);
    epi__tokenizer_step *step = NULL;
    if (!type) return epi__fail(EPI_EFORMAT, MODULE, "a normalizer has no type");
    for (size_t i = 0; i < EPI__COUNT(PLAIN); i++) {
        if (strcmp(type, PLAIN[i].type) != 0) continue;
        EPI__TRY(add(&step, tokenizer, PLAIN[i].kind));
        step->form = PLAIN[i].form;
        return EPI_OK;
    }
    if (strcmp(type, "BertNormalizer") == 0) return read_bert(tokenizer, value);
    if (strcmp(type, "Replace") == 0) return read_replace(tokenizer, value);
    if (strcmp(type, "Prepend") == 0) {
        EPI__TRY(add(&step, tokenizer, EPI__NORMALISE_PREPEND));
        return epi__tokenizer_text(&step->content, tokenizer, value, "prepend");
    }
    if (strcmp(type, "Strip") == 0) {
        EPI__TRY(add(&step, tokenizer, EPI__NORMALISE_STRIP));
        step->left = epi__tokenizer_flag(value, "strip_left", true);
        step->right = epi__tokenizer_flag(value, "strip_right", true);
        return EPI_OK;
    }
    if (strcmp(type, "Precompiled") != 0)
        return epi__fail(EPI_EUNSUPPORTED, MODULE, "the tokenizer's normalizer \"%.80s\" is unknown", type);
    EPI__TRY(add(&step, tokenizer, EPI__NORMALISE_CONTROLS));
    EPI__TRY(add(&step, tokenizer, EPI__NORMALISE_FORM));
    step->form = EPI__NFKC;
    return EPI_OK;
}

epi_status epi__normalisers_read(epi__tokenizer *tokenizer, const epi_json *value) {
    const char *type = epi_json_string(epi_json_member(value, "type"), NULL);
    if (epi_json_type_of(value) == EPI_JSON_NULL || epi_json_type_of(value) == EPI_JSON_ABSENT) return EPI_OK;
    if (!type || strcmp(type, "Sequence") != 0) return read_one(tokenizer, value);
    const epi_json *each = epi_json_first(epi_json_member(value, "normalizers"));
    for (; each; each = epi_json_next(each)) EPI__TRY(read_one(tokenizer, each));
    return EPI_OK;
}

/* ---- applying --------------------------------------------------------------------------------------------------- */

static void put(epi__buffer *out, int32_t point) {
    char bytes[4];
    epi__buffer_append(out, bytes, epi__utf8_put(bytes, point));
}

static bool is_han(int32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

/* ASCII needs no table. */
static uint8_t bert_ascii(uint8_t c, const epi__tokenizer_step *step) {
    if (step->clean && (c < 0x20 || c == 0x7F)) return c == '\t' || c == '\n' || c == '\r' ? ' ' : 0;
    return step->lower && c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static void bert_point(epi__buffer *out, int32_t point, const epi__tokenizer_step *step) {
    unsigned class = epi__utf8_class(point);
    if (step->clean && (point == 0xFFFD || (class & EPI__CLASS_OTHER))) return;
    if (step->clean && (class & EPI__CLASS_SPACE)) point = ' ';
    bool apart = step->separate_han && is_han(point);
    if (apart) epi__buffer_append_u8(out, ' ');
    put(out, point);
    if (apart) epi__buffer_append_u8(out, ' ');
}

/* Accents go, then capitals, of what is decomposed where accents are to go. */
static void bert_finish(epi__buffer *out, const epi__buffer *text, const epi__tokenizer_step *step) {
    for (size_t at = 0, size; at < text->size; at += size) {
        int32_t point = epi__utf8_decode(&size, (const char *)text->data + at, text->size - at);
        if (step->strip && point >= 0x80 && (epi__utf8_class(point) & EPI__CLASS_ACCENT)) continue;
        put(out, step->lower ? epi__utf8_lower(point) : point);
    }
}

static epi_status apply_bert(epi__buffer *out, epi__buffer *text, const epi__tokenizer_step *step) {
    const char *bytes = (const char *)text->data;
    bool plain = true;
    epi__buffer_clear(out);
    for (size_t at = 0, size; at < text->size; at += size) {
        size = 1;
        uint8_t c = (uint8_t)bytes[at];
        if (c < 0x80 && (c = bert_ascii(c, step)) != 0) epi__buffer_append_u8(out, c);
        if ((uint8_t)bytes[at] < 0x80) continue;
        plain = false;
        bert_point(out, epi__utf8_decode(&size, bytes + at, text->size - at), step);
    }
    if (plain) return EPI_OK;
    epi__buffer made = *out;
    *out = *text;
    *text = made;
    if (step->strip) EPI__TRY(epi__utf8_normal(out, (const char *)text->data, text->size, EPI__NFD));
    if (step->strip) {
        made = *out;
        *out = *text;
        *text = made;
    }
    epi__buffer_clear(out);
    bert_finish(out, text, step);
    return EPI_OK;
}

static void apply_points(epi__buffer *out, const epi__buffer *text, int kind) {
    for (size_t at = 0, size; at < text->size; at += size) {
        int32_t point = epi__utf8_decode(&size, (const char *)text->data + at, text->size - at);
        unsigned class = kind == EPI__NORMALISE_LOWER ? 0 : epi__utf8_class(point);
        if (kind == EPI__NORMALISE_ACCENTS && (class & EPI__CLASS_ACCENT)) continue;
        bool blank = kind == EPI__NORMALISE_CONTROLS && point < 0x20;
        put(out, kind == EPI__NORMALISE_LOWER ? epi__utf8_lower(point) : blank ? ' ' : point);
    }
}

static void apply_replace(epi__buffer *out, const epi__buffer *text, const epi__tokenizer_step *step) {
    for (size_t at = 0; at < text->size;) {
        size_t left = text->size - at;
        bool here = left >= step->pattern.size && memcmp(text->data + at, step->pattern.data, step->pattern.size) == 0;
        if (here) epi__buffer_append(out, step->content.data, step->content.size);
        if (!here) epi__buffer_append_u8(out, text->data[at]);
        at += here ? step->pattern.size : 1;
    }
}

static void apply_collapse(epi__buffer *out, const epi__buffer *text, const epi__tokenizer_step *step) {
    for (size_t at = 0, end; at < text->size; at = end) {
        for (end = at; end < text->size && text->data[end] == ' ';) end++;
        if (end - at >= 2) {
            epi__buffer_append(out, step->content.data, step->content.size);
            continue;
        }
        end = at + 1;
        epi__buffer_append_u8(out, text->data[at]);
    }
}

static void apply_strip(epi__buffer *out, const epi__buffer *text, const epi__tokenizer_step *step) {
    size_t from = 0, to = text->size, size;
    const char *bytes = (const char *)text->data;
    while (step->left && from < to &&
           (epi__utf8_class(epi__utf8_decode(&size, bytes + from, to - from)) & EPI__CLASS_SPACE))
        from += size;
    while (step->right && to > from) {
        size_t last = to - 1;
        while (last > from && ((uint8_t)bytes[last] & 0xC0) == 0x80) last--;
        if (!(epi__utf8_class(epi__utf8_decode(&size, bytes + last, to - last)) & EPI__CLASS_SPACE)) break;
        to = last;
    }
    epi__buffer_append(out, bytes + from, to - from);
}

static epi_status apply(epi__buffer *out, epi__buffer *text, const epi__tokenizer_step *step) {
    epi__buffer_clear(out);
    switch ((epi__normaliser)step->kind) {
    case EPI__NORMALISE_BERT: return apply_bert(out, text, step);
    case EPI__NORMALISE_FORM: return epi__utf8_normal(out, (const char *)text->data, text->size, step->form);
    case EPI__NORMALISE_LOWER:
    case EPI__NORMALISE_ACCENTS:
    case EPI__NORMALISE_CONTROLS: apply_points(out, text, step->kind); break;
    case EPI__NORMALISE_STRIP: apply_strip(out, text, step); break;
    case EPI__NORMALISE_REPLACE: apply_replace(out, text, step); break;
    case EPI__NORMALISE_COLLAPSE: apply_collapse(out, text, step); break;
    case EPI__NORMALISE_PREPEND:
        if (text->size > 0) epi__buffer_append(out, step->content.data, step->content.size);
        epi__buffer_append(out, text->data, text->size);
        break;
    }
    return EPI_OK;
}

epi_status epi__normalise(epi__tokens *tokens, const epi__tokenizer *tokenizer, const char *text, size_t size) {
    epi__buffer_clear(&tokens->text);
    epi__buffer_append(&tokens->text, text, size);
    for (size_t i = 0; i < tokenizer->normaliser_count && tokens->text.size > 0; i++) {
        EPI__TRY(apply(&tokens->other, &tokens->text, &tokenizer->normalisers[i]));
        if (tokens->other.failed) return epi__fail_memory(MODULE, size);
        epi__buffer made = tokens->other;
        tokens->other = tokens->text;
        tokens->text = made;
    }
    return tokens->text.failed ? epi__fail_memory(MODULE, size) : EPI_OK;
}
