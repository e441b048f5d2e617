/* operation.h - the one table of what the server can do. MCP's tools, HTTP's routes and the OpenAPI document are all
 * made from it.
 *
 * An operation takes one JSON object of arguments and writes the members of one JSON object. Before it runs, its
 * arguments are held against its input schema, so that it only reads what has the right type; what it writes follows
 * its output schema. Names, texts and schemas are constant: nothing that is stored ever becomes part of them.
 */
#ifndef SERVER_OPERATION_H
#define SERVER_OPERATION_H

#include <episodic/sys/json.h>

#include "service.h"

#define OPERATION_READS 1u      /**< changes nothing */
#define OPERATION_DESTROYS 2u   /**< may hide or remove what is stored */
#define OPERATION_IDEMPOTENT 4u /**< a second time with the same arguments changes nothing more */
#define OPERATION_TOOL 8u       /**< offered to models, as an MCP tool */
#define OPERATION_SLOW 16u      /**< reads, but may take long: HTTP runs it apart from the quick ones */

#define OPERATION_LINE_SIZE 512u

/** One call of an operation. */
typedef struct operation_call {
    service *service;
    const epi_json *arguments; /**< an object, or NULL: none */
    epi_json_writer *result;   /**< where operation_run() writes the result, an object; of no worth after a failure */
    char line[OPERATION_LINE_SIZE];   /**< after a failure: why, in one line that a model or a user can act on */
    bool refused;                     /**< the arguments were wrong: nothing was tried */
    unsigned retry_ms;                /**< above 0: refused by the rate limit, until then */
    epi_space *space;                 /**< the space it was about; NULL: none */
    bool (*cancelled)(void *context); /**< asked between portions of long work; NULL: never */
    void *context;
} operation_call;

typedef struct operation {
    const char *name;
    const char *title;
    const char *description;
    const char *input_schema; /**< JSON Schema 2020-12, of the part that schema.h knows */
    const char *output_schema;
    unsigned hints;
    epi_status (*run)(operation_call *call); /**< writes members of the result's object */
} operation;

extern const operation *const operations[]; /**< in a fixed order, NULL behind the last */
/** Those of the official memory server, for its users; operation_find() does not know them. */
extern const operation *const graph_operations[];

/** NULL: there is none of that name. */
const operation *operation_find(const char *name);
/** Its place in both tables, one behind the other: the kind that service_count() counts it under. */
size_t operation_index(const operation *op);

/** Runs one: looks at read_only, the rate limit and the arguments, counts and times it.
 * @param call service, arguments and a cleared result are set, all else zero.
 * @return EPI_OK · what failed, and call->line says why; call->refused for what the caller did wrong */
epi_status operation_run(operation_call *call, const operation *op);

/** The same of one that reads, with arguments of the server's own: neither limited nor counted. */
epi_status operation_look(operation_call *call, const operation *op);

/** Fails with a line of one's own. @return status */
epi_status operation_fail(operation_call *call, epi_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
