"""One person, many spellings: which mentions of an article are of the same person.

Full names come first; a surname, or a first name, then belongs to the full name it is a part of:
of those named before it, or if none fits, of any in the article. Near spellings (Jeffery, Jeffrey)
are one name under guards, since one letter also parts Markey from market. A lone surname that two
people may bear is nobody's: it is marked as ambiguous.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

from searchsvc.extract.gazetteer import gazetteer
from searchsvc.extract.people import NamedPerson
from searchsvc.extract.vocabulary import vocabulary

# Lists of names may hold thousands: beyond these, of one surname and of surnames that begin alike,
# nobody is compared.
_MOST_BEARERS = 8
_MOST_NEAR = 12
_SHORTEST_NEAR = 6  # letters of a surname that may be spelt with another letter
_SHORTEST_TWO = 8  # letters of one that may differ in two, as in the query language
SUFFIXES = frozenset(["jr", "sr", "ii", "iii", "iv"])
_PARTICLES = frozenset("de van von der den di da du le la al el bin ibn abu del della".split())
_MEN = frozenset(["mr", "sir", "lord", "king", "prince"])
_WOMEN = frozenset(["mrs", "ms", "miss", "dame", "lady", "queen", "princess"])


@dataclass(slots=True)
class Person:
    """The mentions of one person in an article, in their order, by field."""

    words: tuple[str, ...]
    mentions: list[tuple[str, NamedPerson]] = field(default_factory=list)
    ambiguous: bool = False

    @property
    def surname(self) -> str:
        """The last word of the name but for a suffix."""
        return surname(self.words)

    @property
    def is_full(self) -> bool:
        """Whether a first name is known: De Bruyne is a surname."""
        return len(self.words) > 1 and self.words[0].lower() not in _PARTICLES


def people(mentions: Iterable[tuple[str, NamedPerson]]) -> list[Person]:
    """The people that *mentions*, pairs of a field and a mention in it, are of."""
    known = _Known()
    short: list[tuple[str, NamedPerson, int]] = []  # and how many had been named in full
    for where, mention in mentions:
        if len(_without_suffix(mention.words)) < 2 or mention.words[0].lower() in _PARTICLES:
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
            person.ambiguous = len(known.called(person.surname)) > 1
    return known.people


class _Known:
    """The people named so far, by what a name may share with another of the same person."""

    def __init__(self) -> None:
        self.people: list[Person] = []
        self._numbers: dict[int, int] = {}  # of people, by identity
        self._by_word: dict[str, list[Person]] = defaultdict(list)  # of full names, small letters
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
        if not person.is_full:
            self._lone.setdefault(" ".join(person.words).lower(), person)
            return
        for word in person.words:
            found = self._by_word[word.lower()]
            if person not in found[-1:]:
                found.append(person)
        near = self._by_start[_start(person.surname)]
        if person not in near[-1:]:
            near.append(person)

    def same(self, words: tuple[str, ...]) -> Person | None:
        """Who bears the full name *words*, first of those whose surname is this or nearly so."""
        last = surname(words)
        candidates = [*self._by_word[last.lower()], *self._by_start[_start(last)][:_MOST_NEAR]]
        fitting = (p for p in candidates[:_MOST_BEARERS] if is_same(p.words, words))
        return min(fitting, key=lambda p: self._numbers[id(p)], default=None)

    def called(self, name: str) -> list[Person]:
        """The people with a first name whose surname is *name*."""
        return [p for p in self._by_word[name.lower()] if p.surname.lower() == name.lower()]

    def bearer(self, mention: NamedPerson, introduced: int) -> Person | None:
        """Whose lone name *mention* is: of the first *introduced* people, or else of all.

        None if nobody's, or the one marked ambiguous if two people may be meant.
        """
        name = " ".join(mention.words)
        plain = name.lower()
        lone = self._lone.get(plain)
        last = mention.words[-1].lower()
        bearers = self._by_word[last][:_MOST_BEARERS]
        near = self._by_start[_start(name)][:_MOST_NEAR]
        for fits, candidates in (
            (lambda p: " ".join(p.words).lower().endswith(f" {plain}"), bearers),
            (lambda p: p.surname.lower() == plain, bearers),
            (lambda p: plain in [w.lower() for w in p.words[1:]], bearers),
            (lambda p: is_near(p.surname, name), near),
            (lambda p: p.words[0].lower() == plain, bearers),
        ):
            fitting = [p for p in candidates if fits(p)]
            before = [p for p in fitting if self._numbers[id(p)] < introduced]
            fitting = before or fitting
            if len(fitting) > 1 and mention.title:
                fitting = [p for p in fitting if _titles_agree(p, mention.title)] or fitting
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                return lone
        return lone


def _start(word: str) -> str:
    return word[:2]


def _titles_agree(person: Person, title: str) -> bool:
    titles = {mention.title for _, mention in person.mentions if mention.title}
    if title in titles:
        return True
    return bool((titles & _MEN and title in _MEN) or (titles & _WOMEN and title in _WOMEN))


def is_same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two full names, by their words, can be of one person."""
    one, other = _without_suffix(one), _without_suffix(other)
    shorter, longer = sorted((one, other), key=len)
    if longer[-len(shorter) :] == shorter:  # Céu Antunes, Maria do Céu Antunes
        return True
    if not (one[-1].lower() == other[-1].lower() or is_near(one[-1], other[-1])):
        return False
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
    one, other = one.lower().rstrip("."), other.lower().rstrip(".")
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


def surname(words: tuple[str, ...]) -> str:
    """The last word of a name but for "Jr." and its like."""
    return _without_suffix(words)[-1]


def _without_suffix(words: tuple[str, ...]) -> tuple[str, ...]:
    if len(words) > 1 and words[-1].lower().rstrip(".") in SUFFIXES:
        return words[:-1]
    return words


def _is_fuller(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    def letters(words: tuple[str, ...]) -> tuple[int, int]:
        spelt = [word for word in words if len(word.rstrip(".")) > 1 and "." not in word]
        return len(spelt), len(words)

    return letters(one) > letters(other)
