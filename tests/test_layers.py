"""Imports go one way, a library is imported in one place, and importing us loads none of them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "searchsvc"

# From the bottom up, as docs/architecture.md draws it. A module imports its own layer and those
# below.
LAYERS = (
    ("nouns", "errors article schema analysis"),
    ("language", "query"),
    (
        "workers",
        "corpus readers extract engines snippets ledger ledger_tables generation draft index_folder"
        " published keeping store cluster",
    ),
    (
        "use cases",
        "parameters answers report gate sharing updating indexing watching naming enriching names"
        " proposals lexicon nearest misspelt searching exporting profiles suggesting guarding",
    ),
    ("settings", "config progress opening"),
    ("people", "cli terminal web __main__"),
)

LIBRARIES = {
    "whoosh": "engines",
    "tantivy": "engines",
    "opensearchpy": "engines",
    "numpy": "engines",
    "cachetools": "engines web",
    "regex": "snippets",
    "Stemmer": "analysis",
    "rapidfuzz": "query nearest extract",
    "spacy": "extract",
    "bs4": "readers",
    "trafilatura": "readers",
    "lxml": "readers",
    "charset_normalizer": "readers",
    "dateutil": "readers",
    "yaml": "readers",
    "pydantic": "parameters answers web",
    "pydantic_core": "parameters",
    "flask": "web",
    "flask_openapi3": "web",
    "werkzeug": "web",
    "markupsafe": "web",
    "jinja2": "web",
    "waitress": "web",
    "prometheus_client": "web",
    "click": "cli terminal",
    "watchfiles": "watching",
    "rich": "progress",
}

RANK = {name: rank for rank, (_, names) in enumerate(LAYERS) for name in names.split()}


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{path}: relative import"
            found.append(node.module)
            if node.module == "searchsvc":
                found += [f"searchsvc.{alias.name}" for alias in node.names]
    return found


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_go_down(path: Path) -> None:
    for name in imports(path):
        first, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if first == "searchsvc" and other in RANK:
            assert RANK[other] <= RANK[part(path)], f"{path} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_library_has_one_place(path: Path) -> None:
    for name in imports(path):
        library = name.partition(".")[0]
        if library != "searchsvc" and library not in sys.stdlib_module_names:
            assert part(path) in LIBRARIES[library].split(), f"{path} imports {name}"


def test_every_file_has_a_layer() -> None:
    assert {part(path) for path in FILES} == set(RANK)


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("searchsvc", "whoosh tantivy flask numpy bs4 pydantic click"),
        ("searchsvc.query.parser", "whoosh tantivy flask numpy bs4 pydantic"),
        ("searchsvc.searching", "whoosh tantivy flask bs4 trafilatura"),
        ("searchsvc.cli", "flask trafilatura bs4 waitress rich"),
        ("searchsvc.readers", "whoosh tantivy flask trafilatura bs4"),
    ],
)
def test_importing_loads_no_more_than_it_needs(module: str, heavy: str) -> None:
    script = f"import {module}, sys; print(*[m for m in {heavy.split()!r} if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert loaded == []
