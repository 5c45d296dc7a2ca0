"""The right to write to an index in a cluster, for one process on any machine.

A document tells who has it, and its holder changes it every few seconds. Whoever finds it waits
until it changes, and so knows that the holder lives, or until it has not for so long that the
holder has not; clocks of machines are not compared.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

from searchsvc.engines.opensearch_client import REQUEST_SECONDS, Client
from searchsvc.errors import IndexLocked, IndexNotWritten, SearchServiceError

Json: TypeAlias = dict[str, Any]

BEAT_SECONDS = 5.0
DEAD_SECONDS = 30.0  # without a beat, after which the lock is free
_LOOK_SECONDS = 0.5

_MAPPING = {
    "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
    "mappings": {"enabled": False},
}


class ClusterLock:
    """The lock called *what* in the index *name*."""

    def __init__(self, client: Client, name: str, what: str = "write") -> None:
        self._client = client
        self._name = name
        self._path = f"/{name}/_doc/{what}"
        self._me: Json = {
            "host": socket.gethostname(),
            "processes": _processes(),
            "pid": os.getpid(),
            "key": uuid4().hex,
        }
        self._writing = threading.Lock()
        self._beats = 0
        self._place: dict[str, str] = {}  # the version of the document that is ours
        self._stop = threading.Event()
        self._lost = False
        self._beaten = float("-inf")  # when it was ours for certain

    @contextmanager
    def held(self, wait: bool) -> Iterator["ClusterLock"]:
        """The right to write, while the block lasts. Raises IndexLocked, unless it is to *wait*."""
        self._client.make_index(self._name, _MAPPING)
        while not self._take(wait):
            pass
        beating = threading.Thread(target=self._beat, name="searchsvc-lock", daemon=True)
        beating.start()
        try:
            yield self
        finally:
            self._stop.set()
            beating.join()
            with suppress(SearchServiceError):
                if not self._lost:
                    self._client.ask(
                        "DELETE", self._path, parameters=self._place, or_none=(404, 409)
                    )

    def check(self) -> None:
        """Raises IndexNotWritten if another process may have taken the lock meanwhile."""
        if self._lost or not self._goes_on():
            raise _lost()

    def look(self) -> None:
        """`check`, as far as is known without asking: a process may have been stopped for long."""
        if self._lost or time.monotonic() > self._beaten + DEAD_SECONDS - BEAT_SECONDS:
            raise _lost()

    def _take(self, wait: bool) -> bool:
        if self._write({"op_type": "create"}):
            return True
        seen = self._look()
        begun = time.monotonic()
        while seen:
            holder, place = seen
            if holder["key"] == self._me["key"]:  # it was written, and we were not told so
                self._place, self._beaten = place, time.monotonic()
                return True
            if _is_gone(holder) or time.monotonic() > begun + DEAD_SECONDS:
                return self._write(place)
            time.sleep(_LOOK_SECONDS)
            now = self._look()
            if now and now[1] != place:
                if not wait:
                    break
                begun = time.monotonic()
            seen = now
        if not seen:
            return False
        who = f"process {holder['pid']} on {holder['host']}"
        raise IndexLocked(
            f"{who} is writing to the index; try again when it has finished, or say --wait"
        )

    def _look(self) -> tuple[Json, dict[str, str]] | None:
        found = self._client.ask("GET", self._path, or_none=(404,))
        return (found["_source"], _place(found)) if found else None

    def _write(self, parameters: dict[str, str], seconds: float = REQUEST_SECONDS) -> bool:
        """Whether the document says now that it is ours."""
        self._beats += 1
        mine = {**self._me, "beats": self._beats}
        begun = time.monotonic()
        done = self._client.ask(
            "PUT", self._path, mine, parameters=parameters, seconds=seconds, or_none=(404, 409)
        )
        if done:
            self._place, self._beaten = _place(done), begun
        return bool(done)

    def _goes_on(self) -> bool:
        """Whether the lock is still ours, after another beat. Raises what `Client.ask` raises."""
        with self._writing:
            if not self._write(self._place, BEAT_SECONDS):
                found = self._look()  # our own beat may have been written, and not said so
                if not found or found[0]["key"] != self._me["key"]:
                    self._lost = True
                    return False
                self._place, self._beaten = found[1], time.monotonic()
        return True

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            try:
                if not self._goes_on():
                    return
            except SearchServiceError:
                if time.monotonic() > self._beaten + DEAD_SECONDS - BEAT_SECONDS:
                    self._lost = True
                    return


def _lost() -> IndexNotWritten:
    return IndexNotWritten(
        "the lock of the index was lost, since this process or the cluster did nothing for"
        f" {DEAD_SECONDS:g} seconds; another process may be writing"
    )


def _place(found: Json) -> dict[str, str]:
    return {"if_seq_no": str(found["_seq_no"]), "if_primary_term": str(found["_primary_term"])}


def _processes() -> str:
    """What tells the processes that we can see from those of other machines and containers."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return uuid4().hex  # none that we know of


def _is_gone(holder: Json) -> bool:
    """Whether *holder* was a process among those that we can see, and is no more."""
    if (holder["host"], holder["processes"]) != (socket.gethostname(), _processes()):
        return False
    try:
        os.kill(holder["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
