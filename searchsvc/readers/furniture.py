"""What stands around the text of a story in print: byline, photo credit, names of its editors.

>>> byline("By JANE DOE and J. R. Okafor, Staff Writer")
'JANE DOE and J. R. Okafor'
>>> byline("By Friday the talks had failed.")
''
>>> is_furniture("[Photo: VOA News / YouTube ]"), is_furniture("Photos show the talks.")
(True, False)

In doubt a line is text: a name too many in it is a smaller fault than a sentence lost.
"""

import re

from searchsvc.readers import fields

_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"
_NAME = rf"(?:(?!{_DAY})[A-Z][\w.'’-]*|d[aeiu]l?|v[ao]n|der|bin|al|la|le)"
_FULL_NAME = rf"{_NAME}(?: {_NAME}){{1,4}}"
_AGENCY = r"(?:Reuters|AP|AFP|UPI|Bloomberg|Xinhua|Staff)"
_BYLINE = re.compile(
    rf"[Bb][Yy]:? (?:{_FULL_NAME}(?:(?:,| and| AND| &|, and) {_FULL_NAME}){{0,4}}|{_AGENCY})"
    r"(?: ?[,;|/] ?[^.!?]{2,60})?\.?"
)
_PICTURE = (
    r"(?:(?:file|stock) )?(?:photo(?:graph|graphy)?|image|picture|video|illustration|graphic)s?"
)
_CREDIT = re.compile(
    rf"\[\s*{_PICTURE}\b[^\]]{{0,200}}\]|\(\s*{_PICTURE}\b[^)]{{0,200}}\)"
    rf"|(?:{_PICTURE}(?: credit| courtesy)?(?: of| by)?|credit) ?: ?[^.]{{2,120}}(?:\.\w+)?\.?"
    rf"|{_PICTURE} (?:courtesy of|credit|by) [^.]{{2,80}}\.?",
    re.IGNORECASE,
)
_END_MATTER = re.compile(
    r"[(\[]?(?:(?:additional |further )?(?:reporting|writing|editing|compiled|edited|written) by "
    r".{3,300}|(?:©|\(c\)|copyright )\W*\d{4}.{0,120}|#{3,}|- ?30 ?-|ends?|the end)[)\]]?",
    re.IGNORECASE,
)


def byline(line: str) -> str:
    """Who wrote the story, if *line* says that and nothing else, else ""."""
    return fields.author([line]) if _BYLINE.fullmatch(line) else ""


def is_furniture(paragraph: str) -> bool:
    """Whether *paragraph* is nothing but a credit, the names of editors, or a mark of the end."""
    return bool(_CREDIT.fullmatch(paragraph) or _END_MATTER.fullmatch(paragraph))
