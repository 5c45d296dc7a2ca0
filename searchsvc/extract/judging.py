"""Whether words in a row are a person's name: by what they are, and by what stands beside them."""

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache

from searchsvc.analysis import fold
from searchsvc.extract.gazetteer import gazetteer
from searchsvc.extract.runs import Run
from searchsvc.extract.vocabulary import vocabulary

INITIALS = re.compile(r"(?:[^\W\d_]\.-?)+|[^\W\d_]")
_TWO_LETTERS = re.compile(r"[A-Z]J|J[A-OQ-Z]")  # initials without dots that are no firm's: AJ, JD
_SUFFIXES = frozenset(["jr", "sr", "ii", "iii", "iv"])
_ROLE_AFTER = re.compile(
    r",? ?\((?:born|b\.|aged|age|\d\d\))|, (?:\d\d?,|an? |the (?!\w+ said)|who\b|whose\b"
    r"|its\b|his\b|her\b|then\b|former\b|formerly\b|chief\b|chairman\b|president\b|director\b|head\b|vice\b|deputy\b|senior\b"
    r"|professor\b|spokes\w+|\w+ (?:minister|secretary|analyst|economist)\b|aged\b|born\b)"
    r"| (?:was|is) (?:born|an?|the) |'s (?:wife|husband|father|mother|son|daughter|brother|sister"
    r"|career|death|book|novel)\b"
)
_AGE = re.compile(r", [1-9]\d,")
_OFFICES = frozenset(
    "president minister premier chancellor secretary governor chairman spokesman ambassador"
    " director manager officer administration".split()
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december".split()
)
_LETTERS = frozenset(["un", "us", "eu", "uk", "nato", "uae"])  # in capitals; Un is a name
_SHIPS = frozenset("USS HMS HMAS HMCS HMNZS RMS MV MS SS RFA INS USNS USCGC".split())
_AUXILIARIES = frozenset("has had was is were been will would did does have not never also".split())
_BETWEEN = re.compile(r"(?:[,;]|,? (?:and|or|&))[ \n]")
_BETWEEN_ENDS = re.compile(r"(?:[,;]|,? (?:and|or|&))[ \n]$")
_GIVEN_NAME = re.compile(r"([A-Z]\w{0,6})-([a-z]{2,6})")  # Jae-in, behind the family's
_SYLLABLES = frozenset(["in", "moon", "sun", "sung", "young", "bin", "hye"])  # and words
_MOST_WORDS = 5  # of a name


@dataclass(slots=True, eq=False)
class Name:
    """Words of a run that may be a name, and the title before them, or ""."""

    run: Run
    begin: int
    end: int
    title: str

    @property
    def words(self) -> tuple[str, ...]:
        return self.run.words[self.begin : self.end]

    @property
    def begins(self) -> bool:
        """Whether a sentence begins with it, where every word has a capital."""
        return self.begin == 0 and self.run.first

    @property
    def place(self) -> tuple[int, int]:
        """Where it begins and ends."""
        return self.run.starts[self.begin], self.run.ends[self.end - 1]


def is_person(name: Name, seen_small: Container[str], is_headline: bool) -> bool:
    """Whether *name* is a person's by its title, its first name or its form."""
    words = name.words
    known = vocabulary()
    if len(words) == 2 and is_given_name(words[1]):
        return not (words[0].isupper() or words[0].lower() in known.not_names)
    if len(words) > _MOST_WORDS + 2 or _is_something_else(words):
        return False
    first, last = words[0], last_word(words)
    if len(words) == 1:
        return _can_be_a_surname(name, last)
    if INITIALS.fullmatch(last):
        return False
    if name.title:
        return True
    if len(words) == 2 and is_suffix(words[-1]):  # Mark IV
        return False
    plain = last.lower()
    if is_first_name(first):
        if plain in seen_small:
            return False
        if plain not in known.words:
            return True
        # Bill Gates, and Davis Gym: the capitals of a sentence make one of these a name.
        plainly = is_headline or first.lower() in seen_small
        if not is_headline and not is_known(first) and len(words) == 2 and not name.begins:
            return True
        return first in known.common_first_names and not (first.lower() in known.words and plainly)
    if _TWO_LETTERS.fullmatch(first):
        return plain not in seen_small
    return bool(INITIALS.fullmatch(first)) and plain not in known.words and first != "U.S."


def is_given_name(word: str) -> bool:
    """Whether it is written as those of Korea are: Jae-in, but not Run-off."""
    parts = _GIVEN_NAME.fullmatch(word) if "-" in word else None
    if parts is None:
        return False
    first, second = (part.lower() in vocabulary().words for part in parts.groups())
    return not second or (parts[2] in _SYLLABLES and not first)


@lru_cache(1 << 14)
def is_first_name(word: str) -> bool:
    """Whether it is a first name, or begins or ends with one: Yaël, Anne-Marie, Kassym-Jomart."""
    names = vocabulary().first_names
    if word in names or (not word.isascii() and fold(word).capitalize() in names):
        return True
    one, hyphen, other = word.partition("-")
    if not hyphen or not other[:1].isupper():
        return False
    both = is_first_name(one), is_first_name(other)
    return all(both) or (any(both) and not (is_known(one) or is_known(other)))


@lru_cache(1 << 14)
def is_known(word: str) -> bool:
    """Whether it is a word that stands before names and in those of places and firms."""
    known = vocabulary()
    plain = word.lower().rstrip(".")
    return (
        any(part in known.words for part in plain.split("-"))
        or is_plain(plain)
        or any(
            plain in words
            for words in (
                known.titles,
                known.title_parts,
                known.organisation_words,
                known.nationalities,
                known.not_names,
            )
        )
        or gazetteer().has(word)
    )


def is_of_a_firm(name: Name) -> bool:
    """Whether it is half of "Brandt & Vogel"."""
    run = name.run
    end, start = run.ends[name.end - 1], run.starts[name.begin]
    return run.text.startswith(" & ", end) or run.text.startswith("& ", start - 2)


def is_a_thing(name: Name) -> bool:
    """Whether it is called after somebody: "the Gordie Howe bridge", "USS Gerald R. Ford"."""
    run = name.run
    if name.begin:
        before = run.words[name.begin - 1]
    else:
        start = run.starts[0]
        before = run.text[max(0, start - 10) : start].rstrip(" ").rpartition(" ")[2]
    is_called = before in ("the", "The", "a", "an")
    return before in _SHIPS or (is_called and run.word_after(name.end - 1) in vocabulary().things)


def _can_be_a_surname(name: Name, word: str) -> bool:
    known = vocabulary()
    plain = word.lower()
    if len(word) < 2 or (word.isupper() and len(word) < 5) or word.endswith("."):
        return False
    if name.title in known.sure_titles:
        return plain not in known.nationalities and not gazetteer().is_country(word)
    return (
        plain not in known.words and plain not in known.nationalities and not gazetteer().has(word)
    )


def _is_something_else(words: tuple[str, ...]) -> bool:
    known = vocabulary()
    if len(words) == 1:
        return words[0].lower() in known.organisation_words
    last = words[-1].lower()
    is_named = words[0] in known.common_first_names
    if (
        last in _OFFICES
        or is_nationality(words[-1])
        or not _MONTHS.isdisjoint(word.lower() for word in words[1 : -1 if is_named else None])
    ):
        return True
    if words[0].lower() in _MONTHS and last in known.words:
        return True
    for at, word in enumerate(words):
        plain = word.lower().rstrip(".")
        is_surname = at == len(words) - 1 and plain in known.organisation_surnames
        is_within = len(plain) == 2 and at + 1 < len(words)  # Iyad Ag Ghaly
        if (
            plain in known.organisation_words
            and not (is_named and (at == 0 or is_surname))
            and not is_within
        ):
            return True
    if any(ch.isdigit() for ch in "".join(words)) or any(w.isupper() and len(w) > 4 for w in words):
        return True
    whole = " ".join(words)
    if " ".join(words[:2]) in known.not_people or gazetteer().has(whole):
        return True
    if is_named and len(words) == 2:  # Michael Jordan, Jordan Peterson
        return False
    if is_first_name(words[0]) and not gazetteer().is_large(words[0]):  # Luís Montenegro
        return False
    if words[0].endswith(".") and gazetteer().has(words[0]):  # N.Y., W.Va.
        return True
    return any(gazetteer().is_large(word) for word in (words[0], words[-1]))


def acts_like_a_person(name: Name, seen_small: Container[str], speakers: Container[str]) -> bool:
    """Whether what stands beside *name* is said of people alone, or its last word speaks alone."""
    if len(name.words) == 1:
        return _is_alone_a_person(name)
    run, end = name.run, name.place[1]
    after = run.text[end : end + 40]
    last = last_word(name.words)
    acts = (
        _ROLE_AFTER.match(after)
        or _did_what_people_do(after)
        or (last in speakers and not is_known(name.words[0]))
    )
    return bool(acts) and not gazetteer().has(last) and _may_be_a_person(name, seen_small)


def _may_be_a_person(name: Name, seen_small: Container[str]) -> bool:
    """Whether nothing speaks against several words being a name."""
    words = name.words
    known = vocabulary()
    last = last_word(words)
    return not (
        len(words) == 1
        or len(words) > _MOST_WORDS
        or _is_something_else(words)
        or any(w.isupper() and len(w) > 1 and not w.endswith(".") for w in words)
        or any(w.lower() in known.nationalities for w in words)
        or last.endswith(".")
        or last.lower() in known.words
        or last.lower() in seen_small
        or words[0].lower() in known.words
    )


def _did_what_people_do(after: str) -> bool:
    """Whether the words *after* a name say what is said of people alone: "was jailed", "wept"."""
    known = vocabulary()
    words = after[1:].split(" ")
    if after[:1] != " ":
        return False
    said = words[0].rstrip(":,.")
    if said in known.speech or said in known.deeds:
        return True
    for word in words[:3]:
        if word not in _AUXILIARIES:
            return word.rstrip(":,.") in known.fates
    return False


def beside(known: list[Name], others: list[Name], seen_small: Container[str]) -> list[Name]:
    """Those of *others* that stand in a list with some *known*: "Ann Lee, Bo Ek and Cy Dee".

    Two names with an "and" between them are no list: "Angela Merkel and Deutsche Bahn".
    """
    starts = {end: start for start, end in (name.place for name in known if len(name.words) > 1)}
    ends = {start: end for end, start in starts.items()}
    joined: list[Name] = []
    for name in (*others, *reversed(others)):  # from the first of a list to the last, and back
        if not starts:
            break
        if name.end - name.begin == 1:
            continue
        text, (start, end) = name.run.text, name.place
        following = _BETWEEN.match(text, end)
        before = _BETWEEN_ENDS.search(text, max(0, start - 6), start)
        is_last = before and before.start() in starts
        is_first = following and following.end() in ends
        if before and is_last and not is_first and "," not in before.group():
            is_last = text.startswith(", ", starts[before.start()] - 2)
        if following and is_first and not is_last and "," not in following.group():
            is_first = text.startswith(", ", start - 2)
        if (
            (is_first or is_last)
            and start not in ends
            and not gazetteer().has(name.words[0])
            and _may_be_a_person(name, seen_small)
        ):
            joined.append(name)
            starts[end], ends[start] = start, end
    return joined


def _is_alone_a_person(name: Name) -> bool:
    """Whether a lone word is a person's name: "the Assad government", "Reagan says"."""
    run, word = name.run, name.words[0]
    known = vocabulary()
    end = run.ends[name.end - 1]
    after = run.text[end : end + 20]
    next_word = after[1:].partition(" ")[0].rstrip(".,:;") if after[:1] == " " else ""
    if word not in known.leaders:
        is_said = next_word in known.followers or _AGE.match(after)
        return bool(is_said) and len(word) > 3 and _may_govern(word)
    if next_word in known.followers or next_word in known.speech:
        return True
    # Within a sentence a capital says enough of "Baker"; at its beginning it says nothing.
    is_word = word.lower() in known.words and (run.first or len(word) < 5)
    return len(run.words) == 1 and not is_word and not gazetteer().has(word)


def _may_govern(word: str) -> bool:
    known = vocabulary()
    plain = word.lower()
    return not (
        word.isupper()
        or word.endswith(".")
        or plain in known.organisation_words
        or plain in known.nationalities
        or plain in known.words
        or gazetteer().has(word)
    )


def is_suffix(word: str) -> bool:
    """Whether it is "Jr." or its like."""
    return len(word) < 4 and word.lower().rstrip(".") in _SUFFIXES


def without_suffix(words: tuple[str, ...]) -> tuple[str, ...]:
    """A name without "Jr."."""
    return words[:-1] if len(words) > 1 and is_suffix(words[-1]) else words


def last_word(words: tuple[str, ...]) -> str:
    """The last word of a name but for "Jr."."""
    return without_suffix(words)[-1]


def is_plain(word: str) -> bool:
    """Whether *word*, or what it is a form of, is in the dictionary."""
    forms = (word, *(word.removesuffix(end) for end in ("s", "es", "d", "ed", "ing")))
    return any(form in vocabulary().words for form in forms)


def is_nationality(word: str) -> bool:
    """Whether it is an adjective or a people: "Iranian", and "UN" but not "Un"."""
    plain = word.lower()
    return plain in vocabulary().nationalities and (plain not in _LETTERS or word.isupper())
