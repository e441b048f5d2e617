"""steps.py - what goes in: values of roles, steps, facts, and filters that say which steps are meant.

A value is given as Python has it: text as str, blob as bytes, json as anything json.dumps() takes (a str is taken for
JSON text), a tensor as an array.
"""

from __future__ import annotations

import ctypes
import json
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping

import numpy as np

from . import _declarations as c
from ._library import default, text, texts
from .errors import error_of
from .schema import Role, Schema
from .times import Time, to_time
from .transitions import address

Vector = Any  # what np.asarray() makes an array of


def encode(role: Role, value: Any) -> bytes:
    """A value as the library keeps it."""
    if role.type == "tensor":
        array = np.asarray(value, role.dtype)
        if array.shape != role.shape:
            raise error_of(c.EPI_EDIMENSION, "python",
                           f"{role.name} has shape {array.shape}, expected {role.shape}")
        return array.tobytes()
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if role.type == "blob":
        return bytes(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def decode(kind: int, role: Role, data: bytes) -> Any:
    """A value as Python has it."""
    if kind == c.EPI_TENSOR:
        return np.frombuffer(data, role.dtype).reshape(role.shape)
    if kind == c.EPI_BLOB:
        return data
    if kind == c.EPI_JSON:
        return json.loads(data)
    return data.decode(errors="replace")


def raw(data: bytes) -> int | None:
    """The address of bytes, which have to be kept."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value


def parts_of(schema: Schema, values: Mapping[str, Any] | None) -> tuple[Any, int, list]:
    """An array of parts, their number, and what has to be kept while they are used."""
    given = [(text(name), encode(schema.role(name), value)) for name, value in (values or {}).items()
             if value is not None]
    parts = [c.epi_part(name, raw(data), len(data)) for name, data in given]
    return ((c.epi_part * len(parts))(*parts) if parts else None), len(parts), given


def ids_of(ids: Iterable[int] | int | None) -> tuple[int | None, int, Any]:
    """An address of ids, their number, and the array; None for any."""
    if ids is None:
        return None, 0, None
    array = np.atleast_1d(np.asarray(ids if isinstance(ids, (int, np.ndarray)) else list(ids), np.uint64))
    if array.size == 0:
        raise error_of(c.EPI_EINVAL, "python", "a filter names no step or episode; None means any")
    return address(array), array.size, array


def vector_of(vector: Vector | None) -> tuple[int | None, int, Any]:
    """The address of float32 elements, their number, and the array."""
    if vector is None:
        return None, 0, None
    array = np.ascontiguousarray(vector, np.float32).reshape(-1)
    return address(array), array.size, array


def metadata_of(metadata: Mapping[str, Any] | str | None) -> bytes | None:
    """Metadata as JSON text."""
    return text(metadata if metadata is None or isinstance(metadata, str) else json.dumps(metadata, ensure_ascii=False))


@dataclass(frozen=True)
class Fact:
    """A keyed statement: an attribute of a subject has a value, since and until a time. subject None: who speaks."""

    attribute: str
    value: str
    subject: str | None = None
    since: Time = None
    until: Time = None

    def _struct(self) -> c.epi_fact:
        fact = c.epi_fact(text(self.subject), text(self.attribute), text(self.value))
        setattr(fact, "from", to_time(self.since))
        fact.to = to_time(self.until)
        return fact


@dataclass
class Step:
    """A step to append: values by role, and what else is known of it.

    event_time: when it happened, None is now; event_end: of an interval. external_id: the caller's id, unique in the
    space. supersedes: id of the step that this one corrects. vector: where the space's vectors are the caller's.
    reward, terminated, truncated: of an agent's step. imagined: made by imagination. facts: what it states.
    """

    values: Mapping[str, Any]
    event_time: Time = None
    event_end: Time = None
    utc_offset_min: int | None = None
    external_id: str | None = None
    tags: Iterable[str] = ()
    metadata: Mapping[str, Any] | str | None = None
    supersedes: int = 0
    vector: Vector | None = None
    reward: float = 0.0
    terminated: bool = False
    truncated: bool = False
    imagined: bool = False
    facts: Iterable[Fact] = ()

    def _struct(self, schema: Schema) -> tuple[c.epi_step, Any]:
        """The struct, and what has to be kept while it is used."""
        parts, part_count, kept = parts_of(schema, self.values)
        tags, tag_count = texts(self.tags)
        vector, vector_size, array = vector_of(self.vector)
        facts = [fact._struct() for fact in self.facts]
        flags = (self.terminated * c.EPI_STEP_TERMINATED | self.truncated * c.EPI_STEP_TRUNCATED
                 | self.imagined * c.EPI_STEP_IMAGINED)
        offset = self.utc_offset_min
        if offset is None:
            zone = getattr(self.event_time, "utcoffset", lambda: None)()
            offset = 0 if zone is None else int(zone.total_seconds() // 60)
        step = default("step_default", parts=parts, part_count=part_count, event_time=to_time(self.event_time),
                       event_end=to_time(self.event_end), utc_offset_min=offset,
                       external_id=text(self.external_id), tags=tags, tag_count=tag_count,
                       metadata=metadata_of(self.metadata), supersedes=self.supersedes, vector=vector,
                       vector_size=vector_size, reward=self.reward, flags=flags,
                       facts=(c.epi_fact * len(facts))(*facts) if facts else None, fact_count=len(facts))
        return step, (kept, array, parts, tags, facts)


@dataclass
class Filter:
    """Which steps are meant. Conditions hold together; an empty filter means all.

    since, until: event time overlaps [since, until). as_of: only what was ingested by then. valid_at: supersession is
    judged at this time. where: values of roles. tags: all of them, of the step or its episode.
    """

    steps: Iterable[int] | None = None
    episodes: Iterable[int] | None = None
    since: Time = None
    until: Time = None
    as_of: Time = None
    valid_at: Time = None
    where: Mapping[str, Any] = field(default_factory=dict)
    tags: Iterable[str] = ()
    include_superseded: bool = False
    include_forgotten: bool = False

    def _struct(self, schema: Schema) -> tuple[c.epi_filter, Any]:
        """The struct, and what has to be kept while it is used."""
        steps, step_count, kept_steps = ids_of(self.steps)
        episodes, episode_count, kept_episodes = ids_of(self.episodes)
        parts, part_count, kept = parts_of(schema, self.where)
        tags, tag_count = texts(self.tags)
        made = default("filter_default", steps=steps, step_count=step_count, episodes=episodes,
                       episode_count=episode_count, to=to_time(self.until), as_of=to_time(self.as_of),
                       valid_at=to_time(self.valid_at), parts=parts, part_count=part_count, tags=tags,
                       tag_count=tag_count, include_superseded=self.include_superseded,
                       include_forgotten=self.include_forgotten)
        setattr(made, "from", to_time(self.since))
        return made, (kept_steps, kept_episodes, kept, parts, tags)
