"""Generations in a directory: what a reader sees while they are written, swapped and collected."""

import datetime as dt
import json
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from whoosh import index as whoosh_index
from whoosh import query as whoosh_query

from searchsvc.article import Article
from searchsvc.engines.base import SearchRequest
from searchsvc.errors import IndexDamaged, IndexLocked, IndexMissing, IndexOutdated
from searchsvc.query.tree import And, Days, Stem
from searchsvc.store import KEPT_SECONDS, DirectoryStore


def article(number: int, text: str = "The price of oil fell.") -> Article:
    return Article(id=f"a{number}", title=f"Oil {number}", body=text, date=dt.date(1987, 3, 1))


def write(store: DirectoryStore, *articles: Article, fresh: bool = False) -> None:
    with store.write(fresh=fresh) as draft:
        for one in articles:
            draft.delete(one.id)
            draft.add(one)


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "index")


def test_there_is_no_index_before_the_first_write(store: DirectoryStore) -> None:
    with pytest.raises(IndexMissing, match="searchsvc index"):
        store.current()
    assert not store.root.exists()


def test_a_write_is_seen_when_it_ends_and_not_before(store: DirectoryStore) -> None:
    write(store, article(1))
    with store.write() as draft:
        draft.add(article(2))
        assert store.current().engine.count() == 1
    assert store.current().engine.count() == 2
    assert store.current().name == "000002"


def test_an_engine_that_is_open_does_not_see_later_writes(store: DirectoryStore) -> None:
    write(store, article(1))
    before = store.current().engine
    write(store, article(1, "Gold rose."), article(2))
    assert before.count() == 1
    assert before.get("a1") == article(1)
    assert store.current().engine.get("a1") == article(1, "Gold rose.")


def test_an_exception_leaves_the_index_as_it_was(store: DirectoryStore) -> None:
    write(store, article(1))
    with suppress(ZeroDivisionError), store.write() as draft:
        draft.add(article(2))
        raise ZeroDivisionError
    assert store.current().name == "000001"
    assert sorted(p.name for p in store.root.iterdir()) == ["CURRENT", "LOCK", "gen-000001"]


def test_an_engine_lives_on_when_its_files_are_removed(store: DirectoryStore) -> None:
    write(store, *(article(n) for n in range(30)))
    engine = store.current().engine
    shutil.rmtree(store.root)
    day = Days(dt.date(1987, 3, 1), None)
    result = engine.search(SearchRequest(query=And((Stem("oil", ("body",)), day)), limit=5))
    assert (result.total, len(result.hits)) == (30, 5)
    assert engine.get("a7") == article(7)
    with pytest.raises(IndexMissing):
        store.current()
    write(store, article(1, "Made anew."))
    assert store.current().name == "000001"
    assert store.current().engine.get("a1") == article(1, "Made anew.")


def test_a_fresh_write_holds_only_what_it_was_given(store: DirectoryStore) -> None:
    write(store, article(1))
    write(store, article(2), fresh=True)
    assert store.current().engine.get("a1") is None
    assert store.current().engine.count() == 1


def test_what_a_killed_write_left_does_not_matter(store: DirectoryStore) -> None:
    write(store, article(1))
    (store.root / "draft" / "engine").mkdir(parents=True)
    (store.root / "draft" / "engine" / "junk").write_text("junk")
    (store.root / "gen-000002").mkdir()  # renamed, but CURRENT was not replaced any more
    write(store, article(2))
    assert store.current().engine.count() == 2
    assert not (store.root / "draft").exists()


def test_an_update_links_files_and_hashes_only_new_ones(store: DirectoryStore) -> None:
    write(store, *(article(n) for n in range(60)))
    first = store.current()
    write(store, article(100))
    second = store.current()
    shared = set(first.manifest["files"]) & set(second.manifest["files"])
    assert any(name.endswith(".pst") for name in shared)
    for name in shared:
        assert (first.folder / name).samefile(second.folder / name)
        assert first.manifest["files"][name] == second.manifest["files"][name]


def test_old_generations_are_collected_when_nobody_can_need_them(tmp_path: Path) -> None:
    clock = Clock()
    store = DirectoryStore(tmp_path, clock=clock)
    for number in range(5):
        write(store, article(number))
    assert len(list(tmp_path.glob("gen-*"))) == 5, "all were current within a quarter of an hour"
    clock.now += KEPT_SECONDS + 1
    write(store, article(9))
    kept = sorted(path.name for path in tmp_path.glob("gen-*"))
    assert kept == ["gen-000004", "gen-000005", "gen-000006"]
    assert store.generation("000001") is None


def test_a_second_writer_is_told_who_writes(store: DirectoryStore) -> None:
    script = (
        "import sys; from pathlib import Path; from searchsvc.store import DirectoryStore\n"
        f"with DirectoryStore(Path({str(store.root)!r})).write() as draft:\n"
        "    print('writing', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"writing\n"
        with pytest.raises(IndexLocked, match=f"process {other.pid} is writing"), store.write():
            pass
        other.communicate(b"")
    write(store, article(1))


@pytest.mark.parametrize("key", ["engine", "engine version", "schema", "analysis"])
def test_an_index_of_another_version_is_refused_with_the_remedy(
    store: DirectoryStore, key: str
) -> None:
    write(store, article(1))
    manifest = store.root / "gen-000001" / "MANIFEST.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {key: "other"}))
    with pytest.raises(IndexOutdated, match=f"{key} 'other'.*searchsvc reindex"):
        DirectoryStore(store.root).current()
    write(store, article(2), fresh=True)  # the remedy
    assert DirectoryStore(store.root).current().engine.count() == 1


def test_missing_and_short_files_are_damage(store: DirectoryStore) -> None:
    write(store, article(1))
    postings = next((store.root / "gen-000001" / "engine").glob("*.pst"))
    postings.write_bytes(postings.read_bytes()[:-1])
    with pytest.raises(IndexDamaged, match=postings.name):
        DirectoryStore(store.root).current()
    postings.unlink()
    with pytest.raises(IndexDamaged, match="searchsvc reindex"):
        DirectoryStore(store.root).current()


def test_searches_go_on_through_swaps_and_never_mix_two_generations(store: DirectoryStore) -> None:
    def generation(mark: int) -> list[Article]:
        return [article(n, f"oil mark{mark}") for n in range(20)]

    write(store, *generation(0), fresh=True)
    faults: list[object] = []
    searches = 0
    stop = threading.Event()

    def read() -> None:
        nonlocal searches
        while not stop.is_set():
            engine = store.current().engine
            texts = {engine.get(f"a{n}") for n in range(20)}
            marks = {one.body for one in texts if one}
            if len(texts) != 20 or len(marks) != 1 or engine.count() != 20:
                faults.append(marks)
            searches += 1

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for mark in range(1, 15):
            write(store, *generation(mark), fresh=mark % 2 == 0)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert faults == []
    assert searches > 15


def test_stock_whoosh_reads_the_index(store: DirectoryStore) -> None:
    """Built by our writer, merged, with deletions: stock Whoosh finds the same articles."""
    write(store, *(article(n) for n in range(200)))
    write(store, article(5, "Gold rose by the price of silver."))
    write(store, article(300))
    stock = whoosh_index.open_dir(str(store.current().folder / "engine"))
    with stock.searcher() as searcher:
        stems = searcher.search(whoosh_query.Term("body", "oil"), limit=None)
        assert len(stems) == 200
        phrase = whoosh_query.Phrase("body_written", ["price", "of", "oil"])
        assert len(searcher.search(phrase, limit=None)) == 200
        assert searcher.doc_count() == 201
        (gold,) = searcher.search(whoosh_query.Term("body", "gold"))
        assert json.loads(gold["article"])["id"] == "a5"


@pytest.mark.parametrize("name", ["000009", "", "\udcff"])
def test_a_pointer_to_nowhere_is_damage(store: DirectoryStore, name: str) -> None:
    write(store, article(1))
    (store.root / "CURRENT").write_text(name, errors="surrogateescape")
    with pytest.raises(IndexDamaged, match="is missing; rebuild it: searchsvc reindex"):
        store.current()
    write(store, article(2), fresh=True)
    assert store.current().engine.count() == 1


def test_a_generation_collected_just_now_is_no_damage(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CURRENT was read, then its generation was replaced and removed before it was opened."""
    for title in ("old", "new"):
        with store.write(fresh=True) as draft:
            draft.add(Article(id="1", title=title))
    shutil.rmtree(store.root / "gen-000001")
    now = store.current_name
    names = iter(["000001"])
    monkeypatch.setattr(store, "current_name", lambda: next(names, None) or now())
    assert store.current().name == "000002"


def test_a_folder_that_was_never_finished_is_no_generation(store: DirectoryStore) -> None:
    write(store, article(1))
    (store.root / "gen-000009").mkdir()
    assert store.generation("000009") is None
    assert store.current().name == "000001"


def test_a_write_leaves_the_files_of_the_generation_before(store: DirectoryStore) -> None:
    with store.write() as draft:
        Path(draft.path("ledger")).write_text("one")
    with store.write() as draft, Path(draft.path("ledger")).open("r+") as file:
        assert file.read() == "one"
        file.write(", two")
    kept = [folder / "ledger" for folder in sorted(store.root.glob("gen-*"))]
    assert [path.read_text() for path in kept] == ["one", "one, two"]


def test_the_index_directory_is_private(store: DirectoryStore) -> None:
    store.root.mkdir(mode=0o755)  # as in a checkout
    write(store, article(1))
    assert store.current().folder.stat().st_mode & 0o077 == 0
