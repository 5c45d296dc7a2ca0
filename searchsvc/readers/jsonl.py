"""JSON Lines -> Articles: one article a line, under the names that scrapers and feeds use.

    {"headline": "Talks resume", "text": "...", "datePublished": "2018-09-14", "byline": "..."}

A .json file may also hold one article over many lines, an array of them, or the answer of an API
with a list of them. A name that is not in NAMES is passed over. A title or body that is no text is
a problem that says so; what is no text in another field is noted and left out.
"""

import datetime as dt
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from searchsvc.article import Article, is_valid_id, path_id, url_id
from searchsvc.errors import ReadError
from searchsvc.readers import fields
from searchsvc.readers.datelines import of_body
from searchsvc.readers.dates import from_epoch, parse_date
from searchsvc.readers.encoding import clean, decode, one_line
from searchsvc.readers.fragments import plain_text
from searchsvc.readers.jsonstream import Chunk, chunks
from searchsvc.readers.paragraphs import first_words, paragraphs
from searchsvc.readers.pieces import Item, Note, Piece, Source, failed, no_items

# What may stand for a body, and as well describe a list of articles.
SUMMARIES = ("summary", "description", "abstract", "excerpt", "trailText")
BODIES = (
    *("body", "text", "content", "maintext", "articleBody", "article_body", "full_text"),
    *("bodyText", "content_text", "content_html"),
)
# Field -> the names it goes by, whatever their capitals; the first that has a value counts.
NAMES = {
    "id": ("id", "_id", "guid", "uuid"),
    "title": ("title", "headline", "name", "webTitle"),
    "body": (*BODIES, *SUMMARIES),
    "date": (
        *("date", "published", "published_at", "publishedAt", "date_publish", "date_published"),
        *("datePublished", "publish_date", "pubDate", "pub_date", "webPublicationDate"),
        *("created_at", "timestamp"),
    ),
    "source": ("source", "publisher", "site", "site_name", "source_domain", "domain"),
    "author": ("author", "authors", "byline", "creator"),
    "section": ("section", "category", "articleSection", "sectionName"),
    "dateline": ("dateline",),
    "people": ("people", "persons"),
    "places": ("places", "locations"),
    "topics": ("topics", "tags", "keywords"),
    "url": ("url", "link", "canonical_url", "web_url", "webUrl"),
}
# What only an article has that was exported from an index: the names that its source gave.
TAGS = {"people": "people_tags", "places": "places_tags"}
# Objects within the object that hold its fields: of Elasticsearch, of the Guardian.
WRAPPERS = ("_source", "fields")
# Where an object without a body lists articles: feeds, answers of APIs and search engines.
LISTS = ("articles", "response.results", "hits.hits", "results", "items", "posts", "data")
# What an article has and a picture in it mostly has not.
PLACED = (*NAMES["url"], *NAMES["date"])
# What is no text in these is noted and left out.
NOTED = ("source", "author", "section", "dateline", "people", "places", "topics")
# Of an object that stands for a text, the keys under which it may have it.
INNER = ("name", "rendered", "webTitle", "$date", "$oid")

_CUT_SHORT = re.compile(r"\[\+\d+ chars\]\s*$")  # how NewsAPI ends what it does not give whole

_Given = dict[str, tuple[str, Any]]


def split(source: Source) -> Iterator[Piece]:
    """One piece a line, or an object of what is not written in lines."""
    pieces = map(partial(_piece, source), chunks(source.stream, source.name))
    first = next(pieces, None)
    if not first:
        raise ReadError("has no articles in it")
    yield first
    yield from pieces


def _piece(source: Source, chunk: Chunk | None) -> Piece:
    if not chunk:
        return Piece("", no_items)
    if chunk.fault:
        return failed(chunk.place, chunk.fault)
    return Piece(chunk.place, partial(_parse, source, chunk))


def _parse(source: Source, chunk: Chunk) -> Iterator[Item]:
    text, reservation = decode(chunk.data)
    record, twice = _load(text)
    yield from _items(source, chunk.place, str(chunk.number), record)
    for doubt in (reservation, *(f"{key!r} occurs twice, the last counts" for key in twice)):
        if doubt:
            yield Note(chunk.place, doubt)


def _items(source: Source, place: str, number: str, record: Any) -> Iterator[Item]:
    """The article that *record* is, or those that it lists."""
    if not isinstance(record, dict):
        raise ReadError(f"is {_shown(record)}, not an object with the fields of an article")
    given = _given(record)
    if listed := _articles_in(record, given):
        for count, part in enumerate(listed, start=1):
            inner = f"{place}, article {count}"
            yield from Piece(
                inner, partial(_items, source, inner, f"{number}.{count}", part)
            ).items()
        if _has(given, NAMES["title"]):
            title = _shown(_first(given, NAMES["title"])[1])
            yield Note(place, f"lists articles; its own title is passed over: {title}")
        return
    values = {field: _first(given, keys) for field, keys in NAMES.items()}
    is_ours = record.keys() >= set(TAGS.values())
    if is_ours:  # names are found in it anew, beside those that its source gave
        values |= {field: _first(given, (key,)) for field, key in TAGS.items()}
    article = _article(source, number, values, is_ours)
    if not article.title and not article.body and not is_ours:
        raise ReadError(_nothing_found(record, given))
    yield article
    yield from (Note(place, doubt) for doubt in _doubts(values, article))


def _load(text: str) -> tuple[Any, list[str]]:
    """The value, and the keys that occur twice in an object of it."""
    twice: list[str] = []

    def as_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(pairs)
        if len(values) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            twice.extend(key for key in values if counts[key] > 1)
        return values

    try:
        # NaN and Infinity are no JSON; a field that is NaN is as good as missing.
        return json.loads(text, object_pairs_hook=as_dict, parse_constant=lambda _: None), twice
    except json.JSONDecodeError as error:
        raise ReadError(f"is not JSON: {error.msg} at character {error.pos + 1:,}") from None
    except ValueError as error:  # a number of thousands of digits
        raise ReadError(f"is not JSON that can be read: {error}") from None


def _given(record: dict[str, Any]) -> _Given:
    """The keys that have a value, in small letters, each as it is written and with the value."""
    given: _Given = {}
    wrapped: _Given = {}
    for key, value in record.items():
        name, plain = key.casefold(), _without_gaps(_plain(value))
        if name in WRAPPERS and isinstance(value, dict):
            wrapped |= _given(value)
        elif plain not in (None, [], {}):
            given.setdefault(name, (key, plain))
    return wrapped | given


def _without_gaps(value: Any) -> Any:
    """*value*, None where it is only white space, and a list without parts that are none."""
    if isinstance(value, list):
        return [part for part in value if part is not None and not _is_blank(part)]
    return None if _is_blank(value) else value


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _first(given: _Given, keys: tuple[str, ...]) -> tuple[str, Any]:
    found = (given[key.casefold()] for key in keys if key.casefold() in given)
    return next(found, (keys[0], None))


def _articles_in(record: dict[str, Any], given: _Given) -> list[Any] | None:
    """The list in *record*, where *record* is around articles and none itself."""
    if _has(given, BODIES):
        return None
    lists = (value for path in LISTS if isinstance(value := _value_at(record, path), list))
    listed = next((parts for parts in lists if any(isinstance(part, dict) for part in parts)), None)
    # A feed has a title and a description too; so has an article that lists prices or pictures.
    if listed and _has(given, NAMES["title"] + SUMMARIES):
        is_placed = _has(given, PLACED)
        return listed if any(_may_be_article(part, is_placed) for part in listed) else None
    return listed


def _may_be_article(part: Any, is_placed: bool) -> bool:
    """Whether *part* of a list is more than a picture; *is_placed* if what lists it has a url."""
    if not isinstance(part, dict):
        return False
    given = _given(part)
    if _has(given, NAMES["title"]) and _has(given, BODIES):
        return True
    if is_placed:
        return _has(given, PLACED) and _has(given, NAMES["title"] + NAMES["body"])
    has_mark = _has(given, PLACED + NAMES["id"])
    return _has(given, NAMES["body"]) or (has_mark and _has(given, NAMES["title"]))


def _has(given: _Given, keys: tuple[str, ...]) -> bool:
    return _first(given, keys)[1] is not None


def _value_at(record: dict[str, Any], path: str) -> Any:
    value: Any = record
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _nothing_found(record: dict[str, Any], given: _Given) -> str:
    empty = next((path for path in LISTS if _value_at(record, path) == []), None)
    if empty:
        return f"has no articles in it: {empty!r} is empty"
    seen = _shown([key for key, _ in given.values()], 200)
    known = ", ".join((*NAMES["title"], *NAMES["body"]))
    return f"has neither a title nor a body; keys with a value: {seen}; keys understood: {known}"


def _article(source: Source, number: str, values: _Given, is_ours: bool) -> Article:
    """The article that has these *values*; of one that *is_ours* the texts stay as they are."""

    def texts(field: str) -> list[str]:
        return _texts(values[field][1])

    def names(field: str) -> tuple[str, ...]:
        value = values[field][1]
        return fields.names(fields.listed(value) if isinstance(value, str) else _texts(value))

    title, body = _text(*values["title"]), _text(*values["body"])
    filed = one_line(" ".join(texts("dateline")))
    if is_ours:
        title, body = one_line(title), clean(body)
    else:
        title = one_line(plain_text(title))
        body = paragraphs(clean(plain_text(_CUT_SHORT.sub("", body))))
        if not filed:
            filed, body = of_body(body)
    url = fields.web_address(next(iter(texts("url")), ""))
    default_id = url_id(url) if url else path_id(source.name, number)
    publisher = one_line(" ".join(texts("source"))) or fields.host(url)
    return Article(
        id=_safe(_id(values["id"][1])) or default_id,
        title=title or first_words(body),
        body=body,
        date=_date(values["date"][1]),
        source=publisher.removeprefix("www.") or ("" if is_ours else source.publisher),
        author=fields.author(texts("author")),
        section=", ".join(names("section")),
        dateline=filed,
        people=names("people"),
        places=names("places"),
        topics=names("topics"),
        url=url,
    )


def _doubts(values: _Given, article: Article) -> Iterator[str]:
    if values["date"][1] is not None and not article.date:
        yield f"date not understood: {_shown(values['date'][1])}"
    if values["url"][1] is not None and not article.url:
        yield f"no web address: {_shown(values['url'][1])}"
    raw_id = _id(values["id"][1])
    if values["id"][1] is not None and not raw_id:
        yield f"id not understood: {_shown(values['id'][1])}"
    if raw_id and raw_id != article.id:
        yield f"id {_shown(raw_id)} cannot stand in a URL; it is {article.id!r} here"
    for field in NOTED:
        key, value = values[field]
        if odd := _not_text(value):
            yield f"{key!r}: left out what is no text: {_shown(odd)}"
    if values["title"][1] is None:
        yield "has no title; its first words stand for it"
    if not article.body:
        yield "has a title and no text"
    elif _CUT_SHORT.search(_text(*values["body"])):
        yield "its text was cut short by the source"


def _safe(raw_id: str) -> str:
    if not raw_id or is_valid_id(raw_id):
        return raw_id
    return "x-" + hashlib.sha256(raw_id.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _id(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _date(value: Any) -> dt.date | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return from_epoch(value)
    return parse_date(" ".join(_texts(value)))


def _text(key: str, value: Any) -> str:
    """All of *value*: what is missing in a title or body would be missed."""
    match value:
        case None:
            return ""
        case str():
            return value
        case list() if all(isinstance(part, str) for part in value):
            return "\n\n".join(value)
        case _:
            raise ReadError(f"{key!r} is {_shown(value)}, not text")


def _texts(value: Any) -> list[str]:
    """The texts in *value*, one or a list of them; `_not_text` tells what else is in it."""
    return [part for part in _parts(value) if isinstance(part, str)]


def _not_text(value: Any) -> list[Any]:
    return [part for part in _parts(value) if part is not None and not isinstance(part, str)]


def _parts(value: Any) -> list[Any]:
    return [_plain(part) for part in (value if isinstance(value, list) else [value])]


def _plain(value: Any) -> Any:
    """*value*, or the text that stands in it; None for what only looks like a tag."""
    match value:
        case {"webTitle": _, "type": str(kind)} if kind != "keyword":
            return None  # the Guardian lists writers, series and forms among its tags
        case dict():
            return next((value[key] for key in INNER if key in value), value)
        case _:
            return value


def _shown(value: Any, longest: int = 60) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else text[: longest - 1] + "…"
