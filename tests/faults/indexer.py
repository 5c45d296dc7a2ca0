"""Index commands run in a process that can be traced, made to fail, and killed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

AT_ONCE = 1 if "PYTEST_XDIST_WORKER" in os.environ else 2  # runs; made for two cores
ACKNOWLEDGED = (0, 3)  # exit codes

One = TypeVar("One")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its exit code, negative for a signal, and what it said."""

    code: int
    stderr: str

    @property
    def is_acknowledged(self) -> bool:
        """Whether whoever started the run may rely on it."""
        return self.code in ACKNOWLEDGED


class Indexer:
    """Runs commands, one at a time, all in forks of one process."""

    def __init__(self) -> None:
        paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", f"{__package__}.driver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, paths)),
                "OPENBLAS_NUM_THREADS": "1",  # threads would not live through a fork
            },
        )

    def run(
        self,
        arguments: Sequence[str],
        *,
        strace: Sequence[str] = (),
        kill_after: float | None = None,
        clock: float | None = None,
        save_every: int = 0,
        planted: str = "",
    ) -> Outcome:
        """The command `searchsvc` with *arguments*, under `strace` if its options are given.

        *kill_after* are seconds. *clock* is a time that stands still. *save_every*: the build is
        saved before every so many articles.
        """
        task = {
            "arguments": list(arguments),
            "strace": list(strace),
            "kill_after": kill_after,
            "clock": clock,
            "save_every": save_every,
            "planted": planted,
        }
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(task).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the driver ended with exit code {self._process.wait()}")
        return Outcome(**json.loads(answer))

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()


class Indexers:
    """A few of them, for work that is done side by side."""

    def __init__(self) -> None:
        self._free: SimpleQueue[Indexer] = SimpleQueue()
        for _ in range(AT_ONCE):
            self._free.put(Indexer())

    @contextmanager
    def one(self) -> Iterator[Indexer]:
        """One that nobody else uses in the meantime."""
        indexer = self._free.get()
        try:
            yield indexer
        finally:
            self._free.put(indexer)

    def each(self, work: Callable[[Indexer, One], Result], of: Iterable[One]) -> list[Result]:
        """What *work* gives for each, in order."""

        def done(one: One) -> Result:
            with self.one() as indexer:
                return work(indexer, one)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(done, of))

    def close(self) -> None:
        """Ends all of them."""
        for _ in range(AT_ONCE):
            self._free.get().close()
