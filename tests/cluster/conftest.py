"""Stores in the cluster, and a corpus to fill them from."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stores
from test_indexing import World

from searchsvc.cluster.store import ClusterStore


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("cluster")


@pytest.fixture
def store(tmp_path: Path, cluster_urls: list[str]) -> Iterator[ClusterStore]:
    made = stores.cluster_store(tmp_path / "index", cluster_urls)
    yield made
    stores.remove(made)


class ClusterWorld(World):
    """A corpus in a folder, and its index in the cluster."""

    def __init__(self, folder: Path, store: ClusterStore) -> None:
        super().__init__(folder)
        self.store = store  # type: ignore[assignment]

    def contents(self) -> dict[str, str]:
        """What a reader who comes anew finds."""
        return {article.id: article.body for article in World.articles(self)}

    def rebuilt(self) -> dict[str, str]:
        """What a rebuild gives."""
        self.update(fresh=True)
        return self.contents()


@pytest.fixture
def world(tmp_path: Path, store: ClusterStore) -> ClusterWorld:
    return ClusterWorld(tmp_path, store)
