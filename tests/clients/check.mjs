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

/** Waits until a condition holds. */
async function until(condition, what) {
    for (let i = 0; i < 500 && !condition(); i++) await new Promise((done) => setTimeout(done, 20));
    assert.ok(condition(), what);
}

/** Whoever asks to be told of a resource's changes is told. `subscribe` is given its URI and what to call with each. */
export async function checkChanges(client, subscribe) {
    const remember = async (text) =>
        (await client.callTool({ name: "remember", arguments: { text } })).structuredContent.episode;
    const uri = `episodic://space/home/episode/${await remember("Another parcel.")}`;
    const told = [];
    const stop = await subscribe(uri, (changed) => told.push(changed));
    await remember("It is heavy.");
    await until(() => told.length > 0, "nothing was told");
    await stop();
    const before = told.length;
    await remember("It is open.");
    await new Promise((done) => setTimeout(done, 300));
    assert.equal(told.length, before);
    assert.ok(told.every((changed) => changed === uri));
}
