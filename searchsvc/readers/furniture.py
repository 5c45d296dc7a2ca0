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
_NAMES = rf"{_FULL_NAME}(?:(?:,| and| AND| &|, and) {_FULL_NAME}){{0,4}}"
_STAFF = r"(?i:(?:an? |our )?staff(?: reporters?| writers?| correspondents?)?)"
_OTHERS = r"(?: (?:and|AND|&) \d{1,2} (?i:others?|more))?"
# Names without capitals look like any words: two or three, and none of these.
_COMMON = (
    r"(?:the|an?|this|that|these|those|his|her|its|their|our|my|your|no|not|all|any|some|each|most"
    r"|i|it|he|she|they|we|you|who|there|then|now|today|tonight|tomorrow|midnight|midday|noon|night"
    r"|dawn|dusk|far|way|means|order|law|popular|and|or|of|in|on|at|to|for|from|with|as|is|are|was"
    r"|were|be|had|has|have|will|would|one|two|three|last|next|early|late|local|land|sea|air|rail"
    r"|road|\w+day|january|february|march|april|june|july|august|\w+ember|october)"
)
_WORD = rf"(?!{_COMMON}\b)[a-zà-ÿ][\w'’-]+"
_SMALL = rf"(?!\w+ing\b){_WORD} (?:[a-z]\. ?)?{_WORD}(?: {_WORD})?"
# After a comma a rank or a town follows, or a sentence goes on: "By Jane Doe, who ...".
_SENTENCE = (
    r"(?:the|it|he|she|they|we|this|that|who|which|his|her|its|their|was|were|is|are|ha[sd])"
)
_BYLINE = re.compile(
    rf"[Bb][Yy]:? (?:{_NAMES}{_OTHERS}|Reuters|AP|AFP|UPI|Bloomberg|Xinhua|{_STAFF})"
    rf"(?: ?[,;|/] ?+(?!{_SENTENCE}\b)[^.!?]{{2,60}}|\.)?"
    rf"|by {_SMALL}(?: and {_SMALL}){{0,2}}{_OTHERS}"
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
