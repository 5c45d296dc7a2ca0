"""Where our language looks like Whoosh's it means the same; where it differs, the row says why.

Whoosh's parser reads into Whoosh's tree, which is put into ours for comparison. Differences:

    1  `-word` excludes; Whoosh drops the minus and searches for the word
    2  words typed together are a phrase; Whoosh takes them one by one
    3  initials, apostrophes and commas in numbers join; Whoosh keeps or parts them
    4  `?` at a word's end is text; Whoosh takes it for a wildcard
    5  an operator without its word is an error; Whoosh searches for "and", "or", "not"
    6  a leading wildcard, or a wildcard beside one letter, is an error; Whoosh scans all its words
    7  an open quote is closed at the end; Whoosh drops it
    8  a boost stands at the group; Whoosh puts it at each word
    9  one quoted word is an exact word; Whoosh takes it for a plain one
    10 a phrase within n positions has n words between; Whoosh counts steps, one more
    11 a boost of 0 is an error; Whoosh takes it
    12 a field's name misspelt is an error; Whoosh searches for it as a word
    13 eight letters allow two edits; Whoosh allows one unless told
"""

import pytest
from whoosh import query as whoosh
from whoosh.analysis import LowercaseFilter, RegexTokenizer
from whoosh.fields import TEXT, Schema
from whoosh.qparser import FuzzyTermPlugin, QueryParser

from searchsvc.errors import QueryError
from searchsvc.query.parser import parse
from searchsvc.query.tree import (
    All,
    And,
    Boost,
    Fuzzy,
    Not,
    Nothing,
    Or,
    Pattern,
    Phrase,
    Query,
    Word,
)

SAME = """
oil
oil gas
oil AND gas
oil OR gas
oil gas OR coal
oil OR gas coal
oil AND gas OR coal
oil OR gas AND coal
NOT oil
oil NOT gas
oil AND NOT gas
NOT oil AND gas
NOT (oil gas)
(oil OR gas) coal
((oil))
+oil
oil and gas
(oil gas
"interest rate"
title:oil
title:(oil OR gas)
title:"oil gas"
foo:oil
10:30
opec*
o?l
op*c
title:op*
*
jeffery~
jeffery~2
oil^2
"oil gas"^2
...
""".split("\n")[1:-1]  # the rows have spaces

DIFFERENT = [
    (1, "-oil", "NOT oil", "oil"),
    (1, "oil -gas", "oil NOT gas", "oil gas"),
    (2, "take-over", '"take over"', "take over"),
    (2, "AT&T", '"at t"', "at t"),
    (3, "U.S.", "us", "u.s"),
    (3, "O'Neill", "oneill", "o neill"),
    (3, "70,000", "70000", "70 000"),
    (4, "Who is Volcker?", "who is volcker", "who is volcker?"),
    (5, "oil AND", "error", "oil and"),
    (5, "OR oil", "error", "or oil"),
    (5, "NOT", "error", "not"),
    (6, "*pec", "error", "*pec"),
    (6, "o*", "error", "o*"),
    (7, '"oil gas', '"oil gas"', "oil gas"),
    (8, "(oil gas)^2", "(oil gas)^2", "oil^2 gas^2"),
    (9, '"rates"', '"rates"', "rates"),
    (10, '"interest rate"~3', '"interest rate"~3', '"interest rate"~2'),
    (11, "oil^0", "error", "oil^0"),
    (12, "titel:oil", "error", "titel oil"),
    (13, "gorbachov~", "gorbachov~2", "gorbachov~1"),
]


def as_whoosh_reads(text: str) -> Query:
    words = RegexTokenizer() | LowercaseFilter()
    parser = QueryParser("body", Schema(title=TEXT(words), body=TEXT(words)))
    parser.add_plugin(FuzzyTermPlugin())
    return ours(parser.parse(text))


def ours(tree: whoosh.Query) -> Query:
    """The same in our tree."""
    match tree:
        case whoosh.And() | whoosh.Or():
            join = And if isinstance(tree, whoosh.And) else Or
            return join(tuple(ours(clause) for clause in tree))
        case whoosh.Not():
            return Not(ours(tree.query))
        case whoosh.Every():
            return All()
        case whoosh.Phrase():
            return boosted(tree, Phrase(tuple(tree.words), tree.slop - 1, field(tree)))
        case whoosh.Prefix():
            return Pattern(f"{tree.text}*", field(tree))
        case whoosh.Wildcard():
            return Pattern(tree.text, field(tree))
        case whoosh.FuzzyTerm():
            return Fuzzy(tree.text, tree.maxdist, field(tree))
        case whoosh.Term():
            return boosted(tree, Word(tree.text, field(tree)))
        case _:
            assert tree == whoosh.NullQuery
            return Nothing()


def field(tree: whoosh.Query) -> str | None:
    return None if tree.fieldname == "body" else str(tree.fieldname)


def boosted(tree: whoosh.Query, leaf: Query) -> Query:
    return leaf if tree.boost == 1 else Boost(leaf, tree.boost)


def as_we_read(text: str) -> str:
    try:
        return str(parse(text))
    except QueryError:
        return "error"


@pytest.mark.parametrize("text", SAME)
def test_we_read_as_whoosh_does(text: str) -> None:
    assert parse(text) == as_whoosh_reads(text)


@pytest.mark.parametrize(("number", "text", "we", "they"), DIFFERENT, ids=lambda value: str(value))
def test_we_differ_from_whoosh_as_numbered(number: int, text: str, we: str, they: str) -> None:
    assert as_we_read(text) == we
    assert str(as_whoosh_reads(text)) == they
    assert we != they


def test_every_difference_is_numbered_and_has_a_row() -> None:
    assert __doc__
    numbers = {int(line.split()[0]) for line in __doc__.splitlines() if line[4:5].isdigit()}
    assert numbers == {row[0] for row in DIFFERENT}
