"""extract.py - facts that a function of yours reads out of steps while they are stored."""

from __future__ import annotations

import ctypes
from typing import Any, Callable, Iterable

from . import _declarations as c
from ._library import default, lib, string
from .encoders import failed
from .schema import TYPES, Schema
from .steps import Fact, decode

_given: list[Any] = []  # functions that C may call until the process ends


def extractor_of(schema: Schema, extract: Callable[[dict[str, Any]], Iterable[Fact]]) -> c.epi_extractor:
    """The table of an extractor that is called with a step's values by role and returns facts."""

    def call(_context, found, step):
        try:
            for fact in extract(_values(schema, step.contents)):
                lib.epi_extraction_add(found, ctypes.byref(fact._struct()))
            return c.EPI_OK
        except Exception as error:  # no exception crosses C: it is logged, and the step is stored without its facts
            return failed(error)

    struct = default("extractor_default")
    struct.extract = dict(c.epi_extractor._fields_)["extract"](call)
    _given.append(struct.extract)
    return struct


def _values(schema: Schema, step: c.epi_step) -> dict[str, Any]:
    """The values of a step that is being stored."""
    values = {}
    for part in step.parts[:step.part_count]:
        role = schema.role(string(part.role))
        values[role.name] = decode(TYPES[role.type], role, ctypes.string_at(part.data, part.size))
    return values
