#!/usr/bin/env python3
"""dqn_cartpole.py - a cart learns to balance a pole: an actor and a learner, two processes on one replay buffer.

  dqn_cartpole.py DIR train         learns, and starts an actor beside it (again, should it die)
  dqn_cartpole.py DIR learn         only learns, from what others record meanwhile
  dqn_cartpole.py DIR act NAME      only acts, by the network that the learner wrote last; each actor has its NAME

DIR/memory is the buffer, DIR/network what was learned, and how well it did. Killed at any moment and started again, it
goes on with every step that was stored, the priorities they had, and a network that is a second old.

Learning is double DQN (van Hasselt, Guez, Silver, 2016) with 3-step returns, as in cartpole_dqn.c beside it; the cart
is CartPole-v1 of Gymnasium: its constants, bounds, start and limit of 500 steps. Needs PyTorch.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import subprocess
import sys
import time
from pathlib import Path

try:
    import numpy as np
    import torch
    from torch import nn
except ImportError as missing:
    sys.exit(f"dqn_cartpole.py needs {missing.name}, which is not installed; on Debian: "
             "apt-get install python3-numpy python3-torch, elsewhere: pip install numpy torch")

sys.path.append(str(Path(__file__).resolve().parent.parent / "bindings" / "python"))
from episodic import PrioritizedReplayBuffer, ReplayBuffer, TimeoutError  # noqa: E402

BATCH, N_STEP, GAMMA, ALPHA, BETA_FIRST, RATE = 64, 3, 0.99, 0.6, 0.4, 1e-3
LEARN_FROM, STEPS_PER_UPDATE, UPDATES_PER_TARGET, EXPLORE_STEPS, CURIOSITY_LAST = 1000, 2, 100, 10000, 0.04
EVALUATE_EVERY, EPISODES, SOLVED = 5000, 100, 475
SAVE_EVERY, SHOW_EVERY, BLOCK, AHEAD_MAX = 500, 100, 32, 200
BUFFER_SIZE = 1_000_000


class Carts:
    """Many carts at once, each as Gymnasium's CartPole-v1: x, its speed, the pole's angle, its speed."""

    STEPS_MAX = 500

    def __init__(self, count: int, random: np.random.Generator):
        self.state = random.uniform(-0.05, 0.05, (count, 4))
        self.steps = 0

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, bool]:
        """Moves all; says which of them fell, and whether time is over."""
        _, speed, angle, turning = self.state.T
        force, sine, cosine = np.where(actions == 1, 10.0, -10.0), np.sin(angle), np.cos(angle)
        push = (force + 0.05 * turning**2 * sine) / 1.1
        turn = (9.8 * sine - cosine * push) / (0.5 * (4.0 / 3.0 - 0.1 * cosine**2 / 1.1))
        self.state += 0.02 * np.stack([speed, push - 0.05 * turn * cosine / 1.1, turning, turn], 1)
        self.steps += 1
        fell = (np.abs(self.state[:, 0]) > 2.4) | (np.abs(self.state[:, 2]) > 12 * 2 * np.pi / 360)
        return fell, self.steps >= self.STEPS_MAX

    def look(self) -> np.ndarray:
        return self.state.astype(np.float32)


def make_network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))


@torch.no_grad()
def best_actions(network: nn.Module, seen: np.ndarray) -> np.ndarray:
    return network(torch.from_numpy(seen)).argmax(1).numpy()


def evaluate(network: nn.Module, seed: int) -> np.ndarray:
    """How long each of 100 greedy episodes lasts, from fresh starts, which are not remembered."""
    carts, lengths = Carts(EPISODES, np.random.default_rng(seed)), np.zeros(EPISODES)
    going, over = np.ones(EPISODES, bool), False
    while going.any() and not over:
        lengths += going
        fell, over = carts.step(best_actions(network, carts.look()))
        going &= ~fell
    return lengths


# ---- the actor -------------------------------------------------------------------------------------------------------

def read_network(path: Path) -> dict | None:
    return torch.load(path) if path.exists() else None


def steps_of(buffer: ReplayBuffer) -> int:
    return buffer.space.transition_stats().steps


def act(options: argparse.Namespace) -> None:
    """Acts until there are enough steps. Every block is acknowledged before the next; none is begun far ahead of the
    learner."""
    buffer = ReplayBuffer(BUFFER_SIZE, 4, "int64", path=options.memory, writer=options.name)
    random = np.random.default_rng([options.seed, steps_of(buffer), *options.name.encode()])
    network, read, learned, cart = make_network(), None, 0, None
    while (steps := steps_of(buffer)) < options.steps and options.parent in (0, os.getppid()):
        changed = options.network.stat().st_mtime_ns if options.network.exists() else None
        if changed != read:
            known, read = read_network(options.network), changed
            network.load_state_dict(known["online"])
            learned = known["steps"]
        if steps >= max(learned, LEARN_FROM) + AHEAD_MAX:
            time.sleep(0.001)
            continue
        for step in range(steps, steps + BLOCK):
            cart = cart or Carts(1, random)
            seen, curiosity = cart.look(), max(CURIOSITY_LAST, 1 - step / EXPLORE_STEPS * (1 - CURIOSITY_LAST))
            action = random.integers(2, size=1) if random.random() < curiosity else best_actions(network, seen)
            fell, over = cart.step(action)
            buffer.add(seen[0], cart.look()[0], action[0], 1.0, fell[0], over)
            cart = None if fell[0] or over else cart
        buffer.sync()
    buffer.close()


# ---- the learner -----------------------------------------------------------------------------------------------------

class Learner:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        torch.manual_seed(options.seed)
        paced = dict(min_steps=LEARN_FROM, samples_per_insert=BATCH / STEPS_PER_UPDATE, samples_ahead=BATCH,
                     timeout_ms=2)
        kind = ReplayBuffer if options.uniform else PrioritizedReplayBuffer
        more = {} if options.uniform else {"alpha": ALPHA, "epsilon": 1e-3}
        self.buffer = kind(BUFFER_SIZE, 4, "int64", device="cpu", path=options.memory, n_step=N_STEP, gamma=GAMMA,
                           seed=options.seed, name=options.buffer, **paced, **more)
        self.online, self.target = make_network(), make_network()
        self.adam = torch.optim.Adam(self.online.parameters(), RATE)
        self.target.load_state_dict(self.online.state_dict())
        self.steps, self.saved, self.updates, self.curve = steps_of(self.buffer), 0, 0, []
        known = read_network(options.network)
        if known:
            self.online.load_state_dict(known["online"])
            self.target.load_state_dict(known["target"])
            self.adam.load_state_dict(known["adam"])
            self.saved, self.updates, self.curve = known["steps"], known["updates"], known["curve"]
        self.shown = self.saved

    def update(self) -> None:
        """One batch: TD errors go down the gradient, and back to the buffer as priorities."""
        if not self.options.uniform:
            self.buffer.beta = BETA_FIRST + min(1.0, self.steps / self.options.steps) * (1 - BETA_FIRST)
        batch = self.buffer.sample(BATCH)
        with torch.no_grad():
            best = self.online(batch.next_observations).argmax(1, keepdim=True)
            wanted = batch.rewards + batch.discounts * self.target(batch.next_observations).gather(1, best)
        values = self.online(batch.observations).gather(1, batch.actions)
        loss = (batch.weights * nn.functional.smooth_l1_loss(values, wanted, reduction="none")).mean()
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        if not self.options.uniform:
            self.buffer.update_priorities(batch.ids, (values - wanted).detach())
        self.updates += 1
        if self.updates % UPDATES_PER_TARGET == 0:
            self.target.load_state_dict(self.online.state_dict())

    def write_network(self) -> None:
        """Under another name first, so that whoever reads it finds one that is whole."""
        fresh = self.options.network.with_suffix(".new")
        torch.save({"online": self.online.state_dict(), "target": self.target.state_dict(),
                    "adam": self.adam.state_dict(), "steps": self.steps, "updates": self.updates,
                    "curve": self.curve}, fresh)
        fresh.replace(self.options.network)
        self.shown = self.steps

    def save(self) -> None:
        self.buffer.save()
        self.write_network()
        self.saved = self.steps
        self.say("saved")

    def keep_house(self) -> None:
        """Evaluates and saves when it is time; shows actors the network more often."""
        if self.steps >= (len(self.curve) + 1) * EVALUATE_EVERY:
            lengths = evaluate(self.online, 1000 * self.options.seed + len(self.curve))
            self.curve.append({"steps": self.steps, "mean": float(lengths.mean()), "least": int(lengths.min()),
                               "most": int(lengths.max())})
            self.tell(self.curve[-1])
            self.save()
        elif self.steps >= self.saved + SAVE_EVERY or self.steps >= self.options.steps:
            self.save()
        elif self.steps >= self.shown + SHOW_EVERY:
            self.write_network()

    def run(self, watch) -> None:
        """As many updates as the steps in the memory allow; watch() is called now and then."""
        self.say("started")
        for point in self.curve:
            self.tell(point)
        done = False
        while not done:
            done = self.steps >= self.options.steps  # once more with all of them
            try:
                while True:
                    self.update()
            except TimeoutError:  # the buffer paces who learns
                pass
            self.keep_house()
            self.steps = steps_of(self.buffer)
            watch()
        self.end()
        self.buffer.close()

    # ---- what is told ----

    def print_json(self, event: str, **more) -> None:
        print(json.dumps({"event": event, **more}), flush=True)

    def say(self, event: str) -> None:
        if self.options.json:
            self.print_json(event, steps=self.steps, network=self.saved, updates=self.updates)
        elif event == "started" and self.steps > 0:
            print(f"resumed | {self.steps} steps in the memory, a network of {self.saved}", flush=True)

    def tell(self, point: dict) -> None:
        if self.options.json:
            self.print_json("evaluated", buffer=self.options.buffer, seed=self.options.seed, **point)
        else:
            print(f"{point['steps']:7} |{'#' * int(point['mean'] / 10):50}| {point['mean']:6.2f}, "
                  f"{point['least']:3} to {point['most']:3}", flush=True)

    def end(self) -> None:
        solved = next((point["steps"] for point in self.curve if point["mean"] >= SOLVED), None)
        if self.options.json:
            self.print_json("ended", solved_steps=solved)
        else:
            print(f"solved after {solved} steps" if solved else "not solved yet", flush=True)


def train(options: argparse.Namespace) -> None:
    """Learns here; the actor is a process of its own, which ends by itself when this one is killed."""
    command = [sys.executable, __file__, options.directory, "act", "actor", "--steps", str(options.steps), "--seed",
               str(options.seed), "--parent", str(os.getpid())]
    learner, actors = Learner(options), []

    def watch() -> None:
        if not actors or actors[-1].poll() not in (None, 0):
            actors.append(subprocess.Popen(command))

    learner.run(watch)
    actors[-1].wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", metavar="DIR")
    parser.add_argument("role", choices=["train", "learn", "act"])
    parser.add_argument("name", nargs="?", metavar="NAME")
    parser.add_argument("--steps", type=int, default=100000, help="until so many are in the memory; 100000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--uniform", action="store_true", help="draw all steps alike, not by their last TD error")
    parser.add_argument("--parent", type=int, default=0, help="an actor ends when it is no child of this process")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    options = parser.parse_args()
    if (options.role == "act") != (options.name is not None) or options.steps < 1:
        parser.error("an actor needs a NAME, others have none; --steps is at least 1")
    folder = Path(options.directory)
    folder.mkdir(mode=0o700, exist_ok=True)
    options.memory, options.network = folder / "memory", folder / "network"
    options.buffer = "uniform" if options.uniform else "prioritized"
    torch.set_num_threads(1)  # the network is small
    if options.role == "act":
        act(options)
    elif options.role == "train":
        train(options)
    else:
        Learner(options).run(lambda: None)


if __name__ == "__main__":
    main()
