"""Signs that mean something in other search boxes and nothing here, and what to type for them.

Ordinary text is never an error, so they are passed over; who typed them as a query is told.

>>> list(hints('oil !"natural gas"'))
["'!' was passed over: to leave out what follows, type '-' in its place"]
>>> list(hints("Who is Volcker? C++, W-2. Hello!"))
[]
"""

import re
from collections.abc import Iterator

from searchsvc.query.pasted import QUOTES

_QUOTED = re.compile(rf"[{QUOTES}]([^{QUOTES}]*)(?:[{QUOTES}]|$)")
_WORD = r"(?<![\w*?])(\w\w++|[^\W\d_])"  # not **bold**, not 5*3

# A sign, and what is said of it; {0} is the text found, {1} the word in it.
_OUTSIDE_QUOTES = (
    (r"\|\|", "'||' was passed over: for one word or the other, type OR"),
    ("&&", "'&&' was passed over: for both words, type AND or just a space"),
    (
        r"(?<![^\s(])!(?=[\w(\"])",  # not Hello!
        "'!' was passed over: to leave out what follows, type '-' in its place",
    ),
    (
        r"(?<=[^\W\d_]|[)\"])\^[-+.,]+(\d+)",  # not 10^-3
        "'{0}' was read as the word {1}: a weight is a number above 0, as in oil^2 or oil^0.5",
    ),
    (
        rf"{_WORD}(?:\*[*?]|\?+\*)[*?]*+(?!\w)",  # not f**k
        "'{0}' was read as the word {1}: for all words that begin so, type a single star, {1}*",
    ),
)
_IN_QUOTES = (
    (
        rf"{_WORD}(?:\*(?![*?])|[*?]+\w)\w*",
        "'{0}' was read as the letters in it: inside quotes * and ? are no wildcards,"
        " so type it outside of them",
    ),
)


def hints(text: str) -> Iterator[str]:
    """What to tell about *text*; of each kind of sign the first only."""
    text = " ".join(part for part in text.split() if "://" not in part)
    quoted = "\n".join(_QUOTED.findall(text))
    yield from _of(_IN_QUOTES, quoted)
    yield from _of(_OUTSIDE_QUOTES, _QUOTED.sub('""', text))


def _of(signs: tuple[tuple[str, str], ...], text: str) -> Iterator[str]:
    for sign, said in signs:
        if found := re.search(sign, text):
            yield said.format(found.group(), *found.groups())
