// sdk1.mjs - the 1.x client library, which speaks the legacy era alone, against a server: node sdk1.mjs COMMAND [WORD...],
// or node sdk1.mjs http://ADDRESS/mcp.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { check, checkChanges } from "./check.mjs";

const [command, ...args] = process.argv.slice(2);
const remote = command.startsWith("http://");
const client = new Client({ name: "check", version: "1" });
await client.connect(remote ? new StreamableHTTPClientTransport(new URL(command))
                            : new StdioClientTransport({ command, args }));
await check(client);
await client.ping();
// Over HTTP there are no sessions, so nobody who could have subscribed.
if (remote !== !client.getServerCapabilities().resources.subscribe) throw new Error("subscribe is declared wrongly");
if (!remote)
    await checkChanges(client, async (uri, tell) => {
        client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => tell(params.uri));
        await client.subscribeResource({ uri });
        return () => client.unsubscribeResource({ uri });
    });
await client.close();
console.log("ok");
