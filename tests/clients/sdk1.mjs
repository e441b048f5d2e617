// sdk1.mjs - the 1.x client library against a server over standard input and output: node sdk1.mjs COMMAND [WORD...]
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { check } from "./check.mjs";

const [command, ...args] = process.argv.slice(2);
const client = new Client({ name: "check", version: "1" });
await client.connect(new StdioClientTransport({ command, args }));
await check(client);
await client.ping();
await client.close();
console.log("ok");
