"""Text to words, as LANGUAGE.md ("Words") has it."""

import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st
from snowballstemmer.english_stemmer import EnglishStemmer

from searchsvc import analysis, extract
from searchsvc.analysis import MAX_WORD, STOP_WORDS, WordFinder, fold, joined, terms, words

ROWS = [
    # as it stands, and its written words
    ("OPEC Cuts", "opec cuts"),
    ("Łódź Ægir Ångström Çeşme São", "lodz aegir angstrom cesme sao"),
    ("Straße STRASSE ẞ", "strasse strasse ss"),
    ("Zu\u0308rich Zürich", "zurich zurich"),
    ("ＯＰＥＣ ﬁsh ½", "opec fish 12"),
    ("Москва Королёв Й", "москва королев и"),
    ("हिन्दी", "हिन्दी"),
    ("北京 ２０２６年", "北京 2026年"),
    ("İstanbul ıĞ", "istanbul ig"),
    ("ΣΊΣΥΦΟΣ Σίσυφος", "σισυφοσ σισυφοσ"),
    ("h52.1 a1b2", "h52.1 a1b2"),
    ("one_two", "one two"),
    ("Iran’s Iran's Iranʼs IRAN'S", "iran iran iran iran"),
    ("boss' bosses'", "boss bosses"),
    ("it's let's", "it let"),
    ("O'Neill O’Neill d'Estaing don't", "oneill oneill destaing dont"),
    ("O'Neill's", "oneill"),
    ("rock 'n' roll", "rock n roll"),
    ("'s", "s"),
    ("U.S. U.S U.N.'s p.m.", "us us un pm"),
    ("U.S.-Japan", "us japan"),
    ("J.P. Morgan J. P. Morgan", "jp morgan j p morgan"),
    ("É.U. E\u0301.U.", "eu eu"),
    ("No. 5.", "no 5"),
    ("example.org", "example org"),
    ("70,000 1,234,567 1,5", "70000 1234567 15"),
    ("one,two 1, 2", "one two 1 2"),
    ("3.5 1.2.3 .5 5.", "3.5 1.2.3 5 5"),
    ("1,200.50", "1200.50"),
    ("take-over AT&T and/or", "take over at t and or"),
    ("take\u2010over take\u2011over take–over", "take over take over take over"),
    ("co\u00adoperate zero\u200bwidth joined\u200dup", "cooperate zero width joinedup"),
    ("葛\U000e0100城 葛城", "葛城 葛城"),
    ("<b>bold</b> #tag @name 100% C++", "b bold b tag name 100 c"),
    ("... -- ' \" 🛢", ""),
    ("", ""),
]


@pytest.mark.parametrize(("text", "written"), ROWS, ids=[row[0] or "nothing" for row in ROWS])
def test_words(text: str, written: str) -> None:
    assert " ".join(word.written for word in words(text)) == written


STEMS = [
    ("prices price priced", "price price price"),
    ("oils oil", "oil oil"),
    ("ministers", "minist"),
    ("running runs ran", "run run ran"),
    ("O'Neill's", "oneil"),
    ("us was", "us was"),
    ("LODZ Łódź", "lodz lodz"),
    ("Москва 北京 3.5", "москва 北京 3.5"),
]


@pytest.mark.parametrize(("text", "stems"), STEMS, ids=[row[0] for row in STEMS])
def test_stems(text: str, stems: str) -> None:
    assert " ".join(word.stem for word in words(text)) == stems


def test_there_are_33_stop_words_and_us_is_none() -> None:
    assert len(STOP_WORDS) == 33
    assert "us" not in STOP_WORDS
    assert all([word.written for word in words(stop)] == [stop] for stop in STOP_WORDS)


def test_a_word_ends_after_200_characters() -> None:
    for text in ("x" * 199, "x" * 200, "x" * 201, "x" * 100_000, "ß" * 101):
        (word,) = words(text)
        assert len(word.written) == min(200, len(fold(text))) <= MAX_WORD
        assert (word.start, word.end) == (0, len(text))


def letters_and_marks() -> list[str]:
    """Every code point that can be part of a word."""
    return [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if character.isalnum() or unicodedata.category(character)[0] == "M"
    ]


def test_folding_a_folded_word_changes_nothing_for_every_code_point() -> None:
    for character in letters_and_marks():
        folded = terms(f"{character} a{character}b 1{character}2")
        again = " ".join(word for word, _ in folded)
        assert terms(again) == folded, f"U+{ord(character):04X}"


def test_upper_and_lower_case_are_one_word_for_every_code_point() -> None:
    # Letters whose capital is written with another letter, or means another.
    two_letters = set("ŉǰΐΰẖẗẘẙẚև") | set("ıİ")
    for character in letters_and_marks():
        upper, lower = character.upper(), character.lower()
        if upper != lower and character not in two_letters and upper.lower() == lower:
            assert written(f"a{upper}b") == written(f"a{lower}b"), f"U+{ord(character):04X}"


def test_composed_and_decomposed_are_one_word_for_every_code_point() -> None:
    for character in letters_and_marks():
        decomposed = unicodedata.normalize("NFD", character)
        if decomposed != character:
            initials = f"{character}.X." if not decomposed[1:].isalnum() else ""  # no Korean ones
            for text in (f"a{character}b", initials, f"x'{character}"):
                same = unicodedata.normalize("NFD", text)
                assert written(text) == written(same), f"U+{ord(character):04X}"


def written(text: str) -> list[str]:
    return [word.written for word in words(text)]


# A busy machine is no reason to fail.
often = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

anything = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from([*"aZé1٣ß'’ʼ.,-&/_ \u0301\u094d\u200dİ北🛢", "'s", "U.S.", "70,000"]),
        max_size=30,
    ).map("".join),
)


@settings(often, max_examples=1000)
@given(anything)
@example("⒈5")
@example("a\u0301'\u0301s")
def test_words_stand_in_the_text_in_order(text: str) -> None:
    note(repr(text))
    end = 0
    for word in words(text):
        assert end <= word.start < word.end <= len(text)
        end = word.end
        assert [(w.written, w.stem) for w in words(text[word.start : word.end])] == [
            (word.written, word.stem)
        ]
        assert word.written == fold(word.written)
        assert word.stem


@settings(often, max_examples=1000)
@given(anything)
def test_terms_are_the_words_without_their_places(text: str) -> None:
    note(repr(text))
    assert terms(text) == [(word.written, word.stem) for word in words(text)]


@settings(often, max_examples=500)
@given(anything, anything)
def test_a_space_parts_texts(one: str, other: str) -> None:
    assert terms(f"{one} | {other}") == terms(one) + terms(other)


@settings(often, max_examples=500)
@given(anything, st.sets(st.sampled_from(["a", "s", "1", "us", "ss", "70000", ""])))
def test_words_that_are_looked_for_are_found_as_all_words_are(text: str, some: set[str]) -> None:
    note(repr(text))
    wanted = [word for word in words(text) if word.stem in some or word.written == "z"]
    finder = WordFinder(some, {"z"})
    assert finder.words(text) == finder.words(text) == wanted


def unjoined(text: str) -> list[tuple[str, str]]:
    written, stems = joined(text)
    return list(zip(written.split(), stems.split(), strict=True))


@settings(often, max_examples=500)
@given(anything)
def test_joined_words_are_the_same_words(text: str) -> None:
    note(repr(text))
    assert unjoined(text) == terms(text)


def test_joined_words_are_the_same_words_for_every_code_point() -> None:
    signs = map(chr, range(0x3100))  # all blocks of signs and spaces
    for character in dict.fromkeys([*signs, *letters_and_marks()]):
        text = f"{character} a{character}b 1{character}2"
        assert unjoined(text) == terms(text), f"U+{ord(character):04X}"


def test_joined_words_are_the_same_where_many_were_seen() -> None:
    for number in range(200_000):
        joined(f"word{number}")
    long = "long" * 100
    assert unjoined(f"word0 {long} - {long}") == terms(f"word0 {long} - {long}")


@settings(often, max_examples=500)
@given(anything)
def test_folding_twice_is_folding_once(text: str) -> None:
    note(repr(text))
    assert fold(fold(text)) == fold(text)


def test_stems_are_those_of_the_stemmer_in_python() -> None:
    """What is compiled and what is not are made from one source; an index outlives either."""
    known = Path(extract.__file__).with_name("data") / "words.txt"
    stemmer = EnglishStemmer()
    for word in ("", "3.5", "हिन्दी", "北京", *known.read_text("utf-8").split()):
        assert analysis.stem(word) == stemmer.stemWord(fold(word))


def test_threads_stem_as_one_does() -> None:
    """A stemmer holds the word that it works on; two threads must not meet in one."""
    surfaces = [
        f"organ{middle}{end}s" for middle in range(2000) for end in ("ization", "ing", "edly")
    ]
    alone = [EnglishStemmer().stemWord(surface) for surface in surfaces]
    analysis.terms_of.cache_clear()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            chunks = [surfaces[start::8] for start in range(8)]
            found = list(pool.map(lambda chunk: [analysis.terms_of(s)[1] for s in chunk], chunks))
    finally:
        sys.setswitchinterval(interval)
    assert found == [alone[start::8] for start in range(8)]
