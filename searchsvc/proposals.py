"""Names of an archive that may be one person's or one place's, with what speaks for it.

    Geoffery Haldane -> Geoffrey Haldane: near spelling; in 1 and 5 articles, 1 names both

Nothing is merged: a proposal is a line for `corrections.tsv`, for a person to judge. Names are
compared within blocks of one surname, or of surnames a letter apart, never each with each.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as default
from itertools import combinations, product
from typing import TypeVar

from searchsvc.engines.base import Engine
from searchsvc.extract.correcting import Corrector
from searchsvc.extract.corrections import CorrectionList, plain
from searchsvc.extract.judging import last_word
from searchsvc.extract.spelling import first_names_agree, is_near
from searchsvc.extract.vocabulary import vocabulary
from searchsvc.names import FIELDS, every_article

_DOMINATES = 4  # times as many articles as the next who may be meant
_LOOKED_AT = 2000  # articles of a name, for its company
_SHOWN = 3  # names of the company
_SHORTEST_NEAR = 6  # letters; `is_near` takes no shorter

SAME = "the same but for case and accents"
NEAR = "near spelling"
SHORT = "short form"
MIDDLE = "with and without a middle name"
INITIALS = "initials"
LONE = "surname alone"
LOOSE = "near spelling and short form"
# What is weak by itself is proposed only if others are named with both.
_NEEDS_COMPANY = (SHORT, INITIALS, LONE, LOOSE)
_WIDE = ("country", "former country", "continent")  # that two share a country says nothing


@dataclass(frozen=True, slots=True)
class Proposal:
    """That `name` be merged `into` another, and why.

    `articles` tells how many bear the name, the other, both. `company` are the people and places
    that are named with both, the most telling first: those with the fewest articles.
    """

    field: str
    name: str
    into: str
    reason: str
    articles: tuple[int, int, int]
    company: tuple[str, ...]

    @property
    def line(self) -> str:
        """A line for corrections.tsv."""
        one, other, both = self.articles
        parts = [self.reason, f"in {one:,} and {other:,} articles, {both:,} with both"]
        if self.company:
            more = len(self.company) - _SHOWN
            shown = ", ".join(self.company[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
            parts.append(f"near both: {shown}")
        return "\t".join(("merge", self.field, self.name, self.into, f"# {'; '.join(parts)}"))


@dataclass(eq=False, slots=True)
class _Name:
    """A name of the archive, and the numbers of the articles that bear it."""

    field: str
    name: str
    key: str
    kind: str  # of a place that the gazetteer has
    articles: list[int] = default(default_factory=list)

    words: list[str] = default(init=False)  # without "Jr." and its like
    given: list[str] = default(init=False)  # of those, what stands before the surname
    is_initialled: bool = default(init=False)

    def __post_init__(self) -> None:
        self.words = self.name.split()
        last = last_word(tuple(self.words))
        while self.words[-1] != last:
            self.words.pop()
        self.given = self.words[:-1]
        self.is_initialled = bool(self.given) and all(map(_is_initial, self.given))

    @property
    def rank(self) -> tuple[bool, bool, int, int, bool, str]:
        """What is merged goes into what ranks higher; so no proposals go round in a circle."""
        given = self.given
        known = bool(given) and given[0] in vocabulary().first_names
        initials = len(_initials(given)) if self.is_initialled else 0
        return bool(given), not initials, initials, len(self.articles), known, self.name


T = TypeVar("T")
Pair = tuple[_Name, _Name, str]


def proposals(
    engine: Engine, corrections: CorrectionList, fields: Iterable[str] = FIELDS
) -> list[Proposal]:
    """The merges to propose, those with the most company first; none that *corrections* settle."""
    names, of_article = _collected(engine)
    settled = _Settled(corrections)
    found: dict[_Name, tuple[_Name, str]] = {}
    for wanted in fields:
        those = [one for one in names.values() if one.field == wanted]
        for one, other, reason in (_people if wanted == "people" else _places)(those):
            lesser, greater = sorted((one, other), key=lambda name: name.rank)
            if not settled.has(wanted, lesser.name, greater.name):
                known = found.get(lesser)
                if known is None or known[0].rank < greater.rank:
                    found[lesser] = (greater, reason)
    made = [_proposal(one, *into, of_article) for one, into in found.items()]
    kept = [one for one in made if one.company or one.reason not in _NEEDS_COMPANY]
    return sorted(kept, key=lambda one: (-len(one.company), -one.articles[1], one.line))


class _Settled:
    """Which pairs of names people have judged."""

    def __init__(self, corrections: CorrectionList) -> None:
        self._corrector = Corrector(corrections)
        self._apart = {
            (one.field, *sorted((one.name, one.other)))
            for one in corrections
            if one.verb in ("differ", "split")
        }

    def has(self, field: str, one: str, other: str) -> bool:
        one, other = plain(one), plain(other)
        # A name that is on its way to another one is not in the index after the next run.
        is_moved = any(self._corrector.final(field, name) != name for name in (one, other))
        return is_moved or (field, *sorted((one, other))) in self._apart


def _collected(engine: Engine) -> tuple[dict[tuple[str, str], _Name], list[list[_Name]]]:
    """Names by field and name, and the names of each article."""
    names: dict[tuple[str, str], _Name] = {}
    of_article: list[list[_Name]] = []
    for number, article in enumerate(every_article(engine)):
        borne = {(entity.field, entity.name): entity for entity in article.entities}
        for place, entity in borne.items():
            if place not in names:
                names[place] = _Name(*place, entity.key, entity.kind)
            names[place].articles.append(number)
        of_article.append([names[place] for place in borne])
    return names, of_article


def _proposal(one: _Name, other: _Name, reason: str, of_article: list[list[_Name]]) -> Proposal:
    both = len(set(one.articles).intersection(other.articles))
    company = _company(one, of_article) & _company(other, of_article)
    # Another spelling of the surname speaks for nothing.
    company = {name for name in company if name.words[-1] not in (one.words[-1], other.words[-1])}
    telling = sorted(company, key=lambda name: (len(name.articles), name.name))
    shown = tuple(dict.fromkeys(name.name for name in telling))
    counts = (len(one.articles), len(other.articles), both)
    return Proposal(one.field, one.name, other.name, reason, counts, shown)


def _company(one: _Name, of_article: list[list[_Name]]) -> set[_Name]:
    everybody = {name for number in one.articles[:_LOOKED_AT] for name in of_article[number]}
    return {name for name in everybody if name.kind not in _WIDE}


# -- who may be one ------------------------------------------------------------------------------


def _people(names: list[_Name]) -> Iterator[Pair]:
    yield from _same_key(names)
    blocks = _grouped(names, lambda one: one.words[-1].lower())
    for block in blocks.values():
        yield from _within(block)
    surnames = _grouped((one for one in names if one.given), lambda one: one.words[-1])
    for one, other in _near(surnames):
        for first, second in product(surnames[one], surnames[other]):
            if _given_agree(first, second):
                yield first, second, NEAR if first.given[0] == second.given[0] else LOOSE


def _places(names: list[_Name]) -> Iterator[Pair]:
    yield from _same_key(names)
    unlisted = {one.name: one for one in names if not one.kind}
    for one, other in _near(unlisted):
        yield unlisted[one], unlisted[other], NEAR


def _same_key(names: list[_Name]) -> Iterator[Pair]:
    for block in _grouped(names, lambda one: one.key).values():
        first = max(block, key=lambda one: one.rank)
        yield from ((one, first, SAME) for one in block if one is not first)


def _within(block: list[_Name]) -> Iterator[Pair]:
    """Pairs among the names of one surname."""
    full = [one for one in block if one.given]
    spelt_out = [one for one in full if not one.is_initialled]
    by_first = _grouped(spelt_out, lambda one: one.given[0])
    for same in by_first.values():
        for one, other in combinations(same, 2):
            if _given_agree(one, other):
                yield one, other, MIDDLE
    for first, second, reason in _firsts(by_first):
        for one, other in product(by_first[first], by_first[second]):
            if _middles_agree(one, other):
                yield one, other, reason
    for one in full:
        if one.is_initialled:
            yield from _dominating(one, [o for o in full if _initials_agree(one, o)], INITIALS)
    for one in block:
        if not one.given:
            yield from _dominating(one, full, LONE)


def _firsts(by_first: dict[str, list[_Name]]) -> Iterator[tuple[str, str, str]]:
    """First names of one surname that may be one."""
    for letter in _grouped(by_first, lambda first: first[0]).values():
        for one, other in combinations(letter, 2):
            if is_near(one, other):
                yield one, other, NEAR
    folded = {first.lower(): first for first in by_first}
    for first in by_first:
        for short in vocabulary().short_forms.get(first.lower(), ()):
            if short in folded and first < folded[short]:
                yield first, folded[short], SHORT


def _dominating(one: _Name, others: list[_Name], reason: str) -> Iterator[Pair]:
    """The pair of *one* and who is surely the one meant, if anybody is."""
    ranked = sorted(others, key=lambda name: -len(name.articles))
    if ranked and all(
        len(ranked[0].articles) >= _DOMINATES * len(next_one.articles) for next_one in ranked[1:2]
    ):
        yield one, ranked[0], reason


def _given_agree(one: _Name, other: _Name) -> bool:
    return first_names_agree(one.given[0], other.given[0]) and _middles_agree(one, other)


def _middles_agree(one: _Name, other: _Name) -> bool:
    # George W. and George H. W. are two; George and George W. may be one.
    middle, others = _initials(one.given[1:]), _initials(other.given[1:])
    return not middle or not others or middle == others


def _initials_agree(one: _Name, other: _Name) -> bool:
    """Whether the initials of *one* can stand for the given names of *other*: K. for A. K. too."""
    short, long = _initials(one.given), _initials(other.given)
    if one is other or len(long) < len(short) or (short == long and other.is_initialled):
        return False
    return long.startswith(short) or long.endswith(short)


def _is_initial(word: str) -> bool:
    return len(word) == 1 or (word.endswith(".") and max(map(len, word.split("."))) == 1)


def _initials(words: Iterable[str]) -> str:
    return "".join(part[:1].lower() for word in words for part in word.split(".") if part)


# -- blocks --------------------------------------------------------------------------------------


def _grouped(those: Iterable[T], by: Callable[[T], str]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for one in those:
        groups[by(one)].append(one)
    return groups


def _near(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of *names* that are near spellings: those that are equal without a letter of each."""
    blocks: dict[str, set[str]] = defaultdict(set)
    for name in names:
        if len(name) < _SHORTEST_NEAR:
            continue
        for place in range(1, len(name)):
            blocks[name[:place] + name[place + 1 :]].add(name)
        blocks[name].add(name)
    pairs = {pair for block in blocks.values() for pair in combinations(sorted(block), 2)}
    return (pair for pair in sorted(pairs) if is_near(*pair))
