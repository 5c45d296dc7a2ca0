"""Capitalised words in a row, with what stands around them: where names are looked for.

>>> [run.words for run in runs("In Paris, Foreign Minister Hans van den Broek told Mr. Baker")]
[('In', 'Paris'), ('Foreign', 'Minister', 'Hans', 'van', 'den', 'Broek'), ('Mr.', 'Baker')]

A run ends at punctuation, at a possessive and at a word in small letters, unless that joins two
names as "van" and "of" do. A nickname in quotes is passed over.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from searchsvc.extract.gazetteer import gazetteer
from searchsvc.extract.vocabulary import vocabulary

_UPPER = "".join(chr(c) for c in range(0xC0, 0x250) if chr(c).isupper() or chr(c).istitle())
_CAPITAL = rf"[A-Z{_UPPER}]"
_ABBREVIATED = (
    r"(?:Mr|Mrs|Ms|Dr|Prof|Rev|Hon|Sen|Rep|Gov|Gen|Col|Maj|Capt|Cmdr|Lt|Sgt|Cpl|Pvt|Adm|Brig|Det|St|Ste"
    r"|Ala|Ariz|Ark|Calif|Colo|Conn|Fla|Ga|Ill|Kan|Kans|Ky|Md|Mass|Mich|Minn|Mo|Mont|Neb|Nebr|Nev"
    r"|Okla|Ore|Pa|Penn|Tenn|Tex|Vt|Va|Wash|Wis|Wisc|Wyo"
    r"|Jr|Sr|Mt|Ft|Messrs|Supt|Insp|Pres|Sec|Amb|Atty|Fr|Ald|Abp|Bp)\."
)
# A word of a name: initials, an abbreviated title, or a capitalised word; no possessive 's.
_WORD = (
    rf"(?:(?:{_CAPITAL}\.(?:-{_CAPITAL}\.)?){{1,9}}+(?![^\W\d_])|{_ABBREVIATED}"
    rf"|{_CAPITAL}\w*(?:['’](?!s\b)\w+|-\w+)*)"
)
_JOINT = (
    r"(?:of|of the|and|de|de la|de las|de los|del|dela|della|di|da|do|dos|das|du|la|le|el|al"
    r"|bin|ibn|ben|bint|van|van der|van den|van de|von|von der|zu|ter|ten|af|ap|abu|wa|es|ez|upon)"
)
_ARTICLE = r"(?:(?:[ae]l|a[dnrstz]|ash|u[dl])-|d['’])"
_NICKNAME = rf"[\"“]{_CAPITAL}[\w.-]*(?: {_CAPITAL}[\w.-]*)?[\"”]"
# Looked for first: a pattern that begins with a set of letters is searched for twice as fast.
_BEGINNING = re.compile(rf"{_CAPITAL}(?<!\w.)")
_RUN = re.compile(rf"{_WORD}(?:[ \n](?:{_NICKNAME}[ \n])?(?:{_JOINT}[ \n])?{_ARTICLE}?{_WORD})*")
_TOKEN = re.compile(rf"{_NICKNAME}|{_ARTICLE}?{_WORD}|[^\W\d_]+(?:-[^\W\d_]+)*")
_SHOUTED_WORD = re.compile(r"(?<![\w.'’])[^\W\d_]{2,}(?:-[^\W\d_]+)*(?:['’]S\b)?(?![.'’]\w)")


@dataclass(slots=True)  # not frozen: many are made, and freezing takes most of the time
class Run:
    """Words in a row and where each begins and ends, in code points of `text`.

    All apostrophes in them are straight.
    """

    text: str
    words: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def word_before(self, at: int) -> str:
        """The word before that at *at*, in small letters, or ""."""
        if at:
            return self.words[at - 1].lower()
        before = self.text[max(0, self.starts[0] - 24) : self.starts[0]].rstrip()
        return before.rpartition(" ")[2].rpartition("\n")[2].lower()

    def word_after(self, at: int) -> str:
        """The word behind that at *at*, in small letters and without its punctuation, or ""."""
        behind = self.text[self.ends[at] : self.ends[at] + 24]
        if behind[:1] not in (" ", "\n"):
            return ""
        return re.split(r"[ \n]", behind[1:])[0].strip(".,:;!?)\"'’”").lower()

    @property
    def first(self) -> bool:
        """Whether a sentence begins with it."""
        return begins_sentence(self.text, self.starts[0])


def runs(text: str) -> Iterator[Run]:
    """The runs of *text*, in order."""
    end = 0
    while begin := _BEGINNING.search(text, end):
        match = _RUN.match(text, begin.start())
        assert match is not None  # one capital is a word
        start, end = match.span()
        word = match.group().replace("’", "'")
        if " " not in word and "\n" not in word:
            yield Run(text, (word,), (start,), (end,))
        else:
            tokens = [
                (t.group().replace("’", "'"), t.start(), t.end())
                for t in _TOKEN.finditer(text, start, end)
            ]
            named = [token for token in tokens if token[0][0] not in _QUOTES]
            yield Run(text, *zip(*named, strict=True))


_QUOTES = ('"', "“")


def without_article(word: str) -> str:
    """*word* as it stands alone: Sharif for al-Sharif."""
    article = _ARABIC.match(word)
    return word[article.end() :] if article else word


_ARABIC = re.compile(r"(?:[ae]l|a[dnrstz]|ash|u[dl])-(?=.)", re.IGNORECASE)


class SmallWords:
    """The words of three letters and more that a text has in small letters.

    >>> "bank" in SmallWords("The bank's Bank"), "ban" in SmallWords("The bank")
    (True, False)
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._known: dict[str, bool] = {}

    def __contains__(self, word: object) -> bool:
        # Looked for when it is asked for: few words of an article are.
        if not isinstance(word, str) or len(word) < 3:
            return False
        if word not in self._known:
            if len(self._known) == _MOST_ASKED:
                return False
            self._known[word] = any(self._is_whole(place, word) for place in self._places(word))
        return self._known[word]

    def _places(self, word: str) -> Iterator[int]:
        place = self._text.find(word)
        while place >= 0:
            yield place
            place = self._text.find(word, place + 1)

    def _is_whole(self, place: int, word: str) -> bool:
        before = self._text[place - 1 : place]
        after = self._text[place + len(word) : place + len(word) + 1]
        return not (before.isalnum() or before in _JOINS or after.isalnum() or after in _ENDS)


_MOST_ASKED = 2000  # words; only lists of names have more
_JOINS = ("'", "’", "-", "_")
_ENDS = ("-", "_")


def begins_sentence(text: str, place: int) -> bool:
    """Whether a sentence begins at *place*."""
    before = text[max(0, place - 6) : place].rstrip(" \"'“”‘’([-")
    return not before or before[-1] in ".!?:\n*•" or "\n\n" in text[max(0, place - 3) : place]


def quietened(text: str) -> str:
    """*text*, in capitals throughout, as it would be written otherwise, as far as words tell.

    >>> quietened("BAKER SAYS U.S. TO SELL GRAIN TO SOUTH AFRICA")
    'Baker says U.S. to sell grain to South Africa'

    Its length is the same, so places in it are places in *text*.
    """
    quiet = _SHOUTED_WORD.sub(_quiet_word, text)
    words = list(_SHOUTED_WORD.finditer(text))
    for at, word in enumerate(words):
        for last in words[at + 3 : at : -1]:  # of words that are plain ones each
            if name := gazetteer().shouted.get(text[word.start() : last.end()]):
                quiet = quiet[: word.start()] + name + quiet[last.end() :]
                break
    return quiet


def _quiet_word(match: re.Match[str]) -> str:
    word = match.group()
    if word[-2:] in ("'S", "’S"):
        return quietened(word[:-2]) + word[-2] + "s"
    quiet, signs = _quiet(word)
    return word.title() if any(sign(match) for sign in signs) else quiet


_Sign: TypeAlias = Callable[[re.Match[str]], bool]


@lru_cache(1 << 14)  # headlines have few words
def _quiet(word: str) -> tuple[str, list[_Sign]]:
    """How *word* is written, and the signs beside it by which it is a name."""
    known = vocabulary()
    small, title = word.lower(), word.title()
    if len(small) != len(word) or len(title) != len(word) or small == "us":
        return word, []
    if small in known.not_names:
        return small, []
    is_leader, is_word = title in known.leaders, small in known.words
    if (is_leader and not is_word) or small in known.nationalities or gazetteer().is_country(title):
        return title, []
    signs: list[_Sign] = [_speaks] if is_leader else []
    if small in known.titles:
        return small, [*signs, _stands_before_a_name]
    if is_word or small in known.organisation_words:
        return small, signs
    if len(word) < 4 and title not in known.first_names and not gazetteer().has(title):
        return word, signs  # letters, as OPEC's neighbours EC and GNP are
    return title, signs


def _stands_before_a_name(match: re.Match[str]) -> bool:
    after = _SHOUTED_WORD.match(match.string, match.end() + 1)
    if after is None:
        return False
    word = after.group().lower()
    return word not in vocabulary().words and word not in vocabulary().not_names


def _speaks(match: re.Match[str]) -> bool:
    """Whether a verb of headlines stands behind the word: BAKER SAYS, but A MAJOR CHANGE."""
    after = match.string[match.end() : match.end() + 16].split(" ")
    return len(after) > 1 and not after[0] and after[1].lower() in vocabulary().headline_verbs


def is_shouted(text: str) -> bool:
    """Whether *text* is in capitals throughout, by its beginning, so that these tell nothing."""
    text = text[:500]
    if sum(map(str.islower, text[:40])) > 15:  # nearly every text
        return False
    capitals = sum(map(str.isupper, text))
    return capitals > 7 and capitals > 0.85 * (capitals + sum(map(str.islower, text)))
