"""test_bench_answers.py - bench_answers against a scripted chat endpoint, whose right figures are known beforehand."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(os.environ["EPISODIC_SOURCE_DIR"]) / "tests" / "support"))
from chat_server import ChatServer, Code  # noqa: E402

PROGRAM = Path(os.environ["EPISODIC_BINARY_DIR"], "benchmarks", "bench_answers")
TURNS = ["I adopted a grey cat named Mia.", "How lovely!", "My boat is called the Blue Heron.",
         "I bake bread every Sunday.", "We moved to Lisbon in 2019.", "That is far."]
ASKED = [("What is the cat called?", "Mia", 4), ("What is the boat called?", "The Blue Heron.", 4),
         ("When did they move to Lisbon?", 2019, 2), ("Whose dog barked?", "nobody's", 5)]


def conversation() -> dict:
    turns = [{"speaker": "Ana", "dia_id": f"D1:{place}", "text": text} for place, text in enumerate(TURNS, 1)]
    questions = [{"question": question, "answer": answer, "evidence": ["D1:1"], "category": category}
                 for question, answer, category in ASKED]
    return {"sample_id": "talk", "conversation": {
        "speaker_a": "Ana", "speaker_b": "Bo", "session_1_date_time": "1:56 pm on 9 May, 2023", "session_1": turns},
        "qa": questions}


def reader(request: dict) -> str:
    """Answers right when the notes hold it, in half too many words about the boat."""
    notes = "".join(message["content"] for message in request["messages"][1:-1])
    question = request["messages"][-1]["content"]
    if "cat" in question and "Mia" in notes:
        return "mia!"
    if "boat" in question and "Blue Heron" in notes:
        return "It is Blue Heron"  # 2 of 4 words, 2 of 2
    if "Lisbon" in question and "2019" in notes:
        return "2019"
    return "unknown"


@unittest.skipUnless(PROGRAM.exists(), "the benchmark programs are not built")
class BenchAnswers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name, "talk.json")
        self.file.write_text(json.dumps([conversation()]))

    def run_it(self, *arguments: str, code: int = 0):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("EPISODIC_CHAT")}
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=120, env=clean)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def test_without_an_endpoint_it_says_so_and_measures_nothing(self):
        done = self.run_it(str(self.file))
        self.assertEqual(done.stdout, "")
        self.assertIn("no --endpoint", done.stderr)

    def test_scores_tokens_and_seconds_are_told_for_each_memory(self):
        with ChatServer([reader]) as server:
            done = self.run_it(str(self.file), "--endpoint", server.url, "--model", "m")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        values = {(line["metric"], line["config"]["memory"]): line["value"] for line in lines}
        right = 100 * (1 + 2 * 2 / 6 + 1) / 3
        self.assertAlmostEqual(values["answer_score", "ours"], right, places=3)
        self.assertAlmostEqual(values["answer_score", "full"], right, places=3)
        self.assertEqual(values["answer_score", "none"], 0)
        self.assertEqual(values["context_tokens", "none"], 0)
        whole = "## 2023-05-09 13:56\n" + "".join(f"Ana: {text}\n" for text in TURNS)
        self.assertEqual(values["context_tokens", "full"], len(whole) / 4)
        self.assertGreater(values["context_tokens", "ours"], 0)
        self.assertTrue(all(values["seconds", memory] > 0 for memory in ("ours", "full", "none")))
        self.assertEqual({line["config"]["n"] for line in lines}, {3})
        self.assertEqual(len(server.requests), 9)
        self.assertIn(whole, [message["content"] for request in server.requests for message in request["messages"]])

    def test_one_memory_and_some_questions_may_be_asked_for(self):
        with ChatServer([reader]) as server:
            done = self.run_it(str(self.file), "--endpoint", server.url, "--model", "m", "--memory", "ours",
                               "--questions", "2")
        self.assertEqual(len(server.requests), 2)
        self.assertEqual({json.loads(line)["config"]["memory"] for line in done.stdout.splitlines()}, {"ours"})

    def test_an_endpoint_with_a_bad_moment_is_asked_again_and_one_that_is_down_ends_the_run(self):
        with ChatServer([Code(503), reader]) as server:
            self.run_it(str(self.file), "--endpoint", server.url, "--model", "m", "--memory", "none")
        with ChatServer([Code(500)]) as server:
            done = self.run_it(str(self.file), "--endpoint", server.url, "--model", "m", code=1)
        self.assertEqual(done.stdout, "")
        self.assertIn("it returned the code 500, 3 times", done.stderr)

    def test_bad_calls_are_told(self):
        self.assertIn("no model", self.run_it(str(self.file), "--endpoint", "http://localhost:1", code=1).stderr)
        self.assertIn("is none of", self.run_it(str(self.file), "--endpoint", "http://localhost:1", "--memory", "x",
                                                code=1).stderr)
        self.assertIn("FILE", self.run_it("--endpoint", "http://localhost:1", "--model", "m", code=1).stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
