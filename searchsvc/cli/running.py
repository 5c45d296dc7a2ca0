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
def serve(options: Options, host: str | None, port: int | None) -> int:
    """Serve the search page and the JSON API.

    Example: searchsvc serve --port 8080
    """
    from searchsvc.web.serving import serve_forever  # Flask is loaded for nothing else

    settings = options.having({"host": host, "port": port}).config
    store = options.store
    store.current()  # an index that is missing is told now, not to the first reader
    guard = Guard(store, lambda said: click.echo(f"searchsvc: {said}", err=True))
    guard.look()
    gc.freeze()  # what is loaded by now stays, and need not be gone through for garbage again
    with guard.watching():
        said = serve_forever(
            store,
            settings.host,
            settings.port,
            lambda url: click.echo(f"serving {url}"),
            guard.suspect,
        )
    return 128 + said


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
