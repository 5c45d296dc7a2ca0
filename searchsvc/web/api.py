"""The JSON API: `/api/v1/…`, its description at `/openapi.json`, and two probes for operators.

The models that validate the parameters and make the answers also describe them: flask-openapi3
reads them from the annotations of the views. What clients may rely on stands in docs/api.md.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import wraps
from threading import Lock
from typing import TypeVar

from flask import Response, abort, current_app, jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.openapi import OpenAPI
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, Field

from searchsvc import exporting, profiles, suggesting
from searchsvc.answers import (
    ArticleAnswer,
    CandidatesAnswer,
    Links,
    ProfileAnswer,
    SearchAnswer,
    SuggestAnswer,
)
from searchsvc.errors import ParameterError, SearchServiceError, TooBusy
from searchsvc.parameters import (
    MAX_SIZE,
    ExportParameters,
    Format,
    SearchParameters,
    read_export,
    read_parameters,
)
from searchsvc.query.parser import MAX_CHARACTERS
from searchsvc.web import current
from searchsvc.web.caching import cacheable, cached, etag, unchanged
from searchsvc.web.current import store
from searchsvc.web.links import entity_url

DESCRIPTION = "Full-text search for a news archive. The query language stands in docs/query.md."

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _problems(**meanings: str) -> ResponseDict:
    """Responses with a Problem document, `_400="why"` for each status."""
    return {
        status.removeprefix("_"): {"description": meaning, "content": _PROBLEM}
        for status, meaning in meanings.items()
    }


Asked = TypeVar("Asked")

_MEDIA = {Format.JSONL: "application/jsonl", Format.CSV: "text/csv"}
_exporting = Lock()  # an export takes as long as a thousand searches

_UNAVAILABLE = (
    "The index is missing, damaged or of another version, or too many are searching; try again"
    " after `Retry-After` seconds."
)

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


class NamePath(BaseModel):
    """Who, or where."""

    name: str = Field(description="As a facet has it, or as an article spells it.", min_length=1)


class SuggestParameters(BaseModel):
    """What is being typed."""

    q: str = Field(
        "",
        description="What stands in the box so far.",
        json_schema_extra={"maxLength": MAX_CHARACTERS},
    )
    size: int = Field(suggesting.SIZE, ge=1, le=MAX_SIZE, description="Suggestions at most.")


class Alive(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """The index is open."""

    status: str
    generation: str = Field(description="The state of the index that is searched.")
    articles: int
    fallback: str | None = Field(
        description="Why it is not the newest state: what is damaged, and how old this one is."
    )
    notice: str | None = Field(
        description="What is damaged, also where an equal copy is served; searchsvc index mends it."
    )


def _with_parameters(
    read: Callable[[dict[str, list[str]]], Asked],
) -> Callable[[Callable[[Asked], Response]], Callable[[], Response]]:
    """A view that is given what *read* makes of the request."""

    def wrap(view: Callable[[Asked], Response]) -> Callable[[], Response]:
        @wraps(view)
        def call() -> Response:
            return view(read(request.args.to_dict(flat=False)))

        # Tells flask-openapi3 to describe the parameters and leave the reading to us.
        call.__delay_validate_request__ = True  # type: ignore[attr-defined]
        return call

    return wrap


def _read_suggest_parameters(given: dict[str, list[str]]) -> SuggestParameters:
    for name in given:
        if name not in SuggestParameters.model_fields:
            known = ", ".join(SuggestParameters.model_fields)
            raise ParameterError(name[:60], f"is no parameter; there are {known}")
    asked = read_parameters(given)
    if len(asked.q) > MAX_CHARACTERS:
        reason = f"has {len(asked.q)} characters, more than the {MAX_CHARACTERS} allowed"
        raise ParameterError("q", reason)
    return SuggestParameters(q=asked.q, size=asked.size)


@search_api.get(
    "/search",
    summary="Search articles",
    responses={
        200: SearchAnswer,
        **_problems(_410="The state of the index that the cursor walks is no longer kept."),
    },
)
@_with_parameters(read_parameters)  # the same as page and CLI
def search(query: SearchParameters) -> Response:
    """One page of hits, with snippets and facets.

    `links.next` leads to the next page, up to the last hit, even if the index is updated
    meanwhile.
    """
    served = store().current()
    known = etag(served.identity, query.query_string())
    if query.cursor is None and (same := unchanged(known)):
        return same
    answer = current.search(query)
    if answer.generation != served.name:  # an older one that the cursor walks, or one just come
        known = etag(answer.generation, query.query_string())
    response = _cached(answer, known)
    response.headers["Link"] = _link_header(answer.links)
    return response


@search_api.get(
    "/articles/<id>",
    summary="Get an article",
    responses={200: ArticleAnswer, **_problems(_404="No article has this id.")},
)
def article(path: ArticlePath) -> Response:
    """One article, whole."""
    _take_no_parameter()
    found = store().current().engine.get(path.id)
    if found is None:
        abort(404, f"no article has the id {path.id[:128]!r}")
    return cacheable(_json(ArticleAnswer.of(found)), etag(found.digest().hex()))


@search_api.get(
    "/export",
    summary="Export articles",
    responses={
        200: {
            "description": "An article a line, or a row; a line is what `/articles/<id>` gives.",
            "headers": {
                "X-Total-Count": {"description": "How many.", "schema": {"type": "integer"}},
                "X-Warnings": {
                    "description": "What a search would warn of: a list of texts in JSON.",
                    "schema": {"type": "string"},
                },
            },
            "content": {media: {"schema": {"type": "string"}} for media in _MEDIA.values()},
        }
    },
)
@_with_parameters(read_export)
def export(query: ExportParameters) -> Response:
    """Every article that is found, whole, in one answer of any length.

    One is written at a time; whoever asks meanwhile is answered with 503.
    """
    if not _exporting.acquire(blocking=False):
        raise TooBusy("another export is being written; try again in a second")
    with ExitStack() as held:
        held.callback(_exporting.release)
        found = exporting.find(store(), query)
        texts = _sent(exporting.written(found.articles, query.format), held.pop_all())
    next(texts)
    response = Response(texts, mimetype=_MEDIA[query.format])
    name = re.sub(r"[^a-z0-9]+", "-", query.q.lower()).strip("-")[:60] or "articles"
    response.headers["Content-Disposition"] = f"attachment; filename={name}.{query.format}"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Total-Count"] = str(found.total)
    if found.warnings:
        response.headers["X-Warnings"] = json.dumps(found.warnings)  # in ASCII, as headers are
    return response


def _sent(texts: Iterator[str], held: ExitStack) -> Iterator[str]:
    """Nothing, and then *texts*; *held* is let go of when they end, or nobody wants them."""
    suspect = current_app.extensions["searchsvc.suspect"]
    with held:
        yield ""
        try:
            yield from texts
        except SearchServiceError:
            raise
        except Exception:  # a bug, or what wrong bytes lead to: what was sent stays cut
            suspect()
            raise


_PROFILE = {
    200: ProfileAnswer,
    300: CandidatesAnswer,
    302: {"description": "This is another spelling of one name; `Location` leads there."},
    **_problems(_404="No article has this name."),
}


@search_api.get("/people/<name:name>", summary="Get a person", responses=_PROFILE)
def person(path: NamePath) -> Response:
    """A person as the archive knows them: spellings, years, company, newest articles."""
    return _profile("people", path.name)


@search_api.get("/places/<name:name>", summary="Get a place", responses=_PROFILE)
def place(path: NamePath) -> Response:
    """A place as the archive knows it: spellings, years, company, newest articles."""
    return _profile("places", path.name)


def _profile(field: profiles.NamedField, name: str) -> Response:
    _take_no_parameter()
    known = etag(store().current().identity, field, name)
    if same := unchanged(known):
        return same
    answer = profiles.profile(store(), field, name)
    if isinstance(answer, ProfileAnswer):
        return _cached(answer, known)
    names = [candidate.value for candidate in answer.candidates]
    if len(names) == 1:
        target = f"{search_api.url_prefix}{entity_url(field, names[0])}"
        return Response(status=302, headers={"Location": target})
    if names:
        several = CandidatesAnswer(field=field, spelling=name, candidates=answer.candidates)
        response = _json(several)
        response.status_code = 300
        return response
    near = ", ".join(candidate.value for candidate in answer.near[:5])
    abort(404, f"no article has {name[:128]!r} in {field}" + (f"; there is: {near}" * bool(near)))


@search_api.get("/suggest", summary="Suggest queries", responses={200: SuggestAnswer})
@_with_parameters(_read_suggest_parameters)
def suggest(query: SuggestParameters) -> Response:
    """Ways to go on with what is being typed: names, then words."""
    known = etag(store().current().identity, query.model_dump_json())
    if same := unchanged(known):
        return same
    return _cached(suggesting.suggest(store(), query.q, query.size), known)


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
    served = store().current()
    articles = served.engine.count()
    ready = Ready(
        status="ready",
        generation=served.name,
        articles=articles,
        fallback=served.fallback,
        notice=served.notice,
    )
    return _json(ready)


def description() -> Response:
    """This API as an OpenAPI 3.1 document."""
    app = current_app
    assert isinstance(app, OpenAPI)
    return jsonify(app.api_doc)


def _take_no_parameter() -> None:
    for name in request.args:
        raise ParameterError(name[:60], "is no parameter; this address takes none")


def _json(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(), mimetype="application/json")


def _link_header(links: Links) -> str:
    """RFC 8288; the addresses are percent-encoded, so they cannot end the header."""
    named = {"next": links.next, "prev": links.prev}
    found = [f'<{url}>; rel="{name}"' for name, url in named.items() if url]
    return ", ".join([*found, '</openapi.json>; rel="service-desc"'])


def _cached(answer: SearchAnswer | ProfileAnswer | SuggestAnswer, known: str) -> Response:
    return cached(_json(answer), known, answer.partial)
