"""Stores under test: made, opened once more, and removed, whatever the engine."""

import atexit
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from searchsvc.article import Article
from searchsvc.engines.memory import MemoryStore
from searchsvc.store import DirectoryStore

if TYPE_CHECKING:
    from searchsvc.cluster.store import ClusterStore

chosen = "memory"  # the engine that `filled` fills: what --engine names


def filled(articles: Iterable[Article] = ()) -> Any:
    """A store of the engine that was chosen, which holds *articles*.

    It ends with the test that made it, or with all of them if a fixture of theirs did.
    """
    if chosen == "memory":
        return MemoryStore(articles)
    folder = tempfile.TemporaryDirectory(prefix="searchsvc-filled-")
    if chosen == "opensearch":
        store: Any = cluster_store(Path(folder.name), cluster_urls())
    else:
        store = directory_store(chosen, Path(folder.name) / "index")
    _filled.append((store, folder))
    refill(store, articles)
    return store


def refill(store: Any, articles: Iterable[Article]) -> None:
    """Has a `filled` store hold these *articles* instead."""
    if isinstance(store, MemoryStore):
        store.replace(articles)
    else:
        with store.write(fresh=True) as draft:
            for article in articles:
                draft.add(article)


_filled: list[tuple[Any, "tempfile.TemporaryDirectory[str]"]] = []


@contextmanager
def ending() -> Iterator[None]:
    """Ends the stores that are `filled` while the block lasts."""
    before = len(_filled)
    yield
    for store, folder in _filled[before:]:
        remove(store)
        folder.cleanup()
    del _filled[before:]


@cache
def environment(index: Path) -> dict[str, str]:
    """The settings with which a command whose --index is *index* runs on the engine chosen."""
    if chosen == "memory":  # commands have none: the default
        return {}
    if chosen != "opensearch":
        return {"SEARCHSVC_ENGINE": chosen}
    name = f"test-{hashlib.sha256(os.fsencode(index)).hexdigest()[:12]}"
    atexit.register(remove, cluster_store(index, cluster_urls(), name))
    return {
        "SEARCHSVC_ENGINE": chosen,
        "SEARCHSVC_OPENSEARCH_URL": ",".join(cluster_urls()),
        "SEARCHSVC_OPENSEARCH_INDEX": name,
    }


@cache
def cluster_urls() -> list[str]:
    """The addresses of a cluster: the one that SEARCHSVC_OPENSEARCH_URL names, or one of ours."""
    if named := os.environ.get("SEARCHSVC_OPENSEARCH_URL"):
        return named.split(",")
    from cluster.nodes import Cluster

    started = Cluster(1)
    atexit.register(started.end)
    started.start()
    return started.urls


def directory_store(engine: str, folder: Path) -> DirectoryStore:
    """A store in *folder*."""
    return DirectoryStore(folder, engine)


def cluster_store(folder: Path, urls: list[str], name: str | None = None) -> "ClusterStore":
    """A store in the cluster at *urls*, under a name that nobody else has unless it is given."""
    from searchsvc.cluster.store import ClusterStore  # its library is an extra
    from searchsvc.engines.opensearch_client import Access, Client

    shards = int(os.environ.get("SEARCHSVC_TEST_SHARDS", "1"))
    client = Client(Access(urls=tuple(urls)))
    return ClusterStore(folder, client, name or f"test-{uuid4().hex[:12]}", shards)


def again(store: Any) -> Any:
    """Another store over what *store* has."""
    if isinstance(store, DirectoryStore):
        return DirectoryStore(store.root, store._format.NAME)
    return cluster_store(store.root, store._client.where.split(", "), store._name)


def opening(store: Any) -> str:
    """Lines of Python that open what *store* has in another process, as `store`."""
    folder = f"Path({str(store.root)!r})"
    if isinstance(store, DirectoryStore):
        call = f"directory_store({store._format.NAME!r}, {folder})"
    else:
        urls = store._client.where.split(", ")
        call = f"cluster_store({folder}, {urls!r}, {store._name!r})"
    here = str(Path(__file__).parent)
    return f"""
import sys
from pathlib import Path
sys.path.append({here!r})
from stores import cluster_store, directory_store
store = {call}
"""


def remove(store: Any) -> None:
    """Removes all that *store* has in a cluster; what is in a folder goes with it."""
    if not isinstance(store, DirectoryStore):
        store._client.ask("DELETE", f"/{store._name}-*", or_none=(404,))
        store.close()
