"""A worker with one more reader, that does what each line of its file says: mostly, go wrong.

test_sandbox.py starts it in place of `python -m searchsvc.readers.worker`.
"""

import ctypes
import os
import re
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from searchsvc.article import Article
from searchsvc.errors import ReadError
from searchsvc.readers import READERS, Format
from searchsvc.readers.pieces import Item, Piece, Source
from searchsvc.readers.worker import main


def split(source: Source) -> Iterator[Piece]:
    """A piece for each line; "split ..." goes wrong here and not in the piece."""
    for number, line in enumerate(source.stream, start=1):
        command = line.decode().strip()
        if command.startswith("split "):
            list(obey(command.removeprefix("split "), source.name))
        yield Piece(f"line {number}", partial(obey, command, source.name))


def obey(command: str, name: str) -> Iterator[Item]:
    """Does what *command* says, and gives an article if it gets that far."""
    verb, _, rest = command.partition(" ")
    match verb:
        case "spin":
            while True:
                pass
        case "spin-in-c":
            re.match(r"(a+)+$", "a" * 60 + "b")
        case "burn":
            end = time.process_time() + float(rest)
            while time.process_time() < end:
                pass
        case "swallow":
            bytearray(10**10)
        case "swallow-slowly":
            kept = []
            while True:
                kept.append("x" * 1_000_000)
        case "sleep":
            time.sleep(1000)
        case "abort":
            os.write(2, b"free(): invalid pointer\n")
            os.abort()
        case "segfault":
            ctypes.string_at(0)
        case "exit":
            if rest:
                note_in(Path(rest))
            os._exit(3)
        case "raise":
            raise ValueError("no\nsuch   thing")
        case "refuse":
            raise ReadError("is not to be read")
        case "recurse":
            list(obey(command, name))
        case "print":
            print("end\n[]\n" * 100, flush=True)
            os.write(1, b"end\n")
        case "once":  # for the first process that comes by
            what, _, log = rest.partition(" ")
            if not Path(log).exists():
                note_in(Path(log))
                raise OSError(5, "Input/output error") if what == "other" else ReadError("no")
        case "log":
            note_in(Path(rest))
        case "pid":
            rest = str(os.getpid())
    yield Article(id="x", title=rest, source=name)


def note_in(log: Path) -> None:
    """Adds one character to *log*."""
    with log.open("a") as file:
        file.write(".")


if __name__ == "__main__":
    sys.modules["searchsvc.readers.faulty"] = sys.modules["__main__"]
    READERS["faulty"] = Format((), "faulty")
    main()
