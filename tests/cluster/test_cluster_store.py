"""An index in a cluster: what is published, what is interrupted, who may write."""

import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stores
from hypothesis import given
from hypothesis import strategies as st

from searchsvc import updating
from searchsvc.article import Article
from searchsvc.cluster import lock
from searchsvc.cluster.lock import ClusterLock
from searchsvc.cluster.store import ClusterStore
from searchsvc.engines import opensearch
from searchsvc.engines.base import SearchRequest, Sort
from searchsvc.engines.opensearch_writer import Bulk, line
from searchsvc.errors import (
    ClusterRefuses,
    ClusterUnavailable,
    CursorExpired,
    IndexLocked,
    IndexMissing,
    IndexNotWritten,
)
from searchsvc.query.tree import All

from .conftest import ClusterWorld

EVERYTHING = SearchRequest(query=All(), limit=100)


class Killed(BaseException):
    """What ends a run as a kill does: nothing is caught, nothing is put right."""


def killed_after(monkeypatch: pytest.MonkeyPatch, changes: int) -> None:
    """Has the next run end in the middle of its changes: so many have been made by then."""
    put, end = Bulk.put, Bulk.end
    done = 0

    def some(self: Bulk, id: str, change: bytes) -> None:
        nonlocal done
        if done == changes:
            end(self)
            raise Killed
        done += 1
        put(self, id, change)

    monkeypatch.setattr(Bulk, "put", some)


@pytest.mark.parametrize(
    ("changes", "is_another"), [*((changes, True) for changes in range(5)), (2, False)]
)
def test_an_update_that_was_killed_is_made_good_by_the_next(
    world: ClusterWorld, monkeypatch: pytest.MonkeyPatch, changes: int, is_another: bool
) -> None:
    for name in "abcdef":
        world.text(f"{name}.txt", f"Old {name}", f"Old {name}.")
    world.update()
    before = world.contents()
    world.text("a.txt", "New a", "New a.")
    world.text("b.txt", "New b", "New b.")
    world.text("g.txt", "New g", "New g.")
    (world.corpus / "c.txt").unlink()
    (world.corpus / "d.txt").unlink()
    with monkeypatch.context() as patch:
        killed_after(patch, changes)
        with pytest.raises(Killed):
            world.update()
    assert world.contents() == before  # who has it open sees the whole of the run before
    # Things go on in the meantime: what was half brought in is gone, what was half out is back.
    (world.corpus / "g.txt").unlink()
    world.text("c.txt", "Old c", "Old c.")
    anew = stores.again(world.store) if is_another else world.store
    later = ClusterWorld(world.corpus.parent, anew)
    report = later.update()
    assert report.total == 5
    assert any("interrupted" in remark.reason for remark in report.remarks)
    found = later.contents()
    assert sorted(found.values()) == ["New a.", "New b.", "Old c.", "Old e.", "Old f."]
    assert later.rebuilt() == found


@pytest.mark.parametrize("saved", [1, 2, 3])
def test_a_build_that_was_killed_goes_on_where_it_was_saved(
    world: ClusterWorld, monkeypatch: pytest.MonkeyPatch, saved: int
) -> None:
    monkeypatch.setattr(updating, "SAVE_SECONDS", 0.0)  # after every article
    for name in "abcd":
        world.text(f"{name}.txt", f"Old {name}", f"Old {name}.")
    with monkeypatch.context() as patch:
        killed_after(patch, saved)
        with pytest.raises(Killed):
            world.update()
    with pytest.raises(IndexMissing):
        world.store.current()
    assert world.store.interrupted(False) == str(world.corpus)
    world.text("a.txt", "New a", "New a.")
    (world.corpus / "d.txt").unlink()
    report = world.update()
    assert report.resumed == saved
    assert sorted(world.contents().values()) == ["New a.", "Old b.", "Old c."]
    assert world.store.interrupted(False) is None


def test_what_a_build_did_after_it_was_saved_is_taken_out(
    store: ClusterStore,
) -> None:
    def build(*numbers: int, save: bool) -> None:
        with store.write(fresh=True, purpose="p") as draft:
            for number in numbers:
                draft.add(Article(id=str(number)))
                if save:
                    draft.save()
                    save = False
            draft.finished()  # all of it is in the cluster
            if 3 not in numbers:
                raise Killed

    with pytest.raises(Killed):
        build(1, 2, save=True)
    build(3, save=False)
    assert store.current().engine.get("1")
    assert store.current().engine.get("2") is None
    assert store.current().engine.count() == 2


def test_a_build_that_wrote_saved_articles_again_and_was_killed_begins_anew(
    store: ClusterStore,
) -> None:
    def build(*titles: str, save: bool) -> bool:
        with store.write(fresh=True, purpose="p") as draft:
            for number, title in enumerate(titles):
                draft.delete(str(number))
                draft.add(Article(id=str(number), title=title))
            if save:
                draft.save()
            draft.finished()  # all of it is in the cluster
            if titles[0] != "whole":
                raise Killed
            return draft.is_resumed

    with pytest.raises(Killed):
        build("saved", "saved", save=True)
    with pytest.raises(Killed):
        build("again", save=False)
    assert build("whole", save=False) is False
    assert store.current().engine.count() == 1


def test_a_rebuild_is_seen_in_one_step_and_the_index_before_is_kept(store: ClusterStore) -> None:
    reader = stores.again(store)
    for number in range(4):
        with store.write(fresh=True) as draft:
            for one in range(20):
                draft.add(Article(id=str(one), title=f"Made {number}"))
        time.sleep(0.6)
        hits = reader.current().engine.search(SearchRequest(query=All(), limit=100)).hits
        assert {hit.article.title for hit in hits} == {f"Made {number}"}
        assert len(hits) == 20
    kept = store.status()["kept"]
    assert [name.rpartition("-")[2] for name in kept] == ["000003", "000004"]
    reader.close()


def test_going_back_to_the_index_before(world: ClusterWorld) -> None:
    world.text("a.txt", "Old a", "Old a.")
    world.update()
    world.text("a.txt", "New a", "New a.")
    world.update(fresh=True)
    store: Any = world.store
    guide = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text("utf-8")
    body = guide.partition("_aliases -d '")[2].partition("'")[0].replace("\n  >", "\n")
    store._client.ask("POST", "/_aliases", json.loads(body.replace("searchsvc", store._name)))
    reader = stores.again(store)
    assert [hit.article.body for hit in reader.current().engine.search(EVERYTHING).hits] == [
        "Old a."
    ]
    reader.close()
    time.sleep(0.6)  # until it is looked at again
    world.text("b.txt", "New b", "New b.")
    world.update()
    assert sorted(world.contents().values()) == ["New a.", "New b."]
    assert [name[-6:] for name in store.status()["kept"]] == ["000001", "000002"]


def test_the_index_that_was_searched_last_stays(store: ClusterStore) -> None:
    def fill(one: ClusterStore) -> None:
        with one.write(fresh=True) as draft:
            draft.add(Article(id="1"))

    fill(store)
    spring = ClusterStore(store.root, store._client, store._name, into="spring")
    fill(spring)
    fill(store)
    store.publish("spring", may_shrink=True)
    assert [name[-6:] for name in store.status()["kept"]] == ["000002", "000003"]


def test_a_builder_that_lost_the_lock_saves_nothing(store: ClusterStore) -> None:
    def save_without_it() -> None:
        with store.write(fresh=True, purpose="p") as draft:
            draft.add(Article(id="1"))
            store._client.ask("DELETE", f"/{store._name}-locks/_doc/write")
            draft.save()

    with pytest.raises(IndexNotWritten, match="lock of the index was lost"):
        save_without_it()
    assert store.interrupted(True) is None


def test_readers_see_whole_runs_while_an_index_is_changed(store: ClusterStore) -> None:
    """Each of twenty articles bears the number of its run: an answer that mixes two shows two."""
    with store.write(fresh=True) as draft:
        for one in range(200):
            draft.add(Article(id=str(one), title="Run 0" if one < 20 else "Other"))
    seen: list[set[str]] = []
    failed: list[Exception] = []
    stop = threading.Event()
    reader = stores.again(store)

    def read() -> None:
        while not stop.is_set():
            try:
                found = reader.current().engine.search(SearchRequest(query=All(), limit=300))
                seen.append({h.article.title for h in found.hits} - {"Other"})
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for run in range(1, 8):
        with store.write() as draft:
            for one in range(20):
                draft.delete(str(one))
                draft.add(Article(id=str(one), title=f"Run {run}"))
        time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join()
    reader.close()
    assert failed == []
    assert {len(titles) for titles in seen} == {1}
    assert len({title for titles in seen for title in titles}) > 3


def test_a_cursor_walks_through_the_run_that_it_began_in(store: ClusterStore) -> None:
    with store.write(fresh=True) as draft:
        draft.add(Article(id="1", title="Old"))
    name = store.current().name
    with store.write() as draft:
        draft.add(Article(id="1", title="New"))
    old = store.generation(name)
    assert old
    assert [h.article.title for h in old.engine.search(SearchRequest(query=All())).hits] == ["Old"]
    assert store.current().engine.get("1") == Article(id="1", title="New")
    assert stores.again(store).generation(name) is None


def test_nodes_are_not_left_with_states_that_nobody_looks_at(
    store: ClusterStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("searchsvc.cluster.store.OPEN_BEFORE", 1)

    def open_states() -> int:
        stats = store._client.ask("GET", f"/{store._name}/_stats/search")
        return int(stats["_all"]["primaries"]["search"]["point_in_time_current"])

    for number in range(5):
        with store.write() as draft:
            draft.add(Article(id=str(number)))
        store.current()
    assert open_states() == 2 * store._shards
    for one in store._open.values():
        one.engine.close()
    assert open_states() == 0


def test_a_cursor_whose_state_is_lost_has_expired(store: ClusterStore) -> None:
    for title in ("Old", "New"):
        with store.write() as draft:
            draft.add(Article(id="1", title=title))
    old = store.generation("1r1")
    assert old
    old.engine.close()
    with pytest.raises(CursorExpired):
        old.engine.search(SearchRequest(query=All()))
    assert store.current().engine.search(SearchRequest(query=All())).total == 1


# -- who may write ---------------------------------------------------------------------------------


@pytest.fixture
def other_machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Whether this process is taken for one on another machine."""
    here = lock.socket.gethostname()

    def be(elsewhere: bool) -> None:
        name = "elsewhere" if elsewhere else here
        monkeypatch.setattr(lock.socket, "gethostname", lambda: name)

    return be


def test_a_writer_on_another_machine_is_waited_for_as_long_as_it_lives(
    store: ClusterStore, monkeypatch: pytest.MonkeyPatch, other_machine: Any
) -> None:
    monkeypatch.setattr(lock, "BEAT_SECONDS", 0.2)
    monkeypatch.setattr(lock, "DEAD_SECONDS", 1.5)
    other_machine(True)
    with store.write(fresh=True) as draft:
        draft.add(Article(id="1"))
        other_machine(False)
        with pytest.raises(IndexLocked, match="on elsewhere is writing"):
            stores.again(store).write().__enter__()
        time.sleep(2.5)  # longer than a dead one is waited for
        with pytest.raises(IndexLocked):
            stores.again(store).write().__enter__()
    with store.write() as draft:
        draft.add(Article(id="2"))
    assert store.current().engine.count() == 2


def test_a_writer_that_is_gone_is_not_waited_for(
    store: ClusterStore, monkeypatch: pytest.MonkeyPatch, other_machine: Any
) -> None:
    monkeypatch.setattr(lock, "BEAT_SECONDS", 0.2)
    monkeypatch.setattr(lock, "DEAD_SECONDS", 1.0)
    other_machine(True)
    gone = ClusterLock(store._client, f"{store._name}-locks").held(False)
    with monkeypatch.context() as patch:
        patch.setattr(ClusterLock, "_beat", lambda self: None)  # it is not heard of again
        gone.__enter__()
    other_machine(False)
    with store.write(fresh=True) as draft:
        draft.add(Article(id="1"))
    assert store.current().engine.count() == 1


def test_who_has_lost_the_lock_publishes_nothing(store: ClusterStore) -> None:
    with store.write(fresh=True) as draft:
        draft.add(Article(id="1"))

    def lose_it() -> None:
        with store.write() as draft:
            draft.add(Article(id="2"))
            store._client.ask("DELETE", f"/{store._name}-locks/_doc/write")
            time.sleep(lock.BEAT_SECONDS + 1.5)

    with pytest.raises(IndexNotWritten, match="lock of the index was lost"):
        lose_it()
    assert store.current().engine.count() == 1


def test_a_writer_that_was_stopped_for_long_changes_nothing_when_it_goes_on(
    store: ClusterStore, monkeypatch: pytest.MonkeyPatch, other_machine: Any
) -> None:
    monkeypatch.setattr(lock, "BEAT_SECONDS", 0.2)
    monkeypatch.setattr(lock, "DEAD_SECONDS", 1.0)
    monkeypatch.setattr("searchsvc.engines.opensearch_writer._BLOCK_BYTES", 1)

    def write(title: str) -> None:
        with store_of[title].write(wait=True) as draft:
            for number in range(10):
                draft.delete(str(number))
                draft.add(Article(id=str(number), title=title))
            writing.append(draft)

    store_of = {"Old": store, "Stopped": store, "New": stores.again(store)}
    writing: list[Any] = []
    write("Old")
    put = Bulk.put

    def stopped(bulk: Bulk, id: str, change: bytes) -> None:
        if bulk is writing[-1]._bulk and id == "5" and len(writing) == 2:
            writing[-1]._lock._stop.set()  # nothing of the process runs any more
            other_machine(False)
            write("New")
        put(bulk, id, change)

    monkeypatch.setattr(Bulk, "put", stopped)
    other_machine(True)
    with pytest.raises(IndexNotWritten, match=r"lock of the index was lost|written the article"):
        write("Stopped")
    assert len(writing) == 3
    found = stores.again(store).current().engine.search(SearchRequest(query=All(), limit=20))
    assert [hit.article.title for hit in found.hits] == ["New"] * 10


def test_a_change_that_was_long_under_way_is_refused(store: ClusterStore) -> None:
    with store.write() as draft:
        draft.add(Article(id="1", title="Old"))
    late = line("1", Article(id="1", title="Old"), draft.stamp)
    with store.write() as draft:
        draft.add(Article(id="1", title="New"))
    bulk = Bulk(store._client, store.current().index)
    bulk.put("1", late)
    with pytest.raises(IndexNotWritten, match="another process has written the article '1'"):
        bulk.end()
    bulk.close()
    assert stores.again(store).current().engine.get("1") == Article(id="1", title="New")


# -- answers -------------------------------------------------------------------------------------


def test_pages_behind_the_window_of_the_cluster(
    store: ClusterStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opensearch, "_WINDOW", 10)
    with store.write(fresh=True) as draft:
        for number in range(57):
            draft.add(Article(id=f"{number:02}"))
    engine = store.current().engine
    for sort in (Sort.RELEVANCE, Sort.NEWEST):
        found = []
        for offset in range(0, 70, 7):
            asked = SearchRequest(
                query=All(), offset=offset, limit=7, sort=sort, facets=("people",)
            )
            result = engine.search(asked)
            assert result.total == 57
            found += [hit.article.id for hit in result.hits]
        assert found == [f"{number:02}" for number in range(57)]


def test_who_walks_through_all_pages_is_not_led_from_the_beginning_each_time(
    store: ClusterStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opensearch, "_WINDOW", 10)
    with store.write(fresh=True) as draft:
        for number in range(57):
            draft.add(Article(id=f"{number:02}"))
    asked: list[str] = []
    ask = store._client.ask

    def counted(method: str, path: str, *more: Any, **others: Any) -> Any:
        asked.append(path)
        return ask(method, path, *more, **others)

    monkeypatch.setattr(store._client, "ask", counted)
    engine = store.current().engine
    found = []
    for offset in range(0, 57, 7):
        hits = engine.search(SearchRequest(query=All(), offset=offset, limit=7)).hits
        found += [hit.article.id for hit in hits]
    assert found == [f"{number:02}" for number in range(57)]
    assert asked.count("/_search") == 9


def test_the_end_of_a_partial_page_is_not_remembered(
    store: ClusterStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opensearch, "_WINDOW", 10)
    with store.write(fresh=True) as draft:
        for number in range(57):
            draft.add(Article(id=f"{number:02}"))
    engine = store.current().engine
    search_in = engine._search_in

    def late(state: str, body: Any, seconds: float | None) -> Any:
        body = {**body, "from": 9} if "from" in body else body  # others than those of the page
        return {**(search_in(state, body, seconds) or {}), "timed_out": True}

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_search_in", late)
        assert engine.search(SearchRequest(query=All(), offset=5, limit=5)).partial
    hits = engine.search(SearchRequest(query=All(), offset=10, limit=5)).hits
    assert [hit.article.id for hit in hits] == ["10", "11", "12", "13", "14"]


def test_a_deep_page_for_which_there_is_no_time_is_partial(
    store: ClusterStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opensearch, "_WINDOW", 10)
    with store.write(fresh=True) as draft:
        for number in range(57):
            draft.add(Article(id=f"{number:02}"))
    asked = SearchRequest(query=All(), offset=50, limit=5, seconds=0.001)
    result = store.current().engine.search(asked)
    assert (result.partial, result.hits) == (True, ())


def test_words_are_listed_some_at_a_time(
    store: ClusterStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opensearch, "MOST_BUCKETS", 2)
    words = ["a", "ab", "aba", "abb", "ac", "a1", "aé", "b", "ba", "ac-dc", "azz", "北京"]
    with store.write(fresh=True) as draft:
        draft.add(Article(id="1", body=" ".join(words)))
    engine = store.current().engine
    for prefix in ("", "a", "ab", "北", "zz"):
        expected = sorted({w for word in words for w in word.replace("é", "e").split("-")})
        listed = [word for word, _ in engine.terms("body", prefix)]
        assert listed == [word for word in expected if word.startswith(prefix)]


@given(
    words=st.lists(st.text("aé.1北", min_size=1, max_size=200), min_size=1, unique=True),
    cut=st.integers(0, 30),
)
def test_words_behind_one_are_asked_for_in_a_short_expression(words: list[str], cut: int) -> None:
    last = max(words)
    prefix = last[:cut]
    asked = opensearch._from(prefix, last)
    assert len(asked) <= 1000, "the most that a cluster takes"
    letters = len(prefix) + opensearch._TOLD_LETTERS
    for word in words:
        is_asked_for = re.fullmatch(asked, word, re.DOTALL) is not None
        begins = word.startswith(prefix)
        assert is_asked_for == (begins and (word > last or word[:letters] == last[:letters]))


def test_a_state_that_the_cluster_has_lost_is_taken_anew(store: ClusterStore) -> None:
    with store.write(fresh=True) as draft:
        draft.add(Article(id="1"))
    engine = store.current().engine
    state = {"pit_id": [engine._state]}
    store._client.ask("DELETE", "/_search/point_in_time", state)
    assert engine.search(SearchRequest(query=All())).total == 1


def test_an_index_of_somebody_else_is_left_alone(store: ClusterStore) -> None:
    store._client.ask("PUT", f"/{store._name}", {"mappings": {"_meta": {"theirs": True}}})
    with pytest.raises(ClusterRefuses, match="no index of ours; choose another name"):
        store.current()
    with pytest.raises(ClusterRefuses), store.write(fresh=True) as draft:
        draft.add(Article(id="1"))
    store._client.ask("DELETE", f"/{store._name}")


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    nobody = stores.cluster_store(tmp_path, ["http://127.0.0.1:9"])
    nobody._client._wait = lambda seconds: None
    clock = iter(range(0, 10**6, 7))
    nobody._client._clock = lambda: float(next(clock))
    with pytest.raises(ClusterUnavailable, match=r"no node of the cluster at http://127.0.0.1:9"):
        nobody.current()


def test_an_article_that_the_cluster_does_not_take_is_named(store: ClusterStore) -> None:
    with store.write(fresh=True) as draft:
        draft.add(Article(id="1", body="Oil"))
    change = json.dumps({"index": {"_id": "2"}}) + "\n" + json.dumps({"unheard": "of"}) + "\n"

    def write_it() -> None:
        with store.write() as draft:
            draft._keep("2", change.encode())

    with pytest.raises(IndexNotWritten, match="does not take the article '2'"):
        write_it()
    assert store.current().engine.count() == 1
