"""Reuters-21578 SGML -> Articles, streamed one by one.

    <REUTERS ... NEWID="1"><DATE>26-FEB-1987 15:01:01.79</DATE><PLACES><D>usa</D></PLACES>
    <TEXT><TITLE>...</TITLE><DATELINE>...</DATELINE><BODY>...</BODY></TEXT></REUTERS>

The collection was taken off a telex line in 1987: Latin-1, with control characters as references
(&#5;), text wrapped to 63 columns, and slips of the hand in markup and dates. A BRIEF is a headline
and no more; an UNPROC is a table, with its text straight in TEXT.
"""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from typing import BinaryIO

from bs4 import BeautifulSoup, Tag
from bs4.element import CData, NavigableString
from lxml import etree  # type: ignore[import-untyped]  # lxml has no types

from searchsvc.article import Article, path_id
from searchsvc.errors import ReadError
from searchsvc.readers import fields
from searchsvc.readers.encoding import clean, decode, one_line
from searchsvc.readers.paragraphs import paragraphs
from searchsvc.readers.pieces import MAX_BYTES, Item, Note, Piece, Source, failed, no_items

_BLOCK = 1 << 16  # bytes read at a time
_OPENING = re.compile(rb"<REUTERS(?=[\s>])", re.IGNORECASE)
_CLOSING = re.compile(rb"</REUTERS\s*>", re.IGNORECASE)
_LONGEST_TAG = 16  # bytes that may be the beginning of an opening
_NUMBER = re.compile(rb"<REUTERS[^>]*?\bNEWID\s*=\s*[\"']?(\w{1,32})\b", re.IGNORECASE)
_BETWEEN = re.compile(
    rb"(?:\s|\xef\xbb\xbf|<!DOCTYPE[^>]*>|<!--.*?-->)*+", re.DOTALL | re.IGNORECASE
)

# Parsing what is not read would cost a third of the time.
_UNREAD = re.compile(r"<(UNKNOWN|ORGS|EXCHANGES|COMPANIES)>.*?</\1>", re.DOTALL)
_CONTROL = re.compile(r"&#(?:\d|[12]\d|3[01]|127);|\^M$", re.MULTILINE)
_DELETED = "&#127;"
_WIDTH = 63  # no line of a paragraph in the collection is longer
# On a line of its own, perhaps with a desk; without the "s" of "told Reuters" also after text.
_SIGN_OFF = re.compile(
    r"(?:(?:\n[\s(]*reuters?[\w ]{0,4}|\s+reuter(?:\d\d:\d\d/\w+)?)[\s.)]*)+$", re.IGNORECASE
)
_TAIL = 100  # characters at the end in which it stands
_FILLER = re.compile(r"[\s*]*(?:Blah blah blah\.)?\s*")
# A town in capitals, or in small letters with a day; what else stands in DATELINE is text.
_DATELINE = re.compile(
    r"[\s*]*((?!APRIL)[A-Z]{2}(?:\S| (?! ))*?|[A-Z][\w.]+(?: [\w.]+)*, [A-Z]\w{2,8} \d+)"
    r"(?: - [A-Z][a-z]+ \d+)?[ ,]*(?:\s-+|(?<=\d)-+)"
)
_DATE = re.compile(
    r"\s*(?P<day>\d{1,2})-(?P<month>[A-Z]{3})-(?P<year>\d{4})\b"
    r"(?P<time>\s+(\d\d):(\d\d):(\d\d)\.(\d{1,2})(?:\s+[A-Z]{1,2})*\s*$)?"
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def split(source: Source) -> Iterator[Piece]:
    """One piece for each REUTERS element, as the bytes stream by."""
    count, before = 0, b""
    for chunk in _chunks(source.stream):
        if _OPENING.match(chunk):
            if not count:
                yield from _stray("before the first article", before)
            count += 1
            yield from _pieces(source, f"article {count}", chunk)
        elif count:
            yield Piece("", no_items)  # more of an article that is too large
        else:
            before = chunk
    if not count:
        raise ReadError("has no <REUTERS> article in it")


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes from each opening up to the next, and before those what precedes the first."""
    begun = b""
    for block in iter(partial(stream.read, _BLOCK), b""):
        unseen = max(1, len(begun) - _LONGEST_TAG)
        begun += block
        edges = [0, *(opening.start() for opening in _OPENING.finditer(begun, unseen))]
        yield from (begun[start:end] for start, end in pairwise(edges))
        begun = begun[edges[-1] :]
        if len(begun) > MAX_BYTES:
            yield begun
            begun = begun[-_LONGEST_TAG:]
    yield begun


def _pieces(source: Source, ordinal: str, chunk: bytes) -> Iterator[Piece]:
    number = _NUMBER.match(chunk)
    place = f"NEWID {number[1].decode()}" if number else ordinal
    closing = _CLOSING.search(chunk)
    if len(chunk) > MAX_BYTES:
        yield failed(place, f"is larger than {MAX_BYTES // 1_000_000} MB")
    elif not closing:
        yield failed(place, "has no </REUTERS>: the file ends, or the next article begins, in it")
    else:
        yield Piece(place, partial(_parse, source, place, chunk[: closing.end()]))
        yield from _stray(f"after {place}", chunk[closing.end() :])


def _stray(place: str, data: bytes) -> Iterator[Piece]:
    # An article whose opening is damaged must not vanish without a word.
    if b"</" in data and not _BETWEEN.fullmatch(data):
        yield failed(place, f"{len(data.strip()):,} bytes belong to no <REUTERS> article")


@dataclass(frozen=True, slots=True)
class _Element:
    """What is read of an element: its name in small letters, and its texts and elements."""

    name: str
    parts: "list[str | _Element]"

    @property
    def elements(self) -> "Iterator[_Element]":
        return (part for part in self.parts if isinstance(part, _Element))

    @property
    def text(self) -> str:
        """All of its text."""
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)


def _elements(markup: str) -> list[_Element]:
    """What *markup* holds, whatever slips of the hand there are in it."""
    # Nearly all articles are as good as XML; the patient parser takes ten times as long.
    with suppress(etree.XMLSyntaxError, ValueError):
        return [_of_xml(etree.fromstring(markup, _xml_parser()))]
    return list(_of_soup(BeautifulSoup(markup, "html.parser")).elements)


@cache
def _xml_parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, remove_comments=True, remove_pis=True)


def _of_xml(node: etree._Element) -> _Element:
    parts: list[str | _Element] = [node.text or ""]
    for child in node:
        parts += _of_xml(child), child.tail or ""
    return _Element(str(node.tag).lower(), parts)


def _of_soup(node: Tag) -> _Element:
    parts: list[str | _Element] = []
    for part in node.children:
        if isinstance(part, Tag):
            parts.append(_of_soup(part))
        elif type(part) in (NavigableString, CData):  # no comment
            parts.append(str(part))
    return _Element(node.name, parts)


@dataclass(frozen=True, slots=True)
class _Story:
    title: str
    author: str
    dateline: str
    body: str


def _parse(source: Source, place: str, markup: bytes) -> Iterator[Item]:
    text, _ = decode(markup, declared="latin-1")
    text = _UNREAD.sub("", text)
    if _DELETED * 2 in text:
        # A DEL alone stands for a character that was lost, mostly a blank. In the one story with
        # two in a row (NEWID 8068) none was: there they are padding, in the midst of words.
        text = text.replace(_DELETED, "")
    roots = _elements(_CONTROL.sub(" ", text))
    parts = {part.name: part for root in roots for part in root.elements}
    if "text" not in parts:
        raise ReadError("has no TEXT")
    story = _story(parts["text"])
    date, doubt = _date(parts["date"].text if "date" in parts else "")
    yield Article(
        id=_id(source, place),
        title=story.title,
        body=story.body,
        date=date,
        source="Reuters",
        author=story.author,
        dateline=story.dateline,
        people=_tags(parts, "people"),
        places=_tags(parts, "places"),
        topics=_tags(parts, "topics"),
    )
    if doubt:
        yield Note(place, doubt)
    if not story.title and not story.body:
        yield Note(place, "has no text")
    yield from _unmarked(place, parts)


def _id(source: Source, place: str) -> str:
    kind, _, number = place.partition(" ")
    return f"reuters-{number}" if kind == "NEWID" else path_id(source.name, place)


def _story(text: _Element) -> _Story:
    title = author = dateline = ""
    flow = []
    for part in text.parts:
        name, content = ("", part) if isinstance(part, str) else (part.name, part.text)
        match name:
            case "title":
                title = one_line(content)
            case "author":
                author = fields.author([content])
            case "dateline" if found := _DATELINE.match(content):
                dateline = one_line(found[1])
                flow.append(content)
            case _:
                flow.append(content)
    content = clean("".join(flow)).rstrip()
    if not title:
        first_line, _, content = content.lstrip().partition("\n")
        title = one_line(first_line)
    return _Story(title, author, dateline, _body(content, dateline))


def _body(text: str, dateline: str) -> str:
    if _FILLER.fullmatch(text):
        return ""
    # The dateline stands in the first line: it is cut off when the lines have been joined.
    text = text[:-_TAIL] + _SIGN_OFF.sub("", text[-_TAIL:])
    body = paragraphs(text, _WIDTH).strip(" *\n")
    return re.sub(r"^[ ,]*-+\s*", "", body.removeprefix(dateline)) if dateline else body


def _date(text: str) -> tuple[dt.date | None, str]:
    """The date, and what was wrong with it."""
    found = _DATE.match(text)
    if not found or found["month"] not in _MONTHS:
        return None, f"date not understood: {one_line(text)!r}"
    try:
        date = dt.date(int(found["year"]), _MONTHS.index(found["month"]) + 1, int(found["day"]))
        if found["time"]:
            hour, minute, second, fraction = found.groups()[4:]
            time = dt.time(int(hour), int(minute), int(second), int(fraction.ljust(6, "0")))
            return dt.datetime.combine(date, time), ""
    except ValueError:
        return None, f"date not understood: {one_line(text)!r}"
    return date, f"time not understood, the day is: {one_line(text)!r}"


def _tags(parts: dict[str, _Element], name: str) -> tuple[str, ...]:
    return fields.names(tag.text for tag in parts[name].elements) if name in parts else ()


def _unmarked(place: str, parts: dict[str, _Element]) -> Iterator[Note]:
    for name in ("people", "places", "topics"):
        for text in parts[name].parts if name in parts else ():
            if isinstance(text, str) and text.strip():
                yield Note(place, f"{one_line(text)!r} in {name.upper()} is not marked as a tag")
