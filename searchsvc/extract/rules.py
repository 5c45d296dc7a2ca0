"""The people and places of an article by rules and lists: offline, and the same every time."""

import re
from bisect import bisect_left
from collections import defaultdict
from itertools import chain

from searchsvc.analysis import fold
from searchsvc.article import Article, Entity, Mention
from searchsvc.extract import spelling
from searchsvc.extract.credits import without_credits
from searchsvc.extract.gazetteer import Place, gazetteer
from searchsvc.extract.people import NamedPerson, find_again, find_people
from searchsvc.extract.places import Settled, dateline_places, find_places, settle
from searchsvc.extract.runs import Run, SmallWords, is_shouted, quietened, runs
from searchsvc.extract.spelling import Person, is_near
from searchsvc.extract.vocabulary import vocabulary

VERSION = 2  # raise it when an article may get other names than before
ORIGIN = f"rule:{VERSION}"

_FIRM = frozenset("Inc Corp Co Cos Ltd PLC Plc LLC Group Holdings Securities AG SA NV GmbH".split())
# No name goes on behind a line that was not wrapped: of a list, or a byline above a date.
_SHORT_LINE = re.compile(r"^(.{1,54})\n(?=.)", re.MULTILINE)
_MOST_NEAR = 12  # surnames that begin alike, compared with each word


def names(article: Article) -> tuple[Entity, ...]:
    """People, then places, in the order in which the article first names them."""
    texts = {"title": article.title, "body": without_credits(article.body)}
    texts = {field: quietened(text) if is_shouted(text) else text for field, text in texts.items()}
    texts = {field: _SHORT_LINE.sub(r"\1\v", text) for field, text in texts.items()}
    of_field = {field: list(runs(text)) for field, text in texts.items() if text}
    people, taken = _people(texts, of_field)
    places = _places(of_field, taken, article.dateline)
    found = [_person_entity(person) for person in people]
    return (*sorted(found, key=_first_named), *sorted(places, key=_first_named))


def _first_named(entity: Entity) -> tuple[int, int]:
    first = min(entity.mentions, key=_in_reading_order)
    return _in_reading_order(first)


def _in_reading_order(mention: Mention) -> tuple[int, int]:
    return ("title", "dateline", "body").index(mention.field), mention.start


def _people(
    texts: dict[str, str], of_field: dict[str, list[Run]]
) -> tuple[list[Person], dict[str, set[int]]]:
    """The people, and per field where words begin that are theirs."""
    small = SmallWords(texts["body"])
    firms = _firms(of_field)
    found: list[tuple[str, NamedPerson]] = []
    taken: dict[str, set[int]] = {field: set() for field in of_field}
    starts = {field: [s for run in runs for s in run.starts] for field, runs in of_field.items()}
    for field in ("body", "title"):
        if field in of_field:
            for person in find_people(of_field[field], small, firms, field == "title"):
                found.append((field, person))
                taken[field].update(_beginnings(person, starts[field]))
    surnames = _surnames([person for _, person in found], of_field)
    for field in ("title", "body"):
        for person in find_again(
            of_field.get(field, ()), surnames, taken.get(field, set()), field == "title"
        ):
            found.append((field, person))
            taken[field].update(_beginnings(person, starts[field]))
    found.sort(key=lambda pair: (pair[0] != "title", pair[1].start))
    return spelling.people(found), taken


def _firms(of_field: dict[str, list[Run]]) -> frozenset[str]:
    """The words that firms are called by: Hutton, where "E.F. Hutton Group" stands."""
    return frozenset(
        run.words[at - 1 - (run.words[at - 1] == "and")]
        for run in chain(*of_field.values())
        if len(run.words) > 2
        for at, word in enumerate(run.words)
        if at > 1 and word in _FIRM
    )


def _beginnings(person: NamedPerson, starts: list[int]) -> list[int]:
    """Where the words of a mention begin; *starts* are those of all words, ascending."""
    return starts[bisect_left(starts, person.start) : bisect_left(starts, person.end)]


def _first_names(found: list[NamedPerson]) -> set[str]:
    """First names of those named in full that nothing else is called by."""
    words = vocabulary().words
    return {
        first
        for person in found
        if len(person.words) > 1
        and len(first := person.words[0]) > 3
        and first in vocabulary().first_names
        and first.lower() not in words
        and not gazetteer().has(first)
    }


def _surnames(found: list[NamedPerson], of_field: dict[str, list[Run]]) -> frozenset[str]:
    """The surnames of those *found*, in capitals too, and what the text spells nearly so."""
    plain = {person.surname for person in found} | _first_names(found)
    shouted = {name.upper() for name in plain if len(name) > 3}
    long: dict[str, list[str]] = defaultdict(list)
    for name in sorted(plain):
        if len(name) > 5:
            long[name[:2]].append(name)
    words = {
        word
        for run in chain(*of_field.values())
        for word in run.words
        if word[:2] in long and len(word) > 5
    }
    near = {
        word
        for word in words - plain
        if any(is_near(word, name) for name in long[word[:2]][:_MOST_NEAR])
    }
    return frozenset(plain | shouted | near)


def _person_entity(person: Person) -> Entity:
    name = " ".join(person.words)
    spellings = dict.fromkeys(" ".join(mention.words) for _, mention in person.mentions)
    return Entity(
        field="people",
        name=name,
        key=fold(name),
        origin=ORIGIN,
        aliases=tuple(spelt for spelt in spellings if spelt != name),
        mentions=tuple(Mention(field, m.start, m.end) for field, m in person.mentions),
        ambiguous=person.ambiguous,
    )


def _places(
    of_field: dict[str, list[Run]], taken: dict[str, set[int]], dateline: str
) -> list[Entity]:
    mentions = [
        (field, place)
        for field, found in of_field.items()
        for place in find_places(found, taken[field])
    ]
    mentions += [("dateline", place) for place in dateline_places(dateline)]
    grouped: dict[Place, list[tuple[str, Settled]]] = {}
    for field, settled in settle(mentions):
        grouped.setdefault(settled.place, []).append((field, settled))
    return [
        place_entity(
            place,
            ORIGIN,
            tuple(dict.fromkeys(s.mention.text for _, s in here if s.mention.text != place.name)),
            tuple(Mention(field, s.mention.start, s.mention.end) for field, s in here),
            all(s.is_guess for _, s in here),
        )
        for place, here in grouped.items()
    ]


def place_entity(
    place: Place,
    origin: str,
    aliases: tuple[str, ...] = (),
    mentions: tuple[Mention, ...] = (),
    ambiguous: bool = False,
) -> Entity:
    """The entity that *place* is in an article."""
    return Entity(
        field="places",
        name=place.name,
        key=place.key,
        origin=origin,
        aliases=aliases,
        mentions=mentions,
        ambiguous=ambiguous,
        country=place.country,
        kind=place.kind,
        latitude=place.latitude,
        longitude=place.longitude,
    )
