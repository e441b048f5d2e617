/* chat.h - asking an OpenAI-compatible chat endpoint: messages in, a text out. One thread at a time.
 *
 * The key is sent to the endpoint and goes nowhere else: no message of ours holds it, nor what a server says of it.
 */
#ifndef AGENTS_CHAT_H
#define AGENTS_CHAT_H

#include <stddef.h>

#define CHAT_WHY_SIZE 160
#define CHAT_TIMEOUT_MS_DEFAULT 120000
#define CHAT_ANSWER_SIZE_MAX (16u << 20)

typedef struct chat chat;

typedef struct chat_options {
    const char *url; /* "https://host/v1", or with "/chat/completions" behind; http only without a key, or to this
                          machine */
    const char *model;
    const char *key; /* NULL: none */
    long timeout_ms; /* of a whole answer; 0: the default */
} chat_options;

typedef struct chat_message {
    const char *role; /* "system", "user", "assistant" */
    const char *text;
} chat_message;

/* NULL: it cannot be, and why says so. Copies what the options point to. */
chat *chat_open(const chat_options *options, char why[CHAT_WHY_SIZE]);
void chat_close(chat *c); /* NULL is allowed */

/* The answer's text, to be freed. NULL: none came, and chat_why() has a line. Nothing is tried twice. */
char *chat_ask(chat *c, const chat_message *messages, size_t count);
const char *chat_why(const chat *c);

/* The first line of a file, to be freed: where a key is kept. NULL: it cannot be read, or is empty. */
char *chat_read_key(const char *path);

#endif
