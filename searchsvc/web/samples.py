"""Queries to begin with, such as a reporter would type, of names and words that the index holds.

Each shows another side of the language. Each is searched before it is offered, so each finds
something; all of them together may take as long as one search.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from searchsvc import analysis
from searchsvc.engines.base import Engine, Generation, SearchRequest, SearchResult
from searchsvc.errors import QueryError
from searchsvc.lexicon import TimedLexicon
from searchsvc.query.parser import MIN_FUZZY_LETTERS
from searchsvc.query.tree import Nothing, Query
from searchsvc.searching import understand

MANY = 5
_TELLING = 2  # words of a headline

# Searches for a query, with what else a SearchRequest has.
_Ask = Callable[..., SearchResult]


@dataclass(frozen=True, slots=True)
class Sample:
    """A query, and what it shows."""

    query: str
    meaning: str


class Samples:
    """The samples of the generation asked for last; a generation never changes."""

    def __init__(self) -> None:
        self._known: tuple[str, tuple[Sample, ...]] = ("", ())

    def of(self, generation: Generation) -> tuple[Sample, ...]:
        """Up to five queries that find something in *generation*, each of another kind."""
        known, found = self._known
        if known != generation.identity:
            found = samples(generation.engine)
            if found:  # else there may have been no time
                self._known = (generation.identity, found)
        return found


def samples(engine: Engine, clock: Callable[[], float] = time.perf_counter) -> tuple[Sample, ...]:
    """Up to five queries that find something in *engine*, each of another kind."""
    lexicon = TimedLexicon(engine, clock)

    def ask(text: str = "*", **asked: Any) -> SearchResult:
        query: Query
        try:
            query = understand(text, lexicon).resolved
        except QueryError:
            query = Nothing()  # a name such as "Or"
        request = {"query": query, "limit": 0, "seconds": lexicon.left(), **asked}
        return engine.search(SearchRequest(**request))

    chosen: dict[str, Sample] = {}
    for sample in _candidates(ask):
        if sample.meaning not in chosen and ask(sample.query).total:
            chosen[sample.meaning] = sample
        if len(chosen) == MANY:
            break
    return tuple(chosen.values())


def _candidates(ask: _Ask) -> Iterator[Sample]:
    overview = ask(limit=MANY, facets=("people", "places", "topics"))
    people = [_spoken(name) for name in _values(overview, "people")]
    topics = sorted(_values(overview, "topics"), key=_may_be_a_code)
    articles = [hit.article for hit in overview.hits]
    headlines = [_telling_words(ask, article.title) for article in articles]
    for words in headlines:
        if len(words) == _TELLING:
            yield Sample(" ".join(words), "both words, in any of their forms")
    for person in people:
        if " " in person:
            yield Sample(f'"{person}"', "these words, side by side")
    for place in _values(overview, "places"):
        there = ask(filters={"places": (place,)}, facets=("topics",))
        for topic in sorted(_values(there, "topics"), key=_may_be_a_code):
            yield Sample(f"places:{_term(place)} topics:{_term(topic)}", "a place and a topic")
    for word in (*map(_term, topics), *chain(*headlines)):
        years = ask(word, facets=("year",)).facets["year"]
        if years:
            best = max(years, key=lambda year: (year.count, year.value))
            yield Sample(f"{word} date:{best.value}", "a word, in one year")
    for word in (*(re.split("[ -]", person)[-1] for person in people), *chain(*headlines)):
        if len(word) >= MIN_FUZZY_LETTERS and (misspelt := _misspelt(word)):
            yield Sample(f"{misspelt}~", "a word whose spelling is not sure")
    # For an archive that names no people, places or topics.
    for word in chain(*headlines):
        yield Sample(f"title:{word}", "a word of the headline")
        yield Sample(word, "a word, in any of its forms")
    yield Sample("*", "every article")


def _values(found: SearchResult, field: str) -> list[str]:
    """The most frequent values of a facet that consist of words alone, none of them an initial."""
    return [
        bucket.value
        for bucket in found.facets[field][:MANY]
        if all(len(word) > 1 and word.isalnum() for word in re.split(r",? |[-'’]", bucket.value))
    ]


def _spoken(name: str) -> str:
    """*name* as it stands in a text, however the archive's list of names has it.

    >>> _spoken("VOLCKER, PAUL"), _spoken("james-baker"), _spoken("Jean-Luc Picard")
    ('Paul Volcker', 'james baker', 'Jean-Luc Picard')
    """
    last, comma, first = name.partition(", ")
    spoken = f"{first} {last}" if comma else name
    spoken = spoken if " " in spoken else spoken.replace("-", " ")
    return spoken.title() if spoken.isupper() else spoken


def _may_be_a_code(topic: str) -> bool:
    return len(topic) <= 4


def _term(words: str) -> str:
    return words if words.isalnum() else f'"{words}"'


def _telling_words(ask: _Ask, title: str) -> list[str]:
    """The two words of *title* that the fewest articles have, in their order."""
    if title.isupper():
        title = title.lower()
    spelt = [title[word.start : word.end] for word in analysis.written(title)]
    words = [w for w in dict.fromkeys(spelt) if len(w) >= MIN_FUZZY_LETTERS and w.isalpha()]
    words = [word for word in words if word.lower() not in analysis.STOP_WORDS]
    rarest = sorted(words, key=lambda word: ask(word).total)[:_TELLING]
    return [word for word in words if word in rarest]


_VOWELS = str.maketrans("aeiouy", "eayuoi")


def _misspelt(word: str) -> str | None:
    """*word* with its last inner vowel mistaken for another, as one does by ear.

    >>> _misspelt("Reagan"), _misspelt("Volcker"), _misspelt("Thm")
    ('Reagen', 'Volckar', None)
    """
    parts = re.fullmatch(r"(\w+)([aeiouy])(\w+)", word)
    return parts[1] + parts[2].translate(_VOWELS) + parts[3] if parts else None
