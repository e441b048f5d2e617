"""errors.py - an exception for each status of <episodic/status.h>, named after it.

EPI_ENOTFOUND is NotFoundError, and so on. All are EpisodicError; those that Python has a word for are that too, so that
`except TimeoutError`, `except ValueError` or `except OSError` catch what they should.

>>> issubclass(NotFoundError, LookupError), NotFoundError.name
(True, 'EPI_ENOTFOUND')
>>> error_of(-40, "store", "there is no space \\"home\\"")
NotFoundError('there is no space "home"')
"""

import builtins

from . import _declarations as c


class EpisodicError(Exception):
    """A call failed. Its text is the library's one line about it.

    status: the number of <episodic/status.h>. name: "EPI_ENOTFOUND". module: the part of the library that failed.
    """

    status = c.EPI_OK
    name = "EPI_OK"
    module = "python"


class InvalidArgumentError(EpisodicError, ValueError):
    """An argument is NULL, out of range or contradicts another."""

    status, name = c.EPI_EINVAL, "EPI_EINVAL"


class OutOfMemoryError(EpisodicError, MemoryError):
    """An allocation failed; nothing was changed."""

    status, name = c.EPI_ENOMEM, "EPI_ENOMEM"


class InternalError(EpisodicError):
    """A defect in this library; the store is untouched."""

    status, name = c.EPI_EINTERNAL, "EPI_EINTERNAL"


class ClosedError(EpisodicError, ValueError):
    """The memory or space behind the handle was closed."""

    status, name = c.EPI_ECLOSED, "EPI_ECLOSED"


class ForkError(EpisodicError, RuntimeError):
    """The memory was opened before fork(); open it again in the child."""

    status, name = c.EPI_EFORK, "EPI_EFORK"


class BusyError(EpisodicError):
    """Another thread or process holds what the call needs."""

    status, name = c.EPI_EBUSY, "EPI_EBUSY"


class TimeoutError(EpisodicError, builtins.TimeoutError):
    """A wait reached its time limit."""

    status, name = c.EPI_ETIMEOUT, "EPI_ETIMEOUT"


class UnsupportedError(EpisodicError, NotImplementedError):
    """The space, build or format cannot do this."""

    status, name = c.EPI_EUNSUPPORTED, "EPI_EUNSUPPORTED"


class DoneError(EpisodicError):
    """An iteration has no more elements."""

    status, name = c.EPI_EDONE, "EPI_EDONE"


class CancelledError(EpisodicError):
    """A callback of the caller asked to stop."""

    status, name = c.EPI_ECANCELLED, "EPI_ECANCELLED"


class Utf8Error(EpisodicError, ValueError):
    """Text is not valid UTF-8, or has a NUL byte."""

    status, name = c.EPI_EUTF8, "EPI_EUTF8"


class NumberError(EpisodicError, ValueError):
    """A number is NaN or infinite."""

    status, name = c.EPI_ENUMBER, "EPI_ENUMBER"


class DimensionError(EpisodicError, ValueError):
    """A vector or tensor has another size than the space."""

    status, name = c.EPI_EDIMENSION, "EPI_EDIMENSION"


class ZeroError(EpisodicError, ValueError):
    """A vector is all zeros, so it has no direction."""

    status, name = c.EPI_EZERO, "EPI_EZERO"


class RoleError(EpisodicError, LookupError):
    """The schema has no such role."""

    status, name = c.EPI_EROLE, "EPI_EROLE"


class TypeError(EpisodicError, builtins.TypeError):
    """A value has another type than its role."""

    status, name = c.EPI_ETYPE, "EPI_ETYPE"


class LimitError(EpisodicError, ValueError):
    """A named limit of <episodic/limits.h> was passed."""

    status, name = c.EPI_ELIMIT, "EPI_ELIMIT"


class JsonError(EpisodicError, ValueError):
    """Text is not JSON, or not the JSON that was expected."""

    status, name = c.EPI_EJSON, "EPI_EJSON"


class FormatError(EpisodicError, ValueError):
    """A file to import does not have the form that was named."""

    status, name = c.EPI_EFORMAT, "EPI_EFORMAT"


class NotFoundError(EpisodicError, LookupError):
    """No such space, episode, step or file."""

    status, name = c.EPI_ENOTFOUND, "EPI_ENOTFOUND"


class ExistsError(EpisodicError):
    """It exists already."""

    status, name = c.EPI_EEXISTS, "EPI_EEXISTS"


class ConflictError(EpisodicError):
    """The external id exists with other content."""

    status, name = c.EPI_ECONFLICT, "EPI_ECONFLICT"


class StaleError(EpisodicError):
    """The id was valid once; what it named is gone."""

    status, name = c.EPI_ESTALE, "EPI_ESTALE"


class SchemaError(EpisodicError):
    """The space exists with another schema."""

    status, name = c.EPI_ESCHEMA, "EPI_ESCHEMA"


class MismatchError(EpisodicError):
    """The memory is open in this process with other options."""

    status, name = c.EPI_EMISMATCH, "EPI_EMISMATCH"


class EndedError(EpisodicError):
    """The episode has ended; resume it to append."""

    status, name = c.EPI_EENDED, "EPI_EENDED"


class IoError(EpisodicError, OSError):
    """The operating system could not read or write."""

    status, name = c.EPI_EIO, "EPI_EIO"


class DiskFullError(EpisodicError, OSError):
    """The disk is full."""

    status, name = c.EPI_EDISKFULL, "EPI_EDISKFULL"


class MapFullError(EpisodicError):
    """The map size chosen at creation is used up."""

    status, name = c.EPI_EMAPFULL, "EPI_EMAPFULL"


class QuotaError(EpisodicError):
    """The soft quota is used up; removing still works."""

    status, name = c.EPI_EQUOTA, "EPI_EQUOTA"


class ReadersError(EpisodicError):
    """All reader slots are taken."""

    status, name = c.EPI_EREADERS, "EPI_EREADERS"


class DamagedError(EpisodicError):
    """A stored record fails its checksum; see epi_memory_check()."""

    status, name = c.EPI_EDAMAGED, "EPI_EDAMAGED"


class VersionError(EpisodicError):
    """The memory was written by a newer release."""

    status, name = c.EPI_EVERSION, "EPI_EVERSION"


class ReadOnlyError(EpisodicError):
    """The memory was opened read-only."""

    status, name = c.EPI_EREADONLY, "EPI_EREADONLY"


class PermissionError(EpisodicError, builtins.PermissionError):
    """The operating system refused access."""

    status, name = c.EPI_EPERMISSION, "EPI_EPERMISSION"


class NotMemoryError(EpisodicError):
    """The directory holds something else."""

    status, name = c.EPI_ENOTMEMORY, "EPI_ENOTMEMORY"


BY_STATUS = {kind.status: kind for kind in EpisodicError.__subclasses__()}
# Those that builtins have too are left to `episodic.`, so that no `import *` hides them.
__all__ = ["EpisodicError", *(kind.__name__ for kind in BY_STATUS.values() if not hasattr(builtins, kind.__name__))]


def error_of(status: int, module: str, message: str) -> EpisodicError:
    """The exception of a status; one that is newer than this package is an EpisodicError."""
    error = BY_STATUS.get(status, EpisodicError)(message)
    error.status, error.module = status, module
    return error
