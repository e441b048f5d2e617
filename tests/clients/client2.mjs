// client2.mjs - the 2.x client library against a server: node client2.mjs ERA COMMAND [WORD...], or
// node client2.mjs ERA http://ADDRESS/mcp. It finds out the era by itself ("auto"), or is held to one.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { check, checkChanges } from "./check.mjs";

const [era, command, ...args] = process.argv.slice(2);
const mode = era === "modern" ? { pin: "2026-07-28" } : era;
const remote = command.startsWith("http://");
const client = new Client({ name: "check", version: "1" }, { versionNegotiation: { mode } });
await client.connect(remote ? new StreamableHTTPClientTransport(new URL(command))
                            : new StdioClientTransport({ command, args }));
await check(client);
const modern = async (uri, tell) => {
    client.setNotificationHandler("notifications/resources/updated", ({ params }) => tell(params.uri));
    const subscription = await client.listen({ resourceSubscriptions: [uri], toolsListChanged: true });
    if (JSON.stringify(subscription.honoredFilter) !== JSON.stringify({ resourceSubscriptions: [uri] }))
        throw new Error(JSON.stringify(subscription.honoredFilter));
    return () => subscription.close();
};
const legacy = async (uri, tell) => {
    client.setNotificationHandler("notifications/resources/updated", ({ params }) => tell(params.uri));
    await client.subscribeResource({ uri });
    return () => client.unsubscribeResource({ uri });
};
if (era !== "legacy") await checkChanges(client, modern);
else if (!remote) await checkChanges(client, legacy);
await client.close();
console.log("ok");
