"""times.py - points and intervals of time: datetime outside, microseconds of UTC inside.

Wherever a time is asked for, these are taken: a datetime (without a zone it is local time, as everywhere in Python), a
date (its midnight in UTC), a text as ISO 8601 ("2023-05-08", "2023-05-08T13:56:20+02:00"; UTC where it says nothing),
or microseconds since 1970. None is "not given".

>>> parse("2023-05").since.isoformat(), parse("2023-05").until.isoformat()
('2023-05-01T00:00:00+00:00', '2023-06-01T00:00:00+00:00')
>>> [(mention.text, str(mention.interval)) for mention in find("We met last Friday.", "2023-05-08")]
[('last Friday', '2023-05-05')]
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Union

from . import _declarations as c
from ._library import NONE, lib, text as encoded
from .errors import error_of

Time = Union[datetime, date, str, int, None]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
PRECISIONS = {c.EPI_PRECISION_MINUTE: "minute", c.EPI_PRECISION_HOUR: "hour", c.EPI_PRECISION_DAY_PART: "day part",
              c.EPI_PRECISION_DAY: "day", c.EPI_PRECISION_WEEKEND: "weekend", c.EPI_PRECISION_WEEK: "week",
              c.EPI_PRECISION_MONTH: "month", c.EPI_PRECISION_SEASON: "season", c.EPI_PRECISION_YEAR: "year",
              c.EPI_PRECISION_DECADE: "decade"}


def to_time(value: Time) -> int:
    """Microseconds of UTC."""
    if value is None:
        return NONE
    if isinstance(value, datetime):
        return (value.astimezone(timezone.utc) - _EPOCH) // _MICROSECOND
    if isinstance(value, date):
        return (datetime.combine(value, time(), timezone.utc) - _EPOCH) // _MICROSECOND
    if isinstance(value, str):
        return getattr(_parsed(value), "from")
    if isinstance(value, int):
        return value
    raise error_of(c.EPI_ETYPE, "python", f"a time was {value!r}, expected a datetime, date, text or number")


def from_time(value: int, utc_offset_min: int = 0) -> datetime | None:
    """A datetime in the zone of the place; None for no time."""
    if value == NONE:
        return None
    zone = timezone(timedelta(minutes=utc_offset_min)) if utc_offset_min else timezone.utc
    try:
        return (_EPOCH + timedelta(microseconds=value)).astimezone(zone)
    except OverflowError:  # the first or last hours that there are, in another zone
        return _EPOCH + timedelta(microseconds=value)


def now() -> datetime:
    """The library's clock."""
    return from_time(lib.epi_time_now())


@dataclass(frozen=True)
class Interval:
    """Half-open, [since, until); an instant has both the same."""

    since: datetime | None
    until: datetime | None

    @classmethod
    def _of(cls, interval: c.epi_interval) -> Interval:
        offset = interval.utc_offset_min
        return cls(from_time(getattr(interval, "from"), offset), from_time(interval.to, offset))

    def __str__(self) -> str:
        """As short as it can be: a day, days, or minutes."""
        if self.since is None:
            return ""
        whole = [at is not None and at.timetz().replace(tzinfo=None) == time() for at in (self.since, self.until)]
        if all(whole) and self.since != self.until:
            last = self.until - timedelta(days=1)
            return f"{self.since:%Y-%m-%d}" + ("" if last <= self.since else f" to {last:%Y-%m-%d}")
        return minutes(self.since)


def minutes(at: datetime | None) -> str:
    """As the library writes it for people: "2026-11-17 10:04"."""
    return "" if at is None else _written(lib.epi_time_text, at)


def iso(at: Time) -> str:
    """RFC 3339, as the library writes it: "2026-11-17T10:04:00Z"."""
    return _written(lib.epi_time_iso, at if isinstance(at, datetime) else from_time(to_time(at)))


def _written(write, at: datetime) -> str:
    out = ctypes.create_string_buffer(c.EPI_TIME_TEXT_SIZE)
    offset = at.utcoffset() or timedelta()
    write(out, to_time(at), offset // timedelta(minutes=1))
    return out.value.decode()


def _parsed(value: str) -> c.epi_interval:
    interval = c.epi_interval()
    lib.epi_time_parse(ctypes.byref(interval), encoded(value))
    return interval


def parse(value: str) -> Interval:
    """Reads ISO 8601 in the precision it is written in: a year is the whole year, a minute or finer an instant."""
    return Interval._of(_parsed(value))


@dataclass(frozen=True)
class TimeMention:
    """An expression of time in a text: its words, where they stand (bytes), what they mean, and in what they count."""

    text: str
    start: int
    end: int
    interval: Interval
    precision: str

    @classmethod
    def _of(cls, mention: c.epi_time_mention, said: bytes) -> TimeMention:
        start, end = getattr(mention, "from"), mention.to
        return cls(said[start:end].decode(errors="replace"), start, end, Interval._of(mention.interval),
                   PRECISIONS.get(mention.precision, ""))


def find(text: str, at: Time, utc_offset_min: int = 0) -> list[TimeMention]:
    """The expressions of time in an English text that was said at a time, and what they mean."""
    said = text.encode()
    room = c.EPI_TIME_MENTION_COUNT_MAX
    mentions, count = (c.epi_time_mention * room)(), ctypes.c_size_t()
    lib.epi_time_find(mentions, ctypes.byref(count), room, said, len(said), to_time(at), utc_offset_min)
    return [TimeMention._of(mention, said) for mention in mentions[:count.value]]
