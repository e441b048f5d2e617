"""test_support_desk.py - the support assistant as a process: it learns tickets, says what it would do, and why."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

DESK = Path(os.environ["EPISODIC_BINARY_DIR"]) / "agents" / "support_desk"
CLI = os.environ["EPISODIC_CLI"]
TICKETS = Path(os.environ["EPISODIC_SOURCE_DIR"]) / "agents" / "support_desk.jsonl"
HELPS = {("app", "login"): "reset_password", ("web", "login"): "clear_cookies", ("app", "payment"): "update_app",
         ("web", "payment"): "change_provider"}


class Desk(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.memory = str(Path(folder.name) / "desk")

    def run_desk(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run([DESK, self.memory, *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def learn(self) -> str:
        return self.run_desk("learn", str(TICKETS))

    def choice(self, told: str) -> str:
        return re.search(r"^would do \| (\S+)", told, re.MULTILINE).group(1)

    def test_it_does_what_helped_in_such_situations(self):
        self.learn()
        for (product, trouble), action in HELPS.items():
            told = self.run_desk("ask", "something does not work",
                                 f'{{"product":"{product}","trouble":"{trouble}","plan":"team"}}')
            self.assertEqual(self.choice(told), action, told)

    def test_every_imagined_line_names_steps_that_can_be_read(self):
        self.learn()
        told = self.run_desk("ask", "I cannot log in", '{"product":"app","trouble":"login"}')
        lines = [line for line in told.splitlines() if line.startswith("imagined | ")]
        self.assertGreater(len(lines), 8)
        self.assertIn("similar | ", told)
        for line in lines:
            steps = re.findall(r"\d+", re.search(r"witness(?:es)?: steps?((?: \d+,?)*)", line).group(1))
            self.assertTrue(steps, line)
        shown = subprocess.run([CLI, "show", "-m", self.memory, "--space", "tickets", "step", steps[0]],
                               capture_output=True, text=True, timeout=60)
        self.assertEqual(shown.returncode, 0, shown.stderr)

    def test_an_action_without_precedent_is_no_choice(self):
        self.learn()
        told = self.run_desk("ask", "I cannot log in", '{"product":"app"}', "send_flowers")
        self.assertIn("no precedent", told)
        self.assertIn("would do | nothing", told)
        told = self.run_desk("ask", "I cannot log in", '{"product":"app"}', "send_flowers", "reset_password")
        self.assertEqual(self.choice(told), "reset_password")

    def test_learning_twice_learns_once(self):
        self.learn()
        first = self.run_desk("ask", "I cannot log in", "{}")
        self.learn()
        self.assertEqual(self.run_desk("ask", "I cannot log in", "{}"), first)

    def test_an_empty_desk_asks_a_person(self):
        self.assertIn("ask a person", self.run_desk("ask", "I cannot log in", "{}"))

    def test_bad_calls_are_told(self):
        self.assertIn("usage", self.run_desk("ask", code=2))
        self.assertIn("cannot be read", self.run_desk("learn", "/nonexistent", code=1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
