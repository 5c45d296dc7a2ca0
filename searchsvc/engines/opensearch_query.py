"""A resolved tree as a query of OpenSearch, in the JSON that its search takes.

A word scores by BM25 in each field, and the best field counts; words add up. What is a set, such
as a pattern or a date, scores nothing. No text that somebody typed is parsed there.

Words near each other are asked for as an interval: Lucene's unordered interval is the window that
ours means, and its gaps are our slop.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

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

Json: TypeAlias = dict[str, Any]

EVERYTHING: Json = {"constant_score": {"filter": {"match_all": {}}, "boost": 0.0}}
NOTHING: Json = {"match_none": {}}

# What may be longer than 255 units of UTF-16: there its analyzer parts a word.
LONG = re.compile(r"\S{128}")


def written(word: str) -> str:
    """*word* as a term, which is not parted.

    >>> written("oil"), len(written("\U00010330" * 200))
    ('oil', 64)
    """
    if LONG.search(word) and len(word.encode("utf-16-le", "replace")) > 2 * 255:
        return hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()
    return word


def of(query: Query) -> Json:
    """*query* as JSON."""
    match query:
        case And(clauses):
            return {"bool": {"must": [of(clause) for clause in clauses]}}
        case Or(clauses):
            should = [of(clause) for clause in clauses]
            return {"bool": {"should": should, "minimum_should_match": 1}}
        case Not(clause):
            return {"bool": {"must": [EVERYTHING], "must_not": [of(clause)]}}
        case Boost(clause, factor):
            return {"bool": {"must": [of(clause)], "boost": factor}}
        case Stem(text, fields):
            return _best({field: _term(field, text) for field in fields})
        case Exact((word,), _, fields):
            return _best({field: _term(f"{field}_written", word) for field in fields})
        case Exact(words, slop, fields):
            return _best({field: _together(f"{field}_written", words, slop) for field in fields})
        case AnyOf(words, fields):
            return any_of({f"{field}_written": map(written, words) for field in fields})
        case Days(since, until):
            bounds = {"gte": since, "lte": until}
            day = {name: bound.isoformat() for name, bound in bounds.items() if bound}
            return unscored([{"range": {"day": day}}])
        case All():
            return EVERYTHING
        case Nothing():
            return NOTHING
        case _:
            raise TypeError(f"not resolved: {query!r}")


def any_of(wanted: Mapping[str, Iterable[str]]) -> Json:
    """Articles that have any of the terms given for a field; all score 0."""
    sets = [{"terms": {field: sorted(terms)}} for field, terms in wanted.items()]
    return unscored([{"bool": {"should": sets, "minimum_should_match": 1}}])


def unscored(filters: list[Json]) -> Json:
    """Articles that pass all of *filters*; all score 0."""
    return {"constant_score": {"filter": {"bool": {"filter": filters}}, "boost": 0.0}}


def _term(field: str, text: str) -> Json:
    return {"term": {field: {"value": written(text)}}}


def _together(field: str, words: tuple[str, ...], slop: int) -> Json:
    text = " ".join(map(written, words))
    if slop == 0:
        return {"match_phrase": {field: {"query": text}}}
    return {"intervals": {field: {"match": {"query": text, "max_gaps": slop, "mode": "unordered"}}}}


def _best(of_field: Mapping[str, Json]) -> Json:
    """The same in several fields; the best one counts."""
    boosted = [
        query if BOOSTS[field] == 1 else {"bool": {"must": [query], "boost": BOOSTS[field]}}
        for field, query in of_field.items()
    ]
    return boosted[0] if len(boosted) == 1 else {"dis_max": {"queries": boosted}}
