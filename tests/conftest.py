"""The engines that tests run on, and the archive that they share.

A test that takes `open_engine` or `archive` runs once for each engine, one that takes `new_store`
once for each that can be written to. `--engine NAME`, repeatable, chooses among them.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import stores
from hypothesis import settings

from searchsvc import lexicon, profiles, searching, suggesting
from searchsvc.article import Article
from searchsvc.engines.base import Engine, Store
from searchsvc.engines.memory import MemoryEngine
from searchsvc.readers.sandbox import Workers

settings.register_profile("default", deadline=None)  # how fast something is, bench/ measures
settings.load_profile("default")

ARTICLES = Path(__file__).with_name("conformance") / "articles.jsonl"


@dataclass(frozen=True)
class Tested:
    """An engine under test, and what it can do."""

    name: str
    writes: bool  # has a Store with a Writer; a MemoryStore is given its articles whole
    cluster: bool = False  # needs one; only run when it is asked for by name
    threads: bool = False  # of its own, that write


ENGINES = (
    Tested("memory", writes=False),
    Tested("whoosh", writes=True),
    Tested("tantivy", writes=True, threads=True),
    Tested("opensearch", writes=True, cluster=True),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        action="append",
        choices=[engine.name for engine in ENGINES],
        help="run on this engine only; may be repeated",
    )
    parser.addoption(
        "--thorough", action="store_true", help="all faults and histories, not a slice of them"
    )
    parser.addoption("--seed", type=int, default=1, help="what faults and histories come from")


def pytest_configure(config: pytest.Config) -> None:
    if names := config.getoption("--engine"):
        stores.chosen = names[0]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = metafunc.config.getoption("--engine")
    engines = [e for e in ENGINES if (e.name in chosen if chosen else not e.cluster)]
    if "engine_name" in metafunc.fixturenames:
        names = [engine.name for engine in engines]
        metafunc.parametrize("engine_name", names, scope="session")
    if "writable_name" in metafunc.fixturenames:
        of_one = metafunc.definition.get_closest_marker("one_thread")
        names = [e.name for e in engines if e.writes and not (of_one and e.threads)]
        metafunc.parametrize("writable_name", names, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is about writing where no engine can be written to, about folders where the
    index is in a cluster, and what is long."""
    left_out = {"folder"} if stores.chosen == "opensearch" else set()
    if not config.getoption("--thorough"):
        left_out.add("long")
    kept = [
        item
        for item in items
        if _has_engine(item) and not any(map(item.get_closest_marker, left_out))
    ]
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=sorted(set(items) - set(kept), key=str))
    items[:] = kept


def _has_engine(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is None or isinstance(callspec.params.get("writable_name", ""), str)


@pytest.fixture(autouse=True)
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine changes no answer; what happens when time is up has tests of its own."""
    monkeypatch.setattr(lexicon, "SEARCH_SECONDS", 60.0)
    monkeypatch.setattr(searching, "SNIPPET_SECONDS", 60.0)
    monkeypatch.setattr(profiles, "SEARCH_SECONDS", 60.0)
    monkeypatch.setattr(suggesting, "SUGGEST_SECONDS", 60.0)


@pytest.fixture(scope="session", autouse=True)
def session_stores() -> Iterator[None]:
    """Ends the stores that fixtures for all tests filled."""
    with stores.ending():
        yield


@pytest.fixture(autouse=True)
def test_stores(session_stores: None) -> Iterator[None]:
    """Ends the stores that a test filled."""
    with stores.ending():
        yield


@pytest.fixture(scope="session")
def thorough(pytestconfig: pytest.Config) -> bool:
    """Whether to go through everything, for minutes, or through a slice of it."""
    return bool(pytestconfig.getoption("--thorough"))


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """What all chance begins with."""
    return int(pytestconfig.getoption("--seed"))


@pytest.fixture(scope="module")
def readers() -> Iterator[Workers]:
    """Processes that read the files of a corpus, started once for all updates of a test file."""
    with closing(Workers()) as kept:
        yield kept


@pytest.fixture(scope="session")
def articles() -> tuple[Article, ...]:
    """The made-up articles that the rows in `conformance/cases` search."""
    lines = ARTICLES.read_text("utf-8").splitlines()
    return tuple(Article.from_dict(json.loads(line)) for line in lines)


@pytest.fixture(scope="session")
def open_engine(
    engine_name: str,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[Iterable[Article]], Engine]]:
    """Opens an engine over articles: `open_engine([article, …])`."""
    opened: list[Engine] = []

    def over(articles: Iterable[Article]) -> Engine:
        if engine_name == "memory":
            opened.append(MemoryEngine(articles))
        else:
            store = _store(engine_name, tmp_path_factory.mktemp("index"), request)
            with store.write(fresh=True) as draft:
                for article in articles:
                    draft.add(article)
            opened.append(store.current().engine)
        return opened[-1]

    yield over
    for engine in opened:
        engine.close()


@pytest.fixture(scope="session")
def archive(
    open_engine: Callable[[Iterable[Article]], Engine], articles: tuple[Article, ...]
) -> Engine:
    """An engine over the shared articles."""
    return open_engine(articles)


@pytest.fixture
def new_store(
    writable_name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[], Store]]:
    """Gives a store that holds nothing yet; each call gives another."""
    made: list[Store] = []

    def another() -> Store:
        made.append(_store(writable_name, tmp_path / f"index-{len(made)}", request))
        return made[-1]

    yield another
    for store in made:
        stores.remove(store)


def _store(engine_name: str, folder: Path, request: pytest.FixtureRequest) -> Any:
    if engine_name == "opensearch":
        return stores.cluster_store(folder, request.getfixturevalue("cluster_urls"))
    return stores.directory_store(engine_name, folder)


@pytest.fixture(scope="session")
def cluster_urls() -> list[str]:
    """The addresses of a cluster."""
    return stores.cluster_urls()
