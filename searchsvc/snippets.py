"""Where a query matches in a text, and the passages that show it best: text and spans, no markup.

>>> from searchsvc.query.tree import Stem
>>> oil = Stem("oil", ("title", "body"))
>>> Marker(oil, "body").passages("The price of oil fell. Oil was cheap.")
[Snippet(text='The price of oil fell. Oil was cheap.', highlights=((13, 16), (23, 26)))]

Markup is made where a page is made, from escaped text; nothing here can be dangerous.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import regex

from searchsvc import analysis
from searchsvc.query.tree import AnyOf, Exact, Query, Stem, leaves

WIDTH = 160  # characters of a passage, about: two lines on a page
PASSAGES = 3
MAX_TEXT = 300_000  # characters looked at for passages; the first 50,000 words
MAX_MARKS = 2000  # looked at for passages; a text with more matches shows well enough from these

_SENTENCE_END = re.compile(r"(?<=[.!?])(?P<closing>[\"”’')\]]*)\s+(?=[\"“‘'(\[]*[^\W\d_a-z])|\n+")
_SPACE = re.compile(r"\s+")
_CHARACTER = regex.compile(r"\X")  # a letter with its marks, a flag, a whole emoji


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text, exactly as it stands there, and the spans in it that match."""

    text: str
    highlights: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    leaf: int  # which leaf of the query


class Marker:
    """Shows where *query* matches in texts of one *field*."""

    def __init__(self, query: Query | None, field: str) -> None:
        by_stem: dict[str, int] = {}
        by_word: dict[str, int] = {}
        self._phrases: list[tuple[Exact, int, analysis.WordFinder]] = []
        for number, leaf in enumerate(_wanted(query, field) if query else ()):
            match leaf:
                case Stem(stem):
                    by_stem.setdefault(stem, number)
                case AnyOf(anyof):
                    by_word.update(dict.fromkeys(anyof - by_word.keys(), number))
                case Exact((alone,)):
                    by_word.setdefault(alone, number)
                case Exact(several):
                    finder = analysis.WordFinder(frozenset(), frozenset(several))
                    self._phrases.append((leaf, number, finder))
        self._by_stem = by_stem
        self._by_word = by_word
        self._finder = analysis.WordFinder(by_stem.keys(), by_word.keys())

    def marks(self, text: str) -> list[tuple[int, int]]:
        """Start and end of each match, in order, not overlapping.

        A phrase is one span; nothing under a Not is marked.
        """
        return _spans(self._all_marks(text))

    def passages(self, text: str) -> list[Snippet]:
        """Up to three passages with the most, and the most different, words of the query.

        They are in the order of the text. Without a match, the lead, unmarked.
        """
        found = self._all_marks(text[:MAX_TEXT])
        if not found:
            lead = _cut(text, 0, 0)
            return [Snippet(text[slice(*lead)], ())] if text.strip() else []
        spans = _spans(found)
        windows = sorted(_best_windows(text, found[:MAX_MARKS]))
        return [_snippet(text, window, spans) for window in windows]

    def _all_marks(self, text: str) -> list[_Mark]:
        """Every match in order; matches of different leaves may overlap."""
        found: list[_Mark] = []
        for phrase, number, finder in self._phrases:
            words = finder.words(text)
            if {word.written for word in words}.issuperset(phrase.words):
                look = _near if phrase.slop else _phrases
                found += look(text, words, phrase, number)
        for word in self._finder.words(text):
            number = self._by_stem.get(word.stem, self._by_word.get(word.written, -1))
            found.append(_Mark(word.start, word.end, number))
        return sorted(found, key=lambda mark: (mark.start, mark.end))


def _snippet(text: str, window: tuple[int, int], spans: Sequence[tuple[int, int]]) -> Snippet:
    start, end = window
    inside = ((a - start, b - start) for a, b in spans if start <= a and b <= end)
    return Snippet(text[start:end], tuple(inside))


# -- where the query matches -------------------------------------------------------------------


def _spans(found: list[_Mark]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for mark in found:
        if spans and mark.start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], mark.end))
        else:
            spans.append((mark.start, mark.end))
    return spans


def _wanted(query: Query, field: str) -> Iterator[Query]:
    """The leaves that may be marked in *field*: none that stands under a Not."""
    for leaf in leaves(query, negated=False):
        if isinstance(leaf, Stem | Exact | AnyOf) and field in leaf.fields:
            yield leaf


def _phrases(text: str, some: list[analysis.Word], phrase: Exact, leaf: int) -> Iterator[_Mark]:
    """Where *phrase* stands; *some* are the words of *text* that it has."""
    for first in some:
        if first.written == phrase.words[0]:
            run = list(islice(analysis.words_from(text, first.start), len(phrase.words)))
            if tuple(word.written for word in run) == phrase.words:
                yield _Mark(first.start, run[-1].end, leaf)


def _near(text: str, some: list[analysis.Word], near: Exact, leaf: int) -> Iterator[_Mark]:
    """The words of *near* where they stand together; *some* are those of *text* that it has."""
    phrase, slop = near.words, near.slop
    words = list(analysis.words_from(text, some[0].start))
    wanted = Counter(phrase)
    places = [place for place, word in enumerate(words) if word.written in wanted]
    together: set[int] = set()
    for number, first in enumerate(places):
        last = first + len(phrase) + slop
        window = [place for place in places[number : number + len(phrase) + slop] if place < last]
        if wanted <= Counter(words[place].written for place in window):
            together.update(window)
    for place in sorted(together):
        yield _Mark(words[place].start, words[place].end, leaf)


# -- which passages show it --------------------------------------------------------------------


def _best_windows(text: str, found: list[_Mark]) -> list[tuple[int, int]]:
    """Places of the passages, best first: those with the most words not shown yet."""
    windows: list[tuple[int, int]] = []
    shown: set[int] = set()
    while len(windows) < PASSAGES:
        left = [m for m in found if not any(a < m.end and m.start < b for a, b in windows)]
        if not left:
            break
        run = max(_runs(left), key=lambda run: _worth(run, shown))
        low = max((b for _, b in windows if b <= run[0].start), default=0)
        high = min((a for a, _ in windows if a >= run[-1].end), default=len(text))
        end = max(mark.end for mark in run)
        window = _cut(text, run[0].start, min(end, high), low, high)
        windows.append(_trimmed(text, *_around_marks(window, run[0].start, end, found)))
        shown.update(mark.leaf for mark in run)
    return windows


def _runs(found: list[_Mark]) -> Iterator[list[_Mark]]:
    """For each match, it and those after it that fit into one passage."""
    for number, first in enumerate(found):
        run = [first]
        for mark in found[number + 1 :]:
            if mark.end - first.start > WIDTH:
                break
            run.append(mark)
        yield run


def _around_marks(
    window: tuple[int, int], start: int, end: int, found: list[_Mark]
) -> tuple[int, int]:
    """*window*, drawn in where it would cut through a match outside of `start` to `end`."""
    first, last = window
    for mark in found:
        if mark.start < first < mark.end <= start:
            first = mark.end
        if end <= mark.start < last < mark.end:
            last = mark.start
    return first, last


def _worth(run: list[_Mark], shown: set[int]) -> tuple[int, int, int]:
    different = {mark.leaf for mark in run}
    return len(different - shown), len(different), len(run)


def _cut(text: str, start: int, end: int, low: int = 0, high: int | None = None) -> tuple[int, int]:
    """A piece of about WIDTH around `text[start:end]`, within *low* and *high*.

    It begins and ends at a sentence if one does nearby, else between words.
    """
    high = len(text) if high is None else high
    room = max(0, WIDTH - (end - start))
    begin = _begin(text, max(low, start - room // 2), start)
    finish = _finish(text, begin, end, min(high, max(end, begin + WIDTH)))
    return _trimmed(text, begin, finish)


def _trimmed(text: str, first: int, last: int) -> tuple[int, int]:
    while first < last and text[first].isspace():
        first += 1
    while last > first and text[last - 1].isspace():
        last -= 1
    return first, last


def _begin(text: str, earliest: int, start: int) -> int:
    if earliest == 0:
        return 0
    sentence = _SENTENCE_END.search(text, earliest - 1, start + 1)
    if sentence and sentence.end() <= start:
        return sentence.end()
    space = _SPACE.search(text, earliest - 1, start)
    return space.end() if space else _whole_character(text, earliest, start)


def _finish(text: str, begin: int, end: int, latest: int) -> int:
    if latest == len(text):
        return latest
    ends = _SENTENCE_END.finditer(text, end, latest + 1)
    sentences = [m.end("closing") if m["closing"] is not None else m.start() for m in ends]
    if sentences and sentences[-1] - begin > WIDTH // 2:
        return sentences[-1]
    spaces = [m.start() for m in _SPACE.finditer(text, end, latest + 1)]
    return spaces[-1] if spaces else _whole_character(text, latest, len(text))


def _whole_character(text: str, place: int, limit: int) -> int:
    """The first place from *place* on that is not inside of what a reader sees as one character."""
    start = max(text.rfind(" ", 0, place) + 1, place - 10 * WIDTH)
    for character in _CHARACTER.finditer(text, start, limit):
        if character.end() >= place:
            first, last = character.span()
            return int(first if first == place else last)
    return place
