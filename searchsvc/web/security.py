"""Headers that tell browsers what a page of ours may do: show our text in our style, no more.

Text of articles and queries is escaped where pages are made. Should that ever fail, these headers
still keep a browser from running or loading anything that is not a file of ours.
"""

from flask import Flask, Response

from searchsvc.web.current import request_id

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_MAX_BODY = 64_000  # bytes; no address of ours reads a body


def secure(app: Flask, trusted_hosts: list[str] | None) -> None:
    """Puts the headers on every answer; requests for other hosts than *trusted_hosts* are 400."""
    app.config.update(MAX_CONTENT_LENGTH=_MAX_BODY, TRUSTED_HOSTS=trusted_hosts)
    app.after_request(_with_headers)


def _with_headers(response: Response) -> Response:
    response.headers.extend(HEADERS)
    response.headers["X-Request-Id"] = request_id()
    if "Cache-Control" not in response.headers:
        # Kept by the browser, asked about each time: an update of the index shows at once.
        response.headers["Cache-Control"] = "no-cache" if response.status_code < 400 else "no-store"
    return response
