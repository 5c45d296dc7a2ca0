"""Whether a text was typed as a query or pasted from an article, where signs mean nothing.

>>> is_headline("OIL AND GAS PRICES RISE OR FALL"), is_headline("oil AND gas")
(True, False)
"""

import re

from searchsvc import analysis
from searchsvc.schema import QUERY_FIELDS

PASTED_HEADLINE = 6  # words in capitals, from which on AND, OR and NOT are words too
PASTED_TEXT = 20  # words, from which on a text with few signs of a query is one from an article
WORDS_FOR_A_SIGN = 3  # or more, in a text that is no query

QUOTES = '"“”„‟«»＂'
_SENTENCE = re.compile(r"[.,;:!?][\"”’)]*\s")
_QUOTED = re.compile(rf"[{QUOTES}][^{QUOTES}]*[{QUOTES}]")
_ANY_SIGN = re.compile(
    rf"(?<!\S)[-(](?=[\w({QUOTES}])|\"\"|(?<!\S)-?(?i:{'|'.join(QUERY_FIELDS)}):(?=\S)|\w[*~](?!\S)|\w\?(?=\w)|\^\d"
)
_ANY_OPERATOR = re.compile(r"(?<!\S)(?:AND|OR|NOT)(?!\S)")


def is_pasted(text: str) -> bool:
    """Whether *text* comes from an article: a headline in capitals, or sentences."""
    return is_headline(text) or is_prose(text)


def is_headline(text: str) -> bool:
    """Whether *text* is all in capitals and long enough for a headline."""
    return len(text.split()) >= PASTED_HEADLINE and _ANY_OPERATOR.sub("", text).isupper()


def is_prose(text: str) -> bool:
    """Whether *text* is long and has few signs of a query; what is quoted counts as one sign."""
    outside = _QUOTED.sub(' "" ', text)
    words = len(analysis.written(outside))
    operators = 0 if is_headline(text) else len(_ANY_OPERATOR.findall(outside))
    signs = operators + len(_ANY_SIGN.findall(outside))
    few = words >= PASTED_TEXT and signs * WORDS_FOR_A_SIGN < words
    # `str` of a tree has no such place, so what it shows is never taken for prose.
    return few and _SENTENCE.search(text) is not None
