"""Whether a text was typed as a query or pasted from an article, where signs mean nothing.

>>> origin("OIL AND GAS PRICES RISE OR FALL"), origin("oil AND gas")
(<Origin.HEADLINE: 'headline'>, <Origin.TYPED: 'typed'>)
"""

import re
from enum import Enum

from searchsvc import analysis
from searchsvc.schema import QUERY_FIELDS

PASTED_HEADLINE = 6  # words in capitals, from which on AND, OR and NOT are words too
PASTED_TEXT = 20  # words, from which on a text with few signs of a query is one from an article
WORDS_FOR_A_SIGN = 3  # or more, in a text that is no query

QUOTES = '"“”„‟«»＂'
BEHIND = f".,;:!?…{analysis.APOSTROPHES}"  # a word of a sentence, and no part of it
_SENTENCE = re.compile(r"[.,;:!?][\"”’)]*\s")
_QUOTED = re.compile(rf"[{QUOTES}][^{QUOTES}]*[{QUOTES}]")
_ANY_SIGN = re.compile(
    rf"(?<!\S)[-(](?=[\w({QUOTES}])|\"\"|(?<!\S)-?(?i:{'|'.join(QUERY_FIELDS)}):(?=\S)|\w[*~](?!\S)|\w\?(?=\w)|\^\d"
)
_ANY_OPERATOR = re.compile(rf"(?<![^\s(])(?:AND|OR|NOT)(?![^\s(){QUOTES}])")
_SMALL = re.compile(  # letters in a headline all in capitals: 3rd, McDONALD, REAGAN's
    rf"(?<=\d)[a-z]+|\bMa?c(?=[A-Z]{{2}})|(?<=[A-Z][{analysis.APOSTROPHES}])s\b"
)


class Origin(Enum):
    """Where a text comes from, and so which of its signs mean something."""

    TYPED = "typed"  # all
    HEADLINE = "headline"  # neither operators nor a minus
    PASSAGE = "passage"  # none but quotes and parentheses


def origin(text: str) -> Origin:
    """A headline is all in capitals; a passage is long and has few signs of a query, of which
    what is quoted counts as one."""
    in_capitals = len(text.split()) >= PASTED_HEADLINE and _is_in_capitals(text)
    outside = _QUOTED.sub(' "" ', text)
    words = len(analysis.written(outside))
    operators = 0 if in_capitals else len(_ANY_OPERATOR.findall(outside))
    signs = operators + len(_ANY_SIGN.findall(outside))
    few = words >= PASTED_TEXT and signs * WORDS_FOR_A_SIGN < words
    # `str` of a tree has no such place, so what it shows is never taken for a passage.
    if few and _SENTENCE.search(text):
        return Origin.PASSAGE
    return Origin.HEADLINE if in_capitals else Origin.TYPED


def with_operators(headline: str) -> str:
    """*headline* as the query that it may be, were it not all in capitals.

    >>> with_operators("OPEC OR NATO OR (EC NOT UN)")
    'opec OR nato OR (ec NOT un)'
    """
    parts = re.split(rf"([\s(){QUOTES}]+)", headline)
    return "".join(part if _ANY_OPERATOR.fullmatch(part) else part.lower() for part in parts)


def _is_in_capitals(text: str) -> bool:
    rest = _SMALL.sub("", _ANY_OPERATOR.sub("", text))
    return rest.isupper() and rest != rest.casefold()  # Cherokee that is folded is in capitals
