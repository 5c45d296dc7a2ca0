"""A node that answers as it is told to: refuses, breaks off, is late, or loses a part.

It keeps documents, so that what was acknowledged can be counted. Only what a client of ours asks is
there; how a real cluster answers, the other tests show.
"""

import gzip
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LATE_SECONDS = 1.0


class BadNode(ThreadingHTTPServer):
    """`script` says what becomes of the next requests: see `_Handler.answer`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[str] = []
        self.documents: dict[str, Any] = {}
        self.asked = 0  # requests
        self.did: list[str] = []  # of the script
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: clients that were broken off with are no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BadNode

    def answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with self.server.lock:
            self.server.asked += 1
            what = self.server.script.pop(0) if self.server.script else "well"
            self.server.did.append(what)
        match what:
            case "reset":  # before anything was done
                self._break_off()
            case "reset after":  # it was done, and not said so
                self._take(body, 1)
                self._break_off()
            case "late":
                self._take(body, 1)
                time.sleep(LATE_SECONDS)
                self._say(200, {"errors": False, "items": []})
            case "429" | "502" | "503" | "504":
                self._say(int(what), {"error": {"type": "busy", "reason": "no room"}})
            case "some":  # every third item is refused
                self._say(200, self._take(body, 3))
            case "part":  # a shard is missing
                self._say(200, self._found(failed=1))
            case "out of time":
                self._say(200, self._found(timed_out=True))
            case _:
                self._say(200, self._well(body))

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def _well(self, body: bytes) -> Any:
        if self.path.split("?")[0] == "/":
            return {"version": {"number": "2.19.3", "distribution": "opensearch"}}
        if self.path.endswith("/_bulk"):
            return self._take(body, 0)
        if "point_in_time" in self.path:
            return {"pit_id": "here"}
        return self._found()

    def _found(self, failed: int = 0, timed_out: bool = False) -> Any:
        shards = {"total": 2, "successful": 2 - failed, "skipped": 0, "failed": failed}
        if failed:
            shards["failures"] = [{"shard": 0, "reason": {"type": "no_shard_available"}}]
        hits: Any = {"total": {"value": 0, "relation": "eq"}, "hits": []}
        return {"timed_out": timed_out, "_shards": shards, "hits": hits, "aggregations": {}}

    def _take(self, body: bytes, refused: int) -> Any:
        """Does what a bulk asks, but for every so manieth item."""
        items = []
        lines = iter(body.splitlines())
        for number, line in enumerate(lines, 1):
            ((action, about),) = json.loads(line).items()
            document = next(lines) if action == "index" else None
            if refused and number % refused == 0:
                error = {"type": "rejected", "reason": "no room"}
                items.append({action: {"_id": about["_id"], "status": 429, "error": error}})
                continue
            with self.server.lock:
                if document is not None:
                    self.server.documents[about["_id"]] = json.loads(document)
                else:
                    self.server.documents.pop(about["_id"], None)
            items.append({action: {"_id": about["_id"], "status": 200}})
        return {"errors": bool(refused), "items": items}

    def _say(self, status: int, answer: Any) -> None:
        said = json.dumps(answer).encode()
        with suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

    def _break_off(self) -> None:
        linger = struct.pack("ii", 1, 0)  # a reset, not an end
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing."""


@contextmanager
def bad_node() -> Iterator[BadNode]:
    """A node, as long as the block lasts."""
    node = BadNode()
    thread = threading.Thread(target=node.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield node
    finally:
        node.shutdown()
        thread.join()
        node.server_close()
