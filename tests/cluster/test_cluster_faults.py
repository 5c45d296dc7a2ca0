"""What happens to three real nodes, and what must not happen to the articles meanwhile.

`--thorough` makes twenty runs of each fault while articles are written, else one, and what is long.
Every fault is shown to have come while something was under way.
"""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import stores

from searchsvc.article import Article
from searchsvc.cluster.store import ClusterStore
from searchsvc.engines.base import SearchRequest
from searchsvc.engines.opensearch_writer import Bulk
from searchsvc.errors import ClusterRefuses, ClusterUnavailable, IndexNotWritten
from searchsvc.query.tree import All

from .network import Network
from .nodes import Cluster, Node

ARTICLES = 300


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster(3)
    try:
        made.start()
        yield made
    finally:
        made.end()


@pytest.fixture
def store(tmp_path: Path, cluster: Cluster) -> Iterator[ClusterStore]:
    made = stores.cluster_store(tmp_path / "index", cluster.urls)
    yield made
    heal(cluster)
    stores.remove(made)


def heal(cluster: Cluster) -> None:
    """Has all nodes run, and hold all copies."""
    for node in cluster.nodes:
        if node.is_running():
            node.signal(signal.SIGCONT)
        else:
            node.start()
    cluster.wait_for(len(cluster.nodes), "green")


def article(number: int, run: int) -> Article:
    return Article(id=f"a{number}", title=f"Run {run}", body=f"Article {number} of run {run}.")


def write(store: ClusterStore, run: int, count: int = ARTICLES) -> None:
    with store.write() as draft:
        for number in range(count):
            draft.delete(f"a{number}")
            draft.add(article(number, run))


def runs_seen(store: ClusterStore) -> list[str]:
    """The titles that a reader who comes anew finds, one for each article."""
    reader = stores.again(store)
    found = reader.current().engine.search(SearchRequest(query=All(), limit=10_000))
    reader.close()
    assert not found.partial
    assert found.total == len({hit.article.id for hit in found.hits}), "an article is there twice"
    return [hit.article.title for hit in found.hits]


class Meanwhile:
    """Does *harm* in the middle of the changes of a write."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, harm: Callable[[], None]) -> None:
        self.done = False
        put = Bulk.put
        count = 0

        def some(bulk: Bulk, id: str, change: bytes) -> None:
            nonlocal count
            count += 1
            if count == at:
                harm()
                self.done = True
            put(bulk, id, change)

        monkeypatch.setattr(Bulk, "put", some)
        monkeypatch.setattr("searchsvc.engines.opensearch_writer._BLOCK_BYTES", 4000)


class Searching:
    """Searches by two threads while the block lasts, of a store that stays open."""

    def __init__(self, store: ClusterStore) -> None:
        self._reader = stores.again(store)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._search) for _ in range(2)]
        self._answers: list[tuple[int, bool]] = []
        self._failed: list[Exception] = []
        self._are_last: list[bool] = []  # of the answers when all was well again

    def __enter__(self) -> "Searching":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        before = len(self._answers)
        time.sleep(1)
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._reader.close()
        self._are_last = [partial for _, partial in self._answers[before:]]

    def look(self) -> None:
        """What came of it: whole answers, or such as say that they are not, or none for now."""
        assert self._failed == []
        assert False in self._are_last, "it recovers without a restart"
        assert {total for total, partial in self._answers if not partial} == {ARTICLES}

    def _search(self) -> None:
        while not self._stop.is_set():
            try:
                engine = self._reader.current().engine
                found = engine.search(SearchRequest(query=All(), seconds=2.0))
                self._answers.append((found.total, found.partial))
            except ClusterUnavailable:
                pass  # a 503, which is to be tried again
            except Exception as error:
                self._failed.append(error)


def kill(node: Node) -> None:
    assert node.process
    process = node.process
    process.kill()
    assert process.wait(10) == -signal.SIGKILL


def pause(node: Node) -> None:
    node.signal(signal.SIGSTOP)
    resume = threading.Timer(4.0, node.signal, [signal.SIGCONT])
    resume.start()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("harm", [kill, pause])
def test_a_node_goes_while_articles_are_written(
    store: ClusterStore, cluster: Cluster, harm: Any, thorough: bool, seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    write(store, 0)
    for run in range(1, 21 if thorough else 2):
        node = chance.choice(cluster.nodes)
        with pytest.MonkeyPatch.context() as patch:
            at = chance.randrange(2, ARTICLES - 1)
            meanwhile = Meanwhile(patch, at, lambda node=node: harm(node))  # type: ignore[misc]
            try:
                write(store, run)
            except (ClusterUnavailable, IndexNotWritten):
                pass
            else:
                assert set(runs_seen(store)) == {f"Run {run}"}, "acknowledged, and not there"
                assert len(runs_seen(store)) == ARTICLES
        assert meanwhile.done
        heal(cluster)
        for title in runs_seen(store):
            assert title in (f"Run {run - 1}", f"Run {run}")
        write(store, run)  # and nobody has cleaned up
        assert runs_seen(store) == [f"Run {run}"] * ARTICLES


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_node_is_cut_off_and_comes_back(tmp_path: Path, thorough: bool, seed: int) -> None:
    network = Network(3)
    cluster = Cluster(3, network=network)
    try:
        cluster.start()
        store = stores.cluster_store(tmp_path / "index", cluster.urls)
        write(store, 0)
        chance = random.Random(seed)
        for run in range(1, 6 if thorough else 2):
            node = chance.randrange(3)
            with pytest.MonkeyPatch.context() as patch:
                at = chance.randrange(2, ARTICLES - 1)
                meanwhile = Meanwhile(patch, at, lambda node=node: network.cut(node))  # type: ignore[misc]
                with Searching(store) as searching:
                    try:
                        write(store, run)
                    except (ClusterUnavailable, IndexNotWritten):
                        is_acknowledged = False
                    else:
                        is_acknowledged = True
                    cluster.wait_for_loss(cluster.nodes[node])
                    time.sleep(5)  # searches go on without it
                    network.heal()
                    # A copy is not made anew where readers still look at a state of the old one.
                    cluster.wait_for(3, "green", seconds=700)
            assert meanwhile.done
            searching.look()
            if is_acknowledged:
                assert set(runs_seen(store)) == {f"Run {run}"}
            assert set(runs_seen(store)) <= {f"Run {run - 1}", f"Run {run}"}
            write(store, run)
            assert runs_seen(store) == [f"Run {run}"] * ARTICLES
        store.close()
    finally:
        cluster.end()
        network.remove()


@pytest.mark.long
def test_a_node_goes_while_it_is_searched(
    store: ClusterStore, cluster: Cluster, thorough: bool
) -> None:
    write(store, 0)
    with Searching(store) as searching:
        for node in cluster.nodes if thorough else cluster.nodes[:1]:
            time.sleep(1)
            kill(node)
            time.sleep(3)
            heal(cluster)
    searching.look()


@pytest.mark.long
def test_all_nodes_go_and_come_back(store: ClusterStore, cluster: Cluster) -> None:
    write(store, 0)
    reader = stores.again(store)
    engine = reader.current().engine
    for node in cluster.nodes:
        kill(node)
    with pytest.raises(ClusterUnavailable):
        engine.search(SearchRequest(query=All(), seconds=0.5))
    heal(cluster)
    end = time.monotonic() + 60
    while True:
        with suppress(ClusterUnavailable):
            found = engine.search(SearchRequest(query=All(), seconds=2.0))
            if not found.partial:
                break
        assert time.monotonic() < end
        time.sleep(0.2)
    assert found.total == ARTICLES
    write(store, 1)
    assert runs_seen(store) == ["Run 1"] * ARTICLES
    reader.close()


def test_a_shard_that_is_missing_is_told(
    store: ClusterStore, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_shards", 3)
    write(store, 0)
    alone = {"index": {"auto_expand_replicas": "false", "number_of_replicas": 0}}
    store._client.ask("PUT", f"/{store._name}/_settings", alone)
    time.sleep(2)  # copies go
    reader = stores.again(store)  # it looks at a state that all nodes have
    assert not reader.current().engine.search(SearchRequest(query=All())).partial
    found = store._client.ask("GET", f"/{store._name}/_search_shards")
    (first, *_), *_ = found["shards"]
    name = found["nodes"][first["node"]]["name"]
    (node,) = [one for one in cluster.nodes if one.name == name]
    kill(node)
    whole = 0
    for _ in range(10):
        with suppress(ClusterUnavailable):
            answer = reader.current().engine.search(SearchRequest(query=All(), seconds=1.0))
            assert answer.partial or answer.total == ARTICLES
            whole += not answer.partial
        time.sleep(0.2)
    assert whole == 0, "no part was missing"
    heal(cluster)
    assert runs_seen(store) == ["Run 0"] * ARTICLES
    reader.close()


@pytest.mark.long
def test_a_disk_that_is_nearly_full_takes_no_writes_and_opens_by_itself(
    store: ClusterStore, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("searchsvc.engines.opensearch_writer._SECONDS", 5.0)
    write(store, 0)

    def watermarks(low: str | None, high: str | None, flood: str | None, on: bool) -> None:
        disk = "cluster.routing.allocation.disk"
        values = {
            f"{disk}.threshold_enabled": on,
            f"{disk}.watermark.low": low,
            f"{disk}.watermark.high": high,
            f"{disk}.watermark.flood_stage": flood,
            "cluster.info.update.interval": "10s" if on else None,
        }
        store._client.ask("PUT", "/_cluster/settings", {"persistent": values})

    def is_blocked() -> bool:
        path = f"/{store.current().index}/_settings"
        settings = store._client.ask("GET", path)[store.current().index]["settings"]["index"]
        return bool(settings.get("blocks"))

    def takes_writes() -> bool:
        try:
            write(store, 1)
        except (ClusterRefuses, ClusterUnavailable, IndexNotWritten):
            return False
        return True

    def wait_until(holds: Callable[[], bool]) -> None:
        end = time.monotonic() + 90
        while not holds():
            assert time.monotonic() < end
            time.sleep(0.5)

    watermarks("0.1%", "0.2%", "0.3%", True)
    try:
        wait_until(is_blocked)
        with pytest.raises((ClusterRefuses, ClusterUnavailable, IndexNotWritten)) as raised:
            write(store, 1)
        assert "does not take writes" in str(raised.value)
        assert runs_seen(store) == ["Run 0"] * ARTICLES
        watermarks(None, None, None, True)
        wait_until(takes_writes)
    finally:
        watermarks(None, None, None, False)
    assert runs_seen(store) == ["Run 1"] * ARTICLES
