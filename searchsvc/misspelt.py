"""What was meant by a query that finds nothing, and by values of filters that no article has.

All is asked of the engine in the time that the search has left; what is not known by then is not
said.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from searchsvc.engines.base import Engine, SearchRequest
from searchsvc.errors import QueryError
from searchsvc.lexicon import TimedLexicon
from searchsvc.nearest import edits, nearest_value, nearest_words
from searchsvc.query.parser import parse, quote
from searchsvc.query.pasted import Origin, origin, with_operators
from searchsvc.query.rewrite import resolve, without_stop_words
from searchsvc.query.tree import All, Phrase, Query, Word, leaves, map_leaves
from searchsvc.schema import DEFAULT_FIELDS, FACET_FIELDS

PASTED = 4  # words, from which on a query that finds nothing may be a headline
RARE = 20  # articles that have a misspelling, at most;
ONE_IN = 1000  # in a large archive one in so many
OFTEN = 10  # times as many have the word that is meant, at least
RAREST = 3  # words of a query that may be the misspelt one
TRIED = 5  # other words for each
MOST_UNKNOWN = 10  # words or names; with more of them the query is about something else
MOST_TOLD = 10  # values of filters


def did_you_mean(
    text: str, typed: Query, asked: SearchRequest, engine: Engine, lexicon: TimedLexicon
) -> str | None:
    """*text*, which was read as *typed*, as it finds something where *asked* did not: with what is
    misspelt put right, or read in another way."""
    for better in _betters(text, typed, engine, lexicon):
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


class _Spelt(NamedTuple):
    """A word as typed: plain, or as one of a phrase."""

    text: str
    field: str | None
    is_quoted: bool

    @property
    def query(self) -> Query:
        """What finds it."""
        if self.is_quoted:
            return Phrase((self.text,), 0, self.field)
        return Word(self.text, self.field)


def _betters(text: str, typed: Query, engine: Engine, lexicon: TimedLexicon) -> Iterator[Query]:
    """*typed* with its unknown names and words put to the nearest known ones; *text* read in
    another way; and, where every word is known, *typed* with a rare one put to a frequent one."""
    named = _with_known_names(typed, engine, lexicon)
    wanted = leaves(without_stop_words(named), negated=False)
    words = [word for leaf in wanted for word in _spelt(leaf) if edits(word.text)]
    articles = {word: _articles(word.query, engine, lexicon) for word in words}
    unknown = [word for word in articles if not articles[word]]
    if len(unknown) <= MOST_UNKNOWN:
        right: dict[_Spelt, _Spelt] = {}
        for word in unknown:
            others = _near(word, lexicon)
            known = (other for other in others if _articles(other.query, engine, lexicon))
            right[word] = next(known, word)
        if (corrected := _changed(named, right)) != typed:
            yield corrected
    yield from _other_readings(text, typed)
    if not unknown:
        yield from _with_frequent_words(named, articles, engine, lexicon)


def _other_readings(text: str, typed: Query) -> Iterator[Query]:
    """The words of what may be a headline with signs of a query in it; the query that may have
    been typed in capitals, as a headline is."""
    readings = []
    if len(text.split()) >= PASTED:
        readings.append(quote(text))
    if origin(text) is Origin.HEADLINE:
        readings.append(with_operators(text))
    for reading in readings:
        with suppress(QueryError):
            if (query := parse(reading)) != typed:
                yield query


def _with_frequent_words(
    query: Query, articles: Mapping[_Spelt, int], engine: Engine, lexicon: TimedLexicon
) -> Iterator[Query]:
    """*query* with a word that few *articles* have put to a near one that many have.

    What is misspelt here may be so in some article too.
    """
    most = max(RARE, engine.count() // ONE_IN)
    alone = {_spelt(leaf)[0] for leaf in leaves(query) if _is_one_quoted(leaf)}  # are meant so
    rare = [word for word in articles if articles[word] <= most and word not in alone]
    for word in sorted(rare, key=articles.__getitem__)[:RAREST]:
        often = OFTEN * articles[word]
        for near in islice(_near(word, lexicon, often), TRIED):
            if _articles(near.query, engine, lexicon) >= often:
                yield _changed(query, {word: near})


def _with_known_names(query: Query, engine: Engine, lexicon: TimedLexicon) -> Query:
    """*query* with each name in quotes that no article has put to the nearest that one has."""
    names = [
        leaf
        for leaf in dict.fromkeys(leaves(query, negated=False))
        if isinstance(leaf, Phrase) and leaf.field in FACET_FIELDS and len(leaf.words) > 1
    ]
    right: dict[Query, Query] = {}
    for name in names[:MOST_UNKNOWN]:
        if name.field and not _articles(name, engine, lexicon):
            near = nearest_value(name.field, " ".join(name.words), engine, lexicon)
            right[name] = replace(name, words=near.spelt) if near else name
    return map_leaves(query, lambda leaf: right.get(leaf, leaf))


def _spelt(leaf: Query) -> list[_Spelt]:
    """The words of a leaf that are looked for as they are."""
    match leaf:
        case Word(text, field):
            return [_Spelt(text, field, is_quoted=False)]
        case Phrase(words, _, field):
            return [_Spelt(text, field, is_quoted=True) for text in words]
        case _:
            return []


def _is_one_quoted(leaf: Query) -> bool:
    return isinstance(leaf, Phrase) and len(leaf.words) == 1


def _changed(query: Query, right: Mapping[_Spelt, _Spelt]) -> Query:
    def put_right(leaf: Query) -> Query:
        words = tuple(right.get(word, word).text for word in _spelt(leaf))
        match leaf:
            case Word():
                return replace(leaf, text=words[0])
            case Phrase():
                return replace(leaf, words=words)
            case _:
                return leaf

    return map_leaves(query, put_right)


def _articles(query: Query, engine: Engine, lexicon: TimedLexicon) -> int:
    """How many articles *query* finds; 1 if there is no time to look."""
    request = SearchRequest(query=resolve(query, lexicon), limit=0, seconds=lexicon.left())
    found = engine.search(request)
    return found.total or int(found.partial)


def _near(word: _Spelt, lexicon: TimedLexicon, least: int = 1) -> Iterator[_Spelt]:
    """Words like *word* that *least* articles have: the nearest first, then the most frequent."""
    fields = (word.field,) if word.field else DEFAULT_FIELDS
    return (word._replace(text=near) for near in nearest_words(word.text, fields, lexicon, least))


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
