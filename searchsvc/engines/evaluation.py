"""A resolved tree evaluated over postings, as arithmetic on arrays.

A node becomes `Matches`: the numbers of the articles that match, ascending, and their scores.
And is an intersection, Or a union, Not what is left. There is no cursor, no callback and no
state that two threads could share; a query costs what its postings weigh.

Scores are BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) for each
field; of the fields of one word the best one counts (a disjunction maximum), words add up.

Time is looked at between postings. When it is up, every node gives a part of its matches, never
one that is none: what is found in time is right.
"""

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product, takewhile
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from searchsvc.query.tree import (
    All,
    And,
    AnyOf,
    Boost,
    Days,
    Exact,
    Not,
    Nothing,
    Or,
    Query,
    Stem,
)
from searchsvc.schema import BOOSTS

Numbers: TypeAlias = npt.NDArray[np.int32]
Weights: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]  # each is SPREAD times an article's number + a position
_Integer = TypeVar("_Integer", bound=np.integer)

K1 = 1.2  # how soon more of the same word stops to count
B = 0.75  # how much the length of a field matters

NO_NUMBERS: Numbers = np.empty(0, np.int32)
NO_PLACES: Places = np.empty(0, np.int64)

# Positions of one article fit below this, so that number and position make one sortable key.
SPREAD = 1 << 32

_AT_ONCE = 100  # words of a union looked up between two looks at the clock


class Postings(Protocol):
    """What evaluation reads: postings and columns of all articles, numbered from 0."""

    @property
    def everything(self) -> Numbers:
        """All articles."""

    @property
    def days(self) -> npt.NDArray[np.int32]:
        """The ordinal of each article's day, 0 where it has none."""

    def stems(self, field: str, stem: str) -> tuple[Numbers, Weights]:
        """Articles with the stem in the field, and how often."""

    def written(self, field: str, word: str) -> tuple[Numbers, Weights]:
        """Articles with the written word in the field, and how often."""

    def with_any(self, field: str, words: Sequence[str]) -> Numbers:
        """Articles with one of the written words in the field, in any order, some repeatedly."""

    def places(self, field: str, word: str, wanted: Numbers) -> Iterable[Places]:
        """Where the word stands in its field of the *wanted* articles, some at a time, in order."""

    def lengths(self, field: str) -> tuple[npt.NDArray[np.float64], float]:
        """Words in the field of each article, and their average."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Numbers of articles, ascending, and a score for each."""

    numbers: Numbers
    scores: Weights

    @classmethod
    def unscored(cls, numbers: Numbers) -> "Matches":
        return cls(numbers, np.zeros(numbers.size))


class Evaluation:
    """One evaluation; `partial` tells afterwards whether time ran out."""

    def __init__(
        self, postings: Postings, seconds: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._postings = postings
        self._clock = clock
        self._end = None if seconds is None else clock() + seconds
        self.partial = False

    def of(self, query: Query) -> Matches:
        """The matches of *query*."""
        match query:
            case And(clauses):
                return self._all_of(clauses)
            case Or(clauses):
                return self._any_of(clauses)
            case Not(clause):
                return self._without(clause)
            case Boost(clause, factor):
                inner = self.of(clause)
                return Matches(inner.numbers, inner.scores * factor)
            case _ if self._late():
                return Matches.unscored(NO_NUMBERS)
            case Stem(text, fields):
                return self._best([(f, *self._postings.stems(f, text)) for f in fields])
            case Exact((word,), _, fields):
                return self._best([(f, *self._postings.written(f, word)) for f in fields])
            case Exact(words, slop, fields):
                return self._best([(f, *self._together(f, words, slop)) for f in fields])
            case AnyOf(words, fields):
                return Matches.unscored(self._union(words, fields))
            case Days(since, until):
                return Matches.unscored(self.between(since, until))
            case All():
                return Matches.unscored(self._postings.everything)
            case Nothing():
                return Matches.unscored(NO_NUMBERS)
            case _:
                raise TypeError(f"not resolved: {query!r}")

    def between(self, since: dt.date | None, until: dt.date | None) -> Numbers:
        """The articles of the days from *since* to *until*."""
        days = self._postings.days[self._postings.everything]
        low = since.toordinal() if since else 1
        high = until.toordinal() if until else np.iinfo(np.int32).max
        return self._postings.everything[(days >= low) & (days <= high)]

    def _late(self) -> bool:
        if self._end is not None and self._clock() > self._end:
            self.partial = True
        return self.partial

    # -- groups --------------------------------------------------------------------------------

    def _all_of(self, clauses: tuple[Query, ...]) -> Matches:
        # What is cheap and selective first would save work; in the order typed, sums of scores
        # are the same on every run.
        found = self.of(clauses[0])
        for clause in clauses[1:]:
            if not found.numbers.size:
                break
            other = self.of(clause)
            numbers, mine, others = np.intersect1d(
                found.numbers, other.numbers, assume_unique=True, return_indices=True
            )
            found = Matches(numbers, found.scores[mine] + other.scores[others])
        return found

    def _any_of(self, clauses: tuple[Query, ...]) -> Matches:
        parts = [self.of(clause) for clause in clauses]
        numbers = _union([part.numbers for part in parts])
        scores = np.zeros(numbers.size)
        for part in parts:
            scores[np.searchsorted(numbers, part.numbers)] += part.scores
        return Matches(numbers, scores)

    def _without(self, clause: Query) -> Matches:
        found = self.of(clause)
        if self.partial:  # what was not found in time would come back as a match
            return Matches.unscored(NO_NUMBERS)
        return Matches.unscored(
            np.setdiff1d(self._postings.everything, found.numbers, assume_unique=True)
        )

    # -- leaves --------------------------------------------------------------------------------

    def _best(self, parts: list[tuple[str, Numbers, Weights]]) -> Matches:
        """BM25 of one word or phrase in each field; the best field counts."""
        numbers = _union([part[1] for part in parts])
        scores = np.zeros(numbers.size)
        rarity = np.log(
            1 + (self._postings.everything.size - numbers.size + 0.5) / (numbers.size + 0.5)
        )
        for field, found, times in parts:
            if found.size:
                lengths, average = self._postings.lengths(field)
                norm = K1 * (1 - B + B * lengths[found] / average)
                score = BOOSTS[field] * rarity * times * (K1 + 1) / (times + norm)
                places = np.searchsorted(numbers, found)
                scores[places] = np.maximum(scores[places], score)
        return Matches(numbers, scores)

    def _union(self, words: frozenset[str], fields: tuple[str, ...]) -> Numbers:
        there = np.zeros(self._postings.days.size, bool)
        in_order = sorted(words)
        parts = product(range(0, len(in_order), _AT_ONCE), fields)
        for start, field in takewhile(lambda _: not self._late(), parts):
            some = in_order[start : start + _AT_ONCE]
            there[self._postings.with_any(field, some)] = True
        return np.flatnonzero(there).astype(np.int32)

    def _together(self, field: str, words: tuple[str, ...], slop: int) -> tuple[Numbers, Weights]:
        """Articles where the words stand together in the field, and how often."""
        numbers = {word: self._postings.written(field, word)[0] for word in words}
        wanted = reduce(_intersection, sorted(numbers.values(), key=len))
        rarest_first = sorted(numbers, key=lambda word: numbers[word].size)
        if slop == 0:
            return self._in_a_row(field, words, rarest_first, wanted)
        places: dict[str, Places] = {}
        for word in rarest_first:
            if not wanted.size or self._late():
                return NO_NUMBERS, np.empty(0)
            places[word] = self._places(field, word, wanted)
        return self._near(places, Counter(words), len(words) + slop)

    def _in_a_row(
        self, field: str, words: tuple[str, ...], order: list[str], wanted: Numbers
    ) -> tuple[Numbers, Weights]:
        """Articles among *wanted* with the words in a row; looked at in *order*."""
        starts: Places | None = None
        for word in order:
            if not wanted.size or self._late():
                return NO_NUMBERS, np.empty(0)
            places = self._places(field, word, wanted)
            for at in (place for place, other in enumerate(words) if other == word):
                begun = places - at
                starts = begun if starts is None else starts[_are_among(starts, begun)]
            assert starts is not None
            wanted = _counted(starts)[0]
        return _counted(starts if starts is not None else NO_PLACES)

    def _places(self, field: str, word: str, wanted: Numbers) -> Places:
        """Where the word stands in its field of the *wanted* articles, as far as there is time."""
        found = takewhile(lambda _: not self._late(), self._postings.places(field, word, wanted))
        return np.concatenate([NO_PLACES, *found])

    def _near(
        self, keys: dict[str, Places], wanted: Counter[str], width: int
    ) -> tuple[Numbers, Weights]:
        """Windows of *width* positions that hold every word as often as *wanted*.

        A window may as well begin at a word; so for each place of a word, and each word, count
        its places in the window that begins there.
        """
        starts = _distinct(np.concatenate(list(keys.values())))
        good = np.ones(starts.size, bool)
        for word, places in keys.items():
            inside = np.searchsorted(places, starts + width) - np.searchsorted(places, starts)
            good &= inside >= wanted[word]
        return _counted(starts[good])


def _counted(places: Places) -> tuple[Numbers, Weights]:
    """The articles that *places*, ascending, are in, and how many are in each."""
    numbers = (places // SPREAD).astype(np.int32)
    firsts = np.flatnonzero(np.diff(numbers, prepend=-1))
    return numbers[firsts], np.diff(firsts, append=numbers.size).astype(np.float64)


def _are_among(some: Places, others: Places) -> npt.NDArray[np.bool_]:
    """Which of *some* are *others*; both ascend."""
    if not others.size:
        return np.zeros(some.size, bool)
    found = np.searchsorted(others, some)
    return np.equal(others[np.minimum(found, others.size - 1)], some)


def _union(parts: list[Numbers]) -> Numbers:
    filled = [part for part in parts if part.size]
    if len(filled) < 2:
        return filled[0] if filled else NO_NUMBERS
    return _distinct(np.concatenate(filled))


def _distinct(numbers: npt.NDArray[_Integer]) -> npt.NDArray[_Integer]:
    """The distinct numbers, in order."""
    ordered = np.sort(numbers, kind="stable")  # merges runs that are in order; np.unique hashes
    is_new = np.ones(ordered.size, bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    return ordered[is_new]


def _intersection(one: Numbers, other: Numbers) -> Numbers:
    return np.intersect1d(one, other, assume_unique=True)
