"""The query tree: what can be asked, as data.

>>> query = And((Word("oil"), Not(Phrase(("interest", "rate"), field="title"))))
>>> print(query)
oil NOT title:"interest rate"

`str` gives valid syntax: parsing it gives an equal tree. Nodes come in three sorts:

    as typed        Word  Phrase  Pattern  Fuzzy         from `query.parser`
    as searched     Stem  Exact  AnyOf                   from `query.rewrite.resolve`
    both            And  Or  Not  Boost  Days  All  Nothing

Engines see only the last two. `field=None` means the default fields of the schema.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from decimal import Decimal
from typing import TypeAlias


class _Node:
    """Prints itself as the query that it is."""

    __slots__ = ()

    def __str__(self) -> str:
        return _show(self, _IN_GROUP)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Word(_Node):
    """A plain word, folded; it matches by stem."""

    text: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Phrase(_Node):
    """Quoted words, folded: next to each other in this order, or within `slop` extra positions."""

    words: tuple[str, ...]
    slop: int = 0
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Pattern(_Node):
    """A written word with `?` for one character and `*` for any number."""

    text: str
    field: str | None = None
    at: int = attribute(default=0, compare=False, repr=False)  # where it stands in the query


@dataclass(frozen=True, slots=True)
class Fuzzy(_Node):
    """A written word, give or take `edits` letters."""

    text: str
    edits: int
    field: str | None = None
    at: int = attribute(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Days(_Node):
    """Articles of the days from `since` to `until`, both included; None leaves a side open."""

    since: dt.date | None
    until: dt.date | None


@dataclass(frozen=True, slots=True)
class And(_Node):
    """Articles that match all clauses."""

    clauses: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Or(_Node):
    """Articles that match at least one clause."""

    clauses: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Not(_Node):
    """Articles that do not match."""

    clause: "Query"


@dataclass(frozen=True, slots=True)
class Boost(_Node):
    """The same articles; their score times `factor`."""

    clause: "Query"
    factor: float


@dataclass(frozen=True, slots=True)
class All(_Node):
    """Every article."""


@dataclass(frozen=True, slots=True)
class Nothing(_Node):
    """No article."""


@dataclass(frozen=True, slots=True)
class Stem(_Node):
    """Articles with a word of this stem in one of `fields`; scored."""

    text: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exact(_Node):
    """Articles with these written words, in one of `fields`; scored.

    With `slop` 0 they stand side by side in this order; otherwise in any order among at most
    `slop` other words. One word is a phrase of one.
    """

    words: tuple[str, ...]
    slop: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnyOf(_Node):
    """Articles with any of these written words in one of `fields`; a set, not scored."""

    words: frozenset[str]
    fields: tuple[str, ...]


Query: TypeAlias = (
    Word | Phrase | Pattern | Fuzzy | Days | And | Or | Not | Boost | All | Nothing
    | Stem | Exact | AnyOf
)  # fmt: skip


def conjunction(clauses: list[Query]) -> Query:
    """All of *clauses*, without an And inside an And; one clause stays as it is."""
    flat = [part for c in clauses for part in (c.clauses if isinstance(c, And) else (c,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def disjunction(clauses: list[Query]) -> Query:
    """Any of *clauses*, without an Or inside an Or; one clause stays as it is."""
    flat = [part for c in clauses for part in (c.clauses if isinstance(c, Or) else (c,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def leaves(query: Query, *, negated: bool = True) -> Iterator[Query]:
    """The leaves in the order typed; those under a Not only if *negated*."""
    match query:
        case And(clauses) | Or(clauses):
            for clause in clauses:
                yield from leaves(clause, negated=negated)
        case Not(clause):
            if negated:
                yield from leaves(clause)
        case Boost(clause):
            yield from leaves(clause, negated=negated)
        case _:
            yield query


def map_leaves(query: Query, change: Callable[[Query], Query]) -> Query:
    """The same tree with every leaf put through *change*."""
    match query:
        case And(clauses):
            return And(tuple(map_leaves(clause, change) for clause in clauses))
        case Or(clauses):
            return Or(tuple(map_leaves(clause, change) for clause in clauses))
        case Not(clause) | Boost(clause):
            return replace(query, clause=map_leaves(clause, change))
        case _:
            return change(query)


# How tightly a place binds: what stands there without parentheses binds at least as tightly.
_IN_GROUP, _IN_OR, _IN_AND, _IN_NOT, _ALONE = range(5)


def _show(query: Query, place: int) -> str:
    match query:
        case And(clauses) if place == _IN_GROUP:
            return " ".join(_show(clause, _IN_OR) for clause in clauses)
        case And(clauses) if place == _IN_AND:
            return " AND ".join(_show(clause, _IN_NOT) for clause in clauses)
        case Or(clauses) if place <= _IN_OR:
            return " OR ".join(_show(clause, _IN_AND) for clause in clauses)
        case Not(clause) if place <= _IN_NOT:
            return f"NOT {_show(clause, _IN_NOT)}"
        case And() | Or() | Not():
            return f"({_show(query, _IN_GROUP)})"
        case Boost(Boost() as clause, factor):
            return f"({_show(clause, _IN_GROUP)})^{_number(factor)}"
        case Boost(clause, factor):
            return f"{_show(clause, _ALONE)}^{_number(factor)}"
        case _:
            return _show_leaf(query)


def _show_leaf(query: Query) -> str:
    match query:
        case Word(text, field):
            return f"{_prefix(field)}{text}"
        case Phrase(words, slop, field):
            return f"{_prefix(field)}{_quoted(words, slop)}"
        case Pattern(text, field):
            return f"{_prefix(field)}{text}"
        case Fuzzy(text, edits, field):
            return f"{_prefix(field)}{text}~{edits}"
        case Days(since, until):
            return f"date:{_span(since, until)}"
        case All():
            return "*"
        case Stem(text, fields):
            return f"{'|'.join(fields)}:{text}"
        case Exact(words, slop, fields):
            return f"{'|'.join(fields)}:{_quoted(words, slop)}"
        case AnyOf(words, fields):
            some = sorted(words)[:20]
            more = f" … {len(words)} words" if len(words) > len(some) else ""
            return f"{'|'.join(fields)}:{{{' '.join(some)}{more}}}"
        case _:  # Nothing
            return '""'


def _prefix(field: str | None) -> str:
    return f"{field}:" if field else ""


def _quoted(words: tuple[str, ...], slop: int) -> str:
    return f'"{" ".join(words)}"' + (f"~{slop}" if slop else "")


def _span(since: dt.date | None, until: dt.date | None) -> str:
    if since and until:
        return since.isoformat() if since == until else f"[{since} TO {until}]"
    return f">={since}" if since else f"<={until}"


def _number(factor: float) -> str:
    return format(Decimal(repr(factor)), "f").removesuffix(".0")
