// client2.mjs - the 2.x client library against a server: node client2.mjs ERA COMMAND [WORD...]. It finds out the era by
// itself ("auto"), or is held to one.
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { check } from "./check.mjs";

const [era, command, ...args] = process.argv.slice(2);
const mode = era === "modern" ? { pin: "2026-07-28" } : era;
const client = new Client({ name: "check", version: "1" }, { versionNegotiation: { mode } });
await client.connect(new StdioClientTransport({ command, args }));
await check(client);
await client.close();
console.log("ok");
