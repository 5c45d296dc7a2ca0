"""Which requests are let in: rather some that are answered in time than all too late.

    running (a few: they share one interpreter) <- waiting <- all others: 503, at once

Without it a crowd of clients has everybody wait for everybody, and whoever gave up is still
worked for. Probes and files are always let in.
"""

import threading
from collections import deque
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, g, request

from searchsvc.errors import TooBusy

RUNNING = 4
WAITING = 36  # a tenth of a second, of the searches of an archive of some size
FULL = "too many others are searching just now; try again in a second"
SECONDS = 2.0  # that one waits at most, behind searches that take long

_ALWAYS = frozenset(("health.healthz", "health.readyz", "metrics", "static"))


class Admission:
    """Lets *running* requests run at a time, and *waiting* wait for that, *seconds* at most.

    Who came first is first: a semaphore gives a turn to whoever asks just then, and those who wait
    go on waiting in a crowd.
    """

    def __init__(
        self, running: int = RUNNING, waiting: int = WAITING, seconds: float = SECONDS
    ) -> None:
        self.inside = 0  # who runs or waits
        self._running = running
        self._places = running + waiting
        self._seconds = seconds
        self._queue: deque[threading.Event] = deque()  # a turn for each who waits
        self._lock = threading.Lock()

    @property
    def is_full(self) -> bool:
        """Whether whoever comes now is turned away."""
        return self.inside >= self._places

    def enter(self) -> None:
        """Returns when it is one's turn; `leave` is to follow. Raises TooBusy."""
        with self._lock:
            if self.is_full:
                raise TooBusy(FULL)
            self.inside += 1
            if self.inside <= self._running:
                return
            turn = threading.Event()
            self._queue.append(turn)
        if not turn.wait(self._seconds):
            with self._lock:
                if turn in self._queue:  # else it was given meanwhile
                    self._queue.remove(turn)
                    self.inside -= 1
                    raise TooBusy("the searches before this one take long; try again in a second")

    def leave(self) -> None:
        """Gives the turn to the next."""
        with self._lock:
            self.inside -= 1
            if self._queue:
                self._queue.popleft().set()


def admit(app: Flask, admission: Admission, turn_away: WSGIApplication) -> None:
    """Has the requests to *app* pass *admission*.

    *turn_away* answers those of programs that find it full, for a small part of what a request
    costs: a crowd that does not wait asks thousands of times a second.
    """
    answer = app.wsgi_app

    def gate(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if admission.is_full and environ["PATH_INFO"].startswith("/api/"):
            return turn_away(environ, start_response)
        return answer(environ, start_response)

    def enter() -> None:
        if request.endpoint not in _ALWAYS:
            admission.enter()
            g.is_admitted = True

    def leave(error: BaseException | None) -> None:
        if g.pop("is_admitted", False):
            admission.leave()

    app.wsgi_app = gate  # type: ignore[method-assign]
    app.extensions["searchsvc.admission"] = admission
    app.before_request(enter)
    app.teardown_request(leave)
