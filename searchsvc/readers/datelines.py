"""Where and when a story was filed, as newspapers write it before the first sentence.

>>> dateline("GENEVA, Sept. 14 (Reuters) - Talks resumed.")
('GENEVA, Sept. 14 (Reuters)', 'Talks resumed.')
>>> dateline("NATO - the alliance of 29 - met.")
('', 'NATO - the alliance of 29 - met.')

A town in capitals is enough if a dash and a capital follow; a town in small letters needs a day or
an agency, since half of all sentences begin like that.
"""

import re

_LONGEST = 150  # characters
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*\.?"
_DAY = rf"(?:{_MONTH} \d{{1,2}}(?:, \d{{4}})?|\d{{1,2}} {_MONTH}(?: \d{{4}})?)"
_TOWN = r"[A-Z][A-Z.'’/-]+(?: (?:[A-Z][A-Z.'’/-]*|(?i:de|del|la|al|el|sur|am)))*"
_REGION = r"(?:, [A-Z][\w.’'-]*(?: [A-Z][\w.’'-]*){0,3})"
_AGENCY = r"(?:,? \([A-Z][\w ./&-]{1,30}\))"
_DASH = r"\s*(?:\s(?:-{1,2}|_)|[–—])\s*"  # the wires of AP have an underscore for it

_CERTAIN = re.compile(
    rf"(?:{_TOWN}|[A-Z][\w.’'-]+(?: [A-Z][\w.’'-]+){{0,3}}){_REGION}{{0,2}}"
    rf"(?:(?:,? {_DAY}){_AGENCY}?|{_AGENCY})(?={_DASH}\S)",
)
_LIKELY = re.compile(rf"{_TOWN}{_REGION}{{0,2}}(?={_DASH}[\"“‘'(<]?[A-Z0-9])")
_NO_TOWN = re.compile(
    r"(?:[A-Z]{1,3}|NATO|OPEC|FIFA|UEFA|NASA|ASEAN|UNESCO|UNICEF|IAEA|ISIS|COVID.*|UPDATE.*|NOTE"
    r"|CORRECTI\w+|BREAKING|EXCLUSIVE|ANALYSIS|OPINION|COMMENT|WATCH|LIVE|FACTBOX|TIMELINE|ALSO)\b"
)
_CUT = re.compile(_DASH)


def dateline(paragraph: str) -> tuple[str, str]:
    """The dateline that *paragraph* begins with, or "", and the rest."""
    head = paragraph[:_LONGEST]
    found = _CERTAIN.match(head)
    if not found:
        found = _LIKELY.match(head)
        if not found or _NO_TOWN.fullmatch(found.group()):
            return "", paragraph
    return found.group(), _CUT.sub("", paragraph[found.end() :], count=1)


def day_in(text: str) -> str:
    """The part of a dateline that is a day with its year, or ""."""
    found = re.search(rf"{_MONTH} \d{{1,2}}, \d{{4}}|\d{{1,2}} {_MONTH} \d{{4}}", text)
    return found.group() if found else ""
