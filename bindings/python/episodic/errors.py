"""errors.py - an exception for each status of <episodic/status.h>, named after it.

EPI_ENOTFOUND is NotFoundError, and so on. All are EpisodicError; those that Python has a word for are that too, so that
`except TimeoutError`, `except ValueError` or `except OSError` catch what they should.

>>> issubclass(NotFoundError, LookupError)
True
>>> error_of(-40, "store", "there is no space \\"home\\"")
NotFoundError('there is no space "home"')
"""

from . import _declarations as c


class EpisodicError(Exception):
    """A call failed. Its text is the library's one line about it.

    status: the number of <episodic/status.h>. name: "EPI_ENOTFOUND". module: the part of the library that failed.
    """

    status = c.EPI_OK
    name = "EPI_OK"
    module = "python"


# Name of the class, status, and what Python would call it.
_CLASSES = [
    ("InvalidArgumentError", "EPI_EINVAL", ValueError), ("OutOfMemoryError", "EPI_ENOMEM", MemoryError),
    ("InternalError", "EPI_EINTERNAL", None), ("ClosedError", "EPI_ECLOSED", ValueError),
    ("ForkError", "EPI_EFORK", RuntimeError), ("BusyError", "EPI_EBUSY", None),
    ("TimeoutError", "EPI_ETIMEOUT", TimeoutError), ("UnsupportedError", "EPI_EUNSUPPORTED", NotImplementedError),
    ("DoneError", "EPI_EDONE", None), ("CancelledError", "EPI_ECANCELLED", None),
    ("Utf8Error", "EPI_EUTF8", ValueError), ("NumberError", "EPI_ENUMBER", ValueError),
    ("DimensionError", "EPI_EDIMENSION", ValueError), ("ZeroError", "EPI_EZERO", ValueError),
    ("RoleError", "EPI_EROLE", LookupError), ("TypeError", "EPI_ETYPE", TypeError),
    ("LimitError", "EPI_ELIMIT", ValueError), ("JsonError", "EPI_EJSON", ValueError),
    ("FormatError", "EPI_EFORMAT", ValueError), ("NotFoundError", "EPI_ENOTFOUND", LookupError),
    ("ExistsError", "EPI_EEXISTS", None), ("ConflictError", "EPI_ECONFLICT", None), ("StaleError", "EPI_ESTALE", None),
    ("SchemaError", "EPI_ESCHEMA", None), ("MismatchError", "EPI_EMISMATCH", None),
    ("EndedError", "EPI_EENDED", None), ("IoError", "EPI_EIO", OSError), ("DiskFullError", "EPI_EDISKFULL", OSError),
    ("MapFullError", "EPI_EMAPFULL", None), ("QuotaError", "EPI_EQUOTA", None), ("ReadersError", "EPI_EREADERS", None),
    ("DamagedError", "EPI_EDAMAGED", None), ("VersionError", "EPI_EVERSION", None),
    ("ReadOnlyError", "EPI_EREADONLY", None), ("PermissionError", "EPI_EPERMISSION", PermissionError),
    ("NotMemoryError", "EPI_ENOTMEMORY", None),
]

BY_STATUS = {}
for _name, _status, _base in _CLASSES:
    _bases = (EpisodicError,) if _base is None else (EpisodicError, _base)
    BY_STATUS[getattr(c, _status)] = type(_name, _bases, {
        "__module__": __name__, "__doc__": f"{_status}, see <episodic/status.h>.", "status": getattr(c, _status),
        "name": _status})
globals().update({_class.__name__: _class for _class in BY_STATUS.values()})
__all__ = ["EpisodicError", *(_class.__name__ for _class in BY_STATUS.values())]


def error_of(status: int, module: str, message: str) -> EpisodicError:
    """The exception of a status; one that is newer than this package is an EpisodicError."""
    error = BY_STATUS.get(status, EpisodicError)(message)
    error.status, error.module = status, module
    return error
