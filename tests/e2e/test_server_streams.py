"""test_server_streams.py - what MCP sends while a call runs, or at any time to who listens: progress, cancellation, and
changes of resources, over HTTP and over standard input and output. Calls that have to last are those of the conformance
fixture, which runs the server's own code."""

import http.client
import json
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import mcp  # noqa: E402
import web  # noqa: E402
from test_server_hostile import HOSTILE  # noqa: E402

FIXTURE = os.environ["EPISODIC_MCP_FIXTURE"]
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"


class Fixture(web.Server):
    """The fixture over HTTP: its words are other ones."""

    def __init__(self, memory: str):
        self.memory = memory
        super().__init__(memory, program=FIXTURE)

    def command(self, program: str, address: str, memory: str, words: tuple) -> list:
        return [program, memory, address]


class Stream:
    """An answer of events to a POST at /mcp."""

    def __init__(self, server: web.Server, method: str, modern: bool = True, request_id=1, accept: str = "", **params):
        headers = {"Content-Type": "application/json", "Accept": accept or "application/json, text/event-stream"}
        if modern:
            params["_meta"] = {**mcp.MODERN, **params.get("_meta", {})}
            headers |= {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
            if "name" in params:
                headers["Mcp-Name"] = params["name"]
        self.connection = server.connect()
        message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        self.connection.request("POST", "/mcp", json.dumps(message), headers)
        self.answer = None

    def begin(self) -> http.client.HTTPResponse:
        self.answer = self.answer or self.connection.getresponse()
        return self.answer

    def next(self) -> dict:
        """The next message; None at the end. Comments are passed over."""
        self.begin()
        data = []
        while line := self.answer.readline():
            line = line.decode().rstrip("\n")
            if line.startswith("data: "):
                data.append(line[6:])
            elif line == "" and data:
                assert len(data) == 1, data
                return json.loads(data[0])
            else:
                assert line == "" or line.startswith((":", "event: message")), line
        return None

    def close(self) -> None:
        self.connection.close()
        if self.answer:
            self.answer.close()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="episodic-streams-")
        self.addCleanup(self.folder.cleanup)
        self.memory = str(Path(self.folder.name) / "memory")

    def serve(self, server: web.Server) -> web.Server:
        self.addCleanup(lambda: self.assertEqual(server.stop(), 0, server.said))
        return server

    def call(self, server: web.Server, name: str) -> str:
        stream = Stream(server, "tools/call", modern=False, name=name)
        result = json.loads(stream.begin().read())["result"]
        stream.close()
        return result["content"][0]["text"]

    def wait_for(self, server: web.Server, what: str) -> None:
        deadline = time.monotonic() + 30
        while (told := self.call(server, "held")) != what:
            self.assertLess(time.monotonic(), deadline, told)
            time.sleep(0.01)


class Progress(Case):
    def test_progress_comes_while_the_call_runs(self):
        server = self.serve(Fixture(self.memory))
        for modern in (False, True):
            for token in ("a", 7, HOSTILE[0], HOSTILE[2], HOSTILE[4]):
                stream = Stream(server, "tools/call", modern, name="hold", _meta={"progressToken": token})
                told = [stream.next() for _ in range(3)]  # the call ends only after the release
                self.assertEqual(self.call(server, "held").split(",")[0], "1 held")
                answer = stream.begin()
                self.assertEqual([answer.getheader(name) for name in ("content-type", "cache-control",
                                                                      "x-accel-buffering")],
                                 ["text/event-stream", "no-store", "no"])
                self.call(server, "release")
                while "method" in (message := stream.next()):
                    told.append(message)
                self.assertEqual({note["method"] for note in told}, {"notifications/progress"})
                self.assertEqual({note["params"]["message"] for note in told}, {"it\nholds"})
                self.assertTrue(all(note["params"]["progressToken"] == token for note in told))
                steps = [note["params"]["progress"] for note in told]
                self.assertEqual(steps, sorted(set(steps)))
                self.assertEqual((message["id"], message["result"]["content"][0]["text"]), (1, "Released"))
                self.assertEqual("resultType" in message["result"], modern)
                self.assertIsNone(stream.next())  # the answer is the end
                stream.close()

    def test_without_a_token_or_a_taker_there_is_one_answer(self):
        server = self.serve(Fixture(self.memory))
        for accept, params in (("", {}), ("application/json", {"_meta": {"progressToken": 1}})):
            stream = Stream(server, "tools/call", accept=accept, name="hold", **params)
            self.wait_for(server, "1 held, 0 cancelled")
            self.call(server, "release")
            answer = stream.begin()
            self.assertEqual(answer.getheader("content-type"), "application/json")
            self.assertEqual(json.loads(answer.read())["result"]["content"][0]["text"], "Released")
            stream.close()

    def test_closing_the_stream_cancels_in_the_modern_era(self):
        server = self.serve(Fixture(self.memory))
        for count, meta in ((1, {"progressToken": 1}), (2, {})):  # after events, and before any
            stream = Stream(server, "tools/call", name="hold", _meta=meta)
            self.wait_for(server, f"1 held, {count - 1} cancelled")
            if meta:
                stream.next()
            stream.close()
            self.wait_for(server, f"0 held, {count} cancelled")

    def test_closing_the_stream_cancels_nothing_in_the_legacy_era(self):
        server = self.serve(Fixture(self.memory))
        stream = Stream(server, "tools/call", modern=False, name="hold", _meta={"progressToken": 1})
        stream.next()
        stream.close()
        time.sleep(0.3)
        self.assertEqual(self.call(server, "held"), "1 held, 0 cancelled")
        self.call(server, "release")
        self.wait_for(server, "0 held, 0 cancelled")

    def test_many_that_leave_in_the_middle_leave_nothing_behind(self):
        server = self.serve(Fixture(self.memory))
        for i in range(60):
            stream = Stream(server, "tools/call", name="hold", _meta={"progressToken": i})
            if i % 3:
                stream.next()
            stream.close()
        self.wait_for(server, "0 held, 60 cancelled")
        deadline = time.monotonic() + 30
        while "episodic_http_connections 1\n" not in (metrics := server.get("/metrics").body.decode()):
            self.assertLess(time.monotonic(), deadline, metrics)
            time.sleep(0.05)

    def test_on_stdio_a_notification_cancels_what_runs(self):
        for modern in (False, True):
            with mcp.Server("", self.memory, "-", program=FIXTURE, modern=modern) as server:
                held = server.ask("tools/call", name="hold", _meta={"progressToken": "p"})
                self.assertEqual(server.read()["params"]["progressToken"], "p")
                server.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": held}})
                told = server.result("tools/call", name="held")
                self.assertEqual(told["content"][0]["text"], "0 held, 1 cancelled")
                self.assertNotIn(held, [note.get("id") for note in server.notes])


class Listening(Case):
    URI = "episodic://space/home"

    def home(self) -> web.Server:
        return self.serve(web.Server(self.memory, "--space", "home", "--work-space", "work"))

    def listen(self, server: web.Server, request_id=1, **notifications) -> Stream:
        stream = Stream(server, "subscriptions/listen", request_id=request_id, notifications=notifications)
        self.addCleanup(stream.close)
        return stream

    def remember(self, server: web.Server, text: str, **more) -> dict:
        return server.post("/v1/remember", {"text": text, **more}).json()

    def check_note(self, note: dict, method: str, subscription, **params) -> None:
        self.assertNotIn("id", note)
        self.assertEqual(note["method"], method)
        self.assertEqual(note["params"].pop("_meta"), {SUBSCRIPTION: subscription})
        self.assertEqual(note["params"], params)

    def test_changes_of_resources_are_told_whoever_made_them(self):
        server = self.home()
        one = self.remember(server, "one")
        episode, step = f"{self.URI}/episode/{one['episode']}", f"{self.URI}/step/{one['step']}"
        other = self.remember(server, "two", time="2020-01-01")
        for subscription in (5, "listen:0", HOSTILE[2]):
            stream = self.listen(server, subscription, resourceSubscriptions=[episode, step, "episodic://space/none",
                                                                             "file:///etc/passwd", episode],
                                 toolsListChanged=True, promptsListChanged=True, resourcesListChanged=True)
            self.check_note(stream.next(), "notifications/subscriptions/acknowledged", subscription,
                            notifications={"resourcesListChanged": True, "resourceSubscriptions": [episode, step]})
            with web.Server(self.memory, "--space", "home") as beside:
                self.remember(beside, "elsewhere", episode=other["episode"])  # of no interest
                self.remember(beside, "three", episode=one["episode"])
            self.check_note(stream.next(), "notifications/resources/updated", subscription, uri=episode)
            self.remember(server, "one, corrected", supersedes=one["step"], episode=other["episode"])
            told = [stream.next() for _ in range(2)]
            for note, uri in zip(sorted(told, key=lambda note: note["params"]["uri"]), (episode, step)):
                self.check_note(note, "notifications/resources/updated", subscription, uri=uri)
            self.remember(server, "new", time=f"20{10 + len(str(subscription))}-01-01")
            self.check_note(stream.next(), "notifications/resources/list_changed", subscription)
            one["step"] = self.remember(server, "again", episode=one["episode"])["step"]
            self.check_note(stream.next(), "notifications/resources/updated", subscription, uri=episode)
            step = f"{self.URI}/step/{one['step']}"
            stream.close()

    def test_a_listener_ends_with_the_server_and_with_its_client(self):
        server = self.home()
        stream = self.listen(server, "it", resourceSubscriptions=[self.URI])
        stream.next()
        gone = self.listen(server, resourceSubscriptions=[self.URI])
        gone.next()
        gone.close()
        deadline = time.monotonic() + 20
        while "episodic_http_listeners 1\n" not in server.get("/metrics").body.decode():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.assertEqual(server.stop(), 0)
        last = stream.next()
        self.assertEqual((last["id"], last["result"]["_meta"][SUBSCRIPTION]), ("it", "it"))
        self.assertEqual(last["result"]["resultType"], "complete")
        self.assertIsNone(stream.next())

    def test_what_cannot_be_listened_to(self):
        server = self.home()
        nothing = self.listen(server, toolsListChanged=True, resourceSubscriptions=["episodic://space/none"])
        self.check_note(nothing.next(), "notifications/subscriptions/acknowledged", 1, notifications={})
        self.assertEqual(nothing.next()["result"]["resultType"], "complete")  # there will never be anything
        self.assertIsNone(nothing.next())
        for wrong in ([], None, {"resourceSubscriptions": "x"}, {"resourceSubscriptions": [1]},
                      {"resourcesListChanged": 1}, {"resourceSubscriptions": ["x"] * 65}):
            stream = Stream(server, "subscriptions/listen", notifications=wrong)
            self.assertEqual(json.loads(stream.begin().read())["error"]["code"], -32602, wrong)
            stream.close()
        for method, modern, status in (("subscriptions/listen", False, 200), ("resources/subscribe", False, 200),
                                       ("resources/subscribe", True, 404)):
            stream = Stream(server, method, modern, notifications={}, uri=self.URI)
            self.assertEqual(stream.begin().status, status)
            self.assertEqual(json.loads(stream.answer.read())["error"]["code"], -32601, method)
            stream.close()
        stream = Stream(server, "subscriptions/listen", accept="application/json", notifications={})
        self.assertEqual(stream.begin().status, 404)  # a client that takes no events
        stream.close()

    def test_so_many_may_listen(self):
        server = self.home()
        streams = [self.listen(server, i, resourceSubscriptions=[self.URI]) for i in range(64)]
        for i, stream in enumerate(streams):
            self.assertEqual(stream.next()["params"]["_meta"][SUBSCRIPTION], i)
        self.assertEqual(self.listen(server, resourceSubscriptions=[self.URI]).begin().status, 503)
        self.remember(server, "one")
        for i, stream in enumerate(streams):
            self.check_note(stream.next(), "notifications/resources/updated", i, uri=self.URI)

    def test_what_is_declared_can_be_done(self):
        server = self.home()
        asked = Stream(server, "server/discover")
        capabilities = json.loads(asked.begin().read())["result"]["capabilities"]
        self.assertEqual(capabilities["resources"], {"subscribe": True, "listChanged": True})
        self.assertEqual((capabilities["tools"], capabilities["prompts"]), ({}, {}))
        opened = Stream(server, "initialize", modern=False, protocolVersion="2025-11-25", capabilities={},
                        clientInfo={})
        self.assertEqual(json.loads(opened.begin().read())["result"]["capabilities"]["resources"], {})
        for stream in (asked, opened):
            stream.close()
        with mcp.Server(self.memory, "--as", "memory", "--space", "graph", modern=True) as graph:
            self.assertNotIn("resources", graph.result("server/discover")["capabilities"])
            self.assertEqual(graph.request("subscriptions/listen", notifications={})["error"]["code"], -32601)


class ListeningOnStdio(Case):
    URI = "episodic://space/home"

    def test_the_modern_era(self):
        with mcp.Server(self.memory, "--space", "home", modern=True) as server, \
                mcp.Server(self.memory, "--space", "home") as other:
            one = server.call("remember", text="one")
            episode = f"{self.URI}/episode/{one['episode']}"
            first = server.ask("subscriptions/listen", notifications={"resourceSubscriptions": [episode]})
            note = server.read()
            self.assertEqual((note["method"], note["params"]["_meta"][SUBSCRIPTION]),
                             ("notifications/subscriptions/acknowledged", first))
            second = server.ask("subscriptions/listen", notifications={"resourceSubscriptions": [self.URI]})
            self.assertEqual(server.read()["params"]["_meta"][SUBSCRIPTION], second)
            other.call("remember", text="two", episode=one["episode"])
            told = [server.read() for _ in range(2)]
            self.assertEqual({(note["params"]["_meta"][SUBSCRIPTION], note["params"]["uri"]) for note in told},
                             {(first, episode), (second, self.URI)})
            server.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": first}})
            self.assertEqual(server.call("stats")["space"]["steps"], 2)
            other.call("remember", text="three", episode=one["episode"])
            self.assertEqual(server.read()["params"]["_meta"][SUBSCRIPTION], second)
            server.process.stdin.close()
            last = [json.loads(line) for line in server.process.stdout]
            self.assertEqual([(message["id"], message["result"]["_meta"][SUBSCRIPTION]) for message in last],
                             [(second, second)])

    def test_the_legacy_era(self):
        with mcp.Server(self.memory, "--space", "home") as server, \
                mcp.Server(self.memory, "--space", "home") as other:
            result = server.result("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={})
            self.assertEqual(result["capabilities"]["resources"], {"subscribe": True})
            one = server.call("remember", text="one")
            uris = [self.URI, f"{self.URI}/episode/{one['episode']}"]
            for uri in uris + uris:
                self.assertEqual(server.result("resources/subscribe", uri=uri), {})
            for uri in ("episodic://space/none", f"{self.URI}/episode/99", "x"):
                self.assertEqual(server.request("resources/subscribe", uri=uri)["error"]["code"], -32002)
            other.call("remember", text="two", episode=one["episode"])
            told = [server.read() for _ in range(2)]
            self.assertEqual({note["params"]["uri"] for note in told}, set(uris))
            self.assertEqual([set(note["params"]) for note in told], [{"uri"}] * 2)
            self.assertEqual(server.result("resources/unsubscribe", uri=uris[0]), {})
            self.assertEqual(server.result("resources/unsubscribe", uri="x"), {})
            other.call("remember", text="three", episode=one["episode"])
            self.assertEqual(server.read()["params"], {"uri": uris[1]})
            server.result("resources/unsubscribe", uri=uris[1])
            other.call("remember", text="four")
            time.sleep(0.3)
            server.result("ping")
            self.assertEqual(server.notes, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
