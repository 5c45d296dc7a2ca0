"""The date that a text names, if it names a whole one.

>>> parse_date("Sept. 14, 2018")
datetime.date(2018, 9, 14)
>>> parse_date("9 March 2021 10:30 GMT")
datetime.datetime(2021, 3, 9, 10, 30, tzinfo=datetime.timezone.utc)

A day is never guessed: no year, no month, or 3/4/2018, which is March in Boston and April in
Bath, is no date. Nothing here knows what day it is today.
"""

import datetime as dt
import re
from contextlib import suppress
from email.utils import parsedate_to_datetime

from dateutil.parser import parse

EARLIEST, LATEST = 1600, 2200  # years of newspapers; what lies outside is a mistake

# The zones that news agencies write; most other abbreviations mean two or three different places.
_HOURS = {
    **{"UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1},
    **{"CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9},
    **{"AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "HST": -10, "AKST": -9, "AKDT": -8},
    **{"PST": -8, "PDT": -7, "MST": -7, "MDT": -6, "CST": -6, "CDT": -5, "EST": -5, "EDT": -4},
}
# Two days that share nothing: what the parser fills in differs, what the text names is equal.
_FILL = (dt.datetime(1904, 1, 1, 0), dt.datetime(1908, 2, 2, 11))
_YEAR = re.compile(r"(?<!\d)(?:1[6-9]|2[012])\d\d(?!\d)|(?<!\d)\d{8}(?!\d)")
_EITHER_WAY = re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}")
_UTC_PLUS = re.compile(r"\b(?:UTC|GMT) ?(?=[+-]\d)")  # dateutil takes UTC+2 for two hours behind
_WEEK = re.compile(r"\d{4}-?W\d\d(?!-?\d)", re.IGNORECASE)  # without a day of it
_LEAST = 1e8  # seconds; a smaller number is a year, a count or missing
_EPOCH = re.compile(r"\d{10}|\d{13}")


def parse_date(text: str) -> dt.date | None:
    """A datetime where *text* names a time, else a date; None without year, month and day."""
    text = " ".join(text.split())
    if _EPOCH.fullmatch(text):
        return from_epoch(int(text))
    try:
        moment = _iso(text) or _rfc2822(text) or _written(text)
    except (ValueError, OverflowError, TypeError, AttributeError, ArithmeticError):
        return None  # dateutil documents the first two, and raises them all
    return moment if moment and EARLIEST <= moment.year <= LATEST else None


def from_epoch(seconds: float) -> dt.date | None:
    """The moment so many seconds, or milliseconds, after 1970; the day where it reads as one.

    >>> from_epoch(1536930000) == from_epoch(1536930000000)
    True
    >>> from_epoch(1987)
    """
    if 18_000_101 <= seconds <= 22_001_231 and seconds == int(seconds):
        with suppress(ValueError):  # 20180914, which is as likely as a day of 1970
            return dt.datetime.strptime(str(int(seconds)), "%Y%m%d").date()
    if abs(seconds) < _LEAST:
        return None
    if abs(seconds) > 1e11:
        seconds /= 1000
    try:
        moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if EARLIEST <= moment.year <= LATEST else None


def _iso(text: str) -> dt.date | None:
    if _WEEK.match(text):
        return None  # Python takes its Monday
    for form in (dt.date.fromisoformat, dt.datetime.fromisoformat):
        try:
            return form(text)
        except ValueError:
            continue
    return None


def _rfc2822(text: str) -> dt.datetime | None:
    # Mail and feeds; the one form in which a year of two digits has a fixed meaning.
    if not re.match(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{2}(?:\d\d)? \d", text):
        return None
    return parsedate_to_datetime(text)


def _written(text: str) -> dt.date | None:
    if len(text) > 100 or not _YEAR.search(text) or _is_ambiguous(text):
        return None
    text = _UTC_PLUS.sub("", text)
    first, second = (parse(text, default=fill, tzinfos=_zone) for fill in _FILL)
    if first.date() != second.date():
        return None
    return first if first.hour == second.hour else first.date()


def _is_ambiguous(text: str) -> bool:
    found = _EITHER_WAY.search(text)
    return found is not None and max(int(found[1]), int(found[2])) <= 12 and found[1] != found[2]


def _zone(name: str | None, offset: int | None) -> dt.tzinfo | None:
    if offset is not None:
        return dt.timezone(dt.timedelta(seconds=offset))
    # A zone that is not in the table is left out: the time stands as the source wrote it.
    return dt.timezone(dt.timedelta(hours=_HOURS[name])) if name in _HOURS else None
