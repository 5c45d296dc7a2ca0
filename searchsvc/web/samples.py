"""Queries to begin with: each shows another side of the language with words that the index holds.

Each is searched before it is offered, so each finds something.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from searchsvc import analysis, searching
from searchsvc.engines.base import Engine, Generation, SearchRequest, SearchResult
from searchsvc.errors import QueryError
from searchsvc.query.parser import MIN_FUZZY_LETTERS
from searchsvc.query.tree import All

MANY = 5


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
        name, found = self._known
        if name != generation.name:
            found = samples(generation.engine)
            self._known = (generation.name, found)
        return found


def samples(engine: Engine) -> tuple[Sample, ...]:
    """Up to five queries that find something in *engine*, each of another kind."""
    overview = engine.search(
        SearchRequest(query=All(), limit=MANY, facets=("people", "places", "topics", "year"))
    )
    chosen: dict[str, Sample] = {}
    for sample in _candidates(overview):
        if len(chosen) < MANY and sample.meaning not in chosen and _finds(engine, sample.query):
            chosen[sample.meaning] = sample
    return tuple(chosen.values())


def _finds(engine: Engine, query: str) -> bool:
    try:
        resolved = searching.understand(query, engine.terms).resolved
    except QueryError:
        return False  # a name such as "Or", or a beginning of too many words
    return engine.search(SearchRequest(query=resolved, limit=0)).total > 0


def _candidates(overview: SearchResult) -> Iterator[Sample]:
    people, places, topics, years = (
        _names(overview, field) for field in ("people", "places", "topics", "year")
    )
    titles = [_telling_words(hit.article.title) for hit in overview.hits]
    headline_words = [word for words in titles for word in words]
    for words in titles:
        if len(words) > 1:
            yield Sample(" ".join(words[:2]), "both words, in any of their forms")
    for person in people:
        if " " in person:
            yield Sample(f'"{person}"', "these words, side by side")
    for place in places:
        for topic in topics:
            yield Sample(f"places:{_value(place)} -{_value(topic)}", "a place, without a word")
    for word in [*(person.split(" ")[-1] for person in people), *headline_words]:
        if len(word) >= MIN_FUZZY_LETTERS and word.isalpha():
            yield Sample(f"{_misspelt(word)}~", "a word in another spelling")
    for word in [*topics, *headline_words]:
        for year in years:
            if len(word) > 4 and word.isalpha():
                yield Sample(f"{word[:4]}* date:{year}", "words that begin so, in one year")
    for words in titles:
        for word in words:
            yield Sample(word, "a word, in any of its forms")
            yield Sample(f"title:{word}", "a word of the headline")
    for place in places:
        yield Sample(f"places:{_value(place)}", "in one field")
    for year in years:
        yield Sample(f"date:{year}", "articles of one year")
    yield Sample("*", "every article")


def _telling_words(title: str) -> list[str]:
    """The longest words of *title*, in their order."""
    words = [w.written for w in analysis.words(title) if w.written not in analysis.STOP_WORDS]
    longest = sorted(words, key=len, reverse=True)[:3]
    return [word for word in words if word in longest]


def _names(overview: SearchResult, field: str) -> list[str]:
    """The most frequent values that consist of words alone, none of them an initial."""
    names = [bucket.value.replace("-", " ") for bucket in overview.facets[field][:MANY]]
    return [
        name for name in names if all(len(part) > 1 and part.isalnum() for part in name.split(" "))
    ]


def _value(words: str) -> str:
    return f'"{words}"' if " " in words else words


def _misspelt(word: str) -> str:
    """*word* with two letters near its end exchanged."""
    for at in range(len(word) - 2, 0, -1):
        if word[at] != word[at + 1]:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word
