"""A question to an answer: parse, resolve, search, cut snippets.

    parameters -> tree -> resolved tree -> Engine.search -> SearchAnswer -> page | JSON

>>> from searchsvc.engines.memory import MemoryStore
>>> store = MemoryStore([Article(id="1", title="Oil prices fall", body="Oil fell again.")])
>>> answer = search(store, SearchParameters(q="oil -gas"))
>>> answer.total, answer.hits[0].snippets.title.highlights
(1, [(0, 3)])
"""

import base64
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

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
from searchsvc.engines.base import Engine, Generation, Hit, SearchRequest, SearchResult, Store
from searchsvc.errors import CursorExpired, IndexProblem, ParameterError, QueryError
from searchsvc.lexicon import TimedLexicon
from searchsvc.misspelt import did_you_mean, unknown_values
from searchsvc.parameters import Question, SearchParameters
from searchsvc.query.parser import parse
from searchsvc.query.pasted import Origin, origin
from searchsvc.query.rewrite import Lexicon, resolve
from searchsvc.query.tree import Query, leaves
from searchsvc.snippets import Marker

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
        resolved = resolve(typed, lexicon, warnings.append, pasted=origin(text) is not Origin.TYPED)
    except QueryError as error:
        raise QueryError(error.reason, text, error.position, error.remedy) from None
    return Understood(typed, resolved, warnings)


def request_of(asked: Question, understood: Understood, lexicon: TimedLexicon) -> SearchRequest:
    """What an engine is asked for *asked*, in the time that *lexicon* has left."""
    return SearchRequest(
        query=understood.resolved,
        filters=asked.filters,
        since=asked.from_,
        until=asked.to,
        seconds=lexicon.left(),
    )


def search(
    store: Store, asked: SearchParameters, clock: Callable[[], float] = time.perf_counter
) -> SearchAnswer:
    """The page of hits that *asked* asks for.

    Raises QueryError, CursorExpired, ParameterError for a cursor that is none, and what
    `Store.current` raises. *clock* gives seconds.
    """
    started = clock()
    generation, offset = _place(store, asked)
    engine = generation.engine
    lexicon = TimedLexicon(engine, clock)
    understood = understand(asked.q, lexicon)
    request = replace(
        request_of(asked, understood, lexicon),
        sort=asked.sort,
        offset=offset,
        limit=asked.size,
        facets=tuple(asked.facets),
    )
    result = engine.search(request)
    unknown = list(unknown_values(request, result.total, engine, lexicon))
    better = None
    if not result.total:
        better = did_you_mean(asked.q, understood.typed, request, engine, lexicon)
    hits, in_time = hit_answers(result.hits, understood.resolved, clock)
    return SearchAnswer(
        query=QueryAnswer(
            q=asked.q,
            parsed=str(understood.typed),
            warnings=[*understood.warnings, *unknown],
            did_you_mean=better,
        ),
        total=result.total,
        partial=result.partial or not in_time or lexicon.late,
        page=offset // asked.size + 1,
        size=asked.size,
        offset=offset,
        hits=hits,
        facets={
            name: [FacetValue(value=b.value, count=b.count) for b in buckets[:MAX_FACET_VALUES]]
            for name, buckets in result.facets.items()
        },
        links=_links(asked, generation, offset, result.total),
        generation=generation.name,
        took_ms=round((clock() - started) * 1000, 3),
    )


def mark(article: Article, text: str, engine: Engine) -> tuple[Passage, Passage]:
    """Title and body of *article*, whole, with the matches of the query *text*."""
    lexicon = TimedLexicon(engine)
    try:
        query = understand(text, lexicon).resolved if text.strip() else None
    except QueryError:
        query = None
    if lexicon.late:
        query = None
    return _whole(article.title, Marker(query, "title")), _whole(
        article.body, Marker(query, "body")
    )


def _whole(text: str, marker: Marker) -> Passage:
    return Passage(text=text, highlights=marker.marks(text))


def hit_answers(
    hits: tuple[Hit, ...], query: Query, clock: Callable[[], float]
) -> tuple[list[HitAnswer], bool]:
    """The hits with their passages, and whether there was time to look for all of them."""
    started = clock()
    markers = Marker(query, "title"), Marker(query, "body")
    answers = []
    in_time = True
    for hit in hits:
        if in_time and clock() - started >= SNIPPET_SECONDS:
            in_time = False
            markers = Marker(None, "title"), Marker(None, "body")
        answers.append(_hit_answer(hit, *markers))
    return answers, in_time


def _hit_answer(hit: Hit, in_title: Marker, in_body: Marker) -> HitAnswer:
    article = hit.article
    passages = in_body.passages(article.body)
    return HitAnswer(
        id=article.id,
        title=article.title,
        date=article.date.isoformat() if article.date else None,
        source=article.source,
        people=list(article.people),
        places=list(article.places),
        topics=list(article.topics),
        score=round(hit.score, 6),
        url=article.url,
        snippets=Snippets(
            title=_whole(article.title, in_title),
            body=[Passage(text=p.text, highlights=list(p.highlights)) for p in passages],
        ),
    )


def _links(asked: SearchParameters, generation: Generation, offset: int, total: int) -> Links:
    following = offset + asked.size
    if offset == 0:
        before = None
    elif asked.cursor is None:
        before = _link(asked, page=min(asked.page - 1, max(1, -(-total // asked.size))))
    else:  # back through the same generation
        before = _cursor_link(asked, generation, max(0, offset - asked.size))
    return Links(
        self=_link(asked),
        next=_cursor_link(asked, generation, following) if following < total else None,
        prev=before,
    )


def _link(asked: SearchParameters, **changes: object) -> str:
    query_string = asked.query_string(**changes)
    return f"{SEARCH_PATH}?{query_string}" if query_string else SEARCH_PATH


# A generation never changes and its order is total, so the place of a hit is its place for ever.


def _cursor_link(asked: SearchParameters, generation: Generation, offset: int) -> str:
    place = base64.urlsafe_b64encode(f"{generation.identity}:{offset}".encode())
    return _link(asked, page=None, cursor=place.decode().rstrip("="))


def _place(store: Store, asked: SearchParameters) -> tuple[Generation, int]:
    """The generation that is asked for, and how many of its hits come before the page."""
    if asked.cursor is None:
        return store.current(), (asked.page - 1) * asked.size
    place = re.fullmatch(r"(([0-9A-Za-z]+)\.[0-9a-f]+):([0-9]{1,12})", _decoded(asked.cursor))
    if not place:
        raise ParameterError("cursor", "is not one that this service gave; begin anew without it")
    try:
        generation = store.generation(place[2])
    except IndexProblem:  # of a version before this one
        generation = None
    if generation is None or generation.identity != place[1]:
        raise CursorExpired(
            "the index has been updated since, and the state that this cursor walks through is no"
            " longer kept; begin anew without the cursor"
        )
    return generation, int(place[3])


def _decoded(cursor: str) -> str:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return base64.urlsafe_b64decode(padded.encode("ascii")).decode("ascii")
    except ValueError:
        return ""


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


def explain(store: Store, text: str, clock: Callable[[], float] = time.perf_counter) -> Explanation:
    """What a search for *text* does. Raises QueryError and what `Store.current` raises."""
    engine = store.current().engine
    lexicon = TimedLexicon(engine, clock)
    understood = understand(text, lexicon)

    def found(query: Query) -> SearchResult:
        return engine.search(SearchRequest(query=query, limit=0, seconds=lexicon.left()))

    whole = found(understood.resolved)
    parts = [(leaf, found(leaf)) for leaf in leaves(understood.resolved)]
    late = lexicon.late or any(result.partial for result in (whole, *(r for _, r in parts)))
    return Explanation(
        q=text,
        parsed=str(understood.typed),
        searched=str(understood.resolved),
        warnings=[*understood.warnings, *(["time ran out: there may be more"] if late else [])],
        parts=[Part(str(leaf), result.total) for leaf, result in parts],
        total=whole.total,
    )
