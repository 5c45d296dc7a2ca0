"""Text to HTML: the only place that puts tags around text of articles.

>>> marked(Passage(text="<b> & oil", highlights=[(6, 9)]))
Markup('&lt;b&gt; &amp; <mark>oil</mark>')
>>> marked(LinkedPassage(text="In Oslo", highlights=[(0, 4)], links=(Link(3, 7, "/x", "Oslo"),)))
Markup('<mark>In </mark><a href="/x" title="Oslo"><mark>O</mark>slo</a>')

Every piece is escaped, then marked and linked; with the tags taken away the text is what it was.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from markupsafe import Markup, escape

from searchsvc.answers import Passage, Span

_PARAGRAPH = re.compile(r"[^\n]+(?:\n[^\n]+)*")
_SENTENCE_END = re.compile(r"[.!?…]\W*$")
_COLUMNS = re.compile(r"\S {2,}\S")


@dataclass(frozen=True, slots=True)
class Link:
    """A part of a text that leads somewhere; `title` says where."""

    start: int
    end: int
    url: str
    title: str


class LinkedPassage(Passage):
    """A passage with links beside its matches; neither overlap among themselves."""

    links: tuple[Link, ...] = ()


def linked(text: str, highlights: list[Span], links: Iterable[Link]) -> LinkedPassage:
    """A passage of those *links* that fit: each inside *text*, and of two that overlap the first.

    >>> twice = [Link(4, 8, "/york", ""), Link(0, 8, "/new-york", "")]
    >>> [link.url for link in linked("New York", [], twice).links]
    ['/new-york']
    """
    kept: list[Link] = []
    for link in sorted(links, key=lambda link: (link.start, -link.end)):
        if (kept[-1].end if kept else 0) <= link.start < link.end <= len(text):
            kept.append(link)
    return LinkedPassage(text=text, highlights=highlights, links=tuple(kept))


def marked(passage: Passage) -> Markup:
    """The text of *passage* as HTML: links in <a>, and in and around them matches in <mark>."""
    links = {link.start: link for link in _links(passage)}
    link_ends = {link.end for link in links.values()}
    mark_starts = {start for start, _ in passage.highlights}
    mark_ends = {end for _, end in passage.highlights}
    edges = sorted({0, len(passage.text), *links, *link_ends, *mark_starts, *mark_ends})
    pieces = []
    in_mark = False
    for start, end in pairwise(edges):
        if link := links.get(start):
            pieces.append(Markup('<a href="{}" title="{}">').format(link.url, link.title))
        in_mark = start in mark_starts or (in_mark and start not in mark_ends)
        piece = escape(passage.text[start:end])
        pieces.append(Markup("<mark>{}</mark>").format(piece) if in_mark else piece)
        if end in link_ends:
            pieces.append(Markup("</a>"))
    return Markup("").join(pieces)


def _links(passage: Passage) -> tuple[Link, ...]:
    return passage.links if isinstance(passage, LinkedPassage) else ()


def excerpt(passages: list[Passage]) -> Markup:
    """*passages* in a row, with dots wherever the text goes on in between.

    >>> excerpt([Passage(text=text, highlights=[]) for text in ("oil fell. Gas", "It rose.")])
    Markup('… oil fell. Gas … It rose.')
    """
    dots = Markup(" … ")
    row = dots.join(marked(passage) for passage in passages)
    if passages and passages[0].text[:1].islower():
        row = Markup("… ") + row
    if passages and not _SENTENCE_END.search(passages[-1].text):
        row += Markup(" …")
    return row


def paragraphs(passage: Passage) -> Iterator[Passage]:
    """The paragraphs of *passage*, parted by blank lines, each with its matches and links."""
    for match in _PARAGRAPH.finditer(passage.text):
        start, end = match.span()
        inside = [
            (max(a, start) - start, min(b, end) - start)
            for a, b in passage.highlights
            if a < end and b > start
        ]
        links = [
            replace(link, start=max(link.start, start) - start, end=min(link.end, end) - start)
            for link in _links(passage)
            if link.start < end and link.end > start
        ]
        if match.group().strip():
            yield LinkedPassage(text=match.group(), highlights=inside, links=tuple(links))


def is_table(text: str) -> bool:
    """Whether *text* has columns that must stay below each other.

    >>> is_table("Bahia      155,221"), is_table("It rained.")
    (True, False)
    """
    return _COLUMNS.search(text) is not None


def spoken_date(date: str) -> str:
    """An ISO date as newspapers write it.

    >>> spoken_date("1987-02-26T15:01:01"), spoken_date("2021-03-09")
    ('26 February 1987, 15:01', '9 March 2021')
    """
    if "T" not in date:
        return _day(dt.date.fromisoformat(date))
    moment = dt.datetime.fromisoformat(date)
    zone = f" {moment.tzname()}" if moment.tzinfo else ""
    return f"{_day(moment)}, {moment:%H:%M}{zone}"


def _day(date: dt.date) -> str:
    return f"{date.day} {date:%B} {date.year}"


def sentence(text: str) -> str:
    """*text* with a capital at its beginning and a full stop at its end.

    >>> sentence("no such field; Fields: title")
    'No such field; Fields: title.'
    """
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith((".", "?", "!")) else whole + "."
