"""projection.py - vectors of observations: fewer numbers that keep who is near to whom.

>>> rows = np.random.default_rng(1).normal(size=(200, 3)) @ np.random.default_rng(2).normal(size=(3, 12))
>>> with Projection.learn(rows, dimension=3) as projection:
...     projection.apply(rows).shape, round(projection.kept, 3)
((200, 3), 1.0)
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from . import _declarations as c
from ._library import Handle, Pointer, default, lib, opened, option
from .errors import error_of
from .transitions import address

KINDS = {"learned": c.EPI_PROJECTION_LEARNED, "random": c.EPI_PROJECTION_RANDOM,
         "identity": c.EPI_PROJECTION_IDENTITY}


class Projection(Handle):
    """A linear map of observations: subtracts the mean, scales, projects. Projection(bytes) opens what to_bytes() gave;
    vectors of two projections may never stand in one space."""

    def __init__(self, data: bytes | Pointer):
        self._pointer = data if isinstance(data, Pointer) else opened(
            lib.epi_projection_open, lib.epi_projection_free, data, len(data))

    @classmethod
    def learn(cls, rows: Any, kind: str = "learned", dimension: int = 0, scale: bool = True, rounds: int = 0,
              seed: int = 1) -> Projection:
        """Learns a projection from observations, count x size. kind: "learned", "random" or "identity"."""
        array = np.ascontiguousarray(rows, np.float32)
        if array.ndim != 2:
            raise error_of(c.EPI_EDIMENSION, "python", f"rows have shape {array.shape}, expected (count, size)")
        options = default("projection_options_default", kind=option(KINDS, kind, "kind"), dimension=dimension,
                          scale=scale, rounds=rounds, seed=seed)
        return cls(opened(lib.epi_projection_learn, lib.epi_projection_free, address(array), *array.shape,
                          ctypes.byref(options)))

    def apply(self, rows: Any) -> np.ndarray:
        """Projects observations, count x size or one alone."""
        array = np.ascontiguousarray(rows, np.float32)
        if array.ndim not in (1, 2) or array.shape[-1] != self.size:
            raise error_of(c.EPI_EDIMENSION, "python", f"rows have shape {array.shape}, expected (count, {self.size})")
        out = np.zeros((*array.shape[:-1], self.dimension), np.float32)
        lib.epi_projection_apply(address(out), self._live(), address(array), array.size // self.size)
        return out

    def to_bytes(self) -> bytes:
        """The projection as bytes, the same on every machine."""
        size = ctypes.c_size_t()
        at = lib.epi_projection_bytes(self._live(), ctypes.byref(size))
        return ctypes.string_at(at, size.value)

    @property
    def size(self) -> int:
        """Elements of an observation."""
        return lib.epi_projection_size(self._live())

    @property
    def dimension(self) -> int:
        """Elements of what it makes."""
        return lib.epi_projection_dimension(self._live())

    @property
    def kept(self) -> float:
        """Share of the sample's variance that it keeps, after scaling."""
        return lib.epi_projection_kept(self._live())
