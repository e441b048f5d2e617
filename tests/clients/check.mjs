// check.mjs - what both client libraries are asked to do with a server: the same calls, through their own types and
// validators. A client is given; what it throws fails the test.
import assert from "node:assert/strict";

export async function check(client) {
    const { tools } = await client.listTools();
    assert.ok(tools.length >= 15);
    assert.ok(tools.every((tool) => tool.inputSchema.type === "object" && tool.outputSchema.type === "object"));
    const call = async (name, args) => {
        const result = await client.callTool({ name, arguments: args }); // validated against the output schema
        assert.ok(!result.isError, JSON.stringify(result.content));
        assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
        return result.structuredContent;
    };
    const stored = await call("remember", { text: "The parcel \u001b[31mcame\u202e last Friday.\n", role: "user" });
    const found = await call("recall", { text: "when did the parcel come?" });
    assert.equal(found.memories[0].step, stored.step);
    assert.equal(found.memories[0].text, "The parcel \u001b[31mcame\u202e last Friday.\n");
    assert.equal((await call("when", { text: "parcel" })).moments[0].moment.words, "last Friday");
    await call("stats", {});
    const refused = await client.callTool({ name: "recall", arguments: { text: 5 } });
    assert.ok(refused.isError);
    await assert.rejects(client.callTool({ name: "nothing", arguments: {} }), (error) => error.code === -32602);
    const { resources } = await client.listResources();
    const read = await client.readResource({ uri: resources[0].uri });
    assert.ok(JSON.parse(read.contents[0].text).steps.length > 0);
    await assert.rejects(client.readResource({ uri: "episodic://space/home/episode/999" }));
    assert.equal((await client.listResourceTemplates()).resourceTemplates.length, 3);
    const { prompts } = await client.listPrompts();
    const prompt = await client.getPrompt({ name: prompts[0].name, arguments: { task: "parcel" } });
    assert.equal(prompt.messages.at(-1).content.type, "resource");
    const many = Array.from({ length: 50 }, (_, i) => call("remember", { text: `Parcel ${i}` }));
    assert.equal(new Set((await Promise.all(many)).map((each) => each.step)).size, 50);
}
