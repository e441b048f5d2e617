#!/usr/bin/env python3
"""bench_python.py - what replay costs from Python: filling a batch, and adding steps.

Filled are batches of 256 transitions of 84 float32 observations, with their next observations, actions, rewards, ends
and discounts, out of 1,000,000 (--quick: 100,000). Four ways, in turns in one process, in processor time of the
thread, the median of the rounds:

  c           a loop in C that calls epi_replay_sample() with the same sampler and the same arrays
  python      Replay.fill() into arrays that are there (call: fill), and what trainers call, ReplayBuffer.sample(),
              which hands out arrays and float32 columns (call: sample)
  numpy-ring  a plain ring of NumPy arrays, drawn from by fancy indexing, uniformly

sampler: uniform or proportional (alpha .6, priorities over three powers of ten). fill_ratio is the median of the
rounds' own ratios. append_per_s: steps added one by one, and in blocks of 256, to what is pending in the process.
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bindings" / "python"))
import numpy as np  # noqa: E402

from episodic import PrioritizedReplayBuffer, ReplayBuffer  # noqa: E402
from episodic._library import lib  # noqa: E402

WIDTH, BATCH, BETA, EPISODE, BLOCK = 84, 256, 0.4, 200, 4096

LOOP = """
#include <stddef.h>
int fill_loop(int (*sample)(void *, void *, double), void *replay, void *batch, double beta, size_t rounds) {
    int status = 0;
    for (size_t i = 0; i < rounds && !status; i++) status = sample(replay, batch, beta);
    return status;
}
"""


class Ring:
    """The buffer that everybody writes: arrays, a place, and fancy indexing."""

    def __init__(self, size: int, rng: np.random.Generator):
        self.rng, self.size = rng, size
        self.observations = np.zeros((size, WIDTH), np.float32)
        self.next_observations = np.zeros((size, WIDTH), np.float32)
        self.actions, self.rewards = np.zeros((size, 1), np.int64), np.zeros((size, 1), np.float32)
        self.dones = np.zeros((size, 1), np.float32)

    def put(self, at: int, block: dict) -> None:
        rows = slice(at, at + len(block["obs"]))
        self.observations[rows] = block["obs"]
        self.next_observations[rows] = np.roll(block["obs"], -1, axis=0)
        self.actions[rows, 0], self.rewards[rows, 0] = block["action"], block["reward"]
        self.dones[rows, 0] = block["terminated"]

    def sample(self) -> tuple:
        chosen = self.rng.integers(0, self.size, BATCH)
        return (self.observations[chosen], self.actions[chosen], self.next_observations[chosen], self.dones[chosen],
                self.rewards[chosen])


def steps_of(rng: np.random.Generator, at: int, count: int) -> dict:
    """A block of steps."""
    return {"obs": rng.random((count, WIDTH), dtype=np.float32), "action": rng.integers(0, 18, count),
            "reward": rng.random(count, dtype=np.float32),
            "terminated": np.arange(at, at + count) % EPISODE == EPISODE - 1}


def compiled_loop() -> ctypes._CFuncPtr:
    """The loop in C."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "loop.c").write_text(LOOP)
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", f"{folder}/loop.c", "-o",
                        f"{folder}/loop.so"], check=True)
        loop = ctypes.CDLL(f"{folder}/loop.so").fill_loop
    loop.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_double, ctypes.c_size_t]
    return loop


def cpu_us(function, count: int) -> float:
    """Processor time of a call, in microseconds."""
    start = time.thread_time_ns()
    for _ in range(count):
        function()
    return (time.thread_time_ns() - start) / count / 1e3


class Bench:
    def __init__(self, seed: int, quick: bool):
        self.seed, self.size = seed, 100_000 if quick else 1_000_000
        self.rounds, self.count = (7, 100) if quick else (15, 400)
        self.rng = np.random.default_rng(seed)

    def emit(self, metric: str, value: float, unit: str, **config) -> None:
        print(json.dumps({"bench": "bench_python", "metric": metric, "value": float(f"{value:.6g}"), "unit": unit,
                          "config": {**config, "seed": self.seed}}), flush=True)

    def filled(self) -> tuple[PrioritizedReplayBuffer, Ring]:
        """A buffer and a ring with the same steps."""
        buffer = PrioritizedReplayBuffer(self.size, WIDTH, "int64", gamma=.99, seed=self.seed)
        ring = Ring(self.size, self.rng)
        for at in range(0, self.size, BLOCK):
            block = steps_of(self.rng, at, min(BLOCK, self.size - at))
            ids = buffer.extend(next_obs=None, **block)
            buffer.update_priorities(ids, 10 ** self.rng.uniform(-3, 0, len(ids)))
            ring.put(at, block)
        buffer.sync()
        return buffer, ring

    def fill(self) -> None:
        """All ways of filling a batch, in turns."""
        proportional, ring = self.filled()
        uniform = ReplayBuffer(self.size, WIDTH, "int64", gamma=.99, seed=self.seed, space=proportional.space)
        loop = compiled_loop()
        sample = ctypes.cast(lib.epi_replay_sample, ctypes.c_void_p)
        ways = {("numpy-ring", "sample", "uniform"): ring.sample}
        for name, buffer in (("proportional", proportional), ("uniform", uniform)):
            batch, replay = buffer.batch(BATCH), buffer.replay
            handle, struct = replay._live()._as_parameter_, ctypes.addressof(batch._struct)
            ways["c", "loop", name] = (
                lambda handle=handle, struct=struct: loop(sample, handle, struct, BETA, self.count))
            ways["python", "fill", name] = lambda replay=replay, batch=batch: replay.fill(batch, BETA)
            ways["python", "sample", name] = lambda buffer=buffer: buffer.sample(BATCH)
        times = {way: [] for way in ways}
        for turn in range(self.rounds + 3):  # the first ones touch the memory
            for way, function in ways.items():
                taken = cpu_us(function, 1) / self.count if way[0] == "c" else cpu_us(function, self.count)
                if turn >= 3:
                    times[way].append(taken)
        self.report(times)
        uniform.close()
        proportional.close()

    def report(self, times: dict) -> None:
        for (engine, call, sampler), taken in times.items():
            self.emit("fill_us", np.median(taken), "us", engine=engine, call=call, sampler=sampler, n=self.size,
                      batch=BATCH)
        for (engine, call, sampler), taken in times.items():
            for to in ("c", "numpy-ring"):
                base = times.get((to, "loop" if to == "c" else "sample", sampler if to == "c" else "uniform"))
                if engine == "python":
                    self.emit("fill_ratio", np.median(np.array(taken) / base), "x", engine=engine, call=call,
                              sampler=sampler, to=to, n=self.size, batch=BATCH)

    def append(self) -> None:
        """Steps added one by one, and in blocks."""
        rates = {"add": [], "extend": []}
        for turn in range(self.rounds + 1):
            with ReplayBuffer(100_000, WIDTH, "int64") as buffer:
                block = steps_of(self.rng, 0, 256)
                obs, following = block["obs"][0], block["obs"][1]
                buffer.add(obs, following, 1, .5, False, False)
                one = cpu_us(lambda: buffer.add(obs, following, 1, .5, False, False), 10 * self.count)
                many = cpu_us(lambda: buffer.extend(next_obs=None, **block), self.count // 4) / 256
            if turn > 0:
                rates["add"].append(1e6 / one)
                rates["extend"].append(1e6 / many)
        for call, found in rates.items():
            self.emit("append_per_s", np.median(found), "1/s", call=call, policy="pending",
                      block=256 if call == "extend" else 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="everything within 20 s")
    options = parser.parse_args()
    bench = Bench(options.seed, options.quick)
    bench.fill()
    bench.append()


if __name__ == "__main__":
    main()
