"""XML for programs of readers: a search as a feed, and this service as a search engine.

A feed is Atom (RFC 4287). An entry keeps its id as long as the article keeps its own, so a feed
reader shows each article once. `/opensearch.xml` is an OpenSearch 1.1 description, by which a
browser offers the archive beside its own search engines.
"""

import re

from flask import Blueprint, Response, render_template, request

from searchsvc.parameters import read_parameters
from searchsvc.searching import SEARCH_PATH
from searchsvc.web import current
from searchsvc.web.caching import cached, etag, unchanged
from searchsvc.web.current import store
from searchsvc.web.links import unpaged

SIZE = 50  # a reader that asks once an hour misses nothing

# What XML cannot hold, even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

feed = Blueprint("feed", __name__)


@feed.get("/search.atom")
def atom() -> Response:
    """The articles that a search finds, the newest first unless it says otherwise."""
    given = {"sort": ["newest"], "size": [str(SIZE)]} | request.args.to_dict(flat=False)
    asked = read_parameters(given | {"facets": ["none"]})
    known = etag(store().current().identity, request.url_root, asked.query_string())
    if same := unchanged(known):
        return same
    answer = current.search(asked)
    text = render_template(
        "feed.xml",
        asked=asked,
        shown=unpaged(asked),
        answer=answer,
        updated=max((hit.date for hit in answer.hits if hit.date), default=None),
        following=answer.links.next and answer.links.next.removeprefix(SEARCH_PATH),
        root=request.url_root.removesuffix("/"),
    )
    return cached(_xml(text, "application/atom+xml"), known, answer.partial)


@feed.get("/opensearch.xml")
def description() -> Response:
    """How a browser asks this service."""
    text = render_template("opensearch.xml", root=request.url_root.removesuffix("/"))
    return _xml(text, "application/opensearchdescription+xml")


@feed.app_template_filter()
def timestamp(date: str | None) -> str:
    """An ISO date as RFC 3339 has it; what has none is as old as can be.

    >>> timestamp("2021-03-09"), timestamp("1987-02-26T15:01:01"), timestamp(None)
    ('2021-03-09T00:00:00Z', '1987-02-26T15:01:01Z', '1970-01-01T00:00:00Z')
    >>> timestamp("2024-06-18T07:05:00+02:00")
    '2024-06-18T07:05:00+02:00'
    """
    if date is None:
        return "1970-01-01T00:00:00Z"
    if "T" not in date:
        return f"{date}T00:00:00Z"
    return date if re.search(r"[+-]\d\d:\d\d$", date) else f"{date}Z"


def _xml(text: str, mimetype: str) -> Response:
    return Response(_NO_XML.sub("", text), mimetype=mimetype)
