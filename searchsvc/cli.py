"""The command line. stdout is the result, stderr the progress and what went wrong.

Exit codes: 0 done, 1 failure, 2 usage, 3 done but something was skipped, 4 index missing, damaged
or of another version, 5 locked by another process.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

import click

from searchsvc import __version__, config, terminal
from searchsvc.answers import ArticleAnswer
from searchsvc.engines.base import Sort
from searchsvc.enriching import enrich
from searchsvc.errors import (
    ConfigError,
    CorrectionsError,
    IndexLocked,
    IndexProblem,
    ParameterError,
    QueryError,
    SearchServiceError,
)
from searchsvc.extract.corrections import find_corrections
from searchsvc.extract.model import DEFAULT as DEFAULT_MODEL
from searchsvc.extract.model import Model
from searchsvc.indexing import update
from searchsvc.names import FIELDS, described, like, listed
from searchsvc.naming import NameSource
from searchsvc.parameters import read_parameters
from searchsvc.progress import progress_bar
from searchsvc.proposals import proposals
from searchsvc.schema import FACET_FIELDS
from searchsvc.searching import explain, search
from searchsvc.store import DirectoryStore

DONE, FAILURE, USAGE, SKIPPED, NO_INDEX, LOCKED = range(6)
NAMES = "names.sqlite"  # the cache of names, in the index folder beside the generations

Command = TypeVar("Command", bound=Callable[..., Any])


def main() -> None:
    """Runs a command and exits with its code; a user's error is one line, never a traceback."""
    signal.signal(signal.SIGTERM, _terminated)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also when started in background
    try:
        sys.exit(cli.main(prog_name="searchsvc", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(128 + signal.SIGINT)
    except SearchServiceError as error:
        click.echo(f"searchsvc: {error}", err=True)
        sys.exit(exit_code(error))
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        click.echo(f"searchsvc: {error}", err=True)
        sys.exit(FAILURE)


def exit_code(error: SearchServiceError) -> int:
    """The code that the process ends with for *error*."""
    match error:
        case QueryError() | ParameterError() | ConfigError() | CorrectionsError():
            return USAGE
        case IndexLocked():
            return LOCKED
        case IndexProblem():
            return NO_INDEX
        case _:
            return FAILURE


def _terminated(number: int, frame: object) -> None:
    sys.exit(128 + number)


# -- options that every command has, before it or after it -------------------------------------


def _everywhere(command: Command) -> Command:
    for setting in config.SETTINGS[:3]:
        shown = f"{setting.help}  [default: {setting.default}]"
        command = click.option(f"--{setting.name}", help=shown)(command)
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


class _Options:
    """The options given before the command, and with it."""

    def __init__(self, flags: dict[str, Any]) -> None:
        self.flags = {
            name: value for name, value in flags.items() if value is not None and value is not False
        }
        self.as_json = bool(flags.get("as_json"))
        self.config = config.load(os.environ, self.flags)

    def having(self, flags: Mapping[str, Any]) -> "_Options":
        """These options, and the *flags* of settings that one command has."""
        return _Options(self.flags | {k: v for k, v in flags.items() if v is not None})

    @property
    def store(self) -> DirectoryStore:
        return DirectoryStore(self.config.index, self.config.engine)

    @property
    def names(self) -> NameSource:
        return NameSource(
            corrections=self.config.corrections,
            cache=self.config.index / NAMES,
            model=self.config.model,
        )


def _command(**settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A command whose function gets _Options first and its own arguments by name."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        @click.pass_context
        def run(
            context: click.Context,
            /,
            index: str | None,
            corpus: str | None,
            engine: str | None,
            as_json: bool,
            **arguments: Any,
        ) -> None:
            given = {"index": index, "corpus": corpus, "engine": engine, "as_json": as_json}
            given = {
                name: value
                for name, value in given.items()
                if value is not None and value is not False
            }
            code = function(_Options((context.obj or {}) | given), **arguments)
            context.exit(code or DONE)

        run.__doc__ = function.__doc__
        run.__name__ = function.__name__
        run.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        return cli.command(**settings)(_everywhere(run))

    return decorate


@click.group()
@_everywhere
@click.version_option(__version__, prog_name="searchsvc")
@click.pass_context
def cli(context: click.Context, /, **given: Any) -> None:
    """Full-text search for news archives: index a folder of articles, search it, serve it."""
    context.obj = {
        name: value for name, value in given.items() if value is not None and value is not False
    }


# -- making an index ---------------------------------------------------------------------------


def _setting(name: str) -> Callable[[Command], Command]:
    """The flag of a setting that only some commands have; what it is given goes to `config`."""
    setting = next(setting for setting in config.SETTINGS if setting.name == name)
    return click.option(f"--{name}", help=setting.help)


@_command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@_setting("corrections")
@_setting("model")
def index(options: _Options, dry_run: bool, **settings: str | None) -> int:
    """Bring the index up to date with the corpus: what is new, changed or gone.

    Example: searchsvc index --corpus articles/
    """
    return _update(options.having(settings), fresh=False, dry_run=dry_run)


@_command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@_setting("corrections")
@_setting("model")
def reindex(options: _Options, dry_run: bool, **settings: str | None) -> int:
    """Build the index anew beside the live one, then swap.

    Example: searchsvc reindex --corpus articles/
    """
    return _update(options.having(settings), fresh=True, dry_run=dry_run)


def _update(options: _Options, *, fresh: bool, dry_run: bool) -> int:
    with progress_bar() as progress:
        report = update(
            options.store,
            options.config.corpus,
            fresh=fresh,
            dry_run=dry_run,
            names=options.names,
            progress=progress,
        )
    if options.as_json:
        terminal.print_json(terminal.report_document(report, dry_run))
    else:
        terminal.print_report(report, dry_run)
    return SKIPPED if report.faults else DONE


@_command(name="enrich")
@click.option("--limit", type=click.IntRange(min=1), help="Look at so many articles at most.")
@_setting("model")
def enrich_command(options: _Options, limit: int | None, **settings: str | None) -> None:
    """Look for names with a model too, in what is indexed; may be stopped, and goes on later.

    Needs pip install 'searchsvc[ner]'. Example: searchsvc enrich --limit 10000
    """
    chosen = options.having(settings)
    model = Model(chosen.config.model or DEFAULT_MODEL)
    with progress_bar() as progress:
        report = enrich(chosen.store, chosen.names, model, limit=limit, progress=progress)
    if options.config.model != model.name:
        said = f'put model = "{model.name}" into searchsvc.toml'
        click.echo(f"searchsvc: {said}, or the next update goes back to the rules", err=True)
    (terminal.print_json if options.as_json else terminal.print_facts)(asdict(report))


# -- asking it ---------------------------------------------------------------------------------


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


# A query may begin with "-": what is no option of ours is part of it.
_QUERY_FIRST = {"ignore_unknown_options": True}


def _joined(words: tuple[str, ...]) -> str:
    for word in words:
        if word.startswith("--") and word[2:3].isalpha():
            raise click.UsageError(f"no such option: {word}")
    return " ".join(words)


@_command(name="search", context_settings=_QUERY_FIRST)
@click.argument("query", nargs=-1)
@_filters
def search_command(options: _Options, query: tuple[str, ...], **given: Any) -> None:
    """Search, with the query language and parameters of the page and the API.

    Example: searchsvc search 'oil -opec date:1987-03' --places usa --sort newest
    """
    values = {n: list(v) if isinstance(v, tuple) else [v] for n, v in given.items() if v}
    answer = search(options.store, read_parameters({"q": [_joined(query)], **values}))
    if options.as_json:
        click.echo(answer.model_dump_json(indent=2))
    else:
        terminal.print_answer(answer)


@_command()
@click.argument("id")
def show(options: _Options, id: str) -> int:
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


@_command(name="explain", context_settings=_QUERY_FIRST)
@click.argument("query", nargs=-1)
def explain_command(options: _Options, query: tuple[str, ...]) -> None:
    """Show how a query is read, and how many articles each part of it finds.

    Example: searchsvc explain 'oil -price*'
    """
    explanation = explain(options.store, _joined(query))
    if options.as_json:
        terminal.print_json(explanation)
    else:
        terminal.print_explanation(explanation)


@_command(name="names")
@click.argument("name", nargs=-1)
@click.option("--field", type=click.Choice(FIELDS), help="Only people, or only places.")
@click.option("--size", type=click.IntRange(1), default=50, help="At most so many.  [default: 50]")
@click.option("--proposals", "proposed", is_flag=True, help="Propose merges for corrections.tsv.")
@_setting("corrections")
def names_command(
    options: _Options, name: tuple[str, ...], field: str | None, size: int, proposed: bool,
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
        if not cards:
            near = ", ".join(like(engine, whole, fields)[:5])
            hint = f"; there are {near}" if near else ""
            click.echo(f"searchsvc: no person or place is called {whole!r}{hint}", err=True)
            return FAILURE
        terminal.print_cards(cards, size, options.as_json)
    else:
        terminal.print_names(listed(engine, fields), size, options.as_json)
    return DONE


# -- running it --------------------------------------------------------------------------------


@_command()
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one. [default: 8000]")
def serve(options: _Options, host: str | None, port: int | None) -> int:
    """Serve the search page and the JSON API.

    Example: searchsvc serve --port 8080
    """
    from searchsvc.web.serving import serve_forever  # Flask is loaded for nothing else

    settings = options.having({"host": host, "port": port}).config
    store = options.store
    store.current()  # an index that is missing is told now, not to the first reader
    said = serve_forever(
        store, settings.host, settings.port, lambda url: click.echo(f"serving {url}")
    )
    return 128 + said


@_command()
def status(options: _Options) -> None:
    """Tell engine, generation, age, counts and size of the index.

    Example: searchsvc status --json
    """
    facts = options.store.status()
    if options.as_json:
        terminal.print_json(facts)
    else:
        terminal.print_facts(facts)
