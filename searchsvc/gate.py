"""Saved queries that a new index must still answer, before it takes the place of the old one.

The file has a query on each line, with the share of its hits that may be lost before it, if any:

    # what the desk searches for each morning
    oil -opec date:1987-03
    5% "interest rate"
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from searchsvc.engines.base import Engine, SearchRequest
from searchsvc.errors import ConfigError, GateClosed, QueryError
from searchsvc.query.parser import parse
from searchsvc.searching import understand

_PAGE = 1000  # hits at a time
_SHOWN = 20  # ids of a query in the error


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query, and the share of its hits that a new index may lose: 0 to 1."""

    text: str
    may_lose: float


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

    Raises ConfigError for a file that cannot be read, and for one without a query.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--gate: {path} cannot be read: {error}") from None
    queries = []
    for line in lines:
        said = re.fullmatch(r"\s*(?:([0-9]+(?:\.[0-9]+)?)%\s+)?(.*?)\s*", line)
        if said and said[2] and not said[2].startswith("#"):
            share = may_lose if said[1] is None else float(said[1]) / 100
            try:
                parse(said[2])
            except QueryError as error:
                raise ConfigError(f"--gate: {path}: {error}") from None
            queries.append(SavedQuery(said[2], share))
    if not queries:
        raise ConfigError(f"--gate: {path} has no query; it is to have one on each line")
    return queries


def check(queries: list[SavedQuery], old: Engine, new: Engine) -> None:
    """Raises GateClosed, with what is lost, if *new* lacks too many hits of *old*."""
    lost = [loss for query in queries if (loss := _loss(query, old, new)).is_too_much]
    if lost:
        raise GateClosed([str(loss) for loss in lost])


def _loss(query: SavedQuery, old: Engine, new: Engine) -> Loss:
    before, after = list(_ids(query.text, old)), set(_ids(query.text, new))
    return Loss(query, tuple(id for id in before if id not in after), len(before))


def _ids(text: str, engine: Engine) -> Iterator[str]:
    try:
        query = understand(text, engine.terms).resolved
    except QueryError as error:
        raise ConfigError(f"--gate: {error}") from None
    offset = 0
    while hits := engine.search(SearchRequest(query=query, offset=offset, limit=_PAGE)).hits:
        yield from (hit.article.id for hit in hits)
        offset += _PAGE
