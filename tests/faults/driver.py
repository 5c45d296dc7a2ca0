"""A process that runs index commands, each in a fork of its own that may be traced and killed.

Started by `indexer`. A line of JSON on stdin is a Task, a line on stdout its outcome. A fork has
everything loaded, so a run takes a fifth of the time and its system calls are those of the work
alone. It is the real command line and the real update; only the files of the corpus are read in
this process, which is another harness's business.

What a run prints goes through a socket: calls of `write` are those to files, and may all fail.
"""

import contextlib
import ctypes
import io
import itertools
import json
import math
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from searchsvc import cli, updating
from searchsvc.corpus import CorpusFile
from searchsvc.engines import ENGINES, engine_format
from searchsvc.extract import Named
from searchsvc.readers import Item, read
from searchsvc.readers.sandbox import Workers
from searchsvc.readers.worker import NameSearch, with_names
from searchsvc.store import DirectoryStore

from . import planted

_PR_SET_PTRACER = 0x59616D61  # so that strace may attach where only a parent may


class _Items(Iterator[Item | Named]):
    """The items of a file, as the sandbox gives them."""

    place = 0

    def __init__(self, file: CorpusFile, names: NameSearch) -> None:
        self._items = read(file)
        self._names = names

    def __next__(self) -> Item | Named:
        return with_names(next(self._items), self._names)


def _read(
    _: Workers, files: Iterable[CorpusFile], names: NameSearch
) -> Iterator[tuple[CorpusFile, _Items]]:
    for file in files:
        yield file, _Items(file, names)


def main() -> None:
    """Runs the tasks on stdin, one after the other."""
    setattr(Workers, "read", _read)  # noqa: B010 - mypy wants no method assigned
    _warm_up()
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)


def _warm_up() -> None:
    """Loads what is loaded late, so that no run has to."""
    for engine in ENGINES:
        engine_format(engine)
    quiet = contextlib.redirect_stdout(io.StringIO())
    with tempfile.TemporaryDirectory() as folder, quiet:
        corpus = Path(folder) / "corpus"
        for step in range(2):
            corpus.mkdir(exist_ok=True)
            (corpus / f"{step}.txt").write_text("Storm over Leeds\n\nMr Smith was there.\n")
            (corpus / f"{step}.jsonl").write_text(
                json.dumps({"id": f"{step}", "title": "t", "body": "b"})
            )
            arguments = ["--index", f"{folder}/index", "--corpus", str(corpus), "index"]
            cli.cli.main(arguments, standalone_mode=False)


def _run(task: dict[str, Any]) -> dict[str, Any]:
    go, start = os.pipe()
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        os.close(start)
        ours.close()
        _child(task, go, theirs)
    os.close(go)
    theirs.close()
    tracer = _traced(pid, task["strace"]) if task["strace"] else None
    os.close(start)  # off it goes
    said = _said(pid, ours, task["kill_after"])
    _, status = os.waitpid(pid, 0)
    ours.close()
    if tracer:
        tracer.wait()
    return {"code": os.waitstatus_to_exitcode(status), "stderr": said}


def _traced(pid: int, arguments: list[str]) -> "subprocess.Popen[bytes]":
    command = ["strace", "-f", *arguments, "-p", str(pid)]
    tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    status = Path(f"/proc/{pid}/status")
    while b"TracerPid:\t0\n" in status.read_bytes():
        if tracer.poll() is not None:
            raise RuntimeError(f"strace ended at once: {command}")
        time.sleep(0.0005)
    return tracer


def _said(pid: int, stream: socket.socket, kill_after: float | None) -> str:
    said = b""
    end = None if kill_after is None else time.monotonic() + kill_after
    while True:
        left = None if end is None else max(0.0, end - time.monotonic())
        if not select.select([stream], [], [], left)[0]:
            os.kill(pid, 9)
            end = None
        elif block := stream.recv(1 << 16):
            said += block
        else:
            return said.decode("utf-8", "replace")


def _child(task: dict[str, Any], go: int, stream: socket.socket) -> None:
    code = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
        sys.stderr = stream.makefile("w", buffering=1)
        sys.stdout = io.StringIO()  # not a file: all calls of `write` may fail
        sys.argv = ["searchsvc", *task["arguments"]]
        if task["clock"] is not None:
            _stop_clock(task["clock"])
        if task["save_every"]:
            _save_every(task["save_every"])
        if task["planted"]:
            planted.plant(task["planted"])
        os.read(go, 1)
        cli.main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _stop_clock(now: float) -> None:
    """Has every store think that it is *now*."""
    begin = DirectoryStore.__init__

    def begin_then(self: DirectoryStore, root: Path, engine: str = "whoosh") -> None:
        begin(self, root, engine, lambda: now)

    setattr(DirectoryStore, "__init__", begin_then)  # noqa: B010


def _save_every(count: int) -> None:
    """Has a build saved before every so many articles, whatever the clock says."""
    may_save = updating.Saver.may_save
    articles = itertools.count(1)

    def saved(self: updating.Saver) -> None:
        updating.SAVE_SECONDS = 0.0 if next(articles) % count == 0 else math.inf
        may_save(self)

    setattr(updating.Saver, "may_save", saved)  # noqa: B010


if __name__ == "__main__":
    main()
