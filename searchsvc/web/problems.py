"""Errors over HTTP: one table says the status and the kind, for scripts and for people.

Below `/api`, and wherever else programs ask, an error is a Problem document (RFC 9457); elsewhere
it is a page with the same words. What is not in the table is a bug: a 500 that tells nothing but
the id under which the log has it.
"""

import sys
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Response, current_app, make_response, render_template, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from searchsvc.answers import Fault, Problem
from searchsvc.errors import (
    ClusterRefuses,
    ClusterUnavailable,
    CursorExpired,
    IndexDamaged,
    IndexMissing,
    IndexOutdated,
    ParameterError,
    QueryError,
    SearchServiceError,
    TooBusy,
)
from searchsvc.web.admission import FULL
from searchsvc.web.current import given_id, request_id
from searchsvc.web.security import HEADERS

# An error of ours -> status, last part of the type, title.
KINDS: dict[type[SearchServiceError], tuple[int, str, str]] = {
    QueryError: (400, "bad-query", "The query cannot be read"),
    ParameterError: (400, "bad-parameter", "A parameter cannot be used"),
    TooBusy: (503, "too-busy", "The service is busy"),
    CursorExpired: (410, "cursor-expired", "The cursor has expired"),
    IndexMissing: (503, "index-missing", "There is no index yet"),
    IndexOutdated: (503, "index-outdated", "The index is of another version"),
    IndexDamaged: (503, "index-damaged", "The index is damaged"),
    ClusterUnavailable: (503, "cluster-unavailable", "The cluster does not answer"),
    ClusterRefuses: (503, "cluster-refuses", "The cluster does not do what is asked"),
}
PROBLEM_TYPE = "application/problem+json"
_NOT_FOUND = (404, "not-found", "Not found")
_NOT_ALLOWED = (405, "method-not-allowed", "Method not allowed")
_BUG = (500, "internal-error", "Internal error")

_FOR_PROGRAMS = (
    *("/api/", "/openapi.json", "/healthz", "/readyz"),
    *("/search.atom", "/opensearch.xml", "/metrics"),
)
_BUSY_SECONDS = 1
_RETRY_SECONDS = 30  # an index that is missing comes back by somebody's hand, not in a second


def handle_errors(app: Flask) -> None:
    """Every error of *app*, also of its routing, becomes a problem document or a page."""
    for kind in KINDS:
        app.register_error_handler(kind, _answer_to_ours)
    app.register_error_handler(HTTPException, _answer_to_http)
    app.register_error_handler(Exception, _answer_to_bug)


def type_of(name: str) -> str:
    """The URI that stands as `type` for the kind *name*; it never changes.

    >>> type_of("bad-query")
    'urn:searchsvc:problem:bad-query'
    """
    return f"urn:searchsvc:problem:{name}"


def busy(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """What a program is answered that finds the service full, without the work of a request."""
    instance = given_id(environ.get("HTTP_X_REQUEST_ID", ""))
    status, kind, title = KINDS[TooBusy]
    problem = Problem(
        type=type_of(kind), title=title, status=status, detail=FULL, instance=instance, errors=[]
    )
    body = problem.model_dump_json(exclude_none=True).encode()
    headers = {
        **HEADERS,
        "Content-Type": PROBLEM_TYPE,
        "Content-Length": str(len(body)),
        "Retry-After": str(_BUSY_SECONDS),
        "X-Request-Id": instance,
        "Cache-Control": "no-store",
    }
    start_response(f"{status} SERVICE UNAVAILABLE", list(headers.items()))
    return [body]


def _answer_to_ours(error: SearchServiceError) -> Response:
    detail = current_app.extensions["searchsvc.worded"](error)
    faults = []
    if isinstance(error, QueryError):
        detail = f"{error.reason}; {error.remedy}" if error.remedy else error.reason
        faults = [Fault(parameter="q", reason=error.reason, position=error.position)]
    elif isinstance(error, ParameterError):
        faults = [
            Fault(parameter=fault.parameter, reason=fault.reason, position=None)
            for fault in error.faults
        ]
    response = _answer(*KINDS[type(error)], detail, faults)
    if response.status_code == 503:
        is_soon_over = isinstance(error, TooBusy | ClusterUnavailable)
        seconds = _BUSY_SECONDS if is_soon_over else _RETRY_SECONDS
        response.headers["Retry-After"] = str(seconds)
    return response


def _answer_to_http(error: HTTPException) -> Response:
    match error:
        case NotFound():
            own_words = error.description != NotFound.description
            detail = error.description if own_words else "there is nothing at this address"
            return _answer(*_NOT_FOUND, detail or "")
        case MethodNotAllowed():
            allowed = ", ".join(sorted(error.valid_methods or ()))
            response = _answer(*_NOT_ALLOWED, f"this address knows only {allowed}")
            response.headers["Allow"] = allowed
            return response
        case _ if error.code == 500:  # of what failed behind the views; Flask has logged it
            return _bug()
        case _:
            return _answer(error.code or 500, "", error.name, error.description or "")


def _answer_to_bug(error: Exception) -> Response:
    """A 500, with the traceback in the log, unless a damaged file is at the bottom of it."""
    if current_app.extensions["searchsvc.suspect"]():  # which says what there is to say
        detail = "a file of the index was damaged; an older state is served from now on"
        response = _answer(*KINDS[IndexDamaged], detail)
        response.headers["Retry-After"] = "1"
        return response
    current_app.log_exception(sys.exc_info())
    return _bug()


def _bug() -> Response:
    current_app.logger.error("the request was %s", request_id())
    detail = "this is a fault of the service; the log has it under the id of this request"
    return _answer(*_BUG, detail)


def _answer(
    status: int, kind: str, title: str, detail: str, faults: list[Fault] | None = None
) -> Response:
    problem = Problem(
        type=type_of(kind) if kind else "about:blank",
        title=title,
        status=status,
        detail=detail,
        instance=request_id(),
        errors=faults or [],
    )
    if request.path.startswith(_FOR_PROGRAMS):
        text = problem.model_dump_json(exclude_none=True)
        return Response(text, status, mimetype=PROBLEM_TYPE)
    return make_response(render_template("error.html", problem=problem), status)
