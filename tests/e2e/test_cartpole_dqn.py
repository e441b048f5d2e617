"""test_cartpole_dqn.py - the C agent that balances a pole, as processes: it learns, and comes back after kill -9 with
the buffer it had; its cart moves as Gymnasium's does."""

import base64
import json
import math
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from learner import LIMIT_S, Learners  # noqa: E402

AGENT = Path(os.environ["EPISODIC_BINARY_DIR"]) / "agents" / "cartpole_dqn"
CLI = os.environ["EPISODIC_CLI"]
SEED = int(os.environ.get("EPISODIC_TEST_SEED", "1"))


def moved(state: tuple[float, ...], action: int) -> list[float]:
    """CartPole-v1 by its published constants: gravity 9.8, masses 1 and .1, half a pole of .5, 10 N, .02 s, Euler."""
    x, speed, angle, turning = state
    force = 10.0 if action == 1 else -10.0
    temp = (force + 0.05 * turning**2 * math.sin(angle)) / 1.1
    turn = (9.8 * math.sin(angle) - math.cos(angle) * temp) / (0.5 * (4.0 / 3.0 - 0.1 * math.cos(angle) ** 2 / 1.1))
    push = temp - 0.05 * turn * math.cos(angle) / 1.1
    return [x + 0.02 * speed, speed + 0.02 * push, angle + 0.02 * turning, turning + 0.02 * turn]


def fell(state: list[float]) -> bool:
    return abs(state[0]) > 2.4 or abs(state[2]) > 12 * 2 * math.pi / 360


class Step:
    def __init__(self, line: dict):
        parts = {role: base64.b64decode(value) for role, value in line["parts"].items()}
        self.place = (line["recorder"], line["lane"], line["episode"])
        self.seen = struct.unpack("<4f", parts["observation"])
        self.action = struct.unpack("<i", parts["action"])[0] if "action" in parts else 0
        later = base64.b64decode(line.get("next_observation", ""))
        self.next = struct.unpack("<4f", later) if later else ()
        self.terminated, self.truncated = (flag in line.get("flags", []) for flag in ("terminated", "truncated"))

    def key(self) -> tuple:
        return self.place, self.seen, self.action, self.next, self.terminated


class Agent(Learners):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.directory = Path(folder.name) / "cart"

    def start(self, *arguments: str) -> subprocess.Popen:
        return self.launch(AGENT, self.directory, *arguments)

    def cli(self, *arguments: str) -> str:
        done = subprocess.run([CLI, *arguments], capture_output=True, text=True, timeout=LIMIT_S,
                              env={**os.environ, "EPISODIC_MEMORY": str(self.directory / "memory")})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def stored(self) -> list[Step]:
        self.cli("check")
        lines = map(json.loads, self.cli("export", "--space", "cartpole").splitlines())
        return [Step(line) for line in lines if line["type"] == "step"]

    def test_it_learns_to_balance(self):
        told = self.events(self.start("train", "--steps", "6000", "--seed", str(SEED)))
        evaluated = [event for event in told if event["event"] == "evaluated"]
        self.assertEqual([event["steps"] for event in evaluated], [5000])
        self.assertGreater(evaluated[0]["mean"], 60)  # whoever pushes at random falls after 22 steps
        self.assertEqual(len(self.stored()), 6000)
        self.assertIn(evaluated[0], self.events(self.start("train", "--steps", "1")))  # the curve is kept

    def test_its_cart_is_the_one_of_gymnasium(self):
        self.events(self.start("train", "--steps", "1500", "--uniform"))
        steps = self.stored()
        episodes = 0
        for now, later in zip(steps, steps[1:]):
            ahead = moved(now.seen, now.action)
            for expected, got in zip(ahead, now.next or later.seen):
                self.assertAlmostEqual(expected, got, delta=1e-5)
            if now.place != later.place:
                episodes += 1
                self.assertTrue(all(abs(value) <= 0.05 for value in later.seen), later.seen)
            self.assertEqual(now.terminated, fell(ahead))
            self.assertNotEqual(now.place == later.place, now.terminated or now.truncated)
        self.assertGreater(episodes, 20)

    def test_killed_it_comes_back_with_the_buffer_it_had(self):
        dice = random.Random(SEED)
        acknowledged = 0
        for round_number in range(3):
            process = self.start("train", "--steps", "100000")
            acknowledged = self.until(process, "saved", acknowledged + 1000)["steps"]
            time.sleep(dice.random() / 10)
            self.kill(process)
            before = self.stored()
            self.assertGreaterEqual(len(before), acknowledged, round_number)
            process = self.start("train", "--steps", str(len(before) + 1))
            told = self.events(process)
            self.assertEqual((told[0]["event"], told[0]["steps"]), ("started", len(before)))
            self.assertGreaterEqual(told[0]["network"], acknowledged)
            self.assertLessEqual(told[0]["network"], len(before))
            after = self.stored()
            self.assertEqual([step.key() for step in after[: len(before)]], [step.key() for step in before])
            self.assertEqual(len(after), len(before) + 1)
            acknowledged = len(after)

    def test_actors_and_a_learner_share_a_memory_and_may_be_killed(self):
        steps = ("--steps", "6000")
        learner = self.start("learn", *steps)
        actors = [self.start("act", name, *steps) for name in ("one", "two")]
        self.until(learner, "saved", 1500)
        self.kill(actors[1])
        actors[1] = self.start("act", "two", *steps)
        self.until(learner, "saved", 3000)
        self.kill(learner)
        told = self.events(self.start("learn", *steps))
        for actor in actors:
            self.events(actor)
        self.assertGreaterEqual(told[0]["steps"], 3000)
        self.assertEqual(told[-1]["event"], "ended")
        self.assertTrue(any(event["event"] == "evaluated" for event in told), told)
        stored = self.stored()
        self.assertGreaterEqual(len(stored), 6000)
        self.assertEqual(len({step.place[0] for step in stored}), 2)

    def test_bad_calls_are_told(self):
        for arguments in (["train", "--steps", "0"], ["train", "--steps", "many"], ["act"], ["dance"], []):
            done = subprocess.run([AGENT, self.directory, *arguments], capture_output=True, text=True, timeout=LIMIT_S)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn("usage", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
