"""The definition of the query language: a scan that looks at every article.

What an engine must answer is what this one answers. It is slow and plain on purpose: no index,
no shortcut, nothing shared with the engines that it judges but analysis and the tree.

>>> oil = Article(id="1", title="Oil prices", body="The price of oil fell.")
>>> engine = MemoryEngine([oil])
>>> engine.search(SearchRequest(query=Stem("price", ("title", "body")))).total
1
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from searchsvc import analysis
from searchsvc.article import Article
from searchsvc.engines.base import Bucket, Hit, SearchRequest, SearchResult, Sort
from searchsvc.query.tree import (
    All,
    And,
    AnyOf,
    Boost,
    Days,
    Exact,
    Not,
    Nothing,
    Or,
    Query,
    Stem,
)
from searchsvc.schema import BOOSTS, TEXT_FIELDS, texts, values


@dataclass(frozen=True, slots=True)
class _Scanned:
    """An article with its words: for each text field one list for each value."""

    article: Article
    written: dict[str, list[list[str]]]
    stems: dict[str, set[str]]


class MemoryEngine:
    """Articles in a list."""

    def __init__(self, articles: Iterable[Article] = ()) -> None:
        self._scanned = {article.id: _scan(article) for article in articles}
        self._lexicon: dict[str, list[tuple[str, int]]] = {}

    def search(self, request: SearchRequest) -> SearchResult:
        found = [
            (_score(request.query, scanned), scanned.article)
            for scanned in self._scanned.values()
            if _matches(request.query, scanned) and _in_days(request, scanned.article)
        ]
        hits = [(score, a) for score, a in found if _passes(request, a)]
        hits.sort(key=lambda hit: _order(request.sort, *hit))
        page = hits[request.offset : request.offset + request.limit]
        return SearchResult(
            total=len(hits),
            hits=tuple(Hit(article, score) for score, article in page),
            facets={name: _count(name, request, [a for _, a in found]) for name in request.facets},
        )

    def get(self, id: str) -> Article | None:
        scanned = self._scanned.get(id)
        return scanned.article if scanned else None

    def count(self) -> int:
        return len(self._scanned)

    def terms(self, field: str, prefix: str) -> Iterator[tuple[str, int]]:
        if field not in self._lexicon:
            counts: Counter[str] = Counter()
            for scanned in self._scanned.values():
                counts.update({word for value in scanned.written[field] for word in value})
            self._lexicon[field] = sorted(counts.items())
        lexicon = self._lexicon[field]
        for place in range(bisect_left(lexicon, (prefix,)), len(lexicon)):
            if not lexicon[place][0].startswith(prefix):
                return
            yield lexicon[place]

    def close(self) -> None:
        """Nothing to let go of."""


def _scan(article: Article) -> _Scanned:
    found = {
        field: [analysis.terms(text) for text in texts(article, field)] for field in TEXT_FIELDS
    }
    return _Scanned(
        article,
        {field: [[w for w, _ in value] for value in found[field]] for field in TEXT_FIELDS},
        {field: {stem for value in found[field] for _, stem in value} for field in TEXT_FIELDS},
    )


def _matches(query: Query, scanned: _Scanned) -> bool:
    match query:
        case Stem(text, fields):
            return any(text in scanned.stems[field] for field in fields)
        case Exact(words, slop, fields):
            return any(
                _stand_together(words, slop, value)
                for field in fields
                for value in scanned.written[field]
            )
        case AnyOf(words, fields):
            return any(
                not words.isdisjoint(value) for field in fields for value in scanned.written[field]
            )
        case Days(since, until):
            day = scanned.article.day
            return day is not None and (not since or since <= day) and (not until or day <= until)
        case And(clauses):
            return all(_matches(clause, scanned) for clause in clauses)
        case Or(clauses):
            return any(_matches(clause, scanned) for clause in clauses)
        case Not(clause):
            return not _matches(clause, scanned)
        case Boost(clause):
            return _matches(clause, scanned)
        case All():
            return True
        case Nothing():
            return False
        case _:
            raise TypeError(f"not resolved: {query!r}")


def _stand_together(words: tuple[str, ...], slop: int, text: list[str]) -> bool:
    if not all(word in text for word in words):
        return False
    width = len(words) + slop
    if slop == 0:
        return any(tuple(text[i : i + width]) == words for i in range(len(text)))
    wanted = Counter(words)
    return any(wanted <= Counter(text[i : i + width]) for i in range(len(text)))


def _score(query: Query, scanned: _Scanned) -> float:
    """How many of the scored words are there, the headline's counting double."""
    match query:
        case Stem(text, fields):
            return max([BOOSTS[f] for f in fields if text in scanned.stems[f]], default=0.0)
        case Exact(_, slop, fields):
            alone = (Exact(query.words, slop, (field,)) for field in fields)
            return max([BOOSTS[e.fields[0]] for e in alone if _matches(e, scanned)], default=0.0)
        case And(clauses) | Or(clauses):
            return sum(_score(clause, scanned) for clause in clauses)
        case Boost(clause, factor):
            return factor * _score(clause, scanned)
        case _:
            return 0.0


def _in_days(request: SearchRequest, article: Article) -> bool:
    if not request.since and not request.until:
        return True
    return _matches(Days(request.since, request.until), _Scanned(article, {}, {}))


def _passes(request: SearchRequest, article: Article, leaving_out: str = "") -> bool:
    return all(
        set(chosen) & set(values(article, field))
        for field, chosen in request.filters.items()
        if chosen and field != leaving_out
    )


def _order(sort: Sort, score: float, article: Article) -> tuple[float, float, str]:
    instant = article.instant
    newest = float("inf") if instant is None else -instant
    match sort:
        case Sort.RELEVANCE:
            return (-score, newest, article.id)
        case Sort.NEWEST:
            return (newest, 0, article.id)
        case Sort.OLDEST:
            return (newest if instant is None else instant, 0, article.id)


def _count(field: str, request: SearchRequest, found: list[Article]) -> tuple[Bucket, ...]:
    counts = Counter(
        value
        for article in found
        if _passes(request, article, leaving_out=field)
        for value in values(article, field)
    )
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Bucket(value, count) for value, count in ranked)


class MemoryStore:
    """A store that keeps nothing: each generation is a MemoryEngine, the old ones are let go."""

    def __init__(self, articles: Iterable[Article] = ()) -> None:
        self._current = MemoryGeneration("000001", MemoryEngine(articles))

    def current(self) -> "MemoryGeneration":
        return self._current

    def generation(self, name: str) -> "MemoryGeneration | None":
        return self._current if self._current.name == name else None

    def replace(self, articles: Iterable[Article]) -> None:
        """Makes a generation of *articles* current."""
        name = f"{int(self._current.name) + 1:06}"
        self._current = MemoryGeneration(name, MemoryEngine(articles))


@dataclass(frozen=True, slots=True)
class MemoryGeneration:
    """A generation of a MemoryStore."""

    name: str
    engine: MemoryEngine
    fallback: str | None = None
    notice: str | None = None
    about: None = None

    @property
    def identity(self) -> str:
        """Its name and where its engine is in memory."""
        return f"{self.name}.{id(self.engine):x}"
