"""episodic - episodic memory and imagination for agents: libepisodic in Python.

>>> with Memory(folder) as memory:
...     print(memory.space("game", Schema.transitions(observation=4, action="int64")))
Space('game', transitions)
"""

try:
    import numpy  # noqa: F401
except ImportError as error:
    raise ImportError("episodic needs NumPy, which is not installed; on Debian: apt-get install python3-numpy, "
                      "elsewhere: pip install numpy") from error

from . import encoders, plot, times
from ._library import __version__
from .buffers import PrioritizedReplayBuffer, ReplayBuffer, ReplaySamples, SequenceReplayBuffer
from .encoders import Encoder
from .episode import Episode, Experience
from .errors import *  # noqa: F401,F403
from .errors import PermissionError, TimeoutError, TypeError  # noqa: F401,A004
from .errors import __all__ as _errors
from .events import ImaginedEvent, ImaginedEvents, Judgement
from .graph import Choice, Graph, GraphStats, GraphStep, Outcome, Policy, PolicyReport, Prediction, Tried
from .imagine import Goal, Join, Piece, Planner, PlannerStats, Rollout, Rollouts, Situation
from .memory import ImportReport, Memory, MemoryStats, Violation
from .projection import Projection
from .prospects import Course, ImaginedActions, Prospect
from .recall import (EpisodeInfo, Evidence, Facts, Hit, KnownFact, Moment, Part, RecalledStep, RecallProfile,
                     Recollection, Scene, Timeline)
from .replay import Batch, Prefetch, Replay, ReplayStats, sequence_priorities
from .schema import Role, Schema
from .space import Space, SpaceStats, TransitionStats, UpkeepReport
from .steps import Fact, Filter, Step
from .times import Interval, TimeMention
from .transitions import Recorder

__all__ = [
    "Batch", "Choice", "Course", "Encoder", "Episode", "EpisodeInfo", "Evidence", "Experience", "Fact", "Facts",
    "Filter", "Goal", "Graph", "GraphStats", "GraphStep", "Hit", "ImaginedActions", "ImaginedEvent",
    "ImaginedEvents", "ImportReport", "Interval", "Join", "Judgement", "KnownFact", "Memory", "MemoryStats",
    "Moment", "Outcome", "Part", "Piece", "Planner", "PlannerStats", "Policy", "PolicyReport", "Prediction",
    "Prefetch", "PrioritizedReplayBuffer", "Projection", "Prospect", "RecallProfile", "RecalledStep",
    "Recollection", "Recorder", "Replay", "ReplayBuffer", "ReplaySamples", "ReplayStats", "Role", "Rollout",
    "Rollouts", "Scene", "Schema", "SequenceReplayBuffer", "Situation", "Space", "SpaceStats", "Step",
    "TimeMention", "Timeline", "TransitionStats", "Tried", "UpkeepReport", "Violation", "__version__", "encoders",
    "plot", "sequence_priorities", "times", *_errors]
