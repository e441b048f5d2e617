/* stdio_channel.h - MCP over standard input and output: one message a line, in and out, and nothing else on either. */
#ifndef SERVER_STDIO_CHANNEL_H
#define SERVER_STDIO_CHANNEL_H

#include "mcp.h"

#define STDIO_MESSAGE_MAX (10u * 1024u * 1024u) /**< bytes of a line; a longer one is answered with an error */

/** Answers until the input ends. @param size_max bytes of a line. @return 0, or errno of what could not be read or
 *  written */
int stdio_serve(const mcp_registry *registry, int in, int out, size_t size_max);

#endif
