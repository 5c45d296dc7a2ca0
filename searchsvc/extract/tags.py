"""What a source tags, and who or where that is among the names of the article.

A tag is a name in another dress: `james-baker`, `Baker, James`, `usa`. It wins: its entity is the
source's, whether the text names it or not, and shows the name that the tag or the text spells out
most fully. The tag itself is one of its aliases.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from searchsvc.analysis import fold
from searchsvc.article import Entity
from searchsvc.extract import spelling
from searchsvc.extract.gazetteer import gazetteer
from searchsvc.extract.judging import is_suffix, last_word
from searchsvc.extract.rules import place_entity

ORIGIN = "tag"
_MOST_ALIKE = 50  # entities of one surname that a tag is compared with
_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_LAST_FIRST = re.compile(r"([^,]+), ([^,]+?)(, (?:Jr|Sr|II|III|IV)\.?)?")


def with_tags(
    found: Sequence[Entity], people: Sequence[str], places: Sequence[str]
) -> tuple[Entity, ...]:
    """The entities of the tags, then those *found* in the text that no tag is of."""
    tagged: dict[tuple[str, str], Entity] = {}
    known = _Known(found)
    for field, tags in (("people", people), ("places", places)):
        for tag in tags:
            if field == "people":
                entity, same = _person(tag, known.like(field, spoken(tag)))
            else:
                entity, same = _place(
                    tag, [*known.like(field, tag), *known.like(field, spoken(tag))]
                )
            if same:
                known.drop(same)
                tagged.pop((field, same.key), None)
            before = tagged.get((field, entity.key))
            if before:
                known.drop(before)
                aliases = (*before.aliases, *entity.aliases)
                entity = replace(before, aliases=tuple(dict.fromkeys(aliases)))
            tagged[field, entity.key] = entity
            known.add(entity)
    rest = [entity for entity in found if (entity.field, entity.key) in known.untagged]
    return (*tagged.values(), *rest)


class _Known:
    """Entities by the words of their names: a list of tags may be long."""

    def __init__(self, found: Sequence[Entity]) -> None:
        self.untagged = {(entity.field, entity.key) for entity in found}
        self._by_word: dict[tuple[str, str], list[Entity]] = defaultdict(list)
        for entity in found:
            self.add(entity)

    def add(self, entity: Entity) -> None:
        for word in _words_of(entity):
            self._by_word[entity.field, word].append(entity)

    def drop(self, entity: Entity) -> None:
        """Forgets *entity*: a tag has taken its place."""
        self.untagged.discard((entity.field, entity.key))
        for word in _words_of(entity):
            found = self._by_word[entity.field, word]
            if entity in found:
                found.remove(entity)

    def like(self, field: str, name: str) -> list[Entity]:
        """Those that have the last word of *name*, or are of the place that it means."""
        words = _split(name)
        found = list(self._by_word[field, words[-1]][:_MOST_ALIKE]) if words else []
        if field == "places":
            for place in gazetteer().find_folded(name):
                found += self._by_word[field, place.key.lower()]
        return found


def _words_of(entity: Entity) -> set[str]:
    words = {word for name in (entity.name, *entity.aliases) for word in _split(name)}
    return words | ({entity.key.lower()} if entity.field == "places" else set())


@lru_cache(maxsize=1 << 14)  # the same names come again and again
def _split(name: str) -> tuple[str, ...]:
    words = [word.strip(".") for word in re.split(r"[\s_-]+", fold(name))]
    return tuple(word for word in words if word and not is_suffix(word))


def spoken(tag: str) -> str:
    """A tag as a name is written.

    >>> spoken("james-baker"), spoken("Volcker, Paul"), spoken("Boutros-Ghali")
    ('James Baker', 'Paul Volcker', 'Boutros-Ghali')
    """
    if match := _LAST_FIRST.fullmatch(tag):
        tag = f"{match[2]} {match[1]}{(match[3] or '').removeprefix(',')}"
    if _is_slug(tag):
        return re.sub("[-_]", " ", tag).title()
    return tag


def _is_slug(tag: str) -> bool:
    return _SLUG.fullmatch(tag) is not None or (tag.isupper() and len(tag) > 4)


def _person(tag: str, found: Sequence[Entity]) -> tuple[Entity, Entity | None]:
    """The entity of *tag*, and the one in the text that it is, if any."""
    name = spoken(tag)
    people = [e for e in found if e.field == "people"]
    fitting = [e for e in people if _is_spelt(name, e)] or [e for e in people if _is_one(name, e)]
    same = fitting[0] if len(fitting) == 1 else None
    # Of two full names the source's is right; a slug has lost how its name is written.
    if same:
        words, others = len(same.name.split()), len(name.split())
        if words > others or (words == others and _is_slug(tag)):
            name = same.name
    return _tagged(tag, name, same), same


def _tagged(tag: str, name: str, same: Entity | None) -> Entity:
    spellings = [tag, *([same.name, *same.aliases] if same else [])]
    return Entity(
        field="people",
        name=name,
        key=fold(name),
        origin=ORIGIN,
        aliases=tuple(dict.fromkeys(spelt for spelt in spellings if spelt != name)),
        mentions=same.mentions if same else (),
    )


def _is_spelt(name: str, entity: Entity) -> bool:
    """Whether *name*, of a tag, is a spelling of a person of the text."""
    wanted = fold(name).replace("-", " ")
    return any(fold(n).replace("-", " ") == wanted for n in (entity.name, *entity.aliases))


def _is_one(name: str, entity: Entity) -> bool:
    """Whether *name*, of a tag, and a person of the text can be one."""
    words, others = tuple(name.split()), tuple(entity.name.split())
    if not words:
        return False
    if len(words) > 1 and len(others) > 1:
        double = fold(others[-1]) == fold("-".join(words))  # leigh-pemberton, a slug
        return double or spelling.is_same(words, others)
    return fold(last_word(words)) == fold(last_word(others))


def _place(tag: str, found: Sequence[Entity]) -> tuple[Entity, Entity | None]:
    meanings = gazetteer().find_folded(tag) or gazetteer().find_folded(spoken(tag))
    keys = [place.key for place in meanings]
    same = next((e for e in found if e.field == "places" and e.key in keys), None)
    if not meanings:
        name = spoken(tag)
        same = next((e for e in found if e.field == "places" and fold(e.name) == fold(name)), None)
        entity = same or Entity(field="places", name=name, key=fold(name), origin=ORIGIN)
    else:
        entity = same or place_entity(meanings[0], ORIGIN)
    aliases = dict.fromkeys([tag, *entity.aliases])
    aliases.pop(entity.name, None)
    return replace(entity, origin=ORIGIN, aliases=tuple(aliases), ambiguous=False), same
