"""The words of an index, and the values of its fields, that are spelt nearly as others.

A word is as near as a fuzzy word is: its first letter kept, one edit, two from eight letters on.
A number is near none. All is asked of the engine in the time that the search has left.
"""

from collections import Counter
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from searchsvc import analysis
from searchsvc.engines.base import Engine, SearchRequest
from searchsvc.lexicon import TimedLexicon
from searchsvc.query.parser import MIN_FUZZY_LETTERS, TWO_EDITS_FROM
from searchsvc.query.tree import AnyOf, conjunction
from searchsvc.schema import TEXT_FIELDS

_MOST_WORDS = 10  # of a value whose like is looked for
_MOST_READ = 20  # articles, for the spellings of the names in them


class Value(NamedTuple):
    """A value of a field, and the words of its spelling that is meant."""

    name: str
    spelt: tuple[str, ...]


def edits(text: str) -> int:
    """How many edits away from *text* is near it."""
    if len(text) < MIN_FUZZY_LETTERS or any(map(str.isdigit, text)):
        return 0
    return 2 if len(text) >= TWO_EDITS_FROM else 1


def nearest_words(
    text: str, fields: tuple[str, ...], lexicon: TimedLexicon, least: int = 1
) -> list[str]:
    """Words like *text* that *least* articles have in *fields*: the nearest first, of these the
    most frequent."""
    articles: Counter[str] = Counter()
    for field in fields:
        for word, count in lexicon(field, text[0]):
            articles[word] += count
    words = [word for word, count in articles.items() if count >= least]
    found = process.extract(text, words, scorer=OSA.distance, score_cutoff=edits(text), limit=None)
    ranked = sorted(found, key=lambda near: (near[1], -articles[near[0]], near[0]))
    return [word for word, _, _ in ranked]


def nearest_value(field: str, value: str, engine: Engine, lexicon: TimedLexicon) -> Value | None:
    """The value of *field* that is spelt most like *value*, or of which a spelling is.

    Of several the most frequent. Looked for among the articles with such words in the field.
    """
    words = _words(value)
    if field not in TEXT_FIELDS or not 0 < len(words) <= _MOST_WORDS:
        return None
    near = [frozenset(nearest_words(word, (field,), lexicon)) for word in words]
    if not all(near):
        return None
    found = engine.search(
        SearchRequest(
            query=conjunction([AnyOf(some, (field,)) for some in near]),
            limit=_MOST_READ,
            facets=(field,),
            seconds=lexicon.left(),
        )
    )
    spelt: dict[str, str] = {}
    for bucket in found.facets[field]:
        spelt.setdefault(" ".join(_words(bucket.value)), bucket.value)
    for hit in found.hits:
        for entity in hit.article.entities:
            if entity.field == field:
                for alias in entity.aliases:
                    spelt.setdefault(" ".join(_words(alias)), entity.name)
    best = process.extractOne(
        " ".join(words), list(spelt), scorer=OSA.distance, score_cutoff=max(map(edits, words))
    )
    return Value(spelt[best[0]], tuple(best[0].split())) if best else None


def _words(text: str) -> list[str]:
    return [word.written for word in analysis.written(text)]
