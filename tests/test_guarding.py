"""The index while it is served: what is published, and what goes bad, is noticed by itself."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from test_store import article, spoil, write

from searchsvc.engines.whoosh import WhooshEngine
from searchsvc.guarding import OPEN_SECONDS, Guard
from searchsvc.store import DirectoryStore
from searchsvc.web import create_app


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    store = DirectoryStore(tmp_path / "index")
    write(store, article(1))
    write(store, article(2), fresh=True)
    return store


def test_what_goes_bad_while_it_is_served_is_found_and_served_no_longer(
    store: DirectoryStore,
) -> None:
    told: list[str] = []
    reader = DirectoryStore(store.root)
    guard = Guard(reader, told.append, rest_seconds=0.01, bytes_a_second=1e9)
    guard.look()
    assert told == []
    assert reader.current().name == "000002"
    with guard.watching():
        path = spoil(store.root / "gen-000002")
        wait_for(lambda: reader.current().name == "000001")
        wait_for(lambda: any("is served" in said for said in told))
        assert reader.current().engine.get("a1") == article(1)
        time.sleep(2.5)  # it grows older by the second
        assert len([said for said in told if "is served" in said]) == 1
        write(store, article(2))
        wait_for(lambda: reader.current().name == "000003")
        wait_for(lambda: "generation 000003 is served" in told[-1])
        time.sleep(OPEN_SECONDS * 1.5)
    assert path.name in told[0]
    assert "generation 000001 is served" in told[1]
    assert "searchsvc index mends it" in told[1]
    assert told[2:] == ["all is well again: generation 000003 is served"]


def test_of_several_processes_one_looks_and_tells(store: DirectoryStore) -> None:
    told: list[str] = []
    reader, other = DirectoryStore(store.root), DirectoryStore(store.root)
    first = Guard(reader, told.append, rest_seconds=0.01, bytes_a_second=1e9)
    second = Guard(other, told.append, leads=False, rest_seconds=0.01, bytes_a_second=1e9)
    with second.watching():
        path = spoil(store.root / "gen-000002")
        time.sleep(OPEN_SECONDS)
        assert (store.root / "gen-000002").exists()  # nobody has looked
        with first.watching():
            wait_for(lambda: any("is served" in said for said in told))
            wait_for(lambda: other.current().name == "000001")
            time.sleep(OPEN_SECONDS * 2)
    assert path.name in told[0]
    assert len(told) == 2


def test_an_index_that_is_gone_is_told_once_and_when_it_is_back(store: DirectoryStore) -> None:
    told: list[str] = []
    reader = DirectoryStore(store.root)
    with Guard(reader, told.append).watching():
        shutil.rmtree(store.root)
        wait_for(lambda: bool(told))
        time.sleep(OPEN_SECONDS * 2.5)
        write(store, article(1))
        wait_for(lambda: len(told) == 2)
    assert "there is no index" in told[0]
    assert told[1] == "all is well again: generation 000001 is served"


def test_a_new_generation_is_opened_before_anybody_asks(store: DirectoryStore) -> None:
    reader = DirectoryStore(store.root)
    with Guard(reader, print).watching():
        write(store, article(3))
        wait_for(lambda: "000003" in reader._open)


def test_a_guard_goes_on_after_a_look_that_failed(store: DirectoryStore) -> None:
    told: list[str] = []
    reader = DirectoryStore(store.root)
    guard = Guard(reader, told.append, rest_seconds=0.01, bytes_a_second=1e9)
    with pytest.MonkeyPatch.context() as patch, guard.watching():
        for name in ("verify", "current"):
            patch.setattr(reader, name, raising(OSError(24, "Too many open files")))
        wait_for(lambda: any("Too many open files" in said for said in told))
        time.sleep(OPEN_SECONDS * 1.5)  # so that both threads have met it
        patch.undo()
        spoil(store.root / "gen-000002")
        wait_for(lambda: any("SHA-256" in said for said in told))
        write(store, article(3))
        wait_for(lambda: "000003" in reader._open)


def test_a_guard_ends_at_once_though_its_pass_is_slow(store: DirectoryStore) -> None:
    guard = Guard(store, print, rest_seconds=0, bytes_a_second=1)
    with guard.watching():
        time.sleep(0.1)
    assert not [t for t in threading.enumerate() if t.name.startswith("searchsvc-_keep")]


def test_an_answer_that_fails_has_the_index_looked_at(
    store: DirectoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    reader = DirectoryStore(store.root)
    guard = Guard(reader, told.append)
    client = create_app(reader, suspect=guard.suspect).test_client()
    assert client.get("/readyz").json["generation"] == "000002"
    trouble = ZeroDivisionError("what a wrong byte leads to")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhooshEngine, "search", raising(trouble))
        assert client.get("/api/v1/search?q=oil").status_code == 500, "a bug is a bug"
        spoil(store.root / "gen-000002")
        assert client.get("/api/v1/search?q=oil").status_code == 500, "not looked at each time"
        assert caplog.text.count("Traceback") == 2
        caplog.clear()
        patch.setattr("searchsvc.guarding.SUSPECT_SECONDS", 0)
        failed = client.get("/api/v1/search?q=oil")
        patch.undo()
        patch.setattr(WhooshEngine, "search", raising(trouble))
        beside = client.get("/api/v1/search?q=oil")  # another thread, with the same file
        assert beside.status_code == 503
        assert caplog.text == "", "the guard says it, in one line"
    assert (failed.status_code, failed.headers["Retry-After"]) == (503, "1")
    assert failed.json["type"].endswith("index-damaged")
    assert client.get("/api/v1/search?q=oil").json["generation"] == "000001"
    assert "generation 000001 is served" in client.get("/readyz").json["fallback"]
    assert "The newest articles may be missing" in client.get("/search?q=oil").text


def raising(error: Exception) -> Callable[..., None]:
    def fail(*given: object) -> None:
        raise error

    return fail


def test_readyz_tells_of_damage_behind_an_equal_copy(store: DirectoryStore) -> None:
    shutil.copytree(store.root / "gen-000002", store.root / "spare-000002", dirs_exist_ok=True)
    spoil(store.root / "gen-000002")
    reader = DirectoryStore(store.root)
    Guard(reader, print).look()
    ready = create_app(reader).test_client().get("/readyz").json
    assert (ready["generation"], ready["fallback"]) == ("000002", None)
    assert "its spare copy, which is equal, is served" in ready["notice"]
