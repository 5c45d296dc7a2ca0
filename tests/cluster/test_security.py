"""A cluster with certificates and users: who is let in, and what is said to those who are not."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from searchsvc.article import Article
from searchsvc.cluster.store import ClusterStore
from searchsvc.engines.opensearch_client import Access, Client
from searchsvc.errors import ClusterRefuses

from .nodes import PASSWORD, Cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster(1, secure=True)
    try:
        made.start()
        yield made
    finally:
        made.end()


def access(cluster: Cluster, **changed: str) -> Access:
    (node,) = cluster.nodes
    known = {"user": "admin", "password": PASSWORD}
    known["certificates"] = str(node.folder / "config" / "root-ca.pem")
    return Access(urls=(node.url,), **known | changed)


def test_who_is_known_writes_and_searches(cluster: Cluster, tmp_path: Path) -> None:
    client = Client(access(cluster))
    store = ClusterStore(tmp_path, client, "secured")
    with store.write(fresh=True) as draft:
        draft.add(Article(id="1", title="Oil"))
    assert store.current().engine.get("1") == Article(id="1", title="Oil")
    store.close()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "wrong-Wrong-1"}, "does not know who we say that we are; look at opensearch"),
        ({"user": "nobody"}, "does not know who we say that we are"),
        ({"user": "", "password": ""}, "does not know who we say that we are"),
        ({"user": "", "password": "", "api_key": "bm9uZTpub25l"}, "does not know who we say"),
        ({"certificates": ""}, "certificate that is known"),
    ],
)
def test_who_is_not_is_told_what_to_look_at(
    cluster: Cluster,
    tmp_path: Path,
    changed: dict[str, str],
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    given = access(cluster, **changed)
    client = Client(given)
    with pytest.raises(ClusterRefuses, match=said) as raised:
        ClusterStore(tmp_path, client, "secured").current()
    shown = f"{raised.value} {raised.value!r} {given} {caplog.text}"
    for secret in (PASSWORD, "wrong-Wrong-1", "bm9uZTpub25l"):
        assert secret not in shown
    client.close()
