"""The article that JSON-LD in a web page describes, and names out of it.

>>> node = linked_article(['[{"@type": "NewsArticle", "author": {"name": "Jane Doe"}}]'])
>>> list(texts(node["author"]))
['Jane Doe']

JSON-LD is written by templates that nobody validates: lists where one thing is meant, commas too
many, HTML comments around it. What still cannot be read counts as missing.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

Node = dict[str, Any]

_ALSO_ARTICLES = ("BlogPosting", "LiveBlogPosting", "Report", "SocialMediaPosting")
_PLACES = (
    *("Place", "City", "Country", "State", "AdministrativeArea", "Continent"),
    *("LandmarksOrHistoricalBuildings", "BodyOfWater"),
)
_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?://\s*)?(?:-->|\]\]>)\s*$|;\s*$"
)
_SPARE_COMMA = re.compile(r",(?=\s*[}\]])")


def linked_article(scripts: Iterable[str]) -> Node:
    """The first node in *scripts* that is an article, or an empty one."""
    nodes = [node for script in scripts for node in _nodes(_load(script))]
    article = next((node for node in nodes if any(map(_is_article, _types(node)))), {})
    by_id = {str(node["@id"]): node for node in nodes if "@id" in node}
    return {key: _referred(value, by_id) for key, value in article.items()}


def texts(value: Any) -> Iterator[str]:
    """The strings in *value*, with the names of things for the things."""
    match value:
        case str():
            yield html.unescape(value)
        case {"name": name}:
            yield from texts(name)
        case {"@value": str(text)}:
            yield html.unescape(text)
        case list():
            for part in value:
                yield from texts(part)


def people_in(node: Node) -> list[str]:
    """The people that the article is about or mentions."""
    return _named(node, ("about", "mentions"), ("Person",))


def places_in(node: Node) -> list[str]:
    """The places that the article is about or mentions, or that it is set in."""
    return _named(node, ("contentLocation", "about", "mentions", "spatialCoverage"), _PLACES)


def _referred(value: Any, by_id: dict[str, Node]) -> Any:
    """*value*, with a thing that is only referred to in place of the reference."""
    match value:
        case list():
            return [_referred(part, by_id) for part in value]
        case {"@id": str(key), **more} if "name" not in more:
            return by_id.get(key, value)
        case _:
            return value


def _load(script: str) -> Any:
    for text in (script, _SPARE_COMMA.sub("", _WRAPPING.sub("", script))):
        try:
            return json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _nodes(value: Any) -> Iterator[Node]:
    match value:
        case list():
            for part in value:
                yield from _nodes(part)
        case dict():
            yield value
            for key in ("@graph", "mainEntity", "mainEntityOfPage"):
                yield from _nodes(value.get(key))


def _types(node: Node) -> list[str]:
    named = node.get("@type")
    listed = named if isinstance(named, list) else [named]
    return [name.rpartition("/")[2] for name in listed if isinstance(name, str)]


def _is_article(name: str) -> bool:
    return name.endswith("Article") or name in _ALSO_ARTICLES


def _named(node: Node, keys: Iterable[str], types: Iterable[str]) -> list[str]:
    things = [thing for key in keys for thing in _nodes(node.get(key))]
    return [name for thing in things if {*_types(thing)} & {*types} for name in texts(thing)]
