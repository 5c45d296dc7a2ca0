"""Which answers may be kept, and how a client learns that the one it keeps is still right."""

import hashlib

from flask import Response, request

from searchsvc import __version__


def etag(*parts: str) -> str:
    """Names what is answered: as long as *parts* are the same, so is the answer."""
    text = "\n".join((__version__, *parts))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def unchanged(known: str) -> Response | None:
    """304, if the client keeps what is *known* by this etag."""
    if request.if_none_match.is_weak(known):
        return cacheable(Response(status=304), known)
    return None


def cacheable(response: Response, known: str) -> Response:
    """*response*, to be kept and asked about each time."""
    # Weak: `took_ms` differs between answers that are otherwise the same.
    response.set_etag(known, weak=True)
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response


def cached(response: Response, known: str, partial: bool) -> Response:
    """*response*, to be kept unless it is *partial*: the next try may find more."""
    if not partial:
        return cacheable(response, known)
    response.headers["Cache-Control"] = "no-store"
    return response
