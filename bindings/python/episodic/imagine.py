"""imagine.py - rollouts that never happened but could, and a planner that acts on them.

A rollout is pieces of stored episodes, joined where one could have gone on as the other did; each join carries its
evidence. What a rollout shows are NumPy arrays and plain objects.
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Sequence

import numpy as np

from . import _declarations as c
from . import html
from ._library import Handle, Pointer, default, lib, opened, option
from .errors import DoneError, StaleError, error_of
from .schema import Role, name_of
from .steps import Filter, Vector

if TYPE_CHECKING:
    from .space import Space

SEARCHES = {"auto": c.EPI_SEARCH_AUTO, "best_first": c.EPI_SEARCH_BEST_FIRST, "beam": c.EPI_SEARCH_BEAM,
            "mcts": c.EPI_SEARCH_MCTS}
TESTS = {"evidence": c.EPI_JOIN_EVIDENCE, "distance": c.EPI_JOIN_DISTANCE}
STOPS = {"goal": c.EPI_STOP_GOAL, "steps": c.EPI_STOP_STEPS, "terminated": c.EPI_STOP_TERMINATED,
         "dead end": c.EPI_STOP_DEAD_END, "unreachable": c.EPI_STOP_UNREACHABLE,
         "expansions": c.EPI_STOP_EXPANSIONS, "time": c.EPI_STOP_TIME}
REPORTS = {"confirmed": c.EPI_CONFIRMED, "refuted": c.EPI_REFUTED}


def _tensor(values: Vector | None) -> tuple[c.epi_tensor, Any]:
    """A row of float32, and the array that it lies in."""
    if values is None:
        return c.epi_tensor(None, 0, c.EPI_F32), None
    array = np.ascontiguousarray(values, np.float32)
    return c.epi_tensor(array.ctypes.data, array.size, c.EPI_F32), array


def _copy(at: int | None, role: Role, dtype: str | None = None) -> np.ndarray:
    """A value that C has, in an array of its own."""
    dtype = np.dtype(dtype or role.dtype)
    return np.frombuffer(ctypes.string_at(at, role.size * dtype.itemsize), dtype).reshape(role.shape)


@dataclass(frozen=True)
class Situation:
    """Where imagining starts: at an observation, as a stored step began, or as the steps began whose observations are
    nearest to a vector, or that a filter of steps or episodes names.

    context: observations before it, oldest first, which tell alike places apart.
    """

    observation: Vector | None = None
    context: Vector | None = None
    step: int = 0
    nearest: Vector | None = None
    filter: Filter | None = None


@dataclass(frozen=True)
class Goal:
    """What is wanted: to come within a tolerance of an observation, of where a stored step began, of the observations
    nearest to a vector or that a filter names; or what reached(observation) says True of."""

    observation: Vector | None = None
    tolerance: float = 0.0
    step: int = 0
    nearest: Vector | None = None
    filter: Filter | None = None
    reached: Callable[[np.ndarray], bool] | None = None


@dataclass(frozen=True)
class Join:
    """The seam before a piece: standing where from_step led, going on as to_step did. index: the rollout's step that it
    leads into. agreement, passage, context: evidence, 0 to 1; plausibility: all of it together."""

    from_step: int
    to_step: int
    to_episode: int
    index: int
    distance: float
    agreement: float
    passage: float
    context: float
    support: int
    confirmed: int
    refuted: int
    plausibility: float

    @classmethod
    def _of(cls, join: c.epi_join) -> Join:
        return cls(*(getattr(join, name) for name in cls.__dataclass_fields__))


@dataclass(frozen=True)
class Piece:
    """A run of one stored episode: `count` steps from first_step on, the rollout's steps from `index` on."""

    episode: int
    first_step: int
    index: int
    count: int
    join: Join | None


class Rollout:
    """A way that could be taken. Arrays have a row for each step.

    observations: as stored. expected: where one would stand. actions, rewards: as stored. steps, episodes: the ids of
    the sources. end: the expected observation behind the last step.
    """

    def __init__(self, owner: Any, at, observation: Role, action: Role):
        self._owner, self._at = owner, at
        it = at.contents
        self.return_mean, self.return_spread, self.return_low = it.return_mean, it.return_spread, it.return_low
        self.plausibility, self.novelty = it.plausibility, it.novelty
        self.stop_reason = name_of(STOPS, it.stop_reason)
        self.end = _copy(it.end, observation, "float32") if it.end else None
        steps = [lib.epi_rollout_step(at, place).contents for place in range(it.step_count)]
        self.observations = self._rows([_copy(step.observation, observation, "float32") for step in steps], observation)
        self.expected = self._rows([_copy(step.expected, observation, "float32") for step in steps], observation)
        self.actions = np.array([_copy(step.action, action) for step in steps], action.dtype).reshape(
            len(steps), *action.shape)
        self.rewards = np.array([step.reward for step in steps], np.float64)
        self.steps = np.array([step.step for step in steps], np.uint64)
        self.episodes = np.array([step.episode for step in steps], np.uint64)
        self.terminated = bool(steps) and bool(steps[-1].flags & c.EPI_STEP_TERMINATED)
        self.joins = [Join._of(lib.epi_rollout_join(at, place).contents) for place in range(it.join_count)]
        pieces = [lib.epi_rollout_piece(at, place).contents for place in range(it.piece_count)]
        self.pieces = [Piece(piece.episode, piece.first_step, piece.index, piece.count,
                             Join._of(piece.join.contents) if piece.join else None) for piece in pieces]

    @staticmethod
    def _rows(rows: list[np.ndarray], role: Role) -> np.ndarray:
        return np.array(rows, np.float32).reshape(len(rows), *role.shape)

    def __len__(self) -> int:
        return len(self.steps)

    def _pointer(self):
        """The C rollout; the owner keeps it."""
        if self._at is None:
            raise error_of(c.EPI_ECLOSED, "python", "the rollout is a copy of a planner's plan")
        return self._at

    def verify(self) -> bool:
        """Whether every source step is still there, with the very observation, action and reward shown."""
        try:
            lib.epi_rollout_verify(self._pointer())
        except StaleError:
            return False
        return True

    def report(self, space: Space, join: int | Join, answer: str) -> None:
        """Tells what the world answered to a join: "confirmed" or "refuted"."""
        place = self.joins.index(join) if isinstance(join, Join) else join
        lib.epi_imagine_report(space._live(), self._pointer(), lib.epi_rollout_join(self._pointer(), place),
                               option(REPORTS, answer, "answer"))

    def plot(self, axes: Any = None, **options: Any) -> Any:
        """Draws the rollout over a 2-D state; see plot.rollout()."""
        from . import plot
        return plot.rollout(self, axes, **options)

    def __repr__(self) -> str:
        return (f"<rollout of {len(self)} steps in {len(self.pieces)} pieces: return {self.return_mean:.4g} ± "
                f"{self.return_spread:.2g}, plausibility {self.plausibility:.3g}, novelty {self.novelty:.2f}, "
                f"{self.stop_reason}>")

    def _repr_html_(self) -> str:
        rows = ((piece.index, piece.count, piece.episode, piece.first_step,
                 *((join.distance, join.agreement, join.passage, join.plausibility) if (join := piece.join) else ()))
                for piece in self.pieces)
        return html.table(repr(self)[1:-1], ("from", "steps", "episode", "first step", "distance", "agreement",
                                             "passage", "plausibility"), rows)


class Rollouts(Sequence):
    """Rollouts, best first. stop_reason, expansions, seconds: of the search."""

    def __init__(self, pointer: Pointer | Any, observation: Role, action: Role):
        self._pointer, self._roles = pointer, (observation, action)
        self._made: dict[int, Rollout] = {}
        self._count = lib.epi_rollouts_count(pointer)
        self.stop_reason = name_of(STOPS, lib.epi_rollouts_stop_reason(pointer))
        self.expansions = lib.epi_rollouts_expansions(pointer)
        self.seconds = lib.epi_rollouts_seconds(pointer)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._count))]
        place = index + self._count if index < 0 else index
        if not 0 <= place < self._count:
            raise IndexError(f"there are {self._count} rollouts")
        if place not in self._made:
            self._made[place] = Rollout(self, lib.epi_rollouts_get(self._pointer, place), *self._roles)
        return self._made[place]

    def _copied(self) -> Rollouts:
        """The same without C behind it, for what lives until a planner's next call only."""
        for rollout in self:
            rollout._at = None
        self._pointer = None
        return self

    def __repr__(self) -> str:
        return (f"<{len(self)} rollouts, {self.expansions} places looked at in {self.seconds:.3g} s, stopped: "
                f"{self.stop_reason}>\n" + "\n".join(map(repr, self[:10])))

    def _repr_html_(self) -> str:
        rows = ((len(it), len(it.pieces), it.return_mean, it.return_low, it.plausibility, it.novelty, it.stop_reason)
                for it in self[:50])
        return html.table(f"{len(self)} rollouts", ("steps", "pieces", "return", "at least", "plausibility", "novelty",
                                                    "stopped"), rows)


class _Callbacks:
    """The caller's functions as C calls them. No exception crosses C: the first one is raised behind the call."""

    def __init__(self, space: Space):
        self._observation, self._action = space.schema.role("observation"), space.schema.role("action")
        self._failed: list[BaseException] = []
        self.kept: list[Any] = []

    def wrap(self, kind: Any, function: Callable | None, otherwise: Any) -> Any:
        """A function of what C tells; what it says when something was raised is `otherwise`. None stays None."""
        if function is None:
            return None

        def call(_context, *arguments):
            try:
                return function(*arguments)
            except BaseException as error:
                self._failed.append(error)
                return otherwise

        self.kept.append(kind(call))
        return self.kept[-1]

    def _place(self, at: int) -> np.ndarray:
        return _copy(at, self._observation, "float32")

    def reached(self, function: Callable | None) -> Any:
        """epi_goal.reached."""
        kind = dict(c.epi_goal._fields_)["reached"]
        return self.wrap(kind, function and (lambda at, _size: bool(function(self._place(at)))), False)

    def of_options(self, valid: Callable | None, reward: Callable | None, heuristic: Callable | None,
                   step: Callable | None, distance: Callable | None) -> dict[str, Any]:
        """The callbacks of epi_imagine_options by name."""
        place, action, kinds = self._place, self._action, dict(c.epi_imagine_options._fields_)
        calls = {
            "valid": (valid and (lambda before, after, taken: bool(
                valid(place(before), place(after), _copy(taken, action)))), False),
            "reward": (reward and (lambda before, after, taken, recorded: float(
                reward(place(before), place(after), _copy(taken, action), recorded))), float("nan")),
            "heuristic": (heuristic and (lambda at: float(heuristic(place(at)))), 0.0),
            "distance": (distance and (lambda first, second: float(distance(place(first), place(second)))), 0.0),
            "step": (step and (lambda to, ends, before, taken: self._step(
                to, ends, step(place(before), _copy(taken, action)))), False)}
        return {name: self.wrap(kinds[name], function, otherwise)
                for name, (function, otherwise) in calls.items() if function is not None}

    def _step(self, to: int, terminated: int, answer: Any) -> bool:
        """Writes what the caller's model answered: where it leads, or that and whether it ends there, or None."""
        if answer is None:
            return False
        after, ends = answer if isinstance(answer, tuple) else (answer, False)
        array = np.ascontiguousarray(after, np.float32)
        if array.size != self._observation.size:
            raise error_of(c.EPI_EDIMENSION, "python",
                           f"the model's observation has shape {array.shape}, expected {self._observation.shape}")
        ctypes.memmove(to, array.ctypes.data, array.nbytes)
        ctypes.c_bool.from_address(terminated).value = bool(ends)
        return True

    def check(self) -> None:
        """Raises what a function of the caller raised."""
        if self._failed:
            error = self._failed[0]
            self._failed.clear()
            raise error


class Wish:
    """A goal and options as C has them, with all that they point to."""

    def __init__(self, space: Space, goal: Goal | Vector | Callable | None, options: dict[str, Any]):
        self.callbacks = _Callbacks(space)
        self._space, self._kept = space, []
        self.goal = None if goal is None else self._goal(goal)
        self.options = self._options(**options)

    def _goal(self, goal: Goal | Vector | Callable) -> c.epi_goal:
        if not isinstance(goal, Goal):
            goal = Goal(reached=goal) if callable(goal) else Goal(observation=goal)
        tensor, array = _tensor(goal.observation)
        self._kept.append(array)
        return default("goal_default", observation=tensor, tolerance=goal.tolerance, step=goal.step,
                       cue=self._cue(goal.nearest, goal.filter), reached=self.callbacks.reached(goal.reached))

    def _cue(self, nearest: Vector | None, filter: Filter | None) -> Any:
        """A pointer to a cue; None where neither is given."""
        if nearest is None and filter is None:
            return None
        made, kept = self._space._cue(vector=nearest, filter=filter)
        self._kept += [made, kept]
        return ctypes.pointer(made)

    def situation(self, start: Situation | Vector | None) -> c.epi_situation:
        """Where to start."""
        if not isinstance(start, Situation):
            start = Situation(start)
        observation, first = _tensor(start.observation)
        context, second = _tensor(start.context)
        self._kept += [first, second]
        return default("situation_default", observation=observation, context=context, step=start.step,
                       cue=self._cue(start.nearest, start.filter))

    def _options(self, *, search: str = "auto", test: str = "evidence", filter: Filter | None = None,
                 valid: Callable | None = None, reward: Callable | None = None, heuristic: Callable | None = None,
                 step: Callable | None = None, distance: Callable | None = None, **options: Any
                 ) -> c.epi_imagine_options:
        for unknown in options.keys() - {name for name, _ in c.epi_imagine_options._fields_}:
            raise TypeError(f"there is no option {unknown!r} of imagining")
        chosen = None
        if filter is not None:
            chosen, kept = filter._struct(self._space.schema)
            self._kept += [chosen, kept]
        options.update(self.callbacks.of_options(valid, reward, heuristic, step, distance))
        return default("imagine_options_default", search=option(SEARCHES, search, "search"),
                       test=option(TESTS, test, "test"), filter=None if chosen is None else ctypes.pointer(chosen),
                       **options)


class Imagines:
    """What a transitions space can imagine; part of Space."""

    def imagine(self, start: Situation | Vector | None = None, goal: Goal | Vector | Callable | None = None,
                **options: Any) -> Rollouts:
        """Imagines rollouts from a start (an observation, or a Situation) to a goal (an observation, a function of one,
        or a Goal); without a goal, for return.

        Options are those of epi_imagine_options: k, search ("auto", "best_first", "beam", "mcts"), test, beam,
        neighbours, joins_max, steps_max, expansions_max, time_ms, seed, join_radius, plausibility_min, novelty_min,
        discount, risk, doubt_cost, context, filter (a Filter). And functions: valid(from, to, action) -> bool,
        reward(from, to, action, recorded) -> float, heuristic(observation) -> float, distance(a, b) -> float, and a
        model of your own, step(from, action) -> the next observation, or (that, terminated), or None where the action
        cannot be taken.

        >>> with Memory(folder) as memory:
        ...     walks = memory.space("walks", Schema.transitions(observation=2, action="int32"))
        ...     east = np.array([[x, 0] for x in range(10)], float)    # two walks that cross at (5, 0)
        ...     north = np.array([[5, y] for y in range(-4, 6)], float)
        ...     for walk in (east, north):
        ...         _ = walks.recorder("me").append({"observation": walk[:-1], "next_observation": walk[1:],
        ...                                          "action": np.zeros(9), "truncated": np.arange(9) == 8})
        ...     way = walks.imagine([0, 0], goal=[5, 5], neighbours=4)[0]
        >>> len(way), len(way.pieces) > 1, way.end.tolist()
        (10, True, [5.0, 5.0])
        """
        wish = Wish(self, goal, options)
        situation = wish.situation(start)
        try:
            pointer = opened(lib.epi_imagine, lib.epi_rollouts_free, self._live(), ctypes.byref(situation),
                             None if wish.goal is None else ctypes.byref(wish.goal), ctypes.byref(wish.options))
        finally:
            wish.callbacks.check()
        return Rollouts(pointer, self.schema.role("observation"), self.schema.role("action"))

    def forget_reports(self) -> None:
        """Forgets all that was reported about joins of this space in this process."""
        lib.epi_imagine_reset(self._live())

    def planner(self, goal: Goal | Vector | Callable | None = None, *, disagreement: float = 0.0, horizon: int = 0,
                replans_max: int = 0, **options: Any) -> Planner:
        """A planner to a goal; options are those of imagine(), for each plan."""
        return Planner(self, goal, disagreement=disagreement, horizon=horizon, replans_max=replans_max, **options)


@dataclass(frozen=True)
class PlannerStats:
    """What a planner did since it was opened."""

    plans: int
    disagreements: int
    expansions: int
    seconds: float
    expansions_per_second: float
    reward: float
    step: int


class Planner(Handle):
    """From a state and a goal to the next action, again and again: it goes on with its plan while the world agrees, and
    plans again when it does not.

        while (action := planner.next(observation)) is not None:
            observation, reward, terminated, *_ = world.step(action)
            planner.observe(observation, reward, terminated)
    """

    def __init__(self, space: Space, goal: Goal | Vector | Callable | None = None, *, disagreement: float = 0.0,
                 horizon: int = 0, replans_max: int = 0, **options: Any):
        self._wish, self._lock = Wish(space, goal, options), threading.Lock()
        self._observation, self._action = space.schema.role("observation"), space.schema.role("action")
        made = default("planner_options_default", imagine=self._wish.options, disagreement=disagreement,
                       horizon=horizon, replans_max=replans_max)
        parent = space._live()
        self._pointer = opened(lib.epi_planner_open, lib.epi_planner_close, parent,
                               None if self._wish.goal is None else ctypes.byref(self._wish.goal), ctypes.byref(made),
                               parent=(parent, self._wish))
        self._space = space

    def next(self, observation: Vector) -> np.ndarray | None:
        """The action to take; None when the goal is reached. NotFoundError: there is no plan."""
        array = self._row(observation)
        action = c.epi_tensor()
        with self._lock:
            try:
                lib.epi_planner_next(ctypes.byref(action), self._live(), array.ctypes.data)
            except DoneError:
                return None
            finally:
                self._wish.callbacks.check()
            return _copy(action.data, self._action)

    def observe(self, observation: Vector, reward: float = 0.0, terminated: bool = False) -> None:
        """What the world answered to the last action."""
        array = self._row(observation)
        with self._lock:
            lib.epi_planner_observe(self._live(), array.ctypes.data, reward, terminated)

    def _row(self, observation: Vector) -> np.ndarray:
        array = np.ascontiguousarray(observation, np.float32)
        if array.size != self._observation.size:
            raise error_of(c.EPI_EDIMENSION, "python",
                           f"observation has shape {array.shape}, expected {self._observation.shape}")
        return array

    @property
    def plan(self) -> Rollouts | None:
        """A copy of the plan being followed; None where there is none."""
        with self._lock:
            at = lib.epi_planner_plan(self._live())
            return Rollouts(at, self._observation, self._action)._copied() if at else None

    @property
    def stats(self) -> PlannerStats:
        """What it did since it was opened."""
        with self._lock:
            stats = lib.epi_planner_stats_read(self._live())
        return PlannerStats(*(getattr(stats, name) for name in PlannerStats.__dataclass_fields__))
