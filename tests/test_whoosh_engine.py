"""What generations of a Whoosh index share, and what they must not."""

import datetime as dt
import gc
import os
import shutil
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from searchsvc.article import Article
from searchsvc.engines.base import Bucket, SearchRequest
from searchsvc.engines.evaluation import Numbers, Places
from searchsvc.engines.whoosh import WhooshEngine, open_engine, open_writer
from searchsvc.engines.whoosh_segment import Segment
from searchsvc.query.tree import All, AnyOf, Exact, Or, Query, Stem
from searchsvc.schema import FACET_FIELDS


def article(number: int) -> Article:
    return Article(
        id=f"a{number}",
        title=f"Oil prices {number}",
        body=f"The price of oil fell{' again' * (number % 7)} in Esbjerg.",
        date=dt.date(1987, 3, 1 + number % 28),
        people=(f"Ann {number % 5}", "Bo"),
        topics=("oil",) if number % 2 else (),
    )


def segments(engine: WhooshEngine) -> list[Segment]:
    return [view.segment for view in engine._segments]


def outcome(engine: WhooshEngine, query: Query) -> tuple[object, ...]:
    result = engine.search(SearchRequest(query=query, limit=1000, facets=FACET_FIELDS))
    return result.total, [(hit.article, hit.score) for hit in result.hits], result.facets


def next_generation(before: Path) -> Path:
    """A folder with hard links, as the store makes it."""
    folder = before.with_name(f"{before.name}'")
    shutil.copytree(before, folder, copy_function=os.link)
    return folder


@pytest.fixture
def first(tmp_path: Path) -> Path:
    folder = tmp_path / "first"
    folder.mkdir()
    writer = open_writer(folder)
    for number in range(300):
        writer.add(article(number))
    writer.commit()
    return folder


def test_generations_share_the_segments_that_they_have_in_common(first: Path) -> None:
    before = open_engine(first)
    (segment,) = segments(before)
    second = next_generation(first)
    writer = open_writer(second)
    writer.delete("a7")
    writer.add(article(301))
    writer.commit()
    now = open_engine(second)
    assert segments(now)[0] is segment
    assert len(segments(now)) == 2
    assert before.get("a7") == article(7)
    assert now.get("a7") is None


def test_a_segment_that_nobody_has_open_is_let_go_of(first: Path) -> None:
    engine, other = open_engine(first), open_engine(first)
    segment = weakref.ref(segments(engine)[0])
    engine.search(SearchRequest(query=All(), facets=FACET_FIELDS))
    del engine
    gc.collect()
    assert segment() is segments(other)[0]
    del other
    gc.collect()
    assert segment() is None


def test_files_of_the_same_name_that_were_made_anew_are_other_segments(first: Path) -> None:
    engine = open_engine(first)
    copied = first.with_name("copied")
    shutil.copytree(first, copied)
    assert segments(open_engine(copied))[0] is not segments(engine)[0]


QUERIES = (
    All(),
    Or((Stem("oil", ("title", "body")), Stem("price", ("body",)), Stem("again", ("body",)))),
    Exact(("price", "of", "oil"), 0, ("body",)),
    Exact(("301",), 0, ("title",)),
)


def test_an_older_generation_that_is_open_changes_no_answer_and_no_score(first: Path) -> None:
    before = open_engine(first)
    old = [outcome(before, query) for query in QUERIES]
    second = next_generation(first)
    writer = open_writer(second)
    for number in range(60):
        writer.delete(f"a{number}")
    writer.add(replace(article(301), people=("Bo", "Cy")))
    writer.add(replace(article(3), topics=("gas",)))
    writer.commit()
    now = open_engine(second)
    assert segments(now)[0] is segments(before)[0]
    new = [outcome(now, query) for query in QUERIES]
    assert [outcome(before, query) for query in QUERIES] == old
    assert (old[0][0], new[0][0]) == (300, 242)
    facets = now.search(SearchRequest(query=All(), facets=("people", "topics"))).facets
    assert facets["people"][0] == Bucket("Bo", 242)
    assert facets["people"][-1] == Bucket("Cy", 1)
    assert facets["topics"] == (Bucket("oil", 121), Bucket("gas", 1))
    alone = second.with_name("alone")  # of these files nobody has read anything
    shutil.copytree(second, alone)
    assert [outcome(open_engine(alone), query) for query in QUERIES] == new


def test_kept_positions_answer_as_those_that_are_read(
    first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(first)
    rare = Exact(("prices", "7"), 0, ("title",))
    read = outcome(engine, rare)
    assert read[0] == 1
    frequent = Exact(("oil", "prices"), 0, ("title",))
    assert outcome(engine, frequent)[0] == 300  # keeps those of both words
    read_nothing_but(monkeypatch, "7")
    assert outcome(engine, rare) == read
    assert outcome(engine, frequent)[0] == 300
    other = Exact(("prices", "oil"), 0, ("title",))
    assert outcome(engine, other)[0] == 0


def test_rare_words_take_no_memory_for_good(first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("searchsvc.engines.whoosh.CACHE_BYTES", 10 << 20)
    engine = open_engine(first)
    frequent = outcome(engine, Stem("oil", ("title",)))
    kept = engine._cache._kept.currsize
    assert kept > 0
    every = frozenset(str(number) for number in range(300))
    for query in (Or(tuple(Stem(word, ("title",)) for word in every)), AnyOf(every, ("title",))):
        assert outcome(engine, query)[0] == 300
    assert engine._cache._kept.currsize == kept
    assert outcome(engine, Stem("oil", ("title",))) == frequent


def read_nothing_but(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """From now on positions of other words are not read."""
    read = Segment._places

    def checked(self: Segment, info: memoryview, wanted: Numbers | None) -> Iterator[Places]:
        assert info == self.index.get("title_written", word.encode())
        return read(self, info, wanted)

    monkeypatch.setattr(Segment, "_places", checked)


def test_positions_that_cannot_be_kept_are_read_for_the_articles_wanted_alone(
    first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("searchsvc.engines.whoosh.PLACES_BYTES", 100)
    engine = open_engine(first)
    read = Segment._places
    asked: list[Numbers | None] = []

    def noted(self: Segment, info: memoryview, wanted: Numbers | None) -> Iterator[Places]:
        asked.append(wanted)
        return read(self, info, wanted)

    monkeypatch.setattr(Segment, "_places", noted)
    for _ in range(2):
        assert outcome(engine, Exact(("oil", "prices"), 0, ("title",)))[0] == 300
    assert len(asked) == 4
    assert not any(wanted is None for wanted in asked)
