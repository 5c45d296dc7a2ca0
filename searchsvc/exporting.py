"""All articles that a question finds, whole, as JSON lines or as a table.

>>> from searchsvc.engines.memory import MemoryStore
>>> store = MemoryStore([Article(id="1", title="Oil, again", people=("Ann Bo", "Cy"))])
>>> asked = ExportParameters(q="oil", format=Format.CSV)
>>> list(written(find(store, asked).articles, asked.format))[1][:30]
'1,"Oil, again",,,,,,Ann Bo; Cy'
"""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from searchsvc.answers import ArticleAnswer
from searchsvc.article import Article
from searchsvc.engines.base import Engine, SearchRequest, SearchResult, Store
from searchsvc.errors import CursorExpired, TooBusy
from searchsvc.lexicon import TimedLexicon
from searchsvc.misspelt import unknown_values
from searchsvc.parameters import ExportParameters, Format
from searchsvc.searching import request_of, understand

_GONE = "the index changed while it was exported, and its state of before is gone; export again"

AT_ONCE = 1000  # articles looked up together, and held in memory
SECONDS = 2.0  # for these, where others wait for answers
COLUMNS = (
    *("id", "title", "date", "source", "author", "section", "dateline"),
    *("people", "places", "topics", "url", "body"),
)
# What a spreadsheet takes for a formula, and would run.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Found:
    """How many articles there are, what was said on the way, and the articles, in order."""

    total: int
    warnings: list[str]
    articles: Iterator[Article]


def find(store: Store, asked: ExportParameters, seconds: float = SECONDS) -> Found:
    """What *asked* asks for, all of one generation, whatever happens to the index meanwhile.

    Raises QueryError, TooBusy where *seconds* are not enough for some AT_ONCE of the articles, and
    what `Store.current` raises. `articles` raises too, rather than leave any out: TooBusy, and
    CursorExpired where a cluster gave the generation up meanwhile.
    """
    engine = store.current().engine
    lexicon = TimedLexicon(engine, seconds=seconds)
    understood = understand(asked.q, lexicon)
    request = replace(request_of(asked, understood, lexicon), sort=asked.sort, limit=AT_ONCE)
    first = _whole(engine, request)
    unknown = unknown_values(request, first.total, engine, lexicon)
    warnings = [*understood.warnings, *unknown]
    return Found(first.total, warnings, _all(engine, replace(request, seconds=seconds), first))


def _all(engine: Engine, request: SearchRequest, first: SearchResult) -> Iterator[Article]:
    yield from (hit.article for hit in first.hits)
    given = len(first.hits)
    while given < first.total:
        result = _whole(engine, replace(request, offset=given))
        if not result.hits or result.total != first.total:
            raise CursorExpired(_GONE)
        yield from (hit.article for hit in result.hits)
        given += len(result.hits)


def _whole(engine: Engine, request: SearchRequest) -> SearchResult:
    """The page that *request* asks for, nothing left out."""
    try:
        result = engine.search(request)
    except CursorExpired:  # it is ours, and nobody who reads this has one
        raise CursorExpired(_GONE) from None
    if result.partial:
        raise TooBusy(
            "there was not enough time to find all articles; ask for less at once, as with"
            " date:1987 in the query, or try again"
        )
    return result


def written(articles: Iterable[Article], format: Format) -> Iterator[str]:
    """*articles* as text, one at a time, behind what the format begins with."""
    return _table(articles) if format is Format.CSV else _lines(articles)


def _lines(articles: Iterable[Article]) -> Iterator[str]:
    for article in articles:
        yield ArticleAnswer.of(article).model_dump_json() + "\n"


def _table(articles: Iterable[Article]) -> Iterator[str]:
    yield "\ufeff" + _row(COLUMNS)  # the mark by which spreadsheets know UTF-8
    for article in articles:
        yield _row(_cell(getattr(article, name)) for name in COLUMNS)


def _row(cells: Iterable[str]) -> str:
    row = io.StringIO(newline="")
    csv.writer(row).writerow(cells)
    return row.getvalue()


def _cell(value: str | tuple[str, ...] | dt.date | None) -> str:
    match value:
        case dt.date():
            return value.isoformat()
        case tuple():
            text = "; ".join(value)
        case _:
            text = value or ""
    return f"'{text}" if text.startswith(_FORMULA) else text
