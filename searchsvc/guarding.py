"""The index while it is served: new generations opened ahead of the readers, bad bits looked for.

What lies on a disk may change without anybody having written it. So every byte of the index is
read when a server starts, and again and again while it runs, slowly; a generation that is found
damaged is no longer served from then on.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress

from searchsvc.engines.base import ServedStore
from searchsvc.errors import ClusterRefuses, IndexProblem, remedy

OPEN_SECONDS = 0.5  # between two looks for a new generation
REST_SECONDS = 10 * 60.0  # between two passes over all files
SUSPECT_SECONDS = 10.0  # between two looks because answers failed
BYTES_A_SECOND = 20e6  # of a pass: a disk reads ten times as much and hardly notices


class Guard:
    """Looks after *store*; what there is to say goes to *tell*.

    A damaged file is told when it is found, what is served instead when that changes, and that
    all is well again; each of them once. Of several processes that serve one index one *leads*:
    it looks for damage now and then, and tells what is served. Errors are told as they are
    *worded*, with the command *mending* for what is damaged.
    """

    def __init__(
        self,
        store: ServedStore,
        tell: Callable[[str], None],
        leads: bool = True,
        rest_seconds: float = REST_SECONDS,
        bytes_a_second: float = BYTES_A_SECOND,
        worded: Callable[[Exception], str] = str,
        mending: str = "searchsvc index",
    ) -> None:
        self._store = store
        self._tell = tell
        self._leads = leads
        self._rest_seconds = rest_seconds
        self._bytes_a_second = bytes_a_second
        self._worded = worded
        self._mending = mending
        self._stop = threading.Event()
        self._suspecting = threading.Lock()
        self._suspected = -SUSPECT_SECONDS
        self._found = False  # what the look then found
        self._telling = threading.Lock()
        self._told: set[Hashable] = set()  # what was said, since it was last well
        self._is_well = True  # as far as was told

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Looks after the store while the block lasts."""
        threads = [
            threading.Thread(target=work, name=f"searchsvc-{work.__name__}", daemon=True)
            for work in (self._keep_open, *([self._keep_looking] if self._leads else []))
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def look(self, pause: Callable[[int], None] = lambda size: None) -> bool:
        """Reads every byte once; whether any was damaged.

        The newest whole generation is served afterwards.
        """
        found = self._store.verify(pause)
        for damage in found:
            self._say(f"damaged: {damage}")
        self._open()
        return bool(found)

    def suspect(self) -> bool:
        """Whether a look, after an answer that failed, finds damage; one look in ten seconds.

        Answers that fail within these are taken to fail for the same reason.
        """
        with self._suspecting:
            if time.monotonic() - self._suspected >= SUSPECT_SECONDS:
                self._found = self.look()
                self._suspected = time.monotonic()
            return self._found

    def _open(self) -> None:
        if self._leads:
            self._tell_what_is_served()
        else:
            with suppress(IndexProblem, ClusterRefuses):
                self._store.current()

    def _tell_what_is_served(self) -> None:
        try:
            served = self._store.current()
        except (IndexProblem, ClusterRefuses) as error:
            self._is_well = False
            self._say(self._worded(error))
            return
        if said := served.notice:
            self._is_well = False
            # Its age grows; what there is to say stays the same.
            self._say(f"{said}; {self._mending} mends it", served.about)
            return
        with self._telling:
            if not self._is_well:
                self._tell(f"all is well again: generation {served.name} is served")
            self._is_well = True
            self._told.clear()

    def _say(self, said: str, about: Hashable = None) -> None:
        with self._telling:
            if (about or said) not in self._told:
                self._told.add(about or said)
                self._tell(said)

    def _keep_open(self) -> None:
        while not self._stop.wait(OPEN_SECONDS):
            self._going_on(self._open)

    def _keep_looking(self) -> None:
        while not self._stop.wait(self._rest_seconds):
            with suppress(_Stopped):
                self._going_on(lambda: self.look(self._rest))

    def _going_on(self, work: Callable[[], object]) -> None:
        """Does *work*; what fails today, for want of file handles say, may succeed tomorrow."""
        try:
            work()
        except OSError as error:
            self._say(f"the index could not be looked at: {error}{remedy(error)}")

    def _rest(self, size: int) -> None:
        if self._stop.wait(size / self._bytes_a_second):
            raise _Stopped


class _Stopped(Exception):
    """Ends a pass when the server ends."""
