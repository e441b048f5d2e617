"""test_server_http.py - `episodic-server --http` over real sockets: who is let in, what is refused and how, and that
nobody's bad manners hold up another. The table is RULES."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from web import SERVER, Server  # noqa: E402

TOKEN = "a-token-of-some-length"
JSON = ("Content-Type", "application/json")
BODY_MAX = 65536


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="episodic-http-")
        self.addCleanup(self.folder.cleanup)
        self.memory = str(Path(self.folder.name) / "memory")

    def serve(self, *words: str, **options) -> Server:
        server = Server(self.memory, "--space", "home", *words, **options)
        self.addCleanup(lambda: server.process.poll() is None and server.stop())
        return server


def rules(port: int):
    """(what it is, method, path, headers besides, body, expected status); the token is sent unless headers say else."""
    own, recall = f"127.0.0.1:{port}", '{"text":"Lisbon"}'
    foreign = [
        "http://evil.example", "https://evil.example", f"http://evil.example:{port}", "null", "", "http://",
        "http://localhost", f"http://localhost:{port + 1}", f"http://127.0.0.1.evil.example:{port}",
        f"http://evil.example/127.0.0.1:{port}", f"http://127.0.0.1:{port}.evil.example", "file://",
        f"http://user@127.0.0.1:{port}", f"ftp://127.0.0.1:{port}", f"http://10.0.0.1:{port}", "http://0.0.0.0",
    ]
    for origin in foreign:
        yield f"Origin {origin!r}", "POST", "/v1/recall", [JSON, ("Origin", origin)], recall, 403
    for origin in (f"http://127.0.0.1:{port}", f"http://localhost:{port}", f"http://LOCALHOST:{port}",
                   f"http://[::1]:{port}", f"https://localhost:{port}", "https://proxy.example",
                   "http://proxy.example:81", "http://other.example:82"):
        yield f"Origin {origin!r}", "POST", "/v1/recall", [JSON, ("Origin", origin)], recall, 200
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", "localhost:80",
                 f"127.0.0.1.evil.example:{port}", f"0.0.0.0:{port}", f"10.0.0.1:{port}", "other.example:83",
                 f"127.0.0.1:{port}:{port}", f"127.0.0.1:0{port}", "proxy.example.evil", "evil-proxy.example"):
        yield f"Host {host!r}", "GET", "/v1/recall?text=x", [("Host", host)], None, 403
    for host in (own, f"localhost:{port}", f"[::1]:{port}", "proxy.example", "PROXY.example:9", "other.example:82"):
        yield f"Host {host!r}", "GET", "/v1/recall?text=x", [("Host", host)], None, 200
    yield "foreign Host, open path", "GET", "/healthz", [("Host", "evil.example")], None, 403
    yield "foreign Origin, the page", "GET", "/", [("Origin", "http://evil.example")], None, 403

    for given in (None, "", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN.upper()}",
                  f"Basic {TOKEN}", TOKEN, f"Bearer x{TOKEN}", f"Bearer {TOKEN} {TOKEN}", f"Bearer\t{TOKEN}"):
        yield f"token {given!r}", "GET", "/v1/recall?text=x", [("Authorization", given)], None, 401
    for path in ("/v1/stats", "/v1/events", "/metrics", "/v1/spaces", "/v1/map"):
        yield f"no token, {path}", "GET", path, [("Authorization", None)], None, 401
    for path in ("/v1/recall", "/v1/remember", "/mcp"):
        yield f"no token, {path}", "POST", path, [JSON, ("Authorization", None)], recall, 401
    for path in ("/", "/page.js", "/healthz", "/readyz", "/openapi.json"):
        yield f"no token, open {path}", "GET", path, [("Authorization", None)], None, 200
    yield "the scheme without case", "GET", "/v1/stats", [("Authorization", f"bearer {TOKEN}")], None, 200
    yield "token in the query", "GET", f"/v1/stats?token={TOKEN}", [("Authorization", None)], None, 401

    for method, path, status in (
            ("DELETE", "/v1/recall", 405), ("PUT", "/v1/recall", 405), ("PATCH", "/v1/remember", 405),
            ("GET", "/v1/remember", 405), ("POST", "/healthz", 405), ("DELETE", "/mcp", 405), ("GET", "/mcp", 405),
            ("OPTIONS", "/v1/recall", 405), ("TRACE", "/v1/recall", 405), ("POST", "/", 404),
            ("GET", "/v1/nothing", 404), ("POST", "/v1/nothing", 404), ("GET", "/v1/", 404), ("GET", "/v1", 404),
            ("GET", "/../etc/passwd", 404), ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404), ("GET", "//", 404),
            ("GET", "/index.html%00.js", 400), ("GET", "/v1/stats/", 404), ("HEAD", "/healthz", 200)):
        body = recall if method in ("POST", "PUT", "PATCH") else None
        yield f"{method} {path}", method, path, [JSON], body, status

    for kind in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                 "application/jsonp", "application/vnd.episodic.columns"):
        yield f"type {kind!r}", "POST", "/v1/recall", [("Content-Type", kind)], recall, 415
    charset = [("Content-Type", "application/json; charset=utf-8")]
    yield "type with a charset", "POST", "/v1/recall", charset, recall, 200
    for body in ("", "{", "[]", "1", "null", '"x"', '{"text":"x"} x', '{"text":"\\u0000"}', '{"text":"x",}',
                 '{"text":"x"', "{'text':'x'}", '{"text":NaN}', b'{"text":"\xff\xfe"}', '{"a":' * 300 + "1" + "}" * 300,
                 '{"text":7}', '{"limit":0}', '{"limit":"many"}', '{"nothing":1}', '{"TEXT":"x"}'):
        yield f"body {body[:24]!r}", "POST", "/v1/recall", [JSON], body, 400
    yield "no such space", "POST", "/v1/recall", [JSON], '{"text":"x","space":"nowhere"}', 404
    yield "a time that is none", "POST", "/v1/recall", [JSON], '{"text":"x","from":"soon"}', (400, 422)
    yield "an empty cue", "POST", "/v1/recall", [JSON], "{}", (400, 422)
    yield "largest body", "POST", "/v1/recall", [JSON], recall + " " * (BODY_MAX - len(recall)), 200
    yield "a byte more", "POST", "/v1/recall", [JSON], recall + " " * (BODY_MAX - len(recall) + 1), 413
    yield "much more", "POST", "/v1/recall", [JSON], "x" * 3_000_000, 413
    yield "query: no such parameter", "GET", "/v1/recall?text=x&nothing=1", [], None, 400
    yield "query: a number that is none", "GET", "/v1/recall?text=x&limit=1e", [], None, 400
    yield "query: several", "GET", "/v1/recall?text=x&limit=2&explain=true&tags=a&tags=b", [], None, 200
    yield "many headers", "GET", "/healthz", [(f"X-{i}", "1") for i in range(70)], None, 431


class Rules(Case):
    def test_each_rule_has_its_status_and_a_problem_that_says_why(self):
        count = 0
        with self.serve("--allow-host", "proxy.example,other.example:82", "--message-max", str(BODY_MAX),
                        token=TOKEN) as server:
            self.assertEqual(server.post("/v1/remember", {"text": "We moved to Lisbon"}).status, 200)
            for name, method, path, headers, body, status in rules(server.port):
                with self.subTest(name):
                    answer = server.ask(method, path, body, headers)
                    self.assertIn(answer.status, status if isinstance(status, tuple) else (status,), answer)
                    if answer.status >= 400:
                        self.assertEqual(answer.headers["content-type"], "application/problem+json")
                        problem = answer.json()
                        self.assertEqual(problem["status"], answer.status)
                        self.assertTrue(problem["detail"])
                    self.assertNotIn("access-control-allow-origin", answer.headers)
                count += 1
            self.assertGreaterEqual(count, 60)
            self.assertEqual(server.stop(), 0)

    def test_some_statuses_bring_the_headers_that_belong_to_them(self):
        with self.serve("--rate", "1", token=TOKEN) as server:
            refused = server.get("/v1/stats", headers=[("Authorization", None)])
            self.assertIn("Bearer", refused.headers["www-authenticate"])
            self.assertEqual(server.ask("DELETE", "/v1/recall").headers["allow"], "GET, POST")
            answers = [server.get("/v1/stats") for _ in range(4)]
            self.assertEqual(answers[-1].status, 429)
            self.assertGreaterEqual(int(answers[-1].headers["retry-after"]), 1)
            self.assertIn("default-src 'none'", server.get("/").headers["content-security-policy"])

    def test_bytes_that_are_no_http_or_say_two_things_are_refused(self):
        with self.serve() as server:
            host = b"Host: 127.0.0.1:%d\r\n" % server.port
            for text, expected in (
                    (b"GET /healthz HTTP/1.1\r\n\r\n", b"400"),
                    (b"GET /healthz HTTP/1.1\r\n" + host + host + b"\r\n", b"400"),
                    (b"GET /healthz HTTP/1.1\r\n" + host + b"Host: evil.example\r\n\r\n", b"400"),
                    (b"GET /healthz HTTP/1.1\r\n" + host + b"Origin: http://a\r\nOrigin: http://b\r\n\r\n", b"400"),
                    (b"POST /v1/recall HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\nContent-Length: 2\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
                    (b"POST /v1/recall HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\n"
                     b"Content-Length: -1\r\n\r\n", b"4"),
                    (b"POST /v1/recall HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\n"
                     b"Content-Length: 99999999999999999999\r\n\r\n", b"4"),
                    (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n" + host + b"\r\n", b"4"),
                    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\r\n\r\n", b"4"),
                    (b"\r\n" * 10 + b"nonsense\r\n\r\n", b"4")):
                with self.subTest(text[:60]):
                    got = server.raw(text)
                    self.assertTrue(got == b"" or got.split(b" ")[1].startswith(expected), got[:200])
                    self.assertEqual(server.get("/healthz").status, 200)

    def test_a_chunked_body_is_read_and_has_the_same_limit(self):
        with self.serve("--message-max", str(BODY_MAX)) as server:
            server.post("/v1/remember", {"text": "We moved to Lisbon"})
            head = [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]
            for size, status in ((10, 200), (BODY_MAX, 413), (BODY_MAX * 5, 413)):
                pieces = iter([b'{"text":"Lisbon"}', b" " * size])
                connection = server.connect()
                connection.request("POST", "/v1/recall", pieces, dict(head), encode_chunked=True)
                self.assertEqual(connection.getresponse().status, status)
                connection.close()


class Tokens(Case):
    def run_server(self, *words: str, token: str = "") -> subprocess.CompletedProcess:
        environment = {"EPISODIC_TOKEN": token} if token else {}
        return subprocess.run([SERVER, "--memory", self.memory, *words], capture_output=True, timeout=60, check=False,
                              env=environment)

    def test_no_address_that_others_reach_without_a_token(self):
        for address in ("0.0.0.0:0", "[::]:0"):
            done = self.run_server("--http", address)
            self.assertEqual(done.returncode, 2, address)
            self.assertIn(b"token", done.stderr)

    def test_addresses_that_are_none(self):
        for address in ("127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:http", "nowhere.invalid:80", "127.0.0.1:70000"):
            self.assertEqual(self.run_server("--http", address).returncode, 2, address)

    def test_tokens_that_are_none(self):
        path = Path(self.folder.name) / "token"
        for text in ("", "\n", "short", "with a blank in it, long", "x" * 2000 + " "):
            path.write_text(text)
            done = self.run_server("--http", "127.0.0.1:0", "--token-file", str(path))
            self.assertEqual(done.returncode, 2, text[:20])
        self.assertEqual(self.run_server("--http", "127.0.0.1:0", token="short").returncode, 2)
        self.assertEqual(self.run_server("--http", "127.0.0.1:0", "--token-file", "/nowhere").returncode, 2)

    def test_a_token_from_a_file_opens_and_other_machines_may_be_served(self):
        path = Path(self.folder.name) / "token"
        path.write_text(TOKEN + "\n")
        with self.serve("--token-file", str(path), address="0.0.0.0:0") as server:
            self.assertEqual(server.get("/v1/spaces").status, 401)
            server.token = TOKEN
            self.assertEqual(server.get("/v1/spaces").status, 200)
            arguments = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
            self.assertNotIn(TOKEN.encode(), arguments)


class Manners(Case):
    def times(self, server: Server, count: int) -> list:
        took = []
        for _ in range(count):
            began = time.monotonic()
            self.assertEqual(server.get("/v1/recall?text=Lisbon").status, 200)
            took.append(time.monotonic() - began)
        return sorted(took)

    def test_a_hundred_half_open_connections_hold_up_nobody(self):
        with self.serve() as server:
            server.post("/v1/remember", {"text": "We moved to Lisbon"})
            host = b"Host: 127.0.0.1:%d\r\n" % server.port
            halves = [b"", b"G", b"GET /v1/stats HTTP/1.1\r\n", b"GET /v1/stats HTTP/1.1\r\n" + host,
                      b"POST /v1/recall HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\n"
                      b"Content-Length: 1000\r\n\r\n{"]
            links = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
            for i, link in enumerate(links):
                link.sendall(halves[i % len(halves)])
            self.assertLess(self.times(server, 21)[10], 0.1)  # the median: the machine has other work too
            for link in links:
                link.close()
            self.assertEqual(server.get("/healthz").status, 200)

    def test_who_sends_a_request_too_slowly_is_cut_off(self):
        with self.serve("--request-seconds", "1") as server:
            link = socket.create_connection(("127.0.0.1", server.port))
            link.settimeout(15)
            began = time.monotonic()
            try:
                for _ in range(100):  # a byte now and then: never silent, never done
                    link.sendall(b"G")
                    time.sleep(0.1)
                ended = False
            except OSError:
                ended = True
            self.assertTrue(ended)
            self.assertLess(time.monotonic() - began, 8)
            link.close()
            self.assertIn("episodic_http_late_total 1", server.get("/metrics").body.decode())

    def test_a_connection_serves_many_requests_one_after_the_other(self):
        with self.serve() as server:
            server.post("/v1/remember", {"text": "We moved to Lisbon"})
            connection = server.connect()
            for i in range(50):
                path, status = (("/v1/recall?text=Lisbon", 200), ("/v1/nothing", 404))[i % 2]
                self.assertEqual(server.get(path, connection=connection).status, status)
            self.assertEqual(server.post("/v1/recall", {"text": 7}, connection=connection).status, 400)
            self.assertEqual(server.post("/v1/nothing", {"text": "x"}, connection=connection).status, 404)
            self.assertEqual(server.get("/healthz", connection=connection).status, 200)
            connection.close()
            both = b"".join(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (path, server.port)
                            for path in (b"/v1/recall?text=Lisbon", b"/healthz"))
            with socket.create_connection(("127.0.0.1", server.port), 10) as link:
                link.sendall(both)
                got = b""
                while got.count(b"HTTP/1.1 200") < 2:
                    piece = link.recv(65536)
                    self.assertTrue(piece, got)
                    got += piece
            self.assertLess(got.index(b"memories"), got.index(b'"ok"'))


class MannersOnOneProcessor(Manners):
    """The same where brief reads are answered by the thread that reads and sends."""

    def setUp(self):
        super().setUp()
        processors = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(processors)})
        self.addCleanup(os.sched_setaffinity, 0, processors)


class Stopping(Case):
    def test_what_was_acknowledged_under_load_is_there_afterwards(self):
        server = self.serve()
        acknowledged, refused = [], []

        def write(number: int) -> None:
            connection = server.connect()
            for i in range(1000):
                text = f"note {number} {i}"
                try:
                    answer = server.post("/v1/remember", {"text": text, "id": text}, connection=connection)
                except OSError:
                    return
                except Exception:  # http.client's own: the connection ended
                    return
                (acknowledged if answer.status == 200 else refused).append((text, answer.status))

        threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(1.0)
        self.assertEqual(server.stop(), 0)
        for thread in threads:
            thread.join(30)
        self.assertGreater(len(acknowledged), 8)
        self.assertEqual({status for _, status in refused} - {503}, set())
        with self.serve() as again:
            stats = again.get("/v1/stats").json()["space"]
            self.assertGreaterEqual(stats["steps"], len(acknowledged))
            texts, first = set(), 0
            while True:
                page = again.get(f"/v1/episode?episode=1&first={first}&limit=1000").json()
                texts |= {step["text"] for step in page["steps"]}
                if "next" not in page:
                    break
                first = page["next"]
            self.assertEqual([text for text, _ in acknowledged if text not in texts], [])

    def test_two_servers_on_one_memory_lose_nothing(self):
        with self.serve() as one, self.serve() as other:
            def write(server: Server, number: int) -> None:
                for i in range(25):
                    self.assertEqual(server.post("/v1/remember", {"text": f"note {number} {i}"}).status, 200)

            threads = [threading.Thread(target=write, args=(server, i)) for i, server in
                       enumerate((one, other, one, other))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            for server in (one, other):
                self.assertEqual(server.get("/v1/stats").json()["space"]["steps"], 100)
                self.assertEqual(len(server.get("/v1/recall?text=note&limit=100").json()["memories"]), 100)


if __name__ == "__main__":
    unittest.main()
