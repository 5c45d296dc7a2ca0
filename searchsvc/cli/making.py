"""Commands that make the index and keep it: index, reindex, watch, verify, enrich."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from searchsvc import terminal
from searchsvc.cli.options import (
    DONE,
    NO_INDEX,
    SKIPPED,
    Command,
    Options,
    command,
    corpus_argument,
    setting_flag,
)
from searchsvc.enriching import enrich
from searchsvc.errors import IndexProblem, SearchServiceError
from searchsvc.extract.model import DEFAULT as DEFAULT_MODEL
from searchsvc.extract.model import Model
from searchsvc.gate import read_gate
from searchsvc.indexing import forget, update
from searchsvc.opening import open_cluster
from searchsvc.progress import progress_bar
from searchsvc.report import IndexReport
from searchsvc.sharing import Share


def _writing_flags(command: Command) -> Command:
    for flag, text in (
        ("--wait", "Wait while another process writes to the index."),
        ("--yes", "Go on though more than half of the articles leave the index."),
        ("--dry-run", "Say what would be done, and write nothing."),
    ):
        command = click.option(flag, is_flag=True, help=text)(command)
    return command


def _update_flags(command: Command) -> Command:
    flags = setting_flag("corrections")(setting_flag("model")(_writing_flags(command)))
    return corpus_argument(flags)


def _partition(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> Share | None:
    try:
        return Share.of(value) if value is not None else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _partition_flag(command: Command) -> Command:
    return click.option(
        "--partition",
        "share",
        callback=_partition,
        metavar="K/N",
        help="Look at this share of the files only, the K-th of N; others look at theirs.",
    )(command)


@command()
@_partition_flag
@_update_flags
def index(
    options: Options,
    dry_run: bool,
    yes: bool,
    wait: bool,
    share: Share | None,
    **settings: str | None,
) -> int:
    """Bring the index up to date with the corpus: what is new, changed or gone.

    Example: searchsvc index articles/
    """
    if share:
        open_cluster(options.config).close()  # which says so if there is none
    return _update(options, settings, dry_run=dry_run, may_shrink=yes, wait=wait, share=share)


def _share(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    said = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)%", value)
    if not said or float(said[1]) > 100:
        raise click.BadParameter(f"{value!r} is no share of hits, such as 5%")
    return float(said[1]) / 100


@command()
@click.option(
    "--may-lose",
    callback=_share,
    metavar="SHARE",
    help="The share of its hits that each query of --gate may lose.  [default: 0%]",
)
@click.option(
    "--gate",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Queries, one a line: without their hits the new index is not published.",
)
@_partition_flag
@click.option(
    "--into",
    metavar="NAME",
    help="Fill an index beside the live one, in a cluster, until it is published.",
)
@_update_flags
def reindex(
    options: Options,
    dry_run: bool,
    yes: bool,
    wait: bool,
    gate: Path | None,
    may_lose: float | None,
    share: Share | None,
    into: str | None,
    **settings: str | None,
) -> int:
    """Build the index anew beside the live one, then swap.

    Example: searchsvc reindex articles/ --gate queries.txt
    """
    if may_lose is not None and gate is None:
        raise click.UsageError("--may-lose is of the queries of --gate FILE, which is not given")
    if share and not into:
        raise click.UsageError("--partition fills an index bit by bit: name it with --into NAME")
    if into:
        if gate:
            raise click.UsageError("--gate compares with what is searched: it is not for --into")
        options.store = open_cluster(options.config, into)
        return _update(options, settings, dry_run=dry_run, may_shrink=yes, wait=wait, share=share)
    queries = read_gate(gate, may_lose or 0.0) if gate else ()
    return _update(
        options, settings, fresh=True, dry_run=dry_run, may_shrink=yes, wait=wait, gate=queries
    )


@command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Go on though it has half of the articles or less.")
def publish(options: Options, name: str, yes: bool) -> int:
    """Search the index that was filled with reindex --into NAME from now on.

    Example: searchsvc publish spring
    """
    open_cluster(options.config, name or "-").close()  # which says so if it is no name
    published = open_cluster(options.config).publish(name, may_shrink=yes)
    articles = published.meta["articles"]
    if options.as_json:
        terminal.print_json({"generation": published.name, "articles": articles})
    else:
        click.echo(f"generation {published.name} is live, with {articles:,} articles")
    return DONE


def _update(options: Options, settings: dict[str, str | None], *, dry_run: bool, **how: Any) -> int:
    """Runs an update, and tells what it did; *how* is as in `indexing.update`."""
    chosen = options.having(settings)
    _look_at_places(chosen)
    with _interruption_told(options, how.get("fresh", False)), progress_bar() as progress:
        report = update(
            options.store,
            chosen.config.corpus,
            dry_run=dry_run,
            list_changes=dry_run or options.as_json,
            names=chosen.names,
            typed=chosen.typed,
            progress=progress,
            **how,
        )
    return _told(options, report, dry_run)


def _told(options: Options, report: IndexReport, dry_run: bool) -> int:
    if options.as_json:
        terminal.print_json(terminal.report_document(report, dry_run))
    else:
        terminal.print_report(report, dry_run)
    return SKIPPED if report.faults else DONE


@contextmanager
def _interruption_told(options: Options, fresh: bool) -> Iterator[None]:
    """Says what is left when a signal ends an update."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        saved = None
        with suppress(SearchServiceError):
            saved = options.store.interrupted(fresh)
        goes_on = "goes on where it was saved" if saved else "begins anew"
        said = f"interrupted; what is live is whole, and the same command {goes_on}"
        click.echo(f"searchsvc: {said}", err=True)
        raise


def _look_at_places(options: Options) -> None:
    """Raises UsageError where the index would lie around the corpus, which it leaves out then."""
    index, corpus = options.config.index, options.config.corpus
    if index.resolve() in (corpus.resolve(), *corpus.resolve().parents, *corpus.absolute().parents):
        raise click.UsageError(
            f"the index folder {str(index)!r} holds the corpus {str(corpus)!r}:"
            " choose another with --index"
        )


@command(name="forget")
@click.argument("path", type=click.Path(path_type=Path))
@_writing_flags
def forget_command(options: Options, path: Path, dry_run: bool, yes: bool, wait: bool) -> int:
    """Drop a corpus from the index; its folder need not exist any more, and is not touched.

    Example: searchsvc forget articles-of-last-year/
    """
    with progress_bar() as progress:
        report = forget(
            options.store,
            path,
            dry_run=dry_run,
            wait=wait,
            may_shrink=yes,
            list_changes=dry_run or options.as_json,
            names=options.names,
            typed=options.typed,
            progress=progress,
        )
    return _told(options, report, dry_run)


@command()
@corpus_argument
@click.option("--yes", is_flag=True, help="Go on though more than half of the articles leave.")
@setting_flag("corrections")
@setting_flag("model")
def watch(options: Options, yes: bool, **settings: str | None) -> int:
    """Keep the index up to date: whatever changes in the corpus is indexed at once.

    Example: searchsvc watch articles/
    """
    from searchsvc.watching import watch_corpus  # its library is loaded for nothing else

    ended: list[int] = []

    def end(number: int, frame: object) -> None:
        ended.append(number)
        raise SystemExit  # also out of an update, which leaves the index as it is

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)

    def tell(report: IndexReport) -> None:
        if not options.as_json:
            terminal.print_update(report)
        elif report.generation or report.faults:
            terminal.print_json_line(terminal.report_document(report, dry_run=False))

    chosen = options.having(settings)
    _look_at_places(chosen)
    with suppress(SystemExit, KeyboardInterrupt):  # watchfiles makes the one of the other
        watch_corpus(
            options.store,
            chosen.config.corpus,
            threading.Event(),
            may_shrink=yes,
            names=chosen.names,
            list_changes=options.as_json,
            typed=chosen.calling("index"),  # a watch with --yes would lose whatever goes away later
            tell=tell,
            complain=lambda said: click.echo(f"searchsvc: {said}", err=True),
        )
    return 128 + ended[0]


@command()
def verify(options: Options) -> int:
    """Read every byte of the index; what is damaged is told, and no longer served.

    Example: searchsvc verify
    """
    store = options.store
    found = [*store.put_aside(), *store.verify()]
    served = None
    if options.as_json:
        with suppress(IndexProblem):
            served = store.current().name
        terminal.print_json({"damaged": [asdict(one) for one in found], "generation": served})
    else:
        for one in found:
            click.echo(f"damaged: {one}")
        served = store.current().name
        if options.config.engine == "opensearch":
            click.echo(f"generation {served} is served; its bytes are looked after by the cluster")
        else:
            click.echo(f"generation {served} is whole" + (" and is served" if found else ""))
    return NO_INDEX if found else DONE


@command(name="enrich")
@click.option("--limit", type=click.IntRange(min=1), help="Look at so many articles at most.")
@setting_flag("model")
def enrich_command(options: Options, limit: int | None, **settings: str | None) -> None:
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
