"""test_cli_imagine.py - `episodic imagine`: actions and their courses, events and stories, as text and as JSON."""

import json
import os
import subprocess
import unittest
from pathlib import Path

from test_cli import Case


class Imagine(Case):
    def remember(self, space: str, preset: str, *roles: str) -> None:
        self.ok("remember", "--space", space, "--preset", preset, "--metadata", "{}",
                *(word for role in roles for word in ("--role", role)))

    def remember_tries(self) -> None:
        for i in range(12):
            load, tool = ("low", "high")[i % 2], ("restart", "roll_back")[i // 2 % 2]
            fits = (load == "low") == (tool == "restart")
            self.remember("agent", "trajectory", "task=restore the API", f'situation={{"load":"{load}"}}',
                          f"tool={tool}", "result=healthy" if fits else "error=timed out")

    def test_actions_are_told_with_their_steps(self):
        self.remember_tries()
        told = self.ok("imagine", "--space", "agent", "--task", "restore the API", "--situation", '{"load":"low"}',
                       "restart", 'roll_back {"to":"v3"}', "reboot")
        self.assertTrue(all(line.startswith("imagined | ") and "witness" in line for line in told.splitlines()), told)
        self.assertIn("reboot | no precedent", told)
        self.assertIn('roll_back {"to":"v3"} | succeeds', told)
        found = json.loads(self.ok("imagine", "--space", "agent", "--situation", '{"load":"low"}', "--json"))
        first = found["prospects"][0]
        self.assertTrue(found["imagined"])
        self.assertEqual((first["tool"], first["proposed"], first["tried"]), ("restart", True, 6))
        self.assertEqual(first["errors"][0]["text"], "timed out")
        self.assertIn("restart", self.ok("show", "--space", "agent", "step", str(first["nearest_success"]["step"])))

    def test_what_is_unknown_or_wrong_is_told(self):
        self.remember_tries()
        done = self.run_cli("imagine", "--space", "agent", "reboot")
        self.assertEqual(done.code, 1)
        self.assertIn("no precedent", done.out)
        self.assertIn("no witness", done.out)
        self.fails(1, "nothing stored says", "imagine", "--space", "agent", "--propose", "0")
        self.fails(4, "JSON", "imagine", "--space", "agent", "restart {oops")
        self.fails(2, "--courses", "imagine", "--space", "agent", "--courses", "many")
        self.fails(3, "no space", "imagine", "--space", "elsewhere", "restart")

    def test_events_are_put_together_and_stories_told(self):
        for who, where in (("Ann", "kitchen"), ("Ben", "kitchen"), ("Cleo", "garden")):
            self.remember("home", "events", f"who={who}", f"where={where}", "what=kettle" if where == "kitchen" else
                          "what=hose", f"action={'boil' if who == 'Ann' else 'fill'}", "outcome=done")
        told = self.ok("imagine", "--space", "home", "--role", "who=Ben", "-k", "3")
        self.assertIn("who: Ben; where: kitchen", told)
        self.assertIn("action: boil", told)
        events = self.json("imagine", "--space", "home", "--role", "who=Ben", "--story")["events"]
        self.assertEqual({part["role"]: part["value"] for part in events[0]["parts"]}["who"], "Ben")
        self.fails(1, "nothing stored", "imagine", "--space", "home", "--role", "who=nobody")
        self.fails(2, "no tools", "imagine", "--space", "home", "restart")

    def test_ways_through_numeric_steps_are_told_with_their_pieces(self):
        walker = Path(os.environ["EPISODIC_BINARY_DIR"]) / "agents" / "maze_walker"
        subprocess.run([walker, self.memory, "wander", "150"], check=True, capture_output=True)
        asked = ("imagine", "--space", "maze", "--from", "2,0", "--to", "0,8")
        told = self.ok(*asked)
        self.assertRegex(told, r"^imagined \| reaches the goal after \d+ steps of \d+ pieces, at 0 8 \| plausibility")
        self.assertRegex(told, r"\n  \d+ steps? as in episode \d+ from step \d+ on \| joined 0 steps away: agreement")
        rollout = self.json(*asked)["rollouts"][0]
        self.assertTrue(rollout["imagined"] and rollout["goal"])
        self.assertEqual(rollout["at"], [0, 8])
        step = rollout["pieces"][0]["steps"][0]
        self.assertEqual(step["observation"], [2, 0])
        self.assertIn("observation", self.ok("show", "--space", "maze", "step", str(step["step"])))
        again = ("imagine", "--space", "maze", "--from-step", str(step["step"]), "--steps", "3", "--search", "mcts")
        self.assertEqual(len(self.json(*again)["rollouts"]), 1)
        self.assertEqual(self.ok(*again), self.ok(*again))
        self.fails(1, "nothing stored leads there", "imagine", "--space", "maze", "--from", "2,0", "--to", "99,8")
        self.fails(2, "where does it begin", "imagine", "--space", "maze")
        self.fails(2, "numbers with commas", "imagine", "--space", "maze", "--from", "2,north")
        self.fails(2, "two answers", "imagine", "--space", "maze", "--from", "2,0", "--from-step", "1")
        self.fails(3, "not stored", "imagine", "--space", "maze", "--from-step", "1")
        self.fails(4, "3 elements, expected 2", "imagine", "--space", "maze", "--from", "2,0,1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
