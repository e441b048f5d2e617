"""test_server_whole.py - what else of the library there is over HTTP: spaces made and dropped, removing for good,
upkeep, checking, compacting, vectors, times, events, files in and out."""

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import columns  # noqa: E402
from web import Server  # noqa: E402

CLI = os.environ["EPISODIC_CLI"]
LINES = [("Content-Type", "application/jsonl")]


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="episodic-whole-")
        self.addCleanup(self.folder.cleanup)
        self.memory = str(Path(self.folder.name) / "memory")
        self.server = self.serve()

    def serve(self, *words: str) -> Server:
        server = Server(self.memory, "--space", "home", *words)
        self.addCleanup(lambda: self.assertEqual(server.stop(), 0, server.said))
        return server

    def ask(self, operation: str, status: int = 200, server=None, **arguments) -> dict:
        answer = (server or self.server).post(f"/v1/{operation}", arguments)
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    def remember(self, *texts: str, **more) -> list:
        return [self.ask("remember", text=text, **more)["step"] for text in texts]

    def cli(self, *words: str, text: bytes = b"") -> bytes:
        done = subprocess.run([CLI, *words], input=text, capture_output=True, timeout=60, check=True,
                              env={**os.environ, "EPISODIC_MEMORY": self.memory})
        return done.stdout


class Spaces(Case):
    def test_a_space_is_made_and_dropped(self):
        for preset in ("conversation", "trajectory", "events"):
            for _ in range(2):  # the second time it is there
                self.assertEqual(self.ask("space_create", space=preset, preset=preset), {"space": preset})
        self.ask("space_create", 409, space="events", preset="trajectory")
        self.remember("one", "two", space="conversation")
        listed = {space["name"]: space["preset"] for space in self.server.get("/v1/spaces").json()["spaces"]}
        self.assertEqual(listed, {name: name for name in ("conversation", "trajectory", "events")})
        self.assertEqual(self.ask("space_drop", space="conversation"),
                         {"space": "conversation", "steps": 2, "done": False})
        self.ask("space_drop", 409, space="conversation", confirm="conversatio")
        self.assertEqual(self.ask("stats", space="conversation")["space"]["steps"], 2)
        self.assertTrue(self.ask("space_drop", space="conversation", confirm="conversation")["done"])
        self.ask("stats", 404, space="conversation")
        self.ask("space_drop", 404, space="conversation", confirm="conversation")
        self.ask("space_create", space="conversation")  # anew, and empty
        self.assertEqual(self.ask("stats", space="conversation")["space"]["steps"], 0)

    def test_a_profile_is_set(self):
        self.remember("one")
        self.assertEqual(self.ask("profile_set", profile="documents")["profile"], "documents")
        self.assertEqual(self.ask("stats")["space"]["profile"], "documents")
        self.assertNotEqual(self.ask("profile_set", profile="auto")["profile"], "auto")
        self.ask("profile_set", 400, profile="diary")

    def test_encoders_are_told(self):
        self.remember("one", "two")
        serving = self.server.get("/v1/encoders").json()["serving"]
        self.assertEqual((serving["name"], serving["vectors"], serving["ready"]), ("hash", 2, True))

    def test_transitions_are_limited(self):
        self.ask("transitions_create", space="walk", observation={"shape": [1]}, action={"dtype": "i32"})
        self.ask("transitions_limit", space="walk", max_steps=10)
        rows = 25
        block = columns.pack(rows, {"observation": ("f32", (1,), [0.0] * rows), "action": ("i32", (), [1] * rows),
                                    "reward": ("f32", (), [0.0] * rows), "terminated": ("bool", (), [False] * rows),
                                    "truncated": ("bool", (), [False] * rows)})
        answer = self.server.post("/v1/replay/append?space=walk", block, headers=[("Content-Type", columns.TYPE)])
        self.assertEqual(answer.json(), {"appended": rows})
        self.assertEqual([s["steps"] for s in self.server.get("/v1/spaces").json()["spaces"]], [10])
        self.remember("x")
        refused = self.ask("transitions_limit", 409, space="home", max_steps=1)
        self.assertEqual(refused["type"], "urn:episodic:status:EPI_ESCHEMA")


class Keeping(Case):
    def bytes_of_the_memory(self) -> bytes:
        return b"".join(path.read_bytes() for path in Path(self.memory).rglob("*") if path.is_file())

    def test_what_is_removed_is_gone_for_good(self):
        ids = self.remember("the secret is xyzzyplugh", "something else", "another matter")
        self.ask("remove", 400)  # a filter that names nothing
        first = self.ask("remove", steps=ids[:1])
        self.assertEqual((first["done"], first["confirm"]), (False, 1))
        self.ask("remove", 409, steps=ids[:2], confirm=1)
        self.assertEqual(self.ask("stats")["space"]["steps"], 3)
        self.assertEqual(self.ask("remove", steps=ids[:1], confirm=1, purge=True), {"space": "home", "done": True,
                                                                                   "steps": 1})
        self.ask("step", 410, step=ids[0])
        self.ask("restore", steps=ids[:1])
        self.assertEqual(self.ask("stats")["space"]["steps"], 2)
        self.assertNotIn(b"xyzzyplugh", self.bytes_of_the_memory())
        self.assertTrue(self.ask("remove", steps=ids[1:2], confirm=1)["done"])
        self.assertGreater(self.ask("compact")["file_bytes"], 0)
        self.assertNotIn(b"something else", self.bytes_of_the_memory())
        self.assertEqual(self.ask("recall", text="matter")["memories"][0]["step"], ids[2])

    def test_upkeep_and_check(self):
        self.remember(*(f"parcel {i}" for i in range(30)))
        report = self.ask("upkeep", seconds=30)
        self.assertEqual((report["complete"], report["sealed"]), (True, 30))
        self.assertEqual(self.ask("upkeep")["sealed"], 0)
        sound = self.server.get("/v1/check").json()
        self.assertEqual((sound["count"], sound["violations"]), (0, []))
        self.assertGreater(sound["records"], 30)

    def test_who_may_not(self):
        self.remember("one")
        with Server(self.memory, "--space", "home", "--only") as only:
            for operation in ("check", "compact"):
                self.ask(operation, 403, only)
            self.ask("space_create", 403, only, space="other")
            self.assertEqual(only.ask("POST", "/v1/import?space=home", b"", LINES).status, 403)
            self.assertEqual(only.get("/v1/export?space=other").status, 403)
            self.assertEqual(only.get("/v1/export").status, 200)
        with Server(self.memory, "--read-only") as reader:
            for operation, arguments in (("space_create", {"space": "x"}), ("remove", {"steps": [1]}), ("compact", {}),
                                         ("space_drop", {"space": "home", "confirm": "home"}), ("upkeep", {})):
                self.ask(operation, 403, reader, **arguments)
            self.assertEqual(reader.ask("POST", "/v1/import?space=home", b"", LINES).status, 403)
            self.assertEqual(reader.get("/v1/check").json()["count"], 0)


class Finding(Case):
    def test_by_an_id_of_ones_own(self):
        step = self.remember("one", id="mine/1")[0]
        self.assertEqual(self.server.get("/v1/lookup?id=mine/1").json(), {"space": "home", "step": step})
        self.ask("lookup", 404, id="yours")

    def test_vectors(self):
        ids = self.remember("We moved to Lisbon", "We moved to Lisbon last year", "Nothing of the kind")
        vector = self.server.get(f"/v1/vector?step={ids[0]}").json()["vector"]
        self.assertAlmostEqual(sum(x * x for x in vector), 1.0, places=4)
        for arguments in ({"vector": vector}, {"step": ids[0]}):
            near = self.ask("nearest", limit=2, **arguments)["steps"]
            self.assertEqual([n["step"] for n in near], ids[:2])
            self.assertAlmostEqual(near[0]["similarity"], 1.0, places=3)
        for wrong in ({}, {"vector": vector, "step": 1}, {"vector": []}, {"vector": ["x"]}):
            self.ask("nearest", 400, **wrong)
        self.assertEqual(self.server.post("/v1/nearest", {"vector": [1.0, 2.0]}).status, 422)
        self.assertEqual(self.server.post("/v1/nearest", {"vector": [1e300] * len(vector)}).status, 422)
        self.ask("vector", 404, step=99)

    def test_times_of_a_text(self):
        told = self.ask("times", text="We met last Friday, and in 2022.", time="2026-11-17T10:00Z")["times"]
        self.assertEqual([(t["words"], t["from"]) for t in told],
                         [("last Friday", "2026-11-13T00:00:00Z"), ("in 2022", "2022-01-01T00:00:00Z")])
        self.assertEqual(self.ask("times", text="nothing")["times"], [])

    def test_a_context_for_a_prompt(self):
        ids = self.remember("We moved to Lisbon", *(f"The weather is number {i}" for i in range(50)))
        told = self.ask("context", text="where did we move?", budget=60)
        self.assertIn("We moved to Lisbon", told["context"])
        self.assertIn(ids[0], told["steps"])
        self.assertLess(len(told["steps"]), 20)


class Events(Case):
    def store(self, events: list) -> None:
        """Steps of any roles come in as lines."""
        self.ask("space_create", space="lab", preset="events")
        lines = self.server.get("/v1/export?space=lab").body.splitlines()[:1]
        lines.append(json.dumps({"type": "episode", "id": 1, "begin": "2026-01-01T00:00:00Z"}).encode())
        for i, parts in enumerate(events):
            lines.append(json.dumps({"type": "step", "id": i + 1, "episode": 1, "parts": parts,
                                     "time": f"2026-01-{i % 28 + 1:02}T{i // 28:02}:00:00Z"}).encode())
        lines.append(json.dumps({"type": "end", "episodes": 1, "steps": len(events)}).encode())
        answer = self.server.post("/v1/import?space=lab", b"\n".join(lines) + b"\n", headers=LINES)
        self.assertEqual((answer.status, answer.json()["steps"]), (200, len(events)), answer)

    def test_events_are_imagined_and_judged(self):
        rooms = {"Ann": "attic", "Ben": "garden", "Cleo": "cellar", "Dora": "hall"}
        deeds = {"lamp": ("lit", "it was bright"), "door": ("opened", "it was cold"), "tap": ("turned", "it was wet")}
        chance = random.Random(100)
        events = [{"who": who, "where": rooms[who], "when": f"day {i % 7}", "what": what, "action": deeds[what][0],
                   "outcome": deeds[what][1]}
                  for i in range(30) for who, what in [(chance.choice(list(rooms)), chance.choice(list(deeds)))]]
        self.store(events)
        told = self.ask("events_imagine", space="lab", given={"who": "Cleo"}, count=5)["imagined"]["events"]
        self.assertGreater(len(told), 0)
        for event in told:
            values = {part["role"]: part["value"] for part in event["parts"]}
            self.assertEqual((values["who"], values["where"]), ("Cleo", "cellar"))
            self.assertEqual((values["action"], values["outcome"]), deeds[values["what"]])
            self.assertNotIn(values, events)
        self.assertEqual(len(self.ask("events_imagine", space="lab", given={"who": "Ann"}, story=True,
                                      count=3)["imagined"]["events"]), 3)
        likely = self.ask("events_judge", space="lab", given={"who": "Ann", "where": "attic", "when": "day 1"})
        never = self.ask("events_judge", space="lab", given={"who": "Ann", "where": "cellar", "when": "day 1"})
        self.assertGreater(likely["plausibility"], never["plausibility"])
        self.assertEqual(self.ask("events_imagine", 422, space="lab", given={"whom": "Ann"})["status"], 422)
        self.ask("events_judge", 400, space="lab", given=7)


class Files(Case):
    def test_a_space_goes_out_and_comes_in_the_same(self):
        ids = self.remember("We moved to Lisbon last Friday", "Ünïcode 😀\nand more", time="2026-01-02", tags=["a"])
        self.ask("remember", text="We moved to Porto", supersedes=ids[0], metadata={"a": [1, None]})
        self.ask("forget", steps=[ids[1]], confirm=1)
        out = self.server.get("/v1/export?space=home")
        self.assertEqual((out.status, out.headers["content-type"]), (200, "application/jsonl"))
        self.assertEqual(out.body, self.cli("export", "-s", "home"))
        took = self.server.post("/v1/import?space=copy&format=jsonl", out.body, headers=LINES).json()
        self.assertEqual((took["format"], took["steps"], took["present"]), ("jsonl", 3, 0))
        again = self.server.post("/v1/import?space=copy", out.body, headers=LINES).json()
        self.assertEqual((again["steps"], again["present"]), (0, 3))
        copied = self.server.get("/v1/export?space=copy").body.splitlines()
        self.assertEqual(len(copied), len(out.body.splitlines()))

    def test_forms_are_told_and_what_is_none_is_refused(self):
        chat = [{"role": "user", "content": "We moved to Lisbon"}, {"role": "assistant", "content": "How is it?"}]
        took = self.server.post("/v1/import?space=chat&source=chat.json", chat).json()
        self.assertEqual((took["format"], took["steps"]), ("openai", 2))
        self.assertEqual(self.ask("recall", space="chat", text="Lisbon")["memories"][0]["text"], "We moved to Lisbon")
        for path, body, status in (("/v1/import?space=x&format=nothing", b"[]", 400),
                                   ("/v1/import?space=x&format=jsonl", b"{", 400), ("/v1/import", b"\xff\xfe", 400),
                                   ("/v1/export?space=nowhere", None, 404), ("/v1/import?space=x", b"", 400)):
            answer = self.server.ask("POST" if body is not None else "GET", path, body, LINES)
            self.assertIn(answer.status, (status, 422), (path, answer))
        refused = self.server.ask("POST", "/v1/import?space=x", b"[]", [("Content-Type", "text/plain")])
        self.assertEqual(refused.status, 415)

    def test_a_client_that_leaves_ends_the_import(self):
        lines = "".join(json.dumps({"role": "user", "content": f"parcel {i} came " + "x " * 50}) + "\n"
                        for i in range(60000))
        sent = threading.Event()

        def leave() -> None:
            connection = self.server.connect()
            connection.request("POST", "/v1/import?space=many&format=openai", lines, dict(LINES))
            sent.set()
            connection.close()

        thread = threading.Thread(target=leave)
        thread.start()
        self.assertTrue(sent.wait(60))
        thread.join()
        deadline = time.monotonic() + 60
        while "episodic_http_requests_in_flight 1\n" not in (text := self.server.get("/metrics").body.decode()):
            self.assertLess(time.monotonic(), deadline, text)
            time.sleep(0.05)
        answer = self.server.post("/v1/stats", {"space": "many"})
        self.assertTrue(answer.status == 404 or answer.json()["space"]["steps"] < 60000, answer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
