"""The commands on a cluster: one setting chooses it, and several processes share a corpus."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import stores

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def environment(tmp_path: Path, cluster_urls: list[str]) -> Iterator[dict[str, str]]:
    name = f"test-{uuid4().hex[:12]}"
    yield {
        **os.environ,
        "SEARCHSVC_ENGINE": "opensearch",
        "SEARCHSVC_OPENSEARCH_URL": ",".join(cluster_urls),
        "SEARCHSVC_OPENSEARCH_INDEX": name,
        "SEARCHSVC_CORPUS": str(tmp_path / "articles"),
    }
    stores.remove(stores.cluster_store(tmp_path, cluster_urls, name))


@pytest.fixture
def begin(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Begins a command, on a machine with a folder of its own for each *place*."""

    def run(*words: str, place: str = "here") -> subprocess.Popen[str]:
        (tmp_path / place).mkdir(exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", "searchsvc", *words],
            cwd=tmp_path / place,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.fixture
def run(begin: Run) -> Callable[..., Any]:
    """Runs a command; what it prints, as JSON if it is that."""

    def result(*words: str, code: int = 0, place: str = "here") -> Any:
        process = begin(*words, place=place)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, err
        return json.loads(out) if "--json" in words and out else out + err

    return result


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.txt").write_text(f"Headline {number}\n\nOil rose {number} times.\n")
    return folder


def ids(run: Callable[..., Any]) -> list[str]:
    hits = run("search", "oil", "--json", "--size", "100")["hits"]
    return sorted(hit["id"] for hit in hits)


def test_from_nothing_to_an_answer(run: Callable[..., Any], corpus: Path) -> None:
    assert "there is no index" in run("search", "oil", code=4)
    assert run("index", "--json")["articles"]["added"] == 40
    assert run("search", "oil", "--json")["total"] == 40
    assert run("search", "hea*", "--json")["total"] == 40
    status = run("status", "--json")
    assert (status["engine"], status["articles"], status["cluster"]) == ("opensearch", 40, "green")
    (corpus / "0.txt").unlink()
    assert run("index", "--dry-run", "--json")["articles"]["removed"] == 1
    assert run("index", "--json", place="another machine")["articles"]["removed"] == 1
    assert run("search", "oil", "--json")["total"] == 39
    assert "looked after by the cluster" in run("verify")


@pytest.mark.parametrize(("count", "together"), [(2, False), (4, True)])
def test_processes_share_a_corpus(
    run: Callable[..., Any], begin: Run, corpus: Path, count: int, together: bool
) -> None:
    shares = [f"{number}/{count}" for number in range(1, count + 1)]
    places = ["here" if together else one.replace("/", "-") for one in shares]
    begun = [
        begin("index", "--partition", one, place=place)
        for one, place in zip(shares, places, strict=True)
    ]
    for process in begun:
        assert process.wait(120) == 0, process.communicate()
        process.communicate()
    parted = ids(run)
    assert len(parted) == 40
    for share in shares:
        assert run("index", "--partition", share, "--json")["generation"] is None
    assert run("index", "--json")["generation"] is None, "as one process would have it"


def test_a_rebuild_in_shares_is_searched_when_it_is_published(
    run: Callable[..., Any], corpus: Path
) -> None:
    run("index")
    for path in list(corpus.iterdir())[:10]:
        path.write_text("Gas\n\nGas fell.\n")
    for share in ("1/2", "2/2"):
        run("reindex", "--into", "spring", "--partition", share)
        assert run("search", "gas", "--json")["total"] == 0
    told = run("publish", "spring", "--json")
    assert told == {"articles": 40, "generation": run("status", "--json")["generation"]}
    assert run("search", "gas", "--json")["total"] == 10
    assert "make one: searchsvc reindex --into spring" in run("publish", "spring", code=4)
    run("reindex", "--into", "summer", "--partition", "1/9")
    run("reindex", "--into", "summer", "--partition", "3/9")
    lacking = "2/9, 4/9, 5/9, 6/9, 7/9, …"
    refused = run("publish", "summer", code=1)
    assert f"lacks the shares {lacking}; bring them in, as with searchsvc reindex --into" in refused
    assert "summer --partition 2/9, or" in refused
    assert run("search", "gas", "--json")["total"] == 10
    assert " is live, with " in run("publish", "summer", "--yes")


def test_a_rebuild_that_is_much_smaller_is_asked_about(
    run: Callable[..., Any], corpus: Path
) -> None:
    run("index")
    for path in list(corpus.iterdir())[:30]:
        path.unlink()
    run("reindex", "--into", "spring")
    assert "has 10 articles, and what is searched 40" in run("publish", "spring", code=1)
    assert "with 10 articles" in run("publish", "spring", "--yes")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["index", "--partition", "3/2"], "'3/2' is no share, such as 3/16"),
        (["reindex", "--partition", "1/2"], "name it with --into NAME"),
        (["reindex", "--into", "A b"], "'A b' is no name"),
        (["index", "--partition", "1/2", "--engine", "whoosh"], "keeps an index on one machine"),
    ],
)
def test_what_cannot_be_meant_is_named(
    run: Callable[..., Any], corpus: Path, words: list[str], said: str
) -> None:
    assert said in run(*words, code=2)
