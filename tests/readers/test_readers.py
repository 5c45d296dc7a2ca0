"""Each file in `cases/<format>` is read and compared with the .json beside it.

A case says what it is `about` and lists the `articles` in the file, of each only the fields that
matter to it, with the `notes` and `problems` that must come: all of them, and no others.
To add a case, add two files.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from searchsvc.article import Article, is_valid_id
from searchsvc.corpus import CorpusFile
from searchsvc.readers import Note, Problem, read, reader_of

CASES = Path(__file__).with_name("cases")
FILES = sorted(
    path for path in CASES.glob("*/*") if path.suffix != ".json" or ".input" in path.name
)


def expected_of(path: Path) -> dict[str, Any]:
    """What stands in the .json beside *path*."""
    beside = path.with_name(path.name.partition(".")[0] + ".json")
    values: dict[str, Any] = json.loads(beside.read_text("utf-8"))
    return values


def corpus_file(path: Path) -> CorpusFile:
    """*path* as a scan of its folder would give it."""
    reader = reader_of(path.name)
    assert reader
    return CorpusFile(path, path.name, path.stat().st_size, 0, reader, "cases")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_file_is_read_as_described(path: Path) -> None:
    expected = expected_of(path)
    items = list(read(corpus_file(path)))
    articles = [item.to_dict() for item in items if isinstance(item, Article)]

    assert [item.reason for item in items if isinstance(item, Note)] == expected.get("notes", [])
    problems = [[item.place, item.reason] for item in items if isinstance(item, Problem)]
    assert problems == expected.get("problems", [])
    assert len(articles) == len(expected["articles"])
    for article, fields in zip(articles, expected["articles"], strict=True):
        shown = {name: article[name] for name in fields}
        assert json.loads(json.dumps(shown)) == fields
        assert is_valid_id(article["id"])


def test_every_description_has_its_file() -> None:
    described = {
        path.with_suffix("") for path in CASES.glob("*/*.json") if ".input" not in path.name
    }
    assert described == {path.with_name(path.name.partition(".")[0]) for path in FILES}


def test_there_are_enough_cases() -> None:
    assert len(FILES) >= 60
