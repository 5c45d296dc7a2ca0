"""The fields of an article as search knows them: the one table.

Query language, engines, API and docs all take their fields from here.

>>> [field.name for field in FIELDS if field.facet]
['people', 'places', 'topics', 'source', 'year']
"""

import re
from dataclasses import dataclass

from searchsvc.article import Article

SCHEMA_VERSION = 3  # stands in every index; raise it when an index made before cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What can be done with one field.

    `text`: its words are searched as `name:word`. `default`: also by words without a field.
    `facet`: hits are counted by its values, and it is a filter. `boost`: weight of a match.
    """

    name: str
    help: str
    text: bool = False
    default: bool = False
    facet: bool = False
    boost: float = 1.0


FIELDS = (
    # A word of the headline says more than one of the body: 2 is the usual weight.
    Field(name="title", text=True, default=True, boost=2.0, help="the headline"),
    Field(name="body", text=True, default=True, help="the text of the article"),
    Field(name="people", text=True, default=True, facet=True, help="people named"),
    Field(name="places", text=True, default=True, facet=True, help="places named"),
    Field(name="topics", text=True, facet=True, help="topics and keywords"),
    Field(name="source", text=True, facet=True, help="the publisher"),
    Field(name="author", text=True, help="who wrote it"),
    Field(name="year", facet=True, help="the year of the date"),
    Field(name="date", help="the day it was published"),
)

TEXT_FIELDS = tuple(field.name for field in FIELDS if field.text)
DEFAULT_FIELDS = tuple(field.name for field in FIELDS if field.default)
FACET_FIELDS = tuple(field.name for field in FIELDS if field.facet)
QUERY_FIELDS = (*TEXT_FIELDS, "date")  # what may stand before a colon
BOOSTS = {field.name: field.boost for field in FIELDS}


def values(article: Article, name: str) -> tuple[str, ...]:
    """The values of a field of *article*, as facets count them; each once.

    >>> values(Article(id="1", people=("Šárka Nováková",)), "people")
    ('Šárka Nováková',)
    """
    if name == "year":
        return (f"{article.day.year:04}",) if article.day else ()
    value = getattr(article, name)
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(dict.fromkeys(value)) if len(value) > 1 else value


def texts(article: Article, name: str) -> tuple[str, ...]:
    """What the words of a text field of *article* are taken from: of a name, every spelling.

    The town of the dateline is among the places, also where no gazetteer knows it.

    >>> from searchsvc.article import Entity
    >>> usa = Entity(field="places", name="United States", key="US", origin="tag", aliases=("usa",))
    >>> texts(Article(id="1", places=("United States",), entities=(usa,)), "places")
    ('United States', 'usa')
    >>> texts(Article(id="1", dateline="KRYNKY, Ukraine, Nov. 3 (Reuters)"), "places")
    ('KRYNKY',)
    """
    own = values(article, name)
    more = [a for entity in article.entities if entity.field == name for a in entity.aliases]
    if name == "places" and article.dateline:
        town = re.split(r"[,(]", article.dateline)[0].strip()
        is_day = any(letter.isdigit() for letter in town)
        if town and not is_day and town.casefold() not in map(str.casefold, (*own, *more)):
            more.append(town)
    return tuple(dict.fromkeys([*own, *more])) if more else own
