"""encoders.py - what turns texts into vectors: those built in, a server's, one the space learns, or your own.

An Encoder is given to a space once, by Space.set_encoder() (for all processes) or Space.give_encoder() (to this one),
and is the space's from then on.

>>> with Memory(folder) as memory:
...     home = memory.space("home", "conversation")
...     home.set_encoder(encoders.own("letters", 26, lambda texts: [[text.lower().count(chr(97 + i))
...                                                                  for i in range(26)] for text in texts]))
...     home.encoders().serving.name
'letters'
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import Any, Callable, Sequence

import numpy as np

from . import _declarations as c
from ._library import default, lib, string, text
from .errors import EpisodicError, error_of
from .steps import raw

_KINDS = dict(c.epi_encoder._fields_)
_given: list[Any] = []  # functions of encoders that C may call until the process ends


class Encoder:
    """An encoder that no space has yet; close() it, or give it to one."""

    def __init__(self, struct: c.epi_encoder):
        self._struct = struct

    @property
    def name(self) -> str:
        return string(self._struct.name)

    @property
    def dimension(self) -> int:
        return self._struct.dimension

    def _taken(self) -> c.epi_encoder:
        """The table, for a space to take over."""
        if self._struct is None:
            raise error_of(c.EPI_ECLOSED, "python", "the encoder was given to a space already, or closed")
        return self._struct

    def _gone(self) -> None:
        """The space has it now."""
        self._struct = None

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts, a row each; zeros where a text has none."""
        struct = self._taken()
        vectors = np.zeros((len(texts), struct.dimension), np.float32)
        data = [said.encode() for said in texts]
        given = (c.epi_encoder_text * len(data))(*((raw(it), len(it)) for it in data))
        size = struct.batch_max or c.EPI_ENCODER_BATCH_DEFAULT
        for at in range(0, len(data), size):
            count = min(size, len(data) - at)
            part = ctypes.cast(ctypes.addressof(given) + at * ctypes.sizeof(c.epi_encoder_text),
                               ctypes.POINTER(c.epi_encoder_text))
            status = struct.encode(struct.context, vectors[at:].ctypes.data, part, count)
            if status:
                error = lib.epi_error_last().contents
                raise error_of(status, string(error.module), string(error.message))
        return vectors

    def close(self) -> None:
        """Closes it, unless a space has it."""
        if self._struct is not None:
            lib.epi_encoder_close(ctypes.byref(self._struct))
            self._struct = None

    def __repr__(self) -> str:
        return "Encoder(given or closed)" if self._struct is None else f"Encoder({self.name!r}, {self.dimension})"


def _made(make: Callable, *arguments: Any) -> Encoder:
    struct = c.epi_encoder()
    make(ctypes.byref(struct), *arguments)
    return Encoder(struct)


def hash(dimension: int = 0) -> Encoder:
    """Hashed words and character trigrams: built in, offline; it finds what is spelt alike.

    >>> encoders.hash(64).encode(["sparrow"]).shape
    (1, 64)
    """
    return _made(lib.epi_encoder_hash, dimension)


def static(directory: str | os.PathLike) -> Encoder:
    """Static token embeddings in the form of Model2Vec or of sentence-transformers' StaticEmbedding."""
    return _made(lib.epi_encoder_static, text(directory))


def lsa(dimension: int = 0) -> Encoder:
    """Latent semantic analysis, which the space learns from its own steps; for set_encoder() only."""
    return _made(lib.epi_encoder_lsa, dimension)


def remote(url: str, model: str, dimension: int, **options: Any) -> Encoder:
    """A server with OpenAI's /v1/embeddings; all other options as epi_remote_options."""
    values = {name: text(value) if isinstance(value, (str, os.PathLike)) else value for name, value in options.items()}
    return _made(lib.epi_encoder_remote,
                 ctypes.byref(default("remote_options_default", url=text(url), model=text(model), dimension=dimension,
                                      **values)))


def own(name: str, dimension: int, encode: Callable[[list[str]], Any], parameters: str | None = None,
        batch_max: int = 0) -> Encoder:
    """An encoder of yours. encode: called with a list of texts, returns a row of `dimension` numbers for each, zeros
    where a text has no vector; by several threads, and may not call the library on the same memory. What it raises is
    told, and the texts wait. name and parameters say what its vectors are: those of two may not be compared."""

    def call(_context, vectors, texts, count):
        try:
            said = [ctypes.string_at(texts[place].data, texts[place].size).decode() for place in range(count)]
            rows = np.ascontiguousarray(encode(said), np.float32)
            if rows.shape != (count, dimension):
                raise ValueError(f"the encoder made an array of shape {rows.shape}, expected {(count, dimension)}")
            ctypes.memmove(vectors, rows.ctypes.data, rows.nbytes)
            return c.EPI_OK
        except Exception as error:  # no exception crosses C: it becomes the error line
            return failed(error)

    struct = default("encoder_default", name=text(name), parameters=text(parameters), dimension=dimension,
                     batch_max=batch_max)
    struct.encode = _KINDS["encode"](call)
    _given.append(struct.encode)
    return Encoder(struct)


def failed(error: Exception) -> int:
    """Leaves an exception's text as the library's error line; returns its status."""
    status = error.status if isinstance(error, EpisodicError) and error.status else c.EPI_EIO
    try:
        lib.epi_encoder_fail(status, f"{type(error).__name__}: {error}".encode().replace(b"\0", b" "))
    except EpisodicError:  # the call returns the very status
        pass
    return status


@dataclass(frozen=True)
class EncoderInfo:
    """An encoder of a space: how many vectors it has, how many steps are left and were refused, whether this process
    has it, and what is wrong with it here though it works ("": nothing)."""

    name: str
    generation: int
    dimension: int
    vectors: int
    left: int
    refused: int
    ready: bool
    note: str

    @classmethod
    def _of(cls, info: c.epi_encoder_info) -> EncoderInfo:
        return cls(string(info.name), info.generation, info.dimension, info.vectors, info.left, info.refused,
                   info.ready, string(info.note))


@dataclass(frozen=True)
class Encoders:
    """The encoder that serves, and the one that is to serve next; None where there is none."""

    serving: EncoderInfo | None
    building: EncoderInfo | None


@dataclass(frozen=True)
class EncoderComparison:
    """How alike two encoders see the same steps; see epi_encoder_comparison. similarity: Spearman's correlation of the
    dissimilarities of all pairs of steps. alignment: linear centred kernel alignment, beside what chance has."""

    first: str
    second: str
    first_dimension: int
    second_dimension: int
    steps: int
    similarity: float
    alignment: float
    alignment_by_chance: float

    @classmethod
    def _of(cls, it: c.epi_encoder_comparison) -> EncoderComparison:
        return cls(string(it.first), string(it.second), it.first_dimension, it.second_dimension, it.steps,
                   it.similarity, it.alignment, it.alignment_by_chance)
