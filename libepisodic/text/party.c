/* party.c - which side of an assistant's log a name stands for: "user", "Human", "AI assistant", "gpt-4o". Logs name
 * the sides by a handful of words; a name that has none of them is a person's, a program's, or a machine's.
 *
 * Names are split at what is no ASCII letter; case does not count. Words for the assistant win, since "user assistant"
 * is one.
 */
#include "text.h"

#define PARTY_SIZE_MAX 64u /* a longer value is no name */
#define WORD_MAX 12u

static const char *const users[] = {"user", "human", "prompter", "customer"};
static const char *const assistants[] = {"assistant", "ai",      "bot",   "chatbot", "gpt",   "chatgpt",
                                         "claude",    "gemini",  "llama", "llm",     "model", "copilot",
                                         "agent",     "mistral", "qwen",  "system",  "tool",  "deepseek"};

static bool is_one_of(const char *const *words, size_t count, const char *word) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0) return true;
    return false;
}

static epi__party party_of(const char *word) {
    if (is_one_of(assistants, EPI__COUNT(assistants), word)) return EPI__PARTY_ASSISTANT;
    return is_one_of(users, EPI__COUNT(users), word) ? EPI__PARTY_USER : EPI__PARTY_NONE;
}

epi__party epi__text_party(const char *name, size_t size) {
    epi__party found = EPI__PARTY_NONE;
    char word[WORD_MAX + 1];
    size_t length = 0;
    for (size_t i = 0; i <= size && size <= PARTY_SIZE_MAX; i++) {
        char c = i < size ? name[i] : ' ';
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c >= 'a' && c <= 'z') {
            if (length < WORD_MAX) word[length] = c;
            length++;
            continue;
        }
        word[EPI__MIN(length, (size_t)WORD_MAX)] = '\0';
        epi__party party = length <= WORD_MAX ? party_of(word) : EPI__PARTY_NONE;
        if (party > found) found = party;
        length = 0;
    }
    return found;
}
