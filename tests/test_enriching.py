"""The second look with a model: what it keeps, that it goes on, and what the index then says."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from searchsvc import enriching
from searchsvc.article import Entity
from searchsvc.enriching import enrich
from searchsvc.errors import IndexLocked, IndexMissing
from searchsvc.extract import rules
from searchsvc.extract.cache import NamesCache
from searchsvc.extract.model import Model
from searchsvc.indexing import NameSource, update
from searchsvc.report import Progress
from searchsvc.store import DirectoryStore
from tests.extract.test_model import Pipeline

NAMES = [f"Gafo Agot{letter}" for letter in "aeiouyz"]


class Counting(Pipeline):
    def __init__(self) -> None:
        super().__init__(dict.fromkeys(NAMES, "PERSON"))


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    rows = [
        {"id": f"a{n}", "title": "News", "text": f"They saw {name}. Mr. Baker left."}
        for n, name in enumerate(NAMES)
    ]
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "all.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    store = DirectoryStore(tmp_path / "index")
    update(store, corpus, names=names(tmp_path))
    return store


def names(folder: Path, model: str = "") -> NameSource:
    return NameSource(cache=folder / "index" / "names.sqlite", model=model)


def people(store: DirectoryStore, id: str) -> tuple[str, ...]:
    article = store.current().engine.get(id)
    assert article
    return article.people


def test_the_index_has_the_names_of_the_model_afterwards(
    store: DirectoryStore, tmp_path: Path
) -> None:
    assert people(store, "a2") == ("Baker",)
    told: list[Progress] = []
    report = enrich(store, names(tmp_path), Model("told", Counting()), progress=told.append)
    assert people(store, "a2") == ("Gafo Agoti", "Baker")
    assert (report.articles, report.enriched, report.known, report.left) == (7, 7, 0, 0)
    assert (report.changed, report.generation) == (7, store.current_name())
    assert told[-1] == Progress(7, 7, 7)
    article = store.current().engine.get("a2")
    assert article
    assert [e.origin for e in article.entities] == ["model:told", rules.ORIGIN]


def test_it_goes_on_where_it_was(store: DirectoryStore, tmp_path: Path) -> None:
    pipeline = Counting()
    model = Model("told", pipeline)
    first = enrich(store, names(tmp_path), model, limit=3)
    assert (first.enriched, first.left, first.changed) == (3, 4, 3)
    second = enrich(store, names(tmp_path), model)
    assert (second.enriched, second.known, second.left, second.changed) == (4, 3, 0, 4)
    assert second.generation == store.current_name()
    assert people(store, "a6") == (NAMES[6], "Baker")
    third = enrich(store, names(tmp_path), model)
    assert (third.enriched, third.known, third.generation) == (0, 7, None)
    assert len([text for text in pipeline.seen if text.startswith("They")]) == 7


def test_what_a_pass_that_is_stopped_kept_is_kept(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enriching, "_SECONDS", 0.0)  # a batch is one article

    def stop(progress: Progress) -> None:
        if progress.articles == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enrich(store, names(tmp_path), Model("told", Counting()), progress=stop)
    assert people(store, "a2") == ("Baker",)
    report = enrich(store, names(tmp_path), Model("told", Counting()))
    assert (report.enriched, report.known, report.changed) == (3, 4, 7)


def test_an_update_with_the_model_keeps_its_names(store: DirectoryStore, tmp_path: Path) -> None:
    enrich(store, names(tmp_path), Model("told", Counting()))
    assert update(store, tmp_path / "corpus", names=names(tmp_path, "told")).generation is None
    update(store, tmp_path / "corpus", names=names(tmp_path))
    assert people(store, "a2") == ("Baker",)


def test_names_beside_other_rules_are_found_anew(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("searchsvc.extract.rules.VERSION", 0)
    old = Entity(field="people", name="Old", key="old", origin="rule:0")
    article = store.current().engine.get("a1")
    assert article
    with closing(NamesCache(tmp_path / "index" / "names.sqlite")) as cache:
        cache.put(article, "model:told", (old,))
    monkeypatch.undo()
    report = enrich(store, names(tmp_path), Model("told", Counting()))
    assert report.enriched == 7
    assert people(store, "a1") == ("Gafo Agote", "Baker")


def test_it_computes_while_another_process_writes(store: DirectoryStore, tmp_path: Path) -> None:
    with store.write(), pytest.raises(IndexLocked):
        enrich(store, names(tmp_path), Model("told", Counting()))
    assert enrich(store, names(tmp_path), Model("told", Counting())).known == 7


def test_it_waits_for_the_cache_but_not_for_ever(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("searchsvc.extract.cache._PATIENCE", 0.1)
    monkeypatch.setattr(enriching, "_TRIES", 2)
    monkeypatch.setattr(enriching, "_WAIT", 0.0)
    with (
        closing(NamesCache(tmp_path / "index" / "names.sqlite")),
        pytest.raises(IndexLocked, match=r"names\.sqlite"),
    ):
        enrich(store, names(tmp_path), Model("told", Counting()))


def test_without_an_index_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        enrich(DirectoryStore(tmp_path / "none"), names(tmp_path), Model("told", Pipeline({})))


def test_a_folder_that_is_gone_keeps_its_articles(store: DirectoryStore, tmp_path: Path) -> None:
    (tmp_path / "corpus").rename(tmp_path / "elsewhere")
    report = enrich(store, names(tmp_path), Model("told", Counting()))
    assert (report.enriched, report.changed, report.generation) == (7, 0, None)
    assert people(store, "a2") == ("Baker",)
