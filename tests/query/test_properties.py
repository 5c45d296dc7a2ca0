"""What holds for every query: whatever is typed is read, or refused with its place."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

from searchsvc import analysis
from searchsvc.article import Article
from searchsvc.engines.base import SearchRequest
from searchsvc.engines.memory import MemoryEngine
from searchsvc.errors import QueryError
from searchsvc.query.parser import MAX_CHARACTERS, parse, quote
from searchsvc.query.rewrite import resolve
from searchsvc.query.tree import Nothing, Query, leaves
from searchsvc.schema import DEFAULT_FIELDS

FUZZER = Path(__file__).parents[2] / "bench" / "parser_fuzz.py"

WORDS = (
    "oil gas the to not or U.S. take-over AT&T 70,000 3.5 o'neill Iran’s Łódź café cafe\u0301"
    " 北京 हिन्दी 1987 h52.1 ﬁsh İran x"
).split()
SIGNS = "( ) \" “ ” : ^ ^2 ^0.5 ~ ~1 ~2 ~3 * ? - + / & ' ’ [ ] , . ; ! _ ʼ 🛢".split()
SYNTAX = (
    "AND OR NOT AND OR NOT title: body: people: date: date:1987 date:>=1987-03 opec*"
    ' date:[1987 TO 1988] o?l jeffery~ "oil"~2 "oil prices"~3 (oil) titel: foo:'
).split()

# A busy machine is no reason to fail.
often = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

noise = st.lists(
    st.sampled_from(WORDS + SIGNS + SYNTAX + [" "] * 30 + ["  "]), min_size=1, max_size=30
).map("".join)
typed = st.one_of(noise, st.text(max_size=40), st.builds("".join, st.tuples(noise, st.text())))


def read(text: str) -> Query:
    """The tree of *text*; that of nothing if it is refused."""
    try:
        return parse(text)
    except QueryError:
        return Nothing()


@settings(often, max_examples=1500)
@given(typed)
@example("oil^0.00001")
@example("1986 OR 1987 OR 1988 OR 1989")
@example("(-1986 1987)^2 1988 1989 1990 1991")
@example("ꭰ OR ꭱ OR ꭲ OR ꭳ OR ꭴ OR ꭵ")
@example("ab?ʼ")
@example("70,000~")
@example("title:(a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t)")
@example("-a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u")
@example("a_b*c")
def test_a_tree_shown_and_read_again_is_the_same(text: str) -> None:
    tree = read(text)
    assert parse(str(tree)) == tree, repr(text)


@settings(often, max_examples=1500)
@given(typed)
def test_nothing_is_raised_but_a_query_error_with_its_place(text: str) -> None:
    note(repr(text))
    error = refused(text)
    if error:
        assert 0 <= error.position <= len(text)
        assert error.query == text
        assert error.reason
        assert error.remedy
        assert error.caret().splitlines()[1].strip() == "^"


def refused(text: str) -> QueryError | None:
    try:
        parse(text)
    except QueryError as error:
        return error
    return None


@settings(often, max_examples=500)
@given(typed)
@example("ʼ?abc")
def test_what_can_be_read_can_be_resolved_and_searched(text: str) -> None:
    note(repr(text))
    engine = MemoryEngine([Article(id="1", title="Oil prices", body="Opec cut oil output.")])
    resolved = resolve(read(text), engine.terms)
    engine.search(SearchRequest(query=resolved))
    assert str(resolved)


@settings(often, max_examples=500)
@given(typed)
@example("ﷺ" * 10 + (" " + "ﷺ" * 10) * 99)
def test_the_literal_search_is_never_an_error(text: str) -> None:
    note(repr(text))
    literal = parse(quote(text))
    words = [word.written for word in analysis.words(text[:MAX_CHARACTERS])]
    shown = [word for leaf in leaves(literal) for word in str(leaf).replace('"', "").split()]
    assert shown == words[: len(shown)]
    assert len(shown) == min(len(words), 100) or len(quote(text)) > MAX_CHARACTERS - 200


@settings(often, max_examples=500)
@given(
    st.lists(
        st.sampled_from(["the", "of", "to", "into", "oil", "price", "opec", "gas", "us"]),
        min_size=1,
    )
)
def test_stop_words_are_dropped_unless_nothing_else_is_there(typed_words: list[str]) -> None:
    articles = [
        Article(id="1", title="The oil price", body="Opec told us."),
        Article(id="2", title="Of oil", body="The price of gas went to the top."),
        Article(id="3", body="The gas of Opec to us."),
    ]
    engine = MemoryEngine(articles)
    wanted = [word for word in typed_words if word not in analysis.STOP_WORDS] or typed_words
    expected = {
        article.id
        for article in articles
        if all(word in stems(article) for word in map(analysis.stem, wanted))
    }
    said: list[str] = []
    resolved = resolve(parse(" ".join(typed_words)), engine.terms, said.append)
    found = {hit.article.id for hit in engine.search(SearchRequest(query=resolved)).hits}
    assert found == expected
    assert bool(said) == (len(wanted) < len(typed_words))
    for word in set(typed_words) - set(wanted):
        assert word in said[0]


def stems(article: Article) -> set[str]:
    text = " ".join(str(getattr(article, field)) for field in DEFAULT_FIELDS)
    return {word.stem for word in analysis.words(text)}


@pytest.fixture(scope="module")
def fuzzer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("parser_fuzz", FUZZER)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_five_thousand_random_strings_raise_nothing_else(fuzzer: ModuleType) -> None:
    result = fuzzer.fuzz(count=5_000, seed=1)
    assert result.crashes == []
    assert result.strings == 5_000
    assert min(result.read, result.refused) > 500  # both happen, or the noise is no noise
