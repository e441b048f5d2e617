"""recall.py - what comes back: hits with their evidence, scenes rebuilt from components, a context for a prompt.

A Recollection is read when it is looked at, and owns what it shows: it stays as it is whatever happens to the space.
All that it gives are plain objects of Python.
"""

from __future__ import annotations

import ctypes
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Iterator

from . import _declarations as c
from . import html
from ._library import Pointer, default, lib, string, text
from .errors import error_of
from .schema import Schema
from .steps import Fact, decode
from .times import Interval, TimeMention, from_time, minutes

PROVENANCE = {c.EPI_STORED: "stored", c.EPI_SUPERSEDED: "superseded", c.EPI_INFERRED: "inferred"}
PROFILES = {"auto": c.EPI_PROFILE_AUTO, "chat": c.EPI_PROFILE_CHAT, "assistant": c.EPI_PROFILE_ASSISTANT,
            "documents": c.EPI_PROFILE_DOCUMENTS, "events": c.EPI_PROFILE_EVENTS}


class RecallProfile:
    """The weights of recall's signals, beginning with those of a kind of memory; see epi_recall_profile.

    >>> RecallProfile("chat", recency=.5).recency
    0.5
    """

    def __init__(self, kind: str = "chat", **weights: float):
        self._struct = lib.epi_recall_profile_of(PROFILES[kind]) if kind != "chat" else lib.epi_recall_profile_default()
        for name, weight in weights.items():
            if name not in self.weights():
                raise error_of(c.EPI_EINVAL, "python", f"there is no weight {name!r}")
            setattr(self._struct, name, weight)

    def __getattr__(self, name: str) -> float:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._struct, name)

    def weights(self) -> dict[str, float]:
        """All weights by name."""
        return {name: getattr(self._struct, name) for name, _ in c.epi_recall_profile._fields_ if name != "version"}

    def __repr__(self) -> str:
        return "RecallProfile(" + ", ".join(f"{name}={weight:g}" for name, weight in self.weights().items()) + ")"


@dataclass(frozen=True)
class Evidence:
    """What one signal added to a hit's score: contribution = value x weight."""

    signal: str
    value: float
    weight: float
    contribution: float


@dataclass(frozen=True)
class Moment:
    """When what a hit tells of happened, and by which words; words and role are None where it is the event's own."""

    interval: Interval
    precision: str
    role: str | None
    words: str | None


@dataclass(frozen=True)
class Part:
    """A value of a step, and where it is from. What is inferred names the steps that voted for it."""

    role: str
    value: Any
    provenance: str
    confidence: float
    source: int
    sources: tuple[int, ...]

    @classmethod
    def _of(cls, part: c.epi_recalled_part, schema: Schema) -> Part:
        role = string(part.role)
        data = ctypes.string_at(part.data, part.size)
        sources = (ctypes.c_uint64 * part.source_count).from_address(part.sources) if part.sources else ()
        return cls(role, decode(part.type, schema.role(role), data), PROVENANCE.get(part.provenance, ""),
                   part.confidence, part.source_step, tuple(sources))


@dataclass(frozen=True)
class StatedFact:
    """A fact that a step states: given by the caller, or found by rule in the words of a role."""

    fact: Fact
    given: bool
    role: str | None
    words: str | None


@dataclass(frozen=True)
class RecalledStep:
    """A step as it was rebuilt. step["text"] is a value, step.parts all of them with their provenance."""

    id: int
    episode: int
    index: int
    score: float
    event: Interval
    ingested: datetime
    supersedes: int
    superseded_by: int
    reward: float
    terminated: bool
    truncated: bool
    imagined: bool
    forgotten: bool
    external_id: str | None
    metadata: dict[str, Any]
    tags: tuple[str, ...]
    times: tuple[tuple[str, TimeMention], ...]
    facts: tuple[StatedFact, ...]
    parts: dict[str, Part]

    def __getitem__(self, role: str) -> Any:
        """The value of a role; KeyError when the step has none."""
        return self.parts[role].value

    def get(self, role: str, otherwise: Any = None) -> Any:
        """The value of a role, or what stands for none."""
        return self.parts[role].value if role in self.parts else otherwise

    @property
    def values(self) -> dict[str, Any]:
        """All values by role, as they are appended."""
        return {role: part.value for role, part in self.parts.items()}

    @property
    def text(self) -> str:
        """Its role "text", or else all its texts."""
        said = self.get("text")
        return said if said is not None else "; ".join(f"{role}: {value}" for role, value in self.values.items()
                                                       if isinstance(value, (str, dict, list)))

    def __repr__(self) -> str:
        return f"<step {self.id} of episode {self.episode}, {minutes(self.event.since)}: {self.text!r}>"


def _words(parts: dict[str, Part], role: str | None, start: int, end: int) -> str | None:
    """Bytes of a role's text."""
    if role is None or role not in parts or not isinstance(parts[role].value, str):
        return None
    return parts[role].value.encode()[start:end].decode(errors="replace")


def _fact(stated: c.epi_stated_fact, parts: dict[str, Part], offset: int) -> StatedFact:
    fact, role = stated.fact, string(stated.role)
    told = Fact(string(fact.attribute), string(fact.value), string(fact.subject),
                from_time(getattr(fact, "from"), offset), from_time(fact.to, offset))
    return StatedFact(told, stated.given, role, _words(parts, role, stated.text_from, stated.text_to))


def _step(at, schema: Schema) -> RecalledStep:
    """A step of a scene."""
    step = at.contents
    parts = [Part._of(lib.epi_recalled_step_part(at, place).contents, schema) for place in range(step.part_count)]
    parts = {part.role: part for part in parts}
    flags, offset = step.flags, step.event.utc_offset_min
    times = []
    for told in step.times[:step.time_count] if step.time_count else []:
        role = string(told.role)
        said = parts[role].value.encode() if isinstance(parts[role].value, str) else b""
        times.append((role, TimeMention._of(told.mention, said)))
    return RecalledStep(
        step.id, step.episode, step.index, step.score, Interval._of(step.event), from_time(step.ingest_time),
        step.supersedes, step.superseded_by, step.reward, bool(flags & c.EPI_STEP_TERMINATED),
        bool(flags & c.EPI_STEP_TRUNCATED), bool(flags & c.EPI_STEP_IMAGINED), step.forgotten,
        string(step.external_id), json.loads(step.metadata) if step.metadata else {},
        tuple(string(step.tags[place]) for place in range(step.tag_count)), tuple(times),
        tuple(_fact(fact, parts, offset) for fact in (step.facts[:step.fact_count] if step.fact_count else [])), parts)


@dataclass(frozen=True)
class Scene:
    """A run of an episode around what was found. text: its steps as lines."""

    score: float
    episode: int
    title: str
    text: str
    steps: list[RecalledStep]

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<scene of episode {self.episode}, score {self.score:.2f}, {len(self.steps)} steps>\n{self.text}"


@dataclass(frozen=True)
class Hit:
    """A step that was found, why, and when what it tells of happened."""

    id: int
    episode: int
    score: float
    external_id: str | None
    evidence: tuple[Evidence, ...]
    moment: Moment
    step: RecalledStep

    @property
    def text(self) -> str:
        """The step's text."""
        return self.step.text

    def __repr__(self) -> str:
        return f"<hit {self.score:.2f}: step {self.id}, {minutes(self.step.event.since)}: {self.text!r}>"


class Recollection:
    """What was recalled: hits in ranked order, scenes best first, a context within the token budget.

    Iterating goes over the hits.
    """

    def __init__(self, pointer: Pointer, schema: Schema):
        self._pointer, self._schema = pointer, schema

    @cached_property
    def scenes(self) -> list[Scene]:
        """Runs of episodes, best first."""
        scenes = []
        for index in range(lib.epi_recollection_count(self._pointer)):
            at = lib.epi_recollection_scene(self._pointer, index)
            scene = at.contents
            steps = [_step(lib.epi_scene_step(at, place), self._schema) for place in range(scene.step_count)]
            scenes.append(Scene(scene.score, scene.episode, string(scene.title), string(scene.text), steps))
        return scenes

    @cached_property
    def hits(self) -> list[Hit]:
        """The steps found, in ranked order."""
        return [self._hit(index) for index in range(lib.epi_recollection_hit_count(self._pointer))]

    def _hit(self, index: int) -> Hit:
        hit = lib.epi_recollection_hit(self._pointer, index).contents
        count = ctypes.c_size_t()
        found = lib.epi_recollection_evidence(ctypes.byref(count), self._pointer, index)
        evidence = tuple(Evidence(string(it.signal), it.value, it.weight, it.contribution)
                         for it in (found[:count.value] if count.value else []))
        step = self.scenes[hit.scene].steps[hit.scene_step]
        return Hit(hit.step, hit.episode, hit.score, string(hit.external_id), evidence, self._moment(index, step), step)

    def _moment(self, index: int, step: RecalledStep) -> Moment:
        moment = c.epi_moment()
        lib.epi_recollection_moment(ctypes.byref(moment), self._pointer, index)
        role = string(moment.role)
        mention = TimeMention._of(moment.mention, b"")
        return Moment(mention.interval, mention.precision, role, _words(step.parts, role, mention.start, mention.end))

    @cached_property
    def context(self) -> str:
        """The scenes as text for a prompt, best first, within the token budget."""
        return string(lib.epi_recollection_context(self._pointer))

    @cached_property
    def context_steps(self) -> list[int]:
        """Ids of the steps whose lines are in the context."""
        count = ctypes.c_size_t()
        at = lib.epi_recollection_context_steps(ctypes.byref(count), self._pointer)
        return list((ctypes.c_uint64 * count.value).from_address(at)) if count.value else []

    def completed(self, role: str) -> Part | None:
        """What the hits say together about a role of the cue, where recall was asked to complete it."""
        at = lib.epi_recollection_completed(self._pointer, text(role))
        return Part._of(at.contents, self._schema) if at else None

    def __len__(self) -> int:
        return lib.epi_recollection_hit_count(self._pointer)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __getitem__(self, index: int) -> Hit:
        return self.hits[index]

    def __str__(self) -> str:
        return self.context

    def __repr__(self) -> str:
        return f"<recollection of {len(self)} hits>\n" + "\n".join(map(repr, self.hits[:10]))

    def _repr_html_(self) -> str:
        rows = ((hit.score, minutes(hit.step.event.since), hit.step.get("speaker", ""), hit.text,
                 ", ".join(f"{it.signal} {it.contribution:.2f}" for it in hit.evidence if it.contribution))
                for hit in self.hits)
        return html.table(f"{len(self)} hits", ("score", "when", "who", "what", "why"), rows)


@dataclass(frozen=True)
class EpisodeInfo:
    """An episode as a timeline shows it."""

    id: int
    title: str
    external_id: str | None
    metadata: dict[str, Any]
    outcome: str | None
    reward: float | None
    ended: bool
    step_count: int
    time: Interval
    tags: tuple[str, ...]

    @classmethod
    def _of(cls, info: c.epi_episode_info) -> EpisodeInfo:
        return cls(info.id, string(info.title), string(info.external_id),
                   json.loads(info.metadata) if info.metadata else {}, string(info.outcome),
                   info.reward if info.has_reward else None, info.ended, info.step_count, Interval._of(info.time),
                   tuple(string(info.tags[place]) for place in range(info.tag_count)))


class Timeline(list):
    """The episodes of a space in order of time; a list of EpisodeInfo."""

    def __repr__(self) -> str:
        lines = [f"{minutes(it.time.since)}  {it.title or f'episode {it.id}'}: {it.step_count} steps"
                 + (f", {it.outcome}" if it.outcome else "") for it in self]
        return f"<timeline of {len(self)} episodes>\n" + "\n".join(lines[:50])

    def _repr_html_(self) -> str:
        rows = ((minutes(it.time.since), minutes(it.time.until), it.title or f"episode {it.id}", it.step_count,
                 it.outcome, it.reward) for it in self)
        return html.table(f"{len(self)} episodes", ("from", "to", "title", "steps", "outcome", "reward"), rows)


@dataclass(frozen=True)
class KnownFact:
    """What an attribute of a subject is, or was, and who said so."""

    subject: str
    attribute: str
    value: str
    since: datetime | None
    until: datetime | None
    current: bool
    given: bool
    said: str | None
    role: str | None
    step: int
    episode: int
    ingested: datetime
    superseded_by: int

    @classmethod
    def _of(cls, known: c.epi_known_fact) -> KnownFact:
        fact, offset = known.fact, known.utc_offset_min
        return cls(string(fact.subject), string(fact.attribute), string(fact.value),
                   from_time(getattr(fact, "from"), offset), from_time(known.until, offset), known.current, known.given,
                   string(known.said), string(known.role), known.step, known.episode, from_time(known.ingest_time),
                   known.superseded_by)


class Facts(list):
    """Facts by subject, then attribute; a list of KnownFact."""

    def __repr__(self) -> str:
        return f"<{len(self)} facts>\n" + "\n".join(
            f"{it.subject} {it.attribute}: {it.value} ({minutes(it.since)} to {minutes(it.until) or 'now'})"
            for it in self[:50])

    def _repr_html_(self) -> str:
        rows = ((it.subject, it.attribute, it.value, minutes(it.since), minutes(it.until),
                 "yes" if it.current else "", it.said) for it in self)
        return html.table(f"{len(self)} facts", ("subject", "attribute", "value", "since", "until", "holds", "said"),
                          rows)


def options_of(profile: RecallProfile | str | None, **options: Any) -> c.epi_recall_options:
    """Recall's options; a profile by its kind or by its weights."""
    made = default("recall_options_default", **options)
    if isinstance(profile, str):
        profile = RecallProfile(profile)
    if profile is not None:
        made.profile = ctypes.pointer(profile._struct)
    return made
