"""test_bench_dates.py - bench_dates' figures on a conversation whose right answers are known beforehand."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(os.environ["EPISODIC_BINARY_DIR"], "benchmarks", "bench_dates")

# Said on Tuesday, 9 May 2023; each turn with the answers asked of it, and which counts they are right for by rules.
TURNS = [
    ("I ran yesterday.", ["8 May 2023", "8May, 2023", "May 8, 2023"], "strict uncapped any"),
    ("I swam on Monday.", ["The Monday before 9 May 2023"], "strict uncapped any"),
    ("We met last week.", ["The week before 9 May 2023"], "strict uncapped any"),
    ("I hiked two weekends ago.", ["two weekends before 9 May 2023"], "strict uncapped any"),
    ("Last weekend I slept.", ["first weekend of May 2023"], "strict uncapped any"),
    ("I moved last year.", ["2022", 2022], "strict uncapped any"),
    ("I moved last year.", ["Around August 2022"], "uncapped"),
    ("Yesterday I thought of last month.", ["April 2023"], "any"),
    ("I never ran.", ["The week of 9 May 2023", "9 May"], "strict uncapped any"),
    ("I never ran.", ["between 1 and 4 May, 2023"], ""),
]
UNREAD = ["three years", "her mother", "a few years ago", "9 May 2023 in Rome"]


def conversation() -> dict:
    turns = [{"speaker": "Ana", "dia_id": f"D1:{place}", "text": text} for place, (text, _, _) in enumerate(TURNS, 1)]
    asked = [{"question": "When?", "answer": answer, "evidence": [f"D1:{place}"], "category": 2}
             for place, (_, answers, _) in enumerate(TURNS, 1) for answer in answers]
    asked += [{"question": "When?", "answer": answer, "evidence": ["D1:1"], "category": 2} for answer in UNREAD]
    asked.append({"question": "Who?", "answer": "8 May 2023", "evidence": ["D1:2"], "category": 4})
    said = {"speaker_a": "Ana", "speaker_b": "Bo", "session_1_date_time": "1:56 pm on 9 May, 2023", "session_1": turns}
    return {"sample_id": "talk", "conversation": said, "qa": asked}


@unittest.skipUnless(PROGRAM.exists(), "the benchmark programs are not built")
class BenchDates(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "talk.json")
            path.write_text(json.dumps([conversation()]))
            done = subprocess.run([PROGRAM, "--verbose", path], check=True, capture_output=True, text=True)
        cls.lines = [json.loads(line) for line in done.stdout.splitlines()]
        cls.notes = done.stderr

    def value(self, metric: str, **config) -> float:
        found = [line["value"] for line in self.lines
                 if line["metric"] == metric and config.items() <= line["config"].items()]
        self.assertEqual(len(found), 1, f"{metric} {config}")
        return found[0]

    def test_questions_with_a_date_are_read_and_the_others_listed(self):
        count = sum(len(answers) for _, answers, _ in TURNS)
        self.assertEqual(self.value("questions", category=2, unread=len(UNREAD)), count)
        for answer in UNREAD:
            self.assertIn(f"unread: \"{answer}\"", self.notes)
        self.assertEqual(self.notes.count("unread:"), len(UNREAD))

    def test_each_count_is_what_the_turns_say(self):
        total = sum(len(answers) for _, answers, _ in TURNS)
        for count in ("strict", "uncapped", "any"):
            right = sum(len(answers) for _, answers, counts in TURNS if count in counts.split())
            self.assertAlmostEqual(self.value("dated_pct", method="rules", count=count, conversation="all"),
                                   100 * right / total, places=3)

    def test_the_session_alone_is_its_own_day(self):
        total = sum(len(answers) for _, answers, _ in TURNS)
        self.assertAlmostEqual(self.value("dated_pct", method="session", count="strict", conversation="talk"),
                               100 * 2 / total, places=3)
        self.assertEqual(self.value("width_days_p50", method="session"), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
