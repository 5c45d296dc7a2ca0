"""Text to HTML: the only place that puts tags around text of articles.

>>> marked(Passage(text="<b> & oil", highlights=[(6, 9)]))
Markup('&lt;b&gt; &amp; <mark>oil</mark>')

Every piece is escaped, then marked; with the tags taken away the text is what it was.
"""

import datetime as dt
import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from searchsvc.answers import Passage

_PARAGRAPH = re.compile(r"[^\n]+(?:\n[^\n]+)*")
_SENTENCE_END = re.compile(r"[.!?…]\W*$")
_COLUMNS = re.compile(r"\S {2,}\S")


def marked(passage: Passage) -> Markup:
    """The text of *passage* as HTML, its matches in <mark>."""
    pieces = []
    at = 0
    for start, end in passage.highlights:
        pieces.append(escape(passage.text[at:start]))
        pieces.append(Markup("<mark>{}</mark>").format(passage.text[start:end]))
        at = end
    pieces.append(escape(passage.text[at:]))
    return Markup("").join(pieces)


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
    """The paragraphs of *passage*, parted by blank lines, each with its part of the matches."""
    for match in _PARAGRAPH.finditer(passage.text):
        start, end = match.span()
        inside = [
            (max(a, start) - start, min(b, end) - start)
            for a, b in passage.highlights
            if a < end and b > start
        ]
        if match.group().strip():
            yield Passage(text=match.group(), highlights=inside)


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
