"""People and places of an article: the stage between reading and writing.

    find:   text -> runs -> people, places -> spelling -> rules.names -> Found
    join:   Found, and the tags of the source -> tags.with_tags -> the article with its entities

The first is dear, knows the text alone and is done where files are read, in parallel. `cache`
remembers what the text names; `corrections` and `correcting` are what people say of it.

>>> article = Article(id="1", body="President Reagan met Paul Volcker. Volcker left.",
...                   people=("Volcker, Paul",), places=("usa",))
>>> [(e.name, e.origin, e.aliases) for e in extract(article).entities]
[('Paul Volcker', 'tag', ('Volcker, Paul', 'Volcker')), ('United States', 'tag', ('usa',)), \
('Reagan', 'rule:1', ())]

What the source tags wins, and stays in the record as it was; what the text names comes with it.
"""

from dataclasses import dataclass, replace

from searchsvc.article import Article, Entity
from searchsvc.extract import rules
from searchsvc.extract.cache import NamesCache
from searchsvc.extract.tags import with_tags


@dataclass(frozen=True, slots=True)
class Found:
    """The names in a text, who found them, and whether that was known before."""

    entities: tuple[Entity, ...]
    origin: str
    is_known: bool = False


def extract(article: Article) -> Article:
    """*article*, as it was read, with the people and places that it names."""
    return join(article, find(article).entities)


def find(article: Article, cache: NamesCache | None = None, model: str = "") -> Found:
    """The names in the text of *article*.

    *cache* spares finding them again. Names that it has of *model* count instead of the rules'.
    """
    if cache and model and (entities := cache.get(article, f"model:{model}")) is not None:
        return Found(entities, f"model:{model}", is_known=True)
    if cache and (entities := cache.get(article, rules.ORIGIN)) is not None:
        return Found(entities, rules.ORIGIN, is_known=True)
    return Found(rules.names(article), rules.ORIGIN)


def join(article: Article, entities: tuple[Entity, ...]) -> Article:
    """*article*, as it was read, with the *entities* of its text and those of its tags."""
    people, places = _tags(article.people), _tags(article.places)
    article = replace(
        article,
        people_tags=people,
        places_tags=places,
        topics=_tags(article.topics),
    )
    return named(article, with_tags(entities, people, places))


def as_read(article: Article) -> Article:
    """*article* as it was before `extract`, but for blanks in its tags.

    >>> tagged = Article(id="1", body="Paul Volcker left.", people=("volcker",), places=("usa",))
    >>> as_read(extract(tagged)) == tagged
    True
    """
    people, places = article.people_tags, article.places_tags
    return replace(
        article, people=people, places=places, people_tags=(), places_tags=(), entities=()
    )


def named(article: Article, entities: tuple[Entity, ...]) -> Article:
    """*article* with these entities, and their names in its fields."""
    return replace(
        article,
        entities=entities,
        people=_names(entities, "people"),
        places=_names(entities, "places"),
    )


def _names(entities: tuple[Entity, ...], field: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entity.name for entity in entities if entity.field == field))


def _tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """*tags* but for white space, blanks and repetitions."""
    cleaned = (" ".join(tag.split()) for tag in tags)
    return tuple(dict.fromkeys(tag for tag in cleaned if tag))
