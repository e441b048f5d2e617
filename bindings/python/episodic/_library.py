"""_library.py - the one door to libepisodic.so: finding it, calling it, and keeping handles from being misused.

Idea: ctypes needs no compiler and lets go of the GIL while C works. Every function has its prototype from
_declarations.py; one that returns a status raises the exception of that name.

Invariant: a handle's address is held by one Pointer, which closes it when nobody holds it any more. A call passes the
Pointer itself, so closing in one thread while another one is inside a call waits for that call; and what must be closed
before its parent holds the parent's Pointer. After fork() the child has the addresses but not what is behind them:
there every call raises ForkError, and nothing is closed.
"""

import ctypes
import operator
import os
from pathlib import Path
from typing import Any, Callable

from . import _declarations as c
from .errors import ClosedError, ForkError, error_of

__version__ = "0.1.0"

NONE = c.EPI_TIME_NONE


# ---- finding the library ---------------------------------------------------------------------------------------------

def candidates() -> list[str]:
    """Where the library may be, best first: what EPISODIC_LIBRARY names (a file or a folder), beside this file (in a
    wheel), the build of the source tree that this file is in, what is installed."""
    soname = "libepisodic.so." + ".".join(__version__.split(".")[:2 if __version__.startswith("0.") else 1])
    here = Path(__file__).resolve().parent
    named = os.environ.get("EPISODIC_LIBRARY")
    if named:
        return [str(Path(named) / soname) if os.path.isdir(named) else named]
    build = here.parent.parent.parent / "build"
    nearby = [here / soname, *(build / preset / "lib" / soname for preset in ("release", "debug"))]
    return [str(path) for path in nearby if path.exists()] + [soname]


def load() -> ctypes.CDLL:
    """Loads the library and checks that it is of this package's version."""
    failures = []
    for path in candidates():
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            failures.append(str(error))
            continue
        for name, (result, parameters) in c.FUNCTIONS.items():
            function = getattr(library, name, None)
            if function is None:
                raise ImportError(f"{path} has no {name}(): it is of another version than this package, {__version__}")
            function.restype, function.argtypes = check if result is c.STATUS else result, parameters
        found = library.epi_version().decode()
        if found.split(".")[:2] != __version__.split(".")[:2]:
            raise ImportError(f"{path} is libepisodic {found}, this package is {__version__}")
        return library
    raise ImportError("libepisodic was not found; build it, install it, or name it in EPISODIC_LIBRARY\n  "
                      + "\n  ".join(failures))


def fail(status: int):
    """Raises what the library said last in this thread."""
    error = lib.epi_error_last().contents
    if error.status == status:
        raise error_of(status, error.module.decode(), error.message.decode(errors="replace"))
    raise error_of(status, "", lib.epi_status_text(status).decode())


def check(status: int) -> None:
    """Raises unless a status is EPI_OK; it is the result type of every function that returns one."""
    if status:
        fail(status)


lib = load()


# ---- handles ---------------------------------------------------------------------------------------------------------

_process = [0]  # counts the forks between the first process and this one


def _forked() -> None:
    _process[0] += 1


os.register_at_fork(after_in_child=_forked)


class Pointer:
    """An address of the library's; closed when nobody holds it, by the process that opened it."""

    __slots__ = ("_as_parameter_", "_close", "_parent", "process", "__weakref__")

    def __init__(self, address: ctypes.c_void_p, close: Callable[[int], Any], parent: Any = None):
        self._as_parameter_ = address.value
        self._close = close
        self._parent = parent
        self.process = _process[0]

    @property
    def foreign(self) -> bool:
        """Whether it came through fork()."""
        return self.process != _process[0]

    def __del__(self, _process=_process):
        if self.process == _process[0]:
            self._close(self._as_parameter_)


class Handle:
    """What has to be closed: by close(), at the end of a `with` block, or when nobody holds it any more."""

    _pointer: Pointer | None = None

    def _live(self) -> Pointer:
        """The address, for a call; refuses what was closed, and what came through fork()."""
        pointer = self._pointer
        if pointer is None:
            raise ClosedError(f"the {type(self).__name__} was closed")
        if pointer.foreign:
            raise ForkError(f"the {type(self).__name__} was opened before fork(); open it again in this process")
        return pointer

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._pointer is None

    def close(self) -> None:
        """Closes it; a call that is under way in another thread ends first. Closing twice is allowed."""
        self._pointer = None

    def __enter__(self):
        self._live()
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def __reduce__(self):
        raise TypeError(f"a {type(self).__name__} cannot be pickled; open the memory again where it is needed")


def opened(function, close, *arguments, parent=None) -> Pointer:
    """Calls a function whose first argument receives a handle."""
    address = ctypes.c_void_p()
    function(ctypes.byref(address), *arguments)
    return Pointer(address, close, parent)


# ---- arguments -------------------------------------------------------------------------------------------------------

def default(function: str, /, **members):
    """A struct as the header's inline function of that name makes it, then members that are not None set."""
    kind, values = c.DEFAULTS[function]
    struct = kind()
    for member, value in values.items():
        owner, parts = struct, member.split("__")
        for part in parts[:-1]:
            owner = getattr(owner, part)
        setattr(owner, parts[-1], value)
    for member, value in members.items():
        if value is not None:
            set_member(struct, member, value)
    return struct


def set_member(struct, member: str, value) -> None:
    """Whole numbers of any kind, also NumPy's; ctypes would cut off what does not fit."""
    if hasattr(value, "__index__"):
        value = operator.index(value)
    setattr(struct, member, value)
    if isinstance(value, int) and getattr(struct, member) not in (value, None):
        raise error_of(c.EPI_EINVAL, "python", f"{member} is {value}, which is out of range")


def text(value: str | bytes | os.PathLike | None) -> bytes | None:
    """A text as the library takes it; a NUL in it would cut it short unseen."""
    if value is None:
        return None
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise TypeError(f"a text is expected, not {value!r}")
    data = value if isinstance(value, bytes) else os.fspath(value).encode()
    if b"\0" in data:
        raise error_of(c.EPI_EUTF8, "python", f"text has a NUL at byte {data.index(0)}")
    return data


def texts(values) -> tuple[Any, int]:
    """An array of texts and its length; None for none."""
    values = [text(value) for value in values or ()]
    return ((ctypes.c_char_p * len(values))(*values) if values else None), len(values)


def string(value: bytes | None) -> str | None:
    """A text of the library's."""
    return None if value is None else value.decode(errors="replace")


def option(kind: dict[str, int], value: str, what: str) -> int:
    """The number of a named choice."""
    try:
        return kind[value]
    except KeyError:
        raise error_of(c.EPI_EINVAL, "python", f"{what} was {value!r}, expected one of {', '.join(kind)}") from None
