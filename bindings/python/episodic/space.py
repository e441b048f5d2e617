"""space.py - a space is a hard border inside a memory: one tenant, one agent, one task, with a schema."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, NamedTuple

import numpy as np

from . import _declarations as c
from ._library import Handle, default, lib, opened, option, string, text
from .encoders import Encoder, EncoderComparison, EncoderInfo, Encoders
from .episode import Episode, Experience
from .events import ImaginesEvents
from .extract import extractor_of
from .graph import Graph
from .imagine import Imagines
from .prospects import ImaginesActions
from .recall import (PROFILES, EpisodeInfo, Facts, KnownFact, RecalledStep, RecallProfile, Recollection, Timeline,
                     options_of)
from .replay import Replay
from .schema import Schema, schema_of
from .steps import Fact, Filter, Step, Vector, parts_of, vector_of
from .times import Time, from_time, to_time
from .transitions import Recorder, address

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


class UpkeepReport(NamedTuple):
    """What upkeep did; see epi_upkeep_report."""

    sealed: int
    indexed: int
    expired: int
    embedded: int
    waiting: int
    complete: bool


@dataclass(frozen=True)
class SpaceStats:
    """What a space holds; the counts of epi_space_stats by name, times as datetimes, the profile by its name."""

    counts: dict[str, int]
    vector_worth: float
    first_event: datetime | None
    last_event: datetime | None
    profile: str
    profile_set: bool
    profile_reason: str

    def __getattr__(self, name: str) -> int:
        try:
            return self.__dict__["counts"][name]
        except KeyError:
            raise AttributeError(name) from None


class Space(Handle, Imagines, ImaginesActions, ImaginesEvents):
    """An open space. Any number of threads may use it; it lives as long as its memory is open.

    >>> with Memory(folder) as memory:
    ...     home = memory.space("home", "conversation")
    ...     step = home.remember("user", "We moved to Lisbon last Friday.", event_time="2026-11-17")
    ...     hit = home.recall("where did we move?").hits[0]
    ...     print(hit.text, hit.moment.words, hit.moment.interval)
    We moved to Lisbon last Friday. last Friday 2026-11-13
    """

    def __init__(self, memory: Memory, name: str, schema: Schema | str | None = None):
        wanted = schema_of(schema)
        self._memory = memory
        struct = None if wanted is None else ctypes.byref(wanted._struct())
        self._pointer = opened(lib.epi_space_open, lib.epi_space_close, memory._live(), text(name), struct)
        self.name = string(lib.epi_space_name(self._pointer))
        self.schema = Schema._of(lib.epi_space_schema(self._pointer).contents)

    # ---- recording ----

    def remember(self, values: str | Mapping[str, Any] | Step, said: str | None = None, **options: Any) -> int:
        """Remembers a step in the space's running episode: remember("user", "We moved.") in a conversation, or values
        by role; options are those of Step. Returns its id."""
        made = ctypes.c_uint64()
        if isinstance(values, str) and not options:
            lib.epi_remember_text(self._live(), text(values), text(said), ctypes.byref(made))
            return made.value
        if isinstance(values, str):
            values = {"speaker": values, "text": said}
        struct, kept = (values if isinstance(values, Step) else Step(values, **options))._struct(self.schema)
        lib.epi_remember(ctypes.byref(made), None, self._live(), ctypes.byref(struct))
        del kept
        return made.value

    def remember_many(self, experiences: Iterable[Experience]) -> list[tuple[int, list[int]]]:
        """Remembers episodes with their steps in one transaction, all or none: one flush of the disk for all of them.
        Returns for each its episode's id and those of its steps.

        >>> with Memory(folder) as memory:
        ...     talk = [{"speaker": "user", "text": "We moved."}, {"speaker": "friend", "text": "Where to?"}]
        ...     memory.space("home", "conversation").remember_many([Experience(talk, title="spring", ended=True)])
        [(1, [1, 2])]
        """
        made = [experience._struct(self.schema) for experience in experiences]
        structs = (c.epi_experience * len(made))(*(struct for struct, _, _ in made))
        ids = np.zeros(sum(count for _, count, _ in made), np.uint64)
        episodes = np.zeros(len(made), np.uint64)
        lib.epi_remember_many(address(ids), address(episodes), self._live(), structs, len(made))
        ends = np.cumsum([count for _, count, _ in made])
        return [(int(episode), ids[end - count:end].tolist())
                for episode, end, (_, count, _) in zip(episodes, ends, made)]

    def episode(self, title: str | None = None, **options: Any) -> Episode:
        """Begins an episode; options are those of Episode.begin()."""
        return Episode.begin(self, title, **options)

    def resume(self, episode: int) -> Episode:
        """Goes on with a stored episode, ended or not."""
        return Episode.resume(self, episode)

    # ---- recalling ----

    def recall(self, cue: str | None = None, *, vector: Vector | None = None, parts: Mapping[str, Any] | None = None,
               filter: Filter | None = None, now: Time = None, utc_offset_min: int = 0,
               profile: RecallProfile | str | None = None, k: int = 0, token_budget: int = 0,
               scene_margin: int = c.EPI_SCENE_MARGIN_DEFAULT, ef: int = 0, scene_reach: int = 0, complete: float = 0.0,
               when: bool = False, **conditions: Any) -> Recollection:
        """Recalls what a partial cue brings back.

        cue: a text. vector: of the space's dimension. parts: what is known of it by role. filter, or its conditions by
        name (since, until, tags, where, ...): which steps are meant. now: what recency counts from. profile: a kind,
        or weights. k: hits. token_budget: of the context. scene_margin, scene_reach: steps shown around a hit.
        complete: least confidence of parts that are completed. when: the cue asks when something happened.
        """
        if cue is not None and vector is None and not any((parts, filter, conditions, now, utc_offset_min)):
            options = options_of(profile, k=k, token_budget=token_budget, scene_margin=scene_margin, ef=ef,
                                 scene_reach=scene_reach, complete=complete, when=when)
            return self._recollection(lib.epi_recall_text, self._live(), text(cue), ctypes.byref(options))
        struct, kept = self._cue(cue, vector, parts, filter, now, utc_offset_min, conditions)
        options = options_of(profile, k=k, token_budget=token_budget, scene_margin=scene_margin, ef=ef,
                             scene_reach=scene_reach, complete=complete, when=when)
        found = self._recollection(lib.epi_recall, self._live(), ctypes.byref(struct), ctypes.byref(options))
        del kept
        return found

    def _cue(self, said: str | None = None, vector: Vector | None = None, parts: Mapping[str, Any] | None = None,
             filter: Filter | None = None, now: Time = None, utc_offset_min: int = 0,
             conditions: dict[str, Any] | None = None) -> tuple[c.epi_cue, Any]:
        """A cue, and what has to be kept while it is used."""
        chosen, kept_filter = self._filter(filter, conditions or {})
        at, size, array = vector_of(vector)
        known, count, kept = parts_of(self.schema, parts)
        cue = default("cue_default", text=text(said), vector=at, vector_size=size, parts=known, part_count=count,
                      filter=chosen, now=to_time(now), utc_offset_min=utc_offset_min)
        return cue, (kept_filter, array, kept, known, chosen)

    def _filter(self, filter: Filter | None, conditions: dict[str, Any]) -> tuple[c.epi_filter, Any]:
        if filter is not None and conditions:
            raise TypeError(f"a filter was given, and {', '.join(conditions)} beside it")
        return (filter or Filter(**conditions))._struct(self.schema)

    def _recollection(self, function: Callable, *arguments: Any) -> Recollection:
        return Recollection(opened(function, lib.epi_recollection_free, *arguments), self.schema)

    def nearest(self, vector: Vector, k: int = c.EPI_K_DEFAULT, ef: int = 0) -> list[tuple[int, float]]:
        """The k nearest live steps to a vector, best first: (id, cosine or minus the squared distance)."""
        at, size, array = vector_of(vector)
        ids, scores, count = np.zeros(k, np.uint64), np.zeros(k, np.float32), ctypes.c_size_t()
        lib.epi_nearest(ctypes.byref(count), address(ids), address(scores), self._live(), at, size, k, ef)
        del array
        return list(zip(ids[:count.value].tolist(), scores[:count.value].tolist()))

    # ---- reading ----

    def timeline(self, since: Time = None, until: Time = None, limit: int = 0) -> Timeline:
        """The episodes whose time overlaps [since, until), in order of time; of more than limit the newest."""
        pointer = opened(lib.epi_timeline_read, lib.epi_timeline_free, self._live(), to_time(since), to_time(until),
                         limit)
        return Timeline(EpisodeInfo._of(lib.epi_timeline_episode(pointer, place).contents)
                        for place in range(lib.epi_timeline_count(pointer)))

    def read(self, step: int) -> RecalledStep:
        """One step, also when it is superseded or forgotten."""
        return self._recollection(lib.epi_step_read, self._live(), step).scenes[0].steps[0]

    def read_episode(self, episode: int, first: int = 0, count: int = 0) -> list[RecalledStep]:
        """Steps of an episode in order; count 0: to its end."""
        scenes = self._recollection(lib.epi_episode_read, self._live(), episode, first, count).scenes
        return [step for scene in scenes for step in scene.steps]

    def steps(self, after: int = 0, page: int = 1000) -> Iterator[RecalledStep]:
        """All steps in order of id, superseded and forgotten ones too, each of which says so."""
        while True:
            scenes = self._recollection(lib.epi_steps_read, self._live(), after, page).scenes
            for step in (step for scene in scenes for step in scene.steps):
                after = step.id
                yield step
            if not scenes:
                return

    def vector(self, step: int) -> np.ndarray | None:
        """The vector stored for a step; None when it has none."""
        room, size = np.zeros(c.EPI_DIMENSION_MAX, np.float32), ctypes.c_size_t()
        lib.epi_step_vector(address(room), ctypes.byref(size), self._live(), step)
        return room[:size.value].copy() if size.value else None

    def find(self, external_id: str) -> int:
        """The id behind a caller-given id."""
        found = ctypes.c_uint64()
        lib.epi_step_find(ctypes.byref(found), self._live(), text(external_id))
        return found.value

    def facts(self, subject: str | None = None, attribute: str | None = None, as_of: Time = None,
              valid_at: Time = None) -> Facts:
        """What holds now, or held at a time: of each subject and attribute the fact that began last."""
        return self._facts(lib.epi_facts_now, subject, attribute, as_of, valid_at)

    def history(self, subject: str | None = None, attribute: str | None = None, as_of: Time = None,
                valid_at: Time = None) -> Facts:
        """All that was ever stated, within an attribute the oldest first."""
        return self._facts(lib.epi_facts_history, subject, attribute, as_of, valid_at)

    def _facts(self, function: Callable, subject: str | None, attribute: str | None, as_of: Time,
               valid_at: Time) -> Facts:
        cue = default("fact_cue_default", subject=text(subject), attribute=text(attribute), as_of=to_time(as_of),
                      valid_at=to_time(valid_at))
        pointer = opened(function, lib.epi_facts_free, self._live(), ctypes.byref(cue))
        return Facts(KnownFact._of(lib.epi_facts_at(pointer, place).contents)
                     for place in range(lib.epi_facts_count(pointer)))

    # ---- forgetting ----

    def forget(self, filter: Filter | None = None, *, purge_after_days: int = 0, dry_run: bool = False,
               **conditions: Any) -> int:
        """Hides what matches, until it is restored or its days have passed; returns how many steps."""
        return self._change(lib.epi_forget, filter, conditions, purge_after_days, dry_run)

    def restore(self, filter: Filter | None = None, **conditions: Any) -> int:
        """Brings back what was forgotten; returns how many steps."""
        return self._change(lib.epi_restore, filter, conditions)

    def remove(self, filter: Filter | None = None, *, dry_run: bool = False, **conditions: Any) -> int:
        """Removes what matches for good; returns how many steps."""
        return self._change(lib.epi_remove, filter, conditions, dry_run)

    def purge(self, filter: Filter | None = None, **conditions: Any) -> int:
        """Removes what matches and rewrites the store, so that no byte of it is left; returns how many steps."""
        return self._change(lib.epi_purge, filter, conditions)

    def _change(self, function: Callable, filter: Filter | None, conditions: dict[str, Any], *options: Any) -> int:
        struct, kept = self._filter(filter, conditions)
        count = ctypes.c_uint64()
        function(ctypes.byref(count), self._live(), ctypes.byref(struct), *options)
        del kept
        return count.value

    # ---- keeping ----

    def stats(self) -> SpaceStats:
        """What the space holds now."""
        stats = c.epi_space_stats()
        lib.epi_space_stats_read(ctypes.byref(stats), self._live())
        counts = {name: getattr(stats, name) for name, kind in c.epi_space_stats._fields_ if kind is ctypes.c_uint64}
        return SpaceStats(counts, stats.vector_worth, from_time(stats.first_event), from_time(stats.last_event),
                          string(lib.epi_profile_name(stats.profile)), stats.profile_set,
                          string(stats.profile_reason))

    def set_profile(self, kind: str) -> None:
        """Sets the recall profile for all processes: "chat", "assistant", "documents", "events", or "auto"."""
        lib.epi_space_set_profile(self._live(), option(PROFILES, kind, "kind"))

    def upkeep(self, time_limit_ms: int = 0, seal: bool = True, index: bool = True, expire: bool = True,
               embed: bool = True, progress: Callable[[int, int], bool] | None = None) -> UpkeepReport:
        """The work that makes later calls faster: sealing, the vector graph, expiring, making vectors.

        progress(made, of): called behind each portion of vectors; returning False ends the call as the limit does.
        """
        options = default("upkeep_options_default", time_limit_ms=time_limit_ms, seal=seal, index=index, expire=expire,
                          embed=embed)
        if progress:
            kind = dict(c.epi_upkeep_options._fields_)["progress"]
            options.progress = kind(lambda _context, done, total: progress(done, total) is not False)
        report = c.epi_upkeep_report()
        lib.epi_space_upkeep(ctypes.byref(report), self._live(), ctypes.byref(options))
        return UpkeepReport(*(getattr(report, name) for name in UpkeepReport._fields))

    def set_encoder(self, encoder: Encoder) -> None:
        """Makes an encoder the space's, for all processes; upkeep then encodes what is there."""
        lib.epi_space_encoder_set(self._live(), ctypes.byref(encoder._taken()))
        encoder._gone()

    def give_encoder(self, encoder: Encoder) -> None:
        """Gives this process the encoder that the space has already."""
        lib.epi_space_encoder_give(self._live(), ctypes.byref(encoder._taken()))
        encoder._gone()

    def encoders(self) -> Encoders:
        """Which encoder serves, and which is to serve next."""
        serving, building = c.epi_encoder_info(), c.epi_encoder_info()
        lib.epi_space_encoders(ctypes.byref(serving), ctypes.byref(building), self._live())
        return Encoders(*(EncoderInfo._of(info) if info.generation else None for info in (serving, building)))

    def compare_encoder(self, encoder: Encoder | None = None, sample: int = 0, seed: int = 0) -> EncoderComparison:
        """Compares the encoder that serves with another, on steps drawn at random; None: with the one that is to serve
        next. The encoder stays the caller's."""
        comparison = c.epi_encoder_comparison()
        lib.epi_space_encoder_compare(ctypes.byref(comparison), self._live(),
                                      None if encoder is None else ctypes.byref(encoder._taken()), sample, seed)
        return EncoderComparison._of(comparison)

    def give_extractor(self, extract: Callable[[dict[str, Any]], Iterable[Fact]] | None) -> None:
        """Gives this process a function that reads facts out of the steps it stores: called with the values of a step
        by role, it returns facts. None: none from now on. It may not add to the space; what it raises is logged, and
        the step is stored without its facts.

        >>> with Memory(folder) as memory:
        ...     home = memory.space("home", "conversation")
        ...     home.give_extractor(lambda values: [Fact("shouts", "yes")] if values["text"].isupper() else [])
        ...     _ = home.remember("Ann", "WATCH OUT")
        ...     home.facts("Ann")[0].attribute
        'shouts'
        """
        table = None if extract is None else ctypes.byref(extractor_of(self.schema, extract))
        lib.epi_space_extractor_give(self._live(), table)

    def export(self, file: IO[str], salvage: bool = False) -> dict[str, int]:
        """Writes the space as JSONL, without loss. Of a damaged one, salvage writes what can be read; how many steps,
        records of episodes, single values and other records were passed over is returned (all 0 without it).
        """
        report = c.epi_salvage_report()
        failed: list[BaseException] = []

        def write(_context, data, size):
            try:
                file.write(ctypes.string_at(data, size).decode())
                return True
            except BaseException as error:  # raised again once C is done
                failed.append(error)
                return False

        try:
            if salvage:
                lib.epi_export_salvage(ctypes.byref(report), self._live(), _WRITE(write), None)
            else:
                lib.epi_export(self._live(), _WRITE(write), None)
        finally:
            if failed:
                raise failed[0]
        return {name: getattr(report, name) for name in ("steps", "episodes", "values", "records")}

    # ---- transitions ----

    def recorder(self, name: str, lanes: int = 1) -> Recorder:
        """A named writer of a transitions space, with so many lanes."""
        return Recorder(self, name, lanes)

    def replay(self, **options: Any) -> Replay:
        """A sampler over a transitions space; the options are Replay's."""
        return Replay(self, **options)

    def graph(self, radius: float = 0.0, state_count_max: int = 0, seed: int = 0) -> Graph:
        """The memory graph of a transitions space: observations within the radius are one state."""
        return Graph.of_space(self, radius, state_count_max, seed)

    def limit(self, max_steps: int = 0, max_size: int = 0, max_age_s: int = 0, unit: str = "steps") -> None:
        """How much a transitions space keeps, for all its writers; the oldest goes first, by steps or episodes."""
        limits = default("transition_limits_default", max_steps=max_steps, max_size=max_size, max_age_s=max_age_s,
                         unit=option(EVICTION, unit, "unit"))
        lib.epi_transitions_limit(self._live(), ctypes.byref(limits))

    def transition_stats(self) -> TransitionStats:
        """What a transitions space holds."""
        stats = c.epi_transition_stats()
        lib.epi_transitions_stats_read(ctypes.byref(stats), self._live())
        return TransitionStats(*(getattr(stats, field) for field in TransitionStats._fields))

    def __repr__(self) -> str:
        return f"Space({self.name!r}, {self.schema.preset}{', closed' if self.closed else ''})"


_WRITE = c.FUNCTIONS["epi_export"][1][1]
