"""People and places of an article: the stage between reading and writing.

    text -> runs -> people, places -> spelling -> rules.names  ]
    tags ------------------------------------------------------] tags.with_tags -> entities

`cache` remembers what the text names; `corrections` and `correcting` are what people say of it.

>>> article = Article(id="1", body="President Reagan met Paul Volcker. Volcker left.",
...                   people=("Volcker, Paul",), places=("usa",))
>>> [(e.name, e.origin, e.aliases) for e in extract(article).entities]
[('Paul Volcker', 'tag', ('Volcker, Paul', 'Volcker')), ('United States', 'tag', ('usa',)), \
('Reagan', 'rule:1', ())]

What the source tags wins, and stays in the record as it was; what the text names comes with it.
"""

from dataclasses import replace

from searchsvc.article import Article, Entity
from searchsvc.extract import rules
from searchsvc.extract.cache import NamesCache
from searchsvc.extract.tags import with_tags


def extract(article: Article, cache: NamesCache | None = None, model: str = "") -> Article:
    """*article*, as it was read, with the people and places that it names.

    *cache* spares finding them again. Names that it has of *model* count instead of the rules'.
    """
    people, places = _tags(article.people), _tags(article.places)
    article = replace(
        article,
        people_tags=people,
        places_tags=places,
        topics=_tags(article.topics),
    )
    return named(article, with_tags(_in_text(article, cache, model), people, places))


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


def _in_text(article: Article, cache: NamesCache | None, model: str) -> tuple[Entity, ...]:
    if cache is None:
        return rules.names(article)
    if model and (entities := cache.get(article, f"model:{model}")) is not None:
        return entities
    entities = cache.get(article, rules.ORIGIN)
    if entities is None:
        entities = rules.names(article)
        cache.put(article, rules.ORIGIN, entities)
    return entities


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
