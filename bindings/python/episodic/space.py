"""space.py - a space is a hard border inside a memory: one tenant, one agent, one task, with a schema."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, NamedTuple, Sequence

from . import _declarations as c
from ._library import Handle, default, lib, opened, string, text
from .replay import Replay
from .schema import Schema, schema_of
from .transitions import Recorder

if TYPE_CHECKING:
    from .memory import Memory

EVICTION = {"steps": c.EPI_EVICT_STEPS, "episodes": c.EPI_EVICT_EPISODES}


class TransitionStats(NamedTuple):
    """What a transitions space holds; see epi_transition_stats."""

    steps: int
    episodes: int
    chunks: int
    open: int
    lanes: int
    recorders: int
    pending: int
    capacity: int
    step_size: int
    stored_size: int


class Space(Handle):
    """An open space. Any number of threads may use it; it lives as long as its memory is open."""

    def __init__(self, memory: Memory, name: str, schema: Schema | str | None = None):
        wanted = schema_of(schema)
        self._memory, self.name = memory, name
        struct = None if wanted is None else ctypes.byref(wanted._struct())
        self._pointer = opened(lib.epi_space_open, lib.epi_space_close, memory._live(), text(name), struct)
        self.schema = Schema._of(lib.epi_space_schema(self._pointer).contents)

    def recorder(self, name: str, lanes: int = 1) -> Recorder:
        """A named writer of a transitions space, with so many lanes."""
        return Recorder(self, name, lanes)

    def replay(self, **options: Any) -> Replay:
        """A sampler over a transitions space; the options are Replay's."""
        return Replay(self, **options)

    def limit(self, max_steps: int = 0, max_size: int = 0, max_age_s: int = 0, unit: str = "steps") -> None:
        """How much a transitions space keeps, for all its writers; the oldest goes first, by steps or episodes."""
        limits = default("transition_limits_default", max_steps=max_steps, max_size=max_size, max_age_s=max_age_s,
                         unit=EVICTION[unit])
        lib.epi_transitions_limit(self._live(), ctypes.byref(limits))

    def transition_stats(self) -> TransitionStats:
        """What a transitions space holds."""
        stats = c.epi_transition_stats()
        lib.epi_transitions_stats_read(ctypes.byref(stats), self._live())
        return TransitionStats(*(getattr(stats, field) for field in TransitionStats._fields))

    def __repr__(self) -> str:
        return f"Space({self.name!r}, {self.schema.preset}{', closed' if self.closed else ''})"
