"""A resolved tree as a query of tantivy.

A word scores by BM25 in each field, and the best field counts; words add up. What is a set, such
as a pattern or a date, scores nothing.

tantivy's slop lets words wander, each from its place in the phrase; ours asks for a window that
holds them all, in any order. For two words both orders of its phrase are just that. For more they
are necessary, not sufficient: what they find is looked at, article by article.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import tantivy
from tantivy import Occur

from searchsvc import analysis
from searchsvc.article import Article
from searchsvc.engines.tantivy_writer import stored, whole
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
from searchsvc.schema import BOOSTS, texts

_SINGLE = ("title", "body", "source", "author")  # fields with one text: no phrase can span two
_LOOK_EVERY = 16  # articles between two looks at the clock


def all_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """What all of *queries* find; scores add up."""
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.boolean_query([(Occur.Must, query) for query in queries])


def any_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """What any of *queries* finds; scores add up."""
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.boolean_query([(Occur.Should, query) for query in queries])


def unscored(query: tantivy.Query) -> tantivy.Query:
    """The same articles; all score 0."""
    return tantivy.Query.const_score_query(query, 0.0)


def is_scored(query: Query) -> bool:
    """Whether some articles score more than others."""
    match query:
        case And(clauses) | Or(clauses):
            return any(map(is_scored, clauses))
        case Boost(clause):
            return is_scored(clause)
        case _:
            return isinstance(query, Stem | Exact)


class Compiler:
    """Makes queries; `partial` tells afterwards whether time ran out.

    What tantivy itself does cannot be stopped, and takes little; looking at articles can.
    """

    def __init__(
        self,
        schema: tantivy.Schema,
        searcher: tantivy.Searcher,
        seconds: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._schema = schema
        self._searcher = searcher
        self._clock = clock
        self._end = None if seconds is None else clock() + seconds
        self.partial = False

    def of(self, query: Query) -> tantivy.Query:
        """*query* as one of tantivy's."""
        match query:
            case And(clauses):
                return all_of([self.of(clause) for clause in clauses])
            case Or(clauses):
                return any_of([self.of(clause) for clause in clauses])
            case Not(clause):
                return self._without(clause)
            case Boost(clause, factor):
                return tantivy.Query.boost_query(self.of(clause), factor)
            case _ if self._late():
                return tantivy.Query.empty_query()
            case Stem(text, fields):
                return _best({field: self._term(field, text) for field in fields})
            case Exact((word,), _, fields):
                return _best({field: self._term(f"{field}_written", word) for field in fields})
            case Exact(words, 0, fields):
                return _best({field: self._phrase(field, words, 0) for field in fields})
            case Exact(words, slop, fields):
                return _best({field: self._near(field, words, slop) for field in fields})
            case AnyOf(words, fields):
                return self.set_of({f"{field}_written": tuple(words) for field in fields})
            case Days(since, until):
                return self._between(
                    since.toordinal() if since else 1, until.toordinal() if until else 1 << 32
                )
            case All():
                return unscored(tantivy.Query.all_query())
            case Nothing():
                return tantivy.Query.empty_query()
            case _:
                raise TypeError(f"not resolved: {query!r}")

    def _late(self) -> bool:
        if self._end is not None and self._clock() > self._end:
            self.partial = True
        return self.partial

    def set_of(self, wanted: dict[str, tuple[str, ...]]) -> tantivy.Query:
        """Articles that have any of the terms given for a field."""
        sets = [
            tantivy.Query.term_set_query(self._schema, field, [whole(term) for term in terms])
            for field, terms in wanted.items()
            if terms
        ]
        return unscored(any_of(sets)) if sets else tantivy.Query.empty_query()

    def _without(self, clause: Query) -> tantivy.Query:
        found = self.of(clause)
        if self.partial:  # what was not found in time would come back as a match
            return tantivy.Query.empty_query()
        everything = unscored(tantivy.Query.all_query())
        return tantivy.Query.boolean_query([(Occur.Must, everything), (Occur.MustNot, found)])

    def _between(self, low: int, high: int) -> tantivy.Query:
        kind = tantivy.FieldType.Integer
        return unscored(tantivy.Query.range_query(self._schema, "day", kind, low, high))

    def _term(self, field: str, text: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, whole(text), "freq")

    def _phrase(self, field: str, words: Sequence[str], slop: int) -> tantivy.Query:
        written: list[str | tuple[int, str]] = [whole(word) for word in words]
        return tantivy.Query.phrase_query(self._schema, f"{field}_written", written, slop)

    # -- words near each other -------------------------------------------------------------------

    def _near(self, field: str, words: tuple[str, ...], slop: int) -> tantivy.Query:
        """Articles with *words* in *field*, in any order, among *slop* others at most."""
        width = len(words) + slop
        within_reach = all_of([self._pair(field, *pair, width - 2) for pair in pairwise(words)])
        if len(words) == 2 and words[0] != words[1] and field in _SINGLE:
            return within_reach
        near = tuple(
            article.id
            for article in self._look_at(within_reach)
            if any(
                _stand_near(words, width, [word.written for word in analysis.written(text)])
                for text in texts(article, field)
            )
        )
        return all_of([within_reach, self.set_of({"id": near})])

    def _pair(self, field: str, one: str, other: str, slop: int) -> tantivy.Query:
        """Articles with two words at most *slop* others apart."""
        if one == other:
            return self._term(f"{field}_written", one)
        orders = [self._phrase(field, pair, slop) for pair in ((one, other), (other, one))]
        return tantivy.Query.disjunction_max_query(orders)

    def _look_at(self, query: tantivy.Query) -> Iterator[Article]:
        """The articles that *query* finds, as long as there is time."""
        most = max(1, self._searcher.num_docs)
        for number, (_, address) in enumerate(self._searcher.search(query, most).hits):
            if number % _LOOK_EVERY == 0 and self._late():
                return
            yield stored(self._searcher, address)


def _best(of_field: dict[str, tantivy.Query]) -> tantivy.Query:
    """The same in several fields; the best one counts."""
    boosted = [
        query if BOOSTS[field] == 1 else tantivy.Query.boost_query(query, BOOSTS[field])
        for field, query in of_field.items()
    ]
    return boosted[0] if len(boosted) == 1 else tantivy.Query.disjunction_max_query(boosted)


def _stand_near(words: tuple[str, ...], width: int, text: list[str]) -> bool:
    """Whether *width* words in a row of *text* hold all *words*, each as often as it is there."""
    wanted = Counter(words)
    places = [(place, word) for place, word in enumerate(text) if word in wanted]
    for number, (first, _) in enumerate(places):
        window: Counter[str] = Counter()
        for place, word in places[number : number + width]:
            if place < first + width:
                window[word] += 1
        if wanted <= window:
            return True
    return False
