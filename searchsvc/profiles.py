"""A person or a place, as the archive knows it: spellings, years, company, newest articles.

>>> from searchsvc.engines.memory import MemoryStore
>>> oslo = Entity(field="places", name="Oslo", key="NO-1", origin="tag", aliases=("Kristiania",))
>>> store = MemoryStore([Article(id="1", places=("Oslo",), entities=(oslo,))])
>>> profile(store, "places", "Oslo").spellings
[FacetValue(value='Kristiania', count=1)]
>>> profile(store, "places", "kristiania").candidates
[FacetValue(value='Oslo', count=1)]
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlencode

from searchsvc import analysis, schema
from searchsvc.answers import FacetValue, Meaning, ProfileAnswer, ProfileLinks
from searchsvc.article import Article, Entity
from searchsvc.engines.base import Bucket, Engine, Hit, SearchRequest, SearchResult, Sort, Store
from searchsvc.lexicon import SEARCH_SECONDS
from searchsvc.query.parser import MAX_WORDS
from searchsvc.query.tree import All, Exact, Query
from searchsvc.searching import SEARCH_PATH, hit_answers

NamedField = Literal["people", "places"]
FIELDS: tuple[NamedField, ...] = ("people", "places")

MAX_READ = 1000  # articles whose entities are looked at for one answer
MAX_LOOKED_UP = 200  # articles that are looked at for what a spelling may stand for
MANY = 20  # names in a list
NEWEST = 10
_AT_ONCE = 100  # articles read between two looks at the clock


@dataclass(frozen=True, slots=True)
class Unknown:
    """No article has this name; `candidates` are spelt so, `near` are others with its words."""

    candidates: list[FacetValue]
    near: list[FacetValue]


def profile(
    store: Store, field: NamedField, name: str, clock: Callable[[], float] = time.perf_counter
) -> ProfileAnswer | Unknown:
    """What the archive knows of *name*, or what this may be a spelling of.

    Raises what `Store.current` raises. *clock* gives seconds.
    """
    generation = store.current()
    archive = _Archive(generation.engine, field, clock)
    first = archive.having(name, limit=_AT_ONCE, facets=("year", *FIELDS))
    if not first.total:
        return archive.unknown(name)
    articles = [hit.article for hit in archive.rest(name, first)]
    named = [(a, entity) for a in articles for entity in named_in(a, field) if entity.name == name]
    spelt_so, _ = archive.spelt(name)
    newest, in_time = hit_answers(first.hits[:NEWEST], All(), clock)
    # The engine counts the values of a field as if none of them were chosen.
    beside = Counter(v for a in articles for v in schema.values(a, field) if v != name)
    return ProfileAnswer(
        field=field,
        name=name,
        total=first.total,
        read=len(articles),
        partial=archive.is_late or not in_time,
        spellings=_ranked(Counter(s for a, entity in named for s in _spellings(a, entity))),
        meanings=_meanings(entity for _, entity in named),
        ambiguous=sum(entity.ambiguous for _, entity in named),
        years=_values(sorted(first.facets["year"], key=lambda bucket: int(bucket.value))),
        company={
            other: _ranked(beside)[:MANY] if other == field else _values(first.facets[other][:MANY])
            for other in FIELDS
        },
        see_also=[other for other in spelt_so if other != name][:MANY],
        newest=newest,
        generation=generation.name,
        links=ProfileLinks(
            self=f"/api/v1/{field}/{quote(name, safe='')}",
            search=f"{SEARCH_PATH}?{urlencode([(field, name)])}",
        ),
    )


def named_in(article: Article, field: str) -> Iterator[Entity]:
    """The entities of *article* in *field*; a name that has none was tagged by the source."""
    known = [entity for entity in article.entities if entity.field == field]
    yield from known
    for name in schema.values(article, field):
        if all(entity.name != name for entity in known):
            yield Entity(field=field, name=name, key=analysis.fold(name), origin="tag")


class _Archive:
    """An engine, for so long as one search may take."""

    def __init__(self, engine: Engine, field: NamedField, clock: Callable[[], float]) -> None:
        self.is_late = False
        self._engine = engine
        self._field = field
        self._clock = clock
        self._end = clock() + SEARCH_SECONDS

    def having(
        self, name: str, *, offset: int = 0, limit: int = 0, facets: tuple[str, ...] = ()
    ) -> SearchResult:
        """The articles that have *name* in the field, the newest first."""
        filters: dict[str, tuple[str, ...]] = {self._field: (name,)}
        return self._search(All(), filters=filters, offset=offset, limit=limit, facets=facets)

    def rest(self, name: str, first: SearchResult) -> Iterator[Hit]:
        """The hits of *first* and those after it, as far as the time goes."""
        yield from first.hits
        most = min(first.total, MAX_READ)
        for offset in range(len(first.hits), most, _AT_ONCE):
            if self._clock() > self._end:
                self.is_late = True
                return
            limit = min(_AT_ONCE, most - offset)
            yield from self.having(name, offset=offset, limit=limit).hits

    def unknown(self, name: str) -> Unknown:
        """What is known of a name that no article has."""
        so, near = self.spelt(name)
        last, comma, first = name.partition(", ")
        if comma and not so:
            so, near = self.spelt(f"{first} {last}")
        return Unknown(self._counted(so[:MANY]), self._counted(near[:MANY]))

    def spelt(self, name: str) -> tuple[list[str], list[str]]:
        """Names that some articles spell as *name*, and others that have its words."""
        wanted = _words(name)
        so: Counter[str] = Counter()
        near: Counter[str] = Counter()
        if wanted and len(wanted) <= MAX_WORDS:
            phrase = Exact(wanted, 0, (self._field,))
            for hit in self._search(phrase, limit=MAX_LOOKED_UP).hits:
                for entity in named_in(hit.article, self._field):
                    spellings = [_words(spelt) for spelt in (entity.name, *entity.aliases)]
                    if wanted in spellings:
                        so[entity.name] += 1
                    elif any(set(wanted) <= set(words) for words in spellings):
                        near[entity.name] += 1
        for other in so:
            del near[other]
        return [value for value, _ in so.most_common()], [value for value, _ in near.most_common()]

    def _counted(self, names: list[str]) -> list[FacetValue]:
        found = [FacetValue(value=name, count=self.having(name).total) for name in names]
        return sorted(found, key=lambda name: (-name.count, name.value))

    def _search(
        self,
        query: Query,
        *,
        limit: int,
        offset: int = 0,
        filters: dict[str, tuple[str, ...]] | None = None,
        facets: tuple[str, ...] = (),
    ) -> SearchResult:
        result = self._engine.search(
            SearchRequest(
                query=query,
                filters=filters or {},
                sort=Sort.NEWEST,
                offset=offset,
                limit=limit,
                facets=facets,
                seconds=self._end - self._clock(),
            )
        )
        self.is_late = self.is_late or result.partial
        return result


def _words(name: str) -> tuple[str, ...]:
    return tuple(word.written for word in analysis.written(name))


def _spellings(article: Article, entity: Entity) -> list[str]:
    """How *article* writes the name of *entity*: by an alias, by the name itself, or both."""
    found = list(dict.fromkeys(entity.aliases))
    tags = (*article.people_tags, *article.places_tags)
    if not found or entity.name in tags or any(_is_whole(article, entity)):
        found.append(entity.name)
    return found


def _is_whole(article: Article, entity: Entity) -> Iterator[bool]:
    """Whether each mention is the name as it stands, be it in capitals."""
    wanted = _words(entity.name)
    for mention in entity.mentions:
        yield _words(getattr(article, mention.field)[mention.start : mention.end]) == wanted


def _meanings(entities: Iterable[Entity]) -> list[Meaning]:
    counts: Counter[str] = Counter()
    first: dict[str, Entity] = {}
    for entity in entities:
        counts[entity.key] += 1
        first.setdefault(entity.key, entity)
    return [
        Meaning(
            key=key,
            count=count,
            country=first[key].country,
            kind=first[key].kind,
            latitude=first[key].latitude,
            longitude=first[key].longitude,
        )
        for key, count in counts.most_common()
    ]


def _ranked(counts: Counter[str]) -> list[FacetValue]:
    """Most frequent first, then by value, as facets are."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [FacetValue(value=value, count=count) for value, count in ranked]


def _values(buckets: Iterable[Bucket]) -> list[FacetValue]:
    return [FacetValue(value=bucket.value, count=bucket.count) for bucket in buckets]
