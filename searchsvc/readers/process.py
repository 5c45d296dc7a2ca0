"""A worker process, as the process that started it sees it: tasks in, answers out, how it died.

Workers are started by name and spoken to in lines of JSON: nothing is pickled, and a script that
reads files needs no `if __name__ == "__main__"`.
"""

import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from searchsvc.readers.encoding import one_line
from searchsvc.readers.pieces import PARSER_DIED
from searchsvc.readers.worker import BEAT, END, Task

# -P: a file json.py in the folder that we happen to be in must not be imported.
COMMAND = (sys.executable, "-P", "-W", "ignore", "-m", "searchsvc.readers.worker")
_PACKAGES = str(Path(__file__).parents[2])
_RECYCLED_AFTER = 500  # files: parsers leak a little
_LOOK_UP = 0.1  # seconds between looks at whether anybody still wants the answers


@dataclass(frozen=True, slots=True)
class Limits:
    """What one article may cost; a page or a text file is one article."""

    cpu_seconds: int = 10
    memory_mb: int = 512
    wall_seconds: float = 60  # without any progress


DEFAULT_LIMITS = Limits()


class Abandoned(Exception):
    """Nobody wants the answers any more."""


class Died(Exception):
    """The worker is no more; the message says what it died of, as the end of a sentence."""


class Process:
    """One running worker."""

    def __init__(self, limits: Limits) -> None:
        self.served = 0
        self._limits = limits
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
        paths = [_PACKAGES, os.environ.get("PYTHONPATH", "")]
        try:
            self._process = subprocess.Popen(
                COMMAND,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            )
        except OSError:
            self._stderr.close()
            raise

    def answers(self, task: Task, abandoned: threading.Event) -> Iterator[list[bytes]]:
        """A line for each piece that is asked for, as many at once as there are, END the last.

        Raises Died or Abandoned instead of the last.
        """
        self.served += 1
        assert self._process.stdin
        try:
            self._process.stdin.write(task.to_line())
        except BrokenPipeError:
            raise Died(self._cause()) from None
        for lines in self._lines(abandoned):
            yield [line for line in lines if line != BEAT]
            if lines and lines[-1].startswith(END):
                return

    def is_worn(self) -> bool:
        """Whether another should take its place: it has died while it had nothing to do, for which
        no file is to blame, or has read many."""
        return self.served >= _RECYCLED_AFTER or self._process.poll() is not None

    def end(self) -> None:
        """Ends the process, whatever it is doing, and waits until it is gone."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            assert stream
            stream.close()

    def _lines(self, abandoned: threading.Event) -> Iterator[list[bytes]]:
        begun = b""
        for block in self._blocks(abandoned):
            *lines, begun = (begun + block).split(b"\n")
            yield lines

    def _blocks(self, abandoned: threading.Event) -> Iterator[bytes]:
        assert self._process.stdout
        poll = select.poll()
        poll.register(self._process.stdout)
        heard = time.monotonic()
        while not abandoned.is_set():
            if poll.poll(_LOOK_UP * 1000):
                block = self._process.stdout.read(1 << 16)
                if not block:
                    raise Died(self._cause())
                yield block
                heard = time.monotonic()
            elif time.monotonic() > heard + self._limits.wall_seconds:
                raise Died(f"made no progress for {self._limits.wall_seconds:g} s")
        raise Abandoned

    def _cause(self) -> str:
        code = self._process.wait()
        if code == -signal.SIGXCPU:
            return f"took more than {self._limits.cpu_seconds} s of CPU"
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        last = self._last_words()
        return f"{PARSER_DIED} ({how})" + (f": {last}" if last else "")

    def _last_words(self) -> str:
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - 1000))
        lines = self._stderr.read().decode("utf-8", "replace").split("\n")
        return next((one_line(line)[:100] for line in reversed(lines) if line.strip()), "")
