"""The JSON API: `/api/v1/…`, its description at `/openapi.json`, and two probes for operators.

The models that validate the parameters and make the answers also describe them: flask-openapi3
reads them from the annotations of the views. What clients may rely on stands in docs/api.md.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version

from flask import Response, abort, current_app, jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, Field

from searchsvc import searching
from searchsvc.answers import ArticleAnswer, Links, SearchAnswer
from searchsvc.errors import ParameterError
from searchsvc.parameters import SearchParameters, read_parameters
from searchsvc.web.current import store

DESCRIPTION = "Full-text search for a news archive. The query language stands in docs/query.md."

VERSION = version("searchsvc")

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _problems(**meanings: str) -> ResponseDict:
    """Responses with a Problem document, `_400="why"` for each status."""
    return {
        status.removeprefix("_"): {"description": meaning, "content": _PROBLEM}
        for status, meaning in meanings.items()
    }


_UNAVAILABLE = "The index is missing, damaged or of another version; try again later."

search_api = APIBlueprint(
    "api",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="search")],
    abp_responses=_problems(
        _400="The query or a parameter cannot be read; `errors` tells where.",
        _500="A fault of the service.",
        _503=_UNAVAILABLE,
    ),
)
health = APIBlueprint(
    "health",
    __name__,
    abp_tags=[Tag(name="health")],
    abp_responses=_problems(_400="The request is for another host."),
)


class ArticlePath(BaseModel):
    """Which article."""

    id: str = Field(
        description="As a hit has it.",
        json_schema_extra={"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"},
    )


class Alive(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """The index is open."""

    status: str
    generation: str = Field(description="The state of the index that is searched.")
    articles: int


def _with_parameters(view: Callable[[SearchParameters], Response]) -> Callable[[], Response]:
    """*view*, given what `read_parameters` makes of the request: the same as page and CLI."""

    @wraps(view)
    def call() -> Response:
        return view(read_parameters(request.args.to_dict(flat=False)))

    # Tells flask-openapi3 to describe the parameters and leave the reading to us.
    call.__delay_validate_request__ = True  # type: ignore[attr-defined]
    return call


@search_api.get(
    "/search",
    summary="Search articles",
    responses={
        200: SearchAnswer,
        **_problems(_410="The state of the index that the cursor walks is no longer kept."),
    },
)
@_with_parameters
def search(query: SearchParameters) -> Response:
    """One page of hits, with snippets and facets.

    `links.next` leads to the next page, up to the last hit, even if the index is updated
    meanwhile.
    """
    if query.cursor is None:
        known = _etag(store().current().name, query.query_string())
        if request.if_none_match.is_weak(known):
            return _cacheable(Response(status=304), known)
    answer = searching.search(store(), query)
    response = _json(answer)
    response.headers["Link"] = _link_header(answer.links)
    if answer.partial:
        response.headers["Cache-Control"] = "no-store"  # the next try may find more
        return response
    return _cacheable(response, _etag(answer.generation, query.query_string()))


@search_api.get(
    "/articles/<id>",
    summary="Get an article",
    responses={200: ArticleAnswer, **_problems(_404="No article has this id.")},
)
def article(path: ArticlePath) -> Response:
    """One article, whole."""
    for name in request.args:
        raise ParameterError(name[:60], "is no parameter; this address takes none")
    found = store().current().engine.get(path.id)
    if found is None:
        abort(404, f"no article has the id {path.id[:128]!r}")
    return _cacheable(_json(ArticleAnswer.of(found)), _etag(found.digest().hex()))


@health.get("/healthz", summary="Does the process live?", responses={200: Alive})
def healthz() -> Response:
    """Answers as long as the process does; looks at nothing else."""
    return _json(Alive(status="alive"))


@health.get(
    "/readyz",
    summary="Can it search?",
    responses={200: Ready, **_problems(_503=_UNAVAILABLE)},
)
def readyz() -> Response:
    """Opens the index and names its generation."""
    current = store().current()
    articles = current.engine.count()
    return _json(Ready(status="ready", generation=current.name, articles=articles))


def description() -> Response:
    """This API as an OpenAPI 3.1 document."""
    app = current_app
    assert isinstance(app, OpenAPI)
    return jsonify(app.api_doc)


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), mimetype="application/json")


def _link_header(links: Links) -> str:
    """RFC 8288; the addresses are percent-encoded, so they cannot end the header."""
    named = {"next": links.next, "prev": links.prev}
    found = [f'<{url}>; rel="{name}"' for name, url in named.items() if url]
    return ", ".join([*found, '</openapi.json>; rel="service-desc"'])


def _etag(*parts: str) -> str:
    text = "\n".join((VERSION, *parts))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _cacheable(response: Response, etag: str) -> Response:
    # Weak: `took_ms` differs between answers that are otherwise the same.
    response.set_etag(etag, weak=True)
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response
