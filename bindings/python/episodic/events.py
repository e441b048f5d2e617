"""events.py - events that never happened but could: roles of stored events put together anew."""

from __future__ import annotations

import ctypes
import json
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Mapping, Sequence

from . import _declarations as c
from . import html
from ._library import default, lib, opened, string, texts
from .steps import decode, parts_of


@dataclass(frozen=True)
class ImaginedPart:
    """A value of an imagined event, and the stored step that has it with all others of its bundle."""

    role: str
    value: Any
    source: int
    bundle: int


@dataclass(frozen=True)
class EventJoin:
    """The pair of values that two bundles are joined across, and a stored step that has both."""

    from_role: str
    to_role: str
    witness: int
    witnesses: int


@dataclass(frozen=True)
class ImaginedEvent:
    """An event that could be. plausibility: estimated chance that it can be; novelty 0: it is a memory; before, after:
    in a story, the steps whose example it follows."""

    plausibility: float
    novelty: float
    support: int
    parts: tuple[ImaginedPart, ...]
    joins: tuple[EventJoin, ...]
    before: int
    after: int
    witnesses: int

    def __getitem__(self, role: str) -> Any:
        """The value of a role."""
        for part in self.parts:
            if part.role == role:
                return part.value
        raise KeyError(role)

    @property
    def values(self) -> dict[str, Any]:
        """All values by role."""
        return {part.role: part.value for part in self.parts}

    def __repr__(self) -> str:
        return (f"<imagined, plausibility {self.plausibility:.2f}: "
                + ", ".join(f"{role} {value!r}" for role, value in self.values.items()) + ">")


class ImaginedEvents(tuple):
    """Imagined events, the most plausible first. text: a line for each; data: what the JSON says; vetoed: how many
    recombinations were left out."""

    text: str
    data: dict[str, Any]
    vetoed: int

    def __repr__(self) -> str:
        return f"<{len(self)} imagined events>\n" + "\n".join(map(repr, self[:10]))

    def _repr_html_(self) -> str:
        rows = ((it.plausibility, it.novelty, it.support,
                 ", ".join(f"{role}: {value}" for role, value in it.values.items())) for it in self)
        return html.table(f"{len(self)} imagined events", ("plausibility", "novelty", "support", "event"), rows)

    def __iter__(self) -> Iterator[ImaginedEvent]:
        return super().__iter__()


@dataclass(frozen=True)
class Judgement:
    """How plausible an event of the caller's is."""

    plausibility: float
    novelty: float
    support: int
    contradiction: bool


class ImaginesEvents:
    """What a space of events can put together anew; part of Space."""

    def imagine_events(self, given: Mapping[str, Any] | None = None, **options: Any) -> ImaginedEvents:
        """Recombines stored events into such as have the given values. Options are those of
        epi_imagine_events_options: bundles (lists of roles), k, draws, plausibility_min, novelty_min, seed, and
        valid(values) -> bool, which may veto."""
        return self._events(lib.epi_imagine_events, given, (), options)

    def imagine_story(self, given: Mapping[str, Any] | None = None, count: int = 5, **options: Any) -> ImaginedEvents:
        """What would happen if: the most plausible event with the given values, and what followed like events."""
        return self._events(lib.epi_imagine_story, given, (count,), options)

    def judge_event(self, values: Mapping[str, Any], **options: Any) -> Judgement:
        """How plausible an event is, by the same estimate."""
        parts, count, kept = parts_of(self.schema, values)
        made, also_kept = self._event_options(options, [])
        judgement = c.epi_event_judgement()
        lib.epi_judge_event(ctypes.byref(judgement), self._live(), parts, count, ctypes.byref(made))
        del kept, also_kept
        return Judgement(*(getattr(judgement, name) for name in Judgement.__dataclass_fields__))

    def _events(self, function: Callable, given: Mapping[str, Any] | None, more: tuple,
                options: dict[str, Any]) -> ImaginedEvents:
        parts, count, kept = parts_of(self.schema, given)
        failed: list[BaseException] = []
        made, also_kept = self._event_options(options, failed)
        try:
            pointer = opened(function, lib.epi_events_free, self._live(), parts, count, *more, ctypes.byref(made))
        finally:
            if failed:
                raise failed[0]
        del kept, also_kept
        events = ImaginedEvents(self._event(lib.epi_events_get(pointer, place).contents)
                                for place in range(lib.epi_events_count(pointer)))
        events.text, events.vetoed = string(lib.epi_events_text(pointer)), lib.epi_events_vetoed(pointer)
        events.data = json.loads(lib.epi_events_json(pointer))
        return events

    def _event_options(self, options: dict[str, Any], failed: list[BaseException]) -> tuple[Any, Any]:
        """The options, and what has to be kept while they are used."""
        options = dict(options)
        valid: Callable | None = options.pop("valid", None)
        bundles: Sequence[Sequence[str]] = options.pop("bundles", ())
        fields = dict(c.epi_imagine_events_options._fields_)
        for unknown in options.keys() - fields.keys():
            raise TypeError(f"there is no option {unknown!r} of imagining events")
        roles = [texts(bundle) for bundle in bundles]
        structs = (c.epi_bundle * len(roles))(*roles) if roles else None
        made = default("imagine_events_options_default", bundles=structs, bundle_count=len(roles), **options)
        if valid is not None:
            def call(_context, parts, count):
                try:
                    return bool(valid({string(it.role): self._event_value(it) for it in parts[:count]}))
                except BaseException as error:  # no exception crosses C: it is raised behind the call
                    failed.append(error)
                    return False
            made.valid = fields["valid"](call)
        return made, (roles, structs)

    def _event_value(self, part: Any) -> Any:
        role = self.schema.role(string(part.role))
        kind = {"json": c.EPI_JSON}.get(role.type, c.EPI_TEXT)
        return decode(kind, role, ctypes.string_at(part.data, part.size))

    def _event(self, it: c.epi_imagined_event) -> ImaginedEvent:
        parts = tuple(ImaginedPart(string(part.role), self._event_value(part), part.source, part.bundle)
                      for part in it.parts[:it.part_count])
        joins = tuple(EventJoin(string(join.from_role), string(join.to_role), join.witness, join.witnesses)
                      for join in (it.joins[:it.join_count] if it.join_count else []))
        return ImaginedEvent(it.plausibility, it.novelty, it.support, parts, joins, it.before, it.after, it.witnesses)
