"""graph.py - the memory graph: recorded steps merged into states, what actions led to, and policies from it.

Where the same action in the same state was seen to lead to different places, it is one action with a distribution of
outcomes: luck is not a choice.

>>> graph = Graph(observation=1, action="int32")
>>> for place in range(3):
...     _ = graph.observe([place], 0, reward=place == 2, next_observation=[place + 1], terminated=place == 2)
>>> graph
<graph of 4 states, 3 tried pairs, 3 steps>
>>> with graph.policy(discount=.5) as policy:
...     [round(policy.value(state), 4) for state in range(3)]
[0.25, 0.5, 1.0]
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import _declarations as c
from ._library import Handle, Pointer, default, lib, opened, option
from .errors import error_of
from .schema import Role
from .steps import Vector
from .transitions import address

if TYPE_CHECKING:
    from .space import Space

RANKINGS = {"mean": c.EPI_RANK_MEAN, "lower": c.EPI_RANK_LOWER, "maximum": c.EPI_RANK_MAXIMUM}
NO_STATE = c.EPI_NO_STATE


class GraphStep(NamedTuple):
    """A step in the graph's own terms; next is None where it is not known, source 0 where it was not stored."""

    state: int
    action: int
    next: int | None
    terminated: bool
    reward: float
    age: int
    source: int


class GraphStats(NamedTuple):
    """What a graph holds; see epi_graph_stats."""

    states: int
    visited: int
    actions: int
    pairs: int
    outcomes: int
    repeated: int
    stochastic: int
    steps: int
    unfinished: int


class Tried(NamedTuple):
    """What is known of an action in a state; see epi_graph_tried."""

    state: int
    action: int
    count: int
    episodes: int
    outcome_count: int
    deterministic: bool
    reward_mean: float
    reward_deviation: float
    terminated: float
    age: int


class Outcome(NamedTuple):
    """One thing that an action in a state led to; see epi_graph_outcome."""

    state: int
    action: int
    next: int | None
    terminated: bool
    count: int
    episodes: int
    reward_mean: float
    reward_deviation: float
    age: int


class Choice(NamedTuple):
    """An action in a state, what it is ranked by, and what is expected of it."""

    state: int
    action: int
    action_value: np.ndarray
    value: float
    mean: float
    count: int
    episodes: int
    deterministic: bool


class PolicyReport(NamedTuple):
    """What a policy did to its values; see epi_policy_report."""

    backups: int
    changed: int
    settled: bool
    residual: float


@dataclass(frozen=True)
class Prediction:
    """What is to be expected when a policy is followed; see epi_prediction."""

    state: int
    return_mean: float
    return_low: float
    return_deviation: float
    terminated: float
    unknown: float


def _tuple(kind: type, struct: Any) -> Any:
    """A named tuple of a struct's members; no state is None."""
    values = {name: getattr(struct, name) for name in kind._fields}
    if values.get("next") == NO_STATE:
        values["next"] = None
    return kind(**values)


class Graph(Handle):
    """A memory graph: of a space (Space.graph()), or an empty one that observe() fills. Calls take turns."""

    def __init__(self, observation: Any, action: Any, radius: float = 0.0, state_count_max: int = 0, seed: int = 0):
        self._observation, self._action = Role.tensor("observation", observation), Role.tensor("action", action)
        size = self._action.size * np.dtype(self._action.dtype).itemsize
        self._open(None, lib.epi_graph_create, self._observation.size, size, radius, state_count_max, seed)

    def _open(self, parent: Any, function: Any, *arguments: Any) -> None:
        *first, radius, state_count_max, seed = arguments
        options = default("graph_options_default", radius=radius, state_count_max=state_count_max, seed=seed)
        self._lock = threading.RLock()
        self._pointer = opened(function, lib.epi_graph_close, *first, ctypes.byref(options), parent=parent)

    @classmethod
    def of_space(cls, space: Space, radius: float = 0.0, state_count_max: int = 0, seed: int = 0) -> Graph:
        """The graph of what a space holds now."""
        graph = cls.__new__(cls)
        graph._space, live = space, space._live()
        graph._observation, graph._action = space.schema.role("observation"), space.schema.role("action")
        graph._open(live, lib.epi_graph_open, live, radius, state_count_max, seed)
        return graph

    # ---- filling ----

    def refresh(self) -> bool:
        """Catches up with the space; True: it was rebuilt, and numbers of states and actions are others."""
        rebuilt = ctypes.c_bool()
        with self._lock:
            lib.epi_graph_refresh(ctypes.byref(rebuilt), self._live())
        return rebuilt.value

    def observe(self, observation: Vector, action: Any, reward: float = 0.0, next_observation: Vector | None = None,
                terminated: bool = False, truncated: bool = False) -> GraphStep:
        """Adds a step to a graph without a space."""
        before, taken = self._floats(observation), self._bytes(action)
        after = None if next_observation is None else self._floats(next_observation)
        transition = default("transition_default", observation=address(before), action=address(taken), reward=reward,
                             next_observation=None if after is None else address(after),
                             flags=terminated * c.EPI_STEP_TERMINATED | truncated * c.EPI_STEP_TRUNCATED)
        return self._step(lib.epi_graph_observe, ctypes.byref(transition))

    def _floats(self, observation: Vector) -> np.ndarray:
        array = np.ascontiguousarray(observation, np.float32)
        if array.size != self._observation.size:
            raise error_of(c.EPI_EDIMENSION, "python",
                           f"observation has shape {array.shape}, expected {self._observation.shape}")
        return array

    def _bytes(self, action: Any) -> np.ndarray:
        array = np.ascontiguousarray(action, self._action.dtype)
        if array.size != self._action.size:
            raise error_of(c.EPI_EDIMENSION, "python", f"action has shape {array.shape}, expected {self._action.shape}")
        return array

    def _step(self, function: Any, *arguments: Any) -> GraphStep:
        step = c.epi_graph_step()
        with self._lock:
            function(ctypes.byref(step), self._live(), *arguments)
        return _tuple(GraphStep, step)

    # ---- reading ----

    @property
    def stats(self) -> GraphStats:
        """What the graph holds."""
        stats = c.epi_graph_stats()
        with self._lock:
            lib.epi_graph_stats_read(ctypes.byref(stats), self._live())
        return _tuple(GraphStats, stats)

    def find_state(self, observation: Vector) -> int:
        """The state that an observation is of."""
        return self._find(lib.epi_graph_find_state, address(array := self._floats(observation)), array)

    def find_action(self, action: Any) -> int:
        """The number of an action."""
        return self._find(lib.epi_graph_find_action, address(array := self._bytes(action)), array)

    def _find(self, function: Any, at: int, _kept: np.ndarray) -> int:
        number = ctypes.c_uint32()
        with self._lock:
            function(ctypes.byref(number), self._live(), at)
        return number.value

    def observation(self, state: int) -> np.ndarray:
        """The first observation of a state."""
        with self._lock:
            return self._value(lib.epi_graph_observation(self._live(), state), self._observation, "float32", state)

    def action(self, number: int) -> np.ndarray:
        """An action by its number."""
        with self._lock:
            return self._value(lib.epi_graph_action(self._live(), number), self._action, self._action.dtype, number)

    @staticmethod
    def _value(at: int | None, role: Role, dtype: str, number: int) -> np.ndarray:
        if at is None:
            raise error_of(c.EPI_ENOTFOUND, "python", f"the graph has no {role.name} {number}")
        data = ctypes.string_at(at, role.size * np.dtype(dtype).itemsize)
        return np.frombuffer(data, dtype).reshape(role.shape)

    def tried(self, state: int, action: int | None = None) -> list[Tried]:
        """What is known of the actions that were tried in a state; of one by its number."""
        with self._lock:
            live = self._live()
            if action is not None:
                return [self._read(c.epi_graph_tried, Tried, lib.epi_graph_tried_find, live, state, action)]
            return [self._read(c.epi_graph_tried, Tried, lib.epi_graph_tried_at, live, state, index)
                    for index in range(lib.epi_graph_tried_count(live, state))]

    def outcomes(self, state: int, action: int) -> list[Outcome]:
        """What an action in a state led to."""
        with self._lock:
            count = self.tried(state, action)[0].outcome_count
            return [self._read(c.epi_graph_outcome, Outcome, lib.epi_graph_outcome_at, self._live(), state, action,
                               index) for index in range(count)]

    def causes(self, state: int) -> list[Outcome]:
        """Backwards: the outcomes that led to a state."""
        with self._lock:
            live = self._live()
            return [self._read(c.epi_graph_outcome, Outcome, lib.epi_graph_cause_at, live, state, index)
                    for index in range(lib.epi_graph_cause_count(live, state))]

    @staticmethod
    def _read(struct: type, kind: type, function: Any, *arguments: Any) -> Any:
        it = struct()
        function(ctypes.byref(it), *arguments)
        return _tuple(kind, it)

    def sources(self, state: int, action: int) -> np.ndarray:
        """The stored steps behind an action in a state, oldest first; 0 for those that were observed."""
        count = ctypes.c_size_t()
        with self._lock:
            lib.epi_graph_sources(None, ctypes.byref(count), self._live(), state, action)
            ids = np.zeros(count.value, np.uint64)
            lib.epi_graph_sources(address(ids), ctypes.byref(count), self._live(), state, action)
        return ids

    # ---- imagining steps ----

    def sample_state(self) -> int:
        """Draws a state in which an action was taken."""
        number = ctypes.c_uint32()
        with self._lock:
            lib.epi_graph_sample_state(ctypes.byref(number), self._live())
        return number.value

    def sample(self, newest: int = 0) -> GraphStep:
        """Imagines a step: a state, an action tried there, one of its (newest) times."""
        return self._step(lib.epi_graph_sample, newest)

    def sample_action(self, state: int, action: int, newest: int = 0) -> GraphStep:
        """The same for a given state and action."""
        return self._step(lib.epi_graph_sample_action, state, action, newest)

    def policy(self, ranking: str = "lower", **options: Any) -> Policy:
        """A policy of what the graph holds now; options are those of epi_policy_options: risk, discount, horizon,
        unknown_value, tolerance, backup_count_max, time_limit_ms."""
        return Policy(self, ranking, **options)

    def __repr__(self) -> str:
        if self.closed:
            return "<graph, closed>"
        stats = self.stats
        return f"<graph of {stats.states} states, {stats.pairs} tried pairs, {stats.steps} steps>"


class Policy(Handle):
    """A policy over a graph: the next action for each state reached, by values from prioritized sweeping.

    ranking: "mean"; "lower": a lower bound, so that what was seldom tried must have been better; "maximum".
    """

    def __init__(self, graph: Graph, ranking: str = "lower", **options: Any):
        self._graph, self._lock, self.report = graph, graph._lock, None
        made = default("policy_options_default", ranking=option(RANKINGS, ranking, "ranking"), **options)
        report, address_of = c.epi_policy_report(), ctypes.c_void_p()
        with self._lock:
            parent = graph._live()
            lib.epi_policy_open(ctypes.byref(report), ctypes.byref(address_of), parent, ctypes.byref(made))
            self._pointer = Pointer(address_of, lib.epi_policy_close, parent)
        self.report = _tuple(PolicyReport, report)

    def update(self, backup_count_max: int = 0) -> PolicyReport:
        """Takes in what the graph has gained since."""
        report = c.epi_policy_report()
        with self._lock:
            lib.epi_policy_update(ctypes.byref(report), self._live(), backup_count_max)
        self.report = _tuple(PolicyReport, report)
        return self.report

    def next(self, observation: Vector, steps_left: int = 0) -> Choice:
        """The next action for an observation; steps_left of the horizon, where there is one."""
        array, choice = self._graph._floats(observation), c.epi_policy_choice()
        with self._lock:
            lib.epi_policy_next(ctypes.byref(choice), self._live(), address(array), max(steps_left, 1))
            return self._choice(choice)

    def rank(self, state: int, steps_left: int = 0) -> list[Choice]:
        """All actions that were tried in a state, best first."""
        count = ctypes.c_size_t()
        with self._lock:
            lib.epi_policy_rank(None, ctypes.byref(count), self._live(), state, max(steps_left, 1))
            choices = (c.epi_policy_choice * max(count.value, 1))()
            lib.epi_policy_rank(choices, ctypes.byref(count), self._live(), state, max(steps_left, 1))
            return [self._choice(choice) for choice in choices[:count.value]]

    def _choice(self, choice: c.epi_policy_choice) -> Choice:
        role = self._graph._action
        value = self._graph._value(choice.action_value, role, role.dtype, choice.action)
        return Choice(choice.state, choice.action, value, choice.value, choice.mean, choice.count, choice.episodes,
                      choice.deterministic)

    def value(self, state: int, steps_left: int = 0) -> float:
        """The value of a state."""
        with self._lock:
            return lib.epi_policy_value(self._live(), state, max(steps_left, 1))

    def predict(self, observation: Vector, horizon: int = 0) -> Prediction:
        """What is to be expected from an observation when the policy is followed."""
        array, prediction = self._graph._floats(observation), c.epi_prediction()
        with self._lock:
            lib.epi_policy_predict(ctypes.byref(prediction), self._live(), address(array), horizon)
        return Prediction(*(getattr(prediction, name) for name in Prediction.__dataclass_fields__))

    def __repr__(self) -> str:
        return f"<policy, {'closed' if self.closed else f'{self.report.backups} backups'}>"
