"""Where and when a story was filed, as newspapers write it before the first sentence.

>>> dateline("GENEVA, Sept. 14 (Reuters) - Talks resumed.")
('GENEVA, Sept. 14 (Reuters)', 'Talks resumed.')
>>> dateline("NATO - the alliance of 29 - met.")
('', 'NATO - the alliance of 29 - met.')

What stands before a dash may as well be a firm, a subject or a speaker: "TESLA - Elon Musk said".
So it needs a day, an agency, a region or a town that the gazetteer knows. In doubt it is text.
"""

import re

from searchsvc.extract.gazetteer import gazetteer
from searchsvc.extract.vocabulary import vocabulary

_LONGEST = 150  # characters
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*\.?"
_DAY = rf"(?:{_MONTH} \d{{1,2}}(?:, \d{{4}})?|\d{{1,2}} {_MONTH}(?: \d{{4}})?)"
_CAPITALS = r"[A-ZÀ-Þ][A-ZÀ-Þ.'’/-]+(?: (?:[A-ZÀ-Þ][A-ZÀ-Þ.'’/-]*|(?i:de|del|la|al|el|sur|am)))*"
_SMALL = r"[A-ZÀ-Þ][\w.’'-]+(?: [A-ZÀ-Þ][\w.’'-]+){0,3}"
_REGION = r"(?:, [A-Z][\w.’'-]*(?: [A-Z][\w.’'-]*){0,3})"
_AGENCY = r"(?:,? \((?P<agency>[A-Z][\w ./&-]{1,30})\))"
_DASH = r"\s*(?:\s(?:-{1,2}|_)|[–—])\s*"  # the wires of AP have an underscore for it

_FULL = re.compile(
    rf"(?P<town>(?P<capitals>{_CAPITALS})|{_SMALL})(?P<region>{_REGION}{{0,2}})"
    rf"(?:(?P<day>,? {_DAY}){_AGENCY}?|{_AGENCY.replace('agency', 'only')})(?={_DASH}\S)",
)
_SHORT = re.compile(
    rf"(?P<town>{_CAPITALS})(?P<region>{_REGION}{{0,2}})(?={_DASH}[\"“‘'(<]?[A-Z0-9])"
)
_AGENCIES = re.compile(
    r"(?:(?:Thomson )?Reuters|The Associated Press|Associated Press|AP|AFP|Agence France-Presse|UPI"
    r"|dpa|DPA|EFE|ANSA|(?:ITAR-)?TASS|Interfax|RIA|Xinhua|Kyodo|Yonhap|PTI|IANS|ANI|BBC|CNN|NPR"
    r"|VOA|RFE|CBC|CP|Bloomberg|Dow Jones|MarketWatch|Anadolu|IRNA|SANA|WAM|KUNA|MENA|Bernama"
    r"|Antara|AAP|JTA|IPS|IRIN|CNS|RNS|TNS|KRT|(?i:business ?wire|pr ?newswire|globe ?newswire))\b"
)
# With a day behind it, and no town all the same.
_NO_TOWN = re.compile(
    r"(?:UPDATE.*|POSTED|PUBLISHED|NOTE|CORRECT\w+|BREAKING|EXCLUSIVE|ANALYSIS|OPINION|COMMENT|LIVE"
    r"|WATCH|FACTBOX|TIMELINE|ALSO|ON|BY|SINCE|FROM|UNTIL|LAST|NEXT|TODAY|\w+DAY)\b"
)
# Of these the gazetteer has the country, or they are words too.
_TOWNS = (
    *("singapore", "hong kong", "luxembourg", "kuwait", "bahrain", "monaco", "gaza"),
    *("vatican city", "wellington", "phoenix"),
)
_CUT = re.compile(_DASH)


def dateline(paragraph: str) -> tuple[str, str]:
    """The dateline that *paragraph* begins with, or "", and the rest."""
    head = paragraph[:_LONGEST]
    found = _FULL.match(head)
    is_one = _is_full(found) if found else False
    if not found and (found := _SHORT.match(head)):
        is_one = _is_region(found["region"]) or _is_town(found["town"])
    if not found or not is_one:
        return "", paragraph
    return found.group(), _CUT.sub("", paragraph[found.end() :], count=1)


def _is_full(found: re.Match[str]) -> bool:
    agency = found["agency"] or found["only"] or ""
    if _AGENCIES.match(agency):
        return True
    if found["capitals"] and found["day"]:
        return not _NO_TOWN.fullmatch(found["town"])
    if not found["capitals"] and not found["day"]:
        return False  # "Georgia (Explained) - The"
    return _is_region(found["region"]) or bool(gazetteer().find_folded(found["town"]))


def _is_region(text: str) -> bool:
    """Whether *text*, what stands after a town, names a state, a country or the like."""
    parts = filter(None, text.split(", "))
    return any(gazetteer().find_folded(part) for part in parts)


def _is_town(text: str) -> bool:
    """Whether *text*, in capitals, means a town and nothing else: not NICE, CHINA or CLINTON."""
    return any(map(_is_one_town, text.split("/")))


def _is_one_town(name: str) -> bool:
    small = name.lower()
    if small in _TOWNS:
        return True
    places = gazetteer().find_folded(name)
    if not places or small in vocabulary().words:
        return False
    kind = places[0].kind
    return kind == "capital" or (kind == "city" and name.title() not in vocabulary().leaders)


def of_body(body: str) -> tuple[str, str]:
    """The dateline that a text of paragraphs begins with, or "", and the text without it."""
    first, gap, rest = body.partition("\n\n")
    filed, first = dateline(first)
    return filed, first + gap + rest


def day_in(text: str) -> str:
    """The part of a dateline that is a day with its year, or ""."""
    found = re.search(rf"{_MONTH} \d{{1,2}}, \d{{4}}|\d{{1,2}} {_MONTH} \d{{4}}", text)
    return found.group() if found else ""
