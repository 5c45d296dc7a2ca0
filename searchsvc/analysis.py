"""Text to words: the only place that splits, folds and stems.

Indexing, queries and snippets all ask here, so a word means the same everywhere.

>>> [(word.written, word.stem) for word in words("Iran’s take-over: 70,000 U.S. troops")]
... # doctest: +NORMALIZE_WHITESPACE
[('iran', 'iran'), ('take', 'take'), ('over', 'over'), ('70000', '70000'), ('us', 'us'),
 ('troops', 'troop')]

A word is a run of letters and digits, with the marks that stand on them. `written` is the word
with case and accents folded; `stem` is what plain query words compare, by the Snowball stemmer
for English (https://snowballstem.org/algorithms/english/stemmer.html). Folding a folded word
changes nothing.
"""

import re
import threading
import unicodedata
from collections.abc import Callable, Iterator, Set
from functools import cache, lru_cache
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from Stemmer import Stemmer

# Stands in every index. Raise it with any change that gives another term for any text.
ANALYSIS_VERSION = "1 snowball-3.1"

# The usual 33 of English (Lucene's list). Indexed like any word; left out of plain query words.
STOP_WORDS = frozenset(
    "a an and are as at be but by for if in into is it no not of on or such that the their then"
    " there these they this to was will with".split()
)

APOSTROPHES = "'’‘ʼ＇"
JOINERS = "-&/\u2010\u2011"  # take-over, AT&T, and/or: neighbours, typed together a phrase

MAX_WORD = 200  # characters; what is longer is no word of a language and is cut

# Letters that no decomposition takes apart, and how they are written without their stroke or tie.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i"}
)


class Word(NamedTuple):
    """One word of a text; `text[start:end]` is how it stands there."""

    written: str
    stem: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """The words of *text* in order; a word's place in the list is its position."""
    return list(words_from(text, 0))


def words_from(text: str, start: int) -> Iterator[Word]:
    """Those of `words` that begin at *start*, where a word does, or after it."""
    for match in _pattern_for(text).finditer(text, start):
        written, stem = terms_of(match.group())
        if written:
            yield Word(written, stem, match.start(), match.end())


class WordFinder:
    """Finds those of the `words` of texts that have one of *stems*, or of the written *forms*.

    Ten times as fast as all words of a text.
    """

    def __init__(self, stems: Set[str], forms: Set[str]) -> None:
        self._stems = stems
        self._forms = forms
        self._wanted = stems | forms

    def words(self, text: str) -> list[Word]:
        """Those of *text*, in order."""
        chunked = _to_chunks(text)
        found = []
        for chunk in _SEEN.with_any(set(chunked.split()), self._wanted):
            for start, end in _places(chunk, chunked):
                for match in _pattern_for(text).finditer(text, start, end):
                    written, stem = terms_of(match.group())
                    if written and (stem in self._stems or written in self._forms):
                        found.append(Word(written, stem, match.start(), match.end()))
        return sorted(found, key=_start)


class _Seen:
    """The chunks seen last, by the words and stems that are in them."""

    def __init__(self) -> None:
        self._kept: tuple[set[str], dict[str, list[str]]] = set(), {}

    def with_any(self, chunks: set[str], wanted: Set[str]) -> set[str]:
        """Those of *chunks* that have one of the words or stems *wanted*."""
        if len(self._kept[0]) >= _MOST_CHUNKS:
            self._kept = set(), {}  # other threads go on with what they have
        seen, by_term = self._kept
        new = chunks - seen  # before others see them too
        found = chunks.intersection(chain.from_iterable(by_term.get(w, ()) for w in wanted))
        for chunk in new:
            inside = set(chain.from_iterable(terms(chunk)))
            if not wanted.isdisjoint(inside):
                found.add(chunk)
            if len(chunk) <= _LONGEST_CHUNK:
                for term in inside:
                    by_term.setdefault(term, []).append(chunk)
                seen.add(chunk)
        return found


class Written(NamedTuple):
    """One word of a text without its stem."""

    written: str
    start: int
    end: int


def written(text: str) -> list[Written]:
    """`words` without stems, for reading queries: stemming takes nine tenths of the time."""
    found = ((_folded(m.group()), m) for m in _pattern_for(text).finditer(text))
    return [Written(word, m.start(), m.end()) for word, m in found if word]


@lru_cache(maxsize=1 << 14)
def _folded(surface: str) -> str:
    return _fold_word(surface)


def terms(text: str) -> list[tuple[str, str]]:
    """Written form and stem of each word of *text*: `words` without the offsets, for indexing."""
    pairs = map(terms_of, _pattern_for(text).findall(text))
    return [pair for pair in pairs if pair[0]]


def joined(text: str) -> tuple[str, str]:
    """The written forms of the words of *text*, and their stems, each list joined by spaces,
    of which there may be more than one.

    `terms` for whoever wants text, twice as fast: most of what stands between two spaces was seen
    before.

    >>> joined("Iran’s take-over")
    ('iran take over', 'iran take over')
    """
    chunks = _to_chunks(text).split()
    return " ".join(map(_WRITTEN.__getitem__, chunks)), " ".join(map(_STEMS.__getitem__, chunks))


def _to_chunks(text: str) -> str:
    """*text*, of which what stands between two spaces can be analysed apart; no place moves."""
    # No word goes over a space. Small letters and no rare signs make for fewer chunks to know.
    return text.lower().translate(_RARE_SIGNS) if text.isascii() else text


def _places(chunk: str, chunked: str) -> Iterator[tuple[int, int]]:
    """Start and end of each *chunk* between two spaces."""
    start = chunked.find(chunk)
    while start >= 0:
        end = start + len(chunk)
        if not chunked[start - 1 : start].strip() and not chunked[end : end + 1].strip():
            yield start, end
        start = chunked.find(chunk, end)


class _Chunks(dict[str, str]):
    """What *of* makes of the terms of a chunk; what is not known is worked out."""

    def __init__(self, of: Callable[[list[tuple[str, str]]], str]) -> None:
        self._of = of

    def __missing__(self, chunk: str) -> str:
        found = self._of(terms(chunk))
        if len(chunk) <= _LONGEST_CHUNK:
            if len(self) >= _MOST_CHUNKS:
                self.clear()
            self[chunk] = found
        return found


@lru_cache(maxsize=1 << 16)
def terms_of(surface: str) -> tuple[str, str]:
    """Written form and stem of one word as it stands in a text."""
    written = _fold_word(surface)
    return written, _STEMMER.of_this_thread.stemWord(written)


def stem(written: str) -> str:
    """The stem of a word that is folded already."""
    return terms_of(written)[1]


def fold(text: str) -> str:
    """*text* without case and accents; characters between words stay.

    >>> fold("Łódź, ＡＢＣ, Straße, Çeşme")
    'lodz, abc, strasse, cesme'
    """
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text).casefold()
    text = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    # Classes up to 9 are no accents but parts of the letter: vowel signs, nuktas, viramas.
    text = "".join(c for c in text if unicodedata.combining(c) <= 9)
    return unicodedata.normalize("NFC", text)


def _fold_word(surface: str) -> str:
    if surface.isascii() and surface.isalnum():  # nearly every word
        return surface.lower()[:MAX_WORD]
    folded = fold(surface.translate(_APOSTROPHES_TO_ONE)).removesuffix("'s")
    folded = _NO_DECIMAL_POINT.sub("", "".join(filter(_stays, folded)))
    return _LEADING_MARKS.sub("", folded)[:MAX_WORD].rstrip(".")


def _stays(character: str) -> bool:
    # Apostrophes and the commas of numbers go.
    if character in APOSTROPHES:
        return False
    if character.isalnum() or character == ".":
        return True
    return unicodedata.category(character)[0] == "M" and not _VARIANT.fullmatch(character)


_APOSTROPHES_TO_ONE = str.maketrans(dict.fromkeys(APOSTROPHES, "'"))
_MOST_CHUNKS = 1 << 17
_LONGEST_CHUNK = 64  # characters; longer ones hardly come again
_WRITTEN = _Chunks(lambda terms: " ".join([written for written, _ in terms]))
_STEMS = _Chunks(lambda terms: " ".join([stem for _, stem in terms]))
_SEEN = _Seen()
_start = attrgetter("start")
# What has no part in any word of ASCII, unlike apostrophes, commas and points.
_RARE_SIGNS = str.maketrans(dict.fromkeys('!"#$%&()*+-/:;<=>?@[\\]^_`{|}~', " "))
_LETTER = r"[^\W\d_]"
_UNSEEN = "\u00ad\u200c\u200d\u2060\ufeff"
_UNSEEN_BEYOND = "\U000e0100-\U000e01ef"
_VARIANT = re.compile("[\u034f\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_NO_DECIMAL_POINT = re.compile(r"(?<!\d)\.|\.(?!\d)")  # the dots of initials
_LEADING_MARKS = re.compile(r"^\W+")


def _pattern(marks: str) -> re.Pattern[str]:
    """Words whose letters and digits may carry *marks*."""
    quote = f"[{APOSTROPHES}]"
    run = rf"(?:[^\W_]++{marks})++" if marks else r"[^\W_]++"
    initial = rf"{_LETTER}{marks}"
    possessive = rf"(?:{quote}[sS](?![^\W_]))?"
    initials = rf"(?<![^\W_]){initial}(?:\.{initial})+(?![^\W_])\.?{possessive}"
    inner = rf"{quote}(?={_LETTER})|(?<=\d)[.,](?=\d)"
    return re.compile(rf"{initials}|{run}(?:(?:{inner}){run})*")


# Quantifiers that give nothing back: no text makes the search for a word quadratic.
_PLAIN = _pattern("")


@cache
def _with_marks() -> tuple[re.Pattern[str], ...]:
    """Patterns: any combining mark of the first plane, any character beyond it, any mark there;
    and words that may carry them.

    Soft hyphens and joiners do not part a word either. A class with characters beyond the first
    plane is a hundred times as slow.
    """
    all_marks = [
        chr(code)
        for code in range(0x300, 0x1F000)
        if unicodedata.category(chr(code)) in ("Mn", "Mc", "Me")
    ]
    marks = "".join(map(re.escape, all_marks)) + _UNSEEN + _UNSEEN_BEYOND
    here = "".join(re.escape(mark) for mark in all_marks if mark <= "\uffff") + _UNSEEN
    there = "".join(re.escape(mark) for mark in all_marks if mark > "\uffff") + _UNSEEN_BEYOND
    beyond = re.compile("[\U00010000-\U0010ffff]")
    return re.compile(f"[{here}]"), beyond, re.compile(f"[{there}]"), _pattern(f"[{marks}]*+")


def _pattern_for(text: str) -> re.Pattern[str]:
    return _PLAIN if text.isascii() else _pattern_with_marks(text)


@lru_cache(maxsize=16)  # the words of one text may be asked for in turn
def _pattern_with_marks(text: str) -> re.Pattern[str]:
    has_mark, beyond, has_mark_beyond, marked = _with_marks()
    if has_mark.search(text) or (beyond.search(text) and has_mark_beyond.search(text)):
        return marked
    return _PLAIN


class _Stemmers(threading.local):
    """A stemmer works on a word that it holds, so each thread has one of its own."""

    def __init__(self) -> None:
        self.of_this_thread = Stemmer("english", 0)  # terms_of keeps what it found


_STEMMER = _Stemmers()
