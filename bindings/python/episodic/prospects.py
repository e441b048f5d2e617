"""prospects.py - what may come of an action, for an agent about to act; every number is counted from stored steps."""

from __future__ import annotations

import ctypes
import json
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping

from . import _declarations as c
from . import html
from ._library import default, lib, opened, string, text


@dataclass(frozen=True)
class Seen:
    """Something that was seen after such tries, and where it is told."""

    text: str
    share: float
    count: int
    step: int

    @classmethod
    def _all(cls, at: Any, count: int) -> tuple[Seen, ...]:
        return tuple(cls(string(it.text), it.share, it.count, it.step) for it in (at[:count] if count else []))


@dataclass(frozen=True)
class Precedent:
    """A stored try that is like the situation at hand."""

    step: int
    episode: int
    similarity: float

    @classmethod
    def _of(cls, it: c.epi_precedent) -> Precedent | None:
        return cls(it.step, it.episode, it.similarity) if it.step else None


@dataclass(frozen=True)
class Prospect:
    """How an action would play out; see epi_prospect. success_rate: in [success_low, success_high] with the confidence
    that was asked for. success, failure: the nearest tries that went so, or None."""

    tool: str
    arguments: str | None
    proposed: bool
    no_precedent: bool
    tried: int
    succeeded: int
    similar: float
    success_rate: float
    success_low: float
    success_high: float
    cost: float | None
    reward: float
    success: Precedent | None
    failure: Precedent | None
    results: tuple[Seen, ...]
    errors: tuple[Seen, ...]
    next: tuple[Seen, ...]
    sources: tuple[int, ...]

    @classmethod
    def _of(cls, it: c.epi_prospect) -> Prospect:
        sources = (ctypes.c_uint64 * it.source_count).from_address(it.sources) if it.source_count else ()
        return cls(string(it.tool), string(it.arguments), it.proposed, it.no_precedent, it.tried, it.succeeded,
                   it.similar, it.success_rate, it.success_low, it.success_high, it.cost if it.has_cost else None,
                   it.reward, Precedent._of(it.success), Precedent._of(it.failure),
                   Seen._all(it.results, it.result_count), Seen._all(it.errors, it.error_count),
                   Seen._all(it.next, it.next_count), tuple(sources))

    def __repr__(self) -> str:
        if self.no_precedent:
            return f"<{self.tool}: never tried>"
        return (f"<{self.tool}: {self.success_rate:.0%} ({self.success_low:.0%} to {self.success_high:.0%}), "
                f"tried {self.tried} times>")


@dataclass(frozen=True)
class Stage:
    """One half of a course: a tool, the situation in which it would be used, and the step that shows it."""

    tool: str
    arguments: str | None
    situation: str | None
    rate: float
    rate_low: float
    witnesses: int
    step: int
    episode: int

    @classmethod
    def _of(cls, it: c.epi_stage) -> Stage:
        return cls(string(it.tool), string(it.arguments), string(it.situation), it.rate, it.rate_low, it.witnesses,
                   it.step, it.episode)


@dataclass(frozen=True)
class Course:
    """Two tools one after the other: the first brings about a situation in which the second succeeds."""

    stages: tuple[Stage, Stage]
    rate: float
    rate_low: float
    stitched: bool


@dataclass(frozen=True)
class ImaginedActions:
    """Prospects of the candidates, then of proposed tools; courses best first; best: the one with the greatest lower
    bound, None when none has a precedent. Iterating goes over the prospects. data: what the JSON says."""

    prospects: tuple[Prospect, ...]
    courses: tuple[Course, ...]
    best: Prospect | None
    text: str
    data: dict[str, Any]

    def __iter__(self) -> Iterator[Prospect]:
        return iter(self.prospects)

    def __len__(self) -> int:
        return len(self.prospects)

    def __getitem__(self, index: int) -> Prospect:
        return self.prospects[index]

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return "<imagined actions>\n" + "\n".join(map(repr, self.prospects))

    def _repr_html_(self) -> str:
        rows = ((it.tool, it.arguments, f"{it.success_rate:.0%}", f"{it.success_low:.0%} to {it.success_high:.0%}",
                 it.tried, it.cost, it.results[0].text if it.results else "", it.errors[0].text if it.errors else "")
                for it in self.prospects)
        return html.table("imagined actions", ("tool", "arguments", "success", "interval", "tried", "cost", "result",
                                               "error"), rows)


def _json(value: Any) -> bytes | None:
    """A situation or arguments: a text as it is, all else as JSON."""
    return text(value if value is None or isinstance(value, (str, bytes)) else json.dumps(value, ensure_ascii=False))


class ImaginesActions:
    """What a space of an agent's trajectories can foretell; part of Space."""

    def imagine_actions(self, candidates: Iterable[Any] = (), situation: Mapping[str, Any] | str | None = None,
                        task: str | None = None, *, propose_count: int = 0, course_count: int = 0,
                        source_count: int = 0, confidence: float = 0.0, success_above: float = 0.0) -> ImaginedActions:
        """Imagines how each candidate would play out in a situation. A candidate is a tool's name, or (name,
        arguments). propose_count: tools to add that are stored; course_count: courses of two stages to look for.

        >>> with Memory(folder) as memory:
        ...     desk = memory.space("desk", "trajectory")
        ...     for tool, error in [("reset", None), ("reset", None), ("wait", "still broken")]:
        ...         _ = desk.remember({"situation": {"load": "high"}, "tool": tool, "error": error})
        ...     desk.imagine_actions(["reset", "wait"], situation={"load": "high"}).best.tool
        'reset'
        """
        given = [(it, None) if isinstance(it, str) else it for it in candidates]
        structs = (c.epi_candidate * len(given))(*((text(tool), _json(arguments)) for tool, arguments in given))
        options = default("imagine_actions_options_default", propose_count=propose_count, course_count=course_count,
                          source_count=source_count, confidence=confidence, success_above=success_above)
        pointer = opened(lib.epi_imagine_actions, lib.epi_prospects_free, self._live(), text(task), _json(situation),
                         structs, len(given), ctypes.byref(options))
        best = lib.epi_prospects_best(pointer)
        courses = [lib.epi_prospects_course(pointer, place).contents
                   for place in range(lib.epi_prospects_course_count(pointer))]
        return ImaginedActions(
            tuple(Prospect._of(lib.epi_prospects_get(pointer, place).contents)
                  for place in range(lib.epi_prospects_count(pointer))),
            tuple(Course(tuple(Stage._of(stage) for stage in it.stages), it.rate, it.rate_low, it.stitched)
                  for it in courses),
            Prospect._of(best.contents) if best else None, string(lib.epi_prospects_text(pointer)),
            json.loads(lib.epi_prospects_json(pointer)))
