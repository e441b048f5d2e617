"""test_cli_hostile.py - `episodic` at three in the morning: files that are none, outputs that are closed, stores that
are damaged, ids that were used before. One line each, the right exit status, and nothing lost."""

import os
import subprocess
import unittest

from test_cli import CLI, Case


class Hostile(Case):
    def redirected(self, command: str) -> subprocess.CompletedProcess:
        return subprocess.run(["sh", "-c", f"exec {CLI} {command}"], env=self.environment(), stderr=subprocess.PIPE,
                              timeout=60)

    def remember(self, *words: str) -> str:
        return self.ok("remember", "-s", "home", *words)

    def test_remembering_the_same_id_again_changes_nothing(self):
        self.assertIn("remembered step 1", self.remember("--id", "one", "We moved to Lisbon."))
        self.assertIn("was there already: step 1 in episode 1", self.remember("--id", "one", "We moved to Lisbon."))
        self.assertTrue(self.json("remember", "-s", "home", "--id", "one", "We moved to Lisbon.")["present"])
        self.assertEqual(self.json("stats", "-s", "home")["steps"], 1)
        self.fails(4, "other content", "remember", "-s", "home", "--id", "one", "We moved to Porto.")

    def test_a_device_is_no_file_to_import(self):
        self.fails(4, "/dev/zero: text had a NUL byte at offset 0", "import", "-s", "home", "/dev/zero")
        self.fails(4, "standard input: the file was empty", "import", "-s", "home", "-")

    def test_a_closed_output_is_one_line_and_the_memory_is_sound(self):
        self.remember("We moved to Lisbon.")
        for command in ("export -s home", "recall -s home lisbon", "spaces", "--help", "remember -s home more"):
            run = self.redirected(f"{command} >&-")
            self.assertEqual((run.returncode, run.stderr.count(b"\n")), (5, 1), run)
        self.redirected("remember -s home last >&- 2>&- <&-")
        self.assertEqual(self.json("check")["violation_count"], 0)
        self.assertEqual(self.json("stats", "-s", "home")["steps"], 3)

    def test_a_reader_that_has_enough_ends_the_command(self):
        self.ok("import", "-s", "home", self.write("chat.jsonl", '{"role":"user","content":"again"}\n' * 3000))
        run = subprocess.Popen([CLI, "export", "-s", "home"], env=self.environment(), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, restore_signals=True)
        self.assertIn(b'"type":"space"', run.stdout.readline())
        run.stdout.close()
        self.assertEqual(run.stderr.read(), b"")
        run.stderr.close()
        self.assertNotEqual(run.wait(60), 0)

    def test_a_store_that_cannot_be_opened_is_not_sent_to_check_by_check(self):
        self.remember("We moved to Lisbon.")
        os.truncate(self.memory / "store.1" / "data.mdb", 4096)
        self.fails(5, "episodic check tells what is damaged", "recall", "-s", "home", "lisbon")
        self.fails(5, "; restore a backup", "check")

    def test_options_are_named_as_they_were_given(self):
        self.remember("We moved to Lisbon.")
        for option, value in (("--part", "speaker"), ("--role", "speaker"), ("--episode", "x"), ("--reach", "65")):
            self.fails(2, f"^episodic recall: {option}: ", "recall", "-s", "home", option, value, "lisbon")
        self.fails(2, "--supersedes: steps count from 1", "remember", "-s", "home", "--supersedes", "0", "no")
        self.fails(2, "--model", "encoder", "-s", "home", "remote", "http://127.0.0.1:1/v1")
        self.fails(2, '"home" is a conversation', "imagine", "-s", "home")
        self.fails(1, "raise --budget", "recall", "-s", "home", "--context", "--budget", "2", "lisbon")

    def test_no_memory_is_made_where_there_is_no_directory_for_it(self):
        self.fails(3, "is not there", "-m", str(self.path / "no" / "memory"), "remember", "-s", "home", "lost?")


if __name__ == "__main__":
    unittest.main(verbosity=2)
