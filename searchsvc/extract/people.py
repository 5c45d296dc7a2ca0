"""People named in a text: where, and how surely.

Three looks at the capitalised words of an article. What stands behind a title or begins with a
first name is a person's name. What else speaks, has a role beside it, stands in a list of people or
runs a government is one. Then every lone surname of somebody found so far is that person again.

Newswire writes a full name and a role once and the surname from then on, so most of the evidence is
in one place of an article and most mentions are in others.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from searchsvc.extract.gazetteer import gazetteer
from searchsvc.extract.judging import (
    INITIALS,
    Name,
    acts_like_a_person,
    beside,
    is_a_thing,
    is_first_name,
    is_given_name,
    is_known,
    is_nationality,
    is_of_a_firm,
    is_person,
    is_plain,
    is_suffix,
    last_word,
)
from searchsvc.extract.runs import Run, without_article
from searchsvc.extract.vocabulary import vocabulary

_ALSO_NAMES = frozenset(
    "King Prince Bishop Major Baron Duke Earl Pope Judge Marshal Sergeant Shah Khan".split()
)
_SAINTS = frozenset(["St.", "Ste.", "Saint", "Mt.", "Ft.", "San", "Santa", "Los", "Las"])
_HONOURS = frozenset("KC QC MP MEP MSP CBE OBE MBE DBE KBE MD PhD TD AM".split())
_KIN = frozenset(
    "son daughter mother father brother sister cousin uncle aunt nephew niece grandson wife husband"
    " widow".split()
)


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """A mention of a person: where it stands, its words, and whether a title stands before."""

    start: int
    end: int
    words: tuple[str, ...]
    title: str = ""

    @property
    def surname(self) -> str:
        """The last word but for a suffix; Sharif of al-Sharif."""
        if is_given_name(self.words[-1]):  # Moon Jae-in
            return self.words[0]
        return without_article(last_word(self.words))


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
    not_names = vocabulary().not_names
    found: list[Name] = []
    others: list[Name] = []
    for run in runs:
        if len(run.words) == 1 and run.words[0].lower() in not_names:
            continue
        for name in _parts_of_a_headline(run) if is_headline else _names(run):
            if is_of_a_firm(name) or (not name.title and run.words[name.end - 1] in firms):
                continue
            if not name.title and name.end - name.begin == 1:  # most
                others.append(name)
            elif not (is_headline or name.title) and is_a_thing(name):
                continue
            elif is_person(name, seen_small, is_headline):
                found.append(name)
            else:
                others.append(name)
    lasts = {name.run.words[name.end - 1] for name in others if name.end - name.begin > 1} - firms
    speakers = {
        word
        for name in others
        if name.end - name.begin == 1
        and (word := name.run.words[name.begin]) in lasts
        and _speaks(name.run, name.begin)
    }
    left: list[Name] = []
    for name in others:
        acts = acts_like_a_person(name, seen_small, speakers)
        (found if acts else left).append(name)
    if not is_headline:
        found += beside(found, left, seen_small)
    return [NamedPerson(*name.place, name.words, name.title) for name in found]


def find_again(
    runs: Iterable[Run], surnames: frozenset[str], taken: set[int], is_headline: bool = False
) -> Iterator[NamedPerson]:
    """Lone surnames, of those given, at places that are not *taken* (where a mention begins).

    What can only be a first name stands with them: "Zohran Mamdani", where "Mr. Mamdani" was found.
    """
    for run in runs:
        words = run.words
        for at, word in enumerate(words):
            if word not in surnames or run.starts[at] in taken or _in_a_company(words, at):
                continue
            if _says_where(run, at) or (gazetteer().is_country(word) and not _speaks(run, at)):
                continue
            end = at + 2 if at + 1 < len(words) and is_suffix(words[at + 1]) else at + 1
            begin = at
            while not is_headline and 0 < begin > at - 2 and _widens(run, begin - 1, taken):
                begin -= 1
            yield NamedPerson(run.starts[begin], run.ends[end - 1], words[begin:end])


def _widens(run: Run, at: int, taken: set[int]) -> bool:
    """Whether the word at *at* can be nothing but a part of the name behind it."""
    word = run.words[at]
    is_name = len(word) > 1 and word[0].isupper() and not word.isupper() and word.isalpha()
    return is_name and run.starts[at] not in taken and not is_known(word)


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


def _parts_of_a_headline(run: Run) -> Iterator[Name]:
    """As `_names`, cut at every word of the dictionary: "Hillary Clinton Wins Iowa"."""
    for name in _names(run):
        begin, title = name.begin, name.title
        for at in range(name.begin, name.end + 1):
            word = run.words[at].lower() if at < name.end else ""
            if at == name.end or (at > begin and is_plain(word)):
                if at > begin:
                    yield Name(run, begin, at, title)
                begin, title = at + 1, ""


# -- cutting a run into names --------------------------------------------------------------------


def _names(run: Run) -> Iterator[Name]:
    """The parts of *run* that may be a name, each with the title before it."""
    known = vocabulary()
    words = run.words
    if len(words) == 1:  # most runs
        yield Name(run, 0, 1, _role_before(run))
        return
    begin, title = 0, _role_before(run)
    for at in range(len(words) + 1):
        word = words[at].lower().rstrip(".") if at < len(words) else ""
        ends = at == len(words) or _parts(run, at, word)
        is_title = not ends and word in known.titles and _stands_before_a_name(words, at, begin)
        if ends or is_title or _before_a_name(words, at, word, begin):
            if at > begin:
                yield _from_its_first_name(
                    Name(run, begin, _without_honours(words, begin, at), title)
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
    is_people = word in known.nationalities and is_nationality(words[at])
    if at > begin:
        return is_people and not is_first_name(words[at - 1])
    return is_people or word in known.title_parts or word == "u.s"


def _stands_before_a_name(words: tuple[str, ...], at: int, begin: int) -> bool:
    """Whether a title at *at* is one: John Major is none, nor is Martin Luther King Jr."""
    if words[at].lower() in _KIN:  # Son Heung-min
        return False
    if at == begin:
        return True
    return at + 1 < len(words) and not is_suffix(words[at + 1]) and words[at] not in _ALSO_NAMES


def _from_its_first_name(name: Name) -> Name:
    """*name* without what stands before its first name: "Budget Director" or "Exchequer"."""
    words = name.words
    for skipped in range(1, len(words) - 1):
        word = words[skipped]
        before = words[skipped - 1]
        if is_first_name(before) or before in _SAINTS or INITIALS.fullmatch(before):
            return name
        if is_first_name(word) and word.lower() not in vocabulary().words:
            is_name = before[0].isupper() and not before.isupper() and not is_known(before)
            if is_name and word not in vocabulary().common_first_names:  # Pham Minh Chinh
                return name
            return Name(name.run, name.begin + skipped, name.end, "")
    return name


def _without_honours(words: tuple[str, ...], begin: int, end: int) -> int:
    """Where the name that ends at *end* ends without "KC" and its like."""
    return end - 1 if end - begin > 2 and words[end - 1] in _HONOURS else end


def _role_before(run: Run) -> str:
    """The title in small letters before *run*: "analyst", or ""."""
    end = run.starts[0] - 1
    if end < 0 or run.text[end] != " ":
        return ""
    word = run.text[run.text.rfind(" ", max(0, end - 24), end) + 1 : end]
    return word if word in vocabulary().titles else ""
