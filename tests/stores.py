"""Stores under test: made, opened once more, and removed, whatever the engine."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from searchsvc.store import DirectoryStore

if TYPE_CHECKING:
    from searchsvc.cluster.store import ClusterStore


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
