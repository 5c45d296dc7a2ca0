"""Every row of `cases/*.json` on every engine, against the archive in `articles.jsonl`.

A row is what a reporter types and what the desk expects back:

    about, rule      what it shows, and the sentence of LANGUAGE.md it stands for (`rules.json`)
    q                the query; a long one is {"text", "then", "times", "end"}
    filters, from, to, sort, page, size
    ids              the hits, in any order; `ids_in_order` where the order is part of it
    total            all hits; without it, as many as the ids
    facets           value and count of each facet named
    snippet          of one hit: title and body with «marks», or just the words marked
    parsed, warnings, warning_contains
    error            reason_contains, remedy_contains, position
"""

import datetime as dt
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count, cycle, repeat
from pathlib import Path
from typing import Any

import pytest

from searchsvc import searching
from searchsvc.answers import Passage, SearchAnswer
from searchsvc.article import Article, Entity
from searchsvc.engines.base import Engine, SearchRequest, SearchResult
from searchsvc.engines.memory import MemoryEngine
from searchsvc.errors import QueryError
from searchsvc.parameters import SearchParameters

HERE = Path(__file__).parent
LANGUAGE = HERE.parents[2] / "shared" / "LANGUAGE.md"

# Rules that need an archive of their own, and the test here that has it.
TESTED_BELOW = {"limit.expansion"}

Row = dict[str, Any]


@dataclass(frozen=True)
class OneGeneration:
    """A Store with an engine in it: what `searching.search` needs."""

    engine: Engine
    name: str = "000001"
    identity: str = "000001.0"

    def current(self) -> "OneGeneration":
        return self

    def generation(self, name: str) -> "OneGeneration | None":
        return self if name == self.name else None


@cache
def rows() -> tuple[tuple[str, Row], ...]:
    found = []
    for path in sorted((HERE / "cases").glob("*.json")):
        for row in json.loads(path.read_text("utf-8")):
            found.append((f"{path.stem}:{row['about']}", row))
    return tuple(found)


def typed(row: Row) -> str:
    q = row["q"]
    if isinstance(q, str):
        return q
    return q["text"] + q["then"] * q["times"] + q.get("end", "")


def ask(engine: Engine, row: Row) -> SearchAnswer:
    given = {name: row[name] for name in ("from", "to", "sort", "page") if name in row}
    given |= {"q": typed(row), "size": row.get("size", 200), **row.get("filters", {})}
    return searching.search(OneGeneration(engine), SearchParameters.model_validate(given))


@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in rows()])
def test_searches(archive: Engine, row: Row) -> None:
    if "error" in row:
        check_error(archive, row)
        return
    answer = ask(archive, row)
    ids = [hit.id for hit in answer.hits]
    if "ids" in row:
        assert sorted(ids) == sorted(row["ids"])
    if "ids_in_order" in row:
        assert ids == row["ids_in_order"]
    if expected := row.get("ids", row.get("ids_in_order")):
        assert answer.total == row.get("total", answer.total if "size" in row else len(expected))
    if "total" in row:
        assert answer.total == row["total"]
    for field, counts in row.get("facets", {}).items():
        assert [[value.value, value.count] for value in answer.facets[field]] == counts
    if "snippet" in row:
        check_snippet(answer, row["snippet"])
    if "parsed" in row:
        assert answer.query.parsed == row["parsed"]
    if "warnings" in row:
        assert answer.query.warnings == row["warnings"]
    if "warning_contains" in row:
        assert any(row["warning_contains"] in said for said in answer.query.warnings)


def check_error(engine: Engine, row: Row) -> None:
    """The error has all that the page shows: reason, place, caret and remedy."""
    expected = row["error"]
    with pytest.raises(QueryError) as caught:
        ask(engine, row)
    error = caught.value
    assert expected["reason_contains"] in error.reason
    assert expected.get("remedy_contains", "") in error.remedy
    assert error.position == expected.get("position", error.position)
    assert error.remedy, "an error says what to do"
    assert error.query == typed(row), "an error has a caret"


def check_snippet(answer: SearchAnswer, expected: dict[str, Any]) -> None:
    (snippets,) = (hit.snippets for hit in answer.hits if hit.id == expected["id"])
    if "title" in expected:
        assert shown(snippets.title) == expected["title"]
    if "body" in expected:
        assert [shown(passage) for passage in snippets.body] == expected["body"]
    if "marked" in expected:
        marked = [[p.text[start:end] for start, end in p.highlights] for p in snippets.body]
        assert marked == expected["marked"]


def shown(passage: Passage) -> str:
    """The text with « and » where a match begins and ends."""
    text = passage.text
    for start, end in sorted(passage.highlights, reverse=True):
        text = f"{text[:start]}«{text[start:end]}»{text[end:]}"
    return text


def test_every_rule_of_the_language_has_a_row() -> None:
    rules = json.loads((HERE / "rules.json").read_text("utf-8"))
    named = {row["rule"] for _, row in rows()} | TESTED_BELOW
    assert named == set(rules)


@pytest.mark.skipif(
    not LANGUAGE.exists() and "CI" not in os.environ, reason="needs ../shared/LANGUAGE.md"
)
def test_the_rules_are_the_sentences_of_the_definition() -> None:
    definition = " ".join(LANGUAGE.read_text("utf-8").partition("## Words")[2].split())
    rules = json.loads((HERE / "rules.json").read_text("utf-8")) | {
        "heading": "(analysis.py; frozen into the index, so its version stands in the manifest)",
        "table": "| typed | means | |---|---|",
        "tested in web/": "the page shows them and the result of the literal search.",
        "syntax": "## Syntax",
        "answer": "## The answer",
    }
    for name, sentence in rules.items():
        assert sentence in definition, f"{name} is not in LANGUAGE.md"
        definition = definition.replace(sentence, "", 1)
    assert definition.strip(" |-") == "", "a sentence of LANGUAGE.md without a rule"


def test_rows_are_told_apart_by_what_they_are_about() -> None:
    known = {"about", "rule", "q", "filters", "from", "to", "sort", "page", "size", "total"}
    known |= {"ids", "ids_in_order", "facets", "snippet", "parsed", "warnings"}
    known |= {"warning_contains", "error"}
    for name, row in rows():
        assert set(row) <= known, name
        assert set(row) - {"about", "rule", "q", "warnings"}, f"{name} expects nothing"


def test_a_headline_or_a_text_pasted_finds_its_article(
    archive: Engine, articles: tuple[Article, ...]
) -> None:
    for article in articles:
        for text in (article.title, " ".join(article.body.split()[:60])):
            if text:
                answer = ask(archive, {"q": text})
                assert article.id in [hit.id for hit in answer.hits], text


@pytest.mark.parametrize("sizes", [(7,), (1, 2, 3, 5, 8, 13), (20, 3), (3, 20)])
@pytest.mark.parametrize("q", ["", "NOT oil"])
def test_cursors_walk_over_every_hit_once_in_steps_of_any_size(
    archive: Engine, q: str, sizes: tuple[int, ...]
) -> None:
    def step(size: int, cursor: str | None) -> SearchAnswer:
        asked = SearchParameters(q=q, size=size, cursor=cursor, facets=[])
        return searching.search(OneGeneration(archive), asked)

    whole = [hit.id for hit in step(200, None).hits]
    walked: list[str] = []
    cursor: str | None = None
    for size in cycle(sizes):
        answer = step(size, cursor)
        assert answer.page == len(walked) // size + 1
        walked += [hit.id for hit in answer.hits]
        if answer.links.next is None:
            break
        cursor = answer.links.next.rpartition("cursor=")[2]
    assert walked == whole
    while answer.links.prev:  # and back
        before = step(7, answer.links.prev.rpartition("cursor=")[2])
        shown = [hit.id for hit in before.hits]
        start = whole.index(shown[0])
        assert shown == whole[start : start + 7]
        answer = before
    assert start == 0


TYPOS = [
    Article(id="1", title="Volcker speaks", body="Rates rose. The committee met.", source="Wire"),
    Article(id="2", body="Rates fell. Rotes of hay. A comity of nations.", source="Desk"),
    Article(
        id="3", title="Thatcher wins", people=("Zoe Lomholt", "Anna Lund"), places=("Esbjerg",)
    ),
    Article(id="4", body="Ports and boats. Rates h52."),
    Article(id="5", body="Posts and boats. Posts. Pasts."),
    Article(id="6", body="Posts."),
    Article(id="7", body="Chancellor.", people=("Anne Berg",)),
    *(Article(id=f"8{n}", body="Chancelled.") for n in range(2)),
]


@pytest.mark.parametrize(
    ("q", "filters", "better"),
    [
        ("ratse", {}, "rates"),  # a swap is one edit
        ("rttes", {}, "rates"),  # as near as "rotes", and more frequent
        ("pxsts boats", {}, "posts boats"),
        ("volckre rates", {}, "volcker rates"),  # of the headline
        ("lomhlt", {}, "lomholt"),  # of people
        ("esbjreg", {}, "esbjerg"),  # of places
        ("title:thacher", {}, "title:thatcher"),
        ("body:thacher", {}, None),  # not there
        ("comittee", {}, "committee"),
        ("commiteee", {}, "committee"),  # two edits in nine letters
        ("chancellr", {}, "chancellor"),  # nearer than "chancelled", which is more frequent
        ("rtaess", {}, None),  # two in six
        ("h53a", {}, None),  # no word
        ("rat", {}, None),
        ("retes thatcher", {}, None),  # together they find nothing either
        ('"volckre speaks" rates', {}, '"volcker speaks" rates'),
        ('"met comittee"', {}, None),  # not in this order
        ('"met comittee"~3', {}, '"met committee"~3'),
        ('"comittee"', {}, '"committee"'),
        ("comittee-met", {}, '"committee met"'),
        ("people:lomhlt", {}, "people:lomholt"),
        ('people:"zoe lomhlt"', {}, 'people:"zoe lomholt"'),
        ('places:"esbjreg"', {}, 'places:"esbjerg"'),
        ('people:"anne lund"', {}, 'people:"anna lund"'),  # there is an Anne, but no Anne Lund
        ('people:"anna lundd" wins', {}, 'people:"anna lund" wins'),
        ('"anne lund"', {}, None),  # which may stand in any text
        ('people:"anne berg" wins', {}, None),  # she is there
        ('source:"the wier" rates', {}, None),  # no such name
        ("thacher", {"source": ["Wire"]}, None),
        ("ratse", {"source": ["Wire"]}, "rates"),
        ("rates thatcher", {}, None),  # nothing is misspelt
        ("rates", {}, None),  # nothing is missing
    ],
)
def test_a_misspelt_word_is_put_right_if_that_finds_something(
    open_engine: Any, q: str, filters: dict[str, list[str]], better: str | None
) -> None:
    store = OneGeneration(open_engine(TYPOS))
    asked = SearchParameters.model_validate({"q": q, **filters})
    assert searching.search(store, asked).query.did_you_mean == better


# Some article has each of these words, and no article those that are asked for together.
KNOWN = [
    *(Article(id=f"rates-{n:02}", body="Rates and prices.", source="Wire") for n in range(20)),
    *(Article(id=f"ports-{n}", title="Cranes", body="Ports. Cranes lift.") for n in range(5)),
    Article(id="typo-1", body="Rotes of hay. Cranse.", source="Desk"),
    Article(id="typo-2", body="Pirces. Pricess. A port of rites.", source="Desk"),
    Article(id="typo-3", body="Parts.", source="Desk"),
    Article(id="typo-4", body="Roles. Rabes.", source="Desk"),
]


@pytest.mark.parametrize(
    ("q", "filters", "better"),
    [
        ("rotes prices", {}, "rates prices"),
        ("prices rotes", {}, "prices rates"),
        ("pirces rates", {}, "prices rates"),  # by their stems
        ("body:rotes prices", {}, "body:rates prices"),
        ("with rotes prices", {}, "with rates prices"),  # a stop word need not be known
        ("rotes (prices OR petrol)", {}, None),  # some word no article has
        ("rotes (prices OR hay) -lift", {}, None),  # they find something
        ("rotes ports", {}, None),  # rates would find nothing either
        ("parts lift", {}, None),  # ports are no ten times as frequent
        ("cranse lift", {}, None),  # nor are cranes, in headline and text of five
        ("rotes pirces", {}, None),  # one word is replaced, not two
        ('"rotes" prices', {}, None),  # as written
        ('"rotes and prices"', {}, '"rates and prices"'),
        ("rotes-and-prices", {}, '"rates and prices"'),
        ("hay -rotes", {}, None),  # what is left out is not what is missing
        ("rotes", {"source": ["Wire"]}, "rates"),
        ("rates", {"source": ["Desk"]}, None),  # nothing is rare
    ],
)
def test_a_misspelling_that_some_article_has_is_put_right_if_that_finds_something(
    open_engine: Any, q: str, filters: dict[str, list[str]], better: str | None
) -> None:
    store = OneGeneration(open_engine(KNOWN))
    asked = SearchParameters.model_validate({"q": q, **filters})
    assert searching.search(store, asked).query.did_you_mean == better


PASTED = [
    Article(
        id="karami",
        title="Karami dies, helicopter attacked -official sources",
        body="The M*A*S*H unit could not save him.",
        source="Wire",
    ),
    Article(id="nato", title="NATO ministers meet", body="The EC (in part) and the press."),
    Article(id="un", title="UN talks", body="They were long."),
]


@pytest.mark.parametrize(
    ("q", "filters", "better"),
    [
        (
            "Karami dies, helicopter attacked -official sources",
            {},
            "karami dies helicopter attacked official sources",
        ),
        ("M*A*S*H unit could NOT save", {}, "m a s h unit could not save"),
        ('"save could" -unit M*A*S*H', {}, "save could unit m a s h"),
        ("helicopter title:attacked in Karami", {}, None),  # it finds something
        ("helicopter -attacked Karami", {}, None),  # three words, of which one is left out
        ("helicopter dies -attacked Karami", {}, "helicopter dies attacked karami"),
        ("helicopter dies -attacked Karami", {"source": ["Desk"]}, None),
        ("helicopter dies -ministers NATO", {}, None),  # no article has all
        ("helicopter dies -attcked Karmi", {}, "helicopter dies NOT attcked karami"),
        ("helicopter dies -attcked talks", {}, None),
        ("NATO OR UN OR OPEC OR OTAN", {}, "nato OR un OR opec OR otan"),
        ("NATO OR (EC NOT PRESS) OR UN", {}, "nato OR ec AND NOT press OR un"),
        ("NATO MINISTERS -PRESS -TALKS MEET IN PART", {}, None),
        ("THE (NATO) (MINISTERS) NOT UN NOT OR", {}, None),  # one that cannot be read
    ],
)
def test_another_reading_is_offered_if_that_finds_something(
    open_engine: Any, q: str, filters: dict[str, list[str]], better: str | None
) -> None:
    store = OneGeneration(open_engine(PASTED))
    asked = SearchParameters.model_validate({"q": q, **filters})
    assert searching.search(store, asked).query.did_you_mean == better


class Counted(MemoryEngine):
    """Counts what it is asked, and on which words it is."""

    def __init__(self, articles: Iterable[Article]) -> None:
        super().__init__(articles)
        self.searches = 0
        self.listed = 0

    def search(self, request: SearchRequest) -> SearchResult:
        self.searches += 1
        return super().search(request)

    def terms(self, field: str, prefix: str) -> Iterator[tuple[str, int]]:
        self.listed += 1
        return super().terms(field, prefix)


class Late(MemoryEngine):
    """Has no time for prices and for filters."""

    def search(self, request: SearchRequest) -> SearchResult:
        if request.filters or "price" in str(request.query):
            return SearchResult(total=0, hits=(), facets={}, partial=True)
        return super().search(request)


def test_what_there_was_no_time_for_is_not_called_unknown() -> None:
    assert ask(Late(KNOWN), {"q": "prices rites"}).query.did_you_mean is None  # not "pirces rites"
    assert ask(Late(KNOWN), {"q": "", "filters": {"source": ["Wire"]}}).query.warnings == []


def test_a_search_that_finds_nothing_looks_for_few_other_words() -> None:
    ends = "abcdefghij"
    seldom = [f"p{letter}rt{end}" for letter in ends for end in ends]
    often = " ".join(f"p{letter}rt{end}" for letter in "klmnopqrst" for end in ends)
    engine = Counted(
        [
            *(Article(id=word, body=word) for word in seldom),
            *(Article(id=f"often-{n}", body=often) for n in range(10)),
        ]
    )
    assert ask(engine, {"q": " ".join(seldom[:90])}).query.did_you_mean is None
    assert engine.listed == 3 * 4  # for three words, in each field
    assert engine.searches == 1 + 90 + 3 * 5 * 2


def test_for_many_unknown_words_no_others_are_looked_for() -> None:
    ends = "abcdefghijk"
    engine = Counted([Article(id="1", body=" ".join(f"ports{end}" for end in ends))])
    misspelt = [f"prots{end}" for end in ends]
    assert ask(engine, {"q": " ".join(misspelt)}).query.did_you_mean is None
    assert engine.listed == 0
    assert ask(engine, {"q": " ".join(misspelt[:10])}).query.did_you_mean
    engine.listed = engine.searches = 0
    names = " ".join(f'people:"{word} {word}"' for word in misspelt)
    assert ask(engine, {"q": names}).query.did_you_mean is None
    assert engine.searches < 40


def test_a_word_that_is_not_rare_is_not_taken_for_a_misspelling() -> None:
    ports = [Article(id=f"ports-{n}", body="ports") for n in range(21)]
    posts = [Article(id=f"posts-{n}", body="posts here") for n in range(210)]
    engine = Counted([*ports, *posts])
    assert ask(engine, {"q": "ports here"}).query.did_you_mean is None
    assert engine.listed == 0
    assert (
        ask(Counted([*ports[1:], *posts]), {"q": "ports here"}).query.did_you_mean == "posts here"
    )


NAMES = [
    Article(id="1", people=("Reagan", "Paul Volcker"), places=("Oslo",), source="Wire"),
    Article(id="2", people=("Reagan",), places=("Côte d'Ivoire",), topics=("money-fx",)),
    Article(id="3", people=("Regin",), topics=("g7 1987", "money-fx"), date=dt.date(1987, 3, 1)),
    Article(
        id="4",
        places=("United States", "Osla"),
        topics=("Money-FX",),
        entities=(
            Entity(field="people", name="Uncle Sam", key="sam", origin="tag", aliases=("usa",)),
            Entity(field="places", name="United States", key="US", origin="tag", aliases=("usa",)),
        ),
    ),
]


@pytest.mark.parametrize(
    ("filters", "warnings"),
    [
        ({"people": ["Reagan"]}, []),
        ({"people": ["Reagan", "Paul Volcker"]}, []),
        ({"people": ["reagan"]}, ["no article has people 'reagan'; did you mean 'Reagan'?"]),
        (
            {"people": ["Reagan", "REAGAN"], "source": ["wire"]},
            [
                "no article has people 'REAGAN'; did you mean 'Reagan'?",
                "no article has source 'wire'; did you mean 'Wire'?",
            ],
        ),
        ({"people": ["nobody", "nobody"]}, ["no article has people 'nobody'"]),
        ({"people": ["Regan"]}, ["no article has people 'Regan'; did you mean 'Reagan'?"]),
        ({"people": ["Volcker"]}, ["no article has people 'Volcker'"]),
        (
            {"people": ["paul volker"]},
            ["no article has people 'paul volker'; did you mean 'Paul Volcker'?"],
        ),
        (
            {"places": ["cote d’ivoire"]},
            ["no article has places 'cote d’ivoire'; did you mean \"Côte d'Ivoire\"?"],
        ),
        ({"places": ["Oslo"], "topics": ["money-fx"]}, []),  # each is there, not both
        ({"places": ["oslo"]}, ["no article has places 'oslo'; did you mean 'Oslo'?"]),
        ({"places": ["usa"]}, ["no article has places 'usa'; did you mean 'United States'?"]),
        ({"places": ["Reagan"]}, ["no article has places 'Reagan'"]),
        ({"topics": ["money fx"]}, ["no article has topics 'money fx'; did you mean 'money-fx'?"]),
        ({"topics": ["g7 1988"]}, ["no article has topics 'g7 1988'"]),
        ({"topics": ["G7, 1987"]}, ["no article has topics 'G7, 1987'; did you mean 'g7 1987'?"]),
        ({"topics": ["?"]}, ["no article has topics '?'"]),
        ({"year": ["1987"]}, []),
        ({"year": ["1988", "1987"]}, ["no article has year '1988'"]),
        ({"people": ["x" * 5000]}, [f"no article has people '{'x' * 60}'"]),
    ],
)
def test_a_value_of_a_filter_that_no_article_has_is_told(
    open_engine: Any, filters: dict[str, list[str]], warnings: list[str]
) -> None:
    assert ask(open_engine(NAMES), {"q": "", "filters": filters}).query.warnings == warnings
    both = ask(open_engine(NAMES), {"q": "the nobodies", "filters": filters}).query.warnings
    assert both == ["too common to search for, left out: the", *warnings]


def test_a_filter_that_some_hit_passes_costs_nothing() -> None:
    engine = Counted(NAMES)
    ask(engine, {"q": "", "filters": {"people": ["Reagan"], "source": ["Wire"]}})
    assert (engine.searches, engine.listed) == (1, 0)


def test_filters_without_end_are_told_in_few_words() -> None:
    engine = Counted(NAMES)
    filters = {field: [f"{n} of them" for n in range(100)] for field in ("people", "topics")}
    warnings = ask(engine, {"q": "", "filters": filters}).query.warnings
    assert warnings[9] == "no article has people '9 of them'"
    assert warnings[10:] == ["values of filters that no article has: 190 more"]
    assert engine.searches == 1 + 200
    engine.listed = 0
    ask(engine, {"q": "", "filters": {"people": ["reagan " * 900]}})
    assert engine.listed == 0


class Endless(MemoryEngine):
    """An archive whose words have no end."""

    def terms(self, field: str, prefix: str) -> Iterator[tuple[str, int]]:
        return repeat((prefix, 1))


def test_to_explain_takes_no_longer_than_to_search() -> None:
    ticks = count()
    store = OneGeneration(Endless(TYPOS))
    explained = searching.explain(store, "rat*", clock=lambda: float(next(ticks)))
    assert explained.warnings == ["time ran out: there may be more"]
    assert searching.explain(OneGeneration(MemoryEngine(TYPOS)), "rat*").warnings == []


def test_a_pattern_may_stand_for_ten_thousand_words_and_no_more(open_engine: Any) -> None:
    words = [f"zz{number:05}" for number in range(10_001)]
    engine = open_engine(
        [Article(id="a", body=" ".join(words[:5000])), Article(id="b", body=" ".join(words[5000:]))]
    )
    assert ask(engine, {"q": "zz09*"}).total == 1  # 1,000 words
    assert ask(engine, {"q": "zz0*"}).total == 2  # 10,000 words: zz00000 to zz09999
    with pytest.raises(QueryError, match="more than 10,000 words") as caught:
        ask(engine, {"q": "oil zz*"})
    assert caught.value.position == 4
    assert caught.value.query == "oil zz*"
    assert caught.value.remedy
