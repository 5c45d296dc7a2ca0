"""Markdown -> Article: plain text, with fields in front as static sites have them.

    ---
    title: Talks on Syria resume in Geneva
    date: 2018-09-14
    tags: [Syria, "United Nations"]
    ---
    GENEVA, Sept. 14 (Reuters) - Talks on Syria ...

Without such fields the first line is the headline, "# " or not. Of YAML only that is read which
people write there: a value on its line, in quotes or not, and lists of such.
"""

import re
from collections.abc import Iterator
from functools import partial

from searchsvc.readers import fields
from searchsvc.readers.encoding import clean, decode, one_line
from searchsvc.readers.pieces import Item, Piece, Source, read_all
from searchsvc.readers.text import LABELS, articles_in

_FRONT = re.compile(r"\s*---\n(?=\w[\w ]*:)(.*?\n)(?:---|\.\.\.) *(?:\n|$)", re.DOTALL)
_FIELD = re.compile(r"(\w[\w -]*):(?: +(.*))?")
_ENTRY = re.compile(r"\s*- +(.*)")
_PART = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,]+)""")
_RULE = re.compile(r"\A\s*(?:-{3,}|\+{3,}|\*{3,}|_{3,}) *(?:\n|$)")
_HEADING = re.compile(r"^#{1,6} +", re.MULTILINE)


def split(source: Source) -> Iterator[Piece]:
    """The whole file is one article."""
    yield Piece("", partial(_parse, source, read_all(source)))


def _parse(source: Source, data: bytes) -> Iterator[Item]:
    text, reservation = decode(data)
    text = clean(text)
    front = _FRONT.match(text)
    head = _fields(front[1]) if front else {}
    text = _RULE.sub("", text[front.end() :] if front else text, count=1)
    text = _HEADING.sub("", text)
    first, _, rest = text.lstrip().partition("\n")
    is_repeated = one_line(first) == head.get("title")
    yield from articles_in(source, rest if is_repeated else text, reservation, head)


def _fields(front: str) -> dict[str, str]:
    """The fields of an article in *front*: those that have a label in plain text too."""
    found: dict[str, list[str]] = {}
    values: list[str] = []
    for line in front.split("\n"):
        if field := _FIELD.fullmatch(line):
            values = _values(field[2] or "")
            if name := LABELS.get(field[1].lower()):
                found.setdefault(name, values)
        elif entry := _ENTRY.fullmatch(line):
            values += _values(entry[1])
    if "author" in found:
        found["author"] = [fields.author(found["author"])]
    return {name: ", ".join(values) for name, values in found.items() if any(values)}


def _values(text: str) -> list[str]:
    """The value that *text* is, or those of a list in brackets."""
    text = text.strip()
    is_list = text.startswith("[") and text.endswith("]")
    parts = _PART.findall(text[1:-1]) if is_list else [text] * bool(text.strip(">|-"))
    return [_unquoted(part.strip()) for part in parts]


def _unquoted(text: str) -> str:
    quote = text[:1]
    if quote in ("'", '"') and text[1:].endswith(quote):
        return text[1:-1].replace("''" if quote == "'" else '\\"', quote)
    return text
