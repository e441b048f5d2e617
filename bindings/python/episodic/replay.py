"""replay.py - prioritized batches of transitions, written into arrays of the caller by one C call.

Replay is <episodic/replay.h>: a sampler over a space. ReplayBuffer and its kin (buffers.py) have one inside.
"""

from __future__ import annotations

import ctypes
import threading
from sys import getrefcount
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Sequence

import numpy as np

from . import _declarations as c
from ._library import Handle, default, lib, opened, option, string, text, texts
from .errors import NumberError, error_of
from .schema import Role
from .transitions import address, column

if TYPE_CHECKING:
    from .space import Space

SAMPLERS = {"uniform": c.EPI_SAMPLER_UNIFORM, "proportional": c.EPI_SAMPLER_PROPORTIONAL, "rank": c.EPI_SAMPLER_RANK,
            "fifo": c.EPI_SAMPLER_FIFO, "lifo": c.EPI_SAMPLER_LIFO, "max_heap": c.EPI_SAMPLER_MAX_HEAP}
POOL_SIZE = 4  # batches of one size
WEIGHT_NORMS = {"buffer": c.EPI_WEIGHTS_BY_BUFFER, "batch": c.EPI_WEIGHTS_BY_BATCH}
HER = {None: c.EPI_HER_NONE, "future": c.EPI_HER_FUTURE, "final": c.EPI_HER_FINAL, "episode": c.EPI_HER_EPISODE}


class ReplayStats(NamedTuple):
    """What a sampler holds and did; see epi_replay_stats."""

    steps: int
    inserted: int
    sampled: int
    updated: int
    samples_left: float
    total_priority: float
    least_priority: float
    greatest_priority: float
    memory_size: int
    kernels: str


class Batch:
    """Columns of up to `size` rows, allocated once and filled as often as you like.

    columns: arrays by role, rows first. ids, weights and probabilities: of the rows. count: rows of the last filling.
    """

    def __init__(self, columns: dict[str, np.ndarray], size: int):
        self.columns, self.size = columns, size
        self.ids = np.zeros(size, np.uint64)
        self.weights = np.zeros(size, np.float64)
        self.probabilities = np.zeros(size, np.float64)
        structs = (c.epi_column * len(columns))(*(column(*item) for item in columns.items()))
        self._struct = default("batch_default", size=size, columns=structs, column_count=len(columns),
                               ids=address(self.ids), weights=address(self.weights),
                               probabilities=address(self.probabilities))
        self._reference = ctypes.byref(self._struct)
        self._arrays = [*columns.values(), self.ids, self.weights, self.probabilities]
        self._alone = list(map(getrefcount, self._arrays))

    def is_free(self) -> bool:
        """Whether nobody but this batch holds an array of it: a view of an array holds the array."""
        return list(map(getrefcount, self._arrays)) == self._alone

    @property
    def count(self) -> int:
        return self._struct.count

    def __getitem__(self, role: str) -> np.ndarray:
        """The rows of a role that were filled."""
        return self.columns[role][:self.count]

    def __repr__(self) -> str:
        shapes = ", ".join(f"{role} {array.dtype}{list(array.shape[1:])}" for role, array in self.columns.items())
        return f"Batch({self.count} of {self.size} rows: {shapes})"


def _her_callback(role: Role, reward: Callable, failed: list[BaseException]) -> Any:
    """The caller's reward, which gets arrays, as the library calls it. What it raises fails the batch."""
    size = role.size * np.dtype(role.dtype).itemsize

    def call(_context, achieved, desired, terminated):
        try:
            rows = [np.frombuffer(ctypes.string_at(at, size), role.dtype).reshape(role.shape)
                    for at in (achieved, desired)]
            flag = ctypes.c_bool.from_address(terminated)
            answer = reward(*rows, flag.value)
            value, flag.value = answer if isinstance(answer, tuple) else (answer, flag.value)
            return float(value)
        except BaseException as error:  # no exception crosses C: NaN fails the batch, and fill() raises it
            failed.append(error)
            return float("nan")

    return c.epi_her_reward(call)


class Replay(Handle):
    """A sampler over a transitions space.

    sampler: "proportional" (P(i) = p_i / sum p, p = raw^alpha), "rank", "uniform", "fifo", "lifo", "max_heap".
    name: samplers of one name share their priorities, in all processes, and keep them with the memory; None: this
    handle's own. n_step, discount: n-step returns. frame_stack, sequence_length, sequence_overlap, burn_in, states: see
    the views in docs/REPLAY.md. her: "future", "final" or "episode", with her_achieved and her_desired (roles) and
    her_reward(achieved, desired, terminated) -> reward, or (reward, terminated). All others as epi_replay_options.

    >>> with Memory(folder) as memory:
    ...     game = memory.space("game", Schema.transitions(observation=2, action="int32"))
    ...     _ = game.recorder("actor-0").append({"observation": [[0, 1], [1, 1]], "reward": [0, 1],
    ...                                          "terminated": [False, True]})
    ...     with game.replay(alpha=.6, seed=1) as replay:
    ...         batch = replay.sample(4, ["observation", "reward"], beta=.4)
    ...         replay.update(batch.ids, np.abs(batch["reward"]) + 1e-3)
    0
    >>> batch
    Batch(4 of 4 rows: observation float32[2], reward float32[])
    """

    def __init__(self, space: Space, *, sampler: str = "proportional", name: str | None = None, alpha: float = 0.6,
                 seed: int = 0, states: Sequence[str] = (), her: str | None = None, her_achieved: str | None = None,
                 her_desired: str | None = None, her_reward: Callable | None = None, weight_norm: str = "buffer",
                 **options: Any):
        self._space, self._schema = space, space.schema
        known = {field for field, _ in c.epi_replay_options._fields_}
        for unknown in set(options) - known:
            raise TypeError(f"Replay() got an unexpected keyword argument {unknown!r}")
        array, count = texts(states)
        self._failed: list[BaseException] = []
        callback = None
        if her and her_achieved and her_reward:
            callback = _her_callback(self._schema.role(her_achieved), her_reward, self._failed)
        self.options = default("replay_options_default", sampler=option(SAMPLERS, sampler, "sampler"), name=text(name),
                               alpha=alpha, seed=seed, states=array, state_count=count,
                               her=option(HER, her, "her"), her_achieved=text(her_achieved),
                               her_desired=text(her_desired), her_reward=callback,
                               weight_norm=option(WEIGHT_NORMS, weight_norm, "weight_norm"), **options)
        self._states = set(states)
        self._pointer = opened(lib.epi_replay_open, lib.epi_replay_close, space._live(), ctypes.byref(self.options),
                               parent=callback)

    def batch(self, size: int, roles: Sequence[str] | None = None) -> Batch:
        """Room for a batch of these roles; None: all that the space has, next_observation and discount, and with
        sequences mask and trained."""
        if roles is None:
            roles = [role.name for role in self._schema.roles] + ["next_observation", "discount"]
            roles += ["mask", "trained"] if self.options.sequence_length else []
        return Batch({role: np.zeros((size, *self._row(role)[1]), self._row(role)[0]) for role in roles}, size)

    def _row(self, role: str) -> tuple[str, tuple[int, ...]]:
        """Dtype and shape of a row of a role, as the views shape it."""
        of = self.options
        steps = (of.sequence_length + of.burn_in,) if of.sequence_length else ()
        if role in ("mask", "trained", "relabelled", "discount"):
            window = steps or (max(of.n_step, 1),)
            return {"mask": ("bool", window), "trained": ("bool", steps), "relabelled": ("bool", ()),
                    "discount": ("float32", steps)}[role]
        is_observation = role in ("observation", "next_observation")
        kind = self._schema.role("observation" if is_observation else role)
        if role in self._states:
            return kind.dtype, kind.shape
        stack = (of.frame_stack,) if is_observation and of.frame_stack > 1 else ()
        return kind.dtype, steps + stack + kind.shape

    def fill(self, batch: Batch, beta: float = 0.4) -> int:
        """Draws a batch into arrays that are there already: one C call, nothing allocated. Returns its count."""
        try:
            lib.epi_replay_sample(self._live(), batch._reference, beta)
        except NumberError:
            if self._failed:
                raise self._failed.pop() from None
            raise
        return batch._struct.count

    def sample(self, size: int, roles: Sequence[str] | None = None, beta: float = 0.4) -> Batch:
        """Draws a batch into new arrays."""
        batch = self.batch(size, roles)
        self.fill(batch, beta)
        return batch

    def prefetch(self, size: int, roles: Sequence[str] | None = None, beta: float = 0.4, depth: int = 0) -> Prefetch:
        """Draws batches ahead in a thread, at most `depth` (0: 2) at a time."""
        return Prefetch(self, size, roles, beta, depth)

    def update(self, ids: Any, priorities: Any) -> int:
        """Sets raw priorities by id; returns how many of the steps were gone."""
        ids = np.ascontiguousarray(ids, np.uint64)
        priorities = np.ascontiguousarray(priorities, np.float64)
        if ids.size != priorities.size:
            raise error_of(c.EPI_EINVAL, "python", f"{ids.size} ids were given with {priorities.size} priorities")
        stale = ctypes.c_uint64()
        lib.epi_replay_update(ctypes.byref(stale), self._live(), address(ids), address(priorities), ids.size)
        return stale.value

    def priorities(self, ids: Any) -> np.ndarray:
        """Raw priorities by id; -1 for a step that is gone."""
        ids = np.ascontiguousarray(ids, np.uint64)
        priorities = np.zeros(ids.size, np.float64)
        lib.epi_replay_priorities(address(priorities), self._live(), address(ids), ids.size)
        return priorities

    def flush(self) -> None:
        """Stores the priorities that changed, durably."""
        lib.epi_replay_flush(self._live())

    def save(self) -> None:
        """Flushes, and stores the random state: a sampler opened with resume=True goes on with the very batches that
        this one would have drawn."""
        lib.epi_replay_save(self._live())

    def stats(self) -> ReplayStats:
        """What the sampler holds and did."""
        stats = c.epi_replay_stats()
        lib.epi_replay_stats_read(ctypes.byref(stats), self._live())
        values = {field: getattr(stats, field) for field in ReplayStats._fields}
        return ReplayStats(**{**values, "kernels": string(stats.kernels)})


def sequence_priorities(td_errors: Any, mask: Any = None, eta: float = 0.9) -> np.ndarray:
    """Priorities of sequences from the TD errors of their steps, sequences x steps: eta max |d| + (1 - eta) mean |d|
    over the steps that the mask (a batch's "trained") names.

    >>> sequence_priorities([[1, -3], [0, 0]], eta=.5).tolist()
    [2.5, 0.0]
    """
    errors = np.ascontiguousarray(td_errors, np.float32)
    if errors.ndim != 2:
        raise error_of(c.EPI_EDIMENSION, "python", f"TD errors have shape {errors.shape}, expected (sequences, steps)")
    if mask is not None:
        mask = np.ascontiguousarray(mask, np.bool_)
        if mask.shape != errors.shape:
            raise error_of(c.EPI_EDIMENSION, "python", f"mask has shape {mask.shape}, TD errors {errors.shape}")
    priorities = np.zeros(len(errors), np.float64)
    lib.epi_replay_sequence_priorities(address(priorities), address(errors), None if mask is None else address(mask),
                                       *errors.shape, eta)
    return priorities


class Pool:
    """Batches of one sampler that are filled again once nobody holds any of their arrays, so that a training loop
    touches the same memory over and over: fresh memory costs as much as the drawing."""

    def __init__(self, replay: Replay, roles: Sequence[str]):
        self._replay, self._roles = replay, roles
        self._batches: dict[int, list[Batch]] = {}
        self._lock = threading.Lock()

    def take(self, size: int) -> Batch:
        """A batch that nobody else has. It is the caller's as long as the caller has it, or an array of it."""
        with self._lock:
            known = self._batches.setdefault(size, [])
            for place in range(len(known)):
                if getrefcount(known[place]) == 2 and known[place].is_free():
                    return known[place]
            batch = self._replay.batch(size, self._roles)
            if len(known) < POOL_SIZE:
                known.append(batch)
            return batch


class Prefetch(Handle):
    """Batches of a sampler drawn ahead, in a thread of the library's own; iterate over it.

    >>> with Memory(folder) as memory:
    ...     game = memory.space("game", Schema.transitions(observation=2, action="int32"))
    ...     _ = game.recorder("actor-0").append({"observation": np.eye(2), "terminated": [False, True]})
    ...     with game.replay() as replay, replay.prefetch(32, ["observation"]) as batches:
    ...         next(batches).columns["observation"].shape
    (32, 2)
    """

    def __init__(self, replay: Replay, size: int, roles: Sequence[str] | None = None, beta: float = 0.4,
                 depth: int = 0):
        self._replay, self._lock, self._beta = replay, threading.Lock(), beta
        self._roles = list(replay.batch(1, roles).columns)
        shape = replay.batch(1, roles)._struct
        shape.size = size
        parent = replay._live()
        self._pointer = opened(lib.epi_prefetch_open, lib.epi_prefetch_close, parent, ctypes.byref(shape), beta, depth,
                               parent=parent)

    def __iter__(self) -> Prefetch:
        return self

    def __next__(self) -> Batch:
        """The next batch, copied out of the thread's memory; waits for it."""
        drawn = c.epi_batch()
        with self._lock:
            lib.epi_prefetch_next(ctypes.byref(drawn), self._live())
            batch = self._replay.batch(drawn.count, self._roles)
            for place, array in enumerate(batch.columns.values()):
                ctypes.memmove(address(array), drawn.columns[place].data, array.nbytes)
            for array, data in ((batch.ids, drawn.ids), (batch.weights, drawn.weights),
                                (batch.probabilities, drawn.probabilities)):
                ctypes.memmove(address(array), data, array.nbytes)
        batch._struct.count = drawn.count
        return batch

    @property
    def beta(self) -> float:
        """Exponent of the importance weights of batches that are drawn from now on; may be set."""
        return self._beta

    @beta.setter
    def beta(self, beta: float) -> None:
        lib.epi_prefetch_beta(self._live(), beta)
        self._beta = beta
