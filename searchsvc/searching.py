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
from collections.abc import Callable, Iterator
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
from searchsvc.errors import CursorExpired, IndexProblem, ParameterError, QueryError
from searchsvc.parameters import MAX_PAGE, SearchParameters
from searchsvc.query.parser import parse
from searchsvc.query.rewrite import Lexicon, resolve
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


def understand(text: str, lexicon: Lexicon) -> Understood:
    """*text* parsed, and resolved with the words that *lexicon* lists. Raises QueryError."""
    warnings: list[str] = []
    typed = parse(text, warnings.append)
    try:
        resolved = resolve(typed, lexicon, warnings.append)
    except QueryError as error:
        raise QueryError(error.reason, text, error.position, error.remedy) from None
    return Understood(typed, resolved, warnings)


class _TimedLexicon:
    """The words of an engine until time is up; `late` tells that some were not looked at."""

    def __init__(self, engine: Engine, end: float, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._end = end
        self._clock = clock
        self.late = False

    def __call__(self, field: str, prefix: str) -> Iterator[tuple[str, int]]:
        for count, term in enumerate(self._engine.terms(field, prefix)):
            if count % 256 == 0 and self._clock() > self._end:
                self.late = True
            if self.late:
                return
            yield term

    def left(self) -> float:
        """Seconds that are left; none if words are missing, since what they mean is unknown."""
        return -1.0 if self.late else self._end - self._clock()


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
    lexicon = _TimedLexicon(engine, started + SEARCH_SECONDS, clock)
    understood = understand(asked.q, lexicon)
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
            seconds=lexicon.left(),
        )
    )
    hits, in_time = _hit_answers(result.hits, understood.resolved, clock)
    return SearchAnswer(
        query=QueryAnswer(
            q=asked.q,
            parsed=str(understood.typed),
            warnings=understood.warnings,
            did_you_mean=None if result.total else _did_you_mean(understood.typed, engine, lexicon),
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
        links=_links(asked, generation, page, result.total),
        generation=generation.name,
        took_ms=round((clock() - started) * 1000, 3),
    )


def mark(article: Article, text: str, engine: Engine) -> tuple[Passage, Passage]:
    """Title and body of *article*, whole, with the matches of the query *text*."""
    lexicon = _TimedLexicon(engine, time.perf_counter() + SEARCH_SECONDS, time.perf_counter)
    try:
        query = understand(text, lexicon).resolved if text.strip() else None
    except QueryError:
        query = None
    if lexicon.late:
        query = None
    return _whole(article.title, query, "title"), _whole(article.body, query, "body")


def _whole(text: str, query: Query | None, field: str) -> Passage:
    return Passage(text=text, highlights=snippets.marks(text, query, field) if query else [])


def _hit_answers(
    hits: tuple[Hit, ...], query: Query, clock: Callable[[], float]
) -> tuple[list[HitAnswer], bool]:
    """The hits with their passages, and whether there was time to look for all of them."""
    started = clock()
    answers = []
    in_time = True
    for hit in hits:
        in_time = in_time and clock() - started < SNIPPET_SECONDS
        answers.append(_hit_answer(hit, query if in_time else None))
    return answers, in_time


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


def _links(asked: SearchParameters, generation: Generation, page: int, total: int) -> Links:
    more = page * asked.size < total
    return Links(
        self=_link(asked),
        next=_link(asked, page=None, cursor=_cursor(generation, page + 1)) if more else None,
        prev=_link(asked, page=page - 1, cursor=None) if page > 1 else None,
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
    try:
        generation = store.generation(name)
    except IndexProblem:  # of a version before this one
        generation = None
    if generation is None:
        raise CursorExpired(
            "the index has been updated since, and the state that this cursor walks through is no"
            " longer kept; begin anew without the cursor"
        )
    return generation, place


def _did_you_mean(typed: Query, engine: Engine, lexicon: _TimedLexicon) -> str | None:
    """The query with each word that no article has put to the nearest one that is there."""
    changed = False

    def nearest(leaf: Query) -> Query:
        nonlocal changed
        if not isinstance(leaf, Word) or len(leaf.text) < 4 or _is_known(leaf, engine, lexicon):
            return leaf
        better = _nearest(leaf, engine, lexicon)
        changed = changed or better is not None
        return better or leaf

    corrected = map_leaves(typed, nearest)
    return str(corrected) if changed else None


def _is_known(leaf: Word, engine: Engine, lexicon: _TimedLexicon) -> bool:
    resolved = resolve(leaf, lexicon)
    found = engine.search(SearchRequest(query=resolved, limit=0, seconds=lexicon.left()))
    return found.total > 0 or found.partial


def _nearest(leaf: Word, engine: Engine, lexicon: _TimedLexicon) -> Word | None:
    """The most frequent of the nearest words within two edits, the first letter kept."""
    near = []
    for known, count in lexicon(leaf.field or "body", leaf.text[0]):
        edits = OSA.distance(leaf.text, known, score_cutoff=2)
        if edits <= 2:
            near.append((edits, -count, known))
    words = (Word(known, leaf.field) for _, _, known in sorted(near))
    return next((word for word in words if _is_known(word, engine, lexicon)), None)


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
    understood = understand(text, engine.terms)

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
