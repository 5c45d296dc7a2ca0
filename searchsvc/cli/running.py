"""Commands that run the service and tell how it is: serve, status."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click

from searchsvc import terminal
from searchsvc.cli.options import DONE, NO_INDEX, Options, command
from searchsvc.guarding import Guard
from searchsvc.indexing import corpora


@command()
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one. [default: 8000]")
@click.option("--workers", type=int, help="The processes that answer.  [default: 1]")
def serve(options: Options, host: str | None, port: int | None, workers: int | None) -> int:
    """Serve the search page and the JSON API.

    Example: searchsvc serve --port 8080
    """
    settings = options.having({"host": host, "port": port, "workers": workers}).config
    click.get_current_context().with_resource(_counting(settings.workers))

    from searchsvc.web import create_app, serving  # Flask is loaded for nothing else
    from searchsvc.web.admission import Admission
    from searchsvc.web.supervising import Supervisor

    listening = serving.listen(settings.host, settings.port)

    def tell(said: str) -> None:
        click.echo(f"searchsvc: {said}", err=True)

    def ready() -> None:
        click.echo(f"serving {serving.url(settings.host, listening)}")

    number = 0
    if settings.workers > 1:
        supervisor = Supervisor(settings.workers, tell)
        code, number = supervisor.run(ready), supervisor.number
        if code is not None:
            return code
        ready = supervisor.ready
    store = options.store
    store.current()  # an index that is missing is told now, not to the first reader
    mending = options.calling("index").again()
    guard = Guard(store, tell, number == 0, worded=options.worded, mending=mending)
    if number == 0:
        guard.look()
    gc.freeze()  # what is loaded by now stays, and need not be gone through for garbage again
    with guard.watching():
        app = create_app(store, suspect=guard.suspect, admission=Admission(), worded=options.worded)
        return 128 + serving.serve_forever(app, listening, ready)


@contextmanager
def _counting(workers: int) -> Iterator[None]:
    """Has several workers count for `/metrics` together, in a folder that goes with the parent.

    What counts has to be loaded after this.
    """
    if workers == 1:
        yield
        return
    parent = os.getpid()
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="searchsvc-counts-")
    try:
        yield
    finally:
        if os.getpid() == parent:  # a worker that ends comes by here too
            shutil.rmtree(folder, ignore_errors=True)


@command()
def status(options: Options) -> int:
    """Tell engine, generation, age, counts and size of the index.

    Example: searchsvc status --json
    """
    facts = options.store.status()
    facts["corpora"] = [asdict(c) if options.as_json else c for c in corpora(options.store)]
    if options.as_json:
        terminal.print_json(facts)
    else:
        terminal.print_facts(facts)
    return NO_INDEX if facts["notice"] else DONE
