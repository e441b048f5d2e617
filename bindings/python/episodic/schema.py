"""schema.py - roles and schemas, and how their types are called in NumPy.

>>> Schema.transitions(observation=(84,), action=("int64", ())).roles[0]
Role(name='observation', type='tensor', search=False, keyword=False, vector=False, required=True, weight=1.0, \
dtype='float32', shape=(84,))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _declarations as c
from ._library import default, lib, option, string, text
from .errors import error_of

TYPES = {"text": c.EPI_TEXT, "blob": c.EPI_BLOB, "json": c.EPI_JSON, "tensor": c.EPI_TENSOR}
ENCODERS = {"none": c.EPI_ENCODER_NONE, "hash": c.EPI_ENCODER_HASH, "given": c.EPI_ENCODER_GIVEN}
METRICS = {"cosine": c.EPI_COSINE, "l2": c.EPI_L2}
DTYPES = {"float32": c.EPI_F32, "float64": c.EPI_F64, "int8": c.EPI_I8, "int16": c.EPI_I16, "int32": c.EPI_I32,
          "int64": c.EPI_I64, "uint8": c.EPI_U8, "uint16": c.EPI_U16, "uint32": c.EPI_U32, "uint64": c.EPI_U64,
          "bool": c.EPI_BOOL}
PRESETS = {"conversation": lib.epi_schema_conversation, "trajectory": lib.epi_schema_trajectory,
           "events": lib.epi_schema_events}


def name_of(kinds: dict[str, int], number: int) -> str:
    """The name of a number."""
    return next((name for name, value in kinds.items() if value == number), "")


def dtype_of(dtype: Any) -> int:
    """The library's number of a NumPy dtype."""
    name = np.dtype(dtype).name
    if name not in DTYPES:
        raise error_of(c.EPI_ETYPE, "python", f"there are no columns of {name}; there are {', '.join(DTYPES)}")
    return DTYPES[name]


def tensor_of(given: Any, dtype: str = "float32") -> tuple[str, tuple[int, ...]]:
    """Dtype and shape of a tensor: of a number of elements, a shape, a dtype, (dtype, shape), or whatever has .dtype
    and .shape (an array, a Gymnasium space).

    >>> tensor_of(4), tensor_of((2, 3)), tensor_of("int64"), tensor_of(("int8", (2,))), tensor_of(np.zeros(3))
    (('float32', (4,)), ('float32', (2, 3)), ('int64', ()), ('int8', (2,)), ('float64', (3,)))
    """
    if hasattr(given, "spaces"):
        raise error_of(c.EPI_EUNSUPPORTED, "python", "spaces of several parts have to be flattened into one array")
    if getattr(given, "shape", None) is not None and getattr(given, "dtype", None) is not None:
        return np.dtype(given.dtype).name, tuple(int(axis) for axis in given.shape)
    if isinstance(given, (int, np.integer)):
        return dtype, (int(given),)
    if isinstance(given, tuple) and not all(isinstance(axis, (int, np.integer)) for axis in given):
        shape = given[1]
        return np.dtype(given[0]).name, (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(shape)
    if isinstance(given, tuple):
        return dtype, tuple(int(axis) for axis in given)
    return np.dtype(given).name, ()


@dataclass(frozen=True)
class Role:
    """A role that a step may have: of type "text", "json", "blob", or "tensor" with a dtype and a shape.

    search: its words are found. keyword: matched as a whole. vector: it is the step's key vector. required: a step
    without it is refused. weight: of its words in ranking.
    """

    name: str
    type: str = "text"
    search: bool = False
    keyword: bool = False
    vector: bool = False
    required: bool = False
    weight: float = 1.0
    dtype: str | None = None
    shape: tuple[int, ...] = ()

    @classmethod
    def tensor(cls, name: str, of: Any, required: bool = False) -> Role:
        """A role that holds an array; `of` as tensor_of() takes it."""
        dtype, shape = tensor_of(of)
        return cls(name, "tensor", required=required, dtype=dtype, shape=shape)

    @property
    def size(self) -> int:
        """Elements of a tensor."""
        return int(np.prod(self.shape, dtype=np.int64))

    def _struct(self) -> c.epi_role:
        flags = (self.search * c.EPI_ROLE_SEARCH | self.keyword * c.EPI_ROLE_KEYWORD | self.vector * c.EPI_ROLE_VECTOR
                 | self.required * c.EPI_ROLE_REQUIRED)
        if len(self.shape) > c.EPI_RANK_MAX:
            raise error_of(c.EPI_ELIMIT, "python", f"role has {len(self.shape)} axes, limit {c.EPI_RANK_MAX}")
        role = c.epi_role(text(self.name), option(TYPES, self.type, "type"), flags, self.weight)
        if self.dtype:
            role.dtype, role.rank = dtype_of(self.dtype), len(self.shape)
            role.shape[:len(self.shape)] = self.shape
        return role

    @classmethod
    def _of(cls, role: c.epi_role) -> Role:
        flags = role.flags
        return cls(string(role.name), name_of(TYPES, role.type), bool(flags & c.EPI_ROLE_SEARCH),
                   bool(flags & c.EPI_ROLE_KEYWORD), bool(flags & c.EPI_ROLE_VECTOR),
                   bool(flags & c.EPI_ROLE_REQUIRED), round(float(role.weight), 6),
                   name_of(DTYPES, role.dtype) or None, tuple(role.shape[:role.rank]))


@dataclass(frozen=True)
class Schema:
    """What a step of a space may have. One of the presets, or roles of one's own.

    >>> notes = Schema([Role("text", search=True, required=True), Role("colour", keyword=True)])
    >>> Schema.conversation().roles[0].name
    'speaker'
    """

    roles: list[Role]
    encoder: str = "hash"
    dimension: int = 0
    metric: str = "cosine"
    language: str | None = None
    preset: str = "custom"

    @classmethod
    def conversation(cls) -> Schema:
        """Speaker, text, caption, attachment, session."""
        return cls._of(lib.epi_schema_conversation().contents)

    @classmethod
    def trajectory(cls) -> Schema:
        """An agent at work: task, situation, tool, arguments, result, error, cost."""
        return cls._of(lib.epi_schema_trajectory().contents)

    @classmethod
    def events(cls) -> Schema:
        """Who, where, what and action, when, outcome, text."""
        return cls._of(lib.epi_schema_events().contents)

    @classmethod
    def transitions(cls, observation: Any, action: Any, columns: dict[str, Any] | None = None) -> Schema:
        """What a reinforcement learner records: observation, action, reward, terminated, truncated, and columns of
        one's own. All of them are given as tensor_of() takes them."""
        plain = {"action": action, "reward": "float32", "terminated": "bool", "truncated": "bool", **(columns or {})}
        roles = [Role.tensor(c.EPI_OBSERVATION.decode(), observation, required=True)]
        roles += [Role.tensor(name, of) for name, of in plain.items()]
        return cls(roles, encoder="none", preset="transitions")

    def role(self, name: str) -> Role:
        """The role of a name."""
        for role in self.roles:
            if role.name == name:
                return role
        raise error_of(c.EPI_EROLE, "python", f"the schema has no role {name!r}")

    def _struct(self) -> c.epi_schema:
        roles = (c.epi_role * len(self.roles))(*(role._struct() for role in self.roles))
        return default("schema_default", preset=text(self.preset), roles=roles, role_count=len(self.roles),
                       encoder=option(ENCODERS, self.encoder, "encoder"), dimension=self.dimension,
                       metric=option(METRICS, self.metric, "metric"), language=text(self.language))

    @classmethod
    def _of(cls, schema: c.epi_schema) -> Schema:
        return cls([Role._of(schema.roles[place]) for place in range(schema.role_count)],
                   name_of(ENCODERS, schema.encoder), schema.dimension, name_of(METRICS, schema.metric),
                   string(schema.language), string(schema.preset))


def schema_of(given: Schema | str | None) -> Schema | None:
    """A schema, or the preset of that name."""
    if isinstance(given, str):
        option({name: 0 for name in PRESETS}, given, "schema")
        return Schema._of(PRESETS[given]().contents)
    return given
