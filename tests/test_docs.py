"""The docs say what the code does: names are compared, commands and examples are run."""

import ast
import errno
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml  # type: ignore[import-untyped]
from cluster.nodes import VERSIONS

from searchsvc import answers, cli, config, errors, parameters, schema, terminal
from searchsvc.article import Article
from searchsvc.engines.memory import MemoryStore
from searchsvc.parameters import SearchParameters
from searchsvc.query import parser, rewrite
from searchsvc.readers import READERS
from searchsvc.report import IndexReport
from searchsvc.searching import search

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("*/*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def queries(text: str) -> list[str]:
    """What stands in the first column of tables."""
    rows = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    return [query.replace("\\|", "|") for query in rows]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("name", cli.cli.commands)
def test_every_command_and_option_is_documented(name: str) -> None:
    text = read("docs/cli.md")
    assert f"| `{name}" in text
    command = cli.cli.commands[name]
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert f"`{option.opts[0]}`" in text, option.opts


def test_no_command_or_option_is_documented_that_is_not_there() -> None:
    options = {o for c in cli.cli.commands.values() for p in c.params for o in p.opts}
    for name in ("README.md", "docs/cli.md"):
        for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]+", read(name)):
            assert flag in options | {"--help"}, f"{name}: {flag}"


def test_every_setting_is_documented() -> None:
    text = read("docs/cli.md")
    for setting in config.SETTINGS:
        variable = config.PREFIX + setting.name.upper()
        flag = f"`--{setting.name}` " if setting.flag else ""
        row = f"| {flag}| `{variable}` | `{setting.name}` | `{setting.default}` |"
        assert row in text


def test_every_key_of_the_index_report_is_documented() -> None:
    document = terminal.report_document(IndexReport(), dry_run=False)
    text = read("docs/cli.md")
    for key in [*document, *document["files"], *document["articles"]]:
        assert f"`{key}`" in text


def test_exit_codes_are_documented() -> None:
    text = read("docs/cli.md")
    for code in range(cli.LOCKED + 1):
        assert f"| {code} |" in text


@pytest.mark.parametrize("name", sorted(parameters.SearchParameters.model_fields))
def test_every_parameter_is_documented(name: str) -> None:
    shown = SearchParameters.model_fields[name].alias or name
    assert f"`{shown}`" in read("docs/api.md")


@pytest.mark.parametrize(
    "model",
    [answers.SearchAnswer, answers.HitAnswer, answers.QueryAnswer, answers.Links,
     answers.ArticleAnswer, answers.Problem],
)  # fmt: skip
def test_every_key_of_an_answer_is_documented(model: type) -> None:
    text = read("docs/api.md")
    for key in model.model_fields:  # type: ignore[attr-defined]
        assert f'"{key}"' in text or f"`{key}`" in text, key


def test_fields_and_limits_of_the_language_are_documented() -> None:
    text = read("docs/query.md")
    for name in schema.QUERY_FIELDS:
        assert f"{name}:" in text
    for limit in (parser.MAX_CHARACTERS, parser.MAX_WORDS, parser.MAX_DEPTH, parser.MAX_BOOST,
                  rewrite.MAX_EXPANSION):  # fmt: skip
        assert f"{limit:,}" in text, limit


def test_every_example_of_the_language_is_read_without_a_word_of_complaint() -> None:
    examples, _, wrong = read("docs/query.md").partition("## Limits and errors")
    store = MemoryStore([Article(id="1", title="Oil")])
    assert len(queries(examples)) >= 20
    for query in queries(examples):
        search(store, SearchParameters(q=query))
    assert len(queries(wrong)) >= 5
    for query in queries(wrong):
        with pytest.raises(errors.QueryError):
            search(store, SearchParameters(q=query))


def test_every_message_that_operators_are_told_about_is_one() -> None:
    """Each as it stands in the code, or as the system says it; "…" is what differs."""
    said = {os.strerror(number) for number in errno.errorcode}
    for file in (ROOT / "searchsvc").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(node.value)
    messages = [
        message
        for table in read("docs/operations.md").split("| it says |")[1:]
        for row in re.findall(r"^\| (`.*?) \|", table.partition("\n\n")[0], re.MULTILINE)
        for message in re.findall(r"`([^`]+)`", row)
    ]
    assert len(messages) > 30
    for message in messages:
        for part in filter(None, message.split("…")):
            assert any(part.strip() in one for one in said), message


def test_every_suffix_that_is_read_is_documented() -> None:
    text = read("docs/formats.md")
    for form in READERS.values():
        for suffix in form.suffixes:
            assert not suffix or f"`{suffix}`" in text, suffix


def test_the_error_tree_is_drawn_whole() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    classes = {n for n, c in vars(errors).items() if isinstance(c, type)} - {"SearchServiceError"}
    assert drawn == classes


def test_the_commands_of_the_readme_run(tmp_path: Path) -> None:
    block = read("README.md").split("```")[3]
    (tmp_path / "articles").symlink_to(ROOT / "corpus")
    ran = 0
    for line in block.strip().splitlines():
        words = shlex.split(line, comments=True)
        if words[0] == "searchsvc" and words[1] != "serve":
            command = [sys.executable, "-m", "searchsvc", *words[1:]]
            subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
            ran += 1
    assert ran == 2


def test_the_layers_are_drawn_as_they_are_checked() -> None:
    from test_layers import LAYERS

    drawn = re.findall(r"^\| (\w[\w ]*) \| (`.*`) \|$", read("docs/architecture.md"), re.MULTILINE)
    assert [(name, names.replace("`", "")) for name, names in drawn] == [
        (name, names.replace(" __main__", "")) for name, names in reversed(LAYERS)
    ]


def test_the_compose_file_makes_one_cluster_of_a_version_that_is_tested() -> None:
    compose = yaml.safe_load(read("docs/compose.yaml"))
    nodes = compose["services"]
    assert len(nodes) == 3
    for name, node in nodes.items():
        image, _, version = node["image"].partition(":")
        assert (image, version in VERSIONS) == ("opensearchproject/opensearch", True)
        settings = node["environment"]
        assert settings["node.name"] == name
        for others in ("cluster.initial_cluster_manager_nodes", "discovery.seed_hosts"):
            assert settings[others].split(",") == list(nodes)
        (port,) = node["ports"]
        assert port.startswith("127.0.0.1:"), "it has no users, so nobody else may reach it"
        (volume,) = node["volumes"]
        assert volume.partition(":")[0] in compose["volumes"]
