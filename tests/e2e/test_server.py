"""test_server.py - `episodic-server --mcp` as a process: its command line, both eras, remembering and recalling."""

import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from mcp import MODERN, SERVER, Server  # noqa: E402


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="episodic-server-")
        self.addCleanup(self.folder.cleanup)
        self.memory = str(Path(self.folder.name) / "memory")

    def serve(self, *words: str, **options) -> Server:
        return Server(self.memory, "--space", "home", *words, **options)


class CommandLine(Case):
    def run_server(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([SERVER, *words], input=b"", capture_output=True, timeout=60, check=False)

    def test_help_and_version(self):
        self.assertIn(b"Examples:", self.run_server("--help").stdout)
        self.assertIn(b"episodic-server", self.run_server("--version").stdout)

    def test_wrong_words_are_told(self):
        for words, code, told in (((), 2, b"which memory"), (("--memory", self.memory), 2, b"--mcp"),
                                  (("--mcpp",), 2, b"--mcpp"), (("--rate", "many"), 2, b"number"),
                                  (("--http", "127.0.0.1:0", "--memory", self.memory, "--threads", "257"), 2, b"256"),
                                  (("--mcp", "--memory", "/nowhere/memory"), 3, b""),
                                  (("--mcp", "--read-only", "--memory", self.memory), 3, b"")):
            done = self.run_server(*words)
            self.assertEqual((done.returncode, done.stdout), (code, b""), words)
            self.assertIn(told, done.stderr)

    def test_the_end_of_the_input_ends_it(self):
        done = self.run_server("--mcp", "--memory", self.memory)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))


class Eras(Case):
    def test_legacy_opens_with_a_handshake(self):
        for asked, told in (("2025-11-25", "2025-11-25"), ("2024-11-05", "2024-11-05"), ("1999-01-01", "2025-11-25")):
            with Server(self.memory, modern=True) as server:
                server.modern = False
                result = server.result("initialize", protocolVersion=asked, capabilities={}, clientInfo={})
                self.assertEqual(result["protocolVersion"], told)
                self.assertEqual(server.result("ping"), {})
                self.assertNotIn("resultType", server.result("tools/list"))
                self.assertEqual(server.request("server/discover")["error"]["code"], -32602)

    def test_modern_requests_stand_by_themselves(self):
        with self.serve(modern=True) as server:
            found = server.result("server/discover")
            self.assertEqual(found["supportedVersions"], ["2026-07-28"])
            self.assertIn("tools", found["capabilities"])
            listed = server.result("tools/list")
            for result in (found, listed):
                self.assertEqual(result["resultType"], "complete")
                self.assertEqual(result["cacheScope"], "private")
                self.assertGreaterEqual(result["ttlMs"], 0)
                self.assertEqual(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "episodic-server")
            for method in ("ping", "logging/setLevel", "initialize/it"):
                self.assertEqual(server.request(method)["error"]["code"], -32601)

    def test_modern_requests_name_their_version(self):
        with self.serve(modern=True) as server:
            later = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2030-01-01"}}
            error = server.request("tools/list", **later)["error"]
            self.assertEqual((error["code"], error["data"]),
                             (-32022, {"supported": ["2026-07-28"], "requested": "2030-01-01"}))
            server.modern = False
            self.assertEqual(server.request("tools/list")["error"]["code"], -32602)
            version = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
            self.assertEqual(server.request("tools/list", _meta=version)["error"]["code"], -32602)

    def test_both_eras_in_one_process(self):
        with self.serve() as server:
            self.assertNotIn("resultType", server.result("tools/list"))
            self.assertIn("resultType", server.result("tools/list", _meta=MODERN))
            self.assertNotIn("resultType", server.result("tools/list"))


class Tools(Case):
    def test_what_was_remembered_is_recalled(self):
        for modern in (False, True):
            with self.serve(modern=modern) as server:
                step = server.call("remember", text="We moved to Lisbon last Friday.", role="user", tags=["home"],
                                   time="2026-11-17T10:04Z", id="first", metadata={"from": "test"})
                self.assertEqual((step["step"], step["episode"]), (1, 1))
                self.assertEqual(step["times"][0]["from"], "2026-11-13T00:00:00Z")
                found = server.call("recall", text="where do we live now?", explain=True)["memories"]
                self.assertEqual([(m["step"], m["role"], m["text"]) for m in found],
                                 [(1, "user", "We moved to Lisbon last Friday.")])
                self.assertAlmostEqual(sum(e["contribution"] for e in found[0]["evidence"]), found[0]["score"],
                                       places=5)
                self.assertEqual(found[0]["metadata"], {"from": "test"})
                self.assertEqual(server.call("stats")["space"]["steps"], 1)

    def test_pages_go_on_where_the_last_one_ended(self):
        with self.serve() as server:
            for i in range(25):
                server.call("remember", text=f"The {i}th parcel came.", time=f"2026-01-{i + 1:02}")
            steps, cursor = [], {}
            while True:
                page = server.call("recall", text="parcel", limit=10, margin=0, **cursor)
                steps += [m["step"] for m in page["memories"]]
                if "next_cursor" not in page:
                    break
                cursor = {"cursor": page["next_cursor"]}
            self.assertEqual(sorted(steps), list(range(1, 26)))
            self.assertIn("cursor", server.refusal("recall", text="letter", **cursor))
            self.assertIn("cursor", server.refusal("recall", text="parcel", cursor="made up"))

    def test_a_budget_cuts_between_memories_and_never_to_nothing(self):
        with self.serve() as server:
            for i in range(5):
                server.call("remember", text=f"Parcel {i}: " + "é" * 200)
            page = server.call("recall", text="parcel", budget=250, margin=0)
            self.assertEqual(len(page["memories"]), 2)
            page = server.call("recall", text="parcel", budget=16, margin=0)
            self.assertEqual((len(page["memories"]), page["memories"][0]["cut"]), (1, True))
            self.assertLessEqual(len(page["memories"][0]["text"].encode()), 64)

    def test_wrong_arguments_are_told_to_the_model(self):
        with self.serve() as server:
            for arguments, told in (({}, "text"), ({"text": 1}, "string"), ({"text": ""}, "empty"),
                                    ({"text": "x", "time": "yesterday"}, "time"), ({"text": "x", "tags": "a"}, "tags"),
                                    ({"text": "x", "supersedes": 0}, "at least 1"), ({"text": "x", "txet": 1}, "txet"),
                                    ({"text": "x", "episode": 99}, "episode"), ({"text": "x", "space": ""}, "empty")):
                self.assertIn(told, server.refusal("remember", **arguments), arguments)
            self.assertIn("elsewhere", server.refusal("recall", text="x", space="elsewhere"))
            self.assertEqual(server.request("tools/call", name="forgive")["error"]["code"], -32602)
            self.assertEqual(server.call("stats")["space"]["steps"], 0)

    def test_the_space_is_never_guessed(self):
        with Server(self.memory) as server:
            self.assertIn("which space", server.refusal("remember", text="x"))
            server.call("remember", text="x", space="a")
            self.assertEqual(server.call("recall", text="x", space="a")["space"], "a")
        with self.serve("--only") as server:
            self.assertIn("own spaces", server.refusal("recall", text="x", space="a"))

    def test_a_server_that_only_reads_changes_nothing(self):
        with self.serve() as server:
            server.call("remember", text="x")
        with self.serve("--read-only") as server:
            names = [tool["name"] for tool in server.result("tools/list")["tools"]]
            self.assertIn("recall", names)
            self.assertNotIn("remember", names)
            self.assertEqual(server.request("tools/call", name="remember", arguments={"text": "y"})["error"]["code"],
                             -32602)
            self.assertEqual(len(server.call("recall", text="x")["memories"]), 1)

    def test_the_rate_is_limited(self):
        with self.serve("--rate", "2") as server:
            lines = [server.result("tools/call", name="stats")["content"][0]["text"] for _ in range(6)]
            self.assertTrue(any("try again" in line for line in lines), lines)


class Upkeep(Case):
    def test_much_that_is_new_is_put_into_the_index_without_being_asked(self):
        with self.serve() as server:
            for i in range(1050):
                server.ask("tools/call", name="remember", arguments={"text": f"Parcel {i} came."})
                if i >= 100:
                    server.read()
            for _ in range(100):
                server.read()
            saved = Path(self.memory) / "cache"
            for _ in range(300):
                if saved.exists() and list(saved.glob("*.index")):
                    break
                time.sleep(0.1)
            self.assertTrue(list(saved.glob("*.index")))
            found = server.call("recall", text="parcel 1049", limit=1)["memories"]
            self.assertEqual(found[0]["text"], "Parcel 1049 came.")


if __name__ == "__main__":
    unittest.main(verbosity=2)
