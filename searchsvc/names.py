"""The people and places of an archive: how often each is named, and under which spellings.

listed(engine, "people")          -> NameCount, the most frequent first
described(engine, "people", name) -> NameCard: spellings, origins, articles
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from searchsvc.analysis import fold
from searchsvc.article import Article, Entity
from searchsvc.engines.base import Engine, SearchRequest, Sort
from searchsvc.query.tree import All

FIELDS = ("people", "places")
_PAGE = 1000  # articles that are held at once


@dataclass(frozen=True, slots=True)
class NameCount:
    """A name, and the number of articles that bear it."""

    field: str
    name: str
    articles: int


@dataclass(frozen=True, slots=True)
class NamedIn:
    """An article that bears a name."""

    id: str
    date: str | None
    title: str


@dataclass(frozen=True, slots=True)
class NameCard:
    """What the archive knows of one name.

    `spellings` are counted as often as texts spell so, and once for each article that only has
    them as a tag or by a correction. `origins` are counted by article.
    """

    field: str
    name: str
    keys: tuple[str, ...]
    spellings: dict[str, int]
    origins: dict[str, int]
    articles: tuple[NamedIn, ...]


def listed(engine: Engine, fields: Iterable[str] = FIELDS) -> list[NameCount]:
    """The names in *fields*, the most frequent first."""
    wanted = tuple(fields)
    facets = engine.search(SearchRequest(query=All(), limit=0, facets=wanted)).facets
    counts = [NameCount(field, b.value, b.count) for field in wanted for b in facets[field]]
    return sorted(counts, key=lambda one: (-one.articles, one.name, one.field))


def described(engine: Engine, name: str, fields: Iterable[str] = FIELDS) -> list[NameCard]:
    """The person, the place, or both that are called *name*; case and accents do not count."""
    written = fold(" ".join(name.split()))
    found = [one for one in listed(engine, fields) if fold(one.name) == written]
    return [_card(engine, one) for one in found]


def like(engine: Engine, name: str, fields: Iterable[str] = FIELDS) -> list[str]:
    """Names that hold a word of *name*, the most frequent first."""
    words = set(fold(name).split())
    return [one.name for one in listed(engine, fields) if words & set(fold(one.name).split())]


def every_article(
    engine: Engine, filters: dict[str, tuple[str, ...]] | None = None
) -> Iterator[Article]:
    """All articles that pass *filters*, the newest first."""
    offset, total = 0, 1
    while offset < total:
        result = engine.search(
            SearchRequest(
                query=All(), filters=filters or {}, sort=Sort.NEWEST, offset=offset, limit=_PAGE
            )
        )
        yield from (hit.article for hit in result.hits)
        offset, total = offset + _PAGE, result.total


def _card(engine: Engine, one: NameCount) -> NameCard:
    spellings: Counter[str] = Counter()
    origins: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    articles = []
    for article in every_article(engine, {one.field: (one.name,)}):
        articles.append(
            NamedIn(article.id, article.date.isoformat() if article.date else None, article.title)
        )
        for entity in article.entities:
            if (entity.field, entity.name) == (one.field, one.name):
                spellings.update(_spellings(article, entity))
                origins[entity.origin] += 1
                keys[entity.key] += 1
    return NameCard(
        one.field,
        one.name,
        tuple(sorted(keys)),
        dict(spellings.most_common()),
        dict(origins.most_common()),
        tuple(articles),
    )


def _spellings(article: Article, entity: Entity) -> list[str]:
    """How *article* spells it, each time; then the spellings that are not in its texts."""
    texts = [" ".join(getattr(article, m.field)[m.start : m.end].split()) for m in entity.mentions]
    spelt = {fold(text) for text in texts}
    return texts + [alias for alias in entity.aliases if fold(alias) not in spelt]
