"""transitions.py - recording what a reinforcement learner lives through, by columns.

Recorder is <episodic/transitions.h>; most users want a ReplayBuffer, which has one inside.
"""

from __future__ import annotations

import ctypes
import threading
from typing import TYPE_CHECKING, Any, Mapping

import numpy as np

from . import _declarations as c
from ._library import Handle, lib, opened, text
from .errors import error_of
from .schema import DTYPES, Schema

if TYPE_CHECKING:
    from .space import Space


def address(array: np.ndarray) -> int:
    """Where an array's first element lies."""
    return array.__array_interface__["data"][0]


def column(role: str, array: np.ndarray) -> c.epi_column:
    """A column of an array whose first axis is rows and whose rows lie side by side."""
    return c.epi_column(text(role), DTYPES[array.dtype.name], address(array), array.strides[0] if array.ndim else 0)


def rows_of(schema: Schema, role: str, values: Any, count: int | None) -> np.ndarray:
    """Values as a column of that role: its dtype, count rows of its shape; copied only where they are not that yet."""
    of = schema.role(c.EPI_OBSERVATION.decode() if role == c.EPI_NEXT_OBSERVATION.decode() else role)
    array = np.asarray(values, dtype=of.dtype)
    if count is None:
        count = len(array) if array.ndim else 1
    if array.size != count * of.size:
        raise error_of(c.EPI_EDIMENSION, "python", f"{role} has shape {array.shape}, expected {(count, *of.shape)}")
    return np.ascontiguousarray(array).reshape(count, *of.shape)


class Recorder(Handle):
    """A named writer of a transitions space, with a lane for each environment.

    >>> with Memory(folder) as memory:
    ...     game = memory.space("game", Schema.transitions(observation=2, action="int32"))
    ...     with game.recorder("actor-0") as recorder:
    ...         ids = recorder.append({"observation": [[0, 1], [1, 1]], "action": [0, 1], "reward": [0, 1],
    ...                                "terminated": [False, True]})
    >>> len(ids)
    2
    """

    def __init__(self, space: Space, name: str, lanes: int = 1):
        self._space, self._schema, self.name, self.lanes = space, space.schema, name, lanes
        self._lock = threading.Lock()
        self._pointer = opened(lib.epi_recorder_open, lib.epi_recorder_close, space._live(), text(name), lanes)

    def append(self, columns: Mapping[str, Any], lanes: Any = None) -> np.ndarray:
        """Appends rows in the order of time, all or none; returns their ids.

        columns: arrays by role, rows first; what is left out is zero, and next_observation is only needed where it is
        not the observation of the row that follows in the lane. lanes: of each row, or one for all; None is lane 0.
        """
        count = len(np.asarray(columns["observation"]))
        arrays = {role: rows_of(self._schema, role, values, count) for role, values in columns.items()}
        structs = (c.epi_column * len(arrays))(*(column(role, array) for role, array in arrays.items()))
        if lanes is not None:
            lanes = np.ascontiguousarray(np.broadcast_to(np.asarray(lanes, np.uint32), count))
        ids = np.zeros(count, np.uint64)
        with self._lock:
            lib.epi_transitions_append(address(ids), self._live(), None if lanes is None else address(lanes), structs,
                                       len(arrays), count)
        return ids

    def cut(self, lane: int = 0) -> None:
        """Ends the open episode of a lane where it stands; its last step becomes truncated."""
        with self._lock:
            lib.epi_recorder_cut(self._live(), lane)


_PLAIN = ("observation", "action", "reward", "terminated", "truncated", "next_observation")
_SCALARS = (bool, int, float, np.bool_, np.int64, np.int32, np.float32, np.float64)


def _write(rows: np.ndarray, values: Any) -> None:
    """Writes rows; one number stands for all, anything else has as many elements as they have."""
    rows[...] = np.reshape(values, rows.shape) if np.ndim(values) else values


class Rows:
    """Room for the rows of one step of all environments, so that a step is some assignments and one C call."""

    def __init__(self, schema: Schema, count: int):
        observation = schema.role("observation")
        roles = {role.name: role for role in schema.roles} | {"next_observation": observation}
        self.columns = {name: np.zeros((count, *role.shape), role.dtype) for name, role in roles.items()}
        self.size = observation.size
        self._plain = [(self.columns[name], self.columns[name].shape[1:]) for name in _PLAIN]
        self._own = {name: array for name, array in self.columns.items() if name not in _PLAIN}
        self._structs = (c.epi_column * len(roles))(*(column(*item) for item in self.columns.items()))
        self._lanes = np.arange(count, dtype=np.uint32)
        self._lane = (ctypes.c_uint32 * 1)()
        self._lanes_address = address(self._lanes)

    def put(self, count: int, observation: Any, action: Any, reward: Any, terminated: Any, truncated: Any,
            next_observation: Any, own: Mapping[str, Any]) -> None:
        """Writes the first rows; each value has an element for each of them, in any shape that says so."""
        given = (observation, action, reward, terminated, truncated, next_observation)
        for (array, shape), values in zip(self._plain, given):
            if count == 1 and (type(values) in _SCALARS if not shape else getattr(values, "shape", ()) == shape):
                array[0] = values  # what it nearly always is, without a look at its shape
            else:
                _write(array[:count], values)
        if own or self._own:
            for name in own.keys() - self._own.keys():
                raise error_of(c.EPI_EROLE, "python", f"the buffer has no column {name!r}")
            for name, array in self._own.items():
                _write(array[:count], own.get(name, 0))

    def append(self, recorder: Recorder, count: int, lane: int) -> None:
        """Appends the first rows: one to a lane, or a row to each of the first lanes."""
        self._lane[0] = lane
        lib.epi_transitions_append(None, recorder._live(), self._lane if count == 1 else self._lanes_address,
                                   self._structs, len(self._structs), count)
