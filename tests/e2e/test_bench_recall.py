"""test_bench_recall.py - bench_recall's figures on conversations whose right answers are known beforehand.

Every turn says two words that no other turn says, so what each question finds follows from the profile alone. Vectors
are switched off (--profile vector=0): a step then comes back for its words, or for those of a turn at most three away.
"""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(os.environ["EPISODIC_BINARY_DIR"], "benchmarks", "bench_recall")
REAL_FILE = os.environ.get("EPISODIC_LOCOMO", "")  # a file of real conversations, which the project cannot carry
SEVENTH = 100 / 7


def word(conversation: int, session: int, turn: int, which: int) -> str:
    """A word of its own, which no stemmer shortens."""
    digits = f"{conversation}{session}{turn:02}{which}"
    return "".join("bdfgklmnpr"[int(digit)] + "o" for digit in digits) + "k"


def words(conversation: int, *turns: tuple[int, int]) -> str:
    return " ".join(word(conversation, session, turn, 0) for session, turn in turns)


def conversation(number: int, turns_of_sessions: list[int], questions: list[tuple]) -> dict:
    content: dict = {"speaker_a": "Ana", "speaker_b": "Bo"}
    for session, count in enumerate(turns_of_sessions, 1):
        content[f"session_{session}_date_time"] = f"1:56 pm on {session} May, 2023"
        content[f"session_{session}"] = [
            {"speaker": "Ana" if turn % 2 else "Bo", "dia_id": f"D{session}:{turn}",
             "text": f"{word(number, session, turn, 0)} {word(number, session, turn, 1)}"}
            for turn in range(1, count + 1)]
    asked = [{"question": text, "answer": "", "evidence": evidence, "category": category}
             for category, text, evidence in questions]
    return {"sample_id": f"talk-{number}", "conversation": content, "qa": asked}


def two_conversations() -> list[dict]:
    """Seven questions with evidence: four found by words, two beside what is found, one out of reach."""
    first = conversation(1, [12, 12], [
        (4, words(1, (1, 3)), ["D1:3"]),
        (1, words(1, (1, 2), (2, 9)), ["D1:2", "D2:9", "D1:2"]),
        (1, words(1, (1, 5), (2, 4)), ["D1:5; D2:4"]),
        (2, words(1, (2, 3), (2, 7)), ["D:2:3", "D02:07"]),
        (4, words(1, (2, 1)), []),
        (4, words(1, (2, 1)), ["D", "D9:9"]),
        (5, words(1, (1, 6)), ["D2:6"]),
    ])
    second = conversation(2, [30], [
        (3, words(2, (1, 5)), ["D1:6"]),
        (4, words(2, (1, 15)), ["D1:16"]),
    ])
    second["conversation"]["session_1"][15]["text"] = "ro " * 500  # 1,500 bytes: more than 256 tokens, less than 512
    return [first, second]


def bench(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=120)


class Result:
    """The lines of a run, looked up by metric and by what their config says."""

    def __init__(self, output: str):
        self.lines = [json.loads(line) for line in output.splitlines()]

    def all(self, metric: str, **config) -> list[dict]:
        return [line for line in self.lines if line["metric"] == metric
                and all(line["config"].get(name) == value for name, value in config.items())]

    def one(self, metric: str, **config) -> dict:
        found = self.all(metric, **config)
        assert len(found) == 1, f"{metric} {config}: {len(found)} lines"
        return found[0]


@unittest.skipUnless(PROGRAM.exists(), "this build has no benchmarks")
class BenchRecall(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.file = str(Path(cls.folder.name, "talks.json"))
        cls.dump = str(Path(cls.folder.name, "dump.jsonl"))
        Path(cls.file).write_text(json.dumps(two_conversations()))
        cls.done = bench("--format", "locomo", cls.file, "--profile", "vector=0", "--dump", cls.dump, "--ablate")
        cls.result = Result(cls.done.stdout)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def sevenths(self, expected: float, metric: str, **config):
        line = self.result.one(metric, category="all", without=None, **config)
        self.assertAlmostEqual(line["value"], expected * SEVENTH, 3, f"{metric} {config}")
        self.assertEqual(line["config"]["n"], 7)
        low, high = line["config"]["ci95"]
        self.assertLessEqual(low - 0.01, line["value"])
        self.assertGreaterEqual(high + 0.01, line["value"])

    def test_a_run_succeeds(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)

    def test_evidence_is_counted_among_the_best_hits(self):
        self.sevenths(2.5, "recall@1", mode="given")
        for cutoff in (5, 10, 20):
            self.sevenths(6, f"recall@{cutoff}", mode="given")

    def test_words_alone_find_no_neighbours(self):
        self.sevenths(2.5, "recall@1", mode="bm25")
        for cutoff in (5, 10, 20):
            self.sevenths(4, f"recall@{cutoff}", mode="bm25")

    def test_the_gain_is_the_difference_at_ten(self):
        self.sevenths(2, "gain_over_bm25", mode="given")
        self.assertEqual(self.result.one("gain_over_bm25", category="3", mode="given")["value"], 100)
        self.assertEqual(self.result.one("gain_over_bm25", category="1", mode="given")["value"], 0)

    def test_sessions_count_by_their_first_hit(self):
        for mode in ("given", "bm25"):
            self.sevenths(6, "session_hit@1", mode=mode)
            self.sevenths(6, "session_ndcg@5", mode=mode)

    def test_the_context_holds_what_fits_its_budget(self):
        for mode in ("given", "bm25"):
            self.sevenths(5, "recall@tokens", mode=mode, tokens=256)
            for tokens in (512, 1024, 2048):
                self.sevenths(6, "recall@tokens", mode=mode, tokens=tokens)

    def test_categories_stand_apart(self):
        expected = {"1": (2, 50, "multi-hop"), "2": (1, 50, "temporal"), "3": (1, 0, "open-domain"),
                    "4": (2, 50, "single-hop"), "5": (1, 0, "adversarial"), "1-4": (6, 250 / 6, None)}
        for category, (count, value, name) in expected.items():
            line = self.result.one("recall@1", category=category, mode="given", without=None)
            self.assertAlmostEqual(line["value"], value, 3, category)
            self.assertEqual((line["config"]["n"], line["config"].get("name")), (count, name))

    def test_ids_are_repaired_or_dropped(self):
        line = self.result.one("questions")
        self.assertEqual(line["value"], 7)
        expected = {"conversations": 2, "turns": 54, "without_evidence": 2, "ids_repaired": 4, "ids_dropped": 2}
        self.assertEqual({name: line["config"][name] for name in expected}, expected)

    def test_the_dump_has_the_evidence_as_repaired_and_the_hits_in_order(self):
        lines = [json.loads(line) for line in Path(self.dump).read_text().splitlines()]
        self.assertEqual(len(lines), 21)
        plain = {(line["conversation"], line["question"]): line for line in lines if line["mode"] == "bm25"}
        self.assertEqual(plain["talk-1", 0]["hits"], ["D1:3"])
        self.assertEqual(plain["talk-1", 1]["evidence"], ["D1:2", "D2:9"])
        self.assertEqual(plain["talk-1", 2]["evidence"], ["D1:5", "D2:4"])
        self.assertEqual(plain["talk-1", 3]["evidence"], ["D2:3", "D2:7"])
        self.assertEqual(sorted(plain["talk-1", 3]["hits"]), ["D2:3", "D2:7"])
        self.assertEqual(plain["talk-2", 1]["hits"], ["D1:15"])

    def test_without_words_nothing_is_left(self):
        line = self.result.one("recall@20", category="all", without="lexical")
        self.assertEqual(line["value"], 0)
        self.assertAlmostEqual(self.result.one("change", without="lexical")["value"], -6 * SEVENTH, 3)
        self.assertEqual(self.result.all("recall@20", without="vector"), [], "it was off already")

    def test_latency_is_measured(self):
        for mode in ("given", "bm25"):
            median = self.result.one("recall_ms_p50", mode=mode)["value"]
            self.assertGreater(median, 0)
            self.assertGreaterEqual(self.result.one("recall_ms_p99", mode=mode)["value"], median)

    def test_a_second_run_on_a_kept_memory_gives_the_same_figures(self):
        memory = str(Path(self.folder.name, "memory"))
        runs = [bench(self.file, "--profile", "vector=0", "--memory", memory) for _ in range(2)]
        figures = [[line for line in Result(run.stdout).lines if "_ms_" not in line["metric"]] for run in runs]
        self.assertTrue(figures[0])
        self.assertEqual(figures[0], figures[1])

    def test_cutoffs_above_k_are_left_out(self):
        result = Result(bench(self.file, "--k", "5").stdout)
        self.assertTrue(result.all("recall@5", mode="shipped", category="all"))
        self.assertFalse(result.all("recall@10") + result.all("gain_over_bm25"))

    def test_mistakes_are_named(self):
        broken = Path(self.folder.name, "broken.json")
        broken.write_text('{"sample_id": "talk-1"}')
        for arguments, said in [((self.file, "--profile", "lexica=1"), "lexica"),
                                ((self.file, "--profile", "lexical=much"), "lexical=much"),
                                ((self.file, "--k", "0"), "--k"),
                                ((self.file, "--format", "other"), "other"),
                                ((str(broken),), "list of conversations"),
                                ((str(broken) + ".no",), "cannot be opened"),
                                ((), "FILE")]:
            with self.subTest(said):
                done = bench(*arguments)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(said, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)

    @unittest.skipUnless(os.path.exists(REAL_FILE), "EPISODIC_LOCOMO names no file")
    def test_real_conversations_are_recalled(self):
        result = Result(bench("--format", "locomo", REAL_FILE).stdout)
        self.assertGreaterEqual(result.one("recall@10", category="all", mode="shipped")["value"], 66)


if __name__ == "__main__":
    unittest.main(verbosity=2)
