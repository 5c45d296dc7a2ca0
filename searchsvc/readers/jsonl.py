"""JSON Lines -> Articles: one article a line, under the names that scrapers and feeds use.

    {"headline": "Talks resume", "text": "...", "datePublished": "2018-09-14", "byline": "..."}

A .json file may also hold one article over many lines, or an array of them. A name that is not in
NAMES is passed over; a value that is not of the field's kind is a problem that says which.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from searchsvc.article import Article, is_valid_id, path_id, url_id
from searchsvc.errors import ReadError
from searchsvc.readers import fields
from searchsvc.readers.dates import from_epoch, parse_date
from searchsvc.readers.encoding import clean, decode, one_line
from searchsvc.readers.fragments import plain_text
from searchsvc.readers.jsonstream import Chunk, chunks
from searchsvc.readers.paragraphs import first_words, paragraphs
from searchsvc.readers.pieces import Item, Note, Piece, Source, failed, no_items

# Field -> the names it goes by; the first that has a value counts.
NAMES = {
    "id": ("id", "_id", "guid", "uuid"),
    "title": ("title", "headline", "name"),
    "body": (
        *("body", "text", "content", "maintext", "articleBody", "article_body", "full_text"),
        *("summary", "description", "abstract"),
    ),
    "date": (
        *("date", "published", "published_at", "publishedAt", "date_publish", "date_published"),
        *("datePublished", "publish_date", "pubDate", "pub_date", "created_at", "timestamp"),
    ),
    "source": ("source", "publisher", "site", "site_name", "source_domain", "domain"),
    "author": ("author", "authors", "byline", "creator"),
    "section": ("section", "category", "articleSection"),
    "dateline": ("dateline",),
    "people": ("people", "persons"),
    "places": ("places", "locations"),
    "topics": ("topics", "tags", "keywords"),
    "url": ("url", "link", "canonical_url", "web_url"),
}


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
    if not isinstance(record, dict):
        raise ReadError(f"is {_shown(record)}, not an object with the fields of an article")
    values = {field: _first(record, keys) for field, keys in NAMES.items()}
    article = _article(source, chunk, values)
    yield article
    doubts = (reservation, *(f"{key!r} occurs twice, the last counts" for key in twice))
    for doubt in (*doubts, *_doubts(values, article)):
        if doubt:
            yield Note(chunk.place, doubt)


def _load(text: str) -> tuple[Any, list[str]]:
    """The value, and the keys that occur twice in an object of it."""
    twice: list[str] = []

    def as_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(pairs)
        if len(values) < len(pairs):
            keys = [key for key, _ in pairs]
            twice.extend(key for key in values if keys.count(key) > 1)
        return values

    try:
        # NaN and Infinity are no JSON; a field that is NaN is as good as missing.
        return json.loads(text, object_pairs_hook=as_dict, parse_constant=lambda _: None), twice
    except json.JSONDecodeError as error:
        raise ReadError(f"is not JSON: {error.msg} at character {error.pos + 1:,}") from None
    except ValueError as error:  # a number of thousands of digits
        raise ReadError(f"is not JSON that can be read: {error}") from None


def _first(record: dict[str, Any], keys: tuple[str, ...]) -> tuple[str, Any]:
    found = ((key, record[key]) for key in keys if record.get(key) not in (None, "", [], {}))
    return next(found, (keys[0], None))


def _article(source: Source, chunk: Chunk, values: dict[str, tuple[str, Any]]) -> Article:
    title = one_line(plain_text(_text(*values["title"])))
    body = paragraphs(clean(plain_text(_text(*values["body"]))))
    if not title and not body:
        raise ReadError("has neither a title nor a body")
    url = fields.web_address(_text(*values["url"]))
    default_id = url_id(url) if url else path_id(source.name, chunk.number)
    publisher = one_line(_text(*values["source"])) or fields.host(url)
    return Article(
        id=_safe(_id(*values["id"])) or default_id,
        title=title or first_words(body),
        body=body,
        date=_date(*values["date"]),
        source=publisher.removeprefix("www.") or source.publisher,
        author=fields.author(_parts(*values["author"])),
        section=", ".join(fields.names(_list(*values["section"]))),
        dateline=one_line(_text(*values["dateline"])),
        people=fields.names(_list(*values["people"])),
        places=fields.names(_list(*values["places"])),
        topics=fields.names(_list(*values["topics"])),
        url=url,
    )


def _doubts(values: dict[str, tuple[str, Any]], article: Article) -> Iterator[str]:
    if values["date"][1] is not None and not article.date:
        yield f"date not understood: {_shown(values['date'][1])}"
    if values["url"][1] is not None and not article.url:
        yield f"no web address: {_shown(values['url'][1])}"
    raw_id = _id(*values["id"])
    if raw_id and raw_id != article.id:
        yield f"id {_shown(raw_id)} cannot stand in a URL; it is {article.id!r} here"
    if values["title"][1] is None:
        yield "has no title; its first words stand for it"
    if not article.body:
        yield "has a title and no text"


def _safe(raw_id: str) -> str:
    if not raw_id or is_valid_id(raw_id):
        return raw_id
    return "x-" + hashlib.sha256(raw_id.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _id(key: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(key, value)


def _date(key: str, value: Any) -> dt.date | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return from_epoch(value)
    return parse_date(_text(key, value))


def _text(key: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case str(text) | {"name": str(text)}:
            return text
        case list() if all(isinstance(part, str) for part in value):
            return "\n\n".join(value)
        case _:
            raise ReadError(f"{key!r} is {_shown(value)}, not text")


def _list(key: str, value: Any) -> list[str]:
    return fields.listed(value) if isinstance(value, str) else _parts(key, value)


def _parts(key: str, value: Any) -> list[str]:
    return [_text(key, part) for part in (value if isinstance(value, list) else [value])]


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"
