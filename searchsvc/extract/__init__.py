"""People and places of an article: the stage between reading and writing.

    text -> runs -> people, places -> spelling -> rules.names  ]
    tags ------------------------------------------------------] tags.with_tags -> entities

It is done where files are read, in parallel, and needs nothing but the article. `cache`
remembers what the text names; `corrections` and `correcting` are what people say of it.

>>> article = Article(id="1", body="President Reagan met Paul Volcker. Volcker left.",
...                   people=("Volcker, Paul",), places=("usa",))
>>> [(e.name, e.origin, e.aliases) for e in extract(article).entities]
[('Paul Volcker', 'tag', ('Volcker, Paul', 'Volcker')), ('United States', 'tag', ('usa',)), \
('Reagan', 'rule:2', ())]

What the source tags wins, and stays in the record as it was; what the text names comes with it.
"""

from dataclasses import dataclass, replace

from searchsvc.article import Article, Entity
from searchsvc.extract import rules
from searchsvc.extract.cache import Entry, NamesCache
from searchsvc.extract.tags import with_tags


@dataclass(frozen=True, slots=True)
class Named:
    """An article with its names, a digest of it as it was read, and what a cache should know."""

    article: Article
    digest: bytes
    entry: Entry


def extract(article: Article) -> Article:
    """*article*, as it was read, with the people and places that it names."""
    return _with_names(article, rules.names(article))


def name(article: Article, cache: NamesCache | None = None, model: str = "") -> Named:
    """What `extract` gives, for an index.

    *cache* spares finding names again. Those that it has of *model* count instead of the rules'.
    """
    digest = article.digest()
    for origin in (f"model:{model}", rules.ORIGIN) if model else (rules.ORIGIN,):
        if cache and (known := cache.get(article, origin)) is not None:
            return Named(_with_names(article, known), digest, Entry.of(article, origin))
    found = rules.names(article)
    return Named(_with_names(article, found), digest, Entry.of(article, rules.ORIGIN, found))


def _with_names(article: Article, entities: tuple[Entity, ...]) -> Article:
    people, places = _tags(article.people), _tags(article.places)
    return replace(
        with_entities(article, with_tags(entities, people, places)),
        people_tags=people,
        places_tags=places,
        topics=_tags(article.topics),
    )


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


def with_entities(article: Article, entities: tuple[Entity, ...]) -> Article:
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
