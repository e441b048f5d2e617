#!/usr/bin/env python3
"""bench_cartpole.py - after how many steps an agent that learns from our buffer balances a pole.

The agents are agents/cartpole_dqn (C, acts and learns in turns) and agents/dqn_cartpole.py (Python, where PyTorch is
installed; an actor and a learner, two processes), each with a prioritized and a uniform buffer, with several seeds. A
step is one that was acted to be learned from. Every 5,000 of them come 100 greedy episodes from fresh starts, which do
not count. solved_steps is where their mean length was first 475 or more, of 500; null if it never was. length is the
median of those means over the seeds, with the quartiles. Constants were chosen on seeds below 100.

JSON lines go to stdout; the curves, and how far it is, to stderr when that is a terminal.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EVALUATE_EVERY = 5000


def emit(metric: str, value, unit: str, **config) -> None:
    print(json.dumps({"bench": "bench_cartpole", "metric": metric, "value": value, "unit": unit, "config": config}),
          flush=True)


def note(text: str, end: str = "\n") -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end=end, file=sys.stderr, flush=True)


def python_with_torch() -> str | None:
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import numpy, torch"], capture_output=True).returncode == 0:
            return python
    return None


def commands(build: Path, wanted: str) -> dict[str, list[str]]:
    """How to start each agent that can be started."""
    found = {"c": [str(build / "agents" / "cartpole_dqn")]}
    if wanted != "c":
        python = python_with_torch()
        if python is None:
            print("bench_cartpole: no Python agent: PyTorch is not installed", file=sys.stderr)
        else:
            found["python"] = [python, str(ROOT / "agents" / "dqn_cartpole.py")]
    return {agent: command for agent, command in found.items() if wanted in (agent, "all")}


def is_solved(point: dict) -> bool:
    return point["mean"] >= 475


def run(command: list[str], options: argparse.Namespace, buffer: str, seed: int) -> list[dict]:
    """The evaluations of one training; until one solved it if that was asked for."""
    curve = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp"), ignore_cleanup_errors=True) as folder:
        arguments = ["train", "--json", "--seed", str(seed), "--steps", str(options.steps)]
        arguments += ["--uniform"] if buffer == "uniform" else []
        with subprocess.Popen([*command, os.path.join(folder, "cart"), *arguments], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "EPISODIC_LIBRARY": str(options.build / "lib")}) as process:
            for event in map(json.loads, process.stdout):
                if event["event"] == "evaluated":
                    curve.append(event)
                    note(f"{buffer}, seed {seed}: {event['steps']} steps, {event['mean']}", end="")
                if options.until_solved and curve and is_solved(curve[-1]):
                    process.kill()
        if process.returncode and not (options.until_solved and curve and is_solved(curve[-1])):
            sys.exit(f"bench_cartpole: {' '.join(command)} ended with {process.returncode}")
    return curve


def quartiles(values: list[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def solved_steps(curve: list[dict]) -> int | None:
    return next((point["steps"] for point in curve if is_solved(point)), None)


def tell(agent: str, buffer: str, curves: dict[int, list[dict]], limit: int) -> None:
    """Figures of all seeds of one agent and buffer; the curve as far as all went."""
    solved = {seed: solved_steps(curve) for seed, curve in curves.items()}
    ordered = sorted(limit + 1 if steps is None else steps for steps in solved.values())
    middle = ordered[len(ordered) // 2]
    emit("solved_steps_p50", middle if middle <= limit else None, "steps", agent=agent, buffer=buffer,
         seeds=sorted(curves), steps_max=limit)
    note(f"{agent}, {buffer}: solved after {[solved[seed] for seed in sorted(solved)]} steps")
    for number in range(min(map(len, curves.values()))):
        low, middle, high = quartiles([curve[number]["mean"] for curve in curves.values()])
        steps = (number + 1) * EVALUATE_EVERY
        emit("length", round(middle, 2), "steps", agent=agent, buffer=buffer, at=steps, quartiles=[low, high],
             seeds=sorted(curves))
        bar = "".join("#" if 10 * i < low else "=" if 10 * i < middle else "-" if 10 * i < high else " "
                      for i in range(50))
        note(f"{steps:7} |{bar}| {low:6.1f} {middle:6.1f} {high:6.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20 s: the C agent, one seed, 10,000 steps")
    parser.add_argument("--seed", type=int, default=101, help="the first; 101")
    parser.add_argument("--seeds", type=int, default=5, help="how many; 5")
    parser.add_argument("--steps", type=int, default=100000, help="of each training; 100000")
    parser.add_argument("--until-solved", action="store_true", help="end each training when it is solved")
    parser.add_argument("--agent", choices=["c", "python", "all"], default="all")
    parser.add_argument("--buffer", choices=["prioritized", "uniform", "all"], default="all")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    options = parser.parse_args()
    if options.quick:
        options.agent, options.seeds, options.steps = "c", 1, 10000
    buffers = ["prioritized", "uniform"] if options.buffer == "all" else [options.buffer]
    for agent, command in commands(options.build, options.agent).items():
        for buffer in buffers:
            curves = {}
            for seed in range(options.seed, options.seed + options.seeds):
                curves[seed] = run(command, options, buffer, seed)
                emit("solved_steps", solved_steps(curves[seed]), "steps", agent=agent, buffer=buffer, seed=seed)
            tell(agent, buffer, curves, options.steps)


if __name__ == "__main__":
    main()
