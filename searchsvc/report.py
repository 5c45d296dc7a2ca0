"""What an update of the index did, or would do."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from searchsvc.corpus import Skipped
from searchsvc.extract.corrections import CorrectionList
from searchsvc.ledger import Remark


@dataclass(frozen=True, slots=True)
class CommandLine:
    """How searchsvc was called, for messages that tell what to type next."""

    words: tuple[str, ...] = ("index",)
    flags: tuple[str, ...] = ()  # those that say which index it is

    def again(self, *more: str) -> str:
        """The same command, with *more*."""
        return shlex.join(("searchsvc", *self.words, *more))

    def other(self, *words: str) -> str:
        """Another command, on the same index."""
        return shlex.join(("searchsvc", *self.flags, *words))


@dataclass(frozen=True, slots=True)
class CorpusCount:
    """A corpus that an index is made from, and how many of its articles are its own."""

    path: Path
    articles: int
    gone: bool  # there is nothing at the path now

    def __str__(self) -> str:
        return f"{self.path} ({self.articles:,} articles{'; is gone' if self.gone else ''})"


@dataclass(frozen=True, slots=True)
class Change:
    """An article that is `added`, `changed` or `removed`, and the file that it is in, or was."""

    what: str
    id: str
    file: str


@dataclass(slots=True)
class IndexReport:
    """What an update did, or would do. Counts of files, counts of articles, and every remark.

    What is read or skipped is all in here: found = read + skipped.
    """

    files_found: int = 0
    files_read: int = 0
    files_unchanged: int = 0
    files_vanished: int = 0
    files_failed: int = 0  # could not even be opened
    articles_read: int = 0
    articles_skipped: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    total: int = 0  # in the index afterwards
    changes: list[Change] = field(default_factory=list)  # article by article, if that was asked for
    corrections: CorrectionList = field(default_factory=CorrectionList)
    remarks: list[Remark] = field(default_factory=list)  # of all files, also of unchanged ones
    ignored: list[Skipped] = field(default_factory=list)
    resumed: int | None = None  # articles that an interrupted build had put in before
    generation: str | None = None  # the one made; None if nothing changed
    seconds: float = 0.0

    @property
    def articles_found(self) -> int:
        """Articles in the files that were read."""
        return self.articles_read + self.articles_skipped

    @property
    def faults(self) -> int:
        """Files and articles that are not in the index though they should be."""
        return sum(remark.fault for remark in self.remarks)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an update is: bytes of the files to be read, and articles so far.

    While articles of the index are named again, articles are counted in place of bytes.
    """

    bytes_done: int
    bytes_total: int
    articles: int
