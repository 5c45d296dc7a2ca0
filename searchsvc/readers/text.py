"""Plain text -> Article, headline first.

    Talks on Syria resume in Geneva
    By Jane Doe, Staff Writer
    Published: Sept. 14, 2018

    GENEVA, Sept. 14 (Reuters) - Talks on Syria ...

    [Photo: VOA News / YouTube]

What is not the text of the story goes to its field or is left out, so that a search for a
photographer does not find every story that he illustrated.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from io import BytesIO

from searchsvc.article import Article, path_id
from searchsvc.errors import ReadError
from searchsvc.readers import fields, splitter
from searchsvc.readers.datelines import day_in, of_body
from searchsvc.readers.dates import parse_date
from searchsvc.readers.encoding import clean, decode, one_line
from searchsvc.readers.furniture import byline, is_employer, is_furniture, is_prose, is_rank
from searchsvc.readers.paragraphs import WIDTHS, first_words, paragraphs
from searchsvc.readers.pieces import Item, Note, Piece, Source, read_all

# Mirrors of sites have pages called "story" or "news.php?id=1". NULs are of UTF-16.
_PAGE = re.compile(
    rb"(?:\s|\xef\xbb\xbf|\xff\xfe|\xfe\xff)*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*+-->\s*)*+"
    rb"<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_BEGINNING = 4096  # bytes
_LONGEST_HEADLINE = 300  # characters; a longer first line is a paragraph
LABELS = {
    **dict.fromkeys(("title", "headline"), "title"),
    **dict.fromkeys(("date", "published", "first published", "publication date", "posted"), "date"),
    **dict.fromkeys(("updated", "last updated", "modified", "last modified"), "updated"),
    **dict.fromkeys(("author", "authors", "byline"), "author"),
    **dict.fromkeys(("source", "publisher", "publication"), "source"),
    **dict.fromkeys(("section", "category", "categories", "desk"), "section"),
    **dict.fromkeys(("topics", "topic", "tags", "keywords"), "topics"),
    **{"people": "people", "places": "places", "url": "url", "link": "url"},
}
LISTED = ("people", "places", "topics")
# Fields of many values: what a second line gives is added.
_JOINED = ("author", "section", *LISTED)
# Without a date or an address these are no labels.
_EXACT = ("updated", "last updated", "modified", "last modified", "posted", "url", "link")
_MOST_SMALL = {"topics": 4, "section": 4}  # words in small letters in one value; else 2
_LABELLED = re.compile(r"([A-Za-z][A-Za-z ]{1,20}): *(\S.*)")
_DATED = re.compile(
    r"((?:first )?published|posted|(?:last )?(?:updated|modified))(?: on| at)? (\S.{6,100})", re.I
)
# What else may stand in the line of a date: "3 March 2018 | Updated 4 March 2018", "· 5 min read".
_AFTER_DATE = re.compile(r"\s*[|·•]|,?\s+(?:last )?updated\b", re.I)

Head = dict[str, list[str]]  # field -> its values


def split(source: Source) -> Iterator[Piece]:
    """The whole file is one article; a web page, by how it begins, is read as one."""
    data = read_all(source)
    if _PAGE.match(data[:_BEGINNING].replace(b"\0", b"")):
        yield from splitter("html")(replace(source, stream=BytesIO(data)))
    else:
        yield Piece("", partial(_parse, source, data))


def _parse(source: Source, data: bytes) -> Iterator[Item]:
    text, reservation = decode(data)
    yield from articles_in(source, clean(text), reservation, {})


def articles_in(source: Source, text: str, reservation: str, head: Head) -> Iterator[Item]:
    """The article that *text* is, with *head*: what is known of its fields before."""
    lines = deque(text.split("\n"))
    doubts = [*_read_head(lines, head)]
    one = {name: _joined(values) for name, values in head.items()}
    title = one.get("title", "")
    body, filed = _body(lines)
    if not title and not body:
        raise ReadError("is empty" if not head else "has neither a headline nor a text")
    dates = [one.get("date", ""), one.get("updated", ""), day_in(filed)]
    url = fields.web_address(one.get("url", ""))
    yield Article(
        id=path_id(source.name),
        title=title or first_words(body),
        body=body,
        date=next(filter(None, map(parse_date, dates)), None),
        source=one.get("source", source.publisher),
        author=one.get("author", ""),
        section=one.get("section", ""),
        dateline=filed,
        people=fields.names(head.get("people", ())),
        places=fields.names(head.get("places", ())),
        topics=fields.names(head.get("topics", ())),
        url=url,
    )
    doubts += _reservations(reservation, title, dates, body)
    yield from (Note("", doubt) for doubt in doubts)


def _reservations(encoding: str, title: str, dates: list[str], body: str) -> Iterator[str]:
    if encoding:
        yield encoding
    for date in dates:
        if date and not parse_date(date):
            yield f"date not understood: {date[:60]!r}"
    if not title:
        yield "has no headline; its first words stand for it"
    if not body:
        yield "has a headline and no text"


def _read_head(lines: deque[str], head: Head) -> Iterator[str]:
    """Takes headline, byline and labels off *lines* to *head*, up to the first line of text.

    Gives what is left out of it.
    """
    begins_block = False
    while lines:
        line = one_line(lines[0])
        if line and (found := _labelled(line, head) or ("title" in head and _plain(line))):
            if found[0] == "author" and _goes_on(line, lines, begins_block):
                break
            name, value = found
            yield from add(head, name, fields.listed(value) if name in LISTED else [value])
        elif line and "title" not in head:
            head["title"] = [] if len(line) > _LONGEST_HEADLINE else [line]
            if not head["title"]:
                break
        elif line:
            break
        begins_block = not line
        lines.popleft()


def _goes_on(line: str, lines: deque[str], begins_block: bool) -> bool:
    """Whether *line*, the first of *lines*, looks like a byline and is a sentence broken off."""
    after = one_line(lines[1]) if len(lines) > 1 else ""
    if not after or not byline(line) or is_rank(after):
        return False
    if after[0].islower():
        return True
    # What was broken to a width is as wide as that: "By Labor Day, Pittsburgh and Philadelphia".
    fits = len(line) + 1 + len(after.split()[0]) <= WIDTHS[0]
    return begins_block and not fits and not _plain(after) and not _LABELLED.fullmatch(after)


def add(head: Head, name: str, values: list[str]) -> Iterator[str]:
    """Puts *values* into *head*; gives what is wrong if it already has others."""
    known = head.setdefault(name, [])
    if not known or name in _JOINED:
        known += values
    elif known != values and name in ("title", "source", "url"):
        yield f"has a second {name}, which is left out: {values[0][:60]!r}"


def _joined(values: list[str]) -> str:
    """*values* as one text: a single one as it stands, of many each part once."""
    known = fields.names(values)
    return known[0] if len(known) == 1 else ", ".join(fields.names(fields.listed(", ".join(known))))


def _labelled(line: str, head: Head) -> tuple[str, str] | None:
    found = _LABELLED.fullmatch(line) or _DATED.fullmatch(line)
    label = found[1].lower() if found else ""
    if not found or not (name := LABELS.get(label)):
        return None
    is_date = name in ("date", "updated")
    value = _day(found[2]) if is_date else found[2]
    is_certain = is_date and parse_date(value) is not None
    # "Published in haste" is text; "Source: Russia to leave Syria" a headline until there is one.
    if not is_certain and (found.re is _DATED or ("title" not in head and name != "title")):
        return None
    is_exact = is_certain or (name == "url" and fields.web_address(value))
    if not is_exact and name != "title" and (label in _EXACT or _is_sentence(name, value)):
        return None
    return name, fields.author([value]) if name == "author" else value


def _is_sentence(name: str, value: str) -> bool:
    """Whether *value* is rather text that begins like the label of the field *name*."""
    most = _MOST_SMALL.get(name, 2)
    return any(is_prose(part, most) for part in fields.listed(value))


def _day(text: str) -> str:
    """*text* without what follows the date in it, if it begins with one."""
    first = _AFTER_DATE.split(text, maxsplit=1)[0]
    return first if parse_date(first) else text


def _plain(line: str) -> tuple[str, str] | None:
    """A byline or a date without a label."""
    if author := byline(line):
        return "author", author
    if len(line) <= 60 and parse_date(line):
        return "date", line
    return ("credit", line) if is_furniture(line) or is_employer(line) else None


def _body(lines: deque[str]) -> tuple[str, str]:
    """The text without what stands around it, and the dateline."""
    parts = [part for part in paragraphs("\n".join(lines)).split("\n\n") if part]
    parts = [part for part in parts if not is_furniture(part)]
    filed, body = of_body("\n\n".join(parts))
    return body, filed
