"""Who reported, edited and photographed: names that an article bears and is not about.

>>> without_credits("Rates fell.\\n\\n(Reporting by Ann Lee; editing by Bo Ek)").split()
['Rates', 'fell.']

Readers cut most of these; what a source hands over as its body may still hold them.
"""

import re

from searchsvc.readers.furniture import byline, is_furniture

_AGENCY = r"(?:AP|AFP|EPA|PA|UPI|Reuters|Getty Images|Bloomberg)"
_AT_THE_END = re.compile(
    r"[(\[](?:additional |further )?(?:reporting|writing|editing|compiled|edited|written) by "
    r"[^)\]]{3,300}[)\]]"
    rf"|[(\[]\s*(?:file |{_AGENCY} )?(?:photo|image|picture|video)\w*\b[^)\]]{{0,200}}[)\]]",
    re.IGNORECASE,
)
_PHOTOGRAPHER = re.compile(
    rf"(?:©\s*)?(?:[\w.'’ -]{{3,40}}/{_AGENCY}|{_AGENCY}/[\w.'’ -]{{3,40}})"  # Jane Doe/AP
)
_SIGNS = (
    "photo", "image", "picture", "video", "credit", "copyright", "©", "contributed",
    "/ap", "/afp", "/epa", "/pa", "/upi", "/reuters", "/bloomberg",
)  # fmt: skip
_CONTRIBUTED = re.compile(
    r"(?:[\w.'’]+ ){0,6}?(?:(?:staff )?(?:writers?|reporters?|correspondents?) )?[^.!?]{3,250}"
    r" contributed (?:reporting )?to this (?:report|article|story)\.?",
    re.IGNORECASE,
)
_LONGEST = 400  # characters of a line of credits
_BY_WITHIN = 60  # of its first, if names follow


def without_credits(text: str) -> str:
    """*text* with blanks in the place of its credits, so that places in it stay."""
    if not _may_credit(text, len(text)):
        return text
    parts = []
    for line in text.split("\n"):
        bare = line.strip()
        if bare and len(bare) < _LONGEST and _is_credit(bare):
            line = " " * len(line)
        elif "(" in line or "[" in line:
            line = _AT_THE_END.sub(_blank, line)
        parts.append(line)
    return "\n".join(parts)


def _may_credit(text: str, by_within: int) -> bool:
    """Whether a look at *text* is worth it: most articles, and most of their lines, need none."""
    small = text.lower()
    return 0 <= small.find("by ") < by_within or any(sign in small for sign in _SIGNS)


def _is_credit(line: str) -> bool:
    if not _may_credit(line, _BY_WITHIN):
        return False
    return is_furniture(line) or bool(
        byline(line)
        or _CONTRIBUTED.fullmatch(line)
        or ("/" in line and _PHOTOGRAPHER.fullmatch(line))
    )


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())
