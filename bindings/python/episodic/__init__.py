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

from ._library import __version__
from .buffers import PrioritizedReplayBuffer, ReplayBuffer, ReplaySamples, SequenceReplayBuffer
from .errors import *  # noqa: F401,F403
from .errors import __all__ as _errors
from .memory import Memory, MemoryStats, Violation
from .replay import Batch, Prefetch, Replay, ReplayStats, sequence_priorities
from .schema import Role, Schema
from .space import Space, TransitionStats
from .transitions import Recorder

__all__ = ["Batch", "Memory", "MemoryStats", "Prefetch", "PrioritizedReplayBuffer", "Recorder", "Replay",
           "ReplayBuffer", "ReplaySamples", "ReplayStats", "Role", "Schema", "SequenceReplayBuffer", "Space",
           "TransitionStats", "Violation", "__version__", "sequence_priorities", *_errors]
