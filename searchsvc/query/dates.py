"""The dates of the query language: a year, a month or a day, alone or as a range.

>>> days("1987-02", "date:1987-02", 5)
Days(since=datetime.date(1987, 2, 1), until=datetime.date(1987, 2, 28))
>>> days(">=1987", "date:>=1987", 5)
Days(since=datetime.date(1987, 1, 1), until=None)
"""

import calendar
import datetime as dt
import re

from searchsvc.errors import QueryError
from searchsvc.query.pasted import BEHIND
from searchsvc.query.tree import Days

_REMEDY = "write a year, month or day as 1987, 1987-03 or 1987-03-26"
_VALUE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_RANGE = re.compile(r"\[\s*(\S+)\s+TO\s+([^\s\]]+)\s*\]")
_EXPRESSION = re.compile(r"\[[^\]]*\]?|[^\s()\"^]+")


def end_of_expression(text: str, start: int) -> int:
    """Where the date that begins at *start* ends."""
    match = _EXPRESSION.match(text, start)
    return start + len(match.group().rstrip(BEHIND) or match.group()) if match else start


def days(expression: str, query: str, at: int) -> Days:
    """The days that *expression* names; *query* and *at* are for the caret of the QueryError."""
    if expression.startswith("["):
        return _range(expression, query, at)
    operator = re.match(r"[<>]=?", expression)
    if not operator:
        return Days(*period(expression, query, at))
    first, last = period(expression[operator.end() :], query, at + operator.end())
    try:
        match operator.group():
            case ">=":
                return Days(first, None)
            case ">":
                return Days(last + dt.timedelta(days=1), None)
            case "<=":
                return Days(None, last)
            case _:
                return Days(None, first - dt.timedelta(days=1))
    except OverflowError:
        raise QueryError(f"there is no day {expression}", query, at, _REMEDY) from None


def _range(expression: str, query: str, at: int) -> Days:
    if not expression.endswith("]"):
        raise QueryError(
            "'[' opens a range that is never closed", query, at, "as in [1987-03 TO 1987-06]"
        )
    match = _RANGE.fullmatch(expression)
    if not match:
        raise QueryError(
            f"cannot read the range '{expression[:60]}'", query, at, "as in [1987-03 TO 1987-06]"
        )
    low, high = match.groups()
    since = None if low == "*" else period(low, query, at + match.start(1))[0]
    until = None if high == "*" else period(high, query, at + match.start(2))[1]
    if since is None and until is None:
        raise QueryError("a range needs at least one date", query, at, _REMEDY)
    if since and until and since > until:
        raise QueryError(
            f"the range ends, on {until}, before it begins, on {since}",
            query,
            at,
            "put the earlier date first",
        )
    return Days(since, until)


def period(text: str, query: str = "", at: int = 0) -> tuple[dt.date, dt.date]:
    """First and last day of the year, month or day that *text* names.

    >>> period("1987-02")
    (datetime.date(1987, 2, 1), datetime.date(1987, 2, 28))
    """
    match = _VALUE.fullmatch(text)
    if not match:
        raise QueryError(f"'{text[:60]}' is no date", query, at, _REMEDY)
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    try:
        first = dt.date(year, 1 if month is None else month, 1 if day is None else day)
        if day is not None:
            return first, first
        last_month = 12 if month is None else month
        return first, dt.date(year, last_month, calendar.monthrange(year, last_month)[1])
    except ValueError:
        raise QueryError(f"there is no day {text}", query, at, _REMEDY) from None
