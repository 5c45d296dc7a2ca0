"""The application behind waitress, with limits that keep slow and many clients from blocking it."""

import errno
import logging
import signal
import socket
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from ipaddress import ip_address
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from waitress.server import create_server

from searchsvc.errors import ConfigError
from searchsvc.web.admission import RUNNING, WAITING

THREADS = RUNNING + WAITING + 8  # some of which turn away and answer probes
CONNECTIONS = 1000  # half-open ones cost nothing, and must not keep others out
IDLE_SECONDS = 10
MAX_BODY = 64 << 10  # bytes; we take none
UNREAD = 1 << 30  # bytes of an answer: a client that reads slowly holds a file, not a thread
MAX_HEADER = 32 << 10  # a query has at most 2,000 characters, nine bytes each in a URL


def listen(host: str, port: int) -> socket.socket:
    """A socket for this address, which takes connections when it is served.

    Raises ConfigError if the address cannot be had.
    """
    try:
        # Of several addresses, the IPv4 one.
        family, *_, address = min(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        with ExitStack() as stack:
            listening = stack.enter_context(socket.socket(family))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            stack.pop_all()
            return listening
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        said = f"cannot serve at {host}, port {port}: {error.strerror}"
        raise ConfigError(f"{said}; choose others with --host and --port") from error


def url(host: str, listening: socket.socket) -> str:
    """Where a browser finds what serves at *listening*, which *host* was asked for."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listening.getsockname()[1]}/"


def _believing(app: WSGIApplication) -> WSGIApplication:
    """*app*, which a proxy on this machine tells by which scheme it was asked."""

    def told(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        scheme = environ.get("HTTP_X_FORWARDED_PROTO")
        if scheme in ("http", "https") and ip_address(environ["REMOTE_ADDR"]).is_loopback:
            environ["wsgi.url_scheme"] = scheme
        return app(environ, start_response)

    return told


def serve_forever(app: Flask, listening: socket.socket, ready: Callable[[], None]) -> int:
    """Serves *app* until SIGINT or SIGTERM, and gives its number.

    Requests under way are answered. *ready* is called when requests are taken.
    """
    # That some wait is no news: admission says how many may.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(
        _believing(app),
        sockets=[listening],
        threads=THREADS,
        connection_limit=CONNECTIONS,
        channel_timeout=IDLE_SECONDS,
        max_request_body_size=MAX_BODY,
        max_request_header_size=MAX_HEADER,
        clear_untrusted_proxy_headers=False,
        outbuf_high_watermark=UNREAD,
        ident=None,
    )
    ended: list[int] = []

    def end(number: int, frame: object) -> None:
        if not ended:  # once: it is ending the second time, and requests are being answered
            ended.append(number)
            raise SystemExit  # waitress ends its loop and its threads on it, and goes no further

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    ready()
    try:
        server.run()
    finally:
        server.close()
    return ended[0]
