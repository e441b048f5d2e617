"""test_dqn_cartpole.py - the Python agent that balances a pole, as processes: actor and learner on one memory, killed
and started again with the buffer they had. Without PyTorch only that it says so; the rest is skipped."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import place
import numpy as np

import episodic

sys.path.insert(0, str(place.ROOT / "tests" / "e2e"))
from test_cartpole_dqn import moved  # noqa: E402  (and the way to tests/support)
from learner import LIMIT_S, Learners  # noqa: E402

AGENT = place.ROOT / "agents" / "dqn_cartpole.py"
HAS_TORCH = importlib.util.find_spec("torch") is not None


class WithoutTorch(unittest.TestCase):
    def test_it_says_what_is_missing_in_one_line(self):
        hidden = f"import sys, runpy; sys.modules['torch'] = None; sys.argv = ['x', 'd', 'train']; " \
                 f"runpy.run_path({str(AGENT)!r}, run_name='__main__')"
        done = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("python3-torch", done.stderr)


@unittest.skipUnless(HAS_TORCH, "PyTorch is not installed (apt-get install python3-torch)")
class Agent(place.Place, Learners):
    def setUp(self):
        super().setUp()
        self.directory = os.path.join(self.folder, "cart")

    def start(self, role: str, *arguments: str) -> subprocess.Popen:
        return self.launch(sys.executable, AGENT, self.directory, role, *arguments, env=place.environment())

    def stored(self) -> np.ndarray:
        """Id, action, observation and next observation of every step, the oldest first; and the memory is sound."""
        with episodic.Memory(os.path.join(self.directory, "memory")) as memory:
            self.assertEqual(memory.check(), [])
            with memory.space("replay") as space, space.replay(sampler="fifo") as replay:
                batch = replay.sample(100000, ["action", "observation", "next_observation"])
                return np.column_stack([batch.ids[:batch.count], batch["action"], batch["observation"],
                                        batch["next_observation"]])

    def test_it_learns_and_comes_back_with_the_buffer_it_had(self):
        process = self.start("train", "--steps", "100000")
        acknowledged = self.until(process, "saved", 1000)["steps"]
        self.kill(process)
        time.sleep(1)  # its actor sees that it is alone, and ends
        before = self.stored()
        self.assertGreaterEqual(len(before), acknowledged - 1)  # the last one waits for its successor
        process = self.start("train", "--steps", "5000")
        told = [self.until(process, "started", 0), self.until(process, "saved", acknowledged + 1000)]
        actors = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        self.assertEqual(len(actors), 1)
        os.kill(int(actors[0]), signal.SIGKILL)  # it starts another one
        told += self.events(process)
        self.assertGreaterEqual(told[0]["steps"], len(before))
        self.assertGreaterEqual(told[0]["network"], acknowledged)
        evaluated = [event for event in told if event["event"] == "evaluated"]
        self.assertEqual(len(evaluated), 1)
        self.assertGreater(evaluated[0]["mean"], 40)  # whoever pushes at random falls after 22 steps
        after = self.stored()
        self.assertGreaterEqual(len(after), 4990)
        self.assertTrue((after[:len(before)] == before).all())
        for _, action, *seen in after[::5]:
            for expected, got in zip(moved(seen[:4], action), seen[4:]):
                self.assertAlmostEqual(expected, got, delta=1e-5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
