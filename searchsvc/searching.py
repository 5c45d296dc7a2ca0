"""A question to an answer: parse, resolve, search, cut snippets.

    parameters -> tree -> resolved tree -> Engine.search -> SearchAnswer -> page | JSON

>>> from searchsvc.engines.memory import MemoryStore
>>> store = MemoryStore([Article(id="1", title="Oil prices fall", body="Oil fell again.")])
>>> answer = search(store, SearchParameters(q="oil -gas"))
>>> answer.total, answer.hits[0].snippets.title.highlights
(1, [(0, 3)])
"""

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

from searchsvc import snippets
from searchsvc.answers import (
    FacetValue,
    HitAnswer,
    Links,
    Passage,
    QueryAnswer,
    SearchAnswer,
    Snippets,
)
from searchsvc.article import Article
from searchsvc.engines.base import Engine, Generation, Hit, SearchRequest, Store
from searchsvc.errors import CursorExpired, ParameterError, QueryError
from searchsvc.parameters import MAX_PAGE, SearchParameters
from searchsvc.query.parser import parse
from searchsvc.query.rewrite import resolve
from searchsvc.query.tree import Query, Word, leaves, map_leaves

SEARCH_SECONDS = 0.8
SNIPPET_SECONDS = 0.4
MAX_FACET_VALUES = 1000  # of one facet in an answer; a facet of a large archive has no end
SEARCH_PATH = "/api/v1/search"


@dataclass(frozen=True, slots=True)
class Understood:
    """A query as an engine will search it, and what was said on the way."""

    typed: Query
    resolved: Query
    warnings: list[str] = field(default_factory=list)


def understand(text: str, engine: Engine) -> Understood:
    """*text* parsed and resolved with the words of *engine*. Raises QueryError."""
    warnings: list[str] = []
    typed = parse(text, warnings.append)
    try:
        resolved = resolve(typed, engine.terms, warnings.append)
    except QueryError as error:
        raise QueryError(error.reason, text, error.position, error.remedy) from None
    return Understood(typed, resolved, warnings)


def search(
    store: Store, asked: SearchParameters, clock: Callable[[], float] = time.perf_counter
) -> SearchAnswer:
    """The page of hits that *asked* asks for.

    Raises QueryError, CursorExpired, ParameterError for a cursor that is none, and what
    `Store.current` raises. *clock* gives seconds.
    """
    started = clock()
    generation, page = _place(store, asked)
    engine = generation.engine
    understood = understand(asked.q, engine)
    result = engine.search(
        SearchRequest(
            query=understood.resolved,
            filters=asked.filters,
            since=asked.from_,
            until=asked.to,
            sort=asked.sort,
            offset=(page - 1) * asked.size,
            limit=asked.size,
            facets=tuple(asked.facets),
            seconds=SEARCH_SECONDS - (clock() - started),
        )
    )
    searched = clock()
    in_time = True
    hits = []
    for hit in result.hits:
        in_time = clock() - searched < SNIPPET_SECONDS
        hits.append(_hit_answer(hit, understood.resolved if in_time else None))
    did_you_mean = _did_you_mean(understood, engine) if result.total == 0 else None
    more = page * asked.size < result.total
    return SearchAnswer(
        query=QueryAnswer(
            q=asked.q,
            parsed=str(understood.typed),
            warnings=understood.warnings,
            did_you_mean=did_you_mean,
        ),
        total=result.total,
        partial=result.partial or not in_time,
        page=page,
        size=asked.size,
        hits=hits,
        facets={
            name: [FacetValue(value=b.value, count=b.count) for b in buckets[:MAX_FACET_VALUES]]
            for name, buckets in result.facets.items()
        },
        links=Links(
            self=_link(asked),
            next=_link(asked, page=None, cursor=_cursor(generation, page + 1)) if more else None,
            prev=_link(asked, page=page - 1, cursor=None) if page > 1 else None,
        ),
        generation=generation.name,
        took_ms=round((clock() - started) * 1000, 3),
    )


def mark(article: Article, text: str, engine: Engine) -> tuple[Passage, Passage]:
    """Title and body of *article*, whole, with the matches of the query *text*."""
    try:
        query = understand(text, engine).resolved if text.strip() else None
    except QueryError:
        query = None
    return _whole(article.title, query, "title"), _whole(article.body, query, "body")


def _whole(text: str, query: Query | None, field: str) -> Passage:
    return Passage(text=text, highlights=snippets.marks(text, query, field) if query else [])


def _hit_answer(hit: Hit, query: Query | None) -> HitAnswer:
    article = hit.article
    values = article.to_dict()
    passages = snippets.passages(article.body, query)
    return HitAnswer(
        **{name: values[name] for name in HitAnswer.model_fields if name in values},
        score=round(hit.score, 6),
        snippets=Snippets(
            title=_whole(article.title, query, "title"),
            body=[Passage(text=p.text, highlights=list(p.highlights)) for p in passages],
        ),
    )


def _link(asked: SearchParameters, **changes: object) -> str:
    query_string = asked.query_string(**changes)
    return f"{SEARCH_PATH}?{query_string}" if query_string else SEARCH_PATH


# A generation never changes and its order is total, so a page of it is a place for ever.


def _cursor(generation: Generation, page: int) -> str:
    return base64.urlsafe_b64encode(f"{generation.name} {page}".encode()).decode().rstrip("=")


def _place(store: Store, asked: SearchParameters) -> tuple[Generation, int]:
    """The generation and the page that are asked for."""
    if asked.cursor is None:
        return store.current(), asked.page
    try:
        padded = asked.cursor + "=" * (-len(asked.cursor) % 4)
        name, page = base64.urlsafe_b64decode(padded.encode("ascii")).decode("ascii").split(" ")
        place = int(page)
    except (ValueError, binascii.Error):
        raise ParameterError("cursor", "is not one that this service gave; begin anew") from None
    if not name.isalnum() or not 1 <= place <= MAX_PAGE:
        raise ParameterError("cursor", "is not one that this service gave; begin anew")
    generation = store.generation(name)
    if generation is None:
        raise CursorExpired(
            "the index has been updated since, and the state that this cursor walks through is no"
            " longer kept; begin anew without the cursor"
        )
    return generation, place


def _did_you_mean(understood: Understood, engine: Engine) -> str | None:
    """The query with each word that no article has put to the nearest one that is there."""
    changed = False

    def nearest(leaf: Query) -> Query:
        nonlocal changed
        if not isinstance(leaf, Word) or len(leaf.text) < 4 or _is_known(leaf, engine):
            return leaf
        better = _nearest_word(leaf.text, leaf.field or "body", engine)
        changed = changed or better is not None
        return Word(better, leaf.field) if better else leaf

    corrected = map_leaves(understood.typed, nearest)
    return str(corrected) if changed else None


def _is_known(leaf: Word, engine: Engine) -> bool:
    resolved = resolve(leaf, engine.terms)
    return engine.search(SearchRequest(query=resolved, limit=0)).total > 0


def _nearest_word(word: str, field: str, engine: Engine) -> str | None:
    """The most frequent of the nearest words within two edits, the first letter kept."""
    near = []
    for known, count in engine.terms(field, word[0]):
        edits = OSA.distance(word, known, score_cutoff=2)
        if edits <= 2:
            near.append((edits, -count, known))
    found = (known for _, _, known in sorted(near) if _is_known(Word(known, field), engine))
    return next(found, None)


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of a query and the articles that it finds alone."""

    query: str
    total: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a query was read, how it is searched, and what each part of it finds."""

    q: str
    parsed: str
    searched: str
    warnings: list[str]
    parts: list[Part]
    total: int


def explain(store: Store, text: str) -> Explanation:
    """What a search for *text* does. Raises QueryError and what `Store.current` raises."""
    engine = store.current().engine
    understood = understand(text, engine)

    def total(query: Query) -> int:
        return engine.search(SearchRequest(query=query, limit=0)).total

    parts = [Part(str(leaf), total(leaf)) for leaf in leaves(understood.resolved)]
    return Explanation(
        q=text,
        parsed=str(understood.typed),
        searched=str(understood.resolved),
        warnings=understood.warnings,
        parts=parts,
        total=total(understood.resolved),
    )
