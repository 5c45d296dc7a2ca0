"""What was meant by words and by values of filters that find nothing: what is spelt nearly so.

All is asked of the engine in the time that the search has left; what is
not known by then is not said.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

from searchsvc.engines.base import Engine, SearchRequest
from searchsvc.lexicon import TimedLexicon
from searchsvc.nearest import edits, nearest_value, nearest_words
from searchsvc.query.rewrite import resolve, without_stop_words
from searchsvc.query.tree import All, Query, Word, leaves, map_leaves
from searchsvc.schema import DEFAULT_FIELDS

RARE = 20  # articles that have a misspelling, at most;
ONE_IN = 1000  # in a large archive one in so many
OFTEN = 10  # times as many have the word that is meant, at least
RAREST = 3  # words of a query that may be the misspelt one
TRIED = 5  # other words for each
MOST_TOLD = 10  # values of filters


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
    words = [leaf for leaf in leaves(telling) if isinstance(leaf, Word) and edits(leaf.text)]
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
    return (Word(near, word.field) for near in nearest_words(word.text, fields, lexicon, least))


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
        near = nearest_value(field, value, engine, lexicon)
        meant = f"; did you mean {near.name!r}?" if near else ""
        yield f"no article has {field} {value[:60]!r}{meant}"
    if len(unknown) > MOST_TOLD:
        yield f"values of filters that no article has: {len(unknown) - MOST_TOLD} more"


def _is_unknown(field: str, value: str, engine: Engine, lexicon: TimedLexicon) -> bool:
    request = SearchRequest(query=All(), filters={field: (value,)}, limit=0, seconds=lexicon.left())
    found = engine.search(request)
    return not found.total and not found.partial
