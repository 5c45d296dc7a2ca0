"""The process that parses: files in at stdin, articles out, under limits that the kernel enforces.

Started by `searchsvc.readers.sandbox` as `python -m searchsvc.readers.worker`; both speak in lines.
A line in is a Task. The answer is a line of JSON for each piece, a list of its items; empty lines
while pieces are passed over, which say that there is progress; and END with the number of pieces in
the file.

Before each piece the worker allows itself so many more seconds of CPU. If it takes longer the
kernel ends it, in the middle of a C function too, and whoever started it knows by the number of
lines which piece that was.
"""

import json
import logging
import os
import resource
import signal
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from searchsvc.article import Article
from searchsvc.corpus import CorpusFile
from searchsvc.extract import Named, extract, name
from searchsvc.extract.cache import Entry, NamesCache
from searchsvc.readers import Item, Note, Problem, pieces, splitter
from searchsvc.readers.pieces import Piece

END = b"end "
BEAT = b""
_BEAT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class NameSearch:
    """That names are to be found; those of `model`, and of the rules, in the file `cache` first."""

    cache: str | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A file to read, or every piece of it whose number modulo `shares` is `share`.

    Of these, it is read from number `done` on. Where `reason` is given, that piece is not parsed
    but reported as a problem for this reason.
    """

    file: CorpusFile
    cpu_seconds: int
    memory_mb: int
    done: int = 0
    reason: str = ""
    names: "NameSearch | None" = None
    share: int = 0
    shares: int = 1

    def to_line(self) -> bytes:
        values = asdict(self)
        values["file"]["path"] = str(self.file.path)
        return json.dumps(values).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Task":
        values = json.loads(line)
        file, names = values.pop("file"), values.pop("names")
        return cls(
            file=CorpusFile(path=Path(file.pop("path")), **file),
            names=NameSearch(**names) if names else None,
            **values,
        )


def to_line(items: Iterable[Item | Named], place: int = 0) -> bytes:
    """*items* as one line, pure ASCII, so that lone surrogates pass.

    *place* tells how many bytes of the file were read for them.
    """
    return json.dumps([place, *(_to_json(item) for item in items)]).encode()


def from_line(line: bytes) -> tuple[int, list[Item | Named]]:
    """The place and the items that `to_line` wrote."""
    place, *items = json.loads(line)
    return place, [_from_json(*parts) for parts in items]


def _to_json(item: Item | Named) -> list[Any]:
    match item:
        case Named(article, digest, entry):
            packed = b64encode(entry.packed).decode()
            known = [entry.text.hex(), entry.origin, packed]
            return ["named", article.to_dict(), digest.hex(), known]
        case Article():
            return ["article", item.to_dict()]
        case Problem():
            return ["problem", _readable(item.place), _readable(item.reason)]
        case Note():
            return ["note", _readable(item.place), _readable(item.reason)]


def _readable(text: str) -> str:
    # What a file says of itself is quoted in reasons: lone surrogates and control characters too.
    text = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _from_json(kind: str, *values: Any) -> Item | Named:
    match kind:
        case "named":
            article, digest, (text, origin, packed) = values
            entry = Entry(bytes.fromhex(text), origin, b64decode(packed))
            return Named(Article.from_dict(article), bytes.fromhex(digest), entry)
        case "article":
            return Article.from_dict(*values)
        case "problem":
            return Problem(*values)
        case _:
            return Note(*values)


def main() -> None:
    """Answers tasks until stdin ends."""
    with _private_stdout() as out:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started us
        logging.disable()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        loaded: set[str] = set()
        for line in sys.stdin.buffer:
            task = Task.from_line(line)
            if task.file.reader not in loaded:
                loaded.add(task.file.reader)
                splitter(task.file.reader)  # what it imports is not the articles' memory
                if task.names:
                    extract(Article(id="", body="Paris"))
                _allow_memory(task.memory_mb)
            for answer in _answers(task):
                out.write(answer + b"\n")
                out.flush()


def _private_stdout() -> BinaryIO:
    # Whatever a library prints goes where it does no harm.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out


def _answers(task: Task) -> Iterator[bytes]:
    streams: list[BinaryIO] = []
    reading, number, beaten = pieces(task.file, streams.append), 0, time.monotonic()
    while True:
        _allow_cpu(task.cpu_seconds)
        try:
            piece = next(reading, None)
        except MemoryError:
            piece = Piece("", _no_memory)
        if piece is None:
            yield b"%s%d" % (END, number)
            return
        place, share = divmod(number, task.shares)
        if share == task.share and place >= task.done:
            reason = task.reason if place == task.done else ""
            yield to_line(_items(piece, reason, task), _place(streams))
        elif time.monotonic() > beaten + _BEAT_SECONDS:
            yield BEAT
            beaten = time.monotonic()
        number += 1


def _place(streams: list[BinaryIO]) -> int:
    return streams[0].tell() if streams and not streams[0].closed else 0


def _no_memory() -> tuple[Item, ...]:
    raise MemoryError


def _items(piece: Piece, reason: str, task: Task) -> list[Item | Named]:
    if reason:
        return [Problem(piece.place, reason)]
    try:
        items = list(piece.items())
        return [with_names(item, task.names) for item in items] if task.names else list(items)
    except MemoryError:
        return [Problem(piece.place, f"needed more than {task.memory_mb} MB of memory")]
    except Exception as error:  # a bug of ours: it costs this article
        return [Problem(piece.place, f"its names could not be found: {error!r}")]


def with_names(item: Item, names: NameSearch) -> Item | Named:
    """*item* with its names, if it is an article."""
    if not isinstance(item, Article):
        return item
    return name(item, _cache(names.cache), names.model)


def _cache(path: str | None) -> NamesCache | None:
    if path is None:
        return None
    with suppress(OSError):  # not there
        return _open_cache(path, os.stat(path).st_ino)
    return None


@lru_cache(maxsize=1)
def _open_cache(path: str, inode: int) -> NamesCache:
    # A worker may be kept for longer than the file: one that takes its place is opened anew.
    return NamesCache(Path(path), read_only=True)


def _allow_cpu(seconds: int) -> None:
    _raise_limit(resource.RLIMIT_CPU, int(time.process_time()) + seconds + 1)


def _allow_memory(megabytes: int) -> None:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:  # not Linux: macOS takes the limit and does not keep it
        return
    _raise_limit(resource.RLIMIT_AS, pages * resource.getpagesize() + (megabytes << 20))


def _raise_limit(kind: int, limit: int) -> None:
    _, most = resource.getrlimit(kind)
    resource.setrlimit(kind, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


if __name__ == "__main__":
    main()
