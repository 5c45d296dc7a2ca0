"""How a cluster is asked: again where that helps, not for ever, and nothing is taken for done."""

import random
import socket
from collections.abc import Iterator

import pytest

from searchsvc.article import Article
from searchsvc.engines import opensearch_client
from searchsvc.engines.base import SearchRequest
from searchsvc.engines.opensearch import OpenSearchEngine
from searchsvc.engines.opensearch_client import Access, Client
from searchsvc.engines.opensearch_writer import Bulk, line
from searchsvc.errors import ClusterRefuses, ClusterUnavailable
from searchsvc.query.tree import All

from .bad_node import BadNode, bad_node

FAULTS = ("reset", "reset after", "429", "502", "503", "504", "some")


@pytest.fixture
def node() -> Iterator[BadNode]:
    with bad_node() as started:
        yield started


@pytest.fixture
def client(node: BadNode) -> Iterator[Client]:
    asking = Client(Access(urls=(node.url,)), wait=lambda seconds: None)
    yield asking
    asking.close()


@pytest.mark.parametrize("seed", range(20))
def test_every_article_of_a_bulk_is_taken_whatever_the_node_does(
    node: BadNode, client: Client, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("searchsvc.engines.opensearch_writer._BLOCK_BYTES", 2000)
    monkeypatch.setattr(opensearch_client, "_MOST_SILENT", 1000)
    chance = random.Random(seed)
    node.script = [*chance.sample(FAULTS, len(FAULTS)), *chance.choices(FAULTS, k=15)]
    bulk = Bulk(client, "news", wait=lambda seconds: None)
    there = {}
    for number in range(200):
        id = str(chance.randrange(100))
        if chance.random() < 0.2:
            there.pop(id, None)
            bulk.put(id, line(id, None, 1))
        else:
            there[id] = f"text {number}"
            bulk.put(id, line(id, Article(id=id, body=there[id]), 1))
    bulk.end()
    bulk.close()
    assert {id: found["body_written"] for id, found in node.documents.items()} == {
        id: [text] for id, text in there.items()
    }
    assert set(FAULTS) <= set(node.did), "the faults were not met"


def test_a_node_that_is_late_is_asked_again(node: BadNode, client: Client) -> None:
    node.script = ["late"]
    with pytest.raises(ClusterUnavailable, match="did not answer in time"):
        client.ask("POST", "/news/_bulk", b'{"delete":{"_id":"1"}}\n', seconds=0.3)
    assert client.ask("GET", "/", seconds=5.0)


def test_a_node_that_says_nothing_does_not_keep_us_from_the_others(node: BadNode) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for urls in ((mute, node.url), (node.url, mute)):
            client = Client(Access(urls=urls), wait=lambda seconds: None)
            for _ in range(4):
                assert client.ask("GET", "/", seconds=2.0)
            client.close()


@pytest.mark.parametrize("fault", ["429", "503", "reset"])
def test_a_node_that_stays_so_is_given_up_in_time(node: BadNode, fault: str) -> None:
    now = 0.0

    def wait(seconds: float) -> None:
        nonlocal now
        now += seconds

    client = Client(Access(urls=(node.url,)), clock=lambda: now, wait=wait, chance=lambda: 1.0)
    node.script = [fault] * 1000
    with pytest.raises(ClusterUnavailable):
        client.ask("GET", "/x", seconds=10.0)
    assert now < 10
    assert 4 <= node.asked <= 9, "asked again, later and later, and no storm"
    client.close()


def test_a_cluster_that_does_not_answer_is_left_alone_for_a_moment() -> None:
    now = 0.0

    def wait(seconds: float) -> None:
        nonlocal now
        now += seconds

    with bad_node() as node:
        url = node.url
    client = Client(Access(urls=(url,)), clock=lambda: now, wait=wait, chance=lambda: 1.0)
    with pytest.raises(ClusterUnavailable, match="is opensearch_url right"):
        client.ask("GET", "/", seconds=10.0)
    waited = now
    with pytest.raises(ClusterUnavailable, match="no node of the cluster"):
        client.ask("GET", "/", seconds=10.0)
    assert now == waited, "told at once"
    client.close()


@pytest.mark.parametrize("fault", ["part", "out of time"])
def test_an_answer_that_lacks_a_part_says_so(node: BadNode, client: Client, fault: str) -> None:
    engine = OpenSearchEngine(client, "news", 5).open()
    assert engine.search(SearchRequest(query=All())).partial is False
    node.script = [fault, "well", "well", fault]  # a new point in time is taken in between
    assert engine.search(SearchRequest(query=All())).partial is True


def test_a_part_that_stays_away_is_told_again_and_again(node: BadNode, client: Client) -> None:
    engine = OpenSearchEngine(client, "news", 5).open()
    node.script = ["part", *["503"] * 100]  # no other point in time is to be had
    asked = SearchRequest(query=All(), seconds=0.2)
    assert engine.search(asked).partial is True
    node.script = ["part"]
    before = node.asked
    assert engine.search(asked).partial is True
    assert node.asked == before + 1, "another one was asked for just now"


def test_an_old_state_of_which_a_part_is_away_for_a_moment_is_kept(
    node: BadNode, client: Client
) -> None:
    engine = OpenSearchEngine(client, "news", 5).open()
    engine.is_past = True
    node.script = ["part"]
    assert engine.search(SearchRequest(query=All())).partial is True
    assert engine.search(SearchRequest(query=All())).partial is False


def test_an_article_is_not_missing_because_a_part_is(node: BadNode, client: Client) -> None:
    engine = OpenSearchEngine(client, "news", 5).open()
    assert engine.get("1") is None
    node.script = ["part", "well", "well", "part"]
    with pytest.raises(ClusterUnavailable, match="is missing just now"):
        engine.get("1")


@pytest.mark.parametrize(
    ("version", "is_ours"),
    [("2.19.3", True), ("3.4.0", True), ("2.11.0", False), ("1.3.0", False)],
)
def test_a_cluster_of_another_version_is_refused(
    node: BadNode, client: Client, monkeypatch: pytest.MonkeyPatch, version: str, is_ours: bool
) -> None:
    about = {"version": {"number": version, "distribution": "opensearch"}}
    monkeypatch.setattr(client, "ask", lambda *arguments, **more: about)
    if is_ours:
        client.check_version()
    else:
        with pytest.raises(ClusterRefuses, match=f"OpenSearch {version}|opensearch {version}"):
            client.check_version()


def test_no_secret_is_shown() -> None:
    access = Access(urls=("http://a:9200",), user="u", password="s3cret", api_key="k3y")
    assert repr(access) == "Access(http://a:9200)"
