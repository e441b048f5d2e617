"""test_cli.py - the real `episodic`: every subcommand, exit codes, what goes where, bad input, a killed import."""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest
from pathlib import Path

CLI = os.environ["EPISODIC_CLI"]
ROOT = Path(os.environ["EPISODIC_SOURCE_DIR"])
DEMO = ROOT / "docs" / "demo" / "conversation.json"
SPACE = "mara-and-jonas"
COMMANDS = ["remember", "recall", "import", "export", "show", "timeline", "spaces", "stats", "forget", "drop", "check",
            "upkeep", "profile", "imagine", "encoder", "facts", "history"]


def signals(found) -> set:
    return {evidence["signal"] for hit in found["hits"] for evidence in hit["evidence"]}


def terminals_exist() -> bool:
    """A chroot may have no /dev/pts."""
    try:
        for end in pty.openpty():
            os.close(end)
        return True
    except OSError:
        return False


class Done:
    """What a run of the program left behind."""

    def __init__(self, run: subprocess.CompletedProcess):
        self.code, self.out, self.err = run.returncode, run.stdout.decode(), run.stderr.decode()

    def __repr__(self) -> str:
        return f"exit {self.code}\n{self.out}{self.err}"


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)
        self.memory = self.path / "memory"

    def environment(self, **more: str) -> dict:
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM", "COLUMNS")}
        return {**kept, "EPISODIC_MEMORY": str(self.memory), "TZ": "UTC", **more}

    def run_cli(self, *words: str, stdin: bytes = b"", **more: str) -> Done:
        return Done(subprocess.run([CLI, *words], input=stdin, capture_output=True, env=self.environment(**more),
                                   cwd=self.path, timeout=120))

    def ok(self, *words: str, stdin: bytes = b"", **more: str) -> str:
        done = self.run_cli(*words, stdin=stdin, **more)
        self.assertEqual(done.code, 0, f"{words}: {done}")
        return done.out

    def fails(self, code: int, message: str, *words: str, stdin: bytes = b"") -> Done:
        """Ends with this code and one line on stderr that says so."""
        done = self.run_cli(*words, stdin=stdin)
        self.assertEqual(done.code, code, f"{words}: {done}")
        self.assertRegex(done.err, message)
        self.assertEqual(done.err.count("\n"), 1, done.err)
        self.assertTrue(done.err.startswith("episodic"), done.err)
        return done

    def json(self, *words: str):
        return json.loads(self.ok(*words, "--json"))

    def write(self, name: str, content: "bytes | str") -> str:
        data = content if isinstance(content, bytes) else content.encode()
        (self.path / name).write_bytes(data)
        return name

    def in_terminal(self, *words: str, columns: int = 80, answer: str = "", **more: str) -> str:
        """Runs on a pseudo terminal, types the answer, and returns all that was shown."""
        if not terminals_exist():
            self.skipTest("this machine has no pseudo terminals")
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.clear()
            os.environ.update(self.environment(**{"TERM": "xterm", **more}))
            os.execv(CLI, [CLI, *words])
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        shown = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if answer and (b"[y/N] " in shown or b"drop it: " in shown):
                os.write(terminal, answer.encode() + b"\n")
                answer = ""
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        os.close(terminal)
        self.code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return shown.decode()


class Usage(Case):
    def test_help_shows_examples_first_everywhere(self):
        overview = self.ok("--help")
        self.assertEqual(self.ok("help"), overview)
        for name in COMMANDS:
            self.assertIn(f"  {name}", overview)
            text = self.ok(name, "--help")
            self.assertLess(text.index("Examples:"), text.index("Usage:"))
            self.assertIn(f"  episodic {name}", text)
            self.assertEqual(self.ok("help", name), text)

    def test_the_manual_page_knows_every_command(self):
        page = (ROOT / "docs" / "man" / "episodic.1").read_text().replace("\\-", "-")
        for name in COMMANDS:
            self.assertRegex(page, rf'(?m)^\.BI? "?{name}\b')

    def test_version_is_the_library_s(self):
        version = os.environ["EPISODIC_VERSION"]
        self.assertEqual(self.ok("--version"), f"episodic {version} (libepisodic {version})\n")
        self.assertEqual(self.ok("recall", "--version"), self.ok("--version"))

    def test_wrong_usage_is_2_with_one_line(self):
        for message, words in [
            ("which command", []), ("no command \"frobnicate\"", ["frobnicate"]),
            ("did you mean \"recall\"", ["recal"]),
            ("did you mean \"timeline\"", ["timelien"]), ("did you mean --explain", ["recall", "--explian", "x"]),
            ("no option -z", ["recall", "-z"]), ("needs a value", ["recall", "--space"]), ("-k", ["recall", "-k"]),
            ("takes no value", ["recall", "--json=1"]), ("one word too many", ["recall", "-s", "a", "b", "c"]),
            ("not a number", ["recall", "-s", "a", "-k", "many", "x"]),
            ("at least 1", ["recall", "-s", "a", "-k0", "x"]),
            ("was not a time", ["recall", "-s", "a", "--from", "lately", "x"]),
            ("NAME=VALUE", ["recall", "-r", "me", "x"]),
            ("what should be recalled", ["recall", "-s", "a"]), ("what should be remembered", ["remember", "-s", "a"]),
            ("none of locomo", ["import", "--format", "csv", "x"]), ("it needs FILE", ["import"]),
            ("neither step nor episode", ["show", "-s", "a", "thing", "1"]),
            ("what should be shown", ["show", "-s", "a"]),
            ("only one of", ["forget", "-s", "a", "--remove", "--purge", "--step", "1"]),
            ("what\\? say --step", ["forget", "-s", "a"]),
            ("conversation, trajectory or events", ["remember", "--preset", "x", "y"]),
        ]:
            with self.subTest(words):
                self.fails(2, message, *words)
        self.assertFalse(self.memory.exists(), "wrong usage made a memory")

    def test_a_memory_has_to_be_named(self):
        done = subprocess.run([CLI, "spaces"], capture_output=True, env={"PATH": os.environ["PATH"]}, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"EPISODIC_MEMORY", done.stderr)
        self.ok("--memory", str(self.path / "other"), "remember", "-s", "a", "hello")
        self.ok("spaces", "-m", str(self.path / "other"))
        self.fails(3, "there is no memory in", "spaces")

    def test_a_space_has_no_default_but_is_suggested(self):
        self.ok("remember", "-s", "home", "hello")
        self.fails(2, "this memory has one: --space home", "recall", "hello")
        self.fails(3, "did you mean \"home\"", "recall", "-s", "hmoe", "hello")
        self.ok("remember", "-s", "work", "hello")
        self.fails(2, "episodic spaces lists all 2", "recall", "hello")


class Everyday(Case):
    def test_what_is_remembered_is_recalled(self):
        told = self.ok("remember", "--space", "home", "--role", "speaker=user", "--at", "2026-11-17T10:04+01:00",
                       "We moved to Lisbon last Friday.")
        self.assertEqual(told, "remembered step 1 in episode 1 (home), Tue 2026-11-17 10:04; "
                               "\"last Friday\" = 2026-11-13\n")
        line = self.ok("recall", "--space", "home", "where did we move to?")
        self.assertRegex(line, r"^ 1  +\d*\.\d\d  2026-11-17  user  We moved to Lisbon last Friday\. +"
                               r"episode 1, step 1\n$")

    def test_times_in_the_text_are_told_in_the_precision_they_are_said_in(self):
        for text, told in [("We met in May 2023", "\"in May 2023\" = 2023-05"), ("It was 2022", None),
                           ("back in 2022", "\"in 2022\" = 2022"),
                           ("last week", "\"last week\" = 2026-11-09 to 2026-11-15"),
                           ("tomorrow at 5pm", "\"tomorrow at 5pm\" = 2026-11-18 17:00"),
                           ("last summer", "\"last summer\" = 2026-06-01 to 2026-08-31")]:
            line = self.ok("remember", "-s", "home", "--at", "2026-11-17T10:04+01:00", text)
            self.assertEqual(line.rstrip("\n").partition("; ")[2], told or "")
        done = self.json("remember", "-s", "home", "--at", "2026-11-17T10:04+01:00", "We moved last Friday.")
        self.assertEqual(done["mentions"], [{"text": "last Friday", "offset": 9, "from": "2026-11-13T00:00:00+01:00",
                                             "to": "2026-11-14T00:00:00+01:00", "precision": "day"}])

    def test_when_is_answered_with_the_words_that_say_it(self):
        self.ok("remember", "-s", "home", "--at", "2026-11-17T10:04+01:00", "We moved to Lisbon last Friday.")
        self.ok("remember", "-s", "home", "--at", "2026-11-17T10:05+01:00", "It rains in Lisbon.")
        lines = self.ok("recall", "-s", "home", "--when", "we moved to Lisbon").splitlines()
        self.assertEqual(lines[1], "    2026-11-13  \"last Friday\"")
        self.assertEqual(lines[3], "    2026-11-17  when it was said")
        hit = self.json("recall", "-s", "home", "--when", "we moved to Lisbon")["hits"][0]
        self.assertEqual(hit["moment"], {"role": "text", "text": "last Friday", "offset": 19, "precision": "day",
                                         "from": "2026-11-13T00:00:00+01:00", "to": "2026-11-14T00:00:00+01:00"})
        self.assertEqual(hit["step"]["times"], [hit["moment"]])
        self.assertIn("tells        \"last Friday\" = 2026-11-13", self.ok("show", "-s", "home", "step", "1"))

    def test_what_a_step_lacks_is_completed_and_says_so(self):
        for i in range(4):
            self.ok("remember", "-s", "home", "--role", "speaker=Ann", f"the harbour boat at pier {i}")
        self.ok("remember", "-s", "home", "the harbour boat at pier 9")
        found = self.json("recall", "-s", "home", "--complete", "0.3", "pier 9")
        step = found["hits"][0]["step"]
        self.assertEqual(step["step"], 5)
        self.assertNotIn("speaker", step["parts"])
        self.assertEqual(step["inferred"]["speaker"]["value"], "Ann")
        self.assertEqual(sorted(step["inferred"]["speaker"]["sources"]), [1, 2, 3, 4])
        self.assertEqual(step["provenance"]["speaker"], "inferred")
        self.assertEqual(found["completed"]["speaker"]["value"], "Ann")
        self.assertNotIn("inferred", self.json("recall", "-s", "home", "pier 9")["hits"][0]["step"])
        line = self.ok("recall", "-s", "home", "--part", "speaker=ann", "-k", "1", "--reach", "3")
        self.assertIn("pier", line)
        for wrong in ["0", "1.5", "x", "nan"]:
            self.fails(2, "--complete", "recall", "-s", "home", "--complete", wrong, "pier")
        self.fails(2, "--reach", "recall", "-s", "home", "--reach", "1000", "pier")

    def test_a_date_in_the_cue_is_seen_from_now(self):
        self.ok("remember", "-s", "home", "--at", "2026-05-03", "The boat was painted.")
        found = self.json("recall", "-s", "home", "--now", "2026-05-04", "what was painted yesterday?")
        self.assertIn("time_fit", [e["signal"] for e in found["hits"][0]["evidence"]])
        found = self.json("recall", "-s", "home", "--now", "2026-06-04", "what was painted yesterday?")
        self.assertNotIn("time_fit", [e["signal"] for e in found["hits"][0]["evidence"]])
        self.fails(2, "--now", "recall", "-s", "home", "--now", "soon", "boat")

    def test_evidence_sums_to_the_score(self):
        self.ok("import", str(DEMO))
        found = self.json("recall", "-s", SPACE, "What is the cat called?")
        self.assertEqual(len(found["hits"]), 10)
        for hit in found["hits"]:
            self.assertAlmostEqual(sum(e["contribution"] for e in hit["evidence"]), hit["score"], places=9)
        explained = self.ok("recall", "-s", SPACE, "-k", "1", "--explain", "What is the cat called?")
        sums = re.findall(r"= +([\d.]+)$", explained, re.M)
        self.assertAlmostEqual(sum(map(float, sums[:-1])), float(sums[-1]), places=3)

    def test_recall_narrows_by_time_role_tag_and_budget(self):
        self.ok("import", str(DEMO))
        for hit in self.json("recall", "-s", SPACE, "--from", "2025-08", "--to", "2025-09", "cat")["hits"]:
            self.assertRegex(hit["step"]["time"], "^2025-0[89]")
        for hit in self.json("recall", "-s", SPACE, "-r", "speaker=jonas", "cello")["hits"]:
            self.assertEqual(hit["step"]["parts"]["speaker"], "Jonas")
        self.ok("remember", "-s", SPACE, "--tag", "later", "The cello was sold.")
        self.assertEqual(len(self.json("recall", "-s", SPACE, "--tag", "later", "cello")["hits"]), 1)
        context = self.ok("recall", "-s", SPACE, "--context", "--budget", "100", "cello")
        self.assertLessEqual(len(context.encode()), 401)
        self.assertIn("cello", context)
        self.fails(1, "nothing was found", "recall", "-s", SPACE, "--from", "2031", "cello")

    def test_a_correction_hides_what_it_corrects_and_history_stays(self):
        self.ok("remember", "-s", "home", "--at", "2026-01-01", "The dentist is in Leipzig.")
        self.ok("remember", "-s", "home", "--at", "2026-02-01", "--supersedes", "1", "The dentist is in Porto.")
        self.assertNotIn("Leipzig", self.ok("recall", "-s", "home", "dentist"))
        self.assertIn("Leipzig", self.ok("recall", "-s", "home", "--superseded", "dentist"))
        self.assertIn("Leipzig", self.ok("recall", "-s", "home", "--valid-at", "2026-01-15", "dentist"))
        shown = self.ok("show", "-s", "home", "step", "1")
        self.assertIn("corrected by step 2", " ".join(shown.split()))

    def test_a_profile_is_chosen_told_and_set(self):
        now = ["--now", "2026-11-20"]
        self.ok("import", str(DEMO))
        stats = self.json("stats", "-s", SPACE)
        self.assertEqual((stats["profile"], stats["profile_set"]), ("chat", False))
        self.assertIn("ask", stats["profile_reason"])
        self.assertIn("recall profile", self.run_cli("stats", "-s", SPACE).out)
        plain = self.json("recall", "-s", SPACE, *now, "Which trip did Mara plan?", "--explain")
        self.assertEqual(self.json("profile", "-s", SPACE, "documents")["profile_set"], True)
        other = self.json("recall", "-s", SPACE, *now, "Which trip did Mara plan?", "--explain")
        self.assertIn("context", signals(plain))
        self.assertNotIn("context", signals(other))
        chat = self.json("recall", "-s", SPACE, *now, "--profile", "chat", "Which trip did Mara plan?")
        self.assertEqual(chat, plain)
        self.assertEqual(self.json("profile", "-s", SPACE, "auto")["profile"], "chat")

    def test_an_encoder_is_told_and_set_and_asked_only_where_it_may(self):
        self.ok("import", str(DEMO))
        steps = self.json("stats", "-s", SPACE)["steps"]
        hashed = self.json("encoder", "-s", SPACE)
        self.assertEqual((hashed["serving"]["name"], hashed["serving"]["dimension"], hashed["building"]),
                         ("hash", 256, None))
        server = subprocess.Popen(["python3", str(ROOT / "tests/support/embedding_server.py"),
                                   str(self.path / "ledger"), "24"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(server.communicate)
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1/embeddings"
        told = self.json("encoder", "-s", SPACE, "remote", url, "--model", "good", "--dimension", "24")
        self.assertEqual((told["serving"]["name"], told["building"]["name"], told["building"]["left"]),
                         ("hash", "remote", steps))
        self.assertIn("is to serve: remote, 24 dimensions, 0 vectors", self.ok("encoder", "-s", SPACE))
        self.ok("upkeep", "-s", SPACE)  # without the word of this process nobody is asked
        self.assertEqual((self.path / "ledger").read_text(), "")
        done = self.run_cli("upkeep", "-s", SPACE, EPISODIC_REMOTE=url)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.json("encoder", "-s", SPACE)["serving"]["vectors"], steps)
        self.assertTrue(list((self.memory / "cache").glob("*.vectors")))
        self.assertEqual(self.json("encoder", "-s", SPACE, "hash", "--dimension", "64")["building"]["dimension"], 64)
        for bad in (["static", "/no/such/directory"], ["word2vec"], ["remote"], ["remote", url], ["hash", "x"],
                    ["remote", url, "--model", "m", "--dimension", "many"],
                    ["remote", "ftp://x", "--model", "m", "--dimension", "3"]):
            self.assertNotEqual(self.run_cli("encoder", "-s", SPACE, *bad).code, 0, bad)

    def test_show_timeline_spaces_and_stats_agree(self):
        self.ok("import", str(DEMO))
        timeline = self.json("timeline", "-s", SPACE)["episodes"]
        self.assertEqual(len(timeline), 9)
        self.assertEqual([e["from"] for e in timeline], sorted(e["from"] for e in timeline))
        self.assertEqual(len(self.ok("timeline", "-s", SPACE).splitlines()), 9)
        self.assertEqual(len(self.json("timeline", "-s", SPACE, "--limit", "2")["episodes"]), 2)
        steps = sum(e["steps"] for e in timeline)
        space = self.json("spaces")["spaces"][0]
        self.assertEqual((space["space"], space["episodes"], space["steps"]), (SPACE, 9, steps))
        self.assertEqual(self.json("stats", "-s", SPACE)["steps"], steps)
        self.assertEqual(self.json("stats")["spaces"], 1)
        episode = self.json("show", "-s", SPACE, "episode", str(timeline[0]["episode"]))
        self.assertEqual(len(episode["steps"]), timeline[0]["steps"])
        self.assertEqual(self.json("show", "-s", SPACE, "--id", "D1:2")["steps"][0]["external_id"], "D1:2")
        self.assertIn("Jonas!", self.ok("show", "-s", SPACE, "step", "1"))
        self.fails(3, "99999", "show", "-s", SPACE, "step", "99999")
        self.fails(1, "no episodes", "timeline", "-s", SPACE, "--from", "2031")

    def test_text_comes_from_stdin_too(self):
        self.ok("remember", "-s", "home", "--id", "one", "-", stdin=b"two\nlines\n")
        self.assertEqual(self.json("show", "-s", "home", "step", "1")["steps"][0]["parts"]["text"], "two\nlines")
        self.assertIn("two\\nlines", self.ok("recall", "-s", "home", "-", stdin=b"lines"))

    def test_forgetting_is_shown_first_and_can_be_undone(self):
        self.ok("import", str(DEMO))
        narrow = ["-s", SPACE, "--episode", "9"]
        dry = self.ok("forget", *narrow, "--dry-run")
        self.assertIn("22 steps would be forgotten", dry)
        done = self.run_cli("forget", *narrow)
        self.assertEqual(done.code, 1)
        self.assertIn("--force", done.err)
        self.assertEqual(len(self.json("show", "-s", SPACE, "episode", "9")["steps"]), 22)
        self.assertIn("22 steps were forgotten", self.ok("forget", *narrow, "--force"))
        self.assertNotIn("episode 9", self.ok("recall", "-s", SPACE, "-k", "50", "workshop Duarte"))
        self.assertEqual(self.json("stats", "-s", SPACE)["forgotten"], 22)
        self.assertIn("22 steps were restored", self.ok("forget", *narrow, "--restore"))
        self.assertIn("22 steps were removed", self.ok("forget", *narrow, "--remove", "--force"))
        self.assertEqual(self.json("stats", "-s", SPACE)["steps"], 168)
        self.assertIn("sound", self.ok("check"))

    def test_a_purge_leaves_no_byte(self):
        self.ok("import", str(DEMO))
        self.ok("remember", "-s", SPACE, "--tag", "secret", "The password is QUETZALCOATL-7741, as always.")
        self.ok("forget", "-s", SPACE, "--tag", "secret", "--purge", "--force")
        for file in self.memory.rglob("*"):
            if file.is_file():
                self.assertNotIn(b"QUETZALCOATL", file.read_bytes(), file)
        self.assertEqual(self.json("stats", "-s", SPACE)["steps"], 190)

    def test_drop_upkeep_and_check(self):
        self.ok("import", str(DEMO))
        self.ok("remember", "-s", "home", "hello")
        self.assertIn("190 steps sealed", self.ok("upkeep", "-s", SPACE))
        self.assertIn("compacted", self.ok("upkeep", "--compact"))
        self.assertRegex(self.ok("check"), "records, all sound")
        self.assertEqual(self.json("check")["violation_count"], 0)
        self.assertEqual(self.run_cli("drop", "-s", SPACE).code, 1)
        self.assertIn("190 steps", self.ok("drop", "-s", SPACE, "--force"))
        self.assertEqual([s["space"] for s in self.json("spaces")["spaces"]], ["home"])
        self.fails(3, "no space", "recall", "-s", SPACE, "x")

    def test_a_space_of_columns_is_counted_as_one(self):
        shutil.copy(ROOT / "tests" / "fuzz" / "corpus" / "import" / "columns.jsonl", self.path / "columns.jsonl")
        self.ok("import", "columns.jsonl")
        stats = self.json("stats", "-s", "maze")
        counts = [stats[name] for name in ("steps", "episodes", "recorders", "lanes", "chunks")]
        self.assertEqual(counts, [8, 3, 1, 2, 2])
        self.assertGreater(stats["step_size"], 4 + 8 + 4)  # observation, action, reward
        self.assertNotIn("recall profile", self.ok("stats", "-s", "maze"))
        self.assertRegex(self.ok("spaces"), r"maze +3 episodes +8 steps")
        self.assertEqual(self.json("spaces")["spaces"][0]["steps"], 8)
        self.assertIn("all sound", self.ok("check"))

    def test_a_damaged_store_is_told(self):
        self.ok("import", str(DEMO))
        [store] = self.memory.rglob("data.mdb")
        data = store.read_bytes()
        self.assertIn(b"orange panniers", data)
        store.write_bytes(data.replace(b"orange panniers", b"orange pannierz"))  # in free pages and in the live one
        done = self.run_cli("check")
        self.assertEqual(done.code, 1, done)
        self.assertIn(SPACE, done.out)
        self.assertIn("violation", done.err)
        self.assertIn("export --salvage", done.err)

    def test_a_damaged_store_gives_all_that_is_sound(self):
        self.ok("import", str(DEMO))
        sound = self.ok("export", "-s", SPACE).splitlines()
        [store] = self.memory.rglob("data.mdb")
        data = store.read_bytes()
        store.write_bytes(data.replace(b"orange panniers", b"orange pannierz"))
        self.fails(5, "export --salvage passes over what is damaged", "export", "-s", SPACE, "-o", "out.jsonl")
        self.assertFalse((self.path / "out.jsonl").exists())
        done = self.run_cli("export", "-s", SPACE, "--salvage", "-o", "out.jsonl")
        self.assertEqual(done.code, 5, done)
        self.assertRegex(done.err, r"left out, the first steps: \d+")
        self.assertRegex(done.err, r"the memory is damaged; all was written but [1-9] steps?$")
        lost = int(re.search(r"all was written but (\d+) step", done.err).group(1))
        salvaged = (self.path / "out.jsonl").read_text().splitlines()
        self.assertEqual(len(salvaged), len(sound) - lost)
        texts = {str(json.loads(line).get("parts")) for line in sound}
        self.assertLessEqual({str(json.loads(line).get("parts")) for line in salvaged}, texts)
        copy = ["--memory", str(self.path / "copy")]
        self.ok("import", "out.jsonl", *copy)
        self.assertIn("all sound", self.ok("check", *copy))
        self.assertEqual(self.run_cli("export", "-s", SPACE, "--salvage", *copy).code, 0)


class Transfer(Case):
    def test_importing_again_adds_nothing(self):
        self.assertRegex(self.ok("import", str(DEMO)), r"^conversation.json: 9 episodes, 190 steps, \d+ KB, ")
        before = self.json("stats", "-s", SPACE)
        self.assertIn("0 steps new, 190 there already", self.ok("import", str(DEMO)))
        self.assertEqual(self.json("stats", "-s", SPACE), before)
        self.assertEqual(self.json("import", str(DEMO))["present"], 190)

    def test_an_export_is_the_same_after_a_way_through_another_memory(self):
        self.ok("import", str(DEMO))
        self.ok("remember", "-s", SPACE, "--at", "2026-01-01T10:00+01:00", "--metadata", '{"a": 1}', "By hand.")
        self.ok("forget", "-s", SPACE, "--step", "3", "--force")
        self.ok("export", "-s", SPACE, "-o", "one.jsonl")
        copy = ["--memory", str(self.path / "copy")]
        self.ok("import", "one.jsonl", *copy)
        self.ok("export", "-s", SPACE, "-o", "two.jsonl", *copy)
        self.assertEqual((self.path / "one.jsonl").read_bytes(), (self.path / "two.jsonl").read_bytes())
        self.assertEqual(self.ok("export", "-s", SPACE).encode(), (self.path / "one.jsonl").read_bytes())
        self.assertFalse((self.path / "one.jsonl.part").exists())
        for line in (self.path / "one.jsonl").read_text().splitlines():
            json.loads(line)

    def test_tool_calls_are_imported_as_a_trajectory(self):
        self.write("run.json", json.dumps({"messages": [
            {"role": "user", "content": "Restore the API."},
            {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "restart", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "Error: busy"}]}))
        self.ok("import", "-s", "agent", "run.json")
        self.assertRegex(self.ok("recall", "-s", "agent", "restore the API"), "restart  task: Restore the API")

    def test_other_memories_and_transcripts_are_imported(self):
        self.write("memory.json", '{"type":"entity","name":"Ann","entityType":"person","observations":["Likes tea."]}\n'
                                  '{"type":"relation","from":"Ann","to":"Acme","relationType":"works_at"}\n')
        self.write("mem0.json", json.dumps({"results": [
            {"id": "m1", "memory": "Likes tea.", "created_at": "2024-07-20T01:30:36Z", "user_id": "ann"}]}))
        self.write("session.jsonl", "".join(json.dumps(line) + "\n" for line in [
            {"type": "summary", "summary": "x"},
            {"type": "user", "uuid": "1", "sessionId": "s", "message": {"role": "user", "content": "Run it."}},
            {"type": "assistant", "uuid": "2", "sessionId": "s", "message": {"role": "assistant", "content": [
                {"type": "tool_use", "id": "c", "name": "bash", "input": {"command": "make"}}]}},
            {"type": "user", "uuid": "3", "sessionId": "s", "message": {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c", "content": "done"}]}}]) + '{"type":"assis')
        for form, name, steps in [("mcp", "memory.json", 4), ("mem0", "mem0.json", 1), ("agent", "session.jsonl", 1)]:
            with self.subTest(form):
                report = self.json("import", "-s", form, name)
                self.assertEqual((report["format"], report["steps"]), (form, steps))
                report = self.json("import", "-s", form, "--format", form, name)
                self.assertEqual((report["steps"], report["present"]), (0, steps))
        self.assertIn("2 lines passed over", self.ok("import", "-s", "again", "session.jsonl"))
        self.assertIn("Ann works_at Acme", self.ok("recall", "-s", "mcp", "where does Ann work?"))
        self.assertIn("ann  Likes tea.", self.ok("recall", "-s", "mem0", "tea"))
        self.assertRegex(self.ok("recall", "-s", "agent", "run it"), "bash  task: Run it")
        self.ok("check")

    def test_bad_files_are_named_with_their_place(self):
        chat = '{"role":"user","content":"one"}\n{"role":"user","content":"two"}\n'
        table = [
            ("empty.json", b"", 4, "empty.json: the file was empty"),
            ("blank.json", b"\n \n", 4, "the file was empty"),
            ("cut.json", DEMO.read_bytes()[:5000], 4, "cut.json: "),
            ("text.json", b"hello", 4, "text.json: "),
            ("number.json", b"[1, 2]", 4, "none of the forms"),
            ("object.json", b"{}", 4, "none of the forms"),
            ("utf8.json", b'[{"role":"user","content":"\xff\xfe"}]', 4, "utf8.json: "),
            ("nul.json", b'[{"role":"user","content":"a\\u0000b"}]', 4, "nul.json: "),
            ("cutline.jsonl", (chat + '{"role":"us').encode(), 4, "line 3"),
            ("type.jsonl", (chat + '{"role":"user","content":7}\n').encode(), 4, "line 3: message 3: content is"),
            ("deep.json", b"[" * 5000 + b"]" * 5000, 4, "deep.json: "),
            ("graph.json", b'{"type":"entity","name":""}', 4, "entry 1: an entity has no name"),
            ("mem0.json", b'[{"memory":"a"}]', 4, "entry 1: a memory has no id"),
            ("locomo.json", b'[{"sample_id":"x","conversation":{"session_1":[{"text":"a"}]}}]', 4, "turn 1: dia_id"),
        ]
        for name, content, code, message in table:
            with self.subTest(name):
                self.write(name, content)
                self.fails(code, re.escape(message), "import", "-s", "bad", name)
        self.fails(3, "missing.json", "import", "-s", "bad", "missing.json")
        self.fails(5, "directory", "import", "-s", "bad", str(self.path))
        self.ok("check")

    def test_a_missing_file_is_told_before_anything_is_done(self):
        self.fails(3, "missing.json", "import", str(DEMO), "missing.json")
        self.assertFalse(self.memory.exists())

    def test_what_came_before_a_bad_line_is_kept(self):
        self.ok("import", str(DEMO))
        self.ok("export", "-s", SPACE, "-o", "good.jsonl")
        lines = (self.path / "good.jsonl").read_text().splitlines(keepends=True)
        self.write("bad.jsonl", "".join(lines[:100]) + '{"type":"step","id":1}\n' + "".join(lines[100:]))
        copy = ["--memory", str(self.path / "copy")]
        self.fails(4, "line 101: .* steps before it are stored", "import", "bad.jsonl", *copy)
        kept = self.json("stats", "-s", SPACE, *copy)["steps"]
        self.assertGreater(kept, 80)
        report = self.json("import", "good.jsonl", *copy)
        self.assertEqual((report["steps"], report["present"]), (190 - kept, kept))

    def test_an_import_killed_at_any_moment_goes_on(self):
        messages = [{"role": "user", "content": f"message number {i}, said once"} for i in range(3000)]
        self.write("long.jsonl", "".join(json.dumps(message) + "\n" for message in messages))
        for attempt in range(6):
            process = subprocess.Popen([CLI, "import", "-s", "long", "long.jsonl"], cwd=self.path,
                                       env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.02 + 0.03 * attempt)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if self.memory.exists() and "long" in self.run_cli("spaces").out:
                self.assertIn("sound", self.ok("check"))
        report = self.json("import", "-s", "long", "long.jsonl")
        self.assertEqual(report["steps"] + report["present"], 3000)
        self.assertEqual(self.json("stats", "-s", "long")["steps"], 3000)
        self.assertIn("message number 2999,", self.ok("recall", "-s", "long", "-k", "1", "2999"))
        self.assertEqual(self.json("import", "-s", "long", "long.jsonl")["steps"], 0)

    def test_a_full_output_is_an_error(self):
        self.ok("import", str(DEMO))
        with open("/dev/full", "wb") as full:
            done = subprocess.run([CLI, "export", "-s", SPACE], stdout=full, stderr=subprocess.PIPE, timeout=60,
                                  env=self.environment())
        self.assertEqual(done.returncode, 5)
        self.assertIn(b"could not be written", done.stderr)


class Terminal(Case):
    NASTY = "red \x1b[31m title \x1b]0;x\x07 bidi \u202e reversed \u2066 c1 \u009b31m tag \U000e0041 end\r\nnext"

    def remember_nasty(self) -> None:
        self.ok("remember", "-s", "home", "--role", "speaker=e\x1b[31mvil", "--tag", "t\x1b[1m", "-",
                stdin=self.NASTY.encode())

    def assert_harmless(self, text: str) -> None:
        for code in ["\x1b", "\x07", "\u202e", "\u2066", "\u009b", "\U000e0041", "\r"]:
            self.assertNotIn(code, text)

    def test_nothing_in_a_memory_commands_the_terminal(self):
        self.remember_nasty()
        for words in [["recall", "-s", "home", "red"], ["show", "-s", "home", "step", "1"], ["timeline", "-s", "home"],
                      ["recall", "-s", "home", "--context", "red"], ["show", "-s", "home", "episode", "1"],
                      ["forget", "-s", "home", "--step", "1", "--dry-run"], ["recall", "-s", "home", "--json", "red"]]:
            with self.subTest(words):
                self.assert_harmless(self.ok(*words))
        self.assertIn("\\x1b[31m", self.ok("recall", "-s", "home", "red"))
        self.assertEqual(self.json("recall", "-s", "home", "red")["hits"][0]["step"]["parts"]["text"], self.NASTY)
        self.fails(3, r"\\x1b\[31m", "recall", "-s", "\x1b[31m", "x")

    def test_json_parses_everywhere(self):
        self.remember_nasty()
        for words in [["recall", "-s", "home", "red"], ["show", "-s", "home", "step", "1"], ["timeline", "-s", "home"],
                      ["spaces"], ["stats"], ["stats", "-s", "home"], ["check"]]:
            with self.subTest(words):
                self.assertIsInstance(self.json(*words), dict)

    def test_colours_only_on_a_terminal_that_wants_them(self):
        self.ok("remember", "-s", "home", "hello world")
        words = ["recall", "-s", "home", "hello"]
        self.assertNotIn("\x1b", self.ok(*words))
        self.assertIn("\x1b[", self.in_terminal(*words))
        self.assertNotIn("\x1b", self.in_terminal(*words, NO_COLOR="1"))
        self.assertNotIn("\x1b", self.in_terminal(*words, "--no-color"))
        self.assertNotIn("\x1b", self.in_terminal(*words, TERM="dumb"))

    def test_lines_fit_the_terminal(self):
        self.ok("import", str(DEMO))
        self.ok("remember", "-s", SPACE, "猫" * 200)
        for words in [["recall", "-s", SPACE, "-k", "20", "cat 猫"], ["show", "-s", SPACE, "episode", "1"]]:
            shown = self.in_terminal(*words, "--no-color", columns=80)
            for line in shown.replace("\r\n", "\n").splitlines():
                wide = sum(2 if ord(c) > 0x2E80 else 1 for c in line)
                self.assertLessEqual(wide, 80, line)

    def test_forgetting_asks_on_a_terminal(self):
        self.ok("remember", "-s", "home", "hello")
        self.in_terminal("forget", "-s", "home", "--step", "1", answer="n")
        self.assertEqual(self.code, 1)
        self.assertEqual(self.json("stats", "-s", "home")["forgotten"], 0)
        self.in_terminal("forget", "-s", "home", "--step", "1", answer="y")
        self.assertEqual(self.code, 0)
        self.assertEqual(self.json("stats", "-s", "home")["forgotten"], 1)

    def test_dropping_wants_the_name(self):
        self.ok("remember", "-s", "home", "hello")
        self.in_terminal("drop", "-s", "home", answer="y")
        self.assertEqual(self.code, 1)
        self.in_terminal("drop", "-s", "home", answer="home")
        self.assertEqual(self.code, 0)
        self.assertEqual(self.json("spaces")["spaces"], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
