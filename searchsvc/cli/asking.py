"""Commands that ask the index: search, show, explain, names."""

from typing import Any

import click

from searchsvc import terminal
from searchsvc.answers import ArticleAnswer
from searchsvc.cli.options import DONE, FAILURE, Command, Options, command, setting_flag
from searchsvc.engines.base import Sort
from searchsvc.extract.corrections import find_corrections
from searchsvc.names import FIELDS, described, like, listed
from searchsvc.parameters import read_parameters
from searchsvc.proposals import proposals
from searchsvc.schema import FACET_FIELDS
from searchsvc.searching import explain, search


def _filters(command: Command) -> Command:
    """The search parameters, named as in the API."""
    for name in reversed(FACET_FIELDS):
        text = f"Only articles with this value of {name}; repeat for several."
        command = click.option(f"--{name}", multiple=True, metavar="VALUE", help=text)(command)
    for name, text in reversed(
        [
            ("from", "The first day, YYYY-MM-DD."),
            ("to", "The last day, YYYY-MM-DD, included."),
            ("page", "From 1."),
            ("size", "Hits on a page, at most 200."),
            ("cursor", "Where to go on, from links.next of an answer."),
            ("facets", "Facets to count, comma between them; none for none."),
        ]
    ):
        command = click.option(f"--{name}", metavar=name.upper(), help=text)(command)
    return click.option("--sort", type=click.Choice([s.value for s in Sort]), help="The order.")(
        command
    )


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
@_filters
def search_command(options: Options, query: tuple[str, ...], **given: Any) -> None:
    """Search, with the query language and parameters of the page and the API.

    Example: searchsvc search 'oil -opec date:1987-03' --places Iran --sort newest
    """
    values = {n: list(v) if isinstance(v, tuple) else [v] for n, v in given.items() if v}
    answer = search(options.store, read_parameters({"q": [_joined(query)], **values}))
    if options.as_json:
        click.echo(answer.model_dump_json(indent=2))
    else:
        terminal.print_answer(answer)


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
