"""test_server_safety.py - what a memory may contain and who may ask, line by line, for both servers: MCP on standard
input and output, and HTTP with MCP at /mcp. Which test shows which line (hostile is test_server_hostile.py, http is
test_server_http.py, streams is test_server_streams.py, all else is here):

  what goes out     on stdio                                  over HTTP
  tool results      hostile Contents.test_texts_come_back     Output.test_answers_of_operations, test_mcp_over_http
  resources         hostile Contents.test_resources           Output.test_mcp_over_http
  prompts           hostile Contents.test_prompts             Output.test_mcp_over_http
  errors            Output.test_errors_on_stdio               Output.test_errors_over_http
  other tools       Output.test_the_official_servers_tools    Output.test_mem0s_routes
  event streams     has none                                  Output.test_events, streams Progress.test_progress
  headers           has none                                  Output.test_headers
  constant texts    Output.test_nothing_stored_gets_into_what_is_constant, of both
  the terminal      Output.test_the_servers_own_lines, of both; test_cli for the command line
  the page          has none                                  test_page, a step of markup and marks

  who gets in       on stdio                                  over HTTP
  Origin and Host   Network.test_stdio_opens_no_socket        http Rules, Network.test_every_path_asks
  token             the same                                  http Rules and Tokens, Network.test_every_path_asks
  loopback          the same                                  Network.test_loopback_by_default
  public address    the same                                  http Tokens, Network.test_no_public_address
  constant time     the same                                  tests/server/test_secret.c counts instructions
  cap of a message  hostile Lines.test_a_long_line            http Rules, Network.test_every_path_has_a_cap
  half-open         Network.test_half_a_line                  http Manners, Network.test_half_open_connections
"""

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import mcp  # noqa: E402
import web  # noqa: E402
from test_server_hostile import HOSTILE  # noqa: E402

TOKEN = "a-token-of-some-length"
# Cut in the middle of a character by whoever cuts after so many bytes.
LONG = ["é" * 400, "x" + "é" * 400, "xx" + "€" * 300, "😀" * 200, "x" + "😀" * 200]
MODERN_HEADERS = {"MCP-Protocol-Version": "2026-07-28"}


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="episodic-safety-")
        self.addCleanup(self.folder.cleanup)
        self.memory = str(Path(self.folder.name) / "memory")

    def http(self, *words: str, **options) -> web.Server:
        server = web.Server(self.memory, "--space", "home", *words, **options)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        return server

    def stdio(self, *words: str, **options) -> mcp.Server:
        return mcp.Server(self.memory, "--space", "home", *words, **options)


def mcp_request(method: str, modern: bool, **params) -> tuple:
    """A message, and the headers that go with it over HTTP."""
    headers = {}
    if modern:
        params["_meta"] = mcp.MODERN
        headers = {**MODERN_HEADERS, "Mcp-Method": method}
        name = params.get("name", params.get("uri"))
        if name is not None:
            headers["Mcp-Name"] = name
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, headers


class Output(Case):
    def line_is_sound(self, line: str) -> None:
        """One line of text for a person or a model, which nothing in it can turn into more."""
        self.assertIsInstance(line, str)
        self.assertTrue(line.strip())
        line.encode()  # no half of a character

    def test_answers_of_operations(self):
        with self.http("--work-space", "work") as server:
            for i, text in enumerate(HOSTILE):
                short = text[:50].strip() or "x"
                stored = server.post("/v1/remember", {
                    "text": text, "role": short, "tags": [text[:50]], "id": f"{i}", "metadata": {text[:50]: text[:50]},
                    "facts": [{"subject": short, "attribute": short, "value": short}]})
                self.assertEqual(stored.status, 200, stored)
                step, episode = stored.json()["step"], stored.json()["episode"]
                for path in (f"/v1/step?step={step}", f"/v1/history?step={step}",
                             f"/v1/episode?episode={episode}&budget=200000&limit=1000",
                             f"/v1/facts?subject={quote(short)}", f"/v1/recall?limit=100&budget=200000&text="
                             + quote(text[:1000]), "/v1/timeline", "/v1/spaces", "/v1/map", "/v1/stats"):
                    answer = server.get(path)
                    self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/json"), path)
                    self.assertIsInstance(answer.json(), dict)
                self.assertEqual(server.get(f"/v1/step?step={step}").json()["steps"][0]["text"], text)
            begun = server.post("/v1/begin", {"task": HOSTILE[2]}).json()["episode"]
            for text in HOSTILE:
                answer = server.post("/v1/record", {"episode": begun, "tool": text[:50].strip() or "x",
                                                    "arguments": {text[:99]: text}, "result": text})
                self.assertEqual(answer.status, 200, answer)
            read = server.get(f"/v1/episode?space=work&episode={begun}&budget=200000&limit=1000").json()["steps"]
            self.assertEqual([s["parts"]["arguments"] for s in read if "arguments" in s.get("parts", {})],
                             [{text[:99]: text} for text in HOSTILE])
            self.assertEqual([s["parts"]["result"] for s in read if "result" in s.get("parts", {})], HOSTILE)
            self.assertEqual(server.post("/v1/imagine", {"task": HOSTILE[2], "situation": HOSTILE[0]}).status, 200)

    def test_mcp_over_http(self):
        with self.http() as server:
            def ask(method: str, modern: bool, **params) -> dict:
                message, headers = mcp_request(method, modern, **params)
                answer = server.post("/mcp", message, headers=headers.items())
                self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/json"), answer)
                return answer.json()["result"]

            for modern in (False, True):
                for text in HOSTILE:
                    done = ask("tools/call", modern, name="remember", arguments={"text": text, "tags": [text[:50]]})
                    told = done["structuredContent"]
                    self.assertEqual(json.loads(done["content"][0]["text"]), told)
                    uri = f"episodic://space/home/step/{told['step']}"
                    read = json.loads(ask("resources/read", modern, uri=uri)["contents"][0]["text"])
                    self.assertEqual(read["versions"][0]["text"], text[:8192])
                prompt = ask("prompts/get", modern, name="recall_for", arguments={"task": "instructions"})["messages"]
                self.assertFalse(any(text in prompt[0]["content"]["text"] for text in HOSTILE if len(text) > 3))
                self.assertIsInstance(json.loads(prompt[2]["content"]["resource"]["text"]), dict)

    def test_errors_on_stdio(self):
        for modern in (False, True):
            with self.stdio(modern=modern) as server:
                for text in HOSTILE + LONG:
                    for tool, arguments in (("recall", {"text": "x", "space": text[:250]}),
                                            ("recall", {"text": "x", "cursor": text}), ("recall", {text[:300]: 1}),
                                            ("remember", {"text": "x", "time": text}), ("stats", {"space": text}),
                                            ("remember", {"text": "x", "facts": [{text: "x"}]})):
                        self.line_is_sound(server.refusal(tool, **arguments))
                    for method, params in ((text, {}), ("tools/call", {"name": text}), ("prompts/get", {"name": text}),
                                           ("resources/read", {"uri": text}), ("tools/list", {"cursor": text}),
                                           ("prompts/get", {"name": "recall_for", "arguments": {"budget": text,
                                                                                                "task": "x"}})):
                        self.line_is_sound(server.request(method, **params)["error"]["message"])
                    versioned = {"_meta": {"io.modelcontextprotocol/protocolVersion": text or "x",
                                           "io.modelcontextprotocol/clientCapabilities": {}}}
                    error = server.request("tools/list", **versioned)["error"]
                    self.assertEqual((error["code"], error["data"]["requested"]), (-32022, text))
                    self.line_is_sound(error["message"])
                    server.send({"jsonrpc": "2.0", "id": text, "method": "nothing"})
                    self.assertEqual(server.read()["id"], text)

    def test_errors_over_http(self):
        with self.http() as server:
            for text in HOSTILE + LONG:
                for path, body in (("/v1/recall", {"text": "x", "space": text[:250]}), ("/v1/recall", {text[:300]: 1}),
                                   ("/v1/recall", {"text": "x", "cursor": text}), ("/v1/stats", {"space": text}),
                                   ("/v1/remember", {"text": "x", "time": text}),
                                   ("/v1/transitions_create", {"space": "t", "observation": {"shape": [1],
                                                                                             "dtype": text}}),
                                   ("/v1/replay_open", {"space": text}), ("/v1/" + quote(text[:500], safe=""), {}),
                                   ("/search", {"query": "x", "user_id": text, "top_k": text}),
                                   ("/v1/replay/sample?replay=1&columns=" + quote(text[:500]), {})):
                    answer = server.post(path, body)
                    self.assertGreaterEqual(answer.status, 400, (path, answer))
                    self.assertEqual(answer.headers["content-type"], "application/problem+json", path)
                    self.line_is_sound(answer.json()["detail"])
                for path in ("/v1/recall?text=x&space=", "/v1/recall?text=x&limit=", "/v1/recall?text=x&from=",
                             "/memories/", "/v1/events?space=", "/nothing/"):
                    answer = server.get(path + quote(text[:500], safe=""))
                    self.assertGreaterEqual(answer.status, 400, (path, answer))
                    self.line_is_sound(answer.json()["detail"])
                for modern in (False, True):
                    for method, params in (("tools/call", {"name": "stats", "arguments": {"space": text}}),
                                           ("prompts/list", {"cursor": text})):
                        message, headers = mcp_request(method, modern, **params)
                        self.assertEqual(server.post("/mcp", message, headers=headers.items()).json()["id"], 1)

    def test_the_official_servers_tools(self):
        with self.stdio("--as", "memory") as server:
            names = [text[:200] for text in HOSTILE if text.strip()]
            server.call("create_entities", entities=[{"name": name, "entityType": name, "observations": [name]}
                                                     for name in names])
            server.call("create_relations", relations=[{"from": name, "to": names[0], "relationType": name}
                                                       for name in names])
            graph = server.call("read_graph")
            self.assertEqual({entity["name"] for entity in graph["entities"]}, set(names))
            self.assertEqual({entity["observations"][0] for entity in graph["entities"]}, set(names))
            self.assertEqual({relation["relationType"] for relation in graph["relations"]}, set(names))
            for name in names:
                opened = server.call("open_nodes", names=[name])["entities"]
                self.assertEqual([entity["entityType"] for entity in opened], [name])
                self.assertIsInstance(server.call("search_nodes", query=name)["entities"], list)
            self.assertEqual(server.notes, [])

    def test_mem0s_routes(self):
        with self.http() as server:
            for text in HOSTILE:
                if not text.strip():
                    continue
                whose = {"user_id": text[:30], "metadata": {text[:40]: text}}
                added = server.post("/memories", {"messages": [{"role": "user", "content": text}], **whose})
                self.assertEqual(added.status, 200, added)
                memory_id = added.json()["results"][0]["id"]
                one = server.get("/memories/" + quote(memory_id, safe="")).json()
                self.assertEqual((one["memory"], one["user_id"], one["metadata"]), (text, text[:30], {text[:40]: text}))
                listed = server.get("/memories?user_id=" + quote(text[:30], safe="")).json()["results"]
                self.assertIn(text, [memory["memory"] for memory in listed])
                found = server.post("/search", {"query": text[:500], "user_id": text[:30]})
                self.assertEqual(found.status, 200, found)

    def test_events(self):
        """A line break in what is told would begin another field, and two another event."""
        with self.http() as server:
            for text in HOSTILE:
                name = text[:60]
                if server.post("/v1/remember", {"text": "x", "space": name}).status != 200:
                    continue  # no name of a space
                connection = server.connect()
                connection.request("GET", "/v1/events?space=" + quote(name, safe=""))
                stream = connection.getresponse()
                lines = [stream.readline() for _ in range(4)]
                self.assertEqual([line.split(b":")[0] for line in lines], [b"id", b"event", b"data", b"\n"], lines)
                self.assertEqual(json.loads(lines[2][6:])["space"], name)
                connection.close()

    def test_headers(self):
        known = {"date", "connection", "content-length", "content-type", "x-content-type-options", "allow",
                 "www-authenticate", "retry-after", "content-security-policy", "etag", "cache-control",
                 "referrer-policy", "x-frame-options"}
        with self.http(token=TOKEN) as server:
            for text in HOSTILE + ["\r\nX-Evil: 1\r\n\r\n<html>", "\nSet-Cookie: a=b"]:
                for path in ("/", "/v1/", "/v1/recall?text=x&space=", "/memories/", "/v1/events?space="):
                    for method in ("GET", "DELETE"):
                        answer = server.ask(method, path + quote(text[:300], safe=""))
                        self.assertEqual(set(answer.headers) - known, set(), (method, path, text))

    def test_nothing_stored_gets_into_what_is_constant(self):
        with self.http() as server, self.stdio() as line:
            def constant() -> list:
                return [server.get("/openapi.json").body, server.get("/").body] + [
                    line.result(method) for method in ("tools/list", "prompts/list", "resources/templates/list")]

            before = constant()
            for text in HOSTILE:
                server.post("/v1/remember", {"text": text, "tags": [text[:50]], "role": text[:50]})
                server.post("/v1/remember", {"text": text, "space": text[:60]})
            self.assertEqual(constant(), before)
            shown = server.get("/metrics").body.decode()
            for text in HOSTILE:
                if len(text) > 6 and text.strip() != "null":
                    self.assertNotIn(text[:30], shown)

    def test_the_servers_own_lines(self):
        """stderr is a terminal's, or a file that a terminal shows: what was given is quoted there with escapes."""
        nasty = ["\x1b[31mred\x1b[0m", "a\rb", "a\nb", "\u202eover", "\x9b31m", "\u2066x", "\x07", "\x7f",
                 "tag\U000e0041"]
        for text in nasty:
            for words in ((f"--{text}",), ("--rate", text, "--memory", "m"), ("--mcp", "--memory", f"/nowhere/{text}"),
                          ("--mcp", "--memory", self.memory, "--as", text), ("--http", text, "--memory", self.memory),
                          ("--http", f"{text}:80", "--memory", self.memory),
                          ("--http", "127.0.0.1:0", "--memory", self.memory, "--token-file", f"/nowhere/{text}")):
                done = subprocess.run([web.SERVER, *words], input=b"", capture_output=True, timeout=60, check=False)
                self.assertNotEqual(done.returncode, 0, words)
                said = done.stderr.decode()
                self.assertEqual(said.count("\n"), 1, (words, said))
                for character in said[:-1]:
                    self.assertTrue(character.isprintable(), (words, said))


class Network(Case):
    def listening(self, pid: int) -> list:
        """Addresses that a process listens on, from the kernel's tables."""
        sockets = set()
        for entry in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{entry}")
            except OSError:
                continue
            if target.startswith("socket:["):
                sockets.add(target[8:-1])
        found = []
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and fields[9] in sockets:
                    address, port = fields[1].split(":")
                    packed = b"".join(struct.pack("=I", int(address[i:i + 8], 16)) for i in range(0, len(address), 8))
                    family = socket.AF_INET if table == "tcp" else socket.AF_INET6
                    found.append((socket.inet_ntop(family, packed), int(port, 16)))
        return found

    def test_stdio_opens_no_socket(self):
        with self.stdio() as server:
            server.call("remember", text="We moved to Lisbon")
            pid = server.process.pid
            links = [os.readlink(f"/proc/{pid}/fd/{entry}") for entry in os.listdir(f"/proc/{pid}/fd")]
            self.assertEqual([link for link in links if link.startswith("socket:")], [])

    def test_loopback_by_default(self):
        """A port alone is one of 127.0.0.1."""
        for address in ("0", "127.0.0.1:0"):
            with self.http(address=address) as server:
                self.assertEqual(self.listening(server.process.pid), [("127.0.0.1", server.port)])
                self.assertEqual(server.get("/healthz").status, 200)

    def test_no_public_address_without_a_token(self):
        for address in ("0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0", "0:0", "255.255.255.255:0", "[fe80::1]:0",
                        "192.0.2.1:0"):
            done = subprocess.run([web.SERVER, "--memory", self.memory, "--http", address], capture_output=True,
                                  timeout=60, check=False,
                                  env={name: value for name, value in os.environ.items() if name != "EPISODIC_TOKEN"})
            self.assertEqual(done.returncode, 2, address)
            self.assertIn(b"cannot listen", done.stderr)

    def paths(self, server: web.Server) -> list:
        """(method, path) of all that there is, but for the page's files."""
        document = server.get("/openapi.json").json()["paths"]
        return [(method.upper(), path.replace("{id}", "x")) for path, methods in document.items() for method in methods
                if method in ("get", "post", "put", "delete")]

    def test_every_path_asks_who_it_is(self):
        with self.http(token=TOKEN) as server:
            seen = 0
            for method, path in self.paths(server):
                if path in ("/healthz", "/readyz", "/openapi.json"):
                    continue
                body = b"{}" if method in ("POST", "PUT") else None
                kind = web.COLUMNS if path in ("/v1/replay/append", "/v1/replay/update") else "application/json"
                for status, header, value in ((401, "Authorization", None), (401, "Authorization", "Bearer wrong"),
                                              (403, "Host", "evil.example"),
                                              (403, "Host", f"evil.example:{server.port}"), (403, "Origin", "null"),
                                              (403, "Origin", "http://evil.example")):
                    answer = server.ask(method, path, body, [("Content-Type", kind), (header, value)])
                    self.assertEqual(answer.status, status, (method, path, header, value))
                    seen += 1
            self.assertGreater(seen, 150)
            self.assertEqual(server.get("/v1/spaces").json()["spaces"], [])  # and nothing was done

    def test_every_path_has_a_cap(self):
        with self.http("--message-max", "65536") as server:
            for method, path in self.paths(server):
                if method not in ("POST", "PUT") or path.startswith("/v1/replay/") or path == "/v1/import":
                    continue  # files and blocks may be larger
                answer = server.ask(method, path, b" " * 65537, [("Content-Type", "application/json")])
                self.assertEqual(answer.status, 413, (method, path))
                connection = server.connect()  # and where no length was told
                connection.request(method, path, iter([b" " * 65537]), {"Content-Type": "application/json"},
                                   encode_chunked=True)
                self.assertEqual(connection.getresponse().status, 413, (method, path))
                connection.close()

    def test_half_a_line_holds_up_nothing(self):
        """Of one client there is one server: a line that never ends is not answered, and its end is the end."""
        with self.stdio("--message-max", "100000") as server:
            server.write(b'{"jsonrpc":"2.0","id":5,')
            time.sleep(0.1)
            server.write(b'"method":"ping"}\n')
            self.assertEqual(server.read()["id"], 5)
            server.write(b'{"jsonrpc":"2.0","id":6,"method":"ping"')
            server.process.stdin.close()
            self.assertEqual([json.loads(line)["error"]["code"] for line in server.process.stdout], [-32700])
            self.assertEqual(server.process.wait(30), 0)

    def test_half_open_connections_hold_up_no_mcp(self):
        with self.http() as server:
            host = b"Host: 127.0.0.1:%d\r\n" % server.port
            head = b"POST /mcp HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\n"
            ping = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
            halves = [head, head + b"Content-Length: 5000000\r\n\r\n" + b" " * 100000,
                      head + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", head + b"Content-Length: 5\r\n",
                      (head + b"Content-Length: %d\r\n\r\n" % len(ping) + ping) * 50]  # asks, and never reads
            links = []
            for i in range(100):
                link = socket.create_connection(("127.0.0.1", server.port))
                link.setblocking(False)
                try:
                    link.send(halves[i % len(halves)])
                except BlockingIOError:
                    pass
                links.append(link)
            took = []
            for _ in range(21):
                message, headers = mcp_request("tools/call", True, name="stats", arguments={})
                began = time.monotonic()
                self.assertEqual(server.post("/mcp", message, headers=headers.items()).status, 200)
                took.append(time.monotonic() - began)
            self.assertLess(sorted(took)[10], 0.1)
            for link in links:
                link.close()
            self.assertEqual(server.get("/healthz").status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
