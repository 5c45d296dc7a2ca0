"""Requests to a cluster of OpenSearch: who is asked, how often, and what a refusal means.

    a node that does not answer -> the next one; all of them -> again, later, in the time allowed
    429, 502, 503, 504          -> again, later, in the time allowed
    anything else               -> an error that says what to do

Waiting grows and is random (full jitter, as in Marc Brooker's "Exponential Backoff and Jitter"), so
that many clients do not come back at once. A cluster that has not answered at all is left alone for
a moment: who asks meanwhile is told at once.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from opensearchpy import ConnectionError as NoConnection
from opensearchpy import (
    ConnectionTimeout,
    OpenSearch,
    OpenSearchException,
    SSLError,
    TransportError,
)

from searchsvc.errors import ClusterRefuses, ClusterUnavailable

Json: TypeAlias = dict[str, Any]

VERSIONS = ("2.19", "3.")  # what we are tested on, by how they begin

# It warns of every answer that is no success, also where we ask whether something is there.
logging.getLogger("opensearch").setLevel(logging.CRITICAL)

REQUEST_SECONDS = 30.0  # for one request and its repetitions, unless told otherwise
BLOCKED = "blocked by"  # how a refusal begins where the disk of a node is nearly full
_LATER = (429, 502, 503, 504)  # what may be otherwise in a moment
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0  # seconds
_REST_SECONDS = 2.0  # for which a cluster is left alone that did not answer
_MOST_SILENT = 5  # requests in a row without an answer, before that


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where a cluster is, and as whom we ask: user and password, or an API key, or nobody."""

    urls: tuple[str, ...]
    user: str = ""
    password: str = ""
    api_key: str = ""
    certificates: str = ""  # a file of authorities; "" for those of the system

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"Access({', '.join(self.urls)})"


class Client:
    """Asks a cluster. *clock* and *wait* are in seconds; *chance* gives numbers from 0 to 1."""

    def __init__(
        self,
        access: Access,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.where = ", ".join(access.urls)
        self._clock = clock
        self._wait = wait
        self._chance = chance
        self._lock = threading.Lock()
        self._share = 0.5 if len(access.urls) > 1 else 1.0  # of the time left, for one node
        self._silent = 0  # requests in a row that nobody answered
        self._rests_until = 0.0
        headers = {"Authorization": f"ApiKey {access.api_key}"} if access.api_key else None
        self._cluster = OpenSearch(
            list(access.urls),
            http_auth=(access.user, access.password) if access.user else None,
            headers=headers,
            ca_certs=access.certificates or None,
            verify_certs=True,
            http_compress=True,
            max_retries=0,  # it repeats at once, and not what is refused for now
            retry_on_timeout=True,  # with none left to make, this marks the node as one to avoid
            pool_maxsize=16,
        )

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        parameters: Mapping[str, str] | None = None,
        seconds: float = REQUEST_SECONDS,
        or_none: tuple[int, ...] = (),
    ) -> Any:
        """What the cluster answers, as JSON; None for a status that is among *or_none*.

        Repeats what may be otherwise in a moment, for *seconds* at most. Raises ClusterUnavailable
        and ClusterRefuses.
        """
        end = self._clock() + seconds
        self._look_at_rest()
        longest = _FIRST_WAIT
        while True:
            left = max(0.05, end - self._clock())
            try:
                answer = self._cluster.transport.perform_request(
                    method, path, params=dict(parameters or {}), body=body,
                    timeout=left * self._share,
                )  # fmt: skip
            except TransportError as error:
                self._note(error)
                if error.status_code in or_none:
                    return None
                pause = self._chance() * longest
                if not _may_pass(error) or self._clock() + pause >= end:
                    raise self._told(error) from None
                self._wait(pause)
                longest = min(2 * longest, _LONGEST_WAIT)
            except (OpenSearchException, ValueError) as error:
                said = f"what is at {self.where} does not answer as OpenSearch does"
                raise ClusterRefuses(f"{said}; is opensearch_url right?") from error
            else:
                self._silent = 0
                return answer

    def blocked(self, reason: str) -> ClusterRefuses:
        """The error for a cluster that takes no writes."""
        return ClusterRefuses(
            f"the cluster at {self.where} does not take writes ({reason}): the disk of a node is"
            " nearly full; make room, and it opens by itself"
        )

    def make_index(self, name: str, body: Json) -> None:
        """Makes the index *name*, if it is not there."""
        if not self.ask("GET", f"/{name}", or_none=(404,)):
            self.ask("PUT", f"/{name}", body, or_none=(400,))  # somebody else may have, meanwhile

    def check_version(self) -> None:
        """Raises ClusterRefuses if the cluster is of a version that we are not made for."""
        told = self.ask("GET", "/", seconds=10.0)
        about = told.get("version", {}) if isinstance(told, dict) else {}
        number = str(about.get("number", ""))
        if about.get("distribution") != "opensearch" or not number.startswith(VERSIONS):
            name = about.get("distribution", "something else")
            raise ClusterRefuses(
                f"the cluster at {self.where} is {name} {number}; OpenSearch 2.19 or 3 is needed"
            )

    def close(self) -> None:
        """Lets go of the connections."""
        self._cluster.close()

    # -- a cluster that does not answer ------------------------------------------------------------

    def _look_at_rest(self) -> None:
        with self._lock:
            if self._silent >= _MOST_SILENT and self._clock() < self._rests_until:
                raise ClusterUnavailable(f"no node of the cluster at {self.where} answers")

    def _note(self, error: TransportError) -> None:
        with self._lock:
            if isinstance(error, NoConnection):
                self._silent += 1
                self._rests_until = self._clock() + _REST_SECONDS
            else:
                self._silent = 0

    # -- what a refusal means ----------------------------------------------------------------------

    def _told(self, error: TransportError) -> Exception:
        status, reason = error.status_code, reason_of(error)
        if isinstance(error, SSLError):
            return ClusterRefuses(
                f"the cluster at {self.where} does not show a certificate that is known: {reason};"
                " name the file of its authority with opensearch_ca"
            )
        if isinstance(error, ConnectionTimeout):
            return ClusterUnavailable(f"the cluster at {self.where} did not answer in time")
        if isinstance(error, NoConnection):
            said = f"no node of the cluster at {self.where} answers ({reason})"
            return ClusterUnavailable(f"{said}; is opensearch_url right?")
        if status == 401:
            return ClusterRefuses(
                f"the cluster at {self.where} does not know who we say that we are; look at"
                " opensearch_user and opensearch_password, or opensearch_api_key"
            )
        if BLOCKED in reason:
            return self.blocked(reason)
        if status == 403:
            return ClusterRefuses(
                f"the user of the cluster at {self.where} may not do this: {reason}"
            )
        if status in _LATER or status == 500:  # as where a node that is asked for is not connected
            return ClusterUnavailable(f"the cluster at {self.where} cannot answer now: {reason}")
        return ClusterRefuses(f"the cluster at {self.where} answers {status}: {reason}")


def _may_pass(error: TransportError) -> bool:
    if isinstance(error, SSLError) or BLOCKED in reason_of(error):
        return False
    return isinstance(error, NoConnection) or error.status_code in _LATER


def reason_of(error: TransportError) -> str:
    """What the server says, or what kept us from asking it."""
    told = error.info
    if isinstance(told, dict) and isinstance(told.get("error"), dict):
        first = (told["error"].get("root_cause") or [told["error"]])[0]
        return str(first.get("reason") or first.get("type"))
    return str(told or error.error).split("\n")[0][:200]
