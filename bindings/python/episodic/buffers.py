"""buffers.py - replay buffers in the shape that trainers expect, over a space of a memory.

The constructor begins as Stable-Baselines3's does, so a class can be given as `replay_buffer_class=`; CleanRL's loops
use the same interface. What is sampled is a ReplaySamples: NumPy arrays, or torch tensors where a device is given. An
observation is stored once; a next observation only where it is not the one that follows.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from typing import Any, Mapping, NamedTuple

import numpy as np

from . import _declarations as c
from .errors import NotFoundError, error_of
from .memory import Memory
from .replay import Batch, Pool, Replay, sequence_priorities
from .schema import Schema
from .space import Space
from .transitions import Recorder, Rows, rows_of

class ReplaySamples(NamedTuple):
    """A batch. rewards, dones, discounts and weights are size x 1, actions at least that.

    dones: 1 where the (n-step) transition ended its episode by itself, so that nothing is bootstrapped from it; where
    the episode was cut off, 0. discounts: gamma^k, 0 where done; None unless gamma or n_step was given. weights:
    importance weights, all 1 of a uniform buffer. ids: for update_priorities(). columns: columns of your own by name;
    of sequences also "mask" and "trained".
    """

    observations: Any
    actions: Any
    next_observations: Any
    dones: Any
    rewards: Any
    discounts: Any
    weights: Any
    ids: np.ndarray
    columns: dict[str, Any]


def _remove(folder: str, process: int) -> None:
    """Removes a temporary directory, in the process that made it."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def _numpy(values: Any) -> np.ndarray:
    """Values of an array, a list, or a tensor on any device."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def _split(done: Any, last: Any, handles_timeouts: bool) -> tuple[Any, Any]:
    """terminated and truncated of add()'s fifth and sixth argument: flags as they are; or done and infos, a dict an
    environment (Stable-Baselines3) or one of arrays (Gymnasium's vector environments)."""
    if isinstance(last, Mapping):
        cut = last.get("TimeLimit.truncated", False)
    elif isinstance(last, (list, tuple)) and last and isinstance(last[0], Mapping):
        cut = [info.get("TimeLimit.truncated", False) for info in last]
    else:
        return done, last
    done = np.asarray(done, np.bool_)
    cut = np.asarray(cut, np.bool_) & done if handles_timeouts else np.zeros_like(done)
    return done & ~cut, cut


class ReplayBuffer:
    """A uniform replay buffer of `buffer_size` steps; when it is full, the oldest goes first, with the next commit: for
    a moment there may be a twentieth more.

    buffer_size, observation_space, action_space, device, n_envs, optimize_memory_usage, handle_timeout_termination: as
    Stable-Baselines3 has them. A space is whatever has .shape and .dtype, or a number of float32 elements, a shape, a
    dtype, or (dtype, shape). device: None for NumPy arrays, else a torch device ("auto": cuda where there is one).
    optimize_memory_usage: always so; ignored. handle_timeout_termination: see add().

    path: a directory to keep the buffer in, for others to share and for the next run; None: a temporary one, which goes
    with the buffer. space: an open space instead. writer: name of what this process adds under; each process that adds
    has its own. sync: see Memory; by default "grouped", and "manual" in a temporary directory.
    n_step, gamma: returns of so many steps. columns: columns of your own, {name: what tensor_of() takes}. seed: of
    what is drawn. name: under which what was drawn and saved is known. All other options are Replay's.

    >>> buffer = ReplayBuffer(1000, 4, "int64", seed=1)
    >>> obs = np.zeros(4)
    >>> for step in range(100):
    ...     buffer.add(obs, obs + 1, 0, 1., terminated=step % 10 == 9, truncated=False)
    ...     obs = obs + 1 if step % 10 < 9 else np.zeros(4)
    >>> samples = buffer.sample(32)
    >>> samples.observations.shape, samples.actions.shape, samples.rewards.shape
    ((32, 4), (32, 1), (32, 1))
    >>> bool((samples.next_observations == samples.observations + 1).all())
    True
    >>> buffer.close()
    """

    _sampler, _alpha = "uniform", 0.0

    def __init__(self, buffer_size: int, observation_space: Any, action_space: Any, device: Any = None,
                 n_envs: int = 1, optimize_memory_usage: bool = False, handle_timeout_termination: bool = True, *,
                 path: str | os.PathLike | None = None, space: Space | None = None, writer: str = "actor",
                 sync: str | None = None, n_step: int = 1, gamma: float | None = None,
                 columns: dict[str, Any] | None = None, seed: int = 0, name: str | None = None, resume: bool = True,
                 **options: Any):
        self.buffer_size, self.n_envs, self.device = max(buffer_size // n_envs, 1), n_envs, device
        self.handle_timeout_termination = handle_timeout_termination
        self.observation_space, self.action_space = observation_space, action_space
        self._writer, self._columns = writer, list(columns or {})
        self._has_discount = gamma is not None or n_step > 1
        self._lock = threading.Lock()
        self._recorder: Recorder | None = None
        schema = Schema.transitions(observation_space, action_space, columns)
        self._memory, self._folder = None, None
        if space is None:
            space = self._open(path, sync, schema)
        self.space = space
        space.limit(max_steps=self.buffer_size * n_envs)
        self._schema = space.schema
        self._rows = Rows(self._schema, max(n_envs, 1))
        self._shape = self._schema.role("observation").shape
        self._drawn = ["observation", "action", "next_observation", "terminated", "reward", "discount", *self._columns]
        self._drawn += ["mask", "trained"] if options.get("sequence_length") else []
        self._scalar_axes = 2 if options.get("sequence_length") else 1
        stats = space.transition_stats()
        self._added, self._uncommitted = stats.steps + stats.pending, 0
        options.update(sampler=options.get("sampler", self._sampler), alpha=options.get("alpha", self._alpha),
                       n_step=n_step, discount=0.99 if gamma is None else gamma, seed=seed, name=name)
        self.replay = self._open_replay(resume, options)
        self._pool = Pool(self.replay, self._drawn)

    def _open(self, path: str | os.PathLike | None, sync: str | None, schema: Schema) -> Space:
        """The space "replay" of a memory of its own."""
        if path is None:
            path = tempfile.mkdtemp(prefix="episodic-")
            self._folder = weakref.finalize(self, _remove, path, os.getpid())
            sync = sync or "manual"
        self._memory = Memory(path, sync=sync or "grouped")
        return self._memory.space("replay", schema)

    def _open_replay(self, resume: bool, options: dict[str, Any]) -> Replay:
        """The sampler, with the random state that was saved under its name if there is one."""
        if resume and options["name"] is not None:
            try:
                return self.space.replay(resume=True, **options)
            except NotFoundError:
                pass
        return self.space.replay(**options)

    # ---- writing ----

    @property
    def recorder(self) -> Recorder:
        """What this process adds through, made at the first addition. Episodes that an earlier run left open end."""
        if self._recorder is None:
            self._recorder = self.space.recorder(self._writer, self.n_envs)
            for lane in range(self.n_envs):
                self._recorder.cut(lane)
        return self._recorder

    def add(self, obs: Any, next_obs: Any, action: Any, reward: Any, terminated: Any, truncated: Any = False,
            env: int = 0, **columns: Any) -> None:
        """Adds a step of one environment, or a row of each of the n_envs.

        next_obs: what came after it, the last observation of an episode where it ended. Where environments reset
        themselves, that is `final_obs` or `terminal_observation`, never the next episode's first. columns: values of
        columns of your own; what is left out is zero.

        Stable-Baselines3 and CleanRL pass done and infos instead of the two flags: a list of dicts, or a dict of
        arrays. "TimeLimit.truncated" in them tells the two apart if handle_timeout_termination is set; otherwise done
        is taken as terminated.
        """
        terminated, truncated = _split(terminated, truncated, self.handle_timeout_termination)
        observation = np.asarray(obs)
        count = 1 if observation.shape == self._shape else self.n_envs
        if observation.size != count * self._rows.size:
            raise error_of(c.EPI_EDIMENSION, "python", f"obs has shape {observation.shape}, expected {self._shape}"
                           + (f" or {(self.n_envs, *self._shape)}"))
        with self._lock:
            self._rows.put(count, observation, action, reward, terminated, truncated, next_obs, columns)
            self._rows.append(self._recorder or self.recorder, count, env)
            self._count(count)

    def extend(self, obs: Any, next_obs: Any, action: Any, reward: Any, terminated: Any, truncated: Any = None,
               env: Any = 0, **columns: Any) -> np.ndarray:
        """Adds many steps in the order of time, of one environment or each of its own (env is then an array); returns
        their ids."""
        given = {"observation": obs, "action": action, "reward": reward, "terminated": terminated,
                 "truncated": truncated, "next_observation": next_obs, **columns}
        count = len(np.asarray(obs))
        arrays = {role: rows_of(self._schema, role, values, count) for role, values in given.items()
                  if values is not None}
        row = sum(array.nbytes for array in arrays.values()) // max(1, count)
        step = max(1, min(c.EPI_APPEND_COUNT_MAX, c.EPI_APPEND_SIZE_MAX // max(1, row)))
        lanes = np.broadcast_to(np.asarray(env, np.uint32), count)
        with self._lock:
            ids = [self.recorder.append({role: array[at:at + step] for role, array in arrays.items()},
                                        lanes[at:at + step]) for at in range(0, count, step)]
            self._count(count)
        return np.concatenate(ids) if ids else np.zeros(0, np.uint64)

    def _count(self, added: int) -> None:
        """Counts what was added. The oldest goes with a commit, so a full buffer commits before it is a twentieth
        fuller than it may be."""
        self._added += added
        self._uncommitted += added
        if self.full and self._uncommitted * 20 >= self.buffer_size * self.n_envs:
            self.sync()

    # ---- reading ----

    def sample(self, batch_size: int, env: Any = None) -> ReplaySamples:
        """Draws a batch. env: a VecNormalize of Stable-Baselines3, which then normalizes."""
        return self._samples(self.draw(batch_size), env)

    def draw(self, batch_size: int, beta: float = 0.0) -> Batch:
        """Draws a batch as columns. Its arrays are yours as long as you hold one of them; later batches take those
        that nobody holds any more."""
        batch = self._pool.take(batch_size)
        self.replay.fill(batch, beta)
        return batch

    def batch(self, batch_size: int) -> Batch:
        """Room for batches that replay.fill() writes over and over."""
        return self.replay.batch(batch_size, self._drawn)

    def _samples(self, batch: Batch, env: Any) -> ReplaySamples:
        columns, count = batch.columns, batch.count
        observations, following = columns["observation"], columns["next_observation"]
        rewards = columns["reward"]
        if env is not None:
            observations, following = env.normalize_obs(observations), env.normalize_obs(following)
            rewards = env.normalize_reward(rewards).astype(np.float32)
        give = self._give
        return ReplaySamples(
            give(self._column(observations[:count])), give(self._column(columns["action"][:count])),
            give(self._column(following[:count])), give(self._column(columns["terminated"][:count].astype(np.float32))),
            give(self._column(rewards[:count])),
            give(self._column(columns["discount"][:count])) if self._has_discount else None,
            give(batch.weights[:count, None].astype(np.float32)), batch.ids[:count],
            {role: give(columns[role][:count]) for role in self._drawn[6:]})

    def _column(self, array: np.ndarray) -> np.ndarray:
        """A column of scalars with an axis of its own, so that it does not broadcast against the batch."""
        return array[..., None] if array.ndim == self._scalar_axes else array

    def _give(self, array: np.ndarray) -> Any:
        """An array as the caller wants it: as it is, or as a tensor on the device."""
        if self.device is None:
            return array
        import torch  # only where tensors were asked for

        if self.device == "auto":
            self.device = "cuda" if torch.cuda.is_available() else "cpu"
        return torch.as_tensor(array, device=self.device)

    def ids(self) -> np.ndarray:
        """Ids of the steps that can be drawn, the oldest first; of more than a million the oldest million."""
        count = min(len(self), c.EPI_BATCH_SIZE_MAX)
        with self.space.replay(sampler="fifo") as oldest:
            return oldest.sample(count, []).ids if count else np.zeros(0, np.uint64)

    def size(self) -> int:
        """Steps that can be drawn now."""
        return self.replay.stats().steps

    def __len__(self) -> int:
        return self.size()

    @property
    def pos(self) -> int:
        """Where Stable-Baselines3 would write next: additions of all environments, modulo buffer_size."""
        return self._added // self.n_envs % self.buffer_size

    @property
    def full(self) -> bool:
        """Whether buffer_size steps were added, so that the oldest go."""
        return self._added >= self.buffer_size * self.n_envs

    # ---- keeping ----

    def sync(self) -> None:
        """Makes every step that was added durable."""
        self.space._memory.sync()
        self._uncommitted = 0

    def save(self) -> None:
        """Makes everything durable, priorities and random state too: a buffer opened on the same path under the same
        name goes on with the very batches that this one would have drawn. Needs a name."""
        self.sync()
        self.replay.save()

    def close(self) -> None:
        """Closes it; a temporary directory goes."""
        if self.replay.closed:
            return
        self.replay.close()
        if self._recorder is not None:
            self._recorder.close()
        if self._memory is not None:
            self.space.close()
            self._memory.close()
        if self._folder is not None:
            self._folder()

    @property
    def closed(self) -> bool:
        return self.replay.closed

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def __reduce__(self):
        raise TypeError("a replay buffer cannot be pickled; give it a path, and open that again")

    def __repr__(self) -> str:
        where = "closed" if self.closed else f"{len(self)} of {self.buffer_size * self.n_envs} steps"
        return f"{type(self).__name__}({where})"


class PrioritizedReplayBuffer(ReplayBuffer):
    """A replay buffer that draws in proportion to priority^alpha, or by rank with sampler="rank".

    alpha: how much priorities count. beta: exponent of the importance weights; set the attribute to anneal it. epsilon:
    is added to each priority. name: shares the priorities with all buffers of that name and keeps them; None with a
    temporary directory. All else as ReplayBuffer.

    >>> buffer = PrioritizedReplayBuffer(1000, 4, "int64", seed=1)
    >>> ids = buffer.extend(np.eye(4), None, [0, 1, 2, 3], [0, 0, 0, 1], [False, False, False, True])
    >>> samples = buffer.sample(8)
    >>> buffer.update_priorities(samples.ids, np.abs(samples.rewards))
    0
    >>> bool((buffer.priorities() == buffer.priorities(ids)).all())
    True
    >>> buffer.close()
    """

    _sampler = "proportional"

    def __init__(self, buffer_size: int, observation_space: Any, action_space: Any, device: Any = None,
                 n_envs: int = 1, optimize_memory_usage: bool = False, handle_timeout_termination: bool = True, *,
                 alpha: float = 0.6, beta: float = 0.4, epsilon: float = 1e-6, path: str | os.PathLike | None = None,
                 name: str | None = None, **options: Any):
        self.beta, self.epsilon = beta, epsilon
        if name is None and path is not None:
            name = "priorities"
        super().__init__(buffer_size, observation_space, action_space, device, n_envs, optimize_memory_usage,
                         handle_timeout_termination, path=path, alpha=alpha, name=name, **options)

    def sample(self, batch_size: int, env: Any = None, beta: float | None = None) -> ReplaySamples:
        """Draws a batch; its weights are (N P(i))^-beta over the greatest that there could be."""
        return self._samples(self.draw(batch_size, self.beta if beta is None else beta), env)

    def priorities(self, ids: Any = None) -> np.ndarray:
        """Raw priorities of steps, -1 of those that are gone; of all ids() where none are given."""
        return self.replay.priorities(self.ids() if ids is None else _numpy(ids))

    def plot_priorities(self, axes: Any = None, bins: int = 50) -> Any:
        """Draws a histogram of the priorities; see plot.priorities()."""
        from . import plot
        return plot.priorities(self.priorities(), axes, bins)

    def update_priorities(self, ids: Any, priorities: Any) -> int:
        """Sets the priorities of steps that were drawn, |TD error|; returns how many of the steps were gone."""
        priorities = np.abs(_numpy(priorities)).reshape(-1) + self.epsilon
        return self.replay.update(_numpy(ids).reshape(-1), priorities)


class SequenceReplayBuffer(PrioritizedReplayBuffer):
    """A prioritized buffer of sequences, for learners with memory (R2D2).

    sequence_length: steps that are trained on. sequence_overlap: shared by neighbours. burn_in: steps before, to warm
    the recurrent state up. states: columns of which a row has only the first step's: the state that the sequence is
    unrolled from. Rows of all others are burn_in + sequence_length steps, zeros behind the last one; columns["mask"]
    says which steps there are, columns["trained"] which of them are no burn-in.

    >>> buffer = SequenceReplayBuffer(1000, 4, "int64", sequence_length=8, burn_in=2, columns={"hidden": 16},
    ...                               states=["hidden"])
    >>> ends = np.arange(100) % 20 == 19
    >>> _ = buffer.extend(np.zeros((100, 4)), None, np.zeros(100), np.ones(100), ends, hidden=np.zeros((100, 16)))
    >>> samples = buffer.sample(5)
    >>> samples.observations.shape, samples.rewards.shape, samples.columns["hidden"].shape
    ((5, 10, 4), (5, 10, 1), (5, 16))
    >>> buffer.update_sequences(samples, td_errors=np.ones((5, 10)))
    0
    >>> buffer.close()
    """

    def __init__(self, buffer_size: int, observation_space: Any, action_space: Any, device: Any = None,
                 n_envs: int = 1, optimize_memory_usage: bool = False, handle_timeout_termination: bool = True, *,
                 sequence_length: int, sequence_overlap: int = 0, burn_in: int = 0, eta: float = 0.9, **options: Any):
        self.eta = eta
        super().__init__(buffer_size, observation_space, action_space, device, n_envs, optimize_memory_usage,
                         handle_timeout_termination, sequence_length=sequence_length,
                         sequence_overlap=sequence_overlap, burn_in=burn_in, **options)

    def update_sequences(self, samples: ReplaySamples, td_errors: Any) -> int:
        """Sets priorities from the TD errors of each step of what was drawn: eta max + (1 - eta) mean."""
        errors = _numpy(td_errors).reshape(len(samples.ids), -1)
        return self.update_priorities(samples.ids,
                                      sequence_priorities(errors, _numpy(samples.columns["trained"]), self.eta))
