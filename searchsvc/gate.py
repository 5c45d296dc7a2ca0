"""Saved queries that a new index must still answer, before it takes the place of the old one.

The file has a query on each line, with the share of its hits that may be lost before it, if any:

    # what the desk searches for each morning
    oil -opec date:1987-03
    5% "interest rate"
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from searchsvc.engines.base import Engine, SearchRequest
from searchsvc.errors import ConfigError, GateClosed, QueryError
from searchsvc.query.parser import parse
from searchsvc.searching import understand

_PAGE = 1000  # hits at a time
_SHOWN = 20  # ids of a query in the error


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query, its line in the file, and the share of its hits that may be lost: 0 to 1."""

    text: str
    may_lose: float
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Loss:
    """What a query found before and finds no more: ids, of so many hits before."""

    query: SavedQuery
    ids: tuple[str, ...]
    before: int

    @property
    def is_too_much(self) -> bool:
        """Whether it is more than the query may lose."""
        return len(self.ids) > self.query.may_lose * self.before

    def __str__(self) -> str:
        more = len(self.ids) - _SHOWN
        ids = ", ".join(self.ids[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
        share = len(self.ids) / self.before
        return f"{self.query.text}: {len(self.ids):,} of {self.before:,} hits ({share:.0%}): {ids}"


def read_gate(path: Path, may_lose: float) -> list[SavedQuery]:
    """The queries in the file *path*; *may_lose* is for those without a share of their own.

    Raises ConfigError for a file that cannot be read, for one without a query, and with every
    query that cannot be read.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise ConfigError(f"--gate: {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"--gate: {path} cannot be read: {error}; save it as UTF-8") from None
    queries, faults = [], []
    for number, line in enumerate(lines, 1):
        said = re.fullmatch(r"\s*(?:([0-9]+(?:\.[0-9]+)?)%\s+)?(.*?)\s*", line)
        if said and said[2] and not said[2].startswith("#"):
            share = may_lose if said[1] is None else float(said[1]) / 100
            try:
                parse(said[2])
            except QueryError as error:
                faults.append(f"--gate: {path}: line {number}: {error}")
            queries.append(SavedQuery(said[2], share, number))
    if faults:
        raise ConfigError("\n".join(faults))
    if not queries:
        raise ConfigError(f"--gate: {path} has no query; it is to have one on each line")
    return queries


def check(queries: list[SavedQuery], old: Engine, new: Engine) -> list[str]:
    """What there is to say of a new index that has the hits of *old*, or enough of them.

    Raises GateClosed, with what is lost, if *new* lacks too many.
    """
    losses = [_loss(query, old, new) for query in queries]
    if lost := [str(loss) for loss in losses if loss.is_too_much]:
        raise GateClosed(lost)
    empty = [loss.query for loss in losses if not loss.before]
    said = [
        f"line {query.line}: {query.text} found nothing before: it guards nothing; is it misspelt?"
        for query in empty
    ]
    kept = len(losses) - len(empty)
    how_many = "1 query has" if kept == 1 else f"{kept:,} queries have"
    return [*said, f"{how_many} the hits of before, or as many as they need"]


def _loss(query: SavedQuery, old: Engine, new: Engine) -> Loss:
    before, after = list(_ids(query, old)), set(_ids(query, new))
    return Loss(query, tuple(id for id in before if id not in after), len(before))


def _ids(query: SavedQuery, engine: Engine) -> Iterator[str]:
    try:
        resolved = understand(query.text, engine.terms).resolved
    except QueryError as error:
        raise ConfigError(f"--gate: line {query.line}: {error}") from None
    offset = 0
    while hits := engine.search(SearchRequest(query=resolved, offset=offset, limit=_PAGE)).hits:
        yield from (hit.article.id for hit in hits)
        offset += _PAGE
