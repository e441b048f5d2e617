"""test_usage.py - every program says what it is when asked, on standard output, and what it did not understand on the
other one."""

import os
import re
import subprocess
import unittest
from pathlib import Path

BUILD = Path(os.environ["EPISODIC_BINARY_DIR"])
PROGRAMS = [BUILD / "tools" / "episodic", BUILD / "tools" / "episodic-server",
            *(BUILD / "agents" / name for name in ("assistant", "cartpole_dqn", "maze_walker", "support_desk"))]


def run(program: Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


class Usage(unittest.TestCase):
    def test_help_is_an_answer(self):
        for program in PROGRAMS:
            for word in ("--help", "-h"):
                done = run(program, word)
                self.assertEqual((done.returncode, done.stderr), (0, ""), program)
                self.assertRegex(done.stdout, rf"(?i)usage: {program.name}")

    def test_a_version_is_one_line(self):
        for program in PROGRAMS:
            done = run(program, "--version")
            self.assertEqual((done.returncode, done.stderr), (0, ""), program)
            self.assertIsNotNone(re.fullmatch(rf"{program.name} \d+\.\d+\.\d+ \(libepisodic .*\)\n", done.stdout),
                                 done.stdout)

    def test_other_words_are_told_and_fail(self):
        for program in PROGRAMS:
            for words in ((), ("--no-such-word",)):
                done = run(program, *words)
                self.assertEqual((done.returncode, done.stdout), (2, ""), (program, words))
                self.assertNotEqual(done.stderr, "")


if __name__ == "__main__":
    unittest.main()
