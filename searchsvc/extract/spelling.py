"""One person, many spellings: which mentions of an article are of the same person.

Full names come first; a surname, or a first name, then belongs to the full name it is a part of:
of those named before it, or if none fits, of any in the article. Near spellings (Jeffery, Jeffrey)
are one name under guards, since one letter also parts Markey from market. A lone surname that two
people may bear is nobody's: it is marked as ambiguous.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz.distance import OSA

from searchsvc.analysis import fold
from searchsvc.extract.gazetteer import gazetteer
from searchsvc.extract.judging import last_word, without_suffix
from searchsvc.extract.people import NamedPerson
from searchsvc.extract.runs import without_article
from searchsvc.extract.vocabulary import vocabulary

# Lists of names may hold thousands: beyond these, of one surname and of surnames that begin alike,
# nobody is compared.
_MOST_BEARERS = 8
_MOST_NEAR = 12
_SHORTEST_NEAR = 6  # letters of a surname that may be spelt with another letter
_SHORTEST_TWO = 8  # letters of one that may differ in two, as in the query language
_PARTICLES = frozenset("de van von der den di da du le la al el bin ibn abu del della".split())
_MEN = frozenset(["mr", "sir", "lord", "king", "prince"])
_WOMEN = frozenset(["mrs", "ms", "miss", "dame", "lady", "queen", "princess"])


@dataclass(slots=True)
class Person:
    """The mentions of one person in an article, in their order, by field."""

    words: tuple[str, ...]
    mentions: list[tuple[str, NamedPerson]] = field(default_factory=list)
    ambiguous: bool = False
    plain: tuple[str, ...] = ()  # the words but for a suffix, as they are compared

    @property
    def surname(self) -> str:
        """The last word of the name but for a suffix."""
        return last_word(self.words)

    @property
    def is_full(self) -> bool:
        """Whether a first name is known: De Bruyne is a surname."""
        return len(self.words) > 1 and self.words[0].lower() not in _PARTICLES


def people(mentions: Iterable[tuple[str, NamedPerson]]) -> list[Person]:
    """The people that *mentions*, pairs of a field and a mention in it, are of."""
    known = _Known()
    short: list[tuple[str, NamedPerson, int]] = []  # and how many had been named in full
    for where, mention in mentions:
        if len(without_suffix(mention.words)) < 2 or mention.words[0].lower() in _PARTICLES:
            short.append((where, mention, len(known.people) if where != "title" else 0))
            continue
        person = known.same(mention.words)
        if person is None:
            known.add(person := Person(mention.words))
        elif _is_fuller(mention.words, person.words):
            known.rename(person, mention.words)
        person.mentions.append((where, mention))
    for where, mention, introduced in short:
        person = known.bearer(mention, introduced)
        if person is None:
            known.add(person := Person(mention.words))
        person.mentions.append((where, mention))
    for person in known.people:
        if not person.is_full:
            person.ambiguous = len(known.fitting(person.words)) > 1
    return known.people


class _Known:
    """The people named so far, by what a name may share with another of the same person."""

    def __init__(self) -> None:
        self.people: list[Person] = []
        self._numbers: dict[int, int] = {}  # of people, by identity
        self._by_name: dict[tuple[str, ...], Person] = {}  # full names as they are compared
        self._by_surname: dict[str, list[Person]] = defaultdict(list)
        self._by_word: dict[str, list[Person]] = defaultdict(list)  # of full names
        self._by_start: dict[str, list[Person]] = defaultdict(list)  # of surnames, for near ones
        self._lone: dict[str, Person] = {}  # names without a first name

    def add(self, person: Person) -> None:
        self._numbers[id(person)] = len(self.people)
        self.people.append(person)
        self._list(person)

    def rename(self, person: Person, words: tuple[str, ...]) -> None:
        """Gives *person* a fuller name; the words of the old one still lead there."""
        person.words = words
        self._list(person)

    def _list(self, person: Person) -> None:
        plain = _plain(person.words)
        person.plain = _plain(without_suffix(person.words))
        if not person.is_full:
            self._lone.setdefault(" ".join(plain), person)
            return
        self._by_name.setdefault(plain, person)
        last = person.surname
        lists = [self._by_word[word] for word in plain]
        for found in (*lists, self._by_surname[_letters(last)], self._by_start[_start(last)]):
            if person not in found[-1:]:
                found.append(person)

    def same(self, words: tuple[str, ...]) -> Person | None:
        """Who bears the full name *words*, first of those whose surname is this or nearly so."""
        if known := self._by_name.get(_plain(words)):
            return known
        last = last_word(words)
        near = self._by_start[_start(last)][:_MOST_NEAR]
        candidates = [*self._by_surname[_letters(last)], *near]
        fitting = (p for p in candidates[:_MOST_BEARERS] if is_same(p.words, words))
        return min(fitting, key=lambda p: self._numbers[id(p)], default=None)

    def bearer(self, mention: NamedPerson, introduced: int) -> Person | None:
        """Whose lone name *mention* is: of the first *introduced* people, or else of all.

        None if nobody's, or the one marked ambiguous if two people may be meant.
        """
        found = self.fitting(mention.words)
        found = [p for p in found if self._numbers[id(p)] < introduced] or found
        if len(found) > 1 and mention.title:
            found = [p for p in found if _titles_agree(p, mention.title)] or found
        return found[0] if len(found) == 1 else self._lone.get(" ".join(_plain(mention.words)))

    def fitting(self, words: tuple[str, ...]) -> list[Person]:
        """The people named in full whose lone name *words* may be: by what tells the most."""
        name, plain = " ".join(words), _plain(without_suffix(words))
        surnamed = self._by_surname[plain[-1]][:_MOST_BEARERS]
        bearers = self._by_word[plain[-1]][:_MOST_BEARERS]
        near = self._by_start[_start(name)][:_MOST_NEAR]
        found = [p for p in surnamed if p.plain[-len(plain) :] == plain]
        if len(plain) == 1:
            found = found or [p for p in bearers if plain[0] in p.plain[1:]]
        found = found or [p for p in near if is_near(p.surname, name)]
        if len(plain) == 1:
            found = found or [p for p in bearers if plain[0] == p.plain[0]]
        suffix = words[len(plain) :]
        return [p for p in found if suffix and p.words[-1:] == suffix] or found


@lru_cache(1 << 14)
def _letters(word: str) -> str:
    """*word* as names are compared: Assad, al-Assad and Ássad are one."""
    return fold(without_article(word))


@lru_cache(1 << 12)
def _plain(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_letters, words))


def _start(word: str) -> str:
    return _letters(word)[:2]


def _titles_agree(person: Person, title: str) -> bool:
    titles = {mention.title for _, mention in person.mentions if mention.title}
    if title in titles:
        return True
    return bool((titles & _MEN and title in _MEN) or (titles & _WOMEN and title in _WOMEN))


def is_same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two full names, by their words, can be of one person."""
    one, other = without_suffix(one), without_suffix(other)
    if not (_letters(one[-1]) == _letters(other[-1]) or is_near(one[-1], other[-1])):
        return False
    shorter, longer = sorted((_plain(one), _plain(other)), key=len)
    if longer[-len(shorter) :] == shorter:  # Céu Antunes, Maria do Céu Antunes
        return True
    if not first_names_agree(one[0], other[0]):
        return False
    # George W. and George H.W. are two; George and George W. may be one.
    middle, others = _initials(one[1:-1]), _initials(other[1:-1])
    return not middle or not others or middle == others or middle[:1] == others[:1]


def _initials(words: tuple[str, ...]) -> str:
    return "".join(part[:1].lower() for word in words for part in word.split(".") if part)


def first_names_agree(one: str, other: str) -> bool:
    """Whether two first names, or initials, can be of one person.

    >>> first_names_agree("Bob", "Robert"), first_names_agree("R.", "Robert")
    (True, True)
    >>> first_names_agree("Geoffery", "Geoffrey"), first_names_agree("Christina", "Christine")
    (True, False)
    """
    if _is_misspelt(one, other):
        return True
    one, other = _letters(one).rstrip("."), _letters(other).rstrip(".")
    if one == other or one in vocabulary().short_forms.get(other, ()):
        return True
    shorter, longer = sorted((one.split(".")[0], other.split(".")[0]), key=len)
    return len(shorter) == 1 and longer.startswith(shorter)


def _is_misspelt(one: str, other: str) -> bool:
    """Whether a letter parts two first names that are not both common ones."""
    if min(len(one), len(other)) < _SHORTEST_NEAR or one[:1] != other[:1]:
        return False
    common = vocabulary().common_first_names
    are_two = one in common and other in common
    return not are_two and OSA.distance(one, other, score_cutoff=1) <= 1


def is_near(one: str, other: str) -> bool:
    """Whether two surnames are spellings of one: an edit apart or two, and neither another word.

    >>> is_near("Jeffery", "Jeffrey"), is_near("Markey", "Market")
    (True, False)
    """
    if one == other or min(len(one), len(other)) < _SHORTEST_NEAR or one[:2] != other[:2]:
        return False
    most = 1 if min(len(one), len(other)) < _SHORTEST_TWO else 2
    if OSA.distance(one, other, score_cutoff=most) > most or one.isupper() != other.isupper():
        return False
    if one in (other + "s", other + "n", other + "a") or other in (one + "s", one + "n", one + "a"):
        return False
    words = vocabulary().words
    return not any(
        name.lower() in words or gazetteer().has(name) or name.lower() in vocabulary().nationalities
        for name in (one, other)
    )


def _is_fuller(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    def letters(words: tuple[str, ...]) -> tuple[int, int]:
        spelt = [word for word in words if len(word.rstrip(".")) > 1 and "." not in word]
        return len(spelt), len(words)

    return letters(one) > letters(other)
