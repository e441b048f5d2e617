/* memory_registry.h - what the server offers over MCP: the table of operations as tools, episodes as resources, prompts
 * that load context.
 */
#ifndef SERVER_MEMORY_REGISTRY_H
#define SERVER_MEMORY_REGISTRY_H

#include "mcp.h"
#include "service.h"

#define REGISTRY_TOOLS_MAX 64u

typedef struct memory_registry {
    mcp_registry registry;
    mcp_tool tools[REGISTRY_TOOLS_MAX];
} memory_registry;

/** What a server offers. */
typedef enum registry_form {
    AS_EPISODIC, /**< all of the library */
    AS_MEMORY    /**< the official memory server's nine tools, and nothing else */
} registry_form;

/** Fills a registry in. It points to itself and to the service: neither may move while it is used. */
void memory_registry_init(memory_registry *r, service *of, registry_form form);

#endif
