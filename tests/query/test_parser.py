"""Every row of `queries.txt`: how a query is read, or where and why it cannot be."""

import datetime as dt
import re
from pathlib import Path

import pytest

from searchsvc.errors import QueryError
from searchsvc.query.parser import MAX_CHARACTERS, parse, quote
from searchsvc.query.tree import (
    All,
    And,
    Boost,
    Days,
    Fuzzy,
    Not,
    Nothing,
    Or,
    Pattern,
    Phrase,
    Query,
    Word,
)
from searchsvc.schema import QUERY_FIELDS

Row = tuple[str, str, str]


def rows() -> list[Row]:
    found = []
    lines = Path(__file__).with_name("queries.txt").read_text("utf-8").splitlines()
    for line in lines:
        if line and not line.startswith(("# ", "#\t")):
            query, tree, *told = line.split(" | ")
            found.append((query, tree, told[0] if told else ""))
    return found


READ = [row for row in rows() if not row[1].startswith("error @")]
ERRORS = [row for row in rows() if row[1].startswith("error @")]


@pytest.mark.parametrize(("query", "tree", "warning"), READ, ids=[row[0] for row in READ])
def test_queries_are_read(query: str, tree: str, warning: str) -> None:
    warnings: list[str] = []
    parsed = parse(query, warnings.append)
    assert str(parsed) == tree
    assert parse(tree) == parsed
    assert any(warning in said for said in warnings) if warning else warnings == []
    assert len(set(warnings)) == len(warnings)


@pytest.mark.parametrize(("query", "place", "reason"), ERRORS, ids=[row[0] for row in ERRORS])
def test_queries_that_cannot_be_read_say_where_why_and_what_to_do(
    query: str, place: str, reason: str
) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    error = caught.value
    assert f"error @ {error.position}" == place
    assert reason in error.reason
    assert error.remedy
    shown, caret = error.caret().splitlines()
    assert shown.strip() == query.strip()
    assert shown[caret.index("^") :].startswith(query[error.position])


TREES: list[tuple[str, Query]] = [
    ("Oil prices", And((Word("oil"), Word("prices")))),
    ("title:oil", Word("oil", "title")),
    ('"rates"', Phrase(("rates",))),
    ('"oil prices"~3', Phrase(("oil", "prices"), 3)),
    ('people:"paul volcker"', Phrase(("paul", "volcker"), 0, "people")),
    ("opec*", Pattern("opec*")),
    ("title:o?l", Pattern("o?l", "title")),
    ("jeffery~", Fuzzy("jeffery", 1)),
    ("gorbachev~", Fuzzy("gorbachev", 2)),
    ("oil^2", Boost(Word("oil"), 2.0)),
    ("date:1987-03-26", Days(dt.date(1987, 3, 26), dt.date(1987, 3, 26))),
    ("date:>=1987", Days(dt.date(1987, 1, 1), None)),
    ("oil OR -gas", Or((Word("oil"), Not(Word("gas"))))),
    ("oil gas OR coal", And((Word("oil"), Or((Word("gas"), Word("coal")))))),
    ("*", All()),
    ("", All()),
    ("!", Nothing()),
]


@pytest.mark.parametrize(("query", "tree"), TREES, ids=[row[0] for row in TREES])
def test_a_tree_is_made_of_these_nodes(query: str, tree: Query) -> None:
    assert parse(query) == tree


@pytest.mark.parametrize("field", QUERY_FIELDS)
def test_a_field_with_a_letter_swapped_is_an_error_that_names_it(field: str) -> None:
    misspelt = field[0] + field[2] + field[1] + field[3:]
    with pytest.raises(QueryError) as caught:
        parse(f"{misspelt}:1987")
    assert f"'{field}:'" in caught.value.remedy
    assert all(name in caught.value.remedy for name in QUERY_FIELDS)


def test_the_nearest_field_is_the_one_suggested() -> None:
    for misspelt, meant in (("dtae", "date"), ("sourse", "source"), ("place", "places")):
        with pytest.raises(QueryError) as caught:
            parse(f"{misspelt}:x")
        assert f"did you mean '{meant}:'" in caught.value.remedy


def test_an_error_in_a_long_query_shows_the_part_around_it() -> None:
    query = "oil OR gas AND " * 40 + "OR"
    with pytest.raises(QueryError) as caught:
        parse(query)
    shown, caret = caught.value.caret().splitlines()
    assert len(shown) <= 4 + 100
    assert shown[caret.index("^") :] == "AND OR"


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("oil AND", "oil and"),
        ("date:1987-13", "date 1987 13"),
        ("*pec (", "pec"),
        ('titel:"U.S. take-over"', "titel us take over"),
    ],
)
def test_the_literal_search_has_the_same_words_and_no_signs(text: str, literal: str) -> None:
    assert quote(text) == literal
    assert str(parse(quote(text))) == literal


def test_the_literal_search_of_an_error_is_never_an_error() -> None:
    for query, *_ in ERRORS:
        assert re.fullmatch(r"[^()\"*?~^:]*", quote(query))
        parse(quote(query))
    one_that_folds_to_fifteen = "ﷺ"
    parse(quote((one_that_folds_to_fifteen * 9 + " ") * (MAX_CHARACTERS // 10)))


def test_the_literal_search_of_signs_alone_finds_nothing() -> None:
    with pytest.raises(QueryError):
        parse("(" * 9)
    assert parse(quote("(" * 9)) == Nothing()
