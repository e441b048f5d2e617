"""test_maze_walker.py - the maze walker as a process: it learns, remembers what it learned, and plans by stitching."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

WALKER = Path(os.environ["EPISODIC_BINARY_DIR"]) / "agents" / "maze_walker"
MAZE = [".......#G", "..#....#.", "S.#....#.", "..#......", ".....#...", "........."]
BEST = 14  # the fewest steps from S to G


class Walker(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.memory = str(Path(folder.name) / "walker")

    def run_walker(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run([WALKER, self.memory, *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def lengths(self, told: str) -> list[int]:
        return [int(steps) for steps in re.findall(r"^episode \d+ \| (\d+) steps", told, re.MULTILINE)]

    def map_of(self, told: str) -> list[str]:
        return [line.strip() for line in told.splitlines() if line.startswith("  ")]

    def test_imagined_steps_teach_it_the_way_within_a_few_episodes(self):
        lengths = self.lengths(self.run_walker("learn", "8"))
        self.assertEqual(len(lengths), 8)
        self.assertLess(sorted(lengths[3:])[2], 2 * BEST, lengths)
        self.assertGreaterEqual(min(lengths), BEST)

    def test_without_them_it_takes_longer(self):
        imagined = sum(self.lengths(self.run_walker("learn", "8"))[1:])
        self.memory += "-2"
        self.assertGreater(sum(self.lengths(self.run_walker("learn", "8", "0"))[1:]), 2 * imagined)

    def test_whoever_comes_back_knows_the_way(self):
        self.run_walker("learn", "8")
        told = self.run_walker("learn", "1", "0")
        self.assertLess(self.lengths(told)[0], 3 * BEST, told)

    def test_it_reaches_the_goal_by_pieces_of_walks_none_of_which_did(self):
        self.run_walker("wander", "150")
        told = self.run_walker("plan")
        pieces = re.findall(r"^imagined \| (\d+) steps as in episode (\d+)", told, re.MULTILINE)
        self.assertGreater(len({episode for _, episode in pieces}), 1, told)
        walked = int(re.search(r"^walked \| from S to G in (\d+) steps", told, re.MULTILINE).group(1))
        self.assertGreaterEqual(walked, BEST)
        for row, told_row in zip(MAZE, self.map_of(told), strict=True):
            for cell, mark in zip(row, told_row, strict=True):
                self.assertIn(mark, cell + ("*" if cell == "." else ""), told)

    def test_without_memories_there_is_no_way(self):
        self.assertIn("no way", self.run_walker("plan"))

    def test_bad_calls_are_told(self):
        self.assertIn("usage", self.run_walker("learn", code=2))
        self.assertIn("usage", self.run_walker("wander", "0", code=2))


if __name__ == "__main__":
    unittest.main(verbosity=2)
