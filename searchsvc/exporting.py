"""All articles that a question finds, whole, as JSON lines or as a table.

>>> from searchsvc.engines.memory import MemoryStore
>>> store = MemoryStore([Article(id="1", title="Oil, again", people=("Ann Bo", "Cy"))])
>>> asked = ExportParameters(q="oil", format=Format.CSV)
>>> list(written(find(store, asked).articles, asked.format))[1][:30]
'1,"Oil, again",,,,,,Ann Bo; Cy'
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from searchsvc.answers import ArticleAnswer
from searchsvc.article import Article
from searchsvc.engines.base import Engine, SearchRequest, SearchResult, Store
from searchsvc.errors import TooBusy
from searchsvc.lexicon import TimedLexicon
from searchsvc.misspelt import unknown_values
from searchsvc.parameters import ExportParameters, Format
from searchsvc.searching import understand

AT_ONCE = 1000  # articles looked up together, and held in memory
SECONDS = 10.0  # for these
COLUMNS = (
    *("id", "title", "date", "source", "author", "section", "dateline"),
    *("people", "places", "topics", "url", "body"),
)
# What a spreadsheet takes for a formula, and would run.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Found:
    """How many articles there are, what was said on the way, and the articles, in order."""

    total: int
    warnings: list[str]
    articles: Iterator[Article]


def find(store: Store, asked: ExportParameters) -> Found:
    """What *asked* asks for, all of one generation, whatever happens to the index meanwhile.

    Raises QueryError, TooBusy where time runs out, also between articles, and what
    `Store.current` raises.
    """
    engine = store.current().engine
    lexicon = TimedLexicon(engine, seconds=SECONDS)
    understood = understand(asked.q, lexicon)
    request = SearchRequest(
        query=understood.resolved,
        filters=asked.filters,
        since=asked.from_,
        until=asked.to,
        sort=asked.sort,
        limit=AT_ONCE,
        seconds=lexicon.left(),
    )
    first = _whole(engine, request)
    unknown = unknown_values(request, first.total, engine, lexicon)
    warnings = [*understood.warnings, *unknown]
    return Found(first.total, warnings, _all(engine, request, first))


def _all(engine: Engine, request: SearchRequest, result: SearchResult) -> Iterator[Article]:
    offset = 0
    while result.hits:
        for hit in result.hits:
            yield hit.article
        offset += len(result.hits)
        if offset >= result.total:
            return
        result = _whole(engine, replace(request, offset=offset, seconds=SECONDS))


def _whole(engine: Engine, request: SearchRequest) -> SearchResult:
    """The page that *request* asks for, nothing left out."""
    result = engine.search(request)
    if result.partial:
        raise TooBusy(
            f"not all articles were found within {SECONDS:g} seconds; ask for less at once, as with"
            " year=1987, or try again"
        )
    return result


def written(articles: Iterable[Article], format: Format) -> Iterator[str]:
    """*articles* as text, some at a time."""
    return _table(articles) if format is Format.CSV else _lines(articles)


def _lines(articles: Iterable[Article]) -> Iterator[str]:
    for article in articles:
        yield ArticleAnswer.of(article).model_dump_json() + "\n"


def _table(articles: Iterable[Article]) -> Iterator[str]:
    yield "\ufeff" + _row(COLUMNS)  # the mark by which spreadsheets know UTF-8
    for article in articles:
        values = article.to_dict()
        yield _row(map(_cell, map(values.__getitem__, COLUMNS)))


def _row(cells: Iterable[str]) -> str:
    row = io.StringIO(newline="")
    csv.writer(row).writerow(cells)
    return row.getvalue()


def _cell(value: str | tuple[str, ...] | None) -> str:
    text = "; ".join(value) if isinstance(value, tuple) else value or ""
    return f"'{text}" if text.startswith(_FORMULA) else text
