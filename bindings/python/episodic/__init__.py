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

from . import encoders, times
from ._library import __version__
from .buffers import PrioritizedReplayBuffer, ReplayBuffer, ReplaySamples, SequenceReplayBuffer
from .encoders import Encoder
from .episode import Episode
from .errors import *  # noqa: F401,F403
from .errors import __all__ as _errors
from .memory import ImportReport, Memory, MemoryStats, Violation
from .recall import (EpisodeInfo, Evidence, Facts, Hit, KnownFact, Moment, Part, RecalledStep, RecallProfile,
                     Recollection, Scene, Timeline)
from .replay import Batch, Prefetch, Replay, ReplayStats, sequence_priorities
from .schema import Role, Schema
from .space import Space, SpaceStats, TransitionStats, UpkeepReport
from .steps import Fact, Filter, Step
from .times import Interval, TimeMention
from .transitions import Recorder

__all__ = ["Batch", "Encoder", "Episode", "EpisodeInfo", "Evidence", "Fact", "Facts", "Filter", "Hit", "ImportReport",
           "Interval", "KnownFact", "Memory", "MemoryStats", "Moment", "Part", "Prefetch", "PrioritizedReplayBuffer",
           "RecallProfile", "RecalledStep", "Recollection", "Recorder", "Replay", "ReplayBuffer", "ReplaySamples",
           "ReplayStats", "Role", "Scene", "Schema", "SequenceReplayBuffer", "Space", "SpaceStats", "Step",
           "TimeMention", "Timeline", "TransitionStats", "UpkeepReport", "Violation", "__version__", "encoders",
           "sequence_priorities", "times", *_errors]
