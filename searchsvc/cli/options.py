"""What every command has: the global options, before it or after it, and the settings."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

import click
from click.exceptions import Exit

from searchsvc import __version__, config
from searchsvc.engines.base import ServedStore
from searchsvc.errors import IndexDamaged, IndexMissing, IndexOutdated, SearchServiceError
from searchsvc.naming import NameSource
from searchsvc.opening import open_store
from searchsvc.report import CommandLine

NAMES = "names.sqlite"  # the cache of names, in the index folder beside the generations
# Exit codes; 128 and the number of the signal besides.
DONE, FAILURE, USAGE, SKIPPED, NO_INDEX, LOCKED = range(6)

Command = TypeVar("Command", bound=Callable[..., Any])


def everywhere(command: Command) -> Command:
    for setting in config.SETTINGS[:3]:
        shown = f"{setting.help}  [default: {setting.default}]"
        command = click.option(f"--{setting.name}", help=shown)(command)
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


class Options:
    """The options given before the command, and with it."""

    def __init__(self, flags: dict[str, Any]) -> None:
        self.flags = {
            name: value for name, value in flags.items() if value is not None and value is not False
        }
        self.as_json = bool(flags.get("as_json"))
        if empty := [name for name, value in self.flags.items() if value == ""]:
            raise click.UsageError(f"--{empty[0]} is empty; leave it out for the default")
        self.config = config.load(os.environ, self.flags)

    def having(self, flags: Mapping[str, Any]) -> "Options":
        """These options, and the *flags* of settings that one command has."""
        return Options(self.flags | {k: v for k, v in flags.items() if v is not None})

    @cached_property
    def store(self) -> ServedStore:
        return open_store(self.config)

    def close(self) -> None:
        """Lets go of the store, if it was opened."""
        if "store" in self.__dict__:
            self.store.close()

    @property
    def names(self) -> NameSource:
        return NameSource(
            corrections=self.config.corrections,
            cache=self.config.index / NAMES,
            model=self.config.model,
        )

    @property
    def typed(self) -> CommandLine:
        """How we were called."""
        words = tuple(word for word in sys.argv[1:] if word != "--dry-run")
        return replace(self.calling("index"), words=words)

    def calling(self, command: str) -> CommandLine:
        """*command* with the flags that we were given; other settings hold for it as they are."""
        which = self._given("index", "engine")
        return CommandLine((*which, command, *self._given("corpus", "corrections", "model")), which)

    def _given(self, *names: str) -> tuple[str, ...]:
        given = ((f"--{name}", str(self.flags[name])) for name in names if name in self.flags)
        return tuple(chain.from_iterable(given))

    def worded(self, error: Exception) -> str:
        """*error* as it is told here: its commands have the flags that we were given."""
        match error:
            case IndexMissing():
                return self._missing(error)
            case IndexOutdated() | IndexDamaged() if error.rebuild:
                return str(type(error)(error.reason, self.calling("reindex").again()))
            case _:
                return str(error)

    def _missing(self, error: IndexMissing) -> str:
        said, _, how = error.reason.partition("; make one: ")
        if how != "searchsvc index":  # it is not the one that is searched
            return error.reason
        for command, fresh in (("index", False), ("reindex", True)):
            if corpus := self.store.interrupted(fresh):
                again = self.typed.other(command, "--corpus", corpus)
                return f"{said} yet; an interrupted build goes on where it was saved: {again}"
        return f"{said}; make one: {self.calling('index').again()}"


def command(**settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A command whose function gets Options first and its own arguments by name."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        @click.pass_context
        def run(
            context: click.Context,
            /,
            index: str | None,
            corpus: str | None,
            engine: str | None,
            as_json: bool,
            folder: str | None = None,
            **arguments: Any,
        ) -> None:
            given = {"index": index, "corpus": corpus, "engine": engine, "as_json": as_json}
            flags = (context.obj or {}) | {
                name: value
                for name, value in given.items()
                if value is not None and value is not False
            }
            if folder is not None and flags.setdefault("corpus", folder) != folder:
                raise click.UsageError(
                    f"the corpus is said to be {flags['corpus']!r} and {folder!r}: name one"
                )
            options = Options(flags)
            context.call_on_close(options.close)
            try:
                code = function(options, **arguments)
            except (IndexMissing, IndexOutdated, IndexDamaged) as error:
                raise type(error)(options.worded(error)) from None
            except (SearchServiceError, OSError, click.ClickException, click.Abort, Exit):
                raise
            except Exception as error:  # a bug, or what wrong bytes lead to
                if found := options.store.verify():
                    raise IndexDamaged(f"{found[0]}; it was put aside: run this again") from error
                raise
            if notice := options.store.notice:
                remedy = options.calling("index").again()
                click.echo(f"searchsvc: {notice}; {remedy} mends it", err=True)
            context.exit(code or DONE)

        run.__doc__ = function.__doc__
        run.__name__ = function.__name__
        run.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        return cli.command(**settings)(everywhere(run))

    return decorate


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@everywhere
@click.version_option(__version__, prog_name="searchsvc")
@click.pass_context
def cli(context: click.Context, /, **given: Any) -> None:
    """Full-text search for news archives: index a folder of articles, search it, serve it."""
    context.obj = {
        name: value for name, value in given.items() if value is not None and value is not False
    }


def corpus_argument(command: Command) -> Command:
    """A corpus named without its flag."""
    return click.argument("folder", required=False, metavar="[CORPUS]")(command)


def setting_flag(name: str) -> Callable[[Command], Command]:
    """The flag of a setting that only some commands have; what it is given goes to `config`."""
    setting = next(setting for setting in config.SETTINGS if setting.name == name)
    return click.option(f"--{name}", help=setting.help)
