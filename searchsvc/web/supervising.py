"""Several processes that serve at one address: a parent that starts them, and replaces who dies.

    parent: has the address -> fork -> worker: takes connections from it, as a single process would

Python runs one thread at a time, so more cores are of use to more processes only.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_SHORT_SECONDS = 5.0  # a worker that lives for less may not be able to start
_REST_SECONDS = 1.0  # before another takes the place of such a one


class Supervisor:
    """Starts *count* workers, and tells of those that die by *tell*."""

    def __init__(self, count: int, tell: Callable[[str], None]) -> None:
        self._count = count
        self._tell = tell
        self.number = 0  # of this worker; who takes the place of one that died takes its number
        self._begun: dict[int, tuple[float, int]] = {}  # when, and its number, by its pid
        self._is_serving = False  # or was: some worker could
        self._code: int | None = None  # that the service ends with, once it is to end
        self._handlers: dict[int, Any] = {}
        self._ready, self._is_ready = os.pipe()
        self._alive, self._keep_alive = os.pipe()  # ends when the parent does

    def run(self, serving: Callable[[], None]) -> int | None:
        """None in a worker, which is to serve; in the parent the exit code, when all have ended.

        *serving* is called in the parent when the first worker is `ready`.
        """
        for caught in (signal.SIGINT, signal.SIGTERM):
            self._handlers[caught] = signal.signal(caught, self._end)
        if self._fork(0):  # one first: what keeps it from serving is told once
            return None
        while self._begun:
            pid, status = os.waitpid(-1, 0 if self._is_serving else os.WNOHANG)
            if pid in self._begun:
                begun, number = self._begun.pop(pid)
                code = os.waitstatus_to_exitcode(status)
                if self._is_replaced(pid, begun, code) and self._fork(number):
                    return None
            elif not self._is_serving and select.select([self._ready], [], [], 0.1)[0]:
                self._is_serving = True
                serving()
                if any(self._fork(number) for number in range(1, self._count)):
                    return None
        return self._code

    def ready(self) -> None:
        """Has the parent know, from a worker, that it serves."""
        os.write(self._is_ready, b"!")

    def _is_replaced(self, pid: int, begun: float, code: int) -> bool:
        """Whether another is to take the place of a worker that ended."""
        if self._code is not None:
            return False
        if not self._is_serving:  # it said why, and another would say it again
            self._code = code if code > 0 else 1
            return False
        self._tell(f"worker {pid} died ({_spoken(code)}); another takes its place")
        if time.monotonic() - begun < _SHORT_SECONDS:
            time.sleep(_REST_SECONDS)
        return True

    def _fork(self, number: int) -> bool:
        """Whether this is the worker, with this number; none is started when all are to end."""
        if self._code is not None:
            return False
        # A signal that came in between would find neither the one's handler nor the other's worker.
        signal.pthread_sigmask(signal.SIG_BLOCK, self._handlers)
        pid = os.fork()
        if pid:
            self._begun[pid] = time.monotonic(), number
        else:
            self.number = number
            for caught, handler in self._handlers.items():
                signal.signal(caught, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._handlers)
        if pid:
            return False
        os.close(self._keep_alive)
        threading.Thread(target=self._end_with_parent, daemon=True).start()
        return True

    def _end_with_parent(self) -> None:
        os.read(self._alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _end(self, number: int, frame: object) -> None:
        self._code = 128 + number
        self._end_workers()

    def _end_workers(self) -> None:
        for pid in self._begun:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def _spoken(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
