"""Commands that ask the index: search, show, explain, export, names."""

import sys
from collections.abc import Callable
from typing import Any

import click

from searchsvc import exporting, terminal
from searchsvc.answers import ArticleAnswer
from searchsvc.cli.options import DONE, FAILURE, Command, Options, command, setting_flag
from searchsvc.engines.base import Sort
from searchsvc.extract.corrections import find_corrections
from searchsvc.names import FIELDS, described, like, listed
from searchsvc.parameters import Format, read_export, read_parameters
from searchsvc.proposals import proposals
from searchsvc.schema import FACET_FIELDS
from searchsvc.searching import explain, search


def _question(command: Command) -> Command:
    """Which articles, and in which order: parameters named as in the API."""
    for name in reversed(FACET_FIELDS):
        text = f"Only articles with this value of {name}; repeat for several."
        command = click.option(f"--{name}", multiple=True, metavar="VALUE", help=text)(command)
    command = _valued("to", "The last day, YYYY-MM-DD, included.")(command)
    command = _valued("from", "The first day, YYYY-MM-DD.")(command)
    return click.option("--sort", type=click.Choice([s.value for s in Sort]), help="The order.")(
        command
    )


def _page(command: Command) -> Command:
    """Which of the hits, and what is counted."""
    for name, text in reversed(
        [
            ("page", "From 1."),
            ("size", "Hits on a page, at most 200."),
            ("cursor", "Where to go on, from links.next of an answer."),
            ("facets", "Facets to count, comma between them; none for none."),
        ]
    ):
        command = _valued(name, text)(command)
    return command


def _valued(name: str, text: str) -> Callable[[Command], Command]:
    return click.option(f"--{name}", metavar=name.upper(), help=text)


_EXPORT_SECONDS = 60.0  # for a thousand articles: nobody else waits

# A query may begin with "-": what is no option of ours is part of it. There is no -h, which would
# be the beginning of -haldane.
_QUERY_FIRST = {"ignore_unknown_options": True, "help_option_names": ["--help"]}


def _joined(words: tuple[str, ...]) -> str:
    if words == ("-h",):
        raise click.UsageError("help is --help; what has not the word h is found by 'NOT h'")
    for word in words:
        if word.startswith("--") and word[2:3].isalpha():
            raise click.UsageError(f"no such option: {word}")
    return " ".join(words)


@command(name="search", context_settings=_QUERY_FIRST)
@click.argument("query", nargs=-1)
@_question
@_page
def search_command(options: Options, query: tuple[str, ...], **given: Any) -> None:
    """Search, with the query language and parameters of the page and the API.

    Example: searchsvc search 'oil -opec date:1987-03' --places Iran --sort newest
    """
    answer = search(options.store, read_parameters(_asked(query, given)))
    if options.as_json:
        click.echo(answer.model_dump_json(indent=2))
    else:
        terminal.print_answer(answer)


def _asked(query: tuple[str, ...], given: dict[str, Any]) -> dict[str, list[str]]:
    """Name to values of the parameters that were given."""
    values = {n: list(v) if isinstance(v, tuple) else [v] for n, v in given.items() if v}
    return {"q": [_joined(query)], **values}


@command(name="export", context_settings=_QUERY_FIRST)
@click.argument("query", nargs=-1)
@_question
@click.option(
    "--format", type=click.Choice([f.value for f in Format]),
    help="JSON lines, or a table for spreadsheets.  [default: jsonl]",
)  # fmt: skip
def export_command(options: Options, query: tuple[str, ...], **given: Any) -> int:
    """Write every article that is found, whole; without a query, all of them.

    Example: searchsvc export 'oil date:1987-03' --format csv > oil.csv
    """
    asked = read_export(_asked(query, given))
    if options.as_json and asked.format is not Format.JSONL:
        raise click.UsageError(f"--json and --format {asked.format} are two formats; name one")
    found = exporting.find(options.store, asked, _EXPORT_SECONDS)
    for warning in found.warnings:
        click.echo(f"note: {warning}", err=True)
    output = sys.stdout.buffer  # UTF-8, whatever the terminal has
    for text in exporting.written(found.articles, asked.format):
        try:
            output.write(text.encode())
            output.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            click.echo(f"searchsvc: the output cannot be written: {error.strerror}", err=True)
            return FAILURE
    return DONE


@command()
@click.argument("id")
def show(options: Options, id: str) -> int:
    """Print one article.

    Example: searchsvc show reuters-1
    """
    article = options.store.current().engine.get(id)
    if article is None:
        click.echo(f"searchsvc: no article has the id {id!r}", err=True)
        return FAILURE
    if options.as_json:
        click.echo(ArticleAnswer.of(article).model_dump_json(indent=2))
    else:
        terminal.print_article(article)
    return DONE


@command(name="explain", context_settings=_QUERY_FIRST)
@click.argument("query", nargs=-1)
def explain_command(options: Options, query: tuple[str, ...]) -> None:
    """Show how a query is read, and how many articles each part of it finds.

    Example: searchsvc explain 'oil -price*'
    """
    explanation = explain(options.store, _joined(query))
    if options.as_json:
        terminal.print_json(explanation)
    else:
        terminal.print_explanation(explanation)


@command(name="names")
@click.argument("name", nargs=-1)
@click.option("--field", type=click.Choice(FIELDS), help="Only people, or only places.")
@click.option("--size", type=click.IntRange(1), default=50, help="At most so many.  [default: 50]")
@click.option("--proposals", "proposed", is_flag=True, help="Propose merges for corrections.tsv.")
@setting_flag("corrections")
def names_command(
    options: Options, name: tuple[str, ...], field: str | None, size: int, proposed: bool,
    **settings: str | None,
) -> int:  # fmt: skip
    """List the people and places of the archive, show one of them, or propose merges.

    Example: searchsvc names --proposals > proposed.tsv
    """
    fields = (field,) if field else FIELDS
    engine = options.store.current().engine
    if proposed:
        if name:
            raise click.UsageError("--proposals is about all names; leave the name out")
        given = options.having(settings).config
        corrections = find_corrections(given.corpus.resolve(), given.corrections)
        found = proposals(engine, corrections, fields)
        terminal.print_proposals(found, size, options.as_json)
    elif name:
        whole = " ".join(name)
        cards = described(engine, whole, fields)
        near = [] if cards else like(engine, whole, fields)
        if len(near) == 1:  # as the page of a name does
            cards = described(engine, near[0], fields)
        if not cards:
            hint = f"; there are {', '.join(near[:5])}" if near else ""
            click.echo(f"searchsvc: no person or place is called {whole!r}{hint}", err=True)
            return FAILURE
        terminal.print_cards(cards, size, options.as_json)
    else:
        terminal.print_names(listed(engine, fields), size, options.as_json)
    return DONE
