"""test_server_web.py - what else is served over HTTP: the OpenAPI document, metrics, events, MCP, the page's files, and
the operations that look in."""

import http.client
import json
import re
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from web import Server  # noqa: E402

MODERN = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="episodic-web-")
        self.addCleanup(self.folder.cleanup)
        self.memory = str(Path(self.folder.name) / "memory")
        self.server = Server(self.memory, "--space", "home")
        self.addCleanup(lambda: self.assertEqual(self.server.stop(), 0, self.server.said))

    def remember(self, *texts: str) -> list:
        return [self.server.post("/v1/remember", {"text": text, "role": "user"}).json()["step"] for text in texts]


class Documents(Case):
    def test_the_openapi_document_has_every_operation_with_its_schemas(self):
        document = self.server.get("/openapi.json").json()
        self.assertEqual(document["openapi"], "3.1.0")
        for path in ("/v1/remember", "/v1/recall", "/v1/stats", "/v1/events", "/v1/replay/sample", "/metrics", "/mcp"):
            self.assertIn(path, document["paths"])
        recall = document["paths"]["/v1/recall"]
        self.assertIn("text", recall["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"])
        self.assertIn("text", [parameter["name"] for parameter in recall["get"]["parameters"]])
        self.assertNotIn("get", document["paths"]["/v1/remember"])
        ids = [method["operationId"] for path in document["paths"].values() for method in path.values()
               if "operationId" in method]
        self.assertEqual(len(ids), len(set(ids)))
        for path in document["paths"]:  # each is there: whatever it says, it is no 404 of a path
            method = next(iter(document["paths"][path])).upper()
            answer = self.server.ask(method, path, {} if method == "POST" else None) \
                if path != "/v1/events" else self.server.get(path + "?space=nowhere")
            self.assertNotIn(b"nothing at this path", answer.body, path)

    def test_metrics_have_prometheus_form_and_count(self):
        self.remember("We moved to Lisbon")
        self.server.get("/v1/recall?text=Lisbon")
        self.server.get("/v1/recall?text=Lisbon&limit=0")
        answer = self.server.get("/metrics")
        self.assertTrue(answer.headers["content-type"].startswith("text/plain; version=0.0.4"))
        values, types = {}, {}
        for line in answer.body.decode().splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                types[name] = kind
            elif not line.startswith("#"):
                match = re.fullmatch(r'([a-z_]+)(\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})? ([-+0-9.e]+)', line)
                self.assertTrue(match, line)
                base = re.sub(r"_(bucket|sum|count)$", "", match[1])
                self.assertTrue(match[1] in types or types.get(base) == "histogram", line)
                self.assertEqual(types.get(match[1]) == "counter", match[1].endswith("_total"), line)
                values[match[1] + (match[2] or "")] = float(match[3])
        self.assertEqual(values['episodic_operations_total{operation="recall",outcome="done"}'], 1)
        self.assertEqual(values['episodic_operations_total{operation="recall",outcome="failed"}'], 1)
        self.assertEqual(values['episodic_operations_total{operation="remember",outcome="done"}'], 1)
        self.assertEqual(values['episodic_operation_seconds_bucket{operation="recall",le="+Inf"}'], 2)
        self.assertEqual(values["episodic_spaces"], 1)
        self.assertGreaterEqual(values['episodic_http_responses_total{class="4xx"}'], 1)

    def test_the_page_is_there_and_is_not_sent_twice(self):
        page = self.server.get("/")
        self.assertEqual((page.status, page.headers["content-type"]), (200, "text/html; charset=utf-8"))
        for name in re.findall(rb'(?:src|href)="([^"]+)"', page.body):
            if not name.startswith((b"#", b"data:")):
                self.assertEqual(self.server.get("/" + name.decode()).status, 200, name)
        again = self.server.get("/", headers=[("If-None-Match", page.headers["etag"])])
        self.assertEqual((again.status, again.body), (304, b""))


class Events(Case):
    def listen(self, query: str = "") -> http.client.HTTPResponse:
        connection = self.server.connect()
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/events" + query)
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.getheader("content-type")), (200, "text/event-stream"))
        return answer

    def next(self, stream: http.client.HTTPResponse) -> dict:
        fields = {}
        while line := stream.readline().decode().rstrip("\n"):
            if not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
        self.assertEqual(fields["event"], "change")
        return json.loads(fields["data"])

    def test_a_change_is_told_whoever_made_it(self):
        self.remember("one")
        streams = [self.listen(), self.listen("?space=home")]
        self.assertEqual([self.next(stream)["steps"] for stream in streams], [1, 1])
        self.remember("two")
        self.assertEqual([self.next(stream)["steps"] for stream in streams], [2, 2])
        with Server(self.memory, "--space", "home") as other:
            other.post("/v1/remember", {"text": "three"})
            self.assertEqual([self.next(stream)["steps"] for stream in streams], [3, 3])
        began = time.monotonic()
        self.assertEqual(self.server.stop(), 0)  # listeners do not hold it up
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual([stream.read() for stream in streams], [b"", b""])

    def test_who_left_is_forgotten(self):
        self.remember("one")
        for _ in range(300):  # more than may listen at once
            connection = self.server.connect()
            connection.request("GET", "/v1/events")
            answer = connection.getresponse()
            if answer.status != 200:
                self.assertEqual(answer.status, 503)
                break
            connection.close()
            answer.close()
        self.remember("two")
        deadline = time.monotonic() + 40
        while "episodic_http_listeners 0" not in self.server.get("/metrics").body.decode():
            self.assertLess(time.monotonic(), deadline)
            self.remember("more")
            time.sleep(0.2)

    def test_a_space_that_is_not_there(self):
        self.assertEqual(self.server.get("/v1/events?space=nowhere").status, 404)


class Mcp(Case):
    def modern(self, method: str, headers=(), **params):
        name = params.get("name", params.get("uri"))
        given = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, **({"Mcp-Name": name} if name else {})}
        given.update(dict(headers))
        return self.server.post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": method,
                                         "params": {**params, "_meta": MODERN}}, headers=given.items())

    def test_the_modern_era(self):
        self.assertIn("2026-07-28", self.modern("server/discover").json()["result"]["supportedVersions"])
        tools = [tool["name"] for tool in self.modern("tools/list").json()["result"]["tools"]]
        self.assertIn("recall", tools)
        self.assertNotIn("spaces", tools)
        done = self.modern("tools/call", name="remember", arguments={"text": "We moved to Lisbon"}).json()["result"]
        self.assertEqual(done["structuredContent"]["step"], 1)
        self.assertEqual(self.modern("no/method").status, 404)
        answer = self.modern("tools/call", name="remember", arguments={"text": 1})
        self.assertEqual((answer.status, answer.json()["result"]["isError"]), (200, True))

    def test_headers_that_say_something_else_are_refused(self):
        for headers in ({"Mcp-Method": "tools/list"}, {"Mcp-Method": None}, {"Mcp-Name": "remember"},
                        {"Mcp-Name": None}, {"MCP-Protocol-Version": "2025-11-25"}, {"MCP-Protocol-Version": None},
                        {"Mcp-Name": "=?base64?cmVtZW1iZXI=?="}, {"Mcp-Method": "TOOLS/CALL"}):
            answer = self.modern("tools/call", headers.items(), name="stats", arguments={})
            self.assertEqual((answer.status, answer.json()["error"]["code"], answer.json()["id"]), (400, -32020, 1),
                             headers)
        for headers in ({}, {"Mcp-Name": "=?base64?c3RhdHM=?="}, {"Mcp-Name": "stats "}):
            answer = self.modern("tools/call", headers.items(), name="stats", arguments={})
            self.assertEqual(answer.status, 200, headers)

    def test_the_legacy_era_without_a_session(self):
        post = self.server.post
        opened = post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}})
        self.assertEqual(opened.json()["result"]["protocolVersion"], "2025-11-25")
        version = [("MCP-Protocol-Version", "2025-11-25")]
        noted = post("/mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=version)
        self.assertEqual((noted.status, noted.body), (202, b""))
        listed = post("/mcp", {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, headers=version).json()
        self.assertIn("recall", [tool["name"] for tool in listed["result"]["tools"]])
        pinged = post("/mcp", {"jsonrpc": "2.0", "id": 3, "method": "ping"}, headers=version).json()
        self.assertEqual(pinged["result"], {})
        self.assertEqual(post("/mcp", {"jsonrpc": "2.0", "id": 4, "method": "ping"},
                              headers=[("MCP-Protocol-Version", "1999-01-01")]).status, 400)

    def test_what_is_no_message(self):
        json_type = [("Content-Type", "application/json")]
        for body, code in (("{", -32700), ("[]", -32600), ("{}", -32600), ("1", -32600), ("", -32700)):
            answer = self.server.post("/mcp", body, headers=json_type)
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (400, code), body)


class Looking(Case):
    def test_spaces_and_what_they_hold(self):
        self.remember("one", "two")
        self.server.post("/v1/remember", {"text": "x", "space": "other"})
        self.server.post("/v1/transitions_create", {"space": "walk", "observation": {"shape": [2]},
                                                    "action": {"dtype": "i32"}})
        listed = self.server.get("/v1/spaces").json()
        self.assertEqual([(s["name"], s["preset"], s["steps"]) for s in listed["spaces"]],
                         [("home", "conversation", 2), ("other", "conversation", 1), ("walk", "transitions", 0)])
        self.assertEqual(listed["default"], "home")
        names, after = [], ""
        while after is not None:
            page = self.server.get(f"/v1/spaces?limit=1&after={after}").json()
            names += [space["name"] for space in page["spaces"]]
            after = page.get("next")
        self.assertEqual(names, ["home", "other", "walk"])

    def test_an_episode_page_by_page(self):
        self.remember(*(f"text {i}" for i in range(7)))
        texts, first = [], 0
        while first is not None:
            page = self.server.get(f"/v1/episode?episode=1&first={first}&limit=3").json()
            texts += [step["text"] for step in page["steps"]]
            first = page.get("next")
        self.assertEqual(texts, [f"text {i}" for i in range(7)])
        self.assertEqual(self.server.get("/v1/episode?episode=99").status, 404)

    def test_a_step_with_its_neighbours(self):
        ids = self.remember("We moved to Lisbon last Friday", "We moved to Lisbon", "Nothing of the kind")
        step = self.server.get(f"/v1/step?step={ids[0]}").json()
        self.assertEqual(step["steps"][0]["text"], "We moved to Lisbon last Friday")
        self.assertEqual(len(step["steps"][0]["times"]), 1)
        self.assertEqual(step["neighbours"][0]["step"], ids[1])
        self.assertGreater(step["neighbours"][0]["similarity"], step["neighbours"][1]["similarity"])
        self.assertEqual(self.server.get("/v1/step?step=99").status, 404)

    def test_a_map_puts_like_texts_near_each_other(self):
        self.assertEqual(self.server.get("/v1/map").json()["points"], [])
        kinds = ["the harbour and its boats at night", "a recipe for bread with rye flour"]
        self.remember(*(f"{kinds[i % 2]} {i}" for i in range(60)))
        answer = self.server.get("/v1/map?limit=60").json()
        self.assertEqual(len(answer["points"]), 60)
        self.assertGreater(answer["kept"], 0.1)
        groups = [[(p["x"], p["y"]) for p in answer["points"] if p["text"].startswith(kind)] for kind in kinds]
        self.assertEqual([len(group) for group in groups], [30, 30])

        def distance(a, b):
            return sum((x - y) ** 2 for x, y in zip(a, b)) ** 0.5

        centres = [tuple(sum(axis) / 30 for axis in zip(*group)) for group in groups]
        spread = max(distance(point, centre) for group, centre in zip(groups, centres) for point in group)
        self.assertGreater(distance(*centres), spread)


if __name__ == "__main__":
    unittest.main()
