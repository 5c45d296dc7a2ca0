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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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

    @classmethod
    def from_row(cls, row: Sequence[str]) -> "Place":
        """The place of a row of places.tsv."""
        key, name, country, kind, latitude, longitude, population, _, shown = row
        return cls(
            key,
            shown or name,
            country,
            kind,
            float(latitude) if latitude else None,
            float(longitude) if longitude else None,
            int(population),
        )

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
    """Places by name; `rows` are those of places.tsv, the weightiest first.

    A place is made of its row when it is asked for: an article names few of them.
    """

    def __init__(self, rows: list[list[str]]) -> None:
        self._rows = rows
        self._places: dict[int, Place] = {}
        self._found: dict[str, tuple[Place, ...]] = {}
        self._numbers: dict[str, list[int]] = {}  # rows by each form of their name
        for number, row in enumerate(rows):
            for form in forms(row):
                numbers = self._numbers.setdefault(form, [])
                if numbers[-1:] != [number]:
                    numbers.append(number)
        self.beginnings = frozenset(form.partition(" ")[0] for form in self._numbers)

    def find(self, words: tuple[str, ...]) -> tuple[Place, ...]:
        """What the words mean together, the weightiest first; () if nothing."""
        form = " ".join(words)
        found = self._found.get(form)
        if found is None:
            numbers = self._numbers.get(form)
            if not numbers:
                return ()
            found = self._found[form] = tuple(map(self._place, numbers))
        return found

    def find_folded(self, name: str) -> tuple[Place, ...]:
        """The same, whatever the case and accents; of one text."""
        return tuple(map(self._place, self._folded.get(fold(name), ())))

    def _place(self, number: int) -> Place:
        place = self._places.get(number)
        if place is None:
            place = self._places[number] = Place.from_row(self._rows[number])
        return place

    @functools.cached_property
    def _folded(self) -> dict[str, list[int]]:
        folded: dict[str, set[int]] = {}
        for form, numbers in self._numbers.items():
            folded.setdefault(fold(form), set()).update(numbers)
        return {form: sorted(numbers) for form, numbers in folded.items()}

    @functools.cached_property
    def shouted(self) -> dict[str, str]:
        """Names of several words by how capitals write them: not of small towns and regions."""
        result = {}
        for form, (number, *_) in self._numbers.items():
            if " " in form and len(form) == len(form.upper()):
                first = self._place(number)
                if first.kind not in ("region", "city") or first.weight > _SHOUTED:
                    result[form.upper()] = form
        return result

    def has(self, name: str) -> bool:
        """Whether *name* means a place."""
        return name in self._numbers

    def is_large(self, name: str) -> bool:
        """Whether *name* means a country or a continent."""
        return name in self._numbers and self._first(name).weight > LARGE

    def is_country(self, name: str) -> bool:
        """Whether *name* means a country."""
        return name in self._numbers and self._first(name).is_country

    def _first(self, name: str) -> Place:
        return self._place(self._numbers[name][0])


def forms(row: Sequence[str]) -> Iterator[str]:
    """How a place's name is written, by its row: with and without accents."""
    for form in (row[1], *row[7].split(";")):
        if len(form) > 2 or (form and row[3] in _COUNTRIES):
            yield form
            if not form.isascii():
                yield _plain(form)


def _plain(form: str) -> str:
    """*form* without accents; its capitals stay."""
    return "".join(
        letter if letter.isascii() else (fold(letter).title() if letter.isupper() else fold(letter))
        for letter in form
    )


@functools.cache
def gazetteer() -> Gazetteer:
    """The gazetteer. Takes 0.1 s and 20 MB when first called."""
    return Gazetteer(table("places.tsv"))
