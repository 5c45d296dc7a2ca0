"""Lines -> paragraphs, parted by a blank line; what was broken to fit a width is joined again.

>>> print(paragraphs('''Showers continued throughout the week in the Bahia cocoa zone,
... alleviating the drought since early January and improving prospects for
... the coming temporao.
...     Arrivals for the week, in tonnes --
...  Bahia      155,221
...  Ilheus      12,003'''))
Showers continued throughout the week in the Bahia cocoa zone, alleviating the drought since early January and improving prospects for the coming temporao.
<BLANKLINE>
Arrivals for the week, in tonnes --
<BLANKLINE>
 Bahia      155,221
 Ilheus      12,003

Whether lines were broken to a width is decided by evidence: somebody who wraps breaks a line only
where the next word would not have fitted. Rows of a table keep their lines and their columns.
"""  # noqa: E501 - the example shows a joined line

import re
from collections.abc import Iterator
from itertools import pairwise
from textwrap import dedent, shorten

WIDTHS = range(40, 101)  # of columns of wrapped text: the telex of 1987 has 63, terminals 80
_LONGEST_ROW = 200  # of a table; what is longer has gaps for another reason
_SLACK = 10  # how much shorter than the width a line may be and still count as full
_WRAPPED = 0.6  # share of full lines from which on a text counts as wrapped

_BLANK_LINES = re.compile(r"(?:\A|\n)(?: *\n)+")
_GAP = re.compile(r"(?<=[^\s.!?:;\"”’)])  +(?=\S)")
_LEADERS = "...."
_ITEM = re.compile(r"(?:[-*•–] |\d{1,2}[.)] )")
_SENTENCE_END = re.compile(r"(?:[.!?:…]|--)[\"'”’)\]]*$")
_FIRST_SENTENCE = re.compile(r".{10,500}?[.!?](?=[\s\"”’])")
_LONGEST_TITLE = 120
_SPLIT_COMPOUND = re.compile(r"\w-$")


def paragraphs(text: str, width: int | None = None) -> str:
    """*text*, cleaned before, as paragraphs; *width* where it is known that lines were wrapped."""
    blocks = [_lines(block) for block in _BLANK_LINES.split(text) if block.strip()]
    if width is None:
        width = _width([pair for block in blocks for pair in pairwise(block)])
    return "\n\n".join("".join(_joined(block, width)) for block in blocks)


def first_words(body: str) -> str:
    """What can stand for the headline of a story that has none: its first sentence, or part of it.

    >>> first_words("Prices rose by Friday. Then they fell.")
    'Prices rose by Friday.'
    """
    sentence = _FIRST_SENTENCE.match(body)
    return shorten(sentence.group() if sentence else body[:1000], _LONGEST_TITLE, placeholder=" …")


def _lines(block: str) -> list[str]:
    return [line.rstrip() for line in dedent(block.strip("\n").rstrip()).split("\n")]


def _width(breaks: list[tuple[str, str]]) -> int:
    """The width that lines were wrapped to, judged by where they break; 0 if they were not."""
    inner = [(a, b) for a, b in breaks if not (b.startswith(" ") or _has_columns(a))]
    lengths = sorted(len(a) for a, _ in inner)
    widest = lengths[-1 - len(lengths) // 50] if lengths else 0  # one line in 50 may stick out
    full = sum(_is_full(a, b, widest) for a, b in inner)
    return widest if widest in WIDTHS and full >= len(inner) * _WRAPPED else 0


def _is_full(line: str, after: str, width: int) -> bool:
    first_word = after.split(maxsplit=1)[0]
    return len(line) + 1 + len(first_word) > width - _SLACK


def _has_columns(line: str) -> bool:
    text = line.lstrip()
    if len(text) > _LONGEST_ROW:
        return False
    if "  " not in text:  # as in nearly every line
        return _LEADERS in text
    gaps = [len(gap) for gap in _GAP.findall(text)]
    return len(gaps) > 1 or max(gaps, default=0) > 2 or _LEADERS in text


def _joined(lines: list[str], width: int) -> Iterator[str]:
    """The lines of one block with what belongs between them."""
    rows = [_is_row(a, b) for a, b in pairwise([*lines, " "])]
    for place, line in enumerate(lines):
        yield line if _has_columns(line) else " ".join(line.split())
        if place + 1 < len(lines):
            yield _between(line, lines[place + 1], rows[place], rows[place + 1], width)


def _is_row(line: str, after: str) -> bool:
    """Whether *line* is a row of a table: it has columns, or stands alone and is no sentence."""
    alone = line.startswith(" ") and after.startswith(" ")
    return _has_columns(line) or (alone and not _SENTENCE_END.search(line))


def _between(line: str, after: str, is_row: bool, row_follows: bool, width: int) -> str:
    if is_row and row_follows:
        return "\n"
    if is_row or row_follows or after.startswith(" "):
        return "\n\n"
    if width and _is_full(line, after, width) and not _ITEM.match(after):
        return "" if _SPLIT_COMPOUND.search(line) and after[0].isalnum() else " "
    return "\n\n" if _SENTENCE_END.search(line) else "\n"
