"""How well names are found on annotated collections is never less than floors.json says.

The floors only rise: raise them with what bench/names.py prints.
"""

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType

import pytest

from searchsvc.article import Article
from searchsvc.corpus import CorpusFile, scan
from searchsvc.extract import extract
from searchsvc.readers.sandbox import Limits, read_files

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DATA = Path(os.environ.get("SEARCHSVC_DATA", ROOT.parent / "shared" / "data"))
FLOORS = json.loads((HERE / "floors.json").read_text("utf-8"))

pytestmark = pytest.mark.skipif(
    not DATA.exists() and "CI" not in os.environ, reason="needs ../shared/data"
)


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_names", ROOT / "bench" / "names.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_people_of_an_encyclopedia(bench: ModuleType) -> None:
    f1 = bench.people_on_wikigold(DATA / "wikigold/wikigold.conll.txt", show=False)[2]
    assert f1 >= FLOORS["people on wikigold, F1"]


def test_people_of_news(bench: ModuleType) -> None:
    assert bench.people_on_gum(DATA / "gum-news", show=False)[2] >= FLOORS["people on GUM, F1"]


def test_spellings_of_news(bench: ModuleType) -> None:
    assert bench.spellings_on_gum(DATA / "gum-news")[2] >= FLOORS["spellings on GUM, B3 F1"]


def test_places_of_news(bench: ModuleType) -> None:
    mapped, right, _ = bench.places_on_gum(DATA / "gum-news", show=False)
    assert mapped >= FLOORS["places on GUM, mapped"]
    assert right >= FLOORS["places on GUM, right"]


@pytest.mark.reuters
def test_tags_of_newswire(bench: ModuleType) -> None:
    figures = bench.tags_of_reuters(list(bench.reuters(DATA)), show=False)
    assert figures["people"] >= FLOORS["tags of Reuters, people"]
    assert figures["places"] >= FLOORS["tags of Reuters, places"]


def test_the_first_article() -> None:
    """The article that the service was first asked for names these, and nobody else."""
    (file,) = scan(DATA / "article" / "state-dept-syria.txt")
    assert isinstance(file, CorpusFile)
    (article,) = (
        extract(item)
        for _, items in read_files([file], 1, Limits())
        for item in items
        if isinstance(item, Article)
    )
    assert set(article.people) == {
        "Donald Trump", "James Jeffery", "Mike Pompeo", "Joel Rayburn", "John Bolton", "Assad",
    }  # fmt: skip
    assert set(article.places) == {"United States", "Syria", "Iran", "Russia", "Iraq", "Idlib"}
    (jeffery,) = (entity for entity in article.entities if entity.name == "James Jeffery")
    assert jeffery.aliases == ("Jeffrey",)
