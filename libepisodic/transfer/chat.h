/* chat.h - an OpenAI-form conversation as its two readers see it: openai.c for plain chats, openai_tools.c for tool
 * use. */
#ifndef EPI_TRANSFER_CHAT_H
#define EPI_TRANSFER_CHAT_H

#include "transfer.h"

typedef struct epi__message {
    const epi_json *value;
    size_t place;
} epi__message;

typedef struct epi__chat {
    const char *source; /* of the file: part of every id */
    size_t number;      /* of the conversation in the file, from 1 */
    const char *title;  /* NULL: none */
    epi__message *messages;
    size_t count;
} epi__chat;

/* The text of a message: its string, or its text parts joined by newlines; empty when there is none. */
void epi__message_text(epi__buffer *out, const epi_json *message);
void epi__content_text(epi__buffer *out, const epi_json *content); /* the same of a message's content */
/* The external id of what came `index`-th in the conversation, made from the source, the place and the content. */
epi_status epi__chat_id(char out[EPI__DERIVED_ID_SIZE], const epi__chat *chat, size_t index, const char *who,
                        const char *text);

/* Whether the result of a call looks like an error: by members of the message, or by how its text begins. */
epi_status epi__result_says_error(bool *says, const epi_json *message, const char *text, size_t size);
/* Arguments come as a string that holds JSON, or as JSON; a string that holds none is kept as a JSON string. */
epi_status epi__call_arguments(epi__buffer *out, const epi_json *value);

bool epi__message_calls_tools(const epi_json *message);
/* The conversation as steps of an agent at work; the episode has been begun. */
epi_status epi__import_tool_chat(epi__sink *sink, const epi__chat *chat);

#endif
