"""What a search engine is to the rest of the service: Engine, Writer, Store.

An **Engine** is one generation of an index, frozen, open for reading by many threads.
A **Writer** adds and deletes articles in a private copy; it knows nothing of publishing.
A **Store** keeps generations, gives the current one, and makes a written one current.

The contract. Each number is a test that runs on every engine:

 1. `add` stores an article under its id; the article comes back equal.
 2. `delete` of an id that is there removes it; of one that is not does nothing.
 3. Nothing is visible before the write ends; then all of it is.
 4. An exception inside a write leaves the index as it was.
 5. A resolved tree never raises.
 6. `total` is exact. `Not` is the complement. `All` is every article.
 7. Order is total: relevance, then newest, then id; by date ties go by id, undated last.
 8. Pages do not overlap, and together they are all hits.
 9. Facets count all hits under the other filters; most frequent first, then by value.
10. An engine that is open does not see later writes.
11. A second writer fails at once with IndexLocked.
12. An index of another engine or version is refused with IndexOutdated.

Scores are not part of it, but that higher is better and rare words count more.
"""

import datetime as dt
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from searchsvc.article import Article
from searchsvc.generation import Damage
from searchsvc.query.tree import Query


class Sort(StrEnum):
    """The order of hits."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A question to an engine.

    `query` is resolved. `filters` maps facet fields to values: an article passes that has one of
    the values in every field named. `since` and `until` are days, both included. `offset` and
    `limit` choose the page. `seconds` bounds the time; what is found by then is a partial result.
    """

    query: Query
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: dt.date | None = None
    until: dt.date | None = None
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 10
    facets: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that matches, and how well."""

    article: Article
    score: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """One value of a facet and the number of hits that carry it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The answer of an engine: one page of hits, and the totals.

    `partial` tells that time ran out: every hit is right, but there may be more.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[Bucket, ...]]
    partial: bool = False


class Engine(Protocol):
    """One generation of an index, open for reading; safe to share between threads."""

    def search(self, request: SearchRequest) -> SearchResult:
        """The page that *request* asks for."""

    def get(self, id: str) -> Article | None:
        """The article with this id, or None."""

    def count(self) -> int:
        """The number of articles."""

    def terms(self, field: str, prefix: str) -> Iterable[tuple[str, int]]:
        """Written words of *field* that begin with *prefix*, in order, with their articles.

        Engines may go on counting deleted articles until they tidy up.
        """

    def close(self) -> None:
        """Lets go of files and memory."""


class Writer(Protocol):
    """Changes to a private copy of an index."""

    def add(self, article: Article) -> None:
        """Puts an article in; its id must not be there, or be deleted first."""

    def delete(self, id: str) -> None:
        """Takes the article with this id out, if it is there."""


class Draft(Writer, Protocol):
    """A generation in the making: a Writer, and room for files that belong to it."""

    @property
    def begun(self) -> Engine | None:
        """The index that it began as, open; None if it began empty."""

    @property
    def is_resumed(self) -> bool:
        """Whether it goes on where an interrupted build was."""

    @property
    def doubted(self) -> Sequence[str]:
        """The ids of articles that an interrupted write was at, where it wrote to what is read.

        What the index holds of them may be older or newer than what its files say.
        """

    @property
    def trouble(self) -> str | None:
        """What went wrong after it was published, if anything did."""

    def path(self, name: str) -> str:
        """Where the file *name* of this generation is, to be changed or made.

        It holds the previous one's copy.
        """

    def linked(self, name: str) -> str | None:
        """Where the file *name* of the previous generation is, to be read; None if it had none."""

    def save(self) -> None:
        """Makes a checkpoint, from which the next build goes on if this one is interrupted."""

    def finished(self) -> Engine:
        """The index as it will be published; nothing is added or deleted after."""


class Generation(Protocol):
    """A published generation: its name and its engine, open."""

    @property
    def name(self) -> str:
        """The number under which it was published, such as `000123`."""

    @property
    def identity(self) -> str:
        """Its name and what tells it from others of that name, such as `000123.1a2b`."""

    @property
    def engine(self) -> Engine:
        """For searching it."""

    @property
    def fallback(self) -> str | None:
        """For readers: that it is not the newest, and its age; None as long as it is."""

    @property
    def notice(self) -> str | None:
        """For operators: what is damaged, and what is served instead; None if all is well."""

    @property
    def about(self) -> Hashable:
        """What `notice` is about: equal as long as there is nothing new to say."""


class Store(Protocol):
    """Generations of one index, one of them current; what searching needs."""

    def current(self) -> Generation:
        """The newest generation, open. Raises IndexMissing, IndexOutdated or IndexDamaged."""

    def generation(self, name: str) -> Generation | None:
        """A generation that is still kept, open; None if it is gone."""


class WritableStore(Store, Protocol):
    """A store that can be written to; what indexing needs."""

    def file(self, name: str) -> str | None:
        """Where the file *name* of the current generation is; None if there is no index."""

    def write(
        self, *, fresh: bool = False, wait: bool = False, purpose: str | None = None
    ) -> AbstractContextManager[Draft]:
        """A draft of the next generation, current when the block ends without an exception.

        It begins as the current one, or empty if *fresh* or if there is none; or where an
        interrupted write for the same *purpose* was saved. Raises IndexLocked when another process
        writes, unless it is to *wait*.
        """

    def share(self, name: str, wait: bool) -> AbstractContextManager[object]:
        """The right to bring in the share of a corpus called *name*; others bring in theirs.

        Raises IndexLocked when another process has it, unless it is to *wait*.
        """

    def articles(self) -> int:
        """How many articles the newest generation has, also if it cannot be opened; 0 if none."""

    def verify(self) -> Sequence[Damage]:
        """Looks for damage in what is kept; what is found is no longer served."""


class ServedStore(WritableStore, Protocol):
    """A store as a service has it: also what operators look at."""

    @property
    def notice(self) -> str | None:
        """What an operator should know of the generation served last; None if all is well."""

    def verify(self, pause: Callable[[int], None] = ...) -> Sequence[Damage]:
        """Looks for damage in what is kept; what is found is no longer served.

        *pause* is called with the number of bytes read since.
        """

    def put_aside(self) -> Sequence[Damage]:
        """What was found damaged since the last write, whoever found it."""

    def interrupted(self, fresh: bool) -> str | None:
        """The purpose of a write that was saved and not ended; None if there is none to go on."""

    def status(self) -> dict[str, Any]:
        """What is served: engine, number, age in seconds, articles, bytes, and what is beside."""

    def close(self) -> None:
        """Lets go of what is open."""
