"""The whole of Reuters-21578, indexed once for these tests; about a minute."""

import os
from pathlib import Path

import pytest

from searchsvc.article import Article
from searchsvc.engines.base import Engine, SearchRequest
from searchsvc.engines.memory import MemoryEngine
from searchsvc.engines.whoosh import WhooshEngine
from searchsvc.indexing import update
from searchsvc.query.tree import All
from searchsvc.report import IndexReport
from searchsvc.store import DirectoryStore

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def archive() -> Path:
    data = Path(os.environ.get("SEARCHSVC_DATA", ROOT.parent / "shared" / "data"))
    path = data / "reuters21578.tar.gz"
    if not path.exists():
        if os.environ.get("CI"):
            pytest.fail(f"CI needs Reuters-21578 at {path}")
        pytest.skip(f"Reuters-21578 is not at {path}; SEARCHSVC_DATA may name another folder")
    return path


@pytest.fixture(scope="session")
def indexed(
    archive: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[DirectoryStore, IndexReport]:
    store = DirectoryStore(tmp_path_factory.mktemp("reuters") / "index")
    return store, update(store, archive)


@pytest.fixture(scope="session")
def store(indexed: tuple[DirectoryStore, IndexReport]) -> DirectoryStore:
    return indexed[0]


@pytest.fixture(scope="session")
def engine(store: DirectoryStore) -> WhooshEngine:
    engine = store.current().engine
    assert isinstance(engine, WhooshEngine)
    return engine


@pytest.fixture(scope="session")
def articles(engine: WhooshEngine) -> list[Article]:
    hits = engine.search(SearchRequest(query=All(), limit=100_000)).hits
    return sorted((hit.article for hit in hits), key=lambda article: article.id)


@pytest.fixture(scope="session")
def fast(articles: list[Article], tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The same articles in tantivy."""
    store = DirectoryStore(tmp_path_factory.mktemp("reuters") / "tantivy", "tantivy")
    with store.write() as draft:
        for article in articles:
            draft.add(article)
    return store.current().engine


@pytest.fixture(scope="session")
def memory(articles: list[Article]) -> MemoryEngine:
    return MemoryEngine(articles)
