"""memory.py - a memory is a directory: opening and closing it, what it holds, whether it is sound."""

from __future__ import annotations

import atexit
import ctypes
import os
import weakref
from typing import Any, Callable, NamedTuple

from . import _declarations as c
from ._library import Handle, default, lib, opened, option, string, text
from .errors import error_of
from .schema import Schema
from .space import Space

SYNC = {"each": c.EPI_SYNC_EACH_COMMIT, "grouped": c.EPI_SYNC_GROUPED, "manual": c.EPI_SYNC_MANUAL}


class MemoryStats(NamedTuple):
    """What a memory holds; see epi_memory_stats."""

    spaces: int
    map_size: int
    used_size: int
    file_size: int
    quota: int
    entries: int
    readers: int
    readers_max: int
    format: int


class ImportReport(NamedTuple):
    """What was imported; see epi_import_report."""

    format: str
    spaces: int
    episodes: int
    steps: int
    present: int
    skipped: int
    unread: int
    unread: int


class Violation(NamedTuple):
    """One thing that check() found wrong."""

    space: str
    table: str
    key: str
    reason: str


class Memory(Handle):
    """An open memory: a directory, opened by many threads and processes.

    sync: when an appended step is durable. "each": when the call returns; "grouped": in groups of group_size bytes or
    group_ms; "manual": at sync(), and at close(). log: called with a line about what was repaired. All others as
    epi_memory_options. It may not be used after fork(): the child opens it again.

    >>> with Memory(folder) as memory:
    ...     home = memory.space("home", "conversation")
    ...     _ = home.remember("user", "We moved to Lisbon last Friday.")
    ...     home.recall("where did we move?").hits[0].text
    'We moved to Lisbon last Friday.'
    """

    def __init__(self, path: str | os.PathLike, *, sync: str = "each", create: bool = True, read_only: bool = False,
                 group_size: int = 0, group_ms: int = 0, map_size: int = 0, quota: int = 0, readers_max: int = 0,
                 now: Callable[[], int] | None = None, log: Callable[[str], Any] | None = None):
        self.path = os.fspath(path)
        options = default("memory_options_default", sync=option(SYNC, sync, "sync"), create=create,
                          read_only=read_only, group_size=group_size, group_ms=group_ms, map_size=map_size, quota=quota,
                          readers_max=readers_max)
        kinds = dict(c.epi_memory_options._fields_)
        callbacks = []  # live as long as the handle
        if now:
            callbacks.append(kinds["now"](lambda _context: now()))
            options.now = callbacks[-1]
        if log:
            callbacks.append(kinds["log"](lambda _context, line: log(string(line))))
            options.log = callbacks[-1]
        self._pointer = opened(lib.epi_memory_open, lib.epi_memory_close, text(self.path), ctypes.byref(options),
                               parent=callbacks)
        self._read_only = read_only
        _open.add(self)

    def space(self, name: str, schema: Schema | str | None = None) -> Space:
        """Opens a space, making it when there is none and a schema (or the name of a preset) is given."""
        return Space(self, name, schema)

    def spaces(self) -> list[str]:
        """The names of the spaces, in the order of their bytes."""
        names: list[str] = []
        visit = _VISIT(lambda _context, name: names.append(string(name)) is None)
        lib.epi_space_list(self._live(), visit, None)
        return names

    def drop(self, name: str) -> None:
        """Drops a space with all that belongs to it. Final."""
        lib.epi_space_drop(self._live(), text(name))

    def sync(self) -> int:
        """Makes everything appended through this handle durable; returns the number of changes ever made so."""
        sequence = ctypes.c_uint64()
        lib.epi_sync(ctypes.byref(sequence), self._live())
        return sequence.value

    def close(self) -> None:
        """Commits what is pending, and raises when that fails; it is closed in either case."""
        pointer, self._pointer = self._pointer, None
        _open.discard(self)
        if pointer is not None and not self._read_only and not pointer.foreign:
            lib.epi_sync(None, pointer)

    def stats(self) -> MemoryStats:
        """What the memory holds now."""
        stats = c.epi_memory_stats()
        lib.epi_memory_stats_read(ctypes.byref(stats), self._live())
        return MemoryStats(*(getattr(stats, field) for field in MemoryStats._fields))

    def check(self) -> list[Violation]:
        """Walks every record of every space; an empty list is a sound memory."""
        found: list[Violation] = []

        def keep(_context, violation):
            it = violation.contents
            found.append(Violation(*(string(getattr(it, field)) for field in Violation._fields)))
            return True

        lib.epi_memory_check(None, self._live(), _FOUND(keep), None)
        return found

    def import_text(self, content: str | bytes, space: str | None = None, format: str = "auto",
                    source: str | None = None, progress: Callable[[int, int], bool] | None = None) -> ImportReport:
        """Imports the content of a file: "jsonl", "locomo", "openai", "chatgpt", "mcp", "mem0", "agent", or "auto" to
        tell by the text. Again with the same content, it adds only what is missing.

        space: to fill. source: what the file is called. progress(done, total): returning False stops.
        """
        number = lib.epi_format_from_name(text(format))
        if number == c.EPI_FORMAT_AUTO and format != "auto":
            raise error_of(c.EPI_EINVAL, "python", f"there is no format {format!r}")
        data = content if isinstance(content, bytes) else content.encode()
        options = default("import_options_default", format=number, space=text(space), source=text(source))
        if progress:
            kind = dict(c.epi_import_options._fields_)["progress"]
            options.progress = kind(lambda _context, done, total: progress(done, total) is not False)
        report = c.epi_import_report()
        lib.epi_import(ctypes.byref(report), self._live(), data, len(data), ctypes.byref(options))
        counts = (getattr(report, field) for field in ImportReport._fields[1:])
        return ImportReport(string(lib.epi_format_name(report.format)), *counts)

    def compact(self) -> None:
        """Rewrites the store without its free pages and without a byte of what was removed."""
        lib.epi_memory_compact(self._live())

    def __repr__(self) -> str:
        return f"Memory({self.path!r}{', closed' if self.closed else ''})"


_VISIT = c.FUNCTIONS["epi_space_list"][1][1]
_FOUND = c.FUNCTIONS["epi_memory_check"][1][2]
_open: weakref.WeakSet[Memory] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """A program that ends without closing its memories loses nothing."""
    for memory in list(_open):
        memory.close()
