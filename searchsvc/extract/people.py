"""People named in a text: where, and how surely.

Three looks at the capitalised words of an article. What stands behind a title or begins with a
first name is a person's name. What else speaks, has a role beside it or runs a government is one.
Then every lone surname of somebody found so far is that person again.

Newswire writes a full name and a role once and the surname from then on, so most of the evidence is
in one place of an article and most mentions are in others.
"""

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from searchsvc.extract.gazetteer import gazetteer
from searchsvc.extract.runs import Run
from searchsvc.extract.vocabulary import vocabulary

_INITIALS = re.compile(r"(?:[^\W\d_]\.-?)+|[^\W\d_]")
_SUFFIXES = frozenset(["Jr", "Jr.", "Sr", "Sr.", "II", "III", "IV"])
_ROLE_AFTER = re.compile(
    r",? ?\((?:born|b\.|aged|age|\d\d\))|, (?:\d\d?,|an? |the (?!\w+ said)|who\b|whose\b"
    r"|its\b|his\b|her\b|then\b|former\b|formerly\b|chief\b|chairman\b|president\b|director\b|head\b|vice\b|deputy\b|senior\b"
    r"|professor\b|spokes\w+|\w+ (?:minister|secretary|analyst|economist)\b|aged\b|born\b)"
    r"| (?:was|is) (?:born|an?|the) |'s (?:wife|husband|father|mother|son|daughter|brother|sister"
    r"|career|death|book|novel)\b"
)
_AGE = re.compile(r", [1-9]\d,")
_ALSO_NAMES = frozenset(
    "King Prince Bishop Major Baron Duke Earl Pope Judge Marshal Sergeant Shah Khan".split()
)
_SAINTS = frozenset(["St.", "Ste.", "Saint", "Mt.", "Ft.", "San", "Santa", "Los", "Las"])
_HONOURS = frozenset("KC QC MP MEP MSP CBE OBE MBE DBE KBE MD PhD TD AM".split())
_OFFICES = frozenset(
    "president minister premier chancellor secretary governor chairman spokesman ambassador"
    " director manager officer administration".split()
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december".split()
)
_MOST_WORDS = 5  # of a name


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """A mention of a person: where it stands, its words, and whether a title stands before."""

    start: int
    end: int
    words: tuple[str, ...]
    title: str = ""

    @property
    def surname(self) -> str:
        """The last word but for a suffix."""
        return next((w for w in reversed(self.words) if w not in _SUFFIXES), self.words[-1])


@dataclass(slots=True)
class _Name:
    """Words in a row that may be a name, and what speaks for it."""

    run: Run
    begin: int
    end: int
    title: str

    @property
    def words(self) -> tuple[str, ...]:
        return self.run.words[self.begin : self.end]

    def person(self) -> NamedPerson:
        run = self.run
        return NamedPerson(run.starts[self.begin], run.ends[self.end - 1], self.words, self.title)


def find_people(
    runs: Iterable[Run],
    seen_small: Container[str],
    firms: frozenset[str] = frozenset(),
    is_headline: bool = False,
) -> list[NamedPerson]:
    """The mentions in *runs* of one text. *seen_small*: the article's words in small letters.

    *firms* are names that firms bear in it: of these nobody is found without a title.

    In a headline every word may have a capital: "Mark Prices Rise" names nobody.
    """
    found: list[NamedPerson] = []
    others: list[_Name] = []
    for run in runs:
        for name in _parts_of_a_headline(run) if is_headline else _names(run):
            if _is_of_a_firm(name) or (not name.title and run.words[name.end - 1] in firms):
                continue
            if _is_person(name, seen_small, is_headline):
                found.append(name.person())
            else:
                others.append(name)
    return found + [name.person() for name in others if _acts_like_a_person(name, seen_small)]


def find_again(
    runs: Iterable[Run], surnames: frozenset[str], taken: set[int]
) -> Iterator[NamedPerson]:
    """Lone surnames, of those given, at places that are not *taken* (where a mention begins)."""
    for run in runs:
        words = run.words
        for at, word in enumerate(words):
            if word not in surnames or run.starts[at] in taken or _in_a_company(words, at):
                continue
            if _says_where(run, at) or (gazetteer().is_country(word) and not _speaks(run, at)):
                continue
            yield NamedPerson(run.starts[at], run.ends[at], (word,))


def _says_where(run: Run, at: int) -> bool:
    """Whether a place of that name is meant: "flew to Washington"."""
    is_place = gazetteer().has(run.words[at])
    before = run.word_before(at)
    return is_place and before in vocabulary().prepositions and before not in ("of", "via")


def _speaks(run: Run, at: int) -> bool:
    """Whether the word at *at* says something: Jordan, the man, then."""
    after = run.text[run.ends[at] : run.ends[at] + 16].split(" ")
    return len(after) > 1 and not after[0] and after[1].rstrip(".,:") in vocabulary().speech


def _in_a_company(words: tuple[str, ...], at: int) -> bool:
    after = words[at + 1].lower().rstrip(".") if at + 1 < len(words) else ""
    return after in vocabulary().organisation_words


def _parts_of_a_headline(run: Run) -> Iterator[_Name]:
    """As `_names`, cut at every word of the dictionary: "Hillary Clinton Wins Iowa"."""
    known = vocabulary()
    for name in _names(run):
        begin, title = name.begin, name.title
        for at in range(name.begin, name.end + 1):
            word = run.words[at].lower() if at < name.end else ""
            if at == name.end or (at > begin and _is_plain(word, known.words)):
                if at > begin:
                    yield _Name(run, begin, at, title)
                begin, title = at + 1, ""


def _is_plain(word: str, words: frozenset[str]) -> bool:
    """Whether *word*, or what it is a form of, is in the dictionary."""
    forms = (word, *(word.removesuffix(end) for end in ("s", "es", "d", "ed", "ing")))
    return any(form in words for form in forms)


# -- cutting a run into names --------------------------------------------------------------------


def _names(run: Run) -> Iterator[_Name]:
    """The parts of *run* that may be a name, each with the title before it."""
    known = vocabulary()
    words = run.words
    if len(words) == 1:  # most runs
        if words[0].lower() not in known.not_names:
            yield _Name(run, 0, 1, _role_before(run))
        return
    begin, title = 0, _role_before(run)
    for at in range(len(words) + 1):
        word = words[at].lower().rstrip(".") if at < len(words) else ""
        ends = at == len(words) or _parts(run, at, word)
        is_title = not ends and word in known.titles and _stands_before_a_name(words, at, begin)
        if ends or is_title or _before_a_name(words, at, word, begin):
            if at > begin:
                yield _from_its_first_name(
                    _Name(run, begin, _without_honours(words, begin, at), title)
                )
            if is_title:
                title = word
            elif ends or title not in known.titles or word in known.nationalities:
                title = title if (not ends and word in known.title_parts) else ""
            begin = at + 1


def _parts(run: Run, at: int, word: str) -> bool:
    """Whether the word at *at* stands between names."""
    if word in ("of", "and", "of the"):
        return True
    if run.words[at][0].islower():  # "do" in Maria do Céu
        return False
    words = run.words
    known = vocabulary()
    if word not in known.not_names or words[at].endswith("."):  # "A." is an initial
        return False
    # Will and April are first names where no sentence begins and a name goes on.
    goes_on = words[at] in known.first_names and at + 1 < len(words)
    return not (goes_on and not (at == 0 and run.first))


def _before_a_name(words: tuple[str, ...], at: int, word: str, begin: int) -> bool:
    known = vocabulary()
    if at + 1 == len(words):
        return False
    if at > begin:
        return word in known.nationalities and words[at - 1] not in known.first_names
    return word in known.nationalities or word in known.title_parts or word == "u.s"


def _stands_before_a_name(words: tuple[str, ...], at: int, begin: int) -> bool:
    """Whether a title at *at* is one: John Major is none, nor is Martin Luther King Jr."""
    if at == begin:
        return True
    return at + 1 < len(words) and words[at + 1] not in _SUFFIXES and words[at] not in _ALSO_NAMES


def _from_its_first_name(name: _Name) -> _Name:
    """*name* without what stands before its first name: "Budget Director" or "Exchequer"."""
    known = vocabulary()
    words = name.words
    for skipped in range(1, len(words) - 1):
        word = words[skipped]
        before = words[skipped - 1]
        if before in known.first_names or before in _SAINTS or _INITIALS.fullmatch(before):
            return name
        if _is_first_name(word) and word.lower() not in known.words:
            return _Name(name.run, name.begin + skipped, name.end, "")
    return name


def _without_honours(words: tuple[str, ...], begin: int, end: int) -> int:
    """Where the name that ends at *end* ends without "KC" and its like."""
    return end - 1 if end - begin > 2 and words[end - 1] in _HONOURS else end


def _role_before(run: Run) -> str:
    """The title in small letters before *run*: "analyst", or ""."""
    start = run.starts[0]
    before = run.text[max(0, start - 24) : start]
    if before[-1:] != " ":
        return ""
    word = before[:-1].rpartition(" ")[2]
    return word if word in vocabulary().titles else ""


# -- judging a name ------------------------------------------------------------------------------


def _is_person(name: _Name, seen_small: Container[str], is_headline: bool) -> bool:
    words = name.words
    known = vocabulary()
    if len(words) == 1 and not name.title:
        return False
    if len(words) > _MOST_WORDS + 2 or _is_something_else(words):
        return False
    first, last = words[0], _last(words)
    if len(words) == 1:
        return _can_be_a_surname(name, last)
    if _INITIALS.fullmatch(last):
        return False
    if name.title:
        return True
    if len(words) == 2 and words[-1] in _SUFFIXES:  # Mark IV
        return False
    plain = last.lower()
    if _is_first_name(first):
        if plain in seen_small:
            return False
        if plain not in known.words:
            return True
        # Bill Gates, and Davis Gym: the capitals of a sentence make one of these a name.
        plainly = is_headline or first.lower() in seen_small
        return first in known.common_first_names and not (first.lower() in known.words and plainly)
    return bool(_INITIALS.fullmatch(first)) and plain not in known.words and first != "U.S."


def _is_first_name(word: str) -> bool:
    """Whether it is a first name, or two of them: Anne-Marie."""
    names = vocabulary().first_names
    if word in names:
        return True
    one, hyphen, other = word.partition("-")
    return bool(hyphen) and one in names and other in names


def _is_of_a_firm(name: _Name) -> bool:
    """Whether it is half of "Brandt & Vogel"."""
    run = name.run
    end, start = run.ends[name.end - 1], run.starts[name.begin]
    return run.text.startswith(" & ", end) or run.text.startswith("& ", start - 2)


def _can_be_a_surname(name: _Name, word: str) -> bool:
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
    if (
        last in _OFFICES
        or last in known.nationalities
        or not _MONTHS.isdisjoint(word.lower() for word in words[1:])
    ):
        return True
    is_named = words[0] in known.common_first_names
    if words[0].lower() in _MONTHS and last in known.words:
        return True
    for at, word in enumerate(words):
        plain = word.lower().rstrip(".")
        is_surname = at == len(words) - 1 and plain in known.organisation_surnames
        if plain in known.organisation_words and not (is_named and (at == 0 or is_surname)):
            return True
    if any(ch.isdigit() for ch in "".join(words)) or any(w.isupper() and len(w) > 4 for w in words):
        return True
    whole = " ".join(words)
    if " ".join(words[:2]) in known.not_people or gazetteer().has(whole):
        return True
    if is_named and len(words) == 2:  # Michael Jordan, Jordan Peterson
        return False
    if words[0].endswith(".") and gazetteer().has(words[0]):  # N.Y., W.Va.
        return True
    return any(gazetteer().is_large(word) for word in (words[0], words[-1]))


def _acts_like_a_person(name: _Name, seen_small: Container[str]) -> bool:
    """Whether what stands beside *name* is said of people alone."""
    words = name.words
    known = vocabulary()
    if len(words) == 1:
        return _is_alone_a_person(name)
    if _is_something_else(words) or len(words) > _MOST_WORDS:
        return False
    last = _last(words)
    if any(w.isupper() and len(w) > 1 and not w.endswith(".") for w in words):
        return False
    if any(w.lower() in known.nationalities for w in words) or last.endswith("."):
        return False
    run = name.run
    after = run.text[run.ends[name.end - 1] : run.ends[name.end - 1] + 40]
    if last.lower() in known.words or last.lower() in seen_small:
        return False
    if gazetteer().has(last) or words[0].lower() in known.words:
        return False
    return (
        bool(_ROLE_AFTER.match(after)) or after[1:].partition(" ")[0].rstrip(":,") in known.speech
    )


def _is_alone_a_person(name: _Name) -> bool:
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


def _last(words: tuple[str, ...]) -> str:
    return next((word for word in reversed(words) if word not in _SUFFIXES), words[-1])
