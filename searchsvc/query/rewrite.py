"""A tree as typed to a tree as searched.

>>> from searchsvc.query.parser import parse
>>> print(resolve(parse("the oil price"), lexicon=lambda field, prefix: [], warn=print))
too common to search for, left out: the
title|body|people|places:oil title|body|people|places:price

After it engines may assume: every leaf is Stem, Exact, AnyOf, Days, All or Nothing; its words are
analysed and its fields known; no group is empty.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from rapidfuzz import process
from rapidfuzz.distance import OSA

from searchsvc.analysis import STOP_WORDS, stem
from searchsvc.errors import QueryError
from searchsvc.query.tree import (
    And,
    AnyOf,
    Boost,
    Exact,
    Fuzzy,
    Not,
    Nothing,
    Or,
    Pattern,
    Phrase,
    Query,
    Stem,
    Word,
    conjunction,
    disjunction,
    leaves,
    map_leaves,
)
from searchsvc.schema import DEFAULT_FIELDS

# The written words of a field that begin with a prefix, each with its number of articles.
Lexicon = Callable[[str, str], Iterable[tuple[str, int]]]

_OPERATORS = ("and", "or", "not")
PASSAGE = 6  # different plain words, from which on they are looked for in a row too
MAX_EXPANSION = 10_000  # words that one pattern or fuzzy word may stand for


def resolve(
    query: Query,
    lexicon: Lexicon,
    warn: Callable[[str], None] = lambda warning: None,
    *,
    pasted: bool = False,
) -> Query:
    """The tree that engines search; stop words left out are told to *warn*.

    In a query that was not *pasted*, "or" may have been meant as an operator.

    Raises QueryError for a pattern that stands for more words than MAX_EXPANSION.
    """
    kept = without_stop_words(query)
    passage = _passage(query)
    left_out = [leaf.text for leaf in leaves(query) if isinstance(leaf, Word)]
    for leaf in leaves(kept):
        if isinstance(leaf, Word):
            left_out.remove(leaf.text)
    if left_out:
        names = list(dict.fromkeys(left_out))
        operators = [name.upper() for name in names if name in _OPERATORS and not pasted]
        remark = f"; operators are in capitals: {', '.join(operators)}" if operators else ""
        warn(f"too common to search for, left out: {', '.join(names)}{remark}")
    resolved = map_leaves(kept, lambda leaf: _resolve_leaf(leaf, lexicon))
    # Where they all stand in a row, they all stand: the same articles, that one first.
    return Or((resolved, passage)) if passage else resolved


def _passage(query: Query) -> Query | None:
    """The words of a pasted passage as one phrase, if *query* is nothing but a passage."""
    if not isinstance(query, And):
        return None
    words: list[str] = []
    for clause in query.clauses:
        match clause:
            case Word(text, None):
                words.append(text)
            case Phrase(phrase, 0, None):
                words += phrase
            case _:
                return None
    if len(set(words)) < PASSAGE:
        return None
    # It outweighs any difference that the single words can make.
    return Boost(Exact(tuple(words), 0, DEFAULT_FIELDS), float(len(words)))


def without_stop_words(query: Query) -> Query:
    """*query* without plain stop words, unless nothing else is there."""
    return _drop_stop_words(query) or query


def any_part(query: Query) -> Query | None:
    """Where *query* wants several things at once: any of them. None where it does not.

    A question has words that no answer has.

    >>> from searchsvc.query.parser import parse
    >>> print(any_part(parse("who drained the harbour -crane")))
    who OR drained OR harbour NOT crane
    """
    whole = without_stop_words(query)
    if not isinstance(whole, And):
        return None
    unwanted: list[Query] = [part for part in whole.clauses if isinstance(part, Not)]
    wanted: list[Query] = [part for part in whole.clauses if not isinstance(part, Not)]
    return conjunction([disjunction(wanted), *unwanted]) if len(wanted) > 1 else None


def _drop_stop_words(query: Query) -> Query | None:
    match query:
        case Word(text):
            return None if text in STOP_WORDS else query
        case And(clauses):
            kept = [part for clause in clauses if (part := _drop_stop_words(clause))]
            if len(kept) < len(clauses) and all(isinstance(part, Not) for part in kept):
                return query if kept else None  # "the -opec": what is wanted is "the"
            return conjunction(kept)
        case Or(clauses):
            kept = [part for clause in clauses if (part := _drop_stop_words(clause))]
            return disjunction(kept) if kept else None
        case Not(clause):
            return Not(_drop_stop_words(clause) or clause)
        case Boost(clause, factor):
            part = _drop_stop_words(clause)
            return Boost(part, factor) if part else None
        case _:
            return query


def _resolve_leaf(leaf: Query, lexicon: Lexicon) -> Query:
    match leaf:
        case Word(text, field):
            return Stem(stem(text), _fields(field))
        case Phrase(words, slop, field):
            return Exact(words, slop, _fields(field))
        case Pattern(text, field, at):
            literal = re.match(r"[^?*]+", text)
            assert literal is not None
            matches = re.compile(_as_regex(text), re.DOTALL).fullmatch
            return _expand(literal.group(), partial(filter, matches), field, lexicon, text, at)
        case Fuzzy(text, edits, field, at):
            return _expand(
                text[0], partial(near, text, edits), field, lexicon, f"{text}~{edits}", at
            )
        case _:
            return leaf


def near(text: str, edits: int, words: list[str]) -> Iterator[str]:
    """Those of *words* that *edits* make of *text*: letters put in, left out, put for another, or
    two that change places (optimal string alignment)."""
    found = process.extract(text, words, scorer=OSA.distance, score_cutoff=edits, limit=None)
    return (word for word, _, _ in found)


def _fields(field: str | None) -> tuple[str, ...]:
    return (field,) if field else DEFAULT_FIELDS


def _as_regex(pattern: str) -> str:
    wildcards = {"?": ".", "*": ".*"}
    return "".join(wildcards.get(character) or re.escape(character) for character in pattern)


def _expand(
    prefix: str,
    matching: Callable[[list[str]], Iterable[str]],
    field: str | None,
    lexicon: Lexicon,
    shown: str,
    at: int,
) -> Query:
    fields = _fields(field)
    words: set[str] = set()
    for name in fields:
        words.update(matching([word for word, _ in lexicon(name, prefix)]))
        if len(words) > MAX_EXPANSION:
            raise QueryError(
                f"'{shown}' stands for more than {MAX_EXPANSION:,} words of this archive",
                position=at,
                remedy="give more letters of the word",
            )
    return AnyOf(frozenset(words), fields) if words else Nothing()
