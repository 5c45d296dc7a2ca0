"""Where a query matches, and the passages that show it: see LANGUAGE.md ("Snippets")."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

from searchsvc import analysis
from searchsvc.article import Article
from searchsvc.engines.base import SearchRequest
from searchsvc.engines.memory import MemoryEngine
from searchsvc.query.parser import parse
from searchsvc.query.rewrite import resolve
from searchsvc.query.tree import AnyOf, Exact, Not, Or, Query, Stem
from searchsvc.snippets import PASSAGES, WIDTH, Marker, Snippet

BODY = ("body",)
SLACK = 40  # a passage is about WIDTH: it may take in the rest of a word


def marks(text: str, query: Query, field: str) -> list[tuple[int, int]]:
    return Marker(query, field).marks(text)


def passages(text: str, query: Query | None) -> list[Snippet]:
    return Marker(query, "body").passages(text)


# -- rows: query, text, and the text with its marks --------------------------------------------

MARKED = [
    ("oil", "Oil, oil and OIL.", "«Oil», «oil» and «OIL»."),
    ("price", "Prices were priced at a price.", "«Prices» were «priced» at a «price»."),
    ('"price"', "Prices were priced at a price.", "Prices were priced at a «price»."),
    ('"oil price"', "Oil: the oil price, oil-price; price oil.", None),
    ('"oil oil"', "Oil oil oil gas oil.", "«Oil oil oil» gas oil."),
    ('"oil price"~1', "Oil a price. A b c oil a b price.", "«Oil» a «price». A b c oil a b price."),
    ('"price oil"~1', "Oil a price.", "«Oil» a «price»."),
    ('"oil oil"~1', "Oil. A b oil c oil.", "Oil. A b «oil» c «oil»."),
    ("jeffery~", "Jeffrey, Jeffery and Jeff.", "«Jeffrey», «Jeffery» and Jeff."),
    ("je*", "Jeffrey, Jeffery and Jeff.", "«Jeffrey», «Jeffery» and «Jeff»."),
    ("oil OR gas", "Oil and gas.", "«Oil» and «gas»."),
    ("oil -gas", "Oil and gas.", "«Oil» and gas."),
    ("oil -(gas OR -price)", "Oil, gas, price.", "«Oil», gas, price."),
    ("oil NOT NOT gas", "Oil and gas.", "«Oil» and «gas»."),
    ("oil -(-gas)", "Oil and gas.", "«Oil» and gas."),
    ('oil "oil price"', "An oil price. Oil.", "An «oil price». «Oil»."),
    ("title:oil", "Oil.", "Oil."),
    ("body:oil", "Oil.", "«Oil»."),
    ("people:oil OR gas^3", "Oil, gas.", "Oil, «gas»."),
    ("*", "Oil.", "Oil."),
    ("date:1987", "Oil in 1987.", "Oil in 1987."),
    ("iran", "Iran’s IRAN'S Iran", "«Iran’s» «IRAN'S» «Iran»"),
    ("oneill", "O'Neill's O’Neill", "«O'Neill's» «O’Neill»"),
    ("us", "The U.S. and us: U.S.-made, U.S.", "The «U.S.» and «us»: «U.S.»-made, «U.S.»"),
    ("70000", "70,000 or 70000 (70,001)", "«70,000» or «70000» (70,001)"),
    ("over", "Take-over, over-take", "Take-«over», «over»-take"),
    ("take-over", "A take-over, take over, overtake", "A «take-over», «take over», overtake"),
    ("AT&T", "AT&T; at T.", "«AT&T»; «at T»."),
    ("lodz", "Łódź, LODZ, Lodz", "«Łódź», «LODZ», «Lodz»"),
    ("zurich", "Zu\u0308rich Zürich", "«Zu\u0308rich» «Zürich»"),
    ("strasse", "Straße", "«Straße»"),
    ("हुई", "बारिश हुई।", "बारिश «हुई»।"),
    ("北京", "北京 北京市", "«北京» 北京市"),
    ("script", "<script>&lt;script", "<«script»>&lt;«script»"),
    ("fish", "🐟fish🐟ﬁsh", "🐟«fish»🐟«ﬁsh»"),
    ("the price", "The price", "The «price»"),
    ('"the price"', "The price", "«The price»"),
    ("the", "The price", "«The» price"),
]


def shown(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = f"{text[:start]}«{text[start:end]}»{text[end:]}"
    return text


def understood(typed: str, text: str) -> Query:
    return resolve(parse(typed), MemoryEngine([Article(id="1", body=text)]).terms)


@pytest.mark.parametrize(("query", "text", "marked"), MARKED, ids=[row[0] for row in MARKED])
def test_marks(query: str, text: str, marked: str | None) -> None:
    marked = marked or "Oil: the «oil price», «oil-price»; price oil."
    assert shown(text, marks(text, understood(query, text), "body")) == marked
    assert [shown(p.text, list(p.highlights)) for p in passages(text, understood(query, text))] == [
        marked
    ]


# -- rows: what the passages are ---------------------------------------------------------------

FILLER = "Nothing of note was said that day by anybody in the room. "  # 58 characters


def test_no_text_no_passage() -> None:
    assert passages("", Stem("oil", BODY)) == []
    assert passages(" \n ", Stem("oil", BODY)) == []
    assert passages("", None) == []


def test_without_a_match_the_lead_is_shown_unmarked() -> None:
    for query in (Stem("oil", BODY), Stem("note", ("title",)), Not(Stem("note", BODY)), None):
        (lead,) = passages(FILLER * 10, query)
        assert lead == Snippet((FILLER * 2).strip(), ())


def test_a_lead_ends_at_a_word_if_no_sentence_ends() -> None:
    text = "word " * 100
    (lead,) = passages(text, None)
    assert lead.text == ("word " * 32).strip()


def test_a_sentence_keeps_its_closing_quote() -> None:
    text = "“" + "He said no. " * 8 + "He said no.” " + FILLER * 5
    (lead,) = passages(text, None)
    assert lead.text.endswith("no.”")


def test_a_short_text_is_shown_whole() -> None:
    text = "One line.\n\nThe price of oil fell."
    (passage,) = passages(text, Stem("oil", BODY))
    assert passage.text == text


def test_matches_near_each_other_share_a_passage() -> None:
    text = FILLER * 5 + "Oil rose. Gas fell. " + FILLER * 5
    (passage,) = passages(text, Or((Stem("oil", BODY), Stem("gas", BODY))))
    assert "Oil rose. Gas fell." in passage.text


def test_matches_far_apart_have_a_passage_each_in_the_order_of_the_text() -> None:
    text = FILLER.join(f"Oil {number}. " for number in ("one", "two"))
    text = FILLER * 5 + text.replace("two", FILLER * 5 + "Oil two") + FILLER * 5
    found = passages(text, Stem("oil", BODY))
    assert ["one" in found[0].text, "two" in found[-1].text] == [True, True]
    assert len(found) == 2


def test_there_are_at_most_three_passages() -> None:
    found = passages((FILLER * 5 + "Oil rose. ") * 10, Stem("oil", BODY))
    assert len(found) == 3


def test_the_passages_with_different_words_come_before_those_with_many() -> None:
    parts = ["Oil oil oil oil. ", "Oil. ", "Oil. ", "Oil. ", "Gas. ", "Coal. "]
    text = FILLER * 5 + (FILLER * 5).join(parts) + FILLER * 5
    found = passages(text, Or((Stem("oil", BODY), Stem("gas", BODY), Stem("coal", BODY))))
    words = [p.text[slice(*p.highlights[0])] for p in found]
    assert words == ["Oil", "Gas", "Coal"]
    assert len(found[0].highlights) == 4


def test_the_passage_with_the_most_words_is_one_of_them() -> None:
    parts = ["Oil. ", "Oil. ", "Oil. ", "Oil. ", "Oil and gas. ", "Oil. "]
    text = FILLER * 5 + (FILLER * 5).join(parts) + FILLER * 5
    found = passages(text, Or((Stem("oil", BODY), Stem("gas", BODY))))
    assert any("Oil and gas." in passage.text for passage in found)


def test_a_phrase_at_the_edge_of_a_passage_is_marked_whole_or_not_at_all() -> None:
    for length in range(130, 175):
        text = "Interest rate up. " + "x" * (length - 20) + " interest rate " + FILLER * 5
        for passage in passages(text, Exact(("interest", "rate"), 0, BODY)):
            for start, end in passage.highlights:
                assert passage.text[start:end].lower() == "interest rate", length


def test_a_passage_neither_begins_nor_ends_with_a_space() -> None:
    for length in range(130, 175):
        text = "Interest rate up. " + "x" * (length - 20) + " interest rate " + FILLER * 5
        for passage in passages(text, Exact(("interest", "rate"), 0, BODY)):
            assert passage.text == passage.text.strip(), length


def test_a_text_without_a_space_is_cut_too() -> None:
    (lead,) = passages("北" * 1000, None)
    assert lead.text == "北" * WIDTH
    (passage,) = passages("北" * 1000 + "。oil。" + "京" * 1000, Stem("oil", BODY))
    assert "oil" in passage.text
    assert len(passage.text) <= WIDTH + SLACK


@pytest.mark.parametrize(
    "character",
    [
        "e\u0301",
        "e\u0301\u0323",
        "षि",
        "क्षि",
        "👩\u200d🚀",
        "🇫🇷",
        "👍🏽",
        "✌\ufe0f",
        "葛\U000e0100",
        "각",
    ],
)
def test_no_passage_begins_or_ends_inside_a_character(character: str) -> None:
    for shift in range(len(character)):
        text = "." * shift + character * 400
        (lead,) = passages(text, None)
        whole = [*"." * shift, *[character] * 400]
        assert lead.text in ("".join(whole[:count]) for count in range(len(whole) + 1))
        text = f"{character * 200}|oil|{'.' * shift}{character * 200}"
        (passage,) = passages(text, Stem("oil", BODY))
        before, _, after = passage.text.partition("|oil|")
        assert before == character * (len(before) // len(character))
        after = after.removeprefix("." * shift)
        assert after == character * (len(after) // len(character))


# -- what holds for every text and query -------------------------------------------------------

# A busy machine is no reason to fail.
often = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

WORDS = "oil oils gas price prices the O'Neill's U.S. take-over Łódź e\u0301 北京 हिन्दी".split()
ENDS = [" "] * 12 + [". ", ", ", "\n\n", "-", ".” ", "  ", "’", "\u200d", "…"]
texts = st.one_of(
    st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(ENDS)), max_size=150).map(
        lambda parts: "".join(word + end for word, end in parts)
    ),
    st.lists(
        st.sampled_from([FILLER, "x" * 90 + " ", "Oil price ", "interest " * 9]), max_size=20
    ).map("".join),
    st.text(max_size=400),
)
TERMS = "oil price gas us take over lodz cafe 北京 हिन्दी x oneill interest".split()
terms = st.sampled_from(TERMS)
leaves = st.one_of(
    st.builds(Stem, terms.map(analysis.stem), st.just(BODY)),
    st.builds(Exact, st.lists(terms, min_size=1, max_size=3).map(tuple), st.just(0), st.just(BODY)),
    st.builds(AnyOf, st.frozensets(terms, max_size=3), st.just(BODY)),
)
near = st.builds(
    Exact, st.lists(terms, min_size=2, max_size=3).map(tuple), st.integers(1, 4), st.just(BODY)
)
queries = st.one_of(leaves, st.lists(leaves, min_size=2, max_size=4).map(lambda c: Or(tuple(c))))


@settings(often, max_examples=1000)
@given(texts, st.one_of(queries, near, st.none()))
@example("Oil. " + "x" * 140 + " oil price " + FILLER, Exact(("oil", "price"), 0, BODY))
def test_passages_are_pieces_of_the_text_with_spans_inside(text: str, query: Query | None) -> None:
    note(f"{text!r}, {query!r}")
    found = passages(text, query)
    assert len(found) <= PASSAGES
    assert bool(found) == bool(text.strip())
    place = 0
    for passage in found:
        at = text.find(passage.text, place)
        assert at >= 0, "in the order of the text, and not overlapping"
        place = at + len(passage.text)
        assert passage.text.strip()
        for start, end in passage.highlights:
            assert 0 <= start < end <= len(passage.text)
        assert all(one[1] <= other[0] for one, other in pairwise(passage.highlights))
        assert len(passage.text) <= WIDTH + SLACK or passage.highlights


@settings(often, max_examples=1000)
@given(texts, st.one_of(queries, near))
@example("Oil. " + "x" * 140 + " oil price " + FILLER, Exact(("oil", "price"), 0, BODY))
def test_what_is_marked_matches(text: str, query: Query) -> None:
    note(f"{text!r}, {query!r}")
    pieces = [(text, marks(text, query, "body"))]
    pieces += [(passage.text, list(passage.highlights)) for passage in passages(text, query)]
    for piece, spans in pieces:
        for start, end in spans:
            assert explains(query, piece[start:end]), piece[start:end]


def explains(query: Query, marked: str) -> bool:
    """Whether the words marked are, one after the other, matches of leaves of *query*."""
    words = analysis.words(marked)
    if not words or words[0].start != 0:
        return False
    leaves_of = query.clauses if isinstance(query, Or) else (query,)
    covered = [False] * len(words)
    for leaf in leaves_of:
        for first in range(len(words)):
            for last in range(first + 1, len(words) + 1):
                if matches(leaf, words[first:last]):
                    covered[first:last] = [True] * (last - first)
    return all(covered)


def matches(leaf: Query, words: list[analysis.Word]) -> bool:
    match leaf:
        case Stem(stem):
            return [word.stem for word in words] == [stem]
        case AnyOf(some):
            return len(words) == 1 and words[0].written in some
        case Exact(phrase, 0):
            return tuple(word.written for word in words) == phrase
        case Exact(phrase):  # a near phrase is marked word by word
            return len(words) == 1 and words[0].written in phrase
    return False


@settings(often, max_examples=500)
@given(texts, st.one_of(queries, near))
def test_a_text_is_marked_if_and_only_if_it_matches(text: str, query: Query) -> None:
    note(f"{text!r}, {query!r}")
    engine = MemoryEngine([Article(id="1", body=text)])
    found = engine.search(SearchRequest(query=query)).total
    assert bool(marks(text, query, "body")) == bool(found)
    assert any(passage.highlights for passage in passages(text, query)) == bool(found)


@settings(often, max_examples=300)
@given(texts, queries)
def test_nothing_under_not_is_marked(text: str, query: Query) -> None:
    assert marks(text, Not(query), "body") == []
    both = Or((Stem("zebra", BODY), Not(query)))
    assert all(passage.highlights == () for passage in passages(text, both))


@settings(often, max_examples=500)
@given(texts, st.one_of(queries, near, st.none()))
def test_no_cut_parts_a_letter_from_its_marks(text: str, query: Query | None) -> None:
    note(f"{text!r}, {query!r}")
    place = 0
    for passage in passages(text, query):
        at = text.find(passage.text, place)
        place = at + len(passage.text)
        if at:
            assert not part_of_the_character_before(text[at])
        if place < len(text):
            assert not part_of_the_character_before(text[place])


@settings(often, max_examples=500)
@given(texts, st.one_of(queries, near, st.none()))
def test_no_cut_parts_a_word_that_is_not_longer_than_half_a_passage(
    text: str, query: Query | None
) -> None:
    note(f"{text!r}, {query!r}")
    inside = {
        place
        for word in analysis.words(text)
        if word.end - word.start <= WIDTH // 2
        for place in range(word.start + 1, word.end)
    }
    place = 0
    for passage in passages(text, query):
        at = text.find(passage.text, place)
        place = at + len(passage.text)
        assert {at, place}.isdisjoint(inside)


def part_of_the_character_before(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or character == "\u200d"


def test_a_text_with_other_letters_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "“Zürich’s oil price” said the oil minister. " * 300
    looked = []
    real = analysis._with_marks
    monkeypatch.setattr(analysis, "_with_marks", lambda: looked.append(1) or real())
    query = Or((Stem("oil", BODY), Exact(("oil", "price"), 0, BODY)))
    assert len(marks(text, query, "body")) == 600
    assert len(looked) < 10, "once for the text, and for each chunk that is new"
