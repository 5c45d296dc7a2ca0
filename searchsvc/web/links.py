"""Where the links of a page lead. Every state of a search is an address without empty parts.

>>> asked = SearchParameters(q="oil", places=["usa"], page=3)
>>> search_url(asked, page=4)
'/search?q=oil&places=usa&page=4'
>>> search_url(without(asked, "places", "usa"))
'/search?q=oil'
"""

from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

from werkzeug.routing import BaseConverter

from searchsvc.errors import QueryError
from searchsvc.parameters import (
    ExportParameters,
    FeedParameters,
    Format,
    Question,
    SearchParameters,
    read_parameters,
    restated,
)
from searchsvc.query.parser import MAX_CHARACTERS, parse
from searchsvc.query.rewrite import any_part
from searchsvc.schema import FACET_FIELDS

_FIRST_PAGE = {"page": 1, "cursor": None}


class NameConverter(BaseConverter):
    """The rest of a path, slashes and all: a name may hold any, also at its ends."""

    regex = r"[\s\S]+"
    part_isolating = False
    weight = 200


def search_url(asked: SearchParameters, **changes: Any) -> str:
    """The page that shows *asked* with *changes* made."""
    query_string = asked.query_string(**changes)
    return f"/search?{query_string}" if query_string else "/"


def page_url(asked: SearchParameters, page: int) -> str:
    """The page numbered *page* of the same search."""
    return search_url(asked, page=page if page > 1 else None, cursor=None)


def article_url(id: str, asked: SearchParameters) -> str:
    """An article; *asked* goes with it, to mark its words and to lead back."""
    query_string = asked.query_string()
    path = f"/article/{quote(id, safe='')}"
    return f"{path}?{query_string}" if query_string else path


def export_url(asked: SearchParameters, format: str) -> str:
    """All articles that *asked* finds, written down.

    >>> export_url(SearchParameters(q="oil", page=3, facets=[]), "csv")
    '/api/v1/export?q=oil&format=csv'
    """
    whole = restated(asked, ExportParameters, sort=asked.sort, format=Format(format))
    return f"/api/v1/export?{whole.query_string()}"


def feed_url(asked: Question, **changes: Any) -> str:
    """All articles that *asked* finds, now and later, as a feed.

    >>> feed_url(SearchParameters(q="oil", page=3, sort="oldest"))
    '/search.atom?q=oil'
    """
    feed = asked if isinstance(asked, FeedParameters) else restated(asked, FeedParameters)
    query_string = feed.query_string(**changes)
    return f"/search.atom?{query_string}" if query_string else "/search.atom"


def filter_url(field: str, value: str) -> str:
    """All articles that have *value* in the facet *field*."""
    return search_url(read_parameters({field: [value]}))


def entity_url(field: str, name: str) -> str:
    """The page of a person or a place.

    >>> entity_url("places", "Trinidad and/or Tobago?")
    '/places/Trinidad%20and%2For%20Tobago%3F'
    """
    return f"/{field}/{quote(name, safe='')}"


def year_url(field: str, name: str, year: str) -> str:
    """The articles of one year that have *name* in *field*."""
    return search_url(read_parameters({field: [name], "year": [year]}))


def with_value(asked: SearchParameters, field: str, value: str) -> SearchParameters:
    """*asked* from its first page, with one more value chosen in a facet."""
    return asked.model_copy(update={**_FIRST_PAGE, field: [*getattr(asked, field), value]})


def without(asked: SearchParameters, field: str, value: str | None = None) -> SearchParameters:
    """*asked* from its first page, without the choice of *value*, or of a day if None."""
    if value is None:
        return asked.model_copy(update={**_FIRST_PAGE, field: None})
    left = [chosen for chosen in getattr(asked, field) if chosen != value]
    return asked.model_copy(update={**_FIRST_PAGE, field: left})


def without_filters(asked: SearchParameters) -> SearchParameters:
    """The query of *asked*, nothing chosen."""
    nothing: dict[str, Any] = {field: [] for field in FACET_FIELDS}
    return asked.model_copy(update={**_FIRST_PAGE, **nothing, "from_": None, "to": None})


def any_part_url(asked: SearchParameters) -> str | None:
    """What has any part of a query that wants several at once; None where it does not.

    >>> any_part_url(SearchParameters(q="oil zebra", page=3))
    '/search?q=oil+OR+zebra'
    """
    with suppress(QueryError):
        part = any_part(parse(asked.q))
        if part and len(str(part)) <= MAX_CHARACTERS:
            return search_url(rephrased(asked, str(part)))
    return None


def rephrased(asked: SearchParameters, q: str) -> SearchParameters:
    """*asked* from its first page, with another query."""
    return asked.model_copy(update={**_FIRST_PAGE, "q": q})


def is_web_address(url: str | None) -> bool:
    """Whether a browser may be sent to *url*.

    >>> is_web_address("javascript:alert(1)"), is_web_address("https://news.example/1")
    (False, True)
    """
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
