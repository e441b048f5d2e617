"""torchrl.py - a replay buffer in TorchRL's three parts: a Storage, a Sampler and a Writer over one buffer.

TorchRL's ReplayBuffer composes the parts: add() and extend() call the writer and tell the sampler; sample() asks the
sampler for an index and some info, and the storage for the data of that index; update_priority() goes to the sampler.
Here all three stand over one PrioritizedReplayBuffer, whose one call draws the index and gathers the data. So the
storage hands out what the sampler drew last; an index is the ids of steps. TorchRL itself is not needed.

Data has TorchRL's keys: "observation", "action", and under "next" "observation", "reward", "terminated", "truncated"
and "done"; a dict of arrays, a TensorDict, or whatever can be indexed so. What comes out are such dicts; `make` turns
them into what you like: lambda data, size: TensorDict(data, [size]).

>>> storage, sampler, writer = parts(PrioritizedReplayBuffer(1000, 2, "int64", seed=1))
>>> ends = np.array([False, False, True])
>>> index = writer.extend({"observation": np.eye(3)[:, :2], "action": np.zeros(3), "next": {
...     "observation": np.eye(3)[:, :2], "reward": np.ones(3), "terminated": ends}})
>>> sampler.extend(index)
>>> index, info = sampler.sample(storage, 4)
>>> storage.get(index)["next"]["reward"].shape, sorted(info)
((4, 1), ['_weight', 'index'])
>>> sampler.update_priority(index, np.ones(4))
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from . import _declarations as c
from .buffers import PrioritizedReplayBuffer, ReplayBuffer, ReplaySamples
from .errors import error_of


def parts(buffer: ReplayBuffer, make: Callable[[dict, int], Any] | None = None) -> tuple[Storage, Sampler, Writer]:
    """The three parts over a buffer."""
    storage = Storage(buffer, make)
    return storage, Sampler(buffer), Writer(buffer)


def _of(data: Any, *keys: str) -> Any:
    """A nested value; None where there is none. TorchRL's scalars have an axis of their own, which numpy ignores."""
    for key in keys:
        try:
            data = data[key]
        except KeyError:
            return None
    return data


class Storage:
    """What was stored: get(index) hands out the data of what the sampler drew last."""

    def __init__(self, buffer: ReplayBuffer, make: Callable[[dict, int], Any] | None = None):
        self.buffer, self.make = buffer, make
        self.max_size = buffer.buffer_size * buffer.n_envs
        self._drawn: ReplaySamples | None = None

    def __len__(self) -> int:
        return len(self.buffer)

    def set(self, cursor: Any, data: Any) -> None:
        """Steps are immutable, and have their place from the writer."""
        raise error_of(c.EPI_EUNSUPPORTED, "python", "steps are stored by the Writer and cannot be set")

    def get(self, index: Any) -> Any:
        """The data of an index that Sampler.sample() gave."""
        drawn = self._drawn
        if drawn is None or len(index) != len(drawn.ids) or not np.array_equal(np.asarray(index), drawn.ids):
            raise error_of(c.EPI_ENOTFOUND, "python", "the storage has the data of the index drawn last")
        done = drawn.dones != 0
        data = {"observation": drawn.observations, "action": drawn.actions,
                "next": {"observation": drawn.next_observations, "reward": drawn.rewards, "terminated": done,
                         "done": done}, **drawn.columns}
        return self.make(data, len(drawn.ids)) if self.make else data

    __getitem__ = get


class Sampler:
    """Draws by priority; an index is the ids of steps."""

    def __init__(self, buffer: ReplayBuffer):
        self.buffer = buffer

    def sample(self, storage: Storage, batch_size: int) -> tuple[np.ndarray, dict[str, Any]]:
        """An index, and its importance weights."""
        storage._drawn = drawn = self.buffer.sample(batch_size)
        return drawn.ids, {"_weight": drawn.weights, "index": drawn.ids}

    def update_priority(self, index: Any, priority: Any, *, storage: Storage | None = None) -> None:
        """Sets priorities; those of a uniform buffer do not count."""
        if isinstance(self.buffer, PrioritizedReplayBuffer):
            self.buffer.update_priorities(index, priority)

    def add(self, index: Any) -> None:
        """A new step has the greatest priority that was seen, without being told."""

    extend = add


class Writer:
    """Adds steps in the order of time."""

    def __init__(self, buffer: ReplayBuffer):
        self.buffer = buffer

    def register_storage(self, storage: Storage) -> None:
        """The storage has to be of the same buffer."""
        if storage.buffer is not self.buffer:
            raise error_of(c.EPI_EMISMATCH, "python", "the storage is of another buffer than the writer")

    def add(self, data: Any) -> int:
        """Adds a step; returns its id."""
        return int(self.extend(data, one=True)[0])

    def extend(self, data: Any, *, one: bool = False) -> np.ndarray:
        """Adds steps, rows first; returns their ids. A "done" that was not terminated is truncated."""
        given = {"obs": _of(data, "observation"), "action": _of(data, "action"), "reward": _of(data, "next", "reward"),
                 "terminated": _of(data, "next", "terminated"), "truncated": _of(data, "next", "truncated"),
                 "next_obs": _of(data, "next", "observation")}
        given.update({name: _of(data, name) for name in self.buffer._columns})
        rows = {name: None if value is None else np.asarray(value)[None] if one else np.asarray(value)
                for name, value in given.items()}
        done = _of(data, "next", "done")
        if done is not None:
            count = len(rows["obs"])
            done = np.asarray(done, np.bool_).reshape(count)
            if rows["terminated"] is None:
                rows["terminated"] = done if rows["truncated"] is None else done & ~rows["truncated"].reshape(count)
            elif rows["truncated"] is None:
                rows["truncated"] = done & ~rows["terminated"].astype(np.bool_).reshape(count)
        return self.buffer.extend(**rows)
