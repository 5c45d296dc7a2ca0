"""XML for programs of readers: a search as a feed, and this service as a search engine.

A feed is Atom (RFC 4287). An entry keeps its id as long as the article keeps its own, so a feed
reader shows each article once. `/opensearch.xml` is an OpenSearch 1.1 description, by which a
browser offers the archive beside its own search engines.
"""

import re
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, abort, render_template, request
from werkzeug.urls import iri_to_uri

from searchsvc.parameters import SearchParameters, read_feed, restated
from searchsvc.web import current
from searchsvc.web.caching import cached, etag, unchanged
from searchsvc.web.current import store

# What XML cannot hold, even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

feed = Blueprint("feed", __name__)
feed.add_app_template_filter(iri_to_uri, "iri")


@feed.get("/search.atom")
def atom() -> Response:
    """The articles that a search finds, the newest first."""
    asked = read_feed(request.args.to_dict(flat=False))
    known = etag(store().current().identity, _root(), asked.query_string())
    if same := unchanged(known):
        return same
    answer = current.search(asked.search)
    text = render_template(
        "feed.xml",
        asked=asked,
        shown=restated(asked, SearchParameters),
        answer=answer,
        updated=max((hit.date for hit in answer.hits if hit.date), default=None),
        cursor=_cursor(answer.links.next),
        root=_root(),
    )
    return cached(_xml(text, "application/atom+xml"), known, answer.partial)


@feed.get("/opensearch.xml")
def description() -> Response:
    """How a browser asks this service."""
    return _xml(
        render_template("opensearch.xml", root=_root()), "application/opensearchdescription+xml"
    )


def _root() -> str:
    """What addresses here begin with, as the client wrote it."""
    if not request.host:
        abort(400, "the Host header names no host")
    return request.url_root.removesuffix("/")


def _cursor(link: str | None) -> str | None:
    return parse_qs(urlsplit(link).query)["cursor"][0] if link else None


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
