"""test_server_mem0.py - mem0's routes, asked the way its clients ask: whose is what, ids that stay, history."""

import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from web import Server  # noqa: E402


class Mem0(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="episodic-mem0-")
        self.addCleanup(folder.cleanup)
        self.memory = str(Path(folder.name) / "memory")
        self.server = Server(self.memory)
        self.addCleanup(lambda: self.assertEqual(self.server.stop(), 0, self.server.said))

    def add(self, *texts: str, **whose) -> list:
        answer = self.server.post("/memories", {"messages": [{"role": "user", "content": text} for text in texts],
                                                **whose})
        self.assertEqual(answer.status, 200, answer)
        return [result["id"] for result in answer.json()["results"]]

    def texts(self, path: str) -> list:
        answer = self.server.get(path)
        self.assertEqual(answer.status, 200, answer)
        return [result["memory"] for result in answer.json()["results"]]

    def search(self, query: str, **whose) -> list:
        answer = self.server.post("/search", {"query": query, **whose})
        self.assertEqual(answer.status, 200, answer)
        return [result["memory"] for result in answer.json()["results"]]

    def test_what_was_added_is_found_listed_and_read(self):
        answer = self.server.post("/memories", {
            "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "I moved to Lisbon"},
                         {"role": "assistant", "content": "How is it there?"}],
            "user_id": "alice", "metadata": {"source": "chat", "n": [1, 2]}})
        added = answer.json()["results"]
        self.assertEqual([(a["memory"], a["event"]) for a in added],
                         [("I moved to Lisbon", "ADD"), ("How is it there?", "ADD")])
        one = self.server.get("/memories/" + added[0]["id"]).json()
        self.assertEqual((one["memory"], one["role"], one["user_id"], one["metadata"], one["updated_at"]),
                         ("I moved to Lisbon", "user", "alice", {"source": "chat", "n": [1, 2]}, None))
        self.assertEqual(self.texts("/memories?user_id=alice"), ["How is it there?", "I moved to Lisbon"])
        found = self.server.post("/search", {"query": "Lisbon", "user_id": "alice"}).json()["results"]
        self.assertEqual((found[0]["id"], found[0]["score"] > 0), (added[0]["id"], True))
        self.assertEqual(self.search("Lisbon", filters={"user_id": "alice"})[0], "I moved to Lisbon")

    def test_nobody_reads_another_ones(self):
        names = ["alice", "ALICE", "alice ", "ali.ce", "a/b", "a/b/history", "..", "ä€𝄞", "user:alice", "a_2Eb", "%2e",
                 "*"]
        ids = {name: self.add(f"the word of {name} is secret {i}", user_id=name)[0] for i, name in enumerate(names)}
        self.assertEqual(len(set(ids.values())), len(names))
        for i, name in enumerate(names):
            self.assertEqual(self.search("secret word", user_id=name), [f"the word of {name} is secret {i}"])
            self.assertEqual(self.texts(f"/memories?user_id={quote(name, safe='')}"),
                             [f"the word of {name} is secret {i}"])
            self.assertEqual(self.server.get("/memories/" + ids[name]).json()["user_id"], name)
        self.assertEqual(self.search("secret word", agent_id="alice"), [])

    def test_agents_and_runs_narrow_it(self):
        self.add("on the first run", user_id="alice", run_id="1")
        self.add("on the second run", user_id="alice", run_id="2", agent_id="x")
        self.assertEqual(self.search("run", user_id="alice", run_id="1"), ["on the first run"])
        self.assertEqual(self.texts("/memories?user_id=alice&agent_id=x"), ["on the second run"])
        self.assertEqual(len(self.texts("/memories?user_id=alice")), 2)
        self.assertEqual(self.texts("/memories?user_id=alice&limit=1"), ["on the second run"])

    def test_an_update_keeps_the_id_and_is_told_by_the_history(self):
        id = self.add("I live in Porto", user_id="alice", metadata={"a": 1})[0]
        for text in ("I live in Lisbon", "I live in Faro"):
            self.assertEqual(self.server.ask("PUT", "/memories/" + id, {"text": text}).status, 200)
        one = self.server.get("/memories/" + id).json()
        self.assertEqual((one["id"], one["memory"], one["metadata"]), (id, "I live in Faro", {"a": 1}))
        self.assertGreater(one["updated_at"], one["created_at"])
        self.assertEqual(self.texts("/memories?user_id=alice"), ["I live in Faro"])
        found = self.server.post("/search", {"query": "where do I live", "user_id": "alice"}).json()["results"]
        self.assertEqual([(f["id"], f["memory"]) for f in found], [(id, "I live in Faro")])
        self.assertEqual(self.server.ask("DELETE", "/memories/" + id).status, 200)
        history = self.server.get(f"/memories/{id}/history").json()
        self.assertEqual([(h["event"], h["old_memory"], h["new_memory"]) for h in history], [
            ("ADD", None, "I live in Porto"), ("UPDATE", "I live in Porto", "I live in Lisbon"),
            ("UPDATE", "I live in Lisbon", "I live in Faro"), ("DELETE", "I live in Faro", None)])
        self.assertEqual(self.server.get("/memories/" + id).status, 404)
        self.assertEqual(self.server.ask("PUT", "/memories/" + id, {"text": "x"}).status, 404)
        self.assertEqual(self.texts("/memories?user_id=alice"), [])

    def test_deleting_all_of_a_run_leaves_the_others(self):
        self.add("one", "two", user_id="alice", run_id="1")
        self.add("three", user_id="alice", run_id="2")
        self.add("four", user_id="bob")
        self.assertEqual(self.server.ask("DELETE", "/memories?user_id=alice&run_id=1").status, 200)
        self.assertEqual(self.texts("/memories?user_id=alice"), ["three"])
        self.assertEqual(self.server.ask("DELETE", "/memories?user_id=alice").status, 200)
        self.assertEqual((self.texts("/memories?user_id=alice"), self.texts("/memories?user_id=bob")), ([], ["four"]))

    def test_a_hash_tells_whether_a_text_has_changed(self):
        ids = self.add("I live in Porto", "I live in Porto", "I live in Faro", user_id="alice")
        hashes = [self.server.get("/memories/" + id).json()["hash"] for id in ids]
        self.assertRegex(hashes[0], "^[0-9a-f]{32}$")
        self.assertEqual((hashes[0] == hashes[1], hashes[0] == hashes[2]), (True, False))
        self.server.ask("PUT", "/memories/" + ids[0], {"text": "I live in Faro"})
        self.assertEqual(self.server.get("/memories/" + ids[0]).json()["hash"], hashes[2])

    def test_a_reset_forgets_all_where_it_is_allowed(self):
        self.add("one", user_id="alice", run_id="1")
        self.add("two", agent_id="x")
        self.server.post("/v1/remember", {"text": "three", "space": "home"})
        answer = self.server.ask("POST", "/reset")
        self.assertEqual((answer.status, "--allow-reset" in answer.json()["detail"]), (403, True))
        self.assertEqual(self.texts("/memories?user_id=alice"), ["one"])
        self.assertEqual(self.server.stop(), 0)
        with Server(self.memory, "--allow-reset", "--read-only") as reader:
            self.assertEqual(reader.ask("POST", "/reset").status, 403)
        self.server = Server(self.memory, "--allow-reset")
        self.assertEqual(self.server.get("/reset").status, 405)
        answer = self.server.ask("POST", "/reset")
        self.assertEqual((answer.status, answer.json()), (200, {"message": "All memories reset"}))
        self.assertEqual((self.texts("/memories?user_id=alice"), self.texts("/memories?agent_id=x")), ([], []))
        kept = self.server.post("/v1/recall", {"text": "three", "space": "home"}).json()["memories"]
        self.assertEqual([m["text"] for m in kept], ["three"])

    def test_what_is_wrong_is_told(self):
        post, message = self.server.post, [{"role": "user", "content": "x"}]
        for body in ({"messages": message}, {"messages": message, "user_id": ""}, {"user_id": "a"}, {},
                     {"messages": [], "user_id": "a"}, {"messages": "x", "user_id": "a"},
                     {"messages": [{"role": "user"}], "user_id": "a"},
                     {"messages": [{"role": "user", "content": ["x"]}], "user_id": "a"}):
            self.assertEqual(post("/memories", body).status, 400, body)
        self.assertEqual(post("/memories", {"messages": message, "user_id": "x" * 251}).status, 422)
        for body in ({"query": "x"}, {"user_id": "a"}, {"query": 1, "user_id": "a"},
                     {"query": "x", "user_id": "a", "limit": 0}):
            self.assertEqual(post("/search", body).status, 400, body)
        for path in ("/memories/1", "/memories/x.y", "/memories/.1", "/memories/user_3Aalice.0", "/memories/a_.1",
                     "/memories/a_00b.1", "/memories/user_3Anobody.1", "/memories/user_3Aalice.99999999999999999999",
                     "/memories//history"):
            self.assertEqual(self.server.get(path).status, 404, path)
        self.assertEqual(self.server.get("/memories").status, 400)
        self.assertEqual(self.server.ask("DELETE", "/memories").status, 400)
        self.assertEqual(self.server.ask("PATCH", "/memories").status, 405)

    def test_a_server_for_reading_changes_nothing(self):
        id = self.add("one", user_id="alice")[0]
        with Server(self.memory, "--read-only") as reader:
            self.assertEqual(reader.get("/memories/" + id).json()["memory"], "one")
            refused = [reader.post("/memories", {"messages": [{"role": "user", "content": "x"}], "user_id": "alice"}),
                       reader.ask("PUT", "/memories/" + id, {"text": "x"}), reader.ask("DELETE", "/memories/" + id),
                       reader.ask("DELETE", "/memories?user_id=alice")]
            self.assertEqual([answer.status for answer in refused], [403] * 4)


if __name__ == "__main__":
    unittest.main()
