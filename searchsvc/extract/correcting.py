"""Corrections applied to the names of an article.

    split -> add -> hide, merge and rename along their chains -> one entity for each name

An entity is named by its name or its key. What is corrected is the user's from then on (`origin`),
keeps its mentions, and has its old name among its aliases: any spelling finds it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from searchsvc.analysis import fold
from searchsvc.article import Article, Entity, Mention
from searchsvc.extract import with_entities
from searchsvc.extract.corrections import Correction, plain
from searchsvc.extract.gazetteer import Place, gazetteer

ORIGIN = "user"
_ORDER = ("title", "body", "dateline")


class Corrector:
    """The corrections of a corpus, ready to be applied to article after article."""

    def __init__(self, corrections: Iterable[Correction]) -> None:
        self._moves: dict[tuple[str, str], Correction] = {}
        self._hides: dict[tuple[str, str, str], Correction] = {}
        self._of_article: dict[str, list[Correction]] = defaultdict(list)  # splits, then additions
        for one in sorted(corrections, key=lambda one: one.verb == "add"):
            match one.verb:
                case "merge" | "rename":
                    self._moves.setdefault((one.field, one.name), one)
                case "hide":
                    self._hides[one.field, one.name, one.article] = one
                case "split" | "add":
                    self._of_article[one.article].append(one)

    def correct(self, article: Article) -> tuple[Article, frozenset[Correction]]:
        """*article*, with the names of its entities corrected, and the corrections that did it."""
        if not (self._moves or self._hides or self._of_article):  # as in most corpora
            return article, frozenset()
        used: set[Correction] = set()
        entities = list(article.entities)
        for one in self._of_article.get(article.id, ()):
            if one.verb == "add":
                entities.append(_added(one, article, entities))
                used.add(one)
            else:
                self._split(one, article, entities, used)
        kept = (self._followed(entity, article.id, used) for entity in entities)
        corrected = _joined([entity for entity in kept if entity])
        return (with_entities(article, corrected) if used else article), frozenset(used)

    def final(self, field: str, name: str) -> str:
        """What *name* is called in the end, "" if it is hidden everywhere."""
        name = plain(name)
        seen = set()
        while name not in seen:
            seen.add(name)
            if (field, name, "") in self._hides:
                return ""
            if move := self._moves.get((field, name)):
                name = move.other
        return name

    def _split(
        self, one: Correction, article: Article, entities: list[Entity], used: set[Correction]
    ) -> None:
        for number, entity in enumerate(entities):
            if entity.field == one.field and one.name in (plain(entity.name), entity.key):
                used.add(one)
                aliases = [alias for alias in entity.aliases if plain(alias) != one.other]
                if len(aliases) == len(entity.aliases):
                    entities[number] = _renamed(entity, one)
                    return
                # One of its spellings is somebody else: only that spelling goes.
                spelt = fold(one.other)
                gone = [m for m in entity.mentions if fold(_text(article, m)) == spelt]
                rest = tuple(m for m in entity.mentions if m not in gone)
                entities[number] = replace(entity, aliases=tuple(aliases), mentions=rest)
                entities.append(_identified(one, mentions=tuple(gone)))
                return

    def _followed(self, entity: Entity, id: str, used: set[Correction]) -> Entity | None:
        """*entity* at the end of its chain; None if it is hidden under any name on the way."""
        seen: set[Correction] = set()
        while True:
            field, names = entity.field, (plain(entity.name), entity.key)
            for name in names:
                hide = self._hides.get((field, name, id)) or self._hides.get((field, name, ""))
                if hide:
                    used.update(seen, [hide])
                    return None
            move = self._moves.get((field, names[0])) or self._moves.get((field, names[1]))
            if move is None or move in seen:
                used |= seen
                return entity
            seen.add(move)
            # By its key a name may be what it is to be already; then nothing is to be done.
            entity = entity if names[0] == move.other else _renamed(entity, move)


def _renamed(entity: Entity, one: Correction) -> Entity:
    """*entity* as the other name of a correction."""
    aliases = dict.fromkeys([entity.name, *entity.aliases])
    aliases.pop(one.other, None)
    if one.verb == "rename" and one.field == "places" and not _known(one.other):
        # The same place under a name that no list has.
        moved = replace(entity, name=one.other, origin=ORIGIN, ambiguous=False)
    else:
        moved = _identified(one, entity.mentions)
    return replace(moved, aliases=tuple(aliases))


def _identified(one: Correction, mentions: tuple[Mention, ...] = ()) -> Entity:
    """The entity that a correction names last."""
    name = one.other or one.name
    place = _known(name) if one.field == "places" else None
    entity = Entity(
        field=one.field,
        name=name,
        key=place.key if place else fold(name),
        origin=ORIGIN,
        mentions=mentions,
    )
    if place is None:
        return entity
    return replace(
        entity,
        country=place.country,
        kind=place.kind,
        latitude=place.latitude,
        longitude=place.longitude,
    )


def _known(name: str) -> Place | None:
    """The place of the gazetteer that is shown as *name*, else the weightiest that it may mean."""
    meanings = gazetteer().find(tuple(name.partition(" (")[0].split()))
    exact = [place for place in meanings if place.name == name]
    return next(iter(exact or gazetteer().find_folded(name)), None)


def _added(one: Correction, article: Article, entities: Iterable[Entity]) -> Entity:
    """The entity that a person adds, with where the article spells it just so."""
    taken = [mention for entity in entities for mention in entity.mentions]
    words = r"\s+".join(map(re.escape, one.name.split()))
    spelt = re.compile(rf"(?<!\w){words}(?!\w)")
    found = [
        Mention(field, match.start(), match.end())
        for field in ("title", "body")
        for match in spelt.finditer(getattr(article, field))
    ]
    free = [m for m in found if not any(_overlap(m, other) for other in taken)]
    return _identified(one, mentions=tuple(free))


def _overlap(one: Mention, other: Mention) -> bool:
    return one.field == other.field and one.start < other.end and other.start < one.end


def _text(article: Article, mention: Mention) -> str:
    text: str = getattr(article, mention.field)
    return " ".join(text[mention.start : mention.end].split())


def _joined(entities: list[Entity]) -> tuple[Entity, ...]:
    """*entities*, those that a correction has made one as one."""
    result: list[Entity] = []
    for entity in entities:
        for number, known in enumerate(result):
            if (
                ORIGIN in (known.origin, entity.origin)
                and known.field == entity.field
                and (known.key == entity.key or known.name == entity.name)
            ):
                result[number] = _union(known, entity)
                break
        else:
            result.append(entity)
    return tuple(result)


def _union(one: Entity, other: Entity) -> Entity:
    first, second = (one, other) if one.origin == ORIGIN else (other, one)
    aliases = dict.fromkeys([*first.aliases, second.name, *second.aliases])
    aliases.pop(first.name, None)
    mentions = sorted(
        {*one.mentions, *other.mentions}, key=lambda m: (_ORDER.index(m.field), m.start)
    )
    return replace(first, aliases=tuple(aliases), mentions=tuple(mentions))
