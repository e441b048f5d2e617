"""episode.py - recording: an episode is begun, steps are appended, and it ends with an outcome."""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterable, Mapping

import numpy as np

from . import _declarations as c
from ._library import Handle, default, lib, opened, text, texts
from .steps import Step, metadata_of
from .times import Time, to_time
from .transitions import address

if TYPE_CHECKING:
    from .schema import Schema
    from .space import Space


def options_of(title: str | None, external_id: str | None, begin: Time, tags: Iterable[str],
               metadata: Mapping[str, Any] | str | None) -> tuple[c.epi_episode_options, Any]:
    """What an episode is begun with, and what has to be kept while it is used."""
    array, count = texts(tags)
    return default("episode_options_default", title=text(title), external_id=text(external_id), begin=to_time(begin),
                   tags=array, tag_count=count, metadata=metadata_of(metadata)), array


def outcome_of(outcome: str | None, reward: float | None, end: Time) -> c.epi_outcome:
    return default("outcome_default", text=text(outcome), reward=reward, has_reward=reward is not None,
                   end=to_time(end))


@dataclass
class Experience:
    """An episode and what is added to it in one go, for Space.remember_many().

    steps: values by role, or Steps. episode: goes on with this one; 0 begins one, and title to metadata say how, as for
    Episode.begin(). ended: it ends, with outcome, reward and end.
    """

    steps: Iterable[Mapping[str, Any] | Step] = ()
    episode: int = 0
    title: str | None = None
    external_id: str | None = None
    begin: Time = None
    tags: Iterable[str] = ()
    metadata: Mapping[str, Any] | str | None = None
    ended: bool = False
    outcome: str | None = None
    reward: float | None = None
    end: Time = None

    def _struct(self, schema: Schema) -> tuple[c.epi_experience, int, Any]:
        """The struct, how many steps it has, and what has to be kept while it is used."""
        made = [(it if isinstance(it, Step) else Step(it))._struct(schema) for it in self.steps]
        steps = (c.epi_step * len(made))(*(struct for struct, _ in made))
        options, tags = options_of(self.title, self.external_id, self.begin, self.tags, self.metadata)
        outcome = outcome_of(self.outcome, self.reward, self.end)
        struct = default("experience_default", episode=self.episode, steps=steps, step_count=len(made),
                         begin=None if self.episode else ctypes.pointer(options),
                         outcome=ctypes.pointer(outcome) if self.ended else None)
        return struct, len(made), (made, steps, options, tags, outcome)


class Episode(Handle):
    """An episode being recorded; a `with` block that nothing broke off ends it.

    >>> with Memory(folder) as memory:
    ...     desk = memory.space("desk", "trajectory")
    ...     with desk.episode(title="ticket 1", tags=["login"]) as episode:
    ...         _ = episode.append({"situation": {"product": "app"}, "tool": "reset_password"})
    ...         _ = episode.append({"situation": {"product": "app"}, "result": "works"})
    ...         episode.end("solved", reward=1)
    ...     desk.timeline()[0].outcome
    'solved'
    """

    def __init__(self, space: Space, pointer):
        self._space, self._schema, self._pointer = space, space.schema, pointer
        self._lock, self._ended = threading.Lock(), False
        self.id = lib.epi_episode_id(pointer)

    @classmethod
    def begin(cls, space: Space, title: str | None = None, external_id: str | None = None, begin: Time = None,
              tags: Iterable[str] = (), metadata: Mapping[str, Any] | str | None = None) -> Episode:
        """Begins an episode; one with this external id is resumed instead."""
        options, kept = options_of(title, external_id, begin, tags, metadata)
        return cls(space, opened(lib.epi_episode_begin, lib.epi_episode_close, space._live(), ctypes.byref(options)))

    @classmethod
    def resume(cls, space: Space, episode: int) -> Episode:
        """Goes on with a stored episode."""
        return cls(space, opened(lib.epi_episode_resume, lib.epi_episode_close, space._live(), episode))

    def append(self, values: Mapping[str, Any] | Step, **options: Any) -> int:
        """Appends a step: values by role, and the options of Step. Returns its id."""
        step = values if isinstance(values, Step) else Step(values, **options)
        struct, kept = step._struct(self._schema)
        made = ctypes.c_uint64()
        with self._lock:
            lib.epi_episode_append(ctypes.byref(made), self._live(), ctypes.byref(struct))
        del kept
        return made.value

    def append_many(self, steps: Iterable[Mapping[str, Any] | Step]) -> list[int]:
        """Appends steps in one transaction, all or none; returns their ids."""
        made = [(it if isinstance(it, Step) else Step(it))._struct(self._schema) for it in steps]
        structs = (c.epi_step * len(made))(*(struct for struct, _ in made))
        ids = np.zeros(len(made), np.uint64)
        with self._lock:
            lib.epi_episode_append_many(address(ids), self._live(), structs, len(made))
        return ids.tolist()

    def end(self, outcome: str | None = None, reward: float | None = None, end: Time = None) -> None:
        """Ends it: how it went, and the reward of the whole."""
        struct = outcome_of(outcome, reward, end)
        with self._lock:
            lib.epi_episode_end(self._live(), ctypes.byref(struct))
            self._ended = True

    def __exit__(self, kind, *error) -> None:
        if kind is None and not self._ended and not self.closed:
            self.end()
        self.close()

    def __repr__(self) -> str:
        return f"Episode({self.id} of {self._space.name!r}{', closed' if self.closed else ''})"
