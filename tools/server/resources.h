/* resources.h - what is stored as resources of MCP, and prompts that load it.
 *
 *   episodic://space/NAME                what the space holds, counted
 *   episodic://space/NAME/episode/ID     the steps of an episode; ?first=INDEX goes on
 *   episodic://space/NAME/step/ID        all versions of a step
 *
 * NAME is percent-encoded. Contents are the JSON that the operations write; a prompt puts such JSON beside its own
 * constant words, as a resource of its own, so that what was stored can never be read as part of them.
 */
#ifndef SERVER_RESOURCES_H
#define SERVER_RESOURCES_H

#include "mcp.h"

void resources_list(mcp_request *request, const char *cursor);
void resources_read(mcp_request *request, const char *uri);
extern const char resources_templates[];
bool resources_changed(mcp_mark *mark, void *context, const char *uri); /* as mcp_registry's has_changed */

#define PROMPTS_COUNT 2u
extern const mcp_prompt prompts[PROMPTS_COUNT];

#endif
