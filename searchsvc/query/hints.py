"""Signs that mean nothing where they stand, or only in other search boxes, and what to type.

Ordinary text is never an error, so they are passed over; who typed them as a query is told.

>>> list(hints('oil !"natural gas"', []))
["'!' was passed over: to leave out what follows, type '-' in its place"]
>>> list(hints("Who is Volcker? C++, W-2. Hello!", ["Volcker?", "C++,", "W-2.", "Hello!"]))
[]
"""

import re
from collections.abc import Iterable, Iterator

from searchsvc.query.pasted import QUOTES
from searchsvc.schema import QUERY_FIELDS, TEXT_FIELDS

NEAR_A_QUOTED_WORD = (
    "'~' was passed over: a quoted word is found as it is written;"
    " what is spelt nearly so is found without quotes, as in jeffery~"
)
NEAR_WITHOUT_A_NUMBER = (
    "'~' was passed over: \"oil prices\"~3 lets up to 3 words stand between;"
    " what is spelt nearly so is found without quotes, as in jeffery~"
)
_MOST_NAMES = 5  # that are told

_QUOTED = re.compile(rf"[{QUOTES}]([^{QUOTES}]*)(?:[{QUOTES}]|$)")
_WORD = r"(?<![\w*?])(\w\w++|[^\W\d_])"  # not **bold**, not 5*3
_TEXT_FIELD = rf"((?i:{'|'.join(TEXT_FIELDS)}):)"

# A sign, and what is said of it; {0} is the text found, {1} and {2} are parts of it.
_OUTSIDE_QUOTES = (
    (r"\|\|", "'||' was passed over: for one word or the other, type OR"),
    ("&&", "'&&' was passed over: for both words, type AND or just a space"),
    (
        r"(?<![^\s(])!(?=[\w(\"])",  # not Hello!
        "'!' was passed over: to leave out what follows, type '-' in its place",
    ),
    (
        rf"(?<![^\s(-]){_TEXT_FIELD}(?:-+(?=[\w(\"])|NOT\b)",
        "'{0}' leaves nothing out: to leave out what follows, type '-{1}' in its place",
    ),
    (
        r"(?<=[^\W\d_]|[)\"])\^[-+.,]+(\d+)",  # not 10^-3
        "'{0}' was read as the word {1}: a weight is a number above 0, as in oil^2 or oil^0.5",
    ),
    (
        rf"(?<!\.){_WORD}(?:\*[*?]|\?+\*|\.\*)[*?]*+(?!\w)",  # not f**k
        "'{0}' was read as the word {1}: for all words that begin so, type a single star, {1}*",
    ),
    (
        r"(?<=\") (~(\d+))",
        "'{1}' was read as the word {2}: it stands right behind the quotes, without a space",
    ),
    (
        r"(?<=\w) (~[12]?)$",
        "'{1}' stands right behind its word, without a space, as in jeffery~",
    ),
)
_IN_QUOTES = (
    (
        rf"{_WORD}(?:\*(?![*?])|[*?]+\w)\w*",
        "'{0}' was read as the letters in it: inside quotes * and ? are no wildcards,"
        " so type it outside of them",
    ),
)
_IN_PLAIN_TEXT = (
    (
        r"\^(\d+(?:\.\d+)?\w*)",
        "'{0}' was read as the word {1}: a weight stands right behind what it weighs, as in oil^2",
    ),
    (
        r"(?m)^\S*[^\s~\d]~\d*(?:\.\d+)?[^\w\n~]*$",  # not ~5, 6~7, ~~oil~~
        "'{0}' was read without its '~', which stands right behind a single word, as in jeffery~",
    ),
)


def hints(text: str, plain: Iterable[str]) -> Iterator[str]:
    """What to tell about *text*, of which the parts *plain* were read as words and patterns.

    Of each kind of sign the first only.
    """
    text = " ".join(part for part in text.split() if "://" not in part)
    quoted = "\n".join(_QUOTED.findall(text))
    yield from _of(_IN_QUOTES, quoted)
    yield from _of(_OUTSIDE_QUOTES, _QUOTED.sub('""', text))
    yield from _of(_IN_PLAIN_TEXT, "\n".join(plain))


def no_fields(names: list[str]) -> str:
    """What to tell of *names* that stand where that of a field does, and are none."""
    some = ", ".join(f"'{name}:'" for name in names[:_MOST_NAMES])
    return f"no field, so read as a word: {some}; fields: {', '.join(QUERY_FIELDS)}"


def _of(signs: tuple[tuple[str, str], ...], text: str) -> Iterator[str]:
    for sign, said in signs:
        if found := re.search(sign, text):
            yield said.format(found.group(), *found.groups())
