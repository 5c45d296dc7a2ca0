"""Engines that keep an index in a folder, by name, loaded when they are asked for.

>>> sorted(ENGINES)
['tantivy', 'whoosh']
"""

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from searchsvc.engines.base import Engine, Writer
from searchsvc.errors import ConfigError


class PrivateWriter(Writer, Protocol):
    """A Writer over a folder of files."""

    def commit(self, merge: bool = True) -> None:
        """Writes all changes and ends; the folder can be opened then, by another writer too.

        *merge*: tidies up, as far as that is due.
        """

    def cancel(self) -> None:
        """Lets go without writing; the folder is thrown away."""


class Format(Protocol):
    """What an engine's module offers: how its index lies in a folder."""

    NAME: str
    VERSION: str  # an index of another version is not opened

    @staticmethod
    def open_engine(folder: Path) -> Engine:
        """The index in *folder*, for reading."""

    @staticmethod
    def open_writer(folder: Path) -> PrivateWriter:
        """The index in *folder*, or a new one if it is empty, for writing."""


ENGINES = {"whoosh": "searchsvc.engines.whoosh", "tantivy": "searchsvc.engines.tantivy"}


def engine_format(name: str) -> Format:
    """The module of the engine *name*. Raises ConfigError."""
    if name not in ENGINES:
        there = ", ".join((*ENGINES, "opensearch"))
        raise ConfigError(f"there is no engine {name!r}; there are {there}")
    try:
        return cast(Format, import_module(ENGINES[name]))
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        install = f"pip install 'searchsvc[{name}]'"
        raise ConfigError(f"the engine {name!r} is not installed: {install}") from error
