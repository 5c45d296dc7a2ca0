"""Places named in a text, and which of several places of one name is meant.

A capitalised word that a place bears is a place unless more of a name stands beside it: "Boston"
and "Boston, Mass." are, "Boston Globe" is not. Words of the dictionary ("Reading") and small towns
need more: a preposition before, or the region or country behind.

Which Georgia is meant is said beside it ("Atlanta, Georgia"), else by the other places of the
article; where neither says it, it is the weightiest, marked as ambiguous.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from searchsvc.extract.gazetteer import LONGEST, Place, gazetteer
from searchsvc.extract.runs import Run
from searchsvc.extract.vocabulary import vocabulary

_LARGE = 100_000  # inhabitants; a smaller town needs a word that says so
_WELL_KNOWN = 400_000  # a city that a word of the dictionary or a first name may mean
_INSIDE = re.compile(r"(?:, | \()")
_KIND_AFTER = re.compile(
    r" (?:province|state|city|county|region|district|town|governorate|prefecture|republic|peninsula"
    r"|area|oblast|canton|airport|suburb|village|coast)s?\b"
)
_REGION_AFTER = re.compile(r" (?:state|province|region|governorate|prefecture|oblast)\b", re.I)
_DIRECTIONS = frozenset(
    "north south east west northern southern eastern western central upper lower greater inner"
    " outer northeastern northwestern southeastern southwestern northeast northwest southeast"
    " southwest mainland downtown occupied rural metropolitan continental".split()
)
_RIVAL = 1.5  # weight: another place of the name, up to 30 times smaller, may be meant
_NEIGHBOURS = {"GE": "RU AM AZ TR UA XR35 XR36"}
_PEERS = ("prince", "princess", "duke", "duchess", "earl", "countess", "marquess", "bishop")
_COMPANY = ("Inc", "Corp", "Co", "Ltd", "Plc", "PLC", "Times", "Post")
# Behind a place, beside titles: "Karnataka Chief Minister", "Leeds Crown Court".
_OFFICIAL = frozenset("prime chief deputy police state city county crown high".split())
_KINDS = frozenset(
    "Province State City County Region District Governorate Republic Prefecture".split()
)


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A mention of a place: where it stands, and what it can mean, the weightiest first."""

    start: int
    end: int
    text: str
    meanings: tuple[Place, ...]
    is_region: bool = False  # "state" or "province" is said of it


def find_places(runs: Iterable[Run], taken: set[int]) -> list[NamedPlace]:
    """The mentions in *runs* of one text, where no word *taken* (by its beginning) is in them."""
    beginnings = gazetteer().beginnings
    return [
        place
        for run in runs
        if len(run.words) > 1 or run.words[0] in beginnings
        for place in _in_run(run, taken)
    ]


def _in_run(run: Run, taken: set[int]) -> Iterator[NamedPlace]:
    places = gazetteer()
    words = run.words
    at = 0
    while at < len(words):
        if words[at] not in places.beginnings or run.starts[at] in taken:
            at += 1
            continue
        end, meanings = _longest(run, at, taken)
        if meanings and _is_meant(run, at, end, meanings):
            text = " ".join(words[at:end])
            is_region = _REGION_AFTER.match(run.text, run.ends[end - 1]) is not None
            yield NamedPlace(run.starts[at], run.ends[end - 1], text, meanings, is_region)
        at = max(end, at + 1)


def _longest(run: Run, at: int, taken: set[int]) -> tuple[int, tuple[Place, ...]]:
    """The most words from *at* on that are the name of a place, where they end, what they mean."""
    words = run.words
    for end in range(min(len(words), at + LONGEST), at, -1):
        meanings = gazetteer().find(words[at:end])
        if meanings and not any(start in taken for start in run.starts[at:end]):
            return end, meanings
    return at, ()


def _is_meant(run: Run, at: int, end: int, meanings: tuple[Place, ...]) -> bool:
    best = meanings[0]
    known = vocabulary()
    words = run.words
    before = words[at - 1].lower().rstrip(".") if at else ""
    after = words[end] if end < len(words) else ""
    if after.lower() in known.organisation_words and after not in _KINDS and not best.is_country:
        return False
    if _is_of_a_name(words, at):
        return False
    if best.weight > 20:  # a country or a continent is meant nearly everywhere
        return after.rstrip(".") not in _COMPANY
    name = " ".join(words[at:end])
    if after and not _may_stand_after(after):
        return False
    if before and not _may_stand_before(before, words[at - 1]):
        return False
    preposition = run.word_before(at)
    located = (
        preposition in known.prepositions
        or before in known.prepositions
        or preposition in _DIRECTIONS
        or _KIND_AFTER.match(run.text, run.ends[end - 1]) is not None
        or _is_followed_by_a_place(run, end)
        or (best.kind == "region" and run.text.startswith(", ", run.starts[at] - 2))
        or (before == "and" and at > 1 and gazetteer().has(words[at - 2]))
    )
    plain = name.lower()
    if best.kind in ("area", "water", "mountains"):
        is_word = plain in known.words or name in known.first_names
        return not is_word or located or (plain not in known.words and not run.first)
    if plain in known.words or (name in known.first_names and best.kind != "capital"):
        return best.population >= (_LARGE if located else _WELL_KNOWN * 4)
    if best.kind == "city" and best.population < _LARGE:
        return located
    return best.kind != "region" or located or best.population >= _WELL_KNOWN


def _is_of_a_name(words: tuple[str, ...], at: int) -> bool:
    """Whether it stands in Prince of Wales, or Bank of America."""
    if at < 2 or words[at - 1] not in ("of", "of the"):
        return False
    owner = words[at - 2].lower()
    return owner in _PEERS or (words[at] == "America" and owner in vocabulary().organisation_words)


def _may_stand_after(word: str) -> bool:
    small = word.lower().rstrip(".")
    return (
        word in _KINDS
        or small in _OFFICIAL
        or (small in vocabulary().titles and not small.endswith("s"))  # St. Louis Cardinals
        or small in vocabulary().not_names
        or small in ("and", "of")
        or gazetteer().has(word)
    )


def _may_stand_before(before: str, word: str) -> bool:
    known = vocabulary()
    return (
        before in known.not_names
        or before in known.nationalities
        or before in _DIRECTIONS
        or before in ("and", "of", "of the", "the")
        or word in _KINDS
        or gazetteer().has(word)
    )


def _is_followed_by_a_place(run: Run, end: int) -> bool:
    if end < len(run.words):
        return False
    rest = run.text[run.ends[-1] : run.ends[-1] + 40]
    comma = _INSIDE.match(rest)
    if not comma:
        return False
    word = re.match(r"[^\s,;()]+(?: [A-Z][^\s,;()]+)?", rest[comma.end() :])
    if not word:
        return False
    name = word.group().rstrip(".")
    return any(
        gazetteer().has(form)
        for form in (word.group(), name, name.split(" ")[0], word.group().split(" ")[0])
    )


def dateline_places(dateline: str) -> list[NamedPlace]:
    """The mentions in a dateline: "EDEN PRAIRIE, Minn., March 2", "MOSCOW (AP)"."""
    found: list[NamedPlace] = []
    place = 0
    for part in dateline.split(","):
        name = part.partition("(")[0].strip()
        start = place + part.find(name) if name else place
        place += len(part) + 1
        is_place = name and not name[-1].isdigit()
        meanings = gazetteer().find((name,)) or gazetteer().find_folded(name) if is_place else ()
        if not found:  # a story comes from a town
            towns = tuple(p for p in meanings if p.kind in ("city", "capital"))
            meanings = towns or meanings
        if meanings:
            found.append(NamedPlace(start, start + len(name), name, meanings))
    return found


# -- which is meant ------------------------------------------------------------------------------


@dataclass(slots=True)
class Settled:
    """A mention and the place that it is of; `is_guess` if another may be meant."""

    mention: NamedPlace
    place: Place
    is_guess: bool = False


def settle(mentions: list[tuple[str, NamedPlace]]) -> list[tuple[str, Settled]]:
    """The place that each of *mentions*, pairs of a field and a mention in it, is of."""
    said: dict[str, Place] = {}  # texts of which it is said once where they are
    told: dict[int, Place] = {}  # mentions of which it is said here, by their number
    unknown: set[int] = set()
    for at, (where, mention) in enumerate(mentions):
        if mention.is_region and (regions := [p for p in mention.meanings if p.kind == "region"]):
            told[at] = regions[0]
        if at + 1 == len(mentions) or mentions[at + 1][0] != where:
            continue
        outer = mentions[at + 1][1]
        if 0 < outer.start - mention.end <= 2 and at not in told:
            _tell(at, mention, outer, told, said, unknown)
    evidence = _Evidence(mentions, said)
    settled = []
    for at, (where, mention) in enumerate(mentions):
        if at in unknown:
            continue
        place = told.get(at) or said.get(mention.text)
        one = Settled(mention, place) if place else _choose(mention, evidence)
        settled.append((where, one))
    return settled


def _tell(
    at: int,
    mention: NamedPlace,
    outer: NamedPlace,
    told: dict[int, Place],
    said: dict[str, Place],
    unknown: set[int],
) -> None:
    """Notes what "Paris, Texas" says of both."""
    if outer.meanings[0] in mention.meanings:  # Washington, D.C.
        said.setdefault(mention.text, outer.meanings[0])
        return
    for whole in outer.meanings:
        for place in mention.meanings:
            if whole.kind not in ("city", "capital") and _lies_in(place, whole):
                said.setdefault(mention.text, place)
                told[at], told[at + 1] = place, whole
                return
    region, best = outer.meanings[0], mention.meanings[0]
    # A town of that region which the gazetteer does not have: Peru, Indiana.
    may_be_a_town = best.kind == "city" or region.country == "US"
    is_region = any(place.kind == "region" for place in mention.meanings)
    if region.kind == "region" and may_be_a_town and not is_region:
        unknown.add(at)


class _Evidence:
    """Countries and regions that an article names beyond doubt, and how often."""

    def __init__(self, mentions: list[tuple[str, NamedPlace]], said: dict[str, Place]) -> None:
        sure = [m.meanings[0] for _, m in mentions if len(m.meanings) == 1]
        sure += [m.meanings[0] for _, m in mentions if len(m.meanings) > 1 and _is_clear(m)]
        sure += said.values()
        self.countries = Counter(place.country or place.key for place in sure)
        self.regions = Counter(_region(place) for place in sure)


def _is_clear(mention: NamedPlace) -> bool:
    """Whether a country is meant, and no state of America bears its name."""
    best, *others = mention.meanings
    return best.is_country and not any(place.key.startswith("US.") for place in others)


def _region(place: Place) -> str:
    return place.key if place.key.count(".") == 1 else place.key.rpartition(".")[0]


def _choose(mention: NamedPlace, evidence: _Evidence) -> Settled:
    best, *others = mention.meanings
    if best.is_country:
        state = next((p for p in others if p.kind == "region" and p.country == "US"), None)
        if state is None:
            return Settled(mention, best)
        for_state = evidence.regions[state.key] + (evidence.countries["US"] > 1)
        for_country = evidence.countries[best.country] + _neighbours(best, evidence)
        if for_state > for_country:
            return Settled(mention, state)
        return Settled(mention, best, is_guess=for_state == for_country)
    rivals = [place for place in others if best.weight - place.weight < _RIVAL]
    if not rivals:
        return Settled(mention, best)
    near = [p for p in (best, *rivals) if evidence.regions[_region(p)]]
    near = near or [p for p in (best, *rivals) if evidence.countries[p.country or p.key]]
    if near:
        return Settled(mention, best if best in near else near[0])
    return Settled(mention, best, is_guess=True)


def _neighbours(country: Place, evidence: _Evidence) -> int:
    """How many of the countries named lie near: Russia, for Georgia."""
    near = _NEIGHBOURS.get(country.key, "").split()
    return sum(evidence.countries[code] > 0 for code in near)


def _lies_in(place: Place, outer: Place) -> bool:
    if place.key == outer.key:
        return False
    in_country = outer.is_country and place.country == outer.country
    return place.key.startswith(outer.key + ".") or in_country
