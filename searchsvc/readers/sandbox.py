"""Files read in worker processes, so that no file can do harm: what `read` gives, under limits.

    for file, items in read_files(files):
        for item in items: ...

A parser that hangs, swallows all memory or crashes costs the article that it was at, which becomes
a Problem that says so; a new worker goes on after it. Files come in the order they were given,
items as they are read. Workers run ahead of whoever takes the items by a bounded number of files
and pieces, so an archive of any size needs the memory of a few articles. All of them read a large
file, and each parses every so manieth article of it.
"""

import os
import queue
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest

from searchsvc.corpus import CorpusFile
from searchsvc.extract import Named
from searchsvc.readers.pieces import NOT_NOW, Item, Problem
from searchsvc.readers.process import DEFAULT_LIMITS, Abandoned, Died, Limits, Process
from searchsvc.readers.worker import END, NameSearch, Task, from_line, to_line

__all__ = ["WORKERS", "Items", "Limits", "NameSearch", "Named", "Workers", "read_files"]

_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# Of 80 MB each; what so many read keeps the process that writes more than busy.
WORKERS = min(_CORES, 8)

_FILES_AHEAD = 4  # for each worker
_SHARED_FROM = 1 << 20  # bytes of a file, from which on all workers read it
_BLOCKS_AHEAD = 4  # of each file: what a pipe holds, which is some twenty articles
_MOST_DEATHS = 25  # of workers over a share of a file; then the rest of it is given up
_LAST: list[bytes] = []  # that ends a file


class Workers:
    """Up to *count* worker processes, started when there is something to read and then kept."""

    def __init__(self, count: int = WORKERS, limits: Limits = DEFAULT_LIMITS) -> None:
        self.count = count
        self.limits = limits
        self._idle: list[Process] = []

    def read(
        self, files: Iterable[CorpusFile], names: NameSearch | None = None
    ) -> Generator[tuple[CorpusFile, "Items"], None, None]:
        """Each of *files* with its items, in order; to go on to the next file drops what is left.

        With *names* articles come as Named, with the names found in them.
        No file is begun any more when the generator is through, is closed or raises.
        """
        coming = iter(files)
        jobs: deque[list[_Job]] = deque()
        todo: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        feeders: list[_Feeder] = []
        try:
            while True:
                for file in islice(coming, self.count * _FILES_AHEAD - len(jobs)):
                    shares = self.count if file.size >= _SHARED_FROM else 1
                    jobs.append([_Job(file, names, share, shares) for share in range(shares)])
                    for job in jobs[-1]:
                        todo.put(job)
                        if len(feeders) < self.count:
                            feeders.append(_Feeder(todo, self))
                            feeders[-1].start()
                if not jobs:
                    return
                yield jobs[0][0].file, Items(jobs[0])
                for job in jobs.popleft():
                    job.abandon()
        finally:
            # When the interpreter ends, threads stand still and locks may be held: nothing to wait
            # for. The workers then end by themselves, as their pipes do.
            if not sys.is_finalizing():
                for job in chain.from_iterable(jobs):
                    job.abandon()
                for _ in feeders:
                    todo.put(None)
                for feeder in feeders:
                    feeder.join()

    def take(self) -> Process:
        """A process that has nothing to do, a kept one or a new one."""
        with suppress(IndexError):  # other threads take some too
            while True:
                process = self._idle.pop()
                if not process.is_worn():
                    return process
                process.end()
        return Process(self.limits)

    def give_back(self, process: Process) -> None:
        """Keeps *process* for the next that needs one."""
        self._idle.append(process)

    def close(self) -> None:
        """Ends the processes."""
        while self._idle:
            self._idle.pop().end()


def read_files(
    files: Iterable[CorpusFile], workers: int = WORKERS, limits: Limits = DEFAULT_LIMITS
) -> Generator[tuple[CorpusFile, "Items"], None, None]:
    """What `Workers.read` gives, by workers that end with it."""
    with closing(Workers(workers, limits)) as started:
        yield from started.read(files)


@dataclass(slots=True)
class _Job:
    """A share of a file, and the answers about it on their way from a worker."""

    file: CorpusFile
    names: NameSearch | None
    share: int
    shares: int
    answers: queue.Queue[list[bytes]] = field(default_factory=lambda: queue.Queue(_BLOCKS_AHEAD))
    abandoned: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None
    place: int = 0  # bytes of the file read for the items that were taken
    count: int | None = None  # pieces of the file, if it was read to its end

    def put(self, answers: list[bytes]) -> None:
        """Hands over some answers, waiting while there are enough."""
        while not self.abandoned.is_set():
            with suppress(queue.Full):
                self.answers.put(answers, timeout=0.1)
                return
        raise Abandoned

    def abandon(self) -> None:
        """Ends the work on this file; whoever still asks for items is told that there are none."""
        self.abandoned.set()
        with suppress(queue.Empty):
            while True:
                self.answers.get_nowait()
        self.answers.put(_LAST)

    def pieces(self) -> Iterator[list[Item | Named]]:
        """The items in each answer, as they come."""
        while answers := self.answers.get():
            for answer in answers:
                self.place, items = from_line(answer)
                yield items
        if self.failure:
            raise self.failure


class Items(Iterator[Item | Named]):
    """The items of one file, as they come."""

    def __init__(self, jobs: list[_Job]) -> None:
        self._jobs = jobs
        shares = zip_longest(*(job.pieces() for job in jobs), fillvalue=())
        self._items = chain(chain.from_iterable(chain.from_iterable(shares)), self._differences())

    def _differences(self) -> Iterator[Problem]:
        """A problem if the file was not the same to all who read it: articles may be missing."""
        if len({job.count for job in self._jobs} - {None}) > 1:
            yield Problem("", f"{NOT_NOW}: two processes found another number of articles in it")

    def __next__(self) -> Item | Named:
        return next(self._items)

    @property
    def place(self) -> int:
        """How many bytes of the file were read for the items taken so far, about."""
        return max(job.place for job in self._jobs)


class _Feeder(threading.Thread):
    """Keeps one worker process at work, and starts another when it dies."""

    def __init__(self, todo: "queue.SimpleQueue[_Job | None]", workers: Workers) -> None:
        super().__init__(name="searchsvc-reader", daemon=True)
        self._todo = todo
        self._workers = workers
        self._process: Process | None = None

    def run(self) -> None:
        while job := self._todo.get():
            with suppress(Abandoned):
                self._serve(job)
        if self._process:
            self._workers.give_back(self._process)

    def _serve(self, job: _Job) -> None:
        try:
            self._feed(job)
        except Abandoned:
            self._end_process()
            raise
        except Exception as error:  # no process to be had, say: for the caller, not for a thread
            job.failure = error
        job.put(_LAST)

    def _feed(self, job: _Job) -> None:
        done, reason, deaths = 0, "", 0
        while True:
            limits = self._workers.limits
            task = Task(
                job.file, limits.cpu_seconds, limits.memory_mb, done, reason, job.names,
                job.share, job.shares,
            )  # fmt: skip
            try:
                for answers in self._worker().answers(task, job.abandoned):
                    if answers and answers[-1].startswith(END):
                        job.count = int(answers.pop().removeprefix(END))
                    if answers:
                        job.put(answers)
                        done, reason = done + len(answers), ""
                return
            except Died as death:
                self._end_process()
                deaths += 1
                # Dead again with that piece passed over: it is the file that cannot be split.
                if reason or deaths == _MOST_DEATHS:
                    what = "the file" if job.shares == 1 else "its share of the file"
                    gone = Problem("", f"{death}; the rest of {what} is not read")
                    job.put([to_line([gone])])
                    return
                reason = str(death)

    def _worker(self) -> Process:
        if self._process and self._process.is_worn():
            self._end_process()
        if not self._process:
            self._process = self._workers.take()
        return self._process

    def _end_process(self) -> None:
        if self._process:
            self._process.end()
        self._process = None
