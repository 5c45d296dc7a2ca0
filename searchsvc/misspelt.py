"""What was meant by words and by values of filters that find nothing: what is spelt nearly so.

A word is as near as a fuzzy word is: its first letter kept, one edit, two from eight letters on.
A number is not misspelt. All is asked of the engine in the time that the search has left; what is
not known by then is not said.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

from rapidfuzz import process
from rapidfuzz.distance import OSA

from searchsvc import analysis
from searchsvc.engines.base import Engine, SearchRequest
from searchsvc.lexicon import TimedLexicon
from searchsvc.query.parser import MIN_FUZZY_LETTERS, TWO_EDITS_FROM
from searchsvc.query.rewrite import resolve, without_stop_words
from searchsvc.query.tree import All, AnyOf, Query, Word, conjunction, leaves, map_leaves
from searchsvc.schema import DEFAULT_FIELDS, TEXT_FIELDS

RARE = 20  # articles that have a misspelling, at most;
ONE_IN = 1000  # in a large archive one in so many
OFTEN = 10  # times as many have the word that is meant, at least
RAREST = 3  # words of a query that may be the misspelt one
TRIED = 5  # other words for each
MOST_TOLD = 10  # values of filters
_MOST_WORDS = 10  # of a value whose like is looked for
_MOST_READ = 20  # articles, for the spellings of the names in them


def did_you_mean(
    typed: Query, asked: SearchRequest, engine: Engine, lexicon: TimedLexicon
) -> str | None:
    """*typed* with what is misspelt put right, if that finds anything where *asked* did not."""
    for better in _corrections(typed, engine, lexicon):
        request = replace(
            asked,
            query=resolve(better, lexicon),
            offset=0,
            limit=0,
            facets=(),
            seconds=lexicon.left(),
        )
        if engine.search(request).total:
            return str(better)
    return None


def _corrections(typed: Query, engine: Engine, lexicon: TimedLexicon) -> Iterator[Query]:
    """*typed* with its unknown words put to the nearest known ones.

    Where every word is known, with a rare one put to a frequent one that is near: what is misspelt
    here may be so in some article too.
    """
    telling = without_stop_words(typed)
    words = [leaf for leaf in leaves(telling) if isinstance(leaf, Word) and _edits(leaf.text)]
    articles = {word: _articles(word, engine, lexicon) for word in words}
    if not all(articles.values()):
        right: dict[Query, Query] = {}
        for word in articles:
            if not articles[word]:
                known = (near for near in _near(word, lexicon) if _articles(near, engine, lexicon))
                right[word] = next(known, word)
        if (corrected := _changed(typed, right)) != typed:
            yield corrected
        return
    most = max(RARE, engine.count() // ONE_IN)
    wanted = set(leaves(telling, negated=False))
    rare = [word for word in articles if word in wanted and articles[word] <= most]
    for word in sorted(rare, key=articles.__getitem__)[:RAREST]:
        often = OFTEN * articles[word]
        for near in islice(_near(word, lexicon, often), TRIED):
            if _articles(near, engine, lexicon) >= often:
                yield _changed(typed, {word: near})


def _changed(query: Query, leaf: Mapping[Query, Query]) -> Query:
    return map_leaves(query, lambda old: leaf.get(old, old))


def _articles(word: Word, engine: Engine, lexicon: TimedLexicon) -> int:
    """How many articles have *word* in any of its forms; 1 if there is no time to look."""
    request = SearchRequest(query=resolve(word, lexicon), limit=0, seconds=lexicon.left())
    found = engine.search(request)
    return found.total or int(found.partial)


def _near(word: Word, lexicon: TimedLexicon, least: int = 1) -> Iterator[Word]:
    """Words like *word* that *least* articles have: the nearest first, then the most frequent."""
    fields = (word.field,) if word.field else DEFAULT_FIELDS
    return (Word(near, word.field) for near in _written_nearly(word.text, fields, lexicon, least))


def _written_nearly(
    text: str, fields: tuple[str, ...], lexicon: TimedLexicon, least: int = 1
) -> list[str]:
    articles: Counter[str] = Counter()
    for field in fields:
        for word, count in lexicon(field, text[0]):
            articles[word] += count
    words = [word for word, count in articles.items() if count >= least]
    found = process.extract(text, words, scorer=OSA.distance, score_cutoff=_edits(text), limit=None)
    ranked = sorted(found, key=lambda near: (near[1], -articles[near[0]], near[0]))
    return [word for word, _, _ in ranked]


def _edits(text: str) -> int:
    """How many edits away from *text* is near it."""
    if len(text) < MIN_FUZZY_LETTERS or any(map(str.isdigit, text)):
        return 0
    return 2 if len(text) >= TWO_EDITS_FROM else 1


def unknown_values(
    asked: SearchRequest, total: int, engine: Engine, lexicon: TimedLexicon
) -> Iterator[str]:
    """What to tell of each value in the filters of *asked*, which found *total*, that no article
    has: itself, and the nearest that one has."""
    unknown = [
        (field, value)
        for field, values in asked.filters.items()
        # Every hit has one of them, so where there is a hit and one value, it is known.
        if not total or len(values) > 1
        for value in dict.fromkeys(values)
        if _is_unknown(field, value, engine, lexicon)
    ]
    for field, value in unknown[:MOST_TOLD]:
        near = _nearest_value(field, value, engine, lexicon)
        meant = f"; did you mean {near!r}?" if near else ""
        yield f"no article has {field} {value[:60]!r}{meant}"
    if len(unknown) > MOST_TOLD:
        yield f"values of filters that no article has: {len(unknown) - MOST_TOLD} more"


def _is_unknown(field: str, value: str, engine: Engine, lexicon: TimedLexicon) -> bool:
    request = SearchRequest(query=All(), filters={field: (value,)}, limit=0, seconds=lexicon.left())
    found = engine.search(request)
    return not found.total and not found.partial


def _nearest_value(field: str, value: str, engine: Engine, lexicon: TimedLexicon) -> str | None:
    """The value of *field* that is spelt most like *value*, or of which a spelling is.

    Of several the most frequent. Looked for among the articles with such words in the field.
    """
    words = _words(value)
    if field not in TEXT_FIELDS or not 0 < len(words) <= _MOST_WORDS:
        return None
    near = [frozenset(_written_nearly(word, (field,), lexicon)) for word in words]
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
        " ".join(words), list(spelt), scorer=OSA.distance, score_cutoff=max(map(_edits, words))
    )
    return spelt[best[0]] if best else None


def _words(text: str) -> list[str]:
    return [word.written for word in analysis.written(text)]
