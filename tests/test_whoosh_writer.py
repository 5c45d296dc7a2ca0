"""Segments of a Whoosh index as we write them: when they are merged, and that Whoosh reads them."""

import datetime as dt
import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from whoosh import index
from whoosh import query as stock
from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.filetables import OrderedHashReader
from whoosh.index import TOC
from whoosh.writing import SegmentWriter

from searchsvc.article import Article
from searchsvc.engines import whoosh_writer
from searchsvc.engines.base import Bucket, SearchRequest, Sort
from searchsvc.engines.whoosh import WhooshEngine, open_engine, open_writer
from searchsvc.engines.whoosh_schema import schema
from searchsvc.engines.whoosh_writer import ALIKE, SMALL, due
from searchsvc.query.tree import All, Exact, Stem

WORDS = "oil opec price barrel crude refinery tanker gulf export quota".split()


def article(random: random.Random, id: str) -> Article:
    return Article(
        id=id,
        title=f"{random.choice(WORDS)} {id}",
        body=" ".join(random.choices(WORDS, k=random.randint(1, 30))),
        date=dt.date(1987, random.randint(1, 12), 1),
        places=tuple({random.choice(("usa", "uk", "Łódź")) for _ in range(2)}),
    )


def infos(folder: Path) -> list[tuple[str, int, int]]:
    """Of each segment the name, the articles that live, and all."""
    toc = TOC.read(FileStorage(str(folder)), "MAIN")
    return [(s.segment_id(), s.doc_count(), s.doc_count_all()) for s in toc.segments]


def every(engine: WhooshEngine) -> dict[str, Article]:
    hits = engine.search(SearchRequest(query=All(), limit=10_000)).hits
    return {hit.article.id: hit.article for hit in hits}


# -- what is merged ------------------------------------------------------------------------------


def test_nothing_large_is_merged_for_a_small_change() -> None:
    large = SMALL * ALIKE**2
    assert due([(large, large), (large // 2, large // 2), (1, 1)], 1) == set()


def test_segments_of_about_one_size_are_merged_when_there_are_many() -> None:
    few = [(10**6, 10**6), *[(n, n) for n in range(1, ALIKE - 1)]]
    assert due(few, 1) == set()
    assert due([*few, (50, 50)], 1) == set(range(1, ALIKE))
    assert due([*few, (50, 50)], 0) == set()
    assert due([*few, (50, 50), (60, 60)], 0) == set(range(1, ALIKE + 1))


def test_what_is_merged_may_fill_the_next_tier() -> None:
    small = [(SMALL - 1, SMALL - 1)] * (ALIKE - 1)
    middle = [(SMALL, SMALL)] * (ALIKE - 1)
    assert due([*small, *middle], 1) == set(range(2 * ALIKE - 2))
    assert due([*small, *middle[1:]], 1) == set(range(ALIKE - 1))


def test_a_segment_is_rewritten_when_more_than_a_third_is_deleted() -> None:
    assert due([(200, 300), (199, 300)], 0) == {1}


@pytest.mark.parametrize("seed", range(4))
def test_after_many_updates_everything_is_there_and_little_was_rewritten(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whoosh_writer, "SMALL", 4)
    chance = random.Random(seed)
    there: dict[str, Article] = {}
    added = deleted = rewritten = 0
    for step in range(120):
        before = {name for name, _, _ in infos(tmp_path)} if step else set()
        writer = open_writer(tmp_path)
        gone = chance.sample(sorted(there), k=min(len(there), chance.choice((0, 0, 1, 1, 5, 20))))
        for id in gone:
            writer.delete(id)
            del there[id]
        came = {id for id in gone if chance.random() < 0.7}
        came |= {f"a{chance.randrange(3000)}" for _ in range(chance.choice((0, 1, 1, 5, 40)))}
        for id in sorted(came - there.keys()):
            there[id] = article(chance, id)
            writer.add(there[id])
        writer.commit()
        now = infos(tmp_path)
        assert sum(live for _, live, _ in now) == len(there)
        assert all(3 * live >= 2 * total > 0 for _, live, total in now)
        tiers = whoosh_writer._tier(len(there)) + 1
        assert len(now) <= (ALIKE - 1) * tiers + 1
        new = len(came & there.keys())
        rewritten += sum(total for name, _, total in now if name not in before) - new
        added += new
        deleted += len(gone)
        if step % 10 == 9:
            assert every(open_engine(tmp_path)) == there
    assert rewritten <= tiers * added + 2 * deleted
    assert rewritten > added // 2, "or nothing was tested"

    engine = open_engine(tmp_path)
    for id in [*there, "a3001"]:
        assert engine.get(id) == there.get(id)
    asked = SearchRequest(query=All(), facets=("places",), limit=0)
    places = Counter(place for one in there.values() for place in one.places)
    assert set(engine.search(asked).facets["places"]) == {Bucket(*item) for item in places.items()}

    built = tmp_path / "built"  # by one write, of the same articles
    built.mkdir()
    writer = open_writer(built)
    for id in sorted(there):
        writer.add(there[id])
    writer.commit()
    for query in (Stem("oil", ("title", "body")), Exact(("price", "barrel"), 0, ("body",))):
        hits = [
            [(hit.article.id, hit.score) for hit in found.hits]
            for found in (
                one.search(SearchRequest(query=query, limit=10_000))
                for one in (engine, open_engine(built))
            )
        ]
        assert hits[0] == hits[1]

    with index.open_dir(str(tmp_path)).searcher() as searcher:
        stored = [json.loads(fields["article"]) for fields in searcher.documents()]
    assert {one["id"] for one in stored} == there.keys()


def test_segments_that_are_all_deleted_vanish(tmp_path: Path) -> None:
    chance = random.Random(1)
    for id in ("a", "b"):
        writer = open_writer(tmp_path)
        writer.add(article(chance, id))
        writer.commit()
    writer = open_writer(tmp_path)
    writer.delete("a")
    writer.commit()
    ((name, _, _),) = infos(tmp_path)
    files = {path.name.partition(".")[0] for path in tmp_path.iterdir()}
    assert files == {name, "_MAIN_3"}


def test_a_commit_without_merging_leaves_every_segment(tmp_path: Path) -> None:
    chance = random.Random(1)
    for number in range(2 * ALIKE):
        writer = open_writer(tmp_path)
        writer.add(article(chance, f"a{number}"))
        writer.commit(merge=False)
    assert len(infos(tmp_path)) == 2 * ALIKE
    open_writer(tmp_path).commit()
    assert len(infos(tmp_path)) == 1


def test_an_id_may_come_and_go_within_one_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(1)
    a, b, c = (article(chance, "a") for _ in range(3))
    writer = open_writer(tmp_path)
    writer.add(a)
    writer.delete("a")
    writer.add(b)
    writer.delete("x")
    writer.commit()
    assert every(open_engine(tmp_path)) == {"a": b}
    monkeypatch.setattr(whoosh_writer, "MAX_POSTINGS", 1)  # every article is a segment
    writer = open_writer(tmp_path)
    writer.delete("a")
    writer.add(c)
    writer.delete("a")
    writer.add(a)
    writer.commit()
    assert every(open_engine(tmp_path)) == {"a": a}
    writer = open_writer(tmp_path)
    writer.delete("a")
    writer.commit()
    assert every(open_engine(tmp_path)) == {}
    assert infos(tmp_path) == []


# -- Whoosh reads what we write, and we what it writes --------------------------------------------


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, dict[str, Article]]:
    """Two segments with deletions: words of one article, of a block of them, and of many blocks."""
    chance = random.Random(5)
    there = {f"a{number}": article(chance, f"a{number}") for number in range(700)}
    there["a3"] = replace(there["a3"], body="zebra crude zebra", places=("Esbjerg",))
    for some in (sorted(there)[:600], sorted(there)[600:]):
        writer = open_writer(tmp_path)
        for id in some:
            writer.add(there[id])
        for id in some[5:20]:
            writer.delete(id)
            del there[id]
        writer.commit()
    assert len(infos(tmp_path)) == 2
    return tmp_path, there


@pytest.mark.parametrize(
    "query",
    [
        stock.Term("body", "oil"),
        stock.Term("body_written", "zebra"),
        stock.Or([stock.Term("body", "zebra"), stock.Term("body", "oil")]),
        stock.And([stock.Term("body", "zebra"), stock.Term("body", "crude")]),
        stock.And([stock.Term("body", "oil"), stock.Not(stock.Term("body", "tanker"))]),
        stock.Phrase("body_written", ["zebra", "crude", "zebra"]),
        stock.Phrase("body_written", ["oil", "opec"]),
        stock.Prefix("title_written", "a6"),
        stock.Term("places_value", "Łódź"),
        stock.Term("places_value", "Esbjerg"),
        stock.Term("id", "a3"),
    ],
    ids=str,
)
def test_whoosh_finds_what_is_there(
    query: stock.Query, written: tuple[Path, dict[str, Article]]
) -> None:
    folder, there = written

    def matches(query: stock.Query, one: Article) -> bool:
        words = {
            "body": one.body.split(),
            "title": one.title.split(),
            "places": one.places,
            "id": [one.id],
        }
        match query:
            case stock.And():
                return all(matches(clause, one) for clause in query)
            case stock.Or():
                return any(matches(clause, one) for clause in query)
            case stock.Not():
                return not matches(query.query, one)
            case stock.Phrase():
                return f" {' '.join(query.words)} " in f" {one.body} "
            case stock.Prefix():
                return any(word.startswith(query.text) for word in words["title"])
            case _:
                return query.text in words[query.fieldname.partition("_")[0]]

    wanted = {id for id, one in there.items() if matches(query, one)}
    assert wanted
    with index.open_dir(str(folder)).searcher() as searcher:
        for limit in (None, 3):  # the second skips blocks by what their heads say
            found = searcher.search(query, limit=limit)
            ids = {json.loads(hit["article"])["id"] for hit in found}
            assert ids <= wanted
            assert len(ids) == min(len(wanted), limit or len(wanted))
        best = {json.loads(hit["article"])["id"] for hit in searcher.search(query, limit=None)[:3]}
        assert ids == best or len(wanted) > 3


def test_whoosh_sorts_by_our_columns(written: tuple[Path, dict[str, Article]]) -> None:
    folder, there = written
    with index.open_dir(str(folder)).searcher() as searcher:
        found = searcher.search(stock.Every(), sortedby=["day", "id"], limit=None)
        ids = [json.loads(hit["article"])["id"] for hit in found]
    assert ids == sorted(there, key=lambda id: (str(there[id].date), id))


@pytest.mark.parametrize("compound", [False, True])
def test_we_read_and_merge_what_whoosh_writes(compound: bool, tmp_path: Path) -> None:
    chance = random.Random(6)
    there = {f"a{number}": article(chance, f"a{number}") for number in range(300)}
    ix = index.create_in(str(tmp_path), schema())
    writer = SegmentWriter(ix, compound=compound)
    for one in there.values():
        writer.add_document(
            id=one.id,
            article=one.to_json(),
            body=one.body.split(),
            body_written=one.body.split(),
            places_value=list(one.places),
            day=one.day and one.day.toordinal(),
            instant=one.instant,
        )
    writer.commit()
    engine = open_engine(tmp_path)
    assert every(engine) == there
    for query, text in (
        (Stem("oil", ("body",)), "oil"),
        (Exact(("oil", "opec"), 0, ("body",)), "oil opec"),
    ):
        found = engine.search(SearchRequest(query=query, limit=1000, sort=Sort.OLDEST))
        wanted = [one for one in there.values() if f" {text} " in f" {one.body} "]
        wanted.sort(key=lambda one: (one.instant, one.id))
        assert [hit.article for hit in found.hits] == wanted
    own = open_writer(tmp_path)
    for id in sorted(there)[:120]:
        own.delete(id)
        del there[id]
    own.commit()
    assert [total for _, _, total in infos(tmp_path)] == [180]
    assert every(open_engine(tmp_path)) == there


@pytest.mark.parametrize("words", [1, 2, 3, 50, 1000, 20_000])
def test_whoosh_finds_every_term_in_our_hash_tables(words: int, tmp_path: Path) -> None:
    writer = open_writer(tmp_path)
    writer.add(Article(id="a", body=" ".join(f"w{number}" for number in range(words))))
    writer.commit()
    (path,) = tmp_path.glob("*.trm")
    reader = OrderedHashReader.open(FileStorage(str(tmp_path)), path.name)
    keys = list(reader.keys())
    assert len(keys) == 2 * words + 1
    assert keys == sorted(keys)
    assert all(key in reader for key in keys)
    assert not any(key + b"." in reader for key in keys)
    reader.close()
    engine = open_engine(tmp_path)
    for number in (0, words - 1):
        assert engine.search(SearchRequest(query=Stem(f"w{number}", ("body",)))).total == 1
    assert engine.search(SearchRequest(query=Stem(f"w{words}", ("body",)))).total == 0
    assert len(list(engine.terms("body", ""))) == words
    assert [term for term, _ in engine.terms("body", "w0")] == ["w0"]
