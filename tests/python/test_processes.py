"""test_processes.py - two actors and a learner on one buffer; the actors are killed at random and started again, and no
step that was acknowledged is missing. EPISODIC_TEST_SECONDS says for how long (600 is the long form)."""

import os
import random
import re
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import place
import numpy as np

from episodic import PrioritizedReplayBuffer, ReplayBuffer

SECONDS = float(os.environ.get("EPISODIC_TEST_SECONDS", "5"))
SEED = int(os.environ.get("EPISODIC_TEST_SEED", "100"))
SIZE, BLOCK, EPISODE, KILLS_MIN = 50_000_000, 16, 50, 3
SPACE = (SIZE, 3, "int64")


def act(path: str, actor: int, run: int) -> None:
    """Adds steps whose observation names actor, run and step; says how many are durable."""
    buffer = ReplayBuffer(*SPACE, path=path, writer=f"actor-{actor}")
    step = 0
    while True:
        for step in range(step + 1, step + BLOCK + 1):
            ends = step % EPISODE == 0
            after = [actor, run, step + 1 - .5 * ends]
            buffer.add([actor, run, step], after, step % 5, 1.0, ends, False)
        buffer.sync()
        os.write(1, f"{actor} {run} {step}\n".encode())


def anonymous_mb() -> float:
    """Memory of this process that is not a mapped file."""
    return int(re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


class Actor:
    """An actor that dies and is started again; what it acknowledged is in its log."""

    def __init__(self, path: str, number: int, log: str):
        self.path, self.number, self.run, self.log = path, number, 0, open(f"{log}-{number}", "ab")
        self.start()

    def start(self):
        self.run += 1
        self.before = os.fstat(self.log.fileno()).st_size
        self.process = subprocess.Popen([sys.executable, __file__, "act", self.path, str(self.number), str(self.run)],
                                        stdout=self.log, env=place.environment())

    def has_said(self) -> bool:
        """Whether it acknowledged something since it was started."""
        return os.fstat(self.log.fileno()).st_size > self.before

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        self.kill()
        self.log.close()


class Processes(place.Place):
    def test_no_acknowledged_step_is_lost_when_actors_are_killed(self):
        print(f"seed {SEED}, {SECONDS:g} seconds", flush=True)
        rng, log = random.Random(SEED), os.path.join(self.folder, "log")
        learner = PrioritizedReplayBuffer(*SPACE, path=self.path, name="learner", seed=SEED, timeout_ms=20000)
        actors = [Actor(self.path, number, log) for number in range(2)]
        try:
            rates, kills, memory = self.learn(learner, actors, rng)
        finally:
            for actor in actors:
                actor.close()
        self.report(rates, kills, memory)
        learner.save()
        expected = [learner.sample(64).ids.tolist() for _ in range(3)]
        ids = np.unique(np.concatenate(expected))
        priorities = learner.replay.priorities(ids)
        learner.close()
        self.compare(log)
        with PrioritizedReplayBuffer(*SPACE, path=self.path, name="learner") as again:
            np.testing.assert_array_equal(again.replay.priorities(ids), priorities)
            self.assertEqual([again.sample(64).ids.tolist() for _ in range(3)], expected)
        self.check_memory()

    def learn(self, learner, actors, rng):
        """Samples and updates, and kills; returns batches a second by tenth, kills, and memory by tenth."""
        rates, memory, kills, began = [], [], 0, time.monotonic()
        next_kill = began + rng.random()
        for tenth in range(1, 11):
            until, count, start = began + tenth * SECONDS / 10, 0, time.monotonic()
            while time.monotonic() < until or count == 0 or tenth == 10 and kills < KILLS_MIN:
                samples = learner.sample(64)
                learner.update_priorities(samples.ids, np.random.default_rng(count).random(64) + .1)
                count += 1
                actor = actors[kills % 2]
                if time.monotonic() > next_kill and actor.has_said():
                    actor.kill()
                    actor.start()
                    kills, next_kill = kills + 1, time.monotonic() + .3 + rng.random()
            rates.append(count / (time.monotonic() - start))
            memory.append(anonymous_mb())
        return rates, kills, memory

    def report(self, rates, kills, memory):
        print(f"{kills} kills; batches a second by tenth: {' '.join(f'{rate:.0f}' for rate in rates)}; "
              f"MB: {memory[0]:.0f} to {memory[-1]:.0f}", flush=True)

    def compare(self, log):
        """Every acknowledged step is there, once, in a lane of its own episode."""
        acknowledged = {}
        for number in range(2):
            for line in Path(f"{log}-{number}").read_text().splitlines():
                actor, run, step = map(int, line.split())
                acknowledged[actor, run] = step
        self.assertGreaterEqual(len(acknowledged), KILLS_MIN)
        with ReplayBuffer(*SPACE, path=self.path, sampler="fifo") as buffer:
            steps = buffer.sample(len(buffer)).observations.astype(int)
        found = {}
        for actor, run, step in steps:
            found.setdefault((actor, run), []).append(step)
        for key, last in acknowledged.items():
            self.assertEqual(sorted(found[key])[:last], list(range(1, last + 1)), key)
        print(f"{sum(acknowledged.values())} acknowledged steps, all there", flush=True)

    def check_memory(self):
        from episodic import Memory
        with Memory(self.path) as memory:
            self.assertEqual(memory.check(), [])


if __name__ == "__main__":
    if sys.argv[1:2] == ["act"]:
        act(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    unittest.main(verbosity=2)
