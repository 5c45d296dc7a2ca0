"""file -> Reader -> Article: which reader knows a file, and what it finds there.

>>> reader_of("politics/budget.txt"), reader_of("wire/1987.tar.gz"), reader_of("photo.jpg")
('text', 'archive', None)

A reader is one file in this folder with one function, `split(source)`, and a row in READERS; the
libraries that it needs are imported when its first file comes. `read` works in this process and
trusts the file; `searchsvc.readers.sandbox` reads the same in worker processes with limits.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO

from searchsvc.errors import ReadError
from searchsvc.readers.pieces import NOT_NOW, Item, Note, Piece, Problem, Source, failed

if TYPE_CHECKING:
    from searchsvc.corpus import CorpusFile

__all__ = [
    "READERS",
    "Format",
    "Item",
    "Note",
    "Problem",
    "is_about_folder",
    "pieces",
    "read",
    "reader_of",
    "reader_version",
    "splitter",
]

Splitter = Callable[[Source], Iterator[Piece]]


@dataclass(frozen=True, slots=True)
class Format:
    """Files of one kind: how their names end, and the module that reads them.

    `version` goes up whenever the same bytes give another article than before; the index then
    reads such files again.
    """

    suffixes: tuple[str, ...]
    module: str
    version: int = 1


READERS = {
    "text": Format(("", ".txt"), "text", version=8),
    "markdown": Format((".md", ".markdown"), "markdown", version=8),
    "html": Format((".html", ".htm", ".xhtml"), "html", version=6),
    "reuters": Format((".sgm", ".sgml"), "reuters", version=2),
    "jsonl": Format((".jsonl", ".ndjson", ".json"), "jsonl", version=7),
    "archive": Format(
        (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip"), "archive"
    ),
    "compressed": Format((".gz", ".bz2", ".xz"), "compressed"),
}
WRAPPERS = ("archive", "compressed")
HANDS_OVER = {"text": ("html",)}

# A suffix is short and has a letter: "Budget 2018.09" and "Talks with the U.S. fail" have none.
_SUFFIX = re.compile(r"(?:\.tar)?\.(?=\w*[a-z])[a-z0-9]{1,8}$")
# What such a file tells is about the folder that it lies in, and no news.
_ABOUT = re.compile(
    r"(?:(?i:readme)|LICEN[CS]E|CHANGELOG|CODE_OF_CONDUCT|CONTRIBUTING|SECURITY|SOURCES)"
    r"(?i:\.md|\.markdown)$"
)
_BY_SUFFIX = {suffix: name for name, format in READERS.items() for suffix in format.suffixes}


def reader_of(name: str) -> str | None:
    """The name of the reader for files called *name*, None where there is none.

    >>> reader_of("page.html.gz"), reader_of("photo.jpg.gz"), reader_of("README")
    ('compressed', None, 'text')
    >>> reader_of("page.html?id=1.5")
    'html'
    """
    if is_about_folder(name):
        return None
    name = without_query(name)
    suffix = suffix_of(name)
    reader = _BY_SUFFIX.get(suffix)
    if reader == "compressed" and reader_of(name[: -len(suffix)]) is None:
        return None
    return reader


def is_about_folder(name: str) -> bool:
    """Whether *name* is that of a note beside the news: README.md, SOURCES.md."""
    return _ABOUT.match(name.rpartition("/")[2]) is not None


def suffix_of(name: str) -> str:
    """How *name* ends, in small letters: ".html", ".tar.gz" or ""."""
    found = _SUFFIX.search(without_query(name).rpartition("/")[2].lower())
    return found.group() if found else ""


def without_query(name: str) -> str:
    """*name* without what a mirror of a site adds to it: "page.html?id=1" is page.html."""
    before, mark, _ = name.partition("?")
    is_known = mark and _known_suffix(before) is not None
    is_packed = _known_suffix(name) in READERS["compressed"].suffixes  # after it was mirrored
    return before if is_known and not is_packed else name


def _known_suffix(name: str) -> str | None:
    found = _SUFFIX.search(name.lower())
    return found.group() if found and found.group() in _BY_SUFFIX else None


def reader_version(name: str) -> int:
    """The version of the reader *name*, with the versions of those that it hands files to."""
    others = READERS if name in WRAPPERS else HANDS_OVER.get(name, ())
    return sum(READERS[reader].version for reader in {name, *others})


def splitter(name: str) -> Splitter:
    """The function that splits files for the reader *name*; imports what it needs."""
    split: Splitter = import_module(f"searchsvc.readers.{READERS[name].module}").split
    return split


def pieces(
    file: "CorpusFile", opened: Callable[[BinaryIO], None] = lambda stream: None
) -> Iterator[Piece]:
    """The articles of *file*, not parsed yet; one that says so where the file cannot go on.

    *opened* is given the stream, whose position tells how far the reading has come.
    """
    try:
        with file.open() as stream:
            opened(stream)
            yield from splitter(file.reader)(Source(file.name, file.source, stream))
    except ReadError as error:
        yield failed("", str(error))
    except OSError as error:
        is_of_system = error.errno is not None  # unlike what is wrong with a packed file
        why = NOT_NOW if is_of_system else "cannot be read"
        yield failed("", f"{why}: {error.strerror or error}")


def read(file: "CorpusFile") -> Iterator[Item]:
    """The articles in *file*, with notes and problems where they occur; in this process."""
    for piece in pieces(file):
        yield from piece.items()
