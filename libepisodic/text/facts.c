/* facts.c - finding facts by the rules of a language; see facts.h.
 *
 * Idea: sentence after sentence is cut into words; where a clause begins with a word that a pattern may begin with, the
 * patterns are tried. What would make a wrong fact ends the attempt: questions, quotations, a veto word anywhere, words
 * with capital letters inside the pattern (a title, or shouting), and a value whose end cannot be told.
 * Invariant: nothing is allocated; a sentence of more than WORDS words, and what lies behind LOOKED_AT bytes, says
 * nothing.
 */
#include "facts.h"

#include <stdio.h>

#include "parts.h"

#define LOOKED_AT 65536u
#define WORDS 64u
#define WORD_SIZE 24u
#define VALUE_WORDS 6u /* of a value; QUOTED_WORDS when it stands in quotation marks */
#define QUOTED_WORDS 10u
#define NAMED_WORDS 3u /* that "@" stands for */

typedef struct word {
    size_t from, to;
    char text[WORD_SIZE]; /* in lower case; cut when longer */
    bool capital;
    bool joined; /* only blanks and quotation marks lie between it and the word before */
    bool quoted;
    bool dotted; /* shortened: the dot behind it belongs to it */
} word;

typedef struct sentence {
    const epi__fact_language *language;
    const char *text;
    word words[WORDS];
    size_t count;
    size_t from, to;
    bool whole; /* all its words are there */
    bool asks;
} sentence;

/* ---- words ------------------------------------------------------------------------------------------------------ */

typedef struct scan {
    const char *text;
    size_t size;
    size_t at;
    bool quoted;
} scan;

typedef enum mark { LETTER, BLANK, APOSTROPHE, QUOTE, STOP, ASK, LINE, OTHER } mark;

/* What stands at a place, and its bytes. */
static mark mark_at(size_t *size, const scan *s, size_t at) {
    const uint8_t *p = (const uint8_t *)s->text + at;
    *size = 1;
    if (*p < 0x80) {
        if ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z')) return LETTER;
        if (*p == ' ' || *p == '\t' || *p == '\r') return BLANK;
        if (*p == '\'') return APOSTROPHE;
        if (*p == '"') return QUOTE;
        if (*p == '.' || *p == '!' || *p == ';') return STOP;
        return *p == '?' ? ASK : *p == '\n' ? LINE : *p == '&' ? LETTER : OTHER;
    }
    *size = EPI__MAX(epi__utf8_sequence(p, s->size - at), 1u);
    if (*size == 3 && p[0] == 0xE2 && p[1] == 0x80) {
        if (p[2] == 0x98 || p[2] == 0x99) return APOSTROPHE;
        return p[2] >= 0x9C && p[2] <= 0x9F ? QUOTE : OTHER;
    }
    size_t same;
    epi__kind kind = epi__utf8_kind(&same, s->text + at, s->size - at);
    return kind == EPI__KIND_LETTER || kind == EPI__KIND_MARK ? LETTER : OTHER;
}

static bool is_letter_at(const scan *s, size_t at) {
    size_t size;
    return at < s->size && mark_at(&size, s, at) == LETTER;
}

static bool in_list(const char *list, const char *text) {
    size_t size = strlen(text);
    for (const char *at = list; (at = strstr(at, text)) != NULL; at++)
        if (size > 0 && at > list && at[-1] == ' ' && at[size] == ' ') return true;
    return false;
}

/* The word at s->at; a hyphen between letters belongs to it, an apostrophe begins it. */
static void read_word(word *w, scan *s) {
    size_t size = 0, length = 0;
    mark begin = mark_at(&size, s, s->at);
    *w = (word){.from = s->at, .quoted = s->quoted};
    if (begin == APOSTROPHE) {
        w->text[length++] = '\'';
        s->at += size;
    }
    w->capital = epi__utf8_is_upper(s->text + s->at, s->size - s->at);
    while (s->at < s->size) {
        bool hyphen = s->text[s->at] == '-' && is_letter_at(s, s->at + 1);
        if (mark_at(&size, s, s->at) != LETTER && !hyphen) break;
        for (size_t i = 0; i < size; i++, s->at++) {
            char c = s->text[s->at];
            if (length < WORD_SIZE - 1) w->text[length++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        }
    }
    w->to = s->at;
    w->text[length] = '\0';
}

/* Whether an apostrophe stands inside a word: "dog's". Others are quotation marks, or as good as those. */
static bool is_inside(const scan *s, size_t size) {
    return s->at > 0 && s->at + size < s->size && is_letter_at(s, s->at + size) &&
           ((s->text[s->at - 1] & 0x80) != 0 || is_letter_at(s, s->at - 1));
}

/* Adds a word to the sentence. */
static void take_word(sentence *out, scan *s, bool joined) {
    word next;
    read_word(&next, s);
    next.joined = joined && out->count > 0;
    if (s->at < s->size && s->text[s->at] == '.' && in_list(out->language->shortened, next.text)) {
        next.dotted = true;
        s->at++;
    }
    if (out->count == WORDS)
        out->whole = false;
    else
        out->words[out->count++] = next;
}

/* The next sentence; false at the end. A dot inside a word or number ends none, but no value goes across it. */
static bool next_sentence(sentence *out, scan *s) {
    bool joined = true, ended = false;
    out->count = 0;
    out->whole = true;
    out->asks = false;
    out->from = s->at;
    while (s->at < s->size) {
        size_t size;
        mark m = mark_at(&size, s, s->at);
        if (ended && m != STOP && m != ASK && m != QUOTE) break;
        if (m == LETTER || (m == APOSTROPHE && is_inside(s, size))) {
            take_word(out, s, joined);
            joined = true;
            continue;
        }
        if (m == QUOTE) s->quoted = !s->quoted;
        if (m == APOSTROPHE && is_letter_at(s, s->at + size)) out->whole = false;
        if (m == ASK) out->asks = true;
        if (m != BLANK && m != QUOTE) joined = false;
        s->at += size;
        if (m == LINE) {
            s->quoted = s->at < s->size && s->text[s->at] == '>'; /* a cited line */
            break;
        }
        if (m == ASK || (m == STOP && !is_letter_at(s, s->at))) ended = true;
    }
    out->to = s->at;
    return out->count > 0 || s->at < s->size;
}

/* ---- patterns --------------------------------------------------------------------------------------------------- */

static bool is_choice(const char *choices, size_t size, const char *text) {
    size_t length = strlen(text);
    for (const char *at = choices, *end = choices + size; at < end;) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        size_t one = (size_t)((bar ? bar : end) - at);
        if (one == length && memcmp(at, text, one) == 0) return true;
        at += one + 1;
    }
    return false;
}

/* Whether a word inside a pattern may stand there. */
static bool is_plain(const word *w) {
    return w->joined && !w->quoted && (!w->capital || strcmp(w->text, "i") == 0);
}

static bool is_named(const sentence *s, size_t at) {
    const word *w = &s->words[at];
    return is_plain(w) && w->text[0] != '\'' && !in_list(s->language->vague, w->text) &&
           !in_list(s->language->ends, w->text) && !in_list(s->language->joints, w->text);
}

/* Matches the pattern from word `at` on; *value is the word behind it. What "@" stands for is [*named, *named_end). */
static bool match(size_t *value, size_t *named, size_t *named_end, const sentence *s, size_t at, const char *pattern) {
    for (bool first = true; *pattern; first = false) {
        size_t size = strcspn(pattern, " ");
        const char *item = pattern;
        pattern += size + (pattern[size] == ' ');
        if (*item == '@') {
            *named = at;
            for (size_t i = 0; i < NAMED_WORDS && at < s->count && is_named(s, at); i++) {
                size_t ignored = 0;
                *named_end = ++at;
                if (match(value, &ignored, &ignored, s, at, pattern)) return true;
            }
            return false;
        }
        bool optional = *item == '?';
        bool fits = at < s->count && (first ? !s->words[at].quoted : is_plain(&s->words[at])) &&
                    is_choice(item + optional, size - optional, s->words[at].text);
        if (!fits && !optional) return false;
        at += fits;
    }
    *value = at;
    return at < s->count && s->words[at].joined;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

/* Whether the word goes on with a value that began with word `first`. */
static bool goes_on(const sentence *s, size_t first, size_t at) {
    return at < s->count && s->words[at].joined && s->words[at].quoted == s->words[first].quoted &&
           !(s->words[at - 1].dotted && !s->words[at].capital);
}

/* Whether a name goes on at `at`: a word with a capital letter, also behind one or two small ones of the list. */
static size_t capitals(const sentence *s, size_t first, size_t at, const char *list) {
    for (size_t small = 0; small <= 2; small++, at++) {
        if (!goes_on(s, first, at)) return 0;
        if (s->words[at].capital && strcmp(s->words[at].text, "i") != 0) return small + 1;
        if (!in_list(list, s->words[at].text)) return 0;
    }
    return 0;
}

/* Whether a value may end before word `at`, inside a clause. */
static bool may_end(const sentence *s, size_t first, size_t at) {
    const epi__fact_language *language = s->language;
    if (!goes_on(s, first, at)) return true;
    if (in_list(language->joints, s->words[at].text))
        return at + 1 < s->count && in_list(language->subjects, s->words[at + 1].text);
    return in_list(language->ends, s->words[at].text);
}

/* The word behind a value that begins with word `at`; 0: there is none whose end can be told. */
static size_t quoted_end(const sentence *s, size_t at) {
    size_t end = at + 1;
    while (end < s->count && s->words[end].quoted) end++;
    return end - at <= QUOTED_WORDS ? end : 0;
}

static size_t name_end(const sentence *s, size_t at) {
    size_t end = at + 1;
    if (!s->words[at].capital || in_list(s->language->vague, s->words[at].text)) return 0;
    for (size_t more; (more = capitals(s, at, end, s->language->connectors)) > 0;) end += more;
    return end - at <= VALUE_WORDS && may_end(s, at, end) ? end : 0;
}

static size_t phrase_end(const sentence *s, size_t at) {
    const epi__fact_language *language = s->language;
    size_t end = at, begin = at + in_list(language->articles, s->words[at].text);
    if (begin >= s->count || (begin > at && !goes_on(s, at, begin))) return 0;
    if (in_list(language->vague, s->words[begin].text) || in_list(language->ends, s->words[begin].text)) return 0;
    for (end = begin + 1; end - at <= VALUE_WORDS; end++) {
        size_t more = s->words[end - 1].capital ? capitals(s, at, end, language->within) : 0;
        if (more > 0)
            end += more - 1;
        else if (may_end(s, at, end))
            return end;
        else if (in_list(language->joints, s->words[end].text) || s->words[end].text[0] == '\'')
            return 0;
    }
    return 0;
}

static size_t value_end(const sentence *s, size_t at, epi__fact_value value) {
    if (s->words[at].quoted) return quoted_end(s, at);
    return value == EPI__FACT_NAME ? name_end(s, at) : phrase_end(s, at);
}

/* ---- facts ------------------------------------------------------------------------------------------------------ */

static bool write_attribute(char out[EPI__ATTRIBUTE_SIZE], const sentence *s, const char *attribute, size_t named,
                            size_t named_end) {
    const char *at = strchr(attribute, '@');
    size_t before = at ? (size_t)(at - attribute) : strlen(attribute);
    size_t from = at ? s->words[named].from : 0, to = at ? s->words[named_end - 1].to : 0;
    int size = snprintf(out, EPI__ATTRIBUTE_SIZE, "%.*s%.*s%s", (int)before, attribute, (int)(to - from),
                        s->text + from, at ? at + 1 : "");
    return size > 0 && (size_t)size < EPI__ATTRIBUTE_SIZE;
}

/* Tries a rule at word `at`; *next is the word behind the fact. */
static bool try_rule(epi__found_fact *found, size_t *next, const sentence *s, size_t at, const epi__fact_rule *rule) {
    size_t value = 0, named = 0, named_end = 0;
    if (!match(&value, &named, &named_end, s, at, rule->pattern)) return false;
    *next = value_end(s, value, rule->value);
    if (*next == 0 || !write_attribute(found->attribute, s, rule->attribute, named, named_end)) return false;
    found->from = s->words[at].from;
    found->to = s->words[*next - 1].to;
    found->value_from = s->words[value].from;
    found->sentence_from = s->from;
    found->sentence_to = s->to;
    found->began = rule->began;
    return true;
}

static bool is_vetoed(const sentence *s) {
    for (size_t i = 0; i < s->count; i++)
        if (in_list(s->language->vetoes, s->words[i].text)) return true;
    return s->asks || !s->whole;
}

/* A clause begins behind a mark, or behind a word that says nothing by itself. */
static bool begins_clause(const sentence *s, size_t at) {
    if (at == 0 || !s->words[at].joined) return true;
    return in_list(s->language->leads, s->words[at - 1].text);
}

static size_t sentence_facts(epi__found_fact *found, size_t room, const sentence *s) {
    size_t count = 0;
    bool looked = false;
    for (size_t at = 0; at < s->count && count < room; at++) {
        if (!in_list(s->language->first, s->words[at].text) || !begins_clause(s, at)) continue;
        if (!looked && is_vetoed(s)) return 0;
        looked = true;
        for (size_t i = 0, next; i < s->language->rule_count; i++) {
            if (!try_rule(&found[count], &next, s, at, &s->language->rules[i])) continue;
            count++;
            at = next - 1;
            break;
        }
    }
    return count;
}

size_t epi__text_facts(epi__found_fact *found, size_t room, const char *text, size_t size) {
    sentence s = {.language = &epi__facts_english, .text = text};
    scan at = {text, epi__utf8_cut(text, size, EPI__MIN(size, (size_t)LOOKED_AT)), 0, false};
    size_t count = 0;
    if (at.size > 0) at.quoted = text[0] == '>';
    while (count < room && next_sentence(&s, &at)) count += sentence_facts(found + count, room - count, &s);
    return count;
}
