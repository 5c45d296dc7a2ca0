"""Generations in a directory: what a reader sees while they are written, swapped and collected."""

import datetime as dt
import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from whoosh import index as whoosh_index
from whoosh import query as whoosh_query

from searchsvc.article import Article
from searchsvc.engines.base import SearchRequest
from searchsvc.errors import IndexDamaged, IndexLocked, IndexMissing, IndexOutdated
from searchsvc.generation import read_manifest, write_manifest
from searchsvc.keeping import KEPT_SECONDS, SPARE_SECONDS
from searchsvc.query.tree import All, And, Days, Stem
from searchsvc.store import DirectoryStore


def article(number: int, text: str = "The price of oil fell.") -> Article:
    return Article(id=f"a{number}", title=f"Oil {number}", body=text, date=dt.date(1987, 3, 1))


def write(store: DirectoryStore, *articles: Article, fresh: bool = False) -> None:
    with store.write(fresh=fresh) as draft:
        for one in articles:
            draft.delete(one.id)
            draft.add(one)


def all_of(store: DirectoryStore) -> list[Article]:
    found = store.current().engine.search(SearchRequest(query=All(), limit=1000))
    return [hit.article for hit in found.hits]


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
    assert sorted(p.name for p in store.root.iterdir()) == [
        "CURRENT",
        "LOCK",
        "gen-000001",
        "spare-000001",
    ]


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
    assert any(name.endswith(".trm") for name in shared)
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
    assert store.generation("000002") is None


def test_a_name_that_comes_again_is_of_another_generation(store: DirectoryStore) -> None:
    write(store, article(1))
    kept = store.root.with_name("kept")
    shutil.copytree(store.root, kept)
    write(store, article(2))
    second = store.current()
    shutil.rmtree(store.root)
    shutil.copytree(kept, store.root)
    restored = DirectoryStore(store.root)
    assert restored.current().identity == DirectoryStore(kept).current().identity
    write(restored, article(3))
    assert restored.current().name == second.name
    assert restored.current().identity != second.identity


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


@pytest.mark.parametrize("key", ["store", "engine", "engine version", "schema", "analysis"])
def test_an_index_of_another_version_is_refused_with_the_remedy(
    store: DirectoryStore, key: str
) -> None:
    write(store, article(1))
    for folder in ("gen-000001", "spare-000001"):
        manifest = read_manifest(store.root / folder)
        write_manifest(store.root / folder, manifest | {key: "other"})
    with pytest.raises(IndexOutdated, match=f"{key} 'other'.*searchsvc reindex"):
        DirectoryStore(store.root).current()
    write(store, article(2), fresh=True)  # the remedy
    assert DirectoryStore(store.root).current().engine.count() == 1


def spoil(folder: Path, pattern: str = "*.trm") -> Path:
    """Turns over one bit of a file, whose size stays."""
    path = next(folder.rglob(pattern))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return path


def test_missing_and_short_files_are_damage(store: DirectoryStore) -> None:
    write(store, article(1))
    shutil.rmtree(store.root / "spare-000001")
    postings = next((store.root / "gen-000001" / "engine").glob("*.trm"))
    postings.write_bytes(postings.read_bytes()[:-1])
    with pytest.raises(IndexDamaged, match=f"{postings.name}.*no other.*searchsvc reindex"):
        DirectoryStore(store.root).current()


def test_a_generation_found_before_it_is_published_is_no_fallback_afterwards(
    store: DirectoryStore,
) -> None:
    write(store, article(1))
    write(store, article(2))
    reader, current = DirectoryStore(store.root), store.root / "CURRENT"
    published = current.read_text()
    current.write_text("000009 0123456789abcdef\n")  # a damaged one; the next is not there yet
    assert (reader.current().name, reader.current().fallback is None) == ("000002", False)
    current.write_text(published)
    assert (reader.current().name, reader.current().notice) == ("000002", None)


def test_what_is_not_published_yet_is_no_fallback_for_what_was(store: DirectoryStore) -> None:
    write(store, article(1))
    write(store, article(2), fresh=True)
    published = (store.root / "CURRENT").read_text()
    spoil(store.root / "gen-000002")
    store.verify()
    write(store, article(3))
    (store.root / "CURRENT").write_text(published)  # as it is a moment before the pointer turns
    reader = DirectoryStore(store.root)
    assert reader.current().name == "000001"
    shutil.rmtree(store.root / "gen-000001")
    shutil.rmtree(store.root / "spare-000001")
    assert reader.current().name == "000003", "better than nothing"


def test_where_all_is_damaged_nobody_is_told_that_there_is_no_index(store: DirectoryStore) -> None:
    write(store, article(1))
    for folder in ("gen-000001", "spare-000001"):
        (store.root / folder / "MANIFEST.json").write_text("[1]")  # JSON, but not ours
    (store.root / "CURRENT").unlink()
    for _ in range(2):
        with pytest.raises(IndexDamaged, match="no other generation is whole"):
            DirectoryStore(store.root).current()


def test_the_spare_is_served_where_its_generation_is_damaged(store: DirectoryStore) -> None:
    write(store, article(1))
    postings = next((store.root / "gen-000001" / "engine").glob("*.trm"))
    postings.unlink()
    reader = DirectoryStore(store.root)
    assert reader.current().name == "000001"
    assert reader.current().engine.get("a1") == article(1)
    assert reader.current().folder.name == "spare-000001"
    assert reader.current().fallback is None, "it is the newest state"
    assert "spare copy" in (reader.current().notice or "")


def test_verify_finds_a_flipped_bit_and_the_newest_whole_generation_is_served(
    tmp_path: Path,
) -> None:
    clock = Clock()
    store = DirectoryStore(tmp_path, clock=clock)
    write(store, article(1))
    clock.now += 7200
    write(store, article(2), fresh=True)
    assert store.verify() == []
    path = spoil(tmp_path / "gen-000002")
    assert store.current().name == "000002", "nobody has looked yet"
    (found,) = store.verify()
    assert found.generation == "gen-000002"
    assert found.file == f"engine/{path.name}"
    assert "SHA-256" in found.reason
    for reader in (store, DirectoryStore(tmp_path)):
        served = reader.current()
        assert (served.name, served.engine.get("a2")) == ("000001", None)
        assert served.fallback
        assert "generation 000001 is served" in served.fallback
        assert path.name not in served.fallback, "readers need not know where our files are"
        assert str(store.root) in (served.notice or "")
    assert "2 hours old" in (DirectoryStore(tmp_path, clock=clock).current().fallback or "")
    assert store.status()["damaged"] == [str(found)]
    later = DirectoryStore(tmp_path)
    assert later.verify() == [], "it was found before"
    assert later.put_aside() == [found]
    assert str(found) in (later.current().notice or "")
    write(store, article(2))  # the next write goes on from what is whole
    assert (store.current().name, store.current().engine.count()) == ("000003", 2)
    assert store.current().fallback is None
    assert store.status()["damaged"] == []


def test_damage_in_a_generation_that_is_not_served_is_forgotten_by_the_next_write(
    store: DirectoryStore,
) -> None:
    write(store, article(1))
    write(store, article(2), fresh=True)
    spoil(store.root / "gen-000001")
    assert store.verify() == store.put_aside() != []
    assert store.current().notice is None
    with suppress(ZeroDivisionError), store.write():
        raise ZeroDivisionError  # there was nothing to write
    assert store.put_aside() == []


def test_what_was_found_is_lost_where_it_could_not_be_kept(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, article(1))
    spoil(store.root / "gen-000001")

    def full(folder: Path, found: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("searchsvc.index_folder.write_damage", full)
    assert "SHA-256" in str(*store.verify())
    assert store.status()["damaged"] == ["damaged-gen-000001: was put aside as damaged"]


def test_damage_in_a_file_that_generations_share_leaves_the_spare(store: DirectoryStore) -> None:
    write(store, *(article(n) for n in range(60)))
    write(store, article(100))
    shared = next(
        path
        for path in (store.root / "gen-000001").rglob("*.trm")
        if (store.root / "gen-000002" / "engine" / path.name).exists()
    )
    content = shared.read_bytes()
    shared.write_bytes(content[:50] + b"\0" * 20 + content[70:])
    assert {one.generation for one in store.verify()} == {"gen-000001", "gen-000002"}
    served = store.current()
    assert (served.folder.name, served.engine.count()) == ("spare-000001", 60)
    write(store, article(100))
    assert store.verify() == []
    assert store.current().engine.count() == 61
    assert store.status()["spare"] == [store.current().name], "the old one is shared from now on"


@pytest.mark.parametrize(
    "said", ["000009 0123456789abcdef\n", "", "000001\n", "000001 0123456789abcdef\n", "\udcff"]
)
def test_a_pointer_that_is_wrong_is_damage_and_the_newest_generation_is_served(
    store: DirectoryStore, said: str
) -> None:
    write(store, article(1))
    write(store, article(2))
    (store.root / "CURRENT").write_text(said, errors="surrogateescape")
    assert store.current().name == "000002"
    assert "CURRENT" in (store.current().notice or "") or "000009" in said
    assert store.current().fallback
    assert [one.file for one in store.verify()] == ["CURRENT"]
    write(store, article(3))
    assert store.current().engine.count() == 3
    assert store.current().fallback is None


def test_a_spare_is_renewed_when_it_is_a_day_old(tmp_path: Path) -> None:
    clock = Clock()
    store = DirectoryStore(tmp_path, clock=clock)
    write(store, article(1))
    for number in range(2, 5):
        write(store, article(number))
    assert store.status()["spare"] == ["000001"]
    clock.now += SPARE_SECONDS + 1
    write(store, article(5))
    assert store.status()["spare"] == ["000005"]
    inodes = [{p.stat().st_ino for p in f.rglob("*.*")} for f in tmp_path.glob("*-000005")]
    assert inodes[0].isdisjoint(inodes[1])


def test_what_shares_nothing_with_the_current_generation_is_kept(tmp_path: Path) -> None:
    clock = Clock()
    store = DirectoryStore(tmp_path, clock=clock)
    write(store, article(1))
    clock.now += 60
    write(store, article(1), fresh=True)
    shutil.rmtree(tmp_path / "spare-000001")
    for number in range(2, 7):
        clock.now += KEPT_SECONDS + 1
        write(store, article(number))
    assert store.status()["kept"] == ["000001", "000005", "000006", "000007"]
    assert store.status()["spare"] == []


def test_no_room_for_a_spare_is_said_and_takes_nothing_back(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> bool:
        target.mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("searchsvc.keeping.copy_whole", full)
    with store.write() as draft:
        draft.add(article(1))
    assert "No space left" in (draft.trouble or "")
    assert store.current().engine.count() == 1
    assert not (store.root / "spare.new").exists()


def test_an_interrupted_write_goes_on_where_it_was_saved(store: DirectoryStore) -> None:
    write(store, article(0))
    with suppress(KeyboardInterrupt), store.write(fresh=True, purpose="all") as draft:
        draft.add(article(1))
        Path(draft.path("ledger")).write_text("one")
        draft.save()
        draft.add(article(2))
        Path(draft.path("ledger")).write_text("one, two")
        raise KeyboardInterrupt
    assert store.current().name == "000001"
    with store.write(fresh=True, purpose="all") as draft:
        assert draft.is_resumed
        assert draft.begun is not None
        assert draft.begun.count() == 1
        assert Path(draft.path("ledger")).read_text() == "one"
        draft.add(article(2))
    assert sorted(hit.id for hit in all_of(store)) == ["a1", "a2"]
    assert not list(store.root.glob("checkpoint*"))
    assert store.verify() == []


@pytest.mark.parametrize("other", [{"purpose": "some"}, {"fresh": False, "purpose": "all"}, {}])
def test_a_write_of_another_kind_begins_anew(store: DirectoryStore, other: dict[str, Any]) -> None:
    write(store, article(0))
    with suppress(KeyboardInterrupt), store.write(fresh=True, purpose="all") as draft:
        draft.add(article(1))
        draft.save()
        raise KeyboardInterrupt
    with store.write(**{"fresh": True, **other}) as draft:
        assert not draft.is_resumed
        draft.add(article(2))
    assert "a1" not in {one.id for one in all_of(store)}


def test_a_damaged_checkpoint_is_not_used(store: DirectoryStore) -> None:
    with suppress(KeyboardInterrupt), store.write(fresh=True, purpose="all") as draft:
        draft.add(article(1))
        draft.save()
        raise KeyboardInterrupt
    spoil(store.root / "checkpoint-reindex")
    with store.write(fresh=True, purpose="all") as draft:
        assert not draft.is_resumed
        draft.add(article(1))
    assert [one.id for one in all_of(store)] == ["a1"]


def test_a_writer_that_waits_goes_on_when_the_other_has_ended(store: DirectoryStore) -> None:
    begun, end = threading.Event(), threading.Event()

    def hold() -> None:
        with DirectoryStore(store.root).write() as draft:
            draft.add(article(1))
            begun.set()
            end.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    begun.wait()
    threading.Timer(0.2, end.set).start()
    with store.write(wait=True) as draft:
        assert end.is_set()
        draft.add(article(2))
    holder.join()
    assert store.current().engine.count() == 2


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


def test_a_generation_collected_just_now_is_no_damage(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CURRENT was read, then its generation was replaced and removed before it was opened."""
    for title in ("old", "new"):
        with store.write(fresh=True) as draft:
            draft.add(Article(id="1", title=title))
    shutil.rmtree(store.root / "gen-000001")
    now = store._index.pointer
    pointers = iter(["000001 0123456789abcdef\n"])
    monkeypatch.setattr(store._index, "pointer", lambda: next(pointers, None) or now())
    assert store.current().name == "000002"
    assert store.current().fallback is None


def test_a_folder_that_was_never_finished_is_no_generation(store: DirectoryStore) -> None:
    write(store, article(1))
    (store.root / "gen-000009").mkdir()
    assert store.current().name == "000001"
    write(store, article(2))
    assert store.current().name == "000010"
    assert store.current().engine.count() == 2


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
    folders = [path for path in store.root.iterdir() if path.is_dir()]
    assert {path.name for path in folders} == {"gen-000001", "spare-000001"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in folders)


def test_an_index_directory_is_made_private_and_keeps_the_mode_that_it_had(tmp_path: Path) -> None:
    made, shared = tmp_path / "a" / "index", tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o750)
    for root in (made, shared):
        write(DirectoryStore(root), article(1))
    assert [path.stat().st_mode & 0o777 for path in (made, shared)] == [0o700, 0o750]


def test_damage_is_not_merged_into_what_looks_right(store: DirectoryStore) -> None:
    write(store, article(1))
    path = spoil(store.root / "gen-000001", "*.day.col")
    with pytest.raises(IndexDamaged, match=path.name):
        write(store, *(article(n) for n in range(1, 4)))  # rewrites the segment
    assert [one.file for one in store.verify()] == [f"engine/{path.name}"]
    write(store, article(2))
    assert store.current().engine.get("a1") == article(1)


def test_a_generation_put_aside_during_a_write_does_not_come_back(store: DirectoryStore) -> None:
    write(store, *(article(n) for n in range(60)))
    writing = store.write()
    draft = writing.__enter__()
    draft.add(article(100))
    spoil(store.root / "gen-000001")
    assert DirectoryStore(store.root).verify()
    with pytest.raises(IndexDamaged, match="meanwhile"):
        writing.__exit__(None, None, None)
    assert store.current().folder.name == "spare-000001"


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENOMEM, errno.EACCES])
def test_what_cannot_be_opened_just_now_is_not_damaged(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    write(store, article(1))

    def fail(*given: object, **more: object) -> object:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(OSError, match=os.strerror(code)):
        store.verify()
    monkeypatch.undo()
    assert store.status()["damaged"] == []
    assert store.verify() == []


def test_a_disk_that_cannot_be_written_to_is_read_where_it_is_whole(
    store: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, article(1))
    write(store, article(2), fresh=True)
    spoil(store.root / "gen-000002")

    def read_only(path: Path, target: Path) -> Path:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "rename", read_only)
    assert store.verify()
    assert store.current().name == "000001"
    assert store.current().fallback


def test_a_build_may_go_on_though_another_was_published_meanwhile(store: DirectoryStore) -> None:
    write(store, article(5))
    with suppress(KeyboardInterrupt), store.write(fresh=True, purpose="all") as draft:
        draft.add(article(1))
        draft.save()
        raise KeyboardInterrupt
    with store.write(purpose="all") as draft:
        draft.add(article(6))
    with store.write(fresh=True, purpose="all") as draft:
        assert draft.is_resumed


def test_other_things_in_the_folder_are_in_nobodys_way(store: DirectoryStore) -> None:
    write(store, article(1))
    (store.root / "gen-000001.bak").mkdir()
    (store.root / "trash-0-checkpoint-index").mkdir()
    write(store, article(2))
    assert store.current().name == "000002"
