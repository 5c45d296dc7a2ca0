"""What the views share: the store that is searched, its answers, and the id of the request."""

import re
import secrets

from flask import current_app, g, request

from searchsvc.answers import SearchAnswer
from searchsvc.engines.base import Generation, Store
from searchsvc.parameters import SearchParameters
from searchsvc.web.kept import KeptAnswers
from searchsvc.web.metrics import metrics
from searchsvc.web.samples import Sample, Samples

_PROPER_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def store() -> Store:
    """The store that this application was made for."""
    kept: Store = current_app.extensions["searchsvc.store"]
    return kept


def search(asked: SearchParameters) -> SearchAnswer:
    """What `searching.search` answers, and raises; maybe it was asked before."""
    kept: KeptAnswers = current_app.extensions["searchsvc.answers"]
    answer = kept.search(store(), asked)
    if answer.partial:
        metrics().partial.inc()
    return answer


def samples(generation: Generation) -> tuple[Sample, ...]:
    """Queries to begin with, which find something in *generation*."""
    kept: Samples = current_app.extensions["searchsvc.samples"]
    return kept.of(generation)


def request_id() -> str:
    """Names this request in the answer and in the log; a proxy's own id is taken over."""
    if "request_id" not in g:
        g.request_id = given_id(request.headers.get("X-Request-Id", ""))
    known: str = g.request_id
    return known


def given_id(text: str) -> str:
    """*text*, if it is fit to be the id of a request, else a new one."""
    return text if _PROPER_ID.fullmatch(text) else secrets.token_hex(8)
