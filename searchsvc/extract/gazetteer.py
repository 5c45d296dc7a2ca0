"""The places that names can mean, from GeoNames and lists of our own.

>>> gazetteer().find(("Cote", "d'Ivoire"))[0].name
'Ivory Coast'
>>> [place.key for place in gazetteer().find(("Georgia",))]
['GE', 'US.GA']

A name may mean several places; they come in the order of their weight: countries, then the larger
before the smaller. No two places have one `name`: the lesser have their country or state added.
"""

import functools
import math
from collections import defaultdict
from dataclasses import dataclass, replace

from searchsvc.analysis import fold
from searchsvc.extract.vocabulary import table

_COUNTRIES = ("country", "former country")
# How much a kind weighs beside its people: nobody means the town of Jordan by "Jordan".
_WEIGHT = {"country": 30, "former country": 28, "continent": 26, "capital": 1, "region": -0.9}
LARGE = 20  # weight that only countries and continents have
_SHOUTED = 5.5  # weight of a region or city: some 300,000 people
LONGEST = 6  # words of a name


@dataclass(frozen=True, slots=True)
class Place:
    """A place: `country` is its code in ISO 3166 or "", degrees are north and east, or None.

    `kind`: country, former country, region, capital, city, continent, area, water, mountains.
    """

    key: str
    name: str
    country: str
    kind: str
    latitude: float | None
    longitude: float | None
    population: int

    @property
    def weight(self) -> float:
        """What makes it the one that is meant, beside others of its name."""
        listed = 8.0 if self.kind in ("area", "water", "mountains") else 0.0
        return _WEIGHT.get(self.kind, 0.0) + listed + math.log10(self.population + 1)

    @property
    def is_country(self) -> bool:
        """Whether it is a country, today's or one that is gone."""
        return self.kind in _COUNTRIES


class Gazetteer:
    """Places by name."""

    def __init__(self, rows: list[list[str]]) -> None:
        places: dict[str, list[Place]] = defaultdict(list)
        for key, name, country, kind, latitude, longitude, population, others in rows:
            place = Place(
                key,
                name,
                country,
                kind,
                float(latitude) if latitude else None,
                float(longitude) if longitude else None,
                int(population),
            )
            for form in (name, *others.split(";")):
                if len(form) > 2 or (form and place.is_country):
                    places[form].append(place)
                    plain = _plain(form)
                    if plain != form:
                        places[plain].append(place)
        names = _one_name_each(places)
        self._places = {
            form: tuple(names[place.key] for place in _by_weight(found))
            for form, found in places.items()
        }
        folded: dict[str, list[Place]] = defaultdict(list)
        for form, found in self._places.items():
            folded[fold(form)] += found
        self._folded = {form: tuple(_by_weight(found)) for form, found in folded.items()}
        self.beginnings = frozenset(form.partition(" ")[0] for form in self._places)
        firsts = {form: found[0] for form, found in self._places.items()}
        self._large = frozenset(form for form, place in firsts.items() if place.weight > LARGE)
        self._countries = frozenset(form for form, place in firsts.items() if place.is_country)

    def find(self, words: tuple[str, ...]) -> tuple[Place, ...]:
        """What the words mean together, the weightiest first; () if nothing."""
        return self._places.get(" ".join(words), ())

    def find_folded(self, name: str) -> tuple[Place, ...]:
        """The same, whatever the case and accents; of one text."""
        return self._folded.get(fold(name), ())

    @functools.cached_property
    def shouted(self) -> dict[str, str]:
        """Names of several words by how capitals write them: not of small towns and regions."""
        return {
            form.upper(): form
            for form, found in self._places.items()
            if " " in form
            and len(form) == len(form.upper())
            and (found[0].kind not in ("region", "city") or found[0].weight > _SHOUTED)
        }

    def has(self, name: str) -> bool:
        """Whether *name* means a place."""
        return name in self._places

    def is_large(self, name: str) -> bool:
        """Whether *name* means a country or a continent."""
        return name in self._large

    def is_country(self, name: str) -> bool:
        """Whether *name* means a country."""
        return name in self._countries


def _plain(form: str) -> str:
    """*form* without accents; its capitals stay."""
    if form.isascii():
        return form
    return "".join(
        letter if letter.isascii() else (fold(letter).title() if letter.isupper() else fold(letter))
        for letter in form
    )


def _by_weight(found: list[Place]) -> list[Place]:
    return sorted(set(found), key=lambda place: (-place.weight, place.key))


def _one_name_each(places: dict[str, list[Place]]) -> dict[str, Place]:
    """The places by key; what shares its name with a weightier one has its country added."""
    by_key = {place.key: place for found in places.values() for place in found}
    taken: set[str] = set()
    told_apart = {}
    for place in sorted(by_key.values(), key=lambda place: (-place.weight, place.key)):
        first = _by_weight(places[place.name])[0]
        name = place.name if first == place else f"{place.name} ({_where(place, by_key)})"
        if name in taken:
            name = f"{name} {place.key.rpartition('.')[2]}"
        taken.add(name)
        told_apart[place.key] = replace(place, name=name)
    return told_apart


def _where(place: Place, by_key: dict[str, Place]) -> str:
    """What tells a place from others of its name: its region, or its country."""
    country = by_key[place.country].name if place.country in by_key else "region"
    if place.kind == "region":
        return "state" if country == "United States" else country
    region = by_key.get(place.key.rpartition(".")[0])
    return region.name if region and region.name != place.name else country


@functools.cache
def gazetteer() -> Gazetteer:
    """The gazetteer. Takes 0.3 s and 30 MB when first called."""
    return Gazetteer(table("places.tsv"))
