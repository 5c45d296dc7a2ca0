"""The command line. stdout is the result, stderr the progress and what went wrong.

Exit codes: 0 done, 1 failure, 2 usage, 3 done but something was skipped, 4 index missing, damaged
or of another version, 5 locked by another process.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import click

from searchsvc import __version__, config
from searchsvc.answers import ArticleAnswer, HitAnswer, Passage, SearchAnswer
from searchsvc.engines.base import Sort
from searchsvc.errors import (
    ConfigError,
    IndexLocked,
    IndexProblem,
    ParameterError,
    QueryError,
    SearchServiceError,
)
from searchsvc.indexing import IndexReport, update
from searchsvc.parameters import read_parameters
from searchsvc.progress import progress_bar
from searchsvc.schema import FACET_FIELDS
from searchsvc.searching import explain, search
from searchsvc.store import DirectoryStore

DONE, FAILURE, USAGE, SKIPPED, NO_INDEX, LOCKED = range(6)

_MOST_REMARKS = 50  # shown of a report; --json has all

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
        case QueryError() | ParameterError() | ConfigError():
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

    def __init__(self, context: click.Context, given: dict[str, Any]) -> None:
        before = context.obj or {}
        after = {name: value for name, value in given.items() if value not in (None, False)}
        self.flags = before | after
        self.as_json = bool(self.flags.pop("as_json", False))
        self.config = config.load(os.environ, self.flags)

    @property
    def store(self) -> DirectoryStore:
        return DirectoryStore(self.config.index, self.config.engine)


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
            code = function(_Options(context, given), **arguments)
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
    context.obj = {name: value for name, value in given.items() if value not in (None, False)}


# -- making an index ---------------------------------------------------------------------------


@_command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
def index(options: _Options, dry_run: bool) -> int:
    """Bring the index up to date with the corpus: what is new, changed or gone.

    Example: searchsvc index --corpus articles/
    """
    return _update(options, fresh=False, dry_run=dry_run)


@_command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
def reindex(options: _Options, dry_run: bool) -> int:
    """Build the index anew beside the live one, then swap.

    Example: searchsvc reindex --corpus articles/
    """
    return _update(options, fresh=True, dry_run=dry_run)


def _update(options: _Options, *, fresh: bool, dry_run: bool) -> int:
    with progress_bar() as progress:
        report = update(
            options.store,
            options.config.corpus,
            fresh=fresh,
            dry_run=dry_run,
            progress=progress,
        )
    if options.as_json:
        _print_json(report_document(report, dry_run))
    else:
        _print_report(report, dry_run)
    return SKIPPED if report.faults else DONE


def report_document(report: IndexReport, dry_run: bool) -> dict[str, Any]:
    """What `index --json` prints."""
    remarks = [
        (r.fault, {"file": _text(r.name), "place": r.place, "reason": _text(r.reason)})
        for r in report.remarks
    ]
    return {
        "dry_run": dry_run,
        "generation": report.generation,
        "files": {
            "found": report.files_found,
            "read": report.files_read,
            "unchanged": report.files_unchanged,
            "vanished": report.files_vanished,
            "failed": report.files_failed,
            "ignored": len(report.ignored),
        },
        "articles": {
            "found": report.articles_found,
            "read": report.articles_read,
            "skipped": report.articles_skipped,
            "added": report.added,
            "changed": report.changed,
            "removed": report.removed,
            "total": report.total,
        },
        "skipped": [remark for fault, remark in remarks if fault],
        "notes": [remark for fault, remark in remarks if not fault],
        "ignored": [{"file": _text(s.name), "reason": _text(s.reason)} for s in report.ignored],
        "seconds": round(report.seconds, 3),
    }


def _print_report(report: IndexReport, dry_run: bool) -> None:
    for remark in report.remarks[:_MOST_REMARKS]:
        where = ": ".join(_text(part) for part in (remark.name, remark.place) if part)
        kind = "skipped" if remark.fault else "note"
        click.echo(f"{kind}: {where}: {_text(remark.reason)}", err=True)
    if len(report.remarks) > _MOST_REMARKS:
        more = len(report.remarks) - _MOST_REMARKS
        click.echo(f"... and {more:,} more; --json lists all", err=True)
    ignored = f", {len(report.ignored):,} ignored" if report.ignored else ""
    click.echo(
        f"files:    {report.files_found:,} found, {report.files_read:,} read,"
        f" {report.files_unchanged:,} unchanged, {report.files_vanished:,} vanished,"
        f" {report.files_failed:,} failed{ignored}"
    )
    click.echo(
        f"articles: {report.added:,} added, {report.changed:,} changed, {report.removed:,} removed,"
        f" {report.total:,} in the index, {report.faults:,} skipped"
    )
    if dry_run:
        click.echo("nothing was written (--dry-run)")
    elif report.generation:
        click.echo(f"generation {report.generation} is live after {report.seconds:.1f} s")
    else:
        click.echo("the index is up to date")


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
        _print_answer(answer)


def _print_answer(answer: SearchAnswer) -> None:
    for warning in answer.query.warnings:
        click.echo(f"note: {warning}", err=True)
    for number, hit in enumerate(answer.hits, (answer.page - 1) * answer.size + 1):
        _print_hit(number, hit)
    if answer.query.did_you_mean:
        click.echo(f"did you mean: {answer.query.did_you_mean}")
    partial = "; time ran out, some hits or marks may be missing" if answer.partial else ""
    hits = "1 hit" if answer.total == 1 else f"{answer.total:,} hits"
    click.echo(f"{hits}, {answer.took_ms:.0f} ms{partial}")


def _print_hit(number: int, hit: HitAnswer) -> None:
    click.echo(f"{number}. {_marked(hit.snippets.title) or '(no headline)'}")
    facts = [(hit.date or "no date")[:10], hit.source, ", ".join(hit.people + hit.places), hit.id]
    click.echo("   " + " | ".join(fact for fact in facts if fact))
    for passage in hit.snippets.body:
        click.echo("   " + " ".join(_marked(passage).split()))
    click.echo()


def _marked(passage: Passage) -> str:
    """The text with its matches in bold; where output is no terminal, click takes that out."""
    parts, end = [], 0
    for start, stop in passage.highlights:
        parts += [passage.text[end:start], click.style(passage.text[start:stop], bold=True)]
        end = stop
    return "".join([*parts, passage.text[end:]])


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
    answer = ArticleAnswer.of(article)
    if options.as_json:
        click.echo(answer.model_dump_json(indent=2))
        return DONE
    click.echo(click.style(answer.title or "(no headline)", bold=True))
    facts = [
        answer.author,
        answer.source,
        answer.date,
        article.dateline,
        answer.section,
        answer.url,
    ]
    click.echo(" | ".join(fact for fact in facts if fact))
    for name in ("people", "places", "topics"):
        if values := getattr(answer, name):
            click.echo(f"{name}: {', '.join(values)}")
    click.echo(f"\n{answer.body}")
    return DONE


@_command(name="explain", context_settings=_QUERY_FIRST)
@click.argument("query", nargs=-1)
def explain_command(options: _Options, query: tuple[str, ...]) -> None:
    """Show how a query is read, and how many articles each part of it finds.

    Example: searchsvc explain 'oil -price*'
    """
    explanation = explain(options.store, _joined(query))
    if options.as_json:
        _print_json(asdict(explanation))
        return
    click.echo(f"parsed:   {explanation.parsed}")
    click.echo(f"searched: {explanation.searched}")
    for warning in explanation.warnings:
        click.echo(f"note:     {warning}")
    for part in explanation.parts:
        click.echo(f"{part.total:>9,}  {part.query}")
    click.echo(f"{explanation.total:>9,}  in all")


# -- running it --------------------------------------------------------------------------------


@_command()
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one. [default: 8000]")
def serve(options: _Options, host: str | None, port: int | None) -> int:
    """Serve the search page and the JSON API.

    Example: searchsvc serve --port 8080
    """
    from searchsvc.web.serving import serve_forever  # Flask is loaded for nothing else

    flags = options.flags | {"host": host, "port": port}
    settings = config.load(os.environ, flags)
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
        _print_json(facts)
        return
    for name, value in facts.items():
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        click.echo(f"{name + ':':<13}{shown}")


def _print_json(document: object) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def _text(name: str) -> str:
    """A file's name as text that can be printed: bytes that are no UTF-8 as escapes."""
    printable = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in printable)
