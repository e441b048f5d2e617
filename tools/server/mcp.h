/* mcp.h - the Model Context Protocol, one message in and one message out, in both of its eras; see docs/SERVER.md.
 *
 * The modern era (2026-07-28) has no opening: every request says in params._meta which version it speaks, and stands by
 * itself. The legacy era (2025-11-25 and before) opens with "initialize". Which era a request is of is told from the
 * request alone, so one server serves both at once, over any transport.
 *
 * What is offered (tools, prompts, resources) is a registry of functions: this code knows nothing of memories, and a
 * test program registers other things. Results are written by those functions as members of an open object; an error is
 * told by mcp_fail(), and the result is then dropped.
 */
#ifndef SERVER_MCP_H
#define SERVER_MCP_H

#include <episodic/sys/json.h>

#define MCP_MODERN_VERSION "2026-07-28"
#define MCP_LEGACY_VERSION "2025-11-25" /**< the newest of the legacy ones */

#define MCP_PARSE_ERROR (-32700)
#define MCP_INVALID_REQUEST (-32600)
#define MCP_NO_METHOD (-32601)
#define MCP_INVALID_PARAMS (-32602)
#define MCP_INTERNAL_ERROR (-32603)
#define MCP_NO_RESOURCE (-32002) /**< legacy; the modern era says MCP_INVALID_PARAMS */
#define MCP_HEADER_MISMATCH (-32020)
#define MCP_NO_CAPABILITY (-32021)
#define MCP_NO_VERSION (-32022)

#define MCP_LINE_SIZE 512u
#define MCP_PAGE_SIZE 50u /**< entries of one page of a list */

typedef struct mcp_request mcp_request;
typedef struct mcp_listener mcp_listener; /**< mcp_listen.c */

#define MCP_READ_ONLY 1u /**< annotations of a tool */
#define MCP_DESTRUCTIVE 2u
#define MCP_IDEMPOTENT 4u
#define MCP_OPEN_WORLD 8u

typedef struct mcp_tool {
    const char *name;
    const char *title; /**< NULL: none */
    const char *description;
    const char *input_schema;  /**< JSON */
    const char *output_schema; /**< NULL: none */
    unsigned hints;
    /** Writes "content", and "structuredContent" and "isError" where they apply. @param arguments NULL: none. */
    void (*call)(mcp_request *request, const struct mcp_tool *tool, const epi_json *arguments);
    const void *of; /**< what call needs besides */
} mcp_tool;

typedef struct mcp_prompt {
    const char *name;
    const char *title;
    const char *description;
    const char *arguments; /**< JSON, the array of its arguments */
    /** Writes "messages". */
    void (*get)(mcp_request *request, const epi_json *arguments);
} mcp_prompt;

/** What a resource was when somebody looked. Zeroed: nobody has. */
typedef struct mcp_mark {
    uint64_t sequence; /**< of what it is part of: while that stays, so does the resource */
    uint64_t digest;   /**< of the resource itself; 0: there is none */
} mcp_mark;

/** What a server offers. Functions that are NULL are not offered. */
typedef struct mcp_registry {
    const char *name;
    const char *title;
    const char *version;
    const char *instructions; /**< NULL: none */
    const mcp_tool *tools;
    size_t tool_count;
    const mcp_prompt *prompts;
    size_t prompt_count;
    void (*list_resources)(mcp_request *request, const char *cursor); /**< writes "resources", perhaps "nextCursor" */
    const char *resource_templates;                                   /**< JSON, an array; NULL: none */
    void (*read_resource)(mcp_request *request, const char *uri);     /**< writes "contents" */
    /** Whether a resource is another than at the mark, which then is of now; uri NULL: the list of resources. Of one
     *  that there cannot be the digest stays 0. NULL: nobody is told of changes. */
    bool (*has_changed)(mcp_mark *mark, void *context, const char *uri);
    /** Further methods; writes a result. @return false: it is none of them. */
    bool (*other)(mcp_request *request, const char *method);
    bool completes;  /**< `other` answers "completion/complete" */
    bool subscribes; /**< ... and "resources/subscribe" and "resources/unsubscribe", without has_changed */
    void *context;
} mcp_registry;

/** What a connection of the legacy era has agreed on. Zeroed at first. */
typedef struct mcp_session {
    bool opened;
    char version[16];
    int log_level;          /**< 0 debug to 7 emergency */
    mcp_listener *listener; /**< of "resources/subscribe"; NULL: none. The transport tells and frees it */
} mcp_session;

/** One message and what is around it. */
typedef struct mcp_exchange {
    const mcp_registry *registry;
    mcp_session *session; /**< NULL: the transport keeps none; requests without a version are then legacy ones */
    const epi_json *message;
    /** Sends a notification ahead of the answer; NULL: the transport cannot. */
    void (*send)(void *context, const char *text, size_t size);
    bool (*cancelled)(void *context); /**< NULL: never */
    void *context;
    /** What "subscriptions/listen" opened, for the transport to tell and free; NULL: it cannot keep anything open. */
    mcp_listener **listener;
} mcp_exchange;

struct mcp_request {
    const mcp_exchange *exchange;
    bool modern;
    const epi_json *id; /**< NULL: a notification */
    const epi_json *params;
    const epi_json *meta; /**< params._meta */
    epi_json_writer *result;
    const char *result_type; /**< of the modern era; "complete" unless changed */
    int error;               /**< 0: none */
    char line[MCP_LINE_SIZE];
    epi_json_writer *data; /**< of the error; NULL: none */
};

/** Answers a message.
 * @param[out] answer the message to send back; cleared first.
 * @return 0 there is an answer · 1 there is none to send (a notification, a response, or what exchange->listener now
 *         has to say) · the code of the JSON-RPC error that the answer tells */
int mcp_answer(epi_json_writer *answer, const mcp_exchange *exchange);
/** The answer to what is refused before it is run, or could not be read at all. @param id NULL: it is not known. */
void mcp_refuse(epi_json_writer *answer, const epi_json *id, int code, const char *line);

/** Tells an error instead of a result. */
void mcp_fail(mcp_request *request, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** A resource that is not there, as each era says it. */
void mcp_fail_resource(mcp_request *request, const char *uri);
/** A string of params; NULL after failing when it is missing and needed. */
const char *mcp_param(mcp_request *request, const char *name, bool needed);
/** The part of a list of `count` that a request's cursor asks for. @return false after failing: the cursor is none. */
bool mcp_page(size_t *from, size_t *to, mcp_request *request, const char *list, size_t count);
/** Writes "nextCursor" where there is more. */
void mcp_page_end(mcp_request *request, const char *list, size_t to, size_t count);
/** One element of "content" of type text. */
void mcp_put_text(epi_json_writer *writer, const char *text, size_t size);
/** Tells how far a request is, if it asked to be told. total 0: not known. message NULL: none. */
void mcp_progress(mcp_request *request, double done, double total, const char *message);
/** The levels of logging, in order; -1: none of that name. */
int mcp_log_level(const char *name);
/** Sends a log message, if its level is wanted. */
void mcp_log(mcp_request *request, const char *level, const char *logger, const char *text);
bool mcp_is_cancelled(const mcp_request *request);

/* ---- mcp_listen.c: telling of changes ---- */

#define MCP_SUBSCRIPTIONS_MAX 64u /**< resources of one listener */

/** Sends what there is to tell: first of all what it agreed to tell, then a notification for each change.
 * @return false: there will never be anything to tell */
bool mcp_listener_tell(mcp_listener *listener, void (*send)(void *context, const char *text, size_t size),
                       void *context);
/** The answer to "subscriptions/listen", at the end of it. */
void mcp_listener_end(epi_json_writer *answer, const mcp_listener *listener);
/** Whether it was opened by the request of that id. */
bool mcp_listener_is(const mcp_listener *listener, const epi_json *id);
void mcp_listener_free(mcp_listener *listener); /**< NULL is allowed */

void mcp_listen(mcp_request *request);      /**< "subscriptions/listen" */
void mcp_subscribe(mcp_request *request);   /**< "resources/subscribe" */
void mcp_unsubscribe(mcp_request *request); /**< "resources/unsubscribe" */

/* ---- for the files of MCP ---- */
/** A notification with its params left open; NULL without memory. */
epi_json_writer *mcp_open_notification(const char *method);
/** Sends one, and frees it. */
void mcp_close_notification(epi_json_writer *writer, void (*send)(void *context, const char *text, size_t size),
                            void *context);
bool mcp_same_id(const epi_json *a, const epi_json *b);
/** "resultType", and who answers, as results of the modern era have it; "_meta" is left open. */
void mcp_open_stamp(epi_json_writer *result, const mcp_registry *registry, const char *result_type);

/* ---- mcp_methods.c, for mcp.c ---- */
/** Runs a method. @return false: there is none of that name in the request's era. */
bool mcp_run(mcp_request *request, const char *method);

#endif
