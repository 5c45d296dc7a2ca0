"""Commands that run the service and tell how it is: serve, status."""

import gc
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
    from searchsvc.web import create_app, serving  # Flask is loaded for nothing else
    from searchsvc.web.admission import Admission
    from searchsvc.web.supervising import Supervisor

    settings = options.having({"host": host, "port": port, "workers": workers}).config
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
    guard = Guard(store, tell, leads=number == 0)
    if number == 0:
        guard.look()
    gc.freeze()  # what is loaded by now stays, and need not be gone through for garbage again
    with guard.watching():
        app = create_app(store, suspect=guard.suspect, admission=Admission())
        return 128 + serving.serve_forever(app, listening, ready)


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
