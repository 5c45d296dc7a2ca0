"""The people and places of an article on its page: whom a name leads to, and who says so.

>>> said_by("rule:1"), said_by("tag")
('found in the text', 'tagged by the source')
"""

from collections.abc import Iterator
from dataclasses import dataclass

from searchsvc.answers import Meaning, Passage
from searchsvc.article import Article
from searchsvc.profiles import FIELDS, named_in
from searchsvc.web.links import entity_url
from searchsvc.web.markup import Link, LinkedPassage, linked

DOUBT = {"people": "somebody else may be meant", "places": "somewhere else may be meant"}
_SAID_BY = {
    "tag": "tagged by the source",
    "rule": "found in the text",
    "model": "found in the text by a model",
    "user": "corrected by hand",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A name in the list below an article; `doubt` is empty where there is none."""

    name: str
    url: str
    said_by: str
    doubt: str


def said_by(origin: str) -> str:
    """The origin of an entity in words."""
    return _SAID_BY.get(origin.partition(":")[0], origin)


def place_line(place: Meaning) -> str:
    """What a place is and where, as far as that is known.

    >>> oslo = Meaning(key="1", count=1, kind="capital", country="NO", latitude=59.9, longitude=-1)
    >>> place_line(oslo)
    'Capital · NO · 59.90° N, 1.00° W'
    """
    parts = [place.kind.capitalize(), place.country]
    if place.latitude is not None and place.longitude is not None:
        north = f"{abs(place.latitude):.2f}° {'N' if place.latitude >= 0 else 'S'}"
        parts.append(f"{north}, {abs(place.longitude):.2f}° {'E' if place.longitude >= 0 else 'W'}")
    return " · ".join(part for part in parts if part)


def named(article: Article, field: str) -> list[Named]:
    """The people or places of *article*, each name once."""
    found: dict[str, Named] = {}
    for entity in named_in(article, field):
        doubt = DOUBT[field] if entity.ambiguous else ""
        url = entity_url(field, entity.name)
        found.setdefault(entity.name, Named(entity.name, url, said_by(entity.origin), doubt))
    return list(found.values())


def with_links(article: Article, field: str, passage: Passage) -> LinkedPassage:
    """The *field* of *article*, whole and marked, with each mention of a name as a link."""
    return linked(passage.text, passage.highlights, _links(article, field))


def _links(article: Article, field: str) -> Iterator[Link]:
    for entity in article.entities:
        if entity.field in FIELDS:
            url = entity_url(entity.field, entity.name)
            doubt = f"; {DOUBT[entity.field]}" if entity.ambiguous else ""
            title = f"{entity.name}: {said_by(entity.origin)}{doubt}"
            for mention in entity.mentions:
                if mention.field == field:
                    yield Link(mention.start, mention.end, url, title)
